"""Where images stand on the screen: gaze given in another frame becomes image pixels, and pixels become degrees."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from gazeanalytics.geometry import Box, Screen, Viewing, fit_box
from gazeanalytics.io.maps import TableMap
from gazeanalytics.tables import InputError

__all__ = ["regions_to_image", "to_image", "viewing_of"]

_PAIRS = (("x", "y"), ("x0", "y0"), ("x1", "y1"))

Placement = Literal["fit", "native"] | tuple[float, float, float, float]


def viewing_of(images: pd.DataFrame, screen: Screen | None, placement: Placement) -> Viewing | None:
    """Viewing of each row of `images` (width, height, px_per_deg?), or None when the angle is not known.

    Examples
    --------
    >>> images = pd.DataFrame({"width": [1000.0], "height": [800.0]})
    >>> viewing_of(images, Screen(1000, 800, 300, 240, 600), "fit").px_per_deg.round(1)
    array([34.9])
    """
    width, height = images["width"].to_numpy(float), images["height"].to_numpy(float)
    if "px_per_deg" in images and images["px_per_deg"].notna().all():
        return Viewing.from_px_per_deg(images["px_per_deg"].to_numpy(float), width, height)
    if screen is None:
        return None
    at = _places(width, height, screen, placement)
    scale_x, scale_y = width / (at[:, 2] - at[:, 0]), height / (at[:, 3] - at[:, 1])
    return Viewing(
        centre_x_px=(screen.width_px / 2 - at[:, 0]) * scale_x,
        centre_y_px=(screen.height_px / 2 - at[:, 1]) * scale_y,
        distance_x_px=screen.distance_mm * screen.width_px / screen.width_mm * scale_x,
        distance_y_px=screen.distance_mm * screen.height_px / screen.height_mm * scale_y,
    )


def to_image(
    frame: pd.DataFrame, images: pd.DataFrame, table_map: TableMap, screen: Screen | None, placement: Placement
) -> pd.DataFrame:
    """Move places from the map's frame and origin to image pixels.

    Parameters
    ----------
    frame : pandas.DataFrame
        Holds x and y (gaze), or x0, y0, x1 and y1 (saccades, boxes of regions).
    images : pandas.DataFrame
        One row (width, height) a row of `frame`.
    table_map : TableMap
        States frame and origin.
    screen, placement : optional
        Where the image stands, for places on the screen.

    Examples
    --------
    >>> images = pd.DataFrame({"width": [1000.0], "height": [800.0]})
    >>> half = TableMap.model_validate({"file": "f.csv", "frame": "image-fraction", "columns": {"x": "x", "y": "y"}})
    >>> to_image(pd.DataFrame({"x": [0.5], "y": [0.25]}), images, half, None, "fit").values.tolist()
    [[500.0, 200.0]]
    """
    pairs = [pair for pair in _PAIRS if set(pair) <= set(frame)]
    if (table_map.frame == "image" and table_map.origin == "top-left") or not pairs:
        return frame
    if table_map.frame == "degrees":
        return _from_degrees(frame, pairs, images, 1.0 if table_map.origin == "centre" else -1.0, screen, placement)
    width, height = images["width"].to_numpy(float), images["height"].to_numpy(float)
    on_screen = table_map.frame.startswith("screen")
    if on_screen and screen is None:
        raise InputError(f"study.toml: frame = {table_map.frame!r} needs the [screen]; give its size and the distance")
    full_x, full_y = (screen.width_px, screen.height_px) if on_screen and screen else (width, height)
    unit_x, unit_y = (1.0, 1.0) if table_map.frame.endswith("fraction") else (full_x, full_y)
    at = _places(width, height, screen, placement) if on_screen and screen else None
    moved = {}
    for name_x, name_y in pairs:
        x, y = frame[name_x].to_numpy(float), frame[name_y].to_numpy(float)
        x, y = _from_top_left(x, y, unit_x, unit_y, table_map.origin)
        x, y = x * (full_x / unit_x), y * (full_y / unit_y)
        if at is not None:
            x = (x - at[:, 0]) * (width / (at[:, 2] - at[:, 0]))
            y = (y - at[:, 1]) * (height / (at[:, 3] - at[:, 1]))
        moved |= {name_x: x, name_y: y}
    return frame.assign(**moved)


def _from_degrees(
    frame: pd.DataFrame,
    pairs: list[tuple[str, str]],
    images: pd.DataFrame,
    down: float,
    screen: Screen | None,
    placement: Placement,
) -> pd.DataFrame:
    """Angles from the centre of the screen, or of the image where px_per_deg is all that is known, as image pixels."""
    known = images if screen is None else images.drop(columns="px_per_deg", errors="ignore")
    viewing = viewing_of(known, screen, placement)
    if viewing is None:
        raise InputError(
            "study.toml: frame = 'degrees' needs the [screen] with its distance, or px_per_deg of the cases; give one"
        )
    moved = {}
    for name_x, name_y in pairs:
        x, y = np.radians(frame[name_x].to_numpy(float)), np.radians(frame[name_y].to_numpy(float))
        moved[name_x] = viewing.centre_x_px + np.tan(x) * viewing.distance_x_px
        moved[name_y] = viewing.centre_y_px + down * np.tan(y) * viewing.distance_y_px
    return frame.assign(**moved)


def regions_to_image(
    regions: pd.DataFrame, images: pd.DataFrame, table_map: TableMap, screen: Screen | None, placement: Placement
) -> pd.DataFrame:
    """Move the boxes of regions to image pixels; y0 stays the upper edge where y grows upwards in the file.

    Raises
    ------
    InputError
        If a polygon's corners would have to move: their text is taken as it is.
    """
    moved = to_image(regions, images, table_map, screen, placement)
    if moved is not regions and "outline" in regions and regions["outline"].notna().any():
        raise InputError(
            f"study.toml, tables.regions: frame = {table_map.frame!r} with origin = {table_map.origin!r} is not "
            "applied to the corners in column 'outline'; give them in image pixels from the top left"
        )
    if moved is not regions and {"y0", "y1"} <= set(moved):
        moved = moved.assign(y0=moved[["y0", "y1"]].min(axis=1), y1=moved[["y0", "y1"]].max(axis=1))
    return moved


def _from_top_left(
    x: np.ndarray, y: np.ndarray, width: float | np.ndarray, height: float | np.ndarray, origin: str
) -> tuple[np.ndarray, np.ndarray]:
    if origin == "bottom-left":
        return x, height - y
    if origin == "centre":
        return x + width / 2, y + height / 2
    if origin == "centre-up":
        return x + width / 2, height / 2 - y
    return x, y


def _places(width: np.ndarray, height: np.ndarray, screen: Screen, placement: Placement) -> np.ndarray:
    """Screen box of each image, shape (images, 4); images come in few sizes, so each size is placed once."""
    sizes, which = np.unique(np.column_stack([width, height]), axis=0, return_inverse=True)
    boxes = [_place(float(w), float(h), screen, placement) for w, h in sizes]
    table = np.array([[box.x0, box.y0, box.x1, box.y1] for box in boxes]).reshape(-1, 4)
    return table[which.reshape(-1)]


def _place(width: float, height: float, screen: Screen, placement: Placement) -> Box:
    if placement == "fit":
        return fit_box(width, height, screen.box)
    if placement == "native":
        x0, y0 = (screen.width_px - width) / 2, (screen.height_px - height) / 2
        return Box(x0, y0, x0 + width, y0 + height)
    x0, y0, x1, y1 = placement
    return Box(x0, y0, x1, y1)
