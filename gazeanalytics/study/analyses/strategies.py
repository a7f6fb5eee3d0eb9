"""Search strategies: types with their likely names and users, or a continuum with its components and archetypes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd

from gazeanalytics import gaze, report, strategies
from gazeanalytics.study.analysis import READING_COLUMNS, Analysis, Part, file_name, many, readers_by_country, words
from gazeanalytics.study.result import NotPossibleError, StrategiesOutcome, StudyResult
from gazeanalytics.study.study import Study
from gazeanalytics.tables import InputError, nearest

__all__ = ["find_archetypes", "find_strategies", "readers_and_cases"]


def find_strategies(
    study: Study, features: pd.DataFrame, *, rng: int | np.random.Generator | None = None
) -> strategies.StrategyModel:
    """Look for search strategies in the features: types, a continuum, or none.

    Parameters
    ----------
    study : Study
        Gives readers, cases and the settings of `[strategies]`.
    features : pandas.DataFrame
        Table `features`.
    rng : int or numpy.random.Generator, optional
        Default: the study's seed.

    Returns
    -------
    strategies.StrategyModel
        Fitted; `.verdict` says what is there.
    """
    asked = study.config.strategies.features or [name for name in gaze.STRATEGY_FEATURES if name in features]
    for name in asked:
        if name not in features:
            have = nearest(name, list(features.columns))
            raise InputError(f"{study.folder / 'study.toml'}, strategies.features: {name!r} is not measured; {have}")
    measured = [name for name in asked if features[name].notna().any()]
    who = readers_and_cases(study, features)
    return strategies.StrategyModel.fit(
        features[["reading", *measured]],
        readers=who["readers"],
        cases=who["cases"],
        settings=study.config.strategies.options,
        rng=study.config.study.seed if rng is None else rng,
    )


def find_archetypes(
    study: Study, features: pd.DataFrame, fitted: strategies.StrategyModel
) -> strategies.Archetypes | None:
    """Find the extremes that readings of a continuum are mixtures of; None where `fitted` found no continuum."""
    if fitted.verdict != "continuum":
        return None
    return strategies.Archetypes.fit(features[["reading", *fitted.scaling.names]], rng=study.config.study.seed)


def readers_and_cases(study: Study, features: pd.DataFrame) -> dict[str, pd.Series]:
    """Reader and case of each row of the features, as the strategies expect them: `readers`, `cases`.

    Examples
    --------
    >>> from gazeanalytics.study.examples import example_study
    >>> rows = readers_and_cases(example_study(), pd.DataFrame({"reading": [3, 1]}))
    >>> rows["readers"].tolist(), rows["cases"].tolist()
    (['bob', 'ann'], ['one', 'one'])
    """
    who = features[["reading"]].merge(study.table("readings")[["reading", "reader", "case"]], on="reading", how="left")
    return {"readers": who["reader"], "cases": who["case"]}


def check(study: Study, options: object) -> None:
    """Check that `[strategies]` holds options that the search knows."""
    place = f"{study.folder / 'study.toml'}, strategies.options"
    strategies.StrategySettings.from_mapping(study.config.strategies.options, place=place)


def run(known: StudyResult, options: object) -> StrategiesOutcome:
    """Fit strategies; readings that don't allow it (too few, features that don't vary) are the data's answer."""
    study, features = known.study, known.features
    try:
        fitted = find_strategies(study, features)
    except InputError:
        raise
    except ValueError as error:
        if study.config.strategies.options or study.config.strategies.features:
            raise InputError(f"{study.folder / 'study.toml'}, strategies: {error}") from error
        raise NotPossibleError(str(error)) from error
    archetypes = find_archetypes(study, features, fitted)
    columns, components = _columns(study, fitted, archetypes, features)
    placed = columns if columns is not None and "strategy" in columns else None
    return StrategiesOutcome(
        fitted=fitted,
        archetypes=archetypes,
        components=components,
        tables={} if placed is None else {"strategies": placed},
        by_reading=columns,
        counts={} if placed is None else {"readings without a strategy": int(placed["strategy"].isna().sum())},
    )


def _columns(
    study: Study,
    fitted: strategies.StrategyModel,
    archetypes: strategies.Archetypes | None,
    features: pd.DataFrame,
) -> tuple[pd.DataFrame | None, tuple[str, ...]]:
    """Columns to join by reading: strategy and strength of types, or components and archetype shares of a continuum."""
    if fitted.verdict == "none":
        return None, ()
    if fitted.verdict == "types":
        return fitted.assign(features, **readers_and_cases(study, features)), ()
    components = _as_columns(fitted.components(features, **readers_and_cases(study, features)))
    names = tuple(str(name) for name in components if name != "reading")
    if archetypes is not None:
        components = components.merge(_as_columns(archetypes.scores(features)), on="reading", how="left")
    return components, names


def _as_columns(scores: pd.DataFrame) -> pd.DataFrame:
    """Scores under names that formulas can hold."""
    named = scores.rename(columns={"distance": "archetype_distance"})
    return named.rename(columns=lambda name: name.replace(" ", "_"))


def show(known: StudyResult, outcome: StrategiesOutcome) -> Iterator[Part]:
    """The part on search strategies."""
    if outcome.fitted.verdict == "types":
        yield _types(known, outcome)
    elif outcome.archetypes is not None:
        yield _continuum(known, outcome, outcome.archetypes)
    else:
        yield Part(_HEADING, outcome.fitted.summary())


_HEADING = "Search strategies"


def _types(known: StudyResult, outcome: StrategiesOutcome) -> Part:
    profile = outcome.fitted.profile()
    caption = "What marks each strategy: its difference from all other readings, in pooled standard deviations."
    figures = {"strategy_profiles": report.Picture(report.strategy_profiles(profile), caption)}
    figures |= _shares(known)
    surest = known.readings.dropna(subset=["strategy"]).sort_values(["strength", "reading"], ascending=[False, True])
    first = surest.groupby("strategy", sort=True).head(1).set_index("strategy").sort_index()
    figures |= _examples(known, first["reading"].items(), "the reading that belongs there most surely")
    tables = {"strategy_profiles": _profile_table(profile), "strategy_names": _names_table(known)}
    return Part(_HEADING, outcome.fitted.summary(), figures, tables)


def _continuum(known: StudyResult, outcome: StrategiesOutcome, extremes: strategies.Archetypes) -> Part:
    text = outcome.fitted.summary()
    caption = "The components that readings spread along, and the features that load on them."
    figures = {"strategy_components": report.Picture(report.component_loadings(outcome.fitted.loadings()), caption)}
    explained = extremes.explained.set_index("archetypes")["explained"][len(extremes.names)]
    text += (
        f" Each reading is nearly a mixture of {many(len(extremes.names), 'archetype')}, extremes that are no types: "
        f"such mixtures explain {explained:.0%} of the variance. The table readings holds each reading's shares."
    )
    shares = known.readings[[name.replace(" ", "_") for name in extremes.names]].rename(columns=words)
    figures["archetypes"] = report.Picture(
        report.archetype_map(shares), "Readings between their archetypes, each at the average of its shares."
    )
    figures["archetype_profiles"] = report.Picture(
        report.archetype_profiles(extremes.profile()),
        "What marks each archetype: its place in standard deviations from the mean reading.",
    )
    examples = zip(extremes.names, extremes.exemplars, strict=True)
    figures |= _examples(known, examples, "the reading nearest to it")
    return Part(_HEADING, text, figures)


def _profile_table(profile: pd.DataFrame) -> report.PaperTable:
    """Features down, strategies across; the file keeps one row a strategy and feature, in full precision."""
    wide = profile.assign(cell=_with_intervals(profile)).pivot(index="feature", columns="strategy", values="cell")
    wide = wide.reindex(profile["feature"].unique())
    text = wide.rename(index=words).rename_axis(columns=None).reset_index(names="Feature").astype(str)
    caption = "Strategies: difference from all other readings in pooled standard deviations, with 95% intervals"
    return report.PaperTable(profile, text, caption)


def _with_intervals(table: pd.DataFrame) -> list[str]:
    parts = table[["effect", "conf_low", "conf_high"]].to_numpy(float)
    rounded = (np.round(parts, 2) + 0.0).tolist()  # 0.0 for -0.0
    return [f"{effect:.2f} [{low:.2f}, {high:.2f}]".replace("-", "\u2212") for effect, low, high in rounded]


def _names_table(known: StudyResult) -> report.PaperTable:
    """How far each strategy goes the way of each one that the literature names; suggestions, never labels."""
    placed = known.readings[["reading", "strategy", "strength"]]
    scores = strategies.hypotheses(known.features)
    names = strategies.suggest_names(placed, scores, readers=known.readings["reader"])
    rated = names[names["effect"].notna()]
    cells = rated.assign(cell=_with_intervals(rated))
    cells.loc[cells["suggested"], "cell"] += " *"
    wide = cells.pivot(index="hypothesis", columns="strategy", values="cell").reindex(rated["hypothesis"].unique())
    text = wide.fillna("–").rename_axis(columns=None).reset_index(names="Named strategy").astype(str)
    sources = [
        f"{hypothesis}: {words(evidence).replace(' -', ' −')} ({source})."
        for hypothesis, evidence, source in rated[["hypothesis", "evidence", "source"]].drop_duplicates().to_numpy(str)
    ]
    return report.PaperTable(
        names,
        text,
        "What the strategies may be called: how far each goes the way that the literature's named strategies predict, "
        "against all other readings, in pooled standard deviations with 95% intervals",
        ("* A suggestion: above 0, and above the second best. Without one, these data suggest no name.", *sources),
    )


def _shares(known: StudyResult) -> dict[str, report.Picture]:
    min_cell = known.study.config.report.min_cell
    people = known.people()
    by = [name for name in ("experience_years",) if name in people and people[name].notna().any()]
    by += ["country"] if readers_by_country(known.study.table("readers")).ge(min_cell).any() else []
    return {
        f"strategies_by_{name}": report.Picture(
            report.strategy_shares(people, by=name, min_cell=min_cell),
            f"How often each strategy is used, by {words(name)}.",
        )
        for name in by
    }


def _examples(known: StudyResult, readings: Iterable[tuple], why: str) -> dict[str, report.Picture]:
    """One scanpath for each name: that of the reading beside it."""
    figures, by_key = {}, known.readings.set_index("reading")
    for name, reading in readings:
        row = by_key.loc[reading]
        drawn = report.scanpath(
            known.fixations[known.fixations["reading"] == reading],
            stimulus=report.Stimulus(
                size=(row["width"], row["height"]),
                regions=_lesions_of(known, row["case"]),
                viewing=known.study.viewing(pd.Series([reading])),
            ),
        )
        # Names are the package's own ("strategy 1"): they differ by more than their blanks.
        figures[f"scanpath_{file_name(str(name).replace(' ', '_'))}"] = report.Picture(
            drawn, f"A scanpath of {name}: {why}. The image itself is not available here."
        )
    return figures


def _lesions_of(known: StudyResult, case: object) -> pd.DataFrame | None:
    if not known.study.has("regions"):
        return None
    regions = known.study.table("regions")
    return regions[(regions["case"] == case) & (regions["kind"] == "lesion")]


ANALYSIS = Analysis(
    name="strategies",
    question="Are there search strategies: types, a continuum, or none?",
    run=run,
    needs=("features",),
    makes=("strategies", READING_COLUMNS),
    check=check,
    show=show,
    page=30,
)
