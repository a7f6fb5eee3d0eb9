"""Labels of samples to tables of fixations and saccades: the part that all event detectors share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gazeanalytics import ragged
from gazeanalytics._kernels.events import event_tables
from gazeanalytics._kernels.events import labels as kernels
from gazeanalytics.brief import Brief
from gazeanalytics.events.recording import MAX_GAP_MS, Recording
from gazeanalytics.tables import LABELS

__all__ = ["LABELS", "Events", "tabulate"]

# Peak speed is measured over this time, so that it means the same at every rate.
_PEAK_SPAN_MS = 8.0

_FIXATION_COLUMNS = ("onset", "duration", "x", "y", "dispersion_deg")
_SACCADE_COLUMNS = ("onset", "duration", "x0", "y0", "x1", "y1", "amplitude_deg", "peak_speed_deg_s")


@dataclass(frozen=True, slots=True)
class Events(Brief):
    """Fixations, saccades and sample labels that a detector found.

    Attributes
    ----------
    fixations, saccades : pandas.DataFrame
        The tables of those names. An event lasts from its first sample to the sample after its last.
    labels : numpy.ndarray of uint8, shape (samples,)
        Kind of each sample, a place in `LABELS`: 0 missing, 1 fixation, 2 saccade, 3 post-saccadic oscillation (PSO),
        4 smooth pursuit, 5 blink, 6 noise (too short to be an event).
    settings : Mapping
        The detector's name, what it does in words (`method`) and every value it used.

    Examples
    --------
    >>> from gazeanalytics.events import detect
    >>> from gazeanalytics.geometry import Viewing
    >>> samples = pd.DataFrame({"reading": 1, "t": np.arange(100) * 4.0, "x": 500.0, "y": 300.0})
    >>> samples.loc[60:, "x"] = np.nan
    >>> events = detect(samples, Viewing.from_px_per_deg(40, 1000, 600))
    >>> events.fixations["duration"].tolist()
    [240.0]
    >>> [LABELS[label] for label in np.unique(events.labels)]
    ['missing', 'fixation']
    """

    fixations: pd.DataFrame
    saccades: pd.DataFrame
    labels: np.ndarray
    settings: Mapping[str, object]


def tabulate(
    recording: Recording,
    labels: np.ndarray,
    settings: Mapping[str, object],
    *,
    blink_ms: tuple[float, float] = (0.0, 0.0),
    n_jobs: int | None = None,
) -> Events:
    """Make the tables of events from the labels of the samples seen, which carry START (128) where an event begins.

    Holes that last from `blink_ms[0]` to `blink_ms[1]`, or touch a blink, are blinks; (0, 0) makes none.
    """
    readings = recording.readings
    # Two passes, counting first: the tables get their size at once, and threads write to rows of their own.
    counts = np.zeros((len(readings), 2), np.int64)
    ragged.each(event_tables.count_over_readings, readings, labels, out=[counts], n_jobs=n_jobs)
    before = np.cumsum(counts, axis=0) - counts
    fixations = np.empty((counts[:, 0].sum(), len(_FIXATION_COLUMNS)))
    saccades = np.empty((counts[:, 1].sum(), len(_SACCADE_COLUMNS)))
    sheets = event_tables.Tables(fixations, saccades, _PEAK_SPAN_MS, MAX_GAP_MS)
    rows = [recording.lenses, recording.intervals_ms, before]
    arrays = (recording.gaze, labels, sheets)
    ragged.each(event_tables.describe_over_readings, readings, *arrays, out=rows, n_jobs=n_jobs)
    return Events(
        _frame(readings, counts[:, 0], _FIXATION_COLUMNS, fixations),
        _frame(readings, counts[:, 1], _SACCADE_COLUMNS, saccades),
        _expand(recording, labels, blink_ms, n_jobs),
        {**settings, "max_gap_ms": MAX_GAP_MS},
    )


def _expand(recording: Recording, found: np.ndarray, blink_ms: tuple[float, float], n_jobs: int | None) -> np.ndarray:
    """Put the labels of the samples seen into the rows of the table."""
    if recording.rows is None:
        return found
    labels = np.empty(recording.times.size, np.uint8)
    arrays = (recording.times, kernels.Seen(recording.rows, found), blink_ms, labels)
    spans = np.stack([recording.readings.starts, recording.readings.stops], axis=1)
    ragged.each(kernels.expand_over_readings, recording.table, *arrays, out=[spans], n_jobs=n_jobs)
    return labels


def _frame(readings: ragged.Segments, counts: np.ndarray, columns: tuple[str, ...], values: np.ndarray) -> pd.DataFrame:
    frame = pd.DataFrame(values, columns=list(columns), copy=False)
    frame.insert(0, "reading", readings.keys.repeat(counts))
    return frame
