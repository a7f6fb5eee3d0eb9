"""Scanpath features, one row a reading: dwell time, coverage, entropy, recurrence, AOI measures, ambient-focal K."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import cache

import numpy as np
import pandas as pd

from gazeanalytics.discovery import plugged_in
from gazeanalytics.gaze._points import Points, prepare
from gazeanalytics.gaze.aoi.regions import visits as make_visits
from gazeanalytics.gaze.features.ambient_focal import ambient_focal, ambient_focal_scale, clusters, course
from gazeanalytics.gaze.features.aoi import checklist, lesions, regions_covered, regions_seen
from gazeanalytics.gaze.features.basic import counts, directions, durations, saccade_measures, steps
from gazeanalytics.gaze.features.early_gaze import early_gaze
from gazeanalytics.gaze.features.examples import example_scanpaths
from gazeanalytics.gaze.features.feature_sets import NEED_ANGLE, STRATEGY_FEATURES
from gazeanalytics.gaze.features.sequence import recurrence, transitions
from gazeanalytics.gaze.features.settings import FeatureSettings
from gazeanalytics.gaze.features.spatial import circling, coverage, extent, spatial_entropy
from gazeanalytics.gaze.features.time_bins import time_course
from gazeanalytics.geometry import Viewing

__all__ = [
    "NEED_ANGLE",
    "STRATEGY_FEATURES",
    "FeatureSettings",
    "ambient_focal",
    "ambient_focal_scale",
    "early_gaze",
    "example_scanpaths",
    "scanpath_features",
    "time_course",
]

Measure = Callable[[Points, FeatureSettings], dict[str, np.ndarray]]

_MEASURES = (durations, steps, directions, extent, coverage, spatial_entropy, circling, clusters, recurrence)


@cache
def _added_measures() -> tuple[Measure, ...]:
    """Measures of files that were added to this folder: each names its functions in MEASURES."""
    return tuple(group for groups in plugged_in(__name__, __path__, "MEASURES").values() for group in groups)


def scanpath_features(
    fixations: pd.DataFrame,
    viewing: Viewing | None,
    images: pd.DataFrame,
    *,
    saccades: pd.DataFrame | None = None,
    visits: pd.DataFrame | None = None,
    regions: pd.DataFrame | None = None,
    settings: FeatureSettings | Mapping[str, object] | None = None,
) -> pd.DataFrame:
    """Scanpath features of each reading: one row a reading, one column a measure.

    Parameters
    ----------
    fixations : pandas.DataFrame
        A fixations table. Points without a duration (cursor, clicks) are welcome: measures of time are then NaN.
        Fixations without a place are left out, and so are the steps to and from them.
    viewing : Viewing or None
        Of all readings, or with one element per row of `images`. None when no angle is known: measures in degrees, and
        those that need a radius in degrees (`NEED_ANGLE`), are then NaN.
    images : pandas.DataFrame
        One row a reading: reading, case, width and height (px); readings without fixations are kept.
    saccades : pandas.DataFrame, optional
        A saccades table. Amplitudes are then those of the saccades; else they are the steps between fixations.
    visits : pandas.DataFrame, optional
        A visits table of organs or grid cells; made from `regions` when not given (the first in the table wins).
    regions : pandas.DataFrame, optional
        A regions table. Lesions may overlap organs, so that their measures are taken from the fixations.
    settings : FeatureSettings or mapping, optional
        Radii, grids and thresholds, each with its source; a mapping names some of its attributes.

    Returns
    -------
    pandas.DataFrame
        A features table in the order of `images`. The docstring of each function named here gives formula, unit and
        source: `counts`, `durations`, `steps`, `directions`, `saccade_measures`, `extent`, `coverage`,
        `spatial_entropy`, `circling`, `course`, `clusters`, `recurrence`, `transitions`, `regions_seen`,
        `regions_covered`, `lesions`, `checklist`. What isn't defined (the spread of one fixation) is NaN.
        `attrs["settings"]` and `attrs["amplitudes_from"]` say how the measures were made.

    Raises
    ------
    ValueError
        If a reading isn't in `images`, a setting makes no sense, or a mapping has a name that is no setting.

    See Also
    --------
    STRATEGY_FEATURES : which of them suit the search for strategies.
    time_course : the main ones, part by part.
    gazeanalytics.gaze.aoi_metrics : one row a reading and area of interest (AOI).

    Examples
    --------
    A reader who goes round the image, one who goes back and forth across it, and one who never looked:

    >>> angle = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    >>> loop = pd.DataFrame({"reading": 1, "x": 500 + 400 * np.cos(angle), "y": 500 - 400 * np.sin(angle)})
    >>> line = pd.DataFrame({"reading": 2, "x": [100, 300, 500, 700, 900] * 4, "y": 510})
    >>> fixations = pd.concat([loop, line]).assign(onset=np.tile(np.arange(20) * 300, 2), duration=250)
    >>> images = pd.DataFrame({"reading": [1, 2, 3], "case": "a", "width": 1000, "height": 1000})
    >>> made = scanpath_features(fixations, Viewing.from_px_per_deg(40, 1000, 1000), images)
    >>> made[["fixations", "hull_deg2", "horizontality", "winding_steadiness", "coverage_share"]].round(2)
       fixations  hull_deg2  horizontality  winding_steadiness  coverage_share
    0       20.0     304.45           0.05                1.00            0.47
    1       20.0       0.00           1.00                0.14            0.16
    2        0.0        NaN            NaN                 NaN            0.00
    """
    chosen = FeatureSettings.given(settings)
    # Angles, rays and steps are taken once; every group of measures is then a kernel over the same arrays.
    points = prepare(fixations, viewing, images, chosen.n_jobs)
    _warn_of_long(points, chosen)
    made = counts(points)
    for group in (*_MEASURES, *_added_measures()):
        made |= group(points, chosen)
    made |= transitions(points, chosen) | course(points, chosen, images)
    if viewing is None:
        made |= {name: np.full(len(images), np.nan) for name in NEED_ANGLE}
    if saccades is not None:
        made |= saccade_measures(saccades, images, made["scanpath_duration_ms"], chosen)
    made |= _of_regions((fixations, points), viewing, images, (visits, regions), chosen)
    table = pd.DataFrame({"reading": images["reading"].array, **made})
    # Without the count of threads, on which nothing depends: files of two machines stay the same.
    table.attrs["settings"] = {name: value for name, value in asdict(chosen).items() if name != "n_jobs"}
    table.attrs["amplitudes_from"] = "fixations" if saccades is None else "saccades"
    return table


def _warn_of_long(points: Points, settings: FeatureSettings) -> None:
    long = points.found.keys[points.found.lengths > settings.max_fixations]
    if len(long):
        more = f" and {len(long) - 1} more" if len(long) > 1 else ""
        warnings.warn(
            f"reading {long[0]}{more}: more than max_fixations = {settings.max_fixations:,} fixations, so recurrence, "
            "nearest_neighbour_index and lempel_ziv are NaN; raise max_fixations, or split the reading",
            stacklevel=3,
        )


def _of_regions(
    gaze: tuple[pd.DataFrame, Points],
    viewing: Viewing | None,
    images: pd.DataFrame,
    given: tuple[pd.DataFrame | None, pd.DataFrame | None],
    settings: FeatureSettings,
) -> dict[str, np.ndarray]:
    """Measures that need regions or visits (`given`); none when neither is."""
    (fixations, points), (visits, regions) = gaze, given
    if regions is None:
        return {} if visits is None else _of_visits(visits, images, None, settings)
    # Organs share out the image, so a fixation belongs to one of them; a lesion lies in an organ, and both count.
    lesion = regions["kind"].eq("lesion")
    organs, spots = regions[~lesion], regions[lesion]
    near = {"hit_radius_deg": settings.hit_radius_deg, "viewing": viewing}
    made: dict[str, np.ndarray] = {}
    if len(organs):
        seen = make_visits(fixations, organs, images, **near) if visits is None else visits
        made |= _of_visits(seen, images, organs, settings) | regions_covered(points, organs, viewing, images, settings)
    if len(spots):
        made |= lesions(make_visits(fixations, spots, images, overlap="all", **near), images, spots, points)
    return made


def _of_visits(
    visits: pd.DataFrame, images: pd.DataFrame, organs: pd.DataFrame | None, settings: FeatureSettings
) -> dict[str, np.ndarray]:
    region = visits["region"] if organs is None else organs["region"]
    names = pd.Index(np.asarray(region.unique()))
    made = regions_seen(visits, images, names, settings)
    return made | checklist(visits, images, settings) if settings.checklist else made
