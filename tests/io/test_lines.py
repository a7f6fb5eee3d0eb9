"""Lines that are no rows: preambles, repeated headers, blocks, no header; degrees and codes of validity."""

import gzip
import json

import numpy as np
import pandas as pd
import pytest

from gazeanalytics.geometry import Screen
from gazeanalytics.io import TableMap, load_shard, summarise_file
from gazeanalytics.study.frames import to_image
from gazeanalytics.tables import InputError, Rejects


def write(folder, name, *lines):
    file = folder / name
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def read(file, table="samples", **keys):
    rejects = Rejects(max_share=1.0)
    return load_shard(file, table, TableMap.model_validate({"file": file.name, **keys}), rejects=rejects), rejects


SESSIONS = (
    "Recording date:\t2024/01/01",
    "",
    "Session Start",
    "TimeStamp\tGazePointXLeft\tPupilLeft\tValidityLeft\tPupilRight\tGazePointX\tGazePointY",
    "0.0\t1\t3\t1\t3\t10\t20",
    "16.7\tnan\tnan\t0\tnan\tnan\tnan",
    "TimeStamp\tEvent",
    "5.0\tshown",
    "Session End",
    "Session Start",
    "TimeStamp\tGazePointXLeft\tPupilLeft\tValidityLeft\tPupilRight\tGazePointX\tGazePointY",
    "0.0\t1\t3\t1\t3\t30\t40",
    "16.7\t1\t3\t1\t3\t50",
    "33.3\t1\t3\t1\t3\t50\t60",
    "Session End",
)


def test_each_session_of_a_file_is_a_reading_and_a_short_row_keeps_its_number(tmp_path):
    file = write(tmp_path, "a.tsv", *SESSIONS)
    samples, rejects = read(file, format="psychopy-tobii")
    assert samples["reading"].tolist() == ["a|1", "a|1", "a|2", "a|2"]
    assert samples["x"].tolist()[::2] == [10, 30]
    faults = [fault for found in rejects.rows.values() for fault in found]
    assert [(fault.row, fault.expected) for fault in faults] == [(13, "7 cells as in the header")]
    assert summarise_file(file).format == "psychopy-tobii"


def test_a_header_is_found_by_how_it_begins_and_said_when_it_is_not_there(tmp_path):
    lines = ("made by hand", "t,x,y", "0,1,2", "t,x,y", "9,3,4")
    file = write(tmp_path, "a.csv", *lines)
    columns = {"t": "t", "x": "x", "y": "y"}
    samples, _ = read(file, header="t,", reading=["file"], columns=columns, trust_units=True)
    assert samples["t"].tolist() == [0, 9]
    with pytest.raises(InputError, match=r"a\.csv: expected a line that begins with 'time'; got none; correct header"):
        read(file, header="time", reading=["file"], columns=columns)


def test_a_comment_before_the_header_and_a_lack_of_one_name_the_remedy(tmp_path):
    comment = write(tmp_path, "c.csv", "# exported", "reading,t,x,y", "1,0,500,400", "1,4,501,401")
    with pytest.raises(InputError) as refused:
        read(comment)
    assert str(refused.value) == (
        f"{comment}, row 2: expected 1 cells as in the header; got 4 in 'reading,t,x,y'; no row fits the header: if "
        "lines stand before it, say skip = ..., comment = '#', or header = how it begins; if cells are delimited "
        "otherwise, say delimiter = ... in study.toml"
    )
    bare = write(tmp_path, "b.csv", "0,500.1,400.2", "4,501,401")
    with pytest.raises(InputError) as refused:
        read(bare, reading=["file"], columns={"t": "t", "x": "x", "y": "y"})
    assert str(refused.value) == (
        f"{bare}, row 1: expected names of columns; got the numbers 0, 500.1, 400.2; if the file has no header, say "
        "names = ['t', 'x', 'y', ...] in study.toml"
    )
    samples, _ = read(bare, reading=["file"], names=["t", "x", "y"], columns={"t": "t", "x": "x", "y": "y"})
    assert samples["x"].tolist() == [500.1, 501]


def test_parts_of_records_in_the_one_list_need_no_prefix(tmp_path):
    gaze = json.dumps([{"x": 5, "y": 6, "t": 0}, {"x": 7, "y": 8, "t": 160}]).replace('"', '""')
    file = write(tmp_path, "w.csv", "trial,gaze", f'1,"{gaze}"')
    samples, _ = read(file, reading=["trial"], explode=["gaze"], columns={"t": "t", "x": "x", "y": "y"})
    assert samples[["t", "x", "y"]].to_numpy().tolist() == [[0, 5, 6], [160, 7, 8]]
    with pytest.raises(InputError, match="no record in 'gaze' has a part 'pupil'"):
        read(file, reading=["trial"], explode=["gaze"], columns={"t": "t", "x": "x", "y": "pupil"})


def test_degrees_are_places_of_the_screen():
    """The inverse of Viewing.degrees: 20 px a degree at the middle, more towards the edge."""
    screen = Screen(1000, 800, 500, 400, 600)
    images = pd.DataFrame({"width": [1000.0] * 2, "height": [800.0] * 2, "px_per_deg": [33.0] * 2})
    table_map = TableMap.model_validate({"file": "a.csv", "frame": "degrees", "origin": "centre-up"})
    seen = pd.DataFrame({"x": [0.0, 10.0], "y": [0.0, 5.0]})
    moved = to_image(seen, images, table_map, screen, "fit")
    assert moved["x"].tolist() == pytest.approx([500, 500 + 2 * 600 * np.tan(np.radians(10))])
    assert moved["y"].tolist() == pytest.approx([400, 400 - 2 * 600 * np.tan(np.radians(5))])
    right, down = screen.viewing().degrees(moved["x"], moved["y"])
    assert right.tolist() == pytest.approx([0, 10])
    assert down.tolist() == pytest.approx([0, -5])
    without = to_image(seen, images, table_map, None, "fit")
    assert without["x"].iloc[1] == pytest.approx(500 + 33 * np.tan(np.radians(10)) / np.tan(np.radians(1)))
    with pytest.raises(InputError, match=r"needs the \[screen\] with its distance, or px_per_deg"):
        to_image(seen, images.drop(columns="px_per_deg"), table_map, None, "fit")
    with pytest.raises(ValueError, match="degrees count from the centre"):
        TableMap.model_validate({"file": "a.csv", "frame": "degrees"})


def test_gazebase_says_degrees_and_a_code_above_0_is_not_valid(tmp_path):
    rows = [f"{n},-16.0,5.9,{int(n == 3)},3198,1,NaN,NaN" for n in range(12)]
    file = write(tmp_path, "S_1004_S2_TEX.csv", "n,x,y,val,dP,lab,xT,yT", *rows)
    samples, _ = read(file, format="gazebase")
    assert samples["valid"].tolist() == [n != 3 for n in range(12)]
    assert samples["pupil"].iloc[0] == 3198
    assert TableMap(file="a.csv", format="gazebase").frame == "degrees"
    assert "times in ms; places are degrees from the centre, y upwards" in summarise_file(file).lines
    far = write(tmp_path, "far.csv", "n,x,y,val,dP,lab", *[f"{n},512,300,0,1,1" for n in range(12)])
    with pytest.raises(InputError, match="most values are beyond 90, such as 512, and no degrees"):
        read(far, format="gazebase")


def test_a_sample_of_tobii_studio_is_valid_where_one_eye_is_sure(tmp_path):
    head = "RecordingTimestamp\tParticipantName\tMediaName\tGazePointX (ADCSpx)\tGazePointY (ADCSpx)\tValidityLeft\t"
    rows = [
        f"{17 * n}\tP1\ta.png\t512\t300\t{left}\t{right}" for n, (left, right) in enumerate(["00", "40", "44", "22"])
    ]
    file = write(tmp_path, "s.tsv", head + "ValidityRight", *rows)
    samples, _ = read(file, format="tobii-studio")
    assert samples["valid"].tolist() == [True, True, False, False]


def bids(folder, sidecar, rows, name="sub-01_task-read_run-1_recording-eye1_physio"):
    where = folder / "sub-01" / "beh"
    where.mkdir(parents=True, exist_ok=True)
    (folder / "dataset_description.json").write_text('{"Name": "own", "BIDSVersion": "1.11.1"}')
    (where / f"{name}.json").write_text(json.dumps({"RecordedEye": "left"}))
    (folder / f"task-read_{name.rpartition('_')[2]}.json").write_text(json.dumps(sidecar))
    file = where / f"{name}.tsv.gz"
    file.write_bytes(gzip.compress("".join("\t".join(row) + "\n" for row in rows).encode()))
    return file


SIDECAR = {
    "Columns": ["timestamp", "x_coordinate", "y_coordinate", "pupil_size"],
    "PhysioType": "eyetrack",
    "SamplingFrequency": 250,
    "SampleCoordinateSystem": "gaze-on-screen",
    "timestamp": {"Units": "s"},
    "x_coordinate": {"Units": "pixel"},
    "y_coordinate": {"Units": "pixel"},
}


def test_bids_takes_columns_and_units_from_inherited_sidecars(tmp_path):
    rows = [("0.5", "10", "20", "900"), ("0.504", "n/a", "n/a", "0"), ("0.508", "11", "21", "901")]
    file = bids(tmp_path, SIDECAR, rows)
    samples, rejects = read(file, format="bids")
    assert samples["t"].round(6).tolist() == [0, 4, 8]
    assert samples["x"].isna().tolist() == [False, True, False]
    assert samples["eye"].unique().tolist() == ["left"]
    assert samples["reading"].unique().tolist() == ["sub-01_task-read_run-1"]
    assert not rejects.rows
    found = summarise_file(file)
    assert (found.format, found.rows) == ("bids", 3)
    assert "times in ms; places are px of the screen, counted from its upper left" in found.lines


def test_bids_without_units_of_time_takes_those_of_the_map(tmp_path):
    file = bids(tmp_path, SIDECAR | {"timestamp": {}}, [("0.5", "10", "20", "900"), ("0.504", "11", "21", "901")])
    samples, _ = read(file, format="bids", columns={"t": {"column": "timestamp", "unit": "s"}})
    assert samples["t"].round(6).tolist() == [0, 4]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"Columns": None}, "its sidecar has no list Columns"),
        ({"Columns": ["timestamp", "x", "y_coordinate"]}, "no column 'x_coordinate' among the Columns"),
        ({"timestamp": {}}, "gives no Units of timestamp; add them to the .json, or say t = "),
        ({"timestamp": {"Units": "furlong"}}, "gives timestamp in 'furlong'; expected s, ms, us or ns"),
        ({"x_coordinate": {"Units": "cm"}}, "gives places in 'cm'; expected pixel or degree"),
        ({"SampleCoordinateSystem": "custom"}, "SampleCoordinateSystem is 'custom'; say frame = 'screen' or 'image'"),
    ],
)
def test_a_sidecar_that_leaves_something_open_is_refused(tmp_path, change, says):
    file = bids(tmp_path, SIDECAR | change, [("0.5", "10", "20", "900")])
    with pytest.raises(InputError, match=says):
        read(file, format="bids")


def test_a_log_of_eprime_gives_a_row_a_frame_and_sets_a_cut_one_aside(tmp_path):
    lines = ["*** Header Start ***", "Subject: 7", "*** Header End ***"]
    for trial in (1, 2, 3):
        lines += [
            "Level: 3",
            "*** LogFrame Start ***",
            f"Image: c{trial}",
            f"Probe.RT: {trial}00",
            "*** LogFrame End ***",
        ]
    log = tmp_path / "log.txt"
    log.write_text("\r\n".join(lines[:-1]), encoding="utf-16")
    columns = {"reading": "Image", "reader": "Subject", "case": "Image", "rt_ms": "Probe.RT"}
    with pytest.raises(InputError, match=r"row 15: expected a frame that ends with '\*\*\* LogFrame End"):
        read(log, "readings", format="eprime", columns=columns)
    log.write_text("\r\n".join(lines), encoding="utf-16")
    readings, _ = read(log, "readings", format="eprime", columns=columns)
    assert readings["rt_ms"].tolist() == [100, 200, 300]
    assert readings["reader"].tolist() == ["7", "7", "7"]
    assert summarise_file(log).lines[2] == "level 3: 3 frames with Level, Subject, Image, Probe.RT"
