"""Gaze before a moment, and features of a study that are of such gaze alone."""

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import gaze
from gazeanalytics.tables import TableError


def test_gaze_before_a_moment_of_each_reading():
    table = pd.DataFrame({"reading": np.repeat(["a", "b", "c"], 4), "onset": np.tile([0.0, 300.0, 600.0, 900.0], 3)})
    kept = gaze.early_gaze(table, pd.Series({"a": 600.0, "b": np.inf, "c": np.nan}))
    assert kept["reading"].value_counts().to_dict() == {"a": 2, "b": 4}
    assert gaze.early_gaze(table, 1.0)["onset"].tolist() == [0.0, 0.0, 0.0]


def test_refusals():
    table = pd.DataFrame({"reading": [1], "onset": [0.0]})
    with pytest.raises(TableError, match="a moment above 0 ms; got 0"):
        gaze.early_gaze(table, 0.0)
    with pytest.raises(TableError, match="'onset': expected this column"):
        gaze.early_gaze(table[["reading"]], 5.0)
