"""Tables for the paper: how numbers are spelt, what each format holds, who stays unseen."""

import io
import zipfile
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gazeanalytics import report
from gazeanalytics.report import writers
from gazeanalytics.report.fit_notes import gather_notes
from gazeanalytics.report.number_format import format_number, format_term
from gazeanalytics.report.table_one import pool_small
from gazeanalytics.tables import TableError

ATTACKS = [
    "=1+1",
    "+1",
    "-1+2",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "<script>alert(1)</script>",
    '" onerror="x',
    r"$\frac{1$",
    "a|b",
]


def rows(*entries, model="accuracy"):
    columns = ["term", "estimate", "std_error", "statistic", "df", "p_value", "conf_low", "conf_high", "n", "note"]
    return pd.DataFrame(entries, columns=columns).assign(model=model)


@pytest.fixture
def estimates():
    return rows(
        ("found", -0.7807, 0.0254, -30.7, np.nan, 1e-90, -0.8305, -0.7309, 7455.0, ""),
        ("sd(case)", 0.33, np.nan, np.nan, np.nan, np.nan, np.nan, np.nan, 7455.0, ""),
        ("country[T.Peru]", 12.0, 250.0, 0.05, np.nan, 0.9617, -478.0, 502.0, 7455.0, "separated"),
    )


def test_estimates_are_spelt_as_in_a_paper(estimates):
    table = report.format_estimates(estimates)
    assert list(table.text.columns) == ["Term", "b", "SE", "95% CI", "z", "p"]
    assert table.text.iloc[0].tolist() == ["found", "−0.78", "0.03", "[−0.83, −0.73]", "−30.70", "<.001"]
    assert table.text.iloc[1].tolist() == ["country: Peru †", "12", "250", "[−478, 502]", "0.05", ".962"]
    assert table.text.iloc[2].tolist() == ["case", "0.33", "", "", "", ""]
    assert table.groups == ("Fixed effects", "Fixed effects", "Random effects (SD)")
    assert table.notes == ("n = 7,455.", "† separated")


def test_ratios_leave_standard_deviations_alone(estimates):
    text = report.format_estimates(estimates, exponentiate=True).text
    assert text["exp(b)"].tolist() == ["0.46", "1.6e5", "0.33"]
    assert "SE" not in text


def test_t_tests_bring_their_degrees_of_freedom():
    table = rows(("a", 1.0, 0.5, 2.0, 17.25, 0.06, 0.0, 2.0, 20.0, ""))
    assert report.format_estimates(table).text[["t", "df"]].iloc[0].tolist() == ["2.00", "17.2"]


def test_each_model_keeps_its_own_random_effects(estimates):
    both = pd.concat([estimates, estimates.assign(model="time")], ignore_index=True)
    table = report.format_estimates(both)
    assert table.groups[2:4] == ("accuracy: random effects (SD)", "time")
    assert table.data["model"].tolist() == ["accuracy"] * 3 + ["time"] * 3


def test_a_table_that_is_not_estimates_is_refused():
    with pytest.raises(TableError, match="table 'estimates', column 'model'"):
        report.format_estimates(pd.DataFrame({"term": ["a"]}))


def test_names_of_terms():
    assert format_term("strategy[a:b]:C(max_saccades, Treatment(2))[T.12]") == "strategy: a:b × max saccades: 12"
    assert format_term("factor(country)[Peru]") == "country: Peru"
    assert format_term("sd(reader)") == "reader"


@settings(deadline=None)
@given(st.floats(-1e300, 1e300), st.integers(0, 6))
def test_numbers_read_back_as_rounded(value, decimals):
    told = float(format_number(value, decimals).replace("−", "-"))
    assert told == pytest.approx(value, rel=0.05 if abs(value) >= 1e5 else 0, abs=0.500001 * 10.0**-decimals)


def test_csv_disarms_formulas_and_keeps_numbers():
    frame = pd.DataFrame({"name": ATTACKS, "=x": [-1.5] * len(ATTACKS)})
    text = writers.to_csv(report.format_frame(frame))
    back = pd.read_csv(io.StringIO(text), keep_default_na=False)
    assert back["'=x"].tolist() == [-1.5] * len(ATTACKS)
    assert not back["name"].str.startswith(("=", "+", "-", "@", "\t", "\r")).any()
    assert back["name"].tolist()[6:] == ATTACKS[6:]
    assert back["name"].tolist()[5] == "'\n=1"


def test_csv_keeps_full_precision(estimates):
    exact = estimates.assign(estimate=[1 / 3, 2 / 3, np.pi])
    text = writers.to_csv(report.format_estimates(exact))
    assert [float(line.split(",")[1]) for line in text.splitlines()[1:]] == [1 / 3, np.pi, 2 / 3]


class _Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.text = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        assert all(name in {"class", "scope", "colspan"} for name, _ in attrs)

    def handle_data(self, data):
        self.text.append(data)


def test_html_escapes_names():
    table = report.format_frame(pd.DataFrame({"<b>": ATTACKS}), caption="<i>", notes=["<u>"])
    page = _Page()
    page.feed(table.to_html())
    assert set(page.tags) <= {"table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "br"}
    assert "<script>alert(1)</script>" in page.text


def test_latex_is_booktabs_with_everything_escaped(estimates):
    table = report.format_estimates(
        estimates.assign(term=["a_b", "sd(reader)", r"x[T.50% & $\{#}]"]), caption="R^2 ~ 1"
    )
    text = writers.to_latex(table)
    assert r"\caption{R\textasciicircum{}2 \textasciitilde{} 1}" in text
    assert r"x: 50\% \& \$\textbackslash{}\{\#\} \textdagger{} & 12 & 250 & {[}$-$478, 502{]} & 0.05 & .962 \\" in text
    assert r"\multicolumn{6}{l}{\textit{Random effects (SD)}} \\" in text
    assert r"\begin{tabular}{lrrrrr}" in text
    assert text.count("{") - text.count(r"\{") == text.count("}") - text.count(r"\}")


def test_markdown_cells_stay_in_their_columns():
    text = writers.to_markdown(report.format_frame(pd.DataFrame({"name": ATTACKS, "n": 1})))
    body = [line.replace(r"\|", "") for line in text.splitlines()]
    assert {line.count("|") for line in body if line.startswith("|")} == {3}


def test_word_holds_the_cells_between_rules(estimates, tmp_path):
    docx = pytest.importorskip("docx")
    path = report.write_table(report.format_estimates(estimates, caption="Model"), tmp_path / "m", formats=["docx"])[0]
    document = docx.Document(str(path))
    grid = document.tables[0]
    assert document.paragraphs[0].text == "Model"
    assert [cell.text for cell in grid.rows[2].cells][:3] == ["found", "−0.78", "0.03"]
    assert grid.rows[1].cells[0].text == "Fixed effects"
    assert document.paragraphs[-1].text == "† separated"
    assert "w:tcBorders" in grid.rows[0]._tr.xml


def test_every_format_gives_the_same_bytes_twice(estimates, tmp_path):
    table = report.format_estimates(estimates)
    kinds = ["csv", "tex", "html", "docx", "md"]
    first = [path.read_bytes() for path in report.write_table(table, tmp_path / "a.b", formats=kinds)]
    again = [path.read_bytes() for path in report.write_table(table, tmp_path / "a.b", formats=kinds)]
    assert first == again
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.b.csv", "a.b.docx", "a.b.html", "a.b.md", "a.b.tex"]
    with zipfile.ZipFile(tmp_path / "a.b.docx") as parts:
        assert parts.testzip() is None


def test_an_unknown_format_is_refused(tmp_path):
    with pytest.raises(ValueError, match="some of csv, tex, html, docx, md; got 'xlsx'"):
        report.write_table(pd.DataFrame({"a": [1]}), tmp_path / "t", formats=["xlsx"])


def test_an_empty_table_is_a_head_without_rows(tmp_path):
    empty = pd.DataFrame({"a": np.zeros(0)})
    for path in report.write_table(empty, tmp_path / "t", formats=["csv", "tex", "html", "docx", "md"]):
        assert path.stat().st_size > 0


def people(country, years):
    count = len(country)
    readers = pd.DataFrame({"reader": [f"Dr {i}" for i in range(count)], "kind": "person", "country": country})
    readings = pd.DataFrame({"reading": range(2 * count), "reader": list(readers["reader"]) * 2, "case": 1})
    return readers.assign(experience_years=years), readings


def test_table_one_counts_readers_and_leaves_models_out():
    readers, readings = people(["Peru"] * 6 + ["Chile"] * 5, [1.0] * 5 + [30.0] * 6)
    readers.loc[len(readers)] = ["net", "model", None, np.nan]
    table = report.table_one(readers, readings)
    assert table.text["Group"].tolist() == ["All readers", "0 to <2 years", "20+ years", "Peru", "Chile"]
    assert table.text["Readers"].tolist() == ["11 (100%)", "5 (45%)", "6 (55%)", "6 (55%)", "5 (45%)"]
    assert table.data["readings"].tolist() == [22, 10, 12, 12, 10]
    assert "Not counted: 1 AI model." in table.notes
    assert not table.text.map(lambda cell: "Dr" in cell or "net" in cell).any(axis=None)


countries = st.lists(st.sampled_from(["A", "B", "C", "D", None]), min_size=1, max_size=30)


@settings(max_examples=40, deadline=None)
@given(countries, st.integers(1, 6), st.randoms())
def test_no_cell_is_smaller_than_k(country, k, random):
    years = [random.choice([0.5, 3.0, 7.0, 12.0, 40.0, float("nan")]) for _ in country]
    readers, readings = people(country, years)
    table = report.table_one(readers, readings, min_cell=k)
    parts = table.data[table.data["characteristic"] != ""]
    assert (parts["readers"] >= k).all()
    assert (parts.groupby("characteristic")["readers"].sum() == len(readers)).all()


@settings(deadline=None)
@given(countries, st.integers(1, 6))
def test_pooling_keeps_large_groups_and_hides_small_ones(country, k):
    pooled = pool_small(pd.Series(country, dtype=object), k)
    sizes = pooled.value_counts()
    assert (sizes >= k).all() or list(sizes.index) == ["all"]


def test_table_one_refuses_a_k_of_nothing():
    with pytest.raises(ValueError, match="min_cell: expected at least 1 reader a cell; got 0"):
        report.table_one(*people(["A"], [1.0]), min_cell=0)


def test_a_note_of_a_whole_model_stands_below_once():
    notes = "separated: 'b' predicts the outcome without error in 3 of 9 rows; few levels: reader has 3"
    both = rows(
        ("a", 1.0, 0.5, 2.0, np.nan, 0.06, 0.0, 2.0, 20.0, notes), ("b", 9.0, 0.5, 2.0, np.nan, 0.06, 0, 2, 20, notes)
    )
    table = report.format_estimates(both)
    assert table.text["Term"].tolist() == ["a", "b"]
    assert table.notes == (
        "n = 20.",
        "separated: 'b' predicts the outcome without error in 3 of 9 rows",
        "few levels: reader has 3",
    )
    assert gather_notes(both).doubtful == (False, True)
    assert gather_notes(both.assign(note="not converged")).doubtful == (True, True)
