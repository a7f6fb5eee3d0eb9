"""Plain twins of the kernels that find events: one sample at a time, lists and no cleverness."""

import itertools

import numpy as np

GAP = 75.0


def runs(flags):
    """Start and stop of each run of truth."""
    found, start = [], None
    for i, flag in enumerate([*flags, False]):
        if flag and start is None:
            start = i
        elif not flag and start is not None:
            found.append((start, i))
            start = None
    return found


def window(t, i, half):
    """The samples over which the speed of sample i is measured."""
    a, b = max(i - half, 0), min(i + half, len(t) - 1)
    if t[b] - t[a] > GAP:
        a = i if t[i] - t[a] > GAP else a
        b = i if t[b] - t[i] > GAP else b
    return a, b


def robust(values):
    return 1.4826 * np.median(np.abs(np.array(values) - np.median(values)))


def half_width(span, step):
    return max(1, int(np.floor(span / (2 * step) + 0.5)))


def speed_and_noise(t, x, y, pairs):
    across = [(x[b] - x[a]) / (t[b] - t[a]) * 1000 if t[b] > t[a] else 0.0 for a, b in pairs]
    along = [(y[b] - y[a]) / (t[b] - t[a]) * 1000 if t[b] > t[a] else 0.0 for a, b in pairs]
    return [np.sqrt(u * u + v * v) for u, v in zip(across, along, strict=True)], np.hypot(robust(across), robust(along))


def cascade(t, x, y, step, rules):
    """Labels of a reading in degrees, before short fixations are dropped; without pursuit."""
    n, labels = len(t), [1] * len(t)
    if n < 3:
        return labels
    sparse = step >= rules.sparse_from_ms
    if sparse:
        pairs = [(i, i + 1) if i + 1 < n and t[i + 1] - t[i] <= GAP else (i, i) for i in range(n)]
    else:
        pairs = [window(t, i, half_width(rules.window_ms, step)) for i in range(n)]
    speed, noise = speed_and_noise(t, x, y, pairs)
    peak = max(rules.peak_deg_s, rules.peak_noise * noise)
    edge = min(peak, max(rules.edge_deg_s, rules.edge_noise * noise))
    find = sparse_saccades if sparse else dense_saccades
    find(t, x, y, speed, noise, step, peak, edge, rules, labels)
    blinks_beside_holes(t, step, rules, labels)
    return labels


def fastest_run(t, speed, i, n, peak, step, rules):
    hole = max(rules.min_blink_ms, 1.5 * step)
    after = i + 1
    while after < n and speed[after] > peak and t[after] - t[after - 1] < hole:
        after += 1
    return i + int(np.argmax(speed[i:after])), after


def dense_saccades(t, x, y, speed, noise, step, peak, edge, rules, labels):
    n, i, free = len(t), 0, 0
    while i < n:
        if speed[i] <= peak:
            i += 1
            continue
        top, after = fastest_run(t, speed, i, n, peak, step, rules)
        begin, end = top, top + 1
        while begin > free and speed[begin - 1] > max(edge, rules.onset_share * speed[top]):
            begin -= 1
        while end < n and speed[end] > edge:
            end += 1
            dip = end < n and speed[end - 1] <= speed[end - 2] and speed[end - 1] < speed[end]
            if dip and speed[end - 1] < rules.offset_share * speed[top]:
                break
        if (end - begin) * step < rules.min_saccade_ms * (1 - 1e-9):
            i = max(after, end)
            continue
        labels[begin:end] = [2] * (end - begin)
        last = end - 1
        rest = max(1, int(np.floor(rules.max_pso_rest_ms / step + 0.5)))
        for k in range(end, min(n, end + int(rules.max_pso_ms / step))):
            if k - last <= rest and speed[k] > edge:
                last = k
        labels[end : last + 1] = [3] * (last + 1 - end)
        free = last + 1
        i = max(free, top + 1)


def sparse_saccades(t, x, y, speed, noise, step, peak, edge, rules, labels):
    n, i, free = len(t), 0, 0
    swings = max(rules.sparse_pso_deg_s, rules.sparse_pso_noise * noise)
    while i < n - 1:
        if speed[i] <= peak:
            i += 1
            continue
        top, after = fastest_run(t, speed, i, n - 1, peak, step, rules)
        begin, end = top, top + 1
        while begin > free and speed[begin - 1] > max(edge, rules.onset_share * speed[top]):
            begin -= 1
        while end < n - 1 and speed[end] > max(edge, rules.offset_share * speed[top]):
            end += 1
        ways = [speed[k] * (t[k + 1] - t[k]) for k in range(begin, end)]
        middles = [(t[k] + t[k + 1]) / 2 - t[begin] for k in range(begin, end)]
        middle = sum(way * when for way, when in zip(ways, middles, strict=True)) / sum(ways)
        size = np.hypot(x[end] - x[begin], y[end] - y[begin])
        if 1000 * size / sum(ways) < rules.min_straightness:
            i = max(after, end)
            continue
        lasts = rules.flight_ms + rules.flight_ms_per_deg * size
        off = middle - rules.flight_before_share * lasts
        flying = [k for k in range(begin, end + 1) if off <= t[k] - t[begin] < off + lasts]
        if not flying:
            flying = [next((k for k in range(begin, end) if t[k] - t[begin] >= off), end)]
        for k in flying:
            labels[k] = 2
        last = free = flying[-1]
        free += 1
        while (
            free < n - 1
            and t[free] - t[last] - step / 2 <= rules.max_pso_ms
            and max(speed[free - 1], speed[free]) > swings
            and speed[free] < 0.5 * speed[top]
        ):
            labels[free] = 3
            free += 1
        i = max(after, end, free)


def blinks_beside_holes(t, step, rules, labels):
    n = len(t)
    for i in range(1, n):
        if t[i] - t[i - 1] < max(rules.min_blink_ms, 1.5 * step):
            continue
        for side, first in ((-1, i - 1), (1, i)):
            edge, k = first, first
            while 0 <= k < n and abs(t[k] - t[edge]) <= rules.blink_margin_ms:
                if k != edge and abs(t[k] - t[k - side]) > GAP:
                    break
                if labels[k] != 1:
                    for j in range(min(edge, k), max(edge, k) + 1):
                        labels[j] = 5
                    edge = k
                k += side


def pursuit(t, x, y, slowest, window, labels):
    """Turn fixations that drift faster than `slowest` (deg/s) over the window around a sample into pursuit."""
    found = list(labels)
    for start, stop in runs([label == 1 for label in labels]):
        for k in range(start, stop):
            near = [i for i in range(start, stop) if abs(t[i] - t[k]) <= window / 2]
            a, b = near[0], near[-1]
            if b > a and np.hypot(x[b] - x[a], y[b] - y[a]) / (t[b] - t[a]) * 1000 > slowest:
                found[k] = 4
    return found


def markov(t, x, y, step, saccade_deg_s, window_ms, rounds):
    """Labels by Viterbi over plain matrices, after rounds of Baum-Welch in logarithms."""
    speed, _ = speed_and_noise(t, x, y, [window(t, i, half_width(window_ms, step)) for i in range(len(t))])
    values = np.log(np.maximum(speed, 0.1))
    fresh = np.append(True, np.diff(t) > GAP)
    means, spreads = np.array([np.median(values), np.log(saccade_deg_s)]), np.ones(2)
    leave = np.minimum([step / 250, step / 40], 0.5)
    for _ in range(rounds):
        means, spreads, leave = baum_welch(values, fresh, means, spreads, leave)
    gives = -0.5 * ((values[:, None] - means) / spreads) ** 2 - np.log(spreads)
    first, moves = np.log([leave[1], leave[0]]) - np.log(leave.sum()), log_moves(leave)
    best, ways_back = np.zeros(2), []
    for row, new in zip(gives, fresh, strict=True):
        ways = np.tile(best[:, None], 2) + (first[None] if new else moves)
        ways_back.append(ways.argmax(axis=0))
        best = ways.max(axis=0) + row
    state, labels = int(best.argmax()), []
    for back in ways_back[::-1]:
        labels.append(state + 1)
        state = int(back[state])
    return labels[::-1]


def log_moves(leave):
    return np.log([[1 - leave[0], leave[0]], [leave[1], 1 - leave[1]]])


def baum_welch(values, fresh, means, spreads, leave):
    n, first, moves = len(values), np.log([leave[1], leave[0]]) - np.log(leave.sum()), log_moves(leave)
    gives = -0.5 * ((values[:, None] - means) / spreads) ** 2 - np.log(spreads)
    ahead, behind = np.zeros((n, 2)), np.zeros((n, 2))
    for i in range(n):
        ahead[i] = gives[i] + (first if fresh[i] else np.logaddexp.reduce(ahead[i - 1][:, None] + moves, axis=0))
    for i in range(n - 2, -1, -1):
        if not fresh[i + 1]:
            behind[i] = np.logaddexp.reduce(moves + gives[i + 1] + behind[i + 1], axis=1)
    share = ahead + behind
    share = np.exp(share - np.logaddexp.reduce(share, axis=1)[:, None])
    counts = np.zeros((2, 2))
    for i in range(1, n):
        if not fresh[i]:
            ways = ahead[i - 1][:, None] + moves + gives[i] + behind[i]
            counts += np.exp(ways - np.logaddexp.reduce(ways, axis=None))
    means = share.T @ values / share.sum(axis=0)
    spreads = np.sqrt([share[:, k] @ (values - means[k]) ** 2 / share[:, k].sum() for k in (0, 1)])
    left = np.clip([counts[0, 1] / counts[0].sum(), counts[1, 0] / counts[1].sum()], 1 / n, 0.5)
    return np.array([means[0], max(means[1], np.log(30))]), np.maximum(spreads, 0.2), left


def clusters(t, x, y, step, window_ms, cutoff_sd, widest):
    """Labels by two-means in moving windows."""
    weights = cluster_weights(t, x, y, step, window_ms)
    low = weights <= weights.mean() + cutoff_sd * weights.std()
    labels, kept = [2] * len(t), []
    for start, stop in runs(low):
        cuts = [start, *(i for i in range(start + 1, stop) if t[i] - t[i - 1] > GAP), stop]
        for a, b in itertools.pairwise(cuts):
            kept.append(shrunk(x, y, a, b))
    joined = kept[:1]
    for a, b in kept[1:]:
        c, d = joined[-1]
        apart = np.hypot(np.median(x[a:b]) - np.median(x[c:d]), np.median(y[a:b]) - np.median(y[c:d]))
        if t[a] - t[d - 1] - step <= 40 and apart < widest:
            joined[-1] = (c, b)
        else:
            joined.append((a, b))
    for a, b in joined:
        labels[a:b] = [1] * (b - a)
    return labels


def cluster_weights(t, x, y, step, window_ms):
    n = len(t)
    weights, tests = np.zeros(n), np.zeros(n)
    first = 0
    while first < n:
        stop = first + 1
        while stop < n and t[stop] - t[first] < window_ms and t[stop] - t[stop - 1] <= GAP:
            stop += 1
        if stop - first > 2 and t[stop - 1] - t[first] > window_ms / 2:
            for thin in (1, 2, 5, 10):
                if thin == 1 or thin * step <= 40:
                    weights[first:stop] += moved(x[first:stop], y[first:stop], thin)
            tests[first:stop] += 1
        first = next((i for i in range(first, n) if t[i] - t[first] >= 20), n)
    return weights / np.maximum(tests, 1)


def moved(x, y, thin):
    """Where a window's gaze changes clusters, by 1 / changes."""
    count = len(x) // thin
    points = np.array([[z[k * thin : (k + 1) * thin].mean() for z in (x, y)] for k in range(count)])
    out = np.zeros(len(x))
    if count < 2 or not np.ptp(points, axis=0).any():
        return out
    along = points[:, 0] if np.ptp(points[:, 0]) >= np.ptp(points[:, 1]) else points[:, 1]
    centres, member = points[[along.argmin(), along.argmax()]], None
    for _ in range(100):
        off = ((points[:, None] - centres) ** 2).sum(axis=2)
        now = off[:, 1] < off[:, 0]
        if member is not None and np.array_equal(now, member):
            break
        member = now
        if member.all() or not member.any():
            break
        centres = np.array([points[~member].mean(axis=0), points[member].mean(axis=0)])
    changes = [k for k in range(1, count) if member[k] != member[k - 1]]
    for k in changes:
        first = k * thin - (thin + 1) // 2
        out[first : first + thin] += 1 / len(changes)
    return out


def shrunk(x, y, a, b):
    away = np.hypot(x[a:b] - np.median(x[a:b]), y[a:b] - np.median(y[a:b]))
    inside = np.flatnonzero(away <= np.median(away) + 2 * robust(away))
    return a + int(inside[0]), a + int(inside[-1]) + 1


def parabola(t, x, half):
    """Slope and curvature of the parabola through the samples around each; nothing near an edge or a hole."""
    n, first, second = len(t), np.full(len(t), np.nan), np.full(len(t), np.nan)
    for i in range(half, n - half):
        pace = (t[i + half] - t[i - half]) / (2 * half)
        if t[i + half] - t[i - half] <= GAP + 2 * half and pace > 0:
            curve = np.polynomial.Polynomial.fit(np.arange(-half, half + 1), x[i - half : i + half + 1], 2, domain=[])
            first[i], second[i] = curve.deriv(1)(0) / pace, curve.deriv(2)(0) / pace**2
    return first, second


def nystrom(t, x, y, step, first_peak=0.1, shortest=10.0):
    """Labels by adaptive thresholds with the paper's values: 20 ms, 1 deg/ms, 0.1 deg/ms^2, 40 ms."""
    half = half_width(20, step)
    (across, up), (along, sideways) = parabola(t, x, half), parabola(t, y, half)
    speed, push = np.hypot(across, along), np.hypot(up, sideways)
    labels, n = np.ones(len(t), int), len(t)
    for a, b in runs(speed > np.nanmedian(speed)):
        if ((speed > 1) | (push > 0.1))[a:b].any():
            labels[a:b] = 6
    speed = np.where(labels == 6, np.nan, speed)
    peak, onset = settled(speed, first_peak)
    window = max(1, int(np.floor(40 / step + 0.5)))
    i = 0
    while i < n:
        after = next((k for k in range(i, n) if not speed[k] > peak), n)
        if after == i:
            i += 1
            continue
        begin = slide(speed, i, -1, onset)
        least = landing(speed, begin, window, onset)
        end = slide(speed, after - 1, 1, least)
        if min(begin, end) < 0 or (end - begin + 1) * step < shortest * (1 - 1e-9):
            i = after
            continue
        labels[begin : end + 1] = 2
        last = glissade(speed, end, min(n, end + 1 + window), least)
        labels[end + 1 : last + 1] = 3
        i = max(after, last + 1)
    return labels.tolist()


def settled(speed, peak):
    """Mean and 6, and 3, standard deviations of what is slower than that, in the end."""
    for _ in range(100):
        slow = speed[speed < peak]
        before, peak, onset = peak, slow.mean() + 6 * slow.std(), slow.mean() + 3 * slow.std()
        if abs(before - peak) < 0.001:
            break
    return peak, onset


def landing(speed, begin, window, onset):
    quiet = speed[max(begin - window, 0) : begin] if begin >= 0 else np.empty(0)
    quiet = quiet[~np.isnan(quiet)]
    return 0.7 * onset + 0.3 * (quiet.mean() + 3 * quiet.std()) if len(quiet) else onset


def glissade(speed, end, stop, least):
    """Last sample that swings."""
    last, k = end, end + 1
    while k < stop:
        if speed[k] > least:
            k = slide(speed, k, 1, least)
            if k < 0:
                break
            last = k
        k += 1
    return last


def slide(speed, i, way, threshold):
    """Down to where the speed is below the threshold and rises again; -1 without such a place."""
    while 0 <= i + way < len(speed) and not np.isnan(speed[i + way]):
        if speed[i] < threshold and speed[i + way] >= speed[i]:
            return i
        i += way
    return i if speed[i] < threshold else -1
