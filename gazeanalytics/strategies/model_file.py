"""The file format of fitted models: plain arrays and JSON text in one .npz, nothing that can run, all of it checked.

A damaged or hostile file ends in one InputError. Sizes are checked before anything is read, types before anything is
allocated, and every field by its own description (`model_parts`). Rejected: `numpy.load`, which allocates what a header
promises; and HDF5 or Parquet, whose readers are C code that parses what a stranger sent.
"""

from __future__ import annotations

import io
import json
import math
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gazeanalytics.strategies.model_parts import DTYPES, Fault, Part, Store, read_parts, write_parts
from gazeanalytics.tables import InputError

__all__ = ["FORMAT", "read_model", "write_model"]

# Rises with every change that an older version could not read.
FORMAT = 3
# Far above any model of a study (a clustering of 100,000 readings takes 30 MB), far below what a machine can't hold.
_MAX_BYTES, _MAX_ARRAYS = 2**30, 256
_JSON = "json"


def write_model(path: str | Path, kind: str, model: Any, parts: Mapping[str, Part]) -> None:
    """Write a model to one .npz file, byte for byte the same for the same model.

    Examples
    --------
    >>> import tempfile
    >>> from types import SimpleNamespace
    >>> from gazeanalytics.strategies.model_parts import Array
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
    try:
        arrays = _arrays_of(Path(path))
        words = _words_of(arrays.pop(_JSON, None))
        if words.pop("package") != "gazeanalytics" or words.pop("model", None) != kind:
            raise Fault(f"expected a model saved with {kind}.save")
        number = words.pop("format", None)
        if number != FORMAT:
            raise Fault(f"expected file format {FORMAT}; got {number!r:.20}: fit the model again")
        store = Store(arrays)
        return read_parts(words, parts, store)
    except Fault as fault:
        raise InputError(f"{path}: {fault}") from None


def _words_of(text: np.ndarray | None) -> dict[str, Any]:
    try:
        words = json.loads(b"" if text is None else text.tobytes())
    except (ValueError, RecursionError):
        words = None
    if not isinstance(words, dict) or "package" not in words:
        raise Fault("expected a model saved by this package")
    return words


def _arrays_of(path: Path) -> dict[str, np.ndarray]:
    """All arrays of a file; sizes are checked before anything is read, types before anything is allocated."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > _MAX_ARRAYS or sum(member.file_size for member in members) > _MAX_BYTES:
                raise Fault(f"is larger than {_MAX_BYTES >> 20} MB or has more than {_MAX_ARRAYS} arrays")
            return {member.filename.removesuffix(".npy"): _array_of(archive.read(member)) for member in members}
    except FileNotFoundError:
        raise Fault("no such file") from None
    except Fault:
        raise
    # What zipfile, zlib and NumPy's parser of headers raise on damaged bytes; NotImplementedError and RuntimeError
    # are those of unknown compression and of encryption; SyntaxError and TokenError those of a header's text.
    except (
        OSError,
        zipfile.BadZipFile,
        zlib.error,
        ValueError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        TypeError,
        SyntaxError,
        tokenize.TokenError,
    ):
        raise Fault("is damaged, or not a file saved by this package") from None


def _array_of(data: bytes) -> np.ndarray:
    """One array from the bytes of a .npy file, as `numpy.load` would read it, but never larger than its bytes."""
    stream = io.BytesIO(data)
    version = np.lib.format.read_magic(stream)
    if version != (1, 0):
        raise ValueError("unknown version")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    if dtype not in DTYPES.values() or fortran or min(shape, default=0) < 0:
        raise ValueError("unknown type of array")
    if math.prod(shape) * dtype.itemsize != len(data) - stream.tell():
        raise ValueError("truncated array")
    return np.frombuffer(data, dtype, offset=stream.tell()).reshape(shape).copy()
