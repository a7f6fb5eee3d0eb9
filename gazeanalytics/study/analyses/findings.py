"""Reasoning traces to findings, with status and certainty; what an AI reader answers goes the same way."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from gazeanalytics import reasoning
from gazeanalytics.study.analysis import Analysis, Part, many
from gazeanalytics.study.result import Outcome, StudyResult
from gazeanalytics.study.study import Study

__all__ = ["label_traces"]


def label_traces(study: Study) -> pd.DataFrame:
    """Findings with their certainty: as the study brings them, or read out of the traces by the labeler.

    An AI model's output is parted into reasoning and answer; its final answer counts first: see `label_readings`.
    """
    if study.has("findings"):
        return study.table("findings")
    traces, readers, readings = study.table("traces"), study.table("readers"), study.table("readings")
    models = readers.loc[readers["kind"] == "model", "reader"]
    by_model = traces["reading"].isin(readings.loc[readings["reader"].isin(models), "reading"])
    return reasoning.label_readings(traces, by_model, study.config.reasoning.settings())


def run(known: StudyResult, options: object) -> Outcome:
    """Label all traces."""
    findings = label_traces(known.study)
    set_aside = {f"texts in {name} set aside": n for name, n in findings.attrs.get("set_aside", {}).items()}
    return Outcome(tables={"findings": findings}, counts={"findings out": len(findings)} | set_aside)


def show(known: StudyResult, outcome: Outcome) -> Iterator[Part]:
    """Say by which rule statements became conclusions, and what was not read."""
    if known.study.has("findings"):
        return
    chosen = known.study.config.reasoning
    text = (
        f"Traces were labeled by rules. A person's statements became one conclusion a finding by the rule "
        f"{chosen.rule}, an AI reader's by {chosen.model_rule}, its final answer before its reasoning; a statement "
        f"counted as present from a stated probability of {chosen.present_from:g} on."
    )
    own = sum(map(len, chosen.phrases.values())) + len(chosen.hedges)
    text += f" The study added {many(own, 'phrase')} of its own." if own else ""
    aside = [f"{n} {name}" for name, n in outcome.counts.items() if name.endswith("set aside")]
    yield Part("Labels of the traces", " ".join([text, *([f"Not read: {', '.join(aside)}."] if aside else [])]))


ANALYSIS = Analysis(
    name="findings",
    question="What do the traces say is present or absent, and how surely?",
    run=run,
    needs=(("findings", "traces"),),
    makes=("findings",),
    show=show,
    page=35,
)
