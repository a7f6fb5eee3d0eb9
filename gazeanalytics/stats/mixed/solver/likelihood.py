"""The likelihood of an outcome given its linear predictor, with the scores of the family's own parameters `phi`.

Four shapes: a density with at most one dispersion; Student's t with a scale and degrees of freedom; an ordinal outcome
between thresholds, which may move with predictors of their own or be equidistant; counts with excess zeros, whose log
odds have predictors of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from gazeanalytics._kernels.stats import densities as codes
from gazeanalytics._kernels.stats import families as kernels
from gazeanalytics._kernels.stats import student
from gazeanalytics._kernels.stats.families import Rows, ScoreWeights

__all__ = ["Density", "Equidistant", "Inflated", "Likelihood", "Student", "Thresholds"]


_WITHOUT_DISPERSION = (codes.BINOMIAL, codes.BINOMIAL_PROBIT, codes.BINOMIAL_CLOGLOG, codes.POISSON)


MAX_DF = 1e6  # of Student's t; the normal distribution to rounding


def empty_rows(rows: int) -> Rows:
    """Make room for that many rows."""
    return Rows(*(np.empty(rows) for _ in range(4)))


class Likelihood(Protocol):
    """What Laplace's approximation asks of an outcome."""

    @property
    def parameters(self) -> int:
        """How many elements `phi` has."""
        ...

    def possible(self, phi: np.ndarray) -> bool:
        """Say whether `phi` is inside its bounds."""
        ...

    def fill(self, eta: np.ndarray, phi: np.ndarray, out: Rows) -> None:
        """Fill `out` at a linear predictor."""
        ...

    def scores(self, eta: np.ndarray, phi: np.ndarray, h: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Give the derivative of sum(-2 log f + h w) + t'g by phi."""
        ...


@dataclass(frozen=True, slots=True)
class Density:
    """A family of `_kernels.stats.families.density_rows`; `phi` is empty or the log dispersion.

    Examples
    --------
    A count of 2 at a mean of 2: the slope of its log density is 0, the curvature the mean.

    >>> counts = Density(codes.POISSON, kernels.Outcome(np.array([2.0]), np.ones(1)))
    >>> out = empty_rows(1)
    >>> counts.fill(np.log([2.0]), np.empty(0), out)
    >>> out.g.round(6).item(), out.w.round(6).item()
    (0.0, 2.0)
    """

    family: int
    outcome: kernels.Outcome

    @property
    def parameters(self) -> int:
        """How many elements `phi` has."""
        return int(self.family not in _WITHOUT_DISPERSION)

    def possible(self, phi: np.ndarray) -> bool:
        """Every log dispersion is."""
        return True

    def fill(self, eta: np.ndarray, phi: np.ndarray, out: Rows) -> None:
        """Fill `out` at a linear predictor."""
        kernels.density_rows(self.family, self.outcome, eta, phi, out)

    def scores(self, eta: np.ndarray, phi: np.ndarray, h: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Give the derivative of sum(-2 log f + h w) + t'g by phi."""
        return self.weighted_scores(eta, phi, ScoreWeights(np.full(eta.size, -2.0), h, t))

    def weighted_scores(self, eta: np.ndarray, phi: np.ndarray, weights: ScoreWeights) -> np.ndarray:
        """Give the derivative of sum(c log f + h w) + t'g by phi."""
        if not self.parameters:
            return np.empty(0)
        return np.array([kernels.dispersion_score(self.family, self.outcome, eta, phi, weights)])


@dataclass(frozen=True, slots=True)
class Student:
    """Student's t about the linear predictor; `phi` holds the logarithms of its scale and degrees of freedom.

    Examples
    --------
    An outlier weighs less than it would under a normal distribution: its slope is 0.6 for 10.

    >>> out = empty_rows(1)
    >>> Student(np.array([10.0])).fill(np.zeros(1), np.log([1.0, 5.0]), out)
    >>> out.g.round(2).item()
    0.57
    """

    y: np.ndarray

    @property
    def parameters(self) -> int:
        """How many elements `phi` has."""
        return 2

    def possible(self, phi: np.ndarray) -> bool:
        """Any logarithms are, up to where t is normal to rounding."""
        return bool(phi[1] < np.log(MAX_DF))

    def fill(self, eta: np.ndarray, phi: np.ndarray, out: Rows) -> None:
        """Fill `out` at a linear predictor."""
        student.student_rows(self.y, eta, phi, out)

    def scores(self, eta: np.ndarray, phi: np.ndarray, h: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Give the derivative of sum(-2 log f + h w) + t'g by phi."""
        out = np.empty(2)
        student.student_scores(self.y, eta, phi, ScoreWeights(np.full(eta.size, -2.0), h, t), out)
        return out


@dataclass(frozen=True, slots=True)
class Thresholds:
    """An ordinal outcome; `phi` holds the thresholds, then how each moves with every column of `x` but the first.

    Attributes
    ----------
    family : int
    level : numpy.ndarray of int, shape (rows,)
        From 0.
    x : numpy.ndarray, shape (rows, 1 + nominal effects)
        A column of ones, then the predictors whose effects differ by threshold (without McCullagh's 1980
        proportional odds; Peterson & Harrell 1990, J. R. Stat. Soc. C 39(2)).
    count : int
        Thresholds.

    Examples
    --------
    Three levels between thresholds -1 and 1: the middle one has probability 0.46 at a linear predictor of 0.

    >>> middle = Thresholds(codes.CUMULATIVE_LOGIT, np.array([1]), np.ones((1, 1)), 2)
    >>> out = empty_rows(1)
    >>> middle.fill(np.zeros(1), np.array([-1.0, 1.0]), out)
    >>> np.exp(out.log_f).round(2).item(), middle.possible(np.array([1.0, -1.0]))
    (0.46, False)
    """

    family: int
    level: np.ndarray
    x: np.ndarray
    count: int

    @property
    def parameters(self) -> int:
        """How many elements `phi` has."""
        return self.count * self.x.shape[1]

    def cuts(self, phi: np.ndarray) -> np.ndarray:
        """Give each row's thresholds, one row alone where they don't move; shape (rows or 1, thresholds)."""
        parts = phi.reshape(self.x.shape[1], self.count)
        return self.x @ parts if len(parts) > 1 else parts

    def possible(self, phi: np.ndarray) -> bool:
        """Thresholds rise, in every row."""
        return bool((np.diff(self.cuts(phi), axis=1) > 0).all())

    def ends(self, phi: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give the thresholds below and above each row's level, infinite at the ends."""
        # Thresholds themselves are the parameters, not logs of their differences: their errors are then of what is
        # printed, and the search never comes near equal ones while every level occurs.
        cuts = self.cuts(phi)
        lower, upper = (np.full((len(cuts), 1), end) for end in (-np.inf, np.inf))
        bounds = np.hstack([lower, cuts, upper])
        row = np.arange(self.level.size) if len(cuts) > 1 else 0
        return bounds[row, self.level], bounds[row, self.level + 1]

    def fill(self, eta: np.ndarray, phi: np.ndarray, out: Rows) -> None:
        """Fill `out` at a linear predictor."""
        kernels.cumulative_rows(self.family, *self.ends(phi), eta, out)

    def scores(self, eta: np.ndarray, phi: np.ndarray, h: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Give the derivative of sum(-2 log f + h w) + t'g by phi."""
        low, high = np.empty(eta.size), np.empty(eta.size)
        weights = ScoreWeights(np.full(eta.size, -2.0), h, t)
        kernels.cumulative_scores(self.family, *self.ends(phi), eta, weights, low, high)
        parts = [
            np.bincount(self.level, high * column, self.count + 1)[:-1]
            + np.bincount(self.level, low * column, self.count + 1)[1:]
            for column in self.x.T
        ]
        return np.concatenate(parts)


@dataclass(frozen=True, slots=True)
class Equidistant:
    """An ordinal outcome whose thresholds stand apart by the same step; `phi` holds the first and that step.

    Examples
    --------
    >>> fixed = Equidistant(Thresholds(codes.CUMULATIVE_LOGIT, np.array([1]), np.ones((1, 1)), 3))
    >>> fixed.thresholds(np.array([-1.0, 2.0]))
    array([-1.,  1.,  3.])
    """

    cut: Thresholds

    @property
    def parameters(self) -> int:
        """How many elements `phi` has."""
        return 2

    @property
    def steps(self) -> np.ndarray:
        """How thresholds follow from `phi`; shape (thresholds, 2)."""
        return equidistant_steps(self.cut.count)

    def thresholds(self, phi: np.ndarray) -> np.ndarray:
        """Give the thresholds."""
        return self.steps @ phi

    def possible(self, phi: np.ndarray) -> bool:
        """Thresholds rise."""
        return bool(phi[1] > 0)

    def fill(self, eta: np.ndarray, phi: np.ndarray, out: Rows) -> None:
        """Fill `out` at a linear predictor."""
        self.cut.fill(eta, self.thresholds(phi), out)

    def scores(self, eta: np.ndarray, phi: np.ndarray, h: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Give the derivative of sum(-2 log f + h w) + t'g by phi."""
        return self.steps.T @ self.cut.scores(eta, self.thresholds(phi), h, t)


def equidistant_steps(count: int) -> np.ndarray:
    """Say how equidistant thresholds follow from the first and their step; shape (thresholds, 2).

    Examples
    --------
    >>> equidistant_steps(3) @ [10.0, 2.0]
    array([10., 12., 14.])
    """
    return np.column_stack([np.ones(count), np.arange(count)])


@dataclass(frozen=True, slots=True)
class Inflated:
    """Counts of which some are 0 for another reason (Lambert 1992, Technometrics 34(1)).

    `phi` holds the counts' own parameters, then the effects on the log odds of an excess zero.

    Attributes
    ----------
    counts : Density
    x : numpy.ndarray, shape (rows, effects on excess zeros)

    Examples
    --------
    A count of 0 at a mean of 2 has probability 0.14; with half of all counts in excess at 0, 0.57.

    >>> counts = Density(codes.POISSON, kernels.Outcome(np.zeros(1), np.ones(1)))
    >>> out = empty_rows(1)
    >>> Inflated(counts, np.ones((1, 1))).fill(np.log([2.0]), np.zeros(1), out)
    >>> np.exp(out.log_f).round(2).item()
    0.57
    """

    counts: Density
    x: np.ndarray

    @property
    def parameters(self) -> int:
        """How many elements `phi` has."""
        return self.counts.parameters + self.x.shape[1]

    def possible(self, phi: np.ndarray) -> bool:
        """Any log odds are."""
        return True

    def fill(self, eta: np.ndarray, phi: np.ndarray, out: Rows) -> None:
        """Fill `out` at a linear predictor."""
        first = self.counts.parameters
        self.counts.fill(eta, phi[:first], out)
        kernels.inflate(self.counts.outcome.y, self.x @ phi[first:], out)

    def scores(self, eta: np.ndarray, phi: np.ndarray, h: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Give the derivative of sum(-2 log f + h w) + t'g by phi."""
        first, alone = self.counts.parameters, empty_rows(eta.size)
        self.counts.fill(eta, phi[:first], alone)
        by_excess, weights = np.empty(eta.size), ScoreWeights(np.full(eta.size, -2.0), h, t)
        of_counts = ScoreWeights(*(np.empty(eta.size) for _ in range(3)))
        kernels.inflated_scores(self.counts.outcome.y, self.x @ phi[first:], alone, weights, by_excess, of_counts)
        own = self.counts.weighted_scores(eta, phi[:first], of_counts)
        return np.concatenate([own, self.x.T @ by_excess])
