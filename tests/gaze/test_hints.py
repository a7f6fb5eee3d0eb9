"""Hints handed to a model, and what they changed: geometry by hand, McNemar from the binomial, files read back."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from gazeanalytics import tables
from gazeanalytics.gaze.attention import Maps
from gazeanalytics.gaze.attention.hints import hint_effect, hints, write_hints


def one_map(surface, width, height, key="u"):
    return Maps(pd.Index([key]), np.asarray(surface, float)[None], np.array([[width, height]]), np.ones((1, 2)))


def test_patches_join_across_corners_and_rank_by_attention():
    surface = np.zeros((6, 8))
    surface[0, 0] = surface[1, 1] = 10
    surface[4:6, 6:8] = 9
    surface[3, 3] = 4.9
    found = hints(one_map(surface, 80, 60))
    assert found[["x0", "y0", "x1", "y1"]].to_numpy().tolist() == [[60, 40, 80, 60], [0, 0, 20, 20]]
    assert found["share"].to_numpy() == pytest.approx([36 / 60.9, 20 / 60.9])
    assert found[["x", "y"]].to_numpy().tolist() == [[65, 45], [5, 5]]
    assert len(hints(one_map(surface, 80, 60), threshold=0.4)) == 3
    assert len(hints(one_map(surface, 80, 60), max_patches=1)) == 1
    assert hints(one_map(surface * 0, 80, 60)).empty
    with pytest.raises(
        ValueError, match="threshold: expected a share of the map's maximum, above 0 and at most 1; got 2"
    ):
        hints(one_map(surface, 80, 60), threshold=2)


def test_boxes_stay_in_the_image_and_the_grid():
    rng = np.random.default_rng(0)
    maps = Maps(pd.RangeIndex(20), rng.random((20, 9, 7)) ** 4, np.full((20, 2), [333, 517]), np.ones((20, 2)))
    found = hints(maps, max_patches=99)
    grid = found.filter(like="_1000")
    assert ((grid >= 0) & (grid <= 1000)).all(axis=None)
    assert (found["x1"] <= 333 + 1e-9).all()
    assert (found["y1"] <= 517 + 1e-9).all()
    assert (found["x1"] > found["x0"]).all()
    assert found.groupby("case")["share"].sum().le(1 + 1e-9).all()


def test_files_can_be_read_back(tmp_path):
    from PIL import Image

    surface = np.zeros((3, 4))
    surface[2, 3] = 5
    keys = pd.Index(["plain", "../evil", "con", "a/b", "a b"])
    maps = Maps(keys, np.stack([surface] * 5), np.full((5, 2), [40, 30]), np.ones((5, 2)))
    names = write_hints(maps, tmp_path / "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new"]
    assert len({*names["heat_map"]}) == 5
    image = np.array(Image.open(tmp_path / "new" / "plain.png"))
    assert image.shape == (30, 40)
    assert image.dtype == np.uint8
    assert np.unravel_index(image.argmax(), image.shape) == (25, 35)
    hint = json.loads((tmp_path / "new" / names["hint"][1]).read_text())
    assert hint["case"] == "../evil"
    assert hint["boxes_px"] == [[30.0, 20.0, 40.0, 30.0]]
    assert hint["points_1000"] == [[875, 833]]


def answers(rng, present, flips):
    return np.where(rng.random(len(present)) < flips, ~present, present)


@pytest.fixture
def study():
    rng = np.random.default_rng(1)
    truth = pd.DataFrame({"case": np.repeat(np.arange(60), 3), "finding": np.tile(["a", "b", "c"], 60)})
    truth["present"] = rng.random(180) < 0.4
    before = truth.assign(present=answers(rng, truth["present"].to_numpy(), 0.35))
    after = truth.assign(present=answers(rng, truth["present"].to_numpy(), 0.2))
    return before, after, truth


def test_shares_and_mcnemar_by_hand(study):
    before, after, truth = study
    found = hint_effect(before, after, truth, n_resamples=300, rng=0)
    tables.check(found, "estimates")
    found = found.set_index("term")
    real, said, hinted = (frame["present"].to_numpy() for frame in (truth, before, after))
    missed, invented = real & ~said, ~real & said
    assert found.loc["missed findings recovered", "estimate"] == pytest.approx(hinted[missed].mean())
    assert found.loc["hallucinations removed", "estimate"] == pytest.approx((~hinted[invented]).mean())
    assert found.loc["hallucinations removed", "n"] == invented.sum()
    gained, lost = (missed & hinted).sum(), (real & said & ~hinted).sum()
    assert found.loc["sensitivity change", "estimate"] == pytest.approx((gained - lost) / real.sum())
    p_value = min(1, 2 * binom.cdf(min(gained, lost), gained + lost, 0.5))
    assert found.loc["sensitivity change", "p_value"] == pytest.approx(p_value)
    assert (found["conf_low"] <= found["estimate"]).all()
    assert (found["estimate"] <= found["conf_high"]).all()


def test_no_change_is_no_effect(study):
    before, _, truth = study
    found = hint_effect(before, before.sample(frac=1, random_state=0), truth, n_resamples=50, rng=0).set_index("term")
    assert found["estimate"].tolist() == [0.0] * 6
    assert found.loc[["sensitivity change", "specificity change"], "p_value"].tolist() == [1.0, 1.0]


def test_many_findings_in_a_case_widen_the_interval():
    rng = np.random.default_rng(2)
    cases = np.repeat(np.arange(20), 30)
    truth = pd.DataFrame({"case": cases, "finding": np.tile(np.arange(30), 20), "present": True})
    before, helped = truth.assign(present=False), rng.random(20) < 0.5
    whole = hint_effect(before, truth.assign(present=helped[cases]), truth, n_resamples=400, rng=0).iloc[0]
    scattered = truth.assign(present=rng.random(600) < 0.5)
    alone = hint_effect(before, scattered, truth, n_resamples=400, rng=0).iloc[0]
    assert whole["std_error"] > 3 * alone["std_error"]
    assert whole["std_error"] == pytest.approx(np.sqrt(0.25 / 20), rel=0.25)


def test_errors_tell_what_to_do(study):
    before, after, truth = study
    with pytest.raises(ValueError, match=r"without the hint need each .* once; got twice: model, 0, a"):
        hint_effect(pd.concat([before, before]), after, truth)
    with pytest.raises(ValueError, match="'finding' is absent"):
        hint_effect(before, after.drop(columns="finding"), truth)
    with pytest.raises(ValueError, match="no case and finding is answered with and without"):
        hint_effect(before, after.assign(case=after["case"] + 99), truth)
