"""Diagnostics: simulated residuals (DHARMa), Cook's distance of a reader or case, Q-Q points of random effects."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats

from gazeanalytics.stats.mixed.design import ModelError, RandomTerm
from gazeanalytics.stats.mixed.model import assemble
from gazeanalytics.stats.mixed.outcomes import Response
from gazeanalytics.stats.mixed.prediction import simulate
from gazeanalytics.stats.mixed.results import MixedFit, mode_sds, of_mixed_fits
from gazeanalytics.tables import nearest

__all__ = ["influence", "random_effects_qq", "residuals"]


@of_mixed_fits
def residuals(fit: MixedFit, *, n_resamples: int = 250, rng: int | np.random.Generator | None = None) -> np.ndarray:
    """Simulated (randomised quantile) residuals: the share of outcomes simulated from the fit below the one observed.

    Uniform on 0 to 1 when the model is right, whatever the family; ties are broken at random. Readers' and cases'
    effects are drawn anew, so that a wrong distribution of theirs shows too.

    Parameters
    ----------
    fit : MixedFit
    n_resamples : int
        Simulated outcomes.
    rng : int, numpy.random.Generator or None

    Returns
    -------
    numpy.ndarray, shape (rows used,)

    See Also
    --------
    influence : Whether one reader or case decides the result.

    References
    ----------
    Dunn & Smyth (1996), J. Comput. Graph. Stat. 5(3). Hartig's R package DHARMa does the same.

    Examples
    --------
    Counts that vary more than a Poisson law allows pile up at both ends:

    >>> from gazeanalytics.stats import mixed
    >>> rng = np.random.default_rng(3)
    >>> data = pd.DataFrame({"reader": np.repeat(np.arange(12), 30), "hedges": rng.negative_binomial(1, 0.2, 360)})
    >>> for family in ("poisson", "negative binomial"):
    ...     found = residuals(mixed("hedges ~ 1 + (1 | reader)", data, family=family), n_resamples=99, rng=1)
    ...     print(family, round(float(np.mean((found < 0.05) | (found > 0.95))), 2))
    poisson 0.4
    negative binomial 0.11
    """
    # Pearson residuals of 0/1 outcomes or small counts fall on lines whatever the model; these don't.
    rng = np.random.default_rng(rng)
    y = fit.response.y
    # A censored time stands for all between its ends, and its residual is drawn among theirs.
    high = fit.response.size if fit.family.timed else y
    below, equal = np.zeros(y.size), np.zeros(y.size)
    for _ in range(n_resamples):
        drawn = simulate(fit, rng=rng)
        below += drawn < y
        equal += (drawn >= y) & (drawn <= high)
    return (below + rng.random(y.size) * (equal + 1)) / (n_resamples + 1)


@of_mixed_fits
def influence(fit: MixedFit, group: str) -> pd.DataFrame:
    """Influence of each reader or case: Cook's distance, by refitting without each level in turn.

    Parameters
    ----------
    fit : MixedFit
    group : str
        A grouping of the formula, such as `"reader"`.

    Returns
    -------
    pandas.DataFrame
        One row a level: level, n (its rows), cook (Cook's distance of all fixed effects), then each fixed effect's
        change, without the level less with all, in its standard errors.

    Raises
    ------
    ModelError
        If the model has no such grouping.

    See Also
    --------
    residuals : Whether single outcomes fit.

    Examples
    --------
    Reader 4 alone is slowed by the prior. Without that reader the effect falls by two standard errors:

    >>> from gazeanalytics.stats import mixed
    >>> rng = np.random.default_rng(3)
    >>> data = pd.DataFrame({"reader": np.repeat(np.arange(8), 30), "prior": np.tile([0, 1], 120)})
    >>> data["seconds"] = 4 + 3 * data.prior * (data.reader == 4) + rng.normal(0, 1, 240)
    >>> table = influence(mixed("seconds ~ prior + (1 | reader)", data), "reader")
    >>> table.loc[[4], ["level", "n", "cook", "prior"]].round(1)
      level   n  cook  prior
    4     4  30   2.4   -2.0
    """
    groups = [term.group for term in fit.frame.terms]
    if group not in groups:
        raise ModelError(f"{group!r} is not a grouping of the formula; {nearest(group, groups)}")
    term = fit.frame.terms[groups.index(group)]
    # Refitted rather than by one-step formulas: these hold the variances, which an odd reader moves most.
    inverse = np.linalg.inv(fit.covariance)
    rows = []
    for code, level in enumerate(term.levels):
        keep = term.codes != code
        change = without(fit, keep).coefficients - fit.coefficients
        moved = dict(zip(fit.names, change / fit.std_errors, strict=True))
        cook = float(change @ inverse @ change) / change.size
        rows.append({"level": level, "n": int((~keep).sum()), "cook": cook} | moved)
    return pd.DataFrame(rows)


def without(fit: MixedFit, keep: np.ndarray) -> MixedFit:
    """Fit the same model to the rows to keep."""
    frame, old = fit.frame, fit.response
    terms = tuple(_subset(term, keep) for term in frame.terms)
    data = frame.data[keep].reset_index(drop=True)
    auxiliary = replace(frame.auxiliary, x=frame.auxiliary.x[keep])
    part = replace(frame, data=data, x=frame.x[keep], auxiliary=auxiliary, offset=frame.offset[keep], terms=terms)
    return assemble(replace(fit.plan, frame=part), Response(old.y[keep], old.size[keep], old.levels))


def _subset(term: RandomTerm, keep: np.ndarray) -> RandomTerm:
    present, codes = np.unique(term.codes[keep], return_inverse=True)
    return replace(term, levels=term.levels[present], codes=codes.astype(np.int64), z=term.z[keep])


@of_mixed_fits
def random_effects_qq(fit: MixedFit) -> pd.DataFrame:
    """Q-Q points of the random effects: each level's standardised conditional mode beside its normal quantile.

    A mode is divided by the standard deviation that modes have in the model: the square root of the random variance
    less the mode's own conditional variance.

    Returns
    -------
    pandas.DataFrame
        Columns group, coefficient, level, mode (standardised), quantile; rising within group and coefficient.

    Examples
    --------
    On a straight line where readers are normal; here one reader is far slower than a normal law would have it:

    >>> from gazeanalytics.stats import mixed
    >>> rng = np.random.default_rng(3)
    >>> data = pd.DataFrame({"reader": np.repeat(np.arange(12), 30)})
    >>> data["seconds"] = 4 + 3 * (data.reader == 7) + rng.normal(0, 0.3, 12)[data.reader] + rng.normal(0, 1, 360)
    >>> table = random_effects_qq(mixed("seconds ~ 1 + (1 | reader)", data))
    >>> table[["level", "mode", "quantile"]].iloc[[0, -2, -1]].round(1)
       level  mode  quantile
    0      1  -1.3      -1.7
    10     9   0.7       1.2
    11     7   2.7       1.7
    """
    parts = []
    for term, sds in zip(fit.random, mode_sds(fit.solution), strict=True):
        for k, name in enumerate(term.names):
            spread = np.sqrt(np.maximum(term.covariance[k, k] - sds[:, k] ** 2, 0.0))
            with np.errstate(invalid="ignore", divide="ignore"):
                mode = term.modes[:, k] / spread
            order = np.argsort(mode, kind="stable")
            quantile = stats.norm.ppf((np.arange(mode.size) + 0.5) / mode.size)
            names = {"group": term.group, "coefficient": name, "level": term.levels[order]}
            parts.append(pd.DataFrame(names | {"mode": mode[order], "quantile": quantile}))
    return pd.concat(parts, ignore_index=True)
