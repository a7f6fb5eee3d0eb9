"""Reliability of disagreement: how far it is a property of the case, and how well it could be predicted at best."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from scipy import stats

from gazeanalytics.stats.agreement.disagreement import known_readings
from gazeanalytics.tables import ESTIMATES, InputError

__all__ = ["auroc", "disagreement_reliability"]

_GRID = 101  # chances of a yes
_MAX_ITER = 300
_DRAWS = 100
_FEW_SPLITS = 10  # of those, in each draw of the bootstrap
_COLUMNS = list(ESTIMATES)


def disagreement_reliability(
    readings: pd.DataFrame,
    *,
    value: str,
    case: str = "case",
    reader: str = "reader",
    n_splits: int = 100,
    confidence: float | None = 0.95,
    rng: int | np.random.Generator | None = None,
) -> pd.DataFrame:
    """Estimate the split-half reliability of disagreement, and the best AUROC that a prediction of it can reach.

    Whether a handful of readers happen to split is partly luck. The ceiling is what a predictor would reach that knew
    each case's chance of a yes, these chances having whatever distribution fits the votes best; it takes readers as
    alike, so where some always call more than others a prediction can pass it. Compare `predict_disagreement` with it.
    What one half of the readers says about the other half is no such limit: few votes are a coarse measure.

    Parameters
    ----------
    readings, value, case, reader
        As in `disagreement`, categories. Cases with fewer than four readers are left out and counted.
    n_splits : int
        Random halves of each case's readers.
    confidence : float or None
        Of the intervals; None leaves them out, and with them the bootstrap, which takes nearly all the time.
    rng : int, Generator or None
        Randomness.

    Returns
    -------
    pandas.DataFrame
        An `estimates` table: "half" (correlation of both halves' disagreement), "all" (stepped up to all readers,
        Spearman & Brown), "auroc" (of one half's disagreement for whether the other half is split) and, of two
        categories, "ceiling" (area of the best prediction of a split among the usual number of readers). Intervals are
        the percentiles of a bootstrap over cases.

    Raises
    ------
    InputError
        When no case has four readers: with two or three, a case's disagreement can't be distinguished from chance.

    References
    ----------
    Laird N (1978). Nonparametric maximum likelihood estimation of a mixing distribution. J. Am. Stat. Assoc. 73,
    805-811.

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
    known = known_readings(readings, value, case, reader)
    codes, _ = pd.factorize(known[case], sort=True)
    counts = np.bincount(codes)
    if not (counts >= 4).any():
        raise InputError(
            f"expected at least one case with four readers or more; got at most {counts.max()}: with fewer, "
            "disagreement of a case can't be distinguished from chance"
        )
    kept = counts[codes] >= 4
    what, said = codes[kept], pd.factorize(known[value], sort=True)[0][kept]
    random = np.random.default_rng(rng)
    order = np.lexsort((said, what))
    what, said = pd.factorize(what[order])[0], said[order]
    halves = [_halved(what, said, random) for _ in range(n_splits)]
    cases = int(what.max()) + 1
    # Ten of the splits in each draw: the spread over cases is what the interval needs, and that over splits is small.
    few, votes = halves[:_FEW_SPLITS], _yes(what, said)
    draws = (random.integers(0, cases, cases) for _ in range(0 if confidence is None else _DRAWS))
    drawn = [[*_two_halves(few, drew), _ceiling(votes[drew])] for drew in draws] or [[np.nan] * 4]
    estimate = [*_two_halves(halves, np.arange(cases)), _ceiling(votes)]
    left = int((counts < 4).sum())
    table = _table(np.array(estimate), np.array(drawn), confidence or 0.0).assign(
        n=cases, note=f"{left} cases with fewer than four readers left out" if left else ""
    )
    return table if said.max() < 2 else table[table["term"] != "ceiling"]


def _table(estimate: np.ndarray, drawn: np.ndarray, confidence: float) -> pd.DataFrame:
    with warnings.catch_warnings():
        # A term that no draw can give is NaN, which says it; numpy's words would name neither finding nor term.
        warnings.simplefilter("ignore", RuntimeWarning)
        low, high = np.nanquantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
        spread = np.nanstd(drawn, axis=0, ddof=1)
    ends = {"std_error": spread, "conf_low": low, "conf_high": high}
    found = {
        "model": "reliability",
        "term": ["half", "all", "auroc", "ceiling"],
        "contrast": None,
        "estimate": estimate,
    }
    return pd.DataFrame({**dict.fromkeys(_COLUMNS, np.nan), **found, **ends})[_COLUMNS]


def _yes(what: np.ndarray, said: np.ndarray) -> np.ndarray:
    """Votes for the second category and votes in all of each case, shape (cases, 2)."""
    return np.column_stack([np.bincount(what, said > 0), np.bincount(what)]).astype(int)


def _ceiling(votes: np.ndarray) -> float:
    """AUROC, for a split, of a predictor that knows each case's chance of a yes."""
    # The distribution of these chances is fitted freely on a grid by expectation and maximisation (Laird 1978's
    # nonparametric maximum likelihood). A beta distribution would be quicker, but can't hold a heap of cases at 0.
    kinds, times = np.unique(votes, axis=0, return_counts=True)
    yes, n = kinds.T
    if not ((yes > 0) & (yes < n)).any() or len(kinds) < 2:
        return float("nan")
    chance = np.linspace(0, 1, _GRID)
    likely = stats.binom.pmf(yes[:, None], n[:, None], chance)
    density = np.full(_GRID, 1 / _GRID)
    for _ in range(_MAX_ITER):
        density = times @ (likely * density / (likely @ density)[:, None]) / times.sum()
    usual = float(np.median(votes[:, 1]))
    # P(split) among n readers = 1 - p^n - (1 - p)^n. Rounded, or p and 1 - p would differ in the last digit and not
    # tie.
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
    """Mean over splits of the correlation (as it is, and stepped up by 2 r / (1 + r)) and the area, for these cases."""
    found = []
    for one, other in halves:
        a, b = one[cases], other[cases]
        flat = np.ptp(a) == 0 or np.ptp(b) == 0
        found.append((np.nan if flat else np.corrcoef(a, b)[0, 1], auroc(a, b > 0)))
    known = ~np.isnan(np.array(found))
    if not known.all(1).any():
        return np.full(3, np.nan)
    half, area = np.nanmean(found, axis=0)
    # Halves that are each other's reverse say nothing of the whole.
    return np.array([half, 2 * half / (1 + half) if half > -1 else np.nan, area])


def auroc(score: np.ndarray, truth: np.ndarray) -> float:
    """Compute the AUROC: the chance that a true row scores above a false one, ties by half; NaN with one kind alone.

    From the rank sum of the true rows (Mann & Whitney 1947).

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
