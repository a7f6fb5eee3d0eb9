"""Small files that a run keeps for the next one: read within a limit, and only where they are files."""

from __future__ import annotations

import stat
from pathlib import Path

from gazeanalytics.tables import InputError

__all__ = ["check_folder", "check_kept", "read_kept"]

# Provenance takes some hundred bytes a file of the study and of the results; this is enough for 100,000 of them.
_MOST = 64 << 20


def check_kept(path: Path) -> None:
    """Refuse a link, folder, pipe or device where a run keeps a file: one could be read for ever; absent is fine.

    Raises
    ------
    InputError
        Naming the path and the remedy.

    Examples
    --------
    >>> check_kept(Path("nowhere"))
    """
    found = _kind(path)
    if found not in ("", "a file"):
        raise InputError(f"{path}: is {found} where a run keeps a file; remove it and run again")


def check_folder(path: Path) -> None:
    """Refuse whatever isn't a folder of its own where a run keeps one; absent is fine.

    Raises
    ------
    InputError
        Naming the path and the remedy.

    Examples
    --------
    >>> check_folder(Path("nowhere"))
    """
    found = _kind(path)
    if found not in ("", "a folder"):
        raise InputError(f"{path}: is {found} where a run keeps a folder; remove it and run again")


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
