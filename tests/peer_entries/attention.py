"""Attention maps beside SciPy, scikit-learn and pysaliency."""

import importlib.machinery
import sys
import types
from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd
from peers import Entry, Peer
from scipy import ndimage, stats
from sklearn.metrics import jaccard_score, roc_auc_score

from gazeanalytics.gaze import attention
from gazeanalytics.geometry import Viewing

POINTS, FLOOR, MIT = 60, 1e-20, 2.2204e-16


class Looked(NamedTuple):
    """Two maps, cells looked at in the first image, and cells looked at in others."""

    surface: np.ndarray
    other: np.ndarray
    x: np.ndarray
    y: np.ndarray
    others: tuple[np.ndarray, np.ndarray]

    @property
    def values(self) -> np.ndarray:
        """Of the map at the points."""
        return self.surface[self.y, self.x]


def looked(side: int, seed: int) -> Looked:
    """Smooth maps of fixations; one point is looked at twice."""
    rng = np.random.default_rng(seed)
    maps = []
    for _ in range(2):
        hits = np.zeros((side, side))
        np.add.at(hits, tuple(rng.integers(0, side, (2, POINTS))), 1.0)
        smooth = ndimage.gaussian_filter(hits, side / 20, mode="reflect")
        maps.append(smooth / smooth.max())
    x, y, *others = rng.integers(0, side, (4, POINTS))
    x[1], y[1] = x[0], y[0]
    return Looked(*maps, x, y, tuple(others))


@cache
def pysaliency() -> types.ModuleType:
    """pysaliency, which calls `np.trapz` (gone from NumPy 2.4) and imports torch though no measure here uses it.

    Both are put in its way: an alias of `np.trapezoid`, and while it is imported an empty module.
    """
    if not hasattr(np, "trapz"):
        setattr(np, "trapz", np.trapezoid)  # noqa: B010 - the name is one that linters forbid.
    added = "torch" not in sys.modules
    if added:
        sys.modules["torch"] = types.ModuleType("torch")
        sys.modules["torch"].__spec__ = importlib.machinery.ModuleSpec("torch", None)
    try:
        import pysaliency
        import pysaliency.metrics
    finally:
        if added:  # SciPy asks whether torch is imported, and would take the empty one for it
            del sys.modules["torch"]
    return pysaliency


def measures() -> types.ModuleType:
    return pysaliency().metrics


def area(positive: np.ndarray, negative: np.ndarray) -> float:
    truth = np.repeat([1, 0], [len(positive), len(negative)])
    return roc_auc_score(truth, np.concatenate([positive, negative]))


def mann_whitney(data: Looked) -> float:
    pool = data.surface.ravel()
    return stats.mannwhitneyu(data.values, pool, method="asymptotic").statistic / (POINTS * pool.size)


def pysaliency_auc(data: Looked) -> float:
    return pysaliency().roc.general_roc(data.values, data.surface.ravel(), judd=0)[0]


def log_gain(data: Looked) -> float:
    metrics = measures()
    one, two = (np.log(metrics.convert_saliency_map_to_density(each, minimum_value=FLOOR)) for each in data[:2])
    return (one - two)[data.y, data.x].mean() / np.log(2)


class Fixated(NamedTuple):
    fixations: pd.DataFrame
    images: pd.DataFrame
    viewing: Viewing
    side: int


def fixated(side: int, seed: int) -> Fixated:
    rng = np.random.default_rng(seed)
    places = {"x": rng.uniform(0, side, POINTS), "y": rng.uniform(0, side, POINTS)}
    fixations = pd.DataFrame({"reading": 1, **places, "duration": rng.uniform(100, 500, POINTS)})
    images = pd.DataFrame({"reading": [1], "width": side, "height": side})
    return Fixated(fixations, images, Viewing.from_px_per_deg(side / 20, side, side), side)


def our_density(data: Fixated) -> np.ndarray:
    maps = attention.density(data.fixations, data.images, viewing=data.viewing, cells=(data.side, data.side), n_jobs=1)
    return maps.surfaces[0] / maps.surfaces[0].sum()


def gaussian_filter(data: Fixated) -> np.ndarray:
    hits = np.zeros((data.side, data.side))
    cells = data.fixations["y"].astype(int), data.fixations["x"].astype(int)
    np.add.at(hits, cells, data.fixations["duration"])
    smooth = ndimage.gaussian_filter(hits, data.side / 20, mode="reflect", truncate=6)
    return smooth / smooth.sum()


class Coarse(NamedTuple):
    one: np.ndarray
    two: np.ndarray


def coarse(side: int, seed: int) -> Coarse:
    return Coarse(*np.random.default_rng(seed).random((2, side, side)))


def moved(data: Coarse) -> float:
    cells = np.indices(data.one.shape).reshape(2, -1).T
    return stats.wasserstein_distance_nd(cells, cells, data.one.ravel(), data.two.ravel())


MAPS = {"inputs": looked, "size": 96, "full": 512, "unit": "cells a side"}
ENTRIES = [
    Entry(
        "gaze.attention.auc_judd",
        ours=lambda d: attention.auc_judd(d.surface, d.x, d.y),
        peers={
            "scikit-learn roc_auc_score": Peer(lambda d: area(d.values, d.surface.ravel()), "scikit-learn"),
            "SciPy mannwhitneyu": Peer(mann_whitney, "scipy"),
            "pysaliency general_roc": Peer(pysaliency_auc, "pysaliency"),
        },
        **MAPS,
    ),
    Entry(
        "gaze.attention.auc_shuffled",
        ours=lambda d: attention.auc_shuffled(d.surface, d.x, d.y, d.others),
        peers={
            "scikit-learn roc_auc_score": Peer(
                lambda d: area(d.values, d.surface[d.others[1], d.others[0]]), "scikit-learn"
            )
        },
        **MAPS,
    ),
    Entry(
        "gaze.attention.nss",
        ours=lambda d: attention.nss(d.surface, d.x, d.y),
        peers={
            "SciPy zscore": Peer(lambda d: stats.zscore(d.surface, axis=None)[d.y, d.x].mean(), "scipy"),
            "pysaliency": Peer(lambda d: measures().NSS(d.surface, d.x, d.y).mean(), "pysaliency"),
        },
        **MAPS,
    ),
    Entry(
        "gaze.attention.cc",
        ours=lambda d: attention.cc(d.surface, d.other),
        peers={
            "SciPy pearsonr": Peer(lambda d: stats.pearsonr(d.surface.ravel(), d.other.ravel()).statistic, "scipy"),
            "pysaliency": Peer(lambda d: measures().CC(d.surface, d.other), "pysaliency"),
        },
        **MAPS,
    ),
    Entry(
        "gaze.attention.sim",
        ours=lambda d: attention.sim(d.surface, d.other),
        peers={
            "NumPy minimum": Peer(
                lambda d: np.minimum(d.surface / d.surface.sum(), d.other / d.other.sum()).sum(), "numpy"
            ),
            "pysaliency": Peer(
                lambda d: measures().SIM(d.surface, d.other),
                "pysaliency",
                tolerance=1e-3,
                note="subtracts the least value of each map first, which here is near 0",
            ),
        },
        **MAPS,
    ),
    Entry(
        "gaze.attention.kl",
        ours=lambda d: attention.kl(d.surface, d.other, eps=FLOOR, form="floor"),
        peers={
            "SciPy entropy": Peer(lambda d: stats.entropy(d.other.ravel() + FLOOR, d.surface.ravel() + FLOOR), "scipy"),
        },
        **MAPS,
    ),
    Entry(
        "gaze.attention.kl",
        ours=lambda d: attention.kl(d.surface, d.other, eps=MIT),
        what="MIT's form",
        peers={"pysaliency MIT_KLDiv": Peer(lambda d: measures().MIT_KLDiv(d.surface, d.other), "pysaliency")},
        **MAPS,
    ),
    Entry(
        "gaze.attention.information_gain",
        ours=lambda d: attention.information_gain(d.surface + FLOOR, d.other + FLOOR, d.x, d.y),
        peers={
            "NumPy": Peer(
                lambda d: (
                    np.log2(d.surface / d.surface.sum())[d.y, d.x] - np.log2(d.other / d.other.sum())[d.y, d.x]
                ).mean(),
                "numpy",
            ),
            "pysaliency": Peer(log_gain, "pysaliency", tolerance=1e-2),
        },
        **MAPS,
    ),
    Entry(
        "gaze.attention.iou",
        ours=lambda d: attention.iou(d.surface, d.other, threshold=0.5),
        peers={
            "scikit-learn jaccard_score": Peer(
                lambda d: jaccard_score(
                    (d.surface >= 0.5 * d.surface.max()).ravel(), (d.other >= 0.5 * d.other.max()).ravel()
                ),
                "scikit-learn",
            )
        },
        **MAPS,
    ),
    Entry(
        "gaze.attention.emd",
        inputs=coarse,
        ours=lambda d: attention.emd(d.one, d.two, cells=d.one.shape),
        peers={"SciPy wasserstein_distance_nd": Peer(moved, "scipy", tolerance=1e-7)},
        size=6,
        full=8,
        unit="cells a side",
    ),
    Entry(
        "gaze.attention.density",
        inputs=fixated,
        ours=our_density,
        peers={
            "SciPy gaussian_filter": Peer(
                gaussian_filter, "scipy", tolerance=1e-4, note="ours puts points between cells, SciPy onto cells"
            )
        },
        size=96,
        full=512,
        unit="cells a side",
    ),
]
