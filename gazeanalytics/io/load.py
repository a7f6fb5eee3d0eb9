"""From the files of a study to checked tables, one file at a time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from gazeanalytics import tables
from gazeanalytics.io.convert import convert
from gazeanalytics.io.files import SUFFIXES, format_of, read_columns
from gazeanalytics.io.maps import TableMap
from gazeanalytics.tables import InputError

__all__ = ["load_shard", "shard_files"]

# Ranges that a median can't leave by nature, only by a wrong unit: 5 Hz to 5 kHz; a fixation of 20 ms to 10 s.
_LIKELY_MS = {"samples": ("t", 0.2, 200.0), "fixations": ("duration", 20.0, 10_000.0)}
_TIME_UNITS = (("s", 1e3), ("us", 1e-3), ("ns", 1e-6), ("ms", 1.0))


def shard_files(folder: Path, name: str, table_map: TableMap | None) -> list[Path]:
    """Files of one table, in name order: those of the map, else `<name>.<ending>` or all in the folder `<name>`.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     Path(folder, "samples").mkdir()
    ...     for part in ("part-1.csv", "part-0.csv", "notes.md"):
    ...         Path(folder, "samples", part).touch()
    ...     [path.name for path in shard_files(Path(folder), "samples", None)]
    ['part-0.csv', 'part-1.csv']
    """
    if table_map is not None:
        patterns = [table_map.file] if isinstance(table_map.file, str) else table_map.file
        found = [path for pattern in patterns for path in _matching(folder, pattern)]
        if not found:
            raise InputError(f"{folder / patterns[0]}: no such file; correct tables.{name}.file in study.toml")
        return found
    own = [path for suffix in SUFFIXES for path in (folder / f"{name}{suffix}", folder / f"{name}{suffix}.gz")]
    found = [path for path in own if path.exists()]
    if len(found) > 1:
        raise InputError(
            f"{found[0]} and {found[1].name}: two files for one table; name one in study.toml, tables.{name}"
        )
    if not found and (folder / name).is_dir():
        found = sorted(path for path in (folder / name).iterdir() if path.suffix.lower() in SUFFIXES)
    return found


def load_shard(file: Path, name: str, table_map: TableMap | None = None) -> pd.DataFrame:
    r"""Read, convert and check one file of table `name`.

    Returns
    -------
    pandas.DataFrame
        Indexed by the row of the file, counted from 0 after a header.

    Raises
    ------
    InputError
        Naming the file, the row and column at fault, and the remedy.

    Examples
    --------
    A unit that can't be right is an error, not a number:

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "fixations.csv")
    ...     _ = path.write_text("reading,onset,duration,x,y\n1,0,0.25,5,7\n1,0.3,0.2,9,7\n")
    ...     try:
    ...         load_shard(path, "fixations")
    ...     except InputError as error:
    ...         print(str(error).partition(": ")[2].partition(";")[0])
    the median fixation would last 0.225 ms, looks like s
    """
    table_map = table_map or TableMap(file=file.name)
    kind = table_map.format or format_of(file)
    raw = read_columns(file, table_map.needs, kind=kind, delimiter=table_map.delimiter, encoding=table_map.encoding)
    frame = convert(raw, name, table_map, file)
    if name in _LIKELY_MS and not table_map.trust_units:
        _check_time_unit(frame, name, table_map, file)
        _check_place_unit(frame, name, table_map, file)
        _check_onset_unit(frame, name, table_map, file)
    if table_map.clock == "recording" and len(frame):
        frame = _from_image_onset(frame, name)
    return _checked(frame, name, file, table_map)


def _matching(folder: Path, pattern: str) -> list[Path]:
    if any(mark in pattern for mark in "*?["):
        root = Path(Path(pattern).anchor or folder)
        return sorted(root.glob(str(Path(pattern).relative_to(Path(pattern).anchor))))
    return [folder / pattern] if (folder / pattern).exists() else []


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
            f"{file}, column {_foreign(table_map, column)!r}: the median {what} would last {middle:.4g} ms, {likely}; "
            f"declare its unit in study.toml, tables.{name}.columns.{column}, or trust_units = true if it is right"
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
            f"{file}, column {_foreign(table_map, 'onset')!r}: fixations would begin {gap:.3g} ms apart but last "
            f"{lasting:.3g} ms; declare its unit in study.toml, tables.fixations.columns.onset, or trust_units = true "
            "if it is right"
        )


def _check_place_unit(frame: pd.DataFrame, name: str, table_map: TableMap, file: Path) -> None:
    if "fraction" in table_map.frame or not {"x", "y"} <= set(frame) or len(frame) < 10:
        return
    places = frame[["x", "y"]].to_numpy(float)
    seen = np.isfinite(places)
    if seen.any() and np.abs(places[seen]).max() <= 2.0 and np.ptp(places[seen]) > 0:
        span = np.abs(places[seen]).max()
        names = f"{_foreign(table_map, 'x')!r} and {_foreign(table_map, 'y')!r}"
        raise InputError(
            f"{file}, columns {names}: all values lie within {span:.3g} of 0, too small for pixels; declare "
            f"frame = 'image-fraction' or 'screen-fraction' in study.toml, or trust_units = true if they are right"
        )


def _from_image_onset(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Start each reading's clock at its first row."""
    column = tables.TABLES[name].order or "onset"
    first = frame.groupby("reading", observed=True, sort=False)[column].transform("first")
    moved = {column: frame[column] - first}
    if "offset" in frame:
        moved["offset"] = frame["offset"] - first
    return frame.assign(**moved)


def _checked(frame: pd.DataFrame, name: str, file: Path, table_map: TableMap) -> pd.DataFrame:
    try:
        return tables.check(frame, name)
    except tables.TableError as error:
        foreign = _foreign(table_map, error.column)
        row = "" if error.row is None else f", row {frame.index[error.row] + 2}"
        column = f", column {foreign!r}" if foreign else ""
        remedy = "map it in study.toml" if error.row is None else "correct the file, or declare the value as missing"
        raise InputError(f"{file}{row}{column}: expected {error.expected}; got {error.got}; {remedy}") from None


def _foreign(table_map: TableMap, column: str) -> str:
    """The file's own name of one of our columns."""
    source = table_map.columns.get(column)
    return source.needs if source and source.needs else column
