"""ROC curves, empirical and fitted, with the same four questions: sensitivity, false positives, area, utility."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from scipy import optimize

from gazeanalytics.stats.roc.binormal import Binormal, Proper, fit_binormal, fit_proper

__all__ = ["Curve", "Empirical", "Fitted", "empirical", "fitted"]

_NODES = 96


class Curve(ABC):
    """ROC curve: true-positive rate for false-positive rates, and back.

    Examples
    --------
    >>> curve: Curve = empirical(np.array([False, True, True]), np.array([1.0, 0.5, 2.0]))
    >>> curve.true_positive(np.array([0.0])).tolist(), curve.area("specificity", 0.5, 1.0)
    ([0.5], 0.25)
    """

    @abstractmethod
    def true_positive(self, false_positive: np.ndarray) -> np.ndarray:
        """Give sensitivities at shares of false positives."""

    @abstractmethod
    def false_positive(self, true_positive: np.ndarray) -> np.ndarray:
        """Give shares of false positives at sensitivities."""

    @abstractmethod
    def area(self, partial: Literal["specificity", "sensitivity"] | None, low: float, high: float) -> float:
        """Give the area under the curve, or of the part where specificity or sensitivity is `low` to `high`."""

    @abstractmethod
    def utility(self, slope: float) -> float:
        """Give the most that true positives less `slope` times false positives can be."""


@dataclass(frozen=True, slots=True)
class Empirical(Curve):
    """Empirical ROC curve: points that thresholds give, from (0, 0) to (1, 1), joined by straight lines.

    Attributes
    ----------
    x, y : numpy.ndarray, shape (points,)
        Shares of false and true positives, neither ever falling.

    Examples
    --------
    >>> curve = Empirical(np.array([0.0, 0.5, 1.0]), np.array([0.0, 0.8, 1.0]))
    >>> round(curve.area(None, 0, 1), 3), round(curve.utility(1.0), 3)
    (0.65, 0.3)
    """

    x: np.ndarray
    y: np.ndarray

    def true_positive(self, false_positive: np.ndarray) -> np.ndarray:
        """Where the curve rises straight up, its top."""
        # Of points above one another only the top counts: at a false-positive rate that a threshold gives exactly, the
        # curve reaches the higher sensitivity. Interpolating through all of them would give NumPy's pick of either.
        last = np.concatenate((self.x[1:] != self.x[:-1], [True]))
        return np.interp(false_positive, self.x[last], self.y[last])

    def false_positive(self, true_positive: np.ndarray) -> np.ndarray:
        """Where the curve is flat, its left end."""
        first = np.concatenate(([True], self.y[1:] != self.y[:-1]))
        return np.interp(true_positive, self.y[first], self.x[first])

    def area(self, partial: Literal["specificity", "sensitivity"] | None, low: float, high: float) -> float:
        """Add up trapezia."""
        if partial == "sensitivity":
            return high - low - _trapezia(self.y, self.x, low, high)
        ends = (0.0, 1.0) if partial is None else (1 - high, 1 - low)
        return _trapezia(self.x, self.y, *ends)

    def utility(self, slope: float) -> float:
        """Look at every point."""
        return float(np.max(self.y - slope * self.x))


def _trapezia(along: np.ndarray, height: np.ndarray, low: float, high: float) -> float:
    """Trapezoidal area between two places; vertical steps have none, so their height at an end doesn't matter."""
    inside = (along > low) & (along < high)
    steps = np.concatenate(
        ([_height_at(along, height, low, "right")], height[inside], [_height_at(along, height, high, "left")])
    )
    return float(np.trapezoid(steps, np.concatenate(([low], along[inside], [high]))))


def _height_at(along: np.ndarray, height: np.ndarray, place: float, side: Literal["left", "right"]) -> float:
    """Height at a place as the limit from its right or from its left: they differ where the curve is vertical."""
    if side == "right":
        before = int(np.searchsorted(along, place, "right")) - 1
        after = min(before + 1, len(along) - 1)
    else:
        after = int(np.searchsorted(along, place, "left"))
        before = max(after - 1, 0)
    gap = along[after] - along[before]
    share = (place - along[before]) / gap if gap > 0 else 0.0
    return float(height[before] + share * (height[after] - height[before]))


def empirical(truth: np.ndarray, rating: np.ndarray) -> Empirical:
    """Compute the empirical ROC curve of ratings.

    Examples
    --------
    >>> curve = empirical(np.array([False, False, True]), np.array([1.0, 2.0, 2.0]))
    >>> curve.x.tolist(), curve.y.tolist(), curve.area(None, 0, 1)
    ([0.0, 0.5, 1.0], [0.0, 1.0, 1.0], 0.75)
    """
    # A threshold between two ratings calls all of the higher ones, so ties enter together: their segment is slanted,
    # which counts them by half in the area.
    levels, place = np.unique(-rating, return_inverse=True)
    shares = [np.cumsum(np.bincount(place, kind, len(levels))) / kind.sum() for kind in (~truth, truth)]
    return Empirical(*(np.concatenate(([0.0], share)) for share in shares))


@dataclass(frozen=True, slots=True)
class Fitted(Curve):
    """ROC curve of a fitted model.

    Examples
    --------
    The symmetric binormal curve with a = 1 has the area Phi(1 / sqrt(2)):

    >>> curve = Fitted(Binormal(1.0, 1.0, 0.0))
    >>> round(curve.area(None, 0, 1), 4), round(curve.true_positive(np.array([0.5])).item(), 4)
    (0.7602, 0.8413)
    """

    model: Binormal | Proper

    def true_positive(self, false_positive: np.ndarray) -> np.ndarray:
        """Read it off the model."""
        return self.model.true_positive(np.asarray(false_positive, float))

    def false_positive(self, true_positive: np.ndarray) -> np.ndarray:
        """Read it off the model."""
        return self.model.false_positive(np.asarray(true_positive, float))

    def area(self, partial: Literal["specificity", "sensitivity"] | None, low: float, high: float) -> float:
        """Take the model's closed form for the whole; integrate a part."""
        if partial is None:
            return self.model.area
        if partial == "sensitivity":
            return high - low - _integral(self.false_positive, low, high)
        return _integral(self.true_positive, 1 - high, 1 - low)

    def utility(self, slope: float) -> float:
        """Search a grid that is dense at both ends, then close in."""
        # Fitted curves can be steep within 1e-6 of a corner, and a proper one may have its best point there, so the
        # grid is dense at both ends; a search from the middle alone would settle on a lower one.
        grid = 0.5 * (1 + np.sin(np.linspace(-np.pi / 2, np.pi / 2, 401)))
        gain = self.true_positive(grid) - slope * grid
        best = int(np.argmax(gain))
        ends = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
        found = optimize.minimize_scalar(
            lambda x: slope * x - self.true_positive(np.array([x]))[0], bounds=ends, method="bounded"
        )
        return float(max(gain[best], -found.fun))


def _integral(height: Callable[[np.ndarray], np.ndarray], low: float, high: float) -> float:
    """Gauss-Legendre quadrature over an angle whose squared sine is the place."""
    # Fitted curves may rise vertically at their ends. With x = low + (high - low) sin^2(angle) the slope is divided by
    # one that falls to 0 there: 96 nodes give at least 9 digits of a whole area, where plain Gauss-Legendre gives 5.
    node, weight = np.polynomial.legendre.leggauss(_NODES)
    angle = np.pi / 4 * (node + 1)
    place = low + (high - low) * np.sin(angle) ** 2
    return float((high - low) * np.pi / 4 * np.sum(weight * np.sin(2 * angle) * height(place)))


def fitted(truth: np.ndarray, rating: np.ndarray, shape: str) -> Fitted:
    """Fit a binormal or proper ROC curve to ratings by maximum likelihood, once for every table of counts.

    Examples
    --------
    >>> truth, rating = np.repeat([False, True], 50), np.repeat([1.0, 2, 3, 1, 2, 3], [30, 15, 5, 5, 15, 30])
    >>> round(fitted(truth, rating, "binormal").area(None, 0, 1), 3)
    0.861
    """
    _, place = np.unique(rating, return_inverse=True)
    counts = np.stack([np.bincount(place, kind) for kind in (~truth, truth)])
    return Fitted(_fit(shape, tuple(map(tuple, counts.astype(int).tolist()))))


@lru_cache(maxsize=4096)
def _fit(shape: str, counts: tuple[tuple[int, ...], ...]) -> Binormal | Proper:
    """Fit counts; leaving out one of many cases rated alike gives the same counts again and again."""
    table = np.array(counts, float)
    return fit_binormal(table) if shape == "binormal" else fit_proper(table)
