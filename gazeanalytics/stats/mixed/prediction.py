"""Use a fitted mixed model: predict, simulate, explained variance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from gazeanalytics._kernels.stats import families as codes
from gazeanalytics.stats.mixed import formula as formulas
from gazeanalytics.stats.mixed.design import ModelError
from gazeanalytics.stats.mixed.results import MixedFit

__all__ = ["Explained", "explained", "predict", "simulate"]

LOGISTIC_VARIANCE = np.pi**2 / 3


def predict(fit: MixedFit, data: pd.DataFrame | None = None, *, random: bool = True, link: bool = False) -> np.ndarray:
    """Predict the outcome.

    Parameters
    ----------
    fit : MixedFit
    data : pandas.DataFrame, optional
        New rows; the rows used (`fit.frame.data`) where None.
    random : bool
        Whether to add the readers' and cases' own effects (0 for levels never seen) or predict for the average one.
    link : bool
        Give the linear predictor instead of the mean (of the counts alone where there are excess zeros).

    Returns
    -------
    numpy.ndarray, shape (rows,), or (rows, levels) for the probabilities of an ordinal outcome
    """
    rows = fit.frame.data if data is None else data
    x = fit.frame.x if data is None else formulas.new_matrix(fit.frame.spec, fit.names, rows)
    eta = x @ fit.coefficients + (fit.frame.offset if data is None else formulas.known_part(fit.plan.parts, rows))
    if random:
        for term, spread, spec in zip(fit.frame.terms, fit.random, fit.frame.specs, strict=True):
            level = term.codes if data is None else formulas.new_codes(term, rows)
            z = term.z if data is None else formulas.new_matrix(spec, term.names, rows)
            own = np.where(level[:, None] >= 0, spread.modes[level], 0.0)
            eta = eta + np.sum(z * own, axis=1)
    if link:
        return eta
    own = fit.frame.own
    aside = own.x if data is None else formulas.new_matrix(own.spec, own.names, rows)
    if fit.family.ordinal:
        return level_probabilities(fit, eta, aside)
    return fit.family.mean(eta) * (1 - excess_zeros(fit, aside))


def excess_zeros(fit: MixedFit, own: np.ndarray) -> np.ndarray | float:
    """Give the probability of an excess zero at predictors `own`; 0 where the model has none."""
    effects = fit.solution.phi[int(bool(fit.family.own)) :]
    return expit(own @ effects) if effects.size else 0.0


def level_probabilities(fit: MixedFit, eta: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Give the probability of each level of an ordinal outcome, shape (rows, levels)."""
    cuts = own @ fit.solution.phi.reshape(own.shape[1], -1)
    below = fit.family.latent(cuts - eta[:, None])
    ends = np.zeros((eta.size, 1)), np.ones((eta.size, 1))
    return np.diff(np.hstack([ends[0], below, ends[1]]), axis=1)


def simulate(fit: MixedFit, *, conditional: bool = False, rng: int | np.random.Generator | None = None) -> np.ndarray:
    """Draw an outcome for each row used from the fitted model.

    Parameters
    ----------
    fit : MixedFit
    conditional : bool
        Keep the readers' and cases' effects; otherwise draw new ones.
    rng : int, numpy.random.Generator or None

    Returns
    -------
    numpy.ndarray, shape (rows used,)
        Values, successes or levels from 0; `refit` takes it.
    """
    rng = np.random.default_rng(rng)
    eta = predict(fit, random=conditional, link=True)
    if not conditional:
        for term, spread in zip(fit.frame.terms, fit.random, strict=True):
            root = _root(spread.covariance)
            effects = rng.normal(size=(len(term.levels), term.width)) @ root.T
            eta = eta + np.sum(term.z * effects[term.codes], axis=1)
    return _draw(fit, eta, rng)


def _root(covariance: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(covariance)
    return vectors * np.sqrt(np.maximum(values, 0.0))


def _draw(fit: MixedFit, eta: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    mean, size, code = fit.family.mean(eta), fit.response.size.astype(int), fit.family.code
    shape = fit.own[fit.family.own].value if fit.family.own else np.nan
    if code == 0:
        return rng.normal(mean, fit.sigma)
    if fit.family.ordinal:
        below = np.cumsum(level_probabilities(fit, eta, fit.frame.own.x), axis=1)[:, :-1]
        return np.sum(rng.random(eta.size)[:, None] > below, axis=1).astype(float)
    draws = {
        codes.BINOMIAL: lambda: rng.binomial(size, mean),
        codes.POISSON: lambda: rng.poisson(mean),
        codes.NEGATIVE_BINOMIAL: lambda: rng.poisson(rng.gamma(shape, mean / shape)),
        codes.NEGATIVE_BINOMIAL_LINEAR: lambda: rng.poisson(rng.gamma(mean / shape, shape)),
        codes.BETA: lambda: rng.beta(mean * shape, (1 - mean) * shape),
        codes.BETA_BINOMIAL: lambda: rng.binomial(size, rng.beta(mean * shape, (1 - mean) * shape)),
    }
    drawn = draws[code]().astype(float)
    if fit.plan.parts.own_kind != "zeros":
        return drawn
    return np.where(rng.random(eta.size) < excess_zeros(fit, fit.frame.own.x), 0.0, drawn)


@dataclass(frozen=True, slots=True)
class Explained:
    """Shares of variance (Nakagawa & Schielzeth 2013; Nakagawa et al. 2017).

    Attributes
    ----------
    marginal : float
        R2 of the fixed effects.
    conditional : float
        R2 of fixed and random effects.
    icc : float
        Intraclass correlation: random variance over random and residual variance.
    shares : dict of str to float
        Each grouping's part of the random and residual variance.
    """

    marginal: float
    conditional: float
    icc: float
    shares: dict[str, float]


def explained(fit: MixedFit) -> Explained:
    """Give R2 and intraclass correlations of a Gaussian, binomial, ordinal or Poisson model.

    The residual variance of a binomial or ordinal outcome is that of the latent law (pi^2/3 for logit, 1 for probit);
    that of a Poisson outcome is log(1 + 1/mean), at the mean of an average reader and case.

    Raises
    ------
    ModelError
        For families without an agreed residual variance.
    """
    fixed = float(np.var(fit.frame.x @ fit.coefficients, ddof=1))
    parts: dict[str, float] = {}
    for term, spread in zip(fit.frame.terms, fit.random, strict=True):
        variance = float(np.mean(np.einsum("rk,kl,rl->r", term.z, spread.covariance, term.z)))
        parts[term.group] = parts.get(term.group, 0.0) + variance
    random = sum(parts.values())
    residual = _residual_variance(fit, random)
    total = random + residual
    return Explained(
        marginal=fixed / (fixed + total),
        conditional=(fixed + random) / (fixed + total),
        icc=random / total,
        shares={group: variance / total for group, variance in parts.items()},
    )


def _residual_variance(fit: MixedFit, random: float) -> float:
    code = fit.family.code
    if fit.plan.parts.own_kind:
        raise ModelError(f"explained variance isn't defined here with {fit.plan.parts.own_kind}(...)")
    if code == 0:
        return fit.sigma**2
    if code in (codes.BINOMIAL, codes.CUMULATIVE_LOGIT):
        return LOGISTIC_VARIANCE
    if code == codes.CUMULATIVE_PROBIT:
        return 1.0
    if code == codes.POISSON:
        x = fit.frame.x @ fit.coefficients + fit.frame.offset
        return float(np.log1p(1 / np.exp(np.mean(x) + 0.5 * random)))
    raise ModelError(f"explained variance isn't defined here for family {fit.family.name!r}")
