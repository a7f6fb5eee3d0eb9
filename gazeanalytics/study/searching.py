"""What a paper shows of the search: types, their likely names and their users, or a continuum and its extremes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gazeanalytics import report, strategies
from gazeanalytics.study.parts import Part, file_name, many, readers_by_country, words

if TYPE_CHECKING:
    from gazeanalytics.study.analysis import Analysis

__all__ = ["search_part"]


def search_part(found: Analysis) -> Part:
    """The part on search strategies."""
    heading, fitted = "Search strategies", found.strategies
    if fitted is None:
        return Part(heading, f"Not looked for: {found.not_searched}.")
    if fitted.verdict == "types":
        return _types(found, heading)
    if fitted.verdict == "continuum":
        return _continuum(found, heading)
    return Part(heading, fitted.summary())


def _types(found: Analysis, heading: str) -> Part:
    profile = found.strategies.profile()
    caption = "What marks each strategy: its difference from all other readings, in pooled standard deviations."
    figures = {"strategy_profiles": report.Picture(report.strategy_profiles(profile), caption)}
    figures |= _shares(found)
    surest = found.readings.dropna(subset=["strategy"]).sort_values(["strength", "reading"], ascending=[False, True])
    first = surest.groupby("strategy", sort=True).head(1).set_index("strategy").sort_index()
    figures |= _examples(found, first["reading"].items(), "the reading that belongs there most surely")
    tables = {"strategy_profiles": _profile_table(profile), "strategy_names": _names_table(found)}
    return Part(heading, found.strategies.summary(), figures, tables)


def _continuum(found: Analysis, heading: str) -> Part:
    text, extremes = found.strategies.summary(), found.archetypes
    caption = "The axes that readings spread along, and the features they gather."
    figures = {"strategy_axes": report.Picture(report.axis_loadings(found.strategies.loadings()), caption)}
    told = extremes.explained.set_index("archetypes")["explained"][len(extremes.names)]
    text += (
        f" Each reading is nearly a mixture of {many(len(extremes.names), 'archetype')}, extremes that are no types: "
        f"such mixtures tell {told:.0%} of the variance. The table readings holds each reading's shares."
    )
    shares = found.readings[[name.replace(" ", "_") for name in extremes.names]].rename(columns=words)
    figures["archetypes"] = report.Picture(
        report.archetype_map(shares), "Readings between their archetypes, each at the average of its shares."
    )
    figures["archetype_profiles"] = report.Picture(
        report.archetype_profiles(extremes.profile()),
        "What marks each archetype: its place in standard deviations from the mean reading.",
    )
    examples = zip(extremes.names, extremes.exemplars, strict=True)
    figures |= _examples(found, examples, "the reading nearest to it")
    return Part(heading, text, figures)


def _profile_table(profile: pd.DataFrame) -> report.PaperTable:
    """Features down, strategies across; the file keeps one row a strategy and feature, in full precision."""
    wide = profile.assign(cell=_with_intervals(profile)).pivot(index="feature", columns="strategy", values="cell")
    wide = wide.reindex(profile["feature"].unique())
    text = wide.rename(index=words).rename_axis(columns=None).reset_index(names="Feature").astype(str)
    caption = "Strategies: difference from all other readings in pooled standard deviations, with 95% intervals"
    return report.PaperTable(profile, text, caption)


def _with_intervals(table: pd.DataFrame) -> list[str]:
    parts = table[["effect", "conf_low", "conf_high"]].to_numpy(float)
    told = (np.round(parts, 2) + 0.0).tolist()  # 0.0 for -0.0
    return [f"{effect:.2f} [{low:.2f}, {high:.2f}]".replace("-", "\u2212") for effect, low, high in told]


def _names_table(found: Analysis) -> report.PaperTable:
    """How far each strategy goes the way of each one that the literature names; suggestions, never labels."""
    placed = found.readings[["reading", "strategy", "strength"]]
    scores = strategies.hypotheses(found.features)
    names = strategies.suggest_names(placed, scores, readers=found.readings["reader"])
    known = names[names["effect"].notna()]
    cells = known.assign(cell=_with_intervals(known))
    cells.loc[cells["suggested"], "cell"] += " *"
    wide = cells.pivot(index="hypothesis", columns="strategy", values="cell").reindex(known["hypothesis"].unique())
    text = wide.fillna("–").rename_axis(columns=None).reset_index(names="Named strategy").astype(str)
    sources = [
        f"{hypothesis}: {words(evidence).replace(' -', ' −')} ({source})."
        for hypothesis, evidence, source in known[["hypothesis", "evidence", "source"]].drop_duplicates().to_numpy(str)
    ]
    return report.PaperTable(
        names,
        text,
        "What the strategies may be called: how far each goes the way that the literature's named strategies predict, "
        "against all other readings, in pooled standard deviations with 95% intervals",
        ("* A suggestion: above 0, and above the second best. Without one, these data suggest no name.", *sources),
    )


def _shares(found: Analysis) -> dict[str, report.Picture]:
    min_cell = found.study.config.report.min_cell
    people = found.readings[found.readings["kind"] == "person"]
    by = [name for name in ("experience_years",) if name in people and people[name].notna().any()]
    by += ["country"] if readers_by_country(found).ge(min_cell).any() else []
    return {
        f"strategies_by_{name}": report.Picture(
            report.strategy_shares(people, by=name, min_cell=min_cell),
            f"How often each strategy is used, by {words(name)}.",
        )
        for name in by
    }


def _examples(found: Analysis, readings: Iterable[tuple], why: str) -> dict[str, report.Picture]:
    """One scanpath for each name: that of the reading beside it."""
    figures, known = {}, found.readings.set_index("reading")
    for name, reading in readings:
        row = known.loc[reading]
        drawn = report.scanpath(
            found.gaze.fixations[found.gaze.fixations["reading"] == reading],
            stimulus=report.Stimulus(
                size=(row["width"], row["height"]),
                regions=_lesions_of(found, row["case"]),
                viewing=found.study.viewing(pd.Series([reading])),
            ),
        )
        figures[f"scanpath_{file_name(name)}"] = report.Picture(drawn, f"A scanpath of {name}: {why}.")
    return figures


def _lesions_of(found: Analysis, case: object) -> pd.DataFrame | None:
    if not found.study.has("regions"):
        return None
    regions = found.study.table("regions")
    return regions[(regions["case"] == case) & (regions["kind"] == "lesion")]
