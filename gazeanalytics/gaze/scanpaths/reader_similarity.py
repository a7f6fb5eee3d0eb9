"""Reader similarity: how alike readers' scanpaths or attention maps are, corrected for chance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gazeanalytics.gaze._bootstrap import percentile_interval, redraw, weighted_means
from gazeanalytics.gaze.scanpaths.reader_pairs import relations

if TYPE_CHECKING:
    from gazeanalytics.gaze.attention import Maps

__all__ = ["reader_similarity"]

_ALIKE = ("shape", "direction", "length", "position", "duration", "scanmatch", "similarity", "stde", "cc", "sim", "ncc")
_APART = ("edits", "tde", "emd")
_DIFFERENCE = ("model and reader", "between readers")


def reader_similarity(
    attention: pd.DataFrame | Maps,
    readings: pd.DataFrame,
    measure: Callable[..., pd.DataFrame],
    *,
    best: Mapping[str, float] | float | None = None,
    n_partners: int = 4,
    n_resamples: int = 1000,
    rng: np.random.Generator | int | None = None,
) -> pd.DataFrame:
    """Reader similarity of scanpaths or maps, between and within readers and with models, corrected for chance.

    Scores of scanpaths are high whatever the readers do: a score is given beside that of readings of other cases, and
    corrected, (score - chance) / (best - chance), as kappa is. 0 is chance, 1 the best there is; NaN where
    chance is the best there is.

    ================  ==================================================  ===========================================
    relation          pairs                                               their chance
    ================  ==================================================  ===========================================
    between readers   two persons, one case: all                          two persons, two cases
    model and reader  a model and a person, one case: all                 a model and a person, two cases
    between models    two models, one case: all                           two models, two cases
    within reader     one person, two cases: `n_partners` drawn for each   two persons, two cases
    read again        one person, one case, two readings: all             two persons, two cases
    ================  ==================================================  ===========================================

    Where there are persons and models a last row a score, "model and reader - between readers", says whether models
    are closer to readers than readers to one another: the difference of means, of chances and of corrected scores.

    Parameters
    ----------
    attention : pandas.DataFrame or Maps
        The fixations table, persons' and models' readings; or maps keyed by reading. A reading without either takes no
        part.
    readings : pandas.DataFrame
        One row a reading: `reading`, `reader`, `case` and, where models take part, `kind` ("person" or "model").
    measure : callable
        Takes the fixations and `pairs=`, as `multimatch` and its like do, or the maps, as `attention.compare_maps`
        does; `functools.partial` fixes the rest.
    best : mapping of str to float, float or None
        The score of equal readings, by name or for all scores. What the package's own measures reach is known (1 for
        similarities, 0 for distances); others have to be given.
    n_partners : int
        Readings of other cases drawn for every reading: more lessens the noise of the chance score.
    n_resamples : int
        Draws of cases and readers for the 95 % intervals (Owen 2007).
    rng : int, numpy.random.Generator or None
        Randomness of partners and intervals.

    Returns
    -------
    pandas.DataFrame
        One row a relation and score: `relation`, `score`, `mean`, `conf_low`, `conf_high`, `chance`, `corrected`,
        `corrected_low`, `corrected_high`, `pairs`, `chance_pairs`, `cases`. Pairs without a score are left out.

    Raises
    ------
    ValueError
        If a column is absent, no two readings can be compared, or the best of a score isn't known.

    See Also
    --------
    multimatch, scanmatch, path_distances : measures to give.
    gazeanalytics.gaze.attention.compare_maps : the measure for maps.

    References
    ----------
    Cohen, J. (1960). A coefficient of agreement for nominal scales. Educational and Psychological Measurement, 20(1).
    Owen, A. B. (2007). The pigeonhole bootstrap. The Annals of Applied Statistics, 1(2), 386-411.

    Examples
    --------
    Two readers who follow the case, each case its own way, and a model that always looks at the same places: readers
    are far more alike than chance, the model is not, and the difference is clear.

    >>> from gazeanalytics.gaze.scanpaths import path_distances
    >>> rng = np.random.default_rng(1)
    >>> readings = pd.DataFrame({"reading": range(36), "reader": ["a", "b", "m"] * 12, "case": np.repeat(range(12), 3)})
    >>> readings["kind"] = np.where(readings["reader"] == "m", "model", "person")
    >>> places = np.repeat(rng.uniform(0, 100, (12, 5)), 3, axis=0) + rng.normal(0, 5, (36, 5))
    >>> places[readings["kind"] == "model"] = [0, 50, 100, 50, 0]
    >>> fixations = pd.DataFrame({"reading": np.repeat(range(36), 5), "x": places.ravel(), "y": 0.0})
    >>> found = reader_similarity(fixations, readings, path_distances, rng=1).query("score == 'dtw_px'")
    >>> found.loc[found["relation"] != "within reader", ["relation", "corrected", "corrected_high"]].round(1)
                                  relation  corrected  corrected_high
    0                      between readers        0.8             0.8
    4                     model and reader        0.0             0.2
    12  model and reader - between readers       -0.8            -0.6
    """
    generator = np.random.default_rng(rng)
    table = _checked(readings, attention)
    groups = relations(table, n_partners, generator)
    if not groups:
        raise ValueError(
            "reader_similarity needs a case read twice, or a reader of two cases, and others for chance; got neither"
        )
    # Each pair is scored once, though several relations share their chance pairs.
    every = pd.concat([frame for pairs in groups.values() for frame in pairs], ignore_index=True).drop_duplicates()
    scores = measure(attention, pairs=every).drop(columns="note", errors="ignore").set_index(["first", "second"])
    return _summary(scores, groups, table, (_best(list(scores.columns), best), n_resamples, generator))


def _checked(readings: pd.DataFrame, attention: pd.DataFrame | Maps) -> pd.DataFrame:
    absent = [name for name in ("reading", "reader", "case") if name not in readings]
    if absent:
        raise ValueError(f"reader_similarity needs the columns reading, reader and case; {absent[0]!r} is absent")
    held = attention["reading"].unique() if isinstance(attention, pd.DataFrame) else attention.keys
    table = readings[readings["reading"].isin(held)].reset_index(drop=True)
    if "kind" not in table:
        return table.assign(kind="person")
    strange = set(table["kind"]) - {"person", "model"}
    if strange:
        raise ValueError(f"readings: expected the kind person or model; got {sorted(map(str, strange))}")
    return table


def _best(names: list[str], best: Mapping[str, float] | float | None) -> np.ndarray:
    """Score of equal readings for each column."""
    given = best if isinstance(best, Mapping) else {}
    if best is not None and not isinstance(best, Mapping):
        return np.full(len(names), float(best))
    found = [given.get(name, _known_best(name)) for name in names]
    if None in found:
        name = names[found.index(None)]
        raise ValueError(
            f"the best that {name!r} can be isn't known; give best={{{name!r}: 1.0}} or what two equal readings score"
        )
    return np.array(found, float)


def _known_best(name: str) -> float | None:
    if name in _ALIKE or name.startswith("iou_"):
        return 1.0
    return 0.0 if name in _APART or name.startswith("kl_") or name.endswith(("_px", "_deg")) else None


def _summary(
    scores: pd.DataFrame,
    groups: dict[str, tuple[pd.DataFrame, pd.DataFrame]],
    table: pd.DataFrame,
    settings: tuple[np.ndarray, int, np.random.Generator],
) -> pd.DataFrame:
    """Means, chance and correction of every relation, with intervals over cases and readers drawn for all alike."""
    best, n_resamples, rng = settings
    codes = table.set_index("reading")[["case", "reader"]].apply(lambda column: pd.factorize(column)[0])
    sizes = (codes.max().to_numpy() + 1).tolist()
    values = {name: [_scored(scores, codes, frame) for frame in pairs] for name, pairs in groups.items()}

    def means(counts: list[np.ndarray]) -> np.ndarray:
        """Mean, chance and corrected score, shape (relations, 3, scores), laid flat."""
        return np.stack([_three(pairs, counts, best) for pairs in values.values()]).ravel()

    shape = (len(groups), 3, len(best))
    found = means([np.ones(size, np.int64) for size in sizes]).reshape(shape)
    drawn = redraw(means, sizes, n_resamples=n_resamples, rng=rng).reshape(n_resamples, *shape)
    rows = [_rows(name, scores.columns, found[k], drawn[:, k], values[name]) for k, name in enumerate(groups)]
    if set(_DIFFERENCE) <= set(groups):
        one, two = (list(groups).index(name) for name in _DIFFERENCE)
        apart = found[one] - found[two], drawn[:, one] - drawn[:, two]
        rows.append(_rows(" - ".join(_DIFFERENCE), scores.columns, *apart, values[_DIFFERENCE[0]]))
    return pd.concat(rows, ignore_index=True)


Scored = tuple[np.ndarray, np.ndarray, np.ndarray]


def _scored(scores: pd.DataFrame, codes: pd.DataFrame, pairs: pd.DataFrame) -> Scored:
    """Scores of pairs, and case and reader of both sides."""
    value = scores.loc[pd.MultiIndex.from_frame(pairs)].to_numpy(float)
    return value, codes.loc[pairs["first"]].to_numpy(), codes.loc[pairs["second"]].to_numpy()


def _three(values: list[Scored], counts: list[np.ndarray], best: np.ndarray) -> np.ndarray:
    """Mean, chance and corrected score when cases and readers were drawn that often, shape (3, scores)."""
    mean, by_chance = (_mean(scored, counts) for scored in values)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.stack([mean, by_chance, (mean - by_chance) / (best - by_chance)])


def _mean(scored: Scored, counts: list[np.ndarray]) -> np.ndarray:
    value, first, second = scored
    # A pair counts as often as its case and both its readers were drawn, one reader alone once (Owen 2007).
    other = first[:, 1] != second[:, 1]
    weight = counts[0][first[:, 0]] * counts[1][first[:, 1]] * np.where(other, counts[1][second[:, 1]], 1)
    return weighted_means(value, weight)


def _rows(relation: str, names: pd.Index, found: np.ndarray, drawn: np.ndarray, values: list[Scored]) -> pd.DataFrame:
    mean, chance, corrected = found
    (low, high), (corrected_low, corrected_high) = (percentile_interval(drawn[:, part]) for part in (0, 2))
    (pairs, first, _), (chance_pairs, *_) = values
    return pd.DataFrame(
        {
            "relation": relation,
            "score": names,
            "mean": mean,
            "conf_low": low,
            "conf_high": high,
            "chance": chance,
            "corrected": corrected,
            "corrected_low": corrected_low,
            "corrected_high": corrected_high,
            "pairs": (~np.isnan(pairs)).sum(axis=0),
            "chance_pairs": (~np.isnan(chance_pairs)).sum(axis=0),
            "cases": len(np.unique(first[:, 0])),
        }
    )
