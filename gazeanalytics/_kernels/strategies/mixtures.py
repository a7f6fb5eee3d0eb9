"""Mixtures of elliptical groups, k-means and the density gap between two groups: the loops behind strategies."""

from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import kernel
from gazeanalytics._kernels.linalg import inverse_cholesky
from gazeanalytics._kernels.special import LOG_2PI, log_gamma, normalize_logs

# Summed memberships below which a group has died: nothing is left to take a covariance of.
_MIN_COUNT = 1e-6


class Groups(NamedTuple):
    """Centres (k, d), covariances (k, d, d) and shares (k,)."""

    centres: np.ndarray
    covariances: np.ndarray
    shares: np.ndarray


class Distances(NamedTuple):
    """Squared Mahalanobis distances (n, k), log determinants and shares (k,), and the number of dimensions."""

    squared: np.ndarray
    log_dets: np.ndarray
    shares: np.ndarray
    d: int


@kernel
def squared_distances(points, centres, covariances, distances, log_dets):
    """Mahalanobis distances, squared, of every point to every group; False where a covariance is not positive.

    points (n, d), centres (k, d), covariances (k, d, d); writes distances (n, k) and log_dets (k,).
    """
    n, d = points.shape
    inverse = np.empty((d, d))
    for g in range(centres.shape[0]):
        # The inverse factor, so that one matrix product whitens all points.
        log_dets[g] = inverse_cholesky(covariances[g], inverse)
        if np.isnan(log_dets[g]):
            return False
        white = np.dot(points - centres[g], inverse.T)
        for i in range(n):
            total = 0.0
            for a in range(d):
                total += white[i, a] * white[i, a]
            distances[i, g] = total
    return True


@kernel
def memberships(distances, tail, member):
    """Write the posterior of every group for every point (n, k); return the log likelihood (E step).

    `tail` is the degrees of freedom of the groups' t distribution (Peel & McLachlan 2000, Stat. Comput. 10, eq. 1);
    infinity makes them Gaussian.
    """
    n, k = distances.squared.shape
    d = distances.d
    constant = np.empty(k)
    for g in range(k):
        constant[g] = np.log(distances.shares[g]) - 0.5 * distances.log_dets[g]
        if np.isinf(tail):
            constant[g] -= 0.5 * d * LOG_2PI
        else:
            constant[g] += log_gamma(0.5 * (tail + d)) - log_gamma(0.5 * tail) - 0.5 * d * np.log(tail * np.pi)
    likelihood = 0.0
    for i in range(n):
        for g in range(k):
            if np.isinf(tail):
                member[i, g] = constant[g] - 0.5 * distances.squared[i, g]
            else:
                member[i, g] = constant[g] - 0.5 * (tail + d) * np.log1p(distances.squared[i, g] / tail)
        likelihood += normalize_logs(member[i])
    return likelihood


@kernel
def update_groups(points, member, squared, tail, weight, groups):
    """Write shares, centres and covariances from the memberships (M step); False when a group has died.

    Each covariance is shrunk to the pooled one as if `weight` more points had shown it, so that a group of few points
    keeps a shape. With a t distribution a point at squared distance D counts (tail + d) / (tail + D) in centre and
    shape (Peel & McLachlan 2000, eq. 20): far points count less.
    """
    centres, covariances, shares = groups
    n, d = points.shape
    k = shares.shape[0]
    counts = np.zeros(k)
    pooled = np.zeros((d, d))
    root = np.empty((n, 1))
    for g in range(k):
        heavy = 0.0
        centre = np.zeros(d)
        for i in range(n):
            part = member[i, g]
            counts[g] += part
            if not np.isinf(tail):
                part *= (tail + d) / (tail + squared[i, g])
            heavy += part
            root[i, 0] = np.sqrt(part)
            for a in range(d):
                centre[a] += part * points[i, a]
        if counts[g] < _MIN_COUNT:
            return False
        shares[g] = counts[g] / n
        centres[g] = centre / heavy
        weighted = (points - centres[g]) * root
        covariances[g] = np.dot(weighted.T, weighted)
        pooled += covariances[g] / n
    for g in range(k):
        for a in range(d):
            for b in range(a + 1):
                value = (covariances[g, a, b] + weight * pooled[a, b]) / (counts[g] + weight)
                covariances[g, a, b] = value
                covariances[g, b, a] = value
    return True


@kernel
def choose_tail(distances, tails, at, member, likelihood):
    """Move along the rising `tails` while the likelihood grows; returns the place and the likelihood there.

    A list of tails rather than a continuous one (a root of eq. 30 of Peel & McLachlan 2000): the likelihood is flat in
    the tail, and few values make every fit end in the same place on every machine.
    """
    spare = np.empty_like(member)
    moved = True
    while moved:
        moved = False
        for other in (at - 1, at + 1):
            if 0 <= other < tails.shape[0]:
                value = memberships(distances, tails[other], spare)
                if value > likelihood:
                    likelihood = value
                    at = other
                    member[:] = spare
                    moved = True
                    break
    return at, likelihood


@kernel
def fit_mixture(points, member, weight, tails, tolerance, max_iter):
    """Expectation-maximisation from given memberships, which end as those of the fit.

    Parameters
    ----------
    points : (n, d). member : (n, k), changed in place. weight : prior points of the pooled covariance.
    tails : (m,) rising degrees of freedom to choose among; the search starts from the last.
    tolerance : least gain of log likelihood per point for another iteration.

    Returns
    -------
    centres (k, d), covariances (k, d, d), shares (k,), tail, log likelihood (-inf when a group died), iterations used
    """
    n, d = points.shape
    k = member.shape[1]
    groups = Groups(np.empty((k, d)), np.empty((k, d, d)), np.empty(k))
    distances = Distances(np.zeros((n, k)), np.empty(k), groups.shares, d)
    at = tails.shape[0] - 1
    before = -np.inf
    likelihood = -np.inf
    used = 0
    alive = update_groups(points, member, distances.squared, np.inf, weight, groups)
    while alive and used < max_iter:
        if not squared_distances(points, groups.centres, groups.covariances, distances.squared, distances.log_dets):
            alive = False
            break
        likelihood = memberships(distances, tails[at], member)
        used += 1
        if used % 5 == 0 and tails.shape[0] > 1:
            at, likelihood = choose_tail(distances, tails, at, member, likelihood)
        if used > 5 and likelihood - before < tolerance * n:
            break
        before = likelihood
        if used < max_iter:
            alive = update_groups(points, member, distances.squared, tails[at], weight, groups)
    if not alive:
        likelihood = -np.inf
    return groups.centres, groups.covariances, groups.shares, tails[at], likelihood, used


@kernel
def kmeans(points, centres, max_iter):
    """Lloyd's algorithm from given centres, changed in place; returns labels and the summed squared distance."""
    n, d = points.shape
    k = centres.shape[0]
    labels = np.full(n, -1)
    inertia = 0.0
    for _ in range(max_iter):
        moved = False
        inertia = 0.0
        for i in range(n):
            best = np.inf
            at = 0
            for g in range(k):
                total = 0.0
                for a in range(d):
                    total += (points[i, a] - centres[g, a]) ** 2
                if total < best:
                    best = total
                    at = g
            inertia += best
            if labels[i] != at:
                labels[i] = at
                moved = True
        if not moved:
            break
        counts = np.zeros(k)
        sums = np.zeros((k, d))
        for i in range(n):
            counts[labels[i]] += 1.0
            for a in range(d):
                sums[labels[i], a] += points[i, a]
        for g in range(k):
            if counts[g] > 0.0:
                for a in range(d):
                    centres[g, a] = sums[g, a] / counts[g]
    return labels, inertia


@kernel
def deepest_gap(counts, widths, low, high):
    """Three windows of equal width on a line, of which the middle one holds least against both others.

    Parameters
    ----------
    counts : (bins,) points in each bin. widths : (m,) window widths to try, in bins.
    low, high : the middle window's centre lies between these bins.

    Returns
    -------
    first bin of the left, middle and right window, the width (0 where none fits), and the smaller of both z values
    """
    bins = counts.shape[0]
    below = np.zeros(bins + 1)
    for i in range(bins):
        below[i + 1] = below[i] + counts[i]
    best = -np.inf
    left, middle, right, chosen = 0, 0, 0, 0
    for width in widths:
        places = bins - width + 1
        if places < 2 * width + 1:
            continue
        inside = np.empty(places)
        for i in range(places):
            inside[i] = below[i + width] - below[i]
        tallest_after = np.empty(places, np.int64)
        tallest_after[places - 1] = places - 1
        for i in range(places - 2, -1, -1):
            tallest_after[i] = i if inside[i] > inside[tallest_after[i + 1]] else tallest_after[i + 1]
        tallest_before = 0
        for at in range(width, places - width):
            if inside[at - width] > inside[tallest_before]:
                tallest_before = at - width
            centre = at + 0.5 * width
            if centre < low or centre > high:
                continue
            after = tallest_after[at + width]
            here = inside[at]
            z_left = (inside[tallest_before] - here) / np.sqrt(max(inside[tallest_before] + here, 1.0))
            z_right = (inside[after] - here) / np.sqrt(max(inside[after] + here, 1.0))
            if min(z_left, z_right) > best:
                best = min(z_left, z_right)
                left, middle, right, chosen = tallest_before, at, after, width
    return left, middle, right, chosen, best
