"""Loops of the simulation: where the eye goes next, and the gaze that a tracker makes of it.

Kernels draw nothing themselves: random numbers come in as arrays.
"""

import math

import numpy as np

from gazeanalytics._kernels import kernel

SYSTEMATIC, CIRCUMFERENTIAL, CENTRAL, HOLISTIC = 0, 1, 2, 3
PATTERN, TARGET, OTHER, DECOY = 0, 1, 2, 3
FIXATION, SACCADE, OSCILLATION, BLINK = 1, 2, 3, 5

# Columns of `draws`: uniforms first, then normals.
UNIFORM_PLACE, UNIFORM_CHOICE, UNIFORM_STEP = 0, 1, 2
NORMAL_X, NORMAL_Y, NORMAL_TIME = 3, 4, 5

# Speed of the lid and how far it drags the pupil's centre; PSO is labelled while it swings wider than this.
LID_MS, LID_DRAG_DEG, PUPIL_NOISE, OSCILLATION_SEEN_DEG = 35.0, 3.0, 0.005, 0.05

# By how much the falling side of the largest saccades is longer than the rising one.
LATE = 1.0

_SHORTEST_MS, _LONGEST_MS = 80.0, 1600.0
_BURST_LIMIT = 12
_TAIL_CUT = 10.0


@kernel
def saccade_course(size):
    """Shape of a saccade of `size` = amplitude / curvature: length of its falling side, its plateau, its span.

    The falling side is `late` times as long as the rising one; `plateau` lies between their middles. The span is from
    a tenth of the rise to a tenth before the end of the fall. All in units of curvature / top speed.
    """
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
    size = amplitude_deg / curvature_deg
    late, plateau, _ = saccade_course(size)
    rise = top_speed_deg_s * time_ms / 1000.0 / curvature_deg - 0.5 * math.log(5.0)
    fall = rise - plateau
    if rise < -_TAIL_CUT:
        return 0.0
    if fall > _TAIL_CUT * late:
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
    """Exact angle (deg) between two image points; `view` is centre x, y and distance x, y."""
    ax, ay = (x0 - view[0]) / view[2], (y0 - view[1]) / view[3]
    bx, by = (x1 - view[0]) / view[2], (y1 - view[1]) / view[3]
    cross_x, cross_y, cross_z = ay - by, bx - ax, ax * by - ay * bx
    across = math.sqrt(cross_x * cross_x + cross_y * cross_y + cross_z * cross_z)
    return math.degrees(math.atan2(across, ax * bx + ay * by + 1.0))


@kernel
def _in_box(box, draw, spread):
    """Place about the middle of a box; `spread` is the SD as a share of its size, at most its edges."""
    x = 0.5 * (box[0] + box[2]) + spread * (box[2] - box[0]) * draw[NORMAL_X]
    y = 0.5 * (box[1] + box[3]) + spread * (box[3] - box[1]) * draw[NORMAL_Y]
    return min(max(x, box[0]), box[2]), min(max(y, box[1]), box[3])


@kernel
def _on_outline(chest, angle, radius):
    """Place on a rounded rectangle about the lungs, at `radius` times its size."""
    right, down = math.cos(angle), math.sin(angle)
    x = 0.5 * (chest[0] + chest[2])
    y = 0.5 * (chest[1] + chest[3])
    x += 0.5 * (chest[2] - chest[0]) * radius * math.copysign(abs(right) ** 0.6, right)
    y += 0.5 * (chest[3] - chest[1]) * radius * math.copysign(abs(down) ** 0.6, down)
    return x, y


@kernel
def pattern_place(strategy, step, steps, organs, order, hubs, chest, traits, last, draw):
    """Where the eye goes at `step` of `steps` when nothing but its strategy guides it, and the median stay (ms).

    `traits` are of one reading: spread, start angle, signed turns, glances. `last` is the place before.
    """
    spread = traits[0]
    if strategy == SYSTEMATIC:
        organ = order[min(int(step * len(order) / steps), len(order) - 1)]
        x, y = _in_box(organs[organ], draw, 0.22 * spread)
        return x, y, 235.0
    if strategy == CIRCUMFERENTIAL:
        angle = traits[1] + 2.0 * math.pi * traits[2] * step / steps + 0.12 * spread * draw[NORMAL_X]
        x, y = _on_outline(chest, angle, 0.92 + 0.06 * spread * draw[NORMAL_Y])
        return x, y, 205.0
    if strategy == CENTRAL:
        hub = organs[hubs[int(draw[UNIFORM_CHOICE] * len(hubs))]]
        hub_x, hub_y = 0.5 * (hub[0] + hub[2]), 0.5 * (hub[1] + hub[3])
        pull = 0.75 if draw[UNIFORM_STEP] < 0.25 else 0.2
        size = 0.045 * spread * (chest[2] - chest[0])
        return (
            last[0] + pull * (hub_x - last[0]) + size * draw[NORMAL_X],
            last[1] + pull * (hub_y - last[1]) + size * draw[NORMAL_Y],
            385.0,
        )
    if step < traits[3]:
        # A glance: to the far side of the chest, wide and brief.
        half = 0.5 * (chest[0] + chest[2])
        low = half if last[0] < half else chest[0]
        x = low + 0.5 * (chest[2] - chest[0]) * (0.15 + 0.7 * draw[UNIFORM_CHOICE])
        y = chest[1] + (chest[3] - chest[1]) * (0.1 + 0.8 * draw[UNIFORM_PLACE])
        return x, y, 165.0
    if draw[UNIFORM_STEP] < 0.35:
        organ = order[int(draw[UNIFORM_CHOICE] * len(order))]
        x, y = _in_box(organs[organ], draw, 0.2 * spread)
        return x, y, 340.0
    size = 0.03 * spread * (chest[2] - chest[0])
    return last[0] + size * draw[NORMAL_X], last[1] + size * draw[NORMAL_Y], 340.0


@kernel
def push_out(x, y, box, gap, width, height):
    """Move a point out of a box over its nearest edge that leaves it in the image, `gap` px beyond."""
    left, right, top, bottom = x - box[0], box[2] - x, y - box[1], box[3] - y
    if left < 0.0 or right < 0.0 or top < 0.0 or bottom < 0.0:
        return x, y
    best, new_x, new_y = np.inf, x, y
    if box[0] - gap >= 0.0 and left < best:
        best, new_x, new_y = left, box[0] - gap, y
    if box[2] + gap <= width and right < best:
        best, new_x, new_y = right, box[2] + gap, y
    if box[1] - gap >= 0.0 and top < best:
        best, new_x, new_y = top, x, box[1] - gap
    if box[3] + gap <= height and bottom < best:
        new_x, new_y = x, box[3] + gap
    return new_x, new_y


@kernel
def one_scanpath(strategy, steps, organs, order, hubs, chest, traits, suspects, avoid, size, view, saccade, draws, out):
    """Fixations of one reading; returns how many. `out` gets onset, duration, x, y, purpose in its rows.

    suspects : rows of x0, y0, x1, y1, intended dwell time (ms), step at which it draws the eye, purpose; NaN for none.
    avoid : x0, y0, x1, y1, dwell budget (ms): a place that the eye must not stay at for longer; NaN for none.
    traits : spread, start angle, turns, glances, tempo. size : width and height of the image. saccade : top speed and
    curvature. draws : random numbers, one row a fixation.
    """
    limit = len(out)
    count, step, suspect, burst = 0, 0, -1, 0
    dwell, spent, onset = 0.0, 0.0, 0.0
    last = np.array([0.5 * size[0], 0.5 * size[1]])
    gap = 0.3 * view[2] * math.pi / 180.0
    while step < steps and count < limit:
        draw = draws[count]
        if suspect < 0:
            for place in range(len(suspects)):
                if suspects[place, 5] == step:
                    suspect, dwell, burst = place, 0.0, 0
                    suspects[place, 5] = -1.0
                    break
        purpose = PATTERN
        if suspect >= 0:
            purpose = int(suspects[suspect, 6])
            x, y = _in_box(suspects[suspect], draw, 0.2)
            median = 330.0
        elif count == 0:
            x, y, median = last[0] + 0.3 * gap * draw[NORMAL_X], last[1] + 0.3 * gap * draw[NORMAL_Y], 180.0
            step += 1
        else:
            x, y, median = pattern_place(strategy, step, steps, organs, order, hubs, chest, traits, last, draw)
            step += 1
        duration = min(max(median * traits[4] * math.exp(0.32 * draw[NORMAL_TIME]), _SHORTEST_MS), _LONGEST_MS)
        if avoid[0] <= x <= avoid[2] and avoid[1] <= y <= avoid[3]:
            if purpose == TARGET:
                duration = min(duration, max(avoid[4] - spent, _SHORTEST_MS))
            if spent + duration > avoid[4]:
                x, y = push_out(x, y, avoid, gap * (1.0 + draw[UNIFORM_PLACE]), size[0], size[1])
            else:
                spent += duration
        x, y = min(max(x, 0.0), size[0]), min(max(y, 0.0), size[1])
        if count > 0:
            onset += saccade_span_ms(angle_deg(view, last[0], last[1], x, y), saccade[0], saccade[1])
        out[count, 0], out[count, 1], out[count, 2], out[count, 3], out[count, 4] = onset, duration, x, y, purpose
        onset += duration
        last[0], last[1] = x, y
        count += 1
        if suspect >= 0:
            dwell += duration
            burst += 1
            if dwell >= suspects[suspect, 4] or burst >= _BURST_LIMIT:
                suspect = -1
    return count


@kernel
def all_scanpaths(
    strategy,
    steps,
    case,
    organs,
    orders,
    hubs,
    chests,
    traits,
    suspects,
    avoid,
    sizes,
    views,
    saccades,
    draws,
    out,
    counts,
):
    """Fixations of all readings: row r of `out`, of shape (readings, fixations, 5), gets those of reading r."""
    for row in range(len(strategy)):
        place = case[row]
        counts[row] = one_scanpath(
            strategy[row],
            steps[row],
            organs[place],
            orders[row],
            hubs,
            chests[place],
            traits[row],
            suspects[row],
            avoid[row],
            sizes[row],
            views[row],
            saccades[row],
            draws[row],
            out[row],
        )


@kernel
def one_gaze(onset, duration, x, y, times, view, eye, tracker, gaps, noise, gaze, event):
    """Gaze of one reading at `times` (ms): fills `gaze` (x, y in image px, pupil) and `event` (a code a sample).

    eye : curvature of the main sequence (deg), phase of tremor, pupil size. tracker : noise SD per axis (deg), drift SD
    (deg), drift time (ms), tremor (deg), tremor (Hz), oscillation share, oscillation (Hz), its decay (ms).
    gaps : rows of begin, end (ms), 1 for a blink or 0 for a loss, in order of begin. noise : five normals a sample.
    """
    fixations, samples = len(onset), len(times)
    scale_x, scale_y = view[2] * math.pi / 180.0, view[3] * math.pi / 180.0
    step = times[1] - times[0] if samples > 1 else 0.0
    keep = math.exp(-step / tracker[2]) if tracker[2] > 0.0 else 0.0
    # Drift is smooth: an autoregression with a double root, of the stated spread at every sampling rate.
    fresh = tracker[1] * math.sqrt((1.0 - keep * keep) ** 3 / (1.0 + keep * keep))
    wander_x = wander_y = before_x = before_y = 0.0
    tremor_x, tremor_y = tracker[3] * math.cos(eye[1]), tracker[3] * math.sin(eye[1])
    turn = 2.0 * math.pi * tracker[4] * step / 1000.0
    turn_x, turn_y = math.cos(turn), math.sin(turn)
    span, top, size = np.zeros(fixations), np.zeros(fixations), np.zeros(fixations)
    for k in range(fixations - 1):
        span[k] = onset[k + 1] - onset[k] - duration[k]
        size[k] = angle_deg(view, x[k], y[k], x[k + 1], y[k + 1])
        top[k] = saccade_top_speed(size[k], span[k], eye[0])
    now = 0
    for i in range(samples):
        t = times[i]
        while now < fixations - 1 and t >= onset[now + 1]:
            now += 1
        at_x, at_y, label = x[now], y[now], FIXATION
        if now > 0 and size[now - 1] > 0.0:
            before = now - 1
            done = saccade_progress(t - onset[now] + span[before], size[before], top[before], eye[0])
            since = t - onset[now]
            envelope = swing = 0.0
            if 0.0 <= since < _TAIL_CUT * tracker[7]:
                envelope = tracker[5] * math.exp(-since / tracker[7])
                swing = envelope * math.sin(2.0 * math.pi * tracker[6] * since / 1000.0)
            at_x += (done - 1.0 + swing) * (x[now] - x[before])
            at_y += (done - 1.0 + swing) * (y[now] - y[before])
            if envelope * size[before] > OSCILLATION_SEEN_DEG:
                label = OSCILLATION
        if now < fixations - 1:
            left = onset[now] + duration[now]
            if size[now] > 0.0:
                done = saccade_progress(t - left, size[now], top[now], eye[0])
                at_x += done * (x[now + 1] - x[now])
                at_y += done * (y[now + 1] - y[now])
            if t >= left:
                label = SACCADE
        wander_x, before_x = keep * (2.0 * wander_x - keep * before_x) + fresh * noise[i, 0], wander_x
        wander_y, before_y = keep * (2.0 * wander_y - keep * before_y) + fresh * noise[i, 1], wander_y
        moved_x = wander_x + tracker[0] * noise[i, 2] + tremor_x
        moved_y = wander_y + tracker[0] * noise[i, 3] + tremor_y
        tremor_x, tremor_y = turn_x * tremor_x - turn_y * tremor_y, turn_y * tremor_x + turn_x * tremor_y
        gaze[i, 0], gaze[i, 1] = at_x + scale_x * moved_x, at_y + scale_y * moved_y
        gaze[i, 2] = eye[2] * (1.0 + PUPIL_NOISE * noise[i, 4])
        event[i] = label
    for gap in range(len(gaps)):
        _open_gap(times, gaps[gap], scale_y, gaze, event)


@kernel
def _open_gap(times, gap, scale_y, gaze, event):
    """Take the signal away in one gap; a blink also drags gaze and pupil down while the lid moves."""
    lid = LID_MS if gap[2] > 0.0 else 0.0
    first = np.searchsorted(times, gap[0] - lid)
    last = np.searchsorted(times, gap[1] + lid, side="right")
    for i in range(first, last):
        if gap[0] <= times[i] <= gap[1]:
            gaze[i, :] = np.nan
        else:
            outside = max(gap[0] - times[i], times[i] - gap[1])
            shut = (1.0 - outside / lid) ** 2
            gaze[i, 1] += LID_DRAG_DEG * scale_y * shut
            gaze[i, 2] *= 1.0 - 0.7 * shut
        if gap[2] > 0.0:
            event[i] = BLINK


@kernel
def all_gaze(
    starts, stops, onset, duration, x, y, times, views, eyes, tracker, gaps, gap_starts, noise, edges, gaze, event
):
    """Gaze of all readings: reading r fills rows `edges[r]` to `edges[r + 1]` of `gaze` and `event`."""
    for row in range(len(starts)):
        fixed = slice(starts[row], stops[row])
        seen = slice(edges[row], edges[row + 1])
        one_gaze(
            onset[fixed],
            duration[fixed],
            x[fixed],
            y[fixed],
            times[seen],
            views[row],
            eyes[row],
            tracker,
            gaps[gap_starts[row] : gap_starts[row + 1]],
            noise[seen],
            gaze[seen],
            event[seen],
        )
