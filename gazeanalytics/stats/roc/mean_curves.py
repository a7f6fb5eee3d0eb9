"""Mean ROC curves of readers with confidence bands, and readers' operating points, for the ROC figure.

Readers' curves are averaged vertically, at each false-positive rate: the mean curve's area is then the mean AUC.
Pooling all readers' ratings instead would give a curve below every reader's own when readers use the scale differently.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from gazeanalytics.stats.resampling.clusters import draw
from gazeanalytics.stats.roc.roc_data import Cell, RocData
from gazeanalytics.tables import InputError

__all__ = ["operating_points", "roc_curves"]

_GRID = np.linspace(0, 1, 101)
_CHUNK = 50  # draws at a time


def roc_curves(
    data: RocData,
    *,
    confidence: float = 0.95,
    n_resamples: int = 500,
    rng: int | np.random.Generator | None = None,
) -> pd.DataFrame:
    """Compute the mean empirical ROC curve of readers, with a confidence band that readers and cases widen.

    Parameters
    ----------
    data : RocData
        From `RocData.from_frame`, of any design. Readers without both kinds of cases under a test are left out of its
        curve.
    confidence : float
        Of the band, which holds at each share of false positives by itself.
    n_resamples : int
        Bootstrap draws of readers and cases together, both with replacement (0: no band). With one reader, of cases
        alone.
    rng : int, Generator or None
        Randomness.

    Returns
    -------
    pandas.DataFrame
        curve (the test), false_positive_share, true_positive_share, conf_low, conf_high, readers: one row a point, for
        `report.figures.roc`.

    Raises
    ------
    InputError
        When no reader has both kinds of cases under a test.

    See Also
    --------
    operating_points : what readers' calls of 0 and 1 add to the curve.
    mrmc : areas under the curves, compared.

    Examples
    --------
    >>> from gazeanalytics.stats.roc import RocData
    >>> rng = np.random.default_rng(1)
    >>> reader, case = np.divmod(np.arange(240), 60)
    >>> readings = pd.DataFrame({"reader": reader, "case": case, "truth": case % 2})
    >>> readings["rating"] = readings["truth"] + rng.normal(0, 1, 240)
    >>> curve = roc_curves(RocData.from_frame(readings), n_resamples=100, rng=1)
    >>> curve.loc[21, ["false_positive_share", "true_positive_share"]].astype(float).round(3).tolist()
    [0.2, 0.65]
    """
    # One generator over all tests, each of which is resampled by itself: the band is of a curve, not of a difference.
    random = np.random.default_rng(rng)
    frames = []
    for test, name in enumerate(data.tests):
        cells = [(reader, cell) for own, reader, cell in data.cells() if own == test and _both(cell)]
        if not cells:
            raise InputError(f"test {name!r}: no reader saw cases with and without the finding")
        frames.append(_curve(name, cells, data, confidence, n_resamples, random))
    return pd.concat(frames, ignore_index=True)


def _both(cell: Cell) -> bool:
    return 0 < int(cell.truth.sum()) < len(cell.truth)


def _curve(
    name: object,
    cells: list[tuple[int, Cell]],
    data: RocData,
    confidence: float,
    n_resamples: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    sizes = len(data.readers), len(data.cases)
    mean = _mean_curves(cells, np.ones((1, sizes[0])), np.ones((1, sizes[1])))[0]
    low = high = np.full(len(_GRID), np.nan)
    if n_resamples:
        drawn = np.concatenate([_mean_curves(cells, *counts) for counts in draw(sizes, n_resamples, rng, _CHUNK)])
        low, high = np.nanquantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    corner = np.zeros(1)
    return pd.DataFrame(
        {
            "curve": str(name),
            "false_positive_share": np.concatenate((corner, _GRID)),
            "true_positive_share": np.concatenate((corner, mean)),
            "conf_low": np.concatenate((corner, low)),
            "conf_high": np.concatenate((corner, high)),
            "readers": len(cells),
        }
    )


def _mean_curves(cells: list[tuple[int, Cell]], readers: np.ndarray, cases: np.ndarray) -> np.ndarray:
    """Mean of readers' curves on the grid for each draw, shape (draws, points); NaN where no reader is left."""
    total, used = np.zeros((len(readers), len(_GRID))), np.zeros(len(readers))
    for reader, cell in cells:
        # Cumulated weights at the last of each run of ties are the curve's points for all draws at once: the sort is
        # done once, where drawing rows anew would sort every time.
        order = np.argsort(-cell.rating, kind="stable")
        last = np.append(np.flatnonzero(np.diff(cell.rating[order])), len(order) - 1)
        weight, there = cases[:, cell.case[order]], cell.truth[order]
        above = [np.cumsum(weight * kind, axis=1)[:, last] for kind in (~there, there)]
        for row, times in enumerate(readers[:, reader]):
            false, true = above[0][row], above[1][row]
            if times > 0 and false[-1] > 0 and true[-1] > 0:
                total[row] += times * _at_grid(false / false[-1], true / true[-1])
                used[row] += times
    with np.errstate(invalid="ignore", divide="ignore"):
        return total / used[:, None]


def _at_grid(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Heights on the grid of a curve from (0, 0); where it rises straight up, its top."""
    x, y = np.concatenate(([0.0], x)), np.concatenate(([0.0], y))
    top = np.concatenate((np.diff(x) > 0, [True]))
    return np.interp(_GRID, x[top], y[top])


def operating_points(
    readings: pd.DataFrame,
    *,
    call: str = "call",
    truth: str = "truth",
    reader: str = "reader",
    test: str | None = None,
) -> pd.DataFrame:
    """Compute readers' operating points: false-positive and true-positive rates from calls of 0 and 1.

    Parameters
    ----------
    readings : pandas.DataFrame
        One row a reading.
    call, truth, reader, test
        Columns; both of the first two hold 0 and 1.

    Returns
    -------
    pandas.DataFrame
        reader, curve (the test, where given), false_positive_share, true_positive_share; readers without both kinds of
        cases are left out. For the `points` of `report.figures.roc`.

    Examples
    --------
    >>> readings = pd.DataFrame({"reader": 1, "truth": [0, 0, 1, 1], "call": [0, 1, 1, 1]})
    >>> operating_points(readings)[["false_positive_share", "true_positive_share"]].iloc[0].tolist()
    [0.5, 1.0]
    """
    rated_names = [name for name in (call, truth, reader, test) if name]
    known = readings.dropna(subset=rated_names)
    for name in (call, truth):
        if not np.isin(known[name].to_numpy(float), (0, 1)).all():
            raise InputError(f"column {name!r}: expected 0 and 1")
    groups = [*([test] if test else []), reader]
    shares = known.groupby([*groups, truth], observed=True)[call].mean().unstack(truth)
    shares = shares.reindex(columns=[0, 1]).dropna()
    found = shares.reset_index().rename(columns={0: "false_positive_share", 1: "true_positive_share"})
    found.columns.name = None
    return found.rename(columns={test: "curve", reader: "reader"}) if test else found.rename(columns={reader: "reader"})
