"""Cluster profiles: standardised effects of each strategy, with intervals that account for readers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import t as student

__all__ = ["central_readings", "profile_groups"]

_BLOCKS = 50


def profile_groups(
    values: np.ndarray,
    labels: np.ndarray,
    features: Sequence[str],
    names: Sequence[str],
    readers: np.ndarray | None = None,
) -> pd.DataFrame:
    """Compare each group with all other readings, feature by feature.

    Parameters
    ----------
    values : numpy.ndarray, shape (readings, features)
        In the features' own units; NaN where missing.
    labels : numpy.ndarray of int, shape (readings,)
        Group of each reading.
    features, names : sequence of str
        Names of the features and of the groups.
    readers : numpy.ndarray of int, shape (readings,), optional
        Reader of each reading.

    Returns
    -------
    pandas.DataFrame
        strategy, feature, effect, conf_low, conf_high, mean, sd, n. The effect is the difference of means in pooled
        standard deviations within the two sides; its 95 % interval is a delete-one-reader jackknife with a t
        quantile, or one over 50 interleaved blocks of readings where readers are not known. No rows for one group.

    Notes
    -----
    The jackknife leaves out whole readers (Efron & Stein 1981, Ann. Statist. 9), for readings of one reader are alike.
    Rejected: the textbook interval of a standardised difference, which takes every reading as independent.

    Examples
    --------
    >>> values = np.r_[np.linspace(0, 1, 50), np.linspace(2, 3, 50)][:, None]
    >>> table = profile_groups(values, np.repeat([0, 1], 50), ["dwell"], ["short", "long"])
    >>> table[["strategy", "effect", "mean", "n"]].round(1)
      strategy  effect  mean   n
    0    short    -6.7   0.5  50
    1     long     6.7   2.5  50
    """
    blocks = np.arange(len(values)) % _BLOCKS if readers is None else np.unique(readers, return_inverse=True)[1]
    # Effects from sums by block: leaving a reader out is a subtraction, not another pass over all readings.
    sums = _sums(values, labels, blocks, len(names))
    total = sums.sum(axis=1)
    effect = _effects(total)
    count = sums.shape[1]
    without = _effects(total[:, None] - sums)
    spread = np.sqrt((count - 1) / count * ((without - without.mean(axis=0)) ** 2).sum(axis=0))
    reach = student.ppf(0.975, count - 1) * spread if count > 1 else np.full_like(effect, np.nan)
    n, first, square = total
    mean = first / n
    return pd.DataFrame(
        {
            "strategy": np.repeat(names, len(features)),
            "feature": np.tile(features, len(names)),
            "effect": effect.ravel(),
            "conf_low": (effect - reach).ravel(),
            "conf_high": (effect + reach).ravel(),
            "mean": mean.ravel(),
            "sd": np.sqrt((square - n * mean**2).clip(min=0) / (n - 1)).ravel(),
            "n": n.ravel().astype(int),
        }
    ).head(0 if len(names) == 1 else effect.size)


def central_readings(
    points: np.ndarray, labels: np.ndarray, readings: np.ndarray, names: Sequence[str], *, n_exemplars: int = 5
) -> pd.DataFrame:
    """Return the readings nearest to the middle of each group, the medoid first.

    Parameters
    ----------
    points : numpy.ndarray, shape (readings, features)
        Scaled features.
    labels : numpy.ndarray of int, shape (readings,)
        Group of each reading.
    readings : numpy.ndarray, shape (readings,)
        Their names.
    names : sequence of str
        Names of the groups.
    n_exemplars : int
        How many for each group.

    Returns
    -------
    pandas.DataFrame
        strategy, place (1, 2, ...), reading, distance to the group's mean in standard deviations within the group.
        Of all readings of a group, the one nearest to its mean has the least summed squared distance to the others.

    Examples
    --------
    >>> points = np.arange(9.0)[:, None]
    >>> central_readings(points, np.zeros(9, int), np.arange(9), ["one"], n_exemplars=2)["reading"].tolist()
    [4, 3]
    """
    tables = []
    for group, name in enumerate(names):
        rows = np.flatnonzero(labels == group)
        off = points[rows] - points[rows].mean(axis=0)
        # A group of few readings has no shape of its own in every direction.
        shape = np.atleast_2d(np.cov(off.T, bias=True)) + 1e-6 * np.eye(points.shape[1])
        distance = np.sqrt((off * np.linalg.solve(shape, off.T).T).sum(axis=1))
        first = np.argsort(distance, kind="stable")[:n_exemplars]
        tables.append(
            pd.DataFrame(
                {
                    "strategy": name,
                    "place": np.arange(1, len(first) + 1),
                    "reading": readings[rows[first]],
                    "distance": distance[first],
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def _sums(values: np.ndarray, labels: np.ndarray, blocks: np.ndarray, groups: int) -> np.ndarray:
    """Number, sum and sum of squares, shape (3, blocks, groups, features)."""
    here = np.isfinite(values)
    filled = np.where(here, values, 0.0)
    result = np.zeros((3, int(blocks.max()) + 1, groups, values.shape[1]))
    for total, part in zip(result, (here, filled, filled**2), strict=True):
        np.add.at(total, (blocks, labels), part)
    return result


def _effects(sums: np.ndarray) -> np.ndarray:
    """Standardised difference of each group from all others, from sums of shape (3, ..., groups, features)."""
    rest = sums.sum(axis=-2, keepdims=True) - sums
    with np.errstate(invalid="ignore", divide="ignore"):
        scatter = sums[2] - sums[1] ** 2 / sums[0] + rest[2] - rest[1] ** 2 / rest[0]
        pooled = np.sqrt(scatter.clip(min=0) / (sums[0] + rest[0] - 2))
        return (sums[1] / sums[0] - rest[1] / rest[0]) / pooled
