"""How fixations of one reading spread over the image: hull, ellipse, neighbours, coverage, circling."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import kernel
from gazeanalytics._kernels.gaze.places import box_at, cell_of
from gazeanalytics._kernels.order_statistics import order_of_points, sort


class CoverageRule(NamedTuple):
    """Radius of the useful visual field (deg), cells along the longer side, share of fixations that is early."""

    radius: float
    cells: int
    early_share: float


@kernel
def turn_of(places, a, b, c):
    """Return twice the signed area of the triangle of three points."""
    first = (places[b, 0] - places[a, 0]) * (places[c, 1] - places[a, 1])
    return first - (places[b, 1] - places[a, 1]) * (places[c, 0] - places[a, 0])


@kernel
def hull_area(places):
    """Return the area of the smallest convex polygon around the points (monotone chain; Andrew 1979)."""
    # Lower and upper chain are built from left to right and back; a corner goes when the next point doesn't turn left
    # of it. The area is half the sum of x_k y_k+1 - x_k+1 y_k over the corners.
    count = len(places)
    if count < 3:
        return 0.0
    order = order_of_points(places)
    corners = np.empty(2 * count, np.int64)
    size = 0
    # The lower chain, then the upper one over it.
    for i in order:
        while size > 1 and turn_of(places, corners[size - 2], corners[size - 1], i) <= 0.0:
            size -= 1
        corners[size] = i
        size += 1
    floor = size
    for k in range(count - 2, -1, -1):
        i = order[k]
        while size > floor and turn_of(places, corners[size - 2], corners[size - 1], i) <= 0.0:
            size -= 1
        corners[size] = i
        size += 1
    area = 0.0
    for k in range(size - 1):
        a, b = corners[k], corners[k + 1]
        area += places[a, 0] * places[b, 1] - places[b, 0] * places[a, 1]
    return abs(area) / 2.0


@kernel
def scatter(places, share, out):
    """Write the bivariate contour ellipse area (BCEA) that holds `share` of the points, and their RMS spread."""
    # BCEA = 2 k pi sx sy sqrt(1 - rho^2) with k = -ln(1 - share) (Crossland & Rubin 2002); sx^2 sy^2 (1 - rho^2) is the
    # determinant of the covariance matrix, so rho, which isn't defined for a vertical line, is never needed. The
    # determinant is taken as sxx * syy - sxy ** 2 and cut at 0, which points on a line may miss by rounding.
    count = len(places)
    out[:] = np.nan
    if count < 2:
        return
    mean_x = 0.0
    mean_y = 0.0
    for i in range(count):
        mean_x += places[i, 0] / count
        mean_y += places[i, 1] / count
    sxx = 0.0
    syy = 0.0
    sxy = 0.0
    for i in range(count):
        right = places[i, 0] - mean_x
        down = places[i, 1] - mean_y
        sxx += right * right
        syy += down * down
        sxy += right * down
    determinant = max(0.0, sxx * syy - sxy * sxy) / (count - 1) ** 2
    out[0] = -2.0 * np.log(1.0 - share) * np.pi * np.sqrt(determinant)
    out[1] = np.sqrt((sxx + syy) / count)


@kernel
def neighbour_index(places, area):
    """Return the mean distance to the nearest other point over that of as many random points on `area`."""
    # Random points lie 0.5 sqrt(area / n) apart (Clark & Evans 1954, for a plane without edges). No edge correction is
    # made, as in the applications to gaze. A tree of places would save time only above some hundred fixations.
    count = len(places)
    if count < 3:
        return np.nan
    total = 0.0
    for i in range(count):
        nearest = np.inf
        for j in range(count):
            if j != i:
                square = (places[i, 0] - places[j, 0]) ** 2 + (places[i, 1] - places[j, 1]) ** 2
                nearest = min(nearest, square)
        total += np.sqrt(nearest)
    return total / count / (0.5 * np.sqrt(area / count))


@kernel
def paint(places, radius, frame, cell, seen):
    """Mark the cells whose centre lies within `radius` of one of the points and return how many are new."""
    rows, columns = seen.shape
    new = 0
    reach = radius / cell
    for i in range(len(places)):
        x = (places[i, 0] - frame.left) / cell
        y = (places[i, 1] - frame.top) / cell
        for row in range(max(0, int(np.ceil(y - reach - 0.5))), min(rows - 1, int(np.floor(y + reach - 0.5))) + 1):
            # A row of the disc is one span: no distance is taken for the cells in it.
            off = row + 0.5 - y
            half = np.sqrt(max(0.0, reach * reach - off * off))
            left = max(0, int(np.ceil(x - half - 0.5)))
            right = min(columns - 1, int(np.floor(x + half - 0.5)))
            for column in range(left, right + 1):
                if not seen[row, column]:
                    seen[row, column] = True
                    new += 1
    return new


@kernel
def coverage(places, early, rule, frame, out):
    """Write the share of the image seen, and the part of that share seen by the first `early` points."""
    width = frame.right - frame.left
    height = frame.bottom - frame.top
    # Square cells, so that a disc of degrees is a disc of cells on images of any shape.
    cell = max(width, height) / rule.cells
    seen = np.zeros((max(1, int(np.round(height / cell))), max(1, int(np.round(width / cell)))), np.bool_)
    first = paint(places[:early], rule.radius, frame, cell, seen)
    whole = first + paint(places[early:], rule.radius, frame, cell, seen)
    out[0] = whole / seen.size
    out[1] = first / whole if whole > 0 else np.nan


@kernel
def spatial_entropy(places, frame, rows, columns):
    """Return the entropy of points over a grid on the image as a share of its maximum, log(rows * columns)."""
    counts = np.zeros(rows * columns)
    total = 0
    for i in range(len(places)):
        cell = cell_of(places[i, 0], places[i, 1], frame, rows, columns)
        if cell >= 0:
            counts[cell] += 1.0
            total += 1
    if total == 0:
        return np.nan
    entropy = 0.0
    for count in counts:
        if count > 0.0:
            entropy -= count / total * np.log(count / total)
    return entropy / np.log(rows * columns)


@kernel
def polar(places, frame, radii, angles):
    """Write radius and angle (rad, anticlockwise) about the image centre; return how many points have an angle.

    The image is stretched to a square, so that radius 1 is the middle of any side; a point at the centre has none.
    """
    known = 0
    for i in range(len(places)):
        right = 2.0 * (places[i, 0] - frame.left) / (frame.right - frame.left) - 1.0
        down = 2.0 * (places[i, 1] - frame.top) / (frame.bottom - frame.top) - 1.0
        radii[i] = np.hypot(right, down)
        if radii[i] > 0.0:
            angles[known] = np.arctan2(-down, right)
            known += 1
    return known


@kernel
def winding(angles):
    """Return the net angle and all angle walked (rad) from each angle to the next, by the shorter way round."""
    # A step of exactly half a turn counts as anticlockwise; which way it went can't be known.
    net = 0.0
    walked = 0.0
    for i in range(len(angles) - 1):
        turn = angles[i + 1] - angles[i]
        if turn > np.pi:
            turn -= 2.0 * np.pi
        elif turn <= -np.pi:
            turn += 2.0 * np.pi
        net += turn
        walked += abs(turn)
    return net, walked


@kernel
def widest_gap(angles):
    """Return the widest angle (rad) between neighbours on the circle; the angles are sorted in place."""
    sort(angles)
    last = len(angles) - 1
    gap = angles[0] + 2.0 * np.pi - angles[last]
    for i in range(last):
        gap = max(gap, angles[i + 1] - angles[i])
    return gap


@kernel
def circling(places, frame, out):
    """Write mean and spread of the radius, angular coverage, net winding and its steadiness about the image centre."""
    # No threshold of circumferential search is published (Kundel & La Follette 1972 describe it), so numbers are given
    # and no class.
    out[:] = np.nan
    count = len(places)
    if count == 0:
        return
    radii, angles = np.empty(count), np.empty(count)
    known = polar(places, frame, radii, angles)
    mean = 0.0
    for radius in radii:
        mean += radius / count
    out[0] = mean
    if count > 1:
        square = 0.0
        for radius in radii:
            square += (radius - mean) ** 2
        out[1] = np.sqrt(square / (count - 1))
    if known == 0:
        return
    net, walked = winding(angles[:known])
    out[2] = 1.0 - widest_gap(angles[:known]) / (2.0 * np.pi)
    if known > 1:
        out[3] = net / (2.0 * np.pi)
    if walked > 0.0:
        out[4] = abs(net) / walked


@kernel
def extent_readings(starts, stops, places, share, max_points, frames, out):
    """Write hull area, ellipse area, RMS spread and nearest-neighbour index (to `max_points`) of each reading."""
    for k in range(len(starts)):
        points = places[starts[k] : stops[k]]
        frame = box_at(frames, k)
        out[k] = np.nan
        if len(points) > 0:
            out[k, 0] = hull_area(points)
            scatter(points, share, out[k, 1:3])
        if 0 < len(points) <= max_points:
            out[k, 3] = neighbour_index(points, (frame.right - frame.left) * (frame.bottom - frame.top))


@kernel
def coverage_readings(starts, stops, places, rule, frames, out):
    """Run `coverage` over readings; nothing seen is 0."""
    for k in range(len(starts)):
        points = places[starts[k] : stops[k]]
        coverage(points, int(np.ceil(rule.early_share * len(points))), rule, box_at(frames, k), out[k])


@kernel
def grid_readings(starts, stops, places, rows, columns, frames, out):
    """Run `spatial_entropy` over readings."""
    for k in range(len(starts)):
        out[k, 0] = spatial_entropy(places[starts[k] : stops[k]], box_at(frames, k), rows, columns)


@kernel
def circling_readings(starts, stops, places, frames, out):
    """Run `circling` over readings."""
    for k in range(len(starts)):
        circling(places[starts[k] : stops[k]], box_at(frames, k), out[k])
