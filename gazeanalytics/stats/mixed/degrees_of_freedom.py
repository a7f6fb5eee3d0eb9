"""Satterthwaite's degrees of freedom, as lmerTest has them."""

from __future__ import annotations

import numpy as np

from gazeanalytics.stats.mixed.solver.fitting import Solution

__all__ = ["satterthwaite"]


def satterthwaite(solution: Solution, contrasts: np.ndarray | None = None) -> np.ndarray:
    """Satterthwaite's degrees of freedom of linear contrasts of the fixed effects of a Gaussian model.

    Twice the squared variance of l'b over the variance of that variance, which follows from the curvature of the
    likelihood in (theta, sigma) (Satterthwaite 1946; Kuznetsova et al. 2017, J. Stat. Softw. 82(13)).

    Parameters
    ----------
    solution : Solution
        Of a Gaussian model.
    contrasts : numpy.ndarray, shape (contrasts, fixed effects), optional
        Each fixed effect by itself where None.

    Raises
    ------
    TypeError
        For other families, whose Wald tests use the normal distribution.

    Examples
    --------
    Years of experience differ between 12 readers, the prior within them: 10 degrees of freedom against hundreds.

    >>> import pandas as pd
    >>> from gazeanalytics.stats import mixed
    >>> rng = np.random.default_rng(3)
    >>> data = pd.DataFrame({"reader": np.repeat(np.arange(12), 30), "prior": np.tile([0, 1], 180)})
    >>> data["years"] = rng.integers(1, 20, 12)[data.reader]
    >>> data["seconds"] = 4 - data.prior + rng.normal(0, 1, 12)[data.reader] + rng.normal(0, 1, 360)
    >>> fit = mixed("seconds ~ prior + years + (1 | reader)", data)
    >>> dict(zip(fit.names, satterthwaite(fit.solution).round(1).tolist(), strict=True))
    {'(Intercept)': 10.1, 'prior': 347.0, 'years': 10.0}
    """
    if not solution.slopes.size:
        raise TypeError("Satterthwaite's degrees of freedom belong to Gaussian models")
    # df = 2 v^2 / var(v): a chi-square's df from its mean and variance. var(v) by the delta method, from how the fixed
    # effects' covariance moves with (theta, sigma) and the covariance of these.
    rows = np.eye(solution.beta.size) if contrasts is None else np.atleast_2d(contrasts)
    slopes = np.array([_variances(rows, slope) for slope in solution.slopes])
    return 2 * _variances(rows, solution.covariance) ** 2 / _variances(slopes.T, solution.joint_covariance)


def _variances(rows: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    return np.einsum("rk,kl,rl->r", rows, covariance, rows)
