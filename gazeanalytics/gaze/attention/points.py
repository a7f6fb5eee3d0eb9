"""Agreement of an attention map with fixations: NSS, AUC (Judd, Borji, shuffled), information gain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from gazeanalytics._kernels.gaze.attention import ranks_among

__all__ = ["auc_borji", "auc_judd", "auc_shuffled", "information_gain", "jitter", "nss"]


def nss(
    surface: np.ndarray, x: np.ndarray, y: np.ndarray, *, ddof: int = 0, duplicates: Literal["count", "once"] = "count"
) -> float:
    """Normalised scanpath saliency (NSS): the map's mean z-score at the fixations (Peters et al. 2005).

    Parameters
    ----------
    surface : numpy.ndarray, shape (rows, columns)
        The map.
    x, y : array_like, shape (points,)
        Points in cells of the map: column and row, cut to whole cells.
    ddof : int
        0 divides by the number of cells (pysaliency), 1 by one less (the MATLAB and MIT code).
    duplicates : {"count", "once"}
        Points in one cell count each (pysaliency), or once (code that takes a binary fixation map).

    Returns
    -------
    float
        In standard deviations: 0 is chance, above 0 better. NaN without points; 0 for a constant map.

    Examples
    --------
    >>> surface = np.array([[0.0, 0.0], [0.0, 1.0]])
    >>> round(nss(surface, [1], [1]), 3), round(nss(surface, [0], [0]), 3)
    (1.732, -0.577)
    >>> nss(surface, [0, 1, 0, 1], [0, 0, 1, 1])
    0.0
    """
    values = _at_points(surface, x, y, duplicates)
    spread = surface.std(ddof=ddof)
    if not len(values):
        return float("nan")
    return float((values.mean() - surface.mean()) / spread) if spread > 0 else 0.0


def auc_judd(
    surface: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    *,
    negatives: Literal["all", "unfixated"] = "all",
    sweep: Literal["exact", "points", "matlab"] = "exact",
    duplicates: Literal["count", "once"] = "count",
) -> float:
    """AUC-Judd: area under the ROC curve of fixations against cells (Judd, Ehinger, Durand & Torralba 2009).

    The default is exact: the Mann-Whitney probability that the map is higher at a point than at a cell, ties half.
    Other code sweeps thresholds over the points alone, which errs by up to 0.014 on sparse maps, or adds noise to
    break ties, which errs by up to 0.065; `jitter` makes such a map.

    Parameters
    ----------
    surface, x, y
        Map and points as for `nss`; only the order of the map's values matters.
    negatives : {"all", "unfixated"}
        What points are separated from: every cell (pysaliency), or cells without a point.
    sweep : {"exact", "points", "matlab"}
        "exact" is pysaliency's `thresholds="all"`; "points" its `thresholds="fixations"` (`judd=1`): straight lines
        between the thresholds at the points; "matlab" the counts of the MIT port without its jitter. pysaliency's
        `AUC_Judd` is "points" among "unfixated" cells of a map with `jitter(surface, law="normal")`.
    duplicates : {"count", "once"}
        Points in one cell count each, or once.

    Returns
    -------
    float
        0.5 is chance, 1 perfect. NaN without points or negatives.

    See Also
    --------
    auc_shuffled : corrected for the centre bias.

    Examples
    --------
    >>> surface = np.arange(12.0).reshape(3, 4)
    >>> round(auc_judd(surface, [3], [2]), 4), auc_judd(surface, [3], [2], negatives="unfixated")
    (0.9583, 1.0)
    >>> auc_judd(surface * 0, [3], [2])
    0.5
    """
    flat, cell = _flat(surface), _cells(surface, x, y)
    if duplicates == "once":
        cell = np.unique(cell)
    pool = np.delete(flat, np.unique(cell)) if negatives == "unfixated" else flat
    if not len(cell) or not len(pool):
        return float("nan")
    # The area is the Mann-Whitney probability, so ranks of the few points are enough: sorting all cells, or sweeping
    # thresholds over them, would cost n log n for the same number.
    levels, points = np.unique(flat[cell], return_counts=True)
    below, equal = rank(levels, pool)
    if sweep == "exact":
        return float(points @ (below + equal / 2) / (len(pool) * len(cell)))
    reached = len(pool) - below
    if sweep == "points":
        return _sweep_points(points, reached, pool, levels)
    if sweep == "matlab":
        return _sweep_matlab(points, reached, len(flat))
    raise ValueError(f"auc_judd needs sweep to be exact, points or matlab; got {sweep!r}")


def auc_borji(
    surface: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    *,
    n_splits: int = 100,
    step: float | None = None,
    rng: np.random.Generator | int | None = None,
) -> float:
    """AUC-Borji: area under the ROC curve of fixations against random cells (Borji, Tavakoli et al. 2013).

    With many splits it tends to `auc_judd`, which has no chance in it.

    Parameters
    ----------
    surface, x, y
        Map and points as for `nss`.
    splits : int
        Draws of random cells, each as many as there are points, with replacement.
    step : float, optional
        Sweep thresholds of this step over the map scaled to 0-1, as the MATLAB and MIT code do with 0.1. Default: the
        exact area of each split.
    rng : int, numpy.random.Generator or None
        Randomness.

    Returns
    -------
    float
        0.5 is chance, 1 perfect. NaN without points.

    Examples
    --------
    >>> surface = np.arange(12.0).reshape(3, 4)
    >>> round(auc_borji(surface, [3, 2], [2, 2], n_splits=2000, rng=1), 2), round(auc_judd(surface, [3, 2], [2, 2]), 2)
    (0.91, 0.92)
    """
    flat, cell = _flat(surface), _cells(surface, x, y)
    generator = np.random.default_rng(rng)
    return _mean_of_splits(flat, cell, lambda count: generator.integers(0, len(flat), count), n_splits, step)


def auc_shuffled(
    surface: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    others: tuple[np.ndarray, np.ndarray],
    *,
    n_splits: int | None = None,
    step: float | None = None,
    rng: np.random.Generator | int | None = None,
) -> float:
    """Shuffled AUC (sAUC): fixations against fixations on other images (Zhang, Tong, Marks, Shan & Cottrell 2008).

    A map that only knows that people look at the centre scores 0.5. The default takes all other points at once: it is
    what many splits tend to, without their noise (one split of 60 points has a standard deviation of about 0.035).

    Parameters
    ----------
    surface, x, y
        Map and points as for `nss`.
    others : (array_like, array_like)
        Columns and rows of the other images' points on this map.
    splits : int, optional
        Draw as many of the others as there are points, so often, and average. Default: use all others once.
    step, rng
        As for `auc_borji`; with `splits` alone.

    Returns
    -------
    float
        0.5 is chance, 1 perfect. NaN without points or others.

    See Also
    --------
    other_cases : where the other points come from.

    References
    ----------
    Zhang, L., Tong, M. H., Marks, T. K., Shan, H., & Cottrell, G. W. (2008). SUN: A Bayesian framework for saliency
    using natural statistics. Journal of Vision, 8(7), 32.

    Examples
    --------
    >>> surface = np.arange(12.0).reshape(3, 4)
    >>> auc_shuffled(surface, [3], [2], ([0, 1, 3], [0, 1, 2]))
    0.8333333333333334
    """
    flat, cell, pool = _flat(surface), _cells(surface, x, y), _cells(surface, *others)
    if not len(cell) or not len(pool):
        return float("nan")
    if n_splits is None:
        return _area(flat[cell], flat[pool])
    generator = np.random.default_rng(rng)
    return _mean_of_splits(flat, cell, lambda count: generator.choice(pool, count), n_splits, step)


def jitter(
    surface: np.ndarray,
    *,
    law: Literal["uniform", "normal"] = "uniform",
    scale: float = 1e-7,
    rng: np.random.Generator | int | None = None,
) -> np.ndarray:
    """Jitter: add noise to a map, so that no two cells tie, as other code does before AUC-Judd.

    Parameters
    ----------
    surface : numpy.ndarray, shape (rows, columns)
        The map, usually scaled to 0-1. Noise alone ranks the zeros of a sparse map: the area errs by up to 0.07.
    law : {"uniform", "normal"}
        Uniform on 0 to `scale` (the MATLAB and MIT code), or normal with that standard deviation (pysaliency).
    scale : float
        Size of the noise in units of the map; 1e-7 in all of them.
    rng : int, numpy.random.Generator or None
        Randomness.

    Examples
    --------
    >>> surface = np.zeros((3, 4))
    >>> auc_judd(surface, [3], [2]), auc_judd(jitter(surface, rng=1), [3], [2]) == 0.5
    (0.5, False)
    """
    if law not in ("uniform", "normal"):
        raise ValueError(f"jitter needs law to be uniform or normal; got {law!r}")
    generator = np.random.default_rng(rng)
    noise = generator.random(surface.shape) if law == "uniform" else generator.standard_normal(surface.shape)
    return surface + scale * noise


def information_gain(
    surface: np.ndarray, baseline: np.ndarray, x: np.ndarray, y: np.ndarray, *, eps: float = 0.0
) -> float:
    """Information gain: bits by which a map predicts fixations better than a baseline (Kummerer et al. 2015).

    Both maps are scaled to sum to 1; the gain is the mean of log2(eps + map) - log2(eps + baseline) at the points.

    Parameters
    ----------
    surface, baseline : numpy.ndarray, shape (rows, columns)
        Maps without negative cells. The answer depends on the baseline: the same map lost 0.09 bits to a uniform one
        and 0.77 to a centre bias.
    x, y
        Points as for `nss`.
    eps : float
        0 is the definition (a point where the map is 0 costs minus infinity); the MIT code adds 2.2204e-16.

    Returns
    -------
    float
        Bits a point: above 0 is better than the baseline. NaN without points.

    Examples
    --------
    >>> surface, uniform = np.array([[1.0, 3.0]]), np.ones((1, 2))
    >>> round(information_gain(surface, uniform, [1], [0]), 3), information_gain(surface, uniform, [0], [0])
    (0.585, -1.0)
    """
    cell = _cells(surface, x, y)
    if not len(cell):
        return float("nan")
    with np.errstate(divide="ignore"):
        bits = [np.log2(eps + shares(each).ravel()[cell]) for each in (surface, baseline)]
    return float(np.mean(bits[0] - bits[1]))


def shares(surface: np.ndarray) -> np.ndarray:
    """Scale a map to sum to 1; a map of zeros becomes uniform, as in pysaliency."""
    flat = _flat(surface)
    if flat.min(initial=0.0) < 0:
        raise ValueError(f"a map of shares needs no cell below 0; got {flat.min()}; subtract the lowest value first")
    total = flat.sum()
    return (flat / total if total > 0 else np.full(len(flat), 1 / len(flat))).reshape(surface.shape)


def _area(positives: np.ndarray, negatives: np.ndarray) -> float:
    """Probability that a positive is above a negative, ties half."""
    levels, points = np.unique(positives, return_counts=True)
    below, equal = rank(levels, negatives)
    return float(points @ (below + equal / 2) / (len(negatives) * len(positives)))


def _mean_of_splits(
    flat: np.ndarray, cell: np.ndarray, draw: Callable[[int], np.ndarray], n_splits: int, step: float | None
) -> float:
    if not len(cell):
        return float("nan")
    if step is None:
        return float(np.mean([_area(flat[cell], flat[draw(len(cell))]) for _ in range(n_splits)]))
    # The published code scales each map to 0-1 before it sweeps; a constant map has no thresholds, so 0.5.
    lowest, highest = flat.min(), flat.max()
    if not highest > lowest:
        return 0.5
    scaled = (flat - lowest) / (highest - lowest)
    return float(np.mean([_stepped(scaled[cell], scaled[draw(len(cell))], step) for _ in range(n_splits)]))


def _stepped(positives: np.ndarray, negatives: np.ndarray, step: float) -> float:
    """Trapezoids between thresholds of equal step, from (0, 0) to (1, 1)."""
    # From high thresholds to low ones, as the published code sweeps; its last step may end short of the lowest value.
    levels = np.arange(0.0, max(positives.max(), negatives.max()) + step / 2, step)[::-1]
    hits = np.concatenate([[0.0], (positives >= levels[:, None]).mean(axis=1), [1.0]])
    alarms = np.concatenate([[0.0], (negatives >= levels[:, None]).mean(axis=1), [1.0]])
    return float(np.trapezoid(hits, alarms))


def rank(levels: np.ndarray, pool: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How many of the pool lie below each of the rising, distinct levels, and how many equal it."""
    below, equal = np.empty(len(levels), np.int64), np.empty(len(levels), np.int64)
    ranks_among(levels, pool, below, equal)
    return below, equal


def _sweep_points(points: np.ndarray, reached: np.ndarray, pool: np.ndarray, levels: np.ndarray) -> float:
    """Trapezoids between the thresholds at the points, from (0, 0) to (1, 1)."""
    # The published sweep takes thresholds at the points alone and joins them by lines: exact only without ties.
    hits = np.concatenate([[0.0], np.cumsum(points[::-1]) / points.sum(), [1.0]])
    alarms = np.concatenate([[0.0], reached[::-1] / len(pool), [1.0]])
    return float(np.trapezoid(hits, alarms))


def _sweep_matlab(points: np.ndarray, reached: np.ndarray, cells: int) -> float:
    """One threshold a point; alarms are the cells reached less the points before, over the cells that are no point."""
    count = int(points.sum())
    order = np.arange(count)
    alarms = (np.repeat(reached[::-1], points[::-1]) - order) / (cells - count)
    hits = (order + 1) / count
    return float(np.trapezoid(np.concatenate([[0.0], hits, [1.0]]), np.concatenate([[0.0], alarms, [1.0]])))


def _flat(surface: np.ndarray) -> np.ndarray:
    flat = np.ascontiguousarray(surface, dtype=float).ravel()
    if np.isnan(flat).any():
        raise ValueError("a map needs a number in every cell; some are NaN; set cells that were not shown to 0")
    return flat


def _cells(surface: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Number of the cell of each point, counted row by row."""
    rows, columns = surface.shape
    column, row = np.floor(np.asarray(x, float)), np.floor(np.asarray(y, float))
    inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
    if not inside.all():
        place = int((~inside).argmax())
        raise ValueError(
            f"points need places within a map of {columns} x {rows} cells; point {place} is at "
            f"({np.asarray(x)[place]}, {np.asarray(y)[place]}); leave out points outside"
        )
    return row.astype(np.int64) * columns + column.astype(np.int64)


def _at_points(surface: np.ndarray, x: np.ndarray, y: np.ndarray, duplicates: str) -> np.ndarray:
    cell = _cells(surface, x, y)
    return _flat(surface)[np.unique(cell) if duplicates == "once" else cell]
