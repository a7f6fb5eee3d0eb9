"""How a reading changes on its way: ambient and focal fixations, early against late, clusters of gaze."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import kernel


class Scale(NamedTuple):
    """Mean and standard deviation of fixation durations (ms) and of steps between fixations (deg)."""

    duration_mean: float
    duration_sd: float
    step_mean: float
    step_sd: float


@kernel
def scale_at(scales, k):
    """Return row k of an array of scales, shape (readings, 4)."""
    return Scale(scales[k, 0], scales[k, 1], scales[k, 2], scales[k, 3])


@kernel
def ambient_focal(durations, steps, scale, first, last):
    """Return K, the mean of z(duration) - z(next step) over fixations first..last-1 (Krejtz et al. 2016)."""
    # The scale comes from outside: with a reading's own mean and standard deviation K of the whole reading would be 0.
    total = 0.0
    count = 0
    for i in range(first, last):
        if durations[i] == durations[i] and steps[i] == steps[i]:
            duration = (durations[i] - scale.duration_mean) / scale.duration_sd
            total += duration - (steps[i] - scale.step_mean) / scale.step_sd
            count += 1
    return total / count if count > 0 else np.nan


@kernel
def mean_known(values, first, last):
    """Return the mean of the known values first..last-1."""
    total = 0.0
    count = 0
    for i in range(first, last):
        if values[i] == values[i]:
            total += values[i]
            count += 1
    return total / count if count > 0 else np.nan


@kernel
def log_ratio(before, after):
    """Return log2(before / after); NaN unless both are above 0."""
    # A logarithm, so that twice as much early and twice as much late are equally far from 0.
    return np.log2(before / after) if before > 0.0 and after > 0.0 else np.nan


@kernel
def course(durations, steps, early, scale, out):
    """Write K, early K, late K, and log2 of early over late mean step and mean duration."""
    count = len(steps)
    out[0] = ambient_focal(durations, steps, scale, 0, count)
    out[1] = ambient_focal(durations, steps, scale, 0, early)
    out[2] = ambient_focal(durations, steps, scale, early, count)
    out[3] = log_ratio(mean_known(steps, 0, early), mean_known(steps, early, count))
    out[4] = log_ratio(mean_known(durations, 0, early), mean_known(durations, early, count))


@kernel
def course_readings(starts, stops, durations, steps, early_share, scales, out):
    """Run `course` over readings; `scales` has one row a reading."""
    for k in range(len(starts)):
        rows = slice(starts[k], stops[k])
        early = int(np.ceil(early_share * (stops[k] - starts[k])))
        course(durations[rows], steps[rows], early, scale_at(scales, k), out[k])


@kernel
def evenness(durations):
    """Return the entropy of how time is shared out among fixations, as a share of its maximum, log(n)."""
    # -sum p log p / log n over the n known durations, p their shares of the total (Pielou's evenness): short and long
    # readings can be compared, which bare entropy doesn't allow.
    total = 0.0
    count = 0
    for duration in durations:
        if duration == duration:
            total += duration
            count += 1
    if count < 2 or total <= 0.0:
        return np.nan
    entropy = 0.0
    for duration in durations:
        if duration > 0.0:
            entropy -= duration / total * np.log(duration / total)
    return entropy / np.log(count)


@kernel
def join_clusters(places, radius, cluster):
    """Write which cluster each point joins and return how many there are."""
    # A point joins the cluster with the nearest running mean, when that is within `radius`; else it begins a new one
    # (leader clustering). k-means would need a number of clusters, and its result would depend on random starts.
    count = len(places)
    centres = np.empty((count, 2))
    sizes = np.zeros(count)
    found = 0
    for i in range(count):
        best = -1
        nearest = radius * radius
        for c in range(found):
            square = (places[i, 0] - centres[c, 0]) ** 2 + (places[i, 1] - centres[c, 1]) ** 2
            if square < nearest or (square == nearest and best < 0):
                best = c
                nearest = square
        if best < 0:
            best = found
            centres[best, 0] = 0.0
            centres[best, 1] = 0.0
            found += 1
        sizes[best] += 1.0
        # Running mean: m += (x - m) / n, which needs no second look at the members.
        for axis in range(2):
            centres[best, axis] += (places[i, axis] - centres[best, axis]) / sizes[best]
        cluster[i] = best
    return found


@kernel
def clusters(places, durations, radius, big, out):
    """Write number of clusters, number of those dwelt on for longer than `big`, and their share of all dwell."""
    out[:] = np.nan
    count = len(places)
    if count == 0:
        return
    member = np.empty(count, np.int64)
    found = join_clusters(places, radius, member)
    out[0] = found
    # Dwell time by cluster; a single unknown duration makes the total unknown, as whose share it is can't be said.
    dwell = np.zeros(found)
    total = 0.0
    for i in range(count):
        dwell[member[i]] += durations[i]
        total += durations[i]
    if total != total or total <= 0.0:
        return
    out[1] = 0.0
    out[2] = 0.0
    for time in dwell:
        if time > big:
            out[1] += 1.0
            out[2] += time / total


@kernel
def cluster_readings(starts, stops, places, durations, radius, big, out):
    """Run `evenness` and `clusters` over readings."""
    for k in range(len(starts)):
        rows = slice(starts[k], stops[k])
        out[k, 0] = evenness(durations[rows])
        clusters(places[rows], durations[rows], radius, big, out[k, 1:])
