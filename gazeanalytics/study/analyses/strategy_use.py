"""Who uses which strategy, and when: predicted shares by experience, context and country."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gazeanalytics import report, stats
from gazeanalytics.settings import Settings
from gazeanalytics.study.analyses.strategies import readers_and_cases
from gazeanalytics.study.analysis import Analysis, Part, readers_by_country, share_in_words, words
from gazeanalytics.study.estimands import FEWEST_GROUPS, model_frame
from gazeanalytics.study.result import NotPossibleError, Outcome, StrategiesOutcome, StudyResult

__all__ = ["StrategyUseOptions"]

_QUARTILES = (0.25, 0.75)


@dataclass(frozen=True, slots=True)
class StrategyUseOptions(Settings):
    """How the use of strategies is modelled.

    Attributes
    ----------
    min_readers : int
        Countries of fewer readers are left out of the model when countries are compared.
    max_misplaced : float
        Expected share of readings in the wrong strategy, above which strategies are imputed by their posteriors.
    n_imputations : int
        Imputations that are combined.
    """

    min_readers: int = 5
    max_misplaced: float = 0.005
    n_imputations: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyUseOutcome(Outcome):
    """Predicted shares and their differences by predictor, the model of it, and what could not be compared."""

    shares: pd.DataFrame
    differences: pd.DataFrame
    formula: str
    refused: dict[str, str]
    misplaced: float
    imputed: int
    notes: tuple[str, ...]


def run(known: StudyResult, options: StrategyUseOptions) -> StrategyUseOutcome:
    """Model which strategy a reading follows, and predict shares at each value of what it goes with."""
    outcome = known.outcomes.get("strategies")
    if not isinstance(outcome, StrategiesOutcome) or outcome.fitted.verdict != "types":
        raise NotPossibleError("no types of search strategies were found")
    rows = model_frame(known.readings).dropna(subset=["strategy"]).reset_index(drop=True)
    rows["strategy"] = pd.Categorical(rows["strategy"]).remove_unused_categories()
    predictors = [name for name in ("experience_decades", "context", "condition") if _varies(rows, name)]
    if not predictors:
        raise NotPossibleError("experience, context and condition don't vary")
    groups = [name for name in ("reader", "case") if rows[name].nunique() >= FEWEST_GROUPS]
    random = [f"(1 | {name})" for name in groups]
    formula = f"strategy ~ {' + '.join([*predictors, *random])}"
    posterior = _posterior(known, outcome, rows)
    misplaced = float(1 - posterior.drop(columns="reading").max(axis=1).mean())
    imputed = options.n_imputations if misplaced > options.max_misplaced else 0
    fits, refused = _fits(known, rows, formula, options, posterior if imputed else None)
    if "all" not in fits:
        raise NotPossibleError(refused["all"])
    tables = [_predicted(fits["all"], name) for name in predictors]
    if "country" in fits:
        tables.append(_predicted(fits["country"], "country"))
    shares, differences = (pd.concat([table[k] for table in tables], ignore_index=True) for k in (0, 1))
    return StrategyUseOutcome(
        shares=shares,
        differences=differences,
        formula=formula,
        refused={name: reason for name, reason in refused.items() if name != "all"},
        misplaced=misplaced,
        imputed=imputed,
        notes=tuple(dict.fromkeys(note for fit in fits.values() for note in fit.notes)),
        tables={"strategy_shares": shares, "strategy_share_differences": differences},
    )


def _posterior(known: StudyResult, outcome: StrategiesOutcome, rows: pd.DataFrame) -> pd.DataFrame:
    """Probabilities of each strategy that a reading is in, in the order of the levels of `rows`."""
    features = known.features
    posterior = outcome.fitted.posterior(features, **readers_and_cases(known.study, features))
    posterior = posterior[posterior["reading"].isin(rows["reading"])].dropna()
    probabilities = posterior[list(map(str, rows["strategy"].cat.categories))]
    # A strategy in which no reading is has no column: the others share what little it had.
    shared = probabilities.div(probabilities.sum(axis=1), axis=0)
    return pd.concat([posterior[["reading"]], shared], axis=1).reset_index(drop=True)


def _fits(
    known: StudyResult,
    rows: pd.DataFrame,
    formula: str,
    options: StrategyUseOptions,
    posterior: pd.DataFrame | None,
) -> tuple[dict[str, stats.MultinomialFit], dict[str, str]]:
    """Fit the model to all rows, and with countries of enough readers; say why either wasn't fitted.

    Strategies are imputed by a posterior, where it is given.
    """
    readers = readers_by_country(known.study.table("readers"))
    large = readers[readers >= max(options.min_readers, known.study.config.report.min_cell)].index
    plans = {"all": (formula, rows)}
    fits, refused = {}, {}
    if "country" in rows and len(large) > 1:
        of_large = rows[rows["country"].isin(large)].reset_index(drop=True)
        plans["country"] = (formula.replace("~ ", "~ country + ", 1), of_large)
    elif "country" in rows:
        refused["country"] = f"fewer than two countries have {options.min_readers} readers"
    for name, (written, used) in plans.items():
        try:
            if posterior is None:
                fits[name] = stats.multinomial(written, used)
                continue
            seed = known.study.config.study.seed
            both = stats.multinomial_misclassified(
                written, used, posterior, n_imputations=options.n_imputations, rng=seed
            )
            fits[name] = both.corrected
        except stats.ModelError as error:
            refused[name] = str(error)
    return fits, refused


def _varies(frame: pd.DataFrame, name: str) -> bool:
    return name in frame and len(frame[name].dropna().unique()) > 1


def _predicted(fit: stats.MultinomialFit, name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Shares, and their differences from those at the first value with p-values corrected within the predictor."""
    at: Any = name
    if name == "experience_decades":
        at = {name: [float(np.round(fit.frame.data[name].quantile(share), 2)) for share in _QUARTILES]}
    shares = stats.predicted_shares(fit, at)
    differences = stats.predicted_shares(fit, at, difference=True)
    differences["p_value"] = stats.adjust(differences["p_value"].to_numpy())
    label = "experience" if name == "experience_decades" else name
    first, second = (_in_years(table.assign(by=label)) for table in (shares, differences))
    return first, second


def _in_years(table: pd.DataFrame) -> pd.DataFrame:
    """Say decades of experience in years."""
    text = [
        " - ".join(f"{10 * float(part):g} years" for part in str(contrast).split(" - "))
        if by == "experience"
        else contrast
        for contrast, by in zip(table["contrast"], table["by"], strict=True)
    ]
    return table.assign(contrast=text)


def show(known: StudyResult, outcome: StrategyUseOutcome) -> Iterator[Part]:
    """Text, forest plot of differences, table of shares and differences."""
    text = methods(known, outcome)
    text += "".join(f" {words(name).capitalize()} was not compared: {why}." for name, why in outcome.refused.items())
    text += f" Notes: {'; '.join(outcome.notes)}." if outcome.notes else ""
    drawn = report.forest(_as_estimates(outcome.differences), label="Difference of the share (95% CI)")
    figures = {"strategy_use": report.Picture(drawn, "How much more often a strategy is used, by what goes with it.")}
    tables = {
        "strategy_shares": report.format_frame(
            _ordered(outcome.shares), caption="Predicted shares of the strategies with 95% intervals"
        ),
        "strategy_share_differences": report.format_frame(
            _ordered(outcome.differences), caption="Differences of shares with 95% intervals"
        ),
    }
    yield Part("Who uses which strategy", text, figures, tables)


def methods(known: StudyResult, outcome: StrategyUseOutcome) -> str:
    """Sentences for the methods."""
    text = (
        f"Which strategy a reading follows was modelled by a multinomial logit with crossed random intercepts "
        f"({outcome.formula}), fitted by the Poisson trick. Shares are averages over the readings, random effects "
        "integrated out, with delta-method intervals; p-values are Holm's within each predictor. "
        f"By their posterior probabilities, {share_in_words(outcome.misplaced)} of the readings are in the wrong "
        "strategy; "
    )
    if outcome.imputed:
        return text + (
            f"strategies were imputed {outcome.imputed} times by these probabilities and what the model says of "
            "reader, case and predictors, and the fits combined by Rubin's rules."
        )
    return text + "each stands in its likeliest, as so few change nothing."


def _ordered(table: pd.DataFrame) -> pd.DataFrame:
    return table[["by", "contrast", "level", *(name for name in table if name not in ("by", "contrast", "level"))]]


def _as_estimates(table: pd.DataFrame) -> pd.DataFrame:
    """Rows as the forest plot wants them, one model a strategy."""
    term = [f"{words(by)}, {contrast}" for by, contrast in zip(table["by"], table["contrast"], strict=True)]
    rows = table.assign(model=table["level"], term=term, statistic=table["estimate"] / table["std_error"])
    rows = rows.assign(df=np.nan, n=np.nan, note="").sort_values("model", kind="stable")
    return rows[
        ["model", "term", "estimate", "std_error", "statistic", "df", "p_value", "conf_low", "conf_high", "n", "note"]
    ]


ANALYSIS = Analysis(
    name="strategy_use",
    question="Who uses which search strategy: predicted shares by experience, context and country?",
    run=run,
    options=StrategyUseOptions,
    needs=("readings", "features"),
    uses=("strategies",),
    makes=("strategy_shares", "strategy_share_differences"),
    show=show,
    methods=methods,
    page=76,
)
