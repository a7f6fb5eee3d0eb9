"""Permutation tests that shuffle labels among readers, cases or readings.

Under the null hypothesis a label might as well belong to another unit of its kind, so its permutations among units give
the null distribution of any statistic. What has to be permuted is what was drawn or assigned: whole readers for
experience. Shuffling single readings instead would take readings of one reader as independent (a 5 % test then rejects
in over 25 % of simulated studies without an effect).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import lgamma

import numpy as np
import pandas as pd

from gazeanalytics.stats.resampling.clusters import needed
from gazeanalytics.tables import ESTIMATES, InputError

__all__ = ["cluster_permutation"]

_COLUMNS = list(ESTIMATES)


def cluster_permutation(
    table: pd.DataFrame,
    statistic: str | Callable[[pd.DataFrame], float],
    *,
    label: str,
    unit: str | Sequence[str],
    within: str | Sequence[str] = (),
    n_permutations: int = 1999,
    rng: int | np.random.Generator | None = None,
) -> pd.DataFrame:
    """Run a permutation test of whether a label of readers (or cases, or readings) matters.

    Readings of one unit keep one label: a label of readers is shuffled among readers, however many readings each has.
    The p-value counts both tails, by twice the smaller one, and the observed table among the shuffled ones (Phipson &
    Smyth 2010), so it is never 0: 2 (1 + those as extreme) / (1 + permutations).

    Parameters
    ----------
    table : pandas.DataFrame
        One row a reading.
    statistic : str or callable
        A column, for the difference of its means between the two labels (the first in sorted order less the second);
        or a function of the table, whose label column is shuffled.
    label : str
        Column that is shuffled.
    unit : str or sequence of str
        Column or columns within which the label is constant: "reader" for experience, "case" for a kind of case,
        ("reader", "case") for a condition of single readings.
    within : str or sequence of str
        Column or columns that labels stay within, such as "case" for conditions of readings of the same case.
    n_permutations : int
        Number of random permutations.
    rng : int, Generator or None
        Randomness; the result doesn't depend on the order of rows.

    Returns
    -------
    pandas.DataFrame
        An `estimates` table of one row; `note` says when so few arrangements exist that p can't fall below .05.

    Raises
    ------
    InputError
        When the label varies within a unit, there are fewer than two labels, or no stratum holds two labels.

    See Also
    --------
    cluster_bootstrap : an interval of the difference.

    References
    ----------
    Phipson B, Smyth GK (2010). Permutation p-values should never be zero. Stat. Appl. Genet. Mol. Biol. 9, 39.

    Examples
    --------
    Twelve readers, six of them residents. A t test of the 240 readings would say p < .001, but readers differ anyway:

    >>> rng = np.random.default_rng(3)
    >>> reader = np.repeat(np.arange(12), 20)
    >>> readings = pd.DataFrame({"reader": reader, "resident": reader < 6})
    >>> readings["seconds"] = rng.normal(0, 3, 12)[reader] + rng.normal(40, 5, 240) + 4 * (reader < 6)
    >>> found = cluster_permutation(readings, "seconds", label="resident", unit="reader", rng=1)
    >>> found[["estimate", "p_value"]].round(2).iloc[0].tolist()
    [-3.29, 0.23]
    """
    units, strata = ([part] if isinstance(part, str) else list(part) for part in (unit, within))
    needed(table, [label, *units, *strata, *([statistic] if isinstance(statistic, str) else [])])
    labels, kinds = pd.factorize(table[label], sort=True)
    if len(kinds) < 2 or (isinstance(statistic, str) and len(kinds) > 2):
        expected = "two labels" if isinstance(statistic, str) else "two labels or more"
        raise InputError(f"column {label!r}: expected {expected}; got {len(kinds)}")
    who = _groups(table, units)
    first = np.unique(who, return_index=True)[1]
    if (labels != labels[first][who]).any():
        raise InputError(
            f"label {label!r} varies within {' x '.join(map(repr, units))}: name the unit whose readings share a label "
            "(and give `within` what it is compared within)"
        )
    stratum = _groups(table, strata)[first] if strata else np.zeros(len(first), np.int64)
    if strata and (_groups(table, strata) != stratum[who]).any():
        raise InputError(f"{' x '.join(map(repr, strata))} varies within the unit {' x '.join(map(repr, units))}")
    evaluate = _evaluator(table, statistic, label, kinds, who)
    own = labels[first]
    observed = evaluate(own)
    drawn = np.array([evaluate(mixed) for mixed in _shuffled(own, stratum, n_permutations, np.random.default_rng(rng))])
    return _result(observed, drawn, label, kinds, statistic, _arrangements_note(own, stratum), len(table))


def _groups(table: pd.DataFrame, names: list[str]) -> np.ndarray:
    return table.groupby(names, sort=True, observed=True).ngroup().to_numpy(np.int64)


def _evaluator(
    table: pd.DataFrame, statistic: str | Callable[[pd.DataFrame], float], label: str, kinds: pd.Index, who: np.ndarray
) -> Callable[[np.ndarray], float]:
    if not isinstance(statistic, str):
        return lambda own: float(statistic(table.assign(**{label: kinds[own[who]]})))
    # A label is constant within a unit, so sums of units are all that a permutation needs: it costs the units, not
    # rows.
    sizes, sums = np.bincount(who).astype(float), np.bincount(who, table[statistic].to_numpy(float))

    def gap(own: np.ndarray) -> float:
        one = own == 0
        return float(sums[one].sum() / sizes[one].sum() - sums[~one].sum() / sizes[~one].sum())

    return gap


def _shuffled(own: np.ndarray, stratum: np.ndarray, n_permutations: int, rng: np.random.Generator) -> np.ndarray:
    """Shuffle labels within strata: sort by stratum, then by a random key. Shape (shuffles, units)."""
    ordered = np.argsort(stratum, kind="stable")
    mixed = np.empty((n_permutations, len(own)), own.dtype)
    for row in mixed:
        row[np.lexsort((rng.random(len(own)), stratum))] = own[ordered]
    return mixed


def _arrangements_note(own: np.ndarray, stratum: np.ndarray) -> str:
    """Say when the distinct arrangements bound the p-value from below."""
    several = np.bincount(stratum, minlength=stratum.max() + 1) > 1
    split = [stratum == k for k in np.flatnonzero(several)]
    if not any(len(np.unique(own[part])) > 1 for part in split):
        raise InputError("no stratum holds two labels: nothing can be shuffled; leave `within` out or choose another")
    # With 2 x 3 readers there are 20 arrangements, so p can't fall below .1, however large the effect.
    ways = sum(lgamma(part.sum() + 1) - sum(lgamma(n + 1) for n in np.bincount(own[part])) for part in split)
    if ways > np.log(40):
        return ""
    return f"small cell: only {round(np.exp(ways))} arrangements, p can't fall below {2 / np.exp(ways):.2g}"


def _result(
    observed: float,
    drawn: np.ndarray,
    label: str,
    kinds: pd.Index,
    statistic: str | Callable[[pd.DataFrame], float],
    note: str,
    n: int,
) -> pd.DataFrame:
    known = drawn[np.isfinite(drawn)]
    slack = 1e-12 * max(1.0, abs(observed))  # the same arrangement may be summed in another order
    tails = [1 + np.sum(known >= observed - slack), 1 + np.sum(known <= observed + slack)]
    p = min(1.0, 2 * min(tails) / (1 + len(known)))
    contrast = f"{kinds[0]} - {kinds[1]}" if isinstance(statistic, str) else None
    row = {"model": "permutation", "term": statistic if isinstance(statistic, str) else label, "contrast": contrast}
    row |= {"estimate": observed, "p_value": p, "n": n, "note": note}
    return pd.DataFrame([{**dict.fromkeys(_COLUMNS, np.nan), **row}])
