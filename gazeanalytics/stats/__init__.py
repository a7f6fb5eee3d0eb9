"""Models and their inference: crossed mixed models, their contrasts, intervals, predictions, diagnostics and power."""

from gazeanalytics.stats.agreement import agreement, agreement_bootstrap, chance_test
from gazeanalytics.stats.calibration import Recalibration, calibration, calibration_by, recalibrate
from gazeanalytics.stats.conditions import (
    Comparison,
    Conditions,
    counts_by_condition,
    ratings_by_condition,
    times_by_condition,
)
from gazeanalytics.stats.contrasts import adjust, contrasts, joint_tests, means
from gazeanalytics.stats.design import ModelError
from gazeanalytics.stats.diagnostics import influence, random_quantiles, residuals
from gazeanalytics.stats.disagreements import (
    ai_disagreement,
    disagreement,
    disagreement_reliability,
    jensen_shannon,
)
from gazeanalytics.stats.draws import AucOf, Difference, KappaOf, MeanOf, WeightedBy
from gazeanalytics.stats.forecast import Forecast, Validation, join_embeddings, predict_disagreement
from gazeanalytics.stats.icc import icc
from gazeanalytics.stats.intervals import bootstrap, compare, profile
from gazeanalytics.stats.mediation import mediate
from gazeanalytics.stats.mixed import check_formula, mixed, refit
from gazeanalytics.stats.permutation import cluster_permutation
from gazeanalytics.stats.power import Power, power
from gazeanalytics.stats.prediction import Explained, explained, predict, simulate
from gazeanalytics.stats.preferences import preference
from gazeanalytics.stats.resample import cluster_bootstrap
from gazeanalytics.stats.results import MixedFit
from gazeanalytics.stats.roc import (
    Afroc,
    Auc,
    DbmFit,
    ExpectedUtility,
    Marks,
    MrmcFit,
    Ratings,
    Sensitivity,
    SensitivityAt,
    Specificity,
    against_model,
    dbm,
    mrmc,
    mrmc_power,
    mrmc_sample_size,
    one_shot,
    operating_points,
    rate,
    rate_marks,
    roc_curves,
)
from gazeanalytics.stats.specification import specification_curve

__all__ = [
    "Afroc",
    "Auc",
    "AucOf",
    "Comparison",
    "Conditions",
    "DbmFit",
    "Difference",
    "ExpectedUtility",
    "Explained",
    "Forecast",
    "KappaOf",
    "Marks",
    "MeanOf",
    "MixedFit",
    "ModelError",
    "MrmcFit",
    "Power",
    "Ratings",
    "Recalibration",
    "Sensitivity",
    "SensitivityAt",
    "Specificity",
    "Validation",
    "WeightedBy",
    "adjust",
    "against_model",
    "agreement",
    "agreement_bootstrap",
    "ai_disagreement",
    "bootstrap",
    "calibration",
    "calibration_by",
    "chance_test",
    "check_formula",
    "cluster_bootstrap",
    "cluster_permutation",
    "compare",
    "contrasts",
    "counts_by_condition",
    "dbm",
    "disagreement",
    "disagreement_reliability",
    "explained",
    "icc",
    "influence",
    "jensen_shannon",
    "join_embeddings",
    "joint_tests",
    "means",
    "mediate",
    "mixed",
    "mrmc",
    "mrmc_power",
    "mrmc_sample_size",
    "one_shot",
    "operating_points",
    "power",
    "predict",
    "predict_disagreement",
    "preference",
    "profile",
    "random_quantiles",
    "rate",
    "rate_marks",
    "ratings_by_condition",
    "recalibrate",
    "refit",
    "residuals",
    "roc_curves",
    "simulate",
    "specification_curve",
    "times_by_condition",
]
