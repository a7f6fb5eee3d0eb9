"""Search strategies: whether readers' gaze falls into clusters (types), a continuum or none, and who uses which."""

from gazeanalytics.strategies import markov
from gazeanalytics.strategies.base import FittedClustering, FittedModel
from gazeanalytics.strategies.clustering.clustering import Clustering, ClusteringSettings
from gazeanalytics.strategies.clustering.mixtures import Mixture
from gazeanalytics.strategies.clustering.search import StrategySettings
from gazeanalytics.strategies.continuum.archetypes import Archetypes, ArchetypeSettings
from gazeanalytics.strategies.continuum.components import Components
from gazeanalytics.strategies.hypotheses import HYPOTHESES, Hypothesis, hypotheses, suggest_names
from gazeanalytics.strategies.markov import (
    HMMClustering,
    HMMClusteringSettings,
    HMMSettings,
    MarkovMixture,
    MarkovMixtureSettings,
    ReaderHMMs,
)
from gazeanalytics.strategies.scaling import Scaling
from gazeanalytics.strategies.strategy_model import StrategyModel
from gazeanalytics.strategies.strategy_persistence import persistence, strategy_time_course, switch_rate, trait_icc
from gazeanalytics.strategies.transfer import transfer
from gazeanalytics.strategies.validation.cluster_tendency import ClusterTendency
from gazeanalytics.strategies.validation.multiverse import multiverse

fit = StrategyModel.fit

__all__ = [
    "HYPOTHESES",
    "ArchetypeSettings",
    "Archetypes",
    "ClusterTendency",
    "Clustering",
    "ClusteringSettings",
    "Components",
    "FittedClustering",
    "FittedModel",
    "HMMClustering",
    "HMMClusteringSettings",
    "HMMSettings",
    "Hypothesis",
    "MarkovMixture",
    "MarkovMixtureSettings",
    "Mixture",
    "ReaderHMMs",
    "Scaling",
    "StrategyModel",
    "StrategySettings",
    "fit",
    "hypotheses",
    "markov",
    "multiverse",
    "persistence",
    "strategy_time_course",
    "suggest_names",
    "switch_rate",
    "trait_icc",
    "transfer",
]
