"""One zero of time a reading for all tables on a recording's clock."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from gazeanalytics.tables import TABLES

__all__ = ["from_zero", "zeros"]


def zeros(frames: Iterable[tuple[str, pd.DataFrame]]) -> pd.Series:
    """First time of each reading over several tables.

    Each table on its own would start at its own first row: a saccade and the word spoken seconds later would both
    begin at zero, and every lag between eye and voice would be lost.

    Parameters
    ----------
    frames : iterable of (str, pandas.DataFrame)
        Name of a table and its rows, keyed by reading, times in ms.
    """
    firsts = [
        frame.groupby(frame["reading"].astype(str), sort=False)[column].min()
        for name, frame in frames
        if (column := _time_of(name)) in frame
    ]
    whole = pd.concat(firsts) if firsts else pd.Series(dtype=float)
    return whole.groupby(level=0).min()


def from_zero(frame: pd.DataFrame, zero: pd.Series) -> pd.DataFrame:
    """Times of a table counted from the zero of their reading."""
    shift = zero.reindex(frame["reading"].astype(str)).to_numpy(float)
    return frame.assign(**{name: frame[name] - shift for name in ("t", "onset", "offset") if name in frame})


def _time_of(name: str) -> str:
    order = TABLES[name].order
    return order if order in ("t", "onset") else "onset"
