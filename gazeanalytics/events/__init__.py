"""Raw gaze to events: fixation and saccade detectors, blinks, recording quality, cleaning, agreement with coders."""

from __future__ import annotations

from gazeanalytics.events._tabulate import LABELS, Events
from gazeanalytics.events.blinks import blinks
from gazeanalytics.events.cascade import CascadeRules, cascade
from gazeanalytics.events.cleaning import Cleaned, clean
from gazeanalytics.events.engbert_kliegl import engbert_kliegl
from gazeanalytics.events.evaluation import agreement, confusion, event_agreement, labelled_events
from gazeanalytics.events.i2mc import i2mc
from gazeanalytics.events.idt import idt
from gazeanalytics.events.ihmm import ihmm
from gazeanalytics.events.ivt import ivt
from gazeanalytics.events.learned import LearnedModel, fit_detector, learned
from gazeanalytics.events.nystrom_holmqvist import nystrom_holmqvist
from gazeanalytics.events.quality import accuracy, quality
from gazeanalytics.events.recording import RecordingWarning
from gazeanalytics.events.velocity import velocity

__all__ = [
    "DETECTORS",
    "LABELS",
    "CascadeRules",
    "Cleaned",
    "Events",
    "LearnedModel",
    "RecordingWarning",
    "accuracy",
    "agreement",
    "blinks",
    "cascade",
    "clean",
    "confusion",
    "engbert_kliegl",
    "event_agreement",
    "fit_detector",
    "i2mc",
    "idt",
    "ihmm",
    "ivt",
    "labelled_events",
    "learned",
    "nystrom_holmqvist",
    "quality",
    "velocity",
]

DETECTORS = {
    "cascade": cascade,
    "learned": learned,
    "ivt": ivt,
    "idt": idt,
    "ihmm": ihmm,
    "i2mc": i2mc,
    "engbert_kliegl": engbert_kliegl,
    "nystrom_holmqvist": nystrom_holmqvist,
}
