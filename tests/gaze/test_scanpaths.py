"""ScanMatch, string edit, path distances, embedding and cross-recurrence against peers and plain twins."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gazeanalytics.gaze.scanpaths import (
    Grid,
    cross_recurrence,
    path_distances,
    scanmatch,
    string_edit,
    time_delay_embedding,
)
from gazeanalytics.geometry import Viewing

DISTANCES = ["dtw_px", "frechet_px", "hausdorff_px", "eyeanalysis_px"]
RECURRENCE = ["recurrence", "determinism", "laminarity", "centre_of_mass"]


def table(*paths):
    frames = []
    for reading, path in enumerate(paths):
        frame = pd.DataFrame(list(path), columns=["x", "y", "duration"][: len(path[0])], dtype=float)
        frames.append(frame.assign(reading=reading, onset=np.arange(len(frame))))
    return pd.concat(frames, ignore_index=True)


def plain_scanmatch(one, two, grid, threshold, gap):
    """Needleman-Wunsch as the Python port of ScanMatch builds it, cell by cell."""
    cells = [(i, j) for i in range(grid.rows) for j in range(grid.columns)]
    apart = np.array([[math.sqrt((j - q) ** 2 + (i - p) ** 2) for p, q in cells] for i, j in cells])
    similarity = np.abs(apart - apart.max()) - (apart.max() - threshold)
    best = np.zeros((len(one) + 1, len(two) + 1))
    best[:, 0] = [gap * (i + 1) for i in range(len(one) + 1)]
    best[0, :] = [gap * (j + 1) for j in range(len(two) + 1)]
    for i, j in itertools.product(range(1, len(one) + 1), range(1, len(two) + 1)):
        best[i, j] = max(
            best[i - 1, j - 1] + similarity[one[i - 1], two[j - 1]], best[i - 1, j] + gap, best[i, j - 1] + gap
        )
    return best.max() / (similarity.max() * max(len(one), len(two)))


def plain_symbols(path, grid, bin_ms=None):
    """Symbols by the lookup table of the Python port: a list of pixels' cells, indexed by whole pixels."""
    column = np.int32(np.arange(0, grid.columns, grid.columns / grid.width_px))
    row = np.int32(np.arange(0, grid.rows, grid.rows / grid.height_px))
    symbols = []
    for x, y, duration in path:
        pixel = [int(min(max(v, 0), limit - 1)) for v, limit in ((x, grid.width_px), (y, grid.height_px))]
        times = 1 if bin_ms is None else int(np.round(int(duration) / bin_ms))
        symbols += [int(row[pixel[1]]) * grid.columns + int(column[pixel[0]])] * times
    return symbols


def plain_distances(one, two):
    apart = np.array([[math.hypot(a[0] - b[0], a[1] - b[1]) for b in two] for a in one])
    warp, leash = {}, {}
    for i, j in itertools.product(range(len(one)), range(len(two))):
        before = [node for node in ((i - 1, j - 1), (i - 1, j), (i, j - 1)) if min(node) >= 0]
        warp[i, j] = apart[i, j] + min((warp[node] for node in before), default=0.0)
        leash[i, j] = max(apart[i, j], min((leash[node] for node in before), default=0.0))
    near_one, near_two = apart.min(axis=1), apart.min(axis=0)
    end = (len(one) - 1, len(two) - 1)
    summed = (near_one.sum() + near_two.sum()) / max(len(one), len(two))
    return [warp[end], leash[end], max(near_one.max(), near_two.max()), summed]


def plain_embedding(one, two, scale):
    """Mean over k of the mean distance of each window of the second path to the nearest of the first; exp(-it) too."""
    one, two = np.array(one)[:, :2] / scale, np.array(two)[:, :2] / scale
    distances = []
    for k in range(1, min(len(one), len(two)) + 1):
        nearest = []
        for j in range(len(two) - k + 1):
            sums = [np.hypot(*(one[i : i + k] - two[j : j + k]).T).sum() / k for i in range(len(one) - k + 1)]
            nearest.append(min(sums))
        distances.append(np.mean(nearest))
    return [np.mean(distances), np.mean(np.exp(-np.array(distances)))]


def plain_recurrence(near, line):
    """The four numbers by looking at every line of the plot as text."""
    n, m = near.shape
    count = near.sum()
    diagonals = [np.diagonal(near, lag) for lag in range(-n + 1, m)]

    def held(lines):
        runs = (len(run) for row in lines for run in "".join("#" if v else " " for v in row).split())
        return sum(run for run in runs if run >= line)

    if not count:
        return [0.0, np.nan, np.nan, np.nan]
    lag = sum(j - i for i, j in zip(*np.nonzero(near), strict=True))
    longer = max(n, m) - 1
    return [
        100 * count / (n * m),
        100 * held(diagonals) / count,
        100 * (held(near) + held(near.T)) / (2 * count),
        100 * lag / (longer * count) if longer else 0.0,
    ]


coordinate = st.integers(-1, 8).map(lambda k: 10.0 * k)
path = st.lists(st.tuples(coordinate, coordinate, st.sampled_from([20.0, 50.0, 75.9, 130.0])), min_size=1, max_size=8)


@given(one=path, two=path, gap=st.sampled_from([0.0, -0.5, 1.0]), bin_ms=st.sampled_from([None, 50.0]))
@settings(max_examples=200, deadline=None)
def test_scanmatch_equals_the_published_arithmetic_bit_for_bit(one, two, gap, bin_ms):
    grid = Grid(width_px=70, height_px=60, columns=6, rows=4)
    symbols = [plain_symbols(steps, grid, bin_ms) for steps in (one, two)]
    ours = scanmatch(table(one, two), grid=grid, gap=gap, bin_ms=bin_ms, n_jobs=1)["scanmatch"][0]
    if not any(symbols):
        assert np.isnan(ours)
    else:
        assert ours == plain_scanmatch(*symbols, grid, 3.5, gap)


@given(one=path, two=path)
@settings(max_examples=100, deadline=None)
def test_string_edit_equals_the_textbook_table(one, two):
    grid = Grid(width_px=70, height_px=70, columns=3, rows=3)
    first, second = (plain_symbols(steps, grid) for steps in (one, two))
    edits = np.zeros((len(first) + 1, len(second) + 1))
    edits[:, 0], edits[0, :] = np.arange(len(first) + 1), np.arange(len(second) + 1)
    for i, j in itertools.product(range(1, len(first) + 1), range(1, len(second) + 1)):
        replaced = edits[i - 1, j - 1] + (first[i - 1] != second[j - 1])
        edits[i, j] = min(replaced, edits[i - 1, j] + 1, edits[i, j - 1] + 1)
    ours = string_edit(table(one, two), grid=grid, n_jobs=1).iloc[0]
    assert ours["edits"] == edits[-1, -1]
    assert ours["similarity"] == 1 - edits[-1, -1] / max(len(first), len(second))


@given(one=path, two=path)
@settings(max_examples=100, deadline=None)
def test_path_distances_equal_the_twin_and_are_symmetric(one, two):
    both = pd.DataFrame({"first": [0, 1, 0], "second": [1, 0, 0]})
    ours = path_distances(table(one, two), pairs=both, n_jobs=1)[DISTANCES].to_numpy()
    assert ours[0] == pytest.approx(plain_distances(one, two), rel=1e-12, abs=1e-12)
    assert ours[0] == pytest.approx(ours[1], rel=1e-12, abs=1e-12)
    assert ours[2].tolist() == [0.0] * 4


def test_path_distances_equal_similaritymeasures():
    peer = pytest.importorskip("similaritymeasures")
    rng = np.random.default_rng(5)
    paths = [rng.uniform(0, 100, (count, 2)) for count in (6, 17, 40)]
    ours = path_distances(table(*paths))
    for row, (a, b) in zip(ours[DISTANCES].to_numpy(), itertools.combinations(range(3), 2), strict=True):
        assert row[0] == pytest.approx(peer.dtw(paths[a], paths[b])[0], rel=1e-12)
        assert row[1] == pytest.approx(peer.frechet_dist(paths[a], paths[b]), rel=1e-12)


def test_distances_in_degrees_scale_with_the_viewing():
    paths = [[(390, 300), (410, 300)], [(400, 290), (400, 310)]]
    near, far = (Viewing.from_px_per_deg(scale, 800, 600) for scale in (40, 80))
    near, far = (path_distances(table(*paths), viewing=viewing)["dtw_deg"][0] for viewing in (near, far))
    assert near == pytest.approx(2 * far, rel=1e-3)


@given(one=path, two=path)
@settings(max_examples=60, deadline=None)
def test_embedding_equals_the_twin(one, two):
    ours = time_delay_embedding(table(one, two), scale_px=80, n_jobs=1)[["tde", "stde"]].to_numpy()[0]
    assert ours == pytest.approx(plain_embedding(one, two, 80), abs=1e-12)


@given(one=path, two=path, line=st.integers(2, 3))
@settings(max_examples=100, deadline=None)
def test_cross_recurrence_equals_the_twin_and_keeps_to_its_range(one, two, line):
    viewing = Viewing.from_px_per_deg(1000.0)
    right = [np.column_stack(viewing.degrees(*np.array(steps)[:, :2].T)) for steps in (one, two)]
    near = np.linalg.norm(right[0][:, None] - right[1], axis=2) <= 0.0103
    ours = cross_recurrence(table(one, two), radius_deg=0.0103, viewing=viewing, min_line=line, n_jobs=1)
    ours = ours[RECURRENCE].to_numpy()[0]
    assert ours == pytest.approx(plain_recurrence(near, line), abs=1e-9, nan_ok=True)
    assert not (ours[:3] > 100 + 1e-9).any()


def test_missing_places_and_durations_are_named():
    paths = [[(0, 0, 10), (5, 5, 10)], [(0, 0, np.nan), (5, 5, 10)], [(np.nan, 0, 10), (5, 5, 10)]]
    fixations, grid = table(*paths), Grid(width_px=10, height_px=10, columns=2, rows=2)
    viewing = Viewing.from_px_per_deg(10)
    untimed = ["", "missing place", "missing place"]
    assert path_distances(fixations)["note"].tolist() == untimed
    assert time_delay_embedding(fixations, scale_px=10)["note"].tolist() == untimed
    assert cross_recurrence(fixations, radius_deg=1, viewing=viewing)["note"].tolist() == untimed
    assert string_edit(fixations, grid=grid)["note"].tolist() == untimed
    timed = scanmatch(fixations, grid=grid, bin_ms=10)
    assert timed["note"].tolist() == ["missing duration", "missing place", "missing place"]
    assert timed["scanmatch"].isna().all()


def test_errors_tell_what_to_do():
    fixations = table([(0, 0)], [(5, 5)])
    with pytest.raises(ValueError, match="grid: columns must be a whole number of at least 1; got 0"):
        Grid(width_px=10, height_px=10, columns=0, rows=1)
    grid = Grid(width_px=10, height_px=10, columns=2, rows=2)
    with pytest.raises(ValueError, match="scanmatch needs bin_ms above 0 or None for one symbol a fixation; got 0"):
        scanmatch(fixations, grid=grid, bin_ms=0)
    with pytest.raises(ValueError, match="duration is absent"):
        string_edit(fixations, grid=grid, bin_ms=50)
    with pytest.raises(ValueError, match="needs a positive scale_px"):
        time_delay_embedding(fixations, scale_px=0)
    with pytest.raises(ValueError, match="min_line of 2 or more; got 1 and 1"):
        cross_recurrence(fixations, radius_deg=1, viewing=Viewing.from_px_per_deg(10), min_line=1)


def test_an_empty_table_gives_an_empty_answer():
    nothing = pd.DataFrame({"reading": pd.Series([], dtype=int), "x": [], "y": [], "duration": []})
    grid = Grid(width_px=10, height_px=10, columns=2, rows=2)
    for found in (path_distances(nothing), scanmatch(nothing, grid=grid), string_edit(nothing, grid=grid)):
        assert len(found) == 0
