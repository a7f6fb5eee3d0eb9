"""Which model an outcome between 0 and 1 gets, and that no Gaussian one is fitted where it piles up."""

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import stats


def drawn(seed=1, rows=400):
    rng = np.random.default_rng(seed)
    return rng, rng.beta(4, 6, rows)


def test_a_smooth_outcome_is_gaussian_on_the_logit():
    _, share = drawn()
    found = stats.choose_outcome(pd.Series(share))
    assert found.family == "gaussian"
    np.testing.assert_allclose(found.outcome, np.log(share / (1 - share)), rtol=1e-12)
    assert found.reason.startswith("no value is in more than 0.25 % of rows; the logit's skewness is ")


def test_a_skewed_outcome_is_beta():
    found = stats.choose_outcome(pd.Series(np.random.default_rng(2).beta(0.4, 6, 400) * 0.9 + 1e-9))
    assert found.family == "beta"
    assert "so that it isn't near normal" in found.reason


def test_a_pile_is_ordinal_and_a_level_of_its_own():
    rng, share = drawn()
    share[: 400 * 9 // 10] = 0.3
    values = pd.Series(rng.permutation(share))
    found = stats.choose_outcome(values)
    assert (found.family, found.top_value, found.top_share, found.distinct) == ("ordinal", 0.3, 0.9, 41)
    assert found.reason == "90 % of 400 rows have the value 0.3, one of 41 distinct values"
    levels = found.outcome.cat.categories
    assert "0.3" in levels
    assert 3 <= len(levels) <= 8
    assert (values[found.outcome == "0.3"] == 0.3).all()
    # Levels stand in the order of the values.
    bounds = values.groupby(found.outcome, observed=True).agg(["min", "max"])
    assert (bounds["max"].to_numpy()[:-1] < bounds["min"].to_numpy()[1:]).all()


def test_missing_values_stay_and_ends_have_no_logit():
    _, share = drawn()
    share[:3] = [np.nan, 0.0, 1.0]
    found = stats.choose_outcome(pd.Series(share))
    assert (found.family, found.reason) == ("ordinal", "2 of 399 rows are 0 or 1, which have no logit")
    assert found.outcome.isna().tolist() == [True] + [False] * 399


def test_values_that_differ_in_their_last_digits_are_one():
    found = stats.choose_outcome(pd.Series([0.3, 0.1 + 0.2, 0.3, 0.5, 0.9]))
    assert (found.distinct, found.top_share) == (3, 0.6)
    assert found.outcome.cat.categories.tolist() == ["0.3", "0.5", "0.9"]


def test_two_values_are_binomial():
    found = stats.choose_outcome(pd.Series([0.2, 0.7, 0.7, np.nan]))
    assert found.family == "binomial"
    np.testing.assert_array_equal(found.outcome, [0, 1, 1, np.nan])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0.1, 1.2], "expected an outcome from 0 to 1; got 1.2"),
        ([0.1, 0.1], "the outcome has 1 distinct values, so there is nothing to explain"),
    ],
)
def test_what_is_no_share_is_refused(values, message):
    with pytest.raises(stats.ModelError) as caught:
        stats.choose_outcome(pd.Series(values))
    assert str(caught.value) == message


def test_a_gaussian_model_of_a_pile_is_noted_or_refused():
    rng = np.random.default_rng(4)
    data = pd.DataFrame(
        {"y": np.where(rng.random(200) < 0.9, 4.6, rng.normal(size=200)), "reader": np.arange(200) % 10}
    )
    want = "have the outcome 4.6, so that no Gaussian model fits; choose_outcome finds one that does"
    with pytest.raises(stats.ModelError, match=want):
        stats.mixed("y ~ 1 + (1 | reader)", data)
    seen = stats.mixed("y ~ 1 + (1 | reader)", data, settings={"piled_up": "note"})
    assert any(note.endswith(want) for note in seen.notes)


def test_points_are_chosen_where_cases_have_few_reads():
    rng = np.random.default_rng(5)
    data = pd.DataFrame({"case": np.repeat(np.arange(100), 2), "reader": np.arange(200) % 8})
    data["right"] = rng.binomial(1, 0.6, 200)
    chosen = stats.mixed(
        "right ~ 1 + (1 | reader) + (1 | case)", data, family="binomial", settings={"quadrature": "auto"}
    )
    assert "9 quadrature points" in chosen.engine
    assert not any(note.startswith("few trials") for note in chosen.notes)
    laplace = stats.mixed("right ~ 1 + (1 | reader) + (1 | case)", data, family="binomial")
    few = "few trials: 2.0 for each case; Laplace's sd(case), ICC and effects are too small; take quadrature=9"
    assert few in laplace.notes
    many = data.assign(case=np.arange(200) % 20)
    fit = stats.mixed("right ~ 1 + (1 | reader) + (1 | case)", many, family="binomial", settings={"quadrature": "auto"})
    assert "Laplace" in fit.engine
