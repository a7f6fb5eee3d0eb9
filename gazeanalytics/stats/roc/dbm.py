"""DBM: Dorfman, Berbaum & Metz's analysis of variance of jackknife pseudovalues.

The pseudovalue of case k is n A - (n - 1) A(without k), as if each case had a figure of merit of its own. A three-way
analysis of variance (tests, readers, cases) of these gives Obuchowski & Rockette's F with jackknife covariances (Hillis
et al. 2005, Stat. Med. 24): TR - TRC there stands for test:reader, TC - TRC for n (Cov2 - Cov3).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
import pandas as pd

from gazeanalytics.brief import Brief
from gazeanalytics.stats.roc._estimates import (
    FEW_READERS,
    difference_row,
    equality_row,
    estimate_row,
    estimates_table,
    hillis_df,
    pairs,
)
from gazeanalytics.stats.roc.covariance import pseudovalues
from gazeanalytics.stats.roc.figures_of_merit import Auc, FigureOfMerit
from gazeanalytics.stats.roc.roc_data import FACTORIAL, RocData
from gazeanalytics.tables import InputError

__all__ = ["DbmFit", "dbm"]

_FACTORS = "TRC"
_ROUNDING = 1e-24  # of mean squares: the rounding error of pseudovalues, squared


@dataclass(frozen=True)
class DbmFit(Brief):
    """DBM analysis: pseudovalues of readers, tests and cases, and tests from their mean squares; made by `dbm`.

    Attributes
    ----------
    figure_of_merit : str
        Figure of merit.
    fixed : {None, "readers", "cases"}
        What the claims are confined to.
    tests, readers : tuple
        Labels.
    pseudovalues : numpy.ndarray, shape (tests, readers, cases)
        Jackknife pseudovalues, whose mean over cases is the figure of merit.
    confidence : float
        Of all intervals.

    Examples
    --------
    >>> fit = DbmFit("AUC", None, ("CT", "MR"), (1, 2), np.arange(8.0).reshape(2, 2, 2) / 8)
    >>> fit.mean_squares()["T"], fit.variance_components()["estimate"].tolist()
    (0.5, [0.03125, 0.0078125, 0.0, 0.0, 0.0, 0.0])
    """

    figure_of_merit: str
    fixed: Literal["readers", "cases"] | None
    tests: tuple[object, ...]
    readers: tuple[object, ...]
    pseudovalues: np.ndarray
    confidence: float = 0.95

    def mean_squares(self) -> dict[str, float]:
        """Give mean squares of tests (T), readers (R), cases (C) and their interactions."""
        return mean_squares(self.pseudovalues)

    def variance_components(self) -> pd.DataFrame:
        """Give the variance components, which can be negative: columns component, estimate."""
        m = self.mean_squares()
        t, r, c = self.pseudovalues.shape
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
        m, (t, r, c) = self.mean_squares(), self.pseudovalues.shape
        bottom, df2 = self._bottom(m)
        means = self.pseudovalues.mean((1, 2))
        rows = [equality_row(m["T"], bottom, t - 1, df2)]
        rows += [difference_row(pair, means, self, 2 * bottom / (r * c), df2, "difference") for pair in pairs(t)]
        for name, value, own in zip(self.tests, means, self.pseudovalues, strict=True):
            variance, df = self._spread(mean_squares(own[None]))
            rows.append(estimate_row("mean", name, value, variance / (r * c), df, self.confidence, bounded=True))
        if self.fixed == "readers":
            for label, own in zip(self.readers, self.pseudovalues.transpose(1, 0, 2), strict=True):
                variance = 2 * mean_squares(own[:, None])["TC"] / c
                free = (t - 1) * (c - 1)
                values = own.mean(1)
                rows += [difference_row(pair, values, self, variance, free, f"reader {label}") for pair in pairs(t)]
        note = f"small cell: {r} readers stand for all" if self.fixed != "readers" and r < FEW_READERS else ""
        return estimates_table(self.figure_of_merit, rows, c, note)

    def _bottom(self, m: dict[str, float]) -> tuple[float, float]:
        """Mean square that tests are compared with, with its degrees of freedom."""
        t, r, c = self.pseudovalues.shape
        if self.fixed == "readers":
            return m["TC"], (t - 1) * (c - 1)
        if self.fixed == "cases":
            return m["TR"], (t - 1) * (r - 1)
        # TC - TRC estimates n (Cov2 - Cov3), and is held at 0 or above as there.
        bottom = m["TR"] + max(m["TC"] - m["TRC"], 0.0)
        return bottom, hillis_df(bottom, m["TR"], (t - 1) * (r - 1))

    def _spread(self, m: dict[str, float]) -> tuple[float, float]:
        """Mean square of one test's mean, with its degrees of freedom."""
        _, r, c = self.pseudovalues.shape
        if self.fixed == "readers":
            return m["C"], c - 1
        if self.fixed == "cases":
            return m["R"], r - 1
        variance = m["R"] + max(m["C"] - m["RC"], 0.0)
        return variance, hillis_df(variance, m["R"], r - 1)


def mean_squares(values: np.ndarray) -> dict[str, float]:
    """Give the mean squares of a three-way ANOVA: every factor and interaction of values of shape (T, R, C).

    Those no larger than rounding error are given as 0.

    Examples
    --------
    >>> squares = mean_squares(np.arange(8.0).reshape(2, 2, 2))
    >>> [squares[name] for name in ("T", "R", "C", "TRC")]
    [32.0, 8.0, 2.0, 0.0]
    """
    found: dict[str, float] = {}
    effects: dict[tuple[int, ...], np.ndarray] = {(): np.full_like(values, values.mean())}
    least = _ROUNDING * float(np.square(values).max())
    for size in (1, 2, 3):
        for axes in combinations(range(3), size):
            rest = tuple(axis for axis in range(3) if axis not in axes)
            # An effect is the mean over the other axes less all effects of fewer of its axes (a full table is
            # balanced).
            below = sum(part for inner, part in effects.items() if set(inner) < set(axes))
            effects[axes] = np.broadcast_to(values.mean(rest, keepdims=True), values.shape) - below
            df = int(np.prod([values.shape[axis] - 1 for axis in axes]))
            square = float(np.sum(effects[axes] ** 2)) / df if df else np.nan
            found["".join(_FACTORS[axis] for axis in axes)] = 0.0 if square <= least else square
    return found


def dbm(
    data: RocData,
    *,
    figure_of_merit: FigureOfMerit | None = None,
    fixed: Literal["readers", "cases"] | None = None,
    confidence: float = 0.95,
) -> DbmFit:
    """Compare tests by DBM analysis: an ANOVA of jackknife pseudovalues of several readers and cases.

    With Hillis's (2007) degrees of freedom this is `mrmc` with jackknife covariances, written as a test x reader x case
    table; with fixed readers it uses t and F where `mrmc` uses z and chi-square.

    Parameters
    ----------
    data : RocData
        From `RocData.from_frame`; at least two tests and two readers, every reader reading every case under every test.
    figure_of_merit, fixed, confidence
        As for `mrmc`.

    Raises
    ------
    InputError
        For other designs, and as `mrmc`.

    See Also
    --------
    mrmc : the same by covariances, with nested designs and other covariance estimates.

    References
    ----------
    Dorfman DD, Berbaum KS, Metz CE (1992). Receiver operating characteristic rating analysis: generalization to the
    population of readers and patients with the jackknife method. Invest. Radiol. 27, 723-731.

    Examples
    --------
    >>> from gazeanalytics.stats.roc import RocData, mrmc
    >>> rng = np.random.default_rng(4)
    >>> test, reader, case = (part.ravel() for part in np.indices((2, 5, 40)))
    >>> there = case % 2
    >>> rating = (1 + 0.8 * test) * there + rng.normal(0, 0.7, 40)[case] + rng.normal(0, 0.7, len(case))
    >>> readings = pd.DataFrame({"test": test, "reader": reader, "case": case, "truth": there, "rating": rating})
    >>> rated = RocData.from_frame(readings, test="test")
    >>> [float(round(fit.estimates()["p_value"][0], 6)) for fit in (dbm(rated), mrmc(rated))]
    [0.114177, 0.114177]
    """
    if data.design != FACTORIAL or len(data.tests) < 2 or len(data.readers) < 2:
        raise InputError(
            "dbm needs two tests and two readers or more, every reader reading every case under every test; got "
            f"{len(data.tests)} tests, {len(data.readers)} readers, design {data.design!r}: see mrmc"
        )
    figure_of_merit = Auc() if figure_of_merit is None else figure_of_merit
    pseudo = pseudovalues(data, figure_of_merit)
    return DbmFit(figure_of_merit.name, fixed, data.tests, data.readers, pseudo, confidence)
