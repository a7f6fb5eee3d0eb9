"""Feature scaling: one scale for all, few missing values, no feature that duplicates another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

import numpy as np
import pandas as pd
from scipy.special import ndtri
from scipy.stats import yeojohnson, yeojohnson_normmax

from gazeanalytics.brief import Brief
from gazeanalytics.saved_models import Array, Part, Value, Words
from gazeanalytics.tables import check

__all__ = [
    "Scaling",
    "canonical",
    "feature_names",
    "reading_column",
    "spread_ties",
    "without_effects",
]

Method = Literal["power", "standard", "robust", "rank"]

# Quantiles that a rank scaling keeps, enough for steps of 0.1 % of the readings.
_KNOTS = 1001
# Powers beyond this would be chosen by a feature's few farthest readings.
_STRONGEST = 3.0


def canonical(features: pd.DataFrame) -> np.ndarray:
    """Return the order of rows that sorts the readings, so that no result depends on the order of the table.

    Examples
    --------
    >>> canonical(pd.DataFrame({"reading": [7, 3, 5]}))
    array([1, 2, 0])
    """
    key = features["reading"]
    values = key.astype(str).to_numpy(str) if isinstance(key.dtype, pd.CategoricalDtype) else key.to_numpy()
    return np.argsort(values, kind="stable")


def reading_column(features: pd.DataFrame) -> Any:
    """Return the readings of a table, categories kept, to head another table.

    Examples
    --------
    >>> reading_column(pd.DataFrame({"reading": [7, 3]}))
    array([7, 3])
    """
    key = features["reading"]
    return key.array if isinstance(key.dtype, pd.CategoricalDtype) else key.to_numpy()


def feature_names(features: pd.DataFrame, columns: Sequence[str] | None = None) -> list[str]:
    """Return the numeric columns of a features table, sorted by name, or `columns` after checking they exist.

    Raises
    ------
    ValueError
        If a column is absent, or none is numeric.

    Examples
    --------
    >>> feature_names(pd.DataFrame({"reading": [1], "dwell": [2.0], "country": ["NO"], "coverage": [0.1]}))
    ['coverage', 'dwell']
    """
    numeric = [str(name) for name in features.columns if name != "reading" and _is_number(features[name])]
    if columns is not None:
        absent = sorted(set(columns) - set(numeric))
        if absent:
            raise ValueError(f"the features table has no numeric column {absent[0]!r}; it has {', '.join(numeric)}")
        numeric = list(columns)
    if not numeric:
        raise ValueError("strategies need at least one numeric feature column beside 'reading'; got none")
    return sorted(numeric)


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype)


def without_effects(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Remove a random effect: subtract each group's shrunken mean (BLUP) from its values, and keep the grand mean.

    Parameters
    ----------
    values : numpy.ndarray, shape (readings, features)
        NaN means missing.
    groups : numpy.ndarray of int, shape (readings,)
        Reader or case of each reading, counted from 0.

    Notes
    -----
    The shrinkage is that of a one-way random-effects model (method of moments): a group of n readings loses
    n / (n + within / between) of its mean's distance from the grand mean.

    Examples
    --------
    >>> two = np.array([[0.0], [2.0], [10.0], [12.0]])
    >>> without_effects(two, np.array([0, 0, 1, 1])).round(1).ravel()
    array([4.9, 6.9, 5.1, 7.1])
    """
    count = int(groups.max()) + 1 if len(groups) else 0
    result = values.astype(float)
    for column in range(values.shape[1]):
        result[:, column] -= _shrunk_effects(values[:, column], groups, count)[groups]
    return result


def _shrunk_effects(values: np.ndarray, groups: np.ndarray, count: int) -> np.ndarray:
    here = np.isfinite(values)
    n = np.bincount(groups[here], minlength=count).astype(float)
    filled = n > 0
    if filled.sum() < 2 or n.sum() <= filled.sum():
        return np.zeros(count)
    total = np.bincount(groups[here], values[here], minlength=count)
    means = np.divide(total, n, out=np.zeros(count), where=filled)
    grand = total.sum() / n.sum()
    within = ((values[here] - means[groups[here]]) ** 2).sum() / (n.sum() - filled.sum())
    # Method of moments (Henderson's method I); a negative estimate of the variance between groups is none.
    typical = (n.sum() - (n**2).sum() / n.sum()) / (filled.sum() - 1)
    spread = (n[filled] * (means[filled] - grand) ** 2).sum() / (filled.sum() - 1)
    between = max((spread - within) / typical, 0.0)
    if between == 0.0:
        return np.zeros(count)
    return np.where(filled, n / (n + within / between) * (means - grand), 0.0)


def spread_ties(features: pd.DataFrame, names: Sequence[str], *, rng: np.random.Generator) -> pd.DataFrame:
    """Jitter tied values at random, by at most half of the way to the next value on either side.

    Counts and rounded features have steps, and steps look like groups with gaps between them. Values that occur once
    stay as they are.

    Examples
    --------
    >>> counts = pd.DataFrame({"reading": range(4), "visits": [1.0, 1.0, 2.0, 9.0]})
    >>> moved = spread_ties(counts, ["visits"], rng=np.random.default_rng(0))
    >>> moved["visits"].round(2).tolist()
    [1.14, 0.77, 2.0, 9.0]
    """
    return features.assign(**{name: _jittered(features[name].to_numpy(float), rng) for name in names})


def _jittered(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    moves = rng.random(len(values)) - 0.5
    distinct, place, times = np.unique(values, return_inverse=True, return_counts=True)
    steps = np.diff(distinct)
    if not len(steps) or times.max() == 1:
        return values
    below, above = np.append(steps[:1], steps), np.append(steps, steps[-1:])
    # Only tied values move, so that continuous features keep every digit.
    tied = (times > 1)[place] & np.isfinite(values)
    reach = np.where(moves < 0, below[place], above[place])
    return np.where(tied, values + moves * np.where(np.isfinite(reach), reach, 0.0), values)


@dataclass(frozen=True, slots=True)
class Scaling(Brief):
    """Feature scaling, learned once and kept for new readings.

    Attributes
    ----------
    names : tuple of str
        Features that are used, sorted.
    method : {"power", "standard", "robust", "rank"}
        Mean and standard deviation after a power transformation that takes out skew (Yeo & Johnson 2000); mean and
        standard deviation; median and interquartile range / 1.349; normal scores of the ranks.
    powers, units : numpy.ndarray, shape (features,)
        Yeo & Johnson's lambda (1 leaves a feature as it is), and the standard deviation that is its unit.
    centre, spread : numpy.ndarray, shape (features,)
        Taken off, then divided by.
    knots : numpy.ndarray, shape (quantiles, features)
        Quantiles of each feature, for "rank"; no rows otherwise.
    dropped : dict of str to str
        Features left out, and why.
    max_missing : float
        Greatest share of missing features with which a reading is still placed.

    References
    ----------
    Yeo & Johnson (2000), Biometrika 87: power transformations.

    Examples
    --------
    >>> features = pd.DataFrame({"reading": range(5), "dwell": [1.0, 2.0, 3.0, 4.0, 5.0], "constant": 1.0})
    >>> scaling = Scaling.fit(features, method="standard")
    >>> scaling.names, scaling.dropped
    (('dwell',), {'constant': 'is constant'})
    >>> scaling.apply(features)[0].round(2).ravel()
    array([-1.41, -0.71,  0.  ,  0.71,  1.41])
    """

    PARTS: ClassVar[Mapping[str, Part]] = {
        "names": Value(tuple[str, ...], size="features"),
        "method": Value(Method),
        "powers": Array(("features",), low=-10, high=10),
        "units": Array(("features",), low=0),
        "centre": Array(("features",)),
        "spread": Array(("features",), low=0),
        "knots": Array(("quantiles", "features")),
        "dropped": Words(),
        "max_missing": Value(float, low=0, high=1),
    }

    names: tuple[str, ...]
    method: Method
    powers: np.ndarray
    units: np.ndarray
    centre: np.ndarray
    spread: np.ndarray
    knots: np.ndarray
    dropped: dict[str, str]
    max_missing: float

    @classmethod
    def fit(
        cls,
        features: pd.DataFrame,
        *,
        columns: Sequence[str] | None = None,
        method: Method = "power",
        max_missing: float = 0.5,
        max_correlation: float = 0.95,
    ) -> Scaling:
        """Learn centre and spread, and leave out features that are constant, mostly missing or redundant.

        Parameters
        ----------
        features : pandas.DataFrame
            Features table.
        columns : sequence of str, optional
            Columns to use; default all numeric ones.
        method : {"power", "standard", "robust", "rank"}
            See `Scaling`.
        max_missing : float
            A feature missing in more than this share of the readings is left out; a reading missing more than this
            share of the features isn't placed. Other missing values become the feature's centre.
        max_correlation : float
            Of two features whose Spearman correlation exceeds this, the later one in the alphabet is left out.
        """
        if method not in get_args(Method):
            raise ValueError(f"scaling must be one of {', '.join(get_args(Method))}; got {method!r}")
        check(features, "features")
        every = feature_names(features, columns)
        values = features[every].to_numpy(float)
        dropped = _unusable(values, every, max_missing)
        kept = [name for name in every if name not in dropped]
        dropped |= _redundant(features[kept], max_correlation)
        kept = [name for name in kept if name not in dropped]
        if not kept:
            raise ValueError(f"no feature is left to find strategies with: {'; '.join(map(' '.join, dropped.items()))}")
        values = features[kept].to_numpy(float)
        units = np.nanstd(values, axis=0)
        powers = np.array([_best_power(column) if method == "power" else 1.0 for column in (values / units).T])
        values = _power_transformed(values, powers, units)
        centre, spread = _centre_and_spread(values, method)
        knots = np.nanquantile(values, np.linspace(0, 1, _KNOTS), axis=0) if method == "rank" else values[:0]
        return cls(tuple(kept), method, powers, units, centre, spread, knots, dropped, max_missing)

    def apply(self, features: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """Scale a features table.

        Returns
        -------
        values : numpy.ndarray, shape (readings, features)
            Missing ones are 0, the centre.
        usable : numpy.ndarray of bool, shape (readings,)
            Whether a reading has enough features to be placed.
        """
        absent = [name for name in self.names if name not in features.columns]
        if absent:
            raise ValueError(f"these strategies were fitted with the feature {absent[0]!r}, which the table lacks")
        values = features[list(self.names)].to_numpy(float)
        missing = ~np.isfinite(values)
        scaled = (
            self._ranked(values)
            if self.method == "rank"
            else (_power_transformed(values, self.powers, self.units) - self.centre) / self.spread
        )
        scaled[missing] = 0.0
        return np.ascontiguousarray(scaled), missing.mean(axis=1) <= self.max_missing

    def _ranked(self, values: np.ndarray) -> np.ndarray:
        scores = np.empty_like(values)
        share = np.linspace(0, 1, len(self.knots))
        for column in range(values.shape[1]):
            knots = self.knots[:, column]
            below = np.interp(values[:, column], knots, share)
            # Tied values take the middle of the ranks they share.
            above = 1 - np.interp(-values[:, column], -knots[::-1], share)
            scores[:, column] = ndtri(np.clip((below + above) / 2, 0.5 / _KNOTS, 1 - 0.5 / _KNOTS))
        return scores


def _unusable(values: np.ndarray, names: list[str], max_missing: float) -> dict[str, str]:
    dropped = {}
    for name, column in zip(names, values.T, strict=True):
        known = column[np.isfinite(column)]
        absent = 1 - len(known) / max(len(column), 1)
        if absent > max_missing:
            dropped[name] = f"is missing in {absent:.0%} of the readings"
        elif len(known) == 0 or known.min() == known.max():
            dropped[name] = "is constant"
    return dropped


def _redundant(features: pd.DataFrame, max_correlation: float) -> dict[str, str]:
    names = list(features.columns)
    # Spearman, for it doesn't change with the scaling that follows.
    ranks = features.rank().to_numpy(float)
    ranks = np.where(np.isfinite(ranks), ranks - np.nanmean(ranks, axis=0), 0.0)
    length = np.sqrt((ranks**2).sum(axis=0))
    correlation = np.abs(ranks.T @ ranks) / np.outer(length, length)
    dropped: dict[str, str] = {}
    for later in range(len(names)):
        for earlier in range(later):
            if names[earlier] not in dropped and correlation[earlier, later] > max_correlation:
                dropped[names[later]] = (
                    f"is redundant beside {names[earlier]} (Spearman {correlation[earlier, later]:.3f})"
                )
                break
    return dropped


def _best_power(column: np.ndarray) -> float:
    power = float(np.asarray(yeojohnson_normmax(column[np.isfinite(column)])))
    return min(max(power, -_STRONGEST), _STRONGEST)


def _power_transformed(values: np.ndarray, powers: np.ndarray, units: np.ndarray) -> np.ndarray:
    transformed = values.copy()
    for column in np.flatnonzero(powers != 1.0):
        transformed[:, column] = np.asarray(yeojohnson(values[:, column] / units[column], powers[column]))
    return transformed


def _centre_and_spread(values: np.ndarray, method: Method) -> tuple[np.ndarray, np.ndarray]:
    if method == "rank":
        return np.zeros(values.shape[1]), np.ones(values.shape[1])
    mean, sd = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    if method != "robust":
        return mean, sd
    low, middle, high = np.nanquantile(values, [0.25, 0.5, 0.75], axis=0)
    # A feature that is the same in the middle half of the readings has no interquartile range.
    return middle, np.where(high > low, (high - low) / 1.349, sd)
