"""Fit the arrays of a mixed model: start values, the two stages, curvature."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gazeanalytics.stats.design import Design, RandomTerm
from gazeanalytics.stats.families import Family, Response
from gazeanalytics.stats.laplace import NEWTON_DECREMENT, Gaussian, Laplace
from gazeanalytics.stats.optimise import Optimum, curvature, minimise

__all__ = ["Solution", "fit_gaussian", "fit_laplace"]

ROUGH, FINE = 1e-2, 1e-7


@dataclass(frozen=True, slots=True)
class Solution:
    """What a fit found, in the solver's own terms.

    Attributes
    ----------
    theta, beta, phi : numpy.ndarray
        Relative covariance factors, fixed effects, the family's own parameters.
    sigma : float
        Residual standard deviation; 1 where the family has none.
    covariance : numpy.ndarray
        Of beta.
    spread : numpy.ndarray
        Covariance of (theta, sigma) for Gaussian, of (theta, beta, phi) otherwise; NaN where not known.
    minus2 : float
        -2 log likelihood (restricted under REML).
    engine : Gaussian or Laplace
        The objective, standing at the solution.
    optimum : Optimum
        Evidence of the search.
    """

    theta: np.ndarray
    beta: np.ndarray
    phi: np.ndarray
    sigma: float
    covariance: np.ndarray
    spread: np.ndarray
    minus2: float
    engine: Gaussian | Laplace
    optimum: Optimum


def start_theta(terms: tuple[RandomTerm, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Give identity factors, and a rough inverse curvature: the more levels, the steeper."""
    start, inverse = [], []
    for term in terms:
        start += [row == column for column in range(term.width) for row in range(column, term.width)]
        inverse += [0.5 / len(term.levels)] * term.parameters
    return np.array(start, dtype=float), np.array(inverse)


def fit_gaussian(design: Design, *, reml: bool) -> Solution:
    """Fit a linear mixed model by REML or ML."""
    engine = Gaussian(design, reml=reml)
    theta, inverse = start_theta(design.terms)
    optimum = minimise(engine, theta, np.diag(inverse), tolerance=FINE)
    engine(optimum.at)
    at = np.append(optimum.at, engine.sigma)
    steps = np.append(_steps(optimum.inverse), 1e-4 * engine.sigma)
    hessian = curvature(lambda point: engine.unprofiled(point[:-1], point[-1]), at, steps)
    spread = _invert(hessian)
    optimum = _polish(engine, optimum, _invert(_profile(hessian)) / 2)
    value, _ = engine(optimum.at)
    beta = engine.modes.border[design.border :].copy()
    covariance = engine.sigma**2 * engine.system.fixed_covariance()
    return Solution(optimum.at, beta, np.empty(0), engine.sigma, covariance, spread, value, engine, optimum)


def _profile(hessian: np.ndarray) -> np.ndarray:
    """Take sigma out of a Hessian by (theta, sigma)."""
    last = hessian[:-1, -1]
    return hessian[:-1, :-1] - np.outer(last, last) / hessian[-1, -1]


def fit_laplace(
    design: Design, family: Family, response: Response, *, quick: bool = False, loose: bool = False
) -> Solution:
    """Fit a generalised linear mixed model by Laplace's approximation.

    The first stage finds the fixed effects with the modes (`quick` stops there); the second searches all parameters.
    Where no finite estimate exists (`loose`), modes are climbed to less closely, as the last digits of a plateau are
    lost to rounding.
    """
    phi = family.parameters(response)
    engine = Laplace(design, family.code, phi.size, nearness=1e-6 if loose else NEWTON_DECREMENT)
    theta, inverse = start_theta(design.terms)
    eta = family.start(response)[design.order] - design.offset
    if design.x.shape[1]:
        engine.modes.border[design.border :] = np.linalg.lstsq(design.x, eta, rcond=None)[0]
    start, rough = np.concatenate([theta, phi]), np.concatenate([inverse, np.full(phi.size, 4 / design.rows)])
    first = minimise(engine, start, np.diag(rough), tolerance=FINE if quick else ROUGH)
    engine(first.at)
    joint = engine.system.fixed_covariance()
    if quick:
        value, _ = engine(first.at)
        theta, _, phi = engine.split(first.at)
        beta = engine.modes.border[design.border :].copy()
        spread = np.full((first.at.size + beta.size,) * 2, np.nan)
        return Solution(theta, beta, phi, 1.0, joint, spread, value, engine, first)
    return _second_stage(engine, first, joint)


def _second_stage(engine: Laplace, first: Optimum, joint: np.ndarray) -> Solution:
    theta, _, phi = engine.split(first.at)
    beta = engine.hold_fixed()
    start = np.concatenate([theta, beta, phi])
    outer = np.r_[: theta.size, theta.size + beta.size : start.size]
    inner = slice(theta.size, theta.size + beta.size)
    inverse = np.zeros((start.size, start.size))
    inverse[np.ix_(outer, outer)] = first.inverse
    inverse[inner, inner] = 0.5 * joint
    optimum = minimise(engine, start, inverse, tolerance=FINE * 10)
    engine(optimum.at)
    steps = np.sqrt(np.diag(optimum.inverse)) * 1e-2
    hessian = curvature(engine, optimum.at, steps)
    spread = _invert(hessian)
    optimum = _polish(engine, optimum, spread / 2)
    value, _ = engine(optimum.at)
    theta, beta, phi = engine.split(optimum.at)
    return Solution(theta, beta, phi, 1.0, spread[inner, inner], spread, value, engine, optimum)


def _steps(inverse: np.ndarray) -> np.ndarray:
    return 1e-2 * np.sqrt(np.diag(inverse)) if inverse.size else np.empty(0)


def _invert(hessian: np.ndarray) -> np.ndarray:
    """Turn the curvature of -2 log L into a covariance; NaN when it isn't positive definite."""
    try:
        root = np.linalg.inv(np.linalg.cholesky(hessian / 2))
    except np.linalg.LinAlgError:
        return np.full(hessian.shape, np.nan)
    return root.T @ root


def _polish(engine: Gaussian | Laplace, optimum: Optimum, inverse: np.ndarray) -> Optimum:
    """Take one Newton step with the true curvature, and keep it where it doesn't lose."""
    if not np.isfinite(inverse).all() or not optimum.at.size:
        return optimum
    at = optimum.at - inverse @ optimum.gradient
    value, gradient = engine(at)
    if not np.isfinite(value) or value > optimum.value + 1e-9 * abs(optimum.value):
        return optimum
    decrement = 0.5 * float(gradient @ inverse @ gradient)
    return Optimum(at, value, gradient, inverse, decrement, optimum.evaluations + 1, converged=bool(decrement < FINE))
