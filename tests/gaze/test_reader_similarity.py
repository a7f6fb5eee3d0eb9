"""Scores by the relation of two readings, beside chance: planted readers, and GazeSearch where it lies."""

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest

from gazeanalytics.gaze.attention import Maps, cc, compare_maps, kl
from gazeanalytics.gaze.scanpaths import Grid, multimatch, pair_readings, path_distances, reader_similarity, string_edit

GRID = Grid(width_px=100, height_px=100, columns=5, rows=5)


def study(rng, case_weight, reader_weight, kinds=("person",) * 4, cases=15, length=7):
    """Readings whose scanpaths mix a path of the case, a habit of the reader and noise."""
    readings = pd.DataFrame([(r, c) for r in range(len(kinds)) for c in range(cases)], columns=["reader", "case"])
    readings = readings.assign(reading=np.arange(len(readings)), kind=[kinds[r] for r in readings["reader"]])
    paths, habits = rng.uniform(0, 100, (cases, length, 2)), rng.uniform(0, 100, (len(kinds), length, 2))
    steps = rng.uniform(0, 100, (len(readings), length, 2)) * (1 - case_weight - reader_weight)
    steps += case_weight * paths[readings["case"]] + reader_weight * habits[readings["reader"]]
    fixations = pd.DataFrame(steps.reshape(-1, 2), columns=["x", "y"])
    return fixations.assign(reading=np.repeat(readings["reading"].to_numpy(), length), duration=200.0), readings


def corrected(fixations, readings, measure, **more):
    found = reader_similarity(fixations, readings, measure, n_resamples=200, rng=0, **more)
    return found.set_index(["relation", "score"])


def test_readers_who_follow_the_case_are_alike_within_it():
    distances = corrected(*study(np.random.default_rng(0), 0.8, 0.0), path_distances, best=0.0)
    assert distances.loc[("between readers", "dtw_px"), "corrected_low"] > 0.3
    assert abs(distances.loc[("within reader", "dtw_px"), "corrected"]) < 0.1


def test_readers_with_habits_are_like_themselves():
    distances = corrected(*study(np.random.default_rng(1), 0.0, 0.8), path_distances, best=0.0)
    assert distances.loc[("within reader", "dtw_px"), "corrected"] > 0.5
    assert abs(distances.loc[("between readers", "dtw_px"), "corrected"]) < 0.2


def test_chance_is_0_on_noise_and_its_interval_holds_0():
    kinds = ("person", "person", "person", "model")
    fixations, readings = study(np.random.default_rng(2), 0.0, 0.0, kinds=kinds, cases=60)
    found = corrected(fixations, readings, partial(multimatch, width_px=100, height_px=100), n_partners=8)
    assert set(found.index.get_level_values(0)) == {
        *("between readers", "model and reader", "within reader", "model and reader - between readers")
    }
    assert found.loc[("model and reader", "shape"), "pairs"] == 180
    known = found[found["corrected"].notna()]
    assert known.index.get_level_values(1).unique().tolist() == ["shape", "direction", "length", "position"]
    assert known["corrected"].abs().max() < 0.1
    assert ((known["corrected_low"] < 0) & (known["corrected_high"] > 0)).mean() > 0.8


def test_means_are_those_of_the_pairs():
    fixations, readings = study(np.random.default_rng(3), 0.4, 0.0)
    found = corrected(fixations, readings, partial(string_edit, grid=GRID), best=0.0)
    plain = string_edit(fixations, grid=GRID, pairs=pair_readings(readings))
    assert found.loc[("between readers", "edits"), "mean"] == pytest.approx(plain["edits"].mean(), rel=1e-12)
    row = found.loc[("between readers", "edits")]
    assert row["corrected"] == pytest.approx((row["mean"] - row["chance"]) / (0 - row["chance"]), rel=1e-12)


def test_maps_are_compared_as_scanpaths_are():
    """A model that looks as a further reader would is as close to readers as they to one another; another isn't."""
    rng = np.random.default_rng(7)
    readings = pd.DataFrame([(r, c) for c in range(25) for r in "abcdefm"], columns=["reader", "case"])
    readings = readings.assign(reading=np.arange(175), kind=np.where(readings["reader"] == "m", "model", "person"))
    shared, own = rng.random((25, 6, 8)), rng.random((175, 6, 8))
    surfaces = shared[readings["case"]] + own
    maps = Maps(pd.Index(readings["reading"]), surfaces, np.full((175, 2), 100.0), np.full((175, 2), np.nan))
    found = corrected(maps, readings, partial(compare_maps, measures={"cc": cc, "kl_eps": partial(kl, eps=1e-12)}))
    row = found.loc[("model and reader - between readers", "cc")]
    assert row["corrected_low"] < 0 < row["corrected_high"]
    assert found.loc[("between readers", "cc"), "mean"] == pytest.approx(0.5, abs=0.08)
    alone = np.where((readings["kind"] == "model").to_numpy()[:, None, None], own, surfaces)
    found = corrected(replace(maps, surfaces=alone), readings, partial(compare_maps, measures={"cc": cc}))
    apart = found.loc[("model and reader - between readers", "cc")]
    assert apart["corrected_high"] < -0.2
    parts = found.loc[[("model and reader", "cc"), ("between readers", "cc")]]
    assert apart["mean"] == pytest.approx(parts["mean"].iloc[0] - parts["mean"].iloc[1], abs=1e-12)


def test_a_case_read_again_by_its_reader():
    fixations, readings = study(np.random.default_rng(8), 0.2, 0.6, cases=6)
    readings["case"] //= 2
    found = corrected(fixations, readings, path_distances)
    assert found.loc[("read again", "dtw_px"), "pairs"] == 12
    assert found.loc[("read again", "dtw_px"), "corrected"] > found.loc[("between readers", "dtw_px"), "corrected"]


def test_same_seed_same_answer_and_errors():
    fixations, readings = study(np.random.default_rng(4), 0.4, 0.0)
    one, two = (
        reader_similarity(fixations, readings, path_distances, best=0.0, n_resamples=20, rng=5) for _ in range(2)
    )
    pd.testing.assert_frame_equal(one, two)
    with pytest.raises(ValueError, match="'case' is absent"):
        reader_similarity(fixations, readings.drop(columns="case"), path_distances)
    with pytest.raises(ValueError, match=r"expected the kind person or model; got .'robot'"):
        reader_similarity(fixations, readings.assign(kind="robot"), path_distances)
    with pytest.raises(ValueError, match=r"the best that 'mine' can be isn't known; give best={'mine': 1\.0}"):
        reader_similarity(fixations, readings, lambda table, pairs: pairs.assign(mine=1.0))
    with pytest.raises(ValueError, match="needs a case read twice"):
        reader_similarity(fixations, readings.iloc[:1], path_distances)


@pytest.fixture(scope="module")
def gazesearch(shared_data):
    """Scanpaths of 224 x 224 images as a fixations table, and one row a reading."""
    (path,) = (shared_data / "gazesearch_cxr").glob("*.json")
    records = json.loads(path.read_text())
    lengths = [len(record["X"]) for record in records]
    columns = {"x": "X", "y": "Y", "duration": "T"}
    flat = {name: np.concatenate([record[key] for record in records]) for name, key in columns.items()}
    fixations = pd.DataFrame({"reading": np.repeat(np.arange(len(records)), lengths), **flat})
    readings = pd.DataFrame(records)[["name", "task", "split"]].assign(reading=np.arange(len(records)))
    return fixations.assign(duration=fixations["duration"] * 1000), readings


def test_gazesearch_same_image_other_finding(gazesearch):
    """Published scores of 4,062 pairs: the centre begins every path, those below 3 are padded with (1, 1)."""
    fixations, readings = gazesearch
    pairs = pair_readings(readings, same="name", different="task")
    assert len(pairs) == 4062
    centre = pd.DataFrame({"reading": readings["reading"], "x": 112.0, "y": 112.0, "duration": 1.0})
    pad = fixations.drop_duplicates("reading", keep=False).assign(x=1.0, y=1.0)
    table = pd.concat([centre, fixations, pad]).sort_values("reading", kind="stable", ignore_index=True)
    found = multimatch(table, width_px=224, height_px=224, pairs=pairs)
    ours = found[["shape", "direction", "length", "position"]].mean()
    assert ours.round(4).tolist() == [0.9287, 0.7043, 0.9282, 0.8430]
    assert round(ours.mean(), 4) == 0.8511


def test_equals_multimatch_gaze_on_gazesearch_but_for_ties(gazesearch):
    peer = pytest.importorskip("multimatch_gaze")
    fixations, readings = gazesearch
    pairs = pair_readings(readings, same="name", different="task").sample(150, random_state=1)
    ours = multimatch(fixations, width_px=224, height_px=224, pairs=pairs)
    kind = [("start_x", float), ("start_y", float), ("duration", float)]
    groups = fixations.set_index("reading").groupby(level=0)
    records = {reading: part.to_records(index=False).astype(kind) for reading, part in groups}
    theirs = [peer.docomparison(records[a], records[b], screensize=[224, 224]) for a, b in pairs.to_numpy()]
    apart = np.abs(ours[["shape", "direction", "length", "position", "duration"]].to_numpy() - np.array(theirs))
    assert (apart.max(axis=1) > 1e-12).mean() < 0.02
