"""The solver against dense NumPy, SciPy's densities and finite differences."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from scipy import special

from gazeanalytics._kernels import special as special_kernels
from gazeanalytics._kernels.stats import densities as codes
from gazeanalytics._kernels.stats.families import Outcome
from gazeanalytics.stats.mixed.design import ModelError, RandomTerm, arrange, arrange_weighted, unpack
from gazeanalytics.stats.mixed.settings import Tolerances
from gazeanalytics.stats.mixed.solver import fitting
from gazeanalytics.stats.mixed.solver.laplace import Gaussian, Laplace
from gazeanalytics.stats.mixed.solver.likelihood import Density, Inflated, Thresholds, empty_rows
from gazeanalytics.stats.mixed.solver.optimise import minimise

_spec = importlib.util.spec_from_file_location("naive_mixed", Path(__file__).with_name("naive_mixed.py"))
naive = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(naive)

ROWS = 60
LIMITS = Tolerances()
THETA = np.array([0.9, 1.1, 0.3, 0.7, 0.6])
FAMILIES = {
    codes.BINOMIAL: [],
    codes.POISSON: [],
    codes.NEGATIVE_BINOMIAL: [0.3],
    codes.NEGATIVE_BINOMIAL_LINEAR: [0.4],
    codes.BETA: [1.3],
    codes.BETA_BINOMIAL: [0.7],
    codes.BINOMIAL_PROBIT: [],
    codes.BINOMIAL_CLOGLOG: [],
    codes.LOGNORMAL: [-0.3],
    codes.GAMMA: [0.4],
    codes.INVERSE_GAUSSIAN: [0.4],
    codes.CUMULATIVE_LOGIT: [-1.0, 0.2, 1.0],
    codes.CUMULATIVE_PROBIT: [-1.0, 0.2, 1.0],
}


def draw_terms(rng):
    def term(group, levels, names):
        z = np.column_stack([np.ones(ROWS), rng.normal(size=ROWS)])[:, : len(names)].copy()
        return RandomTerm(group, names, np.arange(levels), rng.integers(0, levels, ROWS), z)

    return (
        term("reader", 7, ("(Intercept)", "x")),
        term("case", 25, ("(Intercept)",)),
        term("country", 3, ("(Intercept)",)),
    )


def draw_response(family, rng):
    if family in (codes.BINOMIAL, codes.BINOMIAL_PROBIT, codes.BINOMIAL_CLOGLOG):
        return rng.integers(0, 4, ROWS).astype(float), np.full(ROWS, 3.0)
    if family == codes.BETA:
        return rng.beta(2, 3, ROWS), np.ones(ROWS)
    if family == codes.LOGNORMAL:
        # Seen, censored on the right, in an interval, censored on the left.
        low = np.exp(rng.normal(size=ROWS))
        high = np.choose(np.arange(ROWS) % 4, [low, np.inf, 1.7 * low, low])
        return np.where(np.arange(ROWS) % 4 == 3, 0.0, low), high
    if family in (codes.GAMMA, codes.INVERSE_GAUSSIAN):
        return rng.gamma(2.0, 1.0, ROWS), np.ones(ROWS)
    if family == codes.BETA_BINOMIAL:
        return rng.integers(0, 6, ROWS).astype(float), np.full(ROWS, 5.0)
    top = 4 if family >= codes.CUMULATIVE_LOGIT else 7
    return rng.integers(0, top, ROWS).astype(float), np.ones(ROWS)


def build(family, seed=3):
    rng = np.random.default_rng(seed)
    x = np.column_stack([np.ones(ROWS), rng.normal(size=ROWS)])
    y, size = (rng.normal(size=ROWS), np.ones(ROWS)) if family == 0 else draw_response(family, rng)
    fixed = x[:, 1:] if family >= codes.CUMULATIVE_LOGIT else x
    return arrange(y, fixed, draw_terms(rng), size=size, offset=0.1 * rng.normal(size=ROWS))


def dense(design, theta):
    """Z Lambda with rows in the design's order."""
    return naive.dense_z(design.terms, unpack(theta, design.terms))[design.order]


def slopes(objective, at, step=1e-5):
    shifts = step * np.eye(at.size)
    return np.array([(objective(at + s)[0] - objective(at - s)[0]) / (2 * step) for s in shifts])


def likelihood_of(family, y, size, own=None):
    own = np.ones((y.size, 1)) if own is None else own
    if family >= codes.CUMULATIVE_LOGIT:
        return Thresholds(family, y.astype(np.int64), own, 3)
    return Density(family, Outcome(y, size))


def derivatives(family, phi):
    def all_rows(y, size, eta):
        out = empty_rows(y.size)
        likelihood_of(family, y, size).fill(eta, phi, out)
        return out.log_f, out.g, out.w

    return all_rows


@pytest.mark.parametrize("reml", [False, True])
def test_gaussian_objective_equals_the_marginal_normal_law(reml):
    design = build(0)
    engine = Gaussian(design, reml=reml)
    want = naive.gaussian(design.y - design.offset, design.x, dense(design, THETA), 1.3, reml)
    assert engine.unprofiled(THETA, 1.3)[0] == pytest.approx(want, abs=1e-9)
    value, gradient = engine(THETA)
    assert value == pytest.approx(engine.unprofiled(THETA, engine.sigma)[0], abs=1e-9)
    np.testing.assert_allclose(gradient, slopes(engine, THETA), atol=1e-6)


@pytest.mark.parametrize("reml", [False, True])
def test_precision_weights_equal_the_marginal_normal_law(reml):
    rng = np.random.default_rng(4)
    plain, weights = build(0), rng.uniform(0.5, 8.0, ROWS)
    back = np.argsort(plain.order)
    y, x, offset = plain.y[back], plain.x[back], plain.offset[back]
    design = arrange_weighted(y, x, draw_terms(np.random.default_rng(3)), weights=weights, offset=offset)
    assert design.places == (1, 0, 2)
    z = naive.dense_z(design.terms, unpack(THETA, design.terms)) / np.sqrt(weights)[:, None]
    covariance = 1.3**2 * (np.diag(1 / weights) + z @ z.T)
    engine = Gaussian(design, reml=reml)
    want = naive.marginal_gaussian(y - offset, x, covariance, reml)
    assert engine.unprofiled(THETA, 1.3)[0] == pytest.approx(want, abs=1e-9)
    value, gradient = engine(THETA)
    assert value == pytest.approx(engine.unprofiled(THETA, engine.sigma)[0], abs=1e-9)
    np.testing.assert_allclose(gradient, slopes(engine, THETA), atol=1e-6)


@pytest.mark.parametrize("reml", [False, True])
def test_average_information_equals_its_dense_twin(reml):
    design = build(0)
    engine = Gaussian(design, reml=reml)
    engine(THETA)

    def marginal(theta):
        z = dense(design, theta)
        return np.eye(ROWS) + z @ z.T

    want = naive.average_information(design.y - design.offset, design.x, marginal, THETA, reml)
    np.testing.assert_allclose(engine.information(THETA), want, rtol=1e-7, atol=1e-8)


def test_the_model_of_the_curvature_is_near_the_hessian_where_a_variance_goes_to_zero():
    design, small = build(0), np.array([0.9, 1.1, 0.3, 0.7, 0.02])
    engine = Gaussian(design, reml=True)
    gradient = engine(small)[1].copy()
    assert gradient[-1] > 0
    want = (engine(small + 1e-6 * np.eye(5)[-1])[1][-1] - gradient[-1]) / 1e-6
    engine(small)
    assert engine.model(small)[-1, -1] == pytest.approx(want, rel=0.01)
    assert engine.information(small)[-1, -1] < 0.1 * want


@pytest.mark.parametrize("family", list(FAMILIES))
def test_log_densities_equal_scipy(family):
    phi = np.array(FAMILIES[family])
    y, size = draw_response(family, np.random.default_rng(5))
    eta = np.linspace(-4, 4, ROWS)
    log_f, _, _ = derivatives(family, phi)(y, size, eta)
    want = [naive.log_density(family, *row, phi) for row in zip(y, size, eta, strict=True)]
    np.testing.assert_allclose(log_f, want, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("family", list(FAMILIES))
def test_derivatives_of_the_log_density(family):
    phi, step = np.array(FAMILIES[family]), 1e-5
    y, size = draw_response(family, np.random.default_rng(6))
    eta = np.linspace(-3, 3, ROWS)

    def rows(at):
        out = empty_rows(ROWS)
        likelihood_of(family, y, size).fill(at, phi, out)
        return out.log_f, out.g, out.w, out.dw

    middle, high, low = rows(eta), rows(eta + step), rows(eta - step)
    for order, sign in ((0, 1), (1, -1), (2, 1)):
        numeric = (high[order] - low[order]) / (2 * step)
        np.testing.assert_allclose(sign * middle[order + 1], numeric, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("family", list(FAMILIES))
def test_laplace_equals_the_dense_twin_and_its_gradient_finite_differences(family):
    design, phi = build(family), np.array(FAMILIES[family])
    # The inverse Gaussian isn't log-concave: some steps to its modes aren't Newton's, and end less near to them.
    near = Tolerances(modes=1e-13)
    engine = Laplace(design, likelihood_of(family, design.y, design.size), limits=near)
    joint = np.concatenate([THETA, phi])
    np.testing.assert_allclose(engine(joint)[1], slopes(engine, joint), rtol=1e-5, atol=1e-5)
    beta = engine.hold_fixed() + 0.1
    at = np.concatenate([THETA, beta, phi])
    value, gradient = engine(at)
    eta = design.offset + design.x @ beta
    want = naive.laplace(design.y, design.size, eta, dense(design, THETA), derivatives(family, phi))
    assert value == pytest.approx(want, abs=1e-8)
    np.testing.assert_allclose(gradient, slopes(engine, at), rtol=1e-5, atol=1e-5)


INFLATED = {
    codes.POISSON: [-0.4, 0.8],
    codes.NEGATIVE_BINOMIAL: [0.3, -0.4, 0.8],
    codes.NEGATIVE_BINOMIAL_LINEAR: [0.4, -0.4, 0.8],
}


@pytest.mark.parametrize("family", list(INFLATED))
def test_counts_with_excess_zeros_equal_the_mixture_and_finite_differences(family):
    design, phi = build(family), np.array(INFLATED[family])
    x = np.column_stack([np.ones(ROWS), np.linspace(-1, 1, ROWS)])
    likelihood = Inflated(Density(family, Outcome(design.y, design.size)), x)
    eta, out = np.linspace(-2, 2, ROWS), empty_rows(ROWS)
    likelihood.fill(eta, phi, out)
    share = special.expit(x @ phi[-2:])
    counts = [naive.log_density(family, *row, phi[:-2]) for row in zip(design.y, design.size, eta, strict=True)]
    want = np.log(share * (design.y == 0) + (1 - share) * np.exp(counts))
    np.testing.assert_allclose(out.log_f, want, rtol=1e-9, atol=1e-11)
    check_gradients(Laplace(design, likelihood), phi)


@pytest.mark.parametrize("family", [codes.CUMULATIVE_LOGIT, codes.CUMULATIVE_PROBIT])
def test_thresholds_that_move_equal_their_law_and_finite_differences(family):
    design, phi = build(family), np.array([-1.0, 0.2, 1.0, 0.3, 0.1, -0.2])
    x = np.column_stack([np.ones(ROWS), np.linspace(-1, 1, ROWS)])
    likelihood = likelihood_of(family, design.y, design.size, x)
    eta, out = np.linspace(-2, 2, ROWS), empty_rows(ROWS)
    likelihood.fill(eta, phi, out)
    cuts = phi[:3] + x[:, 1:] * phi[3:]
    want = [naive.log_density(family, design.y[i], 1, eta[i], cuts[i]) for i in range(ROWS)]
    np.testing.assert_allclose(out.log_f, want, rtol=1e-9, atol=1e-11)
    check_gradients(Laplace(design, likelihood), phi)


def check_gradients(engine, phi):
    joint = np.concatenate([THETA / 3, phi])
    np.testing.assert_allclose(engine(joint)[1], slopes(engine, joint), rtol=1e-5, atol=1e-5)
    at = np.concatenate([THETA / 3, engine.hold_fixed() + 0.1, phi])
    np.testing.assert_allclose(engine(at)[1], slopes(engine, at), rtol=1e-5, atol=1e-5)


def test_polygamma_equals_scipy():
    for x in [1e-3, 0.4, 1.0, 7.9, 8.0, 55.5, 1e6]:
        want = [special.digamma(x), special.polygamma(1, x), special.polygamma(2, x)]
        np.testing.assert_allclose(kernels_polygamma(x), want, rtol=1e-12)


def kernels_polygamma(x):
    return special_kernels.polygamma(x)


def test_thresholds_out_of_order_and_lost_values_have_infinite_objective():
    design = build(codes.CUMULATIVE_LOGIT)
    engine = Laplace(design, likelihood_of(codes.CUMULATIVE_LOGIT, design.y, design.size))
    assert engine(np.concatenate([THETA, [0.0, 1.0, 0.5]]))[0] == np.inf
    assert engine(np.concatenate([THETA, [0.0, np.nan, 2.0]]))[0] == np.inf


def test_minimise_finds_the_bottom_of_a_curved_valley():
    def valley(x):
        value = 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2
        return value, np.array([-400 * x[0] * (x[1] - x[0] ** 2) - 2 * (1 - x[0]), 200 * (x[1] - x[0] ** 2)])

    optimum = minimise(valley, np.array([-1.2, 1.0]), np.eye(2), tolerance=1e-14)
    assert optimum.converged
    np.testing.assert_allclose(optimum.at, [1, 1], atol=1e-6)


def test_two_huge_crossed_groupings_are_refused():
    rows = 50_000
    codes_ = np.arange(rows)
    terms = tuple(RandomTerm(g, ("(Intercept)",), codes_, codes_, np.ones((rows, 1))) for g in ("case", "visit"))
    with pytest.raises(ModelError, match=r"may have 20,000 random effects; got 50,000: case \(50,000 levels\)"):
        arrange(np.zeros(rows), np.ones((rows, 1)), terms, size=np.ones(rows), offset=np.zeros(rows))


def test_flat_directions_of_spreads_are_held_and_those_of_fixed_effects_are_not():
    flat = np.array([[4.0, 4.0, 0.0], [4.0, 4.0, 0.0], [0.0, 0.0, 8.0]])
    held = fitting._invert(flat, LIMITS, slice(2, 3))
    assert held[2, 2] == pytest.approx(2 / 8)
    np.testing.assert_allclose(held[:2, :2], 2 / 16)  # (1, 1)/sqrt 2 is curved by 8
    indefinite = np.array([[1.0, 2.0], [2.0, 1.0]])
    assert np.isnan(fitting._invert(indefinite, LIMITS, slice(0, 2))).all()
    assert np.isnan(fitting._invert(np.diag([1.0, -1.0]), LIMITS, slice(1, 2))).all()
    np.testing.assert_allclose(fitting._invert(np.diag([4.0, -1.0]), LIMITS, slice(0, 1)), np.diag([0.5, 0.0]))
