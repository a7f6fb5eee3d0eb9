"""Loops over arrays, compiled by Numba; folders mirror the rooms. numpy and numba are all that a kernel imports."""

from __future__ import annotations

import functools
import hashlib
import re
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
    """Numba's cache on disk with a key that sees edits of the kernel files that a kernel depends on.

    Numba looks at the time stamp of the function's own file alone, so a kernel that calls another file's would go on
    running the code of before the edit. Here compiled code is dropped as soon as its file, or a kernel file that it
    imports directly or through others, differs; and when any file differs that defines a named tuple: a kernel may be
    handed one without importing it, and code compiled for its old fields would read past the new ones.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._cache_file = _Index(
            cache_path=self._cache_path,
            filename_base=self._impl.filename_base,
            source_stamp=(self._impl.locator.get_source_stamp(), _fingerprint(function.__code__.co_filename)),
        )


class _Index(caching.IndexDataCacheFile):
    """Numba's list of what is in the cache, empty where it can't be read any more.

    It holds the types of arguments, named tuples among them, and is unpickled before anyone looks whether it is out of
    date: once such a tuple has been renamed or moved, every call would fail until the cache is deleted by hand.
    """

    def _load_index(self) -> dict[Any, str]:
        try:
            return super()._load_index()
        except (AttributeError, ImportError):
            return {}


@functools.cache
def _fingerprint(file: str) -> str:
    """Hash of the sources of a kernel file, of all kernel files behind its imports, and of those with named tuples."""
    found: set[Path] = set()
    to_read = [Path(file), *_files_of_tuples()]
    while to_read:
        source = to_read.pop()
        if source not in found and source.is_file():
            found.add(source)
            to_read += _imported(source)
    # A file elsewhere (a test's own kernel) is part of the hash like ours, but has no place below this folder.
    digest = hashlib.sha256()
    for source in sorted(found):
        digest.update(source.name.encode() + b"\0" + _text(source).encode())
    return digest.hexdigest()


@functools.cache
def _text(source: Path) -> str:
    return source.read_text("utf-8")


@functools.cache
def _files_of_tuples() -> tuple[Path, ...]:
    return tuple(source for source in Path(__file__).parent.rglob("*.py") if "(NamedTuple)" in _text(source))


@functools.cache
def _imported(source: Path) -> tuple[Path, ...]:
    """Files that the kernel imports of a source may name: a module, or a name that is one."""
    here = Path(__file__).parent
    files: list[Path] = []
    for module, names in _IMPORTS.findall(_text(source)):
        folder = here.joinpath(*filter(None, module.split(".")))
        files += [folder.with_suffix(".py"), *(folder / f"{name}.py" for name in re.findall(r"\w+", names))]
    return tuple(files)


# Text is enough, and fifty times as fast as a syntax tree; a name too many does no harm.
_IMPORTS = re.compile(r"^from gazeanalytics\._kernels((?:\.\w+)*) import (\([^)]*\)|[^\n]*)", re.MULTILINE)
