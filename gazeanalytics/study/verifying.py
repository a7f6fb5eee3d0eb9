"""Whether results are what a run wrote, and whether another run writes them again."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from gazeanalytics.io.files import checked_parquet
from gazeanalytics.study.kept import check_kept
from gazeanalytics.study.planning import plan
from gazeanalytics.study.provenance import inputs_of, seal_holds, versions
from gazeanalytics.study.run import analyse
from gazeanalytics.study.shards import Progress, digest_of
from gazeanalytics.study.staging import MARKER, RESULTS, WORK, finish
from gazeanalytics.study.study import Study
from gazeanalytics.study.written import read_provenance
from gazeanalytics.tables import InputError

__all__ = ["completed", "replay", "verify"]


def verify(out: str | Path) -> list[str]:
    """Compare every file of the results with the hash that its run wrote down.

    Parameters
    ----------
    out : str or pathlib.Path
        Folder of results.

    Returns
    -------
    list of str
        What differs, one sentence each; empty when all is as it was written.

    Raises
    ------
    InputError
        If the folder holds no whole results.

    Examples
    --------
    >>> import tempfile
    >>> from gazeanalytics.study.examples import example_study
    >>> out = Path(tempfile.mkdtemp()) / "out"
    >>> _ = analyse(example_study(), out, only=["readers"])
    >>> verify(out)
    []
    >>> (out / "report.html").unlink()
    >>> verify(out)
    ['report.html: is missing']
    """
    out = Path(out)
    found, text = read_provenance(out)
    if not seal_holds(text):
        return [f"{MARKER}: was changed after the run, or written by another version"]
    written: dict[str, Any] = found["outputs"]
    faults = []
    for name, about in written.items():
        path = out / name
        if not path.is_file():
            faults.append(f"{name}: is missing")
        elif not path.resolve().is_relative_to(out.resolve()):
            faults.append(f"{name}: is a link that leads out of the results")
        elif digest_of(path) != about["sha256"]:
            faults.append(f"{name}: was changed after the run ({path.stat().st_size} bytes, {about['bytes']} written)")
    there = {path.relative_to(out) for path in out.rglob("*") if _is_something(path, out)}
    if any(path.parts[0] == WORK for path in there):
        faults.append(f"{WORK}: was left by a run that was stopped; run analyse with --overwrite, or remove the folder")
    names = {path.as_posix() for path in there if path.parts[0] != WORK}
    faults += [f"{name}: was not written by the run" for name in sorted(names - set(written) - {MARKER})]
    return faults


def _is_something(path: Path, out: Path) -> bool:
    """Whether the path is more than a folder around others, or one that a run makes whether it is filled or not."""
    if path.is_symlink() or not path.is_dir():
        return True
    return not any(path.iterdir()) and path.relative_to(out).as_posix() not in RESULTS


def replay(out: str | Path, study: Study, *, progress: Progress | None = None) -> list[str]:
    """Run the analysis of `out` again from its study, and say which numbers differ.

    Parameters
    ----------
    out : str or pathlib.Path
        Folder of results.
    study : Study
        The study that they were made of.
    progress : callable, optional
        Called as `progress(step, done, total)`.

    Returns
    -------
    list of str
        What differs, one sentence each: what `verify` says, inputs, versions, seed, settings, counts and analyses,
        tables with their columns and largest difference, other files. Empty when the run wrote the same bytes again.

    Raises
    ------
    InputError
        If the folder holds no whole results, or the study can't be analysed.

    Examples
    --------
    >>> import tempfile
    >>> from gazeanalytics.study.examples import example_study
    >>> study, out = example_study(), Path(tempfile.mkdtemp()) / "out"
    >>> _ = analyse(study, out, only=["readers"])
    >>> replay(out, study)
    []
    """
    faults, (before, _) = verify(out), read_provenance(Path(out))
    faults += [f"input {name}: {how}" for name, how in _changed(before["inputs"], dict(inputs_of(study)))]
    only = _asked(before, study)
    with tempfile.TemporaryDirectory() as folder:
        again = Path(folder) / "again"
        analyse(study, again, only=only, progress=progress)
        after, _ = read_provenance(again)
        versions, now = ({**one["libraries"], "gazeanalytics": one["gazeanalytics"]} for one in (before, after))
        faults += [
            f"version of {name}: {then} then, {now.get(name)} now"
            for name, then in versions.items()
            if now.get(name) != then
        ]
        for key in sorted((set(before) | set(after)) - {"gazeanalytics", "libraries", "inputs", "outputs", "seal"}):
            faults += [f"{MARKER}, {which}" for which in _differing(key, before.get(key), after.get(key))]
        for name, how in _changed(before["outputs"], after["outputs"]):
            detail = _difference(Path(out) / name, again / name) if name.endswith(".parquet") else how
            faults.append(f"{name}: {detail}")
    return faults


def completed(out: str | Path, study: Study, only: Iterable[str] | None = None) -> bool:
    """Put the results of a run that was stopped at its very end in place, and say whether they answer this run too.

    Parameters
    ----------
    out : str or pathlib.Path
        Folder of results.
    study : Study
        The study to analyse.
    only : iterable of str, optional
        Names of the analyses to run, as in `analyse`.

    Returns
    -------
    bool
        True where there were such results, and they were made of the same files by the same analyses and versions:
        running again would write the same bytes.

    Raises
    ------
    InputError
        If another run writes to `out`, or its results are damaged.

    Examples
    --------
    >>> import tempfile
    >>> from gazeanalytics.study.examples import example_study
    >>> completed(tempfile.mkdtemp(), example_study())
    False
    """
    if not finish(Path(out)):
        return False
    try:
        before, _ = read_provenance(Path(out))
    except InputError:  # of another version: nothing to compare with
        return False
    done = {*before["analyses"]["run"], *before["analyses"]["not possible"]}
    asked = {name for name, entry in plan(study, only).items() if entry.on}
    return done == asked and before["inputs"] == dict(inputs_of(study)) and versions().items() <= before.items()


def _asked(before: dict[str, Any], study: Study) -> list[str] | None:
    """Names of the analyses that a run was asked for; None where they are those that the study leaves on."""
    done = {*before["analyses"]["run"], *before["analyses"]["not possible"]}
    planned = plan(study)
    # A name that this version has no analysis for shows in the comparison of what ran.
    return None if done == {name for name, entry in planned.items() if entry.on} else sorted(done & set(planned))


def _differing(place: str, then: Any, now: Any) -> Iterator[str]:
    """Where two values of JSON differ: by key in mappings, whole in all else."""
    if isinstance(then, dict) and isinstance(now, dict):
        for key in sorted(set(then) | set(now)):
            yield from _differing(f"{place}.{key}", then.get(key), now.get(key))
    elif json.dumps(then) != json.dumps(now):
        yield f"{place}: {json.dumps(then)[:80]} then, {json.dumps(now)[:80]} now"


def _changed(before: dict[str, Any], after: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name in sorted(set(before) | set(after)):
        if name not in after:
            yield name, "is no longer there"
        elif name not in before:
            yield name, "is new"
        elif before[name]["sha256"] != after[name]["sha256"]:
            yield name, "differs"


def _difference(one: Path, two: Path) -> str:
    """How two tables differ: rows, columns, and the largest difference of a number."""
    try:
        check_kept(one)
        before, after = (checked_parquet(file).read().to_pandas() for file in (one, two))
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        return f"can't be read ({str(error).splitlines()[0]})"
    if list(before) != list(after) or len(before) != len(after):
        return f"{len(before)} rows and {len(before.columns)} columns then, {len(after)} and {len(after.columns)} now"
    parts = []
    for name in before:
        if before[name].equals(after[name]):
            continue
        if pd.api.types.is_numeric_dtype(before[name]) and pd.api.types.is_numeric_dtype(after[name]):
            gap = np.nanmax(np.abs(before[name].to_numpy(float) - after[name].to_numpy(float)))
            parts.append(f"{name} by up to {gap:.3g}")
        else:
            parts.append(f"{name} in {int((before[name].astype(str) != after[name].astype(str)).sum())} rows")
    return "differs in " + ", ".join(parts) if parts else "holds the same numbers in other bytes"
