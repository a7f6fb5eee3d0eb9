"""A study whose truth is known: readers, cases, gaze and spoken traces with planted effects."""

from gazeanalytics.simulate.design import CONTEXTS, STRATEGIES, Design, Effects, Model, Tracker
from gazeanalytics.simulate.hedges import logit_uncertainty
from gazeanalytics.simulate.outcomes import Simulated, simulate_readings

__all__ = [
    "CONTEXTS",
    "STRATEGIES",
    "Design",
    "Effects",
    "Model",
    "Simulated",
    "Tracker",
    "logit_uncertainty",
    "simulate_readings",
]
