"""Figures: each takes a table and an `ax`, gives the axes, and never shows or saves."""

from gazeanalytics.report.figures.accuracy import calibration, roc
from gazeanalytics.report.figures.grids import axis_loadings, strategy_profiles, transition_matrix
from gazeanalytics.report.figures.images import attention_difference, attention_map, scanpath
from gazeanalytics.report.figures.models import caterpillar, forest
from gazeanalytics.report.figures.recording import data_loss, main_sequence, sampling_rate
from gazeanalytics.report.figures.search import coverage_map, hit_curve, lag_curve, miss_shares, visit_raster
from gazeanalytics.report.figures.strategies import outcome_by_strategy, strategy_map, strategy_shares

__all__ = [
    "attention_difference",
    "attention_map",
    "axis_loadings",
    "calibration",
    "caterpillar",
    "coverage_map",
    "data_loss",
    "forest",
    "hit_curve",
    "lag_curve",
    "main_sequence",
    "miss_shares",
    "outcome_by_strategy",
    "roc",
    "sampling_rate",
    "scanpath",
    "strategy_map",
    "strategy_profiles",
    "strategy_shares",
    "transition_matrix",
    "visit_raster",
]
