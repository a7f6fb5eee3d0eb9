"""Figures: each takes a table and an `ax`, gives the axes, and never shows or saves."""

from gazeanalytics.report.figures.models import caterpillar, forest

__all__ = ["caterpillar", "forest"]
