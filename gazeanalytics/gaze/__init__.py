"""Samples to fixations, saccades, visits and features; recordings cleaned and detectors judged."""

from __future__ import annotations

from gazeanalytics.gaze.cascade import CascadeRules, cascade
from gazeanalytics.gaze.events import LABELS, Events, idt, ivt
from gazeanalytics.gaze.features import STRATEGY_FEATURES, FeatureSettings, features
from gazeanalytics.gaze.recording import RecordingWarning
from gazeanalytics.gaze.regions import grid_regions, locate, visits

__all__ = [
    "DETECTORS",
    "LABELS",
    "STRATEGY_FEATURES",
    "CascadeRules",
    "Events",
    "FeatureSettings",
    "RecordingWarning",
    "cascade",
    "features",
    "grid_regions",
    "idt",
    "ivt",
    "locate",
    "visits",
]

DETECTORS = {"cascade": cascade, "ivt": ivt, "idt": idt}
