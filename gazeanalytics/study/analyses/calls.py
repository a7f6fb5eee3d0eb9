"""The reading x finding table: what each reading calls, how surely, and what was true; agreement is read off it."""

from __future__ import annotations

import pandas as pd

from gazeanalytics import reasoning
from gazeanalytics.readings import TRUTH
from gazeanalytics.study.analysis import Analysis
from gazeanalytics.study.result import NotPossibleError, Outcome, StudyResult

__all__ = ["calls_of", "first_reads"]


def calls_of(
    findings: pd.DataFrame,
    readings: pd.DataFrame,
    readers: pd.DataFrame,
    cases: pd.DataFrame,
    *,
    call_at: float = 0.5,
    settings: reasoning.ReasoningSettings | None = None,
) -> pd.DataFrame:
    """Write what each reading calls of each finding, beside the truth of its case.

    Parameters
    ----------
    findings : pandas.DataFrame
        Table `findings`.
    readings, readers, cases : pandas.DataFrame
        The tables of those names; truth stands in columns `truth_<finding>` of cases.
    call_at : float
        A finding is called present from this certainty on; one that isn't mentioned is called absent.
    settings : reasoning.ReasoningSettings, optional
        How statements become conclusions; `[reasoning]` of study.toml.

    Returns
    -------
    pandas.DataFrame
        One row a reading with a trace and a finding that has a truth or is called by anyone: reading, reader, kind,
        case, finding, certainty (NaN where not mentioned), called (0 or 1) and truth (0, 1 or NaN).

    Examples
    --------
    >>> from gazeanalytics.study.analyses.findings import label_traces
    >>> from gazeanalytics.study.examples import example_study
    >>> study = example_study()
    >>> tables = (study.table(name) for name in ("readings", "readers", "cases"))
    >>> calls = calls_of(label_traces(study), *tables)
    >>> calls.loc[calls["finding"] == "pneumothorax", ["reader", "called", "truth"]].head(2).values.tolist()
    [['ann', 1, 1.0], ['ann', 0, 0.0]]
    """
    concluded = reasoning.conclude_readings(findings, settings)[["reading", "finding", "certainty"]]
    truths = [name for name in cases if str(name).startswith(TRUTH)]
    names = [str(name).removeprefix(TRUTH) for name in truths]
    names += sorted(set(concluded.loc[concluded["certainty"] >= call_at, "finding"]) - set(names))
    spoken = readings.loc[readings["reading"].isin(findings["reading"]), ["reading", "reader", "case"]]
    who = spoken.merge(readers[["reader", "kind"]], on="reader", how="left")
    calls = who.merge(pd.DataFrame({"finding": names}), how="cross")
    calls = calls.merge(concluded.astype({"finding": str}), on=["reading", "finding"], how="left")
    calls["called"] = (calls["certainty"] >= call_at).astype(int)
    known = cases[["case", *truths]].rename(columns=dict(zip(truths, names, strict=False)))
    truth = known.melt("case", var_name="finding", value_name="truth")
    truth["truth"] = pd.to_numeric(truth["truth"], errors="coerce").astype(float)
    return calls.merge(truth, on=["case", "finding"], how="left")


def first_reads(calls: pd.DataFrame) -> pd.DataFrame:
    """Keep each reader's first reading of a case, as comparisons between readers ask for.

    Examples
    --------
    >>> calls = pd.DataFrame({"reader": "ann", "case": "one", "finding": "edema", "called": [1, 0]})
    >>> first_reads(calls)["called"].tolist()
    [1]
    """
    return calls.drop_duplicates(["reader", "case", "finding"])


def run(known: StudyResult, options: object) -> Outcome:
    """Write the table; traces that mention no finding at all leave nothing to compare."""
    study = known.study
    if not len(known.findings):
        raise NotPossibleError("no finding is mentioned in any trace")
    calls = calls_of(
        known.findings,
        study.table("readings"),
        study.table("readers"),
        study.table("cases"),
        call_at=study.config.outcomes.call_at,
        settings=study.config.reasoning.settings(),
    )
    return Outcome(tables={"calls": calls})


ANALYSIS = Analysis(
    name="calls",
    question="What does each reading call of each finding, and was it there?",
    run=run,
    needs=("findings", "cases"),
    makes=("calls",),
)
