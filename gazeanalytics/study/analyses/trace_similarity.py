"""Trace similarity: whether readers of one case say alike, whether words give the case away, and what they predict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from gazeanalytics import reasoning, report
from gazeanalytics.settings import Settings
from gazeanalytics.study.analysis import Analysis, Part, many
from gazeanalytics.study.result import NotPossibleError, Outcome, StudyResult


@dataclass(frozen=True, slots=True)
class TraceSimilarityOptions(Settings):
    """How traces are compared.

    Attributes
    ----------
    max_readings : int
        Readings compared at most; whole cases are drawn when there are more.
    n_permutations : int
        Permutations of cases within readers, for the p-value.
    n_components : int
        Principal components of the words that are written down for each reading.
    n_folds : int
        Folds of readers and of cases when an outcome is predicted.
    """

    max_readings: int = 5000
    n_permutations: int = 99
    n_components: int = 5
    n_folds: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceSimilarityOutcome(Outcome):
    """Similarity, retrieval, and why an outcome was not predicted."""

    similarity: reasoning.CaseSimilarity
    retrieval: reasoning.Retrieval | None
    estimates: pd.DataFrame
    refused: str


def run(known: StudyResult, options: TraceSimilarityOptions) -> TraceSimilarityOutcome:
    """Compare the words of people's readings; predict whether they are correct where that is known."""
    people, seed = known.people(), known.study.config.study.seed
    traces = known.study.table("traces")
    traces = traces[traces["reading"].isin(people["reading"])]
    readings = people[people["reading"].isin(traces["reading"])]
    if readings.empty:
        raise NotPossibleError("no person left a trace, and words are compared among people")
    try:
        words = reasoning.embed_traces(traces)
        similarity = reasoning.case_similarity(
            words, readings, n_permutations=options.n_permutations, max_readings=options.max_readings, rng=seed
        )
    except ValueError as error:
        raise NotPossibleError(f"traces can't be compared ({error})") from error
    retrieval, refused = None, ""
    parts = [similarity.estimates]
    try:
        retrieval = reasoning.retrieve_cases(words, readings, max_readings=options.max_readings, rng=seed)
        parts.append(retrieval.estimates)
    except ValueError as error:
        refused = str(error)
    tables = {"trace_similarity": similarity.readings}
    vectors: Any = words.vectors
    width = min(options.n_components, len(words.keys) - 1, vectors.shape[1] - 1)
    if width > 0:
        tables["trace_components"] = reasoning.embedding_components(words, n_components=width)
    if "correct" in readings and readings["correct"].notna().any():
        try:
            found = reasoning.predict_outcome(words, readings, "correct", n_folds=options.n_folds, rng=seed)
            tables["trace_predictions"] = found.table
            parts.append(found.estimates)
        except ValueError as error:
            refused = str(error)
    estimates = pd.concat(parts, ignore_index=True)
    return TraceSimilarityOutcome(
        similarity=similarity,
        retrieval=retrieval,
        estimates=estimates,
        refused=refused,
        tables=tables | {"trace_similarity_estimates": estimates},
        settings={"n_permutations": options.n_permutations, "max_readings": options.max_readings},
    )


def show(known: StudyResult, outcome: TraceSimilarityOutcome) -> Iterator[Part]:
    """Similarity within and between cases, recall of the own case, and the table of estimates."""
    estimates = outcome.estimates.set_index("term")["estimate"]
    text = (
        f"Words and word pairs of {many(len(outcome.similarity.readings), 'reading')} by people, weighted by TF-IDF "
        f"and compared by cosine, never within a reader: {estimates['same']:.2f} in the same case and "
        f"{estimates['different']:.2f} in different ones. "
    )
    predicted = outcome.estimates.loc[outcome.estimates["model"] == "predicted from embeddings", "estimate"]
    if len(predicted):
        text += "Whether a reading is correct was predicted from its words, for readers and cases held out, with an "
        text += f"AUROC of {predicted.iloc[0]:.2f} (.5 is chance). "
    if outcome.refused:
        text += f"One part is left out: {outcome.refused}."
    caption = "Similarity of each reading to other readers' readings of the same case and of different cases."
    drawn = report.case_similarity(outcome.similarity.readings, outcome.similarity.estimates)
    figures = {"trace_similarity": report.Picture(drawn, caption)}
    if outcome.retrieval is not None:
        caption = "How often the own case is among the k most similar, beside chance."
        figures["trace_retrieval"] = report.Picture(report.retrieval(outcome.retrieval.estimates), caption)
    columns = ["model", "term", "estimate", "conf_low", "conf_high", "p_value", "n"]
    table = report.format_frame(outcome.estimates[columns], caption="Similarity, retrieval and prediction from words")
    yield Part("Similarity of traces", text.strip(), figures, {"trace_similarity": table})


ANALYSIS = Analysis(
    name="trace_similarity",
    question="Do readers of the same case say alike, and do their words predict whether they are correct?",
    run=run,
    options=TraceSimilarityOptions,
    needs=("traces", "readings"),
    makes=("trace_similarity", "trace_components", "trace_predictions", "trace_similarity_estimates"),
    show=show,
    page=56,
)
