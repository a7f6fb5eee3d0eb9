"""Readers compared with one fixed reader of the same cases, such as a standalone AI model.

Each reader's difference to the model is one number; its mean over readers is tested with the error that readers share,
as in the single-test analysis of Obuchowski & Rockette. The model is not one more random reader: its variance between
retrainings is no part of the claim, and counting it among readers would pool people with a machine.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd

from gazeanalytics.stats.roc._estimates import (
    FEW_READERS,
    estimate_row,
    estimates_table,
    mean_row,
    spread_of_mean,
    with_test,
    without_rounding,
)
from gazeanalytics.stats.roc.covariance import covariance as covariances
from gazeanalytics.stats.roc.figures_of_merit import Auc, FigureOfMerit
from gazeanalytics.stats.roc.roc_data import FACTORIAL, RocData
from gazeanalytics.tables import InputError, nearest

__all__ = ["against_model", "against_standard"]


def against_model(
    data: RocData,
    model: object,
    *,
    figure_of_merit: FigureOfMerit | None = None,
    covariance: Literal["jackknife", "delong", "unbiased"] = "jackknife",
    fixed: Literal["cases"] | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Compare radiologists with a standalone AI model that rated the same cases (MRMC, one test).

    Readers stand for all readers like them. The model's ratings are fixed: another model, or the same one trained
    again, is not what the claim is about (Hillis 2005's single-treatment test of differences; Chakraborty's CAD against
    radiologists).

    Parameters
    ----------
    data : RocData
        From `RocData.from_frame`, one test; all readers and the model rated all cases.
    model : object
        Label of the model among `data.readers`.
    figure_of_merit, covariance, confidence
        As for `mrmc`.
    fixed : {"cases"}, optional
        Confine the claim to these cases.

    Returns
    -------
    pandas.DataFrame
        An `estimates` table: `readers - model`, mean of readers, and the model's own figure.

    Raises
    ------
    InputError
        For an unknown model, several tests, an incomplete design or fewer than two readers besides.

    See Also
    --------
    mrmc : tests compared within the same readers, such as with and without AI.

    Examples
    --------
    >>> from gazeanalytics.stats.roc import RocData
    >>> rng = np.random.default_rng(1)
    >>> reader, case = (part.ravel() for part in np.indices((6, 60)))
    >>> rating = 1.2 * (case % 2) + rng.normal(0, 1, len(case)) + 0.8 * (reader == 5) * (case % 2)
    >>> readings = pd.DataFrame({"reader": reader, "case": case, "truth": case % 2, "rating": rating})
    >>> readings["reader"] = readings["reader"].replace(5, 99)
    >>> against_model(RocData.from_frame(readings), 99)[["term", "contrast", "estimate"]].round(2)
             term      contrast  estimate
    0  difference  readers - 99     -0.13
    1        mean       readers      0.85
    2        mean            99      0.97
    """
    labels = [str(label) for label in data.readers]
    if str(model) not in labels:
        raise InputError(f"no reader is called {model!r}; {nearest(str(model), labels)}")
    merit = Auc() if figure_of_merit is None else figure_of_merit
    if len(data.tests) > 1 or data.design != FACTORIAL or len(labels) < 3:
        raise InputError(
            "expected one test, and two readers or more who rated all cases that the model rated; got "
            f"{len(data.tests)} tests, {len(labels) - 1} readers besides the model, design {data.design!r}"
        )
    values, errors = covariances(data, merit, covariance)
    own = labels.index(str(model))
    people = np.arange(len(labels)) != own
    gap = errors[np.ix_(people, people)] - errors[people, own][:, None] - errors[people, own] + errors[own, own]
    off = ~np.eye(len(gap), dtype=bool)
    own_off, all_off = (float(block[off].mean()) for block in (errors[np.ix_(people, people)], gap))
    all_off = without_rounding(all_off, float(np.diag(errors).max()))
    own_cov2, cov2 = (0.0, 0.0) if fixed == "cases" else (own_off, all_off)
    gaps = values[0, people] - values[0, own]
    variance = np.nan if fixed == "cases" else errors[own, own]
    rows = [
        against_standard(gaps, cov2, f"readers - {model}", confidence),
        mean_row("readers", values[0, people], own_cov2, confidence),
        estimate_row("mean", model, values[0, own], variance, np.inf, confidence, bounded=True),
    ]
    note = f"small cell: {len(gaps)} readers stand for all" if len(gaps) < FEW_READERS else ""
    return estimates_table(merit.name, rows, len(data.cases), note)


def against_standard(gaps: np.ndarray, cov2: float, name: str, confidence: float) -> dict[str, Any]:
    """Test readers' differences to a fixed standard, whose errors covary by `cov2`, against 0.

    Examples
    --------
    >>> found = against_standard(np.array([0.02, 0.05, 0.03]), 0.0, "readers - model", 0.95)
    >>> round(found["estimate"], 4), round(found["p_value"], 4), found["df"]
    (0.0333, 0.0634, 2.0)
    """
    variance, df = spread_of_mean(gaps, cov2)
    return with_test(estimate_row("difference", name, float(gaps.mean()), variance, df, confidence), df)
