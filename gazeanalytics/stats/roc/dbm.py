"""Dorfman, Berbaum & Metz's analysis of variance of jackknife pseudovalues."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
import pandas as pd

from gazeanalytics.stats.roc._estimates import FEW, difference_row, equality_row, hillis_df, pairs, row, table
from gazeanalytics.stats.roc.covariance import pseudovalues
from gazeanalytics.stats.roc.figures_of_merit import Auc, Merit
from gazeanalytics.stats.roc.roc_data import FACTORIAL, Ratings
from gazeanalytics.tables import InputError

__all__ = ["DbmFit", "dbm"]

_FACTORS = "TRC"


@dataclass(frozen=True)
class DbmFit:
    """Pseudovalues of readers, tests and cases, and what follows from their mean squares; made by `dbm`.

    Attributes
    ----------
    merit : str
        Figure of merit.
    fixed : {None, "readers", "cases"}
        What the claims are confined to.
    tests, readers : tuple
        Labels.
    pseudo : numpy.ndarray, shape (tests, readers, cases)
        Jackknife pseudovalues, whose mean over cases is the figure of merit.
    confidence : float
        Of all intervals.
    """

    merit: str
    fixed: Literal["readers", "cases"] | None
    tests: tuple[object, ...]
    readers: tuple[object, ...]
    pseudo: np.ndarray
    confidence: float = 0.95

    def squares(self) -> dict[str, float]:
        """Give mean squares of tests (T), readers (R), cases (C) and their interactions."""
        return mean_squares(self.pseudo)

    def components(self) -> pd.DataFrame:
        """Give the variance components, which can be negative: columns component, estimate."""
        m = self.squares()
        t, r, c = self.pseudo.shape
        found = {
            "reader": (m["R"] - m["TR"] - m["RC"] + m["TRC"]) / (t * c),
            "case": (m["C"] - m["TC"] - m["RC"] + m["TRC"]) / (t * r),
            "test:reader": (m["TR"] - m["TRC"]) / c,
            "test:case": (m["TC"] - m["TRC"]) / r,
            "reader:case": (m["RC"] - m["TRC"]) / t,
            "Error": m["TRC"],
        }
        return pd.DataFrame({"component": [*found], "estimate": [*found.values()]})

    def estimates(self) -> pd.DataFrame:
        """Give an `estimates` table with the terms of `MrmcFit.estimates`."""
        m, (t, r, c) = self.squares(), self.pseudo.shape
        bottom, df2 = self._bottom(m)
        statistic = m["T"] / bottom if bottom > 0 else np.nan
        means = self.pseudo.mean((1, 2))
        rows = [equality_row(statistic, t - 1, df2)]
        rows += [difference_row(pair, means, self, 2 * bottom / (r * c), df2, "difference") for pair in pairs(t)]
        for name, value, own in zip(self.tests, means, self.pseudo, strict=True):
            variance, df = self._spread(mean_squares(own[None]))
            rows.append(row("mean", name, value, variance / (r * c), df, self.confidence, bounded=True))
        if self.fixed == "readers":
            for label, own in zip(self.readers, self.pseudo.transpose(1, 0, 2), strict=True):
                variance = 2 * mean_squares(own[:, None])["TC"] / c
                free = (t - 1) * (c - 1)
                values = own.mean(1)
                rows += [difference_row(pair, values, self, variance, free, f"reader {label}") for pair in pairs(t)]
        note = f"small cell: {r} readers stand for all" if self.fixed != "readers" and r < FEW else ""
        return table(self.merit, rows, c, note)

    def _bottom(self, m: dict[str, float]) -> tuple[float, float]:
        """Mean square that tests are held against, with its degrees of freedom."""
        t, r, c = self.pseudo.shape
        if self.fixed == "readers":
            return m["TC"], (t - 1) * (c - 1)
        if self.fixed == "cases":
            return m["TR"], (t - 1) * (r - 1)
        bottom = m["TR"] + max(m["TC"] - m["TRC"], 0.0)
        return bottom, hillis_df(bottom, m["TR"], (t - 1) * (r - 1))

    def _spread(self, m: dict[str, float]) -> tuple[float, float]:
        """Mean square of one test's mean, with its degrees of freedom."""
        _, r, c = self.pseudo.shape
        if self.fixed == "readers":
            return m["C"], c - 1
        if self.fixed == "cases":
            return m["R"], r - 1
        variance = m["R"] + max(m["C"] - m["RC"], 0.0)
        return variance, hillis_df(variance, m["R"], r - 1)


def mean_squares(values: np.ndarray) -> dict[str, float]:
    """Give mean squares of every factor and interaction of a full table with one value a cell, shape (T, R, C).

    Examples
    --------
    >>> squares = mean_squares(np.arange(8.0).reshape(2, 2, 2))
    >>> [squares[name] for name in ("T", "R", "C", "TRC")]
    [32.0, 8.0, 2.0, 0.0]
    """
    found: dict[str, float] = {}
    effects: dict[tuple[int, ...], np.ndarray] = {(): np.full_like(values, values.mean())}
    for size in (1, 2, 3):
        for axes in combinations(range(3), size):
            rest = tuple(axis for axis in range(3) if axis not in axes)
            below = sum(part for inner, part in effects.items() if set(inner) < set(axes))
            effects[axes] = np.broadcast_to(values.mean(rest, keepdims=True), values.shape) - below
            df = int(np.prod([values.shape[axis] - 1 for axis in axes]))
            found["".join(_FACTORS[axis] for axis in axes)] = float(np.sum(effects[axes] ** 2)) / df if df else np.nan
    return found


def dbm(
    ratings: Ratings,
    *,
    merit: Merit | None = None,
    fixed: Literal["readers", "cases"] | None = None,
    confidence: float = 0.95,
) -> DbmFit:
    """Compare tests by an analysis of variance of pseudovalues (Dorfman, Berbaum & Metz 1992, Invest. Radiol. 27).

    With Hillis's (2007) degrees of freedom this is `mrmc` with jackknife covariances, told as a test x reader x case
    table; with fixed readers it uses t and F where `mrmc` uses z and chi-square.

    Parameters
    ----------
    ratings : Ratings
        From `rate`; at least two tests and two readers, every reader reading every case under every test.
    merit, fixed, confidence
        As for `mrmc`.

    Raises
    ------
    InputError
        For other designs, and as `mrmc`.

    Examples
    --------
    >>> from gazeanalytics.stats.roc import mrmc, rate
    >>> rng = np.random.default_rng(4)
    >>> test, reader, case = (part.ravel() for part in np.indices((2, 5, 40)))
    >>> there = case % 2
    >>> rating = (1 + 0.8 * test) * there + rng.normal(0, 0.7, 40)[case] + rng.normal(0, 0.7, len(case))
    >>> readings = pd.DataFrame({"test": test, "reader": reader, "case": case, "truth": there, "rating": rating})
    >>> rated = rate(readings, test="test")
    >>> [float(round(fit.estimates()["p_value"][0], 6)) for fit in (dbm(rated), mrmc(rated))]
    [0.114177, 0.114177]
    """
    if ratings.design != FACTORIAL or len(ratings.tests) < 2 or len(ratings.readers) < 2:
        raise InputError(
            "dbm wants two tests and two readers or more, every reader reading every case under every test; came "
            f"{len(ratings.tests)} tests, {len(ratings.readers)} readers, design {ratings.design!r}: see mrmc"
        )
    merit = Auc() if merit is None else merit
    pseudo = pseudovalues(ratings, merit)
    return DbmFit(merit.name, fixed, ratings.tests, ratings.readers, pseudo, confidence)
