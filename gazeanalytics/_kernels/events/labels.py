"""Labels of samples: where events begin, which are too short, and how they come back into the rows of a table.

A label is a uint8: 0 missing, 1 fixation, 2 saccade, 3 post-saccadic oscillation, 4 smooth pursuit, 5 blink, 6 noise.
While a detector works, START (128) is added where an event begins, so that two fixations may touch.
"""

from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import inlined, kernel

MISSING, FIXATION, SACCADE, PSO, PURSUIT, BLINK, NOISE = 0, 1, 2, 3, 4, 5, 6
START = 128


class Seen(NamedTuple):
    """Row of each sample that has a place in the whole table, and its label."""

    rows: np.ndarray
    labels: np.ndarray


@kernel
def mark_starts(t, labels, max_gap):
    """Put START where the kind changes and where the clock jumps over `max_gap` ms.

    It runs backwards, so that no step waits for the one before and the compiler handles many samples at once.
    """
    for i in range(t.size - 1, 0, -1):
        fresh = (labels[i] != labels[i - 1]) | (t[i] - t[i - 1] > max_gap)
        labels[i] |= np.uint8(fresh) << np.uint8(7)
    if t.size:
        labels[0] |= START


@inlined
def event_stop(labels, i):
    """Index after the last sample of the event that begins at sample i; it looks at eight labels at once."""
    kind, rest = labels[i] & np.uint8(127), labels[i + 1 :]
    k = 0
    while k + 8 <= rest.size:
        others = np.uint8(0)
        for ahead in range(8):
            others |= rest[k + ahead] ^ kind
        if others:
            break
        k += 8
    while k < rest.size and rest[k] == kind:
        k += 1
    return i + 1 + k


# Durations are compared with a billionth to spare: sums of binary fractions may fall short of 60 ms by the last digit.
@kernel
def drop_if_short(t, labels, i, stop, step, shortest):
    """Turn the event of samples i to stop into noise when it lasts less than `shortest` ms."""
    if t[stop - 1] - t[i] + step < shortest * (1.0 - 1e-9):
        labels[i] = NOISE | START
        labels[i + 1 : stop] = NOISE


@kernel
def drop_short(t, labels, step, shortest):
    """Turn fixations that last less than `shortest` ms into noise; neighbours of one kind stay apart."""
    i = 0
    while i < t.size:
        stop = event_stop(labels, i)
        if labels[i] & 127 == FIXATION:
            drop_if_short(t, labels, i, stop, step, shortest)
        i = stop


@kernel
def finish_over_readings(starts, stops, t, max_gap, shortest, labels, steps):
    """Mark where events begin and drop short fixations in every reading; longest gap and shortest fixation in ms."""
    for r in range(starts.size):
        part = slice(starts[r], stops[r])
        mark_starts(t[part], labels[part], max_gap)
        drop_short(t[part], labels[part], steps[r], shortest)


# A detector never sees the samples without a place, so the hole itself is judged here: lids stay shut for some 50 to
# 500 ms, trackers lose gaze for longer.
@kernel
def expand_over_readings(starts, stops, t, seen, blink_ms, labels, spans):
    """Put labels of the samples seen back in their rows; rows between become blink, else missing.

    A hole is a blink when it touches one or lasts from blink_ms[0] to blink_ms[1]; blink_ms[1] of 0 makes none.
    spans: first seen sample of each reading and the one after its last.
    """
    rows, found = seen.rows, seen.labels
    for r in range(starts.size):
        labels[starts[r] : stops[r]] = MISSING
        for k in range(spans[r, 0], spans[r, 1]):
            labels[rows[k]] = found[k]
        if blink_ms[1] <= 0:
            continue
        for k in range(spans[r, 0] + 1, spans[r, 1]):
            a, b = rows[k - 1], rows[k]
            lost = t[b] - t[a]
            if b > a + 1 and (blink_ms[0] <= lost <= blink_ms[1] or found[k - 1] == BLINK or found[k] == BLINK):
                labels[a + 1 : b] = BLINK
