"""ROC analysis with several readers and cases: figures of merit, tests, sample size."""

from gazeanalytics.stats.roc.analysis import MrmcFit, mrmc
from gazeanalytics.stats.roc.bands import operating_points, roc_curves
from gazeanalytics.stats.roc.dorfman import DbmFit, dbm
from gazeanalytics.stats.roc.freeresponse import Afroc, Marks, rate_marks
from gazeanalytics.stats.roc.merits import Auc, ExpectedUtility, Sensitivity, SensitivityAt, Specificity
from gazeanalytics.stats.roc.oneshot import one_shot
from gazeanalytics.stats.roc.planning import mrmc_power, mrmc_sample_size
from gazeanalytics.stats.roc.ratings import Ratings, rate
from gazeanalytics.stats.roc.standard import against_model

__all__ = [
    "Afroc",
    "Auc",
    "DbmFit",
    "ExpectedUtility",
    "Marks",
    "MrmcFit",
    "Ratings",
    "Sensitivity",
    "SensitivityAt",
    "Specificity",
    "against_model",
    "dbm",
    "mrmc",
    "mrmc_power",
    "mrmc_sample_size",
    "one_shot",
    "operating_points",
    "rate",
    "rate_marks",
    "roc_curves",
]
