"""Search errors (Kundel): why a lesion was missed, from dwell time and time to first fixation (TTFF) near it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from gazeanalytics import ragged, tables
from gazeanalytics._kernels.gaze import search_errors as kernels
from gazeanalytics.brief import Brief
from gazeanalytics.geometry import Viewing

__all__ = ["LESION_OUTCOMES", "SearchErrors", "lesions_to_find", "search_errors"]

LESION_OUTCOMES = ("search", "recognition", "decision", "hit", "reported_not_fixated")
"""What became of a lesion: three kinds of misses, then the lesions that were reported, fixated or not."""


@dataclass(frozen=True, slots=True)
class SearchErrors(Brief):
    """Search, recognition and decision errors by lesion, and how much they depend on radius and dwell time.

    Attributes
    ----------
    lesions : pandas.DataFrame
        The rows given, with dwell_time_ms (within the radius), time_to_first_fixation_ms (onset of the first fixation
        within it), scanpath_ratio (straight distance to it over the length of the scanpath until then), fixated and
        outcome (of `LESION_OUTCOMES`; missing where there is no gaze, or no duration to separate recognition from
        decision).
    sensitivity : pandas.DataFrame
        One row a radius and dwell threshold: radius (in `unit`), min_dwell_ms, then how many lesions have each outcome.
    radius : float
        Used for `lesions`, in `unit`.
    unit : {"deg", "px"}
        Of the radius.
    min_dwell_ms : float
        Dwell time from which a miss in `lesions` counts as one of decision.

    Examples
    --------
    A lesion that nobody looked at is an error of search:

    >>> fixations = pd.DataFrame({"reading": [1], "onset": [0], "duration": [300], "x": [10], "y": [10]})
    >>> errors = search_errors(fixations, pd.DataFrame({"reading": [1], "x": [90], "y": [90]}), radius_px=30)
    >>> errors.lesions["outcome"].tolist(), errors.radius, errors.unit, errors.min_dwell_ms
    (['search'], 30.0, 'px', 1000.0)
    """

    lesions: pd.DataFrame
    sensitivity: pd.DataFrame
    radius: float
    unit: Literal["deg", "px"]
    min_dwell_ms: float


def lesions_to_find(regions: pd.DataFrame, images: pd.DataFrame, reported: pd.DataFrame) -> pd.DataFrame:
    """List the lesions that each reading could have found: one row a reading and lesion of its case.

    Parameters
    ----------
    regions : pandas.DataFrame
        A regions table; rows of kind `lesion` count.
    images : pandas.DataFrame
        One row a reading: reading, case.
    reported : pandas.DataFrame
        Columns reading and region: the lesions that each reading reported.

    Returns
    -------
    pandas.DataFrame
        reading, case, region, x and y (centre of the lesion, image px) and reported (bool), as `search_errors` takes
        them.

    Examples
    --------
    >>> regions = pd.DataFrame({"case": "a", "region": ["mass", "clip"], "kind": "lesion",
    ...                         "x0": [0, 50], "y0": 0, "x1": [20, 60], "y1": 10})
    >>> images = pd.DataFrame({"reading": [1], "case": ["a"]})
    >>> lesions_to_find(regions, images, pd.DataFrame({"reading": [1], "region": ["clip"]}))
       reading case region     x    y  reported
    0        1    a   mass  10.0  5.0     False
    1        1    a   clip  55.0  5.0      True
    """
    tables.check(regions, "regions")
    lesions = regions[regions["kind"] == "lesion"]
    spots = lesions[["case", "region"]].assign(
        x=(lesions["x0"] + lesions["x1"]) / 2, y=(lesions["y0"] + lesions["y1"]) / 2
    )
    found = images[["reading", "case"]].merge(spots, on="case", how="inner")
    pairs = pd.MultiIndex.from_frame(found[["reading", "region"]])
    return found.assign(reported=pairs.isin(pd.MultiIndex.from_frame(reported[["reading", "region"]])))


def search_errors(
    fixations: pd.DataFrame,
    lesions: pd.DataFrame,
    *,
    radius_deg: float | None = None,
    radius_px: float | None = None,
    min_dwell_ms: float = 1000.0,
    viewing: Viewing | None = None,
    factors: Sequence[float] = (0.5, 1.0, 1.5),
) -> SearchErrors:
    """Separate search, recognition and decision errors by dwell time at missed lesions (Kundel et al. 1978).

    A lesion that wasn't reported is an error of search when no fixation fell within the radius of its centre, of
    recognition when dwell time within it stayed below the threshold, of decision when it reached it. The classes depend
    strongly on the radius, so that the answer always carries its sensitivity table.

    Parameters
    ----------
    fixations : pandas.DataFrame
        A fixations table. Dwell time is the sum of fixation durations.
    lesions : pandas.DataFrame
        One row a reading and lesion: reading, x, y (centre, image px) and reported (bool; without it all were missed).
        `lesions_to_find` makes it from regions.
    radius_deg : float, optional
        Exact visual angle; needs `viewing`. 2.5 deg is half the useful visual field (Kundel, Nodine & Toto 1991).
    radius_px : float, optional
        Instead of `radius_deg`: straight distance in image pixels.
    min_dwell_ms : float
        From this dwell time on a miss is one of decision. 1000 ms is the historic value; 800 ms was used for clusters
        by Chakraborty, Yoon & Mello-Thoms (2012).
    viewing : Viewing, optional
        Of all readings, or one element a row of `lesions`.
    factors : sequence of float
        The sensitivity table has the radius and the dwell threshold times each of these.

    Returns
    -------
    SearchErrors
        Lesions with their outcome, sensitivity table, radius and threshold.

    Raises
    ------
    ValueError
        Unless exactly one radius is given, above 0, and a viewing with degrees.

    See Also
    --------
    gazeanalytics.gaze.aoi_metrics : dwell time and time to first fixation of areas of interest (AOIs).

    References
    ----------
    Kundel, H. L., Nodine, C. F., & Carmody, D. (1978). Visual scanning, pattern recognition and decision-making in
    pulmonary nodule detection. Investigative Radiology, 13, 175-181.

    Examples
    --------
    Two readers miss a nodule at (50, 50): one passes by, one stays at it for more than a second.

    >>> fixations = pd.DataFrame({"reading": [1, 1, 2, 2], "onset": [0, 300, 0, 700], "duration": [250, 250, 600, 700],
    ...                           "x": [10, 90, 48, 52], "y": [10, 10, 50, 50]})
    >>> lesions = pd.DataFrame({"reading": [1, 2], "x": 50, "y": 50, "reported": False})
    >>> errors = search_errors(fixations, lesions, radius_px=30)
    >>> errors.lesions[["reading", "dwell_time_ms", "time_to_first_fixation_ms", "outcome"]]
       reading  dwell_time_ms  time_to_first_fixation_ms   outcome
    0        1            0.0                        NaN    search
    1        2         1300.0                        0.0  decision
    >>> errors.sensitivity.query("min_dwell_ms == 1000")[["radius", "search", "recognition", "decision"]]
       radius  search  recognition  decision
    1    15.0       1            0         1
    4    30.0       1            0         1
    7    45.0       1            0         1
    """
    radius, unit, rows = _check_radius(radius_deg, radius_px, viewing, len(lesions))
    if not min_dwell_ms >= 0:
        raise ValueError(f"min_dwell_ms: expected 0 or more (ms); got {min_dwell_ms}")
    # No single radius and threshold is right (the field depends on the task), so neighbours are always counted too.
    scales = np.unique([1.0, *factors])
    radii = radius * scales
    met = _meet(fixations, lesions, radii, rows)
    reported = lesions["reported"].to_numpy(bool) if "reported" in lesions else np.zeros(len(lesions), bool)
    at = int(np.searchsorted(scales, 1.0))
    dwell = met.dwell[:, at]
    table = lesions.reset_index(drop=True).assign(
        dwell_time_ms=np.where(met.gaze, np.maximum(dwell, 0.0), np.nan),
        time_to_first_fixation_ms=met.first[:, at],
        scanpath_ratio=met.ratio[:, at],
        fixated=pd.array(dwell != -1, dtype="boolean"),
        outcome=_outcomes(dwell, met.gaze, reported, min_dwell_ms),
    )
    table.loc[~met.gaze, "fixated"] = pd.NA
    rows_of_table = [
        {"radius": radii[k], "min_dwell_ms": min_dwell_ms * scale}
        | _outcomes(met.dwell[:, k], met.gaze, reported, min_dwell_ms * scale).value_counts().to_dict()
        for k in range(len(radii))
        for scale in scales
    ]
    return SearchErrors(table, pd.DataFrame(rows_of_table), radius, unit, float(min_dwell_ms))


@dataclass(frozen=True, slots=True)
class _Met:
    """Dwell time (-1: never), TTFF and scanpath ratio, each (lesions, radii); gaze: whether there is any fixation."""

    dwell: np.ndarray
    first: np.ndarray
    ratio: np.ndarray
    gaze: np.ndarray


def _meet(fixations: pd.DataFrame, lesions: pd.DataFrame, radii: np.ndarray, viewing: np.ndarray) -> _Met:
    tables.check(fixations, "fixations")
    found = ragged.segments(fixations["reading"])
    place = pd.Index(np.asarray(found.keys)).get_indexer(pd.Index(np.asarray(lesions["reading"])))
    starts = np.append(found.starts, 0)[place]
    pairs = ragged.Segments(pd.RangeIndex(len(lesions)), starts, np.append(found.stops, 0)[place])
    duration = fixations["duration"].to_numpy(float) if "duration" in fixations else np.full(len(fixations), np.nan)
    x, y, onset = (fixations[name].to_numpy(float) for name in ("x", "y", "onset"))
    gaze = kernels.Gaze(x, y, onset, duration)
    met = np.empty((len(lesions), len(radii), 3))
    targets = np.ascontiguousarray(lesions[["x", "y"]].to_numpy(float))
    ragged.each(kernels.meet_targets, pairs, gaze, radii, out=[targets, viewing, met])
    dwell, first, ratio = np.moveaxis(met, -1, 0)
    return _Met(dwell, first, ratio, pairs.lengths > 0)


def _outcomes(dwell: np.ndarray, gaze: np.ndarray, reported: np.ndarray, min_dwell: float) -> pd.Series:
    # -1 is never met; NaN is met, for a time that isn't known: neither recognition nor decision then.
    fixated = dwell != -1
    codes = np.select(
        [~gaze, reported & fixated, reported, ~fixated, dwell < min_dwell, dwell >= min_dwell],
        [-1, 3, 4, 0, 1, 2],
        default=-1,
    )
    return pd.Series(pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(list(LESION_OUTCOMES))))


def _check_radius(
    radius_deg: float | None, radius_px: float | None, viewing: Viewing | None, count: int
) -> tuple[float, Literal["deg", "px"], np.ndarray]:
    """Radius, its unit, and the viewing of each lesion; a viewing of NaN stands for distances in pixels."""
    if (radius_deg is None) == (radius_px is None):
        raise ValueError("expected radius_deg (with viewing) or radius_px, one of the two; 2.5 deg is a usual choice")
    radius = radius_px if radius_deg is None else radius_deg
    if radius is None or not radius > 0:
        raise ValueError(f"the radius must be above 0; got {radius}")
    if radius_deg is None:
        return float(radius), "px", np.full((count, 4), np.nan)
    if viewing is None:
        raise ValueError("radius_deg needs a viewing, which says how many pixels a degree covers; give viewing=")
    return float(radius), "deg", viewing.rows(count)
