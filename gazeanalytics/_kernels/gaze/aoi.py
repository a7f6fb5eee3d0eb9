"""Areas of interest (AOIs): which AOI a fixation lies in, and how much of an AOI the useful visual field covered."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import kernel
from gazeanalytics._kernels.gaze.places import angle_between, box_at, view_at

BOX, ELLIPSE, POLYGON = 0, 1, 2
# Newton's steps to an ellipse: a very long one seen from afar takes about thirty, a usual one five.
_STEPS = 60


class Areas(NamedTuple):
    """AOIs of all cases, those of one case together.

    `boxes` has shape (areas, 4): left, top, right, bottom (px); `shapes` is BOX, ELLIPSE (in its box) or POLYGON. The
    outline of polygon k is rows edges[k]..edges[k + 1]-1 of `corners`, shape (corners, 2). `radius` (deg): how near to
    an AOI a fixation still counts as in it.
    """

    boxes: np.ndarray
    shapes: np.ndarray
    corners: np.ndarray
    edges: np.ndarray
    radius: float


class Scene(NamedTuple):
    """Fixations of all readings (px) and the AOIs in which they may lie."""

    x: np.ndarray
    y: np.ndarray
    areas: Areas


class Hits(NamedTuple):
    """Which fixation lies in which AOI, row by row; written by `list_hit_readings`."""

    fixations: np.ndarray
    regions: np.ndarray


class Field(NamedTuple):
    """Useful visual fields: unit rays of all fixations, shape (fixations, 3), and the field's radius as a chord.

    `cells` is how many cells across and down an AOI's box its coverage is counted on.
    """

    rays: np.ndarray
    chord: float
    cells: int


@kernel
def nearest_in_box(x, y, box):
    """Return the point of the box nearest to (x, y), and whether that is the point itself."""
    right = min(max(x, box.left), box.right)
    down = min(max(y, box.top), box.bottom)
    return right, down, right == x and down == y


@kernel
def in_ellipse(x, y, box):
    """Return whether (x, y) lies in the box's ellipse."""
    right = (x - (box.left + box.right) / 2.0) / ((box.right - box.left) / 2.0)
    down = (y - (box.top + box.bottom) / 2.0) / ((box.bottom - box.top) / 2.0)
    return np.sqrt(right * right + down * down) <= 1.0


@kernel
def nearest_on_ellipse(x, y, box):
    """Return the point of the box's ellipse nearest to (x, y), which lies outside."""
    # With half axes a and b and the place (u, v) from the centre it is (a^2 u / (a^2 + t), b^2 v / (b^2 + t)) for the
    # one t above 0 that puts it on the ellipse. Newton's steps from 0 rise to that t, as the left side falls ever less.
    # The closed form, a root of a polynomial of degree four, loses its digits for long thin ellipses.
    u, v = x - (box.left + box.right) / 2.0, y - (box.top + box.bottom) / 2.0
    a, b = ((box.right - box.left) / 2.0) ** 2, ((box.bottom - box.top) / 2.0) ** 2
    t = 0.0
    for _ in range(_STEPS):
        across, along = a * u * u / (a + t) ** 2, b * v * v / (b + t) ** 2
        step = (across + along - 1.0) / (2.0 * (across / (a + t) + along / (b + t)))
        if not step > 1e-12 * (a + b):
            break
        t += step
    return x - u * t / (a + t), y - v * t / (b + t)


@kernel
def nearest_on_edge(x, y, ax, ay, bx, by):
    """Return the point of the edge from a to b that is nearest to (x, y)."""
    along = (bx - ax) ** 2 + (by - ay) ** 2
    share = 0.0
    if along > 0.0:
        share = min(1.0, max(0.0, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / along))
    return ax + share * (bx - ax), ay + share * (by - ay)


@kernel
def nearest_in_polygon(x, y, corners):
    """Return the point of the polygon's outline nearest to (x, y), and whether (x, y) lies inside or on it."""
    # Inside is where a ray to the right crosses the outline an odd number of times (even-odd rule). The winding number
    # would differ only where an outline crosses itself, and costs an angle per edge.
    nearest = np.inf
    best_x = x
    best_y = y
    odd = False
    before = len(corners) - 1
    for i in range(len(corners)):
        ax, ay = corners[before, 0], corners[before, 1]
        bx, by = corners[i, 0], corners[i, 1]
        # One end counts, the other not: a ray through a corner crosses the outline there once.
        if (ay > y) != (by > y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
            odd = not odd
        at_x, at_y = nearest_on_edge(x, y, ax, ay, bx, by)
        square = (x - at_x) ** 2 + (y - at_y) ** 2
        if square < nearest:
            nearest = square
            best_x = at_x
            best_y = at_y
        before = i
    return best_x, best_y, odd or nearest == 0.0


@kernel
def inside(x, y, region, areas, radius, view):
    """Return whether (x, y) lies in the AOI or within `radius` deg of it."""
    # The nearest point is sought in pixels, and only then is its distance taken as an exact angle: no closed form is
    # known for the nearest point in angle, which differs little for the small radii that hits allow for.
    if not (x == x and y == y):
        return False
    box = box_at(areas.boxes, region)
    if areas.shapes[region] == ELLIPSE:
        right, down, hit = x, y, in_ellipse(x, y, box)
        if not hit and radius > 0.0:
            right, down = nearest_on_ellipse(x, y, box)
    elif areas.shapes[region] == POLYGON:
        outline = areas.corners[areas.edges[region] : areas.edges[region + 1]]
        right, down, hit = nearest_in_polygon(x, y, outline)
    else:
        right, down, hit = nearest_in_box(x, y, box)
    return hit or (radius > 0.0 and angle_between(x, y, right, down, view) <= radius)


@kernel
def first_hit_readings(starts, stops, scene, codes, views, spans):
    """Write the first AOI in which each fixation lies, in the order given; -1 for none.

    The AOIs of reading k are rows spans[k, 0]..spans[k, 1]-1.
    """
    areas = scene.areas
    for k in range(len(starts)):
        view = view_at(views, k)
        for i in range(starts[k], stops[k]):
            codes[i] = -1
            for region in range(spans[k, 0], spans[k, 1]):
                if inside(scene.x[i], scene.y[i], region, areas, areas.radius, view):
                    codes[i] = region
                    break


@kernel
def count_hit_readings(starts, stops, scene, views, spans, counts):
    """Write how many (fixation, AOI) pairs are hits in each reading."""
    areas = scene.areas
    for k in range(len(starts)):
        view = view_at(views, k)
        counts[k] = 0
        for i in range(starts[k], stops[k]):
            for region in range(spans[k, 0], spans[k, 1]):
                counts[k] += inside(scene.x[i], scene.y[i], region, areas, areas.radius, view)


@kernel
def list_hit_readings(starts, stops, scene, hits, views, spans, place):
    """List the hits of each reading, fixation by fixation, from row place[k] of `hits` on."""
    areas = scene.areas
    for k in range(len(starts)):
        view = view_at(views, k)
        row = place[k]
        for i in range(starts[k], stops[k]):
            for region in range(spans[k, 0], spans[k, 1]):
                if inside(scene.x[i], scene.y[i], region, areas, areas.radius, view):
                    hits.fixations[row] = i
                    hits.regions[row] = region
                    row += 1


@kernel
def seen_share(rays, region, areas, field, view):
    """Return the share of an AOI's cells whose centre lies within the field of one of the fixations' unit rays.

    Cells are those of a grid on the AOI's box whose centre lies in the AOI; NaN for none. A chord c between unit rays
    is an angle of 2 arcsin(c / 2): comparing chords costs no arc function per cell and fixation.
    """
    box = box_at(areas.boxes, region)
    cells, limit = field.cells, field.chord * field.chord
    whole = 0
    seen = 0
    for row in range(cells):
        y = box.top + (row + 0.5) / cells * (box.bottom - box.top)
        for column in range(cells):
            x = box.left + (column + 0.5) / cells * (box.right - box.left)
            if not inside(x, y, region, areas, 0.0, view):
                continue
            whole += 1
            right = (x - view.centre_x) / view.distance_x
            down = (y - view.centre_y) / view.distance_y
            scale = 1.0 / np.sqrt(right * right + down * down + 1.0)
            for i in range(len(rays)):
                square = (rays[i, 0] - right * scale) ** 2 + (rays[i, 1] - down * scale) ** 2
                if square + (rays[i, 2] - scale) ** 2 <= limit:
                    seen += 1
                    break
    return seen / whole if whole > 0 else np.nan


@kernel
def seen_shares(starts, stops, field, areas, views, regions, share):
    """Run `seen_share` over pairs of a reading and an AOI of its case."""
    for k in range(len(starts)):
        own = field.rays[starts[k] : stops[k]]
        share[k] = seen_share(own, regions[k], areas, field, view_at(views, k))
