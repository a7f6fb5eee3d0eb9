"""Levels of the groupings of random effects, each column or several together."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gazeanalytics.stats.mixed.design import RandomTerm


def group_levels(names: list[str], data: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """List the levels that columns have together, and give each row's place among them.

    Examples
    --------
    >>> levels, codes = group_levels(["site", "reader"], pd.DataFrame({"site": ["a", "b", "a"], "reader": [1, 1, 2]}))
    >>> levels.tolist(), codes.tolist()
    (['a:1', 'a:2', 'b:1'], [0, 2, 1])
    """
    levels, codes = _level_codes(data[names[0]])
    for name in names[1:]:
        labels, own = _level_codes(data[name])
        present, codes = np.unique(codes * len(labels) + own, return_inverse=True)
        levels = levels[present // len(labels)] + ":" + labels[present % len(labels)]
    return levels, codes.astype(np.int64)


def _level_codes(values: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    one = pd.Categorical(values).remove_unused_categories()
    return one.categories.astype(str).to_numpy(dtype=object), one.codes.astype(np.int64)


def new_codes(term: RandomTerm, data: pd.DataFrame) -> np.ndarray:
    """Give each new row's level of a random term; -1 for levels that the fit hasn't seen, and for missing ones.

    Examples
    --------
    >>> term = RandomTerm("reader", ("(Intercept)",), np.array(["a", "b"]), np.array([0, 1]), np.ones((2, 1)))
    >>> new_codes(term, pd.DataFrame({"reader": ["b", "c", None]})).tolist()
    [1, -1, -1]
    """
    names = term.group.split(":")
    there, found = data[names].notna().all(axis=1).to_numpy(), np.full(len(data), -1, dtype=np.int64)
    levels, codes = group_levels(names, data[there])
    known = {level: place for place, level in enumerate(term.levels)}
    found[there] = np.array([known.get(level, -1) for level in levels], dtype=np.int64)[codes]
    return found
