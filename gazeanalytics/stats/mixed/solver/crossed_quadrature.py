"""Crossed effects with the largest grouping's integrals by quadrature, and Laplace's approximation for the others.

Where cases have two reads each, their effects' posteriors are far from normal, and Laplace's approximation makes their
standard deviation too small; readers with many reads are near normal. So the cases' effects are integrated at nodes,
given the readers', and Laplace's approximation is taken of what is left, a function of the readers' effects alone:

    F = -2 sum_j log sum_q W_jq f(y_j | a_jq, b) + b'b + log |H(b)|     at the mode b,

with H half the Hessian by b of the terms before. Nodes stay where they are during a search, so that the gradient is
exact for what is minimised; then they move to the posterior means and are spread by the posterior standard deviations
(Naylor & Smith 1982, J. R. Stat. Soc. C 31(3)), and the search goes on.
"""

# Rejected: importance sampling around the joint mode, whose variance grows with the number of cases; and the
# higher-order terms of Shun & McCullagh (1995), an expansion in one over the rows of a level, which are two here.
from __future__ import annotations

import numpy as np
from scipy.linalg import get_lapack_funcs

from gazeanalytics._kernels.special import compensated_sum
from gazeanalytics._kernels.stats import mixed as kernels
from gazeanalytics._kernels.stats import mixed_quadrature as nodes
from gazeanalytics._kernels.stats.families import Rows
from gazeanalytics.stats.mixed.design import border_blocks, triangle, unpack
from gazeanalytics.stats.mixed.solver.laplace import Laplace

__all__ = ["CrossedQuadrature"]

_potrf, _potrs, _potri = get_lapack_funcs(("potrf", "potrs", "potri"), dtype=np.float64)

Evaluation = tuple[np.ndarray, float, np.ndarray]

MIN_STEP_LENGTH = 1e-8


class CrossedQuadrature:
    """-2 log L with the main term's integrals at `points` nodes, and its exact gradient by (theta, beta).

    The likelihood has no parameters of its own, and the main term one coefficient.
    """

    def __init__(self, engine: Laplace, points: int) -> None:
        design = engine.design
        self.engine, self.design, self.points = engine, design, points
        x, weights = np.polynomial.hermite.hermgauss(points)
        self.unit = np.sqrt(2.0) * x
        # Hermite's weights belong to exp(-x^2); dividing by it leaves the plain integrand.
        self.log_unit = np.log(weights) + x**2 - 0.5 * np.log(np.pi)
        rows, levels = design.rows, design.sparse.starts.size - 1
        self.at = nodes.NodeRows(*(np.empty((points, rows)) for _ in range(4)))
        self.posterior = nodes.Posterior(np.empty((levels, points)), np.empty(rows), np.empty(rows))
        self.level = np.repeat(np.arange(levels), np.diff(design.sparse.starts))
        self.matrix = np.empty((design.border, design.border))
        self.b = engine.modes.border[: design.border].copy()
        self.zb = np.empty_like(design.raw.border)
        self.last: Evaluation | None = None
        # Laplace's modes and curvatures, where the first search starts.
        self.place_at(engine.modes.main[:, 0], 1.0 / engine.system.factored[False].chol[:, 0, 0])

    def place_at(self, middle: np.ndarray, spread: np.ndarray) -> None:
        """Put each level's nodes around `middle`."""
        self.places = middle[:, None] + spread[:, None] * self.unit
        self.log_weights = np.log(spread)[:, None] + self.log_unit - 0.5 * self.places**2
        self.last = None

    def adapt(self) -> None:
        """Move the nodes to each level's posterior mean, spread by its posterior standard deviation."""
        p, places = self.posterior.p, self.places
        middle = np.sum(p * places, axis=1)
        self.place_at(middle, np.sqrt(np.sum(p * (places - middle[:, None]) ** 2, axis=1)))

    def __call__(self, at: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the objective and its gradient by (theta, beta)."""
        if self.last is None or not np.array_equal(self.last[0], at):
            value, gradient = self._evaluate(at)
            self.last = at.copy(), value, gradient
        return self.last[1:]

    def _evaluate(self, at: np.ndarray) -> tuple[float, np.ndarray]:
        theta, beta, _ = self.engine.split(at)
        failed = np.inf, np.full(at.size, np.nan)
        if not np.isfinite(at).all():
            return failed
        terms = self.design.terms
        factors = unpack(theta, terms)
        for factor, ((entries,), _) in zip(factors[1:], border_blocks(terms), strict=True):
            self.zb[:, entries] = self.design.raw.border[:, entries] @ factor
        self.main = theta[0] * self.design.raw.main[:, 0]
        if not self._find_modes(self.design.offset + self.design.x @ beta):
            return failed
        determinant = 2.0 * float(np.log(np.diagonal(self.matrix)).sum())
        return self.deviance + determinant, self._slopes()

    def _find_modes(self, offset: np.ndarray) -> bool:
        """Find the border's modes by Newton steps; leave H factored there."""
        if not np.isfinite(self._deviance_at(self.b, offset)):
            return False
        for _ in range(self.engine.max_steps):
            if not self._factor():
                return False
            slope = self._to_border(self.posterior.g) - self.b
            step = _potrs(self.matrix.T, slope, lower=0)[0] if slope.size else slope
            decrement = float(step @ slope)
            if not self._line_search(step, decrement, offset):
                return False
            if decrement < self.engine.nearness:
                return self._factor()
        return False

    def _line_search(self, step: np.ndarray, decrement: float, offset: np.ndarray) -> bool:
        before, old, length = self.deviance, self.b, 1.0
        slack = 1e-11 * abs(before) + self.engine.nearness
        while length > MIN_STEP_LENGTH:
            if self._deviance_at(old + length * step, offset) <= before - 0.1 * length * decrement + slack:
                return True
            length /= 2
        return False

    def _deviance_at(self, b: np.ndarray, offset: np.ndarray) -> float:
        self.b = b
        eta, likelihood = offset + self._to_rows(b), self.engine.likelihood
        for q in range(self.points):
            row = Rows(*(values[q] for values in self.at))
            likelihood.fill(eta + self.main * self.places[self.level, q], np.empty(0), row)
        integrals = nodes.weigh_nodes(self.design.sparse.starts, self.log_weights, self.at, self.posterior)
        self.deviance = -2 * compensated_sum(integrals) + float(b @ b)
        if not np.isfinite(self.deviance):
            self.deviance = np.inf
        return self.deviance

    def _factor(self) -> bool:
        nodes.border_information(self.design.sparse, self.zb, self.at.g, self.posterior, self.matrix)
        return not self.b.size or _potrf(self.matrix.T, lower=0, clean=0, overwrite_a=1)[1] == 0

    def _to_rows(self, b: np.ndarray) -> np.ndarray:
        out = np.empty(self.design.rows)
        kernels.linear_predictor(self.design.sparse, self._coefficients, self._sides(b), out)
        return out

    def _to_border(self, values: np.ndarray) -> np.ndarray:
        right = self._sides(np.zeros(self.b.size))
        kernels.scores(self.design.sparse, self._coefficients, values, right)
        return right.border

    @property
    def _coefficients(self) -> kernels.Coefficients:
        nothing = self.design.raw.fixed
        return kernels.Coefficients(nothing, self.zb, nothing)

    def _sides(self, border: np.ndarray) -> kernels.Sides:
        return kernels.Sides(np.empty((self.design.sparse.starts.size - 1, 0)), border)

    def _slopes(self) -> np.ndarray:
        design, sparse, at, posterior = self.design, self.design.sparse, self.at, self.posterior
        inverse = _potri(np.array(self.matrix).T, lower=0, overwrite_c=1)[0].T if self.b.size else self.matrix
        pull, by_border = np.empty_like(at.g), np.empty((self.zb.shape[1],) * 2)
        nodes.third_derivatives(sparse, self._coefficients, design.raw, at, posterior, inverse, pull, by_border)
        total, by_place = np.empty(design.rows), np.empty(design.rows)
        nodes.collect(sparse.starts, self.places, posterior, pull, total, by_place)
        right = self._to_border(total)
        adjoint = _potrs(self.matrix.T, right, lower=0)[0] if right.size else right
        nodes.add_adjoint(sparse.starts, at, posterior, self._to_rows(adjoint), pull)
        nodes.collect(sparse.starts, self.places, posterior, pull - 2 * at.g, total, by_place)
        nothing = design.raw.fixed
        raw = kernels.Coefficients(nothing, design.raw.border, nothing)
        slopes = kernels.Slopes(np.empty((0, 0)), by_border)
        kernels.loadings(sparse, raw, total, posterior.g, self._sides(self.b), self._sides(adjoint), slopes)
        parts = [np.array([design.raw.main[:, 0] @ by_place])]
        for term, ((entries,), _) in zip(design.terms[1:], border_blocks(design.terms), strict=True):
            parts.append(by_border[entries, entries][triangle(term.width)])
        return np.concatenate([*parts, design.x.T @ total])
