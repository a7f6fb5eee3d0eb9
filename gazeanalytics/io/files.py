"""Files into frames: CSV, TSV, JSON, JSON lines and Parquet, plain, gzipped or zstd, with errors that name the place.

Delimited text comes in as text, cell by cell; `convert` makes numbers of it, so that a word in a number column is
reported with its row.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from gazeanalytics.io.delimited import read_delimited, read_names, require
from gazeanalytics.io.eprime import read_eprime
from gazeanalytics.io.lines import Dialect
from gazeanalytics.io.unpacking import MAX_UNPACKED_MB, as_utf8, check_file, check_unpacked, read_bytes
from gazeanalytics.tables import InputError, Rejects, SetAside

__all__ = ["DELIMITERS", "SUFFIXES", "checked_parquet", "format_of", "read_columns", "read_header", "read_rows"]

SUFFIXES = {".csv": "csv", ".tsv": "tsv", ".txt": "tsv", ".json": "json", ".jsonl": "jsonl", ".parquet": "parquet"}
DELIMITERS = {"csv": ",", "tsv": "\t"}

_MOST_COLUMNS = 2_000
_PACKED = (".gz", ".zst")


def format_of(path: Path) -> str:
    """Name the format of a file by its ending, `.gz` and `.zst` put aside.

    Examples
    --------
    >>> format_of(Path("fixations.csv.gz"))
    'csv'
    """
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() not in _PACKED]
    known = SUFFIXES.get(suffixes[-1]) if suffixes else None
    if known is None and suffixes[-1:] == [".asc"]:
        raise InputError(f"{path}: looks like an EyeLink recording; say format = 'eyelink' in study.toml")
    if known is None:
        raise InputError(f"{path}: no known ending; name the file {', '.join(SUFFIXES)} or say format = in study.toml")
    return known


def read_header(path: Path, *, kind: str | None = None, dialect: Dialect | None = None) -> list[str]:
    r"""Names of the columns of a file, in order.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "gaze.csv")
    ...     _ = path.write_text("read_id,ts,px,py\n1,0,5,7\n")
    ...     read_header(path)
    ['read_id', 'ts', 'px', 'py']
    """
    kind = kind or format_of(path)
    if kind == "eyelink":
        return []  # its columns have no names of their own
    if kind == "parquet":
        return list(_open_parquet(path).schema_arrow.names)
    if kind == "eprime":
        return [str(name) for name in read_eprime(path)[0].columns]
    if kind in DELIMITERS:
        return read_names(path, dialect or Dialect(DELIMITERS[kind]))
    return [str(name) for name in _read_json(path, kind, dialect or Dialect()).columns]


def read_columns(
    path: Path, columns: Sequence[str] | None = None, *, kind: str | None = None, dialect: Dialect | None = None
) -> pd.DataFrame:
    r"""Read some columns of a file, delimited text as text.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    columns : sequence of str, optional
        Which columns; default all.
    kind : {"csv", "tsv", "json", "jsonl", "parquet"}, optional
        Default: by the file's ending.
    dialect : Dialect, optional
        How delimited text is written; default by kind.

    Raises
    ------
    InputError
        If the file is absent, empty, truncated, lacks a column, or a row has another number of cells than the header.

    Examples
    --------
    Delimited text stays text, so that a unit or a missing code can be declared before a number is made of it:

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "gaze.csv")
    ...     _ = path.write_text("read_id,ts,px,py\n1,0,5,-9999\n")
    ...     read_columns(path, ["read_id", "py"]).to_dict("records")
    [{'read_id': '1', 'py': '-9999'}]
    """
    frame, broken = read_rows(path, columns, kind=kind, dialect=dialect)
    if broken:
        raise InputError(broken[0].words(path, "correct that row or its quotes"))
    return frame.reset_index(drop=True)


def read_rows(
    path: Path,
    columns: Sequence[str] | None = None,
    *,
    kind: str | None = None,
    dialect: Dialect | None = None,
    rejects: Rejects | None = None,
) -> tuple[pd.DataFrame, list[SetAside]]:
    """Read as `read_columns` does, with the rows that could not be parted into cells beside; `rejects` takes notes."""
    kind = kind or format_of(path)
    if kind == "parquet":
        return _read_parquet(path, columns, (dialect or Dialect()).max_unpacked_mb), []
    if kind == "eprime":
        made = dialect or Dialect()
        frame, broken = read_eprime(path, made.encoding, max_unpacked_mb=made.max_unpacked_mb)
        require(path, columns, [str(name) for name in frame.columns])
        return (frame if columns is None else frame.loc[:, list(dict.fromkeys(columns))]), broken
    if kind in DELIMITERS:
        return read_delimited(path, columns, dialect or Dialect(DELIMITERS[kind]), rejects)
    frame = _read_json(path, kind, dialect or Dialect())
    require(path, columns, [str(name) for name in frame.columns])
    return (frame if columns is None else frame.loc[:, list(dict.fromkeys(columns))]), []


def _read_json(path: Path, kind: str, dialect: Dialect) -> pd.DataFrame:
    data, _ = as_utf8(read_bytes(path, max_unpacked_mb=dialect.max_unpacked_mb), path, dialect.encoding)
    try:
        lines = [line for line in data.splitlines() if line.strip()] if kind == "jsonl" else []
        rows = [json.loads(line) for line in lines] if kind == "jsonl" else json.loads(data)
    except ValueError as error:  # no JSON, no text, or a number without end
        raise InputError(f"{path}: is not complete {kind} ({error}); copy it again from its source") from None
    except RecursionError:
        raise InputError(f"{path}: is nested too deeply; expected a list of records, [{{...}}, {{...}}]") from None
    if not (isinstance(rows, list) and all(isinstance(row, dict) for row in rows)):
        raise InputError(f"{path}: must hold a list of records, such as [{{...}}, {{...}}]")
    _check_records(rows, path)
    return pd.DataFrame(rows)


def _check_records(rows: Sequence[Mapping[str, object]], path: Path) -> None:
    """Refuse records that share no columns, and text with half a letter, which no file can hold in UTF-8."""
    names = set().union(*rows)
    if len(names) > _MOST_COLUMNS:
        raise InputError(f"{path}: holds {len(names):,} names of columns; expected records that share their names")
    for number, row in enumerate(rows, 1):
        for name, value in row.items():
            if isinstance(value, str) and not value.isascii() and any("\ud800" <= one <= "\udfff" for one in value):
                raise InputError(
                    f"{path}, record {number}, column {name!r}: holds half a letter (a surrogate such as \\ud800); "
                    "write the file anew as UTF-8"
                )


def _open_parquet(path: Path, max_unpacked_mb: float = MAX_UNPACKED_MB) -> pyarrow.parquet.ParquetFile:
    check_file(path)
    if path.stat().st_size == 0:
        raise InputError(f"{path}: is empty; put the data there or take the table out of study.toml")
    try:
        file = checked_parquet(path)
    except _OtherNamesError as error:
        raise InputError(f"{path}: is damaged ({error}); copy it again from its source") from None
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(
            f"{path}: is not a complete Parquet file ({path.stat().st_size:,} bytes; {_said(error)}); copy it again "
            "from its source"
        ) from None
    # A value takes 8 bytes or, if text, more; flags and small whole numbers are the rest.
    check_unpacked(path, 8 * file.metadata.num_rows * file.metadata.num_columns, max_unpacked_mb)
    return file


def checked_parquet(source: Path | BinaryIO) -> pyarrow.parquet.ParquetFile:
    """Open a Parquet file whose footer agrees with itself; its pages are checked against their sums when read.

    Raises
    ------
    ValueError
        If the footer is damaged; Arrow's own exceptions where it can't read at all.

    Examples
    --------
    >>> import io
    >>> held = io.BytesIO()
    >>> pd.DataFrame({"a": [1, 2]}).to_parquet(held)
    >>> checked_parquet(held).read().num_rows
    2
    """
    file = pyarrow.parquet.ParquetFile(source, page_checksum_verification=True)
    _check_footer(file.metadata)
    _check_names(file)
    return file


class _OtherNamesError(ValueError):
    """A footer that calls a column by two names."""


def _check_names(file: pyarrow.parquet.ParquetFile) -> None:
    """Raise where the two lists of columns in the footer differ, as a flipped bit does: no sum guards a footer."""
    kept = (file.metadata.metadata or {}).get(b"ARROW:schema")
    if kept is None:
        return
    noted = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(kept))).names
    for name, other in zip_longest(file.schema_arrow.names, noted):
        if name != other:
            raise _OtherNamesError(f"column {name!r} is called {other!r} in another place of its footer")


def _check_footer(footer: pyarrow.parquet.FileMetaData) -> None:
    """Raise a ValueError where counts of rows contradict one another: Arrow makes room for all that are promised.

    Columns aren't asked: over a damaged one, pyarrow's `RowGroupMetaData.column` ends the whole process.
    """
    rows = [footer.row_group(number).num_rows for number in range(footer.num_row_groups)]
    if sum(rows) != footer.num_rows or min(rows, default=0) < 0:
        raise ValueError(f"{footer.num_rows:,} rows in all, but {sum(rows):,} in its parts")


def _read_parquet(path: Path, columns: Sequence[str] | None, max_unpacked_mb: float) -> pd.DataFrame:
    file = _open_parquet(path, max_unpacked_mb)
    names = list(file.schema_arrow.names)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"{path}: duplicate column {', '.join(map(repr, twice))}; rename one of each")
    require(path, columns, names)
    try:
        table = file.read(columns=list(dict.fromkeys(columns)) if columns is not None else None)
        table.validate(full=True)  # text that isn't UTF-8 would raise only when a cell of it is shown
        # What a writer kept as its index is a column like any other; what pandas notes of it in the file isn't read.
        frame = table.replace_schema_metadata(None).to_pandas()
        if frame.shape[0] != file.metadata.num_rows:
            raise ValueError(f"{frame.shape[0]} rows of {file.metadata.num_rows}")
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError, OverflowError, MemoryError) as error:
        raise InputError(f"{path}: is damaged ({_said(error)}); copy it again from its source") from None
    if not frame.columns.is_unique:
        raise InputError(f"{path}: duplicate column {frame.columns[frame.columns.duplicated()][0]!r}; rename one")
    return _plain(frame)


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Decimals become floats; other columns stay as Arrow gives them."""
    for name in frame:
        column = frame[name]
        if column.dtype == object and len(column) and type(column.dropna().iloc[:1].squeeze()).__name__ == "Decimal":
            frame[name] = column.astype(float)
    frame.index = pd.RangeIndex(len(frame)) if len(frame) else pd.Index(np.empty(0, np.int64))
    return frame


def _said(error: BaseException) -> str:
    """The first line of what a library says, in at most 160 letters."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:160]
