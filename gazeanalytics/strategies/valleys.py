"""A valley between two groups, or a cut through a hillside: types need valleys, a continuum has none."""

from __future__ import annotations

from dataclasses import dataclass

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

    def components(self, alpha: float) -> np.ndarray:
        """Return, for every group, the number of its component: groups without a valley between them are one."""
        joined = ~(self.p_value < alpha)
        return connected_components(joined, directed=False)[1]

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
    splits: int = 3,
) -> Valleys:
    """Test every two groups for a valley between them, on readings that had no part in choosing where to look.

    Parameters
    ----------
    points : numpy.ndarray, shape (readings, features)
        Scaled features.
    labels : numpy.ndarray of int, shape (readings,)
        Group of each reading, counted from 0.
    rng : numpy.random.Generator
        Draws the halves.
    weights : numpy.ndarray, shape (readings,), optional
        How much each reading counts in choosing the direction (never in the test); default all the same.
    splits : int
        How often the readings are halved.

    Notes
    -----
    One half gives the direction (Fisher's discriminant with a ridge) and three windows of equal width along it; the
    other half is counted in them, then the halves change places. If the density along the line has one mode, then
    the middle window holds at least as much as one of the outer two, whatever its shape, so the greater of the two
    binomial p-values is a test of unimodality on both sides of which nothing is assumed. Unlike the dip test
    (Hartigan & Hartigan 1985) it doesn't lose its power when one group is small.
    """
    k = int(labels.max()) + 1
    weights = np.ones(len(points)) if weights is None else weights
    p_value = np.ones((splits, k, k))
    depth = np.zeros((splits, k, k))
    for split in range(splits):
        second = np.zeros(len(points), bool)
        second[rng.permutation(len(points))[: len(points) // 2]] = True
        halves = [_Half.of(points[half], labels[half], weights[half], k) for half in (~second, second)]
        for a in range(k):
            for b in range(a):
                found = _cross_tested(halves, a, b)
                p_value[split, a, b], depth[split, a, b] = found
                p_value[split, b, a], depth[split, b, a] = found
    return Valleys(np.median(p_value, axis=0), np.median(depth, axis=0))


@dataclass(frozen=True, slots=True)
class _Half:
    """Half of the readings by group, with each group's mean and scatter."""

    groups: list[np.ndarray]
    means: list[np.ndarray]
    scatters: list[np.ndarray]

    @classmethod
    def of(cls, points: np.ndarray, labels: np.ndarray, weights: np.ndarray, k: int) -> _Half:
        groups, means, scatters = [], [], []
        for g in range(k):
            group, weight = points[labels == g], weights[labels == g, None]
            mean = (weight * group).sum(axis=0) / max(weight.sum(), 1.0)
            groups.append(group)
            means.append(mean)
            scatters.append((weight * (group - mean)).T @ (group - mean))
        return cls(groups, means, scatters)

    def line(self, a: int, b: int) -> tuple[np.ndarray, float]:
        """Direction and offset that put centre a at 0 and centre b at 1."""
        scatter = self.scatters[a] + self.scatters[b]
        # A ridge worth one reading per feature keeps the direction calm when a group has few readings.
        scatter = scatter + np.eye(len(scatter)) * np.trace(scatter) / (len(self.groups[a]) + len(self.groups[b]))
        direction = np.linalg.solve(scatter, self.means[b] - self.means[a])
        start, end = self.means[a] @ direction, self.means[b] @ direction
        return direction / (end - start), start / (end - start)

    def counts(self, a: int, b: int, line: tuple[np.ndarray, float]) -> np.ndarray:
        """Readings of both groups in each bin along a line."""
        direction, offset = line
        places = np.concatenate([self.groups[a] @ direction, self.groups[b] @ direction]) - offset
        return np.histogram(places, bins=_BINS, range=(_LOW, _HIGH))[0].astype(float)


def _cross_tested(halves: list[_Half], a: int, b: int) -> tuple[float, float]:
    inside = np.zeros(3)
    for learned, held_out in (halves, halves[::-1]):
        if min(len(half.groups[g]) for half in halves for g in (a, b)) < 3:
            return 1.0, 0.0
        line = learned.line(a, b)
        *starts, width, _ = clusters.deepest_valley(learned.counts(a, b, line), _WIDTHS, *_BETWEEN)
        counts = held_out.counts(a, b, line)
        inside += [counts[start : start + width].sum() for start in starts]
    left, middle, right = inside
    lower = min(left, right)
    if lower == 0:
        return 1.0, 0.0
    return float(binom.cdf(middle, middle + lower, 0.5)), 1 - middle / lower
