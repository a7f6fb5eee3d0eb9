"""MRMC analysis: AUC, sensitivity and specificity of people, and each AI reader against them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from gazeanalytics import report, stats
from gazeanalytics.settings import Settings
from gazeanalytics.study.analyses.calls import first_reads
from gazeanalytics.study.analysis import Analysis, Part, many, words
from gazeanalytics.study.result import NotPossibleError, Outcome, StudyResult
from gazeanalytics.tables import InputError

# Fewer readers than this can't stand for others.
_MIN_READERS = 3
Measure = stats.Auc | stats.Sensitivity | stats.Specificity
# The measures, and which column of the calls they are read off.
_MEASURES: tuple[tuple[str, Measure], ...] = (
    ("rating", stats.Auc()),
    ("called", stats.Sensitivity()),
    ("called", stats.Specificity()),
)


@dataclass(frozen=True, slots=True)
class MrmcOptions(Settings):
    """Which finding is rated, and how.

    Attributes
    ----------
    finding : str
        A finding; empty: the finding that each case was shown for (its column `target`).
    unmentioned : float
        Certainty of a finding that a reading doesn't mention; below what readers state of findings that they deny, it
        ranks a finding not spoken of as the least likely.
    n_resamples : int
        Bootstrap draws of readers and cases, for the bands of the curves.
    confidence : float
        Of the intervals and bands.
    """

    finding: str = ""
    unmentioned: float = 0.05
    n_resamples: int = 200
    confidence: float = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class MrmcOutcome(Outcome):
    """Figures of merit, curves and operating points, with what was rated."""

    estimates: pd.DataFrame
    curves: pd.DataFrame
    points: pd.DataFrame
    rated: str
    unmentioned: float
    filled: float
    design: str


def run(known: StudyResult, options: MrmcOptions) -> MrmcOutcome:
    """Estimate each measure of people with random readers and cases, and of each AI reader against them."""
    rows, rated = _rows(known, options)
    people = rows[rows["kind"] == "person"]
    if people["reader"].nunique() < _MIN_READERS or people["truth"].nunique() < 2:
        raise NotPossibleError(f"ROC analysis takes {_MIN_READERS} people and cases with and without {rated}")
    parts = []
    for column, merit in _MEASURES:
        parts.append(_of_people(people, column, merit, options.confidence))
        for name, own in rows[rows["kind"] == "model"].groupby("reader", observed=True):
            both = stats.RocData.from_frame(pd.concat([people, own]), rating=column)
            if both.design == "factorial":
                found = stats.against_model(both, name, figure_of_merit=merit, confidence=options.confidence)
                parts.append(found[~found["term"].eq("mean")].assign(readers=str(name), measure=merit.name))
    estimates = pd.concat(parts, ignore_index=True)
    named = rows.assign(curve=rows["kind"].map({"person": "people", "model": "AI readers"}))
    curves = stats.roc_curves(
        stats.RocData.from_frame(named, rating="rating", test="curve"),
        confidence=options.confidence,
        n_resamples=options.n_resamples,
        rng=known.study.config.study.seed,
    )
    return MrmcOutcome(
        estimates=estimates,
        curves=curves,
        points=stats.operating_points(named, call="called", test="curve"),
        rated=rated,
        unmentioned=options.unmentioned,
        filled=float(rows["certainty"].isna().mean()),
        design=stats.RocData.from_frame(people, rating="rating").design,
        tables={"mrmc": estimates, "roc_curves": curves},
        settings={"unmentioned": options.unmentioned},
    )


def _rows(known: StudyResult, options: MrmcOptions) -> tuple[pd.DataFrame, str]:
    """First readings of cases with truth, one row a reading, and the name of what is rated."""
    calls, cases = first_reads(known.table("calls")), known.study.table("cases")
    if options.finding:
        rows, rated = calls[calls["finding"] == options.finding], words(options.finding)
    elif "target" in cases:
        rows = calls.merge(cases[["case", "target"]], on="case")
        rows, rated = rows[rows["finding"] == rows["target"]], "the finding that a case was shown for"
    else:
        raise NotPossibleError("cases have no column target, and analyses.mrmc.finding names no finding")
    rows = rows.dropna(subset=["truth"])
    if not len(rows):
        raise NotPossibleError(f"there is no truth of {rated}")
    return rows.assign(rating=rows["certainty"].fillna(options.unmentioned)), rated


def _of_people(people: pd.DataFrame, column: str, merit: Measure, confidence: float) -> pd.DataFrame:
    """Mean of people: Obuchowski and Rockette's where the design is complete, else one-shot."""
    data = stats.RocData.from_frame(people.assign(test="people"), rating=column, test="test")
    try:
        found = stats.mrmc(data, figure_of_merit=merit, confidence=confidence).estimates()
    except InputError:
        try:
            found = stats.one_shot(data, figure_of_merit=merit, confidence=confidence)
        except InputError as few:
            raise NotPossibleError(str(few)) from few
    return found[found["term"] == "mean"].assign(readers="people", measure=merit.name)


def show(known: StudyResult, outcome: MrmcOutcome) -> Iterator[Part]:
    """ROC curves with the readers' operating points, and the table of measures."""
    text = f"How well readings separate cases with and without {outcome.rated}; {many(len(outcome.points), 'reader')}. "
    text += f"The rating is the stated certainty. {100 * outcome.filled:.0f} % of readings don't mention the finding; "
    text += f"they count as called absent with a certainty of {outcome.unmentioned:g}, which is an assumption. "
    text += "Readers and cases are random: intervals hold for other readers and cases like these. An AI reader is held "
    text += f"fixed. Design: {outcome.design}."
    table = outcome.estimates
    areas = table[(table["readers"] == "people") & (table["measure"] == stats.Auc().name)]
    drawn = report.roc(outcome.curves, points=outcome.points, areas=areas)
    caption = "Mean ROC curves with 95% bands over readers and cases, and each reader's operating point."
    cells = ["measure", "readers", "term", "contrast", "estimate", "conf_low", "conf_high", "p_value", "note"]
    frame = report.format_frame(table[cells], caption="Figures of merit of readers, and AI readers against people")
    yield Part("ROC analysis of readers", text, {"roc": report.Picture(drawn, caption)}, {"mrmc": frame})


ANALYSIS = Analysis(
    name="mrmc",
    question="How well do readers separate cases with and without a finding, people and AI (MRMC: AUC)?",
    run=run,
    options=MrmcOptions,
    needs=("calls",),
    makes=("mrmc", "roc_curves"),
    show=show,
    page=63,
)
