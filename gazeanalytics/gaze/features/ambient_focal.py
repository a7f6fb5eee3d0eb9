"""Ambient and focal attention: Krejtz's coefficient K, global-then-focal search, clusters of fixations."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from gazeanalytics import ragged
from gazeanalytics._kernels.gaze import ambient_focal as kernels
from gazeanalytics.gaze._images import owners
from gazeanalytics.gaze._points import Points, prepare
from gazeanalytics.gaze.features.settings import FeatureSettings
from gazeanalytics.geometry import Viewing

__all__ = ["ambient_focal", "ambient_focal_scale", "clusters", "course"]


def ambient_focal_scale(
    fixations: pd.DataFrame, viewing: Viewing | None, images: pd.DataFrame
) -> tuple[float, float, float, float]:
    """Scale of the ambient-focal coefficient K: mean and sd of fixation durations (ms) and of steps (deg).

    Give it as setting `k_scale` to `scanpath_features` and `ambient_focal`, so that parts of a study share one scale.

    Examples
    --------
    >>> fixations = pd.DataFrame({"reading": 1, "onset": [0, 300, 600], "duration": [100, 200, 300],
    ...                           "x": [500, 540, 580], "y": 500})
    >>> images = pd.DataFrame({"reading": [1], "case": ["a"], "width": 1000, "height": 1000})
    >>> [round(part, 3) for part in ambient_focal_scale(fixations, Viewing.from_px_per_deg(40, 1000, 1000), images)]
    [200.0, 100.0, 1.0, 0.0]
    """
    points = prepare(fixations, viewing, images)
    whole = np.zeros(len(points.duration), np.int64)
    (mean, sd), (step_mean, step_sd) = (_mean_sd(values, whole, 1) for values in (points.duration, points.steps))
    return float(mean[0]), float(sd[0]), float(step_mean[0]), float(step_sd[0])


def ambient_focal(
    fixations: pd.DataFrame,
    viewing: Viewing | None,
    images: pd.DataFrame,
    *,
    settings: FeatureSettings | Mapping[str, object] | None = None,
) -> pd.Series:
    """Ambient or focal fixations: what each adds to K, z(duration) - z(step to the next); above 0 focal.

    Its mean over a reading is `k_coefficient`; its course over time shows the change from ambient to focal (Krejtz et
    al. 2016). Parameters are those of `scanpath_features`; of the settings `k_scope` and `k_scale` count.

    Returns
    -------
    pandas.Series
        One value a row of `fixations`, NaN for the last of a reading and where duration or place isn't known.

    See Also
    --------
    ambient_focal_scale : the scale of a whole study.
    time_course : K part by part.

    References
    ----------
    Krejtz, K., Duchowski, A., Krejtz, I., Szarkowska, A., & Kopacz, A. (2016). Discerning ambient/focal attention with
    coefficient K. ACM Transactions on Applied Perception, 13(3).

    Examples
    --------
    Short fixations and long steps first, then the reverse:

    >>> fixations = pd.DataFrame({"reading": 1, "onset": range(6), "duration": [150, 150, 150, 500, 500, 500],
    ...                           "x": [100, 900, 100, 900, 880, 900], "y": 500})
    >>> images = pd.DataFrame({"reading": [1], "case": ["a"], "width": 1000, "height": 1000})
    >>> ambient_focal(fixations, Viewing.from_px_per_deg(40, 1000, 1000), images).round(1).tolist()
    [-1.6, -1.6, -1.6, 2.0, 2.0, nan]
    """
    chosen = FeatureSettings.given(settings)
    points = prepare(fixations, viewing, images, chosen.n_jobs)
    value = focal_terms(points, chosen, images)
    placed = fixations["x"].notna() & fixations["y"].notna()
    return pd.Series(value, index=fixations.index[placed]).reindex(fixations.index).rename("ambient_focal")


def focal_terms(points: Points, settings: FeatureSettings, images: pd.DataFrame) -> np.ndarray:
    """What each of the points adds to K."""
    scale = _scales(points, settings, images)[owners(points.found)].T
    return (points.duration - scale[0]) / scale[1] - (points.steps - scale[2]) / scale[3]


def course(points: Points, settings: FeatureSettings, images: pd.DataFrame) -> dict[str, np.ndarray]:
    """Ambient-focal coefficient K of each reading, and its early against its late part.

    - `k_coefficient`: mean of z(duration of a fixation) - z(step to the next) over a reading (Krejtz et al. 2016);
      above 0 focal (long fixations, short steps), below 0 ambient. z is taken over all fixations, or over those of
      the reader or case (`settings.k_scope`).
    - `k_early`, `k_late`: the same over the first `settings.early_share` of the fixations, and over the rest.
    - `amplitude_early_late`, `duration_early_late`: log2 of the early over the late mean step and mean duration; 1 is
      twice as much early. Global-then-focal search has long steps and short fixations first (Nodine & Kundel 1987).

    Examples
    --------
    >>> from gazeanalytics import gaze
    >>> features = gaze.scanpath_features(*gaze.example_scanpaths()).set_index("reading")
    >>> features.loc[:, "k_coefficient":"duration_early_late"].T.round(2)
    reading               random  line  loop  still
    k_coefficient          -1.97  0.12 -0.62   2.44
    k_early                -2.36  0.09 -0.64   2.44
    k_late                 -1.83  0.12 -0.61   2.44
    amplitude_early_late    0.31 -0.02  0.00    NaN
    duration_early_late    -0.04 -0.04 -0.04   0.00
    """
    scales = _scales(points, settings, images)
    out = np.empty((len(points.found), 5))
    ragged.each(
        kernels.course_readings,
        points.found,
        points.duration,
        points.steps,
        settings.early_share,
        out=[scales, out],
        n_jobs=settings.n_jobs,
    )
    names = ("k_coefficient", "k_early", "k_late", "amplitude_early_late", "duration_early_late")
    return dict(zip(names, out.T, strict=True))


def clusters(points: Points, settings: FeatureSettings) -> dict[str, np.ndarray]:
    """Clusters of fixations and their dwell time: time shared out evenly among fixations, or spent at few places.

    - `temporal_entropy`: entropy of the shares of time among fixations over log n; 1 when all last as long.
    - `clusters`: fixations joined, in order, to the nearest cluster mean within `settings.cluster_radius_deg`.
    - `big_clusters`: clusters dwelt on for longer than `settings.big_cluster_ms` (Chakraborty, Yoon & Mello-Thoms
      2012, whose own joining rule isn't published in full); `big_cluster_share`: their share of all dwell.

    Examples
    --------
    >>> from gazeanalytics import gaze
    >>> features = gaze.scanpath_features(*gaze.example_scanpaths()).set_index("reading")
    >>> features.loc[:, "temporal_entropy":"big_cluster_share"].T.round(2)
    reading            random  line   loop  still
    temporal_entropy     0.99  0.99   0.99    1.0
    clusters            23.00  5.00  12.00    1.0
    big_clusters         2.00  5.00   6.00    1.0
    big_cluster_share    0.22  1.00   0.60    1.0
    """
    out = np.empty((len(points.found), 4))
    ragged.each(
        kernels.cluster_readings,
        points.found,
        points.places,
        points.duration,
        settings.cluster_radius_deg,
        settings.big_cluster_ms,
        out=[out],
        n_jobs=settings.n_jobs,
    )
    return dict(zip(("temporal_entropy", "clusters", "big_clusters", "big_cluster_share"), out.T, strict=True))


def _scales(points: Points, settings: FeatureSettings, images: pd.DataFrame) -> np.ndarray:
    """Mean and standard deviation of duration and step that apply to each reading, shape (readings, 4)."""
    if settings.k_scale is not None:
        return np.tile(np.array(settings.k_scale, float), (len(images), 1))
    group = np.zeros(len(images), np.int64)
    if settings.k_scope != "all":
        if settings.k_scope not in images.columns:
            raise ValueError(f"k_scope={settings.k_scope!r} needs a column {settings.k_scope!r} in images")
        group = pd.factorize(images[settings.k_scope])[0]
    held_by = group[owners(points.found)]
    size = int(group.max(initial=0)) + 1
    parts = [part for values in (points.duration, points.steps) for part in _mean_sd(values, held_by, size)]
    return np.ascontiguousarray(np.column_stack(parts)[group])


def _mean_sd(values: np.ndarray, groups: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation (n - 1) of the known values of each group; NaN where no spread is."""
    # Two passes over grouped sums; NaN where a group has one value or none, or values that are all the same.
    known = ~np.isnan(values)
    values, groups = values[known], groups[known]
    with np.errstate(divide="ignore", invalid="ignore"):
        count = np.bincount(groups, minlength=size)
        mean = np.bincount(groups, values, size) / count
        sd = np.sqrt(np.bincount(groups, (values - mean[groups]) ** 2, size) / (count - 1))
    return mean, np.where(sd > 0, sd, np.nan)
