"""I-VT: fixations and saccades by a velocity threshold (Salvucci & Goldberg 2000)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gazeanalytics import ragged
from gazeanalytics._kernels.events import labels as kernels
from gazeanalytics.events._tabulate import Events, tabulate
from gazeanalytics.events.recording import LONGEST_GAP_MS, prepare
from gazeanalytics.geometry import Viewing

__all__ = ["ivt"]


def ivt(
    samples: pd.DataFrame,
    viewing: Viewing,
    *,
    threshold_deg_s: float = 30.0,
    window_ms: float = 20.0,
    shortest_fixation_ms: float = 60.0,
    merge_within_deg: float = 0.5,
    n_jobs: int | None = None,
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
    n_jobs : int, optional
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
    recording = prepare(samples, viewing, n_jobs=n_jobs)
    recording.require(shortest_fixation_ms=shortest_fixation_ms)
    per_ms = np.deg2rad(threshold_deg_s) / 1000
    values = np.array([per_ms, window_ms, LONGEST_GAP_MS, np.deg2rad(merge_within_deg), shortest_fixation_ms])
    marks = np.empty(recording.t.size, np.uint8)
    arrays = (recording.t, recording.x, recording.y, values, marks)
    rows = [recording.lenses, recording.intervals_ms]
    ragged.each(kernels.ivt_over_readings, recording.readings, *arrays, out=rows, n_jobs=n_jobs)
    settings = {
        "detector": "ivt",
        "threshold_deg_s": threshold_deg_s,
        "window_ms": window_ms,
        "shortest_fixation_ms": shortest_fixation_ms,
        "merge_within_deg": merge_within_deg,
    }
    return tabulate(recording, marks, settings, n_jobs=n_jobs)
