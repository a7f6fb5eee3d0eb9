"""The bytes of a file: refused when they can't be one, unpacked within a limit, and decoded to UTF-8."""

from __future__ import annotations

import codecs
import gzip
import stat
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from gazeanalytics.tables import InputError

__all__ = [
    "BYTE_ORDER_MARKS",
    "MAX_UNPACKED_MB",
    "as_utf8",
    "check_file",
    "check_unpacked",
    "line_as_utf8",
    "read_blocks",
    "read_bytes",
]

MAX_UNPACKED_MB = 4_000
"""How large one packed file may become, unless `max_unpacked_mb` of its map says otherwise."""

_BLOCK = 1 << 22
# Text packs 5 to 20 times smaller; a bomb 1,000 times. Small files are let pass: they do no harm.
_MAX_RATIO, _HARMLESS = 100, 64 << 20
_FOREIGN = (
    (b"PK\x03\x04", "a zip archive (or a spreadsheet)", "unpack it, or save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet", "save the sheet as CSV"),
    (b"\x89PNG", "an image", "name a table"),
    (b"\xff\xd8\xff", "an image", "name a table"),
    (b"\x80\x04\x95", "a pickle, which could run code", "save it as CSV or Parquet"),
    (b"\x80\x03", "a pickle, which could run code", "save it as CSV or Parquet"),
    (b"\x93NUMPY", "a NumPy array", "save it as CSV or Parquet"),
    (b"\x89HDF", "an HDF5 file", "save the table as CSV or Parquet"),
    (b"SQLite format 3", "a database", "export the table as CSV"),
    (b"SR_RESEARCH_COMBINED_FILE", "an EDF recording of an EyeLink", "convert it to ASC with edf2asc"),
)
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def check_file(path: Path) -> None:
    """Refuse what can't be read as a file: absent, a folder, a pipe or device (it could wait for ever).

    Raises
    ------
    InputError
        Naming the path as it was given.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; correct `file` in study.toml") from None
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror}); ask for read access") from None
    if stat.S_ISDIR(mode):
        raise InputError(f"{path}: is a folder, not a file")
    if not stat.S_ISREG(mode):
        raise InputError(f"{path}: is a pipe or device, not a file; save what it gives to a file first")


def read_bytes(path: Path, *, max_unpacked_mb: float = MAX_UNPACKED_MB) -> bytes:
    """Read a file whole, unpacked where it is gzip or zstd, whatever its ending.

    Raises
    ------
    InputError
        If it is absent, empty, damaged, of a kind that holds no table, or unpacks to more than the limit.
    """
    data = b"".join(read_blocks(path, max_unpacked_mb=max_unpacked_mb))
    if not data.strip():
        raise InputError(f"{path}: is empty; put the data there or take the table out of study.toml")
    return data


def read_blocks(path: Path, *, size: int = -1, max_unpacked_mb: float = MAX_UNPACKED_MB) -> Iterator[bytes]:
    """Read a file block by block, of at most `size` bytes, unpacked where it is gzip or zstd.

    A file that isn't packed comes as one block where `size` is -1.

    Raises
    ------
    InputError
        If it is absent, damaged, of a kind that holds no table, or unpacks to more than the limit.
    """
    check_file(path)
    try:
        with path.open("rb") as stream:
            start = stream.read(132)
            stream.seek(0)
            if start[128:] == b"DICM":
                raise InputError(f"{path}: is a DICOM file, whose tags name the patient; it is not read, name a table")
            for mark, what, remedy in _FOREIGN:
                if start.startswith(mark):
                    raise InputError(f"{path}: is {what}; {remedy}")
            yield from _unpacked(path, stream, start, size, max_unpacked_mb)
    except PermissionError:
        raise InputError(f"{path}: permission denied; ask for read access") from None
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error}); copy it again from its source") from None


def _unpacked(path: Path, stream: BinaryIO, start: bytes, size: int, max_unpacked_mb: float) -> Iterator[bytes]:
    block = size if size > 0 else _BLOCK
    if start.startswith(b"\x1f\x8b"):
        yield from _parts_of(path, cast(BinaryIO, gzip.GzipFile(fileobj=stream)).read, block, max_unpacked_mb)
    elif start.startswith(b"\x28\xb5\x2f\xfd"):
        with pa.CompressedInputStream(pa.PythonFile(stream, mode="r"), "zstd") as unpacked:
            yield from _parts_of(path, unpacked.read, block, max_unpacked_mb)
    else:
        while data := stream.read(size):
            yield data


def check_unpacked(path: Path, size: int, max_unpacked_mb: float) -> None:
    """Refuse a packed file that becomes larger than its limit, or far larger than packed tables do.

    Raises
    ------
    InputError
        Naming the limit, and where it is raised.
    """
    packed = path.stat().st_size
    most = min(max_unpacked_mb * 1e6, max(_MAX_RATIO * packed, _HARMLESS))
    if size > most:
        raise InputError(
            f"{path}: unpacks to more than {most / 1e6:,.0f} MB from "
            f"{packed:,} bytes; if it is no bomb, unpack it, or split it (limit: max_unpacked_mb in study.toml)"
        )


def _parts_of(path: Path, read: Callable[[int], bytes], size: int, max_unpacked_mb: float) -> Iterator[bytes]:
    """Unpack block by block, so that a bomb is met at the limit and not in full."""
    unpacked = 0
    try:
        while block := read(size):
            unpacked += len(block)
            check_unpacked(path, unpacked, max_unpacked_mb)
            yield block
    except (EOFError, OSError, zlib.error, pa.ArrowException) as error:
        raise InputError(
            f"{path}: is truncated or damaged after {unpacked:,} bytes of text ({error}); copy it again from its source"
        ) from None


def as_utf8(data: bytes, path: Path, encoding: str | None) -> tuple[bytes, str]:
    """Text as UTF-8 without a byte-order mark, and the encoding that it was in.

    A byte-order mark decides; then the encoding that the map declares. Undeclared text that is no UTF-8 is taken line
    by line: as UTF-8 where a line is that, else as windows-1252 (of which Latin-1 is a part), for no fault of an
    encoding may lose a row. The caller notes it.

    Raises
    ------
    InputError
        If the text is not in the encoding that was declared.
    """
    mark = next((name for start, name in BYTE_ORDER_MARKS if data.startswith(start)), None)
    # Text of UTF-16 without its mark: every second byte of a header is NUL.
    if mark is None and encoding is None and len(data) >= 8 and len(data) % 2 == 0:
        head = data[:64]
        mark = "utf-16-le" if not any(head[1::2]) else "utf-16-be" if not any(head[::2]) else None
    named = mark or encoding or "utf-8"
    try:
        if codecs.lookup(named).name == "utf-8":
            data.decode()
            return data, "utf-8"
        return data.decode(named).encode(), named
    except (UnicodeError, ValueError) as error:
        if mark or encoding:
            raise InputError(
                f"{path}: is not {named} text ({_first_words(error)}); correct its encoding in study.toml"
            ) from None
    return b"\n".join(map(line_as_utf8, data.splitlines())) + b"\n", "windows-1252"


def line_as_utf8(line: bytes) -> bytes:
    """One line as UTF-8: as it is where it is that, else from windows-1252."""
    try:
        line.decode()
    except UnicodeDecodeError:
        # Five bytes mean nothing in windows-1252; Latin-1 gives each byte a character.
        try:
            return line.decode("cp1252").encode()
        except UnicodeDecodeError:
            return line.decode("latin-1").encode()
    return line


def _first_words(error: Exception) -> str:
    return str(error).splitlines()[0][:120]
