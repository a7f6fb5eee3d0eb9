"""A model's attention or saliency maps, resampled to the grid of readers' attention maps."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from gazeanalytics.gaze.attention.density import Maps, shown_boxes
from gazeanalytics.gaze.attention.overlap import coarsen

__all__ = ["model_maps"]


def model_maps(
    surfaces: Mapping[object, np.ndarray], images: pd.DataFrame, *, cells: tuple[int, int], by: str = "case"
) -> Maps:
    """Attention maps of a model (class activations, saliency), resampled by mass and clipped to what was shown.

    Parameters
    ----------
    surfaces : mapping of key to numpy.ndarray, shape (rows, columns)
        A map of each image, 0 or above, stretched over the whole image: class activations, attention, saliency.
    images : pandas.DataFrame
        The column named by `by`, `width`, `height` (px) and, where only part of the image was on screen, that part:
        `shown_x0`, `shown_y0`, `shown_x1`, `shown_y1` (image px). A key may occur several times; the first counts.
    cells : (int, int)
        Rows and columns of the grid over the image, those of the readers' maps.
    by : str
        Column of `images` that the keys are of.

    Returns
    -------
    Maps
        In the order of `surfaces`. Beyond what was shown a map is 0; a cell that was shown in part keeps that part.
        The model's bandwidth is not known, so that `sigma_px` is NaN.

    Raises
    ------
    ValueError
        If a key has no image, or a map isn't of numbers of 0 or above in rows and columns.

    Examples
    --------
    A map of 2 x 2 on a grid of 1 x 4, of which the right half was not on screen:

    >>> images = pd.DataFrame({"case": ["a"], "width": [400], "height": [200]})
    >>> model_maps({"a": np.array([[1.0, 0.0], [1.0, 2.0]])}, images, cells=(1, 4)).surfaces.tolist()
    [[[1.0, 1.0, 1.0, 1.0]]]
    >>> shown = images.assign(shown_x0=0, shown_y0=0, shown_x1=200, shown_y1=200)
    >>> model_maps({"a": np.array([[1.0, 0.0], [1.0, 2.0]])}, shown, cells=(1, 4)).surfaces.tolist()
    [[[1.0, 1.0, 0.0, 0.0]]]
    """
    own = images.drop_duplicates(by)
    row = pd.Index(own[by]).get_indexer(pd.Index(list(surfaces)))
    if (row < 0).any():
        raise ValueError(f"there is a map of {list(surfaces)[int((row < 0).argmax())]!r}, but no image of that {by}")
    own = own.iloc[row]
    size, shown = own[["width", "height"]].to_numpy(float), shown_boxes(own)
    made = np.empty((len(own), *cells))
    for k, (key, surface) in enumerate(surfaces.items()):
        _check(key, surface)
        # By mass, not by interpolation: the sum stays, also where the model's grid is the finer one.
        made[k] = coarsen(np.asarray(surface, float), cells)
        across, down = (_part(shown[k, axis::2] / size[k, axis], cells[1 - axis]) for axis in (0, 1))
        made[k] *= down[:, None] * across
    return Maps(pd.Index(list(surfaces), name=by), made, size, np.full((len(own), 2), np.nan))


def _part(ends: np.ndarray, count: int) -> np.ndarray:
    """Share of each of `count` cells on an axis that lies between two places, given as shares of it."""
    edges = np.arange(count + 1) / count
    return np.clip(np.minimum(edges[1:], ends[1]) - np.maximum(edges[:-1], ends[0]), 0, None) * count


def _check(key: object, surface: np.ndarray) -> None:
    if surface.ndim != 2 or not surface.size:
        raise ValueError(f"the map of {key!r} needs rows and columns; got shape {surface.shape}; take one channel")
    lowest = surface.min()
    if not lowest >= 0:
        raise ValueError(f"the map of {key!r} needs numbers of 0 or above; the lowest is {lowest}; shift it first")
