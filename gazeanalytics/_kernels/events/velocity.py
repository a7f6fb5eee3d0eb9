"""Velocity of gaze by four rules, and how much of it is noise. Gaze in degrees, times in ms.

Velocities are in deg/s; the five-point rule and the parabola give deg/ms until their batch kernels convert.
"""

from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import kernel
from gazeanalytics._kernels.events.gaze import beside_jump, part_of, samples_in
from gazeanalytics._kernels.order_statistics import median

_BLOCK = 1024


class VelocityWindow(NamedTuple):
    """Settings: width of the window and longest gap within it (ms)."""

    window_ms: float
    max_gap_ms: float


# 1.4826 times the median absolute deviation is the standard deviation of normal noise (Hampel 1974). Saccades are a
# tenth of a reading or less, so the median passes over them; a standard deviation would measure saccades, not noise.
@kernel
def noise(velocity):
    """Robust spread of one component of the velocity."""
    if velocity.size == 0:
        return 0.0
    return 1.4826 * median(np.abs(velocity - median(velocity)))


@kernel
def centred_speed(gaze, half, max_gap, speed):
    """Speed over `half` samples to each side; return its noise."""
    t, x, y = gaze.t, gaze.x, gaze.y
    n = t.size
    across, along = np.zeros(n), np.zeros(n)
    for i in range(n):
        a, b = max(i - half, 0), min(i + half, n - 1)
        if t[b] - t[a] > max_gap:
            a, b = beside_jump(t, i, a, b, max_gap)
        if t[b] > t[a]:
            across[i] = (x[b] - x[a]) / (t[b] - t[a]) * 1000.0
            along[i] = (y[b] - y[a]) / (t[b] - t[a]) * 1000.0
        speed[i] = np.sqrt(across[i] * across[i] + along[i] * along[i])
    return np.hypot(noise(across), noise(along))


@kernel
def step_speed(gaze, max_gap, speed):
    """Speed from each sample to the next (0 for the last and across gaps); return its noise."""
    t, x, y = gaze.t, gaze.x, gaze.y
    n = t.size
    across, along = np.zeros(n), np.zeros(n)
    for i in range(n - 1):
        took = t[i + 1] - t[i]
        if 0.0 < took <= max_gap:
            across[i] = (x[i + 1] - x[i]) / took * 1000.0
            along[i] = (y[i + 1] - y[i]) / took * 1000.0
    for i in range(n):
        speed[i] = np.sqrt(across[i] * across[i] + along[i] * along[i])
    return np.hypot(noise(across), noise(along))


# v_i = (x_{i+2} + x_{i+1} - x_{i-1} - x_{i-2}) / (t_{i+2} + t_{i+1} - t_{i-1} - t_{i-2}): Engbert & Kliegl (2003),
# whose 6 dt is this denominator on an even clock. By time stamps it holds where samples were dropped, too.
@kernel
def five_point(t, x, max_gap, velocity):
    """Velocity over five samples, in units of x per ms.

    The samples beside an end use three, an end itself none (NaN); so do those beside a jump of the clock.
    """
    n = t.size
    for i in range(n):
        if 0 < i < n - 1 and t[i + 1] - t[i] <= max_gap and t[i] - t[i - 1] <= max_gap:
            move, took = x[i + 1] - x[i - 1], t[i + 1] - t[i - 1]
            if 1 < i < n - 2 and t[i + 2] - t[i + 1] <= max_gap and t[i - 1] - t[i - 2] <= max_gap:
                move += x[i + 2] - x[i - 2]
                took += t[i + 2] - t[i - 2]
            velocity[i] = move / took if took > 0 else np.nan
        else:
            velocity[i] = np.nan


@kernel
def five_point_over_readings(starts, stops, gaze, how, across, along, steps):
    """Velocity (deg/s) by the five-point rule, in every reading; `how` is a VelocityWindow, its width unused."""
    for r in range(starts.size):
        part, own = part_of(gaze, starts[r], stops[r]), slice(starts[r], stops[r])
        five_point(part.t, part.x, how.max_gap_ms, across[own])
        five_point(part.t, part.y, how.max_gap_ms, along[own])
        for i in range(starts[r], stops[r]):
            across[i] *= 1000.0
            along[i] *= 1000.0


@kernel
def weigh(x, half, mean, first, second):
    """Sums of k and of k^2 - mean times the samples k places away, over 2 half + 1 samples; 0 at ends.

    A block of samples stays in the nearest cache for all k; the innermost loop is vectorized.
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


# Least squares of x_k = a + b k + c k^2 over k = -h..h, whose basis 1, k, k^2 - mean(k^2) is orthogonal, so that
# b = sum k x_k / sum k^2 and c = sum (k^2 - m) x_k / sum (k^2 - m)^2 (Savitzky & Golay 1964). Velocity is b and
# acceleration 2 c, over the mean sample interval of the window: an uneven clock inside it is neglected.
@kernel
def parabola(t, x, half, max_gap, velocity, acceleration):
    """First and second derivative of the parabola through 2 half + 1 samples; NaN at ends and over jumps."""
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
        if 0.0 < took <= max_gap + 2 * half:
            velocity[i] = velocity[i] / squares / pace
            acceleration[i] = 2.0 * acceleration[i] / fourth / (pace * pace)
        else:
            velocity[i] = acceleration[i] = np.nan


@kernel
def parabola_over_readings(starts, stops, gaze, how, across, along, steps):
    """Velocity (deg/s) by parabolas, in every reading; `how` is a VelocityWindow."""
    for r in range(starts.size):
        part, own = part_of(gaze, starts[r], stops[r]), slice(starts[r], stops[r])
        half, room = samples_in(how.window_ms / 2.0, steps[r]), np.empty(stops[r] - starts[r])
        parabola(part.t, part.x, half, how.max_gap_ms, across[own], room)
        parabola(part.t, part.y, half, how.max_gap_ms, along[own], room)
        for i in range(starts[r], stops[r]):
            across[i] *= 1000.0
            along[i] *= 1000.0
