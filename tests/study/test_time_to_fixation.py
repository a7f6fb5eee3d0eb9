"""Times to lesions on a simulated study: what is censored, the curves, the model, the words."""

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import report
from gazeanalytics.study.analyses import time_to_fixation


@pytest.fixture
def known(sample_results):
    return sample_results


@pytest.fixture
def outcome(known):
    return known.outcomes["time_to_fixation"]


def test_lesions_never_fixated_are_censored_at_the_last_fixation(known, outcome):
    fixations = known.fixations
    ends = (fixations["onset"] + fixations["duration"]).groupby(fixations["reading"]).max() / 1000
    unseen = outcome.lesions[outcome.lesions["seen"] == 0]
    assert 0 < len(unseen) < len(outcome.lesions)
    assert np.isinf(unseen["high_s"]).all()
    np.testing.assert_allclose(unseen["low_s"], unseen["reading"].map(ends))
    seen = outcome.lesions[outcome.lesions["seen"] == 1]
    assert (seen["low_s"] <= seen["high_s"]).all()


def test_every_lesion_of_every_reading_by_a_person_is_there(known, outcome):
    regions = known.study.table("regions")
    counts = regions[regions["kind"] == "lesion"].groupby("case").size()
    people = known.readings[known.readings["kind"] == "person"]
    looked = people[people["reading"].isin(known.fixations["reading"])]
    assert len(outcome.lesions) == looked["case"].map(counts).sum()


def test_curves_start_high_and_fall_by_group(outcome):
    assert outcome.by == "strategy"
    for _, curve in outcome.curves.groupby("strategy"):
        assert curve["survival"].is_monotonic_decreasing
        assert curve["survival"].iloc[0] > 0.5
        shown = curve.dropna(subset=["conf_low"])
        assert (shown["conf_low"] <= shown["survival"]).all()
        assert (shown["survival"] <= shown["conf_high"]).all()
    ax = report.kaplan_meier_curve(outcome.curves, by="strategy")
    assert len(ax.lines) == outcome.curves["strategy"].nunique()
    assert "No lesions to show" in "".join(t.get_text() for t in report.kaplan_meier_curve(outcome.curves[:0]).texts)


def test_the_model_and_its_page(known, outcome):
    assert outcome.fit.converged
    assert outcome.fit.formula.startswith("interval(low_s, high_s) ~ strategy + ")
    part = next(iter(time_to_fixation.show(known, outcome)))
    assert f"{len(outcome.lesions):,} lesions to find" in part.text
    assert "11 % were never fixated" in part.text
    assert set(part.figures) == {"lesion_curves", "forest_time_to_fixation"}
    assert list(part.tables) == ["lesion_time_estimates"]


def test_without_lesions_it_is_not_possible():
    class Bare:
        def table(self, name):
            return pd.DataFrame({"kind": ["organ"]})

    assert time_to_fixation.possible(Bare()) == "no region is a lesion (kind = lesion)"
