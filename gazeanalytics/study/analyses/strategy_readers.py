"""Whose strategies they are: trait or state, persistence and switches, time course, and stability of the strategies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from gazeanalytics import report, strategies
from gazeanalytics.settings import Settings
from gazeanalytics.study.analysis import Analysis, Part
from gazeanalytics.study.result import NotPossibleError, Outcome, StrategiesOutcome, StudyResult

# A distribution is drawn from so many resamples on; fewer stand in the table alone.
_MIN_DRAWN = 20
_FEWEST = 2


@dataclass(frozen=True, slots=True)
class StrategyReaderOptions(Settings):
    """How readers' strategies are followed.

    Attributes
    ----------
    order : str
        Column of `readings` with the order in which a reader read.
    n_parts : int
        Parts of a reader's readings, for the time course.
    n_permutations, n_resamples : int
        Of the tests, and of the intervals over readers.
    n_stability : int
        Resamples of readers, and of cases, among which strategies are looked for again; each costs a whole search.
    n_folds : int
        Parts of the readers, and of the cases, that are held out in turn.
    """

    order: str = "reading"
    n_parts: int = 4
    n_permutations: int = 199
    n_resamples: int = 199
    n_stability: int = 2
    n_folds: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyReaderOutcome(Outcome):
    """The tables, and the order that they hold for."""

    order: str
    n_stability: int


def run(known: StudyResult, options: StrategyReaderOptions) -> StrategyReaderOutcome:
    """Ask how far components and strategies are the reader's, and whether they are found again."""
    outcome = known.outcomes.get("strategies")
    if not isinstance(outcome, StrategiesOutcome):
        raise NotPossibleError("no strategies were looked for")
    fitted, readings, seed = outcome.fitted, known.study.table("readings"), known.study.config.study.seed
    if options.order not in readings:
        raise NotPossibleError(f"readings have no column {options.order}, the order of a reader's readings")
    rows = readings.set_index("reading").loc[known.features["reading"]]
    if rows["reader"].nunique() < _FEWEST or rows["case"].nunique() < _FEWEST:
        raise NotPossibleError("gaze of one reader, or on one case, can't say what is the reader's; it takes several")
    groups = {"readers": rows["reader"].tolist(), "cases": rows["case"].tolist()}
    scores = fitted.components(known.features, **groups)
    tables = {
        "strategy_traits": strategies.trait_icc(scores, readings, n_permutations=options.n_permutations, rng=seed)
    }
    if "strategies" in outcome.tables:
        found = outcome.tables["strategies"]
        tables |= _in_order(found, readings, options, seed)
        again = fitted.stability(known.features, **groups, n_resamples=options.n_stability, rng=seed)
        folds = min(options.n_folds, rows["reader"].nunique(), rows["case"].nunique())
        held = fitted.held_out(known.features, **groups, n_folds=folds, rng=seed)
        tables |= {"strategy_stability": again, "strategy_held_out": held}
    return StrategyReaderOutcome(tables=tables, order=options.order, n_stability=options.n_stability)


def _in_order(
    found: pd.DataFrame, readings: pd.DataFrame, options: StrategyReaderOptions, seed: int
) -> dict[str, pd.DataFrame]:
    """Persistence, switches and time course of types."""
    order, draws = options.order, options.n_resamples
    return {
        "strategy_persistence": strategies.persistence(
            found, readings, order=order, n_permutations=options.n_permutations, n_resamples=draws, rng=seed
        ),
        "strategy_switches": strategies.switch_rate(found, readings, order=order, n_resamples=draws, rng=seed),
        "strategy_time_course": strategies.strategy_time_course(
            found, readings, order=order, n_parts=options.n_parts, n_resamples=draws, rng=seed
        ),
    }


_CAPTIONS = {
    "strategy_traits": "Intraclass correlation (ICC) of each component within readers",
    "strategy_persistence": "Persistence of strategies from one reading to the next",
    "strategy_switches": "From which strategy to which",
    "strategy_time_course": "Share of each strategy over a reader's readings",
    "strategy_held_out": "Agreement on readers and cases held out",
}


def show(known: StudyResult, outcome: StrategyReaderOutcome) -> Iterator[Part]:
    """All tables, and the stability figure where there are types."""
    text = "ICC 1: a trait of the reader; 0: a state of the reading; means of cases are removed first. "
    figures = {}
    if "strategy_stability" in outcome.tables:
        text += f"Persistence and time course take readings in the order of the column {outcome.order!r}; if that "
        text += "is not the order in time, they mean nothing: name the column in the option order. 'p state' "
        text += (
            "tests runs within a reader, 'p trait' differences between readers as well. Stability repeats the whole "
        )
        text += (
            f"search among {outcome.n_stability} resamples of readers and of cases, which shows roughly, not exactly, "
        )
        text += "whether the strategies come again; below 0.5 a strategy counts as dissolved. Held out: strategies of "
        text += "readers and cases that had no part in the fit (ARI 1: the same, 0: chance)."
        if outcome.n_stability >= _MIN_DRAWN:
            drawn = report.strategy_stability(outcome.tables["strategy_stability"])
            caption = "Agreement of strategies found again in resamples with those of all readings."
            figures["strategy_stability"] = report.Picture(drawn, caption)
    tables = {
        name: report.format_frame(outcome.tables[name], caption=caption)
        for name, caption in _CAPTIONS.items()
        if name in outcome.tables
    }
    yield Part("Strategies of readers", text, figures, tables)


ANALYSIS = Analysis(
    name="strategy_readers",
    question="Is a search strategy a trait of the reader, is it kept, and is it found again in other readers?",
    run=run,
    options=StrategyReaderOptions,
    needs=("features",),
    uses=("strategies",),
    makes=("strategy_traits", *(name for name in _CAPTIONS if name != "strategy_traits"), "strategy_stability"),
    show=show,
    page=42,
)
