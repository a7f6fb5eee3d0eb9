"""Labels by velocity thresholds that adapt to noise (Nyström & Holmqvist 2010). Gaze in degrees, times in ms.

Labels are 1 fixation, 2 saccade, 3 post-saccadic oscillation (the paper's glissade) and 6 noise, without START.
Speeds are in deg/ms.
"""

from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import kernel
from gazeanalytics._kernels.events.gaze import part_of, samples_in
from gazeanalytics._kernels.events.labels import FIXATION, NOISE, PSO, SACCADE
from gazeanalytics._kernels.events.velocity import parabola

_MAX_ITER = 100
# The paper iterates until the threshold moves by less than 1 deg/s.
_SETTLED = 0.001


class AdaptiveThresholds(NamedTuple):
    """Settings: filter window (ms), first peak threshold and greatest speed (deg/ms), acceleration (deg/ms^2), ms."""

    window_ms: float
    first_peak: float
    max_speed: float
    max_acceleration: float
    min_saccade_ms: float
    glissade_window_ms: float
    max_gap_ms: float


@kernel
def clear_noise(speed, push, max_speed, max_acceleration, labels):
    """Mark as noise what moves as no eye can, out to where the speed falls to its median."""
    n = speed.size
    known = speed[~np.isnan(speed)]
    middle = np.median(known) if known.size else 0.0
    for i in range(n):
        if speed[i] > max_speed or push[i] > max_acceleration:
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


# PT_{n+1} = mean + 6 sd of the speeds below PT_n, until it settles; the onset threshold is mean + 3 sd of the same.
@kernel
def peak_threshold(speed, first):
    """Peak and onset threshold; infinite where no speed lies below the first."""
    threshold, peak, onset = first, np.inf, np.inf
    for _ in range(_MAX_ITER):
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
        peak, onset = threshold, mean + 3.0 * spread
        if abs(before - threshold) < _SETTLED:
            break
    return peak, onset


# Offset threshold = 0.7 onset threshold + 0.3 local noise (alpha and beta of the paper): the eye that just landed still
# oscillates, and noise differs from place to place on the screen.
@kernel
def offset_threshold(speed, begin, back, onset):
    """Threshold that ends a saccade; local noise is mean + 3 sd over `back` samples before it."""
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
    """Walk from i to where the speed is below the threshold and no longer falls; -1 when there is no such sample."""
    n = speed.size
    while 0 <= i + way < n and not np.isnan(speed[i + way]):
        if speed[i] < threshold and speed[i + way] >= speed[i]:
            return i
        i += way
    return i if speed[i] < threshold else -1


@kernel
def last_of_glissade(speed, end, window, threshold):
    """Last sample of the oscillation after a saccade that ends at sample `end`; that sample where there is none."""
    last, k = end, end + 1
    while k < min(speed.size, end + 1 + window):
        if speed[k] > threshold:
            k = slide_down(speed, k, 1, threshold)
            if k < 0:
                break
            last = k
        k += 1
    return last


@kernel
def speed_and_push(gaze, step, how):
    """Speed (deg/ms) and absolute acceleration (deg/ms^2) by parabolas."""
    n, half = gaze.t.size, samples_in(how.window_ms / 2.0, step)
    across, along, sideways, up = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    parabola(gaze.t, gaze.x, half, how.max_gap_ms, across, sideways)
    parabola(gaze.t, gaze.y, half, how.max_gap_ms, along, up)
    return np.sqrt(across * across + along * along), np.sqrt(sideways * sideways + up * up)


@kernel
def nystrom_holmqvist(gaze, step, how, labels):
    """Label one reading: adaptive thresholds, saccades, then glissades (here PSO) within a window after each."""
    n = gaze.t.size
    speed, push = speed_and_push(gaze, step, how)
    labels[:] = FIXATION
    clear_noise(speed, push, how.max_speed, how.max_acceleration, labels)
    peak, onset = peak_threshold(speed, how.first_peak)
    window = samples_in(how.glissade_window_ms, step)
    i = 0
    while i < n:
        if not speed[i] > peak:
            i += 1
            continue
        after = i
        while after < n and speed[after] > peak:
            after += 1
        begin = slide_down(speed, i, -1, onset)
        offset = offset_threshold(speed, begin, window, onset) if begin >= 0 else onset
        end = slide_down(speed, after - 1, 1, offset)
        if begin < 0 or end < 0 or (end - begin + 1) * step < how.min_saccade_ms * (1.0 - 1e-9):
            i = after
            continue
        labels[begin : end + 1] = SACCADE
        last = last_of_glissade(speed, end, window, offset)
        labels[end + 1 : last + 1] = PSO
        i = max(after, last + 1)


@kernel
def nystrom_holmqvist_over_readings(starts, stops, gaze, how, labels, steps):
    """Label every reading; `how` is AdaptiveThresholds."""
    for r in range(starts.size):
        nystrom_holmqvist(part_of(gaze, starts[r], stops[r]), steps[r], how, labels[starts[r] : stops[r]])
