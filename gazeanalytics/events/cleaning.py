"""Cleaning of raw gaze: codes of data loss, spikes and the edges of blinks become missing, and are counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gazeanalytics import ragged
from gazeanalytics._kernels.events import quality as kernels
from gazeanalytics._kernels.events.gaze import Gaze
from gazeanalytics.brief import Brief

__all__ = ["Cleaned", "clean"]


@dataclass(frozen=True, slots=True)
class Cleaned(Brief):
    """Samples after cleaning, and counts of what was altered.

    Attributes
    ----------
    samples : pandas.DataFrame
        A samples table with NaN for what was taken away. Rows stay; nothing is interpolated.
    counts : pandas.DataFrame
        One row a reading: reading, samples, missing (before cleaning), not_valid, coded, spikes, blink_edges.

    Examples
    --------
    >>> samples = pd.DataFrame({"reading": 1, "t": [0.0, 2, 4], "x": [5.0, np.inf, 6], "y": 5.0})
    >>> clean(samples).counts[["samples", "coded"]].values.tolist()
    [[3, 1]]
    """

    samples: pd.DataFrame
    counts: pd.DataFrame


def clean(
    samples: pd.DataFrame,
    *,
    lost_at: tuple[float, float] | None = None,
    lost_values: Sequence[float] = (),
    spike_px: float = 0.0,
    blink_margin_ms: float = 0.0,
    blink_ms: tuple[float, float] = (50.0, 500.0),
    n_jobs: int | None = None,
) -> Cleaned:
    """Clean raw gaze: turn what isn't gaze into missing, and count it.

    By default only infinities and samples that are not `valid` are taken away. Nothing is interpolated: an
    interpolated sample would count as a fixation that nobody made.

    Parameters
    ----------
    samples : pandas.DataFrame
        A samples table, which may hold infinities.
    lost_at : tuple of float, optional
        The point (px) at which the tracker puts lost gaze, such as (0, 0).
    lost_values : sequence of float
        Numbers that mean loss in either coordinate, such as -32768 or 1e8.
    spike_px : float
        Single samples that stand off both neighbours by more are taken away (after Stampe 1993). 0 leaves them.
    blink_margin_ms : float
        Samples that near to a blink are taken away. 0 leaves them.
    blink_ms : tuple of float
        Shortest and longest hole that counts as a blink.
    n_jobs : int, optional
        Default: as many as the process may use.

    Returns
    -------
    Cleaned

    See Also
    --------
    blinks : Blinks as events, with their onset and duration.
    quality : Data loss and precision before and after.

    References
    ----------
    Stampe (1993). Heuristic filtering and reliable calibration methods for video-based pupil-tracking systems. Behavior
    Research Methods, Instruments & Computers 25, 137-142.

    Examples
    --------
    >>> samples = pd.DataFrame({"reading": 1, "t": [0.0, 2, 4, 6], "x": [5.0, 0, 900, 6], "y": [5.0, 0, 5, 6]})
    >>> cleaned = clean(samples, lost_at=(0, 0), lost_values=[900])
    >>> cleaned.samples["x"].tolist()
    [5.0, nan, nan, 6.0]
    >>> int(cleaned.counts["coded"].iloc[0])
    2
    """
    if min(spike_px, blink_margin_ms, *blink_ms) < 0:
        raise ValueError(
            f"spike_px, blink_margin_ms and blink_ms must be 0 or more; got {spike_px, blink_margin_ms, blink_ms}"
        )
    readings = ragged.segments(samples["reading"])
    t, x, y = (samples[name].to_numpy(float, na_value=np.nan, copy=True) for name in ("t", "x", "y"))
    missing = np.isnan(x) | np.isnan(y)
    refused = ~samples["valid"].to_numpy(bool, na_value=False) if "valid" in samples else np.zeros(len(x), bool)
    coded = np.isinf(x) | np.isinf(y) | np.isin(x, lost_values) | np.isin(y, lost_values)
    if lost_at is not None:
        coded |= (x == lost_at[0]) & (y == lost_at[1])
    x[missing | refused | coded], y[missing | refused | coded] = np.nan, np.nan
    taken = np.empty((len(readings), 2), np.int64)
    how = kernels.Cleaning(*map(float, (spike_px, *blink_ms, blink_margin_ms)))
    ragged.each(kernels.clean_over_readings, readings, Gaze(t, x, y), how, out=[taken], n_jobs=n_jobs)
    counts = pd.DataFrame(
        {
            "reading": readings.keys,
            "samples": readings.lengths,
            "missing": _count(missing, readings),
            "not_valid": _count(refused & ~missing, readings),
            "coded": _count(coded & ~missing & ~refused, readings),
            "spikes": taken[:, 0],
            "blink_edges": taken[:, 1],
        }
    )
    return Cleaned(samples.assign(x=x, y=y), counts)


def _count(flags: np.ndarray, readings: ragged.Segments) -> np.ndarray:
    before = np.concatenate(([0], np.cumsum(flags)))
    return before[readings.stops] - before[readings.starts]
