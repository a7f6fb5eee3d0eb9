"""Search errors: lesions missed by search, recognition or decision (Kundel, Nodine & Carmody 1978)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from gazeanalytics import gaze, report
from gazeanalytics.settings import Settings
from gazeanalytics.study.analysis import Analysis, Part, many
from gazeanalytics.study.result import NotPossibleError, Outcome, StudyResult
from gazeanalytics.study.study import Study

_MISSES = ("search", "recognition", "decision")


@dataclass(frozen=True, slots=True)
class SearchErrorOptions(Settings):
    """When a lesion counts as looked at.

    Attributes
    ----------
    radius_deg : float
        From the lesion's centre. 2.5 deg is half the useful visual field (Kundel, Nodine & Toto 1991).
    min_dwell_ms : float
        From this dwell time on, a miss is one of decision.
    """

    radius_deg: float = 2.5
    min_dwell_ms: float = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchErrorOutcome(Outcome):
    """Lesions with what became of them, and how that depends on radius and dwell threshold."""

    lesions: pd.DataFrame
    sensitivity: pd.DataFrame
    options: SearchErrorOptions


def run(known: StudyResult, options: SearchErrorOptions) -> SearchErrorOutcome:
    """Sort the lesions of all readings by people that left a trace."""
    study, calls = known.study, known.table("calls")
    regions = study.table("regions")
    named = regions[(regions["kind"] == "lesion") & regions["finding"].notna()]
    seen = set(known.fixations["reading"].unique())
    spoken = calls.loc[calls["kind"].eq("person") & calls["reading"].isin(seen)]
    reported = spoken[spoken["called"] == 1].merge(named[["case", "region", "finding"]], on=["case", "finding"])
    images = spoken[["reading", "case"]].drop_duplicates()
    lesions = gaze.lesions_to_find(named, images, reported[["reading", "region"]])
    if not len(lesions):
        raise NotPossibleError("no reading with gaze and a trace is of a case with a lesion whose finding is named")
    viewing = study.viewing(lesions["reading"])
    if viewing is None:
        raise NotPossibleError("the radius is in degrees, and neither [screen] nor px_per_deg is given")
    fixations = known.fixations[known.fixations["reading"].isin(images["reading"])]
    errors = gaze.search_errors(
        fixations, lesions, radius_deg=options.radius_deg, min_dwell_ms=options.min_dwell_ms, viewing=viewing
    )
    return SearchErrorOutcome(
        lesions=errors.lesions,
        sensitivity=errors.sensitivity,
        options=options,
        tables={"search_errors": errors.lesions},
        settings={"radius_deg": options.radius_deg, "min_dwell_ms": options.min_dwell_ms},
    )


def show(known: StudyResult, outcome: SearchErrorOutcome) -> Iterator[Part]:
    """How many lesions were missed and why, when they were first looked at, and the sensitivity table."""
    lesions = outcome.lesions.merge(known.readings[["reading", *_strategy(known)]], on="reading", how="left")
    missed = lesions["outcome"].isin(_MISSES)
    counts = lesions["outcome"].value_counts()
    reasons = ", ".join(f"{counts.get(name, 0)} by {name}" for name in _MISSES)
    text = (
        f"{many(len(lesions), 'lesion')} to find, over all readings by people; {missed.sum()} not reported: {reasons}. "
    )
    limits = outcome.options
    text += f"Looked at means a fixation within {limits.radius_deg:g} deg of the centre; a miss is one of decision "
    text += f"from a dwell time of {limits.min_dwell_ms:g} ms on. The classes depend on both, as the table shows."
    by = "strategy" if "strategy" in lesions and lesions["strategy"].notna().any() else None
    caption = "Time to first fixation on a lesion: share of the lesions looked at by each moment"
    figures = {
        "time_to_first_fixation": report.Picture(
            report.hit_curve(lesions, by=by),
            f"{caption}{', by strategy' if by else ''}.",
        )
    }
    if by and missed.any():
        figures["search_errors"] = report.Picture(
            report.miss_shares(lesions, by=by), "Why lesions were missed, by strategy."
        )
    table = report.format_frame(outcome.sensitivity, caption="Search errors by radius (deg) and dwell threshold (ms)")
    yield Part("Search errors", text, figures, {"search_errors": table})


def _strategy(known: StudyResult) -> list[str]:
    return ["strategy"] if "strategy" in known.readings else []


def possible(study: Study) -> str:
    """Search errors take lesions whose finding is named."""
    regions = study.table("regions")
    if "finding" in regions and (regions["kind"].eq("lesion") & regions["finding"].notna()).any():
        return ""
    return "no region is a lesion with its finding named (kind = lesion, column finding)"


ANALYSIS = Analysis(
    name="search_errors",
    question="Why were lesions missed: search, recognition or decision errors?",
    run=run,
    options=SearchErrorOptions,
    needs=("fixations", "regions", "calls"),
    uses=("readings",),
    makes=("search_errors",),
    possible=possible,
    show=show,
    page=45,
)
