"""One row a reading: gaze, strategy, reader, case and outcomes joined; accuracy and uncertainty of the reasoning."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from gazeanalytics import reasoning, report
from gazeanalytics.readings import assemble, score
from gazeanalytics.study.analysis import READING_COLUMNS, Analysis, Part, many
from gazeanalytics.study.result import Outcome, StudyResult
from gazeanalytics.study.study import Study
from gazeanalytics.tables import InputError

__all__ = ["join_readings"]


def join_readings(study: Study, *by_reading: pd.DataFrame, findings: pd.DataFrame | None = None) -> pd.DataFrame:
    """Join readers, cases, gaze, strategies and outcomes into the table `readings`.

    Outcomes that the study brings itself (columns `correct`, `uncertainty` of its readings) are kept as they are.

    Parameters
    ----------
    study : Study
        Gives readings, readers, cases and the settings of `[outcomes]`.
    *by_reading : pandas.DataFrame
        Tables with one row a reading.
    findings : pandas.DataFrame, optional
        Table `findings`, scored against the truth of the cases.

    Raises
    ------
    InputError
        If `uncertainty` isn't a number from 0 to 1 in every row, or missing.
    """
    readings, cases = study.table("readings"), study.table("cases")
    _check_uncertainty(readings)
    extra = list(by_reading)
    if findings is not None and len(findings):
        concluded = reasoning.conclude_readings(findings, study.config.reasoning.settings())
        scored = score(concluded, readings, cases, call_at=study.config.outcomes.call_at)
        extra.append(scored.drop(columns=[name for name in scored if name != "reading" and name in readings]))
    return assemble(readings, study.table("readers"), cases, *extra)


def _check_uncertainty(readings: pd.DataFrame) -> None:
    """Refuse words and numbers out of range before a model meets them."""
    if "uncertainty" not in readings:
        return
    given = readings["uncertainty"]
    wrong = ~pd.to_numeric(given, errors="coerce").between(0, 1) & given.notna()
    if wrong.any() or not pd.api.types.is_numeric_dtype(given):
        first = given[wrong if wrong.any() else given.notna()]
        reading = readings.loc[first.index, "reading"]
        got = f"{first.tolist()[0]!r} in reading {reading.tolist()[0]!r}" if len(first) else "no value"
        raise InputError(
            f"readings, column 'uncertainty': expected numbers from 0 to 1; got {got}. Leave the cell empty where it "
            "isn't known, or give a column of words another name"
        )


def run(known: StudyResult, options: object) -> Outcome:
    """Join what the analyses before found of each reading."""
    parts = [outcome.by_reading for outcome in known.outcomes.values() if outcome.by_reading is not None]
    findings = known.findings if known.has("findings") else None
    readings = join_readings(known.study, *parts, findings=findings)
    return Outcome(tables={"readings": readings}, counts={"readings out": len(readings)})


def show(known: StudyResult, outcome: Outcome) -> Iterator[Part]:
    """Accuracy and uncertainty of people and models, by strategy where there are types."""
    readings = known.readings
    if "correct" not in readings and "uncertainty" not in readings:
        return
    people, models = known.people(), readings[readings["kind"] == "model"]
    text, figures = [_accuracy(people, "People"), _accuracy(models, "AI models")], {}
    if "uncertainty" in people and people["uncertainty"].notna().any():
        middle = people["uncertainty"].median()
        text.insert(1, f"Their median uncertainty, 2 min(p, 1 - p) of the stated probability p, was {middle:.2f}.")
    if "strategy" in people:
        for name, label in (("correct", "Share correct"), ("uncertainty", "Uncertainty")):
            if name in people and people[name].notna().any():
                drawn = report.outcome_by_strategy(people, outcome=name, label=label)
                figures[f"{name}_by_strategy"] = report.Picture(drawn, f"{label} by strategy; a dot is a reader.")
    yield Part("Reasoning", " ".join(filter(None, text)), figures)


def _accuracy(readings: pd.DataFrame, who: str) -> str:
    if "correct" not in readings or readings["correct"].isna().all():
        return ""
    return f"{who} were right in {readings['correct'].mean():.1%} of {many(readings['correct'].count(), 'reading')}."


ANALYSIS = Analysis(
    name="readings",
    question="How accurate and how sure is each reading?",
    run=run,
    needs=("readers", "cases"),
    uses=("findings", READING_COLUMNS),
    makes=("readings",),
    show=show,
    page=40,
)
