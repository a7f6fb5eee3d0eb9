"""Disagreement about each case: among people, between people and AI readers, and how surely it can be known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gazeanalytics import report, stats
from gazeanalytics.settings import Settings
from gazeanalytics.study.analyses.agreement import possible
from gazeanalytics.study.analyses.calls import first_reads
from gazeanalytics.study.analysis import Analysis, Part, many, words
from gazeanalytics.study.result import NotPossibleError, Outcome, StudyResult
from gazeanalytics.tables import InputError


@dataclass(frozen=True, slots=True)
class DisagreementOptions(Settings):
    """How surely disagreement is known.

    Attributes
    ----------
    n_splits : int
        Random halves of each case's readers, for the reliability.
    """

    n_splits: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class DisagreementOutcome(Outcome):
    """Disagreement by case and finding, and summed up by finding."""

    by_case: pd.DataFrame
    by_finding: pd.DataFrame


def run(known: StudyResult, options: DisagreementOptions) -> DisagreementOutcome:
    """Measure disagreement about every case and every finding that people called."""
    calls = first_reads(known.table("calls"))
    people, models = calls[calls["kind"] == "person"], calls[calls["kind"] == "model"]
    parts, rows = [], []
    for finding, votes in people.groupby("finding", sort=False, observed=True):
        if not votes["called"].any():
            continue
        by_case = stats.disagreement(votes, value="called")
        by_case = by_case.merge(_from_models(votes, models[models["finding"] == finding]), on="case", how="left")
        parts.append(by_case.assign(finding=finding))
        several = by_case[by_case["readers"] > 1]
        if len(several):
            rows.append(_summary(str(finding), several, _reliability(votes, options, known.study.config.study.seed)))
    if not rows:
        raise NotPossibleError("no finding was called by anyone in cases with two readers or more")
    by_case = pd.concat(parts, ignore_index=True)
    by_finding = pd.DataFrame(rows).sort_values("disagreement", ascending=False, ignore_index=True)
    return DisagreementOutcome(by_case=by_case, by_finding=by_finding, tables={"disagreement": by_case})


def _from_models(votes: pd.DataFrame, models: pd.DataFrame) -> pd.DataFrame:
    """How far people are from the mean call of the AI readers, case by case; NaN where none read the case."""
    ai = models.groupby("case", observed=True)["called"].mean()
    shared = votes[votes["case"].isin(ai.index)]
    if not len(shared):
        return pd.DataFrame({"case": votes["case"].unique(), "from_ai": np.nan})
    found = stats.ai_disagreement(shared, ai, value="called")
    return found[["case", "disagreement"]].rename(columns={"disagreement": "from_ai"})


def _reliability(votes: pd.DataFrame, options: DisagreementOptions, seed: int) -> float:
    """Correlation of the disagreement among two halves of the readers, stepped up to all; NaN with few readers."""
    try:
        found = stats.disagreement_reliability(
            votes, value="called", n_splits=options.n_splits, confidence=None, rng=seed
        )
    except InputError:
        return float("nan")
    return float(found.set_index("term")["estimate"].get("all", np.nan))


def _summary(finding: str, by_case: pd.DataFrame, reliability: float) -> dict[str, object]:
    return {
        "finding": words(finding),
        "cases": len(by_case),
        "readers a case, median": by_case["readers"].median(),
        "disagreement": by_case["disagreement"].mean(),
        "cases split (%)": 100 * by_case["split"].mean(),
        "from AI": by_case["from_ai"].mean(),
        "reliability": reliability,
    }


def show(known: StudyResult, outcome: DisagreementOutcome) -> Iterator[Part]:
    """The table by finding; the cases themselves stand in data/disagreement."""
    table = outcome.by_finding
    text = "Disagreement is the chance that two readers of a case call a finding differently; that from AI is the mean "
    text += "distance of people's calls from the AI readers' mean call. Reliability says how far it is a property of "
    text += f"the case (0: luck of who read it; 1: the case alone). {many(len(table), 'finding')} called by people."
    notes = ("Reliability is missing where no case has four readers or more, or where hardly a case is split.",)
    frame = report.format_frame(table, caption="Disagreement by finding", notes=notes)
    yield Part("Disagreement about cases", text, tables={"disagreement": frame})


ANALYSIS = Analysis(
    name="disagreement",
    question="About which cases and findings do readers disagree, with one another and with AI readers?",
    run=run,
    options=DisagreementOptions,
    needs=("calls",),
    makes=("disagreement",),
    possible=possible,
    show=show,
    page=64,
)
