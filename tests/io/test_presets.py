"""Files of makers, written here by the facts of their formats: recognised, read by their preset, every row counted."""

import json

import pytest

from gazeanalytics.io import TableMap, load_shard, summarise_file
from gazeanalytics.io.presets import preset, preset_names
from gazeanalytics.tables import InputError, Rejects

TOBII = [
    "Recording timestamp{us}\tSensor\tParticipant name\tGaze point X{px}\tGaze point Y{px}\tEye movement type\t"
    "Eye movement type index\tGaze event duration{ms}\tFixation point X{px}\tFixation point Y{px}",
    "0\tEye Tracker\tP1\t301\t401\tFixation\t1\t200\t300\t400",
    "5\tGyroscope\tP1\t\t\t\t\t\t\t",
    "100000\tEye Tracker\tP1\t302\t402\tFixation\t1\t200\t300\t400",
    "200000\tEye Tracker\tP1\t\t\tSaccade\t1\t40\t\t",
    "240000\tEye Tracker\tP1\t701\t501\tFixation\t2\t150\t700\t500",
    "340000\tEye Tracker\tP1\t702\t502\tFixation\t2\t150\t700\t500",
]


def write(folder, name, lines):
    file = folder / name
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def read(file, table, **keys):
    rejects = Rejects(max_share=1.0)
    return load_shard(file, table, TableMap.model_validate({"file": file.name, **keys}), rejects=rejects), rejects


@pytest.mark.parametrize("units", [{"us": "", "px": "", "ms": ""}, {"us": " [μs]", "px": " [DACS px]", "ms": " [ms]"}])
def test_events_that_tobii_repeats_on_each_sample_are_one_fixation_each(tmp_path, units):
    file = write(tmp_path, "a.tsv", [TOBII[0].format(**units), *TOBII[1:]])
    fixations, _ = read(file, "fixations", format="tobii")
    assert fixations[["onset", "duration", "x", "y"]].to_numpy().tolist() == [[0, 200, 300, 400], [240, 150, 700, 500]]
    samples, _ = read(file, "samples", format="tobii")
    assert samples["t"].tolist() == [0, 100, 200, 240, 340]
    assert samples["x"].isna().tolist() == [False, False, True, False, False]


def test_a_file_says_what_it_is_and_every_row_is_counted(tmp_path):
    file = write(tmp_path, "a.tsv", [TOBII[0].format(us="", px="", ms=""), *TOBII[1:], "9\tEye Tracker\tP1"])
    found = summarise_file(file)
    assert (found.format, found.rows) == ("tobii", 7)
    faults = [fault for put in found.rejects["samples"].rows.values() for fault in put]
    assert [(fault.row, fault.expected) for fault in faults] == [(8, "10 cells as in the header")]
    assert len(found.tables["samples"]) + len(faults) + 1 == 7  # one row is the gyroscope's
    assert 'format = "tobii"' in found.lines
    assert any("10 Hz, 20.0% lost" in line for line in found.lines)


def test_the_last_row_of_a_fixation_of_gazepoint_says_how_long_it_was(tmp_path):
    head = "MEDIA_ID,TIME(2023/02/22 14:26:24.897),FPOGX,FPOGY,FPOGS,FPOGD,FPOGID,FPOGV,BPOGX,BPOGY,BPOGV,"
    rows = ["0,0.0,.5,.5,0,0.0,1,1,.5,.6,1,", "0,0.1,.4,.5,0,0.1,1,1,.4,.6,1,", "0,0.2,.4,.5,0,0.2,1,0,.4,.6,0,"]
    file = write(tmp_path, "u1_all_gaze.csv", [head, *rows])
    with pytest.warns(UserWarning, match="without a name"):
        samples, _ = read(file, "samples", format="gazepoint")
    assert samples["valid"].tolist() == [True, True, False]
    assert samples["t"].tolist() == [0, 100, 200]
    assert samples["reading"].unique().tolist() == ["u1_all_gaze|0"]
    fixations = summarise_file(file).tables["fixations"]
    assert fixations[["duration", "x"]].to_numpy().tolist() == [[100, 0.4]]


def test_smi_has_a_preamble_messages_and_zeros_for_loss(tmp_path):
    lines = ["## Sample Rate:\t250", "Time\tType\tTrial\tL POR X [px]\tL POR Y [px]", "1000\tSMP\t1\t500.1\t400.2"]
    lines += ["3000\tMSG\t1\t# Message: a.bmp", "5000\tSMP\t1\t0.00\t0.00", "9000\tSMP\t1\t502\t401"]
    samples, rejects = read(write(tmp_path, "a.txt", lines), "samples", format="smi")
    assert samples["t"].tolist() == [0, 4, 8]
    assert samples["x"].isna().tolist() == [False, True, False]
    assert not rejects.rows
    assert {what: count for (what, *_), count in rejects.left_out.items() if count} == {"lines passed over": 1}


def test_low_confidence_of_pupil_core_is_not_valid(tmp_path):
    lines = ["gaze_timestamp,world_index,confidence,norm_pos_x,norm_pos_y", "9.0,1,0.9,.5,.25", "9.01,1,0.5,.5,.25"]
    samples, _ = read(write(tmp_path, "gaze_positions.csv", lines), "samples", format="pupil-core")
    assert samples["valid"].tolist() == [True, False]
    assert TableMap(file="a.csv", format="pupil-core").origin == "bottom-left"


@pytest.mark.parametrize(("name", "factor"), [("gazesearch", 1), ("coco-search", 1000)])
def test_scanpaths_are_told_apart_by_the_size_of_their_durations(tmp_path, name, factor):
    row = {"name": "a.jpg", "subject": 1, "task": "t", "condition": "present", "X": [1, 50], "Y": [3, 40]}
    file = tmp_path / "s.json"
    file.write_text(json.dumps([row | {"T": [0.25 * factor, 0.3 * factor]}]))
    found = summarise_file(file)
    assert found.format == name
    assert found.tables["fixations"]["onset"].tolist() == [0, 250]


def test_reflacx_takes_the_reading_from_the_folder(tmp_path):
    head = "timestamp_start_fixation,timestamp_end_fixation,x_position,y_position"
    file = write(tmp_path, "fixations.csv", [head, "0.5,0.904,900,1200"])
    fixations, _ = read(file, "fixations", format="reflacx")
    assert fixations["duration"].round(6).tolist() == [404]
    assert fixations["reading"].tolist() == [tmp_path.name]


def test_a_file_of_another_kind_and_an_unknown_format_are_refused(tmp_path):
    file = write(tmp_path, "a.csv", ["a,b", "1,2"])
    with pytest.raises(InputError, match="expected REFLACX"):
        read(file, "fixations", format="reflacx")
    with pytest.raises(InputError, match="fit no known format"):
        summarise_file(file)
    with pytest.raises(ValueError, match="no such format"):
        TableMap(file="a.csv", format="tobi")


def test_every_preset_is_complete():
    for name in preset_names():
        assert {"title", "kind", "sniff", "frame", "clock"} <= set(preset(name))
        assert {"samples", "fixations"} & set(preset(name))


def test_a_file_without_rows_says_so(tmp_path):
    found = summarise_file(write(tmp_path, "a.tsv", [TOBII[0].format(us="", px="", ms="")]))
    assert (found.rows, len(found.tables["samples"])) == (0, 0)


def test_a_recording_of_both_eyes_without_trials_is_read_by_block(asc, tmp_path):
    """One eye of the two, each block a reading; the lines for study.toml say both."""
    made = asc.Asc(eyes="LR").start().steady(6).end().start(500.0).steady(4).end()
    found = summarise_file(made.write(tmp_path))
    assert found.tables["samples"]["reading"].value_counts().to_dict() == {"own|1": 6, "own|2": 4}
    assert any(line.startswith('eye = "left"') for line in found.lines)
    assert any(line.startswith('reading = ["file", "block"]') for line in found.lines)
    assert not any(line.startswith("not read") for line in found.lines)
