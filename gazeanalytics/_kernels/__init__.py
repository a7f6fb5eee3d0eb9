"""Loops over arrays, compiled by Numba; folders mirror the rooms. numpy and numba are all that a kernel imports."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.core import caching

__all__ = ["inlined", "kernel"]

_OPTIONS = {"nogil": True, "error_model": "numpy"}


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function of arrays: it frees the GIL, divides as NumPy does and is kept on disk where that is possible.

    A read-only installation without a writable home offers no place for Numba's cache. The function is then compiled
    anew in each process; the results are the same.
    """
    compiled = numba.njit(**_OPTIONS)(function)
    try:
        compiled._cache = _Cache(function)
    except RuntimeError as error:
        if "no locator available" not in str(error):
            raise
    return compiled


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a part of a kernel into each kernel that calls it, so that splitting an inner loop costs nothing.

    A call would hand over each array's address, shape and strides anew, and hide from the compiler what doesn't change.
    """
    return numba.njit(inline="always", **_OPTIONS)(function)


class _Cache(caching.FunctionCache):
    """Numba's cache on disk with a key that sees an edit of any kernel file.

    Numba looks at the time stamp of the function's own file alone, so a kernel that calls another file's would go on
    running the code of before the edit. Compiled code is dropped here as soon as one source of this package differs.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._cache_file = caching.IndexDataCacheFile(
            cache_path=self._cache_path,
            filename_base=self._impl.filename_base,
            source_stamp=(self._impl.locator.get_source_stamp(), _fingerprint()),
        )


@functools.cache
def _fingerprint() -> str:
    """Hash of the sources of all kernels."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    for source in sorted(here.rglob("*.py")):
        digest.update(source.relative_to(here).as_posix().encode())
        digest.update(source.read_bytes())
    return digest.hexdigest()
