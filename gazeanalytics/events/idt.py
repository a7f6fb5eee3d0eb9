"""I-DT: fixations by a dispersion threshold (Salvucci & Goldberg 2000)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gazeanalytics import ragged
from gazeanalytics._kernels.events import idt as kernels
from gazeanalytics.events._tabulate import Events, tabulate
from gazeanalytics.events.recording import LONGEST_GAP_MS, prepare
from gazeanalytics.geometry import Viewing

__all__ = ["idt"]


def idt(
    samples: pd.DataFrame,
    viewing: Viewing,
    *,
    widest_deg: float = 1.0,
    shortest_fixation_ms: float = 100.0,
    n_jobs: int | None = None,
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
    recording = prepare(samples, viewing, n_jobs=n_jobs)
    if shortest_fixation_ms <= 0:
        raise ValueError(f"shortest_fixation_ms must be over 0 ms for a dispersion; came {shortest_fixation_ms:g}")
    recording.require(shortest_fixation_ms=shortest_fixation_ms)
    values = np.array([np.deg2rad(widest_deg), shortest_fixation_ms, LONGEST_GAP_MS])
    marks = np.empty(recording.t.size, np.uint8)
    arrays = (recording.t, recording.x, recording.y, values, marks)
    rows = [recording.lenses, recording.intervals_ms]
    ragged.each(kernels.idt_over_readings, recording.readings, *arrays, out=rows, n_jobs=n_jobs)
    settings = {"detector": "idt", "widest_deg": widest_deg, "shortest_fixation_ms": shortest_fixation_ms}
    return tabulate(recording, marks, settings, n_jobs=n_jobs)
