"""EyeLink ASC as a stream of whole lines: bounded memory, whatever the size and the encoding of the file."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

from gazeanalytics.io.unpacking import BYTE_ORDER_MARKS, MAX_UNPACKED_MB, read_blocks
from gazeanalytics.tables import InputError

__all__ = ["whole_lines"]

# Lines of an ASC have some 50 bytes; their numbers, as they are parsed, take ten times the room of a block.
_BLOCK = 1 << 20


def whole_lines(path: Path, max_unpacked_mb: float = MAX_UNPACKED_MB) -> Iterator[bytes]:
    """Blocks of about 1 MB, each cut at the end of a line; the last line of all may lack its end.

    Text of UTF-16 or UTF-32, known by its byte-order mark, comes as UTF-8.

    Raises
    ------
    InputError
        If the file can't be read, or holds a line of over 1 MB.
    """
    kept, line = b"", 1
    for block in _as_bytes(path, max_unpacked_mb):
        end = block.rfind(b"\n") + 1
        if end:
            whole = kept + block[:end]
            kept = block[end:]
            line += whole.count(b"\n")
            yield whole
        else:
            kept += block
        if len(kept) > _BLOCK:
            raise InputError(
                f"{path}, row {line}: expected lines of EyeLink ASC; got one of over {_BLOCK:,} bytes; convert the EDF "
                "file anew with edf2asc"
            )
    if kept:
        yield kept


def _as_bytes(path: Path, max_unpacked_mb: float) -> Iterator[bytes]:
    """Blocks of text as they are, but for a byte-order mark and for encodings of several bytes a character."""
    blocks = read_blocks(path, size=_BLOCK, max_unpacked_mb=max_unpacked_mb)
    first = next(blocks, b"")
    mark = next((name for start, name in BYTE_ORDER_MARKS if first.startswith(start)), None)
    if mark is None or mark == "utf-8-sig":
        yield first.removeprefix(codecs.BOM_UTF8)
        yield from blocks
        return
    decoder = codecs.getincrementaldecoder(mark)()
    try:
        yield decoder.decode(first).encode()
        for block in blocks:
            yield decoder.decode(block).encode()
        yield decoder.decode(b"", final=True).encode()
    except UnicodeError as error:
        raise InputError(f"{path}: is not {mark} text ({str(error)[:120]}); copy it again from its source") from None
