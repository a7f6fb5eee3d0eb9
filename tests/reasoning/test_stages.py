"""Stages against planted ones, and the kernels against plain enumeration."""

import csv
import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from gazeanalytics import reasoning, tables
from gazeanalytics._kernels.reasoning import alignment as kernels
from gazeanalytics.reasoning.stages import (
    carry_over,
    dialogue_traces,
    segment_stages,
    split_steps,
    stage_accuracy,
    stage_dwell,
    stage_order,
)

# Sentences of our own for each stage, written without looking at the cue list's effect; some hold no cue at all.
SAID = {
    "quality": [
        "This is a single frontal view.",
        "The patient is slightly rotated to the left.",
        "Inspiration is shallow.",
        "It was taken lying down.",
    ],
    "devices": [
        "There is an endotracheal tube in place.",
        "A right PICC terminates in the SVC.",
        "Sternotomy wires are intact.",
        "Its tip is where it should be.",
    ],
    "airways_and_mediastinum": [
        "The trachea is midline.",
        "The hila look full.",
        "The aortic knob is calcified.",
        "Nothing is displaced here.",
    ],
    "lungs": [
        "The right lung is clear.",
        "There is a hazy opacity in the left lower lobe.",
        "The left upper lobe shows a nodule.",
        "It looks patchy.",
        "I would call that mild.",
    ],
    "pleura": [
        "There is a small left effusion.",
        "No pneumothorax.",
        "The costophrenic angles are blunted.",
        "That is new.",
    ],
    "heart": [
        "The heart is enlarged.",
        "The cardiac silhouette is at the upper limit.",
        "It has grown since last year.",
    ],
    "abdomen_and_bones": [
        "No free air under the diaphragm.",
        "The ribs are intact.",
        "Degenerative change of the spine.",
        "Old, I think.",
    ],
    "synthesis": [
        "Overall, this is likely heart failure.",
        "In summary, pneumonia of the left lung.",
        "I recommend a follow up.",
        "That would be my call.",
    ],
}


def planted(count, rng):
    rows = []
    for reading in range(count):
        order = [stage for stage in SAID if rng.random() < 0.85]
        if rng.random() < 0.3:
            order.insert(int(rng.integers(len(order))), "lungs")  # a second look
        step = 0
        for stage in order:
            for text in [SAID[stage][int(rng.integers(2))], *rng.choice(SAID[stage], rng.integers(0, 4))]:
                rows.append((reading, step, text, stage))
                step += 1
    return pd.DataFrame(rows, columns=["reading", "step", "text", "truth"])


def test_planted_stages_are_found():
    traces = planted(300, np.random.default_rng(0))
    result = segment_stages(traces)
    assert f1_score(traces.truth, result.stage, average="macro") >= 0.90
    misses = []
    for _, one in result.groupby("reading"):
        true, found = (
            np.flatnonzero(one[name].to_numpy()[1:] != one[name].to_numpy()[:-1]) for name in ("truth", "stage")
        )
        misses += [np.abs(found - edge).min() if len(found) else len(one) for edge in true]
    assert np.median(misses) <= 1
    assert not result.cued.all()


def test_sentences_of_a_model_are_distinguished():
    rows = list(csv.reader((Path(__file__).parent / "stages.csv").read_text("utf-8").splitlines()))
    truth, text = zip(*rows, strict=True)
    result = segment_stages(pd.DataFrame({"reading": 0, "step": range(len(text)), "text": text}))
    assert f1_score(truth, result.stage, average="macro") >= 0.95  # written down before the cues were tried on them


def brute_path(evidence, moves, first):
    best, answer = -np.inf, None
    for path in itertools.product(range(evidence.shape[1]), repeat=len(evidence)):
        score = first[path[0]] + evidence[0, path[0]]
        score += sum(moves[a, b] + evidence[i + 1, b] for i, (a, b) in enumerate(itertools.pairwise(path)))
        if score > best + 1e-9:
            best, answer = score, path
    return best, answer


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 5), st.integers(2, 3), st.integers(0, 999))
def test_viterbi_finds_the_best_of_all_paths(steps, states, seed):
    rng = np.random.default_rng(seed)
    evidence, moves, first = (
        rng.normal(size=(steps, states)),
        rng.normal(size=(states, states)),
        rng.normal(size=states),
    )
    path = np.zeros(steps, np.int64)
    kernels.viterbi(evidence, moves, first, path)
    assert tuple(path) == brute_path(evidence, moves, first)[1]


def test_result_does_not_depend_on_threads_or_input_order_of_readings():
    traces = planted(40, np.random.default_rng(1))
    one, four = (segment_stages(traces, n_jobs=n_jobs) for n_jobs in (1, 4))
    pd.testing.assert_frame_equal(one, four)
    alone = segment_stages(traces[traces.reading == 7])
    assert alone.stage.tolist() == one.stage[one.reading == 7].tolist()


def test_own_scheme_and_wrong_settings():
    traces = pd.DataFrame({"reading": 0, "step": [0, 1], "text": ["alpha", "beta"]})
    assert segment_stages(traces, scheme={"a": ["alpha"], "b": ["beta"]}).stage.tolist() == ["a", "b"]
    with pytest.raises(ValueError, match="at least two stages; got 1"):
        segment_stages(traces, scheme={"a": ["alpha"]})
    with pytest.raises(ValueError, match=r"stay \+ forward below 1; got 0.9, 0.8 and 0.3"):
        segment_stages(traces, stay=0.8)


def test_order_counts_moves_back_tracks_and_entropy():
    traces = pd.DataFrame({"reading": [0] * 4 + [1], "stage": ["lungs", "heart", "lungs", "heart", "heart"]})
    table = stage_order(traces)
    assert table.loc[0, ["stages", "moves", "back_tracks"]].tolist() == [2, 3, 1]
    assert table.loc[0, "order_entropy"] == pytest.approx(-(2 / 3 * np.log2(2 / 3) + 1 / 3 * np.log2(1 / 3)))
    assert table.loc[0, "adherence"] == 1
    assert np.isnan(table.loc[1, "adherence"])
    with pytest.raises(ValueError, match="stage 'feet' isn't in the scheme: quality"):
        stage_order(pd.DataFrame({"reading": [0], "stage": ["feet"]}))


def test_dwell_is_shared_between_the_stages_it_overlaps():
    traces = pd.DataFrame(
        {"reading": [0, 0], "stage": ["lungs", "heart"], "onset": [0.0, 100.0], "offset": [100.0, 300.0]}
    )
    visits = pd.DataFrame({"reading": 0, "onset": [50, 250], "region": ["a", "b"], "duration": [100, 500]})
    table = stage_dwell(traces, visits).set_index(["stage", "region"])
    assert table.dwell.to_dict() == {("lungs", "a"): 50, ("heart", "a"): 50, ("heart", "b"): 50}
    assert table.share["heart", "a"] == 0.5
    with pytest.raises(ValueError, match=r"traces need 'onset' \(ms\)"):
        stage_dwell(traces.drop(columns="onset"), visits)


def test_carried_findings_come_back_in_another_stage():
    text = ["Left lung opacity and nodule.", "Small effusion.", "Overall, effusion; no nodule."]
    traces = segment_stages(pd.DataFrame({"reading": 0, "step": range(3), "text": text}))
    table = carry_over(reasoning.label_findings(traces), traces).set_index("stage")
    assert table.loc["lungs", ["findings", "carried", "kept"]].tolist() == [2, 1, 0]
    assert table.loc["pleura", ["findings", "carried", "kept"]].tolist() == [1, 1, 1]


def test_accuracy_of_a_stage_counts_its_last_word_on_each_finding_whose_truth_is_known():
    text = [
        "Possible left lung nodule.",
        "The lungs hold no nodule.",
        "Small effusion.",
        "Overall, effusion and edema.",
    ]
    traces = segment_stages(pd.DataFrame({"reading": 0, "step": range(4), "text": text}))
    truth = pd.DataFrame({"lung_lesion": [0], "pleural_effusion": [0], "edema": [1], "fracture": [np.nan]})
    table = stage_accuracy(reasoning.label_findings(traces), traces, truth).set_index("stage")
    assert table[["statements", "correct"]].to_numpy().tolist() == [[1, 1], [1, 0], [2, 1]]
    assert table.loc["lungs", "brier"] == pytest.approx(0.02**2)


def test_splitting_keeps_every_letter_and_the_time():
    traces = pd.DataFrame(
        {"reading": [3, 3], "step": [4, 5], "text": ["A b. C d! E", ""], "onset": [0.0, 50.0], "offset": [44.0, 60.0]}
    )
    cut = tables.check(split_steps(traces), "traces")
    assert cut.text.tolist() == ["A b.", "C d!", "E", ""]
    assert cut.step.tolist() == [0, 1, 2, 3]
    assert (cut.offset - cut.onset).sum() == 54
    assert split_steps(traces.drop(columns=["onset", "offset"])).text.tolist() == cut.text.tolist()


def test_dialogues_become_traces():
    turns = {"content": [{"question": "View?", "stage": 1}, {"question": "Heart?", "answer": "Big.", "stage": 6}]}
    table = tables.check(dialogue_traces({"x": turns}), "traces")
    assert table.text.tolist() == ["", "Big."]
    assert table.question.tolist() == ["View?", "Heart?"]
    assert table.stage.tolist() == ["1", "6"]
    pd.testing.assert_frame_equal(dialogue_traces({"x": {"cxrtrek_data": turns}}), table)


def test_dialogues_that_lack_something_are_reported():
    with pytest.raises(ValueError, match="reading 'x': expected a list of turns under 'content'; got turns"):
        dialogue_traces({"x": {"turns": []}})
    with pytest.raises(ValueError, match="reading 7, turn 0: expected 'stage'; got question"):
        dialogue_traces({7: {"content": [{"question": "View?"}]}})
