"""GazeSearch (Pham et al. 2025): published scores between people, and peers on all its scanpaths.

As in the authors' code the centre of the image begins every path of the table of scores, and paths below 3 are padded
with (1, 1). The model's scanpaths are not part of the data set, so that its rows can't be checked.
"""

import importlib.util
import json
import sys
from pathlib import Path

import multimatch_gaze
import numpy as np
import pandas as pd
import pytest

from gazeanalytics.gaze.scanpaths import Grid, multimatch, pair_readings, scanmatch, string_edit

if "peers" not in sys.modules:
    _spec = importlib.util.spec_from_file_location("peers", Path(__file__).parents[1] / "peers.py")
    sys.modules["peers"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["peers"])
sys.modules["peers"].registry()
entries = sys.modules["peer_entries.scanpaths"]

SIZE = 224
DIMENSIONS = ["shape", "direction", "length", "position", "duration"]
KIND = [("start_x", float), ("start_y", float), ("duration", float)]
# People on one image with another finding to search for, by the authors' own functions, to the digits they give.
PUBLISHED = {"shape": 0.9287, "direction": 0.7043, "length": 0.9282, "position": 0.8430, "mean4": 0.8511}


@pytest.fixture(scope="module")
def records(shared_data):
    (path,) = (shared_data / "gazesearch_cxr").glob("*.json")
    return json.loads(path.read_text())


@pytest.fixture(scope="module")
def paths(records):
    return [np.column_stack([record[key] for key in "XYT"]).astype(float) for record in records]


@pytest.fixture(scope="module")
def pairs(records):
    readings = pd.DataFrame(records)[["name", "task"]].assign(reading=np.arange(len(records)))
    return pair_readings(readings, same="name", different="task")


def table(paths):
    frame = pd.DataFrame(np.concatenate(paths), columns=["x", "y", "duration"])
    return frame.assign(reading=np.repeat(np.arange(len(paths)), [len(path) for path in paths]))


def from_centre(records):
    made = []
    for record in records:
        path = [(SIZE / 2, SIZE / 2), *zip(record["X"], record["Y"], strict=True)]
        path += [(1, 1)] * (3 - len(path))
        made.append(np.array([(x, y, 1.0) for x, y in path]))
    return made


def ways(one, two):
    """How many alignments of two paths' saccades cost the least."""
    first, second = np.diff(one[:, :2], axis=0), np.diff(two[:, :2], axis=0)
    cost = np.linalg.norm(first[:, None] - second, axis=2)
    total, count = np.zeros_like(cost), np.ones(cost.shape, int)
    for i, j in np.ndindex(*cost.shape):
        before = [node for node in ((i - 1, j - 1), (i - 1, j), (i, j - 1)) if min(node) >= 0]
        if before:
            least = min(total[node] for node in before)
            total[i, j] = least + cost[i, j]
            count[i, j] = sum(count[node] for node in before if total[node] == least)
    return int(count[-1, -1])


def peer(one, two):
    records = [np.array([tuple(row) for row in path], dtype=KIND) for path in (one, two)]
    return np.array(multimatch_gaze.docomparison(*records, screensize=[SIZE, SIZE]))


def mean_scores(fixations, pairs):
    frame = multimatch(fixations, width_px=SIZE, height_px=SIZE, pairs=pairs)
    frame["mean4"] = frame[["shape", "direction", "length", "position"]].mean(axis=1)
    return frame[list(PUBLISHED)].mean()


def test_people_s_scores_are_the_published_ones(records, pairs):
    fixations = table(from_centre(records))
    near = mean_scores(fixations, pairs)
    assert near.round(4).to_dict() == PUBLISHED
    rng = np.random.default_rng(0)
    drawn = pd.DataFrame({"first": rng.permutation(len(records)), "second": rng.permutation(len(records))})
    assert (mean_scores(fixations, drawn.query("first != second")) < near).all()


@pytest.mark.parametrize("step", [10, pytest.param(1, marks=pytest.mark.slow)])
def test_multimatch_is_that_of_multimatch_gaze_where_one_alignment_is_cheapest(paths, pairs, step):
    some = pairs.iloc[::step]
    ours = multimatch(table(paths), width_px=SIZE, height_px=SIZE, pairs=some)[DIMENSIONS].to_numpy()
    numbers = some.to_numpy().tolist()
    unique = [
        k for k, (a, b) in enumerate(numbers) if min(len(paths[a]), len(paths[b])) > 2 and ways(paths[a], paths[b]) == 1
    ]
    assert len(unique) > len(some) / 2
    theirs = np.array([peer(*(paths[reading] for reading in numbers[k])) for k in unique])
    assert np.abs(ours[unique] - theirs).max() < 1e-12


@pytest.mark.parametrize("cells", [(16, 12), (12, 8), (8, 6)])
def test_scanmatch_is_the_paper_s_arithmetic_bit_for_bit(paths, pairs, cells):
    some = pairs.iloc[::10]
    grid = Grid(width_px=SIZE, height_px=SIZE, columns=cells[0], rows=cells[1])
    apart = grid.distances()
    similarity = np.abs(apart - apart.max()) - (apart.max() - entries.THRESHOLD)
    words = [grid.symbols(path[:, 0], path[:, 1]).tolist() for path in paths]
    theirs = [entries.needleman_wunsch(words[a], words[b], similarity) for a, b in some.to_numpy().tolist()]
    assert scanmatch(table(paths), grid=grid, pairs=some)["scanmatch"].tolist() == theirs


def test_string_edit_is_the_textbook_s(paths, pairs):
    some = pairs.iloc[::10]
    grid = Grid(width_px=SIZE, height_px=SIZE, columns=5, rows=5)
    words = [grid.symbols(path[:, 0], path[:, 1]).tolist() for path in paths]
    theirs = [entries.textbook(words[a], words[b]) for a, b in some.to_numpy().tolist()]
    assert string_edit(table(paths), grid=grid, pairs=some)["edits"].tolist() == theirs
