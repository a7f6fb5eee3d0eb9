"""Obuchowski & Rockette's analysis of variance of readers' figures of merit, with Hillis's degrees of freedom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from gazeanalytics.stats.roc._estimates import (
    FEW,
    difference_row,
    equality_row,
    hillis_df,
    mean_row,
    on_logits,
    pairs,
    row,
    table,
)
from gazeanalytics.stats.roc.covariance import covariance as covariances
from gazeanalytics.stats.roc.figures_of_merit import Auc, Merit
from gazeanalytics.stats.roc.roc_data import APART, BY_READER, BY_TEST, FACTORIAL, INCOMPLETE, Ratings
from gazeanalytics.tables import InputError

__all__ = ["MrmcFit", "mrmc"]


@dataclass(frozen=True)
class MrmcFit:
    """Readers' figures of merit, what they vary by, and what follows for the tests; made by `mrmc`.

    Attributes
    ----------
    merit, method, design : str
        Figure of merit, how covariances were estimated, and who read what.
    fixed : {None, "readers", "cases"}
        What the claims are confined to.
    tests, readers : tuple
        Labels.
    figures : numpy.ndarray, shape (tests, readers)
        Figures of merit.
    covariance : numpy.ndarray, shape (tests * readers, tests * readers)
        Their error covariances, readers within tests; NaN with fixed cases.
    cases : int
        How many.
    confidence : float
        Of all intervals.
    interval : {"symmetric", "logit"}
        Kind of the intervals of single tests.
    """

    merit: str
    method: str
    design: str
    fixed: Literal["readers", "cases"] | None
    tests: tuple[object, ...]
    readers: tuple[object, ...]
    figures: np.ndarray
    covariance: np.ndarray
    cases: int
    confidence: float = 0.95
    interval: Literal["symmetric", "logit"] = "symmetric"

    @property
    def shape(self) -> tuple[int, int]:
        """Number of tests and readers."""
        return len(self.tests), len(self.readers)

    def squares(self) -> dict[str, float]:
        """Give mean squares of tests (T), readers (R) and their interaction (TR); NaN where they have no df."""
        t, r = self.shape
        by_test, by_reader, mean = self.figures.mean(1), self.figures.mean(0), self.figures.mean()
        rest = self.figures - by_test[:, None] - by_reader[None, :] + mean
        sums = r * np.sum((by_test - mean) ** 2), t * np.sum((by_reader - mean) ** 2), np.sum(rest**2)
        free = t - 1, r - 1, (t - 1) * (r - 1)
        names = ("T", "R", "TR")
        return {name: float(s) / f if f else np.nan for name, s, f in zip(names, sums, free, strict=True)}

    def reader_squares(self) -> np.ndarray:
        """Give the mean square of readers under each test, shape (tests,)."""
        if self.shape[1] < 2:
            return np.full(self.shape[0], np.nan)
        return self.figures.var(axis=1, ddof=1)

    def errors(self) -> dict[str, float]:
        """Give the mean error variance (Error) and covariances: other test (Cov1), other reader (Cov2), both (Cov3)."""
        t, r = self.shape
        test, reader = np.divmod(np.arange(t * r), r)
        same_test, same_reader = test[:, None] == test, reader[:, None] == reader
        error = float(np.mean(np.diag(self.covariance)))
        masks = {"Cov1": ~same_test & same_reader, "Cov2": same_test & ~same_reader, "Cov3": ~same_test & ~same_reader}
        told = {name: float(self.covariance[mask].mean()) if mask.any() else 0.0 for name, mask in masks.items()}
        return {"Error": error, **told}

    def test_errors(self) -> pd.DataFrame:
        """Give the mean error variance and Cov2 of each test by itself: columns Error, Cov2, one row a test."""
        r = self.shape[1]
        blocks = [self.covariance[k : k + r, k : k + r] for k in range(0, len(self.covariance), r)]
        off = ~np.eye(r, dtype=bool)
        pairs = [(float(np.diag(part).mean()), float(part[off].mean()) if r > 1 else 0.0) for part in blocks]
        return pd.DataFrame(pairs, columns=["Error", "Cov2"], index=pd.Index(self.tests, name="test"))

    def components(self) -> pd.DataFrame:
        """Give the variance components of the Obuchowski-Rockette model; these can be negative.

        Returns
        -------
        pandas.DataFrame
            component (reader, test:reader, Error, Cov1, Cov2, Cov3), estimate, correlation (with Error).
        """
        if self.fixed == "cases":
            raise InputError("with fixed cases no error covariances are estimated; leave `fixed` out to see components")
        squares, errors = self.squares(), self.errors()
        apart = max(errors["Cov2"] - errors["Cov3"], 0.0)
        reader = (squares["R"] - squares["TR"]) / self.shape[0] - errors["Cov1"] + errors["Cov3"]
        both = squares["TR"] - errors["Error"] + errors["Cov1"] + apart
        names = ["reader", "test:reader", *errors]
        correlation = [np.nan] * 3 + [errors[name] / errors["Error"] for name in ("Cov1", "Cov2", "Cov3")]
        values = {"component": names, "estimate": [reader, both, *errors.values()], "correlation": correlation}
        return pd.DataFrame(values)

    def estimates(self) -> pd.DataFrame:
        """Give an `estimates` table: equality of the tests, their differences, their means, and single readers.

        Returns
        -------
        pandas.DataFrame
            `term` is "tests" (whose `contrast` names F or, with fixed readers, chi-square and its degrees of freedom),
            "difference", "mean", or with fixed readers "reader ...", whose `contrast` is a test or a difference of two.
            `df2` holds the second degrees of freedom of F. Intervals of a figure of merit are held within 0 and 1.
        """
        rows = _ANALYSES[self.fixed](self)
        note = ""
        if self.fixed != "readers" and self.shape[1] < FEW:
            note = f"small cell: {self.shape[1]} readers stand for all"
        found = table(self.merit, rows, self.cases, note)
        return on_logits(found, self.confidence) if self.interval == "logit" else found


def mrmc(
    ratings: Ratings,
    *,
    merit: Merit | None = None,
    covariance: Literal["jackknife", "delong", "unbiased"] = "jackknife",
    fixed: Literal["readers", "cases"] | None = None,
    confidence: float = 0.95,
    interval: Literal["symmetric", "logit"] = "symmetric",
) -> MrmcFit:
    """Compare tests read by several readers on several cases (multi-reader multi-case analysis).

    The method of Obuchowski & Rockette (1995, Commun. Stat. Simul. 24) with Hillis's (2007, Stat. Med. 26) degrees of
    freedom. Dorfman, Berbaum & Metz's pseudovalue analysis gives the same (see `dbm`).

    Parameters
    ----------
    ratings : Ratings
        From `rate`. Every reader reads every case under every test, or cases are nested in readers, in tests or in
        both; anything else is refused and pointed to `one_shot`. With one test, only its mean is estimated.
    merit : Merit, optional
        What is averaged over readers: `Auc()` (default), `Auc(partial=...)`, `Auc(curve="binormal")`,
        `SensitivityAt(...)`, `ExpectedUtility(...)`, `Sensitivity()`, `Specificity()`.
    covariance : {"jackknife", "delong", "unbiased"}
        How error covariances are estimated; the latter two for the empirical AUC alone (DeLong et al. 1988; Gallas
        2006, Hillis 2018).
    fixed : {"readers", "cases"}, optional
        Confine the claims to these readers or these cases. By default they hold for readers and cases like these.
    confidence : float
        Of the intervals.
    interval : {"symmetric", "logit"}
        Of single tests: as all programs give them, or symmetric on the logit, which cover better where few cases are
        read and figures are near 1 (in Roe & Metz's studies .94 to .95 where symmetric ones cover .93 to .94).
        Differences always have symmetric ones.

    Returns
    -------
    MrmcFit
        `estimates()` for the paper's table, `components()` for the sample size of the next study.

    Raises
    ------
    InputError
        For an incomplete design, fewer than two readers (unless they are fixed), or a reader with fewer than two cases
        of either kind.

    Examples
    --------
    Five readers, 60 cases, without (0) and with (1) help that is worth something:

    >>> from gazeanalytics.stats.roc import rate
    >>> rng = np.random.default_rng(4)
    >>> helped, reader, case = (part.ravel() for part in np.indices((2, 5, 60)))
    >>> there = case % 2
    >>> seen = rng.normal(0, 0.7, 60)[case] + rng.normal(0, 0.7, len(case)) + (1 + 1.5 * helped) * there
    >>> readings = pd.DataFrame({"helped": helped, "reader": reader, "case": case, "truth": there, "rating": seen})
    >>> fit = mrmc(rate(readings, test="helped"))
    >>> fit.estimates()[["term", "contrast", "estimate", "conf_low", "conf_high"]].round(3)
             term    contrast  estimate  conf_low  conf_high
    0       tests  F(1, 35.7)       NaN       NaN        NaN
    1  difference       0 - 1    -0.162    -0.229     -0.096
    2        mean           0     0.803     0.713      0.893
    3        mean           1     0.965     0.935      0.995
    """
    if fixed not in (None, "readers", "cases"):
        raise InputError(f"fixed: wanted 'readers', 'cases' or None; came {fixed!r}")
    if interval not in ("symmetric", "logit"):
        raise InputError(f"interval: wanted 'symmetric' or 'logit'; came {interval!r}")
    if ratings.design == INCOMPLETE:
        raise InputError(
            "wanted every reader to read every case under every test, or cases nested in readers or tests; these "
            f"{len(ratings.rating):,} readings of {len(ratings.cases):,} cases by {len(ratings.readers):,} readers "
            "under "
            f"{len(ratings.tests)} tests are incomplete: use one_shot, or cluster_bootstrap for any statistic"
        )
    if len(ratings.readers) < 2 and fixed != "readers":
        raise InputError(
            "one reader can't tell how readers vary: wanted at least two, or fixed='readers' for claims about this one"
        )
    merit = Auc() if merit is None else merit
    values, errors = covariances(ratings, merit, covariance)
    errors = _as_designed(errors, ratings, fixed)
    names = (merit.name, covariance, ratings.design, fixed, ratings.tests, ratings.readers)
    return MrmcFit(*names, values, errors, len(ratings.cases), confidence, interval)


def _as_designed(errors: np.ndarray, ratings: Ratings, fixed: str | None) -> np.ndarray:
    """Set covariances to 0 between cells that share no case."""
    if fixed == "cases":
        return np.full_like(errors, np.nan)
    test, reader = np.divmod(np.arange(len(errors)), len(ratings.readers))
    free = {
        FACTORIAL: np.zeros_like(errors, dtype=bool),
        BY_READER: reader[:, None] != reader,
        BY_TEST: test[:, None] != test,
        APART: ~np.eye(len(errors), dtype=bool),
    }[ratings.design]
    return np.where(free, 0.0, errors)


def _random(fit: MrmcFit) -> list[dict[str, Any]]:
    """Random readers, random cases."""
    t, r = fit.shape
    squares, errors = fit.squares(), fit.errors()
    rows = []
    if t > 1:
        bottom = squares["TR"] + r * max(errors["Cov2"] - errors["Cov3"], 0.0)
        df2 = hillis_df(bottom, squares["TR"], (t - 1) * (r - 1))
        rows = [equality_row(squares["T"] / bottom, t - 1, df2), *_differences(fit, 2 / r * bottom, df2)]
    own = fit.test_errors()["Cov2"]
    each = zip(fit.tests, fit.figures, own, strict=True)
    return rows + [mean_row(name, values, cov2, fit.confidence) for name, values, cov2 in each]


def _fixed_readers(fit: MrmcFit) -> list[dict[str, Any]]:
    t, r = fit.shape
    errors, rows = fit.errors(), []
    if t > 1:
        apart = (r - 1) * max(errors["Cov2"] - errors["Cov3"], 0.0)
        bottom = errors["Error"] - errors["Cov1"] + apart
        chi = (t - 1) * fit.squares()["T"] / bottom if bottom > 0 else np.nan
        rows = [equality_row(chi, t - 1, None), *_differences(fit, 2 / r * bottom, np.inf)]
    own = fit.test_errors()
    spreads = (own["Error"] + (r - 1) * own["Cov2"].clip(lower=0.0)) / r
    for name, value, spread in zip(fit.tests, fit.figures.mean(1), spreads, strict=True):
        rows.append(row("mean", name, value, float(spread), np.inf, fit.confidence, bounded=True))
    return rows + _single_readers(fit)


def _single_readers(fit: MrmcFit) -> list[dict[str, Any]]:
    t, r = fit.shape
    rows = []
    for reader, label in enumerate(fit.readers):
        own = np.arange(t) * r + reader
        block = fit.covariance[np.ix_(own, own)]
        term = f"reader {label}"
        for test, name in enumerate(fit.tests):
            rows.append(row(term, name, fit.figures[test, reader], block[test, test], np.inf, fit.confidence, True))
        if t > 1:
            error, cov1 = float(np.diag(block).mean()), float(block[~np.eye(t, dtype=bool)].mean())
            spread = 2 * (error - cov1)
            rows += [difference_row(pair, fit.figures[:, reader], fit, spread, np.inf, term) for pair in pairs(t)]
    return rows


def _fixed_cases(fit: MrmcFit) -> list[dict[str, Any]]:
    t, r = fit.shape
    squares, rows = fit.squares(), []
    if t > 1:
        df = (t - 1) * (r - 1)
        ratio = squares["T"] / squares["TR"] if squares["TR"] > 0 else np.nan
        rows = [equality_row(ratio, t - 1, df), *_differences(fit, 2 / r * squares["TR"], df)]
    return rows + [
        mean_row(name, values, 0.0, fit.confidence) for name, values in zip(fit.tests, fit.figures, strict=True)
    ]


def _differences(fit: MrmcFit, variance: float, df: float) -> list[dict[str, Any]]:
    means = fit.figures.mean(1)
    return [difference_row(pair, means, fit, variance, df, "difference") for pair in pairs(fit.shape[0])]


_ANALYSES: dict[str | None, Callable[[MrmcFit], list[dict[str, Any]]]] = {
    None: _random,
    "readers": _fixed_readers,
    "cases": _fixed_cases,
}
