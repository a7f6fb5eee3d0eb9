"""Small files that a run keeps for the next one: read within a limit, and only where they are files."""

from __future__ import annotations

import stat
from pathlib import Path

from gazeanalytics.tables import InputError

__all__ = ["check_kept", "read_kept"]

# Provenance takes some hundred bytes a file of the study and of the results; this is enough for 100,000 of them.
_MOST = 64 << 20


def check_kept(path: Path, *, folder: bool = False) -> None:
    """Refuse whatever isn't a file of its own, or a folder, where a run keeps one; absent is fine.

    A link could lead anywhere, and a pipe or device be read for ever.

    Raises
    ------
    InputError
        Naming the path and the remedy.

    Examples
    --------
    >>> check_kept(Path("nowhere"))
    """
    found, expected = _kind(path), "a folder" if folder else "a file"
    if found not in ("", expected):
        raise InputError(f"{path}: is {found} where a run keeps {expected}; remove it and run again")


def read_kept(path: Path, *, max_bytes: int = _MOST) -> str:
    """Text of a file that a run has kept; bytes that are no text become question marks.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    max_bytes : int
        Bytes that it may have.

    Raises
    ------
    InputError
        If it is no file, larger than that, or can't be read.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "ready"
    >>> _ = file.write_text("[]")
    >>> read_kept(file)
    '[]'
    """
    check_kept(path)
    try:
        with path.open("rb") as stream:
            data = stream.read(max_bytes + 1)
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror}); ask for read access") from None
    if len(data) > max_bytes:
        raise InputError(f"{path}: is larger than any that a run writes ({max_bytes:,} bytes); remove it and run again")
    return data.decode("utf-8", "replace")


def _kind(path: Path) -> str:
    """What stands there, in words; nothing where it is absent."""
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror}); ask for read access") from None
    if stat.S_ISLNK(mode):
        return "a link"
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a file" if stat.S_ISREG(mode) else "a pipe or device"
