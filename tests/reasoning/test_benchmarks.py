"""Files of labelled reports, made by hand: what is read, what is scored, what is refused."""

import json

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import reasoning

FOUR = """Report Impression,Edema,Fracture
No edema.,0,
Edema.,1,0
Possible edema. Rib fracture.,-1,1
Lungs are clear.,1,
"""


@pytest.fixture
def four(tmp_path):
    path = tmp_path / "four.csv"
    path.write_text(FOUR)
    return path


def test_a_small_table_is_scored_as_by_hand(four):
    table = reasoning.label_benchmark(four, n_resamples=0).set_index(["target", "policy", "finding"])
    edema = table.xs("edema", level="finding")["f1"]
    # edema is present in reports 2 and 4 (and 3, if doubt counts); the rules find 2 (and doubt 3)
    assert edema["positive", "zeros"] == pytest.approx(2 / 3)
    assert edema["positive", "ones"] == pytest.approx(4 / 5)
    assert edema["positive", "ignore"] == pytest.approx(2 / 3)
    assert edema["negative", "as_said"] == edema["uncertain", "as_said"] == 1
    # report 2 denies a fracture that no word denies: one miss; the fracture of report 3 is found
    assert table.loc[("negative", "as_said", "fracture"), ["n", "recall"]].tolist() == [1, 0]
    assert table.loc[("positive", "zeros", "micro"), "f1"] == pytest.approx(4 / 5)
    assert table.loc[("positive", "zeros", "macro"), "f1"] == pytest.approx((2 / 3 + 1) / 2)


def test_findings_may_be_chosen(four):
    table = reasoning.label_benchmark(four, findings=["fracture"], n_resamples=0)
    assert table["finding"].unique().tolist() == ["fracture", "macro", "micro"]
    with pytest.raises(ValueError, match=r"the file has no finding 'fractures'; did you mean 'fracture'\?"):
        reasoning.label_benchmark(four, findings=["fractures"])


def test_intervals_cover_the_estimate_and_two_labelers_are_paired(tmp_path):
    path = tmp_path / "many.csv"
    rows = [("Edema.", 1), ("No edema.", 0), ("Edema of sorts.", 0), ("Boggy lungs.", 1)] * 25
    pd.DataFrame(rows, columns=["text", "Edema"]).to_csv(path, index=False)
    table = reasoning.label_benchmark(path, n_resamples=200, rng=1)
    first = table.iloc[0]
    assert first["f1_low"] < first["f1"] == 0.5 < first["f1_high"]

    _, truth = reasoning.read_labelled(path)
    better = reasoning.label_benchmark(path, against=lambda texts: truth, n_resamples=200, rng=1)
    row = better.query("target == 'positive' and policy == 'zeros' and finding == 'edema'").iloc[0]
    assert row[["f1_first", "f1_second", "difference"]].tolist() == [0.5, 1, 0.5]
    assert row["conf_low"] > 0
    assert row["p_value"] < 0.02


def test_lines_of_chexgpt_keep_doubt_and_absence(tmp_path):
    path = tmp_path / "lines.jsonl"
    label = {
        "nodule": {"status": ["uncertain"]},
        "effusion": {"status": "exist"},
        "fracture": {"status": ["not_exist"]},
    }
    path.write_text(json.dumps({"study_id": 3, "text": "x", "label": label}) + "\n\n")
    texts, truth = reasoning.read_labelled(path)
    assert texts.to_dict() == {3: "x"}
    assert truth.loc[3, ["nodule", "effusion", "fracture", "atelectasis"]].tolist() == [-1, 1, 0, 0]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.jsonl", "{", "a.jsonl, line 1: expected one JSON object a line; Expecting property name"),
        ("a.jsonl", '{"text": "x"}', "a.jsonl, line 1: expected 'label'; got text"),
        (
            "a.jsonl",
            '{"text": "x", "label": {"nodul": {"status": ["exist"]}}}',
            r"a.jsonl, line 1: 'nodul' is none of the 13 findings; did you mean 'nodule'\?",
        ),
        (
            "a.jsonl",
            '{"text": "x", "label": {"nodule": {"status": ["perhaps"]}}}',
            "a.jsonl, line 1: expected a status among exist, uncertain, possible, not_exist; got",
        ),
        (
            "a.jsonl",
            '{"study_id": 1, "text": "x", "label": {}}\n{"study_id": 1, "text": "y", "label": {}}',
            "a.jsonl: expected each study once; 1 is there more than once",
        ),
        ("a.csv", "text,Edema\nx,2\n", "a.csv, row 1, edema: a label is 1, 0, -1 or blank; got .*2"),
        ("a.csv", "text,Edema\nx,yes\n", "a.csv, row 1, edema: a label is 1, 0, -1 or blank; got yes"),
    ],
)
def test_wrong_files_are_reported_where_they_are_wrong(tmp_path, name, text, message):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        reasoning.read_labelled(path)


def test_empty_text_has_no_labels(tmp_path):
    path = tmp_path / "gap.csv"
    path.write_text("text,Edema\n,\nEdema.,1\n")
    texts, _ = reasoning.read_labelled(path)
    assert np.isnan(reasoning.label_reports(texts).loc[0, "edema"])
