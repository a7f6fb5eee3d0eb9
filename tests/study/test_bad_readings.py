"""One odd recording among many doesn't stop a study: it is set aside by name and counted."""

import json
import warnings

import numpy as np
import pandas as pd
import pytest

from gazeanalytics.study import analyse, open_study
from gazeanalytics.tables import InputError, InputWarning


def gaze(reading, step=4.0, n=400, seed=0):
    """Gaze that rests and jumps, one sample every `step` ms."""
    rng = np.random.default_rng([seed, reading])
    place = np.arange(n) // 50
    x, y = rng.uniform(200, 800, place[-1] + 1)[place], rng.uniform(200, 600, place[-1] + 1)[place]
    t = np.arange(n) * step
    return pd.DataFrame({"reading": reading, "t": t, "x": x + rng.normal(0, 1, n), "y": y + rng.normal(0, 1, n)})


@pytest.fixture
def recorded(small):
    """The small study with samples in place of fixations: three readings, each in a file of its own."""
    (small / "fixations.csv").unlink()
    (small / "samples").mkdir()
    readings = pd.read_csv(small / "readings.csv")
    readings = readings[readings["case"] == "c0"].assign(reading=range(3))
    readings.to_csv(small / "readings.csv", index=False)
    for reading in readings["reading"]:
        gaze(reading).to_csv(small / "samples" / f"trial-{reading}.csv", index=False)
    return small


def spoil(folder, reading):
    """Make one reading one that no events can be found in."""
    gaze(reading, step=62.5).to_csv(folder / "samples" / f"trial-{reading}.csv", index=False)


def test_a_slow_recording_is_set_aside_and_the_others_are_the_same(recorded, tmp_path):
    before = analyse(open_study(recorded), only=["events"]).fixations
    spoil(recorded, 1)
    with pytest.warns(InputWarning) as caught:
        found = analyse(open_study(recorded), tmp_path / "out", only=["quality"])
    said = [str(one.message) for one in caught]
    assert [text for text in said if "trial-1.csv: reading 1 is set aside: t must be in ms" in text and "16 Hz" in text]
    assert len(said) == 1, said
    pd.testing.assert_frame_equal(found.fixations, before[before["reading"] != 1].reset_index(drop=True))
    about = json.loads((tmp_path / "out" / "provenance.json").read_text())
    assert about["counts"]["readings of samples set aside"] == 1
    rejects = pd.read_parquet(tmp_path / "out" / "data" / "rejects.parquet")
    listed = rejects[["table", "file", "row", "got"]].to_dict("records")
    assert listed == [{"table": "samples, readings", "file": "samples 2", "row": 0, "got": "not shown"}]


def test_it_is_the_same_in_one_file_of_many_readings(recorded):
    files = sorted((recorded / "samples").iterdir())
    spoil(recorded, 1)
    whole = pd.concat([pd.read_csv(file) for file in files])
    for file in files:
        file.unlink()
    whole.to_csv(recorded / "samples" / "all.csv", index=False)
    with pytest.warns(
        InputWarning, match=r"all\.csv: reading 1 is set aside: t must be in ms; the median interval of t is 62.5"
    ):
        found = analyse(open_study(recorded), only=["events"])
    assert set(found.fixations["reading"]) == {0, 2}
    assert found.counts["readings of samples set aside"] == 1


def test_auto_chooses_on_what_can_be_used(recorded):
    (recorded / "study.toml").write_text('[events]\ndetector = "auto"\n')
    spoil(recorded, 0)
    with pytest.warns(InputWarning, match="reading 0 is set aside"):
        found = analyse(open_study(recorded), only=["events"])
    assert "at 250 Hz" in found.events.settings["chosen_because"]
    assert set(found.fixations["reading"]) == {1, 2}


def test_more_bad_than_good_is_a_fault_of_the_study(recorded):
    for reading in (0, 2):
        spoil(recorded, reading)
    with pytest.raises(InputError, match=r"trial-0\.csv, reading 0: t must be in ms.*2 of 3 readings can't be used"):
        analyse(open_study(recorded), only=["events"])


def test_strict_refuses_the_first(recorded):
    spoil(recorded, 1)
    with pytest.raises(InputError, match=r"trial-1\.csv, reading 1: t must be in ms"):
        analyse(open_study(recorded, strict=True), only=["events"])


def test_a_killed_run_names_it_again(recorded, tmp_path):
    """What was said of a file stands with its finished part."""
    from gazeanalytics.study.analyses import events
    from gazeanalytics.study.result import StudyResult

    spoil(recorded, 1)
    for _ in range(2):
        with pytest.warns(InputWarning, match="reading 1 is set aside"):
            found = events.run(StudyResult(open_study(recorded), keep=tmp_path / "parts"), None)
    assert found.counts["readings of samples set aside"] == 1


def test_warnings_of_recordings_name_the_file_once(recorded):
    path = recorded / "samples" / "trial-2.csv"
    frame = pd.read_csv(path)
    frame.loc[100:130, ["x", "y"]] = -1.0
    frame.to_csv(path, index=False)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        analyse(open_study(recorded), only=["quality"])
    said = [str(one.message) for one in caught]
    assert len(said) == 1, said
    assert f"{path}: 31 samples of reading 2 lie at exactly one point off the image" in said[0]
