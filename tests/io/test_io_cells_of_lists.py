"""Cells that hold lists, and numbers without end, are refused in one sentence."""

import pandas as pd
import pytest

from gazeanalytics import io
from gazeanalytics.tables import InputError


def test_a_list_where_a_number_belongs(tmp_path):
    path = tmp_path / "fixations.parquet"
    frame = pd.DataFrame({"reading": [1], "onset": [0.0], "duration": [200.0], "x": [[1.0, 2.0]], "y": [5.0]})
    frame.to_parquet(path)
    with pytest.raises(
        InputError, match=r"column 'x': expected one value; got 'a list'|expected one value; got a list"
    ):
        io.load_shard(path, "fixations")


def test_a_number_without_end(tmp_path):
    path = tmp_path / "fixations.json"
    path.write_text('[{"reading": 1, "onset": ' + "9" * 5000 + ', "duration": 200, "x": 1, "y": 1}]')
    with pytest.raises(InputError, match=r"fixations\.json: is not complete json"):
        io.load_shard(path, "fixations")
