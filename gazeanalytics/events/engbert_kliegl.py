"""Engbert & Kliegl (2003): saccades by a velocity threshold that adapts to the noise of each reading."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gazeanalytics._kernels.events import engbert_kliegl as kernels
from gazeanalytics.events._tabulate import Events, label_and_tabulate
from gazeanalytics.events.recording import LONGEST_GAP_MS, prepare
from gazeanalytics.geometry import Viewing

__all__ = ["engbert_kliegl"]


def engbert_kliegl(
    samples: pd.DataFrame,
    viewing: Viewing,
    *,
    factor: float = 6.0,
    shortest_saccade_ms: float = 6.0,
    shortest_fixation_ms: float = 40.0,
    n_jobs: int | None = None,
) -> Events:
    """Find (micro)saccades outside an ellipse of velocity that adapts to the reading (Engbert & Kliegl 2003).

    Velocity is told by the five-point rule; the ellipse is `factor` median-based deviations wide in either direction.
    What is left is fixation.

    Parameters
    ----------
    samples, viewing, shortest_fixation_ms, threads
        As for `ivt`, with its errors and warnings.
    factor : float
        Lambda of the paper: 6 for microsaccades, 5 in Engbert & Mergenthaler 2006.
    shortest_saccade_ms : float
        Shorter runs are left to fixation; one sample, where the recording is slower than that.

    Returns
    -------
    Events

    Examples
    --------
    >>> x = np.concatenate([np.zeros(50), np.linspace(0, 200, 12), np.full(50, 200)])
    >>> x += 300 + np.random.default_rng(0).normal(0, 0.3, x.size)
    >>> samples = pd.DataFrame({"reading": 1, "t": np.arange(x.size) * 4.0, "x": x, "y": 100.0})
    >>> events = engbert_kliegl(samples, Viewing.from_px_per_deg(40, 800, 200))
    >>> events.saccades[["onset", "duration", "amplitude_deg"]].round(1).values.tolist()
    [[196.0, 56.0, 5.0]]
    """
    if not factor > 0:
        raise ValueError(f"factor must be over 0 deviations of velocity; came {factor}")
    recording = prepare(samples, viewing, n_jobs=n_jobs)
    recording.require(shortest_fixation_ms=shortest_fixation_ms)
    settings = {
        "detector": "engbert_kliegl",
        "factor": factor,
        "shortest_saccade_ms": shortest_saccade_ms,
        "shortest_fixation_ms": shortest_fixation_ms,
    }
    values = np.array([factor, shortest_saccade_ms, LONGEST_GAP_MS])
    batch = kernels.engbert_kliegl_over_readings
    return label_and_tabulate(batch, recording, values, settings, n_jobs=n_jobs)
