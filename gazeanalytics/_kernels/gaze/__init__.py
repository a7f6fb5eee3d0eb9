"""Kernels of the room gaze."""
