"""Keep the solver's linear algebra on one thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import numpy  # noqa: F401 - loads its library, which the controller is to find
import scipy.linalg  # noqa: F401 - so does SciPy
from threadpoolctl import ThreadpoolController

__all__ = ["one_thread"]


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep NumPy's and SciPy's linear algebra on one thread.

    With more, the last digits depend on their number; and among the solver's small steps they mostly wait for each
    other: twice the CPU time for a fit that takes longer.
    """
    with _libraries().limit(limits=1, user_api="blas"):
        yield


@cache
def _libraries() -> ThreadpoolController:
    """Find the libraries that NumPy and SciPy have loaded: 2 ms, too long for each fit of a bootstrap."""
    return ThreadpoolController()
