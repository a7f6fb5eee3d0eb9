"""I-VT: labels by a velocity threshold (Salvucci & Goldberg 2000; the Tobii filter of Olsen 2012). Gaze in image px.

Labels are 1 fixation, 2 saccade and 6 noise, with START (128) added where an event begins.
"""

from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import kernel
from gazeanalytics._kernels.events.gaze import beside_jump, lens_of, part_of, samples_in, sine_squared
from gazeanalytics._kernels.events.labels import FIXATION, SACCADE, drop_if_short, event_stop, mark_starts


class VelocityThreshold(NamedTuple):
    """Settings: speed (rad/ms), window of the speed (ms), distance of merged fixations (rad), durations (ms)."""

    rad_per_ms: float
    window_ms: float
    merge_within: float
    min_fixation_ms: float
    max_gap_ms: float


# Fast if a > w dt, with a the visual angle and w the threshold. Since both are below a right angle, that is
# sin^2 a > sin^2(w dt), or |p x q|^2 > sin^2(w dt) |p|^2 |q|^2: no division, no square root, no trigonometry, so that
# the compiler handles four samples at once. Speeds from coordinates in degrees would need two arctangents a sample, and
# be wrong by up to a tenth 25 deg off the line of sight.
@kernel
def too_fast(x0, y0, x1, y1, took, threshold, lens):
    """Whether the visual angle between two image points exceeds `threshold` (rad/ms) times the time it took (ms).

    The sine of the limit is its Taylor series up to the 7th power, exact to 1e-11 up to a quarter rad.
    """
    u0, v0 = (x0 - lens.centre_x) * lens.per_px_x, (y0 - lens.centre_y) * lens.per_px_y
    u1, v1 = (x1 - lens.centre_x) * lens.per_px_x, (y1 - lens.centre_y) * lens.per_px_y
    du, dv = u1 - u0, v1 - v0
    turn = u0 * dv - v0 * du
    limit = threshold * took
    square = limit * limit
    sine = limit * (1.0 - square * (1.0 / 6.0) * (1.0 - square * (1.0 / 20.0) * (1.0 - square * (1.0 / 42.0))))
    rays = (u0 * u0 + v0 * v0 + 1.0) * (u1 * u1 + v1 * v1 + 1.0)
    return (du * du + dv * dv + turn * turn > sine * sine * rays) & (took > 0.0)


@kernel
def ivt(gaze, lens, step, how, labels):
    """Label one reading: a sample is saccade where the angle over the window around it is too fast.

    Near an end or a jump of the clock the far side of the window is the sample itself. The first loop has neither
    branches nor shared arrays, so that the compiler vectorizes it; what it got wrong is done again, seldom.
    """
    t, x, y = gaze.t, gaze.x, gaze.y
    n, half = t.size, samples_in(how.window_ms / 2.0, step)
    inside, threshold, max_gap = max(n - 2 * half, 0), how.rad_per_ms, how.max_gap_ms
    jumps = 0
    if inside:
        ta, xa, ya = t[:inside], x[:inside], y[:inside]
        tb, xb, yb = t[2 * half :], x[2 * half :], y[2 * half :]
        middle = labels[half : half + inside]
        for i in range(inside):
            took = tb[i] - ta[i]
            jumps += took > max_gap
            middle[i] = FIXATION + too_fast(xa[i], ya[i], xb[i], yb[i], took, threshold, lens)
    for i in range(n):
        if jumps == 0 and i == half and inside:
            break
        ivt_near_edge(gaze, lens, half, how, i, labels)
    for i in range(max(half + inside, 0), n):
        ivt_near_edge(gaze, lens, half, how, i, labels)


@kernel
def ivt_near_edge(gaze, lens, half, how, i, labels):
    """Label one sample that may lie near an end of the reading or a jump of the clock."""
    t, x, y = gaze.t, gaze.x, gaze.y
    a, b = max(i - half, 0), min(i + half, t.size - 1)
    if t[b] - t[a] > how.max_gap_ms:
        a, b = beside_jump(t, i, a, b, how.max_gap_ms)
    labels[i] = SACCADE if too_fast(x[a], y[a], x[b], y[b], t[b] - t[a], how.rad_per_ms, lens) else FIXATION


@kernel
def merge_fixations(gaze, lens, step, how, labels):
    """Join fixations close in time whose facing samples are close in space (Olsen 2012); drop short ones.

    What lies between becomes fixation. A distance of 0 joins none.
    """
    t, x, y = gaze.t, gaze.x, gaze.y
    limit = np.sin(how.merge_within) ** 2 if how.merge_within > 0.0 else -1.0
    begin, last, i = 0, -1, 0
    while i < t.size:
        stop = event_stop(labels, i)
        if labels[i] & 127 == FIXATION:
            near = last >= 0 and t[i] - t[last] <= how.max_gap_ms
            if near and sine_squared(x[last], y[last], x[i], y[i], lens) <= limit:
                labels[last + 1 : i + 1] = FIXATION
            else:
                if last >= 0:
                    drop_if_short(t, labels, begin, last + 1, step, how.min_fixation_ms)
                begin = i
            last = stop - 1
        i = stop
    if last >= 0:
        drop_if_short(t, labels, begin, last + 1, step, how.min_fixation_ms)


@kernel
def ivt_over_readings(starts, stops, gaze, how, labels, lenses, steps):
    """Label every reading; `how` is a VelocityThreshold."""
    for r in range(starts.size):
        part, own, lens = part_of(gaze, starts[r], stops[r]), labels[starts[r] : stops[r]], lens_of(lenses, r)
        ivt(part, lens, steps[r], how, own)
        mark_starts(part.t, own, how.max_gap_ms)
        merge_fixations(part, lens, steps[r], how, own)
