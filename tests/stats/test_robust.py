"""Student's t and equidistant thresholds against glmmTMB, clm and clmm (numbers by r/robust.R), SciPy, differences."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats as laws

from gazeanalytics import stats
from gazeanalytics.stats.mixed.design import RandomTerm, arrange
from gazeanalytics.stats.mixed.solver.laplace import Laplace
from gazeanalytics.stats.mixed.solver.likelihood import Equidistant, Student, Thresholds, empty_rows

FOLDER = Path(__file__).with_name("r")
CROSSED = "(1 | reader) + (1 | case)"
EQUIDISTANT = {"thresholds": "equidistant"}


@pytest.fixture(scope="module")
def data():
    return pd.read_csv(FOLDER / "robust.csv")


@pytest.fixture(scope="module")
def r():
    return json.loads((FOLDER / "robust.json").read_text())


def rows_of(fit):
    return fit.estimates().set_index("term")


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("student_none", "x + late"),
        ("student_one", "x + late + (1 | reader)"),
        ("student_crossed", f"x + late + {CROSSED}"),
    ],
)
def test_student_equals_glmmtmb(data, r, name, right):
    fit, want = stats.mixed(f"y ~ {right}", data, family="student"), r[name]
    found = rows_of(fit)
    assert fit.log_likelihood == pytest.approx(want["log_likelihood"], abs=2e-6)
    np.testing.assert_allclose(fit.coefficients, want["estimate"], atol=2e-5)
    np.testing.assert_allclose(fit.std_errors, want["std_error"], rtol=2e-4)
    np.testing.assert_allclose(found.loc[["scale", "df"], "estimate"], [want["scale"], want["df"]], rtol=2e-4)
    sds = {term.group: term.sd.item() for term in fit.random}
    assert sds == pytest.approx(dict(want["sd"]) if want["sd"] else {}, rel=2e-4)


@pytest.mark.parametrize("df", [0.7, 4.0, 300.0])
def test_rows_of_student_equal_scipy_and_differences(df):
    rng = np.random.default_rng(1)
    y, eta = 3 * rng.standard_t(2, 40), rng.normal(size=40)
    phi, out = np.log([1.3, df]), empty_rows(40)
    Student(y).fill(eta, phi, out)
    np.testing.assert_allclose(out.log_f, laws.t.logpdf(y, df, eta, 1.3), rtol=1e-10, atol=1e-12)

    def at(shift):
        near = empty_rows(40)
        Student(y).fill(eta + shift, phi, near)
        return near

    high, low = at(1e-5), at(-1e-5)
    for value, slope in ((out.g, high.log_f - low.log_f), (-out.w, high.g - low.g), (out.dw, high.w - low.w)):
        np.testing.assert_allclose(value, slope / 2e-5, rtol=1e-5, atol=1e-7)


def crossed_design(y, rng):
    def term(group, levels):
        return RandomTerm(
            group, ("(Intercept)",), np.arange(levels), rng.integers(0, levels, y.size), np.ones((y.size, 1))
        )

    x = np.column_stack([rng.normal(size=y.size)])
    return arrange(y, x, (term("case", 20), term("reader", 6)), size=np.ones(y.size), offset=np.zeros(y.size))


@pytest.mark.parametrize("family", ["student", "equidistant"])
def test_gradients_of_the_whole_objective_equal_differences(family):
    rng = np.random.default_rng(4)
    y = 2 * rng.standard_t(3, 120) if family == "student" else rng.integers(0, 4, 120).astype(float)
    design = crossed_design(y, rng)
    cut = Thresholds(12, design.y.astype(np.int64), np.ones((120, 1)), 3) if family == "equidistant" else None
    engine = Laplace(design, Student(design.y) if cut is None else Equidistant(cut))
    engine.hold_fixed()
    at = np.array([0.6, 0.8, 0.3, *((0.2, 1.1) if cut is None else (-0.7, 0.9))])
    value, gradient = engine(at)
    steps = 1e-5 * np.eye(at.size)
    slopes = [(engine(at + step)[0] - engine(at - step)[0]) / 2e-5 for step in steps]
    assert np.isfinite(value)
    np.testing.assert_allclose(gradient, slopes, rtol=2e-5, atol=2e-5)


def test_outliers_move_student_little(data):
    wild = data.assign(y=np.where(data.index % 60 == 0, data.y + 40, data.y))
    formula = f"y ~ x + late + {CROSSED}"
    moved = [stats.mixed(formula, wild, family=family).coefficients[1] for family in ("student", "gaussian")]
    kept = [stats.mixed(formula, data, family=family).coefficients[1] for family in ("student", "gaussian")]
    assert abs(moved[0] - kept[0]) < 0.02
    assert abs(moved[1] - kept[1]) > 0.1


def test_normal_outcomes_give_many_degrees_of_freedom_and_the_linear_model():
    rng = np.random.default_rng(8)
    reader = np.repeat(np.arange(15), 40)
    table = pd.DataFrame({"reader": reader, "x": rng.normal(size=600)})
    table["y"] = table.x + rng.uniform(-1, 1, 600) + rng.normal(0, 0.5, 15)[reader]
    robust = stats.mixed("y ~ x + (1 | reader)", table, family="student")
    plain = stats.mixed("y ~ x + (1 | reader)", table, reml=False)
    assert rows_of(robust).loc["df", "estimate"] > 100
    assert any(note.startswith("no outliers") for note in robust.notes)
    np.testing.assert_allclose(robust.coefficients, plain.coefficients, atol=1e-3)
    np.testing.assert_allclose(robust.std_errors, plain.std_errors, rtol=0.02)


def test_student_predicts_simulates_and_averages(data):
    fit = stats.mixed(f"y ~ x + late + {CROSSED}", data, family="student")
    assert stats.predict(fit, random=False) == pytest.approx(fit.frame.x @ fit.coefficients)
    drawn = stats.simulate(fit, conditional=True, rng=1) - stats.predict(fit)
    low, high = laws.t.ppf([0.25, 0.75], rows_of(fit).loc["df", "estimate"]) * rows_of(fit).loc["scale", "estimate"]
    assert np.quantile(drawn, [0.25, 0.75]) == pytest.approx([low, high], abs=0.12)
    slope = stats.marginal_effects(fit, "x")
    assert slope["estimate"].item() == pytest.approx(fit.coefficients[1])
    assert slope["std_error"].item() == pytest.approx(fit.std_errors[1], rel=1e-6)


def test_equidistant_thresholds_equal_clm(data, r):
    fit, want = stats.mixed("grade ~ x + late", data, family="ordinal", settings=EQUIDISTANT), r["clm"]
    found = rows_of(fit).loc[["0|1", "spacing", "x", "late"]]
    assert fit.log_likelihood == pytest.approx(want["log_likelihood"], abs=1e-8)
    np.testing.assert_allclose(found["estimate"], list(want["coefficients"].values()), atol=1e-6)
    np.testing.assert_allclose(found["std_error"], want["std_error"], rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "right", "link"),
    [("clmm", f"x + late + {CROSSED}", "logit"), ("clmm_probit", "x + late + (1 | reader)", "probit")],
)
def test_equidistant_thresholds_equal_clmm(data, r, name, right, link):
    fit = stats.mixed(f"grade ~ {right}", data, family="ordinal", link=link, settings=EQUIDISTANT)
    want, found = r[name], rows_of(fit).loc[["0|1", "spacing", "x", "late"]]
    assert fit.log_likelihood == pytest.approx(want["log_likelihood"], abs=1e-6)
    np.testing.assert_allclose(found["estimate"], want["coefficients"], atol=2e-5)
    # clmm's Hessian is by differences, good to the third digit.
    np.testing.assert_allclose(found["std_error"], want["std_error"], rtol=3e-3)
    sds = {term.group: term.sd.item() for term in fit.random}
    assert sds == pytest.approx(want["sd"], rel=5e-4)


def test_probabilities_follow_from_equidistant_thresholds(data):
    fit = stats.mixed("grade ~ x", data, family="ordinal", settings=EQUIDISTANT)
    first, step = rows_of(fit).loc[["0|1", "spacing"], "estimate"]
    cuts = first + step * np.arange(4)
    below = laws.logistic.cdf(cuts - fit.coefficients * data["x"].to_numpy()[:, None])
    expected = np.diff(np.column_stack([np.zeros(len(data)), below, np.ones(len(data))]), axis=1)
    np.testing.assert_allclose(stats.predict(fit, data), expected, atol=1e-12)
    means = stats.adjusted_predictions(fit, {"x": [0.0]})
    np.testing.assert_allclose(means["estimate"], np.diff([0, *laws.logistic.cdf(cuts), 1]), atol=1e-10)
    error = means["std_error"].iloc[0] / (expected_slope := laws.logistic.pdf(first))
    assert error == pytest.approx(rows_of(fit).loc["0|1", "std_error"], rel=1e-5)
    assert expected_slope > 0


def test_equidistant_thresholds_are_a_special_case_of_flexible_ones(data):
    small = stats.mixed("grade ~ x", data, family="ordinal", settings=EQUIDISTANT)
    table = stats.anova(small, stats.mixed("grade ~ x", data, family="ordinal"))
    assert table["df"].iloc[1] == 2
    assert table["statistic"].iloc[1] > 0


@pytest.mark.parametrize(
    ("formula", "family", "settings", "message"),
    [
        ("y ~ x", "gaussian", EQUIDISTANT, "thresholds='equidistant' is for family 'ordinal'; got 'gaussian'"),
        ("grade ~ nominal(x)", "ordinal", EQUIDISTANT, "thresholds='equidistant' can't differ by nominal(...)"),
        (
            "grade ~ x",
            "ordinal",
            {"thresholds": "equal"},
            "expected one of 'flexible', 'equidistant'; got 'equal'",
        ),
    ],
)
def test_thresholds_that_make_no_sense_are_refused(data, formula, family, settings, message):
    with pytest.raises(ValueError, match="thresholds") as error:
        stats.mixed(formula, data, family=family, settings=settings)
    assert message in str(error.value)
