"""Gaze prediction: how well attention maps (cursor, model) predict gaze, between a floor and the human ceiling."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import pandas as pd

from gazeanalytics.brief import Brief
from gazeanalytics.gaze._bootstrap import percentile_interval, redraw, weighted_means
from gazeanalytics.gaze.attention.baselines import chest_boxes, other_cases, to_chest
from gazeanalytics.gaze.attention.density import Maps, Smoothing, density
from gazeanalytics.gaze.attention.overlap import cc, kl, sim
from gazeanalytics.gaze.attention.points import auc_judd, auc_shuffled, information_gain, nss
from gazeanalytics.geometry import Viewing

__all__ = ["PREDICTION_MEASURES", "Judged", "Prediction", "judge_maps", "predict_gaze", "summarise_judged"]

PREDICTORS = ("prediction", "other readers", "other cases")
_EPS = 2.2204e-16


@dataclass(frozen=True, slots=True)
class Judged(Brief):
    """One attention map compared with the gaze of one reading, as measures take it.

    Attributes
    ----------
    surface : numpy.ndarray, shape (rows, columns)
        The map to be judged.
    own : numpy.ndarray, shape (rows, columns)
        The map of the reading alone.
    x, y : numpy.ndarray, shape (points,)
        The reading's fixations in cells.
    floor : numpy.ndarray, shape (rows, columns)
        The map of all other cases.
    others : callable
        Gives columns and rows of the fixations on all other cases, in cells of this map, registered by the chest.

    Examples
    --------
    >>> surface = np.array([[0.0, 1.0], [2.0, 3.0]])
    >>> judged = Judged(surface, surface, np.array([1]), np.array([1]), np.ones((2, 2)), lambda: ([0, 1], [0, 0]))
    >>> PREDICTION_MEASURES["auc_shuffled"](judged), round(PREDICTION_MEASURES["cc"](judged), 12)
    (1.0, 1.0)
    """

    surface: np.ndarray
    own: np.ndarray
    x: np.ndarray
    y: np.ndarray
    floor: np.ndarray
    others: Callable[[], tuple[np.ndarray, np.ndarray]]


Measures = Mapping[str, Callable[[Judged], float]]

PREDICTION_MEASURES: Measures = {
    "nss": lambda judged: nss(judged.surface, judged.x, judged.y),
    "cc": lambda judged: cc(judged.surface, judged.own),
    "auc": lambda judged: auc_judd(judged.surface, judged.x, judged.y),
    "auc_shuffled": lambda judged: auc_shuffled(judged.surface, judged.x, judged.y, judged.others()),
    "gain_over_other_cases_bits": lambda judged: information_gain(
        judged.surface, judged.floor, judged.x, judged.y, eps=_EPS
    ),
    "sim": lambda judged: sim(judged.surface, judged.own),
    "kl_eps_2e-16": lambda judged: kl(judged.surface, judged.own, eps=_EPS),
}
"""Measures of a map judged by gaze; each name includes the choices made. `predict_gaze` takes the first three."""

_FIRST_THREE: Measures = {name: PREDICTION_MEASURES[name] for name in ("nss", "cc", "auc")}


@dataclass(frozen=True, slots=True)
class Prediction(Brief):
    """Scores of predicted gaze: by reading, by case, and summed up with confidence intervals.

    Attributes
    ----------
    readings : pandas.DataFrame
        One row a reading and predictor: `reading`, `case`, `reader`, `predictor`, `points` and one column a measure.
    cases : pandas.DataFrame
        Their means, one row a case and predictor.
    summary : pandas.DataFrame
        One row a predictor and measure: `mean` over cases of the mean over readers, `conf_low`, `conf_high` (95 %,
        cases and readers drawn again) and `share`, its place between other cases (0) and other readers (1), with
        `share_low`, `share_high`.

    Examples
    --------
    >>> scores = pd.DataFrame({"reading": np.repeat([0, 1], 3), "case": np.repeat([0, 1], 3), "reader": 0,
    ...                        "predictor": list(PREDICTORS) * 2, "points": 9, "nss": [2.0, 3.0, 1.0] * 2})
    >>> summarise_judged(scores, n_resamples=20, rng=0).cases.columns.tolist()
    ['case', 'predictor', 'nss']
    """

    readings: pd.DataFrame
    cases: pd.DataFrame
    summary: pd.DataFrame


def predict_gaze(
    predicted: Maps,
    fixations: pd.DataFrame,
    images: pd.DataFrame,
    *,
    viewing: Viewing,
    smoothing: Smoothing | None = None,
    n_resamples: int = 1000,
    rng: np.random.Generator | int | None = None,
) -> Prediction:
    """Gaze prediction by attention maps: NSS, CC and AUC beside the human ceiling and the floor of other cases.

    Each reading's fixations are predicted three times: by the map to be judged; by the map of all other readers of
    the case (the human ceiling); and by the map of all other cases, registered by the chest where boxes are given
    (the floor). NSS and AUC score the map at the fixations, CC correlates it with the map of the reading alone. For
    other measures take both steps by themselves: `judge_maps`, then `summarise_judged`.

    Parameters
    ----------
    predicted : Maps
        One map a case, keyed by it: `density(cursor, ..., by="case")`, or a model's own.
    fixations : pandas.DataFrame
        The fixations table of the readers' gaze.
    images : pandas.DataFrame
        One row a reading: `reading`, `reader`, `case`, `width`, `height` (px), and the box of the chest if there is
        one (see `other_cases`). Readings of cases without a predicted map, and of cases read once, are left out.
    viewing : Viewing
        Of all images alike.
    smoothing : Smoothing, optional
        How the readers' own maps are built.
    n_resamples : int
        Draws of cases and readers for the intervals.
    rng : int, numpy.random.Generator or None
        Randomness of the intervals.

    Returns
    -------
    Prediction

    Raises
    ------
    ValueError
        If a column is absent, or fewer than two cases have a map and two readings.

    See Also
    --------
    model_maps : brings a model's maps to the grid of readers' maps.

    References
    ----------
    Owen, A. B. (2007). The pigeonhole bootstrap. The Annals of Applied Statistics, 1(2), 386-411.

    Examples
    --------
    A cursor that goes where three readers of two cases look:

    >>> fixations = pd.DataFrame({"reading": range(6), "x": [20, 22, 24, 80, 78, 76], "y": 30.0, "duration": 200.0})
    >>> images = pd.DataFrame({"reading": range(6), "reader": list("abcabc"), "case": list("uuuvvv")})
    >>> images = images.assign(width=100, height=60)
    >>> viewing = Viewing.from_px_per_deg(10)
    >>> cursor = density(fixations, images, viewing=viewing, by="case", cells=(12, 20))
    >>> found = predict_gaze(cursor, fixations, images, viewing=viewing, n_resamples=100, rng=0)
    >>> found.summary.query("measure == 'auc'")[["predictor", "mean"]].round(2).to_numpy().tolist()
    [['prediction', 0.99], ['other readers', 0.99], ['other cases', 0.25]]
    """
    scores = judge_maps(predicted, fixations, images, viewing=viewing, smoothing=smoothing)
    return summarise_judged(scores, n_resamples=n_resamples, rng=rng)


def judge_maps(
    predicted: Maps,
    fixations: pd.DataFrame,
    images: pd.DataFrame,
    *,
    viewing: Viewing,
    smoothing: Smoothing | None = None,
    measures: Measures = _FIRST_THREE,
) -> pd.DataFrame:
    """Agreement with each reading's gaze of the map given, of the other readers' map and of other cases.

    Parameters
    ----------
    predicted, fixations, images, viewing, smoothing
        As for `predict_gaze`.
    measures : mapping of str to callable
        Column name and function of a `Judged`; `PREDICTION_MEASURES` holds those that are usual. The shuffled AUC of
        every case takes the fixations on all others: its cost grows with cases times fixations.

    Returns
    -------
    pandas.DataFrame
        One row a reading and predictor: `reading`, `case`, `reader`, `predictor`, `points` and one column a measure.

    Examples
    --------
    A map that knows the middle of the image and nothing of the case: shuffled AUC sees through it.

    >>> from gazeanalytics.gaze.attention import centre_bias, model_maps
    >>> rng = np.random.default_rng(0)
    >>> images = pd.DataFrame({"reading": range(20), "reader": list("ab") * 10, "case": np.repeat(range(10), 2)})
    >>> images = images.assign(width=100, height=60)
    >>> fixations = pd.DataFrame({"reading": np.repeat(range(20), 9), "duration": 200.0})
    >>> fixations = fixations.assign(x=rng.normal(50, 15, 180).clip(0, 99), y=rng.normal(30, 9, 180).clip(0, 59))
    >>> middle = model_maps({case: centre_bias(12, 20) for case in range(10)}, images, cells=(12, 20))
    >>> viewing = Viewing.from_px_per_deg(10)
    >>> found = judge_maps(middle, fixations, images, viewing=viewing, measures=PREDICTION_MEASURES)
    >>> found.groupby("predictor")[["auc", "auc_shuffled"]].mean().round(2).loc["prediction"].tolist()
    [0.85, 0.5]
    """
    table = _usable(predicted, images)
    gaze = fixations[fixations["reading"].isin(table["reading"])]
    cells = (predicted.surfaces.shape[1], predicted.surfaces.shape[2])
    shared = {"viewing": viewing, "smoothing": smoothing, "cells": cells}
    floor = other_cases(gaze, table, **shared)
    held_by = table.set_index("reading")["case"].loc[gaze["reading"]].to_numpy()
    looked = pd.Series(held_by).groupby(held_by).indices
    relative = to_chest(gaze, table)[["x", "y"]].to_numpy(float)
    rows = []
    for case, part in table.groupby("case", sort=False, observed=True):
        if case in looked:
            own = density(gaze.iloc[looked[case]], part, **shared)
            # Measures that need no other fixations shouldn't pay for them: they are placed at the first call.
            others = cache(partial(_other_points, relative, held_by != case, part, cells))
            rows += _score_case(own, gaze.iloc[looked[case]], (predicted[case], floor[case], others), measures)
    scores = pd.DataFrame(rows, columns=["reading", "predictor", "points", *measures])
    return table[["reading", "case", "reader"]].merge(scores, on="reading", validate="1:m")


def summarise_judged(
    scores: pd.DataFrame, *, n_resamples: int = 1000, rng: np.random.Generator | int | None = None
) -> Prediction:
    """Means over readers and cases of what `judge_maps` gives, with bootstrap confidence intervals.

    Parameters
    ----------
    scores : pandas.DataFrame
        As `judge_maps` gives it; every column after `points` is a measure.
    n_resamples, rng
        As for `predict_gaze`.

    Examples
    --------
    Scores halfway between other cases and other readers:

    >>> scores = pd.DataFrame({"reading": np.repeat(range(4), 3), "case": np.repeat([0, 0, 1, 1], 3)})
    >>> scores = scores.assign(reader=np.repeat([0, 1, 0, 1], 3), predictor=list(PREDICTORS) * 4, points=9)
    >>> scores["nss"] = [2.0, 3.0, 1.0] * 4
    >>> float(summarise_judged(scores, n_resamples=50, rng=0).summary["share"].iloc[0])
    0.5
    """
    measures = list(scores.columns[scores.columns.tolist().index("points") + 1 :])
    means = scores.groupby(["case", "predictor"], sort=False, observed=True)[measures].mean().reset_index()
    return Prediction(scores, means, _summary(scores, measures, n_resamples, rng))


def _usable(predicted: Maps, images: pd.DataFrame) -> pd.DataFrame:
    """Images whose case has a predicted map and was read more than once."""
    need = ["reading", "reader", "case", "width", "height"]
    absent = [name for name in need if name not in images]
    if absent:
        raise ValueError(f"predict_gaze needs images with the columns {', '.join(need)}; {absent[0]!r} is absent")
    table = images[images["case"].isin(predicted.keys)]
    table = table[table.groupby("case", observed=True)["reading"].transform("size") > 1]
    if table["case"].nunique() < 2:
        raise ValueError(
            "predict_gaze needs 2 or more cases with a predicted map and two readings each; check the keys"
        )
    return table.reset_index(drop=True)


def _other_points(
    relative: np.ndarray, other: np.ndarray, part: pd.DataFrame, cells: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Places of other cases, relative to the chest, as columns and rows of this image's cells, if on it."""
    (left, top, right, bottom), (width, height) = chest_boxes(part)[0], part[["width", "height"]].to_numpy(float)[0]
    x = (left + relative[other, 0] * (right - left)) / width * cells[1]
    y = (top + relative[other, 1] * (bottom - top)) / height * cells[0]
    inside = (x >= 0) & (x < cells[1]) & (y >= 0) & (y < cells[0])
    return x[inside], y[inside]


def _score_case(
    own: Maps,
    looked: pd.DataFrame,
    given: tuple[np.ndarray, np.ndarray, Callable[[], tuple[np.ndarray, np.ndarray]]],
    measures: Measures,
) -> list[tuple[object, ...]]:
    """Rows of one case: each reading by the map given, by its other readers, by other cases."""
    predicted, floor, others = given
    total = own.surfaces.sum(axis=0)
    place = own.keys.get_indexer(pd.Index(looked["reading"]))
    x, y = own.cells(looked["x"].to_numpy(float), looked["y"].to_numpy(float), place)
    rows, columns = total.shape
    inside = (x >= 0) & (x < columns) & (y >= 0) & (y < rows)
    found = []
    for row, reading in enumerate(own.keys):
        held = inside & (place == row)
        # The other readers' map is the total less one's own: a leave-one-out ceiling at the cost of one sum.
        rest = np.clip(total - own.surfaces[row], 0, None)
        for predictor, surface in zip(PREDICTORS, (predicted, rest, floor), strict=True):
            judged = Judged(surface, own.surfaces[row], x[held], y[held], floor, others)
            found.append((reading, predictor, int(held.sum()), *(measure(judged) for measure in measures.values())))
    return found


def _summary(
    scores: pd.DataFrame, measures: list[str], n_resamples: int, rng: np.random.Generator | int | None
) -> pd.DataFrame:
    """Means over cases with intervals, and where the prediction stands between floor and ceiling."""
    wide = scores.pivot(index="reading", columns="predictor", values=measures)
    wide = wide.reindex(columns=pd.MultiIndex.from_product([PREDICTORS, measures]).swaplevel())
    keys = scores.drop_duplicates("reading").set_index("reading").loc[wide.index]
    case, reader = (pd.factorize(keys[name])[0] for name in ("case", "reader"))
    values = wide.to_numpy(float)

    def means(counts: list[np.ndarray]) -> np.ndarray:
        by_case = np.stack(
            [np.bincount(case, counts[1][reader] * known, len(counts[0])) for known in ~np.isnan(values.T)]
        )
        sums = np.stack(
            [np.bincount(case, counts[1][reader] * column, len(counts[0])) for column in np.nan_to_num(values.T)]
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = weighted_means((sums / by_case).T, counts[0])
            prediction, ceiling, floor = np.split(mean, 3)
            spread = ceiling - floor
            return np.concatenate([mean, (prediction - floor) / spread])

    sizes = [case.max() + 1, reader.max() + 1]
    found = means([np.ones(size, np.int64) for size in sizes])
    ends = percentile_interval(redraw(means, sizes, n_resamples=n_resamples, rng=rng))
    count = len(PREDICTORS) * len(measures)
    names = [(predictor, measure) for predictor in PREDICTORS for measure in measures]
    summary = pd.DataFrame(names, columns=["predictor", "measure"])
    summary[["mean", "conf_low", "conf_high"]] = np.column_stack([found[:count], *ends[:, :count]])
    is_prediction = summary["predictor"] == PREDICTORS[0]
    for name, part in zip(("share", "share_low", "share_high"), (found, *ends), strict=True):
        summary.loc[is_prediction, name] = part[count:]
    return summary.assign(cases=sizes[0], readers=sizes[1])
