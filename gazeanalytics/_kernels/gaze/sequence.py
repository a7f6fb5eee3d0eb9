"""The order of fixations in one reading: recurrence, refixation, entropy of transitions, Lempel-Ziv complexity."""

from __future__ import annotations

import numpy as np

from gazeanalytics._kernels import kernel


@kernel
def recurrences(rays, chord):
    """Return the upper triangle of "points i and j lie within `chord` of each other"."""
    count = len(rays)
    near = np.zeros((count, count), np.bool_)
    limit = chord * chord
    for i in range(count):
        for j in range(i + 1, count):
            x = rays[i, 0] - rays[j, 0]
            y = rays[i, 1] - rays[j, 1]
            z = rays[i, 2] - rays[j, 2]
            near[i, j] = x * x + y * y + z * z <= limit
    return near


@kernel
def points_on_lines(near, down, right, shortest):
    """Return how many recurrent points lie on lines of at least `shortest` points in the direction (down, right)."""
    count = len(near)
    total = 0
    for i in range(count):
        for j in range(i + 1, count):
            if not near[i, j]:
                continue
            before = i >= down and j - right > i - down and near[i - down, j - right]
            if before:
                continue
            length = 0
            row = i
            column = j
            while row < count and column < count and near[row, column]:
                length += 1
                row += down
                column += right
            if length >= shortest:
                total += length
    return total


@kernel
def recurrence(near, shortest, out):
    """Write recurrence, determinism, laminarity and centre of recurrence mass (all in %), and the share refixated."""
    out[:] = np.nan
    count = len(near)
    if count == 0:
        return
    total = 0
    lags = 0
    again = 0
    for j in range(count):
        back = False
        for i in range(j):
            if near[i, j]:
                total += 1
                lags += j - i
                back = back or j - i > 1
        again += back
    out[4] = again / count
    if count < 2:
        return
    out[0] = 200.0 * total / (count * (count - 1))
    if total == 0:
        return
    out[1] = 100.0 * points_on_lines(near, 1, 1, shortest) / total
    level = points_on_lines(near, 0, 1, shortest) + points_on_lines(near, 1, 0, shortest)
    out[2] = 100.0 * level / (2 * total)
    out[3] = 100.0 * lags / ((count - 1) * total)


@kernel
def recurrence_readings(starts, stops, rays, chord, shortest, out):
    """Run `recurrence` over readings."""
    for k in range(len(starts)):
        recurrence(recurrences(rays[starts[k] : stops[k]], chord), shortest, out[k])


@kernel
def entropies(counts, out):
    """Write the entropy (bit) of counts: plug-in, Miller-Madow, and James-Stein shrinkage to the uniform.

    Miller-Madow adds (seen - 1) / (2 n) nat. The shrinkage weight is that of Hausser & Strimmer (2009, eq. 4).
    """
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
        right = (places[i, 0] - frame[0]) / (frame[2] - frame[0])
        down = (places[i, 1] - frame[1]) / (frame[3] - frame[1])
        codes[i] = -1
        if 0.0 <= right <= 1.0 and 0.0 <= down <= 1.0:
            row = min(rows - 1, int(down * rows))
            codes[i] = row * columns + min(columns - 1, int(right * columns))


@kernel
def order_readings(starts, stops, places, rows, columns, frames, out):
    """Write both entropies, three estimators each, and the Lempel-Ziv complexity of the cells visited."""
    for k in range(len(starts)):
        codes = np.empty(stops[k] - starts[k], np.int64)
        grid_codes(places[starts[k] : stops[k]], frames[k], rows, columns, codes)
        transition_entropies(codes, rows * columns, out[k, :6])
        out[k, 6] = lempel_ziv(codes, rows * columns)


@kernel
def code_readings(starts, stops, codes, kinds, out):
    """Write both entropies, three estimators each, of given codes."""
    for k in range(len(starts)):
        transition_entropies(codes[starts[k] : stops[k]], kinds, out[k])


@kernel
def next_random(state):
    """Return the number after `state`, which mustn't be 0, in the sequence xorshift64 (Marsaglia 2003)."""
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
def against_shuffles(codes, kinds, which, n_permutations, seed, out):
    """Write transition entropy, mean and standard deviation (n - 1) over random orders, and the p-value of low."""
    six = np.empty(6)
    transition_entropies(codes, kinds, six)
    seen = six[3 + which]
    out[:] = np.nan
    out[0] = seen
    if seen != seen:
        return
    mixed = codes.copy()
    values = np.empty(n_permutations)
    mean = 0.0
    low = 1
    state = seed
    for k in range(n_permutations):
        state = shuffle(mixed, state)
        transition_entropies(mixed, kinds, six)
        values[k] = six[3 + which]
        mean += values[k] / n_permutations
        # Equal entropies may differ by rounding, for they are summed in another order.
        low += values[k] <= seen + 1e-12
    square = 0.0
    for value in values:
        square += (value - mean) ** 2
    out[1] = mean
    out[2] = np.sqrt(square / (n_permutations - 1))
    if out[2] < 1e-12:
        out[2] = 0.0
    out[3] = low / (n_permutations + 1)


@kernel
def shuffle_readings(starts, stops, codes, kinds, which, n_permutations, seeds, out):
    """Run `against_shuffles` over readings; each has its own seed."""
    for k in range(len(starts)):
        against_shuffles(codes[starts[k] : stops[k]], kinds, which, n_permutations, seeds[k], out[k])
