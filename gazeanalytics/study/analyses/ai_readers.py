"""AI readers: the form and worth of their answers, whether these follow from the reasoning, and people beside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gazeanalytics import reasoning, report
from gazeanalytics.settings import Settings
from gazeanalytics.study.analysis import Analysis, Part, many, words
from gazeanalytics.study.result import NotPossibleError, Outcome, StudyResult
from gazeanalytics.study.study import Study

_NOTHING = "no_finding"


@dataclass(frozen=True, slots=True)
class AiReaderOptions(Settings):
    """How AI readers are examined.

    Attributes
    ----------
    max_outputs : int
        Outputs whose answer is compared with its reasoning, drawn by the study's seed.
    text_overlap : bool
        Compare an AI reader's words with a person's words about the same case; takes the extra `text`.
    """

    max_outputs: int = 60
    text_overlap: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AiReaderOutcome(Outcome):
    """Rewards of the outputs, errors of all readers, what claims are worth, and the comparison with people."""

    rewards: pd.DataFrame
    errors: pd.DataFrame
    claims: pd.DataFrame
    compared: pd.DataFrame
    consistency: pd.DataFrame
    overlap: pd.DataFrame
    refused: str


def run(known: StudyResult, options: AiReaderOptions) -> AiReaderOutcome:
    """Reward the outputs of models, audit what everyone claims, and compare models with people case by case."""
    calls = known.table("calls")
    calls = calls[calls["truth"].notna() & calls["finding"].ne(_NOTHING)].drop_duplicates(["reading", "finding"])
    by_model = calls[calls["kind"] == "model"]
    if by_model.empty:
        raise NotPossibleError("no AI reader left a trace of a case whose truth is known")
    outputs = _texts(known.study, by_model["reading"])
    true = calls[calls["truth"] == 1].groupby("reading", observed=True)["finding"].agg(list)
    solutions = pd.Series([true.get(reading, [_NOTHING]) for reading in outputs.index], index=outputs.index)
    rewarded = reasoning.reward_outputs(outputs, solutions)
    drawn = outputs.sample(min(options.max_outputs, len(outputs)), random_state=known.study.config.study.seed)
    consistency = reasoning.trace_consistency(drawn)
    errors = _errors(calls)
    per_case = errors.groupby(["case", "group"], observed=True)[["jaccard", "hallucinated", "omitted"]].mean()
    per_case = per_case.rename(columns={"hallucinated": "hallucination errors", "omitted": "omission errors"})
    overlap, refused = _overlap(known, outputs, options)
    compared = _compare(per_case.reset_index())
    claims = _claims(calls)
    tables = {"ai_rewards": rewarded.rename_axis("reading").reset_index(), "report_errors": errors}
    return AiReaderOutcome(
        rewards=rewarded,
        errors=errors,
        claims=claims,
        compared=compared,
        consistency=consistency,
        overlap=overlap,
        refused=refused,
        tables=tables | {"claims": claims, "ai_and_people": compared},
        counts={"outputs of AI readers": len(outputs)},
        settings={"max_outputs": options.max_outputs},
    )


def _texts(study: Study, readings: pd.Series) -> pd.Series:
    """All that each reading says, its steps joined."""
    traces = study.table("traces")
    own = traces[traces["reading"].isin(readings)].sort_values(["reading", "step"], kind="stable")
    return own["text"].fillna("").astype(str).groupby(own["reading"], observed=True).agg("\n".join)


def _wide(calls: pd.DataFrame, value: str) -> pd.DataFrame:
    return calls.pivot(index="reading", columns="finding", values=value)


def _labels(calls: pd.DataFrame) -> pd.DataFrame:
    """What each reading says of each finding: 1, 0, -1 (uncertain) or NaN (not mentioned)."""
    certainty = _wide(calls, "certainty")
    said = np.where(certainty >= reasoning.PRESENT_FROM, 1.0, np.where(certainty <= reasoning.ABSENT_TO, 0.0, -1.0))
    return pd.DataFrame(said, certainty.index, certainty.columns).where(certainty.notna())


def _errors(calls: pd.DataFrame) -> pd.DataFrame:
    """Errors of every reading with the group that it belongs to: people, or one AI reader."""
    labels, truth = _labels(calls), _wide(calls, "truth")
    found = reasoning.report_errors(labels, truth).join(reasoning.audit_errors(_wide(calls, "called"), truth))
    who = calls[["reading", "reader", "case", "kind"]].drop_duplicates("reading").set_index("reading")
    table = who.join(found)
    group = table["reader"].astype(str).where(table["kind"] == "model", "people")
    return table.assign(group=group).reset_index()


def _compare(per_case: pd.DataFrame) -> pd.DataFrame:
    """Compare each AI reader with people on the cases that both read; means alone where nobody else read."""
    metrics = ["jaccard", "hallucination errors", "omission errors"]
    against = "people" if per_case["group"].eq("people").any() else None
    return reasoning.compare_scores(per_case, metrics, by="group", against=against)


def _claims(calls: pd.DataFrame) -> pd.DataFrame:
    """What statements of people and of AI readers are worth, beside the disagreement of people on the same finding."""
    people = calls[calls["kind"] == "person"].drop_duplicates(["reader", "case", "finding"])
    parts = []
    for kind, own in calls.groupby("kind", observed=True):
        truth = _wide(own, "truth")
        case = own.drop_duplicates("reading").set_index("reading")["case"].loc[truth.index]
        votes = [
            one.pivot(index="case", columns="finding", values="called").reindex(index=case, columns=truth.columns)
            for _, one in people.groupby("reader", observed=True)
        ]
        cells = np.stack([vote.to_numpy(float) for vote in votes]) if votes else np.full((1, *truth.shape), np.nan)
        parts.append(reasoning.claims_against_truth(_labels(own), truth, cells).assign(kind=kind))
    return pd.concat(parts, ignore_index=True)


def _overlap(known: StudyResult, outputs: pd.Series, options: AiReaderOptions) -> tuple[pd.DataFrame, str]:
    """Overlap with the words of one person who read the same case, drawn by the study's seed."""
    if not options.text_overlap:
        return pd.DataFrame(), ""
    people = known.people().sample(frac=1, random_state=known.study.config.study.seed).drop_duplicates("case")
    said = _texts(known.study, people["reading"])
    of_case = people[people["reading"].isin(said.index)].set_index("case")["reading"]
    case = known.study.table("readings").set_index("reading")["case"].loc[outputs.index]
    other = case.map(of_case).dropna()
    if other.empty:
        return pd.DataFrame(), "no person spoke about a case that an AI reader read"
    references = pd.Series(said.loc[other].to_numpy(), other.index)
    texts = reasoning.parse_outputs(outputs.loc[other.index])["reasoning"]
    try:
        return reasoning.text_overlap(texts, references), ""
    except ModuleNotFoundError:
        return pd.DataFrame(), "it takes the extra gazeanalytics[text], which is not installed"


def show(known: StudyResult, outcome: AiReaderOutcome) -> Iterator[Part]:
    """Form and rewards of the answers, models beside people, and what claims are worth."""
    rewarded, consistency = outcome.rewards, outcome.consistency
    kinds = ", ".join(f"{n} {words(str(kind))}" for kind, n in rewarded["kind"].value_counts().items())
    text = (
        f"{many(len(rewarded), 'output')} of AI readers; the answer was found as: {kinds}. "
        f"{100 * rewarded['format'].mean():.0f} % are one thought and one answer in their tags. The findings of the "
        f"answer share {100 * rewarded['set'].mean():.0f} % with the true ones (mean Jaccard index; an answer without "
        f"findings to a case without any counts as 1). "
    )
    if consistency["consistency"].notna().any():
        text += (
            f"Between reasoning and answer the index is {100 * consistency['consistency'].mean():.0f} % (of "
            f"{many(len(consistency), 'output')} drawn); the rules label both sides, so their slips count as well. "
        )
    if len(outcome.overlap):
        text += (
            f"With one person's words on the same case an output shares ROUGE-L {outcome.overlap['rougeL'].mean():.2f} "
            f"and BLEU-4 {outcome.overlap['bleu'].mean():.2f} (means); overlap of words is not correctness."
        )
    elif outcome.refused:
        text += f"Overlap of words is left out: {outcome.refused}."
    figures = {}
    for kind, own in outcome.claims.groupby("kind", observed=True):
        who = "people" if kind == "person" else "AI readers"
        caption = f"How often statements of {who} are true, and how far people disagree on the finding."
        figures[f"claims_{kind}"] = report.Picture(report.claims(own.dropna(subset=["p_true"])), caption)
    columns = ["stated", "true", "hallucinated", "omitted", "jaccard", "found", "missed", "introduced"]
    means = outcome.errors.groupby("group", observed=True)[columns].mean().reset_index()
    tables = {
        "report_errors": report.format_frame(means, caption="Findings a reading: stated, true, made up, left out"),
        "ai_and_people": report.format_frame(
            outcome.compared[["model", "term", "contrast", "estimate", "conf_low", "conf_high", "p_value", "n"]],
            caption="AI readers beside people, case by case",
        ),
    }
    yield Part("AI readers", text.strip(), figures, tables)


def possible(study: Study) -> str:
    """There must be an AI reader."""
    return "" if study.table("readers")["kind"].eq("model").any() else "no reader is an AI model (kind = model)"


ANALYSIS = Analysis(
    name="ai_readers",
    question="How right and how consistent are AI readers, in what form do they answer, and how do people compare?",
    run=run,
    options=AiReaderOptions,
    needs=("traces", "readers", "calls", "readings"),
    makes=("ai_rewards", "report_errors", "claims", "ai_and_people"),
    possible=possible,
    show=show,
    page=57,
)
