"""I-HMM: labels by a hidden Markov model of two speeds (Salvucci & Goldberg 2000). Gaze in degrees, times in ms.

Labels are 1 fixation and 2 saccade, without START. A state gives the logarithm of the speed (deg/s) as a normal
variable; states are 0 fixation, 1 saccade.
"""

from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import kernel
from gazeanalytics._kernels.events.gaze import beside_jump, part_of, samples_in
from gazeanalytics._kernels.events.labels import FIXATION, SACCADE

# Speeds under this are one to a tracker's last digit; its logarithm bounds the weight of a still eye.
_MIN_SPEED = 0.1
_MIN_SD = 0.2


class SpeedModel(NamedTuple):
    """Settings: window of the speed (ms), log speed of saccades at first and at least, mean durations (ms)."""

    window_ms: float
    log_saccade: float
    min_log_saccade: float
    mean_fixation_ms: float
    mean_saccade_ms: float
    max_iter: int
    max_gap_ms: float


class Chain(NamedTuple):
    """Means and standard deviations of the log speed in fixation and saccade; probabilities to leave either."""

    fixation_mean: float
    saccade_mean: float
    fixation_sd: float
    saccade_sd: float
    leave_fixation: float
    leave_saccade: float


@kernel
def log_speeds(gaze, half, max_gap):
    """Logarithm of the speed over `half` samples to each side (deg/s); near a jump of the clock to one side."""
    t, x, y = gaze.t, gaze.x, gaze.y
    out = np.empty(t.size)
    for i in range(t.size):
        a, b = max(i - half, 0), min(i + half, t.size - 1)
        if t[b] - t[a] > max_gap:
            a, b = beside_jump(t, i, a, b, max_gap)
        took = t[b] - t[a]
        speed = np.sqrt((x[b] - x[a]) ** 2 + (y[b] - y[a]) ** 2) / took * 1000.0 if took > 0.0 else 0.0
        out[i] = np.log(max(speed, _MIN_SPEED))
    return out


# Speeds are skewed over three decades: normal densities of the speed itself, as in the paper, give a saccade's slow
# beginning and end to fixation. Their logarithms are nearly normal in either state.
@kernel
def log_density(value, mean, sd):
    """Logarithm of a normal density, but for a constant."""
    off = (value - mean) / sd
    return -0.5 * off * off - np.log(sd)


@kernel
def in_saccade_at_first(chain):
    """Probability of saccade where nothing is known of before: the stationary one, p = a / (a + b)."""
    return chain.leave_fixation / (chain.leave_fixation + chain.leave_saccade)


# d_t(j) = max_i [d_{t-1}(i) + log a_ij] + log b_j(o_t) (Viterbi; Rabiner 1989, section III-B), with the best way back.
@kernel
def viterbi(values, fresh, chain, labels):
    """Most likely states. Where `fresh`, what was before doesn't count."""
    n = values.size
    back = np.empty((n, 2), np.uint8)
    begin = in_saccade_at_first(chain)
    still, moving = 0.0, 0.0
    for i in range(n):
        if fresh[i]:
            best = max(still, moving)
            back[i, 0] = back[i, 1] = 0 if still >= moving else 1
            to_still, to_moving = best + np.log(1.0 - begin), best + np.log(begin)
        else:
            stays, lands = still + np.log(1.0 - chain.leave_fixation), moving + np.log(chain.leave_saccade)
            takes_off, flies = still + np.log(chain.leave_fixation), moving + np.log(1.0 - chain.leave_saccade)
            back[i, 0] = 0 if stays >= lands else 1
            back[i, 1] = 0 if takes_off > flies else 1
            to_still, to_moving = max(stays, lands), max(takes_off, flies)
        still = to_still + log_density(values[i], chain.fixation_mean, chain.fixation_sd)
        moving = to_moving + log_density(values[i], chain.saccade_mean, chain.saccade_sd)
    state = 0 if still >= moving else 1
    for i in range(n - 1, -1, -1):
        labels[i] = SACCADE if state else FIXATION
        state = back[i, state]


@kernel
def densities(values, chain):
    """Densities of each value in either state, over the greater of both so that none underflows."""
    density = np.empty((values.size, 2))
    for i in range(values.size):
        low = log_density(values[i], chain.fixation_mean, chain.fixation_sd)
        high = log_density(values[i], chain.saccade_mean, chain.saccade_sd)
        top = max(low, high)
        density[i, 0], density[i, 1] = np.exp(low - top), np.exp(high - top)
    return density


# Forwards alpha_t(j), backwards beta_t(i), gamma_t ~ alpha_t beta_t and xi_t ~ alpha_t a_ij b_j(o_{t+1}) beta_{t+1}
# (Rabiner 1989, section III-A and III-C), each scaled to a sum of one so that a reading of any length stays in range.
@kernel
def weigh(values, fresh, chain, share, moves):
    """Probability that each sample is in saccade given all values, and the expected moves from state to state."""
    n, a, b = values.size, chain.leave_fixation, chain.leave_saccade
    begin, density = in_saccade_at_first(chain), densities(values, chain)
    for i in range(n):
        before = share[i - 1]
        moving = begin if fresh[i] else (1.0 - before) * a + before * (1.0 - b)
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
                    (1.0 - before) * (1.0 - a) * ahead_still, (1.0 - before) * a * ahead_moving,
                    before * b * ahead_still, before * (1.0 - b) * ahead_moving,
                ]
            )  # fmt: skip
            moves += ways / ways.sum()
            after_still = (1.0 - a) * ahead_still + a * ahead_moving
            after_moving = b * ahead_still + (1.0 - b) * ahead_moving
            scale = after_still + after_moving
            after_still, after_moving = after_still / scale, after_moving / scale
        else:
            after_still, after_moving = 1.0, 1.0


@kernel
def baum_welch(values, fresh, min_log_saccade, chain, share):
    """One iteration of Baum-Welch: means and deviations weighted by `share`, leaving as expected moves over visits.

    The speed of saccades stays above its least, and deviations above 0.2, so that noise isn't split in two.
    """
    moves = np.zeros(4)
    weigh(values, fresh, chain, share, moves)
    moving = share.sum()
    still = share.size - moving
    if moving < 1.0 or still < 1.0:
        return chain
    slow, fast = np.sum((1.0 - share) * values) / still, np.sum(share * values) / moving
    slow_sd = np.sqrt(np.sum((1.0 - share) * (values - slow) ** 2) / still)
    fast_sd = np.sqrt(np.sum(share * (values - fast) ** 2) / moving)
    least, leave_fixation, leave_saccade = 1.0 / values.size, chain.leave_fixation, chain.leave_saccade
    if moves[0] + moves[1] > 0.0:
        leave_fixation = min(max(moves[1] / (moves[0] + moves[1]), least), 0.5)
    if moves[2] + moves[3] > 0.0:
        leave_saccade = min(max(moves[2] / (moves[2] + moves[3]), least), 0.5)
    fast, slow_sd, fast_sd = max(fast, min_log_saccade), max(slow_sd, _MIN_SD), max(fast_sd, _MIN_SD)
    return Chain(slow, fast, slow_sd, fast_sd, leave_fixation, leave_saccade)


@kernel
def ihmm(gaze, step, how, labels):
    """Label one reading; `how` is a SpeedModel."""
    t, n = gaze.t, gaze.t.size
    if n < 3:
        labels[:] = FIXATION
        return
    values = log_speeds(gaze, samples_in(how.window_ms / 2.0, step), how.max_gap_ms)
    fresh = np.zeros(n, np.bool_)
    fresh[0] = True
    for i in range(1, n):
        fresh[i] = t[i] - t[i - 1] > how.max_gap_ms
    leave_fixation, leave_saccade = min(step / how.mean_fixation_ms, 0.5), min(step / how.mean_saccade_ms, 0.5)
    chain = Chain(np.median(values), how.log_saccade, 1.0, 1.0, leave_fixation, leave_saccade)
    share = np.empty(n)
    for _ in range(how.max_iter):
        chain = baum_welch(values, fresh, how.min_log_saccade, chain, share)
    viterbi(values, fresh, chain, labels)


@kernel
def ihmm_over_readings(starts, stops, gaze, how, labels, steps):
    """Label every reading; `how` is a SpeedModel."""
    for r in range(starts.size):
        ihmm(part_of(gaze, starts[r], stops[r]), steps[r], how, labels[starts[r] : stops[r]])
