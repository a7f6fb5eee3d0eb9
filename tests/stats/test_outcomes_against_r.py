"""Censored, two-valued and positive outcomes against survival, glmmTMB, lme4 and glm (numbers by r/outcomes.R)."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import stats

FOLDER = Path(__file__).with_name("r")
CROSSED = "(1 | reader) + (1 | case)"


@pytest.fixture(scope="module")
def data():
    return pd.read_csv(FOLDER / "outcomes.csv").replace({"high": {"Inf": np.inf}})


@pytest.fixture(scope="module")
def r():
    return json.loads((FOLDER / "outcomes.json").read_text())


def estimate(fit, term, column="estimate"):
    return fit.estimates().set_index("term").loc[term, column]


@pytest.mark.parametrize(
    ("name", "outcome"),
    [("survreg_right", "censored(time, seen)"), ("survreg_interval", "interval(low, high)")],
)
def test_censored_times_equal_survreg(data, r, name, outcome):
    fit, want = stats.mixed(f"{outcome} ~ x + late", data, family="lognormal"), r[name]
    assert fit.log_likelihood == pytest.approx(want["log_likelihood"], abs=1e-9)
    np.testing.assert_allclose(fit.coefficients, want["estimate"], atol=2e-6)
    # Ours are differences of the gradient over 3e-5 standard errors.
    np.testing.assert_allclose(fit.std_errors, want["std_error"][:-1], rtol=5e-5)
    assert estimate(fit, "sd(residual)") == pytest.approx(want["scale"], rel=2e-6)
    # survreg's last standard error is of the logarithm of the scale.
    error = estimate(fit, "sd(residual)", "std_error") / want["scale"]
    assert error == pytest.approx(want["std_error"][-1], rel=5e-5)


def test_times_that_are_all_seen_equal_a_linear_model_of_their_logarithms(data, r):
    fit, want = stats.mixed(f"time ~ x + {CROSSED}", data, family="lognormal"), r["lmer_log"]
    assert fit.log_likelihood == pytest.approx(want["log_likelihood"], abs=1e-6)
    np.testing.assert_allclose(fit.coefficients, want["estimate"], atol=1e-5)
    assert estimate(fit, "sd(residual)") == pytest.approx(want["sigma"], rel=1e-4)
    assert estimate(fit, "sd(case)") == pytest.approx(want["sd"]["case"], rel=1e-4)


@pytest.mark.parametrize("link", ["probit", "cloglog"])
def test_links_of_two_valued_outcomes_equal_glmmtmb_and_glm(data, r, link):
    fit = stats.mixed(f"found ~ x + {CROSSED}", data, family="binomial", link=link)
    want = r[f"glmmtmb_{link}"]
    assert fit.log_likelihood == pytest.approx(want["log_likelihood"], abs=1e-6)
    np.testing.assert_allclose(fit.coefficients, want["estimate"], atol=2e-5)
    np.testing.assert_allclose(fit.std_errors, want["std_error"], rtol=1e-3)
    assert [estimate(fit, f"sd({g})") for g in ("reader", "case")] == pytest.approx(
        [want["sd"][g] for g in ("reader", "case")], rel=1e-3
    )
    plain = stats.mixed("found ~ x", data, family="binomial", link=link)
    assert plain.log_likelihood == pytest.approx(r[f"glm_{link}"]["log_likelihood"], abs=1e-9)
    np.testing.assert_allclose(plain.coefficients, r[f"glm_{link}"]["estimate"], atol=1e-6)


def test_probit_by_quadrature_equals_glmer(data, r):
    settings, want = {"quadrature": 15}, r["glmer_probit_quadrature"]
    fit = stats.mixed("found ~ x + (1 | case)", data, family="binomial", link="probit", settings=settings)
    np.testing.assert_allclose(fit.coefficients, want["estimate"], atol=2e-4)
    assert fit.log_likelihood == pytest.approx(want["log_likelihood"], abs=1e-5)
    assert estimate(fit, "sd(case)") == pytest.approx(want["sd"]["case"], rel=1e-3)


def test_gamma_equals_glmmtmb(data, r):
    fit, want = stats.mixed(f"seconds ~ x + {CROSSED}", data, family="gamma"), r["glmmtmb_gamma"]
    assert fit.log_likelihood == pytest.approx(want["log_likelihood"], abs=1e-6)
    np.testing.assert_allclose(fit.coefficients, want["estimate"], atol=2e-5)
    np.testing.assert_allclose(fit.std_errors, want["std_error"], rtol=1e-3)
    # glmmTMB prints the coefficient of variation, the shape to the power -1/2.
    assert estimate(fit, "shape") == pytest.approx(want["sigma"] ** -2, rel=1e-4)


def test_inverse_gaussian_equals_glm(data, r):
    fit, want = stats.mixed("seconds ~ x", data, family="inverse gaussian"), r["glm_inverse_gaussian"]
    np.testing.assert_allclose(fit.coefficients, want["estimate"], atol=1e-5)
    assert estimate(fit, "shape") == pytest.approx(want["shape"], rel=1e-5)
