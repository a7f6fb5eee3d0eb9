"""Labels by a dispersion threshold (I-DT), in time linear in the samples.

Labels are 1 fixation and 2 saccade, with START (128) added where an event begins. A hole is a jump of the clock.
"""

import numpy as np

from gazeanalytics._kernels import kernel

FIXATION, SACCADE, START = 1, 2, 128


@kernel
def push(queue, ends, values, i, sign):
    """Append index i to a ring queue whose values fall from front to back (sign 1) or rise (sign -1)."""
    while ends[1] > ends[0] and sign * values[queue[(ends[1] - 1) % queue.size]] <= sign * values[i]:
        ends[1] -= 1
    queue[ends[1] % queue.size] = i
    ends[1] += 1


@kernel
def front(queue, ends, i):
    """Drop what lies before index i from a ring queue and return its front."""
    while queue[ends[0] % queue.size] < i:
        ends[0] += 1
    return queue[ends[0] % queue.size]


@kernel
def window_capacity(t, step, shortest):
    """Most samples that a window of `shortest` ms needs."""
    most, stop = 1, 0
    for i in range(t.size):
        while stop < t.size and t[stop] - t[i] + step < shortest:
            stop += 1
        most = max(most, stop - i + 1)
    return most


@kernel
def idt(t, x, y, step, widest, shortest, longest_gap, labels):
    """Dispersion threshold (x range + y range <= widest), in linear time.

    Ring queues keep the extremes of the sliding window of `shortest` ms; once accepted, a window grows to the right
    with running extremes until it grows too wide.
    """
    n = t.size
    shortest *= 1.0 - 1e-9
    queues = np.empty((4, window_capacity(t, step, shortest)), np.int64)
    ends = np.zeros((4, 2), np.int64)
    i, stop = 0, 0
    while i < n:
        if stop == i:
            ends[:] = 0
        while stop < n and (stop == i or t[stop - 1] - t[i] + step < shortest):
            if stop > i and t[stop] - t[stop - 1] > longest_gap:
                break
            for q in range(4):
                push(queues[q], ends[q], x if q < 2 else y, stop, 1.0 - 2.0 * (q % 2))
            stop += 1
        if t[stop - 1] - t[i] + step < shortest:
            labels[i:stop] = SACCADE
            i = stop
            continue
        right, left = x[front(queues[0], ends[0], i)], x[front(queues[1], ends[1], i)]
        low, high = y[front(queues[2], ends[2], i)], y[front(queues[3], ends[3], i)]
        if right - left + low - high > widest:
            labels[i] = SACCADE
            i += 1
            continue
        while stop < n and t[stop] - t[stop - 1] <= longest_gap:
            right, left = max(right, x[stop]), min(left, x[stop])
            low, high = max(low, y[stop]), min(high, y[stop])
            if right - left + low - high > widest:
                break
            stop += 1
        labels[i:stop] = FIXATION
        labels[i] |= START
        i = stop


@kernel
def idt_over_readings(starts, stops, t, right, down, settings, labels, steps):
    """`idt` of every reading; settings: widest (deg), shortest (ms), longest gap (ms)."""
    for r in range(starts.size):
        part = slice(starts[r], stops[r])
        idt(t[part], right[part], down[part], steps[r], settings[0], settings[1], settings[2], labels[part])
        mark_saccades(t[part], labels[part], settings[2])


@kernel
def mark_saccades(t, labels, longest_gap):
    """Put START on the saccades of a detector that marks only where fixations begin."""
    before = 0
    for i in range(t.size):
        if labels[i] == SACCADE and (before != SACCADE or t[i] - t[i - 1] > longest_gap):
            labels[i] |= START
        before = labels[i] & 127
