"""Foreign rows into one of our tables: names, units, missing codes and keys."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

import numpy as np
import pandas as pd

from gazeanalytics import ragged
from gazeanalytics.io.cells import as_numbers, expanded, milliseconds, plain_numbers, suffixed
from gazeanalytics.io.distinct import distinct_rows
from gazeanalytics.io.files import format_of
from gazeanalytics.io.foreign_rows import Place, exploded, kept_rows
from gazeanalytics.io.maps import UNITS, ColumnSource, TableMap
from gazeanalytics.tables import TABLES, Column, InputError, SetAside, Table
from gazeanalytics.tables.identifying import identifies
from gazeanalytics.tables.ordering import in_key_order

__all__ = ["convert"]

# In a column of numbers.
ALWAYS_MISSING = ("", ".", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "#N/A", "<NA>")
# In a column of words: "None" may be the control, "null" what somebody said.
MISSING_WORDS = ("", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "#N/A", "<NA>")


# Words for a right and a wrong reading.
_SUCCESS = dict.fromkeys(("correct", "right", "true", "yes", "hit", "1", "1.0"), 1) | dict.fromkeys(
    ("error", "incorrect", "wrong", "false", "no", "miss", "0", "0.0"), 0
)


def convert(
    raw: pd.DataFrame, name: str, table_map: TableMap, file: Path, aside: dict[int, SetAside] | None = None
) -> pd.DataFrame:
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
    aside : dict of int to SetAside, optional
        Takes rows with a cell that can't be used, by the index of `raw`; they are left out. None: such a cell is an
        error.

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
    place = Place(file, name, 2 if kind in ("csv", "tsv", "eprime") else 1, aside)
    raw = kept_rows(raw, table_map, place)
    if table_map.explode:
        raw = exploded(raw, table_map, place)
        raw = expanded(raw, table_map)
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
    if contract.name in ("fixations", "saccades") and "offset" in frame and "duration" not in frame:
        frame["duration"] = known.lasting(frame)
    if aside:
        frame = frame.drop(index=[row for row in aside if row in frame.index])
    frame = _together(frame, contract)
    for target, source in columns.items():
        if source.cumulate is not None or source.order:
            frame[target] = known.within_reading(target, source, frame)
    frame = frame[[*dict.fromkeys([*(c.name for c in contract.columns if c.name in frame), *frame.columns])]]
    return _in_order(distinct_rows(frame, raw, contract, table_map, file), contract)


def _native_columns(raw: pd.DataFrame, contract: Table) -> dict[str, ColumnSource]:
    # Sorted: columns beyond the contract have no order of their own.
    names = sorted(str(name) for name in raw.columns if str(name))
    kept = [n for n in names if contract.column(n) or not identifies(n)]
    columns = {name: ColumnSource.model_validate({"column": name}) for name in kept}
    for name, (ours, unit) in suffixed(kept, contract).items():
        del columns[name]
        columns[ours] = ColumnSource.model_validate({"column": name, "unit": unit})
    return columns


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


class _Known:
    """The foreign rows, and what is known of them while one table is made."""

    def __init__(self, raw: pd.DataFrame, contract: Table, table_map: TableMap, place: Place) -> None:
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
        if source.mean:
            return self._mean(target, source)
        cells = self.raw[source.column or ""]
        self._refuse_lists(cells, source)
        missing = self._missing(cells, source, column)
        if target == "country":
            self._refuse_namibia(cells, missing, source)
        if source.levels:
            missing &= ~cells.astype(str).isin([str(level) for level in source.levels])
            cells = cells.astype(str).map(lambda cell: source.levels.get(str(cell), cell))
        if column is None:
            return self._success(cells, missing, source) if target == "correct" else _as_it_is(cells, missing)
        if column.kind == "number":
            return self._difference(cells, missing, column, source)
        if column.kind == "flag":
            return self._flags(cells, missing, column, source)
        if column.kind == "reading":
            return _reading_key(cells)
        text = cells.astype(str).str.strip()
        return text.mask(missing, None) if missing.any() else text

    def lasting(self, frame: pd.DataFrame) -> pd.Series:
        """Durations of events that the file gives by start and end."""
        ends = pd.to_numeric(frame["offset"], errors="coerce")
        return ends - frame["onset"]

    def _refuse_lists(self, cells: pd.Series, source: ColumnSource) -> None:
        """A cell holds one value; lists are spread over rows by the map alone."""
        first = next(iter(cells.dropna()), None) if cells.dtype == object else None
        if isinstance(first, list | dict | np.ndarray):
            raise self.place.fault(
                0,
                source.column or "",
                "one value",
                "a list",
                f"spread it with explode = [{source.column!r}] in study.toml",
            )

    def _difference(self, cells: pd.Series, missing: pd.Series, column: Column, source: ColumnSource) -> pd.Series:
        """A column of numbers, less another one where the map says so."""
        numbers = self._numbers(cells, missing, column, source)
        if source.minus is None:
            return numbers
        taken = self.raw[source.minus]
        return numbers - self._numbers(taken, self._missing(taken, source, column), column, source)

    def _mean(self, target: str, source: ColumnSource) -> pd.Series:
        """Mean of some columns of numbers, of those that are known."""
        column = self.contract.column(target)
        if column is None or not (column.kind == "number" or (column.kind == "flag" and source.graded)):
            raise InputError(
                f"study.toml, tables.{self.place.table}.columns.{target}: expected a number of table "
                f"{self.place.table!r} for a mean of columns; correct the column's name"
            )
        each = [
            self._numbers(cells, self._missing(cells, one, column), column, one)
            for name in source.mean
            for cells, one in [(self.raw[name], source.model_copy(update={"column": name, "mean": []}))]
        ]
        known = sum((part.notna() for part in each), start=pd.Series(0, index=self.raw.index))
        total = sum((part.fillna(0.0) for part in each), start=pd.Series(0.0, index=self.raw.index))
        whole = total / known.where(known > 0)
        return _passes(whole, source) if column.kind == "flag" else whole

    def _success(self, cells: pd.Series, missing: pd.Series, source: ColumnSource) -> pd.Series:
        """The outcome `correct` in words: a model would take the later word of the alphabet for the success."""
        made = _as_it_is(cells, missing)
        if pd.api.types.is_numeric_dtype(made.dtype):
            wrong = ~made.isin([0, 1]) & ~missing
            if wrong.any():
                codes = sorted(made[~missing].unique())[:2]
                remedy = f"say which is which, as levels = {{ {codes[-1]:g} = 1, {codes[0]:g} = 0 }} in study.toml"
                self.place.refuse(wrong, source.column or "", "1 (correct) or 0", cells, remedy)
            return made
        words = made.astype(str).str.strip().str.lower()
        wrong = ~words.isin(_SUCCESS) & ~missing
        if wrong.any():
            remedy = f"give levels = {{ {cells[wrong].iloc[0]} = 1, ... = 0 }} in study.toml"
            self.place.refuse(wrong, source.column or "", "correct or error, 1 or 0", cells, remedy)
        return words.map(_SUCCESS).astype(float)

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
        row = int(words.index[row])
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
        steps = self._numbers(cells, self._missing(cells, source, column), column, source)
        return steps.groupby(groups, sort=False).cumsum() - steps

    def _missing(self, cells: pd.Series, source: ColumnSource, column: Column | None) -> pd.Series:
        codes = [*self.map.missing, *source.missing]
        missing = cells.isna()
        if pd.api.types.is_numeric_dtype(cells.dtype):
            numbers = [float(code) for code in codes if _is_number(code)]
            return missing | cells.isin(numbers) if numbers else missing
        missing |= cells.astype(str).str.strip().isin([*_words_for_missing(cells, column), *map(str, codes)])
        numbers = [float(code) for code in codes if _is_number(code)]
        if numbers:
            missing |= pd.to_numeric(cells, errors="coerce").isin(numbers)
        return missing

    def _numbers(self, cells: pd.Series, missing: pd.Series, column: Column, source: ColumnSource) -> pd.Series:
        dated = source.unit == "date"
        known = cells.mask(missing) if missing.any() and isinstance(cells.dtype, pd.StringDtype) else cells
        numbers = milliseconds(cells) if dated else as_numbers(known, self.map.decimal, self.map.thousands)
        foreign = source.needs or column.name
        wrong = numbers.isna() & ~missing
        if wrong.any():
            expected = "a date and time such as 2024-02-20T14:30:19.852" if dated else column.expected
            remedy = self._remedy(cells[wrong])
            if self.place.aside is not None and wrong.sum() > 0.5 * len(cells):
                row = int(wrong.to_numpy().argmax())
                raise self.place.fault(int(wrong.index[row]), foreign, expected, cells.iloc[row], remedy)
            self.place.refuse(wrong, foreign, expected, cells, remedy)
        factor = self._factor(column, source)
        numbers = numbers.mask(missing) if missing.any() else numbers
        return numbers if factor == 1 else numbers * factor

    def _remedy(self, cells: pd.Series) -> str:
        """What to do about text in a column of numbers: most often its decimal mark or its dates are not declared."""
        first = str(cells.iloc[0]).strip()
        for decimal, thousands in ((",", "."), (",", ""), (".", ",")):
            if (decimal, thousands) != (self.map.decimal, self.map.thousands) and plain_numbers(
                cells.head(100), decimal, thousands
            ):
                more = f", thousands = {thousands!r}" if thousands and thousands in first else ""
                return f"if it is a decimal comma, say decimal = {decimal!r}{more} in study.toml"
        if ":" in first:
            return "if it is a time stamp, say unit = 'date' in study.toml"
        return "correct the cell, or declare it under missing = [...] in study.toml"

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
        if source.graded:
            return _passes(self._numbers(cells, missing, column, source), source)
        words = cells.astype(str).str.strip().str.lower()
        known = words.isin(["1", "1.0", "true", "yes", "valid", "0", "0.0", "false", "no", "invalid"]) | missing
        if not known.all():
            remedy = f"give levels = {{ {cells[~known].iloc[0]} = true }} in study.toml"
            self.place.refuse(~known, source.column or "", column.expected, cells, remedy)
        return words.isin(["1", "1.0", "true", "yes", "valid"]) & ~missing


def _passes(grades: pd.Series, source: ColumnSource) -> pd.Series:
    """Where a confidence or a code of validity is good enough; not where it is missing."""
    low = -np.inf if source.at_least is None else source.at_least
    high = np.inf if source.at_most is None else source.at_most
    return grades.between(low, high)


def _is_number(code: object) -> bool:
    try:
        float(str(code))
    except ValueError:
        return False
    return True


def _words_for_missing(cells: pd.Series, column: Column | None) -> tuple[str, ...]:
    """Codes that always mean "not known", by what the column holds: NA may be a person's initials."""
    if column is None:
        words = cells.astype(str).str.strip()
        rest = words[~words.isin(ALWAYS_MISSING)]
        return ALWAYS_MISSING if plain_numbers(rest.head(1000)) else MISSING_WORDS
    if column.kind in ("id", "reading"):
        return ("",) if not column.missing else MISSING_WORDS
    return MISSING_WORDS if column.kind == "text" else ALWAYS_MISSING


def _as_it_is(cells: pd.Series, missing: pd.Series) -> pd.Series:
    """A column beyond the contract: numbers where all of it are numbers, else text."""
    if not (pd.api.types.is_string_dtype(cells.dtype) or cells.dtype == object):
        return cells.mask(missing) if missing.any() else cells
    numbers = pd.to_numeric(cells.mask(missing), errors="coerce")
    if numbers.notna().sum() == (~missing).sum() and (~missing).any():
        return numbers
    words = cells.astype(str).str.strip()
    truth = words[~missing].str.lower()
    if len(truth) and truth.isin(["true", "false"]).all():
        # With a missing cell, 1 and 0: a column of truth values holds no third value.
        flags = words.str.lower() == "true"
        return flags.astype(float).mask(missing) if missing.any() else flags
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
    """Sort rows by the rest of their key within a reading; `plausible.in_time` is for samples."""
    keys = [key for key in contract.key[1:] if key in frame]
    # Where the reading is absent, that is reported where the whole table is checked.
    if contract.name == "samples" or contract.key[0] != "reading" or "reading" not in frame or not keys:
        return frame
    codes = pd.factorize(frame["reading"])[0]
    if ((np.diff(frame[keys[0]].to_numpy(float)) <= 0) & (np.diff(codes) == 0)).any():
        return in_key_order(frame.assign(_reading=codes), ["_reading", *keys]).drop(columns="_reading")
    return frame
