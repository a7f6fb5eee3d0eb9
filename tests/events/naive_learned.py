"""Plain twins of the kernels behind the learned detector: lists, slices and no cleverness."""

import itertools

import numpy as np

FAR, CLOSE = 300.0, 200.0


def count(duration, step):
    return max(1, int(np.floor(duration / step + 0.5)))


def pieces(t, step, longest_gap):
    """Start and stop of the stretches between holes of 20 ms, and of more than two lost samples."""
    hole = min(longest_gap, max(20.0, 2.5 * step))
    cuts = [0, *(i for i in range(1, len(t)) if t[i] - t[i - 1] > hole), len(t)]
    return list(itertools.pairwise(cuts))


def noise(t, x, y, step):
    """Median change of velocity over at most some 2,000 windows of 16 ms that hold no gap."""
    reach, places = 2 * count(4, step), np.stack([x, y], axis=1)
    changes = []
    for i in range(0, len(t) - 2 * reach, max(1, len(t) // 2048)):
        a, b, c = places[[i, i + reach, i + 2 * reach]]
        if t[i + 2 * reach] - t[i] < 3 * reach * step:
            changes.append(np.linalg.norm((c - b) - (b - a)) / (reach * step) * 1000 / np.sqrt(2))
    return max(np.median(changes), 1e-3) if changes else 1.0


def velocity(t, places, step, i):
    a, b = max(i - count(4, step), 0), min(i + count(4, step), len(t) - 1)
    return (places[b] - places[a]) / (t[b] - t[a]) * 1000 if b > a else np.zeros(2)


def peaks(t, speed, least):
    padded, kept = np.concatenate(([-np.inf], speed, [-np.inf])), []
    for i in np.flatnonzero((speed > least) & (speed >= padded[:-2]) & (speed > padded[2:])):
        if kept and t[i] - t[kept[-1]] < 40:
            kept[-1] = max(kept[-1], i, key=lambda k: speed[k])
        else:
            kept.append(i)
    return kept


def walk(i, way, goes_on):
    """Go from sample i while the sample gone to, or the one stood on, lets it."""
    while goes_on(i, i + way):
        i += way
    return i


def edges(t, speed, step, low, top, high, still):
    """Rise, begin, dip before, fall, dip, second dip, top and end of a burst between samples low and high."""
    inside, steep = lambda k: low <= k <= high, max(0.15 * speed[top], still)
    rise = walk(top, -1, lambda _, k: inside(k) and speed[k] > steep)
    begin = walk(rise, -1, lambda i, k: inside(k) and speed[k] > still and t[top] - t[i] < 250)

    def undipped(i, k, share):
        dips = inside(k) and speed[i] < share * speed[top] and speed[k] >= speed[i]
        return inside(k) and not dips and abs(t[i] - t[top]) < 100

    dip_before = walk(top, -1, lambda i, k: undipped(i, k, 0.3))
    fall = walk(top, 1, lambda _, k: inside(k) and speed[k] > steep)
    dip = walk(top, 1, lambda i, k: undipped(i, k, 0.4))
    crest = walk(dip, 1, lambda i, k: inside(k) and speed[k] >= speed[i] and t[i] - t[dip] < 50)
    second = walk(crest, 1, lambda i, k: inside(k) and speed[k] <= speed[i] and t[i] - t[dip] < 50)
    end, k = dip, dip
    while k < high and t[k] - t[end] < 16 + step / 2 and t[k] - t[top] < 250:
        k += 1
        end = k if speed[k] > still else end
    return {
        "rise": rise, "begin": begin, "dip_before": dip_before, "fall": fall,
        "dip": dip, "second": second, "top": top, "end": end,
    }  # fmt: skip


def bursts(t, places, speed, step, spread):
    """Edges and facts of all bursts of a piece, by name."""
    tops, found = peaks(t, speed, max(18.0, 4.0 * spread)), []
    for before, top, after in zip([-1, *tops], tops, [*tops[1:], len(t)], strict=False):
        low, high, still = before + 1, after - 1, min(max(6.0, 2.0 * spread), 0.5 * speed[top])
        edge = edges(t, speed, step, low, top, high, still)
        begin, end, reach = edge["begin"], edge["end"], count(16, step)
        start = places[max(low, begin - reach) : begin + 1].mean(axis=0)
        stop = places[end : min(high, end + reach) + 1].mean(axis=0)
        way, size = velocity(t, places, step, top) / speed[top], np.linalg.norm(stop - start)
        path = np.linalg.norm(np.diff(places[begin : end + 1], axis=0), axis=1).sum()
        flight = (places[edge["fall"]] - places[max(edge["rise"] - 1, low)]) @ way
        found.append(
            {
                **edge, "way": way, "start": start, "stop": stop, "size": size, "peak": speed[top],
                "detour": path / (size + 1e-3) if path > 0 else 1.0, "flight": flight,
            }
        )  # fmt: skip
    return found


def asked(t, step, found, opens, closes):
    """Samples from 10 ms before a burst to 25 ms after it, and 150 ms from a hole."""
    near = np.zeros(len(t), bool)
    for burst in found:
        near |= (t >= t[burst["begin"]] - max(10.0, step)) & (t <= t[burst["end"]] + max(25.0, 1.5 * step))
    if opens:
        near |= t - t[0] < 150
    if closes:
        near |= t[-1] - t < 150
    return near


def clipped(value):
    return float(np.clip(value, -CLOSE, CLOSE))


def measures(t, places, speed, step, spread, found, ends, i):
    """All measures of sample i, in the kernel's order. ends: whether the piece begins and ends at a hole."""
    now, place = t[i], places[i]
    before = [burst for burst in found if burst["top"] <= i]
    after = [burst for burst in found if burst["top"] > i]
    past, future = before[-1] if before else None, after[0] if after else None
    mine = past
    if future and (past is None or t[future["begin"]] - now < now - t[past["end"]]):
        mine = future
    other = past if mine is future else future
    row = [CLOSE] * 7 + [0.0] * 13
    if mine:
        names = ("rise", "begin", "dip_before", "fall", "dip", "second", "top")
        to, (across, down) = place - mine["stop"], mine["way"]
        along = to @ mine["way"]
        row = [clipped(now - t[mine[name]]) for name in names]
        row += [(place - mine["start"]) @ mine["way"], along, abs(to[1] * across - to[0] * down)]
        row += [along / mine["size"] if mine["size"] > 0 else 0.0, speed[i] / mine["peak"]]
        row += [mine["peak"], t[mine["dip"]] - t[mine["begin"]], mine["peak"] / spread, mine["size"] / spread]
        row += [mine["detour"], mine["flight"], t[mine["end"]] - t[mine["begin"]], t[mine["fall"]] - t[mine["rise"]]]
    row += [clipped(now - t[other["top"]]), other["peak"]] if other else [CLOSE, 0.0]
    coming = future if mine is not future else None
    if coming:
        row += [t[coming["begin"]] - now, t[coming["rise"]] - now, coming["size"], coming["detour"]]
    else:
        row += [FAR, FAR, 0.0, 0.0]
    row += [speed[i] / spread, spread, step, speed[i]]
    row += [min(FAR, now - t[0]) if ends[0] else FAR, min(FAR, t[-1] - now) if ends[1] else FAR]
    way = mine["way"] if mine else np.array([1.0, 0.0])
    row += lags(t, places, step, i, way)
    return row + [value for scale in (8, 16, 32, 64, 128) for value in at_scale(t, places, step, i, scale)]


def lags(t, places, step, i, way):
    """Velocity along the way over the last 2 ms, over the 2 ms before those, and over the next 2 ms."""
    last, earlier = max(i - count(2, step), 0), max(i - max(2, count(4, step)), 0)
    spans = (last, i), (earlier, last), (i, min(i + count(2, step), len(t) - 1))
    return [(places[b] - places[a]) @ way / (t[b] - t[a]) * 1000 if b > a else 0.0 for a, b in spans]


def at_scale(t, places, step, i, scale):
    a, b = max(i - count(scale, step), 0), min(i + count(scale, step), len(t) - 1)
    past, future = places[a : i + 1], places[i : b + 1]
    spreads = [np.sqrt(part.var(axis=0).sum()) for part in (past, future)]
    apart = np.linalg.norm(future.mean(axis=0) - past.mean(axis=0))
    speeds = [
        np.linalg.norm(places[q] - places[p]) / max(t[q] - t[p], step) * 1000 for p, q in ((a, i), (i, b), (a, b))
    ]
    return [*spreads, apart, *speeds]


def forest(row, trees, rounds, lead):
    """Walk the trees one by one; stop after a round when a class leads clearly."""
    scores = trees.prior.copy()
    for place, (feature, threshold, value) in enumerate(zip(trees.feature, trees.threshold, trees.value, strict=True)):
        node = 0
        while node < len(feature):
            node = 2 * node + (2 if row[feature[node]] > threshold[node] else 1)
        scores += value[node - len(feature)]
        second, first = np.sort(scores)[-2:]
        if (place + 1) % rounds == 0 and first - second > lead:
            break
    return np.exp(scores) / np.exp(scores).sum()


def smooth(scores, leave, moves, shortest):
    """The best of all labellings whose runs last long enough (the first piece may be cut at its edge)."""
    n, best, answer = len(scores), -np.inf, None
    for labels in itertools.product(range(scores.shape[1]), repeat=n):
        runs = [(kind, len(list(group))) for kind, group in itertools.groupby(labels)]
        if any(length < shortest[kind] for kind, length in runs[1:]):
            continue
        value = sum(scores[i, k] for i, k in enumerate(labels))
        value += sum((length - 1) * leave[0, kind] for kind, length in runs)
        value += sum(leave[1, a] + moves[a, b] for (a, _), (b, _) in itertools.pairwise(runs))
        if value > best:
            best, answer = value, labels
    return answer


def blink(t, labels, margin):
    """Spread blink from the first sample on: what moves near the last that moved, and all between."""
    labels, edge = list(labels), 0
    for k in range(len(labels)):
        if t[k] - t[edge] > margin:
            break
        if labels[k] != 1:
            labels[edge : k + 1] = [5] * (k + 1 - edge)
            edge = k
    return labels


def drifts(t, x, y, step, labels):
    """Grid of some 16 ms over the rests of a reading: its spans, and how the eye drifts there."""
    places, every = np.stack([x, y], axis=1), max(1, int(16 / step))
    cuts = [0, *(i for i in range(1, len(t)) if labels[i] != labels[i - 1] or t[i] - t[i - 1] > 75), len(t)]
    spans, rows = [], []
    for i, stop in itertools.pairwise(cuts):
        if labels[i] == 1:
            for k in range(i, stop, every):
                spans.append([k, min(k + every, stop)])
                rows.append(drift(t, places, step, i, stop, k))
    return spans, rows


def mean_step(places, a, b, c, d):
    return places[c:d].mean(axis=0) - places[a:b].mean(axis=0)


def drift(t, places, step, i, stop, k):
    """Duration, distance, speed and straightness of the rest from i to stop; times to its ends; drift about k."""
    reach, few = max(1, min((stop - i) // 3, int(40 / step))), max(1, int(20 / step))
    way = mean_step(places, i, i + reach, stop - reach, stop)
    net = np.linalg.norm(way)
    path = sum(np.linalg.norm(mean_step(places, q - few, q, q, q + few)) for q in range(i + few, stop - few + 1, few))
    row = [t[stop - 1] - t[i] + step, net, net / max(t[stop - reach] - t[i], step) * 1000, net / path if path else 0.0]
    row += [t[k] - t[i], t[stop - 1] - t[k]]
    for scale in (32, 64, 128, 256):
        a, b = max(i, k - count(scale, step)), min(stop, k + count(scale, step) + 1)
        half = (b - a) // 2
        if half == 0:
            row += [0.0, 0.0, 0.0]
            continue
        part = mean_step(places, a, a + half, b - half, b)
        far = np.linalg.norm(part)
        row += [far / ((b - a - half) * step) * 1000, part @ way / (far * net) if far * net else 0.0, far]
    return row


def best_runs(scores, leave, moves, shortest):
    """As `smooth`, for more samples: the best way to each sample, run by run."""
    n, kinds = scores.shape
    best = {(0, -1): (0.0, [])}
    for stop in range(1, n + 1):
        for k in range(kinds):
            ways = []
            for start in range(stop):
                if start > 0 and stop - start < shortest[k]:
                    continue
                run = scores[start:stop, k].sum() + (stop - start - 1) * leave[0, k]
                for q in [-1] if start == 0 else [q for q in range(kinds) if q != k and (start, q) in best]:
                    value, labels = best[start, q]
                    change = 0.0 if q < 0 else leave[1, q] + moves[q, k]
                    ways.append((value + change + run, [*labels, *[k] * (stop - start)]))
            if ways:
                best[stop, k] = max(ways)
    return max(best[n, k] for k in range(kinds) if (n, k) in best)[1]


def smoothed(t, asked, shares, chain, step, ends, blink_margin, longest_saccade):
    """Labels of a piece: the best classes where the trees were asked, else rest; blinks at holes; no long saccade."""
    moves, lasting, switch = chain
    weight = min(1.0, 2.0 / step) ** 2
    leave = np.array([[0.0] * 4, [-switch * weight] * 4])
    shortest = [count(duration, step) for duration in lasting]
    labels, rest = [1] * len(t), np.array([[0.0, -50, -50, -50]] * shortest[0])
    for near, group in itertools.groupby(range(len(t)), key=lambda i: asked[i]):
        run = list(group)
        if near:
            before, after = rest[: shortest[0] * (run[0] > 0)], rest[: shortest[0] * (run[-1] + 1 < len(t))]
            scores = np.concatenate([before, np.log(np.maximum(shares[run], 1e-3)), after])
            found = best_runs(scores, leave, moves * weight, shortest)
            for i, kind in zip(run, found[len(before) :], strict=False):
                labels[i] = [1, 2, 3, 5][kind]
    if ends[0]:
        labels = blink(t, labels, blink_margin)
    if ends[1]:
        labels = blink(-t[::-1], labels[::-1], blink_margin)[::-1]
    for kind, group in itertools.groupby(range(len(t)), key=lambda i: labels[i]):
        run = list(group)
        if kind == 2 and t[run[-1]] - t[run[0]] + step > longest_saccade:
            for i in run:
                labels[i] = 6
    return labels
