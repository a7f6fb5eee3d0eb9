"""Labels by clustering gaze in moving windows into two (I2MC; Hessels, Niehorster, Kemner & Hooge 2017).

Gaze comes in degrees, without missing samples: a hole is a jump of the clock. Labels are 1 fixation and 2 saccade,
without START: a sample in flight or a jump of the clock parts any two fixations.
"""

import numpy as np

from gazeanalytics._kernels import kernel

FIXATION, SACCADE = 1, 2
_ROUNDS = 100
# Windows are also looked at in means of so many samples, where these last at most so many ms.
_THINS, _COARSEST_MS = np.array([1, 2, 5, 10]), 40.0


@kernel
def two_means(x, y, member):
    """Split points into two clusters (Lloyd's rounds from the two ends of the wider axis); member: 0 or 1 for each.

    Tells whether there are two: not when all points are the same.
    """
    n = x.size
    along = x if x.max() - x.min() >= y.max() - y.min() else y
    low, high = np.argmin(along), np.argmax(along)
    ax, ay, bx, by = x[low], y[low], x[high], y[high]
    if along[low] == along[high]:
        return False
    for round_ in range(_ROUNDS):
        changed = round_ == 0
        sums = np.zeros(6)
        for i in range(n):
            nearer = (x[i] - bx) ** 2 + (y[i] - by) ** 2 < (x[i] - ax) ** 2 + (y[i] - ay) ** 2
            changed |= member[i] != nearer
            member[i] = nearer
            at = 3 if nearer else 0
            sums[at] += 1.0
            sums[at + 1] += x[i]
            sums[at + 2] += y[i]
        if not changed or sums[0] == 0.0 or sums[3] == 0.0:
            break
        ax, ay, bx, by = sums[1] / sums[0], sums[2] / sums[0], sums[4] / sums[3], sums[5] / sums[3]
    return True


@kernel
def weigh_window(x, y, thin, blocks, member, weights):
    """Add to each sample's weight 1 / moves where gaze moves between the two clusters of a window.

    The window is thinned to means of `thin` samples, which takes noise away; the move then lies within that many.
    """
    count = x.size // thin
    if count < 2:
        return
    for k in range(count):
        blocks[0, k], blocks[1, k] = np.mean(x[k * thin : (k + 1) * thin]), np.mean(y[k * thin : (k + 1) * thin])
    if not two_means(blocks[0, :count], blocks[1, :count], member[:count]):
        return
    moves = 0
    for k in range(1, count):
        moves += member[k] != member[k - 1]
    for k in range(1, count):
        if member[k] != member[k - 1]:
            first = k * thin - (thin + 1) // 2
            for i in range(first, first + thin):
                weights[i] += 1.0 / moves


@kernel
def cluster_weights(t, x, y, window, pace, thins, longest_gap, weights):
    """Mean weight of each sample over the windows of `window` ms, one every `pace` ms, that hold it.

    A window ends at a jump of the clock; one of less than half its length is left out.
    """
    n = t.size
    tests = np.zeros(n)
    weights[:] = 0.0
    blocks, member = np.empty((2, n)), np.zeros(n, np.bool_)
    first, stop = 0, 0
    while first < n:
        if stop <= first:
            stop = first + 1
        while stop < n and t[stop] - t[first] < window and t[stop] - t[stop - 1] <= longest_gap:
            stop += 1
        if stop - first > 2 and t[stop - 1] - t[first] > 0.5 * window:
            part = slice(first, stop)
            for thin in thins:
                weigh_window(x[part], y[part], thin, blocks, member, weights[part])
            tests[part] += 1.0
        here = first
        while first < n and t[first] - t[here] < pace:
            first += 1
    for i in range(n):
        weights[i] = weights[i] / tests[i] if tests[i] > 0 else 0.0


@kernel
def mean_and_spread(values):
    """Mean and standard deviation."""
    middle = values.mean()
    return middle, np.sqrt(np.mean((values - middle) ** 2))


@kernel
def shrink(x, y, first, stop):
    """Take samples off both ends of a fixation that lie off its median by more than 2 robust deviations of the rest."""
    middle_x, middle_y = np.median(x[first:stop]), np.median(y[first:stop])
    away = np.sqrt((x[first:stop] - middle_x) ** 2 + (y[first:stop] - middle_y) ** 2)
    middle = np.median(away)
    limit = middle + 2.0 * 1.4826 * np.median(np.abs(away - middle))
    a, b = first, stop
    while a < b - 1 and away[a - first] > limit:
        a += 1
    while b > a + 1 and away[b - 1 - first] > limit:
        b -= 1
    return a, b


@kernel
def place(x, y, first, stop, out):
    """Median place of samples first to stop."""
    out[0], out[1] = np.median(x[first:stop]), np.median(y[first:stop])


@kernel
def i2mc(t, x, y, step, p, labels):
    """Label one reading; p: window, pace (ms), cutoff (sd), widest merge (deg), longest merge, longest gap (ms)."""
    n = t.size
    labels[:] = SACCADE
    if n == 0:
        return
    weights = np.empty(n)
    thins = _THINS[(_THINS == 1) | (_THINS * step <= _COARSEST_MS)]
    cluster_weights(t, x, y, p[0], p[1], thins, p[5], weights)
    middle, spread = mean_and_spread(weights)
    begin, end = -1, -1
    here, there = np.empty(2), np.empty(2)
    i = 0
    while i < n:
        if weights[i] > middle + p[2] * spread:
            i += 1
            continue
        stop = i + 1
        while stop < n and weights[stop] <= middle + p[2] * spread and t[stop] - t[stop - 1] <= p[5]:
            stop += 1
        a, b = shrink(x, y, i, stop)
        place(x, y, a, b, here)
        near = begin >= 0 and t[a] - t[end - 1] - step <= p[4]
        if near and np.sqrt((here[0] - there[0]) ** 2 + (here[1] - there[1]) ** 2) < p[3]:
            labels[end:b] = FIXATION
            end = b
            place(x, y, begin, end, there)
        else:
            begin, end = a, b
            there[0], there[1] = here[0], here[1]
        labels[a:b] = FIXATION
        i = stop


@kernel
def i2mc_over_readings(starts, stops, t, right, down, settings, labels, steps):
    """`i2mc` of every reading; settings as its p."""
    for r in range(starts.size):
        part = slice(starts[r], stops[r])
        i2mc(t[part], right[part], down[part], steps[r], settings, labels[part])
