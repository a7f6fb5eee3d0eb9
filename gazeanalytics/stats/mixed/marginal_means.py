"""Marginal means, contrasts between them, and corrections for looking at many."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pandas as pd
from scipy import stats

from gazeanalytics.stats.mixed import formula as formulas
from gazeanalytics.stats.mixed.degrees_of_freedom import satterthwaite
from gazeanalytics.stats.mixed.design import ModelError
from gazeanalytics.stats.mixed.results import MixedFit
from gazeanalytics.tables import nearest

__all__ = ["adjust", "contrasts", "joint_tests", "means"]


def means(fit: MixedFit, *by: str, level: float = 0.95, response: bool = False) -> pd.DataFrame:
    """Give the model's mean at each level of one or more categories, averaged over the levels of the others.

    Numbers are held at their mean, as emmeans does (Searle, Speed & Milliken 1980, Am. Stat. 34(4)).

    Parameters
    ----------
    fit : MixedFit
    *by : str
        Columns of the formula, such as `"strategy"`.
    level : float
        Coverage of the intervals.
    response : bool
        Give means of the outcome (probabilities, counts) instead of the linear predictor; the standard error follows by
        the delta method, the interval from its ends.

    Returns
    -------
    pandas.DataFrame
        Table `estimates`; `contrast` says at which levels.
    """
    labels, rows = _reference(fit, by)
    table = _table(fit, "mean", labels, rows, level)
    if response:
        slope = _slope(fit, table["estimate"].to_numpy())
        for column in ("estimate", "conf_low", "conf_high"):
            table[column] = fit.family.mean(table[column].to_numpy())
        table["std_error"] *= slope
        table[["statistic", "p_value"]] = np.nan
    return table


def contrasts(fit: MixedFit, *by: str, method: str = "tukey", level: float = 0.95) -> pd.DataFrame:
    """Compare the model's means at all pairs of levels.

    Parameters
    ----------
    fit : MixedFit
    *by : str
        Columns of the formula.
    method : {"tukey", "holm", "bh", "none"}
        Correction of the p-values; intervals are not corrected.
    level : float
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        Table `estimates`; `contrast` is `a - b`, on the scale of the linear predictor.

    Examples
    --------
    >>> import numpy as np, pandas as pd
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
    labels, rows = _reference(fit, by)
    pairs = list(combinations(range(len(labels)), 2))
    names = [f"{labels[a]} - {labels[b]}" for a, b in pairs]
    table = _table(fit, "difference", names, np.array([rows[a] - rows[b] for a, b in pairs]), level)
    if method == "tukey":
        df = table["df"].fillna(np.inf)
        table["p_value"] = stats.studentized_range.sf(np.sqrt(2) * table["statistic"].abs(), len(labels), df)
    else:
        table["p_value"] = adjust(table["p_value"].to_numpy(), method=method)
    return table


def adjust(p_values: np.ndarray, *, method: str = "holm") -> np.ndarray:
    """Correct p-values for their number.

    Parameters
    ----------
    p_values : numpy.ndarray
        NaN stays NaN and doesn't count.
    method : {"holm", "bh", "none"}
        Holm (1979) bounds the chance of any false finding, Benjamini & Hochberg (1995) the share of false findings.

    Examples
    --------
    >>> adjust([0.01, 0.04, 0.03])
    array([0.03, 0.06, 0.06])
    >>> adjust([0.01, 0.04, 0.03], method="bh")
    array([0.03, 0.04, 0.04])
    """
    p = np.asarray(p_values, dtype=float)
    if method not in ("holm", "bh", "none"):
        raise ValueError(f"method wants 'holm', 'bh' or 'none'; came {method!r}")
    known = np.flatnonzero(np.isfinite(p))
    out, count = p.copy(), known.size
    if method == "none" or not count:
        return out
    order = known[np.argsort(p[known], kind="stable")]
    rank = np.arange(1, count + 1)
    if method == "holm":
        out[order] = np.minimum(np.maximum.accumulate(p[order] * (count + 1 - rank)), 1.0)
    else:
        out[order] = np.minimum(np.minimum.accumulate((p[order] * count / rank)[::-1])[::-1], 1.0)
    return out


def joint_tests(fit: MixedFit) -> pd.DataFrame:
    """Test each term of the fixed part as a whole, given all others (Wald's F).

    Gaussian models get Satterthwaite's denominator degrees of freedom (several at once: Fai & Cornelius 1996, J. Stat.
    Comput. Simul. 54(4), as lmerTest does); other families have infinitely many, which is the chi-square test.

    Returns
    -------
    pandas.DataFrame
        Columns term, statistic (F), df (of the term), df_residual, p_value. Effects are as coded: with an interaction
        in the model, a main effect is the one at the other factor's reference level.

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
    spec = fit.frame.spec
    names = [formulas.readable(str(name)) for name in spec.column_names]
    rows = []
    for term, columns in spec.term_slices.items():
        place = [fit.names.index(name) for name in names[columns] if name in fit.names and name != "(Intercept)"]
        if place:
            statistic, rest = _wald_f(fit, place)
            p_value = (
                stats.f.sf(statistic, len(place), rest)
                if np.isfinite(rest)
                else stats.chi2.sf(statistic * len(place), len(place))
            )
            row = {"term": formulas.readable(str(term)), "statistic": statistic, "df": len(place)}
            rows.append(row | {"df_residual": rest, "p_value": float(p_value)})
    return pd.DataFrame(rows)


def _wald_f(fit: MixedFit, place: list[int]) -> tuple[float, float]:
    """Give F of those fixed effects together, and its denominator's degrees of freedom."""
    beta, covariance = fit.coefficients[place], fit.covariance[np.ix_(place, place)]
    statistic = float(beta @ np.linalg.solve(covariance, beta)) / len(place)
    if not fit.solution.slopes.size:
        return statistic, np.inf
    vectors = np.linalg.eigh(covariance)[1]
    rows = np.zeros((len(place), fit.coefficients.size))
    rows[:, place] = vectors.T
    df = satterthwaite(fit.solution, rows)
    if len(place) == 1:
        return statistic, float(df[0])
    expected = float(np.sum(df[df > 2] / (df[df > 2] - 2)))
    return statistic, 2 * expected / (expected - len(place)) if expected > len(place) else np.nan


def _reference(fit: MixedFit, by: tuple[str, ...]) -> tuple[list[str], np.ndarray]:
    """Give the rows of the fixed effects at each combination of `by`, the other categories averaged over."""
    data, spec = fit.frame.data, fit.frame.spec
    used = [str(name) for name in spec.required_variables]
    for name in by:
        if name not in used:
            raise ModelError(f"means wants columns of the fixed part; {name!r} isn't one: {nearest(name, used)}")
    if not by:
        raise ModelError("means wants at least one column of the fixed part, such as means(fit, 'strategy')")
    choices = {name: _choices(data[name], name in by, _is_category(fit, name)) for name in used}
    grid = pd.DataFrame(list(product(*choices.values())), columns=list(choices))
    for name in used:
        if isinstance(data[name].dtype, pd.CategoricalDtype):
            grid[name] = pd.Categorical(grid[name], categories=data[name].cat.categories)
    x = formulas.new_matrix(spec, fit.names, grid)
    label = grid[list(by)].astype(str).agg(", ".join, axis=1)
    labels = list(dict.fromkeys(label))
    return labels, np.array([x[(label == one).to_numpy()].mean(axis=0) for one in labels])


def _is_category(fit: MixedFit, name: str) -> bool:
    return any(f"{name}[" in shown or f"factor({name})[" in shown for shown in fit.names)


def _choices(values: pd.Series, wanted: bool, category: bool) -> list[object]:
    if wanted or category:
        return list(pd.Categorical(values).categories)
    return [values.astype(float).mean()]


def _slope(fit: MixedFit, eta: np.ndarray) -> np.ndarray:
    mean = fit.family.mean(eta)
    if fit.family.link == "logit":
        return mean * (1 - mean)
    return mean if fit.family.link == "log" else np.ones_like(mean)


def _table(fit: MixedFit, term: str, labels: list[str], rows: np.ndarray, level: float) -> pd.DataFrame:
    estimate = rows @ fit.coefficients
    error = np.sqrt(np.einsum("rk,kl,rl->r", rows, fit.covariance, rows))
    df = satterthwaite(fit.solution, rows) if fit.solution.slopes.size else np.full(len(labels), np.nan)
    law_df = np.where(np.isnan(df), np.inf, df)
    half = stats.t.ppf(0.5 + level / 2, law_df) * error
    # The reference of an ordinal model is 0 without error.
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
