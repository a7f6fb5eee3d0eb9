"""Diagnostics, power, mediation and specification curves on studies whose truth is known."""

import numpy as np
import pandas as pd
import pytest
from scipy import special
from scipy import stats as laws

from gazeanalytics import stats, tables


def readings(seed, readers=20, cases=30):
    rng = np.random.default_rng(seed)
    reader, case = np.divmod(np.arange(readers * cases), cases)
    data = pd.DataFrame({"reader": reader, "case": case})
    data["strategy"] = np.array(["drill", "scan"])[rng.integers(0, 2, reader.size)]
    effects = rng.normal(0, 0.5, readers)[reader] + rng.normal(0, 0.7, cases)[case]
    data["uncertainty"] = 0.6 * (data.strategy == "scan") + effects + rng.normal(0, 1, reader.size)
    eta = 0.5 - 0.9 * data.uncertainty - 0.3 * (data.strategy == "scan") + effects
    data["correct"] = rng.binomial(1, special.expit(eta))
    return data


@pytest.fixture(scope="module")
def data():
    return readings(8)


@pytest.fixture(scope="module")
def accuracy(data):
    return stats.mixed("correct ~ strategy + uncertainty + (1 | reader) + (1 | case)", data, family="binomial")


@pytest.fixture(scope="module")
def uncertainty(data):
    return stats.mixed("uncertainty ~ strategy + (1 | reader) + (1 | case)", data)


def test_residuals_are_uniform_when_the_model_is_right_and_not_when_it_is_wrong(accuracy, data):
    right = stats.residuals(accuracy, n_resamples=100, rng=1)
    assert right.shape == (600,)
    assert right.min() > 0
    assert right.max() < 1
    assert laws.kstest(right, "uniform").pvalue > 0.01
    counts = data.assign(hits=np.random.default_rng(0).negative_binomial(0.5, 0.1, len(data)))
    wrong = stats.mixed("hits ~ strategy + (1 | reader)", counts, family="poisson")
    assert laws.kstest(stats.residuals(wrong, n_resamples=100, rng=1), "uniform").pvalue < 1e-6


def test_the_reader_who_was_tampered_with_has_most_influence(data):
    bent = data.assign(uncertainty=data.uncertainty + 6 * ((data.reader == 7) & (data.strategy == "scan")))
    fit = stats.mixed("uncertainty ~ strategy + (1 | reader) + (1 | case)", bent)
    table = stats.influence(fit, "reader")
    assert table.loc[table.cook.idxmax(), "level"] == "7"
    assert table.n.eq(30).all()
    alone = stats.mixed("uncertainty ~ strategy + (1 | reader) + (1 | case)", bent[bent.reader != 7])
    moved = (alone.coefficients - fit.coefficients) / fit.std_errors
    np.testing.assert_allclose(table.loc[7, list(fit.names)].astype(float), moved, rtol=1e-4)
    with pytest.raises(stats.ModelError, match="'raeder' is not a grouping of the formula; did you mean 'reader'"):
        stats.influence(fit, "raeder")


def test_random_effects_qq_pairs_standardised_modes_with_normal_quantiles(uncertainty):
    table = stats.random_effects_qq(uncertainty)
    case = table[table.group == "case"].set_index("level")
    assert case["mode"].is_monotonic_increasing
    np.testing.assert_allclose(case["quantile"].iloc[[0, 29]], laws.norm.ppf([0.5 / 30, 29.5 / 30]))
    modes = uncertainty.random_effects().query("group == 'case'").set_index("level")
    spread = uncertainty.estimates().set_index("term").estimate["sd(case)"]
    by_hand = modes["mode"] / np.sqrt(spread**2 - modes["sd"] ** 2)
    np.testing.assert_allclose(case["mode"], by_hand.loc[case.index])
    assert case["mode"].std() == pytest.approx(1, abs=0.1)


def test_power_of_no_effect_is_alpha_and_of_a_large_one_is_one(uncertainty):
    none = stats.power(uncertainty, "strategy[scan]", effect=0, n_resamples=120, rng=3)
    assert none.conf_low < 0.05 < none.conf_high
    assert none.power < 0.12
    large = stats.power(uncertainty, "strategy[scan]", effect=1, n_resamples=30, rng=3)
    assert large.power == 1
    assert large.n_resamples == 30
    with pytest.raises(stats.ModelError, match="did you mean 'strategy"):
        stats.power(uncertainty, "strategy[scna]")


def test_mediation_finds_the_planted_paths(uncertainty, accuracy):
    table = stats.mediate(
        uncertainty, accuracy, cause="strategy", levels=("drill", "scan"), n_resamples=400, rng=5
    ).set_index("effect")
    assert table.estimate["indirect"] + table.estimate["direct"] == pytest.approx(table.estimate["total"])
    assert table.conf_high["indirect"] < 0
    assert table.conf_low["indirect"] < table.estimate["indirect"] < table.conf_high["indirect"]
    # a shift of 0.6 by -0.9 on the logit, near the middle where the slope is at most 1/4
    assert -0.6 * 0.9 / 4 < table.estimate["indirect"] < -0.03


def test_mediation_refuses_a_mediator_that_is_transformed_or_not_gaussian(uncertainty, accuracy, data):
    bent = stats.mixed("correct ~ strategy + I(uncertainty**2) + (1 | reader)", data, family="binomial")
    with pytest.raises(stats.ModelError, match="without a transform"):
        stats.mediate(uncertainty, bent, cause="strategy", levels=("drill", "scan"), rng=0)
    with pytest.raises(stats.ModelError, match="expected a Gaussian model of a column"):
        stats.mediate(accuracy, uncertainty, cause="strategy", levels=("drill", "scan"), rng=0)


def test_specification_curve_lines_up_fits_and_says_which_are_refused(data):
    base = {"formula": "uncertainty ~ strategy + (1 | reader) + (1 | case)"}
    choices = {
        "both": base,
        "few": base | {"rows": "reader < 6"},
        "nested": {"formula": "uncertainty ~ strategy + (1 | reader/case)"},
        "without": {"formula": "uncertainty ~ 1 + (1 | reader)"},
    }
    table = tables.check(stats.specification_curve(data, choices, term="strategy[scan]"), "estimates")
    known = table.dropna(subset="estimate")
    assert set(known.model) == {"both", "few"}
    assert known.estimate.is_monotonic_increasing
    notes = table.set_index("model").note
    assert "they are crossed" in notes["nested"]
    assert notes["without"] == "no term 'strategy[scan]' in this specification"


@pytest.mark.slow
@pytest.mark.parametrize("family", ["gaussian", "binomial", "poisson", "negative binomial", "beta", "ordinal"])
def test_coverage_bias_and_type_one_error_over_500_studies(family):
    """95 % intervals cover .93-.97, bias is under a tenth of the error, and nothing is found .04-.06 of the time."""
    rng = np.random.default_rng(12)
    base = readings(9, readers=25, cases=40)
    covered, off, found, planted = [], [], [], {"a": 0.4, "b": 0.0}
    for _ in range(500):
        world = base.assign(a=rng.normal(size=1000), b=rng.normal(size=1000))
        eta = 0.4 * world.a + rng.normal(0, 0.5, 25)[world.reader] + rng.normal(0, 0.7, 40)[world.case]
        world["y"] = outcome(family, eta.to_numpy(), rng)
        fit = stats.mixed("y ~ a + b + (1 | reader) + (1 | case)", world, family=family)
        table = fit.estimates().set_index("term")
        for term, truth in planted.items():
            covered.append(table.conf_low[term] < truth < table.conf_high[term])
            off.append((table.estimate[term] - truth) / table.std_error[term])
        found.append(table.p_value["b"] < 0.05)
    assert 0.93 < np.mean(covered) < 0.97
    assert abs(np.mean(off)) < 0.1
    assert 0.03 < np.mean(found) < 0.07


def outcome(family, eta, rng):
    mean = special.expit(eta)
    return {
        "gaussian": lambda: eta + rng.normal(size=eta.size),
        "binomial": lambda: rng.binomial(1, mean),
        "poisson": lambda: rng.poisson(np.exp(eta)),
        "negative binomial": lambda: rng.poisson(np.exp(eta) * rng.gamma(2, 0.5, eta.size)),
        "beta": lambda: np.clip(rng.beta(6 * mean, 6 * (1 - mean)), 1e-9, 1 - 1e-9),  # a draw may round to 1
        "ordinal": lambda: np.digitize(eta + rng.logistic(size=eta.size), [-1, 0.5, 2]),
    }[family]()
