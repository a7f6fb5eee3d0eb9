"""Predict and simulate outcomes from a fitted mixed model."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from scipy.special import expit

from gazeanalytics._kernels.stats import densities as codes
from gazeanalytics.stats.mixed import frames
from gazeanalytics.stats.mixed.autocorrelation import name_of, read_lags
from gazeanalytics.stats.mixed.design import ModelError
from gazeanalytics.stats.mixed.estimability import estimable, kept_columns, left_out
from gazeanalytics.stats.mixed.groupings import new_codes
from gazeanalytics.stats.mixed.results import MixedFit, of_mixed_fits

__all__ = ["predict", "simulate"]


@of_mixed_fits
def predict(
    fit: MixedFit,
    data: pd.DataFrame | None = None,
    *,
    random: bool = True,
    scale: Literal["link", "response"] = "response",
) -> np.ndarray:
    """Predict the outcome of rows used or of new rows, for known readers and cases or for the average one.

    Parameters
    ----------
    fit : MixedFit
    data : pandas.DataFrame, optional
        New rows; the rows used (`fit.frame.data`) where None.
    random : bool
        Whether to add the readers' and cases' own effects (0 for levels never seen) or predict for the average one.
    scale : {"link", "response"}
        Linear predictor, or mean of the outcome (with excess zeros: their share taken off).

    Returns
    -------
    numpy.ndarray, shape (rows,), or (rows, levels) for the probabilities of an ordinal outcome

    Raises
    ------
    ModelError
        If the scale is not known, a level is not one of the fit, or a combination of levels was never seen together
        where the model needs it.

    See Also
    --------
    simulate : Outcomes with their noise.
    marginal_means : Predictions averaged over categories, with intervals.

    Examples
    --------
    Reader 0 is slow. Of a reader never seen, the mean of all readers is predicted:

    >>> from gazeanalytics.stats import mixed
    >>> rng = np.random.default_rng(3)
    >>> data = pd.DataFrame({"reader": np.repeat(np.arange(12), 30), "scan": np.tile([0, 1], 180)})
    >>> data["seconds"] = 4 - data.scan + 3 * (data.reader == 0) + rng.normal(0, 1, 360)
    >>> fit = mixed("seconds ~ scan + (1 | reader)", data)
    >>> predict(fit, pd.DataFrame({"reader": [0, 99], "scan": [0, 0]})).round(1)
    array([6.9, 4.3])
    """
    if scale not in ("link", "response"):
        raise ModelError(f"scale: expected 'link' or 'response'; got {scale!r}")
    rows = fit.frame.data if data is None else data
    x = fit.frame.x if data is None else _new_rows(fit, rows)
    eta = x @ fit.coefficients + (fit.frame.offset if data is None else frames.known_part(fit.plan.parts, rows))
    if random:
        eta = eta + _random_part(fit, data)
    if scale == "link":
        return eta
    auxiliary = fit.frame.auxiliary
    predictors = auxiliary.x if data is None else frames.new_matrix(auxiliary.spec, auxiliary.names, rows)
    if fit.family.ordinal:
        return level_probabilities(fit, eta, predictors)
    return fit.family.mean(eta) * (1 - excess_zeros(fit, predictors))


def _new_rows(fit: MixedFit, rows: pd.DataFrame) -> np.ndarray:
    """Build the fixed effects' columns of new rows; those that the fit leaves open are refused."""
    x = frames.new_matrix(fit.frame.spec, fit.frame.spec.column_names, rows)
    known = estimable(fit, x) | np.isnan(x).any(axis=1)
    if not known.all():
        row = int(np.argmin(known))
        levels = ", ".join(f"{name} {rows[name].iloc[row]}" for name in fit.frame.spec.required_variables)
        raise ModelError(
            f"expected rows that the fit can predict; got row {row} ({levels}), which is {left_out(fit)}; leave it out"
        )
    return x[:, kept_columns(fit)]


def _random_part(fit: MixedFit, data: pd.DataFrame | None) -> np.ndarray:
    """Sum of each row's conditional modes; 0 for levels never seen."""
    total = np.zeros(fit.n if data is None else len(data))
    for term, effects, spec in zip(fit.frame.terms, fit.random, fit.frame.specs, strict=True):
        level = term.codes if data is None else new_codes(term, data)
        z = term.z if data is None else frames.new_matrix(spec, term.names, data)
        # Level -1 reads the last mode, which `where` then discards.
        own = np.where(level[:, None] >= 0, effects.modes[level], 0.0)
        total += np.sum(z * own, axis=1)
    return total


def excess_zeros(fit: MixedFit, auxiliary: np.ndarray) -> np.ndarray | float:
    """Give the probability of an excess zero at those predictors; 0 where the model has none."""
    effects = fit.solution.phi[len(fit.family.scales) :]
    return expit(auxiliary @ effects) if effects.size else 0.0


def level_probabilities(fit: MixedFit, eta: np.ndarray, auxiliary: np.ndarray) -> np.ndarray:
    """Give the probability of each level of an ordinal outcome, shape (rows, levels)."""
    cuts = auxiliary @ (fit.threshold_steps @ fit.solution.phi).reshape(auxiliary.shape[1], -1)
    below = fit.family.latent(cuts - eta[:, None])
    ends = np.zeros((eta.size, 1)), np.ones((eta.size, 1))
    return np.diff(np.hstack([ends[0], below, ends[1]]), axis=1)


@of_mixed_fits
def simulate(fit: MixedFit, *, conditional: bool = False, rng: int | np.random.Generator | None = None) -> np.ndarray:
    """Simulate an outcome for each row used from the fitted model (the draw behind a parametric bootstrap).

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

    See Also
    --------
    refit : Fit the same model to a simulated outcome.
    confint : Intervals by `method="bootstrap"`.

    Examples
    --------
    >>> from gazeanalytics.stats import mixed
    >>> rng = np.random.default_rng(3)
    >>> data = pd.DataFrame({"reader": np.repeat(np.arange(12), 30)})
    >>> data["found"] = rng.binomial(1, 0.8, 360)
    >>> fit = mixed("found ~ 1 + (1 | reader)", data, family="binomial")
    >>> drawn = simulate(fit, rng=1)
    >>> drawn[:6], round(float(drawn.mean()), 1)
    (array([1., 1., 1., 1., 1., 1.]), 0.8)
    """
    rng = np.random.default_rng(rng)
    eta = predict(fit, random=conditional, scale="link")
    if not conditional:
        for term, effects in zip(fit.frame.terms, fit.random, strict=True):
            # Not by Cholesky: a singular fit's covariance has none.
            drawn = rng.normal(size=(len(term.levels), term.width)) @ _root(effects.covariance).T
            eta = eta + np.sum(term.z * drawn[term.codes], axis=1)
    return _draw(fit, eta, rng)


def _root(covariance: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(covariance)
    return vectors * np.sqrt(np.maximum(values, 0.0))


def _unit_residuals(fit: MixedFit, rng: np.random.Generator) -> np.ndarray:
    if not fit.plan.parts.ar1:
        return rng.normal(size=fit.n)
    lags = read_lags(fit.plan.parts.ar1, fit.frame.data)
    return lags.drawn(fit.family_parameters[name_of(lags)].value, rng)


def _draw(fit: MixedFit, eta: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    # Negative binomials are drawn as Poisson counts of gamma means, beta-binomials as counts of beta chances.
    mean, code = fit.family.mean(eta), fit.family.code
    shape = fit.family_parameters[fit.family.dispersion].value if fit.family.dispersion else np.nan
    if fit.family.gaussian:
        return mean + fit.sigma / np.sqrt(fit.response.size) * _unit_residuals(fit, rng)
    if fit.family.ordinal:
        below = np.cumsum(level_probabilities(fit, eta, fit.frame.auxiliary.x), axis=1)[:, :-1]
        return np.sum(rng.random(eta.size)[:, None] > below, axis=1).astype(float)
    size = fit.response.size.astype(int) if fit.family.of_trials else np.ones(eta.size, dtype=int)
    draws = {
        codes.STUDENT: lambda: mean + shape * rng.standard_t(fit.family_parameters["df"].value, eta.size),
        codes.BINOMIAL: lambda: rng.binomial(size, mean),
        codes.BINOMIAL_PROBIT: lambda: rng.binomial(size, mean),
        codes.BINOMIAL_CLOGLOG: lambda: rng.binomial(size, mean),
        codes.LOGNORMAL: lambda: mean * np.exp(rng.normal(0, shape, eta.size)),
        codes.GAMMA: lambda: rng.gamma(shape, mean / shape),
        codes.INVERSE_GAUSSIAN: lambda: rng.wald(mean, shape),
        codes.POISSON: lambda: rng.poisson(mean),
        codes.NEGATIVE_BINOMIAL: lambda: rng.poisson(rng.gamma(shape, mean / shape)),
        codes.NEGATIVE_BINOMIAL_LINEAR: lambda: rng.poisson(rng.gamma(mean / shape, shape)),
        codes.BETA: lambda: rng.beta(mean * shape, (1 - mean) * shape),
        codes.BETA_BINOMIAL: lambda: rng.binomial(size, rng.beta(mean * shape, (1 - mean) * shape)),
    }
    drawn = draws[code]().astype(float)
    if fit.plan.parts.auxiliary_kind != "zeros":
        return drawn
    return np.where(rng.random(eta.size) < excess_zeros(fit, fit.frame.auxiliary.x), 0.0, drawn)
