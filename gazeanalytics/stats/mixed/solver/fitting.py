"""Fit the arrays of a mixed model: start values, the two stages, curvature."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gazeanalytics.stats.mixed.design import Design, RandomTerm, triangle
from gazeanalytics.stats.mixed.settings import MixedSettings, Tolerances
from gazeanalytics.stats.mixed.solver.crossed_quadrature import CrossedQuadrature
from gazeanalytics.stats.mixed.solver.laplace import Gaussian, Laplace
from gazeanalytics.stats.mixed.solver.optimise import Objective, Optimum, curvature, minimise
from gazeanalytics.stats.mixed.solver.quadrature import Quadrature

__all__ = ["Solution", "fit_gaussian", "fit_laplace", "fitted_objective"]

NO_SLOPES = np.empty((0, 0, 0))
NO_FIXED = slice(0, 0)
ADAPTATIONS = 2
LEAST_START = 0.3  # of a standard deviation, in units of the linear predictor


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
    joint_covariance : numpy.ndarray
        Covariance of (theta, sigma) for Gaussian, of (theta, beta, phi) otherwise; NaN where not known.
    slopes : numpy.ndarray, shape (theta and sigma, fixed effects, fixed effects)
        How `covariance` moves with theta and sigma (Gaussian only).
    minus2 : float
        -2 log likelihood (restricted under REML).
    engine : Gaussian or Laplace
        The objective, evaluated at the solution.
    optimum : Optimum
        Evidence of the search.
    """

    theta: np.ndarray
    beta: np.ndarray
    phi: np.ndarray
    sigma: float
    covariance: np.ndarray
    joint_covariance: np.ndarray
    slopes: np.ndarray
    minus2: float
    engine: Gaussian | Laplace
    optimum: Optimum


def start_theta(
    design: Design, g: np.ndarray, w: np.ndarray, *, total: float | None = None, least_share: float = 0.2
) -> tuple[np.ndarray, np.ndarray]:
    """Guess theta from a fit without random effects, and its inverse curvature.

    Two rows of one level have a product of scores that is expected at w w z z var(b): Henderson's method of moments.
    Slopes are guessed about the mean of their predictor, where they say little of the intercept, and moved to 0 then.

    Parameters
    ----------
    g, w : numpy.ndarray, shape (rows,)
        Scores and weights, in the design's order.
    total : float, optional
        Variance of the residuals, of which theta is relative to what random effects leave; None: relative to 1.
    least_share : float
        Share of that variance that random effects leave at least.
    """
    # Rejected: theta = 1 for all, as lme4 starts, which may be decades off; and 0, where the gradient vanishes, as
    # theta enters squared.
    centres = _centres(design.terms)
    guesses = [_variances(design, g, w, term, centre) for term, centre in zip(design.terms, centres, strict=True)]
    taken = sum(float(own @ power) for own, power in guesses)
    sigma2 = 1.0 if total is None else max(total - taken, least_share * total) or 1.0
    # Moments may be negative or huge in small data; SDs between a tenth and ten residual SDs are a start for all.
    scaled = [np.clip(own * power / sigma2, 0.01, 100.0) / power for own, power in guesses]
    start, inverse = [np.empty(0)], [np.empty(0)]
    for term, own, centre in zip(design.terms, scaled, centres, strict=True):
        covariance = _about_zero(term, own, centre, _apart(term, design.terms, scaled, centres))
        row, column = triangle(term.width)
        start.append(np.linalg.cholesky(covariance)[row, column])
        inverse.append(0.5 * np.diag(covariance)[row] / len(term.levels))
    return np.concatenate(start), np.concatenate(inverse)


def _centres(terms: tuple[RandomTerm, ...]) -> list[np.ndarray]:
    """Give the mean of each slope's predictor where its group has an intercept too, else 0."""
    steady = {term.group for term in terms if (np.ptp(term.z, axis=0) == 0).any()}
    return [np.mean(term.z, axis=0) * (np.ptp(term.z, axis=0) > 0) * (term.group in steady) for term in terms]


def _variances(
    design: Design, g: np.ndarray, w: np.ndarray, term: RandomTerm, centre: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Guess the variances of a term's effects about the centre, and give the mean squares of their predictors there."""
    codes, z = term.codes[design.order], term.z[design.order] - centre
    own = [_moment(codes, z[:, c] * g, z[:, c] ** 2 * w, len(term.levels)) for c in range(term.width)]
    power = np.mean(z**2, axis=0)
    return np.array(own) / term.width, np.where(power > 0, power, 1.0)


def _apart(
    term: RandomTerm, terms: tuple[RandomTerm, ...], scaled: list[np.ndarray], centres: list[np.ndarray]
) -> float:
    """Give how far an intercept varies to make up for slopes of its group that stand in other terms."""
    others = zip(terms, scaled, centres, strict=True)
    return sum(
        float(own @ centre**2) for other, own, centre in others if other is not term and other.group == term.group
    )


def _about_zero(term: RandomTerm, variances: np.ndarray, centre: np.ndarray, apart: float) -> np.ndarray:
    """Move independent effects about the centre to where predictors are 0; a slope then goes with its intercept."""
    shift, steady = np.eye(term.width), np.flatnonzero(np.ptp(term.z, axis=0) == 0)[:1]
    least = variances.copy()
    least[steady] = np.maximum(least[steady], apart)
    shift[steady] -= centre
    return (shift * least) @ shift.T


def _moment(codes: np.ndarray, scores: np.ndarray, weights: np.ndarray, levels: int) -> float:
    """Give the sum of products of different rows' scores of one level, over that of their weights."""
    products = [
        float(np.sum(np.bincount(codes, values, levels) ** 2) - values @ values) for values in (scores, weights)
    ]
    return products[0] / products[1] if products[1] > 0 else 1.0


def fit_gaussian(design: Design, *, reml: bool, limits: Tolerances) -> Solution:
    """Fit a linear mixed model by REML or ML."""
    engine = Gaussian(design, reml=reml, limits=limits)
    y = design.y - design.offset
    rest = y - design.x @ np.linalg.lstsq(design.x, y, rcond=None)[0] if design.x.shape[1] else y
    spare = float(rest @ rest) / max(rest.size - design.x.shape[1], 1)
    theta, inverse = start_theta(design, rest, engine.weights, total=spare, least_share=limits.residual_share)
    optimum = minimise(engine, theta, np.diag(inverse), tolerance=limits.final, model=engine.model, limits=limits)
    # Satterthwaite's degrees of freedom need the true curvature; BFGS's memory is but a sketch of it.
    hessian, slopes = _gaussian_curvature(engine, optimum, limits)
    optimum = _polish(engine, optimum, _invert(_profile(hessian), limits) / 2, limits)
    engine.evaluate_at(optimum.at)
    beta = engine.modes.border[design.border :].copy()
    covariance = engine.sigma**2 * engine.system.fixed_covariance()
    joint_covariance = _invert(hessian, limits)
    return Solution(
        optimum.at,
        beta,
        np.empty(0),
        engine.sigma,
        covariance,
        joint_covariance,
        slopes,
        optimum.value,
        engine,
        optimum,
    )


def _gaussian_curvature(engine: Gaussian, optimum: Optimum, limits: Tolerances) -> tuple[np.ndarray, np.ndarray]:
    """Give the Hessian by (theta, sigma) and the slopes of the fixed effects' covariance.

    Sigma's own parts are known: 4 nu / sigma^2, and twice the covariance over sigma.
    """
    engine(optimum.at)
    sigma, covariance = engine.sigma, engine.sigma**2 * engine.system.fixed_covariance()
    slopes = [2 * covariance / sigma]
    middle = np.append(optimum.gradient, 0.0)
    hessian = np.zeros((middle.size, middle.size))
    # Differences of exact gradients, one evaluation a parameter. Rejected: second differences of the deviance
    # (lmerTest, by Richardson extrapolation), which cost more evaluations and lose more digits.
    for k, step in enumerate(_steps(optimum.inverse, limits)):
        at = optimum.at.copy()
        at[k] += step
        hessian[k] = (engine.unprofiled(at, sigma)[1] - middle) / step
        slopes.insert(k, (sigma**2 * engine.system.fixed_covariance() - covariance) / step)
    hessian[-1, :-1] = hessian[:-1, -1]
    hessian[-1, -1] = 4 * engine.freedom / sigma**2
    return 0.5 * (hessian + hessian.T), np.array(slopes)


def _profile(hessian: np.ndarray) -> np.ndarray:
    """Take sigma out of a Hessian by (theta, sigma)."""
    last = hessian[:-1, -1]
    return hessian[:-1, :-1] - np.outer(last, last) / hessian[-1, -1]


def fit_laplace(
    engine: Laplace, eta: np.ndarray, phi: np.ndarray, *, settings: MixedSettings, plateau: bool = False
) -> Solution:
    """Fit a generalised linear mixed model by Laplace's approximation or adaptive quadrature.

    The first stage finds the fixed effects with the modes (0 points of quadrature stop there); the second searches all
    parameters.
    On a `plateau` no finite estimate exists, and the likelihood is all that the fit is good for. The search starts at
    a rough linear predictor `eta`, in the design's order, and at the family's own parameters `phi`.
    """
    design, points, limits = engine.design, settings.points, settings.tolerances
    if design.x.shape[1]:
        engine.modes.border[design.border :] = np.linalg.lstsq(design.x, eta - design.offset, rcond=None)[0]
    # The first search finds the modes with theta = 0, that is a plain generalised linear model; its scores and weights
    # are what the moments are taken from.
    engine.restart = engine.modes.copy() if plateau else None
    engine(np.concatenate([np.zeros(design.parameters), phi]))
    theta, inverse = start_theta(design, engine.rows.g, engine.rows.w)
    start, rough = np.concatenate([theta, phi]), np.concatenate([inverse, np.full(phi.size, 4 / design.rows)])
    tolerance = limits.first_stage if points else limits.final
    first = minimise(engine, start, np.diag(rough), tolerance=tolerance, limits=limits)
    value, _ = engine(first.at)
    joint = engine.system.fixed_covariance()
    if points:
        laplace = _second_stage(engine, first, joint, limits)
        return laplace if points == 1 else _quadrature_stage(engine, laplace, settings)
    theta, _, phi = engine.split(first.at)
    beta = engine.modes.border[design.border :].copy()
    joint_covariance = np.full((first.at.size + beta.size,) * 2, np.nan)
    return Solution(theta, beta, phi, 1.0, joint, joint_covariance, NO_SLOPES, value, engine, first)


def _quadrature_stage(engine: Laplace, solution: Solution, settings: MixedSettings) -> Solution:
    """Go on from Laplace's approximation to adaptive quadrature."""
    if len(engine.design.terms) > 1:
        return _crossed_stage(engine, solution, settings)
    limits = settings.tolerances
    objective = Quadrature(engine, settings.points, _quadrature_steps(solution.joint_covariance))
    optimum = minimise(
        objective, solution.optimum.at, solution.joint_covariance / 2, tolerance=limits.joint, limits=limits
    )
    # Quadrature's gradient is itself by differences; forward and backward Hessians are averaged to cancel their bias.
    near = objective.steps / 5
    hessian = (curvature(objective, optimum, near) + curvature(objective, optimum, -near)) / 2
    first = solution.theta.size
    joint_covariance = _invert(hessian, limits, slice(first, first + solution.beta.size))
    return _laplace_solution(engine, _polish(objective, optimum, joint_covariance / 2, limits), joint_covariance)


def _quadrature_steps(joint_covariance: np.ndarray) -> np.ndarray:
    return 0.05 * np.sqrt(np.diag(joint_covariance))


def fitted_objective(solution: Solution, settings: MixedSettings) -> Objective:
    """Make anew the objective of (theta, beta, phi) that a generalised model was fitted by."""
    old, points = solution.engine, settings.points
    assert isinstance(old, Laplace)
    engine = Laplace(old.design, old.likelihood)
    engine.hold_fixed()
    if points < 2:
        return engine
    if len(old.design.terms) == 1:
        return Quadrature(engine, points, _quadrature_steps(solution.joint_covariance))
    at = np.concatenate([solution.theta, solution.beta, solution.phi])
    engine(at)
    objective = CrossedQuadrature(engine, points)
    for _ in range(ADAPTATIONS):
        objective(at)
        objective.adapt()
    return objective


def _crossed_stage(engine: Laplace, solution: Solution, settings: MixedSettings) -> Solution:
    """Go on to quadrature over the main term, Laplace's approximation staying for the others."""
    limits = settings.tolerances
    engine(solution.optimum.at)
    objective = CrossedQuadrature(engine, settings.points)
    at, inverse = solution.optimum.at.copy(), solution.joint_covariance / 2
    if not np.isfinite(inverse).all():
        inverse = solution.optimum.inverse
    # A standard deviation enters squared: at 0, where Laplace's approximation often puts it, the slope vanishes.
    at[0] = max(abs(at[0]), LEAST_START)
    inverse[0, 0] = max(inverse[0, 0], 0.5 * LEAST_START**2)
    optimum = minimise(objective, at, inverse, tolerance=limits.first_stage, limits=limits)
    for _ in range(ADAPTATIONS):
        objective(optimum.at)
        objective.adapt()
        optimum = minimise(objective, optimum.at, optimum.inverse, tolerance=limits.joint, limits=limits)
    inner = slice(solution.theta.size, solution.theta.size + solution.beta.size)
    joint_covariance = _invert(curvature(objective, optimum, _steps(optimum.inverse, limits)), limits, inner)
    return _laplace_solution(engine, _polish(objective, optimum, joint_covariance / 2, limits), joint_covariance)


def _laplace_solution(engine: Laplace, optimum: Optimum, joint_covariance: np.ndarray) -> Solution:
    engine(optimum.at)
    theta, beta, phi = engine.split(optimum.at)
    inner = slice(theta.size, theta.size + beta.size)
    covariance = joint_covariance[inner, inner]
    return Solution(theta, beta, phi, 1.0, covariance, joint_covariance, NO_SLOPES, optimum.value, engine, optimum)


def _second_stage(engine: Laplace, first: Optimum, joint: np.ndarray, limits: Tolerances) -> Solution:
    # Fixed effects found with the modes are biased where cells are small (they maximise a joint density, not the
    # likelihood), but stand near enough to start from, and their covariance is the second stage's first curvature.
    theta, _, phi = engine.split(first.at)
    beta = engine.hold_fixed()
    start = np.concatenate([theta, beta, phi])
    outer = np.r_[: theta.size, theta.size + beta.size : start.size]
    inner = slice(theta.size, theta.size + beta.size)
    inverse = np.zeros((start.size, start.size))
    inverse[np.ix_(outer, outer)] = first.inverse
    inverse[inner, inner] = 0.5 * joint
    optimum = minimise(engine, start, inverse, tolerance=limits.joint, limits=limits)
    engine(optimum.at)
    joint_covariance = _invert(curvature(engine, optimum, _steps(optimum.inverse, limits)), limits, inner)
    optimum = _polish(engine, optimum, joint_covariance / 2, limits)
    return _laplace_solution(engine, optimum, joint_covariance)


def _steps(inverse: np.ndarray, limits: Tolerances) -> np.ndarray:
    """Steps of differences: small beside the standard errors that the search met, large beside rounding.

    A direction that was held has no error there; a step of no width would make its curvature 0 / 0.
    """
    if not inverse.size:
        return np.empty(0)
    squared = np.diag(inverse)
    return limits.difference_step * np.sqrt(np.where(squared > 0, squared, LEAST_START**2))


def _invert(hessian: np.ndarray, limits: Tolerances, fixed: slice = NO_FIXED) -> np.ndarray:
    """Turn the curvature of -2 log L into a covariance; NaN when it isn't positive definite.

    On the edge of what standard deviations and dispersions can be, the likelihood may be flat in some of their
    directions; those are then held. Directions of the `fixed` effects never are.
    """
    if not np.isfinite(hessian).all():
        return np.full(hessian.shape, np.nan)
    free = _curved(hessian, fixed, limits.flat)
    try:
        root = np.linalg.inv(np.linalg.cholesky(free.T @ hessian @ free / 2))
    except np.linalg.LinAlgError:
        return np.full(hessian.shape, np.nan)
    return free @ root.T @ root @ free.T


def _curved(hessian: np.ndarray, fixed: slice, flat: float) -> np.ndarray:
    """Give a basis of all fixed effects and of the other parameters' directions in which the likelihood is curved."""
    unit = np.eye(hessian.shape[0])
    other = np.delete(np.arange(unit.shape[0]), np.arange(unit.shape[0])[fixed])
    # Unit diagonal first, so that one bound on eigenvalues serves parameters of any scale.
    height = np.diag(hessian)[other]
    other, scale = other[height > 0], np.sqrt(height[height > 0])
    values, vectors = np.linalg.eigh(hessian[np.ix_(other, other)] / np.outer(scale, scale))
    return np.hstack([unit[:, fixed], (unit[:, other] / scale) @ vectors[:, values > flat]])


def _polish(engine: Objective, optimum: Optimum, inverse: np.ndarray, limits: Tolerances) -> Optimum:
    """Take Newton steps with the true curvature, as long as they win; then judge convergence by it."""
    if not np.isfinite(inverse).all() or not optimum.at.size:
        return optimum
    decrement = 0.5 * float(optimum.gradient @ inverse @ optimum.gradient)
    optimum = replace(optimum, inverse=inverse, decrement=decrement, converged=decrement < limits.converged)
    for _ in range(limits.max_newton_polish):
        if optimum.decrement < limits.polished:
            break
        at = optimum.at - inverse @ optimum.gradient
        value, gradient = engine(at)
        # Rounding of the objective is about 1e-12 of its value; a Newton step that loses more is no polish.
        if not np.isfinite(value) or value > optimum.value + 1e-9 * abs(optimum.value):
            break
        decrement = 0.5 * float(gradient @ inverse @ gradient)
        better = decrement < 0.5 * optimum.decrement
        done = decrement < limits.converged
        optimum = Optimum(at, value, gradient, inverse, decrement, optimum.evaluations + 1, done)
        if not better:
            break
    return optimum


def evaluated(solution: Solution) -> Gaussian | Laplace:
    """Return the engine, evaluated at the solution."""
    engine = solution.engine
    if isinstance(engine, Laplace) and not engine.joint:
        engine(np.concatenate([solution.theta, solution.beta, solution.phi]))
    else:
        engine(np.concatenate([solution.theta, solution.phi]))
    return engine
