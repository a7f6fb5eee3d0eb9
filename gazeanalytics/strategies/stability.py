"""How far the strategies would be the same with other readers: bootstrap, agreement of labels, overlap of groups."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score

__all__ = ["bootstrap", "jaccard"]


def jaccard(labels: np.ndarray, again: np.ndarray) -> np.ndarray:
    """Overlap of each group with the group most like it in another partition: shared / together.

    Parameters
    ----------
    labels, again : numpy.ndarray of int, shape (readings,)
        Groups counted from 0.

    Returns
    -------
    numpy.ndarray, shape (groups,)
        One per group of `labels` (Hennig 2007); 0.5 or less means that the group dissolved.

    Examples
    --------
    >>> jaccard(np.array([0, 0, 1, 1]), np.array([1, 1, 0, 1]))
    array([0.66666667, 0.5       ])
    """
    shared = pd.crosstab(labels, again).to_numpy()
    together = shared.sum(axis=1, keepdims=True) + shared.sum(axis=0) - shared
    return (shared / together).max(axis=1)


def bootstrap(
    labels: np.ndarray,
    blocks: np.ndarray,
    relabel: Callable[[np.ndarray], np.ndarray],
    *,
    rng: np.random.Generator,
    resamples: int,
) -> pd.DataFrame:
    """Find groups again among resampled readers, and compare them with those found first, on all readings.

    Parameters
    ----------
    labels : numpy.ndarray of int, shape (readings,)
        Groups found first.
    blocks : numpy.ndarray of int, shape (readings,)
        What is drawn with replacement, whole: the reader of each reading, counted from 0.
    relabel : callable
        Takes rows of the readings to learn from; gives the group of every reading.
    rng : numpy.random.Generator
        Draws readers.
    resamples : int
        How often.

    Returns
    -------
    pandas.DataFrame
        One row a resample: resample, strategies (how many were found), ari (adjusted Rand index with `labels`; 1 is
        the same) and jaccard 1, jaccard 2, ... (one a group of `labels`).
    """
    order = np.argsort(blocks, kind="stable")
    edges = np.searchsorted(blocks[order], np.arange(blocks.max() + 2))
    records = []
    for resample in range(resamples):
        drawn = rng.integers(blocks.max() + 1, size=blocks.max() + 1)
        # Copies of a reading would look like a dense group: each counts once.
        again = relabel(np.concatenate([order[edges[block] : edges[block + 1]] for block in np.unique(drawn)]))
        overlap = {f"jaccard {group + 1}": value for group, value in enumerate(jaccard(labels, again))}
        found = {"strategies": len(np.unique(again)), "ari": adjusted_rand_score(labels, again)}
        records.append({"resample": resample + 1, **found, **overlap})
    return pd.DataFrame(records)
