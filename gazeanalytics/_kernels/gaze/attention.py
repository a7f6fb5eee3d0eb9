"""Surfaces on a grid: attention densities built from points, and how the cells of a surface rank against points."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import kernel
from gazeanalytics._kernels.gaze.places import box_at

# Beyond so many standard deviations a normal distribution holds less than the last bit of what lies within.
_REACH = 8.5
# Enough bins that most hold no level, few enough for the nearest cache.
_BINS = 4096
# Cells binned at a time: a loop without branches, and so few that blank parts of a map are blocks of equal cells.
_BLOCK = 64

LOSE, REFLECT, RENORMALISE = 0, 1, 2


class Points(NamedTuple):
    """Points of all groups, in cells of their grid, and what each weighs."""

    x: np.ndarray
    y: np.ndarray
    weight: np.ndarray


class Profiles(NamedTuple):
    """Room for each point's mass across and down, (points, columns) and (points, rows), and where the first isn't 0."""

    across: np.ndarray
    down: np.ndarray
    reach: np.ndarray


@kernel
def add_profile(profile, centre, sigma, low, high):
    """Add the mass of a normal distribution to each unit cell of an axis, between the bounds."""
    # A cell from a to b gets (erf((b - c) / (sigma sqrt(2))) - erf((a - c) / (sigma sqrt(2)))) / 2. Sampling the
    # density at cell centres, as image filters do, doesn't keep the sum for a small sigma.
    begin = max(math.floor(centre - _REACH * sigma), math.floor(low), 0)
    end = min(math.ceil(centre + _REACH * sigma), math.ceil(high), len(profile))
    scale = sigma * math.sqrt(2.0)
    before = math.erf((max(float(begin), low) - centre) / scale)
    for cell in range(begin, end):
        here = math.erf((min(cell + 1.0, high) - centre) / scale)
        profile[cell] += 0.5 * (here - before)
        before = here


@kernel
def spread(profile, centre, sigma, low, high, edge):
    """One point's mass along an axis; what passes a bound is lost, mirrored back or made up for by scaling."""
    profile[:] = 0.0
    add_profile(profile, centre, sigma, low, high)
    if edge == REFLECT:
        # Mirror images of the point at both bounds, as many as reach back: k spans away, flipped when k is odd.
        span = high - low
        images = math.ceil(_REACH * sigma / span)
        for k in range(1, images + 1):
            for sign in (-1, 1):
                shift = sign * k
                inside = centre - low if k % 2 == 0 else high - centre
                add_profile(profile, low + shift * span + inside, sigma, low, high)
    elif edge == RENORMALISE:
        # The point keeps its whole mass, at the price of a kernel that is higher near the edge.
        total = 0.0
        for cell in range(len(profile)):
            total += profile[cell]
        for cell in range(len(profile)):
            profile[cell] /= total


@kernel
def nonzero(profile):
    """First cell that is not 0, and the cell after the last."""
    begin, end = 0, len(profile)
    while begin < end and profile[begin] == 0:
        begin += 1
    while end > begin and profile[end - 1] == 0:
        end -= 1
    return begin, end


@kernel
def density(points, sigma, box, edge, room, out):
    """Sum of weighted normal distributions in the cells of a grid; points outside the box (cells) do not count.

    `sigma` is horizontal and vertical, in cells as `box`. A normal distribution is the product of its profiles, so that
    a point costs rows + columns of erf and one product per cell; a filter on a map of counts would move each point to
    its cell's centre.
    """
    x, y, weight = points.x, points.y, points.weight
    across, down, reach = room.across, room.down, room.reach
    out[:] = 0.0
    used = 0
    for k in range(len(x)):
        if box.left <= x[k] <= box.right and box.top <= y[k] <= box.bottom and weight[k] > 0:
            spread(across[used], x[k], sigma[0], box.left, box.right, edge)
            spread(down[used], y[k], sigma[1], box.top, box.bottom, edge)
            down[used] *= weight[k]
            reach[used] = nonzero(across[used])
            used += 1
    for row in range(out.shape[0]):
        line = out[row]
        for k in range(used):
            share = down[k, row]
            if share > 0:
                begin, end = reach[k]
                part, profile = line[begin:end], across[k, begin:end]
                for column in range(len(part)):
                    part[column] += share * profile[column]


@kernel
def density_readings(starts, stops, points, edge, sigma, boxes, out):
    """Every group of points through `density`; `sigma` has shape (groups, 2), `boxes` (groups, 4), both chunked."""
    longest = 0
    for k in range(len(starts)):
        longest = max(longest, stops[k] - starts[k])
    room = Profiles(
        np.empty((longest, out.shape[2])), np.empty((longest, out.shape[1])), np.empty((longest, 2), np.int64)
    )
    for k in range(len(starts)):
        rows = slice(starts[k], stops[k])
        own = Points(points.x[rows], points.y[rows], points.weight[rows])
        density(own, sigma[k], box_at(boxes, k), edge, room, out[k])


@kernel
def bin_of(value, lowest, scale):
    """Which bin a value falls in, rising with the value: 0 below the lowest level, then bins of equal width."""
    return int(min(max((value - lowest) * scale, -1.0), float(_BINS)) + 1.0)


@kernel
def ranks_among(levels, surface, below, equal):
    """For each of the rising, distinct levels: how many cells of the surface are below it, and how many equal it."""
    # Cells are counted in bins, a block of equal cells as one. A bin without a level shows at once how many levels its
    # cells reach; the cells of the other bins are compared with the levels in theirs. Sorting the surface, as other
    # code does, costs n log n for n cells, though there are only a few dozen levels to rank.
    lowest = levels[0]
    span = levels[-1] - lowest if levels[-1] > lowest else 0.0
    # Levels apart by less than a float can scale, or by infinity, get no bins: all cells are then compared.
    scale = _BINS / span if 0 < span < np.inf else 0.0
    binned = 0 < scale < np.inf
    held = np.zeros(_BINS + 2, np.int64)
    for level in levels:
        held[bin_of(level, lowest, scale) if binned else 0] += 1
    after = np.cumsum(held)
    tally, doubtful = np.zeros(_BINS + 2, np.int64), held > 0
    reached, places = np.zeros(len(levels) + 1, np.int64), np.zeros(_BLOCK, np.uint32)
    equal[:] = 0
    for begin in range(0, len(surface), _BLOCK):
        block = surface[begin : begin + _BLOCK]
        if binned:
            for cell in range(len(block)):
                places[cell] = bin_of(block[cell], lowest, scale)
        unlike = 0
        for cell in range(len(block)):
            unlike += block[cell] != block[0]
        cells, weight = (len(block), 1) if unlike else (1, len(block))
        for cell in range(cells):
            place = places[cell]
            tally[place] += weight
            if doubtful[place]:
                value, low, high = block[cell], after[place] - held[place], after[place]
                while low < high:
                    middle = (low + high) >> 1
                    if levels[middle] <= value:
                        low = middle + 1
                    else:
                        high = middle
                reached[low] += weight
                if low > 0 and levels[low - 1] == value:
                    equal[low - 1] += weight
    passed = 0
    for place in range(_BINS + 2):
        if not doubtful[place]:
            reached[passed] += tally[place]
        passed += held[place]
    total = 0
    for k in range(len(levels)):
        total += reached[k]
        below[k] = total
