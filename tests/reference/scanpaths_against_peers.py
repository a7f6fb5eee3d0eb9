"""Scanpath comparison and map scores against other programs' numbers; prints how far apart they are.

    python tests/reference/scanpaths_against_peers.py FOLDER

FOLDER holds `multimatch_fixations` and `gazesearch_cxr`. Peers: multimatch-gaze 0.1.3, SciPy, similaritymeasures.
"""

import json
import sys
from pathlib import Path

import multimatch_gaze
import numpy as np
import pandas as pd
import similaritymeasures
from scipy.stats import mannwhitneyu

from gazeanalytics.gaze.attention import auc_judd
from gazeanalytics.gaze.scanpaths import Simplify, multimatch, pair_readings, path_distances

DIMENSIONS = ["shape", "direction", "length", "position", "duration"]
KIND = [("start_x", float), ("start_y", float), ("duration", float)]
MATLAB = {
    None: [0.99082, 0.69902, 0.98927, 0.94767, 0.65563],
    Simplify(bend_deg=45, amplitude_px=146.8, brief_ms=300): [0.95076, 0.95638, 0.94082, 0.94491, 0.78261],
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
    distances = path_distances(table(paths[:20]))
    apart = [
        abs(row.dtw_px / similaritymeasures.dtw(paths[row.first][:, :2], paths[row.second][:, :2])[0] - 1)
        for row in distances.iloc[::10].itertuples()
    ]
    print(f"DTW, {len(apart)} pairs: greatest relative difference from similaritymeasures {max(apart):.1e}")


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


def areas() -> None:
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:512, :512]
    centres = rng.uniform(0, 512, (60, 2))
    smooth = sum(np.exp(-((rows - a) ** 2 + (columns - b) ** 2) / 800) for a, b in centres)
    kinds = {
        "smooth": smooth,
        "8-bit": np.floor(smooth / smooth.max() * 255),
        "sparse": np.where(smooth > np.quantile(smooth, 0.85), smooth, 0),
        "constant": np.ones_like(smooth),
    }
    x, y = rng.integers(0, 512, (2, 60))
    for name, surface in kinds.items():
        statistic = mannwhitneyu(surface[y, x], surface.ravel(), method="asymptotic").statistic
        apart = abs(auc_judd(surface, x, y) - statistic / (60 * surface.size))
        print(f"AUC, {name} map: difference from Mann-Whitney {apart:.1e}")


if __name__ == "__main__":
    movie(Path(sys.argv[1]) / "multimatch_fixations")
    gazesearch(Path(sys.argv[1]) / "gazesearch_cxr")
    areas()
