"""Disagreement of readers and of an AI: definitions by hand, planted truths, no leak, and eight real radiologists."""

import importlib.util
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression, LogisticRegression

from gazeanalytics import stats, tables
from gazeanalytics.stats.agreement.disagreement_prediction import _blocks, _folds
from gazeanalytics.stats.agreement.disagreement_reliability import _two_halves, auroc
from gazeanalytics.tables import InputError

_file = Path(__file__).parents[2] / "figures" / "table_disagreement.py"
_spec = importlib.util.spec_from_file_location("table_disagreement", _file)
real = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(real)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**31), st.sampled_from(["categories", "numbers"]))
def test_pairs_counted_one_by_one(seed, kind):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"case": rng.integers(0, 4, 20), "reader": np.arange(20), "said": rng.integers(0, 3, 20)})
    table["said"] = table["said"].where(rng.random(20) < 0.9)
    found = stats.disagreement(table, value="said", kind=kind).set_index("case")
    for case, part in table.dropna().groupby("case"):
        gaps = [abs(a - b) if kind == "numbers" else float(a != b) for a, b in combinations(part["said"], 2)]
        want = np.mean(gaps) if gaps else np.nan
        np.testing.assert_allclose(found.loc[case, "disagreement"], want)
        assert found.loc[case, "split"] == (len(set(part["said"])) > 1)
        assert found.loc[case, "readers"] == len(part)


def test_disagreement_has_no_bias_from_the_number_of_readers():
    rng = np.random.default_rng(1)
    for readers in (2, 8):
        case, reader = np.divmod(np.arange(10_000 * readers), readers)
        table = pd.DataFrame({"case": case, "reader": reader, "said": rng.random(case.size) < 0.3})
        found = stats.disagreement(table, value="said")
        assert found["disagreement"].mean() == pytest.approx(2 * 0.3 * 0.7, abs=0.01)
        truth = -(0.3 * np.log2(0.3) + 0.7 * np.log2(0.7))
        plain = -np.where(found["share"] < 1, found["share"] * np.log2(found["share"]), 0).mean()
        assert abs(found["entropy"].mean() - truth) < 0.08 + 0.4 * (readers < 8)
        assert found["entropy"].mean() > plain


def test_divergence_by_hand():
    p, q = np.array([0.5, 0.5, 0.0]), np.array([0.25, 0.25, 0.5])
    mixed = (p + q) / 2
    kl = [sum(a * np.log2(a / m) for a, m in zip(x, mixed, strict=True) if a > 0) for x in (p, q)]
    assert stats.jensen_shannon(np.array([p, q])) == pytest.approx(np.mean(kl))
    maps = np.random.default_rng(0).random((3, 4, 5))
    assert stats.jensen_shannon(maps) == pytest.approx(stats.jensen_shannon(maps[::-1] * 7))
    assert stats.jensen_shannon(np.eye(4)) == pytest.approx(2)


def planted(seed, cases=150, readers=4):
    """Hard cases, where readers guess; a feature that marks hard cases, a model's output, and noise."""
    rng = np.random.default_rng(seed)
    hard = rng.random(cases) < 0.5
    case, reader = np.divmod(np.arange(cases * readers), readers)
    said = np.where(hard[case], rng.random(case.size) < 0.5, 0).astype(int)
    readings = pd.DataFrame({"case": case, "reader": reader, "said": said})
    table = stats.disagreement(readings, value="said").assign(split=lambda t: t["split"].astype(int))
    table["seen"] = hard + rng.normal(0, 0.7, cases)
    table["noise"] = rng.normal(0, 1, cases)
    table["context"] = np.where(rng.random(cases) < 0.5, "ward", "clinic")
    return readings, table


def test_prediction_finds_what_was_planted_and_nothing_in_noise():
    _, table = planted(1)
    run = {"target": "split", "model": LogisticRegression(), "rng": 1}
    check = stats.CrossValidation(n_permutations=19, calibrate=False, n_resamples=100)
    found = stats.predict_disagreement(table, features=["seen", "noise", "context"], settings=check, **run)
    scores = tables.check(found.scores, "estimates").set_index("term")
    assert scores.estimate["auroc"] > 0.7
    assert scores.p_value["auroc"] == 0.05
    assert scores.conf_low["slope"] < 1 < scores.conf_high["slope"]
    none = stats.predict_disagreement(table, features=["noise"], settings=check, **run)
    assert none.scores["p_value"].iloc[0] > 0.05
    assert 0.35 < np.mean(none.null) < 0.53


def test_prediction_of_numbers():
    _, table = planted(2)
    check = stats.CrossValidation(n_resamples=100)
    run = {"target": "disagreement", "features": ["seen"], "model": LinearRegression(), "rng": 1}
    found = stats.predict_disagreement(table, settings=check, **run)
    scores = tables.check(found.scores, "estimates").set_index("term")
    assert scores.estimate["spearman"] > 0.3
    y, predicted = found.predictions["target"], found.predictions["predicted"]
    assert scores.estimate["r2"] == pytest.approx(1 - np.mean((y - predicted) ** 2) / np.var(y))
    assert scores.estimate["spearman"] == pytest.approx(y.corr(predicted, method="spearman"))


@pytest.mark.parametrize("groups", [("case",), ("case", "reader")])
def test_no_case_and_no_reader_stands_in_training_and_test(groups):
    readings, _ = planted(3, cases=30)
    codes = [readings[name].to_numpy() for name in groups]
    folds = _folds(codes, 4, np.random.default_rng(0))
    tested = np.zeros(len(readings), int)
    for train, test in _blocks(folds, 4):
        tested += test
        for own in codes:
            assert not set(own[train]) & set(own[test])
    assert (tested == 1).all()


def test_a_feature_of_the_reader_does_not_help_on_new_readers():
    """Readers who disagree with the rest always: their name gives it away within readers, not across them."""
    rng = np.random.default_rng(5)
    case, reader = np.divmod(np.arange(20 * 30), 30)
    table = pd.DataFrame({"case": case, "reader": reader, "odd": (rng.random(30) < 0.5)[reader]})
    table["off"] = (rng.random(600) < np.where(table["odd"], 0.8, 0.2)).astype(int)
    table["who"] = rng.permutation(30)[reader].astype(float)
    from sklearn.tree import DecisionTreeClassifier

    run = {"target": "off", "features": ["who"], "model": DecisionTreeClassifier(), "rng": 1}
    check = stats.CrossValidation(calibrate=False, n_resamples=5)
    by_case = stats.predict_disagreement(table, groups="case", settings=check, **run).scores["estimate"].iloc[0]
    both = (
        stats.predict_disagreement(table, groups=("case", "reader"), settings=check, **run).scores["estimate"].iloc[0]
    )
    assert by_case > 0.75
    assert both < 0.65


def test_reliability_rises_with_what_cases_differ_by():
    rng = np.random.default_rng(2)
    case, reader = np.divmod(np.arange(1200 * 8), 8)
    alike = pd.DataFrame({"case": case, "reader": reader, "said": rng.random(9600) < 0.3})
    found = tables.check(stats.disagreement_reliability(alike, value="said", rng=1), "estimates").set_index("term")
    assert abs(found.estimate["half"]) < 0.08
    assert found.estimate["auroc"] == pytest.approx(0.5, abs=0.05)
    readings, _ = planted(1, cases=300, readers=8)
    hard = stats.disagreement_reliability(readings, value="said", rng=1).set_index("term")
    assert hard.estimate["all"] > 0.7
    again = stats.disagreement_reliability(readings, value="said", rng=1).set_index("term")
    pd.testing.assert_frame_equal(again, hard)
    bare = stats.disagreement_reliability(readings, value="said", confidence=None, rng=1).set_index("term")
    pd.testing.assert_series_equal(bare.estimate, hard.estimate)
    assert bare[["std_error", "conf_low", "conf_high"]].isna().all(axis=None)


def test_the_ceiling_is_that_of_who_knows_each_chance():
    rng = np.random.default_rng(3)
    chance = rng.beta(0.5, 1.5, 3000)
    case, reader = np.divmod(np.arange(3000 * 5), 5)
    readings = pd.DataFrame({"case": case, "reader": reader, "said": rng.random(15_000) < chance[case]})
    found = stats.disagreement_reliability(readings, value="said", n_splits=2, rng=1).set_index("term")["estimate"]
    split = stats.disagreement(readings, value="said")["split"].to_numpy()
    assert found["ceiling"] == pytest.approx(auroc(1 - chance**5 - (1 - chance) ** 5, split), abs=0.015)


def test_a_feature_that_is_the_target_is_named():
    _, table = planted(4)
    run = {"target": "split", "model": LogisticRegression(), "settings": stats.CrossValidation(n_resamples=5), "rng": 1}
    found = stats.predict_disagreement(table, features=["disagreement", "noise"], **run)
    assert found.scores["note"].iloc[0] == "disagreement separates the target without error: made from it?"


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (lambda r, t: stats.disagreement(r, value="sad"), "did you mean 'said'"),
        (lambda r, t: stats.disagreement(pd.concat([r, r[:1]]), value="said"), "is listed twice with case 0"),
        (lambda r, t: stats.disagreement(r, value="said", kind="number"), "'categories' or 'numbers'"),
        (lambda r, t: stats.ai_disagreement(r, pd.Series({0: 1.0}), value="said"), "149 cases have no value"),
        (lambda r, t: stats.jensen_shannon(np.ones((1, 3))), "at least two to compare"),
        (lambda r, t: stats.jensen_shannon(np.array([[1.0, np.nan], [1, 1]])), "at least 0"),
        (lambda r, t: stats.disagreement_reliability(r[r.reader < 3], value="said"), "got at most 3"),
        (lambda r, t: stats.predict_disagreement(t, target="split", features=["split"]), "among the features"),
        (lambda r, t: stats.predict_disagreement(t, target="split", features=["noize"]), "did you mean 'noise'"),
        (lambda r, t: stats.predict_disagreement(t[:4], target="split", features=["noise"]), "at least 5 of them"),
        (
            lambda r, t: stats.predict_disagreement(t.assign(split=1), target="split", features=["noise"]),
            "nothing to predict",
        ),
        (lambda r, t: stats.join_embeddings(t, np.ones((2, 3)), [1, 1]), "every case once"),
    ],
)
def test_wrong_use_is_refused(run, said):
    with pytest.raises(InputError, match=said):
        run(*planted(0))


def test_eight_radiologists_margin_and_ai_errors(shared_data):
    """No label on both sides: prevalence and judgement by five readers, disagreement by three others."""
    votes, judges, outputs, calls = real.read(shared_data / "chexpert_test_readers")
    rows = pd.DataFrame([real.finding_row(name, votes, judges, outputs, calls, seeds=0) for name in real.FINDINGS])
    assert rows["AI margin -> split of 3"].mean() >= 0.79
    assert rows["3 readers apart -> AI wrong"].mean() >= 0.71


@pytest.mark.slow
def test_eight_radiologists_predicted_from_ai_outputs(shared_data):
    votes, _, outputs, _ = real.read(shared_data / "chexpert_test_readers")
    for name in real.FINDINGS:
        split = stats.disagreement(votes, value=name, case="Study").set_index("Study")["split"]
        own = outputs[[column for column in outputs if column.endswith(f" {name}")]]
        assert real.predicted_auroc(own, split, 0) >= 0.86


def test_halves_that_are_reversed_say_nothing_of_the_whole():
    half, whole, area = _two_halves([np.array([[0.0, 0.5, 1.0], [1.0, 0.5, 0.0]])], np.arange(3))
    assert (half, area) == (pytest.approx(-1), 0.0)
    assert np.isnan(whole)
