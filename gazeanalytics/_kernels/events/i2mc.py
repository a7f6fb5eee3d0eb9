"""I2MC: labels by clustering gaze in moving windows into two (Hessels et al. 2017). Gaze in degrees, times in ms.

Labels are 1 fixation and 2 saccade, without START: a sample in flight or a jump of the clock separates any two
fixations.
"""

from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import kernel
from gazeanalytics._kernels.events.gaze import part_of
from gazeanalytics._kernels.events.labels import FIXATION, SACCADE

_MAX_ITER = 100
# Windows are also looked at in means of so many samples (the paper's downsampling by 2, 5 and 10), where these last at
# most so many ms.
_THINS, _COARSEST_MS = np.array([1, 2, 5, 10]), 40.0


class TwoMeans(NamedTuple):
    """Settings: window and its step (ms), cutoff of weights (sd), merging in space (deg) and time (ms), gap (ms)."""

    window_ms: float
    window_step_ms: float
    cutoff_sd: float
    merge_within_deg: float
    merge_within_ms: float
    max_gap_ms: float


class Room(NamedTuple):
    """Working room for one window: means of samples, shape (2, samples), and the cluster of each."""

    blocks: np.ndarray
    member: np.ndarray


# The paper starts k-means from random centres; the two ends of the wider axis make it exact to repeat, and differ only
# where a window holds three places.
@kernel
def two_means(x, y, member):
    """Split points into two clusters (Lloyd's iterations); member: 0 or 1 for each.

    Returns whether there are two: not when all points are the same.
    """
    n = x.size
    along = x if x.max() - x.min() >= y.max() - y.min() else y
    low, high = np.argmin(along), np.argmax(along)
    ax, ay, bx, by = x[low], y[low], x[high], y[high]
    if along[low] == along[high]:
        return False
    for iteration in range(_MAX_ITER):
        changed = iteration == 0
        sums = np.zeros(6)
        for i in range(n):
            nearer = (x[i] - bx) ** 2 + (y[i] - by) ** 2 < (x[i] - ax) ** 2 + (y[i] - ay) ** 2
            changed |= member[i] != nearer
            member[i] = nearer
            at = 3 if nearer else 0
            sums[at] += 1.0
            sums[at + 1] += x[i]
            sums[at + 2] += y[i]
        if not changed or sums[0] == 0.0 or sums[3] == 0.0:
            break
        ax, ay, bx, by = sums[1] / sums[0], sums[2] / sums[0], sums[4] / sums[3], sums[5] / sums[3]
    return True


# A window within one fixation is split, too, but at random: gaze changes clusters often, so each change weighs little.
# A saccade is one change, which weighs 1. So no threshold in degrees is needed, and noise of any size cancels out.
@kernel
def weigh_window(x, y, thin, room, weights):
    """Add to each sample's weight 1 / changes where gaze changes between the two clusters of a window.

    The window is thinned to means of `thin` samples, which averages noise out; the change then lies within that many.
    """
    count = x.size // thin
    if count < 2:
        return
    across, along, member = room.blocks[0, :count], room.blocks[1, :count], room.member[:count]
    for k in range(count):
        across[k], along[k] = np.mean(x[k * thin : (k + 1) * thin]), np.mean(y[k * thin : (k + 1) * thin])
    if not two_means(across, along, member):
        return
    changes = 0
    for k in range(1, count):
        changes += member[k] != member[k - 1]
    for k in range(1, count):
        if member[k] != member[k - 1]:
            first = k * thin - (thin + 1) // 2
            for i in range(first, first + thin):
                weights[i] += 1.0 / changes


@kernel
def cluster_weights(gaze, how, thins, weights):
    """Mean weight of each sample over the windows that hold it.

    A window ends at a jump of the clock; one of less than half its length is left out.
    """
    t, x, y = gaze.t, gaze.x, gaze.y
    n = t.size
    tests = np.zeros(n)
    weights[:] = 0.0
    room = Room(np.empty((2, n)), np.zeros(n, np.bool_))
    first, stop = 0, 0
    while first < n:
        if stop <= first:
            stop = first + 1
        while stop < n and t[stop] - t[first] < how.window_ms and t[stop] - t[stop - 1] <= how.max_gap_ms:
            stop += 1
        if stop - first > 2 and t[stop - 1] - t[first] > 0.5 * how.window_ms:
            part = slice(first, stop)
            for thin in thins:
                weigh_window(x[part], y[part], thin, room, weights[part])
            tests[part] += 1.0
        here = first
        while first < n and t[first] - t[here] < how.window_step_ms:
            first += 1
    for i in range(n):
        weights[i] = weights[i] / tests[i] if tests[i] > 0 else 0.0


@kernel
def cutoff(weights, cutoff_sd):
    """Weight over which a sample is in saccade: mean + cutoff_sd standard deviations."""
    middle = weights.mean()
    return middle + cutoff_sd * np.sqrt(np.mean((weights - middle) ** 2))


@kernel
def shrink(x, y, first, stop):
    """Take samples off both ends of a fixation that lie off its median by more than 2 robust deviations of the rest."""
    middle_x, middle_y = np.median(x[first:stop]), np.median(y[first:stop])
    away = np.sqrt((x[first:stop] - middle_x) ** 2 + (y[first:stop] - middle_y) ** 2)
    middle = np.median(away)
    limit = middle + 2.0 * 1.4826 * np.median(np.abs(away - middle))
    a, b = first, stop
    while a < b - 1 and away[a - first] > limit:
        a += 1
    while b > a + 1 and away[b - 1 - first] > limit:
        b -= 1
    return a, b


@kernel
def i2mc(gaze, step, how, labels):
    """Label one reading."""
    t, x, y = gaze.t, gaze.x, gaze.y
    n = t.size
    labels[:] = SACCADE
    if n == 0:
        return
    weights = np.empty(n)
    cluster_weights(gaze, how, _THINS[(_THINS == 1) | (_THINS * step <= _COARSEST_MS)], weights)
    limit = cutoff(weights, how.cutoff_sd)
    begin, end, at_x, at_y = -1, -1, 0.0, 0.0
    i = 0
    while i < n:
        if weights[i] > limit:
            i += 1
            continue
        stop = i + 1
        while stop < n and weights[stop] <= limit and t[stop] - t[stop - 1] <= how.max_gap_ms:
            stop += 1
        a, b = shrink(x, y, i, stop)
        here_x, here_y = np.median(x[a:b]), np.median(y[a:b])
        near = begin >= 0 and t[a] - t[end - 1] - step <= how.merge_within_ms
        if near and np.sqrt((here_x - at_x) ** 2 + (here_y - at_y) ** 2) < how.merge_within_deg:
            labels[end:b] = FIXATION
            end = b
            at_x, at_y = np.median(x[begin:end]), np.median(y[begin:end])
        else:
            begin, end, at_x, at_y = a, b, here_x, here_y
        labels[a:b] = FIXATION
        i = stop


@kernel
def i2mc_over_readings(starts, stops, gaze, how, labels, steps):
    """Label every reading; `how` is TwoMeans."""
    for r in range(starts.size):
        i2mc(part_of(gaze, starts[r], stops[r]), steps[r], how, labels[starts[r] : stops[r]])
