"""Loops of the simulation: where the eye goes next, and the gaze that a tracker makes of it.

Kernels draw nothing themselves: random numbers come in as arrays.
"""

import math
from typing import NamedTuple

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

_MIN_MS, _MAX_MS = 80.0, 1600.0
_MAX_BURST = 12
_TAIL_CUT = 10.0


class View(NamedTuple):
    """How one image is seen: the point straight ahead of the eye and the viewing distance, all in image px."""

    x: float
    y: float
    distance_x: float
    distance_y: float


class Eye(NamedTuple):
    """One eye: curvature of its main sequence (deg), phase of tremor (rad) and pupil size (mm)."""

    curvature_deg: float
    tremor_phase: float
    pupil: float


class TrackerNoise(NamedTuple):
    """What a tracker and an eye add to the places meant; `white_deg` is the SD per axis."""

    white_deg: float
    drift_deg: float
    drift_ms: float
    tremor_deg: float
    tremor_hz: float
    oscillation: float
    oscillation_hz: float
    oscillation_decay_ms: float


class Path(NamedTuple):
    """Fixations: each field has one element a fixation (times in ms, places in image px)."""

    onset: np.ndarray
    duration: np.ndarray
    x: np.ndarray
    y: np.ndarray


class Gaps(NamedTuple):
    """Blinks and losses of the signal, in order of `begin` (ms)."""

    begin: np.ndarray
    end: np.ndarray
    blink: np.ndarray


class Record(NamedTuple):
    """Samples: `times` (ms) and five normals a sample come in, `gaze` (x, y, pupil) and `event` (a code) go out."""

    times: np.ndarray
    normals: np.ndarray
    gaze: np.ndarray
    event: np.ndarray


class Batch(NamedTuple):
    """Where each reading's fixations start and stop, and where its samples and gaps begin (one more than readings)."""

    starts: np.ndarray
    stops: np.ndarray
    edges: np.ndarray
    gap_starts: np.ndarray


class Pattern(NamedTuple):
    """What one reading's strategy asks of the eye when nothing else draws it.

    `order` lists organs in the order of the checklist, `hubs` the central ones; `organs` (organs, 4) and `chest` (4,)
    are boxes in image px.
    """

    strategy: int
    steps: int
    spread: float
    start_angle: float
    turns: float
    glances: float
    order: np.ndarray
    hubs: np.ndarray
    organs: np.ndarray
    chest: np.ndarray


class Suspects(NamedTuple):
    """Places that draw the eye: boxes (NaN for none), intended dwell time (ms), step that they come at, purpose."""

    box: np.ndarray
    dwell_ms: np.ndarray
    step: np.ndarray
    purpose: np.ndarray


class Avoided(NamedTuple):
    """A place that the eye must not stay at beyond a budget (ms); NaN for none. In a batch one row a reading."""

    box: np.ndarray
    dwell_ms: np.ndarray | float


class Scene(NamedTuple):
    """What one reader with one image has: its size (px), view, and the reader's main sequence and tempo."""

    width: float
    height: float
    viewing: View
    top_speed_deg_s: float
    curvature_deg: float
    tempo: float


class Scanpath(NamedTuple):
    """Fixations that come out: onset, duration (ms), x, y (image px) and purpose."""

    onset: np.ndarray
    duration: np.ndarray
    x: np.ndarray
    y: np.ndarray
    purpose: np.ndarray


class Readings(NamedTuple):
    """One element or row a reading of what guides its path; fields as in `Pattern`, `Scene`, `Suspects`, `Avoided`."""

    case: np.ndarray
    strategy: np.ndarray
    steps: np.ndarray
    spread: np.ndarray
    start_angle: np.ndarray
    turns: np.ndarray
    glances: np.ndarray
    tempo: np.ndarray
    order: np.ndarray
    suspects: Suspects
    avoided: Avoided
    size: np.ndarray
    viewing: np.ndarray
    top_speed_deg_s: np.ndarray
    curvature_deg: float


class Anatomy(NamedTuple):
    """Boxes of each case's organs (cases, organs, 4) and chest (cases, 4), and which organs are hubs."""

    organs: np.ndarray
    chests: np.ndarray
    hubs: np.ndarray


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
    """Exact angle (deg) between two image points.

    atan2 of cross and dot product of the two lines of sight: unlike the arc cosine of the dot product, it keeps its
    digits for the small angles of fixational eye movements.
    """
    ax, ay = (x0 - view.x) / view.distance_x, (y0 - view.y) / view.distance_y
    bx, by = (x1 - view.x) / view.distance_x, (y1 - view.y) / view.distance_y
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
    # A superellipse: the exponent 0.6 squares the circle towards the outline of the lungs.
    x += 0.5 * (chest[2] - chest[0]) * radius * math.copysign(abs(right) ** 0.6, right)
    y += 0.5 * (chest[3] - chest[1]) * radius * math.copysign(abs(down) ** 0.6, down)
    return x, y


@kernel
def pattern_place(pattern, step, last, draw):
    """Where the eye goes at `step` when nothing but its strategy guides it, and the median stay (ms).

    `last` is the place before, `draw` the random numbers of this fixation. Median stays follow the marks of the
    strategies: brief in wide scanning (165 to 205 ms), long where search dwells on a place (340 to 385 ms).
    """
    organs, chest, spread = pattern.organs, pattern.chest, pattern.spread
    if pattern.strategy == SYSTEMATIC:
        count = len(pattern.order)
        organ = pattern.order[min(int(step * count / pattern.steps), count - 1)]
        x, y = _in_box(organs[organ], draw, 0.22 * spread)
        return x, y, 235.0
    if pattern.strategy == CIRCUMFERENTIAL:
        angle = pattern.start_angle + 2.0 * math.pi * pattern.turns * step / pattern.steps
        angle += 0.12 * spread * draw[NORMAL_X]
        x, y = _on_outline(chest, angle, 0.92 + 0.06 * spread * draw[NORMAL_Y])
        return x, y, 205.0
    if pattern.strategy == CENTRAL:
        return _about_hub(pattern, last, draw)
    if step < pattern.glances:
        # A glance: to the far side of the chest, wide and brief.
        half = 0.5 * (chest[0] + chest[2])
        low = half if last[0] < half else chest[0]
        x = low + 0.5 * (chest[2] - chest[0]) * (0.15 + 0.7 * draw[UNIFORM_CHOICE])
        y = chest[1] + (chest[3] - chest[1]) * (0.1 + 0.8 * draw[UNIFORM_PLACE])
        return x, y, 165.0
    if draw[UNIFORM_STEP] < 0.35:
        organ = pattern.order[int(draw[UNIFORM_CHOICE] * len(pattern.order))]
        x, y = _in_box(organs[organ], draw, 0.2 * spread)
        return x, y, 340.0
    size = 0.03 * spread * (chest[2] - chest[0])
    return last[0] + size * draw[NORMAL_X], last[1] + size * draw[NORMAL_Y], 340.0


@kernel
def _about_hub(pattern, last, draw):
    """Central search: a small step pulled towards a hilum, the mediastinum or the heart, and a long stay."""
    hub = pattern.organs[pattern.hubs[int(draw[UNIFORM_CHOICE] * len(pattern.hubs))]]
    hub_x, hub_y = 0.5 * (hub[0] + hub[2]), 0.5 * (hub[1] + hub[3])
    pull = 0.75 if draw[UNIFORM_STEP] < 0.25 else 0.2
    size = 0.045 * pattern.spread * (pattern.chest[2] - pattern.chest[0])
    return (
        last[0] + pull * (hub_x - last[0]) + size * draw[NORMAL_X],
        last[1] + pull * (hub_y - last[1]) + size * draw[NORMAL_Y],
        385.0,
    )


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
def _due(suspects, step):
    """Place in `suspects` of the first that draws the eye at this step, taken off the list; -1 for none."""
    for place in range(len(suspects.step)):
        if suspects.step[place] == step:
            suspects.step[place] = -1.0
            return place
    return -1


@kernel
def one_scanpath(pattern, scene, suspects, avoided, draws, out):
    """Fixations of one reading into `out`; returns how many. `draws` holds random numbers, one row a fixation.

    A suspect holds the eye until its intended dwell time is over (at most a dozen fixations), then the pattern goes on.
    Where the eye would outstay the budget of the avoided place, the fixation is cut short or moved out of it.
    """
    limit = len(out.onset)
    count, step, suspect, burst = 0, 0, -1, 0
    dwell, spent, onset = 0.0, 0.0, 0.0
    last = np.array([0.5 * scene.width, 0.5 * scene.height])
    gap = 0.3 * scene.viewing.distance_x * math.pi / 180.0
    box, budget = avoided.box, avoided.dwell_ms
    while step < pattern.steps and count < limit:
        draw = draws[count]
        if suspect < 0:
            suspect = _due(suspects, step)
            if suspect >= 0:
                dwell, burst = 0.0, 0
        purpose = PATTERN
        if suspect >= 0:
            purpose = int(suspects.purpose[suspect])
            x, y = _in_box(suspects.box[suspect], draw, 0.2)
            median = 330.0
        elif count == 0:
            x, y, median = last[0] + 0.3 * gap * draw[NORMAL_X], last[1] + 0.3 * gap * draw[NORMAL_Y], 180.0
            step += 1
        else:
            x, y, median = pattern_place(pattern, step, last, draw)
            step += 1
        duration = min(max(median * scene.tempo * math.exp(0.32 * draw[NORMAL_TIME]), _MIN_MS), _MAX_MS)
        # Comparisons with NaN are false, so a reading without an avoided place never gets in here.
        if box[0] <= x <= box[2] and box[1] <= y <= box[3]:
            if purpose == TARGET:
                duration = min(duration, max(budget - spent, _MIN_MS))
            if spent + duration > budget:
                x, y = push_out(x, y, box, gap * (1.0 + draw[UNIFORM_PLACE]), scene.width, scene.height)
            else:
                spent += duration
        x, y = min(max(x, 0.0), scene.width), min(max(y, 0.0), scene.height)
        if count > 0:
            amplitude = angle_deg(scene.viewing, last[0], last[1], x, y)
            onset += saccade_span_ms(amplitude, scene.top_speed_deg_s, scene.curvature_deg)
        out.onset[count], out.duration[count], out.x[count], out.y[count] = onset, duration, x, y
        out.purpose[count] = purpose
        onset += duration
        last[0], last[1] = x, y
        count += 1
        if suspect >= 0:
            dwell += duration
            burst += 1
            if dwell >= suspects.dwell_ms[suspect] or burst >= _MAX_BURST:
                suspect = -1
    return count


@kernel
def all_scanpaths(readings, anatomy, draws, out, counts):
    """Fixations of all readings: row r of each field of `out`, of shape (readings, fixations), gets reading r's."""
    for row in range(len(readings.case)):
        case = readings.case[row]
        pattern = Pattern(
            readings.strategy[row],
            readings.steps[row],
            readings.spread[row],
            readings.start_angle[row],
            readings.turns[row],
            readings.glances[row],
            readings.order[row],
            anatomy.hubs,
            anatomy.organs[case],
            anatomy.chests[case],
        )
        view = readings.viewing[row]
        scene = Scene(
            readings.size[row, 0],
            readings.size[row, 1],
            View(view[0], view[1], view[2], view[3]),
            readings.top_speed_deg_s[row],
            readings.curvature_deg,
            readings.tempo[row],
        )
        all_suspects = readings.suspects
        suspects = Suspects(
            all_suspects.box[row], all_suspects.dwell_ms[row], all_suspects.step[row], all_suspects.purpose[row]
        )
        avoided = Avoided(readings.avoided.box[row], readings.avoided.dwell_ms[row])
        own = Scanpath(out.onset[row], out.duration[row], out.x[row], out.y[row], out.purpose[row])
        counts[row] = one_scanpath(pattern, scene, suspects, avoided, draws[row], own)


@kernel
def _measure_saccades(path, view, curvature_deg):
    """Span (ms), size (deg) and top speed (deg/s) of the saccade after each fixation but the last; zeros there."""
    fixations = len(path.onset)
    span, size, top = np.zeros(fixations), np.zeros(fixations), np.zeros(fixations)
    for k in range(fixations - 1):
        span[k] = path.onset[k + 1] - path.onset[k] - path.duration[k]
        size[k] = angle_deg(view, path.x[k], path.y[k], path.x[k + 1], path.y[k + 1])
        top[k] = saccade_top_speed(size[k], span[k], curvature_deg)
    return span, size, top


@kernel
def _oscillation(since_ms, tracker):
    """Envelope and swing of the post-saccadic oscillation, as shares of the saccade: a damped sine after landing."""
    if 0.0 <= since_ms < _TAIL_CUT * tracker.oscillation_decay_ms:
        envelope = tracker.oscillation * math.exp(-since_ms / tracker.oscillation_decay_ms)
        return envelope, envelope * math.sin(2.0 * math.pi * tracker.oscillation_hz * since_ms / 1000.0)
    return 0.0, 0.0


@kernel
def _trace(path, view, eye, tracker, record):
    """Places meant and true events at each time, without noise: fixations, saccades and the oscillation after them."""
    span, size, top = _measure_saccades(path, view, eye.curvature_deg)
    fixations, now = len(path.onset), 0
    for i in range(len(record.times)):
        t = record.times[i]
        # Times rise, so the fixation is found by walking on, not by searching.
        while now < fixations - 1 and t >= path.onset[now + 1]:
            now += 1
        at_x, at_y, label = path.x[now], path.y[now], FIXATION
        if now > 0 and size[now - 1] > 0.0:
            before = now - 1
            since = t - path.onset[now]
            done = saccade_progress(since + span[before], size[before], top[before], eye.curvature_deg)
            envelope, swing = _oscillation(since, tracker)
            at_x += (done - 1.0 + swing) * (path.x[now] - path.x[before])
            at_y += (done - 1.0 + swing) * (path.y[now] - path.y[before])
            # Labelled as PSO only while a coder could see it swing.
            if envelope * size[before] > OSCILLATION_SEEN_DEG:
                label = OSCILLATION
        if now < fixations - 1:
            left = path.onset[now] + path.duration[now]
            if size[now] > 0.0:
                done = saccade_progress(t - left, size[now], top[now], eye.curvature_deg)
                at_x += done * (path.x[now + 1] - path.x[now])
                at_y += done * (path.y[now + 1] - path.y[now])
            if t >= left:
                label = SACCADE
        record.gaze[i, 0], record.gaze[i, 1] = at_x, at_y
        record.event[i] = label


@kernel
def one_gaze(path, view, eye, tracker, gaps, record):
    """Gaze of one reading at the times of `record`: fills its `gaze` (x, y in image px, pupil) and `event`.

    Drift is smooth: a second-order autoregression with a double root, of the stated spread at every sampling rate. A
    random walk, the usual model of drift, would wander without bound over a long fixation.
    """
    _trace(path, view, eye, tracker, record)
    scale_x, scale_y = view.distance_x * math.pi / 180.0, view.distance_y * math.pi / 180.0
    times, normals, gaze = record.times, record.normals, record.gaze
    step = times[1] - times[0] if len(times) > 1 else 0.0
    keep = math.exp(-step / tracker.drift_ms) if tracker.drift_ms > 0.0 else 0.0
    # Variance of x[i] = 2 k x[i-1] - k^2 x[i-2] + e is (1 + k^2) / (1 - k^2)^3 times that of e.
    fresh = tracker.drift_deg * math.sqrt((1.0 - keep * keep) ** 3 / (1.0 + keep * keep))
    wander_x = wander_y = before_x = before_y = 0.0
    tremor_x, tremor_y = (
        tracker.tremor_deg * math.cos(eye.tremor_phase),
        tracker.tremor_deg * math.sin(eye.tremor_phase),
    )
    turn = 2.0 * math.pi * tracker.tremor_hz * step / 1000.0
    turn_x, turn_y = math.cos(turn), math.sin(turn)
    for i in range(len(times)):
        wander_x, before_x = keep * (2.0 * wander_x - keep * before_x) + fresh * normals[i, 0], wander_x
        wander_y, before_y = keep * (2.0 * wander_y - keep * before_y) + fresh * normals[i, 1], wander_y
        moved_x = wander_x + tracker.white_deg * normals[i, 2] + tremor_x
        moved_y = wander_y + tracker.white_deg * normals[i, 3] + tremor_y
        # A rotation by one step a sample gives the sine of tremor without calling it.
        tremor_x, tremor_y = turn_x * tremor_x - turn_y * tremor_y, turn_y * tremor_x + turn_x * tremor_y
        gaze[i, 0] += scale_x * moved_x
        gaze[i, 1] += scale_y * moved_y
        gaze[i, 2] = eye.pupil * (1.0 + PUPIL_NOISE * normals[i, 4])
    for gap in range(len(gaps.begin)):
        _open_gap(record, gaps.begin[gap], gaps.end[gap], gaps.blink[gap], scale_y)


@kernel
def _open_gap(record, begin, end, blink, scale_y):
    """Take the signal away in one gap; a blink also drags gaze and pupil down while the lid moves."""
    times, gaze = record.times, record.gaze
    lid = LID_MS if blink else 0.0
    first = np.searchsorted(times, begin - lid)
    last = np.searchsorted(times, end + lid, side="right")
    for i in range(first, last):
        if begin <= times[i] <= end:
            gaze[i, :] = np.nan
        else:
            outside = max(begin - times[i], times[i] - end)
            # The lid closes and opens as a parabola: it drags the pupil centre down before the signal is lost.
            shut = (1.0 - outside / lid) ** 2
            gaze[i, 1] += LID_DRAG_DEG * scale_y * shut
            gaze[i, 2] *= 1.0 - 0.7 * shut
        if blink:
            record.event[i] = BLINK


@kernel
def all_gaze(batch, path, views, eyes, tracker, gaps, record):
    """Gaze of all readings; `views` and `eyes` have one row a reading."""
    for row in range(len(batch.starts)):
        fixed = slice(batch.starts[row], batch.stops[row])
        seen = slice(batch.edges[row], batch.edges[row + 1])
        lost = slice(batch.gap_starts[row], batch.gap_starts[row + 1])
        one_gaze(
            Path(path.onset[fixed], path.duration[fixed], path.x[fixed], path.y[fixed]),
            View(views[row, 0], views[row, 1], views[row, 2], views[row, 3]),
            Eye(eyes[row, 0], eyes[row, 1], eyes[row, 2]),
            tracker,
            Gaps(gaps.begin[lost], gaps.end[lost], gaps.blink[lost]),
            Record(record.times[seen], record.normals[seen], record.gaze[seen], record.event[seen]),
        )
