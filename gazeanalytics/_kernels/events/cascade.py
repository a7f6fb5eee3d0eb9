"""Labels by a cascade of rules: saccades first, then what oscillates after them, then blinks, pursuit and fixation.

Gaze in degrees, speeds in deg/s, times in ms; shares are of a saccade's peak speed. Labels are 1 fixation, 2 saccade,
3 post-saccadic oscillation, 4 smooth pursuit, 5 blink, without START.
"""

from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import kernel
from gazeanalytics._kernels.events.gaze import Gaze, part_of, samples_in
from gazeanalytics._kernels.events.labels import BLINK, FIXATION, PSO, PURSUIT, SACCADE
from gazeanalytics._kernels.events.velocity import centred_speed, step_speed


class Rules(NamedTuple):
    """The fields of `events.CascadeSettings` by the same names, and the longest gap within an event (ms)."""

    window_ms: float
    peak_deg_s: float
    peak_noise: float
    edge_deg_s: float
    edge_noise: float
    onset_share: float
    offset_share: float
    min_saccade_ms: float
    max_pso_rest_ms: float
    max_pso_ms: float
    sparse_from_ms: float
    flight_ms: float
    flight_ms_per_deg: float
    flight_before_share: float
    sparse_pso_deg_s: float
    sparse_pso_noise: float
    min_straightness: float
    blink_margin_ms: float
    min_blink_ms: float
    max_blink_ms: float
    pursuit_deg_s: float
    pursuit_window_ms: float
    min_fixation_ms: float
    max_gap_ms: float


class Motion(NamedTuple):
    """One reading: gaze, its speed, sampling interval, thresholds of peak, edge, (sparse) oscillation and hole."""

    gaze: Gaze
    speed: np.ndarray
    step: float
    peak: float
    edge: float
    swing: float
    hole: float


# Both thresholds are the greater of a fixed speed and a multiple of the reading's own noise: fixed ones alone break
# fixations of noisy readings, noise alone calls drift of precise readings saccade. Multiplying robust deviations as
# Engbert & Kliegl (2003) do, but of the speed's components, not in an ellipse.
@kernel
def motion_of(gaze, step, rules):
    """Speed of a reading and its thresholds; over a window where samples are dense, else from sample to sample."""
    speed = np.empty(gaze.t.size)
    if step < rules.sparse_from_ms:
        spread = centred_speed(gaze, samples_in(rules.window_ms / 2.0, step), rules.max_gap_ms, speed)
    else:
        spread = step_speed(gaze, rules.max_gap_ms, speed)
    peak = max(rules.peak_deg_s, rules.peak_noise * spread)
    edge = min(peak, max(rules.edge_deg_s, rules.edge_noise * spread))
    swing = max(rules.sparse_pso_deg_s, rules.sparse_pso_noise * spread)
    return Motion(gaze, speed, step, peak, edge, swing, max(rules.min_blink_ms, 1.5 * step))


@kernel
def fast_run(motion, i, n):
    """Fastest sample, and the sample after the last, of the run above the peak speed from sample i up to a hole."""
    t, speed = motion.gaze.t, motion.speed
    top, after = i, i + 1
    while after < n and speed[after] > motion.peak and t[after] - t[after - 1] < motion.hole:
        top = after if speed[after] > speed[top] else top
        after += 1
    return top, after


@kernel
def onset_of(motion, top, free, share):
    """First sample of a saccade: as far before its fastest one as the speed stays over edge and share of the peak."""
    speed, begin = motion.speed, top
    while begin > free and speed[begin - 1] > max(motion.edge, share * speed[top]):
        begin -= 1
    return begin


# When the eye lands, pupil and lens swing back: the speed dips, then rises again, and human coders end the saccade at
# that dip. Ending at a fixed speed alone would count the oscillation as saccade.
@kernel
def dense_offset(motion, top, share):
    """Sample after the last of a saccade: where the speed falls to the edge, or at a first dip under a share."""
    speed, n, end = motion.speed, motion.speed.size, top + 1
    while end < n and speed[end] > motion.edge:
        dips = end + 1 < n and speed[end] <= speed[end - 1] and speed[end] < speed[end + 1]
        end += 1
        if dips and speed[end - 1] < share * speed[top]:
            break
    return end


@kernel
def dense_saccades(motion, rules, labels):
    """Label saccades and oscillations where a saccade has many samples.

    An oscillation lasts while the speed keeps rising above the edge speed with short rests between.
    """
    speed, step = motion.speed, motion.step
    n = speed.size
    rest, longest = samples_in(rules.max_pso_rest_ms, step), int(rules.max_pso_ms / step)
    i, free = 0, 0
    while i < n:
        if speed[i] <= motion.peak:
            i += 1
            continue
        top, after = fast_run(motion, i, n)
        begin, end = onset_of(motion, top, free, rules.onset_share), dense_offset(motion, top, rules.offset_share)
        if (end - begin) * step < rules.min_saccade_ms * (1.0 - 1e-9):
            i = max(after, end)
            continue
        labels[begin:end] = SACCADE
        last = end - 1
        for k in range(end, min(n, end + longest)):
            if k - last > rest:
                break
            if speed[k] > motion.edge:
                last = k
        labels[end : last + 1] = PSO
        free = last + 1
        i = max(free, top + 1)


# At 60 Hz a saccade of 5 deg has two samples: its first and last sample are known to 16 ms, but the mean time of its
# path, sum |dx_k| tmid_k / sum |dx_k|, is known to a few ms, since each step weighs as much as it is long. Around it
# the saccade lasts D = 21 ms + 2.2 ms/deg A (Carpenter 1988). Thresholds on speed would add a sample to each side.
@kernel
def time_of_flight(motion, begin, end, rules):
    """When the saccade over the steps from sample `begin` to `end` takes off and lands (ms after `begin`).

    The third number is how straight it is: its amplitude as a share of its path.
    """
    gaze, speed = motion.gaze, motion.speed
    t, x, y = gaze.t, gaze.x, gaze.y
    way, middle = 0.0, 0.0
    for k in range(begin, end):
        step = speed[k] * (t[k + 1] - t[k])
        way += step
        middle += step * ((t[k] - t[begin]) + (t[k + 1] - t[begin])) / 2.0
    size = np.hypot(x[end] - x[begin], y[end] - y[begin])
    lasts = rules.flight_ms + rules.flight_ms_per_deg * size
    takes_off = middle / way - rules.flight_before_share * lasts
    return takes_off, takes_off + lasts, 1000.0 * size / way


@kernel
def sparse_saccades(motion, rules, labels):
    """Label saccades and oscillations where a saccade has few samples.

    Speed is that of the step from each sample to the next. Fast steps make a saccade; the samples within its time of
    flight are in it, at least the nearest one. Then the eye oscillates while the steps beside a sample stay fast. What
    returns to where it was is noise of the tracker, no saccade.
    """
    t, speed, step = motion.gaze.t, motion.speed, motion.step
    n = speed.size
    i, free = 0, 0
    while i < n - 1:
        if speed[i] <= motion.peak:
            i += 1
            continue
        top, after = fast_run(motion, i, n - 1)
        begin, end = onset_of(motion, top, free, rules.onset_share), top + 1
        while end < n - 1 and speed[end] > max(motion.edge, rules.offset_share * speed[top]):
            end += 1
        takes_off, lands, straight = time_of_flight(motion, begin, end, rules)
        if straight < rules.min_straightness:
            i = max(after, end)
            continue
        first, last = begin, end
        while first < end and t[first] - t[begin] < takes_off:
            first += 1
        while last > first and t[last] - t[begin] >= lands:
            last -= 1
        labels[first : last + 1] = SACCADE
        free = last + 1
        while (
            free < n - 1
            and t[free] - t[last] - step / 2.0 <= rules.max_pso_ms
            and max(speed[free - 1], speed[free]) > motion.swing
            and speed[free] < 0.5 * speed[top]
        ):
            free += 1
        labels[last + 1 : free] = PSO
        i = max(after, end, free)


# The lid covers the pupil from above, so that the centre of what is seen of it falls and rises again: by speed alone
# these are two saccades a blink.
@kernel
def blinks(t, hole, rules, labels):
    """Turn what moves beside a hole of at least `hole` ms into blink, and shorter fixations between."""
    n = t.size
    for i in range(1, n):
        if t[i] - t[i - 1] < hole:
            continue
        for side in (-1, 1):
            k = i if side > 0 else i - 1
            edge = k
            since = t[k]
            while 0 <= k < n and abs(t[k] - since) <= rules.blink_margin_ms:
                if 0 <= k - side < n and k != edge and abs(t[k] - t[k - side]) > rules.max_gap_ms:
                    break
                if labels[k] != FIXATION:
                    labels[min(edge, k) : max(edge, k) + 1] = BLINK
                    edge = k
                    since = t[k]
                k += side


@kernel
def pursuit(gaze, slowest, window, labels):
    """Turn fixations that drift into pursuit, by the speed from end to end of the `window` ms around a sample."""
    t, x, y = gaze.t, gaze.x, gaze.y
    n = t.size
    i = 0
    while i < n:
        if labels[i] != FIXATION:
            i += 1
            continue
        stop = i
        while stop < n and labels[stop] == FIXATION:
            stop += 1
        a, b = i, i
        for k in range(i, stop):
            while t[k] - t[a] > window / 2:
                a += 1
            while b + 1 < stop and t[b + 1] - t[k] <= window / 2:
                b += 1
            if b > a and np.hypot(x[b] - x[a], y[b] - y[a]) / (t[b] - t[a]) * 1000.0 > slowest:
                labels[k] = PURSUIT
        i = stop


@kernel
def cascade(gaze, step, rules, labels):
    """Label one reading."""
    labels[:] = FIXATION
    if gaze.t.size < 3:
        return
    motion = motion_of(gaze, step, rules)
    if step < rules.sparse_from_ms:
        dense_saccades(motion, rules, labels)
    else:
        sparse_saccades(motion, rules, labels)
    blinks(gaze.t, motion.hole, rules, labels)
    if rules.pursuit_deg_s > 0:
        pursuit(gaze, rules.pursuit_deg_s, rules.pursuit_window_ms, labels)


@kernel
def cascade_over_readings(starts, stops, gaze, rules, labels, steps):
    """Label every reading; `rules` are Rules."""
    for r in range(starts.size):
        cascade(part_of(gaze, starts[r], stops[r]), steps[r], rules, labels[starts[r] : stops[r]])
