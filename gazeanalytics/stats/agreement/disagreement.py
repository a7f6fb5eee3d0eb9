"""Disagreement of readers about a case, with each other and with an AI."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from scipy import special

from gazeanalytics.stats.resampling.clusters import needed
from gazeanalytics.tables import InputError, shown

__all__ = ["ai_disagreement", "disagreement", "jensen_shannon", "known_readings"]


def disagreement(
    readings: pd.DataFrame,
    *,
    value: str,
    case: str = "case",
    reader: str = "reader",
    kind: Literal["categories", "numbers"] = "categories",
) -> pd.DataFrame:
    """Measure inter-reader disagreement for every case, without bias from how many readers it has.

    Parameters
    ----------
    readings : pandas.DataFrame
        One row a reading. Rows without a value are left out.
    value : str
        What was said: a finding's presence, a diagnosis, a certainty.
    case, reader : str
        Columns; a reader counts once a case.
    kind : {"categories", "numbers"}
        Categories: disagreement is the chance that two different readers say different things, 2 p (1 - p) n / (n - 1)
        with two categories. Numbers: their mean absolute difference.

    Returns
    -------
    pandas.DataFrame
        One row a case in sorted order: case, readers, disagreement (NaN with one reader), split (whether any two
        differ); for categories also share (of the commonest one) and entropy in bits, whose bias with few readers is
        corrected (Miller 1955); for numbers also range.

    Raises
    ------
    InputError
        For an unknown column, or a reader who read a case twice.

    See Also
    --------
    disagreement_reliability : how far it is a property of the case.
    predict_disagreement : models of it.
    agreement : one coefficient over all cases.

    References
    ----------
    Miller GA (1955). Note on the bias of information estimates. In Information Theory in Psychology, 95-100.

    Examples
    --------
    >>> said = pd.DataFrame({"case": [1, 1, 1, 2, 2], "reader": list("abcab"), "edema": [1, 1, 0, 0, 0]})
    >>> disagreement(said, value="edema").round(3)
       case  readers  disagreement  split  share  entropy
    0     1        3         0.667   True  0.667    1.159
    1     2        2         0.000  False  1.000    0.000
    """
    known = known_readings(readings, value, case, reader)
    if kind == "numbers":
        return _of_numbers(known, value, case)
    if kind != "categories":
        raise InputError(f"kind: expected 'categories' or 'numbers'; got {kind!r}")
    counts = pd.crosstab(known[case], known[value])
    n = counts.to_numpy(float)
    total = n.sum(1)
    # 1 - sum n_k (n_k - 1) / (n (n - 1)): pairs of different readers. With n^2 below, a reader would be paired with
    # himself, and cases with few readers would look as if they agreed more.
    with np.errstate(invalid="ignore", divide="ignore"):
        apart = np.where(total > 1, 1 - np.sum(n * (n - 1), axis=1) / (total * (total - 1)), np.nan)
    share = n / total[:, None]
    entropy = (special.entr(share).sum(1) + ((n > 0).sum(1) - 1) / (2 * total)) / np.log(2)
    return pd.DataFrame(
        {
            case: counts.index,
            "readers": total.astype(int),
            "disagreement": apart,
            "split": (n > 0).sum(1) > 1,
            "share": share.max(1),
            "entropy": entropy,
        }
    )


def known_readings(readings: pd.DataFrame, value: str, case: str, reader: str) -> pd.DataFrame:
    """Give case, reader and value of the readings that have a value; refuse a reader who read a case twice.

    Examples
    --------
    >>> said = pd.DataFrame({"case": [1, 1], "reader": ["ann", "bob"], "edema": [1, None]})
    >>> len(known_readings(said, "edema", "case", "reader"))
    1
    """
    needed(readings, [case, reader])
    needed(readings.head(0), [value])
    known = readings.loc[readings[value].notna(), [case, reader, value]]
    twice = known.duplicated([case, reader])
    if twice.any():
        again = known[twice].iloc[0]
        raise InputError(
            f"reader {shown(again[reader])} is listed twice with case {shown(again[case])}: take one finding at a time"
        )
    return known


def _of_numbers(known: pd.DataFrame, value: str, case: str) -> pd.DataFrame:
    """Mean absolute difference of all pairs (Gini's), from ranks: 2 sum (2 i - n - 1) x_(i) / (n (n - 1)).

    Sorting costs n log n where all pairs would cost n^2.
    """
    ordered = known.sort_values([case, value], kind="stable")
    groups = ordered.groupby(case, sort=True, observed=True)[value]
    n = groups.transform("size")
    rank = groups.cumcount() + 1
    part = (2 * rank - n - 1) * ordered[value].astype(float)
    sums = part.groupby(ordered[case], sort=True, observed=True).sum()
    sizes, spans = groups.size(), groups.max() - groups.min()
    apart = 2 * sums / (sizes * (sizes - 1)).where(sizes > 1)
    return pd.DataFrame(
        {
            case: sizes.index,
            "readers": sizes.to_numpy(),
            "disagreement": apart.to_numpy(),
            "split": spans.to_numpy() > 0,
            "range": spans.to_numpy(),
        }
    )


def ai_disagreement(
    readings: pd.DataFrame, ai: pd.Series, *, value: str, case: str = "case", reader: str = "reader"
) -> pd.DataFrame:
    """Measure human-AI disagreement for every case: how far its readers are from an AI, on average.

    Parameters
    ----------
    readings : pandas.DataFrame
        One row a reading; values are numbers on the AI's scale, such as 0 and 1 beside its probability.
    ai : pandas.Series
        The AI's value, indexed by case.
    value, case, reader : str
        As in `disagreement`.

    Returns
    -------
    pandas.DataFrame
        case, readers, ai, disagreement, and excess: disagreement with the AI less that among readers (NaN with one).
        Below 0, the AI stands nearer to the readers than they do to one another.

    Raises
    ------
    InputError
        When a case has no AI value, or as `disagreement`.

    Examples
    --------
    On case 1 the AI takes the middle between readers who are split; on case 2 it contradicts both:

    >>> said = pd.DataFrame({"case": [1, 1, 2, 2], "reader": list("abab"), "edema": [1, 0, 0, 0]})
    >>> ai_disagreement(said, pd.Series({1: 0.5, 2: 0.9}), value="edema")
       case  readers   ai  disagreement  excess
    0     1        2  0.5           0.5    -0.5
    1     2        2  0.9           0.9     0.9
    """
    people = disagreement(readings, value=value, case=case, reader=reader, kind="numbers")
    known = known_readings(readings, value, case, reader)
    given = pd.Series(ai).reindex(people[case])
    if given.isna().any():
        lost = given.index[given.isna()]
        raise InputError(
            f"ai: {len(lost):,} cases have no value, the first {shown(lost[0])}; its index must name cases"
        )
    # The excess compares like with like: mean distance of reader and AI less that of two different readers.
    apart = (known[value].astype(float) - known[case].map(given).astype(float)).abs()
    mean = apart.groupby(known[case], sort=True, observed=True).mean().to_numpy()
    found = {case: people[case], "readers": people["readers"], "ai": given.to_numpy(float), "disagreement": mean}
    return pd.DataFrame({**found, "excess": mean - people["disagreement"].to_numpy()})


def jensen_shannon(distributions: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Compute the Jensen-Shannon divergence of several distributions, in bits.

    JS = H(sum w_i p_i) - sum w_i H(p_i), where H is Shannon's entropy (Lin 1991). Unlike the divergence of Kullback and
    Leibler it is symmetric, and finite where one reader never looked.

    It is 0 when all readers look (or believe) alike and log2 of their number when nothing is shared; the square root of
    it, with two, is a distance.

    Parameters
    ----------
    distributions : numpy.ndarray, shape (readers, ...)
        Attention maps on one grid or label probabilities, none below 0; each is scaled to a sum of 1.
    weights : numpy.ndarray, shape (readers,), optional
        How much each counts. Default: alike.

    Raises
    ------
    InputError
        With fewer than two distributions, values below 0 or NaN, or one that is all 0.

    References
    ----------
    Lin J (1991). Divergence measures based on the Shannon entropy. IEEE Trans. Inf. Theory 37, 145-151.

    Examples
    --------
    Two readers who look at different places, and two who look alike:

    >>> round(jensen_shannon(np.array([[1.0, 0, 0], [0, 1, 1]])), 9), jensen_shannon(np.array([[2.0, 2], [1, 1]]))
    (1.0, 0.0)
    """
    flat = np.asarray(distributions, float).reshape(len(distributions), -1)
    if len(flat) < 2:
        raise InputError(f"distributions: expected at least two to compare; got {len(flat)}")
    if not (flat >= 0).all() or not (flat.sum(1) > 0).all():
        raise InputError("distributions: expected numbers of at least 0, not all 0; got others (or NaN)")
    flat = flat / flat.sum(1, keepdims=True)
    weight = np.full(len(flat), 1 / len(flat)) if weights is None else np.asarray(weights, float) / np.sum(weights)
    # entr(0) is 0, so places that nobody looked at need no small number added to them.
    mixed = special.entr(weight @ flat).sum() - weight @ special.entr(flat).sum(1)
    return float(max(0.0, mixed) / np.log(2))
