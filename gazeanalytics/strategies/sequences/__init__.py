"""Strategies in the order of looking: hidden Markov models of fixations (EMHMM), mixtures of chains over regions."""

from gazeanalytics.strategies.sequences.chains import ChainMixture
from gazeanalytics.strategies.sequences.comparing import ab_scale, compare_numbers, difference_test
from gazeanalytics.strategies.sequences.groups import HmmGroups
from gazeanalytics.strategies.sequences.models import Hmms
from gazeanalytics.strategies.sequences.settings import GroupSettings, HmmSettings, toolbox_prior

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
