"""A study whose truth is known: readers, cases, gaze and spoken traces with planted effects."""

from gazeanalytics.simulate.design import CONTEXTS, STRATEGIES, Design, Effects, Model, Tracker
from gazeanalytics.simulate.gaze import EVENTS, simulate_samples
from gazeanalytics.simulate.hedges import logit_uncertainty
from gazeanalytics.simulate.outcomes import Simulated, planted_effects, simulate_readings
from gazeanalytics.simulate.platform_export import simulate_points
from gazeanalytics.simulate.scanpaths import PURPOSES, simulate_fixations, viewing_of
from gazeanalytics.simulate.traces import simulate_traces
from gazeanalytics.simulate.write import simulate_study

__all__ = [
    "CONTEXTS",
    "EVENTS",
    "PURPOSES",
    "STRATEGIES",
    "Design",
    "Effects",
    "Model",
    "Simulated",
    "Tracker",
    "logit_uncertainty",
    "planted_effects",
    "simulate_fixations",
    "simulate_points",
    "simulate_readings",
    "simulate_samples",
    "simulate_study",
    "simulate_traces",
    "viewing_of",
]
