"""Scanpath features: one row of measures a reading."""

from __future__ import annotations

import pandas as pd

from gazeanalytics import gaze
from gazeanalytics.study.analysis import READING_COLUMNS, Analysis
from gazeanalytics.study.result import Outcome, StudyResult
from gazeanalytics.study.study import Study

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
    """Check that `[features]` holds options that the measures know."""
    place = f"{study.folder / 'study.toml'}, features.options"
    gaze.FeatureSettings.from_mapping(study.config.features.options, place=place)


def run(known: StudyResult, options: object) -> Outcome:
    """Measure all readings with gaze."""
    saccades = known.table("saccades") if known.has("saccades") else None
    features = measure_features(known.study, known.fixations, saccades)
    without = len(known.study.table("readings")) - len(features)
    return Outcome(tables={"features": features}, by_reading=features, counts={"readings without gaze": without})


ANALYSIS = Analysis(
    name="features",
    question="How does each reading search: scanpath features?",
    run=run,
    needs=("fixations",),
    uses=("saccades", "regions"),
    makes=("features", READING_COLUMNS),
    check=check,
)
