"""Quotes that run over line ends: those of cells of several lines, and stray ones that swallow rows."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

__all__ = ["Spans", "rows_over_lines"]

# Rows outside quotes that show what the cells of a column look like.
_EXAMPLES = 1_000
# A column whose cells look alike in so many ways at most says what a row is; text of people does not.
_MAX_SHAPES = 3


@dataclass(frozen=True, slots=True)
class Spans:
    """Rows that take several lines, by places of lines.

    Attributes
    ----------
    inside : numpy.ndarray of int64
        Lines within a quoted cell that began on a line above.
    stray : list of (int, int)
        Lines that hold a stray quote, and how many lines it would swallow.
    """

    inside: np.ndarray
    stray: list[tuple[int, int]]


def rows_over_lines(body: bytes, delimiter: str, n_columns: int) -> Spans:
    """Find quotes that are open at the end of a line, and part those of long cells from stray ones.

    A quote is stray when it is never closed, when its row has another number of cells than the header, or when most of
    the lines in it look like rows of the table: the same number of cells, and of their shape.

    Parameters
    ----------
    body : bytes
        Rows, ended by line feeds.
    delimiter : str
        Between cells.
    n_columns : int
        Cells of a row.
    """
    if b'"' not in body:
        return Spans(np.empty(0, np.int64), [])
    lines = body.split(b"\n")
    quotes = np.array([line.count(b'"') for line in lines])
    # A line with an even number of quotes closes what it opens.
    odd, any_quote = np.flatnonzero(quotes % 2), np.flatnonzero(quotes)
    mark = delimiter.encode()
    inside: list[int] = []
    stray: list[tuple[int, int]] = []
    rows: _Rows | None = None
    at = -1
    for begin in odd.tolist():
        if begin <= at or not _is_open(lines[begin], mark, opened=False):
            continue
        end = next((one for one in _after(any_quote, begin) if not _is_open(lines[one], mark, opened=True)), None)
        rows = rows or _Rows(lines, quotes, delimiter, n_columns)
        if end is None or rows.swallowed(begin, end):
            last = len(lines) - 1 - (not lines[-1]) if end is None else end
            stray.append((begin, last - begin))
        else:
            inside.extend(range(begin + 1, end + 1))
            at = end
    return Spans(np.array(inside, dtype=np.int64), stray)


def _after(places: np.ndarray, begin: int) -> Iterator[int]:
    # One by one: the next but few lines close a quote, and a list of all that follow would take quadratic time.
    for at in range(int(np.searchsorted(places, begin, side="right")), len(places)):
        yield int(places[at])


def _is_open(line: bytes, mark: bytes, *, opened: bool) -> bool:
    """Whether a quoted cell goes on after a line; quotes within cells that don't begin with one are letters."""
    at = 0
    while True:
        if opened:
            at = line.find(b'"', at)
            if at < 0:
                return True
            doubled = line[at + 1 : at + 2] == b'"'
            opened, at = doubled, at + 1 + doubled
        elif line[at : at + 1] == b'"':
            opened, at = True, at + 1
        else:
            at = line.find(mark, at) + 1
            if at == 0:
                return False


class _Rows:
    """What rows of a table look like: cells, and the shapes of the columns that have few."""

    def __init__(self, lines: list[bytes], quotes: np.ndarray, delimiter: str, n_columns: int) -> None:
        self.lines, self.delimiter, self.n_columns = lines, delimiter, n_columns
        whole = [lines[place] for place in np.flatnonzero(quotes % 2 == 0)[:_EXAMPLES] if lines[place]]
        cells = [row for row in map(self._cells, whole) if len(row) == n_columns]
        shapes = [{_shape(cell) for cell in column} for column in zip(*cells, strict=True)]
        self.known = {place: found for place, found in enumerate(shapes) if len(found) <= _MAX_SHAPES}

    def swallowed(self, begin: int, end: int) -> bool:
        """Whether the lines after `begin`, up to `end`, were rows of their own."""
        text = b"\n".join(self.lines[begin : end + 1])
        if len(self._cells(text)) != self.n_columns:
            return True
        within = [line for line in self.lines[begin + 1 : end + 1] if line.strip()]
        alike = sum(map(self._is_row, within))
        return self.n_columns > 1 and bool(within) and alike > 0.5 * len(within)

    def _is_row(self, line: bytes) -> bool:
        cells = self._cells(line)
        if len(cells) != self.n_columns or not self.known:
            return False
        return all(_shape(cells[place]) in found for place, found in self.known.items())

    def _cells(self, text: bytes) -> list[str]:
        try:
            return next(
                csv.reader(text.decode(errors="replace").splitlines(keepends=True), delimiter=self.delimiter), []
            )
        except csv.Error:
            return []


def _shape(cell: str) -> str:
    """A cell with its letters and digits kept apart only: 'c12' and 'c7' are alike, 'c12' and '7.5' are not."""
    return re.sub(r"[^\W\d]+", "a", re.sub(r"\d+", "9", cell.strip()))
