"""Loops over arrays, compiled by Numba. Each file stands alone: numpy and numba are all it imports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba

__all__ = ["inlined", "kernel"]

_OPTIONS = {"nogil": True, "error_model": "numpy"}


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function of arrays: it frees the GIL, divides as NumPy does and is kept on disk where that is possible.

    A read-only installation without a writable home offers no place for Numba's cache. The function is then compiled
    anew in each process; the results are the same.
    """
    try:
        return numba.njit(cache=True, **_OPTIONS)(function)
    except RuntimeError as error:
        if "no locator available" not in str(error):
            raise
        return numba.njit(**_OPTIONS)(function)


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a part of a kernel into each kernel that calls it, so that splitting an inner loop costs nothing.

    A call would hand over each array's address, shape and strides anew, and hide from the compiler what doesn't change.
    """
    return numba.njit(inline="always", **_OPTIONS)(function)
