"""Inputs whose answer would be wrong without a word: two-valued text, separation in counts and levels, text ranks."""

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import stats, study
from gazeanalytics.study.analyses.models import fit_models
from gazeanalytics.study.config import ModelConfig


@pytest.fixture(scope="module")
def calls():
    rng = np.random.default_rng(2)
    reader, case = np.divmod(np.arange(400), 20)
    x = rng.integers(0, 2, 400)
    right = rng.random(400) < 1 / (1 + np.exp(-(0.3 + x + rng.normal(0, 0.5, 20)[reader])))
    words = np.where(right, "correct", "error")
    return pd.DataFrame({"reader": reader, "case": case, "x": x, "right": right, "word": words, "one_two": right + 1})


FORMULA = "word ~ x + (1 | reader)"


def test_two_words_ask_which_is_the_success(calls):
    for words in (calls, calls.assign(word=pd.Categorical(calls.word))):
        with pytest.raises(stats.ModelError) as error:
            stats.mixed(FORMULA, words, family="binomial")
        assert str(error.value) == (
            "family 'binomial': expected to know which of 'correct' and 'error' is the success; pass "
            "settings={'success': 'correct'} (in study.toml success = 'correct'), or an ordered categorical with the "
            "success last"
        )


def test_success_is_what_was_told(calls):
    want = stats.mixed("right ~ x + (1 | reader)", calls, family="binomial")
    told = stats.mixed(FORMULA, calls, family="binomial", settings={"success": "correct"})
    ordered = calls.assign(word=pd.Categorical(calls.word, ["error", "correct"], ordered=True))
    compared = stats.mixed("I(word == 'correct') ~ x + (1 | reader)", calls, family="binomial")
    number = stats.mixed("one_two ~ x + (1 | reader)", calls, family="binomial", settings={"success": "2"})
    for fit in (told, stats.mixed(FORMULA, ordered, family="binomial"), compared, number):
        np.testing.assert_allclose(fit.coefficients, want.coefficients, rtol=1e-10)
    turned = stats.mixed(FORMULA, calls, family="binomial", settings={"success": "error"})
    np.testing.assert_allclose(turned.coefficients, -want.coefficients, atol=1e-4)


@pytest.mark.parametrize(
    ("formula", "family", "success", "message"),
    [
        (FORMULA, "binomial", "right", "success: expected one of the outcome's values 'correct', 'error'; got 'right'"),
        (
            "x ~ 1 + (1 | reader)",
            "poisson",
            "1",
            "success is for an outcome of two values under 'binomial'; got family",
        ),
        (
            "one_two ~ x + (1 | reader)",
            "binomial",
            "",
            "expected numbers 0 and 1; got [1, 2]; say which is the success",
        ),
        ("case ~ x + (1 | reader)", "binomial", "3", "expected an outcome of two values, the second being the success"),
    ],
)
def test_successes_that_make_no_sense_are_refused(calls, formula, family, success, message):
    with pytest.raises(stats.ModelError) as error:
        stats.mixed(formula, calls, family=family, settings={"success": success})
    assert message in str(error.value)


def test_a_model_of_study_toml_says_success_link_and_weights(calls):
    one = {"formula": FORMULA, "family": "binomial"}
    with pytest.raises(ValueError, match=r"study.toml, models.m: .*in study.toml success = 'correct'"):
        fit_models(calls, {"m": ModelConfig(**one)})
    shares = calls.groupby(["reader", "x"], as_index=False).agg(share=("right", "mean"), reads=("right", "size"))
    models = {
        "words": ModelConfig(**one, success="correct", link="probit"),
        "shares": ModelConfig(formula="share ~ x + (1 | reader)", family="binomial", link="probit", weights="reads"),
    }
    found = {
        name: fit_models(rows, {name: models[name]})[name] for name, rows in (("words", calls), ("shares", shares))
    }
    assert found["words"].family.link == "probit"
    np.testing.assert_allclose(found["words"].coefficients, found["shares"].coefficients, atol=2e-3)


def test_a_link_that_is_not_known_is_refused_before_the_run():
    with pytest.raises(stats.ModelError, match="with link 'log'"):
        stats.check_formula("correct ~ 1 + (1 | reader)", family="binomial", link="log")


@pytest.fixture(scope="module")
def apart():
    rng = np.random.default_rng(5)
    x, site = rng.integers(0, 2, 300), rng.choice(list("abc"), 300)
    table = pd.DataFrame({"reader": np.arange(300) % 15, "x": x, "z": rng.normal(size=300), "site": site})
    table["none_with_x"] = rng.poisson(2, 300) * (1 - x)
    table["none_at_a"] = rng.poisson(2, 300) * (site != "a")
    table["few"] = rng.poisson(0.5, 300)
    table["top_with_x"] = np.where(x == 1, 2, rng.integers(0, 3, 300))
    table["parted"] = np.digitize(table.z, [-0.5, 0.5])
    table["level"] = rng.integers(0, 3, 300)
    return table


@pytest.mark.parametrize(
    ("formula", "families", "said"),
    [
        ("none_with_x ~ x + z", ("poisson", "negative binomial", "negative binomial 1"), "'x' predicts"),
        ("none_at_a ~ z + site", ("poisson",), "'site[b]', 'site[c]' predict"),
        ("none_at_a ~ site * z", ("poisson",), "'site[b]', 'site[c]'"),
        ("cbind(none_with_x, 3) ~ x", ("binomial", "beta-binomial"), "'x' predicts"),
        ("top_with_x ~ z + x", ("ordinal",), "'x' predicts"),
        ("parted ~ x + z", ("ordinal",), "'z' predicts"),
    ],
)
def test_separation_is_named(apart, formula, families, said):
    for family in families:
        with pytest.raises(stats.ModelError) as error:
            stats.mixed(f"{formula} + (1 | reader)", apart, family=family)
        assert str(error.value).startswith(f"separated: {said}")
        assert "no finite estimate exists; merge levels" in str(error.value)


@pytest.mark.parametrize(
    ("formula", "family"),
    [("few ~ x + z + site", "poisson"), ("few ~ z * site", "negative binomial"), ("level ~ x + z + site", "ordinal")],
)
def test_outcomes_that_overlap_are_not_separated(apart, formula, family):
    fit = stats.mixed(f"{formula} + (1 | reader)", apart, family=family)
    assert np.abs(fit.coefficients).max() < 5
    assert np.isfinite(fit.std_errors).all()


def test_one_count_above_zero_ends_the_separation(apart):
    rows = apart.assign(none_with_x=np.where(apart.index == apart.index[apart.x == 1][0], 1, apart.none_with_x))
    fit = stats.mixed("none_with_x ~ x + z + (1 | reader)", rows, family="poisson")
    assert fit.coefficients[1] == pytest.approx(np.log(1 / 150 / 2), abs=1)


def test_weighted_kappa_of_words_asks_for_their_order():
    rng = np.random.default_rng(3)
    number = pd.DataFrame(rng.integers(0, 3, (60, 2)), columns=["ann", "bob"])
    words = number.map(["low", "mid", "sure"].__getitem__).map(
        {"low": "unsure", "mid": "likely", "sure": "certain"}.get
    )
    order = ["unsure", "likely", "certain"]
    with pytest.raises(ValueError, match="need the order") as error:
        stats.agreement(words, weights="quadratic")
    assert str(error.value) == (
        "weights='quadratic' need the order of the categories; got text without one ('certain', 'likely', 'unsure'); "
        "pass categories=[...] with the lowest first, or ordered categoricals"
    )
    want = stats.agreement(number, weights="quadratic")["estimate"]
    ordered = words.astype(pd.CategoricalDtype(order, ordered=True))
    for table in (
        stats.agreement(words, weights="quadratic", categories=order),
        stats.agreement(ordered, weights="quadratic"),
    ):
        np.testing.assert_allclose(table["estimate"], want)
    assert np.isfinite(stats.agreement(words)["estimate"]).all()


@pytest.mark.parametrize("word", ["None", "none", "Unaided", "no AI"])
def test_reading_without_help_is_the_reference_however_it_is_spelt(word):
    readings = pd.DataFrame({"kind": "person", "condition": [word, "AI", "both", word]})
    rows = study.estimands.model_frame(readings)
    assert rows["condition"].cat.categories.tolist() == [word, "AI", "both"]


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("y ~ 0", "nothing to estimate"),
        ("y ~ interaction(x, z) + (1 | case)", "can't be estimated from 40 rows"),
        ("y ~ complex_", "complex numbers"),
        ("complex_ ~ x", "complex numbers"),
        ("poly(x, 2) ~ z", "makes 2 columns; expected one number in each row"),
        ("y ~ bs(x, degree=1990, df=1995)", "at most 30 as the degree"),
        ("y ~ poly(x, 31)", "at most 30 as the degree"),
        ("y ~ lists", "holds lists"),
        ("y ~ x + (1 | lists)", "holds lists"),
        ("y ~ isna(lists)", "holds lists"),
        ("y ~ x + (level | case)", "at most 20 columns of one random term"),
    ],
)
def test_what_no_fit_can_answer_is_one_sentence(formula, said):
    rng = np.random.default_rng(1)
    data = pd.DataFrame(rng.normal(size=(40, 3)), columns=["x", "y", "z"])
    data = data.assign(case=np.arange(40) % 4, complex_=data["x"] + 1j, lists=[[1, 2]] * 40)
    data["level"] = [f"l{k % 30}" for k in range(40)]
    with pytest.raises(stats.ModelError, match=said):
        stats.mixed(formula, data)


def test_a_model_of_random_effects_alone_has_its_variances():
    rng = np.random.default_rng(1)
    data = pd.DataFrame({"case": np.repeat(np.arange(30), 10)})
    data["y"] = rng.normal(size=30)[data["case"]] + rng.normal(size=300)
    table = stats.mixed("y ~ 0 + (1 | case)", data).estimates().set_index("term")["estimate"]
    assert table.to_dict() == pytest.approx({"sd(case)": 1, "sd(residual)": 1}, abs=0.3)
