"""A valley between two groups, or a cut through a hillside: types need valleys, a continuum has none."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.sparse.csgraph import connected_components
from scipy.stats import norm

from gazeanalytics._kernels.strategies import mixtures as clusters

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
        Of the hypothesis that there is no valley (normal approximation), from the median over splits.
    depth : numpy.ndarray, shape (groups, groups)
        1 - weight in the valley / weight on the lower hill, on held-out readings; 0 or less is no valley.
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

    def beside(self, apart: np.ndarray) -> Valleys:
        """Return the same with a sure and deep valley between groups that are told apart otherwise (groups, groups)."""
        return Valleys(np.where(apart, 0.0, self.p_value), np.where(apart, 1.0, self.depth))

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
    member: np.ndarray,
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
    member : numpy.ndarray, shape (readings, groups)
        How surely each reading belongs to each group.
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
    shape. Unlike the dip test (Hartigan & Hartigan 1985) that doesn't lose its power when one group is small.

    Each reading counts as p / n + q / m: p and q are its memberships in the two groups, n and m their sizes. So both
    hills are told at one height, and a small group on the flank of a large one isn't taken for its slope. Along a
    continuum cut into pieces the weights change slowly, and leave it flat.
    """
    k = member.shape[1]
    labels = member.argmax(axis=1)
    weights = np.ones(len(points)) if weights is None else weights
    pairs = [(a, b) for a, b in combinations(range(k), 2) if (labels == a).any() and (labels == b).any()]
    z_value, depth = np.zeros((splits, k, k)), np.zeros((splits, k, k))
    for split in range(splits):
        fold = rng.permutation(len(points)) % _FOLDS
        inside = np.zeros((len(pairs), 2, 3))
        for held_out in (fold == number for number in range(_FOLDS)):
            lines = _lines(points[~held_out], labels[~held_out], weights[~held_out], k)
            for row, (a, b) in enumerate(pairs):
                if (a, b) in lines:
                    here = (labels == a) | (labels == b)
                    direction, offset = lines[a, b]
                    share = _evened(member[:, [a, b]], here)
                    inside[row] += _windows(points[here] @ direction - offset, share, held_out[here])
        for (a, b), sums in zip(pairs, inside, strict=True):
            z_value[split, [a, b], [b, a]], depth[split, [a, b], [b, a]] = _how_deep(*sums)
    return Valleys(norm.sf(np.median(z_value, axis=0)), np.median(depth, axis=0))


def _evened(member: np.ndarray, here: np.ndarray) -> np.ndarray:
    """Weights of the readings of two groups (mean about 1) with which both count the same."""
    sizes = member[here].sum(axis=0)
    return member[here] @ (sizes.sum() / (2 * sizes))


def _how_deep(inside: np.ndarray, squares: np.ndarray) -> tuple[float, float]:
    """Return z value and depth of the middle window against the lower of the outer two."""
    low = 0 if inside[0] < inside[2] else 2
    if inside[low] <= 0:
        return 0.0, 0.0
    # One reading more: where few were counted, none in the middle proves little.
    spread = np.sqrt(squares[low] + squares[1] + 1)
    return float((inside[low] - inside[1]) / spread), float(1 - inside[1] / inside[low])


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


def _windows(places: np.ndarray, share: np.ndarray, held_out: np.ndarray) -> np.ndarray:
    """Weight of held-out readings in the left, middle and right window that the other readings choose, and its square.

    Returns
    -------
    numpy.ndarray, shape (2, 3)
    """
    learned, tested, squares = (
        np.histogram(places[part], bins=_BINS, range=(_LOW, _HIGH), weights=share[part] ** power)[0]
        for part, power in ((~held_out, 1), (held_out, 1), (held_out, 2))
    )
    *starts, width, _ = clusters.deepest_valley(learned, _WIDTHS, *_BETWEEN)
    return np.array([[counts[start : start + width].sum() for start in starts] for counts in (tested, squares)])
