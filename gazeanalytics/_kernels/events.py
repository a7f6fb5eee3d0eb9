"""Samples to labels to events: audit of a recording, velocity threshold, dispersion threshold, tables of events.

A label is a uint8: 0 missing or nothing, 1 fixation, 2 saccade, 3 post-saccadic oscillation, 4 smooth pursuit, 5 blink,
6 noise. While a detector works, START (128) is added where an event begins, so that two fixations may touch.

`view` is the row (centre x, centre y, distance x, distance y) of a Viewing, all in image pixels. Angles between
neighbours are told by their sine, |p x q| / (|p| |q|) of the two rays, which is exact and needs no trigonometry.
"""

import numpy as np

from gazeanalytics._kernels import kernel

MISSING, FIXATION, SACCADE, PSO, PURSUIT, BLINK, NOISE = 0, 1, 2, 3, 4, 5, 6
START = 128
_PROBES = 512


@kernel
def interval(t):
    """Median time between neighbours (ms), from at most 512 places spread over the reading; NaN without any."""
    pairs = t.size - 1
    count = min(pairs, _PROBES)
    if count < 1:
        return np.nan
    steps = np.empty(count)
    kept = 0
    for k in range(count):
        i = k * pairs // count
        step = t[i + 1] - t[i]
        if step > 0:
            steps[kept] = step
            kept += 1
    return np.median(steps[:kept]) if kept else np.nan


@kernel
def sine_squared(x0, y0, x1, y1, view):
    """Squared sine of the angle at the eye between two image points."""
    u0, v0 = (x0 - view[0]) / view[2], (y0 - view[1]) / view[3]
    u1, v1 = (x1 - view[0]) / view[2], (y1 - view[1]) / view[3]
    du, dv = u1 - u0, v1 - v0
    turn = u0 * dv - v0 * du
    return (du * du + dv * dv + turn * turn) / ((u0 * u0 + v0 * v0 + 1.0) * (u1 * u1 + v1 * v1 + 1.0))


@kernel
def angle(x0, y0, x1, y1, view):
    """Angle at the eye between two image points, rad."""
    u0, v0 = (x0 - view[0]) / view[2], (y0 - view[1]) / view[3]
    u1, v1 = (x1 - view[0]) / view[2], (y1 - view[1]) / view[3]
    du, dv = u1 - u0, v1 - v0
    turn = u0 * dv - v0 * du
    return np.arctan2(np.sqrt(du * du + dv * dv + turn * turn), u0 * u1 + v0 * v1 + 1.0)


@kernel
def audit(t, x, y, view, out):
    """Facts on one reading by which wrong units and broken clocks are known.

    out: 0 interval (ms), 1 steps backwards, 2 times that are not finite, 3 infinite places, 4 samples with a place
    among those probed, 5 largest coordinate (px), 6 widest extent (px), 7 median angle between neighbours (deg),
    8 share over 60 deg off the line of sight, 9 share at exactly (0, 0), all of the probed.
    """
    out[:] = 0.0
    out[0] = interval(t)
    n = t.size
    back, timeless, infinite = 0, 0, 0
    for i in range(n):
        timeless += not np.isfinite(t[i])
        infinite += abs(x[i]) == np.inf or abs(y[i]) == np.inf
    for i in range(1, n):
        back += t[i] < t[i - 1]
    out[1], out[2], out[3] = back, timeless, infinite
    count = min(n, _PROBES)
    steps = np.empty(count)
    kept, seen, wide, zero = 0, 0, 0, 0
    left, right, top, bottom = np.inf, -np.inf, np.inf, -np.inf
    for k in range(count):
        i = k * n // count
        if np.isnan(x[i]) or np.isnan(y[i]):
            continue
        seen += 1
        zero += x[i] == 0.0 and y[i] == 0.0
        left, right = min(left, x[i]), max(right, x[i])
        top, bottom = min(top, y[i]), max(bottom, y[i])
        u, v = (x[i] - view[0]) / view[2], (y[i] - view[1]) / view[3]
        wide += u * u + v * v > 3.0
        if i + 1 < n and not (np.isnan(x[i + 1]) or np.isnan(y[i + 1])):
            steps[kept] = np.sqrt(sine_squared(x[i], y[i], x[i + 1], y[i + 1], view))
            kept += 1
    out[4] = seen
    if seen:
        out[5] = max(abs(left), abs(right), abs(top), abs(bottom))
        out[6] = max(right - left, bottom - top)
        out[8], out[9] = wide / seen, zero / seen
    out[7] = np.rad2deg(np.median(steps[:kept])) if kept else np.nan


@kernel
def audit_over_readings(starts, stops, t, x, y, views, out):
    """`audit` of every reading."""
    for r in range(starts.size):
        a, b = starts[r], stops[r]
        audit(t[a:b], x[a:b], y[a:b], views[r], out[r])


@kernel
def event_stop(labels, i):
    """Index after the last sample of the event that holds sample i; missing samples inside are passed over."""
    kind = labels[i] & 127
    stop = i + 1
    for k in range(i + 1, labels.size):
        if labels[k] == kind:
            stop = k + 1
        elif labels[k] != MISSING:
            break
    return stop


@kernel
def merge_fixations(t, x, y, view, labels, longest, widest):
    """Join fixations at most `longest` ms apart whose facing samples are at most `widest` rad apart.

    What lies between becomes fixation, but for missing samples.
    """
    limit = np.sin(widest) ** 2
    last = -1
    for i in range(t.size):
        if labels[i] & 127 != FIXATION:
            continue
        if last >= 0 and widest > 0 and (labels[i] >= START or last != i - 1) and t[i] - t[last] <= longest:
            if sine_squared(x[last], y[last], x[i], y[i], view) <= limit:
                for k in range(last + 1, i + 1):
                    if labels[k] != MISSING:
                        labels[k] = FIXATION
        last = i


@kernel
def drop_short(t, labels, step, shortest, kind):
    """Turn the events of a kind that last less than `shortest` ms into noise."""
    i = 0
    while i < t.size:
        if labels[i] & 127 != kind:
            i += 1
            continue
        stop = event_stop(labels, i)
        if t[stop - 1] - t[i] + step < shortest * (1.0 - 1e-9):
            for k in range(i, stop):
                if labels[k] != MISSING:
                    labels[k] = NOISE
        i = stop


@kernel
def mark_starts(t, labels, longest_gap):
    """Put START where the kind changes, where missing samples end and where the clock jumps over `longest_gap` ms."""
    before = MISSING
    for i in range(t.size):
        kind = labels[i]
        if kind != MISSING and (kind != before or t[i] - t[i - 1] > longest_gap):
            labels[i] = kind | START
        before = kind


@kernel
def ivt(t, x, y, view, step, threshold, span, longest_gap, labels):
    """Velocity threshold: a sample is saccade where the angle over the `span` ms around it is too fast (rad/ms)."""
    n = t.size
    half = max(1, int(np.floor(span / (2.0 * step) + 0.5)))
    asked, limit = -1.0, 0.0
    for i in range(n):
        if np.isnan(x[i] + y[i]):
            labels[i] = MISSING
            continue
        a, b = max(i - half, 0), min(i + half, n - 1)
        if np.isnan(x[a] + y[a]) or t[i] - t[a] > longest_gap:
            a = i
        if np.isnan(x[b] + y[b]) or t[b] - t[i] > longest_gap:
            b = i
        took = t[b] - t[a]
        if took != asked:
            asked, limit = took, np.sin(min(threshold * took, np.pi / 2)) ** 2
        fast = took > 0.0 and sine_squared(x[a], y[a], x[b], y[b], view) > limit
        labels[i] = SACCADE if fast else FIXATION


@kernel
def ivt_over_readings(starts, stops, t, x, y, settings, labels, views, steps):
    """`ivt` of every reading; settings: threshold, span, longest gap, widest merge, shortest fixation."""
    for r in range(starts.size):
        part = slice(starts[r], stops[r])
        tr, xr, yr, lr = t[part], x[part], y[part], labels[part]
        ivt(tr, xr, yr, views[r], steps[r], settings[0], settings[1], settings[2], lr)
        mark_starts(tr, lr, settings[2])
        merge_fixations(tr, xr, yr, views[r], lr, settings[2], settings[3])
        drop_short(tr, lr, steps[r], settings[4], FIXATION)


@kernel
def degrees(x, y, view):
    """Horizontal and vertical angle (deg) off the line of sight."""
    right, down = np.empty(x.size), np.empty(x.size)
    for i in range(x.size):
        right[i] = np.rad2deg(np.arctan((x[i] - view[0]) / view[2]))
        down[i] = np.rad2deg(np.arctan((y[i] - view[1]) / view[3]))
    return right, down


@kernel
def push(queue, ends, values, i, sign):
    """Append index i to a ring queue whose values fall from front to back (sign 1) or rise (sign -1)."""
    while ends[1] > ends[0] and sign * values[queue[(ends[1] - 1) % queue.size]] <= sign * values[i]:
        ends[1] -= 1
    queue[ends[1] % queue.size] = i
    ends[1] += 1


@kernel
def front(queue, ends, i):
    """Drop what lies before index i from a ring queue and return its front."""
    while queue[ends[0] % queue.size] < i:
        ends[0] += 1
    return queue[ends[0] % queue.size]


@kernel
def window_capacity(t, step, shortest):
    """Most samples that a window of `shortest` ms needs."""
    most, stop = 1, 0
    for i in range(t.size):
        while stop < t.size and t[stop] - t[i] + step < shortest:
            stop += 1
        most = max(most, stop - i + 1)
    return most


@kernel
def idt(t, x, y, step, widest, shortest, longest_gap, labels):
    """Dispersion threshold (x range + y range <= widest) on samples none of which is missing; linear in time.

    Ring queues keep the extremes of the sliding window of `shortest` ms; once accepted, a window grows to the right
    with running extremes until it grows too wide.
    """
    n = t.size
    shortest *= 1.0 - 1e-9
    queues = np.empty((4, window_capacity(t, step, shortest)), np.int64)
    ends = np.zeros((4, 2), np.int64)
    i, stop = 0, 0
    while i < n:
        if stop == i:
            ends[:] = 0
        while stop < n and (stop == i or t[stop - 1] - t[i] + step < shortest):
            if stop > i and t[stop] - t[stop - 1] > longest_gap:
                break
            for q in range(4):
                push(queues[q], ends[q], x if q < 2 else y, stop, 1.0 - 2.0 * (q % 2))
            stop += 1
        if t[stop - 1] - t[i] + step < shortest:
            labels[i:stop] = SACCADE
            i = stop
            continue
        right, left = x[front(queues[0], ends[0], i)], x[front(queues[1], ends[1], i)]
        low, high = y[front(queues[2], ends[2], i)], y[front(queues[3], ends[3], i)]
        if right - left + low - high > widest:
            labels[i] = SACCADE
            i += 1
            continue
        while stop < n and t[stop] - t[stop - 1] <= longest_gap:
            right, left = max(right, x[stop]), min(left, x[stop])
            low, high = max(low, y[stop]), min(high, y[stop])
            if right - left + low - high > widest:
                break
            stop += 1
        labels[i:stop] = FIXATION
        labels[i] |= START
        i = stop


@kernel
def present(x, y):
    """Indices of the samples that have a place."""
    kept = np.empty(x.size, np.int64)
    count = 0
    for i in range(x.size):
        if not np.isnan(x[i] + y[i]):
            kept[count] = i
            count += 1
    return kept[:count]


@kernel
def idt_over_readings(starts, stops, t, x, y, settings, labels, views, steps):
    """`idt` of every reading; settings: widest (deg), shortest (ms), longest gap (ms)."""
    for r in range(starts.size):
        part = slice(starts[r], stops[r])
        kept = starts[r] + present(x[part], y[part])
        right, down = degrees(x[kept], y[kept], views[r])
        found = np.empty(kept.size, np.uint8)
        idt(t[kept], right, down, steps[r], settings[0], settings[1], settings[2], found)
        labels[part] = MISSING
        for k in range(kept.size):
            labels[kept[k]] = found[k]
        close_saccades(t[part], labels[part], settings[2])


@kernel
def close_saccades(t, labels, longest_gap):
    """Put START on saccade runs of a detector that marks only where fixations begin."""
    before, since = MISSING, -np.inf
    for i in range(t.size):
        kind = labels[i] & 127
        if kind == MISSING:
            continue
        if kind == SACCADE and (before != SACCADE or t[i] - since > longest_gap):
            labels[i] |= START
        before, since = kind, t[i]


@kernel
def count_events(labels, counts):
    """How many fixations and saccades begin."""
    counts[:] = 0
    for i in range(labels.size):
        counts[0] += labels[i] == FIXATION | START
        counts[1] += labels[i] == SACCADE | START


@kernel
def count_over_readings(starts, stops, labels, counts):
    """`count_events` of every reading."""
    for r in range(starts.size):
        count_events(labels[starts[r] : stops[r]], counts[r])


@kernel
def fixation(t, x, y, view, labels, i, step, out):
    """Describe the fixation that begins at i: onset, duration, x, y, dispersion (deg); return where it ends."""
    stop = event_stop(labels, i)
    seen, sum_x, sum_y = 0, 0.0, 0.0
    for k in range(i, stop):
        if labels[k] != MISSING:
            seen += 1
            sum_x += x[k]
            sum_y += y[k]
    centre_x, centre_y = sum_x / seen, sum_y / seen
    squares = 0.0
    for k in range(i, stop):
        if labels[k] != MISSING:
            s = sine_squared(centre_x, centre_y, x[k], y[k], view)
            squares += s * (1.0 + s * (1.0 / 3.0 + s * 8.0 / 45.0))
    out[0], out[1] = t[i], lasts(t, i, stop, step)
    out[2], out[3], out[4] = centre_x, centre_y, np.rad2deg(np.sqrt(squares / seen))
    return stop


@kernel
def lasts(t, i, stop, step):
    """Duration of samples i to stop: up to the next sample, at most one interval after the last."""
    end = t[stop - 1] + step
    return (min(end, t[stop]) if stop < t.size else end) - t[i]


@kernel
def saccade(t, x, y, view, labels, i, step, span, longest_gap, out):
    """Describe the saccade that begins at i: onset, duration, x0, y0, x1, y1, amplitude (deg), peak speed (deg/s)."""
    n = t.size
    stop = event_stop(labels, i)
    first, last = i, stop - 1
    if i > 0 and labels[i - 1] != MISSING and t[i] - t[i - 1] <= longest_gap:
        first = i - 1
    if stop < n and labels[stop] != MISSING and t[stop] - t[stop - 1] <= longest_gap:
        last = stop
    reach = max(1, int(np.floor(span / step + 0.5)))
    fastest = 0.0
    for k in range(first, last):
        b = min(k + reach, last)
        a = max(b - reach, first)
        if not (np.isnan(x[a] + y[a]) or np.isnan(x[b] + y[b])) and t[b] > t[a]:
            fastest = max(fastest, angle(x[a], y[a], x[b], y[b], view) / (t[b] - t[a]))
    out[0], out[1] = t[i], lasts(t, i, stop, step)
    out[2], out[3], out[4], out[5] = x[first], y[first], x[last], y[last]
    out[6] = np.rad2deg(angle(x[first], y[first], x[last], y[last], view))
    out[7] = np.rad2deg(fastest) * 1000.0
    return stop


@kernel
def describe_over_readings(starts, stops, t, x, y, settings, labels, fixations, saccades, views, steps, before):
    """Write the tables of fixations and saccades and take START off the labels.

    settings: span of the peak speed (ms), longest gap (ms). before: rows of earlier readings in either table.
    """
    for r in range(starts.size):
        part = slice(starts[r], stops[r])
        tr, xr, yr, lr = t[part], x[part], y[part], labels[part]
        f, s = before[r, 0], before[r, 1]
        for i in range(tr.size):
            if lr[i] == FIXATION | START:
                fixation(tr, xr, yr, views[r], lr, i, steps[r], fixations[f])
                f += 1
            elif lr[i] == SACCADE | START:
                saccade(tr, xr, yr, views[r], lr, i, steps[r], settings[0], settings[1], saccades[s])
                s += 1
        for i in range(tr.size):
            lr[i] &= 127
