"""Medoids of a distance matrix: the points that are nearest to all others of their group."""

import numpy as np

from gazeanalytics._kernels import kernel


@kernel
def build(distances, k):
    """First medoids, each the point that lessens the summed distance most (Kaufman & Rousseeuw 1990, BUILD)."""
    n = distances.shape[0]
    medoids = np.empty(k, np.int64)
    nearest = np.full(n, np.inf)
    for g in range(k):
        best = np.inf
        for candidate in range(n):
            total = 0.0
            for i in range(n):
                total += min(nearest[i], distances[candidate, i])
            if total < best:
                best = total
                medoids[g] = candidate
        for i in range(n):
            nearest[i] = min(nearest[i], distances[medoids[g], i])
    return medoids


@kernel
def two_nearest(distances, medoids, nearest, first, second):
    """Write each point's nearest medoid (its place) and the distances to the nearest and the second nearest."""
    n = distances.shape[0]
    for i in range(n):
        first[i] = np.inf
        second[i] = np.inf
        for g in range(medoids.shape[0]):
            value = distances[medoids[g], i]
            if value < first[i]:
                second[i] = first[i]
                first[i] = value
                nearest[i] = g
            elif value < second[i]:
                second[i] = value


@kernel
def swap(distances, medoids, max_iter):
    """Exchange medoids (changed in place) while that lessens the summed distance: FasterPAM.

    Every exchange that gains is made at once (Schubert & Rousseeuw 2021).

    Returns
    -------
    place of each point's medoid (n,), summed distance, passes over the points used
    """
    n = distances.shape[0]
    k = medoids.shape[0]
    nearest = np.zeros(n, np.int64)
    first = np.empty(n)
    second = np.empty(n)
    two_nearest(distances, medoids, nearest, first, second)
    loss = np.empty(k)
    used = 0
    improved = True
    while improved and used < max_iter:
        used += 1
        improved = False
        for candidate in range(n):
            if medoids[nearest[candidate]] == candidate:
                continue
            # What it costs that each medoid leaves, and what the candidate gains whichever leaves.
            loss[:] = 0.0
            gain = 0.0
            for i in range(n):
                value = distances[candidate, i]
                if value < first[i]:
                    gain += first[i] - value
                else:
                    loss[nearest[i]] += min(value, second[i]) - first[i]
            leaving = np.argmin(loss)
            if loss[leaving] - gain < -1e-12:
                medoids[leaving] = candidate
                two_nearest(distances, medoids, nearest, first, second)
                improved = True
    total = 0.0
    for i in range(n):
        total += first[i]
    return nearest, total, used
