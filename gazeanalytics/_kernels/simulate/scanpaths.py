"""Kernels of simulated scanpaths: where the eye goes next, by strategy and outcome.

They draw nothing themselves: random numbers come in as arrays.
"""

import math
from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import kernel
from gazeanalytics._kernels.simulate.saccades import View, angle_deg, saccade_span_ms

SYSTEMATIC, CIRCUMFERENTIAL, CENTRAL, HOLISTIC = 0, 1, 2, 3
PATTERN, TARGET, OTHER, DECOY = 0, 1, 2, 3

# Columns of `draws`: uniforms first, then normals.
UNIFORM_PLACE, UNIFORM_CHOICE, UNIFORM_STEP = 0, 1, 2
NORMAL_X, NORMAL_Y, NORMAL_TIME = 3, 4, 5

_MIN_MS, _MAX_MS = 80.0, 1600.0
_MAX_BURST = 12


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
