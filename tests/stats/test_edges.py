"""Answers at the edge of what data can say: SDs of 0, separated levels, few reads, no wrong call, lost rows."""

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import stats


def sloped(seed, spread):
    rng = np.random.default_rng(seed)
    reader = np.repeat(np.arange(8), 20)
    x = rng.normal(size=160)
    y = 0.5 * x + rng.normal(0, 0.7, 8)[reader] + rng.normal(0, spread, 8)[reader] * x + rng.normal(size=160)
    return pd.DataFrame({"reader": reader, "x": x, "y": y})


@pytest.mark.parametrize(("seed", "spread"), [(0, 0.0), (1, 0.0), (0, 0.2), (0, 0.5)])
def test_profiles_end_where_spreads_and_correlations_end(seed, spread):
    fit = stats.mixed("y ~ x + (1 + x | reader)", sloped(seed, spread))
    found = stats.confint(fit).set_index("term")[["estimate", "conf_low", "conf_high"]]
    assert np.isfinite(found.to_numpy()).all()
    assert (found["conf_low"] <= found["estimate"] + 1e-6).all()
    assert (found["estimate"] <= found["conf_high"] + 1e-6).all()
    assert found.loc["sd(reader: x)", "conf_low"] >= 0
    assert found.loc["cor(reader: (Intercept), x)", "conf_high"] <= 1


def test_a_spread_of_nothing_has_a_finite_upper_end():
    y = np.tile([0, 1, 1, 0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 1, 0], 6)
    data = pd.DataFrame({"y": y, "reader": np.repeat(np.arange(6), 15)})
    found = stats.confint(stats.mixed("y ~ 1 + (1 | reader)", data, family="binomial")).set_index("term")
    assert found.loc["sd(reader)", "conf_low"] == 0
    assert 0.2 < found.loc["sd(reader)", "conf_high"] < 1


def test_a_level_that_an_effect_parts_from_the_others_is_refused():
    data = pd.DataFrame({"s": list("aaabbbccc"), "x": range(1, 10)})
    with pytest.raises(stats.ModelError, match=r"separated: 'x' predicts the outcome .* \(of 'a' against the others\)"):
        stats.multinomial("s ~ x", data)


def test_few_readers_and_few_reads_are_in_the_estimates_of_a_multinomial():
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"reader": np.repeat(np.arange(8), 60), "case": np.tile(np.arange(240), 2)})
    data["years"], data["side"] = rng.uniform(0, 3, 8)[data.reader], rng.integers(0, 2, 480)
    data["s"] = rng.choice(list("abc"), 480)
    fit = stats.multinomial("s ~ years + side + (1 | reader) + (1 | case)", data)
    table = fit.estimates().set_index("term")
    assert table.loc[["b: years", "c: years"], "df"].tolist() == [6, 6]
    assert table.loc[["b: side", "c: side"], "df"].isna().all()
    row = table.loc["b: years"]
    assert row["conf_high"] - row["estimate"] == pytest.approx(2.4469 * row["std_error"], rel=1e-4)
    assert any(note.startswith("few rows: 2.0 for each case") for note in fit.notes)
    ranked = data.assign(s=pd.Categorical(data["s"], ordered=True))
    ordinal = stats.mixed("s ~ side + (1 | reader) + (1 | case)", ranked, family="ordinal")
    assert any(note.startswith("few rows: 2.0 for each case") for note in ordinal.notes)


def test_without_wrong_calls_there_is_no_meta_d():
    assert np.isnan(stats.fit_meta_d([[50, 50, 0, 0], [0, 0, 50, 50]]).meta_d_prime)
    assert np.isfinite(stats.fit_meta_d([[50, 40, 5, 5], [5, 5, 40, 50]]).meta_d_prime)


def test_orders_of_raters_are_merged_or_refused():
    low, mid, high = "low", "mid", "high"
    ann = pd.Categorical([low, high, high, low, low, high], [low, high], ordered=True)
    bob = pd.Categorical([low, high, mid, mid, low, low], [low, mid, high], ordered=True)
    merged = stats.agreement(pd.DataFrame({"a": ann, "b": bob}), weights="linear", coefficients=["cohen"])
    whole = pd.Categorical(list(ann), [low, mid, high], ordered=True)
    named = stats.agreement(pd.DataFrame({"a": whole, "b": bob}), weights="linear", coefficients=["cohen"])
    assert merged["estimate"].item() == named["estimate"].item()
    turned = pd.Categorical(list(bob), [high, mid, low], ordered=True)
    with pytest.raises(ValueError, match="orders that don't fit together"):
        stats.agreement(pd.DataFrame({"a": ann, "b": turned}), weights="linear", coefficients=["cohen"])


def test_rows_left_out_of_a_corrected_model_are_noted():
    rng = np.random.default_rng(2)
    data = pd.DataFrame({"reader": np.repeat(np.arange(10), 30), "x": rng.normal(size=300), "y": rng.normal(size=300)})
    data.loc[:9, "x"] = np.nan
    share = np.where(rng.random(300) < 0.5, 0.03, 0.97)
    known = pd.DataFrame({"a": share, "b": 1 - share})
    known.loc[20:21] = np.nan
    note = "12 of 300 rows left out: 10 without a value in a column of the formula, 2 without a posterior"
    found = stats.mixed_misclassified("y ~ strategy + x + (1 | reader)", data, known)
    assert note in found.assigned.notes
    assert note in found.corrected.notes
    assert (
        note
        in stats.multinomial_misclassified(
            "strategy ~ x + (1 | reader)", data, known, n_imputations=2, rng=1
        ).corrected.notes
    )
    with pytest.raises(stats.ModelError, match="have the names of those of data, in another order"):
        stats.mixed_misclassified("y ~ strategy + (1 | reader)", data, known.iloc[::-1])


def test_a_calibration_knows_its_own_error():
    rng = np.random.default_rng(1)
    data = pd.DataFrame({"reader": np.repeat(np.arange(20), 50), "score": rng.normal(0, np.sqrt(2), 1000)})
    found = stats.calibrate(data, "score", 1.0, given="(1 | reader)")
    # d(1 - e^2 / s^2) / ds times s / sqrt(2 n), at a reliability of a half
    assert found.reliability_error == pytest.approx(2 * (1 - found.reliability) / np.sqrt(2 * 980), rel=0.03)
    assert found.std_error(1.0, 0.04) == pytest.approx(np.hypot(0.04, found.reliability_error / found.reliability))


@pytest.fixture(scope="module")
def choices():
    """Which of three strategies a reading follows: 8 readers, whose years differ between them and nothing within."""
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"reader": np.repeat(np.arange(8), 60), "side": rng.choice(list("lr"), 480)})
    data["years"], data["s"] = rng.uniform(0, 3, 8)[data.reader], rng.choice(list("abc"), 480)
    return data.assign(two=np.where(data["s"] == "a", "a", "bc"), y=rng.normal(size=480))


def test_terms_of_a_multinomial_are_tested_over_all_levels(choices):
    two = stats.multinomial("two ~ years + side + (1 | reader)", choices)
    settings = {"success": "bc"}
    same = stats.mixed("two ~ years + side + (1 | reader)", choices, family="binomial", settings=settings)
    for kind in ("coded", "III"):
        found, want = stats.joint_tests(two, kind=kind), stats.joint_tests(same, kind=kind)
        pd.testing.assert_frame_equal(found, want, rtol=1e-3)
    three = stats.multinomial("s ~ years + side + (1 | reader)", choices)
    row = stats.joint_tests(three).set_index("term").loc["years"]
    column = three.names.index("years")
    effects, place = three.coefficients[:, column], three.theta.size + column + np.array([0, len(three.names)])
    wald = effects @ np.linalg.solve(three.covariance[np.ix_(place, place)], effects)
    assert (row["statistic"], row["df"], row["df_residual"]) == (pytest.approx(wald / 2), 2, 6)


def test_shares_by_what_readers_differ_in_have_the_readers_degrees_of_freedom(choices):
    fit = stats.multinomial("s ~ years + (1 | reader)", choices)
    row = stats.predicted_shares(fit, {"years": [0, 2]}, difference=True).iloc[0]
    quantile = (row["conf_high"] - row["estimate"]) / row["std_error"]
    assert 2.0 < quantile <= 2.4470  # t of 6 degrees of freedom at the most, 1.96 if all readings were of one reader


def odd_uses(data):
    posterior = pd.DataFrame({"a": 0.3, "b": 0.7}, index=data.index).assign(reading=np.arange(len(data)) // 2)
    numbered = data.assign(reading=np.arange(len(data)))
    fit = stats.multinomial("s ~ years + (1 | reader)", data)
    formula = "y ~ years + (1 | reader)"
    return {
        r"expected a fit of `mixed`; got a MultinomialFit: predicted_shares": lambda: stats.predict(fit),
        r"expected a fit of `mixed`; got a MultinomialFit: .* joint_tests": lambda: stats.marginal_effects(fit, "side"),
        r"expected a fit of `mixed` or `multinomial`; got a str": lambda: stats.joint_tests("fit"),
        r"weights: expected the name of a column; got ndarray": lambda: stats.mixed(
            formula, data, weights=np.ones(480)
        ),
        r"expected counts from 0 in cbind.*; got -1 in row 0": lambda: stats.mixed(
            "cbind(one, one - 2) ~ years + (1 | reader)", data.assign(one=1), family="binomial"
        ),
        r"data: expected a pandas.DataFrame, a row an observation; got dict": lambda: stats.mixed(formula, {"y": [1]}),
        r"error_sd: expected a standard deviation from 0; got '.1'": lambda: stats.calibrate(data, "y", ".1"),
        r"no column 'log\(y\)'.* a column of its own": lambda: stats.calibrate(data, "log(y)", 0.1),
        r"n_imputations: expected a whole number from 2": lambda: stats.multinomial_misclassified(
            "t ~ years + (1 | reader)", numbered, posterior, n_imputations=2.5
        ),
        r"posterior: reading 0 stands in two rows": lambda: stats.mixed_misclassified(
            "y ~ strategy + (1 | reader)", numbered, posterior
        ),
        r"expected an outcome of numbers from 0 to 1; got '(a|bc)'": lambda: stats.choose_outcome(data["two"]),
        r"expected numbers in 's'; got '[abc]'": lambda: stats.kaplan_meier(data, time="years", seen="s", clusters=()),
        r"no column 'yy'; did you mean 'y'": lambda: stats.kaplan_meier(data, time="yy", seen="side", clusters=()),
    }


def test_odd_uses_are_refused_in_one_sentence(choices):
    for message, use in odd_uses(choices).items():
        with pytest.raises(stats.ModelError, match=message):
            use()


def test_levels_that_are_numbers_can_be_named_as_text(choices):
    coded = choices.assign(site=np.arange(480) % 3)
    fit = stats.mixed("y ~ relevel(factor(site), ref='2') + (1 | reader)", coded)
    assert [name[-3:] for name in fit.names[1:]] == ["[0]", "[1]"]


def test_cubic_regression_splines_count_the_constant(choices):
    rows = choices.assign(z=np.random.default_rng(1).normal(size=480))
    ours, natural = (stats.mixed(f"y ~ {term} + (1 | reader)", rows) for term in ("cr(z, df=4)", "ns(z, df=3)"))
    assert ours.names[1] == "cr(z, df=4)[1]"
    assert ours.log_likelihood == pytest.approx(natural.log_likelihood, abs=1e-9)
    with pytest.raises(stats.ModelError, match=r"cr.*a df from 2"):
        stats.mixed("y ~ cr(z) + (1 | reader)", rows)


def test_a_correlation_at_the_end_of_its_range_is_noted():
    walk = np.cumsum(np.random.default_rng(1).normal(size=(6, 40)), axis=1)
    data = pd.DataFrame({"reader": np.repeat(np.arange(6), 40), "trial": np.tile(np.arange(40), 6), "y": walk.ravel()})
    fit = stats.mixed("y ~ 1 + ar1(trial | reader) + (1 | reader)", data.assign(y=data["y"] + 1e-3 * data["trial"]))
    rho = fit.estimates().set_index("term").loc["ar1(reader)", "estimate"]
    assert any("is at the end of its range" in note for note in fit.notes) == (rho > 0.994)


def test_a_label_may_hold_what_parts_labels():
    found = pd.DataFrame(
        {"model": "AUC", "term": "difference", "contrast": ["with - prior - without - prior"], "estimate": [0.01],
         "std_error": [0.01], "df": [20.0], "n": 100, "note": ""}
    )  # fmt: skip
    names = ("with - prior", "without - prior")
    rows = [stats.noninferiority(found, margin=0.05, new=name).iloc[0] for name in names]
    assert [row["estimate"] for row in rows] == [0.01, -0.01]
    assert [row["contrast"] for row in rows] == [" - ".join(names), " - ".join(reversed(names))]
