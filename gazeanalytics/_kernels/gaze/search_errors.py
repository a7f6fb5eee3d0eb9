"""Search errors: dwell time, time to first fixation and scanpath ratio of targets such as lesions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import kernel
from gazeanalytics._kernels.gaze.places import angle_between, view_at

DWELL, FIRST, RATIO = 0, 1, 2


class Gaze(NamedTuple):
    """Fixations: places (px), onset and duration (ms), each of shape (fixations,)."""

    x: np.ndarray
    y: np.ndarray
    onset: np.ndarray
    duration: np.ndarray


@kernel
def distance(x0, y0, x1, y1, view):
    """Return the angle (deg) between two image points; with a view of NaN their straight distance (px)."""
    if view.centre_x != view.centre_x:
        return np.sqrt((x0 - x1) ** 2 + (y0 - y1) ** 2)
    return angle_between(x0, y0, x1, y1, view)


@kernel
def meet_target(gaze, target_x, target_y, view, radii, met):
    """Write, for each radius about a target, dwell time, time to first fixation and scanpath ratio.

    `met` has shape (radii, 3). Never met: dwell -1, so that a met target without durations (NaN) differs from it. The
    ratio is the straight distance from the first fixation to the first one within the radius over the length of the
    scanpath between them (as GazeSearch; Pham et al. 2025); NaN when the target was met at once.
    """
    walked = 0.0
    begin = -1
    before = -1
    met[:, DWELL] = -1.0
    met[:, FIRST:] = np.nan
    for i in range(len(gaze.x)):
        x, y = gaze.x[i], gaze.y[i]
        if not (x == x and y == y):
            continue
        if begin < 0:
            begin = i
        else:
            walked += distance(gaze.x[before], gaze.y[before], x, y, view)
        before = i
        away = distance(x, y, target_x, target_y, view)
        straight = distance(x, y, gaze.x[begin], gaze.y[begin], view)
        # All radii in one pass: the sensitivity table costs no second look at the fixations.
        for k in range(len(radii)):
            if away > radii[k]:
                continue
            if met[k, DWELL] < 0.0:
                met[k, DWELL] = 0.0
                met[k, FIRST] = gaze.onset[i]
                if walked > 0.0:
                    met[k, RATIO] = straight / walked
            met[k, DWELL] += gaze.duration[i]


@kernel
def meet_targets(starts, stops, gaze, radii, targets, views, met):
    """Run `meet_target` over pairs of a reading and a target; `targets` has shape (pairs, 2)."""
    for k in range(len(starts)):
        rows = slice(starts[k], stops[k])
        own = Gaze(gaze.x[rows], gaze.y[rows], gaze.onset[rows], gaze.duration[rows])
        meet_target(own, targets[k, 0], targets[k, 1], view_at(views, k), radii, met[k])
