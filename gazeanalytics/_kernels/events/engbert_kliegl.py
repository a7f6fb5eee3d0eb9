"""Labels by an elliptic velocity threshold that adapts to noise (Engbert & Kliegl 2003). Gaze in degrees, times in ms.

Labels are 1 fixation and 2 saccade, without START. Velocities are in deg/ms.
"""

from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import kernel
from gazeanalytics._kernels.events.gaze import part_of
from gazeanalytics._kernels.events.labels import FIXATION, SACCADE
from gazeanalytics._kernels.events.velocity import five_point
from gazeanalytics._kernels.order_statistics import median


class Ellipse(NamedTuple):
    """Settings: half axes in median-based deviations (lambda), shortest saccade and longest gap (ms)."""

    threshold_sd: float
    min_saccade_ms: float
    max_gap_ms: float


# sigma^2 = median(v^2) - median(v)^2 (Engbert & Kliegl 2003). It may be 0 where most samples repeat, as in recordings
# rounded to pixels; then the mean takes the median's place.
@kernel
def median_spread(velocity):
    """Median-based standard deviation; by means where that is 0."""
    known = velocity[~np.isnan(velocity)]
    if known.size == 0:
        return np.nan
    spread = median(known * known) - median(known) ** 2
    if spread <= 0.0:
        spread = np.mean(known * known) - np.mean(known) ** 2
    return np.sqrt(max(spread, 0.0))


# (v_x / (lambda sigma_x))^2 + (v_y / (lambda sigma_y))^2 > 1.
@kernel
def engbert_kliegl(gaze, step, how, labels):
    """Label one reading: saccades are long enough runs outside the ellipse."""
    t, n = gaze.t, gaze.t.size
    across, along = np.empty(n), np.empty(n)
    five_point(t, gaze.x, how.max_gap_ms, across)
    five_point(t, gaze.y, how.max_gap_ms, along)
    wide, high = how.threshold_sd * median_spread(across), how.threshold_sd * median_spread(along)
    # A component that never varies says nothing: its axis is infinite.
    wide, high = wide if wide > 0 else np.inf, high if high > 0 else np.inf
    shortest = max(how.min_saccade_ms, step) * (1.0 - 1e-9)
    labels[:] = FIXATION
    i = 0
    while i < n:
        stop = i
        while stop < n and (across[stop] / wide) ** 2 + (along[stop] / high) ** 2 > 1.0:
            stop += 1
        if stop > i and t[stop - 1] - t[i] + step >= shortest:
            labels[i:stop] = SACCADE
        i = max(stop, i + 1)


@kernel
def engbert_kliegl_over_readings(starts, stops, gaze, how, labels, steps):
    """Label every reading; `how` is an Ellipse."""
    for r in range(starts.size):
        part = part_of(gaze, starts[r], stops[r])
        engbert_kliegl(part, steps[r], how, labels[starts[r] : stops[r]])
