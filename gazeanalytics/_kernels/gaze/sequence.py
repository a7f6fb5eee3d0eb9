"""The order of fixations in one reading: entropy of transitions, Lempel-Ziv complexity, permutation test."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import kernel
from gazeanalytics._kernels.gaze.places import box_at, cell_of


class Shuffles(NamedTuple):
    """What is compared with random orders: codes 0..kinds-1, which of the three estimators, and how many orders."""

    kinds: int
    estimator: int
    n_permutations: int


@kernel
def entropies(counts, out):
    """Write the entropy (bit) of counts: plug-in, Miller-Madow, and James-Stein shrinkage to the uniform."""
    # Miller-Madow adds (seen - 1) / (2 n) nat. The shrinkage weight is that of Hausser & Strimmer (2009, eq. 4). All
    # three are kept, since the plug-in is what papers report, and it is biased low in readings of few fixations.
    total = 0.0
    for count in counts:
        total += count
    cells = len(counts)
    out[:] = np.nan
    if total <= 0.0:
        return
    plugin = 0.0
    seen = 0
    squares = 0.0
    away = 0.0
    for count in counts:
        share = count / total
        squares += share * share
        away += (1.0 / cells - share) ** 2
        if count > 0.0:
            plugin -= share * np.log2(share)
            seen += 1
    # lambda = (1 - sum p^2) / ((n - 1) sum (1/k - p)^2), cut at 1; the shrunk share is lambda / k + (1 - lambda) p.
    weight = 1.0
    if total > 1.0 and away > 0.0:
        weight = min(1.0, (1.0 - squares) / ((total - 1.0) * away))
    shrunk = 0.0
    for count in counts:
        share = weight / cells + (1.0 - weight) * count / total
        if share > 0.0:
            shrunk -= share * np.log2(share)
    out[0] = plugin
    out[1] = plugin + (seen - 1) / (2.0 * total * np.log(2.0))
    out[2] = shrunk


@kernel
def transition_entropies(codes, kinds, out):
    """Write stationary entropy and transition entropy (bit), three estimators each, of codes 0..kinds-1.

    A negative code is a place without a name; steps to or from it are left out.
    """
    out[:] = np.nan
    counts = np.zeros(kinds)
    steps = np.zeros((kinds, kinds))
    total = 0.0
    for i in range(len(codes)):
        if codes[i] >= 0:
            counts[codes[i]] += 1.0
            if i + 1 < len(codes) and codes[i + 1] >= 0:
                steps[codes[i], codes[i + 1]] += 1.0
                total += 1.0
    entropies(counts, out[:3])
    if total == 0.0:
        return
    out[3:6] = 0.0
    row = np.empty(3)
    for kind in range(kinds):
        # H = sum over cells i of p_i H(next | i) (Krejtz et al. 2015). p_i is the share of steps that leave i, so that
        # the last fixation, which nothing follows, has no weight.
        leaving = 0.0
        for count in steps[kind]:
            leaving += count
        if leaving > 0.0:
            entropies(steps[kind], row)
            for estimator in range(3):
                out[3 + estimator] += leaving / total * row[estimator]


@kernel
def lempel_ziv(codes, kinds):
    """Return the number of new phrases (Lempel & Ziv 1976) over n / log_kinds(n), that of a random string."""
    # A phrase is the longest copy of something that began earlier, and one symbol more. Suffix trees would find it in
    # linear time; at the length of a scanpath the plain search is faster.
    count = len(codes)
    if count < 2:
        return np.nan
    phrases = 0
    start = 0
    while start < count:
        longest = 0
        for begin in range(start):
            length = 0
            while start + length < count and codes[begin + length] == codes[start + length]:
                length += 1
            longest = max(longest, length)
        phrases += 1
        start += longest + 1
    return phrases * np.log(count) / np.log(kinds) / count


@kernel
def grid_codes(places, frame, rows, columns, codes):
    """Write the cell of the image's grid in which each point lies; -1 outside the image."""
    for i in range(len(places)):
        codes[i] = cell_of(places[i, 0], places[i, 1], frame, rows, columns)


@kernel
def order_readings(starts, stops, places, rows, columns, max_points, frames, out):
    """Write both entropies, three estimators each, and the Lempel-Ziv complexity (to `max_points`) of the cells."""
    for k in range(len(starts)):
        codes = np.empty(stops[k] - starts[k], np.int64)
        grid_codes(places[starts[k] : stops[k]], box_at(frames, k), rows, columns, codes)
        transition_entropies(codes, rows * columns, out[k, :6])
        out[k, 6] = lempel_ziv(codes, rows * columns) if len(codes) <= max_points else np.nan


@kernel
def code_readings(starts, stops, codes, kinds, out):
    """Write both entropies, three estimators each, of given codes."""
    for k in range(len(starts)):
        transition_entropies(codes[starts[k] : stops[k]], kinds, out[k])


@kernel
def next_random(state):
    """Return the number after `state`, which mustn't be 0, in the sequence xorshift64 (Marsaglia 2003)."""
    # Each reading has a state of its own, so that the answer doesn't depend on threads; Numba's np.random has one per
    # thread.
    state ^= state << np.uint64(13)
    state ^= state >> np.uint64(7)
    return state ^ (state << np.uint64(17))


@kernel
def shuffle(codes, state):
    """Bring codes into random order in place (Fisher & Yates) and return the next state."""
    for i in range(len(codes) - 1, 0, -1):
        state = next_random(state)
        # The upper 53 bits make a uniform number below 1.
        j = int(float(state >> np.uint64(11)) / 9007199254740992.0 * (i + 1))
        codes[i], codes[j] = codes[j], codes[i]
    return state


@kernel
def against_shuffles(codes, plan, seed, out):
    """Write transition entropy, mean and standard deviation (n - 1) over random orders, and the p-value of low."""
    # The permutation test keeps how often each place was fixated and draws the order alone. The observed order counts
    # as one of the shuffles, p = (1 + low) / (1 + n), so that p is never 0 (Phipson & Smyth 2010).
    six = np.empty(6)
    transition_entropies(codes, plan.kinds, six)
    seen = six[3 + plan.estimator]
    out[:] = np.nan
    out[0] = seen
    if seen != seen:
        return
    mixed = codes.copy()
    values = np.empty(plan.n_permutations)
    mean = 0.0
    low = 1
    state = seed
    for k in range(plan.n_permutations):
        state = shuffle(mixed, state)
        transition_entropies(mixed, plan.kinds, six)
        values[k] = six[3 + plan.estimator]
        mean += values[k] / plan.n_permutations
        # Equal entropies may differ by rounding, for they are summed in another order.
        low += values[k] <= seen + 1e-12
    square = 0.0
    for value in values:
        square += (value - mean) ** 2
    out[1] = mean
    out[2] = np.sqrt(square / (plan.n_permutations - 1))
    if out[2] < 1e-12:
        out[2] = 0.0
    out[3] = low / (plan.n_permutations + 1)


@kernel
def shuffle_readings(starts, stops, codes, plan, seeds, out):
    """Run `against_shuffles` over readings; each has its own seed."""
    for k in range(len(starts)):
        against_shuffles(codes[starts[k] : stops[k]], plan, seeds[k], out[k])
