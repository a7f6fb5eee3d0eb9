"""Velocity by parabolas (Savitzky & Golay), and labels by thresholds that adapt to it: Nystrom & Holmqvist (2010).

Gaze comes in degrees, without missing samples: a hole is a jump of the clock. Labels are 1 fixation, 2 saccade,
3 post-saccadic oscillation, 6 noise, without START. Speeds are in deg/ms inside.
"""

import numpy as np

from gazeanalytics._kernels import kernel

FIXATION, SACCADE, PSO, NOISE = 1, 2, 3, 6
_BLOCK = 1024


@kernel
def weigh(x, half, mean, first, second):
    """Sums of k and of k^2 - mean times the samples k places away, over 2 half + 1 samples; 0 at edges.

    A block of samples stays in the nearest cache for all k; the innermost loop takes many samples at once.
    """
    n = x.size
    first[:], second[:] = 0.0, 0.0
    for start in range(half, n - half, _BLOCK):
        stop = min(start + _BLOCK, n - half)
        ahead, bent = first[start:stop], second[start:stop]
        for k in range(-half, half + 1):
            part, weight, bend = x[start + k : stop + k], float(k), k * k - mean
            for i in range(ahead.size):
                ahead[i] += weight * part[i]
                bent[i] += bend * part[i]


@kernel
def smooth_derivatives(t, x, half, longest_gap, velocity, acceleration):
    """First and second derivative of the parabola through 2 half + 1 samples (Savitzky & Golay); NaN at edges."""
    n = t.size
    count = 2 * half + 1
    squares = half * (half + 1) * count / 3.0
    mean = squares / count
    fourth = 0.0
    for k in range(-half, half + 1):
        fourth += (k * k - mean) ** 2
    weigh(x, half, mean, velocity, acceleration)
    for i in range(n):
        took = t[i + half] - t[i - half] if half <= i < n - half else 0.0
        pace = took / (2 * half)
        if 0.0 < took <= longest_gap + 2 * half:
            velocity[i] = velocity[i] / squares / pace
            acceleration[i] = 2.0 * acceleration[i] / fourth / (pace * pace)
        else:
            velocity[i] = acceleration[i] = np.nan


@kernel
def clear_noise(speed, push, fastest, strongest, labels):
    """Mark as noise what moves as no eye can, out to where the speed falls to its median."""
    n = speed.size
    known = speed[~np.isnan(speed)]
    middle = np.median(known) if known.size else 0.0
    for i in range(n):
        if speed[i] > fastest or push[i] > strongest:
            a, b = i, i
            while a >= 0 and speed[a] > middle:
                labels[a] = NOISE
                a -= 1
            while b < n and speed[b] > middle:
                labels[b] = NOISE
                b += 1
    for i in range(n):
        if labels[i] == NOISE:
            speed[i] = np.nan


@kernel
def peak_threshold(speed, first, out):
    """Iterate threshold = mean + 6 sd of the speeds below it; out: the threshold, mean + 3 sd."""
    threshold = first
    for _ in range(100):
        count, total, squares = 0, 0.0, 0.0
        for value in speed:
            if value < threshold:
                count += 1
                total += value
        if count == 0:
            break
        mean = total / count
        for value in speed:
            if value < threshold:
                squares += (value - mean) ** 2
        spread = np.sqrt(squares / count)
        before, threshold = threshold, mean + 6.0 * spread
        out[0], out[1] = threshold, mean + 3.0 * spread
        if abs(before - threshold) < 0.001:
            return
    out[0] = max(out[0], 0.0)


@kernel
def offset_threshold(speed, begin, back, onset):
    """0.7 of the onset threshold and 0.3 of the local noise (mean + 3 sd over `back` samples before the saccade)."""
    count, total, squares = 0, 0.0, 0.0
    for k in range(max(begin - back, 0), begin):
        if not np.isnan(speed[k]):
            count += 1
            total += speed[k]
    if count == 0:
        return onset
    mean = total / count
    for k in range(max(begin - back, 0), begin):
        if not np.isnan(speed[k]):
            squares += (speed[k] - mean) ** 2
    return 0.7 * onset + 0.3 * (mean + 3.0 * np.sqrt(squares / count))


@kernel
def slide_down(speed, i, way, threshold):
    """Walk from i to where the speed is below the threshold and no longer falls; -1 when it runs into nothing."""
    n = speed.size
    while 0 <= i + way < n and not np.isnan(speed[i + way]):
        if speed[i] < threshold and speed[i + way] >= speed[i]:
            return i
        i += way
    return i if speed[i] < threshold else -1


@kernel
def nystrom_holmqvist(t, x, y, step, p, labels):
    """Adaptive thresholds, saccades, then glissades (here PSO) within a window after each.

    p: 0 window of the filter (ms), 1 first peak threshold (deg/ms), 2 fastest (deg/ms), 3 strongest (deg/ms^2),
    4 shortest saccade, 5 window of a glissade and of local noise, 6 longest gap (ms).
    """
    n = t.size
    half = max(1, int(np.floor(p[0] / (2.0 * step) + 0.5)))
    across, along, up, sideways = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    smooth_derivatives(t, x, half, p[6], across, up)
    smooth_derivatives(t, y, half, p[6], along, sideways)
    speed, push = np.sqrt(across * across + along * along), np.sqrt(up * up + sideways * sideways)
    labels[:] = FIXATION
    clear_noise(speed, push, p[2], p[3], labels)
    thresholds = np.full(2, np.inf)
    peak_threshold(speed, p[1], thresholds)
    peak, onset = thresholds[0], thresholds[1]
    window = max(1, int(np.floor(p[5] / step + 0.5)))
    i = 0
    while i < n:
        if not speed[i] > peak:
            i += 1
            continue
        after = i
        while after < n and speed[after] > peak:
            after += 1
        begin = slide_down(speed, i, -1, onset)
        least = offset_threshold(speed, begin, window, onset) if begin >= 0 else onset
        end = slide_down(speed, after - 1, 1, least)
        if begin < 0 or end < 0 or (end - begin + 1) * step < p[4] * (1.0 - 1e-9):
            i = after
            continue
        labels[begin : end + 1] = SACCADE
        last = end
        k = end + 1
        while k < min(n, end + 1 + window):
            if speed[k] > least:
                stop = slide_down(speed, k, 1, least)
                if stop < 0:
                    break
                last = stop
                k = stop
            k += 1
        labels[end + 1 : last + 1] = PSO
        i = max(after, last + 1)


@kernel
def nystrom_holmqvist_over_readings(starts, stops, t, right, down, settings, labels, steps):
    """`nystrom_holmqvist` of every reading."""
    for r in range(starts.size):
        part = slice(starts[r], stops[r])
        nystrom_holmqvist(t[part], right[part], down[part], steps[r], settings, labels[part])


@kernel
def parabola_over_readings(starts, stops, t, right, down, settings, across, along, steps):
    """Velocity (deg/s) by parabolas, in every reading; settings: their width (ms), longest gap."""
    for r in range(starts.size):
        part, half = slice(starts[r], stops[r]), max(1, int(np.floor(settings[0] / (2.0 * steps[r]) + 0.5)))
        room = np.empty(stops[r] - starts[r])
        smooth_derivatives(t[part], right[part], half, settings[1], across[part], room)
        smooth_derivatives(t[part], down[part], half, settings[1], along[part], room)
        for i in range(starts[r], stops[r]):
            across[i] *= 1000.0
            along[i] *= 1000.0
