"""Inference after a fit: Satterthwaite's degrees of freedom."""

from __future__ import annotations

import numpy as np

from gazeanalytics.stats.mixed.fitting import Solution

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
    if not solution.slopes.size:
        raise TypeError("Satterthwaite's degrees of freedom belong to Gaussian models")
    rows = np.eye(solution.beta.size) if contrasts is None else np.atleast_2d(contrasts)
    slopes = np.array([_variances(rows, slope) for slope in solution.slopes])
    return 2 * _variances(rows, solution.covariance) ** 2 / _variances(slopes.T, solution.joint_covariance)


def _variances(rows: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    return np.einsum("rk,kl,rl->r", rows, covariance, rows)
