"""The likelihood of an outcome given its linear predictor, with the scores of the family's own parameters `phi`.

Three shapes: a density with at most one dispersion; an ordinal outcome between thresholds, which may move with
predictors of their own; counts with excess zeros, whose log odds have predictors of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from gazeanalytics._kernels.stats import families as kernels

__all__ = ["Density", "Inflated", "Likelihood", "Thresholds"]


Rows, ScoreWeights = kernels.Rows, kernels.ScoreWeights


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
    """A family of `_kernels.stats.families.density_rows`; `phi` is empty or the log dispersion."""

    family: int
    outcome: kernels.Outcome

    @property
    def parameters(self) -> int:
        """How many elements `phi` has."""
        return int(self.family not in (kernels.BINOMIAL, kernels.POISSON))

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
class Inflated:
    """Counts of which some are 0 for another reason (Lambert 1992, Technometrics 34(1)).

    `phi` holds the counts' own parameters, then the effects on the log odds of an excess zero.

    Attributes
    ----------
    counts : Density
    x : numpy.ndarray, shape (rows, effects on excess zeros)
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
