"""Error covariances of figures of merit of readers and tests that share cases: jackknife, DeLong, unbiased.

All take any design: a case that a reader didn't read changes nothing of that reader's figure. The bootstrap, a fourth
way, was left out: it estimates what the jackknife does, with noise added and at many times the cost.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gazeanalytics.stats.roc.figures_of_merit import FigureOfMerit, PairwiseFigureOfMerit
from gazeanalytics.stats.roc.roc_data import Cell, RocData
from gazeanalytics.tables import InputError, nearest

__all__ = ["COVARIANCES", "covariance", "pseudovalues"]

_ROUNDING = 1e-14  # of figures of merit, which lie between 0 and 1; one case of a million changes them by 1e-12

Cells = list[Cell]
Method = Callable[[FigureOfMerit, Cells, int], np.ndarray]


def covariance(data: RocData, figure_of_merit: FigureOfMerit, method: str) -> tuple[np.ndarray, np.ndarray]:
    """Give figures of merit and their error covariances.

    Parameters
    ----------
    data : RocData
    figure_of_merit : FigureOfMerit
    method : {"jackknife", "delong", "unbiased"}

    Returns
    -------
    values : numpy.ndarray, shape (tests, readers)
    covariance : numpy.ndarray, shape (tests * readers, tests * readers)
        Readers within tests.

    Raises
    ------
    InputError
        For an unknown method, or a reader who saw fewer than two cases of either kind.

    Examples
    --------
    One reader; the standard error of the AUC by two methods:

    >>> import pandas as pd
    >>> from gazeanalytics.stats.roc import Auc
    >>> cell = pd.DataFrame({"case": range(6), "truth": [0, 0, 0, 1, 1, 1], "rating": [1, 2, 4, 3, 5, 6]})
    >>> data = RocData.from_frame(cell, reader=None)
    >>> [round(float(covariance(data, Auc(), method)[1][0, 0]) ** 0.5, 3) for method in ("jackknife", "delong")]
    [0.176, 0.157]
    """
    if method not in COVARIANCES:
        choices = ", ".join(map(repr, COVARIANCES))
        raise InputError(f"covariance: expected one of {choices}; got {method!r}; {nearest(method, [*COVARIANCES])}")
    cells = two_kinds(data)
    values = np.array([figure_of_merit(cell) for cell in cells]).reshape(len(data.tests), len(data.readers))
    return values, COVARIANCES[method](figure_of_merit, cells, len(data.cases))


def two_kinds(data: RocData) -> Cells:
    """Give the cells, refusing readers who saw fewer than two cases of either kind.

    Examples
    --------
    >>> import pandas as pd
    >>> cell = pd.DataFrame({"case": range(4), "truth": [0, 0, 1, 1], "rating": [1, 2, 4, 3]})
    >>> len(two_kinds(RocData.from_frame(cell, reader=None)))
    1
    """
    cells = []
    for test, reader, cell in data.cells():
        counts = int((~cell.truth).sum()), int(cell.truth.sum())
        if min(counts) < 2:
            place = f"reader {data.readers[reader]!r}"
            place += f" under test {data.tests[test]!r}" if len(data.tests) > 1 else ""
            raise InputError(
                f"{place} read {counts[0]} cases without and {counts[1]} with the finding; expected at least two of "
                "each: leave the reader out, or use one_shot, which weighs readers by what they read"
            )
        cells.append(cell)
    return cells


def pseudovalues(data: RocData, figure_of_merit: FigureOfMerit) -> np.ndarray:
    """Give jackknife pseudovalues, A + (n - 1) (mean A(without k) - A(without k)), shape (tests, readers, cases).

    Centred so that they average to the figure of merit itself, as the field's programs have them; plain ones, n A -
    (n - 1) A(without k), average to its bias-corrected value.

    Examples
    --------
    >>> import pandas as pd
    >>> from gazeanalytics.stats.roc import Auc
    >>> cell = pd.DataFrame({"case": range(6), "truth": [0, 0, 0, 1, 1, 1], "rating": [1, 2, 4, 3, 5, 6]})
    >>> found = pseudovalues(RocData.from_frame(cell, reader=None), Auc())
    >>> found.shape, round(float(found.mean()), 4), round(8 / 9, 4)
    ((1, 1, 6), 0.8889, 0.8889)
    """
    left = _left_out(figure_of_merit, two_kinds(data), len(data.cases))
    values = np.array([figure_of_merit(cell) for _, _, cell in data.cells()])
    pseudo = values[:, None] + (left.shape[1] - 1) * (left.mean(1, keepdims=True) - left)
    return pseudo.reshape(len(data.tests), len(data.readers), -1)


def _left_out(figure_of_merit: FigureOfMerit, cells: Cells, cases: int) -> np.ndarray:
    """Figure of merit without each case, which is the whole where a reader didn't read it."""
    left = np.empty((len(cells), cases))
    for row, cell in zip(left, cells, strict=True):
        # A case that this reader didn't read leaves the figure as it is: nested and crossed designs need no other rule.
        row[:] = figure_of_merit(cell)
        row[cell.case] = figure_of_merit.left_out(cell)
    return left


def _jackknife(figure_of_merit: FigureOfMerit, cells: Cells, cases: int) -> np.ndarray:
    """Quenouille and Tukey's: (n - 1) / n sum over cases of (A(without k) - mean) for both figures."""
    # Over the cases that count: for sensitivity only those with the finding. Cases without it change nothing when left
    # out, and counting them in n would overstate the variance.
    counts = np.zeros(cases, bool)
    for cell in cells:
        counts[cell.case[np.isin(cell.truth, figure_of_merit.kinds)]] = True
    left = _left_out(figure_of_merit, cells, cases)[:, counts]
    off, n = left - left.mean(1, keepdims=True), left.shape[1]
    off[np.abs(off).max(1) <= _ROUNDING] = 0.0  # leaving out a case changes nothing; a mean of 0.1s is not quite 0.1
    return (n - 1) / n * off @ off.T


def _delong(figure_of_merit: FigureOfMerit, cells: Cells, cases: int) -> np.ndarray:
    """Covariances of placements, cases with and without the finding apart (DeLong, DeLong & Clarke-Pearson 1988)."""
    # S = S10 / m + S01 / n, where S10 is the sample covariance over the m cases with the finding of their placements.
    # With readers who share only some cases, the shared ones give the covariance and all of them the divisor.
    figure_of_merit = _over_pairs(figure_of_merit, "delong")
    total = np.zeros((len(cells), len(cells)))
    for kind in (False, True):
        off, read = np.zeros((len(cells), cases)), np.zeros((len(cells), cases))
        for row, (place, cell) in enumerate(zip(off, cells, strict=True)):
            mine = cell.truth == kind
            placed = figure_of_merit.placements(cell)[mine]
            place[cell.case[mine]], read[row, cell.case[mine]] = placed - placed.mean(), 1.0
        both, n = read @ read.T, read.sum(1)
        total += off @ off.T * both / np.maximum(both - 1, 1) / np.outer(n, n)
    return total


def _unbiased(figure_of_merit: FigureOfMerit, cells: Cells, cases: int) -> np.ndarray:
    """Product of two areas less the mean product over pairs of pairs that share no case (Gallas 2006, Hillis 2018)."""
    # Cov(A, B) = E[A B] - E[A] E[B], and products of scores that share no case estimate E[A] E[B] without bias. It can
    # come out below 0, which the jackknife (a little too large on average) can't. Scores are taken less their mean, so
    # that the first product is 0: nothing changes where both cells hold the same cases (or none in common), but where
    # they share some, cases read once stand in more of the pairs that share nothing, and pull their mean along.
    figure_of_merit = _over_pairs(figure_of_merit, "unbiased")
    scores = (figure_of_merit.scores(cell) for cell in cells)
    whole = [_Scores(own - own.mean(), cell, cases) for own, cell in zip(scores, cells, strict=True)]
    return -np.array([[_apart(one, other) for other in whole] for one in whole]) + 0.0


class _Scores:
    """Scores of the pairs of one cell, with the places of its cases among all."""

    def __init__(self, scores: np.ndarray, cell: Cell, cases: int) -> None:
        self.scores = scores
        self.sums = scores.sum(1), scores.sum(0)
        self.place = [np.full(cases, -1) for _ in range(2)]
        for place, kind in zip(self.place, (True, False), strict=True):
            place[cell.case[cell.truth == kind]] = np.arange(np.sum(cell.truth == kind))

    def shared(self, other: _Scores, axis: int) -> tuple[np.ndarray, np.ndarray]:
        both = (self.place[axis] >= 0) & (other.place[axis] >= 0)
        return self.place[axis][both], other.place[axis][both]


def _apart(one: _Scores, other: _Scores) -> float:
    """Mean product of scores over two pairs that share neither case: all, less those that share one, plus both."""
    with_it, without = one.shared(other, 0), one.shared(other, 1)
    (a, b), (c, d) = one.scores.shape, other.scores.shape
    total = one.sums[0].sum() * other.sums[0].sum()
    total -= one.sums[0][with_it[0]] @ other.sums[0][with_it[1]]
    total -= one.sums[1][without[0]] @ other.sums[1][without[1]]
    total += np.sum(one.scores[np.ix_(with_it[0], without[0])] * other.scores[np.ix_(with_it[1], without[1])])
    # Inclusion and exclusion over shared cases turns a sum over pairs of pairs (n^4 terms) into group sums (n^2).
    m, k = len(with_it[0]), len(without[0])
    return float(total) / (a * b * c * d - m * b * d - k * a * c + m * k)


def _over_pairs(figure_of_merit: FigureOfMerit, method: str) -> PairwiseFigureOfMerit:
    if isinstance(figure_of_merit, PairwiseFigureOfMerit) and getattr(figure_of_merit, "whole", True):
        return figure_of_merit
    raise InputError(
        f"covariance {method!r} is for means over pairs of cases, such as the empirical AUC; for the "
        f"{figure_of_merit.name} take 'jackknife'"
    )


COVARIANCES: dict[str, Method] = {"jackknife": _jackknife, "delong": _delong, "unbiased": _unbiased}
