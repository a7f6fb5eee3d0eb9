"""Where things lie on a chest X-ray: organs of a frontal image and the lesions that findings leave there.

Places are shares of the chest's box, which sits a little differently in every image. The patient's right is on the
left of the image.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["DIFFUSE", "FINDINGS", "ORGANS", "TARGETS", "homes_of", "lesion_boxes", "organ_boxes", "regions_of"]

ORGANS: dict[str, tuple[float, float, float, float]] = {
    "trachea": (0.45, 0.01, 0.55, 0.22),
    "right_apex": (0.20, 0.03, 0.42, 0.14),
    "left_apex": (0.58, 0.03, 0.80, 0.14),
    "right_lung_upper": (0.13, 0.14, 0.42, 0.34),
    "right_lung_middle": (0.08, 0.34, 0.40, 0.56),
    "right_lung_lower": (0.06, 0.56, 0.40, 0.78),
    "left_lung_upper": (0.58, 0.14, 0.87, 0.34),
    "left_lung_middle": (0.60, 0.34, 0.92, 0.56),
    "left_lung_lower": (0.68, 0.56, 0.94, 0.78),
    "right_hilum": (0.32, 0.38, 0.43, 0.54),
    "left_hilum": (0.57, 0.36, 0.68, 0.52),
    "mediastinum": (0.42, 0.22, 0.58, 0.50),
    "heart": (0.40, 0.50, 0.72, 0.78),
    "right_costophrenic_angle": (0.02, 0.76, 0.16, 0.90),
    "left_costophrenic_angle": (0.84, 0.76, 0.98, 0.90),
    "abdomen": (0.20, 0.82, 0.80, 0.99),
}
"""Boxes (left, top, right, bottom) of the organs, as shares of the chest's box."""

FINDINGS: dict[str, tuple[float, tuple[str, ...], tuple[float, float]]] = {
    "enlarged_cardiomediastinum": (0.08, ("mediastinum",), (0.9, 1.1)),
    "cardiomegaly": (0.15, ("heart",), (0.95, 1.15)),
    "lung_lesion": (0.08, ("lung_upper", "lung_middle", "lung_lower"), (0.18, 0.32)),
    "lung_opacity": (0.08, ("lung_middle", "lung_lower"), (0.35, 0.6)),
    "edema": (0.10, ("hilum",), (1.0, 1.4)),
    "consolidation": (0.08, ("lung_middle", "lung_lower"), (0.4, 0.65)),
    "pneumonia": (0.08, ("lung_middle", "lung_lower"), (0.4, 0.65)),
    "atelectasis": (0.10, ("lung_lower",), (0.35, 0.55)),
    "pneumothorax": (0.05, ("apex",), (0.7, 1.0)),
    "pleural_effusion": (0.15, ("costophrenic_angle",), (0.9, 1.2)),
    "pleural_other": (0.04, ("lung_lower", "apex"), (0.3, 0.45)),
    "fracture": (0.05, ("lung_upper", "lung_middle"), (0.2, 0.3)),
    "support_devices": (0.20, ("mediastinum", "trachea"), (0.5, 0.8)),
}
"""Share of cases with the finding when it is not their target, the organs it may lie in, and its size as a share."""

TARGETS = (
    "cardiomegaly",
    "edema",
    "consolidation",
    "pneumonia",
    "atelectasis",
    "pneumothorax",
    "pleural_effusion",
    "lung_lesion",
    "fracture",
)
"""Findings that a reading may be scored on."""

DIFFUSE = ("cardiomegaly", "enlarged_cardiomediastinum", "edema")
"""Findings too large for an eye that searches the chest to pass by: their misses are errors of decision."""


def homes_of(finding: str) -> list[int]:
    """Places in `ORGANS` of the organs that a finding may lie in.

    Examples
    --------
    >>> [list(ORGANS)[place] for place in homes_of("pleural_effusion")]
    ['right_costophrenic_angle', 'left_costophrenic_angle']
    """
    homes = FINDINGS[finding][1]
    return [
        place
        for place, name in enumerate(ORGANS)
        if any(name in (home, f"left_{home}", f"right_{home}") for home in homes)
    ]


def organ_boxes(regions: pd.DataFrame) -> np.ndarray:
    """Boxes of a simulated study's organs, shape (cases, organs, 4), in the order of its cases and of `ORGANS`."""
    organs = regions.loc[regions["kind"] == "organ", ["x0", "y0", "x1", "y1"]].to_numpy(float)
    return organs.reshape(-1, len(ORGANS), 4)


def lesion_boxes(regions: pd.DataFrame, cases: pd.DataFrame) -> np.ndarray:
    """Boxes of the lesions, shape (cases, findings, 4), in the order of `FINDINGS`; NaN where there is none."""
    lesions = regions[regions["kind"] == "lesion"]
    boxes = np.full((len(cases), len(FINDINGS), 4), np.nan)
    case = pd.Index(cases["case"]).get_indexer(pd.Index(lesions["case"]))
    finding = pd.Index(list(FINDINGS)).get_indexer(pd.Index(lesions["finding"]))
    boxes[case, finding] = lesions[["x0", "y0", "x1", "y1"]].to_numpy(float)
    return boxes


def chest_boxes(cases: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Draw where the chest lies in each image: left, top, right, bottom in image px, shape (cases, 4)."""
    count = len(cases)
    width, height = cases["width"].to_numpy(float), cases["height"].to_numpy(float)
    margin = rng.uniform([0.04, 0.04, 0.04, 0.04], [0.12, 0.10, 0.12, 0.10], (count, 4))
    return np.column_stack(
        (margin[:, 0] * width, margin[:, 1] * height, (1 - margin[:, 2]) * width, (1 - margin[:, 3]) * height)
    )


def regions_of(cases: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Draw the AOIs of every case: all organs, and one lesion for each finding that is present.

    Parameters
    ----------
    cases : pandas.DataFrame
        Columns case, width, height and truth_<finding>.
    rng : numpy.random.Generator
        Randomness.

    Returns
    -------
    pandas.DataFrame
        A regions table, with columns side (left, right; missing at the midline) and organ of each lesion.

    Examples
    --------
    >>> cases = pd.DataFrame({"case": ["a"], "width": [2000], "height": [2400]})
    >>> cases = cases.assign(**{f"truth_{finding}": finding == "cardiomegaly" for finding in FINDINGS})
    >>> regions_of(cases, np.random.default_rng(1))["region"].tolist()[-2:]
    ['abdomen', 'lesion_cardiomegaly']
    """
    chest = chest_boxes(cases, rng)
    organs = _organ_boxes(chest, rng)
    parts = [_organ_rows(cases["case"], organs)]
    for finding in FINDINGS:
        there = np.flatnonzero(cases[f"truth_{finding}"].to_numpy(bool))
        if len(there):
            parts.append(_lesion_rows(finding, cases["case"].iloc[there], organs[there], rng))
    table = pd.concat(parts, ignore_index=True)
    place = pd.Series(np.arange(len(cases)), index=cases["case"])
    order = np.argsort(place.loc[table["case"]].to_numpy(), kind="stable")
    table = _inside_images(table.iloc[order].reset_index(drop=True), cases)
    return table[["case", "region", "kind", "x0", "y0", "x1", "y1", "shape", "finding", "side", "organ"]]


def _organ_boxes(chest: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Boxes of all organs in image px, shape (cases, organs, 4): edges move by a hundredth or two of the chest."""
    template = np.array(list(ORGANS.values()))
    # Organs move by about a hundredth of the chest, clipped so that none swaps places with a neighbour.
    shares = template + rng.normal(0, 0.012, (len(chest), len(ORGANS), 4)).clip(-0.03, 0.03)
    size = chest[:, None, 2:] - chest[:, None, :2]
    return np.tile(chest[:, None, :2], 2) + shares * np.tile(size, 2)


def _organ_rows(case: pd.Series, organs: np.ndarray) -> pd.DataFrame:
    names = list(ORGANS)
    rows = pd.DataFrame(organs.reshape(-1, 4), columns=["x0", "y0", "x1", "y1"])
    rows["case"] = np.repeat(case.to_numpy(), len(names))
    rows["region"] = np.tile(names, len(case))
    rows["organ"] = rows["region"]
    rows["kind"], rows["shape"], rows["finding"] = "organ", "box", None
    rows["side"] = np.tile(_sides(names), len(case))
    return rows


def _sides(organs: list[str]) -> np.ndarray:
    sides: list[str | None] = []
    for organ in organs:
        side = organ.partition("_")[0]
        sides.append(side if side in ("left", "right") else None)
    return np.array(sides, dtype=object)


def _lesion_rows(finding: str, case: pd.Series, organs: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """One lesion in each of these cases, in an organ drawn from those that the finding visits."""
    names = list(ORGANS)
    home = rng.choice(homes_of(finding), len(case))
    box = organs[np.arange(len(case)), home]
    size = (box[:, 2:] - box[:, :2]) * rng.uniform(*FINDINGS[finding][2], (len(case), 2))
    free = np.maximum(box[:, 2:] - box[:, :2] - size, 0.0)
    centre = (box[:, :2] + box[:, 2:]) / 2 + free * rng.uniform(-0.5, 0.5, free.shape)
    rows = pd.DataFrame(np.hstack((centre - size / 2, centre + size / 2)), columns=["x0", "y0", "x1", "y1"])
    rows["case"], rows["region"] = case.to_numpy(), f"lesion_{finding}"
    rows["kind"], rows["shape"], rows["finding"] = "lesion", "ellipse", finding
    rows["organ"] = np.array(names, dtype=object)[home]
    rows["side"] = _sides(names)[home]
    return rows


def _inside_images(table: pd.DataFrame, cases: pd.DataFrame) -> pd.DataFrame:
    """Cut boxes at the image's edges."""
    size = cases.set_index("case").loc[table["case"], ["width", "height"]].to_numpy(float)
    for column, limit in (("x0", 0), ("x1", 0), ("y0", 1), ("y1", 1)):
        table[column] = table[column].clip(lower=0.0).clip(upper=size[:, limit])
    return table
