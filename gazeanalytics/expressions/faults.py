"""How much an expression may ask for, and how it is refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields, replace

from gazeanalytics.tables import InputError

__all__ = ["ExpressionError", "Limits", "hold", "limits", "refusal", "shorten"]

_WORDS = {
    "depth": "brackets, signs and powers inside one another",
    "products": "pairs of terms multiplied out",
    "columns": "columns in the design matrix",
    "cells": "numbers in the design matrix",
    "degree": "as the degree of a polynomial or spline",
    "together": "columns of one random term, whose variances and covariances are all estimated",
}
DEEPEST = 150  # Python itself allows about a thousand calls inside one another; each level takes up to four
LONGEST_SHOWN = 80


class ExpressionError(InputError):
    """A formula or condition that can't be read or worked out; one sentence says which, where and what is allowed.

    Examples
    --------
    >>> from gazeanalytics.expressions.grammar import parse
    >>> try:
    ...     parse("y ~ x +")
    ... except InputError as error:
    ...     print(error)
    can't read 'y ~ x +': expected a column, number, text in quotes, function or bracket; got the end at character 8
    """


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one expression may ask for.

    Attributes
    ----------
    characters : int
        Length of its text.
    depth : int
        Brackets, signs and powers inside one another.
    terms : int
        Terms of a formula once `*`, `/` and `**` are multiplied out.
    products : int
        Pairs of terms looked at while multiplying out.
    columns : int
        Columns of a design matrix.
    cells : int
        Rows times columns of a design matrix; 100 million take 0.8 GB.
    degree : int
        Of a polynomial or spline: higher ones are noise, and time.
    together : int
        Columns of one random term such as `(1 + x | reader)`: 20 have 210 variances and covariances.

    Examples
    --------
    >>> Limits().depth, Limits().terms
    (60, 500)
    """

    characters: int = 20_000
    depth: int = 60
    terms: int = 500
    products: int = 100_000
    columns: int = 2_000
    cells: int = 100_000_000
    degree: int = 30
    together: int = 20


# A context variable, not a parameter: every function in between would only pass it on. Not a global of the module: the
# larger limit of one thread would hold for all of them.
_CURRENT: ContextVar[Limits] = ContextVar("limits", default=Limits())  # noqa: B039 (frozen)


@contextmanager
def limits(**changed: int) -> Iterator[Limits]:
    """Allow larger (or only smaller) expressions inside a `with` block; no file can do it.

    Parameters
    ----------
    **changed : int
        Attributes of `Limits`.

    Examples
    --------
    >>> with limits(terms=2_000) as allowed:
    ...     allowed.terms, allowed.depth
    (2000, 60)
    """
    known = [field.name for field in fields(Limits)]
    for name, value in changed.items():
        if name not in known or not isinstance(value, int) or value < 1 or (name == "depth" and value > DEEPEST):
            raise InputError(
                f"expected limits of {', '.join(known)} as whole numbers from 1 (depth up to {DEEPEST}); "
                f"got {name}={value!r}"
            )
    token = _CURRENT.set(replace(_CURRENT.get(), **changed))
    try:
        yield _CURRENT.get()
    finally:
        _CURRENT.reset(token)


def hold(name: str, count: int, expression: str) -> None:
    """Refuse an expression that asks for more than the limit of that name.

    Examples
    --------
    >>> hold("terms", 500, "a * b")
    >>> hold("terms", 501, "a * b")
    Traceback (most recent call last):
    gazeanalytics.expressions.faults.ExpressionError: 'a * b': expected at most 500 terms; got 501 or more; ask \
for less, or allow more inside `with gazeanalytics.expressions.limits(terms=...)`
    """
    most = getattr(_CURRENT.get(), name)
    if count > most:
        raise ExpressionError(
            f"{shorten(expression)!r}: expected at most {most:,} {_WORDS.get(name, name)}; got {count:,} or more; "
            f"ask for less, or allow more inside `with gazeanalytics.expressions.limits({name}=...)`"
        )


def shorten(text: str, place: int = 0) -> str:
    """Cut a long expression to what stands around a place.

    Examples
    --------
    >>> shorten("y ~ x")
    'y ~ x'
    >>> len(shorten("x + " * 1000, place=2000))
    82
    """
    if len(text) <= LONGEST_SHOWN:
        return text
    # A message quotes a file that may be hostile or huge, so it quotes little, from around the fault.
    start = min(max(place - LONGEST_SHOWN // 2, 0), len(text) - LONGEST_SHOWN)
    stop = start + LONGEST_SHOWN
    return ("…" if start else "") + text[start:stop] + ("…" if stop < len(text) else "")


def refusal(text: str, place: int, expected: str, got: str) -> ExpressionError:
    """Say what stands at a place of an expression and what may stand there.

    Examples
    --------
    >>> print(refusal("y ~ $x", 4, "a column", "'$'"))
    can't read 'y ~ $x': expected a column; got '$' at character 5
    """
    return ExpressionError(
        f"can't read {shorten(text, place)!r}: expected {expected}; got {got} at character {place + 1}"
    )
