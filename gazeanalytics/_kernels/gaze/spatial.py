"""How fixations of one reading spread over the image: hull, ellipse, neighbours, coverage, circling."""

from __future__ import annotations

import numpy as np

from gazeanalytics._kernels import kernel


@kernel
def turn_of(places, a, b, c):
    """Return twice the signed area of the triangle of three points."""
    first = (places[b, 0] - places[a, 0]) * (places[c, 1] - places[a, 1])
    return first - (places[b, 1] - places[a, 1]) * (places[c, 0] - places[a, 0])


@kernel
def comes_before(places, a, b):
    """Return whether point a lies left of point b, or above it where they are level."""
    if places[a, 0] != places[b, 0]:
        return places[a, 0] < places[b, 0]
    return places[a, 1] < places[b, 1]


@kernel
def sink(places, order, root, stop):
    """Let the point at `root` of a heap sink to where it belongs."""
    while True:
        child = 2 * root + 1
        if child >= stop:
            return
        if child + 1 < stop and comes_before(places, order[child], order[child + 1]):
            child += 1
        if not comes_before(places, order[root], order[child]):
            return
        order[root], order[child] = order[child], order[root]
        root = child


@kernel
def left_to_right(places):
    """Return the order of points from left to right, then down (heapsort, which compiles sooner than NumPy's sorts)."""
    order = np.arange(len(places))
    for root in range(len(order) // 2 - 1, -1, -1):
        sink(places, order, root, len(order))
    for stop in range(len(order) - 1, 0, -1):
        order[0], order[stop] = order[stop], order[0]
        sink(places, order, 0, stop)
    return order


@kernel
def hull_area(places):
    """Return the area of the smallest convex polygon around the points (Andrew's monotone chain)."""
    count = len(places)
    if count < 3:
        return 0.0
    order = left_to_right(places)
    corners = np.empty(2 * count, np.int64)
    size = 0
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
    """Write the bivariate contour ellipse area that holds `share` of the points, and their RMS distance to the centre.

    The determinant is taken as sxx * syy - sxy ** 2 and cut at 0, which points on a line may miss by rounding.
    """
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
def paint(places, first, last, radius, frame, cell, seen):
    """Mark the cells whose centre lies within `radius` of the points first..last-1 and return how many are new."""
    rows, columns = seen.shape
    new = 0
    for i in range(first, last):
        x = (places[i, 0] - frame[0]) / cell
        y = (places[i, 1] - frame[1]) / cell
        reach = radius / cell
        for row in range(max(0, int(np.ceil(y - reach - 0.5))), min(rows - 1, int(np.floor(y + reach - 0.5))) + 1):
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
def coverage(places, early, radius, cells, frame, out):
    """Write the share of the image seen, and the part of that share seen by the first `early` points."""
    width = frame[2] - frame[0]
    height = frame[3] - frame[1]
    cell = max(width, height) / cells
    seen = np.zeros((max(1, int(np.round(height / cell))), max(1, int(np.round(width / cell)))), np.bool_)
    first = paint(places, 0, early, radius, frame, cell, seen)
    whole = first + paint(places, early, len(places), radius, frame, cell, seen)
    out[0] = whole / seen.size
    out[1] = first / whole if whole > 0 else np.nan


@kernel
def spatial_entropy(places, frame, rows, columns):
    """Return the entropy of points over a grid on the image as a share of its maximum, log(rows * columns)."""
    counts = np.zeros(rows * columns)
    total = 0
    for i in range(len(places)):
        right = (places[i, 0] - frame[0]) / (frame[2] - frame[0])
        down = (places[i, 1] - frame[1]) / (frame[3] - frame[1])
        if 0.0 <= right <= 1.0 and 0.0 <= down <= 1.0:
            row = min(rows - 1, int(down * rows))
            column = min(columns - 1, int(right * columns))
            counts[row * columns + column] += 1.0
            total += 1
    if total == 0:
        return np.nan
    entropy = 0.0
    for count in counts:
        if count > 0.0:
            entropy -= count / total * np.log(count / total)
    return entropy / np.log(rows * columns)


@kernel
def circling(places, frame, out):
    """Write mean and spread of the radius, angular coverage, net winding and its steadiness about the image centre.

    Radius 1 is the middle of an image side. Angles are those of the picture stretched to a square.
    """
    out[:] = np.nan
    count = len(places)
    if count == 0:
        return
    radii = np.empty(count)
    angles = np.zeros((count, 2))
    known = 0
    mean = 0.0
    for i in range(count):
        right = 2.0 * (places[i, 0] - frame[0]) / (frame[2] - frame[0]) - 1.0
        down = 2.0 * (places[i, 1] - frame[1]) / (frame[3] - frame[1]) - 1.0
        radii[i] = np.hypot(right, down)
        if radii[i] > 0.0:
            angles[known, 0] = np.arctan2(-down, right)
            known += 1
        mean += radii[i] / count
    out[0] = mean
    if count > 1:
        square = 0.0
        for radius in radii:
            square += (radius - mean) ** 2
        out[1] = np.sqrt(square / (count - 1))
    if known == 0:
        return
    angles = angles[:known]
    net = 0.0
    walked = 0.0
    for i in range(known - 1):
        turn = angles[i + 1, 0] - angles[i, 0]
        if turn > np.pi:
            turn -= 2.0 * np.pi
        elif turn <= -np.pi:
            turn += 2.0 * np.pi
        net += turn
        walked += abs(turn)
    order = left_to_right(angles)
    gap = angles[order[0], 0] + 2.0 * np.pi - angles[order[known - 1], 0]
    for i in range(known - 1):
        gap = max(gap, angles[order[i + 1], 0] - angles[order[i], 0])
    out[2] = 1.0 - gap / (2.0 * np.pi)
    if known > 1:
        out[3] = net / (2.0 * np.pi)
    if walked > 0.0:
        out[4] = abs(net) / walked


@kernel
def extent_readings(starts, stops, places, share, frames, out):
    """Write hull area, ellipse area, RMS spread and nearest-neighbour index of each reading."""
    for k in range(len(starts)):
        points = places[starts[k] : stops[k]]
        frame = frames[k]
        out[k] = np.nan
        if len(points) > 0:
            out[k, 0] = hull_area(points)
            scatter(points, share, out[k, 1:3])
            out[k, 3] = neighbour_index(points, (frame[2] - frame[0]) * (frame[3] - frame[1]))


@kernel
def coverage_readings(starts, stops, places, early_share, radius, cells, frames, out):
    """Run `coverage` over readings; nothing seen is 0."""
    for k in range(len(starts)):
        points = places[starts[k] : stops[k]]
        coverage(points, int(np.ceil(early_share * len(points))), radius, cells, frames[k], out[k])


@kernel
def grid_readings(starts, stops, places, rows, columns, frames, out):
    """Run `spatial_entropy` over readings."""
    for k in range(len(starts)):
        out[k, 0] = spatial_entropy(places[starts[k] : stops[k]], frames[k], rows, columns)


@kernel
def circling_readings(starts, stops, places, frames, out):
    """Run `circling` over readings."""
    for k in range(len(starts)):
        circling(places[starts[k] : stops[k]], frames[k], out[k])
