"""Boosted trees whose leaves hold log odds of all classes at once, grown by scikit-learn, kept as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gazeanalytics._kernels.events import forest as kernels
from gazeanalytics.brief import Brief

__all__ = ["Trees", "grow"]

# Chosen on Lund2013 by leaving persons out (tests/benchmarks/bench_events.py). Trees look at a fifth of the measures at
# a split, so that none rules alone.
_SHARE_OF_MEASURES, _SHARE_OF_ROWS, _SMALLEST_LEAF = 0.2, 0.7, 40
_RATE, _RIDGE, _LONGEST_STEP = 0.15, 10.0, 2.0


@dataclass(frozen=True, slots=True)
class Trees(Brief):
    """Full binary trees of one depth, nodes in breadth-first order.

    Attributes
    ----------
    prior : numpy.ndarray of float64, shape (classes,)
        Log odds before any tree.
    feature : numpy.ndarray of uint16, shape (trees, nodes)
        Measure that a node looks at. Trees come in whole rounds (`kernels.ROUND`).
    threshold : numpy.ndarray of float32, shape (trees, nodes)
        A row goes right where its measure exceeds it; infinite where a branch ended early.
    value : numpy.ndarray of float32, shape (trees, leaves, classes)
        What a leaf adds to the log odds.

    Examples
    --------
    Without evidence from any tree the classes have their prior probabilities.

    >>> nodes, leaves = np.zeros((8, 63)), np.zeros((8, 64, 4), np.float32)
    >>> trees = Trees(np.log([0.7, 0.1, 0.1, 0.1]), nodes.astype(np.uint16), nodes.astype(np.float32), leaves)
    >>> trees.shares(np.zeros((1, 5), np.float32)).round(3).tolist()
    [[0.7, 0.1, 0.1, 0.1]]
    """

    prior: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    value: np.ndarray

    def __post_init__(self) -> None:
        if len(self.feature) % kernels.ROUND:
            raise ValueError(f"trees are walked {kernels.ROUND} at a time; got {len(self.feature)}")

    def arrays(self) -> kernels.Forest:
        """Return the arrays as kernels take them."""
        return kernels.Forest(self.prior, self.feature, self.threshold, self.value)

    def shares(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities of the classes at rows of measures, shape (rows, classes)."""
        shares = np.empty((len(rows), kernels.CLASSES))
        kernels.forest_over_rows(rows, self.arrays(), shares)
        return shares


def grow(rows: np.ndarray, classes: np.ndarray, weights: np.ndarray, count: int, rng: np.random.Generator) -> Trees:
    """Boost `count` trees on the log loss by Newton steps (Friedman, Hastie & Tibshirani 2000, LogitBoost).

    One tree fits the gradients of all classes together, so that a row walks one tree a round, not one a class.

    Parameters
    ----------
    rows : numpy.ndarray of float32, shape (rows, measures)
    classes : numpy.ndarray of int, shape (rows,)
        0 to 3; classes never seen stay improbable.
    weights : numpy.ndarray, shape (rows,)
    count : int
        Number of trees; trees that add nothing fill the last round.
    rng : numpy.random.Generator
        Draws the rows and measures that a tree sees.

    References
    ----------
    Friedman, Hastie & Tibshirani (2000). Additive logistic regression: a statistical view of boosting. Annals of
    Statistics 28, 337-407.

    Examples
    --------
    >>> rows = np.linspace(-1, 1, 400, dtype=np.float32)[:, None]
    >>> trees = grow(rows, (rows[:, 0] > 0).astype(int), np.ones(400), 8, np.random.default_rng(0))
    >>> trees.shares(rows).argmax(axis=1)[[0, 399]].tolist()
    [0, 1]
    """
    # Classes that were never seen get 1e-4 in place of log 0, which no tree could ever make up for.
    truth = classes[:, None] == np.arange(kernels.CLASSES)
    prior = np.log(np.maximum(np.average(truth, axis=0, weights=weights), 1e-4))
    scores = np.tile(prior, (len(rows), 1))
    flat = []
    for _ in range(count):
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        tree, leaf = _tree(rows, truth - shares, weights, rng)
        steps = _newton_steps(leaf, tree.node_count, truth - shares, shares, weights)
        scores += steps[leaf]
        flat.append(_filled(tree, steps))
    feature, threshold, value = (np.stack(each) for each in zip(*flat, strict=True))
    empty = ((0, -count % kernels.ROUND), (0, 0))
    return Trees(prior, np.pad(feature, empty), np.pad(threshold, empty), np.pad(value, (*empty, (0, 0))))


def _tree(
    rows: np.ndarray, gradients: np.ndarray, weights: np.ndarray, rng: np.random.Generator
) -> tuple[Any, np.ndarray]:
    """Grow a tree on the gradients; return it, and the leaf of each row."""
    from sklearn.tree import DecisionTreeRegressor

    drawn = rng.random(len(rows)) < _SHARE_OF_ROWS
    grown = DecisionTreeRegressor(
        max_depth=kernels.DEPTH,
        min_samples_leaf=_SMALLEST_LEAF,
        max_features=_SHARE_OF_MEASURES,
        random_state=int(rng.integers(2**31)),
    )
    grown.fit(rows[drawn], gradients[drawn], sample_weight=weights[drawn])
    return grown.tree_, grown.apply(rows)


# LogitBoost with a ridge: the step of a leaf for class k is (K - 1) / K sum w (y_k - p_k) / (sum w p_k (1 - p_k) +
# ridge), shrunk by the learning rate and clipped: a leaf with few rows, all of one class, would step to infinity.
def _newton_steps(
    leaf: np.ndarray, nodes: int, gradients: np.ndarray, shares: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """What each leaf adds to the log odds of each class, shape (nodes, classes)."""
    kinds = gradients.shape[1]
    slopes, bends = (
        np.stack([np.bincount(leaf, weights * each[:, k], nodes) for k in range(kinds)], axis=1)
        for each in (gradients, shares * (1 - shares))
    )
    return np.clip(_RATE * (kinds - 1) / kinds * slopes / (bends + _RIDGE), -_LONGEST_STEP, _LONGEST_STEP)


def _filled(tree: Any, steps: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Write a tree as a full one: what lies under an early leaf repeats it."""
    inner = 2**kernels.DEPTH - 1
    at = np.zeros(2 * inner + 1, np.int64)
    feature, threshold = np.zeros(inner, np.uint16), np.full(inner, np.inf, np.float32)
    for place in range(inner):
        node = at[place]
        leaf = tree.children_left[node] < 0
        at[2 * place + 1] = node if leaf else tree.children_left[node]
        at[2 * place + 2] = node if leaf else tree.children_right[node]
        if not leaf:
            feature[place] = tree.feature[node]
            threshold[place] = _below(tree.threshold[node])
    return feature, threshold, steps[at[inner:]].astype(np.float32)


# Scikit-learn compares float32 measures with float64 thresholds. Rounded up, a threshold could pass a measure to the
# other side, and the shipped trees would answer otherwise than the grown ones.
def _below(threshold: float) -> np.float32:
    """The greatest float32 that doesn't exceed a threshold: float32 measures fall on the same side of it."""
    near = np.float32(threshold)
    return near if near <= threshold else np.nextafter(near, np.float32(-np.inf))
