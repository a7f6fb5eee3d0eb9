"""Mixed models in the plainest dense NumPy: the slow twins of the kernels."""

import numpy as np
from scipy import special, stats

from gazeanalytics._kernels.stats import densities as codes


def log_density(family, y, size, eta, phi):
    """Log density of one response by SciPy's own laws."""
    return LAWS[family](y, size, eta, np.exp(phi[0]) if len(phi) == 1 else np.array(phi))


def lognormal(low, high, eta, scale):
    law = stats.lognorm(scale, scale=np.exp(eta))
    return law.logpdf(low) if low == high else np.log(law.cdf(high) - law.cdf(low))


def cloglog(y, size, eta, _):
    # SciPy's chance would be rounded to 1 where the hazard is high.
    hazard = np.exp(eta)
    return np.log(special.comb(size, y)) + special.xlogy(y, -np.expm1(-hazard)) - (size - y) * hazard


def ordinal(law):
    def log_f(y, _, eta, cuts):
        ends = np.concatenate([[-np.inf], cuts, [np.inf]])
        return np.log(law.cdf(ends[int(y) + 1] - eta) - law.cdf(ends[int(y)] - eta))

    return log_f


def shapes(eta, phi):
    mean = special.expit(eta)
    return mean * phi, (1 - mean) * phi


LAWS = {
    codes.BINOMIAL: lambda y, size, eta, _: stats.binom.logpmf(y, size, special.expit(eta)),
    codes.BINOMIAL_PROBIT: lambda y, size, eta, _: stats.binom.logpmf(y, size, special.ndtr(eta)),
    codes.BINOMIAL_CLOGLOG: cloglog,
    codes.POISSON: lambda y, _, eta, __: stats.poisson.logpmf(y, np.exp(eta)),
    codes.NEGATIVE_BINOMIAL: lambda y, _, eta, shape: stats.nbinom.logpmf(y, shape, shape / (shape + np.exp(eta))),
    codes.NEGATIVE_BINOMIAL_LINEAR: lambda y, _, eta, phi: stats.nbinom.logpmf(y, np.exp(eta) / phi, 1 / (1 + phi)),
    codes.BETA: lambda y, _, eta, phi: stats.beta.logpdf(y, *shapes(eta, phi)),
    codes.BETA_BINOMIAL: lambda y, size, eta, phi: stats.betabinom.logpmf(y, size, *shapes(eta, phi)),
    codes.LOGNORMAL: lognormal,
    codes.GAMMA: lambda y, _, eta, shape: stats.gamma.logpdf(y, shape, scale=np.exp(eta) / shape),
    codes.INVERSE_GAUSSIAN: lambda y, _, eta, shape: stats.invgauss.logpdf(y, np.exp(eta) / shape, scale=shape),
    codes.CUMULATIVE_LOGIT: ordinal(stats.logistic),
    codes.CUMULATIVE_PROBIT: ordinal(stats.norm),
}


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

    def penalised(at):
        return -2 * derivatives(y, size, eta0 + z @ at)[0].sum() + at @ at

    for _ in range(200):
        _, g, w = derivatives(y, size, eta0 + z @ u)
        weights = w if np.linalg.eigvalsh(np.eye(u.size) + z.T @ (z * w[:, None]))[0] > 0 else np.maximum(w, 0)
        step = np.linalg.solve(np.eye(u.size) + z.T @ (z * weights[:, None]), z.T @ g - u)
        while penalised(u + step) > penalised(u) + 1e-9:
            step = step / 2
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
