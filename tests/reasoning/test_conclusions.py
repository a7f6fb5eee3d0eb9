"""What traces conclude: changed minds, final answers of AI readers, statements of all kinds, and languages.

Half of each set was written after the rules were frozen (`written` = after). Their scores on first sight: traces 27 of
30, sentences 56 of 60, outputs 20 of 20. The rules were then widened for what they had missed. More rounds
(rounds.csv), each written before the rules met it, scored on first sight as below; the rules were widened after each,
and rounds 5 and 6 were written to break them.

| round | traces | sentences | outputs |
|---|---|---|---|
| 1 | 21 of 30 | 65 of 80 | 23 of 30 |
| 2 | 23 of 30 | 67 of 80 | 29 of 30 |
| 3 | 20 of 30 | 66 of 80 | 27 of 30 |
| 4 | 18 of 20 | 37 of 39 | 15 of 15 |
| 5 | 40 of 60 | 87 of 117 | 35 of 40 |
| 6 | 19 of 30 | 39 of 60 | 15 of 20 |
| 7 | 26 of 30 | 53 of 60 | 18 of 20 |
| 8 | 34 of 40 | 59 of 80 | 25 of 30 |
| 9 | 17 of 20 | 28 of 40 | 12 of 15 |
| 10 | 15 of 20 | 27 of 40 | 11 of 15 |
| 11 | 13 of 18 | 22 of 36 | 16 of 16 |
| 12 | 12 of 18 | 28 of 37 | 13 of 16 |
| 13 | 11 of 17 | 31 of 36 | 14 of 15 |
| 14 | 16 of 18 | 27 of 35 | 14 of 15 |
| 15 | 14 of 16 | 35 of 37 | 13 of 14 |
| 16 | 12 of 16 | 33 of 36 | 13 of 14 |
| 17 | 15 of 16 | 35 of 38 | 12 of 13 |

From round 8 on a text may have several findings (rows of their own), all of which must be right. Rounds 9 and 10 met
the rules as they had been widened for the round before; the rules before round 8 score 15, 27 and 12 on round 9 and 15,
26 and 12 on round 10: what is mended for one round helps little on the next, so that the score on first sight, not the
one below, says what to expect of new texts.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from gazeanalytics import reasoning
from gazeanalytics.readings import score, score_findings

HERE = Path(__file__).parent
MINDS = pd.read_csv(HERE / "changed_minds.csv")
STATEMENTS = pd.read_csv(HERE / "statements.csv")
ANSWERS = pd.DataFrame(json.loads((HERE / "final_answers.json").read_text("utf-8")))
LANGUAGES = pd.read_csv(HERE / "languages.csv", keep_default_na=False)
ROUNDS = pd.read_csv(HERE / "rounds.csv")
CODES = {"present": 1, "absent": 0, "uncertain": -1}


def right(certainty, expected):
    """Whether a certainty (NaN where nothing is said) is what a reader understands."""
    if expected == "not present":
        return not certainty > 0.5
    return bool(reasoning.status([certainty])[0] == expected) and not np.isnan(certainty)


def concluded(texts, finding, rule="final"):
    traces = pd.DataFrame({"reading": 1, "step": range(len(texts)), "text": texts})
    found = reasoning.conclude(reasoning.label_findings(traces), rule=rule, no_finding=False)
    return float(found.set_index("finding")["certainty"].get(finding, np.nan))


def test_sixty_changed_minds():
    hits = [right(concluded(row.steps.split(" | "), row.finding), row.expected) for row in MINDS.itertuples()]
    assert len(hits) == 60
    assert np.mean(hits) >= 0.95, MINDS[~np.array(hits)].to_string()


def test_statements_of_all_kinds():
    hits = np.array([right(concluded([row.text], row.finding), row.expected) for row in STATEMENTS.itertuples()])
    assert len(hits) == 120
    by_kind = pd.Series(hits).groupby(STATEMENTS["kind"]).mean()
    assert hits.mean() >= 0.95, STATEMENTS[~hits].to_string()
    assert by_kind.min() >= 0.85, by_kind


def test_final_answers_in_eight_formats():
    traces = ANSWERS.assign(reading=range(len(ANSWERS)), step=0, text=ANSWERS["output"])
    found = reasoning.label_readings(traces, np.ones(len(ANSWERS), bool))
    said = reasoning.conclude_readings(found, no_finding=False).set_index(["reading", "finding"])["certainty"]
    # What the answer doesn't mention is not called.
    stated = [said.get((place, row.finding), 0.0) for place, row in enumerate(ANSWERS.itertuples())]
    hits = np.array([right(p, row.expected) for p, row in zip(stated, ANSWERS.itertuples(), strict=True)])
    assert len(hits) == 40
    assert ANSWERS["format"].nunique() >= 8
    assert hits.mean() >= 0.95, ANSWERS[~hits].to_string()


# "Probable" may be uncertain or present, so that these are scored by broad bands of certainty.
def in_band(certainty, expected):
    if expected == "not present":
        return not certainty >= 0.6
    low, high = {"absent": (0.0, 0.3), "present": (0.55, 1.0), "uncertain": (0.2, 0.7)}[expected]
    return low <= certainty <= high


@pytest.mark.parametrize("kind", ["change of mind", "sentence", "AI output"])
def test_rounds_of_texts_that_were_new_to_the_rules(kind):
    rows = ROUNDS[ROUNDS["kind"] == kind].reset_index(drop=True)
    if kind == "AI output":
        traces = rows.assign(reading=rows.index, step=0)
        found = reasoning.label_readings(traces, np.ones(len(rows), bool))
        said = reasoning.conclude_readings(found, no_finding=False).set_index(["reading", "finding"])["certainty"]
        stated = [said.get((place, row.finding), 0.0) for place, row in enumerate(rows.itertuples())]
    else:
        stated = [concluded(row.text.split(" | "), row.finding) for row in rows.itertuples()]
    hits = np.array([in_band(p, expected) for p, expected in zip(stated, rows["expected"], strict=True)])
    assert hits.mean() >= 0.95, rows[~hits].to_string()


@pytest.mark.parametrize(
    ("texts", "finding", "low", "high"),
    [
        (["Left effusion.", "Is it loculated?", "No."], "pleural_effusion", 0.98, 0.98),
        (["Left effusion.", "Is it real?", "No."], "pleural_effusion", 0.0, 0.1),
        (["Left pneumothorax.", "Is that a skin fold?", "No."], "pneumothorax", 0.6, 0.98),
        (["Left pneumothorax.", "Is that a skin fold?", "Yes."], "pneumothorax", 0.0, 0.2),
        (["There is a pacemaker.", "Is one of the leads fractured?", "No."], "support_devices", 0.98, 0.98),
        (["There is a pacemaker.", "Is one of the leads fractured?", "No."], "fracture", 0.0, 0.1),
    ],
)
def test_a_reply_answers_the_question_before_it(texts, finding, low, high):
    assert low <= concluded(texts, finding) <= high


def test_nothing_acute_leaves_what_may_be_old():
    assert concluded(["Old rib fracture.", "No acute abnormality."], "fracture") == 0.98
    assert concluded(["Mild cardiomegaly. No acute abnormalities."], "cardiomegaly") == 0.98
    assert concluded(["Possible edema.", "No acute abnormality."], "edema") == 0.02
    assert concluded(["Rib fracture.", "Normal chest radiograph."], "fracture") == 0.02


@pytest.mark.parametrize("language", ["de", "es", "fr", "pt"])
def test_other_languages_are_read_when_asked(language):
    own = LANGUAGES[LANGUAGES["language"] == language]
    hits = []
    for text, pairs in zip(own["text"], own["expected"], strict=True):
        one = pd.DataFrame({"reading": [1], "step": [0], "text": [text]})
        found = reasoning.label_findings(one, languages=reasoning.LANGUAGES, implied=False)
        said = reasoning.conclude(found, no_finding=False)
        got = dict(zip(said["finding"], said["status"].map(CODES), strict=True))
        hits.append(got == {name: int(code) for name, code in (pair.split("=") for pair in pairs.split())})
    assert np.mean(hits) >= 0.95, own[~np.array(hits)].to_string()


def test_other_languages_are_set_aside_and_counted():
    texts = [*LANGUAGES["text"], "Нет пневмоторакса.", "Nessun versamento nel polmone, non ci sono segni."]
    found = reasoning.label_findings(pd.DataFrame({"reading": range(len(texts)), "step": 0, "text": texts}))
    assert len(found) == 0
    assert sum(found.attrs["set_aside"].values()) == len(texts)
    english = pd.read_csv(HERE / "language.csv", keep_default_na=False)["text"]
    assert [text for text in english if reasoning.detect_language(text) != "en"] == []


@pytest.mark.parametrize(
    ("texts", "final", "latest", "surest", "any_"),
    [
        (["Left pneumothorax.", "No, that is a skin fold."], 0.1, 0.1, 0.98, 0.98),
        (["Final diagnosis: no edema.", "Possible edema."], 0.02, 0.5, 0.02, 0.5),
        (["Possible edema.", "No edema."], 0.02, 0.02, 0.02, 0.5),
        (["Right effusion.", "No left effusion."], 0.98, 0.98, 0.02, 0.98),
        (["Small effusion.", "No large effusion."], 0.98, 0.98, 0.98, 0.98),
        (["Is there an effusion?"], 0.4, 0.4, 0.4, 0.4),
    ],
)
def test_rules_differ_as_they_say(texts, final, latest, surest, any_):
    finding = "pneumothorax" if "pneumothorax" in texts[0] else "edema" if "edema" in texts[0] else "pleural_effusion"
    for rule, certainty in (("final", final), ("latest", latest), ("any", any_)):
        assert concluded(texts, finding, rule) == certainty, rule
    assert concluded(texts, finding, "surest") in (surest, final)


def test_a_path_keeps_each_turn():
    texts = ["No effusion.", "Wait, a meniscus at the right base.", "Scratch that.", "So no effusion."]
    traces = pd.DataFrame({"reading": 1, "step": range(4), "text": texts})
    path = reasoning.trace_path(reasoning.label_findings(traces))
    path = path[path["finding"] == "pleural_effusion"]
    assert path["act"].tolist() == ["stated", "revised", "retracted", "stated"]
    assert path["after"].tolist() == [0.02, 0.9, 0.05, 0.02]
    assert path["reversal"].tolist() == [False, True, True, False]


def test_what_undoes_a_denial_leaves_it_open():
    assert concluded(["No effusion.", "Scratch that."], "pleural_effusion") == 0.6
    assert concluded(["An effusion.", "Scratch that."], "pleural_effusion") == 0.05


def test_a_cause_that_is_settled_on_makes_the_others_unlikely():
    assert concluded(["Possible pneumonia.", "More like atelectasis."], "pneumonia") == 0.2
    assert concluded(["Possible effusion.", "More like atelectasis."], "pleural_effusion") == 0.5  # no alternative


def test_an_opacity_that_is_just_atelectasis_is_still_one():
    assert concluded(["Left basal opacity.", "It's just atelectasis."], "lung_opacity") == 0.98


def test_languages_of_the_settings_are_read():
    traces = pd.DataFrame({"reading": [1], "step": [0], "text": ["Kein Pneumothorax, kleiner Pleuraerguss links."]})
    read = reasoning.label_readings(traces, [False], {"languages": ["en", "de"]})
    assert read["finding"].tolist() == ["pneumothorax", "pleural_effusion"]


def test_an_answer_counts_before_the_reasoning_and_the_difference_is_said():
    text = "<think>A left pneumothorax. Possible edema. No fracture.</think><answer>No pneumothorax</answer>"
    found = reasoning.label_readings(pd.DataFrame({"reading": [1], "step": [0], "text": [text]}), [True])
    said = reasoning.conclude_readings(found, no_finding=False).set_index("finding")["certainty"]
    assert said.to_dict() == {"edema": 0.1, "fracture": 0.02, "pneumothorax": 0.02}
    answers = found[found["part"] == "answer"].set_index("finding")
    assert answers["disagrees"].to_dict() == {"pneumothorax": True, "edema": True, "fracture": False}
    assert answers["act"].to_dict() == {"pneumothorax": "concluded", "edema": "omitted", "fracture": "omitted"}


def test_certainty_of_a_global_statement_reaches_what_it_covers():
    readings = pd.DataFrame({"reading": [1, 2], "reader": ["a", "a"], "case": ["x", "y"]})
    cases = pd.DataFrame({"case": ["x", "y"], "target": "pneumothorax", "truth_pneumothorax": [False, True]})
    texts = ["Normal chest radiograph.", "Probably a normal chest radiograph."]
    found = reasoning.label_findings(pd.DataFrame({"reading": [1, 2], "step": 0, "text": texts}))
    scored = score(reasoning.conclude(found), readings, cases)
    assert scored["correct"].tolist() == [1, 0]
    assert scored["uncertainty"].tolist() == pytest.approx([0.04, 0.5])
    assert scored[["truth", "called", "target_present"]].to_numpy().tolist() == [[0, 0, 0], [1, 0, 1]]
    table = score_findings(reasoning.conclude(found), readings, cases).iloc[0]
    assert (table["present"], table["sensitivity"], table["specificity"], table["mentioned"]) == (1, 0.0, 1.0, 1.0)


def test_planted_accuracy_and_certainty_are_recovered_within_their_intervals():
    rng = np.random.default_rng(8)
    truth = rng.random(600) < 0.5
    called = np.where(truth, rng.random(600) < 0.8, rng.random(600) < 0.1)
    turned = rng.random(600) < 0.3
    sure = rng.random(600) < 0.5
    said = {
        (True, True): ("There is definitely an effusion.", 0.98),
        (True, False): ("Likely an effusion.", 0.8),
        (False, True): ("There is no effusion.", 0.02),
        (False, False): ("Effusion is unlikely.", 0.15),
    }
    rows = [
        (reading, step, said[bool(call), bool(own)][0])
        for reading, (last, turn, own) in enumerate(zip(called, turned, sure, strict=True))
        for step, call in enumerate([not last, last] if turn else [last])
    ]
    found = reasoning.conclude(reasoning.label_findings(pd.DataFrame(rows, columns=["reading", "step", "text"])))
    readings = pd.DataFrame({"reading": range(600), "reader": "a", "case": range(600)})
    cases = pd.DataFrame({"case": range(600), "target": "pleural_effusion", "truth_pleural_effusion": truth})
    planted = [said[bool(call), bool(own)][1] for call, own in zip(called, sure, strict=True)]
    scored = score(found, readings, cases)
    assert scored["called"].astype(bool).tolist() == called.tolist()
    table = score_findings(found, readings, cases).iloc[0]
    for name, own, share in (("sensitivity", truth, 0.8), ("specificity", ~truth, 0.9)):
        low, high = stats.binomtest(round(table[name] * own.sum()), int(own.sum())).proportion_ci(0.99)
        assert low < share < high, name
    assert scored["uncertainty"].to_numpy() == pytest.approx(1 - 2 * np.abs(np.array(planted) - 0.5))


def test_planted_reversals_are_recovered():
    rng = np.random.default_rng(3)
    truth = rng.random(400) < 0.5
    turned = rng.random(400) < 0.4
    rows = []
    for reading, (true, turn) in enumerate(zip(truth, turned, strict=True)):
        first = true != turn
        rows.append((reading, 0, "There is a left effusion." if first else "No effusion."))
        if turn:
            rows.append((reading, 1, "Wait, there is a meniscus on the left." if true else "No, it's a fat pad."))
    found = reasoning.label_findings(pd.DataFrame(rows, columns=["reading", "step", "text"]))
    key = pd.MultiIndex.from_product([range(400), ["pleural_effusion"]])
    table = reasoning.rule_sensitivity(found, pd.Series(truth.astype(float), key)).set_index("rule")
    assert table.loc["final", ["accuracy", "sensitivity", "specificity"]].tolist() == [1.0, 1.0, 1.0]
    assert table.loc["any", "specificity"] < 0.7
    path = reasoning.trace_path(found)
    assert (path.groupby("reading")["reversal"].sum().to_numpy() == turned).all()
