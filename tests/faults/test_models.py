"""Faults of models: predictors that say nothing, fits that don't converge, no clusters."""

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import stats, strategies


def crossed(seed=1, readers=8, cases=12):
    rng = np.random.default_rng(seed)
    grid = pd.DataFrame([(f"r{i}", f"c{j}") for i in range(readers) for j in range(cases)], columns=["reader", "case"])
    grid["x"] = rng.normal(size=len(grid))
    grid["y"] = grid["x"] + rng.normal(size=len(grid)) + rng.normal(size=readers).repeat(cases)
    grid["correct"] = rng.integers(0, 2, len(grid))
    return grid


@pytest.mark.parametrize("kind", ["constant", "once", "separated"])
def test_fault_32_predictors(kind):
    """a level seen once, a constant or perfectly separating predictor: a message or note that names the column."""
    frame = crossed()
    if kind == "constant":
        frame["group"] = "a"
        with pytest.raises(stats.ModelError, match="'group' is a in all"):
            stats.mixed("y ~ group + (1 | reader)", frame)
        return
    if kind == "once":
        frame["group"] = ["rare", *["common"] * (len(frame) - 1)]
        estimates = stats.mixed("y ~ group + (1 | reader)", frame).estimates()
        assert np.isfinite(estimates.loc[estimates["term"].str.contains("group"), "std_error"]).all()
        return
    frame["group"] = np.where(frame["correct"] == 1, "a", "b")
    with pytest.raises(stats.ModelError, match="group"):
        stats.mixed("correct ~ group + (1 | reader)", frame, family="binomial")
    fit = stats.mixed("correct ~ group + (1 | reader)", frame, family="binomial", settings={"separated": "note"})
    assert any("group" in note for note in fit.notes)


def test_fault_33_singular():
    """no convergence, a variance of zero: the fit says so in its notes and beside each estimate."""
    frame = crossed()
    frame["y"] -= frame.groupby("reader")["y"].transform("mean")
    fit = stats.mixed("y ~ x + (1 | reader)", frame)
    assert any("ingular" in note or "zero" in note for note in fit.notes), fit.notes


@pytest.mark.parametrize("kind", ["noise", "few"])
def test_fault_34_no_clusters(kind):
    """no clusters, more clusters than readings: the result says so, or an error names the numbers."""
    rng = np.random.default_rng(3)
    rows = 60 if kind == "noise" else 3
    features = pd.DataFrame(rng.normal(size=(rows, 3)), columns=["a", "b", "c"]).assign(reading=range(rows))
    if kind == "few":
        with pytest.raises(ValueError, match=r"3 readings|50 readings"):
            strategies.StrategyModel.fit(features, columns=["a", "b", "c"], rng=1)
        return
    found = strategies.StrategyModel.fit(features, columns=["a", "b", "c"], rng=1)
    assert found.verdict != "types"
