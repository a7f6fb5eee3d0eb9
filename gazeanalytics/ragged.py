"""Where readings begin and end, and one kernel run over all of them on threads.

Rows of one reading lie together, so a reading is a slice. A batch kernel takes `starts` and `stops` and loops over the
readings inside; `each` gives every thread its own chunk of readings, so results don't depend on the number of threads.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gazeanalytics.brief import Brief

__all__ = ["Segments", "each", "join_names", "segments", "thread_count"]

# Enough chunks to even out readings of unequal length, few enough that a chunk outweighs its dispatch.
_CHUNKS_PER_THREAD = 8


@dataclass(frozen=True, slots=True)
class Segments(Brief):
    """Slices of a table's rows, one a reading: where each begins and ends.

    Attributes
    ----------
    keys : pandas.Index, shape (readings,)
        The reading of each slice, in row order; categories are kept.
    starts, stops : numpy.ndarray of int64, shape (readings,)
        Row of the first element and the row after the last.

    See Also
    --------
    segments : finds them in a key column.

    Examples
    --------
    >>> found = segments(pd.Series([7, 7, 3]))
    >>> len(found), found.lengths.tolist(), found.rows().tolist()
    (2, [2, 1], [0, 0, 1])
    """

    keys: pd.Index
    starts: np.ndarray
    stops: np.ndarray

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def lengths(self) -> np.ndarray:
        """Rows in each reading, int64, shape (readings,)."""
        return self.stops - self.starts

    def rows(self) -> np.ndarray:
        """Which slice each row belongs to, int64, shape (rows,)."""
        return np.repeat(np.arange(len(self)), self.lengths)


def segments(key: pd.Series) -> Segments:
    """Segments of a table: the slices of equal neighbours in its key column.

    Parameters
    ----------
    key : pandas.Series
        Integer or categorical, the rows of one reading together.

    Raises
    ------
    ValueError
        If a reading begins again after another.

    Examples
    --------
    >>> found = segments(pd.Series([7, 7, 3]))
    >>> found.starts, found.stops, list(found.keys)
    (array([0, 2]), array([2, 3]), [7, 3])
    """
    # Codes compare as whole numbers: a million names compared as strings take hundreds of times as long.
    codes = key.cat.codes.to_numpy() if isinstance(key.dtype, pd.CategoricalDtype) else key.to_numpy()
    if not len(codes):
        empty = np.zeros(0, np.int64)
        return Segments(pd.Index(key), empty, empty)
    starts = np.concatenate(([0], np.flatnonzero(codes[1:] != codes[:-1]) + 1)).astype(np.int64)
    stops = np.append(starts[1:], len(codes)).astype(np.int64)
    keys = pd.Index(key.iloc[starts], name=key.name)
    if not keys.is_unique:
        again = keys[keys.duplicated()].tolist()[0]
        raise ValueError(f"reading {again!r} begins again after other readings: sort the rows by reading first")
    return Segments(keys, starts, stops)


def thread_count(n_jobs: int | None = None) -> int:
    """Number of threads to use: what was asked for, else as many as this process may run on.

    Raises
    ------
    ValueError
        If `n_jobs` is below 1.

    Examples
    --------
    >>> thread_count(3), thread_count() >= 1
    (3, True)
    """
    if n_jobs is not None:
        if n_jobs < 1:
            raise ValueError(f"n_jobs must be at least 1; got {n_jobs}")
        return n_jobs
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def each(
    batch: Callable[..., None],
    found: Segments,
    *arguments: object,
    out: Sequence[np.ndarray] = (),
    n_jobs: int | None = None,
) -> None:
    """Run a batch kernel over all readings, chunk by chunk, on threads.

    Parameters
    ----------
    batch : callable
        Called as `batch(starts, stops, *arguments, *out)` with a chunk of the readings. It must free the GIL and write
        to nothing but `out`, and to rows of its own readings in `arguments`.
    found : Segments
        The readings.
    *arguments : object
        Arrays over all rows, plain numbers, and NamedTuples of both; every chunk gets them whole.
    out : sequence of numpy.ndarray, shape (readings, ...)
        Results, one row a reading; a chunk gets the rows of its readings.
    n_jobs : int, optional
        Default: as many as the process may use.

    Examples
    --------
    The sum of each reading's rows:

    >>> def total(starts, stops, values, sums):
    ...     for k, (start, stop) in enumerate(zip(starts, stops, strict=True)):
    ...         sums[k] = values[start:stop].sum()
    >>> sums = np.empty(2)
    >>> each(total, segments(pd.Series([7, 7, 3])), np.array([1.0, 2.0, 4.0]), out=[sums], n_jobs=1)
    >>> sums
    array([3., 4.])
    """
    # Threads, not processes: kernels free the GIL, and arrays needn't be copied to a worker and back.
    workers = thread_count(n_jobs)
    edges = _chunk_edges(found, workers)

    def run(chunk: tuple[int, int]) -> None:
        part = slice(*chunk)
        batch(found.starts[part], found.stops[part], *arguments, *(result[part] for result in out))

    chunks = list(itertools.pairwise(edges))
    if workers == 1 or len(chunks) == 1:
        for chunk in chunks:
            run(chunk)
        return
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(run, chunks))


def _chunk_edges(found: Segments, workers: int) -> list[int]:
    """Cut the readings so that every chunk holds about the same number of rows."""
    count = min(len(found), workers * _CHUNKS_PER_THREAD) if workers > 1 else 1
    if count < 2:
        return [0, len(found)]
    rows_before = np.cumsum(found.lengths)
    # By rows, not by readings: one long reading would keep its thread busy after the others are done.
    share = rows_before[-1] * np.arange(1, count) / count
    return [0, *np.unique(np.searchsorted(rows_before, share) + 1).clip(max=len(found)).tolist(), len(found)]


def join_names(*parts: pd.Series) -> pd.Series:
    """Join key columns into one categorical reading key, in order of first appearance.

    Examples
    --------
    >>> list(join_names(pd.Series(["a", "a"]), pd.Series([1, 2])))
    ['a|1', 'a|2']

    A row that lacks a part of its key has none:

    >>> list(join_names(pd.Series(["a", None], dtype="str"), pd.Series([1, 2])))
    ['a|1', nan]
    """
    joined = parts[0].astype(str)
    for part in parts[1:]:
        joined = joined + "|" + part.astype(str)
    return pd.Series(pd.Categorical(joined, categories=pd.unique(joined.dropna())), index=parts[0].index)
