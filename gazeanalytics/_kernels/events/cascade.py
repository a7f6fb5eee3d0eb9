"""Labels by a cascade of rules: saccades first, then what swings after them, then blinks, pursuit and fixation.

Gaze comes in degrees, without missing samples: a hole is a jump of the clock. Labels are 1 fixation, 2 saccade,
3 post-saccadic oscillation, 4 smooth pursuit, 5 blink, without START.

Speeds in deg/s, times in ms, shares are of a saccade's peak speed; the names below are places in the settings p.
"""

import numpy as np

from gazeanalytics._kernels import kernel

FIXATION, SACCADE, PSO, PURSUIT, BLINK = 1, 2, 3, 4, 5
WINDOW, PEAK_SPEED, PEAK_NOISE, EDGE_SPEED, EDGE_NOISE, ONSET_SHARE, OFFSET_SHARE, SHORTEST_SACCADE = range(8)
PSO_REST, PSO_LONGEST, SPARSE_FROM, FLIGHT, FLIGHT_PER_DEG, FLIGHT_BEFORE, SPARSE_PSO, SPARSE_PSO_NOISE = range(8, 16)
STRAIGHTNESS, BLINK_MARGIN, SHORTEST_BLINK, LONGEST_BLINK, PURSUIT_SPEED, PURSUIT_WINDOW = range(16, 22)
SHORTEST_FIXATION, LONGEST_GAP = range(22, 24)


@kernel
def fast_run(t, speed, i, n, peak, hole):
    """Fastest sample, and the sample after the last, of the run above the peak speed from sample i up to a hole."""
    top, after = i, i + 1
    while after < n and speed[after] > peak and t[after] - t[after - 1] < hole:
        top = after if speed[after] > speed[top] else top
        after += 1
    return top, after


@kernel
def dense_saccades(t, speed, step, peak, edge, p, labels):
    """Saccades and oscillations where a saccade has many samples.

    A saccade spreads from its fastest sample down to the edge speed or to a share of its peak; it ends, too, at the
    first dip, where an oscillation swings back. The oscillation lasts while the speed keeps rising above its own
    threshold with short rests between.
    """
    n = speed.size
    rest, longest = max(1, int(np.floor(p[PSO_REST] / step + 0.5))), int(p[PSO_LONGEST] / step)
    hole = max(p[SHORTEST_BLINK], 1.5 * step)
    i, free = 0, 0
    while i < n:
        if speed[i] <= peak:
            i += 1
            continue
        top, after = fast_run(t, speed, i, n, peak, hole)
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
def time_of_flight(t, x, y, speed, begin, end, p):
    """When the saccade over the steps from sample `begin` to `end` takes off and lands (ms after `begin`).

    The third number is how straight it is: its size as a share of its way. Its middle is the mean time of its steps,
    each weighing as much as it is long; how long it lasts is told by its size (the main sequence of durations). So it
    is timed more finely than samples are apart.
    """
    way, middle = 0.0, 0.0
    for k in range(begin, end):
        step = speed[k] * (t[k + 1] - t[k])
        way += step
        middle += step * ((t[k] - t[begin]) + (t[k + 1] - t[begin])) / 2.0
    size = np.hypot(x[end] - x[begin], y[end] - y[begin])
    lasts = p[FLIGHT] + p[FLIGHT_PER_DEG] * size
    takes_off = middle / way - p[FLIGHT_BEFORE] * lasts
    return takes_off, takes_off + lasts, 1000.0 * size / way


@kernel
def sparse_saccades(t, x, y, speed, step, spread, peak, edge, p, labels):
    """Saccades and oscillations where a saccade has few samples.

    `speed` is that of the step from each sample to the next. Fast steps make a saccade; the samples within its time of
    flight are in it, at least the nearest one. Then the eye swings while the steps beside a sample stay fast. What
    comes back to where it was is noise of the tracker, no saccade.
    """
    n = speed.size
    hole = max(p[SHORTEST_BLINK], 1.5 * step)
    swings = max(p[SPARSE_PSO], p[SPARSE_PSO_NOISE] * spread)
    i, free = 0, 0
    while i < n - 1:
        if speed[i] <= peak:
            i += 1
            continue
        top, after = fast_run(t, speed, i, n - 1, peak, hole)
        begin, end = top, top + 1
        while begin > free and speed[begin - 1] > max(edge, p[ONSET_SHARE] * speed[top]):
            begin -= 1
        while end < n - 1 and speed[end] > max(edge, p[OFFSET_SHARE] * speed[top]):
            end += 1
        takes_off, lands, straight = time_of_flight(t, x, y, speed, begin, end, p)
        if straight < p[STRAIGHTNESS]:
            i = max(after, end)
            continue
        first, last = begin, end
        while first < end and t[first] - t[begin] < takes_off:
            first += 1
        while last > first and t[last] - t[begin] >= lands:
            last -= 1
        labels[first : last + 1] = SACCADE
        free = last + 1
        while (
            free < n - 1
            and t[free] - t[last] - step / 2.0 <= p[PSO_LONGEST]
            and max(speed[free - 1], speed[free]) > swings
            and speed[free] < 0.5 * speed[top]
        ):
            free += 1
        labels[last + 1 : free] = PSO
        i = max(after, end, free)


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
def cascade(t, x, y, step, speed, spread, p, labels):
    """Label one reading."""
    labels[:] = FIXATION
    if t.size < 3:
        return
    peak = max(p[PEAK_SPEED], p[PEAK_NOISE] * spread)
    edge = min(peak, max(p[EDGE_SPEED], p[EDGE_NOISE] * spread))
    if step < p[SPARSE_FROM]:
        dense_saccades(t, speed, step, peak, edge, p, labels)
    else:
        sparse_saccades(t, x, y, speed, step, spread, peak, edge, p, labels)
    blinks(t, step, p, labels)
    if p[PURSUIT_SPEED] > 0:
        pursuit(t, x, y, p[PURSUIT_SPEED], p[PURSUIT_WINDOW], labels)


@kernel
def cascade_over_readings(starts, stops, t, right, down, speed, spreads, settings, labels, steps):
    """`cascade` of every reading; speed, spreads: as `events_speed.speeds_over_readings` tells them."""
    for r in range(starts.size):
        part = slice(starts[r], stops[r])
        cascade(t[part], right[part], down[part], steps[r], speed[part], spreads[r], settings, labels[part])
