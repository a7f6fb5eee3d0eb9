"""Where readers look: areas of interest (AOIs), scanpath features, scanpath comparison, attention maps."""

from __future__ import annotations

from gazeanalytics.gaze import attention, scanpaths
from gazeanalytics.gaze.aoi.aoi_metrics import aoi_metrics, transition_matrix
from gazeanalytics.gaze.aoi.masks import align, locate_on_masks
from gazeanalytics.gaze.aoi.regions import grid_regions, join_hits, locate, region_coverage, visits
from gazeanalytics.gaze.aoi.search_errors import LESION_OUTCOMES, SearchErrors, lesions_to_find, search_errors
from gazeanalytics.gaze.aoi.visit_order import order_test, systematicity
from gazeanalytics.gaze.attention import Maps, Smoothing, density, hints
from gazeanalytics.gaze.features import (
    STRATEGY_FEATURES,
    FeatureSettings,
    ambient_focal,
    ambient_focal_scale,
    early_gaze,
    example_scanpaths,
    scanpath_features,
    time_course,
)
from gazeanalytics.gaze.main_sequence import main_sequence, saccade_directions, steps_between
from gazeanalytics.gaze.scanpaths import Grid, Simplify, multimatch, pair_matrix, pair_readings, scanmatch, string_edit

__all__ = [
    "LESION_OUTCOMES",
    "STRATEGY_FEATURES",
    "FeatureSettings",
    "Grid",
    "Maps",
    "SearchErrors",
    "Simplify",
    "Smoothing",
    "align",
    "ambient_focal",
    "ambient_focal_scale",
    "aoi_metrics",
    "attention",
    "density",
    "early_gaze",
    "example_scanpaths",
    "grid_regions",
    "hints",
    "join_hits",
    "lesions_to_find",
    "locate",
    "locate_on_masks",
    "main_sequence",
    "multimatch",
    "order_test",
    "pair_matrix",
    "pair_readings",
    "region_coverage",
    "saccade_directions",
    "scanmatch",
    "scanpath_features",
    "scanpaths",
    "search_errors",
    "steps_between",
    "string_edit",
    "systematicity",
    "time_course",
    "transition_matrix",
    "visits",
]
