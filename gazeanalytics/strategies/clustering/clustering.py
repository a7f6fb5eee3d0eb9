"""Methods of the user's choice: HDBSCAN and k-medoids, on features or on any distances between readings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist

from gazeanalytics.strategies.clustering.clusterers import (
    Cut,
    Reduction,
    Space,
    chance,
    coordinates,
    dbcv,
    density_model,
    hdbscan_cut,
    medoid_cut,
    silhouette,
)
from gazeanalytics.strategies.scaling import Scaling, canonical, reading_column, spread_ties
from gazeanalytics.strategies.serialization import read, scaling_arrays, scaling_from, scaling_words, write
from gazeanalytics.tables import check, nearest
from gazeanalytics.threads import one_thread

__all__ = ["Partition"]

Method = Literal["hdbscan", "k-medoids"]
_FORMAT = "gazeanalytics partition 1"
# Readings that k-medoids learns from at most (its matrix grows with their square), and those of a surrogate.
_MOST, _MOST_SURROGATE = 4000, 1000
_DEFAULTS = {
    "scaling": "power",
    "dimensions": 5,
    "smallest": None,
    "neighbours": 10,
    "count": None,
    "most_groups": 10,
    "n_resamples": 19,
}
_UMAP = "UMAP draws readings into lumps: on data without groups, HDBSCAN after it found 2 to 28. Don't name them."


@dataclass(frozen=True, slots=True)
class Partition:
    """Readings cut into groups by HDBSCAN or k-medoids.

    Such a method cuts whatever it is given, or calls most of it noise; `p_value` says whether readings without groups
    are cut as well. Whether groups are types or pieces of a continuum only `Strategies.fit` asks.

    Attributes
    ----------
    method : {"hdbscan", "k-medoids"}
    reduction : {"pca", "umap"} or None
        What was done to the features before; None for distances.
    names : tuple of str
        "group 1", "group 2", ... by falling size.
    labels : pandas.DataFrame
        Strategies table of the readings that were cut: reading, strategy (missing for noise), strength.
    choices : pandas.DataFrame
        For k-medoids each number of groups with its silhouette; for HDBSCAN each group with its persistence.
    validity : pandas.DataFrame
        measure, value: share of noise, mean silhouette, DBCV, weighted persistence, p_value.
    settings : dict
        Every choice made.
    notes : tuple of str
        What a reader of the result must know.
    """

    method: Method
    reduction: Reduction | None
    names: tuple[str, ...]
    labels: pd.DataFrame
    choices: pd.DataFrame
    validity: pd.DataFrame
    medoids: tuple
    settings: dict[str, Any]
    notes: tuple[str, ...]
    _scaling: Scaling | None
    _space: Space | None
    _points: np.ndarray

    @classmethod
    def of_features(
        cls,
        features: pd.DataFrame,
        *,
        method: Method = "hdbscan",
        reduction: Reduction = "pca",
        names: Sequence[str] | None = None,
        rng: int | np.random.Generator | None = None,
        **choices: Any,
    ) -> Partition:
        """Cut readings by their features.

        Parameters
        ----------
        features : pandas.DataFrame
            Features table.
        method : {"hdbscan", "k-medoids"}
            Density clusters with noise (Campello et al. 2013), or groups round a reading each (Kaufman & Rousseeuw
            1990).
        reduction : {"pca", "umap"}
            UMAP needs the extra `umap`. It invents groups where there are none; the default never uses it.
        names : sequence of str, optional
            Feature columns to use; default every numeric one.
        rng : int, numpy.random.Generator or None
            Seed of subsamples and surrogates.
        **choices
            `scaling` ("power"), `dimensions` (5), `smallest` (least readings of a cluster, default 1 % and at least
            15), `neighbours` (10), `count` (number of groups of k-medoids; default that of the greatest silhouette),
            `most_groups` (10), `n_resamples` (surrogates, 19; 0 for no test).

        Examples
        --------
        >>> rng = np.random.default_rng(3)
        >>> values = rng.normal(size=(300, 6)) + np.repeat([[0.0], [3.0]], [100, 200], axis=0)
        >>> features = pd.DataFrame(values, columns=[f"measure {i}" for i in range(6)])
        >>> features.insert(0, "reading", range(300))
        >>> found = Partition.of_features(features, method="k-medoids", rng=1)
        >>> found.names, found.labels["strategy"].value_counts().tolist()
        (('group 1', 'group 2'), [200, 100])
        """
        settings = _settings(method, choices)
        if reduction not in get_args(Reduction):
            raise ValueError(f"reduction must be one of {', '.join(get_args(Reduction))}; came {reduction!r}")
        rng = np.random.default_rng(rng)
        features = features.iloc[canonical(check(features, "features"))]
        scaling = Scaling.fit(features, names=names, method=settings["scaling"])
        scaled, usable = scaling.apply(spread_ties(features, scaling.names, rng=rng))
        with one_thread():
            scaled = scaled[usable]

            def reduce(values: np.ndarray) -> np.ndarray:
                return Space.fit(values, reduction, settings["dimensions"], rng).place(values)

            space = Space.fit(scaled, reduction, settings["dimensions"], rng)
            points = space.place(scaled)
            cut = _cut_points(points, method, settings, rng)
            some = scaled if len(scaled) <= _MOST_SURROGATE else scaled[rng.permutation(len(scaled))[:_MOST_SURROGATE]]
            p_value = chance(some, method, settings, reduce, rng) if settings["n_resamples"] else np.nan
            few = _few(points, rng)
            validity = _validity(cut, silhouette(cdist(points[few], points[few]), cut.labels[few]), p_value)
            validity["dbcv"] = dbcv(points, cut.labels)
        noted = (_UMAP,) if reduction == "umap" else ()
        kept = points[cut.medoids] if method == "k-medoids" else points
        keys = features.loc[usable, "reading"].reset_index(drop=True)
        return cls(method, reduction, **_told(keys, cut, validity, settings, noted), **_inside(scaling, space, kept))

    @classmethod
    def of_distances(
        cls,
        distances: np.ndarray,
        readings: Sequence | pd.Series,
        *,
        method: Method = "k-medoids",
        rng: int | np.random.Generator | None = None,
        **choices: Any,
    ) -> Partition:
        """Cut readings by distances between them, such as 1 - MultiMatch or the edit distance of their scanpaths.

        Parameters
        ----------
        distances : numpy.ndarray, shape (readings, readings)
            Symmetric, zero on the diagonal. (A similarity becomes a distance by taking it from its greatest value.)
        readings : sequence
            Name of each row.
        method, rng, choices
            As of `of_features`. The test's surrogates are drawn in the distances' principal coordinates.

        Raises
        ------
        ValueError
            If the matrix isn't one of distances, and why.

        Examples
        --------
        >>> place = np.array([0.0, 0.1, 0.2, 5.0, 5.1, 5.3])
        >>> found = Partition.of_distances(abs(place[:, None] - place), range(6), count=2, n_resamples=0)
        >>> found.labels["strategy"].cat.codes.tolist(), found.medoids
        ([0, 0, 0, 1, 1, 1], (1, 4))
        """
        settings = _settings(method, choices)
        keys = pd.Series(readings)
        distances = _checked(distances, len(keys))
        order = canonical(pd.DataFrame({"reading": keys}))
        with one_thread():
            matrix = np.ascontiguousarray(distances[np.ix_(order, order)])
            cut = (
                medoid_cut(matrix, settings)
                if method == "k-medoids"
                else hdbscan_cut(matrix, density_model(matrix, settings, precomputed=True), precomputed=True)
            )
            p_value = np.nan
            if settings["n_resamples"]:
                rng = np.random.default_rng(rng)
                few = np.sort(rng.permutation(len(matrix))[:_MOST_SURROGATE])
                places = coordinates(matrix[np.ix_(few, few)])
                p_value = chance(places, method, settings, np.ascontiguousarray, rng)
        validity = _validity(cut, silhouette(matrix, cut.labels), p_value)
        keys = keys.iloc[order].reset_index(drop=True)
        return cls(method, None, **_told(keys, cut, validity, settings, ()), **_inside(None, None, matrix[:0]))

    def assign(self, features: pd.DataFrame) -> pd.DataFrame:
        """Give new readings their group: HDBSCAN's approximate_predict, or the nearest medoid.

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
        return _labelled(reading_column(features), label, strength, self.names)

    def memberships(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return how much each reading belongs to each cluster of HDBSCAN: reading, group 1, group 2, ...

        What is missing to 1 is noise.
        """
        if self.method != "hdbscan":
            raise ValueError("only HDBSCAN gives soft memberships; k-medoids has `strength` in its labels")
        from hdbscan import membership_vector

        points, usable = self._place(features)
        member = np.full((len(usable), len(self.names)), np.nan)
        if usable.any() and self.names:
            with one_thread():
                model = density_model(self._points, self.settings)
                order = hdbscan_cut(self._points, model).order
                member[usable] = np.reshape(membership_vector(model, points), (len(points), -1))[:, order]
        return pd.DataFrame({"reading": reading_column(features), **dict(zip(self.names, member.T, strict=True))})

    def _place(self, features: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """Points of the usable readings, and which are usable."""
        if self._space is None or self._scaling is None:
            raise ValueError("readings cut by distances can't place new ones; cut the whole matrix again")
        scaled, usable = self._scaling.apply(features)
        return self._space.place(scaled[usable]), usable

    def _predict(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self.method == "k-medoids":
            return _nearest(points, self._points)
        from hdbscan import approximate_predict

        model = density_model(self._points, self.settings)
        raw, strength = approximate_predict(model, points)[:2]
        label = np.append(np.argsort(hdbscan_cut(self._points, model).order, kind="stable"), -1)[raw]
        return label, np.where(label < 0, np.nan, strength)

    def save(self, path: str | Path) -> None:
        """Write everything to one .npz file of plain arrays and JSON text (no pickle)."""
        if self._scaling is None or self._space is None or self.reduction == "umap":
            raise ValueError("only groups of features after PCA can be saved for new readings; keep `labels` instead")
        words = {
            "method": self.method,
            "names": self.names,
            "settings": self.settings,
            "notes": self.notes,
            "medoids": [str(reading) for reading in self.medoids],
            "scaling": scaling_words(self._scaling),
            "tables": {key: getattr(self, key).to_dict("list") for key in ("choices", "validity")},
            "labels": self.labels.astype({"strategy": object}).to_dict("list"),
        }
        arrays = {"mean": self._space.mean, "directions": self._space.directions, "points": self._points}
        write(path, _FORMAT, words, scaling_arrays(self._scaling) | arrays)

    @classmethod
    def load(cls, path: str | Path) -> Partition:
        """Read what `save` wrote."""
        words, arrays = read(path, _FORMAT, "partition")
        names = tuple(words["names"])
        labels = pd.DataFrame(words["labels"])
        space = Space(arrays["mean"], arrays["directions"])
        return cls(
            words["method"],
            "pca",
            names=names,
            labels=labels.assign(strategy=pd.Categorical(labels["strategy"], pd.Index(names))),
            **{key: pd.DataFrame(words["tables"][key]) for key in ("choices", "validity")},
            **{key: tuple(words[key]) for key in ("medoids", "notes")},
            settings=words["settings"],
            **_inside(scaling_from(words["scaling"], arrays), space, arrays["points"]),
        )


def _settings(method: str, choices: dict[str, Any]) -> dict[str, Any]:
    if method not in get_args(Method):
        raise ValueError(f"method must be one of {', '.join(get_args(Method))}; came {method!r}")
    for name in choices:
        if name not in _DEFAULTS:
            raise TypeError(f"partitions have no choice {name!r}; {nearest(name, list(_DEFAULTS))}")
    settings = _DEFAULTS | choices
    if settings["count"] is not None and settings["count"] < 2:
        raise ValueError(f"count must be at least 2 groups; came {settings['count']}")
    return settings


def _checked(distances: np.ndarray, count: int) -> np.ndarray:
    """Return distances as floats, or say what is wrong with them."""
    distances = np.asarray(distances, float)
    if distances.shape != (count, count):
        raise ValueError(f"distances must be {count} x {count}, one row a reading; came {distances.shape}")
    if not np.isfinite(distances).all():
        raise ValueError(
            f"distances must be known; {(~np.isfinite(distances)).sum()} are missing: leave those readings out"
        )
    if (distances < 0).any() or np.abs(np.diag(distances)).max(initial=0) > 1e-9:
        raise ValueError(
            "distances must be 0 on the diagonal and never below; take a similarity from its greatest value"
        )
    if not np.allclose(distances, distances.T, atol=1e-9):
        raise ValueError("distances must be the same both ways; average the matrix with its transpose")
    return distances


def _cut_points(points: np.ndarray, method: Method, settings: dict[str, Any], rng: np.random.Generator) -> Cut:
    if method == "hdbscan":
        return hdbscan_cut(points, density_model(points, settings))
    few = _few(points, rng)
    cut = medoid_cut(cdist(points[few], points[few]), settings)
    labels, strength = _nearest(points, points[few[cut.medoids]])
    return Cut(labels, strength, few[cut.medoids], cut.choices, cut.order)


def _few(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.sort(rng.permutation(len(points))[:_MOST])


def _nearest(points: np.ndarray, medoids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    distance = cdist(points, medoids)
    near = np.sort(distance, axis=1)
    strength = 1 - np.divide(near[:, 0], near[:, 1], out=np.zeros(len(points)), where=near[:, 1] > 0)
    return distance.argmin(axis=1), strength


def _validity(cut: Cut, silhouettes: float, p_value: float) -> dict[str, float]:
    told = {"noise": float((cut.labels < 0).mean()), "silhouette": silhouettes, "p_value": p_value}
    if "persistence" in cut.choices:
        told["persistence"] = float((cut.choices["persistence"] * cut.choices["n"]).sum() / len(cut.labels))
    return told


def _told(
    keys: pd.Series, cut: Cut, validity: dict[str, float], settings: dict[str, Any], notes: tuple[str, ...]
) -> dict[str, Any]:
    """Fields of a partition that are for the reader."""
    names = tuple(f"group {number + 1}" for number in range(len(cut.medoids)))
    return {
        "names": names,
        "labels": _labelled(reading_column(keys.to_frame("reading")), cut.labels, cut.strength, names),
        "choices": cut.choices,
        "validity": pd.DataFrame({"measure": list(validity), "value": list(validity.values())}),
        "medoids": tuple(keys.iloc[cut.medoids].tolist()),
        "settings": settings,
        "notes": notes,
    }


def _inside(scaling: Scaling | None, space: Space | None, points: np.ndarray) -> dict[str, Any]:
    """Fields of a partition that place new readings."""
    return {"_scaling": scaling, "_space": space, "_points": points}


def _labelled(keys: Any, label: np.ndarray, strength: np.ndarray, names: tuple[str, ...]) -> pd.DataFrame:
    strategy = pd.Categorical.from_codes(label, categories=pd.Index(names))
    return check(pd.DataFrame({"reading": keys, "strategy": strategy, "strength": strength.clip(0, 1)}), "strategies")
