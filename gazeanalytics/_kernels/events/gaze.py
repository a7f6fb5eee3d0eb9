"""Gaze of a recording as kernels take it, the lens of the eye, and the windows of samples that detectors share.

Kernels see the samples that have a place and no others: a hole in the recording is a jump of the clock.
"""

from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import kernel


class Gaze(NamedTuple):
    """Samples in time order; a kernel says whether x and y are image px or degrees off the line of sight.

    Attributes
    ----------
    t, x, y : float64, shape (samples,)
    """

    t: np.ndarray
    x: np.ndarray
    y: np.ndarray


class Lens(NamedTuple):
    """Where the line of sight meets the image (px), and 1 / viewing distance in px, across and down."""

    centre_x: float
    centre_y: float
    per_px_x: float
    per_px_y: float


@kernel
def part_of(gaze, start, stop):
    """Gaze of samples start to stop, without a copy."""
    return Gaze(gaze.t[start:stop], gaze.x[start:stop], gaze.y[start:stop])


@kernel
def lens_of(lenses, reading):
    """Lens of a reading, out of the table of all."""
    row = lenses[reading]
    return Lens(row[0], row[1], row[2], row[3])


@kernel
def samples_in(duration, step):
    """Samples that a duration (ms) spans at a sampling interval of `step` ms, at least one."""
    return max(1, int(np.floor(duration / step + 0.5)))


# A function of its own for what is rare: callers compare the window's ends first, so that the loop over all samples
# stays free of calls (6 % of the time of a speed).
@kernel
def beside_jump(t, i, a, b, max_gap):
    """Window of sample i that ends where the clock jumps: the side over `max_gap` ms long is sample i itself."""
    return (i if t[i] - t[a] > max_gap else a), (i if t[b] - t[i] > max_gap else b)


# The two rays from the eye are p = (u0, v0, 1) and q = (u1, v1, 1) in viewing distances. Their angle a has
# sin a = |p x q| / (|p| |q|) and tan a = |p x q| / (p . q), with |p x q|^2 = du^2 + dv^2 + (u0 dv - v0 du)^2.
# Written with differences it keeps all digits of small angles; arccos(p . q) would lose half of them.
@kernel
def sine_squared(x0, y0, x1, y1, lens):
    """Squared sine of the visual angle between two image points; comparing squares needs no square root."""
    u0, v0 = (x0 - lens.centre_x) * lens.per_px_x, (y0 - lens.centre_y) * lens.per_px_y
    u1, v1 = (x1 - lens.centre_x) * lens.per_px_x, (y1 - lens.centre_y) * lens.per_px_y
    du, dv = u1 - u0, v1 - v0
    turn = u0 * dv - v0 * du
    return (du * du + dv * dv + turn * turn) / ((u0 * u0 + v0 * v0 + 1.0) * (u1 * u1 + v1 * v1 + 1.0))


@kernel
def angle(x0, y0, x1, y1, lens):
    """Visual angle between two image points (rad)."""
    u0, v0 = (x0 - lens.centre_x) * lens.per_px_x, (y0 - lens.centre_y) * lens.per_px_y
    u1, v1 = (x1 - lens.centre_x) * lens.per_px_x, (y1 - lens.centre_y) * lens.per_px_y
    du, dv = u1 - u0, v1 - v0
    turn = u0 * dv - v0 * du
    return np.arctan2(np.sqrt(du * du + dv * dv + turn * turn), u0 * u1 + v0 * v1 + 1.0)
