"""Kenward and Roger's adjustment against pbkrtest, and what it is refused for."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import stats

R = Path(__file__).with_name("r")
REFERENCE = json.loads((R / "kenward_roger.json").read_text())


@pytest.fixture(scope="module")
def data():
    return pd.read_csv(R / "kenward_roger.csv")


@pytest.mark.parametrize("name", REFERENCE)
def test_errors_and_degrees_of_freedom_are_those_of_pbkrtest(data, name):
    reference = REFERENCE[name]
    found = stats.kenward_roger(stats.mixed(reference["formula"], data))
    assert found["term"].tolist() == reference["term"]
    np.testing.assert_allclose(found["estimate"], reference["estimate"], rtol=1e-5)
    np.testing.assert_allclose(found["std_error"], reference["std_error"], rtol=1e-5)
    np.testing.assert_allclose(found["df"], reference["df"], rtol=1e-4)
    assert set(found["df_method"]) == {"Kenward-Roger"}


def test_it_is_for_linear_models_by_reml_of_limited_size(data):
    data["right"] = (data["seconds"] > 4).astype(int)
    for given in ({"family": "binomial"}, {"reml": False}):
        outcome = "right" if "family" in given else "seconds"
        fit = stats.mixed(f"{outcome} ~ prior + (1 | reader)", data, **given)
        with pytest.raises(stats.ModelError, match="model fitted by REML without weights or ar1; got family"):
            stats.kenward_roger(fit)
    many = pd.concat([data] * 30, ignore_index=True)
    fit = stats.mixed("seconds ~ prior + (1 | reader)", many)
    with pytest.raises(stats.ModelError, match="the covariance of all rows, at most 2,000; got 2,370; use estimates"):
        stats.kenward_roger(fit)
