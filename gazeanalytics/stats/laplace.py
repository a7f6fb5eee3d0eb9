"""The objective of a mixed model with its exact gradient: profiled deviance (Gaussian) or Laplace's approximation.

With random effects b = Lambda(theta) u, u standard normal, Laplace's approximation to -2 log L is

    F = -2 sum log f(y | eta) + u'u + log |I + Lambda'Z'WZ Lambda|     at the conditional modes u,

with W the observed information (Bates et al. 2015, J. Stat. Softw. 67(1); Pinheiro & Chao 2006). The modes follow from
Newton steps on the blocked system of `_kernels.mixed`. The gradient uses one adjoint solve: for any parameter,
dF = explicit part + s'(dZ'g...), s = A^-1 Z'(h w'), h the leverages.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import get_lapack_funcs

from gazeanalytics._kernels import mixed as kernels
from gazeanalytics._kernels import mixed_families
from gazeanalytics.stats.design import Design, border_blocks, triangle, unpack

__all__ = ["Gaussian", "Laplace", "Modes"]

_potrf, _potrs, _potri = get_lapack_funcs(("potrf", "potrs", "potri"), dtype=np.float64)

Evaluation = tuple[np.ndarray, float, np.ndarray]

NEAR_SINGULAR = 1e-3
MOST_NEWTON_STEPS = 100
NEWTON_DECREMENT = 1e-9


@dataclass(slots=True)
class Modes:
    """Spherical random effects: of the main term, shape (levels, width), and of the border with the fixed effects."""

    main: np.ndarray
    border: np.ndarray

    def copy(self) -> Modes:
        """Return a copy that may be changed."""
        return Modes(self.main.copy(), self.border.copy())

    def moved(self, step: Modes, length: float) -> Modes:
        """Return these modes, moved along a step."""
        return Modes(self.main + length * step.main, self.border + length * step.border)

    def penalty(self, random: int) -> float:
        """Return u'u (without the fixed effects)."""
        return float(np.sum(self.main * self.main) + self.border[:random] @ self.border[:random])


class System:
    """The blocked normal equations of one design: factor, solve, predict."""

    def __init__(self, design: Design) -> None:
        self.design = design
        d = design
        levels, width, p = d.starts.size - 1, d.zf.shape[1], d.x.shape[1]
        self.zf, self.zb = np.empty_like(d.zf), np.empty_like(d.zb)
        self.chol = np.empty((levels, width, width))
        self.cross = np.empty((d.columns.size, width))
        self.none = np.empty((d.rows, 0))
        self.crossx = {True: np.empty((levels, p, width)), False: np.empty((levels, 0, width))}
        self.matrix = {True: np.empty((d.border + p,) * 2), False: np.empty((d.border,) * 2)}
        self.joint = True

    @property
    def x(self) -> np.ndarray:
        """Fixed effects that are solved for together with the random ones."""
        return self.design.x if self.joint else self.none

    def scale(self, theta: np.ndarray) -> None:
        """Put theta into the random effects' coefficients."""
        d = self.design
        factors = unpack(theta, d.terms)
        if factors:
            np.matmul(d.zf, factors[0], out=self.zf)
        for factor, (entries, _) in zip(factors[1:], border_blocks(d.terms), strict=True):
            self.zb[:, entries] = d.zb[:, entries] @ factor

    def zero(self) -> Modes:
        """Return modes of zero."""
        d = self.design
        return Modes(np.zeros((d.starts.size - 1, d.zf.shape[1])), np.zeros(d.border + self.x.shape[1]))

    def factor(self, w: np.ndarray) -> bool:
        """Factor the system at weights `w`; say whether it is positive definite."""
        d = self.design
        border = self.matrix[self.joint]
        fine = kernels.normal_matrix(
            d.starts, self.zf, d.pointer, d.columns, d.slots, self.zb, self.x, w, d.border,
            self.chol, self.cross, self.crossx[self.joint], border,
        )  # fmt: skip
        if fine and border.size:
            _, info = _potrf(border.T, lower=0, clean=0, overwrite_a=1)
            fine = info == 0
        return bool(fine)

    def log_determinant(self, *, fixed: bool) -> float:
        """Return log |A| of the random effects, or of the whole system."""
        size = None if fixed else self.design.border
        diagonal = np.diagonal(self.matrix[self.joint])[:size]
        main = np.diagonal(self.chol, axis1=1, axis2=2)
        return 2.0 * float(np.log(main).sum() + np.log(diagonal).sum())

    def gather(self, g: np.ndarray) -> Modes:
        """Return Z'g and X'g."""
        d, right = self.design, self.zero()
        kernels.scores(
            d.starts, self.zf, d.pointer, d.columns, d.slots, self.zb, self.x, g, d.border, right.main, right.border
        )
        return right

    def solve(self, right: Modes) -> Modes:
        """Solve the factored system; `right` is used up."""
        d = self.design
        crossx, border = self.crossx[self.joint], self.matrix[self.joint]
        kernels.reduce_right(d.pointer, d.columns, d.border, self.chol, self.cross, crossx, right.main, right.border)
        if border.size:
            right.border = _potrs(border.T, right.border, lower=0)[0]
        kernels.back_substitute(d.pointer, d.columns, d.border, self.chol, self.cross, crossx, right.border, right.main)
        return right

    def predict(self, modes: Modes) -> np.ndarray:
        """Return Zu + Xb of each row."""
        d, out = self.design, np.empty(self.design.rows)
        kernels.linear_predictor(
            d.starts, self.zf, d.pointer, d.columns, d.slots, self.zb, self.x, d.border, modes.main, modes.border, out
        )
        return out

    def inverse(self, *, fixed: bool) -> np.ndarray:
        """Return the lower triangle of the border's inverse, of the random effects alone or with the fixed ones."""
        border = self.matrix[self.joint]
        size = border.shape[0] if fixed else self.design.border
        part = np.array(border[:size, :size])
        return _potri(part.T, lower=0, overwrite_c=1)[0].T if size else part

    def leverages(self, w: np.ndarray, *, fixed: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the rows' leverages and the log-determinant's derivatives, see `_kernels.mixed.leverages`."""
        d = self.design
        h = np.empty(d.rows)
        main, border = np.empty((d.zf.shape[1],) * 2), np.empty((d.zb.shape[1],) * 2)
        kernels.leverages(
            d.starts, self.zf, d.zf, d.pointer, d.columns, d.slots, self.zb, d.zb, d.entry,
            self.x if fixed else self.none, w, d.border, self.chol, self.cross, self.crossx[fixed and self.joint],
            self.inverse(fixed=fixed), h, main, border,
        )  # fmt: skip
        return h, main, border

    def slopes_of_determinant(self, theta: np.ndarray, w: np.ndarray, *, fixed: bool) -> tuple[np.ndarray, np.ndarray]:
        """Return the log-determinant's derivatives by the covariance factors.

        As 2 sum w z (A^-1 z)' is 2 Lambda^-T sum over levels (I - A^-1), traces of the inverse suffice unless Lambda
        is near singular.
        """
        d, factors = self.design, unpack(theta, self.design.terms)
        if not factors or min(np.abs(np.diag(factor)).min() for factor in factors) < NEAR_SINGULAR:
            return self.leverages(w, fixed=fixed)[1:]
        inverse, p = self.inverse(fixed=fixed), self.x.shape[1] if fixed else 0
        main, border = np.empty((d.zf.shape[1],) * 2), np.zeros((d.zb.shape[1],) * 2)
        kernels.main_trace(
            d.pointer, d.columns, p, d.border, self.chol, self.cross, self.crossx[fixed and self.joint], inverse, main
        )
        main = self._slope(factors[0], len(d.terms[0].levels), main)
        blocks = zip(d.terms[1:], factors[1:], border_blocks(d.terms), strict=True)
        for term, factor, (entries, places) in blocks:
            k, part = term.width, inverse[places, places]
            trace = np.array([[part[max(r, c) :: k, min(r, c) :: k].trace() for c in range(k)] for r in range(k)])
            border[entries, entries] = self._slope(factor, len(term.levels), trace)
        return main, border

    @staticmethod
    def _slope(factor: np.ndarray, levels: int, trace: np.ndarray) -> np.ndarray:
        return 2 * np.linalg.solve(factor.T, levels * np.eye(len(factor)) - trace)

    def add_loadings(
        self, c1: np.ndarray, c2: np.ndarray, u: Modes, s: Modes, parts: tuple[np.ndarray, np.ndarray]
    ) -> None:
        """Add sum of z (c1 u + c2 s)' to the derivatives by the covariance factors."""
        d = self.design
        kernels.loadings(
            d.starts, d.zf, d.pointer, d.columns, d.slots, d.zb, d.entry, c1, c2,
            u.main, u.border, s.main, s.border, *parts,
        )  # fmt: skip

    def pack(self, main: np.ndarray, border: np.ndarray) -> np.ndarray:
        """Turn derivatives by the covariance factors into derivatives by theta."""
        terms = self.design.terms
        parts = [main[triangle(terms[0].width)]] if terms else []
        for term, (entries, _) in zip(terms[1:], border_blocks(terms), strict=True):
            parts.append(border[entries, entries][triangle(term.width)])
        return np.concatenate(parts) if parts else np.empty(0)

    def fixed_covariance(self) -> np.ndarray:
        """Return the inverse of the fixed effects' Schur complement (of a joint factorisation)."""
        d = self.design
        lower = np.tril(self.matrix[True][d.border :, d.border :])
        root = np.linalg.solve(lower, np.eye(lower.shape[0])) if lower.size else lower
        return root.T @ root


class Gaussian:
    """-2 log (restricted) likelihood of a linear mixed model, sigma and fixed effects profiled out."""

    def __init__(self, design: Design, *, reml: bool) -> None:
        self.design, self.reml = design, reml
        self.system = System(design)
        self.weights = np.ones(design.rows)
        self.modes = self.system.zero()
        self.residual_sum = np.nan
        self.last: Evaluation | None = None

    @property
    def freedom(self) -> int:
        """Rows, less the fixed effects under REML."""
        return self.design.rows - (self.design.x.shape[1] if self.reml else 0)

    @property
    def sigma(self) -> float:
        """Residual standard deviation at the last evaluation."""
        return float(np.sqrt(self.residual_sum / self.freedom))

    def solve(self, theta: np.ndarray) -> np.ndarray | None:
        """Find effects and penalised residual sum of squares; return the residuals."""
        s, d = self.system, self.design
        self.last = None
        s.scale(theta)
        if not s.factor(self.weights):
            return None
        self.modes = s.solve(s.gather(d.y - d.offset))
        residuals = d.y - d.offset - s.predict(self.modes)
        self.residual_sum = float(residuals @ residuals) + self.modes.penalty(d.border)
        return residuals

    def __call__(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the objective and its gradient by theta."""
        if self.last is None or not np.array_equal(self.last[0], theta):
            value, gradient = self._evaluate(theta)
            self.last = theta.copy(), value, gradient
        return self.last[1:]

    def _evaluate(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        residuals = self.solve(theta)
        if residuals is None:
            return np.inf, np.full(theta.size, np.nan)
        nu = self.freedom
        value = self.system.log_determinant(fixed=self.reml) + nu * (1 + np.log(2 * np.pi * self.residual_sum / nu))
        return value, self._slopes(theta, residuals, nu / self.residual_sum)

    def unprofiled(self, theta: np.ndarray, sigma: float) -> tuple[float, np.ndarray]:
        """Return the objective with sigma free, and its gradient by (theta, sigma)."""
        residuals = self.solve(theta)
        if residuals is None:
            return np.inf, np.full(theta.size + 1, np.nan)
        nu, share = self.freedom, self.residual_sum / sigma**2
        value = self.system.log_determinant(fixed=self.reml) + nu * np.log(2 * np.pi * sigma**2) + share
        return value, np.append(self._slopes(theta, residuals, sigma**-2), 2 * (nu - share) / sigma)

    def _slopes(self, theta: np.ndarray, residuals: np.ndarray, scale: float) -> np.ndarray:
        parts = self.system.slopes_of_determinant(theta, self.weights, fixed=self.reml)
        zero = np.zeros_like(residuals)
        self.system.add_loadings(-2 * scale * residuals, zero, self.modes, self.modes, parts)
        return self.system.pack(*parts)


class Laplace:
    """Laplace's approximation to -2 log L of a generalised linear mixed model.

    `joint` says whether the fixed effects are found with the modes (a fast first stage, lme4's nAGQ=0) or given.
    """

    def __init__(self, design: Design, family: int, parameters: int, *, nearness: float = NEWTON_DECREMENT) -> None:
        self.design, self.family, self.extra, self.nearness = design, family, parameters, nearness
        self.system = System(design)
        self.modes = self.system.zero()
        n = design.rows
        self.log_f, self.g, self.w, self.dw = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
        self.eta = np.empty(n)
        self.deviance = np.nan
        self.last: Evaluation | None = None

    @property
    def joint(self) -> bool:
        """Whether fixed effects are found with the modes."""
        return self.system.joint

    def hold_fixed(self) -> np.ndarray:
        """Go from the joint stage to given fixed effects; return those found."""
        beta = self.modes.border[self.design.border :].copy()
        self.modes.border = self.modes.border[: self.design.border].copy()
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
        if self.disordered(phi) or not np.isfinite(at).all():
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
        last = at.size - self.extra
        return at[:first], at[first:last], at[last:]

    def disordered(self, phi: np.ndarray) -> bool:
        """Say whether thresholds are out of order."""
        thresholds = self.family in (mixed_families.CUMULATIVE_LOGIT, mixed_families.CUMULATIVE_PROBIT)
        return thresholds and bool((np.diff(phi) <= 0).any())

    def find_modes(self, offset: np.ndarray, phi: np.ndarray) -> bool:
        """Climb to the conditional modes by Newton steps; leave the factor at them. False if that fails."""
        if not np.isfinite(self._look(self.modes, offset, phi)):
            self.modes = self.system.zero()
            self._look(self.modes, offset, phi)
        for _ in range(MOST_NEWTON_STEPS):
            if not self.system.factor(self.w) and not self.system.factor(np.maximum(self.w, 0.0)):
                return False
            right = self._pull()
            slope = right.copy()
            step = self.system.solve(right)
            decrement = float(np.sum(step.main * slope.main) + step.border @ slope.border)
            if not self._advance(step, decrement, offset, phi):
                return False
            if decrement < self.nearness:
                return self.system.factor(self.w)
        return False

    def _pull(self) -> Modes:
        right, random = self.system.gather(self.g), self.design.border
        right.main -= self.modes.main
        right.border[:random] -= self.modes.border[:random]
        return right

    def _advance(self, step: Modes, decrement: float, offset: np.ndarray, phi: np.ndarray) -> bool:
        before, old, length = self.deviance, self.modes, 1.0
        slack = 1e-11 * abs(before) + self.nearness
        while length > 1e-8:
            if self._look(old.moved(step, length), offset, phi) <= before - 0.1 * length * decrement + slack:
                return True
            length /= 2
        return False

    def _look(self, modes: Modes, offset: np.ndarray, phi: np.ndarray) -> float:
        self.modes = modes
        self.eta = offset + self.system.predict(modes)
        d = self.design
        mixed_families.rows(self.family, d.y, d.size, self.eta, phi, self.log_f, self.g, self.w, self.dw)
        self.deviance = -2 * mixed_families.total(self.log_f) + modes.penalty(d.border)
        if not np.isfinite(self.deviance):
            self.deviance = np.inf
        return self.deviance

    def _slopes(self, phi: np.ndarray) -> np.ndarray:
        s, d = self.system, self.design
        h, *parts = s.leverages(self.w, fixed=False)
        r = h * self.dw
        adjoint = s.solve(s.gather(r))
        t = s.predict(adjoint)
        c1 = r - 2 * self.g - self.w * t
        s.add_loadings(c1, self.g, self.modes, adjoint, (parts[0], parts[1]))
        by_phi = np.empty(self.extra)
        mixed_families.parameter_scores(self.family, d.y, d.size, self.eta, phi, h, t, by_phi)
        return np.concatenate([s.pack(*parts), [] if self.joint else d.x.T @ c1, by_phi])
