"""Search strategies: whether they are there, types or a continuum, what they are and who uses them."""

from gazeanalytics.strategies import sequences
from gazeanalytics.strategies.archetypes import Archetypes
from gazeanalytics.strategies.axes import Axes
from gazeanalytics.strategies.fit import Strategies
from gazeanalytics.strategies.hypotheses import HYPOTHESES, Hypothesis, hypotheses, suggest_names
from gazeanalytics.strategies.mixing import staying, switches, time_course, trait_or_state
from gazeanalytics.strategies.mixtures import Mixture
from gazeanalytics.strategies.multiverse import multiverse
from gazeanalytics.strategies.nulls import Existence
from gazeanalytics.strategies.partitions import Partition
from gazeanalytics.strategies.scaling import Scaling
from gazeanalytics.strategies.search import Settings
from gazeanalytics.strategies.sequences import ChainMixture, HmmGroups, Hmms

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
    "multiverse",
    "sequences",
    "staying",
    "suggest_names",
    "switches",
    "time_course",
    "trait_or_state",
]
