"""The search for groups: cut ever finer, join what no valley parts."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd

from gazeanalytics.strategies.clustering.mixtures import OWN_SHAPES, Mixture, best_path, fit_groups, principal
from gazeanalytics.strategies.scaling import Method
from gazeanalytics.strategies.validation.density_gap import Valleys, find_valleys
from gazeanalytics.tables import nearest

__all__ = ["Found", "Settings", "by_size", "make_settings", "not_searched", "search", "seen_again"]

# Readings for each feature that a group must have before its distance to others is believed.
_A_FEATURE = 10
# Level at which a valley must show once it is known that there are types.
_ONCE_ALPHA = 0.01
_PARTS = 3


@dataclass(frozen=True, slots=True)
class Settings:
    """Every choice of a fit, with its default.

    Attributes
    ----------
    scaling : {"power", "standard", "robust", "rank"}
        How features are made comparable.
    remove : tuple of {"readers", "cases"}
        Effects taken off the features first.
    dimensions : int, optional
        Principal components in which groups are looked for; default all, or one for every 20 readings when that is
        less. What varies most isn't what separates: few components hide small groups.
    most_groups : int
        Greatest number of groups that the BIC may choose.
    more_groups : int
        So many finer cuts than the one of the BIC are tried too; two must agree on the number of strategies.
    alpha : float
        Level of the existence test.
    valley_alpha : float
        Level at which a valley must show for there to be types at all.
    least_depth : float
        So much of the lower hill must be missing in such a valley.
    least_distance : float
        Once there are types, two groups are also two strategies if their centres lie so many standard deviations
        within groups apart. Pieces of one normal group lie some 2 apart, pieces of a continuum up to 2.8.
    smallest_share : float
        Of a group with less than this share of the readings, or with fewer than 10 for each feature, the distance to
        others isn't heeded, only a valley.
    n_resamples : int
        Surrogate data sets of the existence test, at most.
    most_readings : int
        Readings on which the number of groups is chosen; with more, a random subsample.
    most_missing, greatest_correlation : float
        See `Scaling.fit`.
    """

    scaling: Method = "power"
    remove: tuple[str, ...] = ()
    dimensions: int | None = None
    most_groups: int = 10
    more_groups: int = 2
    alpha: float = 0.05
    valley_alpha: float = 0.001
    least_depth: float = 0.3
    least_distance: float = 2.6
    smallest_share: float = 0.02
    n_resamples: int = 99
    most_readings: int = 4000
    most_missing: float = 0.5
    greatest_correlation: float = 0.95


def make_settings(choices: dict[str, Any]) -> Settings:
    """Return settings with these choices; a name that isn't one of them is a TypeError that says which may be meant."""
    known = [field.name for field in fields(Settings)]
    for name in choices:
        if name not in known:
            raise TypeError(f"strategies have no choice {name!r}; {nearest(name, known)}")
    if "remove" in choices:
        choices = {**choices, "remove": tuple(choices["remove"])}
    return Settings(**choices)


@dataclass(frozen=True, slots=True)
class Found:
    """What the search for groups came to."""

    mixture: Mixture
    strategy_of: np.ndarray
    valleys: Valleys
    choices: pd.DataFrame

    @property
    def groups(self) -> int:
        """How many groups no valley parts."""
        return int(self.strategy_of.max()) + 1


def not_searched(points: np.ndarray) -> Found:
    """Return one group: where nothing is, nothing is looked for."""
    mixture, _ = fit_groups(points, np.ones((len(points), 1)), pull=OWN_SHAPES)
    choices = pd.DataFrame({"groups": [1], "bic": [mixture.bic], "strategies": [1]})
    return Found(mixture, np.zeros(1, int), Valleys(np.ones((1, 1)), np.zeros((1, 1))), choices)


def search(points: np.ndarray, settings: Settings, rng: np.random.Generator) -> Found:
    """Cut ever finer, join what no valley parts, and take the number of strategies in the middle of the cuts' answers.

    There are types when some valley is deep and quite sure. Once that is known, a distance keeps two groups apart too:
    a small group near a large one can leave no valley and yet be a group, but only among types is that more likely
    than one long group.
    """
    if len(points) > settings.most_readings:
        points = points[np.sort(rng.choice(len(points), settings.most_readings, replace=False))]
    path = best_path(_seen(points, settings.dimensions), rng=rng, most=settings.most_groups)
    bic = [mixture.bic for mixture, _ in path]
    fewest = max(int(np.argmin(bic)) + 1, 2)
    tried = range(fewest, min(fewest + settings.more_groups, len(path)) + 1)
    cuts = [_cut(points, path[k - 1][1], settings, rng) for k in tried]
    numbers = [int(strategy_of.max()) + 1 for _, strategy_of, _ in cuts]
    agreed = sorted(numbers)[len(numbers) // 2]
    mixture, strategy_of, valleys = cuts[numbers.index(agreed)]
    mixture, strategy_of = _joined(points, mixture, strategy_of)
    choices = pd.DataFrame({"groups": tried, "bic": [bic[k - 1] for k in tried], "strategies": numbers})
    return Found(mixture, strategy_of, valleys, choices)


def seen_again(points: np.ndarray, settings: Settings, rng: np.random.Generator) -> bool:
    """Whether two of three random parts of the readings (63 %) hold types too, whichever they are.

    Real scanpaths can show a valley in one cut of many by accident; another part of the readings doesn't show it again.
    """
    times = 0
    for part in range(_PARTS):
        rows = np.sort(rng.permutation(len(points))[: int(0.63 * len(points))])
        times += search(np.ascontiguousarray(points[rows]), settings, rng).groups > 1
        if times == 2 or part + 1 - times == 2:
            break
    return times == 2


def _seen(points: np.ndarray, dimensions: int | None) -> np.ndarray:
    most = max(len(points) // 20, 2) if dimensions is None else dimensions
    if most >= points.shape[1]:
        return points
    mean, directions = principal(points, most=most)
    return np.ascontiguousarray((points - mean) @ directions)


def _cut(
    points: np.ndarray, member: np.ndarray, settings: Settings, rng: np.random.Generator
) -> tuple[Mixture, np.ndarray, Valleys]:
    mixture, member = fit_groups(points, member, pull=OWN_SHAPES)
    if not np.isfinite(mixture.log_likelihood) or len(np.unique(member.argmax(axis=1))) < member.shape[1]:
        mixture, member = fit_groups(points, np.ones((len(points), 1)), pull=OWN_SHAPES)
    valleys = find_valleys(points, member, rng=rng, weights=mixture.weights(points))
    heights = mixture.heights()
    strategy_of = valleys.components(settings.valley_alpha, settings.least_depth, heights)
    if strategy_of.any():
        fewest = max(settings.smallest_share * len(points), _A_FEATURE * points.shape[1])
        large = mixture.shares * len(points) >= fewest
        far = mixture.distances(len(points)) >= settings.least_distance
        apart = valleys.beside(far & np.logical_and.outer(large, large))
        strategy_of = apart.components(_ONCE_ALPHA, settings.least_depth, heights)
    return mixture, strategy_of, valleys


def _joined(points: np.ndarray, mixture: Mixture, strategy_of: np.ndarray) -> tuple[Mixture, np.ndarray]:
    """Refit one group for each strategy where that tells the readings better than its pieces (by the BIC)."""
    count = int(strategy_of.max()) + 1
    if count in (1, len(strategy_of)):
        return mixture, strategy_of
    whole, _ = fit_groups(points, mixture.posterior(points) @ np.eye(count)[strategy_of], pull=OWN_SHAPES)
    return (whole, np.arange(count)) if whole.bic < mixture.bic else (mixture, strategy_of)


def by_size(mixture: Mixture, strategy_of: np.ndarray) -> np.ndarray:
    """Number strategies by falling size."""
    sizes = np.bincount(strategy_of, mixture.shares)
    return np.argsort(np.argsort(-sizes, kind="stable"), kind="stable")[strategy_of]
