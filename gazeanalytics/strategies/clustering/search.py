"""The search for groups: over-segment with a mixture, then merge components that no density gap separates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from gazeanalytics.settings import Settings
from gazeanalytics.strategies.clustering.mixtures import OWN_SHAPES, Mixture, best_path, fit_groups, principal
from gazeanalytics.strategies.scaling import Method
from gazeanalytics.strategies.validation.density_gap import DensityGaps, density_gaps
from gazeanalytics.strategies.validation.multimodality import multimodality

__all__ = [
    "Found",
    "StrategySettings",
    "by_size",
    "found_again",
    "found_in_humps",
    "in_one_feature",
    "not_searched",
    "search",
]

# Readings for each feature that a group must have before its distance to others is believed: with fewer, the
# covariance that the distance divides by is mostly noise, and any two groups look far apart.
_PER_FEATURE = 10
# Level at which a gap must show once it is known that there are types. The stricter `gap_alpha` guards the claim that
# there are types at all; after that, each further gap is a smaller claim.
_ALPHA_AMONG_TYPES = 0.01
_PARTS = 3
# A gap that is nearly empty: what groups ten and more standard deviations apart leave between them.
_EMPTY_ALPHA, _EMPTY_DEPTH = 1e-6, 0.8
# A feature with heaps of its own: one in twenty readings would have to move to make it unimodal.
_HEAPS = 0.05


@dataclass(frozen=True, slots=True)
class StrategySettings(Settings):
    """Settings of a search for strategies, with their defaults.

    Attributes
    ----------
    scaling : {"power", "standard", "robust", "rank"}
        How features are made comparable.
    remove : tuple of {"readers", "cases"}
        Effects taken off the features first.
    n_components : int, optional
        Principal components in which groups are looked for; default all, or one for every 20 readings when that is
        less. What varies most isn't what separates: few components hide small groups.
    max_groups : int
        Greatest number of mixture components that the BIC may choose.
    extra_groups : int
        So many finer mixtures than the one of the BIC are tried too; two must agree on the number of strategies.
    alpha : float
        Level of the cluster-tendency test.
    gap_alpha : float
        Level at which a density gap must show for there to be types at all.
    min_gap_depth : float
        So much of the lower peak's density must be missing in such a gap.
    min_distance : float
        Once there are types, two groups are also two strategies if their centres lie so many standard deviations
        within groups apart (Mahalanobis). Pieces of one normal group lie some 2 apart, pieces of a continuum up to 2.8.
    min_share : float
        For a group with less than this share of the readings, or with fewer than 10 for each feature, the distance to
        others doesn't count, only a gap.
    n_resamples : int
        Surrogate data sets of the cluster-tendency test, at most.
    max_readings : int
        Readings on which the number of groups is chosen; with more, a random subsample.
    max_missing, max_correlation : float
        See `Scaling.fit`.

    See Also
    --------
    multiverse : the same search under other reasonable settings.

    Examples
    --------
    >>> StrategySettings(scaling="rank", n_resamples=199).min_gap_depth
    0.3
    >>> StrategySettings(alpha=2)
    Traceback (most recent call last):
    ValueError: alpha must lie between 0 and 1; got 2
    """

    scaling: Method = "power"
    remove: tuple[Literal["readers", "cases"], ...] = ()
    n_components: int | None = None
    max_groups: int = 10
    extra_groups: int = 2
    alpha: float = 0.05
    gap_alpha: float = 0.001
    min_gap_depth: float = 0.3
    min_distance: float = 2.6
    min_share: float = 0.02
    n_resamples: int = 99
    max_readings: int = 4000
    max_missing: float = 0.5
    max_correlation: float = 0.95

    def __post_init__(self) -> None:
        for name in ("alpha", "gap_alpha", "min_gap_depth", "min_share", "max_missing", "max_correlation"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must lie between 0 and 1; got {getattr(self, name)}")
        for name, least in (("max_groups", 1), ("extra_groups", 0), ("n_resamples", 1), ("max_readings", 50)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}; got {getattr(self, name)}")
        if self.n_components is not None and self.n_components < 1:
            raise ValueError(f"n_components must be at least 1; got {self.n_components}")
        object.__setattr__(self, "remove", (self.remove,) if isinstance(self.remove, str) else tuple(self.remove))


@dataclass(frozen=True, slots=True)
class Found:
    """Result of the search: the mixture, the strategy of each of its components, their gaps, every number tried.

    Examples
    --------
    >>> not_searched(np.random.default_rng(0).normal(size=(60, 2))).strategies
    1
    """

    mixture: Mixture
    strategy_of: np.ndarray
    gaps: DensityGaps
    tried: pd.DataFrame

    @property
    def strategies(self) -> int:
        """How many groups remain once those without a gap are merged."""
        return int(self.strategy_of.max()) + 1


def not_searched(points: np.ndarray) -> Found:
    """Return one group, for points in which the cluster-tendency test found nothing.

    Examples
    --------
    >>> not_searched(np.random.default_rng(0).normal(size=(60, 2))).mixture.shares
    array([1.])
    """
    mixture, _ = fit_groups(points, np.ones((len(points), 1)), pull=OWN_SHAPES)
    tried = pd.DataFrame({"groups": [1], "bic": [mixture.bic], "strategies": [1]})
    return Found(mixture, np.zeros(1, int), DensityGaps(np.ones((1, 1)), np.zeros((1, 1))), tried)


def search(points: np.ndarray, settings: StrategySettings, rng: np.random.Generator) -> Found:
    """Over-segment with finer and finer mixtures, merge what no density gap separates, take the median of the answers.

    There are types when some gap is deep and significant. Once that is known, a distance keeps two groups apart too: a
    small group near a large one can leave no gap and yet be a group, but only among types is that more likely than one
    long group.

    Notes
    -----
    Merging mixture components follows Hennig (2010, Adv. Data Anal. Classif. 4); the criterion here is a density gap on
    held-out readings. Rejected: the number of the BIC as it is, for a mixture needs several components for one skewed
    or curved group; and merging by entropy (Baudry et al. 2010), which says how far groups overlap, not whether
    there are fewer readings between them.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> points = rng.normal(size=(400, 3)) + np.repeat([[0.0], [4.0]], [100, 300], axis=0)
    >>> found = search(points, StrategySettings(), rng)
    >>> found.strategies, found.tried["strategies"].tolist()
    (2, [2, 2, 2])
    """
    if len(points) > settings.max_readings:
        points = points[np.sort(rng.choice(len(points), settings.max_readings, replace=False))]
    path = best_path(_projected(points, settings.n_components), rng=rng, max_groups=settings.max_groups)
    bic = [mixture.bic for mixture, _ in path]
    coarsest = max(int(np.argmin(bic)) + 1, 2)
    tried = range(coarsest, min(coarsest + settings.extra_groups, len(path)) + 1)
    merged = [_merged(points, path[k - 1][1], settings, rng) for k in tried]
    numbers = [int(strategy_of.max()) + 1 for _, strategy_of, _ in merged]
    agreed = sorted(numbers)[len(numbers) // 2]
    mixture, strategy_of, gaps = merged[numbers.index(agreed)]
    mixture, strategy_of = _refitted(points, mixture, strategy_of)
    table = pd.DataFrame({"groups": tried, "bic": [bic[k - 1] for k in tried], "strategies": numbers})
    return Found(mixture, strategy_of, gaps, table)


def found_again(points: np.ndarray, settings: StrategySettings, rng: np.random.Generator) -> bool:
    """Whether two of three random parts of the readings (63 % each) hold types too, whichever they are.

    Real scanpaths can show a gap in one mixture of many by accident; another part of the readings doesn't show it
    again. 63 % is the share of distinct readings in a bootstrap sample, drawn without its duplicates: copies of a
    reading would look like a dense group.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> points = rng.normal(size=(400, 3)) + np.repeat([[0.0], [4.0]], [100, 300], axis=0)
    >>> found_again(points, StrategySettings(), rng)
    True
    """
    times = 0
    for part in range(_PARTS):
        rows = np.sort(rng.permutation(len(points))[: int(0.63 * len(points))])
        times += search(np.ascontiguousarray(points[rows]), settings, rng).strategies > 1
        if times == 2 or part + 1 - times == 2:
            break
    return times == 2


def found_in_humps(points: np.ndarray, settings: StrategySettings, rng: np.random.Generator) -> Found | None:
    """Types that the cluster-tendency test can't see: groups so far apart that every feature has humps of its own.

    The null of that test keeps each feature's distribution, and with its humps the groups. Here gaps must be nearly
    empty, and there must be types again without the feature that is farthest from unimodal: units mixed in one column,
    or a measure with two values, are no strategies. None where that isn't so.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> points = rng.normal(size=(400, 3)) + np.repeat([[0.0], [20.0]], [100, 300], axis=0)
    >>> found_in_humps(points, StrategySettings(), rng).strategies
    2
    >>> one_feature = np.column_stack([points[:, 0], rng.normal(size=(400, 2))])
    >>> found_in_humps(one_feature, StrategySettings(), rng) is None
    True
    """
    if points.shape[1] < 2:
        return None
    strict = replace(settings, gap_alpha=min(settings.gap_alpha, _EMPTY_ALPHA), min_gap_depth=_EMPTY_DEPTH)
    found = search(points, strict, rng)
    if found.strategies == 1:
        return None
    return found if search(_without(points, int(multimodality(points).argmax())), strict, rng).strategies > 1 else None


def in_one_feature(points: np.ndarray, settings: StrategySettings, rng: np.random.Generator) -> int | None:
    """Which feature alone makes the types, if there are none without it: it has heaps, as where units are mixed.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> points = rng.normal(size=(400, 3)) + np.repeat([[0.0], [6.0]], [100, 300], axis=0)
    >>> in_one_feature(points, StrategySettings(), rng) is None
    True
    >>> points[:, 1:] = rng.normal(size=(400, 2))
    >>> in_one_feature(points, StrategySettings(), rng)
    0
    """
    heaps = multimodality(points)
    worst = int(heaps.argmax())
    if heaps[worst] < _HEAPS or points.shape[1] < 2:
        return None
    return worst if search(_without(points, worst), settings, rng).strategies == 1 else None


def _without(points: np.ndarray, feature: int) -> np.ndarray:
    return np.ascontiguousarray(np.delete(points, feature, axis=1))


def _projected(points: np.ndarray, n_components: int | None) -> np.ndarray:
    kept = max(len(points) // 20, 2) if n_components is None else n_components
    if kept >= points.shape[1]:
        return points
    mean, directions = principal(points, max_components=kept)
    return np.ascontiguousarray((points - mean) @ directions)


def _merged(
    points: np.ndarray, member: np.ndarray, settings: StrategySettings, rng: np.random.Generator
) -> tuple[Mixture, np.ndarray, DensityGaps]:
    """Mixture with a shape of each group's own, the strategy of each group, and the gaps between groups."""
    mixture, member = fit_groups(points, member, pull=OWN_SHAPES)
    if not np.isfinite(mixture.log_likelihood) or len(np.unique(member.argmax(axis=1))) < member.shape[1]:
        mixture, member = fit_groups(points, np.ones((len(points), 1)), pull=OWN_SHAPES)
    gaps = density_gaps(points, member, rng=rng, weights=mixture.weights(points))
    heights, counts = mixture.heights(), np.bincount(member.argmax(axis=1), minlength=member.shape[1])
    strategy_of = gaps.merge(settings.gap_alpha, settings.min_gap_depth, heights, counts)
    if strategy_of.any():
        enough = max(settings.min_share * len(points), _PER_FEATURE * points.shape[1])
        large = mixture.shares * len(points) >= enough
        far = mixture.distances(len(points)) >= settings.min_distance
        gaps_or_far = gaps.with_gaps(far & np.logical_and.outer(large, large))
        strategy_of = gaps_or_far.merge(_ALPHA_AMONG_TYPES, settings.min_gap_depth, heights, counts)
    return mixture, strategy_of, gaps


def _refitted(points: np.ndarray, mixture: Mixture, strategy_of: np.ndarray) -> tuple[Mixture, np.ndarray]:
    """Refit one group for each strategy where that describes the readings better than its pieces (by the BIC)."""
    count = int(strategy_of.max()) + 1
    if count in (1, len(strategy_of)):
        return mixture, strategy_of
    whole, _ = fit_groups(points, mixture.posterior(points) @ np.eye(count)[strategy_of], pull=OWN_SHAPES)
    return (whole, np.arange(count)) if whole.bic < mixture.bic else (mixture, strategy_of)


def by_size(mixture: Mixture, strategy_of: np.ndarray) -> np.ndarray:
    """Number strategies by falling size.

    Examples
    --------
    >>> mixture, _ = fit_groups(np.arange(10.0)[:, None], np.eye(2)[np.repeat([0, 1], [3, 7])])
    >>> by_size(mixture, np.array([0, 1]))
    array([1, 0])
    """
    sizes = np.bincount(strategy_of, mixture.shares)
    return np.argsort(np.argsort(-sizes, kind="stable"), kind="stable")[strategy_of]
