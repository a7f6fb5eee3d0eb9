"""Tables of fixations and saccades from the labels of any detector. Gaze in image px, angles exact."""

from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import kernel
from gazeanalytics._kernels.events.gaze import angle, lens_of, part_of
from gazeanalytics._kernels.events.labels import FIXATION, SACCADE, START, event_stop


class Tables(NamedTuple):
    """Rows to fill, shapes (fixations, 5) and (saccades, 8), and how speed is measured.

    Peak speed is measured over `peak_ms`, so that it means the same at every sampling rate; a saccade takes in its
    neighbours unless the clock jumps over `max_gap_ms`.
    """

    fixations: np.ndarray
    saccades: np.ndarray
    peak_ms: float
    max_gap_ms: float


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
def duration_of(t, i, stop, step):
    """Duration of samples i to stop: up to the next sample, at most one interval after the last."""
    end = t[stop - 1] + step
    return (min(end, t[stop]) if stop < t.size else end) - t[i]


@kernel
def lane_sum(values):
    """Sum in four lanes, which the compiler adds at once; one lane would wait for each addition to end."""
    n = values.size
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    for k in range(n // 4):
        a, b = a + values[4 * k], b + values[4 * k + 1]
        c, d = c + values[4 * k + 2], d + values[4 * k + 3]
    for k in range(n - n % 4, n):
        a += values[k]
    return (a + b) + (c + d)


# With s = sin^2 a, arcsin(sqrt(s))^2 = s + s^2/3 + 8 s^3/45 + ... (Abramowitz & Stegun 4.4.40 squared).
@kernel
def squared_angles(x, y, u, v, lens, out):
    """Squared angles (rad^2) from image points to the ray (u, v, 1), exact to 1e-8 of itself up to 5 deg.

    Without sums or branches, so that the compiler handles many points at once.
    """
    cx, cy, ix, iy = lens.centre_x, lens.centre_y, lens.per_px_x, lens.per_px_y
    ray = u * u + v * v + 1.0
    for k in range(x.size):
        p, q = (x[k] - cx) * ix, (y[k] - cy) * iy
        du, dv = p - u, q - v
        turn = u * dv - v * du
        s = (du * du + dv * dv + turn * turn) / (ray * (p * p + q * q + 1.0))
        out[k] = s * (1.0 + s * (1.0 / 3.0 + s * (8.0 / 45.0)))


@kernel
def fixation(gaze, lens, step, i, stop, room, out):
    """Describe the fixation of samples i to stop: onset, duration, x, y, dispersion (deg). `room` is working room.

    Dispersion is the root mean square angle from the samples to their centre.
    """
    x, y, n = gaze.x, gaze.y, stop - i
    centre_x, centre_y = lane_sum(x[i:stop]) / n, lane_sum(y[i:stop]) / n
    u, v = (centre_x - lens.centre_x) * lens.per_px_x, (centre_y - lens.centre_y) * lens.per_px_y
    squares = 0.0
    for k in range(i, stop, room.size):
        part = slice(k, min(k + room.size, stop))
        squared = room[: part.stop - part.start]
        squared_angles(x[part], y[part], u, v, lens, squared)
        squares += lane_sum(squared)
    out[0], out[1] = gaze.t[i], duration_of(gaze.t, i, stop, step)
    out[2], out[3], out[4] = centre_x, centre_y, np.rad2deg(np.sqrt(squares / n))


@kernel
def fastest_pair(gaze, lens, reach):
    """First of the two samples `reach` apart between which gaze is fastest, and whether it moves at all.

    Squared sines by squared times are compared as products: no division, square root or arctangent a sample.
    """
    t, x, y = gaze.t, gaze.x, gaze.y
    cx, cy, ix, iy = lens.centre_x, lens.centre_y, lens.per_px_x, lens.per_px_y
    fastest, most, rays = 0, 0.0, 1.0
    for a in range(t.size - reach):
        b = a + reach
        u0, v0 = (x[a] - cx) * ix, (y[a] - cy) * iy
        u1, v1 = (x[b] - cx) * ix, (y[b] - cy) * iy
        du, dv, took = u1 - u0, v1 - v0, t[b] - t[a]
        turn = u0 * dv - v0 * du
        sine = du * du + dv * dv + turn * turn
        base = (u0 * u0 + v0 * v0 + 1.0) * (u1 * u1 + v1 * v1 + 1.0) * (took * took)
        if sine * rays > most * base and took > 0.0:
            most, rays, fastest = sine, base, a
    return fastest, most > 0.0


@kernel
def saccade(gaze, lens, step, i, stop, tables, out):
    """Describe the saccade of samples i to stop: onset, duration, x0, y0, x1, y1, amplitude (deg), peak speed (deg/s).

    It goes from the sample before to the sample after, so that one sample in flight has an amplitude.
    """
    t, x, y = gaze.t, gaze.x, gaze.y
    first, last = i, stop - 1
    if i > 0 and t[i] - t[i - 1] <= tables.max_gap_ms:
        first = i - 1
    if stop < t.size and t[stop] - t[stop - 1] <= tables.max_gap_ms:
        last = stop
    reach = min(max(1, int(np.floor(tables.peak_ms / step + 0.5))), last - first)
    out[0], out[1] = t[i], duration_of(t, i, stop, step)
    out[2], out[3], out[4], out[5] = x[first], y[first], x[last], y[last]
    out[6] = np.rad2deg(angle(x[first], y[first], x[last], y[last], lens))
    fastest, moves = fastest_pair(part_of(gaze, first, last + 1), lens, reach)
    a, b = first + fastest, first + fastest + reach
    speed = angle(x[a], y[a], x[b], y[b], lens) / (t[b] - t[a]) if moves else 0.0
    out[7] = np.rad2deg(speed) * 1000.0


@kernel
def describe_over_readings(starts, stops, gaze, labels, tables, lenses, steps, before):
    """Fill the tables and take START off the labels. before: rows of earlier readings in either table."""
    room = np.empty(512)
    for r in range(starts.size):
        part, own, lens = part_of(gaze, starts[r], stops[r]), labels[starts[r] : stops[r]], lens_of(lenses, r)
        f, s = before[r, 0], before[r, 1]
        i = 0
        while i < own.size:
            kind = own[i] & 127
            stop = event_stop(own, i)
            if kind == FIXATION:
                fixation(part, lens, steps[r], i, stop, room, tables.fixations[f])
                f += 1
            elif kind == SACCADE:
                saccade(part, lens, steps[r], i, stop, tables, tables.saccades[s])
                s += 1
            own[i] = kind
            i = stop
