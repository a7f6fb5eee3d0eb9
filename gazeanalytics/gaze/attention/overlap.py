"""Agreement of two attention maps: correlation (CC, NCC), SIM, KL divergence, IoU, earth mover's distance (EMD)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Literal

import numpy as np
import pandas as pd

from gazeanalytics.gaze.attention.density import Maps
from gazeanalytics.gaze.attention.points import shares

__all__ = ["MAP_MEASURES", "cc", "compare_maps", "emd", "iou", "kl", "ncc", "sim"]

Ground = Literal["euclidean", "city"]


def cc(surface: np.ndarray, other: np.ndarray) -> float:
    """Correlation coefficient (CC) of two attention maps: Pearson's, over their cells.

    Parameters
    ----------
    surface, other : numpy.ndarray, shape (rows, columns)
        Maps of one shape.

    Returns
    -------
    float
        -1 to 1; 0 where one map is constant (as pysaliency gives), NaN where both are.

    Examples
    --------
    >>> surface = np.array([[0.0, 1.0], [2.0, 3.0]])
    >>> round(cc(surface, 2 * surface + 5), 12), round(cc(surface, surface[::-1, ::-1]), 12), cc(surface, surface * 0)
    (1.0, -1.0, 0.0)
    """
    one, two = _pair(surface, other)
    one, two = one - one.mean(), two - two.mean()
    spread = np.sqrt(one @ one), np.sqrt(two @ two)
    if spread[0] > 0 and spread[1] > 0:
        return float(one @ two / (spread[0] * spread[1]))
    return float("nan") if spread[0] == spread[1] else 0.0


def ncc(surface: np.ndarray, other: np.ndarray, *, centred: bool = False) -> float:
    """Normalised cross-correlation (NCC) of two maps at the same place: the cosine of the angle between them.

    Parameters
    ----------
    surface, other : numpy.ndarray, shape (rows, columns)
        Maps of one shape.
    centred : bool
        Some code subtracts each map's mean first; then it is `cc`.

    Returns
    -------
    float
        0 to 1 for maps without negative cells; NaN where a map is all 0.

    Examples
    --------
    >>> surface = np.array([[0.0, 1.0], [2.0, 3.0]])
    >>> round(ncc(surface, 2 * surface), 12), round(ncc(surface, surface[::-1, ::-1]), 3)
    (1.0, 0.286)
    """
    if centred:
        return cc(surface, other)
    one, two = _pair(surface, other)
    size = np.sqrt(one @ one) * np.sqrt(two @ two)
    return float(one @ two / size) if size > 0 else float("nan")


def sim(surface: np.ndarray, other: np.ndarray) -> float:
    """Similarity (SIM), or histogram intersection: what two maps of sum 1 have in common (Judd et al. 2012).

    Parameters
    ----------
    surface, other : numpy.ndarray, shape (rows, columns)
        Maps of one shape without negative cells; pysaliency would subtract a negative minimum first.

    Returns
    -------
    float
        0 (disjoint) to 1 (alike).

    Examples
    --------
    >>> sim(np.array([[1.0, 1.0]]), np.array([[0.0, 7.0]]))
    0.5
    """
    return float(np.minimum(*(shares(each) for each in _shaped(surface, other))).sum())


def kl(
    surface: np.ndarray, reference: np.ndarray, *, eps: float, form: Literal["quotient", "floor"] = "quotient"
) -> float:
    """Kullback-Leibler (KL) divergence of a map from a reference: nats lost when the map replaces the reference.

    Meaningless without its eps: one sparse map scored 8.9, 13.7 and 21.4 by three programs. So eps has no default.

    Parameters
    ----------
    surface, reference : numpy.ndarray, shape (rows, columns)
        Maps of one shape without negative cells; q is the reference, p the map, both scaled to sum to 1.
    eps : float
        "quotient": 2.2204e-16 in the MIT code and `pysaliency.metrics.MIT_KLDiv`, 1e-12 in VAME. "floor": 1e-20 in
        `pysaliency.metrics.image_based_kl_divergence`. 0 is the definition, infinite where p is 0 and q is not.
    form : {"quotient", "floor"}
        Sum of q log(eps + q / (p + eps)), or eps added to every cell before scaling.

    Returns
    -------
    float
        Nats; 0 is alike.

    Examples
    --------
    >>> flat, peak = np.array([[1.0, 1.0]]), np.array([[0.0, 7.0]])
    >>> round(kl(flat, peak, eps=0), 4), round(kl(peak, flat, eps=1e-12), 1), round(kl(peak, flat, eps=2.2204e-16), 1)
    (0.6931, 13.1, 17.3)
    """
    if form not in ("quotient", "floor"):
        raise ValueError(f"kl needs form to be quotient or floor; got {form!r}")
    maps = _shaped(surface, reference)
    if form == "floor":
        p, q = (shares(each + eps) for each in maps)
        eps = 0.0
    else:
        p, q = (shares(each) for each in maps)
    held = q > 0
    with np.errstate(divide="ignore"):
        return float((q[held] * np.log(eps + q[held] / (p[held] + eps))).sum())


def iou(
    surface: np.ndarray, other: np.ndarray, *, threshold: float, of: Literal["maximum", "area"] = "maximum"
) -> float:
    """Intersection over union (IoU) of the cells where two maps are high.

    Parameters
    ----------
    surface, other : numpy.ndarray, shape (rows, columns)
        Maps of one shape.
    threshold : float
        What is high; 0 to 1.
    of : {"maximum", "area"}
        Cells of at least that share of the map's own maximum, or the highest cells that make up that share of the
        image (more where they tie).

    Returns
    -------
    float
        0 (disjoint) to 1; NaN where neither map has such a cell.

    Examples
    --------
    >>> surface = np.array([[0.0, 1.0, 4.0, 3.0]])
    >>> iou(surface, surface[:, ::-1], threshold=0.25), iou(surface, surface[:, ::-1], threshold=0.25, of="area")
    (0.5, 0.0)
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"iou needs a threshold above 0, at most 1; got {threshold}")
    one, two = (_high(each, threshold, of) for each in _pair(surface, other))
    union = (one | two).sum()
    return float((one & two).sum() / union) if union else float("nan")


def emd(
    surface: np.ndarray, other: np.ndarray, *, cells: tuple[int, int] = (12, 16), ground: Ground = "euclidean"
) -> float:
    """Earth mover's distance (EMD): the least work that turns one map into the other (Rubner et al. 2000).

    Exact on a coarser grid, by linear programming (HiGHS): the cost rises steeply with the cells, so their number is an
    argument. What both maps hold in a cell stays there.

    Parameters
    ----------
    surface, other : numpy.ndarray, shape (rows, columns)
        Maps of one shape without negative cells; both are scaled to sum to 1.
    cells : (int, int)
        Rows and columns to sum the maps into first; no more than they have.
    ground : {"euclidean", "city"}
        Distance between cells: straight, or along rows and columns.

    Returns
    -------
    float
        Mean distance that attention has to move, in cells of the map given (not of the coarser grid).

    References
    ----------
    Rubner, Y., Tomasi, C., & Guibas, L. J. (2000). The earth mover's distance as a metric for image retrieval.
    International Journal of Computer Vision, 40(2), 99-121.

    Examples
    --------
    >>> surface = np.zeros((3, 4))
    >>> surface[0, 0] = 1
    >>> round(emd(surface, surface[::-1, ::-1], cells=(3, 4)), 3), emd(surface, surface, cells=(3, 4))
    (3.606, 0.0)
    """
    one, two = _shaped(surface, other)
    shape = min(cells[0], one.shape[0]), min(cells[1], one.shape[1])
    # Mass that both hold in a cell needn't move (the ground distance keeps the triangle inequality), so that only the
    # rest enters the program, whose size is sources times sinks.
    more = (coarsen(shares(one), shape) - coarsen(shares(two), shape)).ravel()
    sources, sinks = np.flatnonzero(more > 0), np.flatnonzero(more < 0)
    if not len(sources) or not len(sinks):
        return 0.0
    row, column = np.divmod(np.arange(more.size), shape[1])
    down = np.abs(row[sources, None] - row[sinks]) * (one.shape[0] / shape[0])
    right = np.abs(column[sources, None] - column[sinks]) * (one.shape[1] / shape[1])
    apart = np.hypot(down, right) if ground == "euclidean" else down + right
    return _transport(more[sources], -more[sinks], apart)


MAP_MEASURES: Mapping[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "cc": cc,
    "sim": sim,
    "ncc": ncc,
    "kl_eps_2e-16": partial(kl, eps=2.2204e-16),
    "iou_half_maximum": partial(iou, threshold=0.5),
}
"""Measures that `compare_maps` takes by default; each name includes the choices made."""


def compare_maps(
    maps: Maps,
    *,
    pairs: pd.DataFrame | None = None,
    measures: Mapping[str, Callable[[np.ndarray, np.ndarray], float]] = MAP_MEASURES,
) -> pd.DataFrame:
    """Agreement of attention maps: readers with readers, readers with models, all pairs or those named.

    Parameters
    ----------
    maps : Maps
        Maps of one shape. Those of several sources are joined by `join_maps`.
    pairs : pandas.DataFrame, optional
        `first`, `second`: keys of maps, as `pair_readings` gives them. Measures that aren't symmetric (KL) take the
        second as the reference. Default: every pair once.
    measures : mapping of str to callable
        Column name and function of two maps; `functools.partial` fixes choices such as eps.

    Returns
    -------
    pandas.DataFrame
        One row a pair: `first`, `second` and one column a measure.

    Raises
    ------
    ValueError
        If a pair names a key without a map.

    See Also
    --------
    gazeanalytics.gaze.scanpaths.reader_similarity : scores within and between readers, corrected for chance.

    References
    ----------
    Judd, T., Durand, F., & Torralba, A. (2012). A benchmark of computational models of saliency to predict human
    fixations. MIT Technical Report MIT-CSAIL-TR-2012-001.

    Examples
    --------
    >>> maps = Maps(pd.Index(["a", "b"]), np.array([[[1.0, 3.0]], [[1.0, 1.0]]]), np.ones((2, 2)), np.ones((2, 2)))
    >>> compare_maps(maps, measures={"sim": sim}).to_numpy().tolist()
    [['a', 'b', 0.75]]
    """
    if pairs is None:
        first, second = np.triu_indices(len(maps), k=1)
    else:
        first, second = (maps.keys.get_indexer(pd.Index(pairs[side])) for side in ("first", "second"))
        if (first < 0).any() or (second < 0).any():
            place = int(((first < 0) | (second < 0)).argmax())
            raise ValueError(f"pairs name {pairs.iloc[place, :2].tolist()}, of which one has no map; leave it out")
    frame = pd.DataFrame({"first": maps.keys.take(first), "second": maps.keys.take(second)})
    for name, measure in measures.items():
        frame[name] = [measure(maps.surfaces[a], maps.surfaces[b]) for a, b in zip(first, second, strict=True)]
    return frame


def coarsen(surface: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Sum a map into fewer cells, cells across a border by their share on either side."""
    down, across = (_overlap(*sizes) for sizes in zip(surface.shape, shape, strict=True))
    return down.T @ surface @ across


def _overlap(fine: int, coarse: int) -> np.ndarray:
    """Share of each of the fine cells that lies in each of the coarse ones, shape (fine, coarse)."""
    edges = np.arange(coarse + 1) * (fine / coarse)
    cell = np.arange(fine)[:, None]
    return np.clip(np.minimum(cell + 1, edges[1:]) - np.maximum(cell, edges[:-1]), 0, None)


def _transport(supply: np.ndarray, demand: np.ndarray, apart: np.ndarray) -> float:
    """Least cost of carrying all supply to all demand."""
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, eye_array, kron, vstack

    count = len(supply), len(demand)
    leaving = kron(eye_array(count[0]), np.ones((1, count[1])))
    coming = kron(np.ones((1, count[0])), eye_array(count[1]))
    # One equation is redundant (all supply is all demand), so the last is dropped; rounding may leave the two sums a
    # last bit apart, which no plan could meet.
    expected = np.concatenate([supply, demand * (supply.sum() / demand.sum())])
    found = linprog(apart.ravel(), A_eq=csr_array(vstack([leaving, coming]))[:-1], b_eq=expected[:-1], method="highs")
    if not found.success:
        raise ArithmeticError(f"the earth mover's distance was not found: {found.message}; try fewer cells")
    return float(found.fun)


def _high(flat: np.ndarray, threshold: float, of: str) -> np.ndarray:
    if of == "maximum":
        return (flat >= threshold * flat.max()) & (flat > 0)
    if of == "area":
        count = max(round(threshold * len(flat)), 1)
        return flat >= np.partition(flat, -count)[-count]
    raise ValueError(f"iou needs of to be maximum or area; got {of!r}")


def _shaped(surface: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    one, two = np.asarray(surface, float), np.asarray(other, float)
    if one.shape != two.shape or one.ndim != 2:
        raise ValueError(f"two maps need one shape (rows, columns); got {one.shape} and {two.shape}; resample one")
    return one, two


def _pair(surface: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    one, two = _shaped(surface, other)
    return one.ravel(), two.ravel()
