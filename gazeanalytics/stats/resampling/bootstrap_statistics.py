"""Clusters drawn with replacement, and statistics of the readings that come with them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gazeanalytics._kernels.stats import bootstrap as kernels
from gazeanalytics.tables import InputError, nearest

__all__ = [
    "AucStatistic",
    "Counts",
    "KappaStatistic",
    "MeanDifferenceStatistic",
    "MeanStatistic",
    "Plan",
    "Statistic",
    "WeightedStatistic",
    "draw",
    "plan",
]

Counts = tuple[np.ndarray, np.ndarray]
Batch = Callable[[Counts], np.ndarray]


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
    """

    names: tuple[str, ...]
    codes: tuple[np.ndarray, np.ndarray]
    sizes: tuple[int, int]

    def weights(self, counts: Counts) -> np.ndarray:
        """Give the weight of each reading in each draw, shape (draws, readings)."""
        return counts[0][:, self.codes[0]] * counts[1][:, self.codes[1]]

    def ones(self, draws: int = 1) -> Counts:
        """Give draws that take every cluster once."""
        return np.ones((draws, self.sizes[0])), np.ones((draws, self.sizes[1]))


def plan(table: pd.DataFrame, by: str | Sequence[str]) -> Plan:
    """Code one or two columns of clusters; refuse gaps and single clusters."""
    names = (by,) if isinstance(by, str) else tuple(by)
    if len(names) not in (1, 2):
        raise InputError(f"by: wanted one or two columns of clusters, such as ('reader', 'case'); came {len(names)}")
    coded = [_codes(table, name) for name in names]
    if len(coded) == 1:
        coded.append((np.zeros(len(table), np.int64), 1))
    return Plan(names, (coded[0][0], coded[1][0]), (coded[0][1], coded[1][1]))


def _codes(table: pd.DataFrame, name: str) -> tuple[np.ndarray, int]:
    needed(table, [name])
    codes, labels = pd.factorize(table[name], sort=True)  # sorted: results don't depend on the order of rows
    if len(labels) < 2:
        raise InputError(f"column {name!r}: wanted at least two clusters to draw from; came {len(labels)}")
    return codes.astype(np.int64), len(labels)


def needed(table: pd.DataFrame, names: Sequence[str]) -> None:
    """Refuse unknown columns, with the nearest name, and columns with gaps."""
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


def draw(sizes: tuple[int, int], draws: int, rng: np.random.Generator, chunk: int) -> Iterator[Counts]:
    """Draw as many clusters as there are, with replacement, and count how often each came; chunk by chunk."""
    for start in range(0, draws, chunk):
        count = min(chunk, draws - start)
        yield _times(sizes[0], count, rng), _times(sizes[1], count, rng)


def _times(size: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    if size == 1:
        return np.ones((draws, 1))
    times = np.empty((draws, size))
    for row in times:
        row[:] = np.bincount(rng.integers(0, size, size), minlength=size)
    return times


class Statistic(ABC):
    """Something that can be reckoned from readings and their weights.

    Attributes
    ----------
    names : tuple of str
        What it gives.
    """

    names: tuple[str, ...]

    @abstractmethod
    def bind(self, table: pd.DataFrame, clusters: Plan) -> Batch:
        """Prepare the table once; what comes back turns a batch of draws into numbers, shape (draws, names)."""


@dataclass(frozen=True)
class MeanStatistic(Statistic):
    """Means of columns.

    Parameters
    ----------
    *columns : str
        Numbers, or 0 and 1 for a share.
    """

    names: tuple[str, ...]

    def __init__(self, *columns: str) -> None:
        object.__setattr__(self, "names", columns)

    def bind(self, table: pd.DataFrame, clusters: Plan) -> Batch:
        """Sum by the weights."""
        needed(table, self.names)
        values = np.ascontiguousarray(table[list(self.names)].to_numpy(float))

        def means(counts: Counts) -> np.ndarray:
            found = _sums(values, clusters, counts)
            return found[:, 1:] / found[:, :1]

        return means


@dataclass(frozen=True)
class MeanDifferenceStatistic(Statistic):
    """Difference of the means of two groups of readings, the first label in sorted order less the second.

    Parameters
    ----------
    column : str
        Numbers.
    group : str
        Column of two labels.
    """

    column: str
    group: str

    @property
    def names(self) -> tuple[str, ...]:
        """The column's name."""
        return (self.column,)

    def bind(self, table: pd.DataFrame, clusters: Plan) -> Batch:
        """Sum each group by the weights."""
        needed(table, [self.column, self.group])
        codes, labels = pd.factorize(table[self.group], sort=True)
        if len(labels) != 2:
            raise InputError(f"column {self.group!r}: wanted two groups to compare; came {len(labels)}")
        first, value = (codes == 0).astype(float), table[self.column].to_numpy(float)
        values = np.column_stack([first, first * value, value])

        def gaps(counts: Counts) -> np.ndarray:
            weight, one, ones, both = _sums(values, clusters, counts).T
            return (ones / one - (both - ones) / (weight - one))[:, None]

        return gaps


def _sums(values: np.ndarray, clusters: Plan, counts: Counts) -> np.ndarray:
    out = np.empty((len(counts[0]), values.shape[1] + 1))
    kernels.sums(values, clusters.codes[0], counts[0], clusters.codes[1], counts[1], out)
    return out


@dataclass(frozen=True)
class AucStatistic(Statistic):
    """Empirical area under the ROC curve.

    Parameters
    ----------
    rating, truth : str
        Columns: numbers, and 0 or 1.
    within : str, optional
        Column (the reader) within which ratings are compared; the areas are then averaged, each as often as it was
        drawn. Those with a single kind of case are left out. By default all readings are pooled.
    """

    rating: str
    truth: str
    within: str | None = None
    names: tuple[str, ...] = ("auc",)

    def bind(self, table: pd.DataFrame, clusters: Plan) -> Batch:
        """Sort by group and rating once."""
        needed(table, [name for name in (self.rating, self.truth, self.within) if name])
        there = table[self.truth].to_numpy(float)
        if not np.isin(there, (0, 1)).all() or len(np.unique(there)) < 2:
            raise InputError(
                f"column {self.truth!r}: wanted 0 and 1, both of them; came {np.unique(there)[:5].tolist()}"
            )
        group = np.zeros(len(table), np.int64)
        if self.within:
            group = pd.factorize(table[self.within], sort=True)[0].astype(np.int64)
        rating = table[self.rating].to_numpy(float)
        order = np.lexsort((rating, group))
        fixed = rating[order], there[order] == 1, group[order]
        first, second = (codes[order] for codes in clusters.codes)
        drawn = clusters.names.index(self.within) if self.within in clusters.names else None

        def areas(counts: Counts) -> np.ndarray:
            draws = len(counts[0])
            shares = np.ones((draws, int(group.max()) + 1)) if drawn is None else counts[drawn]
            out = np.empty((draws, 2))
            kernels.areas(*fixed, first, counts[0], second, counts[1], shares, out)
            return out[:, :1]

        return areas


@dataclass(frozen=True)
class KappaStatistic(Statistic):
    """Fleiss's kappa with ratings missing; a reader drawn twice is not compared with himself.

    Parameters
    ----------
    category : str
        Column of what was said.
    case, reader : str
        Columns, one or both of which are drawn.
    """

    category: str
    case: str = "case"
    reader: str = "reader"
    names: tuple[str, ...] = ("kappa",)

    def bind(self, table: pd.DataFrame, clusters: Plan) -> Batch:
        """Sort by case once."""
        needed(table, [self.category, self.case, self.reader])
        said, labels = pd.factorize(table[self.category], sort=True)
        what, who = (pd.factorize(table[name], sort=True)[0] for name in (self.case, self.reader))
        order = np.lexsort((who, what))
        fixed = said[order].astype(np.int64), len(labels), what[order].astype(np.int64), who[order].astype(np.int64)
        foreign = set(clusters.names) - {self.case, self.reader}
        if foreign:
            raise InputError(
                f"kappa is drawn by {self.case!r} and {self.reader!r}; came {sorted(foreign)[0]!r} (a t interval wants "
                "single readings drawn too: take interval='percentile')"
            )

        def found(counts: Counts) -> np.ndarray:
            draws = len(counts[0])
            given = dict(zip(clusters.names, counts, strict=False))
            cases, readers = (
                given.get(name, np.ones((draws, int(codes.max()) + 1)))
                for name, codes in ((self.case, what), (self.reader, who))
            )
            out = np.empty(draws)
            kernels.kappas(*fixed, cases, readers, out)
            return out[:, None]

        return found


@dataclass(frozen=True)
class WeightedStatistic(Statistic):
    """Any statistic written as a function of the readings' weights.

    Parameters
    ----------
    function : callable
        Takes weights, shape (readings,), in the table's order, and gives a number, or one for each of `names`.
    names : tuple of str
    """

    function: Callable[[np.ndarray], float | np.ndarray]
    names: tuple[str, ...] = ("statistic",)

    def bind(self, table: pd.DataFrame, clusters: Plan) -> Batch:
        """Call it draw by draw."""
        del table
        return lambda counts: np.array([self.function(weights) for weights in clusters.weights(counts)]).reshape(
            len(counts[0]), len(self.names)
        )


@dataclass(frozen=True)
class TableStatistic(Statistic):
    """Any statistic written as a function of a table, whose rows are repeated as often as they were drawn."""

    function: Callable[[pd.DataFrame], float]
    names: tuple[str, ...] = ("statistic",)

    def bind(self, table: pd.DataFrame, clusters: Plan) -> Batch:
        """Build the table of every draw."""
        place = np.arange(len(table))

        def found(counts: Counts) -> np.ndarray:
            drawn = (np.repeat(place, weights.astype(int)) for weights in clusters.weights(counts))
            return np.array([float(self.function(table.iloc[rows])) for rows in drawn])[:, None]

        return found
