"""Regions and visits against a plain twin."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gazeanalytics import gaze, tables
from gazeanalytics._kernels.gaze import aoi as kernels
from gazeanalytics._kernels.gaze.places import Box
from gazeanalytics.geometry import Viewing

IMAGES = pd.DataFrame({"reading": [0, 1], "case": ["a", "b"], "width": 10, "height": 10})
SPOTS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=10)
BOXES = st.lists(
    st.tuples(st.integers(0, 8), st.integers(0, 8), st.integers(1, 4), st.integers(1, 4), st.booleans()), max_size=4
)


def region_table(boxes):
    rows = [
        (case, f"r{k}", "organ", x, y, x + wide, y + high, "ellipse" if round_ else "box")
        for case, own in boxes.items()
        for k, (x, y, wide, high, round_) in enumerate(own)
    ]
    return pd.DataFrame(rows, columns=["case", "region", "kind", "x0", "y0", "x1", "y1", "shape"]).astype(
        dict.fromkeys(["x0", "y0", "x1", "y1"], float)
    )


def inside(x, y, row):
    if row.shape == "box":
        return row.x0 <= x <= row.x1 and row.y0 <= y <= row.y1
    wide, high = row.x1 - row.x0, row.y1 - row.y0
    return ((2 * x - row.x0 - row.x1) / wide) ** 2 + ((2 * y - row.y0 - row.y1) / high) ** 2 <= 1 + 1e-12


def plain_visits(fixations, regions, overlap):
    """(reading, onset, region, fixations) of runs in one region, one region at a time."""
    found = []
    for reading, own in fixations.groupby("reading"):
        rows = [row for row in regions.itertuples() if row.case == IMAGES["case"][reading]]
        if overlap == "nested":
            rows.sort(key=lambda row: (row.x1 - row.x0) * (row.y1 - row.y0))
        hits = [[row.region for row in rows if inside(f.x, f.y, row)] for f in own.itertuples()]
        if overlap != "all":
            hits = [names[:1] for names in hits]
        for row in rows:
            run = []
            for at, names in [*enumerate(hits), (len(hits), [])]:
                if row.region in names:
                    run.append(at)
                elif run:
                    found.append((reading, own["onset"].iloc[run[0]], row.region, len(run)))
                    run = []
    return sorted(found)


@pytest.mark.parametrize("overlap", ["priority", "nested", "all"])
@settings(max_examples=25, deadline=None)
@given(SPOTS, SPOTS, BOXES, BOXES)
def test_visits_equal_twin(overlap, first, second, here, there):
    spots = [(0, *spot) for spot in first] + [(1, *spot) for spot in second]
    fixations = pd.DataFrame(spots, columns=["reading", "x", "y"]).astype({"reading": int})
    fixations = fixations.assign(onset=np.arange(len(fixations)) * 10.0, duration=7.0)
    regions = region_table({"a": here, "b": there})
    made = gaze.visits(fixations, regions, IMAGES, overlap=overlap)
    tables.check(made, "visits")
    got = sorted(made[["reading", "onset", "region", "fixations"]].itertuples(index=False, name=None))
    assert got == plain_visits(fixations, regions, overlap)
    assert (made["duration"] == 7 * made["fixations"]).all()
    assert (made["offset"] == made["onset"] + 10 * made["fixations"] - 3).all()


CORNERS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=3, max_size=6, unique=True)


def in_polygon(x, y, corners):
    """On an edge, or crossed an odd number of times by a ray to the right; whole numbers only."""
    odd = False
    for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True):
        across = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
        if across == 0 and min(ax, bx) <= x <= max(ax, bx) and min(ay, by) <= y <= max(ay, by):
            return True
        if (ay > y) != (by > y):
            odd ^= (across > 0) == (by > ay)
    return odd


@settings(max_examples=40, deadline=None)
@given(CORNERS)
def test_polygons_equal_twin(corners):
    grid = [(x, y) for x in range(7) for y in range(7)]
    fixations = pd.DataFrame(grid, columns=["x", "y"]).assign(reading=0, onset=np.arange(49.0))
    outline = " ".join(f"{x},{y}" for x, y in corners)
    regions = region_table({"a": [(0, 0, 6, 6, False)]}).assign(shape="polygon", outline=outline)
    hits = gaze.locate(fixations, regions, IMAGES)
    assert hits["row"].tolist() == [row for row, spot in enumerate(grid) if in_polygon(*spot, corners)]


def test_polygon_with_radius_and_without_outline():
    viewing = Viewing.from_px_per_deg(30, 1000, 1000)
    regions = region_table({"a": [(0, 0, 400, 300, False)]}).assign(shape="polygon", outline="0,0 400,0 0,300")
    fixations = pd.DataFrame({"reading": 0, "onset": [0.0], "x": 260.0, "y": 230.0})
    near = float(viewing.angle(260, 230, 200, 150))
    for radius, hits in ((near * (1 + 1e-9), 1), (near * (1 - 1e-9), 0)):
        assert len(gaze.visits(fixations, regions, IMAGES, hit_radius_deg=radius, viewing=viewing)) == hits
    with pytest.raises(ValueError, match="the polygon 'r0' of case 'a' needs an outline of three or more corners"):
        gaze.visits(fixations, regions.assign(outline="0,0 400,0"), IMAGES)


def test_hit_radius_is_an_exact_angle():
    viewing = Viewing.from_px_per_deg(30, 1000, 1000)
    regions = region_table({"a": [(400, 400, 100, 100, False)]})
    images = IMAGES[:1].assign(width=1000, height=1000)
    near = float(viewing.angle(560, 540, 500, 500))
    fixations = pd.DataFrame({"reading": 0, "onset": [0.0], "x": 560.0, "y": 540.0})
    for radius, hits in ((near * (1 + 1e-12), 1), (near * (1 - 1e-9), 0)):
        assert len(gaze.visits(fixations, regions, images, hit_radius_deg=radius, viewing=viewing)) == hits


@pytest.mark.parametrize("size", [(400, 300), (600, 20), (3, 700)])
def test_hit_radius_of_an_ellipse_is_that_of_its_nearest_point(size):
    box = Box(200.0, 150.0, 200.0 + size[0], 150.0 + size[1])
    turn = np.linspace(0, 2 * np.pi, 200_001)
    edge_x, edge_y = 200 + size[0] / 2 * (1 + np.cos(turn)), 150 + size[1] / 2 * (1 + np.sin(turn))
    for x, y in np.random.default_rng(5).uniform(0, 1000, (60, 2)):
        if kernels.in_ellipse(x, y, box):
            continue
        at_x, at_y = kernels.nearest_on_ellipse(x, y, box)
        # The twin's corners lie 0.01 px apart.
        assert np.hypot(at_x - x, at_y - y) == pytest.approx(np.hypot(edge_x - x, edge_y - y).min(), abs=1e-4)
        on = ((at_x - 200) / size[0] * 2 - 1) ** 2 + ((at_y - 150) / size[1] * 2 - 1) ** 2
        assert on == pytest.approx(1, abs=1e-6)
    regions = region_table({"a": [(200, 150, *size, True)]})
    viewing = Viewing.from_px_per_deg(30, 1000, 1000)
    fixations = pd.DataFrame({"reading": 0, "onset": [0.0], "x": 100.0, "y": 120.0})
    near = float(viewing.angle(100, 120, *kernels.nearest_on_ellipse(100.0, 120.0, box)))
    for radius, hits in ((near * (1 + 1e-9), 1), (near * (1 - 1e-9), 0)):
        assert len(gaze.visits(fixations, regions, IMAGES, hit_radius_deg=radius, viewing=viewing)) == hits


def test_place_not_known_ends_a_visit():
    fixations = pd.DataFrame({"reading": 0, "onset": [0.0, 1, 2], "x": [1.0, np.nan, 1.0], "y": 1.0})
    made = gaze.visits(fixations, region_table({"a": [(0, 0, 4, 4, False)]}), IMAGES)
    assert made["fixations"].tolist() == [1, 1]
    assert made["duration"].isna().all()


def test_nobody_and_nothing():
    regions = region_table({"c": [(0, 0, 4, 4, False)]})
    none = pd.DataFrame({"reading": np.empty(0, int), "onset": [], "x": [], "y": []}).astype({"onset": float})
    for fixations in (none, pd.DataFrame({"reading": 0, "onset": [0.0], "x": [1.0], "y": [1.0]})):
        for table in (regions, regions[:0]):
            for overlap in ("priority", "all"):
                assert len(tables.check(gaze.visits(fixations, table, IMAGES, overlap=overlap), "visits")) == 0


def test_coverage_of_regions_equals_plain_count():
    rng = np.random.default_rng(8)
    viewing = Viewing(480.0, 420.0, 2000.0, 1800.0)
    images = pd.DataFrame({"reading": [0, 1, 2], "case": ["a", "b", "a"], "width": 900, "height": 800})
    regions = region_table({"a": [(100, 50, 300, 200, False), (0, 0, 400, 600, True)], "b": [(5, 5, 700, 90, False)]})
    fixations = pd.DataFrame({"reading": np.repeat([2, 1], [9, 4]), "onset": [*range(9), *range(4)]})
    fixations = fixations.assign(x=rng.uniform(0, 900, 13), y=rng.uniform(0, 800, 13))
    made = gaze.region_coverage(fixations, regions, viewing, images, radius_deg=3, cells=10)
    assert made[["reading", "region"]].to_numpy().tolist() == [[0, "r0"], [0, "r1"], [1, "r0"], [2, "r0"], [2, "r1"]]
    assert made["coverage_share"][:2].tolist() == [0, 0]
    for row, case in zip(made.itertuples(), "aabaa", strict=True):
        area = next(area for area in regions.itertuples() if (area.case, area.region) == (case, row.region))
        middle = (np.arange(10) + 0.5) / 10
        x, y = np.meshgrid(area.x0 + middle * (area.x1 - area.x0), area.y0 + middle * (area.y1 - area.y0))
        own = fixations[fixations["reading"] == row.reading]
        near = viewing.angle(x[..., None], y[..., None], own["x"].to_numpy(), own["y"].to_numpy()) <= 3
        cells = np.array([inside(*spot, area) for spot in zip(x.ravel(), y.ravel(), strict=True)]).reshape(10, 10)
        assert row.coverage_share == near.any(axis=-1)[cells].mean()


def test_grid_covers_the_image_once():
    images = IMAGES.assign(width=[30, 60], height=[20, 40])
    grid = gaze.grid_regions(images, rows=2, columns=3)
    tables.check(grid, "regions")
    area = (grid["x1"] - grid["x0"]) * (grid["y1"] - grid["y0"])
    assert area.groupby(grid["case"]).sum().tolist() == [600, 2400]


def test_errors_say_what_to_do():
    fixations = pd.DataFrame({"reading": 0, "onset": [0.0], "x": [1.0], "y": [1.0]})
    regions = region_table({"a": [(0, 0, 4, 4, False)]})
    with pytest.raises(ValueError, match="overlap: expected one of priority, nested, all; got 'first'"):
        gaze.visits(fixations, regions, IMAGES, overlap="first")
    with pytest.raises(ValueError, match="hit_radius_deg needs a viewing"):
        gaze.visits(fixations, regions, IMAGES, hit_radius_deg=1)
    with pytest.raises(ValueError, match="a grid needs at least one row and one column; got 0 rows and 2 columns"):
        gaze.grid_regions(IMAGES, rows=0, columns=2)
