"""Kernels of simulated saccades: how long one of a size lasts, and how far it is at each moment."""

import math
from typing import NamedTuple

from gazeanalytics._kernels import kernel

# By how much the falling side of the largest saccades is longer than the rising one.
LATE = 1.0
# Beyond so many time constants an exponential tail is nothing.
TAIL_CUT = 10.0


class View(NamedTuple):
    """How one image is seen: the point straight ahead of the eye and the viewing distance, all in image px."""

    x: float
    y: float
    distance_x: float
    distance_y: float


@kernel
def saccade_course(size):
    """Shape of a saccade of `size` = amplitude / curvature: length of its falling side, its plateau, its span.

    The falling side is `late` times as long as the rising one; `plateau` lies between their middles. The span is from
    a tenth of the rise to a tenth before the end of the fall. All in units of curvature / top speed.
    """
    # Larger saccades slow down over a longer time than they speed up (Van Opstal & Van Gisbergen 1987).
    late = 1.0 + LATE * (1.0 - math.exp(-size))
    plateau = size - 0.5 * (late - 1.0)
    span = 0.5 * math.log(5.0) + plateau + 0.5 * late * math.log(10.0 * late / (1.0 + late))
    return late, plateau, span


@kernel
def saccade_span_ms(amplitude_deg, top_speed_deg_s, curvature_deg):
    """How long (ms) a saccade of this amplitude lasts, of an eye whose speed saturates at `top_speed_deg_s`."""
    return 1000.0 * curvature_deg * saccade_course(amplitude_deg / curvature_deg)[2] / top_speed_deg_s


@kernel
def saccade_top_speed(amplitude_deg, span_ms, curvature_deg):
    """Speed (deg/s) that ever larger saccades of this eye approach, from one saccade's amplitude and span."""
    return 1000.0 * curvature_deg * saccade_course(amplitude_deg / curvature_deg)[2] / span_ms


@kernel
def saccade_progress(time_ms, amplitude_deg, top_speed_deg_s, curvature_deg):
    """Share of a saccade done `time_ms` after it began; speed rises and falls as two-sided exponentials.

    The model of Dai et al. (2016), whose soft ramps are here the rising and the falling side, the latter longer.
    """
    # Soft ramp f(u) = exp(2u) / 4 below 0 and u + exp(-2u) / 4 above: position is f(rise) minus f(fall), the latter
    # stretched by `late`. Without the stretch peak speed is top (1 - exp(-amplitude / curvature)), the main sequence.
    size = amplitude_deg / curvature_deg
    late, plateau, _ = saccade_course(size)
    rise = top_speed_deg_s * time_ms / 1000.0 / curvature_deg - 0.5 * math.log(5.0)
    fall = rise - plateau
    if rise < -TAIL_CUT:
        return 0.0
    if fall > TAIL_CUT * late:
        return 1.0
    if rise < 0.0:
        done = 0.25 * math.exp(2.0 * rise)
    else:
        done = rise + 0.25 * math.exp(-2.0 * rise)
    early = 1.0 / (1.0 + late)
    if fall < 0.0:
        done -= 0.5 * early * math.exp(2.0 * fall)
    else:
        done -= 0.5 * early + fall - 0.5 * late * late * early * (1.0 - math.exp(-2.0 * fall / late))
    return done / size


@kernel
def angle_deg(view, x0, y0, x1, y1):
    """Exact angle (deg) between two image points.

    atan2 of cross and dot product of the two lines of sight: unlike the arc cosine of the dot product, it keeps its
    digits for the small angles of fixational eye movements.
    """
    ax, ay = (x0 - view.x) / view.distance_x, (y0 - view.y) / view.distance_y
    bx, by = (x1 - view.x) / view.distance_x, (y1 - view.y) / view.distance_y
    cross_x, cross_y, cross_z = ay - by, bx - ax, ax * by - ay * bx
    across = math.sqrt(cross_x * cross_x + cross_y * cross_y + cross_z * cross_z)
    return math.degrees(math.atan2(across, ax * bx + ay * by + 1.0))
