"""What a result was made of: versions, settings, inputs, seeds, and rows in, out and rejected."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import gazeanalytics
from gazeanalytics.study.shards import digest_of
from gazeanalytics.study.study import Study
from gazeanalytics.tables import TABLES

__all__ = ["provenance_of"]

_LIBRARIES = (
    "numpy", "scipy", "numba", "pandas", "pyarrow", "scikit-learn", "matplotlib",
)  # fmt: skip


def provenance_of(study: Study, *, counts: Mapping[str, int], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Gather what another person needs to make the same numbers; no clock time, so that equal runs give equal bytes."""
    files = sorted({file for name in TABLES for file in study.files(name)} | {study.folder / "study.toml"})
    return {
        "gazeanalytics": gazeanalytics.__version__,
        "python": platform.python_version(),
        "libraries": {name: _version(name) for name in _LIBRARIES},
        "study": study.config.model_dump(mode="json", exclude_defaults=True),
        "seed": study.config.study.seed,
        "settings": dict(settings),
        "inputs": {_told(study, file): {"bytes": file.stat().st_size, "sha256": digest_of(file)} for file in files},
        "counts": dict(counts),
    }


def _told(study: Study, file: Any) -> str:
    """Path beside study.toml; the name alone where the file lies elsewhere, so that no private path leaves."""
    return file.relative_to(study.folder).as_posix() if file.is_relative_to(study.folder) else file.name


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"
