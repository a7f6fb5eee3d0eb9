import numpy as np
import pandas as pd
import pytest

from gazeanalytics import report
from gazeanalytics.tables import TableError


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_choice_curve_marks_the_number_taken_and_what_is_left_after_joining():
    silhouette = pd.DataFrame({"groups": [2, 3, 4], "silhouette": [0.2, 0.5, 0.4], "chosen": [False, True, False]})
    ax = report.choice_curve(silhouette)
    assert "chosen" in texts(ax)
    assert ax.lines[1].get_xydata().tolist() == [[3.0, 0.5]]
    mixture = pd.DataFrame({"groups": [6, 7], "bic": [10.0, 12.0], "strategies": [6, 5]})
    assert texts(report.choice_curve(mixture)) == ["6 after joining", "5 after joining"]
    assert report.choice_curve(pd.DataFrame({"archetypes": [2], "explained": [0.4]})).get_xlabel() == "Archetypes"
    with pytest.raises(TableError, match="bic"):
        report.choice_curve(pd.DataFrame({"groups": [1]}))


def test_stability_draws_a_median_for_each_measure_and_resampling():
    table = pd.DataFrame(
        {
            "over": ["readers"] * 3 + ["cases"] * 3,
            **dict.fromkeys(["ari", "ami", "jaccard 1"], np.linspace(0.7, 0.9, 6)),
        }
    )
    ax = report.strategy_stability(table)
    assert len(ax.collections) == 6  # a half violin each
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["readers resampled", "cases resampled"]
    assert "No resamples to show" in texts(report.strategy_stability(table[:0]))


def test_the_multiverse_counts_changed_verdicts():
    table = pd.DataFrame(
        {
            "setting": ["baseline", "scaling", "seed"],
            "value": ["", "rank", "1"],
            "verdict": ["types", "continuum", "types"],
            "strategies": [3, 0, 4],
            "ari": [1.0, 0.0, 0.8],
        }
    )
    ax = report.multiverse_table(table)
    assert texts(ax)[:3] == ["3 types", "continuum", "4 types"]
    assert "1 of 2 other choices change the verdict." in texts(ax)


def test_readings_lie_between_their_archetypes():
    scores = pd.DataFrame(np.eye(3), columns=[f"archetype {n}" for n in (1, 2, 3)]).assign(distance=0.0)
    ax = report.archetype_map(scores, color=pd.Series([0.1, 0.2, 0.3], name="coverage"))
    places = ax.collections[0].get_offsets()
    np.testing.assert_allclose(np.linalg.norm(places, axis=1), 1)
    np.testing.assert_allclose(places[0], [0, 1], atol=1e-12)
