"""EMHMM group comparison: the A-B scale, the test of a difference between groups, and how many groups there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.metrics import adjusted_rand_score

from gazeanalytics.strategies.markov.emhmm import HMMClustering
from gazeanalytics.strategies.markov.hmm import fit_packed
from gazeanalytics.strategies.markov.sequences import Paths, pack, sortable
from gazeanalytics.strategies.markov.settings import HMMClusteringSettings, HMMSettings

__all__ = ["ab_scale", "compare_group_numbers", "difference_test"]


def ab_scale(groups: HMMClustering, fixations: pd.DataFrame, readings: pd.DataFrame) -> pd.DataFrame:
    """A-B scale: place each reader on the scale from group B to group A (Chan, Chan, Lee & Hsiao 2018).

    Returns
    -------
    pandas.DataFrame
        reader, A, B (mean log-likelihood per fixation, every reading counting once), readings, and
        scale = (A - B) / (|A| + |B|): above 0 like group A, below 0 like group B. It is a number per reader that can
        enter a model whether or not there are types.

    Raises
    ------
    ValueError
        With other than two groups.

    Examples
    --------
    Readers 1 and 3 look to the right:

    >>> from gazeanalytics.strategies import ReaderHMMs
    >>> rng = np.random.default_rng(1)
    >>> reader = np.repeat(np.arange(5), 60)
    >>> fixations = pd.DataFrame({"reading": np.repeat(np.arange(30), 10), "onset": np.tile(np.arange(10.0), 30)})
    >>> fixations[["x", "y"]] = rng.normal(0, 20, (300, 2)) + 100 * (1 + reader[:, None] % 2)
    >>> readings = pd.DataFrame({"reading": np.arange(30), "reader": reader[::10], "case": np.arange(30) % 6})
    >>> hmms = ReaderHMMs.fit(fixations, readings, settings={"n_states": [1], "n_starts": 5}, rng=1)
    >>> groups = HMMClustering.fit(hmms, settings={"n_starts": 10}, rng=1)
    >>> (ab_scale(groups, fixations, readings)["scale"] > 0).tolist()
    [True, False, True, False, True]
    """
    if len(groups.names) != 2:
        raise ValueError(f"the A-B scale: expected two groups; got {len(groups.names)}")
    table = reader_means(groups, pack(fixations, readings, by=("reader", "case"), columns=groups.columns))
    a, b = table["A"], table["B"]
    # Divided by the sum of both, so that readers with scattered scanpaths, unlikely under either, don't dominate.
    return table.assign(scale=(a - b) / (a.abs() + b.abs()))


def difference_test(groups: HMMClustering, fixations: pd.DataFrame, readings: pd.DataFrame) -> pd.DataFrame:
    """Test, over readers, whether a group's readings are likelier under its own model than under another's.

    Parameters
    ----------
    groups : HMMClustering
    fixations, readings : pandas.DataFrame
        Readings that had no part in the fit. On those of the fit the test is always significant: the groups were chosen
        so that it is, and the p-value means nothing. `compare_group_numbers` splits readings into halves for this.

    Returns
    -------
    pandas.DataFrame
        group, other, difference (mean log-likelihood per fixation under the own model less that under the other, nats:
        an estimate of the Kullback-Leibler divergence of the two models), std_error, statistic (t), df, p_value
        (two-sided), conf_low, conf_high, n (readers).

    See Also
    --------
    compare_group_numbers : the same on halves of the readings, with the number of groups.

    Examples
    --------
    >>> from gazeanalytics.strategies import ReaderHMMs
    >>> rng = np.random.default_rng(1)
    >>> reader = np.repeat(np.arange(6), 80)
    >>> fixations = pd.DataFrame({"reading": np.repeat(np.arange(48), 10), "onset": np.tile(np.arange(10.0), 48)})
    >>> fixations[["x", "y"]] = rng.normal(0, 20, (480, 2)) + 100 * (1 + reader[:, None] % 2)
    >>> readings = pd.DataFrame({"reading": np.arange(48), "reader": reader[::10], "case": np.arange(48) % 8})
    >>> learned, new = readings[readings["case"] < 4], readings[readings["case"] >= 4]
    >>> of = lambda part: fixations[fixations["reading"].isin(part["reading"])]
    >>> hmms = ReaderHMMs.fit(of(learned), learned, settings={"n_states": [1], "n_starts": 5}, rng=1)
    >>> groups = HMMClustering.fit(hmms, settings={"n_starts": 10}, rng=1)
    >>> (difference_test(groups, of(new), new)["conf_low"] > 0).tolist()
    [True, True]
    """
    means = reader_means(groups, pack(fixations, readings, by=("reader", "case"), columns=groups.columns))
    group = means["reader"].map(groups.members.set_index("reader")["group"].astype(str))
    rows = []
    for own in groups.names:
        for other in groups.names:
            if own != other:
                values = (means[own] - means[other])[(group == own).to_numpy()].dropna().to_numpy()
                rows.append({"group": own, "other": other, **_one_sample(values)})
    return pd.DataFrame(rows)


def compare_group_numbers(
    fixations: pd.DataFrame,
    readings: pd.DataFrame,
    *,
    max_groups: int = 4,
    n_splits: int = 3,
    n_permutations: int = 39,
    settings: HMMSettings | Mapping[str, Any] | None = None,
    rng: int | np.random.Generator | None = None,
) -> pd.DataFrame:
    """Choose the number of EMHMM groups by cross-validation, with a permutation test of one group against several.

    Parameters
    ----------
    fixations, readings : pandas.DataFrame
        Tables of those names; two readings a reader at least.
    max_groups : int
        Greatest number of groups.
    n_splits : int
        How often each reader's readings are split into halves. One half gives models and groups, the other is scored
        under the group of its reader; then they change places.
    n_permutations : int
        How often readings are permuted among the readers (within each case where readers share cases), which leaves
        readers without a way of their own.
    settings : HMMSettings or mapping, optional
        Of the readers' models.
    rng : int, numpy.random.Generator or None
        Seed.

    Returns
    -------
    pandas.DataFrame
        groups; log_likelihood: mean per fixation of the halves kept out, nats; gain over one group with std_error and
        conf_low, conf_high (t over readers); agreement: adjusted Rand index of the groups that the two halves give;
        p_value: of the gain, against permuted readers (the same for every number: whether the greatest gain is that of
        readers without a way of their own); chosen: one group where that p_value is above .05, else the fewest groups
        whose gain lies within a standard error of the greatest (Breiman et al. 1984).

    Notes
    -----
    A gain says that readers differ, not that they are of types: dividing a continuum predicts new readings better, too.
    Types show in `agreement`, and in a density gap on the A-B scale (`StrategyModel.fit` on such scores). Where they
    don't, take the scale itself.

    References
    ----------
    Breiman, Friedman, Olshen & Stone (1984), Classification and Regression Trees: the one-standard-error rule.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> reader = np.repeat(np.arange(6), 80)
    >>> fixations = pd.DataFrame({"reading": np.repeat(np.arange(48), 10), "onset": np.tile(np.arange(10.0), 48)})
    >>> fixations[["x", "y"]] = rng.normal(0, 20, (480, 2)) + 100 * (1 + reader[:, None] % 2)
    >>> readings = pd.DataFrame({"reading": np.arange(48), "reader": reader[::10], "case": np.arange(48) % 8})
    >>> found = compare_group_numbers(fixations, readings, max_groups=2, n_splits=1, n_permutations=19,
    ...                               settings={"n_states": [1], "n_starts": 2}, rng=1)
    >>> found.loc[found["chosen"], ["groups", "agreement", "p_value"]].to_numpy().tolist()
    [[2.0, 1.0, 0.05]]
    """
    rng = np.random.default_rng(rng)
    chosen = HMMSettings.given(settings)
    paths = pack(fixations, readings, by=("reader", "case"), columns=chosen.columns)
    chosen = chosen.filled(paths.points)
    numbers = list(range(1, max_groups + 1))
    readers = paths.readings["reader"].nunique()
    if readers < 2 * max_groups:
        raise ValueError(f"max_groups must be at most half the number of readers, {readers}; got {max_groups}")
    found = _summary(numbers, *_cross_validated(paths, chosen, numbers, n_splits, rng))
    # A brief search, on the readings as they are as well: like is compared with like.
    brief, two = replace(chosen, n_starts=10), numbers[:2]
    null = [_cross_validated(_permuted(paths, rng), brief, two, 1, rng)[0][:, -1].mean() for _ in range(n_permutations)]
    own = _cross_validated(paths, brief, two, 1, rng)[0][:, -1].mean()
    found["p_value"] = (1 + sum(value >= own for value in null)) / (1 + n_permutations)
    best = int(found["gain"].to_numpy().argmax())
    # The one-standard-error rule: the fewest groups that predict about as well as the best number.
    near = found["gain"] >= found["gain"][best] - found["std_error"][best]
    taken = int(near.idxmax()) if best and found["p_value"].iloc[0] <= 0.05 else 0
    return found.assign(chosen=np.arange(len(found)) == taken)


def reader_means(groups: HMMClustering, paths: Paths) -> pd.DataFrame:
    """Mean log-likelihood per fixation of each reader's readings under every group: reader, readings, A, B, ..."""
    count = np.diff(paths.edges)
    with np.errstate(invalid="ignore", divide="ignore"):
        each = groups.score(paths) / count[:, None]
    frame = pd.DataFrame(each, columns=list(groups.names)).assign(reader=paths.readings["reader"].to_numpy())
    frame = frame[frame[list(groups.names)].notna().all(axis=1)]
    by_reader = frame.groupby("reader", sort=False)
    means = by_reader.mean().reset_index()
    means.insert(1, "readings", by_reader.size().to_numpy())
    return means


def _one_sample(values: np.ndarray) -> dict[str, float]:
    n = len(values)
    error = float(values.std(ddof=1) / np.sqrt(n)) if n > 1 else np.nan
    mean = float(values.mean()) if n else np.nan
    statistic = mean / error if n > 1 and error > 0 else np.nan
    reach = float(stats.t.ppf(0.975, n - 1)) * error if n > 1 else np.nan
    return {
        "difference": mean,
        "std_error": error,
        "statistic": statistic,
        "df": n - 1,
        "p_value": float(2 * stats.t.sf(abs(statistic), n - 1)),
        "conf_low": mean - reach,
        "conf_high": mean + reach,
        "n": n,
    }


def _summary(numbers: Sequence[int], gains: np.ndarray, level: float, agreement: np.ndarray) -> pd.DataFrame:
    tests = [_one_sample(column) for column in gains.T]
    return pd.DataFrame(
        {
            "groups": numbers,
            "log_likelihood": level + gains.mean(axis=0),
            "gain": gains.mean(axis=0),
            **{name: [test[name] for test in tests] for name in ("std_error", "conf_low", "conf_high")},
            "agreement": agreement,
        }
    )


def _cross_validated(
    paths: Paths, settings: HMMSettings, numbers: Sequence[int], n_splits: int, rng: np.random.Generator
) -> tuple[np.ndarray, float, np.ndarray]:
    """Gain over one group (readers, numbers), level with one group, and agreement of halves (numbers,)."""
    values, agreements = [], []
    for _ in range(n_splits):
        half = _halves(paths, rng)
        fitted = [[*_fitted(_part(paths, half == side), settings, numbers, rng)] for side in (0, 1)]
        for side in (0, 1):
            other = _part(paths, half != side)
            values.append(pd.concat([_own_scores(groups, other) for groups in fitted[side]], axis=1))
        agreements.append([_agreement(one, two) for one, two in zip(*fitted, strict=True)])
    mean = pd.concat(values).groupby(level=0).mean().dropna().to_numpy()
    return mean - mean[:, :1], float(mean[:, 0].mean()), np.nanmean(agreements, axis=0)


def _fitted(
    paths: Paths, settings: HMMSettings, numbers: Sequence[int], rng: np.random.Generator
) -> list[HMMClustering]:
    hmms = fit_packed(paths, ("reader",), settings, rng)
    brief = [
        HMMClusteringSettings(n_groups=number, n_starts=10 if number > 1 else 4, n_finished=2) for number in numbers
    ]
    return [HMMClustering.fit(hmms, settings=settings, rng=rng) for settings in brief]


def _own_scores(groups: HMMClustering, paths: Paths) -> pd.Series:
    means = reader_means(groups, paths).set_index("reader")
    own = groups.members.set_index("reader")["group"].astype(str).reindex(means.index)
    known = own.notna()
    columns = means.columns.get_indexer(pd.Index(own[known]))
    return pd.Series(means.to_numpy()[np.flatnonzero(known), columns], index=means.index[known])


def _agreement(one: HMMClustering, two: HMMClustering) -> float:
    both = one.members.merge(two.members, on="reader")
    return float(adjusted_rand_score(both["group_x"].cat.codes, both["group_y"].cat.codes))


def _halves(paths: Paths, rng: np.random.Generator) -> np.ndarray:
    """0 or 1 for every reading: each reader's readings with fixations are split evenly."""
    # Halves within each reader, not of readers: both halves then have a model of every reader to compare.
    half = rng.integers(2, size=len(paths.readings))
    reader = pd.factorize(sortable(paths.readings["reader"]))[0]
    draws = rng.random(len(half))
    filled = np.flatnonzero(np.diff(paths.edges) > 0)
    order = filled[np.lexsort((draws[filled], reader[filled]))]
    first = np.searchsorted(reader[order], reader[order])
    half[order] = (np.arange(len(order)) - first) % 2
    return half


def _part(paths: Paths, kept: np.ndarray) -> Paths:
    lengths = np.diff(paths.edges)
    edges = np.append(0, np.cumsum(lengths[kept]))
    return Paths(paths.points[np.repeat(kept, lengths)], paths.readings[kept].reset_index(drop=True), edges, 0)


def _permuted(paths: Paths, rng: np.random.Generator) -> Paths:
    """Readings permuted among the readers, within each case where one has several readings."""
    readings = paths.readings
    case = pd.factorize(sortable(readings["case"]))[0]
    # Within cases, so that readers who saw other cases don't differ by their cases. Where hardly any case was read
    # twice that would leave everything in its place.
    if case.max() + 1 > len(case) / 2:
        case = np.zeros(len(case), int)
    rows = np.arange(len(readings))
    order = np.lexsort((rng.random(len(rows)), case))
    reader = readings["reader"].to_numpy()
    new = np.empty(len(rows), dtype=reader.dtype)
    new[rows[np.argsort(case, kind="stable")]] = reader[order]
    sequence = np.lexsort((rows, pd.factorize(new, sort=True)[0]))
    lengths = np.diff(paths.edges)[sequence]
    edges = np.append(0, np.cumsum(lengths))
    points = np.concatenate([paths.points[paths.edges[row] : paths.edges[row + 1]] for row in sequence])
    return Paths(points, readings.iloc[sequence].assign(reader=new[sequence]).reset_index(drop=True), edges, 0)
