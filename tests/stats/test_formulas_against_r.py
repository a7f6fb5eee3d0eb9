"""Formula functions, means that can't be estimated and type III tests against R (numbers by r/formulas.R)."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import stats

FOLDER = Path(__file__).with_name("r")


@pytest.fixture(scope="module")
def data():
    return pd.read_csv(FOLDER / "formulas.csv")


@pytest.fixture(scope="module")
def r():
    return json.loads((FOLDER / "formulas.json").read_text())


def fitted(right, data):
    return stats.mixed(f"y ~ {right} + (1 | reader)", data)


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("ns", "ns(z, 3)"),
        ("ns", "cr(z, df=4)"),
        ("ns_knots", "ns(z, knots=[-0.5, 0.4])"),
        ("relevel", "relevel(site, ref='b') * help"),
        ("relevel", "relevel(as.factor(site), 'b') * help"),
        ("relevel", "factor(site, contr.treatment(base='b')) * help"),
        ("interaction", "interaction(site, help)"),
        ("interaction", "interaction(factor(site), help)"),
    ],
)
def test_formula_functions_are_those_of_r(data, r, name, right):
    fit, want = fitted(right, data), r[name]
    np.testing.assert_allclose(fit.coefficients, want["estimate"], atol=2e-6)
    np.testing.assert_allclose(fit.std_errors, want["std_error"], rtol=2e-5)
    assert fit.log_likelihood == pytest.approx(want["log_likelihood"], abs=1e-8)


def test_natural_splines_are_straight_beyond_their_ends(data, r):
    beyond = pd.DataFrame({"z": [-6.0, 0.0, 6.0]})
    np.testing.assert_allclose(stats.predict(fitted("ns(z, 3)", data), beyond, random=False), r["ns_beyond"], atol=5e-6)
    far = stats.predict(fitted("ns(z, 3)", data), pd.DataFrame({"z": [4.0, 6.0, 8.0]}), random=False)
    assert far[2] - far[1] == pytest.approx(far[1] - far[0])


def test_natural_splines_need_different_values_and_one_way_to_say_the_knots(data):
    for right in ("ns(z, df=0)", "ns(z, df=3, knots=[0])", "ns(one, 2)"):
        with pytest.raises(stats.ModelError, match="expected different values and either knots or a df from 1"):
            fitted(f"{right} + site", data.assign(one=1.0 + (data.z > 90)))


def test_relevel_wants_a_level(data):
    with pytest.raises(stats.ModelError, match="expected a reference level, as in relevel"):
        fitted("relevel(site)", data)
    with pytest.raises(stats.ModelError, match="expected a level as base: there are 'a', 'b', 'c'"):
        fitted("relevel(site, ref='d')", data)


def test_an_offset_with_a_minus_says_how_to_subtract_it(data):
    with pytest.raises(stats.ModelError, match=r"to subtract a known part write \+ offset\(-\(z\)\)"):
        fitted("site - offset(z)", data)
    less, moved = fitted("site + offset(-z)", data), fitted("site", data.assign(y=data.y + data.z))
    np.testing.assert_allclose(less.coefficients, moved.coefficients, atol=1e-7)


def test_means_of_an_interaction_know_its_columns_as_categories(data):
    means = stats.marginal_means(fitted("interaction(site, help)", data), "site", "help")
    both = stats.marginal_means(fitted("site * help", data), "site", "help")
    np.testing.assert_allclose(means["estimate"], both["estimate"], atol=1e-6)


@pytest.fixture(scope="module")
def never_met(data):
    return fitted("site * help", data[data.never == 1])


def same(table, want):
    known = [value is not None for value in want["estimate"]]
    for column in ("estimate", "std_error"):
        found = table[column].to_numpy()
        assert np.isfinite(found).tolist() == known
        expected = np.array(want[column], dtype=float)
        np.testing.assert_allclose(found[known], expected[known], rtol=2e-5)
    said = table["note"].str.startswith("not estimable: no row of the fit separates 'site[c]:help[yes]' from the other")
    assert said.tolist() == [not one for one in known]


def test_means_that_cannot_be_estimated_say_so(never_met, r):
    same(stats.marginal_means(never_met, "help"), r["means_help"])
    same(stats.marginal_means(never_met, "site"), r["means_site"])
    same(stats.contrasts(never_met, "site", method="none"), r["differences_site"])


def test_adjusted_predictions_that_cannot_be_made_say_so(never_met):
    table = stats.adjusted_predictions(never_met, "help")
    assert table["estimate"].isna().tolist() == [True, False]
    assert table["note"].iloc[0].startswith("not estimable: no row of the fit separates 'site[c]:help[yes]'")
    assert stats.marginal_effects(never_met, "help")["estimate"].isna().all()


def test_rows_of_levels_that_never_met_are_not_predicted(never_met, data):
    assert np.isfinite(stats.predict(never_met, data[data.never == 1])).all()
    with pytest.raises(stats.ModelError, match=r"got row 0 \(site a, help no\), which is not estimable"):
        stats.predict(never_met, data[data.never == 0])


@pytest.mark.parametrize(
    ("name", "right", "chosen"),
    [
        ("type3_interaction", "site * help + z + (1 | reader)", None),
        ("type3_interaction", "factor(site, contr.helmert) * help + z + (1 | reader)", None),
        ("type3_slopes", "site * z + help + (1 | reader) + (1 | case)", None),
        ("type3_unbalanced", "site * help * z + (1 | reader)", "never == 1 | case > 9"),
    ],
)
def test_type_three_tests_are_those_of_lmertest(data, r, name, right, chosen):
    rows = data.query(chosen) if chosen else data
    table = stats.joint_tests(stats.mixed(f"y ~ {right}", rows), kind="III").set_index("term")
    table.index = table.index.str.replace("factor(site, contr.helmert)", "site")
    want = pd.DataFrame(r[name]).set_index("term")
    assert set(table.index) == set(want.index)
    np.testing.assert_allclose(table.loc[want.index, "statistic"], want["statistic"], rtol=5e-5)
    np.testing.assert_allclose(table.loc[want.index, "df"], want["df"])
    np.testing.assert_allclose(table.loc[want.index, "df_residual"], want["df_residual"], rtol=1e-3)
    np.testing.assert_allclose(table.loc[want.index, "p_value"], want["p_value"], rtol=2e-3)


def test_type_three_tests_don_t_hang_on_the_coding_and_those_as_coded_do(data):
    def tests(right, kind):
        fit = stats.mixed(f"count ~ {right} + (1 | reader)", rows, family="poisson")
        return stats.joint_tests(fit, kind=kind)["statistic"].to_numpy()

    rows = data.assign(count=np.random.default_rng(1).poisson(np.exp(data.y / 3)))
    treatment, other = "site * help", "factor(site, contr.sum) * relevel(help, ref='yes')"
    np.testing.assert_allclose(tests(treatment, "III"), tests(other, "III"), rtol=1e-5)
    assert abs(tests(treatment, "coded")[1] - tests(other, "coded")[1]) > 0.1
    summed = "factor(site, contr.sum) * factor(help, contr.sum)"
    np.testing.assert_allclose(tests(summed, "coded"), tests(treatment, "III"), rtol=1e-5)


def test_type_three_tests_of_ordinal_outcomes_leave_the_thresholds_out(data):
    rows = data.assign(level=np.digitize(data.y, [1.5, 2.5, 3.5]))
    fits = [
        stats.mixed(f"level ~ {right} + (1 | reader)", rows, family="ordinal")
        for right in ("site * help", "factor(site, contr.sum) * factor(help, contr.sum)")
    ]
    found = stats.joint_tests(fits[0], kind="III")["statistic"]
    np.testing.assert_allclose(found, stats.joint_tests(fits[1])["statistic"], rtol=1e-4)


def test_type_three_tests_need_every_combination(never_met):
    with pytest.raises(stats.ModelError, match=r"here some are not estimable: no row .* separates 'site\[c\]:help"):
        stats.joint_tests(never_met, kind="III")
    with pytest.raises(stats.ModelError, match="expected 'coded' or 'III'; got 'II'"):
        stats.joint_tests(never_met, kind="II")
