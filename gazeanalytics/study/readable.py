"""All that a person, or a program that looks for persons, can read in a file: text, attributes, notes on pictures."""

from __future__ import annotations

import base64
import binascii
import gzip
import html
import io
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import PurePath

import numpy as np
import pandas as pd

from gazeanalytics.io.files import checked_parquet

__all__ = ["pieces"]

_TEXT = {".csv", ".tsv", ".txt", ".md", ".tex", ".toml", ".log", ".bib", ".yaml", ".yml"}
_MARKUP = {".html", ".htm", ".svg", ".xml", ".rels", ".xhtml"}
# Archives within archives deeper than this are not opened.
_DEEPEST = 3


def pieces(name: str, data: bytes, *, depth: int = 0) -> Iterator[str]:
    """Yield the texts of a file, piece by piece.

    Parameters
    ----------
    name : str
        Its name, whose ending says what it holds.
    data : bytes
        Its content.
    depth : int
        In how many archives it lies.

    Raises
    ------
    ValueError
        If the file is of a kind whose texts can't be found, or damaged.

    Examples
    --------
    >>> list(pieces("a.html", b'<p title="by Ada">read <b>to</b>day</p>'))
    ['read today', 'read  to day', 'by Ada']
    """
    ending = "." + PurePath(name).name.lower().rpartition(".")[2]
    if ending in _MARKUP:
        yield from _markup(_decoded(data), depth)
    elif ending in (".json", ".jsonl", ".ipynb"):
        yield from _json(_decoded(data))
    elif ending in _TEXT:
        yield _decoded(data)
    elif ending in _READERS:
        yield from _READERS[ending](data)
    elif ending in (".docx", ".xlsx", ".pptx", ".zip"):
        yield from _archive(data, depth)
    elif ending == ".gz" and depth < _DEEPEST:
        yield from pieces(name[: -len(ending)], gzip.decompress(data), depth=depth + 1)
    else:
        raise ValueError("is of a kind whose words can't be searched")


def _decoded(data: bytes) -> str:
    """Text of a file: by its byte-order mark, else UTF-16 where every other byte is 0, else UTF-8."""
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig")):
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    half = len(data) // 3
    if half and data[1::2].count(0) > half:
        return data.decode("utf-16-le", "replace")
    if half and data[::2].count(0) > half:
        return data.decode("utf-16-be", "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


# Outlines, places and styles are numbers without words.
_ATTRIBUTE = re.compile(r"""\s([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_GEOMETRY = {"d", "points", "transform", "style", "viewBox", "x", "y", "width", "height"}
# Word's numbers of edits.
_EDITS = ("w:rsid", "w:nsid", "w:tmpl")
_EMBEDDED = re.compile(r"data:image/([a-z+]+);base64,([A-Za-z0-9+/=\s]+)")


def _markup(text: str, depth: int) -> Iterator[str]:
    """Text without tags, once without a gap (tags may part a word) and once with one; attributes; pictures."""
    for ending, code in _EMBEDDED.findall(text):
        try:
            yield from pieces(f"a.{ending.partition('+')[0]}", base64.b64decode(code), depth=depth + 1)
        except binascii.Error:
            yield code
    text = _EMBEDDED.sub("", text)
    text = re.sub(r"<(style|script)\b[^>]*>(.*?)</\1>", _quoted, text, flags=re.DOTALL)
    comments = " ".join(re.findall(r"<!--(.*?)-->", text, flags=re.DOTALL))
    body = re.sub(r"<!--.*?-->", " ", text, flags=re.DOTALL)
    # What parts blocks, parts words; runs of one line (b, tspan, w:r) don't.
    block = r"</?(?:p|div|td|th|tr|li|h\d|table|caption|figure|figcaption|text|title|section|dt|dd|w:p|w:tc|br)\b[^>]*>"
    yield html.unescape(re.sub(r"<[^>]*>", "", re.sub(block, "\n", body))).strip("\n")
    yield html.unescape(re.sub(r"<[^>]*>", " ", body)).strip()
    told = (
        two or three
        for name, two, three in _ATTRIBUTE.findall(body)
        if name not in _GEOMETRY and not name.startswith(_EDITS)
    )
    attributes = "\n".join(dict.fromkeys(html.unescape(one) for one in told))
    yield from (one for one in (attributes, html.unescape(comments)) if one)


def _quoted(match: re.Match[str]) -> str:
    """Comments and quoted strings of a style sheet or script; the rest is the page's own."""
    found = re.findall(r"/\*(.*?)\*/|\"([^\"]*)\"", match.group(2), flags=re.DOTALL)
    return "\n".join(one or two for one, two in found)


def _json(text: str) -> Iterator[str]:
    """All strings of a JSON file as they read, keys and values."""
    try:
        held = [json.loads(text)]
    except ValueError:
        held = [json.loads(line) for line in text.splitlines() if line.strip()]
    words: list[str] = []
    waiting = held
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            words += [str(key) for key in value]
            # Key and value together, as they read: "user: ada".
            words += [f"{key}: {one}" for key, one in value.items() if isinstance(one, str | int | float)]
            waiting += [one for one in value.values() if isinstance(one, dict | list)]
        elif isinstance(value, list):
            words += [str(one) for one in value if isinstance(one, str | int | float)]
            waiting += [one for one in value if isinstance(one, dict | list)]
        elif isinstance(value, str):
            words.append(value)
    yield "\n".join(words)


def _parquet(data: bytes) -> Iterator[str]:
    """Columns, text cells, whole numbers that look like dates or stamps, and the notes of the file and its columns."""
    file = checked_parquet(io.BytesIO(data))
    schema = file.schema_arrow
    notes = [(schema.metadata or {}), *((field.metadata or {}) for field in schema)]
    told = [(key.decode("latin-1"), value.decode("utf-8", "replace")) for one in notes for key, value in one.items()]
    yield "\n".join(str(name) for name in schema.names)
    yield "\n".join(f"{key}: {value}" for key, value in told if key not in ("pandas", "ARROW:schema"))
    for key, value in told:
        if key == "pandas":
            yield from _json(value)
    frame = file.read().to_pandas()
    if not isinstance(frame.index, pd.RangeIndex):
        frame = frame.reset_index()
    for name in frame:
        column = frame[name].dropna()
        if pd.api.types.is_bool_dtype(column):
            continue
        if pd.api.types.is_numeric_dtype(column):
            yield _suspicious_numbers(column.to_numpy(float))
        else:
            yield "\n".join(
                dict.fromkeys(one.decode("utf-8", "replace") if isinstance(one, bytes) else str(one) for one in column)
            )


def _suspicious_numbers(values: np.ndarray) -> str:
    """Whole numbers long enough for a record, a date or a time stamp; where all of a column are."""
    long = values.size and np.isfinite(values).all() and (np.abs(values) >= 1e5).all()
    if not long:
        return ""
    return "\n".join(f"{value:.0f}" for value in np.unique(values)[:100_000])


def _png(data: bytes) -> Iterator[str]:
    """Texts that a picture carries beside its pixels."""
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        raise ValueError("is no PNG")
    place = 8
    while place + 8 <= len(data):
        length, kind = int.from_bytes(data[place : place + 4]), data[place + 4 : place + 8]
        body = data[place + 8 : place + 8 + length]
        if kind == b"tIME" and length == 7:
            yield f"{int.from_bytes(body[:2])}-{body[2]:02d}-{body[3]:02d}"
        elif kind == b"zTXt":
            key, _, packed = body.partition(b"\0")
            yield f"{key.decode('latin-1')}: {zlib.decompress(packed[1:]).decode('latin-1')}"
        elif kind == b"iTXt":
            key, _, rest = body.partition(b"\0")
            text = rest[2:].split(b"\0", 2)[-1]
            text = zlib.decompress(text) if rest[:1] == b"\1" else text
            yield f"{key.decode('latin-1')}: {text.decode('utf-8', 'replace')}"
        elif kind == b"tEXt":
            yield body.replace(b"\0", b": ").decode("latin-1")
        elif kind not in (b"IDAT", b"IHDR", b"IEND", b"pHYs", b"PLTE", b"tRNS", b"gAMA", b"sRGB", b"cHRM"):
            yield _strings(body)
        place += 12 + length
    yield _strings(data[place:])


def _jpeg(data: bytes) -> Iterator[str]:
    """Notes before the pixels: comments, EXIF, XMP."""
    head, _, _ = data.partition(b"\xff\xda")
    yield _strings(head)


_PDF_STRING = re.compile(rb"\((?:\\.|[^\\()])*\)|<[0-9A-Fa-f\s]+>")


def _pdf(data: bytes) -> Iterator[str]:
    """Notes of the document, and the words of its pages, whose letters are set one by one."""
    place, outside = 0, []
    for start in re.finditer(rb"(?<!end)stream\r?\n", data):
        if start.start() < place:
            continue
        stop = data.find(b"endstream", start.end())
        outside.append(data[place : start.start()])
        try:
            page = zlib.decompressobj().decompress(data[start.end() : stop])
        except zlib.error:
            page = data[start.end() : stop]
        if b"TJ" in page or b"Tj" in page:
            yield "\n".join(
                _pdf_text(one)
                for one in re.findall(rb"\[(.*?)\]\s*TJ|(\([^\n]*\))\s*Tj", page, re.DOTALL)
                for one in one
                if one
            )
        elif page.lstrip().startswith((b"<?xpacket", b"<x:xmp", b"<?xml")):
            yield from _markup(_decoded(page), 0)
        place = stop if stop > 0 else len(data)
    outside.append(data[place:])
    notes = b"\n".join(outside)
    yield "\n".join(
        f"{key.decode('latin-1')}: {_pdf_text(value)}"
        for key, value in re.findall(rb"/(\w+)\s*(\((?:\\.|[^\\()])*\)|<[0-9A-Fa-f\s]{4,}>)", notes)
    )


def _pdf_text(code: bytes) -> str:
    parts = []
    for one in _PDF_STRING.findall(code):
        raw = (
            bytes.fromhex(re.sub(rb"\s", b"", one[1:-1]).decode())
            if one[:1] == b"<" and len(one) % 2 == 0
            else one[1:-1]
        )
        parts.append(re.sub(rb"\\(.)", rb"\1", raw))
    whole = b"".join(parts)
    if whole.startswith(b"\xfe\xff"):
        return whole.decode("utf-16-be", "replace")
    return whole.replace(b"\0", b"").decode("latin-1")


def _archive(data: bytes, depth: int) -> Iterator[str]:
    if depth >= _DEEPEST:
        raise ValueError("holds archives in archives")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        yield archive.comment.decode("utf-8", "replace")
        for entry in archive.infolist():
            yield entry.filename
            # This one lists the other entries by their place in the archive.
            if not entry.is_dir() and entry.filename != "[Content_Types].xml":
                yield from pieces(entry.filename, archive.read(entry), depth=depth + 1)


def _strings(data: bytes) -> str:
    """Runs of letters in bytes, of one and of two bytes each."""
    ascii_runs = [one.decode("ascii") for one in re.findall(rb"[\x20-\x7e]{6,}", data)]
    wide_runs = [one.decode("utf-16-le") for one in re.findall(rb"(?:[\x20-\x7e]\0){6,}", data)]
    return "\n".join(ascii_runs + wide_runs)


_READERS: dict[str, Callable[[bytes], Iterator[str]]] = {
    ".parquet": _parquet, ".png": _png, ".jpg": _jpeg, ".jpeg": _jpeg, ".pdf": _pdf,
}  # fmt: skip
