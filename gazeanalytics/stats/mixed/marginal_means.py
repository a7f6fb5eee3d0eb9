"""Estimated marginal means (emmeans), contrasts between them, and corrections for multiple testing."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, product
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from gazeanalytics.stats.mixed import frames
from gazeanalytics.stats.mixed.degrees_of_freedom import of_contrasts
from gazeanalytics.stats.mixed.design import ModelError
from gazeanalytics.stats.mixed.estimability import estimable, kept_columns, without_numbers
from gazeanalytics.stats.mixed.results import MixedFit, of_mixed_fits
from gazeanalytics.tables import nearest

__all__ = ["adjust", "contrasts", "linear_contrasts", "marginal_means"]

MULTIPLE_TESTS = {"holm": "holm", "bh": "fdr_bh"}


@of_mixed_fits
def marginal_means(
    fit: MixedFit, *by: str, confidence: float = 0.95, scale: Literal["link", "response"] = "link"
) -> pd.DataFrame:
    """Estimated marginal means (emmeans, least-squares means) at each level of one or more categories.

    Predictions averaged over the levels of all other categories with equal weights, so that a level doesn't profit from
    the cases that it happened to meet. Numbers are held at their mean.

    Parameters
    ----------
    fit : MixedFit
    *by : str
        Columns of the formula, such as `"strategy"`.
    confidence : float
        Coverage of the intervals.
    scale : {"link", "response"}
        Linear predictor, or outcome (probabilities, counts): its standard error follows by the delta method, its
        interval from the ends on the link scale.

    Returns
    -------
    pandas.DataFrame
        Table `estimates`; `contrast` says at which levels. A mean over combinations of which the fit has seen none,
        where the model needs them, has no numbers, and its note says so.

    Raises
    ------
    ModelError
        If `by` is empty or names a column that the fixed part doesn't have.

    See Also
    --------
    contrasts : Differences between these means.

    References
    ----------
    Searle, Speed & Milliken (1980), Am. Stat. 34(4): population marginal means.

    Examples
    --------
    Hard cases were mostly read with strategy b. The mean of the outcome blames b for them, the marginal mean doesn't:

    >>> from gazeanalytics.stats import mixed
    >>> rng = np.random.default_rng(3)
    >>> data = pd.DataFrame({"reader": np.repeat(np.arange(12), 30), "strategy": np.tile(["a", "a", "b"], 120)})
    >>> hard = rng.random(360) < np.where(data.strategy == "b", 0.8, 0.2)
    >>> data["difficulty"] = np.where(hard, "hard", "easy")
    >>> data["seconds"] = 4 + 2 * hard + rng.normal(0, 1, 12)[data.reader] + rng.normal(0, 1, 360)
    >>> data.groupby("strategy").seconds.mean().round(1).to_dict()
    {'a': 4.7, 'b': 6.0}
    >>> means = marginal_means(mixed("seconds ~ strategy + difficulty + (1 | reader)", data), "strategy")
    >>> means[["contrast", "estimate", "conf_low", "conf_high"]].round(1)
      contrast  estimate  conf_low  conf_high
    0        a       5.4       4.8        6.0
    1        b       5.2       4.6        5.8
    """
    if scale not in ("link", "response"):
        raise ModelError(f"scale: expected 'link' or 'response'; got {scale!r}")
    labels, rows = _reference_grid(fit, by)
    table = _of_formula(fit, "mean", labels, rows, confidence)
    if scale == "response":
        # Means of the link scale are transformed back, as emmeans does: the outcome of an average case. The average of
        # outcomes over readers and cases would lie nearer to the middle.
        slope = fit.family.slope(table["estimate"].to_numpy())
        for column in ("estimate", "conf_low", "conf_high"):
            table[column] = fit.family.mean(table[column].to_numpy())
        table["std_error"] *= slope
        table[["statistic", "p_value"]] = np.nan
    return table


@of_mixed_fits
def contrasts(
    fit: MixedFit,
    *by: str,
    method: Literal["tukey", "holm", "bh", "none"] = "tukey",
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Pairwise contrasts of the estimated marginal means, their p-values corrected (post-hoc tests).

    Parameters
    ----------
    fit : MixedFit
    *by : str
        Columns of the formula.
    method : {"tukey", "holm", "bh", "none"}
        Correction of the p-values; intervals are not corrected. Tukey's uses the studentized range, which is exact for
        balanced independent means and on the safe side otherwise.
    confidence : float
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        Table `estimates`; `contrast` is `a - b`, on the scale of the linear predictor.

    See Also
    --------
    marginal_means : The means themselves.
    joint_tests : One test of all levels together.

    Examples
    --------
    >>> from gazeanalytics.stats import mixed
    >>> rng = np.random.default_rng(3)
    >>> data = pd.DataFrame({"reader": np.repeat(np.arange(12), 30), "strategy": np.tile(["a", "b", "c"], 120)})
    >>> data["seconds"] = 4 + (data.strategy == "c") + rng.normal(0, 1, 12)[data.reader] + rng.normal(0, 1, 360)
    >>> fit = mixed("seconds ~ strategy + (1 | reader)", data)
    >>> contrasts(fit, "strategy")[["contrast", "estimate", "p_value"]].round(3)
      contrast  estimate  p_value
    0    a - b    -0.054    0.906
    1    a - c    -1.029    0.000
    2    b - c    -0.974    0.000
    """
    labels, rows = _reference_grid(fit, by)
    pairs = list(combinations(range(len(labels)), 2))
    names = [f"{labels[a]} - {labels[b]}" for a, b in pairs]
    table = _of_formula(fit, "difference", names, np.array([rows[a] - rows[b] for a, b in pairs]), confidence)
    if method == "tukey":
        # Tukey's q is a difference over the error of one mean: sqrt(2) times the t of the difference.
        df = table["df"].fillna(np.inf)
        table["p_value"] = stats.studentized_range.sf(np.sqrt(2) * table["statistic"].abs(), len(labels), df)
    else:
        table["p_value"] = adjust(table["p_value"].to_numpy(), method=method)
    return table


@of_mixed_fits
def linear_contrasts(fit: MixedFit, weights: Mapping[str, ArrayLike], *, confidence: float = 0.95) -> pd.DataFrame:
    """Weighted sums of the fixed effects, such as a difference of two coefficients, with tests and intervals.

    Parameters
    ----------
    fit : MixedFit
    weights : mapping of str to array_like
        By the name of each sum, a weight for every fixed effect, in the order of `fit.names`.
    confidence : float
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        Table `estimates`; `term` is the name of the sum.

    Raises
    ------
    ModelError
        If a sum has not one weight for each fixed effect.

    See Also
    --------
    contrasts : Differences between the levels of categories.

    Examples
    --------
    >>> from gazeanalytics.stats import mixed
    >>> rng = np.random.default_rng(3)
    >>> data = pd.DataFrame({"reader": np.repeat(np.arange(12), 30), "scan": np.tile([0, 1], 180)})
    >>> data["seconds"] = 4 - data.scan + rng.normal(0, 1, 12)[data.reader] + rng.normal(0, 1, 360)
    >>> fit = mixed("seconds ~ scan + (1 | reader)", data)
    >>> linear_contrasts(fit, {"with a scan": [1, 1]})[["term", "estimate", "conf_low", "conf_high"]].round(2)
              term  estimate  conf_low  conf_high
    0  with a scan      2.93      1.91       3.95
    """
    rows = np.array([np.asarray(row, dtype=float) for row in weights.values()])
    if rows.shape != (len(weights), fit.coefficients.size):
        raise ModelError(
            f"expected {fit.coefficients.size} weights for each sum, one for each of {', '.join(fit.names)}"
        )
    return _table(fit, "sum", list(weights), rows, confidence).assign(term=list(weights)).drop(columns="contrast")


def adjust(p_values: ArrayLike, *, method: Literal["holm", "bh", "none"] = "holm") -> np.ndarray:
    """Correct p-values for multiple testing: Holm, or Benjamini & Hochberg's false discovery rate.

    Parameters
    ----------
    p_values : array_like
        NaN stays NaN and doesn't count.
    method : {"holm", "bh", "none"}
        Holm (1979) bounds the chance of any false finding, Benjamini & Hochberg (1995) the share of false findings.

    Returns
    -------
    numpy.ndarray
        In the order given, none above 1.

    Raises
    ------
    ValueError
        If the method is not known.

    Examples
    --------
    >>> adjust([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    >>> adjust([0.01, 0.04, np.nan, 0.03], method="bh").round(2).tolist()
    [0.03, 0.04, nan, 0.04]
    """
    p = np.array(p_values, dtype=float)
    if method not in (*MULTIPLE_TESTS, "none"):
        raise ValueError(f"method: expected 'holm', 'bh' or 'none'; got {method!r}")
    known = np.isfinite(p)
    if method != "none" and known.any():
        from statsmodels.stats.multitest import multipletests  # half a second, which few callers need

        p[known] = multipletests(p[known], method=MULTIPLE_TESTS[method])[1]
    return p


def _reference_grid(fit: MixedFit, by: tuple[str, ...]) -> tuple[list[str], np.ndarray]:
    """Rows of the formula's columns at each combination of `by`, the other categories averaged over."""
    data, spec = fit.frame.data, fit.frame.spec
    used = list(spec.required_variables)
    for name in by:
        if name not in used:
            raise ModelError(f"{name!r} is not a column of the fixed part; {nearest(name, used)}")
    if not by:
        raise ModelError("expected at least one column of the fixed part, such as marginal_means(fit, 'strategy')")
    choices = {name: _choices(data[name], name in by, name in spec.categories) for name in used}
    grid = pd.DataFrame(list(product(*choices.values())), columns=list(choices))
    for name in used:
        if isinstance(data[name].dtype, pd.CategoricalDtype):
            grid[name] = pd.Categorical(grid[name], categories=data[name].cat.categories)
    x = frames.new_matrix(spec, spec.column_names, grid)
    label = grid[list(by)].astype(str).agg(", ".join, axis=1)
    labels = list(dict.fromkeys(label))
    return labels, np.array([x[(label == one).to_numpy()].mean(axis=0) for one in labels])


def _choices(values: pd.Series, chosen: bool, category: bool) -> list[object]:
    if chosen or category:
        return list(pd.Categorical(values).categories)
    return [values.astype(float).mean()]


def _of_formula(fit: MixedFit, term: str, labels: list[str], rows: np.ndarray, confidence: float) -> pd.DataFrame:
    """Table of sums of the formula's columns; those that the fit doesn't determine have no numbers and say so."""
    table = _table(fit, term, labels, rows[:, kept_columns(fit)], confidence)
    return without_numbers(table, fit, ~estimable(fit, rows))


def _table(fit: MixedFit, term: str, labels: list[str], rows: np.ndarray, confidence: float) -> pd.DataFrame:
    estimate = rows @ fit.coefficients
    error = np.sqrt(np.einsum("rk,kl,rl->r", rows, fit.covariance, rows))
    df = of_contrasts(fit, rows)
    law_df = np.where(np.isnan(df), np.inf, df)
    half = stats.t.ppf(0.5 + confidence / 2, law_df) * error
    # The reference level of an ordinal model is 0 without error.
    statistic = np.divide(estimate, error, out=np.full_like(error, np.nan), where=error > 0)
    return pd.DataFrame(
        {
            "model": fit.plan.parts.response,
            "term": term,
            "contrast": labels,
            "estimate": estimate,
            "std_error": error,
            "statistic": statistic,
            "df": df,
            "p_value": 2 * stats.t.sf(np.abs(statistic), law_df),
            "conf_low": estimate - half,
            "conf_high": estimate + half,
            "n": float(fit.n),
            "note": "; ".join(fit.notes),
        }
    )
