"""Tests that share only some of their cases; non-inferiority and equivalence."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from gazeanalytics import stats, tables
from gazeanalytics.tables import InputError


def study(rng, readers=6, cases=100, apart=0, gain=0.0):
    """Roe & Metz's (1997) kind of study; each of two tests leaves out `apart` cases that the other one holds."""
    test, reader, case = (part.ravel() for part in np.indices((2, readers, cases)))
    truth = case % 2
    # variances of reader and test:reader (of each truth), then case, test:case, reader:case and the rest
    rating = (1.5 + gain * test) * truth
    for size in ((1, readers), (2, readers)):
        drawn = (
            rng.normal(0, np.sqrt(0.011), (2, readers, 2)) if size[0] == 2 else rng.normal(0, 0.105, (1, readers, 2))
        )
        rating = rating + drawn[test * (size[0] - 1), reader, truth]
    for size, spread in (((1, 1), 0.3), ((2, 1), 0.3), ((1, readers), 0.2), ((2, readers), 0.2)):
        drawn = rng.normal(0, np.sqrt(spread), (*size, cases))
        rating = rating + drawn[test * (size[0] - 1), reader * (size[1] > 1), case]
    table = pd.DataFrame({"test": test, "reader": reader, "case": case, "truth": truth, "rating": rating})
    left_out = ((test == 0) & (case >= cases - apart)) | ((test == 1) & (case < apart))
    return table[~left_out]


def fit(table, **settings):
    return stats.mrmc(stats.RocData.from_frame(table, test="test"), **settings)


def test_designs_are_recognised():
    for apart, design in ((0, "factorial"), (30, "tests share some cases"), (50, "cases nested in tests")):
        assert stats.RocData.from_frame(study(np.random.default_rng(0), apart=apart), test="test").design == design
    lost = study(np.random.default_rng(0), apart=30).iloc[1:]
    assert stats.RocData.from_frame(lost, test="test").design == "incomplete"


@pytest.mark.parametrize("apart", [2, 20, 40])
@pytest.mark.parametrize("covariance", ["jackknife", "unbiased", "delong"])
def test_errors_are_near_those_of_the_one_shot_analysis(apart, covariance):
    """It takes any design, from other formulas; in complete designs both are the same (test_roc_incomplete.py)."""
    table = study(np.random.default_rng(apart), apart=apart)
    ours = fit(table, covariance=covariance).estimates()[1:].reset_index(drop=True)
    other = stats.one_shot(stats.RocData.from_frame(table, test="test"))
    np.testing.assert_allclose(ours["estimate"], other["estimate"])
    np.testing.assert_allclose(ours["std_error"], other["std_error"], rtol=0.03)


def test_single_tests_do_not_hang_on_the_other_tests_cases():
    table = study(np.random.default_rng(3), apart=30)
    both = fit(table, covariance="delong").estimates().query("term == 'mean'")
    for test, row in zip((0, 1), both.itertuples(), strict=True):
        alone = stats.mrmc(stats.RocData.from_frame(table[table["test"] == test]), covariance="delong").estimates()
        assert (row.estimate, row.std_error) == pytest.approx((alone["estimate"].item(), alone["std_error"].item()))


def test_three_tests_of_which_two_share_no_case():
    rng = np.random.default_rng(4)
    table = study(rng, apart=40)
    third = table[(table["test"] == 0) & (table["case"] < 60)].assign(test=2, case=lambda d: d["case"] + 1000)
    found = fit(pd.concat([table, third]))
    assert found.design == "tests share some cases"
    r = len(found.readers)
    assert (found.covariance[2 * r :, : 2 * r] == 0).all()
    assert (np.diag(found.covariance[:r, r : 2 * r]) != 0).any()
    tables.check(found.estimates(), "estimates")


def test_planning_needs_a_pilot_whose_tests_share_all_cases():
    with pytest.raises(InputError, match="share only some cases"):
        stats.mrmc_power(fit(study(np.random.default_rng(0), apart=20)), effect=0.05, readers=5, cases=100)


@pytest.mark.slow
@pytest.mark.parametrize("apart", [25, 40])
@pytest.mark.parametrize("covariance", ["jackknife", "unbiased"])
def test_level_where_tests_share_some_cases(apart, covariance):
    """1,000 studies of tests that are worth the same; the Monte Carlo error of the level is .007."""
    rng = np.random.default_rng(apart)
    tables_ = [fit(study(rng, apart=apart), covariance=covariance).estimates() for _ in range(1000)]
    gap = np.array([table["estimate"].iloc[1] for table in tables_])
    spread = np.array([table["std_error"].iloc[1] for table in tables_])
    assert abs(gap.mean()) < 0.004
    assert np.sqrt(np.mean(spread**2)) == pytest.approx(gap.std(), rel=0.08)
    assert 0.033 <= np.mean([table["p_value"].iloc[0] < 0.05 for table in tables_]) <= 0.067


def test_noninferiority_by_hand():
    table = fit(study(np.random.default_rng(5), gain=-0.1)).estimates()
    row = table[table["term"] == "difference"].iloc[0]
    found = tables.check(stats.noninferiority(table, margin=0.05, new=1), "estimates").iloc[0]
    assert (found.contrast, found.estimate) == ("1 - 0", -row.estimate)
    statistic = (-row.estimate + 0.05) / row.std_error
    assert (found.statistic, found.p_value) == pytest.approx((statistic, t.sf(statistic, row.df)))
    assert (found.conf_low, found.conf_high) == pytest.approx((-row.conf_high, -row.conf_low))
    # rejecting at 2.5 % and an interval above -margin are one and the same
    for margin in np.linspace(0.005, 0.2, 40):
        found = stats.noninferiority(table, margin=margin, new=1).iloc[0]
        assert (found.p_value < 0.025) == (found.conf_low > -margin)
        assert found.note == (f"non-inferior by {margin:g}" if found.p_value < 0.025 else
                              f"non-inferiority by {margin:g} not shown")  # fmt: skip
    other = stats.noninferiority(table, margin=0.05, new=0).iloc[0]
    assert (other.contrast, other.estimate) == ("0 - 1", row.estimate)


def test_equivalence_is_an_interval_within_the_margins():
    table = fit(study(np.random.default_rng(6)), fixed="readers").estimates()
    row = table[table["term"] == "difference"].iloc[0]
    for margin in np.linspace(0.01, 0.3, 30):
        found = tables.check(stats.equivalence(table, margin=margin), "estimates").iloc[0]
        assert found.conf_high - found.conf_low == pytest.approx(2 * 1.6448536 * row.std_error)
        inside = -margin < found.conf_low and found.conf_high < margin
        assert (found.p_value < 0.05) == inside == found.note.startswith("equivalent")
        worst = min(row.estimate + margin, margin - row.estimate) / row.std_error
        assert abs(found.statistic) == pytest.approx(abs(worst))


def test_three_tests_each_compared_with_the_new_one():
    rng = np.random.default_rng(7)
    table = study(rng)
    third = table[table["test"] == 0].assign(test=2, rating=lambda d: d["rating"] + rng.normal(0, 0.3, len(d)))
    estimates = fit(pd.concat([table, third])).estimates()
    assert stats.noninferiority(estimates, margin=0.05, new=2)["contrast"].tolist() == ["2 - 0", "2 - 1"]
    assert stats.equivalence(estimates, margin=0.05)["contrast"].tolist() == ["0 - 1", "0 - 2", "1 - 2"]


def test_without_error_nothing_is_shown():
    table = study(np.random.default_rng(8)).assign(rating=lambda d: d["truth"])
    for found in (
        stats.noninferiority(fit(table).estimates(), margin=0.05, new=1).iloc[0],
        stats.equivalence(fit(table).estimates(), margin=0.05).iloc[0],
    ):
        assert np.isnan([found.p_value, found.conf_low, found.conf_high]).all()
        assert found.note == "no error can be estimated: it varies neither over readers nor over cases"


def test_wrong_use_is_refused():
    table = fit(study(np.random.default_rng(0))).estimates()
    for call, said in (
        (lambda: stats.noninferiority(table, margin=-0.05, new=1), "margin: expected a difference above 0"),
        (lambda: stats.noninferiority(table, margin=0.05, new="AI"), "no difference is of test 'AI'"),
        (lambda: stats.equivalence(table[table["term"] == "mean"], margin=0.05), "expected rows of differences"),
    ):
        with pytest.raises(InputError, match=said):
            call()


@pytest.mark.slow
def test_level_of_noninferiority_at_the_margin():
    """The new test is worse by the margin exactly: it is called non-inferior in 2.5 % of studies."""
    from scipy.special import ndtr

    scale = np.sqrt(2 * (1 + 2 * 0.011))
    margin = float(ndtr(1.5 / scale) - ndtr(1.2 / scale))
    rng = np.random.default_rng(9)
    called = [
        stats.noninferiority(fit(study(rng, gain=-0.3)).estimates(), margin=margin, new=1)["p_value"].item() < 0.025
        for _ in range(1000)
    ]
    assert 0.012 <= np.mean(called) <= 0.040
