"""Labels by a velocity threshold, and labels of any detector to tables of events.

A label is a uint8: 0 missing, 1 fixation, 2 saccade, 3 post-saccadic oscillation, 4 smooth pursuit, 5 blink, 6 noise.
While a detector works, START (128) is added where an event begins, so that two fixations may touch. Detectors see the
samples that have a place and no others: a hole is a jump of the clock.

`lens` is (centre x, centre y, 1 / distance x, 1 / distance y) of a Viewing in image pixels. Angles between neighbours
are told by their sine, |p x q| / (|p| |q|) of the two rays, which is exact and needs no trigonometry.
"""

import numpy as np

from gazeanalytics._kernels import inlined, kernel

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
    """Put START where the kind changes and where the clock jumps over `longest_gap` ms.

    It runs backwards, so that no step waits for the one before and the compiler takes many samples at once.
    """
    for i in range(t.size - 1, 0, -1):
        fresh = (labels[i] != labels[i - 1]) | (t[i] - t[i - 1] > longest_gap)
        labels[i] |= np.uint8(fresh) << np.uint8(7)
    if t.size:
        labels[0] |= START


@inlined
def event_stop(labels, i):
    """Index after the last sample of the event that begins at sample i; it looks at eight labels at once."""
    kind, rest = labels[i] & np.uint8(127), labels[i + 1 :]
    k = 0
    while k + 8 <= rest.size:
        others = np.uint8(0)
        for ahead in range(8):
            others |= rest[k + ahead] ^ kind
        if others:
            break
        k += 8
    while k < rest.size and rest[k] == kind:
        k += 1
    return i + 1 + k


@kernel
def drop_if_short(t, labels, i, stop, step, shortest):
    """Turn the event of samples i to stop into noise when it lasts less than `shortest` ms."""
    if t[stop - 1] - t[i] + step < shortest * (1.0 - 1e-9):
        labels[i] = NOISE | START
        labels[i + 1 : stop] = NOISE


@kernel
def drop_short(t, labels, step, shortest):
    """Turn fixations that last less than `shortest` ms into noise; neighbours of one kind stay apart."""
    i = 0
    while i < t.size:
        stop = event_stop(labels, i)
        if labels[i] & 127 == FIXATION:
            drop_if_short(t, labels, i, stop, step, shortest)
        i = stop


@kernel
def settle_fixations(t, x, y, lens, step, longest, widest, shortest, labels):
    """Join fixations at most `longest` ms apart whose facing samples are at most `widest` rad apart; drop short ones.

    What lies between becomes fixation; a `widest` of 0 joins none.
    """
    limit = np.sin(widest) ** 2 if widest > 0.0 else -1.0
    begin, last, i = 0, -1, 0
    while i < t.size:
        stop = event_stop(labels, i)
        if labels[i] & 127 == FIXATION:
            if last >= 0 and t[i] - t[last] <= longest and sine_squared(x[last], y[last], x[i], y[i], lens) <= limit:
                labels[last + 1 : i + 1] = FIXATION
            else:
                if last >= 0:
                    drop_if_short(t, labels, begin, last + 1, step, shortest)
                begin = i
            last = stop - 1
        i = stop
    if last >= 0:
        drop_if_short(t, labels, begin, last + 1, step, shortest)


@kernel
def finish_over_readings(starts, stops, t, settings, labels, steps):
    """Mark starts and drop short fixations; settings: longest gap, shortest fixation (ms)."""
    for r in range(starts.size):
        part = slice(starts[r], stops[r])
        mark_starts(t[part], labels[part], settings[0])
        drop_short(t[part], labels[part], steps[r], settings[1])


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
        settle_fixations(tr, xr, yr, lenses[r], steps[r], settings[2], settings[3], settings[4], lr)


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
def lane_sum(values):
    """Sum in four lanes, which the compiler adds at once."""
    n = values.size
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    for k in range(n // 4):
        a, b = a + values[4 * k], b + values[4 * k + 1]
        c, d = c + values[4 * k + 2], d + values[4 * k + 3]
    for k in range(n - n % 4, n):
        a += values[k]
    return (a + b) + (c + d)


@kernel
def squared_angles(x, y, u, v, lens, out):
    """Squared angles (rad^2) from image points to the ray (u, v, 1), by the series of arcsin(s)^2.

    Exact to 1e-8 of itself up to 5 deg. Without sums or branches, so that the compiler takes many points at once.
    """
    cx, cy, ix, iy = lens[0], lens[1], lens[2], lens[3]
    ray = u * u + v * v + 1.0
    for k in range(x.size):
        p, q = (x[k] - cx) * ix, (y[k] - cy) * iy
        du, dv = p - u, q - v
        turn = u * dv - v * du
        s = (du * du + dv * dv + turn * turn) / (ray * (p * p + q * q + 1.0))
        out[k] = s * (1.0 + s * (1.0 / 3.0 + s * (8.0 / 45.0)))


@kernel
def fixation(t, x, y, lens, i, stop, step, angles, out):
    """Describe the fixation of samples i to stop: onset, duration, x, y, dispersion (deg). `angles` is working room."""
    n = stop - i
    centre_x, centre_y = lane_sum(x[i:stop]) / n, lane_sum(y[i:stop]) / n
    u, v = (centre_x - lens[0]) * lens[2], (centre_y - lens[1]) * lens[3]
    squares = 0.0
    for k in range(i, stop, angles.size):
        part = slice(k, min(k + angles.size, stop))
        room = angles[: part.stop - part.start]
        squared_angles(x[part], y[part], u, v, lens, room)
        squares += lane_sum(room)
    out[0], out[1] = t[i], lasts(t, i, stop, step)
    out[2], out[3], out[4] = centre_x, centre_y, np.rad2deg(np.sqrt(squares / n))


@kernel
def saccade(t, x, y, lens, i, stop, step, span, longest_gap, out):
    """Describe the saccade of samples i to stop: onset, duration, x0, y0, x1, y1, amplitude (deg), peak speed (deg/s).

    It goes from the sample before to the sample after, so that one sample in flight has an amplitude. Peak speed is
    told over `span` ms, where the sine of the angle by the time is greatest; products are compared, not quotients.
    """
    first, last = i, stop - 1
    if i > 0 and t[i] - t[i - 1] <= longest_gap:
        first = i - 1
    if stop < t.size and t[stop] - t[stop - 1] <= longest_gap:
        last = stop
    reach = min(max(1, int(np.floor(span / step + 0.5))), last - first)
    tf, xf, yf = t[first : last + 1], x[first : last + 1], y[first : last + 1]
    cx, cy, ix, iy = lens[0], lens[1], lens[2], lens[3]
    from_, most, rays = 0, 0.0, 1.0
    for a in range(tf.size - reach):
        b = a + reach
        u0, v0 = (xf[a] - cx) * ix, (yf[a] - cy) * iy
        u1, v1 = (xf[b] - cx) * ix, (yf[b] - cy) * iy
        du, dv, took = u1 - u0, v1 - v0, tf[b] - tf[a]
        turn = u0 * dv - v0 * du
        sine = du * du + dv * dv + turn * turn
        base = (u0 * u0 + v0 * v0 + 1.0) * (u1 * u1 + v1 * v1 + 1.0) * (took * took)
        if sine * rays > most * base and took > 0.0:
            most, rays, from_ = sine, base, a
    out[0], out[1] = t[i], lasts(t, i, stop, step)
    out[2], out[3], out[4], out[5] = x[first], y[first], x[last], y[last]
    out[6] = np.rad2deg(angle(x[first], y[first], x[last], y[last], lens))
    to = from_ + reach
    fastest = angle(xf[from_], yf[from_], xf[to], yf[to], lens) / (tf[to] - tf[from_]) if most > 0.0 else 0.0
    out[7] = np.rad2deg(fastest) * 1000.0


@kernel
def describe_over_readings(starts, stops, t, x, y, settings, labels, fixations, saccades, lenses, steps, before):
    """Write the tables of fixations and saccades and take START off the labels.

    settings: span of the peak speed (ms), longest gap (ms). before: rows of earlier readings in either table.
    """
    angles = np.empty(512)
    for r in range(starts.size):
        part = slice(starts[r], stops[r])
        tr, xr, yr, lr = t[part], x[part], y[part], labels[part]
        f, s = before[r, 0], before[r, 1]
        i = 0
        while i < tr.size:
            kind = lr[i] & 127
            stop = event_stop(lr, i)
            if kind == FIXATION:
                fixation(tr, xr, yr, lenses[r], i, stop, steps[r], angles, fixations[f])
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
