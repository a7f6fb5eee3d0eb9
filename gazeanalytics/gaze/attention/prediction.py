"""How well maps of any origin, a cursor or a model, predict gaze: between other cases and the other readers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gazeanalytics.gaze.attention.baselines import other_cases
from gazeanalytics.gaze.attention.density import Maps, Smoothing, density
from gazeanalytics.gaze.attention.overlap import cc
from gazeanalytics.gaze.attention.points import auc_judd, nss
from gazeanalytics.gaze.intervals import percentile_interval, redraw, weighted_means
from gazeanalytics.geometry import Viewing

__all__ = ["Prediction", "predict_gaze"]

MEASURES = ("nss", "cc", "auc")
PREDICTORS = ("prediction", "other readers", "other cases")


@dataclass(frozen=True, slots=True)
class Prediction:
    """How well maps predicted gaze.

    Attributes
    ----------
    readings : pandas.DataFrame
        One row a reading and predictor: `reading`, `case`, `reader`, `predictor`, `points`, `nss`, `cc`, `auc`.
    cases : pandas.DataFrame
        Their means, one row a case and predictor.
    summary : pandas.DataFrame
        One row a predictor and measure: `mean` over cases of the mean over readers, `conf_low`, `conf_high` (95 %,
        cases and readers drawn again) and `share`, its place between other cases (0) and other readers (1), with
        `share_low`, `share_high`.
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
    resamples: int = 1000,
    rng: np.random.Generator | int | None = None,
) -> Prediction:
    """Judge maps of cases by readers' gaze, beside the ceiling and the floor for that gaze.

    Each reading's fixations are predicted three times: by the map to be judged; by the map of all other readers of
    the case (the human ceiling); and by the map of all other cases, registered by the chest where boxes are given
    (the floor). NSS and AUC score the map at the fixations, CC correlates it with the map of the reading alone.

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
    resamples : int
        Draws of cases and readers for the intervals.
    rng : int, numpy.random.Generator or None
        Randomness of the intervals.

    Returns
    -------
    Prediction

    Examples
    --------
    A cursor that goes where three readers of two cases look:

    >>> fixations = pd.DataFrame({"reading": range(6), "x": [20, 22, 24, 80, 78, 76], "y": 30.0, "duration": 200.0})
    >>> images = pd.DataFrame({"reading": range(6), "reader": list("abcabc"), "case": list("uuuvvv")})
    >>> images = images.assign(width=100, height=60)
    >>> viewing = Viewing.from_px_per_deg(10)
    >>> cursor = density(fixations, images, viewing=viewing, by="case", cells=(12, 20))
    >>> found = predict_gaze(cursor, fixations, images, viewing=viewing, resamples=100, rng=0)
    >>> found.summary.query("measure == 'auc'")[["predictor", "mean"]].round(2).to_numpy().tolist()
    [['prediction', 0.99], ['other readers', 0.99], ['other cases', 0.25]]
    """
    table = _usable(predicted, images)
    gaze = fixations[fixations["reading"].isin(table["reading"])]
    cells = (predicted.surfaces.shape[1], predicted.surfaces.shape[2])
    shared = {"viewing": viewing, "smoothing": smoothing, "cells": cells}
    floor = other_cases(gaze, table, **shared)
    rows = []
    for case, part in table.groupby("case", sort=False, observed=True):
        looked = gaze[gaze["reading"].isin(part["reading"])]
        if len(looked):
            own = density(looked, part, **shared)
            rows += _score_case(case, own, looked, (predicted[case], floor[case]))
    scores = pd.DataFrame(rows, columns=["reading", "predictor", "points", *MEASURES])
    scores = table[["reading", "case", "reader"]].merge(scores, on="reading", validate="1:m")
    means = scores.groupby(["case", "predictor"], sort=False, observed=True)[list(MEASURES)].mean().reset_index()
    return Prediction(scores, means, _summary(scores, resamples, rng))


def _usable(predicted: Maps, images: pd.DataFrame) -> pd.DataFrame:
    """Images whose case has a predicted map and was read more than once."""
    need = ["reading", "reader", "case", "width", "height"]
    absent = [name for name in need if name not in images]
    if absent:
        raise ValueError(f"predict_gaze wants images with the columns {', '.join(need)}; {absent[0]!r} is absent")
    table = images[images["case"].isin(predicted.keys)]
    table = table[table.groupby("case", observed=True)["reading"].transform("size") > 1]
    if table["case"].nunique() < 2:
        raise ValueError(
            "predict_gaze wants 2 or more cases with a predicted map and two readings each; check the keys"
        )
    return table.reset_index(drop=True)


def _score_case(
    case: object, own: Maps, looked: pd.DataFrame, given: tuple[np.ndarray, np.ndarray]
) -> list[tuple[object, ...]]:
    """Rows of one case: each reading by the map given, by its other readers, by other cases."""
    total = own.surfaces.sum(axis=0)
    place = own.keys.get_indexer(pd.Index(looked["reading"]))
    x, y = own.cells(looked["x"].to_numpy(float), looked["y"].to_numpy(float), place)
    rows, columns = total.shape
    inside = (x >= 0) & (x < columns) & (y >= 0) & (y < rows)
    found = []
    for row, reading in enumerate(own.keys):
        held = inside & (place == row)
        others = np.clip(total - own.surfaces[row], 0, None)
        for predictor, surface in zip(PREDICTORS, (given[0], others, given[1]), strict=True):
            scores = nss(surface, x[held], y[held]), cc(surface, own.surfaces[row]), auc_judd(surface, x[held], y[held])
            found.append((reading, predictor, int(held.sum()), *scores))
    return found


def _summary(scores: pd.DataFrame, resamples: int, rng: np.random.Generator | int | None) -> pd.DataFrame:
    """Means over cases with intervals, and where the prediction stands between floor and ceiling."""
    wide = scores.pivot(index="reading", columns="predictor", values=list(MEASURES))
    wide = wide.reindex(columns=pd.MultiIndex.from_product([PREDICTORS, MEASURES]).swaplevel())
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
    ends = percentile_interval(redraw(means, sizes, resamples=resamples, rng=rng))
    count = len(PREDICTORS) * len(MEASURES)
    names = [(predictor, measure) for predictor in PREDICTORS for measure in MEASURES]
    summary = pd.DataFrame(names, columns=["predictor", "measure"])
    summary[["mean", "conf_low", "conf_high"]] = np.column_stack([found[:count], *ends[:, :count]])
    is_prediction = summary["predictor"] == PREDICTORS[0]
    for name, part in zip(("share", "share_low", "share_high"), (found, *ends), strict=True):
        summary.loc[is_prediction, name] = part[count:]
    return summary.assign(cases=sizes[0], readers=sizes[1])
