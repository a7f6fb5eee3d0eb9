"""Kernels of the room reasoning."""
