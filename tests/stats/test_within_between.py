"""Parts of predictors within and between groups: what they add up to, and that they are the within estimator."""

import re

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import stats


@pytest.fixture
def rows():
    rng = np.random.default_rng(1)
    case = np.repeat(np.arange(40), rng.integers(2, 6, 40))
    hard = rng.normal(0, 1, 40)[case]
    x = 0.8 * hard + rng.normal(0, 1, case.size)
    return pd.DataFrame({"case": case, "x": x, "y": 0.5 * x - hard + rng.normal(0, 1, case.size)})


def test_parts_add_up_to_the_predictor_and_are_uncorrelated(rows):
    rows["site"] = rows["case"] // 10
    found = stats.within_between(rows, "x", ["case", "site"])
    parts = found[["x_within_case", "x_between_case", "x_between_site"]]
    np.testing.assert_allclose(parts.sum(axis=1) + rows["x"].mean(), rows["x"])
    np.testing.assert_allclose(np.corrcoef(parts.T), np.eye(3), atol=1e-12)
    assert list(rows.columns) == ["case", "x", "y", "site"]


def test_with_the_mean_the_coefficient_is_that_of_fixed_cases(rows):
    """Mundlak (1978): in a linear model the estimate equals least squares with an intercept for every case."""
    found = stats.within_between(rows, "x", "case")
    fit = stats.mixed("y ~ x + x_between_case + (1 | case)", found)
    dummies = np.column_stack([rows["x"], pd.get_dummies(rows["case"]).astype(float)])
    fixed = np.linalg.lstsq(dummies, rows["y"], rcond=None)[0][0]
    assert fit.coefficients[1] == pytest.approx(fixed, abs=1e-8)
    both = stats.mixed("y ~ x_within_case + x_between_case + (1 | case)", found)
    assert both.coefficients[1] == pytest.approx(fixed, abs=1e-8)
    assert both.coefficients[2] - both.coefficients[1] == pytest.approx(fit.coefficients[2], abs=1e-8)


def test_a_category_gives_the_share_of_each_level_but_the_first():
    rows = pd.DataFrame({"case": [1, 1, 2, 2], "strategy": ["long, wide", "central", None, "long, wide"]})
    found = stats.within_between(rows, "strategy", "case")
    between = found["strategy_long_wide_between_case"]
    assert between.isna().tolist() == [False, False, True, False]
    np.testing.assert_allclose(between.dropna(), np.array([0.5, 0.5, 1.0]) - 2 / 3)


def test_levels_alike_but_for_their_signs_get_columns_of_their_own():
    rows = pd.DataFrame({"case": [1, 1, 1], "kind": ["a", "b-c", "b c"]})
    found = stats.within_between(rows, "kind", "case")
    assert [name for name in found if name.endswith("_between_case")] == [
        "kind_b_c_between_case",
        "kind_b_c_2_between_case",
    ]


def test_what_is_constant_in_a_group_has_no_part_within():
    rows = pd.DataFrame({"reader": ["a"] * 7 + ["b"] * 7, "x": [0.1] * 7 + [0.7] * 7})
    assert (stats.within_between(rows, "x", "reader")["x_within_reader"] == 0).all()


def test_a_column_that_is_not_there_is_named(rows):
    with pytest.raises(KeyError, match=re.escape("no column 'cases'; did you mean 'case'?")):
        stats.within_between(rows, "x", "cases")
