"""Losses and precision of recordings, and the samples that cleaning takes away.

Gaze comes in degrees for precision and in pixels for cleaning; NaN is missing.
"""

import numpy as np

from gazeanalytics._kernels import kernel


@kernel
def precision(x, y, out):
    """Sample-to-sample RMS, standard deviation and ellipse of one window: out 0 RMS-S2S, 1 SD, 2 sx sy sqrt(1 - r2).

    Missing samples are passed over; a step counts when both ends are there.
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
def quality(t, x, y, step, window, longest_gap, out):
    """Facts on one reading.

    out: 0 samples seen, 1 time from first to last sample and one interval more (ms), 2 holes over `longest_gap` ms,
    3 longest hole (ms), 4-6 median `precision` of consecutive windows of `window` ms, at least half of them seen.
    """
    n = t.size
    out[:] = 0.0
    out[4:] = np.nan
    if n == 0:
        return
    out[1] = t[n - 1] - t[0] + step
    before, seen = t[0] - step, 0
    for i in range(n + 1):
        if i < n and np.isnan(x[i] + y[i]):
            continue
        now = t[i] if i < n else t[n - 1] + step
        seen += i < n
        hole = now - before
        if hole > longest_gap:
            out[2] += 1.0
        if hole > 1.5 * step:
            out[3] = max(out[3], hole - step)
        before = now
    out[0] = seen
    wanted = max(2, int(window / step / 2.0))
    rows = np.empty((n // wanted + 1, 3))
    kept, i = 0, 0
    while i < n:
        stop, there = i, 0
        while stop < n and t[stop] - t[i] < window:
            there += not np.isnan(x[stop] + y[stop])
            stop += 1
        if there >= wanted and t[stop - 1] - t[i] + step > 0.75 * window:
            precision(x[i:stop], y[i:stop], rows[kept])
            kept += 1
        i = stop
    for k in range(3):
        if kept > 0:
            out[4 + k] = np.nanmedian(rows[:kept, k])


@kernel
def quality_over_readings(starts, stops, t, x, y, settings, steps, out):
    """`quality` of every reading; settings: window, longest gap (ms)."""
    for r in range(starts.size):
        part = slice(starts[r], stops[r])
        quality(t[part], x[part], y[part], steps[r], settings[0], settings[1], out[r])


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
def margins(t, x, y, shortest, longest, margin, counts):
    """Take away the samples within `margin` ms of a hole that lasts from `shortest` to `longest` ms."""
    n = t.size
    last = -1
    for i in range(n):
        if np.isnan(x[i] + y[i]):
            continue
        if last >= 0 and i > last + 1 and shortest <= t[i] - t[last] <= longest:
            for side in (-1, 1):
                k = last if side < 0 else i
                edge = t[k]
                while 0 <= k < n and abs(t[k] - edge) < margin:
                    if not np.isnan(x[k] + y[k]):
                        x[k] = y[k] = np.nan
                        counts[1] += 1
                    k += side
        last = i


@kernel
def clean_over_readings(starts, stops, t, x, y, settings, counts):
    """`spikes`, then `margins`; settings: spike (px), shortest and longest blink, margin (ms); 0 leaves a step out."""
    for r in range(starts.size):
        part = slice(starts[r], stops[r])
        counts[r] = 0
        if settings[0] > 0:
            spikes(x[part], y[part], settings[0], counts[r])
        if settings[3] > 0:
            margins(t[part], x[part], y[part], settings[1], settings[2], settings[3], counts[r])
