"""The steps of an analysis, each a function of a study and of what came before; a notebook may call any one alone."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd

from gazeanalytics import events, gaze, reasoning, strategies, tables
from gazeanalytics.geometry import Viewing
from gazeanalytics.readings import assemble, score
from gazeanalytics.study.study import Study
from gazeanalytics.tables import InputError, nearest

__all__ = [
    "Gaze",
    "check_options",
    "detect_events",
    "find_archetypes",
    "find_strategies",
    "label_traces",
    "measure_features",
    "meet",
    "readers_and_cases",
]


@dataclass(frozen=True, slots=True)
class Gaze:
    """What one part of a study, or all of it, shows of the eye.

    Attributes
    ----------
    fixations : pandas.DataFrame
        Table `fixations`.
    saccades : pandas.DataFrame or None
        Table `saccades`; None where the study brings fixations only.
    quality : pandas.DataFrame or None
        One row a reading: data loss, rate, precision; None without samples.
    settings : dict
        The detector and its thresholds; empty where the study brings fixations.
    """

    fixations: pd.DataFrame
    saccades: pd.DataFrame | None
    quality: pd.DataFrame | None
    settings: dict[str, Any]


def check_options(study: Study) -> None:
    """Check that study.toml names a detector, and options that the detector, the features and the strategies know.

    Raises
    ------
    InputError
        Naming the key and what it may be.
    """
    config, place = study.config, study.folder / "study.toml"
    name = config.events.detector
    if name not in events.DETECTORS:
        choices = nearest(name, list(events.DETECTORS))
        raise InputError(f"{place}, events.detector: {name!r} is not known; {choices}")
    events.DETECTORS[name].settings.from_mapping(config.events.options, place=f"{place}, events.options")
    known = {
        "features": [field.name for field in fields(gaze.FeatureSettings)],
        "strategies": [field.name for field in fields(strategies.Settings)],
    }
    for section, names in known.items():
        for option in getattr(config, section).options:
            if option not in names:
                raise InputError(f"{place}, {section}.options: {option!r} is not known; {nearest(option, names)}")


def detect_events(study: Study, samples: pd.DataFrame) -> Gaze:
    """Find fixations and saccades in raw gaze, as `[events]` of study.toml asks.

    Parameters
    ----------
    study : Study
        Gives the viewing geometry and the detector's settings.
    samples : pandas.DataFrame
        Table `samples`, the whole of it or one shard.

    Raises
    ------
    InputError
        If the detector is not known, its settings don't fit the recording, or no screen is told.
    """
    check_options(study)
    name = study.config.events.detector
    viewing = _viewing(study, samples)
    if viewing is None:
        raise InputError(
            f"{study.folder / 'study.toml'}: raw gaze needs degrees, so give [screen] (width_px, height_px, width_mm, "
            "height_mm, distance_mm) or a column px_per_deg in cases"
        )
    found = events.detect(samples, viewing, detector=name, settings=study.config.events.options)
    quality = events.quality(samples, viewing)
    return Gaze(found.fixations, found.saccades, quality, dict(found.settings))


def measure_features(study: Study, fixations: pd.DataFrame, saccades: pd.DataFrame | None = None) -> pd.DataFrame:
    """Measure each reading's scanpath; measures in degrees are NaN when no angle is told.

    Parameters
    ----------
    study : Study
        Gives images, regions and the settings of `[features]`.
    fixations, saccades : pandas.DataFrame
        The tables of those names, whole: the ambient/focal coefficient is told against the mean of all readings.
    """
    images = _images_of(study, fixations)
    regions = study.table("regions") if study.has("regions") else None
    viewing = _viewing(study, fixations)
    visits = None
    if regions is not None:
        organs = regions[regions["kind"] != "lesion"]
        visits = gaze.visits(fixations, organs if len(organs) else regions, images)
    return gaze.scanpath_features(
        fixations,
        viewing,
        images,
        saccades=saccades,
        visits=visits,
        regions=regions,
        settings=study.config.features.options,
    )


def find_strategies(study: Study, features: pd.DataFrame, *, rng: int | np.random.Generator | None = None) -> Any:
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
    strategies.Strategies
        Fitted; `.verdict` says what is there.
    """
    wanted = study.config.strategies.features or [name for name in gaze.STRATEGY_FEATURES if name in features]
    for name in wanted:
        if name not in features:
            have = nearest(name, list(features.columns))
            raise InputError(f"{study.folder / 'study.toml'}, strategies.features: {name!r} is not measured; {have}")
    known = [name for name in wanted if features[name].notna().any()]
    return strategies.Strategies.fit(
        features[["reading", *known]],
        **readers_and_cases(study, features),
        rng=study.config.study.seed if rng is None else rng,
        **study.config.strategies.options,
    )


def find_archetypes(study: Study, features: pd.DataFrame, fitted: Any) -> Any:
    """Find the extremes that readings of a continuum are mixtures of.

    Returns
    -------
    strategies.Archetypes or None
        None where `fitted` found no continuum.
    """
    if fitted is None or fitted.verdict != "continuum":
        return None
    return strategies.Archetypes.fit(features[["reading", *fitted.scaling.names]], rng=study.config.study.seed)


def readers_and_cases(study: Study, features: pd.DataFrame) -> dict[str, pd.Series]:
    """Reader and case of each row of the features, as strategies want them: `readers`, `cases`."""
    who = features[["reading"]].merge(study.table("readings")[["reading", "reader", "case"]], on="reading", how="left")
    return {"readers": who["reader"], "cases": who["case"]}


def label_traces(study: Study) -> pd.DataFrame:
    """Findings with their certainty: as the study brings them, or read out of the traces; no rows without either.

    An AI model's output is parted into reasoning and answer first. The certainty of a finding is that of the reasoning;
    the answer adds what the reasoning doesn't mention.
    """
    if study.has("findings"):
        return study.table("findings")
    if study.has("traces"):
        traces, readers = study.table("traces"), study.table("readers")
        models = readers.loc[readers["kind"] == "model", "reader"]
        readings = study.table("readings")
        by_model = traces["reading"].isin(readings.loc[readings["reader"].isin(models), "reading"])
        parts = [reasoning.label_findings(traces[~by_model])]
        if by_model.any():
            parts.append(_label_outputs(traces[by_model]))
        return pd.concat(parts, ignore_index=True)
    columns = {column.name: pd.Series(dtype=object) for column in tables.TABLES["findings"].columns}
    return pd.DataFrame(columns)


def meet(study: Study, *by_reading: pd.DataFrame, findings: pd.DataFrame) -> pd.DataFrame:
    """Join readers, cases, gaze, strategies and outcomes into the table `readings`.

    Outcomes that the study brings itself (columns `correct`, `uncertainty` of its readings) are kept as they are.
    """
    readings, cases = study.table("readings"), study.table("cases")
    extra = list(by_reading)
    if len(findings):
        scored = score(reasoning.conclude(findings), readings, cases, call_at=study.config.outcomes.call_at)
        extra.append(scored.drop(columns=[c for c in scored if c != "reading" and c in readings]))
    return assemble(readings, study.table("readers"), cases, *extra)


def _label_outputs(traces: pd.DataFrame) -> pd.DataFrame:
    parsed = reasoning.parse_outputs(traces["text"])
    # An output whose answer could not be told apart is read whole: nothing that a model says is dropped.
    said = parsed["reasoning"].where(parsed["kind"] != "unparsed", traces["text"])
    thought = reasoning.label_findings(traces.assign(text=said))
    answer = reasoning.label_findings(traces.assign(text=parsed["answer"].fillna("")))
    known = pd.MultiIndex.from_frame(thought[["reading", "finding"]])
    added = ~pd.MultiIndex.from_frame(answer[["reading", "finding"]]).isin(known)
    return pd.concat([thought, answer[added]], ignore_index=True).sort_values("reading", kind="stable")


def _images_of(study: Study, rows: pd.DataFrame) -> pd.DataFrame:
    present = pd.Index(rows["reading"].unique())
    return study.images.set_index("reading").loc[present].reset_index()


def _viewing(study: Study, rows: pd.DataFrame) -> Viewing | None:
    return study.viewing(pd.Series(rows["reading"].unique()))
