"""The same bytes in any surroundings and on any order of rows and columns."""

import re
import shutil

import numpy as np
import pandas as pd
import pytest

from gazeanalytics.study import analyse, open_study

SURROUNDINGS = {
    "hash seed": {"PYTHONHASHSEED": "1"},
    "time zone": {"TZ": "Pacific/Auckland"},
    "plain locale": {"LC_ALL": "C"},
    "German locale": {"LC_ALL": "de_DE.UTF-8"},
    "threads": {"NUMBA_NUM_THREADS": "2", "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SURROUNDINGS)
def test_same_bytes_in_any_surroundings(whole, runs, tmp_path, name):
    status, said = runs.run(whole.study, tmp_path / "out", **SURROUNDINGS[name])
    assert status == 0, said
    assert runs.hashes(tmp_path / "out") == whole.wanted


@pytest.mark.slow
def test_same_bytes_on_one_processor(whole, runs, tmp_path):
    status, said = runs.run(whole.study, tmp_path / "out", prefix=("taskset", "-c", "0"))
    assert status == 0, said
    assert runs.hashes(tmp_path / "out") == whole.wanted


def shuffled(study, folder, seed):
    """A copy of a study with the rows and the columns of every table in another order."""
    shutil.copytree(study, folder)
    rng = np.random.default_rng(seed)
    for file in [path for path in folder.rglob("*") if path.suffix in (".csv", ".parquet")]:
        text = file.suffix == ".csv"
        frame = pd.read_csv(file, dtype=str, keep_default_na=False) if text else pd.read_parquet(file)
        frame = frame.iloc[rng.permutation(len(frame))][list(rng.permutation(frame.columns))]
        if text:
            frame.to_csv(file, index=False)
        else:
            frame.to_parquet(file, index=False)
    return folder


def results(out):
    """Bytes of all files but the provenance, without the hashes and sizes of inputs that the page shows."""
    found = {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    del found["provenance.json"]
    found["report.html"] = re.sub(rb"[0-9a-f]{64}|\.bytes</dt><dd>\d+", b"", found["report.html"])
    return found


@pytest.fixture
def own_tables(small):
    """Text for keys, and tables of our own names: fixations, regions with lesions, traces, findings, outcomes."""
    readings = pd.read_csv(small / "readings.csv")
    readings["correct"] = np.arange(len(readings)) % 3 % 2
    readings["reading"] = [f"look {number}" for number in readings["reading"]]
    readings.to_csv(small / "readings.csv", index=False)
    fixations = pd.read_csv(small / "fixations.csv")
    fixations["reading"] = [f"look {number}" for number in fixations["reading"]]
    fixations.to_csv(small / "fixations.csv", index=False)
    cases = pd.read_csv(small / "cases.csv")
    cases.assign(zeal=range(len(cases)), age=50, truth_edema=[0, 1] * (len(cases) // 2)).to_csv(
        small / "cases.csv", index=False
    )
    boxes = [
        (case, name, kind, x, 100, x + 350, 600, finding)
        for case in cases["case"]
        for name, kind, x, finding in (("left", "organ", 50, ""), ("spot", "lesion", 450, "edema"))
    ]
    names = ["case", "region", "kind", "x0", "y0", "x1", "y1", "finding"]
    pd.DataFrame(boxes, columns=names).to_csv(small / "regions.csv", index=False)
    steps = [
        (reading, step, text)
        for reading in readings["reading"]
        for step, text in enumerate(("Heart is large.", "Probable edema, no effusion."))
    ]
    pd.DataFrame(steps, columns=["reading", "step", "text"]).to_csv(small / "traces.csv", index=False)
    return small


def test_same_bytes_on_any_order_of_rows_and_columns(own_tables, tmp_path):
    """Fixations, regions, traces, readers, cases and readings."""
    only = ["features", "aoi_metrics", "findings", "search_errors", "readings"]
    analyse(open_study(own_tables), tmp_path / "one", only=only)
    analyse(open_study(shuffled(own_tables, tmp_path / "other", 1)), tmp_path / "two", only=only)
    assert results(tmp_path / "two") == results(tmp_path / "one")


def test_findings_of_ones_own_in_any_order(own_tables, tmp_path):
    """Several findings of one step: the order in which they stand in the file is nobody's."""
    findings = open_study(own_tables).table("traces")
    rows = [
        (reading, step, finding, "present", 0.9, 0.8, 1.0)
        for reading, step in zip(findings["reading"], findings["step"], strict=True)
        for finding in ("edema", "effusion", "cardiomegaly")
    ]
    names = ["reading", "step", "finding", "status", "certainty", "low", "high"]
    pd.DataFrame(rows, columns=names).to_csv(own_tables / "findings.csv", index=False)
    other = shuffled(own_tables, tmp_path / "other", 2)
    one, two = (open_study(folder).table("findings") for folder in (own_tables, other))
    pd.testing.assert_frame_equal(one, two)


@pytest.mark.slow
def test_same_bytes_of_all_analyses_on_any_order_of_rows_and_columns(whole, runs, tmp_path):
    """Samples, traces and small tables of a simulated study, all analyses."""
    for name, study in (("one", whole.study), ("two", shuffled(whole.study, tmp_path / "other", 1))):
        status, said = runs.run(study, tmp_path / name, only=())
        assert status == 0, said
    assert results(tmp_path / "two") == results(tmp_path / "one")


def printed(page):
    """The words and numbers of a page, without pictures, hashes and what folds away."""
    text = re.sub(r"(?s)<(svg|style|script)\b.*?</\1>|[0-9a-f]{64}|<[^>]*>", " ", page.read_text("utf-8"))
    return re.findall(r"[-−]?\d*\.?\d+(?:e[-+]?\d+)?|[^\W\d]+", text)


def last_digit(number):
    """One unit of the last printed place."""
    digits, _, power = number.partition("e")
    return 10.0 ** (int(power or 0) - len(digits.partition(".")[2]))


@pytest.mark.slow
def test_printed_digits_agree_on_another_kernel_of_the_matrix_library(whole, runs, tmp_path):
    """All analyses with OpenBLAS' plainest kernel: a number may be rounded to the neighbouring digit, no more."""
    for name, environment in (("one", {}), ("two", {"OPENBLAS_CORETYPE": "Prescott"})):
        status, said = runs.run(whole.study, tmp_path / name, only=(), **environment)
        assert status == 0, said
    one, two = (printed(tmp_path / name / "report.html") for name in ("one", "two"))
    assert len(one) == len(two)
    other = []
    for a, b in zip(one, two, strict=True):
        if a == b:
            continue
        numbers = not (a.isalpha() or b.isalpha())
        if not numbers or abs(number(a) - number(b)) > 1.001 * max(last_digit(a), last_digit(b)):
            other.append((a, b))
    assert not other


def number(text):
    return float(text.replace("−", "-"))
