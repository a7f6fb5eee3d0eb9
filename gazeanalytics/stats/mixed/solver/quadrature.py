"""Adaptive Gauss-Hermite quadrature for models with one random intercept or slope."""

from __future__ import annotations

import numpy as np
from scipy.special import logsumexp

from gazeanalytics.stats.mixed.solver.laplace import Laplace
from gazeanalytics.stats.mixed.solver.likelihood import empty_rows

__all__ = ["Quadrature"]


class Quadrature:
    """-2 log L with each level's integral taken at `points` nodes around its conditional mode.

    Nodes are spread by the curvature at the mode (Pinheiro & Bates 1995, J. Comput. Graph. Stat. 4(1)); one node is
    Laplace's approximation. The gradient is by differences of fourth order, `steps` wide.
    """

    def __init__(self, engine: Laplace, points: int, steps: np.ndarray) -> None:
        self.engine, self.steps = engine, steps
        nodes, weights = np.polynomial.hermite.hermgauss(points)
        self.nodes = np.sqrt(2.0) * nodes
        # Hermite's weights belong to exp(-x^2); dividing by it leaves the plain integrand, whose log is summed.
        self.log_weights = np.log(weights) + nodes**2 - 0.5 * np.log(np.pi)

    def value(self, at: np.ndarray) -> float:
        """Return the objective."""
        engine, design = self.engine, self.engine.design
        starts = design.sparse.starts
        if not np.isfinite(engine(at)[0]):
            return np.inf
        # Only with one coefficient a level does the likelihood part into integrals of one dimension; crossed effects
        # share rows, and their integral has as many dimensions as levels.
        theta, beta, phi = engine.split(at)
        width = engine.system.factored[False].chol[:, 0, 0].copy()
        mode = engine.modes.main[:, 0].copy()
        offset = design.offset + design.x @ beta
        level = np.repeat(np.arange(mode.size), np.diff(starts))
        terms = np.empty((self.nodes.size, mode.size))
        out = empty_rows(design.rows)
        for k, node in enumerate(self.nodes):
            u = mode + node / width
            eta = offset + theta[0] * design.raw.main[:, 0] * u[level]
            engine.likelihood.fill(eta, phi, out)
            terms[k] = np.add.reduceat(out.log_f, starts[:-1]) - 0.5 * u**2 + self.log_weights[k]
        return -2 * float(np.sum(logsumexp(terms, axis=0) - np.log(width)))

    def __call__(self, at: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the objective and its gradient by (theta, beta, phi)."""
        # Exact gradients would have to follow the nodes, which move with the modes and the curvature there.
        gradient = np.empty(at.size)
        for k, step in enumerate(self.steps):
            shift = np.zeros(at.size)
            shift[k] = step
            near = self.value(at + shift) - self.value(at - shift)
            far = self.value(at + 2 * shift) - self.value(at - 2 * shift)
            gradient[k] = (8 * near - far) / (12 * step)
        return self.value(at), gradient
