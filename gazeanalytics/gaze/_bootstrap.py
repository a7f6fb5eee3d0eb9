"""Bootstrap confidence intervals of means whose rows share readers and cases: both are drawn again (Owen 2007)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

__all__ = ["percentile_interval", "redraw", "weighted_means"]


def redraw(
    statistic: Callable[[list[np.ndarray]], np.ndarray],
    sizes: Sequence[int],
    *,
    n_resamples: int,
    rng: np.random.Generator | int | None = None,
) -> np.ndarray:
    """Draw the levels of every factor again, each factor by itself, and take the statistic (Owen 2007).

    Parameters
    ----------
    statistic : callable
        Takes one array a factor, how often each of its levels was drawn, and returns an array of any one length.
    sizes : sequence of int
        Levels of each factor, such as the number of cases and of readers.
    n_resamples : int
        How often.
    rng : int, numpy.random.Generator or None
        Randomness.

    Returns
    -------
    numpy.ndarray, shape (resamples, length)

    Examples
    --------
    >>> values = np.array([[1.0], [2.0], [3.0]])
    >>> drawn = redraw(lambda counts: weighted_means(values, counts[0]), [3], n_resamples=4000, rng=0)
    >>> percentile_interval(drawn).ravel().round(2).tolist()
    [1.0, 3.0]
    """
    # Counts of how often each level was drawn, not rows repeated: a pair of readings then weighs by the product of its
    # case and two readers. `stats.cluster_bootstrap` serves single readings, each with one reader and one case.
    generator = np.random.default_rng(rng)
    found = []
    for _ in range(n_resamples):
        counts = [np.bincount(generator.integers(0, size, size), minlength=size) for size in sizes]
        found.append(statistic(counts))
    return np.stack(found)


def weighted_means(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted mean of each column, rows with NaN left out of it; NaN where no weight is left.

    Examples
    --------
    >>> weighted_means(np.array([[1.0, np.nan], [4.0, 2.0]]), np.array([2, 1])).tolist()
    [2.0, 2.0]
    """
    known = ~np.isnan(values)
    weight = weights @ known
    with np.errstate(invalid="ignore", divide="ignore"):
        return (weights @ np.where(known, values, 0.0)) / weight


def percentile_interval(drawn: np.ndarray, confidence: float = 0.95) -> np.ndarray:
    """Lower and upper end for each column of draws, shape (2, columns); NaN where nothing was drawn.

    Examples
    --------
    >>> percentile_interval(np.arange(101.0)[:, None], confidence=0.9).ravel().round(6).tolist()
    [5.0, 95.0]
    """
    ends = np.full((2, drawn.shape[1]), np.nan)
    for column, values in enumerate(drawn.T):
        known = values[np.isfinite(values)]
        if len(known):
            ends[:, column] = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    return ends
