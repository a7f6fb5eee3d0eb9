"""Scanpath comparison: MultiMatch, ScanMatch, string edit distance, DTW, cross-recurrence, reader similarity."""

from gazeanalytics.gaze.scanpaths.distances import path_distances, time_delay_embedding
from gazeanalytics.gaze.scanpaths.multimatch import Simplify, multimatch
from gazeanalytics.gaze.scanpaths.pairs import pair_matrix, pair_readings
from gazeanalytics.gaze.scanpaths.reader_similarity import reader_similarity
from gazeanalytics.gaze.scanpaths.recurrence import cross_recurrence
from gazeanalytics.gaze.scanpaths.strings import Grid, scanmatch, string_edit

__all__ = [
    "Grid",
    "Simplify",
    "cross_recurrence",
    "multimatch",
    "pair_matrix",
    "pair_readings",
    "path_distances",
    "reader_similarity",
    "scanmatch",
    "string_edit",
    "time_delay_embedding",
]
