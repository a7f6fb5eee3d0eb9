"""Labels by a cascade of rules: saccades first, then what swings after them, then blinks, pursuit and fixation.

Gaze comes in degrees, without missing samples: a hole is a jump of the clock. Labels are 1 fixation, 2 saccade,
3 post-saccadic oscillation, 4 smooth pursuit, 5 blink, without START.

Speeds in deg/s, times in ms, shares are of a saccade's peak speed; the names below are places in the settings p.
"""

import numpy as np

from gazeanalytics._kernels import kernel

FIXATION, SACCADE, PSO, PURSUIT, BLINK = 1, 2, 3, 4, 5
WINDOW, PEAK_SPEED, PEAK_NOISE, EDGE_SPEED, EDGE_NOISE, ONSET_SHARE, OFFSET_SHARE, SHORTEST_SACCADE = range(8)
PSO_REST, PSO_LONGEST, SPARSE_FROM, SPARSE_PSO, SPARSE_ONSET, SPARSE_OFFSET, SPARSE_LAST = range(8, 15)
BLINK_MARGIN, SHORTEST_BLINK, PURSUIT_SPEED, PURSUIT_WINDOW, LONGEST_GAP = range(15, 20)


@kernel
def noise(velocity):
    """Robust spread of one component of the velocity (1.4826 times the median absolute deviation)."""
    if velocity.size == 0:
        return 0.0
    return 1.4826 * np.median(np.abs(velocity - np.median(velocity)))


@kernel
def centred_speed(t, x, y, half, longest_gap):
    """Speed over `half` samples to each side (deg/s), and its noise."""
    n = t.size
    across, along = np.zeros(n), np.zeros(n)
    for i in range(n):
        a, b = max(i - half, 0), min(i + half, n - 1)
        if t[b] - t[a] > longest_gap:
            a = i if t[i] - t[a] > longest_gap else a
            b = i if t[b] - t[i] > longest_gap else b
        if t[b] > t[a]:
            across[i] = (x[b] - x[a]) / (t[b] - t[a]) * 1000.0
            along[i] = (y[b] - y[a]) / (t[b] - t[a]) * 1000.0
    return np.sqrt(across * across + along * along), np.hypot(noise(across), noise(along))


@kernel
def step_speed(t, x, y, longest_gap):
    """Speed from each sample to the next (deg/s; 0 for the last and across gaps), and its noise."""
    n = t.size
    across, along = np.zeros(n), np.zeros(n)
    for i in range(n - 1):
        took = t[i + 1] - t[i]
        if 0.0 < took <= longest_gap:
            across[i] = (x[i + 1] - x[i]) / took * 1000.0
            along[i] = (y[i + 1] - y[i]) / took * 1000.0
    return np.sqrt(across * across + along * along), np.hypot(noise(across), noise(along))


@kernel
def dense_saccades(speed, step, peak, edge, p, labels):
    """Saccades and oscillations where a saccade has many samples.

    A saccade spreads from its fastest sample down to the edge speed or to a share of its peak; it ends, too, at the
    first dip, where an oscillation swings back. The oscillation lasts while the speed keeps rising above its own
    threshold with short rests between.
    """
    n = speed.size
    rest, longest = max(1, int(np.floor(p[PSO_REST] / step + 0.5))), int(p[PSO_LONGEST] / step)
    i, free = 0, 0
    while i < n:
        if speed[i] <= peak:
            i += 1
            continue
        top, after = i, i
        while after < n and speed[after] > peak:
            top = after if speed[after] > speed[top] else top
            after += 1
        begin, end = top, top + 1
        while begin > free and speed[begin - 1] > max(edge, p[ONSET_SHARE] * speed[top]):
            begin -= 1
        while end < n and speed[end] > edge:
            dips = end + 1 < n and speed[end] <= speed[end - 1] and speed[end] < speed[end + 1]
            end += 1
            if dips and speed[end - 1] < p[OFFSET_SHARE] * speed[top]:
                break
        if (end - begin) * step < p[SHORTEST_SACCADE] * (1.0 - 1e-9):
            i = max(after, end)
            continue
        labels[begin:end] = SACCADE
        last = end - 1
        for k in range(end, min(n, end + longest)):
            if k - last > rest:
                break
            if speed[k] > edge:
                last = k
        labels[end : last + 1] = PSO
        free = last + 1
        i = max(free, top + 1)


@kernel
def sparse_saccades(speed, step, peak, edge, p, labels):
    """Saccades and oscillations where a saccade has few samples: those between fast steps are in flight.

    `speed` is that of the step from each sample to the next. The first sample of a fast run has yet to move; the last
    has arrived, unless its step is a large share of the fastest.
    """
    n = speed.size
    i, free = 0, 0
    while i < n - 1:
        if speed[i] <= peak:
            i += 1
            continue
        top, after = i, i
        while after < n - 1 and speed[after] > peak:
            top = after if speed[after] > speed[top] else top
            after += 1
        begin, end = top, top + 1
        while begin > free and speed[begin - 1] > max(edge, p[SPARSE_ONSET] * speed[top]):
            begin -= 1
        while end < n - 1 and speed[end] > max(edge, p[SPARSE_OFFSET] * speed[top]):
            end += 1
        first = begin + 1
        last = end if speed[end - 1] > p[SPARSE_LAST] * speed[top] else end - 1
        if last < first:
            first = last = end if begin == 0 or speed[end] > speed[begin - 1] else begin
        labels[first : last + 1] = SACCADE
        swing = last + 1
        while (
            swing < n - 1
            and (swing - last) * step <= p[PSO_LONGEST]
            and p[SPARSE_PSO] < speed[swing] < 0.5 * speed[top]
        ):
            swing += 1
        labels[last + 1 : swing] = PSO
        free = swing
        i = max(after, end, swing)


@kernel
def blinks(t, step, p, labels):
    """Turn what moves beside a hole into blink (the lids drag the gaze), and shorter fixations between."""
    n = t.size
    for i in range(1, n):
        if t[i] - t[i - 1] < max(p[SHORTEST_BLINK], 1.5 * step):
            continue
        for side in (-1, 1):
            k = i if side > 0 else i - 1
            edge = k
            since = t[k]
            while 0 <= k < n and abs(t[k] - since) <= p[BLINK_MARGIN]:
                if 0 <= k - side < n and k != edge and abs(t[k] - t[k - side]) > p[LONGEST_GAP]:
                    break
                if labels[k] != FIXATION:
                    labels[min(edge, k) : max(edge, k) + 1] = BLINK
                    edge = k
                    since = t[k]
                k += side


@kernel
def pursuit(t, x, y, slowest, window, labels):
    """Turn fixations that drift into pursuit, by the speed from end to end of the `window` ms around a sample."""
    n = t.size
    i = 0
    while i < n:
        if labels[i] != FIXATION:
            i += 1
            continue
        stop = i
        while stop < n and labels[stop] == FIXATION:
            stop += 1
        a, b = i, i
        for k in range(i, stop):
            while t[k] - t[a] > window / 2:
                a += 1
            while b + 1 < stop and t[b + 1] - t[k] <= window / 2:
                b += 1
            if b > a and np.hypot(x[b] - x[a], y[b] - y[a]) / (t[b] - t[a]) * 1000.0 > slowest:
                labels[k] = PURSUIT
        i = stop


@kernel
def cascade(t, x, y, step, p, labels):
    """Label one reading."""
    labels[:] = FIXATION
    if t.size < 3:
        return
    if step < p[SPARSE_FROM]:
        half = max(1, int(np.floor(p[WINDOW] / (2.0 * step) + 0.5)))
        speed, spread = centred_speed(t, x, y, half, p[LONGEST_GAP])
        peak = max(p[PEAK_SPEED], p[PEAK_NOISE] * spread)
        dense_saccades(speed, step, peak, min(peak, max(p[EDGE_SPEED], p[EDGE_NOISE] * spread)), p, labels)
    else:
        speed, spread = step_speed(t, x, y, p[LONGEST_GAP])
        peak = max(p[PEAK_SPEED], p[PEAK_NOISE] * spread)
        sparse_saccades(speed, step, peak, min(peak, max(p[EDGE_SPEED], p[EDGE_NOISE] * spread)), p, labels)
    blinks(t, step, p, labels)
    if p[PURSUIT_SPEED] > 0:
        pursuit(t, x, y, p[PURSUIT_SPEED], p[PURSUIT_WINDOW], labels)


@kernel
def cascade_over_readings(starts, stops, t, right, down, settings, labels, steps):
    """`cascade` of every reading."""
    for r in range(starts.size):
        part = slice(starts[r], stops[r])
        cascade(t[part], right[part], down[part], steps[r], settings, labels[part])
