"""Attention maps (heat maps, saliency): fixation densities, and their agreement with fixations and other maps."""

from gazeanalytics.gaze.attention.baselines import centre_bias, join_maps, other_cases, to_chest
from gazeanalytics.gaze.attention.density import Maps, Smoothing, density
from gazeanalytics.gaze.attention.modelled import model_maps
from gazeanalytics.gaze.attention.overlap import MAP_MEASURES, cc, compare_maps, emd, iou, kl, ncc, sim
from gazeanalytics.gaze.attention.points import auc_borji, auc_judd, auc_shuffled, information_gain, jitter, nss
from gazeanalytics.gaze.attention.prediction import (
    PREDICTION_MEASURES,
    Judged,
    Prediction,
    judge_maps,
    predict_gaze,
    summarise_judged,
)

__all__ = [
    "MAP_MEASURES",
    "PREDICTION_MEASURES",
    "Judged",
    "Maps",
    "Prediction",
    "Smoothing",
    "auc_borji",
    "auc_judd",
    "auc_shuffled",
    "cc",
    "centre_bias",
    "compare_maps",
    "density",
    "emd",
    "information_gain",
    "iou",
    "jitter",
    "join_maps",
    "judge_maps",
    "kl",
    "model_maps",
    "ncc",
    "nss",
    "other_cases",
    "predict_gaze",
    "sim",
    "summarise_judged",
    "to_chest",
]
