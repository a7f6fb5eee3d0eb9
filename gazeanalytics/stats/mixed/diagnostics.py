"""Look whether a mixed model fits: simulated residuals, influence of a reader or case, normality of random effects."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats

from gazeanalytics.stats.mixed.design import ModelError, RandomTerm
from gazeanalytics.stats.mixed.families import Response
from gazeanalytics.stats.mixed.model import assemble
from gazeanalytics.stats.mixed.prediction import simulate
from gazeanalytics.stats.mixed.results import MixedFit, mode_sds
from gazeanalytics.tables import nearest

__all__ = ["influence", "random_quantiles", "residuals"]


def residuals(fit: MixedFit, *, repeats: int = 250, rng: int | np.random.Generator | None = None) -> np.ndarray:
    """Give simulated residuals: where each outcome stands among outcomes simulated from the fit.

    Uniform on 0 to 1 when the model is right, whatever the family (Dunn & Smyth 1996, J. Comput. Graph. Stat. 5(3));
    ties are broken at random. Readers' and cases' effects are drawn anew.

    Parameters
    ----------
    fit : MixedFit
    repeats : int
        Simulated outcomes.
    rng : int, numpy.random.Generator or None

    Returns
    -------
    numpy.ndarray, shape (rows used,)
    """
    rng = np.random.default_rng(rng)
    y = fit.response.y
    below, equal = np.zeros(y.size), np.zeros(y.size)
    for _ in range(repeats):
        drawn = simulate(fit, rng=rng)
        below += drawn < y
        equal += drawn == y
    return (below + rng.random(y.size) * (equal + 1)) / (repeats + 1)


def influence(fit: MixedFit, group: str) -> pd.DataFrame:
    """Refit without each level of a grouping in turn, and say how far the fixed effects move.

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
    """
    groups = [term.group for term in fit.frame.terms]
    if group not in groups:
        raise ModelError(f"influence wants a grouping of the formula; {group!r} isn't one: {nearest(group, groups)}")
    term = fit.frame.terms[groups.index(group)]
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
    own = replace(frame.own, x=frame.own.x[keep])
    part = replace(frame, data=data, x=frame.x[keep], own=own, offset=frame.offset[keep], terms=terms)
    return assemble(replace(fit.plan, frame=part), Response(old.y[keep], old.size[keep], old.levels))


def _subset(term: RandomTerm, keep: np.ndarray) -> RandomTerm:
    present, codes = np.unique(term.codes[keep], return_inverse=True)
    return replace(term, levels=term.levels[present], codes=codes.astype(np.int64), z=term.z[keep])


def random_quantiles(fit: MixedFit) -> pd.DataFrame:
    """Pair each level's standardised conditional mode with the normal quantile at which it should stand.

    A mode is divided by the standard deviation that modes have in the model: the square root of the random variance
    less the mode's own conditional variance.

    Returns
    -------
    pandas.DataFrame
        Columns group, coefficient, level, mode (standardised), quantile; rising within group and coefficient.
    """
    parts = []
    for term, sds in zip(fit.random, mode_sds(fit.solution, fit.frame.terms), strict=True):
        for k, name in enumerate(term.names):
            spread = np.sqrt(np.maximum(term.covariance[k, k] - sds[:, k] ** 2, 0.0))
            with np.errstate(invalid="ignore", divide="ignore"):
                mode = term.modes[:, k] / spread
            order = np.argsort(mode, kind="stable")
            quantile = stats.norm.ppf((np.arange(mode.size) + 0.5) / mode.size)
            names = {"group": term.group, "coefficient": name, "level": term.levels[order]}
            parts.append(pd.DataFrame(names | {"mode": mode[order], "quantile": quantile}))
    return pd.concat(parts, ignore_index=True)
