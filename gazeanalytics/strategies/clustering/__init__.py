"""Clusterers and mixtures: how readings are grouped into types."""
