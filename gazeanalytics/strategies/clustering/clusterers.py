"""Clusterers: HDBSCAN and k-medoids on points or distances, their validity, a test against data without clusters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist
from sklearn.metrics import silhouette_score

from gazeanalytics._kernels.strategies import medoids as kernels
from gazeanalytics.saved_models import Array, Part
from gazeanalytics.settings import Settings
from gazeanalytics.strategies.clustering.mixtures import principal
from gazeanalytics.strategies.scaling import Method
from gazeanalytics.strategies.validation.cluster_tendency import gaussian_copula

__all__ = [
    "ClusterLabels",
    "ClusteringSettings",
    "Projection",
    "coordinates",
    "dbcv",
    "density_model",
    "hdbscan_labels",
    "kmedoids_labels",
    "silhouette",
    "surrogate_p_value",
]

Reduction = Literal["pca", "umap"]
Reduce = Callable[[np.ndarray], np.ndarray]

_MAX_ITER = 100
_MAX_SILHOUETTE = 2000
_MAX_COORDINATES = 10


@dataclass(frozen=True, slots=True)
class ClusteringSettings(Settings):
    """Settings of HDBSCAN and k-medoids, in the words of hdbscan and scikit-learn.

    Attributes
    ----------
    method : {"hdbscan", "k-medoids"}
        Density clusters with noise (Campello et al. 2013), or groups around a reading each (Kaufman & Rousseeuw 1990).
    reduction : {"pca", "umap"}
        What is done to features first. UMAP needs the extra `umap`; it creates clusters where there are none, so the
        default never uses it.
    scaling : {"power", "standard", "robust", "rank"}
        How features are made comparable.
    n_components : int
        Dimensions after the reduction.
    min_cluster_size : int, optional
        Least readings of a cluster of HDBSCAN; default 1 % of them, and at least 15.
    min_samples : int
        Neighbours that make a dense place (HDBSCAN).
    n_groups : int, optional
        Number of groups of k-medoids; default that of the greatest mean silhouette.
    max_groups : int
        Greatest number tried.
    n_resamples : int
        Surrogates of the test against data without clusters; 0 for no test.

    Examples
    --------
    >>> ClusteringSettings(method="k-medoids", n_groups=3).n_resamples
    19
    """

    method: Literal["hdbscan", "k-medoids"] = "hdbscan"
    reduction: Reduction = "pca"
    scaling: Method = "power"
    n_components: int = 5
    min_cluster_size: int | None = None
    min_samples: int = 10
    n_groups: int | None = None
    max_groups: int = 10
    n_resamples: int = 19

    def __post_init__(self) -> None:
        for name, known in (("method", ("hdbscan", "k-medoids")), ("reduction", ("pca", "umap"))):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}; got {getattr(self, name)!r}")
        limits = (("n_components", 1), ("min_cluster_size", 2), ("min_samples", 1), ("n_groups", 2), ("max_groups", 2))
        for name, least in (*limits, ("n_resamples", 0)):
            if getattr(self, name) is not None and getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}; got {getattr(self, name)}")

    def smallest(self, readings: int) -> int:
        """Return the least size of a cluster among so many readings."""
        return max(readings // 100, 15) if self.min_cluster_size is None else self.min_cluster_size


@dataclass(frozen=True, slots=True)
class ClusterLabels:
    """Cluster labels of points, as one clusterer gives them.

    Attributes
    ----------
    labels : numpy.ndarray of int, shape (points,)
        Group of each point by falling size; -1 is noise.
    strength : numpy.ndarray, shape (points,)
    medoids : numpy.ndarray of int, shape (groups,)
        Row of the point in the middle of each group.
    choices : pandas.DataFrame
        For k-medoids each number of groups with its silhouette; for HDBSCAN each group with its persistence.
    order : numpy.ndarray of int, shape (groups,)
        The method's own number of each group.

    Examples
    --------
    >>> place = np.array([0.0, 0.1, 5.0, 5.1, 5.2])
    >>> found = kmedoids_labels(abs(place[:, None] - place), ClusteringSettings(method="k-medoids", n_groups=2))
    >>> found.labels, found.medoids
    (array([1, 1, 0, 0, 0]), array([3, 0]))
    """

    labels: np.ndarray
    strength: np.ndarray
    medoids: np.ndarray
    choices: pd.DataFrame
    order: np.ndarray


@dataclass(frozen=True, slots=True)
class Projection:
    """Projection of scaled features on the few dimensions in which they are clustered.

    Attributes
    ----------
    mean, directions : numpy.ndarray, shapes (features,) and (features, d)
        Principal components.
    umap : object, optional
        A fitted UMAP that is used instead.

    Examples
    --------
    >>> scaled = np.random.default_rng(0).normal(size=(50, 4)) * [3, 1, 1, 1]
    >>> projection = Projection.fit(scaled, ClusteringSettings(n_components=2), np.random.default_rng(0))
    >>> projection.place(scaled).shape
    (50, 2)
    """

    PARTS: ClassVar[Mapping[str, Part]] = {
        "mean": Array(("features",)),
        "directions": Array(("features", "components")),
    }
    mean: np.ndarray
    directions: np.ndarray
    umap: Any = None

    @classmethod
    def fit(cls, scaled: np.ndarray, settings: ClusteringSettings, rng: np.random.Generator) -> Projection:
        """Learn the projection from scaled features (readings, features)."""
        mean, directions = principal(scaled, max_components=settings.n_components)
        if settings.reduction == "pca":
            return cls(mean, directions)
        try:
            from umap import UMAP  # pyright: ignore[reportMissingImports]
        except ImportError as error:
            raise ImportError("reduction='umap' needs umap-learn: pip install 'gazeanalytics[umap]'") from error
        seed = int(rng.integers(2**31))
        umap = UMAP(n_components=settings.n_components, min_dist=0.0, random_state=seed, n_jobs=1)
        return cls(mean, directions, umap.fit(scaled))

    def place(self, scaled: np.ndarray) -> np.ndarray:
        """Return the coordinates of scaled features, shape (readings, d)."""
        if self.umap is not None:
            return np.ascontiguousarray(self.umap.transform(scaled), float)
        return np.ascontiguousarray((scaled - self.mean) @ self.directions)


def density_model(points: np.ndarray, settings: ClusteringSettings, *, precomputed: bool = False) -> Any:
    """Fit HDBSCAN with the exact spanning tree: the default approximation changes answers (ARI .52 was seen).

    Examples
    --------
    >>> points = np.repeat([[0.0, 0.0], [9.0, 9.0]], 30, axis=0) + np.random.default_rng(0).normal(size=(60, 2))
    >>> int(density_model(points, ClusteringSettings()).labels_.max()) + 1
    2
    """
    from hdbscan import HDBSCAN

    return HDBSCAN(
        min_cluster_size=settings.smallest(len(points)),
        min_samples=settings.min_samples,
        metric="precomputed" if precomputed else "euclidean",
        approx_min_span_tree=False,
        prediction_data=not precomputed,
        core_dist_n_jobs=1,
    ).fit(points)


def hdbscan_labels(points: np.ndarray, model: Any, *, precomputed: bool = False) -> ClusterLabels:
    """Number HDBSCAN's clusters by falling size, and take the point nearest to the mean of each as its medoid.

    Examples
    --------
    >>> points = np.repeat([[0.0, 0.0], [9.0, 9.0]], [20, 40], axis=0) + np.random.default_rng(0).normal(size=(60, 2))
    >>> hdbscan_labels(points, density_model(points, ClusteringSettings())).labels[[0, -1]]
    array([1, 0])
    """
    raw = model.labels_
    count = int(raw.max()) + 1
    order = np.argsort(-np.bincount(raw[raw >= 0], minlength=count), kind="stable")
    labels = np.append(np.argsort(order, kind="stable"), -1)[raw]
    medoids = np.array([_middle(points, np.flatnonzero(labels == g), precomputed) for g in range(count)], int)
    sizes = np.bincount(labels[labels >= 0], minlength=count)
    choices = pd.DataFrame(
        {"group": np.arange(1, count + 1), "persistence": model.cluster_persistence_[order], "n": sizes}
    )
    return ClusterLabels(labels, np.where(labels < 0, np.nan, model.probabilities_), medoids, choices, order)


def _middle(points: np.ndarray, rows: np.ndarray, precomputed: bool) -> int:
    """Row with the least summed distance (of features: the one nearest to the mean)."""
    if precomputed:
        return int(rows[points[np.ix_(rows, rows)].sum(axis=0).argmin()])
    return int(rows[((points[rows] - points[rows].mean(axis=0)) ** 2).sum(axis=1).argmin()])


def kmedoids_labels(distances: np.ndarray, settings: ClusteringSettings) -> ClusterLabels:
    """Cluster by k-medoids; the number of groups is given, or that of the greatest mean silhouette (Rousseeuw 1987).

    FasterPAM (Schubert & Rousseeuw 2021, Inf. Syst. 101) from BUILD's medoids. Rejected: random starts, which end in
    other groups with every seed.

    Examples
    --------
    >>> place = np.array([0.0, 0.1, 0.2, 5.0, 5.1, 5.2])
    >>> kmedoids_labels(abs(place[:, None] - place), ClusteringSettings(method="k-medoids", max_groups=3)).choices
       groups  silhouette  chosen
    0       2    0.973325    True
    1       3    0.569861   False
    """
    count = settings.n_groups
    tried = range(2, min(settings.max_groups, len(distances) - 1) + 1) if count is None else (count,)
    fits = {k: _medoids(distances, k) for k in tried}
    silhouettes = {k: silhouette(distances, nearest) for k, (_, nearest) in fits.items()}
    best = max(silhouettes, key=lambda k: silhouettes[k])
    medoids, nearest = fits[best]
    order = np.lexsort((medoids, -np.bincount(nearest, minlength=best)))
    labels = np.argsort(order, kind="stable")[nearest]
    near = np.sort(distances[medoids], axis=0)
    strength = 1 - np.divide(near[0], near[1], out=np.zeros(len(labels)), where=near[1] > 0)
    choices = pd.DataFrame({"groups": list(silhouettes), "silhouette": list(silhouettes.values())})
    return ClusterLabels(labels, strength, medoids[order], choices.assign(chosen=choices["groups"] == best), order)


def _medoids(distances: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    medoids = kernels.build(distances, k)
    nearest, _, _ = kernels.swap(distances, medoids, _MAX_ITER)
    return medoids, nearest


def silhouette(distances: np.ndarray, labels: np.ndarray) -> float:
    """Mean silhouette of the points that aren't noise, on at most 2,000 of them; NaN where there is one group.

    Examples
    --------
    >>> place = np.array([0.0, 1.0, 9.0, 10.0])
    >>> round(silhouette(abs(place[:, None] - place), np.array([0, 0, 1, 1])), 2)
    0.89
    """
    rows = np.flatnonzero(labels >= 0)
    rows = rows[:: -(-len(rows) // _MAX_SILHOUETTE)] if len(rows) else rows
    if len(np.unique(labels[rows])) < 2 or len(np.unique(labels[rows])) == len(rows):
        return float("nan")
    return float(silhouette_score(distances[np.ix_(rows, rows)], labels[rows], metric="precomputed"))


def dbcv(points: np.ndarray, labels: np.ndarray) -> float:
    """Density-based validity (Moulavi et al. 2014), -1 to 1, on at most 2,000 points that aren't noise.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> two = rng.normal(size=(200, 2)) + np.repeat([[0.0], [9.0]], 100, axis=0)
    >>> dbcv(two, np.repeat([0, 1], 100)) > 0.5 > dbcv(two, np.tile([0, 1], 100))
    True
    """
    from hdbscan.validity import validity_index

    rows = np.flatnonzero(labels >= 0)
    rows = rows[:: -(-len(rows) // _MAX_SILHOUETTE)] if len(rows) else rows
    _, counts = np.unique(labels[rows], return_counts=True)
    if len(counts) < 2 or counts.min() < 3:
        return float("nan")
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.asarray(validity_index(np.ascontiguousarray(points[rows]), labels[rows])))


def coordinates(distances: np.ndarray) -> np.ndarray:
    """Classical multidimensional scaling: coordinates whose distances are near those given (Torgerson 1952).

    Examples
    --------
    >>> place = np.array([0.0, 1.0, 4.0])
    >>> np.abs(np.diff(coordinates(abs(place[:, None] - place))[:, 0])).round(6)
    array([1., 3.])
    """
    squared = distances**2
    centred = squared - squared.mean(axis=0) - squared.mean(axis=1)[:, None] + squared.mean()
    values, vectors = np.linalg.eigh(-centred / 2)
    kept = np.flatnonzero(values > 1e-9 * max(values.max(), 1e-300))[::-1][:_MAX_COORDINATES]
    return np.ascontiguousarray(vectors[:, kept] * np.sqrt(values[kept]))


def surrogate_p_value(
    points: np.ndarray, settings: ClusteringSettings, reduce: Reduce, rng: np.random.Generator
) -> float:
    """Monte-Carlo p-value: the share of copula surrogates that the method clusters at least as well as these points.

    Parameters
    ----------
    points : numpy.ndarray, shape (points, d)
        Before the reduction.
    settings : ClusteringSettings
    reduce : callable
        Takes such points to the space in which they are clustered.
    rng : numpy.random.Generator
        Draws surrogates.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> two = np.repeat([[0.0, 0.0], [9.0, 9.0]], 20, axis=0) + rng.normal(size=(40, 2))
    >>> settings = ClusteringSettings(method="k-medoids", max_groups=3, n_resamples=4)
    >>> 0.2 <= surrogate_p_value(two, settings, np.ascontiguousarray, rng) <= 1
    True
    """
    real = _quality(reduce(points), settings)
    drawn = settings.n_resamples
    as_well = sum(_quality(reduce(gaussian_copula(points, rng=rng)), settings) >= real for _ in range(drawn))
    return (1 + as_well) / (1 + drawn)


def _quality(points: np.ndarray, settings: ClusteringSettings) -> float:
    """Persistence of the clusters, weighted by the readings they hold, or the greatest mean silhouette."""
    if settings.method == "k-medoids":
        return float(np.nanmax(kmedoids_labels(cdist(points, points), settings).choices["silhouette"]))
    model = density_model(points, replace(settings, min_cluster_size=None))
    found = hdbscan_labels(points, model).choices
    return float((found["persistence"] * found["n"]).sum() / len(points))
