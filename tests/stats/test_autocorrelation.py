"""Residuals that run on from one reading to the next: against nlme and glmmTMB, by hand, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import multivariate_normal

from gazeanalytics import stats
from gazeanalytics.stats.mixed import autocorrelation
from gazeanalytics.stats.mixed.autocorrelation import read_lags

R = Path(__file__).with_name("r")
REFERENCE = json.loads((R / "autocorrelation.json").read_text())
AR1 = " + ar1(trial | reader)"
CROSSED = "seconds ~ prior + (1 | reader) + (1 | case)"


@pytest.fixture(scope="module")
def data():
    return pd.read_csv(R / "autocorrelation.csv")


@pytest.mark.parametrize("name", REFERENCE)
def test_estimates_are_those_of_nlme_and_glmmtmb(data, name):
    reference = REFERENCE[name]
    fit = stats.mixed(reference["formula"] + AR1, data, reml=reference["reml"], weights=reference["weights"])
    assert fit.log_likelihood == pytest.approx(reference["log_likelihood"], abs=1e-6)
    assert fit.aic == pytest.approx(reference["aic"], abs=2e-6)
    np.testing.assert_allclose(fit.coefficients, reference["estimate"], rtol=2e-5)
    # glmmTMB's errors take the correlation's own uncertainty with them, nlme's and ours are at its best value.
    np.testing.assert_allclose(fit.std_errors, reference["std_error"], rtol=2e-3 if "sd_case" in reference else 2e-6)
    found = fit.estimates().set_index("term")["estimate"]
    for term, key in {"ar1(reader)": "ar1", "sd(reader)": "sd_reader", "sd(residual)": "sd_residual"}.items():
        assert found[term] == pytest.approx(reference[key], rel=2e-5)
    if "sd_case" in reference:
        # Where glmmTMB says that its own search may not have ended; its likelihood is lower by 3e-7.
        assert found["sd(case)"] == pytest.approx(reference["sd_case"], rel=5e-5)


def test_the_likelihood_is_that_of_the_whole_covariance_written_out(data):
    few = data[data["reader"].isin(list("abcde"))].reset_index(drop=True)
    fit = stats.mixed(CROSSED + AR1, few, reml=False)
    at = fit.estimates().set_index("term")["estimate"]
    same = {name: np.equal.outer(few[name].to_numpy(), few[name].to_numpy()) for name in ("reader", "case")}
    apart = np.abs(np.subtract.outer(few["trial"].to_numpy(), few["trial"].to_numpy()))
    covariance = at["sd(residual)"] ** 2 * same["reader"] * at["ar1(reader)"] ** apart
    covariance = covariance + at["sd(reader)"] ** 2 * same["reader"] + at["sd(case)"] ** 2 * same["case"]
    mean = at["(Intercept)"] + at["prior"] * few["prior"]
    assert fit.log_likelihood == pytest.approx(multivariate_normal(mean, covariance).logpdf(few["seconds"]), abs=1e-8)


def test_rows_in_any_order_and_from_another_zero_are_the_same(data):
    fit = stats.mixed(CROSSED + AR1, data)
    turned = data.sample(frac=1, random_state=1).assign(trial=lambda rows: rows["trial"] - 7).reset_index(drop=True)
    pd.testing.assert_frame_equal(fit.estimates(), stats.mixed(CROSSED + AR1, turned).estimates(), rtol=1e-5)


def test_random_slopes_and_levels_that_hold_readers_have_their_part(data):
    data = data.assign(site=data["reader"].isin(list("abcdefg")).astype(str), late=data["trial"] / 24)
    formula = "seconds ~ prior + (1 + late | reader) + (1 + prior | case)"
    fit, plain = (stats.mixed(one, data, reml=False) for one in (formula + AR1, formula))
    assert fit.log_likelihood > plain.log_likelihood + 5
    assert fit.aic == pytest.approx(2 * (2 + 3 + 3 + 1 + 1) - 2 * fit.log_likelihood)
    nested = stats.mixed("seconds ~ prior + (1 | site/reader) + (1 | case)" + AR1, data)
    assert [term.group for term in nested.random] == ["site", "site:reader", "case"]


def test_simulated_outcomes_run_on_as_the_fit_says(data):
    fit = stats.mixed(CROSSED + AR1, data)
    lags = read_lags(("trial", "reader"), data)
    draws = np.random.default_rng(1)
    residuals = np.array([lags.drawn(0.6, draws) for _ in range(2000)])
    rows = np.flatnonzero(lags.before >= 0)
    with_before = np.mean(residuals[:, rows] * residuals[:, lags.before[rows]], axis=0)
    np.testing.assert_allclose(residuals.var(axis=0), 1, atol=0.15)
    assert np.mean(with_before - 0.6 ** lags.step[rows]) == pytest.approx(0, abs=0.01)
    again = [stats.refit(fit, stats.simulate(fit, rng=seed)) for seed in range(9)]
    found = np.mean([one.family_parameters["ar1(reader)"].value for one in again])
    assert found == pytest.approx(fit.family_parameters["ar1(reader)"].value, abs=0.06)


@pytest.mark.parametrize(
    ("changed", "formula", "said"),
    [
        ({}, "seconds ~ prior + ar1(trial)", r"expected one order and its group, such as ar1\(trial \| reader\)"),
        ({}, "seconds ~ prior + ar1(1 | reader)", r"expected one order and its group, such as ar1\(trial \| reader\)"),
        ({}, "seconds ~ prior - ar1(trial | reader)", "leave the term out instead"),
        ({}, "seconds ~ prior + ar1(trials | reader)", "names the column 'trials', which the table doesn't have"),
        ({"trial": 1}, CROSSED + AR1, "has two rows at trial 1; expected a place of its own for each"),
        ({"trial": "first"}, CROSSED + AR1, "ar1: expected numbers in 'trial'"),
        ({"reader": range(302)}, "seconds ~ prior" + AR1, "each reader has one row, so no residual"),
        ({"case": range(302)}, "seconds ~ prior + (1 | reader) + (1 | case)" + AR1, "has one level per row"),
        ({}, "seconds ~ prior + (1 | case)" + AR1, r"add \(1 \| reader\) to the formula"),
    ],
)
def test_what_has_no_order_is_refused(data, changed, formula, said):
    with pytest.raises(stats.ModelError, match=said):
        stats.mixed(formula, data.assign(**changed))


def test_more_cases_than_can_be_crossed_are_refused(monkeypatch, data):
    monkeypatch.setattr(autocorrelation, "MAX_CROSSED", 20)
    with pytest.raises(
        stats.ModelError, match=r"may have 20 effects together, .* got 30: case \(30 levels\). Leave one"
    ):
        stats.mixed(CROSSED + AR1, data)


def test_what_the_correlation_is_not_known_for_is_refused(data):
    with pytest.raises(stats.ModelError, match=r"ar1\(...\) is for family 'gaussian'"):
        stats.mixed("prior ~ years + (1 | reader)" + AR1, data, family="binomial")
    with pytest.raises(stats.ModelError, match=r"takes no .*ar1"):
        stats.multinomial("case ~ years + (1 | reader)" + AR1, data)
    fit = stats.mixed(CROSSED + AR1, data)
    with pytest.raises(stats.ModelError, match="profiles of a model with ar1 would hold its correlation"):
        stats.confint(fit)
    with pytest.raises(stats.ModelError, match="fitted by REML without weights or ar1"):
        stats.kenward_roger(fit)
