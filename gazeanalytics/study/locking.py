"""One run at a time in a folder: a lock that the operating system frees when its holder ends, however it ends."""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gazeanalytics.study.kept import check_kept, read_kept
from gazeanalytics.tables import InputError

__all__ = ["locked"]

# What the systems say of a file that another process has locked.
_HELD = (errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK)


@contextmanager
def locked(lock: Path, folder: Path) -> Iterator[None]:
    """Keep a second run out of `folder` while this one writes to it.

    The kernel holds the lock, not the file: a lock file that a killed run left, whatever stands in it, locks nothing.
    Numbers of processes would not do: they come again, in containers most of all.

    Parameters
    ----------
    lock : pathlib.Path
        The lock file; it is taken away at the end.
    folder : pathlib.Path
        Named in the error.

    Raises
    ------
    InputError
        If another run holds the lock, naming it and the remedy; if what stands there is no file.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with locked(folder / "lock", folder):
    ...     held = (folder / "lock").exists()
    >>> held, (folder / "lock").exists()
    (True, False)
    """
    try:
        handle = _taken(lock)
    except BlockingIOError:
        raise InputError(
            f"{folder}: another run writes there ({_holder(lock)}); wait for it, choose another --out, or, if that "
            f"run hangs, end it and remove {lock}"
        ) from None
    try:
        about = {"host": socket.gethostname(), "process": os.getpid(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}
        os.ftruncate(handle, 0)
        os.write(handle, json.dumps(about).encode())
        yield
    finally:
        if _is_at(handle, lock):
            lock.unlink(missing_ok=True)
        os.close(handle)


def _taken(lock: Path) -> int:
    """Open and lock the file; again if another run took it away between the two."""
    while True:
        # A link in its place is not followed: what is written here would empty the file that it leads to.
        check_kept(lock)
        handle = os.open(lock, os.O_CREAT | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0), 0o600)
        try:
            _hold(handle)
        except OSError as error:
            os.close(handle)
            if error.errno in _HELD:
                raise BlockingIOError from error
            raise InputError(
                f"{lock}: this file system locks no files ({error.strerror}); name a folder on another with --out"
            ) from None
        if _is_at(handle, lock):
            return handle
        os.close(handle)


def _is_at(handle: int, lock: Path) -> bool:
    """Whether the open file is still the one of that name; it isn't once another run has taken it away."""
    try:
        return os.path.samestat(os.fstat(handle), lock.lstat())
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _hold(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _hold(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _holder(lock: Path) -> str:
    """What the holder wrote of itself."""
    try:
        about = json.loads(read_kept(lock, max_bytes=10_000))
        return f"process {about['process']} on {about['host']}, since {about['since']}"
    except (ValueError, KeyError, TypeError, RecursionError):
        return "it left no name"
