"""Scanpath distances: dynamic time warping (DTW), Frechet, Hausdorff, EyeAnalysis, time-delay embedding."""

from __future__ import annotations

import pandas as pd

from gazeanalytics._kernels.gaze.scanpaths import Pairs, Path, embedding_pairs, path_distances_pairs
from gazeanalytics.gaze.scanpaths.pairs import find_pairs, notes, pack, score_pairs
from gazeanalytics.geometry import Viewing

__all__ = ["path_distances", "time_delay_embedding"]

MEASURES = ("dtw", "frechet", "hausdorff", "eyeanalysis")


def path_distances(
    fixations: pd.DataFrame,
    *,
    pairs: pd.DataFrame | None = None,
    viewing: Viewing | None = None,
    n_jobs: int | None = None,
) -> pd.DataFrame:
    """Dynamic time warping (DTW), Frechet, Hausdorff and EyeAnalysis distance of scanpaths.

    All are taken from the distances d(i, j) of their fixations:

    ============  =====================================================================================  ==========
    column        what                                                                                   order
    ============  =====================================================================================  ==========
    dtw           least sum of d over a monotone matching of both paths (Sakoe & Chiba 1978)             kept
    frechet       least leash: the greatest d of that matching, made least (Eiter & Mannila 1994)        kept
    hausdorff     greatest distance from a fixation to the nearest of the other path                     ignored
    eyeanalysis   sum over both paths of the distance to the nearest of the other, over the length of    ignored
                  the longer path (Mathot, Cristino, Gilchrist & Theeuwes 2012)
    ============  =====================================================================================  ==========

    Parameters
    ----------
    fixations : pandas.DataFrame
        The fixations table; durations are not used.
    pairs : pandas.DataFrame, optional
        `first`, `second`: readings to compare. Default: every pair once.
    viewing : Viewing, optional
        With it places are in degrees off the line of sight, and the columns end in `_deg` instead of `_px`.
    n_jobs : int, optional
        Default: as many as the process may use.

    Returns
    -------
    pandas.DataFrame
        One row a pair: `first`, `second`, `dtw_px`, `frechet_px`, `hausdorff_px`, `eyeanalysis_px` (0 is alike; all
        symmetric) and `note`, which says why they are NaN.

    See Also
    --------
    multimatch : five similarities of saccade vectors.
    pair_matrix : lays a column out as a matrix, for clustering.

    References
    ----------
    Sakoe, H., & Chiba, S. (1978). Dynamic programming algorithm optimization for spoken word recognition. IEEE
    Transactions on Acoustics, Speech, and Signal Processing, 26(1), 43-49.

    Examples
    --------
    The same three places in another order are alike but for the two measures that keep the order.

    >>> table = pd.DataFrame({"reading": [1, 1, 1, 2, 2, 2], "x": [0, 30, 60, 60, 30, 0], "y": 0})
    >>> path_distances(table).iloc[0, 2:6].tolist()
    [120.0, 60.0, 0.0, 0.0]
    """
    # All fixations of both paths count, whatever their duration: the sources define no weights.
    paths = pack(fixations, viewing=viewing)
    placed = paths.placed
    frame, first, second = find_pairs(paths.found, pairs)
    asked = Pairs(first, second, paths.offsets(placed), paths.longest)
    scores = score_pairs(path_distances_pairs, asked, Path(paths.x, paths.y), width=len(MEASURES), n_jobs=n_jobs)
    frame[[f"{name}_{paths.unit}" for name in MEASURES]] = scores
    frame["note"] = notes(first, second, ("missing place", ~placed))
    return frame


def time_delay_embedding(
    fixations: pd.DataFrame,
    *,
    scale_px: float,
    pairs: pd.DataFrame | None = None,
    n_jobs: int | None = None,
) -> pd.DataFrame:
    """Time-delay embedding distance of scanpaths, TDE (Wang et al. 2011; scaled as in Zanca et al. 2018).

    For each k up to the shorter path's length, every k successive fixations of the second path look for the nearest k
    successive fixations of the first; the mean distance is averaged over windows and over k. `stde` averages
    exp(-distance) over k instead. The second path is measured against the first: swapping them changes the answer.

    Parameters
    ----------
    fixations : pandas.DataFrame
        The fixations table; durations are not used.
    scale_px : float
        Divides all places, usually the longer side of the image (px), so that distances don't depend on its size.
    pairs : pandas.DataFrame, optional
        `first` (the reference), `second` (compared with it). Default: every pair once.
    n_jobs : int, optional
        Default: as many as the process may use.

    Returns
    -------
    pandas.DataFrame
        One row a pair: `first`, `second`, `tde` (0 is alike), `stde` (1 is alike), both without unit, and `note`.

    Notes
    -----
    The cost grows with the cube of the length (n * m * min(n, m)), not linearly as for the other distances per cell.

    Examples
    --------
    A part of a path is alike to the whole; the whole is not to the part.

    >>> table = pd.DataFrame({"reading": [1, 1, 1, 2, 2], "x": [0, 30, 60, 0, 30], "y": 0})
    >>> both_ways = pd.DataFrame({"first": [1, 2], "second": [2, 1]})
    >>> time_delay_embedding(table, scale_px=100, pairs=both_ways)["tde"].round(4).tolist()
    [0.0, 0.125]
    """
    if not scale_px > 0:
        raise ValueError(
            f"time_delay_embedding needs a positive scale_px, usually the image's longer side; got {scale_px}"
        )
    paths = pack(fixations)
    placed = paths.placed
    frame, first, second = find_pairs(paths.found, pairs)
    asked = Pairs(first, second, paths.offsets(placed), paths.longest)
    scaled = Path(paths.x / scale_px, paths.y / scale_px)
    for name, similarity in (("tde", False), ("stde", True)):
        frame[name] = score_pairs(embedding_pairs, asked, scaled, similarity, n_jobs=n_jobs)
    frame["note"] = notes(first, second, ("missing place", ~placed))
    return frame
