"""Whether there is structure beyond what each feature's own distribution and the correlations would show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

from gazeanalytics.strategies.clustering.mixtures import fit_groups, principal, start_memberships

__all__ = ["Existence", "existence", "gaussian_copula"]

# Numbers of groups that are tried: few, for every surrogate pays for them.
_TRIED = (2, 3, 5)
# Coarser than elsewhere: readings and surrogates stop equally early, so the test stays exact.
_TOLERANCE = 3e-4
# Surrogates that gain as much as the readings after which no more are drawn.
_ENOUGH = 10


@dataclass(frozen=True, slots=True)
class Existence:
    """Test against data with the same distributions and correlations, but no groups and no curved axis.

    Attributes
    ----------
    gain : float
        By how much groups lower the BIC, per reading.
    null_gains : numpy.ndarray, shape (surrogates,)
        The same for each surrogate.
    p_value : float
        (1 + surrogates that gain as much) / (1 + surrogates), never less than 1 / (1 + surrogates); where drawing
        stopped early, surrogates that gain as much / surrogates (Besag & Clifford 1991).
    readings : int
        Readings used: all, or a random subsample.
    """

    gain: float
    null_gains: np.ndarray
    p_value: float
    readings: int

    @property
    def distance(self) -> float:
        """How far the gain lies above those of the surrogates, in their standard deviations."""
        return float((self.gain - self.null_gains.mean()) / self.null_gains.std(ddof=1))


def gaussian_copula(points: np.ndarray, *, rng: np.random.Generator) -> np.ndarray:
    """Draw as many readings with the same values in every feature and the same rank correlations, and nothing else.

    The readings are drawn from a Gaussian with the correlations of the normal scores; each drawn feature is then
    replaced by the real values in the same order, so every margin (with its ties and skew) is kept exactly.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> two = np.repeat([[0.0, 0.0], [9.0, 9.0]], 50, axis=0)
    >>> drawn = gaussian_copula(two, rng=rng)
    >>> (np.sort(drawn, axis=0) == np.sort(two, axis=0)).all()
    np.True_
    """
    n = len(points)
    scores = ndtri(rankdata(points, axis=0) / (n + 1))
    scores -= scores.mean(axis=0)
    values, vectors = np.linalg.eigh(np.atleast_2d(np.cov(scores.T)))
    drawn = (rng.standard_normal(points.shape) * np.sqrt(values.clip(min=0))) @ vectors.T
    order = np.argsort(np.argsort(drawn, axis=0, kind="stable"), axis=0, kind="stable")
    return np.take_along_axis(np.sort(points, axis=0), order, axis=0)


def existence(
    points: np.ndarray,
    *,
    rng: np.random.Generator,
    n_resamples: int = 99,
    most_readings: int = 1500,
    dimensions: int = 5,
) -> Existence:
    """Compare what a mixture gains on the readings with what it gains on Gaussian-copula surrogates.

    Parameters
    ----------
    points : numpy.ndarray, shape (readings, features)
        Scaled features.
    rng : numpy.random.Generator
        Draws the subsample and the surrogates.
    n_resamples : int
        Surrogates at most; the smallest p-value is 1 / (resamples + 1). Once ten gain as much as the readings, no more
        are drawn.
    most_readings : int
        With more readings, a random subsample of this size is used.
    dimensions : int
        Principal components that the mixtures see.
    """
    if len(points) > most_readings:
        points = points[np.sort(rng.choice(len(points), most_readings, replace=False))]
    gain = _gain(points, rng, dimensions)
    null_gains: list[float] = []
    as_much = 0
    while len(null_gains) < n_resamples and as_much < _ENOUGH:
        null_gains.append(_gain(gaussian_copula(points, rng=rng), rng, dimensions))
        as_much += null_gains[-1] >= gain
    drawn = len(null_gains)
    p_value = as_much / drawn if as_much == _ENOUGH else (1 + as_much) / (1 + drawn)
    return Existence(gain, np.array(null_gains), float(p_value), len(points))


def _gain(points: np.ndarray, rng: np.random.Generator, dimensions: int) -> float:
    mean, directions = principal(points, most=dimensions)
    seen = np.ascontiguousarray((points - mean) @ directions)
    one = fit_groups(seen, np.ones((len(seen), 1)))[0].bic
    few = [
        fit_groups(seen, member, tolerance=_TOLERANCE)[0].bic
        for k in _TRIED
        for member in start_memberships(seen, k, rng=rng, starts=1)
    ]
    return (one - min(few)) / len(points)
