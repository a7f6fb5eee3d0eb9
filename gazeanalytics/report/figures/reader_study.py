"""Figures of reader studies: what conditions do to times, ratings and errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gazeanalytics import tables
from gazeanalytics.report.figures._common import footnote, nothing, numbers, stack_shares, tick_labels
from gazeanalytics.report.fit_notes import gather_notes
from gazeanalytics.report.number_format import number, p_told
from gazeanalytics.report.styling import OKABE_ITO, SINGLE_MM, drawing, plain
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
    """Draw what is expected under each condition, with the ratios between conditions below.

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
    told = [] if contrasts is None else [_told(row) for _, row in contrasts.iterrows()]
    with drawing(ax, SINGLE_MM, 22 + 6 * max(len(means), 2) + 3.2 * (len(told) + len(notes.lines))) as axes:
        if not len(means):
            return nothing(axes, "conditions")
        rows = np.arange(len(means))
        value, low, high = (scale * numbers(means, name) for name in ("estimate", "conf_low", "conf_high"))
        axes.hlines(rows, low, high, OKABE_ITO[0], linewidth=1.2)
        axes.plot(value, rows, "o", color=OKABE_ITO[0], markersize=4.5)
        axes.set_yticks(rows, tick_labels(means["contrast"]))
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(plain(f"{label} (95% CI, n = {means['n'].max():,.0f})"))
        footnote(axes, [*told, *notes.lines])
        return axes


def _told(row: pd.Series) -> str:
    ends = f"[{number(row['conf_low'])}, {number(row['conf_high'])}]"
    return f"{row['contrast']}: {row['term']} {number(row['estimate'])} {ends}, {p_told(float(row['p_value']))}"


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
        counts.index = [f"{name} ({number(extra[name])} introduced a reading)" for name in counts.index]
        stack_shares(axes, counts)
        axes.set_xlabel("Share of findings that were there")
        return axes
