"""The kernels of the learned detector against plain twins, scikit-learn and counting by hand."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from gazeanalytics._kernels.events import drift as events_drift
from gazeanalytics._kernels.events import learned as kernels
from gazeanalytics._kernels.events import pieces as events_pieces
from gazeanalytics._kernels.events import smoothing as events_smoothing
from gazeanalytics._kernels.events.forest import CLASSES, DEPTH, ROUND
from gazeanalytics._kernels.events.gaze import Gaze
from gazeanalytics.events.boosted_trees import Trees, _filled, grow

spec = importlib.util.spec_from_file_location("naive_learned", Path(__file__).with_name("naive_learned.py"))
naive = importlib.util.module_from_spec(spec)
spec.loader.exec_module(naive)

NEAR = kernels.Near(18.0, 4.0, 10.0, 25.0, 150.0)


def gaze_of(seed, n=400, step=2.0, spread=0.01):
    """Rests and saccades that swing, in degrees, on a clock that trembles and has holes."""
    rng = np.random.default_rng(seed)
    t = np.cumsum(rng.choice(np.array([1, 1, 1, 1, 1, 1, 1, 2, 1.25]) * step, n))
    t += 90.0 * (np.arange(n) > n // 2) + 30.0 * (np.arange(n) > 3 * n // 4)
    x, y = np.zeros(n), np.zeros(n)
    for begin in np.cumsum(rng.integers(60 / step, 160 / step, n)):
        since = np.maximum(t - t[min(begin, n - 1)], 0) * (np.arange(n) >= begin)
        rise = np.clip(since / 40, 0, 1)
        path = rise * rise * (3 - 2 * rise) + 0.08 * np.exp(-since / 15) * np.sin(since / 6) * (since > 0)
        x, y = x + rng.normal(0, 5) * path, y + rng.normal(0, 5) * path
    return t, x + rng.normal(0, spread, n), y + rng.normal(0, spread, n), step


CASES = [(seed, step, spread) for seed in (1, 2) for step in (1.0, 2.0, 8.0, 16.0) for spread in (0.01, 0.1)]


@pytest.mark.parametrize(("seed", "step", "spread"), CASES)
def test_pieces_and_noise_are_their_twins(seed, step, spread):
    t, x, y, step = gaze_of(seed, step=step, spread=spread)
    cut = 100
    starts, stops = np.array([0, cut, cut]), np.array([cut, cut, len(t)])
    pieces = events_pieces.pieces_of_readings(starts, stops, Gaze(t, x, y), 75.0, np.full(3, step))
    parts = [
        (a + start, a + stop, naive.noise(t[a:b], x[a:b], y[a:b], step), start > 0, a + stop < b)
        for a, b in ((0, cut), (cut, len(t)))
        for start, stop in naive.pieces(t[a:b], step, 75.0)
    ]
    assert np.allclose(np.stack(pieces, axis=1), [[a, b, step, *rest] for a, b, *rest in parts], rtol=1e-12)
    assert len(parts) > 2


def looked_at(seed, step, spread):
    """The last piece of a reading, which begins at a hole, as the kernel and as the twin see it."""
    t, x, y, step = gaze_of(seed, step=step, spread=spread)
    t, x, y = (each[len(t) // 2 + 1 :] for each in (t, x, y))
    piece = events_pieces.Piece(step, naive.noise(t, x, y, step), True, False)
    asked = np.zeros(len(t), bool)
    found = kernels.look_at(Gaze(t, x, y), piece, NEAR, asked)
    places = np.stack([x, y], axis=1)
    speed = np.array([np.linalg.norm(naive.velocity(t, places, step, i)) for i in range(len(t))])
    return found, asked, piece, (t, places, speed, step, piece.noise)


@pytest.mark.parametrize(("seed", "step", "spread"), CASES)
def test_bursts_are_their_twins(seed, step, spread):
    (_, (speed, edges, facts)), asked, _, (t, places, plain, *rest) = looked_at(seed, step, spread)
    assert np.allclose(speed, plain, rtol=1e-9, atol=1e-9)
    twins = naive.bursts(t, places, plain, *rest)
    names = ("rise", "begin", "dip_before", "fall", "dip", "second", "top", "end")
    assert edges.tolist() == [[burst[name] for name in names] for burst in twins]
    assert asked.tolist() == naive.asked(t, step, twins, True, False).tolist()
    assert np.allclose(facts[:, kernels.SIZE], [burst["size"] for burst in twins], rtol=1e-9)
    assert len(twins) > 1
    assert not asked.all() or step > 4


@pytest.mark.parametrize(("seed", "step", "spread"), CASES)
def test_measures_are_their_twins(seed, step, spread):
    (stretch, found), _, piece, (t, places, plain, *rest) = looked_at(seed, step, spread)
    twins = naive.bursts(t, places, plain, *rest)
    row = np.empty(kernels.MEASURES, np.float32)
    for i in range(0, len(t), 3):
        following = int(np.sum(found.edges[:, kernels.TOP] <= i))
        kernels.measure(stretch, found, piece, following, i, row)
        twin = naive.measures(t, places, plain, *rest, twins, (True, False), i)
        assert np.allclose(row, twin, rtol=2e-5, atol=2e-5)


def test_measures_without_any_burst_are_their_twin():
    t, still = np.arange(50) * 2.0, np.zeros(50)
    piece, asked = events_pieces.Piece(2.0, 1.0, False, True), np.zeros(50, bool)
    stretch, found = kernels.look_at(Gaze(t, still, still), piece, NEAR, asked)
    row = np.empty(kernels.MEASURES, np.float32)
    kernels.measure(stretch, found, piece, 0, 20, row)
    places = np.zeros((50, 2))
    assert np.allclose(row, naive.measures(t, places, still, 2.0, 1.0, [], (False, True), 20))


def test_shares_are_the_forest_of_the_measures():
    t, x, y, step = gaze_of(3, 900)
    gaze = Gaze(t, x, y)
    pieces = events_pieces.pieces_of_readings(np.array([0, 450]), np.array([450, 900]), gaze, 75.0, np.full(2, step))
    rng = np.random.default_rng(0)
    asked, rows = np.empty(900, bool), np.zeros((900, kernels.MEASURES), np.float32)
    kernels.measures_over_pieces(pieces, gaze, NEAR, asked, rows)
    trees = grow(rows[asked], rng.integers(0, 4, asked.sum()), np.ones(asked.sum()), 9, rng)
    again, shares = np.empty(900, bool), np.zeros((900, CLASSES), np.float32)
    kernels.shares_over_pieces(pieces, gaze, NEAR, trees.arrays(), again, shares)
    assert np.array_equal(asked, again)
    assert np.allclose(shares[asked], trees.shares(rows[asked]), atol=1e-7)
    assert not shares[~asked].any()


def test_forest_is_its_twin_and_learns():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(2000, 8)).astype(np.float32)
    classes = (rows[:, 0] > 0) + 2 * (rows[:, 1] * rows[:, 2] > 0)
    trees = grow(rows, classes, np.ones(2000), 60, np.random.default_rng(1))
    assert len(trees.feature) == 64
    shares = trees.shares(rows)
    assert np.allclose(shares, [naive.forest(row, trees, ROUND, 3) for row in rows], rtol=1e-12)
    assert (shares.argmax(axis=1) == classes).mean() > 0.9


def test_full_trees_answer_as_scikit_learn_does():
    from sklearn.tree import DecisionTreeRegressor

    rng = np.random.default_rng(2)
    rows = rng.integers(0, 9, size=(400, 5)).astype(np.float32)
    tree = DecisionTreeRegressor(max_depth=DEPTH, min_samples_leaf=9).fit(rows, rng.normal(size=(400, 4)))
    steps = rng.normal(size=(tree.tree_.node_count, 4))
    alone = _filled(tree.tree_, steps)
    full = Trees(np.zeros(4), *(np.stack([each, *[np.zeros_like(each)] * (ROUND - 1)]) for each in alone))
    scores = np.log(full.shares(rows))
    assert np.allclose(scores - scores[:, :1], (steps[:, :] - steps[:, :1])[tree.apply(rows)], atol=1e-5)


def test_trees_come_in_whole_rounds():
    with pytest.raises(ValueError, match="trees are walked 8 at a time; got 3"):
        Trees(np.zeros(4), np.zeros((3, 63), np.uint16), np.zeros((3, 63), np.float32), np.zeros((3, 64, 4)))


@pytest.mark.parametrize("seed", range(6))
def test_chain_finds_the_best_of_all_labellings(seed):
    rng = np.random.default_rng(seed)
    n, used = 7, 3
    scores = np.full((n, CLASSES), -1e6)
    scores[:, :used] = rng.normal(0, 2, (n, used))
    leave, moves = np.log(rng.uniform(0.1, 0.9, (2, 4))), np.log(rng.uniform(0.1, 0.9, (4, 4)))
    shortest = np.array([3, 2, 1, 1])
    labels = np.zeros(n, np.uint8)
    events_smoothing.smooth(scores, events_smoothing.ScaledChain(leave, moves, shortest), labels)
    assert tuple(labels) == naive.smooth(scores[:, :used], leave, moves, shortest)


def test_runs_are_labelled_one_by_one_with_rest_between():
    shares = np.tile(np.array([0.02, 0.94, 0.02, 0.02], np.float32), (30, 1))
    asked = np.zeros(30, bool)
    asked[3:9] = asked[15:17] = True
    chain = events_smoothing.ScaledChain(np.zeros((2, 4)), np.log(np.full((4, 4), 0.25)), np.array([2, 3, 1, 1]))
    labels = np.zeros(30, np.uint8)
    events_smoothing.label_runs(asked, shares, chain, labels)
    # Two samples are too few for a saccade, which must last three.
    assert labels.tolist() == [1] * 3 + [2] * 6 + [1] * 21


def shares_of(rng, n):
    """Chances that keep to one class for five samples or more, and which samples are asked about."""
    shares = np.repeat(rng.dirichlet([0.4] * 4, n // 5), 5, axis=0) + 0.1 * rng.dirichlet([1] * 4, n)
    return (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32), np.repeat(rng.random(n // 5) < 0.6, 5)


def test_smoothing_of_pieces_is_its_twin():
    n, cut, met = 160, 70, set()
    for seed, step in enumerate([2.0, 2.0, 2.0, 4.0, 8.0]):
        rng = np.random.default_rng(seed)
        t, limits = np.arange(n) * step + 60.0 * (np.arange(n) >= cut), events_smoothing.Limits(5.0 * step, 9.0 * step)
        shares, asked = shares_of(rng, n)
        lasting = np.array([30.0, 14.0, 8.0, 20.0])
        chain = events_smoothing.ClassChain(np.log(rng.uniform(0.1, 0.9, (4, 4))), lasting, 1.5)
        bounds, ends = np.array([[0, cut], [cut, n]]), np.array([[False, True], [True, False]])
        pieces = events_pieces.Pieces(*bounds.T.copy(), np.full(2, step), np.ones(2), *ends.T.copy())
        labels = np.zeros(n, np.uint8)
        events_smoothing.smooth_over_pieces(pieces, t, limits, chain, asked, shares, labels)
        twin = []
        for (a, b), beside in zip(bounds, ends, strict=True):
            twin += naive.smoothed(t[a:b], asked[a:b], shares[a:b], chain, step, beside, *limits)
        assert labels.tolist() == twin
        met |= set(twin)
    assert met == {1, 2, 3, 5, 6}


@pytest.mark.parametrize("seed", range(6))
def test_blink_spreads_as_its_twin_does(seed):
    rng = np.random.default_rng(seed)
    t, labels = np.arange(60) * 2.0, rng.choice([1, 1, 1, 1, 2, 3], 60).astype(np.uint8)
    expected = naive.blink(t, labels, 12.0)
    backwards = labels[::-1].copy()
    events_smoothing.spread_blink(t, 12.0, 1, labels)
    events_smoothing.spread_blink(t, 12.0, -1, backwards)
    assert labels.tolist() == expected == backwards[::-1].tolist()


def test_saccade_that_no_eye_makes_is_noise():
    labels = np.repeat([1, 2, 1, 2, 1], [10, 60, 10, 61, 10]).astype(np.uint8)
    events_smoothing.refuse_long(np.arange(labels.size) * 2.0, 2.0, 120.0, labels)
    assert labels.tolist() == np.repeat([1, 2, 1, 6, 1], [10, 60, 10, 61, 10]).tolist()


@pytest.mark.parametrize(("seed", "step", "spread"), CASES)
def test_drifts_are_their_twins(seed, step, spread):
    t, x, y, step = gaze_of(seed, step=step, spread=spread)
    labels = np.repeat(np.random.default_rng(seed).choice([1, 1, 2, 3], len(t) // 20), 20).astype(np.uint8)
    spans, rows = events_drift.drifts(Gaze(t, x, y), step, 75.0, labels)
    twin_spans, twin_rows = naive.drifts(t, x, y, step, labels)
    assert spans.tolist() == twin_spans
    assert np.allclose(rows, twin_rows, rtol=2e-4, atol=2e-4)


def test_drift_of_a_rest():
    t = np.arange(200) * 2.0
    spans, rows = events_drift.drifts(Gaze(t, t * 0.01, np.zeros(200)), 2.0, 75.0, np.ones(200, np.uint8))
    assert spans[:3].tolist() == [[0, 8], [8, 16], [16, 24]]
    middle = rows[12]
    assert middle[0] == 400
    assert np.allclose(middle[[2, 6, 9]], 10, rtol=1e-3)  # deg/s: the whole rest, 32 ms, 64 ms
    assert np.isclose(middle[7], 1, rtol=1e-5)  # towards the same side


def test_what_likely_pursues_is_pursuit():
    labels = np.ones(20, np.uint8)
    shares = np.array([[0.4, 0.6, 0, 0], [0.5, 0.5, 0, 0], [0.1, 0.9, 0, 0]])
    events_drift.pursue(np.array([[0, 4], [4, 8], [12, 16]]), shares, labels)
    assert labels.tolist() == [4] * 4 + [1] * 8 + [4] * 4 + [1] * 4
