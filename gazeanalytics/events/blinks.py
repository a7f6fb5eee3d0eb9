"""Blink detection: when the lids hide the eye."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gazeanalytics import ragged, tables
from gazeanalytics._kernels.events import blinks as kernels
from gazeanalytics._kernels.events.recording import intervals_over_readings

__all__ = ["blinks"]

# Pupil size is averaged over this time before its slope is looked at (Hershman et al. 2018).
_SMOOTH_MS = 10.0


def blinks(
    samples: pd.DataFrame,
    *,
    blink_ms: tuple[float, float] = (50.0, 500.0),
    join_within_ms: float = 100.0,
    margin_ms: float = 100.0,
    n_jobs: int | None = None,
) -> pd.DataFrame:
    """Detect blinks: holes in gaze or pupil as long as the lids stay shut, with the closing and opening of the lids.

    Where the table has a pupil, a blink begins where the pupil begins to shrink towards the hole and ends where it
    has grown again (Hershman, Henik & Cohen 2018). Without a pupil it begins and ends `margin_ms` off the hole.

    Parameters
    ----------
    samples : pandas.DataFrame
        A samples table: reading, t (ms), x, y, perhaps pupil (0 and NaN are no pupil) and valid.
    blink_ms : tuple of float
        Shortest and longest hole that is a blink. Holes that reach an end of the reading are none, since nobody knows
        how long they lasted.
    join_within_ms : float
        Holes that near to each other are one.
    margin_ms : float
        How far a blink reaches beyond its hole; with a pupil at most so far.
    n_jobs : int, optional
        Default: as many as the process may use.

    Returns
    -------
    pandas.DataFrame
        One row a blink: reading, onset, duration, lost (ms without gaze).

    Raises
    ------
    TableError, ValueError
        If the table breaks its contract, or a duration is no number of 0 or more.

    See Also
    --------
    clean : Remove the samples beside blinks.

    References
    ----------
    Hershman, Henik & Cohen (2018). A novel blink detection method based on pupillometry noise. Behavior Research
    Methods 50, 107-114.

    Examples
    --------
    >>> x = np.full(200, 500.0)
    >>> x[100:125] = np.nan
    >>> samples = pd.DataFrame({"reading": 1, "t": np.arange(200) * 4.0, "x": x, "y": 300.0})
    >>> blinks(samples, margin_ms=40)
       reading  onset  duration   lost
    0        1  360.0     180.0  100.0

    The pupil, smoothed over 10 ms, begins to shrink at 384 ms and has grown again at 516 ms.

    >>> pupil = np.interp(samples["t"], [388, 400, 500, 512], [5.0, 2.0, 2.0, 5.0])
    >>> blinks(samples.assign(pupil=pupil))[["onset", "duration"]].values.tolist()
    [[384.0, 132.0]]
    """
    if not all(np.isfinite(value) and value >= 0 for value in (*blink_ms, join_within_ms, margin_ms)):
        raise ValueError(
            "blink_ms, join_within_ms and margin_ms must be 0 ms or more; "
            f"got {blink_ms}, {join_within_ms:g} and {margin_ms:g}"
        )
    tables.check(samples, "samples")
    readings = ragged.segments(samples["reading"])
    t, x, y = (np.ascontiguousarray(samples[name].to_numpy(float, na_value=np.nan)) for name in ("t", "x", "y"))
    gone = np.isnan(x + y)
    if "valid" in samples.columns:
        gone |= ~samples["valid"].to_numpy(bool, na_value=False)
    pupil = np.empty(0)
    if "pupil" in samples.columns:
        pupil = np.ascontiguousarray(samples["pupil"].to_numpy(float, na_value=np.nan))
        gone |= ~(pupil > 0)
    # Twice over the readings: first to count, so that the table gets its size at once, then to write.
    steps, counts = np.empty(len(readings)), np.empty(len(readings), np.int64)
    ragged.each(intervals_over_readings, readings, t, out=[steps], n_jobs=n_jobs)
    rules = kernels.BlinkRules(*map(float, (*blink_ms, join_within_ms, margin_ms, _SMOOTH_MS)))
    eye, nowhere = kernels.Eye(t, gone, pupil), np.zeros(len(readings), np.int64)
    rows = [steps, nowhere, counts]
    ragged.each(kernels.blinks_over_readings, readings, eye, rules, np.empty((0, 3)), out=rows, n_jobs=n_jobs)
    found = np.empty((counts.sum(), 3))
    rows = [steps, np.cumsum(counts) - counts, counts]
    ragged.each(kernels.blinks_over_readings, readings, eye, rules, found, out=rows, n_jobs=n_jobs)
    columns = dict(zip(("onset", "duration", "lost"), found.T, strict=True))
    return pd.DataFrame({"reading": readings.keys.repeat(counts), **columns})
