"""Raw gaze to events: fixation and saccade detection, blinks, data quality, cleaning, agreement with human coders."""

from __future__ import annotations

from gazeanalytics.events._tabulate import LABELS, Events
from gazeanalytics.events.blinks import blinks
from gazeanalytics.events.cascade import CascadeSettings
from gazeanalytics.events.choosing import Choice, choose_detector
from gazeanalytics.events.cleaning import Cleaned, clean
from gazeanalytics.events.detect import DETECTORS, detect, find_detector
from gazeanalytics.events.detector import Detector, DetectorSettings
from gazeanalytics.events.engbert_kliegl import EngbertKlieglSettings
from gazeanalytics.events.evaluation import agreement, confusion, event_agreement, labelled_events
from gazeanalytics.events.i2mc import I2mcSettings
from gazeanalytics.events.idt import IdtSettings
from gazeanalytics.events.ihmm import IhmmSettings
from gazeanalytics.events.ivt import IvtSettings
from gazeanalytics.events.learned import LearnedSettings
from gazeanalytics.events.learned_model import LearnedModel
from gazeanalytics.events.nystrom_holmqvist import NystromHolmqvistSettings
from gazeanalytics.events.quality import accuracy, quality
from gazeanalytics.events.recording import RecordingWarning
from gazeanalytics.events.training import fit_detector
from gazeanalytics.events.velocity import velocity

__all__ = [
    "DETECTORS",
    "LABELS",
    "CascadeSettings",
    "Choice",
    "Cleaned",
    "Detector",
    "DetectorSettings",
    "EngbertKlieglSettings",
    "Events",
    "I2mcSettings",
    "IdtSettings",
    "IhmmSettings",
    "IvtSettings",
    "LearnedModel",
    "LearnedSettings",
    "NystromHolmqvistSettings",
    "RecordingWarning",
    "accuracy",
    "agreement",
    "blinks",
    "choose_detector",
    "clean",
    "confusion",
    "detect",
    "event_agreement",
    "find_detector",
    "fit_detector",
    "labelled_events",
    "quality",
    "velocity",
]
