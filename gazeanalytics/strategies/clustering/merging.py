"""Groups of a mixture merged one by one, the two with the least gap between them first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from gazeanalytics.strategies.validation.density_gap import FAR, DensityGaps, Gap, GapTests

__all__ = ["Level", "Merging", "merge_groups"]

# Between the nearest groups of two unions at least half as much must be missing: the ends of a bent continuum, seen
# along the line between them, have a hollow middle, but where they meet nothing is missing.
_OF_THE_NEAREST = 0.5


@dataclass(frozen=True, slots=True)
class Level:
    """Unions of groups, the gaps between them, and how far the one that is most apart is from its nearest.

    Attributes
    ----------
    strategy_of : numpy.ndarray of int, shape (groups,)
        Union that each group of the mixture is in.
    gap : Gap
        Least gap from the union that is most apart to any other.
    nearest_depth : float
        Depth of the gap between the nearest groups of these two.
    pairs : tuple of Gap
        Gaps between every two unions.
    """

    strategy_of: np.ndarray
    gap: Gap
    nearest_depth: float
    pairs: tuple[Gap, ...] = ()

    def passes(self, alpha: float, min_gap_depth: float) -> bool:
        """Whether some union is apart from all others."""
        return self.gap.z_value > float(norm.isf(alpha)) and self.gap.depth >= min_gap_depth

    def distinct(self, alpha: float, among: float, min_gap_depth: float) -> bool:
        """Whether all unions are apart by a gap, or by a distance that pieces of a continuum don't have.

        A gap that rests on one feature must show at the stricter level `alpha`.
        """
        return all(
            (gap.z_value > norm.isf(among) and gap.depth >= min_gap_depth)
            or (gap.z_value > norm.isf(alpha) and gap.whole_depth >= min_gap_depth)
            or gap.distance >= FAR
            for gap in self.pairs
        )


@dataclass(frozen=True, slots=True)
class Merging:
    """All levels of a merging, from every group alone to two unions, and the gaps between single groups.

    Examples
    --------
    Three groups, of which the first two are one:

    >>> no_gap, gap = Gap(0.2, 0.1), Gap(9.0, 0.9)
    >>> levels = (
    ...     Level(np.array([0, 1, 2]), no_gap, 0.1, (no_gap, gap, gap)), Level(np.array([0, 0, 1]), gap, 0.8, (gap,))
    ... )
    >>> merging = Merging(levels, DensityGaps(np.ones((3, 3)), np.zeros((3, 3))))
    >>> merging.strategies(alpha=0.001, among=0.05, min_gap_depth=0.3)
    array([0, 0, 1])
    """

    levels: tuple[Level, ...]
    gaps: DensityGaps

    def strategies(self, *, alpha: float, among: float, min_gap_depth: float) -> np.ndarray:
        """Return the strategy of each group: the most unions that are all apart, if there are types at all.

        Parameters
        ----------
        alpha : float
            There are types when at some level a union is apart from all others at this level of significance, and the
            groups where it is nearest to them are, too.
        among : float
            Once that is known, each further division is a smaller claim, for which this is enough; or a distance.
        min_gap_depth : float
            So much of the lower peak's density must be missing.
        """
        some = any(
            level.passes(alpha, min_gap_depth) and level.nearest_depth >= _OF_THE_NEAREST * level.gap.depth
            for level in self.levels
        )
        apart = (
            [level.strategy_of for level in self.levels if level.distinct(alpha, among, min_gap_depth)] if some else []
        )
        return apart[0] if apart else np.zeros(len(self.gaps.depth), int)

    def alone(self) -> int | None:
        """Return the feature that makes the last gap alone, if one does."""
        return self.levels[-1].gap.alone if self.levels else None


def merge_groups(
    points: np.ndarray, member: np.ndarray, *, rng: np.random.Generator, weights: np.ndarray | None = None
) -> Merging:
    """Merge the two unions of groups with the least gap between them, until two are left; gaps are tested anew.

    Parameters
    ----------
    points : numpy.ndarray, shape (readings, features)
    member : numpy.ndarray, shape (readings, groups)
        Posterior probability of each group of a mixture for each reading.
    rng : numpy.random.Generator
        Splits readings for the tests.
    weights : numpy.ndarray, shape (readings,), optional
        See `GapTests.of`.

    Notes
    -----
    Merging mixture components follows Hennig (2010, Adv. Data Anal. Classif. 4); the criterion is a density gap on
    held-out readings. Rejected: joining at once all groups that no significant gap separates. The pieces of a large
    group are small, so that one gap among many isn't significant, and two groups become one over that bridge; between
    whole groups it is plain.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> points = rng.normal(size=(600, 3)) + np.repeat([[0.0], [6.0]], 300, axis=0)
    >>> thirds = np.eye(3)[np.where(points[:, 0] > 3, 2, (points[:, 1] > 0).astype(int))]
    >>> merging = merge_groups(points, thirds, rng=rng)
    >>> merging.levels[-1].strategy_of, merging.levels[-1].gap.z_value > 5, merging.levels[0].pairs[0].z_value > 2
    (array([0, 0, 1]), True, False)
    """
    tests = GapTests.of(points, member, rng=rng, weights=weights)
    k = member.shape[1]
    pairs = tests.all_pairs()
    p_value, depth = np.ones((k, k)), np.zeros((k, k))
    for (a, b), gap in pairs.items():
        p_value[[a, b], [b, a]], depth[[a, b], [b, a]] = norm.sf(gap.z_value), gap.depth
    unions = {group: [group] for group in range(k)}
    levels = []
    while len(unions) > 1:
        a, b = min(pairs, key=lambda pair: pairs[pair].z_value)
        c, d = _most_apart(pairs)
        nearest = tests.between(*([group] for group in tests.nearest(unions[c], unions[d])))
        levels.append(Level(_numbers(unions, k), pairs[c, d], nearest.depth, tuple(pairs.values())))
        unions[a] += unions.pop(b)
        pairs = {pair: gap for pair, gap in pairs.items() if not {a, b} & set(pair)}
        for other in unions.keys() - {a}:
            pairs[min(a, other), max(a, other)] = tests.between(unions[min(a, other)], unions[max(a, other)])
    return Merging(tuple(levels), DensityGaps(p_value, depth))


def _most_apart(pairs: dict[tuple[int, int], Gap]) -> tuple[int, int]:
    """The union whose least gap to another is the greatest, and that other."""
    least = [
        min((pair for pair in pairs if union in pair), key=lambda pair: pairs[pair].z_value)
        for union in {union for pair in pairs for union in pair}
    ]
    return max(least, key=lambda pair: pairs[pair].z_value)


def _numbers(unions: dict[int, list[int]], k: int) -> np.ndarray:
    numbers = np.zeros(k, int)
    for number, groups in enumerate(unions.values()):
        numbers[groups] = number
    return numbers
