"""Analysis of deviance: the likelihood-ratio test of nested models (anova), and Wald's F test of each term."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from gazeanalytics.expressions import summing
from gazeanalytics.stats.mixed.degrees_of_freedom import of_contrasts, satterthwaite
from gazeanalytics.stats.mixed.design import ModelError
from gazeanalytics.stats.mixed.estimability import left_out
from gazeanalytics.stats.mixed.model import assemble
from gazeanalytics.stats.mixed.multinomial import MultinomialFit
from gazeanalytics.stats.mixed.results import MixedFit, of_mixed_fits

__all__ = ["anova", "joint_tests"]


@of_mixed_fits
def anova(*fits: MixedFit) -> pd.DataFrame:
    """Likelihood-ratio test of nested models, from the smallest to the largest (anova in R).

    Gaussian models fitted by REML are refitted by ML, as restricted likelihoods of different fixed effects can't be
    compared. A standard deviation tested against 0 lies on the edge of what it can be; its p-value is then too large by
    up to half (Self & Liang 1987, J. Am. Stat. Assoc. 82).

    Parameters
    ----------
    *fits : MixedFit
        Two or more fits to the same rows, each model a special case of the next larger one. The nesting itself is not
        checked.

    Returns
    -------
    pandas.DataFrame
        Columns formula, parameters, log_likelihood, aic, bic, statistic (chi-square), df, p_value; the last three
        compare a row with the one before and are NaN in row 0.

    Raises
    ------
    ModelError
        If fewer than two fits are given, or they use different numbers of rows.

    See Also
    --------
    joint_tests : Test each term of one model, without refitting.
    confint : Intervals from the same likelihood.

    Examples
    --------
    Does the gain by strategy differ between readers? The data hold no such slope, and the test finds none:

    >>> import numpy as np, pandas as pd
    >>> from gazeanalytics.stats import mixed
    >>> rng = np.random.default_rng(3)
    >>> data = pd.DataFrame({"reader": np.repeat(np.arange(12), 30), "scan": np.tile([0, 1], 180)})
    >>> data["seconds"] = 4 - data.scan + rng.normal(0, 1, 12)[data.reader] + rng.normal(0, 1, 360)
    >>> small = mixed("seconds ~ scan + (1 | reader)", data)
    >>> large = mixed("seconds ~ scan + (1 + scan | reader)", data)
    >>> anova(small, large)[["parameters", "statistic", "df", "p_value"]].round(2)
       parameters  statistic   df  p_value
    0           4        NaN  NaN      NaN
    1           6       0.22  2.0      0.9
    """
    if len(fits) < 2:
        raise ModelError(f"anova: expected at least two fits; got {len(fits)}")
    if len({fit.n for fit in fits}) > 1:
        counts = ", ".join(f"{fit.n:,}" for fit in fits)
        raise ModelError(f"anova: expected fits to the same rows; got {counts} rows; drop missing values first")
    ordered = sorted((by_maximum_likelihood(fit) for fit in fits), key=lambda fit: fit.parameters)
    table = pd.DataFrame(
        {
            "formula": [fit.formula for fit in ordered],
            "parameters": [fit.parameters for fit in ordered],
            "log_likelihood": [fit.log_likelihood for fit in ordered],
            "aic": [fit.aic for fit in ordered],
            "bic": [fit.bic for fit in ordered],
        }
    )
    table["statistic"] = 2 * table["log_likelihood"].diff()
    table["df"] = table["parameters"].diff()
    table["p_value"] = stats.chi2.sf(table["statistic"], table["df"])
    return table


def by_maximum_likelihood(fit: MixedFit) -> MixedFit:
    """Return the fit, refitted by ML where it was fitted by REML."""
    return assemble(replace(fit.plan, reml=False), fit.response) if fit.plan.reml else fit


def joint_tests(fit: MixedFit | MultinomialFit, *, kind: Literal["coded", "III"] = "coded") -> pd.DataFrame:
    """Wald's F test of each term of the fixed part as a whole, given all others (analysis of variance).

    Gaussian models get Satterthwaite's denominator degrees of freedom (several at once: Fai & Cornelius 1996, J. Stat.
    Comput. Simul. 54(4), as lmerTest does); other families the fewest of the term's effects (between-within), or
    infinitely many, which is the chi-square test. A term of a multinomial logit has effects on each level's log odds,
    which are tested together.

    Parameters
    ----------
    fit : MixedFit or MultinomialFit
    kind : {"coded", "III"}
        Effects as they are coded: with an interaction in the model, a main effect is the one at the other factor's
        reference level. Or type III, as lmerTest and SAS have it: a main effect is the average over the levels of the
        other factors, each counted once, whatever the coding; numbers stand at 0.

    Returns
    -------
    pandas.DataFrame
        Columns term, statistic (F), df (of the term), df_residual, p_value.

    Raises
    ------
    ModelError
        If type III tests are asked of a fit that had to leave columns out, as not every combination of levels occurs.

    See Also
    --------
    anova : Compare whole models by their likelihood.
    contrasts : Which levels of a term differ.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from gazeanalytics.stats import mixed
    >>> rng = np.random.default_rng(3)
    >>> data = pd.DataFrame({"reader": np.repeat(np.arange(12), 30), "strategy": np.tile(["a", "b", "c"], 120)})
    >>> data["seconds"] = 4 + (data.strategy == "c") + rng.normal(0, 1, 12)[data.reader] + rng.normal(0, 1, 360)
    >>> joint_tests(mixed("seconds ~ strategy + (1 | reader)", data)).round(1)
           term  statistic  df  df_residual  p_value
    0  strategy       40.6   2        346.0      0.0
    """
    if kind not in ("coded", "III"):
        raise ModelError(f"kind: expected 'coded' or 'III'; got {kind!r}")
    if not isinstance(fit, MixedFit | MultinomialFit):
        raise ModelError(f"expected a fit of `mixed` or `multinomial`; got a {type(fit).__name__}")
    spec = fit.frame.spec
    whole = _type_three(fit) if kind == "III" else np.eye(len(fit.names))
    rows = []
    for term, columns in spec.term_slices.items():
        named = [name for name in spec.column_names[columns] if name != "(Intercept)"]
        place = [fit.names.index(name) for name in named if name in fit.names]
        if place:
            statistic, df, rest = _f_test(fit, whole[place])
            row = {"term": term, "statistic": statistic, "df": df}
            rows.append(row | {"df_residual": rest, "p_value": _f_tail(statistic, df, rest)})
    return pd.DataFrame(rows)


def _type_three(fit: MixedFit | MultinomialFit) -> np.ndarray:
    """Give each effect as it would be with sum coding, as a sum of those that there are; shape (effects, effects)."""
    spec = fit.frame.spec
    ones = int(
        isinstance(fit, MixedFit) and fit.family.ordinal and "(Intercept)" in spec.column_names
    )  # the thresholds are in its place
    if len(fit.names) + ones < len(spec.column_names):
        raise ModelError(f"type III tests are of every combination of levels; here some are {left_out(fit)}")
    summed = {text: summing(coding) for text, coding in spec.codings.items()}
    used = np.unique(spec.matrix(fit.frame.data), axis=0, return_index=True)[1]
    rows = fit.frame.data.iloc[used]
    ours, theirs = spec.matrix(rows), replace(spec, codings=summed).matrix(rows)
    # Both span the same: ours b = theirs c, so that c = (theirs^+ ours) b.
    return np.linalg.lstsq(theirs, ours, rcond=None)[0][ones:, ones:]


def _f_tail(statistic: float, df: int, df_residual: float) -> float:
    if np.isfinite(df_residual):
        return float(stats.f.sf(statistic, df, df_residual))
    return float(stats.chi2.sf(statistic * df, df))


def _f_test(fit: MixedFit | MultinomialFit, sums: np.ndarray) -> tuple[float, int, float]:
    """F of sums of fixed effects together, and its degrees of freedom."""
    return _multinomial_f(fit, sums) if isinstance(fit, MultinomialFit) else _wald_f(fit, sums)


def _f_and_covariance(values: np.ndarray, covariance: np.ndarray, sums: np.ndarray) -> tuple[float, np.ndarray]:
    """F of sums of coefficients together, shape (sums, coefficients), and the covariance of these sums."""
    found, spread = sums @ values, sums @ covariance @ sums.T
    return float(found @ np.linalg.solve(spread, found)) / len(sums), spread


def _multinomial_f(fit: MultinomialFit, sums: np.ndarray) -> tuple[float, int, float]:
    """F of sums of fixed effects on all levels' log odds, and its degrees of freedom."""
    others, first = len(fit.levels) - 1, fit.theta.size
    every = np.kron(np.eye(others), sums)
    statistic, _ = _f_and_covariance(fit.coefficients.ravel(), fit.covariance[first:, first:], every)
    df = fit.df[(sums != 0).any(axis=0)]
    return statistic, len(every), float(np.nanmin(df)) if np.isfinite(df).any() else np.inf


def _wald_f(fit: MixedFit, sums: np.ndarray) -> tuple[float, int, float]:
    """F of sums of fixed effects together, and its degrees of freedom."""
    count = len(sums)
    statistic, covariance = _f_and_covariance(fit.coefficients, fit.covariance, sums)
    if not fit.solution.slopes.size:
        df = of_contrasts(fit, sums)
        return statistic, count, float(np.nanmin(df)) if np.isfinite(df).any() else np.inf
    # F is the mean of squared t's of independent contrasts (the covariance's eigenvectors), each with its own
    # Satterthwaite df; F's df is the one whose mean equals theirs, E(F) = df / (df - 2). Kenward & Roger (1997) also
    # inflate the covariance; that needs the dense marginal covariance, which the blocked system never forms.
    vectors = np.linalg.eigh(covariance)[1]
    df = satterthwaite(fit.solution, vectors.T @ sums)
    if count == 1:
        return statistic, count, float(df[0])
    expected = float(np.sum(df[df > 2] / (df[df > 2] - 2)))
    return statistic, count, 2 * expected / (expected - count) if expected > count else np.nan
