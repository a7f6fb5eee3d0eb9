"""Multiverse analysis: the same data under other reasonable settings, to see whether the answer depends on one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from gazeanalytics.strategies.clustering.search import StrategySettings
from gazeanalytics.strategies.strategy_model import StrategyModel
from gazeanalytics.strategies.validation.stability import agreement

__all__ = ["multiverse"]

# One setting at a time, to values that a careful colleague might have chosen.
_ALTERNATIVES: dict[str, tuple] = {
    "scaling": ("power", "standard", "robust", "rank"),
    "n_components": (None, 5, 10),
    "max_correlation": (0.95, 0.8, 1.0),
    "gap_alpha": (0.001, 0.01, 0.0001),
    "min_gap_depth": (0.3, 0.2, 0.5),
    "extra_groups": (2, 1),
    "max_readings": (4000, 2000),
}


@dataclass(frozen=True, slots=True)
class _Universe:
    """One fit: which setting is changed to what."""

    setting: str
    value: Any
    settings: StrategySettings
    rng: int


def multiverse(
    features: pd.DataFrame,
    *,
    readers: pd.Series | Sequence | None = None,
    cases: pd.Series | Sequence | None = None,
    settings: StrategySettings | Mapping[str, Any] | None = None,
    alternatives: Mapping[str, Sequence] | None = None,
    n_seeds: int = 2,
    rng: int = 0,
) -> pd.DataFrame:
    """Fit strategies again with each setting changed in turn, and with other seeds (multiverse analysis).

    Parameters
    ----------
    features, readers, cases
        As of `StrategyModel.fit`. With readers (cases) their effects are also removed once.
    settings : StrategySettings or mapping, optional
        The baseline.
    alternatives : mapping of str to sequence, optional
        Values to try for each setting; default a few for every setting that could change the answer.
    n_seeds : int
        How many other seeds are tried.
    rng : int
        Seed of the baseline.

    Returns
    -------
    pandas.DataFrame
        One row a universe, the baseline first: setting, value (as text), verdict, strategies, p_value (of the
        cluster-tendency test), ari and ami with the baseline's strategies (1 where both name none).

    References
    ----------
    Steegen et al. (2016), Perspectives on Psychological Science 11.

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> values = rng.normal(size=(200, 4)) + np.repeat([[0.0], [4.0]], [80, 120], axis=0)
    >>> features = pd.DataFrame(values, columns=list("abcd"))
    >>> features.insert(0, "reading", range(200))
    >>> found = multiverse(features, settings={"n_resamples": 19}, alternatives={"scaling": ["rank"]}, n_seeds=0)
    >>> found[["setting", "value", "verdict"]]
        setting value verdict
    0  baseline         types
    1   scaling  rank   types
    """
    groups: dict[str, Any] = {"readers": readers, "cases": cases}
    baseline = StrategySettings.given(settings)
    universes = [_Universe("baseline", "", baseline, rng), *_changed(baseline, alternatives, groups, rng)]
    universes += [_Universe("seed", rng + 1 + seed, baseline, rng + 1 + seed) for seed in range(n_seeds)]
    rows, first = [], None
    for universe in universes:
        fitted = StrategyModel.fit(features, settings=universe.settings, rng=universe.rng, **groups)
        labels = fitted.assign(features, **groups)["strategy"].cat.codes.to_numpy()
        first = labels if first is None else first
        rows.append({"setting": universe.setting, "value": str(universe.value), **_answer(fitted, first, labels)})
    return pd.DataFrame(rows)


def _changed(
    baseline: StrategySettings, alternatives: Mapping[str, Sequence] | None, groups: dict[str, Any], rng: int
) -> list[_Universe]:
    """One universe for every setting and value that differs from the baseline's."""
    tried: dict[str, Sequence] = dict(_ALTERNATIVES if alternatives is None else alternatives)
    if alternatives is None:
        given = [name for name, values in groups.items() if values is not None and name not in baseline.remove]
        tried["remove"] = [(name,) for name in given]
    return [
        _Universe(
            name,
            value[0] if name == "remove" and isinstance(value, tuple) else value,
            replace(baseline, **{name: value}),
            rng,
        )
        for name, values in tried.items()
        for value in values
        if value != getattr(baseline, name)
    ]


def _answer(fitted: StrategyModel, first: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    return {
        "verdict": fitted.verdict,
        "strategies": len(fitted.names) if fitted.verdict == "types" else 0,
        "p_value": fitted.tendency.p_value,
        **agreement(first, labels),
    }
