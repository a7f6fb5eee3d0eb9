"""The search for groups: over-segment with a mixture, then merge components that no density gap separates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from gazeanalytics.settings import Settings
from gazeanalytics.strategies.clustering.merging import Merging, merge_groups
from gazeanalytics.strategies.clustering.mixtures import OWN_SHAPES, Mixture, best_path, fit_groups, principal
from gazeanalytics.strategies.scaling import Method
from gazeanalytics.strategies.validation.density_gap import DensityGaps
from gazeanalytics.strategies.validation.multimodality import multimodality

__all__ = [
    "Found",
    "StrategySettings",
    "by_size",
    "found_again",
    "heaped",
    "not_searched",
    "search",
]

# Level at which a gap must show once it is known that there are types. The stricter `gap_alpha` guards the claim that
# there are types at all; after that, each further gap is a smaller claim.
_ALPHA_AMONG_TYPES = 0.05
_PARTS = 3
_MAX_TRIED = 6
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
        So many finer mixtures than the one of the BIC are tried too; most must agree that there are types.
    alpha : float
        Level of the cluster-tendency test.
    gap_alpha : float
        Level at which a density gap must show for there to be types at all.
    min_gap_depth : float
        So much of the lower peak's density must be missing in such a gap.
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
    n_resamples: int = 99
    max_readings: int = 4000
    max_missing: float = 0.5
    max_correlation: float = 0.95

    def __post_init__(self) -> None:
        for name in ("alpha", "gap_alpha", "min_gap_depth", "max_missing", "max_correlation"):
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
    """Result of the search: the mixture, the strategy of each component, their gaps, every number tried.

    `alone` is the feature that makes a gap alone, for which it is no type.

    Examples
    --------
    >>> not_searched(np.random.default_rng(0).normal(size=(60, 2))).strategies
    1
    """

    mixture: Mixture
    strategy_of: np.ndarray
    gaps: DensityGaps
    tried: pd.DataFrame
    alone: int | None = None

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
    """Over-segment with finer and finer mixtures, merge what no density gap separates, see what the answers agree on.

    There are types when some gap is deep and significant, in all features and without the one that shows it most. Once
    that is known, a less significant gap keeps two groups apart too (`merge_groups`).

    Notes
    -----
    Rejected: the number of the BIC as it is, for a mixture needs several components for one skewed
    or curved group; and merging by entropy (Baudry et al. 2010), which says how far groups overlap, not whether
    there are fewer readings between them; and keeping groups apart whose centres are far apart for their own shapes, as
    pieces of a bent group are, too.

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
    tried = _tried(int(np.argmin(bic)) + 1, settings.extra_groups, len(path))
    merged = [_merged(points, path[k - 1][1], settings, rng) for k in tried]
    numbers = [int(strategy_of.max()) + 1 for _, strategy_of, _ in merged]
    agreed = _agreed(tried, numbers)
    best = min(range(len(tried)), key=lambda place: (abs(numbers[place] - agreed), bic[tried[place] - 1]))
    mixture, strategy_of, merging = merged[best]
    alone = next((merge.alone() for *_, merge in merged if merge.alone() is not None), None)
    mixture, strategy_of = _refitted(points, mixture, strategy_of)
    table = pd.DataFrame({"groups": tried, "bic": [bic[k - 1] for k in tried], "strategies": numbers})
    return Found(mixture, strategy_of, merging.gaps, table, alone)


def _tried(coarsest: int, extra: int, most: int) -> list[int]:
    """Numbers of mixture components to merge: from 2 to `extra` beyond that of the BIC, at most six, the finest last.

    Examples
    --------
    >>> _tried(2, 2, 10), _tried(9, 2, 10)
    ([2, 3, 4], [2, 4, 6, 8, 10])
    """
    finest = min(max(coarsest, 2) + extra, most)
    step = -(-(finest - 1) // _MAX_TRIED)
    return list(range(finest, 1, -step))[::-1]


def _agreed(tried: list[int], numbers: list[int]) -> int:
    """How many strategies the mixtures agree on: types if most see some, then as many as half of those able to see.

    A mixture of k components can't show more than k strategies, and isn't asked for them.

    Examples
    --------
    >>> _agreed([2, 3, 4, 5], [2, 3, 4, 3]), _agreed([2, 3, 4, 5], [2, 1, 1, 2])
    (4, 1)
    """
    if not sum(number > 1 for number in numbers) > len(numbers) / 2:
        return 1
    able = {m: [number >= m for k, number in zip(tried, numbers, strict=True) if k >= m] for m in range(2, max(tried))}
    return max([2, *(m for m, seen in able.items() if len(seen) > 1 and sum(seen) >= len(seen) / 2)])


def found_again(points: np.ndarray, settings: StrategySettings, rng: np.random.Generator) -> bool:
    """Whether two of three random parts of the readings (63 % each) hold types too, whichever they are.

    A part has fewer readings and repeats a claim that was made already, so that there a gap counts at the .05 level.

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
    milder = replace(settings, gap_alpha=max(settings.gap_alpha, _ALPHA_AMONG_TYPES))
    for part in range(_PARTS):
        rows = np.sort(rng.permutation(len(points))[: int(0.63 * len(points))])
        times += search(np.ascontiguousarray(points[rows]), milder, rng).strategies > 1
        if times == 2 or part + 1 - times == 2:
            break
    return times == 2


def heaped(points: np.ndarray, alone: int | None) -> bool:
    """Whether the feature that makes a gap alone has heaps of its own: units mixed in one column, or few values.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> points = rng.normal(size=(400, 3)) + np.repeat([[0.0, 0, 0], [6.0, 0, 0]], [100, 300], axis=0)
    >>> [heaped(points, feature) for feature in (None, 0, 1)]
    [False, True, False]
    """
    return alone is not None and bool(multimodality(points[:, [alone]])[0] >= _HEAPS)


def _projected(points: np.ndarray, n_components: int | None) -> np.ndarray:
    kept = max(len(points) // 20, 2) if n_components is None else n_components
    if kept >= points.shape[1]:
        return points
    mean, directions = principal(points, max_components=kept)
    return np.ascontiguousarray((points - mean) @ directions)


def _merged(
    points: np.ndarray, member: np.ndarray, settings: StrategySettings, rng: np.random.Generator
) -> tuple[Mixture, np.ndarray, Merging]:
    """Mixture with a shape of each group's own, the strategy of each group, and how groups were merged."""
    mixture, member = fit_groups(points, member, pull=OWN_SHAPES)
    if not np.isfinite(mixture.log_likelihood) or len(np.unique(member.argmax(axis=1))) < member.shape[1]:
        mixture, member = fit_groups(points, np.ones((len(points), 1)), pull=OWN_SHAPES)
    merging = merge_groups(points, member, rng=rng, weights=mixture.weights(points))
    strategy_of = merging.strategies(
        alpha=settings.gap_alpha, among=_ALPHA_AMONG_TYPES, min_gap_depth=settings.min_gap_depth
    )
    return mixture, strategy_of, merging


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
