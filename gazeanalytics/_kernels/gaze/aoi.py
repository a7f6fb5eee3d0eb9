"""Which region a fixation lies in, runs of fixations in one region, and the order of first visits."""

from __future__ import annotations

import numpy as np

from gazeanalytics._kernels import kernel

BOX, ELLIPSE, POLYGON = 0, 1, 2
# Newton's steps to an ellipse: a very long one seen from afar takes about thirty, a usual one five.
_STEPS = 60


@kernel
def nearest_in_box(x, y, box):
    """Return the point of the box nearest to (x, y), and whether that is the point itself."""
    right = min(max(x, box[0]), box[2])
    down = min(max(y, box[1]), box[3])
    return right, down, right == x and down == y


@kernel
def in_ellipse(x, y, box):
    """Return whether (x, y) lies in the box's ellipse."""
    right = (x - (box[0] + box[2]) / 2.0) / ((box[2] - box[0]) / 2.0)
    down = (y - (box[1] + box[3]) / 2.0) / ((box[3] - box[1]) / 2.0)
    return np.sqrt(right * right + down * down) <= 1.0


@kernel
def nearest_on_ellipse(x, y, box):
    """Return the point of the box's ellipse nearest to (x, y), which lies outside.

    With half axes a and b and the place (u, v) from the centre it is (a^2 u / (a^2 + t), b^2 v / (b^2 + t)) for the one
    t above 0 that puts it on the ellipse. Newton's steps from 0 rise to that t, as the left side falls ever less.
    """
    u, v = x - (box[0] + box[2]) / 2.0, y - (box[1] + box[3]) / 2.0
    a, b = ((box[2] - box[0]) / 2.0) ** 2, ((box[3] - box[1]) / 2.0) ** 2
    t = 0.0
    for _ in range(_STEPS):
        across, along = a * u * u / (a + t) ** 2, b * v * v / (b + t) ** 2
        step = (across + along - 1.0) / (2.0 * (across / (a + t) + along / (b + t)))
        if not step > 1e-12 * (a + b):
            break
        t += step
    return x - u * t / (a + t), y - v * t / (b + t)


@kernel
def angle_between(x0, y0, x1, y1, viewing):
    """Return the angle (deg) at the eye between two image points."""
    a = (x0 - viewing[0]) / viewing[2]
    b = (y0 - viewing[1]) / viewing[3]
    c = (x1 - viewing[0]) / viewing[2]
    d = (y1 - viewing[1]) / viewing[3]
    across = np.sqrt((b - d) ** 2 + (c - a) ** 2 + (a * d - b * c) ** 2)
    return np.degrees(np.arctan2(across, a * c + b * d + 1.0))


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
    """Return the point of the polygon's outline nearest to (x, y), and whether (x, y) lies inside or on it.

    Inside is where a ray to the right crosses the outline an odd number of times.
    """
    nearest = np.inf
    best_x = x
    best_y = y
    odd = False
    before = len(corners) - 1
    for i in range(len(corners)):
        ax, ay = corners[before, 0], corners[before, 1]
        bx, by = corners[i, 0], corners[i, 1]
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
def inside(x, y, region, boxes, shapes, corners, edges, radius, viewing):
    """Return whether (x, y) lies in the region or within `radius` deg of it.

    The outline of a polygon is rows edges[region]..edges[region + 1]-1 of `corners`.
    """
    if not (x == x and y == y):
        return False
    if shapes[region] == ELLIPSE:
        right, down, hit = x, y, in_ellipse(x, y, boxes[region])
        if not hit and radius > 0.0:
            right, down = nearest_on_ellipse(x, y, boxes[region])
    elif shapes[region] == POLYGON:
        right, down, hit = nearest_in_polygon(x, y, corners[edges[region] : edges[region + 1]])
    else:
        right, down, hit = nearest_in_box(x, y, boxes[region])
    return hit or (radius > 0.0 and angle_between(x, y, right, down, viewing) <= radius)


@kernel
def first_hit_readings(starts, stops, x, y, boxes, shapes, corners, edges, radius, codes, viewing, first, last):
    """Write the first region in which each fixation lies, in the order given; -1 for none.

    The regions of reading k are rows first[k]..last[k]-1.
    """
    for k in range(len(starts)):
        for i in range(starts[k], stops[k]):
            codes[i] = -1
            for region in range(first[k], last[k]):
                if inside(x[i], y[i], region, boxes, shapes, corners, edges, radius, viewing[k]):
                    codes[i] = region
                    break


@kernel
def count_hit_readings(starts, stops, x, y, boxes, shapes, corners, edges, radius, viewing, first, last, counts):
    """Write how many (fixation, region) pairs are hits in each reading."""
    for k in range(len(starts)):
        counts[k] = 0
        for i in range(starts[k], stops[k]):
            for region in range(first[k], last[k]):
                counts[k] += inside(x[i], y[i], region, boxes, shapes, corners, edges, radius, viewing[k])


@kernel
def list_hit_readings(
    starts, stops, x, y, boxes, shapes, corners, edges, radius, fixations, regions, viewing, first, last, place
):
    """List the hits of each reading, fixation by fixation, from row place[k] of the output on."""
    for k in range(len(starts)):
        row = place[k]
        for i in range(starts[k], stops[k]):
            for region in range(first[k], last[k]):
                if inside(x[i], y[i], region, boxes, shapes, corners, edges, radius, viewing[k]):
                    fixations[row] = i
                    regions[row] = region
                    row += 1


@kernel
def seen_share(rays, region, boxes, shapes, corners, edges, cells, chord, viewing):
    """Return the share of a region's cells whose centre lies within `chord` of one of the fixations' unit rays.

    Cells are those of a grid of `cells` x `cells` on the region's box whose centre lies in the region; NaN for none.
    """
    box = boxes[region]
    whole = 0
    seen = 0
    for row in range(cells):
        y = box[1] + (row + 0.5) / cells * (box[3] - box[1])
        for column in range(cells):
            x = box[0] + (column + 0.5) / cells * (box[2] - box[0])
            if not inside(x, y, region, boxes, shapes, corners, edges, 0.0, viewing):
                continue
            whole += 1
            right = (x - viewing[0]) / viewing[2]
            down = (y - viewing[1]) / viewing[3]
            scale = 1.0 / np.sqrt(right * right + down * down + 1.0)
            for i in range(len(rays)):
                square = (rays[i, 0] - right * scale) ** 2 + (rays[i, 1] - down * scale) ** 2
                if square + (rays[i, 2] - scale) ** 2 <= chord * chord:
                    seen += 1
                    break
    return seen / whole if whole > 0 else np.nan


@kernel
def seen_shares(starts, stops, rays, boxes, shapes, corners, edges, cells, chord, viewing, region, share):
    """Run `seen_share` over pairs of a reading and a region of its case."""
    for k in range(len(starts)):
        own = rays[starts[k] : stops[k]]
        share[k] = seen_share(own, region[k], boxes, shapes, corners, edges, cells, chord, viewing[k])


@kernel
def kendall(order):
    """Return Kendall's tau between the order of the values and rising order; they must differ."""
    count = len(order)
    if count < 2:
        return np.nan
    score = 0
    for i in range(count):
        for j in range(i + 1, count):
            score += 1 if order[j] > order[i] else -1
    return 2.0 * score / (count * (count - 1))


@kernel
def edits(first, second):
    """Return the edit distance of two sequences (insert, delete, replace at cost 1)."""
    above = np.arange(len(second) + 1)
    for i in range(len(first)):
        corner = above[0]
        above[0] = i + 1
        for j in range(len(second)):
            cost = corner + (first[i] != second[j])
            corner = above[j + 1]
            above[j + 1] = min(cost, corner + 1, above[j] + 1)
    return above[len(second)]


@kernel
def adherence(ranks, length, out):
    """Write tau and similarity of the order of first visits to a checklist of `length` regions; rank -1 is off it."""
    out[:] = np.nan
    seen = np.zeros(length, np.bool_)
    order = np.empty(length, np.int64)
    count = 0
    for rank in ranks:
        if rank >= 0 and not seen[rank]:
            seen[rank] = True
            order[count] = rank
            count += 1
    out[0] = kendall(order[:count])
    out[1] = 1.0 - edits(order[:count], np.arange(length)) / length


@kernel
def adherence_readings(starts, stops, ranks, length, out):
    """Run `adherence` over readings."""
    for k in range(len(starts)):
        adherence(ranks[starts[k] : stops[k]], length, out[k])


@kernel
def distance_px(x0, y0, x1, y1):
    """Return the straight distance between two image points."""
    return np.sqrt((x0 - x1) ** 2 + (y0 - y1) ** 2)


@kernel
def meet_target(x, y, onset, duration, target, viewing, radii, dwell, first, ratio):
    """Write, for each radius about a target, total dwell, onset of the first fixation within it, and scanpath ratio.

    The ratio is the straight way from the first fixation to the first one within the radius over the way walked; it is
    NaN when the target was met at once. A viewing of NaN asks for distances in pixels. Never met: dwell -1.
    """
    flat = viewing[0] != viewing[0]
    walked = 0.0
    begin = -1
    before = -1
    dwell[:] = -1.0
    first[:] = np.nan
    ratio[:] = np.nan
    for i in range(len(x)):
        if not (x[i] == x[i] and y[i] == y[i]):
            continue
        if begin < 0:
            begin = i
        elif flat:
            walked += distance_px(x[before], y[before], x[i], y[i])
        else:
            walked += angle_between(x[before], y[before], x[i], y[i], viewing)
        before = i
        if flat:
            away = distance_px(x[i], y[i], target[0], target[1])
            straight = distance_px(x[i], y[i], x[begin], y[begin])
        else:
            away = angle_between(x[i], y[i], target[0], target[1], viewing)
            straight = angle_between(x[i], y[i], x[begin], y[begin], viewing)
        for k in range(len(radii)):
            if away > radii[k]:
                continue
            if dwell[k] < 0.0:
                dwell[k] = 0.0
                first[k] = onset[i]
                if walked > 0.0:
                    ratio[k] = straight / walked
            dwell[k] += duration[i]


@kernel
def meet_targets(starts, stops, x, y, onset, duration, radii, targets, viewings, dwell, first, ratio):
    """Run `meet_target` over pairs of a reading and a target."""
    for k in range(len(starts)):
        rows = slice(starts[k], stops[k])
        meet_target(
            x[rows], y[rows], onset[rows], duration[rows], targets[k], viewings[k], radii, dwell[k], first[k], ratio[k]
        )
