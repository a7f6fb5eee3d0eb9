"""Nystrom & Holmqvist (2010): adaptive velocity thresholds, with glissades (PSO)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gazeanalytics._kernels.events import nystrom_holmqvist as kernels
from gazeanalytics.events._tabulate import Events, label_and_tabulate
from gazeanalytics.events.recording import LONGEST_GAP_MS, prepare
from gazeanalytics.geometry import Viewing

__all__ = ["nystrom_holmqvist"]


def nystrom_holmqvist(
    samples: pd.DataFrame,
    viewing: Viewing,
    *,
    first_peak_deg_s: float = 100.0,
    window_ms: float = 20.0,
    shortest_saccade_ms: float = 10.0,
    shortest_fixation_ms: float = 40.0,
    n_jobs: int | None = None,
) -> Events:
    """Find saccades and glissades by thresholds that settle on the noise of the reading (Nystrom & Holmqvist 2010).

    Speed comes from a parabola fitted around each sample. The peak threshold is iterated to the mean plus 6 standard
    deviations of slower samples; a saccade reaches out to local minima below mean plus 3, and ends by a threshold that
    minds the noise just before it. What exceeds that within 40 ms after is a glissade, labelled PSO.

    Parameters
    ----------
    samples, viewing, shortest_fixation_ms, threads
        As for `ivt`, with its errors and warnings.
    first_peak_deg_s : float
        Where the iteration begins: 100 to 300 in the paper.
    window_ms : float
        Width of the fitted parabola.
    shortest_saccade_ms : float
        At least one sample.

    Returns
    -------
    Events

    Examples
    --------
    >>> angle = np.linspace(0, np.pi, 16)
    >>> x = np.concatenate([np.zeros(50), 100 - 100 * np.cos(angle), np.full(50, 200)])
    >>> x += 300 + np.random.default_rng(0).normal(0, 0.3, x.size)
    >>> samples = pd.DataFrame({"reading": 1, "t": np.arange(x.size) * 2.0, "x": x, "y": 100.0})
    >>> events = nystrom_holmqvist(samples, Viewing.from_px_per_deg(40, 800, 200))
    >>> events.saccades["amplitude_deg"].round(1).tolist()
    [5.0]
    """
    recording = prepare(samples, viewing, n_jobs=n_jobs)
    recording.require(shortest_saccade_ms=shortest_saccade_ms, shortest_fixation_ms=shortest_fixation_ms)
    settings = {
        "detector": "nystrom_holmqvist",
        "first_peak_deg_s": first_peak_deg_s,
        "window_ms": window_ms,
        "shortest_saccade_ms": shortest_saccade_ms,
        "shortest_fixation_ms": shortest_fixation_ms,
        "fastest_deg_s": 1000.0,
        "strongest_deg_s2": 100_000.0,
        "glissade_window_ms": 40.0,
    }
    values = np.array([window_ms, first_peak_deg_s / 1e3, 1.0, 0.1, shortest_saccade_ms, 40.0, LONGEST_GAP_MS])
    batch = kernels.nystrom_holmqvist_over_readings
    return label_and_tabulate(batch, recording, values, settings, n_jobs=n_jobs)
