"""What is told to users when a table can't be used."""

from __future__ import annotations

__all__ = ["InputError", "TableError", "nearest", "shown"]


class InputError(ValueError):
    """Something the user gave can't be used; the message is one sentence that says where, what and the remedy."""


class TableError(InputError):
    """A table that breaks the contract, with the place where it does.

    Attributes
    ----------
    table, column : str
        Where. `column` is empty when the whole table is at fault.
    row : int or None
        Position of the first faulty row, counted from 0.
    wanted, came : str
        What the contract asks for (with the unit) and what was found.
    """

    def __init__(self, table: str, column: str, row: int | None, wanted: str, came: str) -> None:
        self.table, self.column, self.row, self.wanted, self.came = table, column, row, wanted, came
        place = f"table {table!r}"
        if row is not None:
            place += f", row {row}"
        if column:
            place += f", column {column!r}"
        super().__init__(f"{place}: wanted {wanted}; came {came}")


def nearest(name: str, choices: list[str]) -> str:
    """Say which of `choices` a misspelt name may have meant, as the tail of an error message."""
    from difflib import get_close_matches

    close = [choice for choice in choices if choice.lower() == name.lower()]
    close = close or get_close_matches(name, choices, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else "there are " + ", ".join(map(repr, choices[:20]))


def shown(value: object) -> str:
    """Show a cell as its user wrote it, without the name of an array's type."""
    item = getattr(value, "item", None)
    return repr(item() if callable(item) else value)
