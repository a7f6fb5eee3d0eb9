"""One pure function over every file of a table; finished parts are kept, so a killed run goes on where it stopped."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar, cast

import joblib
import pandas as pd

from gazeanalytics.io import Part
from gazeanalytics.io.files import checked_parquet
from gazeanalytics.ragged import thread_count
from gazeanalytics.study.kept import check_kept, read_kept
from gazeanalytics.tables import InputError

__all__ = ["Progress", "digest_of", "over_shards", "write_parquet", "write_text"]

Progress = Callable[[str, int, int], None]
Parts = dict[str, pd.DataFrame]
File = TypeVar("File", Path, Part)


def digest_of(*files: Path, salt: str = "") -> str:
    """SHA-256 of the contents of files, after `salt`.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.txt"
    >>> write_text("a", file)
    >>> digest_of(file)[:8]
    'ca978112'
    """
    digest = hashlib.sha256(salt.encode())
    for file in files:
        with file.open("rb") as stream:
            while block := stream.read(1 << 22):
                digest.update(block)
    return digest.hexdigest()


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame so that the file is there whole or not at all.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.parquet"
    >>> write_parquet(pd.DataFrame({"reading": [1, 2]}), file)
    >>> pd.read_parquet(file)["reading"].tolist()
    [1, 2]
    """
    _replace(path, lambda half: frame.to_parquet(half, compression="zstd", index=False, write_page_checksum=True))


def write_text(text: str, path: Path) -> None:
    """Write text so that the file is there whole or not at all.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.txt"
    >>> write_text("whole", file)
    >>> file.read_text()
    'whole'
    """
    _replace(path, lambda half: half.write_text(text, encoding="utf-8", newline="\n"))


def over_shards(
    compute: Callable[[File], Parts],
    files: list[File],
    *,
    keep: Path | None = None,
    salt: str = "",
    label: str = "",
    workers: int | None = None,
    progress: Progress | None = None,
) -> Iterator[Parts]:
    """Run `compute` on each file, several at a time, in file order.

    Parameters
    ----------
    compute : callable
        A pure function of one file, or part of one; gives named frames.
    files : list of pathlib.Path or list of Part
        The shards.
    keep : pathlib.Path, optional
        Folder for finished parts. A part is found again by the contents of its file and by `salt`.
    salt : str
        All else that the result depends on: settings, versions.
    label : str
        Named in progress.
    workers : int, optional
        How many files at a time; default: as many as the process has processors.
    progress : callable, optional
        Called as `progress(label, done, total)`.

    Yields
    ------
    dict of str to pandas.DataFrame
        One a file. joblib runs them (threads by default), so `joblib.parallel_config` chooses another engine.

    Examples
    --------
    >>> import tempfile
    >>> files = [Path(tempfile.mkdtemp()) / name for name in ("a.txt", "b.txt")]
    >>> for file in files:
    ...     write_text(file.stem, file)
    >>> parts = over_shards(lambda file: {"names": pd.DataFrame({"name": [file.read_text()]})}, files)
    >>> [part["names"]["name"].item() for part in parts]
    ['a', 'b']
    """
    workers = max(1, min(len(files), thread_count(workers)))
    run = joblib.Parallel(n_jobs=workers, prefer="threads", return_as="generator")
    tasks = (joblib.delayed(_part)(compute, file, keep, salt) for file in files)
    for done, part in enumerate(cast(Iterator[Parts], run(tasks)), start=1):
        if progress:
            progress(label, done, len(files))
        yield part


def _part(compute: Callable[[File], Parts], file: File, keep: Path | None, salt: str) -> Parts:
    try:
        return _kept_part(compute, file, keep, salt)
    except MemoryError:
        raise InputError(f"{_path(file)}: out of memory; split the file by reading, or use fewer workers") from None


def _kept_part(compute: Callable[[File], Parts], file: File, keep: Path | None, salt: str) -> Parts:
    if keep is None:
        return compute(file)
    folder = keep / _digest(file, salt + file.name)[:24]
    done = folder / "done"
    check_kept(folder, folder=True)
    kept = sorted(folder.glob("*.parquet"))
    for path in (done, *kept):
        check_kept(path)
    # Their hash was written last: a part that the disk has damaged is made again, like one that isn't whole.
    if done.exists() and read_kept(done) == digest_of(*kept):
        return {path.stem: checked_parquet(path).read().to_pandas() for path in kept}
    parts = compute(file)
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in parts.items():
        write_parquet(frame, folder / f"{name}.parquet")
    write_text(digest_of(*sorted(folder.glob("*.parquet"))), done)
    return parts


def _path(file: Path | Part) -> Path:
    return file.file if isinstance(file, Part) else file


def _digest(file: Path | Part, salt: str) -> str:
    if isinstance(file, Part) and file.span is not None:
        rows = file.span.read(file.file)
        return hashlib.sha256(salt.encode() + file.span.first + b"\n" + rows).hexdigest()
    return digest_of(_path(file), salt=salt)


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    half = path.with_name(f".{path.name}.half")
    try:
        write(half)
        with half.open("rb+") as stream:
            os.fsync(stream.fileno())
        os.replace(half, path)
    finally:
        half.unlink(missing_ok=True)
