"""Kernels of the room stats."""
