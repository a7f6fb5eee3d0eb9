"""The steps of a search for strategies: scale, test for cluster tendency, search, see whether parts agree, describe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from gazeanalytics.strategies.clustering.search import (
    Found,
    StrategySettings,
    by_size,
    found_again,
    heaped,
    search,
)
from gazeanalytics.strategies.continuum.components import fit_components
from gazeanalytics.strategies.preparing import notes
from gazeanalytics.strategies.profiles import central_readings, profile_groups
from gazeanalytics.strategies.scaling import Scaling, feature_names, spread_ties
from gazeanalytics.strategies.validation.cluster_tendency import cluster_tendency
from gazeanalytics.strategies.validation.reader_structure import ReaderStructure, reader_structure

__all__ = ["Verdict", "fit_strategies"]

Verdict = Literal["types", "continuum", "none"]
_MIN_READINGS = 50
_ACCIDENT = "All readings together were divided into types, but parts of them were not: no types are named."
_ONE_FEATURE = (
    "Groups were found, but {} alone makes them: it has heaps of values, as where units are mixed in one column. Look "
    "at its distribution, or leave it out: no types are named."
)
_HUMPS = (
    "The features have humps of their own, which the null of the cluster-tendency test keeps: the types are named for "
    "the gaps between them."
)


def fit_strategies(
    features: pd.DataFrame,
    readers: np.ndarray | None,
    columns: Sequence[str] | None,
    settings: StrategySettings,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Fields of a fitted model: scale, test for cluster tendency, search, see whether parts of the readings agree."""
    spread = spread_ties(features, feature_names(features, columns), rng=rng)
    scaling = Scaling.fit(
        spread,
        columns=columns,
        method=settings.scaling,
        max_missing=settings.max_missing,
        max_correlation=settings.max_correlation,
    )
    points, usable = scaling.apply(spread)
    if usable.sum() < _MIN_READINGS:
        raise ValueError(f"strategies need at least {_MIN_READINGS} readings with enough features; got {usable.sum()}")
    points = points[usable]
    # Whether there is structure at all is one question (the copula test), whether it has gaps another: a null that
    # keeps each feature's distribution keeps the humps of groups far apart too, and can't be asked for gaps.
    tendency = cluster_tendency(points, rng=rng, n_resamples=settings.n_resamples)
    structured = tendency.p_value <= settings.alpha
    found = search(points, settings, rng)
    kept = None if readers is None else readers[usable]
    grouped = found.strategies > 1 and found_again(points, settings, rng)
    disguise = _disguise(points, found, kept, settings, rng) if grouped else None
    types = grouped and disguise is None
    verdict: Verdict = "types" if types else "continuum" if structured else "none"
    strategy_of = by_size(found.mixture, found.strategy_of if types else np.zeros_like(found.strategy_of))
    names = tuple(f"strategy {number + 1}" for number in range(strategy_of.max() + 1))
    labels = strategy_of[found.mixture.posterior(points).argmax(axis=1)]
    values = features[list(scaling.names)].to_numpy(float)[usable]
    # Groups of a continuum are pieces of it: one strategy for all of them, so that profile and exemplars describe one.
    humps = (_HUMPS,) if types and not structured else ()
    accident = humps if types else _why_not(found, scaling.names, points, disguise)
    return {
        "verdict": verdict,
        "names": names,
        "settings": settings,
        "scaling": scaling,
        "mixture": found.mixture,
        "strategy_of": strategy_of,
        "tendency": tendency,
        "gaps": found.gaps.table([f"group {g + 1}" for g in range(len(strategy_of))]),
        "choices": found.tried,
        "notes": accident + notes(scaling, features, usable),
        "readings": len(points),
        "_profile": profile_groups(values, labels, scaling.names, names, kept),
        "_exemplars": central_readings(points, labels, features["reading"].to_numpy()[usable], names),
        "_components": fit_components(points, rng=rng),
    }


def _disguise(
    points: np.ndarray, found: Found, readers: np.ndarray | None, settings: StrategySettings, rng: np.random.Generator
) -> ReaderStructure | None:
    """What shows that the groups are readers, where they are known to be."""
    if readers is None:
        return None
    groups = found.strategy_of[found.mixture.posterior(points).argmax(axis=1)]
    structure = reader_structure(points, groups, readers, settings, rng)
    return structure if structure.of_readers else None


def _why_not(
    found: Found, names: Sequence[str], points: np.ndarray, disguise: ReaderStructure | None
) -> tuple[str, ...]:
    """Why groups that seem to be there are not named as types."""
    if found.strategies > 1:
        return (_ACCIDENT,) if disguise is None else (disguise.words(found.strategies),)
    if found.alone is not None and heaped(points, found.alone):
        return (_ONE_FEATURE.format(names[found.alone]),)
    return ()
