"""Named hypotheses: readers who were planted with a strategy score highest on its name."""

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import gaze
from gazeanalytics.simulate import Design, simulate_fixations, simulate_readings, viewing_of
from gazeanalytics.strategies import HYPOTHESES, hypotheses, suggest_names

NAMED = {
    "circumferential": "circumferential",
    "central": "central",
    "systematic": "systematic",
    "holistic": "global-then-focal",
}
CHECKLIST = (
    "trachea", "mediastinum", "right_apex", "right_lung_upper", "right_lung_middle", "right_lung_lower",
    "right_costophrenic_angle", "left_apex", "left_lung_upper", "left_lung_middle", "left_lung_lower",
    "left_costophrenic_angle", "right_hilum", "left_hilum", "heart", "abdomen",
)  # fmt: skip


@pytest.fixture(scope="module")
def simulated():
    study = simulate_readings(Design(readers=24, cases=24), rng=5).persons()
    fixations = simulate_fixations(study, rng=6)
    images = study.readings.merge(study.cases, on="case", how="left")
    viewing = viewing_of(images, study.design.screen)
    features = gaze.scanpath_features(
        fixations, viewing, images, regions=study.regions, settings={"checklist": CHECKLIST}
    )
    return study, features, hypotheses(features)


def test_planted_strategies_get_their_names(simulated):
    study, _, scores = simulated
    strategies = pd.DataFrame(
        {"reading": study.readings["reading"], "strategy": study.truth["strategy"].astype(str), "strength": 1.0}
    )
    found = suggest_names(strategies, scores, readers=study.readings["reader"])
    suggested = found[found["suggested"]].set_index("strategy")["hypothesis"].to_dict()
    assert suggested == NAMED
    assert (found["conf_low"] < found["effect"]).all()


def test_shuffled_strategies_get_no_name(simulated):
    study, _, scores = simulated
    rng = np.random.default_rng(1)
    drawn = rng.choice(["a", "b", "c", "d"], size=len(study.readings))
    strategies = pd.DataFrame({"reading": study.readings["reading"], "strategy": drawn, "strength": 1.0})
    found = suggest_names(strategies, scores, readers=study.readings["reader"])
    assert found["effect"].abs().max() < 0.4
    assert found["suggested"].sum() <= 1


def test_a_hit_is_more_lesion_driven_than_a_search_miss(simulated):
    study, _, scores = simulated
    driven = scores[scores["hypothesis"] == "lesion-driven"].set_index("reading")["score"]
    truth = study.truth.assign(score=driven.loc[study.readings["reading"]].to_numpy())
    sick = truth[truth["present_truth"].astype(bool)]
    assert sick.loc[sick["correct"].astype(bool), "score"].mean() > sick.loc[sick["miss"] == "search", "score"].mean()


def test_scores_are_hand_computed():
    features = pd.DataFrame(
        {"reading": [3, 1, 2], "spread_deg": [1.0, 2.0, 3.0], "hull_deg2": [5.0, np.nan, 4.0], "radius_mean": 2.0}
    )
    central = hypotheses(features).query("hypothesis == 'central'")
    # Ranks of three are (1/6, 1/2, 5/6), of two (1/4, 3/4): normal scores .967 and .674; a constant scores 0.
    assert central["score"].to_numpy() == pytest.approx([(0.967 - 0.674) / 3, 0.0, (-0.967 + 0.674) / 3], abs=1e-3)
    assert central["used"].tolist() == [3, 2, 3]


def test_what_the_table_lacks_is_listed():
    scores = hypotheses(pd.DataFrame({"reading": [1, 2], "radius_mean": [1.0, 2.0]}))
    assert len(scores) == 2 * len(HYPOTHESES)
    assert scores["score"].isna().all()
    assert scores["lacking"].astype(str).iloc[0] == "angular_coverage, winding_steadiness"
    one = pd.DataFrame({"reading": [1, 2], "strategy": "a", "strength": 1.0})
    with pytest.raises(ValueError, match="expected at least 2 strategies to name; got 1"):
        suggest_names(one, scores)
