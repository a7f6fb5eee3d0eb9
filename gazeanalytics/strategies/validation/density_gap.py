"""Density gap (dip) between groups: types have fewer readings between them, pieces of a continuum don't."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

from gazeanalytics._kernels.strategies import mixtures as kernels

__all__ = ["FAR", "DensityGaps", "Gap", "GapTests"]

# The line from one centre (0) to the other (1), with as much beyond each, in bins.
_LOW, _HIGH, _BINS = -1.0, 2.0, 150
# Windows from a tenth to half of the way between the centres; the gap lies between them.
_WIDTHS = np.array([5, 8, 12, 18, 25])
_BETWEEN = (50.0, 100.0)
_FOLDS, _SPLITS = 5, 2
# Prior weight (readings) of the pooled scatter in the discriminant between two groups.
_PULL = 100.0
# Features from which on a gap must also show without the one that shows it most.
_MIN_FEATURES = 3
# Readings of a group with fewer of which its spread isn't known.
_MIN_MEASURED = 10
# Standard deviations: a small group can leave no significant gap and yet be one. Halves of a flat continuum lie 3.5
# apart (sqrt(12)), halves of a normal one 2.6; beyond 4, no single group is cut.
FAR = 4.0
# Standard deviations: two equal normal groups nearer than this have one mode.
_BIMODAL = 2.0
# Below this z there is no gap that could vanish without one feature.
_ANY_Z = 1.0


@dataclass(frozen=True, slots=True)
class Gap:
    """Gap between two groups, or unions of groups.

    Attributes
    ----------
    z_value : float
        Of the gap along the discriminant of all features; of all but the strongest where that is weaker and the groups
        are less than two standard deviations apart in those.
    depth : float
        Along the discriminant of all features, or of all but the strongest where that is shallower.
    distance : float
        Of held-out readings of the two along the same discriminant, in standard deviations within them.
    alone : int or None
        The feature without which the gap (z at least 3, that of a one-sided p of .001) falls below half of its z value.
    whole_depth : float
        Depth that goes with `z_value`.
    """

    z_value: float
    depth: float
    distance: float = 0.0
    alone: int | None = None
    whole_depth: float = -np.inf


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
    GapTests : the test.

    Examples
    --------
    >>> gaps = DensityGaps(np.array([[1.0, 1e-6], [1e-6, 1.0]]), np.array([[0.0, 0.8], [0.8, 0.0]]))
    >>> gaps.table(["one", "other"])
      first second  depth   p_value
    0   one  other    0.8  0.000001
    """

    p_value: np.ndarray
    depth: np.ndarray

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


@dataclass(frozen=True, slots=True)
class GapTests:
    """Tests for a density gap between groups or unions of them, on readings that had no part in choosing its place.

    Make them with `GapTests.of`.

    Attributes
    ----------
    points : numpy.ndarray, shape (readings, features)
    member : numpy.ndarray, shape (readings, groups)
    labels : numpy.ndarray of int, shape (readings,)
        Likeliest group of each reading.
    folds : numpy.ndarray of int, shape (splits, readings)
        Fifth of the readings that each belongs to.
    sums : numpy.ndarray, shape (splits, fifths, groups, 1 + features, 1 + features)
        Weights, weighted sums and products of the readings outside of each fifth.

    Notes
    -----
    Four fifths of the readings give the line between two groups (Fisher's discriminant) and three windows of equal
    width along it; the last fifth is counted in them. Each fifth has its turn, and the counts are added. If the density
    along the line has one mode, then the middle window holds at least as much as one of the outer two, whatever its
    shape. The statistic is z = (c_low - c_middle) / sqrt(s_low + s_middle + 1), with c the weighted counts, s their
    sums of squared weights and "low" the outer window that holds less; its median over two splits counts.

    Each reading counts as p / n + q / m: p and q are its memberships in the two groups, n and m their sizes. So both
    peaks are equally high, and a small group on the flank of a large one isn't mistaken for its slope. Along a
    continuum cut into pieces the weights change slowly, and leave it flat.

    A strategy is a way of looking that several measures show. So the gap is tested once more without the feature that
    shows it most, and the weaker of both counts, unless the other features alone put the groups two standard deviations
    apart (as far as two equal normal groups with two modes): one measure with two humps (units mixed, a count of few
    values, an angle that is either way) makes no types.

    Rejected: the dip test (Hartigan & Hartigan 1985, Ann. Statist. 13), which loses its power when one group is small;
    and any test on the readings that also chose the groups, which finds gaps in one normal cloud cut in two.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> points = rng.normal(size=(600, 2)) + np.repeat([[0.0, 0.0], [5.0, 0.0]], [400, 200], axis=0)
    >>> two = np.eye(2)[np.repeat([0, 1], [400, 200])]
    >>> GapTests.of(points, two, rng=rng).between([0], [1]).z_value > 5
    True
    >>> one = rng.normal(size=(600, 2))
    >>> halves = np.eye(2)[(one[:, 0] > np.median(one[:, 0])).astype(int)]
    >>> GapTests.of(one, halves, rng=rng).between([0], [1]).z_value > 2
    False
    """

    points: np.ndarray
    member: np.ndarray
    labels: np.ndarray
    folds: np.ndarray
    sums: np.ndarray

    @classmethod
    def of(
        cls, points: np.ndarray, member: np.ndarray, *, rng: np.random.Generator, weights: np.ndarray | None = None
    ) -> GapTests:
        """Split the readings and sum them by fifth and group.

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
        """
        labels = member.argmax(axis=1)
        n, k = member.shape
        folds = np.array([rng.permutation(n) % _FOLDS for _ in range(_SPLITS)])
        whole = np.column_stack([np.ones(n), points])
        weighted = whole if weights is None else whole * weights[:, None]
        sums = np.zeros((_SPLITS, _FOLDS, k, whole.shape[1], whole.shape[1]))
        for split, fold in enumerate(folds):
            for number in range(_FOLDS):
                for group in range(k):
                    rows = (fold == number) & (labels == group)
                    sums[split, number, group] = weighted[rows].T @ whole[rows]
        return cls(points, member, labels, folds, sums.sum(axis=1, keepdims=True) - sums)

    def between(self, first: Sequence[int], second: Sequence[int]) -> Gap:
        """Test the gap between two unions of groups."""
        every = np.arange(self.points.shape[1])
        whole, strongest = self._tested(first, second, every)
        if len(every) < _MIN_FEATURES or (whole.z_value < _ANY_Z and whole.distance < FAR):
            return whole
        less, _ = self._tested(first, second, np.delete(every, strongest))
        alone = strongest if whole.z_value >= norm.isf(0.001) and less.z_value < whole.z_value / 2 else None
        if less.distance >= _BIMODAL:
            return Gap(whole.z_value, min(whole.depth, less.depth), less.distance, alone, whole.depth)
        shallower = min(whole.depth, less.depth)
        return Gap(min(whole.z_value, less.z_value), shallower, less.distance, alone, shallower)

    def nearest(self, first: Sequence[int], second: Sequence[int]) -> tuple[int, int]:
        """Return the two groups, one of each union, whose centres are nearest for the spread within groups."""
        counts, means, within = _moments(self.sums[0].sum(axis=0))
        scale = np.linalg.cholesky(within / counts.sum() + 1e-9 * np.eye(len(within)))
        white = np.linalg.solve(scale, means.T).T
        apart = ((white[list(first), None] - white[list(second)]) ** 2).sum(axis=2)
        a, b = np.unravel_index(int(apart.argmin()), apart.shape)
        return first[int(a)], second[int(b)]

    def all_pairs(self) -> dict[tuple[int, int], Gap]:
        """Test every two groups."""
        k = self.member.shape[1]
        return {(a, b): self.between([a], [b]) for a in range(k) for b in range(a + 1, k)}

    def _tested(self, first: Sequence[int], second: Sequence[int], features: np.ndarray) -> tuple[Gap, int]:
        """Test the gap in these features (medians over splits), and find the feature that the line rests on most."""
        here = np.isin(self.labels, [*first, *second])
        of_second = np.isin(self.labels[here], second)
        share = _balanced(np.column_stack([self.member[here][:, list(group)].sum(axis=1) for group in (first, second)]))
        points = self.points[here][:, features]
        found, parts = np.zeros((_SPLITS, 3)), np.zeros(len(features))
        for split in range(_SPLITS):
            inside, places = np.zeros((2, 3)), np.full(len(points), np.nan)
            for fold in range(_FOLDS):
                line = _line(self.sums[split, fold], first, second, features)
                if line is not None:
                    direction, offset, part = line
                    parts += part
                    held_out = self.folds[split, here] == fold
                    along = points @ direction - offset
                    places[held_out] = along[held_out]
                    inside += _windows(along, share, held_out)
            found[split] = *_depth(*inside), _distance(places[~of_second], places[of_second])
        z_value, depth, distance = (float(value) for value in np.median(found, axis=0))
        return Gap(z_value, depth, distance), int(features[parts.argmax()])


def _balanced(member: np.ndarray) -> np.ndarray:
    """Weights of the readings of two groups (mean about 1) with which both count the same."""
    sizes = member.sum(axis=0)
    return member @ (sizes.sum() / (2 * sizes))


def _depth(inside: np.ndarray, squares: np.ndarray) -> tuple[float, float]:
    """Return z value and depth of the middle window against the lower of the outer two."""
    low = 0 if inside[0] < inside[2] else 2
    if inside[low] <= 0:
        return 0.0, 0.0
    # One reading more: where few were counted, none in the middle proves little.
    spread = np.sqrt(squares[low] + squares[1] + 1)
    return float((inside[low] - inside[1]) / spread), float(1 - inside[1] / inside[low])


def _distance(first: np.ndarray, second: np.ndarray) -> float:
    """Distance of two means in the standard deviation within; 0 where either has no spread to measure it by."""
    if min(np.isfinite(first).sum(), np.isfinite(second).sum()) < _MIN_MEASURED:
        return 0.0
    within = (np.nanvar(first) + np.nanvar(second)) / 2
    return float((np.nanmean(second) - np.nanmean(first)) / np.sqrt(within)) if within > 0 else 0.0


def _moments(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights (groups,), means (groups, d) and the scatter within groups (d, d) from sums of weights and products."""
    weights = sums[:, 0, 0]
    means = sums[:, 0, 1:] / np.maximum(weights, 1e-9)[:, None]
    return weights, means, sums[:, 1:, 1:].sum(axis=0) - (means * weights[:, None]).T @ means


def _line(
    sums: np.ndarray, first: Sequence[int], second: Sequence[int], features: np.ndarray
) -> tuple[np.ndarray, float, np.ndarray] | None:
    """Direction and offset that put the one centre at 0, the other at 1, and the share of each feature in the way."""
    kept = np.r_[0, features + 1]
    sums = sums[:, kept[:, None], kept]
    counts, means, scatter = _moments(np.stack([sums[list(first)].sum(axis=0), sums[list(second)].sum(axis=0)]))
    if counts.min() <= 0:
        return None
    every, _, within = _moments(sums)
    off = means[1] - means[0]
    direction = np.linalg.solve(scatter + _PULL / every.sum() * within, off)
    length = off @ direction
    return direction / length, float(means[0] @ direction / length), direction * off / length


def _windows(places: np.ndarray, share: np.ndarray, held_out: np.ndarray) -> np.ndarray:
    """Weight of held-out readings in the left, middle and right window that the other readings choose, and its square.

    Returns
    -------
    numpy.ndarray, shape (2, 3)
    """
    bins = ((places - _LOW) * (_BINS / (_HIGH - _LOW))).clip(-1, _BINS).astype(int)
    bins[places < _LOW] = -1
    on_line = (bins >= 0) & (bins < _BINS)
    learned, tested, squares = (
        np.bincount(bins[part], share[part] ** power, minlength=_BINS)
        for part, power in ((on_line & ~held_out, 1), (on_line & held_out, 1), (on_line & held_out, 2))
    )
    *starts, width, _ = kernels.deepest_gap(learned, _WIDTHS, *_BETWEEN)
    return np.array([[counts[start : start + width].sum() for start in starts] for counts in (tested, squares)])
