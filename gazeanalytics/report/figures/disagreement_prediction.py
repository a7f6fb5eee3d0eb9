"""Figures of disagreement prediction: area under the ROC curve beside chance and its ceiling, and deferral."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gazeanalytics.report.figures._common import draw_intervals, footnote, nothing, numbers, row_axis
from gazeanalytics.report.styling import drawing, look, plain
from gazeanalytics.tables import require_columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["deferral_curve", "prediction_auc"]

_COLUMNS = ["label", "estimate", "conf_low", "conf_high"]


def prediction_auc(table: pd.DataFrame, *, chance: float = 0.5, ax: Axes | None = None) -> Axes:
    """Draw the area under the ROC curve (AUC) of each prediction, with its confidence interval and its ceiling.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a prediction: `label`, `estimate`, `conf_low`, `conf_high`; optionally `ceiling` (what the best
        prediction would reach, from `stats.disagreement_reliability`) and `null_high` (97.5 % of the permuted ones).
    chance : float
        AUC of a prediction that knows nothing.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        Dots are predictions, dark bars across the row their ceilings, grey strips what permuted outcomes reach.

    Examples
    --------
    >>> table = pd.DataFrame({"label": ["Edema"], "estimate": [0.87], "conf_low": [0.83], "conf_high": [0.91],
    ...                       "ceiling": [0.93]})
    >>> [text.get_text() for text in prediction_auc(table).get_yticklabels()]
    ['Edema']
    """
    require_columns(table, "predictions", _COLUMNS)
    with drawing(ax, 114.0, 24.0 + 9.0 * max(len(table), 2)) as axes:
        if not len(table):
            return nothing(axes, "predictions")
        rows = np.arange(len(table))
        axes.axvline(chance, color="0.5", linewidth=0.8, linestyle="--")
        if "null_high" in table:
            axes.barh(rows, numbers(table, "null_high") - chance, left=chance, height=0.55, color="0.88", zorder=0)
        draw_intervals(axes, rows, *(numbers(table, name) for name in _COLUMNS[1:]))
        lines = ["Dots: predictions on cases never seen, 95% intervals; dashed: chance."]
        if "ceiling" in table:
            axes.vlines(numbers(table, "ceiling"), rows - 0.32, rows + 0.32, "0.2", linewidth=2)
            lines.append("Bars: the best for readers who are alike, as splits are partly luck.")
        if "null_high" in table:
            lines.append("Grey: 97.5% of predictions of permuted outcomes.")
        row_axis(axes, table["label"])
        axes.set_xlim(min(chance, numbers(table, "conf_low").min()) - 0.03, 1.0)
        axes.set_xlabel("Area under the ROC curve")
        footnote(axes, lines)
        return axes


def deferral_curve(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the share of disagreements that is caught against the share of cases that go to a second reader.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a point: `label` of the curve, `deferred` and `caught` (shares from 0 to 1).
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        A line a label; dashed: cases chosen by chance.

    Examples
    --------
    >>> table = pd.DataFrame({"label": "gaze", "deferred": [0.0, 0.2, 1.0], "caught": [0.0, 0.5, 1.0]})
    >>> [text.get_text() for text in deferral_curve(table).get_legend().get_texts()]
    ['gaze', 'by chance']
    """
    require_columns(table, "deferral", ["label", "deferred", "caught"])
    with drawing(ax, 89.0, 75.0) as axes:
        if not len(table):
            return nothing(axes, "predictions")
        for place, (label, rows) in enumerate(table.groupby("label", sort=False)):
            of = look(place)
            axes.plot(
                rows["deferred"], rows["caught"], color=of["color"], linestyle=of["linestyle"], label=plain(label)
            )
        axes.plot([0, 1], [0, 1], color="0.5", linewidth=0.8, linestyle=":", label="by chance")
        axes.set(xlim=(0, 1), ylim=(0, 1.02))
        axes.set_xlabel("Share of cases to a second reader")
        axes.set_ylabel("Share of disagreements caught")
        axes.legend(loc="lower right")
        return axes
