"""Facts on a recording before events are detected: its rate, its losses, signs of wrong units; angles of gaze."""

from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import kernel
from gazeanalytics._kernels.events.gaze import lens_of, part_of, samples_in

# Facts are taken from at most so many samples spread over a reading: medians and extremes of units need no more.
_PROBES = 128
_ABSURD_PX = 30000.0
# Standard deviation of a half wave of the sine squared, as a share of its length: sqrt(1/12 - 1/(2 pi^2)).
_SPREAD_OF_LENGTH = np.sqrt(1 / 12 - 1 / (2 * np.pi**2))


class Facts(NamedTuple):
    """What `audit` finds in one reading, by which wrong units and broken clocks are known.

    interval (ms); steps backwards; times that are not finite; infinite places; samples without a place; the tracker's
    code for loss: samples at it, its x and y; of at most 128 probed samples: how many have a place, largest coordinate
    (px), widest extent (px), median step to the next (deg at the centre), share over 60 deg off the line of sight.
    """

    interval: float
    backwards: float
    timeless: float
    infinite: float
    missing: float
    coded: float
    code_x: float
    code_y: float
    probed: float
    farthest_px: float
    extent_px: float
    step_deg: float
    wide: float


class Probes(NamedTuple):
    """What probed samples show: the last five of Facts."""

    probed: float
    farthest_px: float
    extent_px: float
    step_deg: float
    wide: float


@kernel
def interval(t):
    """Median time between neighbours (ms), from at most 128 places spread over the reading; NaN without any."""
    pairs = t.size - 1
    count = min(pairs, _PROBES)
    if count < 1:
        return np.nan
    steps = np.empty(count)
    kept = 0
    for k in range(count):
        i = k * pairs // count
        step = t[i + 1] - t[i]
        if step > 0:
            steps[kept] = step
            kept += 1
    return np.median(steps[:kept]) if kept else np.nan


@kernel
def intervals_over_readings(starts, stops, t, out):
    """`interval` of every reading."""
    for r in range(starts.size):
        out[r] = interval(t[starts[r] : stops[r]])


@kernel
def off_image(x, y):
    """Whether a point lies above and left of any image, or absurdly far."""
    return ((x <= 0.0) & (y <= 0.0)) | ((x >= _ABSURD_PX) & (y >= _ABSURD_PX))


# The majority vote of Boyer & Moore (1991): one pass and one counter find the only point that can hold more than half
# of the votes; a second pass counts it. A table of all points would hash every sample off the image.
@kernel
def code_of_loss(x, y, there):
    """Find the point that a tracker writes where it lost the gaze, such as (0, 0), (-1, -1) or (-32768, -32768).

    Most of the `there` samples off the image are at exactly this point, at least three of them. Returns how many
    samples are at it (0: there is none), x, y.
    """
    votes, count, code_x, code_y = 0, 0, 0.0, 0.0
    for i in range(x.size):
        if off_image(x[i], y[i]):
            if votes == 0:
                code_x, code_y = x[i], y[i]
            votes += 1 if x[i] == code_x and y[i] == code_y else -1
    for i in range(x.size):
        count += x[i] == code_x and y[i] == code_y
    return (count if 2 * count > there and count >= 3 else 0), code_x, code_y


@kernel
def probe(gaze, lens):
    """Look at samples spread over a reading."""
    x, y, n = gaze.x, gaze.y, gaze.t.size
    count = min(n, _PROBES)
    steps = np.empty(count)
    kept, seen, wide = 0, 0, 0
    left, right, top, bottom = np.inf, -np.inf, np.inf, -np.inf
    for k in range(count):
        i = k * n // count
        if np.isnan(x[i] + y[i]):
            continue
        seen += 1
        left, right = min(left, x[i]), max(right, x[i])
        top, bottom = min(top, y[i]), max(bottom, y[i])
        u, v = (x[i] - lens.centre_x) * lens.per_px_x, (y[i] - lens.centre_y) * lens.per_px_y
        wide += u * u + v * v > 3.0
        if i + 1 < n and not np.isnan(x[i + 1] + y[i + 1]):
            steps[kept] = ((x[i + 1] - x[i]) * lens.per_px_x) ** 2 + ((y[i + 1] - y[i]) * lens.per_px_y) ** 2
            kept += 1
    step_deg = np.rad2deg(np.sqrt(np.median(steps[:kept]))) if kept else np.nan
    if seen == 0:
        return Probes(0.0, 0.0, 0.0, step_deg, 0.0)
    farthest = max(abs(left), abs(right), abs(top), abs(bottom))
    return Probes(float(seen), farthest, max(right - left, bottom - top), step_deg, wide / seen)


@kernel
def audit(gaze, lens):
    """Facts on one reading. One pass over all samples counts what a check of the table would look for."""
    t, x, y = gaze.t, gaze.x, gaze.y
    n = t.size
    back, timeless, infinite, missing, there = 0, 0, 0, 0, 0
    for i in range(n):
        there += off_image(x[i], y[i])
        timeless += not np.isfinite(t[i])
        infinite += abs(x[i]) == np.inf or abs(y[i]) == np.inf
        missing += np.isnan(x[i] + y[i])
    for i in range(1, n):
        back += t[i] < t[i - 1]
    coded, code_x, code_y = code_of_loss(x, y, there) if there >= 3 else (0, 0.0, 0.0)
    found = probe(gaze, lens)
    counts = float(back), float(timeless), float(infinite), float(missing), float(coded)
    return Facts(
        interval(t), counts[0], counts[1], counts[2], counts[3], counts[4], code_x, code_y,
        found.probed, found.farthest_px, found.extent_px, found.step_deg, found.wide,
    )  # fmt: skip


@kernel
def audit_over_readings(starts, stops, gaze, lenses, out):
    """Write the Facts of every reading, one a row."""
    for r in range(starts.size):
        facts = audit(part_of(gaze, starts[r], stops[r]), lens_of(lenses, r))
        for k in range(len(facts)):
            out[r, k] = facts[k]


@kernel
def remove_codes_over_readings(starts, stops, x, y, codes):
    """Make the samples at a reading's code of loss missing; codes: samples at it, x, y."""
    for r in range(starts.size):
        if codes[r, 0] > 0:
            for i in range(starts[r], stops[r]):
                if x[i] == codes[r, 1] and y[i] == codes[r, 2]:
                    x[i] = y[i] = np.nan


@kernel
def degrees_over_readings(starts, stops, gaze, right, down, lenses):
    """Horizontal and vertical angle (deg) of image points off the line of sight."""
    for r in range(starts.size):
        lens = lens_of(lenses, r)
        for i in range(starts[r], stops[r]):
            right[i] = np.rad2deg(np.arctan((gaze.x[i] - lens.centre_x) * lens.per_px_x))
            down[i] = np.rad2deg(np.arctan((gaze.y[i] - lens.centre_y) * lens.per_px_y))


@kernel
def without_spikes(x):
    """Median of each sample and its two neighbours."""
    calm = x.copy()
    for i in range(1, x.size - 1):
        low, high = min(x[i - 1], x[i + 1]), max(x[i - 1], x[i + 1])
        calm[i] = min(max(x[i], low), high)
    return calm


@kernel
def windowed_speed(t, x, y, half, window):
    """Speed (deg/s) over `half` samples to each side; 0 at ends and where samples are missing."""
    n = t.size
    speed = np.zeros(n)
    for i in range(half, n - half):
        took = t[i + half] - t[i - half]
        if 0.0 < took < 1.5 * window:
            speed[i] = np.sqrt((x[i + half] - x[i - half]) ** 2 + (y[i + half] - y[i - half]) ** 2) / took * 1000.0
    return speed


# A saccade's speed is about a half wave of sin^2, whose spread in time is 0.181 of its length; a window of width w adds
# w^2 / 12 to the variance. The length so found depends little on thresholds, noise and the sampling interval. Onset and
# offset by threshold would make a saccade longer at a low sampling rate than the same one at a high rate.
@kernel
def length_of_flight(t, speed, first, last, window):
    """Duration (ms) of a saccade by the spread of its speed in time, between two samples."""
    when, weight = t[first : last + 1] - t[first], speed[first : last + 1]
    middle = np.sum(weight * when) / np.sum(weight)
    spread = np.sum(weight * (when - middle) ** 2) / np.sum(weight) - window * window / 12.0
    return np.sqrt(max(spread, 0.0)) / _SPREAD_OF_LENGTH


# The main sequence of durations, 21 ms + 2.2 ms/deg (Carpenter 1988), is nearly the same in all people: a clock or a
# viewing distance that is wrong by a factor of two moves every saccade off it.
@kernel
def flight_ratios(gaze, step):
    """How many times longer than human saccades of its amplitude each saccade of 2 to 20 deg lasts.

    Gaze in degrees, without missing samples. Speed is measured over 10 ms at least; a saccade is where it exceeds a
    fifth of its peak.
    """
    t, x, y = gaze.t, without_spikes(gaze.x), without_spikes(gaze.y)
    n, half = t.size, samples_in(5.0, step)
    window = 2 * half * step
    speed, ratios = windowed_speed(t, x, y, half, window), np.empty(n // 2 + 1)
    kept, i = 0, 0
    while i < n:
        if speed[i] <= 60.0:
            i += 1
            continue
        top, after = i, i
        while after < n and speed[after] > 25.0:
            top = after if speed[after] > speed[top] else top
            after += 1
        first, last = top, top
        while first > 0 and speed[first - 1] > 0.2 * speed[top]:
            first -= 1
        while last < n - 1 and speed[last + 1] > 0.2 * speed[top]:
            last += 1
        i = max(after, last + 1)
        a, b = max(first - half, 0), min(last + half, n - 1)
        size = np.hypot(x[b] - x[a], y[b] - y[a])
        if 2.0 <= size <= 20.0:
            ratios[kept] = length_of_flight(t, speed, first, last, window) / (21.0 + 2.2 * size)
            kept += 1
    return ratios[:kept]
