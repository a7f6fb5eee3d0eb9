"""Power and sample size of the next MRMC study, from the components of a pilot (Hillis, Obuchowski & Berbaum 2011).

The F of two tests has the noncentrality r d^2 / 2 over its denominator's expectation, test:reader + Error - Cov1 -
(Cov2 - Cov3) + r (Cov2 - Cov3), in which all error covariances shrink as cases grow and test:reader does not: beyond
some number of cases only more readers help.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from gazeanalytics.stats.roc.analysis import MrmcFit
from gazeanalytics.stats.roc.roc_data import SHARED_IN_PART
from gazeanalytics.tables import InputError

__all__ = ["mrmc_power", "mrmc_sample_size"]


def mrmc_power(
    pilot: MrmcFit,
    *,
    effect: float,
    readers: int | Iterable[int],
    cases: int | Iterable[int],
    fixed: Literal["readers", "cases"] | None = None,
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Give the power of an MRMC study of two tests to find a difference of a given size.

    Error covariances shrink with the number of cases; that there are as many with the finding as in the pilot is taken
    for granted. Components below 0 count as 0 where the analysis takes them so.

    Parameters
    ----------
    pilot : MrmcFit
        From `mrmc`, of two tests or more.
    effect : float
        Difference of the two tests' figures of merit.
    readers, cases : int or iterable of int
        Sizes to try, all combinations.
    fixed : {"readers", "cases"}, optional
        Kind of analysis, as in `mrmc`.
    alpha : float
        Level of the test.

    Returns
    -------
    pandas.DataFrame
        readers, cases, power, noncentrality, df2 (NaN for chi-square), critical.

    Raises
    ------
    InputError
        For a pilot of one test or with fixed cases, fewer than two readers, or an effect that is not a number above 0.

    See Also
    --------
    mrmc_sample_size : the fewest cases that reach a power.

    References
    ----------
    Hillis SL, Obuchowski NA, Berbaum KS (2011). Power estimation for multireader ROC methods: an updated and unified
    approach. Acad. Radiol. 18, 129-142.

    Examples
    --------
    >>> errors = np.full((4, 4), 4e-4) + np.diag(np.full(4, 4e-4))
    >>> pilot = MrmcFit("AUC", "jackknife", "factorial", None, (1, 2), (1, 2), np.array([[0.8, 0.82], [0.85, 0.9]]),
    ...                 errors, 100)
    >>> mrmc_power(pilot, effect=0.03, readers=[5, 10], cases=200)[["readers", "power"]].round(2)
       readers  power
    0        5   0.71
    1       10   0.99
    """
    _check(pilot, effect)
    sizes = [(int(r), int(c)) for r in np.atleast_1d(list(_many(readers))) for c in np.atleast_1d(list(_many(cases)))]
    if (min(r for r, _ in sizes) < 2 and fixed != "readers") or min(c for _, c in sizes) < 2:
        raise InputError("expected at least two readers and two cases; got fewer")
    rows = [{"readers": r, "cases": c, **_power(pilot, effect, r, c, fixed, alpha)} for r, c in sizes]
    return pd.DataFrame(rows)


def _many(sizes: int | Iterable[int]) -> Iterable[int]:
    return sizes if isinstance(sizes, Iterable) else [sizes]


def _check(pilot: MrmcFit, effect: float) -> None:
    if len(pilot.tests) < 2 or pilot.fixed == "cases" or len(pilot.readers) < 2:
        raise InputError(
            "planning needs a pilot of two tests and two readers or more, whose error covariances are known; got "
            f"{len(pilot.tests)} tests, {len(pilot.readers)} readers, fixed={pilot.fixed!r}"
        )
    if pilot.design == SHARED_IN_PART:
        raise InputError(
            "the pilot's tests share only some cases, so its covariances are not those of a study in which they share "
            "all: take the readings of shared cases for the pilot"
        )
    if not (pilot.error_covariances()["Error"] > 0 or pilot.mean_squares()["TR"] > 0):
        raise InputError(
            "the pilot's figures of merit vary neither over readers nor over cases (all perfect, or all rated alike?), "
            "so no error can be estimated to plan with"
        )
    if not abs(effect) > 0:
        raise InputError(f"effect: expected a difference of figures of merit other than 0, such as 0.05; got {effect}")


def _power(
    pilot: MrmcFit, effect: float, readers: int, cases: int, fixed: str | None, alpha: float
) -> dict[str, float]:
    # Components of the pilot as the analysis has them, not shrunk: an optimistic pilot makes an optimistic
    # plan, and the reader of the plan should see that in `variance_components`.
    errors, shared = pilot.error_covariances(), pilot.shared_error()
    both = max(pilot.mean_squares()["TR"] - errors["Error"] + errors["Cov1"] + shared, 0.0)  # test:reader
    shrink = pilot.n_cases / cases
    own = shrink * (errors["Error"] - errors["Cov1"] - shared)
    if fixed == "readers":
        away = _noncentrality(readers, effect, own + readers * shrink * shared)
        critical = float(stats.chi2.isf(alpha, 1))
        found = stats.ncx2.sf(critical, 1, away)
        return {"power": float(found), "noncentrality": away, "df2": np.nan, "critical": critical}
    if fixed == "cases":
        shared = 0.0
    within = both + own + readers * shrink * shared
    away = _noncentrality(readers, effect, within)
    df2 = within**2 / ((both + own) ** 2 / (readers - 1))
    critical = float(stats.f.isf(alpha, 1, df2))
    found = stats.ncf.sf(critical, 1, df2, away)
    return {"power": float(found), "noncentrality": away, "df2": df2, "critical": critical}


def _noncentrality(readers: int, effect: float, within: float) -> float:
    if not within > 0:
        raise InputError(
            "the pilot's variance of a difference is estimated as 0 or below (no reader rated the tests differently, "
            "or cases are too few), so power can't be computed from it"
        )
    return readers * effect**2 / 2 / within


def mrmc_sample_size(
    pilot: MrmcFit,
    *,
    effect: float,
    readers: int | Iterable[int],
    power: float = 0.8,
    max_cases: int = 2000,
    fixed: Literal["readers"] | None = None,
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Give the sample size of an MRMC study: the fewest cases that a number of readers need to find a difference.

    Parameters
    ----------
    pilot, effect, readers, fixed, alpha
        As for `mrmc_power`.
    power : float
        Probability of finding it that is asked for.
    max_cases : int
        Cases beyond which the search stops.

    Returns
    -------
    pandas.DataFrame
        readers, cases and power; `note` says where even `max_cases` cases are too few (cases and power are then NaN).

    See Also
    --------
    mrmc_power : the power of given numbers of readers and cases.

    Examples
    --------
    Twelve readers need fewer cases than six:

    >>> errors = np.full((4, 4), 4e-4) + np.diag(np.full(4, 4e-4))
    >>> pilot = MrmcFit("AUC", "jackknife", "factorial", None, (1, 2), (1, 2), np.array([[0.8, 0.82], [0.85, 0.9]]),
    ...                 errors, 100)
    >>> mrmc_sample_size(pilot, effect=0.03, readers=[6, 12])[["readers", "cases"]]
       readers  cases
    0        6  183.0
    1       12   71.0
    """
    _check(pilot, effect)
    # Power rises with cases, so bisection finds the fewest in eleven steps. It needn't reach the target at all: with
    # few readers test:reader variance remains however many cases are read.
    rows = []
    for count in _many(readers):
        low, high = 1, max_cases
        if _power(pilot, effect, count, max_cases, fixed, alpha)["power"] < power:
            rows.append({"readers": count, "cases": np.nan, "power": np.nan, "note": f"more than {max_cases:,} cases"})
            continue
        while high - low > 1:
            middle = (low + high) // 2
            enough = _power(pilot, effect, count, middle, fixed, alpha)["power"] >= power
            low, high = (low, middle) if enough else (middle, high)
        reached = _power(pilot, effect, count, high, fixed, alpha)["power"]
        rows.append({"readers": count, "cases": float(high), "power": reached, "note": ""})
    return pd.DataFrame(rows)
