"""Paths through a trace: the likeliest stages of its steps, and the likeliest times of steps without a clock."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import kernel


class Gaze(NamedTuple):
    """Fixations, shape (fixations,) each: onset and offset (ms), x and y (px)."""

    onset: np.ndarray
    offset: np.ndarray
    x: np.ndarray
    y: np.ndarray


class Named(NamedTuple):
    """Mentions: rows `first` to `last` of each reading (readings,); begin and spoken (mentions,), ms; boxes, px."""

    first: np.ndarray
    last: np.ndarray
    begin: np.ndarray
    spoken: np.ndarray
    boxes: np.ndarray


# Viterbi 1967 (IEEE Trans. Inf. Theory 13:260): best[t, j] = max_i best[t-1, i] + moves[i, j] + evidence[t, j], walked
# back from the best last state. Posterior (forward-backward) decoding was rejected: it may give a path that the moves
# forbid, and what is counted afterwards are moves. Ties go to the earlier state, so that results don't depend on the
# order in which a compiler compares.
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
            for origin in range(1, states):
                if best[origin] + moves[origin, to] > best[top] + moves[top, to]:
                    top = origin
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


# The same recursion with two moves only (stay in the step, or go on to the next): dynamic time warping in which no step
# may be skipped. best[s, e] = max(best[s-1, e-1], best[s, e-1]) + gain[s-1, e-1].
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


# f(tau) = time of fixations in the named region at lag tau / time of all fixations at lag tau (Bigolin Lanfredi et al.
# 2022); numerator and denominator are kept apart, since a bootstrap over readings must sum each before it divides.
@kernel
def lag_times(onset, offset, inside, spoken, edges, near, every):
    """Add, for each lag bin before each mention, the fixation time inside its region and the time anywhere.

    `onset`, `offset` (fixations,) and `spoken` (mentions,) are in ms; `inside` (mentions, fixations) says whether a
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
def lag_times_over_readings(starts, stops, gaze, named, edges, near, every):
    """Do so for every reading, with its own fixations (`Gaze`) and mentions (`Named`)."""
    for reading in range(starts.size):
        a, b = starts[reading], stops[reading]
        c, d = named.first[reading], named.last[reading]
        inside = np.zeros((d - c, b - a), np.bool_)
        for mention in range(d - c):
            box = named.boxes[c + mention]
            for fixation in range(b - a):
                px, py = gaze.x[a + fixation], gaze.y[a + fixation]
                inside[mention, fixation] = box[0] <= px <= box[2] and box[1] <= py <= box[3]
        lag_times(gaze.onset[a:b], gaze.offset[a:b], inside, named.spoken[c:d], edges, near[reading], every[reading])


@kernel
def mention_times(gaze, fixations, named, mentions, window, out):
    """Measure, for each mention of one reading, fixation time in its box and around it.

    `fixations` and `mentions` are (first, last) rows of `gaze` and `named`; `window` is (before, after), ms. `out`
    (mentions, 5) gets: time in the box; time in the window from `before` ms ahead of `spoken` to `after` ms past it;
    time in both; time in all; and onset of the last visit to the box that began by `begin`, NaN without one.
    """
    for row in range(mentions[0], mentions[1]):
        box = named.boxes[row]
        first, last = named.spoken[row] - window[0], named.spoken[row] + window[1]
        sums = np.zeros(4)
        visit, inside = np.nan, False
        for at in range(fixations[0], fixations[1]):
            was_inside = inside
            inside = box[0] <= gaze.x[at] <= box[2] and box[1] <= gaze.y[at] <= box[3]
            if inside and not was_inside and gaze.onset[at] <= named.begin[row]:
                visit = gaze.onset[at]
            length = gaze.offset[at] - gaze.onset[at]
            shared = max(min(gaze.offset[at], last) - max(gaze.onset[at], first), 0.0)
            sums[1] += shared
            sums[3] += length
            if inside:
                sums[0] += length
                sums[2] += shared
        out[row, :4] = sums
        out[row, 4] = visit


@kernel
def mention_times_over_readings(starts, stops, gaze, named, window, out):
    """Do so for every reading: its mentions are rows `first` to `last` of `named` and of `out`."""
    for reading in range(starts.size):
        fixations = (starts[reading], stops[reading])
        mentions = (named.first[reading], named.last[reading])
        mention_times(gaze, fixations, named, mentions, window, out)
