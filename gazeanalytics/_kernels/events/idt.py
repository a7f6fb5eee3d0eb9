"""I-DT: labels by a dispersion threshold (Salvucci & Goldberg 2000), in time linear in the samples. Gaze in image px.

Labels are 1 fixation and 2 saccade, with START (128) added where an event begins.
"""

from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import kernel
from gazeanalytics._kernels.events.gaze import lens_of, part_of
from gazeanalytics._kernels.events.labels import FIXATION, SACCADE, START


class DispersionThreshold(NamedTuple):
    """Settings: greatest dispersion of a fixation (rad), its shortest duration and the longest gap in it (ms)."""

    max_dispersion: float
    min_fixation_ms: float
    max_gap_ms: float


# Dispersion is D = (max x - min x) + (max y - min y) in angles. With u = tan x, an angle's range is at most that of its
# tangent, and at least that over 1 + u^2 at the end farther out: most answers need no arctangent.
@kernel
def fits(left, right, top, bottom, lens, max_dispersion):
    """Whether the dispersion of a box of image px is at most `max_dispersion` (rad)."""
    u0, u1 = (left - lens.centre_x) * lens.per_px_x, (right - lens.centre_x) * lens.per_px_x
    v0, v1 = (top - lens.centre_y) * lens.per_px_y, (bottom - lens.centre_y) * lens.per_px_y
    if (u1 - u0) + (v1 - v0) <= max_dispersion:
        return True
    least = (u1 - u0) / (1.0 + max(u0 * u0, u1 * u1)) + (v1 - v0) / (1.0 + max(v0 * v0, v1 * v1))
    if least > max_dispersion:
        return False
    return (np.arctan(u1) - np.arctan(u0)) + (np.arctan(v1) - np.arctan(v0)) <= max_dispersion


@kernel
def window_capacity(t, step, shortest):
    """Greatest number of samples that a window of `shortest` ms needs."""
    most, stop = 1, 0
    for i in range(t.size):
        while stop < t.size and t[stop] - t[i] + step < shortest:
            stop += 1
        most = max(most, stop - i + 1)
    return most


# The extremes of a sliding window in amortized constant time per sample: the paper's own loop looks at the whole window
# anew at each step, which at 1000 Hz is 100 samples for each sample. Two monotonic queues would do as well, with twice
# the memory traffic.
@kernel
def idt(gaze, lens, step, how, labels):
    """Slide a window of the shortest duration until its dispersion fits, then grow it until it doesn't.

    Extremes of the sliding window are kept in two parts: those from each of its first samples up to `middle`, computed
    once, and the running ones after `middle`. When the window has left the first part, it is computed anew.
    """
    t, x, y = gaze.t, gaze.x, gaze.y
    n, widest, max_gap = t.size, how.max_dispersion, how.max_gap_ms
    shortest = how.min_fixation_ms * (1.0 - 1e-9)
    tails = np.empty((window_capacity(t, step, shortest), 4))
    left, right, top, bottom = np.inf, -np.inf, np.inf, -np.inf
    i, stop, base, middle = 0, 0, 0, -1
    while i < n:
        if stop == i:
            middle = i - 1
            left, right, top, bottom = np.inf, -np.inf, np.inf, -np.inf
        while stop < n and (stop == i or t[stop - 1] - t[i] + step < shortest):
            if stop > i and t[stop] - t[stop - 1] > max_gap:
                break
            left, right = min(left, x[stop]), max(right, x[stop])
            top, bottom = min(top, y[stop]), max(bottom, y[stop])
            stop += 1
        if t[stop - 1] - t[i] + step < shortest:
            labels[i:stop] = SACCADE
            i = stop
            continue
        if i > middle + 1:
            left, right, top, bottom = np.inf, -np.inf, np.inf, -np.inf
            base, middle = i, stop - 1
            for k in range(middle, base - 1, -1):
                left, right = min(left, x[k]), max(right, x[k])
                top, bottom = min(top, y[k]), max(bottom, y[k])
                tail = tails[k - base]
                tail[0], tail[1], tail[2], tail[3] = left, right, top, bottom
            left, right, top, bottom = np.inf, -np.inf, np.inf, -np.inf
        low_x, high_x, low_y, high_y = left, right, top, bottom
        if i <= middle:
            tail = tails[i - base]
            low_x, high_x = min(left, tail[0]), max(right, tail[1])
            low_y, high_y = min(top, tail[2]), max(bottom, tail[3])
        if not fits(low_x, high_x, low_y, high_y, lens, widest):
            labels[i] = SACCADE
            i += 1
            continue
        while stop < n and t[stop] - t[stop - 1] <= max_gap:
            low_x, high_x = min(low_x, x[stop]), max(high_x, x[stop])
            low_y, high_y = min(low_y, y[stop]), max(high_y, y[stop])
            if not fits(low_x, high_x, low_y, high_y, lens, widest):
                break
            stop += 1
        labels[i:stop] = FIXATION
        labels[i] = FIXATION | START
        i = stop


@kernel
def mark_saccades(t, labels, max_gap):
    """Put START where saccades begin; fixations have it already, since two of them may touch."""
    before = 0
    for i in range(t.size):
        if labels[i] == SACCADE and (before != SACCADE or t[i] - t[i - 1] > max_gap):
            labels[i] = SACCADE | START
        before = labels[i] & 127


@kernel
def idt_over_readings(starts, stops, gaze, how, labels, lenses, steps):
    """Label every reading; `how` is a DispersionThreshold."""
    for r in range(starts.size):
        part, own = part_of(gaze, starts[r], stops[r]), labels[starts[r] : stops[r]]
        idt(part, lens_of(lenses, r), steps[r], how, own)
        mark_saccades(part.t, own, how.max_gap_ms)
