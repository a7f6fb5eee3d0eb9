"""Who read what: Table 1 of the paper."""

from __future__ import annotations

from collections.abc import Iterator

from gazeanalytics import report
from gazeanalytics.study.analysis import Analysis, Part, many
from gazeanalytics.study.result import Outcome, StudyResult


def run(known: StudyResult, options: object) -> Outcome:
    """Count readers, cases and readings; the table itself is made when the page is."""
    return Outcome()


def show(known: StudyResult, outcome: Outcome) -> Iterator[Part]:
    """Table 1, with small groups pooled."""
    readers, readings = known.study.table("readers"), known.study.table("readings")
    min_cell = known.study.config.report.min_cell
    people, models = (readers["kind"] == "person").sum(), (readers["kind"] == "model").sum()
    countries = readers["country"].nunique() if "country" in readers else 0
    who = [f"{many(people, 'reader')}" + (f" from {many(countries, 'country')}" if countries else "")] * bool(people)
    who += [many(models, "AI model")] * bool(models)
    text = f"{' and '.join(who)} made {many(len(readings), 'reading')} of {many(readings['case'].nunique(), 'case')}. "
    text += f"Readers are not named, and groups smaller than {min_cell} are pooled."
    tables = {"readers": report.table_one(readers, readings, min_cell=min_cell)} if people else {}
    yield Part("Readers and cases", text, tables=tables)


ANALYSIS = Analysis(
    name="readers",
    question="Who read how many cases: experience, country, specialty (Table 1)?",
    run=run,
    needs=("readers",),
    show=show,
    page=10,
)
