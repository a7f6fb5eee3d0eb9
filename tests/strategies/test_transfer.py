"""Strategies of one study in another, and readings that are like none."""

import numpy as np
import pandas as pd
import pytest

from gazeanalytics.strategies import StrategyModel, transfer

SETTINGS = {"n_resamples": 19}


def study(seed, *, n=400, third=False):
    rng = np.random.default_rng(seed)
    kind = rng.integers(2, size=n)
    values = rng.normal(size=(n, 6)) + 2.2 * kind[:, None]
    if third:
        values[: n // 4] = rng.normal(np.tile([8, -8], 3), 1, (n // 4, 6))
    return pd.DataFrame(values, columns=list("abcdef")).assign(reading=np.arange(n))


@pytest.fixture(scope="module")
def found():
    return StrategyModel.fit(study(1), settings=SETTINGS, rng=1)


def test_typicality_of_readings_like_those_of_the_fit_is_uniform(found):
    typical = found.typicality(study(2, n=2000))["typicality"]
    # The nearest of two groups counts, so that a little mass moves up.
    assert 0.4 < typical.mean() < 0.62
    assert 0.002 < (typical < 0.01).mean() < 0.03


def test_readings_unlike_all_are_seen_though_their_posterior_is_sure(found):
    features = study(3)
    features.loc[0, list("abcdef")] = 30.0
    assert found.assign(features)["strength"].iloc[0] > 0.99
    assert found.typicality(features)["typicality"].iloc[0] < 1e-4
    features.loc[1, list("abcdef")] = np.nan
    assert np.isnan(found.typicality(features)["typicality"].iloc[1])


def test_strategies_transfer_to_a_study_of_the_same_kind(found):
    row = transfer(found, study(4), rng=1).iloc[0]
    assert (row["verdict"], row["strategies"], row["readings"]) == ("types", 2, 400)
    assert row["ari"] > 0.95
    assert row["prediction_strength"] > 0.95
    assert row["unlike_share"] < 0.04


def test_a_third_way_of_another_study_is_seen(found):
    row = transfer(found, study(5, third=True), rng=1).iloc[0]
    assert row["strategies"] == 3
    assert row["unlike_share"] > 0.2


def test_only_types_transfer():
    none = StrategyModel.fit(
        pd.DataFrame(np.random.default_rng(1).normal(size=(200, 4)), columns=list("abcd")).assign(reading=range(200)),
        settings=SETTINGS,
        rng=1,
    )
    with pytest.raises(ValueError, match=r"expected strategies to transfer \(verdict 'types'\); got"):
        transfer(none, study(1))
