"""What a result was made of: versions, settings, inputs, seeds, and rows in, out and rejected."""

from __future__ import annotations

import hashlib
import json
import platform
import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import gazeanalytics
from gazeanalytics.study.result import StudyResult
from gazeanalytics.study.shards import digest_of
from gazeanalytics.study.study import Study
from gazeanalytics.tables import TABLES

__all__ = ["inputs_of", "outputs_of", "provenance_of", "seal_holds", "sealed", "shown_names", "versions"]

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
        **versions(),
        "study": _settings(study),
        "seed": study.config.study.seed,
        "settings": {name: dict(outcome.settings) for name, outcome in found.outcomes.items() if outcome.settings},
        "analyses": {"run": list(found.outcomes), "not possible": dict(found.skipped)},
        "inputs": dict(sorted(inputs_of(study))),
        "counts": dict(found.counts),
        "warnings": len(study.rejects.notes),
    }


def versions() -> dict[str, Any]:
    """Versions of this package, of Python and of the libraries that compute.

    Examples
    --------
    >>> list(versions())
    ['gazeanalytics', 'python', 'libraries']
    """
    return {
        "gazeanalytics": gazeanalytics.__version__,
        "python": platform.python_version(),
        "libraries": {name: _version(name) for name in _LIBRARIES},
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


_NO_SEAL = "0" * 64


def sealed(provenance: dict[str, Any]) -> str:
    """The text of a provenance file, with the hash of itself in it, so that a change of any letter can be seen.

    Examples
    --------
    >>> text = sealed({"seed": 1})
    >>> seal_holds(text), seal_holds(text.replace("1", "2", 1))
    (True, False)
    """
    text = json.dumps(provenance | {"seal": _NO_SEAL}, indent=2, sort_keys=True, default=str) + "\n"
    return text.replace(_NO_SEAL, hashlib.sha256(text.encode()).hexdigest())


def seal_holds(text: str) -> bool:
    """Whether the text is as `sealed` wrote it.

    Examples
    --------
    >>> seal_holds("{}")
    False
    """
    found = re.search(r'^  "seal": "([0-9a-f]{64})"', text, flags=re.MULTILINE)
    if found is None:
        return False
    return hashlib.sha256(text.replace(found[1], _NO_SEAL).encode()).hexdigest() == found[1]


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
    for name, options in study.config.analyses.items():
        if options.get("embeddings"):
            yield f"embeddings of {name}", _hashed(study.folder / options["embeddings"])


def shown_names(study: Study) -> dict[Path, str]:
    """What each file of the study is called in results."""
    names = {}
    for table in TABLES:
        files = study.files(table)
        for place, file in enumerate(files, start=1):
            stem, part = file.name.split(".")[0], f"part-{place - 1:05d}"
            plain = stem in (table, part)
            # Parts of several tables bear one name, whatever their folders are called.
            folder = f"{table}/" if stem == part or file.parent.name == table else ""
            shown = f"{folder}{file.name}" if plain or study.config.report.identifiers else f"{table} {place}"
            names[file] = shown
    return names


def _settings(study: Study) -> dict[str, Any]:
    """What study.toml says, without where files lie and which values of theirs are meant: either may name a person."""
    config = study.config.model_dump(mode="json", exclude_defaults=True)
    if not study.config.report.identifiers:
        for named, key in ((config.get("tables", {}), "file"), (config.get("analyses", {}), "embeddings")):
            for entry in named.values():
                entry.pop(key, None)
        for table in config.get("tables", {}).values():
            _hide_values(table)
            for column in table.get("columns", {}).values():
                _hide_values(column)
    return config


# Keys of a map that quote cells of the study's files, and what stands in their place.
_QUOTING = {"missing": "codes", "keep": "conditions", "levels": "levels"}


def _hide_values(given: dict[str, Any]) -> None:
    for key, noun in _QUOTING.items():
        if key in given:
            given[key] = f"{len(given[key])} {noun}"
    if isinstance(given.get("value"), str):
        given["value"] = "one value"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"
