"""Kernels of the room events."""
