import numpy as np
import pandas as pd
import pytest

from gazeanalytics.geometry import Box, Screen
from gazeanalytics.io import TableMap
from gazeanalytics.study import analyse, open_study, read_config
from gazeanalytics.study.frames import to_image, viewing_of
from gazeanalytics.tables import InputError, InputWarning

SCREEN = Screen(1920, 1080, 531, 299, 600)


def test_a_native_study_needs_no_map(small):
    study = open_study(small)
    counts = study.check()
    assert {name: counts[name] for name in ("readers", "cases", "readings")} == {
        "readers": 3,
        "cases": 8,
        "readings": 24,
    }
    assert study.table("fixations")["reading"].dtype == study.table("readings")["reading"].dtype
    assert study.viewing(study.table("readings")["reading"]).rows(24).shape == (24, 4)


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("fixations.csv", "onset", "onste", "fixations.csv, column 'onset': expected this column"),
        ("readings.csv", "3,r0,c3", "3,r0,c33", "readings.csv, reading 3, column 'case': 'c33' is not among"),
        (
            "readings.csv",
            "3,r0,c3",
            "3,r9,c3",
            "readings.csv, reading 3, column 'reader': 'r9' (unknown readers have 1 rows) is not",
        ),
        (
            "readings.csv",
            "\n3,",
            "\n2,",
            "readings.csv, row 5, column 'reading': expected each key once; got reading 2",
        ),
        (
            "fixations.csv",
            "\n0,300.0",
            "\n99,300.0",
            "fixations.csv, row 3, column 'reading': expected a reading of",
        ),
        (
            "readers.csv",
            "r1,person",
            "r1,human",
            "readers.csv, row 3, column 'kind': expected one of person, model; got",
        ),
        ("study.toml", "name", "nmae", "study.toml: key 'study.nmae' is not known; did you mean 'name'?"),
    ],
)
def test_faults_name_file_place_and_remedy(small, name, old, new, words):
    edit(small / name, old, new)
    with pytest.raises(InputError) as caught:
        open_study(small, strict=True).check()
    told = str(caught.value)
    assert words in told
    assert told.startswith(str(small))
    assert "\n" not in told


def test_a_table_with_a_header_alone_is_told(small):
    (small / "readers.csv").write_text("reader,kind\n")
    with pytest.raises(InputError, match=r"readers\.csv: has a header but no rows; put the data there"):
        open_study(small).check()


def test_two_files_for_one_table_are_refused(small):
    (small / "fixations.tsv").write_text((small / "fixations.csv").read_text().replace(",", "\t"))
    with pytest.raises(InputError, match=r"fixations\.tsv: two files for one table; name one in study\.toml"):
        open_study(small).check()


def test_a_file_and_a_folder_for_one_table_are_refused(small):
    (small / "readers").mkdir()
    open_study(small).check()
    (small / "readers" / "scan.png").touch()
    open_study(small).check()
    (small / "readers" / "part-0.csv").write_text((small / "readers.csv").read_text())
    said = r"readers\.csv and folder readers/ \(part-0\.csv\): two places for one table; name one in study\.toml"
    with pytest.raises(InputError, match=said):
        open_study(small).check()


def test_a_folder_without_a_name_is_told():
    with pytest.raises(InputError, match=r"^the folder's name is empty; name the folder that holds study\.toml$"):
        open_study("")


def test_no_gaze_and_no_study_are_told(small, tmp_path):
    (small / "fixations.csv").unlink()
    with pytest.raises(InputError, match=r"neither gaze \(samples, fixations\) nor words"):
        open_study(small).check()
    with pytest.raises(InputError, match="no such folder; name the folder that holds"):
        open_study(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"study\.toml: no such file; a study is a folder"):
        open_study(tmp_path)


def test_shards_and_one_file_are_the_same_table(small):
    whole = open_study(small).table("fixations")
    (small / "fixations").mkdir()
    for part, rows in whole.groupby(whole["reading"] // 10):
        rows.to_parquet(small / "fixations" / f"part-{part:05d}.parquet", index=False)
    (small / "fixations.csv").unlink()
    pd.testing.assert_frame_equal(open_study(small).table("fixations"), whole)


@pytest.mark.parametrize("placement", ["fit", "native", (100.0, 50.0, 900.0, 850.0)])
def test_screen_coordinates_reach_the_image_whatever_the_placement(placement):
    images = pd.DataFrame({"width": [1000.0, 500.0], "height": [1000.0, 1000.0]})
    told = {"file": "f.csv", "frame": "screen", "columns": {"x": "x", "y": "y"}}
    centre = pd.DataFrame({"x": [960.0, 960.0], "y": [540.0, 540.0]})
    moved = to_image(centre, images, TableMap.model_validate(told), SCREEN, placement)
    viewing = viewing_of(images, SCREEN, placement)
    # The screen's centre is the line of sight, whatever image pixel it falls on.
    np.testing.assert_allclose(moved["x"], viewing.centre_x_px)
    np.testing.assert_allclose(moved["y"], viewing.centre_y_px)


@pytest.mark.parametrize(
    ("frame", "origin", "x", "y"),
    [
        ("image", "bottom-left", 250.0, 600.0),
        ("image", "centre", -250.0, 0.0),
        ("image", "centre-up", -250.0, 0.0),
        ("image-fraction", "top-left", 0.25, 0.5),
        ("image-fraction", "bottom-left", 0.25, 0.5),
    ],
)
def test_frames_and_origins_tell_the_same_point(frame, origin, x, y):
    images = pd.DataFrame({"width": [1000.0], "height": [1200.0]})
    told = {"file": "f.csv", "frame": frame, "origin": origin, "columns": {"x": "x", "y": "y"}}
    moved = to_image(pd.DataFrame({"x": [x], "y": [y]}), images, TableMap.model_validate(told), None, "fit")
    np.testing.assert_allclose(moved.to_numpy(), [[250.0, 600.0]])


def test_screen_fractions_from_below():
    images = pd.DataFrame({"width": [1000.0], "height": [1000.0]})
    told = {"file": "f.csv", "frame": "screen-fraction", "origin": "bottom-left", "columns": {"x": "x", "y": "y"}}
    moved = to_image(pd.DataFrame({"x": [0.5], "y": [1.0]}), images, TableMap.model_validate(told), SCREEN, "fit")
    np.testing.assert_allclose(moved.to_numpy(), [[500.0, 0.0]], atol=1e-9)
    with pytest.raises(InputError, match=r"frame = 'screen-fraction' needs the \[screen\]"):
        to_image(moved, images, TableMap.model_validate(told), None, "fit")


def test_degrees_come_from_the_screen_or_from_px_per_deg():
    images = pd.DataFrame({"width": [1000.0], "height": [1000.0]})
    assert viewing_of(images, None, "fit") is None
    shown = SCREEN.viewing(Box(0, 0, 1000, 1000), Box(420, 0, 1500, 1080))
    there = viewing_of(images, SCREEN, "fit")
    np.testing.assert_allclose(there.rows(1), shown.rows(1))
    told = viewing_of(images.assign(px_per_deg=33.0), SCREEN, "fit")
    np.testing.assert_allclose(told.px_per_deg, 33)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[tables.fixation]\nfile='a'", "tables.fixation: no such table; did you mean 'fixations'?"),
        (
            "[tables.fixations]\nfile='a'\ncolumns={x={colum='a'}}",
            "key 'tables.fixations.columns.x.colum' is not known; did",
        ),
        (
            "[tables.fixations]\nfile='a'\ncolumns={x={column='a', value=1}}",
            "give exactly one of column, mean, value, cumulate",
        ),
        ("[screen]\nwidth_px=1", "key 'screen.height_px': Field required"),
        ("[x", "is not TOML (Expected ']' at the end of a table declaration"),
    ],
)
def test_study_toml_is_checked_key_by_key(tmp_path, text, words):
    (tmp_path / "study.toml").write_text(text)
    with pytest.raises(InputError) as caught:
        read_config(tmp_path / "study.toml")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[events]\ndetector = "ivt2"', ("events.detector", "'ivt2'", "did you mean 'ivt'?")),
        ('[events]\ndetector = "ivt"\noptions = { threshold = 3 }', ("events.options", "'threshold_deg_s'")),
        (
            '[events]\noptions = { peak_deg_s = "high" }',
            ("events.options", "'peak_deg_s' expected a number; got 'high'"),
        ),
        ('[events]\ndetector = "auto"\noptions = { peak_deg_s = 3 }', ("events.options", "detector 'auto' takes none")),
        ("[features]\noptions = { gridd = 3 }", ("features.options", "'gridd'")),
        ("[strategies]\noptions = { resample = 3 }", ("strategies.options", "'n_resamples'")),
        ('[strategies]\noptions = { scaling = "none" }', ("strategies", "'scaling' expected one of 'power'")),
    ],
)
def test_options_that_nothing_takes_are_told_and_leave_no_folder(small, tmp_path, text, words):
    with (small / "study.toml").open("a") as stream:
        stream.write(text + "\n")
    with pytest.raises(InputError) as told:
        analyse(open_study(small), tmp_path / "out")
    for word in ("study.toml", *words):
        assert word in str(told.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("added", "words"),
    [
        (
            {"truth_edema": "present"},
            ("cases.csv", "'truth_edema'", "0 (absent) or 1 (present)", "'present'", "levels"),
        ),
        ({"truth_edema": 2}, ("cases.csv", "'truth_edema'", "got 2")),
        ({"truth_edema": 1, "target": "effusion"}, ("cases.csv", "'target'", "'truth_effusion'", "truth_edema")),
    ],
)
def test_truth_that_nothing_can_be_scored_on_is_told(small, added, words):
    pd.read_csv(small / "cases.csv").assign(**added).to_csv(small / "cases.csv", index=False)
    with pytest.raises(InputError) as told:
        open_study(small).check()
    for word in words:
        assert word in str(told.value)


def test_gaze_with_a_header_alone_is_told(small):
    (small / "fixations.csv").write_text("reading,onset,duration,x,y\n")
    with pytest.raises(InputError, match=r"fixations\.csv: has a header but no rows"):
        open_study(small).check()


def test_too_few_readings_for_strategies_are_analysed_without(small):
    """Five readers of eight cases: more than a handful, fewer than types can be told from."""
    readers = [f"r{i}" for i in range(5)]
    pd.DataFrame({"reader": readers, "kind": "person"}).to_csv(small / "readers.csv", index=False)
    gaze, readings = pd.read_csv(small / "fixations.csv"), pd.read_csv(small / "readings.csv")
    more = readings[readings["reading"] < 16]
    pd.concat([readings, more.assign(reading=more["reading"] + 24, reader=["r3"] * 8 + ["r4"] * 8)]).to_csv(
        small / "readings.csv", index=False
    )
    again = gaze[gaze["reading"] < 16]
    pd.concat([gaze, again.assign(reading=again["reading"] + 24)]).to_csv(small / "fixations.csv", index=False)
    found = analyse(open_study(small))
    assert found.strategies is None
    assert "at least 50 readings" in found.skipped["strategies"]
    assert len(found.readings) == 40


def test_a_folder_that_cannot_be_made_is_told(small):
    with pytest.raises(InputError, match=r"cases\.csv/out: can't be made .*name another folder with --out"):
        analyse(open_study(small), small / "cases.csv" / "out")


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("formula = 'correct ~ (1 | reader'", "models.mine: "),
        ("formula = 'correct ~ a + (1 | reader)'\nfamily = 'binomal'", "models.mine: family: expected one of"),
        ("formula = 'correct ~ 1 + (1 | reader)'\nwhere = 'case in ['", "models.mine.where: can't read 'case in ['"),
    ],
)
def test_models_that_no_data_could_mend_are_told_before_anything_is_computed(small, tmp_path, model, words):
    with (small / "study.toml").open("a") as file:
        file.write(f"\n[models.mine]\n{model}\n")
    steps = []
    with pytest.raises(InputError) as told:
        analyse(open_study(small), tmp_path / "out", progress=lambda step, done, total: steps.append(step))
    assert words in str(told.value)
    assert "study.toml" in str(told.value)
    assert set(steps) == {"check"}
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("cell", "got"), [("high", "'high' in reading"), ("1.2", "1.2 in reading")])
def test_uncertainty_that_is_no_share_is_refused(small, cell, got):
    readings = pd.read_csv(small / "readings.csv")
    readings["uncertainty"] = [cell, *["0.5"] * (len(readings) - 1)]
    readings.to_csv(small / "readings.csv", index=False)
    with pytest.raises(
        InputError, match=r"readings, column 'uncertainty': expected numbers from 0 to 1; got "
    ) as caught:
        analyse(open_study(small), only=["readings"])
    assert got in str(caught.value)


def test_own_words_for_no_finding_are_refused_when_the_study_is_opened(small):
    with (small / "study.toml").open("a") as file:
        file.write('\n[reasoning.phrases]\npneumothorx = ["dark apex"]\n')
    with pytest.raises(
        InputError, match=r"study\.toml.*there is no finding 'pneumothorx'; did you mean 'pneumothorax'"
    ):
        open_study(small)


def test_a_column_spelt_almost_as_one_of_ours_is_said(small):
    path = small / "readers.csv"
    readers = pd.read_csv(path)
    name = "experience_years" if "experience_years" in readers else readers.columns[-1]
    readers.assign(experience_yrs=3, shoe=44).drop(columns=[name]).to_csv(path, index=False)
    with pytest.warns(InputWarning) as told:
        open_study(small).check()
    said = [str(one.message) for one in told if "rename it" in str(one.message)]
    assert len(said) == 1
    assert "column 'experience_yrs' is kept as one of your own; if 'experience_years' is meant, rename it" in said[0]


def test_of_aois_that_overlap_the_lowest_priority_and_then_the_smallest_counts(small):
    rows = [("c0", "big", "organ", 0, 0, 900, 700), ("c0", "spot", "organ", 10, 10, 20, 20)]
    names = ["case", "region", "kind", "x0", "y0", "x1", "y1"]
    regions = pd.DataFrame(rows, columns=names)
    regions.to_csv(small / "regions.csv", index=False)
    assert open_study(small).table("regions")["region"].tolist() == ["spot", "big"]
    regions.assign(priority=[1, 2]).to_csv(small / "regions.csv", index=False)
    assert open_study(small).table("regions")["region"].tolist() == ["big", "spot"]
