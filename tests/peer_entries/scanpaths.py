"""Scanpath comparison beside multimatch-gaze, GazeParser, similaritymeasures, dtaidistance, rapidfuzz and SciPy."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from peers import Entry, Peer
from scipy.spatial.distance import cdist, directed_hausdorff

from gazeanalytics.gaze import scanpaths
from gazeanalytics.geometry import Viewing

WIDTH, HEIGHT, LENGTH = 1280, 720, 30
GRID = scanpaths.Grid(width_px=WIDTH, height_px=HEIGHT, columns=16, rows=12)
VIEWING = Viewing.from_px_per_deg(40, WIDTH, HEIGHT)
RADIUS_DEG, THRESHOLD = 2.0, 3.5
DIMENSIONS = ["shape", "direction", "length", "position", "duration"]


class Paths(NamedTuple):
    """Fixations of many readings, the pairs to compare, and each reading as an array (x, y, duration)."""

    fixations: pd.DataFrame
    pairs: pd.DataFrame
    paths: list[np.ndarray]

    def each(self, call):
        """Answers of a peer, pair by pair."""
        return [call(self.paths[a], self.paths[b]) for a, b in self.pairs.to_numpy().tolist()]


def paths(count: int, seed: int) -> Paths:
    rng = np.random.default_rng(seed)
    rows = 20 * LENGTH
    places = {"x": rng.uniform(0, WIDTH, rows), "y": rng.uniform(0, HEIGHT, rows)}
    fixations = pd.DataFrame(
        {"reading": np.repeat(np.arange(20), LENGTH), **places, "duration": rng.uniform(99, 499, rows)}
    )
    pairs = pd.DataFrame(rng.integers(0, 20, (count, 2)), columns=["first", "second"])
    each = [part[["x", "y", "duration"]].to_numpy() for _, part in fixations.groupby("reading")]
    return Paths(fixations, pairs, each)


def symbols(path: np.ndarray) -> list[int]:
    return GRID.symbols(path[:, 0], path[:, 1]).tolist()


def multimatch_gaze(data: Paths) -> np.ndarray:
    from multimatch_gaze import docomparison

    kind = [("start_x", float), ("start_y", float), ("duration", float)]
    records = [np.array([tuple(row) for row in path], dtype=kind) for path in data.paths]
    return np.array(
        [docomparison(records[a], records[b], screensize=[WIDTH, HEIGHT]) for a, b in data.pairs.to_numpy().tolist()]
    )


def needleman_wunsch(one: list[int], two: list[int], similarity: np.ndarray) -> float:
    """Cristino et al.'s (2010) score in nested loops over an array, gap 0, as GazeParser computes it."""
    best = np.zeros((len(one) + 1, len(two) + 1))
    for i in range(1, len(one) + 1):
        for j in range(1, len(two) + 1):
            match = best[i - 1, j - 1] + similarity[one[i - 1], two[j - 1]]
            best[i, j] = max(match, best[i, j - 1], best[i - 1, j])
    return best.max() / (similarity.max() * max(len(one), len(two)))


def in_loops(data: Paths) -> list[float]:
    apart = GRID.distances()
    similarity = np.abs(apart - apart.max()) - (apart.max() - THRESHOLD)
    return data.each(lambda a, b: needleman_wunsch(symbols(a), symbols(b), similarity))


def gazeparser(data: Paths) -> list[float]:
    from GazeParser.ScanMatch import ScanMatch

    their = ScanMatch(Xres=WIDTH, Yres=HEIGHT, Xbin=16, Ybin=12, Threshold=THRESHOLD, TempBin=0.0)
    # Its strings are of floats, which NumPy no longer takes for an index.
    words = [their.fixationToSequence(path).astype(int) for path in data.paths]
    return [their.match(words[a], words[b])[0] for a, b in data.pairs.to_numpy().tolist()]


def rapidfuzz(data: Paths) -> list[int]:
    from rapidfuzz.distance import Levenshtein

    return data.each(lambda a, b: Levenshtein.distance(symbols(a), symbols(b)))


def textbook(one: list[int], two: list[int]) -> int:
    """Wagner & Fischer's (1974) table, row by row."""
    row = list(range(len(two) + 1))
    for i, symbol in enumerate(one, start=1):
        corner, row[0] = row[0], i
        for j, other in enumerate(two, start=1):
            corner, row[j] = row[j], min(corner + (symbol != other), row[j] + 1, row[j - 1] + 1)
    return row[-1]


def similaritymeasures(name: str):
    def call(data: Paths) -> list[float]:
        import similaritymeasures as peer

        measure = {"dtw": lambda a, b: peer.dtw(a, b)[0], "frechet": peer.frechet_dist}[name]
        return data.each(lambda a, b: measure(a[:, :2], b[:, :2]))

    return call


def dtaidistance(data: Paths) -> list[float]:
    from dtaidistance import dtw_ndim

    return data.each(
        lambda a, b: dtw_ndim.distance(
            np.ascontiguousarray(a[:, :2]), np.ascontiguousarray(b[:, :2]), use_c=True, inner_dist="euclidean"
        )
    )


def hausdorff(data: Paths) -> list[float]:
    return data.each(
        lambda a, b: max(directed_hausdorff(a[:, :2], b[:, :2])[0], directed_hausdorff(b[:, :2], a[:, :2])[0])
    )


def near(one: np.ndarray, two: np.ndarray) -> float:
    """Share of pairs of fixations that are near each other, in %."""
    flat = [np.stack(VIEWING.degrees(path[:, 0], path[:, 1]), axis=1) for path in (one, two)]
    return 100 * (cdist(*flat) <= RADIUS_DEG).mean()


def our_distance(column: str):
    return lambda d: scanpaths.path_distances(d.fixations, pairs=d.pairs, n_jobs=1)[column]


PAIRS = {"inputs": paths, "size": 20, "full": 200, "unit": f"pairs of {LENGTH} fixations"}
ENTRIES = [
    Entry(
        "gaze.scanpaths.multimatch",
        ours=lambda d: scanpaths.multimatch(d.fixations, width_px=WIDTH, height_px=HEIGHT, pairs=d.pairs, n_jobs=1)[
            DIMENSIONS
        ],
        peers={"multimatch-gaze": Peer(multimatch_gaze, "multimatch-gaze")},
        **PAIRS,
    ),
    Entry(
        "gaze.scanpaths.scanmatch",
        ours=lambda d: scanpaths.scanmatch(d.fixations, grid=GRID, pairs=d.pairs, n_jobs=1)["scanmatch"],
        peers={
            "the paper's algorithm in Python": Peer(in_loops),
            "GazeParser": Peer(gazeparser, "GazeParser"),
        },
        **PAIRS,
    ),
    Entry(
        "gaze.scanpaths.string_edit",
        ours=lambda d: scanpaths.string_edit(d.fixations, grid=GRID, pairs=d.pairs, n_jobs=1)["edits"],
        peers={
            "rapidfuzz Levenshtein": Peer(rapidfuzz, "rapidfuzz", tolerance=0),
            "the textbook's table in Python": Peer(
                lambda d: d.each(lambda a, b: textbook(symbols(a), symbols(b))), tolerance=0
            ),
        },
        **PAIRS,
    ),
    Entry(
        "gaze.scanpaths.path_distances",
        what="dynamic time warping",
        ours=our_distance("dtw_px"),
        peers={
            "similaritymeasures": Peer(similaritymeasures("dtw"), "similaritymeasures"),
            "dtaidistance (C)": Peer(dtaidistance, "dtaidistance", note="with inner_dist='euclidean'"),
        },
        **PAIRS,
    ),
    Entry(
        "gaze.scanpaths.path_distances",
        what="Fréchet",
        ours=our_distance("frechet_px"),
        peers={"similaritymeasures": Peer(similaritymeasures("frechet"), "similaritymeasures")},
        **PAIRS,
    ),
    Entry(
        "gaze.scanpaths.path_distances",
        what="Hausdorff",
        ours=our_distance("hausdorff_px"),
        peers={"SciPy directed_hausdorff": Peer(hausdorff, "scipy")},
        **PAIRS,
    ),
    Entry(
        "gaze.scanpaths.cross_recurrence",
        ours=lambda d: scanpaths.cross_recurrence(
            d.fixations, radius_deg=RADIUS_DEG, viewing=VIEWING, pairs=d.pairs, n_jobs=1
        )["recurrence"],
        peers={"SciPy cdist": Peer(lambda d: d.each(near), "scipy")},
        **PAIRS,
    ),
]
