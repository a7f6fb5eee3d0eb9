"""Time course of a search in bins: from global to focal, ambient to focal, coverage gained."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from gazeanalytics import ragged
from gazeanalytics._kernels.gaze import spatial as kernels
from gazeanalytics.gaze._images import owners
from gazeanalytics.gaze._points import Points, prepare
from gazeanalytics.gaze.features.ambient_focal import focal_terms
from gazeanalytics.gaze.features.settings import FeatureSettings
from gazeanalytics.geometry import Viewing

__all__ = ["time_course"]


def time_course(
    fixations: pd.DataFrame,
    viewing: Viewing | None,
    images: pd.DataFrame,
    *,
    n_parts: int = 10,
    settings: FeatureSettings | Mapping[str, object] | None = None,
) -> pd.DataFrame:
    """Time course of each reading in bins of equally many fixations: durations, amplitudes, K, coverage.

    A global look comes first and focal ones follow when steps grow shorter, fixations longer, `ambient_focal` rises
    from below 0 to above, and coverage is gained early (Nodine & Kundel 1987; Krejtz et al. 2016).

    Parameters
    ----------
    fixations, viewing, images
        As for `scanpath_features`.
    n_parts : int
        How many; part k ends after ceil(k n / n_parts) of n fixations.
    settings : FeatureSettings or mapping, optional
        Those of coverage and of K count.

    Returns
    -------
    pandas.DataFrame
        One row a reading and part that has fixations: reading, part (from 1), onset (of its first fixation, ms),
        fixations, duration_mean_ms, amplitude_mean_deg (of the steps that leave its fixations), ambient_focal (K of the
        part) and coverage_share (of the image, up to the end of the part). NaN where not known.

    Raises
    ------
    ValueError
        If `n_parts` is below 1, or a setting makes no sense.

    See Also
    --------
    ambient_focal : K fixation by fixation.

    References
    ----------
    Nodine, C. F., & Kundel, H. L. (1987). Using eye movements to study visual search and to improve tumor detection.
    RadioGraphics, 7(6), 1241-1250.

    Examples
    --------
    Three far looks around, then three near ones:

    >>> fixations = pd.DataFrame({"reading": 1, "onset": np.arange(6) * 300, "duration": [150, 150, 150, 500, 500, 500],
    ...                           "x": [100, 900, 100, 900, 880, 900], "y": 500})
    >>> images = pd.DataFrame({"reading": [1], "case": ["a"], "width": 1000, "height": 1000})
    >>> made = time_course(fixations, Viewing.from_px_per_deg(40, 1000, 1000), images, n_parts=2)
    >>> made[["part", "duration_mean_ms", "ambient_focal", "coverage_share"]].round(2)
       part  duration_mean_ms  ambient_focal  coverage_share
    0     1             150.0          -1.64            0.07
    1     2             500.0           2.01            0.07
    """
    if n_parts < 1:
        raise ValueError(f"n_parts: expected at least 1; got {n_parts}")
    chosen = FeatureSettings.given(settings)
    points = prepare(fixations, viewing, images, chosen.n_jobs)
    # Bins of equal counts, not of equal times: every bin then has as many steps to take a mean over.
    owner = owners(points.found)
    begins, count = points.found.starts[owner], points.found.lengths[owner]
    ends = np.ceil(np.arange(1, n_parts + 1) * count[:, None] / n_parts)
    part = (np.arange(len(owner)) - begins >= ends.T).sum(axis=0) if len(owner) else np.zeros(0, np.int64)
    cell = owner * n_parts + part
    held, first = np.unique(cell, return_index=True)
    place = np.searchsorted(held, cell)
    made = pd.DataFrame(
        {
            "reading": images["reading"].take(held // n_parts).array,
            "part": held % n_parts + 1,
            "onset": points.onset[first],
            "fixations": np.bincount(place, minlength=len(held)),
            "duration_mean_ms": _means(points.duration, place, len(held)),
            "amplitude_mean_deg": _means(points.steps, place, len(held)),
            "ambient_focal": _means(focal_terms(points, chosen, images), place, len(held)),
            "coverage_share": _coverage_so_far(points, chosen, n_parts).ravel()[held],
        }
    )
    return made if viewing is not None else made.assign(amplitude_mean_deg=np.nan, coverage_share=np.nan)


def _means(values: np.ndarray, place: np.ndarray, size: int) -> np.ndarray:
    """Mean of the known values at each place; NaN where there is none."""
    known = ~np.isnan(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.bincount(place[known], values[known], size) / np.bincount(place[known], minlength=size)


def _coverage_so_far(points: Points, settings: FeatureSettings, n_parts: int) -> np.ndarray:
    """Share of the image covered by the end of each part, shape (readings, n_parts)."""
    # The kernel gives the early part of the final coverage; asked with each bin's end as early, it gives the growth.
    made = np.empty((len(points.found), n_parts))
    out = np.empty((len(points.found), 2))
    for part in range(n_parts):
        rule = kernels.CoverageRule(settings.coverage_radius_deg, settings.coverage_cells, (part + 1) / n_parts)
        ragged.each(
            kernels.coverage_readings,
            points.found,
            points.places,
            rule,
            out=[points.frames, out],
            n_jobs=settings.n_jobs,
        )
        made[:, part] = np.nan_to_num(out[:, 0] * out[:, 1])
    return made
