"""Trait or state: intraclass correlation of readers, persistence of strategies from reading to reading, time course."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.stats import f as fisher

from gazeanalytics.strategies.markov.sequences import comparable, sortable
from gazeanalytics.strategies.scaling import without_effects
from gazeanalytics.tables import check

__all__ = ["persistence", "strategy_time_course", "switch_rate", "trait_icc"]


def trait_icc(
    scores: pd.DataFrame,
    readings: pd.DataFrame,
    *,
    without_cases: bool = True,
    n_permutations: int = 999,
    rng: int | np.random.Generator | None = None,
) -> pd.DataFrame:
    """Intraclass correlation (ICC) of each score within readers: 1 is a trait of the reader, 0 a state of the reading.

    Parameters
    ----------
    scores : pandas.DataFrame
        A features table: reading and numeric columns, such as `StrategyModel.components` or wide `hypotheses`.
    readings : pandas.DataFrame
        A readings table.
    without_cases : bool
        Remove the (shrunken) mean of each case first, so that readers who saw other cases don't count as different.
    n_permutations : int
        How often readings are permuted among the readers; the smallest p-value is 1 / (permutations + 1).
    rng : int, numpy.random.Generator or None
        Draws the permutations.

    Returns
    -------
    pandas.DataFrame
        score, icc (one-way intraclass correlation, ICC1 of Shrout & Fleiss 1979, from mean squares with the typical
        number of readings a reader; may fall below 0), conf_low, conf_high (95 %, F; exact when all readers read
        equally often), p_value (permutation, one-sided), readers, readings, per_reader.

    References
    ----------
    Shrout & Fleiss (1979), Psychological Bulletin 86.

    See Also
    --------
    persistence : the same question for strategies instead of scores.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> readings = pd.DataFrame({"reading": range(400), "reader": np.repeat(np.arange(20), 20),
    ...                          "case": np.tile(np.arange(20), 20)})
    >>> scores = pd.DataFrame({"reading": range(400), "trait": rng.normal(size=20)[readings["reader"]],
    ...                        "state": rng.normal(size=400)})
    >>> scores["trait"] += 0.5 * rng.normal(size=400)
    >>> found = trait_icc(scores, readings, rng=1, n_permutations=99)
    >>> found[["score", "icc", "p_value"]].round(2)
       score   icc  p_value
    0  trait  0.76     0.01
    1  state  0.01     0.28
    """
    check(scores, "features")
    rng = np.random.default_rng(rng)
    found = _joined(scores, readings)
    names = [str(name) for name in scores.columns if name != "reading" and scores[name].dtype.kind in "iuf"]
    if not names:
        raise ValueError("trait_icc needs at least one numeric score beside 'reading'; got none")
    values = found[names].to_numpy(float)
    reader = pd.factorize(sortable(found["reader"]), sort=True)[0]
    if without_cases:
        values = without_effects(values, pd.factorize(sortable(found["case"]), sort=True)[0])
    return pd.DataFrame(
        [{"score": name, **_icc(values[:, place], reader, n_permutations, rng)} for place, name in enumerate(names)]
    )


def persistence(
    strategies: pd.DataFrame,
    readings: pd.DataFrame,
    *,
    order: str,
    n_permutations: int = 999,
    n_resamples: int = 999,
    rng: int | np.random.Generator | None = None,
) -> pd.DataFrame:
    """Persistence: how often readers keep a strategy from one reading to the next, tested against two permutations.

    Parameters
    ----------
    strategies : pandas.DataFrame
        A strategies table; readings without a strategy are left out.
    readings : pandas.DataFrame
        A readings table with the column `order`.
    order : str
        Column with the order of a reader's readings (number, time).
    n_permutations : int
        Permutations of each of the two tests.
    n_resamples : int
        Bootstrap samples of readers.
    rng : int, numpy.random.Generator or None
        Randomness.

    Returns
    -------
    pandas.DataFrame
        One row a strategy and one for "any": strategy, steps (from it to the next reading), persistence (share that
        keep it), conf_low, conf_high (95 %, bootstrap over readers); within_readers, p_state: mean persistence when the
        readings of each reader are permuted, which keeps how often a reader uses which strategy, and the one-sided
        p-value of more persistence than that (states, runs of similar cases); overall, p_trait: the same when
        strategies are permuted among all readings (readers differ, or states do).

    See Also
    --------
    switch_rate : from which strategy to which.
    trait_icc : the same question for scores.

    Examples
    --------
    One reader always searches in one way, the other in the other:

    >>> readings = pd.DataFrame({"reading": range(40), "reader": np.repeat(["ann", "bob"], 20), "case": range(40),
    ...                          "order": np.tile(np.arange(20), 2)})
    >>> strategies = pd.DataFrame({"reading": range(40), "strategy": np.repeat(["one", "two"], 20), "strength": 1.0})
    >>> found = persistence(strategies, readings, order="order", rng=1, n_permutations=99, n_resamples=99)
    >>> found.set_index("strategy").loc["any"].round(2).drop(["steps", "conf_low", "conf_high"]).tolist()
    [1.0, 1.0, 1.0, 0.49, 0.01]
    """
    rng = np.random.default_rng(rng)
    codes, reader, _, names = _runs(strategies, readings, order)
    seen = _stays(codes, reader, len(names))
    readers = int(reader.max()) + 1
    counts = _steps(codes, reader, len(names), readers)
    # Whole readers are drawn: steps of one reader are alike.
    low, high = _bootstrap(counts, rng, n_resamples, _persistence_of)
    within, overall = np.empty((2, n_permutations, len(names) + 1))
    for permutation in range(n_permutations):
        # The same draws for both, so that the two tests differ in nothing but what they keep.
        draws = rng.random(len(codes))
        within[permutation] = _stays(codes[np.lexsort((draws, reader))], reader, len(names))
        overall[permutation] = _stays(codes[np.argsort(draws)], reader, len(names))
    steps = counts.sum(axis=(0, 2))
    return pd.DataFrame(
        {
            "strategy": [*names, "any"],
            "steps": [*steps, steps.sum()],
            "persistence": seen,
            "conf_low": low,
            "conf_high": high,
            "within_readers": np.nanmean(within, axis=0),
            "p_state": _one_sided(within, seen),
            "overall": np.nanmean(overall, axis=0),
            "p_trait": _one_sided(overall, seen),
        }
    )


def switch_rate(
    strategies: pd.DataFrame,
    readings: pd.DataFrame,
    *,
    order: str,
    n_resamples: int = 999,
    rng: int | np.random.Generator | None = None,
) -> pd.DataFrame:
    """Switch rate: transition matrix between strategies from a reader's reading to the next.

    Parameters
    ----------
    strategies, readings, order, n_resamples, rng
        As of `persistence`.

    Returns
    -------
    pandas.DataFrame
        strategy, next, count, probability (given the strategy), conf_low, conf_high (95 %, bootstrap over readers).

    Examples
    --------
    >>> readings = pd.DataFrame({"reading": range(6), "reader": "ann", "case": range(6), "order": range(6)})
    >>> strategies = pd.DataFrame({"reading": range(6), "strategy": list("aaabba"), "strength": 1.0})
    >>> found = switch_rate(strategies, readings, order="order", rng=1, n_resamples=9)
    >>> found[["strategy", "next", "count", "probability"]].round(2)
      strategy next  count  probability
    0        a    a      2         0.67
    1        a    b      1         0.33
    2        b    a      1         0.50
    3        b    b      1         0.50
    """
    rng = np.random.default_rng(rng)
    codes, reader, _, names = _runs(strategies, readings, order)
    counts = _steps(codes, reader, len(names), int(reader.max()) + 1)
    low, high = _bootstrap(counts, rng, n_resamples, _moves_of)
    return pd.DataFrame(
        {
            "strategy": np.repeat(names, len(names)),
            "next": np.tile(names, len(names)),
            "count": counts.sum(axis=0).ravel(),
            "probability": _moves_of(counts.sum(axis=0)),
            "conf_low": low,
            "conf_high": high,
        }
    )


def strategy_time_course(
    strategies: pd.DataFrame,
    readings: pd.DataFrame,
    *,
    order: str,
    n_parts: int = 4,
    n_resamples: int = 999,
    rng: int | np.random.Generator | None = None,
) -> pd.DataFrame:
    """Time course of strategies: share of each in the first, second, ... part of every reader's readings.

    Parameters
    ----------
    strategies, readings, order, n_resamples, rng
        As of `persistence`.
    n_parts : int
        Parts of equal length into which each reader's readings are divided.

    Returns
    -------
    pandas.DataFrame
        strategy, part, share, conf_low, conf_high (95 %, bootstrap over readers), readings (in that part).

    Examples
    --------
    A reader who gives one strategy up for another:

    >>> readings = pd.DataFrame({"reading": range(8), "reader": "ann", "case": range(8), "order": range(8)})
    >>> strategies = pd.DataFrame({"reading": range(8), "strategy": list("aaababbb"), "strength": 1.0})
    >>> found = strategy_time_course(strategies, readings, order="order", n_parts=2, rng=1, n_resamples=9)
    >>> found[["strategy", "part", "share"]]
      strategy  part  share
    0        a     1   0.75
    1        b     1   0.25
    2        a     2   0.25
    3        b     2   0.75
    """
    rng = np.random.default_rng(rng)
    codes, reader, place, names = _runs(strategies, readings, order)
    part = np.minimum((place * n_parts).astype(int), n_parts - 1)
    counts = np.zeros((int(reader.max()) + 1, n_parts, len(names)))
    np.add.at(counts, (reader, part, codes), 1)
    low, high = _bootstrap(counts, rng, n_resamples, _moves_of)
    return pd.DataFrame(
        {
            "strategy": np.tile(names, n_parts),
            "part": np.repeat(np.arange(n_parts) + 1, len(names)),
            "share": _moves_of(counts.sum(axis=0)),
            "conf_low": low,
            "conf_high": high,
            "readings": np.repeat(counts.sum(axis=(0, 2)).astype(int), len(names)),
        }
    )


def _joined(table: pd.DataFrame, readings: pd.DataFrame) -> pd.DataFrame:
    """The table with reader, case and all other columns of readings, sorted by reading."""
    check(readings, "readings")
    keys, sought = comparable(readings["reading"], table["reading"])
    keyed = readings.assign(reading=keys)
    found = table.assign(reading=sought).merge(keyed, on="reading", how="left", validate="1:1")
    lost = found["reader"].isna()
    if lost.any():
        raise ValueError(
            f"reading '{found.loc[lost, 'reading'].iloc[0]}' has no row in readings, which names its reader"
        )
    return found.sort_values("reading", kind="stable", ignore_index=True)


def _icc(values: np.ndarray, reader: np.ndarray, n_permutations: int, rng: np.random.Generator) -> dict[str, float]:
    known = np.isfinite(values)
    values, reader = values[known], np.unique(reader[known], return_inverse=True)[1]
    counts = np.bincount(reader)
    n, readers = len(values), len(counts)
    nothing = {"icc": np.nan, "conf_low": np.nan, "conf_high": np.nan, "p_value": np.nan}
    size = {"readers": readers, "readings": n, "per_reader": np.nan}
    if readers < 2 or n == readers or values.min() == values.max():
        return nothing | size
    # n0 of a one-way random-effects model with groups of unequal size (Searle, Casella & McCulloch 1992).
    typical = (n - (counts**2).sum() / n) / (readers - 1)
    ratio = _mean_square_ratio(values, reader, counts)
    null = [_mean_square_ratio(rng.permutation(values), reader, counts) for _ in range(n_permutations)]
    # Shrout & Fleiss (1979): the interval of the F ratio, turned into one of the ICC. Rejected: a bootstrap over
    # readers, which is too narrow with few of them.
    low, high = (ratio / fisher.ppf(p, readers - 1, n - readers) for p in (0.975, 0.025))
    return {
        "icc": (ratio - 1) / (ratio + typical - 1),
        "conf_low": (low - 1) / (low + typical - 1),
        "conf_high": (high - 1) / (high + typical - 1),
        "p_value": (1 + sum(value >= ratio for value in null)) / (1 + n_permutations),
    } | (size | {"per_reader": float(typical)})


def _mean_square_ratio(values: np.ndarray, reader: np.ndarray, counts: np.ndarray) -> float:
    means = np.bincount(reader, values) / counts
    between = (counts * (means - values.mean()) ** 2).sum() / (len(counts) - 1)
    within = ((values - means[reader]) ** 2).sum() / (len(values) - len(counts))
    return float(between / within) if within > 0 else np.inf


def _runs(
    strategies: pd.DataFrame, readings: pd.DataFrame, order: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[str]]:
    """Strategy, reader and place among the reader's (0 to 1) of each reading in order, and the strategies' names."""
    check(strategies, "strategies")
    if order not in readings.columns:
        raise ValueError(f"readings need the column {order!r}, the order in which a reader read them")
    found = _joined(strategies[strategies["strategy"].notna()], readings)
    if not len(found):
        raise ValueError("expected readings with a strategy; got none")
    reader = pd.factorize(sortable(found["reader"]), sort=True)[0]
    turn = np.lexsort((found[order].to_numpy(), reader))
    names = sorted(found["strategy"].astype(str).unique())
    codes = pd.Index(names).get_indexer(pd.Index(found["strategy"].astype(str)))[turn]
    reader = reader[turn]
    first = np.searchsorted(reader, reader)
    place = (np.arange(len(reader)) - first) / np.bincount(reader)[reader]
    return codes, reader, place, names


def _steps(codes: np.ndarray, reader: np.ndarray, k: int, readers: int) -> np.ndarray:
    """Steps from strategy to strategy of each reader, shape (readers, k, k)."""
    counts = np.zeros((readers, k, k), int)
    same = reader[1:] == reader[:-1]
    np.add.at(counts, (reader[1:][same], codes[:-1][same], codes[1:][same]), 1)
    return counts


def _stays(codes: np.ndarray, reader: np.ndarray, k: int) -> np.ndarray:
    """Share of steps that stay, from each strategy and from any, shape (k + 1,)."""
    same = reader[1:] == reader[:-1]
    origin, kept = codes[:-1][same], (codes[1:] == codes[:-1])[same]
    steps = np.bincount(origin, minlength=k)
    stays = np.bincount(origin, kept, minlength=k)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.append(stays, stays.sum()) / np.append(steps, steps.sum())


def _persistence_of(counts: np.ndarray) -> np.ndarray:
    stays, steps = np.diagonal(counts, axis1=-2, axis2=-1), counts.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.append(stays, stays.sum()) / np.append(steps, steps.sum())


def _moves_of(counts: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return (counts / counts.sum(axis=-1, keepdims=True)).ravel()


def _bootstrap(
    counts: np.ndarray, rng: np.random.Generator, n_resamples: int, measure: Callable[[np.ndarray], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Percentile interval (95 %) of a measure of the summed counts over resampled readers."""
    readers = len(counts)
    drawn = [
        measure(np.tensordot(np.bincount(rng.integers(readers, size=readers), minlength=readers), counts, axes=1))
        for _ in range(n_resamples)
    ]
    low, high = np.nanquantile(np.array(drawn), [0.025, 0.975], axis=0)
    return low, high


def _one_sided(null: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Share of permutations that stay as much; NaN where nothing was seen."""
    # Phipson & Smyth (2010): permutations never give a p-value of 0. Equal shares differ by rounding alone.
    p = (1 + (null >= seen - 1e-12).sum(axis=0)) / (1 + len(null))
    return np.where(np.isfinite(seen), p, np.nan)
