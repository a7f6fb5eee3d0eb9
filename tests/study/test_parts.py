"""A long file of samples is read in parts of whole readings: the same study, in less memory."""

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import io
from gazeanalytics.io import lines, parts
from gazeanalytics.study import open_study

TOML = """[study]
name = "long"
[tables.samples]
file = "samples.csv"
reading = ["who", "img"]
keep = { sensor = ["eye"] }
[tables.samples.columns]
x = "px"
y = "py"
t = { column = "secs", unit = "s" }
"""


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(3)
    rows = []
    for reader in "ab":
        for case in range(6):
            places = rng.normal(300, 40, (50, 2))
            rows += [f'"{reader}",{case},eye,{k / 250:.3f},{x:.2f},{y:.2f}' for k, (x, y) in enumerate(places)]
            rows.append(f'"{reader}",{case},gyro,0.2,1,1')
    rows[70] = rows[70].replace("eye,0", "eye,O")
    rows[400] += ",7"
    (tmp_path / "samples.csv").write_bytes(("who,img,sensor,secs,px,py\r\n" + "\r\n".join(rows)).encode("utf-8-sig"))
    readings = [f"{reader}|{case},{reader},{case}" for reader in "ab" for case in range(6)]
    (tmp_path / "readings.csv").write_text("reading,reader,case\n" + "\n".join(readings))
    (tmp_path / "cases.csv").write_text("case,width,height\n" + "".join(f"{case},600,600\n" for case in range(6)))
    (tmp_path / "study.toml").write_text(TOML)
    return tmp_path


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(parts, "_PART_BYTES", 3_000)
    monkeypatch.setattr(parts, "_WHOLE_BYTES", 3_000)
    monkeypatch.setattr(lines, "_HEAD_BYTES", 500)


def whole(study):
    return pd.concat([study.shard("samples", part) for part in study.parts("samples")], ignore_index=True)


@pytest.mark.filterwarnings("ignore::gazeanalytics.tables.InputWarning")
def test_parts_are_the_whole(folder, request):
    once = open_study(folder)
    expected, counts = whole(once), once.check()
    request.getfixturevalue("small")
    study = open_study(folder)
    assert len(study.parts("samples")) > 4
    pd.testing.assert_frame_equal(whole(study), expected)
    assert study.check() == counts
    assert counts["samples set aside"] == 2
    assert counts["rows of samples that keep or distinct leaves out"] == 12
    pd.testing.assert_frame_equal(study.rejects.table(), once.rejects.table())


@pytest.mark.usefixtures("small")
def test_a_file_that_cannot_be_cut_stays_whole(folder):
    file = folder / "samples.csv"
    table_map = open_study(folder).config.tables["samples"]
    text = file.read_bytes()
    for spoilt in (text + b"\r\n" + text.split(b"\r\n")[1], text.replace(b'"a",3', b'a",3', 1), text[:2_000]):
        file.write_bytes(spoilt)
        assert io.parts_of(file, "samples", table_map) == [io.Part(file)]
