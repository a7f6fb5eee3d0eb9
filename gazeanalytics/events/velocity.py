"""Velocity of gaze, sample by sample."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import pandas as pd

from gazeanalytics import ragged
from gazeanalytics._kernels.events import velocity as kernels
from gazeanalytics.events.recording import MAX_GAP_MS, in_degrees, in_rows, prepare
from gazeanalytics.geometry import Viewing

__all__ = ["velocity"]

Method = Literal["savitzky_golay", "five_point"]


def velocity(
    samples: pd.DataFrame,
    viewing: Viewing,
    *,
    method: Method = "savitzky_golay",
    window_ms: float = 20.0,
    n_jobs: int | None = None,
) -> pd.DataFrame:
    """Measure gaze velocity (deg/s) at every sample.

    Parameters
    ----------
    samples, viewing, n_jobs
        As for `detect`, with its errors and warnings.
    method : {"savitzky_golay", "five_point"}
        The slope of a parabola through the samples of a window (Savitzky & Golay 1964), or the difference of the two
        samples before and the two after (Engbert & Kliegl 2003), which spans 16 ms at 250 Hz.
    window_ms : float
        Width of the parabola, at least three samples.

    Returns
    -------
    pandas.DataFrame
        One row a sample, with the index of `samples`: right_deg_s, down_deg_s, speed_deg_s. NaN where gaze is missing
        and where the window reaches over an end of the reading or a jump of the clock of more than 75 ms.

    References
    ----------
    Savitzky & Golay (1964). Smoothing and differentiation of data by simplified least squares procedures. Analytical
    Chemistry 36, 1627-1639.

    Examples
    --------
    A drift of 4 px (0.1 deg) in 4 ms:

    >>> samples = pd.DataFrame({"reading": 1, "t": np.arange(9) * 4.0, "x": 500 + np.arange(9) * 4.0, "y": 300.0})
    >>> found = velocity(samples, Viewing.from_px_per_deg(40, 1000, 600), method="five_point")
    >>> found["speed_deg_s"].round(1).tolist()
    [nan, 25.0, 25.0, 25.0, 25.0, 25.0, 25.0, 25.0, nan]
    """
    if method not in get_args(Method):
        raise ValueError(f"method: expected one of {', '.join(get_args(Method))}; got {method!r}")
    recording = prepare(samples, viewing, n_jobs=n_jobs)
    # A window under one sample would silently become three samples.
    recording.require(window_ms=window_ms)
    across, along = np.empty_like(recording.x), np.empty_like(recording.x)
    how = kernels.VelocityWindow(float(window_ms), MAX_GAP_MS)
    arrays = (in_degrees(recording, n_jobs=n_jobs), how, across, along)
    batch = kernels.parabola_over_readings if method == "savitzky_golay" else kernels.five_point_over_readings
    ragged.each(batch, recording.readings, *arrays, out=[recording.intervals_ms], n_jobs=n_jobs)
    right, down = in_rows(recording, across, along)
    columns = {"right_deg_s": right, "down_deg_s": down, "speed_deg_s": np.sqrt(right * right + down * down)}
    return pd.DataFrame(columns, index=samples.index)
