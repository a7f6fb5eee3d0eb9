"""Rows that come twice, times that come twice, and places that come too often: each would pass for gaze."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from gazeanalytics.io.maps import TableMap
from gazeanalytics.tables import InputError, Rejects, shown

__all__ = ["note_codes", "once_each", "spread_times"]

# So many steps of no length are no accident of rounding.
_REPEATED = 0.3
# Two eyes: one sample lies this much farther from the one before than from the one before that.
_APART = 2.0
# One exact value in so many rows is a code, not gaze.
_CODE_SHARE, _CODE_ROWS = 0.01, 10
_ALONE = 0.02  # of the range of the other values
_USUAL_CODES = (0.0, -1.0)


def once_each(frame: pd.DataFrame, name: str, file: Path, rejects: Rejects | None) -> pd.DataFrame:
    """Rows of gaze that are the same in all columns but their number, once each; the rest is counted and noted.

    Raises
    ------
    InputError
        Without `rejects`, at the first row that comes again.
    """
    time = "t" if name == "samples" else "onset"
    if name not in ("samples", "fixations", "saccades") or not {"reading", time} <= set(frame):
        return frame
    # Rows of one time are few: only they are compared whole.
    same_time = frame.duplicated(["reading", time], keep=False) & frame[time].notna()
    if not same_time.any():
        return frame
    again = same_time.copy()
    again[same_time] = frame[same_time].duplicated()
    if not again.any():
        return frame
    number, count = int(str(frame.index[int(again.to_numpy().argmax())])) + 2, int(again.sum())
    if rejects is None:
        raise InputError(
            f"{file}, row {number}: expected each row of {name} once; got one that is there already; take it out"
        )
    rejects.leave_out(f"rows of {name} that are there already", file, count)
    rejects.note(
        file,
        f"{count:,} row{'s' if count > 1 else ''} of {name} {'are' if count > 1 else 'is'} there already, first row "
        f"{number}; each is read once",
        kind=f"doubled {name}",
    )
    return frame[~again]


def spread_times(frame: pd.DataFrame, table_map: TableMap, file: Path, rejects: Rejects | None) -> pd.DataFrame:
    """Samples whose clock counts coarser than they come, at even times within each count.

    Raises
    ------
    InputError
        If samples of one time lie apart as two eyes do: no one's gaze goes to and fro so.
    """
    if not {"reading", "t", "x", "y"} <= set(frame) or len(frame) < _CODE_ROWS:
        return frame
    codes, t = pd.factorize(frame["reading"])[0], frame["t"].to_numpy(float)
    together = np.diff(codes) == 0
    repeated = (np.diff(t) == 0) & together
    if repeated.sum() <= _REPEATED * max(1, together.sum()):
        return frame
    _refuse_two_eyes(frame, codes, repeated, table_map, file)
    begins = np.append(True, ~repeated)
    starts = np.flatnonzero(begins)
    counts = np.diff(np.append(starts, len(t)))
    steps = np.diff(t[starts])
    within = np.diff(codes[starts]) == 0
    usual = float(np.median(steps[within & (steps > 0)])) if (within & (steps > 0)).any() else 0.0
    if usual == 0.0:
        return frame
    # A count at a border may hold fewer: the usual number of samples says how far apart they are.
    place = np.arange(len(t)) - np.repeat(starts, counts)
    share = place / np.repeat(np.maximum(counts, np.median(counts)), counts)
    if rejects is not None:
        rejects.note(
            file,
            f"{repeated.sum() / together.sum():.0%} of the samples have the time of the one before, as a clock of "
            f"{usual:.4g} ms gives; they are spread evenly over it. Export times to the microsecond if you can",
            kind="coarse clock",
        )
    return frame.assign(t=t + share * usual)


def _refuse_two_eyes(
    frame: pd.DataFrame, codes: np.ndarray, repeated: np.ndarray, table_map: TableMap, file: Path
) -> None:
    places = frame[["x", "y"]].to_numpy(float)
    one, two = np.diff(places, axis=0), places[2:] - places[:-2]
    here = repeated[1:] & (codes[2:] == codes[:-2]) & np.isfinite(one[1:]).all(1) & np.isfinite(two).all(1)
    if here.sum() < _CODE_ROWS:
        return
    to_other, to_same = (float(np.median(np.hypot(*part[here].T))) for part in (one[1:], two))
    if to_other > _APART * max(to_same, 1e-9) and to_other > 0:
        row = int(np.flatnonzero(repeated)[0]) + 1
        source = table_map.columns.get("t")
        column = source.needs if source and source.needs else "t"
        raise InputError(
            f"{file}, row {int(str(frame.index[row])) + 2}, column {column!r}: most samples of reading "
            f"{shown(frame['reading'].iloc[row])} come in pairs of one time that lie {to_other:.4g} apart, as those of "
            "two eyes or two recordings do; keep one with keep = { ... } in study.toml, or give each its own reading"
        )


def note_codes(frame: pd.DataFrame, name: str, file: Path, rejects: Rejects) -> None:
    """Note a value of x or y that comes so often that it is likely a code of loss which the map doesn't declare."""
    if not {"x", "y"} <= set(frame):
        return
    for column, other in (("x", "y"), ("y", "x")):
        known = frame[column].dropna()
        if len(known) < 2 * _CODE_ROWS:
            continue
        counts = known.value_counts()
        value, count = float(str(counts.index[0])), int(counts.iloc[0])
        if count < max(_CODE_ROWS, _CODE_SHARE * len(known)) or count > 0.9 * len(known):
            continue
        others = known[known != value]
        low, high = np.quantile(others, [0.01, 0.99])
        # Places that are cut off at an edge have others right beside it; a code stands by itself.
        alone = float((others - value).abs().min()) > _ALONE * (high - low)
        at_both = name == "samples" and frame.loc[known.index[known == value], other].dropna().unique().size <= 1
        if (
            value in _USUAL_CODES or (alone and not low <= value <= high)
        ) and not at_both:  # of one point, `events` warns
            rejects.note(
                file,
                f"{column} is exactly {value:g} in {count:,} of {len(known):,} {name}; if that means lost, say missing "
                f"= [{value:g}] in study.toml",
                kind=f"code in {column} of {name}",
            )
