"""Figures: each takes a table and an `ax`, gives the axes, and never shows or saves."""

from gazeanalytics.report.figures.accuracy import calibration, roc
from gazeanalytics.report.figures.disagreement_prediction import deferral_curve, prediction_auc
from gazeanalytics.report.figures.flow import flow_diagram
from gazeanalytics.report.figures.heatmaps import (
    archetype_profiles,
    component_loadings,
    strategy_profiles,
    transition_matrix,
)
from gazeanalytics.report.figures.hmm import ab_outcome, hmm_states
from gazeanalytics.report.figures.images import attention_difference, attention_map, scanpath
from gazeanalytics.report.figures.models import caterpillar, forest
from gazeanalytics.report.figures.reader_study import condition_errors, condition_means
from gazeanalytics.report.figures.reasoning import (
    case_similarity,
    claims,
    eye_voice_spans,
    looks_and_words,
    paired_scores,
    retrieval,
)
from gazeanalytics.report.figures.recording import data_loss, labelled_trace, main_sequence, sampling_rate
from gazeanalytics.report.figures.search import coverage_map, hit_curve, lag_curve, miss_shares, visit_raster
from gazeanalytics.report.figures.stimulus import Stimulus
from gazeanalytics.report.figures.strategies import outcome_by_strategy, strategy_map, strategy_shares
from gazeanalytics.report.figures.strategy_validation import (
    archetype_map,
    choice_curve,
    multiverse_table,
    strategy_stability,
)
from gazeanalytics.report.figures.survival import kaplan_meier_curve

__all__ = [
    "Stimulus",
    "ab_outcome",
    "archetype_map",
    "archetype_profiles",
    "attention_difference",
    "attention_map",
    "calibration",
    "case_similarity",
    "caterpillar",
    "choice_curve",
    "claims",
    "component_loadings",
    "condition_errors",
    "condition_means",
    "coverage_map",
    "data_loss",
    "deferral_curve",
    "eye_voice_spans",
    "flow_diagram",
    "forest",
    "hit_curve",
    "hmm_states",
    "kaplan_meier_curve",
    "labelled_trace",
    "lag_curve",
    "looks_and_words",
    "main_sequence",
    "miss_shares",
    "multiverse_table",
    "outcome_by_strategy",
    "paired_scores",
    "prediction_auc",
    "retrieval",
    "roc",
    "sampling_rate",
    "scanpath",
    "strategy_map",
    "strategy_profiles",
    "strategy_shares",
    "strategy_stability",
    "transition_matrix",
    "visit_raster",
]
