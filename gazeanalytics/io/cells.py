"""What single cells mean: numbers with any decimal mark, dates, lists written as JSON, conditions on rows."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pyarrow as pa

from gazeanalytics.io.maps import CONDITION, TableMap
from gazeanalytics.tables import InputError, Table

__all__ = ["as_numbers", "expanded", "fits", "milliseconds", "plain_numbers", "suffixed"]

# "onset_ms", "t [s]", "x (px)": a unit in the name of a native column.
_SUFFIX = re.compile(r"^(?P<name>.+?)(?:[_ ]?[\[(](?P<inside>\w+)[\])]|_(?P<after>ms|s|us|ns|px|years|months|deg))$")


def as_numbers(cells: pd.Series, decimal: str = ".", thousands: str = "") -> pd.Series:
    """Cells as numbers; NaN where they are none."""
    if pd.api.types.is_numeric_dtype(cells.dtype):
        return cells
    if isinstance(cells.dtype, pd.CategoricalDtype):
        cells = cells.astype(object)
    if decimal != "." or thousands:
        cells = cells.astype(str)
        if thousands:
            cells = cells.str.replace(thousands, "", regex=False)
        # A point that is no decimal mark makes no number.
        cells = cells.str.replace(".", "?", regex=False) if decimal != "." else cells
        cells = cells.str.replace(decimal, ".", regex=False)
    return _all_numbers(cells) if isinstance(cells.dtype, pd.StringDtype) else pd.to_numeric(cells, errors="coerce")


def _all_numbers(cells: pd.Series) -> pd.Series:
    """Text as numbers; Arrow is quick where every cell is one, pandas finds those that are none."""
    text = pa.array(cells)
    for kind in (pa.int64(), pa.float64()):
        try:
            numbers = text.cast(kind)
        except pa.ArrowInvalid:
            continue
        return pd.Series(numbers.to_numpy(zero_copy_only=False), index=cells.index)
    return pd.to_numeric(cells, errors="coerce")


def plain_numbers(cells: pd.Series, decimal: str = ".", thousands: str = "") -> bool:
    """Whether all of some cells are numbers, grouped by three where there is a mark between thousands."""
    words = cells.astype(str).str.strip()
    if thousands:
        mark, point = re.escape(thousands), re.escape(decimal)
        return bool(len(words)) and bool(words.str.fullmatch(rf"-?\d{{1,3}}(?:{mark}\d{{3}})*(?:{point}\d+)?").all())
    return bool(len(words)) and bool(as_numbers(words, decimal).notna().all())


def milliseconds(cells: pd.Series) -> pd.Series:
    """Time stamps as ms since 1970 (UTC), or since midnight for times of day; NaN where they are none.

    A time of day that falls back by over half a day has passed midnight.

    Examples
    --------
    >>> milliseconds(pd.Series(["23:59:59.900", "00:00:00.100"])).diff().tolist()
    [nan, 200.0]
    """
    if pd.api.types.is_datetime64_any_dtype(cells.dtype):
        moments = cells
    else:
        words = cells.astype(str).str.strip()
        if words.str.fullmatch(r"\d{1,2}:\d{2}:\d{2}(?:[.,]\d+)?").any():
            return _since_midnight(words)
        moments = pd.to_datetime(words, utc=True, format="ISO8601", errors="coerce")
    plain = moments.dt.tz_convert(None) if getattr(moments.dt, "tz", None) is not None else moments
    # Whole ms and the rest apart: float64 would round ns since 1970 to 0.2 us.
    steps = pd.Series(plain.to_numpy("datetime64[ns]").astype("int64"), index=cells.index)
    return (steps // 1_000_000 + steps % 1_000_000 / 1e6).astype(float).mask(moments.isna())


def _since_midnight(words: pd.Series) -> pd.Series:
    times = pd.to_timedelta(words.str.replace(",", ".", regex=False), errors="coerce")
    ms = times.dt.total_seconds() * 1e3
    midnights = ms.ffill().diff().lt(-43_200_000).cumsum()
    return ms + midnights * 86_400_000.0


def fits(cells: pd.Series, rule: list | str) -> pd.Series:
    """Which rows to keep, by values or by a condition such as '>= 0.6' or 'not empty'."""
    if not isinstance(rule, str):
        return cells.astype(str).isin([str(value) for value in rule])
    found = CONDITION.fullmatch(rule)
    if found is None or found[1]:
        return cells.notna() & cells.astype(str).str.strip().ne("")
    numbers, limit = pd.to_numeric(cells, errors="coerce"), float(found[3])
    return {">=": numbers.ge, "<=": numbers.le, ">": numbers.gt, "<": numbers.lt}[found[2]](limit)


def expanded(raw: pd.DataFrame, table_map: TableMap) -> pd.DataFrame:
    """Give the parts of records, spread from lists, columns of their own: `column.part`."""
    parts = [name for source in table_map.columns.values() for name in source.reads if name not in raw]
    for name in parts:
        column = next((one for one in table_map.explode if name.startswith(f"{one}.")), None)
        if column is None:
            continue
        part = name.removeprefix(f"{column}.")
        values = [cell.get(part, np.nan) if isinstance(cell, dict) else np.nan for cell in raw[column]]
        if len(values) and not any(isinstance(cell, dict) and part in cell for cell in raw[column]):
            raise InputError(f"study.toml, column {name!r}: no record in {column!r} has a part {part!r}")
        raw = raw.assign(**{name: pd.Series([np.nan if v is None else v for v in values], index=raw.index)})
    return raw


def suffixed(names: list[str], contract: Table) -> dict[str, tuple[str, str]]:
    """Native columns whose name ends in a unit, as ours and that unit: 'onset_s' is 'onset' in s."""
    found: dict[str, tuple[str, str]] = {}
    for name in names:
        match = None if contract.column(name) else _SUFFIX.match(name)
        ours = contract.column(match["name"]) if match else None
        if match and ours and ours.kind == "number" and ours.name not in names:
            found[name] = (ours.name, match["inside"] or match["after"])
    return found
