"""ROC data: who rated which case how, under which test, and the study design that this shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from gazeanalytics.brief import Brief
from gazeanalytics.tables import InputError, nearest

__all__ = ["Cell", "RocData"]

FACTORIAL = "factorial"
BY_READER = "cases nested in readers"
BY_TEST = "cases nested in tests"
BY_READER_AND_TEST = "cases nested in readers and tests"
SHARED_IN_PART = "tests share some cases"
INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True)
class Cell:
    """ROC ratings of one reader under one test.

    Attributes
    ----------
    case : numpy.ndarray of int64, shape (n,)
        Which cases, in rising order.
    truth : numpy.ndarray of bool, shape (n,)
        Whether the finding is there.
    rating : numpy.ndarray, shape (n,)
        Higher means more confident that it is there.

    Examples
    --------
    >>> cell = Cell(np.array([3, 8, 9]), np.array([False, True, True]), np.array([10.0, 80.0, 60.0]))
    >>> cell.without(0).rating.tolist()
    [80.0, 60.0]
    """

    case: np.ndarray
    truth: np.ndarray
    rating: np.ndarray

    def without(self, place: int) -> Cell:
        """Leave one of its cases out, as the jackknife does."""
        kept = np.arange(len(self.case)) != place
        return Cell(self.case[kept], self.truth[kept], self.rating[kept])


@dataclass(frozen=True)
class RocData(Brief):
    """ROC data of a reader study: all confidence ratings, one entry a reading; made by `RocData.from_frame`.

    Attributes
    ----------
    tests, readers, cases : tuple
        Labels, in order of their codes.
    test, reader, case : numpy.ndarray of int64, shape (readings,)
        Codes, sorted by test, reader and case.
    rating : numpy.ndarray, shape (readings,)
        Higher means more confident that the finding is there.
    truth : numpy.ndarray of bool, shape (cases,)
        Whether it is there.

    See Also
    --------
    FrocData : marks of a free-response study.
    mrmc, one_shot, roc_curves : what is estimated from these data.

    Examples
    --------
    Two readers read the same two cases; the second reading by reader 2 is then lost:

    >>> readings = pd.DataFrame({"reader": [1, 1, 2, 2], "case": [7, 8, 7, 8], "truth": [0, 1, 0, 1],
    ...                          "rating": [2.0, 5.0, 1.0, 1.0]})
    >>> RocData.from_frame(readings).design
    'factorial'
    >>> RocData.from_frame(readings.iloc[[0, 1, 2]]).design
    'incomplete'
    """

    tests: tuple[object, ...]
    readers: tuple[object, ...]
    cases: tuple[object, ...]
    test: np.ndarray
    reader: np.ndarray
    case: np.ndarray
    rating: np.ndarray
    truth: np.ndarray

    @classmethod
    def from_frame(
        cls,
        readings: pd.DataFrame,
        *,
        rating: str = "rating",
        truth: str = "truth",
        reader: str | None = "reader",
        case: str = "case",
        test: str | None = None,
    ) -> RocData:
        """Build ROC data from a table of readings, for `mrmc`, `one_shot` and `roc_curves`.

        Parameters
        ----------
        readings : pandas.DataFrame
            One row a reading.
        rating : str
            Column of numbers: higher means more confident that the finding is there. For sensitivity and specificity,
            0 and 1.
        truth : str
            Column of 0 and 1 (or False and True), the same for all readings of a case.
        reader : str or None
            Column of who read; None when all rows are one reader's.
        case : str
            Column of what was read.
        test : str, optional
            Column of the tests (imaging methods, with and without AI, strategies) that are to be compared.

        Returns
        -------
        RocData

        Raises
        ------
        InputError
            When a column is missing, a value is not a finite number, truth is not 0 or 1 or differs within a case, a
            case is listed twice under one test and reader, or all cases are of one kind.

        Examples
        --------
        >>> readings = pd.DataFrame({"reader": "ann", "case": [7, 8, 9], "truth": [0, 1, 1], "rating": [2, 5, 3]})
        >>> data = RocData.from_frame(readings)
        >>> data.readers, data.cases, data.truth.tolist()
        (('ann',), (7, 8, 9), [False, True, True])
        """
        _refuse_missing(readings, [name for name in (rating, truth, reader, case, test) if name])
        values, there = _numbers(readings, rating), _numbers(readings, truth)
        if not np.isin(there, (0, 1)).all():
            odd = there[~np.isin(there, (0, 1))][0]
            raise InputError(f"column {truth!r}: expected 0 or 1 (is the finding there?); got {odd:g}")
        (what, cases), (who, readers), (how, tests) = (_coded(readings, name) for name in (case, reader, test))
        order = np.lexsort((what, who, how))
        how, who, what, values, there = (part[order] for part in (how, who, what, values, there))
        _refuse_duplicates(how, who, what, cases)
        kind = _one_truth(what, there, cases, truth)
        return RocData(tests, readers, cases, how, who, what, values, kind)

    @cached_property
    def design(self) -> str:
        """Study design: factorial, cases nested in readers or tests, tests that share some cases, or incomplete."""
        t, r, c = len(self.tests), len(self.readers), len(self.cases)
        if len(self.rating) == t * r * c:
            return FACTORIAL
        readers_of, tests_of = (_partners(self.case, codes) for codes in (self.reader, self.test))
        reads = np.bincount(self.case, minlength=c)
        if (readers_of == 1).all() and (reads == t).all():
            return BY_READER
        if (tests_of == 1).all() and (reads == r).all():
            return BY_TEST
        cells = np.bincount(self.test * r + self.reader, minlength=t * r)
        if (reads == 1).all() and (cells > 0).all():
            return BY_READER_AND_TEST
        # Within each test every reader read the same cases: the design of a split-plot over tests, of whatever overlap.
        return SHARED_IN_PART if (self.case_reads() % r == 0).all() else INCOMPLETE

    def case_reads(self) -> np.ndarray:
        """Count the readings of every case under every test, shape (tests, cases)."""
        t, c = len(self.tests), len(self.cases)
        return np.bincount(self.test * c + self.case, minlength=t * c).reshape(t, c)

    def cells(self) -> Iterator[tuple[int, int, Cell]]:
        """Give test, reader and ratings of every pair that has any, tests first."""
        place = self.test * len(self.readers) + self.reader
        starts = np.flatnonzero(np.concatenate(([True], place[1:] != place[:-1])))
        for start, stop in zip(starts, [*starts[1:], len(place)], strict=True):
            part = slice(start, stop)
            cell = Cell(self.case[part], self.truth[self.case[part]], self.rating[part])
            yield int(self.test[start]), int(self.reader[start]), cell


def _partners(case: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Count the different codes that each case is read under."""
    pairs = np.unique(np.column_stack([case, codes]), axis=0)
    return np.bincount(pairs[:, 0])


def _refuse_missing(readings: pd.DataFrame, names: list[str]) -> None:
    have = [str(name) for name in readings.columns]
    for name in names:
        if name not in have:
            raise InputError(f"readings have no column {name!r}; {nearest(name, have)}")
        lost = int(readings[name].isna().sum())
        if lost:
            raise InputError(
                f"column {name!r}: {lost:,} of {len(readings):,} readings have no value; drop them first "
                f"(readings.dropna(subset=[{name!r}])) and say so: what is left may be an incomplete design"
            )
    if not len(readings):
        raise InputError("readings have no rows")


def _numbers(readings: pd.DataFrame, name: str) -> np.ndarray:
    column = readings[name]
    if not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)):
        raise InputError(f"column {name!r}: expected numbers; got {column.dtype} such as {column.iloc[0]!r}")
    values = column.to_numpy(dtype=float)
    if not np.isfinite(values).all():
        raise InputError(f"column {name!r}: expected finite numbers; got {values[~np.isfinite(values)][0]}")
    return values


def _coded(readings: pd.DataFrame, name: str | None) -> tuple[np.ndarray, tuple[object, ...]]:
    if name is None:
        return np.zeros(len(readings), np.int64), ("all",)
    column = readings[name]
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.cat.remove_unused_categories()
    codes, labels = pd.factorize(column, sort=True)
    return codes.astype(np.int64), tuple(pd.Index(labels).tolist())


def _refuse_duplicates(how: np.ndarray, who: np.ndarray, what: np.ndarray, cases: tuple[object, ...]) -> None:
    same = (np.diff(how) == 0) & (np.diff(who) == 0) & (np.diff(what) == 0)
    if not same.any():
        return
    first = int(np.flatnonzero(same)[0])
    times = int(np.sum((how == how[first]) & (who == who[first]) & (what == what[first])))
    keys = np.column_stack([how, who, what])[1:][same]
    several = len(np.unique(keys, axis=0))
    further = "" if several == 1 else f", and {several - 1:,} more such cases are duplicated"
    raise InputError(
        f"case {cases[what[first]]!r} is listed {times} times under one test and reader{further}: give `test` the "
        "column that distinguishes the readings, or average them first"
    )


def _one_truth(what: np.ndarray, there: np.ndarray, cases: tuple[object, ...], name: str) -> np.ndarray:
    low, high = np.full(len(cases), 2.0), np.full(len(cases), -1.0)
    np.minimum.at(low, what, there)
    np.maximum.at(high, what, there)
    if (low != high).any():
        raise InputError(f"column {name!r}: case {cases[np.flatnonzero(low != high)[0]]!r} is both 0 and 1")
    if len(np.unique(low)) < 2:
        kind = "with" if low[0] else "without"
        raise InputError(f"column {name!r}: all {len(cases):,} cases are {kind} the finding; ROC analysis needs both")
    return low == 1
