"""How often one draft was judged comparable or better, when the same readers judge the same cases."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import t as student

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

    The variance of the mean is that of reader means plus that of case means less that of single judgements (two-way
    clusters; Cameron, Gelbach & Miller 2011), each with its small-sample factor, and never below the larger of the
    first two. The interval is a t interval with one degree less than the smaller number of clusters: nominal to wide
    (with three readers). Wilson's interval takes judgements as independent and is far too narrow here.

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
    known = judgements[judgements[outcome].notna()]
    y = known[outcome].to_numpy(float)
    who, what = (pd.factorize(known[name])[0] for name in (reader, case))
    readers, cases = (len(np.unique(codes)) for codes in (who, what))
    if min(readers, cases) < 2:
        raise ValueError(f"wanted at least two readers and two cases; came {readers} and {cases}")
    error = y - y.mean()
    pairs = pd.factorize(who * cases + what)[0]
    by_reader, by_case, by_pair = (_clustered(error, codes) for codes in (who, what, pairs))
    spread = float(np.sqrt(max(by_reader + by_case - by_pair, by_reader, by_case)))
    df = min(readers, cases) - 1
    half = float(student.ppf((1 + confidence) / 2, df)) * spread
    share = bool(np.isin(y, (0, 1)).all())
    low, high = y.mean() - half, y.mean() + half
    statistic = (y.mean() - 0.5) / spread if spread > 0 and share else np.nan
    return pd.DataFrame(
        {
            "model": "preference",
            "term": outcome,
            "contrast": None,
            "estimate": y.mean(),
            "std_error": spread,
            "statistic": statistic,
            "df": float(df),
            "p_value": 2 * float(student.sf(abs(statistic), df)),
            "conf_low": max(0.0, low) if share else low,
            "conf_high": min(1.0, high) if share else high,
            "n": len(y),
            "note": "small cell" if min(readers, cases) < _SMALL else "",
        },
        index=[0],
    )


def _clustered(error: np.ndarray, codes: np.ndarray) -> float:
    """Variance of the mean from sums of errors within clusters, with the factor for few clusters."""
    sums = np.bincount(codes, error)
    return float(sums @ sums) / len(error) ** 2 * len(sums) / (len(sums) - 1)
