"""Readings cut at holes that a blink could fill, and how noisy each reading is. Gaze in degrees, times in ms."""

from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import kernel
from gazeanalytics._kernels.events.gaze import part_of, samples_in

_LONG_HOLE = 20.0


class Pieces(NamedTuple):
    """Stretches without holes, of all readings.

    Attributes
    ----------
    starts, stops : int64, shape (pieces,)
        First sample and the one after the last.
    steps, noise : float64, shape (pieces,)
        Sampling interval (ms) and noise (deg/s) of the reading.
    opens, closes : bool, shape (pieces,)
        Whether a piece begins, and ends, at a hole.
    """

    starts: np.ndarray
    stops: np.ndarray
    steps: np.ndarray
    noise: np.ndarray
    opens: np.ndarray
    closes: np.ndarray


class Piece(NamedTuple):
    """What the measures know of the stretch that a sample lies in."""

    step: float
    noise: float
    opens: bool
    closes: bool


@kernel
def piece_of(pieces, m):
    """The m-th piece without its place."""
    return Piece(pieces.steps[m], pieces.noise[m], pieces.opens[m], pieces.closes[m])


@kernel
def hole_of(step, max_gap):
    """Shortest jump of the clock (ms) that ends a piece: as long as a short blink, and more than two samples lost."""
    return min(max_gap, max(_LONG_HOLE, 2.5 * step))


# The change between the velocities of two neighbouring windows is the second difference x_a - 2 x_b + x_c, from which
# steady drift and pursuit drop out; the median over the reading leaves saccades out. Robust deviations of velocity
# itself, as the cascade takes them, would call pursuit noise.
@kernel
def noise_speed(gaze, step):
    """Median change of velocity between windows of 8 ms (deg/s), over at most some 2,000 places; drift adds none."""
    t, x, y = gaze.t, gaze.x, gaze.y
    n, reach = t.size, 2 * samples_in(4.0, step)
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
def count_pieces(starts, stops, t, max_gap, steps):
    """How many pieces all readings have together."""
    count = 0
    for r in range(starts.size):
        hole = hole_of(steps[r], max_gap)
        count += starts[r] < stops[r]
        for i in range(starts[r] + 1, stops[r]):
            count += t[i] - t[i - 1] > hole
    return count


@kernel
def pieces_of_readings(starts, stops, gaze, max_gap, steps):
    """Cut every reading at its holes."""
    t, count = gaze.t, count_pieces(starts, stops, gaze.t, max_gap, steps)
    pieces = Pieces(
        np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count), np.empty(count),
        np.empty(count, np.bool_), np.empty(count, np.bool_),
    )  # fmt: skip
    m = 0
    for r in range(starts.size):
        hole, start = hole_of(steps[r], max_gap), starts[r]
        noise = noise_speed(part_of(gaze, starts[r], stops[r]), steps[r])
        for i in range(starts[r], stops[r]):
            ends = i + 1 == stops[r]
            if ends or t[i + 1] - t[i] > hole:
                pieces.starts[m], pieces.stops[m] = start, i + 1
                pieces.steps[m], pieces.noise[m] = steps[r], noise
                pieces.opens[m], pieces.closes[m] = start > starts[r], not ends
                start, m = i + 1, m + 1
    return pieces
