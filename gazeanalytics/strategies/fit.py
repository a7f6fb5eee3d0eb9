"""Search strategies: fitted, tested, told in words, given to new readings and kept in a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from gazeanalytics.strategies.clustering.mixtures import Mixture
from gazeanalytics.strategies.clustering.search import (
    Settings,
    by_size,
    make_settings,
    not_searched,
    search,
    seen_again,
)
from gazeanalytics.strategies.continuum.components import Axes, fit_axes
from gazeanalytics.strategies.preparing import codes, notes, removed
from gazeanalytics.strategies.profiles import central_readings, profile_groups
from gazeanalytics.strategies.scaling import Scaling, canonical, feature_names, reading_column, spread_ties
from gazeanalytics.strategies.serialization import read, strategies_from, strategies_parts, write
from gazeanalytics.strategies.validation.cluster_tendency import Existence, existence
from gazeanalytics.strategies.validation.stability import bootstrap, held_out
from gazeanalytics.tables import check
from gazeanalytics.threads import one_thread

__all__ = ["Strategies"]

Verdict = Literal["types", "continuum", "none"]
_ACCIDENT = "All readings together were cut into types, but parts of them were not: no types are named."
_FORMAT = "gazeanalytics strategies 2"


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
    _exemplars: pd.DataFrame
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
        groups = {name: who[order] for name, who in codes(len(order), readers=readers, cases=cases).items()}
        features = removed(features, groups, settings.remove)
        with one_thread():
            return _fit(cls, features, groups.get("readers"), names, settings, rng)

    def assign(
        self,
        features: pd.DataFrame,
        *,
        readers: pd.Series | Sequence | None = None,
        cases: pd.Series | Sequence | None = None,
    ) -> pd.DataFrame:
        """Give each reading its strategy.

        Parameters
        ----------
        features : pandas.DataFrame
            Features table, of the readings of the fit or of new ones.
        readers, cases : sequence, optional
            Needed where their effects were removed for the fit: they are removed here too, as these readings show them.

        Returns
        -------
        pandas.DataFrame
            Strategies table in the order of `features`: reading, strategy, strength (posterior probability). Strategy
            and strength are missing where a reading lacks too many features, and everywhere when there are no types.
        """
        points, usable = self._points(features, readers, cases)
        strategy = np.full(len(points), -1)
        strength = np.full(len(points), np.nan)
        if self.verdict == "types" and usable.any():
            with one_thread():
                sure = self._posterior(points[usable])
            strategy[usable] = sure.argmax(axis=1)
            strength[usable] = sure.max(axis=1)
        table = pd.DataFrame(
            {
                "reading": reading_column(features),
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

    def axes(
        self,
        features: pd.DataFrame,
        *,
        readers: pd.Series | Sequence | None = None,
        cases: pd.Series | Sequence | None = None,
    ) -> pd.DataFrame:
        """Return scores of each reading on the axes that readings spread along: reading, axis 1, axis 2, ...

        Scores have mean 0 and standard deviation 1 over the readings of the fit. They are there whatever the verdict;
        when it is "continuum" they are what to enter in a model. Readers and cases as in `assign`.
        """
        points, usable = self._points(features, readers, cases)
        scores = self._axes.scores(points)
        scores[~usable] = np.nan
        table = pd.DataFrame(scores, columns=list(self._axes.names), index=features.index)
        table.insert(0, "reading", features["reading"])
        return check(table.reset_index(drop=True), "features")

    def loadings(self) -> pd.DataFrame:
        """Return how strongly each feature goes with each axis: axis, feature, loading, conf_low, conf_high."""
        return self._axes.table(self.scaling.names)

    def exemplars(self) -> pd.DataFrame:
        """Return the readings to show for each strategy: strategy, place (1 is its medoid), reading, distance.

        The distance to the strategy's middle is in standard deviations within it. With a continuum or none there is
        one group, and its exemplars are the ordinary readings; for the extremes see `Archetypes`.
        """
        return self._exemplars.copy()

    def stability(
        self,
        features: pd.DataFrame,
        *,
        readers: pd.Series | Sequence | None = None,
        cases: pd.Series | Sequence | None = None,
        n_resamples: int = 20,
        rng: int | np.random.Generator | None = None,
    ) -> pd.DataFrame:
        """Find the strategies again among resampled readers, and among resampled cases.

        The whole search is repeated with the scaling of the fit, the number of strategies included; whether there is
        structure at all isn't tested again.

        Returns
        -------
        pandas.DataFrame
            One row a resample: over (what was drawn: readers, cases, or readings where neither was given), resample,
            strategies, ari, ami, and jaccard 1, jaccard 2, ... for each strategy. High agreement alone doesn't tell
            types from a continuum: a cut through a continuum can be found again too.
        """
        rng = np.random.default_rng(rng)
        points, blocks = self._again(features, readers, cases)
        with one_thread():
            labels, relabel = self._posterior(points).argmax(axis=1), self._relabel(points, rng)
            tables = [
                bootstrap(labels, who, relabel, rng=rng, n_resamples=n_resamples).assign(over=over)
                for over, who in blocks.items()
            ]
        table = pd.concat(tables, ignore_index=True)
        return table[["over", *table.columns.drop("over")]]

    def held_out(
        self,
        features: pd.DataFrame,
        *,
        readers: pd.Series | Sequence | None = None,
        cases: pd.Series | Sequence | None = None,
        folds: int = 5,
        rng: int | np.random.Generator | None = None,
    ) -> pd.DataFrame:
        """Leave readers out (and cases, in turn), assign them by what the others show, and find them again alone.

        Returns
        -------
        pandas.DataFrame
            One row a fold: over (readers, cases, or readings), fold, readings, strategies, ari, ami,
            prediction_strength; see `held_out` in this package's stability.
        """
        rng = np.random.default_rng(rng)
        points, blocks = self._again(features, readers, cases)
        with one_thread():
            labels, relabel = self._posterior(points).argmax(axis=1), self._relabel(points, rng)
            tables = [
                held_out(labels, who, relabel, rng=rng, folds=folds).assign(over=over) for over, who in blocks.items()
            ]
        table = pd.concat(tables, ignore_index=True)
        return table[["over", *table.columns.drop("over")]]

    def summary(self) -> str:
        """Say in plain words what was found and how sure that is."""
        test = self.existence
        words = [
            {
                "types": f"{len(self.names)} strategies: valleys, or distances at which groups leave one, part them.",
                "continuum": "A continuum: the readings have structure, but no valley parts them into types.",
                "none": "No strategies: nothing beyond the features' distributions and their correlations.",
            }[self.verdict],
            f"{self.readings} readings, {len(self.scaling.names)} features.",
            f"Existence: {_told(test.p_value, len(test.null_gains))} on {test.readings} readings "
            f"against {len(test.null_gains)} surrogates ({test.distance:.0f} of their standard deviations away).",
        ]
        return " ".join([*words, *self.notes])

    def save(self, path: str | Path) -> None:
        """Write everything to one .npz file of plain arrays and JSON text (no pickle)."""
        write(path, _FORMAT, *strategies_parts(self))

    @classmethod
    def load(cls, path: str | Path) -> Strategies:
        """Read what `save` wrote.

        Raises
        ------
        ValueError
            If the file isn't one of ours.
        """
        return cls(**strategies_from(*read(path, _FORMAT, "strategies")))

    def _points(
        self, features: pd.DataFrame, readers: pd.Series | Sequence | None, cases: pd.Series | Sequence | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Scaled features, and which readings have enough of them."""
        groups = codes(len(features), readers=readers, cases=cases)
        return self.scaling.apply(removed(features, groups, self.settings.remove))

    def _again(
        self, features: pd.DataFrame, readers: pd.Series | Sequence | None, cases: pd.Series | Sequence | None
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Points in canonical order, and the readers and cases (else the readings) that are drawn whole."""
        points, usable = self._points(features, readers, cases)
        order = canonical(features)
        order = order[usable[order]]
        groups = codes(len(features), readers=readers, cases=cases)
        blocks = {over: np.unique(who[order], return_inverse=True)[1] for over, who in groups.items()}
        return points[order], blocks or {"readings": np.arange(len(order))}

    def _relabel(self, points: np.ndarray, rng: np.random.Generator) -> Callable[[np.ndarray], np.ndarray]:
        def relabel(rows: np.ndarray) -> np.ndarray:
            found = search(np.ascontiguousarray(points[rows]), self.settings, rng)
            return found.strategy_of[found.mixture.posterior(points).argmax(axis=1)]

        return relabel

    def _posterior(self, points: np.ndarray) -> np.ndarray:
        return self.mixture.posterior(points) @ np.eye(len(self.names))[self.strategy_of]


def _told(p_value: float, drawn: int) -> str:
    """Say a p-value that no surrogate reached as what it is: no greater than one in as many draws."""
    return f"p <= {p_value:.3f}" if p_value * (drawn + 1) < 1.5 else f"p = {p_value:.3f}"


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
    there = existence(points, rng=rng, n_resamples=settings.n_resamples)
    exists = there.p_value <= settings.alpha
    found = search(points, settings, rng) if exists else not_searched(points)
    types = found.groups > 1 and seen_again(points, settings, rng)
    verdict: Verdict = "types" if types else "continuum" if exists else "none"
    strategy_of = by_size(found.mixture, found.strategy_of if types else np.zeros_like(found.strategy_of))
    accident = (_ACCIDENT,) if found.groups > 1 and not types else ()
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
        notes=accident + notes(scaling, features, usable),
        readings=len(points),
        _profile=profile_groups(values, labels, scaling.names, fitted, kept),
        _exemplars=central_readings(points, labels, features["reading"].to_numpy()[usable], fitted),
        _axes=fit_axes(points, rng=rng),
    )
