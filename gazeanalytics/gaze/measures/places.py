"""What was looked at: dwell per region, lesions, order of regions against a checklist."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gazeanalytics import ragged
from gazeanalytics._kernels import features_order as order_kernels
from gazeanalytics._kernels import regions as kernels
from gazeanalytics.gaze._images import match, owners
from gazeanalytics.gaze.measures.order import ENTROPIES
from gazeanalytics.gaze.measures.settings import FeatureSettings

__all__ = ["checklist", "lesions", "regions_seen"]


def regions_seen(
    visits: pd.DataFrame, images: pd.DataFrame, names: pd.Index, settings: FeatureSettings
) -> dict[str, np.ndarray]:
    """Dwell, visits and transitions among named regions.

    - `visits`: number; `revisits`: visits to a region seen before.
    - `regions_seen_share`: share of the regions of `names` visited at least once.
    - `dwell_share_<region>`: share of dwell within regions that fell on this one; shares add to 1.
    - `region_stationary_entropy_*_bits`, `region_transition_entropy_*_bits`: of the sequence of visits, three
      estimators each (see `transitions`); a visit never follows one to the same region.
    """
    found = match(visits, images, "visits")
    codes = _codes(visits["region"], names)
    cell = owners(found) * len(names) + codes
    known = codes >= 0
    shape = (len(found), len(names))
    number = np.bincount(cell[known], minlength=shape[0] * shape[1]).reshape(shape)
    time = np.bincount(cell[known], visits["duration"].to_numpy(float)[known], shape[0] * shape[1]).reshape(shape)
    total = time.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(total > 0, time / total, np.nan)
    out = np.empty((len(found), 6))
    ragged.each(order_kernels.code_readings, found, codes, len(names), out=[out], threads=settings.threads)
    seen = (number > 0).sum(axis=1)
    return (
        {"visits": number.sum(axis=1).astype(float), "revisits": (number.sum(axis=1) - seen).astype(float)}
        | {"regions_seen_share": seen / len(names)}
        | {f"dwell_share_{name}": share[:, place] for place, name in enumerate(names)}
        | {f"region_{name}": values for name, values in zip(ENTROPIES, out.T, strict=True)}
    )


def lesions(visits: pd.DataFrame, images: pd.DataFrame, regions: pd.DataFrame) -> dict[str, np.ndarray]:
    """When and how long lesions were looked at, over the lesions of the case.

    - `lesions_seen_share`: share of the case's lesions visited.
    - `lesion_first_ms`: onset of the first fixation in any lesion (ms since image onset).
    - `lesion_approach_hz`: 1 / that time, in 1/s (approach rate; Chakraborty, Yoon & Mello-Thoms 2012).
    - `lesion_dwell_ms`: dwell in lesions; a fixation in two lesions counts for both.

    A case without lesions has NaN throughout; a reading that met none has no first time and dwell 0.
    """
    found = match(visits, images, "visits")
    case = pd.Index(np.asarray(images["case"]))
    counts = regions["case"].astype(object).value_counts()
    wanted = counts.reindex(case).to_numpy(float)
    owner = owners(found)
    spots = pd.MultiIndex.from_arrays([np.asarray(regions["case"]), np.asarray(regions["region"])])
    hit = pd.MultiIndex.from_arrays([case.take(owner), np.asarray(visits["region"])]).isin(spots)
    seen = visits.loc[hit, ["region", "onset", "duration"]].assign(owner=owner[hit])
    each = seen.drop_duplicates(["owner", "region"])
    first = seen.groupby("owner")["onset"].min().reindex(range(len(found))).to_numpy(float)
    dwell = np.bincount(seen["owner"], seen["duration"], len(found))
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "lesions_seen_share": np.bincount(each["owner"], minlength=len(found)) / wanted,
            "lesion_first_ms": first,
            "lesion_approach_hz": np.where(first > 0, 1000 / first, np.nan),
            "lesion_dwell_ms": np.where(np.isnan(wanted), np.nan, dwell),
        }


def checklist(visits: pd.DataFrame, images: pd.DataFrame, settings: FeatureSettings) -> dict[str, np.ndarray]:
    """How far the order of first visits keeps to `settings.checklist`, such as airway, breathing, circulation, ...

    - `checklist_tau`: Kendall's tau between the order of first visits and the list, over regions visited; 1 in order,
      -1 backwards, NaN below two regions.
    - `checklist_similarity`: 1 - edit distance between the order of first visits and the list / length of the list;
      regions left out lower it.
    """
    found = match(visits, images, "visits")
    ranks = _codes(visits["region"], pd.Index(settings.checklist))
    out = np.empty((len(found), 2))
    ragged.each(kernels.adherence_readings, found, ranks, len(settings.checklist), out=[out], threads=settings.threads)
    return {"checklist_tau": out[:, 0], "checklist_similarity": out[:, 1]}


def _codes(region: pd.Series, names: pd.Index) -> np.ndarray:
    """Position of each region in `names`; -1 where it isn't there."""
    if isinstance(region.dtype, pd.CategoricalDtype):
        place = names.get_indexer(pd.Index(np.asarray(region.cat.categories)))
        return np.append(place, -1)[region.cat.codes.to_numpy()]
    return names.get_indexer(pd.Index(np.asarray(region)))
