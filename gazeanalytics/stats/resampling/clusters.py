"""Clusters of readings (readers, cases) and random draws of them with replacement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gazeanalytics.tables import InputError, nearest

__all__ = ["Counts", "Plan", "draw", "needed", "plan"]

Counts = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, slots=True)
class Plan:
    """Which clusters each reading belongs to.

    Attributes
    ----------
    names : tuple of str
        One or two columns.
    codes : tuple of numpy.ndarray of int64, each shape (readings,)
        Two sets of codes; the second is all 0 where readings are clustered one way.
    sizes : tuple of int
        How many clusters of each.

    Examples
    --------
    Reader 0 was drawn twice and reader 1 not at all:

    >>> clusters = plan(pd.DataFrame({"reader": ["ann", "bob", "bob"]}), "reader")
    >>> clusters.weights((np.array([[2.0, 0.0]]), np.ones((1, 1)))).tolist()
    [[2.0, 0.0, 0.0]]
    """

    names: tuple[str, ...]
    codes: tuple[np.ndarray, np.ndarray]
    sizes: tuple[int, int]

    def weights(self, counts: Counts) -> np.ndarray:
        """Give the weight of each reading in each draw, shape (draws, readings)."""
        return counts[0][:, self.codes[0]] * counts[1][:, self.codes[1]]

    def ones(self, n_resamples: int = 1) -> Counts:
        """Give draws that take every cluster once."""
        return np.ones((n_resamples, self.sizes[0])), np.ones((n_resamples, self.sizes[1]))


def plan(table: pd.DataFrame, by: str | Sequence[str]) -> Plan:
    """Code one or two columns of clusters; refuse gaps and single clusters.

    Examples
    --------
    >>> plan(pd.DataFrame({"reader": [5, 5, 9], "case": [1, 2, 1]}), ("reader", "case")).sizes
    (2, 2)
    """
    names = (by,) if isinstance(by, str) else tuple(by)
    if len(names) not in (1, 2):
        raise InputError(f"by: expected one or two columns of clusters, such as ('reader', 'case'); got {len(names)}")
    coded = [_codes(table, name) for name in names]
    if len(coded) == 1:
        coded.append((np.zeros(len(table), np.int64), 1))
    return Plan(names, (coded[0][0], coded[1][0]), (coded[0][1], coded[1][1]))


def _codes(table: pd.DataFrame, name: str) -> tuple[np.ndarray, int]:
    needed(table, [name])
    codes, labels = pd.factorize(table[name], sort=True)  # sorted: results don't depend on the order of rows
    if len(labels) < 2:
        raise InputError(f"column {name!r}: expected at least two clusters to draw from; got {len(labels)}")
    return codes.astype(np.int64), len(labels)


def needed(table: pd.DataFrame, names: Sequence[str]) -> None:
    """Refuse unknown columns, with the nearest name, and columns with missing values.

    Examples
    --------
    >>> needed(pd.DataFrame({"reader": [1]}), ["raeder"])
    Traceback (most recent call last):
    gazeanalytics.tables.errors.InputError: the table has no column 'raeder'; did you mean 'reader'?
    """
    have = [str(name) for name in table.columns]
    for name in names:
        if name not in have:
            raise InputError(f"the table has no column {name!r}; {nearest(name, have)}")
        lost = int(table[name].isna().sum())
        if lost:
            raise InputError(
                f"column {name!r}: {lost:,} of {len(table):,} rows have no value; drop them first "
                f"(table.dropna(subset=[{name!r}]))"
            )


def draw(sizes: tuple[int, int], n_resamples: int, rng: np.random.Generator, chunk: int) -> Iterator[Counts]:
    """Draw as many clusters as there are, with replacement, and count how often each was drawn; chunk by chunk.

    Examples
    --------
    >>> [(times, _)] = draw((4, 1), 2, np.random.default_rng(0), chunk=10)
    >>> times.sum(1).tolist()
    [4.0, 4.0]
    """
    for start in range(0, n_resamples, chunk):
        count = min(chunk, n_resamples - start)
        yield _times(sizes[0], count, rng), _times(sizes[1], count, rng)


def _times(size: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    if size == 1:
        return np.ones((draws, 1))
    # One bincount a draw: multinomial(size, 1 / size) has the same distribution, but takes six times as long for 50,000
    # clusters.
    times = np.empty((draws, size))
    for row in times:
        row[:] = np.bincount(rng.integers(0, size, size), minlength=size)
    return times
