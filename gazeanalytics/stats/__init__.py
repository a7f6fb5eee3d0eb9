"""Models and their inference: crossed mixed models, their contrasts, intervals and predictions."""

from gazeanalytics.stats.contrasts import adjust, contrasts, joint_tests, means
from gazeanalytics.stats.design import ModelError
from gazeanalytics.stats.intervals import bootstrap, compare, profile
from gazeanalytics.stats.mixed import mixed, refit
from gazeanalytics.stats.prediction import Explained, explained, predict, simulate
from gazeanalytics.stats.results import MixedFit

__all__ = [
    "Explained",
    "MixedFit",
    "ModelError",
    "adjust",
    "bootstrap",
    "compare",
    "contrasts",
    "explained",
    "joint_tests",
    "means",
    "mixed",
    "predict",
    "profile",
    "refit",
    "simulate",
]
