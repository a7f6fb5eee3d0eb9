"""How often one draft was judged comparable or better, when the same readers judge the same cases."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import t as student

from gazeanalytics.crossed import crossed_mean

__all__ = ["preference"]

_SMALL = 5  # readers or cases below which the interval leans on few degrees of freedom


def preference(
    judgements: pd.DataFrame,
    *,
    outcome: str = "preferred",
    reader: str = "reader",
    case: str = "case",
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Estimate the share of favourable judgements with an interval that readers and cases both widen.

    The error is that of two-way clusters (see `gazeanalytics.crossed`); the interval is a t interval with one degree
    less than the smaller number of clusters: nominal to wide (with three readers). Wilson's interval takes judgements
    as independent and is far too narrow here.

    Parameters
    ----------
    judgements : pandas.DataFrame
        One row a judgement.
    outcome : str
        Column of 0 and 1 (comparable or better), or of any score whose mean is wanted. Rows without it are left out.
    reader, case : str
        Columns of who judged and what.
    confidence : float
        Of the interval.

    Returns
    -------
    pandas.DataFrame
        An `estimates` table of one row; p_value is for a share of one half. Ends of a share are held within 0 and 1.

    Raises
    ------
    ValueError
        With fewer than two readers or two cases.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> judged = pd.DataFrame({"reader": np.repeat(range(5), 20), "case": list(range(20)) * 5})
    >>> table = preference(judged.assign(preferred=rng.integers(0, 2, 100)))
    >>> table[["estimate", "conf_low", "conf_high", "df"]].round(2).iloc[0].tolist()
    [0.56, 0.41, 0.71, 4.0]
    """
    scores = judgements[outcome].to_numpy(float)
    found = crossed_mean(scores, judgements[reader], judgements[case])
    share = bool(np.isin(scores[~np.isnan(scores)], (0, 1)).all())
    low, high = found.interval(confidence)
    statistic = (found.estimate - 0.5) / found.std_error if found.std_error > 0 and share else np.nan
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
            "conf_low": max(0.0, low) if share else low,
            "conf_high": min(1.0, high) if share else high,
            "n": found.n,
            "note": "small cell" if min(found.readers, found.cases) < _SMALL else "",
        },
        index=[0],
    )
