"""Which cases people, or people and AI, differ on: predictions, deferral, conformal sets, the file of embeddings."""

import json

import numpy as np
import pandas as pd
import pytest

from gazeanalytics.simulate import Design, Effects, simulate_study
from gazeanalytics.study import analyse, open_study
from gazeanalytics.study.analyses.disagreement_prediction import PredictionOptions, _conformal, _deferral, check
from gazeanalytics.study.examples import example_study
from gazeanalytics.tables import InputError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A release whose embeddings know which cases are hard, three readers each."""
    path = tmp_path_factory.mktemp("release") / "study"
    hard = Effects(intercept=2.0, case_sd=2.5)
    design = Design(
        readers=9, cases=160, readings_per_case=3, level="points", accuracy=hard, embedding_size=4, embedding_signal=1.0
    )
    simulate_study(path, design, rng=5)
    return path


def test_embeddings_that_know_hard_cases_predict_where_people_split(folder, tmp_path):
    found = analyse(open_study(folder), tmp_path / "out", only=["disagreement_prediction"])
    scores = found.table("disagreement_scores")
    areas = scores[scores["term"] == "auroc"].set_index(["target", "features"])
    assert set(areas.index.get_level_values("features")) == {"embeddings", "gaze", "both"}
    assert areas.loc[("people split", "embeddings"), "conf_low"] > 0.5
    inputs = json.loads((tmp_path / "out" / "provenance.json").read_text(encoding="utf-8"))["inputs"]
    assert {"embeddings of disagreement_prediction", "fixations/part-00000.csv", "traces/part-00000.csv"} <= set(inputs)


def test_without_anything_to_predict_from_it_says_so(folder, tmp_path):
    study = tmp_path / "study"
    study.mkdir()
    for name in ("annotators.csv", "images.csv", "reads.csv", "boxes.csv", "dictation"):
        (study / name).symlink_to(folder / name)
    text = (folder / "study.toml").read_text(encoding="utf-8")
    without = text[: text.index("[tables.fixations]")] + text[text.index("[tables.traces]") :]
    (study / "study.toml").write_text(without[: without.index("[analyses")], encoding="utf-8")
    found = analyse(open_study(study), only=["disagreement_prediction"])
    assert found.skipped["disagreement_prediction"] == (
        "there is nothing to predict from: neither gaze nor a file of embeddings is given"
    )


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("../secret.parquet", "'../secret.parquet' lies outside the study; copy the file into it"),
        ("nowhere.parquet", "there is no file 'nowhere.parquet' beside study.toml"),
    ],
)
def test_a_file_of_embeddings_elsewhere_is_refused(folder, tmp_path, file, words):
    study = tmp_path / "study"
    study.mkdir()
    for path in folder.iterdir():
        if path.name != "study.toml":
            (study / path.name).symlink_to(path)
    text = (folder / "study.toml").read_text(encoding="utf-8")
    (study / "study.toml").write_text(text.replace("embeddings.parquet", file), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        analyse(open_study(study), only=["disagreement_prediction"])
    assert str(caught.value) == f"{study / 'study.toml'}, analyses.disagreement_prediction.embeddings: {words}"


def test_a_perfect_order_catches_all_disagreements_first():
    predictions = pd.DataFrame({"predicted": np.linspace(1, 0, 100), "target": [1.0] * 20 + [0.0] * 80})
    curve = _deferral(predictions).set_index("deferred")["caught"]
    assert curve.iloc[[0, 2, 4, 20]].tolist() == [0.0, 0.5, 1.0, 1.0]


def test_conformal_sets_hold_what_they_promise():
    rng = np.random.default_rng(3)
    held = []
    for seed in range(200):
        chance = rng.beta(1, 2, 200)
        # Chances that are far from calibrated: the promise holds all the same.
        predictions = pd.DataFrame({"predicted": chance**3, "target": (rng.random(200) < chance).astype(float)})
        held.append(_conformal(predictions, 0.9, seed)["held"])
    assert 0.9 - 3 * np.std(held) / np.sqrt(200) <= np.mean(held) <= 0.93


def test_a_coverage_that_is_none_is_refused_with_gaze_alone_too():
    with pytest.raises(InputError, match=r"coverage: expected a share from 0.5 to below 1; got 2"):
        check(example_study(), PredictionOptions(coverage=2))
