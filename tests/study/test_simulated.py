"""A simulated study walks the whole path, and what was planted is found at its end."""

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import reasoning
from gazeanalytics.readings import score
from gazeanalytics.simulate import Design, Model, simulate_points, simulate_study
from gazeanalytics.simulate.anatomy import FINDINGS
from gazeanalytics.simulate.phrases import NEUTRAL, PLACES, sentences
from gazeanalytics.study import label_traces, open_study

HEDGES = (0.98, 0.95, 0.90, 0.80, 0.75, 0.70, 0.50, 0.25, 0.15, 0.05, 0.02)


@pytest.fixture(scope="module")
def points(tmp_path_factory):
    folder = tmp_path_factory.mktemp("points") / "study"
    truth = simulate_study(folder, Design(level="points", readers=8, cases=20), rng=5, shard_readings=60)
    return open_study(folder), truth


def test_a_platforms_files_become_our_tables_through_the_map(points):
    study, truth = points
    counts = study.check()
    assert counts["readings"] == len(truth.readings)
    cases = study.table("cases").set_index("case").loc[truth.cases["case"]].reset_index()
    readers = study.table("readers").set_index("reader").loc[truth.readers["reader"]].reset_index()
    assert cases["context"].tolist() == truth.cases["context"].tolist()
    assert cases["target"].tolist() == truth.cases["target"].tolist()
    assert readers["kind"].tolist() == truth.readers["kind"].tolist()
    np.testing.assert_allclose(readers["experience_years"], truth.readers["experience_years"], atol=0.01)
    for finding in FINDINGS:
        assert (cases[f"truth_{finding}"].astype(bool) == truth.cases[f"truth_{finding}"]).all()


def test_points_come_back_to_image_pixels(points):
    study, truth = points
    parts = sorted((study.folder / "truth/fixations").iterdir())
    fixations = pd.concat([pd.read_parquet(part) for part in parts])
    found = study.table("fixations")
    size = truth.cases["width"].max()
    drawn = simulate_points(truth, fixations.reset_index(drop=True), rng=1)
    assert found.groupby("reading", observed=True).size().sum() == pytest.approx(len(drawn), rel=0.05)
    middle = found[["x", "y"]].mean() - drawn[["x", "y"]].mean()
    assert middle.abs().max() < 0.01 * size


def test_words_of_people_give_back_the_planted_certainty_and_correctness(points):
    study, truth = points
    scored = score(
        reasoning.conclude(reasoning.label_findings(study.table("traces"))),
        study.table("readings"),
        study.table("cases"),
    )
    people = truth.readings["reader"].str.startswith("reader").to_numpy()
    np.testing.assert_array_equal(scored["certainty"].to_numpy()[people], truth.truth["certainty"][people])
    np.testing.assert_array_equal(scored["correct"].to_numpy()[people], truth.truth["correct"][people])


@pytest.mark.parametrize("finding", FINDINGS)
def test_every_sentence_means_what_it_was_made_to_mean(finding):
    rows = [
        (certainty, f"{way}{end}.")
        for certainty in HEDGES
        for way in sentences(finding, certainty)
        for end in ("", *(f" {place}" for place in set(PLACES.values()) if certainty > 0.4))
    ]
    traces = pd.DataFrame(rows, columns=["certainty", "text"]).assign(reading=range(len(rows)), step=0)
    found = reasoning.label_findings(traces)
    assert found["reading"].tolist() == traces["reading"].tolist(), "one finding a sentence"
    assert set(found["finding"]) == {finding}
    np.testing.assert_allclose(found["certainty"], traces["certainty"])


def test_neutral_sentences_name_no_finding():
    traces = pd.DataFrame({"reading": range(len(NEUTRAL)), "step": 0, "text": NEUTRAL})
    assert reasoning.label_findings(traces).empty


def test_outputs_of_models_are_parsed_and_their_thoughts_give_back_the_planted_certainty(points):
    study, truth = points
    rows = study.table("traces").merge(truth.readings, on="reading")
    rows = rows[rows["reader"].str.startswith("model")].reset_index(drop=True)
    parsed = reasoning.parse_outputs(rows["text"])
    kinds = parsed["kind"].groupby(rows["reader"]).agg(set)
    assert kinds["model_thinker"] == {"tagged"}
    assert kinds["model_boxer"] == {"boxed"}
    written = rows["reader"].isin(["model_thinker", "model_boxer"])
    assert (parsed.loc[written, "fault"] == "").all()
    thoughts = rows[written].assign(text=parsed["reasoning"])
    found = reasoning.conclude(reasoning.label_findings(thoughts))
    target = thoughts[["reading", "case"]].merge(truth.cases[["case", "target"]], on="case")
    stated = target.merge(found, left_on=["reading", "target"], right_on=["reading", "finding"], how="left")
    planted = truth.truth.set_index("reading")["certainty"]
    np.testing.assert_array_equal(stated["certainty"], planted.loc[stated["reading"]])


def test_what_a_model_says_after_its_thoughts_is_read(tmp_path):
    """An answer in free words, without tags of its own, still counts."""
    folder = tmp_path / "s"
    simulate_study(folder, Design(readers=2, cases=3, models=(Model(name="m", style="think"),)), rng=1)
    study = open_study(folder)
    traces = study.table("traces")
    readings = study.table("readings")
    by_model = traces["reading"].isin(readings.loc[readings["reader"] == "model_m", "reading"])
    traces.loc[by_model, "text"] = "<think>There is a lucency.</think> Possible pneumothorax."
    found = label_traces(study)
    told = found[found["reading"].isin(traces.loc[by_model, "reading"])]
    assert set(told.loc[told["finding"] == "pneumothorax", "certainty"]) == {0.5}
