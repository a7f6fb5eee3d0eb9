"""Labels by boosted trees near fast motion, smoothed by a chain of classes.

Gaze comes in degrees, without missing samples: a hole is a jump of the clock. A piece is a stretch without a hole that
a blink could fill. In a piece, bursts (peaks of speed) are found first; far from them and from holes the eye rests,
and the trees are not asked. All measures are lengths, speeds (deg/s), times (ms) or ratios of them: they don't change
when gaze is turned or moved. Classes are 0 rest, 1 saccade, 2 post-saccadic oscillation, 3 blink.
"""

import numpy as np

from gazeanalytics._kernels import kernel

FIXATION, SACCADE, PSO, BLINK, NOISE = 1, 2, 3, 5, 6
CLASSES = 4
SCALES = (8.0, 16.0, 32.0, 64.0, 128.0)
# Measures of a sample: 7 times, 16 of its burst, 4 of the next one, 5 of the sample, 3 lags, 6 a scale.
MEASURES = 7 + 16 + 4 + 5 + 3 + 6 * 5
_FAR, _LONG_HOLE, _APART, _LONGEST_RUN = 300.0, 20.0, 40.0, 65_536
# Depth of the trees; after each round of trees a row that leads clearly stops.
DEPTH, _ROUND, _LEAD = 6, 5, 3.0
# Places in a burst: edges in samples, then what the motion as a whole is like.
RISE, BEGIN, DIP_BEFORE, FALL, DIP, SECOND_DIP, END, TOP = range(8)
PEAK, ACROSS, DOWN, X0, Y0, X1, Y1, SIZE, DETOUR, FLIGHT = range(8, 18)
# Places in the settings of `learned`.
LONGEST_GAP, PEAK_SPEED, PEAK_NOISE, BEFORE, AFTER, NEAR_HOLE, BLINK_MARGIN, LONGEST_SACCADE = range(8)


@kernel
def samples_in(duration, step):
    """Samples that a duration (ms) spans, at least one."""
    return max(1, int(np.floor(duration / step + 0.5)))


@kernel
def piece_stop(t, start, hole):
    """Index after the last sample of the piece that begins at `start`."""
    stop = start + 1
    while stop < t.size and t[stop] - t[stop - 1] <= hole:
        stop += 1
    return stop


@kernel
def noise_speed(t, x, y, step):
    """Median change of velocity between windows of 8 ms (deg/s), over at most some 2,000 places; drift adds none."""
    n, reach = t.size, 2 * samples_in(4.0, step)
    stride = max(1, n // 2048)
    changes = np.empty(n // stride + 1)
    m = 0
    for i in range(0, n - 2 * reach, stride):
        a, b, c = i, i + reach, i + 2 * reach
        if t[c] - t[a] < 1.5 * 2 * reach * step:
            bend = np.sqrt((x[a] - 2 * x[b] + x[c]) ** 2 + (y[a] - 2 * y[b] + y[c]) ** 2)
            changes[m] = bend / (reach * step) * 1000.0 * np.sqrt(0.5)
            m += 1
    return max(np.median(changes[:m]), 1e-3) if m else 1.0


@kernel
def motion_of(t, x, y, step):
    """Velocity to the right, down, and speed over 4 ms to either side of each sample of a piece, shape (3, samples)."""
    n, half = t.size, samples_in(4.0, step)
    motion = np.zeros((3, n))
    for i in range(n):
        a, b = max(i - half, 0), min(i + half, n - 1)
        scale = 1000.0 / (t[b] - t[a]) if t[b] > t[a] else 0.0
        right, down = (x[b] - x[a]) * scale, (y[b] - y[a]) * scale
        motion[0, i], motion[1, i], motion[2, i] = right, down, np.sqrt(right * right + down * down)
    return motion


@kernel
def running_sums(x, y):
    """Sums of x, y and their squares before each sample, from the first sample on, shape (samples + 1, 3)."""
    sums = np.zeros((x.size + 1, 3))
    for i in range(x.size):
        dx, dy = x[i] - x[0], y[i] - y[0]
        sums[i + 1, 0], sums[i + 1, 1] = sums[i, 0] + dx, sums[i, 1] + dy
        sums[i + 1, 2] = sums[i, 2] + dx * dx + dy * dy
    return sums


@kernel
def find_peaks(t, speed, least):
    """Peaks of speed over `least`; of those closer than 40 ms the higher one."""
    n = t.size
    peaks = np.empty(min(n, int((t[n - 1] - t[0]) / _APART) + 2), np.int64)
    m = 0
    for i in range(n):
        if speed[i] > least and (i == 0 or speed[i] >= speed[i - 1]) and (i == n - 1 or speed[i] > speed[i + 1]):
            if m > 0 and t[i] - t[peaks[m - 1]] < _APART:
                if speed[i] > speed[peaks[m - 1]]:
                    peaks[m - 1] = i
            else:
                peaks[m] = i
                m += 1
    return peaks[:m]


@kernel
def edges_before(t, speed, top, low, still, burst):
    """Where a burst rises (over 15 % of its peak), begins (over `still`), and dips last before its peak."""
    i = top
    while i > low and speed[i - 1] > max(0.15 * speed[top], still):
        i -= 1
    burst[RISE] = i
    while i > low and speed[i - 1] > still and t[top] - t[i] < 250.0:
        i -= 1
    burst[BEGIN] = i
    i = top
    while i > low and not (speed[i] < 0.3 * speed[top] and speed[i - 1] >= speed[i]) and t[top] - t[i] < 100.0:
        i -= 1
    burst[DIP_BEFORE] = i


@kernel
def edges_after(t, speed, step, top, high, still, burst):
    """Where a burst has fallen, dips first and again after its peak, and where it ends, with rests up to 16 ms."""
    i = top
    while i < high and speed[i + 1] > max(0.15 * speed[top], still):
        i += 1
    burst[FALL] = i
    i = top
    while i < high and not (speed[i] < 0.4 * speed[top] and speed[i + 1] >= speed[i]) and t[i] - t[top] < 100.0:
        i += 1
    dip = i
    while i < high and speed[i + 1] >= speed[i] and t[i] - t[dip] < 50.0:
        i += 1
    while i < high and speed[i + 1] <= speed[i] and t[i] - t[dip] < 50.0:
        i += 1
    burst[DIP], burst[SECOND_DIP] = dip, i
    i = end = dip
    while i < high and t[i] - t[end] < 16.0 + 0.5 * step and t[i] - t[top] < 250.0:
        i += 1
        end = i if speed[i] > still else end
    burst[END] = end


@kernel
def describe(x, y, step, sums, low, high, burst):
    """How far a burst went, between the means of 16 ms before and after; how much farther its path was."""
    begin, end, top = int(burst[BEGIN]), int(burst[END]), int(burst[TOP])
    reach = samples_in(16.0, step)
    for place, a, b in ((X0, max(low, begin - reach), begin + 1), (X1, end, min(high, end + reach) + 1)):
        burst[place] = x[0] + (sums[b, 0] - sums[a, 0]) / (b - a)
        burst[place + 1] = y[0] + (sums[b, 1] - sums[a, 1]) / (b - a)
    burst[SIZE] = np.sqrt((burst[X1] - burst[X0]) ** 2 + (burst[Y1] - burst[Y0]) ** 2)
    path = 0.0
    for i in range(begin, end):
        path += np.sqrt((x[i + 1] - x[i]) ** 2 + (y[i + 1] - y[i]) ** 2)
    burst[DETOUR] = path / (burst[SIZE] + 1e-3) if path > 0 else 1.0
    a, b = max(int(burst[RISE]) - 1, low), int(burst[FALL])
    burst[FLIGHT] = (x[b] - x[a]) * burst[ACROSS] + (y[b] - y[a]) * burst[DOWN]
    burst[TOP] = top


@kernel
def find_bursts(t, x, y, step, motion, sums, least, still):
    """All bursts of a piece, shape (bursts, 18)."""
    speed = motion[2]
    peaks = find_peaks(t, speed, least)
    bursts = np.empty((peaks.size, 18))
    for k in range(peaks.size):
        top, burst = peaks[k], bursts[k]
        low = peaks[k - 1] + 1 if k > 0 else 0
        high = peaks[k + 1] - 1 if k < peaks.size - 1 else t.size - 1
        floor = min(still, 0.5 * speed[top])
        burst[TOP], burst[PEAK] = top, speed[top]
        burst[ACROSS], burst[DOWN] = motion[0, top] / speed[top], motion[1, top] / speed[top]
        edges_before(t, speed, top, low, floor, burst)
        edges_after(t, speed, step, top, high, floor, burst)
        describe(x, y, step, sums, low, high, burst)
    return bursts


@kernel
def wanted_samples(t, step, bursts, opens, closes, settings):
    """Samples near a burst or a hole. opens, closes: whether the piece begins and ends at a hole."""
    n = t.size
    wanted = np.zeros(n, np.bool_)
    before, after = max(settings[BEFORE], step), max(settings[AFTER], 1.5 * step)
    for k in range(bursts.shape[0]):
        begin, end = int(bursts[k, BEGIN]), int(bursts[k, END])
        a, b = begin, end
        while a > 0 and t[begin] - t[a - 1] <= before:
            a -= 1
        while b < n - 1 and t[b + 1] - t[end] <= after:
            b += 1
        wanted[a : b + 1] = True
    i = 0
    while opens and i < n and t[i] - t[0] < settings[NEAR_HOLE]:
        wanted[i] = True
        i += 1
    i = n - 1
    while closes and i >= 0 and t[n - 1] - t[i] < settings[NEAR_HOLE]:
        wanted[i] = True
        i -= 1
    return wanted


@kernel
def burst_measures(t, x, y, speed, i, bursts, mine, following, noise, out):
    """Measures 0 to 26 of sample i: where it lies in its burst, what that burst and the following one are like."""
    out[:27] = 0.0
    out[:7] = 200.0
    if mine >= 0:
        burst = bursts[mine]
        for k, edge in enumerate((RISE, BEGIN, DIP_BEFORE, FALL, DIP, SECOND_DIP, TOP)):
            out[k] = min(200.0, max(-200.0, t[i] - t[int(burst[edge])]))
        across, down, size, peak = burst[ACROSS], burst[DOWN], burst[SIZE], burst[PEAK]
        dx, dy = x[i] - burst[X1], y[i] - burst[Y1]
        out[7], out[8] = peak, t[int(burst[DIP])] - t[int(burst[BEGIN])]
        out[9] = (x[i] - burst[X0]) * across + (y[i] - burst[Y0]) * down
        out[10], out[11] = dx * across + dy * down, abs(dy * across - dx * down)
        out[12] = out[10] / size if size > 0 else 0.0
        out[13], out[14], out[15] = speed[i] / peak, peak / noise, size / noise
        out[16], out[17] = burst[DETOUR], burst[FLIGHT]
        out[18], out[19] = t[int(burst[END])] - t[int(burst[BEGIN])], t[int(burst[FALL])] - t[int(burst[RISE])]
        other = mine - 1 if mine == following else following
        out[20] = 200.0
        if other >= 0:
            out[20] = min(200.0, max(-200.0, t[i] - t[int(bursts[other, TOP])]))
            out[21] = bursts[other, PEAK]
    out[22], out[23] = _FAR, _FAR
    if following >= 0 and mine != following:
        burst = bursts[following]
        out[22], out[23] = t[int(burst[BEGIN])] - t[i], t[int(burst[RISE])] - t[i]
        out[24], out[25] = burst[SIZE], burst[DETOUR]
    out[26] = speed[i] / noise


@kernel
def lag_measures(t, x, y, step, i, across, down, out, c):
    """Velocity along the burst, from sample i to 2 ms before, on to 4 ms before, and to 2 ms after."""
    first, second = samples_in(2.0, step), max(2, samples_in(4.0, step))
    a, b, d = max(i - first, 0), max(i - second, 0), min(i + first, t.size - 1)
    out[c] = ((x[i] - x[a]) * across + (y[i] - y[a]) * down) / (t[i] - t[a]) * 1000.0 if a < i else 0.0
    out[c + 1] = ((x[a] - x[b]) * across + (y[a] - y[b]) * down) / (t[a] - t[b]) * 1000.0 if b < a else 0.0
    out[c + 2] = ((x[d] - x[i]) * across + (y[d] - y[i]) * down) / (t[d] - t[i]) * 1000.0 if d > i else 0.0
    return c + 3


@kernel
def scale_measures(t, x, y, step, sums, i, scale, out, c):
    """Spread before and after, distance of the means, and speeds before, after and through sample i at one scale."""
    reach = samples_in(scale, step)
    a, b = max(i - reach, 0), min(i + reach, t.size - 1)
    past, future = 1.0 / (i - a + 1), 1.0 / (b - i + 1)
    px, py = (sums[i + 1, 0] - sums[a, 0]) * past, (sums[i + 1, 1] - sums[a, 1]) * past
    fx, fy = (sums[b + 1, 0] - sums[i, 0]) * future, (sums[b + 1, 1] - sums[i, 1]) * future
    out[c] = np.sqrt(max(0.0, (sums[i + 1, 2] - sums[a, 2]) * past - px * px - py * py))
    out[c + 1] = np.sqrt(max(0.0, (sums[b + 1, 2] - sums[i, 2]) * future - fx * fx - fy * fy))
    out[c + 2] = np.sqrt((fx - px) ** 2 + (fy - py) ** 2)
    out[c + 3] = np.sqrt((x[i] - x[a]) ** 2 + (y[i] - y[a]) ** 2) / max(t[i] - t[a], step) * 1000.0
    out[c + 4] = np.sqrt((x[b] - x[i]) ** 2 + (y[b] - y[i]) ** 2) / max(t[b] - t[i], step) * 1000.0
    out[c + 5] = np.sqrt((x[b] - x[a]) ** 2 + (y[b] - y[a]) ** 2) / max(t[b] - t[a], step) * 1000.0
    return c + 6


@kernel
def measure(piece, following, i, out):
    """All measures of sample i. following: the first burst whose peak comes after it, perhaps the number of bursts."""
    t, x, y, step, motion, sums, noise, opens, closes, bursts = piece
    n, previous = t.size, following - 1
    following = following if following < bursts.shape[0] else -1
    mine = previous
    if following >= 0:
        until = t[int(bursts[following, BEGIN])] - t[i]
        mine = following if previous < 0 or until < t[i] - t[int(bursts[previous, END])] else previous
    burst_measures(t, x, y, motion[2], i, bursts, mine, following, noise, out)
    out[27], out[28], out[31] = noise, step, motion[2, i]
    out[29] = min(_FAR, t[i] - t[0]) if opens else _FAR
    out[30] = min(_FAR, t[n - 1] - t[i]) if closes else _FAR
    across, down = (bursts[mine, ACROSS], bursts[mine, DOWN]) if mine >= 0 else (1.0, 0.0)
    c = lag_measures(t, x, y, step, i, across, down, out, 32)
    for scale in SCALES:
        c = scale_measures(t, x, y, step, sums, i, scale, out, c)


@kernel
def decided(scores):
    """Whether one class leads all others by more than 3 in log odds."""
    first, second = -np.inf, -np.inf
    for k in range(CLASSES):
        first, second = max(first, scores[k]), max(second, min(first, scores[k]))
    return first - second > _LEAD


@kernel
def forest(row, prior, feature, threshold, value, scores):
    """Chances of the classes at a row of measures, by boosted trees that are full, nodes in breadth-first order.

    feature, threshold: shape (trees, nodes). value: shape (trees, leaves, classes), added up over trees. A class that
    leads clearly after a round of trees has won. Unsigned indices spare the test whether they count from the end.
    """
    one, two, inner = np.uint64(1), np.uint64(2), np.uint64(feature.shape[1])
    for k in range(CLASSES):
        scores[k] = prior[k]
    for tree in range(feature.shape[0]):
        node = np.uint64(0)
        features, thresholds, leaves = feature[tree], threshold[tree], value[tree]
        for _ in range(DEPTH):
            node = two * node + one + np.uint64(row[np.uint64(features[node])] > thresholds[node])
        for k in range(CLASSES):
            scores[k] += leaves[node - inner, k]
        if (tree + 1) % _ROUND == 0 and decided(scores):
            break
    highest, total = scores.max(), 0.0
    for k in range(CLASSES):
        scores[k] = np.exp(scores[k] - highest)
        total += scores[k]
    for k in range(CLASSES):
        scores[k] /= total


@kernel
def smooth(scores, leave, moves, shortest, labels):
    """Most likely run of classes when each must last `shortest` samples.

    scores: log of the class shares. leave: log chance to stay (0) or leave (1) at a step, a class. moves: log chance
    of the next class. A class is entered by paying for its shortest run at once, out of running sums.
    """
    n = scores.shape[0]
    sums = np.zeros((n + 1, CLASSES))
    best = np.full((n + 1, CLASSES), -np.inf)
    came = np.full((n + 1, CLASSES), -1, np.int8)
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
                best[i, k], came[i, k] = enter, source
    i, k = n, int(np.argmax(best[n]))
    while i > 0:
        if came[i, k] < 0:
            labels[i - 1] = k
            i -= 1
            continue
        begin = max(i - shortest[k], 0)
        labels[begin:i] = k
        i, k = begin, int(came[i, k])


@kernel
def run_scores(piece, start, stop, following, trees, scores):
    """Log of the class shares of samples start to stop, at least 0.001; return the first burst after them."""
    prior, feature, threshold, value = trees
    tops, row = piece[9][:, TOP], np.empty(MEASURES, np.float32)
    for i in range(start, stop):
        while following < tops.size and tops[following] <= i:
            following += 1
        measure(piece, following, i, row)
        forest(row, prior, feature, threshold, value, scores[i - start])
        for k in range(CLASSES):
            scores[i - start, k] = np.log(max(scores[i - start, k], 1e-3))
    return following


@kernel
def label_runs(piece, wanted, trees, chain, labels):
    """Label each run of wanted samples; the rest beside it lasts long enough. Very long runs are cut to save memory."""
    leave, moves, shortest = chain
    n, pad, following, i = wanted.size, shortest[0], 0, 0
    while i < n:
        if not wanted[i]:
            i += 1
            continue
        stop = i
        while stop < n and wanted[stop] and stop - i < _LONGEST_RUN:
            stop += 1
        first, last = pad, pad + stop - i
        scores, found = np.full((last + pad, CLASSES), -50.0), np.empty(last + pad, np.uint8)
        scores[:first, 0] = scores[last:, 0] = 0.0
        following = run_scores(piece, i, stop, following, trees, scores[first:last])
        a, b = first if i == 0 else 0, last if stop == n else last + pad
        smooth(scores[a:b], leave, moves, shortest, found[a:b])
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
def look_at(t, x, y, step, noise, opens, closes, settings):
    """All that measures of a piece need. opens, closes: whether it begins and ends at a hole."""
    motion, sums = motion_of(t, x, y, step), running_sums(x, y)
    least = max(settings[PEAK_SPEED], settings[PEAK_NOISE] * noise)
    bursts = find_bursts(t, x, y, step, motion, sums, least, max(6.0, 2.0 * noise))
    return t, x, y, step, motion, sums, noise, opens, closes, bursts


@kernel
def label_piece(piece, settings, trees, chain, labels):
    """Label a piece of at least three samples."""
    t, step, opens, closes, bursts = piece[0], piece[3], piece[7], piece[8], piece[9]
    label_runs(piece, wanted_samples(t, step, bursts, opens, closes, settings), trees, chain, labels)
    if opens:
        spread_blink(t, settings[BLINK_MARGIN], 1, labels)
    if closes:
        spread_blink(t, settings[BLINK_MARGIN], -1, labels)
    refuse_long(t, step, settings[LONGEST_SACCADE], labels)


@kernel
def scaled_chain(chain, step):
    """The chain at a sampling interval (ms): costs fall where samples are sparse, since they tell more each."""
    moves, lasting, switch = chain
    weight = min(1.0, 2.0 / step) ** 2
    leave, shortest = np.zeros((2, CLASSES)), np.empty(CLASSES, np.int64)
    leave[1] = -switch * weight
    for k in range(CLASSES):
        shortest[k] = samples_in(lasting[k], step)
    return leave, moves * weight, shortest


@kernel
def hole_of(step, longest_gap):
    """Shortest jump of the clock (ms) that ends a piece: as long as a short blink, and more than two samples lost."""
    return min(longest_gap, max(_LONG_HOLE, 2.5 * step))


@kernel
def learned(t, x, y, step, settings, trees, chain, labels):
    """Label one reading."""
    labels[:] = FIXATION
    noise, hole = noise_speed(t, x, y, step), hole_of(step, settings[LONGEST_GAP])
    ready = scaled_chain(chain, step)
    start = 0
    while start < t.size:
        stop = piece_stop(t, start, hole)
        if stop - start >= 3:
            part = slice(start, stop)
            piece = look_at(t[part], x[part], y[part], step, noise, start > 0, stop < t.size, settings)
            label_piece(piece, settings, trees, ready, labels[part])
        start = stop


@kernel
def learned_over_readings(starts, stops, t, x, y, settings, trees, chain, labels, steps):
    """`learned` of every reading."""
    for r in range(starts.size):
        part = slice(starts[r], stops[r])
        learned(t[part], x[part], y[part], steps[r], settings, trees, chain, labels[part])


@kernel
def measures_over_readings(starts, stops, t, x, y, settings, rows, wanted, steps):
    """Measures of the samples that the trees are asked about, float32, shape (samples, MEASURES)."""
    for r in range(starts.size):
        whole = slice(starts[r], stops[r])
        tr, xr, yr, step = t[whole], x[whole], y[whole], steps[r]
        noise, hole = noise_speed(tr, xr, yr, step), hole_of(step, settings[LONGEST_GAP])
        start = 0
        while start < tr.size:
            stop = piece_stop(tr, start, hole)
            at, following = starts[r] + start, 0
            wanted[at : starts[r] + stop] = False
            if stop - start >= 3:
                part = slice(start, stop)
                piece = look_at(tr[part], xr[part], yr[part], step, noise, start > 0, stop < tr.size, settings)
                asked, tops = wanted_samples(piece[0], step, piece[9], piece[7], piece[8], settings), piece[9][:, TOP]
                for i in range(stop - start):
                    while following < tops.size and tops[following] <= i:
                        following += 1
                    if asked[i]:
                        wanted[at + i] = True
                        measure(piece, following, i, rows[at + i])
            start = stop


@kernel
def forest_over_rows(rows, prior, feature, threshold, value, shares):
    """`forest` of all rows."""
    for i in range(rows.shape[0]):
        forest(rows[i], prior, feature, threshold, value, shares[i])
