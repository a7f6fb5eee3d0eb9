"""MRMC analysis: Obuchowski & Rockette's analysis of variance of readers' figures of merit.

The model (Obuchowski & Rockette 1995) of reader j's figure of merit under test i is

    A_ij = mu + test_i + reader_j + (test:reader)_ij + error_ij

whose errors are correlated, because the same cases were read: Cov1 between tests of one reader, Cov2 between readers of
one test, Cov3 between both. These covariances are estimated apart from the analysis of variance (`covariance`), and
Hillis (2007) gives the degrees of freedom. The pseudovalue analysis (`dbm`) is algebraically the same with jackknife
covariances; this form was preferred because it takes any covariance estimate and any nested design.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

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
    mean_row,
    on_logits,
    pairs,
    without_rounding,
)
from gazeanalytics.stats.roc.covariance import covariance as covariances
from gazeanalytics.stats.roc.figures_of_merit import Auc, FigureOfMerit
from gazeanalytics.stats.roc.roc_data import (
    BY_READER,
    BY_READER_AND_TEST,
    BY_TEST,
    FACTORIAL,
    INCOMPLETE,
    SHARED_IN_PART,
    RocData,
)
from gazeanalytics.tables import InputError

__all__ = ["MrmcFit", "mrmc"]

_ROUNDING = 1e-24  # of mean squares of figures of merit: their own rounding error, squared


@dataclass(frozen=True)
class MrmcFit(Brief):
    """MRMC analysis of variance: readers' figures of merit, their covariances, and tests; made by `mrmc`.

    Attributes
    ----------
    figure_of_merit, method, design : str
        Figure of merit, how covariances were estimated, and the study design.
    fixed : {None, "readers", "cases"}
        What the claims are confined to.
    tests, readers : tuple
        Labels.
    figures_of_merit : numpy.ndarray, shape (tests, readers)
        Such as each reader's AUC under each test.
    covariance : numpy.ndarray, shape (tests * readers, tests * readers)
        Their error covariances, readers within tests; NaN with fixed cases.
    n_cases : int
        Number of cases.
    confidence : float
        Of all intervals.
    interval : {"symmetric", "logit"}
        Kind of the intervals of single tests.

    Examples
    --------
    Two tests, three readers; the second test is better by .05 for each of them, so tests and readers don't interact:

    >>> areas = np.array([[0.80, 0.82, 0.84], [0.85, 0.87, 0.89]])
    >>> fit = MrmcFit("AUC", "delong", "factorial", None, ("CT", "MR"), (1, 2, 3), areas, np.diag([4e-4] * 6), 100)
    >>> {name: round(value, 5) for name, value in fit.mean_squares().items()}
    {'T': 0.00375, 'R': 0.0008, 'TR': 0.0}
    >>> fit.variance_components().round(5).head(2)
         component  estimate correlation
    0       reader    0.0004         NaN
    1  test:reader   -0.0004         NaN
    """

    figure_of_merit: str
    method: str
    design: str
    fixed: Literal["readers", "cases"] | None
    tests: tuple[object, ...]
    readers: tuple[object, ...]
    figures_of_merit: np.ndarray
    covariance: np.ndarray
    n_cases: int
    confidence: float = 0.95
    interval: Literal["symmetric", "logit"] = "symmetric"

    @property
    def shape(self) -> tuple[int, int]:
        """Number of tests and readers."""
        return len(self.tests), len(self.readers)

    def mean_squares(self) -> dict[str, float]:
        """Give mean squares of tests (T), readers (R) and their interaction (TR); NaN where they have no df."""
        t, r = self.shape
        values = self.figures_of_merit
        by_test, by_reader, mean = values.mean(1), values.mean(0), values.mean()
        # One figure a test and reader, so the interaction has no error of its own to be compared with: that is what the
        # error covariances are estimated for.
        rest = values - by_test[:, None] - by_reader[None, :] + mean
        sums = r * np.sum((by_test - mean) ** 2), t * np.sum((by_reader - mean) ** 2), np.sum(rest**2)
        free = t - 1, r - 1, (t - 1) * (r - 1)
        # Readers who gain alike leave an interaction of 1e-33 instead of 0, which would be divided by.
        least = _ROUNDING * float(np.square(values).max())
        means = [float(s) / f if f else np.nan for s, f in zip(sums, free, strict=True)]
        return {name: 0.0 if one <= least else one for name, one in zip(("T", "R", "TR"), means, strict=True)}

    def reader_mean_squares(self) -> np.ndarray:
        """Give the mean square of readers under each test, shape (tests,)."""
        if self.shape[1] < 2:
            return np.full(self.shape[0], np.nan)
        return self.figures_of_merit.var(axis=1, ddof=1)

    def error_covariances(self) -> dict[str, float]:
        """Give the mean error variance (Error) and covariances: other test (Cov1), other reader (Cov2), both (Cov3)."""
        t, r = self.shape
        test, reader = np.divmod(np.arange(t * r), r)
        same_test, same_reader = test[:, None] == test, reader[:, None] == reader
        error = float(np.mean(np.diag(self.covariance)))
        masks = {"Cov1": ~same_test & same_reader, "Cov2": same_test & ~same_reader, "Cov3": ~same_test & ~same_reader}
        means = {name: float(self.covariance[mask].mean()) if mask.any() else 0.0 for name, mask in masks.items()}
        return {"Error": error, **means}

    def shared_error(self) -> float:
        """Give max(Cov2 - Cov3, 0), the error that readers share within a test beyond that across tests.

        Below 0 it counts as 0, as Hillis (2007) has it: sharing cases can't make a difference of tests more certain.
        """
        errors = self.error_covariances()
        return max(without_rounding(errors["Cov2"] - errors["Cov3"], errors["Error"]), 0.0)

    def test_error_covariances(self) -> pd.DataFrame:
        """Give the mean error variance and Cov2 of each test by itself: columns Error, Cov2, one row a test."""
        r = self.shape[1]
        blocks = [self.covariance[k : k + r, k : k + r] for k in range(0, len(self.covariance), r)]
        off = ~np.eye(r, dtype=bool)
        means = [(float(np.diag(part).mean()), float(part[off].mean()) if r > 1 else 0.0) for part in blocks]
        return pd.DataFrame(means, columns=["Error", "Cov2"], index=pd.Index(self.tests, name="test"))

    def variance_components(self) -> pd.DataFrame:
        """Give the variance components of the Obuchowski-Rockette model; these can be negative.

        Returns
        -------
        pandas.DataFrame
            component (reader, test:reader, Error, Cov1, Cov2, Cov3), estimate, correlation (with Error; NaN where
            Error is 0).
        """
        if self.fixed == "cases":
            raise InputError("with fixed cases no error covariances are estimated; leave `fixed` out to see components")
        squares, errors = self.mean_squares(), self.error_covariances()
        # From the expected mean squares (Obuchowski & Rockette 1995): E MS(TR) = test:reader + Error - Cov1 - Cov2 +
        # Cov3 and E MS(R) = MS(TR) + t (reader + Cov1 - Cov3). Negative ones are shown, not set to 0, so that pilots
        # can be averaged; only Cov2 - Cov3 is held at 0, as in the test.
        reader = (squares["R"] - squares["TR"]) / self.shape[0] - errors["Cov1"] + errors["Cov3"]
        both = squares["TR"] - errors["Error"] + errors["Cov1"] + self.shared_error()
        names, error = ["reader", "test:reader", *errors], errors["Error"]
        shares = [errors[name] / error if error > 0 else np.nan for name in ("Cov1", "Cov2", "Cov3")]
        values = {
            "component": names,
            "estimate": [reader, both, *errors.values()],
            "correlation": [np.nan] * 3 + shares,
        }
        return pd.DataFrame(values)

    def estimates(self) -> pd.DataFrame:
        """Give an `estimates` table: F test of equality, differences of tests, their means, and single readers.

        Returns
        -------
        pandas.DataFrame
            `term` is "tests" (whose `contrast` names F or, with fixed readers, chi-square and its degrees of freedom),
            "difference", "mean", or with fixed readers "reader ...", whose `contrast` is a test or a difference of two.
            `df2` holds the second degrees of freedom of F. Intervals of a figure of merit are held within 0 and 1.
            Where nothing varies (all readers perfect, or all ratings the same) `std_error` is 0, and `note` says that
            no error can be estimated.
        """
        rows = _ANALYSES[self.fixed](self)
        note = ""
        # Not refused: the degrees of freedom allow for few readers, but a claim about all readers rests on these.
        if self.fixed != "readers" and self.shape[1] < FEW_READERS:
            note = f"small cell: {self.shape[1]} readers stand for all"
        found = estimates_table(self.figure_of_merit, rows, self.n_cases, note)
        return on_logits(found, self.confidence) if self.interval == "logit" else found


def mrmc(
    data: RocData,
    *,
    figure_of_merit: FigureOfMerit | None = None,
    covariance: Literal["jackknife", "delong", "unbiased"] = "jackknife",
    fixed: Literal["readers", "cases"] | None = None,
    confidence: float = 0.95,
    interval: Literal["symmetric", "logit"] = "symmetric",
) -> MrmcFit:
    """Compare tests by multi-reader multi-case (MRMC) ROC analysis: Obuchowski-Rockette ANOVA of readers' AUCs.

    The method of Obuchowski & Rockette (1995) with Hillis's (2007) degrees of freedom. Dorfman, Berbaum & Metz's
    analysis of pseudovalues gives the same (see `dbm`).

    Parameters
    ----------
    data : RocData
        From `RocData.from_frame`. Every reader reads every case under every test, or cases are nested in readers, in
        tests or in both, or all readers read the same cases of a test and tests share only some of them; anything else
        is refused and pointed to `one_shot`. With one test, only its mean is estimated.
    figure_of_merit : FigureOfMerit, optional
        What is averaged over readers: `Auc()` (default), `Auc(partial=...)`, `Auc(curve="binormal")`,
        `SensitivityAt(...)`, `ExpectedUtility(...)`, `Sensitivity()`, `Specificity()`.
    covariance : {"jackknife", "delong", "unbiased"}
        How error covariances are estimated; the latter two for the empirical AUC alone (DeLong et al. 1988; Gallas
        2006, Hillis 2018).
    fixed : {"readers", "cases"}, optional
        Confine the claims to these readers or cases. By default they hold for readers and cases like these.
    confidence : float
    interval : {"symmetric", "logit"}
        Of single tests: as all programs give them, or symmetric on the logit, which cover better where few cases are
        read and figures are near 1 (in Roe & Metz's studies .94 to .95 where symmetric ones cover .93 to .94).
        Differences always have symmetric ones.

    Returns
    -------
    MrmcFit
        `estimates()` for the paper's table, `variance_components()` for the sample size of the next study.

    Raises
    ------
    InputError
        For an incomplete design, fewer than two readers (unless they are fixed), or a reader with fewer than two cases
        of either kind.

    See Also
    --------
    one_shot : for designs in which readers read different cases.
    against_model : readers compared with one AI model.
    mrmc_sample_size : how many cases the next study needs.

    References
    ----------
    Obuchowski NA, Rockette HE (1995). Hypothesis testing of diagnostic accuracy for multiple readers and multiple
    tests: an ANOVA approach with dependent observations. Commun. Stat. Simul. Comput. 24, 285-308.
    Hillis SL (2007). A comparison of denominator degrees of freedom methods for multiple observer ROC analysis. Stat.
    Med. 26, 596-619.

    Examples
    --------
    Five readers, 60 cases, without (0) and with (1) help that improves their ratings:

    >>> from gazeanalytics.stats.roc import RocData
    >>> rng = np.random.default_rng(4)
    >>> helped, reader, case = (part.ravel() for part in np.indices((2, 5, 60)))
    >>> there = case % 2
    >>> seen = rng.normal(0, 0.7, 60)[case] + rng.normal(0, 0.7, len(case)) + (1 + 1.5 * helped) * there
    >>> readings = pd.DataFrame({"helped": helped, "reader": reader, "case": case, "truth": there, "rating": seen})
    >>> fit = mrmc(RocData.from_frame(readings, test="helped"))
    >>> fit.estimates()[["term", "contrast", "estimate", "conf_low", "conf_high"]].round(3)
             term    contrast  estimate  conf_low  conf_high
    0       tests  F(1, 35.7)       NaN       NaN        NaN
    1  difference       0 - 1    -0.162    -0.229     -0.096
    2        mean           0     0.803     0.713      0.893
    3        mean           1     0.965     0.935      0.995
    """
    _check_request(data, fixed, interval)
    merit = Auc() if figure_of_merit is None else figure_of_merit
    values, errors = covariances(data, merit, covariance)
    errors = _as_designed(errors, data, fixed)
    names = (merit.name, covariance, data.design, fixed, data.tests, data.readers)
    return MrmcFit(*names, values, errors, len(data.cases), confidence, interval)


def _check_request(data: RocData, fixed: str | None, interval: str) -> None:
    if fixed not in (None, "readers", "cases"):
        raise InputError(f"fixed: expected 'readers', 'cases' or None; got {fixed!r}")
    if interval not in ("symmetric", "logit"):
        raise InputError(f"interval: expected 'symmetric' or 'logit'; got {interval!r}")
    if data.design == INCOMPLETE:
        raise InputError(
            "expected every reader to read every case of a test, or cases nested in readers; these "
            f"{len(data.rating):,} readings of {len(data.cases):,} cases by {len(data.readers):,} readers under "
            f"{len(data.tests)} tests are incomplete: use one_shot, or cluster_bootstrap for any statistic"
        )
    if len(data.readers) < 2 and fixed != "readers":
        raise InputError(
            "one reader can't show how readers vary: expected at least two, or fixed='readers' for claims about one"
        )


def _as_designed(errors: np.ndarray, data: RocData, fixed: str | None) -> np.ndarray:
    """Set covariances to 0 between cells that share no case: there the estimate is nothing but noise."""
    if fixed == "cases":
        return np.full_like(errors, np.nan)
    test, reader = np.divmod(np.arange(len(errors)), len(data.readers))
    apart = {
        FACTORIAL: np.zeros_like(errors, dtype=bool),
        BY_READER: reader[:, None] != reader,
        BY_TEST: test[:, None] != test,
        BY_READER_AND_TEST: ~np.eye(len(errors), dtype=bool),
        SHARED_IN_PART: ~_share_cases(data)[test[:, None], test],
    }[data.design]
    return np.where(apart, 0.0, errors)


def _share_cases(data: RocData) -> np.ndarray:
    """Whether two tests have any case in common, shape (tests, tests)."""
    read = (data.case_reads() > 0).astype(int)
    return read @ read.T > 0


def _random(fit: MrmcFit) -> list[dict[str, Any]]:
    """Random readers, random cases."""
    # F = MS(T) / (MS(TR) + r max(Cov2 - Cov3, 0)) with Hillis's (2007) df2. Obuchowski & Rockette's own df2, (t - 1)(r
    # - 1), ignores that the second part is known better than the first, and is far too small with few readers: tests
    # then reject too rarely.
    t, r = fit.shape
    squares, rows = fit.mean_squares(), []
    if t > 1:
        within = squares["TR"] + r * fit.shared_error()
        df2 = hillis_df(within, squares["TR"], (t - 1) * (r - 1))
        rows = [equality_row(squares["T"], within, t - 1, df2), *_differences(fit, 2 / r * within, df2)]
    # Single means take their own test's Cov2 and readers (RJafroc and the Iowa program do): pooled over tests they
    # would gain degrees of freedom, at the price of an interval for CT that depends on how MR was read.
    own = fit.test_error_covariances()["Cov2"]
    each = zip(fit.tests, fit.figures_of_merit, own, strict=True)
    return rows + [mean_row(name, values, cov2, fit.confidence) for name, values, cov2 in each]


def _fixed_readers(fit: MrmcFit) -> list[dict[str, Any]]:
    """These readers, random cases: chi-square and z, as nothing but cases (of which there are many) varies."""
    # Var of a difference of means = 2 / r (Error - Cov1 + (r - 1) max(Cov2 - Cov3, 0)). `dbm` has t and F here, as its
    # programs do; covariances are no mean squares with known degrees of freedom.
    t, r = fit.shape
    errors, rows = fit.error_covariances(), []
    if t > 1:
        own = without_rounding(errors["Error"] - errors["Cov1"], errors["Error"])
        within = own + (r - 1) * fit.shared_error()
        rows = [equality_row(fit.mean_squares()["T"], within, t - 1, None)]
        rows += _differences(fit, 2 / r * within, np.inf)
    # Each test by its own error, not the pooled one: tests may differ in how well cases are separated, and programs of
    # the field print these.
    each = fit.test_error_covariances()
    variances = (each["Error"] + (r - 1) * each["Cov2"].clip(lower=0.0)) / r
    for name, value, variance in zip(fit.tests, fit.figures_of_merit.mean(1), variances, strict=True):
        rows.append(estimate_row("mean", name, value, float(variance), np.inf, fit.confidence, bounded=True))
    return rows + _single_readers(fit)


def _single_readers(fit: MrmcFit) -> list[dict[str, Any]]:
    t, r = fit.shape
    rows = []
    for reader, label in enumerate(fit.readers):
        own = np.arange(t) * r + reader
        block, values = fit.covariance[np.ix_(own, own)], fit.figures_of_merit[:, reader]
        term = f"reader {label}"
        for test, name in enumerate(fit.tests):
            found = estimate_row(term, name, values[test], block[test, test], np.inf, fit.confidence, bounded=True)
            if found["std_error"] == 0:  # a perfect reader: other programs print [1, 1], here `note` warns of it
                found |= {"conf_low": values[test], "conf_high": values[test]}
            rows.append(found)
        if t > 1:
            error, cov1 = float(np.diag(block).mean()), float(block[~np.eye(t, dtype=bool)].mean())
            variance = without_rounding(2 * (error - cov1), error)
            rows += [difference_row(pair, values, fit, variance, np.inf, term) for pair in pairs(t)]
    return rows


def _fixed_cases(fit: MrmcFit) -> list[dict[str, Any]]:
    """These cases, random readers: an ordinary two-way analysis of variance of figures of merit."""
    t, r = fit.shape
    squares, rows = fit.mean_squares(), []
    if t > 1:
        df = (t - 1) * (r - 1)
        rows = [equality_row(squares["T"], squares["TR"], t - 1, df)]
        rows += _differences(fit, 2 / r * squares["TR"], df)
    each = zip(fit.tests, fit.figures_of_merit, strict=True)
    return rows + [mean_row(name, values, 0.0, fit.confidence) for name, values in each]


def _differences(fit: MrmcFit, variance: float, df: float) -> list[dict[str, Any]]:
    means = fit.figures_of_merit.mean(1)
    return [difference_row(pair, means, fit, variance, df, "difference") for pair in pairs(fit.shape[0])]


_ANALYSES: dict[str | None, Callable[[MrmcFit], list[dict[str, Any]]]] = {
    None: _random,
    "readers": _fixed_readers,
    "cases": _fixed_cases,
}
