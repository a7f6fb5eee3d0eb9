"""Faults of recordings: units, clocks, gaps, codes for loss, frames, readings that hold next to nothing."""

import warnings

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import events, gaze, io
from gazeanalytics.geometry import Screen, Viewing
from gazeanalytics.io import TableMap
from gazeanalytics.study import open_study
from gazeanalytics.study.frames import to_image
from gazeanalytics.tables import InputError, InputWarning, Rejects

VIEWING = Viewing.from_px_per_deg(40, 1000, 800)


def recording(n=600, step=4.0, seed=2):
    """Gaze that rests and jumps, at 1000 / step Hz."""
    rng = np.random.default_rng(seed)
    place = np.repeat(np.arange(n // 60 + 1), 60)[:n]
    x, y = rng.uniform(200, 800, place[-1] + 1), rng.uniform(200, 600, place[-1] + 1)
    return pd.DataFrame(
        {
            "reading": 0,
            "t": np.arange(n) * step,
            "x": x[place] + rng.normal(0, 1, n),
            "y": y[place] + rng.normal(0, 1, n),
        }
    )


def load(tmp_path, frame, name="samples", rejects=None, **changes):
    frame.to_csv(tmp_path / f"{name}.csv", index=False)
    columns = {column: column for column in frame}
    table_map = TableMap.model_validate({"file": f"{name}.csv", "columns": columns} | changes)
    return io.load_shard(tmp_path / f"{name}.csv", name, table_map, rejects=rejects)


def test_fault_16_seconds_for_ms(tmp_path):
    """seconds given as ms, unknown units: error that says what the median looks like and which units there are."""
    frame = recording().assign(t=lambda f: f["t"] / 1000)
    with pytest.raises(
        InputError, match=r"column 't': the median interval between samples would last 0\.004 ms, looks"
    ):
        load(tmp_path, frame)
    columns = {"reading": "reading", "t": {"column": "t", "unit": "sec"}, "x": "x", "y": "y"}
    with pytest.raises(InputError, match=r"unit 'sec' can't become ms; .* declare one of: ms, s, us"):
        load(tmp_path, frame, columns=columns)


def test_fault_17_nanoseconds(tmp_path):
    """clocks in ns since 1970: whole numbers are kept until they are ms, exact to a microsecond."""
    frame = recording()
    frame["t"] = 1_708_435_819_000_000_000 + (frame["t"] * 1e6).astype("int64") + 123
    columns = {"reading": "reading", "t": {"column": "t", "unit": "ns"}, "x": "x", "y": "y"}
    for save in ("csv", "parquet"):
        path = tmp_path / f"s.{save}"
        frame.to_csv(path, index=False) if save == "csv" else frame.to_parquet(path)
        told = TableMap.model_validate({"file": path.name, "clock": "recording", "columns": columns})
        np.testing.assert_allclose(io.load_shard(path, "samples", told)["t"], recording()["t"], atol=1e-3)


def test_fault_18_clock_restarts(tmp_path):
    """time that runs backwards or starts anew: a warning; late rows sorted, a restart a segment apart."""
    frame = recording()
    restart = frame.assign(t=np.where(frame.index >= 300, frame["t"] - 1200, frame["t"]))
    with pytest.raises(InputError, match="rising values within a reading"):
        load(tmp_path, restart)
    rejects = Rejects()
    with pytest.warns(
        InputWarning, match=r"samples\.csv: the clock starts anew at 1 place, first in row 302 \(reading 0\)"
    ):
        kept = load(tmp_path, restart, rejects=rejects)
    assert len(kept) == len(frame)
    np.testing.assert_allclose(kept["t"].diff().iloc[[299, 300, 301]], [4, 1000, 4])
    late = frame.iloc[[*range(10), 11, 10, *range(12, 600)]]
    with pytest.warns(InputWarning, match="1 row of samples out of order, sorted by time"):
        np.testing.assert_allclose(load(tmp_path, late, rejects=Rejects())["t"], frame["t"])


def test_fault_19_gaps():
    """gaps over 75 ms: no event and no speed reaches across them."""
    frame = recording(120).assign(x=500.0, y=400.0)
    frame["x"] += np.random.default_rng(1).normal(0, 1, 120)
    frame.loc[60:, "t"] += 400
    found = events.detect(frame, VIEWING, detector="ivt").fixations
    assert len(found) == 2
    assert (found["onset"] + found["duration"]).iloc[0] <= 240


def test_fault_20_declared_rate(tmp_path):
    """declared and measured rate differ by over 5 %: a warning with both; the measured one is used."""
    rejects = Rejects()
    with pytest.warns(InputWarning, match=r"rate_hz = 500 is declared, but the median interval of 4 ms is 250 Hz; the"):
        load(tmp_path, recording(), rejects=rejects, rate_hz=500)
    load(tmp_path, recording(), rejects=rejects, rate_hz=252)


def test_fault_21_shorter_than_a_sample():
    """shortest duration below one sample at 60 Hz: error before anything is detected, with both numbers."""
    with pytest.raises(ValueError, match="min_fixation_ms"):
        events.detect(recording(600, 1000 / 60), VIEWING, detector="ivt", settings={"min_fixation_ms": 5.0})


def test_fault_22_codes(tmp_path):
    """NaN, Inf, 1e400, -1, '.', 'n/a': declared codes are missing, Inf set aside, a spike a warning."""
    frame = recording().astype({"x": object})
    frame.loc[3, "x"], frame.loc[4, "x"], frame.loc[5, "x"] = ".", "n/a", -32768
    frame.loc[6, "x"], frame.loc[7, "x"] = "1e400", "Infinity"
    rejects = Rejects()
    kept = load(tmp_path, frame, rejects=rejects, missing=[-32768])
    assert kept["x"].isna().sum() == 3
    assert rejects.table()["row"].tolist() == [8, 9]
    spike = recording()
    spike.loc[100:130, ["x", "y"]] = -1.0
    with pytest.warns(events.RecordingWarning, match=r"31 samples of reading 0 lie at exactly one point off the image"):
        events.detect(spike, VIEWING, detector="ivt")


def test_fault_23_off_screen(study):
    """gaze off the screen, negative places: kept, never dropped."""
    path = study / "fixations.csv"
    frame = pd.read_csv(path)
    frame.loc[:9, "x"] = -250.0 - np.arange(10)
    frame.to_csv(path, index=False)
    assert (open_study(study).table("fixations")["x"] < 0).sum() == 10


def test_fault_24_y_upwards(study):
    """y that grows upwards: converted where study.toml says so; error where the middle of gaze misses the images."""
    path = study / "fixations.csv"
    frame = pd.read_csv(path)
    frame.assign(y=800 - frame["y"]).to_csv(path, index=False)
    columns = "{reading = 'reading', onset = 'onset', duration = 'duration', x = 'x', y = 'y'}"
    told = f"[tables.fixations]\nfile = 'fixations.csv'\norigin = 'bottom-left'\ncolumns = {columns}\n"
    (study / "study.toml").write_text(told)
    np.testing.assert_allclose(open_study(study).table("fixations")["y"], frame["y"])
    frame.assign(y=-frame["y"]).to_csv(path, index=False)
    (study / "study.toml").write_text("")
    with pytest.raises(InputError, match="100% of the fixations lie outside their image; check frame, origin"):
        open_study(study).check()


def test_fault_25_no_screen():
    """no screen and no distance: measures in pixels are there, those in degrees are NaN."""
    fixations = pd.DataFrame({"reading": 0, "onset": [0.0, 300, 600], "duration": 200.0, "x": [1.0, 90, 40], "y": 5.0})
    images = pd.DataFrame({"reading": [0], "case": ["a"], "width": [100], "height": [100]})
    found = gaze.scanpath_features(fixations, None, images)
    assert found[["scanpath_length_deg", "amplitude_mean_deg", "spread_deg"]].isna().all(axis=None)
    assert found["fixations"].tolist() == [3]
    assert found["turn_mean_deg"].notna().all(), "an angle of the path needs no distance"


def test_fault_26_zoomed(study):
    """zoomed or panned images: gaze in image px is taken; on the screen, beside a zoom column, a warning."""
    frame = pd.read_csv(study / "fixations.csv").assign(zoom_level=2.0)
    frame.to_csv(study / "fixations.csv", index=False)
    columns = "{reading = 'reading', onset = 'onset', duration = 'duration', x = 'x', y = 'y'}"
    screen = "[screen]\nwidth_px = 1000\nheight_px = 800\nwidth_mm = 400\nheight_mm = 320\ndistance_mm = 600\n"
    told = f"[tables.fixations]\nfile = 'fixations.csv'\nframe = 'screen'\ncolumns = {columns}\n"
    (study / "study.toml").write_text(screen + told)
    with pytest.warns(InputWarning, match="column 'zoom_level' says that the image was zoomed or moved"):
        open_study(study).check()


@pytest.mark.parametrize("kind", ["all missing", "one sample", "one fixation", "two alike"])
def test_fault_27_next_to_nothing(kind):
    """readings without gaze, with one sample, one fixation or two points alike: measures are NaN or 0, no warning."""
    images = pd.DataFrame({"reading": [0], "case": ["a"], "width": [1000], "height": [800]})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if kind in ("all missing", "one sample"):
            samples = recording(200 if kind == "all missing" else 1)
            samples[["x", "y"]] = np.nan if kind == "all missing" else 5.0
            found = events.detect(samples, VIEWING, detector="ivt")
            assert len(found.fixations) <= 1
            assert len(events.quality(samples, VIEWING)) == 1
            return
        rows = 1 if kind == "one fixation" else 2
        fixations = pd.DataFrame(
            {"reading": 0, "onset": np.arange(rows) * 300.0, "duration": 200.0, "x": 5.0, "y": 5.0}
        )
        assert len(gaze.scanpath_features(fixations, VIEWING, images)) == 1


def test_fault_28_impossible_fixations(study):
    """fixations without length, before their start, overlapping: set aside; two looks under one name are an error."""
    path = study / "fixations.csv"
    frame = pd.read_csv(path)
    frame.loc[5, "duration"], frame.loc[9, "duration"], frame.loc[12, "duration"] = 0, -40, 420
    frame.to_csv(path, index=False)
    opened = open_study(study)
    with pytest.warns(InputWarning, match=r"3 rows are set aside, see data/rejects\.parquet; first row 7"):
        opened.check()
    assert opened.rejects.table()["row"].tolist() == [7, 11, 15]
    again = frame.assign(onset=frame["onset"] + 100, duration=200.0)
    pd.concat([frame.assign(duration=200.0), again]).to_csv(path, index=False)
    with pytest.raises(InputError, match=r"most fixations of reading 0 begin before the one before has ended; if two"):
        open_study(study).check()


def test_frames_need_a_screen():
    """Places on the screen without a screen are refused (a neighbour of 25)."""
    told = TableMap.model_validate({"file": "f.csv", "frame": "screen", "columns": {"x": "x", "y": "y"}})
    images = pd.DataFrame({"width": [10.0], "height": [10.0]})
    with pytest.raises(InputError, match="needs the \\[screen\\]"):
        to_image(pd.DataFrame({"x": [1.0], "y": [1.0]}), images, told, None, "fit")
    assert Screen(10, 10, 1, 1, 1).width_px == 10
