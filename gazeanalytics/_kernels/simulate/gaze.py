"""Kernels of simulated gaze: what a tracker makes of fixations and the saccades between them.

They draw nothing themselves: random numbers come in as arrays.
"""

import math
from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import kernel
from gazeanalytics._kernels.simulate.saccades import TAIL_CUT, View, angle_deg, saccade_progress, saccade_top_speed

FIXATION, SACCADE, OSCILLATION, BLINK = 1, 2, 3, 5

# Speed of the lid and how far it drags the pupil's centre; PSO is labelled while it swings wider than this.
LID_MS, LID_DRAG_DEG, PUPIL_NOISE, OSCILLATION_SEEN_DEG = 35.0, 3.0, 0.005, 0.05


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
    if 0.0 <= since_ms < TAIL_CUT * tracker.oscillation_decay_ms:
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
