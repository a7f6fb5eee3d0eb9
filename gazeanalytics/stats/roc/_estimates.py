"""Rows of an `estimates` table, as all ROC analyses write them."""

from __future__ import annotations

from itertools import combinations
from typing import Any, Protocol

import numpy as np
import pandas as pd
from scipy import special, stats

from gazeanalytics.tables import ESTIMATES

__all__ = [
    "FEW_READERS",
    "difference_row",
    "equality_row",
    "estimate_row",
    "estimates_table",
    "hillis_df",
    "mean_row",
    "on_logits",
    "pairs",
    "spread_of_mean",
    "with_test",
    "without_rounding",
]

FEW_READERS = 5  # below, claims about readers like these rest on very few
NOTHING_VARIES = "no error can be estimated: it varies neither over readers nor over cases"
BELOW_ZERO = "no error can be estimated: its unbiased estimate is below 0"
_COLUMNS = list(ESTIMATES)
_ROUNDING = 1e-12


class _Named(Protocol):
    @property
    def tests(self) -> tuple[object, ...]: ...
    @property
    def confidence(self) -> float: ...


def estimate_row(
    term: str, contrast: object, value: float, variance: float, df: float, confidence: float, bounded: bool = False
) -> dict[str, Any]:
    """Give an estimate with its t interval; infinite df give a normal one. `bounded`: held within 0 and 1."""
    # Where every reader is perfect, or every rating the same, the variance is 0. The interval would then have no width,
    # as if the figure were known exactly, so its ends stay NaN and `note` says why. An unbiased variance can also fall
    # below 0; its root is then NaN.
    spread = float(np.sqrt(variance)) if variance >= 0 else np.nan
    reach = stats.t.ppf((1 + confidence) / 2, df) * spread if variance > 0 else np.nan
    low, high = value - reach, value + reach
    if bounded:
        low, high = np.maximum(0.0, low), np.minimum(1.0, high)  # unlike max and min, these keep NaN
    note = NOTHING_VARIES if variance == 0 else BELOW_ZERO if variance < 0 else ""
    return {
        "term": term,
        "contrast": str(contrast),
        "estimate": value,
        "std_error": spread,
        "statistic": np.nan,
        "df": df if np.isfinite(df) and not note else np.nan,
        "p_value": np.nan,
        "conf_low": float(low),
        "conf_high": float(high),
        "note": note,
    }


def difference_row(
    pair: tuple[int, int], values: np.ndarray, fit: _Named, variance: float, df: float, term: str
) -> dict[str, Any]:
    """Give the difference of two tests with its t or z test."""
    first, second = pair
    gap = float(values[first] - values[second])
    name = f"{fit.tests[first]} - {fit.tests[second]}"
    return with_test(estimate_row(term, name, gap, variance, df, fit.confidence), df)


def with_test(found: dict[str, Any], df: float) -> dict[str, Any]:
    """Add the t or z test against 0 to a row."""
    spread = found["std_error"]
    statistic = found["estimate"] / spread if spread > 0 else np.nan
    return found | {"statistic": statistic, "p_value": 2 * float(stats.t.sf(abs(statistic), df))}


def equality_row(between: float, within: float, df: float, df2: float | None) -> dict[str, Any]:
    """Test that all tests are equal: F with two degrees of freedom, or chi-square (`df2` None) with one."""
    # `between` and `within` are the mean squares of the tests and of what they are compared with. With infinite `df2`,
    # F is chi-square over its degrees of freedom (SciPy's F gives NaN there).
    statistic = between / within if within > 0 else np.nan
    if df2 is None:
        statistic, law, name = df * statistic, stats.chi2(df), f"chi-square({df})"
    else:
        name = f"F({df}, {df2:.4g})" if within > 0 else f"F({df}, undefined)"
        law = stats.f(df, df2) if np.isfinite(df2) else stats.gamma(df / 2, scale=2 / df)
    empty = dict.fromkeys(("estimate", "std_error", "conf_low", "conf_high"), np.nan)
    tested = {"statistic": statistic, "df": float(df), "p_value": float(law.sf(statistic))}
    second = float(df2) if df2 is not None and within > 0 else np.nan
    note = "" if within > 0 else BELOW_ZERO if within < 0 else NOTHING_VARIES
    return {"term": "tests", "contrast": name, **empty, **tested, "df2": second, "note": note}


def estimates_table(model: str, rows: list[dict[str, Any]], n: int, note: str) -> pd.DataFrame:
    """Put rows together in the columns of `estimates`, with df2; `note` is added to the rows' own."""
    found = pd.DataFrame([{"df2": np.nan, **one} for one in rows])
    notes = ["; ".join(part for part in (own, note) if part) for own in found["note"]]
    return found.assign(model=model, n=n, note=notes)[[*_COLUMNS, "df2"]]


def without_rounding(value: float, scale: float) -> float:
    """Give 0 where a difference of numbers of size `scale` is no more than their rounding error."""
    # Two tests with the same ratings leave differences of 1e-18 instead of 0, and the ratio of two such is arbitrary: a
    # test statistic of 3, say, with a p-value to match.
    return 0.0 if abs(value) <= _ROUNDING * abs(scale) else value


def hillis_df(variance: float, square: float, df: int) -> float:
    """Degrees of freedom of a mean square plus something known without error (Hillis 2007, ddf_H)."""
    # Satterthwaite's (1946) (sum)^2 / (sum of part^2 / df) with infinite df for the second part: covariances of many
    # cases are known far better than a mean square of few readers.
    return float(variance**2 / (square**2 / df)) if square > 0 else np.inf


def pairs(tests: int) -> list[tuple[int, int]]:
    """Give every pair of tests, by place."""
    return list(combinations(range(tests), 2))


def mean_row(name: object, values: np.ndarray, cov2: float, confidence: float) -> dict[str, Any]:
    """Give the mean over readers who stand for all, whose errors covary by `cov2` (Hillis 2007, ddf_H_single)."""
    variance, df = spread_of_mean(values, cov2)
    return estimate_row("mean", name, float(values.mean()), variance, df, confidence, bounded=True)


def spread_of_mean(values: np.ndarray, cov2: float) -> tuple[float, float]:
    """Variance of the mean over random readers, with its degrees of freedom."""
    # Var = (MS(R) + r max(Cov2, 0)) / r: readers' spread holds their own error already, so only the error that they
    # share (Cov2, from the same cases) is added. A negative Cov2 is taken as 0, as by Hillis (2007): error that readers
    # share can't make their mean more certain.
    square = without_rounding(float(values.var(ddof=1)), float(np.square(values).max()) * _ROUNDING)
    variance = square + len(values) * max(cov2, 0.0)
    return variance / len(values), hillis_df(variance, square, len(values) - 1)


def on_logits(rows: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Make the intervals of figures of merit symmetric on the logit, where they lie strictly between 0 and 1.

    The error on the logit follows from the delta method: SE / (A (1 - A)).
    """
    compares = rows["contrast"].astype(str).str.contains(" - ", regex=False)
    single = ~rows["term"].isin(["tests", "difference"]) & ~compares & (rows["std_error"] > 0)
    single &= (rows["estimate"] > 0) & (rows["estimate"] < 1)
    value, spread = (rows.loc[single, name].to_numpy(float) for name in ("estimate", "std_error"))
    reach = stats.t.ppf((1 + confidence) / 2, rows.loc[single, "df"].fillna(np.inf)) * spread / (value * (1 - value))
    for name, side in (("conf_low", -1), ("conf_high", 1)):
        rows.loc[single, name] = special.expit(special.logit(value) + side * reach)
    return rows
