import numpy as np
import pandas as pd
import pytest

from gazeanalytics.readings import assemble, score
from gazeanalytics.tables import InputError

READINGS = pd.DataFrame({"reading": [0, 1, 2, 3], "reader": ["a", "b", "a", "b"], "case": ["c", "c", "d", "d"]})
CASES = pd.DataFrame(
    {
        "case": ["c", "d"],
        "width": [100, 100],
        "height": [100, 100],
        "target": ["edema", "fracture"],
        "truth_edema": [True, False],
        "truth_fracture": [False, True],
    }
)
SAID = pd.DataFrame(
    {
        "reading": [0, 0, 1, 2],
        "finding": ["edema", "fracture", "edema", "fracture"],
        "certainty": [0.9, 0.02, 0.25, 0.5],
    }
)


def test_the_target_is_scored_by_hand():
    scored = score(SAID, READINGS, CASES)
    # Reading 0 calls edema (there): right. 1 denies it: wrong. 2 says "possibly" of a fracture (there): right at 0.5.
    np.testing.assert_array_equal(scored["correct"], [1, 0, 1, np.nan])
    np.testing.assert_array_equal(scored["share_correct"], [1, 0.5, 1, np.nan])
    np.testing.assert_allclose(scored["uncertainty"], [0.2, 0.5, 0.99, np.nan])
    np.testing.assert_allclose(scored["certainty"], [0.9, 0.25, 0.5, np.nan])


def test_the_calling_threshold_moves_calls():
    assert score(SAID, READINGS, CASES, call_at=0.6)["correct"][2] == 0


def test_without_a_target_all_findings_count():
    scored = score(SAID, READINGS, CASES.drop(columns="target"))
    np.testing.assert_array_equal(scored["correct"], [1, 0, 1, np.nan])
    logit = np.mean([np.log(0.2 / 0.8), np.log(0.04 / 0.96)])
    assert scored["uncertainty"][0] == pytest.approx(1 / (1 + np.exp(-logit)))


def test_a_target_without_truth_is_refused():
    with pytest.raises(InputError, match="cases, column 'target': 'edema' has no column 'truth_edema'; add it"):
        score(SAID, READINGS, CASES.drop(columns=["truth_edema", "truth_fracture"]).assign(truth_x=True))


def test_no_findings_at_all_leave_outcomes_unknown():
    assert score(SAID.iloc[:0], READINGS, CASES)["correct"].isna().all()


def test_rows_meet_by_their_keys():
    readers = pd.DataFrame({"reader": ["b", "a"], "kind": ["model", "person"], "country": [None, "Chile"]})
    features = pd.DataFrame({"reading": [2, 0], "scanpath_deg": [5.0, 7.0]})
    whole = assemble(READINGS, readers, CASES, features)
    assert whole["kind"].tolist() == ["person", "model", "person", "model"]
    np.testing.assert_array_equal(whole["scanpath_deg"], [7, np.nan, 5, np.nan])
    with pytest.raises(InputError, match="column 'kind' stands in readings and in readers; give one"):
        assemble(READINGS.assign(kind="x"), readers, CASES)
