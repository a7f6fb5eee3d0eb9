"""Pairs of readings, their scanpaths packed for the kernels, and the engine that compares all pairs on threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gazeanalytics import ragged
from gazeanalytics._kernels.gaze.scanpaths import Pairs
from gazeanalytics.geometry import Viewing

__all__ = ["pair_matrix", "pair_readings"]

# Pairs handed to a thread together: enough that the hand-over costs nothing, few enough to even out lengths.
_BLOCK = 256
NOTES = ["", "too few fixations", "missing place", "missing duration"]
_NOTE = pd.CategoricalDtype(NOTES)


@dataclass(frozen=True, slots=True)
class Paths:
    """Scanpaths of all readings, one after another.

    Attributes
    ----------
    found : Segments
        Rows of each reading.
    x, y : numpy.ndarray, shape (fixations,)
        Places, in `unit`.
    duration : numpy.ndarray or None, shape (fixations,)
        Durations in ms; None when the table has none.
    unit : str
        px or deg.
    """

    found: ragged.Segments
    x: np.ndarray
    y: np.ndarray
    duration: np.ndarray | None
    unit: str

    @property
    def placed(self) -> np.ndarray:
        """Readings whose fixations all have a place, bool, shape (readings,)."""
        return ~self._any(np.isnan(self.x) | np.isnan(self.y))

    @property
    def timed(self) -> np.ndarray:
        """Readings whose fixations all have a duration, bool, shape (readings,)."""
        if self.duration is None:
            return np.zeros(len(self.found), bool)
        return ~self._any(np.isnan(self.duration))

    def offsets(self, usable: np.ndarray) -> np.ndarray:
        """First row and row after the last of each path; no rows where it is not usable. Shape (readings, 2)."""
        return np.column_stack([self.found.starts, np.where(usable, self.found.stops, self.found.starts)])

    @property
    def longest(self) -> int:
        """Fixations of the longest path, at least 1."""
        return int(self.found.lengths.max(initial=1))

    def _any(self, flag: np.ndarray) -> np.ndarray:
        if not len(self.found):
            return np.zeros(0, bool)
        return np.logical_or.reduceat(flag, self.found.starts)


def pack(fixations: pd.DataFrame, *, viewing: Viewing | None = None, timed: bool = False) -> Paths:
    """Take the columns that comparisons need; with a `viewing`, places become degrees off the line of sight."""
    need = ["reading", "x", "y", *(["duration"] if timed else [])]
    absent = [name for name in need if name not in fixations]
    if absent:
        raise ValueError(
            f"scanpath comparison needs the columns {', '.join(need)}; {', '.join(absent)} is absent; "
            "rename your columns to those of the fixations table"
        )
    found = ragged.segments(fixations["reading"])
    x, y = (np.ascontiguousarray(fixations[name], dtype=float) for name in ("x", "y"))
    if viewing is not None:
        x, y = _degrees(x, y, viewing.rows(len(found))[found.rows()])
    duration = np.ascontiguousarray(fixations["duration"], dtype=float) if "duration" in fixations else None
    return Paths(found, x, y, duration, "px" if viewing is None else "deg")


def pair_readings(
    readings: pd.DataFrame, *, same: str | Sequence[str] = "case", different: str | Sequence[str] = "reader"
) -> pd.DataFrame:
    """Pairs of readings to compare: those that agree in some columns and differ in others, each pair once.

    Parameters
    ----------
    readings : pandas.DataFrame
        One row a reading: `reading` and the columns named below.
    same : str or sequence of str
        Columns in which the two readings of a pair agree; empty for any two readings.
    different : str or sequence of str
        Columns in which they differ, every one of them; empty for no such wish.

    Returns
    -------
    pandas.DataFrame
        `first`, `second`: readings in the order of the table.

    See Also
    --------
    multimatch, scanmatch, string_edit : comparisons that take these pairs.

    Examples
    --------
    Two readers, two cases: between readers within a case, then within readers between cases.

    >>> readings = pd.DataFrame({"reading": [1, 2, 3, 4], "reader": list("aabb"), "case": list("uvuv")})
    >>> pair_readings(readings).to_numpy().tolist()
    [[1, 3], [2, 4]]
    >>> pair_readings(readings, same="reader", different="case").to_numpy().tolist()
    [[1, 2], [3, 4]]
    """
    same, different = _names(same), _names(different)
    for name in ("reading", *same, *different):
        if name not in readings:
            raise ValueError(f"pairing needs the column {name!r}, one value a reading; the table lacks it: merge it in")
    group = (
        readings.groupby(list(same), sort=False, observed=True).ngroup().to_numpy() if same else np.zeros(len(readings))
    )
    order = np.argsort(group, kind="stable")
    kept = order[group[order] >= 0]
    _, counts = np.unique(group[kept], return_counts=True)
    first, second = _within_blocks(counts)
    first, second = kept[first], kept[second]
    # Pairs within groups first, then those that don't differ go: groups are small, and no n x n table is ever built.
    for name in different:
        codes = pd.factorize(readings[name])[0]
        apart = codes[first] != codes[second]
        first, second = first[apart], second[apart]
    key = readings["reading"].reset_index(drop=True)
    return pd.DataFrame({"first": key.take(first).array, "second": key.take(second).array})


def pair_matrix(scores: pd.DataFrame, column: str, *, diagonal: float) -> pd.DataFrame:
    """Distance or similarity matrix of readings from the scores of pairs; pairs that were not compared are NaN.

    Parameters
    ----------
    scores : pandas.DataFrame
        `first`, `second` and the score, as the comparisons return it.
    column : str
        The score.
    diagonal : float
        The value of a reading compared with itself: 0 for a distance, 1 for a similarity.

    Returns
    -------
    pandas.DataFrame, shape (readings, readings)

    Examples
    --------
    >>> scores = pd.DataFrame({"first": [1, 1], "second": [2, 3], "dtw_px": [5.0, 7.0]})
    >>> pair_matrix(scores, "dtw_px", diagonal=0.0).to_numpy()
    array([[ 0.,  5.,  7.],
           [ 5.,  0., nan],
           [ 7., nan,  0.]])
    """
    both = pd.concat([scores["first"], scores["second"]], ignore_index=True)
    codes, keys = pd.factorize(both)
    first, second = codes[: len(scores)], codes[len(scores) :]
    values = np.full((len(keys), len(keys)), np.nan)
    values[first, second] = values[second, first] = scores[column].to_numpy()
    np.fill_diagonal(values, diagonal)
    labels = pd.Index(keys, name="reading")
    return pd.DataFrame(values, index=labels, columns=labels)


def find_pairs(found: ragged.Segments, pairs: pd.DataFrame | None) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Return the pairs as a frame of readings, and the places of both among those found; None is every pair."""
    first, second = _places(found, pairs)
    return pd.DataFrame({"first": found.keys.take(first), "second": found.keys.take(second)}), first, second


def score_pairs(
    batch: Callable[..., None],
    pairs: Pairs,
    *arguments: object,
    width: int = 0,
    n_jobs: int | None = None,
) -> np.ndarray:
    """Run a pair kernel over blocks of pairs on threads; scores have shape (pairs, width), or (pairs,) for width 0."""
    count = len(pairs.first)
    # Blocks stand in for readings, so that `ragged.each` shares out pairs: one engine for both.
    scores = np.empty((count, width) if width else count)
    edges = np.arange(0, count + _BLOCK, _BLOCK).clip(max=count)
    blocks = ragged.Segments(pd.RangeIndex(len(edges) - 1), edges[:-1], edges[1:])
    ragged.each(batch, blocks, pairs, *arguments, scores, n_jobs=n_jobs)
    return scores


def notes(first: np.ndarray, second: np.ndarray, *faults: tuple[str, np.ndarray]) -> pd.Categorical:
    """Why a pair has no score: the first fault of either reading. A fault is its note and one flag a reading."""
    codes = np.zeros(len(first), np.int8)
    # The first fault is written last, over the others.
    for note, flag in reversed(faults):
        if flag.any():
            codes[flag[first] | flag[second]] = NOTES.index(note)
    return pd.Categorical.from_codes(codes, dtype=_NOTE)


def _degrees(x: np.ndarray, y: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return Viewing(*rows.T).degrees(x, y)


def _names(names: str | Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _within_blocks(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All pairs i < j inside each block of that many rows, in row order."""
    # Row k of a block meets all rows after it: first repeats each row, second counts on from it.
    stops = np.repeat(np.cumsum(counts), counts)
    rows = np.arange(len(stops))
    partners = stops - rows - 1
    first = np.repeat(rows, partners)
    begins = np.cumsum(partners) - partners
    second = np.arange(len(first)) - np.repeat(begins, partners) + first + 1
    return first, second


def _places(found: ragged.Segments, pairs: pd.DataFrame | None) -> tuple[np.ndarray, np.ndarray]:
    """Places of both readings of each pair among the readings found."""
    if pairs is None:
        return _within_blocks(np.array([len(found)]))
    sides = []
    for side in ("first", "second"):
        if side not in pairs:
            raise ValueError(f"pairs need the columns 'first' and 'second'; {side!r} is absent; see pair_readings")
        places = found.keys.get_indexer(pd.Index(pairs[side]))
        if (places < 0).any():
            stranger = pairs[side].tolist()[int((places < 0).argmax())]
            raise ValueError(f"pairs name the reading {stranger!r}, which has no fixations; leave it out of the pairs")
        sides.append(places)
    return sides[0], sides[1]
