"""Mean of a score over crossed readers and cases, with a two-way cluster-robust standard error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import t as student

__all__ = ["CrossedMean", "crossed_mean"]


@dataclass(frozen=True, slots=True)
class CrossedMean:
    """A mean over crossed readers and cases, with its cluster-robust standard error.

    Attributes
    ----------
    estimate, std_error : float
        The mean, and its error.
    df : float
        Degrees of freedom: the smaller number of readers or cases, less one.
    n, readers, cases : int
        Readings used, of how many.

    Examples
    --------
    >>> low, high = CrossedMean(0.8, 0.05, df=9.0, n=200, readers=10, cases=20).interval()
    >>> round(low, 2), round(high, 2)
    (0.69, 0.91)
    """

    estimate: float
    std_error: float
    df: float
    n: int
    readers: int
    cases: int

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Confidence interval by the t distribution, (low, high)."""
        half = float(student.ppf((1 + confidence) / 2, self.df)) * self.std_error
        return self.estimate - half, self.estimate + half


def crossed_mean(scores: np.ndarray, readers: np.ndarray | pd.Series, cases: np.ndarray | pd.Series) -> CrossedMean:
    """Mean of the scores of readings with a two-way cluster-robust standard error; NaN scores are left out.

    The variance of the mean is that of reader means plus that of case means less that of single readings (two-way
    clusters), each with its small-sample factor, and never below the larger of the first two.

    Parameters
    ----------
    scores : numpy.ndarray, shape (readings,)
    readers, cases : array, shape (readings,)
        Who read what.

    Raises
    ------
    ValueError
        With fewer than two readers or two cases.

    References
    ----------
    Cameron, Gelbach & Miller (2011), J. Bus. Econ. Stat. 29(2).

    Examples
    --------
    >>> found = crossed_mean(np.array([1.0, 1.0, 0.0, 1.0]), np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]))
    >>> found.estimate, found.df
    (0.75, 1.0)
    """
    known = ~np.isnan(scores)
    y = scores[known]
    who, what = (pd.factorize(np.asarray(codes)[known])[0] for codes in (readers, cases))
    counts = [int(codes.max()) + 1 if len(codes) else 0 for codes in (who, what)]
    if min(counts) < 2:
        raise ValueError(f"expected at least two readers and two cases; got {counts[0]} and {counts[1]}")
    error = y - y.mean()
    pairs = pd.factorize(who * counts[1] + what)[0]
    by_reader, by_case, by_pair = (_clustered(error, codes) for codes in (who, what, pairs))
    # Reader and case clusters both hold each single reading's error, so it is taken off once. With few
    # clusters that difference may fall below either part, or below 0; the mixed model would be the other way, but needs
    # a family for the score.
    spread = float(np.sqrt(max(by_reader + by_case - by_pair, by_reader, by_case)))
    return CrossedMean(float(y.mean()), spread, float(min(counts) - 1), len(y), *counts)


def _clustered(error: np.ndarray, codes: np.ndarray) -> float:
    """Variance of the mean from sums of errors within clusters, with the factor for few clusters."""
    sums = np.bincount(codes, error)
    return float(sums @ sums) / len(error) ** 2 * len(sums) / (len(sums) - 1)
