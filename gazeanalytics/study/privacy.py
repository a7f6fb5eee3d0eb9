"""What leaves a study: pseudonyms for readers, cases and readings, and no combination of attributes that few share."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import pandas as pd

from gazeanalytics.study.result import Outcome, StrategiesOutcome, StudyResult
from gazeanalytics.study.study import Study
from gazeanalytics.tables import TABLES, InputError
from gazeanalytics.tables.identifying import identifies

__all__ = ["Pseudonyms", "anonymised", "check_key_file", "keep_releasable", "pseudonyms_of"]

_KEYS = {"reader": "readers", "case": "cases", "reading": "readings"}
# Attributes that together may point to one person: of readers, and of the patients behind the cases.
_OF_READERS = ("experience_years", "country", "specialty", "sex", "gender", "age")
_OF_CASES = ("age", "sex", "ethnicity")
_EXPERIENCE_EDGES = (0, 2, 5, 10, 20)


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """A pseudonym for each key of a study.

    Attributes
    ----------
    names : dict of str to pandas.Series
        By key column (reader, case, reading): pseudonyms, indexed by what they stand for.

    Examples
    --------
    >>> names = Pseudonyms({"reader": pd.Series(["reader_1", "reader_2"], index=["bob", "ann"])})
    >>> names.applied(pd.DataFrame({"reader": ["ann", "bob", "ann"]}))["reader"].tolist()
    ['reader_2', 'reader_1', 'reader_2']
    """

    names: dict[str, pd.Series]

    def applied(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame with pseudonyms in its key columns; other columns are the same."""
        columns = {name: self._mapped(name, frame[name]) for name in self.names if name in frame}
        return frame.assign(**columns) if columns else frame

    def key_file(self) -> pd.DataFrame:
        """Table of all pseudonyms and what they stand for: keep it apart from the results."""
        parts = [
            pd.DataFrame(
                {"key": name, "pseudonym": values.astype(str).to_numpy(), "stands_for": values.index.astype(str)}
            )
            for name, values in self.names.items()
        ]
        return pd.concat(parts, ignore_index=True)

    def _mapped(self, name: str, column: pd.Series) -> pd.Series:
        aliases = self.names[name].reindex(column.astype(object).to_numpy())
        return pd.Series(aliases.to_numpy(), index=column.index, name=column.name)


def pseudonyms_of(study: Study) -> Pseudonyms:
    """Draw pseudonyms that no one without the study's tables can undo, the same for any order of their rows.

    Numbers follow a keyed hash (HMAC-SHA256) of each name. The key is made of the tables' contents: the seed or the
    alphabet would let anyone who has a list of names find out who is who, and a key from chance would make two runs
    differ.

    Examples
    --------
    >>> from gazeanalytics.study.examples import example_study
    >>> sorted(pseudonyms_of(example_study()).names["reader"])
    ['reader_1', 'reader_2', 'reader_3']
    """
    secret = _secret(study)
    names = {}
    for key, table in _KEYS.items():
        known = pd.Index(study.table(table)[key].unique()).astype(object)
        marks = [hmac.new(secret, f"{key} {name}".encode(), hashlib.sha256).digest() for name in known]
        places = np.argsort(np.argsort(np.array(marks, dtype=object))) + 1
        width = len(str(len(known)))
        shown = places if key == "reading" else [f"{key}_{place:0{width}d}" for place in places]
        names[key] = pd.Series(shown, index=known)
    return Pseudonyms(names)


def _secret(study: Study) -> bytes:
    digest = hashlib.sha256(b"gazeanalytics pseudonyms")
    for table in _KEYS.values():
        frame = study.table(table)
        rows = pd.util.hash_pandas_object(frame[sorted(map(str, frame))].astype(str), index=False).to_numpy()
        digest.update(np.sort(rows).tobytes())
    return digest.digest()


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
    frames = {
        field.name: pseudonyms.applied(value)
        for field in fields(outcome)
        if isinstance(value := getattr(outcome, field.name), pd.DataFrame)
    }
    tables = {name: pseudonyms.applied(table) for name, table in outcome.tables.items()}
    renamed = replace(outcome, **frames, tables=tables)
    if isinstance(renamed, StrategiesOutcome) and renamed.archetypes is not None:
        readings = pseudonyms.names["reading"]
        exemplars = tuple(readings[reading] for reading in renamed.archetypes.exemplars)
        renamed = replace(renamed, archetypes=replace(renamed.archetypes, exemplars=exemplars))
    return renamed


def check_key_file(key_file: Path, out: Path) -> None:
    """Refuse a key file that would lie among the results, or replace a file.

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
    if key_file.exists():
        raise InputError(f"{key_file}: is there already; name another file with --key")


def keep_releasable(frame: pd.DataFrame, known: StudyResult) -> pd.DataFrame:
    """Take from a table of the folder `data/` what may point to a person.

    Columns that the study brings beside the contract stay only when study.toml names them; columns of personal data
    never do. Attributes of readers and patients are blanked where fewer than `min_cell` share their combination
    (k-anonymity by local suppression; Samarati & Sweeney 1998), experience and age in bands.
    """
    study = known.study
    own = {str(name) for table in _KEYS.values() for name in study.table(table)}
    named = _named_in(study)
    contract = {column.name for table in _KEYS.values() for column in TABLES[table].columns}
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
        present = [name for name in attributes if name in released and name in study.table(_KEYS[key])]
        if present and key in released:
            released = _suppressed(released, key, study.table(_KEYS[key]), present, study.config.report.min_cell)
    return released


def _named_in(study: Study) -> set[str]:
    """Columns that study.toml asks for: in the formulas and conditions of its models."""
    named: set[str] = set()
    for model in study.config.models.values():
        for text in (model.formula, model.where):
            named |= set(re.findall(r"[^\W\d]\w*", text))
    return named


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
    edges = _EXPERIENCE_EDGES if column.name == "experience_years" else range(0, 91, 10)
    bands = pd.cut(column.astype(float), [*edges, np.inf], right=False)
    return bands.cat.rename_categories(_band_name).astype(object)


def _band_name(band: pd.Interval) -> str:
    return f"{band.left:.0f} to <{band.right:.0f}" if np.isfinite(band.right) else f"{band.left:.0f}+"
