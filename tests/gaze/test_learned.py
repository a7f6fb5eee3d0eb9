"""The learned detector: its kernels against plain twins and scikit-learn, its weights, and labels of one's own."""

import itertools

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import gaze
from gazeanalytics._kernels import events_drift
from gazeanalytics._kernels import events_learned as kernels
from gazeanalytics.gaze.boosting import Trees, _filled, grow
from gazeanalytics.geometry import Viewing

VIEW = Viewing(512.0, 384.0, 1800.0, 1800.0)


def labelled(seed, n=1500):
    """Two rounds of fixations with saccades of human length, and the true labels."""
    rng = np.random.default_rng(seed)
    x, labels = np.full(n, 300.0), np.ones(n, int)
    i, to = 100, 600.0
    while i < n - 100:
        length = round((21 + 2.2 * 9.5) / 2)
        x[i : i + length] += (to - x[i]) * (1 - np.cos(np.linspace(0, np.pi, length))) / 2
        labels[i : i + length] = 2
        x[i + length :] = to
        to = 900.0 - to
        i += length + int(rng.integers(80, 160))
    x += rng.normal(0, 0.3, n)
    y = 300 + rng.normal(0, 0.3, n)
    return pd.DataFrame({"reading": seed, "t": np.arange(n) * 2.0, "x": x, "y": y}), labels


def naive_smooth(scores, leave, moves, shortest):
    """The best of all labellings whose runs last long enough (the first and last piece may be cut at the edges)."""
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


@pytest.mark.parametrize("seed", range(6))
def test_chain_finds_the_best_of_all_labellings(seed):
    rng = np.random.default_rng(seed)
    n, used = 7, 3
    scores = np.full((n, kernels.CLASSES), -1e6)
    scores[:, :used] = rng.normal(0, 2, (n, used))
    leave, moves = np.log(rng.uniform(0.1, 0.9, (2, 4))), np.log(rng.uniform(0.1, 0.9, (4, 4)))
    shortest = np.array([3, 2, 1, 1])
    labels = np.zeros(n, np.uint8)
    kernels.smooth(scores, leave, moves, shortest, labels)
    assert tuple(labels) == naive_smooth(scores[:, :used], leave, moves, shortest)


def naive_forest(row, trees):
    """Walk the trees one by one; stop after every fifth when a class leads by more than 3."""
    scores = trees.prior.copy()
    for place, (feature, threshold, value) in enumerate(zip(trees.feature, trees.threshold, trees.value, strict=True)):
        node = 0
        while node < len(feature):
            node = 2 * node + (2 if row[feature[node]] > threshold[node] else 1)
        scores += value[node - len(feature)]
        second, first = np.sort(scores)[-2:]
        if (place + 1) % 5 == 0 and first - second > 3:
            break
    return np.exp(scores) / np.exp(scores).sum()


def test_forest_is_its_twin_and_learns():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(2000, 8)).astype(np.float32)
    classes = (rows[:, 0] > 0) + 2 * (rows[:, 1] * rows[:, 2] > 0)
    trees = grow(rows, classes, np.ones(2000), 40, np.random.default_rng(1))
    shares = trees.shares(rows)
    assert np.allclose(shares, [naive_forest(row, trees) for row in rows], rtol=1e-12)
    assert (shares.argmax(axis=1) == classes).mean() > 0.9


def test_full_trees_answer_as_scikit_learn_does():
    from sklearn.tree import DecisionTreeRegressor

    rng = np.random.default_rng(2)
    rows = rng.integers(0, 9, size=(400, 5)).astype(np.float32)
    tree = DecisionTreeRegressor(max_depth=kernels.DEPTH, min_samples_leaf=9).fit(rows, rng.normal(size=(400, 4)))
    steps = rng.normal(size=(tree.tree_.node_count, 4))
    full = Trees(np.zeros(4), *(each[None] for each in _filled(tree.tree_, steps)))
    scores = np.log([naive_forest(row, full) for row in rows])
    assert np.allclose(scores - scores[:, :1], (steps[:, :] - steps[:, :1])[tree.apply(rows)], atol=1e-5)


def gaze_of(seed, n=400):
    """Whole numbers on a clock that trembles: rests, jumps and ties."""
    rng = np.random.default_rng(seed)
    t = np.cumsum(rng.choice([2.0, 2.0, 2.0, 4.0], n))
    x = np.cumsum(rng.choice([0, 0, 0, 0, 1, -1, 2], n)).astype(float)
    return t, x, rng.integers(0, 3, n).astype(float)


@pytest.mark.parametrize("seed", range(4))
def test_motion_is_its_twin(seed):
    t, x, y = gaze_of(seed)
    motion, half = kernels.motion_of(t, x, y, 2.0), 2
    for i in range(len(t)):
        a, b = max(i - half, 0), min(i + half, len(t) - 1)
        velocity = np.array([x[b] - x[a], y[b] - y[a]]) / (t[b] - t[a]) * 1000
        assert np.allclose(motion[:, i], [*velocity, np.hypot(*velocity)], rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_peaks_are_their_twin(seed):
    t, x, y = gaze_of(seed)
    speed = kernels.motion_of(t, x, y, 2.0)[2]
    padded = np.concatenate(([-np.inf], speed, [-np.inf]))
    kept = []
    for i in np.flatnonzero((speed > 300) & (speed >= padded[:-2]) & (speed > padded[2:])):
        if kept and t[i] - t[kept[-1]] < 40:
            kept[-1] = max(kept[-1], i, key=lambda k: speed[k])
        else:
            kept.append(i)
    assert kernels.find_peaks(t, speed, 300.0).tolist() == kept
    assert len(kept) > 2


@pytest.mark.parametrize("seed", range(4))
def test_measures_at_a_scale_are_their_twin(seed):
    t, x, y = gaze_of(seed)
    sums, out = kernels.running_sums(x, y), np.zeros(6)
    for i in range(0, len(t), 7):
        assert kernels.scale_measures(t, x, y, 2.0, sums, i, 16.0, out, 0) == 6
        a, b = max(i - 8, 0), min(i + 8, len(t) - 1)
        past, future = np.stack([x[a : i + 1], y[a : i + 1]]), np.stack([x[i : b + 1], y[i : b + 1]])
        spreads = [np.sqrt(part.var(axis=1).sum()) for part in (past, future)]
        apart = np.hypot(*(future.mean(axis=1) - past.mean(axis=1)))
        speeds = [np.hypot(x[q] - x[p], y[q] - y[p]) / max(t[q] - t[p], 2) * 1000 for p, q in ((a, i), (i, b), (a, b))]
        assert np.allclose(out, [*spreads, apart, *speeds], rtol=1e-9, atol=1e-5)


def naive_blink(t, labels, margin):
    """Spread blink from the first sample on: what moves near the last that moved, and all between."""
    labels, edge = list(labels), 0
    for k in range(len(labels)):
        if t[k] - t[edge] > margin:
            break
        if labels[k] != 1:
            labels[edge : k + 1] = [5] * (k + 1 - edge)
            edge = k
    return labels


@pytest.mark.parametrize("seed", range(6))
def test_blink_spreads_as_its_twin_does(seed):
    rng = np.random.default_rng(seed)
    t, labels = np.arange(60) * 2.0, rng.choice([1, 1, 1, 1, 2, 3], 60).astype(np.uint8)
    expected = naive_blink(t, labels, 12.0)
    backwards = labels[::-1].copy()
    kernels.spread_blink(t, 12.0, 1, labels)
    kernels.spread_blink(t, 12.0, -1, backwards)
    assert labels.tolist() == expected == backwards[::-1].tolist()


def test_saccade_that_no_eye_makes_is_noise():
    labels = np.repeat([1, 2, 1, 2, 1], [10, 60, 10, 61, 10]).astype(np.uint8)
    kernels.refuse_long(np.arange(labels.size) * 2.0, 2.0, 120.0, labels)
    assert labels.tolist() == np.repeat([1, 2, 1, 6, 1], [10, 60, 10, 61, 10]).tolist()


def test_measures_of_plain_motion():
    t = np.arange(100) * 2.0
    x = t * 0.05  # 50 deg/s to the right
    rows, asked = np.zeros((100, kernels.MEASURES), np.float32), np.zeros(100, bool)
    settings = np.array([75.0, 18.0, 4.0, 10.0, 25.0, 150.0, 100.0, 120.0])
    bounds = np.array([0]), np.array([100])
    kernels.measures_over_readings(*bounds, t, x, np.zeros(100), settings, rows, asked, np.array([2.0]))
    assert asked.any()
    row = rows[asked][asked.sum() // 2]
    assert np.allclose(row[[31, 32, 33, 34, 38, 39, 40]], 50, rtol=1e-4)  # speed, lags, speeds at 8 ms
    assert np.isclose(row[37], 8 * 0.05, rtol=1e-4)  # means of 8 ms before and after are 8 ms apart


def test_drift_of_a_rest():
    t = np.arange(200) * 2.0
    spans, rows = events_drift.drifts(t, t * 0.01, np.zeros(200), 2.0, 75.0, np.ones(200, np.uint8))
    assert spans[:3].tolist() == [[0, 8], [8, 16], [16, 24]]
    middle = rows[12]
    assert middle[0] == 400
    assert np.allclose(middle[[2, 6, 9]], 10, rtol=1e-3)  # deg/s: the whole rest, 32 ms, 64 ms
    assert np.isclose(middle[7], 1, rtol=1e-5)  # towards the same side


def test_cost_of_a_run_does_not_depend_on_what_lies_far_away():
    parts = [labelled(seed)[0] for seed in (1, 2)]
    later = parts[1].assign(reading=1, t=parts[1]["t"] + parts[0]["t"].iloc[-1] + 500)
    together = gaze.learned(pd.concat([parts[0].assign(reading=1), later], ignore_index=True), VIEW).labels
    apart = np.concatenate([gaze.learned(part, VIEW).labels for part in parts])
    assert (together == apart).mean() > 0.98


def test_fit_learns_labels_and_keeps_them(tmp_path):
    parts = [labelled(seed) for seed in (1, 2)]
    model = gaze.fit_detector(
        pd.concat([s for s, _ in parts]), np.concatenate([y for _, y in parts]), VIEW, trees=5, rng=1
    )
    model.save(tmp_path / "mine.npz")
    again = gaze.LearnedModel.load(tmp_path / "mine.npz")
    samples, truth = labelled(3)
    labels = gaze.learned(samples, VIEW, model=again).labels
    assert np.array_equal(labels, gaze.learned(samples, VIEW, model=model).labels)
    kappa = gaze.agreement(labels, truth, classes=["saccade"])["kappa"].iloc[0]
    assert kappa > 0.97
    assert again.about["rates_hz"] == [500]


def test_fit_refuses_labels_that_do_not_fit():
    samples, truth = labelled(1, 300)
    with pytest.raises(ValueError, match=r"labels must have one row a sample, 300; came shape \(299,\)"):
        gaze.fit_detector(samples, truth[1:], VIEW)
    with pytest.raises(ValueError, match="at least two of fixation, saccade"):
        gaze.fit_detector(samples, np.ones(300, int), VIEW)
    with pytest.raises(ValueError, match=r"places in gaze\.LABELS, whole numbers from 0 to 6"):
        gaze.fit_detector(samples, truth + 9, VIEW)


def test_pursuit_needs_a_model_that_knows_it():
    samples, truth = labelled(1)
    model = gaze.fit_detector(samples, truth, VIEW, trees=2, rng=0)
    with pytest.raises(ValueError, match="the labels that `model` learned from hold none"):
        gaze.learned(samples, VIEW, model=model, pursuit=True)


def test_shipped_weights_tell_where_they_come_from_and_hold_no_objects():
    from gazeanalytics.gaze.learned import _shipped

    about = _shipped().about
    assert about["rates_hz"] == [30, 60, 120, 250, 500]
    assert "GPL-3.0" in about["repository"]
    assert len(about["persons"]) == 12
