"""The measures in the plainest Python, one reading at a time, points in a flat plane of degrees."""

from itertools import pairwise
from math import atan2, ceil, hypot, log, log2, pi, sqrt


def hull_area(points):
    """Area of the convex hull: an edge of the hull has no point to its right."""
    points = sorted(set(points))
    edges = []
    for a in points:
        for b in points:
            if a == b:
                continue
            sides = [(b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]) for p in points]
            between = [p for p, side in zip(points, sides, strict=True) if side == 0 and p not in (a, b)]
            inner = [p for p in between if min(a, b) < p < max(a, b)]
            if min(sides) >= 0 and len(inner) == len(between):
                edges.append((a, b))
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in edges)) / 2


def ellipse_area(points, share):
    count = len(points)
    mean_x, mean_y = (sum(axis) / count for axis in zip(*points, strict=True))
    sx = sqrt(sum((x - mean_x) ** 2 for x, _ in points) / (count - 1))
    sy = sqrt(sum((y - mean_y) ** 2 for _, y in points) / (count - 1))
    if sx * sy == 0:
        return 0.0
    rho = sum((x - mean_x) * (y - mean_y) for x, y in points) / (count - 1) / sx / sy
    return 2 * -log(1 - share) * pi * sx * sy * sqrt(max(0.0, 1 - rho**2))


def neighbour_index(points, area):
    count = len(points)
    nearest = [
        min(hypot(p[0] - q[0], p[1] - q[1]) for j, q in enumerate(points) if j != i) for i, p in enumerate(points)
    ]
    return sum(nearest) / count / (0.5 * sqrt(area / count))


def covered(points, radius, frame, cell):
    """Number of cells whose centre lies within the radius of a point."""
    columns, rows = round((frame[2] - frame[0]) / cell), round((frame[3] - frame[1]) / cell)
    seen = 0
    for row in range(rows):
        for column in range(columns):
            x, y = frame[0] + (column + 0.5) * cell, frame[1] + (row + 0.5) * cell
            seen += any((x - p[0]) ** 2 + (y - p[1]) ** 2 <= radius**2 for p in points)
    return seen


def recurrence(same, shortest):
    """Recurrence, determinism, laminarity, centre of mass (%) of "i and j are the same place"."""
    count = len(same)
    dots = {(i, j) for i in range(count) for j in range(i + 1, count) if same[i][j]}
    if not dots:
        return 0.0, None, None, None

    def on_lines(down, right):
        total = 0
        for i, j in dots:
            length = 1
            for way in (1, -1):
                far = way
                while (i + far * down, j + far * right) in dots:
                    length, far = length + 1, far + way
            total += length >= shortest
        return total

    return (
        200 * len(dots) / count / (count - 1),
        100 * on_lines(1, 1) / len(dots),
        100 * (on_lines(0, 1) + on_lines(1, 0)) / 2 / len(dots),
        100 * sum(j - i for i, j in dots) / (count - 1) / len(dots),
    )


def entropies(counts):
    """Plug-in, Miller-Madow and James-Stein entropy (bit)."""
    total, cells = sum(counts), len(counts)
    shares = [count / total for count in counts]
    plugin = -sum(share * log2(share) for share in shares if share)
    madow = plugin + (sum(count > 0 for count in counts) - 1) / (2 * total) / log(2)
    away = sum((1 / cells - share) ** 2 for share in shares)
    weight = 1.0 if total == 1 or away == 0 else (1 - sum(share**2 for share in shares)) / ((total - 1) * away)
    weight = min(1.0, weight)
    shrunk = [weight / cells + (1 - weight) * share for share in shares]
    return plugin, madow, -sum(share * log2(share) for share in shrunk if share)


def transition_entropies(codes, kinds):
    steps = [(a, b) for a, b in pairwise(codes) if a >= 0 and b >= 0]
    stationary = entropies([codes.count(kind) for kind in range(kinds)])
    total = [0.0, 0.0, 0.0]
    for kind in range(kinds):
        leaving = [b for a, b in steps if a == kind]
        if leaving:
            each = entropies([leaving.count(other) for other in range(kinds)])
            total = [sum_ + len(leaving) / len(steps) * value for sum_, value in zip(total, each, strict=True)]
    return (*stationary, *total)


def phrases(codes):
    """Phrases of Lempel & Ziv (1976): each is the shortest that can't be copied from what came before its end."""
    text = [chr(code + 65) for code in codes]
    count, start = 0, 0
    while start < len(text):
        stop = start + 1
        while stop <= len(text) and "".join(text[start:stop]) in "".join(text[: stop - 1]):
            stop += 1
        count, start = count + 1, stop
    return count


def circling(points):
    """Mean radius, angular coverage, winding (turns) and its steadiness; y down."""
    angles = [atan2(-y, x) for x, y in points if (x, y) != (0, 0)]
    turns = [(b - a + pi) % (2 * pi) - pi for a, b in pairwise(angles)]
    ordered = sorted(angles)
    gaps = [b - a for a, b in pairwise([*ordered, ordered[0] + 2 * pi])]
    walked = sum(map(abs, turns))
    return (
        sum(hypot(*point) for point in points) / len(points),
        1 - max(gaps) / (2 * pi),
        sum(turns) / (2 * pi),
        abs(sum(turns)) / walked if walked else None,
    )


def clusters(points, durations, radius, big):
    """Number of clusters, of big ones, and the big ones' share of dwell."""
    found = []
    for point, duration in zip(points, durations, strict=True):
        far = [
            hypot(point[0] - sum(x for x, _ in own) / len(own), point[1] - sum(y for _, y in own) / len(own))
            for own, _ in found
        ]
        near = min(range(len(far)), key=far.__getitem__) if far else None
        if near is not None and far[near] <= radius:
            found[near][0].append(point)
            found[near][1].append(duration)
        else:
            found.append(([point], [duration]))
    dwell = [sum(times) for _, times in found]
    heavy = [time for time in dwell if time > big]
    return len(found), len(heavy), sum(heavy) / sum(dwell)


def early(values, share):
    return values[: ceil(share * len(values))], values[ceil(share * len(values)) :]
