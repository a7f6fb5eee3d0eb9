"""Archetypal analysis: corners inside the cloud of points, and each point's shares in them."""

import numpy as np

from gazeanalytics._kernels import kernel


@kernel
def onto_simplex(values, result):
    """Write the nearest point with parts >= 0 that add up to 1 (Held, Wolfe & Crowder 1974)."""
    k = values.shape[0]
    for g in range(k):
        # Insertion sort, falling: k is small.
        value = values[g]
        place = g
        while place > 0 and result[place - 1] < value:
            result[place] = result[place - 1]
            place -= 1
        result[place] = value
    total = 0.0
    shift = 0.0
    for place in range(k):
        total += result[place]
        tried = (total - 1.0) / (place + 1)
        if result[place] > tried:
            shift = tried
    for g in range(k):
        result[g] = max(values[g] - shift, 0.0)


@kernel
def convex_shares(points, corners, shares, max_iter):
    """Shares (n, k), changed in place, with which corners (k, d) come nearest to each point; returns what is left.

    Accelerated projected gradient (Beck & Teboulle 2009), point by point, until no share moves by 1e-7.
    """
    n, d = points.shape
    k = corners.shape[0]
    gram = np.dot(corners, corners.T)
    steepest = 1e-12
    for g in range(k):
        steepest = max(steepest, np.abs(gram[g]).sum())
    pull = np.dot(points, corners.T)
    ahead = np.empty(k)
    step = np.empty(k)
    moved = np.empty(k)
    left = 0.0
    for i in range(n):
        ahead[:] = shares[i]
        speed = 1.0
        for _ in range(max_iter):
            for g in range(k):
                slope = -pull[i, g]
                for h in range(k):
                    slope += gram[g, h] * ahead[h]
                step[g] = ahead[g] - slope / steepest
            onto_simplex(step, moved)
            faster = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * speed * speed))
            change = 0.0
            for g in range(k):
                change = max(change, abs(moved[g] - shares[i, g]))
                ahead[g] = moved[g] + (speed - 1.0) / faster * (moved[g] - shares[i, g])
                shares[i, g] = moved[g]
            speed = faster
            if change < 1e-7:
                break
        for a in range(d):
            off = points[i, a]
            for g in range(k):
                off -= shares[i, g] * corners[g, a]
            left += off * off
    return left


@kernel
def move_corners(points, shares, corners, steps):
    """Move corners (k, d) in place to lessen what is left, by steps towards points: they stay averages of points.

    Frank & Wolfe's steps with exact length, one corner after the other (Bauckhage et al. 2015).
    """
    n, d = points.shape
    k = corners.shape[0]
    gram = np.dot(shares.T, shares)
    pull = np.dot(shares.T, points)
    slope = np.empty(d)
    for _ in range(steps):
        for g in range(k):
            for a in range(d):
                slope[a] = -pull[g, a]
                for h in range(k):
                    slope[a] += gram[g, h] * corners[h, a]
            best = np.inf
            at = 0
            for i in range(n):
                value = 0.0
                for a in range(d):
                    value += slope[a] * points[i, a]
                if value < best:
                    best = value
                    at = i
            gain = 0.0
            length = 0.0
            for a in range(d):
                off = points[at, a] - corners[g, a]
                gain -= slope[a] * off
                length += off * off
            if gain > 0.0 and length * gram[g, g] > 0.0:
                size = min(gain / (length * gram[g, g]), 1.0)
                for a in range(d):
                    corners[g, a] += size * (points[at, a] - corners[g, a])


@kernel
def fit_archetypes(points, corners, tolerance, max_iter):
    """Alternate shares and corners (changed in place) until an iteration lessens what is left by less than `tolerance`.

    Returns
    -------
    shares (n, k), summed squared distance that is left, iterations used
    """
    n = points.shape[0]
    k = corners.shape[0]
    shares = np.full((n, k), 1.0 / k)
    left = convex_shares(points, corners, shares, 50)
    used = 0
    while used < max_iter:
        used += 1
        move_corners(points, shares, corners, 5)
        # Shares start from those of the iteration before: few steps do.
        now = convex_shares(points, corners, shares, 10)
        done = left - now < tolerance * left
        left = now
        if done:
            break
    return shares, convex_shares(points, corners, shares, 200), used
