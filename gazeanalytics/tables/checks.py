"""Check that a frame keeps to the contract of its table; the error names the place of the first fault."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gazeanalytics.tables.contract import TABLES, Column, Table
from gazeanalytics.tables.errors import TableError, missing_column, shown

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check", "row_faults"]


def check(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Check a table against its contract; return it unchanged when it keeps to it.

    Parameters
    ----------
    frame : pandas.DataFrame
        The rows.
    name : str
        A key of `TABLES`.

    Raises
    ------
    TableError
        At the first column, then the first row, that breaks the contract.

    Examples
    --------
    >>> import pandas as pd
    >>> visits = pd.DataFrame({"reading": [1], "onset": 0.0, "region": "heart", "duration": -5.0, "fixations": 1})
    >>> check(visits, "visits")
    Traceback (most recent call last):
    gazeanalytics.tables.errors.TableError: table 'visits', row 0, column 'duration': expected a finite number in ms, at
    least 0; got -5.0
    """
    table = TABLES[name]
    _check_names(frame, table)
    for column in table.columns:
        if column.name in frame.columns:
            _check_column(frame[column.name], table, column)
    # Kernels take a reading as one slice, so its rows have to lie together and in order.
    if name == "features":
        _check_finite(frame, table)
    if table.key[0] == "reading" and len(frame):
        _check_order(frame, table)
    _check_unique(frame, table)
    return frame


def row_faults(frame: pd.DataFrame, name: str) -> Iterator[tuple[Column, pd.Series]]:
    """Cells that break the contract on their own, column by column: a mask of rows beside the column.

    What `check` would raise for the first of them; faults of a whole column (its kind, its name) are not among them.
    """
    for column in TABLES[name].columns:
        if column.name in frame.columns:
            values = frame[column.name]
            for wrong in _wrong_cells(values, column):
                if wrong.any():
                    yield column, wrong


def _wrong_cells(values: pd.Series, column: Column) -> Iterator[pd.Series]:
    missing = values.isna()
    if not column.missing:
        yield missing
    if column.kind == "number" and str(values.dtype).lower().startswith(("int", "uint", "float", "double")):
        yield values.abs() == float("inf")
        if column.low is not None:
            yield values.lt(column.low)
        if column.high is not None:
            yield values.gt(column.high)
    elif column.levels and column.kind != "number":
        yield ~values.isin(column.levels) & ~missing


def _check_names(frame: pd.DataFrame, table: Table) -> None:
    if not frame.columns.is_unique:
        twice = sorted({str(name) for name in frame.columns[frame.columns.duplicated()]})
        raise TableError(table.name, twice[0], None, "each column once", "a duplicate; rename or drop one")
    have = [str(name) for name in frame.columns]
    for name in table.required:
        if name not in have:
            column = table.column(name)
            expected = f"this column ({column.expected})" if column else "this column"
            raise TableError(table.name, name, None, expected, missing_column(name, have))


def _check_finite(frame: pd.DataFrame, table: Table) -> None:
    """Measures are columns beyond the contract; an infinite one would end in the middle of a decomposition."""
    for name in frame:
        if str(frame[name].dtype).lower().startswith(("float", "double")):
            infinite = frame[name].abs() == float("inf")
            if infinite.any():
                row = int(infinite.to_numpy().argmax())
                raise TableError(table.name, str(name), row, "a finite number", shown(frame[name].iloc[row]))


def _check_column(values: pd.Series, table: Table, column: Column) -> None:
    missing = values.isna()
    if not column.missing and missing.any():
        raise _fault(values, missing, table, column)
    if column.kind == "reading":
        _check_reading_kind(values, table, column)
    elif column.kind == "number":
        _check_numbers(values, table, column)
    elif column.levels:
        wrong = ~values.isin(column.levels) & ~missing
        if wrong.any():
            raise _fault(values, wrong, table, column)


def _check_reading_kind(values: pd.Series, table: Table, column: Column) -> None:
    kind = str(values.dtype)
    if len(values) and not (kind == "category" or kind.lower().startswith(("int", "uint"))):
        raise TableError(table.name, column.name, None, column.expected, f"a column of {kind}; convert it first")


def _check_numbers(values: pd.Series, table: Table, column: Column) -> None:
    if not len(values):
        return
    kind = str(values.dtype).lower()
    if not kind.startswith(("int", "uint", "float", "double", "bool")):
        raise TableError(table.name, column.name, None, column.expected, f"a column of {kind}")
    if kind.startswith(("float", "double")):
        infinite = values.abs() == float("inf")
        if infinite.any():
            raise _fault(values, infinite, table, column)
    for bound, wrong in ((column.low, values.lt), (column.high, values.gt)):
        if bound is not None:
            outside = wrong(bound)
            if outside.any():
                raise _fault(values, outside, table, column)


def _fault(values: pd.Series, wrong: pd.Series, table: Table, column: Column) -> TableError:
    row = int(wrong.to_numpy().argmax())
    got = "a missing value" if values.isna().iloc[row] else shown(values.iloc[row])
    return TableError(table.name, column.name, row, column.expected, got)


def _check_order(frame: pd.DataFrame, table: Table) -> None:
    key = frame["reading"]
    if str(key.dtype) == "category":
        # Integers compare hundreds of times faster than strings.
        key = key.cat.codes
    starts = key.ne(key.shift())
    first = key[starts]
    if first.duplicated().any():
        split = starts & key.isin(first[first.duplicated()]) & key.duplicated()
        row = int(split.to_numpy().argmax())
        got = f"reading {shown(frame['reading'].iloc[row])} again after other readings; sort the table first"
        raise TableError(table.name, "reading", row, "the rows of one reading together", got)
    if table.order:
        back = frame[table.order].diff().lt(0) & ~starts
        if back.any():
            row = int(back.to_numpy().argmax())
            here, before = frame[table.order].iloc[row], frame[table.order].iloc[row - 1]
            raise TableError(table.name, table.order, row, "rising values within a reading", f"{here} after {before}")


def _check_unique(frame: pd.DataFrame, table: Table) -> None:
    key = [name for name in table.key if name in frame.columns]
    if table.unique and len(frame):
        twice = frame.duplicated(key)
        if twice.any():
            row = int(twice.to_numpy().argmax())
            values = ", ".join(f"{name} {shown(frame[name].iloc[row])}" for name in key)
            raise TableError(table.name, key[-1], row, "each key once", f"{values} a second time")
