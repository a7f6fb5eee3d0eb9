"""No one's name, number or rare combination of attributes leaves with the results."""

import json

import numpy as np
import pandas as pd
import pytest

from gazeanalytics.study import analyse, open_study, replay, verify
from gazeanalytics.study.privacy import pseudonyms_of
from gazeanalytics.tables import InputError
from gazeanalytics.tables.identifying import identifies

# Personal columns are planted on purpose.
pytestmark = pytest.mark.filterwarnings("ignore:.*may name a person")

PLANTED = """
email E-Mail eMailAddress patientName patient_name PatientID dateOfBirth date_of_birth DOB birthDate telephone
Telephone.Number phone mobile orcid ORCID-iD MRN accessionNumber ip_address userAgent hostname wearer_name surname
first_name LastName fullName ssn nhs_number passport employee_no radiologistName reader_id participant-id name
"""
HARMLESS = """
reader case reading finding region fixations duration age_band sex country specialty experience_years model version
truth_fracture image width height px_per_deg coverage_share first_ms normal emphasis shipment
"""


@pytest.mark.parametrize("column", PLANTED.split())
def test_personal_columns_are_known_in_any_spelling(column):
    assert identifies(column)


@pytest.mark.parametrize("column", HARMLESS.split())
def test_measures_are_not_taken_for_persons(column):
    assert not identifies(column)


@pytest.fixture
def named(small):
    """The small study with readers called by their names, patients' attributes and columns that nobody asked for."""
    names = {"r0": "Ada Lovelace", "r1": "Grace Hopper", "r2": "Emmy Noether"}
    readers = pd.read_csv(small / "readers.csv")
    readers["reader"] = readers["reader"].map(names)
    readers = readers.assign(country=["Iceland", "Chad", "Fiji"], email="x@example.org", badge=[77, 78, 79])
    readers.to_csv(small / "readers.csv", index=False)
    readings = pd.read_csv(small / "readings.csv")
    readings["reader"] = readings["reader"].map(names)
    readings.to_csv(small / "readings.csv", index=False)
    cases = pd.read_csv(small / "cases.csv")
    cases.assign(age=np.arange(8) * 11 + 15, sex=["f", "m"] * 4, ward="North 7").to_csv(
        small / "cases.csv", index=False
    )
    return small


def everything(folder):
    """All that is written, as text: page, tables, figures, data, provenance."""
    parts = []
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".parquet":
            parts.append(pd.read_parquet(path).to_csv())
        elif path.is_file():
            parts.append(path.read_bytes().decode("latin-1"))
    return "\n".join([*parts, *(path.name for path in folder.rglob("*"))])


def test_no_name_number_or_rare_attribute_is_written(named, tmp_path):
    analyse(open_study(named), tmp_path / "out", key_file=tmp_path / "key.csv")
    text = everything(tmp_path / "out")
    for word in (
        "Lovelace",
        "Hopper",
        "Noether",
        "Iceland",
        "Chad",
        "Fiji",
        "x@example.org",
        "North 7",
        "badge",
        "ward",
    ):
        assert word not in text, word
    readings = pd.read_parquet(tmp_path / "out" / "data" / "readings.parquet")
    assert sorted(readings["reader"].unique()) == ["reader_1", "reader_2", "reader_3"]
    assert readings[["country", "experience_years"]].isna().all().all()
    assert not {"age", "sex", "ward", "badge", "email"} & set(readings)
    key = pd.read_csv(tmp_path / "key.csv")
    assert set(key.loc[key["key"] == "reader", "stands_for"]) == {"Ada Lovelace", "Grace Hopper", "Emmy Noether"}


def test_names_stay_where_the_study_asks_for_them(named, tmp_path):
    with (named / "study.toml").open("a") as file:
        file.write("\n[report]\nidentifiers = true\n")
    analyse(open_study(named), tmp_path / "out")
    readings = pd.read_parquet(tmp_path / "out" / "data" / "readings.parquet")
    assert set(readings["reader"]) == {"Ada Lovelace", "Grace Hopper", "Emmy Noether"}
    assert readings["country"].notna().all()


def test_pseudonyms_hang_on_contents_not_on_order(named):
    one = pseudonyms_of(open_study(named)).names
    for name in ("readers", "cases", "readings"):
        frame = pd.read_csv(named / f"{name}.csv")
        frame.sample(frac=1, random_state=1).to_csv(named / f"{name}.csv", index=False)
    two = pseudonyms_of(open_study(named)).names
    for key in one:
        pd.testing.assert_series_equal(one[key].sort_index(), two[key].sort_index(), check_index_type=False)
    assert one["reading"].is_unique


def test_a_combination_that_enough_share_stays(named, tmp_path):
    readers = pd.read_csv(named / "readers.csv")
    readers.assign(country="Chad", experience_years=3).to_csv(named / "readers.csv", index=False)
    with (named / "study.toml").open("a") as file:
        file.write("\n[report]\nmin_cell = 3\n")
    analyse(open_study(named), tmp_path / "out")
    readings = pd.read_parquet(tmp_path / "out" / "data" / "readings.parquet")
    assert set(readings["country"]) == {"Chad"}
    assert set(readings["experience_years"]) == {"2 to <5"}


def test_the_key_is_kept_apart(named, tmp_path):
    with pytest.raises(InputError, match="lies among the results"):
        analyse(open_study(named), tmp_path / "out", key_file=tmp_path / "out" / "key.csv")
    (tmp_path / "key.csv").write_text("mine")
    with pytest.raises(InputError, match="is there already; name another file with --key"):
        analyse(open_study(named), tmp_path / "out", key_file=tmp_path / "key.csv")


def test_provenance_hides_paths_and_codes(named, tmp_path):
    elsewhere = tmp_path / "Dr_Hopper_gaze.csv"
    (named / "fixations.csv").rename(elsewhere)
    columns = "{reading='reading', onset='onset', duration='duration', x='x', y='y'}"
    with (named / "study.toml").open("a") as file:
        file.write(f"\n[tables.fixations]\nfile = '{elsewhere}'\nmissing = [-77031]\ncolumns = {columns}\n")
    analyse(open_study(named), tmp_path / "out")
    text = everything(tmp_path / "out")
    for word in (str(tmp_path), "Hopper", "-77031"):
        assert word not in text, word


def test_verify_names_what_was_changed(small, tmp_path):
    out = tmp_path / "out"
    analyse(open_study(small), out, only=["quality"])
    assert verify(out) == []
    page = out / "report.html"
    page.write_text(page.read_text() + " ")
    (out / "data" / "fixations.parquet").unlink()
    (out / "thesis.txt").write_text("mine")
    assert [fault.split(":")[0] for fault in verify(out)] == ["data/fixations.parquet", "report.html", "thesis.txt"]
    (out / "provenance.json").unlink()
    with pytest.raises(InputError, match="holds no whole results"):
        verify(out)


def test_replay_names_the_numbers_that_differ(small, tmp_path):
    out = tmp_path / "out"
    analyse(open_study(small), out, only=["quality", "readings"])
    assert replay(out, open_study(small)) == []
    fixations = pd.read_csv(small / "fixations.csv")
    fixations.loc[0, "duration"] += 5
    fixations.to_csv(small / "fixations.csv", index=False)
    faults = replay(out, open_study(small))
    assert "input fixations.csv: differs" in faults
    assert any(fault.startswith("data/fixations.parquet: differs in duration by up to 5") for fault in faults)


def test_a_flipped_bit_in_a_table_is_seen(small, tmp_path):
    """Pages of Parquet carry checksums: a flipped bit is an error or seen by verify, never other numbers."""
    out = tmp_path / "out"
    analyse(open_study(small), out, only=["quality"])
    path = out / "data" / "fixations.parquet"
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 3] ^= 0x10
    path.write_bytes(whole)
    assert any("data/fixations.parquet: was changed" in fault for fault in verify(out))
    assert json.loads((out / "provenance.json").read_text())["outputs"]["data/fixations.parquet"]["bytes"] == len(whole)
