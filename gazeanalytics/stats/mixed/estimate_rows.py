"""Rows of the table `estimates` of a mixed model: coefficients, thresholds, standard deviations."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy import stats

__all__ = ["FamilyParameter", "family_row", "sd_row", "wald_row"]

MAX_RELATIVE_ERROR = 2.0  # an interval of fiftyfold and a fiftieth says nothing: `confint` then has the profile


class FamilyParameter(NamedTuple):
    """A parameter of a family's own, or of residuals.

    It is a `threshold`, a positive `scale`, an `effect` on thresholds or zeros, or a `correlation`.

    Examples
    --------
    >>> FamilyParameter(value=-1.2, error=0.1, kind="threshold").kind
    'threshold'
    """

    value: float
    error: float
    kind: str


def _row(term: str, values: tuple[Any, ...]) -> dict[str, object]:
    names = ("estimate", "std_error", "statistic", "df", "p_value", "conf_low", "conf_high")
    return {"term": term, **dict(zip(names, map(float, values), strict=True))}


def wald_row(name: str, value: float, error: float, df: float, confidence: float) -> dict[str, object]:
    """A coefficient, tested by t or, without degrees of freedom, by z."""
    law = stats.norm if np.isnan(df) else stats.t(df)
    statistic = value / error
    half = law.ppf(0.5 + confidence / 2) * error
    return _row(name, (value, error, statistic, df, 2 * law.sf(abs(statistic)), value - half, value + half))


def family_row(name: str, one: FamilyParameter, confidence: float) -> dict[str, object]:
    """A threshold, a scale or a coefficient of another part."""
    if one.kind == "scale":
        return sd_row(name, one.value, one.error, confidence)
    if one.kind == "correlation":
        # On Fisher's scale, where the likelihood is nearer to a parabola and no end passes 1.
        half = stats.norm.ppf(0.5 + confidence / 2) * one.error / (1 - one.value**2)
        ends = (np.tanh(np.arctanh(one.value) + side * half) for side in (-1, 1))
        return _row(name, (one.value, one.error, np.nan, np.nan, np.nan, *ends))
    row = wald_row(name, one.value, one.error, np.nan, confidence)
    return row | ({"statistic": np.nan, "p_value": np.nan} if one.kind == "threshold" else {})


def sd_row(name: str, value: float, error: float, confidence: float) -> dict[str, object]:
    """A standard deviation or correlation, without a test."""
    if name.startswith("cor(") or not (value > 0 and error < MAX_RELATIVE_ERROR * value):
        return _row(name, (value, error, *[np.nan] * 5))
    # On the log scale, where the likelihood of a standard deviation is nearer to a parabola and no end falls below 0.
    factor = np.exp(stats.norm.ppf(0.5 + confidence / 2) * error / value)
    return _row(name, (value, error, np.nan, np.nan, np.nan, value / factor, value * factor))
