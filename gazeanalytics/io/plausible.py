"""What can't be so: another unit than declared, two eyes or two looks in one reading, a clock that runs backwards."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from gazeanalytics.io.maps import TableMap
from gazeanalytics.tables import InputError, Rejects, SetAside, shown

__all__ = ["check_units", "foreign_name", "impossible_rows", "in_time", "note_rate", "one_clock"]

# Ranges that a median can't leave by nature, only by a wrong unit: 5 Hz to 5 kHz; a fixation of 20 ms to 10 s.
_LIKELY_MS = {"samples": ("t", 0.2, 200.0), "fixations": ("duration", 20.0, 10_000.0)}
_TIME_UNITS = (("s", 1e3), ("us", 1e-3), ("ns", 1e-6), ("ms", 1.0))
# Fixations that are rounded to 10 ms may overlap by that much at both ends.
_MAX_OVERLAP_MS = 20.0
# A declared rate that is off by more is another rate.
_MAX_RATE_ERROR = 0.05
# A clock that starts anew within a reading: what comes after is put this much later, so that no event reaches across.
_RESTART_GAP_MS = 1_000.0
# Rows that arrive this late at most are out of order; longer runs mean that the clock started anew.
_MAX_LATE_ROWS = 3
# A clock that starts anew, or a row that comes late, is a rare step back; rows in no order step back half of the time.
_MIN_BACK_SHARE = 0.1
_MIN_BACK_ROWS = 20


def check_units(frame: pd.DataFrame, name: str, table_map: TableMap, file: Path) -> None:
    """Refuse times and places that only another unit explains, unless the map says trust_units = true."""
    if name in _LIKELY_MS and not table_map.trust_units:
        _check_time_unit(frame, name, table_map, file)
        _check_place_unit(frame, name, table_map, file)
        _check_onset_unit(frame, name, table_map, file)


def impossible_rows(frame: pd.DataFrame, name: str, table_map: TableMap, file: Path) -> dict[int, SetAside]:
    """Rows that contradict themselves or the one before: no length, an end before the start, overlapping fixations.

    Raises
    ------
    InputError
        If a reading holds both eyes, or its fixations overlap in most rows (two looks under one name).
    """
    if name == "samples":
        _check_eyes(frame, table_map, file)
    found: dict[int, SetAside] = {}
    if name == "fixations" and {"onset", "duration"} <= set(frame) and len(frame):
        column = foreign_name(table_map, "duration")
        for row in np.flatnonzero(frame["duration"].to_numpy(float) == 0).tolist():
            _add(found, frame, row, SetAside(0, column, "a fixation that lasts", "0 ms"))
        source = table_map.columns.get("onset")
        if not (source and source.order):
            _overlaps(frame, table_map, file, found)
    if name == "traces" and {"onset", "offset"} <= set(frame):
        for row in np.flatnonzero((frame["offset"] < frame["onset"]).to_numpy(bool)).tolist():
            got = f"{frame['offset'].iloc[row]:g} ms before the start at {frame['onset'].iloc[row]:g} ms"
            _add(found, frame, row, SetAside(0, foreign_name(table_map, "offset"), "an end after the start", got))
    return found


def in_time(frame: pd.DataFrame) -> pd.DataFrame:
    """Sort samples that are in no order of time, as events are; those that nearly are, are left to `one_clock`.

    Where two samples of a reading bear one time, it holds two recordings, which sorting would mix.
    """
    if not {"reading", "t"} <= set(frame):
        return frame
    codes, t = pd.factorize(frame["reading"])[0], frame["t"].to_numpy(float)
    back = _steps_back(codes, t)
    if len(back) < _MIN_BACK_ROWS or len(back) <= _MIN_BACK_SHARE * len(frame):
        return frame
    order = np.lexsort((t, codes))
    twice = (np.diff(t[order]) == 0) & (np.diff(codes[order]) == 0)
    return frame if twice.any() else frame.iloc[order]


def _steps_back(codes: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Rows whose time is before that of the row above, in the same reading."""
    return np.flatnonzero((np.diff(t) < 0) & (np.diff(codes) == 0)) + 1


def one_clock(frame: pd.DataFrame, file: Path, rejects: Rejects) -> pd.DataFrame:
    """Samples whose times rise within each reading: late rows sorted in, a restarted clock continued after a gap.

    All samples are kept and a note says what was done. The gap is longer than any that an event may span.
    """
    codes = pd.factorize(frame["reading"])[0]
    t = frame["t"].to_numpy(float)
    back = _steps_back(codes, t)
    if not len(back) or len(back) > _MIN_BACK_SHARE * len(frame):
        return frame  # the check that follows names the first row
    shift, late, restarts = np.zeros(len(t)), 0, []
    offset, reading, latest = 0.0, -1, -np.inf
    for row in back:
        if codes[row] != reading:
            offset, reading, latest = 0.0, codes[row], -np.inf
        latest = max(latest, t[row - 1] + offset)
        after = t[row : row + _MAX_LATE_ROWS + 1][codes[row : row + _MAX_LATE_ROWS + 1] == reading] + offset
        if (after >= latest).any() and t[row] + offset < latest:
            late += 1
        elif t[row] + offset < latest:
            step = latest - (t[row] + offset) + _RESTART_GAP_MS
            offset += step
            shift[row] += step
            restarts.append(int(row))
    # Shifts hold from their row to the end of the reading.
    total = np.cumsum(shift)
    before = np.append(0.0, total)[np.searchsorted(codes, codes)] if (np.diff(codes) >= 0).all() else 0.0
    frame = frame.assign(t=t + total - before)
    if restarts:
        first = shown(frame["reading"].iloc[restarts[0]])
        rejects.note(
            file,
            f"the clock starts anew at {len(restarts)} place{'s' if len(restarts) > 1 else ''}, first in "
            f"row {int(str(frame.index[restarts[0]])) + 2} (reading {first}); what "
            f"follows is kept as a segment of its own, "
            f"{_RESTART_GAP_MS:g} ms later",
            kind="clock",
        )
    if late:
        rejects.note(file, f"{late} row{'s' if late > 1 else ''} of samples out of order, sorted by time", kind="order")
        frame = frame.iloc[np.lexsort((frame["t"].to_numpy(float), codes))]
    return frame


def note_rate(frame: pd.DataFrame, declared_hz: float, file: Path, rejects: Rejects) -> None:
    """Note a measured rate that is not the declared one; what follows goes by the clock."""
    steps = frame["t"].diff()[frame["reading"].eq(frame["reading"].shift())] if "t" in frame else pd.Series(dtype=float)
    steps = steps[steps > 0]
    if len(steps) and abs(1000 / steps.median() / declared_hz - 1) > _MAX_RATE_ERROR:
        rejects.note(
            file,
            f"rate_hz = {declared_hz:g} is declared, but the median interval of {steps.median():.4g} ms is "
            f"{1000 / steps.median():.4g} Hz; the clock is used",
        )


def foreign_name(table_map: TableMap | None, column: str) -> str:
    """The file's own name of one of our columns."""
    source = table_map.columns.get(column) if table_map else None
    return source.needs if source and source.needs else column


def _add(found: dict[int, SetAside], frame: pd.DataFrame, row: int, fault: SetAside) -> None:
    number = int(str(frame.index[row]))
    found.setdefault(number, SetAside(number + 2, fault.column, fault.expected, fault.got))


def _check_eyes(frame: pd.DataFrame, table_map: TableMap, file: Path) -> None:
    if "eye" not in frame or not len(frame):
        return
    eyes = frame.loc[frame["eye"].isin(["left", "right"]), ["reading", "eye"]].drop_duplicates()
    twice = eyes["reading"].duplicated()
    if twice.any():
        column = foreign_name(table_map, "eye")
        raise InputError(
            f"{file}, column {column!r}: expected one eye a reading; got left and right of reading "
            f"{shown(eyes.loc[twice, 'reading'].iloc[0])} as if they were one; in study.toml, tables.samples, choose "
            f"one with keep = {{ {column} = ['left'] }}"
        )


def _overlaps(frame: pd.DataFrame, table_map: TableMap, file: Path, found: dict[int, SetAside]) -> None:
    """Fixations of one eye can't overlap."""
    groups = frame["reading"].cat.codes if isinstance(frame["reading"].dtype, pd.CategoricalDtype) else frame["reading"]
    ends = (frame["onset"] + frame["duration"]).groupby(groups, sort=False)
    before = ends.cummax().groupby(groups, sort=False).shift()
    overlap = before - frame["onset"]
    rows = np.flatnonzero((overlap > np.minimum(_MAX_OVERLAP_MS, 0.5 * frame["duration"].abs())).to_numpy(bool))
    if not len(rows):
        return
    column = foreign_name(table_map, "onset")
    counts = pd.Series(groups.to_numpy()).groupby(groups.to_numpy()).size()
    share = pd.Series(groups.to_numpy()[rows]).value_counts() / counts
    most = share[(share > 0.4) & (counts >= 4)]
    if len(most) and not table_map.trust_units:
        row = rows[int(np.argmax(groups.to_numpy()[rows] == most.index[0]))]
        raise InputError(
            f"{file}, row {int(str(frame.index[row])) + 2}, column {column!r}: most fixations of reading "
            f"{shown(frame['reading'].iloc[row])} begin before the one before has ended; if two looks stand under one "
            "name, give each its own reading; if one fixation stands in many rows, say distinct = [the column that "
            "numbers them]; if onset and duration differ in unit, declare it in study.toml"
        )
    for row in rows.tolist():
        got = f"one that begins {overlap.iloc[row]:.4g} ms before the one before ends"
        _add(found, frame, row, SetAside(0, column, "fixations one after the other", got))


def _check_time_unit(frame: pd.DataFrame, name: str, table_map: TableMap, file: Path) -> None:
    column, low, high = _LIKELY_MS[name]
    if column not in frame or not len(frame):
        return
    values = frame[column].to_numpy(float)
    if name == "samples":
        values = np.diff(values)
    values = values[np.isfinite(values) & (values > 0)]
    if not len(values):
        return
    # The median survives pauses and losses, where a mean interval would not.
    middle = float(np.median(values))
    if not low <= middle <= high:
        fits = [unit for unit, factor in _TIME_UNITS if low <= middle * factor <= high]
        what = "interval between samples" if name == "samples" else "fixation"
        likely = f"looks like {fits[0]}" if fits else "no unit of time makes sense of it"
        raise InputError(
            f"{file}, column {foreign_name(table_map, column)!r}: the median {what} would last {middle:.4g} ms, "
            f"{likely}; declare its unit in study.toml, tables.{name}.columns.{column}, or trust_units = true if it is "
            "right"
        )


def _check_place_unit(frame: pd.DataFrame, name: str, table_map: TableMap, file: Path) -> None:
    if "fraction" in table_map.frame or not {"x", "y"} <= set(frame) or len(frame) < 10:
        return
    places = frame[["x", "y"]].to_numpy(float)
    seen = np.isfinite(places)
    if table_map.frame == "degrees":
        _check_degrees(places[seen], table_map, file)
        return
    if seen.any() and np.abs(places[seen]).max() <= 2.0 and np.ptp(places[seen]) > 0:
        span = np.abs(places[seen]).max()
        names = f"{foreign_name(table_map, 'x')!r} and {foreign_name(table_map, 'y')!r}"
        raise InputError(
            f"{file}, columns {names}: all values lie within {span:.3g} of 0, too small for pixels; declare "
            f"frame = 'image-fraction' or 'screen-fraction' in study.toml, or trust_units = true if they are right"
        )


def _check_degrees(places: np.ndarray, table_map: TableMap, file: Path) -> None:
    """No screen reaches 90 degrees from where one looks straight ahead."""
    wide = np.abs(places) >= 90
    if len(places) and wide.mean() > 0.5:
        names = f"{foreign_name(table_map, 'x')!r} and {foreign_name(table_map, 'y')!r}"
        raise InputError(
            f"{file}, columns {names}: most values are beyond 90, such as {places[wide][0]:.4g}, and no degrees; say "
            "frame = 'screen' or 'image' in study.toml, or trust_units = true if they are right"
        )


def _check_onset_unit(frame: pd.DataFrame, name: str, table_map: TableMap, file: Path) -> None:
    """Fixations of one eye can't overlap: onsets far closer than durations are in another unit."""
    source = table_map.columns.get("onset")
    if name != "fixations" or (source and source.order) or not {"onset", "duration"} <= set(frame) or len(frame) < 10:
        return
    # A factor of ten: units differ by a thousand, real overlap of fixations by far less.
    gap = frame.groupby("reading", observed=True, sort=False)["onset"].diff().median()
    lasting = frame["duration"].median()
    if gap < 0.1 * lasting:
        raise InputError(
            f"{file}, column {foreign_name(table_map, 'onset')!r}: fixations would begin {gap:.3g} ms apart but last "
            f"{lasting:.3g} ms; declare its unit in study.toml, tables.fixations.columns.onset, or trust_units = true "
            "if it is right"
        )
