"""Mixed models in the plainest dense NumPy: the slow twins of the kernels."""

import numpy as np
from scipy import special, stats

from gazeanalytics._kernels.stats import families as codes


def log_density(family, y, size, eta, phi):
    """Log density of one response by SciPy's own laws."""
    if family == codes.BINOMIAL:
        return stats.binom.logpmf(y, size, special.expit(eta))
    if family == codes.POISSON:
        return stats.poisson.logpmf(y, np.exp(eta))
    if family == codes.NEGATIVE_BINOMIAL:
        shape = np.exp(phi[0])
        return stats.nbinom.logpmf(y, shape, shape / (shape + np.exp(eta)))
    if family == codes.NEGATIVE_BINOMIAL_LINEAR:
        return stats.nbinom.logpmf(y, np.exp(eta - phi[0]), 1 / (1 + np.exp(phi[0])))
    mean = special.expit(eta)
    if family == codes.BETA:
        return stats.beta.logpdf(y, mean * np.exp(phi[0]), (1 - mean) * np.exp(phi[0]))
    if family == codes.BETA_BINOMIAL:
        return stats.betabinom.logpmf(y, size, mean * np.exp(phi[0]), (1 - mean) * np.exp(phi[0]))
    law = stats.logistic if family == codes.CUMULATIVE_LOGIT else stats.norm
    cuts = np.concatenate([[-np.inf], phi, [np.inf]])
    return np.log(law.cdf(cuts[int(y) + 1] - eta) - law.cdf(cuts[int(y)] - eta))


def dense_z(terms, factors):
    """Z Lambda of all terms."""
    parts = []
    for term, factor in zip(terms, factors, strict=True):
        z = np.zeros((len(term.codes), term.width * len(term.levels)))
        for row, (code, values) in enumerate(zip(term.codes, term.z @ factor, strict=True)):
            z[row, code * term.width : (code + 1) * term.width] = values
        parts.append(z)
    return np.hstack(parts)


def laplace(y, size, eta0, z, derivatives):
    """-2 log L by Laplace's approximation, with Newton steps on the dense system.

    `derivatives(y, size, eta)` gives log f, its first and its negative second derivative, of all rows.
    """
    u = np.zeros(z.shape[1])
    for _ in range(200):
        _, g, w = derivatives(y, size, eta0 + z @ u)
        step = np.linalg.solve(np.eye(u.size) + z.T @ (z * w[:, None]), z.T @ g - u)
        u = u + step
        if step @ step < 1e-24:
            break
    log_f, _, w = derivatives(y, size, eta0 + z @ u)
    return -2 * log_f.sum() + u @ u + np.linalg.slogdet(np.eye(u.size) + z.T @ (z * w[:, None]))[1]


def gaussian(y, x, z, sigma, reml):
    """-2 log (restricted) likelihood of a linear mixed model from its marginal covariance."""
    return marginal_gaussian(y, x, sigma**2 * (np.eye(y.size) + z @ z.T), reml)


def marginal_gaussian(y, x, v, reml):
    """-2 log (restricted) likelihood of outcomes with covariance v."""
    inverse = np.linalg.inv(v)
    information = x.T @ inverse @ x
    beta = np.linalg.solve(information, x.T @ inverse @ y)
    rest = y - x @ beta
    value = np.linalg.slogdet(2 * np.pi * v)[1] + rest @ inverse @ rest
    if reml:
        value += np.linalg.slogdet(information)[1] - x.shape[1] * np.log(2 * np.pi)
    return value


def average_information(y, x, marginal, theta, reml, *, step=1e-4):
    """Gilmour et al. (1995) in dense matrices; `marginal(theta)` is V over sigma^2, its slopes central differences."""
    inverse = np.linalg.inv(marginal(theta))
    project = inverse - inverse @ x @ np.linalg.solve(x.T @ inverse @ x, x.T @ inverse)
    shifts = step * np.eye(theta.size)
    slopes = [(marginal(theta + shift) - marginal(theta - shift)) / (2 * step) for shift in shifts]
    pull = project @ y
    work = np.array([slope @ pull for slope in slopes])
    scale = (y.size - reml * x.shape[1]) / (y @ pull)
    along = work @ pull
    return scale * (work @ project @ work.T - np.outer(along, along) / (y @ pull))
