"""Models and their inference: crossed mixed models, their contrasts, intervals, predictions, diagnostics and power."""

from gazeanalytics.stats.agreement.agreement import agreement, agreement_bootstrap, chance_test
from gazeanalytics.stats.agreement.disagreement import ai_disagreement, disagreement, jensen_shannon
from gazeanalytics.stats.agreement.disagreement_prediction import (
    CrossValidation,
    DisagreementPrediction,
    join_embeddings,
    predict_disagreement,
)
from gazeanalytics.stats.agreement.disagreement_reliability import disagreement_reliability
from gazeanalytics.stats.agreement.icc import icc
from gazeanalytics.stats.calibration import calibration, calibration_by
from gazeanalytics.stats.metacognition import MetaD, fit_meta_d, goodman_kruskal_gamma, metacognition
from gazeanalytics.stats.mixed.anova import anova, joint_tests
from gazeanalytics.stats.mixed.confint import confint
from gazeanalytics.stats.mixed.design import ModelError
from gazeanalytics.stats.mixed.diagnostics import influence, random_effects_qq, residuals
from gazeanalytics.stats.mixed.kenward_roger import kenward_roger
from gazeanalytics.stats.mixed.marginal_effects import MarginalSettings, adjusted_predictions, marginal_effects
from gazeanalytics.stats.mixed.marginal_means import adjust, contrasts, linear_contrasts, marginal_means
from gazeanalytics.stats.mixed.measurement_error import Calibrated, calibrate
from gazeanalytics.stats.mixed.mediation import mediate
from gazeanalytics.stats.mixed.misclassified import MisclassifiedFit, mixed_misclassified, share_posterior
from gazeanalytics.stats.mixed.model import check_formula, mixed, refit
from gazeanalytics.stats.mixed.multinomial import MultinomialFit, multinomial
from gazeanalytics.stats.mixed.multinomial_misclassified import MisclassifiedOutcome, multinomial_misclassified
from gazeanalytics.stats.mixed.power import Power, power
from gazeanalytics.stats.mixed.predicted_shares import predicted_shares
from gazeanalytics.stats.mixed.prediction import predict, simulate
from gazeanalytics.stats.mixed.r2 import VarianceExplained, r2
from gazeanalytics.stats.mixed.results import MixedFit
from gazeanalytics.stats.mixed.settings import MixedSettings, Tolerances
from gazeanalytics.stats.mixed.specification import specification_curve
from gazeanalytics.stats.mixed.within_between import within_between
from gazeanalytics.stats.outcome_choice import OutcomeChoice, choose_outcome
from gazeanalytics.stats.preference import preference
from gazeanalytics.stats.reader_study import (
    Comparison,
    Conditions,
    counts_by_condition,
    ratings_by_condition,
    times_by_condition,
)
from gazeanalytics.stats.recalibration import Recalibration, recalibrate
from gazeanalytics.stats.resampling.bootstrap import cluster_bootstrap
from gazeanalytics.stats.resampling.bootstrap_statistics import (
    AucStatistic,
    KappaStatistic,
    MeanDifferenceStatistic,
    MeanStatistic,
    WeightedStatistic,
)
from gazeanalytics.stats.resampling.permutation import cluster_permutation
from gazeanalytics.stats.roc import (
    Afroc,
    Auc,
    DbmFit,
    ExpectedUtility,
    FrocData,
    MrmcFit,
    RocData,
    Sensitivity,
    SensitivityAt,
    Specificity,
    against_model,
    dbm,
    equivalence,
    mrmc,
    mrmc_power,
    mrmc_sample_size,
    noninferiority,
    one_shot,
    operating_points,
    roc_curves,
)
from gazeanalytics.stats.survival import kaplan_meier, person_periods

__all__ = [
    "Afroc",
    "Auc",
    "AucStatistic",
    "Calibrated",
    "Comparison",
    "Conditions",
    "CrossValidation",
    "DbmFit",
    "DisagreementPrediction",
    "ExpectedUtility",
    "FrocData",
    "KappaStatistic",
    "MarginalSettings",
    "MeanDifferenceStatistic",
    "MeanStatistic",
    "MetaD",
    "MisclassifiedFit",
    "MisclassifiedOutcome",
    "MixedFit",
    "MixedSettings",
    "ModelError",
    "MrmcFit",
    "MultinomialFit",
    "OutcomeChoice",
    "Power",
    "Recalibration",
    "RocData",
    "Sensitivity",
    "SensitivityAt",
    "Specificity",
    "Tolerances",
    "VarianceExplained",
    "WeightedStatistic",
    "adjust",
    "adjusted_predictions",
    "against_model",
    "agreement",
    "agreement_bootstrap",
    "ai_disagreement",
    "anova",
    "calibrate",
    "calibration",
    "calibration_by",
    "chance_test",
    "check_formula",
    "choose_outcome",
    "cluster_bootstrap",
    "cluster_permutation",
    "confint",
    "contrasts",
    "counts_by_condition",
    "dbm",
    "disagreement",
    "disagreement_reliability",
    "equivalence",
    "fit_meta_d",
    "goodman_kruskal_gamma",
    "icc",
    "influence",
    "jensen_shannon",
    "join_embeddings",
    "joint_tests",
    "kaplan_meier",
    "kenward_roger",
    "linear_contrasts",
    "marginal_effects",
    "marginal_means",
    "mediate",
    "metacognition",
    "mixed",
    "mixed_misclassified",
    "mrmc",
    "mrmc_power",
    "mrmc_sample_size",
    "multinomial",
    "multinomial_misclassified",
    "noninferiority",
    "one_shot",
    "operating_points",
    "person_periods",
    "power",
    "predict",
    "predict_disagreement",
    "predicted_shares",
    "preference",
    "r2",
    "random_effects_qq",
    "ratings_by_condition",
    "recalibrate",
    "refit",
    "residuals",
    "roc_curves",
    "share_posterior",
    "simulate",
    "specification_curve",
    "times_by_condition",
    "within_between",
]
