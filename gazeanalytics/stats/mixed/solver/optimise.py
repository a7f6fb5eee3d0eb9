"""Minimise a smooth function with an exact gradient, and keep the evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gazeanalytics.stats.mixed.settings import Tolerances

__all__ = ["Objective", "Optimum", "curvature", "minimise"]

Objective = Callable[[np.ndarray], tuple[float, np.ndarray]]
Model = Callable[[np.ndarray], np.ndarray]

MAX_BACKTRACKS = 30
DEFAULT = Tolerances()


@dataclass(frozen=True, slots=True)
class Optimum:
    """Where a minimisation ended and how it got there.

    Attributes
    ----------
    at, gradient : shape (parameters,)
    inverse : shape (parameters, parameters)
        Approximate inverse Hessian.
    value : float
    decrement : float
        Half g'H^-1 g: how much lower a further quadratic step would promise to come.
    evaluations : int
    converged : bool

    Examples
    --------
    >>> found = minimise(lambda x: (float(x @ x), 2 * x), np.array([3.0]), 0.5 * np.eye(1))
    >>> found.converged, found.evaluations
    (True, 2)
    """

    at: np.ndarray
    value: float
    gradient: np.ndarray
    inverse: np.ndarray
    decrement: float
    evaluations: int
    converged: bool


def minimise(
    objective: Objective,
    start: np.ndarray,
    inverse: np.ndarray,
    *,
    tolerance: float = 1e-6,
    model: Model | None = None,
    limits: Tolerances = DEFAULT,
) -> Optimum:
    """Minimise by BFGS with backtracking (Nocedal & Wright 2006, algorithm 6.1).

    The search ends when a further quadratic step promises less than `tolerance`. Where a `model` of the curvature is
    at hand, it replaces the memory of the steps before the last, until a step promises less than
    `limits.model_until`.

    Examples
    --------
    The bottom of a curved valley (Rosenbrock), far from the start:

    >>> def valley(x):
    ...     across = x[1] - x[0] ** 2
    ...     gradient = np.array([-400 * x[0] * across - 2 * (1 - x[0]), 200 * across])
    ...     return float(100 * across**2 + (1 - x[0]) ** 2), gradient
    >>> minimise(valley, np.array([-1.2, 1.0]), np.eye(2), tolerance=1e-12).at.round(4)
    array([1., 1.])
    """
    # lme4 searches without derivatives (BOBYQA): some hundred evaluations where exact gradients need ten or so.
    x, (value, gradient), evaluations = start.copy(), objective(start), 1
    first = inverse.copy()
    inverse = _modelled(model, x, inverse, limits)
    decrement = np.inf
    while evaluations < limits.max_evaluations:
        step = -inverse @ gradient
        decrement = -0.5 * float(step @ gradient)
        if not decrement > tolerance:
            break
        found, used = _line_search(objective, (x, value, gradient), step, limits)
        evaluations += used
        if found is None:
            # The memory may have gone bad: once more from the first guess, then give up.
            if np.array_equal(inverse, first):
                break
            inverse = first.copy()
            continue
        moved = found[0] - x
        change = found[2] - gradient
        x, value, gradient = found
        scale = np.array_equal(inverse, first)
        near = _modelled(model, x, inverse, limits) if decrement > limits.model_until else inverse
        inverse = _update(near, moved, change, scale=scale)
    return Optimum(x, value, gradient, inverse, abs(decrement), evaluations, bool(abs(decrement) <= tolerance))


def _modelled(model: Model | None, x: np.ndarray, inverse: np.ndarray, limits: Tolerances) -> np.ndarray:
    """Invert the model of the curvature at x; keep the `inverse` at hand where it is near singular."""
    if model is None or not x.size:
        return inverse
    try:
        curved = model(x)
    except np.linalg.LinAlgError:
        return inverse
    scale = np.sqrt(np.diag(curved))
    if not (np.isfinite(curved).all() and scale.min() > 0):
        return inverse
    unit = curved / np.outer(scale, scale)
    if np.linalg.eigvalsh(unit)[0] < limits.model_condition:
        return inverse
    return np.linalg.inv(unit) / np.outer(scale, scale)


Point = tuple[np.ndarray, float, np.ndarray]


def _line_search(objective: Objective, here: Point, step: np.ndarray, limits: Tolerances) -> tuple[Point | None, int]:
    """Shorten the step until it gives enough (Armijo), by the parabola through both values and the slope."""
    x, value, gradient = here
    slope = float(step @ gradient)
    length = 1.0
    for used in range(1, MAX_BACKTRACKS + 1):
        new, new_gradient = objective(x + length * step)
        if np.isfinite(new) and new <= value + limits.sufficient_decrease * length * slope:
            return (x + length * step, new, new_gradient), used
        drop = new - value - length * slope
        guess = -0.5 * slope * length * length / drop if np.isfinite(new) and drop > 0 else 0.0
        length = min(max(guess, 0.1 * length), 0.5 * length)
    return None, MAX_BACKTRACKS


def _update(inverse: np.ndarray, moved: np.ndarray, change: np.ndarray, *, scale: bool) -> np.ndarray:
    """Learn from one step (BFGS update of the inverse; Nocedal & Wright 2006, equation 6.17)."""
    rho = float(moved @ change)
    # Without curvature along the step the update would lose positive definiteness; such a step teaches nothing.
    if rho <= 1e-10 * np.sqrt(float(moved @ moved) * float(change @ change)):
        return inverse
    if scale:
        inverse = inverse * (rho / float(change @ inverse @ change))
    left = np.eye(moved.size) - np.outer(moved, change) / rho
    return left @ inverse @ left.T + np.outer(moved, moved) / rho


def curvature(objective: Objective, optimum: Optimum, steps: np.ndarray) -> np.ndarray:
    """Give the Hessian at an optimum by forward differences of the gradient, `steps` wide in each direction.

    Examples
    --------
    >>> found = minimise(lambda x: (float(x @ x), 2 * x), np.array([3.0]), 0.5 * np.eye(1))
    >>> curvature(lambda x: (float(x @ x), 2 * x), found, np.array([1e-4])).round(6)
    array([[2.]])
    """
    at = optimum.at
    hessian = np.empty((at.size, at.size))
    for k in range(at.size):
        shift = np.zeros(at.size)
        shift[k] = steps[k]
        hessian[k] = (objective(at + shift)[1] - optimum.gradient) / steps[k]
    return 0.5 * (hessian + hessian.T)
