"""Degrees of freedom by the groups that effects are estimated from: against nlme, and where groups cross."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm, t

from gazeanalytics import stats

R = Path(__file__).with_name("r")
REFERENCE = json.loads((R / "between_within.json").read_text())
RIGHT = {
    "nested": "prior + years + resident + beds + (1 | country/reader)",
    "readers": "prior + years + resident + beds + (1 | reader)",
    "countries": "prior + years + beds + (1 | country)",
}


@pytest.fixture(scope="module")
def data():
    return pd.read_csv(R / "between_within.csv")


@pytest.mark.parametrize("name", RIGHT)
def test_as_nlme_counts_them(data, name):
    """But for effects within all groups, and the intercept, which nlme gives the residual ones, some hundreds."""
    fit = stats.mixed(f"correct ~ {RIGHT[name]}", data, family="binomial")
    found, expected = dict(zip(fit.names, fit.df, strict=True)), REFERENCE["df"][name]
    for term in set(expected) - {"(Intercept)"}:
        if expected[term] > 200:
            assert np.isnan(found[term])
        else:
            assert found[term] == expected[term]


def test_estimates_are_those_of_glmer_and_the_interval_is_that_of_t(data):
    fit = stats.mixed(
        "correct ~ prior + years + resident + beds + (1 | country) + (1 | reader)", data, family="binomial"
    )
    reference, found = REFERENCE["glmer"], fit.estimates().set_index("term")
    assert fit.log_likelihood == pytest.approx(reference["log_likelihood"], abs=1e-4)
    for term in fit.names:
        row, error = found.loc[term], reference["std_error"][term]
        assert row["estimate"] == pytest.approx(reference["estimate"][term], abs=2e-3 * error)
        assert row["std_error"] == pytest.approx(error, rel=2e-3)
    years = found.loc["years"]
    assert (years["df"], years["df_method"]) == (16, "between-within: reader")
    assert years["conf_high"] - years["estimate"] == pytest.approx(t.ppf(0.975, 16) * years["std_error"])
    assert found.loc["beds", "df_method"] == "between-within: country"
    prior = found.loc["prior"]
    assert prior["df_method"] == "normal"
    assert prior["p_value"] == pytest.approx(2 * norm.sf(abs(prior["statistic"])))


def test_infinite_degrees_of_freedom_are_those_that_lme4_prints(data):
    formula = f"correct ~ {RIGHT['readers']}"
    fit = stats.mixed(formula, data, family="binomial", settings={"degrees_of_freedom": "infinite"})
    assert np.isnan(fit.df).all()
    assert set(fit.df_method) == {"normal"}
    with pytest.raises(
        ValueError, match="'degrees_of_freedom' expected one of 'between-within', 'infinite'; got 'kenward'"
    ):
        stats.mixed(formula, data, family="binomial", settings={"degrees_of_freedom": "kenward"})


def crossed(rng, readers=8, cases=30):
    reader, case = np.repeat(np.arange(readers), cases), np.tile(np.arange(cases), readers)
    rows = pd.DataFrame({"reader": reader, "case": case, "presence": (case % 2) - 0.5})
    rows["years"], rows["size"] = rng.normal(0, 1, readers)[reader], rng.normal(0, 1, cases)[case]
    rows["gaze"] = rng.normal(0, 1, reader.size)
    return rows.assign(correct=rng.integers(0, 2, reader.size))


def test_where_readers_and_cases_cross_each_effect_counts_its_own():
    rows = crossed(np.random.default_rng(1))
    formula = "correct ~ years * presence + size + gaze + (1 | reader) + (1 | case) + (0 + presence | reader)"
    fit = stats.mixed(formula, rows, family="binomial")
    found = dict(zip(fit.names, zip(fit.df, fit.df_method, strict=True), strict=True))
    # 8 readers less the intercept and years; by slope, 8 less presence and its interaction; 30 cases less 1 and size.
    assert found["years"] == (6, "between-within: reader")
    assert found["presence"] == found["years:presence"] == (6, "between-within: reader (presence)")
    assert found["size"] == (28, "between-within: case")
    assert np.isnan(found["gaze"][0])


def test_a_joint_test_and_contrasts_have_the_fewest_of_their_effects():
    rows = crossed(np.random.default_rng(2), readers=9)
    rows["grade"] = np.array(["a", "b", "c"])[rows["reader"] % 3]
    fit = stats.mixed("correct ~ grade + gaze + (1 | reader) + (1 | case)", rows, family="binomial")
    joint = stats.joint_tests(fit).set_index("term")["df_residual"]
    assert joint["grade"] == 6
    assert np.isinf(joint["gaze"])
    assert (stats.contrasts(fit, "grade")["df"] == 6).all()


def test_at_least_one_is_left():
    rows = crossed(np.random.default_rng(3), readers=5)
    fit = stats.mixed("correct ~ C(reader, contr.sum) + (1 | reader)".replace("C(", "factor("), rows, family="binomial")
    assert np.nanmin(fit.df) == 1
