"""The tables that rooms agree on: their keys, columns, kinds and units, and the check that a frame keeps to them.

House units: time in ms since image onset; place in image pixels, x right, y down. Any other unit is part of the
column's name. NaN means "not known". One key runs through all: a *reading* is one reader looking at one case once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["reading", "id", "number", "text", "flag"]

__all__ = ["TABLES", "Column", "InputError", "Table", "TableError", "check", "describe", "nearest", "shown"]


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


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its kind, unit and the values it may hold."""

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    required: bool = True
    missing: bool = True
    low: float | None = None
    high: float | None = None
    levels: tuple[str, ...] = ()

    @property
    def wanted(self) -> str:
        """What the column asks for, in words."""
        if self.levels:
            return "one of " + ", ".join(self.levels)
        words = {
            "reading": "an integer or categorical key without gaps",
            "id": "a name or number",
            "number": "a finite number",
            "text": "text",
            "flag": "true or false",
        }[self.kind]
        if self.unit:
            words += f" in {self.unit}"
        if self.low is not None:
            words += f", at least {self.low:g}"
        if self.high is not None:
            words += f", at most {self.high:g}"
        return words


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its key, in row order, and its columns. Further columns are welcome unless `closed`."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    made_by: str
    unique: bool = True
    order: str = ""
    closed: bool = False

    def column(self, name: str) -> Column | None:
        """Return the column of that name, or None."""
        return next((column for column in self.columns if column.name == name), None)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns that must be there."""
        return tuple(column.name for column in self.columns if column.required)


def _number(
    name: str,
    meaning: str,
    unit: str = "",
    *,
    required: bool = True,
    missing: bool = True,
    low: float | None = None,
    high: float | None = None,
) -> Column:
    return Column(name, "number", meaning, unit, required, missing, low, high)


def _id(name: str, meaning: str, *, required: bool = True, missing: bool = False) -> Column:
    return Column(name, "id", meaning, required=required, missing=missing)


def _text(name: str, meaning: str, *, required: bool = True, levels: tuple[str, ...] = ()) -> Column:
    return Column(name, "text", meaning, required=required, levels=levels)


_READING = Column("reading", "reading", "one reader looking at one case once", missing=False)
_ONSET = _number("onset", "begin, since image onset", "ms", missing=False)
_DURATION = _number("duration", "length in time; NaN when not known", "ms", low=0)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            "samples",
            ("reading", "t"),
            (
                _READING,
                _number("t", "time since image onset", "ms", missing=False),
                _number("x", "gaze, to the right", "image px"),
                _number("y", "gaze, downwards", "image px"),
                _number("pupil", "pupil size", "the tracker's unit", required=False),
                _text("eye", "which eye", required=False, levels=("left", "right", "both")),
                Column("valid", "flag", "the tracker trusts this sample", required=False),
            ),
            made_by="io, simulate",
            unique=False,
            order="t",
        ),
        Table(
            "fixations",
            ("reading", "onset"),
            (
                _READING,
                _ONSET,
                _number("duration", "length in time; NaN for points without one", "ms", required=False, low=0),
                _number("x", "centre, to the right", "image px"),
                _number("y", "centre, downwards", "image px"),
                _number("dispersion_deg", "RMS distance of its samples to the centre", "deg", required=False, low=0),
            ),
            made_by="gaze.events, io",
            unique=False,
            order="onset",
        ),
        Table(
            "saccades",
            ("reading", "onset"),
            (
                _READING,
                _ONSET,
                _DURATION,
                _number("x0", "start, to the right", "image px"),
                _number("y0", "start, downwards", "image px"),
                _number("x1", "end, to the right", "image px"),
                _number("y1", "end, downwards", "image px"),
                _number("amplitude_deg", "visual angle from start to end", "deg", low=0),
                _number("peak_speed_deg_s", "greatest speed", "deg/s", low=0),
            ),
            made_by="gaze.events",
            unique=False,
            order="onset",
        ),
        Table(
            "regions",
            ("case", "region"),
            (
                _id("case", "the image"),
                _id("region", "name of the region"),
                _text("kind", "what sort of region", levels=("organ", "lesion", "grid")),
                _number("x0", "left", "image px"),
                _number("y0", "top", "image px"),
                _number("x1", "right", "image px"),
                _number("y1", "bottom", "image px"),
                _text(
                    "shape",
                    "the box itself, the ellipse inside it, or a polygon",
                    required=False,
                    levels=("box", "ellipse", "polygon"),
                ),
                _text("outline", 'corners of a polygon in image px, such as "0,0 10,0 5,8"', required=False),
                _text("finding", "what a lesion shows", required=False),
            ),
            made_by="io, simulate",
        ),
        Table(
            "visits",
            ("reading", "onset"),
            (
                _READING,
                _ONSET,
                _id("region", "where; fixations outside every region make no visit"),
                _DURATION,
                _number("fixations", "fixations in the visit", low=1),
            ),
            made_by="gaze.regions",
            unique=False,
            order="onset",
        ),
        Table("features", ("reading",), (_READING,), made_by="gaze.features"),
        Table(
            "strategies",
            ("reading",),
            (
                _READING,
                _text("strategy", "name; missing when the reading belongs to none"),
                _number("strength", "how surely the reading belongs there", low=0, high=1),
            ),
            made_by="strategies",
        ),
        Table(
            "traces",
            ("reading", "step"),
            (
                _READING,
                _number("step", "place in the trace", missing=False, low=0),
                _text("text", "what was said or written"),
                _number("onset", "begin of speech", "ms", required=False),
                _number("offset", "end of speech", "ms", required=False),
                _text("stage", "stage of the reasoning", required=False),
            ),
            made_by="io, simulate",
        ),
        Table(
            "findings",
            ("reading", "step", "finding"),
            (
                _READING,
                _number("step", "step of the trace that mentions it", missing=False, low=0),
                _id("finding", "name of the observation"),
                _text("status", "what the text says of it", levels=("present", "absent", "uncertain")),
                _number("certainty", "stated probability that the finding is there", missing=False, low=0, high=1),
                _number("low", "lower end of what the words may mean", low=0, high=1),
                _number("high", "upper end of what the words may mean", low=0, high=1),
                _text("side", "laterality", required=False, levels=("left", "right", "both")),
                _text("zone", "zone of the lung", required=False),
                _id("region", "region that it names", required=False, missing=True),
                _number("start", "first character of the mention in the step's text", required=False, low=0),
                _number("stop", "character after the mention", required=False, low=0),
            ),
            made_by="reasoning",
            unique=False,
            order="step",
        ),
        Table(
            "readers",
            ("reader",),
            (
                _id("reader", "who reads: a person or a model"),
                _text("kind", "person or model", levels=("person", "model")),
                _number("experience_years", "years of practice", "years", required=False, low=0, high=80),
                _text("country", "country of practice", required=False),
                _text("specialty", "specialty", required=False),
                _text("model", "name of the model", required=False),
                _text("version", "version of the model", required=False),
            ),
            made_by="io, simulate",
        ),
        Table(
            "cases",
            ("case",),
            (
                _id("case", "the image"),
                _number("width", "width of the image", "px", missing=False, low=1),
                _number("height", "height of the image", "px", missing=False, low=1),
                _number("px_per_deg", "image pixels per degree at the centre", "px/deg", required=False, low=0),
                _text("target", "finding that the reading is scored on", required=False),
            ),
            made_by="io, simulate",
        ),
        Table(
            "readings",
            ("reading",),
            (
                _READING,
                _id("reader", "who"),
                _id("case", "what"),
                _id("session", "when", required=False, missing=True),
                _text("condition", "under which condition", required=False),
            ),
            made_by="io, simulate, readings",
        ),
        Table(
            "estimates",
            ("model", "term", "contrast"),
            (
                _text("model", "name of the model"),
                _text("term", "coefficient, standard deviation or summary"),
                _text("contrast", "which contrast, if any", required=False),
                _number("estimate", "the value"),
                _number("std_error", "its standard error", low=0),
                _number("statistic", "z, t or chi-square"),
                _number("df", "degrees of freedom", low=0),
                _number("p_value", "p-value", low=0, high=1),
                _number("conf_low", "lower end of the interval"),
                _number("conf_high", "upper end of the interval"),
                _number("n", "rows used", low=0),
                _text("note", "singular, not converged, separated, small cell"),
            ),
            made_by="stats",
            unique=False,
        ),
    )
}


def describe(name: str) -> str:
    """Say what a table holds, one line a column.

    Examples
    --------
    >>> print(describe("strategies"))
    strategies (key: reading; made by strategies)
      reading: one reader looking at one case once [an integer or categorical key without gaps]
      strategy: name; missing when the reading belongs to none [text]
      strength: how surely the reading belongs there [a finite number, at least 0, at most 1]
    """
    table = TABLES[name]
    lines = [f"{name} (key: {', '.join(table.key)}; made by {table.made_by})"]
    for column in table.columns:
        mark = "" if column.required else "?"
        lines.append(f"  {column.name}{mark}: {column.meaning} [{column.wanted}]")
    return "\n".join(lines)


def check(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return `frame` unchanged when it keeps to the table's contract.

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
    """
    table = TABLES[name]
    _check_names(frame, table)
    for column in table.columns:
        if column.name in frame.columns:
            _check_column(frame[column.name], table, column)
    if table.key[0] == "reading" and len(frame):
        _check_order(frame, table)
    _check_unique(frame, table)
    return frame


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


def _check_names(frame: pd.DataFrame, table: Table) -> None:
    if not frame.columns.is_unique:
        twice = sorted({str(name) for name in frame.columns[frame.columns.duplicated()]})
        raise TableError(table.name, twice[0], None, "each column once", "it stands there twice")
    have = [str(name) for name in frame.columns]
    for name in table.required:
        if name not in have:
            came = "no such column" + (f"; {nearest(name, have)}" if have else "")
            raise TableError(table.name, name, None, f"this column ({_wanted(table, name)})", came)


def _wanted(table: Table, name: str) -> str:
    column = table.column(name)
    return column.wanted if column else ""


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
        raise TableError(table.name, column.name, None, column.wanted, f"a column of {kind}; convert it first")


def _check_numbers(values: pd.Series, table: Table, column: Column) -> None:
    if not len(values):
        return
    kind = str(values.dtype).lower()
    if not kind.startswith(("int", "uint", "float", "double", "bool")):
        raise TableError(table.name, column.name, None, column.wanted, f"a column of {kind}")
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
    came = values.iloc[row]
    return TableError(table.name, column.name, row, column.wanted, "nothing" if came != came else shown(came))


def _check_order(frame: pd.DataFrame, table: Table) -> None:
    key = frame["reading"]
    if str(key.dtype) == "category":
        key = key.cat.codes
    starts = key.ne(key.shift())
    first = key[starts]
    if first.duplicated().any():
        split = starts & key.isin(first[first.duplicated()]) & key.duplicated()
        row = int(split.to_numpy().argmax())
        came = f"reading {shown(frame['reading'].iloc[row])} again after other readings; sort the table first"
        raise TableError(table.name, "reading", row, "the rows of one reading together", came)
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
