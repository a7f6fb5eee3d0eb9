"""How HDBSCAN and k-medoids cut points or distances, in which space, and whether they would cut chance too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist
from sklearn.metrics import silhouette_score

from gazeanalytics._kernels.strategies import medoids as kernels
from gazeanalytics.strategies.clustering.mixtures import principal
from gazeanalytics.strategies.validation.cluster_tendency import gaussian_copula

__all__ = ["Cut", "Space", "chance", "coordinates", "dbcv", "density_model", "hdbscan_cut", "medoid_cut", "silhouette"]

Reduction = Literal["pca", "umap"]

_PASSES = 100
_MOST_SILHOUETTE = 2000
_MOST_COORDINATES = 10


@dataclass(frozen=True, slots=True)
class Cut:
    """What a method came to.

    Attributes
    ----------
    labels : numpy.ndarray of int, shape (points,)
        Group of each point by falling size; -1 is noise.
    strength : numpy.ndarray, shape (points,)
    medoids : numpy.ndarray of int, shape (groups,)
        Row of the point in the middle of each group.
    choices : pandas.DataFrame
        What was chosen among.
    order : numpy.ndarray of int, shape (groups,)
        The method's own number of each group.
    """

    labels: np.ndarray
    strength: np.ndarray
    medoids: np.ndarray
    choices: pd.DataFrame
    order: np.ndarray


@dataclass(frozen=True, slots=True)
class Space:
    """The few dimensions in which scaled features are cut.

    Attributes
    ----------
    mean, directions : numpy.ndarray, shapes (features,) and (features, d)
        Principal components.
    umap : object, optional
        A fitted UMAP that stands in their place.
    """

    mean: np.ndarray
    directions: np.ndarray
    umap: Any = None

    @classmethod
    def fit(cls, scaled: np.ndarray, reduction: Reduction, dimensions: int, rng: np.random.Generator) -> Space:
        """Learn the space from scaled features (readings, features)."""
        mean, directions = principal(scaled, most=dimensions)
        if reduction == "pca":
            return cls(mean, directions)
        try:
            from umap import UMAP  # pyright: ignore[reportMissingImports]
        except ImportError as error:
            raise ImportError("reduction='umap' needs umap-learn: pip install 'gazeanalytics[umap]'") from error
        seed = int(rng.integers(2**31))
        return cls(
            mean, directions, UMAP(n_components=dimensions, min_dist=0.0, random_state=seed, n_jobs=1).fit(scaled)
        )

    def place(self, scaled: np.ndarray) -> np.ndarray:
        """Return scaled features in the space, shape (readings, d)."""
        if self.umap is not None:
            return np.ascontiguousarray(self.umap.transform(scaled), float)
        return np.ascontiguousarray((scaled - self.mean) @ self.directions)


def density_model(points: np.ndarray, settings: dict[str, Any], *, precomputed: bool = False) -> Any:
    """Fit HDBSCAN with the exact spanning tree: the default approximation changes answers (ARI .52 was seen)."""
    from hdbscan import HDBSCAN

    smallest = settings["smallest"] or max(len(points) // 100, 15)
    return HDBSCAN(
        min_cluster_size=smallest,
        min_samples=settings["neighbours"],
        metric="precomputed" if precomputed else "euclidean",
        approx_min_span_tree=False,
        prediction_data=not precomputed,
        core_dist_n_jobs=1,
    ).fit(points)


def hdbscan_cut(points: np.ndarray, model: Any, *, precomputed: bool = False) -> Cut:
    """Number HDBSCAN's clusters by falling size, and take the most persistent point of each as its medoid."""
    raw = model.labels_
    count = int(raw.max()) + 1
    order = np.argsort(-np.bincount(raw[raw >= 0], minlength=count), kind="stable")
    labels = np.append(np.argsort(order, kind="stable"), -1)[raw]
    medoids = np.array([_middle(points, np.flatnonzero(labels == g), precomputed) for g in range(count)], int)
    sizes = np.bincount(labels[labels >= 0], minlength=count)
    choices = pd.DataFrame(
        {"group": np.arange(1, count + 1), "persistence": model.cluster_persistence_[order], "n": sizes}
    )
    return Cut(labels, np.where(labels < 0, np.nan, model.probabilities_), medoids, choices, order)


def _middle(points: np.ndarray, rows: np.ndarray, precomputed: bool) -> int:
    """Row with the least summed distance (of features: the one nearest to the mean)."""
    if precomputed:
        return int(rows[points[np.ix_(rows, rows)].sum(axis=0).argmin()])
    return int(rows[((points[rows] - points[rows].mean(axis=0)) ** 2).sum(axis=1).argmin()])


def medoid_cut(distances: np.ndarray, settings: dict[str, Any]) -> Cut:
    """Cut by k-medoids; the number of groups is given, or that of the greatest mean silhouette (Rousseeuw 1987)."""
    count = settings["count"]
    tried = range(2, min(settings["most_groups"], len(distances) - 1) + 1) if count is None else (count,)
    fits = {k: _medoids(distances, k) for k in tried}
    told = {k: silhouette(distances, nearest) for k, (_, nearest) in fits.items()}
    best = max(told, key=lambda k: told[k])
    medoids, nearest = fits[best]
    order = np.lexsort((medoids, -np.bincount(nearest, minlength=best)))
    labels = np.argsort(order, kind="stable")[nearest]
    near = np.sort(distances[medoids], axis=0)
    strength = 1 - np.divide(near[0], near[1], out=np.zeros(len(labels)), where=near[1] > 0)
    choices = pd.DataFrame({"groups": list(told), "silhouette": list(told.values())})
    return Cut(labels, strength, medoids[order], choices.assign(chosen=choices["groups"] == best), order)


def _medoids(distances: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    medoids = kernels.build(distances, k)
    nearest, _, _ = kernels.swap(distances, medoids, _PASSES)
    return medoids, nearest


def silhouette(distances: np.ndarray, labels: np.ndarray) -> float:
    """Mean silhouette of the points that aren't noise, on at most 2,000 of them; NaN where there is one group."""
    rows = np.flatnonzero(labels >= 0)
    rows = rows[:: -(-len(rows) // _MOST_SILHOUETTE)] if len(rows) else rows
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
    rows = rows[:: -(-len(rows) // _MOST_SILHOUETTE)] if len(rows) else rows
    _, counts = np.unique(labels[rows], return_counts=True)
    if len(counts) < 2 or counts.min() < 3:
        return float("nan")
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.asarray(validity_index(np.ascontiguousarray(points[rows]), labels[rows])))


def coordinates(distances: np.ndarray) -> np.ndarray:
    """Place points so that straight-line distances come near to those given (Torgerson 1952), shape (points, d).

    Examples
    --------
    >>> place = np.array([0.0, 1.0, 4.0])
    >>> np.abs(np.diff(coordinates(abs(place[:, None] - place))[:, 0])).round(6)
    array([1., 3.])
    """
    squared = distances**2
    centred = squared - squared.mean(axis=0) - squared.mean(axis=1)[:, None] + squared.mean()
    values, vectors = np.linalg.eigh(-centred / 2)
    kept = np.flatnonzero(values > 1e-9 * max(values.max(), 1e-300))[::-1][:_MOST_COORDINATES]
    return np.ascontiguousarray(vectors[:, kept] * np.sqrt(values[kept]))


def chance(points: np.ndarray, method: str, settings: dict[str, Any], reduce: Any, rng: np.random.Generator) -> float:
    """Share of copula surrogates that the method cuts at least as well as these points (a Monte-Carlo p-value).

    Parameters
    ----------
    points : numpy.ndarray, shape (points, d)
        Before the reduction.
    method : {"hdbscan", "k-medoids"}
    settings : dict
        Of the partition.
    reduce : callable
        Takes such points to the space in which they are cut.
    rng : numpy.random.Generator
        Draws surrogates.
    """
    real = _how_well(reduce(points), method, settings)
    drawn = settings["n_resamples"]
    as_well = sum(_how_well(reduce(gaussian_copula(points, rng=rng)), method, settings) >= real for _ in range(drawn))
    return (1 + as_well) / (1 + drawn)


def _how_well(points: np.ndarray, method: str, settings: dict[str, Any]) -> float:
    """Persistence of the clusters, weighted by the readings they hold, or the greatest mean silhouette."""
    if method == "k-medoids":
        return float(np.nanmax(medoid_cut(cdist(points, points), settings).choices["silhouette"]))
    cut = hdbscan_cut(points, density_model(points, settings | {"smallest": None})).choices
    return float((cut["persistence"] * cut["n"]).sum() / len(points))
