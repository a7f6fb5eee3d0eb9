"""How a reading changes on its way: ambient to focal, global to focal, clusters of gaze."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gazeanalytics import ragged
from gazeanalytics._kernels import features_course as kernels
from gazeanalytics.gaze._images import owners
from gazeanalytics.gaze.features.points import Points
from gazeanalytics.gaze.features.settings import FeatureSettings

__all__ = ["clusters", "course"]


def course(points: Points, settings: FeatureSettings, images: pd.DataFrame) -> dict[str, np.ndarray]:
    """Ambient and focal fixations, and early against late.

    - `k_coefficient`: mean of z(duration of a fixation) - z(step to the next) over a reading (Krejtz et al. 2016);
      above 0 focal (long fixations, short steps), below 0 ambient. z is taken over all fixations, or over those of
      the reader or case (`settings.k_scope`).
    - `k_early`, `k_late`: the same over the first `settings.early_share` of the fixations, and over the rest.
    - `amplitude_early_late`, `duration_early_late`: log2 of the early over the late mean step and mean duration; 1 is
      twice as much early. Global-then-focal search has long steps and short fixations first (Nodine & Kundel 1987).
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
        threads=settings.threads,
    )
    names = ("k_coefficient", "k_early", "k_late", "amplitude_early_late", "duration_early_late")
    return dict(zip(names, out.T, strict=True))


def clusters(points: Points, settings: FeatureSettings) -> dict[str, np.ndarray]:
    """How time is shared out: evenly among fixations, or dwelt in few clusters.

    - `temporal_entropy`: entropy of the shares of time among fixations over log n; 1 when all last as long.
    - `clusters`: fixations joined, in order, to the nearest cluster mean within `settings.cluster_radius_deg`.
    - `big_clusters`: clusters dwelt on for longer than `settings.big_cluster_ms` (Chakraborty, Yoon & Mello-Thoms
      2012, whose own joining rule isn't published in full); `big_cluster_share`: their share of all dwell.
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
        threads=settings.threads,
    )
    return dict(zip(("temporal_entropy", "clusters", "big_clusters", "big_cluster_share"), out.T, strict=True))


def _scales(points: Points, settings: FeatureSettings, images: pd.DataFrame) -> np.ndarray:
    """Mean and standard deviation of duration and step that apply to each reading, shape (readings, 4)."""
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
    known = ~np.isnan(values)
    values, groups = values[known], groups[known]
    with np.errstate(divide="ignore", invalid="ignore"):
        count = np.bincount(groups, minlength=size)
        mean = np.bincount(groups, values, size) / count
        sd = np.sqrt(np.bincount(groups, (values - mean[groups]) ** 2, size) / (count - 1))
    return mean, np.where(sd > 0, sd, np.nan)
