"""Results that say what they hold in a few lines, in a console and in a notebook, instead of every number of theirs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from html import escape
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Brief"]

MAX_LENGTH = 1_200  # of a whole repr, so that a cell shows it without scrolling
MAX_VALUE = 80
MAX_ROWS = 12  # of a table of estimates
SHOWN = ["term", "contrast", "estimate", "std_error", "conf_low", "conf_high"]


class Brief:
    """Base of dataclasses that hold tables and arrays: their repr gives names, sizes and single values.

    A result with `estimates()` shows the first rows of these; in a notebook both are small tables.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import pandas as pd
    >>> @dataclass(frozen=True, slots=True)
    ... class Found(Brief):
    ...     share: float
    ...     visits: pd.DataFrame
    >>> Found(0.25, pd.DataFrame({"case": ["a", "b"], "dwell_ms": [1.0, 2.0]}))
    Found
      share: 0.25
      visits: table of 2 rows: case, dwell_ms
    """

    __slots__ = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # A dataclass gives itself a repr where the class, not a base of it, has none.
        if "__repr__" not in cls.__dict__:
            cls.__repr__ = Brief.__repr__

    def __repr__(self) -> str:
        """Name, then a line a field, or the first estimates."""
        table = _estimates(self)
        lines = [f"  {name}: {text}" for name, text in _parts(self)] if table is None else [_written(table)]
        return _cut("\n".join([_title(self), *lines, *getattr(self, "notes", ())]), MAX_LENGTH)

    def _repr_html_(self) -> str:
        """Give the same as a table, for notebooks."""
        title, table = f"<strong>{escape(_title(self))}</strong>", _estimates(self)
        if table is not None:
            return title + table.to_html(index=False, float_format=_number, na_rep="", border=0)
        rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>" for name, text in _parts(self))
        return f"{title}<table>{rows}</table>"


def _title(result: object) -> str:
    formula = getattr(result, "formula", "")
    return f"{type(result).__name__}: {formula}" if formula else type(result).__name__


def _estimates(result: Any) -> pd.DataFrame | None:
    estimates = getattr(result, "estimates", None)
    if not callable(estimates):
        return None
    table: pd.DataFrame = estimates()  # pyright: ignore[reportAssignmentType]
    return table[[name for name in SHOWN if name in table and table[name].notna().any()]].head(MAX_ROWS)


def _written(table: pd.DataFrame) -> str:
    return table.to_string(index=False, float_format=_number, na_rep="")


def _number(value: float) -> str:
    return f"{value:.4g}"


def _parts(result: Any) -> list[tuple[str, str]]:
    names = [field.name for field in fields(result) if field.repr and not field.name.startswith("_")]
    return [(name, summarise(getattr(result, name))) for name in names]


def summarise(value: Any) -> str:
    """Say in a few words what a value is.

    Examples
    --------
    >>> import numpy as np
    >>> summarise(np.zeros((3, 2))), summarise({"a": 1, "b": 2}), summarise(0.5), summarise([])
    ('array (3, 2) of float64', '2 entries: a, b', '0.5', 'empty')
    """
    import numpy as np  # here, as the command line shows its help without either
    import pandas as pd

    if isinstance(value, pd.DataFrame):
        return _cut(f"table of {len(value):,} rows: {', '.join(map(str, value.columns))}")
    if isinstance(value, pd.Series | pd.Index):
        return f"column of {len(value):,} rows of {value.dtype}"
    if isinstance(value, np.ndarray) and value.size > 1:
        return f"array {value.shape} of {value.dtype}"
    if isinstance(value, Mapping):
        return _cut(f"{len(value):,} entries: {', '.join(map(str, value))}") if value else "empty"
    if isinstance(value, tuple | list | set | frozenset):
        return _listed(list(value))
    if isinstance(value, float | np.floating):
        return _number(float(value))
    if isinstance(value, str | int | np.generic | PurePath):
        return _cut(str(value))
    named = value if isinstance(value, type) or callable(value) else type(value)
    text = repr(value)
    return text if len(text) <= MAX_VALUE and named is not value else getattr(named, "__name__", text[:MAX_VALUE])


def _listed(values: list[Any]) -> str:
    if not values:
        return "empty"
    if not any(hasattr(value, "__len__") and not isinstance(value, str) for value in values):
        return _cut(", ".join(map(str, values)))
    kinds = ", ".join(dict.fromkeys(type(value).__name__ for value in values))
    return _cut(f"{len(values):,} of {kinds}")


def _cut(text: str, length: int = MAX_VALUE) -> str:
    return text if len(text) <= length else text[: length - 4].rstrip() + " ..."
