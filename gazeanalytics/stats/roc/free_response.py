"""Free-response ROC (FROC) data: marks with ratings, on lesions or elsewhere, and the areas under AFROC curves.

The AFROC area is the mean over pairs of a lesion and a case of [lesion > highest false mark] + half of ties, where an
unmarked lesion or case rates minus infinity. In the weighted form (wAFROC) the lesions of a case share a weight of 1,
so a case with ten lesions doesn't count ten times; it is the default, as Chakraborty & Zhai (2016) recommend. Plain
JAFROC counts of marks per case were left out: they have no upper end, so no area.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gazeanalytics.stats.resampling.clusters import needed
from gazeanalytics.stats.roc.figures_of_merit import PairwiseFigureOfMerit
from gazeanalytics.stats.roc.roc_data import Cell, RocData
from gazeanalytics.tables import InputError, shown

__all__ = ["Afroc", "FrocData", "MarkedCell"]


@dataclass(frozen=True, slots=True)
class MarkedCell(Cell):
    """FROC marks of one reader under one test; a rating of minus infinity stands for no mark.

    Attributes
    ----------
    rating : numpy.ndarray, shape (n,)
        Highest of a case's marks, one below the study's lowest where there is none: the inferred ROC rating.
    false_mark : numpy.ndarray, shape (n,)
        Highest mark of each case that is on no lesion.
    place : numpy.ndarray of int64, shape (lesions,)
        Where each lesion's case stands.
    lesion : numpy.ndarray, shape (lesions,)
        Highest mark of each lesion.
    weight : numpy.ndarray, shape (lesions,)
        Of each lesion within its case; they add up to 1 there.

    Examples
    --------
    Case 0 has a lesion that was marked with 5, case 1 has none and a false mark of 2:

    >>> cell = MarkedCell(np.arange(2), np.array([True, False]), np.array([5.0, 2.0]), np.array([-np.inf, 2.0]),
    ...                   np.array([0]), np.array([5.0]), np.array([1.0]))
    >>> Afroc()(cell)
    1.0
    """

    false_mark: np.ndarray
    place: np.ndarray
    lesion: np.ndarray
    weight: np.ndarray

    def without(self, place: int) -> MarkedCell:
        """Leave out one of its cases with its lesions."""
        kept, still = np.arange(len(self.case)) != place, self.place != place
        case, truth, rating, false_mark = (part[kept] for part in (self.case, self.truth, self.rating, self.false_mark))
        moved, lesion, weight = (part[still] for part in (self.place, self.lesion, self.weight))
        return MarkedCell(case, truth, rating, false_mark, moved - (moved > place), lesion, weight)


@dataclass(frozen=True)
class FrocData(RocData):
    """FROC data of a free-response study; made by `FrocData.from_frame`. Every reader read every case under every test.

    Attributes
    ----------
    false_mark : numpy.ndarray, shape (tests, readers, cases)
    lesion : numpy.ndarray, shape (tests, readers, lesions)
    place : numpy.ndarray of int64, shape (lesions,)
    weight : numpy.ndarray, shape (lesions,)
        As in `MarkedCell`.

    See Also
    --------
    Afroc : the figure of merit for these data.
    RocData : one rating a case, without marks.

    Examples
    --------
    >>> marks = pd.DataFrame({"reader": ["ann", "bob"], "case": [1, 2], "rating": [80, 30], "lesion": ["a", None]})
    >>> data = FrocData.from_frame(marks, pd.DataFrame({"case": [1], "lesion": ["a"]}), [1, 2])
    >>> data.design, data.lesion.ravel().tolist(), data.false_mark.ravel().tolist()
    ('factorial', [80.0, -inf], [-inf, -inf, -inf, 30.0])
    """

    false_mark: np.ndarray
    lesion: np.ndarray
    place: np.ndarray
    weight: np.ndarray

    @classmethod
    def from_frame(
        cls,
        marks: pd.DataFrame,
        lesions: pd.DataFrame,
        cases: Iterable[Any],
        *,
        rating: str = "rating",
        reader: str = "reader",
        case: str = "case",
        test: str | None = None,
    ) -> FrocData:
        """Build FROC data from tables of marks and lesions, for `mrmc` with `Afroc()` (or `Auc()` of the highest mark).

        Parameters
        ----------
        marks : pandas.DataFrame
            One row a mark: reader, case, rating, perhaps test, and `lesion`: the lesion that it hits, missing where
            none. Of several marks on one lesion the highest counts.
        lesions : pandas.DataFrame
            One row a lesion: case and `lesion` (its name within the case), perhaps `weight`, its clinical weight;
            weights are scaled to add up to 1 within a case. Default: alike.
        cases : sequence
            All cases that were read, those without lesions or marks too; all readers are taken to have read them all.
        rating, reader, case, test
            Columns, as for `RocData.from_frame`.

        Returns
        -------
        FrocData

        Raises
        ------
        InputError
            For unknown columns, cases or lesions, missing values, or when all cases or none have lesions.

        Examples
        --------
        Two cases have lesions, two have none; the reader finds one lesion and marks one normal case by mistake:

        >>> marks = pd.DataFrame({"reader": "ann", "case": [1, 3], "rating": [80, 30], "lesion": ["a", None]})
        >>> lesions = pd.DataFrame({"case": [1, 2], "lesion": ["a", "a"]})
        >>> [(_, _, cell)] = FrocData.from_frame(marks, lesions, [1, 2, 3, 4]).cells()
        >>> Afroc()(cell)
        0.625
        """
        needed(marks, [name for name in (case, rating, reader, test) if name])
        needed(marks.head(0), ["lesion"])
        needed(lesions, [case, "lesion"])
        places = pd.Index(sorted(set(cases)))
        spot, home = (_spots(frame[case], places) for frame in (marks, lesions))
        truth = _ill(home, len(places))
        which = _hits(marks, spot, lesions, home, case)
        (how, tests), (who, readers) = (
            pd.factorize(marks[name], sort=True) if name else (np.zeros(len(marks), int), pd.Index(["all"]))
            for name in (test, reader)
        )
        value, hit = marks[rating].to_numpy(float), which >= 0
        shape = len(tests), len(readers)
        false_mark, lesion = np.full((*shape, len(places)), -np.inf), np.full((*shape, len(home)), -np.inf)
        np.maximum.at(false_mark, (how[~hit], who[~hit], spot[~hit]), value[~hit])
        np.maximum.at(lesion, (how[hit], who[hit], which[hit]), value[hit])
        # The ROC rating that marks imply is their highest, on or off a lesion: a reader asked for one rating a case
        # would have given it. Cases without marks rate below all others.
        best = false_mark.copy()
        for found, there in zip(np.moveaxis(lesion, 2, 0), home, strict=True):
            best[:, :, there] = np.maximum(best[:, :, there], found)
        codes = [part.ravel() for part in np.indices(best.shape)]
        return FrocData(
            tests=tuple(tests.tolist()),
            readers=tuple(readers.tolist()),
            cases=tuple(places.tolist()),
            test=codes[0],
            reader=codes[1],
            case=codes[2],
            rating=np.where(np.isneginf(best), value.min() - 1, best).ravel(),
            truth=truth,
            false_mark=false_mark,
            lesion=lesion,
            place=home,
            weight=_weights(lesions, home),
        )

    def cells(self) -> Iterator[tuple[int, int, Cell]]:
        """Give test, reader and marks of every pair, tests first."""
        for test, reader, cell in super().cells():
            own = self.false_mark[test, reader], self.place, self.lesion[test, reader], self.weight
            yield test, reader, MarkedCell(cell.case, cell.truth, cell.rating, *own)


def _ill(home: np.ndarray, cases: int) -> np.ndarray:
    """Which cases have lesions; some must, and some must not."""
    truth = np.isin(np.arange(cases), home)
    if truth.all() or not truth.any():
        kind = "only with" if truth.all() else "none with"
        raise InputError(f"cases: expected some with lesions and some without; got {kind}")
    return truth


def _hits(marks: pd.DataFrame, spot: np.ndarray, lesions: pd.DataFrame, home: np.ndarray, case: str) -> np.ndarray:
    """Which lesion each mark hits, -1 for none, shape (marks,)."""
    named = pd.MultiIndex.from_arrays([home, lesions["lesion"]])
    if not named.is_unique:
        raise InputError(f"lesions: lesion {shown(named[named.duplicated()][0][1])} is listed twice in one case")
    hit = marks["lesion"].notna().to_numpy()
    which = np.full(len(marks), -1)
    which[hit] = named.get_indexer(pd.MultiIndex.from_arrays([spot[hit], marks["lesion"][hit]]))
    if (which[hit] < 0).any():
        odd = marks[hit].iloc[int(np.argmin(which[hit]))]
        raise InputError(f"marks: case {shown(odd[case])} has no lesion {shown(odd['lesion'])}; add it to `lesions`")
    return which


def _spots(column: pd.Series, places: pd.Index) -> np.ndarray:
    found = places.get_indexer(pd.Index(column))
    if (found < 0).any():
        raise InputError(f"case {shown(column.iloc[int(np.argmin(found))])} is not among `cases`")
    return found.astype(np.int64)


def _weights(lesions: pd.DataFrame, home: np.ndarray) -> np.ndarray:
    weight = lesions["weight"].to_numpy(float) if "weight" in lesions else np.ones(len(lesions))
    if not (weight > 0).all():
        raise InputError("column 'weight': expected numbers above 0")
    return weight / np.bincount(home, weight)[home]


@dataclass(frozen=True, slots=True)
class Afroc(PairwiseFigureOfMerit):
    """Area under the alternative free-response ROC curve (AFROC, weighted AFROC).

    The chance that a lesion is rated above the highest false mark of a case; lesions and cases without a mark rate
    lowest, ties count by half.

    Parameters
    ----------
    weighted : bool
        Every case with lesions counts alike, its lesions by their weights (wAFROC); else every lesion does (AFROC).
    all_cases : bool
        Compare lesions with false marks of all cases (AFROC1, wAFROC1) instead of those of cases without lesions.

    References
    ----------
    Chakraborty DP, Berbaum KS (2004). Observer studies involving detection and localization: modeling, analysis, and
    validation. Med. Phys. 31, 2313-2330.
    Chakraborty DP, Zhai X (2016). On the meaning of the weighted alternative free-response operating characteristic
    figure of merit. Med. Phys. 43, 2548-2557.

    Examples
    --------
    >>> cell = MarkedCell(np.arange(3), np.array([True, False, False]), np.array([5.0, 2.0, 0.0]),
    ...     np.array([-np.inf, 2, -np.inf]), np.array([0, 0]), np.array([5.0, -np.inf]), np.array([0.5, 0.5]))
    >>> Afroc()(cell)
    0.625
    """

    weighted: bool = True
    all_cases: bool = False

    @property
    def name(self) -> str:
        """Such as `wAFROC area`."""
        return f"{'w' if self.weighted else ''}AFROC{'1' if self.all_cases else ''} area"

    @property
    def whole(self) -> bool:
        """Whether it is a mean over pairs of a case with and one without lesions."""
        return self.weighted and not self.all_cases

    def scores(self, cell: Cell) -> np.ndarray:
        """Give the weighted share of a case's lesions that are rated above another case's false marks."""
        marked = _marked(cell)
        out = np.zeros((len(cell.truth), int((~cell.truth).sum())))
        np.add.at(out, marked.place, marked.weight[:, None] * _above(marked.lesion, marked.false_mark[~cell.truth]))
        return out[cell.truth]

    def __call__(self, cell: Cell) -> float:
        """Average over lesions and false marks."""
        if self.whole:
            return PairwiseFigureOfMerit.__call__(self, cell)
        marked = _marked(cell)
        false_mark = marked.false_mark if self.all_cases else marked.false_mark[~cell.truth]
        weight = marked.weight if self.weighted else np.ones(len(marked.weight))
        return float(weight @ _above(marked.lesion, false_mark).mean(1) / weight.sum())

    def left_out(self, cell: Cell) -> np.ndarray:
        """Give it without each case in turn."""
        if self.whole:
            return PairwiseFigureOfMerit.left_out(self, cell)
        # With all cases' false marks a lesion is also compared with its own case, so no case has a placement of its
        # own.
        return np.array([self(cell.without(place)) for place in range(len(cell.case))])


def _marked(cell: Cell) -> MarkedCell:
    if not isinstance(cell, MarkedCell):
        raise InputError("AFROC areas need marks: make the data with FrocData.from_frame, not RocData.from_frame")
    return cell


def _above(lesion: np.ndarray, false_mark: np.ndarray) -> np.ndarray:
    """Give 1 where a lesion is rated higher, one half where both are alike (or both unmarked)."""
    # Minus infinity equals itself, so a missed lesion against an unmarked case counts by half: without marks the area
    # is 0.5, as guessing is.
    return (lesion[:, None] > false_mark) + 0.5 * (lesion[:, None] == false_mark)
