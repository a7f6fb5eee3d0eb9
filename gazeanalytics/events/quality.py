"""Data quality of a recording: sampling rate, data loss, precision; accuracy where targets were looked at."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gazeanalytics import ragged
from gazeanalytics._kernels.events import quality as kernels
from gazeanalytics._kernels.events.gaze import Gaze
from gazeanalytics.events.recording import MAX_GAP_MS, in_degrees, in_rows, prepare
from gazeanalytics.geometry import Viewing

__all__ = ["accuracy", "quality"]

# The ellipse that holds 68 % of the samples (Crossland & Rubin 2002): 2 pi k, with k = -ln(1 - 0.68).
_BCEA_68 = -2 * np.pi * np.log(1 - 0.68)


def quality(
    samples: pd.DataFrame,
    viewing: Viewing,
    *,
    window_ms: float = 200.0,
    rate_hz: float | None = None,
    n_jobs: int | None = None,
) -> pd.DataFrame:
    """Measure data quality of each reading: sampling rate, data loss, precision (RMS-S2S, SD, BCEA).

    Precision is the median over consecutive windows, so that saccades weigh little (Hooge et al. 2022).

    Parameters
    ----------
    samples : pandas.DataFrame
        A samples table: reading, t (ms), x, y (image px), perhaps valid.
    viewing : Viewing
        How image pixels become angles.
    window_ms : float
        Length of a window of precision.
    rate_hz : float, optional
        The rate that the tracker is said to have; refused if the clock disagrees by over 5 %.
    n_jobs : int, optional
        Default: as many as the process may use.

    Returns
    -------
    pandas.DataFrame
        One row a reading: reading, samples, duration (ms), rate_hz (from the median interval), effective_rate_hz
        (samples with a place per second), loss (share of the samples that were due), gaps (holes over 75 ms),
        longest_gap (ms), rms_s2s_deg, sd_deg, bcea_deg2 (68 %).

    Raises
    ------
    TableError, ValueError
        If the table breaks its contract, a unit can't be right or the rate isn't the one stated.

    References
    ----------
    Crossland & Rubin (2002). The use of an infrared eyetracker to measure fixation stability. Optometry and Vision
    Science 79, 735-739.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> samples = pd.DataFrame({"reading": 1, "t": np.arange(500) * 4.0, "x": rng.normal(500, 4, 500), "y": 300.0})
    >>> samples.loc[100:149, "x"] = np.nan
    >>> found = quality(samples, Viewing.from_px_per_deg(40, 1000, 600))
    >>> found[["rate_hz", "effective_rate_hz", "loss", "longest_gap", "rms_s2s_deg", "sd_deg"]].round(2).values.tolist()
    [[250.0, 225.0, 0.1, 200.0, 0.13, 0.09]]
    """
    recording = prepare(samples, viewing, rate_hz=rate_hz, n_jobs=n_jobs)
    gaze = in_degrees(recording, n_jobs=n_jobs)
    whole = Gaze(recording.times, *in_rows(recording, gaze.x, gaze.y))
    facts, steps = np.empty((len(recording.table), 7)), recording.intervals_ms
    values = (whole, float(window_ms), MAX_GAP_MS)
    ragged.each(kernels.quality_over_readings, recording.table, *values, out=[steps, facts], n_jobs=n_jobs)
    return pd.DataFrame(
        {
            "reading": recording.table.keys,
            "samples": recording.table.lengths,
            "duration": facts[:, 1],
            "rate_hz": 1000 / steps,
            "effective_rate_hz": facts[:, 0] / facts[:, 1] * 1000,
            "loss": np.clip(1 - facts[:, 0] * steps / facts[:, 1], 0, 1),
            "gaps": facts[:, 2].astype(np.int64),
            "longest_gap": facts[:, 3],
            "rms_s2s_deg": facts[:, 4],
            "sd_deg": facts[:, 5],
            "bcea_deg2": facts[:, 6] * _BCEA_68,
        }
    )


def accuracy(samples: pd.DataFrame, targets: pd.DataFrame, viewing: Viewing) -> pd.DataFrame:
    """Measure accuracy: how far gaze lies from targets that the reader was asked to look at (validation).

    Parameters
    ----------
    samples : pandas.DataFrame
        A samples table.
    targets : pandas.DataFrame
        One row a target: reading, onset, duration (ms) of the stretch to use, x, y (image px).
    viewing : Viewing
        One for all readings.

    Returns
    -------
    pandas.DataFrame
        `targets` with samples (seen), offset_deg (from the target to the median of gaze), rms_s2s_deg, sd_deg.

    Examples
    --------
    >>> samples = pd.DataFrame({"reading": 1, "t": np.arange(100) * 4.0, "x": 540.0, "y": 300.0})
    >>> targets = pd.DataFrame({"reading": [1], "onset": [100.0], "duration": [200.0], "x": [500.0], "y": [300.0]})
    >>> accuracy(samples, targets, Viewing.from_px_per_deg(40, 1000, 600))["offset_deg"].round(3).tolist()
    [1.0]
    """
    recording = prepare(samples, viewing)
    x, y = in_rows(recording, recording.x, recording.y)
    gaze = in_degrees(recording)
    right, down = in_rows(recording, gaze.x, gaze.y)
    where = recording.table.keys.get_indexer(pd.Index(targets["reading"]))
    if (where < 0).any():
        raise ValueError(
            f"targets name reading {targets['reading'].iloc[int(np.argmin(where))]!r}, which has no samples"
        )
    rows = []
    columns = (targets[name].to_numpy(float) for name in ("onset", "duration", "x", "y"))
    for place, onset, duration, target_x, target_y in zip(where, *columns, strict=True):
        start, stop = recording.table.starts[place], recording.table.stops[place]
        clock = recording.times[start:stop]
        part = slice(*(start + np.searchsorted(clock, [onset, onset + duration])))
        seen = ~np.isnan(x[part])
        found = np.full(3, np.nan)
        offset = np.nan
        if seen.any():
            kernels.precision(right[part], down[part], found)
            offset = viewing.angle(np.median(x[part][seen]), np.median(y[part][seen]), target_x, target_y)
        rows.append((int(seen.sum()), float(offset), found[0], found[1]))
    return targets.assign(
        **dict(zip(("samples", "offset_deg", "rms_s2s_deg", "sd_deg"), np.array(rows).reshape(-1, 4).T, strict=True))
    )
