"""Files into frames: CSV, TSV, JSON, JSON lines and Parquet, plain or gzipped, with errors that name the place.

Delimited text comes in as text, cell by cell; `columns.convert` makes numbers of it, so that a word in a number column
is reported with its row. Nothing is guessed but the encoding's byte-order mark.
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from gazeanalytics.tables import InputError, nearest

__all__ = ["SUFFIXES", "format_of", "read_columns", "read_header"]

SUFFIXES = {".csv": "csv", ".tsv": "tsv", ".txt": "tsv", ".json": "json", ".jsonl": "jsonl", ".parquet": "parquet"}

_DELIMITERS = {"csv": ",", "tsv": "\t"}
_BYTE_ORDER_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}


def format_of(path: Path) -> str:
    """Name the format of a file by its ending, `.gz` put aside.

    Examples
    --------
    >>> format_of(Path("fixations.csv.gz"))
    'csv'
    """
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    known = SUFFIXES.get(suffixes[-1]) if suffixes else None
    if known is None:
        raise InputError(f"{path}: no known ending; name the file {', '.join(SUFFIXES)} or say format = in study.toml")
    return known


def read_header(path: Path, *, kind: str | None = None, delimiter: str | None = None) -> list[str]:
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
    if kind == "parquet":
        return list(_open_parquet(path).schema_arrow.names)
    if kind in _DELIMITERS:
        first = _read_bytes(path).split(b"\n", 1)[0]
        return _names(path, first, delimiter or _DELIMITERS[kind])
    return [str(name) for name in _read_json(path, kind).columns]


def read_columns(
    path: Path,
    columns: Sequence[str] | None = None,
    *,
    kind: str | None = None,
    delimiter: str | None = None,
    encoding: str = "utf-8",
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
    delimiter : str, optional
        Of delimited text; default by kind.
    encoding : str
        Of text; a byte-order mark overrules it.

    Raises
    ------
    InputError
        If the file is absent, empty, truncated, or lacks a column.

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
    kind = kind or format_of(path)
    if kind == "parquet":
        return _read_parquet(path, columns)
    if kind in _DELIMITERS:
        return _read_delimited(path, columns, delimiter or _DELIMITERS[kind], encoding)
    frame = _read_json(path, kind)
    _require(path, columns, [str(name) for name in frame.columns])
    return frame if columns is None else frame.loc[:, list(dict.fromkeys(columns))]


def _read_bytes(path: Path) -> bytes:
    if path.is_dir():
        raise InputError(f"{path}: is a folder, not a file")
    try:
        data = path.read_bytes()
        # By content, not by ending: browsers unpack .gz files and keep their name.
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; correct `file` in study.toml") from None
    except PermissionError:
        raise InputError(f"{path}: permission denied; ask for read access") from None
    except (EOFError, gzip.BadGzipFile, OSError) as error:
        raise InputError(f"{path}: is truncated or damaged ({error}); copy it again from its source") from None
    if not data.strip():
        raise InputError(f"{path}: is empty; put the data there or take the table out of study.toml")
    return data


def _names(path: Path, line: bytes, delimiter: str) -> list[str]:
    mark = next((code for start, code in _BYTE_ORDER_MARKS.items() if line.startswith(start)), "utf-8")
    text = line.decode(mark, errors="replace").strip("\r\n\x00")
    names = [name.strip().strip('"') for name in text.split(delimiter)]
    twice = sorted({name for name in names if names.count(name) > 1 and name})
    if twice:
        raise InputError(f"{path}, row 1: duplicate column {twice[0]!r} in the header; rename one")
    return names


def _read_delimited(path: Path, columns: Sequence[str] | None, delimiter: str, encoding: str) -> pd.DataFrame:
    data = _read_bytes(path)
    mark = next((code for start, code in _BYTE_ORDER_MARKS.items() if data.startswith(start)), encoding)
    if mark != "utf-8":
        data = data.decode(mark).encode()
    # Arrow takes a bare carriage return for part of a cell.
    data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b"\x00" in data:
        row = data[: data.index(b"\x00")].count(b"\n") + 1
        raise InputError(f"{path}, row {row}: holds a NUL byte; copy the file again or repair that row")
    names = _names(path, data.split(b"\n", 1)[0], delimiter)
    _require(path, columns, names)
    chosen = list(dict.fromkeys(columns)) if columns is not None else [name for name in names if name]
    options = pyarrow.csv.ConvertOptions(
        column_types=dict.fromkeys(chosen, pa.string()), include_columns=chosen, strings_can_be_null=False
    )
    if b"\n" not in data.strip(b"\n"):
        return pd.DataFrame({name: pd.Series([], dtype=str) for name in chosen})
    uneven: list[pyarrow.csv.InvalidRow] = []
    parse = pyarrow.csv.ParseOptions(
        delimiter=delimiter, newlines_in_values=True, invalid_row_handler=lambda row: uneven.append(row) or "skip"
    )
    # One thread: with more, Arrow doesn't know the number of a row.
    reading = pyarrow.csv.ReadOptions(column_names=names, skip_rows=1, use_threads=False)
    try:
        table = pyarrow.csv.read_csv(
            io.BytesIO(data), read_options=reading, parse_options=parse, convert_options=options
        )
    except pa.ArrowInvalid as error:
        raise InputError(_arrow_error(path, error)) from None
    if uneven:
        row = uneven[0]
        place = f"{path}, row {row.number}" if row.number else str(path)
        raise InputError(
            f"{place}: has {row.actual_columns} cells where the header has {row.expected_columns}; correct that row or "
            "its quotes"
        )
    return table.to_pandas()


def _arrow_error(path: Path, error: Exception) -> str:
    """Reword what Arrow says."""
    if "UTF8" in str(error) or "utf" in str(error).lower():
        return f"{path}: is not UTF-8 text; say its encoding in study.toml, for example encoding = 'latin-1'"
    return f"{path}: can't be read as delimited text ({str(error).splitlines()[0]}); correct the file"


def _read_json(path: Path, kind: str) -> pd.DataFrame:
    data = _read_bytes(path)
    try:
        lines = [line for line in data.splitlines() if line.strip()]
        rows = [json.loads(line) for line in lines] if kind == "jsonl" else json.loads(data)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: is not complete {kind} ({error}); copy it again from its source") from None
    if not (isinstance(rows, list) and all(isinstance(row, dict) for row in rows)):
        raise InputError(f"{path}: must hold a list of records, such as [{{...}}, {{...}}]")
    return pd.DataFrame(rows)


def _open_parquet(path: Path) -> pyarrow.parquet.ParquetFile:
    if not path.exists():
        raise InputError(f"{path}: no such file; correct `file` in study.toml")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: is empty; put the data there or take the table out of study.toml")
    try:
        return pyarrow.parquet.ParquetFile(path, page_checksum_verification=True)
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"{path}: is not a complete Parquet file ({error}); copy it again from its source") from None


def _read_parquet(path: Path, columns: Sequence[str] | None) -> pd.DataFrame:
    file = _open_parquet(path)
    _require(path, columns, list(file.schema_arrow.names))
    try:
        return file.read(columns=list(dict.fromkeys(columns)) if columns is not None else None).to_pandas()
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"{path}: is damaged ({error}); copy it again from its source") from None


def _require(path: Path, columns: Sequence[str] | None, have: list[str]) -> None:
    for name in columns or ():
        if name not in have:
            other = next((mark for mark in ";\t|" if len(have) == 1 and mark in have[0]), None)
            if other:
                raise InputError(
                    f"{path}: no column {name!r}, but a header delimited by {other!r}; say delimiter = {other!r} in "
                    "study.toml"
                )
            raise InputError(f"{path}: no column {name!r}; {nearest(name, have)} Correct its name in study.toml")
