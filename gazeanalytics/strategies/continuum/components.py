"""The axes that readings spread along: few, each told by few features, with how sure their loadings are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["Axes", "fit_axes", "parallel_analysis", "varimax"]


@dataclass(frozen=True, slots=True)
class Axes:
    """Rotated principal axes of scaled features.

    Attributes
    ----------
    mean : numpy.ndarray, shape (features,)
    weights : numpy.ndarray, shape (features, axes)
        Scores are (points - mean) @ weights.
    loadings, low, high : numpy.ndarray, shape (features, axes)
        Correlation of each feature with each axis, and its 95 % bootstrap interval.
    explained : numpy.ndarray, shape (axes,)
        Share of all variance.
    """

    mean: np.ndarray
    weights: np.ndarray
    loadings: np.ndarray
    low: np.ndarray
    high: np.ndarray
    explained: np.ndarray

    @property
    def names(self) -> tuple[str, ...]:
        """Names by falling share of variance."""
        return tuple(f"axis {number + 1}" for number in range(self.weights.shape[1]))

    def scores(self, points: np.ndarray) -> np.ndarray:
        """Return the place of each point on each axis, shape (points, axes)."""
        return (points - self.mean) @ self.weights

    def table(self, features: tuple[str, ...]) -> pd.DataFrame:
        """Return one row per axis x feature."""
        axis, feature = np.divmod(np.arange(self.loadings.size), len(features))
        return pd.DataFrame(
            {
                "axis": np.array(self.names)[axis],
                "feature": np.array(features)[feature],
                "loading": self.loadings.T.ravel(),
                "conf_low": self.low.T.ravel(),
                "conf_high": self.high.T.ravel(),
                "explained": self.explained[axis],
            }
        )

    def arrays(self) -> dict[str, np.ndarray]:
        """Return plain arrays to save."""
        return {f"axes_{name}": getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> Axes:
        """Make axes from what `arrays` gave."""
        return cls(**{name: arrays[f"axes_{name}"] for name in cls.__slots__})


def varimax(loadings: np.ndarray, *, rounds: int = 100) -> np.ndarray:
    """Return the rotation (axes, axes) that makes each axis load on few features (Kaiser 1958).

    Examples
    --------
    >>> turned = np.array([[0.8, 0.6], [0.8, 0.6], [0.6, -0.8], [0.6, -0.8]])
    >>> np.abs(turned @ varimax(turned)).round(3)
    array([[1., 0.],
           [1., 0.],
           [0., 1.],
           [0., 1.]])
    """
    axes = loadings.shape[1]
    rotation = np.eye(axes)
    for _ in range(rounds):
        turns = 0.0
        for i in range(axes):
            for j in range(i + 1, axes):
                angle = _best_turn(*(loadings @ rotation[:, [i, j]]).T)
                turns += abs(angle)
                cosine, sine = np.cos(angle), np.sin(angle)
                rotation[:, [i, j]] = rotation[:, [i, j]] @ np.array([[cosine, -sine], [sine, cosine]])
        if turns < 1e-9:
            break
    return rotation


def _best_turn(first: np.ndarray, second: np.ndarray) -> float:
    """Angle that gives two axes the greatest variance of squared loadings (Kaiser 1958, equation 6)."""
    u, v = first**2 - second**2, 2 * first * second
    sine = 2 * (u * v).sum() - 2 * u.sum() * v.sum() / len(u)
    cosine = (u**2 - v**2).sum() - (u.sum() ** 2 - v.sum() ** 2) / len(u)
    return float(np.arctan2(sine, cosine) / 4)


def parallel_analysis(points: np.ndarray, *, rng: np.random.Generator, n_resamples: int = 20) -> int:
    """Count principal components with more variance than in features shuffled apart (Horn 1965), at least 1."""
    real = np.linalg.eigvalsh(np.atleast_2d(np.corrcoef(points.T)))[::-1]
    chance = [
        np.linalg.eigvalsh(np.atleast_2d(np.corrcoef(rng.permuted(points, axis=0).T)))[::-1] for _ in range(n_resamples)
    ]
    above = real > np.quantile(chance, 0.95, axis=0)
    return max(int(above.argmin()) if not above.all() else len(above), 1)


def fit_axes(
    points: np.ndarray, *, rng: np.random.Generator, n_resamples: int = 100, most_readings: int = 4000
) -> Axes:
    """Find the axes by parallel analysis, rotate them by varimax, and bootstrap their loadings.

    Parallel analysis and bootstrap see a random subsample of `most_readings` readings when there are more; the
    intervals are narrowed to the full number of readings.
    """
    n = len(points)
    sample = points if n <= most_readings else points[np.sort(rng.choice(n, most_readings, replace=False))]
    count = parallel_analysis(sample, rng=rng)
    weights, loadings, explained = _rotated(points, count)
    draws = np.empty((n_resamples, *loadings.shape))
    for draw in range(n_resamples):
        _, again, _ = _rotated(sample[rng.integers(len(sample), size=len(sample))], count)
        draws[draw] = _aligned(again, loadings)
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    narrow = np.sqrt(len(sample) / n)
    return Axes(
        points.mean(axis=0),
        weights,
        loadings,
        loadings + narrow * (low - loadings),
        loadings + narrow * (high - loadings),
        explained,
    )


def _rotated(points: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights, loadings and share of variance of `count` rotated axes; each axis' greatest loading is positive."""
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


def _aligned(loadings: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Put bootstrap axes in the order and with the signs of the axes they stand for."""
    from scipy.optimize import linear_sum_assignment

    match = wanted.T @ loadings
    _, order = linear_sum_assignment(-np.abs(match))
    return loadings[:, order] * np.sign(match[np.arange(len(order)), order])
