"""Mixtures of first-order Markov chains over regions: expectation-maximisation over packed sequences.

Sequences of region codes are packed one after another; `edges` says where each begins and ends. The model is that of
Cadez et al. (2003), Data Mining and Knowledge Discovery 7.
"""

from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import kernel
from gazeanalytics._kernels.special import normalize_logs

# No chain dies out: a share of 0 would make its logarithm infinite.
_MIN_SHARE = 1e-12


class Visits(NamedTuple):
    """Region codes (t,) of all sequences, and their edges (n + 1,)."""

    codes: np.ndarray
    edges: np.ndarray


class Chains(NamedTuple):
    """Shares (k,), start probabilities (k, r) and transition matrices (k, r, r) of the chains, or their logarithms."""

    shares: np.ndarray
    start: np.ndarray
    move: np.ndarray


@kernel
def tally(visits, member, pseudo, chains):
    """M step: shares, starts and moves from the memberships (n, k), with `pseudo` more counts in each cell."""
    codes, edges = visits
    shares, start, move = chains
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
        shares[g] = max(count / n, _MIN_SHARE)
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
def weigh(visits, log_chains, member):
    """E step: write each sequence's posterior over the chains (n, k); return the log-likelihood."""
    codes, edges = visits
    shares, start, move = log_chains
    likelihood = 0.0
    for i in range(member.shape[0]):
        for g in range(member.shape[1]):
            value = shares[g]
            if edges[i + 1] > edges[i]:
                value += start[g, codes[edges[i]]]
            for t in range(edges[i] + 1, edges[i + 1]):
                value += move[g, codes[t - 1], codes[t]]
            member[i, g] = value
        likelihood += normalize_logs(member[i])
    return likelihood


@kernel
def fit_chains(visits, member, pseudo, chains, max_iter, tolerance, trace):
    """EM from given memberships, which end as those of the fit; returns the log-likelihood and the iterations used.

    The run ends when an iteration raises the penalised log-likelihood (`pseudo` times the log of every probability
    added: a Dirichlet prior, whose mode EM finds) by less than `tolerance` times its size. trace (max_iter,): that
    objective.
    """
    logs = Chains(np.empty_like(chains.shares), np.empty_like(chains.start), np.empty_like(chains.move))
    before = -np.inf
    likelihood = -np.inf
    used = 0
    while used < max_iter:
        tally(visits, member, pseudo, chains)
        objective = 0.0
        for g in range(chains.shares.shape[0]):
            logs.shares[g] = np.log(chains.shares[g])
            for a in range(chains.start.shape[1]):
                logs.start[g, a] = np.log(chains.start[g, a])
                objective += pseudo * logs.start[g, a]
                for b in range(chains.start.shape[1]):
                    logs.move[g, a, b] = np.log(chains.move[g, a, b])
                    objective += pseudo * logs.move[g, a, b]
        likelihood = weigh(visits, logs, member)
        objective += likelihood
        if used < trace.shape[0]:
            trace[used] = objective
        used += 1
        if not objective - before >= tolerance * abs(objective):
            break
        before = objective
    return likelihood, used
