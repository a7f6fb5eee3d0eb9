"""Figures of merit: AUC, partial AUC, sensitivity, specificity, expected utility of one reader under one test.

Each is a small frozen object that is called with a `Cell`. Means over pairs of cases (the empirical AUC) also give
placements, from which the jackknife and DeLong's covariances follow without computing anything anew.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from gazeanalytics.stats.roc.curves import Curve, empirical, fitted
from gazeanalytics.stats.roc.roc_data import Cell
from gazeanalytics.tables import InputError, nearest

__all__ = [
    "Auc",
    "ExpectedUtility",
    "FigureOfMerit",
    "PairwiseFigureOfMerit",
    "Sensitivity",
    "SensitivityAt",
    "Specificity",
]

Shape = Literal["empirical", "binormal", "proper"]
_SHAPES = ("empirical", "binormal", "proper")


class FigureOfMerit(ABC):
    """Figure of merit: a number from one reader's ratings under one test; subclasses are small frozen dataclasses.

    Attributes
    ----------
    name : str
        Printed as the model's name.
    kinds : tuple of bool
        Truths of the cases that it depends on.

    Examples
    --------
    A figure of one's own, the difference of mean ratings:

    >>> class Gap(FigureOfMerit):
    ...     name = "gap"
    ...     def __call__(self, cell):
    ...         return float(cell.rating[cell.truth].mean() - cell.rating[~cell.truth].mean())
    >>> cell = Cell(np.arange(4), np.array([0, 0, 1, 1], bool), np.array([1.0, 3.0, 4.0, 6.0]))
    >>> Gap()(cell), Gap().left_out(cell).tolist()
    (3.0, [2.0, 4.0, 4.0, 2.0])
    """

    name: str
    kinds: ClassVar[tuple[bool, ...]] = (False, True)

    @abstractmethod
    def __call__(self, cell: Cell) -> float:
        """Give the figure of merit of a reader's ratings."""

    def left_out(self, cell: Cell) -> np.ndarray:
        """Give it again without each case in turn, shape (n,), for the jackknife.

        Cases of one kind that were rated alike change it alike, so each such group is left out once. With grades in
        place of a fine scale that is 10 fits of a curve instead of hundreds.
        """
        alike, first, back = np.unique(
            np.column_stack([cell.truth, cell.rating]), axis=0, return_index=True, return_inverse=True
        )
        values = np.array([self(cell.without(place)) for place in first]).reshape(len(alike))
        return values[back.ravel()]


class PairwiseFigureOfMerit(FigureOfMerit):
    """Figure of merit that is a mean over pairs of a case with and one without the finding (a U-statistic).

    Its covariances need no resampling: they follow from the placements, each case's mean score over its pairs.

    Examples
    --------
    >>> cell = Cell(np.arange(3), np.array([0, 1, 1], bool), np.array([2.0, 2.0, 5.0]))
    >>> Auc().scores(cell).tolist(), Auc().placements(cell).tolist()
    ([[0.5], [1.0]], [0.75, 0.5, 1.0])
    """

    @abstractmethod
    def scores(self, cell: Cell) -> np.ndarray:
        """Give the score of every pair, 0 to 1, shape (cases with it, cases without)."""

    def placements(self, cell: Cell) -> np.ndarray:
        """Give each case's mean score over its pairs, shape (n,)."""
        scores = self.scores(cell)
        placed = np.empty(len(cell.truth))
        placed[cell.truth], placed[~cell.truth] = scores.mean(1), scores.mean(0)
        return placed

    def __call__(self, cell: Cell) -> float:
        """Average the scores of all pairs."""
        return float(self.placements(cell)[cell.truth].mean())

    def left_out(self, cell: Cell) -> np.ndarray:
        """Average them without each case in turn: (n A - placement) / (n - 1), n cases of the same kind."""
        placed, n = self.placements(cell), np.where(cell.truth, cell.truth.sum(), (~cell.truth).sum())
        whole = placed[cell.truth].mean()
        return (n * whole - placed) / (n - 1)


@dataclass(frozen=True, slots=True)
class Auc(PairwiseFigureOfMerit):
    """Area under the ROC curve (AUC), or under a part of it (partial AUC).

    Parameters
    ----------
    curve : {"empirical", "binormal", "proper"}
        The trapezoidal area (the chance that a case with the finding is rated above one without, ties by half), or the
        area under a curve fitted by maximum likelihood: binormal (Dorfman & Alf 1969) or proper binormal, which never
        crosses the diagonal (Metz & Pan 1999).
    partial : {"specificity", "sensitivity"}, optional
        Area over specificities `low` to `high` only, or to the right of the curve over such sensitivities.
    low, high : float
        Ends of that part.
    normalise : bool
        Divide by `high - low`, so that 1 is the largest possible.

    References ---------- Dorfman DD, Alf E (1969). Maximum-likelihood estimation of parameters of signal-detection
    theory and determination of confidence intervals: rating-method data. J. Math. Psychol. 6, 487-496. Metz CE, Pan X
    (1999). "Proper" binormal ROC curves: theory and maximum-likelihood estimation. J. Math. Psychol. 43, 1-33.

    Examples
    --------
    >>> cell = Cell(np.arange(5), np.array([0, 0, 1, 1, 1], bool), np.array([1.0, 3.0, 3.0, 4.0, 5.0]))
    >>> Auc()(cell), round(Auc(partial="specificity", low=0.5)(cell), 3)
    (0.9166666666666666, 0.417)
    """

    curve: Shape = "empirical"
    partial: Literal["specificity", "sensitivity"] | None = None
    low: float = 0.0
    high: float = 1.0
    normalise: bool = False

    def __post_init__(self) -> None:
        _known(self.curve)
        if self.partial not in (None, "specificity", "sensitivity"):
            raise InputError(f"partial: expected 'specificity', 'sensitivity' or None; got {self.partial!r}")
        if not 0 <= self.low < self.high <= 1:
            raise InputError(f"low and high: expected 0 <= low < high <= 1; got {self.low:g} and {self.high:g}")
        if self.partial is None and (self.low, self.high) != (0.0, 1.0):
            raise InputError("low and high belong to a partial area: give partial='specificity' or 'sensitivity'")

    @property
    def name(self) -> str:
        """Such as `partial AUC (specificity 0.7 to 1)`."""
        shape = "" if self.curve == "empirical" else f"{self.curve} "
        if self.partial is None:
            return f"{shape}AUC"
        return f"{shape}partial AUC ({self.partial} {self.low:g} to {self.high:g})"

    @property
    def whole(self) -> bool:
        """Whether it is the mean over all pairs."""
        return self.curve == "empirical" and self.partial is None

    def scores(self, cell: Cell) -> np.ndarray:
        """Give 1 where the case with the finding is rated higher, one half where both are rated alike."""
        if not self.whole:
            raise InputError(f"the {self.name} is no mean over pairs of cases; take covariance='jackknife'")
        with_it, without = cell.rating[cell.truth], cell.rating[~cell.truth]
        # psi(x, y) = 1 if x > y, 1/2 if x = y, else 0 (DeLong et al. 1988)
        return 0.5 * (1 + np.sign(with_it[:, None] - without[None, :]))

    def placements(self, cell: Cell) -> np.ndarray:
        """Give each case's mean score over its pairs, by sorting."""
        if not self.whole:
            raise InputError(f"the {self.name} is no mean over pairs of cases; take covariance='jackknife'")
        # Two sorts and binary searches, n log n, in place of the n x m table of scores.
        with_it, without = (np.sort(cell.rating[kind]) for kind in (cell.truth, ~cell.truth))
        others = np.where(cell.truth, len(without), len(with_it))
        below = np.where(cell.truth, _below(without, cell.rating), others - _below(with_it, cell.rating))
        return below / others

    def __call__(self, cell: Cell) -> float:
        """Give the area."""
        if self.whole:
            return PairwiseFigureOfMerit.__call__(self, cell)
        width = self.high - self.low if self.normalise else 1.0
        return _shaped(self.curve, cell).area(self.partial, self.low, self.high) / width

    def left_out(self, cell: Cell) -> np.ndarray:
        """Give the area without each case in turn."""
        return PairwiseFigureOfMerit.left_out(self, cell) if self.whole else FigureOfMerit.left_out(self, cell)


def _below(ordered: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Count how many of `ordered` lie below each value, ties by half."""
    return (np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")) / 2


def _known(shape: str) -> None:
    if shape not in _SHAPES:
        raise InputError(f"curve: expected one of {', '.join(map(repr, _SHAPES))}; {nearest(shape, [*_SHAPES])}")


def _shaped(shape: str, cell: Cell) -> Curve:
    return empirical(cell.truth, cell.rating) if shape == "empirical" else fitted(cell.truth, cell.rating, shape)


def calls(cell: Cell, kind: bool) -> np.ndarray:
    """Calls of 0 or 1 on the cases of one kind; other ratings are refused.

    Examples
    --------
    >>> calls(Cell(np.arange(3), np.array([False, True, True]), np.array([0.0, 1.0, 0.0])), True).tolist()
    [1.0, 0.0]
    """
    called = cell.rating[cell.truth == kind]
    if not np.isin(cell.rating, (0, 1)).all():
        odd = cell.rating[~np.isin(cell.rating, (0, 1))][0]
        raise InputError(
            f"sensitivity and specificity: expected calls of 0 or 1 as ratings; got {odd:g}: cut the ratings at a "
            "threshold first, or ask for SensitivityAt"
        )
    return called


@dataclass(frozen=True, slots=True)
class Sensitivity(FigureOfMerit):
    """Sensitivity: share of cases with the finding that were called 1; ratings are calls of 0 and 1.

    Examples
    --------
    >>> Sensitivity()(Cell(np.arange(4), np.array([0, 1, 1, 1], bool), np.array([1.0, 1.0, 0.0, 1.0])))
    0.6666666666666666
    """

    name: ClassVar[str] = "sensitivity"
    kinds: ClassVar[tuple[bool, ...]] = (True,)

    def __call__(self, cell: Cell) -> float:
        """Give the share of hits."""
        return float(calls(cell, True).mean())


@dataclass(frozen=True, slots=True)
class Specificity(FigureOfMerit):
    """Specificity: share of cases without the finding that were called 0; ratings are calls of 0 and 1.

    Examples
    --------
    >>> Specificity()(Cell(np.arange(4), np.array([0, 0, 0, 1], bool), np.array([1.0, 0.0, 0.0, 1.0])))
    0.6666666666666667
    """

    name: ClassVar[str] = "specificity"
    kinds: ClassVar[tuple[bool, ...]] = (False,)

    def __call__(self, cell: Cell) -> float:
        """Give the share of correct rejections."""
        return float(1 - calls(cell, False).mean())


@dataclass(frozen=True, slots=True)
class SensitivityAt(FigureOfMerit):
    """Sensitivity where the ROC curve has a given specificity, or specificity at a given sensitivity.

    Parameters
    ----------
    specificity, sensitivity : float, optional
        Exactly one of them, 0 to 1.
    curve : {"empirical", "binormal", "proper"}
        As for `Auc`; the empirical curve is joined by straight lines.

    Examples
    --------
    >>> cell = Cell(np.arange(5), np.array([0, 0, 1, 1, 1], bool), np.array([1.0, 3.0, 3.0, 4.0, 5.0]))
    >>> round(SensitivityAt(specificity=1)(cell), 3), SensitivityAt(sensitivity=1)(cell)
    (0.667, 0.5)
    """

    specificity: float | None = None
    sensitivity: float | None = None
    curve: Shape = "empirical"

    def __post_init__(self) -> None:
        _known(self.curve)
        given = [value for value in (self.specificity, self.sensitivity) if value is not None]
        if len(given) != 1 or not 0 <= given[0] <= 1:
            raise InputError(f"SensitivityAt: expected one specificity or one sensitivity from 0 to 1; got {given}")

    @property
    def name(self) -> str:
        """Such as `sensitivity at specificity 0.9`."""
        if self.specificity is not None:
            return f"sensitivity at specificity {self.specificity:g}"
        return f"specificity at sensitivity {self.sensitivity:g}"

    def __call__(self, cell: Cell) -> float:
        """Read the curve."""
        shaped = _shaped(self.curve, cell)
        if self.specificity is not None:
            return float(shaped.true_positive(np.array([1 - self.specificity]))[0])
        return float(1 - shaped.false_positive(np.array([self.sensitivity]))[0])


@dataclass(frozen=True, slots=True)
class ExpectedUtility(FigureOfMerit):
    """Expected utility: the most that true positives less `slope` times false positives can be on the ROC curve.

    At the slope of equal utility this is the best operating point's gain (Abbey, Eckstein & Boone 2013).

    Parameters
    ----------
    slope : float
        Of the lines of equal utility: how many points of sensitivity a point of specificity is worth.
    curve : {"empirical", "binormal", "proper"}
        As for `Auc`.

    References
    ----------
    Abbey CK, Eckstein MP, Boone JM (2013). Estimating the relative utility of screening mammography. Med. Decis. Making
    33, 510-520.

    Examples
    --------
    >>> cell = Cell(np.arange(5), np.array([0, 0, 1, 1, 1], bool), np.array([1.0, 3.0, 3.0, 4.0, 5.0]))
    >>> round(ExpectedUtility()(cell), 3)
    0.667
    """

    slope: float = 1.0
    curve: Shape = "empirical"

    def __post_init__(self) -> None:
        _known(self.curve)
        if not self.slope > 0:
            raise InputError(f"slope: expected a number above 0; got {self.slope:g}")

    @property
    def name(self) -> str:
        """Such as `expected utility (slope 1)`."""
        return f"expected utility (slope {self.slope:g})"

    def __call__(self, cell: Cell) -> float:
        """Give the best of the curve."""
        return _shaped(self.curve, cell).utility(self.slope)
