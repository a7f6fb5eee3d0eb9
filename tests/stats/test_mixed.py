"""Crossed mixed models: the numbers of lme4, the table, and wrong use refused in words."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import special
from scipy import stats as laws

from gazeanalytics import stats, tables


def study(seed=0, readers=12, cases=15):
    rng = np.random.default_rng(seed)
    reader, case = np.divmod(np.arange(readers * cases), cases)
    data = pd.DataFrame({"reader": reader, "case": case, "reading": np.arange(reader.size)})
    data["prior"] = rng.integers(0, 2, reader.size)
    data["site"] = np.where(reader % 2, "east", "west")
    eta = 0.3 + data.prior + rng.normal(0, 0.6, readers)[reader] + rng.normal(0, 0.8, cases)[case]
    data["correct"] = (rng.random(reader.size) < 1 / (1 + np.exp(-eta))).astype(int)
    data["seconds"] = np.exp(1 + 0.2 * eta + rng.normal(0, 0.3, reader.size))
    return data


@pytest.fixture(scope="module")
def interiors(shared_data):
    trials = pd.read_csv(shared_data / "interiors_search" / "trials.csv.gz")
    return trials[trials.max_saccades.isin([2, 4, 8, 12])]


def test_interiors_accuracy_equals_glmer(interiors):
    fit = stats.mixed("target_found ~ factor(max_saccades) + (1 | reader) + (1 | case)", interiors, family="binomial")
    table = fit.estimates().set_index("term")
    assert fit.log_likelihood == pytest.approx(-3744.227, abs=5e-4)
    want = {"(Intercept)": -2.5561, "factor(max_saccades)[4]": 1.5634, "factor(max_saccades)[8]": 3.1482}
    want |= {"factor(max_saccades)[12]": 3.7602, "sd(reader)": 0.7146, "sd(case)": 0.9555}
    for term, value in want.items():
        assert table.estimate[term] == pytest.approx(value, abs=5e-4), term
    np.testing.assert_allclose(fit.std_errors, [0.1870, 0.1724, 0.1653, 0.1682], atol=5e-4)
    assert fit.notes == ()


def test_interiors_uncertainty_equals_lmer(interiors):
    fit = stats.mixed(
        "log(uncertainty_size_px) ~ target_found + factor(max_saccades) + (1 | reader) + (1 | case)", interiors
    )
    table = fit.estimates().set_index("term")
    assert table.estimate["target_found"] == pytest.approx(-0.7807, abs=5e-5)
    assert table.std_error["target_found"] == pytest.approx(0.0254, abs=5e-5)
    assert table.statistic["target_found"] == pytest.approx(-30.8, abs=0.05)
    for term, value in {"sd(case)": 0.330, "sd(reader)": 0.627, "sd(residual)": 0.870}.items():
        assert table.estimate[term] == pytest.approx(value, abs=5e-4)


def test_estimates_keep_the_contract():
    fit = stats.mixed("correct ~ prior * site + (1 | reader) + (1 | case)", study(), family="binomial")
    table = tables.check(fit.estimates(model="accuracy"), "estimates")
    assert list(table.term) == [
        "(Intercept)", "prior", "site[west]", "prior:site[west]", "sd(reader)", "sd(case)",
    ]  # fmt: skip
    assert set(table.model) == {"accuracy"}
    assert table.n.eq(180).all()
    assert table.p_value.isna().tolist() == [False] * 4 + [True] * 2
    half = laws.t.ppf(0.975, table.df[:4].fillna(np.inf)) * table.std_error[:4]
    np.testing.assert_allclose(table.conf_high[:4], table.estimate[:4] + half)


def test_rows_with_missing_values_are_left_out_counted_and_noted():
    data = study()
    data.loc[[3, 5], "prior"] = np.nan
    data.loc[5, "case"] = np.nan
    fit = stats.mixed("seconds ~ prior + (1 | reader) + (1 | case)", data)
    note = "2 of 180 rows left out: missing in prior (2), case (1)"
    assert fit.notes == (note,)
    assert fit.estimates().note.eq(note).all()
    same = stats.mixed("seconds ~ prior + (1 | reader) + (1 | case)", data.dropna())
    np.testing.assert_array_equal(fit.coefficients, same.coefficients)


def test_rows_in_another_order_give_the_same_fit():
    data = study()
    mixed_up = data.sample(frac=1, random_state=2)
    for family, outcome in (("gaussian", "log(seconds)"), ("binomial", "correct")):
        formula = f"{outcome} ~ prior + (1 | reader) + (1 | case)"
        first, second = stats.mixed(formula, data, family=family), stats.mixed(formula, mixed_up, family=family)
        np.testing.assert_allclose(first.coefficients, second.coefficients, rtol=1e-7)
        assert first.log_likelihood == pytest.approx(second.log_likelihood, abs=1e-8)


def test_the_table_given_is_not_changed():
    data = study()
    before = data.copy()
    stats.mixed("log(seconds) ~ factor(prior) + (1 | reader) + (1 | case)", data)
    pd.testing.assert_frame_equal(data, before)


@pytest.mark.parametrize(
    ("formula", "family", "message"),
    [
        (
            "correct ~ priro + (1 | reader)",
            "binomial",
            "names the column 'priro', which the table doesn't have; did you",
        ),
        ("correct ~ prior + (1 | raeder)", "binomial", "did you mean 'reader'?"),
        ("correct ~ one + (1 | reader)", "binomial", "the predictor 'one' is 1 in all 180 rows"),
        ("correct ~ prior + zeros(1) + (1 | reader)", "binomial", "zeros(...) is for counts ('poisson', 'negative"),
        ("correct ~ nominal(prior) + (1 | reader)", "binomial", "nominal(...) is for family 'ordinal', whose"),
        ("level ~ prior + nominal(prior) + (1 | reader)", "ordinal", "'prior' is in nominal(...) and among the"),
        ("level ~ prior + zeros(1) + (1 | reader)", "poisson", "expected an outcome that is 0 in some rows"),
        ("level ~ zeros(1) + zeros(prior) + (1 | reader)", "poisson", "takes one nominal(...) or zeros(...)"),
        ("seconds ~ prior + (1 | reading)", "gaussian", "'reading' has one level per row (180)"),
        ("correct ~ prior + (1 | reading)", "binomial", "'reading' has one level per row (180)"),
        ("correct ~ prior + (1 | reader/case)", "binomial", "they are crossed. Write (1 | reader) + (1 | case)"),
        (
            "correct ~ oracle + (1 | reader)",
            "binomial",
            "separated: 'oracle' predicts the outcome without error in 180",
        ),
        ("correct ~ sure + (1 | reader)", "binomial", "separated: 'sure' predicts the outcome without error"),
        ("seconds ~ prior + (1 | reader)", "binomial", "expected an outcome of two values"),
        ("seconds ~ prior + (1 | reader)", "poisson", "expected whole numbers from 0; got"),
        ("seconds ~ prior + (1 | reader)", "beta", "numbers between 0 and 1, both excluded; got"),
        ("site ~ prior + (1 | reader)", "ordinal", "expected at least 3 levels; got 2"),
        ("place ~ prior + (1 | reader)", "ordinal", "got text without an order"),
        ("site ~ prior + (1 | reader)", "gaussian", "outcome: expected numbers; got a column of"),
        ("log(prior) ~ site + (1 | reader)", "gaussian", "'log(prior)' isn't a finite number in"),
        ("endless ~ prior + (1 | reader)", "gaussian", "outcome: expected finite numbers; got inf in row 7"),
        ("endless ~ prior + (1 | reader)", "poisson", "outcome: expected finite numbers; got inf in row 7"),
        ("one ~ prior + (1 | reader)", "gaussian", "the outcome is 1 in all 180 rows"),
        ("correct ~ prior + (1 | reader)", "binomal", "family: expected one of"),
        ("correct", "binomial", "expected a formula, which has the shape"),
        ("correct ~ prior + + (1 | reader)", "binomial", "got '+' at character 19"),
    ],
)
def test_wrong_use_is_refused_in_words(formula, family, message):
    data = study()
    data["one"] = 1
    data["endless"] = np.where(data.index == 7, np.inf, 1.0)
    data["oracle"] = data.correct
    data["sure"] = (data.correct == 1) & (data.case < 3)
    data["level"] = 1 + data.case % 3
    data["place"] = np.array(["near", "middle", "far"])[data.case % 3]
    with pytest.raises(stats.ModelError) as error:
        stats.mixed(formula, data, family=family)
    assert message in str(error.value)


def test_few_readers_small_cells_and_aliased_columns_are_noted():
    data = study(readers=4)
    data["twice"] = 2 * data.prior
    data["rare"] = np.where(data.index < 4, "yes", "no")
    data["site"] = np.where(data.reader == 0, "east", "west")
    fit = stats.mixed("log(seconds) ~ prior + twice + rare + site + (1 | reader) + (1 | case)", data)
    notes = " / ".join(fit.notes)
    assert "rank deficient: twice left out" in notes
    assert "few levels: reader has 4; its SD needs at least 5 to mean much" in notes
    assert "small cell: rare yes has 4 rows" in notes
    assert "small cell: site east rests on 1 of reader" in notes
    assert "twice" not in fit.names


def test_no_spread_is_noted_as_singular():
    data = study()
    data["flat"] = np.arange(180) % 7
    data["seconds"] = np.random.default_rng(0).normal(size=180)
    data["seconds"] -= data.groupby("flat").seconds.transform("mean")
    fit = stats.mixed("seconds ~ prior + (1 | flat)", data)
    assert fit.singular
    assert fit.notes == ("singular: flat: its SD is 0",)
    assert fit.random[0].sd[0] < 1e-4


def test_columns_whose_names_are_not_words():
    data = study().rename(columns={"seconds": "time.spent", "reader": "the reader"})
    fit = stats.mixed("log(time.spent) ~ prior + (1 | the reader) + (1 | case)", data)
    assert [term.group for term in fit.random] == ["the reader", "case"]
    plain = stats.mixed("log(seconds) ~ prior + (1 | reader) + (1 | case)", study())
    assert fit.log_likelihood == plain.log_likelihood


def test_slopes_that_go_with_intercepts_do_not_depend_on_where_the_predictor_is_zero():
    rng = np.random.default_rng(8)
    data = pd.DataFrame({"reader": np.repeat(np.arange(25), 30), "years": rng.normal(size=750)})
    skill, gain = rng.normal(0, 2, 25), rng.normal(0, 3, 25)
    data["seconds"] = (skill + gain * 1.0)[data.reader] + gain[data.reader] * data.years + rng.normal(size=750)
    moved = data.assign(years=data.years + 50)
    near, far = (stats.mixed("seconds ~ years + (1 + years | reader)", one) for one in (data, moved))
    assert far.log_likelihood == pytest.approx(near.log_likelihood, abs=1e-5)


def test_slopes_apart_from_intercepts_are_found_far_from_zero():
    rng = np.random.default_rng(9)
    data = pd.DataFrame({"reader": np.repeat(np.arange(25), 16), "years": 5 + rng.normal(size=400)})
    gain = rng.normal(0, 5, 25)
    data["seconds"] = gain[data.reader] * (data.years - 5) + rng.normal(size=400)
    fit = stats.mixed("seconds ~ years + (1 + years || reader)", data)
    spread = fit.estimates().set_index("term")["estimate"]
    assert spread["sd(reader: years)"] == pytest.approx(np.std(gain, ddof=1), rel=0.1)


def test_offset_and_counts_of_successes():
    data = (
        study()
        .groupby(["case"], as_index=False)
        .agg(hits=("correct", "sum"), size=("correct", "size"), p=("prior", "mean"))
    )
    both = stats.mixed("cbind(hits, size - hits) ~ p + (1 | case)", data, family="binomial")
    assert both.converged
    moved = stats.mixed("hits ~ p + offset(log(size)) + (1 | case)", data, family="poisson")
    plain = stats.mixed("hits ~ p + (1 | case)", data, family="poisson")
    np.testing.assert_allclose(moved.coefficients, plain.coefficients - [np.log(12), 0], atol=1e-6)


def shares(rng):
    data = pd.DataFrame({"reader": np.repeat(np.arange(20), 4), "trials": rng.integers(2, 40, 80)})
    data["prior"] = np.tile([0, 1], 40)
    data["hits"] = rng.binomial(
        data.trials, special.expit(0.2 + 0.5 * data.prior + rng.normal(0, 0.4, 20)[data.reader])
    )
    return data.assign(share=data.hits / data.trials, misses=data.trials - data.hits)


@pytest.mark.parametrize("family", ["binomial", "beta-binomial"])
def test_shares_weighted_by_their_trials_are_counts(family):
    data = shares(np.random.default_rng(2))
    counts = stats.mixed("cbind(hits, misses) ~ prior + (1 | reader)", data, family=family)
    weighted = stats.mixed("share ~ prior + (1 | reader)", data.round(3), family=family, weights="trials")
    assert weighted.log_likelihood == counts.log_likelihood
    np.testing.assert_array_equal(weighted.coefficients, counts.coefficients)


def test_precision_weights_are_those_of_least_squares_without_random_terms():
    data = study().assign(readings=np.random.default_rng(1).integers(1, 9, 180))
    fit = stats.mixed("log(seconds) ~ prior", data, weights="readings")
    peer = sm.WLS(np.log(data.seconds), sm.add_constant(data.prior.astype(float)), weights=data.readings).fit()
    np.testing.assert_allclose(fit.coefficients, peer.params)
    np.testing.assert_allclose(fit.std_errors, peer.bse)
    full = stats.mixed("log(seconds) ~ prior", data, weights="readings", reml=False)
    assert full.log_likelihood == pytest.approx(peer.llf)


def test_means_of_k_readings_weighted_by_k_estimate_the_noise_of_one():
    rng = np.random.default_rng(6)
    data = pd.DataFrame({"reader": np.repeat(np.arange(40), 25), "k": rng.integers(1, 30, 1000)})
    data["seconds"] = 3 + rng.normal(0, 1, 40)[data.reader] + rng.normal(0, 2, 1000) / np.sqrt(data.k)
    data["twice"] = 4.0 * data.k
    fit = stats.mixed("seconds ~ 1 + (1 | reader)", data, weights="k")
    assert fit.sigma == pytest.approx(2, rel=0.1)
    assert fit.random[0].sd[0] == pytest.approx(1, rel=0.3)
    same = stats.mixed("seconds ~ 1 + (1 | reader)", data, weights="twice")
    assert same.sigma == pytest.approx(2 * fit.sigma, rel=1e-5)
    assert same.log_likelihood == pytest.approx(fit.log_likelihood, abs=1e-8)
    drawn = np.array([stats.simulate(fit, rng=seed) for seed in range(40)])
    few, many = (drawn[:, rows].std(axis=0).mean() for rows in (data.k < 3, data.k > 20))
    assert few > 1.2 * many


@pytest.mark.parametrize(
    ("outcome", "options", "message"),
    [
        ("seconds", {"weights": "site"}, "weights: expected numbers; got a column of"),
        ("seconds", {"weights": "prior"}, "weights: expected finite numbers above 0; got 0 in row"),
        ("seconds", {"weights": "readngs"}, "names the column 'readngs', which the table doesn't have"),
        ("level", {"family": "poisson", "weights": "case"}, "got family 'poisson': leave them out, or put an exposure"),
        ("half", {"family": "binomial", "weights": "prior"}, "expected whole numbers of trials from 1; got 0 in row"),
        ("half", {"family": "binomial", "weights": "odd"}, "whole successes over the trials in weights; got 0.5 in"),
        ("level", {"family": "binomial", "weights": "odd"}, "expected shares of successes from 0 to 1; got"),
        ("share", {"family": "binomial"}, "or a share of successes with the column of trials as weights; got 4 values"),
    ],
)
def test_weights_that_make_no_sense_are_refused(outcome, options, message):
    data = study().assign(level=lambda rows: 1 + rows.case % 4, half=0.5, odd=5, share=lambda rows: rows.case % 4 / 4)
    with pytest.raises(stats.ModelError) as error:
        stats.mixed(f"{outcome} ~ site + (1 | reader)", data, **options)
    assert message in str(error.value)


def test_a_formula_without_random_terms_is_least_squares():
    data = study()
    fit = stats.mixed("log(seconds) ~ prior + site", data)
    x = np.column_stack([np.ones(180), data.prior, data.site == "west"])
    beta, rest, *_ = np.linalg.lstsq(x, np.log(data.seconds), rcond=None)
    np.testing.assert_allclose(fit.coefficients, beta)
    assert fit.sigma == pytest.approx(np.sqrt(rest[0] / 177))
    np.testing.assert_allclose(fit.df, 177)
    assert list(tables.check(fit.estimates(), "estimates").term) == [
        "(Intercept)",
        "prior",
        "site[west]",
        "sd(residual)",
    ]


def test_tables_without_rows_are_refused():
    with pytest.raises(stats.ModelError, match="the table has no rows"):
        stats.mixed("correct ~ prior + (1 | reader)", study().head(0), family="binomial")
    with pytest.raises(stats.ModelError, match="no row has a value in every column"):
        stats.mixed("correct ~ prior + (1 | reader)", study().assign(prior=np.nan), family="binomial")
