"""Classes of samples smoothed into labels: the likeliest run of classes, blinks beside holes, no endless saccade.

Times are in ms. Classes are 0 rest, 1 saccade, 2 post-saccadic oscillation, 3 blink; labels are 1 fixation, 2 saccade,
3 oscillation, 5 blink, 6 noise, without START.
"""

from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import kernel
from gazeanalytics._kernels.events.labels import BLINK, FIXATION, NOISE, SACCADE

CLASSES = 4
_LONGEST_RUN = 65_536


class ClassChain(NamedTuple):
    """Log probabilities from class to class, shortest durations (ms), and the cost of a change at 500 Hz (log odds)."""

    moves: np.ndarray
    lasting: np.ndarray
    switch: float


class ScaledChain(NamedTuple):
    """A ClassChain at one sampling interval: log probability to stay (0), leave (1), moves, shortest runs (samples)."""

    leave: np.ndarray
    moves: np.ndarray
    shortest: np.ndarray


class Limits(NamedTuple):
    """How far from a hole motion is blink, and how long a saccade may last (ms)."""

    blink_margin_ms: float
    max_saccade_ms: float


# Viterbi with shortest durations: best_i(k) is the greater of stay, best_{i-1}(k) + log stay_k + s_ik, and enter,
# max_q best_{i-d}(q) + log leave_q + log move_qk + the sum of the last d scores, with d the shortest run of class k. A
# plain Viterbi chain would let a class last one sample; dropping short runs later would not say which neighbour they
# belong to.
@kernel
def smooth(scores, chain, labels):
    """Most likely run of classes when each must last its shortest run.

    scores: log of the class probabilities. A class is entered by paying for its shortest run at once, out of running
    sums.
    """
    leave, moves, shortest = chain
    n = scores.shape[0]
    sums = np.zeros((n + 1, CLASSES))
    best = np.full((n + 1, CLASSES), -np.inf)
    back = np.full((n + 1, CLASSES), -1, np.int8)
    for i in range(1, n + 1):
        for k in range(CLASSES):
            sums[i, k] = sums[i - 1, k] + scores[i - 1, k]
        for k in range(CLASSES):
            begin = max(i - shortest[k], 0)
            run = sums[i, k] - sums[begin, k] + (i - begin - 1) * leave[0, k]
            enter, source = (run, np.int8(k)) if begin == 0 else (-np.inf, np.int8(-1))
            if begin > 0:
                for q in range(CLASSES):
                    value = best[begin, q] + leave[1, q] + moves[q, k] + run
                    if q != k and value > enter:
                        enter, source = value, np.int8(q)
            stay = best[i - 1, k] + leave[0, k] + scores[i - 1, k]
            if stay >= enter:
                best[i, k] = stay
            else:
                best[i, k], back[i, k] = enter, source
    i, k = n, int(np.argmax(best[n]))
    while i > 0:
        if back[i, k] < 0:
            labels[i - 1] = k
            i -= 1
            continue
        begin = max(i - shortest[k], 0)
        labels[begin:i] = k
        i, k = begin, int(back[i, k])


@kernel
def label_runs(asked, shares, chain, labels):
    """Label each run of samples asked about; the rest beside it lasts long enough. Very long runs are cut."""
    n, pad, i = asked.size, chain.shortest[0], 0
    while i < n:
        if not asked[i]:
            labels[i] = FIXATION
            i += 1
            continue
        stop = i
        while stop < n and asked[stop] and stop - i < _LONGEST_RUN:
            stop += 1
        first, last = pad, pad + stop - i
        scores, found = np.full((last + pad, CLASSES), -50.0), np.empty(last + pad, np.uint8)
        scores[:first, 0] = scores[last:, 0] = 0.0
        for k in range(i, stop):
            for q in range(CLASSES):
                scores[first + k - i, q] = np.log(max(shares[k, q], 1e-3))
        a, b = first if i == 0 else 0, last if stop == n else last + pad
        smooth(scores[a:b], chain, found[a:b])
        for k in range(i, stop):
            kind = found[first + k - i]
            labels[k] = BLINK if kind == 3 else kind + 1
        i = stop


@kernel
def refuse_long(t, step, longest, labels):
    """Turn saccades that last over `longest` ms, which no eye makes, into noise."""
    i = 0
    while i < t.size:
        stop = i + 1
        while stop < t.size and labels[stop] == labels[i]:
            stop += 1
        if labels[i] == SACCADE and t[stop - 1] - t[i] + step > longest:
            labels[i:stop] = NOISE
        i = stop


@kernel
def spread_blink(t, margin, way, labels):
    """What moves within `margin` ms of a hole, or of what moves there, is blink. way: 1 after the hole, -1 before."""
    n = t.size
    k = edge = 0 if way > 0 else n - 1
    while 0 <= k < n and abs(t[k] - t[edge]) <= margin:
        if labels[k] != FIXATION:
            labels[min(edge, k) : max(edge, k) + 1] = BLINK
            edge = k
        k += way


@kernel
def scaled_chain(chain, step):
    """The chain at a sampling interval (ms): costs fall where samples are sparse, since each carries more evidence."""
    moves, lasting, switch = chain
    weight = min(1.0, 2.0 / step) ** 2
    leave, shortest = np.zeros((2, CLASSES)), np.empty(CLASSES, np.int64)
    leave[1] = -switch * weight
    for k in range(CLASSES):
        shortest[k] = max(1, int(np.floor(lasting[k] / step + 0.5)))
    return ScaledChain(leave, moves * weight, shortest)


@kernel
def smooth_over_pieces(pieces, t, limits, chain, asked, shares, labels):
    """Label every piece. asked, shares: which samples the trees were asked about, and the probabilities they gave."""
    for m in range(pieces.starts.size):
        part = slice(pieces.starts[m], pieces.stops[m])
        tp, found, step = t[part], labels[part], pieces.steps[m]
        label_runs(asked[part], shares[part], scaled_chain(chain, step), found)
        if pieces.opens[m]:
            spread_blink(tp, limits.blink_margin_ms, 1, found)
        if pieces.closes[m]:
            spread_blink(tp, limits.blink_margin_ms, -1, found)
        refuse_long(tp, step, limits.max_saccade_ms, found)
