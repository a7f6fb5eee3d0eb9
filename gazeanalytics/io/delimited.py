"""Delimited text cell by cell, as text: broken rows are set aside with the number that an editor would show."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv

from gazeanalytics.io.lines import Dialect, Text, looks_numeric, names_of, text_of
from gazeanalytics.io.stray_quotes import rows_over_lines
from gazeanalytics.tables import InputError, Rejects, SetAside, nearest, shown

__all__ = ["cut", "read_delimited", "read_names", "require"]


def read_names(path: Path, dialect: Dialect) -> list[str]:
    """Names of the columns, in order, phantom ones left out."""
    return [name for name in names_of(path, dialect) if name]


def read_delimited(
    path: Path, columns: Sequence[str] | None, dialect: Dialect, rejects: Rejects | None = None
) -> tuple[pd.DataFrame, list[SetAside]]:
    """Read some columns of delimited text as text, and the number of the block where the dialect says what begins one.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    columns : sequence of str, optional
        Which columns; default all.
    dialect : Dialect
        How it is written.
    rejects : Rejects, optional
        Takes notes of the encoding and of phantom columns.

    Returns
    -------
    frame : pandas.DataFrame
        Indexed by the row's number in the file less 2, so that the row after a first line of header is 0.
    broken : list of SetAside
        Rows that have too few or too many cells, hold a NUL byte, or swallow others by a stray quote.

    Raises
    ------
    InputError
        If the file is absent, empty, truncated or lacks a column.
    """
    text = text_of(path, dialect)
    if text.encoding == "windows-1252" and rejects is not None and not dialect.encoding:
        rejects.note(path, "is not UTF-8 text; read as windows-1252, say encoding = '...' in study.toml if it is not")
    if rejects is not None and text.passed:
        rejects.leave_out("lines passed over", path, text.passed)
    require(path, columns, text.names)
    if columns is None and (other := _other_delimiter(text.names)):
        raise InputError(f"{path}: has a header delimited by {other!r}; say delimiter = {other!r} in study.toml")
    chosen = list(dict.fromkeys(columns)) if columns is not None else [name for name in text.names if name]
    body, lines, broken = _without_nul(text)
    body, lines, inside, stray = _without_stray_quotes(body, lines, dialect.delimiter, len(text.names))
    broken += stray
    frame, uneven, numbers = _parsed(path, body, text.names, chosen, dialect.delimiter, inside)
    broken += _uneven_rows(uneven, lines, len(text.names))
    if len(uneven) > 1 and not len(frame):
        raise InputError(broken[-len(uneven)].words(path, _remedy_of_header(text.names)))
    index = lines[numbers[: len(frame)]] - 2 if len(frame) else np.empty(0, np.int64)
    frame.index = pd.Index(index)
    if dialect.block and "block" not in text.names:
        frame["block"] = np.searchsorted(text.blocks, index + 2).astype(str)
    _check_phantoms(path, text, frame, columns, rejects)
    return frame, broken


def _without_nul(text: Text) -> tuple[bytes, np.ndarray, list[SetAside]]:
    """Rows without a NUL byte (a disk's or a network's fault), and the others."""
    if b"\x00" not in text.body:
        return text.body, text.lines, []
    rows = text.body.split(b"\n")
    bad = [place for place, row in enumerate(rows[: len(text.lines)]) if b"\x00" in row]
    faults = [SetAside(int(text.lines[place]), "", "text", f"a NUL byte in {cut(rows[place])}") for place in bad]
    kept = np.setdiff1d(np.arange(len(text.lines)), bad)
    return b"\n".join([rows[place] for place in kept]) + b"\n", text.lines[kept], faults


def _without_stray_quotes(
    body: bytes, lines: np.ndarray, delimiter: str, n_columns: int
) -> tuple[bytes, np.ndarray, np.ndarray, list[SetAside]]:
    """Rows without those that hold a stray quote, so that the rows that it would swallow are read."""
    spans = rows_over_lines(body, delimiter, n_columns)
    if not spans.stray:
        return body, lines, spans.inside, []
    rows = body.split(b"\n")
    faults = []
    for place, count in spans.stray:
        got = f"a stray quote in {cut(rows[place])} that runs on over {count} more line{'s' if count != 1 else ''}"
        faults.append(SetAside(int(lines[place]), "", "a quote that is closed in its cell", got))
    bad = np.array([place for place, _ in spans.stray])
    kept = np.setdiff1d(np.arange(len(lines)), bad)
    inside = np.searchsorted(kept, spans.inside)
    return b"\n".join([rows[place] for place in kept]) + b"\n", lines[kept], inside, faults


def _parsed(
    path: Path, body: bytes, names: list[str], chosen: list[str], delimiter: str, inside: np.ndarray
) -> tuple[pd.DataFrame, list[tuple[int, pyarrow.csv.InvalidRow]], np.ndarray]:
    """Cells as text, rows with another number of cells, and the place in `body` of the first line of each row."""
    if not body.strip(b"\n"):
        return pd.DataFrame({name: pd.Series([], dtype=str) for name in chosen}), [], np.empty(0, np.int64)
    uneven: list[pyarrow.csv.InvalidRow] = []
    # A phantom column needs a name for Arrow.
    unique = [name or f"\x00{place}" for place, name in enumerate(names)]
    phantom = [name for name in unique if name[0] == "\x00"]
    read = [*chosen, *phantom]
    options = pyarrow.csv.ConvertOptions(
        column_types=dict.fromkeys(read, pa.string()), include_columns=read, strings_can_be_null=False
    )
    parse = pyarrow.csv.ParseOptions(
        delimiter=delimiter,
        newlines_in_values=True,
        ignore_empty_lines=len(names) > 1,
        invalid_row_handler=lambda row: uneven.append(row) or "skip",
    )
    # One thread: with more, Arrow doesn't know the number of a row.
    reading = pyarrow.csv.ReadOptions(column_names=unique, use_threads=False, block_size=_block_size(body))
    try:
        table = pyarrow.csv.read_csv(
            io.BytesIO(body), read_options=reading, parse_options=parse, convert_options=options
        )
    except pa.ArrowException as error:
        first = str(error).splitlines()[0]
        raise InputError(f"{path}: can't be read as delimited text ({first}); correct the file") from None
    frame = table.to_pandas()
    places, faults = _places(body, len(frame), uneven, inside, ignore_empty=len(names) > 1)
    return frame, faults, places


def _block_size(body: bytes) -> int:
    """Arrow reads block by block and needs a whole row in each; one long cell must not fail."""
    return min(max(1 << 20, len(body) if len(body) < 1 << 26 else 1 << 26), (1 << 31) - 1)


def _places(
    body: bytes, n_rows: int, uneven: list[pyarrow.csv.InvalidRow], inside: np.ndarray, *, ignore_empty: bool
) -> tuple[np.ndarray, list[tuple[int, pyarrow.csv.InvalidRow]]]:
    """Place in `body` of the first line of every good row, and of every uneven one.

    Arrow numbers rows, editors number lines: they part at empty lines and at line ends inside quotes.
    """
    rows = body.split(b"\n") if ignore_empty and b"\n\n" in b"\n" + body else None
    first = np.arange(body.count(b"\n") + 1) if rows is None else np.flatnonzero([bool(row) for row in rows])
    first = np.setdiff1d(first, inside) if len(inside) else first
    total = n_rows + len(uneven)
    first = first[np.minimum(np.arange(total), len(first) - 1)]
    if not uneven:
        return first, []
    bad = np.array([(row.number or 0) - 1 for row in uneven], dtype=np.int64)
    good = np.setdiff1d(np.arange(total), bad)
    return first[good], [(int(first[place]), row) for place, row in zip(bad, uneven, strict=True)]


def _uneven_rows(
    uneven: Iterable[tuple[int, pyarrow.csv.InvalidRow]], lines: np.ndarray, expected: int
) -> list[SetAside]:
    """Rows with another number of cells than the header."""
    return [
        SetAside(
            int(lines[min(place, len(lines) - 1)]),
            "",
            f"{expected} cells as in the header",
            f"{row.actual_columns} in {cut(row.text.encode())}",
        )
        for place, row in uneven
    ]


def _check_phantoms(
    path: Path, text: Text, frame: pd.DataFrame, columns: Sequence[str] | None, rejects: Rejects | None
) -> None:
    """An empty column without a name (a delimiter too many) is dropped with a note; one with values is an error."""
    phantom = [name for name in frame if str(name).startswith("\x00")]
    filled = [int(str(name)[1:]) + 1 for name in phantom if frame[name].str.strip().ne("").any()]
    for name in phantom:
        del frame[name]
    if filled and columns is None:
        place = ", ".join(map(str, filled))
        raise InputError(
            f"{path}: column {place} has values but no name in the header; name it, or map the columns that you need"
        )
    if phantom and not filled and rejects is not None:
        rejects.note(path, f"{len(phantom)} empty column{'s' if len(phantom) > 1 else ''} without a name dropped")


def _remedy_of_header(names: list[str]) -> str:
    """What to do where no row has as many cells as the header."""
    if len(names) == 1:
        return (
            "no row fits the header: if lines stand before it, say skip = ..., comment = '#', or header = how it "
            "begins; if cells are delimited otherwise, say delimiter = ... in study.toml"
        )
    return "no row fits the header: correct the header, or say skip = ... or names = [...] in study.toml"


def cut(row: bytes) -> str:
    """The start of a raw row, as it is quoted in a message."""
    return shown(row[:60].decode(errors="replace") + ("…" if len(row) > 60 else ""))


def _other_delimiter(names: list[str]) -> str | None:
    """The mark that parts the header, where it isn't the one expected."""
    return next((mark for mark in ";\t|," if len(names) == 1 and mark in names[0]), None)


def require(path: Path, columns: Sequence[str] | None, have: list[str]) -> None:
    """Refuse a file that lacks a column, naming the nearest one that it has."""
    for name in columns or ():
        if name not in have:
            other = _other_delimiter(have)
            if other:
                raise InputError(
                    f"{path}: no column {name!r}, but a header delimited by {other!r}; say delimiter = {other!r} in "
                    "study.toml"
                )
            present = [other for other in have if other]
            hint = ""
            if len(present) <= 2 and present and present[0][:1] in "#*[":
                hint = "; if lines stand before the header, say skip = ... or comment = '#' in study.toml"
            elif any(map(looks_numeric, present)):
                hint = "; if the file has no header, say names = [...] in study.toml"
            raise InputError(
                f"{path}: no column {name!r}; {nearest(name, present)} Correct its name in study.toml{hint}"
            )
