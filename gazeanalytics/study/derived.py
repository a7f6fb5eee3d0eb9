"""Tables of keys that a study doesn't bring: readings from what they key, readers and cases from the readings."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pandas as pd

from gazeanalytics.geometry import Screen
from gazeanalytics.readings import TRUTH
from gazeanalytics.tables import TABLES

__all__ = ["DERIVED", "UNKNOWN_READER", "attributes_moved", "cases_of", "how_derived", "readers_of", "readings_of"]

DERIVED = ("readers", "cases", "readings")
"""Tables that other tables can stand in for, as public sets of gaze or words often come without them."""

UNKNOWN_READER = "unknown"
"""Reader of readings that don't say who read."""

_STEADY = ("reading", "reader", "case", "session", "condition")  # other columns are of the step or the sample
_OF_CASES = ("target", "age", "sex", "context")


def readings_of(frames: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Collect the readings that tables of gaze or words speak of, with what is steady in each: reader, case ...

    A reading whose table says no case is a case of its own: two that are not known to show the same image are never
    compared as if they did.

    Examples
    --------
    >>> traces = pd.DataFrame({"reading": [1, 1, 2], "step": [0, 1, 0], "text": "clear", "reader": ["a", "a", "b"]})
    >>> readings_of([traces])
       reading reader       case
    0        1      a  reading 1
    1        2      b  reading 2
    """
    kept = [frame[[name for name in _STEADY if name in frame]].drop_duplicates("reading") for frame in frames]
    integers = all(pd.api.types.is_integer_dtype(part["reading"]) for part in kept)
    kind = "int64" if integers else object
    whole = pd.concat([part.assign(reading=_plain(part["reading"], integers)) for part in kept], ignore_index=True)
    whole = whole.astype({"reading": kind}).groupby("reading", sort=False).first().reset_index()
    if not integers:
        whole["reading"] = pd.Categorical(whole["reading"], ordered=False)
    if "reader" not in whole:
        whole["reader"] = UNKNOWN_READER
    if "case" not in whole:
        whole["case"] = "reading " + whole["reading"].astype(str)
    return whole.assign(reader=whole["reader"].fillna(UNKNOWN_READER))


def _plain(keys: pd.Series, integers: bool) -> pd.Series:
    return keys if integers else keys.astype(str)


def readers_of(readings: pd.DataFrame) -> pd.DataFrame:
    """Take the readers from the readings, with the attributes that stand there; all are people unless `kind` says else.

    Examples
    --------
    >>> readers_of(pd.DataFrame({"reader": ["a", "b", "a"], "case": [1, 1, 2], "country": ["Chile", "Peru", "Chile"]}))
      reader country    kind
    0      a   Chile  person
    1      b    Peru  person
    """
    attributes = [column.name for column in TABLES["readers"].columns if column.name not in TABLES["readers"].key]
    table = _one_each(readings, "reader", lambda name: name in attributes)
    if "kind" not in table:
        table["kind"] = "person"
    return table.assign(kind=table["kind"].fillna("person"))


def cases_of(readings: pd.DataFrame, screen: Screen | None) -> pd.DataFrame:
    """Take the cases from the readings, with size, truth and context where these stand there.

    Without a size, images are taken to have filled the screen; without a screen they have none, and gaze on them can't
    be placed.

    Examples
    --------
    >>> cases_of(pd.DataFrame({"reader": ["a", "b"], "case": ["x", "x"], "truth_edema": 1}), None)
      case  truth_edema  width  height
    0    x            1    NaN     NaN
    """
    attributes = {column.name for column in TABLES["cases"].columns if column.name not in TABLES["cases"].key}
    table = _one_each(readings, "case", lambda name: name in (*attributes, *_OF_CASES) or name.startswith(TRUTH))
    for name, of_screen in (("width", "width_px"), ("height", "height_px")):
        if name not in table:
            table[name] = float("nan") if screen is None else float(getattr(screen, of_screen))
    return table


def _one_each(readings: pd.DataFrame, key: str, belongs: Callable[[str], bool]) -> pd.DataFrame:
    """One row a key with the columns that belong to it and are steady: one known value in all readings of the key."""
    asked = [name for name in map(str, readings) if name != key and belongs(name)]
    counts = readings.groupby(key, observed=True, sort=False)[asked].nunique()
    steady = [name for name in asked if counts[name].max() <= 1]
    return readings.groupby(key, observed=True, sort=False)[steady].first().reset_index()


def attributes_moved(readings: pd.DataFrame, *tables: pd.DataFrame) -> list[str]:
    """Columns of the readings that stand in a table taken from them, and so no longer in the readings."""
    moved = {name for table in tables for name in map(str, table)}
    return [name for name in map(str, readings) if name in moved and name not in _STEADY]


def how_derived(name: str, found: pd.DataFrame, source: str) -> str:
    """What a table was made of, for the notes of the study."""
    rows = "1 row is" if len(found) == 1 else f"{len(found):,} rows are"
    count = f"there is no table {name}; {rows} taken from {source}"
    if name == "readers":
        unknown = "; who read is not known, so all readings count as one reader's" if _is_unknown(found) else ""
        return f"{count}, all as people{unknown}" if found["kind"].eq("person").all() else count
    if name == "cases":
        sized = found["width"].notna().all()
        return f"{count}, as large as the screen where they bring no size" if sized else f"{count}, without a size"
    alone = found["case"].astype(str).str.startswith("reading ").all()
    return f"{count}, each as a case of its own" if alone else count


def _is_unknown(readers: pd.DataFrame) -> bool:
    return bool(readers["reader"].eq(UNKNOWN_READER).all())
