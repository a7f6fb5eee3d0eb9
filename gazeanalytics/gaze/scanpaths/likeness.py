"""How alike readers' scanpaths are, by the relation of the two readings, beside what chance alone gives."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from gazeanalytics.gaze.intervals import percentile_interval, redraw, weighted_means
from gazeanalytics.gaze.scanpaths.pairs import pair_readings

__all__ = ["compare_readers"]

Measure = Callable[..., pd.DataFrame]
# Draws for a fitting partner: where nine in ten fit, the rows that ten draws miss are one in ten thousand million.
_TRIES = 10


def compare_readers(
    fixations: pd.DataFrame,
    readings: pd.DataFrame,
    measure: Measure,
    *,
    best: float = 1.0,
    partners: int = 4,
    resamples: int = 1000,
    rng: np.random.Generator | int | None = None,
) -> pd.DataFrame:
    """Score scanpaths between readers, within readers and between models and readers, corrected for chance.

    Scores of scanpaths are high whatever the readers do: a score is told beside that of readings of other cases, and
    corrected, (score - chance) / (best - chance), as kappa is. 0 is chance, 1 the best there is; NaN where
    chance is the best there is.

    ================  ==================================================  ===========================================
    relation          pairs                                               their chance
    ================  ==================================================  ===========================================
    between readers   two persons, one case: all                          two persons, two cases
    model and reader  a model and a person, one case: all                 a model and a person, two cases
    within reader     one person, two cases: `partners` drawn a reading   two persons, two cases
    ================  ==================================================  ===========================================

    Parameters
    ----------
    fixations : pandas.DataFrame
        The fixations table, persons' and models' readings.
    readings : pandas.DataFrame
        One row a reading: `reading`, `reader`, `case` and, where models take part, `kind` ("person" or "model").
    measure : callable
        Takes the fixations and `pairs=`, as `multimatch` and its like do; `functools.partial` fixes the rest.
    best : float
        The score of equal scanpaths: 1 for similarities, 0 for distances.
    partners : int
        Readings of other cases drawn for every reading: more lessens the noise of the chance score.
    resamples : int
        Draws of cases and readers for the 95 % intervals.
    rng : int, numpy.random.Generator or None
        Randomness of partners and intervals.

    Returns
    -------
    pandas.DataFrame
        One row a relation and score: `relation`, `score`, `mean`, `conf_low`, `conf_high`, `chance`, `corrected`,
        `corrected_low`, `corrected_high`, `pairs`, `chance_pairs`, `cases`. Pairs without a score are left out.

    Examples
    --------
    Two readers who follow the case, each case its own way: alike within a case, and less so than chance elsewhere.

    >>> from functools import partial
    >>> from gazeanalytics.gaze.scanpaths import path_distances
    >>> readings = pd.DataFrame({"reading": range(6), "reader": list("ababab"), "case": list("uuvvww")})
    >>> places = {"u": [0, 50, 100], "v": [100, 100, 0], "w": [50, 0, 0]}
    >>> steps = [(r.reading, x + 2 * (r.reader == "b"), 0) for r in readings.itertuples() for x in places[r.case]]
    >>> fixations = pd.DataFrame(steps, columns=["reading", "x", "y"])
    >>> found = compare_readers(fixations, readings, path_distances, best=0.0, rng=1).query("score == 'dtw_px'")
    >>> found[["relation", "mean", "pairs"]].to_numpy().tolist()[0]
    ['between readers', 6.0, 3]
    >>> bool(found["corrected"].iloc[0] > 0.9)
    True
    """
    generator = np.random.default_rng(rng)
    table = _checked(readings)
    groups = _relations(table, partners, generator)
    if not groups:
        raise ValueError(
            "compare_readers wants a case read twice, or a reader of two cases, and others for chance; came neither"
        )
    every = pd.concat([frame for pairs in groups.values() for frame in pairs], ignore_index=True).drop_duplicates()
    scores = measure(fixations, pairs=every).drop(columns="note", errors="ignore").set_index(["first", "second"])
    rows = [
        _summary(relation, scores, pairs, table, (best, resamples, generator)) for relation, pairs in groups.items()
    ]
    return pd.concat(rows, ignore_index=True)


def _checked(readings: pd.DataFrame) -> pd.DataFrame:
    absent = [name for name in ("reading", "reader", "case") if name not in readings]
    if absent:
        raise ValueError(f"compare_readers wants readings with reading, reader and case; {', '.join(absent)} is absent")
    table = readings.reset_index(drop=True)
    return table if "kind" in table else table.assign(kind="person")


def _relations(
    table: pd.DataFrame, partners: int, rng: np.random.Generator
) -> dict[str, tuple[pd.DataFrame, pd.DataFrame]]:
    """Pairs and chance pairs of each relation that the readings allow."""
    persons, models = (np.flatnonzero(table["kind"] == kind) for kind in ("person", "model"))
    same_case = pair_readings(table, same="case", different="reader")
    kind = table.set_index("reading")["kind"]
    kinds = kind.loc[same_case["first"]].to_numpy(), kind.loc[same_case["second"]].to_numpy()
    among = (kinds[0] == "person") & (kinds[1] == "person")
    mixed = kinds[0] != kinds[1]
    case, reader = (pd.factorize(table[name])[0] for name in ("case", "reader"))

    def two_cases(ones: np.ndarray, others: np.ndarray) -> pd.DataFrame:
        def fits(first: np.ndarray, second: np.ndarray) -> np.ndarray:
            return (case[first] != case[second]) & (reader[first] != reader[second])

        return _draw(table, np.repeat(ones, partners), lambda first: rng.choice(others, len(first)), fits)

    def own_cases(ones: np.ndarray) -> pd.DataFrame:
        return _draw(
            table,
            np.repeat(ones, partners),
            lambda first: _from_own(reader, first, ones, rng),
            lambda first, second: case[first] != case[second],
        )

    apart = two_cases(persons, persons)
    groups = {
        "between readers": (same_case[among], apart),
        "model and reader": (same_case[mixed], two_cases(models, persons) if len(persons) else apart),
        "within reader": (own_cases(persons), apart),
    }
    return {relation: pairs for relation, pairs in groups.items() if len(pairs[0]) and len(pairs[1])}


def _draw(
    table: pd.DataFrame,
    first: np.ndarray,
    draw: Callable[[np.ndarray], np.ndarray],
    fits: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> pd.DataFrame:
    """Pair each row with a random one; those that do not fit are drawn anew, ten times, then left out."""
    second = np.full(len(first), -1)
    for _ in range(_TRIES):
        waiting = np.flatnonzero(second < 0)
        if not len(waiting):
            break
        drawn = draw(first[waiting])
        fit = fits(first[waiting], drawn)
        second[waiting[fit]] = drawn[fit]
    held = second >= 0
    key = table["reading"]
    pairs = pd.DataFrame({"first": key.take(first[held]).array, "second": key.take(second[held]).array})
    return pairs.drop_duplicates(ignore_index=True)


def _from_own(codes: np.ndarray, ones: np.ndarray, others: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One of `others` at random for each of `ones`, of the same code."""
    order = others[np.argsort(codes[others], kind="stable")]
    starts = np.searchsorted(codes[order], codes[ones], side="left")
    stops = np.searchsorted(codes[order], codes[ones], side="right")
    return order[rng.integers(starts, stops)]


def _summary(
    relation: str,
    scores: pd.DataFrame,
    pairs: tuple[pd.DataFrame, pd.DataFrame],
    table: pd.DataFrame,
    settings: tuple[float, int, np.random.Generator],
) -> pd.DataFrame:
    """Means, chance and correction of one relation, with intervals over cases and readers."""
    best, resamples, rng = settings
    values = [scores.loc[pd.MultiIndex.from_frame(frame)].to_numpy(float) for frame in pairs]
    codes = table.set_index("reading")[["case", "reader"]].apply(lambda column: pd.factorize(column)[0])
    one, two = ([codes.loc[frame[side]].to_numpy() for side in ("first", "second")] for frame in pairs)

    def means(counts: list[np.ndarray]) -> np.ndarray:
        found = []
        for value, (first, second) in zip(values, (one, two), strict=True):
            weight = counts[0][first[:, 0]] * counts[1][first[:, 1]]
            other = first[:, 1] != second[:, 1]
            found.append(weighted_means(value, weight * np.where(other, counts[1][second[:, 1]], 1)))
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.concatenate([*found, (found[0] - found[1]) / (best - found[1])])

    sizes = codes.max().to_numpy() + 1
    mean, chance, corrected = np.split(means([np.ones(size, np.int64) for size in sizes]), 3)
    low, high = percentile_interval(redraw(means, list(sizes), resamples=resamples, rng=rng))
    (mean_low, _, corrected_low), (mean_high, _, corrected_high) = np.split(low, 3), np.split(high, 3)
    return pd.DataFrame(
        {
            "relation": relation,
            "score": scores.columns,
            "mean": mean,
            "conf_low": mean_low,
            "conf_high": mean_high,
            "chance": chance,
            "corrected": corrected,
            "corrected_low": corrected_low,
            "corrected_high": corrected_high,
            "pairs": (~np.isnan(values[0])).sum(axis=0),
            "chance_pairs": (~np.isnan(values[1])).sum(axis=0),
            "cases": len(np.unique(one[0][:, 0])),
        }
    )
