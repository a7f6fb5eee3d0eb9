"""Variational Bayes for hidden Markov models with Gaussian states, as in the EMHMM toolbox.

States of a Normal-Wishart posterior are kept as mean, strength of the mean, degrees of freedom and scatter (the inverse
of the Wishart's scale matrix), which grows by plain sums. Starts and transitions have Dirichlet posteriors. Equations
are those of Bishop (2006), Pattern Recognition and Machine Learning; the chain is that of MacKay (1997), Ensemble
learning for hidden Markov models. Rejected: EM, whose likelihood grows with every state added, so that nothing but a
second criterion could choose their number, and whose states collapse on single fixations.
"""

from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import kernel
from gazeanalytics._kernels.linalg import inverse_cholesky
from gazeanalytics._kernels.special import LOG_2, LOG_2PI, LOG_PI, digamma, log_gamma, normalize_logs
from gazeanalytics._kernels.strategies.hmm import forward_backward, log_densities, squared_distance

# Added to the variances of a start, as the EMHMM toolbox does, in squared units of the columns.
_MIN_VARIANCE = 1e-4
# Long runs whose bounds differ by less count as having found the same optimum.
_SAME = 0.01


class Sequences(NamedTuple):
    """Packed sequences: points (n, d), and edges (m + 1,) of the m sequences."""

    points: np.ndarray
    edges: np.ndarray


class Prior(NamedTuple):
    """Dirichlet weight of each start and each move; Normal-Wishart mean (d,), strength, degrees, scatter (d, d)."""

    start: float
    move: float
    mean: np.ndarray
    strength: float
    degrees: float
    scatter: np.ndarray
    log_det: float


class Posterior(NamedTuple):
    """Dirichlet weights start (k,), move (k, k); Normal-Wishart strengths, degrees (k,), means (k, d), scatters."""

    start: np.ndarray
    move: np.ndarray
    strengths: np.ndarray
    degrees: np.ndarray
    means: np.ndarray
    scatters: np.ndarray


class Schedule(NamedTuple):
    """Numbers of states (q,) to try; iterations of a start's mixture, of short and long runs; long runs; tolerances."""

    sizes: np.ndarray
    init_iter: int
    short_iter: int
    max_iter: int
    n_finished: int
    short_tolerance: float
    tolerance: float


class Results(NamedTuple):
    """For each model r and size q: draws (r, q, starts, k) to begin with, posterior (r, q, ...), bound, agreeing."""

    draws: np.ndarray
    posterior: Posterior
    bounds: np.ndarray
    agreeing: np.ndarray


@kernel
def expected_weights(weights, result):
    """Write exp of the expected logs of a Dirichlet variable (Bishop, eq. B.21); weights, result (k,)."""
    total = 0.0
    for j in range(weights.shape[0]):
        total += weights[j]
    total = digamma(total)
    for j in range(weights.shape[0]):
        result[j] = np.exp(digamma(weights[j]) - total)


@kernel
def dirichlet_divergence(weights, prior):
    """Kullback-Leibler divergence of a Dirichlet from the symmetric one whose weights are all `prior`."""
    k = weights.shape[0]
    total = 0.0
    for j in range(k):
        total += weights[j]
    value = log_gamma(total) - log_gamma(k * prior) + k * log_gamma(prior)
    for j in range(k):
        value += (weights[j] - prior) * (digamma(weights[j]) - digamma(total)) - log_gamma(weights[j])
    return value


@kernel
def log_wishart_constant(log_det_scatter, degrees, d):
    """Log of the Wishart's normalising factor (Bishop, eq. B.79), from the inverse scale matrix."""
    value = 0.5 * degrees * log_det_scatter - 0.5 * degrees * d * LOG_2 - 0.25 * d * (d - 1) * LOG_PI
    for a in range(d):
        value -= log_gamma(0.5 * (degrees - a))
    return value


@kernel
def expected_log_det(log_det_scatter, degrees, d):
    """Expected log determinant of the precision (Bishop, eq. B.81)."""
    value = d * LOG_2 - log_det_scatter
    for a in range(d):
        value += digamma(0.5 * (degrees - a))
    return value


@kernel
def state_divergence(posterior, j, white, log_det, prior):
    """Kullback-Leibler divergence of the Normal-Wishart posterior of state j from the prior.

    white, log_det: inverse Cholesky factor and log determinant of the posterior scatter.
    """
    strength, degrees = posterior.strengths[j], posterior.degrees[j]
    d = posterior.means.shape[1]
    off = squared_distance(posterior.means[j], prior.mean, white)
    ratio = prior.strength / strength
    normal = 0.5 * (d * (np.log(strength / prior.strength) + ratio - 1.0) + prior.strength * degrees * off)
    trace = 0.0
    for a in range(d):
        for b in range(d):
            for c in range(d):
                trace += white[a, b] * prior.scatter[b, c] * white[a, c]
    wishart = 0.5 * (degrees - prior.degrees) * expected_log_det(log_det, degrees, d) + 0.5 * degrees * (trace - d)
    wishart += log_wishart_constant(log_det, degrees, d) - log_wishart_constant(prior.log_det, prior.degrees, d)
    return normal + wishart


@kernel
def update_states(points, member, prior, posterior):
    """Normal-Wishart posteriors of all states from the memberships (Bishop, eqs. 10.60-10.63)."""
    n, d = points.shape
    centre = np.empty(d)
    for j in range(member.shape[1]):
        count = 0.0
        for i in range(n):
            count += member[i, j]
        for a in range(d):
            centre[a] = 0.0
            for i in range(n):
                centre[a] += member[i, j] * points[i, a] / count if count > 0.0 else 0.0
        strength = prior.strength + count
        posterior.strengths[j] = strength
        posterior.degrees[j] = prior.degrees + count
        pull = prior.strength * count / strength
        scatter = posterior.scatters[j]
        for a in range(d):
            posterior.means[j, a] = (prior.strength * prior.mean[a] + count * centre[a]) / strength
            for b in range(a + 1):
                off = (centre[a] - prior.mean[a]) * (centre[b] - prior.mean[b])
                scatter[a, b] = prior.scatter[a, b] + pull * off
        for i in range(n):
            for a in range(d):
                for b in range(a + 1):
                    scatter[a, b] += member[i, j] * (points[i, a] - centre[a]) * (points[i, b] - centre[b])
        for a in range(d):
            for b in range(a):
                scatter[b, a] = scatter[a, b]


@kernel
def expect(sequences, posterior, prior, member, counts):
    """Write memberships (n, k) and expected counts; return the lower bound of the log evidence at this posterior.

    counts (k + 1, k): first row sequences that start in each state, then moves from and to.
    """
    n, d = sequences.points.shape
    k = posterior.means.shape[0]
    start, move = np.empty(k), np.empty((k, k))
    whites, constants = np.empty((k, d, d)), np.empty(k)
    expected_weights(posterior.start, start)
    bound = -dirichlet_divergence(posterior.start, prior.start)
    for j in range(k):
        expected_weights(posterior.move[j], move[j])
        log_det = inverse_cholesky(posterior.scatters[j], whites[j])
        expected = expected_log_det(log_det, posterior.degrees[j], d)
        # Bishop, eqs. 10.64-10.65: the expected log density of a point, less the part that depends on its place.
        constants[j] = 0.5 * (expected - d / posterior.strengths[j] - d * LOG_2PI)
        bound -= dirichlet_divergence(posterior.move[j], prior.move)
        bound -= state_divergence(posterior, j, whites[j], log_det, prior)
    densities = np.empty((n, k))
    log_densities(sequences.points, posterior.means, whites, constants, posterior.degrees, densities)
    for j in range(k):
        for i in range(k + 1):
            counts[i, j] = 0.0
    edges = sequences.edges
    for s in range(edges.shape[0] - 1):
        low, high = edges[s], edges[s + 1]
        bound += forward_backward(densities[low:high], start, move, member[low:high], counts[0], counts[1:])
    return bound


@kernel
def fit_vb(sequences, posterior, prior, max_iter, tolerance, trace):
    """Variational Bayes from a given posterior, changed in place; returns the lower bound and the iterations used.

    The run ends when an iteration raises the bound by less than `tolerance` times its size. trace (max_iter,): bounds.
    """
    n = sequences.points.shape[0]
    k = posterior.means.shape[0]
    member, counts = np.empty((n, k)), np.empty((k + 1, k))
    bound = -np.inf
    used = 0
    while used < max_iter:
        before = bound
        bound = expect(sequences, posterior, prior, member, counts)
        if used < trace.shape[0]:
            trace[used] = bound
        used += 1
        if not bound - before >= tolerance * abs(bound) or used == max_iter:
            break
        for j in range(k):
            posterior.start[j] = prior.start + counts[0, j]
            for i in range(k):
                posterior.move[i, j] = prior.move + counts[i + 1, j]
        update_states(sequences.points, member, prior, posterior)
    return bound, used


@kernel
def start_mixture(points, draws, n_iter, member):
    """Memberships (n, k) of a Gaussian mixture with one diagonal covariance, from k points that `draws` (k,) picks.

    The toolbox starts in the same way. Rejected: k-means, whose hard borders leave states without any spread.
    """
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
        spread[a] += _MIN_VARIANCE
    for _ in range(n_iter):
        for i in range(n):
            for j in range(k):
                value = np.log(shares[j])
                for a in range(d):
                    value -= 0.5 * (points[i, a] - centres[j, a]) ** 2 / spread[a]
                member[i, j] = value
            normalize_logs(member[i])
        for a in range(d):
            spread[a] = _MIN_VARIANCE
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
def posterior_of(posteriors, r):
    """Posterior r of several along their first axis, as views."""
    return Posterior(
        posteriors.start[r],
        posteriors.move[r],
        posteriors.strengths[r],
        posteriors.degrees[r],
        posteriors.means[r],
        posteriors.scatters[r],
    )


@kernel
def first_posteriors(sequences, draws, init_iter, prior):
    """Posteriors to start from, one for each row of draws (starts, k)."""
    runs, k = draws.shape
    n, d = sequences.points.shape
    begun = sequences.edges.shape[0] - 1.0
    member = np.empty((n, k))
    posteriors = Posterior(
        np.empty((runs, k)),
        np.empty((runs, k, k)),
        np.empty((runs, k)),
        np.empty((runs, k)),
        np.empty((runs, k, d)),
        np.empty((runs, k, d, d)),
    )
    for r in range(runs):
        start_mixture(sequences.points, draws[r], init_iter, member)
        for j in range(k):
            posteriors.start[r, j] = prior.start + begun / k
            for i in range(k):
                posteriors.move[r, i, j] = prior.move + (n - begun) / (k * k)
        update_states(sequences.points, member, prior, posterior_of(posteriors, r))
    return posteriors


@kernel
def fit_from_starts(sequences, draws, schedule, prior, result):
    """Variational Bayes from many starts: short runs from all, long ones from the best (Biernacki et al. 2003).

    draws (starts, k): one row a start. Writes the best posterior to `result`; returns its bound, and how many long runs
    reached it within 0.01.
    """
    runs, k = draws.shape
    posteriors = first_posteriors(sequences, draws, schedule.init_iter, prior)
    bounds, trace = np.empty(runs), np.empty(0)
    for r in range(runs):
        start = posterior_of(posteriors, r)
        bounds[r], _ = fit_vb(sequences, start, prior, schedule.short_iter, schedule.short_tolerance, trace)
    best, at, agreeing = -np.inf, -1, 0
    waiting = np.ones(runs, np.bool_)
    for _ in range(min(schedule.n_finished, runs)):
        r = -1
        for other in range(runs):
            if waiting[other] and (r < 0 or bounds[other] > bounds[r]):
                r = other
        waiting[r] = False
        bounds[r], _ = fit_vb(
            sequences, posterior_of(posteriors, r), prior, schedule.max_iter, schedule.tolerance, trace
        )
        if at < 0 or bounds[r] > best:
            best, at = bounds[r], r
    for r in range(runs):
        if not waiting[r] and bounds[r] > best - _SAME:
            agreeing += 1
    for j in range(k):
        result.start[j], result.strengths[j] = posteriors.start[at, j], posteriors.strengths[at, j]
        result.degrees[j] = posteriors.degrees[at, j]
        for i in range(k):
            result.move[i, j] = posteriors.move[at, i, j]
        for a in range(posteriors.means.shape[2]):
            result.means[j, a] = posteriors.means[at, j, a]
            for b in range(posteriors.means.shape[2]):
                result.scatters[j, a, b] = posteriors.scatters[at, j, a, b]
    return best, agreeing


@kernel
def fit_all(begins, ends, sequences, schedule, prior, results, rows):
    """Models of stretches of rows, one for each number of states of the schedule; see `fit_from_starts`.

    begins, ends (r,): rows of `sequences.points` that each model learns from. rows (r,): where in `results` each model
    has its draws and its results; entries beyond a size's states stay as they are.
    """
    edges = sequences.edges
    for at in range(begins.shape[0]):
        low, high = np.searchsorted(edges, begins[at]), np.searchsorted(edges, ends[at])
        own = Sequences(sequences.points[begins[at] : ends[at]], edges[low : high + 1] - begins[at])
        r = rows[at]
        for q in range(schedule.sizes.shape[0]):
            k = schedule.sizes[q]
            result = Posterior(
                results.posterior.start[r, q, :k],
                results.posterior.move[r, q, :k, :k],
                results.posterior.strengths[r, q, :k],
                results.posterior.degrees[r, q, :k],
                results.posterior.means[r, q, :k],
                results.posterior.scatters[r, q, :k],
            )
            draws = results.draws[r, q, :, :k]
            results.bounds[r, q], results.agreeing[r, q] = fit_from_starts(own, draws, schedule, prior, result)
