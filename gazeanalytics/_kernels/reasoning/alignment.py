"""Paths through a trace: the likeliest stages of its steps, and the likeliest times of steps without a clock."""

from __future__ import annotations

import numpy as np

from gazeanalytics._kernels import kernel


@kernel
def viterbi(evidence, moves, first, path):
    """Write the likeliest path of states: log evidence (steps, states), log moves (from, to), log first (states,)."""
    steps, states = evidence.shape
    if steps == 0:
        return
    back = np.zeros((steps, states), np.int64)
    best = first + evidence[0]
    for step in range(1, steps):
        after = np.empty(states)
        for to in range(states):
            top = 0
            for come in range(1, states):
                if best[come] + moves[come, to] > best[top] + moves[top, to]:
                    top = come
            back[step, to] = top
            after[to] = best[top] + moves[top, to] + evidence[step, to]
        best = after
    state = 0
    for other in range(1, states):
        if best[other] > best[state]:
            state = other
    for step in range(steps - 1, -1, -1):
        path[step] = state
        state = back[step, state]


@kernel
def viterbi_over_readings(starts, stops, evidence, moves, first, path):
    """Write the likeliest path of every reading into its rows of `path`."""
    for reading in range(starts.size):
        rows = slice(starts[reading], stops[reading])
        viterbi(evidence[rows], moves, first, path[rows])


@kernel
def lay_in_order(gain, breaks):
    """Cut bins into consecutive runs, one a step, so that the summed gain (steps, bins) is greatest.

    `breaks` (steps + 1,) gets where each run begins and the last ends; every step has at least one bin. Of equal cuts,
    the earliest is taken. There must be as many bins as steps.
    """
    steps, bins = gain.shape
    best = np.full((steps + 1, bins + 1), -np.inf)
    best[0, 0] = 0.0
    stays = np.zeros((steps + 1, bins + 1), np.bool_)
    for step in range(1, steps + 1):
        for end in range(step, bins - (steps - step) + 1):
            begun, going = best[step - 1, end - 1], best[step, end - 1]
            stays[step, end] = going > begun
            best[step, end] = max(begun, going) + gain[step - 1, end - 1]
    end = bins
    for step in range(steps, 0, -1):
        breaks[step] = end
        while stays[step, end]:
            end -= 1
        end -= 1
    breaks[0] = 0


@kernel
def lag_times(onset, offset, inside, spoken, edges, near, every):
    """Add, for each lag bin before each mention, the fixation time inside its region and the time anywhere.

    `onset`, `offset` (fixations,) and `spoken` (mentions,) are in ms; `inside` (mentions, fixations) tells whether a
    fixation lies in the mention's region; `edges` (bins + 1,) of lags rise evenly; `near` and `every` (bins,) grow.
    """
    bins = edges.size - 1
    width = edges[1] - edges[0]
    for mention in range(spoken.size):
        for fixation in range(onset.size):
            low = max(spoken[mention] - offset[fixation], edges[0])
            high = min(spoken[mention] - onset[fixation], edges[bins])
            if high <= low:
                continue
            first = min(int((low - edges[0]) / width), bins - 1)
            last = min(int((high - edges[0]) / width), bins - 1)
            for bin_ in range(first, last + 1):
                shared = min(high, edges[bin_ + 1]) - max(low, edges[bin_])
                if shared > 0:
                    every[bin_] += shared
                    if inside[mention, fixation]:
                        near[bin_] += shared


@kernel
def lag_times_over_readings(starts, stops, onset, offset, x, y, first, last, spoken, boxes, edges, near, every):
    """Do so for every reading: its mentions are rows `first` to `last` of `spoken` and `boxes` (x0, y0, x1, y1)."""
    for reading in range(starts.size):
        a, b = starts[reading], stops[reading]
        c, d = first[reading], last[reading]
        inside = np.zeros((d - c, b - a), np.bool_)
        for mention in range(d - c):
            box = boxes[c + mention]
            for fixation in range(b - a):
                px, py = x[a + fixation], y[a + fixation]
                inside[mention, fixation] = box[0] <= px <= box[2] and box[1] <= py <= box[3]
        lag_times(onset[a:b], offset[a:b], inside, spoken[c:d], edges, near[reading], every[reading])


@kernel
def mention_times(onset, offset, x, y, begins, spoken, boxes, before, after, out):
    """Measure, for each mention of one reading, fixation time in its box and around it.

    `out` (mentions, 5) gets: time in the box; time in the window from `before` ms ahead of `spoken` to `after` ms past
    it; time in both; time in all; and onset of the last visit to the box that began by `begins`, NaN without one.
    """
    for mention in range(spoken.size):
        box = boxes[mention]
        first, last = spoken[mention] - before, spoken[mention] + after
        sums = np.zeros(4)
        visit, inside = np.nan, False
        for fixation in range(onset.size):
            was_inside = inside
            inside = box[0] <= x[fixation] <= box[2] and box[1] <= y[fixation] <= box[3]
            if inside and not was_inside and onset[fixation] <= begins[mention]:
                visit = onset[fixation]
            length = offset[fixation] - onset[fixation]
            shared = max(min(offset[fixation], last) - max(onset[fixation], first), 0.0)
            sums[1] += shared
            sums[3] += length
            if inside:
                sums[0] += length
                sums[2] += shared
        out[mention, :4] = sums
        out[mention, 4] = visit


@kernel
def mention_times_over_readings(starts, stops, onset, offset, x, y, first, last, begins, spoken, boxes, window, out):
    """Do so for every reading: its mentions are rows `first` to `last`; `window` is (before, after)."""
    for reading in range(starts.size):
        a, b = starts[reading], stops[reading]
        c, d = first[reading], last[reading]
        mention_times(
            onset[a:b],
            offset[a:b],
            x[a:b],
            y[a:b],
            begins[c:d],
            spoken[c:d],
            boxes[c:d],
            window[0],
            window[1],
            out[c:d],
        )
