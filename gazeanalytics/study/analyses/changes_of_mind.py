"""Changes of mind while thinking aloud: how often a call turned, whether for the better, and what hangs on the rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gazeanalytics import reasoning, report, stats
from gazeanalytics.settings import Settings
from gazeanalytics.study.analysis import Analysis, Part, many
from gazeanalytics.study.result import NotPossibleError, Outcome, StudyResult

_NAMES = {"person": "people", "model": "AI readers"}
# The labeler's other findings have no truth to be held against, and devices are no diagnosis.
_LEFT_OUT = ("no_finding", "other_finding", "support_devices")


@dataclass(frozen=True, slots=True)
class ChangeOptions(Settings):
    """How changes of mind are summed up.

    Attributes
    ----------
    n_resamples : int
        Bootstrap draws of whole readers and cases, for the intervals.
    """

    n_resamples: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesOutcome(Outcome):
    """Changes of mind summed up by kind of reader, and what the rule for conclusions changes."""

    summary: pd.DataFrame
    sensitivity: pd.DataFrame


def run(known: StudyResult, options: ChangeOptions) -> ChangesOutcome:
    """Follow each reading's call of each finding, and hold its first and its last against the truth."""
    findings = known.findings
    if not len(findings) or "act" not in findings:
        raise NotPossibleError("no statements of traces: a table of findings alone has no way from one to the next")
    call_at = known.study.config.outcomes.call_at
    changes = reasoning.changes_of_mind(findings, call_at=call_at)
    calls = known.table("calls")[["reading", "reader", "kind", "case", "finding", "truth"]]
    changes = changes[~changes["finding"].isin(_LEFT_OUT)].merge(
        calls.astype({"finding": str}), on=["reading", "finding"], how="inner"
    )
    if not len(changes):
        raise NotPossibleError("no statement is of a finding whose truth is known or that anyone calls")
    for when in ("first", "last"):
        right = changes[f"{when}_call"].eq(changes["truth"]).astype(float)
        changes[f"{when}_correct"] = right.where(changes["truth"].notna())
    parts = [_summed_up(rows, options, known.study.config.study.seed) for _, rows in changes.groupby("kind")]
    summary = pd.concat(parts, ignore_index=True)
    sensitivity = _by_rule(findings, known.table("calls"), call_at)
    tables = {"changes_of_mind": changes, "changes_of_mind_summary": summary, "rule_sensitivity": sensitivity}
    return ChangesOutcome(summary=summary, sensitivity=sensitivity, tables=tables)


def _summed_up(rows: pd.DataFrame, options: ChangeOptions, seed: int) -> pd.DataFrame:
    """Shares with intervals that hold for other readers and cases."""
    who = _NAMES[str(rows["kind"].iloc[0])]
    known = rows.dropna(subset=["truth"])
    gain = known.assign(gain=known["last_correct"] - known["first_correct"])
    wanted = [
        ("share of calls that turned", rows.assign(value=rows["reversals"].gt(0).astype(float)), "value"),
        ("share that ends otherwise than it began", rows.assign(value=rows["changed"].astype(float)), "value"),
        ("accuracy of the first call", known, "first_correct"),
        ("accuracy of the last call", known, "last_correct"),
        ("last less first", gain, "gain"),
    ]
    found = [
        _mean(table, column, options, seed).assign(term=name, model=who) for name, table, column in wanted if len(table)
    ]
    return pd.concat(found, ignore_index=True)[["model", "term", "estimate", "conf_low", "conf_high", "n", "note"]]


def _mean(table: pd.DataFrame, column: str, options: ChangeOptions, seed: int) -> pd.DataFrame:
    """A mean with its interval; without one where there are too few readers to draw from."""
    by = [name for name in ("reader", "case") if len(table[name].unique()) > 1]
    if not by:
        lone = {"estimate": table[column].mean(), "conf_low": np.nan, "conf_high": np.nan, "n": len(table)}
        return pd.DataFrame([lone | {"note": "one reader and one case: no interval"}])
    return stats.cluster_bootstrap(table, stats.MeanStatistic(column), by=by, n_resamples=options.n_resamples, rng=seed)


def _by_rule(findings: pd.DataFrame, calls: pd.DataFrame, call_at: float) -> pd.DataFrame:
    """What accuracy would be under each rule, of people and of AI readers."""
    parts = []
    for kind, rows in calls[calls["truth"].notna() & ~calls["finding"].isin(_LEFT_OUT)].groupby("kind"):
        truth = rows.set_index(["reading", "finding"])["truth"]
        own = findings[findings["reading"].isin(rows["reading"])]
        if kind == "model" and "part" in own:  # the reasoning counts here too, before the answer
            own = own.sort_values("part", key=lambda part: part.eq("answer"), kind="stable")
            own = own.assign(start=np.arange(len(own))).drop(columns="part")
        parts.append(reasoning.rule_sensitivity(own, truth, call_at=call_at).assign(who=_NAMES[str(kind)]))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def show(known: StudyResult, outcome: ChangesOutcome) -> Iterator[Part]:
    """Two tables: changes of mind, and accuracy under each rule."""
    counts = outcome.tables["changes_of_mind"]
    turned = counts[counts["reversals"] > 0]
    text = (
        f"{many(int(turned['reading'].nunique()), 'reading')} of {counts['reading'].nunique()} took a call back or "
        "made one that they had denied. A call is present from "
        f"{known.study.config.outcomes.call_at:g} on; only findings that a trace names itself count."
    )
    shown = outcome.summary.rename(columns={"model": "who", "term": "measure"})
    tables = {"changes_of_mind": report.format_frame(shown, caption="Changes of mind")}
    if len(outcome.sensitivity):
        rules = outcome.sensitivity[["who", "rule", "n", "accuracy", "sensitivity", "specificity", "certainty"]]
        chosen = known.study.config.reasoning
        caption = (
            f"Accuracy under each rule that makes a conclusion of statements (in use: {chosen.rule} for people, "
            f"{chosen.model_rule} for AI readers)"
        )
        tables["rule_sensitivity"] = report.format_frame(rules, caption=caption)
    yield Part("Changes of mind", text, {}, tables)


ANALYSIS = Analysis(
    name="changes_of_mind",
    question="How often do readers take a call back, and are they right more often for it?",
    run=run,
    options=ChangeOptions,
    needs=("calls", "traces"),
    makes=("changes_of_mind", "changes_of_mind_summary", "rule_sensitivity"),
    show=show,
    page=36,
)
