"""Kernels of the room strategies."""
