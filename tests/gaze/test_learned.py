"""The learned detector: its kernels against plain twins and scikit-learn, its weights, and labels of one's own."""

import itertools

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import gaze
from gazeanalytics._kernels import events_learned as kernels
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
    scores = np.full((n, 5), -1e6)
    scores[:, :used] = rng.normal(0, 2, (n, used))
    leave, moves = np.log(rng.uniform(0.1, 0.9, (2, 5))), np.log(rng.uniform(0.1, 0.9, (5, 5)))
    shortest = np.array([3, 2, 1, 1, 1])
    labels = np.zeros(n, np.uint8)
    kernels.smooth(scores, leave, moves, shortest, labels)
    assert tuple(labels - 1) == naive_smooth(scores[:, :used], leave, moves, shortest)


def test_forest_answers_as_scikit_learn_does():
    from sklearn.ensemble import ExtraTreesClassifier

    from gazeanalytics.gaze.learned import _grow

    rng = np.random.default_rng(0)
    rows = rng.normal(size=(300, kernels.MEASURES)).astype(np.float32)
    classes = rng.integers(1, 4, 300)
    ensemble = ExtraTreesClassifier(5, max_depth=6, random_state=0).fit(rows, classes)
    trees = _grow(ensemble)
    shares = np.empty((300, 5))
    for row, out in zip(rows, shares, strict=True):
        kernels.forest(row.astype(float), *trees, out)
    assert np.allclose(shares[:, :3], ensemble.predict_proba(rows), atol=1e-6)
    assert not shares[:, 3:].any()


def test_measures_of_plain_motion():
    t = np.arange(100) * 2.0
    x = t * 0.05  # 50 deg/s to the right
    out = np.empty((100, kernels.MEASURES), np.float32)
    first = np.ones(100, np.uint8)
    bounds = np.array([0]), np.array([100])
    kernels.measures_over_readings(*bounds, t, x, np.zeros(100), first, 75.0, out, np.array([2.0]))
    middle = out[50]
    assert np.allclose(middle[[0, 1, 2, 4, 5, 6]], 50, rtol=1e-5)
    assert np.allclose(middle[[3, 7]], 1, rtol=1e-5)
    assert np.isclose(middle[8 + 4], 8 * 0.05, rtol=1e-5)  # means of 8 ms before and after are 8 ms apart
    assert middle[-4] == 2.0


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


def test_shipped_weights_tell_where_they_come_from_and_hold_no_objects():
    from gazeanalytics.gaze.learned import _shipped

    about = _shipped().about
    assert about["rates_hz"] == [30, 60, 120, 250, 500]
    assert "GPL-3.0" in about["repository"]
    assert len(about["persons"]) == 12
