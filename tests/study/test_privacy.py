"""No one's name, number or rare combination of attributes leaves with the results."""

import json

import numpy as np
import pandas as pd
import pytest

from gazeanalytics.study import analyse, open_study, replay, scan, verify
from gazeanalytics.study.analyses import registry
from gazeanalytics.study.analyses.human_against_ai import kind_frame
from gazeanalytics.study.provenance import sealed
from gazeanalytics.study.pseudonyms import pseudonyms_of
from gazeanalytics.tables import InputError, InputWarning
from gazeanalytics.tables.identifying import identifies

# Personal columns are planted on purpose.
pytestmark = pytest.mark.filterwarnings("ignore:.*may name a person")

PLANTED = """
email E-Mail eMailAddress patientName patient_name PatientID dateOfBirth date_of_birth DOB birthDate telephone
Telephone.Number phone mobile orcid ORCID-iD MRN accessionNumber ip_address userAgent hostname wearer_name surname
first_name LastName fullName ssn nhs_number passport employee_no radiologistName reader_id participant-id name
Geburtsdatum geburtsDatum GEBURTSTAG Straße Vorname Nachname PatientenNummer Prénom date_de_naissance nom Apellidos
fecha_de_nacimiento teléfono Cognome endereço Voornaam 氏名 患者ID Фамилия SOPInstanceUID given_name IPAddress
Ｎａｍｅ Social-Security medicalRecordNo gmc_number
"""
HARMLESS = """
reader case reading finding region fixations duration age_band sex country specialty experience_years model version
truth_fracture image width height px_per_deg coverage_share first_ms normal emphasis shipment
nominal telegraph renamed named_findings unit guide fluid data_date ward station
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


def test_what_a_formula_names_is_an_attribute_too(named, tmp_path):
    """Of readers, in their own table or as a steady column of the readings: few share a hospital."""
    readers = pd.read_csv(named / "readers.csv")
    readers.assign(hospital=["Insel", "Insel", "Quaffel"], beds=[86421.5, 86421.5, 97531.25]).to_csv(
        named / "readers.csv", index=False
    )
    readings = pd.read_csv(named / "readings.csv")
    town = readings["reader"].map(
        {"Ada Lovelace": "Bernhausen", "Grace Hopper": "Bernhausen", "Emmy Noether": "Gexwil"}
    )
    rng = np.random.default_rng(2)
    readings.assign(town=town, light=["dim", "lit"] * (len(readings) // 2), time_s=rng.normal(20, 5, len(town))).to_csv(
        named / "readings.csv", index=False
    )
    with (named / "study.toml").open("a") as file:
        file.write('\n[models.time]\nformula = "time_s ~ hospital + light + beds + (1 | case)"\n')
        file.write('[models.place]\nformula = "time_s ~ town + (1 | case)"\n')
    study = open_study(named)
    analyse(study, tmp_path / "out", only=["models"])
    text = everything(tmp_path / "out")
    for word in ("Insel", "Quaffel", "Bernhausen", "Gexwil", "86421", "97531"):
        assert word not in text, word
    assert "lit" in set(pd.read_parquet(tmp_path / "out" / "data" / "readings.parquet")["light"])


def test_a_name_in_another_column_is_still_a_name(named, tmp_path):
    readers = pd.read_csv(named / "readers.csv")
    readers.assign(supervisor="Grace Hopper").to_csv(named / "readers.csv", index=False)
    with (named / "study.toml").open("a") as file:
        file.write('\n[models.m]\nformula = "fixations ~ 1 + (1 | case)"\nwhere = "reader != \'Grace Hopper\'"\n')
    analyse(open_study(named), tmp_path / "out", only=["models"])
    assert "Hopper" not in everything(tmp_path / "out")


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


@pytest.mark.parametrize("place", ["fixations/key.csv", "fixations/more/key.csv", "saccades/key.csv", "readers.tsv"])
def test_the_key_is_no_part_of_a_table(small, place):
    (small / "fixations").mkdir()
    (small / "fixations.csv").rename(small / "fixations" / "one.csv")
    (small / place).parent.mkdir(parents=True, exist_ok=True)
    table = place.split("/")[0].split(".")[0]
    with pytest.raises(InputError, match=rf"lies in the study's table '{table}'; name another place with --key"):
        analyse(open_study(small), small / "out", key_file=small / place)
    assert not (small / "out").exists()


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


def test_replay_sees_what_was_changed_in_the_results(small, tmp_path):
    """A value changed by hand, and a record changed and sealed anew."""
    out = tmp_path / "out"
    analyse(open_study(small), out, only=["quality", "readings"])
    data = out / "data" / "fixations.parquet"
    whole = data.read_bytes()
    fixations = pd.read_parquet(data)
    fixations.loc[0, "duration"] += 1
    fixations.to_parquet(data)
    (fault,) = replay(out, open_study(small))
    assert fault.startswith("data/fixations.parquet: was changed after the run (")
    data.write_bytes(whole)
    about = json.loads((out / "provenance.json").read_text())
    rows = about["counts"]["readings in"]
    about["counts"]["readings in"] += 1
    about |= {"seed": 99, "settings": {"readings": {"k": 1}}, "python": "2.7"}
    about["analyses"]["not possible"]["models"] = "no reason"
    (out / "provenance.json").write_text(sealed(about))
    assert verify(out) == []
    faults = replay(out, open_study(small))
    assert "provenance.json, seed: 99 then, 1 now" in faults
    assert f"provenance.json, counts.readings in: {rows + 1} then, {rows} now" in faults
    assert any(fault.startswith('provenance.json, settings.readings: {"k": 1} then, null now') for fault in faults)
    assert any(fault.startswith('provenance.json, python: "2.7" then') for fault in faults)
    assert any(fault.startswith("provenance.json, analyses.not possible.models:") for fault in faults)


def test_a_whole_run_with_analyses_that_were_not_possible_is_replayed(small, tmp_path):
    """They are asked for again: the page says why they weren't possible, not that they were switched off."""
    with (small / "study.toml").open("a") as file:
        names = [name for name in registry() if name not in ("quality", "saccades", "events", "aoi_metrics")]
        file.write("".join(f"[analyses.{name}]\nrun = false\n" for name in names))
    out = tmp_path / "out"
    found = analyse(open_study(small), out)
    assert found.skipped
    assert replay(out, open_study(small)) == []


def faults_of(out):
    """What verify says, or why it can't."""
    try:
        return verify(out)
    except InputError as error:
        return [str(error)]


def test_a_flipped_bit_is_seen_in_every_kind_of_file(small, tmp_path):
    """Table, figure, page, data, provenance: one bit anywhere, and `verify` names the file."""
    out = tmp_path / "out"
    analyse(open_study(small), out, only=["search_course"])
    kinds = {path.suffix: path for path in sorted(out.rglob("*")) if path.is_file() and path.name != "provenance.json"}
    assert {".parquet", ".html", ".svg", ".png", ".pdf", ".csv", ".tex", ".docx"} <= set(kinds)
    for path in kinds.values():
        whole = path.read_bytes()
        for place in (0, len(whole) // 3, len(whole) - 1):
            flipped = bytearray(whole)
            flipped[place] ^= 0x10
            path.write_bytes(flipped)
            name = path.relative_to(out).as_posix()
            assert verify(out) == [f"{name}: was changed after the run ({len(whole)} bytes, {len(whole)} written)"]
        path.write_bytes(whole)
    path = out / "provenance.json"
    whole = path.read_bytes()
    for place in range(0, len(whole), len(whole) // 40):
        flipped = bytearray(whole)
        flipped[place] ^= 0x01
        path.write_bytes(flipped)
        assert "provenance.json" in faults_of(out)[0], place
    path.write_bytes(whole)
    assert verify(out) == []


PEOPLE = ["Ada Lovelace", "Müller, Jürgen", "smith"]


@pytest.fixture
def everywhere(small):
    """The small study with names where they may come through: ids in text, levels, formulas, map, names of files."""
    names = dict(zip(["r0", "r1", "r2"], PEOPLE, strict=True))
    cases = {f"c{i}": f"ACC{48213000 + 77 * i}" for i in range(8)}
    for table in ("readers", "cases", "readings"):
        frame = pd.read_csv(small / f"{table}.csv").replace({"reader": names, "case": cases})
        if table == "readings":
            ids = dict(enumerate(frame["reader"].str.split().str[0].str.strip(",") + "/" + frame["case"]))
            rng = np.random.default_rng(1)
            frame = frame.assign(reading=frame["reading"].map(ids), time_s=rng.normal(20, 5, len(frame)))
        frame.to_csv(small / f"{table}.csv", index=False)
    fixations = pd.read_csv(small / "fixations.csv")
    fixations.assign(reading=fixations["reading"].map(ids)).to_csv(small / "Lovelace 2023-11-05.csv", index=False)
    (small / "fixations.csv").unlink()
    columns = "{reading = 'reading', onset = 'onset', duration = 'duration', x = 'x', y = 'y'}"
    (small / "study.toml").write_text(
        f"[tables.fixations]\nfile = 'Lovelace*.csv'\nkeep = {{reading = {list(ids.values())}}}\ncolumns = {columns}\n"
        '[models.time]\nformula = "time_s ~ reader + (1 | case)"\nwhere = "reader != \'Grace Hopper\'"\n'
        "[models.other]\nformula = \"time_s ~ 1 + (1 | case)\"\nwhere = \"reader in ['Ada Lovelace', 'smith']\"\n",
        encoding="utf-8",
    )
    return small


def test_names_are_said_nowhere(everywhere, tmp_path):
    """In terms of models, notes, captions, labels of figures, settings; figures show the reading that they name."""
    study = open_study(everywhere)
    analyse(study, tmp_path / "out")
    text = everything(tmp_path / "out")
    assert "smith" not in text
    for word in ("Lovelace", "Müller", "Jürgen", "ACC482"):
        assert word not in text, word
    assert scan(tmp_path / "out", study) == []
    estimates = pd.read_parquet(tmp_path / "out" / "data" / "estimates.parquet")
    terms = estimates.loc[estimates["term"].str.startswith("reader["), "term"]
    assert len(terms) == 2
    assert terms.str.fullmatch(r"reader\[reader_\d\]").all()


def test_the_order_of_rows_gives_no_name_away(small, tmp_path):
    """Rows come in the order of pseudonyms: a list of names in order would undo them."""
    analyse(open_study(small), tmp_path / "out", only=["readings", "features"])
    for path in (tmp_path / "out" / "data").glob("*.parquet"):
        frame = pd.read_parquet(path)
        if "reading" in frame:
            assert frame["reading"].is_monotonic_increasing, path.name


def test_ai_readers_are_called_by_their_models(small):
    readers = pd.read_csv(small / "readers.csv")
    models = pd.DataFrame({"reader": ["net_a", "net_b"], "kind": "model", "model": "boxer", "version": [1, 2]})
    pd.concat([readers, models]).to_csv(small / "readers.csv", index=False)
    with pytest.warns(InputWarning, match="have no reading"):
        named = pseudonyms_of(study_checked(small)).names["reader"]
    assert named[["net_a", "net_b"]].tolist() == ["boxer 1.0", "boxer 2.0"]
    assert set(named[["r0", "r1", "r2"]]) == {"reader_1", "reader_2", "reader_3"}


def study_checked(folder):
    """A study after its check."""
    study = open_study(folder)
    study.check()
    return study


def test_columns_called_after_ai_readers_are_renamed_too(small):
    readers = pd.read_csv(small / "readers.csv").assign(kind=["person", "model", "model"])
    readers["reader"] = ["r0", "our secret-model", "model_plain"]
    readings = pd.read_csv(small / "readings.csv").replace({"r1": "our secret-model", "r2": "model_plain"})
    readers.to_csv(small / "readers.csv", index=False)
    readings.to_csv(small / "readings.csv", index=False)
    study = open_study(small)
    columns = [name for name in kind_frame(study.table("readings").assign(kind="model")) if name.startswith("ai_")]
    assert any("model_plain" in name or "secret_model" in name for name in columns)
    said = pseudonyms_of(study).said(f"correct ~ ai + {' + '.join(columns)} + (1 | case)")
    assert "plain" not in said
    assert "secret" not in said
