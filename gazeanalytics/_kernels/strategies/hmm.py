"""Hidden Markov models with Gaussian states: variational Bayes, posterior of states, likelihood of sequences.

Sequences are packed one after another; `edges` says where each begins and ends, so a model of many readings takes a
stretch of `edges`. States of a Normal-Wishart posterior are kept as mean, strength of the mean, degrees of freedom and
scatter (the inverse of the Wishart's scale matrix), which grows by plain sums.
"""

import math

import numpy as np

from gazeanalytics._kernels import kernel

_LOG_2 = 0.6931471805599453
_LOG_PI = 1.1447298858494002
_LOG_2PI = 1.8378770664093453
# Added to the variances of a start, as the EMHMM toolbox does, in squared units of the columns.
_LEAST_SPREAD = 1e-4


@kernel
def digamma(value):
    """Derivative of the log gamma function for value > 0 (asymptotic series after a shift to 8 or more)."""
    shift = 0.0
    while value < 8.0:
        shift += 1.0 / value
        value += 1.0
    inverse = 1.0 / (value * value)
    series = inverse * (1 / 12 - inverse * (1 / 120 - inverse * (1 / 252 - inverse * (1 / 240 - inverse / 132))))
    return np.log(value) - 0.5 / value - series - shift


@kernel
def whiten(matrix, white):
    """Write the inverse of the lower Cholesky factor of `matrix` (d, d); return its log determinant, NaN if none."""
    d = matrix.shape[0]
    factor = np.zeros((d, d))
    log_det = 0.0
    for i in range(d):
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
    for column in range(d):
        for a in range(column):
            white[a, column] = 0.0
        for a in range(column, d):
            total = 1.0 if a == column else 0.0
            for b in range(column, a):
                total -= factor[a, b] * white[b, column]
            white[a, column] = total / factor[a, a]
    return log_det


@kernel
def squared_distance(point, centre, white):
    """Squared length of point - centre, whitened."""
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
    """Posterior of the states along one sequence; returns the log of the sum over all paths.

    densities (n, k): log of each state's weight for each point; left holding weights relative to the greatest one.
    start (k,), move (k, k): weights, not necessarily summing to 1. Writes member (n, k); adds to begins (k,) and
    moves (k, k).
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
def expected_weights(weights, logs):
    """Write exp of the expected log of a Dirichlet variable, and return nothing; weights, logs (k,)."""
    total = 0.0
    for j in range(weights.shape[0]):
        total += weights[j]
    total = digamma(total)
    for j in range(weights.shape[0]):
        logs[j] = np.exp(digamma(weights[j]) - total)


@kernel
def dirichlet_divergence(weights, prior):
    """Kullback-Leibler divergence of a Dirichlet from the symmetric one whose weights are all `prior`."""
    k = weights.shape[0]
    total = 0.0
    for j in range(k):
        total += weights[j]
    value = math.lgamma(total) - math.lgamma(k * prior) + k * math.lgamma(prior)
    for j in range(k):
        value += (weights[j] - prior) * (digamma(weights[j]) - digamma(total)) - math.lgamma(weights[j])
    return value


@kernel
def log_wishart_constant(log_det_scatter, degrees, d):
    """Log of the Wishart's normalising factor (Bishop 2006, eq. B.79), from the inverse scale matrix."""
    value = 0.5 * degrees * log_det_scatter - 0.5 * degrees * d * _LOG_2 - 0.25 * d * (d - 1) * _LOG_PI
    for a in range(d):
        value -= math.lgamma(0.5 * (degrees - a))
    return value


@kernel
def expected_log_det(log_det_scatter, degrees, d):
    """Expected log determinant of the precision (Bishop 2006, eq. B.81)."""
    value = d * _LOG_2 - log_det_scatter
    for a in range(d):
        value += digamma(0.5 * (degrees - a))
    return value


@kernel
def state_divergence(mean, strength, degrees, white, log_det, scatter0, prior):
    """Kullback-Leibler divergence of one state's Normal-Wishart posterior from the prior.

    white: inverse Cholesky factor of the posterior scatter. prior: strength, degrees and log determinant of the prior
    scatter, then the prior mean.
    """
    d = mean.shape[0]
    strength0, degrees0, log_det0 = prior[0], prior[1], prior[2]
    off = squared_distance(mean, prior[3:], white)
    normal = 0.5 * (d * (np.log(strength / strength0) + strength0 / strength - 1.0) + strength0 * degrees * off)
    trace = 0.0
    for a in range(d):
        for b in range(d):
            for c in range(d):
                trace += white[a, b] * scatter0[b, c] * white[a, c]
    wishart = 0.5 * (degrees - degrees0) * expected_log_det(log_det, degrees, d) + 0.5 * degrees * (trace - d)
    wishart += log_wishart_constant(log_det, degrees, d) - log_wishart_constant(log_det0, degrees0, d)
    return normal + wishart


@kernel
def update_states(points, member, scatter0, prior, strengths, degrees, means, scatters):
    """Normal-Wishart posteriors of all states from the memberships (Bishop 2006, eqs. 10.60-10.63)."""
    n, d = points.shape
    k = member.shape[1]
    centre = np.empty(d)
    for j in range(k):
        count = 0.0
        for i in range(n):
            count += member[i, j]
        for a in range(d):
            centre[a] = 0.0
            for i in range(n):
                centre[a] += member[i, j] * points[i, a] / count if count > 0.0 else 0.0
        strengths[j] = prior[0] + count
        degrees[j] = prior[1] + count
        pull = prior[0] * count / strengths[j]
        for a in range(d):
            means[j, a] = (prior[0] * prior[3 + a] + count * centre[a]) / strengths[j]
            for b in range(a + 1):
                scatters[j, a, b] = scatter0[a, b] + pull * (centre[a] - prior[3 + a]) * (centre[b] - prior[3 + b])
        for i in range(n):
            for a in range(d):
                for b in range(a + 1):
                    scatters[j, a, b] += member[i, j] * (points[i, a] - centre[a]) * (points[i, b] - centre[b])
        for a in range(d):
            for b in range(a):
                scatters[j, b, a] = scatters[j, a, b]


@kernel
def expect(points, edges, starts, moves, strengths, degrees, means, scatters, scatter0, prior, weights, member, counts):
    """Write memberships and expected counts; return the lower bound of the log evidence at these parameters.

    edges (m + 1,): where the sequences begin and end. starts (k,), moves (k, k): Dirichlet weights. weights: their
    prior values. counts (k + 1, k): first row sequences that start in each state, then moves from and to.
    """
    n, d = points.shape
    k = means.shape[0]
    start, move = np.empty(k), np.empty((k, k))
    whites, constants = np.empty((k, d, d)), np.empty(k)
    expected_weights(starts, start)
    bound = -dirichlet_divergence(starts, weights[0])
    for j in range(k):
        expected_weights(moves[j], move[j])
        log_det = whiten(scatters[j], whites[j])
        constants[j] = 0.5 * (expected_log_det(log_det, degrees[j], d) - d / strengths[j] - d * _LOG_2PI)
        bound -= dirichlet_divergence(moves[j], weights[1])
        bound -= state_divergence(means[j], strengths[j], degrees[j], whites[j], log_det, scatter0, prior)
    densities = np.empty((n, k))
    log_densities(points, means, whites, constants, degrees, densities)
    for j in range(k):
        for i in range(k + 1):
            counts[i, j] = 0.0
    for s in range(edges.shape[0] - 1):
        low, high = edges[s], edges[s + 1]
        bound += forward_backward(densities[low:high], start, move, member[low:high], counts[0], counts[1:])
    return bound


@kernel
def climb(
    points, edges, starts, moves, strengths, degrees, means, scatters, scatter0, prior, weights, rounds, tolerance,
    trace,
):  # fmt: skip
    """Variational Bayes from given posteriors, changed in place; returns the lower bound and the rounds used.

    The run ends when a round raises the bound by less than `tolerance` times its size. trace (rounds,): the bounds.
    """
    n = points.shape[0]
    k = means.shape[0]
    member, counts = np.empty((n, k)), np.empty((k + 1, k))
    bound = -np.inf
    used = 0
    while used < rounds:
        before = bound
        bound = expect(
            points, edges, starts, moves, strengths, degrees, means, scatters, scatter0, prior, weights, member, counts
        )
        if used < trace.shape[0]:
            trace[used] = bound
        used += 1
        if not bound - before >= tolerance * abs(bound) or used == rounds:
            break
        for j in range(k):
            starts[j] = weights[0] + counts[0, j]
            for i in range(k):
                moves[i, j] = weights[1] + counts[i + 1, j]
        update_states(points, member, scatter0, prior, strengths, degrees, means, scatters)
    return bound, used


@kernel
def start_mixture(points, draws, rounds, member):
    """Memberships (n, k) of a Gaussian mixture with one diagonal covariance, from k points that `draws` (k,) picks."""
    n, d = points.shape
    k = draws.shape[0]
    centres, spread, shares = np.empty((k, d)), np.zeros(d), np.empty(k)
    for j in range(k):
        at = min(int(draws[j] * n), n - 1)
        shares[j] = 1.0 / k
        for a in range(d):
            centres[j, a] = points[at, a]
    for a in range(d):
        mean = 0.0
        for i in range(n):
            mean += points[i, a] / n
        for i in range(n):
            spread[a] += (points[i, a] - mean) ** 2 / n
        spread[a] += _LEAST_SPREAD
    for _ in range(rounds):
        for i in range(n):
            top = -np.inf
            for j in range(k):
                value = np.log(shares[j])
                for a in range(d):
                    value -= 0.5 * (points[i, a] - centres[j, a]) ** 2 / spread[a]
                member[i, j] = value
                top = max(top, value)
            total = 0.0
            for j in range(k):
                member[i, j] = np.exp(member[i, j] - top)
                total += member[i, j]
            for j in range(k):
                member[i, j] /= total
        for a in range(d):
            spread[a] = _LEAST_SPREAD
        for j in range(k):
            count = 1e-12
            for i in range(n):
                count += member[i, j]
            shares[j] = count / n
            for a in range(d):
                total = 0.0
                for i in range(n):
                    total += member[i, j] * points[i, a]
                centres[j, a] = total / count
                for i in range(n):
                    spread[a] += member[i, j] * (points[i, a] - centres[j, a]) ** 2 / n


@kernel
def learn(
    points, edges, draws, finished, limits, scatter0, prior, weights, starts, moves, strengths, degrees, means, scatters
):
    """Variational Bayes from many starts: short runs from all, long ones from the best (Biernacki et al. 2003).

    draws (s, k): one row a start. limits: rounds of the mixture and of a short run, then of a long one, then the
    tolerances of both. Writes the best posterior; returns its bound, and how many long runs came within 0.01 of it.
    """
    runs, k = draws.shape
    n, d = points.shape
    begun = edges.shape[0] - 1.0
    every_start, every_move = np.empty((runs, k)), np.empty((runs, k, k))
    every_strength, every_degree = np.empty((runs, k)), np.empty((runs, k))
    every_mean, every_scatter = np.empty((runs, k, d)), np.empty((runs, k, d, d))
    bounds = np.empty(runs)
    member, trace = np.empty((n, k)), np.empty(0)
    for r in range(runs):
        start_mixture(points, draws[r], int(limits[0]), member)
        for j in range(k):
            every_start[r, j] = weights[0] + begun / k
            for i in range(k):
                every_move[r, i, j] = weights[1] + (n - begun) / (k * k)
        update_states(
            points, member, scatter0, prior, every_strength[r], every_degree[r], every_mean[r], every_scatter[r]
        )
    best, at, agreeing = -np.inf, 0, 0
    waiting = np.ones(runs, np.bool_)
    for turn in range(runs + finished):
        r = turn
        if turn >= runs:
            r = -1
            for other in range(runs):
                if waiting[other] and (r < 0 or bounds[other] > bounds[r]):
                    r = other
            if r < 0:
                break
            waiting[r] = False
        longer = int(turn >= runs)
        bounds[r], _ = climb(
            points, edges, every_start[r], every_move[r], every_strength[r], every_degree[r], every_mean[r],
            every_scatter[r], scatter0, prior, weights, int(limits[1 + longer]), limits[3 + longer], trace,
        )  # fmt: skip
        if longer and bounds[r] > best:
            best, at = bounds[r], r
    for r in range(runs):
        if not waiting[r] and bounds[r] > best - 0.01:
            agreeing += 1
    for j in range(k):
        starts[j], strengths[j], degrees[j] = every_start[at, j], every_strength[at, j], every_degree[at, j]
        for i in range(k):
            moves[i, j] = every_move[at, i, j]
        for a in range(d):
            means[j, a] = every_mean[at, j, a]
            for b in range(d):
                scatters[j, a, b] = every_scatter[at, j, a, b]
    return best, agreeing


@kernel
def learn_all(
    begins, ends, points, edges, sizes, finished, limits, scatter0, prior, weights,
    draws, starts, moves, strengths, degrees, means, scatters, bounds, agreeing,
):  # fmt: skip
    """Models of every stretch of rows, one for each number of states in `sizes`; see `learn`.

    begins, ends (r,): rows of each model. edges (m + 1,): rows where all sequences begin and end. draws (r, q, s, k)
    and the results (r, q, ...) hold one entry a model and size; entries beyond a size's states stay as they are.
    """
    for r in range(begins.shape[0]):
        low, high = np.searchsorted(edges, begins[r]), np.searchsorted(edges, ends[r])
        own = edges[low : high + 1] - begins[r]
        part = points[begins[r] : ends[r]]
        for q in range(sizes.shape[0]):
            k = sizes[q]
            bounds[r, q], agreeing[r, q] = learn(
                part, own, draws[r, q, :, :k], finished, limits, scatter0, prior, weights, starts[r, q, :k],
                moves[r, q, :k, :k], strengths[r, q, :k], degrees[r, q, :k], means[r, q, :k], scatters[r, q, :k],
            )  # fmt: skip


@kernel
def score_all(begins, ends, points, sizes, start, move, means, covariances, models, scores):
    """Log-likelihood of every sequence under the models listed for it.

    sizes (m,), start (m, k), move (m, k, k), means (m, k, d), covariances (m, k, d, d): all models. models (r, g):
    which of them to use, -1 for none. Writes scores (r, g); NaN for an empty sequence or no model.
    """
    count, most, d = means.shape
    whites, constants = np.empty((count, most, d, d)), np.empty((count, most))
    for m in range(count):
        for j in range(sizes[m]):
            constants[m, j] = -0.5 * (whiten(covariances[m, j], whites[m, j]) + d * _LOG_2PI)
    ones = np.ones(most)
    for r in range(begins.shape[0]):
        n = ends[r] - begins[r]
        for g in range(models.shape[1]):
            m = models[r, g]
            scores[r, g] = np.nan
            if m < 0 or n == 0:
                continue
            k = sizes[m]
            densities, member = np.empty((n, k)), np.empty((n, k))
            begun, moved = np.zeros(k), np.zeros((k, k))
            log_densities(points[begins[r] : ends[r]], means[m, :k], whites[m, :k], constants[m, :k], ones, densities)
            scores[r, g] = forward_backward(densities, start[m, :k], move[m, :k, :k], member, begun, moved)
