"""Use of the clinical context: do traces speak of the indication, history or prior that was given, and follow it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gazeanalytics import reasoning, report
from gazeanalytics.settings import Settings
from gazeanalytics.study.analysis import READING_COLUMNS, Analysis, Part, many
from gazeanalytics.study.result import NotPossibleError, Outcome, StudyResult

_NAMES = {"person": "people", "model": "AI readers"}
_MEASURES = {
    "mentions_indication": "speaks of the indication",
    "mentions_history": "speaks of the history",
    "mentions_prior": "speaks of a prior",
    "context_words": "share of the context's words repeated",
    "context_answered": "share of findings asked about that are spoken of",
    "context_followed": "share of findings asked about that are called present",
}


@dataclass(frozen=True, slots=True)
class ContextOptions(Settings):
    """Where the words of the context stand.

    Attributes
    ----------
    columns : tuple of str
        Columns of readings or cases that hold words of the context; those that are there are joined.
    """

    columns: tuple[str, ...] = ("indication", "history", "clinical_history", "reason_for_exam", "prior_report")


def run(known: StudyResult, options: ContextOptions) -> Outcome:
    """Hold each trace against the context of its reading."""
    readings, cases = known.study.table("readings"), known.study.table("cases")
    own = [name for name in options.columns if name in readings]
    of_case = [name for name in options.columns if name in cases and name not in own]
    if not own and not of_case:
        raise NotPossibleError(
            "neither readings nor cases have a column with the words of an indication, history or prior (looked for: "
            f"{', '.join(options.columns)}; name others as columns in [analyses.context_use])"
        )
    joined = readings.merge(cases[["case", *of_case]], on="case", how="left")
    words = joined[[*own, *of_case]].astype(object)
    contexts = joined[["reading"]].assign(context=words.where(words.notna(), "").astype(str).agg(". ".join, axis=1))
    contexts["context"] = contexts["context"].where(contexts["context"].str.contains(r"\w"), "")
    used = reasoning.context_use(
        known.study.table("traces"),
        contexts,
        findings=known.findings,
        lexicon=known.study.config.reasoning.settings().lexicon(),
        call_at=known.study.config.outcomes.call_at,
    )
    counts = {"readings with a context": int(used["context_given"].sum())}
    return Outcome(tables={"context_use": used}, by_reading=used, counts=counts)


def show(known: StudyResult, outcome: Outcome) -> Iterator[Part]:
    """A table of means, with a context and without."""
    used = outcome.tables["context_use"].merge(
        known.study.table("readings")[["reading", "reader"]], on="reading", how="left"
    )
    used = used.merge(known.study.table("readers")[["reader", "kind"]], on="reader", how="left")
    used["who"] = used["kind"].astype(str).map(_NAMES).fillna("readers")
    used["context"] = used["context_given"].map({True: "given", False: "none"})
    means = used.astype(dict.fromkeys(_MEASURES, float)).groupby(["who", "context"])
    table = means[list(_MEASURES)].mean().rename(columns=_MEASURES)
    table.insert(0, "readings", means.size())
    text = (
        f"{many(int(used['context_given'].sum()), 'reading')} of {len(used)} had a clinical context in words. What a "
        "trace says of it is read from its words; it follows the context where it calls the findings that this names "
        "present, which is no merit by itself."
    )
    frame = report.format_frame(table.reset_index(), caption="Use of the clinical context")
    yield Part("Use of the clinical context", text, {}, {"context_use": frame})


ANALYSIS = Analysis(
    name="context_use",
    question="Do readers speak of the clinical context that they were given, and do their calls follow it?",
    run=run,
    options=ContextOptions,
    needs=("traces", "findings"),
    makes=("context_use", READING_COLUMNS),
    show=show,
    page=37,
)
