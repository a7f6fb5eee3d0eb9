"""Bootstrap statistics: numbers computed from readings that are weighted by how often their clusters were drawn.

A statistic is bound to its table once (columns checked, codes made, ratings sorted) and then evaluated for a batch of
draws. Rebuilding a table for every draw, as `TableStatistic` does for functions of tables, takes several times as long.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gazeanalytics._kernels.stats import bootstrap as kernels
from gazeanalytics.brief import Brief
from gazeanalytics.stats.resampling.clusters import Counts, Plan, needed
from gazeanalytics.tables import InputError

__all__ = [
    "AucStatistic",
    "Batch",
    "KappaStatistic",
    "MeanDifferenceStatistic",
    "MeanStatistic",
    "Statistic",
    "TableStatistic",
    "WeightedStatistic",
]

Batch = Callable[[Counts], np.ndarray]


class Statistic(Brief, ABC):
    """A bootstrap statistic: numbers that can be computed from readings and their weights.

    Attributes
    ----------
    names : tuple of str
        What it gives.

    Examples
    --------
    Subclasses bind themselves to a table; here, how many readings a draw holds:

    >>> from gazeanalytics.stats.resampling.clusters import plan
    >>> class Size(Statistic):
    ...     names = ("readings",)
    ...     def bind(self, table, clusters):
    ...         return lambda counts: clusters.weights(counts).sum(1, keepdims=True)
    >>> clusters = plan(pd.DataFrame({"reader": [1, 1, 2]}), "reader")
    >>> Size().bind(pd.DataFrame(), clusters)(clusters.ones()).tolist()
    [[3.0]]
    """

    names: tuple[str, ...]

    @abstractmethod
    def bind(self, table: pd.DataFrame, clusters: Plan) -> Batch:
        """Prepare the table once; the function returned turns a batch of draws into numbers, shape (draws, names)."""


@dataclass(frozen=True)
class MeanStatistic(Statistic):
    """Bootstrap statistic: means of columns, such as accuracy.

    Parameters
    ----------
    *columns : str
        Numbers, or 0 and 1 for a share.

    Examples
    --------
    >>> from gazeanalytics.stats import cluster_bootstrap
    >>> readings = pd.DataFrame({"reader": [1, 1, 2, 2, 3, 3], "right": [1, 1, 1, 0, 0, 1]})
    >>> found = cluster_bootstrap(readings, MeanStatistic("right"), by="reader", n_resamples=200, rng=1)
    >>> found[["term", "estimate", "conf_low", "conf_high"]].round(2).to_numpy().tolist()[0]
    ['right', 0.67, 0.5, 0.83]
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
    """Bootstrap statistic: difference of the means of two groups, the first label in sorted order less the second.

    Parameters
    ----------
    column : str
        Numbers.
    group : str
        Column of two labels.

    Examples
    --------
    >>> from gazeanalytics.stats.resampling.clusters import plan
    >>> readings = pd.DataFrame({"reader": [1, 1, 2, 2], "aid": ["no", "yes"] * 2, "seconds": [50, 40, 70, 50]})
    >>> clusters = plan(readings, "reader")
    >>> MeanDifferenceStatistic("seconds", "aid").bind(readings, clusters)(clusters.ones()).item()
    15.0
    """

    column: str
    group: str

    @property
    def names(self) -> tuple[str, ...]:
        """The column's name."""
        return (self.column,)

    def bind(self, table: pd.DataFrame, clusters: Plan) -> Batch:
        """Sum each group by the weights; the other group's sums are the differences to the whole."""
        needed(table, [self.column, self.group])
        codes, labels = pd.factorize(table[self.group], sort=True)
        if len(labels) != 2:
            raise InputError(f"column {self.group!r}: expected two groups to compare; got {len(labels)}")
        first, value = (codes == 0).astype(float), table[self.column].to_numpy(float)
        values = np.column_stack([first, first * value, value])

        def gaps(counts: Counts) -> np.ndarray:
            weight, one, ones, both = _sums(values, clusters, counts).T
            return (ones / one - (both - ones) / (weight - one))[:, None]

        return gaps


def _sums(values: np.ndarray, clusters: Plan, counts: Counts) -> np.ndarray:
    out = np.empty((len(counts[0]), values.shape[1] + 1))
    kernels.sums(values, kernels.Draws(clusters.codes[0], counts[0], clusters.codes[1], counts[1]), out)
    return out


@dataclass(frozen=True)
class AucStatistic(Statistic):
    """Bootstrap statistic: empirical area under the ROC curve (AUC).

    Parameters
    ----------
    rating, truth : str
        Columns: numbers, and 0 or 1.
    within : str, optional
        Column (the reader) within which ratings are compared; the areas are then averaged, each as often as it was
        drawn. Those with a single kind of case are left out. By default all readings are pooled.
    names : tuple of str
        What the result is called.

    Examples
    --------
    Two readers who use the scale differently order cases perfectly each, but not when pooled:

    >>> from gazeanalytics.stats.resampling.clusters import plan
    >>> readings = pd.DataFrame({"reader": [1, 1, 2, 2], "truth": [0, 1, 0, 1], "rating": [10, 20, 60, 90]})
    >>> clusters = plan(readings, "reader")
    >>> pooled, within = AucStatistic("rating", "truth"), AucStatistic("rating", "truth", within="reader")
    >>> [statistic.bind(readings, clusters)(clusters.ones()).item() for statistic in (pooled, within)]
    [0.75, 1.0]
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
                f"column {self.truth!r}: expected 0 and 1, both of them; got {np.unique(there)[:5].tolist()}"
            )
        group = np.zeros(len(table), np.int64)
        if self.within:
            group = pd.factorize(table[self.within], sort=True)[0].astype(np.int64)
        rating = table[self.rating].to_numpy(float)
        order = np.lexsort((rating, group))
        ranked = kernels.Ranked(rating[order], there[order] == 1, group[order])
        first, second = (codes[order] for codes in clusters.codes)
        # Averaged within readers, a reader drawn twice counts twice; pairs of his ratings weigh the square of that,
        # which cancels within his own area.
        drawn = clusters.names.index(self.within) if self.within in clusters.names else None

        def areas(counts: Counts) -> np.ndarray:
            draws = len(counts[0])
            shares = np.ones((draws, int(group.max()) + 1)) if drawn is None else counts[drawn]
            out = np.empty((draws, 2))
            kernels.areas(ranked, kernels.Draws(first, counts[0], second, counts[1]), shares, out)
            return out[:, :1]

        return areas


@dataclass(frozen=True)
class KappaStatistic(Statistic):
    """Bootstrap statistic: Fleiss's kappa with ratings missing; a reader drawn twice is not compared with himself.

    Parameters
    ----------
    category : str
        Column of what was said.
    case, reader : str
        Columns, one or both of which are drawn.
    names : tuple of str
        What the result is called.

    Examples
    --------
    >>> from gazeanalytics.stats.resampling.clusters import plan
    >>> readings = pd.DataFrame({"case": [1, 1, 2, 2, 3, 3], "reader": [1, 2] * 3, "said": list("nnyyny")})
    >>> clusters = plan(readings, ("reader", "case"))
    >>> round(KappaStatistic("said").bind(readings, clusters)(clusters.ones()).item(), 3)
    0.333
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
        given = [part[order].astype(np.int64) for part in (said, what, who)]
        fixed = kernels.Categories(*given, count=len(labels))
        foreign = set(clusters.names) - {self.case, self.reader}
        if foreign:
            raise InputError(
                f"kappa is resampled by {self.case!r} and {self.reader!r}; got {sorted(foreign)[0]!r} (a t interval "
                "resamples single readings too: take interval='percentile')"
            )

        def found(counts: Counts) -> np.ndarray:
            draws = len(counts[0])
            drawn = dict(zip(clusters.names, counts, strict=False))
            cases, readers = (
                drawn.get(name, np.ones((draws, int(codes.max()) + 1)))
                for name, codes in ((self.case, what), (self.reader, who))
            )
            out = np.empty(draws)
            kernels.kappas(fixed, cases, readers, out)
            return out[:, None]

        return found


@dataclass(frozen=True)
class WeightedStatistic(Statistic):
    """Bootstrap statistic from any function of the readings' weights.

    Parameters
    ----------
    function : callable
        Takes weights, shape (readings,), in the table's order, and gives a number, or one for each of `names`.
    names : tuple of str
        What the results are called.

    Examples
    --------
    >>> from gazeanalytics.stats.resampling.clusters import plan
    >>> readings = pd.DataFrame({"reader": [1, 1, 2], "ms": [100.0, 200.0, 900.0]})
    >>> clusters = plan(readings, "reader")
    >>> statistic = WeightedStatistic(lambda weights: np.average(readings["ms"], weights=weights), ("mean_ms",))
    >>> statistic.bind(readings, clusters)(clusters.ones()).item()
    400.0
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
    """Bootstrap statistic from any function of a table, whose rows are repeated as often as they were drawn.

    Examples
    --------
    >>> from gazeanalytics.stats.resampling.clusters import plan
    >>> readings = pd.DataFrame({"reader": [1, 1, 2], "ms": [100.0, 200.0, 900.0]})
    >>> clusters = plan(readings, "reader")
    >>> TableStatistic(lambda table: table["ms"].median()).bind(readings, clusters)(clusters.ones()).item()
    200.0
    """

    function: Callable[[pd.DataFrame], float]
    names: tuple[str, ...] = ("statistic",)

    def bind(self, table: pd.DataFrame, clusters: Plan) -> Batch:
        """Build the table of every draw."""
        place = np.arange(len(table))

        def found(counts: Counts) -> np.ndarray:
            drawn = (np.repeat(place, weights.astype(int)) for weights in clusters.weights(counts))
            return np.array([float(self.function(table.iloc[rows])) for rows in drawn])[:, None]

        return found
