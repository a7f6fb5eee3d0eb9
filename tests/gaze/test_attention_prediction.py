"""Maps judged by gaze between floor and ceiling, on planted attention; intervals against their formula."""

import numpy as np
import pandas as pd
import pytest

from gazeanalytics.gaze._bootstrap import percentile_interval, redraw, weighted_means
from gazeanalytics.gaze.attention import (
    PREDICTION_MEASURES,
    Maps,
    auc_judd,
    auc_shuffled,
    cc,
    density,
    information_gain,
    judge_maps,
    kl,
    model_maps,
    nss,
    other_cases,
    predict_gaze,
    sim,
    summarise_judged,
)
from gazeanalytics.geometry import Viewing

VIEWING = Viewing.from_px_per_deg(10, 100, 80)
CELLS = (16, 20)


@pytest.fixture(scope="module")
def study():
    """Five readers of 12 cases look near a place of the case, each 6 times; and the places."""
    rng = np.random.default_rng(0)
    images = pd.DataFrame([(r, c) for c in range(12) for r in range(5)], columns=["reader", "case"])
    images = images.assign(reading=np.arange(60), width=100, height=80)
    targets = rng.uniform(15, 65, (12, 2))
    rows = np.repeat(np.arange(60), 6)
    places = targets[images["case"].to_numpy()[rows]] + rng.normal(0, 8, (360, 2))
    fixations = pd.DataFrame({"reading": rows, "x": places[:, 0], "y": places[:, 1], "duration": 200.0})
    return fixations, images, targets


def cursor_at(targets):
    table = pd.DataFrame({"reading": range(len(targets)), "x": targets[:, 0], "y": targets[:, 1], "duration": 1.0})
    images = pd.DataFrame({"reading": range(len(targets)), "width": 100, "height": 80})
    return density(table, images, viewing=VIEWING, cells=CELLS)


def test_rows_are_the_measures_of_the_three_maps(study):
    fixations, images, targets = study
    found = predict_gaze(cursor_at(targets), fixations, images, viewing=VIEWING, n_resamples=20, rng=0)
    own = density(fixations, images, viewing=VIEWING, cells=CELLS)
    floor = other_cases(fixations, images, viewing=VIEWING, cells=CELLS)
    place = images.query("case == 3 and reader == 2")["reading"].item()
    held = fixations.query("reading == @place")
    x, y = own.cells(held["x"].to_numpy(), held["y"].to_numpy(), 0)
    others = sum(own[k] for k in images.query("case == 3 and reader != 2")["reading"])
    rows = found.readings.query("reading == @place").set_index("predictor")
    for predictor, surface in (
        ("prediction", cursor_at(targets)[3]),
        ("other readers", others),
        ("other cases", floor[3]),
    ):
        expected = [nss(surface, x, y), cc(surface, own[place]), auc_judd(surface, x, y)]
        assert rows.loc[predictor, ["nss", "cc", "auc"]].tolist() == pytest.approx(expected, rel=1e-9)
    means = found.cases.groupby("predictor")["nss"].mean()
    listed = found.summary.query("measure == 'nss'").set_index("predictor")["mean"]
    assert listed.to_dict() == pytest.approx(means.to_dict(), rel=1e-12)


def test_every_measure_is_that_of_the_maps(study):
    fixations, images, targets = study
    shared = {"viewing": VIEWING, "measures": PREDICTION_MEASURES}
    scores = judge_maps(cursor_at(targets), fixations, images, **shared)
    own = density(fixations, images, viewing=VIEWING, cells=CELLS)
    floor = other_cases(fixations, images, viewing=VIEWING, cells=CELLS)
    place = images.query("case == 3 and reader == 2")["reading"].item()
    x, y = own.cells(*fixations.query("reading == @place")[["x", "y"]].to_numpy().T, 0)
    elsewhere = fixations[~fixations["reading"].isin(images.query("case == 3")["reading"])]
    others = own.cells(*elsewhere[["x", "y"]].to_numpy().T, 0)
    on = (others[0] >= 0) & (others[0] < CELLS[1]) & (others[1] >= 0) & (others[1] < CELLS[0])
    surface = cursor_at(targets)[3]
    row = scores.query("reading == @place and predictor == 'prediction'").iloc[0]
    expected = {
        "auc_shuffled": auc_shuffled(surface, x, y, (others[0][on], others[1][on])),
        "gain_over_other_cases_bits": information_gain(surface, floor[3], x, y, eps=2.2204e-16),
        "sim": sim(surface, own[place]),
        "kl_eps_2e-16": kl(surface, own[place], eps=2.2204e-16),
    }
    assert row[list(expected)].to_dict() == pytest.approx(expected, rel=1e-9)
    summary = summarise_judged(scores, n_resamples=20, rng=0).summary
    assert summary["measure"].unique().tolist() == list(PREDICTION_MEASURES)
    gain = summary.query("predictor == 'other cases' and measure == 'gain_over_other_cases_bits'")
    assert gain["mean"].item() == pytest.approx(0, abs=1e-12)


def test_model_maps_keep_their_mass_and_the_crop():
    rng = np.random.default_rng(3)
    surfaces = {"b": rng.random((7, 9)), "a": rng.random((64, 48))}
    images = pd.DataFrame({"case": ["a", "b"], "width": [100, 300], "height": [80, 90]})
    whole = model_maps(surfaces, images, cells=(16, 20))
    assert whole.keys.tolist() == ["b", "a"]
    assert whole.size_px.tolist() == [[300, 90], [100, 80]]
    for key, surface in surfaces.items():
        assert whole[key].sum() == pytest.approx(surface.sum(), rel=1e-12)
    np.testing.assert_allclose(whole["a"][0, 0], surfaces["a"][:4, :2].sum() + 0.4 * surfaces["a"][:4, 2].sum())
    shown = images.assign(shown_x0=0, shown_y0=[0, 45], shown_x1=[52.5, 300], shown_y1=[80, 90])
    cut = model_maps(surfaces, shown, cells=(16, 20))
    assert (cut["b"][:8] == 0).all()
    np.testing.assert_array_equal(cut["b"][8:], whole["b"][8:])
    np.testing.assert_allclose(cut["a"][:, 10], whole["a"][:, 10] / 2)
    assert (cut["a"][:, 11:] == 0).all()
    with pytest.raises(ValueError, match="a map of 'z', but no image of that case"):
        model_maps({"z": np.ones((2, 2))}, images, cells=(2, 2))
    with pytest.raises(ValueError, match=r"needs rows and columns; got shape \(2, 2, 3\); take one channel"):
        model_maps({"a": np.ones((2, 2, 3))}, images, cells=(2, 2))
    with pytest.raises(ValueError, match=r"the lowest is -1\.0; shift it first"):
        model_maps({"a": np.array([[-1.0]])}, images, cells=(1, 1))


def test_share_is_0_for_other_cases_and_1_for_the_readers_own_level(study):
    fixations, images, targets = study
    floor = other_cases(fixations, images, viewing=VIEWING, cells=CELLS)
    low = predict_gaze(floor, fixations, images, viewing=VIEWING, n_resamples=50, rng=0).summary
    assert low["share"].dropna().tolist() == pytest.approx([0] * 3, abs=1e-12)
    high = predict_gaze(cursor_at(targets), fixations, images, viewing=VIEWING, n_resamples=50, rng=0).summary
    assert high.query("predictor == 'prediction'")["share"].gt(0.8).all()
    assert (high["conf_low"] <= high["mean"]).all()
    assert (high["mean"] <= high["conf_high"]).all()
    wrong = predict_gaze(cursor_at(targets[::-1]), fixations, images, viewing=VIEWING, n_resamples=50, rng=0).summary
    assert wrong.query("predictor == 'prediction'")["share"].lt(0.4).all()


def test_errors_tell_what_to_do(study):
    fixations, images, targets = study
    with pytest.raises(ValueError, match="'reader' is absent"):
        predict_gaze(cursor_at(targets), fixations, images.drop(columns="reader"), viewing=VIEWING)
    strange = Maps(pd.Index(["x"]), np.ones((1, *CELLS)), np.array([[100, 80]]), np.ones((1, 2)))
    with pytest.raises(ValueError, match="needs 2 or more cases with a predicted map"):
        predict_gaze(strange, fixations, images, viewing=VIEWING)


def test_intervals_of_one_factor_have_the_width_of_the_mean_s_error():
    values = np.random.default_rng(1).normal(0, 1, (400, 1))
    drawn = redraw(lambda counts: weighted_means(values, counts[0]), [400], n_resamples=2000, rng=0)
    error = values.std() / 20
    assert drawn.std() == pytest.approx(error, rel=0.06)
    assert np.ptp(percentile_interval(drawn)[:, 0]) == pytest.approx(2 * 1.96 * error, rel=0.08)
    assert np.isnan(weighted_means(np.full((3, 1), np.nan), np.ones(3))[0])
    assert np.isnan(percentile_interval(np.full((5, 1), np.nan))).all()
