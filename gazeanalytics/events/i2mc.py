"""I2MC: identification by two-means clustering (Hessels, Niehorster, Kemner & Hooge 2017)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gazeanalytics._kernels.events import i2mc as kernels
from gazeanalytics.events._tabulate import Events, label_and_tabulate
from gazeanalytics.events.recording import LONGEST_GAP_MS, prepare
from gazeanalytics.geometry import Viewing

__all__ = ["i2mc"]

# Windows begin so far apart, and fixations that near in time are joined (Hessels et al. 2017).
_WINDOW_PACE_MS, _LONGEST_MERGE_MS = 20.0, 40.0


def i2mc(
    samples: pd.DataFrame,
    viewing: Viewing,
    *,
    window_ms: float = 200.0,
    cutoff_sd: float = 2.0,
    merge_within_deg: float = 0.7,
    shortest_fixation_ms: float = 40.0,
    n_jobs: int | None = None,
) -> Events:
    """Find fixations in noisy or slow recordings by clusters of two (I2MC; Hessels et al. 2017).

    Gaze in a moving window is split into two clusters, at several grains; where it changes sides a sample weighs the
    more, the seldomer that is. What weighs over the mean and `cutoff_sd` standard deviations is saccade; the rest is
    fixation, less the ends that lie off its median. Fixations close in time and place are one. Nothing is interpolated,
    and a grain is the mean of some samples, where the paper filters and thins.

    Parameters
    ----------
    samples, viewing, shortest_fixation_ms, threads
        As for `ivt`, with its errors and warnings.
    window_ms : float
        Length of the window; at most one saccade should lie within.
    cutoff_sd : float
        Standard deviations of the weight.
    merge_within_deg : float
        Fixations at most 40 ms and less than this apart are one.

    Returns
    -------
    Events

    Examples
    --------
    >>> x = np.repeat([300.0, 500.0], 60) + np.random.default_rng(0).normal(0, 8, 120)
    >>> samples = pd.DataFrame({"reading": 1, "t": np.arange(120) * 10.0, "x": x, "y": 100.0})
    >>> events = i2mc(samples, Viewing.from_px_per_deg(40, 800, 200))
    >>> events.fixations["x"].round(-1).tolist()
    [300.0, 500.0]
    """
    recording = prepare(samples, viewing, n_jobs=n_jobs)
    recording.require(window_ms=window_ms, shortest_fixation_ms=shortest_fixation_ms)
    settings = {
        "detector": "i2mc",
        "window_ms": window_ms,
        "cutoff_sd": cutoff_sd,
        "merge_within_deg": merge_within_deg,
        "shortest_fixation_ms": shortest_fixation_ms,
    }
    values = np.array([window_ms, _WINDOW_PACE_MS, cutoff_sd, merge_within_deg, _LONGEST_MERGE_MS, LONGEST_GAP_MS])
    return label_and_tabulate(kernels.i2mc_over_readings, recording, values, settings, n_jobs=n_jobs)
