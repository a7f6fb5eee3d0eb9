"""Columns of both eyes become one: their mean, or the eye that is there."""

import numpy as np
import pytest

from gazeanalytics import io
from gazeanalytics.tables import InputError, Rejects

TEXT = "t,xl,yl,xr,yr\n0,100,50,110,54\n4,100,50,,\n8,,,110,54\n12,,,,\n16,-1,50,112,60\n"


def load(tmp_path, columns, text=TEXT, **options):
    path = tmp_path / "samples.csv"
    path.write_text(text)
    given = {"file": "samples.csv", "columns": {"reading": {"value": 1}, "t": "t"} | columns, "missing": [-1]}
    return io.load_shard(path, "samples", io.TableMap.model_validate(given | options), rejects=Rejects())


def test_the_mean_of_both_eyes_or_the_one_that_is_seen(tmp_path):
    columns = {"x": {"mean": ["xl", "xr"]}, "y": {"mean": ["yl", "yr"]}}
    samples = load(tmp_path, columns)
    np.testing.assert_array_equal(samples["x"], [105, 100, 110, np.nan, 112])
    np.testing.assert_array_equal(samples["y"], [52, 50, 54, np.nan, 55])


def test_a_word_in_either_column_is_told_with_its_own_name(tmp_path):
    path = tmp_path / "samples.csv"
    path.write_text(TEXT.replace("110,54\n4", "1l0,54\n4"))
    columns = {"t": "t", "x": {"mean": ["xl", "xr"]}, "y": "yl"}
    table_map = io.TableMap.model_validate({"file": "samples.csv", "columns": columns})
    with pytest.raises(InputError, match=r"samples\.csv, row 2, column 'xr': expected a finite number in image px"):
        io.load_shard(path, "samples", table_map)


def test_a_mean_is_of_numbers_alone_and_has_no_other_source(tmp_path):
    with pytest.raises(InputError, match=r"tables\.samples\.columns\.eye: expected a number of table 'samples' for a"):
        load(tmp_path, {"x": "xl", "y": "yl", "eye": {"mean": ["xl", "xr"]}})
    with pytest.raises(ValueError, match="give exactly one of column, mean, value, cumulate, order"):
        io.ColumnSource(column="xl", mean=["xl", "xr"])
    with pytest.raises(InputError, match=r"no column 'xq'"):
        load(tmp_path, {"x": {"mean": ["xl", "xq"]}, "y": "yl"})
