"""Labels by a hidden Markov chain of two states told by speed (I-HMM), Viterbi and Baum-Welch.

Gaze comes in degrees, without missing samples: a hole is a jump of the clock. Labels are 1 fixation and 2 saccade,
without START. A state gives the logarithm of the speed (deg/s) as a normal variable; states are 0 fixation, 1 saccade.

`chain` is (mean of fixation, of saccade, spread of fixation, of saccade, chance to leave fixation, to leave saccade),
the chances from one sample to the next.
"""

import numpy as np

from gazeanalytics._kernels import kernel

FIXATION, SACCADE = 1, 2
# Speeds under this are one to a tracker's last digit; its logarithm bounds what a still eye weighs.
_SLOWEST = 0.1
_LEAST_SPREAD = 0.2


@kernel
def log_speeds(t, x, y, half, longest_gap):
    """Logarithm of the speed over `half` samples to each side (deg/s); near a jump of the clock to one side."""
    n = t.size
    out = np.empty(n)
    for i in range(n):
        a, b = max(i - half, 0), min(i + half, n - 1)
        if t[b] - t[a] > longest_gap:
            a = i if t[i] - t[a] > longest_gap else a
            b = i if t[b] - t[i] > longest_gap else b
        took = t[b] - t[a]
        speed = np.sqrt((x[b] - x[a]) ** 2 + (y[b] - y[a]) ** 2) / took * 1000.0 if took > 0.0 else 0.0
        out[i] = np.log(max(speed, _SLOWEST))
    return out


@kernel
def log_chance(value, chain, state):
    """Logarithm of the density that a state gives a value, but for a constant."""
    off = (value - chain[state]) / chain[2 + state]
    return -0.5 * off * off - np.log(chain[2 + state])


@kernel
def beginning(chain):
    """Chance to be in saccade where nothing is known of before: that of the chain in the long run."""
    return chain[4] / (chain[4] + chain[5])


@kernel
def viterbi(values, fresh, chain, labels):
    """Most likely states. Where `fresh`, what was before doesn't count."""
    n = values.size
    came = np.empty((n, 2), np.uint8)
    begin = beginning(chain)
    still, moving = 0.0, 0.0
    for i in range(n):
        if fresh[i]:
            best = max(still, moving)
            came[i, 0] = came[i, 1] = 0 if still >= moving else 1
            to_still, to_moving = best + np.log(1.0 - begin), best + np.log(begin)
        else:
            stays, lands = still + np.log(1.0 - chain[4]), moving + np.log(chain[5])
            takes_off, flies = still + np.log(chain[4]), moving + np.log(1.0 - chain[5])
            came[i, 0] = 0 if stays >= lands else 1
            came[i, 1] = 0 if takes_off > flies else 1
            to_still, to_moving = max(stays, lands), max(takes_off, flies)
        still = to_still + log_chance(values[i], chain, 0)
        moving = to_moving + log_chance(values[i], chain, 1)
    state = 0 if still >= moving else 1
    for i in range(n - 1, -1, -1):
        labels[i] = SACCADE if state else FIXATION
        state = came[i, state]


@kernel
def weigh(values, fresh, chain, share, moves):
    """Chance that each sample is in saccade given all values, and the expected moves from state to state.

    Forwards and backwards (Rabiner 1989, sec. III-A), each sample's chances scaled to a sum of one.
    """
    n = values.size
    begin = beginning(chain)
    density = np.empty((n, 2))
    for i in range(n):
        low, high = log_chance(values[i], chain, 0), log_chance(values[i], chain, 1)
        top = max(low, high)
        density[i, 0], density[i, 1] = np.exp(low - top), np.exp(high - top)
    for i in range(n):
        before = share[i - 1]
        moving = begin if fresh[i] else (1.0 - before) * chain[4] + before * (1.0 - chain[5])
        weight = moving * density[i, 1]
        share[i] = weight / (weight + (1.0 - moving) * density[i, 0])
    after_still, after_moving = 1.0, 1.0
    for i in range(n - 1, -1, -1):
        weight = share[i] * after_moving
        share[i] = weight / (weight + (1.0 - share[i]) * after_still)
        if i > 0 and not fresh[i]:
            ahead_still, ahead_moving = density[i, 0] * after_still, density[i, 1] * after_moving
            before = share[i - 1]
            ways = np.array(
                [
                    (1.0 - before) * (1.0 - chain[4]) * ahead_still, (1.0 - before) * chain[4] * ahead_moving,
                    before * chain[5] * ahead_still, before * (1.0 - chain[5]) * ahead_moving,
                ]
            )  # fmt: skip
            moves += ways / ways.sum()
            after_still = (1.0 - chain[4]) * ahead_still + chain[4] * ahead_moving
            after_moving = chain[5] * ahead_still + (1.0 - chain[5]) * ahead_moving
            scale = after_still + after_moving
            after_still, after_moving = after_still / scale, after_moving / scale
        else:
            after_still, after_moving = 1.0, 1.0


@kernel
def learn(values, fresh, slowest, chain, share):
    """One round of Baum-Welch. The speed of saccades stays above `slowest` (log deg/s), lest noise be split in two."""
    moves = np.zeros(4)
    weigh(values, fresh, chain, share, moves)
    moving = share.sum()
    still = share.size - moving
    if moving < 1.0 or still < 1.0:
        return
    chain[0], chain[1] = np.sum((1.0 - share) * values) / still, np.sum(share * values) / moving
    chain[2] = np.sqrt(np.sum((1.0 - share) * (values - chain[0]) ** 2) / still)
    chain[3] = np.sqrt(np.sum(share * (values - chain[1]) ** 2) / moving)
    chain[1] = max(chain[1], slowest)
    chain[2], chain[3] = max(chain[2], _LEAST_SPREAD), max(chain[3], _LEAST_SPREAD)
    least = 1.0 / values.size
    chain[4] = min(max(moves[1] / (moves[0] + moves[1]), least), 0.5) if moves[0] + moves[1] > 0.0 else chain[4]
    chain[5] = min(max(moves[2] / (moves[2] + moves[3]), least), 0.5) if moves[2] + moves[3] > 0.0 else chain[5]


@kernel
def ihmm(t, x, y, step, p, labels):
    """Label one reading; p as for `ihmm_over_readings`."""
    n = t.size
    if n < 3:
        labels[:] = FIXATION
        return
    values = log_speeds(t, x, y, max(1, int(np.floor(p[0] / (2.0 * step) + 0.5))), p[6])
    fresh = np.zeros(n, np.bool_)
    fresh[0] = True
    for i in range(1, n):
        fresh[i] = t[i] - t[i - 1] > p[6]
    chain = np.empty(6)
    chain[0], chain[1], chain[2], chain[3] = np.median(values), p[1], 1.0, 1.0
    chain[4], chain[5] = min(step / p[3], 0.5), min(step / p[4], 0.5)
    share = np.empty(n)
    for _ in range(int(p[5])):
        learn(values, fresh, p[2], chain, share)
    viterbi(values, fresh, chain, labels)


@kernel
def ihmm_over_readings(starts, stops, t, right, down, settings, labels, steps):
    """`ihmm` of every reading.

    settings: 0 span of the speed (ms), 1 log of the saccades' speed at first, 2 at least, 3 mean time in fixation, 4 in
    saccade (ms), 5 rounds of learning, 6 longest gap (ms).
    """
    for r in range(starts.size):
        part = slice(starts[r], stops[r])
        ihmm(t[part], right[part], down[part], steps[r], settings, labels[part])
