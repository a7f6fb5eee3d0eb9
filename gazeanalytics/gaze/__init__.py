"""Samples to fixations, saccades, visits and features; recordings cleaned and detectors judged."""

from __future__ import annotations

from gazeanalytics.gaze import attention, hints, scanpaths
from gazeanalytics.gaze.adaptive import engbert_kliegl, nystrom_holmqvist
from gazeanalytics.gaze.attention import Maps, Smoothing, density
from gazeanalytics.gaze.blinking import blinks
from gazeanalytics.gaze.cascade import CascadeRules, cascade
from gazeanalytics.gaze.clean import Cleaned, clean
from gazeanalytics.gaze.dwelling import dwells, region_transitions
from gazeanalytics.gaze.evaluation import agreement, confusion, event_agreement, labelled_events
from gazeanalytics.gaze.events import LABELS, Events, idt, ivt
from gazeanalytics.gaze.kinematics import main_sequence, saccade_directions, steps_between
from gazeanalytics.gaze.learned import LearnedModel, fit_detector, learned
from gazeanalytics.gaze.masks import align, locate_on_masks
from gazeanalytics.gaze.measures import (
    STRATEGY_FEATURES,
    FeatureSettings,
    ambient_focal,
    ambient_focal_scale,
    features,
    four_walks,
    time_course,
)
from gazeanalytics.gaze.misses import LESION_OUTCOMES, SearchErrors, lesions_to_find, search_errors
from gazeanalytics.gaze.ordering import order_test, systematicity
from gazeanalytics.gaze.quality import accuracy, quality
from gazeanalytics.gaze.recording import RecordingWarning
from gazeanalytics.gaze.regions import grid_regions, join_hits, locate, region_coverage, visits
from gazeanalytics.gaze.scanpaths import Grid, Simplify, multimatch, pair_readings, scanmatch, square, string_edit
from gazeanalytics.gaze.statistical import i2mc, ihmm
from gazeanalytics.gaze.velocity import velocity

__all__ = [
    "DETECTORS",
    "LABELS",
    "LESION_OUTCOMES",
    "STRATEGY_FEATURES",
    "CascadeRules",
    "Cleaned",
    "Events",
    "FeatureSettings",
    "Grid",
    "LearnedModel",
    "Maps",
    "RecordingWarning",
    "SearchErrors",
    "Simplify",
    "Smoothing",
    "accuracy",
    "agreement",
    "align",
    "ambient_focal",
    "ambient_focal_scale",
    "attention",
    "blinks",
    "cascade",
    "clean",
    "confusion",
    "density",
    "dwells",
    "engbert_kliegl",
    "event_agreement",
    "features",
    "fit_detector",
    "four_walks",
    "grid_regions",
    "hints",
    "i2mc",
    "idt",
    "ihmm",
    "ivt",
    "join_hits",
    "labelled_events",
    "learned",
    "lesions_to_find",
    "locate",
    "locate_on_masks",
    "main_sequence",
    "multimatch",
    "nystrom_holmqvist",
    "order_test",
    "pair_readings",
    "quality",
    "region_coverage",
    "region_transitions",
    "saccade_directions",
    "scanmatch",
    "scanpaths",
    "search_errors",
    "square",
    "steps_between",
    "string_edit",
    "systematicity",
    "time_course",
    "velocity",
    "visits",
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
