"""Two scanpaths aligned or compared point by point: MultiMatch, ScanMatch, warping, embedding, cross-recurrence.

Paths are packed one after another; `offsets` says where each begins and ends. A batch kernel gets blocks of pairs
(`starts`, `stops`), the two path numbers of every pair and a table of scores, of which it fills its own rows.
"""

from __future__ import annotations

import math

import numpy as np

from gazeanalytics._kernels import kernel

# Below this length sorting by insertion beats partitioning.
_FEW = 24


@kernel
def median(values, count):
    """Median of the first `count` values, which are reordered; NaN when there is none."""
    if count == 0:
        return np.nan
    middle = count // 2
    if count <= _FEW:
        # Every comparison is made, whatever the last one said: nothing for the processor to guess wrong.
        for i in range(1, count):
            value = values[i]
            for j in range(i):
                held = values[j]
                values[j] = held if held < value else value
                value = value if held < value else held
            values[i] = value
        if count % 2:
            return values[middle]
        return (values[middle - 1] + values[middle]) / 2
    low, high = 0, count - 1
    while low < high:
        pivot = values[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if middle <= j:
            high = j
        elif middle >= i:
            low = i
        else:
            break
    if count % 2:
        return values[middle]
    below = values[0]
    for i in range(1, middle):
        below = max(below, values[i])
    return (below + values[middle]) / 2


@kernel
def comes_first(dx1, dy1, dx2, dy2):
    """Whether the first path is the shorter one, or of equal length and no greater saccade by saccade."""
    if len(dx1) != len(dx2):
        return len(dx1) < len(dx2)
    for i in range(len(dx1)):
        if dx1[i] != dx2[i]:
            return dx1[i] < dx2[i]
        if dy1[i] != dy2[i]:
            return dy1[i] < dy2[i]
    return True


@kernel
def align_saccades(dx1, dy1, dx2, dy2, total, steps1, steps2):
    """Cheapest way through the matrix of saccade differences; returns its number of steps, written from end to start.

    The weight of a node is the length of the difference of the two saccade vectors; the start weighs nothing. Among
    predecessors of equal cost the diagonal one is taken, then the step back in the first path, then in the second.
    """
    n, m = len(dx1), len(dx2)
    for i in range(n):
        row = total[i]
        for j in range(m):
            right, down = dx1[i] - dx2[j], dy1[i] - dy2[j]
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
    i, j, count = n - 1, m - 1, 0
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


@kernel
def multimatch(one, two, saccade, total, steps1, steps2, values, out):
    """Medians along the alignment of shape, direction, length, position and duration differences, not yet scaled.

    `one` and `two` are first and last row of the paths in `saccade`, whose columns are x, y, dx, dy, length,
    direction, duration. Without all durations the fifth is NaN.
    """
    # A row first and then its part: only so does the compiler know that neighbours lie together.
    dx1, dy1 = saccade[2, one[0] : one[1]], saccade[3, one[0] : one[1]]
    dx2, dy2 = saccade[2, two[0] : two[1]], saccade[3, two[0] : two[1]]
    if not comes_first(dx1, dy1, dx2, dy2):
        one, two, dx1, dy1, dx2, dy2 = two, one, dx2, dy2, dx1, dy1
    count = align_saccades(dx1, dy1, dx2, dy2, total, steps1, steps2)
    for k in range(count):
        steps1[k] += one[0]
        steps2[k] += two[0]
    x, y, dx, dy, length, direction, duration = (
        saccade[0],
        saccade[1],
        saccade[2],
        saccade[3],
        saccade[4],
        saccade[5],
        saccade[6],
    )
    for k in range(count):
        right, down = dx[steps1[k]] - dx[steps2[k]], dy[steps1[k]] - dy[steps2[k]]
        values[k] = math.sqrt(right * right + down * down)
    out[0] = median(values, count)
    for k in range(count):
        turn = abs(direction[steps1[k]] - direction[steps2[k]])
        values[k] = 2 * math.pi - turn if turn > math.pi else turn
    out[1] = median(values, count)
    for k in range(count):
        values[k] = abs(length[steps1[k]] - length[steps2[k]])
    out[2] = median(values, count)
    for k in range(count):
        right, down = x[steps1[k]] - x[steps2[k]], y[steps1[k]] - y[steps2[k]]
        values[k] = math.sqrt(right * right + down * down)
    out[3] = median(values, count)
    missing = False
    for k in range(count):
        a, b = duration[steps1[k]], duration[steps2[k]]
        longer = max(a, b)
        missing = missing or a != a or b != b
        values[k] = abs(a - b) / longer if longer > 0 else 0.0
    out[4] = np.nan if missing else median(values, count)


@kernel
def multimatch_pairs(starts, stops, first, second, offsets, saccade, longest, scores):
    """Blocks of pairs through `multimatch`; a path without saccades leaves NaN. `scores` has shape (pairs, 5)."""
    total = np.empty((longest, longest))
    steps1, steps2 = np.empty(2 * longest, np.int64), np.empty(2 * longest, np.int64)
    values = np.empty(2 * longest)
    for block in range(len(starts)):
        for p in range(starts[block], stops[block]):
            a, b = first[p], second[p]
            one, two = (offsets[a, 0], offsets[a, 1]), (offsets[b, 0], offsets[b, 1])
            if one[1] > one[0] and two[1] > two[0]:
                multimatch(one, two, saccade, total, steps1, steps2, values, scores[p])
            else:
                scores[p] = np.nan


@kernel
def scanmatch(one, two, similarity, gap, row):
    """Best Needleman-Wunsch score of two symbol sequences, over the whole table as the published code takes it."""
    n, m = len(one), len(two)
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
def scanmatch_pairs(starts, stops, first, second, offsets, symbols, similarity, highest, gap, longest, scores):
    """Blocks of pairs through `scanmatch`, scaled by the longer sequence; NaN when both are empty."""
    row = np.empty(longest + 1)
    for block in range(len(starts)):
        for p in range(starts[block], stops[block]):
            a, b = first[p], second[p]
            one, two = symbols[offsets[a] : offsets[a + 1]], symbols[offsets[b] : offsets[b + 1]]
            longer = max(len(one), len(two))
            scores[p] = scanmatch(one, two, similarity, gap, row) / (highest * longer) if longer else np.nan


@kernel
def path_distances(x1, y1, x2, y2, warp, leash, nearest, out):
    """Dynamic time warping, discrete Frechet, Hausdorff and EyeAnalysis distance of two paths, in one pass."""
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
def path_distances_pairs(starts, stops, first, second, offsets, x, y, longest, scores):
    """Blocks of pairs through `path_distances`; an empty path leaves NaN. `scores` has shape (pairs, 4)."""
    warp, leash, nearest = np.empty(longest + 1), np.empty(longest + 1), np.empty(longest)
    for block in range(len(starts)):
        for p in range(starts[block], stops[block]):
            a, b = first[p], second[p]
            one, two = slice(offsets[a, 0], offsets[a, 1]), slice(offsets[b, 0], offsets[b, 1])
            if one.stop > one.start and two.stop > two.start:
                path_distances(x[one], y[one], x[two], y[two], warp, leash, nearest, scores[p])
            else:
                scores[p] = np.nan


@kernel
def embedding(x1, y1, x2, y2, windows, similarity):
    """Mean over lengths k of the distance (or its exp(-d)) from each window of path 2 to the nearest of path 1."""
    n, m = len(x1), len(x2)
    shorter = min(n, m)
    windows[:n, :m] = 0.0
    summed = 0.0
    for k in range(1, shorter + 1):
        distance = 0.0
        for j in range(m - k + 1):
            nearest = np.inf
            for i in range(n - k + 1):
                right, down = x1[i + k - 1] - x2[j + k - 1], y1[i + k - 1] - y2[j + k - 1]
                windows[i, j] += math.sqrt(right * right + down * down)
                nearest = min(nearest, windows[i, j])
            distance += nearest / k
        distance /= m - k + 1
        summed += math.exp(-distance) if similarity else distance
    return summed / shorter


@kernel
def embedding_pairs(starts, stops, first, second, offsets, x, y, similarity, longest, scores):
    """Blocks of pairs through `embedding`; an empty path leaves NaN."""
    windows = np.empty((longest, longest))
    for block in range(len(starts)):
        for p in range(starts[block], stops[block]):
            a, b = first[p], second[p]
            one, two = slice(offsets[a, 0], offsets[a, 1]), slice(offsets[b, 0], offsets[b, 1])
            if one.stop > one.start and two.stop > two.start:
                scores[p] = embedding(x[one], y[one], x[two], y[two], windows, similarity)
            else:
                scores[p] = np.nan


@kernel
def cross_recurrence(x1, y1, x2, y2, radius, line, near, out):
    """Recurrence, determinism, laminarity (all %) and centre of mass (-100 to 100) of two paths' near pairs."""
    n, m = len(x1), len(x2)
    count = lag = 0
    for i in range(n):
        for j in range(m):
            right, down = x1[i] - x2[j], y1[i] - y2[j]
            near[i, j] = math.sqrt(right * right + down * down) <= radius
            if near[i, j]:
                count += 1
                lag += j - i
    out[0] = 100.0 * count / (n * m)
    if count == 0:
        out[1:] = np.nan
        return
    out[1] = 100.0 * (points_in_lines(near, n, m, 1, 1, line)) / count
    level, upright = points_in_lines(near, n, m, 0, 1, line), points_in_lines(near, n, m, 1, 0, line)
    out[2] = 100.0 * (level + upright) / (2 * count)
    longer = max(n, m) - 1
    out[3] = 100.0 * lag / (longer * count) if longer else 0.0


@kernel
def points_in_lines(near, n, m, down, right, line):
    """How many near points lie in unbroken runs of at least `line` points along that direction."""
    found = 0
    for i in range(n):
        for j in range(m):
            begins = near[i, j] and (i < down or j < right or not near[i - down, j - right])
            if begins:
                run = 1
                while i + run * down < n and j + run * right < m and near[i + run * down, j + run * right]:
                    run += 1
                if run >= line:
                    found += run
    return found


@kernel
def cross_recurrence_pairs(starts, stops, first, second, offsets, x, y, radius, line, longest, scores):
    """Blocks of pairs through `cross_recurrence`; an empty path leaves NaN. `scores` has shape (pairs, 4)."""
    near = np.empty((longest, longest), np.bool_)
    for block in range(len(starts)):
        for p in range(starts[block], stops[block]):
            a, b = first[p], second[p]
            one, two = slice(offsets[a, 0], offsets[a, 1]), slice(offsets[b, 0], offsets[b, 1])
            if one.stop > one.start and two.stop > two.start:
                cross_recurrence(x[one], y[one], x[two], y[two], radius, line, near, scores[p])
            else:
                scores[p] = np.nan
