"""Faults of people, cases and texts: keys that don't meet, countries, personal data, small cells, dangerous text."""

import hashlib
import re
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import report
from gazeanalytics.study import analyse, open_study
from gazeanalytics.tables import InputError, InputWarning

DANGEROUS = "<script>alert(1)</script>\" onerror='x' $\\frac{1$ _"


@pytest.fixture(autouse=True)
def closed():
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


def test_fault_29_duplicates(study, refused):
    """one reading id twice, a file named twice, one reading in two files: error naming it."""
    path = study / "readings.csv"
    text = path.read_text()
    path.write_text(text.replace("\n3,", "\n2,"))
    refused("check", study, says=("readings.csv, row 5", "expected each key once; got reading 2 a second time"))
    path.write_text(text)
    (study / "study.toml").write_text('[tables.fixations]\nfile = ["fixations.csv", "fixations.csv"]\n')
    refused("check", study, says=("tables.fixations.file: fixations.csv is named twice; name it once",))
    (study / "again.csv").write_text((study / "fixations.csv").read_text())
    (study / "study.toml").write_text('[tables.fixations]\nfile = ["fixations.csv", "again.csv"]\n')
    refused("check", study, says=("again.csv: reading 0 is in fixations.csv, too", "put a reading into one file"))


def test_fault_30_unknown_readers(study):
    """readers in gaze but not in the table, and the reverse: both counted in warnings; their readings are set aside."""
    readers = study / "readers.csv"
    readers.write_text(readers.read_text() + "r8,person,3\n")
    path = study / "readings.csv"
    path.write_text(path.read_text().replace("23,r3,c5", "23,r9,c5"))
    opened = open_study(study)
    with pytest.warns(InputWarning) as caught:
        counts = opened.check()
    said = " ".join(str(one.message) for one in caught)
    assert "readers.csv: 1 of 5 readers have no reading" in said
    assert "readings.csv: 1 row is set aside" in said
    assert counts["readings"] == 23
    assert 23 not in set(opened.table("fixations")["reading"])
    path.write_text(path.read_text().replace(",r3,", ",r9,"))
    with pytest.raises(InputError, match=r"'r9' \(unknown readers have 6 rows\) is not among the readers"):
        open_study(study).check()


def test_fault_31_countries(study):
    """one country in several spellings, countries of one reader: a warning lists them; small ones are pooled."""
    readers = pd.read_csv(study / "readers.csv").assign(country=["USA", "United States", "Côte d'Ivoire", "u.s."])
    readers.to_csv(study / "readers.csv", index=False)
    with pytest.warns(InputWarning, match="countries 'USA' and 'United States' and 'u.s.' are one written in several"):
        open_study(study).check()
    pooled = report.pool_small(pd.Series(["a"] * 6 + [f"c{i}" for i in range(71)]), min_cell=5)
    assert pooled.value_counts().min() >= 5


def test_fault_36_transcripts(study):
    """words that end before they start or begin after the gaze ended: set aside; a warning."""
    traces = pd.DataFrame({"reading": np.repeat(range(12), 4), "step": np.tile(range(4), 12), "text": "No effusion."})
    traces["onset"] = traces["step"] * 500.0
    traces["offset"] = traces["onset"] + 400
    traces.loc[6, "offset"], traces.loc[11, ["onset", "offset"]] = 900, (1e6, 1e6 + 1)
    traces.to_csv(study / "traces.csv", index=False)
    with pytest.warns(InputWarning) as caught:
        open_study(study).check()
    said = " ".join(str(one.message) for one in caught)
    assert "traces.csv: 1 row is set aside, see data/rejects.parquet; first row 8, column 'offset'" in said
    assert "traces.csv: 1 of 47 steps begin after their last fixation" in said


def test_fault_40_personal_columns(study):
    """columns of personal data: left behind with a warning, whatever their spelling."""
    readers = pd.read_csv(study / "readers.csv").assign(eMail="a@b.c", dateOfBirth="1970-01-01", shift="night")
    readers.to_csv(study / "readers.csv", index=False)
    opened = open_study(study)
    with pytest.warns(
        InputWarning, match=r"readers\.csv: columns 'dateOfBirth', 'eMail' may name a person and are left"
    ):
        kept = set(opened.table("readers"))
    assert "shift" in kept
    assert not kept & {"eMail", "dateOfBirth"}


def test_fault_41_small_cells(study, tmp_path):
    """few readers share country, experience and sex: blanked in data, pooled in tables; no combination that leaves
    belongs to fewer than min_cell."""
    rng = np.random.default_rng(4)
    count, cases = 40, [f"c{j}" for j in range(6)]
    people = pd.DataFrame({"reader": [f"r{i:02d}" for i in range(count)], "kind": "person"})
    people["country"] = rng.choice(["Chile", "Chile", "Chile", "Peru", "Fiji"], count)
    people["sex"] = rng.choice(["f", "m"], count)
    people["experience_years"] = rng.choice([1, 4, 8, 15, 30], count)
    people.loc[0, "country"] = "Tuvalu"
    people.to_csv(study / "readers.csv", index=False)
    frame = pd.read_csv(study / "cases.csv")
    frame.assign(age=[20, 31, 44, 58, 67, 89]).to_csv(study / "cases.csv", index=False)
    readings = people[["reader"]].merge(pd.DataFrame({"case": cases}), how="cross").reset_index(names="reading")
    readings["time_s"] = rng.normal(20, 4, len(readings))
    readings.to_csv(study / "readings.csv", index=False)
    (study / "study.toml").write_text('[models.time]\nformula = "time_s ~ country + sex + (1 | reader)"\n')
    analyse(open_study(study), tmp_path / "out", only=["models", "readers"])
    shown = 0
    for path in (tmp_path / "out" / "data").glob("*.parquet"):
        written = pd.read_parquet(path)
        for key, names in (("reader", ["country", "sex", "experience_years"]), ("case", ["age"])):
            present = [name for name in names if name in written]
            if present and key in written:
                # Every subset of attributes as well: one that few share would point to them by itself.
                for some in (subset for n in range(len(present)) for subset in combinations(present, n + 1)):
                    known = written.dropna(subset=list(some))
                    sizes = known.groupby(list(some), observed=True)[key].nunique()
                    assert (sizes >= 5).all(), (path.name, some, sizes.min())
                    shown += len(sizes)
    assert shown, "everything was blanked, so nothing was tested"
    for path in (tmp_path / "out").rglob("*"):
        if path.suffix in (".html", ".csv", ".tex", ".svg", ".json"):
            assert "Tuvalu" not in path.read_text("utf-8"), path.name
    for path in (tmp_path / "out" / "data").glob("*.parquet"):
        assert "Tuvalu" not in pd.read_parquet(path).to_csv(), path.name


def test_fault_42_hashed_names(study):
    """reader ids that are hashes or e-mails: a warning that they can be looked up; results hold other names."""
    names = {f"r{i}": hashlib.md5(f"r{i}@x.org".encode()).hexdigest() for i in range(4)}
    for table in ("readers", "readings"):
        frame = pd.read_csv(study / f"{table}.csv").replace({"reader": names})
        frame.to_csv(study / f"{table}.csv", index=False)
    with pytest.warns(
        InputWarning, match="what looks like a hash; a hash of an e-mail address or name can be looked up"
    ):
        open_study(study).check()


def test_fault_43_formulas(tmp_path):
    """cells that a spreadsheet would run: an apostrophe before text; numbers are untouched."""
    cells = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "fine"]
    report.write_table(pd.DataFrame({"reader": cells, "d": np.arange(7) - 1.5}), tmp_path / "t", formats=["csv"])
    text = (tmp_path / "t.csv").read_text()
    assert text.count("'") == 6
    assert re.search(r"'=1\+1,-1\.5\n", text)


def test_fault_44_scripts():
    """markup in names and titles: escaped on the page, which allows no scripts at all."""
    table = report.format_frame(pd.DataFrame({DANGEROUS: [DANGEROUS]}), caption=DANGEROUS)
    page = report.page(DANGEROUS, [report.Section(DANGEROUS, DANGEROUS, (), (table,))], subtitle=DANGEROUS)
    assert "<script>alert" not in page
    assert "onerror='" not in page
    assert "default-src 'none'" in page.replace("&#39;", "'")


def test_fault_45_dollars_on_figures():
    """$, _ and TeX in names on figures: drawn as they are."""
    fixations = pd.DataFrame({"reading": 1, "onset": [0.0, 300], "duration": 200.0, "x": [5.0, 50], "y": 5.0})
    regions = pd.DataFrame({"region": ["$\\frac{1$ a_b"], "kind": "organ", "x0": 0, "y0": 0, "x1": 9, "y1": 9})
    stimulus = report.Stimulus(size=(100, 80), regions=regions)
    report.scanpath(fixations, stimulus=stimulus).figure.canvas.draw()
