"""The results of an analysis as a folder: data, tables, figures, one page, and what they were made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from gazeanalytics import report
from gazeanalytics.study.analysis import Part
from gazeanalytics.study.planning import Planned
from gazeanalytics.study.privacy import anonymised, keep_releasable, said_throughout, spoken
from gazeanalytics.study.provenance import outputs_of, provenance_of, sealed, shown_names
from gazeanalytics.study.pseudonyms import pseudonyms_of
from gazeanalytics.study.result import ModelsOutcome, StudyResult
from gazeanalytics.study.shards import Progress, write_parquet, write_text
from gazeanalytics.study.staging import MARKER

__all__ = ["write"]


def write(found: StudyResult, planned: Mapping[str, Planned], out: Path, *, progress: Progress | None = None) -> None:
    """Write everything to `out`; `provenance.json` comes last and marks the results as whole."""
    pseudonyms = None if found.study.config.report.identifiers else pseudonyms_of(found.study)
    if pseudonyms is not None:
        found = anonymised(found, pseudonyms)
    _write_data(found, out / "data")
    sections = []
    with report.off_screen():
        for shown in _parts(found, planned):
            part = shown if pseudonyms is None else spoken(shown, pseudonyms)
            sections.append(_write_part(part, out).section())
            if progress:
                progress(f"report: {part.heading}", 1, 1)
        provenance = provenance_of(found)
        if pseudonyms is not None:
            provenance = said_throughout(provenance, pseudonyms)
        closing = [report.Section("Methods", _methods(found, provenance)), _not_run(found, planned)]
        said = pseudonyms.said if pseudonyms is not None else str
        sections += [report.Section(said(one.heading), said(one.text)) for one in closing]
        about = found.study.config.study
        report.page(about.name, sections, subtitle=about.description, provenance=provenance, path=out / "report.html")
    provenance["outputs"] = outputs_of(out)
    write_text(sealed(provenance), out / MARKER)


def _parts(found: StudyResult, planned: Mapping[str, Planned]) -> list[Part]:
    """Parts of all analyses in the order of the page."""
    ran = sorted((planned[name].analysis for name in found.outcomes), key=lambda analysis: analysis.page)
    return [part for analysis in ran for part in analysis.show(found, found.outcomes[analysis.name])]


def _write_part(part: Part, out: Path) -> Part:
    """Write tables and figures of a part; the figures of the part that is returned hold their SVG for the page."""
    for stem, table in part.tables.items():
        report.write_table(table, out / "tables" / stem)
    figures = {}
    for stem, picture in part.figures.items():
        svg, *_ = report.save(picture.figure, out / "figures" / stem)
        figures[stem] = replace(picture, svg=svg.read_text(encoding="utf-8"))
    return replace(part, figures=figures)


def _methods(found: StudyResult, provenance: Mapping[str, Any]) -> str:
    outcome, events = found.outcomes.get("models"), found.events
    asked = outcome.models if isinstance(outcome, ModelsOutcome) else {}
    models = {name: f"{model.formula} ({model.family})" for name, model in asked.items()}
    return report.methods_text(provenance, quality=None if events is None else events.quality, models=models)


def _not_run(found: StudyResult, planned: Mapping[str, Planned]) -> report.Section:
    """What else could be asked of this study, and what it would take."""
    lines = [
        f"{planned[name].analysis.question} Not possible here, because {why}." for name, why in found.skipped.items()
    ]
    lines += [f"{entry.analysis.question} Switched off." for entry in planned.values() if not entry.on]
    return report.Section("Not answered", "\n\n".join(lines) or "Every analysis was run.")


def _write_data(found: StudyResult, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    study = found.study
    rejects = study.rejects.table(names=shown_names(study), show_cells=study.config.report.identifiers)
    if len(rejects):
        write_parquet(rejects, folder / "rejects.parquet")
    for outcome in found.outcomes.values():
        for name, frame in outcome.tables.items():
            if len(frame.columns):
                shown = frame if found.study.config.report.identifiers else keep_releasable(frame, found)
                write_parquet(shown, folder / f"{name}.parquet")
