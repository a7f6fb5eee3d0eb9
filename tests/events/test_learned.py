"""The learned detector: its weights, and labels of one's own."""

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import events
from gazeanalytics.geometry import Viewing
from gazeanalytics.simulate import Design, simulate_samples

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


def test_labels_are_hardly_changed_by_what_lies_beyond_a_hole():
    parts = [labelled(seed)[0] for seed in (1, 2)]
    later = parts[1].assign(reading=1, t=parts[1]["t"] + parts[0]["t"].iloc[-1] + 500)
    together = events.detect(
        pd.concat([parts[0].assign(reading=1), later], ignore_index=True), VIEW, detector="learned"
    ).labels
    apart = np.concatenate([events.detect(part, VIEW, detector="learned").labels for part in parts])
    assert (together == apart).mean() > 0.98


def test_fit_learns_labels_and_keeps_them(tmp_path):
    parts = [labelled(seed) for seed in (1, 2)]
    model = events.fit_detector(
        pd.concat([s for s, _ in parts]), np.concatenate([y for _, y in parts]), VIEW, n_trees=5, rng=1
    )
    model.save(tmp_path / "mine.npz")
    again = events.LearnedModel.load(tmp_path / "mine.npz")
    samples, truth = labelled(3)
    labels = events.detect(samples, VIEW, settings=events.LearnedSettings(model=again)).labels
    assert np.array_equal(labels, events.detect(samples, VIEW, settings=events.LearnedSettings(model=model)).labels)
    kappa = events.agreement(labels, truth, classes=["saccade"])["kappa"].iloc[0]
    assert kappa > 0.97
    assert again.about["rates_hz"] == [500]


def test_weights_of_another_format_are_refused(tmp_path):
    samples, truth = labelled(1)
    events.fit_detector(samples, truth, VIEW, n_trees=2, rng=0).save(tmp_path / "mine.npz")
    with np.load(tmp_path / "mine.npz") as stored:
        np.savez(tmp_path / "older.npz", **{name: stored[name] for name in stored if name != "format"})
    with pytest.raises(ValueError, match=r"older\.npz: holds no weights of this detector; train them with"):
        events.LearnedModel.load(tmp_path / "older.npz")


def test_fit_refuses_labels_that_do_not_fit():
    samples, truth = labelled(1, 300)
    with pytest.raises(ValueError, match=r"labels must have one row a sample, 300; got shape \(299,\)"):
        events.fit_detector(samples, truth[1:], VIEW)
    with pytest.raises(ValueError, match="at least two of fixation, saccade"):
        events.fit_detector(samples, np.ones(300, int), VIEW)
    with pytest.raises(ValueError, match=r"places in events\.LABELS, whole numbers from 0 to 6"):
        events.fit_detector(samples, truth + 9, VIEW)


def test_pursuit_needs_a_model_that_knows_it():
    samples, truth = labelled(1)
    model = events.fit_detector(samples, truth, VIEW, n_trees=2, rng=0)
    with pytest.raises(ValueError, match="the labels that `model` learned from held none"):
        events.detect(samples, VIEW, settings=events.LearnedSettings(model=model, pursuit=True))


def test_shipped_weights_tell_where_they_come_from_and_hold_no_objects():
    from gazeanalytics.events.learned_model import shipped

    about = shipped().about
    assert about["rates_hz"] == [30, 60, 120, 250, 500]
    assert "GPL-3.0" in about["repository"]
    assert len(about["persons"]) == 12


@pytest.mark.parametrize("detector", ["learned", "cascade"])
@pytest.mark.parametrize("rate_hz", [60, 120, 500, 1000, 2000])
def test_planted_saccades_are_found_at_any_rate(rate_hz, detector):
    rng = np.random.default_rng(0)
    x, y = rng.uniform(100, 900, (2, 12 * 20))
    flights = 21 + 2.2 * np.hypot(np.diff(x, prepend=x[0]), np.diff(y, prepend=y[0])) / 40
    lasting = rng.uniform(150, 400, x.size)
    fixations = pd.DataFrame({"reading": np.arange(x.size) // 20, "duration": lasting, "x": x, "y": y})
    onset = np.cumsum(lasting + flights) - lasting
    fixations.insert(1, "onset", onset - pd.Series(onset).groupby(fixations["reading"]).transform("min"))
    images = pd.DataFrame({"reading": range(12), "width": 1000, "height": 1000})
    samples = simulate_samples(fixations, images, rate_hz=rate_hz, rng=1)
    screen = Design().screen
    view = screen.viewing()
    scale = min(screen.width_px, screen.height_px) / 1000
    image_view = Viewing(500.0, 500.0, view.distance_x_px / scale, view.distance_y_px / scale)
    labels = events.detect(samples, image_view, detector=detector).labels
    found = events.event_agreement(samples, labels, samples["event"].to_numpy(), classes=["saccade"])
    assert found["f1"].iloc[0] > 0.93
