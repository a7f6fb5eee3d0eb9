"""Details of findings by hand; overlap of words by its own libraries; scores read from a column."""

import sys

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_rel

from gazeanalytics import reasoning, tables


def labelled(*texts):
    return reasoning.label_findings(pd.DataFrame({"reading": range(len(texts)), "step": 0, "text": texts}))


def test_sides_zones_and_changes_are_distinguished():
    said = labelled(
        "Small left effusion.",
        "Bilateral effusions.",
        "Right lower lobe consolidation, unchanged.",
        "Right pneumothorax. Left upper lobe nodule.",
        "Lungs are clear.",
    )
    true = labelled(
        "Small right effusion.",
        "Right effusion.",
        "Right upper lobe consolidation.",
        "Right apical pneumothorax, increased. Left upper lobe nodule.",
        "Left effusion.",
    )
    found = reasoning.detail_errors(said, true, readings=range(5))
    side = ["side_compared", "side_wrong", "side_partly", "side_unsaid", "side_added"]
    assert found[side].to_numpy().tolist() == [
        [1, 1, 0, 0, 0],
        [1, 0, 1, 0, 0],
        [1, 0, 0, 0, 0],
        [2, 0, 0, 0, 0],
        [0] * 5,
    ]
    assert found["zone_wrong"].tolist() == [0, 0, 1, 0, 0]
    assert found["zone_unsaid"].tolist() == [0, 0, 0, 1, 0]
    assert found["change_added"].tolist() == [0, 0, 1, 0, 0]
    assert found["change_unsaid"].tolist() == [0, 0, 0, 1, 0]
    same = reasoning.detail_errors(true, true)
    assert not same.drop(columns=[name for name in same if name.endswith("compared")]).to_numpy().any()


def test_places_are_scored_as_tuples():
    said = labelled("Left effusion.", "Right lower lobe consolidation.")
    true = labelled("Bilateral effusions.", "Right upper lobe consolidation.")
    table = reasoning.place_scores(said, true).set_index("level")
    assert table.loc["finding", ["n", "f1"]].tolist() == [2, 1]
    assert table.loc["finding, side"].round(3).tolist() == [3, 1, 0.667, 0.8]
    assert table.loc["finding, side, zone"].round(3).tolist() == [3, 0.5, 0.333, 0.4]
    assert reasoning.place_scores(said, true, readings=[0])["n"].tolist() == [1, 2, 2]


def test_missing_columns_are_reported():
    with pytest.raises(tables.TableError, match="table 'truth', column 'side': expected this column"):
        reasoning.detail_errors(labelled("Left effusion."), labelled("Effusion.").drop(columns="side"))


def test_overlap_is_what_the_libraries_say():
    said = pd.Series({"a": "No acute disease.", "b": "Left pleural effusion is small.", "c": None})
    true = pd.Series({"c": "Clear.", "b": "There is a small left pleural effusion.", "a": "No acute disease."})
    table = reasoning.text_overlap(said, true)
    assert table.loc["a"].tolist() == pytest.approx([1, 1, 1, 1])
    assert table.loc["c"].tolist() == [0, 0, 0, 0]
    # 4 of 5 said and of 7 true words; "left pleural effusion" in order.
    assert table.loc["b", "rouge1"] == pytest.approx(2 * 5 / (5 + 7))
    assert table.loc["b", "rougeL"] == pytest.approx(2 * 3 / (5 + 7))
    assert 0 < table.attrs["bleu"] < 1
    with pytest.raises(ValueError, match="'c' has no reference"):
        reasoning.text_overlap(said, true.drop("c"))


@pytest.mark.parametrize("name", ["sacrebleu", "rouge_score"])
def test_a_missing_library_is_told_with_its_extra(monkeypatch, name):
    for module in [*sys.modules]:
        if module.partition(".")[0] == name:
            monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'gazeanalytics\[text\]'"):
        reasoning.text_overlap(pd.Series(["a"]), pd.Series(["a"]))


def test_scores_of_a_column_are_compared_case_by_case():
    rng = np.random.default_rng(0)
    scores = pd.DataFrame({"case": list(range(20)) * 2, "reader": np.repeat(["resident", "model"], 20)})
    scores = scores.assign(radcliq_score=rng.normal(1, 0.2, 40), green=rng.random(40))
    scores.loc[3, "green"] = np.nan
    table = tables.check(reasoning.compare_scores(scores, ["radcliq_score", "green"]), "estimates")
    wide = scores.pivot(index="case", columns="reader", values="radcliq_score")
    row = table.set_index(["model", "term"]).loc[("radcliq_score", "difference")]
    assert row.p_value == pytest.approx(ttest_rel(wide.model, wide.resident).pvalue)
    assert (row.contrast, row.better, row.n) == ("model - resident", "lower", 20)
    green = table[table.model == "green"].set_index("contrast")
    assert green.loc["model - resident", ["better", "n"]].tolist() == ["higher", 19]
    turned = reasoning.compare_scores(scores, "green", against="model", lower_is_better=["green"])
    assert turned.contrast.tolist() == ["model", "resident", "resident - model"]
    assert (turned.better == "lower").all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"metrics": "grean"}, "no column 'grean' of scores; there are case, reader, green"),
        ({"metrics": "green", "against": "x"}, "no reader 'x' to compare with; there are a, b"),
    ],
)
def test_scores_that_cannot_be_compared_are_reported(settings, message):
    scores = pd.DataFrame({"case": [1, 1], "reader": ["a", "b"], "green": [0.1, 0.2]})
    with pytest.raises(ValueError, match=message):
        reasoning.compare_scores(scores, **settings)
    with pytest.raises(ValueError, match="1 of 'a' comes twice: average first"):
        reasoning.compare_scores(scores.assign(reader="a"), "green")
