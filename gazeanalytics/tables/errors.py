"""Errors that users see when a table or a file can't be used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["InputError", "TableError", "nearest", "require_columns", "shown"]


class InputError(ValueError):
    """Something the user gave can't be used; the message is one sentence that says where, what and the remedy.

    Examples
    --------
    >>> raise InputError("fixations.csv: no such file; correct `file` in study.toml")
    Traceback (most recent call last):
    gazeanalytics.tables.errors.InputError: fixations.csv: no such file; correct `file` in study.toml
    """


class TableError(InputError):
    """A table that breaks the contract, with the place where it does.

    Attributes
    ----------
    table, column : str
        Where. `column` is empty when the whole table is at fault.
    row : int or None
        Position of the first faulty row, counted from 0.
    expected, got : str
        What the contract asks for (with the unit) and what was found.

    Examples
    --------
    >>> str(TableError("fixations", "duration", 3, "a finite number in ms, at least 0", "-20.0"))
    "table 'fixations', row 3, column 'duration': expected a finite number in ms, at least 0; got -20.0"
    """

    def __init__(self, table: str, column: str, row: int | None, expected: str, got: str) -> None:
        self.table, self.column, self.row, self.expected, self.got = table, column, row, expected, got
        place = f"table {table!r}"
        if row is not None:
            place += f", row {row}"
        if column:
            place += f", column {column!r}"
        super().__init__(f"{place}: expected {expected}; got {got}")


def require_columns(frame: pd.DataFrame, table: str, columns: Sequence[str]) -> None:
    """Raise a `TableError` at the first of `columns` that the frame lacks, with the nearest name that it has.

    Examples
    --------
    >>> import pandas as pd
    >>> require_columns(pd.DataFrame({"onste": [1.0]}), "fixations", ["onset"])
    Traceback (most recent call last):
    gazeanalytics.tables.errors.TableError: table 'fixations', column 'onset': expected this column; got none of that
    name; did you mean 'onste'?
    """
    have = [str(name) for name in frame.columns]
    for column in columns:
        if column not in have:
            raise TableError(table, column, None, "this column", missing_column(column, have))


def missing_column(name: str, have: Sequence[str]) -> str:
    """Say that a column is missing, and which one may have been meant."""
    return "none of that name" + (f"; {nearest(name, list(have))}" if have else "")


def nearest(name: str, choices: list[str]) -> str:
    """Say which of `choices` a misspelt name may have meant, as the tail of an error message.

    Examples
    --------
    >>> nearest("Onset", ["onset", "x"]), nearest("pupil", ["onset", "x"])
    ("did you mean 'onset'?", "there are 'onset', 'x'")
    """
    from difflib import get_close_matches

    close = [choice for choice in choices if choice.lower() == name.lower()]
    close = close or get_close_matches(name, choices, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else "there are " + ", ".join(map(repr, choices[:20]))


def shown(value: object) -> str:
    """Show a cell as its user wrote it, without the name of an array's type.

    Examples
    --------
    >>> import numpy as np
    >>> shown(np.float64(2.5)), shown("left")
    ('2.5', "'left'")
    """
    item = getattr(value, "item", None)
    return repr(item() if callable(item) else value)
