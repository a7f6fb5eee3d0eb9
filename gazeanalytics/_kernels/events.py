"""Labels by a velocity threshold, and labels of any detector to tables of events.

A label is a uint8: 0 missing, 1 fixation, 2 saccade, 3 post-saccadic oscillation, 4 smooth pursuit, 5 blink, 6 noise.
While a detector works, START (128) is added where an event begins, so that two fixations may touch. Detectors see the
samples that have a place and no others: a hole is a jump of the clock.

`lens` is (centre x, centre y, 1 / distance x, 1 / distance y) of a Viewing in image pixels. Angles between neighbours
are told by their sine, |p x q| / (|p| |q|) of the two rays, which is exact and needs no trigonometry.
"""

import numpy as np

from gazeanalytics._kernels import kernel

MISSING, FIXATION, SACCADE, PSO, PURSUIT, BLINK, NOISE = 0, 1, 2, 3, 4, 5, 6
START = 128


@kernel
def sine_squared(x0, y0, x1, y1, lens):
    """Squared sine of the angle at the eye between two image points."""
    u0, v0 = (x0 - lens[0]) * lens[2], (y0 - lens[1]) * lens[3]
    u1, v1 = (x1 - lens[0]) * lens[2], (y1 - lens[1]) * lens[3]
    du, dv = u1 - u0, v1 - v0
    turn = u0 * dv - v0 * du
    return (du * du + dv * dv + turn * turn) / ((u0 * u0 + v0 * v0 + 1.0) * (u1 * u1 + v1 * v1 + 1.0))


@kernel
def angle(x0, y0, x1, y1, lens):
    """Angle at the eye between two image points, rad."""
    u0, v0 = (x0 - lens[0]) * lens[2], (y0 - lens[1]) * lens[3]
    u1, v1 = (x1 - lens[0]) * lens[2], (y1 - lens[1]) * lens[3]
    du, dv = u1 - u0, v1 - v0
    turn = u0 * dv - v0 * du
    return np.arctan2(np.sqrt(du * du + dv * dv + turn * turn), u0 * u1 + v0 * v1 + 1.0)


@kernel
def mark_starts(t, labels, longest_gap):
    """Put START where the kind changes and where the clock jumps over `longest_gap` ms."""
    before = MISSING
    for i in range(t.size):
        kind = labels[i]
        if kind != before or t[i] - t[i - 1] > longest_gap:
            labels[i] = kind | START
        before = kind


@kernel
def event_stop(labels, i):
    """Index after the last sample of the event that begins at sample i."""
    kind = labels[i] & 127
    stop = i + 1
    while stop < labels.size and labels[stop] == kind:
        stop += 1
    return stop


@kernel
def merge_fixations(t, x, y, lens, labels, longest, widest):
    """Join fixations at most `longest` ms apart whose facing samples are at most `widest` rad apart.

    What lies between becomes fixation.
    """
    limit = np.sin(widest) ** 2
    last = -1
    for i in range(t.size):
        if labels[i] & 127 != FIXATION:
            continue
        if last >= 0 and labels[i] >= START and t[i] - t[last] <= longest:
            if sine_squared(x[last], y[last], x[i], y[i], lens) <= limit:
                labels[last + 1 : i + 1] = FIXATION
        last = i


@kernel
def drop_short(t, labels, step, shortest, kind):
    """Turn the events of a kind that last less than `shortest` ms into noise; neighbours of one kind stay apart."""
    i = 0
    while i < t.size:
        stop = event_stop(labels, i)
        if labels[i] == kind | START and t[stop - 1] - t[i] + step < shortest * (1.0 - 1e-9):
            labels[i] = NOISE | START
            labels[i + 1 : stop] = NOISE
        i = stop


@kernel
def finish_over_readings(starts, stops, t, settings, labels, steps):
    """Mark starts and drop short fixations; settings: longest gap, shortest fixation (ms)."""
    for r in range(starts.size):
        part = slice(starts[r], stops[r])
        mark_starts(t[part], labels[part], settings[0])
        drop_short(t[part], labels[part], steps[r], settings[1], FIXATION)


@kernel
def ivt(t, x, y, lens, step, threshold, span, longest_gap, labels):
    """Velocity threshold: a sample is saccade where the angle over the `span` ms around it is too fast (rad/ms)."""
    n = t.size
    half = max(1, int(np.floor(span / (2.0 * step) + 0.5)))
    for i in range(n):
        a, b = max(i - half, 0), min(i + half, n - 1)
        if t[b] - t[a] > longest_gap:
            a = i if t[i] - t[a] > longest_gap else a
            b = i if t[b] - t[i] > longest_gap else b
        turn = threshold * (t[b] - t[a])
        square = turn * turn
        limit = turn * (1.0 - square / 6.0 * (1.0 - square / 20.0 * (1.0 - square / 42.0)))
        fast = sine_squared(x[a], y[a], x[b], y[b], lens) > limit * limit
        labels[i] = SACCADE if fast and t[b] > t[a] else FIXATION


@kernel
def ivt_over_readings(starts, stops, t, x, y, settings, labels, lenses, steps):
    """`ivt` of every reading; settings: threshold, span, longest gap, widest merge, shortest fixation."""
    for r in range(starts.size):
        part = slice(starts[r], stops[r])
        tr, xr, yr, lr = t[part], x[part], y[part], labels[part]
        ivt(tr, xr, yr, lenses[r], steps[r], settings[0], settings[1], settings[2], lr)
        mark_starts(tr, lr, settings[2])
        if settings[3] > 0:
            merge_fixations(tr, xr, yr, lenses[r], lr, settings[2], settings[3])
        drop_short(tr, lr, steps[r], settings[4], FIXATION)


@kernel
def count_over_readings(starts, stops, labels, counts):
    """How many fixations and saccades begin in every reading."""
    for r in range(starts.size):
        fixations, saccades = 0, 0
        for i in range(starts[r], stops[r]):
            fixations += labels[i] == FIXATION | START
            saccades += labels[i] == SACCADE | START
        counts[r, 0], counts[r, 1] = fixations, saccades


@kernel
def lasts(t, i, stop, step):
    """Duration of samples i to stop: up to the next sample, at most one interval after the last."""
    end = t[stop - 1] + step
    return (min(end, t[stop]) if stop < t.size else end) - t[i]


@kernel
def fixation(t, x, y, lens, i, stop, step, out):
    """Describe the fixation of samples i to stop: onset, duration, x, y, dispersion (deg).

    The squared angle is the series of arcsin(s)^2, exact to 1e-8 of itself up to 5 deg.
    """
    sum_x, sum_y = 0.0, 0.0
    for k in range(i, stop):
        sum_x += x[k]
        sum_y += y[k]
    centre_x, centre_y = sum_x / (stop - i), sum_y / (stop - i)
    squares = 0.0
    for k in range(i, stop):
        s = sine_squared(centre_x, centre_y, x[k], y[k], lens)
        squares += s * (1.0 + s * (1.0 / 3.0 + s * (8.0 / 45.0)))
    out[0], out[1] = t[i], lasts(t, i, stop, step)
    out[2], out[3], out[4] = centre_x, centre_y, np.rad2deg(np.sqrt(squares / (stop - i)))


@kernel
def saccade(t, x, y, lens, i, stop, step, span, longest_gap, out):
    """Describe the saccade of samples i to stop: onset, duration, x0, y0, x1, y1, amplitude (deg), peak speed (deg/s).

    It goes from the sample before to the sample after, so that one sample in flight has an amplitude.
    """
    first, last = i, stop - 1
    if i > 0 and t[i] - t[i - 1] <= longest_gap:
        first = i - 1
    if stop < t.size and t[stop] - t[stop - 1] <= longest_gap:
        last = stop
    reach = max(1, int(np.floor(span / step + 0.5)))
    fastest = 0.0
    for k in range(first, last):
        b = min(k + reach, last)
        a = max(b - reach, first)
        if t[b] > t[a]:
            fastest = max(fastest, angle(x[a], y[a], x[b], y[b], lens) / (t[b] - t[a]))
    out[0], out[1] = t[i], lasts(t, i, stop, step)
    out[2], out[3], out[4], out[5] = x[first], y[first], x[last], y[last]
    out[6] = np.rad2deg(angle(x[first], y[first], x[last], y[last], lens))
    out[7] = np.rad2deg(fastest) * 1000.0


@kernel
def describe_over_readings(starts, stops, t, x, y, settings, labels, fixations, saccades, lenses, steps, before):
    """Write the tables of fixations and saccades and take START off the labels.

    settings: span of the peak speed (ms), longest gap (ms). before: rows of earlier readings in either table.
    """
    for r in range(starts.size):
        part = slice(starts[r], stops[r])
        tr, xr, yr, lr = t[part], x[part], y[part], labels[part]
        f, s = before[r, 0], before[r, 1]
        i = 0
        while i < tr.size:
            kind = lr[i] & 127
            stop = event_stop(lr, i)
            if kind == FIXATION:
                fixation(tr, xr, yr, lenses[r], i, stop, steps[r], fixations[f])
                f += 1
            elif kind == SACCADE:
                saccade(tr, xr, yr, lenses[r], i, stop, steps[r], settings[0], settings[1], saccades[s])
                s += 1
            lr[i] = kind
            i = stop


@kernel
def expand_over_readings(starts, stops, t, rows, found, blink, labels, seen_starts, seen_stops):
    """Put labels of the samples seen back in their rows; rows between become blink (see below), else missing.

    A hole is a blink when it touches one or lasts from blink[0] to blink[1] ms; blink[1] of 0 makes none.
    """
    for r in range(starts.size):
        for i in range(starts[r], stops[r]):
            labels[i] = MISSING
        for k in range(seen_starts[r], seen_stops[r]):
            labels[rows[k]] = found[k]
        if blink[1] <= 0:
            continue
        for k in range(seen_starts[r] + 1, seen_stops[r]):
            a, b = rows[k - 1], rows[k]
            lost = t[b] - t[a]
            if b > a + 1 and (blink[0] <= lost <= blink[1] or found[k - 1] == BLINK or found[k] == BLINK):
                labels[a + 1 : b] = BLINK
