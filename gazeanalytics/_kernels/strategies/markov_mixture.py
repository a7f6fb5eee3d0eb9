"""Mixtures of first-order Markov chains over regions: expectation-maximisation over packed sequences.

Sequences of region codes are packed one after another; `edges` says where each begins and ends.
"""

import numpy as np

from gazeanalytics._kernels import kernel


@kernel
def tally(codes, edges, member, pseudo, start, move, shares):
    """Shares (k,), starts (k, r) and moves (k, r, r) from the memberships, with `pseudo` more counts in each cell."""
    n, k = member.shape
    regions = start.shape[1]
    for g in range(k):
        count = 0.0
        for a in range(regions):
            start[g, a] = pseudo
            for b in range(regions):
                move[g, a, b] = pseudo
        for i in range(n):
            part = member[i, g]
            count += part
            if part == 0.0 or edges[i + 1] == edges[i]:
                continue
            start[g, codes[edges[i]]] += part
            for t in range(edges[i] + 1, edges[i + 1]):
                move[g, codes[t - 1], codes[t]] += part
        shares[g] = max(count / n, 1e-12)
        total = 0.0
        for a in range(regions):
            total += start[g, a]
        for a in range(regions):
            start[g, a] /= total
            row = 0.0
            for b in range(regions):
                row += move[g, a, b]
            for b in range(regions):
                move[g, a, b] /= row


@kernel
def weigh(codes, edges, log_shares, log_start, log_move, member):
    """Write each sequence's posterior over the chains (n, k); return the log-likelihood."""
    n, k = member.shape
    likelihood = 0.0
    for i in range(n):
        top = -np.inf
        for g in range(k):
            value = log_shares[g]
            if edges[i + 1] > edges[i]:
                value += log_start[g, codes[edges[i]]]
            for t in range(edges[i] + 1, edges[i + 1]):
                value += log_move[g, codes[t - 1], codes[t]]
            member[i, g] = value
            top = max(top, value)
        total = 0.0
        for g in range(k):
            member[i, g] = np.exp(member[i, g] - top)
            total += member[i, g]
        for g in range(k):
            member[i, g] /= total
        likelihood += top + np.log(total)
    return likelihood


@kernel
def fit_chains(codes, edges, member, pseudo, rounds, tolerance, start, move, shares, trace):
    """EM from given memberships, which end as those of the fit; returns the log-likelihood and the rounds used.

    The run ends when a round raises the penalised log-likelihood (`pseudo` times the log of every probability added,
    which is what EM climbs) by less than `tolerance` times its size. trace (rounds,): that objective.
    """
    log_shares, log_start, log_move = np.empty_like(shares), np.empty_like(start), np.empty_like(move)
    before = -np.inf
    likelihood = -np.inf
    used = 0
    while used < rounds:
        tally(codes, edges, member, pseudo, start, move, shares)
        objective = 0.0
        for g in range(shares.shape[0]):
            log_shares[g] = np.log(shares[g])
            for a in range(start.shape[1]):
                log_start[g, a] = np.log(start[g, a])
                objective += pseudo * log_start[g, a]
                for b in range(start.shape[1]):
                    log_move[g, a, b] = np.log(move[g, a, b])
                    objective += pseudo * log_move[g, a, b]
        likelihood = weigh(codes, edges, log_shares, log_start, log_move, member)
        objective += likelihood
        if used < trace.shape[0]:
            trace[used] = objective
        used += 1
        if not objective - before >= tolerance * abs(objective):
            break
        before = objective
    return likelihood, used
