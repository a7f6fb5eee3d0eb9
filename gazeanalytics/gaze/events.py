"""Samples to fixations and saccades: the result of a detector, and the two classical thresholds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gazeanalytics import ragged
from gazeanalytics._kernels import events as kernels
from gazeanalytics._kernels import events_dispersion
from gazeanalytics.gaze.recording import LONGEST_GAP_MS, Recording, degrees, prepare
from gazeanalytics.geometry import Viewing
from gazeanalytics.tables import LABELS

__all__ = ["LABELS", "LONGEST_GAP_MS", "Events", "idt", "ivt", "label_and_tabulate", "tabulate"]

# Speed is told over this time, so that it means the same at every rate.
_PEAK_SPAN_MS = 8.0

_FIXATION_COLUMNS = ("onset", "duration", "x", "y", "dispersion_deg")
_SACCADE_COLUMNS = ("onset", "duration", "x0", "y0", "x1", "y1", "amplitude_deg", "peak_speed_deg_s")


@dataclass(frozen=True, slots=True)
class Events:
    """What a detector found.

    Attributes
    ----------
    fixations, saccades : pandas.DataFrame
        The tables of those names. An event lasts from its first sample to the sample after its last.
    labels : numpy.ndarray of uint8, shape (samples,)
        Kind of each sample, a place in `LABELS`: 0 missing, 1 fixation, 2 saccade, 3 post-saccadic oscillation,
        4 smooth pursuit, 5 blink, 6 noise (too short to be an event).
    settings : Mapping
        The detector's name and every value it used.
    """

    fixations: pd.DataFrame
    saccades: pd.DataFrame
    labels: np.ndarray
    settings: Mapping[str, object]


def label_and_tabulate(
    batch: Callable[..., None],
    recording: Recording,
    values: np.ndarray | None,
    settings: Mapping[str, float | str],
    *,
    blink_ms: tuple[float, float] = (0.0, 0.0),
    threads: int | None = None,
) -> Events:
    """Run a kernel that labels gaze in degrees, end events at holes, drop short fixations and make the tables.

    `batch(starts, stops, t, right, down, values, labels, intervals)`, without `values` when they are None; `settings`
    tell shortest_fixation_ms.
    """
    marks = np.empty(recording.t.size, np.uint8)
    steps = [recording.intervals_ms]
    arrays = (recording.t, *degrees(recording, threads=threads), *([] if values is None else [values]), marks)
    ragged.each(batch, recording.readings, *arrays, out=steps, threads=threads)
    ends = np.array([LONGEST_GAP_MS, float(settings["shortest_fixation_ms"])])
    ragged.each(kernels.finish_over_readings, recording.readings, recording.t, ends, marks, out=steps, threads=threads)
    return tabulate(recording, marks, settings, blink_ms=blink_ms, threads=threads)


def tabulate(
    recording: Recording,
    marks: np.ndarray,
    settings: Mapping[str, object],
    *,
    blink_ms: tuple[float, float] = (0.0, 0.0),
    threads: int | None = None,
) -> Events:
    """Make the tables of events from the labels of the samples seen, which carry START (128) where an event begins.

    Holes that last as long as `blink_ms` tells, or touch a blink, are blinks; (0, 0) makes none.
    """
    readings = recording.readings
    counts = np.zeros((len(readings), 2), np.int64)
    ragged.each(kernels.count_over_readings, readings, marks, out=[counts], threads=threads)
    before = np.cumsum(counts, axis=0) - counts
    fixations = np.empty((counts[:, 0].sum(), len(_FIXATION_COLUMNS)))
    saccades = np.empty((counts[:, 1].sum(), len(_SACCADE_COLUMNS)))
    spans = np.array([_PEAK_SPAN_MS, LONGEST_GAP_MS])
    arrays = (recording.t, recording.x, recording.y, spans, marks, fixations, saccades)
    rows = [recording.lenses, recording.intervals_ms, before]
    ragged.each(kernels.describe_over_readings, readings, *arrays, out=rows, threads=threads)
    return Events(
        _frame(readings, counts[:, 0], _FIXATION_COLUMNS, fixations),
        _frame(readings, counts[:, 1], _SACCADE_COLUMNS, saccades),
        _expand(recording, marks, blink_ms, threads),
        {**settings, "longest_gap_ms": LONGEST_GAP_MS},
    )


def _expand(recording: Recording, found: np.ndarray, blink_ms: tuple[float, float], threads: int | None) -> np.ndarray:
    """Put the labels of the samples seen into the rows of the table."""
    if recording.rows is None:
        return found
    labels = np.empty(recording.times.size, np.uint8)
    arrays = (recording.times, recording.rows, found, np.array(blink_ms), labels)
    seen = [recording.readings.starts, recording.readings.stops]
    ragged.each(kernels.expand_over_readings, recording.table, *arrays, out=seen, threads=threads)
    return labels


def _frame(readings: ragged.Segments, counts: np.ndarray, columns: tuple[str, ...], values: np.ndarray) -> pd.DataFrame:
    frame = pd.DataFrame(values, columns=list(columns), copy=False)
    frame.insert(0, "reading", readings.keys.repeat(counts))
    return frame


def ivt(
    samples: pd.DataFrame,
    viewing: Viewing,
    *,
    threshold_deg_s: float = 30.0,
    window_ms: float = 20.0,
    shortest_fixation_ms: float = 60.0,
    merge_within_deg: float = 0.5,
    threads: int | None = None,
) -> Events:
    """Find fixations by a velocity threshold (I-VT; Salvucci & Goldberg 2000, in the form of Olsen 2012).

    A sample is saccade where the exact angle over the `window_ms` around it is faster than the threshold, else
    fixation. Fixations close in time and place are joined, then short ones become noise.

    Parameters
    ----------
    samples : pandas.DataFrame
        A samples table: reading, t (ms), x, y (image px), perhaps valid.
    viewing : Viewing
        How image pixels become angles.
    threshold_deg_s : float
        Speed that divides fixation from saccade (deg/s).
    window_ms : float
        Time over which speed is told, at least the two neighbours of a sample.
    shortest_fixation_ms : float
        Shorter fixations are noise. 0 keeps all.
    merge_within_deg : float
        Fixations at most 75 ms and this far apart are one. 0 joins none.
    threads : int, optional
        Default: as many as the process may use.

    Returns
    -------
    Events

    Raises
    ------
    TableError, ValueError
        If the table breaks its contract, a unit can't be right or a duration is under one sample.

    Warns
    -----
    RecordingWarning
        If saccades last much longer or shorter than is human, or samples lie at a tracker's code for loss.

    Examples
    --------
    >>> x = np.repeat([100.0, 300.0], 50)
    >>> samples = pd.DataFrame({"reading": 1, "t": np.arange(100) * 4.0, "x": x, "y": 100.0})
    >>> events = ivt(samples, Viewing.from_px_per_deg(40, 400, 200))
    >>> events.fixations[["onset", "duration", "x"]].round(1).values.tolist()
    [[0.0, 188.0, 100.0], [212.0, 188.0, 300.0]]
    """
    recording = prepare(samples, viewing, threads=threads)
    recording.require(shortest_fixation_ms=shortest_fixation_ms)
    per_ms = np.deg2rad(threshold_deg_s) / 1000
    values = np.array([per_ms, window_ms, LONGEST_GAP_MS, np.deg2rad(merge_within_deg), shortest_fixation_ms])
    marks = np.empty(recording.t.size, np.uint8)
    arrays = (recording.t, recording.x, recording.y, values, marks)
    rows = [recording.lenses, recording.intervals_ms]
    ragged.each(kernels.ivt_over_readings, recording.readings, *arrays, out=rows, threads=threads)
    settings = {
        "detector": "ivt",
        "threshold_deg_s": threshold_deg_s,
        "window_ms": window_ms,
        "shortest_fixation_ms": shortest_fixation_ms,
        "merge_within_deg": merge_within_deg,
    }
    return tabulate(recording, marks, settings, threads=threads)


def idt(
    samples: pd.DataFrame,
    viewing: Viewing,
    *,
    widest_deg: float = 1.0,
    shortest_fixation_ms: float = 100.0,
    threads: int | None = None,
) -> Events:
    """Find fixations by a dispersion threshold (I-DT; Salvucci & Goldberg 2000), in linear time.

    A window of the shortest duration slides until its dispersion, x range plus y range, fits; then it grows as long as
    it fits. What is left over is saccade. Missing samples are passed over.

    Parameters
    ----------
    samples, viewing, threads
        As for `ivt`, with its errors and warnings.
    widest_deg : float
        Greatest dispersion of a fixation (deg).
    shortest_fixation_ms : float
        Length of the sliding window.

    Returns
    -------
    Events

    Examples
    --------
    >>> x = np.repeat([100.0, 300.0], 50)
    >>> samples = pd.DataFrame({"reading": 1, "t": np.arange(100) * 4.0, "x": x, "y": 100.0})
    >>> events = idt(samples, Viewing.from_px_per_deg(40, 400, 200))
    >>> events.fixations[["onset", "duration", "x"]].values.tolist()
    [[0.0, 200.0, 100.0], [200.0, 200.0, 300.0]]
    """
    recording = prepare(samples, viewing, threads=threads)
    if shortest_fixation_ms <= 0:
        raise ValueError(f"shortest_fixation_ms must be over 0 ms for a dispersion; came {shortest_fixation_ms:g}")
    recording.require(shortest_fixation_ms=shortest_fixation_ms)
    values = np.array([np.deg2rad(widest_deg), shortest_fixation_ms, LONGEST_GAP_MS])
    marks = np.empty(recording.t.size, np.uint8)
    arrays = (recording.t, recording.x, recording.y, values, marks)
    rows = [recording.lenses, recording.intervals_ms]
    ragged.each(events_dispersion.idt_over_readings, recording.readings, *arrays, out=rows, threads=threads)
    settings = {"detector": "idt", "widest_deg": widest_deg, "shortest_fixation_ms": shortest_fixation_ms}
    return tabulate(recording, marks, settings, threads=threads)
