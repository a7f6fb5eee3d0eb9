"""The likelihood of an outcome whose class (a search strategy) is known by its posterior probabilities alone.

A row's density is the mean of its densities in each class, f = sum_c p_c f(y | eta + s_c), where s_c, the class's part
of the linear predictor, is linear in parameters that stand in `phi`. Marginal over classes and, by Laplace's
approximation, over random effects, this is the two-step estimator of Bakk & Kuha (2018, Psychometrika 83(4)): the
measurement model is held, the rest maximised, as in the maximum-likelihood three-step of Vermunt (2010, Political
Analysis 18(4)), but with each row's own posterior in the place of one table of errors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gazeanalytics._kernels.stats.families import Rows, ScoreWeights
from gazeanalytics.stats.mixed.solver.likelihood import Density, empty_rows

__all__ = ["OverClasses"]


@dataclass(frozen=True, slots=True)
class OverClasses:
    """A density averaged over classes; `phi` holds the density's own parameters, then the classes' effects.

    Attributes
    ----------
    density : Density
    posterior : numpy.ndarray, shape (classes, rows)
        Adding up to 1 over classes.
    columns : numpy.ndarray, shape (classes, rows, effects)
        What each effect counts for in the linear predictor if the row were of that class.

    Examples
    --------
    A success of probability 0.5 in one class and 0.75 in the other, each class as likely as the other:

    >>> from gazeanalytics._kernels.stats import families as kernels
    >>> from gazeanalytics._kernels.stats import densities as codes
    >>> density = Density(codes.BINOMIAL, kernels.Outcome(np.ones(1), np.ones(1)))
    >>> either = OverClasses(density, np.full((2, 1), 0.5), np.array([0.0, 1.0]).reshape(2, 1, 1))
    >>> out = empty_rows(1)
    >>> either.fill(np.zeros(1), np.log([3.0]), out)
    >>> np.exp(out.log_f).round(3).item()
    0.625
    """

    density: Density
    posterior: np.ndarray
    columns: np.ndarray

    @property
    def parameters(self) -> int:
        """How many elements `phi` has."""
        return self.density.parameters + self.columns.shape[2]

    def possible(self, phi: np.ndarray) -> bool:
        """Any effects are."""
        return True

    def fill(self, eta: np.ndarray, phi: np.ndarray, out: Rows) -> None:
        """Fill `out` at a linear predictor."""
        log_f, g, w, dw, share = self._by_class(eta, phi)
        top = log_f.max(axis=0)
        out.log_f[:] = top + np.log(np.sum(self.posterior * np.exp(log_f - top), axis=0))
        # Derivatives of the log of a mean: moments of the classes' own, weighted by how likely each is given y too.
        out.g[:] = np.sum(share * g, axis=0)
        apart = g - out.g
        out.w[:] = np.sum(share * (w - apart**2), axis=0)
        out.dw[:] = np.sum(share * (dw + 3 * apart * w - apart**3), axis=0)

    def scores(self, eta: np.ndarray, phi: np.ndarray, h: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Give the derivative of sum(-2 log f + h w) + t'g by phi."""
        _, g, w, dw, share = self._by_class(eta, phi)
        mean, curved = np.sum(share * g, axis=0), np.sum(share * (w - g**2), axis=0)
        apart = g - mean
        # By a class's own log density, slope and curvature, as the chain rule takes them on.
        by_log = share * (-2 + t * apart + h * (w - g**2 - curved + 2 * mean * apart))
        by_slope = share * (t - 2 * h * apart)
        by_curvature = share * h
        by_shift = by_log * g - by_slope * w + by_curvature * dw
        effects = np.einsum("cr,crk->k", by_shift, self.columns)
        first, own = self.density.parameters, np.zeros(self.density.parameters)
        for shifted, *weights in zip(self._shifted(eta, phi), by_log, by_curvature, by_slope, strict=True):
            own += self.density.weighted_scores(shifted, phi[:first], ScoreWeights(*weights))
        return np.concatenate([own, effects])

    def _shifted(self, eta: np.ndarray, phi: np.ndarray) -> np.ndarray:
        return eta + self.columns @ phi[self.density.parameters :]

    def _by_class(self, eta: np.ndarray, phi: np.ndarray) -> tuple[np.ndarray, ...]:
        """Log density, its derivatives and the class's probability given the outcome, each of shape (classes, rows)."""
        filled = []
        for shifted in self._shifted(eta, phi):
            out = empty_rows(eta.size)
            self.density.fill(shifted, phi[: self.density.parameters], out)
            filled.append(out)
        log_f, g, w, dw = (np.array([getattr(one, name) for one in filled]) for name in Rows._fields)
        weight = self.posterior * np.exp(log_f - log_f.max(axis=0))
        return log_f, g, w, dw, weight / weight.sum(axis=0)
