"""Multimodality of single features: how far each is from its nearest unimodal distribution."""

from __future__ import annotations

import numpy as np
from scipy.optimize import isotonic_regression

__all__ = ["multimodality"]

# Quantiles between which the nearest unimodal density is constant: one for every 20 readings, at most 50.
_PER_QUANTILE, _MAX_QUANTILES = 20, 50


def multimodality(points: np.ndarray) -> np.ndarray:
    """Distance of each feature's distribution from its nearest unimodal one (Kolmogorov-Smirnov), shape (features,).

    Parameters
    ----------
    points : numpy.ndarray, shape (readings, features)

    Notes
    -----
    Between quantiles the density is constant; the nearest unimodal one is the best of the least-squares fits that rise
    to some quantile and fall after it (isotonic regression). Rejected: the critical bandwidth of a kernel density
    (Silverman 1981, J. R. Stat. Soc. B 43), which a single far reading makes far too wide.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> one, two = rng.normal(size=400), np.repeat([-4.0, 4.0], 200) + rng.normal(size=400)
    >>> multimodality(np.column_stack([one, two])).round(1)
    array([0. , 0.2])
    """
    return np.array([_distance(np.sort(column)) for column in points.T])


def _distance(ordered: np.ndarray) -> float:
    n = len(ordered)
    edges = np.unique(np.quantile(ordered, np.linspace(0, 1, max(min(n // _PER_QUANTILE, _MAX_QUANTILES), 2) + 1)))
    if len(edges) < 3:
        return 0.0
    widths = np.diff(edges)
    density = np.histogram(ordered, edges)[0] / (n * widths)
    fits = [_unimodal(density, widths, mode) for mode in range(len(widths))]
    best = min(fits, key=lambda fit: float((widths * (fit - density) ** 2).sum()))
    return float(np.abs(np.cumsum((best - density) * widths)).max())


def _unimodal(density: np.ndarray, widths: np.ndarray, mode: int) -> np.ndarray:
    """Least-squares fit that rises up to the bin `mode` and falls after it."""
    rising = isotonic_regression(density[: mode + 1], weights=widths[: mode + 1]).x
    falling = isotonic_regression(density[mode:], weights=widths[mode:], increasing=False).x
    return np.r_[rising[:-1], max(rising[-1], falling[0]), falling[1:]]
