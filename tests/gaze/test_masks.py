"""Label masks against boxes, and the common frame of the chest."""

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import gaze, tables
from gazeanalytics.geometry import Box

IMAGES = pd.DataFrame({"reading": [0, 1, 2], "case": ["a", "b", "c"], "width": 40, "height": 30})


def draw(rng):
    table = pd.DataFrame({"reading": np.repeat([0, 1, 2], 50), "onset": np.tile(np.arange(50.0), 3), "duration": 1.0})
    # Quarters never fall on the border of a cell by rounding.
    return table.assign(x=rng.integers(0, 160, 150) / 4 + 0.125, y=rng.integers(0, 120, 150) / 4 + 0.125)


def test_masks_equal_boxes():
    """A mask with the cells of a grid gives the same visits as the boxes of the grid."""
    fixations = draw(np.random.default_rng(1))
    grid = gaze.grid_regions(IMAGES[:2], rows=3, columns=4)
    mask = np.arange(1, 13).reshape(3, 4)
    names = {label: f"r{(label - 1) // 4}c{(label - 1) % 4}" for label in range(1, 13)}
    hits = gaze.locate_on_masks(fixations, {"a": mask, "b": np.kron(mask, np.ones((10, 10), int))}, IMAGES, names=names)
    made, expected = gaze.join_hits(fixations, hits), gaze.visits(fixations, grid, IMAGES)
    tables.check(made, "visits")
    pd.testing.assert_frame_equal(made.astype({"region": str}), expected.astype({"region": str}))
    assert set(made["reading"]) == {0, 1}


def test_labels_without_a_name_and_places_outside():
    fixations = pd.DataFrame(
        {"reading": 0, "onset": np.arange(5.0), "x": [5, 15, 40, 41, np.nan], "y": [5, 5, 30, 5, 5]}
    )
    mask = np.array([[7, 0, 8, 9]])
    assert gaze.locate_on_masks(fixations, {"a": mask}, IMAGES)["region"].tolist() == [7, 9]
    assert gaze.locate_on_masks(fixations, {"a": mask}, IMAGES, names={9: "heart"})["row"].tolist() == [2]
    assert gaze.locate_on_masks(fixations, {}, IMAGES)["row"].tolist() == []
    with pytest.raises(ValueError, match="the mask of case 'a' needs whole numbers"):
        gaze.locate_on_masks(fixations, {"a": mask / 2}, IMAGES)


def test_align_puts_chests_on_one_another():
    chests = pd.DataFrame({"case": ["a", "b"], "x0": [4, 10], "y0": [3, 0], "x1": [36, 30], "y1": [27, 30]})
    corners = [[4.0, 3], [36, 27], [20, 15]], [[10.0, 0], [30, 30], [20, 15]]
    fixations = pd.DataFrame({"reading": np.repeat([0, 1], 3), "onset": [0, 1, 2] * 2})
    fixations[["x", "y"]] = np.vstack(corners)
    moved, frame = gaze.align(fixations, IMAGES, chests, to=Box(10, 20, 110, 220))
    assert moved[["x", "y"]].to_numpy().tolist() == [[10, 20], [110, 220], [60, 120]] * 2
    assert frame[["width", "height"]].to_numpy().tolist() == [[120, 240]] * 3
    lost, _ = gaze.align(fixations, IMAGES, chests[:1])
    assert lost["x"].isna().tolist() == [False] * 3 + [True] * 3
    with pytest.raises(ValueError, match="chests: expected one row a case; 'a' has two"):
        gaze.align(fixations, IMAGES, chests.assign(case="a"))
    with pytest.raises(ValueError, match="chests: expected x1 > x0 and y1 > y0"):
        gaze.align(fixations, IMAGES, chests.assign(x1=0))
