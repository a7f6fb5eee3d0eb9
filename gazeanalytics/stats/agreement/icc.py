"""Intraclass correlation (ICC): how far raters give the same numbers.

All six are ratios of the mean squares of a two-way analysis of variance without replicates (Shrout & Fleiss 1979):
subjects (BMS), raters (JMS), the rest (EMS), and raters with the rest, within subjects (WMS). Such as

    ICC1 = (BMS - WMS) / (BMS + (k - 1) WMS),   ICC3 = (BMS - EMS) / (BMS + (k - 1) EMS)
    ICC2 = (BMS - EMS) / (BMS + (k - 1) EMS + k (JMS - EMS) / n)

A mixed model would take missing ratings too, but gives no exact interval; subjects with one are left out here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from gazeanalytics.tables import ESTIMATES

__all__ = ["icc"]

_COLUMNS = list(ESTIMATES)


@dataclass(frozen=True, slots=True)
class _Squares:
    """Mean squares of subjects, raters, the rest, and within subjects."""

    n: int
    k: int
    subjects: float
    raters: float
    rest: float
    within: float


def icc(
    ratings: pd.DataFrame,
    *,
    method: Literal["shrout_fleiss", "mcgraw_wong"] = "shrout_fleiss",
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Estimate the six intraclass correlation coefficients (ICC) of raters who give numbers.

    ICC1: each subject has raters of its own. ICC2: the same raters, drawn from many; their levels count (absolute
    agreement). ICC3: these raters only; their levels don't count (consistency). With k: of the mean of all raters.

    Parameters
    ----------
    ratings : pandas.DataFrame, shape (subjects, raters)
        Numbers, one row a subject, one column a rater. Subjects with a missing rating are left out and counted in
        `note`.
    method : {"shrout_fleiss", "mcgraw_wong"}
        How ICC2 is tested and ICC2k bounded: Shrout & Fleiss (1979; as R's psych does) with the F of the two-way table
        and Spearman-Brown of ICC2's bounds, or McGraw & Wong (1996; as R's irr does) with Satterthwaite's df for both.
        All else is the same.
    confidence : float
        Of the intervals.

    Returns
    -------
    pandas.DataFrame
        An `estimates` table of six rows; `statistic` is F with `df` and `df2` degrees of freedom, `p_value` one-sided
        (greater than zero), `std_error` NaN: the interval is not symmetric.

    Raises
    ------
    ValueError
        With fewer than two raters or two complete subjects, or with ratings that are not numbers.

    See Also
    --------
    agreement : for ratings that are categories.

    References
    ----------
    Shrout PE, Fleiss JL (1979). Intraclass correlations: uses in assessing rater reliability. Psychol. Bull. 86,
    420-428.
    McGraw KO, Wong SP (1996). Forming inferences about some intraclass correlation coefficients. Psychol. Methods 1,
    30-46.

    Examples
    --------
    The six subjects and four judges of Shrout & Fleiss (1979):

    >>> judged = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> icc(pd.DataFrame(judged)).set_index("term")["estimate"].round(2).to_dict()
    {'ICC1': 0.17, 'ICC2': 0.29, 'ICC3': 0.71, 'ICC1k': 0.44, 'ICC2k': 0.62, 'ICC3k': 0.91}
    """
    if method not in ("shrout_fleiss", "mcgraw_wong"):
        raise ValueError(f"method: expected 'shrout_fleiss' or 'mcgraw_wong'; got {method!r}")
    squares = _squares(ratings)
    rows = [
        *_ratio_rows("ICC1", squares, squares.within, squares.n * (squares.k - 1), confidence),
        *_absolute_rows(squares, method, confidence),
        *_ratio_rows("ICC3", squares, squares.rest, (squares.n - 1) * (squares.k - 1), confidence),
    ]
    table = pd.DataFrame(rows).sort_values("term", key=lambda term: term.str.len(), kind="stable", ignore_index=True)
    finite = np.isfinite(table["statistic"])
    table[["statistic", "p_value"]] = table[["statistic", "p_value"]].where(finite)
    left = len(ratings) - squares.n
    notes = (f"{left} subjects with a missing rating left out" if left else "", _artefact(squares))
    note = "; ".join(part for part in notes if part)
    table = table.assign(model=f"icc {method}", contrast=None, std_error=np.nan, n=squares.n, note=note)
    return table[[*_COLUMNS, "df2"]]


def _squares(ratings: pd.DataFrame) -> _Squares:
    text = [(name, kind) for name, kind in ratings.dtypes.items() if not pd.api.types.is_numeric_dtype(kind)]
    if text:
        raise ValueError(f"column {text[0][0]!r}: expected ratings in numbers; got {text[0][1]}; see agreement")
    x = ratings.dropna().to_numpy(float)
    n, k = x.shape
    if n < 2 or k < 2:
        raise ValueError(f"expected at least two raters and two subjects that all rated; got {k} and {n}")
    if np.all(x == x[:, :1]):  # exactly, where means of decimals would leave rounding errors
        return _Squares(n, k, float(k * np.var(x[:, 0], ddof=1)) if np.ptp(x[:, 0]) > 0 else 0.0, 0.0, 0.0, 0.0)
    by_subject, by_rater, mean = x.mean(1), x.mean(0), x.mean()
    rest = x - by_subject[:, None] - by_rater[None, :] + mean
    return _Squares(
        n,
        k,
        float(k * np.sum((by_subject - mean) ** 2) / (n - 1)),
        float(n * np.sum((by_rater - mean) ** 2) / (k - 1)),
        float(np.sum(rest**2) / ((n - 1) * (k - 1))),
        float(np.sum((x - by_subject[:, None]) ** 2) / (n * (k - 1))),
    )


def _artefact(squares: _Squares) -> str:
    if squares.subjects == 0 and squares.within == 0:
        return "undefined: every rating is the same"
    if squares.within == 0:
        return "raters never split: no error can be estimated from these subjects"
    if squares.rest == 0:
        return "raters differ by a constant only: no error is left for ICC2 and ICC3"
    return ""


def _ratio_rows(name: str, s: _Squares, error: float, df2: float, confidence: float) -> list[dict[str, object]]:
    """ICC1 or ICC3, single and mean, which are functions of one F."""
    f = _ratio(s.subjects, error)
    df1, upper = s.n - 1, (1 + confidence) / 2
    # Both ICCs rise with F alone, so exact bounds of F are bounds of them; the k-forms follow from the same F.
    bounds = float(f / stats.f.ppf(upper, df1, df2)), float(f * stats.f.ppf(upper, df2, df1))
    test = {"statistic": f, "df": float(df1), "df2": float(df2), "p_value": float(stats.f.sf(f, df1, df2))}
    single = [_ratio(one - 1, one + s.k - 1) if np.isfinite(one) else _limit(one) for one in (f, *bounds)]
    mean = [1 - _ratio(1.0, one) if np.isfinite(one) else _limit(one) for one in (f, *bounds)]
    return [
        {"term": term, "estimate": value[0], **test, "conf_low": value[1], "conf_high": value[2]}
        for term, value in ((name, single), (f"{name}k", mean))
    ]


def _ratio(top: float, bottom: float) -> float:
    if bottom == 0:
        return np.inf if top > 0 else np.nan
    return float(top / bottom)


def _limit(f: float) -> float:
    return 1.0 if f > 0 else np.nan


def _absolute_rows(s: _Squares, method: str, confidence: float) -> list[dict[str, object]]:
    """ICC2, single and mean, whose error is a sum of two mean squares."""
    # The error holds two mean squares (raters and rest), so no exact F exists; Satterthwaite's df approximate it.
    single = _ratio(s.subjects - s.rest, s.subjects + (s.k - 1) * s.rest + s.k / s.n * (s.raters - s.rest))
    mean = _ratio(s.subjects - s.rest, s.subjects + (s.raters - s.rest) / s.n)
    f, df1 = _ratio(s.subjects, s.rest), s.n - 1
    low, high = _absolute_bounds(s, _satterthwaite(s, single), confidence)
    wide = [_spearman_brown(s.k, bound) for bound in (low, high)]
    df2 = [float((s.n - 1) * (s.k - 1))] * 2
    if method == "mcgraw_wong":
        df2 = [_satterthwaite(s, single), _satterthwaite(s, mean)]
        wide = [_spearman_brown(s.k, bound) for bound in _absolute_bounds(s, df2[1], confidence)]
    rows = (("ICC2", single, df2[0], low, high), ("ICC2k", mean, df2[1], wide[0], wide[1]))
    return [
        _absolute_row(term, value, f, df1, freedom) | {"conf_low": bottom, "conf_high": top}
        for term, value, freedom, bottom, top in rows
    ]


def _absolute_row(term: str, value: float, f: float, df: float, df2: float) -> dict[str, object]:
    p = float(stats.f.sf(f, df, df2))
    return {"term": term, "estimate": value, "statistic": f, "df": float(df), "df2": df2, "p_value": p}


def _spearman_brown(k: int, single: float) -> float:
    return _ratio(k * single, 1 + (k - 1) * single)


def _satterthwaite(s: _Squares, value: float) -> float:
    """Degrees of freedom of a * raters + b * rest at this correlation (Shrout & Fleiss 1979, equation 8)."""
    a, b = s.k * value, s.n * (1 - value) + s.k * value * (s.n - 1)
    parts = a * s.raters, b * s.rest
    return _ratio(sum(parts) ** 2, parts[0] ** 2 / (s.k - 1) + parts[1] ** 2 / ((s.n - 1) * (s.k - 1)))


def _absolute_bounds(s: _Squares, df: float, confidence: float) -> tuple[float, float]:
    upper, error = (1 + confidence) / 2, s.k * s.raters + (s.k * s.n - s.k - s.n) * s.rest
    low, high = float(stats.f.ppf(upper, s.n - 1, df)), float(stats.f.ppf(upper, df, s.n - 1))
    return (
        _ratio(s.n * (s.subjects - low * s.rest), low * error + s.n * s.subjects),
        _ratio(s.n * (high * s.subjects - s.rest), error + s.n * high * s.subjects),
    )
