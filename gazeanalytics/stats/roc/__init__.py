"""ROC analysis of reader studies (MRMC): AUC and other figures of merit, tests, ROC curves, sample size."""

from gazeanalytics.stats.roc.against_model import against_model
from gazeanalytics.stats.roc.analysis import MrmcFit, mrmc
from gazeanalytics.stats.roc.dbm import DbmFit, dbm
from gazeanalytics.stats.roc.figures_of_merit import Auc, ExpectedUtility, Sensitivity, SensitivityAt, Specificity
from gazeanalytics.stats.roc.free_response import Afroc, FrocData
from gazeanalytics.stats.roc.mean_curves import operating_points, roc_curves
from gazeanalytics.stats.roc.noninferiority import equivalence, noninferiority
from gazeanalytics.stats.roc.one_shot import one_shot
from gazeanalytics.stats.roc.roc_data import RocData
from gazeanalytics.stats.roc.sample_size import mrmc_power, mrmc_sample_size

__all__ = [
    "Afroc",
    "Auc",
    "DbmFit",
    "ExpectedUtility",
    "FrocData",
    "MrmcFit",
    "RocData",
    "Sensitivity",
    "SensitivityAt",
    "Specificity",
    "against_model",
    "dbm",
    "equivalence",
    "mrmc",
    "mrmc_power",
    "mrmc_sample_size",
    "noninferiority",
    "one_shot",
    "operating_points",
    "roc_curves",
]
