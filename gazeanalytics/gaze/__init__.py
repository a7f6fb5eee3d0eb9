"""Samples to fixations, saccades, visits and features; recordings cleaned and detectors judged."""

from __future__ import annotations

from gazeanalytics.gaze.events import LABELS, Events, idt, ivt
from gazeanalytics.gaze.recording import RecordingWarning

__all__ = [
    "DETECTORS",
    "LABELS",
    "Events",
    "RecordingWarning",
    "idt",
    "ivt",
]

DETECTORS = {"ivt": ivt, "idt": idt}
