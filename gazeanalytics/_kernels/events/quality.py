"""Data loss and precision of recordings, and the samples that cleaning takes away; NaN is missing.

Gaze in degrees for precision and in image px for cleaning, on an even or uneven clock (ms).
"""

from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import kernel
from gazeanalytics._kernels.events.gaze import part_of


class Cleaning(NamedTuple):
    """Settings: spikes (px), shortest and longest blink and the margin beside it (ms); 0 leaves a step out."""

    spike_px: float
    min_blink_ms: float
    max_blink_ms: float
    margin_ms: float


# RMS-S2S = sqrt(mean |p_{i+1} - p_i|^2); SD = sqrt(sd_x^2 + sd_y^2); the ellipse that holds a share P of the samples
# has the area -2 pi ln(1 - P) sd_x sd_y sqrt(1 - r^2) (Crossland & Rubin 2002). RMS-S2S shows white noise from sample
# to sample and is blind to slow drift; SD shows both (Holmqvist et al. 2012).
@kernel
def precision(x, y, out):
    """Precision of one window: out 0 RMS-S2S, 1 SD, 2 sd_x sd_y sqrt(1 - r^2).

    Missing samples are skipped; a step counts when both ends are there.
    """
    out[:] = np.nan
    seen, steps, squares = 0, 0, 0.0
    mean_x, mean_y = 0.0, 0.0
    for i in range(x.size):
        if np.isnan(x[i] + y[i]):
            continue
        seen += 1
        mean_x += x[i]
        mean_y += y[i]
        if i > 0 and not np.isnan(x[i - 1] + y[i - 1]):
            steps += 1
            squares += (x[i] - x[i - 1]) ** 2 + (y[i] - y[i - 1]) ** 2
    if steps > 0:
        out[0] = np.sqrt(squares / steps)
    if seen < 2:
        return
    mean_x, mean_y = mean_x / seen, mean_y / seen
    xx, yy, xy = 0.0, 0.0, 0.0
    for i in range(x.size):
        if not np.isnan(x[i] + y[i]):
            xx += (x[i] - mean_x) ** 2
            yy += (y[i] - mean_y) ** 2
            xy += (x[i] - mean_x) * (y[i] - mean_y)
    out[1] = np.sqrt((xx + yy) / seen)
    out[2] = np.sqrt(max(xx * yy - xy * xy, 0.0)) / seen


@kernel
def losses(gaze, step, max_gap, out):
    """Samples seen, holes over `max_gap` ms and the longest hole (ms), at 0, 2 and 3 of out."""
    t, n = gaze.t, gaze.t.size
    before, seen = t[0] - step, 0
    for i in range(n + 1):
        if i < n and np.isnan(gaze.x[i] + gaze.y[i]):
            continue
        now = t[i] if i < n else t[n - 1] + step
        seen += i < n
        hole = now - before
        if hole > max_gap:
            out[2] += 1.0
        if hole > 1.5 * step:
            out[3] = max(out[3], hole - step)
        before = now
    out[0] = seen


# The median over windows, not one value for all: a window with a saccade has a spread of degrees, and a mean would
# report it as noise (Hooge et al. 2022).
@kernel
def quality(gaze, step, window, max_gap, out):
    """Facts on one reading.

    out: 0 samples seen, 1 time from first to last sample and one interval more (ms), 2 holes over `max_gap` ms,
    3 longest hole (ms), 4-6 median `precision` of consecutive windows of `window` ms, at least half of them seen.
    """
    t, x, y = gaze.t, gaze.x, gaze.y
    n = t.size
    out[:] = 0.0
    out[4:] = np.nan
    if n == 0:
        return
    out[1] = t[n - 1] - t[0] + step
    losses(gaze, step, max_gap, out)
    enough = max(2, int(window / step / 2.0))
    rows = np.empty((n // enough + 1, 3))
    kept, i = 0, 0
    while i < n:
        stop, there = i, 0
        while stop < n and t[stop] - t[i] < window:
            there += not np.isnan(x[stop] + y[stop])
            stop += 1
        if there >= enough and t[stop - 1] - t[i] + step > 0.75 * window:
            precision(x[i:stop], y[i:stop], rows[kept])
            kept += 1
        i = stop
    for k in range(3):
        if kept > 0:
            out[4 + k] = np.nanmedian(rows[:kept, k])


@kernel
def quality_over_readings(starts, stops, gaze, window, max_gap, steps, out):
    """Write the facts of every reading; window of precision and longest gap in ms."""
    for r in range(starts.size):
        quality(part_of(gaze, starts[r], stops[r]), steps[r], window, max_gap, out[r])


# After Stampe (1993), whose filter replaces such a sample by its neighbour: here it becomes missing and is counted, so
# that nothing is made up.
@kernel
def spikes(x, y, least, counts):
    """Take away single samples over `least` off both neighbours, when these are nearer to each other."""
    limit = least * least
    for i in range(1, x.size - 1):
        to_last = (x[i] - x[i - 1]) ** 2 + (y[i] - y[i - 1]) ** 2
        to_next = (x[i] - x[i + 1]) ** 2 + (y[i] - y[i + 1]) ** 2
        across = (x[i + 1] - x[i - 1]) ** 2 + (y[i + 1] - y[i - 1]) ** 2
        if to_last > limit and to_next > limit and across < min(to_last, to_next):
            x[i] = y[i] = np.nan
            counts[0] += 1


@kernel
def margins(gaze, how, counts):
    """Take away the samples within the margin of a hole that lasts as long as a blink."""
    t, x, y = gaze.t, gaze.x, gaze.y
    n = t.size
    last = -1
    for i in range(n):
        if np.isnan(x[i] + y[i]):
            continue
        if last >= 0 and i > last + 1 and how.min_blink_ms <= t[i] - t[last] <= how.max_blink_ms:
            for side in (-1, 1):
                k = last if side < 0 else i
                edge = t[k]
                while 0 <= k < n and abs(t[k] - edge) < how.margin_ms:
                    if not np.isnan(x[k] + y[k]):
                        x[k] = y[k] = np.nan
                        counts[1] += 1
                    k += side
        last = i


@kernel
def clean_over_readings(starts, stops, gaze, how, counts):
    """Take away spikes, then the edges of blinks, in every reading; counts: samples taken by either."""
    for r in range(starts.size):
        part = part_of(gaze, starts[r], stops[r])
        counts[r] = 0
        if how.spike_px > 0:
            spikes(part.x, part.y, how.spike_px, counts[r])
        if how.margin_ms > 0:
            margins(part, how, counts[r])
