"""Features of areas of interest (AOIs): share of dwell time, revisits, time to first fixation (TTFF), checklist."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gazeanalytics import ragged
from gazeanalytics._kernels.gaze import checklist as kernels
from gazeanalytics._kernels.gaze import sequence as order_kernels
from gazeanalytics.gaze._images import match, owners
from gazeanalytics.gaze._points import Points
from gazeanalytics.gaze.aoi.regions import coverage_of
from gazeanalytics.gaze.features.sequence import ENTROPIES
from gazeanalytics.gaze.features.settings import FeatureSettings
from gazeanalytics.geometry import Viewing

__all__ = ["checklist", "lesions", "regions_covered", "regions_seen"]


def regions_seen(
    visits: pd.DataFrame, images: pd.DataFrame, names: pd.Index, settings: FeatureSettings
) -> dict[str, np.ndarray]:
    """Dwell time shares, visits, revisits and transition entropy of areas of interest (AOIs).

    - `visits`: number; `revisits`: visits to a region seen before.
    - `regions_seen_share`: share of the regions of `names` visited at least once.
    - `dwell_share_<region>`: share of dwell time within regions that fell on this one; shares add to 1.
    - `region_stationary_entropy_*_bits`, `region_transition_entropy_*_bits`: of the sequence of visits, three
      estimators each (see `transitions`); a visit never follows one to the same region.

    Examples
    --------
    The left and the right half of the image: the line goes over once, the loop round and round.

    >>> from gazeanalytics import gaze
    >>> fixations, viewing, images = gaze.example_scanpaths()
    >>> halves = gaze.grid_regions(images, rows=1, columns=2)
    >>> features = gaze.scanpath_features(fixations, viewing, images, regions=halves).set_index("reading")
    >>> features[["visits", "revisits", "regions_seen_share", "dwell_share_r0c1"]].T.round(2)
    reading             random  line  loop  still
    visits               19.00   2.0  7.00    1.0
    revisits             17.00   0.0  5.00    0.0
    regions_seen_share    1.00   1.0  1.00    0.5
    dwell_share_r0c1      0.52   0.5  0.47    1.0
    """
    found = match(visits, images, "visits")
    codes = _codes(visits["region"], names)
    cell = owners(found) * len(names) + codes
    # Visits to regions that were not asked about stay out of the shares, but end a run in the sequence.
    known = codes >= 0
    shape = (len(found), len(names))
    # Dwell shares are compositional: they add to 1, so that one of them is redundant in a model.
    number = np.bincount(cell[known], minlength=shape[0] * shape[1]).reshape(shape)
    time = np.bincount(cell[known], visits["duration"].to_numpy(float)[known], shape[0] * shape[1]).reshape(shape)
    total = time.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(total > 0, time / total, np.nan)
    out = np.empty((len(found), 6))
    ragged.each(order_kernels.code_readings, found, codes, len(names), out=[out], n_jobs=settings.n_jobs)
    seen = (number > 0).sum(axis=1)
    return (
        {"visits": number.sum(axis=1).astype(float), "revisits": (number.sum(axis=1) - seen).astype(float)}
        | {"regions_seen_share": seen / len(names)}
        | {f"dwell_share_{name}": share[:, place] for place, name in enumerate(names)}
        | {f"region_{name}": values for name, values in zip(ENTROPIES, out.T, strict=True)}
    )


def regions_covered(
    points: Points, organs: pd.DataFrame, viewing: Viewing | None, images: pd.DataFrame, settings: FeatureSettings
) -> dict[str, np.ndarray]:
    """Coverage of each area of interest (AOI) by the useful visual field of a fixation (Kok et al. 2016).

    `coverage_share_<region>`: of `settings.region_cells` x `settings.region_cells` cells over the region's box, those
    whose centre lies in the region and within `settings.coverage_radius_deg` (exact angle) of a fixation. NaN where the
    case lacks the region or no angle is known. Cost grows with fixations times cells; see `gaze.region_coverage`.

    Examples
    --------
    >>> from gazeanalytics import gaze
    >>> fixations, viewing, images = gaze.example_scanpaths()
    >>> halves = gaze.grid_regions(images, rows=1, columns=2)
    >>> features = gaze.scanpath_features(fixations, viewing, images, regions=halves).set_index("reading")
    >>> features[["coverage_share_r0c0", "coverage_share_r0c1"]].T.round(2)
    reading              random  line  loop  still
    coverage_share_r0c0    0.67  0.25  0.38   0.02
    coverage_share_r0c1    0.63  0.25  0.38   0.04
    """
    names = organs["region"].unique()
    if viewing is None:
        return {f"coverage_share_{name}": np.full(len(images), np.nan) for name in names}
    field = settings.coverage_radius_deg, settings.region_cells
    found = coverage_of(points, organs, viewing, images, field)
    row = pd.Index(images["reading"]).get_indexer(pd.Index(found["reading"]))
    share = np.full((len(images), len(names)), np.nan)
    share[row, pd.Index(names).get_indexer(pd.Index(np.asarray(found["region"])))] = found["coverage_share"]
    return {f"coverage_share_{name}": share[:, place] for place, name in enumerate(names)}


def lesions(visits: pd.DataFrame, images: pd.DataFrame, regions: pd.DataFrame, points: Points) -> dict[str, np.ndarray]:
    """Time to first fixation (TTFF), dwell time and scanpath ratio of the case's lesions.

    - `lesions_seen_share`: share of the case's lesions visited.
    - `lesion_time_to_first_fixation_ms`: onset of the first fixation in any lesion (ms since image onset).
    - `lesion_approach_hz`: 1 / that time, in 1/s (approach rate; Chakraborty, Yoon & Mello-Thoms 2012).
    - `lesion_dwell_time_ms`: dwell in lesions; a fixation in two lesions counts for both.
    - `lesion_scanpath_ratio`: the straight distance (exact angle) from the first fixation to the first one in a lesion
      over the length of the scanpath between them (Pham et al. 2025); 1 straight on, near 0 after long search, NaN when
      met at once.

    A case without lesions has NaN throughout; a reading that met none has no first time and dwell 0.

    Examples
    --------
    A lesion right of the centre: the line leads straight to it, the still eye looks at it from the first, the others
    miss it.

    >>> from gazeanalytics import gaze
    >>> fixations, viewing, images = gaze.example_scanpaths()
    >>> spot = pd.DataFrame({"case": ["a"], "region": "mass", "kind": "lesion"}).assign(x0=510, y0=470, x1=590, y1=550)
    >>> features = gaze.scanpath_features(fixations, viewing, images, regions=spot).set_index("reading")
    >>> features.loc[:, "lesions_seen_share":"lesion_scanpath_ratio"].T.round(2)
    reading                random     line  loop    still
    lesions_seen_share        0.0     1.00   0.0      1.0
    lesion_time_to_first_fixation_ms           NaN  5400.00   NaN      0.0
    lesion_approach_hz        NaN     0.19   NaN      NaN
    lesion_dwell_time_ms           0.0  1000.00   0.0  21600.0
    lesion_scanpath_ratio     NaN     1.00   NaN      NaN
    """
    found = match(visits, images, "visits")
    case = pd.Index(np.asarray(images["case"]))
    counts = regions["case"].astype(object).value_counts()
    present = counts.reindex(case).to_numpy(float)
    owner = owners(found)
    spots = pd.MultiIndex.from_arrays([np.asarray(regions["case"]), np.asarray(regions["region"])])
    hit = pd.MultiIndex.from_arrays([case.take(owner), np.asarray(visits["region"])]).isin(spots)
    seen = visits.loc[hit, ["region", "onset", "duration"]].assign(owner=owner[hit])
    each = seen.drop_duplicates(["owner", "region"])
    # Visits to overlapping lesions lie side by side, so the earliest is sought, not the first row.
    first = seen.groupby("owner")["onset"].min().reindex(range(len(found))).to_numpy(float)
    dwell = np.bincount(seen["owner"], seen["duration"], len(found))
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "lesions_seen_share": np.bincount(each["owner"], minlength=len(found)) / present,
            "lesion_time_to_first_fixation_ms": first,
            "lesion_approach_hz": np.where(first > 0, 1000 / first, np.nan),
            "lesion_dwell_time_ms": np.where(np.isnan(present), np.nan, dwell),
            "lesion_scanpath_ratio": _way_ratio(points, first),
        }


def _way_ratio(points: Points, onset: np.ndarray) -> np.ndarray:
    """Straight distance over scanpath length, from each reading's first fixation to the one that begins at `onset`."""
    # The length walked up to a fixation is a difference of running sums, for all readings at once.
    met = np.flatnonzero(points.onset == onset[owners(points.found)])
    owner, place = np.unique(owners(points.found)[met], return_index=True)
    begin, end = points.found.starts[owner], met[place]
    before = np.concatenate(([0.0], np.cumsum(np.nan_to_num(points.steps))))
    walked = before[end] - before[begin]
    apart = np.linalg.norm(points.rays[end] - points.rays[begin], axis=1)
    straight = np.rad2deg(2 * np.arcsin(np.minimum(apart / 2, 1.0)))
    # Rounding may carry a straight walk's ratio beyond 1.
    ratio = np.full(len(onset), np.nan)
    ratio[owner] = np.where(walked > 0, np.minimum(straight / np.where(walked > 0, walked, 1.0), 1.0), np.nan)
    return ratio


def checklist(visits: pd.DataFrame, images: pd.DataFrame, settings: FeatureSettings) -> dict[str, np.ndarray]:
    """Adherence to a checklist: order of first visits to AOIs against `settings.checklist`, such as ABCDE.

    - `checklist_tau`: Kendall's tau between the order of first visits and the list, over regions visited; 1 in order,
      -1 backwards, NaN below two regions.
    - `checklist_similarity`: 1 - edit distance between the order of first visits and the list / length of the list;
      regions left out lower it.

    Examples
    --------
    Quarters of the image row by row: the line sees two of them in order, the loop all four, the first two reversed.

    >>> from gazeanalytics import gaze
    >>> fixations, viewing, images = gaze.example_scanpaths()
    >>> quarters = gaze.grid_regions(images, rows=2, columns=2)
    >>> order = ("r0c0", "r0c1", "r1c0", "r1c1")
    >>> made = gaze.scanpath_features(fixations, viewing, images, regions=quarters, settings={"checklist": order})
    >>> made.set_index("reading")[["checklist_tau", "checklist_similarity"]].T.round(2)
    reading               random  line  loop  still
    checklist_tau            0.0   1.0  0.67    NaN
    checklist_similarity     0.0   0.5  0.50   0.25
    """
    found = match(visits, images, "visits")
    ranks = _codes(visits["region"], pd.Index(settings.checklist))
    out = np.empty((len(found), 2))
    ragged.each(kernels.adherence_readings, found, ranks, len(settings.checklist), out=[out], n_jobs=settings.n_jobs)
    return {"checklist_tau": out[:, 0], "checklist_similarity": out[:, 1]}


def _codes(region: pd.Series, names: pd.Index) -> np.ndarray:
    """Position of each region in `names`; -1 where it isn't there."""
    if isinstance(region.dtype, pd.CategoricalDtype):
        place = names.get_indexer(pd.Index(np.asarray(region.cat.categories)))
        return np.append(place, -1)[region.cat.codes.to_numpy()]
    return names.get_indexer(pd.Index(np.asarray(region)))
