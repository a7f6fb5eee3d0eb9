"""Reader studies of iMRMC and JAFROC, in and out."""

import pandas as pd
import pytest

from gazeanalytics import io
from gazeanalytics.stats.roc import Afroc, FrocData, RocData, mrmc
from gazeanalytics.tables import InputError

READINGS = pd.DataFrame(
    [(reader, f"c{case}", test) for reader in ("r1", "r2") for case in range(9) for test in ("A", "BB")],
    columns=["reader", "case", "test"],
)
PLACE = READINGS["case"].str[1:].astype(int)
READINGS["rating"] = PLACE % 4 + READINGS["test"].str.len() * (PLACE > 4) + (READINGS["reader"] == "r2") * PLACE % 3.0
READINGS["truth"] = (PLACE > 4).astype(int)


def test_imrmc_reads_back(tmp_path):
    io.write_imrmc(READINGS, tmp_path / "a.imrmc")
    found = io.read_imrmc(tmp_path / "a.imrmc")
    pd.testing.assert_frame_equal(found, READINGS, check_dtype=False)
    assert len(mrmc(RocData.from_frame(found, test="test")).estimates())


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("1,2,3,4", "expected a line 'BEGIN DATA:'"),
        ("BEGIN DATA:\n-1,7,0,1\nann,7,CT,high", "row 3: expected reader, case, modality and a score"),
        ("BEGIN DATA:\n-1,7,0,2", "row 2: expected one truth of 0 or 1"),
        ("BEGIN DATA:\nann,7,CT,1", "case '7' has scores but no line of truth"),
    ],
)
def test_a_wrong_imrmc_is_named(tmp_path, lines, words):
    (tmp_path / "a.imrmc").write_text(lines)
    with pytest.raises(InputError, match=words):
        io.read_imrmc(tmp_path / "a.imrmc")


def test_a_jafroc_workbook_reads_back(tmp_path):
    marks = [("r1", "A", 1, 80.0, 1), ("r2", "A", 1, 60.0, 1), ("r1", "A", 3, 30.0, None), ("r2", "A", 2, 20.0, None)]
    marks = pd.DataFrame(marks, columns=["reader", "test", "case", "rating", "lesion"], dtype=object)
    lesions = pd.DataFrame({"case": [1, 2], "lesion": [1, 1], "weight": [1.0, 1.0]})
    study = io.JafrocStudy(marks.astype({"rating": float}), lesions, (1, 2, 3, 4))
    io.write_jafroc(study, tmp_path / "a.xlsx")
    found = io.read_jafroc(tmp_path / "a.xlsx")
    assert found.marks.fillna(0).to_numpy().tolist() == study.marks.fillna(0).to_numpy().tolist()
    assert sorted(found.cases) == [1, 2, 3, 4]
    datas = [FrocData.from_frame(one.marks, one.lesions, one.cases, test="test") for one in (study, found)]
    areas = [[Afroc()(cell) for *_, cell in data.cells()] for data in datas]
    assert areas[0] == areas[1]
    lesions.to_excel(tmp_path / "b.xlsx", sheet_name="TRUTH")
    with pytest.raises(InputError, match="expected a sheet 'TP'"):
        io.read_jafroc(tmp_path / "b.xlsx")
