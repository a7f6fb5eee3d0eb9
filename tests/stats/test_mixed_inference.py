"""What a fit can do: predict, simulate, be fitted again, bound its estimates, compare levels."""

import numpy as np
import pandas as pd
import pytest
from scipy import special

from gazeanalytics import stats


def readings(rng, readers=20, cases=30):
    reader, case = np.divmod(np.arange(readers * cases), cases)
    data = pd.DataFrame({"reader": reader, "case": case, "prior": rng.integers(0, 2, reader.size)})
    data["eta"] = 0.2 + 0.8 * data.prior + rng.normal(0, 0.5, readers)[reader] + rng.normal(0, 0.7, cases)[case]
    return data


@pytest.fixture(scope="module")
def fits():
    rng = np.random.default_rng(4)
    data = readings(rng)
    mean = special.expit(data.eta)
    data["gaussian"] = data.eta + rng.normal(0, 1, len(data))
    data["binomial"] = rng.binomial(1, mean)
    data["poisson"] = rng.poisson(np.exp(data.eta))
    data["negative binomial"] = rng.poisson(np.exp(data.eta) * rng.gamma(2, 0.5, len(data)))
    data["beta"] = rng.beta(6 * mean, 6 * (1 - mean))
    data["ordinal"] = np.digitize(data.eta + rng.logistic(size=len(data)), [-1, 0.5, 2])
    names = ["gaussian", "binomial", "poisson", "negative binomial", "beta", "ordinal"]
    found = {name: stats.mixed(f"`{name}` ~ prior + (1 | reader) + (1 | case)", data, family=name) for name in names}
    data["hedges"] = data["poisson"] * (rng.random(len(data)) > np.where(data.prior, 0.5, 0.2))
    formula = "hedges ~ prior + zeros(prior) + (1 | reader) + (1 | case)"
    found["excess zeros"] = stats.mixed(formula, data, family="poisson")
    formula = "ordinal ~ nominal(prior) + (1 | reader) + (1 | case)"
    return found | {"nominal": stats.mixed(formula, data, family="ordinal")}


ALL = ["gaussian", "binomial", "poisson", "negative binomial", "beta", "ordinal", "excess zeros", "nominal"]


@pytest.mark.parametrize("family", ALL)
def test_a_simulated_outcome_is_fitted_back(fits, family):
    fit = fits[family]
    y = stats.simulate(fit, rng=11)
    np.testing.assert_array_equal(y, stats.simulate(fit, rng=11))
    again = stats.refit(fit, y)
    assert again.converged
    assert np.all(np.abs(again.coefficients - fit.coefficients) < 4 * np.hypot(again.std_errors, fit.std_errors))
    for one, other in zip(again.family_parameters.values(), fit.family_parameters.values(), strict=True):
        assert abs(one.value - other.value) < 4 * np.hypot(one.error, other.error)
    for one, other in zip(again.random, fit.random, strict=True):
        assert 0.5 < one.sd[0] / other.sd[0] < 2


@pytest.mark.parametrize("family", ALL)
def test_predictions_of_the_rows_used_and_of_new_rows(fits, family):
    fit = fits[family]
    rows = fit.frame.data
    here = stats.predict(fit)
    np.testing.assert_allclose(stats.predict(fit, rows.iloc[::-1])[::-1], here)
    for strangers in (rows.assign(reader=99, case=-1), rows.assign(reader=np.nan, case=np.nan)):
        np.testing.assert_allclose(stats.predict(fit, strangers), stats.predict(fit, random=False))
    link = stats.predict(fit, scale="link")
    effects = fit.random_effects().set_index(["group", "level"])["mode"]
    by_hand = fit.frame.x @ fit.coefficients
    for group in ("reader", "case"):
        by_hand += effects[group].loc[rows[group].astype(str)].to_numpy()
    np.testing.assert_allclose(link, by_hand)
    if family in ("ordinal", "nominal"):
        np.testing.assert_allclose(here.sum(axis=1), 1)
        assert here.shape == (600, 4)
    elif family == "gaussian":
        np.testing.assert_allclose(here, link)


def test_excess_zeros_are_found_where_they_were_planted(fits):
    table = fits["excess zeros"].estimates().set_index("term")
    for term, share in {"zeros: (Intercept)": 0.2, "zeros: prior": 0.5}.items():
        planted = special.logit(share) - (special.logit(0.2) if term == "zeros: prior" else 0.0)
        assert table.conf_low[term] < planted < table.conf_high[term]
    here = stats.predict(fits["excess zeros"])
    assert here.mean() == pytest.approx(fits["excess zeros"].response.y.mean(), rel=0.05)


def test_bootstrap_intervals_surround_the_estimates(fits):
    table = stats.confint(fits["gaussian"], method="bootstrap", n_resamples=40, rng=2)
    assert list(table.term) == ["(Intercept)", "prior", "sd(reader)", "sd(case)", "sd(residual)"]
    assert table.n_resamples.eq(40).all()
    assert (table.conf_low < table.estimate).all()
    assert (table.estimate < table.conf_high).all()
    wald = fits["gaussian"].std_errors[1]
    assert table.std_error[1] == pytest.approx(wald, rel=0.4)


def test_adjusted_p_values_by_hand():
    p = np.array([0.01, np.nan, 0.04, 0.03])
    np.testing.assert_allclose(stats.adjust(p), [0.03, np.nan, 0.06, 0.06])
    np.testing.assert_allclose(stats.adjust(p, method="bh"), [0.03, np.nan, 0.04, 0.04])
    with pytest.raises(ValueError, match="expected 'holm', 'bh' or 'none'; got 'sidak'"):
        stats.adjust(p, method="sidak")


def test_means_of_a_column_that_is_not_there(fits):
    with pytest.raises(stats.ModelError, match="'priro' is not a column of the fixed part; did you mean 'prior'"):
        stats.marginal_means(fits["gaussian"], "priro")
    with pytest.raises(stats.ModelError, match=r"such as marginal_means\(fit, 'strategy'\)"):
        stats.marginal_means(fits["gaussian"])


def test_wald_intervals_are_those_of_the_estimates(fits):
    table = stats.confint(fits["binomial"], method="wald", confidence=0.9)
    estimates = fits["binomial"].estimates(confidence=0.9)
    pd.testing.assert_frame_equal(
        table[["term", "conf_low", "conf_high"]], estimates[["term", "conf_low", "conf_high"]]
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "wlad"}, "method: expected 'profile', 'wald' or 'bootstrap'; got 'wlad'"),
        ({"confidence": 95}, "confidence must lie between 0 and 1; got 95"),
    ],
)
def test_intervals_that_are_not_offered(fits, options, message):
    with pytest.raises(stats.ModelError, match=message):
        stats.confint(fits["gaussian"], **options)
