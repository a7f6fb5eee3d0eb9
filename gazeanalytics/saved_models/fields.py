"""Fields of a file of a fitted model: how a value or a table is written, and how it is checked when it is read.

A model says what each of its fields is (`Array`, `Value`, `Frame`, `Nested`, ...). The same description writes a field
and checks it on the way back, before any array reaches a kernel, whose loops trust the shapes they are given. Rejected:
pickle, which runs whatever a file says; and checks written by hand beside each model, which are forgotten with the next
field.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gazeanalytics.brief import Brief
from gazeanalytics.saved_models.arrays import Fault, Part, Store
from gazeanalytics.settings import Settings, match_type
from gazeanalytics.tables import InputError

__all__ = ["Either", "Frame", "Nested", "Optional", "SettingsOf", "Value", "Words", "read_parts", "write_parts"]


@dataclass(frozen=True, slots=True)
class Value:
    """A number, text, or tuple of them, by type hint.

    Attributes
    ----------
    hint : type
        Such as `int`, `tuple[str, ...]` or a Literal.
    low, high : float
        Bounds of a number; infinity itself is only in range where `infinite` is set.
    size : str
        Name of the size that a tuple's length must equal, "" for any.

    Examples
    --------
    >>> Value(tuple[str, ...]).read(["a", "b"], "names", Store())
    ('a', 'b')
    """

    hint: Any
    low: float = -math.inf
    high: float = math.inf
    infinite: bool = False
    size: str = ""

    def write(self, value: Any, name: str, store: Store) -> Any:
        """Return the value as JSON has it."""
        return value.item() if isinstance(value, np.generic) else value

    def read(self, stored: Any, name: str, store: Store) -> Any:
        """Check type, range and length."""
        value: Any
        matched, value = match_type(stored, self.hint)
        if not matched:
            raise Fault(f"{name!r} has the wrong type")
        if isinstance(value, float) and not (math.isfinite(value) or (self.infinite and value == math.inf)):
            raise Fault(f"{name!r} is not finite")
        if isinstance(value, int | float):
            if not self.low <= value <= self.high:
                raise Fault(f"{name!r} expected a value from {self.low:g} to {self.high:g}; got {value:g}")
            return value
        if self.size and len(value) != store.sizes.setdefault(self.size, len(value)):
            raise Fault(f"{name!r} expected {store.sizes[self.size]} entries; got {len(value)}")
        if name == "names":
            store.names = value
        return value


@dataclass(frozen=True, slots=True)
class Words:
    """A dict of text to text.

    Examples
    --------
    >>> Words().read({"dwell": "is constant"}, "dropped", Store())
    {'dwell': 'is constant'}
    """

    def write(self, value: Any, name: str, store: Store) -> dict[str, str]:
        """Return it as it is."""
        return dict(value)

    def read(self, stored: Any, name: str, store: Store) -> dict[str, str]:
        """Check that all of it is text."""
        if not isinstance(stored, dict) or not all(isinstance(value, str) for value in stored.values()):
            raise Fault(f"{name!r} has the wrong type")
        return stored


@dataclass(frozen=True, slots=True)
class Frame(Brief):
    """A small table, kept as JSON column by column.

    Attributes
    ----------
    columns : dict of str to str
        Name to kind: "f" number or missing, "i" whole number, "b" true or false, "s" text or missing, "k" key (all text
        or all numbers).
    rows : str
        Name of the size that the number of rows must equal, "" for any.
    keys_first : bool
        Whether columns of keys that the description doesn't name (reader, case) may stand in front.
    categories : str
        Column that becomes categorical, its categories the model's `names`.

    Examples
    --------
    >>> part = Frame({"groups": "i", "bic": "f"})
    >>> stored = part.write(pd.DataFrame({"groups": [1], "bic": [np.nan]}), "choices", Store())
    >>> stored
    {'groups': [1], 'bic': [None]}
    >>> part.read(stored, "choices", Store())
       groups  bic
    0       1  NaN
    """

    columns: dict[str, str]
    rows: str = ""
    keys_first: bool = False
    categories: str = ""

    def write(self, value: Any, name: str, store: Store) -> dict[str, list]:
        """Return columns as lists."""
        table = value.astype({self.categories: object}) if self.categories else value
        columns = {str(column): table[column].tolist() for column in table.columns}
        return {name: [None if cell != cell else cell for cell in cells] for name, cells in columns.items()}

    def read(self, stored: Any, name: str, store: Store) -> pd.DataFrame:
        """Check columns, lengths and every cell."""
        if not isinstance(stored, dict) or not all(isinstance(cells, list) for cells in stored.values()):
            raise Fault(f"table {name!r} is not a table")
        extra = len(stored) - len(self.columns)
        if list(stored)[max(extra, 0) :] != list(self.columns) or (extra > 0 and not self.keys_first) or extra < 0:
            raise Fault(f"table {name!r} expected the columns {', '.join(self.columns)}; got {', '.join(stored)}")
        lengths = {len(cells) for cells in stored.values()}
        if len(lengths) > 1:
            raise Fault(f"table {name!r} has columns of unequal length")
        if self.rows and lengths != {store.sizes.setdefault(self.rows, next(iter(lengths)))}:
            raise Fault(f"table {name!r} expected {store.sizes[self.rows]} rows; got {next(iter(lengths))}")
        table = {column: _cells(cells, self.columns.get(column, "k"), name, column) for column, cells in stored.items()}
        if self.categories:
            cells = table[self.categories]
            if not {cell for cell in cells if cell is not None} <= set(store.names):
                raise Fault(f"table {name!r}, column {self.categories!r}: expected the names of the groups")
            table[self.categories] = pd.Categorical(cells, categories=pd.Index(store.names))
        return pd.DataFrame(table)


_CELLS: dict[str, tuple[type, ...]] = {"f": (int, float), "i": (int,), "b": (bool,), "s": (str,)}


def _cells(cells: list, kind: str, table: str, column: str) -> Any:
    """Cells of one column as an array of its type."""
    if kind == "k":
        kind = "s" if any(isinstance(cell, str) for cell in cells) else "f"
        kind = "i" if kind == "f" and all(type(cell) is int for cell in cells) else kind
    missing = kind in "fs"
    for cell in cells:
        if not (
            (missing and cell is None) or (isinstance(cell, _CELLS[kind]) and isinstance(cell, bool) == (kind == "b"))
        ):
            raise Fault(f"table {table!r}, column {column!r}: {cell!r:.40} has the wrong type")
    try:
        if kind == "s":
            return np.array(cells, object) if len(cells) else np.array([], object)
        return np.array(
            [np.nan if cell is None else cell for cell in cells], {"f": float, "i": np.int64, "b": bool}[kind]
        )
    except OverflowError:
        raise Fault(f"table {table!r}, column {column!r}: a number is too large") from None


@dataclass(frozen=True, slots=True)
class Nested:
    """A part of a model that is a dataclass with parts of its own (`PARTS`).

    Examples
    --------
    >>> @dataclass
    ... class Tail:
    ...     PARTS = {"degrees": Value(float, low=1)}
    ...     degrees: float
    >>> Nested(Tail).read({"degrees": 4.0}, "tail", Store())
    Tail(degrees=4.0)
    """

    cls: type

    def write(self, value: Any, name: str, store: Store) -> dict[str, Any]:
        """Write each of its parts."""
        return write_parts(value, self.cls.PARTS, store, f"{name}.")  # pyright: ignore[reportAttributeAccessIssue]

    def read(self, stored: Any, name: str, store: Store) -> Any:
        """Read each of its parts."""
        parts = self.cls.PARTS  # pyright: ignore[reportAttributeAccessIssue]
        try:
            return self.cls(**read_parts(stored, parts, store, f"{name}."))
        except Fault:
            raise
        except ValueError as error:
            raise Fault(f"{name!r}: {error}") from None


@dataclass(frozen=True, slots=True)
class Optional:
    """A part that may be None.

    Examples
    --------
    >>> Optional(Value(int)).read(None, "n", Store()) is None, Optional(Value(int)).read([3], "n", Store())
    (True, 3)
    """

    part: Part

    def write(self, value: Any, name: str, store: Store) -> Any:
        """Write None, or the part in a list of its own."""
        return None if value is None else [self.part.write(value, name, store)]

    def read(self, stored: Any, name: str, store: Store) -> Any:
        """Read None or the part."""
        if stored is None:
            return None
        if not isinstance(stored, list) or len(stored) != 1:
            raise Fault(f"{name!r} has the wrong type")
        return self.part.read(stored[0], name, store)


@dataclass(frozen=True, slots=True)
class Either:
    """A part of one of several kinds that are written alike.

    Examples
    --------
    >>> Either((Frame({"groups": "i"}), Frame({"n": "i"}))).read({"n": [4]}, "choices", Store())
       n
    0  4
    """

    parts: tuple[Part, ...]

    def write(self, value: Any, name: str, store: Store) -> Any:
        """Write the part."""
        return self.parts[0].write(value, name, store)

    def read(self, stored: Any, name: str, store: Store) -> Any:
        """Read the first kind that fits."""
        for part in self.parts[:-1]:
            with suppress(Fault):
                return part.read(stored, name, store)
        return self.parts[-1].read(stored, name, store)


@dataclass(frozen=True, slots=True)
class SettingsOf:
    """The settings of a model, checked as those of a user are.

    Examples
    --------
    >>> @dataclass(frozen=True, slots=True)
    ... class Choices(Settings):
    ...     alpha: float = 0.05
    >>> SettingsOf(Choices).read({"alpha": 0.01}, "settings", Store())
    Choices(alpha=0.01)
    """

    cls: type[Settings]

    def write(self, value: Any, name: str, store: Store) -> dict[str, Any]:
        """Return names and values."""
        return value.as_dict()

    def read(self, stored: Any, name: str, store: Store) -> Settings:
        """Make the settings again."""
        if not isinstance(stored, dict):
            raise Fault(f"{name!r} has the wrong type")
        try:
            return self.cls.from_mapping(stored)
        except InputError as error:
            raise Fault(str(error)) from None


def write_parts(value: Any, parts: Mapping[str, Part], store: Store, prefix: str = "") -> dict[str, Any]:
    """Return what of a dataclass is JSON, and put its arrays into the store."""
    return {name: part.write(getattr(value, name), prefix + name, store) for name, part in parts.items()}


def read_parts(stored: Any, parts: Mapping[str, Part], store: Store, prefix: str = "") -> dict[str, Any]:
    """Return checked fields by name."""
    if not isinstance(stored, dict) or stored.keys() != parts.keys():
        raise Fault(f"{prefix.rstrip('.') or 'the model'} expected the fields {', '.join(parts)}")
    return {name: part.read(stored[name], prefix + name, store) for name, part in parts.items()}
