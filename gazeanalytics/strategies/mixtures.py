"""Mixtures of elliptical groups with Gaussian or heavier tails, and how many groups the data call for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh

from gazeanalytics._kernels import clusters

__all__ = ["Mixture", "best_path", "fit_groups", "fit_number", "principal", "sharpen", "start_memberships"]

# Degrees of freedom that a fit may choose among: from very heavy tails to Gaussian.
TAILS = np.array([3.0, 4.0, 6.0, 10.0, 20.0, 50.0, np.inf])
_TOLERANCE = 1e-5
_SHORT = 1e-3
_ROUNDS = 200
# As if so many more readings had shown the pooled shape: a group's own shape counts once it has more.
_PULL = 100.0


@dataclass(frozen=True, slots=True)
class Mixture:
    """Groups in a space of few dimensions.

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
    """

    centres: np.ndarray
    covariances: np.ndarray
    shares: np.ndarray
    tail: float
    log_likelihood: float
    bic: float

    def heights(self) -> np.ndarray:
        """Return the log density of the whole mixture at each group's centre, shape (groups,)."""
        distances, log_dets = self._distances(self.centres)
        one = np.empty((1, len(self.shares)))
        rows = [distances[g : g + 1] for g in range(len(self.shares))]
        return np.array(
            [clusters.memberships(row, log_dets, self.shares, self.tail, self.centres.shape[1], one) for row in rows]
        )

    def posterior(self, points: np.ndarray) -> np.ndarray:
        """Return how surely each point belongs to each group, shape (points, groups)."""
        distances, log_dets = self._distances(points)
        member = np.empty_like(distances)
        clusters.memberships(distances, log_dets, self.shares, self.tail, points.shape[1], member)
        return member

    def weights(self, points: np.ndarray) -> np.ndarray:
        """Return how much each point counts in its group's shape, shape (points,): 1 when the tail is Gaussian."""
        if np.isinf(self.tail):
            return np.ones(len(points))
        distances, _ = self._distances(points)
        own = distances[np.arange(len(points)), self.posterior(points).argmax(axis=1)]
        return (self.tail + points.shape[1]) / (self.tail + own)

    def _distances(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        distances = np.empty((len(points), len(self.shares)))
        log_dets = np.empty(len(self.shares))
        clusters.squared_distances(points, self.centres, self.covariances, distances, log_dets)
        return distances, log_dets


def principal(points: np.ndarray, *, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and the leading principal directions (features, d) of centred points; signs are fixed.

    Examples
    --------
    >>> mean, directions = principal(np.array([[0.0, 0], [1, 1], [2, 2]]), most=1)
    >>> directions.round(3).ravel()
    array([0.707, 0.707])
    """
    mean = points.mean(axis=0)
    values, vectors = np.linalg.eigh(np.atleast_2d(np.cov(points.T, bias=True)))
    order = np.argsort(-values, kind="stable")[: min(most, points.shape[1])]
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
        Each group's shape is drawn to the pooled one as if so many more points had shown it; default d + 2.
    tolerance : float
        The fit ends when a round gains less log likelihood per point.

    Returns
    -------
    mixture : Mixture
    member : numpy.ndarray, shape (points, groups)
        Memberships under the fit; those given are left as they were.
    """
    n, d = points.shape
    k = member.shape[1]
    member = np.array(member, float)
    weight = float(d + 2) if pull is None else pull
    centres, covariances, shares, tail, likelihood, _ = clusters.fit_mixture(
        points, member, weight, TAILS, tolerance, _ROUNDS
    )
    free = k * d + k * d * (d + 1) / 2 + k
    return Mixture(centres, covariances, shares, float(tail), likelihood, free * np.log(n) - 2 * likelihood), member


def best_path(
    points: np.ndarray, *, rng: np.random.Generator, most: int = 10, starts: int = 3
) -> list[tuple[Mixture, np.ndarray]]:
    """Fit 1, 2, ... groups until three numbers in a row no longer lower the BIC.

    Returns
    -------
    list of (Mixture, memberships)
        The fit of k groups stands at place k - 1.
    """
    path: list[tuple[Mixture, np.ndarray]] = []
    for k in range(1, most + 1):
        path.append(fit_number(points, k, rng=rng, starts=starts))
        bic = [mixture.bic for mixture, _ in path]
        if len(bic) - np.argmin(bic) > 3:
            break
    return path


def fit_number(points: np.ndarray, k: int, *, rng: np.random.Generator, starts: int = 3) -> tuple[Mixture, np.ndarray]:
    """Fit k groups: a short run from each of several starts, a long one from the best (Biernacki et al. 2003)."""
    members = start_memberships(points, k, rng=rng, starts=starts)
    if len(members) > 1:
        short = [fit_groups(points, member, tolerance=_SHORT) for member in members]
        members = [max(short, key=lambda fit: fit[0].log_likelihood)[1]]
    return fit_groups(points, members[0])


def start_memberships(points: np.ndarray, k: int, *, rng: np.random.Generator, starts: int) -> list[np.ndarray]:
    """Return the `starts` best of three times as many k-means runs, as memberships of shape (points, k)."""
    if k == 1:
        return [np.ones((len(points), 1))]
    runs = [clusters.kmeans(points, _spread_out(points, k, rng), 50) for _ in range(3 * starts)]
    runs.sort(key=lambda run: run[1])
    return [np.eye(k)[labels] for labels, _ in runs[:starts]]


def _spread_out(points: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """Draw k points far from one another (k-means++; Arthur & Vassilvitskii 2007)."""
    chosen = [int(rng.integers(len(points)))]
    nearest = ((points - points[chosen[0]]) ** 2).sum(axis=1)
    for _ in range(k - 1):
        reach = np.cumsum(nearest)
        chosen.append(min(int(np.searchsorted(reach, rng.random() * reach[-1])), len(points) - 1))
        nearest = np.minimum(nearest, ((points - points[chosen[-1]]) ** 2).sum(axis=1))
    return points[chosen]


def sharpen(points: np.ndarray, member: np.ndarray, *, rounds: int = 2) -> tuple[Mixture, np.ndarray]:
    """Refit groups in all dimensions, by way of the directions that tell them apart.

    Principal components keep what varies most, not what separates. `rounds` times the groups are refitted along
    their own discriminant directions (Ding & Li 2007), then once in the whole space with shapes drawn to the pooled
    one.
    """
    if member.shape[1] > 1:
        for _ in range(rounds):
            along = np.ascontiguousarray(points @ _discriminant(points, member))
            mixture, refitted = fit_groups(along, member)
            if not np.isfinite(mixture.log_likelihood):
                break
            member = refitted
    return fit_groups(points, member, pull=_PULL)


def _discriminant(points: np.ndarray, member: np.ndarray) -> np.ndarray:
    """Directions of greatest between- against within-group variance, shape (features, groups - 1 at most)."""
    counts = member.sum(axis=0)
    off = (member.T @ points) / counts[:, None] - points.mean(axis=0)
    between = (off.T * counts) @ off / len(points)
    within = np.atleast_2d(np.cov(points.T, bias=True)) - between
    _, vectors = eigh(between, within)
    return vectors[:, ::-1][:, : min(member.shape[1] - 1, points.shape[1])]
