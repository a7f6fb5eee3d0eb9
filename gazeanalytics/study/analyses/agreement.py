"""Agreement of readers on each finding: Krippendorff's alpha, Gwet's AC1, Fleiss' kappa, people and AI readers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from gazeanalytics import report, stats
from gazeanalytics.settings import Settings
from gazeanalytics.study.analyses.calls import first_reads
from gazeanalytics.study.analysis import Analysis, Part, many, words
from gazeanalytics.study.result import NotPossibleError, Outcome, StudyResult
from gazeanalytics.study.study import Study


@dataclass(frozen=True, slots=True)
class AgreementOptions(Settings):
    """Which coefficients of inter-rater agreement are computed.

    Attributes
    ----------
    coefficients : tuple of str
        Names that `stats.agreement` knows; the first is drawn. Krippendorff's alpha takes any number of ratings a
        case; AC1 holds where nearly all ratings are the same, where kappa falls without any disagreement.
    confidence : float
        Of the intervals.
    """

    coefficients: tuple[str, ...] = ("krippendorff", "gwet", "fleiss")
    confidence: float = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementOutcome(Outcome):
    """Agreement by finding and group of readers, and the findings that nobody called."""

    estimates: pd.DataFrame
    never_called: tuple[str, ...]


def run(known: StudyResult, options: AgreementOptions) -> AgreementOutcome:
    """Agreement of people, and of people and AI readers together, on every finding that anyone called."""
    calls = first_reads(known.table("calls"))
    groups = {"people": calls[calls["kind"] == "person"]}
    if (calls["kind"] == "model").any():
        groups["people and AI"] = calls
    parts = []
    for who, rows in groups.items():
        for finding, votes in rows.groupby("finding", sort=False, observed=True):
            ratings = votes.pivot(index="case", columns="reader", values="called")
            if not votes["called"].any() or ratings.notna().sum(axis=1).max() < 2:
                continue
            found = stats.agreement(ratings, coefficients=options.coefficients, confidence=options.confidence)
            parts.append(found.assign(model=finding, readers=who))
    if not parts:
        raise NotPossibleError("no finding was called by anyone in cases with two readers or more")
    estimates = pd.concat(parts, ignore_index=True)
    never = [name for name in calls["finding"].unique() if name not in set(estimates["model"])]
    return AgreementOutcome(estimates=estimates, never_called=tuple(never), tables={"agreement": estimates})


def show(known: StudyResult, outcome: AgreementOutcome) -> Iterator[Part]:
    """A forest of the first coefficient by finding, and the table of all."""
    table = outcome.estimates
    first = table["term"].iloc[0]
    people = table[(table["term"] == first) & (table["readers"] == "people")]
    text = f"Agreement on whether a finding is present, in {many(int(table['n'].max()), 'case')}; a finding that a "
    text += "reading doesn't mention counts as called absent, and a reader's first reading of a case counts."
    if outcome.never_called:
        text += f" Called by nobody: {', '.join(words(name) for name in outcome.never_called)}."
    figures = {}
    if len(people):
        rows = people.assign(model="agreement", term=[words(name) for name in people["model"]], contrast="")
        drawn = report.forest(rows, label=f"{first.capitalize()} (95% CI)")
        figures["agreement"] = report.Picture(drawn, f"Agreement of people beyond chance ({first}), by finding.")
    cells = ["model", "readers", "term", "estimate", "conf_low", "conf_high", "observed", "n", "note"]
    shown = table[cells].rename(columns={"model": "finding", "term": "coefficient"})
    frame = report.format_frame(shown.assign(finding=shown["finding"].map(words)), caption="Agreement by finding")
    yield Part("Agreement of readers", text, figures, {"agreement": frame})


def possible(study: Study) -> str:
    """Agreement takes cases that two people or more have read."""
    readers, readings = study.table("readers"), study.table("readings")
    people = readings[readings["reader"].isin(readers.loc[readers["kind"] == "person", "reader"])]
    if people.groupby("case", observed=True)["reader"].nunique().max() >= 2:
        return ""
    return "no case was read by two people; agreement takes cases that several people read"


ANALYSIS = Analysis(
    name="agreement",
    question="How far do readers agree on each finding, people and AI (kappa, alpha, AC1)?",
    run=run,
    options=AgreementOptions,
    needs=("calls",),
    makes=("agreement",),
    possible=possible,
    show=show,
    page=60,
)
