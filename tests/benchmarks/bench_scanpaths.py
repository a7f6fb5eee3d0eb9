"""Scanpath comparison beside its peers, one core each, CPU seconds: pairs a second and their ratio.

    python tests/benchmarks/bench_scanpaths.py [GAZESEARCH_FOLDER]

Peers: multimatch-gaze, similaritymeasures, dtaidistance, rapidfuzz, and ScanMatch as papers run it in Python.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from gazeanalytics.gaze.scanpaths import Grid, multimatch, path_distances, scanmatch, string_edit

WIDTH, HEIGHT = 1280, 720
GRID = Grid(width_px=WIDTH, height_px=HEIGHT, columns=16, rows=12)
PAIRS = {6: 400_000, 60: 10_000, 200: 1_500}
PEER_PAIRS = {6: 400, 60: 30, 200: 3}


def fixations(rng: np.random.Generator, readings: int, length: int) -> pd.DataFrame:
    count = readings * length
    places = {"x": rng.uniform(0, WIDTH, count), "y": rng.uniform(0, HEIGHT, count)}
    return pd.DataFrame(
        {"reading": np.repeat(np.arange(readings), length), **places, "duration": rng.uniform(99, 499, count)}
    )


def cpu(call: Callable[[], object], repeats: int = 3) -> float:
    """Least CPU time of a few runs after one that compiles and warms up."""
    call()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times)


def python_scanmatch(one: np.ndarray, two: np.ndarray, similarity: np.ndarray) -> tuple[float, np.ndarray]:
    """Needleman-Wunsch and the alignment in nested loops over an array, as the Python port does both."""
    best = np.zeros((len(one) + 1, len(two) + 1))
    for i in range(1, len(one) + 1):
        for j in range(1, len(two) + 1):
            match = best[i - 1, j - 1] + similarity[one[i - 1], two[j - 1]]
            best[i, j] = max([match, best[i, j - 1], best[i - 1, j]])
    aligned = np.full((len(one) + len(two), 2), -1.0)
    i, j, step = len(one), len(two), 0
    while i > 0 and j > 0:
        if best[i, j] == best[i - 1, j - 1] + similarity[one[i - 1], two[j - 1]]:
            i, j = i - 1, j - 1
            aligned[step] = one[i], two[j]
        elif best[i, j] == best[i - 1, j]:
            i -= 1
            aligned[step, 0] = one[i]
        else:
            j -= 1
            aligned[step, 1] = two[j]
        step += 1
    return best.max() / (similarity.max() * max(len(one), len(two))), aligned[step - 1 :: -1]


def peers(table: pd.DataFrame) -> dict[str, Callable[[int, int], object]]:
    """One call of each peer on a pair of readings."""
    import multimatch_gaze
    import similaritymeasures
    from dtaidistance import dtw_ndim

    paths = [part[["x", "y", "duration"]].to_numpy() for _, part in table.groupby("reading")]
    kind = [("start_x", float), ("start_y", float), ("duration", float)]
    records = [np.array([tuple(row) for row in path], dtype=kind) for path in paths]
    symbols = [GRID.symbols(path[:, 0], path[:, 1]) for path in paths]
    apart = GRID.distances()
    similarity = np.abs(apart - apart.max()) - (apart.max() - 3.5)
    return {
        "multimatch": lambda a, b: multimatch_gaze.docomparison(records[a], records[b], screensize=[WIDTH, HEIGHT]),
        "scanmatch": lambda a, b: python_scanmatch(symbols[a], symbols[b], similarity),
        "dtw": lambda a, b: similaritymeasures.dtw(paths[a][:, :2], paths[b][:, :2]),
        "frechet": lambda a, b: similaritymeasures.frechet_dist(paths[a][:, :2], paths[b][:, :2]),
        "dtw (C)": lambda a, b: dtw_ndim.distance(paths[a][:, :2], paths[b][:, :2], use_c=True),
    }


def ours(table: pd.DataFrame, pairs: pd.DataFrame) -> dict[str, Callable[[], object]]:
    def distances() -> pd.DataFrame:
        return path_distances(table, pairs=pairs, n_jobs=1)

    return {
        "multimatch": lambda: multimatch(table, width_px=WIDTH, height_px=HEIGHT, pairs=pairs, n_jobs=1),
        "scanmatch": lambda: scanmatch(table, grid=GRID, pairs=pairs, n_jobs=1),
        "dtw": distances,
        "frechet": distances,
        "dtw (C)": distances,
        "string edit": lambda: string_edit(table, grid=GRID, pairs=pairs, n_jobs=1),
    }


def compare_few(peer: Callable[[int, int], object], few: list[list[int]]) -> None:
    for a, b in few:
        peer(a, b)


def beside_peers() -> None:
    print(f"{'length':>6} {'measure':<12} {'ours/s':>12} {'peer/s':>10} {'ratio':>8}")
    for length, count in PAIRS.items():
        rng = np.random.default_rng(length)
        table = fixations(rng, 200, length)
        pairs = pd.DataFrame(rng.integers(0, 200, (count, 2)), columns=["first", "second"])
        them = peers(table)
        for name, call in ours(table, pairs).items():
            rate = count / cpu(call)
            if name not in them:
                print(f"{length:>6} {name:<12} {rate:>12,.0f}")
                continue
            few = pairs.to_numpy()[: PEER_PAIRS[length]].tolist()
            peer = len(few) / cpu(partial(compare_few, them[name], few), repeats=1)
            print(f"{length:>6} {name:<12} {rate:>12,.0f} {peer:>10,.1f} {rate / peer:>8,.0f}")


def at_scale(folder: Path | None) -> None:
    rng = np.random.default_rng(0)
    images = 50_312
    table = fixations(rng, 2 * images, 64)
    pairs = pd.DataFrame({"first": np.arange(0, 2 * images, 2), "second": np.arange(1, 2 * images, 2)})
    for name, call in {
        "MultiMatch": lambda: multimatch(table, width_px=WIDTH, height_px=HEIGHT, pairs=pairs),
        "ScanMatch": lambda: scanmatch(table, grid=GRID, pairs=pairs),
        "string edit": lambda: string_edit(table, grid=GRID, pairs=pairs),
        "DTW, Frechet, Hausdorff, EyeAnalysis": lambda: path_distances(table, pairs=pairs),
    }.items():
        wall, start = time.perf_counter(), time.process_time()
        call()
        spent = time.process_time() - start
        print(
            f"within image, {images:,} images x 2 readings of 64: {name} {spent:.1f} CPU s, "
            f"{time.perf_counter() - wall:.1f} s wall"
        )
    if folder is None:
        return
    (path,) = folder.glob("*.json")
    records = json.loads(path.read_text())[:3000]
    rows = [(k, x, y, 1000 * t) for k, r in enumerate(records) for x, y, t in zip(r["X"], r["Y"], r["T"], strict=True)]
    small = pd.DataFrame(rows, columns=["reading", "x", "y", "duration"])
    wall, start = time.perf_counter(), time.process_time()
    found = multimatch(small, width_px=224, height_px=224)
    print(
        f"all {len(found):,} pairs of 3,000 GazeSearch scanpaths: MultiMatch {time.process_time() - start:.1f} CPU s, "
        f"{time.perf_counter() - wall:.1f} s wall"
    )


if __name__ == "__main__":
    beside_peers()
    at_scale(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")
