"""Keep linear algebra on one thread: with more, the last digits of a result depend on their number."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import numpy  # noqa: F401 - loads its library, which the controller is to find
import scipy.linalg  # noqa: F401 - so does SciPy
from threadpoolctl import ThreadpoolController, threadpool_limits

__all__ = ["one_blas_thread", "one_thread"]


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep linear algebra, and what scikit-learn runs side by side, on one thread."""
    with threadpool_limits(1):
        yield


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep NumPy's and SciPy's linear algebra alone on one thread, at no cost a call.

    Among the small steps of a solver more threads mostly wait for each other: twice the CPU time for a fit that takes
    longer.
    """
    with _libraries().limit(limits=1, user_api="blas"):
        yield


@cache
def _libraries() -> ThreadpoolController:
    """Find the libraries that NumPy and SciPy have loaded: 2 ms, too long for each fit of a bootstrap."""
    return ThreadpoolController()
