"""Scanpath comparison at the size of a whole study, CPU and wall seconds (bench_peers.py has the peers).

python tests/benchmarks/bench_scanpaths.py [GAZESEARCH_FOLDER]
"""

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from gazeanalytics.gaze.scanpaths import Grid, multimatch, path_distances, scanmatch, string_edit

WIDTH, HEIGHT = 1280, 720
GRID = Grid(width_px=WIDTH, height_px=HEIGHT, columns=16, rows=12)


def fixations(rng: np.random.Generator, readings: int, length: int) -> pd.DataFrame:
    count = readings * length
    places = {"x": rng.uniform(0, WIDTH, count), "y": rng.uniform(0, HEIGHT, count)}
    return pd.DataFrame(
        {"reading": np.repeat(np.arange(readings), length), **places, "duration": rng.uniform(99, 499, count)}
    )


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
    at_scale(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")
