"""How far stated probabilities may be believed, given what was true.

Everything is reckoned from three numbers a stated value: the value, how often it was stated, how often it came true.
Words of certainty take few values, so a bootstrap over readers costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.optimize import isotonic_regression
from scipy.stats import beta
from scipy.stats import t as student

__all__ = ["Recalibration", "calibration", "calibration_by", "recalibrate"]

_NEWTON_STEPS = 50
_CONVERGED = 1e-10
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
class _Stated:
    """Stated values in rising order, how often each was stated and how often it came true; shape (values,)."""

    value: np.ndarray
    times: np.ndarray
    hits: np.ndarray


def calibration(
    stated: ArrayLike,
    truth: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    bins: int = 10,
    bound: float = 0.001,
    n_resamples: int = 1000,
    rng: int | np.random.Generator | None = None,
) -> pd.DataFrame:
    """Measure how well stated probabilities fit what was true.

    Parameters
    ----------
    stated : array_like, shape (n,)
        Stated probability, 0 to 1.
    truth : array_like, shape (n,)
        0 or 1.
    clusters : array_like, shape (n,), optional
        Who or what the rows hang together by (reader, case); intervals then come from resampling whole clusters.
        Default: each row for itself.
    bins : int
        Bins of the expected calibration error.
    bound : float
        Stated values are held within `bound` and 1 less `bound` before their logit is taken, for the
        slope and intercept alone.
    resamples, rng
        Bootstrap draws for the 95 % intervals, and their randomness.

    Returns
    -------
    pandas.DataFrame
        An `estimates` table. Terms: *brier* = reliability - resolution + uncertainty (Murphy 1973, one group a stated
        value, so the parts add up exactly); *ece* in bins of equal width, *ece_adaptive* in bins of equal weight,
        *ece_debiased* the root of the squared error in these less its bias (Kumar, Liang & Ma 2019); *overconfidence*,
        mean stated less share true; *auroc*; *intercept* and *slope* of a logistic regression on the logit (Cox 1958: 0
        and 1 when calibrated).

    Raises
    ------
    ValueError
        If lengths differ, a stated value lies outside 0 to 1, or truth isn't 0 or 1.

    Examples
    --------
    >>> table = calibration([0.9] * 10 + [0.1] * 10, [1] * 6 + [0] * 4 + [0] * 9 + [1], rng=1).set_index("term")
    >>> table["estimate"][["brier", "overconfidence", "ece"]].round(3).tolist()
    [0.21, 0.15, 0.15]
    """
    p, y = _checked(stated, truth)
    groups = np.arange(len(p)) if clusters is None else pd.factorize(np.asarray(clusters))[0]
    value, where = np.unique(p, return_inverse=True)
    shape = (groups.max() + 1, len(value))
    times, hits = (
        np.bincount(groups * len(value) + where, part, shape[0] * shape[1]).reshape(shape)
        for part in (np.ones_like(y), y)
    )

    def measure(weights: np.ndarray) -> np.ndarray:
        drawn, came = weights @ times, weights @ hits
        kept = drawn > 0
        return _measure(_Stated(value[kept], drawn[kept], came[kept]), bins, bound)

    draws = np.random.default_rng(rng).multinomial(shape[0], np.full(shape[0], 1 / shape[0]), n_resamples)
    spread = np.array([measure(weights) for weights in draws.astype(float)]).reshape(n_resamples, len(_MEASURES))
    return _table(measure(np.ones(shape[0])), spread, len(p))


def _checked(stated: ArrayLike, truth: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    p, y = np.asarray(stated, float), np.asarray(truth, float)
    if p.shape != y.shape or p.ndim != 1 or not len(p):
        raise ValueError(f"stated and truth must be two columns of one length; came {p.shape} and {y.shape}")
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"stated probabilities lie between 0 and 1; came {p[~((p >= 0) & (p <= 1))][0]:g}")
    if not np.isin(y, (0, 1)).all():
        raise ValueError(f"truth is 0 or 1; came {y[~np.isin(y, (0, 1))][0]:g}; drop rows whose truth isn't known")
    return p, y


def _table(estimate: np.ndarray, spread: np.ndarray, n: int) -> pd.DataFrame:
    known = ~np.isnan(spread)
    enough = known.sum(0) > 1
    ends = np.full((3, len(estimate)), np.nan)
    if enough.any():
        ends[:2, enough] = np.nanpercentile(spread[:, enough], (2.5, 97.5), axis=0)
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


def _measure(said: _Stated, bins: int, bound: float) -> np.ndarray:
    """Every measure, in the order of `_MEASURES`."""
    total = said.times.sum()
    base, rate = said.hits.sum() / total, said.hits / said.times
    reliability = said.times @ (said.value - rate) ** 2 / total
    resolution = said.times @ (rate - base) ** 2 / total
    uncertainty = base * (1 - base)
    width = np.minimum((said.value * bins).astype(int), bins - 1)
    middle = np.cumsum(said.times) - said.times / 2
    weight = np.minimum((middle / total * bins).astype(int), bins - 1)
    intercept, slope = _logistic_line(said, bound)
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


def _calibration_error(said: _Stated, bin_of: np.ndarray) -> float:
    """Mean distance of stated and observed share, over bins, weighted by how much lies in each."""
    gap = np.bincount(bin_of, said.times * said.value - said.hits)
    return float(np.abs(gap).sum() / said.times.sum())


def _debiased_error(said: _Stated, bin_of: np.ndarray) -> float:
    """Root of the squared calibration error less the part that chance alone would give."""
    n, expected, hits = (np.bincount(bin_of, part) for part in (said.times, said.times * said.value, said.hits))
    kept = n > 1
    n, expected, hits = n[kept], expected[kept], hits[kept]
    if not len(n):
        return float("nan")
    rate = hits / n
    squared = (expected / n - rate) ** 2 - rate * (1 - rate) / (n - 1)
    return float(np.sqrt(max(0.0, n @ squared / n.sum())))


def _auroc(said: _Stated) -> float:
    """Chance that a true case was stated more probable than a false one, ties by half."""
    misses = said.times - said.hits
    pairs = said.hits.sum() * misses.sum()
    below = np.cumsum(misses) - misses
    return float(said.hits @ (below + misses / 2) / pairs) if pairs > 0 else float("nan")


def _logistic_line(said: _Stated, bound: float) -> tuple[float, float]:
    """Intercept and slope of a logistic regression of truth on the logit of what was stated, by Newton's method."""
    held = np.clip(said.value, bound, 1 - bound)
    design = np.column_stack([np.ones(len(held)), np.log(held / (1 - held))])
    line = np.array([0.0, 1.0])
    if len(held) < 2 or _separated(said):
        return float("nan"), float("nan")
    for _ in range(_NEWTON_STEPS):
        p = 1 / (1 + np.exp(-np.clip(design @ line, -500, 500)))
        curve = design.T @ (design * (said.times * p * (1 - p))[:, None])
        if abs(np.linalg.det(curve)) < np.finfo(float).tiny:
            break
        step = np.linalg.solve(curve, design.T @ (said.hits - said.times * p))
        line = line + step
        if np.abs(step).max() < _CONVERGED * max(1.0, np.abs(line).max()):
            return float(line[0]), float(line[1])
    return float("nan"), float("nan")


def _separated(said: _Stated) -> bool:
    """Whether one threshold tells true from false, so that no finite slope fits best."""
    true, false = said.value[said.hits > 0], said.value[said.hits < said.times]
    return not (len(true) and len(false)) or true.min() >= false.max() or true.max() <= false.min()


def calibration_by(
    data: pd.DataFrame, *, by: str, stated: str = "certainty", truth: str = "truth", clusters: str | None = None
) -> pd.DataFrame:
    """Hold what each phrase, reader or finding states against how often it was true.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a statement.
    by, stated, truth : str
        Columns: what to group by, stated probability, and 0 or 1.
    clusters : str, optional
        Column of who or what the rows hang together by, such as the reader. Intervals are then beta-binomial: rows
        count for as many independent ones as their overdispersion leaves, which is told over all groups at once.

    Returns
    -------
    pandas.DataFrame
        by, n, effective (independent rows that the n are worth), stated (mean), observed (share true) with low and high
        (95 %, Jeffreys' interval of the effective rows), overconfidence (stated less observed), in order of what is
        stated. With few clusters the interval is widened as a t interval is (Korn & Graubard 1998).

    Raises
    ------
    ValueError
        If a group's rows are all of one cluster, so that nothing is known of others.

    Examples
    --------
    >>> data = pd.DataFrame({"phrase": ["likely"] * 10, "certainty": 0.8, "truth": [1] * 6 + [0] * 4})
    >>> calibration_by(data, by="phrase").round(2)
       phrase   n  effective  stated  observed  low  high  overconfidence
    0  likely  10       10.0     0.8       0.6  0.3  0.85             0.2
    >>> data["reader"] = ["ann"] * 5 + ["bob"] * 5
    >>> calibration_by(data, by="phrase", clusters="reader")[["n", "effective"]].round(2).values.tolist()
    [[10.0, 0.08]]
    """
    _checked(data[stated], data[truth])
    groups = data.groupby(by, observed=True, sort=False)
    table = groups.agg(n=(truth, "size"), stated=(stated, "mean"), observed=(truth, "mean")).reset_index()
    table.insert(2, "effective", table["n"].astype(float))
    if clusters is not None:
        table["effective"] = table[by].map(_effective(data, by, truth, clusters)).astype(float)
    hits = table["observed"] * table["effective"]
    misses = table["effective"] - hits
    table["low"] = np.where(hits > 0, beta.ppf(0.025, hits + 0.5, misses + 0.5), 0.0)
    table["high"] = np.where(misses > 0, beta.ppf(0.975, hits + 0.5, misses + 0.5), 1.0)
    table["overconfidence"] = table["stated"] - table["observed"]
    return table.sort_values("stated", kind="stable", ignore_index=True)


def _effective(data: pd.DataFrame, by: str, truth: str, clusters: str) -> pd.Series:
    """Independent rows that each group's are worth, given the correlation within clusters that all groups show."""
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
    few = (student.ppf(0.975, np.maximum(rows - 1, 1)) / student.ppf(0.975, counts - 1)) ** 2
    return rows / (1 + (squares - 1) * alike) * few


@dataclass(frozen=True, slots=True)
class Recalibration:
    """A map from stated to recalibrated probability.

    Attributes
    ----------
    method : str
        isotonic or logistic.
    stated, recalibrated : numpy.ndarray, shape (knots,)
        Where the map was fitted; between knots it is straight, beyond them flat.
    """

    method: str
    stated: np.ndarray
    recalibrated: np.ndarray

    def __call__(self, stated: ArrayLike) -> np.ndarray:
        """Recalibrate stated probabilities; NaN stays NaN."""
        return np.interp(np.asarray(stated, float), self.stated, self.recalibrated)


def recalibrate(
    stated: ArrayLike, truth: ArrayLike, *, method: Literal["isotonic", "logistic"] = "isotonic", bound: float = 0.001
) -> Recalibration:
    """Fit a map that makes stated probabilities fit what was true.

    Parameters
    ----------
    stated, truth : array_like, shape (n,)
        As in `calibration`.
    method : {"isotonic", "logistic"}
        The best rising map (Zadrozny & Elkan 2002), or a line on the logit (Platt 1999, with Cox's slope), which few
        rows can bear.
    bound : float
        As in `calibration`, for the logistic line.

    Examples
    --------
    >>> fitted = recalibrate([0.2, 0.2, 0.8, 0.8], [0, 0, 1, 0])
    >>> fitted([0.2, 0.5, 0.8]).round(2).tolist()
    [0.0, 0.25, 0.5]
    """
    p, y = _checked(stated, truth)
    value, where = np.unique(p, return_inverse=True)
    said = _Stated(value, np.bincount(where).astype(float), np.bincount(where, y))
    fits: dict[str, Callable[[], tuple[np.ndarray, np.ndarray]]] = {
        "isotonic": lambda: (value, isotonic_regression(said.hits / said.times, weights=said.times).x),
        "logistic": lambda: _logistic_map(said, bound),
    }
    if method not in fits:
        raise ValueError(f"method must be 'isotonic' or 'logistic'; came {method!r}")
    knots, fitted = fits[method]()
    return Recalibration(method, knots, np.asarray(fitted))


def _logistic_map(said: _Stated, bound: float) -> tuple[np.ndarray, np.ndarray]:
    intercept, slope = _logistic_line(said, bound)
    if np.isnan(slope):
        raise ValueError("a logistic map needs true and false rows that overlap in what is stated; use 'isotonic'")
    grid = np.linspace(bound, 1 - bound, 1001)
    return grid, 1 / (1 + np.exp(-(intercept + slope * np.log(grid / (1 - grid)))))
