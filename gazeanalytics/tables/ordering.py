"""Rows in the order of their key, so that results don't depend on the order in which a file holds them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

__all__ = ["in_key_order"]

# At most 18 digits: int() refuses thousands of them.
_NUMBER = re.compile(r"([0-9]{1,18})")


def in_key_order(frame: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Sort rows by their key columns; numbers within words count as numbers, so that r2 comes before r10.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any table.
    keys : sequence of str
        The key columns, the first one first.

    Returns
    -------
    pandas.DataFrame
        The same rows with their index; of a categorical key the categories are in that order too.

    Examples
    --------
    >>> frame = pd.DataFrame({"reader": ["r10", "r2", "r2"], "case": [1, 2, 1]})
    >>> in_key_order(frame, ["reader", "case"]).values.tolist()
    [['r2', 1], ['r2', 2], ['r10', 1]]
    """
    ranks = [_ranks(frame[key]) for key in keys]
    order = np.lexsort(ranks[::-1])
    frame = frame if (np.diff(order) == 1).all() else frame.iloc[order]
    changed = {key: _sorted_categories(frame[key]) for key in keys if _is_categorical(frame[key])}
    return frame.assign(**changed) if changed else frame


def _ranks(values: pd.Series) -> np.ndarray:
    """Place of each value among the sorted ones."""
    if pd.api.types.is_numeric_dtype(values):
        return values.to_numpy(float if values.hasnans else None)
    codes, met = pd.factorize(values.astype(str))
    return _places([str(word) for word in met])[codes]


def _sorted_categories(values: pd.Series) -> pd.Series:
    words = values.cat.categories
    order = np.argsort(_places([str(word) for word in words]), kind="stable")
    return values.cat.reorder_categories(words[order])


def _places(words: list[str]) -> np.ndarray:
    places = np.empty(len(words), np.int64)
    places[sorted(range(len(words)), key=lambda place: _pieces(words[place]))] = np.arange(len(words))
    return places


def _pieces(word: str) -> tuple[list[str | int], str]:
    """Text and numbers by turns; the word itself parts r1 from r01."""
    parts: list[str | int] = list(_NUMBER.split(word))
    parts[1::2] = [int(part) for part in parts[1::2]]
    return parts, word


def _is_categorical(values: pd.Series) -> bool:
    return isinstance(values.dtype, pd.CategoricalDtype)
