"""Predictors measured with error: what is expected of the true score, by hand, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import stats
from gazeanalytics.strategies.continuum.components import omega


def study(readers=12, each=20, seed=5):
    rng = np.random.default_rng(seed)
    reader = np.repeat(np.arange(readers), each)
    years = rng.uniform(0, 3, readers)[reader]
    score = 0.5 * years + rng.normal(0, 0.8, readers)[reader] + rng.normal(0, 1, reader.size)
    return pd.DataFrame({"reader": reader, "years": years, "score": score + rng.normal(0, 0.7, reader.size)})


def test_the_expected_score_is_that_of_the_joint_normal_law_written_out():
    data = study()
    found = stats.calibrate(data, "score", 0.7, given="years + (1 | reader)")
    fit = stats.mixed("score ~ years + (1 | reader)", data)
    same = np.equal.outer(data["reader"].to_numpy(), data["reader"].to_numpy())
    whole = fit.random[0].sd[0] ** 2 * same + fit.sigma**2 * np.eye(len(data))
    mean = fit.frame.x @ fit.coefficients
    true = whole - 0.7**2 * np.eye(len(data))
    expected = mean + true @ np.linalg.solve(whole, data["score"] - mean)
    np.testing.assert_allclose(found.score, expected, atol=1e-10)
    assert found.reliability == pytest.approx(1 - 0.49 / fit.sigma**2)


def test_rows_keep_their_places_and_missing_ones_stay_missing():
    data = study()
    whole = stats.calibrate(data, "score", 0.5, given="(1 | reader)").score
    turned = data.sample(frac=1, random_state=1)
    again = stats.calibrate(turned, "score", 0.5, given="(1 | reader)").score
    np.testing.assert_allclose(again.loc[data.index], whole, atol=1e-6)
    gaps = data.assign(score=data["score"].where(data.index % 7 > 0), years=data["years"].where(data.index % 11 > 0))
    found = stats.calibrate(gaps, "score", 0.5, given="years + (1 | reader)").score
    assert found.isna().tolist() == gaps[["score", "years"]].isna().any(axis=1).tolist()


def test_without_error_nothing_changes():
    data = study()
    found = stats.calibrate(data, "score", 0.0, given="years + (1 | reader)")
    np.testing.assert_allclose(found.score, data["score"], atol=1e-12)
    assert found.reliability == 1


@pytest.mark.parametrize("error", [-0.1, np.nan, np.inf])
def test_an_error_is_a_standard_deviation(error):
    with pytest.raises(stats.ModelError, match="error_sd: expected a standard deviation from 0; got"):
        stats.calibrate(study(), "score", error, given="(1 | reader)")


def test_a_score_that_is_nearly_all_error_is_refused():
    with pytest.raises(stats.ModelError, match=r"'score' varies within readers .* its error alone by 1.2: too little"):
        stats.calibrate(study(), "score", 1.2, given="(1 | reader)")


def test_omega_is_the_share_that_features_have_in_common():
    rng = np.random.default_rng(2)
    ways, loadings = rng.normal(size=(20_000, 2)), np.array([0.9, 0.8, 0.7, 0.6])
    features = np.hstack(
        [ways[:, [k]] * loadings + rng.normal(size=(20_000, 4)) * np.sqrt(1 - loadings**2) for k in (0, 1)]
    )
    weights = np.zeros((8, 2))
    weights[:4, 0] = weights[4:, 1] = 1
    own = np.sum(1 - loadings**2)
    np.testing.assert_allclose(omega(features, weights), 1 - own / (loadings.sum() ** 2 + own), atol=0.01)


def test_features_that_have_nothing_in_common_say_little_of_one_another():
    points = np.random.default_rng(2).normal(size=(5000, 5))
    assert omega(points, np.ones((5, 1)))[0] < 0.15
