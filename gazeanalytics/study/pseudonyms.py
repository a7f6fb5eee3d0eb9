"""Pseudonyms of readers, cases and readings: in key columns, in texts and in figures, and the file that undoes them."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from gazeanalytics.study.study import Study
from gazeanalytics.tables import TABLES

__all__ = ["KEYS", "Pseudonyms", "column_of", "named_in", "own_attributes", "pseudonyms_of", "vocabulary_of"]

KEYS = {"reader": "readers", "case": "cases", "reading": "readings"}
"""Key columns, each with the table that holds all its values."""

# After these words a name in small letters is a name.
_NAMED = re.compile(r"(?:\b(?:reader|case|reading) |['\"\[(=])$")
# Shorter names than this are numbers and abbreviations that anyone may use.
_SHORTEST = 4


@dataclass(frozen=True)
class Pseudonyms:
    """A pseudonym for each key of a study.

    Attributes
    ----------
    names : dict of str to pandas.Series
        By key column (reader, case, reading): pseudonyms, indexed by what they stand for. Beside them, by attribute,
        what levels are called that few readers share.
    vocabulary : frozenset of str
        Words of the study and of the contract that are no names even where a key is written like them.

    Examples
    --------
    >>> names = Pseudonyms({"reader": pd.Series(["reader_1", "reader_2"], index=["Bob Gray", "ann7"])})
    >>> names.applied(pd.DataFrame({"reader": ["ann7", "Bob Gray", "ann7"]}))["reader"].tolist()
    ['reader_1', 'reader_2', 'reader_2']
    >>> names.said("Readings by Bob Gray and ann7, not by Bob.")
    'Readings by reader_1 and reader_2, not by Bob.'
    """

    names: dict[str, pd.Series]
    vocabulary: frozenset[str] = field(default=frozenset())

    def applied(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame with pseudonyms in its key columns, and in place of names in its other text.

        Rows come in the order of the pseudonyms: that of the names would undo them for anyone who has a list.
        """
        frame = self.without_names(frame)
        mapped = {name: self._mapped(name, frame[name]) for name in self.names if name in frame}
        frame = frame.assign(**mapped) if mapped else frame
        by = [name for name in ("reading", "reader", "case") if name in frame]
        if not by:
            return frame
        keys = [frame[name] for name in reversed(by)]
        keys = [key if pd.api.types.is_numeric_dtype(key) else key.astype(str) for key in keys]
        return frame.iloc[np.lexsort(keys)].reset_index(drop=True)

    def without_names(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame with pseudonyms in place of names in its text, columns of keys left out."""
        columns = {}
        for name in frame.columns:
            if name not in self.names and len(frame) and not pd.api.types.is_numeric_dtype(frame[name]):
                columns[name] = self._cells(frame[name])
        changed = {name: column for name, column in columns.items() if column is not frame[name]}
        return frame.assign(**changed) if changed else frame

    def index(self, keys: pd.Index) -> pd.Index:
        """The same index with pseudonyms, where its name is that of a key."""
        name = str(keys.name)
        return pd.Index(self._mapped(name, keys.to_series()), name=keys.name) if name in self.names else keys

    def said(self, text: str) -> str:
        """The text with pseudonyms in place of names; one in small letters may be a word, but for 'reader smith'."""
        return self._replaced(text, prose=True)

    def in_cell(self, text: str) -> str:
        """The text of a cell or label with pseudonyms in place of names, those in small letters as well."""
        return self._replaced(text)

    def key_file(self) -> pd.DataFrame:
        """Table of all pseudonyms and what they stand for: keep it apart from the results."""
        parts = [
            pd.DataFrame(
                {"key": name, "pseudonym": values.astype(str).to_numpy(), "stands_for": values.index.astype(str)}
            )
            for name, values in self.names.items()
            if name in KEYS
        ]
        return pd.concat(parts, ignore_index=True)

    def _mapped(self, name: str, column: pd.Series) -> pd.Series:
        keys = column.astype(object).to_numpy()
        aliases = self.names[name].reindex(keys).to_numpy()
        # What no table of the study holds is no key of it: "all", or a missing value.
        known = pd.Index(keys).isin(self.names[name].index)
        if not known.all():
            aliases = np.where(known, aliases.astype(object), keys)
        return pd.Series(aliases, index=column.index, name=column.name)

    def _cells(self, column: pd.Series) -> pd.Series:
        if isinstance(column.dtype, pd.CategoricalDtype):
            renamed = {one: self._replaced(one) for one in column.cat.categories if isinstance(one, str)}
            return column if all(one == two for one, two in renamed.items()) else column.astype(object).replace(renamed)
        renamed = {one: self._replaced(one) for one in column.dropna().unique() if isinstance(one, str)}
        changed = {one: two for one, two in renamed.items() if one != two}
        return column.astype(object).replace(changed) if changed else column

    @cached_property
    def _by_first_word(self) -> dict[str, list[tuple[str, int, str]]]:
        """Names by their first word, the longest first: name, where the word begins in it, pseudonym."""
        found: dict[str, list[tuple[str, int, str]]] = {}
        for aliases in self.names.values():
            for name, alias in aliases.items():
                written = str(name)
                short = len(written) < (6 if written.isdigit() else _SHORTEST)
                word = re.search(r"\w+", written)
                if word and not short and written not in self.vocabulary:
                    found.setdefault(word.group(), []).append((written, word.start(), str(alias)))
        return {word: sorted(names, key=lambda one: -len(one[0])) for word, names in found.items()}

    def _replaced(self, text: str, *, prose: bool = False) -> str:
        parts, done = [], 0
        for word in re.finditer(r"\w+", text):
            for name, offset, alias in self._by_first_word.get(word.group(), ()):
                start = word.start() - offset
                stop = start + len(name)
                if start < done or text[start:stop] != name:
                    continue
                if prose and name.isalpha() and name.islower() and not _NAMED.search(text[:start]):
                    continue
                if stop < len(text) and re.match(r"\w", text[stop]) and re.match(r"\w", name[-1]):
                    continue
                parts += [text[done:start], alias]
                done = stop
                break
        return "".join([*parts, text[done:]])


def pseudonyms_of(study: Study) -> Pseudonyms:
    """Draw pseudonyms that no one without the study's tables can undo, the same for any order of their rows.

    Numbers follow a keyed hash (HMAC-SHA256) of each name. The key is made of the tables' contents: the seed or the
    alphabet would let anyone who has a list of names find out who is who, and a key from chance would make two runs
    differ. AI readers, who are nobody, are called by the columns model and version where the study has them.

    Examples
    --------
    >>> from gazeanalytics.study.examples import example_study
    >>> sorted(pseudonyms_of(example_study()).names["reader"])
    ['AI_1', 'reader_1', 'reader_2']
    """
    secret, names = _secret(study), {}
    for key, table in KEYS.items():
        known = pd.Index(study.table(table)[key].unique()).astype(object)
        models = _models(study) if key == "reader" else pd.Series(dtype=object)
        people = known[~known.isin(models.index)]
        parts = [_numbered(people, secret, key, key)]
        nameless = models.index[models.isna()]
        parts += [models.dropna(), _numbered(nameless, secret, key, "AI")]
        filled = [part for part in parts if len(part)]
        names[key] = (pd.concat(filled) if filled else parts[0]).reindex(known)
    names["columns of AI readers"] = _of_columns(names["reader"], _models(study).index)
    rare = _rare_levels(study)
    hidden = {level for levels in rare.values() for level in levels.index}
    return Pseudonyms(names | rare, vocabulary_of(study) - hidden)


# Attributes of readers in words: a level that few share says who it is wherever it stands, as in country[Tuvalu].
_IN_WORDS = ("country", "specialty", "sex", "gender")


def _rare_levels(study: Study) -> dict[str, pd.Series]:
    readers = study.table("readers")
    people = readers[readers["kind"] == "person"] if "kind" in readers else readers
    own = {key: own_attributes(study, key) for key in ("reader", "case")}
    columns = {name: people[name] for name in _IN_WORDS if name in people}
    for table in own.values():
        columns |= {name: table[name] for name in map(str, table) if name not in KEYS}
    found = {}
    for name, column in columns.items():
        if not pd.api.types.is_numeric_dtype(column):
            counts = column.astype(object).value_counts()
            rare = sorted(str(level) for level in counts.index[counts < study.config.report.min_cell])
            if rare:
                found[name] = pd.Series([f"small group {n + 1}" for n in range(len(rare))], index=rare, dtype=object)
    return found


def named_in(study: Study) -> set[str]:
    """Columns that study.toml asks for: in the formulas and conditions of its models."""
    named: set[str] = set()
    for model in study.config.models.values():
        for text in (model.formula, model.where):
            named |= set(re.findall(r"[^\W\d]\w*", text))
    return named


def own_attributes(study: Study, key: str) -> pd.DataFrame:
    """Attributes of people or cases that the study brings beside the contract, and that its models name.

    A column of the readings counts for readers where none has two values of it. Numbers of cases are left out: they
    measure the image, such as its difficulty.

    Returns
    -------
    pandas.DataFrame
        One row a reader (people only) or case, the key first.
    """
    table, named = study.table(KEYS[key]), named_in(study)
    if key == "reader":
        table = table[table["kind"] == "person"] if "kind" in table else table
        table = table.merge(_steady(study.table("readings"), named - set(map(str, table))), on="reader", how="left")
    contract = {column.name for one in KEYS.values() for column in TABLES[one].columns}
    own = [
        name
        for name in map(str, table)
        if name in named - contract - set(KEYS)
        and not name.startswith("truth_")
        and (key == "reader" or not pd.api.types.is_numeric_dtype(table[name]))
    ]
    return table[[key, *own]].reset_index(drop=True)


def _steady(readings: pd.DataFrame, named: set[str]) -> pd.DataFrame:
    """Columns of the readings that are of the reader: one value in all that each read."""
    asked = [name for name in map(str, readings) if name in named and name not in KEYS]
    values = readings.groupby("reader", observed=True)[asked].nunique(dropna=False)
    steady = [name for name in asked if len(values) > 1 and values[name].max() == 1]
    return readings[["reader", *steady]].drop_duplicates("reader")


def _numbered(known: pd.Index, secret: bytes, key: str, word: str) -> pd.Series:
    marks = [hmac.new(secret, f"{key} {name}".encode(), hashlib.sha256).digest() for name in known]
    places = np.argsort(np.argsort(np.array(marks, dtype=object))) + 1
    width = len(str(len(known)))
    shown = places if key == "reading" else [f"{word}_{place:0{width}d}" for place in places]
    return pd.Series(shown, index=known, dtype=None if key == "reading" else object)


def _models(study: Study) -> pd.Series:
    """AI readers: what each is called in public, None where that is not known or not its own."""
    readers = study.table("readers")
    models = readers[readers["kind"] == "model"] if "kind" in readers else readers.iloc[:0]
    shown = [name for name in ("model", "version") if name in models]
    called = pd.Series(None, index=pd.Index(models["reader"]).astype(object), dtype=object)
    if len(models) and "model" in shown and models["model"].notna().all():
        words = models[shown].astype(object).where(models[shown].notna(), "").astype(str).agg(" ".join, axis=1)
        words = words.str.strip()
        if words.is_unique and not (set(words) & set(models["reader"].astype(str))):
            called[:] = words.to_numpy()
    return called


def column_of(reader: str, place: int) -> str:
    """Name of an AI reader's own column in models: ai_ and its name as one word, or its place where it has no letters.

    Examples
    --------
    >>> column_of("GPT-5 (high)", 2), column_of("模型", 2)
    ('ai_GPT_5_high', 'ai_2')
    """
    return f"ai_{re.sub(r'[^0-9a-zA-Z]+', '_', reader).strip('_') or place}"


def _of_columns(readers: pd.Series, models: pd.Index) -> pd.Series:
    aliases = readers.loc[models]
    pairs = {column_of(str(name), 0): column_of(str(alias), 0) for name, alias in aliases.items()}
    return pd.Series(pairs, dtype=object)


def vocabulary_of(study: Study) -> frozenset[str]:
    """Words of the contract, and what the contract's own text columns hold beside keys.

    Not what other columns hold: a second reader's name in one of them would be a word like any other.
    """
    words = {"people", "readers", "all", "none", "other", *TABLES}
    words |= {column.name for table in TABLES.values() for column in table.columns}
    for table in ("readers", "cases", "regions"):
        frame = study.table(table) if study.has(table) else pd.DataFrame()
        known = {column.name for column in TABLES[table].columns} - set(KEYS)
        for name in known & set(map(str, frame)):
            if not pd.api.types.is_numeric_dtype(frame[name]):
                words |= {str(value) for value in frame[name].dropna().unique()}
    return frozenset(words)


def _secret(study: Study) -> bytes:
    digest = hashlib.sha256(b"gazeanalytics pseudonyms")
    for table in KEYS.values():
        frame = study.table(table)
        rows = pd.util.hash_pandas_object(frame[sorted(map(str, frame))].astype(str), index=False).to_numpy()
        digest.update(np.sort(rows).tobytes())
    return digest.digest()
