"""Cluster stability: how far strategies are found again with other readers or cases (ARI, Jaccard, prediction)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

__all__ = ["agreement", "bootstrap", "held_out", "jaccard", "prediction_strength"]

Relabel = Callable[[np.ndarray], np.ndarray]


def agreement(labels: np.ndarray, again: np.ndarray) -> dict[str, float]:
    """Return the adjusted Rand index and the adjusted mutual information of two partitions: 1 is the same, 0 chance.

    Examples
    --------
    >>> agreement(np.array([0, 0, 1, 1]), np.array([5, 5, 3, 3]))
    {'ari': 1.0, 'ami': 1.0}
    """
    return {
        "ari": float(adjusted_rand_score(labels, again)),
        "ami": float(adjusted_mutual_info_score(labels, again)),
    }


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


def prediction_strength(labels: np.ndarray, predicted: np.ndarray) -> float:
    """How often pairs of one group are predicted to be of one group, in the group where that is rarest.

    Parameters
    ----------
    labels : numpy.ndarray of int, shape (readings,)
        Groups found among these readings.
    predicted : numpy.ndarray of int, shape (readings,)
        Groups that others' readings give them.

    Returns
    -------
    float
        1 when each group is predicted whole; Tibshirani & Walther (2005) accept groups from 0.8 or 0.9 on.

    Examples
    --------
    >>> prediction_strength(np.array([0, 0, 0, 1, 1]), np.array([4, 4, 2, 3, 3]))
    0.3333333333333333
    """
    shared = pd.crosstab(labels, predicted).to_numpy().astype(float)
    size = shared.sum(axis=1)
    pairs = (shared * (shared - 1)).sum(axis=1)
    # The weakest group decides: one strategy that nobody finds again is one too many.
    return float(np.where(size > 1, pairs / np.maximum(size * (size - 1), 1), 1.0).min())


def bootstrap(
    labels: np.ndarray, blocks: np.ndarray, relabel: Relabel, *, rng: np.random.Generator, n_resamples: int
) -> pd.DataFrame:
    """Find groups again among resampled readers, and compare them with those found first, on all readings.

    Parameters
    ----------
    labels : numpy.ndarray of int, shape (readings,)
        Groups found first.
    blocks : numpy.ndarray of int, shape (readings,)
        What is drawn with replacement, whole: the reader (or case) of each reading, counted from 0.
    relabel : callable
        Takes rows of the readings to learn from; returns the group of every reading.
    rng : numpy.random.Generator
        Draws readers.
    n_resamples : int
        How often.

    Returns
    -------
    pandas.DataFrame
        One row a resample: resample, strategies (how many were found), ari, ami (see `agreement`) and jaccard 1,
        jaccard 2, ... (one a group of `labels`). Who is drawn twice counts once, for copies of a reading would look
        like a dense group: some 63 % of the readers are in a resample.

    References
    ----------
    Hennig (2007), Comput. Stat. Data Anal. 52.

    Examples
    --------
    Groups that are found again whatever is drawn:

    >>> labels = np.repeat([0, 1], 20)
    >>> table = bootstrap(labels, np.arange(40), lambda rows: labels, rng=np.random.default_rng(0), n_resamples=2)
    >>> table[["ari", "jaccard 1", "jaccard 2"]]
       ari  jaccard 1  jaccard 2
    0  1.0        1.0        1.0
    1  1.0        1.0        1.0
    """
    records = []
    # Whole readers are drawn: single readings would leave each reader in the resample and in what it is tried on.
    for resample in range(n_resamples):
        drawn = np.zeros(blocks.max() + 1, bool)
        drawn[rng.integers(len(drawn), size=len(drawn))] = True
        again = relabel(np.flatnonzero(drawn[blocks]))
        overlap = {f"jaccard {group + 1}": value for group, value in enumerate(jaccard(labels, again))}
        found = {"strategies": len(np.unique(again)), **agreement(labels, again)}
        records.append({"resample": resample + 1, **found, **overlap})
    return pd.DataFrame(records)


def held_out(
    labels: np.ndarray, blocks: np.ndarray, relabel: Relabel, *, rng: np.random.Generator, n_folds: int = 5
) -> pd.DataFrame:
    """Cross-validate groups: leave readers out, fit the others, place the readers left out, fit them alone.

    Parameters
    ----------
    labels, blocks, relabel, rng
        As of `bootstrap`.
    n_folds : int
        Parts into which readers are split.

    Returns
    -------
    pandas.DataFrame
        One row a fold: fold, readings (left out), strategies (found without them), ari and ami of their strategies
        with those of the whole fit, and prediction_strength: of these readings' own groups, found among them alone.

    Examples
    --------
    >>> labels = np.repeat([0, 1], 20)
    >>> table = held_out(labels, np.arange(40) % 4, lambda rows: labels, rng=np.random.default_rng(0), n_folds=2)
    >>> table[["fold", "readings", "ari", "prediction_strength"]]
       fold  readings  ari  prediction_strength
    0     1        20  1.0                  1.0
    1     2        20  1.0                  1.0
    """
    records = []
    for fold, out in enumerate(_folds(blocks, rng, n_folds)):
        rows = np.flatnonzero(out)
        predicted = relabel(np.flatnonzero(~out))
        own = relabel(rows)[rows]
        records.append(
            {
                "fold": fold + 1,
                "readings": len(rows),
                "strategies": len(np.unique(predicted)),
                **agreement(labels[rows], predicted[rows]),
                "prediction_strength": prediction_strength(own, predicted[rows]),
            }
        )
    return pd.DataFrame(records)


def _folds(blocks: np.ndarray, rng: np.random.Generator, n_folds: int) -> Iterator[np.ndarray]:
    count = int(blocks.max()) + 1
    if count < n_folds:
        raise ValueError(f"n_folds must be at most the number of readers or cases, {count}; got {n_folds}")
    fold = rng.permutation(count) % n_folds
    return (fold[blocks] == number for number in range(n_folds))
