"""Labels by a forest of decision trees on measures at several scales, smoothed by a chain with shortest durations.

Gaze comes in degrees, without missing samples: a hole is a jump of the clock. Classes are 0 fixation, 1 saccade,
2 post-saccadic oscillation, 3 smooth pursuit, 4 blink; labels are one more. Speeds are in deg/s, times in ms.
"""

import numpy as np

from gazeanalytics._kernels import kernel

CLASSES = 5
SCALES = (2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)
# 4 measures a scale, 3 more on scales from 8 ms on, 4 on the last and 4 on the next peak, 10 others.
MEASURES = 4 * 7 + 3 * 5 + 8 + 10
_FAR, _LONG_HOLE = 300.0, 20.0
_PEAK_RULES_FOR = 60.0


@kernel
def pieces(t, longest_gap, first, last):
    """First and last sample of the stretch without a jump of the clock that each sample lies in."""
    for i in range(t.size):
        first[i] = first[i - 1] if i > 0 and t[i] - t[i - 1] <= longest_gap else i
    for i in range(t.size - 1, -1, -1):
        last[i] = last[i + 1] if i < t.size - 1 and t[i + 1] - t[i] <= longest_gap else i


@kernel
def nearest_peaks(t, speed, least, way, peaks):
    """Place of the nearest peak of speed before (way 1) or after (way -1) each sample, -1 for none.

    A peak hides lower ones for the next 60 ms.
    """
    n = t.size
    peak = -1
    for k in range(n):
        i = k if way > 0 else n - 1 - k
        if 0 < i < n - 1 and speed[i] > least and speed[i] >= speed[i - 1] and speed[i] >= speed[i + 1]:
            if peak < 0 or abs(t[i] - t[peak]) > _PEAK_RULES_FOR or speed[i] > speed[peak]:
                peak = i
        peaks[i] = peak


@kernel
def distances(t, labels, hole, since, until, run_since, run_until):
    """Time since and until a hole of over `hole` ms, and since and until the edges of a run of labels; at most 300."""
    n = t.size
    edge, begin = -np.inf, -np.inf
    for i in range(n):
        if i > 0 and t[i] - t[i - 1] > hole:
            edge = t[i]
        if i == 0 or labels[i] != labels[i - 1]:
            begin = t[i]
        since[i], run_since[i] = min(_FAR, t[i] - edge), min(_FAR, t[i] - begin)
    edge, begin = np.inf, np.inf
    for i in range(n - 1, -1, -1):
        if i < n - 1 and t[i + 1] - t[i] > hole:
            edge = t[i]
        if i == n - 1:
            begin = t[i]
        elif labels[i] != labels[i + 1]:
            begin = t[i + 1]
        until[i], run_until[i] = min(_FAR, edge - t[i]), min(_FAR, begin - t[i])


@kernel
def scale_measures(t, x, y, sums, i, a, b, means, out, c):
    """Measures of the stretches from a to i and from i to b; return the place after the last."""
    before, after = t[i] - t[a], t[b] - t[i]
    bx, by, fx, fy = x[i] - x[a], y[i] - y[a], x[b] - x[i], y[b] - y[i]
    came, goes = np.sqrt(bx * bx + by * by), np.sqrt(fx * fx + fy * fy)
    out[c] = came / before * 1000.0 if before > 0 else 0.0
    out[c + 1] = goes / after * 1000.0 if after > 0 else 0.0
    out[c + 2] = np.sqrt((bx + fx) ** 2 + (by + fy) ** 2) / (before + after) * 1000.0 if before + after > 0 else 0.0
    out[c + 3] = (bx * fx + by * fy) / (came * goes) if came * goes > 0 else 0.0
    if not means:
        return c + 4
    left, right = i - a + 1, b - i + 1
    mx, my = (sums[i + 1, 0] - sums[a, 0]) / left, (sums[i + 1, 1] - sums[a, 1]) / left
    qx, qy = (sums[b + 1, 0] - sums[i, 0]) / right, (sums[b + 1, 1] - sums[i, 1]) / right
    out[c + 4] = np.sqrt((mx - qx) ** 2 + (my - qy) ** 2)
    out[c + 5] = np.sqrt(max((sums[i + 1, 2] - sums[a, 2]) / left - mx * mx - my * my, 0.0))
    out[c + 6] = np.sqrt(max((sums[b + 1, 2] - sums[i, 2]) / right - qx * qx - qy * qy, 0.0))
    return c + 7


@kernel
def peak_measures(t, x, y, across, along, speed, i, peak, way, inside, out, c):
    """Time to a peak, its speed, and speed and way of this sample along the peak's direction."""
    if peak < 0 or not inside:
        out[c], out[c + 1], out[c + 2], out[c + 3] = 400.0, 0.0, 0.0, 0.0
        return c + 4
    scale = 1.0 / speed[peak]
    out[c], out[c + 1] = min(abs(t[i] - t[peak]), 400.0), speed[peak]
    out[c + 2] = (across[i] * across[peak] + along[i] * along[peak]) * scale
    out[c + 3] = way * ((x[i] - x[peak]) * across[peak] + (y[i] - y[peak]) * along[peak]) * scale
    return c + 4


@kernel
def prepare(t, x, y, step, longest_gap, first_guess):
    """What all measures of a reading share: pieces, running sums, velocity, peaks, distances, noise."""
    n = t.size
    places = np.empty((4, n), np.int64)
    pieces(t, longest_gap, places[0], places[1])
    sums = np.zeros((n + 1, 3))
    for i in range(n):
        dx, dy = x[i] - x[0], y[i] - y[0]
        sums[i + 1, 0], sums[i + 1, 1] = sums[i, 0] + dx, sums[i, 1] + dy
        sums[i + 1, 2] = sums[i, 2] + dx * dx + dy * dy
    half = max(1, int(np.floor(4.0 / step + 0.5)))
    motion = np.zeros((3, n))
    for i in range(n):
        a, b = max(i - half, places[0, i]), min(i + half, places[1, i])
        if t[b] > t[a]:
            motion[0, i] = (x[b] - x[a]) / (t[b] - t[a]) * 1000.0
            motion[1, i] = (y[b] - y[a]) / (t[b] - t[a]) * 1000.0
        motion[2, i] = np.sqrt(motion[0, i] ** 2 + motion[1, i] ** 2)
    noise = 1.4826 * np.median(motion[2])
    for row, way in ((2, 1), (3, -1)):
        nearest_peaks(t, motion[2], max(25.0, 4.0 * noise), way, places[row])
    times = np.empty((4, n))
    distances(t, first_guess, max(_LONG_HOLE, 1.5 * step), times[0], times[1], times[2], times[3])
    return places, sums, motion, times, noise


@kernel
def measure(t, x, y, step, first_guess, places, sums, motion, times, noise, i, out):
    """All measures of sample i."""
    first, last = places[0, i], places[1, i]
    c = 0
    for s in range(len(SCALES)):
        reach = max(1, int(np.floor(SCALES[s] / step + 0.5)))
        c = scale_measures(t, x, y, sums, i, max(i - reach, first), min(i + reach, last), s >= 2, out, c)
    before, after = places[2, i], places[3, i]
    across, along, speed = motion[0], motion[1], motion[2]
    c = peak_measures(t, x, y, across, along, speed, i, before, 1.0, before >= first, out, c)
    c = peak_measures(t, x, y, across, along, speed, i, after, -1.0, after <= last, out, c)
    out[c], out[c + 1] = times[0, i], times[1, i]
    out[c + 2], out[c + 3] = min(_FAR, t[i] - t[first]), min(_FAR, t[last] - t[i])
    out[c + 4], out[c + 5] = noise, abs(along[i]) / speed[i] if speed[i] > 0 else 0.5
    out[c + 6], out[c + 7] = step, first_guess[i]
    out[c + 8], out[c + 9] = times[2, i], times[3, i]


@kernel
def measures_over_readings(starts, stops, t, x, y, first_guess, longest_gap, out, steps):
    """All measures of every sample, float32, shape (samples, MEASURES)."""
    row = np.empty(MEASURES)
    for r in range(starts.size):
        a, b = starts[r], stops[r]
        if b - a < 3:
            out[a:b] = 0.0
            continue
        tr, xr, yr, guess = t[a:b], x[a:b], y[a:b], first_guess[a:b]
        places, sums, motion, times, noise = prepare(tr, xr, yr, steps[r], longest_gap, guess)
        for i in range(b - a):
            measure(tr, xr, yr, steps[r], guess, places, sums, motion, times, noise, i, row)
            out[a + i] = row


@kernel
def forest(row, roots, feature, threshold, below, above, leaves, out):
    """Mean class shares of the trees at a row of measures. Leaves have feature -1, and in `below` a row of `leaves`."""
    out[:] = 0.0
    for root in roots:
        node = root
        while feature[node] >= 0:
            node = below[node] if row[feature[node]] <= threshold[node] else above[node]
        for k in range(CLASSES):
            out[k] += leaves[below[node], k]
    for k in range(CLASSES):
        out[k] /= roots.size


@kernel
def smooth(scores, leave, moves, shortest, labels):
    """Most likely run of classes when each must last `shortest` samples.

    scores: log of the class shares. leave: log chance to stay (0) or leave (1) at a step, a class. moves: log chance
    of the next class. A class is entered by paying for its shortest run at once, out of running sums.
    """
    n = scores.shape[0]
    sums = np.zeros((n + 1, CLASSES))
    best = np.full((n + 1, CLASSES), -np.inf)
    came = np.full((n + 1, CLASSES), -1, np.int8)
    for i in range(1, n + 1):
        for k in range(CLASSES):
            sums[i, k] = sums[i - 1, k] + scores[i - 1, k]
        for k in range(CLASSES):
            begin = max(i - shortest[k], 0)
            run = sums[i, k] - sums[begin, k] + (i - begin - 1) * leave[0, k]
            enter, source = (run, np.int8(k)) if begin == 0 else (-np.inf, np.int8(-1))
            if begin > 0:
                for q in range(CLASSES):
                    value = best[begin, q] + leave[1, q] + moves[q, k] + run
                    if q != k and value > enter:
                        enter, source = value, np.int8(q)
            stay = best[i - 1, k] + leave[0, k] + scores[i - 1, k]
            if stay >= enter:
                best[i, k] = stay
            else:
                best[i, k], came[i, k] = enter, source
    i, k = n, int(np.argmax(best[n]))
    while i > 0:
        if came[i, k] < 0:
            labels[i - 1] = k + 1
            i -= 1
            continue
        begin = max(i - shortest[k], 0)
        labels[begin:i] = k + 1
        i, k = begin, int(came[i, k])


@kernel
def worth(t, first_guess, step, near, rest, wanted):
    """Mark the samples that the forest looks at: those near a change of the first guess or a hole, others at a rest."""
    n = t.size
    wanted[:] = False
    gap = max(_LONG_HOLE, 1.5 * step)
    reach, pause = int(np.ceil(near / step)), max(1, int(rest / step))
    until = -1
    for i in range(n):
        if first_guess[i] != 1 or i == 0 or i == n - 1 or t[i] - t[i - 1] > gap:
            for k in range(max(until + 1, i - reach), min(n, i + reach + 1)):
                wanted[k] = True
            until = max(until, min(n, i + reach + 1) - 1)
    for i in range(0, n, pause):
        wanted[i] = True


@kernel
def learned(t, x, y, step, first_guess, settings, trees, chain, labels):
    """Label one reading; settings: longest gap, near, rest (ms), whether pursuit stays, weight of the chain."""
    n = t.size
    labels[:] = 1
    if n < 3:
        return
    roots, feature, threshold, below, above, leaves = trees
    rates, moves, lasting = chain
    places, sums, motion, times, noise = prepare(t, x, y, step, settings[0], first_guess)
    wanted = np.empty(n, np.bool_)
    worth(t, first_guess, step, settings[1], settings[2], wanted)
    row, shares = np.empty(MEASURES), np.empty(CLASSES)
    scores = np.empty((n, CLASSES))
    for i in range(n):
        if wanted[i]:
            measure(t, x, y, step, first_guess, places, sums, motion, times, noise, i, row)
            forest(row, roots, feature, threshold, below, above, leaves, shares)
            for k in range(CLASSES):
                shares[k] = np.log(max(shares[k], 1e-4))
        scores[i] = shares
    leave = np.empty((2, CLASSES))
    shortest = np.empty(CLASSES, np.int64)
    for k in range(CLASSES):
        leave[0, k] = -rates[k] * step * settings[4]
        leave[1, k] = np.log(-np.expm1(-rates[k] * step)) * settings[4]
        shortest[k] = max(1, int(np.floor(lasting[k] / step + 0.5)))
    i = 0
    while i < n:
        stop = places[1, i] + 1
        smooth(scores[i:stop], leave, moves * settings[4], shortest, labels[i:stop])
        i = stop
    if settings[3] == 0.0:
        for i in range(n):
            labels[i] = 1 if labels[i] == 4 else labels[i]


@kernel
def learned_over_readings(starts, stops, t, x, y, settings, trees, chain, first_guess, labels, steps):
    """`learned` of every reading."""
    for r in range(starts.size):
        part = slice(starts[r], stops[r])
        learned(t[part], x[part], y[part], steps[r], first_guess[part], settings, trees, chain, labels[part])
