"""One-shot MRMC analysis of any design, complete or not: one estimate from all comparable pairs, unbiased variance.

Gallas (2006) writes the variance of the AUC as a combination of second moments: mean products of two pair scores that
share the reader, the case with the finding, the case without it, or any two or all of them. With X = weighted mean of
scores s with weights w (which sum to W), and the sum over pairs of scores (a, b) that share nothing,

    Var(X) = E[X^2] - E[X]^2,   E[X]^2 estimated by  sum w_a w_b s_a s_b / sum w_a w_b.

Sums over pairs that share nothing follow by inclusion and exclusion from group sums ("share at least this"), so the
work grows with the number of scores, not its square. Scores are taken less their mean before, which changes nothing in
a complete design; without it, readers who read much pull the products apart in an incomplete one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Any, Literal

import numpy as np
import pandas as pd

from gazeanalytics.stats.roc._estimates import (
    FEW_READERS,
    estimate_row,
    estimates_table,
    pairs,
    with_test,
    without_rounding,
)
from gazeanalytics.stats.roc.figures_of_merit import Auc, FigureOfMerit, Sensitivity, Specificity, calls
from gazeanalytics.stats.roc.roc_data import Cell, RocData
from gazeanalytics.tables import InputError

__all__ = ["one_shot"]

_MAX_PAIRS = 100_000_000  # of cases within readers: more don't fit into memory


@dataclass(frozen=True)
class _Items:
    """Scores of one test with their weights: pairs of cases within a reader, or single readings.

    Attributes
    ----------
    keys : tuple of numpy.ndarray of int64, each shape (items,)
        Reader, case with the finding, case without it; or reader and case.
    weight, score : numpy.ndarray, shape (items,)
        Scores less their weighted mean: who read much would else pull the products apart.
    mean : float
        Weighted mean of the scores.
    """

    keys: tuple[np.ndarray, ...]
    weight: np.ndarray
    score: np.ndarray
    mean: float


def one_shot(
    data: RocData,
    *,
    figure_of_merit: FigureOfMerit | None = None,
    weights: Literal["pairs", "readers"] = "pairs",
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Estimate AUC, sensitivity or specificity when each case is read by few of many readers (one-shot MRMC analysis).

    Every pair of a case with and one without the finding that one reader read under one test counts (Gallas 2006;
    Gallas et al. 2009). The variance is less the mean product of two scores that share neither reader nor case, each
    less the estimate; where the design is complete this is Obuchowski & Rockette's with unbiased covariances. It is
    never taken below what readers, or cases of one kind, add to it. What is assumed: readers and cases are drawn at
    random, and who reads what doesn't depend on what would be said. A t interval has Satterthwaite's degrees of freedom
    over readers and both kinds of cases; of 95 % intervals of simulated studies .93 to .95 covered the truth, .91 to
    .94 with six readers.

    Parameters
    ----------
    data : RocData
        From `RocData.from_frame`, of any design; tests may share readers and cases or not.
    figure_of_merit : FigureOfMerit, optional
        `Auc()` (default), or `Sensitivity()` or `Specificity()` for ratings of 0 and 1.
    weights : {"pairs", "readers"}
        Every pair (or reading) counts alike, or every reader does, however much he read. Readers without both kinds of
        cases can't count for the AUC.
    confidence : float
        Of the intervals.

    Returns
    -------
    pandas.DataFrame
        An `estimates` table: "difference" of every two tests and "mean" of each test. `note` counts readers left out,
        and says where the variance is 0 or its estimate below 0, so that no error can be estimated.

    Raises
    ------
    InputError
        When a test has no reader who saw both kinds of cases, or no two readings that share neither reader nor case,
        or for another figure of merit.

    See Also
    --------
    mrmc : for complete and nested designs, with any figure of merit.
    cluster_bootstrap : for any statistic of readings.

    References
    ----------
    Gallas BD (2006). One-shot estimate of MRMC variance: AUC. Acad. Radiol. 13, 353-362.
    Gallas BD, Bandos A, Samuelson FW, Wagner RF (2009). A framework for random-effects ROC analysis: biases with the
    bootstrap and other variance estimators. Commun. Stat. Theory Methods 38, 2586-2603.

    Examples
    --------
    Forty readers and 300 cases, each read by two of them:

    >>> from gazeanalytics.stats.roc import RocData
    >>> rng = np.random.default_rng(1)
    >>> case = np.repeat(np.arange(300), 2)
    >>> reader = rng.integers(0, 20, 600) + 20 * (np.arange(600) % 2)
    >>> rating = (case % 2) + rng.normal(0, 0.6, 300)[case] + rng.normal(0, 0.8, 600)
    >>> readings = pd.DataFrame({"reader": reader, "case": case, "truth": case % 2, "rating": rating})
    >>> one_shot(RocData.from_frame(readings))[["term", "estimate", "conf_low", "conf_high"]].round(2)
       term  estimate  conf_low  conf_high
    0  mean      0.74      0.68        0.8
    """
    merit = _supported(Auc() if figure_of_merit is None else figure_of_merit)
    if weights not in ("pairs", "readers"):
        raise InputError(f"weights: expected 'pairs' or 'readers'; got {weights!r}")
    tests = [_items(data, test, merit, weights) for test in range(len(data.tests))]
    means = np.array([items.mean for items in tests])
    found = {(a, b): _moments(tests[a], tests[b]) for a in range(len(tests)) for b in range(a, len(tests))}
    rows = [_difference(data, pair, means, found, confidence) for pair in pairs(len(tests))]
    for test, name in enumerate(data.tests):
        variance, df = _spread([(1.0, found[test, test])])
        rows.append(estimate_row("mean", name, means[test], variance, df, confidence, bounded=True))
    few = f"small cell: {len(data.readers)} readers stand for all" if len(data.readers) < FEW_READERS else ""
    note = "; ".join(part for part in (few, _left_out(data, merit)) if part)
    return estimates_table(merit.name, rows, len(data.rating), note)


def _supported(figure_of_merit: FigureOfMerit) -> FigureOfMerit:
    """Refuse what is no mean over pairs of cases or over single readings."""
    whole = isinstance(figure_of_merit, Auc) and figure_of_merit.whole
    if whole or isinstance(figure_of_merit, Sensitivity | Specificity):
        return figure_of_merit
    name = getattr(figure_of_merit, "name", repr(figure_of_merit))
    raise InputError(
        f"figure_of_merit: expected Auc(), Sensitivity() or Specificity(); got {name}: take mrmc (complete designs) or "
        "cluster_bootstrap"
    )


def _difference(
    data: RocData,
    pair: tuple[int, int],
    means: np.ndarray,
    found: dict[tuple[int, int], np.ndarray],
    confidence: float,
) -> dict[str, Any]:
    a, b = pair
    variance, df = _spread([(1.0, found[a, a]), (1.0, found[b, b]), (-2.0, found[a, b])])
    name = f"{data.tests[a]} - {data.tests[b]}"
    return with_test(estimate_row("difference", name, float(means[a] - means[b]), variance, df, confidence), df)


def _items(data: RocData, test: int, figure_of_merit: FigureOfMerit, weights: str) -> _Items:
    cells = [(reader, cell) for own, reader, cell in data.cells() if own == test]
    paired = isinstance(figure_of_merit, Auc)
    size = sum(int(cell.truth.sum() * (~cell.truth).sum()) for _, cell in cells)
    if paired and size > _MAX_PAIRS:
        raise InputError(
            f"{size:,} pairs of cases are too many to hold; take cluster_bootstrap with AucStatistic(within='reader'), "
            "or mrmc"
        )
    parts = [_reader_items(reader, cell, figure_of_merit, weights) for reader, cell in cells]
    joined = [np.concatenate(part) for part in zip(*parts, strict=True)] if parts else [np.zeros(0)]
    if not len(joined[0]):
        what = "saw cases with and without the finding" if paired else "saw a case that counts"
        raise InputError(f"test {data.tests[test]!r}: no reader {what}, so nothing can be compared")
    *keys, weight, score = joined
    mean = float(weight @ score / weight.sum())
    return _Items(tuple(key.astype(np.int64) for key in keys), weight, score - mean, mean)


def _reader_items(reader: int, cell: Cell, figure_of_merit: FigureOfMerit, weights: str) -> tuple[np.ndarray, ...]:
    if isinstance(figure_of_merit, Auc):
        with_it, without = np.flatnonzero(cell.truth), np.flatnonzero(~cell.truth)
        i, j = (part.ravel() for part in np.meshgrid(with_it, without, indexing="ij"))
        score = 0.5 * (1 + np.sign(cell.rating[i] - cell.rating[j]))
        keys = np.full(len(i), reader), cell.case[i], cell.case[j]
    else:
        kind = isinstance(figure_of_merit, Sensitivity)
        called = calls(cell, kind)
        score = called if kind else 1 - called
        keys = np.full(len(score), reader), cell.case[cell.truth == kind]
    size = len(score)
    weight = np.full(size, 1.0 if weights == "pairs" else 1.0 / max(size, 1))
    return (*keys, weight, score)


def _left_out(data: RocData, figure_of_merit: FigureOfMerit) -> str:
    if not isinstance(figure_of_merit, Auc):
        return ""
    seen = {reader for _, reader, cell in data.cells() if 0 < cell.truth.sum() < len(cell.truth)}
    lost = len(data.readers) - len(seen)
    return f"{lost:,} of {len(data.readers):,} readers saw one kind of case only and are left out" if lost else ""


def _moments(one: _Items, other: _Items) -> np.ndarray:
    """Covariance of two estimates, what sharing readers, and what sharing cases of each kind alone adds, and counts.

    Products of items are sorted by what two items share. Those that share nothing have the covariance's opposite for a
    mean, as all products sum to 0. Whatever two items of one reader share belongs to the reader: as in Hillis's (2007)
    degrees of freedom, where it makes up the mean square of readers.
    """
    factors = len(one.keys)
    sets = [frozenset(part) for part in _subsets(factors)]
    same = one is other
    sums = {part: _shared(one, other, part, same=same) for part in sets}
    # "At least this shared" is a sum over groups of (group sum)^2, one pass; "exactly this" follows by inclusion and
    # exclusion. Going over pairs of items, as the definition has it, would take 10^10 products for 100,000 readings.
    weight, score = (_exactly({part: both[k] for part, both in sums.items()}, factors) for k in (0, 1))
    nothing = frozenset()
    if not weight[nothing] > 0:
        raise InputError(
            "no two readings share neither reader nor case, so their variance can't be estimated: more readers are "
            "needed, or mrmc with fixed='readers'"
        )
    apart = score[nothing] / weight[nothing]
    total = one.weight.sum() * other.weight.sum()
    beyond = {part: (score[part] - apart * weight[part]) / total for part in sets}
    # What a reader adds is everything two scores of one reader share, cases included: readers' mean square holds it
    # too.
    alone = [sum(value for part, value in beyond.items() if 0 in part)]
    alone += [beyond[frozenset([factor])] for factor in range(1, factors)]
    sizes = [len(np.unique(key)) for key in one.keys]
    return np.array([-apart, *alone, *sizes])


def _subsets(factors: int) -> Iterator[tuple[int, ...]]:
    return chain.from_iterable(combinations(range(factors), size) for size in range(factors + 1))


def _shared(one: _Items, other: _Items, part: frozenset[int], *, same: bool) -> tuple[float, float]:
    """Sum of products of weights, and of weighted scores, over pairs of items that share at least these keys."""
    values = [(items.weight, items.weight * items.score) for items in (one, other)]
    if not part:
        (weight, score), (others, scores) = values
        return float(weight.sum() * others.sum()), float(score.sum() * scores.sum())
    codes, count = _joint(one, other, sorted(part), same)
    cut = len(one.weight)
    found = []
    for first, second in zip(*values, strict=True):
        left = np.bincount(codes[:cut], first, count)
        right = left if same else np.bincount(codes[cut:], second, count)
        found.append(float(left @ right))
    return found[0], found[1]


def _joint(one: _Items, other: _Items, part: list[int], same: bool) -> tuple[np.ndarray, int]:
    """Number the combinations of some keys alike in both."""
    keys = [one.keys[factor] if same else np.concatenate([one.keys[factor], other.keys[factor]]) for factor in part]
    code = keys[0]
    for key in keys[1:]:
        code = code * (key.max() + 1) + key
    if len(part) == 1:
        return code, int(code.max()) + 1
    labels, found = np.unique(code, return_inverse=True)
    return found, len(labels)


def _exactly(at_least: dict[frozenset[int], float], factors: int) -> dict[frozenset[int], float]:
    """Turn sums over pairs that share at least some keys into those that share these and no others."""
    everything = frozenset(range(factors))
    found = {}
    for part in at_least:
        rest = sorted(everything - part)
        more = (
            part | frozenset(extra)
            for extra in chain.from_iterable(combinations(rest, k) for k in range(len(rest) + 1))
        )
        found[part] = sum((-1) ** (len(bigger) - len(part)) * at_least[bigger] for bigger in more)
    return found


def _spread(parts: list[tuple[float, np.ndarray]]) -> tuple[float, float]:
    """Variance of a combination, and degrees of freedom from what readers and cases each add (Satterthwaite 1946)."""
    factors = (len(parts[0][1]) - 1) // 2
    added = np.array([sign * part[: factors + 1] for sign, part in parts])
    summed = [
        without_rounding(float(total), scale) for total, scale in zip(added.sum(0), np.abs(added).max(0), strict=True)
    ]
    alone = np.maximum(summed[1:], 0.0)
    # By chance the whole comes out below one of its parts, which can't be; without parts it may stay below 0.
    variance = max(float(alone.max()), summed[0]) if alone.any() else summed[0] + 0.0
    sizes = np.min([part[factors + 1 :] for _, part in parts], axis=0)
    bottom = float(np.sum(alone**2 / np.maximum(sizes - 1, 1)))
    if not (bottom > 0 and variance > 0):
        return variance, np.inf
    return variance, max(variance**2 / bottom, float(sizes.min() - 1))
