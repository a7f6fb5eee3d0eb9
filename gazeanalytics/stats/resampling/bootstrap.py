"""Intervals by drawing readers and cases again: one engine for any statistic of readings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from gazeanalytics.ragged import thread_count
from gazeanalytics.stats.resampling.bootstrap_statistics import (
    Batch,
    Counts,
    Plan,
    Statistic,
    TableStatistic,
    draw,
    plan,
)
from gazeanalytics.tables import TABLES, InputError

__all__ = ["cluster_bootstrap", "cluster_draws"]

_COLUMNS = [column.name for column in TABLES["estimates"].columns]
_CHUNK = 1 << 23  # cells of a chunk of draws at the most: 64 MB of float64
_FEW, _MANY = 5, 20  # clusters: below the first nothing helps much, below the second percentile intervals are narrow
_GROUPS = 200  # groups of clusters left out in turn for the acceleration


def cluster_bootstrap(
    table: pd.DataFrame,
    statistic: Statistic | Callable[[pd.DataFrame], float],
    *,
    by: str | Sequence[str] = ("reader", "case"),
    interval: Literal["percentile", "bca", "t"] = "percentile",
    confidence: float = 0.95,
    n_resamples: int = 1000,
    rng: int | np.random.Generator | None = None,
) -> pd.DataFrame:
    """Give an interval to a statistic of readings when readers and cases stand for further ones.

    Readers and cases are drawn with replacement, each by itself, and a reading counts as often as its reader times its
    case (Owen 2007, Ann. Appl. Stat. 1). No bootstrap of crossed factors is exact (McCullagh 2000, Bernoulli 6): this
    one counts the variance of single readings three times, so it errs to the wide side where they carry most of it.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a reading; any design.
    statistic : Statistic or callable
        `MeanStatistic`, `MeanDifferenceStatistic`, `AucStatistic`, `KappaStatistic`; `WeightedStatistic(function)` for
        a function of the readings' weights; or any function of a table, which is called with rows repeated (slow, but
        any statistic will do).
    by : str or sequence of str
        One or two columns of clusters.
    interval : {"percentile", "bca", "t"}
        Quantiles of the draws; the same, corrected for bias and skewness (Efron 1987), which wants 2,000 draws or more;
        or a t interval with one degree of freedom less than the smaller number of clusters, from the variance by
        readers plus that by cases less that by single readings (Cameron, Gelbach & Miller 2011), which is the one to
        take with few clusters.
    confidence : float
        Of the interval.
    n_resamples : int
        Draws (of each kind, for "t").
    rng : int, Generator or None
        Randomness. The result depends neither on the order of rows nor on the number of threads.

    Returns
    -------
    pandas.DataFrame
        An `estimates` table, one row a number that the statistic gives; `std_error` is the draws' spread. `note` says
        when clusters are too few and how many draws were undefined.

    Raises
    ------
    InputError
        For an unknown column, a gap, or fewer than two clusters.

    Examples
    --------
    Twenty readers, who differ, read the same thirty cases; taking readings as independent would give 0.73 to 0.79:

    >>> from gazeanalytics.stats import MeanStatistic
    >>> rng = np.random.default_rng(2)
    >>> reader, case = np.divmod(np.arange(600), 30)
    >>> right = rng.random(600) < np.clip(0.8 + rng.normal(0, 0.15, 20)[reader] + rng.normal(0, 0.1, 30)[case], 0, 1)
    >>> readings = pd.DataFrame({"reader": reader, "case": case, "right": right})
    >>> found = cluster_bootstrap(readings, MeanStatistic("right"), rng=1)
    >>> found[["estimate", "conf_low", "conf_high"]].round(2).iloc[0].tolist()
    [0.76, 0.67, 0.84]
    """
    if interval not in _INTERVALS:
        raise InputError(f"interval: wanted 'percentile', 'bca' or 't'; came {interval!r}")
    if n_resamples < 2:
        raise InputError(f"resamples: wanted at least 2 draws; came {n_resamples}")
    asked = statistic if isinstance(statistic, Statistic) else TableStatistic(statistic)
    clusters = plan(table, by)
    batch = asked.bind(table, clusters)
    estimate = _ask(batch, clusters.ones())[0]
    random = np.random.default_rng(rng)
    rows = _INTERVALS[interval](table, asked, clusters, _Asked(batch, estimate, n_resamples, confidence), random)
    found = pd.DataFrame({"term": asked.names, "estimate": estimate, **rows})
    note = [_few(clusters, interval), *_undefined(found.pop("undefined"), n_resamples)]
    fixed = {"model": "bootstrap", "contrast": None, "statistic": np.nan, "p_value": np.nan, "n": len(table)}
    return found.assign(**fixed, note="; ".join(part for part in note if part))[_COLUMNS]


class _Asked:
    """What is asked of the draws."""

    def __init__(self, batch: Batch, estimate: np.ndarray, n_resamples: int, confidence: float) -> None:
        self.batch, self.estimate, self.n_resamples, self.confidence = batch, estimate, n_resamples, confidence
        self.tails = np.array([(1 - confidence) / 2, (1 + confidence) / 2])


def _ask(batch: Batch, counts: Counts) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return batch(counts)


def cluster_draws(
    batch: Batch, clusters: Plan, n_resamples: int, rng: np.random.Generator, n_jobs: int | None = None
) -> np.ndarray:
    """Evaluate a bound statistic on draws of clusters, chunk by chunk on threads; shape (draws, names).

    Draws are made in one order whatever the number of threads.
    """
    workers = thread_count(n_jobs)
    chunk = int(np.clip(_CHUNK // max(sum(clusters.sizes), len(clusters.codes[0])), 1, 8))
    drawn = draw(clusters.sizes, n_resamples, rng, chunk)
    found: list[np.ndarray] = []
    with ThreadPoolExecutor(workers) as pool:
        while part := list(islice(drawn, workers)):
            found += pool.map(lambda counts: _ask(batch, counts), part)
    return np.concatenate(found)


Rows = dict[str, np.ndarray]


def _percentile(table: pd.DataFrame, asked: Statistic, clusters: Plan, what: _Asked, rng: np.random.Generator) -> Rows:
    del table, asked
    drawn = cluster_draws(what.batch, clusters, what.n_resamples, rng)
    return _ends(drawn, np.tile(what.tails[:, None], drawn.shape[1]))


def _ends(drawn: np.ndarray, tails: np.ndarray) -> Rows:
    """Quantiles at `tails`, shape (2, names), of the draws that gave a number."""
    ends = np.full((3, drawn.shape[1]), np.nan)
    for k, column in enumerate(drawn.T):
        known = column[np.isfinite(column)]
        if len(known) > 1 and np.isfinite(tails[:, k]).all():
            ends[:, k] = *np.quantile(known, tails[:, k]), known.std(ddof=1)
    nothing = np.full(drawn.shape[1], np.nan)
    lost = (~np.isfinite(drawn)).sum(0)
    return {"conf_low": ends[0], "conf_high": ends[1], "std_error": ends[2], "df": nothing, "undefined": lost}


def _bca(table: pd.DataFrame, asked: Statistic, clusters: Plan, what: _Asked, rng: np.random.Generator) -> Rows:
    """Efron's correction; the acceleration adds up over both kinds of clusters, as for independent samples."""
    del table, asked
    drawn = cluster_draws(what.batch, clusters, what.n_resamples, rng)
    known = np.isfinite(drawn)
    with np.errstate(invalid="ignore"):
        below = np.sum(drawn < what.estimate, axis=0) + 0.5 * np.sum(drawn == what.estimate, axis=0)
    share = below / np.maximum(known.sum(0), 1)
    bias = np.where((share > 0) & (share < 1), stats.norm.ppf(np.clip(share, 1e-12, 1 - 1e-12)), np.nan)
    speed = _acceleration(what.batch, clusters)
    z = bias + stats.norm.ppf(what.tails)[:, None]
    return _ends(drawn, stats.norm.cdf(bias + z / (1 - speed * z)))


def _acceleration(batch: Batch, clusters: Plan) -> np.ndarray:
    cubes, squares = 0.0, 0.0
    for factor, size in enumerate(clusters.sizes):
        if size == 1:
            continue
        groups = np.arange(size) * min(size, _GROUPS) // size
        left = []
        for group in range(groups.max() + 1):
            counts = clusters.ones()
            counts[factor][0, groups == group] = 0.0
            left.append(_ask(batch, counts)[0])
        off = np.nanmean(left, axis=0) - np.array(left)
        cubes, squares = cubes + np.nansum(off**3, axis=0), squares + np.nansum(off**2, axis=0)
    return np.where(squares > 0, cubes / (6 * np.maximum(squares, 1e-300) ** 1.5), 0.0)


def _student(table: pd.DataFrame, asked: Statistic, clusters: Plan, what: _Asked, rng: np.random.Generator) -> Rows:
    """Variance by readers plus that by cases less that by single readings, never below the larger of the first two."""
    spreads, lost = [], 0
    for part in _one_way(table, clusters):
        drawn = cluster_draws(asked.bind(table, part), part, what.n_resamples, rng)
        lost = lost + (~np.isfinite(drawn)).sum(0)
        size = part.sizes[0]
        spreads.append(np.nanvar(drawn, axis=0, ddof=1) * size / (size - 1))
    if len(spreads) == 3:
        variance = np.maximum(spreads[0] + spreads[1] - spreads[2], np.maximum(spreads[0], spreads[1]))
    else:
        variance = spreads[0]
    df = float(min(size for size in clusters.sizes if size > 1) - 1)
    half = stats.t.ppf(what.tails[1], df) * np.sqrt(variance)
    ends = {"conf_low": what.estimate - half, "conf_high": what.estimate + half, "std_error": np.sqrt(variance)}
    return {**ends, "df": np.full(len(half), df), "undefined": np.asarray(lost)}


def _one_way(table: pd.DataFrame, clusters: Plan) -> list[Plan]:
    """The clusters of each kind alone, then every pair of them that has readings."""
    if len(clusters.names) == 1:
        return [clusters]
    alone = [plan(table, name) for name in clusters.names]
    pairs = np.unique(clusters.codes[0] * clusters.sizes[1] + clusters.codes[1], return_inverse=True)
    none = np.zeros(len(table), np.int64)
    return [*alone, Plan((" x ".join(clusters.names),), (pairs[1].astype(np.int64), none), (len(pairs[0]), 1))]


_INTERVALS = {"percentile": _percentile, "bca": _bca, "t": _student}


def _few(clusters: Plan, interval: str) -> str:
    """Say when clusters are too few for what was asked."""
    told = []
    for name, size in zip(clusters.names, clusters.sizes, strict=False):
        if size < _FEW:
            told.append(f"small cell: {size} clusters of {name!r}")
        elif size < _MANY and interval != "t":
            told.append(f"{size} clusters of {name!r}: this interval may be too narrow, interval='t' is safer")
    return "; ".join(told)


def _undefined(lost: pd.Series, n_resamples: int) -> list[str]:
    return [f"{int(lost.max())} of {n_resamples} draws undefined"] if lost.max() > 0 else []
