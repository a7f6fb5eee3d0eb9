"""Fixation sequences packed for kernels: readings of one reader (and case) together, in an order of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gazeanalytics.ragged import Segments
from gazeanalytics.tables import check

__all__ = ["Paths", "comparable", "pack", "sortable"]


@dataclass(frozen=True, slots=True)
class Paths:
    """Sequences of many readings, sorted, so that nothing depends on the order of the table.

    Attributes
    ----------
    points : numpy.ndarray, shape (fixations, columns)
    readings : pandas.DataFrame, one row a sequence
        reading and the columns that were asked for.
    edges : numpy.ndarray of int64, shape (sequences + 1,)
        Rows where sequences begin and end; a sequence may be empty.
    dropped : int
        Fixations left out, for they lack a coordinate.

    Examples
    --------
    >>> paths = Paths(np.zeros((5, 2)), pd.DataFrame({"reading": [1, 2], "reader": "ann"}), np.array([0, 2, 5]), 0)
    >>> paths.sequences().lengths, paths.stretches(["reader"])[1].lengths
    (array([2, 3]), array([5]))
    """

    points: np.ndarray
    readings: pd.DataFrame
    edges: np.ndarray
    dropped: int

    def sequences(self) -> Segments:
        """Return each sequence as a slice of rows."""
        return Segments(pd.Index(np.arange(len(self.readings))), self.edges[:-1], self.edges[1:])

    def stretches(self, by: Sequence[str]) -> tuple[pd.DataFrame, Segments]:
        """Return the keys `by` (one row each, in order) and the rows of all sequences that share one."""
        keys = self.readings[list(by)].reset_index(drop=True)
        first = np.flatnonzero(~keys.duplicated().to_numpy())
        last = np.append(first[1:], len(keys))
        filled = self.edges[last] > self.edges[first]
        first, last = first[filled], last[filled]
        found = keys.iloc[first].reset_index(drop=True)
        return found, Segments(pd.Index(np.arange(len(first))), self.edges[first], self.edges[last])


def sortable(column: pd.Series) -> np.ndarray:
    """Values that sort the same way whatever order categories or rows happen to stand in.

    Examples
    --------
    >>> sortable(pd.Series(pd.Categorical(["b", "a"], categories=["b", "a"])))
    array(['b', 'a'], dtype='<U1')
    """
    if isinstance(column.dtype, pd.CategoricalDtype) or column.dtype.kind not in "biuf":
        return column.astype(str).to_numpy(str)
    return column.to_numpy()


def comparable(one: pd.Series, other: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Keys of two tables as values that can be compared, though one may hold numbers and the other categories.

    Examples
    --------
    >>> comparable(pd.Series([1, 2]), pd.Series([2]).astype("category"))
    (array(['1', '2'], dtype='<U21'), array(['2'], dtype='<U1'))
    """
    first, second = sortable(one), sortable(other)
    if "U" in (first.dtype.kind, second.dtype.kind):
        return first.astype(str), second.astype(str)
    return first, second


def pack(
    fixations: pd.DataFrame, readings: pd.DataFrame, *, by: Sequence[str] = ("reader",), columns: Sequence[str]
) -> Paths:
    """Sort and pack the fixations of readings.

    Parameters
    ----------
    fixations : pandas.DataFrame
        A fixations table.
    readings : pandas.DataFrame
        A readings table: reading, reader, case. Readings that aren't in it are an error.
    by : sequence of str
        Columns of `readings` that sort the readings; those of one key lie together.
    columns : sequence of str
        Columns of `fixations` that make a point.

    Raises
    ------
    TableError
        If a table breaks its contract.
    ValueError
        If a column is absent, or a reading isn't in `readings`.

    Examples
    --------
    >>> fixations = pd.DataFrame({"reading": [2, 2, 1], "onset": [0.0, 200.0, 0.0], "x": [1.0, 2.0, 3.0], "y": 0.0})
    >>> readings = pd.DataFrame({"reading": [2, 1], "reader": "ann", "case": [1, 2]})
    >>> paths = pack(fixations, readings, columns=["x"])
    >>> paths.points.ravel(), paths.edges
    (array([3., 1., 2.]), array([0, 1, 3]))
    """
    check(fixations, "fixations")
    check(readings, "readings")
    for name, frame, needed in (("fixations", fixations, columns), ("readings", readings, by)):
        absent = [column for column in needed if column not in frame.columns]
        if absent:
            raise ValueError(f"{name} needs the column {absent[0]!r}; it has {', '.join(map(str, frame.columns))}")
    order = np.lexsort([sortable(readings[column]) for column in ("reading", *reversed(list(by)))])
    sorted_readings = readings.iloc[order][list(dict.fromkeys(("reading", *by)))].reset_index(drop=True)
    have, sought = comparable(sorted_readings["reading"], fixations["reading"])
    place = pd.Index(have).get_indexer(pd.Index(sought))
    if (place < 0).any():
        stray = fixations["reading"].iloc[int(np.argmin(place))]
        raise ValueError(f"reading {str(stray)!r} has fixations but no row in readings, which names its reader")
    points = fixations[list(columns)].to_numpy(float)
    known = np.isfinite(points).all(axis=1)
    rows = np.flatnonzero(known)
    rows = rows[np.argsort(place[rows], kind="stable")]
    edges = np.searchsorted(place[rows], np.arange(len(sorted_readings) + 1)).astype(np.int64)
    return Paths(np.ascontiguousarray(points[rows]), sorted_readings, edges, int((~known).sum()))
