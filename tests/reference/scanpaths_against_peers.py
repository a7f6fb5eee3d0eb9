"""Scanpath comparison and recurrence against other programs' numbers; prints how far apart they are.

    python tests/reference/scanpaths_against_peers.py FOLDER

FOLDER holds `multimatch_fixations` and `gazesearch_cxr`. Peers: multimatch-gaze 0.1.3, similaritymeasures 1.5.0,
SciPy and, where it is installed, GazeParser 0.12.3 (`pip install --no-deps GazeParser`; what is used of it here needs
no window).
"""

import json
import sys
from pathlib import Path

import multimatch_gaze
import numpy as np
import pandas as pd
import similaritymeasures
from scipy.spatial.distance import directed_hausdorff

from gazeanalytics.gaze import features
from gazeanalytics.gaze.scanpaths import (
    Grid,
    Simplify,
    multimatch,
    pair_readings,
    path_distances,
    scanmatch,
    string_edit,
)
from gazeanalytics.geometry import Viewing

DIMENSIONS = ["shape", "direction", "length", "position", "duration"]
KIND = [("start_x", float), ("start_y", float), ("duration", float)]
MATLAB = {
    None: [0.99082, 0.69902, 0.98927, 0.94767, 0.65563],
    Simplify(max_direction_deg=45, max_amplitude_px=146.8, max_duration_ms=300): [
        0.95076,
        0.95638,
        0.94082,
        0.94491,
        0.78261,
    ],
}


def ways(one: np.ndarray, two: np.ndarray) -> int:
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


def table(paths: list[np.ndarray]) -> pd.DataFrame:
    frame = pd.DataFrame(np.concatenate(paths), columns=["x", "y", "duration"])
    return frame.assign(reading=np.repeat(np.arange(len(paths)), [len(path) for path in paths]))


def peer(one: np.ndarray, two: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    records = [np.array([tuple(row) for row in path], dtype=KIND) for path in (one, two)]
    return np.array(multimatch_gaze.docomparison(*records, screensize=list(size)))


def movie(folder: Path) -> None:
    readers = [f"segment_{k}_{sub}.tsv" for k in range(55) for sub in ("sub-01", "sub-19")]
    paths = [pd.read_csv(folder / name, sep="\t").to_numpy() * [1, 1, 1000] for name in readers]
    pairs = pd.DataFrame({"first": np.arange(0, 110, 2), "second": np.arange(1, 110, 2)})
    ours = multimatch(table(paths), width_px=1280, height_px=720, pairs=pairs)[DIMENSIONS].to_numpy()
    theirs = pd.read_csv(folder / "multimatch_gaze_results.csv")[["shape", "dir", "len", "pos", "dur"]].to_numpy()
    print(f"MultiMatch, 55 pairs: greatest difference from multimatch-gaze {np.abs(ours - theirs).max():.1e}")
    for simplify, matlab in MATLAB.items():
        found = multimatch(table(paths[20:22]), width_px=1280, height_px=720, simplify=simplify)[DIMENSIONS]
        apart = np.abs(found.to_numpy()[0] - matlab).max()
        print(f"MultiMatch, MATLAB's pair, simplified {simplify is not None}: greatest difference {apart:.1e}")
    curves(paths[:20])
    aligned("55 segments", paths, pairs, (1280, 720), bins=((16, 12, None), (12, 8, None), (16, 12, 50.0)))


def curves(paths: list[np.ndarray]) -> None:
    """Warping, Frechet and Hausdorff distance beside peers."""
    flat = [np.ascontiguousarray(path[:, :2]) for path in paths]
    found = path_distances(table(paths)).iloc[::10]
    peers = {
        "dtw_px": lambda a, b: similaritymeasures.dtw(a, b)[0],
        "frechet_px": similaritymeasures.frechet_dist,
        "hausdorff_px": lambda a, b: max(directed_hausdorff(a, b)[0], directed_hausdorff(b, a)[0]),
    }
    for column, call in peers.items():
        theirs = np.array([call(flat[a], flat[b]) for a, b in found[["first", "second"]].to_numpy()])
        apart = np.abs(found[column] / theirs - 1).max()
        print(f"{column}, {len(found)} pairs: greatest relative difference from its peer {apart:.1e}")


def aligned(
    what: str,
    paths: list[np.ndarray],
    pairs: pd.DataFrame,
    size: tuple[int, int],
    bins: tuple[tuple[int, int, float | None], ...],
) -> None:
    """ScanMatch beside GazeParser's, bit for bit."""
    try:
        from GazeParser.ScanMatch import ScanMatch
    except ImportError:
        print("ScanMatch: GazeParser is not installed, so that nothing was compared")
        return
    frame = table(paths)
    for columns, rows, bin_ms in bins:
        their = ScanMatch(Xres=size[0], Yres=size[1], Xbin=columns, Ybin=rows, Threshold=3.5, TempBin=bin_ms or 0.0)
        # Its strings are of floats, which NumPy no longer takes for an index.
        words = [their.fixationToSequence(path).astype(int) for path in paths]
        theirs = np.array([their.match(words[a], words[b])[0] for a, b in pairs.to_numpy()])
        grid = Grid(width_px=size[0], height_px=size[1], columns=columns, rows=rows)
        ours = scanmatch(frame, grid=grid, pairs=pairs, bin_ms=bin_ms)["scanmatch"]
        print(
            f"ScanMatch, {what}, {len(pairs)} pairs, {columns} x {rows}, bins of {bin_ms} ms: greatest difference from "
            f"GazeParser {np.abs(ours - theirs).max()}, mean {theirs.mean():.4f}"
        )


def gazesearch(folder: Path) -> None:
    (path,) = folder.glob("*.json")
    records = json.loads(path.read_text())
    paths = [np.column_stack([record[key] for key in "XYT"]).astype(float) for record in records]
    readings = pd.DataFrame(records)[["name", "task"]].assign(reading=np.arange(len(records)))
    pairs = pair_readings(readings, same="name", different="task")
    ours = multimatch(table(paths), width_px=224, height_px=224, pairs=pairs)[DIMENSIONS].to_numpy()
    numbers = pairs.to_numpy()
    unique = np.array([min(len(paths[a]), len(paths[b])) > 2 and ways(paths[a], paths[b]) == 1 for a, b in numbers])
    theirs = np.array([peer(paths[a], paths[b], (224, 224)) for a, b in numbers])
    apart = np.abs(ours - theirs).max(axis=1)
    print(
        f"MultiMatch, GazeSearch, {len(pairs)} pairs of one image: {unique.sum()} with one cheapest way, greatest "
        f"difference {apart[unique].max():.1e}; of the others {np.nansum(apart[~unique] > 1e-12):.0f} differ by up to "
        f"{np.nanmax(apart[~unique], initial=0):.3f}"
    )
    aligned("GazeSearch", paths, pairs[::10], (224, 224), bins=((16, 12, None), (12, 8, None), (8, 6, None)))
    spelled(paths, pairs[::10])


def spelled(paths: list[np.ndarray], pairs: pd.DataFrame) -> None:
    """String edit distance beside the textbook table."""
    grid = Grid(width_px=224, height_px=224, columns=5, rows=5)
    words = [grid.symbols(path[:, 0], path[:, 1]).tolist() for path in paths]
    ours = string_edit(table(paths), grid=grid, pairs=pairs)["edits"].to_numpy()
    theirs = np.array([textbook(words[a], words[b]) for a, b in pairs.to_numpy()])
    print(f"string edit, {len(pairs)} pairs: greatest difference from the textbook table {np.abs(ours - theirs).max()}")


def textbook(one: list[int], two: list[int]) -> int:
    row = list(range(len(two) + 1))
    for i, symbol in enumerate(one, start=1):
        corner, row[0] = row[0], i
        for j, other in enumerate(two, start=1):
            corner, row[j] = row[j], min(corner + (symbol != other), row[j] + 1, row[j - 1] + 1)
    return row[-1]


def recurrent() -> None:
    """Three sequences of places whose recurrence is counted by hand."""
    names = ["recurrence_percent", "determinism_percent", "laminarity_percent", "corm_percent"]
    for name, places, wanted in (
        ("periodic", "ABCABCABCA", (26.667, 91.667, 0, 50)),
        ("laminar", "AABCAAAA", (53.571, 73.333, 86.667, 48.571)),
        ("scattered", "ABACBDC", (14.286, 0, 0, 44.444)),
    ):
        x = [100.0 + 200 * "ABCD".index(place) for place in places]
        fixations = pd.DataFrame({"reading": 1, "onset": np.arange(len(x)), "x": x, "y": 500.0})
        images = pd.DataFrame({"reading": [1], "case": ["a"], "width": 1000, "height": 1000})
        found = features(fixations, Viewing.from_px_per_deg(40, 1000, 1000), images, recurrence_radius_deg=0.5)
        apart = np.abs(found[names].to_numpy()[0] - wanted).max()
        print(f"recurrence, {name}: {found[names].to_numpy()[0].round(3).tolist()}, from the hand count {apart:.1e}")


if __name__ == "__main__":
    movie(Path(sys.argv[1]) / "multimatch_fixations")
    gazesearch(Path(sys.argv[1]) / "gazesearch_cxr")
    recurrent()
