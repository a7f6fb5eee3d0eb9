"""Kaplan-Meier curves against survfit (numbers by r/outcomes.R), and readings cut into periods."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import stats

FOLDER = Path(__file__).with_name("r")
AT = [0.5, 1, 2, 3, 5, 8]


@pytest.fixture(scope="module")
def data():
    return pd.read_csv(FOLDER / "outcomes.csv")


@pytest.fixture(scope="module")
def r():
    return json.loads((FOLDER / "outcomes.json").read_text())


def at_times(curve):
    return curve.iloc[np.searchsorted(curve["time"], AT, side="right") - 1]


def test_independent_readings_equal_survfit(data, r):
    curve = at_times(stats.kaplan_meier(data, time="time", seen="seen", clusters=()))
    for column, name in (
        ("survival", "survival"),
        ("std_error", "std_error"),
        ("conf_low", "low"),
        ("conf_high", "high"),
    ):
        np.testing.assert_allclose(curve[column], r["survfit"][name], rtol=1e-10)


@pytest.mark.parametrize(("cluster", "count"), [("reader", 12), ("case", 25)])
def test_one_cluster_equals_survfit_but_for_the_small_sample_factor(data, r, cluster, count):
    curve = at_times(stats.kaplan_meier(data, time="time", seen="seen", clusters=[cluster]))
    np.testing.assert_allclose(
        curve["std_error"] * np.sqrt((count - 1) / count), r[f"survfit_{cluster}"]["std_error"], rtol=1e-10
    )


def test_curves_by_group_equal_survfit(data, r):
    curves = stats.kaplan_meier(data, time="time", seen="seen", by="late", clusters=["case"])
    found = pd.concat([at_times(curves[curves["late"] == late]) for late in (0, 1)])
    np.testing.assert_allclose(found["survival"], r["survfit_by"]["survival"], rtol=1e-10)
    np.testing.assert_allclose(found["std_error"] * np.sqrt(24 / 25), r["survfit_by"]["std_error"], rtol=1e-10)


def test_two_clusters_are_no_narrower_than_either(data):
    both = stats.kaplan_meier(data, time="time", seen="seen")["std_error"]
    for cluster in ("reader", "case"):
        alone = stats.kaplan_meier(data, time="time", seen="seen", clusters=[cluster])["std_error"]
        assert (both >= alone - 1e-12).all()


def test_many_times_are_thinned():
    rng = np.random.default_rng(1)
    data = pd.DataFrame({"time": rng.exponential(size=3000), "seen": 1, "reader": np.arange(3000) % 9})
    curve = stats.kaplan_meier(data, time="time", seen="seen", clusters=["reader"])
    assert 190 < len(curve) <= 200
    np.testing.assert_allclose(curve["survival"], np.exp(-curve["time"]), atol=0.04)


@pytest.mark.parametrize(
    ("changes", "clusters", "message"),
    [
        ({"seen": 2}, ["reader"], "expected 'seen' to be 1 where it was seen and 0 where not; got other values"),
        ({"time": -1.0}, ["reader"], "expected times from 0 in 'time'; got -1"),
        ({}, ["reader", "case", "x"], "expected two clusters at most, such as reader and case; got reader, case, x"),
        ({"reader": 1}, ["reader"], "expected at least two clusters (readers or cases) for each curve; got one"),
    ],
)
def test_what_makes_no_curve(data, changes, clusters, message):
    with pytest.raises(stats.ModelError) as caught:
        stats.kaplan_meier(data.assign(**changes), time="time", seen="seen", clusters=clusters)
    assert str(caught.value) == message


def test_periods_give_a_planted_hazard_ratio_where_a_third_is_censored():
    rng = np.random.default_rng(5)
    data = pd.DataFrame({"reader": np.repeat(np.arange(20), 40), "x": rng.integers(0, 2, 800)})
    hazard = np.exp(-1 + 0.7 * data["x"] + rng.normal(0, 0.4, 20)[data["reader"]])
    time, limit = rng.exponential(1 / hazard), rng.exponential(3.0, 800)
    data = data.assign(time_s=np.minimum(time, limit), seen=time <= limit)
    assert 0.25 < 1 - data["seen"].mean() < 0.5
    rows = stats.person_periods(data, time="time_s", seen="seen", breaks=[0, 0.5, 1, 2, 4, 8])
    formula = "seen_here ~ period + x + (1 | reader) + offset(log_exposure)"
    table = stats.mixed(formula, rows, family="binomial", link="cloglog").estimates().set_index("term")
    assert table.loc["x", "conf_low"] < 0.7 < table.loc["x", "conf_high"]
    assert abs(table.loc["x", "estimate"] - 0.7) < 0.2
    assert rows["seen_here"].sum() == (data["seen"] & (data["time_s"] <= 8)).sum()


def test_breaks_rise_from_zero(data):
    with pytest.raises(stats.ModelError) as caught:
        stats.person_periods(data, time="time", seen="seen", breaks=[1, 2])
    assert str(caught.value) == "breaks: expected numbers that rise from 0, such as [0, 2, 4]; got [1, 2]"
