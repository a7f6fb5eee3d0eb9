import gzip
import json

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import io
from gazeanalytics.io.cells import as_numbers
from gazeanalytics.tables import InputError, Rejects

TEXT = "who,img,t0,dur,px,py\nA,1,0.00,0.20,10,20\nA,1,0.25,0.30,30,NA\nB,1,0.00,-1,15,25\n"


def table_map(**changes):
    told = {
        "file": "gaze.csv",
        "reading": ["who", "img"],
        "columns": {
            "onset": {"column": "t0", "unit": "s"},
            "duration": {"column": "dur", "unit": "s", "missing": [-1]},
            "x": "px",
            "y": "py",
        },
    }
    return io.TableMap.model_validate(told | changes)


def load(tmp_path, text=TEXT, name="gaze.csv", table="fixations", **changes):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return io.load_shard(path, table, table_map(**changes))


def test_names_units_and_missing_codes(tmp_path):
    frame = load(tmp_path)
    assert list(frame["reading"]) == ["A|1", "A|1", "B|1"]
    np.testing.assert_allclose(frame["onset"], [0, 250, 0])
    np.testing.assert_allclose(frame["duration"], [200, 300, np.nan])
    np.testing.assert_allclose(frame["y"], [20, np.nan, 25])


@pytest.mark.parametrize(
    ("encode", "name"),
    [
        (lambda text: text.replace("\n", "\r\n").encode(), "gaze.csv"),
        (lambda text: text.replace("\n", "\r").encode(), "gaze.csv"),
        (lambda text: text.rstrip("\n").encode(), "gaze.csv"),
        (lambda text: text.encode("utf-16"), "gaze.csv"),
        (lambda text: text.encode("utf-8-sig"), "gaze.csv"),
        (lambda text: text.replace(",", "\t").encode(), "gaze.tsv"),
        (lambda text: gzip.compress(text.encode()), "gaze.csv.gz"),
        (lambda text: gzip.compress(text.encode()), "gaze.csv"),
    ],
    ids=["crlf", "cr", "no last line end", "utf-16", "byte-order mark", "tabs", "gzip", "gzip without its ending"],
)
def test_line_ends_encodings_and_packing_make_no_difference(tmp_path, encode, name):
    pd.testing.assert_frame_equal(load(tmp_path, encode(TEXT), name), load(tmp_path))


def test_records_and_lines_of_json_and_parquet(tmp_path):
    rows = (
        pd.read_csv(tmp_path / "x.csv")
        if False
        else pd.DataFrame(
            [
                dict(zip(TEXT.split("\n")[0].split(","), line.split(","), strict=True))
                for line in TEXT.strip().split("\n")[1:]
            ]
        )
    )
    wanted = load(tmp_path)
    records = rows.to_dict("records")
    pd.testing.assert_frame_equal(load(tmp_path, json.dumps(records), "gaze.json"), wanted)
    pd.testing.assert_frame_equal(load(tmp_path, "\n".join(map(json.dumps, records)), "gaze.jsonl"), wanted)
    rows.to_parquet(tmp_path / "p.parquet")
    pd.testing.assert_frame_equal(load(tmp_path, (tmp_path / "p.parquet").read_bytes(), "gaze.parquet"), wanted)


def test_scattered_and_unsorted_rows_are_brought_together(tmp_path):
    lines = TEXT.strip().split("\n")
    shuffled = "\n".join([lines[0], lines[2], lines[3], lines[1]]) + "\n"
    frame = load(tmp_path, shuffled)
    assert list(frame["reading"]) == ["A|1", "A|1", "B|1"]
    np.testing.assert_allclose(frame["onset"], [0, 250, 0])


@pytest.mark.parametrize(
    ("text", "changes", "words"),
    [
        (TEXT.replace("px", "pX"), {}, "gaze.csv: no column 'px'; did you mean 'pX'? Correct its name in study.toml"),
        ("", {}, "gaze.csv: is empty; put the data there or take the table out of study.toml"),
        (
            TEXT.replace("30,NA", "3O,5"),
            {},
            "gaze.csv, row 3, column 'px': expected a finite number in image px; got '3O'; ",
        ),
        (
            TEXT.replace("0.30,30", "0.30"),
            {},
            "gaze.csv, row 3: expected 6 cells as in the header; got 5 in 'A,1,0.25,0.30,NA'; correct that row or its",
        ),
        (
            TEXT.replace("0.30", "-5"),
            {},
            "gaze.csv, row 3, column 'dur': expected a finite number in ms, at least 0; got",
        ),
        (TEXT.replace("A,1,0.25", "A,1,\x000.25"), {}, "gaze.csv, row 3: expected text; got a NUL byte in"),
        (TEXT.replace("px,py", "px,px"), {}, "gaze.csv, row 1: duplicate column 'px' in the header; rename one"),
        (
            TEXT.encode().replace(b"B,1", b"\xe9,1"),
            {"encoding": "utf-8"},
            "gaze.csv: is not utf-8 text ('utf-8' codec can't decode",
        ),
    ],
)
def test_one_sentence_names_file_place_and_remedy(tmp_path, text, changes, words):
    with pytest.raises(InputError) as caught:
        load(tmp_path, text, **changes)
    assert words in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path))


def test_a_wrong_unit_is_noticed(tmp_path):
    columns = {"onset": "t0", "duration": {"column": "dur", "missing": [-1]}, "x": "px", "y": "py"}
    with pytest.raises(
        InputError, match=r"column 'dur': the median fixation would last 0.25 ms, looks like s; declare"
    ):
        load(tmp_path, columns=columns)
    assert load(tmp_path, columns=columns, trust_units=True)["duration"][0] == 0.2
    columns["onset"] = {"column": "t0", "unit": "sec"}
    with pytest.raises(InputError, match=r"column 't0': unit 'sec' can't become ms; .* declare one of: ms, s, us"):
        load(tmp_path, columns=columns)


def test_fractions_given_as_pixels_are_noticed(tmp_path):
    rows = "".join(f"A,1,{i / 4},0.2,0.{i + 1},0.5\n" for i in range(12))
    text = TEXT.split("\n")[0] + "\n" + rows.replace("0.10", "0.95").replace("0.11", "0.96").replace("0.12", "0.97")
    with pytest.raises(InputError, match=r"columns 'px' and 'py': all values lie within .* too small for pixels"):
        load(tmp_path, text)


def test_lists_are_spread_and_onsets_summed(tmp_path):
    records = [
        {"name": "a", "X": [1, 2, 3], "Y": [4, 5, 6], "T": [0.2, 0.3, 0.1]},
        {"name": "b", "X": [9], "Y": [9], "T": [0.4]},
    ]
    columns = {
        "x": "X",
        "y": "Y",
        "duration": {"column": "T", "unit": "s"},
        "onset": {"cumulate": "T", "unit": "s"},
    }
    changes = {"reading": "name", "explode": ["X", "Y", "T"], "columns": columns}
    frame = load(tmp_path, json.dumps(records), "gaze.json", **changes)
    np.testing.assert_allclose(frame["onset"], [0, 200, 500, 0])
    records[0]["T"] = [0.2]
    with pytest.raises(InputError, match="row 1, column 'X': expected lists of one length"):
        load(tmp_path, json.dumps(records), "gaze.json", **changes)


def test_points_without_time_keep_their_order(tmp_path):
    frame = load(tmp_path, columns={"onset": {"order": True}, "x": "px", "y": "py"})
    assert frame["onset"].tolist() == [0, 1, 0]


def test_native_files_keep_all_but_identifying_columns(tmp_path):
    (tmp_path / "readers.csv").write_text("reader,kind,email,experience_years,shift\na,person,x@y.z,3,night\n")
    frame = io.load_shard(tmp_path / "readers.csv", "readers")
    assert list(frame.columns) == ["reader", "kind", "experience_years", "shift"]


def test_rows_are_kept_by_value_and_values_renamed(tmp_path):
    text = "sensor,t,x,y,r\nEye,0,5,5,1\nGyro,1,0,0,1\nEye,4,5,6,1\n"
    told = {"file": "s.csv", "keep": {"sensor": ["Eye"]}, "columns": {"reading": "r", "t": "t", "x": "x", "y": "y"}}
    (tmp_path / "s.csv").write_text(text)
    assert len(io.load_shard(tmp_path / "s.csv", "samples", io.TableMap.model_validate(told))) == 2
    told["keep"] = {"sensor": ["Eyes"]}
    with pytest.raises(InputError, match="column 'sensor': expected one of"):
        io.load_shard(tmp_path / "s.csv", "samples", io.TableMap.model_validate(told))


def test_samples_whose_time_runs_backwards_are_refused(tmp_path):
    (tmp_path / "samples.csv").write_text("reading,t,x,y\n1,0,50,50\n1,4,51,50\n1,2,52,50\n")
    with pytest.raises(InputError, match="row 4, column 't': expected rising values within a reading"):
        io.load_shard(tmp_path / "samples.csv", "samples")


@pytest.mark.parametrize("cut", [0, 3, 40, 200])
def test_torn_parquet_and_gzip_are_told(tmp_path, cut):
    pd.DataFrame({"reading": [1], "onset": [0.0], "x": [1.0], "y": [1.0]}).to_parquet(tmp_path / "f.parquet")
    whole = (tmp_path / "f.parquet").read_bytes()
    (tmp_path / "f.parquet").write_bytes(whole[:cut])
    with pytest.raises(InputError, match=r"f\.parquet: is (empty|not a complete Parquet file)"):
        io.load_shard(tmp_path / "f.parquet", "fixations")
    packed = gzip.compress(TEXT.encode())
    with pytest.raises(InputError, match=r"gaze\.csv\.gz: is (truncated or damaged|empty)|row 1|no column"):
        load(tmp_path, packed[: min(cut, len(packed) - 5)], "gaze.csv.gz")


def test_lund2013_recording(shared_data):
    path = sorted((shared_data / "lund2013" / "img").glob("*_MN.mat"))[0]
    recording = io.read_lund2013(path)
    assert recording.rate_hz == 500
    assert recording.coder == "MN"
    assert len(recording.labels) == len(recording.samples)
    assert set(np.unique(recording.labels)) <= {1, 2, 3, 4, 5, 6}


def test_a_file_of_another_kind_is_no_recording(tmp_path):
    (tmp_path / "x.mat").write_bytes(b"nothing of the sort" * 20)
    with pytest.raises(InputError, match="is not a Lund2013 recording"):
        io.read_lund2013(tmp_path / "x.mat")


def test_a_unit_that_would_do_nothing_is_told(tmp_path):
    columns = {"time": {"column": "t0", "unit": "s"}, "x": "px", "y": "py"}
    with pytest.raises(InputError, match=r"tables.samples.columns.time: unit 's' would do nothing"):
        load(tmp_path, table="samples", columns=columns)


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_another_delimiter_is_named(tmp_path, mark):
    with pytest.raises(InputError) as told:
        load(tmp_path, TEXT.replace(",", mark))
    assert f"say delimiter = {mark!r}" in str(told.value)
    assert len(load(tmp_path, TEXT.replace(",", mark), delimiter=mark)) == 3


def test_patterns_may_start_at_the_root_of_the_disk(tmp_path):
    (tmp_path / "Größe ä").mkdir()
    wanted = tmp_path / "Größe ä" / "gaze.csv"
    wanted.write_text(TEXT)
    for folder, pattern in ((tmp_path / "study", f"{tmp_path}/*/*.csv"), (tmp_path, "*/*.csv")):
        assert io.shard_files(folder, "fixations", table_map(file=pattern)) == [wanted]


def test_onsets_in_another_unit_than_durations_are_noticed(tmp_path):
    rows = "".join(f"A,1,{i * 0.3:.2f},0.25,{i},{2 * i}\n" for i in range(12))
    text = "who,img,t0,dur,px,py\n" + rows
    columns = table_map().model_dump(exclude_defaults=True)["columns"]
    assert load(tmp_path, text, columns=columns)["onset"].iloc[-1] == pytest.approx(3300)
    with pytest.raises(InputError) as told:
        load(tmp_path, text, columns=columns | {"onset": "t0"})
    for word in ("gaze.csv", "'t0'", "0.3 ms apart but last 250 ms", "tables.fixations.columns.onset"):
        assert word in str(told.value)
    assert len(load(tmp_path, text, columns=columns | {"onset": {"order": True}})) == 12


def test_na_among_country_codes_must_be_told_apart(tmp_path):
    text = "reader,kind,land\nr1,person,CL\nr2,person,NA\n"
    columns = {"reader": "reader", "kind": "kind", "country": "land"}
    with pytest.raises(InputError) as told:
        load(tmp_path, text, table="readers", reading=[], columns=columns)
    for word in ("row 3", "'land'", "levels = { NA = 'Namibia' }", "missing = ['NA']"):
        assert word in str(told.value)
    for source, want in (({"levels": {"NA": "Namibia"}}, "Namibia"), ({"missing": ["NA"]}, None)):
        known = columns | {"country": {"column": "land"} | source}
        frame = load(tmp_path, text, table="readers", reading=[], columns=known)
        assert (frame["country"].iloc[1] if want else None) == want
        assert frame["country"].isna().sum() == (want is None)
    names = load(tmp_path, text.replace("CL", "Chile"), table="readers", reading=[], columns=columns)
    assert names["country"].isna().sum() == 1


def test_an_own_column_that_is_a_slip_of_ours_is_told(tmp_path):
    columns = table_map().model_dump(exclude_defaults=True)["columns"]
    columns["duratoin"] = columns.pop("duration")
    with pytest.raises(InputError, match=r"tables\.fixations\.columns\.duratoin: .* has a column 'duration'; correct"):
        load(tmp_path, columns=columns)


def test_distinct_by_a_column_that_is_not_there_is_named():
    from pathlib import Path

    raw = pd.DataFrame({"trial": ["1"], "gx": ["10"], "gy": ["20"], "t": ["0"]})
    columns = {"x": "gx", "y": "gy", "onset": "t"}
    said = {"file": "g.csv", "reading": ["trial"], "distinct": ["tral"], "columns": columns}
    words = r"tables\.fixations\.distinct: there is no column 'tral'; did you mean 'trial'"
    with pytest.raises(InputError, match=words):
        io.convert(raw, "fixations", io.TableMap.model_validate(said), Path("g.csv"))


@pytest.mark.parametrize("lenient", [False, True])
@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("fixations", "onset,duration,x,y\n" + "".join(f"{n * 300},200,{n * 9},5\n" for n in range(12))),
        ("samples", "t,x,y,eye\n" + "".join(f"{(n - 9 * (n == 9)) * 4},{n * 9},5,left\n" for n in range(30))),
        ("traces", "onset,offset,text\n1,2,a\n"),
        ("saccades", "onset,duration\n1,2\n"),
    ],
)
def test_a_table_without_readings_is_told_whatever_else_it_holds(tmp_path, table, text, lenient):
    (tmp_path / f"{table}.csv").write_text(text)
    with pytest.raises(InputError, match=r"column 'reading': expected this column"):
        io.load_shard(tmp_path / f"{table}.csv", table, rejects=Rejects() if lenient else None)


def test_samples_in_no_order_of_time_are_sorted_but_two_recordings_are_not_mixed(tmp_path):
    file = tmp_path / "samples.csv"
    frame = pd.DataFrame({"reading": np.repeat([1, 2], 100), "t": np.tile(np.arange(100) * 4.0, 2), "x": 5.0, "y": 7.0})
    frame["x"] += np.arange(200)
    frame.sample(frac=1, random_state=1).to_csv(file, index=False)
    for rejects in (None, Rejects()):
        found = io.load_shard(file, "samples", rejects=rejects).sort_values(["reading", "t"], kind="stable")
        pd.testing.assert_frame_equal(found.reset_index(drop=True), frame, check_dtype=False)
        assert rejects is None or not rejects.notes
    frame.assign(reading=1).sample(frac=1, random_state=1).to_csv(file, index=False)
    with pytest.raises(InputError, match=r"expected rising values within a reading|would last"):
        io.load_shard(file, "samples", rejects=Rejects())


@pytest.mark.parametrize("cells", [["1", "-2"], ["1.5", "2e3"], ["1.5", "", "x"], [" 7", "nan"]])
def test_text_becomes_the_numbers_that_pandas_makes_of_it(cells):
    text = pd.Series(cells, dtype="str", index=range(3, 3 + len(cells)))
    pd.testing.assert_series_equal(as_numbers(text), pd.to_numeric(text, errors="coerce"))
