"""Places that gaze kernels share: the line of sight of a reading, the frame of its image, visual angles, grid cells."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import kernel

__all__ = ["Box", "View", "angle_between", "box_at", "cell_of", "view_at"]


class View(NamedTuple):
    """Line of sight of one reading: the image point straight ahead of the eye, and the eye's distance (image px)."""

    centre_x: float
    centre_y: float
    distance_x: float
    distance_y: float


class Box(NamedTuple):
    """A rectangle: left, top, right, bottom, in the unit of the points that are compared with it."""

    left: float
    top: float
    right: float
    bottom: float


@kernel
def view_at(views, k):
    """Return row k of an array of views, shape (readings, 4)."""
    return View(views[k, 0], views[k, 1], views[k, 2], views[k, 3])


@kernel
def box_at(boxes, k):
    """Return row k of an array of boxes, shape (boxes, 4)."""
    return Box(boxes[k, 0], boxes[k, 1], boxes[k, 2], boxes[k, 3])


@kernel
def angle_between(x0, y0, x1, y1, view):
    """Return the angle (deg) at the eye between two image points."""
    # With the rays u and v from the eye it is atan2(|u x v|, u . v). The arc cosine of the normalised product would
    # lose half of the digits for the small angles between fixations.
    a = (x0 - view.centre_x) / view.distance_x
    b = (y0 - view.centre_y) / view.distance_y
    c = (x1 - view.centre_x) / view.distance_x
    d = (y1 - view.centre_y) / view.distance_y
    across = np.sqrt((b - d) ** 2 + (c - a) ** 2 + (a * d - b * c) ** 2)
    return np.degrees(np.arctan2(across, a * c + b * d + 1.0))


@kernel
def cell_of(x, y, frame, rows, columns):
    """Return the cell of a grid on the frame in which a point lies, counted row by row; -1 outside the frame."""
    right = (x - frame.left) / (frame.right - frame.left)
    down = (y - frame.top) / (frame.bottom - frame.top)
    if not (0.0 <= right <= 1.0 and 0.0 <= down <= 1.0):
        return -1
    # The right and lower edge belong to the last cells.
    row = min(rows - 1, int(down * rows))
    return row * columns + min(columns - 1, int(right * columns))
