"""Mixtures of elliptical groups with Gaussian or heavier tails, and how many groups the data call for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.linalg import cholesky, solve_triangular
from scipy.stats import chi2
from scipy.stats import f as fisher

from gazeanalytics._kernels.strategies import mixtures as kernels
from gazeanalytics.brief import Brief
from gazeanalytics.saved_models import Array, Part, Value

__all__ = ["ONE_SHAPE", "OWN_SHAPES", "Mixture", "best_path", "fit_groups", "principal", "start_memberships"]

# Degrees of freedom that a fit may choose among: from very heavy tails to Gaussian.
TAILS = np.array([3.0, 4.0, 6.0, 10.0, 20.0, 50.0, np.inf])
_TOLERANCE = 1e-5
_SHORT = 1e-3
_LONG = 1e-4
_MAX_ITER = 200
# Prior weight (pseudo-observations) of the pooled covariance: a group's own shape counts once it has more readings.
# The prior is that of an inverse Wishart whose mode is the pooled shape (Fraley & Raftery 2007, J. Classif. 24).
OWN_SHAPES = 100.0
# More readings than any study has, so that all groups have the pooled shape.
ONE_SHAPE = 1e9


@dataclass(frozen=True, slots=True)
class Mixture(Brief):
    """A mixture of multivariate normal or t distributions (a Gaussian mixture model where the tail is infinite).

    Attributes
    ----------
    centres, covariances, shares : numpy.ndarray, shapes (groups, d), (groups, d, d), (groups,)
        Place, shape and size of each group.
    tail : float
        Degrees of freedom of the t distribution all groups share; infinity is Gaussian.
    log_likelihood : float
        Of the readings that were fitted.
    bic : float
        Bayesian information criterion; less is better.

    References
    ----------
    Peel & McLachlan (2000), Statistics and Computing 10: mixtures of t distributions.

    Examples
    --------
    >>> points = np.concatenate([np.random.default_rng(0).normal(centre, 1, (200, 1)) for centre in (0, 6)])
    >>> mixture, _ = fit_groups(points, np.repeat(np.eye(2), 200, axis=0))
    >>> mixture.shares.round(2), mixture.posterior(np.array([[0.0], [3.0]])).round(2)
    (array([0.5, 0.5]), array([[1.  , 0.  ],
           [0.53, 0.47]]))
    """

    PARTS: ClassVar[Mapping[str, Part]] = {
        "centres": Array(("groups", "features")),
        "covariances": Array(("groups", "features", "features"), covariance=True),
        "shares": Array(("groups",), low=0, high=1, sums_to_one=True),
        "tail": Value(float, low=1, infinite=True),
        "log_likelihood": Value(float),
        "bic": Value(float),
    }
    centres: np.ndarray
    covariances: np.ndarray
    shares: np.ndarray
    tail: float
    log_likelihood: float
    bic: float

    def heights(self) -> np.ndarray:
        """Return the log density of the whole mixture at each group's centre, shape (groups,)."""
        distances = self._to_centres(self.centres)
        one = np.empty((1, len(self.shares)))
        rows = [distances._replace(squared=distances.squared[g : g + 1]) for g in range(len(self.shares))]
        return np.array([kernels.memberships(row, self.tail, one) for row in rows])

    def posterior(self, points: np.ndarray) -> np.ndarray:
        """Return the posterior probability of each group for each point, shape (points, groups)."""
        distances = self._to_centres(points)
        member = np.empty_like(distances.squared)
        kernels.memberships(distances, self.tail, member)
        return member

    def typicality(self, points: np.ndarray) -> np.ndarray:
        """Return how often a point of its nearest group lies as far out, shape (points,): near 0 is unlike all groups.

        Squared distances follow chi-squared in a Gaussian group, d times F(d, tail) in one with a t distribution.
        """
        squared = self._to_centres(points).squared
        d = points.shape[1]
        tails = chi2.sf(squared, d) if np.isinf(self.tail) else fisher.sf(squared / d, d, self.tail)
        return np.asarray(tails).max(axis=1)

    def weights(self, points: np.ndarray) -> np.ndarray:
        """Return how much each point counts in its group's shape, shape (points,): 1 when the tail is Gaussian."""
        if np.isinf(self.tail):
            return np.ones(len(points))
        own = self._to_centres(points).squared[np.arange(len(points)), self.posterior(points).argmax(axis=1)]
        return (self.tail + points.shape[1]) / (self.tail + own)

    def distances(self, readings: int) -> np.ndarray:
        """Return how far centres lie apart in standard deviations within groups, shape (groups, groups).

        The Mahalanobis distance squared is corrected for its bias (as in Lachenbruch & Mickey 1968): with `readings`
        readings, chance alone puts centres apart.
        """
        k, d = self.centres.shape
        counts = self.shares * readings
        squared = np.zeros((k, k))
        for a, b in zip(*np.triu_indices(k, 1), strict=True):
            off = self.centres[a] - self.centres[b]
            plain = off @ np.linalg.solve((self.covariances[a] + self.covariances[b]) / 2, off)
            bias = d * (1 / counts[a] + 1 / counts[b])
            squared[[a, b], [b, a]] = plain * (1 - (d + 2) / (counts[a] + counts[b])) - bias
        return np.sqrt(squared.clip(min=0))

    def _to_centres(self, points: np.ndarray) -> kernels.Distances:
        distances = kernels.Distances(
            np.empty((len(points), len(self.shares))), np.empty(len(self.shares)), self.shares, points.shape[1]
        )
        if not kernels.squared_distances(points, self.centres, self.covariances, distances.squared, distances.log_dets):
            raise ValueError("a group of the mixture has a covariance that is not positive definite")
        return distances


def principal(points: np.ndarray, *, max_components: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and the leading principal directions (features, d) of centred points; signs are fixed.

    Examples
    --------
    >>> mean, directions = principal(np.array([[0.0, 0], [1, 1], [2, 2]]), max_components=1)
    >>> directions.round(3).ravel()
    array([0.707, 0.707])
    """
    mean = points.mean(axis=0)
    values, vectors = np.linalg.eigh(np.atleast_2d(np.cov(points.T, bias=True)))
    order = np.argsort(-values, kind="stable")[: min(max_components, points.shape[1])]
    directions = vectors[:, order]
    signs = np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(directions.shape[1])])
    return mean, np.ascontiguousarray(directions * signs)


def fit_groups(
    points: np.ndarray, member: np.ndarray, *, pull: float | None = None, tolerance: float = _TOLERANCE
) -> tuple[Mixture, np.ndarray]:
    """Fit as many groups as `member` has columns, starting from these memberships.

    Parameters
    ----------
    points : numpy.ndarray, shape (points, d)
    member : numpy.ndarray, shape (points, groups)
    pull : float, optional
        Prior weight of the pooled covariance in points (pseudo-observations); default d + 2.
    tolerance : float
        EM ends when an iteration gains less log likelihood per point.

    Returns
    -------
    mixture : Mixture
    member : numpy.ndarray, shape (points, groups)
        Memberships under the fit; those given are left as they were.

    Examples
    --------
    >>> points = np.r_[np.linspace(-1, 1, 50), np.linspace(9, 11, 50)][:, None]
    >>> mixture, member = fit_groups(points, np.eye(2)[np.repeat([0, 1], 50)])
    >>> abs(mixture.centres).round(1).ravel(), member[[0, -1]].round(1).tolist()
    (array([ 0., 10.]), [[1.0, 0.0], [0.0, 1.0]])
    """
    n, d = points.shape
    member = np.array(member, float)
    weight = float(d + 2) if pull is None else pull
    centres, covariances, shares, tail, likelihood, _ = kernels.fit_mixture(
        points, member, weight, TAILS, tolerance, _MAX_ITER
    )
    bic = _free(n * shares, d, weight) * np.log(n) - 2 * likelihood
    return Mixture(centres, covariances, shares, float(tail), likelihood, float(bic)), member


def _free(counts: np.ndarray, d: int, pull: float) -> float:
    """Count the free parameters of a mixture for its BIC; a shape that is half shrunk to the pooled one counts half.

    Examples
    --------
    >>> _free(np.array([500.0, 500.0]), 2, 0.0), round(_free(np.array([500.0, 500.0]), 2, ONE_SHAPE))
    (12.0, 9)
    """
    own = counts / (counts + pull)
    shapes = 1 + own.sum() - own.mean()
    return float(len(counts) * (d + 1) + shapes * d * (d + 1) / 2)


def best_path(
    points: np.ndarray, *, rng: np.random.Generator, max_groups: int = 10, n_starts: int = 2
) -> list[tuple[Mixture, np.ndarray]]:
    """Fit 1, 2, ... groups of one shape until two numbers in a row no longer lower the BIC.

    One shape for all (Celeux & Govaert 1995, model EEE) costs a new group no more than its centre and its share, so
    that small groups are found in many dimensions, where full shapes would cost more than they gain. Starts come from
    k-means on the features as they are, from k-means on features in which the groups of the fit before are round, and
    from that fit with its longest group split.

    Returns
    -------
    list of (Mixture, memberships)
        The fit of k groups stands at place k - 1.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> points = rng.normal(size=(300, 2)) + np.repeat([[0.0], [5.0]], 150, axis=0)
    >>> int(np.argmin([mixture.bic for mixture, _ in best_path(points, rng=rng)])) + 1
    2
    """
    path = [fit_groups(points, np.ones((len(points), 1)), pull=ONE_SHAPE)]
    while len(path) < max_groups and len(path) - np.argmin([mixture.bic for mixture, _ in path]) <= 2:
        path.append(_one_more(points, path[-1], rng=rng, n_starts=n_starts))
    return path


def _one_more(
    points: np.ndarray, before: tuple[Mixture, np.ndarray], *, rng: np.random.Generator, n_starts: int
) -> tuple[Mixture, np.ndarray]:
    """Fit one group more: a short run from each of several starts, a long one from the best (Biernacki et al. 2003)."""
    mixture, member = before
    k = member.shape[1] + 1
    members = start_memberships(points, k, rng=rng, n_starts=n_starts)
    if np.isfinite(mixture.log_likelihood):
        factor = cholesky(mixture.covariances[0], lower=True)
        white = np.ascontiguousarray(solve_triangular(factor, points.T, lower=True).T)
        members += start_memberships(white, k, rng=rng, n_starts=1)
        members.append(_longest_split(white, member))
    short = [fit_groups(points, member, pull=ONE_SHAPE, tolerance=_SHORT) for member in members]
    best = max(short, key=lambda fit: fit[0].log_likelihood)
    return fit_groups(points, best[1], pull=ONE_SHAPE, tolerance=_LONG)


def _longest_split(white: np.ndarray, member: np.ndarray) -> np.ndarray:
    """Split the group that is longest for its size, across its length; `white` is rounded by the pooled shape."""
    d = white.shape[1]
    lengths, sides = [], []
    for part in member.T:
        off = white - part @ white / part.sum()
        values, vectors = np.linalg.eigh((off.T * part) @ off / part.sum())
        # The longest direction of round groups, by chance alone (Marchenko & Pastur 1967).
        lengths.append(values[-1] / (1 + np.sqrt(d / part.sum())) ** 2)
        sides.append(off @ vectors[:, -1] > 0)
    g = int(np.argmax(lengths))
    apart = np.column_stack([member, member[:, g] * sides[g]])
    apart[:, g] -= apart[:, -1]
    return apart


def start_memberships(points: np.ndarray, k: int, *, rng: np.random.Generator, n_starts: int) -> list[np.ndarray]:
    """Return the `n_starts` best of three times as many k-means runs, as memberships of shape (points, k).

    Examples
    --------
    >>> points = np.array([[0.0], [0.1], [5.0], [5.1]])
    >>> (member,) = start_memberships(points, 2, rng=np.random.default_rng(0), n_starts=1)
    >>> bool((member[0] == member[1]).all()), member.sum(axis=1)
    (True, array([1., 1., 1., 1.]))
    """
    if k == 1:
        return [np.ones((len(points), 1))]
    runs = [kernels.kmeans(points, _spread_out(points, k, rng), 50) for _ in range(3 * n_starts)]
    runs.sort(key=lambda run: run[1])
    return [np.eye(k)[labels] for labels, _ in runs[:n_starts]]


def _spread_out(points: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """Draw k points far from one another (k-means++; Arthur & Vassilvitskii 2007)."""
    chosen = [int(rng.integers(len(points)))]
    nearest = ((points - points[chosen[0]]) ** 2).sum(axis=1)
    for _ in range(k - 1):
        reach = np.cumsum(nearest)
        chosen.append(min(int(np.searchsorted(reach, rng.random() * reach[-1])), len(points) - 1))
        nearest = np.minimum(nearest, ((points - points[chosen[-1]]) ** 2).sum(axis=1))
    return points[chosen]
