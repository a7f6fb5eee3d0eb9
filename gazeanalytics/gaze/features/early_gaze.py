"""Gaze before a moment: the first seconds of a reading, or the time before anything was said of a finding."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gazeanalytics.tables import TableError

__all__ = ["early_gaze"]


def early_gaze(gaze: pd.DataFrame, until_ms: float | pd.Series) -> pd.DataFrame:
    """Keep the gaze that begins before a moment, so that features can't follow the decision (reverse causation).

    Over a whole reading one dwells longer on what one has found: an effect of dwell time on the answer may then be an
    effect of the answer on dwell time. Features of the gaze before the first mention, or of the first seconds, can't
    follow what was decided later (Kundel & Nodine 1975: a glance of 200 ms; Kundel et al. 2007: half of the lesions are
    fixated within the first second).

    Parameters
    ----------
    gaze : pandas.DataFrame
        Table with columns reading and onset (ms): fixations, saccades or samples with that name of their time.
    until_ms : float or pandas.Series
        The moment (ms since image onset): one for all readings, or a series indexed by reading. Readings that it lacks,
        or whose moment is missing, are left out.

    Returns
    -------
    pandas.DataFrame
        The rows with onset < moment, unchanged: a fixation under way at that moment counts whole.

    Raises
    ------
    TableError
        If a column is missing, or the moment isn't above 0.

    References
    ----------
    Kundel HL, Nodine CF (1975). Interpreting chest radiographs without visual search. Radiology 116, 527-532.
    Kundel HL, Nodine CF, Conant EF, Weinstein SP (2007). Holistic component of image perception in mammogram
    interpretation. Radiology 242, 396-402.

    Examples
    --------
    >>> fixations = pd.DataFrame({"reading": [1, 1, 2, 2], "onset": [0.0, 900.0, 0.0, 900.0]})
    >>> early_gaze(fixations, 500)["reading"].tolist()
    [1, 2]
    >>> early_gaze(fixations, pd.Series({1: 1000.0}))["onset"].tolist()
    [0.0, 900.0]
    """
    for name in ("reading", "onset"):
        if name not in gaze:
            raise TableError("gaze", name, None, "this column", "none of that name")
    moment = gaze["reading"].map(until_ms) if isinstance(until_ms, pd.Series) else pd.Series(until_ms, gaze.index)
    moment = moment.to_numpy(float)
    if (moment <= 0).any():
        raise TableError("gaze", "onset", None, "a moment above 0 ms", f"{moment[moment <= 0][0]:g}")
    return gaze[gaze["onset"].to_numpy(float) < np.nan_to_num(moment, nan=-np.inf)]
