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
def too_fast(x0, y0, x1, y1, took, threshold, cx, cy, ix, iy):
    """Whether the angle between two image points exceeds `threshold` (rad/ms) times the time it took.

    Compares squared sines without dividing; the sine of the limit is its series, exact to 1e-11 up to a quarter rad.
    """
    u0, v0 = (x0 - cx) * ix, (y0 - cy) * iy
    u1, v1 = (x1 - cx) * ix, (y1 - cy) * iy
    du, dv = u1 - u0, v1 - v0
    turn = u0 * dv - v0 * du
    limit = threshold * took
    square = limit * limit
    sine = limit * (1.0 - square * (1.0 / 6.0) * (1.0 - square * (1.0 / 20.0) * (1.0 - square * (1.0 / 42.0))))
    rays = (u0 * u0 + v0 * v0 + 1.0) * (u1 * u1 + v1 * v1 + 1.0)
    return (du * du + dv * dv + turn * turn > sine * sine * rays) & (took > 0.0)


@kernel
def ivt(t, x, y, lens, step, threshold, span, longest_gap, labels):
    """Velocity threshold: a sample is saccade where the angle over the `span` ms around it is too fast (rad/ms).

    Near an edge or a jump of the clock the far side of the window is the sample itself. The first loop has neither
    branches nor shared arrays, so that the compiler takes several samples at once.
    """
    n = t.size
    half = max(1, int(np.floor(span / (2.0 * step) + 0.5)))
    inside = max(n - 2 * half, 0)
    cx, cy, ix, iy = lens[0], lens[1], lens[2], lens[3]
    jumps = 0
    if inside:
        ta, xa, ya = t[:inside], x[:inside], y[:inside]
        tb, xb, yb = t[2 * half :], x[2 * half :], y[2 * half :]
        middle = labels[half : half + inside]
        for i in range(inside):
            took = tb[i] - ta[i]
            jumps += took > longest_gap
            middle[i] = FIXATION + too_fast(xa[i], ya[i], xb[i], yb[i], took, threshold, cx, cy, ix, iy)
    for i in range(n):
        if jumps == 0 and i == half and inside:
            break
        ivt_edge(t, x, y, lens, i, half, threshold, longest_gap, labels)
    for i in range(max(half + inside, 0), n):
        ivt_edge(t, x, y, lens, i, half, threshold, longest_gap, labels)


@kernel
def ivt_edge(t, x, y, lens, i, half, threshold, longest_gap, labels):
    """`ivt` of one sample that may lie near an edge or a jump of the clock."""
    a, b = max(i - half, 0), min(i + half, t.size - 1)
    if t[b] - t[a] > longest_gap:
        a = i if t[i] - t[a] > longest_gap else a
        b = i if t[b] - t[i] > longest_gap else b
    took = t[b] - t[a]
    fast = too_fast(x[a], y[a], x[b], y[b], took, threshold, lens[0], lens[1], lens[2], lens[3])
    labels[i] = SACCADE if fast else FIXATION


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

    Sums run in two lanes, over even and odd samples, for speed. The squared angle is the series of arcsin(s)^2, exact
    to 1e-8 of itself up to 5 deg.
    """
    cx, cy, ix, iy = lens[0], lens[1], lens[2], lens[3]
    xs, ys = x[i:stop], y[i:stop]
    n = xs.size
    x0, x1, y0, y1 = 0.0, 0.0, 0.0, 0.0
    for k in range(n // 2):
        x0, y0 = x0 + xs[2 * k], y0 + ys[2 * k]
        x1, y1 = x1 + xs[2 * k + 1], y1 + ys[2 * k + 1]
    if n % 2:
        x0, y0 = x0 + xs[n - 1], y0 + ys[n - 1]
    centre_x, centre_y = (x0 + x1) / n, (y0 + y1) / n
    u, v = (centre_x - cx) * ix, (centre_y - cy) * iy
    ray = u * u + v * v + 1.0
    even, odd = 0.0, 0.0
    for k in range(n // 2):
        even += squared_angle(xs[2 * k], ys[2 * k], u, v, ray, cx, cy, ix, iy)
        odd += squared_angle(xs[2 * k + 1], ys[2 * k + 1], u, v, ray, cx, cy, ix, iy)
    if n % 2:
        even += squared_angle(xs[n - 1], ys[n - 1], u, v, ray, cx, cy, ix, iy)
    out[0], out[1] = t[i], lasts(t, i, stop, step)
    out[2], out[3], out[4] = centre_x, centre_y, np.rad2deg(np.sqrt((even + odd) / n))


@kernel
def squared_angle(x, y, u, v, ray, cx, cy, ix, iy):
    """Squared angle (rad^2) from an image point to the ray (u, v, 1) of squared length `ray`."""
    p, q = (x - cx) * ix, (y - cy) * iy
    du, dv = p - u, q - v
    turn = u * dv - v * du
    s = (du * du + dv * dv + turn * turn) / (ray * (p * p + q * q + 1.0))
    return s * (1.0 + s * (1.0 / 3.0 + s * (8.0 / 45.0)))


@kernel
def saccade(t, x, y, lens, i, stop, step, span, longest_gap, out):
    """Describe the saccade of samples i to stop: onset, duration, x0, y0, x1, y1, amplitude (deg), peak speed (deg/s).

    It goes from the sample before to the sample after, so that one sample in flight has an amplitude. Peak speed is
    told over `span` ms; its squared angles are series as in `fixation`.
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
            s = sine_squared(x[a], y[a], x[b], y[b], lens)
            turn = s * (1.0 + s * (1.0 / 3.0 + s * (8.0 / 45.0)))
            fastest = max(fastest, turn / (t[b] - t[a]) ** 2)
    out[0], out[1] = t[i], lasts(t, i, stop, step)
    out[2], out[3], out[4], out[5] = x[first], y[first], x[last], y[last]
    out[6] = np.rad2deg(angle(x[first], y[first], x[last], y[last], lens))
    out[7] = np.rad2deg(np.sqrt(fastest)) * 1000.0


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
