"""A last look at results before they leave: names, numbers, dates, paths and hosts that may say who a person is."""

from __future__ import annotations

import getpass
import re
import socket
import unicodedata
import warnings
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from gazeanalytics import io
from gazeanalytics.study.identifier_kinds import looks_personal, plain
from gazeanalytics.study.pseudonyms import KEYS, vocabulary_of
from gazeanalytics.study.readable import pieces
from gazeanalytics.study.study import Study
from gazeanalytics.tables import InputError
from gazeanalytics.tables.identifying import identifies

__all__ = ["scan"]

# Words that stand in many a reader's id and say nothing of who it is.
_COMMON = frozenset({
    "attending", "case", "chest", "consultant", "control", "doctor", "expert", "fellow", "group", "hospital", "image",
    "junior", "model", "none", "novice", "observer", "participant", "patient", "person", "physician", "radiologist",
    "radiology", "reader", "reading", "registrar", "resident", "senior", "student", "subject", "test", "trainee",
    "trial", "user",
})  # fmt: skip


def scan(folder: str | Path, study: Study | None = None) -> list[str]:
    """Search all files of a folder for what may say who a reader or patient is.

    Text is searched as it reads: in cells, tags and attributes, notes of Parquet, PNG and PDF files, documents and
    archives. The pixels of a picture are not; its words are searched in the SVG beside it.

    Parameters
    ----------
    folder : str or pathlib.Path
        Results, or any folder.
    study : Study, optional
        Its readers, cases, readings and the values of its personal columns are searched for too: whole, in any case
        of letters, and the words of a reader's name each.

    Returns
    -------
    list of str
        File, kind and the words found, one sentence each; empty when there is nothing. A file that can't be searched
        is named as well.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> _ = (Path(folder) / "notes.csv").write_text("read by ada@example.org on 2024-03-01")
    >>> for line in scan(folder):
    ...     print(line)
    notes.csv: e-mail address 'ada@example.org'
    notes.csv: date '2024-03-01'
    """
    folder = Path(folder)
    names = _Names(_names_of(study) | _names_here())
    found: list[str] = []
    known: dict[str, list[str]] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        place = path.relative_to(folder).as_posix()
        try:
            texts = [place, *pieces(path.name, path.read_bytes())]
        except (ValueError, OSError, EOFError, KeyError) as error:
            texts = [place]
            found.append(f"{place}: can't be searched ({str(error).splitlines()[0]})")
        for text in texts:
            # Documents share their style sheets: what was searched once is known.
            if text not in known:
                known[text] = list(_hits(plain(text), names))
            found += [f"{place}: {what}" for what in known[text]]
        if path.suffix == ".parquet":
            found += [f"{place}: column {name!r} of personal data" for name in texts[1].split("\n") if identifies(name)]
    return list(dict.fromkeys(found))


def _hits(text: str, names: _Names) -> Iterator[str]:
    for kind, words in looks_personal(text):
        yield f"{kind} {words.strip()[:60]!r}"
    for word in names.within(text):
        yield f"name or number {word!r} of the study or of this machine"


class _Names:
    """Names, found in any case of letters and with their accents or without, as whole words."""

    def __init__(self, names: set[str]) -> None:
        self._by_first: dict[str, list[tuple[str, str]]] = {}
        for name in names:
            for spelt in _spellings(name):
                if first := re.search(r"[^\W_]+", spelt):
                    self._by_first.setdefault(first.group(), []).append((spelt[first.start() :], name))

    def within(self, text: str) -> Iterator[str]:
        """Yield each name that stands in the text, once."""
        seen = set()
        for spelt in {text.casefold(), _without_accents(text)} if not text.isascii() else {text.casefold()}:
            for word in re.finditer(r"[^\W_]+", spelt):
                for name, told in self._by_first.get(word.group(), ()):
                    stop = word.start() + len(name)
                    whole = spelt[word.start() : stop] == name and not (
                        spelt[stop : stop + 1].isalnum() and name[-1].isalnum()
                    )
                    if whole and told not in seen:
                        seen.add(told)
                        yield told


def _spellings(name: str) -> set[str]:
    """A name in small letters, without accents, with umlauts in two letters, and as a file's name."""
    small = plain(name).casefold()
    found = {small, _without_accents(small)}
    if not small.isascii():
        found.add(
            _without_accents(small.translate(str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})))
        )
    return found | {re.sub(r"[\s,.]+", "_", one) for one in found}


def _without_accents(text: str) -> str:
    parted = unicodedata.normalize("NFD", text.casefold())
    return "".join(letter for letter in parted if not unicodedata.combining(letter))


def _names_of(study: Study | None) -> set[str]:
    """Keys of the study and values of its personal columns, where they are more than a small number."""
    if study is None:
        return set()
    words: set[str] = set()
    ordinary = {word.casefold() for word in vocabulary_of(study)} | _COMMON
    for key, table in KEYS.items():
        frame = study.table(table)
        columns = [frame[key], *(frame[name] for name in frame if identifies(str(name))), *_left_behind(study, table)]
        for column in columns:
            words |= {_as_written(value) for value in column.dropna().unique()}
        if key == "reader":
            parts = {part for name in frame[key].astype(str) for part in re.findall(r"[^\W\d_]{4,}", name)}
            words |= {part for part in parts if part[0].isupper() and part.casefold() not in ordinary}
    return {word for word in words if len(word) > 3 and not (word.isdigit() and len(word) < 6)}


def _left_behind(study: Study, table: str) -> Iterator[pd.Series]:
    """Personal columns of the study's own files that its tables leave out."""
    for file in study.files(table):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                frame = io.read_columns(file)
        except InputError:  # a file that only its map can read
            continue
        yield from (frame[name] for name in frame if identifies(str(name)))


def _as_written(value: object) -> str:
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)


def _names_here() -> set[str]:
    """Host and user of this machine, unless they are words that anyone may use."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = ""
    here = {socket.gethostname(), user}
    return {word for word in here if len(word) > 4 and word not in ("localhost", "runner", "admin", "jovyan", "ubuntu")}
