"""What a file is and holds: its format, rows, rejects, readings, rate and loss, and how study.toml reads it."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gazeanalytics.brief import Brief
from gazeanalytics.io.bids import is_bids
from gazeanalytics.io.eprime import is_eprime, read_eprime
from gazeanalytics.io.eyelink import EYELINK_TABLES
from gazeanalytics.io.files import read_rows
from gazeanalytics.io.load import LEFT_BY_MAP, load_shard
from gazeanalytics.io.maps import TableMap
from gazeanalytics.io.presets import preset, preset_names
from gazeanalytics.io.recognising import concrete, fitting_presets, tables_of
from gazeanalytics.tables import InputError, Rejects

__all__ = ["FileSummary", "summarise_file"]

_REJECTS_SHOWN = 5
_TITLES = {"eyelink": "EyeLink recording (ASC)", "bids": "eye tracking of BIDS 1.11"}


@dataclass(frozen=True, slots=True)
class FileSummary(Brief):
    """What a file is.

    Attributes
    ----------
    format : str
        As study.toml takes it.
    tables : dict of str to pandas.DataFrame
        The tables that it gives.
    rejects : dict of str to Rejects
        What each table set aside, with row and reason.
    rows : int or None
        Rows of the file after its header, messages left out; None for an EyeLink.
    lines : tuple of str
        The same in words.
    """

    format: str
    tables: dict[str, pd.DataFrame]
    rejects: dict[str, Rejects]
    rows: int | None
    lines: tuple[str, ...]


def summarise_file(file: Path) -> FileSummary:
    r"""Recognise a file by its columns and read it.

    Parameters
    ----------
    file : pathlib.Path
        An EyeLink recording or a file that a preset fits.

    Raises
    ------
    InputError
        If no preset fits, or none that fits gives a table; then with the reason of each.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "fixations.csv")
    ...     head = "timestamp_start_fixation,timestamp_end_fixation,x_position,y_position"
    ...     _ = path.write_text(head + "\n0.5,0.75,900,1200\n0.8,1.1,950,1300\n")
    ...     summarise_file(path).lines[:2]
    ('reflacx: REFLACX, fixations (one folder a reading)', '2 rows in the file')
    """
    if not file.exists():
        raise InputError(f"{file}: no such file; correct the path")
    if is_eprime(file):
        return _of_eprime(file)
    attempts: list[_Attempt] = []
    for table_map in _candidates(file):
        attempts.append(_attempt(file, table_map))
        if attempts[-1].whole and not attempts[-1].outside:
            break
    found = max(attempts, key=lambda one: (one.whole, one.used), default=None)
    if found is not None and found.tables:
        rows = _rows(file, next(iter(found.tables)), found.table_map)
        lines = _in_words(file, found.table_map, found.tables, found.rejects, rows)
        lines += [f"not read as {reason}" for reason in found.reasons]
        return FileSummary(found.table_map.format or "", found.tables, found.rejects, rows, tuple(lines))
    reasons = dict.fromkeys(reason for one in attempts for reason in one.reasons)
    if reasons:
        raise InputError(f"{file}: {'; '.join(reasons)}")
    raise InputError(
        f"{file}: its columns fit no known format ({', '.join(('eyelink', *preset_names()))}); map them in study.toml, "
        "see the README"
    )


def _of_eprime(file: Path) -> FileSummary:
    frame, broken = read_eprime(file)
    lines = ["eprime: log of E-Prime", f"{len(frame):,} frames, {len(broken):,} rejects"]
    lines += [f"  row {fault.row}: expected {fault.expected}; got {fault.got}" for fault in broken[:_REJECTS_SHOWN]]
    for level, rows in frame.groupby("Level", sort=True):
        named = [str(name) for name in rows if rows[name].ne("").any()]
        lines.append(f"level {level}: {len(rows):,} frames with {', '.join(named)}")
    lines += ["In study.toml, for readings or traces:", "[tables.readings]", f"file = {json.dumps(file.name)}"]
    lines += ['format = "eprime"', "keep = { Level = [...] }", "columns = { ... }"]
    return FileSummary("eprime", {}, {}, len(frame), tuple(lines))


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What one map gives of a file, and why it doesn't give other tables."""

    table_map: TableMap
    tables: dict[str, pd.DataFrame]
    rejects: dict[str, Rejects]
    reasons: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Whether every table was read, and some row is in a reading."""
        return bool(self.tables) and not self.reasons and self.used > 0

    @property
    def used(self) -> int:
        """Rows in readings."""
        return sum(map(len, self.tables.values()))

    @property
    def outside(self) -> int:
        """Rows that stand in no reading."""
        counts = [count for rejects in self.rejects.values() for count in rejects.left_out.items()]
        return sum(count for (what, *_), count in counts if what.endswith("outside readings"))


def _attempt(file: Path, table_map: TableMap) -> _Attempt:
    names = _tables_in(file, table_map)
    tables, rejects, reasons = {}, {}, []
    for name in names:
        try:
            tables[name], rejects[name] = _table(file, name, table_map)
        except InputError as error:
            reasons.append(f"{table_map.format}, {name}: {_without_path(str(error), file)}")
    return _Attempt(table_map, tables, rejects, tuple(reasons))


def _tables_in(file: Path, table_map: TableMap) -> tuple[str, ...]:
    if table_map.format == "bids":
        return ("fixations" if "_physioevents." in file.name else "samples",)
    return EYELINK_TABLES if table_map.format == "eyelink" else tuple(tables_of(table_map.format or ""))


def _candidates(file: Path) -> list[TableMap]:
    if ".asc" in [suffix.lower() for suffix in file.suffixes]:
        # As it is; one eye of two; and blocks as readings where no message begins a trial.
        ways: tuple[dict[str, Any], ...] = ({}, {"eye": "left"})
        ways += tuple({**way, "reading": ["file", "block"]} for way in ways)
        return [TableMap(file=file.name, format="eyelink", **way) for way in ways]
    if is_bids(file):
        return [TableMap(file=file.name, format="bids")]
    return list(fitting_presets(file).values())


def _table(file: Path, name: str, table_map: TableMap) -> tuple[pd.DataFrame, Rejects]:
    rejects = Rejects(max_share=1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # notes are printed with the rest
        return load_shard(file, name, table_map, rejects=rejects), rejects


def _rows(file: Path, name: str, table_map: TableMap) -> int | None:
    if table_map.format == "eyelink":
        return None
    made = concrete(table_map, name, file)
    raw, broken = read_rows(file, kind=made.format, dialect=made.dialect(made.format or ""), columns=_one(made))
    return len(raw) + len(broken)


def _one(made: TableMap) -> list[str]:
    """A column is enough to count rows."""
    source = next(one for one in made.columns.values() if one.reads)
    return [source.reads[0].split(".")[0] if made.explode else source.reads[0]]


def _in_words(
    file: Path, table_map: TableMap, tables: dict[str, pd.DataFrame], rejects: dict[str, Rejects], rows: int | None
) -> list[str]:
    name = table_map.format or ""
    title = _TITLES.get(name) or preset(name)["title"]
    places = table_map
    lines = [f"{name}: {title}"] + ([] if rows is None else [f"{rows:,} rows in the file"])
    for table, frame in tables.items():
        made = concrete(table_map, table, file)
        lines += _of_table(table, frame, rejects[table])
        places = made
        if made.reading and len(frame):
            lines.append(f"  a reading is named by {', '.join(made.reading)}, such as {frame['reading'].iloc[0]!r}")
        left = 0 if rows is None or made.explode else rows - len(frame) - _rejected(rejects[table])
        if left:
            lines.append(f"  {left:,} rows are no {table}: " + ", ".join([*made.keep, *_repeated(made)]))
    lines.append(f"times in ms; {_places(places)}")
    lines.append("In study.toml:")
    for table in tables:
        lines += [f"[tables.{table}]", f"file = {json.dumps(file.name)}", f'format = "{name}"']
        lines += [f"delimiter = {json.dumps(table_map.delimiter)}"] if table_map.delimiter else []
        lines += _of_eyelink(table_map) if name == "eyelink" else []
    return lines


def _places(table_map: TableMap) -> str:
    origin = {"top-left": "upper left", "bottom-left": "lower left"}.get(table_map.origin, "centre")
    up = ", y upwards" if table_map.origin in ("bottom-left", "centre-up") else ""
    if table_map.frame == "degrees":
        return f"places are degrees from the centre{up}"
    units = "fractions" if "fraction" in table_map.frame else "px"
    return f"places are {units} of the {table_map.frame.partition('-')[0]}, counted from its {origin}{up}"


def _of_eyelink(table_map: TableMap) -> list[str]:
    eye = [f"eye = {json.dumps(table_map.eye)}  # both were recorded: left, right or, for samples, mean"]
    reading = [f"reading = {json.dumps(table_map.reading)}  # no message begins a trial"]
    return (eye if table_map.eye else []) + (reading if table_map.reading else [])


def _of_table(name: str, frame: pd.DataFrame, rejects: Rejects) -> list[str]:
    faults = [fault for found in rejects.rows.values() for fault in found]
    readings = frame["reading"].nunique()
    words = [f"{len(frame):,} rows in {readings:,} reading{'' if readings == 1 else 's'}", f"{len(faults):,} rejects"]
    if name == "samples":
        words += [f"{_rate(frame):.4g} Hz", f"{_loss(frame):.1%} lost"]
    lines = [f"{name}: {', '.join(words)}"]
    for fault in faults[:_REJECTS_SHOWN]:
        column = f", column {fault.column!r}" if fault.column else ""
        lines.append(f"  row {fault.row}{column}: expected {fault.expected}; got {fault.got}")
    more = len(faults) - _REJECTS_SHOWN
    lines += [f"  and {more:,} more"] if more > 0 else []
    left = [(what, count) for (what, *_), count in rejects.left_out.items() if count and not what.endswith(LEFT_BY_MAP)]
    lines += [f"  {count:,} {what}" for what, count in left]
    return lines + [f"  {note.partition(': ')[2]}" for note in rejects.notes.values()]


def _without_path(text: str, file: Path) -> str:
    return text.replace(f"{file}: ", "").replace(f"{file}, ", "").replace(str(file), file.name)


def _rejected(rejects: Rejects) -> int:
    return sum(len(found) for found in rejects.rows.values())


def _repeated(made: TableMap) -> list[str]:
    return [f"{name} repeated" for name in made.distinct] if isinstance(made.distinct, list) else []


def _rate(frame: pd.DataFrame) -> float:
    """Samples a second, by the median interval within readings."""
    steps = frame["t"].diff()[frame["reading"].eq(frame["reading"].shift())].to_numpy(float)
    steps = steps[steps > 0]
    return 1000.0 / float(np.median(steps)) if len(steps) else float("nan")


def _loss(frame: pd.DataFrame) -> float:
    """Share of samples without a place, or said not to be valid."""
    lost = frame["x"].isna() | frame["y"].isna()
    return float((lost | ~frame["valid"] if "valid" in frame else lost).mean())
