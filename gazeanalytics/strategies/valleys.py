"""A valley between two groups, or a cut through a hillside: types need valleys, a continuum has none."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.sparse.csgraph import connected_components
from scipy.stats import binom

from gazeanalytics._kernels import clusters

__all__ = ["Valleys", "find_valleys"]

# The line from one centre (0) to the other (1), with as much beyond each, in bins.
_LOW, _HIGH, _BINS = -1.0, 2.0, 150
# Windows from a tenth to half of the way between the centres; the valley lies between them.
_WIDTHS = np.array([5, 8, 12, 18, 25])
_BETWEEN = (50.0, 100.0)
_FOLDS = 5
# The direction between two groups heeds the shape of all groups as if so many more readings had shown it.
_PULL = 100.0
# A group whose density is less than a twentieth of another's is thin beside it.
_THIN = float(np.log(20))


@dataclass(frozen=True, slots=True)
class Valleys:
    """For every two groups, whether there are fewer readings in between than on both sides.

    Attributes
    ----------
    p_value : numpy.ndarray, shape (groups, groups)
        Of the hypothesis that there is no valley: the median over splits.
    depth : numpy.ndarray, shape (groups, groups)
        1 - points in the valley / points on the lower hill, on held-out readings; 0 or less is no valley.
    """

    p_value: np.ndarray
    depth: np.ndarray

    def components(self, alpha: float, least_depth: float, heights: np.ndarray) -> np.ndarray:
        """Return, for every group, the number of its component: groups without a valley between them are one.

        Parameters
        ----------
        alpha : float
            Level at which a valley counts.
        least_depth : float
            So much must be missing in the valley, as a share of the lower hill. A bent axis that is seen along one
            line can look hollow in its middle, but only a little.
        heights : numpy.ndarray, shape (groups,)
            Log density at each group's centre. A thin group (one of outliers that surrounds all others, say) joins the
            highest of those it has no valley to, and doesn't make a bridge between groups that are denser than it.
        """
        open_way = ~((self.p_value < alpha) & (self.depth >= least_depth))
        bridges = open_way & (np.abs(heights[:, None] - heights) <= _THIN)
        component = connected_components(bridges, directed=False)[1]
        tops = [heights[component == c].max() for c in range(component.max() + 1)]
        for c in np.argsort(tops, kind="stable"):
            members = np.flatnonzero(component == c)
            near = [g for g in np.flatnonzero(open_way[members].any(axis=0)) if heights[g] > tops[c] + _THIN]
            if near:
                component[members] = component[max(near, key=lambda g: heights[g])]
        return np.unique(component, return_inverse=True)[1]

    def table(self, names: list[str]) -> pd.DataFrame:
        """Return one row per pair of groups: first, second, depth, p_value."""
        first, second = np.triu_indices(len(names), 1)
        return pd.DataFrame(
            {
                "first": [names[i] for i in first],
                "second": [names[i] for i in second],
                "depth": self.depth[first, second],
                "p_value": self.p_value[first, second],
            }
        )


def find_valleys(
    points: np.ndarray,
    labels: np.ndarray,
    *,
    rng: np.random.Generator,
    weights: np.ndarray | None = None,
    splits: int = 2,
) -> Valleys:
    """Test every two groups for a valley between them, on readings that had no part in choosing its place.

    Parameters
    ----------
    points : numpy.ndarray, shape (readings, features)
        Scaled features.
    labels : numpy.ndarray of int, shape (readings,)
        Group of each reading, counted from 0.
    rng : numpy.random.Generator
        Deals the readings.
    weights : numpy.ndarray, shape (readings,), optional
        How much each reading counts in choosing the line (never in the test); default all the same.
    splits : int
        How often the readings are dealt into fifths anew.

    Notes
    -----
    Four fifths of the readings give the line between two groups (Fisher's discriminant) and three windows of equal
    width along it; the last fifth is counted in them. Each fifth has its turn, and the counts are added. If the density
    along the line has one mode, then the middle window holds at least as much as one of the outer two, whatever its
    shape, so the greater of the two binomial p-values is a test of unimodality. Unlike the dip test (Hartigan &
    Hartigan 1985) it doesn't lose its power when one group is small.
    """
    k = int(labels.max()) + 1
    weights = np.ones(len(points)) if weights is None else weights
    pairs = list(combinations(range(k), 2))
    p_value = np.ones((splits, k, k))
    depth = np.zeros((splits, k, k))
    for split in range(splits):
        fold = rng.permutation(len(points)) % _FOLDS
        inside = np.zeros((len(pairs), 3))
        for held_out in (fold == number for number in range(_FOLDS)):
            learned = ~held_out
            lines = _lines(points[learned], labels[learned], weights[learned], k)
            for row, (a, b) in enumerate(pairs):
                if (a, b) in lines:
                    pair = (labels == a) | (labels == b)
                    direction, offset = lines[a, b]
                    places = points[pair] @ direction - offset
                    inside[row] += _windows(places[learned[pair]], places[held_out[pair]])
        for (a, b), (left, middle, right) in zip(pairs, inside, strict=True):
            lower = min(left, right)
            if lower > 0:
                p_value[split, [a, b], [b, a]] = binom.cdf(middle, middle + lower, 0.5)
                depth[split, [a, b], [b, a]] = 1 - middle / lower
    return Valleys(np.median(p_value, axis=0), np.median(depth, axis=0))


def _lines(
    points: np.ndarray, labels: np.ndarray, weights: np.ndarray, k: int
) -> dict[tuple[int, int], tuple[np.ndarray, float]]:
    """Direction and offset for every two groups that put the centre of the one at 0 and of the other at 1."""
    means, scatters = np.zeros((k, points.shape[1])), np.zeros((k, points.shape[1], points.shape[1]))
    for g in range(k):
        group, weight = points[labels == g], weights[labels == g, None]
        if not len(group):
            continue
        means[g] = (weight * group).sum(axis=0) / weight.sum()
        scatters[g] = (weight * (group - means[g])).T @ (group - means[g])
    pooled = scatters.sum(axis=0) / len(points)
    lines = {}
    for a, b in combinations(range(k), 2):
        if not ((labels == a).any() and (labels == b).any()):
            continue
        direction = np.linalg.solve(scatters[a] + scatters[b] + _PULL * pooled, means[b] - means[a])
        start, end = means[a] @ direction, means[b] @ direction
        lines[a, b] = direction / (end - start), start / (end - start)
    return lines


def _windows(learned: np.ndarray, held_out: np.ndarray) -> np.ndarray:
    """Held-out readings in the left, middle and right window that the other readings choose."""
    counts = [np.histogram(part, bins=_BINS, range=(_LOW, _HIGH))[0].astype(float) for part in (learned, held_out)]
    *starts, width, _ = clusters.deepest_valley(counts[0], _WIDTHS, *_BETWEEN)
    return np.array([counts[1][start : start + width].sum() for start in starts])
