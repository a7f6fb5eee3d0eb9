"""Figures: each takes a table and an `ax`, gives the axes, and never shows or saves."""

from gazeanalytics.report.figures.accuracy import calibration
from gazeanalytics.report.figures.images import attention_map, scanpath
from gazeanalytics.report.figures.models import caterpillar, forest
from gazeanalytics.report.figures.recording import data_loss, main_sequence, sampling_rate
from gazeanalytics.report.figures.strategies import outcome_by_strategy, strategy_profiles, strategy_shares

__all__ = [
    "attention_map",
    "calibration",
    "caterpillar",
    "data_loss",
    "forest",
    "main_sequence",
    "outcome_by_strategy",
    "sampling_rate",
    "scanpath",
    "strategy_profiles",
    "strategy_shares",
]
