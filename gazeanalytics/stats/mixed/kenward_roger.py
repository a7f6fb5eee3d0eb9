"""Kenward and Roger's tests of the fixed effects of a linear mixed model: for few readers, cases or countries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from gazeanalytics.stats.mixed.design import ModelError
from gazeanalytics.stats.mixed.results import MixedFit, of_mixed_fits
from gazeanalytics.threads import one_blas_thread

__all__ = ["kenward_roger"]

MAX_ROWS = 2000


@dataclass(frozen=True, slots=True)
class _Pieces:
    """What the adjustment is made of: p and q of Kenward & Roger's notation, by variance parameter.

    Attributes
    ----------
    phi : numpy.ndarray, shape (fixed effects, fixed effects)
        (X'V^-1 X)^-1.
    p : numpy.ndarray, shape (parameters, fixed effects, fixed effects)
    w : numpy.ndarray, shape (parameters, parameters)
        Covariance of the variance parameters, from their expected information under REML.
    adjusted : numpy.ndarray, shape (fixed effects, fixed effects)
        Covariance of the fixed effects, with what estimating V adds.
    """

    phi: np.ndarray
    p: np.ndarray
    w: np.ndarray
    adjusted: np.ndarray


@one_blas_thread()
@of_mixed_fits
def kenward_roger(fit: MixedFit, *, confidence: float = 0.95) -> pd.DataFrame:
    """Kenward and Roger's adjusted standard errors, degrees of freedom, tests and intervals of the fixed effects.

    Standard errors take variances for known, which with few groups makes them too small. Kenward & Roger add what
    estimating the variances brings, and match a t to the result. Satterthwaite's degrees of freedom, which
    `MixedFit.estimates` has, leave the standard errors as they are.

    Parameters
    ----------
    fit : MixedFit
        A Gaussian model fitted by REML without weights or ar1, of at most 2,000 rows: all rows' covariance is formed.
    confidence : float
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        Table `estimates` of the fixed effects.

    Raises
    ------
    ModelError
        For other families, models fitted by maximum likelihood, with weights or ar1, or too many rows.

    See Also
    --------
    joint_tests : Satterthwaite's F tests, at any size.

    References
    ----------
    Kenward & Roger (1997), Biometrics 53(3); Halekoh & Højsgaard (2014), J. Stat. Softw. 59(9), as pbkrtest has it.

    Examples
    --------
    Six readers leave four degrees of freedom to what differs between them:

    >>> from gazeanalytics.stats import mixed
    >>> rng = np.random.default_rng(3)
    >>> data = pd.DataFrame({"reader": np.repeat(np.arange(6), 20), "prior": np.tile([0, 1], 60)})
    >>> data["years"] = np.array([2, 30, 8, 5, 11, 19])[data.reader]
    >>> data["seconds"] = 4 - data.prior + rng.normal(0, 1, 6)[data.reader] + rng.normal(0, 1, 120)
    >>> fit = mixed("seconds ~ prior + years + (1 | reader)", data)
    >>> kenward_roger(fit)[["term", "estimate", "std_error", "df"]].round(2)
              term  estimate  std_error      df
    0  (Intercept)      5.21       0.66    4.19
    1        prior     -0.88       0.20  113.00
    2        years     -0.12       0.04    4.00
    """
    _check(fit)
    pieces = _pieces(fit)
    df = np.array([_df(pieces, contrast) for contrast in np.eye(fit.coefficients.size)])
    error = np.sqrt(np.diag(pieces.adjusted))
    half = stats.t.ppf(0.5 + confidence / 2, df) * error
    statistic = fit.coefficients / error
    return pd.DataFrame(
        {
            "model": fit.plan.parts.response,
            "term": fit.names,
            "estimate": fit.coefficients,
            "std_error": error,
            "statistic": statistic,
            "df": df,
            "p_value": 2 * stats.t.sf(np.abs(statistic), df),
            "conf_low": fit.coefficients - half,
            "conf_high": fit.coefficients + half,
            "n": float(fit.n),
            "note": "; ".join(fit.notes),
            "df_method": "Kenward-Roger",
        }
    )


def _check(fit: MixedFit) -> None:
    if not fit.plan.reml or fit.plan.parts.weights or fit.plan.parts.ar1:
        raise ModelError(
            "Kenward and Roger's adjustment is for a gaussian model fitted by REML without weights or ar1; "
            f"got family {fit.family.name!r}; its estimates() have degrees of freedom of their own"
        )
    if fit.n > MAX_ROWS:
        raise ModelError(
            f"Kenward and Roger's adjustment forms the covariance of all rows, at most {MAX_ROWS:,}; got {fit.n:,}; "
            "use estimates(), whose degrees of freedom are Satterthwaite's"
        )


def _slopes(fit: MixedFit) -> tuple[np.ndarray, np.ndarray]:
    """Give the derivatives of V by each variance and covariance, and their values; the residual variance comes last."""
    slopes, values = [], []
    for term, found in zip(fit.frame.terms, fit.random, strict=True):
        same = term.codes[:, None] == term.codes[None, :]
        for row in range(term.width):
            for column in range(row + 1):
                product = np.outer(term.z[:, row], term.z[:, column]) * same
                slopes.append(product if row == column else product + product.T)
                values.append(found.covariance[row, column])
    return np.array([*slopes, np.eye(fit.n)]), np.array([*values, fit.sigma**2])


def _pieces(fit: MixedFit) -> _Pieces:
    slopes, values = _slopes(fit)
    x = fit.frame.x
    inverse = np.linalg.inv(np.tensordot(values, slopes, axes=1))
    scaled = inverse @ x
    phi = np.linalg.inv(x.T @ scaled)
    # V^-1 G, of which all else is made: P = -X'V^-1 G V^-1 X, Q = X'V^-1 G V^-1 H V^-1 X.
    moved = inverse @ slopes
    p = -np.array([scaled.T @ slope @ scaled for slope in slopes])
    count = len(slopes)
    information, excess = np.empty((count, count)), np.empty((count, count, *phi.shape))
    for r in range(count):
        for s in range(count):
            q = scaled.T @ slopes[r] @ moved[s] @ scaled
            pair = p[r] @ phi @ p[s]
            information[r, s] = np.sum(moved[r] * moved[s].T) - 2 * np.sum(phi * q.T) + np.sum(phi * pair.T)
            excess[r, s] = q - pair
    w = 2 * np.linalg.inv(information)
    lifted = np.einsum("rs,rskl->kl", w, excess)
    return _Pieces(phi, p, w, phi + 2 * phi @ lifted @ phi)


def _df(pieces: _Pieces, contrast: np.ndarray) -> float:
    """Match the first two moments of the squared t to those of an F with 1 and so many degrees of freedom."""
    along = pieces.phi @ contrast
    # With one contrast, A1 and A2 of the paper are the same number.
    spurs = np.array([along @ p @ along for p in pieces.p]) / (contrast @ along)
    a = float(spurs @ pieces.w @ spurs)
    b = 3.5 * a
    g = -1.0
    scale = 3 + 2 * (1 - g)
    c1, c2, c3 = g / scale, (1 - g) / scale, (3 - g) / scale
    rho = ((1 - a) / (1 - c2 * b)) ** 2 * (1 + c1 * b) / (1 - c3 * b)
    return 4 + 3 / (rho - 1)
