"""Errors of search: the numbers of a real study, and small cases by hand."""

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import gaze
from gazeanalytics.geometry import Viewing


def test_interiors(shared_data):
    """7,455 searches of 57 readers; the target is a box of 72 px."""
    trials = pd.read_csv(shared_data / "interiors_search" / "trials.csv.gz")
    fixations = pd.read_csv(shared_data / "interiors_search" / "fixations.csv.gz").rename(
        columns={"trial": "reading", "x_px": "x", "y_px": "y", "onset_ms": "onset", "duration_ms": "duration"}
    )
    regions = trials.drop_duplicates("case").rename(columns=lambda name: name.replace("target_", ""))
    regions = regions.assign(region="target", kind="lesion")
    images = trials.rename(columns={"trial": "reading"})
    reported = images.loc[images["target_found"] == 1, ["reading"]].assign(region="target")
    lesions = gaze.lesions_to_find(regions, images, reported)
    errors = gaze.search_errors(fixations.sort_values(["reading", "onset"]), lesions, radius_px=72)
    counts = errors.sensitivity.query("min_dwell_ms == 1000").set_index("radius")[["search", "recognition", "decision"]]
    assert counts.loc[36].tolist() == [3304, 91, 1]
    assert counts.loc[72].tolist() == [3036, 346, 14]
    assert counts.loc[108].tolist() == [2660, 662, 74]
    found = errors.lesions[errors.lesions["reported"] & errors.lesions["outcome"].notna()]
    assert (found["outcome"] == "hit").mean() == pytest.approx(0.959, abs=5e-4)
    assert errors.lesions["outcome"].isna().sum() == (trials["n_fix"] == 0).sum()


@pytest.fixture
def two_looks():
    return pd.DataFrame(
        {
            "reading": 0,
            "onset": [0.0, 300, 600, 900],
            "duration": [200.0, 250, 250, 300],
            "x": [0.0, 300, 300, 40],
            "y": [0.0, 400, 0, 0],
        }
    )


def test_dwell_first_and_ratio_by_hand(two_looks):
    lesions = pd.DataFrame({"reading": [0], "x": [300.0], "y": [10.0]})
    row = gaze.search_errors(two_looks, lesions, radius_px=10, min_dwell_ms=250).lesions.iloc[0]
    assert row[["dwell_time_ms", "time_to_first_fixation_ms", "outcome"]].tolist() == [250, 600, "decision"]
    assert row["scanpath_ratio"] == pytest.approx(300 / 900)
    assert gaze.search_errors(two_looks, lesions, radius_px=9.99).lesions["outcome"].tolist() == ["search"]


def test_degrees_are_exact_angles(two_looks):
    viewing = Viewing.from_px_per_deg(30, 600, 400)
    away = float(viewing.angle(40, 0, 60, 15))
    lesions = pd.DataFrame({"reading": [0], "x": [60.0], "y": [15.0], "reported": [True]})
    for scale, outcome in ((1 + 1e-12, "hit"), (1 - 1e-9, "reported_not_fixated")):
        errors = gaze.search_errors(two_looks, lesions, radius_deg=away * scale, viewing=viewing)
        assert errors.lesions["outcome"].tolist() == [outcome]
    assert errors.unit == "deg"


def test_dwell_grows_with_the_radius():
    rng = np.random.default_rng(0)
    fixations = pd.DataFrame({"reading": np.repeat(np.arange(20), 15), "onset": np.tile(np.arange(15) * 300.0, 20)})
    fixations = fixations.assign(duration=200.0, x=rng.uniform(0, 1000, 300), y=rng.uniform(0, 1000, 300))
    lesions = pd.DataFrame({"reading": range(20), "x": 500.0, "y": 500.0})
    table = gaze.search_errors(fixations, lesions, radius_px=200, factors=[0.5, 1, 2]).sensitivity
    by_radius = table[table["min_dwell_ms"] == 1000].sort_values("radius")
    assert by_radius["search"].is_monotonic_decreasing
    assert by_radius["decision"].is_monotonic_increasing
    assert (table[["search", "recognition", "decision"]].sum(axis=1) == 20).all()


def test_what_is_not_known_has_no_outcome(two_looks):
    lesions = pd.DataFrame({"reading": [0, 1], "x": [300.0, 300.0], "y": [0.0, 0.0]})
    made = gaze.search_errors(two_looks.drop(columns="duration"), lesions, radius_px=10).lesions
    assert made["outcome"].isna().all()
    assert made["fixated"].tolist() == [True, pd.NA]


def test_errors_say_what_to_do(two_looks):
    lesions = pd.DataFrame({"reading": [0], "x": [300.0], "y": [0.0]})
    with pytest.raises(ValueError, match=r"expected radius_deg \(with viewing\) or radius_px, one of the two"):
        gaze.search_errors(two_looks, lesions)
    with pytest.raises(ValueError, match="radius_deg needs a viewing"):
        gaze.search_errors(two_looks, lesions, radius_deg=2.5)
    with pytest.raises(ValueError, match="the radius must be above 0; got -1"):
        gaze.search_errors(two_looks, lesions, radius_px=-1)
