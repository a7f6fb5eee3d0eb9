"""Recurrence quantification of one scanpath, and cross-recurrence of two."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import kernel
from gazeanalytics._kernels.gaze.scanpaths import path_of


class Recurrence(NamedTuple):
    """When points of two paths recur (distance `radius` at most) and from how many points on a line counts."""

    radius: float
    min_line: int


@kernel
def recurrences(rays, chord):
    """Return the upper triangle of "points i and j lie within `chord` of each other"."""
    count = len(rays)
    near = np.zeros((count, count), np.bool_)
    # |a - b|^2 <= c^2 in place of a square root and an arc function per pair.
    limit = chord * chord
    for i in range(count):
        for j in range(i + 1, count):
            x = rays[i, 0] - rays[j, 0]
            y = rays[i, 1] - rays[j, 1]
            z = rays[i, 2] - rays[j, 2]
            near[i, j] = x * x + y * y + z * z <= limit
    return near


@kernel
def points_on_lines(near, rows, columns, down, right, min_line, upper):
    """Return how many of rows x columns recurrent points lie in runs of `min_line` or more along (down, right).

    `upper` says that only the triangle above the diagonal holds any.
    """
    found = 0
    for i in range(rows):
        for j in range(i + 1 if upper else 0, columns):
            # A run is counted once, from the point where it begins.
            begins = near[i, j] and (i < down or j < right or not near[i - down, j - right])
            if begins:
                run = 1
                while i + run * down < rows and j + run * right < columns and near[i + run * down, j + run * right]:
                    run += 1
                if run >= min_line:
                    found += run
    return found


@kernel
def recurrence(near, min_line, out):
    """Write recurrence, determinism, laminarity and centre of recurrence mass (all in %), and the share refixated."""
    # With R recurrent pairs i < j of n fixations (Anderson, Bischof, Laidlaw, Risko & Kingstone 2013): REC = 200 R / (n
    # (n - 1)), DET = 100 |D| / R, LAM = 100 (|H| + |V|) / (2 R), CORM = 100 sum(j - i) / ((n - 1) R), where D, H and V
    # are the points on diagonal, horizontal and vertical lines. The main diagonal, where each fixation meets itself,
    # never counts.
    out[:] = np.nan
    count = len(near)
    if count == 0:
        return
    total = 0
    lags = 0
    again = 0
    for j in range(count):
        # A refixation is a return: being near the fixation just before is staying, not coming back.
        back = False
        for i in range(j):
            if near[i, j]:
                total += 1
                lags += j - i
                back = back or j - i > 1
        again += back
    out[4] = again / count
    if count < 2:
        return
    out[0] = 200.0 * total / (count * (count - 1))
    if total == 0:
        return
    out[1] = 100.0 * points_on_lines(near, count, count, 1, 1, min_line, True) / total
    level = points_on_lines(near, count, count, 0, 1, min_line, True)
    upright = points_on_lines(near, count, count, 1, 0, min_line, True)
    out[2] = 100.0 * (level + upright) / (2 * total)
    out[3] = 100.0 * lags / ((count - 1) * total)


@kernel
def recurrence_readings(starts, stops, rays, chord, min_line, max_points, out):
    """Run `recurrence` over readings; one of more than `max_points` is NaN, its matrix would fill the memory."""
    for k in range(len(starts)):
        out[k] = np.nan
        if stops[k] - starts[k] <= max_points:
            recurrence(recurrences(rays[starts[k] : stops[k]], chord), min_line, out[k])


@kernel
def cross_recurrence(one, two, rule, near, out):
    """Recurrence, determinism, laminarity (all %) and centre of mass (-100 to 100) of two paths' near pairs.

    As `recurrence`, over all n x m pairs (Anderson, Anderson, Kingstone & Bischof 2015). `near` is room for n x m.
    """
    n, m = len(one.x), len(two.x)
    count = lag = 0
    for i in range(n):
        for j in range(m):
            right, down = one.x[i] - two.x[j], one.y[i] - two.y[j]
            near[i, j] = math.sqrt(right * right + down * down) <= rule.radius
            if near[i, j]:
                count += 1
                lag += j - i
    out[0] = 100.0 * count / (n * m)
    if count == 0:
        out[1:] = np.nan
        return
    out[1] = 100.0 * points_on_lines(near, n, m, 1, 1, rule.min_line, False) / count
    level = points_on_lines(near, n, m, 0, 1, rule.min_line, False)
    upright = points_on_lines(near, n, m, 1, 0, rule.min_line, False)
    out[2] = 100.0 * (level + upright) / (2 * count)
    # Over the greatest lag that there is: 100 would be that all recurrences join one path's begin to the other's end.
    longer = max(n, m) - 1
    out[3] = 100.0 * lag / (longer * count) if longer else 0.0


@kernel
def cross_recurrence_pairs(starts, stops, pairs, paths, rule, scores):
    """Blocks of pairs through `cross_recurrence`; an empty path leaves NaN. `scores` has shape (pairs, 4)."""
    near = np.empty((pairs.longest, pairs.longest), np.bool_)
    for block in range(len(starts)):
        for p in range(starts[block], stops[block]):
            one, two = path_of(paths, pairs, pairs.first[p]), path_of(paths, pairs, pairs.second[p])
            if len(one.x) and len(two.x):
                cross_recurrence(one, two, rule, near, scores[p])
            else:
                scores[p] = np.nan
