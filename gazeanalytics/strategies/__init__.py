"""Search strategies: whether they are there, types or a continuum, what they are and who uses them."""

from gazeanalytics.strategies import markov
from gazeanalytics.strategies.clustering.clustering import Partition
from gazeanalytics.strategies.clustering.mixtures import Mixture
from gazeanalytics.strategies.clustering.search import Settings
from gazeanalytics.strategies.continuum.archetypes import Archetypes
from gazeanalytics.strategies.continuum.components import Axes
from gazeanalytics.strategies.fit import Strategies
from gazeanalytics.strategies.hypotheses import HYPOTHESES, Hypothesis, hypotheses, suggest_names
from gazeanalytics.strategies.markov import ChainMixture, HmmGroups, Hmms
from gazeanalytics.strategies.persistence import staying, switches, time_course, trait_or_state
from gazeanalytics.strategies.scaling import Scaling
from gazeanalytics.strategies.validation.cluster_tendency import Existence
from gazeanalytics.strategies.validation.multiverse import multiverse

__all__ = [
    "HYPOTHESES",
    "Archetypes",
    "Axes",
    "ChainMixture",
    "Existence",
    "HmmGroups",
    "Hmms",
    "Hypothesis",
    "Mixture",
    "Partition",
    "Scaling",
    "Settings",
    "Strategies",
    "hypotheses",
    "markov",
    "multiverse",
    "staying",
    "suggest_names",
    "switches",
    "time_course",
    "trait_or_state",
]
