"""Labels by a dispersion threshold (I-DT), in time linear in the samples.

Labels are 1 fixation and 2 saccade, with START (128) added where an event begins. A hole is a jump of the clock.
`lens` is (centre x, centre y, 1 / distance x, 1 / distance y) of a Viewing in image pixels.
"""

import numpy as np

from gazeanalytics._kernels import kernel

FIXATION, SACCADE, START = 1, 2, 128


@kernel
def fits(left, right, top, bottom, lens, widest):
    """Whether x range plus y range is at most `widest` (rad), in angles off the line of sight.

    An angle's range is at most that of its tangent, and at least that over 1 + tan^2: most answers need no arctangent.
    """
    u0, u1 = (left - lens[0]) * lens[2], (right - lens[0]) * lens[2]
    v0, v1 = (top - lens[1]) * lens[3], (bottom - lens[1]) * lens[3]
    if (u1 - u0) + (v1 - v0) <= widest:
        return True
    if (u1 - u0) / (1.0 + max(u0 * u0, u1 * u1)) + (v1 - v0) / (1.0 + max(v0 * v0, v1 * v1)) > widest:
        return False
    return (np.arctan(u1) - np.arctan(u0)) + (np.arctan(v1) - np.arctan(v0)) <= widest


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
def idt(t, x, y, lens, step, widest, shortest, longest_gap, labels):
    """Slide a window of `shortest` ms until its dispersion fits, then grow it until it doesn't.

    Extremes of the sliding window are kept in two parts: those from each of its first samples up to `middle`, worked
    out once, and the running ones after `middle`. When the window has left the first part, it is worked out anew, so
    that each sample is looked at a fixed number of times.
    """
    n = t.size
    shortest *= 1.0 - 1e-9
    tails = np.empty((window_capacity(t, step, shortest), 4))
    left, right, top, bottom = np.inf, -np.inf, np.inf, -np.inf
    i, stop, base, middle = 0, 0, 0, -1
    while i < n:
        if stop == i:
            middle = i - 1
            left, right, top, bottom = np.inf, -np.inf, np.inf, -np.inf
        while stop < n and (stop == i or t[stop - 1] - t[i] + step < shortest):
            if stop > i and t[stop] - t[stop - 1] > longest_gap:
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
        while stop < n and t[stop] - t[stop - 1] <= longest_gap:
            low_x, high_x = min(low_x, x[stop]), max(high_x, x[stop])
            low_y, high_y = min(low_y, y[stop]), max(high_y, y[stop])
            if not fits(low_x, high_x, low_y, high_y, lens, widest):
                break
            stop += 1
        labels[i:stop] = FIXATION
        labels[i] = FIXATION | START
        i = stop


@kernel
def mark_saccades(t, labels, longest_gap):
    """Put START where saccades begin; fixations have it already."""
    before = 0
    for i in range(t.size):
        if labels[i] == SACCADE and (before != SACCADE or t[i] - t[i - 1] > longest_gap):
            labels[i] = SACCADE | START
        before = labels[i] & 127


@kernel
def idt_over_readings(starts, stops, t, x, y, settings, labels, lenses, steps):
    """`idt` of every reading; settings: widest (rad), shortest (ms), longest gap (ms)."""
    for r in range(starts.size):
        part = slice(starts[r], stops[r])
        values = settings[0], settings[1], settings[2]
        idt(t[part], x[part], y[part], lenses[r], steps[r], values[0], values[1], values[2], labels[part])
        mark_saccades(t[part], labels[part], values[2])
