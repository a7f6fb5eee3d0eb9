"""A table of outputs with the parse and the reward that each must get, worked out by hand."""

import pandas as pd
import pytest

from gazeanalytics import reasoning
from gazeanalytics.reasoning.ai.outputs import parse_output, parse_outputs
from gazeanalytics.reasoning.ai.rewards import box_overlap, reward_outputs, rewards, trace_consistency

# output, kind, findings (joined), fault, hard reward against "Edema, Lung Opacity"
GOOD = "<think>Hazy.</think>\n<answer>Edema, Lung Opacity</answer>"
TABLE = [
    (GOOD, "tagged", "edema lung_opacity", "", 1.0),
    ("<think>a</think><answer>Edema</answer>", "tagged", "edema", "", 0.5),
    ("<think>a</think><answer> edema ,  LUNG OPACITY </answer>", "tagged", "edema lung_opacity", "", 1.0),
    ("<think>a</think><answer>Edema, Edema, Lung Opacity</answer>", "tagged", "edema lung_opacity", "", 1.0),
    ("<think>a</think><answer>Edema, Hernia</answer>", "tagged", "edema", "", 0.5),
    ("<think>a</think><answer>Hernia</answer>", "tagged", "", "", 0.0),
    ("<think>a</think><answer></answer>", "tagged", "", "empty", 0.0),
    ("<think>a</think><answer>No Finding</answer>", "tagged", "no_finding", "", 0.0),
    ("<think>a\nb</think>\n\n<answer>Fracture</answer>\n", "tagged", "fracture", "", 0.0),
    ("<think>a</think><answer>Edema, Lung Opacity</answer> bye", "tagged", "edema lung_opacity", "", 0.0),
    ("hi <think>a</think><answer>Edema, Lung Opacity</answer>", "tagged", "edema lung_opacity", "", 0.0),
    ("<answer>Edema, Lung Opacity</answer>", "tagged", "edema lung_opacity", "", 0.0),
    ("<think>a<answer>Edema, Lung Opacity</answer>", "tagged", "edema lung_opacity", "", 0.0),
    ("<think>a</think><answer>Edema, Lung Opacity", "tagged", "edema lung_opacity", "unclosed", 0.0),
    ("<think>a</think><answer>Edema</answer><answer>Lung Opacity</answer>", "tagged", "lung_opacity", "several", 0.0),
    ("<think>a</think><think>b</think><answer>Edema</answer>", "tagged", "edema", "", 0.0),
    ("<thinking>a</thinking><answer>Edema</answer>", "tagged", "edema", "", 0.0),
    ("<reasoning>a</reasoning><answer>Edema</answer>", "tagged", "edema", "", 0.0),
    ("<THINK>a</THINK><ANSWER>Edema</ANSWER>", "tagged", "edema", "", 0.0),
    ("<think>a</think><answer>Edema; Lung Opacity</answer>", "tagged", "edema lung_opacity", "", 0.0),
    ("<think>a</think><answer>['Edema', 'Lung Opacity']</answer>", "tagged", "edema lung_opacity", "", 0.0),
    ("<think>a</think><answer>Lung_Opacity</answer>", "tagged", "lung_opacity", "", 0.0),
    ("<think>a</think>", "unparsed", "", "", 0.0),
    (r"Because. \boxed{Edema}", "boxed", "edema", "", 0.0),
    (r"\boxed{\text{Edema, Fracture}}", "boxed", "edema fracture", "", 0.0),
    (r"\boxed{\textbf{\text{Edema}}}", "boxed", "edema", "", 0.0),
    (r"\boxed{a {nested} list}", "boxed", "", "", 0.0),
    (r"\boxed{Edema} no, \boxed{Fracture}", "boxed", "fracture", "several", 0.0),
    (r"\boxed{Edema", "boxed", "edema", "unclosed", 0.0),
    (r"\boxed{}", "boxed", "", "empty", 0.0),
    (r"$$\boxed{Pneumonia}$$", "boxed", "pneumonia", "", 0.0),
    ("**Thinking Process:** x\n**Final Answer:** Pleural Effusion", "final", "pleural_effusion", "", 0.0),
    ("**Final Answer**: Pleural Effusion, Edema.", "final", "pleural_effusion edema", "", 0.0),
    ("Answer: B", "final", "", "", 0.0),
    ("The final answer: (C) effusion", "final", "", "", 0.0),
    ("Yes, there is an effusion.", "yes_no", "", "", 0.0),
    ("no", "yes_no", "", "", 0.0),
    ("Nothing to see here.", "unparsed", "", "", 0.0),
    ("", "unparsed", "", "", 0.0),
    ("Final Answer:", "unparsed", "", "", 0.0),
    ("<answer>", "tagged", "", "empty", 0.0),
    ("To answer the question, the lungs are clear.", "unparsed", "", "", 0.0),
    ("The answer is unclear at first. Final Answer: Edema", "final", "edema", "", 0.0),
    ("First answer: Edema.\nOn reflection, final answer:\n- Fracture\n- Edema", "final", "fracture edema", "", 0.0),
    ("**Final Answer:**\n1. Edema\n2. Lung Opacity", "final", "edema lung_opacity", "", 0.0),
    ("The answer is (B).", "final", "", "", 0.0),
    (r"So \boxed {Edema}", "boxed", "edema", "", 0.0),
    (r"\boxed{\text{Edema}, \text{Lung Opacity}}", "boxed", "edema lung_opacity", "", 0.0),
    (r"\boxed{Edema and Lung Opacity}", "boxed", "edema lung_opacity", "", 0.0),
    ('<think>a</think><answer>["Edema", "Lung Opacity"]</answer>', "tagged", "edema lung_opacity", "", 0.0),
    ("<think>a</think><answer>PLEURAL EFFUSIONS</answer>", "tagged", "", "", 0.0),
    ("<think>a</think>\n<answer>Edema\nLung Opacity</answer>", "tagged", "edema lung_opacity", "", 0.0),
    ("<think></think><answer>Edema, Lung Opacity</answer>", "tagged", "edema lung_opacity", "", 1.0),
    (r"Text <|ref|>nodule<|/ref|><|box|>(1,2),(3,4)<|/box|>", "unparsed", "", "", 0.0),
]


@pytest.mark.parametrize(("text", "kind", "findings", "fault", "hard"), TABLE, ids=[row[0][:50] for row in TABLE])
def test_outputs_parse_and_earn_as_worked_out(text, kind, findings, fault, hard):
    found = parse_output(text)
    fault = fault if text != "<answer>" else "unclosed"
    assert (found.kind, " ".join(found.findings), found.fault) == (kind, findings, fault)
    assert rewards(text, "Edema, Lung Opacity").hard == hard


def published(text, solution):
    """NV-Reason-CXR's rewards in the plainest words: accuracy, format, tags."""
    names = {name.replace("_", " ") for name in reasoning.FINDINGS}
    target = {part.strip().lower() for part in solution.split(",")} & names
    accuracy = 0.0
    if "<answer>" in text and "</answer>" in text[text.index("<answer>") :]:
        block = text[text.index("<answer>") + 8 :].split("</answer>")[0]
        said = {part.strip().lower() for part in block.split(",")} & names
        accuracy = len(said & target) / len(said | target) if said | target else 1.0
    whole = text.removesuffix("\n")
    middle = whole.removeprefix("<think>").removesuffix("</answer>") if whole.startswith("<think>") else ""
    parts = [middle[at + 8 :].lstrip() for at in range(len(middle)) if middle.startswith("</think>", at)]
    form = float(whole.endswith("</answer>") and any(part.startswith("<answer>") for part in parts))
    return accuracy, form, sum(text.count(f"<{tag}>") == 1 for tag in ("think", "/think", "answer", "/answer")) / 4


@pytest.mark.parametrize("solution", ["Edema, Lung Opacity", "", "No Finding", "edema,hernia"])
def test_rewards_are_the_published_ones(solution):
    for text, *_ in TABLE:
        found = rewards(text, solution)
        assert (found.accuracy, found.format, found.tags) == published(text, solution), text


def test_reasoning_is_what_stands_before_the_answer():
    assert parse_output(GOOD).reasoning == "Hazy."
    assert parse_output(r"Because. \boxed{Edema}").reasoning == "Because."
    assert parse_output("Nothing.").reasoning == "Nothing."
    assert parse_output("<think>cut <answer>Edema</answer>").reasoning == "cut"


def test_options_are_read_in_chexones_order():
    target = {"(a) x or (C)": ("A", "C"), "B. effusion": ("B",), "A, D": ("A", "D"), "7: effusion": ("7",), "mass": ()}
    for answer, letters in target.items():
        assert parse_output(f"\\boxed{{{answer}}}").options == letters, answer


def test_unknown_names_are_kept_as_written():
    assert parse_output(r"\boxed{Edema, Hiatal Hernia}").unknown == ("Hiatal Hernia",)


def test_each_reward_by_hand():
    both_empty = rewards("<think>a</think><answer>none</answer>", "")
    assert (both_empty.accuracy, both_empty.hard) == (1, 1)
    no_answer = rewards("words", "Edema", tokens=100)
    assert (no_answer.accuracy, no_answer.format, no_answer.tags, no_answer.length) == (0, 0, 0, -0.75)
    assert rewards("", ["Edema"]).length == -1
    assert rewards(GOOD, "Edema", tokens=900).length == 0
    assert rewards("<think><think></think><answer>Edema</answer>", "Edema").tags == 0.75
    assert rewards(GOOD, ["edema", "lung_opacity"]).accuracy == 1


def test_boxes_earn_when_there_is_one_with_text_before_it():
    earned = {r"So \boxed{A}": 1, r"\boxed{A}": 0, r"So \boxed{ }": 0, r"So \boxed{A} \boxed{B}": 0, r"So \boxed{A": 0}
    assert {text: rewards(text, "").boxed for text in earned} == earned


def test_people_and_models_are_held_to_the_same_findings():
    said = pd.Series(
        {
            "tags": GOOD,
            "box": r"Hazy. \boxed{Edema, Hernia}",
            "report": "**Final Answer:** There is pulmonary edema. No effusion.",
            "person": "Heart size is normal. Pulmonary edema and a patchy opacity at the left base.",
            "silent": None,
        }
    )
    table = reward_outputs(said, pd.Series("Edema, Lung Opacity", index=said.index))
    assert table["set"].to_dict() == {"tags": 1, "box": 0.5, "report": 0.5, "person": 1, "silent": 0}
    assert table["read_from"].tolist() == ["answer", "answer", "text", "text", "text"]
    assert table["accuracy"].tolist() == [1, 0, 0, 0, 0]
    healthy = reward_outputs(pd.Series(["Lungs are clear.", r"\boxed{No Finding}"]), pd.Series([["No Finding"]] * 2))
    assert healthy["set"].tolist() == [1, 1]
    with pytest.raises(ValueError, match="'person' has no solution"):
        reward_outputs(said, pd.Series("", index=["tags", "box", "report", "silent"]))


def test_answers_are_held_against_the_reasoning_before_them():
    said = pd.Series(
        [
            "<think>Small left effusion. No edema.</think><answer>Pleural Effusion</answer>",
            "<think>Small left effusion.</think><answer>Edema</answer>",
            r"Lungs are clear. \boxed{No Finding}",
            "No answer at all.",
            "<answer>Edema</answer>",
        ]
    )
    table = trace_consistency(said)
    assert table["consistency"].tolist()[:3] == [1, 0, 1]
    assert table["consistency"][3:].isna().all()
    assert (table["unsupported"][1], table["dropped"][1]) == (("edema",), ("pleural_effusion",))


def test_grounded_boxes_and_their_overlap():
    text = "<|ref|>nodule<|/ref|><|box|>(0,0),(2,2)<|/box|> <|ref|>mass<|/ref|> <|box|>(1, 0), (3.5, 2)<|/box|>"
    boxes = parse_output(text).boxes
    assert boxes == (("nodule", 0, 0, 2, 2), ("mass", 1, 0, 3.5, 2))
    assert box_overlap(boxes[0], boxes[0]) == 1
    assert box_overlap(*boxes) == pytest.approx(2 / 7 * 0.95)
    assert box_overlap(("a", 0, 0, 1, 1), ("a", 1, 1, 2, 2)) == 0


def test_no_output_is_dropped():
    frame = parse_outputs(pd.Series([row[0] for row in TABLE] + [None], index=range(5, len(TABLE) + 6)))
    assert len(frame) == len(TABLE) + 1
    assert frame.index[0] == 5
    assert (frame.kind == "unparsed").sum() == 7


def test_parsed_thoughts_become_findings():
    thought = parse_output("<think>Small left effusion. No edema.</think><answer>Pleural Effusion</answer>")
    said = reasoning.label_text(thought.reasoning)
    present = said.loc[said.status == "present", "finding"]
    assert reasoning.jaccard(present, thought.findings) == 1


@pytest.mark.parametrize("number", ["1.2.3", ".", "-", "--1", "1..", "1e", "²"])
def test_a_box_of_what_is_no_number_is_no_box(number):
    text = f"<|ref|>nodule<|/ref|><|box|>({number},2),(3,4)<|/box|>"
    assert reasoning.parse_output(text).boxes == ()


@pytest.mark.parametrize(("number", "value"), [("1.", 1), (".5", 0.5), ("-0.25", -0.25), ("١", 1), ("9" * 20, 1e20)])
def test_a_box_of_numbers_in_any_form_is_read(number, value):
    text = f"<|ref|>nodule<|/ref|><|box|>({number},2),(3,4)<|/box|>"
    assert reasoning.parse_output(text).boxes == (("nodule", value, 2, 3, 4),)
