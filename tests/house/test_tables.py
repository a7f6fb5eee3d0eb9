import numpy as np
import pandas as pd
import pytest

from gazeanalytics import tables
from gazeanalytics.tables import InputError, TableError


def fixations(**changes):
    columns = {
        "reading": [1, 1, 2],
        "onset": [0.0, 250.0, 0.0],
        "duration": [200.0, np.nan, 180.0],
        "x": [10.0, 20.0, -5.0],
        "y": [1.0, np.nan, 3.0],
    }
    return pd.DataFrame(columns | changes)


def test_a_good_table_comes_back_untouched():
    frame = fixations()
    before = frame.copy()
    assert tables.check(frame, "fixations") is frame
    pd.testing.assert_frame_equal(frame, before)


def test_categorical_readings_are_keys_too():
    tables.check(fixations(reading=pd.Categorical(["b", "b", "a"])), "fixations")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"duration": [200.0, -1.0, 3.0]},
            "row 1, column 'duration': expected a finite number in ms, at least 0; got ",
        ),
        ({"x": [1.0, np.inf, 2.0]}, "row 1, column 'x': expected a finite number in image px; got "),
        ({"x": ["1", "2", "3"]}, "column 'x': expected a finite number in image px; got a column of str"),
        ({"onset": [0.0, np.nan, 0.0]}, "row 1, column 'onset': expected a finite number in ms; got a missing value"),
        (
            {"onset": [9.0, 3.0, 0.0]},
            "row 1, column 'onset': expected rising values within a reading; got 3.0 after 9.0",
        ),
        ({"reading": [1, 2, 1]}, "row 2, column 'reading': expected the rows of one reading together; got reading "),
        ({"reading": [1.0, 1.0, 2.0]}, "column 'reading': expected an integer or categorical key without gaps; got a "),
    ],
)
def test_a_fault_is_told_with_its_place(changes, words):
    with pytest.raises(TableError) as caught:
        tables.check(fixations(**changes), "fixations")
    assert str(caught.value).startswith(f"table 'fixations', {words}")


def test_a_misspelt_column_names_the_nearest():
    with pytest.raises(TableError, match=r"column 'onset': .*; got none of that name; did you mean 'onsets'\?"):
        tables.check(fixations().rename(columns={"onset": "onsets"}), "fixations")


def test_levels_bounds_and_doubled_keys():
    readers = pd.DataFrame({"reader": ["a", "b"], "kind": ["person", "robot"]})
    with pytest.raises(TableError, match="row 1, column 'kind': expected one of person, model; got 'robot'"):
        tables.check(readers, "readers")
    strategies = pd.DataFrame({"reading": [1, 2], "strategy": ["s", None], "strength": [0.5, 1.5]})
    with pytest.raises(TableError, match="row 1, column 'strength': expected a finite number, at least 0, at most 1"):
        tables.check(strategies, "strategies")
    twice = pd.DataFrame({"reader": ["a", "a"], "kind": ["person", "person"]})
    with pytest.raises(
        TableError, match="row 1, column 'reader': expected each key once; got reader 'a' a second time"
    ):
        tables.check(twice, "readers")


def test_a_doubled_column_is_refused():
    frame = fixations()
    with pytest.raises(TableError, match="column 'x': expected each column once"):
        tables.check(pd.concat([frame, frame[["x"]]], axis=1), "fixations")


def test_empty_tables_keep_their_columns():
    tables.check(fixations().iloc[:0], "fixations")


def test_an_error_carries_its_parts_and_is_a_users_error():
    with pytest.raises(InputError) as caught:
        tables.check(fixations(duration=[1.0, 2.0, -3.0]), "fixations")
    error = caught.value
    assert (error.table, error.column, error.row) == ("fixations", "duration", 2)


@pytest.mark.parametrize("name", sorted(tables.TABLES))
def test_every_table_can_be_told(name):
    table = tables.TABLES[name]
    told = tables.describe(name)
    assert all(column.name in told for column in table.columns)
    keys = {column.name for column in table.columns}
    assert set(table.key) <= keys
    assert not table.order or table.order in keys
