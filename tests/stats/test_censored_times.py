"""Models of times of which some are censored: against integrals worked out in full, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, optimize, special
from scipy import stats as laws

from gazeanalytics import stats


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(6)
    frame = pd.DataFrame({"reader": np.repeat(np.arange(12), 8), "x": rng.normal(size=96)})
    time = np.exp(1 - 0.5 * frame["x"] + rng.normal(0, 0.6, 12)[frame["reader"]] + rng.normal(0, 0.8, 96))
    limit = np.exp(rng.normal(1.3, 0.4, 96))
    return frame.assign(time_s=np.minimum(time, limit), seen=time <= limit)


def minus_log_likelihood(at, data):
    """Each reader's integral by SciPy's adaptive quadrature."""
    (b0, b1), (spread, sd) = at[:2], np.exp(at[2:])
    total = 0.0
    for _, own in data.groupby("reader"):
        z = (np.log(own["time_s"].to_numpy()) - b0 - b1 * own["x"].to_numpy()) / spread
        seen = own["seen"].to_numpy()
        total += np.log(spread * own["time_s"][seen]).sum()

        def joint(u, z=z, seen=seen):
            rest = z - sd * u / spread
            density = np.exp(-0.5 * (rest[seen] ** 2 + np.log(2 * np.pi)).sum() - 0.5 * u**2) / np.sqrt(2 * np.pi)
            return density * special.ndtr(-rest[~seen]).prod()

        total -= np.log(integrate.quad(joint, -8, 8, epsabs=0, epsrel=1e-9, limit=200)[0])
    return total


def test_random_readers_equal_integrals_in_full(data):
    model = "censored(time_s, seen) ~ x + (1 | reader)"
    fit = stats.mixed(model, data, family="lognormal", settings={"quadrature": 25})
    spread = fit.family_parameters["sd(residual)"].value
    at = np.array([*fit.coefficients, np.log(spread), np.log(fit.random[0].sd[0])])
    assert -fit.log_likelihood == pytest.approx(minus_log_likelihood(at, data), abs=1e-6)
    slope = optimize.approx_fprime(at, minus_log_likelihood, 1e-5, data)
    np.testing.assert_allclose(slope, 0, atol=2e-3)
    # The outcome is near normal, so that Laplace's approximation is near the integral.
    laplace = stats.mixed(model, data, family="lognormal")
    np.testing.assert_allclose(laplace.coefficients, fit.coefficients, atol=0.002)
    assert laplace.random[0].sd[0] == pytest.approx(fit.random[0].sd[0], rel=0.01)


def test_readings_without_a_fixation_are_not_left_out(data):
    lost = data.assign(time_s=data["time_s"].where(data["seen"]))
    unseen = int((~data["seen"]).sum())
    with pytest.raises(stats.ModelError) as caught:
        stats.mixed("censored(time_s, seen) ~ x + (1 | reader)", lost, family="lognormal")
    assert str(caught.value) == (
        f"censored(time_s, seen): the time is missing in {unseen} of the {unseen} rows where 'seen' is 0; write there "
        "how long was looked for, such as the duration of the reading"
    )


@pytest.mark.parametrize(
    ("formula", "family", "message"),
    [
        (
            "censored(time_s, seen) ~ x + (1 | reader)",
            "gaussian",
            "censored(...) is for times, under family 'lognormal'; got 'gaussian'",
        ),
        (
            "cbind(time_s, seen) ~ x + (1 | reader)",
            "lognormal",
            "cbind(...) is for successes and failures, under family 'binomial'; got 'lognormal'",
        ),
        (
            "censored(time_s, x) ~ 1 + (1 | reader)",
            "lognormal",
            "censored(time, x): expected 1 where the time was seen and 0 where it is only known to be longer; got "
            "1.05312 in row 0 of those used",
        ),
        (
            "censored(x, seen) ~ 1 + (1 | reader)",
            "lognormal",
            "outcome: expected times above 0; got -2.55329 in row 2 of those used",
        ),
        (
            "interval(time_s, x) ~ 1 + (1 | reader)",
            "lognormal",
            "outcome: expected ends of intervals that aren't before their beginnings; got -2.55329 in row 2 of those "
            "used",
        ),
        (
            "censored(time_s, none) ~ x + (1 | reader)",
            "lognormal",
            "family 'lognormal': expected a time that was seen in some rows; all are censored",
        ),
        (
            "time_s ~ x + (1 | row)",
            "lognormal",
            "the grouping 'row' has one level per row (96), confounded with the residual; name a grouping that several "
            "rows share, such as the reader or the case",
        ),
    ],
)
def test_what_cannot_be_a_time_is_refused(data, formula, family, message):
    with pytest.raises(stats.ModelError) as caught:
        stats.mixed(formula, data.assign(none=0, row=np.arange(96)), family=family)
    assert str(caught.value) == message


def test_simulated_times_fit_only_where_all_were_seen(data):
    fit = stats.mixed("censored(time_s, seen) ~ x + (1 | reader)", data, family="lognormal")
    with pytest.raises(stats.ModelError, match="a model of censored times can't be fitted to simulated ones"):
        stats.refit(fit, stats.simulate(fit, rng=1))
    seen = stats.mixed("time_s ~ x + (1 | reader)", data, family="lognormal")
    again = stats.refit(seen, stats.simulate(seen, rng=1))
    assert abs(again.coefficients[1] - seen.coefficients[1]) < 4 * seen.std_errors[1]


def test_residuals_of_censored_times_are_uniform(data):
    fit = stats.mixed("censored(time_s, seen) ~ x + (1 | reader)", data, family="lognormal")
    found = stats.residuals(fit, rng=2)
    assert laws.kstest(found, "uniform").pvalue > 0.01
    ignoring = stats.mixed("time_s ~ x + (1 | reader)", data, family="lognormal")
    assert fit.coefficients[0] > ignoring.coefficients[0] + 0.2
