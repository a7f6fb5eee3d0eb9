"""Inference after a fit: Satterthwaite's degrees of freedom."""

from __future__ import annotations

import numpy as np

from gazeanalytics.stats.fitting import Solution
from gazeanalytics.stats.laplace import Gaussian

__all__ = ["satterthwaite"]


def satterthwaite(solution: Solution, contrasts: np.ndarray | None = None) -> np.ndarray:
    """Give degrees of freedom of linear contrasts of the fixed effects of a Gaussian model.

    Twice the squared variance of l'b over the variance of that variance, which follows from the curvature of the
    likelihood in (theta, sigma) (Satterthwaite 1946; Kuznetsova et al. 2017, J. Stat. Softw. 82(13)).

    Parameters
    ----------
    solution : Solution
        Of a Gaussian model.
    contrasts : numpy.ndarray, shape (contrasts, fixed effects), optional
        Each fixed effect by itself where None.
    """
    engine = solution.engine
    if not isinstance(engine, Gaussian):
        raise TypeError("Satterthwaite's degrees of freedom belong to Gaussian models")
    rows = np.eye(solution.beta.size) if contrasts is None else np.atleast_2d(contrasts)
    at = np.append(solution.theta, solution.sigma)
    slopes = np.empty((at.size, rows.shape[0]))
    for k, width in enumerate(1e-4 * np.maximum(np.abs(at), 0.1)):
        shift = np.zeros(at.size)
        shift[k] = width
        high, low = _covariance(engine, at + shift), _covariance(engine, at - shift)
        slopes[k] = _variances(rows, (high - low) / (2 * width))
    variance = _variances(rows, solution.covariance)
    engine(solution.theta)
    return 2 * variance**2 / _variances(slopes.T, solution.spread)


def _variances(rows: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    return np.einsum("rk,kl,rl->r", rows, covariance, rows)


def _covariance(engine: Gaussian, at: np.ndarray) -> np.ndarray:
    engine.solve(at[:-1])
    return at[-1] ** 2 * engine.system.fixed_covariance()
