"""Kernels of hidden Markov models beside their plain twins, brute force and the EMHMM toolbox's own numbers."""

from itertools import pairwise, product

import numpy as np
import pytest
from scipy.special import digamma, gammaln, logsumexp, multigammaln
from scipy.stats import multivariate_normal

from gazeanalytics._kernels import linalg
from gazeanalytics._kernels.strategies import emhmm as vhem
from gazeanalytics._kernels.strategies import hmm, hmm_vb


def random_hmm(rng, k, d=2, spread=30.0):
    factors = rng.normal(size=(k, d, d))
    return (
        rng.dirichlet(np.ones(k)), rng.dirichlet(np.ones(k), size=k), rng.normal(0, spread, (k, d)),
        factors @ factors.transpose(0, 2, 1) * 5 + np.eye(d),
    )  # fmt: skip


def divergence_of_dirichlets(q, p):
    log_expected = digamma(q) - digamma(q.sum())
    return gammaln(q.sum()) - gammaln(q).sum() - gammaln(p.sum()) + gammaln(p).sum() + ((q - p) * log_expected).sum()


def log_wishart(degrees, scatter):
    d = len(scatter)
    half = degrees / 2
    return half * np.linalg.slogdet(scatter)[1] - half * d * np.log(2) - multigammaln(half, d)


def naive_round(points, edges, posterior, prior):
    """One E-step and the bound, in logs, with scipy's functions; then the M-step."""
    starts, moves, strengths, degrees, means, scatters = posterior
    strength0, degrees0, mean0, scatter0 = prior.strength, prior.degrees, prior.mean, prior.scatter
    k, d = means.shape
    log_start = digamma(starts) - digamma(starts.sum())
    log_move = digamma(moves) - digamma(moves.sum(axis=1, keepdims=True))
    logs = np.empty((len(points), k))
    bound = -divergence_of_dirichlets(starts, np.full(k, prior.start))
    for j in range(k):
        precision = degrees[j] * np.linalg.inv(scatters[j])
        log_det = digamma((degrees[j] - np.arange(d)) / 2).sum() + d * np.log(2) - np.linalg.slogdet(scatters[j])[1]
        off = points - means[j]
        logs[:, j] = 0.5 * (log_det - d * np.log(2 * np.pi) - d / strengths[j] - ((off @ precision) * off).sum(axis=1))
        bound -= divergence_of_dirichlets(moves[j], np.full(k, prior.move))
        away = means[j] - mean0
        bound -= 0.5 * (d * np.log(strengths[j] / strength0) + d * strength0 / strengths[j] - d)
        bound -= 0.5 * strength0 * away @ precision @ away
        bound -= log_wishart(degrees[j], scatters[j]) - log_wishart(degrees0, scatter0)
        bound -= 0.5 * (degrees[j] - degrees0) * log_det + 0.5 * (np.trace(precision @ scatter0) - degrees[j] * d)
    member, begins, changes = np.empty_like(logs), np.zeros(k), np.zeros((k, k))
    for low, high in pairwise(edges):
        part = logs[low:high]
        ahead, back = np.empty_like(part), np.zeros_like(part)
        ahead[0] = log_start + part[0]
        for t in range(1, len(part)):
            ahead[t] = logsumexp(ahead[t - 1][:, None] + log_move, axis=0) + part[t]
        for t in range(len(part) - 2, -1, -1):
            back[t] = logsumexp(log_move + part[t + 1] + back[t + 1], axis=1)
        total = logsumexp(ahead[-1])
        bound += total
        member[low:high] = np.exp(ahead + back - total)
        begins += member[low]
        for t in range(len(part) - 1):
            changes += np.exp(ahead[t][:, None] + log_move + part[t + 1] + back[t + 1] - total)
    count = member.sum(axis=0)
    centre = (member.T @ points) / count[:, None]
    new_means = (strength0 * mean0 + count[:, None] * centre) / (strength0 + count)[:, None]
    new_scatters = np.array(
        [
            scatter0
            + (member[:, j] * (points - centre[j]).T) @ (points - centre[j])
            + strength0 * count[j] / (strength0 + count[j]) * np.outer(centre[j] - mean0, centre[j] - mean0)
            for j in range(k)
        ]
    )
    new = (prior.start + begins, prior.move + changes, strength0 + count, degrees0 + count, new_means, new_scatters)
    return bound, new


@pytest.fixture
def problem():
    rng = np.random.default_rng(4)
    start, move, means, covariances = random_hmm(rng, 3)
    points, edges = [], [0]
    for _ in range(12):
        state = rng.choice(3, p=start)
        for _ in range(rng.integers(1, 9)):
            points.append(rng.multivariate_normal(means[state], covariances[state]))
            state = rng.choice(3, p=move[state])
        edges.append(len(points))
    scatter0 = np.diag([200.0, 300.0])
    log_det = float(np.linalg.slogdet(scatter0)[1])
    prior = hmm_vb.Prior(0.5, 0.7, np.array([3.0, -2.0]), 1.0, 5.0, scatter0, log_det)
    posterior = hmm_vb.Posterior(
        np.ones(3) + rng.random(3), 1 + rng.random((3, 3)), 2 + rng.random(3), 6 + rng.random(3),
        rng.normal(0, 30, (3, 2)), np.tile(scatter0 * 2, (3, 1, 1)),
    )  # fmt: skip
    return hmm_vb.Sequences(np.array(points), np.array(edges)), posterior, prior


def test_free_energy_and_posterior_are_those_of_the_plain_twin_round_by_round(problem):
    sequences, posterior, prior = problem
    expected, naive = [], tuple(part.copy() for part in posterior)
    for used in range(8):
        bound, new = naive_round(*sequences, naive, prior)
        expected.append(bound)
        naive = new if used < 7 else naive
    trace = np.empty(8)
    bound, used = hmm_vb.fit_vb(sequences, posterior, prior, 8, -1.0, trace)
    assert used == 8
    assert bound == trace[-1]
    assert trace == pytest.approx(expected, rel=1e-11)
    for ours, theirs in zip(posterior, naive, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-8, abs=1e-8)


def test_free_energy_never_falls(problem):
    sequences, posterior, prior = problem
    trace = np.empty(200)
    hmm_vb.fit_vb(sequences, posterior, prior, 200, -1.0, trace)
    assert (np.diff(trace) >= -1e-9 * np.abs(trace[1:])).all()
    assert trace[-1] > trace[0] + 1


def test_likelihood_is_the_sum_over_all_paths():
    rng = np.random.default_rng(5)
    start, move, means, covariances = random_hmm(rng, 3, spread=4.0)
    points = rng.normal(0, 5, (4, 2))
    density = np.array([multivariate_normal(m, c).pdf(points) for m, c in zip(means, covariances, strict=True)]).T
    total = sum(
        start[path[0]] * np.prod([move[a, b] for a, b in pairwise(path)])
        * np.prod(density[range(4), path])
        for path in product(range(3), repeat=4)
    )  # fmt: skip
    bank = hmm.HMMs(np.array([3]), start[None], move[None], means[None], covariances[None])
    scores = np.empty((3, 2))
    hmm.score_all(np.array([0, 4, 0]), np.array([4, 4, 2]), points, bank, np.array([[0, -1]] * 3), scores)
    assert scores[0, 0] == pytest.approx(np.log(total), rel=1e-12)
    assert np.isnan(scores[0, 1])
    assert np.isnan(scores[1, 0])


def naive_expected(base, group, length):
    start, move, means, covariances = base
    group_start, group_move, group_means, group_covariances = group
    logs = np.array(
        [
            [
                multivariate_normal(gm, gc).logpdf(m) - 0.5 * np.trace(np.linalg.solve(gc, c))
                for gm, gc in zip(group_means, group_covariances, strict=True)
            ]
            for m, c in zip(means, covariances, strict=True)
        ]
    )
    ahead = np.zeros_like(logs)
    for _ in range(length - 1):
        ahead = logsumexp(np.log(group_move)[None] + (logs + move @ ahead)[:, None, :], axis=2)
    return start @ logsumexp(np.log(group_start) + logs + move @ ahead, axis=1)


def expect(base, group, length):
    models = hmm.HMMs(np.array([len(base[0])]), *(part[None] for part in base))
    groups = vhem.Groups(np.ones(1), *(part[None, None] for part in group))
    out = np.empty((1, 1))
    vhem.likelihoods(models, np.zeros((1, 1), np.int64), groups, length, out)
    return out[0, 0]


def test_expected_likelihood_is_the_plain_twins():
    rng = np.random.default_rng(6)
    base, group = random_hmm(rng, 2), random_hmm(rng, 3)
    assert expect(base, group, 6) == pytest.approx(naive_expected(base, group, 6), rel=1e-12)
    # One state has nothing to average over: the expected log-likelihood of as many single points.
    one = tuple(part[:1] for part in random_hmm(rng, 1))
    ahead = naive_expected((np.ones(1), np.ones((1, 1)), *one[2:]), (np.ones(1), np.ones((1, 1)), *one[2:]), 5)
    assert ahead == pytest.approx(-5 * (np.log(2 * np.pi) + 1 + 0.5 * np.linalg.slogdet(one[3][0])[1]))


def test_expected_counts_are_the_slopes_of_the_expected_likelihood():
    rng = np.random.default_rng(7)
    base, group = random_hmm(rng, 2, spread=6.0), random_hmm(rng, 3, spread=6.0)
    logs, weights = np.empty((2, 3)), np.empty((6, 2, 3))
    whites = np.empty((3, 2, 2))
    log_dets = np.array([linalg.inverse_cholesky(c, w) for c, w in zip(group[3], whites, strict=True)])
    for b in range(2):
        vhem.expected_densities(base[2][b], base[3][b], group[2], whites, log_dets, logs[b])
    vhem.expected_likelihood(logs, base[0], base[1], group[0], group[1], weights)
    counts = vhem.Counts(np.empty(3), np.empty((3, 3)), np.empty((3, 2)))
    vhem.expected_counts(weights, base[0], base[1], group[0], group[1], counts)
    begins, moves, stays = counts
    assert begins.sum() == pytest.approx(1)
    assert moves.sum() == pytest.approx(5)
    assert stays.sum() == pytest.approx(6)
    step = 1e-6
    for a in range(3):
        raised = (group[0] * np.exp(step * (np.arange(3) == a)), *group[1:])
        assert (expect(base, raised, 6) - expect(base, group, 6)) / step == pytest.approx(begins[a], abs=1e-4)
        for b in range(3):
            grid = step * np.outer(np.arange(3) == a, np.arange(3) == b)
            raised = (group[0], group[1] * np.exp(grid), *group[2:])
            assert (expect(base, raised, 6) - expect(base, group, 6)) / step == pytest.approx(moves[a, b], abs=1e-4)


def test_clustering_never_loses_likelihood():
    rng = np.random.default_rng(8)
    models = [random_hmm(rng, 2) for _ in range(9)]
    bank = hmm.HMMs(np.full(9, 2), *(np.array(parts) for parts in zip(*models, strict=True)))
    drawn = [np.array(parts)[:, None] for parts in zip(*(random_hmm(rng, 2) for _ in range(3)), strict=True)]
    member, trace = np.empty((9, 3)), np.empty(60)
    problem = vhem.Problem(np.arange(9)[:, None], 0.9, 6, 0.0, False)
    vhem.cluster(bank, problem, vhem.Groups(np.full(3, 1 / 3), *drawn), member, 60, -1.0, trace)
    assert (np.diff(trace) >= -1e-8 * np.abs(trace[1:])).all()
    assert trace[-1] > trace[0] + 1
    assert member.sum(axis=1) == pytest.approx(1)
