"""Strategies as sequences: Markov chains over areas of interest, and hidden Markov models of readers (EMHMM)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gazeanalytics import report, strategies
from gazeanalytics.settings import Settings
from gazeanalytics.study.analysis import Analysis, Part, file_name, many
from gazeanalytics.study.result import NotPossibleError, Outcome, StudyResult
from gazeanalytics.study.study import Study

# Fewer readings or readers than this hold no groups.
_MIN_READINGS, _MIN_READERS = 20, 4


@dataclass(frozen=True, slots=True)
class MarkovStrategyOptions(Settings):
    """How many chains and groups are tried, on how much of the study.

    Attributes
    ----------
    n_chains : tuple of int
        Numbers of Markov chains; the BIC chooses.
    n_groups : int
        Groups of readers by their hidden Markov models.
    n_states : tuple of int
        Numbers of hidden states of a reader; the evidence chooses.
    n_starts : int
        Random starts of every fit.
    max_readings, max_readers, max_cases : int
        At most so many readings for the chains, and readers and cases for the hidden Markov models, drawn by the
        study's seed.
    """

    n_chains: tuple[int, ...] = (1, 2, 3)
    n_groups: int = 2
    n_states: tuple[int, ...] = (2, 3)
    n_starts: int = 5
    max_readings: int = 300
    max_readers: int = 12
    max_cases: int = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkovStrategyOutcome(Outcome):
    """The chains, and the groups of readers with what they were learned from."""

    chains: strategies.MarkovMixture | None
    groups: strategies.HMMClustering | None


def run(known: StudyResult, options: MarkovStrategyOptions) -> MarkovStrategyOutcome:
    """Fit chains to the visits and hidden Markov models to the fixations of people."""
    rng = np.random.default_rng(known.study.config.study.seed)
    readers = known.study.table("readers")
    people = readers.loc[readers["kind"] == "person", "reader"]
    readings = known.study.table("readings")
    readings = readings[readings["reader"].isin(people)]
    chains = _chains(known, readings, options, rng) if known.has("visits") else None
    hidden = _hidden(known, readings, options, rng)
    tables: dict[str, pd.DataFrame] = {}
    if chains is not None:
        tables = {"markov_moves": chains.table(), "markov_choices": chains.choices}
    if hidden is not None:
        models, groups = hidden
        tables |= {"hmm_readers": models.table(), "hmm_groups": groups.table(), "hmm_members": groups.members}
    if not tables:
        raise NotPossibleError(f"sequences take {_MIN_READINGS} readings with visits or {_MIN_READERS} people's gaze")
    return MarkovStrategyOutcome(chains=chains, groups=None if hidden is None else hidden[1], tables=tables)


def _drawn(values: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    return values if len(values) <= most else rng.choice(values, most, replace=False)


def _chains(
    known: StudyResult, readings: pd.DataFrame, options: MarkovStrategyOptions, rng: np.random.Generator
) -> strategies.MarkovMixture | None:
    visits = known.table("visits")
    seen = np.sort(visits.loc[visits["reading"].isin(readings["reading"]), "reading"].unique())
    if len(seen) < max(_MIN_READINGS, *options.n_chains):
        return None
    chosen = visits[visits["reading"].isin(_drawn(seen, options.max_readings, rng))]
    settings = strategies.MarkovMixtureSettings(n_groups=options.n_chains, n_starts=options.n_starts)
    return strategies.MarkovMixture.fit(chosen, settings=settings, rng=rng)


def _hidden(
    known: StudyResult, readings: pd.DataFrame, options: MarkovStrategyOptions, rng: np.random.Generator
) -> tuple[strategies.ReaderHMMs, strategies.HMMClustering] | None:
    """Hidden Markov models in fractions of the image, so that images of all sizes share a frame."""
    cases = known.study.table("cases")
    if not {"width", "height"} <= set(cases):
        return None
    for column, most in (("reader", options.max_readers), ("case", options.max_cases)):
        kept = _drawn(np.array(sorted(readings[column].unique()), dtype=object), most, rng)
        readings = readings[readings[column].isin(kept)]
    sizes = readings[["reading", "case"]].merge(cases[["case", "width", "height"]], on="case")
    fixations = known.fixations.merge(sizes[["reading", "width", "height"]], on="reading")
    fixations = fixations.assign(x=fixations["x"] / fixations["width"], y=fixations["y"] / fixations["height"])
    readings = readings[readings["reading"].isin(fixations["reading"])]
    if readings["reader"].nunique() < max(_MIN_READERS, options.n_groups):
        return None
    settings = strategies.HMMSettings(n_states=options.n_states, n_starts=options.n_starts)
    models = strategies.ReaderHMMs.fit(
        fixations.drop(columns=["width", "height"]), readings, settings=settings, rng=rng
    )
    grouping = strategies.HMMClusteringSettings(n_groups=options.n_groups, n_starts=options.n_starts, floor=1e-5)
    return models, strategies.HMMClustering.fit(models, settings=grouping, rng=rng)


def show(known: StudyResult, outcome: MarkovStrategyOutcome) -> Iterator[Part]:
    """Tables of the chains and the groups, and the states of each group."""
    text, figures, tables = "", {}, {}
    if outcome.chains is not None:
        found = outcome.chains
        text += (
            f"Markov chains over areas of interest, learned from {many(found.readings, 'reading')}: the BIC chooses "
        )
        text += f"{many(len(found.names), 'chain')}. It takes as many as describe the readings well, whether "
        text += "they are types "
        text += "or pieces of a continuum. "
        tables["markov_choices"] = report.format_frame(found.choices, caption="Numbers of chains tried")
        likely = found.table().nlargest(20, "probability").rename(columns={"strategy": "chain"})
        tables["markov_moves"] = report.format_frame(likely, caption="The likeliest moves of the chains")
    if outcome.groups is not None:
        groups = outcome.groups
        text += (
            f"Hidden Markov models of {many(len(groups.members), 'reader')} (EMHMM), places as fractions of the image, "
        )
        text += (
            f"in {many(len(groups.names), 'group')}: as many as were asked for, also where readers are a continuum. A "
        )
        text += "US patent, 12,419,514 B2, speaks of EMHMM with co-clustering, which is not used here (one model a "
        text += "reader); whether it matters for you is yours to check and weigh."
        table = groups.table()
        for name, rows in table.groupby("group", sort=False):
            drawn = report.hmm_states(rows, stimulus=report.Stimulus(size=(1, 1)), title=f"Group {name}")
            figures[f"hmm_{file_name(name)}"] = report.Picture(drawn, f"Hidden states of group {name}, on the image.")
        tables["hmm_groups"] = report.format_frame(table, caption="States of the groups")
    yield Part("Strategies as sequences", text.strip(), figures, tables)


def possible(study: Study) -> str:
    """Groups of readers take several people."""
    readers = study.table("readers")
    few = (readers["kind"] == "person").sum() < _MIN_READERS
    return f"groups of readers take {_MIN_READERS} people or more" if few else ""


ANALYSIS = Analysis(
    name="markov_strategies",
    question="Which sequences do readers follow (Markov chains over AOIs, hidden Markov models: EMHMM)?",
    run=run,
    options=MarkovStrategyOptions,
    needs=("fixations",),
    uses=("visits",),
    makes=("markov_moves", "markov_choices", "hmm_readers", "hmm_groups", "hmm_members"),
    possible=possible,
    show=show,
    page=44,
)
