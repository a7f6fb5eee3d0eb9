"""EyeLink recordings as tables of a study: eyes, trials, image onset, places on the screen."""

import re

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import io, study
from gazeanalytics.tables import InputError, InputWarning, Rejects, check


def load(path, table="samples", **options):
    """A table of the file by a map, with what was set aside and left out."""
    rejects = Rejects()
    short = {"trust_units": True} if table == "fixations" else {}  # of some samples alone
    table_map = io.TableMap.model_validate({"file": path.name, "format": "eyelink"} | short | options)
    return io.load_shard(path, table, table_map, rejects=rejects), rejects


def test_samples_of_trials_from_image_onset(asc, tmp_path):
    made = asc.trials()
    samples, rejects = load(made.write(tmp_path), onset_message="SYNCTIME")
    assert samples["reading"].unique().tolist() == ["own|0", "own|1", "own|2"]
    # "-4 SYNCTIME" tells an onset 4 ms after the message, which is 2 samples.
    assert (
        samples.groupby("reading", observed=True)["t"].agg(["min", "max", "size"]).to_numpy().tolist()
        == [[0.0, 34.0, 18.0]] * 3
    )
    assert (samples["x"] >= 600).all()
    assert len(samples) + rejects.left_out_counts()["samples outside readings"] == made.samples
    assert samples["eye"].unique().tolist() == ["left"]
    check(samples, "samples")


def test_without_onset_each_trial_starts_at_its_first_sample(asc, tmp_path):
    made = asc.trials()
    samples, rejects = load(made.write(tmp_path))
    assert len(samples) == made.samples
    assert samples.groupby("reading", observed=True)["t"].min().tolist() == [0, 0, 0]
    assert rejects.left_out_counts() == {}


def test_readings_by_trial_variable_block_and_file(asc, tmp_path):
    path = asc.trials().write(tmp_path)
    for reading, names in (
        (["image"], ["case0", "case1", "case2"]),
        (["file", "block"], ["own|1", "own|2", "own|3"]),
        (["trial_number", "trial"], ["1|0", "2|1", "3|2"]),
        ("file", ["own"]),
    ):
        samples, _ = load(path, reading=reading)
        assert samples["reading"].unique().tolist() == names
        assert len(samples) == 90


def test_onset_of_each_block_and_the_end_message(asc, tmp_path):
    made = asc.Asc().message("TRIALID 1").start().steady(5).message("ON").steady(5).message("OFF").steady(5).end()
    made.start().message("ON").steady(5).end()
    path = made.write(tmp_path)
    samples, rejects = load(path, reading="block", onset_message="ON", end_message="OFF*")
    # A sample at the time of the end still counts; the second block has no end.
    assert samples.groupby("reading", observed=True)["t"].agg(["min", "max"]).to_numpy().tolist() == [[0, 10], [0, 8]]
    assert rejects.left_out_counts() == {"samples outside readings": 9}


def test_trials_within_one_block_go_by_time(asc, tmp_path):
    """Messages may stand some lines late: the trial begins at their time."""
    made = asc.Asc().start().message("TRIALID a").steady(10)
    made.message("TRIALID b", clock=112).steady(5).line("EFIX L   102\t108\t8\t  1.0\t  2.0\t   3")
    made.line("EFIX L   116\t120\t6\t  1.0\t  2.0\t   3").end()
    path = made.write(tmp_path)
    samples, _ = load(path)
    assert samples["reading"].value_counts().to_dict() == {"own|a": 6, "own|b": 9}
    fixations, _ = load(path, "fixations")
    assert fixations["reading"].tolist() == ["own|a", "own|b"]
    assert fixations["duration"].tolist() == [8, 6]


@pytest.mark.parametrize(
    ("eye", "x", "label"), [("left", 500.0, "left"), ("right", 510.0, "right"), ("mean", 505.0, "both")]
)
def test_the_eye_is_chosen_and_named(asc, tmp_path, eye, x, label):
    made = asc.Asc(eyes="LR").start().steady(1).sample(None, None, 0.0, 510.0, 400.0, 980.0)
    samples, _ = load(made.end().write(tmp_path), eye=eye, reading="file")
    assert samples["x"].iloc[0] == x
    assert samples["eye"].unique().tolist() == [label]
    # The mean is that of the eye that is seen.
    np.testing.assert_array_equal(samples["x"].iloc[1], np.nan if eye == "left" else 510.0)
    np.testing.assert_array_equal(samples["pupil"].iloc[1], {"left": 0.0}.get(eye, 980.0))
    assert samples["valid"].tolist() == [True, eye != "left"]


def test_both_eyes_without_a_choice_are_refused(asc, tmp_path):
    path = asc.trials(eyes="LR").write(tmp_path)
    with pytest.raises(InputError) as raised:
        load(path)
    assert str(raised.value) == (
        f"{path}, row 7: expected one eye; got left and right; choose eye = 'left', 'right' or, for samples, 'mean' in "
        "study.toml"
    )


def test_a_block_without_the_chosen_eye_is_refused(asc, tmp_path):
    path = asc.trials(eyes="R").write(tmp_path)
    with pytest.raises(InputError, match=r"row 7: expected gaze of the left eye; got a block of the right eye alone"):
        load(path, eye="left")
    assert load(path, eye="mean")[0]["eye"].unique().tolist() == ["both"]


def test_places_count_from_the_corner_of_the_screen(asc, tmp_path):
    made = asc.Asc().message("GAZE_COORDS 100.00 -50.00 1099.00 749.00").start().steady(2)
    made.line("EFIX L   100\t102\t4\t  600.0\t  350.0\t   3").line("ESACC L 100\t102\t4\t100\t-50\t110\t-40\t0.5\t80")
    path = made.end().write(tmp_path)
    assert load(path, reading="file")[0][["x", "y"]].iloc[0].tolist() == [400, 450]
    assert load(path, "fixations", reading="file")[0][["x", "y"]].to_numpy().tolist() == [[500, 400]]
    assert load(path, "saccades", reading="file")[0][["x0", "y0", "x1", "y1"]].to_numpy().tolist() == [[0, 0, 10, 10]]


def test_saccades_made_by_a_blink_are_left_out_and_counted(asc, tmp_path):
    made = asc.Asc().start().steady(9).line("EBLINK L 104\t108\t6").line("ESACC L 102\t110\t10\t1\t2\t3\t4\t0.5\t80")
    made.line("ESACC L 112\t114\t4\t1\t2\t3\t4\t0.5\t80")
    saccades, rejects = load(made.end().write(tmp_path), "saccades", reading="file", clock="recording")
    assert saccades["duration"].tolist() == [4]
    assert rejects.left_out_counts() == {"saccades around blinks": 1}


def test_lines_set_aside_are_counted_in_their_table(asc, tmp_path):
    made = asc.trials()
    lines = made.text.splitlines()
    spoilt = next(place for place, line in enumerate(lines) if line.startswith("5010"))
    lines[spoilt] = lines[spoilt].replace("500", "5OO")
    path = tmp_path / "own.asc"
    path.write_text("\n".join(lines) + "\n")
    samples, rejects = load(path)
    assert len(samples) + rejects.counts()["samples"] == made.samples
    row = rejects.table().iloc[0]
    assert row[["row", "got"]].tolist() == [spoilt + 1, "'5OO.2'"]


def test_a_trial_of_one_name_twice_is_refused(asc, tmp_path):
    made = asc.Asc().message("TRIALID 1").start().steady(3).end().message("TRIALID 1").start().steady(3).end()
    path = made.write(tmp_path)
    with pytest.raises(InputError) as raised:
        load(path)
    assert str(raised.value) == (
        f"{path}, row 16: expected one trial a reading; got a second one of reading 'own|1', the first is in row 5; "
        "add 'trial_number' to reading in study.toml"
    )
    assert load(path, reading=["trial", "trial_number"])[0]["reading"].unique().tolist() == ["1|1", "1|2"]


def test_a_trial_without_image_onset_is_left_out_with_a_note(asc, tmp_path):
    made = asc.trials()
    path = tmp_path / "own.asc"
    path.write_text(made.text.replace("-4 SYNCTIME", "something else", 1))
    with pytest.warns(InputWarning, match=r"no message 'SYNCTIME' in trial '0'; left out"):
        samples, rejects = load(path, onset_message="SYNCTIME")
    assert samples["reading"].unique().tolist() == ["own|1", "own|2"]
    assert len(samples) + rejects.left_out_counts()["samples outside readings"] == made.samples
    table_map = io.TableMap.model_validate({"file": "own.asc", "format": "eyelink", "onset_message": "SYNCTIME"})
    with pytest.raises(InputError, match=r"own\.asc: no message 'SYNCTIME' in trial '0'; correct onset_message"):
        io.load_shard(path, "samples", table_map)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"trial_message": "BEGIN"}, "expected a message that begins each trial with 'BEGIN'; got none; messages begin "
         "with 'DISPLAY_COORDS', 'TRIALID', 'SYNCTIME', 'TRIAL_RESULT'; in study.toml say trial_message = '...'"),
        ({"onset_message": "SYNC"}, "expected messages that begin with 'SYNC'; got none; messages begin with"),
        ({"reading": ["imag"]}, "no trial has a variable 'imag' (message '!V TRIAL_VAR'); did you mean 'image'?"),
    ],
)  # fmt: skip
def test_messages_that_are_not_there(asc, tmp_path, options, message):
    path = asc.trials().write(tmp_path)
    with pytest.raises(InputError, match=re.escape(f"{path}: {message}")):
        load(path, **options)


@pytest.mark.parametrize("kind", ["HREF", "PUPIL"])
def test_coordinates_without_a_place_on_the_screen_are_refused(asc, tmp_path, kind):
    path = asc.Asc(kind=kind).start().steady(3).end().write(tmp_path)
    assert io.read_eyelink(path).blocks["coordinates"].tolist() == [kind]
    with pytest.raises(InputError, match=rf"row 5: expected GAZE, places on the screen; got {kind}, which has no"):
        load(path, reading="file")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"format": "csv", "eye": "left"}, "eye goes with format = 'eyelink' alone"),
        ({"format": "eyelink", "delimiter": ";"}, "delimiter does nothing with format = 'eyelink'"),
        ({"format": "eyelink", "columns": {"x": "x"}}, "columns does nothing with format = 'eyelink'"),
        ({"format": "eyelink", "frame": "screen-fraction"}, "an EyeLink gives px"),
        ({"format": "eyelink", "clock": "image"}, "clock = 'image' needs onset_message"),
    ],
)
def test_keys_of_a_map_that_would_do_nothing(given, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        io.TableMap.model_validate({"file": "a.asc"} | given)


def test_an_asc_without_a_format_says_what_to_do(asc, tmp_path):
    path = asc.trials().write(tmp_path)
    with pytest.raises(InputError, match=re.escape("looks like an EyeLink recording; say format = 'eyelink'")):
        io.load_shard(path, "samples")
    with pytest.raises(InputError, match=r"tables\.traces\.format: expected another one; got 'eyelink'"):
        load(path, "traces")


STUDY = """
[screen]
width_px = 1920
height_px = 1080
width_mm = 530
height_mm = 300
distance_mm = 600

[tables.samples]
file = "*.asc"
format = "eyelink"
eye = "left"
onset_message = "SYNCTIME"

[tables.fixations]
file = "*.asc"
format = "eyelink"
eye = "left"
onset_message = "SYNCTIME"
"""


def make_study(asc, folder, config=STUDY):
    for name in ("p1", "p2"):
        made = asc.trials(eyes="LR", samples=200)
        for onset in (5024, 5844, 6664):
            made.line(f"EFIX L   {onset}\t{onset + 198}\t200\t  960.0\t  540.0\t   900")
            made.line(f"EFIX R   {onset}\t{onset + 198}\t200\t  970.0\t  540.0\t   900")
        made.write(folder, f"{name}.asc")
    names = [(name, trial) for name in ("p1", "p2") for trial in range(3)]
    readings = {"reading": [f"{name}|{trial}" for name, trial in names], "reader": [name for name, _ in names]}
    pd.DataFrame(readings | {"case": [f"case{trial}" for _, trial in names]}).to_csv(
        folder / "readings.csv", index=False
    )
    pd.DataFrame({"reader": ["p1", "p2"], "kind": "person"}).to_csv(folder / "readers.csv", index=False)
    cases = pd.DataFrame({"case": [f"case{trial}" for trial in range(3)], "width": 960, "height": 540})
    cases.to_csv(folder / "cases.csv", index=False)
    (folder / "study.toml").write_text(config)
    return study.open_study(folder)


def test_a_study_reads_recordings_in_image_pixels(asc, tmp_path):
    opened = make_study(asc, tmp_path)
    counts = opened.check()
    assert counts["samples"] + counts["samples outside readings"] == 2 * 3 * 210
    assert counts["fixations"] + counts["fixations outside readings"] == 2 * 3
    samples = opened.shard("samples", io.Part(tmp_path / "p1.asc"))
    # The image of 960 x 540 px fills the screen of 1920 x 1080 px: half as many px.
    assert samples["x"].iloc[0] == pytest.approx(300.1, abs=0.11)
    assert samples["y"].iloc[0] == 200.0
    assert opened.table("fixations")[["x", "y"]].iloc[0].tolist() == [480.0, 270.0]


def test_a_screen_of_another_size_than_the_file_says_is_refused(asc, tmp_path):
    opened = make_study(asc, tmp_path, STUDY.replace("width_px = 1920", "width_px = 1280"))
    with pytest.raises(InputError) as raised:
        opened.check()
    assert str(raised.value) == (
        f"{tmp_path / 'p1.asc'}: expected gaze on the [screen] of study.toml, 1280 x 1080 px; got 1920 x 1080 px "
        "(DISPLAY_COORDS or GAZE_COORDS); correct width_px and height_px"
    )
