"""Search strategies: fitted, tested, told in words, given to new readings and kept in a file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from gazeanalytics.strategies.axes import Axes, fit_axes
from gazeanalytics.strategies.mixtures import Mixture
from gazeanalytics.strategies.nulls import Existence, existence
from gazeanalytics.strategies.profiles import profile_groups
from gazeanalytics.strategies.scaling import Scaling, canonical, feature_names, spread_ties, without_effects
from gazeanalytics.strategies.search import Settings, by_size, make_settings, not_searched, search
from gazeanalytics.strategies.stability import bootstrap
from gazeanalytics.tables import check

__all__ = ["Strategies"]

Verdict = Literal["types", "continuum", "none"]
_FORMAT = "gazeanalytics strategies 1"


@dataclass(frozen=True, slots=True)
class Strategies:
    """Search strategies found among readings, or the finding that there are none.

    Make one with `Strategies.fit`. It doesn't change afterwards.

    Attributes
    ----------
    verdict : {"types", "continuum", "none"}
        Whether readings fall into types, spread along axes without gaps, or show nothing beyond their distributions
        and correlations.
    names : tuple of str
        "strategy 1", "strategy 2", ... by falling size; one name when the verdict isn't "types".
    settings : Settings
        Every choice made.
    scaling : Scaling
        How features are made comparable.
    mixture : Mixture
        Groups in the scaled features; several may make one strategy.
    strategy_of : numpy.ndarray of int, shape (groups,)
        Strategy of each group, counted from 0.
    existence : Existence
        Test against data without groups.
    valleys : pandas.DataFrame
        Depth and p-value of the valley between every two groups of the mixture.
    choices : pandas.DataFrame
        What each number of groups gave.
    notes : tuple of str
        What was left out, counted.
    """

    verdict: Verdict
    names: tuple[str, ...]
    settings: Settings
    scaling: Scaling
    mixture: Mixture
    strategy_of: np.ndarray
    existence: Existence
    valleys: pd.DataFrame
    choices: pd.DataFrame
    notes: tuple[str, ...]
    readings: int
    _profile: pd.DataFrame
    _axes: Axes

    @classmethod
    def fit(
        cls,
        features: pd.DataFrame,
        *,
        readers: pd.Series | Sequence | None = None,
        cases: pd.Series | Sequence | None = None,
        names: Sequence[str] | None = None,
        rng: int | np.random.Generator | None = None,
        **choices: Any,
    ) -> Strategies:
        """Look for search strategies.

        Parameters
        ----------
        features : pandas.DataFrame
            Features table: reading, and one numeric column a measure.
        readers, cases : sequence, optional
            Reader and case of each row. Readers make the intervals of the profile honest; either may be removed
            (`remove`).
        names : sequence of str, optional
            Feature columns to use; default every numeric one.
        rng : int, numpy.random.Generator or None
            Seed of the random choices. Same seed, same readings: same result, in any row order.
        **choices
            Any attribute of `Settings`, such as `scaling="rank"`.

        Raises
        ------
        TableError
            If `features` isn't a features table.
        ValueError
            If there are fewer than 50 readings to learn from.

        Examples
        --------
        >>> rng = np.random.default_rng(3)
        >>> values = rng.normal(size=(300, 6)) + np.repeat([[0.0], [2.5]], [100, 200], axis=0)
        >>> features = pd.DataFrame(values, columns=[f"measure {i}" for i in range(6)])
        >>> features.insert(0, "reading", range(300))
        >>> found = Strategies.fit(features, rng=1)
        >>> found.verdict, found.names
        ('types', ('strategy 1', 'strategy 2'))
        >>> found.assign(features.head(2))
           reading    strategy  strength
        0        0  strategy 2       1.0
        1        1  strategy 2       1.0
        """
        settings = make_settings(choices)
        rng = np.random.default_rng(rng)
        check(features, "features")
        order = canonical(features)
        features = features.iloc[order]
        groups = {"readers": _codes(readers, order), "cases": _codes(cases, order)}
        features = _removed(features, groups, settings.remove)
        with _one_thread():
            return _fit(cls, features, groups["readers"], names, settings, rng)

    def assign(self, features: pd.DataFrame) -> pd.DataFrame:
        """Give each reading its strategy.

        Returns
        -------
        pandas.DataFrame
            Strategies table in the order of `features`: reading, strategy, strength (posterior probability). Strategy
            and strength are missing where a reading lacks too many features, and everywhere when there are no types.
        """
        points, usable = self.scaling.apply(features)
        strategy = np.full(len(points), -1)
        strength = np.full(len(points), np.nan)
        if self.verdict == "types" and usable.any():
            with _one_thread():
                sure = self._posterior(points[usable])
            strategy[usable] = sure.argmax(axis=1)
            strength[usable] = sure.max(axis=1)
        table = pd.DataFrame(
            {
                "reading": features["reading"].to_numpy()
                if not isinstance(features["reading"].dtype, pd.CategoricalDtype)
                else features["reading"].array,
                "strategy": pd.Categorical.from_codes(strategy, categories=pd.Index(self.names)),
                "strength": strength.clip(0, 1),
            }
        )
        return check(table, "strategies")

    def profile(self) -> pd.DataFrame:
        """Return what sets each strategy apart, one row per strategy x feature.

        Columns: strategy, feature, effect (its mean against all other readings' mean, in pooled standard deviations),
        conf_low, conf_high (95 %, jackknife over readers, or over 50 blocks of readings where readers weren't given),
        mean and sd in the feature's own unit, n. No rows when there are no types.
        """
        return self._profile.copy()

    def axes(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return scores of each reading on the axes that readings spread along: reading, axis 1, axis 2, ...

        Scores have mean 0 and standard deviation 1 over the readings of the fit. They are there whatever the verdict;
        when it is "continuum" they are what to enter in a model.
        """
        points, usable = self.scaling.apply(features)
        scores = self._axes.scores(points)
        scores[~usable] = np.nan
        table = pd.DataFrame(scores, columns=list(self._axes.names), index=features.index)
        table.insert(0, "reading", features["reading"])
        return check(table.reset_index(drop=True), "features")

    def loadings(self) -> pd.DataFrame:
        """Return how strongly each feature goes with each axis: axis, feature, loading, conf_low, conf_high."""
        return self._axes.table(self.scaling.names)

    def stability(
        self,
        features: pd.DataFrame,
        *,
        readers: pd.Series | Sequence | None = None,
        resamples: int = 20,
        rng: int | np.random.Generator | None = None,
    ) -> pd.DataFrame:
        """Find the strategies again among resampled readers (readings where readers aren't given).

        The whole search is repeated with the scaling of the fit, the number of strategies included; whether there is
        structure at all isn't tested again.

        Returns
        -------
        pandas.DataFrame
            One row a resample: resample, strategies, ari, and jaccard 1, jaccard 2, ... for each strategy. High
            agreement alone doesn't tell types from a continuum: a cut through a continuum can be found again too.
        """
        rng = np.random.default_rng(rng)
        order = canonical(features)
        points, usable = self.scaling.apply(features.iloc[order])
        points = points[usable]
        codes = _codes(readers, order)
        blocks = np.arange(len(points)) if codes is None else np.unique(codes[usable], return_inverse=True)[1]

        def relabel(rows: np.ndarray) -> np.ndarray:
            found = search(np.ascontiguousarray(points[rows]), self.settings, rng)
            return found.strategy_of[found.mixture.posterior(points).argmax(axis=1)]

        with _one_thread():
            labels = self._posterior(points).argmax(axis=1)
            return bootstrap(labels, blocks, relabel, rng=rng, resamples=resamples)

    def summary(self) -> str:
        """Say in plain words what was found and how sure that is."""
        test = self.existence
        words = [
            {
                "types": f"{len(self.names)} strategies: between every two of them the readings leave a valley.",
                "continuum": "A continuum: the readings have structure, but no valley parts them into types.",
                "none": "No strategies: nothing beyond the features' distributions and their correlations.",
            }[self.verdict],
            f"{self.readings} readings, {len(self.scaling.names)} features.",
            f"Existence: p = {test.p_value:.3f} on {test.readings} readings against {len(test.null_gains)} surrogates.",
        ]
        return " ".join([*words, *self.notes])

    def save(self, path: str | Path) -> None:
        """Write everything to one .npz file of plain arrays and JSON text (no pickle)."""
        arrays = {
            "powers": self.scaling.powers,
            "units": self.scaling.units,
            "centre": self.scaling.centre,
            "spread": self.scaling.spread,
            "knots": self.scaling.knots,
            "centres": self.mixture.centres,
            "covariances": self.mixture.covariances,
            "shares": self.mixture.shares,
            "strategy_of": self.strategy_of,
            "null_gains": self.existence.null_gains,
            **self._axes.arrays(),
        }
        plain = {
            "format": _FORMAT,
            "verdict": self.verdict,
            "names": self.names,
            "settings": asdict(self.settings),
            "scaling": {key: getattr(self.scaling, key) for key in ("names", "method", "dropped", "most_missing")},
            "mixture": {key: getattr(self.mixture, key) for key in ("tail", "log_likelihood", "bic")},
            "existence": {key: getattr(self.existence, key) for key in ("gain", "p_value", "readings")},
            "notes": self.notes,
            "readings": self.readings,
            "tables": {key: getattr(self, key).to_dict("list") for key in ("valleys", "choices", "_profile")},
        }
        np.savez(path, allow_pickle=False, json=np.array(json.dumps(plain)), **arrays)

    @classmethod
    def load(cls, path: str | Path) -> Strategies:
        """Read what `save` wrote.

        Raises
        ------
        ValueError
            If the file isn't one of ours.
        """
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
        plain = json.loads(str(arrays.pop("json", "{}")))
        if plain.get("format") != _FORMAT:
            raise ValueError(f"{path} doesn't hold strategies saved by this package; save them with Strategies.save")
        scaling, mixture = plain["scaling"], plain["mixture"]
        scaling["names"] = tuple(scaling["names"])
        plain["settings"]["remove"] = tuple(plain["settings"]["remove"])
        return cls(
            verdict=plain["verdict"],
            names=tuple(plain["names"]),
            settings=Settings(**plain["settings"]),
            scaling=Scaling(
                **scaling, **{key: arrays[key] for key in ("powers", "units", "centre", "spread", "knots")}
            ),
            mixture=Mixture(**mixture, **{key: arrays[key] for key in ("centres", "covariances", "shares")}),
            strategy_of=arrays["strategy_of"],
            existence=Existence(null_gains=arrays["null_gains"], **plain["existence"]),
            notes=tuple(plain["notes"]),
            readings=plain["readings"],
            _axes=Axes.from_arrays(arrays),
            **{key: pd.DataFrame(columns) for key, columns in plain["tables"].items()},
        )

    def _posterior(self, points: np.ndarray) -> np.ndarray:
        return self.mixture.posterior(points) @ np.eye(len(self.names))[self.strategy_of]


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep linear algebra on one thread: with more, the last digits depend on their number."""
    with threadpool_limits(1):
        yield


def _codes(values: pd.Series | Sequence | None, order: np.ndarray) -> np.ndarray | None:
    if values is None:
        return None
    if len(values) != len(order):
        raise ValueError(f"readers and cases need one value for each of the {len(order)} readings; came {len(values)}")
    return pd.factorize(np.asarray(values), sort=True)[0][order]


def _removed(features: pd.DataFrame, groups: dict[str, np.ndarray | None], remove: Sequence[str]) -> pd.DataFrame:
    columns = [name for name in features.columns if name != "reading" and features[name].dtype.kind in "iuf"]
    for name in remove:
        codes = groups.get(name)
        if codes is None:
            raise ValueError(f"to remove the effects of {name!r}, give them: Strategies.fit(features, {name}=...)")
        features = features.assign(
            **dict(zip(columns, without_effects(features[columns].to_numpy(float), codes).T, strict=True))
        )
    return features


def _fit(
    cls: type[Strategies],
    features: pd.DataFrame,
    readers: np.ndarray | None,
    names: Sequence[str] | None,
    settings: Settings,
    rng: np.random.Generator,
) -> Strategies:
    spread = spread_ties(features, feature_names(features, names), rng=rng)
    scaling = Scaling.fit(
        spread,
        names=names,
        method=settings.scaling,
        most_missing=settings.most_missing,
        greatest_correlation=settings.greatest_correlation,
    )
    points, usable = scaling.apply(spread)
    if usable.sum() < 50:
        raise ValueError(f"strategies need at least 50 readings with enough features; came {usable.sum()}")
    points = points[usable]
    there = existence(points, rng=rng, resamples=settings.resamples)
    exists = there.p_value <= settings.alpha
    found = search(points, settings, rng) if exists else not_searched(points)
    verdict: Verdict = "types" if found.groups > 1 else "continuum" if exists else "none"
    strategy_of = by_size(found.mixture, found.strategy_of)
    fitted = tuple(f"strategy {number + 1}" for number in range(strategy_of.max() + 1))
    labels = strategy_of[found.mixture.posterior(points).argmax(axis=1)]
    kept = None if readers is None else readers[usable]
    values = features[list(scaling.names)].to_numpy(float)[usable]
    return cls(
        verdict=verdict,
        names=fitted,
        settings=settings,
        scaling=scaling,
        mixture=found.mixture,
        strategy_of=strategy_of,
        existence=there,
        valleys=found.valleys.table([f"group {g + 1}" for g in range(len(strategy_of))]),
        choices=found.choices,
        notes=_notes(scaling, features, usable),
        readings=len(points),
        _profile=profile_groups(values, labels, scaling.names, fitted, kept),
        _axes=fit_axes(points, rng=rng),
    )


def _notes(scaling: Scaling, features: pd.DataFrame, usable: np.ndarray) -> tuple[str, ...]:
    notes = [f"{name} {why} and is left out." for name, why in scaling.dropped.items()]
    if (~usable).any():
        notes.append(f"{(~usable).sum()} readings lack more than {scaling.most_missing:.0%} of the features.")
    missing = ~np.isfinite(features.loc[usable, list(scaling.names)].to_numpy(float))
    if missing.any():
        notes.append(f"{missing.sum()} missing values in {missing.any(axis=1).sum()} readings count as the average.")
    return tuple(notes)
