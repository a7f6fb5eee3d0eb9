"""Hidden Markov models with Gaussian states: posterior of the states along a sequence, likelihood of sequences.

Sequences are packed one after another; `edges` says where each begins and ends, so a model of many readings takes a
stretch of `edges`.
"""

from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import kernel
from gazeanalytics._kernels.linalg import inverse_cholesky
from gazeanalytics._kernels.special import LOG_2PI


class HMMs(NamedTuple):
    """Models padded to one number of states: sizes (m,), start (m, k), move (m, k, k), means (m, k, d), covariances."""

    sizes: np.ndarray
    start: np.ndarray
    move: np.ndarray
    means: np.ndarray
    covariances: np.ndarray


@kernel
def squared_distance(point, centre, white):
    """Squared length of point - centre, whitened by an inverse Cholesky factor: the squared Mahalanobis distance."""
    d = centre.shape[0]
    total = 0.0
    for a in range(d):
        part = 0.0
        for b in range(a + 1):
            part += white[a, b] * (point[b] - centre[b])
        total += part * part
    return total


@kernel
def log_densities(points, centres, whites, constants, scales, logs):
    """Write constants[j] - scales[j] / 2 * squared distance for every point and state, (n, k)."""
    for i in range(points.shape[0]):
        for j in range(centres.shape[0]):
            logs[i, j] = constants[j] - 0.5 * scales[j] * squared_distance(points[i], centres[j], whites[j])


@kernel
def forward_backward(densities, start, move, member, begins, moves):
    """Posterior of the states along one sequence (forward-backward algorithm); returns the log of the sum over paths.

    densities (n, k): log of each state's weight for each point; left holding weights relative to the greatest one.
    start (k,), move (k, k): weights, not necessarily summing to 1 (variational Bayes gives less). Writes member (n, k);
    adds to begins (k,) and moves (k, k).

    Each forward step is scaled to sum to 1 (Rabiner 1989, Proc. IEEE 77, section V.A). Rejected: recursions on logs,
    which need k exponentials more for every step and state.
    """
    n, k = densities.shape
    sizes = np.empty(n)
    total_log = 0.0
    for t in range(n):
        top = densities[t, 0]
        for j in range(1, k):
            top = max(top, densities[t, j])
        size = 0.0
        for j in range(k):
            densities[t, j] = np.exp(densities[t, j] - top)
            value = start[j]
            if t > 0:
                value = 0.0
                for i in range(k):
                    value += member[t - 1, i] * move[i, j]
            member[t, j] = value * densities[t, j]
            size += member[t, j]
        for j in range(k):
            member[t, j] /= size
        sizes[t] = size
        total_log += top + np.log(size)
    ahead = np.ones(k)
    fresh = np.empty(k)
    for t in range(n - 1, 0, -1):
        for i in range(k):
            total = 0.0
            for j in range(k):
                part = move[i, j] * densities[t, j] * ahead[j] / sizes[t]
                moves[i, j] += member[t - 1, i] * part
                total += part
            fresh[i] = total
        for i in range(k):
            member[t, i] *= ahead[i]
            ahead[i] = fresh[i]
    for i in range(k):
        member[0, i] *= ahead[i]
        begins[i] += member[0, i]
    return total_log


@kernel
def score_all(begins, ends, points, hmms, models, scores):
    """Log-likelihood of every sequence under the models listed for it.

    models (r, g): which of `hmms` to use, -1 for none. Writes scores (r, g); NaN for an empty sequence or no model.
    """
    count, most, d = hmms.means.shape
    whites, constants = np.empty((count, most, d, d)), np.empty((count, most))
    for m in range(count):
        for j in range(hmms.sizes[m]):
            constants[m, j] = -0.5 * (inverse_cholesky(hmms.covariances[m, j], whites[m, j]) + d * LOG_2PI)
    ones = np.ones(most)
    for r in range(begins.shape[0]):
        n = ends[r] - begins[r]
        for g in range(models.shape[1]):
            m = models[r, g]
            scores[r, g] = np.nan
            if m < 0 or n == 0:
                continue
            k = hmms.sizes[m]
            densities, member = np.empty((n, k)), np.empty((n, k))
            begun, moved = np.zeros(k), np.zeros((k, k))
            part = points[begins[r] : ends[r]]
            log_densities(part, hmms.means[m, :k], whites[m, :k], constants[m, :k], ones, densities)
            scores[r, g] = forward_backward(densities, hmms.start[m, :k], hmms.move[m, :k, :k], member, begun, moved)
