"""What a strategy is worth: sensitivity, specificity and risk differences, corrected for misplaced readings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from gazeanalytics import report, stats
from gazeanalytics.settings import Settings
from gazeanalytics.study.analyses.strategies import readers_and_cases
from gazeanalytics.study.analysis import Analysis, Part, many, share_in_words, words
from gazeanalytics.study.estimands import FEWEST_GROUPS, model_frame
from gazeanalytics.study.result import NotPossibleError, Outcome, StrategiesOutcome, StudyResult

__all__ = ["StrategyEffectOptions", "rate_formula"]

# Means of a strategy by case or reader are taken in where there are so many groups for each.
_GROUPS_FOR_A_MEAN = 3
_QUARTILES = (0.25, 0.75)
_RATES = {"sensitivity": 1.0, "specificity": 0.0}


@dataclass(frozen=True, slots=True)
class StrategyEffectOptions(Settings):
    """How strategies are compared.

    Attributes
    ----------
    correction : str
        Of the p-values of the differences of a rate: "holm", "bh" or "none".
    by_reader : bool
        Sharpen each reading's posterior by what its reader's other readings show.
    """

    correction: Literal["holm", "bh", "none"] = "holm"
    by_reader: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyEffectOutcome(Outcome):
    """Rates and differences in long tables, why other rates were not estimated, and how sure strategies are.

    That is the share of misplaced readings of types, and of a continuum the reliability of its components.
    """

    rates: pd.DataFrame
    differences: pd.DataFrame
    formulas: dict[str, str]
    refused: dict[str, str]
    misplaced: float = np.nan
    reliability: pd.DataFrame | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Predictors:
    """Columns of strategies in the rows: a category with its posterior, or components, measured and calibrated."""

    rows: pd.DataFrame
    names: tuple[str, ...]
    posterior: pd.DataFrame | None = None
    means: dict[str, list[str]] = field(default_factory=dict)
    calibrated: pd.DataFrame | None = None
    reliability: pd.DataFrame | None = None


def run(known: StudyResult, options: StrategyEffectOptions) -> StrategyEffectOutcome:
    """Fit each rate, as strategies are assigned and corrected; predict it by strategy, experience and context."""
    found = _predictors(known, options)
    subsets = _subsets(found.rows)
    parts: dict[str, list[pd.DataFrame]] = {"rates": [], "differences": []}
    formulas, refused, misplaced, notes = {}, _without_cases(subsets), [], []
    for rate, rows in subsets.items():
        formulas[rate] = rate_formula(rows, found.names, found.means)
        try:
            fits, share = _fitted(formulas[rate], rows, found)
            tables = [_described(fit, rate, kind, found.names, options) for kind, fit in fits.items()]
        except stats.ModelError as error:
            refused[rate] = str(error)
            continue
        parts["rates"] += [table[0] for table in tables]
        parts["differences"] += [table[1] for table in tables]
        misplaced.append((share, len(rows)))
        notes += [f"{rate}: {note}" for fit in fits.values() for note in fit.notes]
    if not parts["rates"]:
        raise NotPossibleError("; ".join(f"the {rate} was not estimated: {reason}" for rate, reason in refused.items()))
    rates, differences = (pd.concat(parts[name], ignore_index=True) for name in ("rates", "differences"))
    return StrategyEffectOutcome(
        rates=rates,
        differences=differences,
        formulas=formulas,
        refused=refused,
        misplaced=_weighted(misplaced),
        reliability=found.reliability,
        notes=tuple(dict.fromkeys(notes)),
        tables={"strategy_rates": rates, "strategy_differences": differences},
        settings={"correction": options.correction, "by reader": options.by_reader},
    )


def _weighted(shares: list[tuple[float, int]]) -> float:
    return sum(share * count for share, count in shares) / sum(count for _, count in shares)


def _predictors(known: StudyResult, options: StrategyEffectOptions) -> _Predictors:
    outcome = known.outcomes.get("strategies")
    if not isinstance(outcome, StrategiesOutcome) or outcome.fitted.verdict == "none":
        raise NotPossibleError("no search strategies were found")
    if "correct" not in known.readings or known.readings["correct"].isna().all():
        raise NotPossibleError("no reading is known to be right or wrong")
    rows = model_frame(known.readings).dropna(subset=["correct"])
    features = known.features
    if outcome.components:
        errors = outcome.fitted.component_errors(features, **readers_and_cases(known.study, features))
        return _of_continuum(rows.dropna(subset=list(outcome.components)), outcome.components, errors)
    posterior = outcome.fitted.posterior(features, **readers_and_cases(known.study, features))
    posterior = posterior[posterior["reading"].isin(rows["reading"])].dropna().reset_index(drop=True)
    if options.by_reader:
        readers = posterior[["reading"]].merge(rows[["reading", "reader"]], on="reading", how="left")["reader"]
        posterior = stats.share_posterior(posterior, readers)
    rows = rows[rows["reading"].isin(posterior["reading"])]
    return _with_means(_Predictors(rows, ("strategy",), posterior))


def _of_continuum(rows: pd.DataFrame, names: tuple[str, ...], errors: pd.DataFrame) -> _Predictors:
    """Take components as measured, and beside them, where their error allows it, calibrated."""
    found = _with_means(_Predictors(rows, names))
    groups = [f"(1 | {name})" for name in _groups(rows)]
    given = " + ".join([name for name in ("presence", *_OTHERS) if _varies(rows, name)] + groups) or "1"
    scores, within, refused = {}, {}, {}
    for name, error in zip(names, errors["error_sd"], strict=True):
        try:
            one = stats.calibrate(rows, name, error, given=given)
            scores[name], within[name] = one.score, one.reliability
        except stats.ModelError as why:
            refused[name] = str(why)
    known = errors.assign(component=names, within=[within.get(name, np.nan) for name in names])
    known["refused"] = [refused.get(name, "") for name in names]
    # A model with some components calibrated and others not would give one the effect of another.
    calibrated = None if refused else _with_means(_Predictors(rows.assign(**scores), names)).rows
    return replace(found, calibrated=calibrated, reliability=known)


def _with_means(found: _Predictors) -> _Predictors:
    """Add the means of strategies by case and by reader (Mundlak): effects are then those on one case in one reader."""
    rows = found.rows.reset_index(drop=True)
    if found.posterior is None:
        values = rows[list(found.names)]
    else:
        # Means of probabilities, not of assigned strategies, which misplaced readings draw to one another.
        values = rows[["reading"]].merge(found.posterior, on="reading", how="left").drop(columns="reading").iloc[:, 1:]
    # Names of types are no words of a formula: they go by number.
    types = [f"strategy{place + 2}" for place in range(values.shape[1])]
    short = found.names if found.posterior is None else types
    means: dict[str, list[str]] = {}
    for group in ("case", "reader"):
        named = [f"mean_{name}_by_{group}" for name in short]
        rows[named] = values.groupby(rows[group]).transform("mean").to_numpy()
        means[group] = named
    return _Predictors(rows, found.names, found.posterior, means)


def _subsets(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Rows with the target for sensitivity, without it for specificity; all rows where it isn't known."""
    if "target_present" not in rows or rows["target_present"].isna().all():
        return {"accuracy": rows.reset_index(drop=True)}
    parts = {rate: rows[rows["target_present"] == value].reset_index(drop=True) for rate, value in _RATES.items()}
    return {rate: part for rate, part in parts.items() if len(part)}


def _without_cases(subsets: dict[str, pd.DataFrame]) -> dict[str, str]:
    """Say why sensitivity or specificity is missing beside the other."""
    if "accuracy" in subsets:
        return {}
    lacking = {"sensitivity": "no reading is of a case with the target", "specificity": "all cases hold the target"}
    return {rate: why for rate, why in lacking.items() if rate not in subsets}


def rate_formula(rows: pd.DataFrame, names: Sequence[str], means: dict[str, list[str]]) -> str:
    """Write the model of being right that these rows allow.

    Examples
    --------
    >>> rows = pd.DataFrame({"correct": [0, 1] * 10, "strategy": list("ab") * 10, "reader": range(20),
    ...                      "context": "none", "experience_decades": range(20)})
    >>> rate_formula(rows, ("strategy",), {})
    'correct ~ strategy + experience_decades + (1 | reader)'
    """
    fixed = list(names)
    for group, columns in means.items():
        if group in rows and rows[group].nunique() >= _GROUPS_FOR_A_MEAN * len(columns):
            fixed += [name for name in columns if _varies(rows, name)]
    fixed += [name for name in _OTHERS if _varies(rows, name)]
    return f"correct ~ {' + '.join([*fixed, *(f'(1 | {name})' for name in _groups(rows))])}"


def _groups(rows: pd.DataFrame) -> list[str]:
    """Groupings with enough levels for a random intercept."""
    groups = [name for name in ("reader", "case", "country") if name in rows]
    return [name for name in groups if rows[name].nunique() >= FEWEST_GROUPS]


def _varies(rows: pd.DataFrame, name: str) -> bool:
    return name in rows and len(rows[name].dropna().unique()) > 1


_OTHERS = ("experience_decades", "context", "condition")
OTHER_PREDICTORS = ("experience", *_OTHERS)  # what `by` says in a table where it isn't strategy


def _fitted(formula: str, rows: pd.DataFrame, found: _Predictors) -> tuple[dict[str, stats.MixedFit], float]:
    """Fit by name, and the share of readings that are expected to be in the wrong strategy."""
    if found.posterior is None:
        tables = {"as measured": rows}
        if found.calibrated is not None:
            calibrated = found.calibrated[found.calibrated["reading"].isin(rows["reading"])]
            tables = {"corrected": calibrated.reset_index(drop=True), **tables}
        asked: dict[str, Any] = {"family": "binomial", "settings": {"quadrature": "auto"}}
        return {name: stats.mixed(formula, table, **asked) for name, table in tables.items()}, np.nan
    both = stats.mixed_misclassified(formula, rows, found.posterior, family="binomial")
    return {"corrected": both.corrected, "as assigned": both.assigned}, both.misplaced


def _described(
    fit: stats.MixedFit, rate: str, kind: str, names: Sequence[str], options: StrategyEffectOptions
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rates and differences by strategy, experience and context; p-values corrected within each rate and predictor."""
    used, rates, differences = fit.frame.spec.required_variables, [], []
    for name in (*names, *(other for other in _OTHERS if other in used)):
        at = _values(fit, name)
        label = {"experience_decades": "experience"}.get(name, name)
        rates.append(stats.adjusted_predictions(fit, at).assign(by=label))
        differences.append(stats.marginal_effects(fit, at, method=options.correction).assign(by=label))
    tables = (pd.concat(part, ignore_index=True).assign(model=rate, estimator=kind) for part in (rates, differences))
    first, second = (_in_years(table) for table in tables)
    return first, second


def _values(fit: stats.MixedFit, name: str) -> Any:
    """Levels of a category; quartiles of experience; a standard deviation below and above of a component."""
    if name in fit.frame.spec.categories:
        return name
    if name == "experience_decades":
        return {name: [float(np.round(fit.frame.data[name].quantile(share), 2)) for share in _QUARTILES]}
    return {name: [-1.0, 1.0]}


def _in_years(table: pd.DataFrame) -> pd.DataFrame:
    """Say decades of experience in years."""
    aged = table["by"] == "experience"
    decades = [str(contrast).split(" - ") for contrast in table["contrast"]]
    text = [
        " - ".join(f"{10 * float(part):g} years" for part in parts) if old else " - ".join(parts)
        for parts, old in zip(decades, aged, strict=True)
    ]
    return table.assign(contrast=text)


def show(known: StudyResult, outcome: StrategyEffectOutcome) -> Iterator[Part]:
    """Text with the largest difference, table of rates, table and forest plot of differences."""
    best = outcome.differences["estimator"].iloc[0]
    shown = outcome.differences[outcome.differences["estimator"] == best]
    rates = outcome.rates[outcome.rates["estimator"] == best]
    text = [*_strategy_sentences(outcome, shown), methods(known, outcome)]
    text += [f"The {rate} was not estimated: {reason}." for rate, reason in outcome.refused.items()]
    text += [f"Notes: {'; '.join(outcome.notes)}."] if outcome.notes else []
    label = "Risk difference (95% CI)"
    forest = report.forest(_named(shown), label=label)
    levels = report.forest(_named(rates), label="Rate (95% CI)")
    figures = {
        "strategy_differences": report.Picture(forest, f"Risk differences, {best}, averaged over readers and cases."),
        "strategy_rates": report.Picture(levels, f"Rates, {best}, averaged over readers and cases."),
    }
    tables = {
        "strategy_rates": _table(outcome.rates, "Rates by strategy, experience and context with 95% intervals"),
        "strategy_differences": _table(outcome.differences, "Risk differences with 95% intervals"),
    }
    yield Part("What strategies are worth", " ".join(text), figures, tables)


def _strategy_sentences(outcome: StrategyEffectOutcome, shown: pd.DataFrame) -> list[str]:
    """The largest difference between strategies of each rate, corrected, and as it would be without."""
    found = []
    for rate, rows in shown[~shown["by"].isin(OTHER_PREDICTORS)].groupby("model", sort=False):
        top = rows.iloc[int(rows["estimate"].abs().argmax())]
        text = f"Largest difference in {rate}: {_points(top)} ({_pair(top)}; p {_p(top['p_value'])}"
        plain = outcome.differences[
            outcome.differences["estimator"].isin(["as assigned", "as measured"])
            & (outcome.differences["model"] == rate)
            & (outcome.differences["contrast"] == top["contrast"])
        ]
        corrected = shown["estimator"].iloc[0] == "corrected" and len(plain)
        text += f"; {_points(plain.iloc[0])} without correction)." if corrected else ")."
        found.append(text)
    return found


def _points(row: pd.Series) -> str:
    """A difference in percentage points with its interval."""
    low, value, high = (100 * row[name] for name in ("conf_low", "estimate", "conf_high"))
    return f"{value:.1f} points [{low:.1f}, {high:.1f}]".replace("-", "\u2212")


def _pair(row: pd.Series) -> str:
    names = str(row["contrast"])
    return names if row["by"] == "strategy" else f"{words(str(row['by']))}, {names} SD"


def _p(value: float) -> str:
    return "< .001" if value < 0.001 else f"= {value:.3f}".replace("0.", ".")


def methods(known: StudyResult, outcome: StrategyEffectOutcome) -> str:
    """Sentences for the methods: what was averaged, how misplaced readings were counted, and what it doesn't show."""
    formulas = "; ".join(f"{rate}: {formula}" for rate, formula in outcome.formulas.items())
    text = (
        f"Being right was modelled by crossed logistic models ({formulas}). Rates and differences are averages over "
        "the readings, random effects of readers and cases integrated out, with delta-method intervals; p-values are "
        "corrected within each rate and predictor. Means of strategies by case and by reader hold the comparison "
        "within one case and one reader. "
    )
    if np.isfinite(outcome.misplaced):
        text += (
            f"By their posterior probabilities, {share_in_words(outcome.misplaced)} of the readings are in the wrong "
            "strategy; "
            "the corrected rates take each reading's probabilities into a likelihood averaged over strategies "
            "(two-step, Bakk & Kuha 2018), the others take the likeliest strategy as if it were known. "
        )
    elif outcome.reliability is not None:
        text += _of_scores(outcome.reliability)
    return text + (
        "These are associations: who searches how was not randomised, and where a reading's gaze follows its decision, "
        "as in dwelling on what was found, the strategy is partly the outcome."
    )


def _of_scores(known: pd.DataFrame) -> str:
    """Say how sure the scores of a continuum are, and what was done about it."""
    parts = [
        f"{words(str(name))} {reliability:.2f}" + (f" ({within:.2f})" if np.isfinite(within) else "")
        for name, reliability, within in known[["component", "reliability", "within"]].itertuples(index=False)
    ]
    text = (
        "Strategies are a continuum, whose scores carry error; their reliability (McDonald's omega), and in brackets "
        f"that within readers and cases, is {', '.join(parts)}. "
    )
    refused = [why for why in known["refused"] if why]
    if refused:
        return text + f"That error is not corrected, and makes differences too small: {'; '.join(refused)}. "
    return text + (
        "The corrected rates take the expected true scores, given readers, cases and the other predictors (regression "
        "calibration, Carroll et al. 2006), the others the scores as measured. "
    )


def _named(table: pd.DataFrame) -> pd.DataFrame:
    """Estimates as the forest plot names them: predictor and levels in one."""
    label = table["by"].where(table["by"] != "strategy", "")
    return table.assign(
        term=(label.map(words) + ", ").where(label != "", "") + table["contrast"].astype(str), contrast=""
    ).drop(columns=["by", "estimator"])


def _table(table: pd.DataFrame, caption: str) -> report.PaperTable:
    """Corrected and uncorrected side by side in print; the file keeps one row each, in full precision."""
    cells = table.assign(cell=[_cell(row) for _, row in table.iterrows()])
    keys = ["model", "by", "contrast"]
    wide = cells.pivot(index=keys, columns="estimator", values="cell").reindex(columns=table["estimator"].unique())
    wide = wide.reindex(pd.MultiIndex.from_frame(table[keys].drop_duplicates())).rename_axis(columns=None).reset_index()
    first = table[table["estimator"] == table["estimator"].iloc[0]]
    if first["p_value"].notna().any():
        wide["p"] = [_p(value) for value in first["p_value"]]
    rows = many(int(table["n"].max()), "reading")
    wide["by"] = wide["by"].map(words)
    return report.PaperTable(
        table, wide.rename(columns={"model": "rate", "contrast": "at"}).astype(str), caption, (f"Up to {rows} a rate.",)
    )


def _cell(row: pd.Series) -> str:
    return f"{row['estimate']:.3f} [{row['conf_low']:.3f}, {row['conf_high']:.3f}]".replace("-", "\u2212")


ANALYSIS = Analysis(
    name="strategy_effects",
    question="What is each strategy worth in sensitivity, specificity and risk difference, misplaced readings counted?",
    run=run,
    options=StrategyEffectOptions,
    needs=("readings", "features"),
    uses=("strategies",),
    makes=("strategy_rates", "strategy_differences"),
    show=show,
    methods=methods,
    page=74,
)
