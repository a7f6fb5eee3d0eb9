"""What is given away says of nobody who they are."""

import zipfile

import pandas as pd
import pytest

from gazeanalytics.study import analyse, open_study, scan, share
from gazeanalytics.tables import InputError

KINDS = {
    "e-mail": "written by ada.lovelace@example.org",
    "phone": "call +44 20 7946 0958",
    "phone in brackets": "call (555) 123-4567",
    "ISO date": "read on 2023-11-05",
    "European date": "read on 5.11.2023",
    "American date": "read on 11/25/2023",
    "date in words": "seen on March 5, 2021",
    "Unix path": "from /home/ada/gaze.csv",
    "Mac path": "from /Users/ada/gaze.csv",
    "Windows path": r"from C:\Users\ada",
    "share of a server": r"from \\hospital\archive",
    "IP address": "host 192.168.12.34",
    "MAC address": "tracker 00:1B:44:11:3A:B7",
    "ORCID": "0000-0002-1825-0097",
    "social security number": "123-45-6789",
    "record number": "MRN: 0048213",
    "accession": "accession no. AB1234567",
    "NHS number": "NHS no 943 476 5919",
    "DICOM UID": "1.2.840.113619.2.55.3.604688",
    "UUID": "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
    "IBAN": "DE89 3704 0044 0532 0130 00",
    "title": "Dr. Lovelace read this",
    "host": "scanner-7.local",
    "passport": "passport no: C01X00T47",
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("file", ["notes.csv", "page.html", "table.parquet"])
def test_every_kind_of_identifier_is_found(tmp_path, kind, file):
    path = tmp_path / file
    if file.endswith("parquet"):
        pd.DataFrame({"note": ["fine", KINDS[kind]]}).to_parquet(path)
    else:
        path.write_text(f"<p>{KINDS[kind]}</p>" if file.endswith("html") else f"a,b\n1,{KINDS[kind]}\n")
    assert scan(tmp_path), kind


def test_numbers_and_citations_are_not_taken_for_persons(tmp_path):
    text = "Kundel & Nodine 1975, Radiology 116; 0.123 [0.045, 0.201]; n = 103592; p < .001; 3.11.7; 10:30; 1e-05"
    (tmp_path / "a.csv").write_text(text + "\nhttp://www.w3.org/2000/svg,doi 10.1148/radiol.2423051997,1234567.123456")
    assert scan(tmp_path) == []


def test_names_of_the_study_are_found(small, tmp_path):
    readers = pd.read_csv(small / "readers.csv").assign(reader=["Lovelace", "Hopper", "Noether"])
    readers.to_csv(small / "readers.csv", index=False)
    readings = pd.read_csv(small / "readings.csv")
    readings["reader"] = readings["reader"].map(dict(zip(["r0", "r1", "r2"], readers["reader"], strict=True)))
    readings.to_csv(small / "readings.csv", index=False)
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "a.csv").write_text("best reader,Hopper\n")
    assert scan(tmp_path / "results") == []
    assert scan(tmp_path / "results", open_study(small)) == [
        "a.csv: name or number 'Hopper' of the study or of this machine"
    ]


def test_results_are_packed_and_clean(small, tmp_path):
    out = tmp_path / "out"
    analyse(open_study(small), out)
    assert scan(out, open_study(small)) == []
    one = share(out, tmp_path / "one.zip", open_study(small)).read_bytes()
    assert share(out, tmp_path / "two.zip", open_study(small)).read_bytes() == one
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert {"report.html", "provenance.json", "data/readings.parquet"} <= set(archive.namelist())
    with pytest.raises(InputError, match="is there already"):
        share(out, tmp_path / "one.zip")
    (out / "tables" / "readers.csv").write_text("Dr. Hopper")
    with pytest.raises(InputError, match="was changed after the run"):
        share(out, tmp_path / "three.zip")


def test_results_with_names_are_not_shared(small, tmp_path):
    with (small / "study.toml").open("a") as file:
        file.write("\n[report]\nidentifiers = true\n")
    analyse(open_study(small), tmp_path / "out", only=["quality"])
    with pytest.raises(InputError, match="identifiers = true; run without it"):
        share(tmp_path / "out", tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()
