"""Boosted trees of one depth, walked side by side. Classes are 0 rest, 1 saccade, 2 oscillation, 3 blink."""

from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import inlined, kernel

CLASSES = 4
# Depth of the trees; after each round of trees a row that leads clearly stops.
DEPTH, ROUND, _LEAD = 6, 8, 3.0


class Forest(NamedTuple):
    """Boosted full trees: log odds before any, shape (classes,); feature and threshold of each node; leaf values."""

    prior: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    value: np.ndarray


@inlined
def decided(scores):
    """Whether one class leads all others by more than 3 in log odds."""
    first, second = -np.inf, -np.inf
    for k in range(CLASSES):
        first, second = max(first, scores[k]), max(second, min(first, scores[k]))
    return first - second > _LEAD


# F(x) = prior + sum of trees; p_k = exp F_k / sum exp F_q (Friedman, Hastie & Tibshirani 2000). A class that leads
# by over 3 in log odds after a round has won, so that clear rows stop early. The trees of a round are walked side by
# side: one walk waits for memory while the others go on. Unsigned indices spare the test whether they count from the
# end.
@kernel
def forest(row, trees, at, scores):
    """Probabilities of the classes at a row of measures, by boosted trees that are full, nodes in breadth-first order.

    The number of trees is a multiple of a round; `at` holds the nodes of a round.
    """
    feature, threshold, value = trees.feature, trees.threshold, trees.value
    one, two, inner = np.uint64(1), np.uint64(2), np.uint64(feature.shape[1])
    for k in range(CLASSES):
        scores[k] = trees.prior[k]
    for tree in range(0, feature.shape[0], ROUND):
        at[:] = 0
        for _ in range(DEPTH):
            for k in range(ROUND):
                node = at[k]
                right = row[np.uint64(feature[tree + k, node])] > threshold[tree + k, node]
                at[k] = two * node + one + np.uint64(right)
        for k in range(ROUND):
            for q in range(CLASSES):
                scores[q] += value[tree + k, at[k] - inner, q]
        if decided(scores):
            break
    highest, total = np.max(scores), 0.0
    for k in range(CLASSES):
        scores[k] = np.exp(scores[k] - highest)
        total += scores[k]
    for k in range(CLASSES):
        scores[k] /= total


@kernel
def forest_over_rows(rows, trees, shares):
    """Probabilities of the classes at all rows of measures."""
    at = np.empty(ROUND, np.uint64)
    for i in range(rows.shape[0]):
        forest(rows[i], trees, at, shares[i])
