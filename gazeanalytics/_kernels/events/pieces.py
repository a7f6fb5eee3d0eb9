"""Readings cut at holes that a blink could fill, and how noisy each reading is. Gaze in degrees, times in ms."""

import numpy as np

from gazeanalytics._kernels import kernel

_LONG_HOLE = 20.0
# Places in the traits of a piece.
STEP, NOISE, OPENS, CLOSES = range(4)


@kernel
def hole_of(step, longest_gap):
    """Shortest jump of the clock (ms) that ends a piece: as long as a short blink, and more than two samples lost."""
    return min(longest_gap, max(_LONG_HOLE, 2.5 * step))


@kernel
def noise_speed(t, x, y, step):
    """Median change of velocity between windows of 8 ms (deg/s), over at most some 2,000 places; drift adds none."""
    n, reach = t.size, 2 * max(1, int(np.floor(4.0 / step + 0.5)))
    stride = max(1, n // 2048)
    changes = np.empty(n // stride + 1)
    m = 0
    for i in range(0, n - 2 * reach, stride):
        a, b, c = i, i + reach, i + 2 * reach
        if t[c] - t[a] < 1.5 * 2 * reach * step:
            bend = np.sqrt((x[a] - 2 * x[b] + x[c]) ** 2 + (y[a] - 2 * y[b] + y[c]) ** 2)
            changes[m] = bend / (reach * step) * 1000.0 * np.sqrt(0.5)
            m += 1
    return max(np.median(changes[:m]), 1e-3) if m else 1.0


@kernel
def count_pieces(starts, stops, t, longest_gap, steps):
    """How many pieces all readings have together."""
    count = 0
    for r in range(starts.size):
        hole = hole_of(steps[r], longest_gap)
        count += starts[r] < stops[r]
        for i in range(starts[r] + 1, stops[r]):
            count += t[i] - t[i - 1] > hole
    return count


@kernel
def pieces_of_readings(starts, stops, t, x, y, longest_gap, steps):
    """First sample of each piece and the one after its last; its traits.

    Returns bounds, shape (pieces, 2), and traits, shape (pieces, 4): step (ms), noise (deg/s), and whether it begins
    and ends at a hole.
    """
    count = count_pieces(starts, stops, t, longest_gap, steps)
    bounds, traits = np.empty((count, 2), np.int64), np.zeros((count, 4))
    m = 0
    for r in range(starts.size):
        hole, whole = hole_of(steps[r], longest_gap), slice(starts[r], stops[r])
        noise, start = noise_speed(t[whole], x[whole], y[whole], steps[r]), starts[r]
        for i in range(starts[r], stops[r]):
            ends = i + 1 == stops[r]
            if ends or t[i + 1] - t[i] > hole:
                bounds[m, 0], bounds[m, 1] = start, i + 1
                traits[m, STEP], traits[m, NOISE] = steps[r], noise
                traits[m, OPENS], traits[m, CLOSES] = start > starts[r], not ends
                start, m = i + 1, m + 1
    return bounds, traits
