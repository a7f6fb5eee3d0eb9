"""What is said states the planted certainty, of the right finding, at the right time."""

import re

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import tables
from gazeanalytics.simulate import Design, simulate_fixations, simulate_readings, simulate_traces
from gazeanalytics.simulate.anatomy import FINDINGS, ORGANS
from gazeanalytics.simulate.phrases import LABELS, NEUTRAL, PLACES, sentences
from gazeanalytics.simulate.traces import simulate_statements

HEDGES = {0.98, 0.95, 0.90, 0.80, 0.75, 0.70, 0.50, 0.25, 0.15, 0.05, 0.02}


@pytest.fixture(scope="module")
def study():
    return simulate_readings(Design(readers=12, cases=40), rng=51)


@pytest.fixture(scope="module")
def statements(study):
    return simulate_statements(study, rng=52)


def test_traces_keep_to_their_contract(study):
    traces = simulate_traces(study, rng=53)
    tables.check(traces, "traces")
    assert (traces.groupby("reading")["step"].max() + 1 == traces.groupby("reading").size()).all()
    assert set(traces["reading"]) == set(study.readings["reading"])


def test_the_target_is_stated_once_with_its_planted_certainty(study, statements):
    target = statements[statements["target"]]
    assert target["reading"].tolist() == study.readings["reading"].tolist()
    np.testing.assert_array_equal(target["certainty"], study.truth["certainty"])
    named = statements["finding"].notna()
    assert not statements[named].duplicated(["reading", "finding"]).any()


def test_other_findings_are_mostly_right(study, statements):
    other = statements[~statements["target"] & statements["finding"].notna()]
    cases = study.frame().set_index("reading").loc[other["reading"]]
    there = np.array([cases[f"truth_{name}"].iloc[row] for row, name in enumerate(other["finding"])])
    called = other["certainty"].to_numpy() >= 0.5
    assert (called == there).mean() > 0.95
    assert set(other["certainty"]) == HEDGES


def test_every_hedge_has_several_ways_for_every_finding():
    for finding in FINDINGS:
        for certainty in HEDGES:
            ways = sentences(finding, certainty)
            assert len(set(ways)) == len(ways) >= 2
            assert all(re.match(r"[A-Z][a-z ]", way) and not way.endswith(".") for way in ways)
    assert set(LABELS) == set(FINDINGS)
    assert set(PLACES) <= set(ORGANS)
    assert all(text.endswith(".") for text in NEUTRAL)


def test_a_place_is_that_of_the_lesion(study, statements):
    case = study.readings.set_index("reading")["case"].loc[statements["reading"]].to_numpy()
    lesions = study.regions[study.regions["kind"] == "lesion"][["case", "finding", "organ"]]
    rows = statements.assign(case=case).merge(lesions, on=["case", "finding"], how="inner")
    rows = rows[rows["certainty"] >= 0.5]
    assert len(rows) > 500
    assert (rows["place"] == rows["organ"]).all()
    said = rows["organ"].map(PLACES)
    assert all(words in text for words, text in zip(said[said.notna()], rows["text"][said.notna()], strict=True))
    denied = statements[statements["certainty"] < 0.4]
    assert denied["place"].isna().all()


def test_one_sentence_follows_the_other(study):
    spoken = simulate_traces(study.persons(), rng=54)
    after = spoken.groupby("reading")["onset"].shift(-1).dropna()
    assert (after >= spoken["offset"].loc[after.index]).all()
    rate = (spoken["text"].str.split().str.len() / (spoken["offset"] - spoken["onset"])) * 1000
    assert rate.groupby(spoken["reading"]).std().max() < 1e-9, "a reader speaks at one pace"
    assert rate.between(1.4, 4).all()


def test_the_target_is_spoken_after_it_was_looked_at(study):
    fixations = simulate_fixations(study, rng=55)
    traces = simulate_traces(study, fixations, rng=56)
    looked = fixations[fixations["purpose"].isin(["target", "decoy"])].groupby("reading")["onset"].min()
    statement = simulate_statements(study, rng=np.random.default_rng(56))
    text = statement[statement["target"]].set_index("reading")["text"]
    said = traces[traces["text"] == text.reindex(traces["reading"]).to_numpy()].drop_duplicates("reading")
    lag = said.set_index("reading")["onset"].reindex(looked.index) - looked
    habit = study.habits().set_index(study.readings["reading"])["voice_lag_ms"].loc[looked.index]
    assert (lag >= habit - 1e-6).all()
    assert (abs(lag - habit) < 1).mean() > 0.15, "some are spoken as soon as they come to mind"


def test_models_write_in_their_own_style(study):
    traces = simulate_traces(study, rng=57)
    frame = traces.merge(study.readings, on="reading")
    thinker, boxer, plain = (
        frame.loc[frame["reader"] == f"model_{name}", "text"] for name in ("thinker", "boxer", "plain")
    )
    assert thinker.str.fullmatch(r"<think>.*?</think>\s*<answer>.*?</answer>", flags=re.DOTALL).all()
    assert boxer.str.fullmatch(r".+\n\\boxed\{[^}]+\}", flags=re.DOTALL).all()
    assert not plain.str.contains(r"[<\\]").any()
    assert len(thinker) == len(boxer) == len(plain) == len(study.cases)
    models = traces["reading"].isin(frame.loc[frame["reader"].str.startswith("model"), "reading"])
    assert traces.loc[models, ["onset", "offset"]].isna().all(axis=None)
    answers = thinker.str.extract(r"<answer>(.*)</answer>")[0].str.split(", ").explode()
    assert set(answers) <= {*LABELS.values(), "No Finding"}


def test_same_seed_same_words(study):
    first, again = simulate_traces(study, rng=1), simulate_traces(study, rng=1)
    pd.testing.assert_frame_equal(first, again)
    assert first["text"].nunique() > 400
