"""Blinks: holes in gaze as long as the lids stay shut, out to where the pupil begins to shrink and has grown again."""

import numpy as np

from gazeanalytics._kernels import kernel


@kernel
def smoothed(pupil, gone, i, half):
    """Mean pupil of the samples there are within `half` of sample i; NaN without any."""
    total, count = 0.0, 0
    for k in range(max(i - half, 0), min(i + half + 1, pupil.size)):
        if not gone[k]:
            total += pupil[k]
            count += 1
    return total / count if count else np.nan


@kernel
def edge(t, gone, pupil, i, side, since, half, margin):
    """Time to which a blink reaches on that side (-1 before, 1 after) of its hole, whose nearest sample seen is i.

    The hole ends at `since`. With a pupil: as far as it grows away from the hole, sample by sample. Never over `margin`
    ms, nor into another hole.
    """
    reach, k = since, i
    while 0 <= k < t.size and not gone[k] and abs(t[k] - since) <= margin:
        if pupil.size == 0:
            reach = t[k]
        elif k != i:
            if not smoothed(pupil, gone, k, half) > smoothed(pupil, gone, k - side, half):
                break
            reach = t[k]
        k += side
    return reach


@kernel
def blinks(t, gone, pupil, step, p, found):
    """Write onset, duration and time lost of every blink and count them; p as for `blinks_over_readings`.

    `found` may have no rows: then they are only counted.
    """
    n = t.size
    half = int(np.floor(p[4] / (2.0 * step) + 0.5))
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
        stop, ahead = after, after
        while ahead < n and t[ahead] - t[stop] <= p[2]:
            later = ahead + 1
            while later < n and gone[later]:
                later += 1
            if later == n:
                break
            if later > ahead + 1 or t[later] - t[ahead] > 1.5 * step:
                stop = later
            ahead = later
        lost = t[stop] - t[i] - step
        if p[0] <= lost <= p[1]:
            if found.shape[0]:
                onset = edge(t, gone, pupil, i, -1, t[i] + step, half, p[3])
                found[count, 0], found[count, 2] = onset, lost
                found[count, 1] = edge(t, gone, pupil, stop, 1, t[stop], half, p[3]) - onset
            count += 1
        i = stop
    return count


@kernel
def blinks_over_readings(starts, stops, t, gone, pupil, settings, found, steps, before, counts):
    """`blinks` of every reading; settings: shortest and longest hole, join within, margin, smoothing (ms).

    before: rows of earlier readings in `found`.
    """
    for r in range(starts.size):
        part = slice(starts[r], stops[r])
        own = pupil[part] if pupil.size else pupil
        room = found[before[r] : before[r] + counts[r]] if found.shape[0] else found
        counts[r] = blinks(t[part], gone[part], own, steps[r], settings, room)
