"""Two scanpaths aligned or compared point by point: MultiMatch, ScanMatch, warping, embedding.

Paths are packed one after another; `Pairs` says where each begins and ends, and which two are compared. A batch kernel
gets blocks of pairs (`starts`, `stops`) and a table of scores, of which it fills its own rows.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import inlined, kernel
from gazeanalytics._kernels.order_statistics import median_of_first


class Pairs(NamedTuple):
    """Which readings are compared, shape (pairs,), and first row and row after the last of each reading's path.

    `offsets` has shape (readings, 2), equal ends where a reading can't be compared; `longest` is the longest path.
    """

    first: np.ndarray
    second: np.ndarray
    offsets: np.ndarray
    longest: int


class Path(NamedTuple):
    """Places of fixations, of all readings or of one; or saccades as vectors."""

    x: np.ndarray
    y: np.ndarray


class Steps(NamedTuple):
    """Saccades of all readings as vectors, beside each the fixation where it starts (px, rad, ms)."""

    x: np.ndarray
    y: np.ndarray
    dx: np.ndarray
    dy: np.ndarray
    length: np.ndarray
    direction: np.ndarray
    duration: np.ndarray


class Alignment(NamedTuple):
    """Room for an alignment: cost table, the saccades matched (from end to start), and their differences."""

    total: np.ndarray
    steps1: np.ndarray
    steps2: np.ndarray
    values: np.ndarray


class Scoring(NamedTuple):
    """How ScanMatch scores: similarity of every two cells, the highest of them, and what a gap scores."""

    similarity: np.ndarray
    highest: float
    gap: float


class Rows(NamedTuple):
    """Room for one row of each table of `path_distances`, and for the nearest distance to each point of path two."""

    warp: np.ndarray
    leash: np.ndarray
    nearest: np.ndarray


@kernel
def path_of(paths, pairs, reading):
    """Return the places of one reading's path."""
    rows = slice(pairs.offsets[reading, 0], pairs.offsets[reading, 1])
    return Path(paths.x[rows], paths.y[rows])


@inlined
def comes_first(one, two):
    """Whether the first path is the shorter one, or of equal length and no greater saccade by saccade."""
    # An order of the two paths that doesn't depend on the call, so that the measure is symmetric.
    if len(one.x) != len(two.x):
        return len(one.x) < len(two.x)
    for i in range(len(one.x)):
        if one.x[i] != two.x[i]:
            return one.x[i] < two.x[i]
        if one.y[i] != two.y[i]:
            return one.y[i] < two.y[i]
    return True


@inlined
def fill_costs(one, two, total):
    """Write the cost of the cheapest way to each node of the matrix of saccade differences."""
    # C(i, j) = |u_i - v_j| + min(C(i-1, j-1), C(i-1, j), C(i, j-1)), C(0, 0) = 0. MultiMatch asks for Dijkstra's
    # shortest path (Jarodzka, Holmqvist & Nystrom 2010); as ways only lead right and down, one sweep finds the same.
    x1, y1, x2, y2 = one.x, one.y, two.x, two.y
    n, m = len(x1), len(x2)
    for i in range(n):
        row = total[i]
        for j in range(m):
            right, down = x1[i] - x2[j], y1[i] - y2[j]
            row[j] = math.sqrt(right * right + down * down)
    total[0, 0] = 0.0
    for j in range(1, m):
        total[0, j] += total[0, j - 1]
    for i in range(1, n):
        above, row = total[i - 1], total[i]
        left = above[0] + row[0]
        row[0] = left
        for j in range(1, m):
            best = above[j - 1] if above[j - 1] < above[j] else above[j]
            left = (best if best < left else left) + row[j]
            row[j] = left


@kernel
def align_saccades(one, two, total, steps1, steps2):
    """Align saccades along the cheapest way; returns its number of steps, which are written from end to start."""
    # Paths are saccade vectors. Among predecessors of equal cost the diagonal one is taken, then the step back in the
    # first path, then in the second: left to the order of a graph, as in the toolbox, ties would depend on the call.
    fill_costs(one, two, total)
    i, j, count = len(one.x) - 1, len(two.x) - 1, 0
    while True:
        steps1[count], steps2[count] = i, j
        count += 1
        if i == 0 and j == 0:
            return count
        if i == 0:
            j -= 1
        elif j == 0:
            i -= 1
        else:
            diagonal, up, left = total[i - 1, j - 1], total[i - 1, j], total[i, j - 1]
            if diagonal <= up and diagonal <= left:
                i -= 1
                j -= 1
            elif up <= left:
                i -= 1
            else:
                j -= 1


@inlined
def median_distance(x, y, room, count):
    """Median distance of the points (or vectors) that an alignment of `count` steps matches."""
    steps1, steps2, values = room.steps1, room.steps2, room.values
    for k in range(count):
        right, down = x[steps1[k]] - x[steps2[k]], y[steps1[k]] - y[steps2[k]]
        values[k] = math.sqrt(right * right + down * down)
    return median_of_first(values, count)


@inlined
def align_pair(one, two, steps, room):
    """Align two paths, given as first row and row after the last; steps are then rows. Returns how many there are."""
    first = Path(steps.dx[one[0] : one[1]], steps.dy[one[0] : one[1]])
    second = Path(steps.dx[two[0] : two[1]], steps.dy[two[0] : two[1]])
    if not comes_first(first, second):
        one, two, first, second = two, one, second, first
    count = align_saccades(first, second, room.total, room.steps1, room.steps2)
    # From places in the paths to rows of the table.
    steps1, steps2 = room.steps1, room.steps2
    for k in range(count):
        steps1[k] += one[0]
        steps2[k] += two[0]
    return count


# Rows of the whole table, not seven slices a path: counting references to fourteen arrays for every pair took twice as
# long as comparing two short paths.
@inlined
def multimatch(one, two, steps, room, out):
    """Medians along the alignment of shape, direction, length, position and duration differences, not yet scaled.

    `one` and `two` are first row and row after the last of the paths. Without all durations the fifth is NaN.
    """
    count = align_pair(one, two, steps, room)
    steps1, steps2, values = room.steps1, room.steps2, room.values
    # Dewhurst et al. (2012): difference of vectors, angles, lengths, places and durations (over the longer). Medians,
    # as in the published toolbox: one stray match doesn't move them.
    out[0] = median_distance(steps.dx, steps.dy, room, count)
    for k in range(count):
        turn = abs(steps.direction[steps1[k]] - steps.direction[steps2[k]])
        values[k] = 2 * math.pi - turn if turn > math.pi else turn
    out[1] = median_of_first(values, count)
    for k in range(count):
        values[k] = abs(steps.length[steps1[k]] - steps.length[steps2[k]])
    out[2] = median_of_first(values, count)
    out[3] = median_distance(steps.x, steps.y, room, count)
    missing = False
    for k in range(count):
        a, b = steps.duration[steps1[k]], steps.duration[steps2[k]]
        longer = max(a, b)
        missing = missing or a != a or b != b
        values[k] = abs(a - b) / longer if longer > 0 else 0.0
    out[4] = np.nan if missing else median_of_first(values, count)


@kernel
def multimatch_pairs(starts, stops, pairs, steps, scores):
    """Blocks of pairs through `multimatch`; a path without saccades leaves NaN. `scores` has shape (pairs, 5)."""
    longest, offsets = pairs.longest, pairs.offsets
    room = Alignment(
        np.empty((longest, longest)),
        np.empty(2 * longest, np.int64),
        np.empty(2 * longest, np.int64),
        np.empty(2 * longest),
    )
    for block in range(len(starts)):
        for p in range(starts[block], stops[block]):
            a, b = pairs.first[p], pairs.second[p]
            one, two = (offsets[a, 0], offsets[a, 1]), (offsets[b, 0], offsets[b, 1])
            if one[1] > one[0] and two[1] > two[0]:
                multimatch(one, two, steps, room, scores[p])
            else:
                scores[p] = np.nan


@kernel
def scanmatch(one, two, scoring, row):
    """Best Needleman-Wunsch score of two symbol sequences, over the whole table as the published code takes it."""
    # S(i, j) = max(S(i-1, j-1) + similarity(a_i, b_j), S(i-1, j) + gap, S(i, j-1) + gap) (Needleman & Wunsch 1970), of
    # which one row is kept. The textbook takes the last cell; the published Python code takes the highest of all.
    n, m = len(one), len(two)
    gap, similarity = scoring.gap, scoring.similarity
    best, free = gap, gap == 0.0
    for j in range(m + 1):
        row[j] = gap * (j + 1)
        best = max(best, row[j])
    for i in range(n):
        corner, left, symbol = row[0], gap * (i + 2), one[i]
        row[0] = left
        best = max(best, left)
        for j in range(m):
            above = row[j + 1]
            match = corner + similarity[symbol, two[j]]
            # A gap that costs nothing is common, and without the sums each cell waits half as long for the last.
            skip, left = (above, left) if free else (above + gap, left + gap)
            better = match if match > skip else skip
            left = better if better > left else left
            corner = above
            row[j + 1] = left
            best = left if left > best else best
    return best


@kernel
def scanmatch_pairs(starts, stops, pairs, symbols, scoring, scores):
    """Blocks of pairs through `scanmatch`, scaled by the longer sequence; NaN when both are empty."""
    row = np.empty(pairs.longest + 1)
    offsets = pairs.offsets
    for block in range(len(starts)):
        for p in range(starts[block], stops[block]):
            a, b = pairs.first[p], pairs.second[p]
            one, two = symbols[offsets[a, 0] : offsets[a, 1]], symbols[offsets[b, 0] : offsets[b, 1]]
            longer = max(len(one), len(two))
            scores[p] = scanmatch(one, two, scoring, row) / (scoring.highest * longer) if longer else np.nan


@kernel
def path_distances(one, two, room, out):
    """Dynamic time warping, discrete Frechet, Hausdorff and EyeAnalysis distance of two paths, in one pass."""
    # Warping: W(i, j) = d + min of the three cells before (Sakoe & Chiba 1978, without a window). Frechet: L(i, j) =
    # max(d, min of the three cells before) (Eiter & Mannila 1994). All four need every d(i, j): one pass takes it once.
    warp, leash, nearest = room.warp, room.leash, room.nearest
    x1, y1, x2, y2 = one.x, one.y, two.x, two.y
    n, m = len(x1), len(x2)
    nearest[:m] = np.inf
    warp[: m + 1] = np.inf
    leash[: m + 1] = np.inf
    warp[0] = leash[0] = 0.0
    farthest = summed = 0.0
    for i in range(n):
        closest = warp_left = leash_left = np.inf
        warp_corner, leash_corner = warp[0], leash[0]
        warp[0] = leash[0] = np.inf
        for j in range(m):
            right, down = x1[i] - x2[j], y1[i] - y2[j]
            apart = math.sqrt(right * right + down * down)
            closest = min(closest, apart)
            nearest[j] = min(nearest[j], apart)
            warp_left = min(min(warp_corner, warp[j + 1]), warp_left) + apart
            leash_left = max(min(min(leash_corner, leash[j + 1]), leash_left), apart)
            warp_corner, leash_corner = warp[j + 1], leash[j + 1]
            warp[j + 1], leash[j + 1] = warp_left, leash_left
        farthest = max(farthest, closest)
        summed += closest
    for j in range(m):
        farthest = max(farthest, nearest[j])
        summed += nearest[j]
    out[0], out[1], out[2], out[3] = warp[m], leash[m], farthest, summed / max(n, m)


@kernel
def path_distances_pairs(starts, stops, pairs, paths, scores):
    """Blocks of pairs through `path_distances`; an empty path leaves NaN. `scores` has shape (pairs, 4)."""
    room = Rows(np.empty(pairs.longest + 1), np.empty(pairs.longest + 1), np.empty(pairs.longest))
    for block in range(len(starts)):
        for p in range(starts[block], stops[block]):
            one, two = path_of(paths, pairs, pairs.first[p]), path_of(paths, pairs, pairs.second[p])
            if len(one.x) and len(two.x):
                path_distances(one, two, room, scores[p])
            else:
                scores[p] = np.nan


@kernel
def embedding(one, two, windows, similarity):
    """Mean over lengths k of the distance (or its exp(-d)) from each window of path 2 to the nearest of path 1."""
    # A window of length k adds one distance to the window of length k - 1 at the same start: summed over k the cost is
    # n m min(n, m), where the published code starts afresh for every window.
    n, m = len(one.x), len(two.x)
    shorter = min(n, m)
    windows[:n, :m] = 0.0
    summed = 0.0
    for k in range(1, shorter + 1):
        distance = 0.0
        for j in range(m - k + 1):
            nearest = np.inf
            for i in range(n - k + 1):
                right, down = one.x[i + k - 1] - two.x[j + k - 1], one.y[i + k - 1] - two.y[j + k - 1]
                windows[i, j] += math.sqrt(right * right + down * down)
                nearest = min(nearest, windows[i, j])
            distance += nearest / k
        distance /= m - k + 1
        summed += math.exp(-distance) if similarity else distance
    return summed / shorter


@kernel
def embedding_pairs(starts, stops, pairs, paths, similarity, scores):
    """Blocks of pairs through `embedding`; an empty path leaves NaN."""
    windows = np.empty((pairs.longest, pairs.longest))
    for block in range(len(starts)):
        for p in range(starts[block], stops[block]):
            one, two = path_of(paths, pairs, pairs.first[p]), path_of(paths, pairs, pairs.second[p])
            if len(one.x) and len(two.x):
                scores[p] = embedding(one, two, windows, similarity)
            else:
                scores[p] = np.nan
