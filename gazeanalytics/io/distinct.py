"""Rows of which each key is kept once, where a file holds them again and again."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from gazeanalytics.io.maps import TableMap
from gazeanalytics.tables import InputError, Table, nearest, shown

__all__ = ["distinct_rows", "refuse_conflicts"]

# Tables of which each key is a person, an image or a look.
_ONE_OF_EACH = ("readers", "cases", "readings")


def distinct_rows(
    frame: pd.DataFrame, raw: pd.DataFrame, contract: Table, table_map: TableMap, file: Path
) -> pd.DataFrame:
    """Keep one row of each key, or of each value of foreign columns within a reading, as `distinct` of a map says.

    Raises
    ------
    InputError
        If a column of `distinct` isn't there, or rows of one reader, case or reading contradict one another.
    """
    if isinstance(table_map.distinct, list):
        for name in table_map.distinct:
            if name not in raw:
                have = nearest(name, [str(column) for column in raw])
                raise InputError(f"study.toml, tables.{contract.name}.distinct: there is no column {name!r}; {have}")
        keys = raw.loc[frame.index, table_map.distinct]
        keys = keys.assign(**{"our reading": frame["reading"]}) if "reading" in frame else keys
        return frame[~keys.duplicated(keep=table_map.distinct_row)]
    named = [key for key in contract.key if key in frame]
    if not (table_map.distinct and named):
        return frame
    refuse_conflicts(frame, contract, file)
    return frame.drop_duplicates(named, keep=table_map.distinct_row)


def refuse_conflicts(frame: pd.DataFrame, contract: Table, file: Path) -> None:
    """Raise where two rows of one reader, case or reading differ: to keep the first would hide the other."""
    key = contract.key[0]
    if contract.name not in _ONE_OF_EACH or key not in frame:
        return
    for name in frame.columns.drop(key):
        pairs = frame[[key, name]].dropna().drop_duplicates()
        twice = pairs[key].duplicated(keep=False)
        if twice.any():
            first = pairs.loc[twice, key].iloc[0]
            held = pairs.loc[pairs[key] == first, name].iloc[:2]
            raise InputError(
                f"{file}, column {str(name)!r}: expected one value for {key} {shown(first)}; got "
                f"{' and '.join(map(shown, held))}, of which distinct = true would hide one; correct the file, or take "
                "the column out of the map"
            )
