"""Logs of E-Prime: the frames that it writes at the end of a trial, one row each."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from gazeanalytics.io.unpacking import MAX_UNPACKED_MB, as_utf8, read_bytes
from gazeanalytics.tables import InputError, SetAside, shown

__all__ = ["is_eprime", "read_eprime"]

_HEADER = ("*** Header Start ***", "*** Header End ***")
_FRAME = ("*** LogFrame Start ***", "*** LogFrame End ***")


def is_eprime(file: Path) -> bool:
    """Whether a file begins as a log of E-Prime does, in UTF-16 or not."""
    try:
        with file.open("rb") as stream:
            start = stream.read(80)
    except OSError:
        return False
    return _HEADER[0].encode() in start.replace(b"\x00", b"")


def read_eprime(
    file: Path, encoding: str | None = None, *, max_unpacked_mb: float = MAX_UNPACKED_MB
) -> tuple[pd.DataFrame, list[SetAside]]:
    r"""Read the frames of a log.

    Parameters
    ----------
    file : pathlib.Path
        A log, UTF-16 as E-Prime writes it or saved anew.
    encoding : str, optional
        Where it has no byte-order mark and is not UTF-8.
    max_unpacked_mb : float
        How large a packed file may become.

    Returns
    -------
    frame : pandas.DataFrame
        A row each frame, all text: `Level` (of the log: 1 the session, 2 blocks, ...), `Subject` and `Session` of the
        header, and what the frame holds; empty where it doesn't. Indexed by the line of its start less 2.
    broken : list of SetAside
        Frames without an end, and lines within a frame that aren't `name: value`.

    Raises
    ------
    InputError
        If the file isn't a log of E-Prime.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> log = ["*** Header Start ***", "Subject: 7", "*** Header End ***", "Level: 3", "*** LogFrame Start ***"]
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "log.txt")
    ...     _ = path.write_text("\n".join([*log, "Probe.RT: 512", "*** LogFrame End ***"]), encoding="utf-16")
    ...     read_eprime(path)[0].to_dict("records")
    [{'Level': '3', 'Subject': '7', 'Probe.RT': '512'}]
    """
    data, _ = as_utf8(read_bytes(file, max_unpacked_mb=max_unpacked_mb), file, encoding)
    lines = [line.strip() for line in data.decode(errors="replace").splitlines()]
    if not lines or lines[0].lstrip("\ufeff") != _HEADER[0]:
        raise InputError(f"{file}: expected a log of E-Prime, which begins with {_HEADER[0]!r}; correct the format")
    rows, broken = _frames(lines)
    frame = pd.DataFrame.from_dict(rows, orient="index", dtype=object).fillna("").astype(str)
    return (frame if rows else pd.DataFrame({"Level": pd.Series([], dtype=str)})), broken


def _frames(lines: list[str]) -> tuple[dict[int, dict[str, str]], list[SetAside]]:
    log = _Log()
    for number, line in enumerate(lines, 1):
        log.take(number, line)
    log.end_frame(whole=False)
    return log.rows, log.broken


class _Log:
    """What is known of a log up to a line."""

    def __init__(self) -> None:
        self.rows: dict[int, dict[str, str]] = {}
        self.broken: list[SetAside] = []
        self.known: dict[str, str] = {}
        self.head, self.level = True, ""
        self.begun: int | None = None

    def take(self, number: int, line: str) -> None:
        """Go on by one line."""
        if line == _HEADER[1]:
            self.head = False
        elif line == _FRAME[0]:
            self.end_frame(whole=False)
            self.begun = number - 2
            self.rows[self.begun] = {"Level": self.level} | self.known
        elif line == _FRAME[1]:
            self.end_frame(whole=True)
        elif line:
            self._keep(number, line)

    def _keep(self, number: int, line: str) -> None:
        name, mark, value = (part.strip() for part in line.partition(":"))
        if self.begun is not None and mark:
            self.rows[self.begun][name] = value
        elif self.begun is not None:
            self.broken.append(SetAside(number, "", "name: value", shown(line[:60])))
        elif self.head and name in ("Subject", "Session"):
            self.known[name] = value
        elif name == "Level":
            self.level = value

    def end_frame(self, *, whole: bool) -> None:
        """Close a frame; one that was cut off is left out, for what it lacks would look as if it was never asked."""
        if self.begun is not None and not whole:
            del self.rows[self.begun]
            self.broken.append(SetAside(self.begun + 2, "", f"a frame that ends with {_FRAME[1]!r}", "none"))
        self.begun = None
