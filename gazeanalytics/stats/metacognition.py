"""Metacognition: whether readers are more certain when they are right (type-2 ROC, gamma, meta-d' and M-ratio).

Type-1 sensitivity d' is how well calls separate cases; type-2 measures are how well certainty separates a reader's own
right calls from wrong ones. AUROC and gamma both grow with d' and depend on how scales are used. Meta-d' (Maniscalco &
Lau 2012) is the d' that an ideal observer would need to show this certainty, given the calls; M-ratio = meta-d' / d' is
1 where certainty uses all that the calls used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import optimize, special

from gazeanalytics.stats.resampling.bootstrap import cluster_bootstrap
from gazeanalytics.stats.resampling.bootstrap_statistics import WeightedStatistic
from gazeanalytics.stats.resampling.clusters import needed
from gazeanalytics.tables import InputError

__all__ = ["MetaD", "fit_meta_d", "goodman_kruskal_gamma", "metacognition"]

_MEASURES = ("accuracy", "type2_auroc", "gamma", "d_prime", "meta_d_prime", "m_ratio")
_MIN_D_PRIME = 0.1  # below, M-ratio divides by what is next to nothing


@dataclass(frozen=True, slots=True)
class MetaD:
    """Signal detection fit of calls with certainty: d', criterion, meta-d' and M-ratio; made by `fit_meta_d`.

    Attributes
    ----------
    d_prime, criterion : float
        Type-1 sensitivity and bias.
    meta_d_prime : float
        Sensitivity that the certainty shows.
    log_likelihood : float
        Of the certainty given case and call.

    Examples
    --------
    >>> MetaD(2.0, 0.0, 1.5, -500.0).m_ratio
    0.75
    """

    d_prime: float
    criterion: float
    meta_d_prime: float
    log_likelihood: float

    @property
    def m_ratio(self) -> float:
        """Metacognitive efficiency, meta-d' / d'; NaN where d' is below 0.1."""
        return self.meta_d_prime / self.d_prime if self.d_prime >= _MIN_D_PRIME else float("nan")


def fit_meta_d(counts: np.ndarray, *, padded: bool = True) -> MetaD:
    """Fit meta-d' by maximum likelihood to counts of calls by certainty.

    Parameters
    ----------
    counts : numpy.ndarray, shape (2, 2 * levels)
        Of cases without (0) and with (1) the finding: calls of absence from the most to the least certain, then calls
        of presence from the least to the most certain.
    padded : bool
        Add 1 / (2 levels) to every cell, as is usual, so that empty cells leave d' finite.

    Returns
    -------
    MetaD
        NaN where d' isn't finite, and meta-d' where padded counts have fewer wrong calls than levels of certainty.

    Raises
    ------
    InputError
        For counts of another shape, below 0, or with a single level.

    References
    ----------
    Maniscalco B, Lau H (2012). A signal detection theoretic approach for estimating metacognitive sensitivity from
    confidence ratings. Conscious. Cogn. 21, 422-430.

    Examples
    --------
    Certainty that goes along with the calls, and the same calls with certainty that has nothing to do with being right:

    >>> good = fit_meta_d(np.array([[52, 32, 35, 37, 26, 12, 4, 2], [2, 5, 15, 22, 33, 38, 40, 45]]))
    >>> round(good.d_prime, 3), round(good.meta_d_prime, 3), round(good.m_ratio, 3)
    (1.535, 1.634, 1.064)
    >>> poor = fit_meta_d(np.array([[39, 39, 39, 39, 11, 11, 11, 11], [11, 11, 11, 11, 39, 39, 39, 39]]))
    >>> round(abs(poor.m_ratio), 2)
    0.0
    """
    table = np.asarray(counts, float)
    if table.ndim != 2 or len(table) != 2 or table.shape[1] % 2 or table.shape[1] < 4 or not (table >= 0).all():
        raise InputError(f"counts: expected numbers from 0 on of shape (2, 2 * levels); got shape {table.shape}")
    levels = table.shape[1] // 2
    wrong = table[0, levels:].sum() + table[1, :levels].sum()
    table = table + (1 / (2 * levels) if padded else 0.0)
    false_alarm, hit = table[:, levels:].sum(1) / table.sum(1)
    z_false, z_hit = special.ndtri(false_alarm), special.ndtri(hit)
    d_prime, criterion = float(z_hit - z_false), float(-(z_hit + z_false) / 2)
    # Certainty of wrong calls is what meta-d' is made of: with fewer of them than levels, the padding would decide it.
    if not np.isfinite(d_prime) or d_prime == 0 or (padded and wrong < levels):
        return MetaD(d_prime, criterion, float("nan"), float("nan"))
    # Certainty counted outwards from the criterion, on either side of it: shape (side, truth, level).
    sides = np.stack([table[:, levels - 1 :: -1], table[:, levels:]])
    start = np.concatenate(([d_prime], np.full(2 * (levels - 1), np.log(0.5))))
    found = optimize.minimize(_lack_of_fit, start, args=(sides, criterion / d_prime), method="BFGS", jac=True)
    return MetaD(d_prime, criterion, float(found.x[0]), -float(found.fun))


def _lack_of_fit(at: np.ndarray, sides: np.ndarray, bias: float) -> tuple[float, np.ndarray]:
    """Minus the log likelihood of certainty given truth and call, with its gradient."""
    # Evidence is N(-meta/2, 1) or N(meta/2, 1), and the call's criterion lies at meta times c / d', so that bias
    # relative to sensitivity is the reader's own. Given a call, evidence is cut off there: a level's chance is (B_k -
    # B_k+1) / B_0, where B_k = Phi(+-(mean - cut_k)) is what lies further out than its cut. Cuts follow in steps of
    # exp(gap), which keeps them in order without constraints.
    meta, gaps = at[0], at[1:].reshape(2, -1)
    total, gradient = 0.0, [0.0]
    mean = np.array([[-meta / 2], [meta / 2]])
    for side, sign, steps in zip(sides, (-1.0, 1.0), np.exp(np.clip(gaps, -20.0, 5.0)), strict=True):
        cuts = meta * bias + sign * np.concatenate(([0.0], np.cumsum(steps)))
        z = sign * (mean - cuts)
        beyond, density = special.ndtr(z), np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
        inside = np.maximum(-np.diff(beyond, axis=1, append=0.0), 1e-300)
        total -= float(np.sum(side * (np.log(inside) - np.log(beyond[:, :1]))))
        # Of log inside_k in B_k and B_k-1, and of all levels together in B_0
        slope = side / inside
        slope[:, 1:] -= slope[:, :-1].copy()
        slope[:, 0] -= side.sum(1) / beyond[:, 0]
        pull = slope * density
        gradient[0] -= float(np.sum(pull * sign * (np.array([[-0.5], [0.5]]) - bias)))
        gradient += list(np.cumsum(pull.sum(0)[:0:-1])[::-1] * steps)  # a step moves its cut and all further out
    return total, np.array(gradient)


def goodman_kruskal_gamma(certainty: np.ndarray, correct: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Compute Goodman and Kruskal's gamma of certainty and being right: (C - D) / (C + D) over pairs without ties.

    Parameters
    ----------
    certainty, correct : numpy.ndarray, shape (readings,)
        Any numbers, and 0 or 1.
    weights : numpy.ndarray, shape (readings,), optional
        How often each counts.

    References
    ----------
    Nelson TO (1984). A comparison of current measures of the accuracy of feeling-of-knowing predictions. Psychol. Bull.
    95, 109-133.

    Examples
    --------
    >>> goodman_kruskal_gamma(np.array([1, 2, 3, 3]), np.array([0, 1, 0, 1]))
    0.3333333333333333
    """
    more, less, _ = _pairs(np.asarray(certainty), np.asarray(correct, bool), weights)
    return (more - less) / (more + less) if more + less > 0 else float("nan")


def _pairs(certainty: np.ndarray, correct: np.ndarray, weights: np.ndarray | None) -> tuple[float, float, float]:
    """Weight of pairs of a right and a wrong call in which the right one is the more certain, the less, or tied."""
    values, level = np.unique(certainty, return_inverse=True)
    weight = np.ones(len(level)) if weights is None else weights
    right, wrong = (np.bincount(level, weight * kind, len(values)) for kind in (correct, ~correct))
    below = np.cumsum(wrong) - wrong
    more, tied = float(right @ below), float(right @ wrong)
    return more, float(right.sum() * wrong.sum()) - more - tied, tied


def metacognition(
    readings: pd.DataFrame,
    *,
    certainty: str = "certainty",
    call: str = "call",
    truth: str = "truth",
    n_levels: int = 4,
    n_resamples: int = 200,
    rng: int | np.random.Generator | None = None,
) -> pd.DataFrame:
    """Measure metacognition of readers: type-2 AUROC, gamma, d', meta-d' and M-ratio, with crossed bootstrap intervals.

    All are computed within readers, and averaged over them by their numbers of readings; M-ratio is the ratio of the
    mean meta-d' and the mean d', as ratios of single readers near chance are anything.

    Parameters
    ----------
    readings : pandas.DataFrame
        One row a reading, with columns reader and case.
    certainty : str
        Column of how certain readers were of their own call, higher being more certain: of a probability p that the
        finding is there, the larger of p and 1 - p.
    call, truth : str
        Columns of 0 and 1.
    n_levels : int
        Levels of certainty for meta-d'. More different values are cut at their quantiles.
    n_resamples : int
        Bootstrap draws of readers and cases.
    rng : int, Generator or None
        Randomness.

    Returns
    -------
    pandas.DataFrame
        An `estimates` table with the terms accuracy, type2_auroc, gamma, d_prime, meta_d_prime and m_ratio.

    Raises
    ------
    InputError
        For unknown columns, missing values, calls or truth other than 0 and 1, or certainty that is always the same.

    See Also
    --------
    calibration : whether stated probabilities agree with what is true.

    Examples
    --------
    Readers whose certainty is the strength of what they saw, so M-ratio is near 1:

    >>> rng = np.random.default_rng(1)
    >>> reader, case = np.divmod(np.arange(1200), 200)
    >>> seen = (case % 2 - 0.5) * 1.5 + rng.normal(0, 1, 1200)
    >>> readings = pd.DataFrame({"reader": reader, "case": case, "truth": case % 2, "call": (seen > 0).astype(int)})
    >>> found = metacognition(readings.assign(certainty=np.abs(seen)), n_resamples=10, rng=1).set_index("term")
    >>> found.loc[["d_prime", "m_ratio"], "estimate"].round(2).tolist()
    [1.52, 1.06]
    """
    needed(readings, ["reader", "case", certainty, call, truth])
    for name in (call, truth):
        if not np.isin(readings[name].to_numpy(float), (0, 1)).all():
            raise InputError(f"column {name!r}: expected 0 and 1")
    said, there = (readings[name].to_numpy(float) == 1 for name in (call, truth))
    sure = readings[certainty].to_numpy(float)
    level = _levels(sure, n_levels)
    if not level.any():
        raise InputError(f"column {certainty!r}: every reading has the same certainty; there is nothing to measure")
    levels = int(level.max()) + 1
    place = np.where(said, levels + level, levels - 1 - level)
    order = np.argsort(pd.factorize(readings["reader"])[0], kind="stable")
    rows = np.split(order, np.flatnonzero(np.diff(pd.factorize(readings["reader"])[0][order])) + 1)

    def measure(weights: np.ndarray) -> np.ndarray:
        parts = [(own, weights[own]) for own in rows if weights[own].any()]
        found = np.array([_of_reader(sure[i], said[i], there[i], place[i], levels, w) for i, w in parts])
        size = np.array([w.sum() for _, w in parts])
        known = np.isfinite(found)
        mean = np.array(
            [np.average(c[k], weights=size[k]) if k.any() else np.nan for c, k in zip(found.T, known.T, strict=True)]
        )
        both = known[:, 3:].all(1)
        d_prime, meta = (np.average(found[both, k], weights=size[both]) if both.any() else np.nan for k in (3, 4))
        return np.append(mean, meta / d_prime if d_prime >= _MIN_D_PRIME else np.nan)

    statistic = WeightedStatistic(measure, _MEASURES)
    found = cluster_bootstrap(readings, statistic, n_resamples=n_resamples, rng=rng)
    return found.assign(model="metacognition")


def _levels(certainty: np.ndarray, n_levels: int) -> np.ndarray:
    """Code certainty from 0 on; more than `n_levels` values are cut at their quantiles."""
    if n_levels < 2:
        raise InputError(f"n_levels: expected at least 2; got {n_levels}")
    values = np.unique(certainty)
    if len(values) > n_levels:
        values = np.unique(np.quantile(certainty, np.arange(1, n_levels) / n_levels))
        return np.searchsorted(values, certainty, side="right")
    return np.searchsorted(values, certainty)


def _of_reader(
    certainty: np.ndarray, call: np.ndarray, truth: np.ndarray, place: np.ndarray, levels: int, weights: np.ndarray
) -> list[float]:
    """Accuracy, type-2 AUROC, gamma, d' and meta-d' of one reader's weighted readings."""
    correct = call == truth
    more, less, tied = _pairs(certainty, correct, weights)
    pairs, untied = more + less + tied, more + less
    counts = np.stack([np.bincount(place, weights * kind, 2 * levels) for kind in (~truth, truth)])
    both = (counts.sum(1) > 0).all()
    fit = fit_meta_d(counts) if both else MetaD(*[float("nan")] * 4)
    return [
        float(np.average(correct, weights=weights)),
        (more + tied / 2) / pairs if pairs > 0 else float("nan"),
        (more - less) / untied if untied > 0 else float("nan"),
        fit.d_prime,
        fit.meta_d_prime,
    ]
