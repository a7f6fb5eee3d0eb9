import numpy as np
import pytest
from scipy.stats import multivariate_normal, multivariate_t
from sklearn.mixture import GaussianMixture

from gazeanalytics._kernels.strategies import mixtures as kernels

TAILS = np.array([3.0, 4.0, 6.0, 10.0, 20.0, 50.0, np.inf])


def naive_gap(counts, widths, low, high):
    best = (0, 0, 0, 0, -np.inf)
    for width in widths:
        inside = [counts[i : i + width].sum() for i in range(len(counts) - width + 1)]
        for middle in range(width, len(inside) - width):
            if not low <= middle + width / 2 <= high:
                continue
            left, right = max(inside[: middle - width + 1]), max(inside[middle + width :])
            z = min((side - inside[middle]) / np.sqrt(max(side + inside[middle], 1)) for side in (left, right))
            if z > best[-1]:
                best = (inside.index(left), middle, len(inside) - 1 - inside[::-1].index(right), width, z)
    return best


@pytest.mark.parametrize("tail", [4.0, np.inf])
def test_memberships_are_scipys_densities(tail):
    rng = np.random.default_rng(0)
    points, centres, shares = rng.normal(size=(40, 3)), rng.normal(size=(2, 3)), np.array([0.3, 0.7])
    factors = rng.normal(size=(2, 3, 3))
    shapes = factors @ factors.transpose(0, 2, 1) + np.eye(3)
    distances, member, log_dets = np.empty((40, 2)), np.empty((40, 2)), np.empty(2)
    assert kernels.squared_distances(points, centres, shapes, distances, log_dets)
    likelihood = kernels.memberships(kernels.Distances(distances, log_dets, shares, 3), tail, member)
    density = np.c_[
        [
            share
            * (multivariate_normal(c, s).pdf(points) if np.isinf(tail) else multivariate_t(c, s, tail).pdf(points))
            for share, c, s in zip(shares, centres, shapes, strict=True)
        ]
    ].T
    assert member == pytest.approx(density / density.sum(axis=1, keepdims=True), rel=1e-9)
    assert likelihood == pytest.approx(np.log(density.sum(axis=1)).sum(), rel=1e-12)


def test_a_covariance_that_is_not_positive_is_reported():
    distances, log_dets = np.empty((2, 1)), np.empty(1)
    assert not kernels.squared_distances(np.ones((2, 2)), np.zeros((1, 2)), np.ones((1, 2, 2)), distances, log_dets)


def test_a_gaussian_fit_is_scikit_learns():
    rng = np.random.default_rng(1)
    points = np.r_[rng.normal(size=(300, 2)), rng.normal(size=(200, 2)) * [2, 0.5] + [5, 1]]
    member = np.eye(2)[np.repeat([0, 1], [300, 200])]
    centres, shapes, shares, tail, likelihood, _ = kernels.fit_mixture(
        points, member, 0.0, np.array([np.inf]), 1e-13, 2000
    )
    peer = GaussianMixture(2, means_init=centres, weights_init=shares, tol=1e-12, max_iter=500, reg_covar=0).fit(points)
    assert likelihood / 500 == pytest.approx(peer.score(points), abs=1e-9)
    assert centres == pytest.approx(peer.means_, abs=1e-5)
    assert shapes == pytest.approx(peer.covariances_, abs=1e-4)
    assert tail == np.inf


def test_the_tail_is_found():
    rng = np.random.default_rng(2)
    heavy = rng.normal(size=(4000, 3)) / np.sqrt(rng.chisquare(4, size=(4000, 1)) / 4)
    assert kernels.fit_mixture(heavy, np.ones((4000, 1)), 5.0, TAILS, 1e-9, 300)[3] == 4.0
    light = rng.normal(size=(4000, 3))
    assert kernels.fit_mixture(light, np.ones((4000, 1)), 5.0, TAILS, 1e-9, 300)[3] == np.inf


def test_every_round_of_kmeans_keeps_points_with_their_nearest_centre():
    rng = np.random.default_rng(3)
    points, centres = rng.normal(size=(200, 2)), rng.normal(size=(4, 2))
    labels, inertia = kernels.kmeans(points, centres, 100)
    squared = ((points[:, None] - centres) ** 2).sum(axis=2)
    assert (labels == squared.argmin(axis=1)).all()
    assert inertia == pytest.approx(squared.min(axis=1).sum())


@pytest.mark.parametrize("seed", range(6))
def test_the_deepest_gap_is_the_one_of_all_windows(seed):
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 6, size=40).astype(float)
    widths = np.array([2, 3, 7])
    found = kernels.deepest_gap(counts, widths, 12.0, 28.0)
    expected = naive_gap(counts, widths, 12.0, 28.0)
    assert found[4] == pytest.approx(expected[4])
    assert found[1], found[3] == expected[1::2]
    sums = [counts[start : start + found[3]].sum() for start in found[:3]]
    assert sums == [counts[start : start + expected[3]].sum() for start in expected[:3]]
