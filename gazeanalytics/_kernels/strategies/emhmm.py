"""Hidden Markov models clustered through their densities: variational hierarchical EM (VHEM).

Equations are those of Coviello, Chan & Lanckriet (2014), J. Mach. Learn. Res. 15. Rejected: clustering the models'
parameters, for the same model has as many vectors of parameters as orders of its states; and EM on all fixations, which
would pay for every reading again in each iteration, where here a reader costs as much with 10 readings as with 1,000.

Models of readers are `HMMs`; a group has one model a stimulus, so group models are (g, q, ...); the reader's model for
stimulus s is row rows[i, s], -1 where there is none.
"""

from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import kernel
from gazeanalytics._kernels.linalg import inverse_cholesky
from gazeanalytics._kernels.special import LOG_2PI, normalize_logs

# No start and no step of a group becomes impossible: a new reader may take it.
_MIN_PROBABILITY = 1e-10
# A state of which less is held keeps its place: its mean would be a ratio of two rounding errors.
_MIN_HELD = 1e-12


class Problem(NamedTuple):
    """What is clustered: rows (n, q) of the readers' models; virtual sequences a reader counts for and their length.

    floor is added to variances; diagonal makes the groups' covariances diagonal.
    """

    rows: np.ndarray
    weight: float
    length: int
    floor: float
    diagonal: bool


class Groups(NamedTuple):
    """Shares (g,), start (g, q, s), move (g, q, s, s), means (g, q, s, d), covariances (g, q, s, d, d)."""

    shares: np.ndarray
    start: np.ndarray
    move: np.ndarray
    means: np.ndarray
    covariances: np.ndarray


class Counts(NamedTuple):
    """Expected starts (s,), moves (s, s) and, for each state of a reader's model, stays (s, k) in a group's states."""

    starts: np.ndarray
    moves: np.ndarray
    stays: np.ndarray


@kernel
def expected_densities(mean, covariance, means, whites, log_dets, logs):
    """Expected log density of points of one Gaussian under each of several (eq. 9 with one component), logs (k,)."""
    d = mean.shape[0]
    for r in range(means.shape[0]):
        value = -0.5 * (d * LOG_2PI + log_dets[r])
        for a in range(d):
            away = 0.0
            for b in range(a + 1):
                away += whites[r, a, b] * (mean[b] - means[r, b])
            value -= 0.5 * away * away
            for b in range(a + 1):
                for c in range(a + 1):
                    value -= 0.5 * whites[r, a, b] * covariance[b, c] * whites[r, a, c]
        logs[r] = value


@kernel
def expected_likelihood(logs, start, move, group_start, group_move, weights):
    """Variational bound of the log-likelihood of one model's sequences under another (eqs. 13-16).

    logs (k, s): expected log densities. Writes weights (length, k, s): what each state of the group gets, for each
    state of the model and step, before transitions and relative to the greatest.
    """
    length, k, s = weights.shape
    ahead = np.zeros((k, s))
    fresh = np.empty((k, s))
    value = 0.0
    for t in range(length - 1, -1, -1):
        for b in range(k):
            top = -np.inf
            for r in range(s):
                total = logs[b, r]
                if t < length - 1:
                    for c in range(k):
                        total += move[b, c] * ahead[c, r]
                weights[t, b, r] = total
                top = max(top, total)
            for r in range(s):
                weights[t, b, r] = np.exp(weights[t, b, r] - top)
            if t == 0:
                total = 0.0
                for r in range(s):
                    total += group_start[r] * weights[t, b, r]
                value += start[b] * (top + np.log(total))
                continue
            for before in range(s):
                total = 0.0
                for r in range(s):
                    total += group_move[before, r] * weights[t, b, r]
                fresh[b, before] = top + np.log(total)
        ahead, fresh = fresh, ahead
    return value


@kernel
def expected_counts(weights, start, move, group_start, group_move, counts):
    """Write the expected starts, moves and stays of one model's sequences in a group's states (eqs. 20-24)."""
    begins, moves, stays = counts
    length, k, s = weights.shape
    now, after, share = np.zeros((s, k)), np.zeros((s, k)), np.empty(s)
    for r in range(s):
        begins[r] = 0.0
        for other in range(s):
            moves[r, other] = 0.0
        for b in range(k):
            stays[r, b] = 0.0
    for b in range(k):
        total = 0.0
        for r in range(s):
            share[r] = group_start[r] * weights[0, b, r]
            total += share[r]
        for r in range(s):
            now[r, b] = start[b] * share[r] / total
            begins[r] += now[r, b]
            stays[r, b] += now[r, b]
    for t in range(1, length):
        for b in range(k):
            for r in range(s):
                after[r, b] = 0.0
            for before in range(s):
                mass = 0.0
                for c in range(k):
                    mass += now[before, c] * move[c, b]
                total = 0.0
                for r in range(s):
                    share[r] = group_move[before, r] * weights[t, b, r]
                    total += share[r]
                for r in range(s):
                    part = mass * share[r] / total
                    moves[before, r] += part
                    after[r, b] += part
        now, after = after, now
        for r in range(s):
            for b in range(k):
                stays[r, b] += now[r, b]


@kernel
def prepare(covariances, whites, log_dets):
    """Inverse Cholesky factors and log determinants of all covariances (g, q, s, d, d)."""
    groups, stimuli, s = log_dets.shape
    for g in range(groups):
        for q in range(stimuli):
            for r in range(s):
                log_dets[g, q, r] = inverse_cholesky(covariances[g, q, r], whites[g, q, r])


@kernel
def likelihoods(hmms, rows, groups, length, out):
    """Expected log-likelihood of every reader's sequences under every group, summed over stimuli, out (n, g)."""
    count, stimuli, s, d = groups.means.shape
    whites, log_dets = np.empty((count, stimuli, s, d, d)), np.empty((count, stimuli, s))
    prepare(groups.covariances, whites, log_dets)
    for i in range(rows.shape[0]):
        for g in range(count):
            out[i, g] = 0.0
        for q in range(stimuli):
            m = rows[i, q]
            if m < 0:
                continue
            k = hmms.sizes[m]
            logs, weights = np.empty((k, s)), np.empty((length, k, s))
            start, move = hmms.start[m, :k], hmms.move[m, :k, :k]
            for g in range(count):
                for b in range(k):
                    expected_densities(
                        hmms.means[m, b], hmms.covariances[m, b], groups.means[g, q], whites[g, q], log_dets[g, q],
                        logs[b],
                    )  # fmt: skip
                out[i, g] += expected_likelihood(logs, start, move, groups.start[g, q], groups.move[g, q], weights)


@kernel
def share_out(expected, shares, weight, member):
    """Write each reader's posterior over groups (eq. 17); return the log-likelihood, the bound that EM raises."""
    total_log = 0.0
    for i in range(expected.shape[0]):
        for g in range(expected.shape[1]):
            member[i, g] = np.log(shares[g]) + weight * expected[i, g]
        total_log += normalize_logs(member[i])
    return total_log


@kernel
def normalise(values, out):
    """Write positive values so that they sum to 1, none below the rarest; leave `out` where all are zero."""
    total, kept = 0.0, 0.0
    for r in range(values.shape[0]):
        total += values[r]
    if total > 0.0:
        for r in range(values.shape[0]):
            out[r] = max(values[r] / total, _MIN_PROBABILITY)
            kept += out[r]
        for r in range(values.shape[0]):
            out[r] /= kept


@kernel
def refit_states(hmms, models, held, problem, means, covariances):
    """Mean (s, d) and covariance (s, d, d) of each state of one group model (eqs. 30-31), changed in place.

    models (n,): the model of every reader. held (n, s, k): what each of its states gives to each of the group's. A
    state that nothing is given to stays as it is.
    """
    s, d = means.shape
    for r in range(s):
        total = 0.0
        for i in range(held.shape[0]):
            for b in range(held.shape[2]):
                total += held[i, r, b]
        if not total > _MIN_HELD:
            continue
        for a in range(d):
            means[r, a] = 0.0
            for i in range(held.shape[0]):
                for b in range(held.shape[2]):
                    if held[i, r, b] > 0.0:
                        means[r, a] += held[i, r, b] / total * hmms.means[models[i], b, a]
        for a in range(d):
            for c in range(d):
                value = problem.floor if a == c else 0.0
                for i in range(held.shape[0]):
                    for b in range(held.shape[2]):
                        if held[i, r, b] > 0.0 and (a == c or not problem.diagonal):
                            m = models[i]
                            off = (hmms.means[m, b, a] - means[r, a]) * (hmms.means[m, b, c] - means[r, c])
                            value += held[i, r, b] / total * (hmms.covariances[m, b, a, c] + off)
                covariances[r, a, c] = value


@kernel
def refit(hmms, problem, member, groups):
    """New group models from the memberships (eqs. 27-31); a group without any reader of a stimulus keeps its model."""
    count, stimuli, s, d = groups.means.shape
    whites, log_dets = np.empty((count, stimuli, s, d, d)), np.empty((count, stimuli, s))
    prepare(groups.covariances, whites, log_dets)
    rows, most = problem.rows, hmms.start.shape[1]
    for g in range(count):
        for q in range(stimuli):
            all_starts, all_moves = np.zeros(s), np.zeros((s, s))
            held = np.zeros((rows.shape[0], s, most))
            for i in range(rows.shape[0]):
                m = rows[i, q]
                if m < 0 or member[i, g] < _MIN_HELD:
                    continue
                k = hmms.sizes[m]
                logs, weights = np.empty((k, s)), np.empty((problem.length, k, s))
                counts = Counts(np.empty(s), np.empty((s, s)), np.empty((s, k)))
                for b in range(k):
                    expected_densities(
                        hmms.means[m, b], hmms.covariances[m, b], groups.means[g, q], whites[g, q], log_dets[g, q],
                        logs[b],
                    )  # fmt: skip
                start, move = hmms.start[m, :k], hmms.move[m, :k, :k]
                expected_likelihood(logs, start, move, groups.start[g, q], groups.move[g, q], weights)
                expected_counts(weights, start, move, groups.start[g, q], groups.move[g, q], counts)
                for r in range(s):
                    all_starts[r] += member[i, g] * counts.starts[r]
                    for other in range(s):
                        all_moves[r, other] += member[i, g] * counts.moves[r, other]
                    for b in range(k):
                        held[i, r, b] = member[i, g] * counts.stays[r, b]
            normalise(all_starts, groups.start[g, q])
            for r in range(s):
                normalise(all_moves[r], groups.move[g, q, r])
            refit_states(hmms, rows[:, q], held, problem, groups.means[g, q], groups.covariances[g, q])


@kernel
def cluster(hmms, problem, groups, member, max_iter, tolerance, trace):
    """Variational hierarchical EM from given groups, changed in place; returns the log-likelihood and iterations used.

    The run ends when an iteration raises the log-likelihood by less than `tolerance` times its size. member (n, g) and
    trace (max_iter,) are written.
    """
    n, count = member.shape
    expected = np.empty((n, count))
    value = -np.inf
    used = 0
    while used < max_iter:
        before = value
        likelihoods(hmms, problem.rows, groups, problem.length, expected)
        value = share_out(expected, groups.shares, problem.weight, member)
        if used < trace.shape[0]:
            trace[used] = value
        used += 1
        if not value - before >= tolerance * abs(value) or used == max_iter:
            break
        for g in range(count):
            total = 0.0
            for i in range(n):
                total += member[i, g]
            groups.shares[g] = max(total / n, _MIN_PROBABILITY)
        refit(hmms, problem, member, groups)
    return value, used
