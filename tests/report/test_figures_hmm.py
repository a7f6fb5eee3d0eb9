"""Figures of hidden Markov models: ellipses, arrows and points are read back."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Ellipse, FancyArrowPatch

from gazeanalytics import report


def states(count=3):
    table = pd.DataFrame(
        {"state": np.arange(count) + 1, "start": [0.5, 0.3, 0.2], "x": [100.0, 300.0, 305.0],
         "sd x": [20.0, 10.0, 30.0], "y": [80.0, 200.0, 205.0], "sd y": [20.0, 30.0, 10.0],
         "correlation": [0.0, 0.5, 0.0]}
    )  # fmt: skip
    moves = [[0.2, 0.75, 0.05], [0.5, 0.0, 0.5], [1.0, 0.0, 0.0]]
    return table.join(pd.DataFrame(moves, columns=["to 1", "to 2", "to 3"]))


def test_states_are_ellipses_of_two_standard_deviations_and_common_moves_are_arrows():
    dots = pd.DataFrame({"x": [1.0, 2.0], "y": [3.0, 4.0]})
    ax = report.hmm_states(states(), stimulus=report.Stimulus(size=(400, 300)), fixations=dots, title="Group $A$")
    ax.figure.canvas.draw()
    drawn = [patch for patch in ax.patches if isinstance(patch, Ellipse)]
    assert {(round(patch.width), round(patch.height)) for patch in drawn[::2]} >= {(80, 80), (40, 120)}
    tilted = drawn[3]
    # Covariance (100, 150; 150, 900): the long axis by hand.
    values = np.linalg.eigvalsh([[100, 150], [150, 900]])
    assert sorted([tilted.width, tilted.height]) == pytest.approx(sorted(4 * np.sqrt(values)))
    # 1 to 2, 2 to 1 and 3 to 1; 2 and 3 lie together, the rest is rare.
    assert sum(isinstance(patch, FancyArrowPatch) for patch in ax.patches) == 3
    assert "2: start 0.30; next 1 0.50, 2 0.00, 3 0.50" in "\n".join(text.get_text() for text in ax.texts)
    assert ax.get_ylim() == (300, 0)


def test_several_models_at_once_are_refused():
    with pytest.raises(ValueError, match="draws one model"):
        report.hmm_states(pd.concat([states(), states()]))


def test_readers_lie_where_their_scale_and_outcome_say():
    scale = pd.DataFrame({"reader": list("abcd"), "scale": [-0.2, 0.1, 0.3, np.nan]})
    members = pd.Series({"a": "B", "b": "A", "c": "A", "d": "A"})
    ax = report.ab_outcome(scale, pd.Series({"a": 1.0, "b": 3.0, "c": 2.0, "d": 9.0}), members=members, label="time_ms")
    ax.figure.canvas.draw()
    points = sorted(pair for line in ax.lines[:2] for pair in zip(line.get_xdata(), line.get_ydata(), strict=True))
    assert points == [(-0.2, 1.0), (0.1, 3.0), (0.3, 2.0)]
    assert ax.get_title(loc="left") == "Spearman 0.50, 3 readers"
    assert ax.get_ylabel() == "time ms"
