"""Figure of forecasts: how well disagreement is foretold, beside chance and beside what other readers could tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gazeanalytics.report.figures._common import footnote, nothing, numbers, tick_labels
from gazeanalytics.report.styling import OKABE_ITO, drawing
from gazeanalytics.tables import require_columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["forecasts"]

_COLUMNS = ["label", "estimate", "conf_low", "conf_high"]


def forecasts(table: pd.DataFrame, *, chance: float = 0.5, ax: Axes | None = None) -> Axes:
    """Draw the area under the ROC curve of each forecast, with its interval and its ceiling.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a forecast: `label`, `estimate`, `conf_low`, `conf_high`; optionally `ceiling` (what the best
        forecast would reach, from `stats.disagreement_reliability`) and `null_high` (97.5 % of the permuted ones).
    chance : float
        Where a forecast of no worth stands.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        Dots are forecasts, dark bars across the row their ceilings, grey strips what shuffled outcomes reach.

    Examples
    --------
    >>> table = pd.DataFrame({"label": ["Edema"], "estimate": [0.87], "conf_low": [0.83], "conf_high": [0.91],
    ...                       "ceiling": [0.93]})
    >>> [text.get_text() for text in forecasts(table).get_yticklabels()]
    ['Edema']
    """
    require_columns(table, "forecasts", _COLUMNS)
    with drawing(ax, 114.0, 24.0 + 9.0 * max(len(table), 2)) as axes:
        if not len(table):
            return nothing(axes, "forecasts")
        rows = np.arange(len(table))
        axes.axvline(chance, color="0.5", linewidth=0.8, linestyle="--")
        if "null_high" in table:
            axes.barh(rows, numbers(table, "null_high") - chance, left=chance, height=0.55, color="0.88", zorder=0)
        axes.hlines(rows, numbers(table, "conf_low"), numbers(table, "conf_high"), OKABE_ITO[0], linewidth=1.4)
        axes.plot(numbers(table, "estimate"), rows, "o", color=OKABE_ITO[0], markersize=4.5)
        told = ["Dots: forecasts on cases never seen, 95% intervals; dashed: chance."]
        if "ceiling" in table:
            axes.vlines(numbers(table, "ceiling"), rows - 0.32, rows + 0.32, "0.2", linewidth=2)
            told.append("Bars: the best for readers who are alike, as splits are partly luck.")
        if "null_high" in table:
            told.append("Grey: 97.5% of forecasts of shuffled outcomes.")
        axes.set_yticks(rows, tick_labels(table["label"]))
        axes.set_ylim(len(table) - 0.4, -0.6)
        axes.set_xlim(min(chance, numbers(table, "conf_low").min()) - 0.03, 1.0)
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel("Area under the ROC curve")
        footnote(axes, told)
        return axes
