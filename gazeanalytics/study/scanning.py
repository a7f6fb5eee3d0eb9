"""A last look at results before they leave: names, numbers, dates, paths and hosts that may say who a person is."""

from __future__ import annotations

import getpass
import html
import re
import socket
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from gazeanalytics.study.study import Study
from gazeanalytics.tables.identifying import identifies

__all__ = ["scan"]

# What personal data looks like, wherever it stands. Each pattern asks for more than a plain number has: results are
# full of numbers.
_PATTERNS = {
    "e-mail address": r"[\w.+-]+@[\w-]+\.[a-zA-Z]{2,}",
    "telephone number": r"(?<![\d.])(?:\+\d{1,3}[ -]\(?\d{1,4}\)?(?:[ -]\d{2,4}){2,4}|\(\d{3}\) ?\d{3}-\d{4}"
    r"|\d{3}-\d{3}-\d{4})(?![\d.])",
    "date": r"(?<![\d.-])(?:(?:19|20)\d\d-[01]\d-[0-3]\d|[0-3]?\d[./][01]?\d[./](?:19|20)\d\d"
    r"|[01]?\d/[0-3]?\d/(?:19|20)\d\d)(?![\d-])",
    "date in words": r"\b(?:\d{1,2}\.? )?(?:January|February|March|April|May|June|July|August|September|October"
    r"|November|December)(?: \d{1,2},)? (?:19|20)\d\d\b",
    "DICOM date": r"\b(?:Date|DA|Birth|Study)\W{1,3}(?:19|20)\d\d[01]\d[0-3]\d\b",
    "path of a machine": r"(?:/(?:home|Users|root|mnt|media|data\d*|srv|var|tmp)/[\w.-]+|\b[A-Za-z]:\\[\w .-]+"
    r"|\\\\[\w.-]+\\\w+)",
    "network address": r"(?<![\d.])(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}(?![\d.])",
    "hardware address": r"\b(?:[0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}\b",
    "ORCID": r"\b\d{4}-\d{4}-\d{4}-\d{3}[\dX]\b",
    "social security number": r"(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)",
    "medical record number": r"\b(?:MRN|medical record|patient (?:id|no|number)|PID)\W{1,3}[A-Z]?\d{4,}",
    "accession number": r"\b(?:accession|acc)\W{0,3}(?:no|number)?\W{0,3}[A-Z]{0,3}\d{5,}",
    "NHS number": r"\bNHS\D{1,12}\d{3} ?\d{3} ?\d{4}\b",
    "DICOM identifier": r"\b1\.2\.\d{3}(?:\.\d+){4,}",
    "UUID": r"\b[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b",
    "bank account": r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b",
    "title with a name": r"\b(?:Dr|Prof|Mr|Mrs|Ms)\.? [A-Z][a-z]+ ?[A-Z]?[a-z]*",
    "host": r"\b[\w-]+\.(?:local|lan|internal|intranet|corp)\b",
    "passport": r"\bpassport\W{1,3}(?:no\W{1,3})?[A-Z0-9]{6,9}\b",
}
_COMPILED = {kind: re.compile(pattern) for kind, pattern in _PATTERNS.items()}
# Compressed bytes match short patterns by chance: of pictures only these are asked.
_IN_BINARY = ("e-mail address", "path of a machine", "hardware address", "ORCID", "UUID", "DICOM identifier")
_TEXT = {".html", ".svg", ".json", ".csv", ".tex", ".md", ".txt"}


def scan(folder: str | Path, study: Study | None = None) -> list[str]:
    """Search all files of a folder for what may say who a reader or patient is.

    Parameters
    ----------
    folder : str or pathlib.Path
        Results, or any folder.
    study : Study, optional
        Its readers, cases, readings and the values of its personal columns are searched for too.

    Returns
    -------
    list of str
        File, kind and the words found, one sentence each; empty when there is nothing.

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
    names = _names_of(study) | _names_here()
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        place = path.relative_to(folder).as_posix()
        kinds = tuple(_COMPILED) if path.suffix in _TEXT | {".parquet", ".docx", ".xlsx"} else _IN_BINARY
        for text in (place, *_texts(path)):
            found += [f"{place}: {what}" for what in _hits(text, kinds, names)]
        if path.suffix == ".parquet":
            columns = [str(name) for name in pd.read_parquet(path).columns]
            found += [f"{place}: column {name!r} of personal data" for name in columns if identifies(name)]
    return list(dict.fromkeys(found))


def _hits(text: str, kinds: tuple[str, ...], names: set[str]) -> Iterator[str]:
    for kind in kinds:
        if match := _COMPILED[kind].search(text):
            yield f"{kind} {match.group()[:60]!r}"
    for word in names & set(re.findall(r"[\w|.@+-]+", text)) | {name for name in names if " " in name and name in text}:
        yield f"name or number {word!r} of the study or of this machine"


def _texts(path: Path) -> Iterator[str]:
    """What a person could read in a file, piece by piece."""
    if path.suffix == ".parquet":
        frame = pd.read_parquet(path)
        yield " ".join(map(str, frame.columns))
        for name in frame:
            if not pd.api.types.is_numeric_dtype(frame[name]):
                yield "\n".join(frame[name].dropna().astype(str).unique())
    elif path.suffix in (".docx", ".xlsx"):
        with zipfile.ZipFile(path) as parts:
            for part in parts.namelist():
                yield _readable(parts.read(part).decode("utf-8", "replace"))
    elif path.suffix in (".html", ".svg"):
        yield _readable(path.read_text("utf-8", "replace"))
    elif path.suffix in _TEXT:
        yield path.read_text("utf-8", "replace")
    else:
        yield path.read_bytes().decode("latin-1")


def _readable(markup: str) -> str:
    """Text between tags and the words of attributes; outlines of letters and places are no words."""
    markup = re.sub(r'\s(?:d|points|transform|style|viewBox|id|href|xlink:href|class)="[^"]*"', "", markup)
    attributes = " ".join(re.findall(r'\s(?:alt|title|aria-label|content|name|label)="([^"]*)"', markup))
    return html.unescape(re.sub(r"<[^>]*>", " ", markup) + " " + attributes)


def _names_of(study: Study | None) -> set[str]:
    """Keys of the study and values of its personal columns, where they are more than a small number."""
    if study is None:
        return set()
    words: set[str] = set()
    for table, key in (("readers", "reader"), ("cases", "case"), ("readings", "reading")):
        frame = study.table(table)
        for column in (key, *(name for name in map(str, frame) if identifies(name))):
            words |= {str(value) for value in frame[column].dropna().unique()}
    return {word for word in words if len(word) > 3 and not (word.isdigit() and len(word) < 6)}


def _names_here() -> set[str]:
    """Host and user of this machine, unless they are words that anyone may use."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = ""
    here = {socket.gethostname(), user}
    return {word for word in here if len(word) > 4 and word not in ("localhost", "runner", "admin", "jovyan", "ubuntu")}
