"""Speed of gaze, how much of it is noise, and the detector that asks for nothing more: Engbert & Kliegl (2003).

Gaze comes in degrees, without missing samples: a hole is a jump of the clock. Times are in ms, speeds in deg/s but in
the five-point rule, which gives deg/ms. Labels are 1 fixation and 2 saccade, without START.
"""

import numpy as np

from gazeanalytics._kernels import inlined, kernel

FIXATION, SACCADE = 1, 2

# Fewer numbers than this are told by partition.
_MANY = 512
_COARSE, _FINE = 4096, 1024
# Places in the settings.
WINDOW, SPARSE_FROM, LONGEST_GAP = range(3)


@inlined
def rank_of(bits):
    """An integer that orders floats as they are ordered, from their bits."""
    return bits ^ ((bits >> 63) & 0x7FFFFFFFFFFFFFFF)


@inlined
def holder(counts, place):
    """Which bin holds the number at that place of the order, and how many lie in bins before it."""
    bin_, below = 0, 0
    while below + counts[bin_] <= place:
        below += counts[bin_]
        bin_ += 1
    return bin_, below


@kernel
def median(values):
    """Exact median of contiguous numbers without NaN: counted by sign and exponent, then by the first digits after.

    Few numbers are left to sort, unless many are all but equal.
    """
    n = values.size
    if n < _MANY:
        return np.median(values)
    first, last = (n - 1) // 2, n // 2
    counts, bits = np.zeros(_COARSE, np.int64), values.view(np.int64)
    for i in range(n):
        counts[(rank_of(bits[i]) >> 52) + _COARSE // 2] += 1
    coarse, below = holder(counts, first)
    if last - below >= counts[coarse]:
        return np.median(values)
    inner, kept = np.empty(counts[coarse] + 1), 0
    for i in range(n):
        inner[kept] = values[i]
        kept += (rank_of(bits[i]) >> 52) + _COARSE // 2 == coarse
    finer, bits = np.zeros(_FINE, np.int64), inner[:kept].view(np.int64)
    for i in range(kept):
        finer[(rank_of(bits[i]) >> 42) & (_FINE - 1)] += 1
    low, under = holder(finer, first - below)
    high, _ = holder(finer, last - below)
    inmost, left = np.empty(kept + 1), 0
    for i in range(kept):
        fine = (rank_of(bits[i]) >> 42) & (_FINE - 1)
        inmost[left] = inner[i]
        left += (low <= fine) & (fine <= high)
    ordered = np.sort(inmost[:left])
    return 0.5 * (ordered[first - below - under] + ordered[last - below - under])


@kernel
def noise(velocity):
    """Robust spread of one component of the velocity (1.4826 times the median absolute deviation)."""
    if velocity.size == 0:
        return 0.0
    return 1.4826 * median(np.abs(velocity - median(velocity)))


@kernel
def centred_speed(t, x, y, half, longest_gap, speed):
    """Speed over `half` samples to each side; return its noise."""
    n = t.size
    across, along = np.zeros(n), np.zeros(n)
    for i in range(n):
        a, b = max(i - half, 0), min(i + half, n - 1)
        if t[b] - t[a] > longest_gap:
            a = i if t[i] - t[a] > longest_gap else a
            b = i if t[b] - t[i] > longest_gap else b
        if t[b] > t[a]:
            across[i] = (x[b] - x[a]) / (t[b] - t[a]) * 1000.0
            along[i] = (y[b] - y[a]) / (t[b] - t[a]) * 1000.0
        speed[i] = np.sqrt(across[i] * across[i] + along[i] * along[i])
    return np.hypot(noise(across), noise(along))


@kernel
def step_speed(t, x, y, longest_gap, speed):
    """Speed from each sample to the next (0 for the last and across gaps); return its noise."""
    n = t.size
    across, along = np.zeros(n), np.zeros(n)
    for i in range(n - 1):
        took = t[i + 1] - t[i]
        if 0.0 < took <= longest_gap:
            across[i] = (x[i + 1] - x[i]) / took * 1000.0
            along[i] = (y[i + 1] - y[i]) / took * 1000.0
    for i in range(n):
        speed[i] = np.sqrt(across[i] * across[i] + along[i] * along[i])
    return np.hypot(noise(across), noise(along))


@kernel
def speeds_over_readings(starts, stops, t, x, y, settings, speed, spreads, steps):
    """Speed of every sample, and its noise in every reading.

    settings: window (ms), from which interval (ms) on speed is told by steps, longest gap (ms).
    """
    for r in range(starts.size):
        part, step = slice(starts[r], stops[r]), steps[r]
        tr, xr, yr = t[part], x[part], y[part]
        if step < settings[SPARSE_FROM]:
            half = max(1, int(np.floor(settings[WINDOW] / (2.0 * step) + 0.5)))
            spreads[r] = centred_speed(tr, xr, yr, half, settings[LONGEST_GAP], speed[part])
        else:
            spreads[r] = step_speed(tr, xr, yr, settings[LONGEST_GAP], speed[part])


@kernel
def five_point(t, x, longest_gap, velocity):
    """Velocity over five samples, (x2 + x1 - x-1 - x-2) / (t2 + t1 - t-1 - t-2).

    The samples beside an edge use three, an edge itself none (NaN); so do those beside a jump of the clock.
    """
    n = t.size
    for i in range(n):
        if 0 < i < n - 1 and t[i + 1] - t[i] <= longest_gap and t[i] - t[i - 1] <= longest_gap:
            move, took = x[i + 1] - x[i - 1], t[i + 1] - t[i - 1]
            if 1 < i < n - 2 and t[i + 2] - t[i + 1] <= longest_gap and t[i - 1] - t[i - 2] <= longest_gap:
                move += x[i + 2] - x[i - 2]
                took += t[i + 2] - t[i - 2]
            velocity[i] = move / took if took > 0 else np.nan
        else:
            velocity[i] = np.nan


@kernel
def median_spread(velocity):
    """Median-based standard deviation, sqrt(median(v^2) - median(v)^2); by means where that is 0."""
    known = velocity[~np.isnan(velocity)]
    if known.size == 0:
        return np.nan
    spread = median(known * known) - median(known) ** 2
    if spread <= 0.0:
        spread = np.mean(known * known) - np.mean(known) ** 2
    return np.sqrt(max(spread, 0.0))


@kernel
def engbert_kliegl(t, x, y, step, factor, shortest, longest_gap, labels):
    """Saccades are runs of at least `shortest` ms outside the ellipse of `factor` spreads of velocity."""
    n = t.size
    across, along = np.empty(n), np.empty(n)
    five_point(t, x, longest_gap, across)
    five_point(t, y, longest_gap, along)
    wide, high = factor * median_spread(across), factor * median_spread(along)
    # A component that never varies tells nothing.
    wide, high = wide if wide > 0 else np.inf, high if high > 0 else np.inf
    labels[:] = FIXATION
    i = 0
    while i < n:
        stop = i
        while stop < n and (across[stop] / wide) ** 2 + (along[stop] / high) ** 2 > 1.0:
            stop += 1
        if stop > i and t[stop - 1] - t[i] + step >= shortest * (1.0 - 1e-9):
            labels[i:stop] = SACCADE
        i = max(stop, i + 1)


@kernel
def engbert_kliegl_over_readings(starts, stops, t, right, down, settings, labels, steps):
    """`engbert_kliegl` of every reading; settings: factor, shortest saccade, longest gap (ms)."""
    for r in range(starts.size):
        part = slice(starts[r], stops[r])
        values = settings[0], max(settings[1], steps[r]), settings[2]
        engbert_kliegl(t[part], right[part], down[part], steps[r], values[0], values[1], values[2], labels[part])


@kernel
def five_point_over_readings(starts, stops, t, right, down, settings, across, along, steps):
    """Velocity (deg/s) by the five-point rule, in every reading; settings: nothing, longest gap."""
    for r in range(starts.size):
        part = slice(starts[r], stops[r])
        five_point(t[part], right[part], settings[1], across[part])
        five_point(t[part], down[part], settings[1], along[part])
        for i in range(starts[r], stops[r]):
            across[i] *= 1000.0
            along[i] *= 1000.0
