"""The search for groups: cut ever finer, join what no valley parts."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd

from gazeanalytics.strategies.mixtures import Mixture, best_path, fit_number, principal, sharpen
from gazeanalytics.strategies.scaling import Method
from gazeanalytics.strategies.valleys import Valleys, find_valleys
from gazeanalytics.tables import nearest

__all__ = ["Found", "Settings", "by_size", "make_settings", "search"]


@dataclass(frozen=True, slots=True)
class Settings:
    """Every choice of a fit, with its default.

    Attributes
    ----------
    scaling : {"power", "standard", "robust", "rank"}
        How features are made comparable.
    remove : tuple of {"readers", "cases"}
        Effects taken off the features first.
    dimensions : int
        Principal components in which groups are first looked for.
    most_groups : int
        Greatest number of groups that the BIC may choose.
    more_groups : int
        So many finer cuts than the one of the BIC are tried too; two must agree on the number of strategies.
    alpha : float
        Level of the existence test.
    valley_alpha : float
        Level at which a valley must show between every two strategies.
    least_depth : float
        So much of the lower hill must be missing in the valley.
    resamples : int
        Surrogate data sets of the existence test.
    most_readings : int
        Readings on which the number of groups is chosen; with more, a random subsample.
    most_missing, greatest_correlation : float
        See `Scaling.fit`.
    """

    scaling: Method = "power"
    remove: tuple[str, ...] = ()
    dimensions: int = 5
    most_groups: int = 10
    more_groups: int = 2
    alpha: float = 0.05
    valley_alpha: float = 0.01
    least_depth: float = 0.3
    resamples: int = 39
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


def search(points: np.ndarray, settings: Settings, rng: np.random.Generator) -> Found:
    """Cut ever finer, join what no valley parts, and take the number of strategies that two cuts agree on."""
    if len(points) > settings.most_readings:
        points = points[np.sort(rng.choice(len(points), settings.most_readings, replace=False))]
    mean, directions = principal(points, most=settings.dimensions)
    seen = np.ascontiguousarray((points - mean) @ directions)
    path = best_path(seen, rng=rng, most=settings.most_groups)
    bic = [mixture.bic for mixture, _ in path]
    fewest = max(int(np.argmin(bic)) + 1, 2)
    tried = range(fewest, fewest + settings.more_groups + 1)
    cuts = [
        _cut(points, path[k - 1][1] if k <= len(path) else fit_number(seen, k, rng=rng)[1], settings, rng)
        for k in tried
    ]
    numbers = [int(strategy_of.max()) + 1 for _, strategy_of, _ in cuts]
    agreed = sorted(numbers)[-2] if len(numbers) > 1 else numbers[0]
    mixture, strategy_of, valleys = cuts[numbers.index(agreed)]
    found = [bic[k - 1] if k <= len(bic) else np.nan for k in tried]
    return Found(mixture, strategy_of, valleys, pd.DataFrame({"groups": tried, "bic": found, "strategies": numbers}))


def _cut(
    points: np.ndarray, member: np.ndarray, settings: Settings, rng: np.random.Generator
) -> tuple[Mixture, np.ndarray, Valleys]:
    mixture, member = sharpen(points, member)
    labels = member.argmax(axis=1)
    if not np.isfinite(mixture.log_likelihood) or len(np.unique(labels)) < member.shape[1]:
        mixture, member = sharpen(points, np.ones((len(points), 1)))
        labels = member.argmax(axis=1)
    valleys = find_valleys(points, labels, rng=rng, weights=mixture.weights(points))
    return mixture, valleys.components(settings.valley_alpha, settings.least_depth, mixture.heights()), valleys


def by_size(mixture: Mixture, strategy_of: np.ndarray) -> np.ndarray:
    """Number strategies by falling size."""
    sizes = np.bincount(strategy_of, mixture.shares)
    return np.argsort(np.argsort(-sizes, kind="stable"), kind="stable")[strategy_of]
