"""Effects of misplaced strategies: the likelihood against a slow one, planted effects recovered, refusals."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logsumexp, ndtri

from gazeanalytics import stats
from gazeanalytics._kernels.stats import densities as codes
from gazeanalytics._kernels.stats.families import Outcome
from gazeanalytics.stats.mixed.solver.classes import OverClasses
from gazeanalytics.stats.mixed.solver.likelihood import Density, empty_rows


def over_classes(family, rng, rows=6, classes=3):
    y = {codes.BINOMIAL: rng.integers(0, 2, rows), codes.BETA: rng.uniform(0.1, 0.9, rows)}.get(
        family, rng.integers(0, 5, rows)
    )
    density = Density(family, Outcome(y.astype(float), np.ones(rows)))
    posterior = rng.dirichlet(np.ones(classes), rows).T.copy()
    return OverClasses(density, posterior, rng.normal(size=(classes, rows, 2)))


def naive_log_density(likelihood, eta, phi):
    """Log of the mean density over classes, row by row."""
    out, own = empty_rows(eta.size), phi[: likelihood.density.parameters]
    logs = []
    for p, columns in zip(likelihood.posterior, likelihood.columns, strict=True):
        likelihood.density.fill(eta + columns @ phi[own.size :], own, out)
        logs.append(np.log(p) + out.log_f)
    return logsumexp(logs, axis=0)


@pytest.mark.parametrize("family", [codes.BINOMIAL, codes.POISSON, codes.BETA, codes.NEGATIVE_BINOMIAL])
def test_derivatives_are_those_of_the_slow_log_density(family):
    rng = np.random.default_rng(family)
    likelihood = over_classes(family, rng)
    eta, phi = rng.normal(size=6), rng.normal(0, 0.7, likelihood.parameters)
    out, step = empty_rows(6), 1e-4
    likelihood.fill(eta, phi, out)
    f = [naive_log_density(likelihood, eta + k * step, phi) for k in (-2, -1, 0, 1, 2)]
    np.testing.assert_allclose(out.log_f, f[2])
    np.testing.assert_allclose(out.g, (f[3] - f[1]) / (2 * step), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(out.w, -(f[3] - 2 * f[2] + f[1]) / step**2, rtol=1e-4, atol=1e-6)
    ends = [empty_rows(6), empty_rows(6)]
    for end, sign in zip(ends, (-1, 1), strict=True):
        likelihood.fill(eta + sign * step, phi, end)
    np.testing.assert_allclose(out.dw, (ends[1].w - ends[0].w) / (2 * step), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("family", [codes.BINOMIAL, codes.POISSON, codes.BETA, codes.NEGATIVE_BINOMIAL])
def test_scores_are_differences(family):
    rng = np.random.default_rng(10 + family)
    likelihood = over_classes(family, rng)
    eta, phi = rng.normal(size=6), rng.normal(0, 0.7, likelihood.parameters)
    h, t, out, step = rng.normal(size=6), rng.normal(size=6), empty_rows(6), 1e-5

    def objective(at):
        likelihood.fill(eta, at, out)
        return np.sum(-2 * out.log_f + h * out.w) + t @ out.g

    slopes = [(objective(phi + unit) - objective(phi - unit)) / (2 * step) for unit in step * np.eye(phi.size)]
    np.testing.assert_allclose(likelihood.scores(eta, phi, h, t), slopes, rtol=1e-5, atol=1e-7)


def planted(family, misplaced, seed, n_readers=30, n_cases=40):
    """Two strategies 1 apart in effect on an outcome, seen through a measure that misplaces a share of readings."""
    rng = np.random.default_rng(seed)
    reader, case = np.divmod(np.arange(n_readers * n_cases), n_cases)
    follows = rng.integers(0, 2, reader.size)
    apart = -2 * ndtri(misplaced)
    second = expit(apart * (rng.normal(apart * follows, 1) - apart / 2))
    eta = follows + rng.normal(0, 0.5, n_readers)[reader] + rng.normal(0, 0.7, n_cases)[case]
    y = rng.binomial(1, expit(eta)) if family == "binomial" else eta + rng.normal(size=eta.size)
    data = pd.DataFrame({"reading": np.arange(eta.size), "reader": reader, "case": case, "y": y})
    return data, pd.DataFrame({"reading": data["reading"], "a": 1 - second, "b": second})


MODEL = "y ~ strategy + (1 | reader) + (1 | case)"


@pytest.mark.parametrize("family", ["gaussian", "binomial"])
def test_a_planted_effect_is_met_where_one_reading_in_five_is_misplaced(family):
    fits = [stats.mixed_misclassified(MODEL, *planted(family, 0.2, seed), family=family) for seed in range(12)]
    effects = np.array([[fit.assigned.coefficients[1], fit.corrected.coefficients[1]] for fit in fits])
    error = effects.std(axis=0, ddof=1) / np.sqrt(len(fits))
    assert effects[:, 0].mean() < 0.7
    assert abs(effects[:, 1].mean() - 1) < 3 * error[1]
    assert np.mean([fit.misplaced for fit in fits]) == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize("family", ["gaussian", "binomial"])
def test_where_every_class_is_known_the_correction_changes_nothing(family):
    data, known = planted(family, 0.1, 1)
    known[["a", "b"]] = known[["a", "b"]].round()
    found = stats.mixed_misclassified(MODEL, data, known, family=family)
    assert found.misplaced == 0
    columns = ["estimate", "std_error", "conf_low", "conf_high"]
    one, other = (fit.estimates().set_index("term")[columns] for fit in (found.assigned, found.corrected))
    pd.testing.assert_frame_equal(one, other, rtol=1e-4)
    assert found.corrected.log_likelihood == pytest.approx(found.assigned.log_likelihood)


def test_interactions_and_a_dispersion_keep_their_places():
    """Effects of the class return to where the formula has them: with the classes known, nothing moves."""
    data, known = planted("gaussian", 0.1, 2)
    data = data.assign(y=expit(data["y"]), years=np.linspace(0, 3, 30)[data["reader"]])
    known[["a", "b"]] = known[["a", "b"]].round()
    found = stats.mixed_misclassified("y ~ strategy * years + (1 | reader) + (1 | case)", data, known, family="beta")
    columns = ["estimate", "std_error"]
    one, other = (fit.estimates().set_index("term")[columns] for fit in (found.assigned, found.corrected))
    pd.testing.assert_frame_equal(one, other, rtol=2e-3)
    effects = [stats.marginal_effects(fit, "strategy") for fit in (found.assigned, found.corrected)]
    np.testing.assert_allclose(effects[0]["std_error"], effects[1]["std_error"], rtol=2e-3)


def test_risk_differences_come_from_the_corrected_fit():
    data, known = planted("binomial", 0.1, 3)
    found = stats.mixed_misclassified(MODEL, data, known, family="binomial")
    one, other = (
        stats.marginal_effects(fit, "strategy")["estimate"].item() for fit in (found.assigned, found.corrected)
    )
    assert other > one


def test_rows_are_joined_by_reading_and_those_without_a_posterior_left_out():
    data, known = planted("gaussian", 0.1, 4)
    plain = stats.mixed_misclassified(MODEL, data.iloc[10:], known.iloc[10:])
    shuffled = known.sample(frac=1, random_state=1)
    shuffled.loc[shuffled["reading"] < 10, ["a", "b"]] = np.nan
    joined = stats.mixed_misclassified(MODEL, data, shuffled)
    assert joined.corrected.n == len(data) - 10
    np.testing.assert_allclose(joined.corrected.coefficients, plain.corrected.coefficients)


def test_readers_that_keep_to_a_strategy_sharpen_its_probabilities():
    """Planted shares of 0.1 or 0.9 by reader: misplaced readings fall, and the mean probability stays honest."""
    rng = np.random.default_rng(5)
    reader = np.repeat(np.arange(40), 50)
    follows = rng.random(2000) < np.where(reader % 2, 0.9, 0.1)
    second = expit(2 * (rng.normal(2.0 * follows, 1) - 1))
    given = pd.DataFrame({"a": 1 - second, "b": second})
    shared = stats.share_posterior(given, pd.Series(reader))
    wrong = [float(np.mean((table["b"] > 0.5) != follows)) for table in (given, shared)]
    assert wrong[1] < 0.7 * wrong[0]
    assert abs(shared["b"].mean() - follows.mean()) < 0.02
    assert np.mean(1 - shared.max(axis=1)) == pytest.approx(wrong[1], abs=0.02)
    mixed_up = stats.share_posterior(given, pd.Series(rng.permutation(reader)))
    assert np.abs(mixed_up["b"] - given["b"]).max() < 0.15


@pytest.mark.parametrize(
    ("formula", "change", "words"),
    [
        (
            "y ~ 1 + (1 | reader)",
            {},
            "the fixed part of the formula doesn't have the class 'strategy'; name it by column=",
        ),
        (
            "y ~ strategy + (strategy | reader)",
            {},
            "effects of 'strategy' that vary by group aren't corrected; keep 'strategy' to the fixed part",
        ),
        (MODEL, {"a": 0.7}, "posterior: expected probabilities from 0 that add up to 1 in each row"),
        (
            MODEL,
            {"a": 0.9, "b": 0.1},
            "posterior: no row is likeliest in 'b'; leave its column out or merge it with another",
        ),
    ],
)
def test_what_cannot_be_corrected_is_named(formula, change, words):
    data, known = planted("gaussian", 0.1, 1)
    with pytest.raises(stats.ModelError) as caught:
        stats.mixed_misclassified(formula, data, known.assign(**change))
    assert str(caught.value) == words


def test_much_that_is_misplaced_is_noted():
    rng = np.random.default_rng(2)
    data = pd.DataFrame({"reader": np.repeat(np.arange(10), 60), "y": rng.normal(size=600)})
    for second, said in ((0.05, False), (0.25, True)):
        share = np.where(rng.random(600) < 0.5, second, 1 - second)
        known = pd.DataFrame({"a": 1 - share, "b": share})
        found = stats.mixed_misclassified("y ~ strategy + (1 | reader)", data, known)
        assert any("of rows misplaced: if these" in note for note in found.corrected.notes) is said
        assert not any("of rows misplaced" in note for note in found.assigned.notes)
