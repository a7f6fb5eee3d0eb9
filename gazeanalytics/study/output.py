"""The results of an analysis as a folder: data, tables, figures, one page, and what they were made of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gazeanalytics import report
from gazeanalytics.study.paper import Part, parts_of
from gazeanalytics.study.provenance import provenance_of
from gazeanalytics.study.shards import Progress, write_parquet, write_text

if TYPE_CHECKING:
    from gazeanalytics.study.analysis import Analysis

__all__ = ["write"]


def write(found: Analysis, out: Path, *, progress: Progress | None = None) -> None:
    """Write everything to `out`; `provenance.json` comes last and marks the results as whole."""
    _write_data(found, out / "data")
    provenance = provenance_of(
        found.study, counts=found.counts, settings={"events": found.gaze.settings} if found.gaze.settings else {}
    )
    sections = []
    with report.off_screen():
        for part in parts_of(found):
            _write_part(part, out)
            sections.append(part.section())
            if progress:
                progress(f"report: {part.heading}", 1, 1)
        sections.append(report.Section("Methods", _methods(found, provenance)))
        about = found.study.config.study
        report.page(about.name, sections, subtitle=about.description, provenance=provenance, path=out / "report.html")
    write_text(json.dumps(provenance, indent=2, sort_keys=True, default=str) + "\n", out / "provenance.json")


def _write_part(part: Part, out: Path) -> None:
    for stem, table in part.tables.items():
        report.write_table(table, out / "tables" / stem)
    for stem, picture in part.figures.items():
        report.save(picture.figure, out / "figures" / stem)


def _methods(found: Analysis, provenance: Mapping[str, Any]) -> str:
    models = {name: f"{model.formula} ({model.family})" for name, model in found.models.items()}
    return report.methods_text(provenance, quality=found.gaze.quality, models=models)


def _write_data(found: Analysis, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    frames = {
        "fixations": found.gaze.fixations,
        "saccades": found.gaze.saccades,
        "quality": found.gaze.quality,
        "features": found.features,
        "findings": found.findings,
        "readings": found.readings,
        "estimates": found.estimates,
    }
    for name, frame in frames.items():
        if frame is not None and len(frame.columns):
            write_parquet(frame, folder / f"{name}.parquet")
