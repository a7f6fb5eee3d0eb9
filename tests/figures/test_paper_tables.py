"""The scripts under figures/ give the numbers that papers print."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa

FIGURES = Path(__file__).resolve().parents[2] / "figures"


def script(name):
    spec = importlib.util.spec_from_file_location(name, FIGURES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def reflacx(shared_data):
    folder = shared_data / "reflacx_derived_tables"
    if not folder.exists():
        pytest.skip("needs reflacx_derived_tables in the shared folder beside this checkout")
    pytest.importorskip("openpyxl")
    return folder


def test_gaze_shows_where_abnormalities_lie_better_than_other_images_do(reflacx):
    tables = script("table_reflacx")
    row = tables.compare(tables.correlations(reflacx)).iloc[0]
    assert (round(row.gaze, 3), round(row.baseline, 3)) == (0.380, 0.326)
    assert (round(row.difference, 4), round(row.p_value, 4), row.images) == (0.0533, 0.0022, 96)


def test_agreement_and_calibration_are_the_papers(reflacx):
    tables = script("table_reflacx")
    rows = tables.agreement(reflacx).set_index(["measure", "phase", "label"])
    # The first sheets of the workbooks hold the paper's own summaries.
    for phase, sheet in ((1, "paper_numbers_ellipse_iou"), (2, "paper_values_ellipse_iou")):
        paper = pd.read_excel(reflacx / f"interrater_phase_{phase}.xlsx", sheet_name=sheet, header=None, index_col=0)
        paper = paper[pd.to_numeric(paper.iloc[:, 0], errors="coerce").notna()].astype(object)
        ours = rows.loc[("Ellipse IoU", phase)].loc[paper.index]
        np.testing.assert_allclose(ours["mean"], paper.iloc[:, 0].astype(float), rtol=1e-12)
        np.testing.assert_allclose(ours["std_error"], pd.to_numeric(paper.iloc[:, 3], errors="coerce"), rtol=1e-9)
    assert rows.loc[("Chest Box IoU", 1, "chest"), "mean"] == pytest.approx(0.91664844749829599)
    table = tables.calibration(reflacx).set_index("phase")
    assert table.mean_error.round(4).tolist() == [0.4292, 0.4300, 0.4403]


def test_radiologists_agree_as_published_measures_say(shared_data, capsys, tmp_path):
    folder = shared_data / "chexpert_test_readers"
    if not folder.exists():
        pytest.skip("needs chexpert_test_readers in the shared folder beside this checkout")
    tables = script("table_chexpert_readers")
    truth = pd.read_csv(folder / "groundtruth.csv", index_col="Study")
    readers = [pd.read_csv(path, index_col="Study") for path in sorted(folder.glob(tables.READERS))]
    votes = np.stack([table.loc[truth.index, truth.columns] for table in readers]).astype(float)
    for row in tables.agreement(votes, truth).itertuples():
        said = votes[..., truth.columns.get_loc(row.finding)]
        assert row.fleiss_kappa == pytest.approx(fleiss_kappa(aggregate_raters(said.T.astype(int))[0]))
        pairs = [np.mean(said[a] != said[b]) for a in range(8) for b in range(a)]
        assert row.disagreement == pytest.approx(np.mean(pairs))
    tables.main(folder, tmp_path / "claims")
    told = capsys.readouterr().out
    for line in (
        "negative  583   0.057         0.080",
        "blank 4660   0.140         0.128",
        "uncertain  310   0.306         0.282",
        "positive  947   0.582         0.239",
    ):
        assert line in told
    assert (tmp_path / "claims.pdf").stat().st_size > 0
