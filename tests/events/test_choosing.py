"""The detector that is chosen by rate and noise."""

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import events
from gazeanalytics.geometry import Viewing

VIEW = Viewing(512.0, 384.0, 1800.0, 1800.0)
PX_PER_DEG = VIEW.px_per_deg


def noisy(rate_hz, noise_deg, seed=0, n=4000):
    """Two places 10 deg apart, a change every 400 ms, white noise of that RMS-S2S (twice that of an axis)."""
    rng = np.random.default_rng(seed)
    t = np.arange(n) * 1000 / rate_hz
    x = 350.0 + 10 * PX_PER_DEG * (t // 400 % 2)
    x, y = (z + rng.normal(0, noise_deg / 2 * PX_PER_DEG, n) for z in (x, np.full(n, 384.0)))
    return pd.DataFrame({"reading": 1, "t": t, "x": x, "y": y})


@pytest.mark.filterwarnings("ignore::gazeanalytics.events.RecordingWarning")
@pytest.mark.parametrize(
    ("rate_hz", "noise_deg", "detector", "fits"),
    [
        (500, 0.03, "cascade", True),
        (500, 0.2, "i2mc", True),
        (120, 0.03, "cascade", True),
        (120, 0.15, "engbert_kliegl", True),
        (120, 0.5, "i2mc", True),
        (60, 1.0, "i2mc", False),
        (30, 0.1, "cascade", True),
        (30, 0.8, "i2mc", False),
    ],
)
def test_rate_and_noise_choose(rate_hz, noise_deg, detector, fits):
    choice = events.choose_detector(noisy(rate_hz, noise_deg), VIEW)
    assert (choice.detector, choice.fits) == (detector, fits)
    assert choice.rate_hz == pytest.approx(rate_hz)
    assert choice.noise_deg == pytest.approx(noise_deg, rel=0.2)


def test_noise_is_the_median_step_and_saccades_do_not_move_it():
    samples = noisy(250, 0.1, n=128)
    right, down = ((samples[name] - centre) / 1800 for name, centre in (("x", 512), ("y", 384)))
    steps = np.rad2deg(np.hypot(np.diff(right), np.diff(down)))
    choice = events.choose_detector(samples, VIEW)
    assert choice.noise_deg == pytest.approx(np.median(steps) / np.sqrt(np.log(2)), rel=1e-12)
    jumping = samples.assign(x=samples["x"] + 100 * (samples.index % 20 == 3))
    assert events.choose_detector(jumping, VIEW).noise_deg == pytest.approx(choice.noise_deg, rel=0.2)


@pytest.mark.filterwarnings("ignore:saccades of reading")
def test_auto_is_the_detector_that_it_names():
    samples = noisy(120, 0.5)
    found = events.detect(samples, VIEW, detector="auto")
    named = events.detect(samples, VIEW, detector="i2mc")
    assert np.array_equal(found.labels, named.labels)
    assert found.settings["chosen_because"].startswith("noise that hides the speed of saccades (RMS-S2S 0.")
    assert {**named.settings, "chosen_because": found.settings["chosen_because"]} == found.settings


@pytest.mark.filterwarnings("ignore:saccades of reading")
def test_a_recording_that_no_detector_fits_is_reported():
    message = (
        r"no event detector can be trusted on this recording: RMS-S2S 1\.\d\d deg at 60 Hz, where 90 % .* 0\.54 deg"
    )
    with pytest.warns(events.RecordingWarning, match=message):
        events.detect(noisy(60, 1.2), VIEW, detector="auto")


def test_auto_takes_no_settings():
    with pytest.raises(
        ValueError, match="detector 'auto' takes no settings, since they belong to one detector: name it"
    ):
        events.detect(noisy(250, 0.02), VIEW, detector="auto", settings={"peak_deg_s": 40})


def test_nothing_to_choose_by():
    empty = noisy(250, 0.02)[:0]
    assert events.choose_detector(empty, VIEW).detector == "cascade"
    assert len(events.detect(empty, VIEW, detector="auto").labels) == 0
