"""Degrees of freedom of contrasts: Satterthwaite's, as lmerTest has them, or those of the effects that take part."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gazeanalytics.stats.mixed.solver.fitting import Solution

if TYPE_CHECKING:
    from gazeanalytics.stats.mixed.results import MixedFit

__all__ = ["of_averages", "of_contrasts", "satterthwaite"]


def of_contrasts(fit: MixedFit, contrasts: np.ndarray) -> np.ndarray:
    """Degrees of freedom of linear contrasts of the fixed effects; NaN for a normal test.

    Satterthwaite's of a Gaussian model; of others the fewest of the effects that take part, which is on the safe side.

    Parameters
    ----------
    fit : MixedFit
    contrasts : numpy.ndarray, shape (contrasts, fixed effects)

    Examples
    --------
    Both a reader's years and the prior differ here; the years' 6 degrees of freedom count for the two together:

    >>> import pandas as pd
    >>> from gazeanalytics.stats import mixed
    >>> rng = np.random.default_rng(3)
    >>> data = pd.DataFrame({"reader": np.repeat(np.arange(8), 30), "prior": np.tile([0, 1], 120)})
    >>> data["years"], data["hits"] = rng.integers(1, 20, 8)[data.reader], rng.poisson(3, 240)
    >>> fit = mixed("hits ~ prior + years + (1 | reader)", data, family="poisson")
    >>> of_contrasts(fit, np.array([[0.0, 1.0, 0.0], [0.0, 1.0, 1.0]])).tolist()
    [nan, 6.0]
    """
    if fit.solution.slopes.size:
        return satterthwaite(fit.solution, contrasts)
    taken = np.where(np.abs(contrasts) > 0, np.where(np.isnan(fit.df), np.inf, fit.df), np.inf)
    fewest = taken.min(axis=1, initial=np.inf)
    return np.where(np.isfinite(fewest), fewest, np.nan)


def of_averages(df: np.ndarray, slopes: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Degrees of freedom of outcomes that many parameters take part in, each a little; NaN for a normal test.

    The variance v of an outcome is the sum of what its parameters bring, v_g those with the same degrees of freedom
    df_g, and v^2 / sum(v_g^2 / df_g) are its own (Satterthwaite 1946; Welch 1947). The fewest of all, as for contrasts,
    would give a difference between strategies the few degrees of freedom of the intercept, which hardly moves it.

    Parameters
    ----------
    df : numpy.ndarray, shape (parameters,)
        NaN for those without error in their variance.
    slopes : numpy.ndarray, shape (outcomes, parameters)
        Derivatives of the outcomes by the parameters.
    covariance : numpy.ndarray, shape (parameters, parameters)

    Examples
    --------
    Half of the variance rests on 6 degrees of freedom:

    >>> of_averages(np.array([6.0, np.nan]), np.array([[1.0, 1.0], [0.0, 1.0]]), np.eye(2)).tolist()
    [24.0, nan]
    """
    parts = slopes * (slopes @ covariance)
    total, lost = parts.sum(axis=1), np.zeros(len(parts))
    for count in np.unique(df[np.isfinite(df)]):
        lost += parts[:, df == count].sum(axis=1) ** 2 / count
    found = np.divide(total**2, lost, out=np.full(total.size, np.nan), where=lost > 0)
    # Covariances can make what one brings more than the whole; the fewest is the least that there can be.
    return np.maximum(found, df[np.isfinite(df)].min(initial=np.inf))


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
