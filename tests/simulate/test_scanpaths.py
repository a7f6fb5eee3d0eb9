"""Planted strategies and outcomes must show in the fixations."""

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import tables
from gazeanalytics._kernels.simulate import scanpaths as kernels
from gazeanalytics.geometry import Viewing
from gazeanalytics.simulate import STRATEGIES, Design, simulate_fixations, simulate_readings, viewing_of
from gazeanalytics.simulate.anatomy import ORGANS
from gazeanalytics.simulate.scanpaths import _CHECKLIST, CURVATURE_DEG


@pytest.fixture(scope="module")
def study():
    return simulate_readings(Design(readers=30, cases=60), rng=31)


@pytest.fixture(scope="module")
def fixations(study):
    """Fixations, their reading's truth, amplitude of the next saccade and distance from the chest's middle."""
    table = simulate_fixations(study, rng=32)
    people = study.persons()
    frame = people.frame().set_index("reading")
    rows = frame.loc[table["reading"]].reset_index(drop=True)
    table = pd.concat((table, rows[["strategy", "miss", "present", "present_truth", "case", "target"]]), axis=1)
    view = viewing_of(people.images(), study.design.screen).rows(len(people.readings))
    view = view[pd.Index(people.readings["reading"]).get_indexer(table["reading"])]
    viewing = Viewing(*view.T)
    last = table["reading"].ne(table["reading"].shift(-1))
    angle = viewing.angle(table["x"], table["y"], table["x"].shift(-1), table["y"].shift(-1))
    table["amplitude_deg"] = np.where(last, np.nan, angle)
    table["pause"] = (table["onset"].shift(-1) - table["onset"] - table["duration"]).mask(last)
    organs = study.regions[study.regions["kind"] == "organ"].groupby("case")
    middle = (organs[["x0", "y0"]].min() + organs[["x1", "y1"]].max().to_numpy()) / 2
    off = middle.loc[table["case"]].to_numpy()
    table["eccentricity_deg"] = viewing.angle(table["x"], table["y"], off[:, 0], off[:, 1])
    return table


def in_target(study, fixations):
    lesions = study.regions[study.regions["kind"] == "lesion"].rename(columns={"finding": "target"})
    box = fixations[["case", "target"]].merge(lesions, on=["case", "target"], how="left")
    return (
        (fixations["x"].to_numpy() >= box["x0"])
        & (fixations["x"].to_numpy() <= box["x1"])
        & (fixations["y"].to_numpy() >= box["y0"])
        & (fixations["y"].to_numpy() <= box["y1"])
    )


def test_fixations_keep_to_their_contract_and_models_have_none(study, fixations):
    tables.check(fixations, "fixations")
    people = study.readings[study.readings["reader"].str.startswith("reader")]
    assert set(fixations["reading"]) == set(people["reading"])
    count = fixations.groupby("reading").size()
    assert count.between(8, 60).all()
    assert count.median() == pytest.approx(28, abs=6)


def test_gaze_stays_in_the_image(study, fixations):
    size = study.cases.set_index("case").loc[fixations["case"], ["width", "height"]].to_numpy()
    assert fixations["x"].between(0, size[:, 0]).all()
    assert fixations["y"].between(0, size[:, 1]).all()


def test_pause_between_fixations_is_the_span_of_the_saccade(study, fixations):
    """Exact in the model of Dai et al. for each reader's top speed."""
    rows = fixations.dropna(subset="amplitude_deg")
    speed = study.habits().set_index(study.readings["reading"])["top_speed_deg_s"].loc[rows["reading"]].to_numpy()
    amplitude = rows["amplitude_deg"].to_numpy()
    size = amplitude / CURVATURE_DEG
    late = 2 - np.exp(-size)
    expected = np.log(5) / 2 + size - (late - 1) / 2 + late / 2 * np.log(10 * late / (1 + late))
    expected *= 1000 * CURVATURE_DEG / speed
    np.testing.assert_allclose(rows["pause"], expected, rtol=1e-9, atol=1e-9)


def test_central_search_is_long_small_and_near_the_middle(fixations):
    mean = (
        fixations[fixations["purpose"] == "pattern"]
        .groupby("strategy")[["duration", "amplitude_deg", "eccentricity_deg"]]
        .median()
    )
    assert mean["duration"].idxmax() == "central"
    assert mean["amplitude_deg"].idxmin() == "central"
    assert mean["eccentricity_deg"].idxmin() == "central"
    assert mean["eccentricity_deg"].idxmax() == "circumferential"
    assert mean["duration"].idxmin() == "circumferential"


def test_holistic_search_begins_wide_and_brief(fixations):
    order = fixations.groupby("reading").cumcount()
    early = fixations[order.between(1, 4)].groupby("strategy")
    assert early["amplitude_deg"].median().idxmax() == "holistic"
    assert early["duration"].median().idxmin() == "holistic"
    later = fixations[order > 10].groupby("strategy")["duration"].median()
    assert later["holistic"] > 1.6 * early["duration"].median()["holistic"]


def test_circumferential_search_winds_round_the_chest(study, fixations):
    organs = study.regions[study.regions["kind"] == "organ"].groupby("case")
    middle = (
        ((organs[["x0", "y0"]].min() + organs[["x1", "y1"]].max().to_numpy()) / 2).loc[fixations["case"]].to_numpy()
    )
    pattern = fixations[fixations["purpose"] == "pattern"]
    keep = (fixations["purpose"] == "pattern").to_numpy()
    angle = np.arctan2(fixations["y"] - middle[:, 1], fixations["x"] - middle[:, 0])[keep]
    turned = (angle.diff() + np.pi) % (2 * np.pi) - np.pi
    turned[pattern["reading"].ne(pattern["reading"].shift())] = 0
    turns = (turned.groupby(pattern["reading"]).sum() / (2 * np.pi)).abs()
    by_strategy = turns.groupby(pattern.groupby("reading")["strategy"].first()).median()
    assert by_strategy["circumferential"] > 1.0
    assert by_strategy.idxmax() == "circumferential"
    assert by_strategy[["central", "holistic"]].max() < 0.75


def test_systematic_search_keeps_the_order_of_its_list(study, fixations):
    """Readings of the same reader go through the organs in the same order: rank correlation of place with time."""
    names = list(ORGANS)
    organs = study.regions[study.regions["kind"] == "organ"]
    boxes = organs[["x0", "y0", "x1", "y1"]].to_numpy().reshape(-1, len(names), 4)
    case = pd.Index(study.cases["case"]).get_indexer(fixations["case"])
    middle = (boxes[case, :, :2] + boxes[case, :, 2:]) / 2
    gap = np.hypot(
        fixations["x"].to_numpy()[:, None] - middle[:, :, 0], fixations["y"].to_numpy()[:, None] - middle[:, :, 1]
    )
    rank = pd.Series(np.argsort([names.index(name) for name in _CHECKLIST])[gap.argmin(axis=1)], fixations.index)
    pattern = fixations["purpose"] == "pattern"
    correlation = pd.DataFrame({"rank": rank, "onset": fixations["onset"], "reading": fixations["reading"]})[pattern]
    by_reading = correlation.groupby("reading")[["rank", "onset"]].corr(method="spearman").iloc[::2, 1].droplevel(1)
    strategy = fixations.groupby("reading")["strategy"].first()
    assert by_reading.groupby(strategy).median()["systematic"] > 0.8
    assert by_reading.groupby(strategy).median().drop("systematic").max() < 0.5


def test_misses_are_of_their_kind(study, fixations):
    inside = in_target(study, fixations)
    dwell = (fixations["duration"] * inside).groupby(fixations["reading"]).sum()
    miss = fixations.groupby("reading")["miss"].first().fillna("none")
    there = fixations.groupby("reading")["present_truth"].first()
    assert (dwell[miss == "search"] == 0).all()
    assert (dwell[miss == "recognition"] > 0).mean() > 0.95
    assert (dwell[miss == "recognition"] < 800).all()
    assert (dwell[miss == "decision"] >= 1000).mean() > 0.95
    assert (dwell[there & (miss == "none")] >= 600).mean() > 0.95


def test_a_missed_lesion_in_search_never_enters_the_useful_field(study, fixations):
    rows = fixations[fixations["miss"] == "search"]
    lesions = study.regions[study.regions["kind"] == "lesion"].rename(columns={"finding": "target"})
    box = rows[["case", "target"]].merge(lesions, on=["case", "target"], how="left")
    people = study.persons()
    view = viewing_of(people.images(), study.design.screen).rows(len(people.readings))
    view = view[pd.Index(people.readings["reading"]).get_indexer(rows["reading"])]
    away = Viewing(*view.T).angle(rows["x"], rows["y"], (box["x0"] + box["x1"]) / 2, (box["y0"] + box["y1"]) / 2)
    assert away.min() > 2.4, "flat-screen angles off the centre are a few percent below those at the centre"


def test_false_alarm_dwells_on_its_decoy(fixations):
    alarm = fixations["present"] & ~fixations["present_truth"]
    decoy = (fixations["purpose"] == "decoy").groupby(fixations["reading"]).any()
    assert (decoy == alarm.groupby(fixations["reading"]).first()).mean() > 0.99


def test_same_seed_same_path(study):
    pd.testing.assert_frame_equal(simulate_fixations(study, rng=1), simulate_fixations(study, rng=1))


@pytest.mark.parametrize("point", [(5.0, 5.0), (1.0, 5.0), (9.0, 4.0), (5.0, 0.5), (5.0, 9.9)])
def test_pushed_out_of_a_box_and_still_in_the_image(point):
    x, y = kernels.push_out(*point, np.array([0.0, 0.0, 10.0, 10.0]), 2.0, 12.0, 20.0)
    assert x == 12.0 or y == 12.0
    assert kernels.push_out(11.0, 5.0, np.array([0.0, 0.0, 10.0, 10.0]), 2.0, 12.0, 20.0) == (11.0, 5.0)


def test_every_strategy_is_known_to_the_kernel():
    codes = (kernels.SYSTEMATIC, kernels.CIRCUMFERENTIAL, kernels.CENTRAL, kernels.HOLISTIC)
    assert [STRATEGIES[code] for code in codes] == ["systematic", "circumferential", "central", "holistic"]
