"""The lines of a file of delimited text: which of them are its header, its rows, and neither."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from gazeanalytics.io.unpacking import MAX_UNPACKED_MB, as_utf8, check_file, line_as_utf8, read_blocks, read_bytes
from gazeanalytics.tables import InputError, shown

__all__ = ["Dialect", "Span", "Text", "head_of", "looks_numeric", "names_of", "text_of"]

# A header lies within so many bytes, or the file is read whole to find it.
_HEAD_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Span:
    """Some whole lines of a file of delimited text.

    Attributes
    ----------
    first : bytes
        The header of the file; empty where it has none.
    start, stop : int
        Bytes of the file.
    line : int
        Number of the line at `start`, counted from 1.
    count : int
        Lines that it holds; 0 where they are not counted.
    """

    first: bytes
    start: int
    stop: int
    line: int
    count: int

    def read(self, path: Path) -> bytes:
        """The bytes, as they are in the file."""
        with path.open("rb") as stream:
            stream.seek(self.start)
            return stream.read(self.stop - self.start)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file of delimited text is written.

    Attributes
    ----------
    delimiter : str
        Between cells.
    encoding : str or None
        None: UTF-8, and windows-1252 with a note where it is not that. A byte-order mark overrules it.
    skip : int
        Lines before the header.
    comment : str
        Lines that begin with it are passed over.
    names : tuple of str
        Names of the columns of a file without a header.
    pass_over : str
        Lines that fit this regular expression are no rows.
    header : str
        How the header begins; lines before it are passed over, and so are headers that come again.
    block : str
        Lines that fit this regular expression begin a block and are no rows.
    max_unpacked_mb : float
        How large a packed file may become.
    span : Span or None
        Which lines of the file to read; None for all.
    """

    delimiter: str = ","
    encoding: str | None = None
    skip: int = 0
    comment: str = ""
    names: tuple[str, ...] = ()
    pass_over: str = ""
    header: str = ""
    block: str = ""
    max_unpacked_mb: float = MAX_UNPACKED_MB
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A file's text from its header on.

    Attributes
    ----------
    body : bytes
        Rows, UTF-8, ended by line feeds, without the header.
    names : list of str
        Of the columns, empty for a phantom one.
    lines : numpy.ndarray of int64
        The number in the file of each line of `body`, counted from 1.
    encoding : str
        What the file is in.
    passed : int
        Lines that `pass_over` took for no rows, and headers that come again.
    blocks : numpy.ndarray of int64
        Numbers of the lines that begin a block.
    """

    body: bytes
    names: list[str]
    lines: np.ndarray
    encoding: str
    passed: int = 0
    blocks: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))


def text_of(path: Path, dialect: Dialect) -> Text:
    """Find the header and the rows of a file.

    Raises
    ------
    InputError
        If the file is absent, empty or truncated, or has no header of the kind that the dialect says.
    """
    if dialect.span is not None:
        return _text_of_span(path, dialect, dialect.span)
    data, encoding = as_utf8(read_bytes(path, max_unpacked_mb=dialect.max_unpacked_mb), path, dialect.encoding)
    data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    start, line = _start(path, data, dialect)
    if dialect.names:
        names, first = list(dialect.names), b""
    else:
        stop = data.find(b"\n", start)
        stop = len(data) if stop < 0 else stop
        first = data[start:stop]
        names = _names(path, first, dialect.delimiter, line)
        start, line = min(stop + 1, len(data)), line + 1
    body = data[start:] if start else data
    count = body.count(b"\n") + (not body.endswith(b"\n") and bool(body))
    lines = np.arange(line, line + count, dtype=np.int64)
    return _rows(_Found(body, lines), names, first, encoding, dialect, data[: len(data) - len(body)])


def _text_of_span(path: Path, dialect: Dialect, span: Span) -> Text:
    data, encoding = as_utf8(span.read(path), path, dialect.encoding)
    data = data.replace(b"\r\n", b"\n")
    lines = np.arange(span.line, span.line + data.count(b"\n") + (not data.endswith(b"\n")), dtype=np.int64)
    return _rows(_Found(data, lines), _names_in(path, span, dialect), span.first, encoding, dialect, b"")


def _names_in(path: Path, span: Span, dialect: Dialect) -> list[str]:
    return list(dialect.names) or _names(path, line_as_utf8(span.first), dialect.delimiter, span.line - 1)


def names_of(path: Path, dialect: Dialect) -> list[str]:
    """Names of the columns; of a long file, by its first lines alone."""
    if dialect.span is not None:
        return _names_in(path, dialect.span, dialect)
    check_file(path)
    head = head_of(path, dialect) if path.stat().st_size > 2 * _HEAD_BYTES else None
    return text_of(path, dialect).names if head is None else head[1]


def head_of(path: Path, dialect: Dialect) -> tuple[Span, list[str]] | None:
    """Span of all rows, and names of the columns, by the first lines; None where these don't show the header."""
    data = next(read_blocks(path, size=_HEAD_BYTES, max_unpacked_mb=dialect.max_unpacked_mb), b"")
    bom = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0
    with path.open("rb") as stream:
        packed = stream.read(len(data)) != data
    if packed or b"\x00" in data or b"\n" not in data:
        return None
    data = data[bom : data.rfind(b"\n") + 1]
    try:
        start, line = _start(path, data, dialect)
        stop = start if dialect.names else data.index(b"\n", start) + 1
        first = data[start:stop].rstrip(b"\r\n")
        span = Span(first, bom + stop, path.stat().st_size, line + (not dialect.names), 0)
        return span, _names_in(path, span, dialect)
    except (InputError, ValueError):
        return None


@dataclass(slots=True)
class _Found:
    """Lines that are left, and their numbers in the file."""

    body: bytes
    lines: np.ndarray

    def without(self, passed: Callable[[bytes], bool]) -> np.ndarray:
        """Take out the lines that `passed` says, and return their numbers."""
        rows = self.body.split(b"\n")
        taken = np.array([passed(row) for row in rows[: len(self.lines)]], dtype=bool)
        if not taken.any():
            return np.empty(0, np.int64)
        self.body = b"\n".join([row for row, out in zip(rows, taken, strict=False) if not out]) + b"\n"
        numbers, self.lines = self.lines[taken], self.lines[~taken]
        return numbers


def _rows(found: _Found, names: list[str], first: bytes, encoding: str, dialect: Dialect, before: bytes) -> Text:
    """Leave out comments, repeated headers, lines of blocks and messages."""
    mark = dialect.comment.encode()
    if mark and b"\n" + mark in b"\n" + found.body:
        found.without(lambda row: row.startswith(mark))
    blocks = np.empty(0, np.int64)
    if dialect.block:
        begins = re.compile(dialect.block.encode())
        earlier = [place for place, row in enumerate(before.split(b"\n"), 1) if begins.search(row)]
        blocks = np.append(np.array(earlier, dtype=np.int64), found.without(lambda row: begins.search(row) is not None))
    passed = 0
    if dialect.header and first and b"\n" + first in b"\n" + found.body:
        passed += len(found.without(lambda row: row == first))
    if dialect.pass_over:
        no_row = re.compile(dialect.pass_over.encode())
        passed += len(found.without(lambda row: no_row.search(row) is not None))
    return Text(found.body, names, found.lines, encoding, passed, blocks)


def _start(path: Path, data: bytes, dialect: Dialect) -> tuple[int, int]:
    """Where the header begins, and the number of its line."""
    if dialect.header:
        at = (b"\n" + data).find(b"\n" + dialect.header.encode())
        if at < 0:
            raise InputError(
                f"{path}: expected a line that begins with {shown(dialect.header)}; got none; correct header in "
                "study.toml"
            )
        return at, data.count(b"\n", 0, at) + 1
    skip = dialect.skip
    if skip == 0 and data[:4] == b"sep=":  # a line for spreadsheets, never part of a table
        skip = 1
    start, line = _after_lines(path, data, skip)
    mark = dialect.comment.encode()
    while mark and data.startswith(mark, start):
        start, line = data.find(b"\n", start) + 1 or len(data), line + 1
    return start, line


def _after_lines(path: Path, data: bytes, skip: int) -> tuple[int, int]:
    start = 0
    for _ in range(skip):
        stop = data.find(b"\n", start)
        if stop < 0:
            raise InputError(f"{path}: has fewer than skip = {skip} lines; correct skip in study.toml")
        start = stop + 1
    return start, skip + 1


def looks_numeric(name: str) -> bool:
    """Whether the name of a column is a number, as in a file whose first line is a row.

    Examples
    --------
    >>> looks_numeric("512.4"), looks_numeric("x")
    (True, False)
    """
    try:
        float(name)
    except ValueError:
        return False
    return True


def _names(path: Path, line: bytes, delimiter: str, row: int) -> list[str]:
    text = line.decode(errors="replace").strip("\x00")
    if "\x00" in text:
        raise InputError(f"{path}, row {row}: a NUL byte in the header; copy the file again, or correct that row")
    try:
        names = [name.strip() for name in next(csv.reader([text], delimiter=delimiter), [])]
    except csv.Error as error:
        raise InputError(f"{path}, row {row}: expected names of columns; got a damaged header ({error})") from None
    if len(names) > 1 and any(names) and all(map(looks_numeric, filter(None, names))):
        raise InputError(
            f"{path}, row {row}: expected names of columns; got the numbers {', '.join(names[:4])}; if the file has no "
            "header, say names = ['t', 'x', 'y', ...] in study.toml"
        )
    twice = sorted({name for name in names if names.count(name) > 1 and name})
    if twice:
        named = ", ".join(map(repr, twice))
        raise InputError(f"{path}, row {row}: duplicate column {named} in the header; rename one of each")
    if not any(names):
        raise InputError(f"{path}, row {row}: expected names of columns; got none; correct the header or give names")
    return names
