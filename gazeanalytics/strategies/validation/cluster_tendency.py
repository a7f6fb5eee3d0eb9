"""Cluster tendency: whether there is structure beyond each feature's own distribution and the correlations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

from gazeanalytics.brief import Brief
from gazeanalytics.saved_models import Array, Part, Value
from gazeanalytics.strategies.clustering.mixtures import fit_groups, principal, start_memberships

__all__ = ["ClusterTendency", "cluster_tendency", "gaussian_copula"]

# Numbers of groups that are tried: few, for every surrogate costs as much as the readings.
_TRIED = (2, 3, 5)
# Coarser than elsewhere: readings and surrogates stop equally early, so the test stays exact.
_TOLERANCE = 3e-4
# Surrogates that gain as much as the readings after which no more are drawn.
_ENOUGH = 10


@dataclass(frozen=True, slots=True)
class ClusterTendency(Brief):
    """Cluster-tendency test against data with the same distributions and correlations, but no groups and no curvature.

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

    See Also
    --------
    StrategyModel.tendency : the test of a search for strategies.

    Examples
    --------
    >>> test = ClusterTendency(gain=0.9, null_gains=np.array([0.1, 0.3, 0.2]), p_value=0.25, readings=500)
    >>> round(test.distance, 1)
    7.0
    """

    PARTS: ClassVar[Mapping[str, Part]] = {
        "gain": Value(float),
        "null_gains": Array(("surrogates",)),
        "p_value": Value(float, low=0, high=1),
        "readings": Value(int, low=1),
    }
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


def cluster_tendency(
    points: np.ndarray,
    *,
    rng: np.random.Generator,
    n_resamples: int = 99,
    max_readings: int = 1500,
    n_components: int = 5,
) -> ClusterTendency:
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
    max_readings : int
        With more readings, a random subsample of this size is used.
    n_components : int
        Principal components that the mixtures are fitted to.

    Returns
    -------
    ClusterTendency

    Notes
    -----
    The statistic is the BIC of one group less the lowest BIC of 2, 3 and 5 groups, per reading. Its null distribution
    comes from surrogates (a parametric bootstrap; McLachlan 1987, Appl. Statist. 36), for the likelihood ratio of
    mixtures has no chi-squared limit. Drawing stops once ten surrogates gain as much (Besag & Clifford 1991, Biometrika
    78), which keeps the test exact. Rejected: uniform surrogates (gap statistic; Tibshirani et al. 2001) and Gaussian
    ones, against which skewed or rounded features alone look like groups.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> one = rng.normal(size=(200, 2))
    >>> cluster_tendency(one, rng=rng, n_resamples=19).p_value > 0.05
    True
    >>> two = one + np.repeat([[0.0, 0.0], [4.0, 4.0]], [60, 140], axis=0)
    >>> cluster_tendency(two, rng=rng, n_resamples=19).p_value
    0.05
    """
    if len(points) > max_readings:
        points = points[np.sort(rng.choice(len(points), max_readings, replace=False))]
    gain = _gain(points, rng, n_components)
    null_gains: list[float] = []
    as_much = 0
    while len(null_gains) < n_resamples and as_much < _ENOUGH:
        null_gains.append(_gain(gaussian_copula(points, rng=rng), rng, n_components))
        as_much += null_gains[-1] >= gain
    drawn = len(null_gains)
    p_value = as_much / drawn if as_much == _ENOUGH else (1 + as_much) / (1 + drawn)
    return ClusterTendency(gain, np.array(null_gains), float(p_value), len(points))


def _gain(points: np.ndarray, rng: np.random.Generator, n_components: int) -> float:
    mean, directions = principal(points, max_components=n_components)
    seen = np.ascontiguousarray((points - mean) @ directions)
    one = fit_groups(seen, np.ones((len(seen), 1)))[0].bic
    few = [
        fit_groups(seen, member, tolerance=_TOLERANCE)[0].bic
        for k in _TRIED
        for member in start_memberships(seen, k, rng=rng, n_starts=1)
    ]
    return (one - min(few)) / len(points)
