"""What leaves a study: results under pseudonyms, and no combination of attributes that few share."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.text import Text

from gazeanalytics import report
from gazeanalytics.study.analysis import Part
from gazeanalytics.study.pseudonyms import KEYS, Pseudonyms, named_in, own_attributes
from gazeanalytics.study.result import Outcome, StrategiesOutcome, StudyResult
from gazeanalytics.study.study import Study
from gazeanalytics.tables import TABLES, InputError
from gazeanalytics.tables.identifying import identifies

__all__ = ["anonymised", "check_key_file", "keep_releasable", "said_throughout", "spoken"]

# Attributes that together may point to one person: of readers, and of the patients behind the cases.
_OF_READERS = ("experience_years", "country", "specialty", "sex", "gender", "age")
_OF_CASES = ("age", "sex", "ethnicity")
# Outcomes of a reading that a study may bring itself: they are what it is about, and say nothing of who reads.
_OUTCOMES = {"correct", "uncertainty", "target_present"}
_EXPERIENCE_EDGES = (0, 2, 5, 10, 20)


@dataclass(frozen=True)
class _PseudonymousStudy(Study):
    """A study whose tables bear pseudonyms; files and settings are those of the study itself."""

    behind: Study | None = None
    pseudonyms: Pseudonyms | None = None

    def table(self, name: str) -> pd.DataFrame:
        if self.behind is None or self.pseudonyms is None:
            raise TypeError("a pseudonymous study stands for another one")
        if name not in self._cache:
            self._cache[name] = self.pseudonyms.applied(self.behind.table(name))
        return self._cache[name]


def anonymised(found: StudyResult, pseudonyms: Pseudonyms) -> StudyResult:
    """The same results under pseudonyms, as the page, its figures and its tables are made of them."""
    study = _PseudonymousStudy(
        found.study.folder,
        found.study.config,
        rejects=found.study.rejects,
        behind=found.study,
        pseudonyms=pseudonyms,
    )
    outcomes = {name: _renamed(outcome, pseudonyms) for name, outcome in found.outcomes.items()}
    return replace(found, study=study, outcomes=outcomes)


def _renamed(outcome: Outcome, pseudonyms: Pseudonyms) -> Outcome:
    """Rename frames of an outcome, and those of the results that it holds."""
    held = {field.name: getattr(outcome, field.name) for field in fields(outcome)}
    renamed = replace(outcome, **{name: _renamed_value(value, pseudonyms) for name, value in held.items()})
    if isinstance(renamed, StrategiesOutcome) and renamed.archetypes is not None:
        readings = pseudonyms.names["reading"]
        exemplars = tuple(readings[reading] for reading in renamed.archetypes.exemplars)
        renamed = replace(renamed, archetypes=replace(renamed.archetypes, exemplars=exemplars))
    return renamed


def _renamed_value(value: Any, pseudonyms: Pseudonyms) -> Any:
    if isinstance(value, pd.DataFrame):
        return pseudonyms.applied(value)
    if isinstance(value, pd.Index):
        return pseudonyms.index(value)
    if isinstance(value, Mapping):
        return {
            name: _renamed_value(held, pseudonyms) if isinstance(held, pd.DataFrame) else held
            for name, held in value.items()
        }
    if is_dataclass(value) and not isinstance(value, type):
        held = {field.name: getattr(value, field.name) for field in fields(value) if field.init}
        frames = {name: one for name, one in held.items() if isinstance(one, pd.DataFrame | pd.Index)}
        return (
            replace(value, **{name: _renamed_value(one, pseudonyms) for name, one in frames.items()})
            if frames
            else value
        )
    return value


def spoken(part: Part, pseudonyms: Pseudonyms) -> Part:
    """The part of a page with pseudonyms wherever a name is still said: texts, captions, tables, words on figures."""
    said = pseudonyms.said
    figures = {stem: replace(one, caption=said(one.caption), alt=said(one.alt)) for stem, one in part.figures.items()}
    for picture in figures.values():
        figure = picture.figure.figure if isinstance(picture.figure, Axes) else picture.figure
        for words in figure.findobj(Text):
            # Labels are cells, not prose: a name in small letters is a name there.
            if (text := pseudonyms.in_cell(words.get_text())) != words.get_text():
                words.set_text(text)
    tables = {stem: _spoken_table(table, pseudonyms) for stem, table in part.tables.items()}
    return Part(said(part.heading), said(part.text), figures, tables)


def said_throughout(value: Any, pseudonyms: Pseudonyms) -> Any:
    """Settings and counts with pseudonyms in place of names, in the keys and values of all mappings and lists.

    Examples
    --------
    >>> names = Pseudonyms({"reader": pd.Series(["reader_1"], index=["Ada Gray"])})
    >>> said_throughout({"where": "reader != 'Ada Gray'", "n": [1]}, names)
    {'where': "reader != 'reader_1'", 'n': [1]}
    """
    if isinstance(value, str):
        return pseudonyms.said(value)
    if isinstance(value, Mapping):
        return {said_throughout(key, pseudonyms): said_throughout(held, pseudonyms) for key, held in value.items()}
    return [said_throughout(held, pseudonyms) for held in value] if isinstance(value, list | tuple) else value


def _spoken_table(table: report.PaperTable, pseudonyms: Pseudonyms) -> report.PaperTable:
    said = pseudonyms.said
    return replace(
        table,
        data=pseudonyms.without_names(table.data),
        text=pseudonyms.without_names(table.text).rename(columns=lambda name: said(str(name))),
        caption=said(table.caption),
        notes=tuple(map(said, table.notes)),
        groups=tuple(map(said, table.groups)),
    )


def check_key_file(key_file: Path, out: Path, study: Study | None = None) -> None:
    """Refuse a key file that would lie among the results or in a table of the study, or replace a file.

    Raises
    ------
    InputError
        Naming the file and the remedy.

    Examples
    --------
    >>> check_key_file(Path("results/key.csv"), Path("results"))
    Traceback (most recent call last):
    gazeanalytics.tables.errors.InputError: results/key.csv: lies among the results that it is the key to; name a place
    outside of results
    """
    if out.resolve() in (key_file.resolve().parent, *key_file.resolve().parents):
        raise InputError(f"{key_file}: lies among the results that it is the key to; name a place outside of {out}")
    if study is not None and (table := _table_beside(key_file, study)):
        raise InputError(f"{key_file}: lies in the study's table {table!r}; name another place with --key")
    if key_file.exists():
        raise InputError(f"{key_file}: is there already; name another file with --key")
    if not os.access(key_file.parent, os.W_OK):
        raise InputError(f"{key_file}: nothing can be written to that folder; name a place in another with --key")


def _table_beside(file: Path, study: Study) -> str:
    """The table of the study that would read this file, too, if there is one."""
    home, place = study.folder.resolve(), file.resolve()
    for name in TABLES:
        folders = {home / name} | {one.resolve().parent for one in study.files(name)} - {home}
        own = place.parent == home and place.name.split(".")[0] == name
        if own or any(folder in place.parents for folder in folders):
            return name
    return ""


def keep_releasable(frame: pd.DataFrame, known: StudyResult) -> pd.DataFrame:
    """Take from a table of the folder `data/` what may point to a person.

    Columns that the study brings beside the contract stay only when they are outcomes or study.toml names them; columns
    of personal data never do. Attributes of readers and patients, named columns among them, are blanked where fewer
    than `min_cell` share their combination (k-anonymity by local suppression; Samarati & Sweeney 1998); experience, age
    and other numbers are given in bands.
    """
    study = known.study
    own = {str(name) for table in KEYS.values() for name in study.table(table)}
    named = named_in(study)
    contract = {column.name for table in KEYS.values() for column in TABLES[table].columns} | _OUTCOMES
    joined = [outcome.by_reading for outcome in known.outcomes.values() if outcome.by_reading is not None]
    measured = {str(name) for columns in joined for name in columns}
    kept = [
        name
        for name in map(str, frame)
        if not identifies(name)
        and (name not in own or name in contract | named | measured or name.startswith("truth_"))
    ]
    released = frame[kept]
    for key, attributes in (("reader", _OF_READERS), ("case", _OF_CASES)):
        table, brought = study.table(KEYS[key]), own_attributes(study, key)
        table = table.merge(brought[[key, *brought.columns.difference(table.columns)]], on=key, how="left")
        asked = dict.fromkeys((*attributes, *brought.columns[1:]))
        present = [name for name in asked if name in released and name in table]
        if present and key in released:
            released = _suppressed(released, key, table, present, study.config.report.min_cell)
    return released


def _suppressed(
    frame: pd.DataFrame, key: str, table: pd.DataFrame, attributes: list[str], min_cell: int
) -> pd.DataFrame:
    """Blank attributes, the one with most values first, until each combination that stays is shared by `min_cell`."""
    whom = table[table["kind"] == "person"] if "kind" in table else table
    values = whom.set_index(key)[attributes].apply(_banded).astype(object)
    for name in sorted(attributes, key=lambda column: -values[column].nunique()):
        rare = values.groupby(attributes, dropna=False, observed=True)[attributes[0]].transform("size") < min_cell
        values.loc[rare, name] = None
    rare = values.groupby(attributes, dropna=False, observed=True)[attributes[0]].transform("size") < min_cell
    values.loc[rare, :] = None
    bands = {name: values[name].reindex(frame[key].to_numpy()).to_numpy() for name in attributes}
    return frame.assign(**bands)


def _banded(column: pd.Series) -> pd.Series:
    """Numbers in bands as text, other values as they are."""
    if not pd.api.types.is_numeric_dtype(column):
        return column.astype(object)
    if column.name not in ("experience_years", "age"):
        return _quartered(column)
    edges = _EXPERIENCE_EDGES if column.name == "experience_years" else range(0, 91, 10)
    bands = pd.cut(column.astype(float), [*edges, np.inf], right=False)
    return bands.cat.rename_categories(_band_name).astype(object)


def _quartered(column: pd.Series) -> pd.Series:
    """Numbers of any kind by the quarter of the people they fall into, as text."""
    bands = pd.qcut(column.astype(float), 4, duplicates="drop")
    return bands.cat.rename_categories(lambda band: f"{band.left:.3g} to {band.right:.3g}").astype(object)


def _band_name(band: pd.Interval) -> str:
    return f"{band.left:.0f} to <{band.right:.0f}" if np.isfinite(band.right) else f"{band.left:.0f}+"
