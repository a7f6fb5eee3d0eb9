"""Facts on a recording before events are looked for: its rate, its losses, the signs of wrong units; angles of gaze.

`lens` is (centre x, centre y, 1 / distance x, 1 / distance y) of a Viewing in image pixels.
"""

import numpy as np

from gazeanalytics._kernels import kernel

_PROBES = 128
_ABSURD_PX = 30000.0
# Standard deviation of a half wave of the sine squared, as a share of its length.
_SPREAD_OF_LENGTH = np.sqrt(1 / 12 - 1 / (2 * np.pi**2))


@kernel
def interval(t):
    """Median time between neighbours (ms), from at most 128 places spread over the reading; NaN without any."""
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
def intervals_over_readings(starts, stops, t, out):
    """`interval` of every reading."""
    for r in range(starts.size):
        out[r] = interval(t[starts[r] : stops[r]])


@kernel
def off_image(x, y):
    """Whether a point lies above and left of any image, or absurdly far."""
    return ((x <= 0.0) & (y <= 0.0)) | ((x >= _ABSURD_PX) & (y >= _ABSURD_PX))


@kernel
def code_of_loss(x, y, there, out):
    """Find the point that a tracker writes where it lost the gaze, such as (0, 0), (-1, -1) or (-32768, -32768).

    Most of the `there` samples off the image are at exactly this point (the majority vote of Boyer & Moore), at least
    three of them. out: samples at it (0: there is none), x, y.
    """
    votes, count = 0, 0
    for i in range(x.size):
        if off_image(x[i], y[i]):
            if votes == 0:
                out[1], out[2] = x[i], y[i]
            votes += 1 if x[i] == out[1] and y[i] == out[2] else -1
    for i in range(x.size):
        count += x[i] == out[1] and y[i] == out[2]
    out[0] = count if 2 * count > there and count >= 3 else 0


@kernel
def audit(t, x, y, lens, out):
    """Facts on one reading by which wrong units and broken clocks are known.

    out: 0 interval (ms), 1 steps backwards, 2 times that are not finite, 3 infinite places, 4 samples without a place,
    5-7 `code_of_loss`: samples at it, its x and y; of at most 128 probed samples: 8 how many have a place, 9 largest
    coordinate (px), 10 widest extent (px), 11 median step to the next (deg at the centre), 12 share over 60 deg off the
    line of sight.
    """
    n = t.size
    out[:] = 0.0
    out[0] = interval(t)
    back, timeless, infinite, missing, there = 0, 0, 0, 0, 0
    for i in range(n):
        there += off_image(x[i], y[i])
        timeless += not np.isfinite(t[i])
        infinite += abs(x[i]) == np.inf or abs(y[i]) == np.inf
        missing += np.isnan(x[i] + y[i])
    for i in range(1, n):
        back += t[i] < t[i - 1]
    out[1], out[2], out[3], out[4] = back, timeless, infinite, missing
    if there >= 3:
        code_of_loss(x, y, there, out[5:8])
    count = min(n, _PROBES)
    steps = np.empty(count)
    kept, seen, wide = 0, 0, 0
    left, right, top, bottom = np.inf, -np.inf, np.inf, -np.inf
    for k in range(count):
        i = k * n // count
        if np.isnan(x[i] + y[i]):
            continue
        seen += 1
        left, right = min(left, x[i]), max(right, x[i])
        top, bottom = min(top, y[i]), max(bottom, y[i])
        u, v = (x[i] - lens[0]) * lens[2], (y[i] - lens[1]) * lens[3]
        wide += u * u + v * v > 3.0
        if i + 1 < n and not np.isnan(x[i + 1] + y[i + 1]):
            steps[kept] = ((x[i + 1] - x[i]) * lens[2]) ** 2 + ((y[i + 1] - y[i]) * lens[3]) ** 2
            kept += 1
    out[8] = seen
    if seen:
        out[9] = max(abs(left), abs(right), abs(top), abs(bottom))
        out[10] = max(right - left, bottom - top)
        out[12] = wide / seen
    out[11] = np.rad2deg(np.sqrt(np.median(steps[:kept]))) if kept else np.nan


@kernel
def audit_over_readings(starts, stops, t, x, y, lenses, out):
    """`audit` of every reading."""
    for r in range(starts.size):
        a, b = starts[r], stops[r]
        audit(t[a:b], x[a:b], y[a:b], lenses[r], out[r])


@kernel
def forget_over_readings(starts, stops, x, y, facts):
    """Make the samples at a reading's code of loss (see `audit`) missing."""
    for r in range(starts.size):
        if facts[r, 5] > 0:
            for i in range(starts[r], stops[r]):
                if x[i] == facts[r, 6] and y[i] == facts[r, 7]:
                    x[i] = y[i] = np.nan


@kernel
def degrees_over_readings(starts, stops, x, y, right, down, lenses):
    """Horizontal and vertical angle (deg) off the line of sight."""
    for r in range(starts.size):
        for i in range(starts[r], stops[r]):
            right[i] = np.rad2deg(np.arctan((x[i] - lenses[r, 0]) * lenses[r, 2]))
            down[i] = np.rad2deg(np.arctan((y[i] - lenses[r, 1]) * lenses[r, 3]))


@kernel
def without_spikes(x):
    """Median of each sample and its two neighbours."""
    calm = x.copy()
    for i in range(1, x.size - 1):
        low, high = min(x[i - 1], x[i + 1]), max(x[i - 1], x[i + 1])
        calm[i] = min(max(x[i], low), high)
    return calm


@kernel
def flight_ratios(t, x, y, step):
    """How many times longer than human saccades of its size (21 ms and 2.2 ms per deg) each saccade of 2 to 20 deg is.

    Gaze comes in degrees, without missing samples. Speed is told over 10 ms at least; a saccade is where it exceeds a
    fifth of its peak. Its length is told by the spread of its speed in time, less that of the window, as a half wave of
    the sine squared has it; so it hangs little on thresholds, noise and the distance between samples.
    """
    n = t.size
    x, y = without_spikes(x), without_spikes(y)
    half = max(1, int(np.floor(5.0 / step + 0.5)))
    window = 2 * half * step
    speed = np.zeros(n)
    for i in range(half, n - half):
        took = t[i + half] - t[i - half]
        if 0.0 < took < 1.5 * window:
            speed[i] = np.sqrt((x[i + half] - x[i - half]) ** 2 + (y[i + half] - y[i - half]) ** 2) / took * 1000.0
    ratios = np.empty(n // 2 + 1)
    kept, i = 0, 0
    while i < n:
        if speed[i] <= 60.0:
            i += 1
            continue
        top, after = i, i
        while after < n and speed[after] > 25.0:
            top = after if speed[after] > speed[top] else top
            after += 1
        first, last = top, top
        while first > 0 and speed[first - 1] > 0.2 * speed[top]:
            first -= 1
        while last < n - 1 and speed[last + 1] > 0.2 * speed[top]:
            last += 1
        i = max(after, last + 1)
        a, b = max(first - half, 0), min(last + half, n - 1)
        size = np.hypot(x[b] - x[a], y[b] - y[a])
        if 2.0 <= size <= 20.0:
            when, weight = t[first : last + 1] - t[first], speed[first : last + 1]
            middle = np.sum(weight * when) / np.sum(weight)
            spread = np.sum(weight * (when - middle) ** 2) / np.sum(weight) - window * window / 12.0
            ratios[kept] = np.sqrt(max(spread, 0.0)) / _SPREAD_OF_LENGTH / (21.0 + 2.2 * size)
            kept += 1
    return ratios[:kept]
