"""What boosted trees say of samples near fast motion.

Gaze in degrees, cut into pieces without holes. In a piece, bursts (peaks of speed) are found first; far from them and
from holes the eye rests, and the trees are not asked. All measures are lengths, speeds (deg/s), times (ms) or ratios of
them: they don't change when gaze is turned or moved. Classes are 0 rest, 1 saccade, 2 post-saccadic oscillation,
3 blink.
"""

from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import inlined, kernel
from gazeanalytics._kernels.events.forest import CLASSES, ROUND, forest
from gazeanalytics._kernels.events.gaze import part_of
from gazeanalytics._kernels.events.pieces import piece_of

SCALES = (8.0, 16.0, 32.0, 64.0, 128.0)
# Measures of a sample: 12 of its place in its burst, 8 of that burst, 6 of its neighbours, 6 of the sample, 3 lags, 6 a
# scale.
MEASURES = 12 + 8 + 6 + 6 + 3 + 6 * 5
SPEED = 29
_FAR, _APART, _CLOSE = 300.0, 40.0, 200.0
# Columns of the edges of bursts, samples. The first seven are also the first seven of their facts, as times (ms).
RISE, BEGIN, DIP_BEFORE, FALL, DIP, SECOND_DIP, TOP, END = range(8)
# Columns of the facts: what a burst is like as a whole.
ENDS, ACROSS, DOWN, X0, Y0, X1, Y1 = range(7, 14)
PEAK, RUNS, CLEAR, LARGE, SIZE, DETOUR, FLIGHT, LASTS, STEEP = range(14, 23)
_WHOLE = (PEAK, RUNS, CLEAR, LARGE, DETOUR, FLIGHT, LASTS, STEEP)


class Near(NamedTuple):
    """Samples that the trees are asked about: near peaks over a speed (deg/s) and multiple of noise, and holes."""

    peak_deg_s: float
    peak_noise: float
    before_ms: float
    after_ms: float
    hole_ms: float


class Stretch(NamedTuple):
    """Gaze of one piece, its sampling interval (ms) and noise (deg/s), and running sums of x, y and their squares."""

    t: np.ndarray
    x: np.ndarray
    y: np.ndarray
    step: float
    noise: float
    sums: np.ndarray


class Bursts(NamedTuple):
    """All bursts of a piece: its speed, their edges, shape (bursts, 8), and their facts, shape (bursts, 23)."""

    speed: np.ndarray
    edges: np.ndarray
    facts: np.ndarray


# Inlined, not called: measures are the innermost loop, and a call would hide from the compiler what doesn't change.
@inlined
def samples_in(duration, step):
    """Samples that a duration (ms) spans, at least one."""
    return max(1, int(np.floor(duration / step + 0.5)))


@inlined
def velocity(t, x, y, half, i):
    """Velocity to the right and down over `half` samples to either side of sample i (deg/s)."""
    a, b = max(i - half, 0), min(i + half, t.size - 1)
    scale = 1000.0 / (t[b] - t[a]) if t[b] > t[a] else 0.0
    return (x[b] - x[a]) * scale, (y[b] - y[a]) * scale


@kernel
def speeds(gaze, step):
    """Speed over 4 ms to either side of each sample of a piece (deg/s)."""
    half, speed = samples_in(4.0, step), np.empty(gaze.t.size)
    for i in range(gaze.t.size):
        right, down = velocity(gaze.t, gaze.x, gaze.y, half, i)
        speed[i] = np.sqrt(right * right + down * down)
    return speed


# With sums S_i = sum_{k<i} x_k, the mean of samples a to b is (S_b - S_a) / (b - a): every scale costs the same. From
# the first sample on, since far from 0 the sum of squares would lose the digits that a spread needs.
@kernel
def running_sums(x, y):
    """Sums of x, y and their squares before each sample, from the first sample on, shape (samples + 1, 3)."""
    sums = np.zeros((x.size + 1, 3))
    for i in range(x.size):
        dx, dy = x[i] - x[0], y[i] - y[0]
        sums[i + 1, 0], sums[i + 1, 1] = sums[i, 0] + dx, sums[i, 1] + dy
        sums[i + 1, 2] = sums[i, 2] + dx * dx + dy * dy
    return sums


# Of peaks closer than 40 ms the higher one is kept: the eye rests some 100 ms between saccades, so the lower one is the
# swing after landing, which a measure of the same burst describes.
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
def edges_before(t, speed, low, still, edges):
    """Where a burst rises (over 15 % of its peak), begins (over `still`), and dips last before its peak."""
    top = edges[TOP]
    i = top
    while i > low and speed[i - 1] > max(0.15 * speed[top], still):
        i -= 1
    edges[RISE] = i
    while i > low and speed[i - 1] > still and t[top] - t[i] < 250.0:
        i -= 1
    edges[BEGIN] = i
    i = top
    while i > low and not (speed[i] < 0.3 * speed[top] and speed[i - 1] >= speed[i]) and t[top] - t[i] < 100.0:
        i -= 1
    edges[DIP_BEFORE] = i


@kernel
def edges_after(t, speed, step, high, still, edges):
    """Where a burst has fallen, dips first and again after its peak, and where it ends, with rests up to 16 ms."""
    top = edges[TOP]
    i = top
    while i < high and speed[i + 1] > max(0.15 * speed[top], still):
        i += 1
    edges[FALL] = i
    i = top
    while i < high and not (speed[i] < 0.4 * speed[top] and speed[i + 1] >= speed[i]) and t[i] - t[top] < 100.0:
        i += 1
    dip = i
    while i < high and speed[i + 1] >= speed[i] and t[i] - t[dip] < 50.0:
        i += 1
    while i < high and speed[i + 1] <= speed[i] and t[i] - t[dip] < 50.0:
        i += 1
    edges[DIP], edges[SECOND_DIP] = dip, i
    i = end = dip
    while i < high and t[i] - t[end] < 16.0 + 0.5 * step and t[i] - t[top] < 250.0:
        i += 1
        end = i if speed[i] > still else end
    edges[END] = end


@kernel
def describe(stretch, low, high, peak, edges, facts):
    """Facts of a burst: how far it went, between the means of 16 ms before and after; how much farther its path was."""
    t, x, y, step, noise, sums = stretch
    begin, end, top = edges[BEGIN], edges[END], edges[TOP]
    for k in range(END):
        facts[k] = t[edges[k]]
    right, down = velocity(t, x, y, samples_in(4.0, step), top)
    facts[ENDS], facts[PEAK], facts[ACROSS], facts[DOWN] = t[end], peak, right / peak, down / peak
    reach = samples_in(16.0, step)
    for place, a, b in ((X0, max(low, begin - reach), begin + 1), (X1, end, min(high, end + reach) + 1)):
        facts[place] = x[0] + (sums[b, 0] - sums[a, 0]) / (b - a)
        facts[place + 1] = y[0] + (sums[b, 1] - sums[a, 1]) / (b - a)
    size, path = np.sqrt((facts[X1] - facts[X0]) ** 2 + (facts[Y1] - facts[Y0]) ** 2), 0.0
    for i in range(begin, end):
        path += np.sqrt((x[i + 1] - x[i]) ** 2 + (y[i + 1] - y[i]) ** 2)
    a, b = max(edges[RISE] - 1, low), edges[FALL]
    facts[FLIGHT] = (x[b] - x[a]) * facts[ACROSS] + (y[b] - y[a]) * facts[DOWN]
    facts[SIZE], facts[DETOUR] = size, path / (size + 1e-3) if path > 0 else 1.0
    facts[CLEAR], facts[LARGE] = peak / noise, size / noise
    facts[RUNS], facts[LASTS] = facts[DIP] - facts[BEGIN], facts[ENDS] - facts[BEGIN]
    facts[STEEP] = facts[FALL] - facts[RISE]


@kernel
def find_bursts(stretch, speed, least, still):
    """All bursts of a piece whose peak speed exceeds `least`; between them the eye is slower than `still`."""
    t, step = stretch.t, stretch.step
    peaks = find_peaks(t, speed, least)
    edges, facts = np.empty((peaks.size, 8), np.int64), np.empty((peaks.size, 23))
    for k in range(peaks.size):
        top = peaks[k]
        low = peaks[k - 1] + 1 if k > 0 else 0
        high = peaks[k + 1] - 1 if k < peaks.size - 1 else t.size - 1
        floor = min(still, 0.5 * speed[top])
        edges[k, TOP] = top
        edges_before(t, speed, low, floor, edges[k])
        edges_after(t, speed, step, high, floor, edges[k])
        describe(stretch, low, high, speed[top], edges[k], facts[k])
    return Bursts(speed, edges, facts)


@kernel
def ask_near(t, edges, piece, near, asked):
    """Which samples lie near a burst or a hole, so that the trees are asked about them."""
    n = t.size
    asked[:] = False
    before, after = max(near.before_ms, piece.step), max(near.after_ms, 1.5 * piece.step)
    for k in range(edges.shape[0]):
        begin, end = edges[k, BEGIN], edges[k, END]
        a, b = begin, end
        while a > 0 and t[begin] - t[a - 1] <= before:
            a -= 1
        while b < n - 1 and t[b + 1] - t[end] <= after:
            b += 1
        asked[a : b + 1] = True
    i = 0
    while piece.opens and i < n and t[i] - t[0] < near.hole_ms:
        asked[i] = True
        i += 1
    i = n - 1
    while piece.closes and i >= 0 and t[n - 1] - t[i] < near.hole_ms:
        asked[i] = True
        i -= 1


@inlined
def burst_measures(stretch, i, speed, facts, out):
    """Measures 0 to 19 of a sample: its place in its burst, in time, in space and in speed; what the burst is like."""
    now, xi, yi = stretch.t[i], stretch.x[i], stretch.y[i]
    for k in range(END):
        out[k] = min(_CLOSE, max(-_CLOSE, now - facts[k]))
    across, down, size = facts[ACROSS], facts[DOWN], facts[SIZE]
    dx, dy = xi - facts[X1], yi - facts[Y1]
    along = dx * across + dy * down
    out[7] = (xi - facts[X0]) * across + (yi - facts[Y0]) * down
    out[8], out[9] = along, abs(dy * across - dx * down)
    out[10], out[11] = along / size if size > 0 else 0.0, speed / facts[PEAK]
    for k in range(8):
        out[12 + k] = facts[_WHOLE[k]]


@inlined
def neighbour_measures(now, facts, mine, following, out):
    """Measures 20 to 25: the burst on the other side, and the one that is still to come."""
    other = mine - 1 if mine == following else following
    out[20], out[21] = _CLOSE, 0.0
    if other >= 0:
        out[20], out[21] = min(_CLOSE, max(-_CLOSE, now - facts[other, TOP])), facts[other, PEAK]
    out[22], out[23], out[24], out[25] = _FAR, _FAR, 0.0, 0.0
    if following >= 0 and mine != following:
        out[22], out[23] = facts[following, BEGIN] - now, facts[following, RISE] - now
        out[24], out[25] = facts[following, SIZE], facts[following, DETOUR]


@inlined
def lag_measures(stretch, i, across, down, out, c):
    """Velocity along the burst, from sample i to 2 ms before, on to 4 ms before, and to 2 ms after."""
    t, x, y, step = stretch.t, stretch.x, stretch.y, stretch.step
    first, second = samples_in(2.0, step), max(2, samples_in(4.0, step))
    a, b, d = max(i - first, 0), max(i - second, 0), min(i + first, t.size - 1)
    out[c] = ((x[i] - x[a]) * across + (y[i] - y[a]) * down) / (t[i] - t[a]) * 1000.0 if a < i else 0.0
    out[c + 1] = ((x[a] - x[b]) * across + (y[a] - y[b]) * down) / (t[a] - t[b]) * 1000.0 if b < a else 0.0
    out[c + 2] = ((x[d] - x[i]) * across + (y[d] - y[i]) * down) / (t[d] - t[i]) * 1000.0 if d > i else 0.0


@inlined
def scale_measures(stretch, i, scale, out, c):
    """Spread before and after, distance of the means, and speeds before, after and through sample i at one scale."""
    t, x, y, step, sums = stretch.t, stretch.x, stretch.y, stretch.step, stretch.sums
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


@kernel
def measure(stretch, bursts, piece, following, i, out):
    """All measures of sample i. following: the first burst whose peak comes after it, perhaps the number of bursts."""
    t, speed, facts = stretch.t, bursts.speed, bursts.facts
    now, previous = t[i], following - 1
    following = following if following < facts.shape[0] else -1
    mine, across, down = previous, 1.0, 0.0
    if following >= 0 and (previous < 0 or facts[following, BEGIN] - now < now - facts[previous, ENDS]):
        mine = following
    if mine >= 0:
        across, down = facts[mine, ACROSS], facts[mine, DOWN]
        burst_measures(stretch, i, speed[i], facts[mine], out)
    else:
        out[:END], out[END:20] = _CLOSE, 0.0
    neighbour_measures(now, facts, mine, following, out)
    out[26], out[27], out[28], out[SPEED] = speed[i] / stretch.noise, stretch.noise, stretch.step, speed[i]
    out[30] = min(_FAR, now - t[0]) if piece.opens else _FAR
    out[31] = min(_FAR, t[t.size - 1] - now) if piece.closes else _FAR
    lag_measures(stretch, i, across, down, out, 32)
    for k in range(len(SCALES)):
        scale_measures(stretch, i, SCALES[k], out, 35 + 6 * k)


@kernel
def look_at(gaze, piece, near, asked):
    """All that the measures of a piece need, and which samples are asked about."""
    noise = piece.noise
    stretch = Stretch(gaze.t, gaze.x, gaze.y, piece.step, noise, running_sums(gaze.x, gaze.y))
    least = max(near.peak_deg_s, near.peak_noise * noise)
    bursts = find_bursts(stretch, speeds(gaze, piece.step), least, max(6.0, 2.0 * noise))
    ask_near(gaze.t, bursts.edges, piece, near, asked)
    return stretch, bursts


@inlined
def burst_ahead(edges, following, i):
    """The first burst from `following` on whose peak comes after sample i."""
    while following < edges.shape[0] and edges[following, TOP] <= i:
        following += 1
    return following


@kernel
def shares_over_pieces(pieces, gaze, near, trees, asked, shares):
    """Which samples are asked about, and the probabilities of the classes there, float32, shape (samples, classes)."""
    row, scores, at = np.empty(MEASURES, np.float32), np.empty(CLASSES), np.empty(ROUND, np.uint64)
    for m in range(pieces.starts.size):
        part, piece, following = slice(pieces.starts[m], pieces.stops[m]), piece_of(pieces, m), 0
        here, chances = asked[part], shares[part]
        stretch, bursts = look_at(part_of(gaze, pieces.starts[m], pieces.stops[m]), piece, near, here)
        for i in np.flatnonzero(here):
            following = burst_ahead(bursts.edges, following, i)
            measure(stretch, bursts, piece, following, i, row)
            forest(row, trees, at, scores)
            chances[i] = scores


@kernel
def measures_over_pieces(pieces, gaze, near, asked, rows):
    """Which samples are asked about, and their measures, float32, shape (samples, MEASURES)."""
    for m in range(pieces.starts.size):
        start, piece, following = pieces.starts[m], piece_of(pieces, m), 0
        here = asked[start : pieces.stops[m]]
        stretch, bursts = look_at(part_of(gaze, start, pieces.stops[m]), piece, near, here)
        for i in np.flatnonzero(here):
            following = burst_ahead(bursts.edges, following, i)
            measure(stretch, bursts, piece, following, i, rows[start + i])
