"""Power and sample size of the next study, from the components of a pilot (Hillis, Obuchowski & Berbaum 2011)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from gazeanalytics.stats.roc.analysis import MrmcFit
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
    """Give the chance that a study of two tests finds a difference of a given size.

    Error covariances shrink with the number of cases; that there are as many with the finding as in the pilot is taken
    for granted. Components below 0 count as 0 where the analysis takes them so (Hillis, Obuchowski & Berbaum 2011,
    Acad. Radiol. 18).

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
        raise InputError("wanted at least two readers and two cases; came fewer")
    rows = [{"readers": r, "cases": c, **_power(pilot, effect, r, c, fixed, alpha)} for r, c in sizes]
    return pd.DataFrame(rows)


def _many(sizes: int | Iterable[int]) -> Iterable[int]:
    return sizes if isinstance(sizes, Iterable) else [sizes]


def _check(pilot: MrmcFit, effect: float) -> None:
    if len(pilot.tests) < 2 or pilot.fixed == "cases" or len(pilot.readers) < 2:
        raise InputError(
            "planning wants a pilot of two tests and two readers or more, whose error covariances are known; came "
            f"{len(pilot.tests)} tests, {len(pilot.readers)} readers, fixed={pilot.fixed!r}"
        )
    if not abs(effect) > 0:
        raise InputError(f"effect: wanted a difference of figures of merit other than 0, such as 0.05; came {effect}")


def _power(
    pilot: MrmcFit, effect: float, readers: int, cases: int, fixed: str | None, alpha: float
) -> dict[str, float]:
    squares, errors = pilot.squares(), pilot.errors()
    apart = max(errors["Cov2"] - errors["Cov3"], 0.0)
    both = max(squares["TR"] - errors["Error"] + errors["Cov1"] + apart, 0.0)  # test:reader
    shrink = pilot.cases / cases
    alone = shrink * (errors["Error"] - errors["Cov1"] - apart)
    if fixed == "readers":
        bottom = alone + readers * shrink * apart
        away = readers * effect**2 / 2 / bottom
        critical = float(stats.chi2.isf(alpha, 1))
        found = stats.ncx2.sf(critical, 1, away)
        return {"power": float(found), "noncentrality": away, "df2": np.nan, "critical": critical}
    if fixed == "cases":
        bottom, df2 = both + alone, float(readers - 1)
    else:
        bottom = both + alone + readers * shrink * apart
        df2 = bottom**2 / ((both + alone) ** 2 / (readers - 1))
    away = readers * effect**2 / 2 / bottom
    critical = float(stats.f.isf(alpha, 1, df2))
    found = stats.ncf.sf(critical, 1, df2, away)
    return {"power": float(found), "noncentrality": away, "df2": df2, "critical": critical}


def mrmc_sample_size(
    pilot: MrmcFit,
    *,
    effect: float,
    readers: int | Iterable[int],
    power: float = 0.8,
    most: int = 2000,
    fixed: Literal["readers"] | None = None,
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Give the fewest cases that a number of readers need to find a difference.

    Parameters
    ----------
    pilot, effect, readers, fixed, alpha
        As for `mrmc_power`.
    power : float
        Wanted chance to find it.
    most : int
        Cases beyond which the search is given up.

    Returns
    -------
    pandas.DataFrame
        readers, cases and power; `note` says where even `most` cases are too few (cases and power are then NaN).
    """
    _check(pilot, effect)
    rows = []
    for count in _many(readers):
        low, high = 1, most
        if _power(pilot, effect, count, most, fixed, alpha)["power"] < power:
            rows.append({"readers": count, "cases": np.nan, "power": np.nan, "note": f"more than {most:,} cases"})
            continue
        while high - low > 1:
            middle = (low + high) // 2
            enough = _power(pilot, effect, count, middle, fixed, alpha)["power"] >= power
            low, high = (low, middle) if enough else (middle, high)
        reached = _power(pilot, effect, count, high, fixed, alpha)["power"]
        rows.append({"readers": count, "cases": float(high), "power": reached, "note": ""})
    return pd.DataFrame(rows)
