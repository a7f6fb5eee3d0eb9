"""MultiMatch against multimatch-gaze, the MATLAB toolbox's own numbers and a plain twin."""

import itertools
import math
import statistics

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gazeanalytics._kernels.gaze.multimatch_simplify import Limits, simplify
from gazeanalytics.gaze.scanpaths import Simplify, multimatch, pair_matrix, pair_readings

DIMENSIONS = ["shape", "direction", "length", "position", "duration"]
TOOLBOX = Simplify(max_direction_deg=45, max_amplitude_px=146.8, max_duration_ms=300)


def table(*paths):
    """Fixations table of paths told as (x, y) or (x, y, duration) rows; readings count from 0."""
    frames = []
    for reading, path in enumerate(paths):
        frame = pd.DataFrame(list(path), columns=["x", "y", "duration"][: len(path[0])], dtype=float)
        frames.append(frame.assign(reading=reading, onset=np.arange(len(frame))))
    return pd.concat(frames, ignore_index=True)


def plain_alignment(one, two):
    """Cheapest way from corner to corner and how many ways cost the same, by the rule the docstring gives."""
    cost = [[math.sqrt((a - c) ** 2 + (b - d) ** 2) for c, d in two] for a, b in one]
    total = [[0.0] * len(two) for _ in one]
    ways = [[1] * len(two) for _ in one]
    for i in range(len(one)):
        for j in range(len(two)):
            before = [
                (total[p][q], ways[p][q]) for p, q in ((i - 1, j - 1), (i - 1, j), (i, j - 1)) if p >= 0 and q >= 0
            ]
            if before:
                best = min(before)[0]
                total[i][j] = best + cost[i][j]
                ways[i][j] = sum(count for value, count in before if value == best)
    steps = [(len(one) - 1, len(two) - 1)]
    while steps[-1] != (0, 0):
        i, j = steps[-1]
        before = [(p, q) for p, q in ((i - 1, j - 1), (i - 1, j), (i, j - 1)) if p >= 0 and q >= 0]
        steps.append(min(before, key=lambda node: total[node[0]][node[1]]))
    return steps, ways[-1][-1]


def plain_multimatch(one, two, width, height):
    def vectors(path):
        return [(b[0] - a[0], b[1] - a[1]) for a, b in itertools.pairwise(path)]

    if (len(two), vectors(two)) < (len(one), vectors(one)):
        one, two = two, one
    first, second = vectors(one), vectors(two)
    steps, ways = plain_alignment(first, second)
    diagonal = math.hypot(width, height)
    found = [[], [], [], [], []]
    for i, j in steps:
        (a, b), (c, d) = first[i], second[j]
        turn = abs(math.atan2(b, a) - math.atan2(d, c))
        longer = max(one[i][2], two[j][2])
        found[0].append(math.sqrt((a - c) ** 2 + (b - d) ** 2) / (2 * diagonal))
        found[1].append(min(turn, 2 * math.pi - turn) / math.pi)
        found[2].append(abs(math.sqrt(a * a + b * b) - math.sqrt(c * c + d * d)) / diagonal)
        found[3].append(math.sqrt((one[i][0] - two[j][0]) ** 2 + (one[i][1] - two[j][1]) ** 2) / diagonal)
        found[4].append(abs(one[i][2] - two[j][2]) / longer if longer > 0 else 0.0)
    return [1 - statistics.median(values) for values in found], ways


def peer(one, two, size, **grouping):
    """multimatch-gaze on two paths, or None where it fails."""
    mg = pytest.importorskip("multimatch_gaze")
    kind = [("start_x", float), ("start_y", float), ("duration", float)]
    records = [np.array([tuple(row) for row in path], dtype=kind).view(np.recarray) for path in (one, two)]
    try:
        with np.errstate(all="ignore"):
            return mg.docomparison(*records, screensize=size, **grouping)
    except (ValueError, IndexError):
        return None


@pytest.fixture(scope="module")
def movie(shared_data):
    """Two readers of 55 film segments: the table in ms, the pairs, and the paths."""
    folder = shared_data / "multimatch_fixations"
    paths = []
    for segment in range(55):
        for reader in ("sub-01", "sub-19"):
            frame = pd.read_csv(folder / f"segment_{segment}_{reader}.tsv", sep="\t")
            paths.append(frame.set_axis(["x", "y", "duration"], axis=1).assign(duration=lambda f: f["duration"] * 1000))
    pairs = pd.DataFrame({"first": np.arange(0, 110, 2), "second": np.arange(1, 110, 2)})
    rows = [path.to_numpy().tolist() for path in paths]
    return table(*rows), pairs, rows, pd.read_csv(folder / "multimatch_gaze_results.csv")


def test_equals_multimatch_gaze_on_55_pairs(movie):
    fixations, pairs, _, peers = movie
    ours = multimatch(fixations, width_px=1280, height_px=720, pairs=pairs)[DIMENSIONS].to_numpy()
    assert np.abs(ours - peers[["shape", "dir", "len", "pos", "dur"]].to_numpy()).max() < 1e-12
    assert ours.mean(axis=0).round(6).tolist() == [0.990150, 0.680198, 0.986506, 0.905744, 0.480819]


def test_simplified_equals_multimatch_gaze_where_it_does_not_fail(movie):
    fixations, pairs, rows, _ = movie
    ours = multimatch(fixations, width_px=1280, height_px=720, pairs=pairs, simplify=TOOLBOX)[DIMENSIONS].to_numpy()
    limits = {"grouping": True, "TDir": 45.0, "TDur": 300.0, "TAmp": 146.8}
    compared = 0
    for place in range(0, 55, 3):
        theirs = peer(rows[2 * place], rows[2 * place + 1], [1280, 720], **limits)
        if theirs is not None:
            compared += 1
            assert np.abs(ours[place] - theirs).max() < 1e-12
    assert compared > 10


@pytest.mark.parametrize(
    ("limits", "matlab"),
    [
        (None, [0.99082, 0.69902, 0.98927, 0.94767, 0.65563]),
        (TOOLBOX, [0.95076, 0.95638, 0.94082, 0.94491, 0.78261]),
    ],
)
def test_equals_the_matlab_toolbox(shared_data, limits, matlab):
    folder = shared_data / "multimatch_fixations"
    paths = [pd.read_csv(folder / f"segment_10_{reader}.tsv", sep="\t") for reader in ("sub-01", "sub-19")]
    rows = [path.to_numpy() * [1, 1, 1000] for path in paths]
    size = (1280, 720) if limits is None else (720, 1280)
    ours = multimatch(table(*rows), width_px=size[0], height_px=size[1], simplify=limits)
    assert ours[DIMENSIONS].to_numpy()[0] == pytest.approx(matlab, abs=1e-5)


coordinate = st.integers(0, 3).map(lambda k: 10.0 * k)
path = st.lists(st.tuples(coordinate, coordinate, st.integers(0, 3).map(float)), min_size=3, max_size=9)


@given(one=path, two=path)
@settings(max_examples=200, deadline=None)
def test_equals_the_plain_twin_on_coarse_paths_full_of_ties(one, two):
    ours = multimatch(table(one, two), width_px=30, height_px=40, n_jobs=1)[DIMENSIONS].to_numpy()[0]
    plain, ways = plain_multimatch(one, two, 30, 40)
    assert ours == pytest.approx(plain, abs=1e-12)
    theirs = peer(one, two, [30, 40]) if ways == 1 and min(p[2] for p in one + two) > 0 else None
    if theirs is not None:
        assert ours == pytest.approx(theirs, abs=1e-12)


@given(one=path, bend=st.sampled_from([0.0, 30.0, 100.0]), small=st.sampled_from([0.0, 11.0, 25.0]))
@settings(max_examples=200, deadline=None)
def test_simplified_saccades_equal_those_of_multimatch_gaze(one, bend, small):
    mg = pytest.importorskip("multimatch_gaze").multimatch_gaze
    kind = [("start_x", float), ("start_y", float), ("duration", float)]
    structure = mg.gen_scanpath_structure(np.array(one, dtype=kind).view(np.recarray))
    try:
        with np.errstate(all="ignore"):
            theirs = mg.simplify_scanpath(structure, small, bend, 2.0)
    except (ValueError, IndexError):
        return
    columns = [theirs["sac"][name] for name in ("x", "y", "lenx", "leny", "rho", "theta")]
    columns.append(theirs["fix"]["dur"][: len(columns[0])])
    x, y, duration = np.array(one).T
    dx, dy = np.diff(x, append=0.0), np.diff(y, append=0.0)
    saccade = np.stack([x, y, dx, dy, np.hypot(dx, dy), np.arctan2(dy, dx), duration])
    assert simplify(saccade, Limits(bend, small, 2.0)) == pytest.approx(np.array(columns), abs=1e-12)


@given(one=path, two=path, bend=st.sampled_from([0.0, 30.0, 100.0]), small=st.sampled_from([0.0, 11.0, 25.0]))
@settings(max_examples=100, deadline=None)
def test_never_raises_and_is_symmetric(one, two, bend, small):
    limits = Simplify(max_direction_deg=bend, max_amplitude_px=small, max_duration_ms=2.0)
    ours = multimatch(table(one, two), width_px=30, height_px=40, simplify=limits, n_jobs=1)
    assert ours[DIMENSIONS].notna().all(axis=None)
    swapped = multimatch(table(two, one), width_px=30, height_px=40, simplify=limits, n_jobs=1)
    assert swapped[DIMENSIONS].to_numpy().tolist() == ours[DIMENSIONS].to_numpy().tolist()


@given(st.lists(st.tuples(st.floats(0, 1e3), st.floats(0, 1e3), st.floats(1, 500)), min_size=3, max_size=40))
@settings(max_examples=50, deadline=None)
def test_a_path_is_wholly_like_itself(one):
    ours = multimatch(table(one, one), width_px=1000, height_px=1000, n_jobs=1)
    assert ours[DIMENSIONS].to_numpy().tolist() == [[1.0] * 5]


def test_long_paths_equal_the_plain_twin():
    rng = np.random.default_rng(3)
    paths = [rng.integers(0, 50, (count, 3)).astype(float).tolist() for count in (80, 61, 130)]
    ours = multimatch(table(*paths), width_px=50, height_px=50)[DIMENSIONS].to_numpy()
    for row, (a, b) in zip(ours, [(0, 1), (0, 2), (1, 2)], strict=True):
        assert row == pytest.approx(plain_multimatch(paths[a], paths[b], 50, 50)[0], abs=1e-12)


def test_says_why_a_score_is_missing():
    good = [(0, 0, 1), (5, 5, 1), (9, 0, 1)]
    paths = [good, good[:2], [(0, 0, 1), (np.nan, 5, 1), (9, 0, 1)], [(0, 0, 1), (5, 5, np.nan), (9, 0, 1)]]
    ours = multimatch(table(*paths), width_px=10, height_px=10).query("first == 0")
    assert ours["note"].tolist() == ["too few fixations", "missing place", "missing duration"]
    assert ours[DIMENSIONS].isna().to_numpy().tolist() == [[True] * 5, [True] * 5, [False] * 4 + [True]]


def test_threads_and_row_order_do_not_matter():
    rng = np.random.default_rng(4)
    fixations = table(*[rng.uniform(0, 100, (rng.integers(3, 12), 3)) for _ in range(60)])
    one, four = (multimatch(fixations, width_px=100, height_px=100, n_jobs=count) for count in (1, 4))
    pd.testing.assert_frame_equal(one, four)
    shuffled = one.sample(frac=1, random_state=0)[["first", "second"]]
    again = multimatch(fixations, width_px=100, height_px=100, pairs=shuffled)
    pd.testing.assert_frame_equal(again.sort_values(["first", "second"], ignore_index=True), one)


def test_leaves_the_caller_s_table_alone():
    fixations = table([(0, 0, 9), (5, 5, 9), (9, 0, 9), (9, 9, 9)], [(0, 0, 9), (5, 5, 9), (9, 0, 9)])
    before = pd.util.hash_pandas_object(fixations).tolist()
    multimatch(fixations, width_px=10, height_px=10, simplify=TOOLBOX)
    assert pd.util.hash_pandas_object(fixations).tolist() == before


def test_errors_tell_what_to_do():
    fixations = table([(0, 0), (5, 5), (9, 0)])
    with pytest.raises(ValueError, match="needs a screen of positive width_px and height_px; got 0 x 10"):
        multimatch(fixations, width_px=0, height_px=10)
    with pytest.raises(ValueError, match="needs every duration in ms; some are NaN"):
        multimatch(fixations, width_px=10, height_px=10, simplify=TOOLBOX)
    with pytest.raises(ValueError, match="x is absent; rename your columns"):
        multimatch(fixations.drop(columns="x"), width_px=10, height_px=10)
    with pytest.raises(ValueError, match="pairs name the reading 7, which has no fixations"):
        multimatch(fixations, width_px=10, height_px=10, pairs=pd.DataFrame({"first": [0], "second": [7]}))
    with pytest.raises(ValueError, match="'second' is absent"):
        multimatch(fixations, width_px=10, height_px=10, pairs=pd.DataFrame({"first": [0]}))


def test_pairs_and_matrix_keep_categories():
    readings = pd.DataFrame({"reading": pd.Categorical(list("abc")), "case": 1, "reader": [1, 1, 2]})
    assert pair_readings(readings).to_numpy().tolist() == [["a", "c"], ["b", "c"]]
    assert pair_readings(readings, different=()).to_numpy().tolist() == [["a", "b"], ["a", "c"], ["b", "c"]]
    fixations = table([(0, 0, 1), (5, 5, 1), (9, 0, 1)], [(0, 0, 1), (5, 5, 1), (9, 0, 1)], [(0, 0, 1)] * 3)
    fixations["reading"] = pd.Categorical(fixations["reading"].map(dict(enumerate("abc"))))
    scores = multimatch(fixations, width_px=10, height_px=10, pairs=pair_readings(readings))
    matrix = pair_matrix(scores, "shape", diagonal=1.0)
    assert list(matrix.index) == ["a", "b", "c"]
    assert np.isnan(matrix.loc["a", "b"])
    assert matrix.loc["c", "b"] == scores["shape"][1]
    with pytest.raises(ValueError, match="needs the column 'reader'"):
        pair_readings(readings.drop(columns="reader"))
