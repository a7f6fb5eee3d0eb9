"""Main sequence against other programs, directions and steps by hand."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.optimize import curve_fit

from gazeanalytics import gaze, tables
from gazeanalytics.geometry import Viewing


def saccades_of(readings, each, rng, *, spread=0.0):
    """Saccades with V = 480 deg/s and c = 6 deg, `spread` between readings and some noise."""
    count = readings * each
    amplitude = rng.gamma(2.0, 3.0, count) + 0.2
    top = np.repeat(480 + spread * rng.standard_normal(readings), each)
    speed = top * -np.expm1(-amplitude / 6) * np.exp(0.05 * rng.standard_normal(count))
    table = pd.DataFrame({"reading": np.repeat(np.arange(readings), each), "onset": np.tile(np.arange(each), readings)})
    return table.assign(duration=40.0, x0=0.0, y0=0.0, x1=1.0, y1=1.0, amplitude_deg=amplitude, peak_speed_deg_s=speed)


def test_exponential_equals_scipy():
    saccades = saccades_of(10, 50, np.random.default_rng(1))
    made = tables.check(gaze.main_sequence(saccades), "estimates")
    expected, _ = curve_fit(
        lambda a, v, c: v * -np.expm1(-a / c), saccades["amplitude_deg"], saccades["peak_speed_deg_s"], p0=[400, 5]
    )
    assert made["estimate"].to_numpy() == pytest.approx(expected, rel=1e-6)


def test_power_equals_statsmodels():
    saccades = saccades_of(12, 30, np.random.default_rng(2), spread=40)
    made = gaze.main_sequence(saccades, curve="power").set_index("term")
    design = sm.add_constant(np.log(saccades["amplitude_deg"].to_numpy()))
    fit = sm.OLS(np.log(saccades["peak_speed_deg_s"].to_numpy()), design).fit(
        cov_type="cluster", cov_kwds={"groups": saccades["reading"].to_numpy()}, use_t=True
    )
    assert made.loc["exponent", "estimate"] == pytest.approx(fit.params[1], rel=1e-10)
    assert made.loc["exponent", "std_error"] == pytest.approx(fit.bse[1], rel=1e-10)
    assert made[["conf_low", "conf_high"]].to_numpy() == pytest.approx(
        np.vstack([np.exp(fit.conf_int()[0]), fit.conf_int()[1]]), rel=1e-9
    )


def test_interval_covers_the_truth():
    """Readings differ in top speed; 95 % intervals of 120 studies hold the mean in about as many."""
    rng = np.random.default_rng(5)
    hits = 0
    for _ in range(120):
        row = gaze.main_sequence(saccades_of(25, 20, rng, spread=50)).iloc[0]
        # The noise on log speed lifts the mean by exp(sd^2 / 2).
        hits += row["conf_low"] <= 480 * np.exp(0.05**2 / 2) <= row["conf_high"]
    assert 0.88 <= hits / 120 <= 0.995


def test_one_reading_has_no_interval():
    made = gaze.main_sequence(saccades_of(1, 30, np.random.default_rng(3)))
    assert made[["std_error", "conf_low", "conf_high", "df"]].isna().all(axis=None)
    assert made["note"].tolist() == ["one reading: no interval"] * 2


def test_steps_equal_the_features():
    rng = np.random.default_rng(4)
    fixations = pd.DataFrame(
        {"reading": np.repeat([3, 1], [9, 6]), "onset": [*range(0, 2700, 300), *range(0, 1800, 300)]}
    )
    fixations = fixations.assign(duration=250.0, x=rng.uniform(0, 900, 15), y=rng.uniform(0, 700, 15))
    images = pd.DataFrame({"reading": [1, 2, 3], "case": "a", "width": 900, "height": 700})
    viewing = Viewing(np.array([450.0, 1, 400]), 350.0, np.array([1500.0, 1, 1600]), np.array([1500.0, 1, 1400]))
    steps = tables.check(gaze.steps_between(fixations, viewing, images), "saccades")
    made = gaze.scanpath_features(fixations, viewing, images).set_index("reading")
    assert steps.groupby("reading")["amplitude_deg"].sum().to_dict() == pytest.approx(
        made.loc[[1, 3], "scanpath_length_deg"].to_dict()
    )
    assert (steps["duration"] == 50).all()


def test_directions_by_hand():
    angles = np.deg2rad([0, 10, 44, 46, 90, 180, 226, 350])
    saccades = pd.DataFrame({"reading": 1, "onset": np.arange(8), "duration": 30.0, "x0": 5.0, "y0": 5.0})
    saccades = saccades.assign(x1=5 + np.cos(angles), y1=5 - np.sin(angles), amplitude_deg=1.0, peak_speed_deg_s=90.0)
    still = saccades[:1].assign(reading=2, x1=5.0, y1=5.0)
    made = gaze.saccade_directions(pd.concat([saccades, still]), bins=4)
    assert made["count"].tolist() == [4, 2, 1, 1]
    assert made["share"].sum() == pytest.approx(1)
    by = gaze.saccade_directions(pd.concat([saccades, still]), bins=8, by=["reading"])
    assert by.loc[by["reading"] == 1, "count"].tolist() == [3, 2, 1, 0, 1, 1, 0, 0]


def test_errors_say_what_to_do():
    saccades = saccades_of(1, 2, np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"main_sequence needs at least three saccades .*; 2 have"):
        gaze.main_sequence(saccades)
    with pytest.raises(ValueError, match="curve: expected one of exponential, power; got 'linear'"):
        gaze.main_sequence(saccades, curve="linear")
    with pytest.raises(ValueError, match="bins: expected at least 1; got 0"):
        gaze.saccade_directions(saccades, bins=0)
