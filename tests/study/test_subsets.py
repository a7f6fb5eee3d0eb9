"""Any subset of the tables is a study: what stands in for a table that is missing, and what is said of it."""

import pandas as pd
import pytest

from gazeanalytics.study import analyse, open_study
from gazeanalytics.study.examples import example_study
from gazeanalytics.tables import InputError

pytestmark = pytest.mark.filterwarnings("ignore::gazeanalytics.tables.InputWarning")

TABLES = {"readers", "cases", "readings", "regions", "fixations", "traces"}


@pytest.fixture
def folder():
    """The example's folder, to which tables can be done."""
    return example_study().folder


def keep(folder, *names):
    """Leave the other tables out."""
    for name in TABLES - set(names):
        (folder / f"{name}.csv").unlink(missing_ok=True)
    return open_study(folder)


@pytest.mark.parametrize(
    ("names", "runs", "lacks"),
    [
        (("traces",), "findings", "events"),
        (("traces", "readings"), "findings", "events"),
        (("fixations",), "features", "findings"),
        (("fixations", "readings", "cases"), "features", "findings"),
        pytest.param(("fixations", "readings", "regions"), "aoi_metrics", "findings", marks=pytest.mark.slow),
        pytest.param(
            ("fixations", "traces", "readings", "cases", "regions"),
            "search_errors",
            "metacognition",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            ("fixations", "traces", "readings", "readers"), "findings", "search_errors", marks=pytest.mark.slow
        ),
    ],
)
def test_a_subset_of_the_tables_is_analysed_to_its_page(folder, tmp_path, names, runs, lacks):
    study = keep(folder, *names)
    found = analyse(study, tmp_path / "out")
    assert (tmp_path / "out" / "report.html").exists()
    assert runs in found.outcomes
    assert lacks in found.skipped


def test_ai_readers_alone_are_a_study(folder, tmp_path):
    readings = pd.read_csv(folder / "readings.csv")
    readings[readings["reader"] == "net"].to_csv(folder / "readings.csv", index=False)
    traces = pd.read_csv(folder / "traces.csv")
    traces = traces[traces["reading"].isin(readings.loc[readings["reader"] == "net", "reading"])]
    traces.to_csv(folder / "traces.csv", index=False)
    (folder / "readers.csv").write_text("reader,kind\nnet,model\n")
    found = analyse(keep(folder, "readers", "readings", "cases", "traces"), tmp_path / "out")
    assert "ai_readers" in found.outcomes
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "1 AI model made 2 readings of 2 cases." in page


def test_readers_and_cases_come_from_one_flat_table(folder):
    flat = pd.read_csv(folder / "readings.csv").merge(pd.read_csv(folder / "readers.csv"), on="reader")
    flat = flat.merge(pd.read_csv(folder / "cases.csv"), on="case")
    whole = open_study(folder)
    before = {name: whole.table(name) for name in ("readers", "cases", "readings")}
    flat.to_csv(folder / "readings.csv", index=False)
    study = keep(folder, "readings", "fixations")
    for name, table in before.items():
        taken = study.table(name)
        assert set(taken) == set(table)
        pd.testing.assert_frame_equal(taken[list(table)], table, check_dtype=False)


def test_what_stands_in_for_a_table_is_said(folder):
    study = keep(folder, "traces")
    study.check()
    said = " ".join(study.rejects.notes.values())
    assert "there is no table readings; 6 rows are taken from traces.csv, each as a case of its own" in said
    assert "all as people; who read is not known, so all readings count as one reader's" in said


def test_gaze_needs_the_size_of_its_images(folder):
    toml = (folder / "study.toml").read_text()
    (folder / "study.toml").write_text(toml[: toml.index("[screen]")])
    study = keep(folder, "fixations", "readings")
    with pytest.raises(InputError) as caught:
        study.table("cases")
    assert str(caught.value) == (
        f"{folder}: no table 'cases', and gaze needs the size of each image; add cases.csv (case, width, height), or "
        "[screen] in study.toml if images filled the screen"
    )


def test_a_folder_without_any_reading_is_refused(folder):
    with pytest.raises(InputError) as caught:
        keep(folder, "regions").check()
    assert str(caught.value) == f"{folder}: no table 'readings'; add readings.csv or map it in study.toml"
