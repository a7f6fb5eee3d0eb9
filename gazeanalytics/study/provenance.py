"""What a result was made of: versions, settings, inputs, seeds, and rows in, out and rejected."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import gazeanalytics
from gazeanalytics.study.result import StudyResult
from gazeanalytics.study.shards import digest_of
from gazeanalytics.study.study import Study
from gazeanalytics.tables import TABLES

__all__ = ["inputs_of", "outputs_of", "provenance_of", "shown_names"]

_LIBRARIES = (
    "numpy", "scipy", "numba", "pandas", "pyarrow", "scikit-learn", "matplotlib",
)  # fmt: skip


def provenance_of(found: StudyResult) -> dict[str, Any]:
    """Gather what another person needs to make the same numbers; no clock time, so that equal runs give equal bytes.

    Parameters
    ----------
    found : StudyResult
        What was found.
    """
    study = found.study
    return {
        "gazeanalytics": gazeanalytics.__version__,
        "python": platform.python_version(),
        "libraries": {name: _version(name) for name in _LIBRARIES},
        "study": _settings(study),
        "seed": study.config.study.seed,
        "settings": {name: dict(outcome.settings) for name, outcome in found.outcomes.items() if outcome.settings},
        "analyses": {"run": list(found.outcomes), "not possible": dict(found.skipped)},
        "inputs": dict(sorted(inputs_of(study))),
        "counts": dict(found.counts),
        "warnings": len(study.rejects.notes),
    }


def outputs_of(out: Path) -> dict[str, Any]:
    """Size and hash of every file in a folder of results, so that a change after the run can be seen.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "a.txt").write_text("abc")
    >>> outputs_of(folder)["a.txt"]["bytes"]
    3
    """
    return {path.relative_to(out).as_posix(): _hashed(path) for path in sorted(out.rglob("*")) if path.is_file()}


def _hashed(file: Path) -> dict[str, Any]:
    return {"bytes": file.stat().st_size, "sha256": digest_of(file)}


def inputs_of(study: Study) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every file read, under a name that names nobody: a file called after a reader becomes a number.

    Examples
    --------
    >>> from gazeanalytics.study.examples import example_study
    >>> [name for name, _ in inputs_of(example_study())][:3]
    ['study.toml', 'fixations.csv', 'regions.csv']
    """
    yield "study.toml", _hashed(study.folder / "study.toml")
    for file, shown in shown_names(study).items():
        yield shown, _hashed(file)


def shown_names(study: Study) -> dict[Path, str]:
    """What each file of the study is called in results."""
    names = {}
    for table in TABLES:
        files = study.files(table)
        for place, file in enumerate(files, start=1):
            plain = file.name.split(".")[0] in (table, f"part-{place - 1:05d}")
            folder = f"{table}/" if file.parent.name == table else ""
            shown = f"{folder}{file.name}" if plain or study.config.report.identifiers else f"{table} {place}"
            names[file] = shown
    return names


def _settings(study: Study) -> dict[str, Any]:
    """What study.toml says, without where files lie and which codes stand for missing: either may name a person."""
    config = study.config.model_dump(mode="json", exclude_defaults=True)
    if not study.config.report.identifiers:
        for table in config.get("tables", {}).values():
            table.pop("file", None)
            if "missing" in table:
                table["missing"] = f"{len(table['missing'])} codes"
    return config


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"
