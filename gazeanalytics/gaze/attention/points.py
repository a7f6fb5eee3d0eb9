"""How well a map tells where points fell: NSS, the areas under the ROC curve, information gain."""

from __future__ import annotations

from typing import Literal

import numpy as np

from gazeanalytics._kernels.surfaces import ranks_among

__all__ = ["auc_judd", "nss"]


def nss(
    surface: np.ndarray, x: np.ndarray, y: np.ndarray, *, ddof: int = 0, duplicates: Literal["count", "once"] = "count"
) -> float:
    """Normalised scanpath saliency: the map's mean z-score at the points (Peters, Iyer, Itti & Koch 2005).

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
    """Area under the ROC curve of points against cells (Judd, Ehinger, Durand & Torralba 2009), in one pass.

    The default is exact: the Mann-Whitney probability that the map is higher at a point than at a cell, ties half.
    Other code sweeps thresholds over the points alone, which errs by up to 0.014 on sparse maps, or adds jitter to
    break ties, which errs by up to 0.065; no jitter is offered.

    Parameters
    ----------
    surface : numpy.ndarray, shape (rows, columns)
        The map; only the order of its values matters.
    x, y : array_like, shape (points,)
        Points in cells of the map: column and row, cut to whole cells.
    negatives : {"all", "unfixated"}
        What points are told from: every cell (pysaliency), or cells without a point.
    sweep : {"exact", "points", "matlab"}
        "exact" is pysaliency's `thresholds="all"`; "points" its `thresholds="fixations"` (`judd=1`): straight lines
        between the thresholds at the points; "matlab" the counts of the MIT port without its jitter.
    duplicates : {"count", "once"}
        Points in one cell count each, or once.

    Returns
    -------
    float
        0.5 is chance, 1 perfect. NaN without points or negatives.

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
    levels, points = np.unique(flat[cell], return_counts=True)
    below, equal = rank(levels, pool)
    if sweep == "exact":
        return float(points @ (below + equal / 2) / (len(pool) * points.sum()))
    reached = len(pool) - below
    if sweep == "points":
        return _sweep_points(points, reached, pool, levels)
    if sweep == "matlab":
        return _sweep_matlab(points, reached, len(flat))
    raise ValueError(f"auc_judd wants sweep to be exact, points or matlab; came {sweep!r}")


def rank(levels: np.ndarray, pool: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How many of the pool lie below each of the rising, distinct levels, and how many equal it."""
    below, equal = np.empty(len(levels), np.int64), np.empty(len(levels), np.int64)
    ranks_among(levels, pool, below, equal)
    return below, equal


def _sweep_points(points: np.ndarray, reached: np.ndarray, pool: np.ndarray, levels: np.ndarray) -> float:
    """Trapezoids between the thresholds at the points, from (0, 0) to (1, 1)."""
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
        raise ValueError("a map wants a number in every cell; some are NaN; set cells that were not shown to 0")
    return flat


def _cells(surface: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Number of the cell of each point, counted row by row."""
    rows, columns = surface.shape
    column, row = np.floor(np.asarray(x, float)), np.floor(np.asarray(y, float))
    inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
    if not inside.all():
        place = int((~inside).argmax())
        raise ValueError(
            f"points want places within a map of {columns} x {rows} cells; point {place} is at "
            f"({np.asarray(x)[place]}, {np.asarray(y)[place]}); leave out points outside"
        )
    return row.astype(np.int64) * columns + column.astype(np.int64)


def _at_points(surface: np.ndarray, x: np.ndarray, y: np.ndarray, duplicates: str) -> np.ndarray:
    cell = _cells(surface, x, y)
    return _flat(surface)[np.unique(cell) if duplicates == "once" else cell]
