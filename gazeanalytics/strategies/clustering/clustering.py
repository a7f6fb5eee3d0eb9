"""Clustering by a method of the user's choice: HDBSCAN or k-medoids, on features or distances between readings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist

from gazeanalytics.saved_models import Array, Either, Frame, Nested, Optional, Part, SettingsOf, Value
from gazeanalytics.strategies.base import FittedClustering, strategies_table
from gazeanalytics.strategies.clustering.clusterers import (
    ClusteringSettings,
    ClusterLabels,
    Projection,
    coordinates,
    dbcv,
    density_model,
    hdbscan_labels,
    kmedoids_labels,
    silhouette,
    surrogate_p_value,
)
from gazeanalytics.strategies.scaling import Scaling, canonical, reading_column, spread_ties
from gazeanalytics.tables import check
from gazeanalytics.threads import one_thread

__all__ = ["Clustering", "ClusteringSettings"]

# Readings that k-medoids learns from at most (its matrix grows with their square), and those of a surrogate.
_MAX_READINGS, _MAX_SURROGATE = 4000, 1000
_UMAP = "UMAP creates spurious clusters: on data without any, HDBSCAN after it found 2 to 28. Don't name them."


@dataclass(frozen=True, slots=True)
class Clustering(FittedClustering):
    """Readings clustered by HDBSCAN or k-medoids.

    Such a method divides whatever it is given, or calls most of it noise; the p-value in `validity` says whether
    readings without clusters are divided as well. Only `StrategyModel.fit` asks whether clusters are types or pieces of
    a continuum.

    Attributes
    ----------
    settings : ClusteringSettings
        Every choice made.
    names : tuple of str
        "group 1", "group 2", ... by falling size.
    labels : pandas.DataFrame
        Strategies table of the readings of the fit: reading, strategy (missing for noise), strength.
    choices : pandas.DataFrame
        For k-medoids each number of groups with its silhouette; for HDBSCAN each group with its persistence.
    validity : pandas.DataFrame
        measure, value: share of noise, mean silhouette, DBCV, weighted persistence, p_value.
    medoids : tuple
        Reading in the middle of each group.
    notes : tuple of str
        What a reader of the result must know.

    See Also
    --------
    StrategyModel : mixture, cluster-tendency test and density gaps, with a verdict.

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> values = rng.normal(size=(200, 3)) + np.repeat([[0.0], [6.0]], [80, 120], axis=0)
    >>> features = pd.DataFrame(values, columns=list("abc"))
    >>> features.insert(0, "reading", range(200))
    >>> found = Clustering.fit(features, settings=ClusteringSettings(n_components=3, n_resamples=0), rng=1)
    >>> found.names, round(float(found.validity.set_index("measure").loc["noise", "value"]), 1)
    (('group 1', 'group 2'), 0.0)
    """

    PARTS: ClassVar[Mapping[str, Part]] = {
        "settings": SettingsOf(ClusteringSettings),
        "names": Value(tuple[str, ...]),
        "labels": Frame({"reading": "k", "strategy": "s", "strength": "f"}, categories="strategy"),
        "choices": Either(
            (
                Frame({"groups": "i", "silhouette": "f", "chosen": "b"}),
                Frame({"group": "i", "persistence": "f", "n": "i"}),
            )
        ),
        "validity": Frame({"measure": "s", "value": "f"}),
        "medoids": Value(tuple[int | float | str, ...]),
        "notes": Value(tuple[str, ...]),
        "_scaling": Optional(Nested(Scaling)),
        "_projection": Optional(Nested(Projection)),
        "_points": Array(("points", "components")),
    }
    settings: ClusteringSettings
    names: tuple[str, ...]
    labels: pd.DataFrame
    choices: pd.DataFrame
    validity: pd.DataFrame
    medoids: tuple
    notes: tuple[str, ...]
    _scaling: Scaling | None
    _projection: Projection | None
    _points: np.ndarray

    @classmethod
    def fit(
        cls,
        features: pd.DataFrame,
        *,
        columns: Sequence[str] | None = None,
        settings: ClusteringSettings | Mapping[str, Any] | None = None,
        rng: int | np.random.Generator | None = None,
    ) -> Self:
        """Cluster readings by their features.

        Parameters
        ----------
        features : pandas.DataFrame
            Features table.
        columns : sequence of str, optional
            Feature columns to use; default every numeric one.
        settings : ClusteringSettings or mapping, optional
            Default: HDBSCAN on five principal components.
        rng : int, numpy.random.Generator or None
            Seed of subsamples and surrogates.

        See Also
        --------
        fit_distances : cluster by distances between scanpaths.

        Examples
        --------
        >>> rng = np.random.default_rng(3)
        >>> values = rng.normal(size=(300, 6)) + np.repeat([[0.0], [3.0]], [100, 200], axis=0)
        >>> features = pd.DataFrame(values, columns=[f"measure {i}" for i in range(6)])
        >>> features.insert(0, "reading", range(300))
        >>> found = Clustering.fit(features, settings=ClusteringSettings(method="k-medoids", n_resamples=4), rng=1)
        >>> found.names, found.labels["strategy"].value_counts().tolist()
        (('group 1', 'group 2'), [200, 100])
        """
        chosen = ClusteringSettings.given(settings)
        rng = np.random.default_rng(rng)
        features = features.iloc[canonical(check(features, "features"))]
        scaling = Scaling.fit(features, columns=columns, method=chosen.scaling)
        scaled, usable = scaling.apply(spread_ties(features, scaling.names, rng=rng))
        keys = features.loc[usable, "reading"].reset_index(drop=True)
        with one_thread():
            scaled = scaled[usable]
            projection = Projection.fit(scaled, chosen, rng)
            points = projection.place(scaled)
            found = _cluster(points, chosen, rng)
            p_value = _test(scaled, chosen, lambda values: Projection.fit(values, chosen, rng).place(values), rng)
            few = _subsample(points, rng)
            mean_silhouette = silhouette(cdist(points[few], points[few]), found.labels[few])
            validity = {**_validity(found, mean_silhouette, p_value), "dbcv": dbcv(points, found.labels)}
        # HDBSCAN places new readings by the density of all old ones, k-medoids by its medoids alone.
        kept = points[found.medoids] if chosen.method == "k-medoids" else points
        notes = (_UMAP,) if chosen.reduction == "umap" else ()
        return cls(chosen, **_described(keys, found, validity), notes=notes, **_placing(scaling, projection, kept))

    @classmethod
    def fit_distances(
        cls,
        distances: np.ndarray,
        readings: Sequence | pd.Series,
        *,
        settings: ClusteringSettings | Mapping[str, Any] | None = None,
        rng: int | np.random.Generator | None = None,
    ) -> Self:
        """Cluster readings by distances between them, such as 1 - MultiMatch or the edit distance of their scanpaths.

        Parameters
        ----------
        distances : numpy.ndarray, shape (readings, readings)
            Symmetric, zero on the diagonal. (A similarity becomes a distance by subtracting it from its maximum.)
        readings : sequence
            Name of each row.
        settings : ClusteringSettings or mapping, optional
            Default: k-medoids. Scaling and reduction don't apply.
        rng : int, numpy.random.Generator or None
            Seed of the surrogates, which are drawn in the distances' principal coordinates.

        Raises
        ------
        ValueError
            If the matrix isn't one of distances, and why.

        Examples
        --------
        >>> place = np.array([0.0, 0.1, 0.2, 5.0, 5.1, 5.3])
        >>> settings = ClusteringSettings(method="k-medoids", n_groups=2, n_resamples=0)
        >>> found = Clustering.fit_distances(abs(place[:, None] - place), range(6), settings=settings)
        >>> found.labels["strategy"].cat.codes.tolist(), found.medoids
        ([0, 0, 0, 1, 1, 1], (1, 4))
        """
        chosen = ClusteringSettings.given({"method": "k-medoids"} if settings is None else settings)
        keys = pd.Series(readings)
        distances = _checked(distances, len(keys))
        order = canonical(pd.DataFrame({"reading": keys}))
        with one_thread():
            matrix = np.ascontiguousarray(distances[np.ix_(order, order)])
            if chosen.method == "k-medoids":
                found = kmedoids_labels(matrix, chosen)
            else:
                found = hdbscan_labels(matrix, density_model(matrix, chosen, precomputed=True), precomputed=True)
            p_value = np.nan
            if chosen.n_resamples:
                rng = np.random.default_rng(rng)
                few = np.sort(rng.permutation(len(matrix))[:_MAX_SURROGATE])
                places = coordinates(matrix[np.ix_(few, few)])
                p_value = surrogate_p_value(places, chosen, np.ascontiguousarray, rng)
        validity = _validity(found, silhouette(matrix, found.labels), p_value)
        keys = keys.iloc[order].reset_index(drop=True)
        empty = np.zeros((0, chosen.n_components))
        return cls(chosen, **_described(keys, found, validity), notes=(), **_placing(None, None, empty))

    def posterior(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return the membership of each reading in each cluster of HDBSCAN: reading, group 1, group 2, ...

        What is missing to 1 is noise.

        Raises
        ------
        ValueError
            For k-medoids, which has no probabilities.
        """
        if self.settings.method != "hdbscan":
            raise ValueError("expected HDBSCAN for probabilities; k-medoids has `strength` in the table of `assign`")
        from hdbscan import membership_vector

        points, usable = self._place(features)
        member = np.full((len(usable), len(self.names)), np.nan)
        if usable.any() and self.names:
            with one_thread():
                model = density_model(self._points, self.settings)
                order = hdbscan_labels(self._points, model).order
                member[usable] = np.reshape(membership_vector(model, points), (len(points), -1))[:, order]
        return pd.DataFrame({"reading": reading_column(features), **dict(zip(self.names, member.T, strict=True))})

    def assign(self, features: pd.DataFrame) -> pd.DataFrame:
        """Assign new readings to groups: HDBSCAN's approximate_predict, or the nearest medoid.

        Returns
        -------
        pandas.DataFrame
            Strategies table: reading, strategy, strength. The strength of k-medoids is 1 - nearest / second nearest
            distance.
        """
        points, usable = self._place(features)
        label, strength = np.full(len(usable), -1), np.full(len(usable), np.nan)
        if usable.any():
            with one_thread():
                label[usable], strength[usable] = self._predict(points)
        return strategies_table(reading_column(features), label, strength, self.names)

    def save(self, path: str | Path) -> None:
        """Write the clustering to one .npz file of plain arrays and JSON text (no pickle).

        Raises
        ------
        ValueError
            After UMAP, whose fit can't be written as plain arrays.
        """
        if self.settings.reduction == "umap":
            raise ValueError("a clustering after UMAP can't be saved; save its `labels`, or use reduction='pca'")
        # Named, for a slotted dataclass is made anew by its decorator and a bare super() would miss it.
        FittedClustering.save(self, path)

    def _check_loaded(self) -> None:
        if len(self.medoids) != len(self.names):
            raise ValueError(f"'medoids' expected {len(self.names)} readings; got {len(self.medoids)}")
        if self.settings.method == "k-medoids" and self._projection and len(self._points) != len(self.names):
            raise ValueError(f"array '_points' expected one row for each of {len(self.names)} groups")

    def _place(self, features: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """Points of the usable readings, and which are usable."""
        if self._projection is None or self._scaling is None:
            raise ValueError(
                "readings clustered by distances: new ones can't be assigned; cluster the whole matrix again"
            )
        scaled, usable = self._scaling.apply(features)
        return self._projection.place(scaled[usable]), usable

    def _predict(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self.settings.method == "k-medoids":
            return _nearest(points, self._points)
        from hdbscan import approximate_predict

        model = density_model(self._points, self.settings)
        raw, strength = approximate_predict(model, points)[:2]
        label = np.append(np.argsort(hdbscan_labels(self._points, model).order, kind="stable"), -1)[raw]
        return label, np.where(label < 0, np.nan, strength)


def _checked(distances: np.ndarray, count: int) -> np.ndarray:
    """Return distances as floats, or say what is wrong with them."""
    distances = np.asarray(distances, float)
    if distances.shape != (count, count):
        raise ValueError(f"distances must be {count} x {count}, one row a reading; got {distances.shape}")
    if not np.isfinite(distances).all():
        raise ValueError(
            f"distances must be known; {(~np.isfinite(distances)).sum()} are missing: leave those readings out"
        )
    if (distances < 0).any() or np.abs(np.diag(distances)).max(initial=0) > 1e-9:
        raise ValueError(
            "distances must be 0 on the diagonal and never negative; subtract a similarity from its maximum"
        )
    if not np.allclose(distances, distances.T, atol=1e-9):
        raise ValueError("distances must be the same both ways; average the matrix with its transpose")
    return distances


def _cluster(points: np.ndarray, settings: ClusteringSettings, rng: np.random.Generator) -> ClusterLabels:
    if settings.method == "hdbscan":
        return hdbscan_labels(points, density_model(points, settings))
    few = _subsample(points, rng)
    found = kmedoids_labels(cdist(points[few], points[few]), settings)
    labels, strength = _nearest(points, points[few[found.medoids]])
    return ClusterLabels(labels, strength, few[found.medoids], found.choices, found.order)


def _test(scaled: np.ndarray, settings: ClusteringSettings, reduce: Any, rng: np.random.Generator) -> float:
    """p-value against surrogates, on a subsample where there are many readings; NaN where no test is asked for."""
    some = scaled if len(scaled) <= _MAX_SURROGATE else scaled[rng.permutation(len(scaled))[:_MAX_SURROGATE]]
    return surrogate_p_value(some, settings, reduce, rng) if settings.n_resamples else np.nan


def _subsample(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.sort(rng.permutation(len(points))[:_MAX_READINGS])


def _nearest(points: np.ndarray, medoids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    distance = cdist(points, medoids)
    near = np.sort(distance, axis=1)
    strength = 1 - np.divide(near[:, 0], near[:, 1], out=np.zeros(len(points)), where=near[:, 1] > 0)
    return distance.argmin(axis=1), strength


def _validity(found: ClusterLabels, mean_silhouette: float, p_value: float) -> dict[str, float]:
    values = {"noise": float((found.labels < 0).mean()), "silhouette": mean_silhouette, "p_value": p_value}
    if "persistence" in found.choices:
        weighted = (found.choices["persistence"] * found.choices["n"]).sum()
        values["persistence"] = float(weighted / len(found.labels))
    return values


def _described(keys: pd.Series, found: ClusterLabels, validity: dict[str, float]) -> dict[str, Any]:
    """Fields of a clustering that are for its reader."""
    names = tuple(f"group {number + 1}" for number in range(len(found.medoids)))
    return {
        "names": names,
        "labels": strategies_table(reading_column(keys.to_frame("reading")), found.labels, found.strength, names),
        "choices": found.choices,
        "validity": pd.DataFrame({"measure": list(validity), "value": list(validity.values())}),
        "medoids": tuple(keys.iloc[found.medoids].tolist()),
    }


def _placing(scaling: Scaling | None, projection: Projection | None, points: np.ndarray) -> dict[str, Any]:
    """Fields of a clustering that place new readings."""
    return {"_scaling": scaling, "_projection": projection, "_points": points}
