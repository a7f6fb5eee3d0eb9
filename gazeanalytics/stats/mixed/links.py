"""Links: from the linear predictor to the mean of an outcome, back, and how fast the mean moves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit, ndtr, ndtri

__all__ = ["LINKS", "Link"]

Curve = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, slots=True)
class Link:
    """One link function.

    Attributes
    ----------
    mean : callable
        Mean of the outcome at a linear predictor.
    predictor : callable
        Linear predictor at a mean.
    slope : callable
        Derivative of the mean by the linear predictor.

    Examples
    --------
    A hazard of log(2) in an interval is a chance of one half:

    >>> LINKS["cloglog"].mean(np.log(np.log([2.0]))).round(3)
    array([0.5])
    """

    mean: Curve
    predictor: Curve
    slope: Curve


def _cloglog_mean(eta: np.ndarray) -> np.ndarray:
    return -np.expm1(-np.exp(eta))


LINKS = {
    "identity": Link(lambda eta: eta, lambda mean: mean, np.ones_like),
    "log": Link(np.exp, np.log, np.exp),
    "logit": Link(expit, logit, lambda eta: expit(eta) * expit(-eta)),
    "probit": Link(ndtr, ndtri, lambda eta: np.exp(-0.5 * eta**2) / np.sqrt(2 * np.pi)),
    "cloglog": Link(_cloglog_mean, lambda mean: np.log(-np.log1p(-mean)), lambda eta: np.exp(eta - np.exp(eta))),
}
