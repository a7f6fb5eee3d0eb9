"""Baselines of attention maps: the centre bias, and readers' attention to other cases."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd

from gazeanalytics.gaze.attention.density import Maps, Smoothing, density
from gazeanalytics.geometry import Viewing

__all__ = ["centre_bias", "join_maps", "other_cases", "to_chest"]

CHEST = ("chest_x0", "chest_y0", "chest_x1", "chest_y1")


def centre_bias(rows: int, columns: int, *, spread: float = 0.22) -> np.ndarray:
    """Centre bias: a map that only knows where the middle is, a normal distribution that sums to 1.

    Parameters
    ----------
    rows, columns : int
        Shape of the map.
    spread : float
        Standard deviation, as a share of the height and of the width.

    Returns
    -------
    numpy.ndarray, shape (rows, columns)

    See Also
    --------
    other_cases : the baseline that knows the anatomy, too.

    Examples
    --------
    >>> centre_bias(1, 3).round(3)
    array([[0.194, 0.612, 0.194]])
    """
    profiles = [np.exp(-(((np.arange(count) + 0.5) / count - 0.5) ** 2) / (2 * spread**2)) for count in (rows, columns)]
    surface = np.outer(*profiles)
    return surface / surface.sum()


def join_maps(*parts: Maps) -> Maps:
    """Join attention maps of several sources, readers' and models', whose keys all differ.

    Examples
    --------
    >>> maps = Maps(pd.Index(["a"]), np.ones((1, 2, 2)), np.ones((1, 2)), np.ones((1, 2)))
    >>> list(join_maps(maps, Maps(pd.Index(["b"]), np.zeros((1, 2, 2)), np.ones((1, 2)), np.ones((1, 2)))).keys)
    ['a', 'b']
    """
    shapes = {part.surfaces.shape[1:] for part in parts}
    if len(shapes) > 1:
        raise ValueError(f"maps to join need one shape; got {sorted(shapes)}; build them with the same cells")
    keys = parts[0].keys.append([part.keys for part in parts[1:]])
    if not keys.is_unique:
        raise ValueError(f"maps to join need keys that differ; {keys[keys.duplicated()][0]!r} occurs twice; rename it")
    names = ("surfaces", "size_px", "sigma_px")
    return Maps(keys, *(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def to_chest(fixations: pd.DataFrame, images: pd.DataFrame) -> pd.DataFrame:
    """Places of fixations relative to the chest: (0, 0) is the left top of its box, (1, 1) the right bottom.

    Parameters
    ----------
    fixations : pandas.DataFrame
        `reading`, `x`, `y` (image px).
    images : pandas.DataFrame
        One row a reading: `reading` and the chest's box `chest_x0`, `chest_y0`, `chest_x1`, `chest_y1` (image px);
        without these columns the box is the image (`width`, `height`).

    Returns
    -------
    pandas.DataFrame
        A copy with new `x`, `y`.

    Examples
    --------
    >>> fixations = pd.DataFrame({"reading": [1], "x": [60.0], "y": [50.0]})
    >>> images = pd.DataFrame({"reading": [1], "chest_x0": [20], "chest_y0": [10], "chest_x1": [100], "chest_y1": [90]})
    >>> to_chest(fixations, images)[["x", "y"]].to_numpy().tolist()
    [[0.5, 0.5]]
    """
    box = chest_boxes(images)
    row = pd.Index(images["reading"]).get_indexer(pd.Index(fixations["reading"]))
    if (row < 0).any():
        stranger = fixations["reading"].tolist()[int((row < 0).argmax())]
        raise ValueError(f"reading {stranger!r} has fixations but no row among the images; add its chest box")
    x = (fixations["x"].to_numpy(float) - box[row, 0]) / (box[row, 2] - box[row, 0])
    y = (fixations["y"].to_numpy(float) - box[row, 1]) / (box[row, 3] - box[row, 1])
    return fixations.assign(x=x, y=y)


def other_cases(
    fixations: pd.DataFrame,
    images: pd.DataFrame,
    *,
    viewing: Viewing,
    smoothing: Smoothing | None = None,
    cells: tuple[int, int],
    n_jobs: int | None = None,
) -> Maps:
    """Attention to all other cases as a baseline map of each case, registered by the box of the chest.

    The map that any measure must beat: readers look at hearts and lungs whatever the image shows.

    Parameters
    ----------
    fixations : pandas.DataFrame
        The fixations table.
    images : pandas.DataFrame
        One row a reading: `reading`, `case`, `width`, `height` (px) and, to register, the chest's box `chest_x0`,
        `chest_y0`, `chest_x1`, `chest_y1` (image px); without these columns the whole images are laid upon each other.
    viewing : Viewing
        Of the first image; the bandwidth is that share of its chest in every case.
    smoothing : Smoothing, optional
        Bandwidth, edge and weight.
    cells : (int, int)
        Rows and columns of the maps.
    n_jobs : int, optional
        Default: as many as the process may use.

    Returns
    -------
    Maps
        One map a case, on its own image's grid.

    Raises
    ------
    ValueError
        If a chest's box is empty, or what `density` refuses.

    See Also
    --------
    auc_shuffled : the same idea for points.

    Examples
    --------
    Two cases of which one lies further right: registered, the other's fixation falls on the same place of the chest.

    >>> fixations = pd.DataFrame({"reading": [1, 2], "x": [25.0, 75.0], "y": [50.0, 50.0], "duration": 100.0})
    >>> images = pd.DataFrame({"reading": [1, 2], "case": ["u", "v"], "width": 100, "height": 100})
    >>> images[["chest_x0", "chest_y0", "chest_x1", "chest_y1"]] = [[0, 0, 50, 100], [50, 0, 100, 100]]
    >>> maps = other_cases(fixations, images, viewing=Viewing.from_px_per_deg(10, 100, 100), cells=(1, 10))
    >>> maps.surfaces.argmax(axis=2).ravel().tolist()
    [2, 7]
    """
    smoothing = smoothing or Smoothing()
    cases = images.drop_duplicates("case")
    box, size = chest_boxes(cases), cases[["width", "height"]].to_numpy(float)
    chest = box[:, 2:] - box[:, :2]
    low, high = (-box[:, :2] / chest).min(axis=0), ((size - box[:, :2]) / chest).max(axis=0)
    # The frame holds every image, in units of its chest, then in pixels of the first one.
    relative = to_chest(fixations, images)
    placed = relative.assign(x=(relative["x"] - low[0]) * chest[0, 0], y=(relative["y"] - low[1]) * chest[0, 1])
    width, height = (high - low) * chest[0]
    frame = images[["reading", "case"]].assign(width=width, height=height)
    grid = math.ceil(cells[0] * height / size[0, 1]), math.ceil(cells[1] * width / size[0, 0])
    scalar = replace(viewing, **{name: float(np.ravel(getattr(viewing, name))[0]) for name in viewing.__slots__})
    own = density(placed, frame, viewing=scalar, by="case", smoothing=smoothing, cells=grid, n_jobs=n_jobs)
    # The total less a case's own map is the sum over the others: one density a case instead of one a pair of cases.
    total = own.surfaces.sum(axis=0)
    row = pd.Index(cases["case"]).get_indexer(own.keys)
    surfaces = np.stack(
        [
            _onto(np.clip(total - surface, 0, None), box[k], size[k], (low, high), cells)
            for surface, k in zip(own.surfaces, row, strict=True)
        ]
    )
    sigma = own.sigma_px[0] / chest[0] * chest[row]
    return Maps(own.keys, surfaces, size[row], sigma)


def chest_boxes(images: pd.DataFrame) -> np.ndarray:
    """Box of the chest (px) of every row, or of the image where there is none. Shape (rows, 4)."""
    if set(CHEST) <= set(images.columns):
        box = images[list(CHEST)].to_numpy(float)
        if not ((box[:, 2] > box[:, 0]) & (box[:, 3] > box[:, 1])).all():
            raise ValueError("a chest's box needs chest_x1 above chest_x0 and chest_y1 above chest_y0 in every row")
        return box
    size = images[["width", "height"]].to_numpy(float)
    return np.column_stack([np.zeros_like(size), size])


def _onto(
    surface: np.ndarray, box: np.ndarray, size: np.ndarray, frame: tuple[np.ndarray, np.ndarray], cells: tuple[int, int]
) -> np.ndarray:
    """Read a map of the common frame at the cells of one image, between cells in proportion."""
    from scipy.ndimage import map_coordinates

    low, high = frame
    places = []
    for axis, count, held in ((1, cells[0], surface.shape[0]), (0, cells[1], surface.shape[1])):
        centre = (np.arange(count) + 0.5) / count * size[axis]
        chest = (centre - box[axis]) / (box[axis + 2] - box[axis])
        places.append((chest - low[axis]) / (high[axis] - low[axis]) * held - 0.5)
    return map_coordinates(surface, np.meshgrid(*places, indexing="ij"), order=1, mode="nearest")
