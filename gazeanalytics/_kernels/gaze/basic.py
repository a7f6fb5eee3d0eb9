"""Fixations told as angles, and summaries of one quantity over a reading."""

from __future__ import annotations

import numpy as np

from gazeanalytics._kernels import kernel


@kernel
def project(x, y, viewing, rays, places):
    """Write the unit ray towards each point, and its angles (deg) right of and below the line of sight."""
    for i in range(len(x)):
        right = (x[i] - viewing[0]) / viewing[2]
        down = (y[i] - viewing[1]) / viewing[3]
        length = np.sqrt(right * right + down * down + 1.0)
        rays[i, 0] = right / length
        rays[i, 1] = down / length
        rays[i, 2] = 1.0 / length
        places[i, 0] = np.degrees(np.arctan(right))
        places[i, 1] = np.degrees(np.arctan(down))


@kernel
def step(rays, places, lengths, headings):
    """Write the angle (deg) from each point to the next and its direction (rad, anticlockwise); NaN where none is."""
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
def project_readings(starts, stops, x, y, rays, places, lengths, headings, viewing):
    """Run `project` and `step` over readings; `viewing` has one row a reading."""
    for k in range(len(starts)):
        rows = slice(starts[k], stops[k])
        project(x[rows], y[rows], viewing[k], rays[rows], places[rows])
        step(rays[rows], places[rows], lengths[rows], headings[rows])


@kernel
def quantile(ordered, share):
    """Return the value below which `share` of the ordered values lie, interpolated linearly."""
    place = share * (len(ordered) - 1)
    below = int(np.floor(place))
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


@kernel
def sink(values, root, stop):
    """Let the value at `root` of a heap sink to where it belongs."""
    while True:
        child = 2 * root + 1
        if child >= stop:
            return
        if child + 1 < stop and values[child] < values[child + 1]:
            child += 1
        if values[root] >= values[child]:
            return
        values[root], values[child] = values[child], values[root]
        root = child


@kernel
def sort(values):
    """Bring values into rising order in place (heapsort, which compiles sooner than NumPy's sorts)."""
    for root in range(len(values) // 2 - 1, -1, -1):
        sink(values, root, len(values))
    for stop in range(len(values) - 1, 0, -1):
        values[0], values[stop] = values[stop], values[0]
        sink(values, 0, stop)


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
    sort(known)
    mean = total / count
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
