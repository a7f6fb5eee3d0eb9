"""Faults that once passed in silence: each is an error that names it, or right, counted and noted."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import io
from gazeanalytics.study import open_study
from gazeanalytics.tables import InputError, InputWarning


@pytest.fixture
def rng():
    return np.random.default_rng(8)


def change(study, name, edit):
    """Spoil one table."""
    frame = pd.read_csv(study / f"{name}.csv")
    edit(frame).to_csv(study / f"{name}.csv", index=False)


def check(study, match):
    """Counts of a study of which one note fits a pattern."""
    with warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("always")
        counts = open_study(study).check()
    texts = [str(one.message) for one in noted if issubclass(one.category, InputWarning)]
    assert any(re.search(match, text) for text in texts), texts
    return counts


def table(study, name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        return open_study(study).table(name)


def says(study):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        with pytest.raises(InputError) as refused:
            open_study(study).check()
    return str(refused.value)


@pytest.mark.parametrize("written", [lambda key: f"{key:03d}", lambda key: f"{key}.0"], ids=["zeros", "decimal"])
@pytest.mark.parametrize("name", ["readings", "fixations"])
def test_keys_in_another_writing_are_the_same(study, name, written):
    wanted = table(study, "fixations")["reading"].astype(int).tolist()
    change(study, name, lambda frame: frame.assign(reading=frame["reading"].map(written)))
    counts = check(study, "24 keys are written differently than in the other table, such as")
    assert counts["fixations"] == len(wanted)
    found = table(study, "fixations")["reading"].astype(str).astype(float).astype(int)
    assert found.tolist() == wanted


def test_cases_and_readers_in_another_writing_are_the_same(study):
    change(study, "cases", lambda frame: frame.assign(case=[f"{n:02d}" for n in range(6)]))
    change(study, "readers", lambda frame: frame.assign(reader=[f"{n}.0" for n in range(4)]))
    number = {"reader": lambda f: f["reader"].str[1:], "case": lambda f: f["case"].str[1:]}
    change(study, "readings", lambda frame: frame.assign(**number))
    check(study, "keys are written differently")
    readings = table(study, "readings")
    assert set(readings["case"]) == {f"{n:02d}" for n in range(6)}
    assert set(readings["reader"]) == {f"{n}.0" for n in range(4)}


def test_two_writings_of_one_number_in_one_table_stay_two(study):
    change(study, "readings", lambda frame: frame.assign(reading=["7", "07", *range(10, 32)]))
    change(study, "fixations", lambda frame: frame[frame["reading"] == 0].assign(reading="7.0"))
    assert "expected a reading of table 'readings'; got '7.0'" in says(study)


def test_a_key_of_other_case_is_refused_with_the_nearest(study):
    change(study, "readings", lambda frame: frame.assign(case=frame["case"].str.upper()))
    assert "'C0' is not among the cases of" in says(study)
    assert "(did you mean 'c0'?)" in says(study)


def test_gaze_whose_middle_lies_off_the_image_is_refused(study):
    change(study, "fixations", lambda frame: frame.assign(x=frame["x"] + 2000))
    text = says(study)
    assert text.endswith("the size of the images; if they are right, say trust_units = true in study.toml")
    assert "fixations.csv: 100% of the fixations lie outside their image" in text
    (study / "study.toml").write_text("[tables.fixations]\nfile = 'fixations.csv'\ntrust_units = true\n")
    check(study, "100% of the fixations lie outside")


def test_exchanged_places_are_named_as_such(study):
    change(study, "cases", lambda frame: frame.assign(width=2000, height=400))
    change(study, "fixations", lambda frame: frame.assign(x=frame["y"] / 2, y=frame["x"] * 2))
    assert "with x and y exchanged 100% would lie inside" in says(study)


def test_a_single_place_far_off_is_kept_and_noted_and_a_wrong_size_is_noted(study):
    change(study, "fixations", lambda frame: frame.assign(x=frame["x"].mask(frame.index == 5, 1e6)))
    counts = check(study, "1 of [0-9]+ fixations lie farther off their image than it is large; they are kept")
    assert counts["fixations"] == len(pd.read_csv(study / "fixations.csv"))
    change(study, "fixations", lambda frame: frame.drop(index=5))
    change(study, "cases", lambda frame: frame.assign(width=10_000, height=8_000))
    check(study, "all fixations lie in the first 35% of the width and height of their image")


def test_pixels_declared_as_fractions_are_refused(study):
    columns = "{reading = 'reading', onset = 'onset', duration = 'duration', x = 'x', y = 'y'}"
    told = f"[tables.fixations]\nfile = 'fixations.csv'\nframe = 'image-fraction'\ncolumns = {columns}\n"
    (study / "study.toml").write_text(told)
    assert "100% of the fixations lie outside their image; check frame" in says(study)


REGION = {"region": "heart", "kind": "organ", "x0": 300.0, "y0": 200.0, "x1": 600.0, "y1": 500.0}


@pytest.mark.parametrize(
    ("box", "words"),
    [
        ({"x1": 300.0}, "region 'heart' of case 'c0': expected x1 above x0; got 300 to 300; correct the box"),
        ({"y1": 100.0}, "region 'heart' of case 'c0': expected y1 above y0; got 200 to 100; correct the box"),
        ({"x0": 3000.0, "x1": 4000.0}, "every box lies outside its image, where no gaze can hit it; declare frame"),
        ({"x0": 0.3, "x1": 0.6, "y0": 0.2, "y1": 0.5}, "all boxes lie within 2 px of the corner"),
    ],
)
def test_aois_that_no_gaze_can_hit_are_refused(study, box, words):
    pd.DataFrame([REGION | box | {"case": f"c{n}"} for n in range(6)]).to_csv(study / "regions.csv", index=False)
    assert words in says(study)


def test_single_aois_off_the_image_or_of_unknown_cases_are_counted(study):
    rows = [REGION | {"case": f"c{n}"} for n in range(6)] + [REGION | {"case": "c9"}]
    rows[2] |= {"x0": 2000.0, "x1": 2100.0}
    pd.DataFrame(rows).to_csv(study / "regions.csv", index=False)
    with pytest.warns(InputWarning) as noted:
        assert open_study(study).check()["regions"] == 6
    texts = [str(one.message) for one in noted]
    assert any("1 of 6 AOIs lie outside their image" in text and "of case 'c2'" in text for text in texts)
    assert any("1 of 7 AOIs are left out: column 'case': 'c9' is not among" in text for text in texts)


def test_doubled_fixations_are_read_once(study):
    wanted = len(pd.read_csv(study / "fixations.csv"))
    change(study, "fixations", lambda frame: pd.concat([frame, frame.iloc[10:20]]))
    counts = check(study, f"10 rows of fixations are there already, first row {wanted + 2}; each is read once")
    assert counts["fixations"] == wanted
    assert counts["rows of fixations that are there already"] == 10


def test_late_onsets_pauses_and_readings_without_rows_are_noted(study):
    change(study, "fixations", lambda frame: frame.assign(onset=frame["onset"] + 50_000))
    check(study, "fixations begin 50.0 s after image onset in the median; if times count from the start")
    change(
        study,
        "fixations",
        lambda f: f.assign(onset=f["onset"] - 50_000 + 600_000 * ((f.index >= 10) & (f["reading"] == 0))),
    )
    check(study, "1 pauses of over 60 s between fixations of one reading, the first of 600 s in reading 0")
    change(study, "fixations", lambda frame: frame[frame["reading"] > 1])
    check(study, "2 of 24 readings have no row of fixations, such as reading 0")


@pytest.mark.parametrize(("column", "code"), [("x", -1), ("y", 0), ("x", -32768)])
def test_a_value_that_comes_too_often_is_noted_as_a_code(study, column, code):
    change(study, "fixations", lambda frame: frame.assign(**{column: frame[column].mask(frame.index % 9 == 0, code)}))
    check(
        study, f"{column} is exactly {code} in [0-9]+ of [0-9]+ fixations; if that means lost, say missing = \\[{code}]"
    )


def test_conflicts_are_not_hidden_by_distinct(study):
    change(study, "readers", lambda frame: pd.concat([frame, frame.assign(experience_years=[1, 5, 9, 33])]))
    columns = "{reader = 'reader', kind = 'kind', experience_years = 'experience_years'}"
    (study / "study.toml").write_text(f"[tables.readers]\nfile = 'readers.csv'\ndistinct = true\ncolumns = {columns}\n")
    assert "column 'experience_years': expected one value for reader 'r3'; got 20 and 33, of which distinct" in says(
        study
    )


def test_outcomes_of_1_and_2_ask_which_is_right(study):
    change(study, "readings", lambda frame: frame.assign(correct=[1, 2] * 12))
    text = says(study)
    assert "row 3, column 'correct': expected 1 (correct) or 0; got '2'; say which is which" in text


def test_events_by_start_and_end_have_a_duration(study):
    wanted = table(study, "fixations")["duration"]
    ended = {"offset": lambda frame: frame["onset"] + frame["duration"]}
    change(study, "fixations", lambda frame: frame.assign(**ended).drop(columns="duration"))
    assert table(study, "fixations")["duration"].tolist() == wanted.tolist()


@pytest.mark.parametrize("name", ["fixations", "samples"])
def test_a_reading_in_two_files_is_refused(study, name):
    frame = pd.read_csv(study / "fixations.csv")
    (study / "fixations.csv").unlink()
    (study / name).mkdir()
    if name == "samples":
        frame = pd.DataFrame({"reading": 0, "t": np.arange(0, 2000, 4.0), "x": np.arange(500.0), "y": 400.0})
    for part in ("a", "b"):
        frame.to_csv(study / name / f"{part}.csv", index=False)
    assert says(study).endswith(
        "b.csv: reading 0 is in a.csv, too; if they are the same, take one away, else put a reading into one file"
    )


def samples(study, rng, times=None):
    n = 400
    (study / "fixations.csv").unlink(missing_ok=True)
    t = np.arange(n) * 4.0 if times is None else times(np.arange(n) * 4.0)
    walk = {"x": 500 + rng.normal(0, 0.5, n).cumsum(), "y": 400 + rng.normal(0, 0.5, n).cumsum()}
    frame = pd.concat([pd.DataFrame({"reading": reading, "t": t, **walk}) for reading in range(24)])
    frame.round(3).to_csv(study / "samples.csv", index=False)
    return frame


def test_two_eyes_without_a_column_that_says_so_are_refused(study, rng):
    frame = samples(study, rng)
    both = pd.concat([frame, frame.assign(x=frame["x"] + 30)]).sort_values(["reading", "t"], kind="stable")
    both.to_csv(study / "samples.csv", index=False)
    assert (
        "row 3, column 't': most samples of reading 0 come in pairs of one time that lie 30 apart, as those of two "
        "eyes or two recordings do; keep one with keep = { ... } in study.toml" in says(study)
    )


def test_doubled_samples_are_read_once(study, rng):
    frame = samples(study, rng)
    pd.concat([frame, frame]).to_csv(study / "samples.csv", index=False)
    counts = check(study, "9,600 rows of samples are there already, first row 9602; each is read once")
    assert counts["samples"] == counts["rows of samples that are there already"] == 9600


def test_a_coarse_clock_is_spread(study, rng):
    samples(study, rng, times=lambda t: t // 16 * 16)
    study_ = open_study(study)
    with pytest.warns(
        InputWarning, match="75% of the samples have the time of the one before, as a clock of 16 ms gives"
    ):
        found = study_.shard("samples", io.Part(study / "samples.csv"))
    assert found["t"].iloc[:400].tolist() == (np.arange(400) * 4.0).tolist()


def test_a_code_of_loss_in_one_coordinate_of_samples_is_noted(study, rng):
    frame = samples(study, rng).reset_index(drop=True)
    frame.assign(x=frame["x"].mask(frame.index % 50 == 0, 0)).to_csv(study / "samples.csv", index=False)
    check(study, "x is exactly 0 in 192 of 9,600 samples; if that means lost")
