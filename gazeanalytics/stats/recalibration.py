"""Recalibration: maps from stated probabilities to ones that agree with what was true."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import isotonic_regression

from gazeanalytics.brief import Brief
from gazeanalytics.stats.calibration import BOUND, StatedCounts, checked, logistic_line

__all__ = ["Recalibration", "recalibrate"]


@dataclass(frozen=True, slots=True)
class Recalibration(Brief):
    """Recalibration: a map from stated to recalibrated probability; made by `recalibrate`.

    Attributes
    ----------
    method : str
        isotonic or logistic.
    stated, recalibrated : numpy.ndarray, shape (knots,)
        Where the map was fitted; between knots it is straight, beyond them flat.

    Examples
    --------
    >>> shrink = Recalibration("isotonic", np.array([0.0, 1.0]), np.array([0.3, 0.7]))
    >>> shrink([0.5, 1.0]).tolist()
    [0.5, 0.7]
    """

    method: str
    stated: np.ndarray
    recalibrated: np.ndarray

    def __call__(self, stated: ArrayLike) -> np.ndarray:
        """Recalibrate stated probabilities; NaN stays NaN."""
        return np.interp(np.asarray(stated, float), self.stated, self.recalibrated)


def recalibrate(
    stated: ArrayLike, truth: ArrayLike, *, method: Literal["isotonic", "logistic"] = "isotonic"
) -> Recalibration:
    """Recalibrate stated probabilities by isotonic regression or Platt scaling.

    Parameters
    ----------
    stated, truth : array_like, shape (n,)
        As in `calibration`.
    method : {"isotonic", "logistic"}
        The best rising map (Zadrozny & Elkan 2002), which needs many rows, or a line on the logit (Platt 1999, with
        Cox's slope), which makes do with few.

    Raises
    ------
    ValueError
        As `calibration`; or when a logistic line can't be fitted because truth is separated by what was stated.

    References
    ----------
    Zadrozny B, Elkan C (2002). Transforming classifier scores into accurate multiclass probability estimates. KDD.
    Platt J (1999). Probabilistic outputs for support vector machines. Advances in Large Margin Classifiers.

    Examples
    --------
    Of findings called 80 % half were there, of those called 20 % none:

    >>> fitted = recalibrate([0.2, 0.2, 0.8, 0.8], [0, 0, 1, 0])
    >>> fitted([0.2, 0.5, 0.8]).round(2).tolist()
    [0.0, 0.25, 0.5]
    """
    p, y = checked(stated, truth)
    value, where = np.unique(p, return_inverse=True)
    said = StatedCounts(value, np.bincount(where).astype(float), np.bincount(where, y))
    fits: dict[str, Callable[[], tuple[np.ndarray, np.ndarray]]] = {
        "isotonic": lambda: (value, isotonic_regression(said.hits / said.times, weights=said.times).x),
        "logistic": lambda: _logistic_map(said),
    }
    if method not in fits:
        raise ValueError(f"method: expected 'isotonic' or 'logistic'; got {method!r}")
    knots, fitted = fits[method]()
    return Recalibration(method, knots, np.asarray(fitted))


def _logistic_map(said: StatedCounts) -> tuple[np.ndarray, np.ndarray]:
    # A table of 1001 knots in place of the formula: both methods are then one map that can be stored and drawn.
    intercept, slope = logistic_line(said)
    if np.isnan(slope):
        raise ValueError("a logistic map needs true and false rows that overlap in what is stated; use 'isotonic'")
    grid = np.linspace(BOUND, 1 - BOUND, 1001)
    return grid, 1 / (1 + np.exp(-(intercept + slope * np.log(grid / (1 - grid)))))
