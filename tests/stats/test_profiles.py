"""Profile intervals of standard deviations and correlations of random slopes (lme4's numbers by r/profiles.R)."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import stats
from gazeanalytics.stats.mixed.profiles import profiles_of_several

FOLDER = Path(__file__).with_name("r")


@pytest.fixture(scope="module")
def data():
    return pd.read_csv(FOLDER / "profiles.csv")


@pytest.fixture(scope="module")
def r():
    return json.loads((FOLDER / "profiles.json").read_text())


def as_lme4_says(term):
    """`cor_x.(Intercept)|reader` for `cor(reader: (Intercept), x)`."""
    kind, inside = term[:-1].split("(", 1)
    group, _, names = inside.partition(": ")
    if kind == "sd":
        return "sigma" if group == "residual" else f"sd_{names or '(Intercept)'}|{group}"
    first, second = names.split(", ")
    return f"cor_{second}.{first}|{group}"


def spreads(data, right):
    table = stats.confint(stats.mixed(f"y ~ {right}", data))
    found = table[table["term"].str.startswith(("sd(", "cor("))]
    return found.set_index(found["term"].map(as_lme4_says))


RIGHT = {"two": "x + (1 + x | reader)", "three": "x + help + (1 + x + help | reader)"}
# lme4 warns that these profiles aren't monotonic.
BROKEN_IN_LME4 = {"two": ["cor_x.(Intercept)|reader"], "three": ["cor_help.x|reader", "sd_help|reader"]}


@pytest.mark.parametrize("name", RIGHT)
def test_profiles_of_several_coefficients_equal_lme4(data, r, name):
    want = pd.DataFrame(r[name]).set_index("names").drop(BROKEN_IN_LME4[name])
    found = spreads(data, RIGHT[name]).loc[want.index]
    # lme4 interpolates its profiles between few points.
    np.testing.assert_allclose(found[["conf_low", "conf_high"]], want[["low", "high"]], atol=3e-3)


@pytest.mark.parametrize(("name", "term"), [("two", "cor_x.(Intercept)|reader"), ("three", "cor_help.x|reader")])
def test_profiles_of_correlations_equal_lme4s_deviance_with_the_correlation_held(data, r, name, term):
    found = spreads(data, RIGHT[name]).loc[term, ["conf_low", "conf_high"]]
    np.testing.assert_allclose(found.astype(float), r[f"cor_{name}"], atol=2e-4)


@pytest.mark.parametrize(("outcome", "family"), [("y", "gaussian"), ("hit", "binomial")])
def test_the_profile_of_a_correlation_at_0_is_the_fit_without_it(data, outcome, family):
    options = {"family": family, "reml": False}
    fit = stats.mixed(f"{outcome} ~ x + (1 + x | reader)", data, **options)
    apart = stats.mixed(f"{outcome} ~ x + (1 + x || reader)", data, **options)
    *sds, correlation = profiles_of_several(fit)
    assert [one.name for one in (*sds, correlation)] == ["sd(reader)", "sd(reader: x)", "cor(reader: (Intercept), x)"]
    for one in (*sds, correlation):
        assert one.profile(one.estimate) == pytest.approx(-2 * fit.log_likelihood, abs=1e-4)
        assert one.profile(one.estimate + 0.1) > -2 * fit.log_likelihood
    assert correlation.profile(0.0) == pytest.approx(-2 * apart.log_likelihood, abs=1e-4)
    assert correlation.profile(1.0) == np.inf


def test_the_profile_of_a_standard_deviation_at_0_is_the_fit_without_the_slope(data):
    fit = stats.mixed("y ~ x + (1 + x | reader)", data, reml=False)
    slope = list(profiles_of_several(fit))[1]
    without = stats.mixed("y ~ x + (1 | reader)", data, reml=False)
    assert slope.profile(1e-9) == pytest.approx(-2 * without.log_likelihood, abs=2e-3)
