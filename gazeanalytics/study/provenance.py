"""What a result was made of: versions, settings, inputs, seeds, and rows in, out and rejected."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import gazeanalytics
from gazeanalytics.study.result import StudyResult
from gazeanalytics.study.shards import digest_of
from gazeanalytics.study.study import Study
from gazeanalytics.tables import TABLES

__all__ = ["provenance_of"]

_LIBRARIES = (
    "numpy", "scipy", "numba", "pandas", "pyarrow", "scikit-learn", "matplotlib",
)  # fmt: skip


def provenance_of(found: StudyResult, out: Path) -> dict[str, Any]:
    """Gather what another person needs to make the same numbers; no clock time, so that equal runs give equal bytes.

    Parameters
    ----------
    found : StudyResult
        What was found.
    out : pathlib.Path
        Folder whose files so far are hashed, so that a change after the run can be seen.
    """
    study = found.study
    files = sorted({file for name in TABLES for file in study.files(name)} | {study.folder / "study.toml"})
    return {
        "gazeanalytics": gazeanalytics.__version__,
        "python": platform.python_version(),
        "libraries": {name: _version(name) for name in _LIBRARIES},
        "study": study.config.model_dump(mode="json", exclude_defaults=True),
        "seed": study.config.study.seed,
        "settings": {name: dict(outcome.settings) for name, outcome in found.outcomes.items() if outcome.settings},
        "analyses": {"run": list(found.outcomes), "not possible": dict(found.skipped)},
        "inputs": {_shown(study, file): _hashed(file) for file in files},
        "outputs": {path.relative_to(out).as_posix(): _hashed(path) for path in sorted(out.rglob("*.*"))},
        "counts": dict(found.counts),
    }


def _hashed(file: Path) -> dict[str, Any]:
    return {"bytes": file.stat().st_size, "sha256": digest_of(file)}


def _shown(study: Study, file: Path) -> str:
    """Path beside study.toml; the name alone where the file lies elsewhere, so that no private path leaves."""
    return file.relative_to(study.folder).as_posix() if file.is_relative_to(study.folder) else file.name


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"
