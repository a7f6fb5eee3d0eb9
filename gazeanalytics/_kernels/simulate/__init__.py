"""Kernels of the room simulate."""
