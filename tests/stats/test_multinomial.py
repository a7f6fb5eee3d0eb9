"""Multinomial logit: R's numbers, the reference level's choice, predicted shares, refusals."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import stats

FOLDER = Path(__file__).parent / "r"
DATA = pd.read_csv(FOLDER / "multinomial.csv")
REFERENCE = json.loads((FOLDER / "multinomial.json").read_text("utf-8"))
FIXED = "strategy ~ years + context"
CROSSED = f"{FIXED} + (1 | reader) + (1 | case)"


@pytest.fixture(scope="module")
def crossed():
    return stats.multinomial(CROSSED, DATA)


def errors(fit):
    return np.sqrt(np.diag(fit.covariance))[fit.theta.size :].reshape(fit.coefficients.shape)


def test_without_random_effects_it_is_nnet():
    fit, expected = stats.multinomial(FIXED, DATA), REFERENCE["plain"]
    np.testing.assert_allclose(fit.coefficients, expected["coefficients"], atol=2e-5)
    np.testing.assert_allclose(errors(fit), expected["errors"], rtol=1e-4)
    assert fit.log_likelihood == pytest.approx(expected["log_likelihood"], abs=1e-3)


def test_with_crossed_random_effects_it_is_glmmtmb_by_the_poisson_trick(crossed):
    expected = REFERENCE["mixed"]
    np.testing.assert_allclose(crossed.coefficients, expected["coefficients"], atol=2e-4)
    np.testing.assert_allclose(errors(crossed), expected["errors"], rtol=5e-4)
    for group in ("reader", "case"):
        np.testing.assert_allclose(crossed.random[group], expected[group], rtol=2e-3, atol=2e-3)
    constant = expected["rows"] * (2 + np.log1p(1e8)) / 2
    assert crossed.log_likelihood - constant == pytest.approx(expected["log_likelihood"], abs=1e-3)


def test_the_reference_changes_nothing(crossed):
    other = stats.multinomial(CROSSED, DATA.assign(strategy=pd.Categorical(DATA["strategy"], ["c", "a", "b"])))
    assert other.log_likelihood == pytest.approx(crossed.log_likelihood, abs=1e-5)
    one, two = (stats.predicted_shares(fit, "context").set_index(["level", "contrast"]) for fit in (crossed, other))
    columns = ["estimate", "std_error"]
    pd.testing.assert_frame_equal(one[columns], two.loc[one.index, columns], rtol=1e-3)


def test_of_two_levels_it_is_the_logistic_model():
    two = DATA[DATA["strategy"] != "c"].reset_index(drop=True)
    fit = stats.multinomial("strategy ~ years + (1 | reader)", two)
    logistic = stats.mixed("strategy ~ years + (1 | reader)", two, family="binomial", settings={"success": "b"})
    np.testing.assert_allclose(fit.coefficients[0], logistic.coefficients, atol=1e-4)
    np.testing.assert_allclose(errors(fit)[0], logistic.std_errors, rtol=1e-3)
    assert fit.log_likelihood == pytest.approx(logistic.log_likelihood, abs=1e-3)
    shares = stats.predicted_shares(fit, {"years": [0.5, 2.0]})
    other = stats.adjusted_predictions(logistic, {"years": [0.5, 2.0]})
    for column in ("estimate", "std_error", "conf_low", "conf_high"):
        np.testing.assert_allclose(shares.loc[shares["level"] == "b", column], other[column], rtol=1e-3)


def test_shares_are_those_of_many_simulated_readers_and_cases(crossed):
    rng = np.random.default_rng(1)
    shares = stats.predicted_shares(crossed, {"years": [1.0]})["estimate"].to_numpy()
    draws = sum(rng.multivariate_normal(np.zeros(2), covariance, 40_000) for covariance in crossed.random.values())
    prior = (DATA["context"] == "prior").mean()
    total = np.zeros(3)
    for context, share in ((0, 1 - prior), (1, prior)):
        odds = np.exp(crossed.coefficients @ np.array([1.0, 1.0, context]) + draws)
        odds = np.column_stack([np.ones(len(odds)), odds])
        total += share * (odds / odds.sum(axis=1, keepdims=True)).mean(axis=0)
    np.testing.assert_allclose(shares, total, atol=0.005)


def test_differences_add_up_to_none_and_have_the_sign_of_what_was_planted(crossed):
    found = stats.predicted_shares(crossed, {"years": [0.5, 2.5]}, difference=True)
    assert found["contrast"].unique().tolist() == ["2.5 - 0.5"]
    assert found["estimate"].sum() == pytest.approx(0, abs=1e-12)
    assert found.set_index("level").loc["c", "conf_low"] > 0


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("strategy ~ years + (years | reader)", "expected random intercepts, such as (1 | reader); got a random slope"),
        (
            "strategy ~ years + offset(years)",
            "a multinomial logit takes no offset(...), nominal(...), zeros(...), ar1(...) or cbind(...)",
        ),
    ],
)
def test_what_it_cannot_do_is_named(formula, words):
    with pytest.raises(stats.ModelError) as caught:
        stats.multinomial(formula, DATA)
    assert str(caught.value) == words
