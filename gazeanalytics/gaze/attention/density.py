"""Attention maps (fixation density, heat maps): where the time of a reading, or of a case's readings, went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from gazeanalytics import ragged
from gazeanalytics._kernels.gaze.attention import Points, density_readings
from gazeanalytics.brief import Brief
from gazeanalytics.geometry import Viewing

__all__ = ["Maps", "Smoothing", "density"]

EDGES = ("lose", "reflect", "renormalise")
SHOWN = ("shown_x0", "shown_y0", "shown_x1", "shown_y1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Smoothing:
    """Smoothing of an attention map: bandwidth, edge and weight of the points.

    Attributes
    ----------
    sigma_deg : float
        Standard deviation of the normal distribution laid over each point (deg); about 1, the size of the fovea and
        the error of a tracker (Le Meur & Baccino 2013).
    edge : {"reflect", "lose", "renormalise"}
        What becomes of mass beyond the edge of what was shown: mirrored back as in
        `scipy.ndimage.gaussian_filter(mode="reflect")`, lost as in its `mode="constant"`, or made up for by scaling
        the point's own mass. All but "lose" keep the sum.
    weight : {"duration", "count"}
        A fixation weighs its duration (ms), or 1. Points without time need "count".

    References
    ----------
    Le Meur, O., & Baccino, T. (2013). Methods for comparing scanpaths and saliency maps: Strengths and weaknesses.
    Behavior Research Methods, 45, 251-266.

    Examples
    --------
    >>> Smoothing(sigma_deg=0.5, weight="count").edge
    'reflect'
    """

    sigma_deg: float = 1.0
    edge: Literal["reflect", "lose", "renormalise"] = "reflect"
    weight: Literal["duration", "count"] = "duration"

    def __post_init__(self) -> None:
        if not self.sigma_deg > 0:
            raise ValueError(f"smoothing needs a positive sigma_deg; got {self.sigma_deg}")
        if self.edge not in EDGES:
            raise ValueError(f"smoothing needs edge to be one of {', '.join(EDGES)}; got {self.edge!r}")
        if self.weight not in ("duration", "count"):
            raise ValueError(f"smoothing needs weight to be duration or count; got {self.weight!r}")


@dataclass(frozen=True, slots=True)
class Maps(Brief):
    """Attention maps of one shape, whatever their origin: gaze, cursor or a model.

    Attributes
    ----------
    keys : pandas.Index, shape (maps,)
        What each map belongs to: a reading, case, reader or model.
    surfaces : numpy.ndarray of float64, shape (maps, rows, columns)
        Attention in each cell of the image's grid: ms, or points, or a model's own unit.
    size_px : numpy.ndarray, shape (maps, 2)
        Width and height of the image (px).
    sigma_px : numpy.ndarray, shape (maps, 2)
        Bandwidth across and down (image px); NaN where it is not known.

    Examples
    --------
    >>> maps = Maps(pd.Index(["u"]), np.array([[[0.0, 3.0], [1.0, 0.0]]]), np.array([[40, 20]]), np.ones((1, 2)))
    >>> len(maps), maps["u"].sum()
    (1, np.float64(4.0))
    >>> [place.tolist() for place in maps.cells(np.array([30.0]), np.array([5.0]), 0)]
    [[1.5], [0.5]]
    """

    keys: pd.Index
    surfaces: np.ndarray
    size_px: np.ndarray
    sigma_px: np.ndarray

    def __post_init__(self) -> None:
        if self.surfaces.ndim != 3 or len(self.surfaces) != len(self.keys):
            raise ValueError(
                f"maps need surfaces of shape (maps, rows, columns), one map a key; got {self.surfaces.shape} "
                f"for {len(self.keys)} keys"
            )

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, key: object) -> np.ndarray:
        """Return the map of one key, shape (rows, columns)."""
        return self.surfaces[self.keys.get_indexer(pd.Index([key]))[0]] if key in self.keys else self._stranger(key)

    def cells(self, x: np.ndarray, y: np.ndarray, rows: np.ndarray | int) -> tuple[np.ndarray, np.ndarray]:
        """Place in cells (across, down) of image points (px) on the maps of those row numbers."""
        down, across = self.surfaces.shape[1:]
        width, height = self.size_px[rows].T
        return np.asarray(x) * (across / width), np.asarray(y) * (down / height)

    def _stranger(self, key: object) -> np.ndarray:
        raise KeyError(f"no map of {key!r}; the first keys are {list(self.keys[:5])}")


def density(
    fixations: pd.DataFrame,
    images: pd.DataFrame,
    *,
    viewing: Viewing,
    by: str = "reading",
    smoothing: Smoothing | None = None,
    cells: tuple[int, int] | None = None,
    n_jobs: int | None = None,
) -> Maps:
    """Attention map: fixation density, a normal distribution over each fixation, summed exactly per cell.

    Parameters
    ----------
    fixations : pandas.DataFrame
        The fixations table. Fixations without a place, or outside what was shown, do not count.
    images : pandas.DataFrame
        One row a reading: `reading`, `width`, `height` (px), the column named by `by`, and, where only part of the
        image was on screen, that part: `shown_x0`, `shown_y0`, `shown_x1`, `shown_y1` (image px).
    viewing : Viewing
        Turns degrees into pixels at the line of sight; scalar, or one row per row of `images`.
    by : str
        Column of `images`: fixations of equal value share a map. "reading" or "case", for example.
    smoothing : Smoothing, optional
        Bandwidth, edge and weight. Default: 1 deg, reflected, by duration.
    cells : (int, int), optional
        Rows and columns of the grid over the image. Default: one cell a pixel; then all images have one size.
    n_jobs : int, optional
        Default: as many as the process may use.

    Returns
    -------
    Maps
        In ms (or points), summing to the time of the fixations that count.

    Raises
    ------
    ValueError
        If a column is absent, a reading has no image, durations are missing where they weigh, or images differ in
        size and `cells` is not given.

    Notes
    -----
    Each cell gets the mass of the normal distributions that falls in it, not their density at its centre. The cost is
    points x cells within 8.5 sigma; beyond, a cell's share is below the last bit. Memory is 8 bytes a cell and map.

    See Also
    --------
    compare_maps : agreement of maps.
    auc_judd, nss : agreement of a map with fixations.

    Examples
    --------
    Two fixations, 300 ms on the left and 100 ms on the right, on a grid of 2 x 4 cells:

    >>> fixations = pd.DataFrame({"reading": 1, "x": [100.0, 700.0], "y": [300.0, 300.0], "duration": [300.0, 100.0]})
    >>> images = pd.DataFrame({"reading": [1], "width": [800], "height": [600]})
    >>> viewing = Viewing.from_px_per_deg(40, 800, 600)
    >>> density(fixations, images, viewing=viewing, cells=(2, 4)).surfaces.round(1)
    array([[[149.1,   0.9,   0.3,  49.7],
            [149.1,   0.9,   0.3,  49.7]]])
    """
    smoothing = smoothing or Smoothing()
    _want(images, ["reading", "width", "height", by], "a density's images")
    _want(fixations, ["reading", "x", "y", *(["duration"] if smoothing.weight == "duration" else [])], "a density")
    shape = cells or _pixel_grid(images)
    found, order, image = _groups(fixations, images, by)
    size_px = images[["width", "height"]].to_numpy(float)[image]
    # One bandwidth for the whole image, that at the line of sight, as all code that papers compare with. Exact angles
    # would widen it towards the edges.
    sigma_px = smoothing.sigma_deg * np.tan(np.deg2rad(1.0)) * viewing.rows(len(images))[image, 2:]
    scale = np.array([shape[1], shape[0]]) / size_px
    x, y = (fixations[name].to_numpy(float)[order] * scale[found.rows(), axis] for axis, name in enumerate("xy"))
    out = [sigma_px * scale, shown_boxes(images)[image] * np.tile(scale, 2), np.empty((len(found), *shape))]
    points = Points(x, y, _weights(fixations, smoothing)[order])
    ragged.each(density_readings, found, points, EDGES.index(smoothing.edge), out=out, n_jobs=n_jobs)
    return Maps(found.keys, out[-1], size_px, sigma_px)


def _want(frame: pd.DataFrame, names: list[str], who: str) -> None:
    absent = [name for name in names if name not in frame]
    if absent:
        raise ValueError(f"{who} need the columns {', '.join(dict.fromkeys(names))}; {', '.join(absent)} is absent")


def _pixel_grid(images: pd.DataFrame) -> tuple[int, int]:
    sizes = images[["height", "width"]].drop_duplicates().to_numpy()
    if len(sizes) > 1:
        raise ValueError(
            f"maps of one cell a pixel need images of one size; got {len(sizes)} sizes; give cells=(rows, columns)"
        )
    return int(sizes[0, 0]), int(sizes[0, 1])


def _groups(fixations: pd.DataFrame, images: pd.DataFrame, by: str) -> tuple[ragged.Segments, np.ndarray, np.ndarray]:
    """Slices of the groups in row order, the order of rows that puts groups together, and each group's image row."""
    readings = ragged.segments(fixations["reading"])
    row = pd.Index(images["reading"]).get_indexer(readings.keys)
    if (row < 0).any():
        stranger = readings.keys.tolist()[int((row < 0).argmax())]
        raise ValueError(f"reading {stranger!r} has fixations but no row among the images; add its width and height")
    group = pd.factorize(images[by].iloc[row])[0]
    order = np.argsort(group[readings.rows()], kind="stable")
    found = ragged.segments(pd.Series(group[readings.rows()][order]))
    image = row[np.unique(group, return_index=True)[1]]
    return ragged.Segments(pd.Index(images[by].iloc[image], name=by), found.starts, found.stops), order, image


def shown_boxes(images: pd.DataFrame) -> np.ndarray:
    """Part of each image that was on screen (px): left, top, right, bottom, within the image."""
    width, height = images["width"].to_numpy(float), images["height"].to_numpy(float)
    if not set(SHOWN) & set(images.columns):
        return np.column_stack([np.zeros_like(width), np.zeros_like(height), width, height])
    _want(images, list(SHOWN), "images shown in part")
    box = images[list(SHOWN)].to_numpy(float)
    limits = np.column_stack([width, height, width, height])
    return np.clip(box, 0, limits)


def _weights(fixations: pd.DataFrame, smoothing: Smoothing) -> np.ndarray:
    if smoothing.weight == "count":
        return np.ones(len(fixations))
    weight = fixations["duration"].to_numpy(float)
    missing = int(np.isnan(weight).sum())
    if missing:
        raise ValueError(
            f"a density by duration needs every duration in ms; {missing} are NaN; use Smoothing(weight='count')"
        )
    return weight
