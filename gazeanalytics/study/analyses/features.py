"""Scanpath features: one row of measures a reading."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from gazeanalytics import gaze
from gazeanalytics.study.analyses.findings import label_traces
from gazeanalytics.study.analysis import READING_COLUMNS, Analysis, Part, many
from gazeanalytics.study.result import NotPossibleError, Outcome, StudyResult
from gazeanalytics.study.study import Study
from gazeanalytics.tables import InputError

__all__ = ["measure_features", "organ_visits"]


def measure_features(study: Study, fixations: pd.DataFrame, saccades: pd.DataFrame | None = None) -> pd.DataFrame:
    """Measure scanpath features of each reading; measures in degrees are NaN when the viewing distance is not given.

    Parameters
    ----------
    study : Study
        Gives images, regions and the settings of `[features]`.
    fixations, saccades : pandas.DataFrame
        The tables of those names, whole: the ambient/focal coefficient is standardised over all readings.

    Examples
    --------
    >>> from gazeanalytics.study.examples import example_study
    >>> study = example_study()
    >>> measure_features(study, study.table("fixations"))[["reading", "fixations"]].head(2).values.tolist()
    [[1.0, 3.0], [2.0, 2.0]]
    """
    regions = study.table("regions") if study.has("regions") else None
    visits = None if regions is None else organ_visits(study, fixations)
    return gaze.scanpath_features(
        fixations,
        study.viewing(pd.Series(fixations["reading"].unique())),
        study.images_of(fixations),
        saccades=saccades,
        visits=visits,
        regions=regions,
        settings=study.config.features.options,
    )


def organ_visits(study: Study, fixations: pd.DataFrame) -> pd.DataFrame:
    """Visits (dwells) of the areas of interest: organs and grid cells, or lesions where there is nothing else.

    Examples
    --------
    >>> from gazeanalytics.study.examples import example_study
    >>> study = example_study()
    >>> organ_visits(study, study.table("fixations"))[["reading", "region"]].head(3).values.tolist()
    [[1, 'right'], [1, 'left'], [2, 'right']]
    """
    regions = study.table("regions")
    organs = regions[regions["kind"] != "lesion"]
    return gaze.visits(fixations, organs if len(organs) else regions, study.images_of(fixations))


def check(study: Study, options: object) -> None:
    """Check that `[features]` holds options that the measures know, and that mentions asked for have a time."""
    place = f"{study.folder / 'study.toml'}, features"
    gaze.FeatureSettings.from_mapping(study.config.features.options, place=f"{place}.options")
    if study.config.features.before_mention and not (study.has("traces") and "onset" in study.table("traces")):
        raise InputError(
            f"{place}.before_mention: needs traces with a column 'onset'; add it, or give first_ms instead"
        )


def run(known: StudyResult, options: object) -> Outcome:
    """Measure all readings with gaze, of the whole reading or of its beginning."""
    study, fixations = known.study, known.fixations
    saccades = known.table("saccades") if known.has("saccades") else None
    counts = {"readings without gaze": len(study.table("readings")) - fixations["reading"].nunique()}
    if study.config.features.restricted:
        moment = _moment(known)
        whole = fixations["reading"].nunique()
        fixations = gaze.early_gaze(fixations, moment)
        saccades = None if saccades is None else gaze.early_gaze(saccades, moment)
        counts["readings without early gaze"] = whole - fixations["reading"].nunique()
        if not len(fixations):
            raise NotPossibleError(f"no fixation begins in {study.config.features.restricted}; see [features]")
    features = measure_features(study, fixations, saccades)
    return Outcome(tables={"features": features}, by_reading=features, counts=counts)


def _moment(known: StudyResult) -> pd.Series:
    """Up to when gaze counts, of each reading (ms); readings whose words have no time are left out."""
    study, config = known.study, known.study.config.features
    readings = pd.Index(study.table("readings")["reading"])
    moment = pd.Series(float("inf") if config.first_ms is None else config.first_ms, readings)
    if not config.before_mention:
        return moment
    traces = study.table("traces")
    findings = known.table("findings") if known.has("findings") else label_traces(study)
    mentions = findings[["reading", "step"]].merge(traces[["reading", "step", "onset"]], on=["reading", "step"])
    first = mentions.groupby("reading")["onset"].min().reindex(readings)
    timed = readings.isin(traces.loc[traces["onset"].notna(), "reading"])
    # Where nothing is mentioned all gaze comes before a mention; where one comes first, none does.
    return moment.clip(upper=first.fillna(float("inf"))).where(timed & ~(first <= 0))


def show(known: StudyResult, outcome: Outcome) -> Iterator[Part]:
    """Say that features are not of whole readings; nothing where they are."""
    restricted = known.study.config.features.restricted
    if restricted:
        left = outcome.counts["readings without early gaze"]
        text = f"Scanpath features, and the strategies found in them, are of {restricted}: gaze that follows a later "
        text += f"decision can't enter them. {many(left, 'reading')} without such gaze left out."
        yield Part("Gaze before the decision", text)


ANALYSIS = Analysis(
    name="features",
    question="How does each reading search: scanpath features?",
    run=run,
    needs=("fixations",),
    uses=("saccades", "regions", "findings"),
    makes=("features", READING_COLUMNS),
    check=check,
    show=show,
)
