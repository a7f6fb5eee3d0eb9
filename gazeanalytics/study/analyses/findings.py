"""Reasoning traces to findings, with status and certainty; what an AI reader answers goes the same way."""

from __future__ import annotations

import pandas as pd

from gazeanalytics import reasoning
from gazeanalytics.study.analysis import Analysis
from gazeanalytics.study.result import Outcome, StudyResult
from gazeanalytics.study.study import Study

__all__ = ["label_traces"]


def label_traces(study: Study) -> pd.DataFrame:
    """Findings with their certainty: as the study brings them, or read out of the traces by the labeler.

    An AI model's output is parted into reasoning and answer first. The certainty of a finding is that of the reasoning;
    the answer adds what the reasoning doesn't mention.
    """
    if study.has("findings"):
        return study.table("findings")
    traces, readers, readings = study.table("traces"), study.table("readers"), study.table("readings")
    models = readers.loc[readers["kind"] == "model", "reader"]
    by_model = traces["reading"].isin(readings.loc[readings["reader"].isin(models), "reading"])
    parts = [reasoning.label_findings(traces[~by_model])]
    if by_model.any():
        parts.append(_label_outputs(traces[by_model]))
    return pd.concat(parts, ignore_index=True)


def _label_outputs(traces: pd.DataFrame) -> pd.DataFrame:
    parsed = reasoning.parse_outputs(traces["text"])
    # An output in which answer and reasoning can not be parted is read whole: nothing that a model says is dropped.
    said = parsed["reasoning"].where(parsed["kind"] != "unparsed", traces["text"])
    thought = reasoning.label_findings(traces.assign(text=said))
    answer = reasoning.label_findings(traces.assign(text=parsed["answer"].fillna("")))
    known = pd.MultiIndex.from_frame(thought[["reading", "finding"]])
    added = ~pd.MultiIndex.from_frame(answer[["reading", "finding"]]).isin(known)
    return pd.concat([thought, answer[added]], ignore_index=True).sort_values("reading", kind="stable")


def run(known: StudyResult, options: object) -> Outcome:
    """Label all traces."""
    findings = label_traces(known.study)
    return Outcome(tables={"findings": findings}, counts={"findings out": len(findings)})


ANALYSIS = Analysis(
    name="findings",
    question="What do the traces say is present or absent, and how surely?",
    run=run,
    needs=(("findings", "traces"),),
    makes=("findings",),
)
