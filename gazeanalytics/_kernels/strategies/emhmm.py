"""Hidden Markov models clustered through their densities: variational hierarchical EM (Coviello et al. 2014).

A bank holds models padded to one number of states: sizes (m,), start (m, k), move (m, k, k), means (m, k, d),
covariances (m, k, d, d). A group has one model a stimulus, so group models are (g, q, ...); the bank's model of reader
i for stimulus s is row rows[i, s], -1 where there is none. Equations of Coviello, Chan & Lanckriet (2014, JMLR 15) are
named in the kernels.
"""

import numpy as np

from gazeanalytics._kernels import kernel

_LOG_2PI = 1.8378770664093453
# No start and no step of a group becomes impossible: a new reader may take it.
_RAREST = 1e-10


@kernel
def inverse_factor(matrix, white):
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
def expected_densities(mean, covariance, means, whites, log_dets, logs):
    """Expected log density of points of one Gaussian under each of several (eq. 9 with one component), logs (k,)."""
    d = mean.shape[0]
    for r in range(means.shape[0]):
        value = -0.5 * (d * _LOG_2PI + log_dets[r])
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
def expected_likelihood(logs, start, move, group_start, group_move, length, weights):
    """Variational bound of the log-likelihood of one model's sequences under another (eqs. 13-16).

    logs (k, s): expected log densities. Writes weights (length, k, s): what each state of the group gets, for each
    state of the model and step, before transitions and relative to the greatest.
    """
    k, s = logs.shape
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
def expected_counts(weights, start, move, group_start, group_move, begins, moves, stays):
    """Expected starts (s,), moves (s, s) and, for each state of the model, stays (s, k) in the group (eqs. 20-24)."""
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
                log_dets[g, q, r] = inverse_factor(covariances[g, q, r], whites[g, q, r])


@kernel
def likelihoods(
    sizes, start, move, means, covariances, rows, group_start, group_move, group_means, group_covs, length, out
):
    """Expected log-likelihood of every reader's sequences under every group, summed over stimuli, out (n, g)."""
    groups, stimuli, s, d = group_means.shape
    whites, log_dets = np.empty((groups, stimuli, s, d, d)), np.empty((groups, stimuli, s))
    prepare(group_covs, whites, log_dets)
    for i in range(rows.shape[0]):
        for g in range(groups):
            out[i, g] = 0.0
        for q in range(stimuli):
            m = rows[i, q]
            if m < 0:
                continue
            k = sizes[m]
            logs, weights = np.empty((k, s)), np.empty((length, k, s))
            for g in range(groups):
                for b in range(k):
                    expected_densities(
                        means[m, b], covariances[m, b], group_means[g, q], whites[g, q], log_dets[g, q], logs[b]
                    )
                out[i, g] += expected_likelihood(
                    logs, start[m, :k], move[m, :k, :k], group_start[g, q], group_move[g, q], length, weights
                )


@kernel
def share_out(expected, shares, weight, member):
    """Write each reader's posterior over groups (eq. 17); return the log-likelihood, the bound that EM climbs."""
    n, groups = expected.shape
    total_log = 0.0
    for i in range(n):
        top = -np.inf
        for g in range(groups):
            member[i, g] = np.log(shares[g]) + weight * expected[i, g]
            top = max(top, member[i, g])
        total = 0.0
        for g in range(groups):
            member[i, g] = np.exp(member[i, g] - top)
            total += member[i, g]
        for g in range(groups):
            member[i, g] /= total
        total_log += top + np.log(total)
    return total_log


@kernel
def normalise(values, out):
    """Write positive values so that they sum to 1, none below the rarest; leave `out` where all are zero."""
    total, kept = 0.0, 0.0
    for r in range(values.shape[0]):
        total += values[r]
    if total > 0.0:
        for r in range(values.shape[0]):
            out[r] = max(values[r] / total, _RAREST)
            kept += out[r]
        for r in range(values.shape[0]):
            out[r] /= kept


@kernel
def refit_states(means, covariances, models, held, floor, diagonal, group_means, group_covs):
    """Mean and covariance of each state of one group model (eqs. 30-31).

    models (n,): the bank's model of every reader. held (n, s, k): what each of its states gives to each of the group's.
    A state that nothing is given to stays as it is.
    """
    s, d = group_means.shape
    for r in range(s):
        total = 0.0
        for i in range(held.shape[0]):
            for b in range(held.shape[2]):
                total += held[i, r, b]
        if not total > 1e-12:
            continue
        for a in range(d):
            group_means[r, a] = 0.0
            for i in range(held.shape[0]):
                for b in range(held.shape[2]):
                    if held[i, r, b] > 0.0:
                        group_means[r, a] += held[i, r, b] / total * means[models[i], b, a]
        for a in range(d):
            for c in range(d):
                value = floor if a == c else 0.0
                for i in range(held.shape[0]):
                    for b in range(held.shape[2]):
                        if held[i, r, b] > 0.0 and (a == c or not diagonal):
                            m = models[i]
                            off = (means[m, b, a] - group_means[r, a]) * (means[m, b, c] - group_means[r, c])
                            value += held[i, r, b] / total * (covariances[m, b, a, c] + off)
                group_covs[r, a, c] = value


@kernel
def refit(
    sizes, start, move, means, covariances, rows, member, length, floor, diagonal,
    group_start, group_move, group_means, group_covs,
):  # fmt: skip
    """New group models from the memberships (eqs. 27-31); a group without any reader of a stimulus keeps its model."""
    groups, stimuli, s, d = group_means.shape
    whites, log_dets = np.empty((groups, stimuli, s, d, d)), np.empty((groups, stimuli, s))
    prepare(group_covs, whites, log_dets)
    begins, moves = np.empty(s), np.empty((s, s))
    most = start.shape[1]
    for g in range(groups):
        for q in range(stimuli):
            all_begins, all_moves = np.zeros(s), np.zeros((s, s))
            held = np.zeros((rows.shape[0], s, most))
            for i in range(rows.shape[0]):
                m = rows[i, q]
                if m < 0 or member[i, g] < 1e-12:
                    continue
                k = sizes[m]
                logs, weights, stays = np.empty((k, s)), np.empty((length, k, s)), np.empty((s, k))
                for b in range(k):
                    expected_densities(
                        means[m, b], covariances[m, b], group_means[g, q], whites[g, q], log_dets[g, q], logs[b]
                    )
                expected_likelihood(
                    logs, start[m, :k], move[m, :k, :k], group_start[g, q], group_move[g, q], length, weights
                )
                expected_counts(
                    weights, start[m, :k], move[m, :k, :k], group_start[g, q], group_move[g, q], begins, moves, stays
                )
                for r in range(s):
                    all_begins[r] += member[i, g] * begins[r]
                    for other in range(s):
                        all_moves[r, other] += member[i, g] * moves[r, other]
                    for b in range(k):
                        held[i, r, b] = member[i, g] * stays[r, b]
            normalise(all_begins, group_start[g, q])
            for r in range(s):
                normalise(all_moves[r], group_move[g, q, r])
            refit_states(means, covariances, rows[:, q], held, floor, diagonal, group_means[g, q], group_covs[g, q])


@kernel
def cluster(
    sizes, start, move, means, covariances, rows, weight, length, floor, diagonal, rounds, tolerance,
    shares, group_start, group_move, group_means, group_covs, member, trace,
):  # fmt: skip
    """Variational hierarchical EM from given groups, changed in place; returns the log-likelihood and the rounds used.

    weight: virtual sequences that every reader counts for. floor: added to variances. The run ends when a round raises
    the log-likelihood by less than `tolerance` times its size. shares (g,); member (n, g), trace (rounds,) are written.
    """
    n = rows.shape[0]
    expected = np.empty((n, shares.shape[0]))
    value = -np.inf
    used = 0
    while used < rounds:
        before = value
        likelihoods(
            sizes, start, move, means, covariances, rows, group_start, group_move, group_means, group_covs, length,
            expected,
        )  # fmt: skip
        value = share_out(expected, shares, weight, member)
        if used < trace.shape[0]:
            trace[used] = value
        used += 1
        if not value - before >= tolerance * abs(value) or used == rounds:
            break
        for g in range(shares.shape[0]):
            total = 0.0
            for i in range(n):
                total += member[i, g]
            shares[g] = max(total / n, _RAREST)
        refit(
            sizes, start, move, means, covariances, rows, member, length, floor, diagonal,
            group_start, group_move, group_means, group_covs,
        )  # fmt: skip
    return value, used
