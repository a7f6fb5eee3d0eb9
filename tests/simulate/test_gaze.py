"""Simulated gaze: the main sequence, noise as stated, gaps, and labels that agree with the fixations."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from gazeanalytics import tables
from gazeanalytics._kernels.simulate import saccades as kernels
from gazeanalytics.geometry import Screen, Viewing
from gazeanalytics.simulate import (
    EVENTS,
    Design,
    Tracker,
    simulate_fixations,
    simulate_readings,
    simulate_samples,
    viewing_of,
)

SCREEN = Screen(1920, 1080, 531, 299, 600)
STILL = Tracker(
    rms_s2s_deg=0, drift_deg=0, tremor_deg=0, oscillation=0, blinks_per_s=0, losses_per_s=0
)  # an eye of stone and a perfect tracker


def one_saccade(degrees, gap_ms):
    """Fixate the middle of the screen, then a point `degrees` to the right."""
    right = 960 + np.tan(np.deg2rad(degrees)) * 600 * 1920 / 531
    fixations = pd.DataFrame({"reading": 0, "onset": [0.0, 300 + gap_ms], "duration": 300.0, "x": [960.0, right]})
    fixations["y"] = 540.0
    return fixations, pd.DataFrame({"reading": [0], "width": [1920], "height": [1080]})


def naive_speed(u, size):
    """Rise of a two-sided exponential less its later, longer fall; time in units of c / V from the rise's middle."""
    late = 1 + kernels.LATE * (1 - np.exp(-size))
    fall = u - (size - (late - 1) / 2)
    risen = 0.5 * np.exp(2 * u) if u < 0 else 1 - 0.5 * np.exp(-2 * u)
    fallen = np.exp(2 * fall) / (1 + late) if fall < 0 else 1 - late / (1 + late) * np.exp(-2 * fall / late)
    return risen - fallen


def speeds(amplitude, times):
    """Share of a saccade per ms, by small differences."""
    done = np.array([kernels.saccade_progress(t, amplitude, 460.0, 3.6) for t in times])
    return np.diff(done) / np.diff(times)


@pytest.mark.parametrize("amplitude", [0.05, 0.5, 2.0, 8.0, 25.0])
def test_progress_is_the_integral_of_the_speed(amplitude):
    size = amplitude / 3.6
    for t in (0.0, 5.0, 20.0, 60.0, 200.0):
        now = 460.0 * t / 1000 / 3.6 - np.log(5) / 2
        edges = [-15, *(edge for edge in sorted({0.0, size}) if edge < now), now]
        travelled = sum(quad(naive_speed, *pair, args=(size,))[0] for pair in itertools.pairwise(edges))
        assert kernels.saccade_progress(t, amplitude, 460.0, 3.6) == pytest.approx(travelled / size, abs=1e-6)


@given(st.floats(0.01, 40), st.floats(200, 900))
def test_the_eye_never_turns_back_in_a_saccade(amplitude, top):
    done = np.array([kernels.saccade_progress(t, amplitude, top, 3.6) for t in np.arange(-200, 1200, 1.0)])
    assert done[0] == 0
    assert done[-1] == 1
    assert np.diff(done).min() > -1e-9


def test_peak_speed_saturates_with_amplitude():
    peaks = [speeds(a, np.arange(-20, 150, 0.02)).max() * a * 1000 for a in (0.2, 0.5, 1, 2, 4, 8, 16, 32)]
    assert np.all(np.diff(peaks) > 0)
    assert peaks[-1] == pytest.approx(460, rel=0.001)
    assert np.log(peaks[1] / peaks[0]) / np.log(0.5 / 0.2) == pytest.approx(1, abs=0.1), "in proportion when small"


def test_large_saccades_fall_longer_than_they_rise():
    for amplitude in (2.0, 5.0, 15.0):
        times = np.arange(0, kernels.saccade_span_ms(amplitude, 460.0, 3.6), 0.01)
        assert speeds(amplitude, times).argmax() / len(times) < 0.46


def test_a_saccade_is_recorded_on_its_straight_line():
    for amplitude in (0.5, 8.0, 20.0):
        fixations, images = one_saccade(amplitude, kernels.saccade_span_ms(amplitude, 460.0, 3.6))
        samples = simulate_samples(fixations, images, rate_hz=1000, screen=SCREEN, tracker=STILL, rng=1)
        share = [kernels.saccade_progress(t - 300.0, amplitude, 460.0, 3.6) for t in samples["t"]]
        np.testing.assert_allclose(samples["x"], 960 + np.array(share) * (fixations["x"][1] - 960), atol=1e-6)
        np.testing.assert_allclose(samples["y"], 540.0, atol=1e-9)


coordinate = st.floats(-3000, 5000)


@given(coordinate, coordinate, coordinate, coordinate)
def test_angle_is_that_of_the_geometry(x0, y0, x1, y1):
    viewing = SCREEN.viewing()
    found = kernels.angle_deg(kernels.View(*viewing.rows(1)[0]), x0, y0, x1, y1)
    assert found == pytest.approx(float(viewing.angle(x0, y0, x1, y1)), abs=1e-12, rel=1e-12)


def test_span_and_top_speed_are_inverse():
    for amplitude in (0.1, 1.0, 30.0):
        span = kernels.saccade_span_ms(amplitude, 540.0, 7.0)
        assert kernels.saccade_top_speed(amplitude, span, 7.0) == pytest.approx(540.0, rel=1e-12)


@pytest.mark.parametrize("rms", [0.01, 0.05, 0.3])
def test_tracker_noise_has_the_stated_rms(rms):
    fixations = pd.DataFrame({"reading": [0], "onset": 0.0, "duration": 20000.0, "x": 960.0, "y": 540.0})
    images = pd.DataFrame({"reading": [0], "width": [1920], "height": [1080]})
    noisy = Tracker(rms_s2s_deg=rms, drift_deg=0, tremor_deg=0, oscillation=0, blinks_per_s=0, losses_per_s=0)
    samples = simulate_samples(fixations, images, rate_hz=1000, screen=SCREEN, tracker=noisy, rng=1)
    x, y = SCREEN.viewing().degrees(samples["x"], samples["y"])
    measured = np.sqrt(np.mean(np.diff(x) ** 2 + np.diff(y) ** 2))
    assert measured == pytest.approx(rms, rel=0.02)


def test_drift_has_the_stated_spread_at_every_rate():
    fixations = pd.DataFrame({"reading": np.arange(200), "onset": 0.0, "duration": 5000.0, "x": 960.0, "y": 540.0})
    images = pd.DataFrame({"reading": np.arange(200), "width": 1920, "height": 1080})
    drifting = Tracker(rms_s2s_deg=0, drift_deg=0.1, tremor_deg=0, oscillation=0, blinks_per_s=0, losses_per_s=0)
    for rate in (30, 300):
        samples = simulate_samples(fixations, images, rate_hz=rate, screen=SCREEN, tracker=drifting, rng=1)
        late = samples[samples["t"] > 1500]
        x, _ = SCREEN.viewing().degrees(late["x"], late["y"])
        assert x.std() == pytest.approx(0.1, rel=0.05)


@pytest.fixture(scope="module")
def recording():
    study = simulate_readings(Design(readers=10, cases=20, models=()), rng=41)
    fixations = simulate_fixations(study, rng=42)
    samples = simulate_samples(fixations, study.images(), rate_hz=250, screen=study.design.screen, rng=43)
    return study, fixations, samples


def test_samples_keep_to_their_contract(recording):
    _, fixations, samples = recording
    tables.check(samples, "samples")
    steps = samples.groupby("reading")["t"].diff().dropna()
    np.testing.assert_allclose(steps, 4.0, atol=1e-9)
    ends = (fixations["onset"] + fixations["duration"]).groupby(fixations["reading"]).max()
    gap = ends - samples.groupby("reading")["t"].max()
    assert gap.between(0, 4).all()


def test_labels_agree_with_the_fixations(recording):
    """Outside blinks a sample is a saccade exactly in the pauses between fixations."""
    _, fixations, samples = recording
    for reading in samples["reading"].unique()[:25]:
        rows = samples[samples["reading"] == reading]
        fixed = fixations[fixations["reading"] == reading]
        place = np.searchsorted(fixed["onset"].to_numpy(), rows["t"].to_numpy(), side="right") - 1
        moving = rows["t"].to_numpy() >= (fixed["onset"] + fixed["duration"]).to_numpy()[place]
        moving[place == len(fixed) - 1] = False
        label = rows["event"].to_numpy()
        open_eye = label != EVENTS["blink"]
        assert ((label == EVENTS["saccade"]) == moving)[open_eye].all()


def test_pso_follows_a_saccade(recording):
    samples = recording[2]
    first = (samples["event"] == EVENTS["pso"]) & (samples["event"].shift() != EVENTS["pso"])
    before = samples["event"].shift()[first]
    assert before.isin([EVENTS["saccade"], EVENTS["blink"]]).all()
    assert (before == EVENTS["saccade"]).mean() > 0.95


def test_gaps_lose_place_and_pupil_together(recording):
    samples = recording[2]
    lost = samples["x"].isna()
    assert (samples["valid"] == ~lost).all()
    assert (samples["pupil"].isna() == lost).all()
    assert 0.005 < lost.mean() < 0.05
    blink = samples["event"] == EVENTS["blink"]
    assert 0.3 < (lost & blink).sum() / blink.sum() < 0.9, "the lid's edges are blink with data"


def test_lid_drags_gaze_down_and_covers_the_pupil():
    fixations = pd.DataFrame({"reading": np.arange(300), "onset": 0.0, "duration": 4000.0, "x": 960.0, "y": 540.0})
    images = pd.DataFrame({"reading": np.arange(300), "width": 1920, "height": 1080})
    blinking = Tracker(rms_s2s_deg=0, drift_deg=0, tremor_deg=0, oscillation=0, blinks_per_s=0.3, losses_per_s=0)
    samples = simulate_samples(fixations, images, rate_hz=500, screen=SCREEN, tracker=blinking, rng=1)
    edge = samples[(samples["event"] == EVENTS["blink"]) & samples["valid"]]
    assert (edge["y"] >= 540).all()
    assert edge["y"].max() - 540 > 2 * SCREEN.viewing().px_per_deg
    open_eye = samples[samples["event"] == EVENTS["fixation"]].groupby("reading")["pupil"].median()
    assert (edge.groupby("reading")["pupil"].min() < 0.6 * open_eye.loc[edge["reading"].unique()]).mean() > 0.8
    blinks = (samples["event"].eq(5) & samples["event"].shift().ne(5)).sum()
    assert blinks == pytest.approx(0.3 * 4 * 300, rel=0.2)


def test_main_sequence_of_a_whole_recording(recording):
    """Slope of log peak speed on log amplitude is near 1 for small saccades and near 0 for the largest."""
    study, fixations, _ = recording
    few = fixations[fixations["reading"] < 12]
    quiet = simulate_samples(few, study.images(), rate_hz=1000, screen=study.design.screen, tracker=STILL, rng=1)
    views = viewing_of(study.images(), study.design.screen).rows(len(study.readings))
    amplitude, peak = [], []
    for reading, view in zip(study.readings["reading"][:12], views, strict=False):
        viewing = Viewing(*view)
        rows, path = fixations[fixations["reading"] == reading], quiet[quiet["reading"] == reading]
        x, y = path["x"].to_numpy(), path["y"].to_numpy()
        speed = viewing.angle(x[:-1], y[:-1], x[1:], y[1:]) * 1000
        ends = (rows["onset"] + rows["duration"]).to_numpy()
        amplitude += viewing.angle(rows["x"][:-1], rows["y"][:-1], rows["x"][1:], rows["y"][1:]).tolist()
        peak += [speed[int(a) : int(b) + 1].max() for a, b in zip(ends, rows["onset"][1:], strict=False)]
    amplitude, peak = np.array(amplitude), np.array(peak)
    small = (amplitude > 0.3) & (amplitude < 2)
    slope, _ = np.polyfit(np.log(amplitude[small]), np.log(peak[small]), 1)
    assert 0.75 < slope < 1.05
    large = amplitude > 10
    slope, _ = np.polyfit(np.log(amplitude[large]), np.log(peak[large]), 1)
    assert -0.05 < slope < 0.25


def test_readings_recorded_alone_have_the_same_shape(recording):
    study, fixations, _ = recording
    few = fixations[fixations["reading"] < 3]
    first = simulate_samples(few, study.images(), rate_hz=60, rng=1)
    pd.testing.assert_frame_equal(first, simulate_samples(few, study.images(), rate_hz=60, rng=1))


@pytest.mark.parametrize("rate", [30.0, 59.94, 120.0, 1000.0, 2000.0])
def test_any_rate(rate):
    fixations, images = one_saccade(5.0, 35.0)
    samples = simulate_samples(fixations, images, rate_hz=rate, screen=SCREEN, rng=1)
    assert len(samples) == int(635.0 * rate / 1000) + 1
    assert set(samples["event"]) <= set(EVENTS.values())


def test_what_cannot_be_recorded_is_told():
    fixations, images = one_saccade(5.0, 35.0)
    with pytest.raises(ValueError, match=r"^rate_hz must lie between 30 and 2000; got 10$"):
        simulate_samples(fixations, images, rate_hz=10)
    with pytest.raises(ValueError, match=r"got -100\.0 after row 0$"):
        simulate_samples(fixations.assign(onset=[0.0, 200.0]), images)
    with pytest.raises(ValueError, match=r"samples need a duration \(ms\) of every fixation"):
        simulate_samples(fixations.assign(duration=np.nan), images)
    with pytest.raises(ValueError, match=r"expected width and height \(px\) of every reading; got none for 0$"):
        simulate_samples(fixations, images.assign(reading=7))
    with pytest.raises(ValueError, match=r"^tracker: drift_deg must be 0 or more; got -1$"):
        Tracker(drift_deg=-1)
