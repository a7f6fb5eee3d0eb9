"""Changes of mind in a study: reversals that were planted are counted, and they make calls right or wrong."""

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import reasoning
from gazeanalytics.study import analyse, open_study

FIRST = {1: "There is a left pneumothorax.", 0: "No pneumothorax."}
TURNED = {1: "Wait, actually there is a pneumothorax.", 0: "Wait, that is a skin fold, no pneumothorax."}


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """12 readers and 40 cases of words alone: 30 % of first calls are wrong, two in three of these are taken back."""
    folder = tmp_path_factory.mktemp("planted")
    rng = np.random.default_rng(5)
    readers = [f"r{at}" for at in range(12)]
    cases = pd.DataFrame({"case": [f"c{at}" for at in range(40)], "target": "pneumothorax"})
    cases["truth_pneumothorax"] = np.arange(40) % 2 == 0
    cases["width"], cases["height"] = 1000, 1000
    readings = pd.MultiIndex.from_product([readers, cases["case"]], names=["reader", "case"]).to_frame(index=False)
    readings.insert(0, "reading", range(len(readings)))
    truth = readings.merge(cases, on="case", how="left")["truth_pneumothorax"].to_numpy(int)
    wrong = rng.random(len(readings)) < 0.3
    back = wrong & (rng.random(len(readings)) < 2 / 3)
    first = np.where(wrong, 1 - truth, truth)
    steps = [(at, 0, FIRST[call]) for at, call in enumerate(first)]
    steps += [(at, 1, TURNED[truth[at]]) for at in np.flatnonzero(back)]
    traces = pd.DataFrame(sorted(steps), columns=["reading", "step", "text"])
    pd.DataFrame({"reader": readers, "kind": "person"}).to_csv(folder / "readers.csv", index=False)
    for name, table in (("cases", cases), ("readings", readings), ("traces", traces)):
        table.to_csv(folder / f"{name}.csv", index=False)
    (folder / "study.toml").write_text("[study]\nname = 'planted'\n")
    return folder, truth, first, back


def test_planted_reversals_are_counted_and_accuracy_recovered(planted):
    folder, truth, first, back = planted
    found = analyse(open_study(folder), only=["changes_of_mind"])
    changes = found.table("changes_of_mind").sort_values("reading")
    assert changes["finding"].eq("pneumothorax").all()
    np.testing.assert_array_equal(changes["reversals"], back.astype(int))
    np.testing.assert_array_equal(changes["first_call"], first)
    np.testing.assert_array_equal(changes["last_call"], np.where(back, truth, first))
    np.testing.assert_array_equal(changes["commitment_step"], back.astype(int))
    summary = found.table("changes_of_mind_summary").set_index("term")
    assert summary.loc["accuracy of the first call", "estimate"] == pytest.approx((first == truth).mean())
    gain = summary.loc["last less first"]
    assert gain["conf_low"] < 0.2 < gain["conf_high"]
    rules = found.table("rule_sensitivity").set_index("rule")
    assert rules.loc["final", "accuracy"] == pytest.approx(np.where(back, True, first == truth).mean())
    assert rules.loc["any", "specificity"] < rules.loc["final", "specificity"]


def test_two_turns_end_where_they_began():
    texts = ["Pneumothorax.", "No, that's a skin fold.", "Hmm, there is a pneumothorax after all."]
    traces = pd.DataFrame({"reading": 1, "step": range(3), "text": texts})
    row = reasoning.changes_of_mind(reasoning.label_findings(traces)).iloc[0]
    assert row[["reversals", "changed", "commitment_step"]].tolist() == [2, False, 2]


def test_an_answer_comes_after_its_reasoning():
    text = "<think>Hazy bases, edema, but the vessels are sharp.</think><answer>No edema</answer>"
    traces = pd.DataFrame({"reading": [1], "step": [0], "text": [text]})
    changes = reasoning.changes_of_mind(reasoning.label_readings(traces, [True])).set_index("finding")
    assert changes.loc["edema", ["first_call", "last_call", "reversals"]].tolist() == [1, 0, 1]


def test_a_normal_chest_is_no_change_of_mind():
    traces = pd.DataFrame({"reading": 1, "step": [0, 1], "text": ["Small effusion.", "Otherwise normal chest."]})
    changes = reasoning.changes_of_mind(reasoning.label_findings(traces))
    assert changes["finding"].tolist() == ["pleural_effusion", "no_finding"]  # not the findings that "normal" covers
    assert changes["reversals"].sum() == 0
