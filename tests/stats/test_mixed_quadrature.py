"""Quadrature over the largest of crossed groupings: against plain sums, integrals in full, and known truth."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, special

from gazeanalytics import stats
from gazeanalytics._kernels.stats import densities as codes
from gazeanalytics._kernels.stats.families import Outcome
from gazeanalytics.stats.mixed.design import RandomTerm, arrange, unpack
from gazeanalytics.stats.mixed.settings import Tolerances
from gazeanalytics.stats.mixed.solver import fitting
from gazeanalytics.stats.mixed.solver.crossed_quadrature import CrossedQuadrature
from gazeanalytics.stats.mixed.solver.laplace import Laplace
from gazeanalytics.stats.mixed.solver.likelihood import Density

_spec = importlib.util.spec_from_file_location("naive_mixed", Path(__file__).with_name("naive_mixed.py"))
naive = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(naive)

ROWS = 60
NEAR = Tolerances(modes=1e-13)
AT = np.array([0.9, 1.1, 0.3, 0.7, 0.6, 0.1, -0.2])
FAMILIES = (codes.BINOMIAL, codes.BINOMIAL_PROBIT, codes.BINOMIAL_CLOGLOG, codes.POISSON)


def build(family, terms=3):
    rng = np.random.default_rng(3)
    x = np.column_stack([np.ones(ROWS), rng.normal(size=ROWS)])

    def term(group, levels, names):
        z = np.column_stack([np.ones(ROWS), rng.normal(size=ROWS)])[:, : len(names)].copy()
        return RandomTerm(group, names, np.arange(levels), np.arange(ROWS) % levels, z)

    made = (
        term("reader", 3, ("(Intercept)", "x")),
        term("case", 25, ("(Intercept)",)),
        term("country", 3, ("(Intercept)",)),
    )
    y = rng.integers(0, 2 if family != codes.POISSON else 6, ROWS).astype(float)
    return arrange(y, x, made[-terms:], size=np.ones(ROWS), offset=0.1 * rng.normal(size=ROWS))


def objective(family, points=7, at=AT, terms=3):
    design = build(family, terms=terms)
    engine = Laplace(design, Density(family, Outcome(design.y, design.size)), limits=NEAR)
    engine.hold_fixed()
    engine(at)
    return CrossedQuadrature(engine, points)


def plain(family, found, at):
    """The same sum over the same nodes, level by level, its mode by SciPy and its Hessian by differences."""
    design = found.design
    z = naive.dense_z(design.terms, unpack(at[:-2], design.terms))[design.order]
    main = len(design.terms[0].levels)
    eta0, level = design.offset + design.x @ at[-2:], np.asarray(design.terms[0].codes)[design.order]

    def minus_log(b):
        total = 0.0
        for j in range(main):
            own = level == j
            base = eta0[own] + z[own, main:] @ b
            logs = [
                weight + naive.log_density(family, design.y[own], design.size[own], base + z[own, j] * place, []).sum()
                for place, weight in zip(found.places[j], found.log_weights[j], strict=True)
            ]
            total -= special.logsumexp(logs)
        return 2 * total + b @ b

    mode = optimize.minimize(minus_log, found.b, method="BFGS", options={"gtol": 1e-6}).x
    step, size = 1e-3, mode.size
    hessian = np.empty((size, size))
    for i, one in enumerate(step * np.eye(size)):
        for k, other in enumerate(step * np.eye(size)):
            corners = minus_log(mode + one + other) + minus_log(mode - one - other)
            hessian[i, k] = (corners - minus_log(mode + one - other) - minus_log(mode - one + other)) / (4 * step**2)
    return minus_log(mode) + np.linalg.slogdet(hessian / 2)[1]


@pytest.mark.parametrize("family", [codes.BINOMIAL, codes.POISSON])
def test_objective_equals_plain_sums(family):
    at = np.array([0.9, 0.6, 0.1, -0.2])
    found = objective(family, 3, at, terms=2)
    value, _ = found(at)
    assert value == pytest.approx(plain(family, found, at), abs=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_gradient_equals_differences(family):
    found = objective(family)
    for _ in range(2):
        gradient = found(AT)[1]
        shifts = 1e-5 * np.eye(AT.size)
        slopes = [(found(AT + shift)[0] - found(AT - shift)[0]) / 2e-5 for shift in shifts]
        np.testing.assert_allclose(gradient, slopes, atol=1e-6)
        found.adapt()


def test_more_points_come_nearer_to_the_integral_and_laplace_stays_off():
    values = [objective(codes.BINOMIAL, points)(AT)[0] for points in (5, 9, 25)]
    assert abs(values[1] - values[2]) < 0.1 * abs(values[0] - values[2]) < 1e-2
    found = objective(codes.BINOMIAL)
    assert found.engine(AT)[0] > values[2] + 0.5


@pytest.fixture(scope="module")
def study():
    rng = np.random.default_rng(11)
    case = np.repeat(np.arange(400), 2)
    frame = pd.DataFrame({"case": case, "reader": rng.integers(0, 10, 800), "x": rng.normal(size=800)})
    effects = rng.normal(0, 0.5, 10)[frame["reader"]] + rng.normal(0, 1.5, 400)[case]
    return frame.assign(right=rng.binomial(1, special.expit(0.5 + 0.5 * frame["x"] + effects)))


FORMULA = "right ~ x + (1 | reader) + (1 | case)"


def full_integral(at, study, points=21):
    """The likelihood of two readers, integrated over both in full, as over cases, at 21 nodes."""
    beta, sd_reader, sd_case = at[:2], at[2], at[3]
    nodes, weights = np.polynomial.hermite_e.hermegauss(points)
    log_weights = np.log(weights / np.sqrt(2 * np.pi))
    eta = beta[0] + beta[1] * study["x"].to_numpy()
    right, reader = study["right"].to_numpy(), study["reader"].to_numpy()
    starts = np.flatnonzero(np.r_[True, np.diff(study["case"]) > 0])
    outer = np.empty((points, points))
    for r, first in enumerate(nodes):
        for s, second in enumerate(nodes):
            base = eta + sd_reader * np.where(reader == 0, first, second)
            inner = base[:, None] + sd_case * nodes
            by_row = np.where(right[:, None], special.log_expit(inner), special.log_expit(-inner))
            by_case = special.logsumexp(np.add.reduceat(by_row, starts) + log_weights, axis=1)
            outer[r, s] = by_case.sum() + log_weights[r] + log_weights[s]
    return special.logsumexp(outer)


def test_the_likelihood_is_near_the_integral_in_full(study):
    pair = study.head(120).assign(reader=np.tile([0, 1], 60))
    fit = stats.mixed(FORMULA, pair, family="binomial", settings={"quadrature": 15})
    at = np.array([*fit.coefficients, fit.random[0].sd[0], fit.random[1].sd[0]])
    want = full_integral(at, pair)
    assert fit.log_likelihood == pytest.approx(want, abs=0.01)
    laplace = stats.mixed(FORMULA, pair, family="binomial")
    assert laplace.random[1].sd[0] < 0.8 * fit.random[1].sd[0]


def test_spread_of_cases_with_two_reads_is_found(study):
    fit = stats.mixed(FORMULA, study, family="binomial", settings={"quadrature": 9})
    table = fit.estimates().set_index("term")
    assert fit.converged
    assert table.loc["sd(case)", "conf_low"] < 1.5 < table.loc["sd(case)", "conf_high"]
    assert "9 quadrature points" in fit.engine
    profile = stats.confint(fit).set_index("term")
    assert profile.loc["x", "conf_low"] == pytest.approx(table.loc["x", "conf_low"], abs=0.02)
    more = stats.mixed(FORMULA, study, family="binomial", settings={"quadrature": 15})
    np.testing.assert_allclose(more.coefficients, fit.coefficients, atol=2e-4)


@pytest.mark.parametrize(
    ("formula", "family", "message"),
    [
        (
            "right ~ x + (1 | reader) + (1 + x | case)",
            "binomial",
            "adaptive quadrature (more than 1 point) is for a largest grouping of one coefficient, such as (1 | case); "
            "use quadrature=1, Laplace's approximation",
        ),
        (
            "share ~ x + (1 | reader) + (1 | case)",
            "beta",
            "adaptive quadrature (more than 1 point) with crossed groupings is for families without parameters of "
            "their own, 'binomial' and 'poisson'; got 'beta'; use quadrature=1, Laplace's approximation",
        ),
    ],
)
def test_what_quadrature_is_not_for(study, formula, family, message):
    with pytest.raises(stats.ModelError) as caught:
        stats.mixed(formula, study.assign(share=0.3 + 0.4 * study["right"]), family=family, settings={"quadrature": 9})
    assert str(caught.value) == message


def test_a_direction_that_was_held_has_a_step_and_a_curvature_that_is_none_no_interval():
    """With a step of no width the curvature was 0 / 0, and one fit in a thousand ended in an error of numpy's."""
    limits = Tolerances()
    steps = fitting._steps(np.diag([0.0, 0.04]), limits)
    assert (steps > 0).all()
    assert steps[1] == pytest.approx(limits.difference_step * 0.2)
    assert np.isnan(fitting._invert(np.array([[np.nan, 0.0], [0.0, 1.0]]), limits)).all()
