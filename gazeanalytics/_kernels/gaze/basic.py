"""Fixations as visual angles, and summaries of one quantity over a reading."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import kernel
from gazeanalytics._kernels.gaze.places import view_at
from gazeanalytics._kernels.order_statistics import quantile, sort


class Angles(NamedTuple):
    """Fixations of all readings as angles; `project_readings` fills them.

    `rays` has shape (fixations, 3), unit vectors from the eye; `places` (fixations, 2), deg right of and below the line
    of sight; `steps` (deg) and `headings` (rad, anticlockwise) lead to the next fixation.
    """

    rays: np.ndarray
    places: np.ndarray
    steps: np.ndarray
    headings: np.ndarray


@kernel
def project(x, y, view, rays, places):
    """Write the unit ray towards each point, and its angles (deg) right of and below the line of sight."""
    for i in range(len(x)):
        right = (x[i] - view.centre_x) / view.distance_x
        down = (y[i] - view.centre_y) / view.distance_y
        # The image plane lies at distance 1 from the eye: the ray is (right, down, 1), made a unit.
        length = np.sqrt(right * right + down * down + 1.0)
        rays[i, 0] = right / length
        rays[i, 1] = down / length
        rays[i, 2] = 1.0 / length
        places[i, 0] = np.degrees(np.arctan(right))
        places[i, 1] = np.degrees(np.arctan(down))


@kernel
def step(rays, places, lengths, headings):
    """Write the angle (deg) from each point to the next and its direction (rad, anticlockwise); NaN where none is."""
    # The angle is 2 arcsin(chord / 2): exact for small steps, where the arc cosine of the rays' product is not.
    count = len(rays)
    for i in range(count):
        lengths[i] = np.nan
        headings[i] = np.nan
    for i in range(count - 1):
        chord = 0.0
        for axis in range(3):
            chord += (rays[i + 1, axis] - rays[i, axis]) ** 2
        lengths[i] = np.degrees(2.0 * np.arcsin(min(1.0, np.sqrt(chord) / 2.0))) if chord == chord else np.nan
        right = places[i + 1, 0] - places[i, 0]
        up = places[i, 1] - places[i + 1, 1]
        if right != 0.0 or up != 0.0:
            headings[i] = np.arctan2(up, right)


@kernel
def project_readings(starts, stops, x, y, angles, views):
    """Run `project` and `step` over readings; `views` has one row a reading."""
    for k in range(len(starts)):
        rows = slice(starts[k], stops[k])
        rays, places = angles.rays[rows], angles.places[rows]
        project(x[rows], y[rows], view_at(views, k), rays, places)
        step(rays, places, angles.steps[rows], angles.headings[rows])


@kernel
def summarise(values, low, high, out):
    """Write sum, mean, median, standard deviation (n - 1) and two quantiles of the known values."""
    out[:] = np.nan
    known = np.empty(len(values))
    count = 0
    total = 0.0
    for value in values:
        if value == value:
            known[count] = value
            total += value
            count += 1
    if count == 0:
        return
    known = known[:count]
    # Sorted once for the median and both quantiles; a reading has too few values for selection to save time.
    sort(known)
    mean = total / count
    # Two passes: the sum of squares less the squared sum would cancel where a reading's values are close.
    square = 0.0
    for value in known:
        square += (value - mean) ** 2
    out[0] = total
    out[1] = mean
    out[2] = quantile(known, 0.5)
    if count > 1:
        out[3] = np.sqrt(square / (count - 1))
    out[4] = quantile(known, low)
    out[5] = quantile(known, high)


@kernel
def summaries(starts, stops, values, low, high, out):
    """Run `summarise` over readings."""
    for k in range(len(starts)):
        summarise(values[starts[k] : stops[k]], low, high, out[k])


@kernel
def directions(headings, out):
    """Write how horizontal the steps are, how much they share an axis, and how sharply they turn (deg)."""
    # Headings are doubled before averaging, so that left and right count as one axis (axial data; Fisher 1993).
    out[:] = np.nan
    across = 0.0
    along = 0.0
    count = 0
    turned = 0.0
    turns = 0
    for i in range(len(headings)):
        heading = headings[i]
        if heading != heading:
            continue
        across += np.cos(2.0 * heading)
        along += np.sin(2.0 * heading)
        count += 1
        if i > 0 and headings[i - 1] == headings[i - 1]:
            turn = abs(heading - headings[i - 1])
            turned += min(turn, 2.0 * np.pi - turn)
            turns += 1
    if count > 0:
        out[0] = across / count
        out[1] = np.hypot(across, along) / count
    if turns > 0:
        out[2] = np.degrees(turned / turns)


@kernel
def direction_readings(starts, stops, headings, out):
    """Run `directions` over readings."""
    for k in range(len(starts)):
        directions(headings[starts[k] : stops[k]], out[k])
