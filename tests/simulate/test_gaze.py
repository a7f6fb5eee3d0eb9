"""Simulated gaze: the main sequence, noise as stated, gaps, and labels that agree with the fixations."""

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import tables
from gazeanalytics._kernels import simulation as kernels
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


def naive_position(t, amplitude, top, middle, c=5.0):
    """Saccade model of Dai et al. (2016), eq. 5 and 7, in plain Python."""

    def f(u):
        return u + 0.25 * np.exp(-2 * u) if u >= 0 else 0.25 * np.exp(2 * u)

    u = top * (t - middle) / 1000 / c
    return c * (f(u + amplitude / 2 / c) - f(u - amplitude / 2 / c))


@pytest.mark.parametrize("amplitude", [0.5, 2.0, 8.0, 20.0])
def test_saccade_is_that_of_the_paper(amplitude):
    gap = kernels.saccade_span_ms(amplitude, 500.0, 5.0)
    fixations, images = one_saccade(amplitude, gap)
    samples = simulate_samples(fixations, images, rate_hz=1000, screen=SCREEN, tracker=STILL, rng=1)
    share = [naive_position(t, amplitude, 500.0, 300 + gap / 2) / amplitude for t in samples["t"]]
    wanted = 960 + np.array(share) * (fixations["x"][1] - 960)
    np.testing.assert_allclose(samples["x"], wanted, atol=0.002 * (fixations["x"][1] - 960))
    np.testing.assert_allclose(samples["y"], 540.0, atol=1e-9)


@pytest.mark.parametrize("amplitude", [0.1, 0.5, 1.0, 4.0, 10.0, 20.0])
def test_peak_speed_follows_the_main_sequence(amplitude):
    """V (1 - exp(-A / c)), reached in the middle."""
    share = [kernels.saccade_progress(t, amplitude, 500.0, 5.0) for t in np.arange(-40, 40, 0.01)]
    speed = np.diff(share) * amplitude / 0.01 * 1000
    assert speed.max() == pytest.approx(500 * (1 - np.exp(-amplitude / 5)), rel=0.001)
    assert speed.argmax() == pytest.approx(4000, abs=1)


def test_span_and_top_speed_are_inverse():
    for amplitude in (0.1, 1.0, 30.0):
        span = kernels.saccade_span_ms(amplitude, 540.0, 7.0)
        assert kernels.saccade_top_speed(amplitude, span, 7.0) == pytest.approx(540.0, rel=1e-12)


def test_speed_is_a_tenth_of_its_peak_where_the_saccade_begins():
    for amplitude in (0.5, 3.0, 15.0):
        span = kernels.saccade_span_ms(amplitude, 500.0, 5.0)
        near = [kernels.saccade_progress(-span / 2 + step, amplitude, 500.0, 5.0) * amplitude for step in (-0.01, 0.01)]
        speed = (near[1] - near[0]) / 0.02 * 1000
        assert speed == pytest.approx(50 * (1 - np.exp(-amplitude / 5)), rel=1e-3)


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
    """Slope of log peak speed on log amplitude of small saccades is near 1 and the gain near V / c = 500 / 5."""
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
    assert 0.85 < slope < 1.05
    assert np.corrcoef(peak, 1 - np.exp(-amplitude / 5))[0, 1] > 0.97


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
    with pytest.raises(ValueError, match=r"^rate_hz must lie between 30 and 2000; came 10$"):
        simulate_samples(fixations, images, rate_hz=10)
    with pytest.raises(ValueError, match=r"came -100\.0 after row 0$"):
        simulate_samples(fixations.assign(onset=[0.0, 200.0]), images)
    with pytest.raises(ValueError, match=r"samples need a duration \(ms\) of every fixation"):
        simulate_samples(fixations.assign(duration=np.nan), images)
    with pytest.raises(ValueError, match=r"wanted width and height \(px\) of every reading; none for 0$"):
        simulate_samples(fixations, images.assign(reading=7))
    with pytest.raises(ValueError, match=r"^tracker: drift_deg must be 0 or more; came -1$"):
        Tracker(drift_deg=-1)
