"""Preparation of a features table for a search for strategies: reader and case effects removed, gaps counted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from gazeanalytics.strategies.scaling import Scaling, without_effects

__all__ = ["codes", "notes", "removed"]


def codes(count: int, **groups: pd.Series | Sequence | None) -> dict[str, np.ndarray]:
    """Number the readers and cases of `count` rows from 0, where they are given; missing ones share one more number.

    Examples
    --------
    >>> codes(3, readers=["b", "a", "b"], cases=None)
    {'readers': array([1, 0, 1])}
    """
    given = {name: np.asarray(values) for name, values in groups.items() if values is not None}
    for name, values in given.items():
        if len(values) != count:
            raise ValueError(f"{name} need one value for each of the {count} readings; got {len(values)}")
    return {name: pd.factorize(values, sort=True, use_na_sentinel=False)[0] for name, values in given.items()}


def removed(features: pd.DataFrame, groups: dict[str, np.ndarray], remove: Sequence[str]) -> pd.DataFrame:
    """Remove the effects named (readers, cases) from every numeric feature.

    Examples
    --------
    >>> features = pd.DataFrame({"reading": range(4), "dwell": [0.0, 2.0, 10.0, 12.0]})
    >>> removed(features, {"readers": np.array([0, 0, 1, 1])}, ["readers"])["dwell"].round(1).tolist()
    [4.9, 6.9, 5.1, 7.1]
    """
    columns = [name for name in features.columns if name != "reading" and features[name].dtype.kind in "iuf"]
    for name in remove:
        numbers = groups.get(name)
        if numbers is None:
            raise ValueError(f"to remove the effects of {name!r}, give them: {name}=... (one for each row)")
        features = features.assign(
            **dict(zip(columns, without_effects(features[columns].to_numpy(float), numbers).T, strict=True))
        )
    return features


def notes(scaling: Scaling, features: pd.DataFrame, usable: np.ndarray) -> tuple[str, ...]:
    """Count what was left out, in words.

    Examples
    --------
    >>> features = pd.DataFrame({"reading": range(3), "dwell": [1.0, 2.0, np.nan], "k": 1.0})
    >>> notes(Scaling.fit(features), features, np.array([True, True, False]))
    ('k is constant and is left out.', '1 readings lack more than 50% of the features.')
    """
    words = [f"{name} {why} and is left out." for name, why in scaling.dropped.items()]
    if (~usable).any():
        words.append(f"{(~usable).sum()} readings lack more than {scaling.max_missing:.0%} of the features.")
    missing = ~np.isfinite(features.loc[usable, list(scaling.names)].to_numpy(float))
    if missing.any():
        words.append(f"{missing.sum()} missing values in {missing.any(axis=1).sum()} readings count as the average.")
    return tuple(words)
