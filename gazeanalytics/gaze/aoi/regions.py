"""Areas of interest (AOIs), called regions here: which fixation lies in which, and the visits (dwells) to each."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import pandas as pd

from gazeanalytics import ragged, tables
from gazeanalytics._kernels.gaze import aoi as kernels
from gazeanalytics.gaze._images import check_images, match
from gazeanalytics.gaze._points import Points, prepare
from gazeanalytics.geometry import Viewing

__all__ = ["grid_regions", "join_hits", "locate", "region_coverage", "visits"]

Overlap = Literal["priority", "nested", "all"]


def grid_regions(images: pd.DataFrame, *, rows: int, columns: int) -> pd.DataFrame:
    """Cut every image into a grid of equal areas of interest (AOIs), for images without drawn ones.

    Parameters
    ----------
    images : pandas.DataFrame
        Columns case, width and height (px); a case may occur several times.
    rows, columns : int
        Cells down and across.

    Returns
    -------
    pandas.DataFrame
        A regions table of kind `grid`. Cells are named `r0c0` (top left), `r0c1`, ...

    See Also
    --------
    visits : dwells in each cell.
    gazeanalytics.gaze.locate_on_masks : AOIs from a segmentation.

    Examples
    --------
    >>> images = pd.DataFrame({"case": ["a"], "width": [300], "height": [100]})
    >>> grid_regions(images, rows=1, columns=3)[["region", "x0", "x1", "y1"]]
      region     x0     x1     y1
    0   r0c0    0.0  100.0  100.0
    1   r0c1  100.0  200.0  100.0
    2   r0c2  200.0  300.0  100.0
    """
    if rows < 1 or columns < 1:
        raise ValueError(f"a grid needs at least one row and one column; got {rows} rows and {columns} columns")
    cases = images.drop_duplicates("case")
    row, column = (part.ravel() for part in np.indices((rows, columns)))
    width, height = cases["width"].to_numpy(float) / columns, cases["height"].to_numpy(float) / rows
    return pd.DataFrame(
        {
            "case": np.repeat(cases["case"].to_numpy(), rows * columns),
            "region": np.tile([f"r{r}c{c}" for r, c in zip(row, column, strict=True)], len(cases)),
            "kind": "grid",
            "x0": np.outer(width, column).ravel(),
            "y0": np.outer(height, row).ravel(),
            "x1": np.outer(width, column + 1).ravel(),
            "y1": np.outer(height, row + 1).ravel(),
        }
    )


def locate(
    fixations: pd.DataFrame,
    regions: pd.DataFrame,
    images: pd.DataFrame,
    *,
    overlap: Overlap = "priority",
    hit_radius_deg: float = 0.0,
    viewing: Viewing | None = None,
) -> pd.DataFrame:
    """Assign fixations to areas of interest (AOIs): a long table, one row a hit.

    Parameters are those of `visits`.

    Returns
    -------
    pandas.DataFrame
        Columns `row` (position in `fixations`, from 0), `reading` and `region`; fixations outside every region have
        no row. With `overlap="all"` a fixation may have several.

    See Also
    --------
    visits : merges hits that follow one another.
    gazeanalytics.gaze.order_test : takes these hits as a sequence.

    Examples
    --------
    >>> images = pd.DataFrame({"reading": [1], "case": ["a"], "width": [100], "height": [100]})
    >>> regions = pd.DataFrame({"case": "a", "region": ["lung", "nodule"], "kind": ["organ", "lesion"],
    ...                         "x0": [0, 10], "y0": [0, 10], "x1": [50, 20], "y1": [100, 20]})
    >>> fixations = pd.DataFrame({"reading": 1, "onset": [0, 300, 600], "x": [15, 40, 90], "y": [15, 50, 50]})
    >>> locate(fixations, regions, images, overlap="nested")["region"].tolist()
    ['nodule', 'lung']
    >>> locate(fixations, regions, images, overlap="all")["region"].tolist()
    ['lung', 'nodule', 'lung']
    """
    _check_choice(overlap, hit_radius_deg, viewing)
    found = match(fixations, check_images(images), "fixations")
    ordered, spans = _regions_of(regions, images, smallest_first=overlap == "nested")
    x, y = (fixations[name].to_numpy(float) for name in ("x", "y"))
    scene = kernels.Scene(x, y, _areas(ordered, hit_radius_deg))
    # What is known of each reading goes with `out`, which `each` cuts into the readings of a chunk.
    known = [(viewing or Viewing(0.0, 0.0, 1.0, 1.0)).rows(len(found)), spans]
    row, region = (_all_hits if overlap == "all" else _first_hits)(found, scene, known)
    reading = fixations["reading"].take(row).array
    return pd.DataFrame({"row": row, "reading": reading, "region": ordered["region"].take(region).array})


def visits(
    fixations: pd.DataFrame,
    regions: pd.DataFrame,
    images: pd.DataFrame,
    *,
    overlap: Overlap = "priority",
    hit_radius_deg: float = 0.0,
    viewing: Viewing | None = None,
) -> pd.DataFrame:
    """Find visits (dwells) to areas of interest (AOIs): runs of fixations in the same AOI.

    A fixation elsewhere ends a visit; a saccade inside does not (Holmqvist et al. 2011, ch. 6 and 12).

    Parameters
    ----------
    fixations : pandas.DataFrame
        A fixations table. A fixation without a place lies in no region.
    regions : pandas.DataFrame
        A regions table; edges belong to the region. `shape` says box (default), the ellipse inside the box, or polygon,
        whose column `outline` then gives its corners ("0,0 10,0 5,8", image px).
    images : pandas.DataFrame
        One row a reading: reading, case, width, height. It says which case's regions count.
    overlap : {"priority", "nested", "all"}
        What happens where regions overlap: the fixation belongs to the first of them in the table's order, to the
        smallest (by its box), or to all of them (visits then overlap in time).
    hit_radius_deg : float
        A fixation this near (deg) to a region still counts as in it; 0 needs it inside.
    viewing : Viewing, optional
        Of all readings, or one row per row of `images`; needed when `hit_radius_deg` is above 0.

    Returns
    -------
    pandas.DataFrame
        A visits table: reading, onset, region (categorical), duration (sum of fixation durations, ms; NaN when one is
        not known), fixations, first_fixation_duration (ms) and offset (end of the last fixation, ms).

    Raises
    ------
    ValueError
        If a reading isn't in `images`, the overlap policy is none of the three, or the radius lacks a viewing.

    See Also
    --------
    gazeanalytics.gaze.aoi_metrics : dwell time, time to first fixation and revisits of these visits.
    gazeanalytics.gaze.transition_matrix : which AOI follows which.

    References
    ----------
    Holmqvist, K., et al. (2011). Eye tracking: A comprehensive guide to methods and measures. Oxford University Press.

    Examples
    --------
    Two looks at the left half, with one at the right between them:

    >>> images = pd.DataFrame({"reading": [1], "case": ["a"], "width": [200], "height": [100]})
    >>> halves = grid_regions(images, rows=1, columns=2)
    >>> fixations = pd.DataFrame({"reading": 1, "onset": [0, 200, 500, 800], "duration": [150, 200, 250, 100],
    ...                           "x": [50, 60, 150, 40], "y": 50})
    >>> visits(fixations, halves, images)[["onset", "region", "duration", "fixations"]]
       onset region  duration  fixations
    0      0   r0c0     350.0          2
    1    500   r0c1     250.0          1
    2    800   r0c0     100.0          1
    """
    found = locate(fixations, regions, images, overlap=overlap, hit_radius_deg=hit_radius_deg, viewing=viewing)
    return join_hits(fixations, found)


def join_hits(fixations: pd.DataFrame, hits: pd.DataFrame) -> pd.DataFrame:
    """Merge hits that follow one another in the same area of interest (AOI) into visits (dwells).

    Parameters
    ----------
    fixations : pandas.DataFrame
        A fixations table.
    hits : pandas.DataFrame
        Which fixation lies where, as `locate` or `locate_on_masks` give them: row (position in `fixations`, rising) and
        region.

    Returns
    -------
    pandas.DataFrame
        A visits table, as `visits` gives.

    Examples
    --------
    >>> fixations = pd.DataFrame({"reading": 1, "onset": [0, 200, 500], "duration": [150, 200, 250], "x": 0, "y": 0})
    >>> hits = pd.DataFrame({"row": [0, 1, 2], "region": ["heart", "heart", "lung"]})
    >>> join_hits(fixations, hits)[["onset", "region", "duration", "offset"]]
       onset region  duration  offset
    0      0  heart     350.0   400.0
    1    500   lung     250.0   750.0
    """
    # One region after the other, so that each one's runs lie together, also where AOIs overlap: in order of time the
    # runs of one would be cut by the hits of another.
    names = hits["region"].astype("category")
    order = np.argsort(names.cat.codes.to_numpy(), kind="stable")
    row, region = hits["row"].to_numpy()[order], names.cat.codes.to_numpy()[order]
    ids = ragged.segments(fixations["reading"]).rows()
    starts = _run_starts(row, region, ids)
    stops = np.append(starts[1:], len(row)).astype(np.int64)[: len(starts)]
    duration = fixations["duration"].to_numpy(float) if "duration" in fixations else np.full(len(fixations), np.nan)
    first, last = row[starts], row[stops - 1]
    onset = fixations["onset"].to_numpy()
    made = pd.DataFrame(
        {
            "reading": fixations["reading"].take(first).array,
            "onset": onset[first],
            "region": names.take(order[starts]).array,
            "duration": np.add.reduceat(duration[row], starts) if len(starts) else np.empty(0),
            "fixations": stops - starts,
            "first_fixation_duration": duration[first],
            "offset": onset[last] + duration[last],
        }
    )
    return made.iloc[np.argsort(first, kind="stable")].reset_index(drop=True)


def region_coverage(
    fixations: pd.DataFrame,
    regions: pd.DataFrame,
    viewing: Viewing,
    images: pd.DataFrame,
    *,
    radius_deg: float = 2.5,
    cells: int = 16,
) -> pd.DataFrame:
    """Coverage of each area of interest (AOI): its share within the useful visual field (Kok et al. 2016).

    Cost grows with the number of fixations times the square of `cells`.

    Parameters
    ----------
    fixations, regions, images : pandas.DataFrame
        As for `visits`.
    viewing : Viewing
        Of all readings, or one element a row of `images`.
    radius_deg : float
        Radius of the field (exact angle); 2.5 deg is half of that for nodules (Kundel, Nodine & Toto 1991).
    cells : int
        A region counts as a grid of this many cells across and down its box; those whose centre is in it count.

    Returns
    -------
    pandas.DataFrame
        One row a reading and region of its case: reading, region, coverage_share (0 without fixations).

    Examples
    --------
    One fixation in the middle of the left half:

    >>> images = pd.DataFrame({"reading": [1], "case": ["a"], "width": [800], "height": [400]})
    >>> halves = grid_regions(images, rows=1, columns=2)
    >>> fixations = pd.DataFrame({"reading": [1], "onset": [0], "x": [200], "y": [200]})
    >>> region_coverage(fixations, halves, Viewing.from_px_per_deg(40, 800, 400), images).round(2)
       reading region  coverage_share
    0        1   r0c0             0.2
    1        1   r0c1             0.0
    """
    if not (radius_deg > 0 and cells >= 1):
        raise ValueError(f"expected radius_deg above 0 and at least one cell; got {radius_deg} deg and {cells} cells")
    return coverage_of(prepare(fixations, viewing, images), regions, viewing, images, (radius_deg, cells))


def coverage_of(
    points: Points, regions: pd.DataFrame, viewing: Viewing, images: pd.DataFrame, field: tuple[float, int]
) -> pd.DataFrame:
    """`region_coverage` of fixations that are prepared already; `field` is its radius and number of cells."""
    ordered, spans = _regions_of(regions, images, smallest_first=False)
    # One kernel call a pair of reading and AOI: threads share out pairs, so that a case of many AOIs isn't left to one.
    number = spans[:, 1] - spans[:, 0]
    owner = np.repeat(np.arange(len(images)), number)
    region = np.arange(len(owner)) - np.repeat(np.cumsum(number) - spans[:, 1], number)
    pairs = ragged.Segments(pd.RangeIndex(len(owner)), points.found.starts[owner], points.found.stops[owner])
    share = np.empty(len(owner))
    seen = kernels.Field(points.rays, 2 * np.sin(np.deg2rad(field[0]) / 2), field[1])
    known = [viewing.rows(len(images))[owner], region]
    ragged.each(kernels.seen_shares, pairs, seen, _areas(ordered), out=[*known, share])
    name = ordered["region"].take(region).array
    return pd.DataFrame({"reading": images["reading"].take(owner).array, "region": name, "coverage_share": share})


def _run_starts(row: np.ndarray, region: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Where a hit doesn't continue the one before: another region, another reading, or a fixation between."""
    # Rows of `fixations` that lie side by side may belong to two readings.
    if not len(row):
        return np.zeros(0, np.int64)
    fresh = (region[1:] != region[:-1]) | (row[1:] != row[:-1] + 1) | (ids[row[1:]] != ids[row[:-1]])
    return np.concatenate(([0], np.flatnonzero(fresh) + 1))


def _areas(regions: pd.DataFrame, radius_deg: float = 0.0) -> kernels.Areas:
    """Boxes, shapes and outlines of regions as the kernels take them."""
    shape = regions["shape"].to_numpy(object) if "shape" in regions else np.full(len(regions), "box", object)
    codes = np.where(shape == "ellipse", kernels.ELLIPSE, np.where(shape == "polygon", kernels.POLYGON, kernels.BOX))
    outlines = [np.empty((0, 2))] * len(regions)
    for row in np.flatnonzero(codes == kernels.POLYGON):
        outlines[row] = _outline(regions.iloc[row])
    edges = np.concatenate(([0], np.cumsum([len(outline) for outline in outlines]))).astype(np.int64)
    boxes = regions[["x0", "y0", "x1", "y1"]].to_numpy(float)
    return kernels.Areas(boxes, codes, np.concatenate([np.empty((0, 2)), *outlines]), edges, float(radius_deg))


def _outline(region: pd.Series) -> np.ndarray:
    """Corners of a polygon, shape (corners, 2), from text such as "0,0 10,0 5,8"."""
    text = region.get("outline")
    try:
        corners = [[float(part) for part in pair.split(",")] for pair in str(text).split()]
    except ValueError:
        corners = []
    if len(corners) < 3 or any(len(corner) != 2 for corner in corners):
        raise ValueError(
            f"regions: the polygon {region['region']!r} of case {region['case']!r} needs an outline of three or more "
            f'corners in image px, such as "0,0 10,0 5,8"; got {text!r}'
        )
    return np.array(corners)


Found = tuple[np.ndarray, np.ndarray]


def _first_hits(found: ragged.Segments, scene: kernels.Scene, known: list[np.ndarray]) -> Found:
    codes = np.full(len(scene.x), -1, np.int64)
    ragged.each(kernels.first_hit_readings, found, scene, codes, out=known)
    row = np.flatnonzero(codes >= 0)
    return row, codes[row]


def _all_hits(found: ragged.Segments, scene: kernels.Scene, known: list[np.ndarray]) -> Found:
    # Counted first, so that each reading knows where in the list its hits go and threads needn't wait for each other.
    counts = np.zeros(len(found), np.int64)
    ragged.each(kernels.count_hit_readings, found, scene, out=[*known, counts])
    hits = kernels.Hits(*np.empty((2, counts.sum()), np.int64))
    ragged.each(kernels.list_hit_readings, found, scene, hits, out=[*known, np.cumsum(counts) - counts])
    return hits.fixations, hits.regions


def _check_choice(overlap: str, radius: float, viewing: Viewing | None) -> None:
    if overlap not in get_args(Overlap):
        raise ValueError(f"overlap: expected one of {', '.join(get_args(Overlap))}; got {overlap!r}")
    if not radius >= 0:
        raise ValueError(f"hit_radius_deg: expected 0 or more (deg); got {radius}")
    if radius > 0 and viewing is None:
        raise ValueError("hit_radius_deg needs a viewing, which says how many pixels a degree covers; give viewing=")


def _regions_of(
    regions: pd.DataFrame, images: pd.DataFrame, *, smallest_first: bool
) -> tuple[pd.DataFrame, np.ndarray]:
    """Order regions by case, and say which rows belong to the case of each reading: first and end, (readings, 2)."""
    tables.check(regions, "regions")
    # By the box also for ellipses and polygons: of nested AOIs the inner box is the smaller one whatever the shapes.
    area = (regions["x1"] - regions["x0"]) * (regions["y1"] - regions["y0"])
    order = area.to_numpy().argsort(kind="stable") if smallest_first else np.arange(len(regions))
    names = pd.Index(np.asarray(regions["case"])).unique()
    case = names.get_indexer(pd.Index(np.asarray(regions["case"])))
    order = order[case[order].argsort(kind="stable")]
    ordered = regions.take(order).assign(region=pd.Categorical(regions["region"].take(order)))
    edges = np.append(np.searchsorted(case[order], np.arange(len(names))), len(order))
    own = names.get_indexer(pd.Index(np.asarray(images["case"])))
    return ordered, np.where(own[:, None] < 0, 0, np.column_stack([edges[own], edges[own + 1]]))
