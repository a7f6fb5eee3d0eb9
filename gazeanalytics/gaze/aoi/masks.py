"""Areas of interest (AOIs) from segmentation masks, and images registered to one frame by the chest they show."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from gazeanalytics.gaze._images import check_images, match, owners
from gazeanalytics.geometry import Box

__all__ = ["align", "locate_on_masks"]


def locate_on_masks(
    fixations: pd.DataFrame,
    masks: Mapping[object, np.ndarray],
    images: pd.DataFrame,
    *,
    names: Mapping[int, str] | None = None,
) -> pd.DataFrame:
    """Assign fixations to areas of interest (AOIs) given as a segmentation mask.

    Parameters
    ----------
    fixations : pandas.DataFrame
        A fixations table.
    masks : mapping of case to numpy.ndarray, shape (rows, columns)
        Whole numbers, 0 for no region. A mask of another size than the image is stretched over it.
    images : pandas.DataFrame
        One row a reading: reading, case, width, height.
    names : mapping of int to str, optional
        Name of each label; labels without a name are left out. Without it the labels themselves are the regions.

    Returns
    -------
    pandas.DataFrame
        row (position in `fixations`), reading and region, as `locate` gives; `join_hits` makes visits of it.

    Raises
    ------
    ValueError
        If a mask isn't a table of whole numbers.

    See Also
    --------
    locate : the same for boxes, ellipses and polygons.
    join_hits : visits (dwells) from these hits.

    Examples
    --------
    >>> mask = np.array([[1, 1, 0, 2]])
    >>> images = pd.DataFrame({"reading": [1], "case": ["a"], "width": [400], "height": [300]})
    >>> fixations = pd.DataFrame({"reading": 1, "onset": [0, 300, 600], "x": [150, 250, 390], "y": [10, 150, 299]})
    >>> locate_on_masks(fixations, {"a": mask}, images, names={1: "right lung", 2: "left lung"})
       row  reading      region
    0    0        1  right lung
    1    2        1   left lung
    """
    owner = owners(match(fixations, check_images(images), "fixations"))
    places = fixations[["x", "y"]].to_numpy(float)
    sizes = images[["width", "height"]].to_numpy(float)[owner]
    cases = images["case"].to_numpy(object)
    labels = np.zeros(len(fixations), np.int64)
    inside = ((places >= 0) & (places <= sizes)).all(axis=1)
    for case, mask in masks.items():
        _check_mask(case, mask)
        rows = np.flatnonzero(inside & (cases == case)[owner])
        # Masks are often smaller than the image: the cell is found by shares of the image, not by pixels.
        steps = np.floor(places[rows] / sizes[rows] * mask.shape[::-1]).astype(np.int64)
        column, row = np.minimum(steps, np.array(mask.shape[::-1]) - 1).T
        labels[rows] = mask[row, column]
    region = pd.Series(labels).map(dict(names)) if names is not None else pd.Series(labels).where(labels != 0)
    hit = np.flatnonzero(region.notna())
    kind = region[hit].astype("category") if names is not None else region[hit].astype(np.int64).astype("category")
    return pd.DataFrame({"row": hit, "reading": fixations["reading"].take(hit).array, "region": kind.array})


def _check_mask(case: object, mask: np.ndarray) -> None:
    if mask.ndim != 2 or not np.issubdtype(mask.dtype, np.integer):
        raise ValueError(
            f"the mask of case {case!r} needs whole numbers in rows and columns; got {mask.dtype}, shape {mask.shape}"
        )


def align(
    fixations: pd.DataFrame, images: pd.DataFrame, chests: pd.DataFrame, *, to: Box | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Register fixations of all images to one frame, in which every chest fills the same box.

    Maps, grids and sequences of different images can then be compared place by place.

    Parameters
    ----------
    fixations : pandas.DataFrame
        A fixations table, image px.
    images : pandas.DataFrame
        One row a reading: reading, case, width, height.
    chests : pandas.DataFrame
        One row a case: case, x0, y0, x1, y1 of the chest's box (image px).
    to : Box, optional
        Where the chest comes to lie; default `Box(0, 0, 1000, 1000)`.

    Returns
    -------
    (pandas.DataFrame, pandas.DataFrame)
        Fixations and images in the common frame: places in its pixels, and each image as large as the frame, which
        reaches as far beyond the chest's right and bottom as `to` lies from its left and top. Fixations outside the
        chest keep their place outside. Places of a case without a chest are NaN.

    Raises
    ------
    ValueError
        If a case has two chests or an empty one.

    See Also
    --------
    gazeanalytics.gaze.attention.other_cases : attention maps registered in the same way.

    Examples
    --------
    >>> images = pd.DataFrame({"reading": [1], "case": ["a"], "width": [2000], "height": [2000]})
    >>> chests = pd.DataFrame({"case": ["a"], "x0": [200], "y0": [100], "x1": [1800], "y1": [1900]})
    >>> fixations = pd.DataFrame({"reading": 1, "onset": [0, 300], "x": [200, 1000], "y": [100, 1000]})
    >>> moved, frame = align(fixations, images, chests)
    >>> moved[["x", "y"]].to_numpy().tolist(), frame[["width", "height"]].to_numpy().tolist()
    ([[0.0, 0.0], [500.0, 500.0]], [[1000.0, 1000.0]])
    """
    # Boxes only: an affine or elastic registration needs the images themselves, and errs where lungs are diseased.
    target = to or Box(0, 0, 1000, 1000)
    if chests["case"].duplicated().any():
        raise ValueError(
            f"chests: expected one row a case; {chests['case'][chests['case'].duplicated()].iloc[0]!r} has two"
        )
    if not ((chests["x1"] > chests["x0"]) & (chests["y1"] > chests["y0"])).all():
        raise ValueError("chests: expected x1 > x0 and y1 > y0 (image px) in every row")
    owner = owners(match(fixations, check_images(images), "fixations"))
    place = pd.Index(np.asarray(chests["case"])).get_indexer(pd.Index(np.asarray(images["case"])))[owner]
    box = np.vstack([chests[["x0", "y0", "x1", "y1"]].to_numpy(float), np.full(4, np.nan)])[place]
    moved = fixations.assign(
        x=target.x0 + (fixations["x"].to_numpy(float) - box[:, 0]) / (box[:, 2] - box[:, 0]) * target.width,
        y=target.y0 + (fixations["y"].to_numpy(float) - box[:, 1]) / (box[:, 3] - box[:, 1]) * target.height,
    )
    return moved, images.assign(width=float(target.x1 + target.x0), height=float(target.y1 + target.y0))
