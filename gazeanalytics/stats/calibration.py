"""Calibration of stated probabilities: Brier score, calibration error, calibration slope and calibration curve.

Everything is computed from three numbers a stated value: the value, how often it was stated, how often it was true.
Words of certainty take few values, so a bootstrap over readers costs next to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import expit, log_expit
from scipy.stats import t as student

__all__ = ["BOUND", "StatedCounts", "calibration", "calibration_by", "checked", "logistic_line"]

_MAX_STEPS = 50  # of Newton's method
_CONVERGED = 1e-10
_LONGEST = 3.0  # step of Newton's method, in logits
BOUND = 0.001  # stated values are held this far from 0 and 1 before their logit is taken
_MEASURES = (
    "brier",
    "reliability",
    "resolution",
    "uncertainty",
    "ece",
    "ece_adaptive",
    "ece_debiased",
    "overconfidence",
    "auroc",
    "intercept",
    "slope",
)


@dataclass(frozen=True, slots=True)
class StatedCounts:
    """Stated values in rising order, how often each was stated and how often it was true; shape (values,).

    Examples
    --------
    "Possible" (0.5) was said four times and right once:

    >>> StatedCounts(np.array([0.5]), np.array([4.0]), np.array([1.0])).hits.tolist()
    [1.0]
    """

    value: np.ndarray
    times: np.ndarray
    hits: np.ndarray


def calibration(
    stated: ArrayLike,
    truth: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    n_bins: int = 10,
    confidence: float = 0.95,
    n_resamples: int = 1000,
    rng: int | np.random.Generator | None = None,
) -> pd.DataFrame:
    """Measure calibration: Brier score, expected calibration error (ECE), calibration slope and intercept, AUROC.

    Parameters
    ----------
    stated : array_like, shape (n,)
        Stated probability, 0 to 1.
    truth : array_like, shape (n,)
        0 or 1.
    clusters : array_like, shape (n,), optional
        Who or what the rows are grouped by (reader, case); intervals then come from resampling whole clusters.
        Default: each row for itself.
    n_bins : int
        Bins of the expected calibration error.
    confidence : float
        Of the percentile intervals.
    n_resamples : int
        Bootstrap draws for the intervals.
    rng : int, Generator or None
        Randomness.

    Returns
    -------
    pandas.DataFrame
        An `estimates` table. Terms: *brier* = reliability - resolution + uncertainty (Murphy 1973, one group a stated
        value, so the parts add up exactly); *ece* in bins of equal width, *ece_adaptive* in bins of equal weight,
        *ece_debiased* the root of the squared error in these less its bias (Kumar, Liang & Ma 2019); *overconfidence*,
        mean stated less share true; *auroc*; calibration *intercept* and *slope*, of a logistic regression on the logit
        (Cox 1958: 0 and 1 when calibrated; a slope below 1 is overconfidence at both ends), for which stated values
        are held within 0.001 and 0.999.

    Raises
    ------
    ValueError
        If lengths differ, a stated value lies outside 0 to 1, or truth isn't 0 or 1.

    See Also
    --------
    calibration_by : the calibration curve, phrase by phrase or reader by reader.
    recalibrate : a map that corrects stated probabilities.

    References
    ----------
    Murphy AH (1973). A new vector partition of the probability score. J. Appl. Meteorol. 12, 595-600.
    Cox DR (1958). Two further applications of a model for binary regression. Biometrika 45, 562-565.
    Kumar A, Liang P, Ma T (2019). Verified uncertainty calibration. NeurIPS 32.

    Examples
    --------
    Of ten findings called 90 % probable six were there, of ten called 10 % one was: the first are overconfident.

    >>> table = calibration([0.9] * 10 + [0.1] * 10, [1] * 6 + [0] * 4 + [0] * 9 + [1], rng=1).set_index("term")
    >>> table["estimate"][["brier", "overconfidence", "ece"]].round(3).tolist()
    [0.21, 0.15, 0.15]
    """
    p, y = checked(stated, truth)
    # Tables of clusters x stated values: a draw of clusters is then one product of matrices, however many rows there
    # are.
    groups = np.arange(len(p)) if clusters is None else pd.factorize(np.asarray(clusters))[0]
    value, where = np.unique(p, return_inverse=True)
    shape = (groups.max() + 1, len(value))
    times, hits = (
        np.bincount(groups * len(value) + where, part, shape[0] * shape[1]).reshape(shape)
        for part in (np.ones_like(y), y)
    )

    def measure(weights: np.ndarray) -> np.ndarray:
        drawn, true = weights @ times, weights @ hits
        kept = drawn > 0
        return _measure(StatedCounts(value[kept], drawn[kept], true[kept]), n_bins)

    draws = np.random.default_rng(rng).multinomial(shape[0], np.full(shape[0], 1 / shape[0]), n_resamples)
    spread = np.array([measure(weights) for weights in draws.astype(float)]).reshape(n_resamples, len(_MEASURES))
    return _table(measure(np.ones(shape[0])), spread, len(p), confidence)


def checked(stated: ArrayLike, truth: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Give stated probabilities and truth as numbers, refusing others.

    Examples
    --------
    >>> checked([0.2, 1], [False, True])
    (array([0.2, 1. ]), array([0., 1.]))
    """
    p, y = np.asarray(stated, float), np.asarray(truth, float)
    if p.shape != y.shape or p.ndim != 1 or not len(p):
        raise ValueError(f"stated and truth: expected two columns of one length; got {p.shape} and {y.shape}")
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"stated: expected probabilities between 0 and 1; got {p[~((p >= 0) & (p <= 1))][0]:g}")
    if not np.isin(y, (0, 1)).all():
        raise ValueError(
            f"truth: expected 0 or 1; got {y[~np.isin(y, (0, 1))][0]:g}; drop rows whose truth isn't known"
        )
    return p, y


def _table(estimate: np.ndarray, spread: np.ndarray, n: int, confidence: float) -> pd.DataFrame:
    known = ~np.isnan(spread)
    enough = known.sum(0) > 1
    ends = np.full((3, len(estimate)), np.nan)
    if enough.any():
        ends[:2, enough] = np.nanquantile(spread[:, enough], [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
        ends[2, enough] = np.nanstd(spread[:, enough], axis=0, ddof=1)
    lost = np.isnan(estimate) | (len(spread) > 0) & ~known.all(0)
    return pd.DataFrame(
        {
            "model": "calibration",
            "term": _MEASURES,
            "contrast": None,
            "estimate": estimate,
            "std_error": ends[2],
            "statistic": np.nan,
            "df": np.nan,
            "p_value": np.nan,
            "conf_low": ends[0],
            "conf_high": ends[1],
            "n": n,
            "note": np.where(lost, "separated, or one kind of truth alone, in some or all draws", "").astype(object),
        }
    )


def _measure(said: StatedCounts, n_bins: int) -> np.ndarray:
    """Every measure, in the order of `_MEASURES`."""
    total = said.times.sum()
    base, rate = said.hits.sum() / total, said.hits / said.times
    reliability = said.times @ (said.value - rate) ** 2 / total
    resolution = said.times @ (rate - base) ** 2 / total
    uncertainty = base * (1 - base)
    width = np.minimum((said.value * n_bins).astype(int), n_bins - 1)
    # Bins of equal weight hold whole stated values: one value split between two bins would count as miscalibrated.
    middle = np.cumsum(said.times) - said.times / 2
    weight = np.minimum((middle / total * n_bins).astype(int), n_bins - 1)
    intercept, slope = logistic_line(said)
    return np.array(
        [
            reliability - resolution + uncertainty,
            reliability,
            resolution,
            uncertainty,
            _calibration_error(said, width),
            _calibration_error(said, weight),
            _debiased_error(said, weight),
            said.times @ said.value / total - base,
            _auroc(said),
            intercept,
            slope,
        ]
    )


def _calibration_error(said: StatedCounts, bin_of: np.ndarray) -> float:
    """Mean distance of stated and observed share, over bins, weighted by how much lies in each."""
    gap = np.bincount(bin_of, said.times * said.value - said.hits)
    return float(np.abs(gap).sum() / said.times.sum())


def _debiased_error(said: StatedCounts, bin_of: np.ndarray) -> float:
    """Root of the squared calibration error less the part that chance alone would give (Kumar, Liang & Ma 2019)."""
    # A bin's (stated - observed)^2 exceeds its true value by the variance of the observed share, p (1 - p) / (n - 1)
    # when estimated without bias. The plain error has no such correction, so it falls as bins grow fewer, whatever the
    # truth.
    n, expected, hits = (np.bincount(bin_of, part) for part in (said.times, said.times * said.value, said.hits))
    kept = n > 1
    n, expected, hits = n[kept], expected[kept], hits[kept]
    if not len(n):
        return float("nan")
    rate = hits / n
    squared = (expected / n - rate) ** 2 - rate * (1 - rate) / (n - 1)
    return float(np.sqrt(max(0.0, n @ squared / n.sum())))


def _auroc(said: StatedCounts) -> float:
    """Chance that a true case was stated more probable than a false one, ties by half."""
    misses = said.times - said.hits
    pairs = said.hits.sum() * misses.sum()
    below = np.cumsum(misses) - misses
    return float(said.hits @ (below + misses / 2) / pairs) if pairs > 0 else float("nan")


def logistic_line(said: StatedCounts) -> tuple[float, float]:
    """Intercept and slope of a logistic regression of truth on the logit of what was stated, by Newton's method.

    logit P(true) = intercept + slope logit(stated), on a handful of stated values with counts. statsmodels' GLM gives
    the same eight times slower, which the bootstrap multiplies by a thousand.

    Examples
    --------
    Stated .2 and .8, true in .2 and .8 of the rows:

    >>> said = StatedCounts(np.array([0.2, 0.8]), np.array([10.0, 10.0]), np.array([2.0, 8.0]))
    >>> [round(one, 6) + 0.0 for one in logistic_line(said)]
    [0.0, 1.0]
    """
    # Certainties of 0 and 1 have no finite logit; the bound decides how much one wrong "certainly" weighs.
    held = np.clip(said.value, BOUND, 1 - BOUND)
    if _separated(held, said):
        return float("nan"), float("nan")
    design = np.column_stack([np.ones(len(held)), np.log(held / (1 - held))])
    line = np.array([0.0, 1.0])
    reached = _log_likelihood(design @ line, said)
    for _ in range(_MAX_STEPS):
        p = expit(design @ line)
        curve = design.T @ (design * (said.times * p * (1 - p))[:, None])
        step = np.linalg.solve(curve, design.T @ (said.hits - said.times * p))
        if np.abs(step).max() < _CONVERGED * max(1.0, np.abs(line).max()):
            return float(line[0] + step[0]), float(line[1] + step[1])
        # A whole step can leap to where every probability is 0 or 1, from which no slope leads back.
        step = step / max(1.0, np.abs(design @ step).max() / _LONGEST)
        while (there := _log_likelihood(design @ (line + step), said)) < reached - _CONVERGED * abs(reached):
            step = step / 2
        line, reached = line + step, there
    return float("nan"), float("nan")


def _log_likelihood(logit: np.ndarray, said: StatedCounts) -> float:
    return float(said.hits @ log_expit(logit) + (said.times - said.hits) @ log_expit(-logit))


def _separated(held: np.ndarray, said: StatedCounts) -> bool:
    """Whether one threshold separates true from false, so that no finite slope fits best."""
    true, false = held[said.hits > 0], held[said.hits < said.times]
    return not (len(true) and len(false)) or true.min() >= false.max() or true.max() <= false.min()


def calibration_by(
    data: pd.DataFrame,
    *,
    by: str,
    stated: str = "certainty",
    truth: str = "truth",
    clusters: str | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Compute a calibration curve: what each phrase, reader or finding states beside how often it was true.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a statement.
    by, stated, truth : str
        Columns: what to group by, stated probability, and 0 or 1.
    clusters : str, optional
        Column of who or what the rows are grouped by, such as the reader. Intervals are then beta-binomial: rows count
        for as many independent ones as their overdispersion leaves, which is estimated over all groups at once.
    confidence : float
        Of the intervals.

    Returns
    -------
    pandas.DataFrame
        by, n, effective (independent rows that the n are worth), stated (mean), observed (share true) with low and high
        (Jeffreys' interval of the effective rows, 0 or 1 where all were false or true), overconfidence (stated less
        observed), in order of what is stated. With few clusters the interval is widened as a t interval is (Korn &
        Graubard 1998).

    Raises
    ------
    ValueError
        If a group's rows are all of one cluster, so that nothing is known of others.

    See Also
    --------
    calibration : one number for all statements.

    References
    ----------
    Brown LD, Cai TT, DasGupta A (2001). Interval estimation for a binomial proportion. Stat. Sci. 16, 101-133.
    Korn EL, Graubard BI (1998). Confidence intervals for proportions with small expected number of positive counts
    estimated from survey data. Surv. Methodol. 24, 193-201.

    Examples
    --------
    "Likely" was meant as 80 %, and was right 6 times of 10, which 80 % doesn't contradict:

    >>> data = pd.DataFrame({"phrase": ["likely"] * 10, "certainty": 0.8, "truth": [1] * 6 + [0] * 4})
    >>> calibration_by(data, by="phrase").round(2)
       phrase   n  effective  stated  observed  low  high  overconfidence
    0  likely  10       10.0     0.8       0.6  0.3  0.85             0.2

    All of ann's were right and one of bob's: as far as readers like these are concerned, next to nothing is known.

    >>> data["reader"] = ["ann"] * 5 + ["bob"] * 5
    >>> calibration_by(data, by="phrase", clusters="reader")[["n", "effective"]].round(2).values.tolist()
    [[10.0, 0.08]]
    """
    from statsmodels.stats.proportion import proportion_confint

    checked(data[stated], data[truth])
    groups = data.groupby(by, observed=True, sort=False)
    table = groups.agg(n=(truth, "size"), stated=(stated, "mean"), observed=(truth, "mean")).reset_index()
    table.insert(2, "effective", table["n"].astype(float))
    if clusters is not None:
        effective = _effective(data, by, truth, clusters, confidence)
        table["effective"] = table[by].map(effective).astype(float)
    hits, rows = table["observed"] * table["effective"], table["effective"]
    # Jeffreys' Beta(1/2, 1/2) interval covers near its level also for shares near 0 and 1, where Wald's fails; ends at
    # 0 and 1 follow Brown, Cai & DasGupta (2001).
    low, high = proportion_confint(hits, rows, alpha=1 - confidence, method="jeffreys")
    table["low"], table["high"] = np.where(hits > 0, low, 0.0), np.where(hits < rows, high, 1.0)
    table["overconfidence"] = table["stated"] - table["observed"]
    return table.sort_values("stated", kind="stable", ignore_index=True)


def _effective(data: pd.DataFrame, by: str, truth: str, clusters: str, confidence: float) -> pd.Series:
    """Effective sample size of each group, given the correlation within clusters that all groups show."""
    # n / (1 + (m - 1) rho), where m is the size of the cluster of a typical row and rho the intraclass correlation from
    # the analysis of variance, pooled over groups: by itself a phrase that few readers used would get a rho of chance.
    cells = data.groupby([by, clusters], observed=True)[truth].agg(["size", "mean"]).reset_index()
    size, share = cells["size"].to_numpy(float), cells["mean"].to_numpy()
    group = cells.groupby(by, observed=True)
    known, sizes = group["size"].transform("sum").to_numpy(float), cells["size"] ** 2
    counts = group.size()
    if (counts < 2).any():
        raise ValueError(f"{counts.index[counts < 2][0]!r} was stated by one of {clusters!r} alone; leave clusters out")
    rate = (cells["size"] * cells["mean"]).groupby(cells[by], observed=True).transform("sum").to_numpy() / known
    squares = sizes.groupby(cells[by], observed=True).sum() / group["size"].sum()
    between = float(size @ (share - rate) ** 2) / (len(cells) - len(counts))
    within = float(size @ (share * (1 - share))) / max(size.sum() - len(cells), 1.0)
    typical = float(size.sum() - squares.sum()) / (len(cells) - len(counts))
    spread = between + (typical - 1) * within
    alike = min(1.0, max(0.0, (between - within) / spread)) if spread > 0 else 0.0
    rows = group["size"].sum()
    upper = (1 + confidence) / 2
    few = (student.ppf(upper, np.maximum(rows - 1, 1)) / student.ppf(upper, counts - 1)) ** 2
    return rows / (1 + (squares - 1) * alike) * few
