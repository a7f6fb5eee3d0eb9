"""Strategies in the order of looking: hidden Markov models of fixations (EMHMM), mixtures of chains over regions."""

from gazeanalytics.strategies.markov.emhmm import HmmGroups
from gazeanalytics.strategies.markov.group_comparison import ab_scale, compare_numbers, difference_test
from gazeanalytics.strategies.markov.hmm import Hmms
from gazeanalytics.strategies.markov.markov_mixture import ChainMixture
from gazeanalytics.strategies.markov.settings import GroupSettings, HmmSettings, toolbox_prior

__all__ = [
    "ChainMixture",
    "GroupSettings",
    "HmmGroups",
    "HmmSettings",
    "Hmms",
    "ab_scale",
    "compare_numbers",
    "difference_test",
    "toolbox_prior",
]
