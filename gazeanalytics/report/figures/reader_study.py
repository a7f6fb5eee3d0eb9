"""Figures of reader studies: what conditions do to times, ratings and errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gazeanalytics import tables
from gazeanalytics.report.figures._common import draw_intervals, footnote, nothing, numbers, row_axis, stack_shares
from gazeanalytics.report.fit_notes import gather_notes
from gazeanalytics.report.number_format import format_interval, format_number, format_p_equation
from gazeanalytics.report.styling import SINGLE_MM, drawing, plain
from gazeanalytics.tables import require_columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["condition_errors", "condition_means"]


def condition_means(
    means: pd.DataFrame,
    contrasts: pd.DataFrame | None = None,
    *,
    label: str,
    scale: float = 1.0,
    ax: Axes | None = None,
) -> Axes:
    """Draw estimated marginal means of each condition, with the contrasts between conditions below.

    Parameters
    ----------
    means, contrasts : pandas.DataFrame
        Of `stats.times_by_condition` and its like.
    label : str
        Text of the axis, such as "Time to finalise (s)".
    scale : float
        What values are multiplied by, such as .001 from ms to s.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> means = pd.DataFrame({"model": "time", "term": "geometric mean", "contrast": ["alone", "full"],
    ...     "estimate": [60000.0, 40000.0], "std_error": 2000.0, "statistic": np.nan, "df": 9.0, "p_value": np.nan,
    ...     "conf_low": [55000.0, 36000.0], "conf_high": [65000.0, 44000.0], "n": 200.0, "note": ""})
    >>> ax = condition_means(means, label="Time (s)", scale=0.001)
    >>> ax.get_xlabel()
    'Time (s) (95% CI, n = 200)'
    """
    tables.check(means, "estimates")
    notes = gather_notes(means)
    lines = [] if contrasts is None else [_contrast_line(row) for _, row in contrasts.iterrows()]
    with drawing(ax, SINGLE_MM, 22 + 6 * max(len(means), 2) + 3.2 * (len(lines) + len(notes.lines))) as axes:
        if not len(means):
            return nothing(axes, "conditions")
        # Intervals of conditions may overlap where their contrast is clear, as readers and cases are shared: that is
        # why the contrasts are printed.
        rows = np.arange(len(means))
        value, low, high = (scale * numbers(means, name) for name in ("estimate", "conf_low", "conf_high"))
        draw_intervals(axes, rows, value, low, high)
        row_axis(axes, means["contrast"])
        axes.set_xlabel(plain(f"{label} (95% CI, n = {means['n'].max():,.0f})"))
        footnote(axes, [*lines, *notes.lines])
        return axes


def _contrast_line(row: pd.Series) -> str:
    ends = format_interval(row["conf_low"], row["conf_high"])
    p = format_p_equation(float(row["p_value"]))
    return f"{row['contrast']}: {row['term']} {format_number(row['estimate'])} {ends}, {p}"


def condition_errors(audit: pd.DataFrame, *, condition: str = "condition", ax: Axes | None = None) -> Axes:
    """Draw the share of findings found and missed, and the findings introduced a reading, by condition.

    Parameters
    ----------
    audit : pandas.DataFrame
        From `reasoning.audit_errors`, with the condition joined: found, missed, introduced.
    condition : str
        Column.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> audit = pd.DataFrame({"condition": ["alone", "full"], "found": [6, 9], "missed": [4, 1], "introduced": [1, 2]})
    >>> [text.get_text() for text in condition_errors(audit).get_yticklabels()]
    ['alone (1.00 introduced a reading) (n = 10)', 'full (2.00 introduced a reading) (n = 10)']
    """
    require_columns(audit, "audit", [condition, "found", "missed", "introduced"])
    with drawing(ax, SINGLE_MM * 1.3, 28 + 9 * max(audit[condition].nunique(), 2)) as axes:
        if not len(audit):
            return nothing(axes, "readings")
        groups = audit.groupby(condition, observed=True, sort=False)
        counts = groups[["found", "missed"]].sum()
        extra = groups["introduced"].mean()
        counts.index = [f"{name} ({format_number(extra[name])} introduced a reading)" for name in counts.index]
        stack_shares(axes, counts)
        axes.set_xlabel("Share of findings that were there")
        return axes
