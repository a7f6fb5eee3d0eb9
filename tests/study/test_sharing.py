"""What is given away says of nobody who they are."""

import gzip
import hashlib
import json
import zipfile

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gazeanalytics.study import analyse, open_study, scan, share
from gazeanalytics.tables import InputError, InputWarning

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
    "e-mail in words": "ada (at) example (dot) org",
    "e-mail in an address": "ada%40example.org",
    "e-mail in wide letters": "ada\uff20example.org",
    "e-mail with a letter nobody sees": "ada@exam\u200bple.org",
    "German phone": "Tel. 030/1234567",
    "international phone": "0049 30 123456",
    "dotted phone": "555.123.4567",
    "pager": "pager 44321",
    "date with slashes": "2023/11/05",
    "date with dots": "2023.11.05",
    "date in digits": "20231105",
    "DICOM date and time": "20231105143000.120",
    "day and short month": "05-Nov-2023",
    "German date": "5. März 2023",
    "French date": "5 mars 2023",
    "Spanish date": "5 de marzo de 2023",
    "month": "2023-11",
    "month in words": "in November 2023",
    "two digits of a year": "11/25/23",
    "time stamp": "1699193400",
    "time stamp in ms": "1699193400123",
    "born": "born 3 April",
    "old age": "a 93-year-old woman",
    "path of a volume": "/Volumes/Gaze/ada.csv",
    "path of a cluster": "/gpfs/radiology/ada",
    "path of depth": "/radiology/ada/gaze.csv",
    "path of a home": "~ada/gaze.csv",
    "Windows path with slashes": "C:/Users/ada/gaze.csv",
    "file address": "file:///gaze.csv",
    "web address": "https://pacs.example/viewer?study=77",
    "bucket": "s3://gaze-of-ada/raw",
    "IPv6 address": "2001:db8:0:0:0:ff00:42:8329",
    "short IPv6 address": "fe80::1ff:fe23:4567:890a",
    "dotted MAC address": "001b.4411.3ab7",
    "full host name": "ws7.radiology.example.org",
    "host of a hospital": "ct7.hospital",
    "login": "user=lovelace",
    "author": "Author: lovelace",
    "Swiss insurance number": "756.1234.5678.97",
    "German insurance number": "A123456789",
    "Italian tax number": "RSSMRA85T10A562S",
    "Spanish identity number": "12345678Z",
    "French insurance number": "1 85 05 78 006 084",
    "German record number": "Pat.-Nr. 123456",
    "case number of a hospital": "Fallnummer 1234567",
    "badge": "badge no. 123456",
    "serial number": "S/N: 1234567",
    "order number": "Auftragsnummer: 1234567",
    "other DICOM UID": "2.25.3.17.44.91.12",
    "DICOM name": "DOE^JANE",
    "hash of a name": "5d41402abc4b2a76b9719d911017c592",
    "card": "4012 8888 8888 1881",
    "name with a degree": "read by A. Lovelace, MD",
    "patient in full": "patient John Doe was seen",
    "radiologist in full": "signed by Ada Lovelace",
    "Frau": "Frau Müller",
    "street": "12 High Street",
    "Straße": "Hauptstraße 12",
    "rue": "rue de Rivoli 12",
    "post box": "P.O. Box 123",
    "American post code": "Boston MA 02139",
    "Swiss post code": "CH-8091 Zürich",
    "British post code": "W1A 1AA",
    "place on earth": "47.3769 N, 8.5417 E",
}


@pytest.mark.parametrize("file", ["notes.csv", "page.html", "table.parquet", "told.json"])
def test_every_kind_of_identifier_is_found(tmp_path, file):
    """One file of each kind of identifier, a folder of them."""
    for number, text in enumerate(KINDS.values()):
        write_said(tmp_path / f"{number:03d}_{file}", text)
    found = {line.partition("_")[0] for line in scan(tmp_path)}
    missed = [kind for number, kind in enumerate(KINDS) if f"{number:03d}" not in found]
    assert not missed


def write_said(path, text):
    """A file that says something, of the kind that its name asks for."""
    if path.suffix == ".parquet":
        pd.DataFrame({"note": ["fine", text]}).to_parquet(path)
    elif path.suffix == ".html":
        path.write_text(f"<p>{text}</p>", encoding="utf-8")
    elif path.suffix == ".json":
        path.write_text(json.dumps({"a": [{"b": text}]}), encoding="utf-8")
    else:
        path.write_text(f"a;b\n1;{text}\n", encoding="utf-8")


def test_numbers_and_citations_are_not_taken_for_persons(tmp_path):
    text = (
        "Kundel & Nodine 1975, Radiology 116; 0.123 [0.045, 0.201]; n = 103592; p < .001; 3.11.7; 10:30; 1e-05; "
        "Dunn et al. (2023, doi:10.3758/s13428-023-02187-1); 10.1148/radiol.2423051997; 1234567.123456; 12:30:45; "
        "numpy 2.1.3; 20 to <50; 1000 x 800 px; model May 12; and/or; 3/4; AUC 0.80 [0.73, 0.87]; 2.25.3; "
        "correct ~ strategy + (1 | reader); Carpenter 1988; US patent, 12,419,514 B2; 1, 2, 3; A1 B2"
    )
    (tmp_path / "a.csv").write_text(text + "\nhttp://www.w3.org/2000/svg")
    assert scan(tmp_path) == []


@pytest.mark.parametrize("file", ["notes.csv", "page.html", "told.json"])
def test_no_digest_is_taken_for_a_number_of_a_person(tmp_path, file):
    """By chance one in 80 holds a time stamp or a telephone number in its digits."""
    digests = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(5000)]
    path = tmp_path / file
    if file == "told.json":
        path.write_text(json.dumps({"seal": digests[0], "a": [{"sha256": one} for one in digests[1:]], "b": digests}))
    elif file == "page.html":
        path.write_text("\n".join(f"<dd>{one}</dd>" for one in digests))
    else:
        path.write_text("\n".join(digests))
    assert scan(tmp_path) == []


@pytest.mark.parametrize("beside", ["{} {}", "{},{}", "{}={}", "{1}:{0}", "{1} {0}"])
def test_numbers_beside_a_digest_are_found(tmp_path, beside):
    digest = hashlib.sha256(b"0").hexdigest()
    for text, kind in (("1699193400", "time stamp"), ("+44 20 7946 0958", "telephone number")):
        (tmp_path / "a.csv").write_text(beside.format(digest, text))
        assert any(f"{kind} " in line for line in scan(tmp_path)), text
    (tmp_path / "a.csv").write_text(f"user={digest}")
    assert scan(tmp_path) == [f"a.csv: login {f'user={digest}'[:60]!r}"]


MAIL = "ada@example.org"


def planted_parquet(path):
    table = pa.table({"x": [1.0]}, schema=pa.schema([pa.field("x", pa.float64(), metadata={"by": MAIL})]))
    pq.write_table(table, path)


def planted_notes(path):
    pq.write_table(pa.table({"x": [1.0]}).replace_schema_metadata({"made": MAIL}), path)


def planted_numbers(path):
    pd.DataFrame({"seen": [20231105, 20231106]}).to_parquet(path)


def planted_dates(path):
    pd.DataFrame({"seen": pd.to_datetime(["2023-11-05"])}).to_parquet(path)


def planted_column(path):
    pd.DataFrame({"geburtsDatum": [1.0]}).to_parquet(path)


def planted_index(path):
    pd.DataFrame({"x": [1]}, index=pd.Index([MAIL], name="who")).to_parquet(path)


def drawn(path, **metadata):
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(1, 1))
    figure.text(0.1, 0.5, metadata.pop("text", ""))
    figure.savefig(path, metadata=metadata or None)
    plt.close(figure)


def planted_archive(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", "<w:p><w:r><w:t>ada@exa</w:t></w:r><w:r><w:t>mple.org</w:t></w:r></w:p>")


HIDDEN = {
    "a note on a Parquet file": ("a.parquet", planted_notes),
    "a note on a column of it": ("a.parquet", planted_parquet),
    "whole numbers that are dates": ("a.parquet", planted_numbers),
    "a column of dates": ("a.parquet", planted_dates),
    "a column in another language": ("a.parquet", planted_column),
    "an index": ("a.parquet", planted_index),
    "text of an SVG": ("a.svg", lambda path: path.write_text(f"<svg><text>{MAIL}</text></svg>")),
    "text in pieces": ("a.svg", lambda path: path.write_text("<svg><text>ada@<tspan>example</tspan>.org</text></svg>")),
    "a comment": ("a.html", lambda path: path.write_text(f"<p>fine</p><!-- {MAIL} -->")),
    "an attribute": ("a.html", lambda path: path.write_text(f"<p data-by='{MAIL}'>fine</p>")),
    "a link": ("a.html", lambda path: path.write_text(f'<a href="mailto:{MAIL}">fine</a>')),
    "an entity": ("a.html", lambda path: path.write_text("<p>ada&#64;example.org</p>")),
    "a style sheet": ("a.html", lambda path: path.write_text(f"<style>/* by {MAIL} */ p {{}}</style>")),
    "a note on a PNG": ("a.png", lambda path: drawn(path, Author=MAIL)),
    "a note on a PDF": ("a.pdf", lambda path: drawn(path, Author=MAIL)),
    "words of a PDF": ("a.pdf", lambda path: drawn(path, text=MAIL)),
    "words of a Word file": ("a.docx", planted_archive),
    "UTF-16": ("a.csv", lambda path: path.write_bytes(MAIL.encode("utf-16"))),
    "UTF-16 without a mark": ("a.csv", lambda path: path.write_bytes(MAIL.encode("utf-16-le"))),
    "an escape in JSON": ("a.json", lambda path: path.write_text('{"by": "ada\\u0040example.org"}')),
    "a key in JSON": ("a.json", lambda path: path.write_text(json.dumps({MAIL: 1}))),
    "a packed file": ("a.csv.gz", lambda path: path.write_bytes(gzip.compress(MAIL.encode()))),
    "the name of a file": (f"{MAIL}.csv", lambda path: path.write_text("fine")),
    "a kind that can't be searched": ("a.bin", lambda path: path.write_bytes(b"\0\1")),
    "a picture that is none": ("a.png", lambda path: path.write_bytes(b"no PNG")),
}


@pytest.mark.parametrize("place", HIDDEN)
def test_it_is_found_wherever_it_stands(tmp_path, place):
    name, write = HIDDEN[place]
    write(tmp_path / name)
    assert scan(tmp_path)


def test_a_picture_without_words_is_clean(tmp_path):
    for ending in ("png", "pdf"):
        drawn(tmp_path / f"a.{ending}", text="Fixations (ms)", **({"CreationDate": None} if ending == "pdf" else {}))
    assert scan(tmp_path) == []


def test_names_are_found_in_any_spelling(small, tmp_path):
    names = {"r0": "Jürgen Müller-Lange", "r1": "O'Brien", "r2": "smith"}
    for table in ("readers", "readings"):
        frame = pd.read_csv(small / f"{table}.csv").replace({"reader": names})
        if table == "readers":
            frame = frame.assign(patientName=["John Doe", "Eve Roe", "Max Poe"])
        frame.to_csv(small / f"{table}.csv", index=False)
    folder = tmp_path / "results"
    folder.mkdir()
    study = open_study(small)
    for text in ("MÜLLER", "Mueller-Lange", "juergen_mueller-lange.csv", "J. Muller", "o'brien", "Smith", "JOHN DOE"):
        (folder / "a.csv").write_text(f"fine,{text},fine", encoding="utf-8")
        with pytest.warns(InputWarning, match="patientName"):
            found = scan(folder, study)
        assert any("name or number" in line for line in found), text
        study = open_study(small)
    (folder / "a.csv").write_text("smithy,langer,readers,Brie,Doen")
    assert scan(folder) == []


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
    with pytest.raises(InputError, match=r"four.zip: lies in the results themselves; name a place outside of"):
        share(out, out / "data" / "four.zip")
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
