"""Reader structure: whether groups of readings are strategies that readers share, or readers in disguise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score, mutual_info_score

from gazeanalytics.strategies.clustering.search import StrategySettings, search

__all__ = ["ReaderStructure", "reader_structure"]

# Where knowing the reader explains less than half of the groups, most readers change between them: they are shared.
_MOST_EXPLAINED = 0.5
_SPLITS = 3
_LEAST_AGREEMENT = 0.5
_MIN_READINGS = 50


@dataclass(frozen=True, slots=True)
class ReaderStructure:
    """How far groups of readings hang on who reads.

    Attributes
    ----------
    explained : float
        Share of the entropy of the groups that knowing the reader takes away (uncertainty coefficient; Theil 1970):
        0 where all readers use all groups alike, 1 where each keeps to one.
    agreement : float
        Adjusted Rand index (Hubert & Arabie 1985) of the groups found in one half of the readers and those found in the
        other, all readings placed by both; median over three splits. NaN where it was not asked for, or could not be.

    Examples
    --------
    >>> [ReaderStructure(explained=0.95, agreement=index).of_readers for index in (0.2, 0.9)]
    [True, False]
    """

    explained: float
    agreement: float

    @property
    def of_readers(self) -> bool:
        """Whether the groups are readers: each keeps to one group, and other readers don't show the same groups."""
        return self.explained >= _MOST_EXPLAINED and not self.agreement >= _LEAST_AGREEMENT

    def words(self, groups: int) -> str:
        """Say what was found in place of strategies."""
        again = (
            f"the groups of one half of the readers are not those of the other (adjusted Rand index "
            f"{self.agreement:.2f})"
            if np.isfinite(self.agreement)
            else "there are too few readers to see whether others share the groups"
        )
        return (
            f"Readers differ: {groups} groups were found, but who reads explains {self.explained:.0%} of them, "
            f"and {again}. They are habits of single readers, and no strategies that readers share."
        )


def reader_structure(
    points: np.ndarray, groups: np.ndarray, readers: np.ndarray, settings: StrategySettings, rng: np.random.Generator
) -> ReaderStructure:
    """See whether groups are found again in readers who were not searched, where readers keep to their groups.

    Parameters
    ----------
    points : numpy.ndarray, shape (readings, features)
        Scaled features.
    groups : numpy.ndarray of int, shape (readings,)
    readers : numpy.ndarray, shape (readings,)
        Who read.
    settings : StrategySettings
    rng : numpy.random.Generator
        Splits the readers.

    Returns
    -------
    ReaderStructure

    Notes
    -----
    Rejected: the search once more on deviations from readers' means. It takes away real strategies too where readers
    have favourites, as their means then move with what they favour.

    Examples
    --------
    Six readers, each with a way of their own, and the same ways shared by all:

    >>> rng = np.random.default_rng(1)
    >>> readers = np.repeat(np.arange(6), 60)
    >>> own = rng.normal(size=(6, 5))[readers] * 4 + rng.normal(size=(360, 5))
    >>> reader_structure(own, readers, readers, StrategySettings(), rng).of_readers
    True
    >>> way = rng.integers(0, 3, 360)
    >>> shared = rng.normal(size=(3, 5))[way] * 4 + rng.normal(size=(360, 5))
    >>> reader_structure(shared, way, readers, StrategySettings(), rng).of_readers
    False
    """
    shares = np.unique(groups, return_counts=True)[1] / len(groups)
    codes = pd.factorize(readers)[0]  # as sklearn takes names of any type
    explained = float(mutual_info_score(groups, codes) / -(shares @ np.log(shares))) if len(shares) > 1 else 0.0
    if explained < _MOST_EXPLAINED:
        return ReaderStructure(explained, np.nan)
    agreed = [_agreement(points, codes, settings, rng) for _ in range(_SPLITS)]
    return ReaderStructure(explained, float(np.median(agreed)))


def _agreement(points: np.ndarray, codes: np.ndarray, settings: StrategySettings, rng: np.random.Generator) -> float:
    """Adjusted Rand index of all readings placed by the groups of either half of the readers."""
    count = int(codes.max()) + 1
    half = np.isin(codes, rng.permutation(count)[: count // 2])
    if min(half.sum(), (~half).sum()) < _MIN_READINGS:
        return float("nan")
    placed = []
    for rows in (half, ~half):
        found = search(np.ascontiguousarray(points[rows]), settings, rng)
        placed.append(found.strategy_of[found.mixture.posterior(points).argmax(axis=1)])
    return float(adjusted_rand_score(*placed))
