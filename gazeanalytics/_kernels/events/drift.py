"""Measures of how the eye drifts while it rests, on a coarse grid, for trees that separate pursuit from fixation.

Gaze in degrees, speeds in deg/s, times in ms. Labels: 1 fixation, 4 pursuit.
"""

from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import kernel
from gazeanalytics._kernels.events.gaze import samples_in
from gazeanalytics._kernels.events.labels import FIXATION, PURSUIT

SCALES = (32.0, 64.0, 128.0, 256.0)
# Duration, distance, speed and straightness of the rest; time since and until its ends; 3 measures a scale.
MEASURES = 6 + 3 * 4
_GRID = 16.0


class Rest(NamedTuple):
    """A run of fixation labels: its samples, running sums of x and y, and how it drifts from end to end."""

    t: np.ndarray
    sums: np.ndarray
    step: float
    start: int
    stop: int
    duration: float
    distance: float
    speed: float
    straightness: float
    right: float
    down: float


@kernel
def rest_stop(t, labels, i, max_gap):
    """Index after the last sample of the rest that begins at sample i."""
    stop = i + 1
    while stop < t.size and labels[stop] == FIXATION and t[stop] - t[stop - 1] <= max_gap:
        stop += 1
    return stop


# Means of windows out of running sums, in constant time at any scale: single samples carry noise of the size of slow
# drift (1 deg/s over 32 ms is 0.03 deg).
@kernel
def mean_step(sums, a, b, c, d):
    """From the mean place of samples a to b to that of samples c to d."""
    right = (sums[d, 0] - sums[c, 0]) / (d - c) - (sums[b, 0] - sums[a, 0]) / (b - a)
    return right, (sums[d, 1] - sums[c, 1]) / (d - c) - (sums[b, 1] - sums[a, 1]) / (b - a)


@kernel
def rest_of(t, sums, step, i, stop):
    """Describe the rest from samples i to stop as a whole: how long, how far, how fast and how straight it drifts."""
    reach = max(1, min((stop - i) // 3, int(40.0 / step)))
    right, down = mean_step(sums, i, i + reach, stop - reach, stop)
    net = np.sqrt(right * right + down * down)
    few, path = max(1, int(20.0 / step)), 0.0
    for k in range(i + few, stop - few + 1, few):
        dx, dy = mean_step(sums, k - few, k, k, k + few)
        path += np.sqrt(dx * dx + dy * dy)
    speed = net / max(t[stop - reach] - t[i], step) * 1000.0
    straightness = net / path if path > 0 else 0.0
    return Rest(t, sums, step, i, stop, t[stop - 1] - t[i] + step, net, speed, straightness, right, down)


@kernel
def drift_measures(rest, k, out):
    """Measures of sample k of a rest: those of the whole, and speed, direction and distance at each scale."""
    t, sums, step = rest.t, rest.sums, rest.step
    out[0], out[1], out[2], out[3] = rest.duration, rest.distance, rest.speed, rest.straightness
    out[4], out[5] = t[k] - t[rest.start], t[rest.stop - 1] - t[k]
    c = 6
    for scale in SCALES:
        reach = samples_in(scale, step)
        a, b = max(rest.start, k - reach), min(rest.stop, k + reach + 1)
        half = (b - a) // 2
        out[c], out[c + 1], out[c + 2] = 0.0, 0.0, 0.0
        if half > 0:
            dx, dy = mean_step(sums, a, a + half, b - half, b)
            far = np.sqrt(dx * dx + dy * dy)
            out[c], out[c + 2] = far / ((b - a - half) * step) * 1000.0, far
            if far * rest.distance > 0:
                out[c + 1] = (dx * rest.right + dy * rest.down) / (far * rest.distance)
        c += 3


@kernel
def drifts(gaze, step, max_gap, labels):
    """Grid over the rests of one reading: first sample of each place, the sample after its last, and its measures."""
    t, x, y = gaze.t, gaze.x, gaze.y
    n, every = t.size, max(1, int(_GRID / step))
    sums, rests = np.zeros((n + 1, 2)), 1
    for i in range(n):
        sums[i + 1, 0], sums[i + 1, 1] = sums[i, 0] + x[i] - x[0], sums[i, 1] + y[i] - y[0]
        rests += i > 0 and (labels[i] != labels[i - 1] or t[i] - t[i - 1] > max_gap)
    spans, rows = np.empty((n // every + rests, 2), np.int64), np.empty((n // every + rests, MEASURES), np.float32)
    m, i = 0, 0
    while i < n:
        stop = i + 1
        if labels[i] == FIXATION:
            stop = rest_stop(t, labels, i, max_gap)
            rest = rest_of(t, sums, step, i, stop)
            for k in range(i, stop, every):
                spans[m, 0], spans[m, 1] = k, min(k + every, stop)
                drift_measures(rest, k, rows[m])
                m += 1
        i = stop
    return spans[:m], rows[:m]


@kernel
def pursue(spans, shares, labels):
    """Label as pursuit what the places of the grid stand for, where its probability is over one half."""
    for m in range(spans.shape[0]):
        if shares[m, 1] > 0.5:
            labels[spans[m, 0] : spans[m, 1]] = PURSUIT
