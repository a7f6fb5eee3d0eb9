"""Measures of how the eye drifts while it rests, on a coarse grid, for trees that tell pursuit from fixation.

Gaze comes in degrees, without missing samples. Speeds are in deg/s, times in ms. Labels: 1 fixation, 4 pursuit.
"""

import numpy as np

from gazeanalytics._kernels import kernel

FIXATION, PURSUIT = 1, 4
SCALES = (32.0, 64.0, 128.0, 256.0)
# Duration, distance, speed and straightness of the rest; time since and until its ends; 3 measures a scale.
MEASURES = 6 + 3 * 4
_GRID = 16.0


@kernel
def rest_stop(t, labels, i, longest_gap):
    """Index after the last sample of the rest that begins at sample i."""
    stop = i + 1
    while stop < t.size and labels[stop] == FIXATION and t[stop] - t[stop - 1] <= longest_gap:
        stop += 1
    return stop


@kernel
def mean_step(sums, a, b, c, d):
    """From the mean place of samples a to b to that of samples c to d."""
    right = (sums[d, 0] - sums[c, 0]) / (d - c) - (sums[b, 0] - sums[a, 0]) / (b - a)
    return right, (sums[d, 1] - sums[c, 1]) / (d - c) - (sums[b, 1] - sums[a, 1]) / (b - a)


@kernel
def rest_as_whole(t, sums, step, i, stop, out):
    """Duration of a rest, how far, how fast and how straight it drifts from end to end, and its way."""
    reach = max(1, min((stop - i) // 3, int(40.0 / step)))
    right, down = mean_step(sums, i, i + reach, stop - reach, stop)
    net = np.sqrt(right * right + down * down)
    few, path = max(1, int(20.0 / step)), 0.0
    for k in range(i + few, stop - few + 1, few):
        dx, dy = mean_step(sums, k - few, k, k, k + few)
        path += np.sqrt(dx * dx + dy * dy)
    out[0], out[1] = t[stop - 1] - t[i] + step, net
    out[2] = net / max(t[stop - reach] - t[i], step) * 1000.0
    out[3], out[4], out[5] = net / path if path > 0 else 0.0, right, down


@kernel
def drift_measures(t, sums, step, i, stop, whole, k, out):
    """Measures of sample k of the rest from i to stop; `whole` holds those of the rest."""
    for m in range(4):
        out[m] = whole[m]
    out[4], out[5] = t[k] - t[i], t[stop - 1] - t[k]
    c = 6
    for scale in SCALES:
        reach = max(1, int(np.floor(scale / step + 0.5)))
        a, b = max(i, k - reach), min(stop, k + reach + 1)
        half = (b - a) // 2
        out[c], out[c + 1], out[c + 2] = 0.0, 0.0, 0.0
        if half > 0:
            dx, dy = mean_step(sums, a, a + half, b - half, b)
            far = np.sqrt(dx * dx + dy * dy)
            out[c], out[c + 2] = far / ((b - a - half) * step) * 1000.0, far
            if far * whole[1] > 0:
                out[c + 1] = (dx * whole[4] + dy * whole[5]) / (far * whole[1])
        c += 3


@kernel
def drifts(t, x, y, step, longest_gap, labels):
    """Grid over the rests of one reading: first sample of each place, the sample after its last, and its measures."""
    n, every = t.size, max(1, int(_GRID / step))
    sums, rests = np.zeros((n + 1, 2)), 1
    for i in range(n):
        sums[i + 1, 0], sums[i + 1, 1] = sums[i, 0] + x[i] - x[0], sums[i, 1] + y[i] - y[0]
        rests += i > 0 and (labels[i] != labels[i - 1] or t[i] - t[i - 1] > longest_gap)
    spans, rows = np.empty((n // every + rests, 2), np.int64), np.empty((n // every + rests, MEASURES), np.float32)
    whole, m, i = np.empty(6), 0, 0
    while i < n:
        stop = i + 1
        if labels[i] == FIXATION:
            stop = rest_stop(t, labels, i, longest_gap)
            rest_as_whole(t, sums, step, i, stop, whole)
            for k in range(i, stop, every):
                spans[m, 0], spans[m, 1] = k, min(k + every, stop)
                drift_measures(t, sums, step, i, stop, whole, k, rows[m])
                m += 1
        i = stop
    return spans[:m], rows[:m]


@kernel
def pursue(spans, shares, labels):
    """Label as pursuit what the places of the grid stand for, where its share is over one half."""
    for m in range(spans.shape[0]):
        if shares[m, 1] > 0.5:
            labels[spans[m, 0] : spans[m, 1]] = PURSUIT
