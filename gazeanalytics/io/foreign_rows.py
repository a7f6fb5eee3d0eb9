"""Foreign rows before they are converted: which of them are kept, lists that become rows, and where faults lie."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from gazeanalytics.io.cells import fits
from gazeanalytics.io.maps import TableMap
from gazeanalytics.tables import InputError, SetAside, shown

__all__ = ["Place", "exploded", "kept_rows"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fault is reported to be, and what becomes of it: an error, or a row set aside."""

    file: Path
    table: str
    first_row: int
    aside: dict[int, SetAside] | None

    def fault(self, row: int, column: str, expected: str, got: object, remedy: str) -> InputError:
        """The error of one cell."""
        fault = SetAside(row + self.first_row, column, expected, shown(got))
        return InputError(fault.words(self.file, remedy))

    def refuse(self, wrong: pd.Series, column: str, expected: str, cells: pd.Series, remedy: str) -> None:
        """Raise at the first wrong cell, or set all their rows aside."""
        if self.aside is None:
            row = int(wrong.to_numpy().argmax())
            raise self.fault(int(wrong.index[row]), column, expected, cells.iloc[row], remedy)
        for row, got in cells[wrong].items():
            number = int(str(row))
            self.aside.setdefault(number, SetAside(number + self.first_row, column, expected, shown(got)))


def kept_rows(raw: pd.DataFrame, table_map: TableMap, place: Place) -> pd.DataFrame:
    """Rows that the conditions of `keep` leave."""
    for column, rule in table_map.keep.items():
        kept = fits(raw[column], rule)
        if len(raw) and not kept.any():
            got = ", ".join(sorted(raw[column].astype(str).unique())[:5])
            expected = f"one of {rule}" if isinstance(rule, list) else f"a value {rule}"
            raise InputError(f"{place.file}, column {column!r}: expected {expected} in some row; got {got}")
        raw = raw[kept]
    return raw


def exploded(raw: pd.DataFrame, table_map: TableMap, place: Place) -> pd.DataFrame:
    """A row for each element of the lists that `explode` names."""
    raw = raw.assign(**{name: raw[name].map(_list_in) for name in table_map.explode})
    lengths = pd.DataFrame(
        {name: raw[name].map(lambda v: len(v) if isinstance(v, list) else -1) for name in table_map.explode}
    )
    uneven = lengths.nunique(axis=1).gt(1) | lengths.lt(0).any(axis=1)
    if uneven.any():
        row = int(uneven.to_numpy().argmax())
        got = {name: int(length) for name, length in lengths.iloc[row].items()}
        raise place.fault(row, table_map.explode[0], "lists of one length", got, "correct that record")
    return raw.explode(table_map.explode, ignore_index=True)


def _list_in(cell: object) -> object:
    """A list, also where it is written as JSON in a cell of text."""
    if not isinstance(cell, str) or not cell.lstrip().startswith("["):
        return list(cell) if isinstance(cell, np.ndarray) else cell
    try:
        return json.loads(cell)
    except (json.JSONDecodeError, RecursionError):
        return cell
