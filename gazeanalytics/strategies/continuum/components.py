"""Varimax components of the features: few, each with few features, with bootstrap intervals of their loadings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from gazeanalytics.brief import Brief
from gazeanalytics.saved_models import Array, Part

__all__ = ["Components", "fit_components", "omega", "parallel_analysis", "varimax"]


@dataclass(frozen=True, slots=True)
class Components(Brief):
    """Principal components of scaled features after varimax rotation.

    Attributes
    ----------
    mean : numpy.ndarray, shape (features,)
    weights : numpy.ndarray, shape (features, components)
        Scores are (points - mean) @ weights.
    loadings, low, high : numpy.ndarray, shape (features, components)
        Correlation of each feature with each component, and its 95 % bootstrap interval.
    explained : numpy.ndarray, shape (components,)
        Share of all variance.

    References
    ----------
    Horn (1965), Psychometrika 30: parallel analysis. Kaiser (1958), Psychometrika 23: varimax.

    Examples
    --------
    Four features of two independent traits give two components:

    >>> rng = np.random.default_rng(0)
    >>> traits = rng.normal(size=(300, 2))
    >>> points = np.repeat(traits, 2, axis=1) + 0.3 * rng.normal(size=(300, 4))
    >>> found = fit_components(points, rng=rng, n_resamples=20)
    >>> found.names
    ('component 1', 'component 2')
    >>> np.abs(found.loadings).round(1)[[0, 3]].max(axis=1)
    array([1., 1.])
    """

    PARTS: ClassVar[Mapping[str, Part]] = {
        "mean": Array(("features",)),
        "weights": Array(("features", "components")),
        "loadings": Array(("features", "components")),
        "low": Array(("features", "components")),
        "high": Array(("features", "components")),
        "explained": Array(("components",), low=0, high=1 + 1e-9),
    }
    mean: np.ndarray
    weights: np.ndarray
    loadings: np.ndarray
    low: np.ndarray
    high: np.ndarray
    explained: np.ndarray

    @property
    def names(self) -> tuple[str, ...]:
        """Names by falling share of variance."""
        return tuple(f"component {number + 1}" for number in range(self.weights.shape[1]))

    def scores(self, points: np.ndarray) -> np.ndarray:
        """Return component scores, shape (points, components)."""
        return (points - self.mean) @ self.weights

    def table(self, features: tuple[str, ...]) -> pd.DataFrame:
        """Return one row per component x feature."""
        component, feature = np.divmod(np.arange(self.loadings.size), len(features))
        return pd.DataFrame(
            {
                "component": np.array(self.names)[component],
                "feature": np.array(features)[feature],
                "loading": self.loadings.T.ravel(),
                "conf_low": self.low.T.ravel(),
                "conf_high": self.high.T.ravel(),
                "explained": self.explained[component],
            }
        )


def omega(points: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Give the reliability of each score (points @ weights): the share of its variance that is not the features' own.

    McDonald's omega: a factor model with as many factors as scores divides each feature into what it shares with the
    others and what it has for itself, error of measurement among it.

    Parameters
    ----------
    points : numpy.ndarray, shape (readings, features)
    weights : numpy.ndarray, shape (features, scores)

    Returns
    -------
    numpy.ndarray, shape (scores,)

    References
    ----------
    McDonald (1999), Test Theory: A Unified Treatment, chapter 6.

    Examples
    --------
    The mean of four features, each half a trait and half its own, has a reliability of 4 / 5:

    >>> rng = np.random.default_rng(0)
    >>> points = rng.normal(size=(5000, 1)) + rng.normal(size=(5000, 4))
    >>> omega(points, np.full((4, 1), 0.25)).round(2)
    array([0.8])
    """
    from sklearn.decomposition import FactorAnalysis

    covariance = np.atleast_2d(np.cov(points.T, bias=True))
    # Of the points, a factor model needs the covariance alone: a few points that have it cost the same for any study.
    values, vectors = np.linalg.eigh(covariance)
    root = np.sqrt(len(values) * values.clip(min=0))[:, None] * vectors.T
    model = FactorAnalysis(weights.shape[1], tol=1e-6, max_iter=5000, svd_method="lapack")
    model.fit(np.vstack([root, -root]))
    own = np.einsum("fc,f,fc->c", weights, model.noise_variance_, weights)
    whole = np.einsum("fc,fg,gc->c", weights, covariance, weights)
    return np.clip(1 - own / whole, 0.0, 1.0)


def varimax(loadings: np.ndarray, *, max_iter: int = 100) -> np.ndarray:
    """Return the varimax rotation (components, components): each component loads on few features (Kaiser 1958).

    Examples
    --------
    >>> turned = np.array([[0.8, 0.6], [0.8, 0.6], [0.6, -0.8], [0.6, -0.8]])
    >>> np.abs(turned @ varimax(turned)).round(3)
    array([[1., 0.],
           [1., 0.],
           [0., 1.],
           [0., 1.]])
    """
    count = loadings.shape[1]
    rotation = np.eye(count)
    for _ in range(max_iter):
        turns = 0.0
        for i in range(count):
            for j in range(i + 1, count):
                # Two components at a time, each by its best angle: no step size, and it can't overshoot.
                angle = _best_turn(*(loadings @ rotation[:, [i, j]]).T)
                turns += abs(angle)
                cosine, sine = np.cos(angle), np.sin(angle)
                rotation[:, [i, j]] = rotation[:, [i, j]] @ np.array([[cosine, -sine], [sine, cosine]])
        if turns < 1e-9:
            break
    return rotation


def _best_turn(first: np.ndarray, second: np.ndarray) -> float:
    """Angle that gives two components the greatest variance of squared loadings (Kaiser 1958, equation 6)."""
    u, v = first**2 - second**2, 2 * first * second
    sine = 2 * (u * v).sum() - 2 * u.sum() * v.sum() / len(u)
    cosine = (u**2 - v**2).sum() - (u.sum() ** 2 - v.sum() ** 2) / len(u)
    return float(np.arctan2(sine, cosine) / 4)


def parallel_analysis(points: np.ndarray, *, rng: np.random.Generator, n_resamples: int = 20) -> int:
    """Count components with more variance than in shuffled features (parallel analysis; Horn 1965), at least 1.

    Rejected: eigenvalues above 1, which are half of all when features are independent, and a share of the variance,
    which depends on no number of readings.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> parallel_analysis(np.repeat(rng.normal(size=(200, 2)), 3, axis=1) + 0.5 * rng.normal(size=(200, 6)), rng=rng)
    2
    """
    real = np.linalg.eigvalsh(np.atleast_2d(np.corrcoef(points.T)))[::-1]
    chance = [
        np.linalg.eigvalsh(np.atleast_2d(np.corrcoef(rng.permuted(points, axis=0).T)))[::-1] for _ in range(n_resamples)
    ]
    # The 95 % quantile rather than Horn's mean, which chance alone often exceeds (Glorfeld 1995).
    above = real > np.quantile(chance, 0.95, axis=0)
    return max(int(above.argmin()) if not above.all() else len(above), 1)


def fit_components(
    points: np.ndarray, *, rng: np.random.Generator, n_resamples: int = 100, max_readings: int = 4000
) -> Components:
    """Find the number of components by parallel analysis, rotate them by varimax, and bootstrap their loadings.

    Parallel analysis and bootstrap see a random subsample of `max_readings` readings when there are more; the
    intervals are narrowed to the full number of readings.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> points = rng.normal(size=(200, 1)) + 0.5 * rng.normal(size=(200, 3))
    >>> found = fit_components(points, rng=rng, n_resamples=20)
    >>> found.loadings.round(1).ravel(), bool((found.low < found.loadings).all())
    (array([0.9, 0.9, 0.9]), True)
    """
    n = len(points)
    sample = points if n <= max_readings else points[np.sort(rng.choice(n, max_readings, replace=False))]
    count = parallel_analysis(sample, rng=rng)
    weights, loadings, explained = _rotated(points, count)
    draws = np.empty((n_resamples, *loadings.shape))
    for draw in range(n_resamples):
        _, again, _ = _rotated(sample[rng.integers(len(sample), size=len(sample))], count)
        draws[draw] = _aligned(again, loadings)
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    # Standard errors shrink with the root of the number of readings; the subsample gives those of its own size.
    narrow = np.sqrt(len(sample) / n)
    return Components(
        points.mean(axis=0),
        weights,
        loadings,
        loadings + narrow * (low - loadings),
        loadings + narrow * (high - loadings),
        explained,
    )


def _rotated(points: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights, loadings, share of variance of `count` rotated components; each one's greatest loading is positive."""
    covariance = np.atleast_2d(np.cov(points.T, bias=True))
    values, vectors = np.linalg.eigh(covariance)
    values, vectors = values[::-1][:count], vectors[:, ::-1][:, :count]
    rotation = varimax(vectors * np.sqrt(values))
    weights = (vectors / np.sqrt(values)) @ rotation
    raw = (vectors * np.sqrt(values)) @ rotation
    order = np.argsort(-(raw**2).sum(axis=0), kind="stable")
    sign = np.sign(raw[np.abs(raw).argmax(axis=0), np.arange(count)])
    weights, raw = (weights * sign)[:, order], (raw * sign)[:, order]
    sd = np.sqrt(np.diag(covariance))
    return weights, raw / np.where(sd > 0, sd, 1.0)[:, None], (raw**2).sum(axis=0) / np.trace(covariance)


def _aligned(loadings: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Put bootstrap components in the order and with the signs of the components that they correspond to."""
    from scipy.optimize import linear_sum_assignment

    # Bootstrap samples turn, order and sign components anew; without alignment the intervals would cover both signs.
    match = target.T @ loadings
    _, order = linear_sum_assignment(-np.abs(match))
    return loadings[:, order] * np.sign(match[np.arange(len(order)), order])
