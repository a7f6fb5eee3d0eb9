"""Foreign rows into one of our tables: names, units, missing codes and keys."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import pandas as pd

from gazeanalytics import ragged
from gazeanalytics.io.files import format_of
from gazeanalytics.io.maps import UNITS, ColumnSource, TableMap
from gazeanalytics.tables import TABLES, Column, InputError, Table, shown
from gazeanalytics.tables.identifying import identifies

__all__ = ["convert"]

ALWAYS_MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a fault is reported to be."""

    file: Path
    table: str
    first_row: int

    def fault(self, row: int, column: str, expected: str, got: object, remedy: str) -> InputError:
        place = f"{self.file}, row {row + self.first_row}, column {column!r}"
        return InputError(f"{place}: expected {expected}; got {shown(got)}; {remedy}")


def convert(raw: pd.DataFrame, name: str, table_map: TableMap, file: Path) -> pd.DataFrame:
    """Convert the rows of a foreign file into table `name`: names, units, missing codes, keys.

    Parameters
    ----------
    raw : pandas.DataFrame
        As `files.read_columns` gives it: delimited text as text.
    name : str
        A key of `tables.TABLES`.
    table_map : TableMap
        The map; a native one takes all columns but identifying ones.
    file : pathlib.Path
        Named in errors.

    Returns
    -------
    pandas.DataFrame
        Indexed by the row of `raw` (of the spread rows, where lists are spread), so that a later fault can name it.

    Raises
    ------
    InputError
        Naming the file, row and column at fault, and the remedy.

    Examples
    --------
    >>> raw = pd.DataFrame({"trial": ["7", "7"], "secs": ["0.0", "0.3"], "gx": ["10", "-1"], "gy": ["20", "-1"]})
    >>> columns = {"x": "gx", "y": "gy", "onset": {"column": "secs", "unit": "s"}}
    >>> table_map = TableMap(file="gaze.csv", reading=["trial"], missing=[-1], columns=columns)
    >>> convert(raw, "fixations", table_map, Path("gaze.csv")).to_dict("records")
    [{'reading': '7', 'onset': 0.0, 'x': 10.0, 'y': 20.0}, {'reading': '7', 'onset': 300.0, 'x': nan, 'y': nan}]
    """
    contract = TABLES[name]
    kind = table_map.format or format_of(file)
    place = _Place(file, name, 2 if kind in ("csv", "tsv") else 1)
    raw = _kept(raw, table_map, place)
    if table_map.explode:
        raw = _exploded(raw, table_map, place)
    columns = _native_columns(raw, contract) if table_map.native else table_map.columns
    if not table_map.native:
        _refuse_misspelt(columns, contract)
    known = _Known(raw, contract, table_map, place)
    frame = pd.DataFrame(index=raw.index)
    if table_map.reading:
        frame["reading"] = known.reading()
    for target, source in columns.items():
        if source.cumulate is None and not source.order:
            frame[target] = known.column(target, source)
    frame = _together(frame, contract)
    for target, source in columns.items():
        if source.cumulate is not None or source.order:
            frame[target] = known.within_reading(target, source, frame)
    frame = frame[[*dict.fromkeys([*(c.name for c in contract.columns if c.name in frame), *frame.columns])]]
    if table_map.distinct:
        frame = frame.drop_duplicates([key for key in contract.key if key in frame])
    return _in_order(frame, contract)


def _native_columns(raw: pd.DataFrame, contract: Table) -> dict[str, ColumnSource]:
    names = [str(name) for name in raw.columns if str(name)]
    kept = [n for n in names if contract.column(n) or not identifies(n)]
    return {name: ColumnSource.model_validate({"column": name}) for name in kept}


def _refuse_misspelt(columns: dict[str, ColumnSource], contract: Table) -> None:
    """An own column whose name is all but one of ours, while ours isn't mapped, is a slip."""
    ours = [column.name for column in contract.columns if column.name not in columns]
    for target in columns:
        # 0.8 of difflib lets "onst" pass as a slip of "onset" and "age" as a column of its own.
        near = [] if contract.column(target) else get_close_matches(target.lower(), ours, n=1, cutoff=0.8)
        if near:
            raise InputError(
                f"study.toml, tables.{contract.name}.columns.{target}: table {contract.name!r} has a column "
                f"{near[0]!r}; correct the name, or give your own column one less like it"
            )


def _kept(raw: pd.DataFrame, table_map: TableMap, place: _Place) -> pd.DataFrame:
    for column, values in table_map.keep.items():
        fits = raw[column].astype(str).isin([str(value) for value in values])
        if len(raw) and not fits.any():
            got = ", ".join(sorted(raw[column].astype(str).unique())[:5])
            raise InputError(f"{place.file}, column {column!r}: expected one of {values} in some row; got {got}")
        raw = raw[fits]
    return raw


def _exploded(raw: pd.DataFrame, table_map: TableMap, place: _Place) -> pd.DataFrame:
    lengths = pd.DataFrame(
        {name: raw[name].map(lambda v: len(v) if isinstance(v, list) else -1) for name in table_map.explode}
    )
    uneven = lengths.nunique(axis=1).gt(1) | lengths.lt(0).any(axis=1)
    if uneven.any():
        row = int(uneven.to_numpy().argmax())
        got = dict(lengths.iloc[row])
        raise place.fault(row, table_map.explode[0], "lists of one length", got, "correct that record")
    return raw.explode(table_map.explode, ignore_index=True)


class _Known:
    """The foreign rows, and what is known of them while one table is made."""

    def __init__(self, raw: pd.DataFrame, contract: Table, table_map: TableMap, place: _Place) -> None:
        self.raw, self.contract, self.map, self.place = raw, contract, table_map, place

    def reading(self) -> pd.Series:
        parts = [self.raw[name].astype(str) for name in self.map.reading]
        return ragged.join_names(*parts)

    def column(self, target: str, source: ColumnSource) -> pd.Series:
        column = self.contract.column(target)
        if source.value is not None:
            return pd.Series(source.value, index=self.raw.index, dtype=object).infer_objects()
        if source.unit and (column is None or column.kind != "number"):
            raise InputError(
                f"study.toml, tables.{self.place.table}.columns.{target}: unit {source.unit!r} would do nothing, for "
                f"this is no number of table {self.place.table!r}; leave the unit out, or correct the column's name"
            )
        cells = self.raw[source.column or ""]
        missing = self._missing(cells, source)
        if target == "country":
            self._refuse_namibia(cells, missing, source)
        if source.levels:
            missing &= ~cells.astype(str).isin([str(level) for level in source.levels])
            cells = cells.astype(str).map(lambda cell: source.levels.get(str(cell), cell))
        if column is None:
            return _as_it_is(cells, missing)
        if column.kind == "number":
            return self._numbers(cells, missing, column, source)
        if column.kind == "flag":
            return self._flags(cells, missing, column, source)
        if column.kind == "reading":
            return _reading_key(cells)
        text = cells.astype(str).str.strip()
        return text.mask(missing, None) if missing.any() else text

    def _refuse_namibia(self, cells: pd.Series, missing: pd.Series, source: ColumnSource) -> None:
        """NA among two-letter country codes may be Namibia or not known: the study has to say which."""
        # Most readers of CSV files turn NA into missing without a word.
        words = cells.astype(str).str.strip()
        declared = {*map(str, self.map.missing), *map(str, source.missing), *map(str, source.levels)}
        held = words[~missing]
        if "NA" in declared or not (words == "NA").any() or not (len(held) and held.str.fullmatch("[A-Z]{2}").all()):
            return
        row = int((words == "NA").to_numpy().argmax())
        remedy = "in study.toml give levels = { NA = 'Namibia' } if it is that country, or missing = ['NA']"
        raise self.place.fault(row, source.column or "", "a country, or a declared code for not known", "NA", remedy)

    def within_reading(self, target: str, source: ColumnSource, frame: pd.DataFrame) -> pd.Series:
        """Order or running sum, once the rows of a reading lie together."""
        groups = (
            frame["reading"].cat.codes if isinstance(frame["reading"].dtype, pd.CategoricalDtype) else frame["reading"]
        )
        if source.order:
            return frame.groupby(groups, sort=False).cumcount().astype(float)
        column = self.contract.column(target)
        cells = self.raw.loc[frame.index, source.cumulate or ""]
        if column is None:
            raise InputError(
                f"study.toml, tables.{self.place.table}.columns.{target}: only our own columns are cumulated"
            )
        steps = self._numbers(cells, self._missing(cells, source), column, source)
        return steps.groupby(groups, sort=False).cumsum() - steps

    def _missing(self, cells: pd.Series, source: ColumnSource) -> pd.Series:
        codes = [*self.map.missing, *source.missing]
        missing = cells.isna()
        if pd.api.types.is_numeric_dtype(cells.dtype):
            numbers = [float(code) for code in codes if _is_number(code)]
            return missing | cells.isin(numbers) if numbers else missing
        missing |= cells.astype(str).str.strip().isin([*ALWAYS_MISSING, *(str(code) for code in codes)])
        numbers = [float(code) for code in codes if _is_number(code)]
        if numbers:
            missing |= pd.to_numeric(cells, errors="coerce").isin(numbers)
        return missing

    def _numbers(self, cells: pd.Series, missing: pd.Series, column: Column, source: ColumnSource) -> pd.Series:
        numbers = pd.to_numeric(cells, errors="coerce")
        foreign = source.needs or column.name
        wrong = numbers.isna() & ~missing
        if wrong.any():
            row = int(wrong.to_numpy().argmax())
            remedy = "correct the cell, or declare it under missing = [...] in study.toml"
            raise self.place.fault(row, foreign, column.expected, cells.iloc[row], remedy)
        factor = self._factor(column, source)
        numbers = numbers.mask(missing) if missing.any() else numbers
        return numbers if factor == 1 else numbers * factor

    def _factor(self, column: Column, source: ColumnSource) -> float:
        if source.unit is None or source.unit == column.unit:
            return 1.0
        known = UNITS.get(column.unit, {})
        if source.unit not in known:
            choices = ", ".join(known) or f"none but {column.unit or 'plain numbers'}"
            raise InputError(
                f"{self.place.file}, column {source.needs!r}: unit {source.unit!r} can't become "
                f"{column.unit or 'a plain number'}; in study.toml, tables.{self.place.table}.columns.{column.name}, "
                f"declare one of: {choices}"
            )
        return known[source.unit]

    def _flags(self, cells: pd.Series, missing: pd.Series, column: Column, source: ColumnSource) -> pd.Series:
        words = cells.astype(str).str.strip().str.lower()
        known = words.isin(["1", "1.0", "true", "yes", "valid", "0", "0.0", "false", "no", "invalid"]) | missing
        if not known.all():
            row = int((~known).to_numpy().argmax())
            remedy = f"give levels = {{ {cells.iloc[row]} = true }} in study.toml"
            raise self.place.fault(row, source.column or "", column.expected, cells.iloc[row], remedy)
        return words.isin(["1", "1.0", "true", "yes", "valid"]) & ~missing


def _is_number(code: object) -> bool:
    try:
        float(str(code))
    except ValueError:
        return False
    return True


def _as_it_is(cells: pd.Series, missing: pd.Series) -> pd.Series:
    """A column beyond the contract: numbers where all of it are numbers, else text."""
    if not (pd.api.types.is_string_dtype(cells.dtype) or cells.dtype == object):
        return cells.mask(missing) if missing.any() else cells
    numbers = pd.to_numeric(cells.mask(missing), errors="coerce")
    if numbers.notna().sum() == (~missing).sum() and (~missing).any():
        return numbers
    words = cells.astype(str).str.strip()
    if words[~missing].isin(["True", "False", "true", "false"]).all() and (~missing).all() and len(words):
        return words.str.lower() == "true"
    return words.mask(missing, None)


def _reading_key(cells: pd.Series) -> pd.Series:
    """Integers stay integers; anything else becomes categories in order of first appearance."""
    if pd.api.types.is_integer_dtype(cells.dtype) or isinstance(cells.dtype, pd.CategoricalDtype):
        return cells
    words = cells.astype(str).str.strip()
    if len(words) and words.str.fullmatch(r"\d{1,18}").all() and not words.str.match(r"0\d").any():
        return words.astype(np.int64)
    return ragged.join_names(words)


def _together(frame: pd.DataFrame, contract: Table) -> pd.DataFrame:
    """Bring the rows of one reading together, keeping their order."""
    if "reading" not in frame or contract.key[0] != "reading":
        return frame
    codes = pd.factorize(frame["reading"])[0]
    return frame if (np.diff(codes) >= 0).all() else frame.iloc[np.argsort(codes, kind="stable")]


def _in_order(frame: pd.DataFrame, contract: Table) -> pd.DataFrame:
    """Sort events by onset within a reading. In samples, time that runs backwards is an error."""
    if contract.name == "samples" or contract.key[0] != "reading" or contract.order not in frame or not len(frame):
        return frame
    # A stable sort keeps the order of events that begin together.
    codes = pd.factorize(frame["reading"])[0]
    values = frame[contract.order].to_numpy(float)
    if ((np.diff(values) < 0) & (np.diff(codes) == 0)).any():
        return frame.iloc[np.lexsort((values, codes))]
    return frame
