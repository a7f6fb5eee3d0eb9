"""How far readers disagree about a case, with each other and with an AI, and how surely that can be known."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from scipy import special, stats

from gazeanalytics.stats.resampling.bootstrap_statistics import needed
from gazeanalytics.tables import TABLES, InputError, shown

__all__ = ["ai_disagreement", "disagreement", "disagreement_reliability", "jensen_shannon"]

_GRID = 101  # chances of a yes
_ROUNDS = 300
_DRAWS = 100
_FEW_SPLITS = 10  # of those, in each draw of the bootstrap
_COLUMNS = [column.name for column in TABLES["estimates"].columns]


def disagreement(
    readings: pd.DataFrame,
    *,
    value: str,
    case: str = "case",
    reader: str = "reader",
    kind: Literal["categories", "numbers"] = "categories",
) -> pd.DataFrame:
    """Measure for every case how far its readers disagree, without bias from how many they are.

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

    Examples
    --------
    >>> said = pd.DataFrame({"case": [1, 1, 1, 2, 2], "reader": list("abcab"), "edema": [1, 1, 0, 0, 0]})
    >>> disagreement(said, value="edema").round(3)
       case  readers  disagreement  split  share  entropy
    0     1        3         0.667   True  0.667    1.159
    1     2        2         0.000  False  1.000    0.000
    """
    known = _known(readings, value, case, reader)
    if kind == "numbers":
        return _of_numbers(known, value, case)
    if kind != "categories":
        raise InputError(f"kind: wanted 'categories' or 'numbers'; came {kind!r}")
    counts = pd.crosstab(known[case], known[value])
    n = counts.to_numpy(float)
    total = n.sum(1)
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


def _known(readings: pd.DataFrame, value: str, case: str, reader: str) -> pd.DataFrame:
    needed(readings, [case, reader])
    needed(readings.head(0), [value])
    known = readings.loc[readings[value].notna(), [case, reader, value]]
    twice = known.duplicated([case, reader])
    if twice.any():
        again = known[twice].iloc[0]
        raise InputError(
            f"reader {shown(again[reader])} comes twice with case {shown(again[case])}: take one finding at a time"
        )
    return known


def _of_numbers(known: pd.DataFrame, value: str, case: str) -> pd.DataFrame:
    """Mean absolute difference of all pairs, from ranks within the case."""
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
    """Measure for every case how far its readers are from an AI, on average over them.

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
    >>> said = pd.DataFrame({"case": [1, 1, 2, 2], "reader": list("abab"), "edema": [1, 0, 0, 0]})
    >>> ai_disagreement(said, pd.Series({1: 0.5, 2: 0.9}), value="edema")
       case  readers   ai  disagreement  excess
    0     1        2  0.5           0.5    -0.5
    1     2        2  0.9           0.9     0.9
    """
    people = disagreement(readings, value=value, case=case, reader=reader, kind="numbers")
    known = _known(readings, value, case, reader)
    given = pd.Series(ai).reindex(people[case])
    if given.isna().any():
        lost = given.index[given.isna()]
        raise InputError(
            f"ai: {len(lost):,} cases have no value, the first {shown(lost[0])}; its index must name cases"
        )
    apart = (known[value].astype(float) - known[case].map(given).astype(float)).abs()
    mean = apart.groupby(known[case], sort=True, observed=True).mean().to_numpy()
    found = {case: people[case], "readers": people["readers"], "ai": given.to_numpy(float), "disagreement": mean}
    return pd.DataFrame({**found, "excess": mean - people["disagreement"].to_numpy()})


def jensen_shannon(distributions: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Give the Jensen-Shannon divergence of several distributions in bits (Lin 1991).

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

    Examples
    --------
    >>> round(jensen_shannon(np.array([[1.0, 0, 0], [0, 1, 1]])), 9), jensen_shannon(np.array([[2.0, 2], [1, 1]]))
    (1.0, 0.0)
    """
    flat = np.asarray(distributions, float).reshape(len(distributions), -1)
    if len(flat) < 2:
        raise InputError(f"distributions: wanted at least two to compare; came {len(flat)}")
    if not (flat >= 0).all() or not (flat.sum(1) > 0).all():
        raise InputError("distributions: wanted numbers of at least 0, not all 0; came others (or NaN)")
    flat = flat / flat.sum(1, keepdims=True)
    weight = np.full(len(flat), 1 / len(flat)) if weights is None else np.asarray(weights, float) / np.sum(weights)
    mixed = special.entr(weight @ flat).sum() - weight @ special.entr(flat).sum(1)
    return float(max(0.0, mixed) / np.log(2))


def disagreement_reliability(
    readings: pd.DataFrame,
    *,
    value: str,
    case: str = "case",
    reader: str = "reader",
    n_splits: int = 100,
    rng: int | np.random.Generator | None = None,
) -> pd.DataFrame:
    """Tell how far disagreement is a property of the case, and how well it could be foretold at best.

    Whether a handful of readers happen to split is partly luck. The ceiling is what a forecaster would reach who knew
    each case's chance of a yes, these chances having whatever distribution fits the votes best; it takes readers as
    alike, so where some always call more than others a forecast can pass it. Hold `predict_disagreement` against it.
    What one half of the readers says about the other half is no such limit: few votes are a coarse measure.

    Parameters
    ----------
    readings, value, case, reader
        As in `disagreement`, categories. Cases with fewer than four readers are left out and counted.
    n_splits : int
        Random halves of each case's readers.
    rng : int, Generator or None
        Randomness.

    Returns
    -------
    pandas.DataFrame
        An `estimates` table: "half" (correlation of both halves' disagreement), "all" (stepped up to all readers,
        Spearman & Brown), "auroc" (of one half's disagreement for whether the other half is split) and, of two
        categories, "ceiling" (area of the best forecast of a split among the usual number of readers). Intervals hold
        the middle 95 % of a bootstrap over cases.

    Raises
    ------
    InputError
        When no case has four readers: with two or three, a case's disagreement can't be told from chance.

    Examples
    --------
    Half of the cases are hard, and on these readers guess:

    >>> rng = np.random.default_rng(1)
    >>> case, reader = np.divmod(np.arange(1600), 8)
    >>> said = np.where(case % 2, rng.integers(0, 2, 1600), 0)
    >>> readings = pd.DataFrame({"case": case, "reader": reader, "said": said})
    >>> disagreement_reliability(readings, value="said", rng=1)[["term", "estimate"]].round(2)
          term  estimate
    0     half      0.71
    1      all      0.83
    2    auroc      0.87
    3  ceiling      0.99
    """
    known = _known(readings, value, case, reader)
    codes, _ = pd.factorize(known[case], sort=True)
    counts = np.bincount(codes)
    if not (counts >= 4).any():
        raise InputError(
            f"wanted at least one case with four readers or more; the most is {counts.max()}: with fewer, disagreement "
            "of a case can't be told from chance"
        )
    kept = counts[codes] >= 4
    what, said = codes[kept], pd.factorize(known[value], sort=True)[0][kept]
    random = np.random.default_rng(rng)
    order = np.lexsort((said, what))
    what, said = pd.factorize(what[order])[0], said[order]
    halves = [_halved(what, said, random) for _ in range(n_splits)]
    cases = int(what.max()) + 1
    few, votes = halves[:_FEW_SPLITS], _yes(what, said)
    draws = (random.integers(0, cases, cases) for _ in range(_DRAWS))
    drawn = np.array([[*_two_halves(few, drew), _ceiling(votes[drew])] for drew in draws])
    estimate = [*_two_halves(halves, np.arange(cases)), _ceiling(votes)]
    low, high = np.nanquantile(drawn, [0.025, 0.975], axis=0)
    left = int((counts < 4).sum())
    note = f"{left} cases with fewer than four readers left out" if left else ""
    found = {
        "model": "reliability",
        "term": ["half", "all", "auroc", "ceiling"],
        "contrast": None,
        "estimate": estimate,
    }
    found |= {
        "std_error": np.nanstd(drawn, axis=0, ddof=1),
        "conf_low": low,
        "conf_high": high,
        "n": cases,
        "note": note,
    }
    table = pd.DataFrame({**dict.fromkeys(_COLUMNS, np.nan), **found})[_COLUMNS]
    return table if said.max() < 2 else table[table["term"] != "ceiling"]


def _yes(what: np.ndarray, said: np.ndarray) -> np.ndarray:
    """Votes for the second category and votes in all of each case, shape (cases, 2)."""
    return np.column_stack([np.bincount(what, said > 0), np.bincount(what)]).astype(int)


def _ceiling(votes: np.ndarray) -> float:
    """Area, for a split, of the forecaster who knows each case's chance of a yes; its distribution is fitted freely."""
    kinds, times = np.unique(votes, axis=0, return_counts=True)
    yes, n = kinds.T
    if not ((yes > 0) & (yes < n)).any() or len(kinds) < 2:
        return float("nan")
    chance = np.linspace(0, 1, _GRID)
    likely = stats.binom.pmf(yes[:, None], n[:, None], chance)
    density = np.full(_GRID, 1 / _GRID)
    for _ in range(_ROUNDS):  # expectation and maximisation (Laird 1978)
        density = times @ (likely * density / (likely @ density)[:, None]) / times.sum()
    usual = float(np.median(votes[:, 1]))
    split = np.round(1 - chance**usual - (1 - chance) ** usual, 9)
    true, false = density * split, density * (1 - split)
    above = (split[:, None] > split) + 0.5 * (split[:, None] == split)
    return float(true @ above @ false / (true.sum() * false.sum()))


def _halved(what: np.ndarray, said: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Disagreement of two random halves of each case's readers, shape (2, cases)."""
    order = np.lexsort((rng.random(len(what)), what))
    first = np.concatenate(([0], np.flatnonzero(np.diff(what)) + 1))
    place = np.arange(len(what)) - np.repeat(first, np.diff([*first, len(what)]))
    half = place % 2
    kinds = said.max() + 1
    shape = (2, what.max() + 1, kinds)
    spots = (half * shape[1] + what[order]) * kinds + said[order]
    n = np.bincount(spots, minlength=int(np.prod(shape))).reshape(shape).astype(float)
    total = n.sum(2)
    return 1 - np.sum(n * (n - 1), axis=2) / (total * (total - 1))


def _two_halves(halves: list[np.ndarray], cases: np.ndarray) -> np.ndarray:
    """Mean over splits of the correlation and the area, for these cases."""
    found = []
    for one, other in halves:
        a, b = one[cases], other[cases]
        flat = np.ptp(a) == 0 or np.ptp(b) == 0
        found.append((np.nan if flat else np.corrcoef(a, b)[0, 1], auroc(a, b > 0)))
    known = ~np.isnan(np.array(found))
    if not known.all(1).any():
        return np.full(3, np.nan)
    half, area = np.nanmean(found, axis=0)
    return np.array([half, 2 * half / (1 + half), area])


def auroc(score: np.ndarray, truth: np.ndarray) -> float:
    """Chance that a true row scores above a false one, ties by half; NaN where only one kind is there.

    Examples
    --------
    >>> auroc(np.array([0.1, 0.4, 0.4, 0.8]), np.array([0, 0, 1, 1]))
    0.875
    """
    there = np.asarray(truth, bool)
    with_it, without = int(there.sum()), int((~there).sum())
    if not with_it or not without:
        return float("nan")
    ranks = stats.rankdata(score)
    return float((ranks[there].sum() - with_it * (with_it + 1) / 2) / (with_it * without))
