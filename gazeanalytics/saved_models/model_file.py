"""The file format of fitted models: plain arrays and JSON text in one .npz, nothing that can run, all of it checked.

A damaged or hostile file ends in one InputError. Sizes are checked before anything is read, types before anything is
allocated (`npz`), and every field by its own description (`arrays`, `fields`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from gazeanalytics.saved_models.arrays import Fault, Part, Store
from gazeanalytics.saved_models.fields import read_parts, write_parts
from gazeanalytics.saved_models.npz import read_arrays
from gazeanalytics.tables import InputError

__all__ = ["FORMAT", "naming", "parse_json", "read_model", "read_store", "write_model"]

FORMAT = 3
"""Rises with every change that an older version could not read."""

# A value of JSON takes 72 bytes of memory and 2 in the file; text takes up to 4 bytes a character, and is kept twice.
_MAX_VALUES, _MAX_JSON_BYTES = 5_000_000, 2**26
_JSON = "json"


def write_model(path: str | Path, kind: str, model: Any, parts: Mapping[str, Part]) -> None:
    """Write a model to one .npz file, byte for byte the same for the same model.

    Examples
    --------
    >>> import tempfile
    >>> from types import SimpleNamespace
    >>> from gazeanalytics.saved_models import Array
    >>> parts = {"shares": Array(("groups",), low=0)}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_model(f"{folder}/m.npz", "Model", SimpleNamespace(shares=np.array([0.4, 0.6])), parts)
    ...     read_model(f"{folder}/m.npz", "Model", parts)
    {'shares': array([0.4, 0.6])}
    """
    store = Store()
    words = {"package": "gazeanalytics", "format": FORMAT, "model": kind, **write_parts(model, parts, store)}
    text = np.frombuffer(json.dumps(words).encode(), np.uint8)
    np.savez(path, allow_pickle=False, **{_JSON: text}, **store.arrays)


def read_model(path: str | Path, kind: str, parts: Mapping[str, Part]) -> dict[str, Any]:
    """Read and check the fields of a model.

    Raises
    ------
    InputError
        If the file isn't one of ours, of another format or another model, or anything in it doesn't fit.

    Examples
    --------
    >>> read_model("nowhere.npz", "Model", {})
    Traceback (most recent call last):
    gazeanalytics.tables.errors.InputError: nowhere.npz: no such file
    """
    with naming(path):
        store = read_store(path)
        words = _words_of(store.arrays.pop(_JSON, None))
        if words.pop("package") != "gazeanalytics" or words.pop("model", None) != kind:
            raise Fault(f"expected a model saved with {kind}.save")
        number = words.pop("format", None)
        if number != FORMAT:
            raise Fault(f"expected file format {FORMAT}; got {number!r:.20}: fit the model again")
        return read_parts(words, parts, store)


@contextmanager
def naming(path: str | Path) -> Iterator[None]:
    """Turn a Fault inside into an InputError that names the file.

    Examples
    --------
    >>> with naming("mine.npz"):
    ...     raise Fault("holds no weights")
    Traceback (most recent call last):
    gazeanalytics.tables.errors.InputError: mine.npz: holds no weights
    """
    try:
        yield
    except Fault as fault:
        raise InputError(f"{path}: {fault}") from None


def read_store(path: str | Path) -> Store:
    """Read the arrays of a file, to be checked by their descriptions.

    Raises
    ------
    Fault
        If it can't be read as arrays of numbers and text.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(f"{folder}/m.npz", moves=np.zeros((2, 2)))
    ...     read_store(f"{folder}/m.npz").arrays["moves"].shape
    (2, 2)
    """
    return Store(read_arrays(Path(path)))


def parse_json(text: bytes) -> object:
    """Parse JSON of which nobody knows how much memory it wants.

    Raises
    ------
    Fault
        If it is too large; a ValueError or RecursionError if it isn't JSON.

    Examples
    --------
    >>> parse_json(b'{"rates_hz": [30, 60]}')
    {'rates_hz': [30, 60]}
    """
    if len(text) > _MAX_JSON_BYTES or sum(text.count(mark) for mark in b",[{:") > _MAX_VALUES:
        raise Fault(f"holds more than {_MAX_JSON_BYTES >> 20} MB of text or {_MAX_VALUES:,} values in its tables")
    return json.loads(text)


def _words_of(text: np.ndarray | None) -> dict[str, Any]:
    try:
        words = parse_json(b"" if text is None else text.tobytes())
    except Fault:
        raise
    except (ValueError, RecursionError):
        words = None
    if not isinstance(words, dict) or "package" not in words:
        raise Fault("expected a model saved by this package")
    return words
