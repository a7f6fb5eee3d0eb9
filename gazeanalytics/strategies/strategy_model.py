"""Search strategies: fitted, tested, described in words, assigned to new readings and saved to a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from gazeanalytics.saved_models import Array, Frame, Nested, Part, SettingsOf, Value
from gazeanalytics.strategies.base import FittedClustering
from gazeanalytics.strategies.clustering.mixtures import Mixture
from gazeanalytics.strategies.clustering.search import (
    StrategySettings,
    search,
)
from gazeanalytics.strategies.continuum.components import Components, omega
from gazeanalytics.strategies.preparing import codes, removed
from gazeanalytics.strategies.scaling import Scaling, canonical, reading_column
from gazeanalytics.strategies.strategy_fit import Verdict, fit_strategies
from gazeanalytics.strategies.validation import stability
from gazeanalytics.strategies.validation.cluster_tendency import ClusterTendency
from gazeanalytics.tables import check
from gazeanalytics.threads import one_thread

__all__ = ["StrategyModel"]

Labels = pd.Series | Sequence | None
_SUMMARY = {
    "types": "{groups} strategies, separated by density gaps or, once there are types, by distance.",
    "continuum": "A continuum: the readings have structure, but no density gap divides them into types.",
    "none": "No strategies: nothing beyond the features' distributions and their correlations.",
}


@dataclass(frozen=True, slots=True)
class StrategyModel(FittedClustering):
    """Search strategies found among readings by their features, or the finding that there are none.

    Make one with `StrategyModel.fit`. It doesn't change afterwards.

    Attributes
    ----------
    verdict : {"types", "continuum", "none"}
        Whether readings fall into types, spread along components without gaps, or show nothing beyond their
        distributions and correlations.
    names : tuple of str
        "strategy 1", "strategy 2", ... by falling size; one name when the verdict isn't "types".
    settings : StrategySettings
        Every choice made.
    scaling : Scaling
        How features are made comparable.
    mixture : Mixture
        Groups in the scaled features; several may make one strategy.
    strategy_of : numpy.ndarray of int, shape (groups,)
        Strategy of each group, counted from 0.
    tendency : ClusterTendency
        Cluster-tendency test: against data without groups.
    gaps : pandas.DataFrame
        Depth and p-value of the density gap between every two groups of the mixture.
    choices : pandas.DataFrame
        What each number of groups gave.
    notes : tuple of str
        What was left out, counted.
    readings : int
        Readings of the fit.

    See Also
    --------
    Clustering : HDBSCAN and k-medoids, without a verdict.
    HMMClustering, MarkovMixture : strategies in the order of looking.
    multiverse : the same search under other reasonable settings.

    Examples
    --------
    A verdict comes first; only "types" have names to assign:

    >>> rng = np.random.default_rng(3)
    >>> features = pd.DataFrame(rng.normal(size=(200, 4)), columns=list("abcd"))
    >>> features.insert(0, "reading", range(200))
    >>> found = StrategyModel.fit(features, settings=StrategySettings(n_resamples=19), rng=1)
    >>> found.verdict, int(found.assign(features)["strategy"].notna().sum())
    ('none', 0)
    """

    PARTS: ClassVar[Mapping[str, Part]] = {
        "verdict": Value(Verdict),
        "names": Value(tuple[str, ...]),
        "settings": SettingsOf(StrategySettings),
        "scaling": Nested(Scaling),
        "mixture": Nested(Mixture),
        "strategy_of": Array(("groups",), "i", low=0),
        "tendency": Nested(ClusterTendency),
        "gaps": Frame({"first": "s", "second": "s", "depth": "f", "p_value": "f"}),
        "choices": Frame({"groups": "i", "bic": "f", "strategies": "i"}),
        "notes": Value(tuple[str, ...]),
        "readings": Value(int, low=1),
        "_profile": Frame(
            {"strategy": "s", "feature": "s"}
            | dict.fromkeys(("effect", "conf_low", "conf_high", "mean", "sd"), "f")
            | {"n": "i"}
        ),
        "_exemplars": Frame({"strategy": "s", "place": "i", "reading": "k", "distance": "f"}),
        "_components": Nested(Components),
    }
    verdict: Verdict
    names: tuple[str, ...]
    settings: StrategySettings
    scaling: Scaling
    mixture: Mixture
    strategy_of: np.ndarray
    tendency: ClusterTendency
    gaps: pd.DataFrame
    choices: pd.DataFrame
    notes: tuple[str, ...]
    readings: int
    _profile: pd.DataFrame
    _exemplars: pd.DataFrame
    _components: Components

    @classmethod
    def fit(
        cls,
        features: pd.DataFrame,
        *,
        readers: Labels = None,
        cases: Labels = None,
        columns: Sequence[str] | None = None,
        settings: StrategySettings | Mapping[str, Any] | None = None,
        rng: int | np.random.Generator | None = None,
    ) -> Self:
        """Look for search strategies: cluster tendency first, then density gaps, then again in parts of the readings.

        Parameters
        ----------
        features : pandas.DataFrame
            Features table: reading, and one numeric column a measure.
        readers, cases : sequence, optional
            Reader and case of each row. The intervals of the profile resample whole readers; the effects of either may
            be removed (`StrategySettings.remove`).
        columns : sequence of str, optional
            Feature columns to use; default every numeric one.
        settings : StrategySettings or mapping, optional
            Default: `StrategySettings()`.
        rng : int, numpy.random.Generator or None
            Seed of the random choices. Same seed, same readings: same result, in any row order.

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
        >>> found = StrategyModel.fit(features, rng=1)
        >>> found.verdict, found.names
        ('types', ('strategy 1', 'strategy 2'))
        >>> found.assign(features.head(2))
           reading    strategy  strength
        0        0  strategy 2       1.0
        1        1  strategy 2       1.0
        """
        chosen = StrategySettings.given(settings)
        rng = np.random.default_rng(rng)
        check(features, "features")
        order = canonical(features)
        features = features.iloc[order]
        groups = {name: who[order] for name, who in codes(len(order), readers=readers, cases=cases).items()}
        features = removed(features, groups, chosen.remove)
        with one_thread():
            return cls(**fit_strategies(features, groups.get("readers"), columns, chosen, rng))

    def posterior(self, features: pd.DataFrame, *, readers: Labels = None, cases: Labels = None) -> pd.DataFrame:
        """Return the posterior probability of each strategy for each reading: reading, strategy 1, strategy 2, ...

        Parameters
        ----------
        features : pandas.DataFrame
            Features table, of the readings of the fit or of new ones.
        readers, cases : sequence, optional
            Needed where their effects were removed for the fit: they are removed here too, as these readings show them.

        Returns
        -------
        pandas.DataFrame
            Rows in the order of `features`, adding up to 1. NaN where a reading lacks too many features, and everywhere
            when there are no types.
        """
        points, usable = self._points(features, readers, cases)
        member = np.full((len(points), len(self.names)), np.nan)
        if self.verdict == "types" and usable.any():
            with one_thread():
                member[usable] = self._member(points[usable])
        return pd.DataFrame({"reading": reading_column(features), **dict(zip(self.names, member.T, strict=True))})

    def assign(self, features: pd.DataFrame, *, readers: Labels = None, cases: Labels = None) -> pd.DataFrame:
        """Assign each reading its likeliest strategy.

        Parameters
        ----------
        features, readers, cases
            As of `posterior`.

        Returns
        -------
        pandas.DataFrame
            Strategies table in the order of `features`: reading, strategy, strength (posterior probability). Strategy
            and strength are missing where a reading lacks too many features, and everywhere when there are no types.
        """
        return self._likeliest(self.posterior(features, readers=readers, cases=cases))

    def typicality(self, features: pd.DataFrame, *, readers: Labels = None, cases: Labels = None) -> pd.DataFrame:
        """Say how far each reading is like those of the fit: reading, typicality.

        Parameters
        ----------
        features, readers, cases
            As of `posterior`.

        Returns
        -------
        pandas.DataFrame
            typicality: the share of readings of the nearest group that lie as far out; near 0 is a reading unlike
            anything seen, whatever its posterior says. NaN where a reading lacks too many features.
        """
        points, usable = self._points(features, readers, cases)
        typical = np.full(len(points), np.nan)
        if usable.any():
            with one_thread():
                typical[usable] = self.mixture.typicality(points[usable])
        return pd.DataFrame({"reading": reading_column(features), "typicality": typical})

    def profile(self) -> pd.DataFrame:
        """Return what distinguishes each strategy, one row per strategy x feature.

        Columns: strategy, feature, effect (its mean against all other readings' mean, in pooled standard deviations),
        conf_low, conf_high (95 %, jackknife over readers, or over 50 blocks of readings where readers weren't given),
        mean and sd in the feature's own unit, n. No rows when there are no types.
        """
        return self._profile.copy()

    def components(self, features: pd.DataFrame, *, readers: Labels = None, cases: Labels = None) -> pd.DataFrame:
        """Return each reading's scores on the varimax components: reading, component 1, component 2, ...

        Scores have mean 0 and standard deviation 1 over the readings of the fit. They are there whatever the verdict;
        when it is "continuum" they are what to enter in a model. Readers and cases as in `assign`.
        """
        points, usable = self._points(features, readers, cases)
        scores = self._components.scores(points)
        scores[~usable] = np.nan
        table = pd.DataFrame(scores, columns=list(self._components.names), index=features.index)
        table.insert(0, "reading", features["reading"])
        return check(table.reset_index(drop=True), "features")

    def component_errors(self, features: pd.DataFrame, *, readers: Labels = None, cases: Labels = None) -> pd.DataFrame:
        """Return how sure scores on the components are: component, reliability, error_sd.

        Reliability is McDonald's omega, see `omega`: what a feature has for itself counts as error. The error's
        standard deviation is in units of the scores, for `stats.calibrate`. Readers and cases as in `assign`.
        """
        points, usable = self._points(features, readers, cases)
        known, scores = points[usable], self._components.scores(points[usable])
        reliability = omega(known, self._components.weights)
        error = np.sqrt(1 - reliability) * scores.std(axis=0)
        return pd.DataFrame({"component": self._components.names, "reliability": reliability, "error_sd": error})

    def loadings(self) -> pd.DataFrame:
        """Return the loading of each feature on each component: component, feature, loading, conf_low, conf_high."""
        return self._components.table(self.scaling.names)

    def exemplars(self) -> pd.DataFrame:
        """Return the readings to show for each strategy: strategy, place (1 is its medoid), reading, distance.

        The distance to the strategy's mean is in standard deviations within it. With a continuum or none there is one
        group, and its exemplars are the ordinary readings; for the extremes see `Archetypes`.
        """
        return self._exemplars.copy()

    def stability(
        self,
        features: pd.DataFrame,
        *,
        readers: Labels = None,
        cases: Labels = None,
        n_resamples: int = 20,
        rng: int | np.random.Generator | None = None,
    ) -> pd.DataFrame:
        """Bootstrap the clustering: find the strategies again among resampled readers, and among resampled cases.

        The whole search is repeated with the scaling of the fit, the number of strategies included; whether there is
        structure at all isn't tested again.

        Returns
        -------
        pandas.DataFrame
            One row a resample: over (what was drawn: readers, cases, or readings where neither was given), resample,
            strategies, ari, ami, and jaccard 1, jaccard 2, ... for each strategy. High agreement alone doesn't
            distinguish types from a continuum: a division of a continuum can be found again too.
        """

        def measure(labels: np.ndarray, who: np.ndarray, relabel: stability.Relabel, rng: np.random.Generator) -> Any:
            return stability.bootstrap(labels, who, relabel, rng=rng, n_resamples=n_resamples)

        return self._refitted(measure, features, readers, cases, rng)

    def held_out(
        self,
        features: pd.DataFrame,
        *,
        readers: Labels = None,
        cases: Labels = None,
        n_folds: int = 5,
        rng: int | np.random.Generator | None = None,
    ) -> pd.DataFrame:
        """Cross-validate: leave readers out (and cases, in turn), assign them by the others, and fit them alone.

        Returns
        -------
        pandas.DataFrame
            One row a fold: over (readers, cases, or readings), fold, readings, strategies, ari, ami,
            prediction_strength; see `held_out` in this package's stability.
        """

        def measure(labels: np.ndarray, who: np.ndarray, relabel: stability.Relabel, rng: np.random.Generator) -> Any:
            return stability.held_out(labels, who, relabel, rng=rng, n_folds=n_folds)

        return self._refitted(measure, features, readers, cases, rng)

    def summary(self) -> str:
        """Say in plain words what was found and how certain that is."""
        test = self.tendency
        words = [
            _SUMMARY[self.verdict].format(groups=len(self.names)),
            f"{self.readings} readings, {len(self.scaling.names)} features.",
            f"Cluster tendency: {_p_text(test.p_value, len(test.null_gains))} on {test.readings} readings "
            f"against {len(test.null_gains)} surrogates ({test.distance:.0f} of their standard deviations away).",
        ]
        return " ".join([*words, *self.notes])

    def _check_loaded(self) -> None:
        groups = np.unique(self.strategy_of)
        if len(groups) != len(self.names) or groups[-1] != len(self.names) - 1:
            raise ValueError(f"'strategy_of' expected the strategies 0 to {len(self.names) - 1}; got {groups.tolist()}")
        if len(self.scaling.names) != self.mixture.centres.shape[1]:
            raise ValueError("the mixture has another number of features than the scaling")

    def _points(self, features: pd.DataFrame, readers: Labels, cases: Labels) -> tuple[np.ndarray, np.ndarray]:
        """Scaled features, and which readings have enough of them."""
        groups = codes(len(features), readers=readers, cases=cases)
        return self.scaling.apply(removed(features, groups, self.settings.remove))

    def _refitted(
        self,
        measure: Callable[..., pd.DataFrame],
        features: pd.DataFrame,
        readers: Labels,
        cases: Labels,
        rng: int | np.random.Generator | None,
    ) -> pd.DataFrame:
        """Measure of repeated fits over readers, then over cases (else over readings), one table."""
        rng = np.random.default_rng(rng)
        points, usable = self._points(features, readers, cases)
        order = canonical(features)
        order = order[usable[order]]
        points = points[order]
        groups = codes(len(features), readers=readers, cases=cases)
        blocks = {over: np.unique(who[order], return_inverse=True)[1] for over, who in groups.items()}

        def relabel(rows: np.ndarray) -> np.ndarray:
            found = search(np.ascontiguousarray(points[rows]), self.settings, rng)
            return found.strategy_of[found.mixture.posterior(points).argmax(axis=1)]

        with one_thread():
            labels = self._member(points).argmax(axis=1)
            tables = [
                measure(labels, who, relabel, rng).assign(over=over)
                for over, who in (blocks or {"readings": np.arange(len(order))}).items()
            ]
        table = pd.concat(tables, ignore_index=True)
        return table[["over", *table.columns.drop("over")]]

    def _member(self, points: np.ndarray) -> np.ndarray:
        return self.mixture.posterior(points) @ np.eye(len(self.names))[self.strategy_of]


def _p_text(p_value: float, drawn: int) -> str:
    """Write a p-value that no surrogate reached as what it is: no greater than one in as many draws."""
    return f"p <= {p_value:.3f}" if p_value * (drawn + 1) < 1.5 else f"p = {p_value:.3f}"
