"""Times of which some are censored: the share not yet seen (Kaplan-Meier), and readings cut into periods."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from gazeanalytics.stats.mixed.censoring import refuse_lost
from gazeanalytics.stats.mixed.design import ModelError
from gazeanalytics.tables import nearest, shown

__all__ = ["kaplan_meier", "person_periods"]

MAX_TIMES = 200


def kaplan_meier(
    data: pd.DataFrame,
    *,
    time: str,
    seen: str,
    by: str | None = None,
    clusters: Sequence[str] = ("reader", "case"),
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Kaplan-Meier curve: the share of readings in which something hasn't been seen yet, with clustered intervals.

    Readings of one reader, and of one case, are alike; intervals that take them as independent are too narrow.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a reading. Rows with a missing value are left out, but a censored time must be there.
    time : str
        Column of times: until it was seen, or until one stopped looking; any unit.
    seen : str
        Column that is 1 (or true) where it was seen, 0 where the time is censored.
    by : str, optional
        Column of groups with a curve each.
    clusters : sequence of str
        One or two columns; none for independent readings (Greenwood's standard errors).
    confidence : float
        Coverage of the intervals, which are for single times.

    Returns
    -------
    pandas.DataFrame
        A row for each group and time: `by` (where given), time, survival (share not yet seen, just after that time),
        std_error, conf_low, conf_high, at_risk (readings still looked at just before), seen (so far). Times are those
        at which something was seen, or of these 200 quantiles. Intervals are NaN where the share is 0 or 1.

    Raises
    ------
    ModelError
        If a column is missing or not of numbers, times are negative, `seen` isn't 0 or 1, there are more than two
        clusters, or one of them has one level.

    See Also
    --------
    mixed : With `censored(time, seen)`, effects on the time.

    Notes
    -----
    Standard errors are the infinitesimal jackknife's, summed within clusters, as in survfit(cluster=) of the R package
    survival, times sqrt(G / (G - 1)) for G clusters. With two columns the variances by each are added and that by both
    together is taken off (Cameron, Gelbach & Miller 2011), but never below the larger of the two. Intervals are
    symmetric in log(-log(survival)), with Student's t for one degree of freedom less than the fewest clusters.

    References
    ----------
    Kaplan & Meier (1958), J. Am. Stat. Assoc. 53. Cameron, Gelbach & Miller (2011), J. Bus. Econ. Stat. 29(2).

    Examples
    --------
    Two of four readings never come to the lesion, one of them after 5 s:

    >>> times = pd.DataFrame({"time_s": [1.0, 3.0, 5.0, 9.0], "seen": [1, 1, 0, 0]})
    >>> kaplan_meier(times, time="time_s", seen="seen", clusters=())[["time", "survival", "at_risk"]]
       time  survival  at_risk
    0   1.0      0.75        4
    1   3.0      0.50        3
    """
    names = [time, seen, *([by] if by else []), *clusters]
    _refuse_columns(data, names, (time, seen))
    refuse_lost(time, seen, data)
    rows = data[list(dict.fromkeys(names))].dropna()
    _refuse(rows, time, seen, clusters)
    parts = [("", rows)] if by is None else list(rows.groupby(by, observed=True))
    curves = []
    for level, own in parts:
        curve = _curve(own, time, seen, clusters, confidence)
        if by is not None:
            curve.insert(0, by, level)
        curves.append(curve)
    return pd.concat(curves, ignore_index=True)


def _refuse_columns(data: pd.DataFrame, names: Sequence[str], numbers: Sequence[str]) -> None:
    for name in names:
        if name not in data:
            raise ModelError(f"the data have no column {name!r}; {nearest(name, list(map(str, data.columns)))}")
    for name in numbers:
        strange = data[name].notna() & pd.to_numeric(data[name], errors="coerce").isna()
        if strange.any():
            raise ModelError(f"expected numbers in {name!r}; got {shown(data[name][strange].iloc[0])}")


def _refuse(rows: pd.DataFrame, time: str, seen: str, clusters: Sequence[str]) -> None:
    if not rows[seen].astype(float).isin([0, 1]).all():
        raise ModelError(f"expected {seen!r} to be 1 where it was seen and 0 where not; got other values")
    if (rows[time] < 0).any():
        raise ModelError(f"expected times from 0 in {time!r}; got {rows[time].min():g}")
    if len(clusters) > 2:
        raise ModelError(f"expected two clusters at most, such as reader and case; got {', '.join(clusters)}")


def _curve(rows: pd.DataFrame, time: str, seen: str, clusters: Sequence[str], confidence: float) -> pd.DataFrame:
    t, event = rows[time].to_numpy(dtype=float), rows[seen].to_numpy(dtype=float) == 1
    at, found = np.unique(t[event], return_counts=True)
    ordered = np.sort(t)
    at_risk = t.size - np.searchsorted(ordered, at, side="left")
    survival = np.cumprod(1 - found / at_risk)
    counts = _Counts(t, event, at, found, at_risk, survival)
    shown = np.arange(at.size)
    if at.size > MAX_TIMES:
        shown = np.unique(np.searchsorted(at, np.quantile(t[event], np.linspace(0, 1, MAX_TIMES), method="higher")))
    groups = [pd.factorize(rows[name])[0] for name in clusters]
    error = np.array([_error(k, counts, groups) for k in map(int, shown)])
    fewest = min((group.max() + 1 for group in groups), default=np.inf)
    # With infinitely many degrees of freedom Student's t is the normal law.
    quantile = float(stats.t.ppf(0.5 + confidence / 2, fewest - 1))
    low, high = _interval(survival[shown], error, quantile)
    return pd.DataFrame(
        {
            "time": at[shown],
            "survival": survival[shown],
            "std_error": error,
            "conf_low": low,
            "conf_high": high,
            "at_risk": at_risk[shown],
            "seen": np.cumsum(found)[shown],
        }
    )


class _Counts(NamedTuple):
    """Of each reading its time and whether it was seen then; of each time how many were seen and at risk, and S."""

    t: np.ndarray
    event: np.ndarray
    at: np.ndarray
    found: np.ndarray
    at_risk: np.ndarray
    survival: np.ndarray


def _error(k: int, counts: _Counts, groups: list[np.ndarray]) -> float:
    """Standard error of the survival at the k-th time."""
    t, event, at, found, at_risk, survival = counts
    if survival[k] == 0:
        return 0.0
    # How log S moves with the weight of each reading: -sum over times of (seen - at risk * d / n) / (n - d).
    left = at_risk[: k + 1] - found[: k + 1]
    hazard = np.concatenate([[0.0], np.cumsum(found[: k + 1] / (at_risk[: k + 1] * left))])
    influence = hazard[np.searchsorted(at[: k + 1], t, side="right")]
    early = event & (t <= at[k])
    influence[early] -= 1.0 / left[np.searchsorted(at[: k + 1], t[early])]
    return float(survival[k] * np.sqrt(_clustered(influence, groups)))


def _clustered(influence: np.ndarray, groups: list[np.ndarray]) -> float:
    """Variance of a sum of influences, alike within each grouping."""
    if not groups:
        return float(influence @ influence)
    single = [_one_way(influence, group) for group in groups]
    if len(groups) == 1:
        return single[0]
    both = groups[0].astype(np.int64) * (groups[1].max() + 1) + groups[1]
    # The difference may fall below either part in small samples; the larger one is then the honest bound.
    return max(sum(single) - _one_way(influence, np.unique(both, return_inverse=True)[1]), *single)


def _one_way(influence: np.ndarray, group: np.ndarray) -> float:
    sums = np.bincount(group, influence)
    if sums.size < 2:
        raise ModelError("expected at least two clusters (readers or cases) for each curve; got one")
    return float(sums @ sums) * sums.size / (sums.size - 1)


def _interval(survival: np.ndarray, error: np.ndarray, quantile: float) -> tuple[np.ndarray, np.ndarray]:
    inside = (survival > 0) & (survival < 1)
    log = np.log(np.where(inside, survival, np.nan))
    half = quantile * error / np.abs(survival * log)
    return np.exp(log * np.exp(half)), np.exp(log * np.exp(-half))


def person_periods(data: pd.DataFrame, *, time: str, seen: str, breaks: Sequence[float]) -> pd.DataFrame:
    """Cut each reading into periods, a row each until it was seen or censored (person-period data).

    With `mixed("seen_here ~ period + x + (1 | reader) + offset(log_exposure)", ..., family="binomial", link="cloglog")`
    the coefficient of x is a log hazard ratio of a proportional hazards model, whatever the shape of the hazard over
    the periods.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a reading; its columns are kept.
    time, seen : str
        Columns of the time and of 1 (seen) or 0 (censored), as for `kaplan_meier`.
    breaks : sequence of float
        Ends of the periods in the unit of the time, rising, 0 first. What comes after the last is censored there.

    Returns
    -------
    pandas.DataFrame
        A row for each reading and period begun: the columns of `data`, period (ordered categorical such as `"0 to 2"`),
        seen_here (1 in the period in which it was seen) and log_exposure: 0, but in a period that was cut short by
        censoring the log of the share of it that was looked at (exact where the hazard is constant in the period).

    Raises
    ------
    ModelError
        If the breaks don't rise from 0, `seen` isn't 0 or 1, or times are negative.

    See Also
    --------
    kaplan_meier : The shares that such a model explains.

    References
    ----------
    Prentice & Gloeckler (1978), Biometrics 34(1). Singer & Willett (1993), J. Educ. Stat. 18(2).

    Examples
    --------
    >>> times = pd.DataFrame({"reading": ["a", "b"], "time_s": [3.0, 3.0], "seen": [1, 0]})
    >>> person_periods(times, time="time_s", seen="seen", breaks=[0, 2, 4])[
    ...     ["reading", "period", "seen_here", "log_exposure"]].round(2)
      reading  period  seen_here  log_exposure
    0       a  0 to 2          0          0.00
    1       a  2 to 4          1          0.00
    2       b  0 to 2          0          0.00
    3       b  2 to 4          0         -0.69
    """
    ends = np.asarray(breaks, dtype=float)
    if ends.size < 2 or ends[0] != 0 or not (np.diff(ends) > 0).all() or not np.isfinite(ends).all():
        raise ModelError(f"breaks: expected numbers that rise from 0, such as [0, 2, 4]; got {list(breaks)}")
    refuse_lost(time, seen, data)
    rows = data.dropna(subset=[time, seen])
    _refuse(rows, time, seen, ())
    t, event = rows[time].to_numpy(dtype=float), rows[seen].to_numpy(dtype=float) == 1
    # A time at the end of a period is in it; time 0 is in the first.
    last = np.clip(np.searchsorted(ends, t, side="left"), 1, ends.size - 1)
    row = np.repeat(np.arange(t.size), last)
    period = np.arange(row.size) - np.repeat(np.cumsum(last) - last, last)
    ending = period == last[row] - 1
    here = ending & event[row] & (t[row] <= ends[-1])
    looked = np.clip((t[row] - ends[period]) / np.diff(ends)[period], 0, 1)
    kept = here | (looked > 0)
    labels = [f"{low:g} to {high:g}" for low, high in pairwise(ends)]
    out = rows.iloc[row].assign(
        period=pd.Categorical(np.array(labels)[period], categories=labels, ordered=True),
        seen_here=here.astype(int),
        log_exposure=np.where(here, 0.0, np.log(np.maximum(looked, np.finfo(float).tiny))),
    )
    return out[kept].reset_index(drop=True)
