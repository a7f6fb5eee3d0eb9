"""Mixtures of elliptical groups, k-means and the valley between two groups: the loops behind strategies."""

import numpy as np

from gazeanalytics._kernels import kernel

_LOG_2PI = 1.8378770664093453


@kernel
def log_gamma(value):
    """Logarithm of the gamma function for value > 0 (Stirling's series after a shift to 8 or more)."""
    shift = 0.0
    while value < 8.0:
        shift += np.log(value)
        value += 1.0
    inverse = 1.0 / (value * value)
    series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse * (1 / 1680 - inverse / 1188)))) / value
    return (value - 0.5) * np.log(value) - value + 0.5 * _LOG_2PI + series - shift


@kernel
def cholesky(matrix, factor):
    """Write the lower factor of a symmetric matrix; return the log determinant, NaN where it isn't positive."""
    size = matrix.shape[0]
    log_det = 0.0
    for i in range(size):
        for j in range(i + 1):
            total = matrix[i, j]
            for m in range(j):
                total -= factor[i, m] * factor[j, m]
            if i == j:
                if not total > 0.0:
                    return np.nan
                factor[i, i] = np.sqrt(total)
                log_det += np.log(total)
            else:
                factor[i, j] = total / factor[j, j]
    return log_det


@kernel
def squared_distances(points, centres, covariances, distances, log_dets):
    """Mahalanobis distances, squared, of every point to every group; False where a covariance is not positive.

    points (n, d), centres (k, d), covariances (k, d, d); writes distances (n, k) and log_dets (k,).
    """
    n, d = points.shape
    factor = np.zeros((d, d))
    for g in range(centres.shape[0]):
        factor[:] = 0.0
        log_dets[g] = cholesky(covariances[g], factor)
        if np.isnan(log_dets[g]):
            return False
        # The inverse factor, so that one matrix product whitens all points.
        inverse = np.zeros((d, d))
        for column in range(d):
            for a in range(column, d):
                total = 1.0 if a == column else 0.0
                for b in range(column, a):
                    total -= factor[a, b] * inverse[b, column]
                inverse[a, column] = total / factor[a, a]
        white = np.dot(points - centres[g], inverse.T)
        for i in range(n):
            total = 0.0
            for a in range(d):
                total += white[i, a] * white[i, a]
            distances[i, g] = total
    return True


@kernel
def memberships(distances, log_dets, shares, tail, d, member):
    """Write the posterior of every group for every point (n, k); return the log likelihood.

    `tail` is the degrees of freedom of the groups' t distribution in `d` dimensions; infinity makes them Gaussian.
    """
    n, k = distances.shape
    constant = np.empty(k)
    for g in range(k):
        constant[g] = np.log(shares[g]) - 0.5 * log_dets[g]
        if np.isinf(tail):
            constant[g] -= 0.5 * d * _LOG_2PI
        else:
            constant[g] += log_gamma(0.5 * (tail + d)) - log_gamma(0.5 * tail) - 0.5 * d * np.log(tail * np.pi)
    likelihood = 0.0
    for i in range(n):
        best = -np.inf
        for g in range(k):
            if np.isinf(tail):
                member[i, g] = constant[g] - 0.5 * distances[i, g]
            else:
                member[i, g] = constant[g] - 0.5 * (tail + d) * np.log1p(distances[i, g] / tail)
            best = max(best, member[i, g])
        total = 0.0
        for g in range(k):
            member[i, g] = np.exp(member[i, g] - best)
            total += member[i, g]
        for g in range(k):
            member[i, g] /= total
        likelihood += best + np.log(total)
    return likelihood


@kernel
def update_groups(points, member, distances, tail, weight, centres, covariances, shares):
    """Shares, centres and covariances from the memberships; False when a group has died.

    Each covariance is drawn to the pooled one as if `weight` more points had shown it, so that a group of few points
    keeps a shape. Far points count less when the tail is heavy.
    """
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
                part *= (tail + d) / (tail + distances[i, g])
            heavy += part
            root[i, 0] = np.sqrt(part)
            for a in range(d):
                centre[a] += part * points[i, a]
        if counts[g] < 1e-6:
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
def choose_tail(distances, log_dets, shares, tails, at, d, member, likelihood):
    """Climb along the rising `tails` while the likelihood grows; returns the place and the likelihood there."""
    spare = np.empty_like(member)
    moved = True
    while moved:
        moved = False
        for other in (at - 1, at + 1):
            if 0 <= other < tails.shape[0]:
                value = memberships(distances, log_dets, shares, tails[other], d, spare)
                if value > likelihood:
                    likelihood = value
                    at = other
                    member[:] = spare
                    moved = True
                    break
    return at, likelihood


@kernel
def fit_mixture(points, member, weight, tails, tolerance, rounds):
    """Expectation-maximisation from given memberships, which end as those of the fit.

    Parameters
    ----------
    points : (n, d). member : (n, k), changed in place. weight : pull of each covariance towards the pooled one.
    tails : (m,) rising degrees of freedom to choose among; the search starts from the last.
    tolerance : least gain of log likelihood per point for another round.

    Returns
    -------
    centres (k, d), covariances (k, d, d), shares (k,), tail, log likelihood (-inf when a group died), rounds used
    """
    n, d = points.shape
    k = member.shape[1]
    centres = np.empty((k, d))
    covariances = np.empty((k, d, d))
    shares = np.empty(k)
    distances = np.zeros((n, k))
    log_dets = np.empty(k)
    at = tails.shape[0] - 1
    before = -np.inf
    likelihood = -np.inf
    used = 0
    alive = update_groups(points, member, distances, np.inf, weight, centres, covariances, shares)
    while alive and used < rounds:
        if not squared_distances(points, centres, covariances, distances, log_dets):
            alive = False
            break
        likelihood = memberships(distances, log_dets, shares, tails[at], d, member)
        used += 1
        if used % 5 == 0 and tails.shape[0] > 1:
            at, likelihood = choose_tail(distances, log_dets, shares, tails, at, d, member, likelihood)
        if used > 5 and likelihood - before < tolerance * n:
            break
        before = likelihood
        if used < rounds:
            alive = update_groups(points, member, distances, tails[at], weight, centres, covariances, shares)
    if not alive:
        likelihood = -np.inf
    return centres, covariances, shares, tails[at], likelihood, used


@kernel
def kmeans(points, centres, rounds):
    """Lloyd's algorithm from given centres, changed in place; returns labels and the summed squared distance."""
    n, d = points.shape
    k = centres.shape[0]
    labels = np.full(n, -1)
    inertia = 0.0
    for _ in range(rounds):
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
def deepest_valley(counts, widths, low, high):
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
