"""Bootstrap confidence intervals that resample readers and cases: one engine for any statistic of readings.

With w_r and v_c the numbers of times that reader r and case c were drawn, a reading weighs w_r v_c (the pigeonhole
bootstrap of Owen 2007). Where the variance of a mean is s_R / R + s_C / C + s_e / N, this one's is about s_R / R +
s_C / C + 3 s_e / N: wide where single readings carry the variance, never too narrow by more than small numbers make it.
Resampling readings as if they were independent, the usual shortcut, leaves out s_R / R and s_C / C.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from gazeanalytics.ragged import thread_count
from gazeanalytics.stats.resampling.bootstrap_statistics import Batch, Statistic, TableStatistic
from gazeanalytics.stats.resampling.clusters import Counts, Plan, draw, plan
from gazeanalytics.tables import ESTIMATES, InputError

__all__ = ["cluster_bootstrap", "cluster_draws", "evaluate"]

_COLUMNS = list(ESTIMATES)
_CHUNK = 1 << 23  # cells of a chunk of draws at the most: 64 MB of float64
_FEW, _MANY = 5, 20  # clusters: below the first nothing helps much, below the second percentile intervals are narrow
_ROUNDING = 1e-13  # of the estimate: draws that differ by less are the same number summed in another order
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
    """Give a bootstrap confidence interval of any statistic, with readers and cases as crossed random clusters.

    Readers and cases are drawn with replacement, each by itself, and a reading counts as often as its reader times its
    case (Owen 2007). No bootstrap of crossed factors is exact (McCullagh 2000): this one counts the variance of single
    readings three times, so it errs to the wide side where they carry most of it.

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
        Quantiles of the draws; the same, corrected for bias and skewness (Efron 1987), which needs 2,000 draws or more;
        or a t interval with one degree of freedom less than the smaller number of clusters, from the variance by
        readers plus that by cases less that by single readings (Cameron, Gelbach & Miller 2011), which is the one to
        take with few clusters.
    confidence : float
        Of the interval.
    n_resamples : int
        Number of bootstrap draws (of each kind, for "t").
    rng : int, Generator or None
        Randomness. The result depends neither on the order of rows nor on the number of threads.

    Returns
    -------
    pandas.DataFrame
        An `estimates` table, one row a number that the statistic gives; `std_error` is the draws' spread. `note` says
        when clusters are too few and how many draws were undefined. Where every draw gives the same (all readings
        right, say), `std_error` is 0, the ends are NaN and `note` says that no error can be estimated.

    Raises
    ------
    InputError
        For an unknown column, a gap, or fewer than two clusters.

    See Also
    --------
    cluster_permutation : tests without an interval.
    mixed : models of readings with crossed random effects.

    References
    ----------
    Owen AB (2007). The pigeonhole bootstrap. Ann. Appl. Stat. 1, 386-411.
    McCullagh P (2000). Resampling and exchangeable arrays. Bernoulli 6, 285-301.
    Efron B (1987). Better bootstrap confidence intervals. J. Am. Stat. Assoc. 82, 171-185.
    Cameron AC, Gelbach JB, Miller DL (2011). Robust inference with multiway clustering. J. Bus. Econ. Stat. 29,
    238-249.

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
        raise InputError(f"interval: expected 'percentile', 'bca' or 't'; got {interval!r}")
    if n_resamples < 2:
        raise InputError(f"n_resamples: expected at least 2; got {n_resamples}")
    asked = statistic if isinstance(statistic, Statistic) else TableStatistic(statistic)
    clusters = plan(table, by)
    batch = asked.bind(table, clusters)
    estimate = evaluate(batch, clusters.ones())[0]
    request = _Request(table, asked, clusters, batch, estimate, n_resamples, confidence)
    rows = _INTERVALS[interval](request, np.random.default_rng(rng))
    found = pd.DataFrame({"term": asked.names, "estimate": estimate, **rows})
    note = [_few(clusters, interval), *_undefined(found.pop("undefined"), n_resamples)]
    fixed = {"model": "bootstrap", "contrast": None, "statistic": np.nan, "p_value": np.nan, "n": len(table)}
    found = found.assign(**fixed, note="; ".join(part for part in note if part))[_COLUMNS]
    return _without_width(found)


def _without_width(found: pd.DataFrame) -> pd.DataFrame:
    """Blank the interval of a number that no draw changes: it isn't known without error, its error isn't known."""
    still = found["std_error"] <= _ROUNDING * found["estimate"].abs()
    found.loc[still, "std_error"] = 0.0
    found.loc[still, ["conf_low", "conf_high", "df"]] = np.nan
    note = "no error can be estimated: all draws give the same"
    found.loc[still, "note"] = [f"{note}; {own}" if own else note for own in found.loc[still, "note"]]
    return found


@dataclass(frozen=True)
class _Request:
    """What an interval is made from."""

    table: pd.DataFrame
    statistic: Statistic
    clusters: Plan
    batch: Batch
    estimate: np.ndarray
    n_resamples: int
    confidence: float

    @property
    def tails(self) -> np.ndarray:
        return np.array([(1 - self.confidence) / 2, (1 + self.confidence) / 2])

    def draws(self, rng: np.random.Generator) -> np.ndarray:
        """Evaluate the statistic on draws of clusters, shape (draws, names)."""
        return cluster_draws(self.batch, self.clusters, self.n_resamples, rng)


def evaluate(batch: Batch, counts: Counts) -> np.ndarray:
    """Evaluate a bound statistic on draws; 0 / 0 gives NaN (a draw without readings of a group, say).

    Examples
    --------
    >>> evaluate(lambda counts: counts[0] / counts[1], (np.zeros((1, 1)), np.zeros((1, 1)))).tolist()
    [[nan]]
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        return batch(counts)


def cluster_draws(
    batch: Batch, clusters: Plan, n_resamples: int, rng: np.random.Generator, n_jobs: int | None = None
) -> np.ndarray:
    """Evaluate a bound statistic on draws of clusters, chunk by chunk on threads; shape (draws, names).

    Draws are made in one order whatever the number of threads.

    Examples
    --------
    >>> from gazeanalytics.stats.resampling.bootstrap_statistics import MeanStatistic
    >>> from gazeanalytics.stats.resampling.clusters import plan
    >>> readings = pd.DataFrame({"reader": [1, 1, 2, 2], "right": [1.0, 1.0, 0.0, 0.0]})
    >>> clusters = plan(readings, "reader")
    >>> drawn = cluster_draws(MeanStatistic("right").bind(readings, clusters), clusters, 50, np.random.default_rng(1))
    >>> np.unique(drawn).tolist()
    [0.0, 0.5, 1.0]
    """
    # Draws are made here, in order, and only evaluated on threads: results don't depend on how many there are.
    workers = thread_count(n_jobs)
    chunk = int(np.clip(_CHUNK // max(sum(clusters.sizes), len(clusters.codes[0])), 1, 8))
    drawn = draw(clusters.sizes, n_resamples, rng, chunk)
    found: list[np.ndarray] = []
    with ThreadPoolExecutor(workers) as pool:
        while part := list(islice(drawn, workers)):
            found += pool.map(lambda counts: evaluate(batch, counts), part)
    return np.concatenate(found)


Rows = dict[str, np.ndarray]


def _percentile(request: _Request, rng: np.random.Generator) -> Rows:
    drawn = request.draws(rng)
    return _ends(drawn, np.tile(request.tails[:, None], drawn.shape[1]))


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


def _bca(request: _Request, rng: np.random.Generator) -> Rows:
    """Efron's (1987) bias-corrected and accelerated interval."""
    # Its ends are the draws' quantiles at Phi(z0 + z / (1 - a z)), z = z0 + z_alpha, where z0 is the normal quantile of
    # the share of draws below the estimate. The acceleration a adds up over both kinds of clusters, as for independent
    # samples.
    drawn = request.draws(rng)
    known = np.isfinite(drawn)
    with np.errstate(invalid="ignore"):
        below = np.sum(drawn < request.estimate, axis=0) + 0.5 * np.sum(drawn == request.estimate, axis=0)
    share = below / np.maximum(known.sum(0), 1)
    bias = np.where((share > 0) & (share < 1), stats.norm.ppf(np.clip(share, 1e-12, 1 - 1e-12)), np.nan)
    acceleration = _acceleration(request.batch, request.clusters)
    z = bias + stats.norm.ppf(request.tails)[:, None]
    return _ends(drawn, stats.norm.cdf(bias + z / (1 - acceleration * z)))


def _acceleration(batch: Batch, clusters: Plan) -> np.ndarray:
    """A sixth of the skewness of the jackknife over (groups of) clusters."""
    cubes, squares = 0.0, 0.0
    for factor, size in enumerate(clusters.sizes):
        if size == 1:
            continue
        # 200 groups of clusters at most: leaving out single ones would take 50,000 evaluations for as many cases.
        groups = np.arange(size) * min(size, _GROUPS) // size
        left = []
        for group in range(groups.max() + 1):
            counts = clusters.ones()
            counts[factor][0, groups == group] = 0.0
            left.append(evaluate(batch, counts)[0])
        off = np.nanmean(left, axis=0) - np.array(left)
        cubes, squares = cubes + np.nansum(off**3, axis=0), squares + np.nansum(off**2, axis=0)
    skewed = squares > 0
    return np.where(skewed, cubes / (6 * np.where(skewed, squares, 1.0) ** 1.5), 0.0)


def _student(request: _Request, rng: np.random.Generator) -> Rows:
    """Variance by readers plus that by cases less that by single readings, never below the larger of the first two."""
    # The sum counts the variance of single readings twice, so it is taken off once (Cameron, Gelbach & Miller 2011);
    # each part is unbiased for few clusters by its factor R / (R - 1).
    spreads, lost = [], 0
    for part in _one_way(request.table, request.clusters):
        drawn = cluster_draws(request.statistic.bind(request.table, part), part, request.n_resamples, rng)
        lost = lost + (~np.isfinite(drawn)).sum(0)
        size = part.sizes[0]
        spreads.append(np.nanvar(drawn, axis=0, ddof=1) * size / (size - 1))
    if len(spreads) == 3:
        variance = np.maximum(spreads[0] + spreads[1] - spreads[2], np.maximum(spreads[0], spreads[1]))
    else:
        variance = spreads[0]
    df = float(min(size for size in request.clusters.sizes if size > 1) - 1)
    half = stats.t.ppf(request.tails[1], df) * np.sqrt(variance)
    ends = {"conf_low": request.estimate - half, "conf_high": request.estimate + half, "std_error": np.sqrt(variance)}
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
    notes = []
    for name, size in zip(clusters.names, clusters.sizes, strict=False):
        if size < _FEW:
            notes.append(f"small cell: {size} clusters of {name!r}")
        elif size < _MANY and interval != "t":
            notes.append(f"{size} clusters of {name!r}: this interval may be too narrow, interval='t' is safer")
    return "; ".join(notes)


def _undefined(lost: pd.Series, n_resamples: int) -> list[str]:
    return [f"{int(lost.max())} of {n_resamples} draws undefined"] if lost.max() > 0 else []
