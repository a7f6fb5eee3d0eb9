"""What a paper shows of an analysis: its parts in order, each with words, tables and figures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gazeanalytics import report
from gazeanalytics.study.parts import Part, file_name, many, readers_by_country
from gazeanalytics.study.searching import search_part

if TYPE_CHECKING:
    from gazeanalytics.study.analysis import Analysis

__all__ = ["parts_of"]


def parts_of(found: Analysis) -> Iterator[Part]:
    """Give the parts that this analysis has something to say about; figures are drawn when their turn comes."""
    yield _readers(found)
    yield _recording(found)
    yield search_part(found)
    if found.readings.get("correct") is not None or found.readings.get("uncertainty") is not None:
        yield _reasoning(found)
    for name in found.fits:
        yield _model(found, name)
    for name, reason in found.refused.items():
        yield Part(
            f"Model: {found.models[name].title or name}", f"{found.models[name].formula} was not fitted: {reason}"
        )


def _readers(found: Analysis) -> Part:
    readers, readings = found.study.table("readers"), found.study.table("readings")
    people, models = (readers["kind"] == "person").sum(), (readers["kind"] == "model").sum()
    countries = readers["country"].nunique() if "country" in readers else 0
    text = f"{many(people, 'reader')}"
    text += f" from {many(countries, 'country')}" if countries else ""
    text += f" and {many(models, 'AI model')}" if models else ""
    text += f" made {many(len(readings), 'reading')} of {many(readings['case'].nunique(), 'case')}. "
    text += "Readers are not named, and groups smaller than "
    text += f"{found.study.config.report.min_cell} are pooled."
    table = report.table_one(readers, readings, min_cell=found.study.config.report.min_cell)
    return Part("Readers and cases", text, tables={"readers": table})


def _recording(found: Analysis) -> Part:
    gaze, figures = found.gaze, {}
    text = f"{many(len(gaze.fixations), 'fixation')} in {many(gaze.fixations['reading'].nunique(), 'reading')}"
    if gaze.quality is None:
        text += ", as the study brings them; there is no raw gaze to judge the recording by."
        return Part("Gaze", text)
    lost = gaze.quality["loss"].median()
    rate = gaze.quality["rate_hz"].median()
    text += f" were found by the detector {gaze.settings['detector']} in gaze sampled at {rate:.0f} Hz; "
    text += f"the median reading lost {lost:.1%} of its samples."
    quality = gaze.quality.merge(found.readings[["reading", "reader"]], on="reading")
    figures["data_loss"] = report.Picture(
        report.data_loss(quality), "Share of samples lost, by reader; dots are medians of readings."
    )
    if gaze.saccades is not None and len(gaze.saccades):
        figures["main_sequence"] = report.Picture(
            report.main_sequence(gaze.saccades), "Main sequence: peak speed of saccades against their amplitude."
        )
    return Part("Gaze", text, figures)


def _reasoning(found: Analysis) -> Part:
    people = found.readings[found.readings["kind"] == "person"]
    figures = {}
    text = []
    if "correct" in people and people["correct"].notna().any():
        text.append(
            f"People were right in {people['correct'].mean():.1%} of {many(people['correct'].count(), 'reading')}."
        )
    if "uncertainty" in people and people["uncertainty"].notna().any():
        middle = people["uncertainty"].median()
        text.append(f"Their median uncertainty, 2 min(p, 1 - p) of the stated probability p, was {middle:.2f}.")
    models = found.readings[found.readings["kind"] == "model"]
    if "correct" in models and models["correct"].notna().any():
        text.append(
            f"AI models were right in {models['correct'].mean():.1%} of {many(models['correct'].count(), 'reading')}."
        )
    if "strategy" in people:
        for outcome, label in (("correct", "Share correct"), ("uncertainty", "Uncertainty")):
            if outcome in people and people[outcome].notna().any():
                drawn = report.outcome_by_strategy(people, outcome=outcome, label=label)
                figures[f"{outcome}_by_strategy"] = report.Picture(drawn, f"{label} by strategy; a dot is a reader.")
    return Part("Reasoning", " ".join(text), figures)


def _model(found: Analysis, name: str) -> Part:
    model, fit = found.models[name], found.fits[name]
    estimates = found.estimates[found.estimates["model"] == name]
    binomial = model.family == "binomial"
    scale = "odds ratios" if binomial else "coefficients"
    title = model.title or name
    text = f"{model.formula}; family {model.family}; {many(int(estimates['n'].max()), 'reading')}."
    text += f" Rows: {model.where}." if model.where else ""
    text += f" Notes: {'; '.join(fit.notes)}." if fit.notes else ""
    stem = file_name(name)
    label = "Odds ratio (95% CI)" if binomial else "Change (95% CI)"
    forest = report.forest(estimates, exponentiate=binomial, label=label)
    figures = {f"forest_{stem}": report.Picture(forest, f"{title}: {scale} with 95% intervals.")}
    if countries := _countries(found, fit, title):
        figures[f"countries_{stem}"] = countries
    table = report.format_estimates(estimates, caption=title)
    return Part(f"Model: {title}", text, figures, {f"model_{stem}": table})


def _countries(found: Analysis, fit: Any, title: str) -> report.Picture | None:
    """Countries with enough readers to be shown; None when there is none."""
    effects = fit.random_effects()
    effects = effects[effects["group"] == "country"]
    readers = readers_by_country(found)
    shown = effects[effects["level"].map(readers).ge(found.study.config.report.min_cell)]
    if not len(shown):
        return None
    reach = 1.96 * shown["sd"]
    modes = shown.assign(estimate=shown["mode"], conf_low=shown["mode"] - reach, conf_high=shown["mode"] + reach)
    hidden = len(effects) - len(shown)
    caption = f"{title}: how countries differ from the average country, shrunk towards it (conditional modes, 95%)."
    caption += f" Not shown: {many(hidden, 'country')} with few readers." if hidden else ""
    return report.Picture(report.caterpillar(modes, label="Difference (logit)"), caption)
