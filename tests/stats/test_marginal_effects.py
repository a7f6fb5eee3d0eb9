"""Average marginal effects: R's numbers, simulated intervals, hand-made integrals, refusals."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats as laws

from gazeanalytics import stats

FOLDER = Path(__file__).parent / "r"
DATA = pd.read_csv(FOLDER / "marginal_effects.csv")
REFERENCE = json.loads((FOLDER / "marginal_effects.json").read_text("utf-8"))
OUTCOMES = {"binomial": "hit", "poisson": "count", "beta": "share", "ordinal": "grade", "gaussian": "seconds"}
RIGHT = "strategy + years + (1 | reader) + (1 | case)"


@pytest.fixture(scope="module")
def fits():
    return {family: stats.mixed(f"{outcome} ~ {RIGHT}", DATA, family=family) for family, outcome in OUTCOMES.items()}


def numbers(table):
    return table[["estimate", "std_error"]].to_numpy()


@pytest.mark.parametrize("family", OUTCOMES)
def test_population_means_and_errors_are_those_of_r(fits, family):
    """`integrate` over the random effects, the delta method over all parameters; fits by glmmTMB, clmm and lmer."""
    found = numbers(stats.adjusted_predictions(fits[family], "strategy"))
    np.testing.assert_allclose(found, REFERENCE[family]["means"], rtol=4e-5)


@pytest.mark.parametrize("family", ["binomial", "poisson", "beta", "gaussian"])
def test_differences_and_ratios_are_those_of_r(fits, family):
    found = stats.marginal_effects(fits[family], "strategy", method="none")
    expected = REFERENCE[family]
    np.testing.assert_allclose(numbers(found), expected["differences"], rtol=4e-5)
    assert found["contrast"].tolist() == ["b - a", "c - a", "c - b"]
    if family == "gaussian":
        np.testing.assert_allclose(found["df"], expected["df"], rtol=1e-4)
        return
    ratios = stats.marginal_effects(fits[family], "strategy", compare="ratio")
    logs = np.column_stack([np.log(ratios["estimate"]), ratios["std_error"] / ratios["estimate"]])
    np.testing.assert_allclose(logs, expected["log_ratios"], rtol=4e-5)


@pytest.mark.parametrize("family", ["binomial", "poisson", "beta"])
def test_those_of_the_average_reader_and_case_are_emmeans(fits, family):
    """emmeans sets random effects to 0 and years to their mean; so do these rows."""
    grid, plain = DATA.assign(years=DATA["years"].mean()), {"population": False}
    means = stats.adjusted_predictions(fits[family], "strategy", data=grid, settings=plain)
    np.testing.assert_allclose(numbers(means), REFERENCE[family]["average_means"], rtol=4e-5)
    pairs = stats.marginal_effects(fits[family], "strategy", data=grid, method="none", settings=plain)
    np.testing.assert_allclose(numbers(pairs), REFERENCE[family]["average_differences"], rtol=4e-5)


def test_the_population_mean_is_near_the_second_order_one_of_emmeans(fits):
    """bias.adjust of emmeans is a Taylor series: within a point of the integral here, where 0 effects are 3 off."""
    grid = DATA.assign(years=DATA["years"].mean())
    exact = stats.adjusted_predictions(fits["binomial"], "strategy", data=grid)["estimate"].to_numpy()
    average = np.array(REFERENCE["binomial"]["average_means"])[:, 0]
    adjusted = np.array(REFERENCE["binomial"]["bias_adjusted"])
    assert (np.abs(exact - adjusted) < 0.01).all()
    assert np.abs(exact - average).max() > 0.02


@pytest.mark.parametrize("family", OUTCOMES)
def test_simulated_intervals_agree_with_the_delta_method(fits, family):
    drawn = {"interval": "simulation", "n_draws": 400}
    one = stats.marginal_effects(fits[family], "strategy", settings=drawn, rng=1)
    other = stats.marginal_effects(fits[family], "strategy")
    width = (other["conf_high"] - other["conf_low"]).to_numpy()
    gaps = (one[["conf_low", "conf_high"]] - other[["conf_low", "conf_high"]]).to_numpy()
    assert (np.abs(gaps) < 0.12 * width[:, None]).all()
    again = stats.marginal_effects(fits[family], "strategy", settings=drawn, rng=1)
    pd.testing.assert_frame_equal(one, again)


def test_slopes_are_those_of_two_predictions(fits):
    slope = stats.marginal_effects(fits["binomial"], "years").iloc[0]
    step = 1e-3
    shifted = [
        stats.adjusted_predictions(fits["binomial"], "strategy", data=DATA.assign(years=DATA["years"] + move))
        for move in (-step, step)
    ]
    share = DATA["strategy"].value_counts(normalize=True).reindex(["a", "b", "c"]).to_numpy()
    # Averages over each strategy's own rows would differ: every row is moved here, whatever its strategy.
    by_level = (shifted[1]["estimate"] - shifted[0]["estimate"]).to_numpy() / (2 * step)
    assert slope["term"] == "slope"
    assert slope["estimate"] == pytest.approx(by_level @ share, rel=0.02)


def test_probabilities_of_levels_add_up_to_one_and_their_differences_to_none(fits):
    means = stats.adjusted_predictions(fits["ordinal"], "strategy")
    level = means["contrast"].str.split(": ").str[0]
    np.testing.assert_allclose(means.groupby(level)["estimate"].sum(), 1.0)
    pairs = stats.marginal_effects(fits["ordinal"], "strategy")
    assert pairs["contrast"].iloc[0] == "b - a: P(1)"
    np.testing.assert_allclose(pairs.groupby(pairs["contrast"].str[:5])["estimate"].sum(), 0.0, atol=1e-12)


def test_random_slopes_and_excess_zeros_count():
    """A mean of counts: exp(eta + var / 2) with the variance at each value of x, less the excess zeros."""
    rng = np.random.default_rng(4)
    reader, x = np.repeat(np.arange(30), 40), np.tile([0.0, 1.0], 600)
    effects = rng.normal(0, [0.4, 0.5], (30, 2))
    mean = np.exp(1 + 0.3 * x + effects[reader, 0] + effects[reader, 1] * x)
    data = pd.DataFrame({"reader": reader, "x": x, "n": rng.poisson(mean) * (rng.random(1200) > 0.25)})
    fit = stats.mixed("n ~ x + (1 + x | reader) + zeros(1)", data, family="poisson")
    found = stats.adjusted_predictions(fit, {"x": [0.0, 1.0]})["estimate"].to_numpy()
    covariance, odds = fit.random[0].covariance, fit.family_parameters["zeros: (Intercept)"].value
    variance = np.array([covariance[0, 0], covariance.sum()])
    expected = np.exp(fit.coefficients[0] + fit.coefficients[1] * np.array([0, 1]) + variance / 2) / (1 + np.exp(odds))
    np.testing.assert_allclose(found, expected, rtol=1e-7)


def test_p_values_are_corrected_for_the_pairs(fits):
    plain = stats.marginal_effects(fits["binomial"], "strategy", method="none")["p_value"]
    holm = stats.marginal_effects(fits["binomial"], "strategy")["p_value"]
    np.testing.assert_allclose(holm, stats.adjust(plain))


@pytest.mark.parametrize(
    ("by", "words"),
    [
        ("years_", "'years_' is not a column of the fixed part; did you mean 'years'?"),
        (["years"], "'years' is a number: expected values to predict at, such as {'years': [1, 2]}"),
        ([], "expected at least one column of the fixed part, such as 'strategy'"),
    ],
)
def test_what_cannot_be_predicted_is_named(fits, by, words):
    with pytest.raises(stats.ModelError) as caught:
        stats.adjusted_predictions(fits["binomial"], by)
    assert str(caught.value) == words


def test_a_ratio_of_gaussian_means_is_refused(fits):
    with pytest.raises(stats.ModelError, match="a Gaussian mean may be 0"):
        stats.marginal_effects(fits["gaussian"], "strategy", compare="ratio")


def test_few_readers_get_t_with_the_degrees_of_freedom_of_what_makes_up_the_variance(fits):
    """Effects of strategy stand within readers, years and the intercept between them."""
    fit = fits["binomial"]
    means, pairs = stats.adjusted_predictions(fit, "strategy"), stats.marginal_effects(fit, "strategy", method="none")
    slope = stats.marginal_effects(fit, "years")
    fewest = np.nanmin(fit.df)
    assert means["df"].between(fewest, 40 * fewest).all()
    assert (pairs["df"] > 20 * fewest).all()
    assert slope["df"].item() == pytest.approx(fewest, rel=0.05)
    low = slope["estimate"] - laws.t.ppf(0.975, slope["df"]) * slope["std_error"]
    np.testing.assert_allclose(slope["conf_low"], low)
    np.testing.assert_allclose(slope["p_value"], 2 * laws.t.sf(slope["statistic"].abs(), slope["df"]))


def test_infinite_degrees_of_freedom_stay_infinite():
    settings = {"degrees_of_freedom": "infinite"}
    fit = stats.mixed(f"hit ~ {RIGHT}", DATA, family="binomial", settings=settings)
    table = stats.marginal_effects(fit, "strategy", method="none")
    assert table["df"].isna().all()
    half = (table["conf_high"] - table["conf_low"]) / 2
    np.testing.assert_allclose(half, laws.norm.ppf(0.975) * table["std_error"])
