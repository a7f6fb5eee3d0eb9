"""Faults of files: absent, empty, torn, in another encoding, of another kind."""

import gzip
import os
import pickle
import threading
import tracemalloc
import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gazeanalytics import events, io
from gazeanalytics.study import open_study
from gazeanalytics.study.analyses import events as analyses_events
from gazeanalytics.study.result import StudyResult
from gazeanalytics.study.shards import write_parquet
from gazeanalytics.tables import InputError, InputWarning


def edit(path, change):
    path.write_bytes(change(path.read_bytes()))


def rejects(study):
    """Rows set aside while all tables are read."""
    opened = open_study(study)
    with pytest.warns(InputWarning):
        opened.check()
    return opened.rejects.table()


def set_aside(study, row, got, count=1):
    """Assert that one row is set aside, at its place, and that `--strict` refuses it there."""
    table = rejects(study)
    assert len(table) == count
    first = table.iloc[0]
    assert (first["table"], first["file"], first["row"]) == ("fixations", "fixations.csv", row)
    assert got in first["got"], first["got"]
    with pytest.raises(InputError, match=rf"fixations\.csv, row {row}"):
        open_study(study, strict=True).check()


def whole(study):
    return open_study(study).table("fixations")


@pytest.mark.parametrize("spoil", ["missing", "folder", "no permission"])
def test_fault_01_no_file(study, refused, monkeypatch, spoil):
    """file missing, a folder, or no permission: error with the path as typed."""
    path = study / "fixations.csv"
    (study / "study.toml").write_text('[tables.fixations]\nfile = "fixations.csv"\n')
    if spoil == "no permission":
        real = type(path).open
        monkeypatch.setattr(
            type(path),
            "open",
            lambda self, *a, **k: (
                (_ for _ in ()).throw(PermissionError(13, "denied", str(self)))
                if self.name == path.name
                else real(self, *a, **k)
            ),
        )
        refused("check", study, says=(str(path), "permission denied; ask for read access"))
        return
    path.unlink()
    if spoil == "folder":
        path.mkdir()
    refused("check", study, says=(str(path), "is a folder" if spoil == "folder" else "no such file"))


def test_fault_02_empty(study, refused):
    """0 bytes: error "is empty"."""
    (study / "fixations.csv").write_bytes(b"")
    refused("check", study, says=("fixations.csv: is empty; put the data there",))


def test_fault_03_header_only(study, refused, tmp_path):
    """header only: a warning where other files hold rows, all columns stay; a study of nothing is refused."""
    frame = whole(study)
    (study / "fixations").mkdir()
    frame.to_parquet(study / "fixations" / "a.parquet", index=False)
    frame.head(0).to_csv(study / "fixations" / "b.csv", index=False)
    (study / "fixations.csv").unlink()
    with pytest.warns(InputWarning, match=r"b\.csv: holds no rows, so it adds nothing to fixations"):
        assert len(open_study(study).table("fixations")) == len(frame)
    empty = io.load_shard(study / "fixations" / "b.csv", "fixations")
    assert list(empty) == list(frame)
    assert len(empty) == 0
    (study / "fixations" / "a.parquet").unlink()
    refused("check", study, says=("has a header but no rows; put the gaze there",))


def test_fault_04_torn_line(study):
    """truncated in the middle of a line: that row is set aside with its number."""
    rows = len(whole(study))
    edit(study / "fixations.csv", lambda data: data[: data.rstrip(b"\n").rindex(b",")])
    set_aside(study, rows + 1, "4 in '23,")


@pytest.mark.parametrize("kind", ["gz", "zst", "parquet", "zip"])
def test_fault_05_torn_container(study, refused, kind):
    """truncated .gz, .zst or Parquet: error naming the file and how much could be read; .zip is refused whole."""
    path, frame = study / "fixations.csv", whole(study)
    data = path.read_bytes()
    path.unlink()
    if kind == "parquet":
        frame.to_parquet(study / "fixations.parquet", index=False)
        edit(study / "fixations.parquet", lambda data: data[:-100])
        refused("check", study, says=("fixations.parquet: is not a complete Parquet file", "bytes"))
    elif kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("fixations.csv", data)
        refused("check", study, says=("fixations.csv: is a zip archive (or a spreadsheet); unpack it",))
    else:
        packed = gzip.compress(data) if kind == "gz" else pa.compress(data, "zstd", asbytes=True)
        (study / f"fixations.csv.{kind}").write_bytes(packed)
        assert len(whole(study)) == len(frame)
        (study / f"fixations.csv.{kind}").write_bytes(packed[: len(packed) // 2])
        refused("check", study, says=(f"fixations.csv.{kind}: is truncated or damaged after", "bytes of text"))


def test_fault_06_flipped_bit(study, refused):
    """one flipped bit in Parquet: error, for our files bear page checksums; `verify` names changed results."""
    frame = whole(study)
    (study / "fixations.csv").unlink()
    path = study / "fixations.parquet"
    write_parquet(frame, path)
    column = pq.ParquetFile(path).metadata.row_group(0).column(3)
    place = column.data_page_offset + column.total_compressed_size // 2
    edit(path, lambda data: data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :])
    refused("check", study, says=("fixations.parquet: is damaged (", "copy it again from its source"))


def test_fault_07_text_in_a_number(study):
    """text in a number, deep in a file: the row is set aside with its line, column and raw text."""
    lines = (study / "fixations.csv").read_bytes().split(b"\n")
    lines[400] = b",".join([*lines[400].split(b",")[:3], b"3O1.5", b"4"])
    (study / "fixations.csv").write_bytes(b"\n".join(lines))
    set_aside(study, 401, "'3O1.5'")
    assert rejects(study)["column"].tolist() == ["x"]


@pytest.mark.parametrize(("cells", "got"), [(b"0,300.0,200,4", "4 in"), (b"0,300.0,200,4,5,6", "6 in")])
def test_fault_08_cells(study, cells, got):
    """a cell too many or too few: the row is set aside."""
    edit(study / "fixations.csv", lambda data: data.replace(data.split(b"\n")[2], cells, 1))
    set_aside(study, 3, got)


def test_fault_09_stray_quote(study):
    """a stray quote that swallows lines: its own line is set aside, the others are read; rows keep their numbers."""
    lines = (study / "fixations.csv").read_bytes().split(b"\n")
    lines[10] = lines[10].replace(b",", b',"', 1)
    lines[12] = lines[12].replace(b",", b'",', 1)
    lines[20] = b"0,x"
    (study / "fixations.csv").write_bytes(b"\n".join(lines))
    table = rejects(study)
    assert table["row"].tolist() == [11, 13, 21]  # 13 closes the quote that 11 opens: its reading is 0"
    assert "that runs on over 2 more lines" in table["got"][0]


def test_fault_10_nul(study):
    """NUL bytes: the row is set aside."""
    edit(study / "fixations.csv", lambda data: data.replace(b"\n0,600.0", b"\n0,60\x000.0", 1))
    set_aside(study, 4, "a NUL byte in '0,60")


@pytest.mark.parametrize(
    ("encode", "noted"),
    [
        (lambda text: text.encode("utf-8-sig"), False),
        (lambda text: text.encode("utf-16"), False),
        (lambda text: b"\xfe\xff" + text.encode("utf-16-be"), False),
        (lambda text: text.encode("utf-16-le"), False),
        (lambda text: text.encode("latin-1"), True),
        (lambda text: text.encode() + "r5,person,3,Köln\n".encode("latin-1"), True),
    ],
    ids=["UTF-8 with mark", "UTF-16", "UTF-16 BE", "UTF-16 without mark", "Latin-1", "mixed"],
)
def test_fault_11_encodings(study, encode, noted):
    """byte-order marks, UTF-16, Latin-1 and mixtures: read; where the encoding is a guess, a warning names it."""
    text = (study / "readers.csv").read_text().replace("years\n", "years,city\n")
    text = text.replace("\nr0", "\nr0").replace(",1\n", ",1,München\n").replace(",5\n", ",5,Bonn\n")
    text = text.replace(",9\n", ",9,Bonn\n").replace(",20\n", ",20,Bonn\n")
    (study / "readers.csv").write_bytes(encode(text))
    opened = open_study(study)
    if noted:
        with pytest.warns(InputWarning, match=r"readers\.csv: is not UTF-8 text; read as windows-1252"):
            readers = opened.table("readers")
    else:
        readers = opened.table("readers")
    assert readers["city"][0] == "München"


@pytest.mark.parametrize("end", [b"\r\n", b"\r", b""])
def test_fault_12_line_ends(study, end):
    """CRLF, CR alone, no line end in the last line: read alike."""
    wanted = whole(study)
    change = (lambda data: data.rstrip(b"\n")) if not end else (lambda data: data.replace(b"\n", end))
    edit(study / "fixations.csv", change)
    pd.testing.assert_frame_equal(whole(study), wanted)


def test_fault_13_decimal_comma(study, refused):
    """decimal comma, semicolons, points between thousands: error with the line for study.toml, then read exactly."""
    frame = whole(study).assign(x=lambda f: f["x"] + 1000)
    text = frame.map(lambda v: f"{v:,.1f}".translate(str.maketrans(",.", ".,")) if isinstance(v, float) else str(v))
    text.to_csv(study / "fixations.csv", index=False, sep=";")
    refused("check", study, says=("fixations.csv", "delimited by ';'; say delimiter = ';'"))
    (study / "study.toml").write_text('[tables.fixations]\nfile = "fixations.csv"\ndelimiter = ";"\n')
    refused("check", study, says=("'onset'", "if it is a decimal comma, say decimal = ','"))
    (study / "study.toml").write_text(
        '[tables.fixations]\nfile = "fixations.csv"\ndelimiter = ";"\ndecimal = ","\nthousands = "."\n'
    )
    np.testing.assert_allclose(whole(study)["x"], frame["x"])


def test_fault_14_header_names(study, refused):
    """duplicate or blank column names, a trailing comma: error listing them; an empty column is dropped, noted."""
    path, text = study / "fixations.csv", (study / "fixations.csv").read_text()
    path.write_text(text.replace("x,y", "x,x", 1))
    refused("check", study, says=("row 1: duplicate column 'x' in the header",))
    path.write_text("\n".join(line + "," for line in text.splitlines()))
    with pytest.warns(InputWarning, match=r"fixations\.csv: 1 empty column without a name dropped"):
        assert "" not in open_study(study).table("fixations")
    path.write_text("\n".join(f"{line},{place or ''}" for place, line in enumerate(text.splitlines())))
    refused("check", study, says=("column 6 has values but no name in the header",))


def test_fault_15_names_and_units(study, refused):
    """a required column absent or named with its unit: error with the nearest name; the unit is understood."""
    wanted, path = whole(study), study / "fixations.csv"
    path.write_text(path.read_text().replace("onset", "onste", 1))
    refused("check", study, says=("column 'onset': expected this column", "did you mean 'onste'?"))
    frame = wanted.rename(columns={"onset": "onset_s", "duration": "duration [ms]", "x": "x_px"})
    frame.assign(onset_s=frame["onset_s"] / 1000).to_csv(path, index=False)
    pd.testing.assert_frame_equal(whole(study), wanted, check_dtype=False)


def test_fault_46_names_as_files(study, tmp_path):
    """../, absolute, reserved, long and Unicode names: a slug, with a hash where needed; no two share a file."""
    from gazeanalytics.study.analysis import file_name

    names = ["../up", "/etc/x", "con", "aux", "a" * 300, "a" * 299, "a b", "a_b", "模型一", "模型二", "A_b", "x.", ""]
    files = [file_name(name) for name in names]
    assert len({name.lower() for name in files}) == len(names)
    for name in files:
        assert name.isascii()
        assert name.replace("_", "").isalnum()
        assert len(name) <= 70
        assert name not in ("con", "aux")


def test_fault_47_bombs(study, refused):
    """zip and gzip bombs: archives are not opened, gzip and zstd stop at a limit that study.toml can raise."""
    (study / "fixations.csv").unlink()
    path = study / "fixations.csv.gz"
    path.write_bytes(gzip.compress(b"0" * 90_000_000))
    refused("check", study, says=("unpacks to more than 67 MB from", "limit: max_unpacked_mb in study.toml"))
    path.write_bytes(gzip.compress(b"reading,onset\n" + np.random.default_rng(1).bytes(3_000_000).hex().encode()))
    (study / "study.toml").write_text('[tables.fixations]\nfile = "fixations.csv.gz"\nmax_unpacked_mb = 2\n')
    refused("check", study, says=("unpacks to more than 2 MB",))


def test_fault_48_pickles(study, refused, tmp_path):
    """pickles, object arrays, YAML: refused by content, whatever the ending says."""
    (study / "fixations.csv").write_bytes(pickle.dumps(whole(study)))
    refused("check", study, says=("fixations.csv: is a pickle, which could run code; save it as CSV or Parquet",))
    np.savez(tmp_path / "evil.npz", allow_pickle=True, motion_prior=np.array([{}], dtype=object))
    with pytest.raises(InputError, match=r"evil\.npz: is damaged, or not a file saved by this package"):
        events.LearnedModel.load(tmp_path / "evil.npz")


def test_fault_54_pipes_and_packing(study, refused, tmp_path):
    """pipes, gz and zstd by content, blanks and umlauts in paths: pipes are refused at once, the others read."""
    wanted, path = whole(study), study / "fixations.csv"
    data = path.read_bytes()
    for packed in (gzip.compress(data), pa.compress(data, "zstd", asbytes=True)):
        path.write_bytes(packed)
        pd.testing.assert_frame_equal(whole(study), wanted)
    moved = study.rename(tmp_path / "Übung mit Leerzeichen")
    pd.testing.assert_frame_equal(whole(moved), wanted)
    (moved / "fixations.csv").unlink()
    os.mkfifo(moved / "fixations.csv")
    alarm = threading.Timer(20, os._exit, (1,))
    alarm.start()
    refused("check", moved, says=("fixations.csv: is a pipe or device, not a file; save what it gives to a file",))
    alarm.cancel()


def test_fault_56_licences():
    """credentialed data: read from a path of the user's; none is in the repository, weights state their source."""
    from pathlib import Path

    root = Path(__file__).resolve().parents[2]
    assert "simulated study" in (root / "data_samples" / "study.toml").read_text()
    for weights in (root / "gazeanalytics").rglob("*.npz"):
        assert "Labels:" in weights.with_suffix(".md").read_text()


@pytest.mark.filterwarnings("ignore:.*saccades of reading")  # the planted jumps take no time
def test_fault_57_large_tables(tmp_path):
    """more rows than memory holds: samples are read, analysed and kept file by file; four times
    the files take the same memory."""
    rows, peaks = 30_000, {}
    rng = np.random.default_rng(1)
    place = np.arange(rows) // 60
    gaze = pd.DataFrame({"t": np.arange(rows) * 4.0, "x": rng.uniform(0, 900, place[-1] + 1)[place], "y": 300.0})
    for count in (1, 4, 16):
        folder = tmp_path / f"{count}"
        (folder / "samples").mkdir(parents=True)
        (folder / "study.toml").write_text("")
        pd.DataFrame({"reader": ["r"], "kind": "person"}).to_csv(folder / "readers.csv", index=False)
        pd.DataFrame({"case": range(count), "width": 1000, "height": 800, "px_per_deg": 40}).to_csv(
            folder / "cases.csv", index=False
        )
        readings = pd.DataFrame({"reading": range(count), "reader": "r", "case": range(count)})
        readings.to_csv(folder / "readings.csv", index=False)
        for reading in range(count):
            gaze.assign(reading=reading).to_parquet(folder / "samples" / f"{reading:02d}.parquet")
        opened = open_study(folder)
        tracemalloc.start()
        assert opened.check()["samples"] == count * rows
        assert len(analyses_events.run(StudyResult(opened), None).fixations)
        peaks[count] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    # The first run also imports and caches; from then on memory doesn't grow with the number of files.
    assert peaks[16] < 1.5 * peaks[4], peaks
