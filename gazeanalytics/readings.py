"""Gaze, strategy, reasoning, reader and case meet: one row a reading."""
