"""Mixed models of accuracy and uncertainty: those that study.toml writes, or the ones that its columns allow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from gazeanalytics import report, stats
from gazeanalytics.expressions import ExpressionError, check_condition, select
from gazeanalytics.settings import Settings
from gazeanalytics.study.analysis import Analysis, Part, file_name, many, readers_by_country
from gazeanalytics.study.config import ModelConfig
from gazeanalytics.study.estimands import adjusting_terms, default_models, model_frame
from gazeanalytics.study.result import ModelsOutcome, StrategiesOutcome, StudyResult
from gazeanalytics.study.study import Study
from gazeanalytics.tables import InputError

__all__ = ["fit_defaults", "fit_models"]


@dataclass(frozen=True, slots=True)
class ModelOptions(Settings):
    """How the default models are written; those of study.toml say it themselves.

    Attributes
    ----------
    link : str
        Of two-valued outcomes: "logit" (log odds), or "probit", whose effects are those of signal detection: of
        correct readings, on half of d' and, with the presence of the target, on twice the criterion (less its sign).
    """

    link: Literal["logit", "probit"] = "logit"


def check(study: Study, options: ModelOptions) -> None:
    """Refuse models that no data could save, before hours are spent on events."""
    for name, model in study.config.models.items():
        place = f"{study.folder / 'study.toml'}, models.{name}"
        try:
            stats.check_formula(model.formula, family=model.family, link=model.link or None)
        except stats.ModelError as error:
            raise InputError(f"{place}: {error}") from error
        try:
            check_condition(model.where or "True")
        except ExpressionError as error:
            raise InputError(f"{place}.where: {error}") from error


def fit_models(readings: pd.DataFrame, models: Mapping[str, ModelConfig]) -> dict[str, stats.MixedFit]:
    """Fit each model to the rows of `readings` that it asks for; separation is noted with the estimates.

    Raises
    ------
    InputError
        Naming the model, when its formula, family or `where` can't be used.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> rows = pd.DataFrame({"time_s": rng.normal(30, 5, 60), "reader": list("abcdef") * 10})
    >>> fits = fit_models(rows, {"time": ModelConfig(formula="time_s ~ 1 + (1 | reader)")})
    >>> fits["time"].n
    60
    """
    fits = {}
    for name, model in models.items():
        try:
            fits[name] = _fitted(readings, model)
        except (ValueError, KeyError) as error:
            raise InputError(f"study.toml, models.{name}: {error}") from error
    return fits


def fit_defaults(
    readings: pd.DataFrame, models: Mapping[str, ModelConfig]
) -> tuple[dict[str, stats.MixedFit], dict[str, str]]:
    """Fit the models that nobody asked for by name: fits, and why the others could not be fitted.

    Examples
    --------
    >>> rows = pd.DataFrame({"x": [1.0] * 9, "reader": list("abc") * 3})
    >>> fits, refused = fit_defaults(rows, {"m": ModelConfig(formula="x ~ 1 + (1 | reader)")})
    >>> len(fits) + len(refused)
    1
    """
    fits, refused = {}, {}
    for name, model in models.items():
        try:
            fits[name] = _fitted(readings, model)
        except stats.ModelError as error:
            refused[name] = str(error)
    return fits, refused


def _fitted(readings: pd.DataFrame, model: ModelConfig) -> stats.MixedFit:
    rows = select(readings, model.where) if model.where else readings
    settings = {"separated": "note", "piled_up": "refuse", "quadrature": "auto", "success": model.success}
    return stats.mixed(
        model.formula,
        rows.reset_index(drop=True),
        family=model.family,
        link=model.link or None,
        weights=model.weights or None,
        settings=settings,
    )


def run(known: StudyResult, options: ModelOptions) -> ModelsOutcome:
    """Fit the models of study.toml, or the default ones to what these columns allow."""
    components = _components(known)
    rows, asked = model_frame(known.readings, components), known.study.config.models
    if asked:
        models, fits, refused = asked, fit_models(rows, asked), {}
    else:
        models = default_models(rows, components, link=options.link)
        fits, refused = fit_defaults(rows, models)
    parts = [fit.estimates().assign(model=name) for name, fit in fits.items()]
    tables = {"estimates": pd.concat(parts, ignore_index=True)} if parts else {}
    return ModelsOutcome(models=dict(models), rows=rows, fits=fits, refused=refused, tables=tables)


def _components(known: StudyResult) -> tuple[str, ...]:
    outcome = known.outcomes.get("strategies")
    return outcome.components if isinstance(outcome, StrategiesOutcome) else ()


def show(known: StudyResult, outcome: ModelsOutcome) -> Iterator[Part]:
    """One part a model: formula, forest plot, countries, table of estimates."""
    for name in outcome.fits:
        yield _model(known, outcome, name)
    for name, reason in outcome.refused.items():
        model = outcome.models[name]
        yield Part(f"Model: {model.title or name}", f"{model.formula} was not fitted: {reason}")


def _model(known: StudyResult, outcome: ModelsOutcome, name: str) -> Part:
    model, fit = outcome.models[name], outcome.fits[name]
    estimates = known.estimates[known.estimates["model"] == name]
    odds = fit.family.link == "logit" and model.family in ("binomial", "ordinal")
    title = model.title or name
    text = f"{model.formula}; family {model.family}; {many(int(estimates['n'].max()), 'reading')}."
    text += f" Rows: {model.where}." if model.where else ""
    terms = estimates["term"].astype(str)
    adjusting = adjusting_terms(terms, outcome.rows, _components(known))
    text += _reading(terms, adjusted=bool(adjusting.any()))
    text += _of_signal_detection(terms, model, fit)
    text += f" Notes: {'; '.join(fit.notes)}." if fit.notes else ""
    stem = file_name(name)
    label = "Odds ratio (95% CI)" if odds else "Change (95% CI)"
    forest = report.forest(estimates[~adjusting], exponentiate=odds, label=label)
    scale = "odds ratios" if odds else "coefficients"
    rest = " Means of strategy by case and reader stand in the table." if adjusting.any() else ""
    figures = {f"forest_{stem}": report.Picture(forest, f"{title}: {scale} with 95% intervals.{rest}")}
    if countries := _countries(known, model, fit):
        figures[f"countries_{stem}"] = countries
    table = report.format_estimates(estimates, caption=title)
    return Part(f"Model: {title}", text, figures, {f"model_{stem}": table})


def _reading(terms: pd.Series, *, adjusted: bool) -> str:
    """Say what the effects mean, where the coding isn't plain from the formula."""
    text = ""
    if adjusted:
        text += (
            " The means of strategy by case and reader (Mundlak terms) make the effect of strategy that within a case "
            "and a reader: harder cases or better readers that go with a strategy aren't counted for it."
        )
    if (terms == "presence").any():
        text += (
            " Presence of the target is coded -0.5 and 0.5: other effects are averages over cases with and without it, "
            "and an interaction says how much more an effect is where the target is there. Of correct readings, the "
            "first concerns keeping present and absent apart, the second where the line between them is drawn "
            "(criterion)."
        )
    if terms.str.contains("_within_reader|_between_country", regex=True).any():
        text += " Experience has its parts within readers, between readers (of one country) and between countries."
    return text


def _of_signal_detection(terms: pd.Series, model: ModelConfig, fit: stats.MixedFit) -> str:
    """Say what probit effects on correct readings are, where the presence of the target is coded."""
    if fit.family.link != "probit" or not (terms == "presence").any() or not model.formula.startswith("correct ~"):
        return ""
    return (
        " The link is probit, so that these are effects of signal detection with equal variances: twice the intercept "
        "is d', minus half the effect of presence the criterion; twice an effect is its change of d', and minus half "
        "its interaction with presence its change of the criterion (DeCarlo 1998)."
    )


# What a difference on the linear predictor is called, by family and link.
_SCALES = {
    ("binomial", "logit"): "Difference (log odds)",
    ("binomial", "probit"): "Difference (probit)",
    ("binomial", "cloglog"): "Difference (log hazard)",
    ("ordinal", "logit"): "Difference (log odds)",
    ("ordinal", "probit"): "Difference (probit)",
    ("poisson", "log"): "Difference (log rate)",
    ("negative binomial", "log"): "Difference (log rate)",
    ("negative binomial 1", "log"): "Difference (log rate)",
    ("beta", "logit"): "Difference (logit)",
}


def _countries(known: StudyResult, model: ModelConfig, fit: stats.MixedFit) -> report.Picture | None:
    """Countries with enough readers to be shown; None when there is none."""
    modes = fit.random_effects()
    effects = modes[modes["group"] == "country"]
    readers = readers_by_country(known.study.table("readers"))
    shown = effects[effects["level"].map(readers).ge(known.study.config.report.min_cell)]
    if not len(shown):
        return None
    reach = 1.96 * shown["sd"]
    drawn = shown.assign(estimate=shown["mode"], conf_low=shown["mode"] - reach, conf_high=shown["mode"] + reach)
    hidden = len(effects) - len(shown)
    title = model.title or "Model"
    caption = f"{title}: how countries differ from the average country, shrunk towards it (conditional modes, 95%)."
    caption += f" Not shown: {many(hidden, 'country')} with few readers." if hidden else ""
    outcome = model.title or model.formula.split("~")[0].strip()
    label = _SCALES.get((model.family, fit.family.link), f"Difference in {outcome}")
    return report.Picture(report.caterpillar(drawn, label=label), caption)


def methods(known: StudyResult, outcome: ModelsOutcome) -> dict[str, str]:
    """Formulas and families, for the methods paragraph."""
    return {name: f"{model.formula} ({model.family})" for name, model in outcome.models.items()}


ANALYSIS = Analysis(
    name="models",
    question="What goes with accuracy and uncertainty: strategy, experience, context (crossed mixed models)?",
    run=run,
    options=ModelOptions,
    needs=("readings",),
    makes=("estimates",),
    check=check,
    show=show,
    page=70,
)
