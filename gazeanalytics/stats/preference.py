"""Preference: how often one draft was judged comparable or better, when the same readers judge the same cases."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import t as student

from gazeanalytics.crossed import CrossedMean, crossed_mean

__all__ = ["preference"]

_SMALL = 5  # readers or cases below which the interval rests on few degrees of freedom


def preference(
    judgements: pd.DataFrame,
    *,
    outcome: str = "preferred",
    reader: str = "reader",
    case: str = "case",
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Estimate a preference share with a confidence interval that holds for readers and cases like these.

    The error is that of two-way clusters (see `gazeanalytics.crossed`); the interval is a t interval with one degree
    less than the smaller number of clusters: nominal to wide (with three readers). Wilson's interval takes judgements
    as independent and is far too narrow here (it covered .85 or less of simulated panels).

    Parameters
    ----------
    judgements : pandas.DataFrame
        One row a judgement.
    outcome : str
        Column of 0 and 1 (comparable or better), or of any score whose mean is asked for. Rows without it are left out.
    reader, case : str
        Columns of who judged and what.
    confidence : float
        Of the interval.

    Returns
    -------
    pandas.DataFrame
        An `estimates` table of one row; p_value is for a share of one half. Ends of a share are held within 0 and 1.
        Where all judgements are the same, `std_error` is 0, the ends are NaN and `note` says why.

    Raises
    ------
    ValueError
        With fewer than two readers or two cases.

    See Also
    --------
    cluster_bootstrap : other statistics of readers and cases.

    References
    ----------
    Cameron AC, Gelbach JB, Miller DL (2011). Robust inference with multiway clustering. J. Bus. Econ. Stat. 29,
    238-249.

    Examples
    --------
    Five readers who toss a coin over each of twenty cases:

    >>> rng = np.random.default_rng(0)
    >>> judged = pd.DataFrame({"reader": np.repeat(range(5), 20), "case": list(range(20)) * 5})
    >>> table = preference(judged.assign(preferred=rng.integers(0, 2, 100)))
    >>> table[["estimate", "conf_low", "conf_high", "df"]].round(2).iloc[0].tolist()
    [0.56, 0.41, 0.71, 4.0]
    """
    # A mixed logistic model would do for many readers; with three to six of them its z interval is too narrow, and its
    # estimate is for a typical reader and case, not the share that was asked for.
    scores = judgements[outcome].to_numpy(float)
    found = crossed_mean(scores, judgements[reader], judgements[case])
    share = bool(np.isin(scores[~np.isnan(scores)], (0, 1)).all())
    varies = found.std_error > 0
    low, high = found.interval(confidence) if varies else (np.nan, np.nan)
    if share:
        low, high = np.maximum(0.0, low), np.minimum(1.0, high)
    statistic = (found.estimate - 0.5) / found.std_error if varies and share else np.nan
    return pd.DataFrame(
        {
            "model": "preference",
            "term": outcome,
            "contrast": None,
            "estimate": found.estimate,
            "std_error": found.std_error,
            "statistic": statistic,
            "df": found.df,
            "p_value": 2 * float(student.sf(abs(statistic), found.df)),
            "conf_low": low,
            "conf_high": high,
            "n": found.n,
            "note": "; ".join(_notes(found)),
        },
        index=[0],
    )


def _notes(found: CrossedMean) -> list[str]:
    still = [] if found.std_error > 0 else ["no error can be estimated: all judgements are the same"]
    return still + (["small cell"] if min(found.readers, found.cases) < _SMALL else [])
