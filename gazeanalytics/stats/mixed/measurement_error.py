"""Predictors measured with error: scores calibrated before a model takes them (regression calibration)."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

import numpy as np
import pandas as pd

from gazeanalytics.brief import Brief
from gazeanalytics.stats.mixed.design import ModelError
from gazeanalytics.stats.mixed.model import mixed
from gazeanalytics.stats.mixed.prediction import predict
from gazeanalytics.tables import nearest

__all__ = ["Calibrated", "calibrate"]

LEAST_RELIABILITY = 0.2  # below it, an effect would be multiplied by more than 5, and its error with it


@dataclass(frozen=True, slots=True, eq=False)
class Calibrated(Brief):
    """What is expected of the true score of each row, given what was measured of all.

    Attributes
    ----------
    score : pandas.Series
        As the rows given; missing where the score, or something it is calibrated by, is.
    reliability : float
        Share of the rows' variance, within readers and cases at the same predictors, that isn't error.
    error_sd : float
        Standard deviation of the error of measurement, as given.
    reliability_error : float
        Standard error of `reliability`, `error_sd` being known: what the rows vary by is estimated.
    """

    score: pd.Series
    reliability: float
    error_sd: float
    reliability_error: float

    def std_error(self, effect: float, std_error: float) -> float:
        """Standard error of an effect of the calibrated score with the calibration's own error in it."""
        return float(np.hypot(std_error, effect * self.reliability_error / self.reliability))


def calibrate(
    data: pd.DataFrame, column: str, error_sd: float, *, given: str = "1 + (1 | reader) + (1 | case)"
) -> Calibrated:
    """Replace a score that is measured with error by its expected true value, which has no attenuation as a predictor.

    An effect of a score is too small by the score's reliability, and what reliability is depends on what else the model
    holds: within readers and cases, a score varies less and is less reliable. The true scores are predicted from a
    mixed model of the measured ones: what readers, cases and predictors say, and of the rest as much as isn't error.

    Parameters
    ----------
    data : pandas.DataFrame
    column : str
        The score.
    error_sd : float
        Standard deviation of its error, such as `StrategyModel.component_errors` gives, or from repeated measurement.
    given : str
        The other predictors of the model that is to follow, and its groups: `years + (1 | reader) + (1 | case)`.
        Means of the score by reader or case, where the model has them, are taken of the calibrated scores.

    Returns
    -------
    Calibrated

    Raises
    ------
    ModelError
        If the score can't be modelled, or varies little more within readers and cases than its error does.

    See Also
    --------
    mixed_misclassified : The same for types that readings may be misplaced in.

    Notes
    -----
    Exact for linear outcomes; of logit and probit models an approximation that is good while the effect times the
    standard deviation of what is left of the error is below 0.5. A model of the calibrated scores doesn't know that
    their reliability is estimated: with an `error_sd` that is known from elsewhere, its intervals are too narrow (of 20
    x 50 rows at a reliability of .5 they covered .88, and .96 with the error that `Calibrated.std_error` adds). With an
    `error_sd` from the same rows, as omega's, both errors go together and the intervals are honest (.95 to .96; both by
    tests/benchmarks/score_error_coverage.py).

    References
    ----------
    Carroll, Ruppert, Stefanski & Crainiceanu (2006), Measurement Error in Nonlinear Models, chapter 4.

    Examples
    --------
    A score whose error is as large as what it varies by within readers; its effect of 1 is measured as a half:

    >>> rng = np.random.default_rng(1)
    >>> data = pd.DataFrame({"reader": np.repeat(np.arange(20), 50)})
    >>> true = rng.normal(0, 1, 1000)
    >>> data["score"] = true + rng.normal(0, 1, 1000)
    >>> data["seconds"] = true + rng.normal(0, 1, 20)[data.reader] + rng.normal(0, 1, 1000)
    >>> found = calibrate(data, "score", 1.0, given="1 + (1 | reader)")
    >>> round(found.reliability, 1)
    0.5
    >>> for rows in (data, data.assign(score=found.score)):
    ...     print(round(float(mixed("seconds ~ score + (1 | reader)", rows).coefficients[1]), 1))
    0.5
    1.0
    """
    if not (isinstance(error_sd, Real) and np.isfinite(error_sd) and error_sd >= 0):
        raise ModelError(f"error_sd: expected a standard deviation from 0; got {error_sd!r}")
    if column not in data:
        raise ModelError(
            f"the data have no column {column!r}; {nearest(column, list(map(str, data.columns)))} (a transformed "
            "score is a column of its own, and its error is on that scale)"
        )
    numbered = data.reset_index(drop=True)
    fit = mixed(f"{column} ~ {given}", numbered)
    measured = fit.frame.data[column].to_numpy(dtype=float)
    expected = predict(fit)
    reliability = float(1 - (error_sd / fit.sigma) ** 2)
    if reliability < LEAST_RELIABILITY:
        raise ModelError(
            f"{column!r} varies within readers and cases by a standard deviation of {fit.sigma:.2g}, its error alone "
            f"by {error_sd:.2g}: too little of it is known to correct its effect"
        )
    values = np.full(len(data), np.nan)
    values[_rows_used(fit.frame.data, numbered)] = expected + reliability * (measured - expected)
    sigma_error = fit.estimates().set_index("term")["std_error"]["sd(residual)"]
    error = float(2 * error_sd**2 * sigma_error / fit.sigma**3)
    return Calibrated(pd.Series(values, index=data.index, name=column), reliability, float(error_sd), error)


def _rows_used(used: pd.DataFrame, data: pd.DataFrame) -> np.ndarray:
    """Places of the rows that a model used: those with a value in each of its columns."""
    return np.flatnonzero(data[list(used.columns)].notna().all(axis=1).to_numpy())
