"""Strategies in the order of looking: hidden Markov models of fixations (EMHMM), Markov chains over AOIs."""

from gazeanalytics.strategies.markov.emhmm import HMMClustering
from gazeanalytics.strategies.markov.group_comparison import ab_scale, compare_group_numbers, difference_test
from gazeanalytics.strategies.markov.hmm import HMMBank, ReaderHMMs
from gazeanalytics.strategies.markov.markov_mixture import MarkovMixture
from gazeanalytics.strategies.markov.settings import (
    HMMClusteringSettings,
    HMMSettings,
    MarkovMixtureSettings,
    toolbox_settings,
)

__all__ = [
    "HMMBank",
    "HMMClustering",
    "HMMClusteringSettings",
    "HMMSettings",
    "MarkovMixture",
    "MarkovMixtureSettings",
    "ReaderHMMs",
    "ab_scale",
    "compare_group_numbers",
    "difference_test",
    "toolbox_settings",
]
