"""The record of a run as it lies in its results: read back, and of the structure that a run writes."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gazeanalytics.study.kept import read_kept
from gazeanalytics.study.staging import MARKER
from gazeanalytics.tables import InputError

__all__ = ["read_provenance"]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True)


class _Hashed(_Part):
    bytes: int
    sha256: str


class _Analyses(_Part):
    run: list[str]
    not_possible: dict[str, str] = Field(alias="not possible")


class _Settings(_Part):
    report: dict[str, Any] = {}


class _Provenance(_Part):
    """What other runs and verbs look at; the rest may be of any type, since it is only compared."""

    gazeanalytics: str
    libraries: dict[str, str]
    study: _Settings
    analyses: _Analyses
    inputs: dict[str, _Hashed]
    outputs: dict[str, _Hashed]


def read_provenance(out: Path) -> tuple[dict[str, Any], str]:
    """The provenance of a folder of results, and its text.

    Raises
    ------
    InputError
        If the folder holds no whole results, or their record is none that a run of this version writes.

    Examples
    --------
    >>> read_provenance(Path("nowhere"))
    Traceback (most recent call last):
    gazeanalytics.tables.errors.InputError: nowhere: holds no whole results (provenance.json is missing); run analyse to
    make them
    """
    path = out / MARKER
    if not path.exists() and not path.is_symlink():
        raise InputError(f"{out}: holds no whole results ({MARKER} is missing); run analyse to make them")
    text = read_kept(path)
    try:
        found = json.loads(text)
        _Provenance.model_validate(found)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"]) or "the whole of it"
        raise InputError(
            f"{path}: {place} isn't what a run writes there; it was changed, or written by another version; run "
            "analyse again"
        ) from None
    except (ValueError, RecursionError):
        raise InputError(f"{path}: is damaged (no JSON); run analyse again") from None
    for name in found["outputs"]:
        if any(one.anchor or ".." in one.parts for one in (PurePosixPath(name), PureWindowsPath(name))):
            raise InputError(f"{path}: names a file outside of the results ({name!r}); run analyse again")
    return found, text
