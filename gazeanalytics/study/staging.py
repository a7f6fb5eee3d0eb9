"""Results appear whole or not at all: they are written beside the old ones and swapped in when the last is there."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gazeanalytics.study.locking import locked
from gazeanalytics.study.shards import write_text
from gazeanalytics.study.study import Study
from gazeanalytics.tables import TABLES, InputError

__all__ = ["MARKER", "Stage", "check_free", "finish", "staged"]

MARKER = "provenance.json"
"""Written last: a folder that holds it holds whole results."""

# All that a run keeps beside the results while it works. Its presence says that the folder is ours, from the first
# byte on, so that a killed run can be resumed and nobody's files are taken for results.
_WORK = ".gazeanalytics"
# Written when the new results are complete: from here on a killed run is finished by the next one, never begun anew.
_READY = "ready"
_RESULTS = ("data", "tables", "figures", "report.html")


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a run writes.

    Attributes
    ----------
    folder : pathlib.Path
        New results, until they are swapped in.
    parts : pathlib.Path
        Finished parts of long work; they outlive a killed run.

    Examples
    --------
    >>> Stage(Path("new"), Path("parts")).folder.name
    'new'
    """

    folder: Path
    parts: Path


def check_free(out: Path, study: Study, overwrite: bool) -> None:
    """Refuse a folder that holds what no analysis wrote, or results that nobody asked to replace.

    Raises
    ------
    InputError
        Naming the folder and the remedy.

    Examples
    --------
    >>> from gazeanalytics.study.examples import example_study
    >>> study = example_study()
    >>> check_free(study.folder / "results", study, overwrite=False)
    """
    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: is a file; name a folder with --out")
    _refuse_study(out.resolve(), study)
    finish(out)
    held = {path.name for path in out.iterdir()} if out.exists() else set()
    if not held or held == {_WORK}:
        return
    if MARKER not in held and _WORK not in held:
        raise InputError(f"{out}: holds files that no analysis wrote; name an empty folder with --out")
    if MARKER in held and not overwrite:
        raise InputError(f"{out}: holds results already; add --overwrite to replace them")


def _refuse_study(out: Path, study: Study) -> None:
    """Results never lie where the study's own files are: its folder, or one that its tables are read from."""
    home = study.folder.resolve()
    if out == home:
        raise InputError(f"{out}: is the study itself; name another folder with --out")
    for name in TABLES:
        if (home / name) in (out, *out.parents):
            raise InputError(f"{out}: lies in the study's table {name!r}; name another folder with --out")
        for file in study.files(name):
            if out in file.resolve().parents:
                raise InputError(f"{out}: holds {file.name} of the study's table {name!r}; name another folder")


@contextmanager
def staged(out: Path) -> Iterator[Stage]:
    """Give a place for new results and swap them in at the end; old results stay whole until then.

    Parameters
    ----------
    out : pathlib.Path
        Folder of the results, checked by `check_free`.

    Raises
    ------
    InputError
        If the folder can't be made or another run writes there.

    Examples
    --------
    >>> import tempfile
    >>> out = Path(tempfile.mkdtemp()) / "out"
    >>> with staged(out) as stage:
    ...     _ = (stage.folder / "report.html").write_text("new")
    ...     before = (out / "report.html").exists()
    >>> before, (out / "report.html").read_text()
    (False, 'new')
    """
    work = out / _WORK
    new = not out.exists()
    try:
        work.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{out}: can't be made ({error.strerror}); name another folder with --out") from None
    with locked(work / "lock", out):
        stage = Stage(work / "new", work / "parts")
        shutil.rmtree(stage.folder, ignore_errors=True)
        stage.folder.mkdir()
        try:
            yield stage
            write_text(json.dumps(sorted(path.name for path in stage.folder.iterdir())), work / _READY)
            _swap(out)
        finally:
            _tidy(out, new)


def finish(out: Path) -> bool:
    """Finish a swap that was killed on its way; returns whether there was one.

    Raises
    ------
    InputError
        If another run writes there.

    Examples
    --------
    >>> import tempfile
    >>> finish(Path(tempfile.mkdtemp()))
    False
    """
    if not (out / _WORK / _READY).is_file():
        return False
    with locked(out / _WORK / "lock", out):
        _swap(out)
        _tidy(out, new=False)
    return True


def _swap(out: Path) -> None:
    """Put new results in the place of old ones, entry by entry; killed at any point, it can be run again.

    The old marker goes first and the new one comes last, so that no moment shows a marker over a mixture. Entries are
    moved themselves and never opened, so that a link in their place is not followed.
    """
    work = out / _WORK
    listed = json.loads((work / _READY).read_text("utf-8"))
    shutil.rmtree(work / "old", ignore_errors=True)
    (work / "old").mkdir()
    for name in (MARKER, *_RESULTS):
        swapped = name in listed and not os.path.lexists(work / "new" / name)
        if os.path.lexists(out / name) and not swapped and not os.path.lexists(work / "old" / name):
            os.replace(out / name, work / "old" / name)
    for name in (*_RESULTS, MARKER):
        if os.path.lexists(work / "new" / name):
            os.replace(work / "new" / name, out / name)
    for name in ("parts", "old", "new"):
        shutil.rmtree(work / name, ignore_errors=True)
    (work / _READY).unlink()


def _tidy(out: Path, new: bool) -> None:
    """Take away what a run leaves that has nothing to resume: the work folder, and a folder that it made itself."""
    work = out / _WORK
    if (work / _READY).exists():  # stopped while swapping: what is new is whole, and the next run finishes the swap
        return
    shutil.rmtree(work / "new", ignore_errors=True)
    if not (work / "parts").exists():
        shutil.rmtree(work, ignore_errors=True)
        if new and not any(out.iterdir()):
            out.rmdir()
