"""Long files of samples in parts of whole readings, so that memory does not grow with the file."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path

import numpy as np
import pandas as pd

from gazeanalytics.io.cells import fits
from gazeanalytics.io.delimited import read_delimited
from gazeanalytics.io.files import DELIMITERS, format_of
from gazeanalytics.io.lines import Dialect, Span, head_of
from gazeanalytics.io.maps import TableMap
from gazeanalytics.io.recognising import concrete

__all__ = ["Part", "parts_of"]

# Rows take some five times the memory of their text while they are converted, on each thread.
_PART_BYTES = 24_000_000
_WHOLE_BYTES = 4 * _PART_BYTES


@dataclass(frozen=True, slots=True)
class Part:
    """A file of a table, or some whole readings of a long one.

    Attributes
    ----------
    file : pathlib.Path
        The file.
    span : Span or None
        Which bytes and lines of it; None for all.

    Examples
    --------
    >>> Part(Path("samples.csv")).span is None
    True
    """

    file: Path
    span: Span | None = None

    @property
    def name(self) -> str:
        """Name of the file."""
        return self.file.name

    @property
    def lines(self) -> range | None:
        """Numbers of the lines that it holds; None for a whole file."""
        return None if self.span is None else range(self.span.line, self.span.line + self.span.count)


def parts_of(file: Path, name: str, table_map: TableMap | None = None) -> list[Part]:
    r"""Parts of one file that can be read one by one: of long delimited text of samples, else the whole file.

    Parameters
    ----------
    file : pathlib.Path
        The file.
    name : str
        A key of `tables.TABLES`.
    table_map : TableMap, optional
        The map; None: the file holds our own names and units.

    Returns
    -------
    list of Part
        In the order of the file. It is whole where the rows of a reading don't lie together, where a cell runs over
        lines, and where the file is packed or not in an encoding that contains ASCII.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "samples.csv")
    ...     _ = path.write_text("reading,t,x,y\n1,0,5,7\n")
    ...     len(parts_of(path, "samples"))
    1
    """
    table_map = table_map or TableMap(file=file.name)
    if name != "samples" or table_map.format == "eyelink" or file.stat().st_size <= _WHOLE_BYTES:
        return [Part(file)]
    table_map = concrete(table_map, name, file)
    kind = table_map.format or format_of(file)
    head = head_of(file, table_map.dialect(kind)) if kind in DELIMITERS and _by_lines(table_map) else None
    if head is None:
        return [Part(file)]
    span, names = head
    columns = [one for one in _keys(table_map) if one in names]
    if not columns:
        return [Part(file)]
    cuts = _cuts(file, table_map, replace(table_map.dialect(kind), span=span), columns)
    return [Part(file, one) for one in cuts] or [Part(file)]


def _by_lines(table_map: TableMap) -> bool:
    """Whether rows stand in lines of their own and mean the same in any part of the file."""
    plain = codecs.lookup(table_map.encoding or "utf-8").name in ("utf-8", "cp1252", "iso8859-1", "ascii")
    return plain and not (table_map.explode or table_map.block or table_map.header)


def _keys(table_map: TableMap) -> list[str]:
    if table_map.native:
        return ["reading"]
    source = table_map.columns.get("reading")
    return table_map.reading or (source.reads if source else [])


@dataclass(slots=True)
class _Readings:
    """Readings met so far; whether the rows of each lie together."""

    seen: set[str]
    last: str | None = None

    def begin(self, keys: pd.Series) -> pd.Series | None:
        """Rows at which a reading begins; None where one begins again after others."""
        codes = pd.factorize(keys)[0]
        runs = keys[np.append(True, codes[1:] != codes[:-1])[: len(keys)]]
        runs = runs.iloc[1:] if len(runs) and runs.iloc[0] == self.last else runs
        names = set(runs)
        if len(names) < len(runs) or names & self.seen:
            return None
        self.seen |= names
        self.last = keys.iloc[-1] if len(keys) else self.last
        return runs


def _cuts(file: Path, table_map: TableMap, dialect: Dialect, columns: list[str]) -> list[Span]:
    """Spans of whole readings; none where the file can't be cut, or no row is one to keep."""
    met, found = _Readings(set()), []
    whole = dialect.span or Span(b"", 0, 0, 1, 0)
    start = whole.start
    line = last = whole.line
    for block, text in _blocks(file, whole):
        last = block.line + block.count
        # A cell that runs over lines could be cut in two.
        if text.count(b'"') % 2 or (b"\r" in text and text.count(b"\r") > text.count(b"\r\n")):
            return []
        rows, _ = read_delimited(file, [*columns, *table_map.keep], replace(dialect, span=block))
        for name, rule in table_map.keep.items():
            rows = rows[fits(rows[name], rule)]
        begun = met.begin(reduce(lambda one, other: one + "|" + other, (rows[name] for name in columns)))
        if begun is None:
            return []
        if not len(begun):
            continue
        cut_line = int(str(begun.index[-1])) + 2
        ends = np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\n"))
        at = block.start + (int(ends[cut_line - block.line - 1]) + 1 if cut_line > block.line else 0)
        if at > start:
            found.append(Span(whole.first, start, at, line, cut_line - line))
            start, line = at, cut_line
    found.append(Span(whole.first, start, whole.stop, line, last - line))
    return [one for one in found if one.stop > one.start] if met.seen else []


def _blocks(file: Path, whole: Span) -> Iterator[tuple[Span, bytes]]:
    """Pieces of whole lines."""
    start, line = whole.start, whole.line
    with file.open("rb") as stream:
        stream.seek(start)
        while text := stream.read(_PART_BYTES) + stream.readline():
            count = text.count(b"\n") + (not text.endswith(b"\n"))
            yield Span(whole.first, start, start + len(text), line, count), text
            start, line = start + len(text), line + count
