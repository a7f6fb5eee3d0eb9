"""Figures of times of which some are censored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gazeanalytics.report.figures._common import nothing, numbers, percent_axis, spaced
from gazeanalytics.report.styling import SINGLE_MM, drawing, look, plain
from gazeanalytics.tables import require_columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["kaplan_meier_curve"]


def kaplan_meier_curve(curves: pd.DataFrame, *, by: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw Kaplan-Meier curves, turned upside down: share of lesions fixated by each moment, with its intervals.

    Parameters
    ----------
    curves : pandas.DataFrame
        As `stats.kaplan_meier` gives it, time in s.
    by : str, optional
        Its column of groups.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes

    See Also
    --------
    hit_curve : The same for readings that all last long enough.

    Examples
    --------
    >>> curves = pd.DataFrame({"time": [1.0, 3.0], "survival": [0.75, 0.5], "conf_low": [0.4, 0.2], "conf_high": 0.9})
    >>> kaplan_meier_curve(curves).lines[0].get_ydata().tolist()
    [0.0, 0.25, 0.5]
    """
    require_columns(curves, "curves", ["time", "survival", "conf_low", "conf_high", *([by] if by else [])])
    with drawing(ax, SINGLE_MM, 62) as axes:
        if not len(curves):
            return nothing(axes, "lesions")
        groups = [(None, curves)] if by is None else list(curves.groupby(by, observed=True, sort=True))
        for place, (name, part) in enumerate(groups):
            style = look(place)
            when = np.concatenate([[0.0], numbers(part, "time")])
            lines = [np.concatenate([[end], numbers(part, column)]) for column, end in
                     (("survival", 1.0), ("conf_low", np.nan), ("conf_high", np.nan))]  # fmt: skip
            label = None if name is None else plain(spaced(name))
            color = style["color"]
            axes.step(when, 1 - lines[0], where="post", color=color, linestyle=style["linestyle"], label=label)
            axes.fill_between(when, 1 - lines[2], 1 - lines[1], step="post", color=color, alpha=0.15, linewidth=0)
        axes.set_xlim(0, float(numbers(curves, "time").max()))
        axes.set_ylim(0, 1.02)
        percent_axis(axes.yaxis)
        axes.set_xlabel("Time since image onset (s)")
        axes.set_ylabel("Lesions fixated (95% interval)")
        if by is not None:
            axes.legend(loc="lower right")
        return axes
