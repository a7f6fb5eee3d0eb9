"""Blinks: holes in gaze as long as the lids stay shut, out to where the pupil begins to shrink and has grown again."""

from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import kernel


class Eye(NamedTuple):
    """Time (ms), whether gaze or pupil is lost, and pupil size; an empty pupil means that none was recorded."""

    t: np.ndarray
    gone: np.ndarray
    pupil: np.ndarray


class BlinkRules(NamedTuple):
    """Settings (ms): shortest and longest hole, holes that near are one, margin of a hole, smoothing of the pupil."""

    min_ms: float
    max_ms: float
    join_within_ms: float
    margin_ms: float
    smooth_ms: float


@kernel
def smoothed(eye, i, half):
    """Mean pupil of the samples there are within `half` of sample i; NaN without any."""
    total, count = 0.0, 0
    for k in range(max(i - half, 0), min(i + half + 1, eye.pupil.size)):
        if not eye.gone[k]:
            total += eye.pupil[k]
            count += 1
    return total / count if count else np.nan


# Hershman, Henik & Cohen (2018): the lid covers the pupil little by little, so its measured size falls monotonically
# into the hole and rises monotonically out of it. A fixed margin would cut too little of slow blinks, too much of fast.
@kernel
def edge(eye, i, side, since, half, margin):
    """Time to which a blink reaches on that side (-1 before, 1 after) of its hole, whose nearest sample seen is i.

    The hole ends at `since`. With a pupil: as far as it grows away from the hole, sample by sample. Never over `margin`
    ms, nor into another hole.
    """
    t, gone, reach, k = eye.t, eye.gone, since, i
    while 0 <= k < t.size and not gone[k] and abs(t[k] - since) <= margin:
        if eye.pupil.size == 0:
            reach = t[k]
        elif k != i:
            if not smoothed(eye, k, half) > smoothed(eye, k - side, half):
                break
            reach = t[k]
        k += side
    return reach


@kernel
def end_of_hole(eye, stop, join_within, step):
    """Sample after the last hole that lies within `join_within` ms of the hole before, beginning with one at `stop`."""
    t, gone, n = eye.t, eye.gone, eye.t.size
    ahead = stop
    while ahead < n and t[ahead] - t[stop] <= join_within:
        later = ahead + 1
        while later < n and gone[later]:
            later += 1
        if later == n:
            break
        if later > ahead + 1 or t[later] - t[ahead] > 1.5 * step:
            stop = later
        ahead = later
    return stop


@kernel
def blinks(eye, step, rules, found):
    """Write onset, duration and time lost of every blink and count them.

    `found` may have no rows: then they are only counted. Holes that reach an end of the reading are no blinks, since
    nobody knows how long they lasted.
    """
    t, gone = eye.t, eye.gone
    n, half = t.size, int(np.floor(rules.smooth_ms / (2.0 * step) + 0.5))
    count, i = 0, 0
    while i < n and gone[i]:
        i += 1
    while i < n:
        after = i + 1
        while after < n and gone[after]:
            after += 1
        if after == n:
            break
        if after == i + 1 and t[after] - t[i] <= 1.5 * step:
            i = after
            continue
        stop = end_of_hole(eye, after, rules.join_within_ms, step)
        lost = t[stop] - t[i] - step
        if rules.min_ms <= lost <= rules.max_ms:
            if found.shape[0]:
                onset = edge(eye, i, -1, t[i] + step, half, rules.margin_ms)
                found[count, 0], found[count, 2] = onset, lost
                found[count, 1] = edge(eye, stop, 1, t[stop], half, rules.margin_ms) - onset
            count += 1
        i = stop
    return count


@kernel
def blinks_over_readings(starts, stops, eye, rules, found, steps, before, counts):
    """Count the blinks of every reading, or write them; before: rows of earlier readings in `found`."""
    for r in range(starts.size):
        part = slice(starts[r], stops[r])
        own = Eye(eye.t[part], eye.gone[part], eye.pupil[part] if eye.pupil.size else eye.pupil)
        room = found[before[r] : before[r] + counts[r]] if found.shape[0] else found
        counts[r] = blinks(own, steps[r], rules, room)
