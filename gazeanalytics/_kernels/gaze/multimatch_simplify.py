"""Scanpaths made simpler as MultiMatch does: straight or small saccades join around brief fixations."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import kernel


class Limits(NamedTuple):
    """Below which turn (deg), amplitude (px) and fixation duration (ms) saccades join."""

    direction: float
    amplitude: float
    duration: float


@kernel
def join_straight(saccade, count, duration, limits, out, out_duration):
    """Join each saccade with the next where they turn by less than the limit around a brief fixation."""
    i = kept = 0
    while i < count:
        joined = False
        if i < count - 1:
            dx, dy, next_dx, next_dy = saccade[2, i], saccade[3, i], saccade[2, i + 1], saccade[3, i + 1]
            both = math.sqrt(dx * dx + dy * dy) * math.sqrt(next_dx * next_dx + next_dy * next_dy)
            if both > 0 and duration[i + 1] < limits.duration:
                # Rounding may carry the cosine of parallel vectors beyond 1, where the arc is NaN.
                cosine = min(1.0, max(-1.0, (dx * next_dx + dy * next_dy) / both))
                joined = math.degrees(math.acos(cosine)) < limits.direction
        out[0, kept], out[1, kept] = saccade[0, i], saccade[1, i]
        out[2, kept], out[3, kept] = saccade[2, i], saccade[3, i]
        if joined:
            out[2, kept] += saccade[2, i + 1]
            out[3, kept] += saccade[3, i + 1]
        out_duration[kept] = duration[i]
        i += 2 if joined else 1
        kept += 1
    return kept


@kernel
def join_short(saccade, count, duration, fixations, limits, out, out_duration):
    """Join each saccade below the amplitude with the next, a last one with that before, where a fixation is brief.

    Returns the saccades and durations kept. As in the published toolbox a joined last saccade leaves one duration more
    than there are fixations, and it replaces whatever the saccade before had become.
    """
    brief = limits.duration
    i = kept = extra = 0
    end = duration[fixations - 1]
    while i < count:
        dx, dy = saccade[2, i], saccade[3, i]
        short = math.sqrt(dx * dx + dy * dy) < limits.amplitude
        last = i == count - 1
        if last and short and kept > 0 and (end < brief or duration[fixations - 2] < brief):
            out[2, kept - 1] = saccade[2, i - 1] + dx
            out[3, kept - 1] = saccade[3, i - 1] + dy
            out_duration[kept] = duration[i - 1]
            extra = 1
            break
        joined = not last and short and (duration[i + 1] < brief or duration[i] < brief)
        out[0, kept], out[1, kept], out[2, kept], out[3, kept] = saccade[0, i], saccade[1, i], dx, dy
        if joined:
            out[2, kept] += saccade[2, i + 1]
            out[3, kept] += saccade[3, i + 1]
        out_duration[kept] = duration[i]
        i += 2 if joined else 1
        kept += 1
    return kept, extra


@kernel
def simplify(saccade, limits):
    """Join saccades in turn by direction and by length until nothing changes; returns those left, rows as given.

    The order of both rules and when to stop follow the published toolbox (Dewhurst et al. 2012), whose numbers users
    compare with: a single pass of both rules would be simpler and gives others.

    The rows are x, y, dx, dy, length, direction, duration; the last column is the last fixation, which only has a
    duration. What is returned has no such column.
    """
    fixations = saccade.shape[1]
    count, before = fixations - 1, fixations
    now, then = saccade.copy(), np.empty_like(saccade)
    duration, duration_then = np.empty(fixations + 1), np.empty(fixations + 1)
    duration[:fixations] = saccade[6]
    # Both arrays change roles in each round, so that no copy is made.
    while True:
        last = duration[fixations - 1]
        count = join_straight(now, count, duration, limits, then, duration_then)
        duration_then[count] = last
        fixations = count + 1
        count, extra = join_short(then, count, duration_then, fixations, limits, now, duration)
        fixations = count + extra + 1
        duration[fixations - 1] = last
        if fixations == before:
            break
        before = fixations
    for i in range(count):
        now[4, i] = math.sqrt(now[2, i] * now[2, i] + now[3, i] * now[3, i])
        now[5, i] = math.atan2(now[3, i], now[2, i])
        now[6, i] = duration[i]
    return now[:, :count]


@kernel
def simplify_readings(starts, stops, saccade, limits, out, counts):
    """Every reading through `simplify`; `out` is filled from each reading's first row, `counts` with its saccades."""
    for k in range(len(starts)):
        if stops[k] - starts[k] < 2:
            counts[k] = 0
            continue
        left = simplify(saccade[:, starts[k] : stops[k]], limits)
        counts[k] = left.shape[1]
        out[:, starts[k] : starts[k] + counts[k]] = left
