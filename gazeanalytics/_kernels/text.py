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
