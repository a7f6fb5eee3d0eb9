"""Findings read off text, against sentences labelled by hand, CheXpert's samples and CXR-CLIP's prompts."""

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gazeanalytics import reasoning, tables

HERE = Path(__file__).parent
SENTENCES = list(csv.DictReader((HERE / "sentences.csv").read_text("utf-8").splitlines()))
# Our own sentences. Ways of saying yes, no and perhaps, by topic, were labelled before the rules were tried on them;
# some twenty that could be read in two ways, or whose words no lexicon should hold, were then left out.
LANGUAGE = pd.read_csv(HERE / "language.csv", keep_default_na=False)
ATTRIBUTES = pd.read_csv(HERE / "attributes.csv", keep_default_na=False)
CODES = {"present": 1, "absent": 0, "uncertain": -1}


def conclusions(text):
    found = reasoning.label_text(text, implied=False).assign(reading=0, step=0)
    rows = reasoning.conclude(found, rule="any", no_finding=False)
    return {finding: CODES[status] for finding, status in zip(rows.finding, rows.status, strict=True)}


def one(text):
    rows = reasoning.label_text(text)
    assert len(rows) == 1
    return rows.iloc[0]


def expected(pairs):
    return {name: int(code) for name, code in (pair.split("=") for pair in pairs.split())}


@pytest.mark.parametrize("topic", LANGUAGE["topic"].unique())
def test_english_of_radiologists_is_understood(topic):
    ours = LANGUAGE[LANGUAGE["topic"] == topic]
    found = reasoning.label_findings(ours.assign(reading=range(len(ours)), step=0), implied=False)
    said = reasoning.conclude(found, rule="any", no_finding=False)
    said = said[~said["finding"].isin(["no_finding", "other_finding"])]
    for place, (text, pairs) in enumerate(zip(ours["text"], ours["expected"], strict=True)):
        mine = said[said["reading"] == place]
        assert dict(zip(mine["finding"], mine["status"].map(CODES), strict=True)) == expected(pairs), text


@pytest.mark.parametrize("row", SENTENCES, ids=lambda row: row["text"][:60])
def test_sentences_say_what_a_reader_understands(row):
    target = expected(row["expected"])
    result = conclusions(row["text"])
    result.pop("no_finding", None)
    if "other_finding" not in target:
        result.pop("other_finding", None)
    assert result == target


def test_certainty_follows_the_planted_scale():
    scale = {
        "Pneumonia.": 0.98,
        "Opacity consistent with pneumonia.": 0.95,
        "Most likely pneumonia.": 0.90,
        "Likely pneumonia.": 0.80,
        "Probable pneumonia.": 0.75,
        "Pneumonia, probably.": 0.75,
        "Suspicious for pneumonia.": 0.70,
        "Possible pneumonia.": 0.50,
        "Possibly pneumonia.": 0.5,
        "This may represent pneumonia.": 0.53,
        "Pneumonia is less likely.": 0.25,
        "Pneumonia is unlikely.": 0.15,
        "Pneumonia is very unlikely.": 0.05,
        "No pneumonia.": 0.02,
    }
    for text, target in scale.items():
        rows = reasoning.label_text(text)
        assert rows.loc[rows.finding == "pneumonia", "certainty"].tolist() == [target], text


@pytest.mark.parametrize(
    ("text", "finding", "certainty"),
    [
        ("Enlarged heart is unlikely.", "cardiomegaly", 0.15),
        ("A mildly enlarged heart is less likely.", "cardiomegaly", 0.25),
        ("Large cardiac silhouette, improbable.", "cardiomegaly", 0.14),
        ("Enlarged heart is questionable.", "cardiomegaly", 0.40),
        ("Enlarged heart?", "cardiomegaly", 0.40),
        ("Prominent cardiac contour, possibly.", "cardiomegaly", 0.5),
        ("Enlarged heart cannot be excluded.", "cardiomegaly", 0.37),
        ("Enlarged heart is most likely.", "cardiomegaly", 0.90),
        ("Widened mediastinum is less likely.", "enlarged_cardiomediastinum", 0.25),
        ("Enlarged cardiomediastinum is very unlikely.", "enlarged_cardiomediastinum", 0.05),
        ("Prominent mediastinal contour is suspected.", "enlarged_cardiomediastinum", 0.65),
        ("Widening of the superior mediastinum is doubtful.", "enlarged_cardiomediastinum", 0.12),
        ("Increased right mediastinal width is not likely.", "enlarged_cardiomediastinum", 0.16),
        ("Heart size is normal and widened mediastinum is unlikely.", "enlarged_cardiomediastinum", 0.15),
        ("Enlarged heart is unlikely but pneumonia is likely.", "cardiomegaly", 0.15),
        ("Enlarged heart and mediastinum are unlikely.", "cardiomegaly", 0.15),
        ("Enlarged heart is not seen.", "cardiomegaly", 0.02),
        ("Enlarged cardiac silhouette is absent.", "cardiomegaly", 0.02),
        ("Widened mediastinum is no longer present.", "enlarged_cardiomediastinum", 0.02),
        ("Widened mediastinum has been ruled out.", "enlarged_cardiomediastinum", 0.02),
        ("Prominent mediastinum has resolved.", "enlarged_cardiomediastinum", 0.02),
    ],
)
def test_a_cue_after_an_organ_and_its_adjective_reaches_them(text, finding, certainty):
    rows = reasoning.label_text(text).set_index("finding")
    assert rows.loc[finding, "certainty"] == certainty


@pytest.mark.parametrize(
    ("text", "finding", "certainty"),
    [
        ("An enlarged heart is seen.", "cardiomegaly", 0.98),
        ("Enlarged heart is unchanged.", "cardiomegaly", 0.98),
        ("Enlarged heart is not new.", "cardiomegaly", 0.98),
        ("Enlarged heart, pneumonia unlikely.", "cardiomegaly", 0.98),
        ("Enlarged heart with no effusion seen.", "cardiomegaly", 0.98),
        ("Enlarged heart likely due to portable technique.", "cardiomegaly", 0.98),
        ("Enlarged heart is present; edema is unlikely.", "cardiomegaly", 0.98),
        ("Heart is mildly enlarged and edema has resolved.", "cardiomegaly", 0.98),
        ("Widened mediastinum, pneumothorax is absent.", "enlarged_cardiomediastinum", 0.98),
        ("Widened mediastinum persists while pneumonia is unlikely.", "enlarged_cardiomediastinum", 0.98),
        ("Normal heart size and pneumothorax is not seen.", "cardiomegaly", 0.02),
        ("Stable heart size and effusion has resolved.", "cardiomegaly", 0.50),
    ],
)
def test_a_cue_for_something_else_leaves_an_organ_as_it_is(text, finding, certainty):
    rows = reasoning.label_text(text).set_index("finding")
    assert rows.loc[finding, "certainty"] == certainty


def test_scale_is_ordered_as_the_published_ones():
    brigham = ["very unlikely", "unlikely", "may represent", "likely", "most likely", "diagnostic of"]
    reflacx = ["unlikely", "less likely", "possibly", "suspicious for", "consistent with"]
    for published in (brigham, reflacx):
        certainty = [reasoning.label_text(f"{words} edema.").certainty[0] for words in published]
        assert certainty == sorted(set(certainty)), published
    frame = reasoning.hedges()
    assert (frame.low <= frame.p).all()
    assert (frame.p <= frame.high).all()
    assert frame.source.str.len().gt(5).all()


def test_sides_zones_sizes_and_changes_go_to_their_own():
    rows = reasoning.label_text(
        "Small left pleural effusion and new right upper lobe opacity. Moderate bibasilar atelectasis, improved."
    ).set_index("finding")
    assert rows.loc["pleural_effusion", ["side", "severity"]].tolist() == ["left", "mild"]
    assert rows.loc["lung_opacity", ["side", "zone", "change"]].tolist() == ["right", "upper", "new"]
    assert rows.loc["atelectasis", ["side", "zone", "severity", "change"]].tolist() == [
        "both",
        "lower",
        "moderate",
        "better",
    ]


def test_certainty_that_is_stated_outright_is_read():
    for row in pd.read_csv(HERE / "certainty.csv").to_dict("records"):
        rows = reasoning.label_text(row["text"])
        result = rows.loc[rows["finding"] == row["finding"], "certainty"].tolist()
        assert result[:1] == pytest.approx([row["certainty"]]), row["text"]


def test_a_range_keeps_its_ends_and_a_denial_turns_confidence_round():
    rows = reasoning.label_text("Edema, 70-80% likely. No effusion (60 to 90 % sure).").set_index("finding")
    assert rows.loc["edema", ["certainty", "low", "high"]].tolist() == [0.75, 0.7, 0.8]
    assert rows.loc["pleural_effusion", ["certainty", "low", "high"]].tolist() == pytest.approx([0.25, 0.1, 0.4])


def test_attributes_are_read():
    for row in ATTRIBUTES.to_dict("records"):
        rows = reasoning.label_text(row["text"]).fillna("")
        names = ["finding", "side", "zone", "severity", "change"]
        assert [row[name] for name in names] in rows[names].to_numpy().tolist(), row["text"]


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        ("Evaluate for edema. No edema.", {"edema": 0.02}),
        ("Evaluate for edema.", {"edema": 0.4}),
        ("Pneumothorax: the lungs are expanded.", {}),
        ("Pneumothorax: small, on the left.", {"pneumothorax": 0.98}),
        ("**Effusion:** no effusion.", {"pleural_effusion": 0.02}),
    ],
)
def test_questions_and_headings_are_no_claims(text, findings):
    rows = reasoning.label_text(text)
    rows = rows[rows["finding"] != "other_finding"]
    assert dict(zip(rows["finding"], rows["certainty"], strict=True)) == findings


def test_words_one_slip_away_are_understood_but_not_real_words():
    rows = reasoning.label_text("Atelectesis, pnuemothorax and consoldation. After injection, with confusion.")
    assert rows["finding"].tolist() == ["atelectasis", "pneumothorax", "consolidation"]


def test_spans_are_places_of_the_original_text():
    text = "İmpression: NO Pneumothorax.\nPLEURAL effusions on the left."
    rows = reasoning.label_text(text)
    assert [text[start:stop] for start, stop in zip(rows.start, rows.stop, strict=True)] == [
        "Pneumothorax",
        "effusions",
    ]


@given(st.text(alphabet=" abNo.,;/%5\n-'possible effusion cannot", max_size=60))
def test_any_text_gives_a_valid_table(text):
    rows = reasoning.label_findings(pd.DataFrame({"reading": [3, 3], "step": [0, 1], "text": [text, "Edema."]}))
    tables.check(rows, "findings")
    assert rows.iloc[-1].finding == "edema"
    assert (rows.start < rows.stop).all()


def test_empty_and_missing_text_give_empty_tables():
    traces = pd.DataFrame({"reading": [1, 1], "step": [0, 1], "text": ["", None]})
    rows = tables.check(reasoning.label_findings(traces), "findings")
    assert len(rows) == 0
    decided = reasoning.conclude(rows, readings=[1])
    assert decided[["reading", "finding", "status"]].to_numpy().tolist() == [[1, "no_finding", "present"]]


def test_thresholds_move_the_status_but_not_the_certainty():
    traces = pd.DataFrame({"reading": [0], "step": [0], "text": ["Likely edema."]})
    strict = reasoning.label_findings(traces, present_from=0.95)
    assert strict.status.tolist() == ["uncertain"]
    assert strict.certainty.tolist() == [0.8]
    with pytest.raises(ValueError, match=r"expected 0 <= absent_to < present_from <= 1; got 0.2 and 0.1"):
        reasoning.status(0.5, present_from=0.1)


def test_own_lists_find_their_own_words_alone():
    traces = pd.DataFrame({"reading": [0], "step": [0], "text": ["No notched ribs, possible cervical rib. Edema."]})
    rows = reasoning.label_findings(
        traces, lexicon={"notching": ["notched rib*"], "cervical_rib": ["cervical rib|ribs"]}
    )
    assert rows[["finding", "certainty"]].to_numpy().tolist() == [["notching", 0.02], ["cervical_rib", 0.5]]


def test_own_lists_from_a_file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('notching = ["notched rib*"]\n', "utf-8")
    assert reasoning.lexicon(path).findings == ("notching",)


def test_wrong_lexicons_are_distinguished():
    with pytest.raises(ValueError, match=r"there is no scheme 'chexprt'; did you mean 'chexpert'\?"):
        reasoning.lexicon("chexprt")
    with pytest.raises(ValueError, match=r"finding 'edema': expected a list of phrases; got 'edema'"):
        reasoning.lexicon({"edema": "edema"})
    with pytest.raises(
        tables.TableError, match="table 'traces', column 'text': expected this column; got none of that name"
    ):
        reasoning.label_findings(pd.DataFrame({"reading": [1], "step": [0]}))


def test_a_document_keeps_its_surest_claim_and_a_trace_its_last():
    text = ["Possible edema.", "Edema.", "No edema after all."]
    found = reasoning.label_findings(pd.DataFrame({"reading": [7] * 3, "step": [0, 1, 2], "text": text}))
    for rule, certainty, low in (
        ("any", 0.98, 0.9),
        ("surest", 0.02, 0.0),
        ("latest", 0.02, 0.0),
        ("final", 0.02, 0.0),
    ):
        row = reasoning.conclude(found, rule=rule).set_index("finding").loc["edema"]
        assert (row.certainty, row.low, row.mentions) == (certainty, low, 3)
    with pytest.raises(ValueError, match="rule must be one of 'final', 'latest', 'surest', 'any'; got 'report'"):
        reasoning.conclude(found, rule="report")


def test_no_finding_follows_from_the_others():
    text = [
        "Lungs are clear. Scoliosis.",
        "No acute cardiopulmonary process.",
        "A PICC line is in place.",
        "Possible edema.",
    ]
    found = reasoning.label_findings(pd.DataFrame({"reading": range(4), "step": 0, "text": text}))
    decided = reasoning.conclude(found).query("finding == 'no_finding'")
    assert decided.status.tolist() == ["absent", "present", "present", "uncertain"]
    wide = reasoning.to_chexpert(reasoning.conclude(found))
    assert wide["no_finding"].tolist()[1:3] == [1, 1]
    assert wide["no_finding"].isna().tolist() == [True, False, False, True]


def test_categorical_readings_keep_their_order():
    key = pd.Categorical(["b", "a"], categories=["b", "a"])
    found = reasoning.label_findings(pd.DataFrame({"reading": key, "step": 0, "text": ["Edema.", "No edema."]}))
    assert str(found.reading.dtype) == "category"
    decided = reasoning.conclude(found)
    assert list(dict.fromkeys(decided.reading)) == ["b", "a"]


def test_agrees_with_the_labels_of_chexperts_own_samples(shared_data):
    target = pd.read_csv(shared_data / "chexpert_rules" / "labeled_reports.csv").set_index("Reports")
    target.columns = [name.lower().replace(" ", "_") for name in target.columns]
    for text, row in target.iterrows():
        found = reasoning.label_text(text, implied=False).assign(reading=0, step=0)
        result = (
            reasoning.to_chexpert(reasoning.conclude(found, rule="any", readings=[0]))
            .reindex(columns=target.columns)
            .iloc[0]
        )
        np.testing.assert_array_equal(result.to_numpy(float), row.to_numpy(float), err_msg=text)


def test_reads_the_prompts_of_cxr_clip(shared_data):
    prompts = json.loads((shared_data / "cxrclip_prompts" / "train_prompts_all.json").read_text("utf-8"))
    rows = [
        (finding.lower().replace(" ", "_"), {"pos": 1, "neg": 0, "unc": -1}[kind], text)
        for finding, kinds in prompts.items()
        for kind, texts in kinds.items()
        for text in texts
        if finding.lower().replace(" ", "_") in reasoning.FINDINGS[1:]
    ]
    frame = pd.DataFrame(rows, columns=["finding", "code", "text"]).assign(reading=range(len(rows)), step=0)
    wide = reasoning.to_chexpert(reasoning.conclude(reasoning.label_findings(frame), readings=frame.reading))
    result = np.array([wide.loc[reading, name] for reading, name in zip(frame.reading, frame.finding, strict=True)])
    right = (result == frame.code).groupby([frame.code, frame.finding]).mean().groupby("code").mean()
    assert right.ge(0.95).all()
    assert len(right) == 3


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("Edema is unlikely and effusion is likely.", {"edema": 0.15, "pleural_effusion": 0.8}),
        ("Edema is likely and effusion is unlikely.", {"edema": 0.8, "pleural_effusion": 0.15}),
        ("Pneumonia is very unlikely, atelectasis is probable.", {"pneumonia": 0.05, "atelectasis": 0.75}),
        ("Edema is unlikely, effusion is seen.", {"edema": 0.15, "pleural_effusion": 0.98}),
        ("Enlarged heart is unlikely, the mediastinum is normal.", {"cardiomegaly": 0.15}),
        ("Edema and effusion are unlikely.", {"edema": 0.15, "pleural_effusion": 0.15}),
    ],
)
def test_each_hedge_stays_with_its_own_statement(text, target):
    found = reasoning.label_text(text).set_index("finding")["certainty"]
    assert found[list(target)].to_dict() == pytest.approx(target)
