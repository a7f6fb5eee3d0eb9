"""What a paper shows of an analysis: its parts in order, each with words, tables and figures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from gazeanalytics import report

if TYPE_CHECKING:
    from gazeanalytics.study.analysis import Analysis

__all__ = ["Part", "parts_of"]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the paper; figures and tables carry the names of their files."""

    heading: str
    text: str
    figures: dict[str, report.Picture] = field(default_factory=dict)
    tables: dict[str, report.PaperTable] = field(default_factory=dict)

    def section(self) -> report.Section:
        """The part as a section of the page."""
        return report.Section(self.heading, self.text, tuple(self.figures.values()), tuple(self.tables.values()))


def parts_of(found: Analysis) -> Iterator[Part]:
    """Give the parts that this analysis has something to say about; figures are drawn when their turn comes."""
    yield _readers(found)
    yield _recording(found)
    yield _search(found)
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
    text = f"{_many(people, 'reader')}"
    text += f" from {_many(countries, 'country')}" if countries else ""
    text += f" and {_many(models, 'AI model')}" if models else ""
    text += f" made {_many(len(readings), 'reading')} of {_many(readings['case'].nunique(), 'case')}. "
    text += "Readers are not named, and groups smaller than "
    text += f"{found.study.config.report.smallest_cell} are pooled."
    table = report.table_one(readers, readings, k=found.study.config.report.smallest_cell)
    return Part("Readers and cases", text, tables={"readers": table})


def _recording(found: Analysis) -> Part:
    gaze, figures = found.gaze, {}
    text = f"{_many(len(gaze.fixations), 'fixation')} in {_many(gaze.fixations['reading'].nunique(), 'reading')}"
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


def _search(found: Analysis) -> Part:
    fitted = found.strategies
    if fitted is None:
        return Part("Search strategies", f"Not looked for: {found.not_searched}.")
    figures, tables = {}, {}
    if fitted.verdict == "types":
        profile = fitted.profile()
        figures["strategy_profiles"] = report.Picture(
            report.strategy_profiles(profile),
            "What marks each strategy: its difference from all other readings, in pooled standard deviations.",
        )
        tables["strategy_profiles"] = _profile_table(profile)
        figures |= _shares(found)
        figures |= _examples(found)
    if fitted.verdict == "continuum":
        figures["strategy_axes"] = report.Picture(
            report.axis_loadings(fitted.loadings()),
            "The axes that readings spread along, and the features they gather.",
        )
    return Part("Search strategies", fitted.summary(), figures, tables)


def _profile_table(profile: pd.DataFrame) -> report.PaperTable:
    """Features down, strategies across; the file keeps one row a strategy and feature, in full precision."""
    cells = profile.assign(
        cell=[
            f"{row.effect:.2f} [{row.conf_low:.2f}, {row.conf_high:.2f}]".replace("-", "\u2212")
            for row in profile.itertuples()
        ]
    )
    wide = cells.pivot(index="feature", columns="strategy", values="cell").reindex(profile["feature"].unique())
    text = wide.rename(index=_words).rename_axis(columns=None).reset_index(names="Feature").astype(str)
    caption = "Strategies: difference from all other readings in pooled standard deviations, with 95% intervals"
    return report.PaperTable(profile, text, caption)


def _shares(found: Analysis) -> dict[str, report.Picture]:
    k = found.study.config.report.smallest_cell
    people = found.readings[found.readings["kind"] == "person"]
    by = [name for name in ("experience_years",) if name in people and people[name].notna().any()]
    by += ["country"] if _by_country(found).ge(k).any() else []
    return {
        f"strategies_by_{name}": report.Picture(
            report.strategy_shares(people, by=name, k=k), f"How often each strategy is used, by {_words(name)}."
        )
        for name in by
    }


def _examples(found: Analysis) -> dict[str, report.Picture]:
    """One scanpath a strategy: the reading that belongs there most surely."""
    figures = {}
    surest = found.readings.dropna(subset=["strategy"]).sort_values(["strength", "reading"], ascending=[False, True])
    for strategy, row in surest.groupby("strategy", sort=True).head(1).set_index("strategy").sort_index().iterrows():
        fixations = found.gaze.fixations[found.gaze.fixations["reading"] == row["reading"]]
        drawn = report.scanpath(
            fixations,
            size=(row["width"], row["height"]),
            regions=_lesions_of(found, row["case"]),
            viewing=found.study.viewing(pd.Series([row["reading"]])),
        )
        figures[f"scanpath_{_file_name(strategy)}"] = report.Picture(
            drawn, f"A scanpath of {strategy}: the reading that belongs there most surely."
        )
    return figures


def _reasoning(found: Analysis) -> Part:
    people = found.readings[found.readings["kind"] == "person"]
    figures = {}
    text = []
    if "correct" in people and people["correct"].notna().any():
        text.append(
            f"People were right in {people['correct'].mean():.1%} of {_many(people['correct'].count(), 'reading')}."
        )
    if "uncertainty" in people and people["uncertainty"].notna().any():
        middle = people["uncertainty"].median()
        text.append(f"Their median uncertainty, 2 min(p, 1 - p) of the stated probability p, was {middle:.2f}.")
    models = found.readings[found.readings["kind"] == "model"]
    if "correct" in models and models["correct"].notna().any():
        text.append(
            f"AI models were right in {models['correct'].mean():.1%} of {_many(models['correct'].count(), 'reading')}."
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
    text = f"{model.formula}; family {model.family}; {_many(int(estimates['n'].max()), 'reading')}."
    text += f" Rows: {model.where}." if model.where else ""
    text += f" Notes: {'; '.join(fit.notes)}." if fit.notes else ""
    stem = _file_name(name)
    label = "Odds ratio (95% CI)" if binomial else "Change (95% CI)"
    forest = report.forest(estimates, exponentiate=binomial, label=label)
    figures = {f"forest_{stem}": report.Picture(forest, f"{title}: {scale} with 95% intervals.")}
    if countries := _countries(found, fit, title):
        figures[f"countries_{stem}"] = countries
    table = report.format_estimates(estimates, caption=title)
    return Part(f"Model: {title}", text, figures, {f"model_{stem}": table})


def _countries(found: Analysis, fit: Any, title: str) -> report.Picture | None:
    """Countries with enough readers to be shown; None when there is none."""
    effects = fit.random_effects().query("group == 'country'")
    readers = _by_country(found)
    shown = effects[effects["level"].map(readers).ge(found.study.config.report.smallest_cell)]
    if not len(shown):
        return None
    reach = 1.96 * shown["sd"]
    modes = shown.assign(estimate=shown["mode"], conf_low=shown["mode"] - reach, conf_high=shown["mode"] + reach)
    hidden = len(effects) - len(shown)
    caption = f"{title}: how countries differ from the average country, shrunk towards it (conditional modes, 95%)."
    caption += f" Not shown: {_many(hidden, 'country')} with few readers." if hidden else ""
    return report.Picture(report.caterpillar(modes, label="Difference (logit)"), caption)


def _by_country(found: Analysis) -> pd.Series:
    readers = found.study.table("readers").query("kind == 'person'")
    return readers["country"].value_counts() if "country" in readers else pd.Series(dtype=int)


def _lesions_of(found: Analysis, case: object) -> pd.DataFrame | None:
    if not found.study.has("regions"):
        return None
    regions = found.study.table("regions")
    return regions[(regions["case"] == case) & (regions["kind"] == "lesion")]


def _many(count: int, noun: str) -> str:
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{count:,} {noun if count == 1 else plural}"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _file_name(name: object) -> str:
    """A name as a file's: letters, digits and underscores alone, so that no path can be made of it."""
    return "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in str(name))[:60]
