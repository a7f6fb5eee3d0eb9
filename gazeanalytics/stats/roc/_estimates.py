"""Rows of an `estimates` table, as all ROC analyses write them."""

from __future__ import annotations

from itertools import combinations
from typing import Any, Protocol

import numpy as np
import pandas as pd
from scipy import special, stats

from gazeanalytics.tables import TABLES

__all__ = [
    "FEW",
    "difference_row",
    "equality_row",
    "hillis_df",
    "mean_row",
    "pairs",
    "row",
    "spread_of_mean",
    "table",
    "with_test",
]

FEW = 5  # readers below which claims about readers like these lean on very few
_COLUMNS = [column.name for column in TABLES["estimates"].columns]


class _Named(Protocol):
    @property
    def tests(self) -> tuple[object, ...]: ...
    @property
    def confidence(self) -> float: ...


def row(
    term: str, contrast: object, value: float, variance: float, df: float, confidence: float, bounded: bool = False
) -> dict[str, Any]:
    """Spell an estimate with its t interval; infinite df give a normal one. `bounded`: held within 0 and 1."""
    spread = float(np.sqrt(max(variance, 0.0))) if np.isfinite(variance) else np.nan
    low, high = (value + side * stats.t.ppf((1 + confidence) / 2, df) * spread for side in (-1, 1))
    if bounded:
        low, high = max(0.0, low), min(1.0, high)
    test = {"statistic": np.nan, "p_value": np.nan}
    return {"term": term, "contrast": str(contrast), "estimate": value, "std_error": spread, **test,
            "df": df if np.isfinite(df) else np.nan, "conf_low": low, "conf_high": high}  # fmt: skip


def difference_row(
    pair: tuple[int, int], values: np.ndarray, fit: _Named, variance: float, df: float, term: str
) -> dict[str, Any]:
    """Spell the difference of two tests with its t or z test."""
    first, second = pair
    gap = float(values[first] - values[second])
    return with_test(row(term, f"{fit.tests[first]} - {fit.tests[second]}", gap, variance, df, fit.confidence), df)


def with_test(found: dict[str, Any], df: float) -> dict[str, Any]:
    """Add the t or z test against 0 to a row."""
    spread = found["std_error"]
    statistic = found["estimate"] / spread if spread > 0 else np.nan
    return found | {"statistic": statistic, "p_value": 2 * float(stats.t.sf(abs(statistic), df))}


def equality_row(statistic: float, df: float, df2: float | None) -> dict[str, Any]:
    """Spell a test that all tests are worth the same: F with two degrees of freedom, or chi-square with one."""
    law = stats.chi2(df) if df2 is None else stats.f(df, df2)
    empty = dict.fromkeys(("estimate", "std_error", "conf_low", "conf_high"), np.nan)
    with_test = {"statistic": statistic, "df": float(df), "p_value": float(law.sf(statistic))}
    law_name = f"chi-square({df})" if df2 is None else f"F({df}, {df2:.4g})"
    return {"term": "tests", "contrast": law_name, **empty, **with_test, "df2": np.nan if df2 is None else float(df2)}


def table(model: str, rows: list[dict[str, Any]], n: int, note: str) -> pd.DataFrame:
    """Put rows together in the columns of `estimates`, with df2."""
    found = pd.DataFrame([{"df2": np.nan, "note": note, **one} for one in rows])
    return found.assign(model=model, n=n)[[*_COLUMNS, "df2"]]


def hillis_df(variance: float, square: float, df: int) -> float:
    """Degrees of freedom of a mean square plus something known without error (Hillis 2007, ddf_H)."""
    return float(variance**2 / (square**2 / df)) if square > 0 else np.inf


def pairs(tests: int) -> list[tuple[int, int]]:
    """Give every pair of tests, by place."""
    return list(combinations(range(tests), 2))


def mean_row(name: object, values: np.ndarray, cov2: float, confidence: float) -> dict[str, Any]:
    """Spell the mean over readers who stand for all, whose errors covary by `cov2` (Hillis 2007, ddf_H_single)."""
    variance, df = spread_of_mean(values, cov2)
    return row("mean", name, float(values.mean()), variance, df, confidence, bounded=True)


def spread_of_mean(values: np.ndarray, cov2: float) -> tuple[float, float]:
    """Variance of the mean over random readers, with its degrees of freedom."""
    square = float(values.var(ddof=1))
    variance = square + len(values) * max(cov2, 0.0)
    return variance / len(values), hillis_df(variance, square, len(values) - 1)


def on_logits(rows: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Take the intervals of figures of merit symmetric on the logit, where they lie strictly between 0 and 1."""
    single = ~rows["term"].isin(["tests", "difference"]) & ~rows["contrast"].astype(str).str.contains(
        " - ", regex=False
    )
    single &= (rows["estimate"] > 0) & (rows["estimate"] < 1)
    value, spread = (rows.loc[single, name].to_numpy(float) for name in ("estimate", "std_error"))
    reach = stats.t.ppf((1 + confidence) / 2, rows.loc[single, "df"].fillna(np.inf)) * spread / (value * (1 - value))
    for name, side in (("conf_low", -1), ("conf_high", 1)):
        rows.loc[single, name] = special.expit(special.logit(value) + side * reach)
    return rows
