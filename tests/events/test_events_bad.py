"""Bad recordings: each gives a sound result or a refusal that says what is wrong."""

import functools

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import events, tables
from gazeanalytics.geometry import Viewing

VIEW = Viewing(512.0, 384.0, 1800.0, 1800.0)
STEP = 2.0


@functools.cache
def clean(n=3000):
    """A recording at 500 Hz with smooth saccades of human length."""
    rng = np.random.default_rng(5)
    x, y = np.full(n, 512.0), np.full(n, 384.0)
    i = 150
    while i < n - 100:
        goal = rng.uniform((150, 150), (850, 600))
        size = float(VIEW.angle(x[i], y[i], *goal))
        length = round((21 + 2.2 * size) / STEP)
        share = (1 - np.cos(np.linspace(0, np.pi, length))) / 2
        stop = min(i + length, n)
        x[i:stop] += (goal[0] - x[i]) * share[: stop - i]
        y[i:stop] += (goal[1] - y[i]) * share[: stop - i]
        x[stop:], y[stop:] = goal
        i = stop + rng.integers(100, 200)
    x, y = x + rng.normal(0, 0.3, n), y + rng.normal(0, 0.3, n)
    return pd.DataFrame({"reading": 1, "t": np.arange(n) * STEP, "x": x, "y": y})


def put(samples, rows, **values):
    out = samples.copy()
    for name, value in values.items():
        out.loc[out.index[rows], name] = value
    return out


def jitter(samples):
    return samples.assign(t=samples["t"] + np.random.default_rng(0).uniform(-0.3, 0.3, len(samples)) * STEP)


def dropped(samples, share=0.1):
    return samples[np.random.default_rng(0).random(len(samples)) > share].reset_index(drop=True)


def swapped(samples):
    t = samples["t"].to_numpy().copy()
    t[[700, 701]] = t[[701, 700]]
    return samples.assign(t=t)


SPIKES = np.random.default_rng(1).choice(3000, 20, replace=False)
SINGLES = np.random.default_rng(2).choice(3000, 150, replace=False)

# What is done to the recording, and the least share of the samples that keep their label.
SURVIVED = {
    "nothing": (lambda s: s, 1.0),
    "missing at the start": (lambda s: put(s, slice(0, 100), x=np.nan), 1.0),
    "missing at the end": (lambda s: put(s, slice(2900, 3000), y=np.nan), 1.0),
    "blink of 150 ms": (lambda s: put(s, slice(1000, 1075), x=np.nan, y=np.nan), 0.99),
    "all missing": (lambda s: s.assign(x=np.nan), 0.0),
    "5 % missing singly": (lambda s: put(s, SINGLES, x=np.nan), 0.97),
    "one coordinate missing": (lambda s: put(s, slice(1000, 1075), y=np.nan), 0.99),
    "not valid": (lambda s: s.assign(valid=np.arange(len(s)) >= 100), 1.0),
    "jitter of 30 %": (jitter, 0.97),
    "10 % of rows dropped": (dropped, 0.97),
    "500 ms of rows missing": (lambda s: s.drop(index=range(1000, 1250)).reset_index(drop=True), 0.98),
    "timestamps twice": (lambda s: s.assign(t=np.floor(s["t"] / 4) * 4), 0.95),
    "rows twice": (lambda s: s.loc[np.repeat(s.index, np.where(s.index % 50 == 0, 2, 1))].reset_index(drop=True), 0.97),
    "constant": (lambda s: s.assign(x=500.0, y=300.0), 0.0),
    "starts in a saccade": (lambda s: s[160:].reset_index(drop=True), 0.99),
    "ends in a saccade": (lambda s: s[:165], 0.95),
    "whole pixels": (lambda s: s.round({"x": 0, "y": 0}).astype({"x": int, "y": int}), 0.97),
    "float32": (lambda s: s.astype({"x": np.float32, "y": np.float32}), 0.999),
    "spikes of 300 px": (lambda s: put(s, SPIKES, x=s["x"].iloc[SPIKES] + 300), 0.85),
    "off the screen": (lambda s: s.assign(x=s["x"] - 1000), 0.0),
    "categorical reading": (lambda s: s.assign(reading=pd.Categorical(["a"] * len(s))), 1.0),
    "index of its own": (lambda s: s.set_index(s.index + 17), 1.0),
    "nullable floats": (lambda s: s.astype({"x": "Float64", "y": "Float64"}), 1.0),
    "0 samples": (lambda s: s[:0], 0.0),
    "1 sample": (lambda s: s[:1], 0.0),
    "2 samples": (lambda s: s[:2], 0.0),
    "3 samples": (lambda s: s[:3], 0.0),
    "5 samples": (lambda s: s[:5], 0.0),
    "10 samples": (lambda s: s[:10], 0.0),
    "25 samples": (lambda s: s[:25], 0.9),
    "60 samples": (lambda s: s[:60], 0.9),
}

REFUSED = {
    "infinite place": (lambda s: put(s, 50, x=np.inf), "table 'samples', row 50, column 'x': expected a finite number"),
    "time unknown": (
        lambda s: put(s, 50, t=np.nan),
        "row 50, column 't': expected a finite number in ms; got a missing value",
    ),
    "time runs back": (swapped, "column 't': expected rising values within a reading"),
    "seconds": (lambda s: s.assign(t=s["t"] / 1000), "t must be in ms; .* it looks like seconds"),
    "microseconds": (lambda s: s.assign(t=s["t"] * 1000), "t must be in ms; .* it looks like microseconds"),
    "degrees": (lambda s: s.assign(x=(s["x"] - 512) / 31.4, y=(s["y"] - 384) / 31.4), "x and y must be in image px"),
    "shares of the image": (lambda s: s.assign(x=s["x"] / 1024, y=s["y"] / 768), "x and y must be in image px"),
    "no such column": (lambda s: s.rename(columns={"x": "gaze_x"}), "column 'x': expected this column"),
    "readings mixed": (lambda s: s.assign(reading=np.arange(len(s)) // 10 % 2), "begins again after other readings"),
    "text": (lambda s: s.assign(x=s["x"].astype(str)), "column 'x'"),
}


def alike(samples, damaged, labels, expected):
    """Share of the damaged recording's samples with a place that keep their label."""
    truth = pd.Series(expected, index=samples["t"]).reindex(damaged["t"], method="nearest").to_numpy()
    there = damaged[["x", "y"]].notna().all(axis=1).to_numpy() & np.asarray(damaged.get("valid", True))
    return np.mean(labels[there] == truth[there]) if there.any() else 1.0


@pytest.mark.parametrize("name", list(events.DETECTORS))
@pytest.mark.parametrize("damage", list(SURVIVED))
def test_survives(damage, name):
    samples, (spoil, least) = clean(), SURVIVED[damage]
    damaged = spoil(samples)
    detect = functools.partial(events.detect, detector=name)
    before = damaged.copy(deep=True)
    found = detect(damaged, VIEW)
    pd.testing.assert_frame_equal(damaged, before)
    assert len(found.labels) == len(damaged)
    tables.check(found.fixations, "fixations")
    tables.check(found.saccades, "saccades")
    if name == "cascade":
        assert alike(samples, damaged, found.labels, detect(samples, VIEW).labels) >= least


@pytest.mark.parametrize("name", list(events.DETECTORS))
@pytest.mark.parametrize("damage", list(REFUSED))
def test_refuses(damage, name):
    spoil, message = REFUSED[damage]
    with pytest.raises(ValueError, match=message):
        events.detect(spoil(clean()), VIEW, detector=name)


def test_viewing_in_the_wrong_unit_is_refused():
    with pytest.raises(ValueError, match="lie over 60 deg off the line of sight"):
        events.detect(clean(), Viewing.from_px_per_deg(1.0))


def test_declared_rate_is_checked():
    with pytest.raises(ValueError, match="rate_hz = 1000 was declared, but the median interval of t is 2"):
        events.quality(clean(), VIEW, rate_hz=1000)


@pytest.mark.parametrize("name", list(events.DETECTORS))
@pytest.mark.parametrize(("rate", "factor"), [(500, 0.5), (500, 2.0), (125, 0.5), (125, 2.0), (62.5, 0.5)])
def test_false_clock_is_noticed(rate, factor, name):
    samples = clean(12_000)[:: round(500 / rate)].reset_index(drop=True)
    lasting = {"min_saccade_ms": 0.0} if name == "nystrom_holmqvist" else {}
    events.detect(samples, VIEW, detector=name, settings=lasting)
    with pytest.warns(events.RecordingWarning, match=r"saccades of reading 1 last .* times as long as is usual"):
        events.detect(samples.assign(t=samples["t"] * factor), VIEW, detector=name, settings=lasting)


@pytest.mark.parametrize("name", list(events.DETECTORS))
@pytest.mark.parametrize("code", [(0.0, 0.0), (-1.0, -1.0), (-1920.0, -1080.0), (-32768.0, -32768.0), (1e8, 1e8)])
def test_code_of_loss_is_missing_unless_trusted(code, name):
    lost = slice(1000, 1100)
    samples = put(clean(), lost, x=code[0], y=code[1])
    detect = functools.partial(events.detect, detector=name)
    with pytest.warns(events.RecordingWarning, match="100 samples of reading 1 lie at exactly one point off the image"):
        found = detect(samples, VIEW)
    cleaned = events.clean(samples, lost_at=code)
    assert cleaned.counts["coded"].tolist() == [100]
    by_hand = detect(cleaned.samples, VIEW)
    assert np.array_equal(found.labels, by_hand.labels)
    assert not np.isin(found.labels[lost], (1, 2)).any()
    # Marked valid, they are gaze.
    trusted = detect(samples.assign(valid=True), VIEW)
    assert not np.isin(trusted.labels[1010:1090], (0, 5)).any()


def test_warnings_name_the_readings():
    codes = pd.concat([put(clean(), [5, 6, 7], x=-1.0, y=-1.0).assign(reading=r) for r in "abcde"], ignore_index=True)
    with pytest.warns(
        events.RecordingWarning, match="15 samples of readings a, b, c and 2 more lie at exactly one point"
    ):
        events.detect(codes, VIEW, detector="ivt")


def test_read_only_arrays():
    samples = clean()
    arrays = {name: samples[name].to_numpy() for name in samples}
    for array in arrays.values():
        array.flags.writeable = False
    locked = pd.DataFrame(arrays, copy=False)
    for name in events.DETECTORS:
        assert len(events.detect(locked, VIEW, detector=name).fixations) > 5


@pytest.mark.parametrize("use", [events.quality, events.detect])
def test_both_eyes_in_one_reading_are_refused(use):
    one = pd.DataFrame({"reading": 1, "t": np.arange(300) * 2.0, "x": 500.0, "y": 300.0, "eye": "left"})
    both = pd.concat([one, one.assign(x=530.0, eye="right")]).sort_values("t", kind="stable", ignore_index=True)
    rows = pd.concat([one.assign(reading=0), both], ignore_index=True)
    viewing = Viewing.from_px_per_deg(40, 1920, 1080)
    with pytest.raises(ValueError, match=r"^samples of reading 1 are of the left and of the right eye, which move as"):
        use(rows, viewing)
    use(rows[rows["eye"] == "left"].reset_index(drop=True), viewing)
