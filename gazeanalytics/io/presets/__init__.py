"""Formats of trackers and data sets, declared: one TOML file each says how it is known and what its columns are."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["preset", "preset_names"]


@cache
def preset_names() -> tuple[str, ...]:
    """Names of the presets, as `format = "NAME"` of study.toml takes them.

    Examples
    --------
    >>> "tobii" in preset_names()
    True
    """
    found = files(__name__).iterdir()
    return tuple(sorted(one.name.removesuffix(".toml") for one in found if one.name.endswith(".toml")))


@cache
def preset(name: str) -> dict[str, Any]:
    """Declaration of a preset: title, kind of file, sniff rule, frame, origin, clock, and a map for each table.

    Examples
    --------
    >>> preset("gazepoint")["frame"]
    'screen-fraction'
    """
    return tomllib.loads(files(__name__).joinpath(f"{name}.toml").read_text(encoding="utf-8"))
