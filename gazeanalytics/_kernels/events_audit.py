"""Facts on a recording before events are looked for: its rate, its losses, the signs of wrong units; angles of gaze.

`lens` is (centre x, centre y, 1 / distance x, 1 / distance y) of a Viewing in image pixels.
"""

import numpy as np

from gazeanalytics._kernels import kernel

_PROBES = 512


@kernel
def interval(t):
    """Median time between neighbours (ms), from at most 512 places spread over the reading; NaN without any."""
    pairs = t.size - 1
    count = min(pairs, _PROBES)
    if count < 1:
        return np.nan
    steps = np.empty(count)
    kept = 0
    for k in range(count):
        i = k * pairs // count
        step = t[i + 1] - t[i]
        if step > 0:
            steps[kept] = step
            kept += 1
    return np.median(steps[:kept]) if kept else np.nan


@kernel
def audit(t, x, y, lens, out):
    """Facts on one reading by which wrong units and broken clocks are known.

    out: 0 interval (ms), 1 steps backwards, 2 times that are not finite, 3 infinite places, 4 samples without a place;
    of at most 512 probed samples: 5 how many have a place, 6 largest coordinate (px), 7 widest extent (px), 8 median
    step to the next (deg at the centre), 9 share over 60 deg off the line of sight, 10 share at exactly (0, 0).
    """
    n = t.size
    out[:] = 0.0
    out[0] = interval(t)
    back, timeless, infinite, missing = 0, 0, 0, 0
    for i in range(n):
        timeless += not np.isfinite(t[i])
        infinite += abs(x[i]) == np.inf or abs(y[i]) == np.inf
        missing += np.isnan(x[i] + y[i])
    for i in range(1, n):
        back += t[i] < t[i - 1]
    out[1], out[2], out[3], out[4] = back, timeless, infinite, missing
    count = min(n, _PROBES)
    steps = np.empty(count)
    kept, seen, wide, zero = 0, 0, 0, 0
    left, right, top, bottom = np.inf, -np.inf, np.inf, -np.inf
    for k in range(count):
        i = k * n // count
        if np.isnan(x[i] + y[i]):
            continue
        seen += 1
        zero += x[i] == 0.0 and y[i] == 0.0
        left, right = min(left, x[i]), max(right, x[i])
        top, bottom = min(top, y[i]), max(bottom, y[i])
        u, v = (x[i] - lens[0]) * lens[2], (y[i] - lens[1]) * lens[3]
        wide += u * u + v * v > 3.0
        if i + 1 < n and not np.isnan(x[i + 1] + y[i + 1]):
            steps[kept] = np.hypot((x[i + 1] - x[i]) * lens[2], (y[i + 1] - y[i]) * lens[3])
            kept += 1
    out[5] = seen
    if seen:
        out[6] = max(abs(left), abs(right), abs(top), abs(bottom))
        out[7] = max(right - left, bottom - top)
        out[9], out[10] = wide / seen, zero / seen
    out[8] = np.rad2deg(np.median(steps[:kept])) if kept else np.nan


@kernel
def audit_over_readings(starts, stops, t, x, y, lenses, out):
    """`audit` of every reading."""
    for r in range(starts.size):
        a, b = starts[r], stops[r]
        audit(t[a:b], x[a:b], y[a:b], lenses[r], out[r])


@kernel
def degrees_over_readings(starts, stops, x, y, right, down, lenses):
    """Horizontal and vertical angle (deg) off the line of sight."""
    for r in range(starts.size):
        for i in range(starts[r], stops[r]):
            right[i] = np.rad2deg(np.arctan((x[i] - lenses[r, 0]) * lenses[r, 2]))
            down[i] = np.rad2deg(np.arctan((y[i] - lenses[r, 1]) * lenses[r, 3]))
