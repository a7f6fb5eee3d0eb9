"""Detectors by rules and by statistics against plain twins; blinks and velocity by hand."""

import importlib.util
import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import events
from gazeanalytics._kernels.events import recording as events_audit
from gazeanalytics._kernels.events.gaze import Gaze, Lens
from gazeanalytics._kernels.order_statistics import median
from gazeanalytics.geometry import Viewing

spec = importlib.util.spec_from_file_location("naive_events", Path(__file__).with_name("naive_events.py"))
naive = importlib.util.module_from_spec(spec)
spec.loader.exec_module(naive)

VIEW = Viewing(512.0, 384.0, 1800.0, 1800.0)


def recording(seed, step, n=1500, rest=(100, 250)):
    """Smooth saccades of human length that overshoot a little, fixations with noise, a blink and a long hole."""
    rng = np.random.default_rng(seed)
    x, y = np.full(n, 512.0), np.full(n, 384.0)
    i = 20
    while i < n - 5:
        goal = rng.uniform((150, 150), (850, 600))
        size = float(VIEW.angle(x[i], y[i], *goal))
        length = max(2, 1 + round((21 + 2.2 * size) / step))
        share = (1 - np.cos(np.linspace(0, np.pi, length))) / 2
        stop = min(i + length, n)
        for z, end in ((x, goal[0]), (y, goal[1])):
            begin = z[i]
            z[i:stop] = begin + (end - begin) * share[: stop - i]
            z[stop:] = end
            swing = np.exp(-np.arange(n - stop) * step / 12) * np.sin(np.arange(n - stop) * step / 6)
            z[stop:] += 0.04 * (end - begin) * swing
        i = stop + 3 + round(rng.integers(*rest) / step)
    samples = pd.DataFrame({"reading": 1, "t": np.arange(n) * step, "x": x, "y": y})
    samples[["x", "y"]] += rng.normal(0, min(1.0, step / 10), (n, 2))
    gone = np.zeros(n, bool)
    gone[n // 3 : n // 3 + max(2, round(60 / step))] = True
    gone[2 * n // 3 : 2 * n // 3 + round(200 / step)] = True
    return samples[~gone].reset_index(drop=True)


def in_degrees(samples):
    return (samples["t"].to_numpy(), *VIEW.degrees(samples["x"], samples["y"]))


@pytest.mark.parametrize("n", [1, 2, 511, 512, 513, 2000, 2001, 30_000])
def test_median_is_that_of_numpy(n):
    rng = np.random.default_rng(n)
    heavy = rng.standard_t(1, n)
    for values in (heavy, np.abs(heavy), heavy**2, np.sort(heavy), rng.integers(-2, 3, n) * 0.5, np.zeros(n) - 3.0):
        assert median(values) == np.median(values)
    halves = np.repeat([-1e-300, 1e300], [n // 2, n - n // 2])
    assert median(halves) == np.median(halves)


@pytest.mark.parametrize("step", [1.0, 2.0, 4.0, 8.0, 16.0, 32.0])
def test_cascade_is_its_twin(step):
    rules = events.CascadeSettings(min_fixation_ms=0, max_blink_ms=0)
    for seed in (1, 2):
        samples = recording(seed, step)
        twin = naive.cascade(*in_degrees(samples), step, rules)
        assert events.detect(samples, VIEW, settings=rules).labels.tolist() == twin
        assert {1, 2, 3} <= set(twin)


@pytest.mark.parametrize("step", [2.0, 8.0, 16.0])
def test_pursuit_of_the_cascade_is_its_twin(step):
    rules = events.CascadeSettings(min_fixation_ms=0, max_blink_ms=0)
    samples = recording(3, step)
    samples["x"] += np.where(samples.index % 400 < 200, samples["t"] % 1600, 0) * 0.25
    places = in_degrees(samples)
    twin = naive.pursuit(*places, 4.0, 200.0, naive.cascade(*places, step, rules))
    slow = events.CascadeSettings(min_fixation_ms=0, max_blink_ms=0, pursuit_deg_s=4.0)
    assert events.detect(samples, VIEW, settings=slow).labels.tolist() == twin
    assert {1, 2, 4} <= set(twin)


@pytest.mark.parametrize("step", [2.0, 4.0])
def test_nystrom_holmqvist_is_its_twin(step):
    samples = recording(6, step, 2500, rest=(400, 800))
    found = events.detect(samples, VIEW, settings=events.NystromHolmqvistSettings(min_fixation_ms=0)).labels
    assert found.tolist() == naive.nystrom(*in_degrees(samples), step)
    assert {1, 2, 3} <= set(found)


@pytest.mark.parametrize("rounds", [0, 3])
@pytest.mark.parametrize("step", [2.0, 16.0])
def test_ihmm_is_its_twin(step, rounds):
    samples = recording(3, step)
    found = events.detect(samples, VIEW, settings=events.IhmmSettings(max_iter=rounds, min_fixation_ms=0)).labels
    assert found.tolist() == naive.markov(*in_degrees(samples), step, 100.0, 10.0, rounds)
    assert {1, 2} == set(found)


@pytest.mark.parametrize("step", [2.0, 8.0, 16.0])
def test_i2mc_is_its_twin(step):
    samples = recording(4, step)
    found = events.detect(samples, VIEW, settings=events.I2mcSettings(min_fixation_ms=0)).labels
    assert found.tolist() == naive.clusters(*in_degrees(samples), step, 200.0, 2.0, 0.7)
    assert {1, 2} == set(found)


def test_i2mc_bears_noise_that_breaks_a_speed_threshold():
    rng = np.random.default_rng(0)
    x = np.repeat([300.0, 700.0, 400.0], 60) + rng.normal(0, 25, 180)
    samples = pd.DataFrame({"reading": 1, "t": np.arange(180) * 8.0, "x": x, "y": 400 + rng.normal(0, 25, 180)})
    assert len(events.detect(samples, VIEW, detector="i2mc").fixations) == 3
    assert len(events.detect(samples, VIEW, detector="ivt").fixations) != 3


def test_settings_come_typed_or_as_a_mapping():
    samples = recording(1, 4.0)
    mapped = events.detect(samples, VIEW, settings={"peak_deg_s": 80, "min_fixation_ms": 60})
    typed = events.detect(samples, VIEW, settings=events.CascadeSettings(peak_deg_s=80, min_fixation_ms=60.0))
    assert np.array_equal(mapped.labels, typed.labels)
    assert mapped.settings == typed.settings
    assert mapped.settings["peak_deg_s"] == 80
    assert mapped.settings["method"].startswith("a cascade of rules")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"settings": {"peak_deg": 80}}, r"settings: 'peak_deg' is not known; did you mean 'peak_deg_s'\?"),
        ({"settings": {"peak_deg_s": "80"}}, "settings: 'peak_deg_s' expected a number; got '80'"),
        ({"settings": {"peak_deg_s": -1}}, "settings: peak_deg_s must be a number of 0 or more; got -1"),
        ({"detector": "idt", "settings": {"min_fixation_ms": 0}}, "min_fixation_ms must be a number over 0; got 0"),
        ({"detector": "ihmm", "settings": {"max_iter": -1}}, "max_iter must be a whole number of 0 or more; got -1"),
        ({"detector": "ivtt"}, r"detector 'ivtt' is not known; did you mean 'ivt'\?"),
        (
            {"detector": "idt", "settings": events.IvtSettings()},
            "settings of detector 'idt' are IdtSettings; got IvtSettings",
        ),
    ],
)
def test_settings_that_do_not_fit_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        events.detect(recording(1, 4.0), VIEW, **given)


def test_a_detector_of_ones_own_needs_one_object():
    def label(found, settings, n_jobs):
        return np.full(found.t.size, 1, np.uint8)

    mine = events.Detector("still", events.IvtSettings, label, "taking everything for one fixation")
    found = events.detect(recording(1, 4.0), VIEW, detector=mine)
    # A long hole parts them.
    assert len(found.fixations) == 2
    assert found.settings["method"] == "taking everything for one fixation"


def test_velocity_by_hand():
    t = np.arange(40) * 4.0
    # A parabola, which either rule measures exactly inside: 0.001 deg / ms^2 means 2 t deg/s.
    samples = pd.DataFrame({"reading": 1, "t": t, "x": 1e7 * np.tan(np.deg2rad(t**2 / 1000)), "y": 0.0})
    view = Viewing(0.0, 0.0, 1e7, 1e7)
    for method in ("savitzky_golay", "five_point"):
        found = events.velocity(samples, view, method=method)
        inside = found["right_deg_s"].notna()
        assert inside.sum() == (34 if method == "savitzky_golay" else 38)
        assert np.allclose(found["right_deg_s"][inside], 2 * t[inside], rtol=1e-9)
        assert np.allclose(found["speed_deg_s"][inside], 2 * t[inside], rtol=1e-9)


def test_velocity_keeps_rows_and_stops_at_holes():
    samples = recording(5, 4.0, 200).set_index(np.arange(1000, 1000 + 200 - 15 - 50))
    samples.loc[1020, "x"] = np.nan
    found = events.velocity(samples, VIEW, method="five_point")
    assert found.index.equals(samples.index)
    assert np.isnan(found["speed_deg_s"].loc[1020])
    jump = int(np.flatnonzero(np.diff(samples["t"]) > 75)[0])
    assert found["speed_deg_s"].iloc[jump : jump + 2].isna().all()
    assert found["speed_deg_s"].iloc[jump + 2 : -1].notna().all()


def naive_blinks(t, gone, blink_ms, join, margin, step):
    seen = np.flatnonzero(~gone)
    holes = [[a, b] for a, b in itertools.pairwise(seen) if b > a + 1 or t[b] - t[a] > 1.5 * step]
    joined = holes[:1]
    for a, b in holes[1:]:
        if t[a] - t[joined[-1][1]] <= join:
            joined[-1][1] = b
        else:
            joined.append([a, b])
    found = []
    for a, b in joined:
        begin, end = t[a] + step, t[b]
        if blink_ms[0] <= end - begin <= blink_ms[1]:
            before = [t[k] for k in range(a + 1) if begin - t[k] <= margin and not gone[k : a + 1].any()]
            after = [t[k] for k in range(b, len(t)) if t[k] - end <= margin and not gone[b : k + 1].any()]
            onset = min([begin, *before])
            found.append([onset, max([end, *after]) - onset, end - begin])
    return found


@pytest.mark.parametrize("join", [0.0, 40.0])
def test_blinks_are_their_twin(join):
    parts, expected = [], []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        t = np.cumsum(rng.choice([5, 5, 5, 5, 5, 5, 40], 400)).astype(float)
        gone = np.convolve(rng.random(400) < 0.03, np.ones(12), "same") > 0.5
        parts.append(pd.DataFrame({"reading": seed, "t": t, "x": np.where(gone, np.nan, 5.0), "y": 5.0}))
        expected += [[seed, *row] for row in naive_blinks(t, gone, (30, 200), join, 25, 5.0)]
    found = events.blinks(pd.concat(parts), blink_ms=(30, 200), join_within_ms=join, margin_ms=25)
    assert found.to_numpy().tolist() == expected
    assert len(expected) > 10


def test_blink_reaches_as_far_as_the_pupil_shrinks():
    t = np.arange(150) * 2.0
    pupil = np.interp(t, [100, 140, 220, 240], [4.0, 1.0, 1.0, 4.0])
    pupil[(t >= 140) & (t < 220)] = 0.0
    samples = pd.DataFrame({"reading": 1, "t": t, "x": 5.0, "y": 5.0, "pupil": pupil})
    row = events.blinks(samples).iloc[0]
    # Three samples to each side are averaged, so that the slope shows up to three samples early.
    assert abs(row["onset"] - 100) <= 6
    assert abs(row["onset"] + row["duration"] - 240) <= 6
    assert row["lost"] == 80
    assert events.blinks(samples, margin_ms=20).iloc[0][["onset", "duration"]].tolist() == [120, 120]
    assert events.blinks(samples.drop(columns="pupil")).empty
    with pytest.raises(ValueError, match="must be 0 ms or more; got"):
        events.blinks(samples, margin_ms=-1)


def naive_code(x, y):
    off = [(a, b) for a, b in zip(x, y, strict=True) if (a <= 0 and b <= 0) or (a >= 3e4 and b >= 3e4)]
    for point in set(off):
        if off.count(point) >= 3 and 2 * off.count(point) > len(off):
            return off.count(point)
    return 0


def test_code_of_loss_is_its_twin():
    rng = np.random.default_rng(0)
    outcomes = set()
    for size in [*range(12)] * 30:
        x, y = rng.choice([-1.0, 0.0, 5.0, 1e8, np.nan], (2, size), p=[0.35, 0.25, 0.2, 0.1, 0.1])
        facts = events_audit.audit(Gaze(np.arange(size) * 2.0, x, y), Lens(0.0, 0.0, 1e-3, 1e-3))
        assert facts.coded == naive_code(x, y)
        outcomes.add(facts.coded > 0)
    assert outcomes == {True, False}


@pytest.mark.parametrize("step", [1.0, 2.0, 4.0, 8.0, 16.0])
def test_spread_of_speed_measures_how_long_saccades_are(step):
    medians = []
    for stretch in (0.5, 1.0, 2.0):
        t = np.arange(0, 4000, step)
        right = np.zeros(len(t))
        for begin in range(200, 3800, 300):
            share = np.clip((t - begin) / (stretch * (21 + 2.2 * 8)), 0, 1)
            right += (-1) ** (begin // 100) * 8 * (share - np.sin(2 * np.pi * share) / (2 * np.pi))
        ratios = events_audit.flight_ratios(Gaze(t, right, np.zeros(len(t))), step)
        assert len(ratios) == 12
        medians.append(np.median(ratios))
    assert medians[0] < 0.67 < medians[1] < 1.5 < medians[2]
