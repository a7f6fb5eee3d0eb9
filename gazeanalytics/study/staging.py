"""Results appear whole or not at all: they are written beside the old ones and swapped in when the last is there."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from gazeanalytics.study.kept import check_kept, read_kept
from gazeanalytics.study.locking import locked
from gazeanalytics.study.shards import write_text
from gazeanalytics.study.study import Study
from gazeanalytics.tables import TABLES, InputError

__all__ = ["MARKER", "RESULTS", "WORK", "Stage", "check_free", "finish", "staged"]

MARKER = "provenance.json"
"""Written last: a folder that holds it holds whole results."""

WORK = ".gazeanalytics"
"""Folder of all that a run keeps beside the results while it works. Its presence says that the folder is ours, from the
first byte on, so that a killed run can be resumed and nobody's files are taken for results."""

# Written when the new results are complete: from here on a killed run is finished by the next one, never begun anew.
_READY = "ready"
RESULTS = ("data", "tables", "figures", "report.html")
"""Names of all that a run writes beside the marker."""


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
    finished = finish(out)
    held = {path.name for path in out.iterdir()} if out.exists() else set()
    # After a killed run there may be the work folder alone, or that beside files of others: those are let alone, unless
    # they stand where results go.
    foreign = not held <= {WORK} if WORK not in held else bool(held & {*RESULTS})
    if MARKER in held and not _is_ours(out / MARKER):
        raise InputError(f"{out}: holds a {MARKER} that no analysis wrote; name an empty folder with --out")
    if MARKER not in held and foreign:
        raise InputError(f"{out}: holds files that no analysis wrote; name an empty folder with --out")
    if MARKER in held and not overwrite:
        how = "the results of a run that was stopped at its very end, now whole" if finished else "results already"
        raise InputError(f"{out}: holds {how}; add --overwrite to replace them")


def _is_ours(marker: Path) -> bool:
    """Whether an analysis wrote this file: others write a provenance.json too, and their folders aren't replaced."""
    try:
        about = json.loads(read_kept(marker))
    except (ValueError, RecursionError):
        return False
    return isinstance(about, dict) and "gazeanalytics" in about


def _refuse_study(out: Path, study: Study) -> None:
    """Results never lie where the study's own files are: its folder, or one that its tables are read from."""
    home = study.folder.resolve()
    if out == home:
        raise InputError(f"{out}: is the study itself; name another folder with --out")
    for name in TABLES:
        if (home / name) in (out, *out.parents):
            raise InputError(f"{out}: lies in the study's table {name!r}; name another folder with --out")
        for file in study.files(name):
            folder = file.resolve().parent
            if out in (folder, *folder.parents):
                raise InputError(f"{out}: holds {file.name} of the study's table {name!r}; name another folder")
            if home in folder.parents and folder in out.parents:
                raise InputError(f"{out}: lies in the study's table {name!r}; name another folder with --out")


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
    work = out / WORK
    new = not out.exists()
    _check_work(work)
    try:
        work.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{out}: can't be made ({error.strerror}); name another folder with --out") from None
    try:
        with locked(work / "lock", out):
            stage = Stage(work / "new", work / "parts")
            shutil.rmtree(stage.folder, ignore_errors=True)
            stage.folder.mkdir()
            try:
                yield stage
                write_text(json.dumps(sorted(path.name for path in stage.folder.iterdir())), work / _READY)
                _swap(out)
            finally:
                _tidy(out)
    finally:
        _remove_empty(work, *([out] if new else []))


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
    work = out / WORK
    _check_work(work)
    if not (work / _READY).is_file():
        return False
    with locked(work / "lock", out):
        # Another run may have finished it before the lock was ours.
        if (work / _READY).is_file():
            _swap(out)
            _tidy(out)
    _remove_empty(work)
    return True


def _check_work(work: Path) -> None:
    """Refuse what no run has put there: it would be followed, waited for, or met when the results are complete."""
    if work.is_symlink():
        raise InputError(f"{work}: is a link; remove it, or name another folder with --out")
    for name in ("lock", _READY):
        check_kept(work / name)
    for name in ("new", "parts", "old"):
        check_kept(work / name, folder=True)


def _swap(out: Path) -> None:
    """Put new results in the place of old ones, entry by entry; killed at any point, it can be run again.

    The old marker goes first and the new one comes last, so that no moment shows a marker over a mixture. Entries are
    moved themselves and never opened, so that a link in their place is not followed.
    """
    work = out / WORK
    listed = _listed(work / _READY)
    shutil.rmtree(work / "old", ignore_errors=True)
    (work / "old").mkdir()
    for name in (MARKER, *RESULTS):
        swapped = name in listed and not os.path.lexists(work / "new" / name)
        if os.path.lexists(out / name) and not swapped and not os.path.lexists(work / "old" / name):
            _move(name, out, work / "old", work)
    for name in (*RESULTS, MARKER):
        if os.path.lexists(work / "new" / name):
            _move(name, work / "new", out, work)
    for name in ("parts", "old", "new"):
        shutil.rmtree(work / name, ignore_errors=True)
    (work / _READY).unlink()


def _listed(ready: Path) -> list[str]:
    """Names of the new results."""
    try:
        return [str(name) for name in json.loads(read_kept(ready))]
    except (ValueError, TypeError, RecursionError):
        raise InputError(f"{ready}: is damaged; keep what you need of {ready.parent}, remove it, run again") from None


def _move(name: str, source: Path, target: Path, work: Path) -> None:
    try:
        os.replace(source / name, target / name)
    except OSError as error:
        raise InputError(
            f"{source / name}: can't be moved to {target} ({error.strerror or error}); correct that and run again, "
            f"which puts the new results in place; until then they are kept in {work}"
        ) from error


def _tidy(out: Path) -> None:
    """Take away new results that are not whole."""
    work = out / WORK
    if not (work / _READY).exists():  # else stopped while swapping: they are whole, and the next run swaps them in
        shutil.rmtree(work / "new", ignore_errors=True)


def _remove_empty(*folders: Path) -> None:
    """Take away folders that hold nothing; the next run may be in them by now, so nothing else is touched."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()
