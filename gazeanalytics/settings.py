"""Typed settings: frozen dataclasses that Tab completes, also made from a mapping such as a table of study.toml."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Self, Union, get_args, get_origin, get_type_hints

from gazeanalytics.tables import InputError, nearest

__all__ = ["Settings", "match_type"]

# JSON and TOML set no limit, kernels and libraries do; up to here a float holds every whole number.
_MAX_INT = 2**53


class Settings:
    """Base of every settings dataclass: `from_mapping` checks names and types, `given` takes what a user may pass.

    Subclasses are `@dataclass(frozen=True, slots=True)` and check the ranges of their fields in `__post_init__`.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True, slots=True)
    ... class Smoothing(Settings):
    ...     window_ms: float = 20.0
    ...     passes: tuple[int, ...] = (1,)
    >>> Smoothing.from_mapping({"passes": [1, 2]})
    Smoothing(window_ms=20.0, passes=(1, 2))
    >>> Smoothing.from_mapping({"windw_ms": 5})
    Traceback (most recent call last):
    gazeanalytics.tables.errors.InputError: settings: 'windw_ms' is not known; did you mean 'window_ms'?
    """

    __slots__ = ()

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], *, place: str = "settings") -> Self:
        """Make settings from names and values, lists becoming tuples.

        Parameters
        ----------
        values : mapping of str to object
            Some of the fields; the others keep their defaults.
        place : str
            Where the values stand, to head an error message.

        Raises
        ------
        InputError
            If a name is not a field, or a value has another type or lies outside its range.
        """
        hints = _hints(cls)
        checked = {}
        for name, value in values.items():
            if name not in hints:
                raise InputError(f"{place}: {name!r} is not known; {nearest(str(name), list(hints))}")
            matched, checked[name] = match_type(value, hints[name])
            if not matched:
                raise InputError(f"{place}: {name!r} expected {_words(hints[name])}; got {value!r}")
        try:
            return cls(**checked)
        except InputError:
            raise
        except ValueError as error:
            raise InputError(f"{place}: {error}") from error

    @classmethod
    def given(cls, settings: Self | Mapping[str, Any] | None) -> Self:
        """Return settings from what a caller passed: settings as they are, a mapping checked, None as the defaults."""
        if settings is None:
            return cls()
        if isinstance(settings, cls):
            return settings
        if isinstance(settings, Mapping):
            return cls.from_mapping(settings)
        raise TypeError(f"settings: expected {cls.__name__} or a mapping; got {type(settings).__name__}")

    def as_dict(self) -> dict[str, Any]:
        """Return names and values, nested dataclasses left as they are."""
        return {field.name: getattr(self, field.name) for field in fields(self)}  # pyright: ignore[reportArgumentType]


@cache
def _hints(cls: type) -> dict[str, Any]:
    hints = get_type_hints(cls)
    return {field.name: hints[field.name] for field in fields(cls)}  # pyright: ignore[reportArgumentType]


def match_type(value: Any, hint: Any) -> tuple[bool, Any]:
    """Whether a value from a file has the type of a field, and the value as that type."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        found = (match_type(value, part) for part in parts)
        return next(((True, made) for matched, made in found if matched), (False, value))
    if origin is Literal:
        return any(value == part and type(value) is type(part) for part in parts), value
    if origin is tuple:
        return _match_tuple(value, parts)
    if hint is float:
        right = isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)
        return right, float(value) if right else value
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _MAX_INT, value
    if hint in (str, bool, NoneType):
        return isinstance(value, hint), value
    if isinstance(hint, type) and issubclass(hint, Settings) and isinstance(value, Mapping):
        return True, hint.from_mapping(value)
    return hint is Any or (isinstance(hint, type) and isinstance(value, hint)), value


def _match_tuple(value: Any, parts: tuple) -> tuple[bool, Any]:
    if not isinstance(value, list | tuple):
        return False, value
    hints = [parts[0]] * len(value) if parts[1:] == (...,) else list(parts)
    if len(hints) != len(value):
        return False, value
    made = [match_type(item, hint) for item, hint in zip(value, hints, strict=True)]
    return all(matched for matched, _ in made), tuple(item for _, item in made)


def _words(hint: Any) -> str:
    """Say a type as a user of a TOML file would."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return " or ".join(_words(part) for part in parts if part is not NoneType)
    if origin is Literal:
        return "one of " + ", ".join(map(repr, parts))
    if origin is tuple:
        return "a list of " + (_words(parts[0]) if parts[1:] == (...,) else " and ".join(map(_words, parts)))
    names = {float: "a number", int: "a whole number", str: "text", bool: "true or false"}
    return names.get(hint, getattr(hint, "__name__", str(hint)))
