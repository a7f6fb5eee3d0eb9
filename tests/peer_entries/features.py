"""Scanpath features, AOIs and geometry beside SciPy, pandas, antropy, shapely and pymovements."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from peers import Entry, Peer
from scipy import optimize, stats
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist

from gazeanalytics import gaze
from gazeanalytics.geometry import Screen, Viewing

WIDTH, HEIGHT, LENGTH = 1000, 800, 60
VIEWING = Viewing.from_px_per_deg(40, WIDTH, HEIGHT)
SCREEN = Screen(1920, 1080, 530, 300, 650)
SETTINGS = gaze.FeatureSettings(n_jobs=1)
REGIONS = [("heart", 400, 350, 650, 600), ("left lung", 600, 100, 850, 650), ("right lung", 150, 100, 400, 650)]


class Read(NamedTuple):
    """Fixations, images, and each reading as places in degrees, shape (fixations, 2)."""

    fixations: pd.DataFrame
    images: pd.DataFrame
    places: list[np.ndarray]


def read(readings: int, seed: int) -> Read:
    rng = np.random.default_rng(seed)
    rows = readings * LENGTH
    x, y = rng.normal(WIDTH / 2, WIDTH / 6, rows), rng.normal(HEIGHT / 2, HEIGHT / 6, rows)
    fixations = pd.DataFrame(
        {
            "reading": np.repeat(np.arange(readings), LENGTH),
            "onset": np.tile(np.arange(LENGTH) * 300.0, readings),
            "duration": rng.uniform(100, 290, rows),
            "x": x.clip(0, WIDTH - 1),
            "y": y.clip(0, HEIGHT - 1),
        }
    )
    images = pd.DataFrame({"reading": np.arange(readings), "case": "a", "width": WIDTH, "height": HEIGHT})
    angles = np.stack(VIEWING.degrees(fixations["x"].to_numpy(), fixations["y"].to_numpy()), axis=1)
    return Read(fixations, images, list(angles.reshape(readings, LENGTH, 2)))


def ours(column: str):
    return lambda d: gaze.scanpath_features(d.fixations, VIEWING, d.images, settings=SETTINGS)[column]


def each(call):
    return lambda d: [call(places) for places in d.places]


def ellipse(places: np.ndarray) -> float:
    """2 k pi sqrt(det covariance), k = -ln(1 - share) (Crossland & Rubin 2002)."""
    k = -np.log(1 - SETTINGS.bcea_share)
    return 2 * k * np.pi * np.sqrt(np.linalg.det(np.cov(places.T)))


def recurrent(d: Read) -> list[float]:
    """Share of pairs whose lines of sight are within the radius of each other, in %."""
    centre = np.array([VIEWING.centre_x_px, VIEWING.centre_y_px])
    rays = np.column_stack([d.fixations[["x", "y"]] - centre, np.full(len(d.fixations), VIEWING.distance_x_px)])
    least = np.cos(np.deg2rad(SETTINGS.recurrence_radius_deg))
    return [100 * (1 - pdist(path, "cosine") >= least).mean() for path in rays.reshape(-1, LENGTH, 3)]


def cells(d: Read, rows: int, columns: int) -> np.ndarray:
    """Cell of each fixation, shape (readings, fixations), of a grid laid over the image in degrees."""
    (left, right), (top, bottom) = VIEWING.degrees(np.array([0, WIDTH]), np.array([0, HEIGHT]))
    x, y = np.concatenate(d.places).T
    row = ((y - top) / (bottom - top) * rows).astype(int)
    return (row * columns + ((x - left) / (right - left) * columns).astype(int)).reshape(-1, LENGTH)


def grid_entropy(d: Read) -> list[float]:
    rows, columns = SETTINGS.fine_grid
    counts = [np.bincount(path) for path in cells(d, rows, columns)]
    return [stats.entropy(count) / np.log(rows * columns) for count in counts]


def stationary(d: Read) -> list[float]:
    return [stats.entropy(np.bincount(path), base=2) for path in cells(d, *SETTINGS.grid)]


def transition(d: Read) -> list[float]:
    """Conditional entropy as a difference: H(cell, next cell) - H(cell)."""
    found = []
    for path in cells(d, *SETTINGS.grid):
        pairs = pd.crosstab(path[:-1], path[1:]).to_numpy()
        found.append(stats.entropy(pairs.ravel(), base=2) - stats.entropy(pairs.sum(axis=1), base=2))
    return found


def median_durations(d: Read) -> pd.Series:
    return d.fixations.groupby("reading")["duration"].median()


class Seen(NamedTuple):
    fixations: pd.DataFrame
    images: pd.DataFrame
    regions: pd.DataFrame
    visits: pd.DataFrame


def seen(readings: int, seed: int) -> Seen:
    d = read(readings, seed)
    regions = pd.DataFrame(REGIONS, columns=["region", "x0", "y0", "x1", "y1"]).assign(case="a", kind="organ")
    return Seen(d.fixations, d.images, regions, gaze.visits(d.fixations, regions, d.images))


def our_hits(d: Seen) -> np.ndarray:
    hits = gaze.locate(d.fixations, d.regions, d.images, overlap="all")
    return hits.groupby(["reading", "region"]).size().unstack(fill_value=0).to_numpy()


def shapely_hits(d: Seen) -> np.ndarray:
    import shapely

    points = shapely.points(d.fixations["x"], d.fixations["y"])
    inside = {name: shapely.contains(shapely.box(*corners), points) for name, *corners in REGIONS}
    return pd.DataFrame(inside).groupby(d.fixations["reading"].to_numpy()).sum()[sorted(inside)].to_numpy()


def our_moves(d: Seen) -> np.ndarray:
    found = gaze.transition_matrix(d.visits)
    return found.pivot(index="source", columns="target", values="probability").fillna(0.0).to_numpy()


def crosstab(d: Seen) -> np.ndarray:
    following = d.visits.groupby("reading")["region"].shift(-1)
    return pd.crosstab(d.visits["region"], following, normalize="index").to_numpy()


def saccades(count: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    amplitude = rng.uniform(0.5, 20, count)
    speed = 500 * (1 - np.exp(-amplitude / 6)) * rng.normal(1, 0.1, count)
    places = {"onset": np.arange(count) * 300.0, "duration": 40.0, "x0": 0.0, "y0": 0.0, "x1": 1.0, "y1": 1.0}
    return pd.DataFrame(
        {"reading": np.arange(count) * 10 // count, **places, "amplitude_deg": amplitude, "peak_speed_deg_s": speed}
    )


def curve_fit(table: pd.DataFrame) -> np.ndarray:
    size, speed = table["amplitude_deg"], table["peak_speed_deg_s"]
    return optimize.curve_fit(lambda a, top, c: top * (1 - np.exp(-a / c)), size, speed, p0=(400, 5), ftol=1e-14)[0]


def pixels(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, (SCREEN.width_px, SCREEN.height_px), (count, 2))


def our_degrees(places: np.ndarray) -> np.ndarray:
    return np.stack(SCREEN.viewing().degrees(places[:, 0], places[:, 1]), axis=1)


def pix2deg(places: np.ndarray) -> np.ndarray:
    from pymovements.transforms.numpy import pix2deg

    size = (SCREEN.width_mm / 10, SCREEN.height_mm / 10)
    return pix2deg(places - 0.5, (SCREEN.width_px, SCREEN.height_px), size, SCREEN.distance_mm / 10, "upper left")


READ = {"inputs": read, "size": 20, "full": 1_000, "unit": f"readings of {LENGTH} fixations"}
WHOLE = "ours with all 51 measures"
ENTRIES = [
    Entry(
        "gaze.scanpath_features",
        what="convex hull",
        ours=ours("hull_deg2"),
        peers={"SciPy ConvexHull": Peer(each(lambda p: ConvexHull(p).volume), "scipy", note=WHOLE)},
        **READ,
    ),
    Entry(
        "gaze.scanpath_features",
        what="BCEA",
        ours=ours("bcea_deg2"),
        peers={"NumPy cov": Peer(each(ellipse), "numpy", note=WHOLE)},
        **READ,
    ),
    Entry(
        "gaze.scanpath_features",
        what="recurrence",
        ours=ours("recurrence_percent"),
        peers={"SciPy pdist": Peer(recurrent, "scipy", note=WHOLE)},
        **READ,
    ),
    Entry(
        "gaze.scanpath_features",
        what="spatial entropy",
        ours=ours("spatial_entropy"),
        peers={"SciPy entropy": Peer(grid_entropy, "scipy", note=WHOLE)},
        **READ,
    ),
    Entry(
        "gaze.scanpath_features",
        what="stationary entropy",
        ours=ours("stationary_entropy_plugin_bits"),
        peers={"SciPy entropy": Peer(stationary, "scipy", note=WHOLE)},
        **READ,
    ),
    Entry(
        "gaze.scanpath_features",
        what="transition entropy",
        ours=ours("transition_entropy_plugin_bits"),
        peers={"SciPy entropy, by the chain rule": Peer(transition, "scipy", note=WHOLE)},
        **READ,
    ),
    Entry(
        "gaze.scanpath_features",
        what="median duration",
        ours=ours("duration_median_ms"),
        peers={"pandas median": Peer(median_durations, "pandas", note=WHOLE)},
        **READ,
    ),
    Entry(
        "gaze.locate",
        inputs=seen,
        ours=our_hits,
        peers={"shapely contains": Peer(shapely_hits, "shapely", tolerance=0)},
        size=20,
        full=1_000,
        unit=f"readings of {LENGTH} fixations, 3 AOIs",
    ),
    Entry(
        "gaze.transition_matrix",
        inputs=seen,
        ours=our_moves,
        peers={"pandas crosstab": Peer(crosstab, "pandas")},
        size=20,
        full=1_000,
        unit=f"readings of {LENGTH} fixations, 3 AOIs",
    ),
    Entry(
        "gaze.main_sequence",
        inputs=saccades,
        ours=lambda d: gaze.main_sequence(d)["estimate"],
        peers={"SciPy curve_fit": Peer(curve_fit, "scipy", tolerance=1e-6, note="both search")},
        size=300,
        full=10_000,
        unit="saccades",
    ),
    Entry(
        "geometry.Viewing.degrees",
        inputs=pixels,
        ours=our_degrees,
        peers={
            "pymovements pix2deg": Peer(
                pix2deg, "pymovements", note="puts the first pixel's centre at 0; ours its corner"
            )
        },
        size=1_000,
        full=1_000_000,
        unit="places",
    ),
]
