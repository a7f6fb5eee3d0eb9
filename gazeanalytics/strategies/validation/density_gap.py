"""Density gap (dip) between two groups: types have fewer readings between them, pieces of a continuum don't."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.sparse.csgraph import connected_components
from scipy.stats import norm

from gazeanalytics._kernels.strategies import mixtures as kernels

__all__ = ["DensityGaps", "density_gaps"]

# The line from one centre (0) to the other (1), with as much beyond each, in bins.
_LOW, _HIGH, _BINS = -1.0, 2.0, 150
# Windows from a tenth to half of the way between the centres; the gap lies between them.
_WIDTHS = np.array([5, 8, 12, 18, 25])
_BETWEEN = (50.0, 100.0)
_FOLDS = 5
# Prior weight (readings) of the pooled scatter in the discriminant between two groups.
_PULL = 100.0
# A group of fewer readings can't show a gap at any strict level: with an empty gap z is at most the square root of its
# readings in one window. What it doesn't show says nothing.
_MIN_TESTED = 20
# A group whose density is less than a twentieth of another's is thin beside it.
_THIN = float(np.log(20))


@dataclass(frozen=True, slots=True)
class DensityGaps:
    """Test for a density gap between every two groups: whether there are fewer readings in between than on both sides.

    Attributes
    ----------
    p_value : numpy.ndarray, shape (groups, groups)
        Of the hypothesis that there is no gap (normal approximation), from the median over splits.
    depth : numpy.ndarray, shape (groups, groups)
        1 - density in the gap / density at the lower peak, on held-out readings; 0 or less is no gap.

    See Also
    --------
    density_gaps : the test.

    Examples
    --------
    Three groups; the first two have no gap between them and are merged:

    >>> p_value = np.array([[1.0, 0.4, 1e-6], [0.4, 1.0, 1e-6], [1e-6, 1e-6, 1.0]])
    >>> gaps = DensityGaps(p_value, np.where(p_value < 0.01, 0.8, 0.1))
    >>> gaps.merge(0.001, 0.3, heights=np.zeros(3))
    array([0, 0, 1])
    """

    p_value: np.ndarray
    depth: np.ndarray

    def merge(
        self, alpha: float, min_gap_depth: float, heights: np.ndarray, counts: np.ndarray | None = None
    ) -> np.ndarray:
        """Return, for every group, the number of the cluster it belongs to: groups without a gap between them are one.

        Parameters
        ----------
        alpha : float
            Level at which a gap counts.
        min_gap_depth : float
            So much must be missing in the gap, as a share of the lower peak. A curved continuum that is projected on
            one line can look hollow in its middle, but only a little.
        heights : numpy.ndarray, shape (groups,)
            Log density at each group's centre. A thin group (one of outliers that surrounds all others, say) joins the
            highest of those it has no gap to, and doesn't make a bridge between groups that are denser than it.
        counts : numpy.ndarray, shape (groups,), optional
            Readings of each group. One of fewer than 20 can't show a gap to any other, and so is no bridge either.
        """
        open_way = ~((self.p_value < alpha) & (self.depth >= min_gap_depth))
        if counts is not None and (counts >= _MIN_TESTED).any():
            heights = np.where(counts < _MIN_TESTED, heights.min() - 2 * _THIN, heights)
        bridges = open_way & (np.abs(heights[:, None] - heights) <= _THIN)
        component = connected_components(bridges, directed=False)[1]
        tops = [heights[component == c].max() for c in range(component.max() + 1)]
        for c in np.argsort(tops, kind="stable"):
            members = np.flatnonzero(component == c)
            near = [g for g in np.flatnonzero(open_way[members].any(axis=0)) if heights[g] > tops[c] + _THIN]
            if near:
                component[members] = component[max(near, key=lambda g: heights[g])]
        return np.unique(component, return_inverse=True)[1]

    def with_gaps(self, apart: np.ndarray) -> DensityGaps:
        """Return the same with a certain, deep gap where groups are separate on other grounds (groups, groups)."""
        return DensityGaps(np.where(apart, 0.0, self.p_value), np.where(apart, 1.0, self.depth))

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


def density_gaps(
    points: np.ndarray,
    member: np.ndarray,
    *,
    rng: np.random.Generator,
    weights: np.ndarray | None = None,
    n_splits: int = 2,
) -> DensityGaps:
    """Test every two groups for a density gap between them, on readings that had no part in choosing its place.

    Parameters
    ----------
    points : numpy.ndarray, shape (readings, features)
        Scaled features.
    member : numpy.ndarray, shape (readings, groups)
        Posterior probability of each group for each reading.
    rng : numpy.random.Generator
        Draws the folds.
    weights : numpy.ndarray, shape (readings,), optional
        How much each reading counts in choosing the line (never in the test); default all the same.
    n_splits : int
        How often the readings are split into five folds anew.

    Returns
    -------
    DensityGaps
        p-value and depth for every two groups.

    Notes
    -----
    Four fifths of the readings give the line between two groups (Fisher's discriminant) and three windows of equal
    width along it; the last fifth is counted in them. Each fifth has its turn, and the counts are added. If the density
    along the line has one mode, then the middle window holds at least as much as one of the outer two, whatever its
    shape. The statistic is z = (c_low - c_middle) / sqrt(s_low + s_middle + 1), with c the weighted counts, s their
    sums of squared weights and "low" the outer window that holds less.

    Each reading counts as p / n + q / m: p and q are its memberships in the two groups, n and m their sizes. So both
    peaks are equally high, and a small group on the flank of a large one isn't mistaken for its slope. Along a
    continuum cut into pieces the weights change slowly, and leave it flat.

    Rejected: the dip test (Hartigan & Hartigan 1985, Ann. Statist. 13), which loses its power when one group is small;
    and any test on the readings that also chose the groups, which finds gaps in one normal cloud cut in two.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> points = rng.normal(size=(600, 2)) + np.repeat([[0.0, 0.0], [5.0, 0.0]], [400, 200], axis=0)
    >>> halves = lambda values: np.eye(2)[(values[:, 0] > np.median(values[:, 0])).astype(int)]
    >>> two, one = np.eye(2)[np.repeat([0, 1], [400, 200])], rng.normal(size=(600, 2))
    >>> bool(density_gaps(points, two, rng=rng).p_value[0, 1] < 1e-6)
    True
    >>> bool(density_gaps(one, halves(one), rng=rng).p_value[0, 1] < 0.05)
    False
    """
    k = member.shape[1]
    labels = member.argmax(axis=1)
    weights = np.ones(len(points)) if weights is None else weights
    pairs = [(a, b) for a, b in combinations(range(k), 2) if (labels == a).any() and (labels == b).any()]
    z_value, depth = np.zeros((n_splits, k, k)), np.zeros((n_splits, k, k))
    for split in range(n_splits):
        fold = rng.permutation(len(points)) % _FOLDS
        inside = np.zeros((len(pairs), 2, 3))
        for held_out in (fold == number for number in range(_FOLDS)):
            lines = _lines(points[~held_out], labels[~held_out], weights[~held_out], k)
            for row, (a, b) in enumerate(pairs):
                if (a, b) in lines:
                    here = (labels == a) | (labels == b)
                    direction, offset = lines[a, b]
                    share = _balanced(member[:, [a, b]], here)
                    inside[row] += _windows(points[here] @ direction - offset, share, held_out[here])
        for (a, b), sums in zip(pairs, inside, strict=True):
            z_value[split, [a, b], [b, a]], depth[split, [a, b], [b, a]] = _depth(*sums)
    return DensityGaps(norm.sf(np.median(z_value, axis=0)), np.median(depth, axis=0))


def _balanced(member: np.ndarray, here: np.ndarray) -> np.ndarray:
    """Weights of the readings of two groups (mean about 1) with which both count the same."""
    sizes = member[here].sum(axis=0)
    return member[here] @ (sizes.sum() / (2 * sizes))


def _depth(inside: np.ndarray, squares: np.ndarray) -> tuple[float, float]:
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
    *starts, width, _ = kernels.deepest_gap(learned, _WIDTHS, *_BETWEEN)
    return np.array([[counts[start : start + width].sum() for start in starts] for counts in (tested, squares)])
