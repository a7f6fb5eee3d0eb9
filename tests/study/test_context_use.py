"""Use of the clinical context in a study: followers and those who look for themselves are told apart, as planted."""

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import reasoning
from gazeanalytics.study import analyse, open_study

INDICATION = "INDICATION: Fever and cough, evaluate for pneumonia."


def make_study(folder, *, column):
    """4 readers follow a misleading indication, 4 don't; half of the cases have one."""
    cases = pd.DataFrame({"case": [f"c{at}" for at in range(20)], "target": "pneumonia", "truth_pneumonia": False})
    cases["width"], cases["height"] = 1000, 1000
    if column:
        cases[column] = [INDICATION if at % 2 else None for at in range(20)]
    readers = pd.DataFrame({"reader": [f"r{at}" for at in range(8)], "kind": "person"})
    readings = pd.MultiIndex.from_product([readers["reader"], cases["case"]], names=["reader", "case"])
    readings = readings.to_frame(index=False)
    readings.insert(0, "reading", range(len(readings)))
    follows = readings["reader"].isin([f"r{at}" for at in range(4)])
    asked = readings["case"].str[1:].astype(int) % 2 == 1
    texts = np.where(follows & asked, "Given the fever there is pneumonia.", "No pneumonia.")
    traces = pd.DataFrame({"reading": readings["reading"], "step": 0, "text": texts})
    for name, table in (("cases", cases), ("readers", readers), ("readings", readings), ("traces", traces)):
        table.to_csv(folder / f"{name}.csv", index=False)
    (folder / "study.toml").write_text("[study]\nname = 'context'\n")
    return readings.assign(follows=follows, asked=asked)


def test_planted_followers_are_found(tmp_path):
    planted = make_study(tmp_path, column="indication")
    found = analyse(open_study(tmp_path), only=["context_use", "readings"])
    used = found.table("context_use").merge(planted, on="reading")
    np.testing.assert_array_equal(used["context_given"], used["asked"])
    np.testing.assert_array_equal(used["mentions_history"], used["asked"] & used["follows"])
    with_context = used[used["asked"]]
    np.testing.assert_array_equal(with_context["context_followed"], with_context["follows"].astype(float))
    assert with_context["context_answered"].eq(1).all()
    # fever, cough, pneumonia: followers repeat two of three, the others one
    assert with_context.groupby("follows")["context_words"].mean().tolist() == pytest.approx([1 / 3, 2 / 3])
    assert used.loc[~used["asked"], ["context_words", "context_followed"]].isna().all(axis=None)
    assert {"context_followed", "mentions_prior"} <= set(found.table("readings"))
    # Those who follow a misleading context are wrong for it.
    joined = found.table("readings").merge(planted[["reading", "follows", "asked"]], on="reading")
    assert joined[joined["asked"]].groupby("follows")["correct"].mean().tolist() == [1, 0]


def test_without_words_of_a_context_it_says_why_not(tmp_path):
    make_study(tmp_path, column=None)
    found = analyse(open_study(tmp_path), only=["context_use"])
    assert found.skipped["context_use"] == (
        "neither readings nor cases have a column with the words of an indication, history or prior (looked for: "
        "indication, history, clinical_history, reason_for_exam, prior_report; name others as columns in "
        "[analyses.context_use])"
    )


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Compared with the previous film the effusion has grown.", "mentions_prior"),
        ("That answers the clinical question.", "mentions_indication"),
        ("In this patient with dyspnea I look at the vessels first.", "mentions_history"),
    ],
)
def test_words_that_speak_of_a_context(text, name):
    traces = pd.DataFrame({"reading": ["a", "b"], "step": 0, "text": [text, "The lungs are clear."]})
    used = reasoning.context_use(traces, pd.DataFrame({"reading": ["a", "b"], "context": ["", None]}))
    assert used[name].tolist() == [True, False]
    assert used["context_given"].tolist() == [False, False]
    assert used["context_findings"].tolist() == [0, 0]


def test_what_a_context_denies_is_not_asked():
    traces = pd.DataFrame({"reading": [1], "step": 0, "text": ["Left effusion."]})
    used = reasoning.context_use(
        traces, pd.DataFrame({"reading": [1], "context": "No pneumothorax before. ?effusion, edema"})
    ).iloc[0]
    assert used[["context_findings", "context_answered", "context_followed"]].tolist() == [2, 0.5, 0.5]
