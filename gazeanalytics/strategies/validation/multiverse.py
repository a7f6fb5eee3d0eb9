"""The same data under other reasonable choices, to see whether the answer hangs on one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from gazeanalytics.strategies.fit import Strategies
from gazeanalytics.strategies.validation.stability import agreement

__all__ = ["multiverse"]

# One setting at a time, to values that a careful colleague might have chosen.
_OTHERS: dict[str, tuple] = {
    "scaling": ("power", "standard", "robust", "rank"),
    "dimensions": (None, 5, 10),
    "greatest_correlation": (0.95, 0.8, 1.0),
    "valley_alpha": (0.001, 0.01, 0.0001),
    "least_depth": (0.3, 0.2, 0.5),
    "least_distance": (2.6, 2.3, 3.0),
    "smallest_share": (0.02, 0.01, 0.05),
    "more_groups": (2, 1),
    "most_readings": (4000, 2000),
}


def multiverse(
    features: pd.DataFrame,
    *,
    readers: pd.Series | Sequence | None = None,
    cases: pd.Series | Sequence | None = None,
    choices: Mapping[str, Sequence] | None = None,
    seeds: int = 2,
    rng: int = 0,
    **baseline: Any,
) -> pd.DataFrame:
    """Fit strategies again with each setting changed in turn, and with other seeds (Steegen et al. 2016).

    Parameters
    ----------
    features, readers, cases
        As of `Strategies.fit`. With readers (cases) their effects are also removed once.
    choices : mapping of str to sequence, optional
        Values to try for each setting; default a few for every setting that could change the answer.
    seeds : int
        How many other seeds are tried.
    rng : int
        Seed of the baseline.
    **baseline
        Settings of the baseline, and `names` of features.

    Returns
    -------
    pandas.DataFrame
        One row a universe, the baseline first: setting, value (as text), verdict, strategies, p_value (of existence),
        ari and ami with the baseline's strategies (1 where both name none).

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> values = rng.normal(size=(200, 4)) + np.repeat([[0.0], [4.0]], [80, 120], axis=0)
    >>> features = pd.DataFrame(values, columns=list("abcd"))
    >>> features.insert(0, "reading", range(200))
    >>> multiverse(features, choices={"scaling": ["rank"]}, seeds=0, n_resamples=19)[["setting", "value", "verdict"]]
        setting   value verdict
    0  baseline        types
    1   scaling    rank   types
    """
    groups: dict[str, Any] = {"readers": readers, "cases": cases}
    first = Strategies.fit(features, rng=rng, **groups, **baseline)
    used = asdict(first.settings)
    universes: list[tuple[str, Any, dict[str, Any]]] = [("baseline", "", {})]
    for setting, values in (_OTHERS if choices is None else choices).items():
        universes += [(setting, value, {setting: value}) for value in values if value != used[setting]]
    if choices is None:
        given = [name for name, values in groups.items() if values is not None and name not in used["remove"]]
        universes += [("remove", name, {"remove": (name,)}) for name in given]
    universes += [("seed", rng + 1 + seed, {"rng": rng + 1 + seed}) for seed in range(seeds)]
    plain = _labels(first, features, groups)
    rows = []
    for setting, value, change in universes:
        fitted = Strategies.fit(features, **groups, **{"rng": rng, **baseline, **change}) if change else first
        rows.append(
            {"setting": setting, "value": str(value), **_answer(fitted, plain, _labels(fitted, features, groups))}
        )
    return pd.DataFrame(rows)


def _labels(fitted: Strategies, features: pd.DataFrame, groups: dict[str, Any]) -> np.ndarray:
    return fitted.assign(features, **groups)["strategy"].cat.codes.to_numpy()


def _answer(fitted: Strategies, plain: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    return {
        "verdict": fitted.verdict,
        "strategies": len(fitted.names) if fitted.verdict == "types" else 0,
        "p_value": fitted.existence.p_value,
        **agreement(plain, labels),
    }
