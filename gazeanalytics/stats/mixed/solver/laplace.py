"""The objective of a mixed model with its exact gradient: profiled deviance (Gaussian) or Laplace's approximation.

With random effects b = Lambda(theta) u, u standard normal, Laplace's approximation to -2 log L is

    F = -2 sum log f(y | eta) + u'u + log |I + Lambda'Z'WZ Lambda|     at the conditional modes u,

with W the observed information (Bates et al. 2015, J. Stat. Softw. 67(1); Pinheiro & Chao 2006). The modes follow from
Newton steps on the blocked system of `_kernels.mixed`. The gradient uses one adjoint solve: for any parameter,
dF = explicit part + s'(dZ'g...), s = A^-1 Z'(h w'), h the leverages.
"""

from __future__ import annotations

import numpy as np

from gazeanalytics._kernels.special import compensated_sum
from gazeanalytics._kernels.stats import mixed as kernels
from gazeanalytics.stats.mixed.design import Design
from gazeanalytics.stats.mixed.settings import Tolerances
from gazeanalytics.stats.mixed.solver.likelihood import Likelihood, empty_rows
from gazeanalytics.stats.mixed.solver.system import Modes, System

__all__ = ["Gaussian", "Laplace"]

Evaluation = tuple[np.ndarray, float, np.ndarray]

DEFAULT = Tolerances()
MIN_STEP_LENGTH = 1e-8


class Gaussian:
    """-2 log (restricted) likelihood of a linear mixed model, sigma and fixed effects profiled out.

    Examples
    --------
    The objective falls where readers may differ (theta > 0), as their means, 0 and 4, do:

    >>> from gazeanalytics.stats.mixed.design import RandomTerm, arrange
    >>> reader = RandomTerm("reader", ("(Intercept)",), np.arange(2), np.array([0, 0, 1, 1]), np.ones((4, 1)))
    >>> y = np.array([-1.0, 1.0, 3.0, 5.0])
    >>> design = arrange(y, np.ones((4, 1)), (reader,), size=np.ones(4), offset=np.zeros(4))
    >>> engine = Gaussian(design, reml=True)
    >>> [round(float(engine(np.array([theta]))[0]), 2) for theta in (0.0, 1.0, 2.0)]
    [15.59, 14.4, 14.06]
    """

    def __init__(self, design: Design, *, reml: bool, limits: Tolerances = DEFAULT) -> None:
        self.design, self.reml = design, reml
        self.system = System(design, limits.invertible_factor)
        self.y = design.y - design.offset
        self.weights, self.squares = np.ones(design.rows), design.x.T @ design.x
        self.modes = self.system.zero()
        self.residuals = np.empty(design.rows)
        self.residual_sum = np.nan
        self.by_factor = kernels.Slopes(np.empty((0, 0)), np.empty((0, 0)))
        self.last: Evaluation | None = None

    @property
    def freedom(self) -> int:
        """Rows, less the fixed effects under REML."""
        return self.design.rows - (self.design.x.shape[1] if self.reml else 0)

    @property
    def sigma(self) -> float:
        """Residual standard deviation at the last evaluation."""
        return float(np.sqrt(self.residual_sum / self.freedom))

    def solve(self, theta: np.ndarray) -> bool:
        """Find effects, residuals and their penalised sum of squares; say whether that worked."""
        s, d = self.system, self.design
        self.last = None
        s.scale(theta)
        if not s.factor(self.weights, squares=self.squares):
            return False
        self.modes = s.solve(s.gather(self.y))
        self.residuals = self.y - s.predict(self.modes)
        self.residual_sum = float(self.residuals @ self.residuals) + self.modes.penalty(d.border)
        return True

    def evaluate_at(self, theta: np.ndarray) -> None:
        """Leave factor, effects and residuals as they are at theta, without the gradient."""
        if self.last is None or not np.array_equal(self.last[0], theta):
            self.solve(theta)

    def __call__(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the objective and its gradient by theta."""
        if self.last is None or not np.array_equal(self.last[0], theta):
            value, gradient = self._evaluate(theta)
            self.last = theta.copy(), value, gradient
        return self.last[1:]

    def _evaluate(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        if not self.solve(theta):
            return np.inf, np.full(theta.size, np.nan)
        # Profiled deviance and REML criterion (Bates et al. 2015, section 3): sigma^2 = r^2 / nu and the fixed effects
        # are put in, so that the search is over theta alone.
        nu = self.freedom
        value = self.system.log_determinant(fixed=self.reml) + nu * (1 + np.log(2 * np.pi * self.residual_sum / nu))
        value -= self.design.log_weights
        return value, self._slopes(theta, nu / self.residual_sum)

    def unprofiled(self, theta: np.ndarray, sigma: float) -> tuple[float, np.ndarray]:
        """Return the objective with sigma free, and its gradient by (theta, sigma)."""
        if not self.solve(theta):
            return np.inf, np.full(theta.size + 1, np.nan)
        nu, share = self.freedom, self.residual_sum / sigma**2
        value = self.system.log_determinant(fixed=self.reml) + nu * np.log(2 * np.pi * sigma**2) + share
        value -= self.design.log_weights
        return value, np.append(self._slopes(theta, sigma**-2), 2 * (nu - share) / sigma)

    def _slopes(self, theta: np.ndarray, scale: float) -> np.ndarray:
        parts = self.system.slopes_of_determinant(theta, self.weights, fixed=self.reml)
        zero = np.zeros_like(self.residuals)
        self.system.add_loadings(-2 * scale * self.residuals, zero, self.modes, self.modes, parts)
        self.by_factor = parts
        return self.system.pack(parts)

    def model(self, theta: np.ndarray) -> np.ndarray:
        """Return a positive model of the Hessian at theta, where the objective was evaluated last."""
        return self.information(theta) + self.system.quadratic_curvature(theta, self.by_factor)

    def information(self, theta: np.ndarray) -> np.ndarray:
        """Return the average information of the last evaluation, at theta: near the Hessian, for a solve a parameter.

        The mean of observed and expected information has no traces (Gilmour et al. 1995, Biometrics 51, 1440); sigma
        is profiled out.
        """
        s = self.system
        work = s.working_variates(theta, self.residuals, self.modes)
        rest = np.array([q - s.predict(s.solve(s.gather(q))) for q in work])
        # Rejected: expected information, whose traces need the whole inverse, and observed, which may be indefinite.
        along = work @ self.residuals
        inner = work @ rest.T - np.outer(along, along) / self.residual_sum
        return self.freedom / self.residual_sum * 0.5 * (inner + inner.T)


class Laplace:
    """Laplace's approximation to -2 log L of a generalised linear mixed model.

    `joint` says whether the fixed effects are found with the modes (a fast first stage, lme4's nAGQ=0) or given.

    Each search for the modes starts where the last one ended; on a `plateau` (separated data, no finite estimate) that
    would never end, so there every search starts from `restart` and ends sooner.
    """

    def __init__(
        self, design: Design, likelihood: Likelihood, *, plateau: bool = False, limits: Tolerances = DEFAULT
    ) -> None:
        self.design, self.likelihood = design, likelihood
        self.nearness = limits.modes_separated if plateau else limits.modes
        self.max_steps = limits.max_mode_steps
        self.restart: Modes | None = None
        self.system = System(design, limits.invertible_factor)
        self.modes = self.system.zero()
        self.rows = empty_rows(design.rows)
        self.eta = np.empty(design.rows)
        self.deviance = np.nan
        self.last: Evaluation | None = None

    @property
    def joint(self) -> bool:
        """Whether fixed effects are found with the modes."""
        return self.system.joint

    def hold_fixed(self) -> np.ndarray:
        """Go from the joint stage to given fixed effects; return those found."""
        beta = self.modes.border[self.design.border :].copy()
        self.modes = Modes(self.modes.main, self.modes.border[: self.design.border].copy())
        self.restart = None
        self.system.joint = False
        self.last = None
        return beta

    def __call__(self, at: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the objective and its gradient by (theta, beta unless joint, phi)."""
        if self.last is None or not np.array_equal(self.last[0], at):
            value, gradient = self._evaluate(at)
            self.last = at.copy(), value, gradient
        return self.last[1:]

    def _evaluate(self, at: np.ndarray) -> tuple[float, np.ndarray]:
        theta, beta, phi = self.split(at)
        failed = np.inf, np.full(at.size, np.nan)
        if not np.isfinite(at).all() or not self.likelihood.possible(phi):
            return failed
        self.system.scale(theta)
        offset = self.design.offset if self.joint else self.design.offset + self.design.x @ beta
        if not self.find_modes(offset, phi):
            return failed
        value = self.deviance + self.system.log_determinant(fixed=False)
        return value, self._slopes(phi)

    def split(self, at: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Part the parameters into theta, beta and phi."""
        first = self.design.parameters
        last = at.size - self.likelihood.parameters
        return at[:first], at[first:last], at[last:]

    def find_modes(self, offset: np.ndarray, phi: np.ndarray) -> bool:
        """Find the conditional modes by Newton steps; leave the factor at them. False if that fails."""
        if self.restart is not None:
            self.modes = self.restart.copy()
        # Start where the last search ended: along a line search the modes hardly move, and few Newton steps do.
        if not np.isfinite(self._evaluate_modes(self.modes, offset, phi)):
            self.modes = self.system.zero()
            self._evaluate_modes(self.modes, offset, phi)
        for _ in range(self.max_steps):
            # Far from the mode the observed information may be indefinite; without its negative weights the step still
            # climbs, and at the mode itself (below) the true ones are needed for the determinant.
            if not self.system.factor(self.rows.w) and not self.system.factor(np.maximum(self.rows.w, 0.0)):
                return False
            right = self._score()
            slope = right.copy()
            step = self.system.solve(right)
            decrement = float(np.sum(step.main * slope.main) + step.border @ slope.border)
            if not self._line_search(step, decrement, offset, phi):
                return False
            if decrement < self.nearness:
                return self.system.factor(self.rows.w)
        return False

    def _score(self) -> Modes:
        right, random = self.system.gather(self.rows.g), self.design.border
        right.main[:] -= self.modes.main
        right.border[:random] -= self.modes.border[:random]
        return right

    def _line_search(self, step: Modes, decrement: float, offset: np.ndarray, phi: np.ndarray) -> bool:
        before, old, length = self.deviance, self.modes, 1.0
        # Rounding of a sum over all rows must not refuse the last, tiny step.
        slack = 1e-11 * abs(before) + self.nearness
        while length > MIN_STEP_LENGTH:
            if self._evaluate_modes(old.moved(step, length), offset, phi) <= before - 0.1 * length * decrement + slack:
                return True
            length /= 2
        return False

    def _evaluate_modes(self, modes: Modes, offset: np.ndarray, phi: np.ndarray) -> float:
        self.modes = modes
        self.eta = offset + self.system.predict(modes)
        self.likelihood.fill(self.eta, phi, self.rows)
        # With 100,000 rows a plain sum loses digits that differences of the objective near the optimum consist of.
        self.deviance = -2 * compensated_sum(self.rows.log_f) + modes.penalty(self.design.border)
        if not np.isfinite(self.deviance):
            self.deviance = np.inf
        return self.deviance

    def _slopes(self, phi: np.ndarray) -> np.ndarray:
        s, d, rows = self.system, self.design, self.rows
        h, parts = s.leverages(rows.w, fixed=False)
        # F moves with a parameter directly, and through the modes by way of log|A(u)|: dA/du brings h w', and one solve
        # with that right-hand side (the adjoint) serves all parameters, where du/dparameter would take one for each.
        r = h * rows.dw
        adjoint = s.solve(s.gather(r))
        t = s.predict(adjoint)
        c1 = r - 2 * rows.g - rows.w * t
        s.add_loadings(c1, rows.g, self.modes, adjoint, parts)
        by_phi = self.likelihood.scores(self.eta, phi, h, t)
        return np.concatenate([s.pack(parts), [] if self.joint else d.x.T @ c1, by_phi])
