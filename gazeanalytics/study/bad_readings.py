"""One odd recording among many: it is set aside by name, and the others are analysed."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from gazeanalytics.events import RecordingWarning
from gazeanalytics.study.study import Study
from gazeanalytics.tables import InputError, shown

__all__ = ["from_usable", "heard", "note_bad_readings", "warnings_by_file"]

Found = TypeVar("Found")


def from_usable(samples: pd.DataFrame, find: Callable[[pd.DataFrame], Found]) -> tuple[Found, dict[str, str]]:
    """Find something in a samples table, without the readings in which it can't be found.

    Parameters
    ----------
    samples : pandas.DataFrame
        Table `samples`, the rows of a reading together.
    find : callable
        Takes such a table; raises ValueError where a reading can't be used.

    Returns
    -------
    tuple
        What was found in the other readings, and why each reading that was left out can't be used, by its name.

    Raises
    ------
    ValueError
        If the readings can be used one by one but not together.

    Examples
    --------
    >>> def slowest(table):
    ...     if (table["t"].diff() > 50).any():
    ...         raise ValueError("too slow")
    ...     return len(table)
    >>> from_usable(pd.DataFrame({"reading": [1, 1, 2, 2], "t": [0, 4, 0, 70]}), slowest)
    (2, {'2': 'too slow'})
    """
    try:
        return find(samples), {}
    except InputError:
        raise
    except ValueError as error:
        together = error
    lost, why = [], {}
    for reading, rows in samples.groupby("reading", observed=True, sort=False):
        try:
            find(rows.reset_index(drop=True))
        except ValueError as error:
            lost.append(reading)
            why[shown(reading)] = str(error)
    if not lost:
        raise together
    return find(samples[~samples["reading"].isin(lost)].reset_index(drop=True)), why


def note_bad_readings(study: Study, lost: Mapping[Path, Mapping[str, str]], *, of_usable: int) -> int:
    """Name each reading that was set aside, with its file and the reason; returns how many there are.

    Parameters
    ----------
    study : Study
        Takes the notes.
    lost : mapping of pathlib.Path to mapping of str to str
        By file: readings, and why each can't be used.
    of_usable : int
        How many readings could be used.

    Raises
    ------
    InputError
        In a strict study, or when more readings are lost than could be used.

    Examples
    --------
    >>> from gazeanalytics.study.examples import example_study
    >>> lost = {Path("samples/3.csv"): {"3": "15 Hz is too slow"}}
    >>> note_bad_readings(example_study(), lost, of_usable=0)
    Traceback (most recent call last):
    gazeanalytics.tables.errors.InputError: samples/3.csv, reading 3: 15 Hz is too slow
    """
    count = sum(map(len, lost.values()))
    for file, why in lost.items():
        for reading, reason in why.items():
            # More lost than kept: it is the map or the screen that is wrong, not the recordings.
            if study.strict or count > of_usable:
                also = f" ({count} of {count + of_usable} readings can't be used)" if count > 1 else ""
                raise InputError(f"{file}, reading {reading}: {reason}{also}")
            study.rejects.note(file, f"reading {reading} is set aside: {reason}")
        study.rejects.put_readings(file, list(why))
    return count


class _Heard(threading.local):
    """Warnings of the file that this thread works on; None while it works on none."""

    texts: list[str] | None = None


_HEARD = _Heard()


@contextmanager
def warnings_by_file() -> Iterator[None]:
    """Let `heard` collect what recordings warn of, so that it can be said once and with the file's name.

    Examples
    --------
    >>> with warnings_by_file(), heard() as texts:
    ...     warnings.warn("12 samples lie at one point", RecordingWarning)
    >>> texts
    ['12 samples lie at one point']
    """
    with warnings.catch_warnings():
        warnings.simplefilter("always", RecordingWarning)
        show = warnings.showwarning

        def keep(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
            if _HEARD.texts is None or not issubclass(category, RecordingWarning):
                show(message, category, *where, **more)
            elif str(message) not in _HEARD.texts:
                _HEARD.texts.append(str(message))

        warnings.showwarning = keep
        yield


@contextmanager
def heard() -> Iterator[list[str]]:
    """Collect the warnings of this thread, each text once; see `warnings_by_file`.

    Examples
    --------
    >>> with heard() as texts:
    ...     pass
    >>> texts
    []
    """
    _HEARD.texts = texts = []
    try:
        yield texts
    finally:
        _HEARD.texts = None
