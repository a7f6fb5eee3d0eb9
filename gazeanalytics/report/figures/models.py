"""Figures of fitted models: coefficients, conditional modes, calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gazeanalytics import tables
from gazeanalytics.report.figures._common import footnote, nothing, numbers, row_axis, tick_labels
from gazeanalytics.report.fit_notes import Notes, gather_notes
from gazeanalytics.report.number_format import (
    decimals_for,
    format_count,
    format_interval,
    format_number,
    format_p,
    format_row_name,
    is_variance_component,
)
from gazeanalytics.report.styling import DOUBLE_MM, OKABE_ITO, SINGLE_MM, drawing, plain
from gazeanalytics.tables import require_columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["caterpillar", "forest"]

_INTERCEPT = ("Intercept", "(Intercept)", "1")
_ROW_MM = 4.6
# An interval this many times as wide as the median of all would squeeze the others.
_ENDLESS = 20.0


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of a forest plot; a heading has no estimate."""

    label: str
    estimate: float = np.nan
    low: float = np.nan
    high: float = np.nan
    cells: tuple[str, ...] = ()
    doubtful: bool = False
    heading: bool = False


def forest(
    estimates: pd.DataFrame,
    *,
    exponentiate: bool = False,
    intercept: bool = False,
    label: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a forest plot: coefficients with their confidence intervals, and their numbers beside them.

    Parameters
    ----------
    estimates : pandas.DataFrame
        Table ``estimates``. Standard deviations of random effects (``sd(reader)``) are left to the table of numbers.
        Notes (``singular``, ``separated``, ...) are printed; estimates in doubt are hollow and dashed. An interval
        that would squeeze all others ends in an arrow.
    exponentiate : bool
        Show ratios on a logarithmic axis: odds ratios of a logistic model, reference line at 1.
    intercept : bool
        Show intercepts and thresholds, too.
    label : str, optional
        Text of the axis, such as "Odds ratio (95% CI)".
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes, 183 mm wide, without.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    gazeanalytics.tables.TableError
        If the table breaks its contract.

    Examples
    --------
    >>> table = pd.DataFrame({
    ...     "model": "accuracy", "term": ["experience_years", "sd(reader)"], "estimate": [0.12, 0.7],
    ...     "std_error": [0.04, np.nan], "statistic": [3.0, np.nan], "df": np.nan, "p_value": [0.0027, np.nan],
    ...     "conf_low": [0.04, np.nan], "conf_high": [0.20, np.nan], "n": 1200.0, "note": "",
    ... })
    >>> ax = forest(table, exponentiate=True, label="Odds ratio (95% CI)")
    >>> [text.get_text() for text in ax.get_yticklabels()]
    ['experience years']

    See Also
    --------
    caterpillar : the random effects of readers, cases or countries.
    gazeanalytics.report.format_estimates : the same estimates as a table.
    """
    tables.check(estimates, "estimates")
    notes = gather_notes(estimates)
    rows = _forest_rows(estimates, notes, _is_coefficient(estimates, intercept).to_numpy(), exponentiate)
    with drawing(ax, DOUBLE_MM, 22 + _ROW_MM * max(len(rows), 2) + 3 * len(notes.lines)) as axes:
        if not rows:
            return nothing(axes, "coefficients")
        _draw_rows(axes, rows, exponentiate)
        axes.set_xlabel(plain(label or ("exp(estimate), 95% CI" if exponentiate else "Estimate (95% CI)")))
        _write_cells(axes, rows, ("exp(b) [95% CI]" if exponentiate else "b [95% CI]", "p", "n"))
        footnote(axes, notes.lines)
        return axes


def _is_coefficient(estimates: pd.DataFrame, intercept: bool) -> pd.Series:
    """Leave out spreads, a family's own parameters (they have no test) and, unless asked for, intercepts."""
    terms, tested = estimates["term"], estimates["statistic"].notna()
    kept = ~terms.map(is_variance_component).astype(bool) & (
        tested | ~tested.groupby(estimates["model"]).transform("any")
    )
    return kept if intercept else kept & ~(terms.isin(_INTERCEPT) | terms.str.contains("|", regex=False))


def _forest_rows(estimates: pd.DataFrame, notes: Notes, kept: np.ndarray, exponentiate: bool) -> list[_Row]:
    rows: list[_Row] = []
    several = len(estimates["model"][kept].unique()) > 1
    model = None
    for place in np.flatnonzero(kept):
        row = estimates.iloc[place]
        if several and row["model"] != model:
            model = row["model"]
            rows.append(_Row(str(model), heading=True))
        rows.append(_forest_row(row, notes.marks[place], notes.doubtful[place], exponentiate))
    return rows


def _forest_row(row: pd.Series, mark: str, doubtful: bool, exponentiate: bool) -> _Row:
    values = np.array([row["estimate"], row["conf_low"], row["conf_high"]], float)
    decimals = 2 if exponentiate else decimals_for(float(row["std_error"]))
    if exponentiate:
        with np.errstate(over="ignore"):
            values = np.exp(values)
    low, high = values[1:]
    text = f"{format_number(values[0], decimals)} {format_interval(low, high, decimals)}".strip()
    cells = (text, format_p(float(row["p_value"])), format_count(float(row["n"])))
    return _Row(f"{format_row_name(row)} {mark}".strip(), values[0], low, high, cells, doubtful)


def _draw_rows(ax: Axes, rows: Sequence[_Row], exponentiate: bool) -> None:
    reference = 1.0 if exponentiate else 0.0
    if exponentiate:
        ax.set_xscale("log")
    low, high = _limits(rows, reference, exponentiate)
    ax.axvline(reference, color="0.5", linewidth=0.6, zorder=0)
    for place, row in enumerate(rows):
        if not row.heading:
            _draw_interval(ax, place, row, low, high)
    ax.set_xlim(low, high)
    row_axis(ax, (row.label for row in rows))
    for text, row in zip(ax.get_yticklabels(), rows, strict=True):
        text.set_fontweight("bold" if row.heading else "normal")
    if exponentiate:
        _plain_log_ticks(ax, low, high)


def _limits(rows: Sequence[_Row], reference: float, exponentiate: bool) -> tuple[float, float]:
    """Range of the well-behaved rows: a doubtful or endless interval must not squeeze the others."""
    ends = np.array([[row.estimate, row.low, row.high] for row in rows if not row.heading], float)
    if exponentiate:
        with np.errstate(divide="ignore"):
            ends, reference = np.log(ends), 0.0
    width = ends[:, 2] - ends[:, 1]
    doubtful = np.array([row.doubtful for row in rows if not row.heading])
    # A separated logistic coefficient has an interval of dozens of logits; drawn to scale it would hide all others.
    usual = ~doubtful & ~(width > _ENDLESS * np.nanmedian(width)) if np.isfinite(width).any() else ~doubtful
    spread = ends[usual] if usual.any() else ends[:, :1]
    spread = np.append(spread[np.isfinite(spread)], reference)
    margin = 0.06 * (np.ptp(spread) or 1.0)
    low, high = float(spread.min() - margin), float(spread.max() + margin)
    return (float(np.exp(low)), float(np.exp(high))) if exponentiate else (low, high)


def _draw_interval(ax: Axes, place: int, row: _Row, low: float, high: float) -> None:
    ends = np.clip([row.low, row.high], low, high)
    if np.isfinite(ends).all():
        ax.plot(ends, [place, place], color=OKABE_ITO[0], linewidth=1.2, linestyle="--" if row.doubtful else "-")
        for outside, end, marker in ((row.low < low, ends[0], "<"), (row.high > high, ends[1], ">")):
            if outside:
                ax.plot(end, place, marker, color=OKABE_ITO[0], markersize=3.5, clip_on=False)
    if low <= row.estimate <= high:
        face = "white" if row.doubtful else OKABE_ITO[0]
        ax.plot(row.estimate, place, "o", color=OKABE_ITO[0], markerfacecolor=face, markersize=4.5)


def _plain_log_ticks(ax: Axes, low: float, high: float) -> None:
    """Label a ratio axis with plain numbers, at most about eight of them."""
    # Ratios are read against 1, so ticks are 1, 2, 5 and their powers of ten, finer where the range is small.
    steps = np.array([1.0, 2.0, 5.0]) if high / low < 300 else np.array([1.0])
    powers = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    if high / low < 4:
        steps = np.array([1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9])
    ticks = np.unique(np.outer(powers, steps))
    ticks = ticks[(ticks >= low) & (ticks <= high)]
    ticks = ticks[:: -(-len(ticks) // 8)] if len(ticks) > 12 else ticks
    ax.set_xticks(ticks, [f"{tick:.6g}" for tick in ticks])
    ax.set_xticks([], minor=True)


def _write_cells(ax: Axes, rows: Sequence[_Row], heads: Sequence[str]) -> None:
    """Write the columns of numbers right of the axes, each flush right."""
    right = 8.0
    for column, head in enumerate(heads):
        cells = [row.cells[column] if row.cells else "" for row in rows]
        right += max(map(_width_pt, (head, *cells))) + 7
        for place, text, weight in [(-0.9, head, "bold"), *((at, cell, "normal") for at, cell in enumerate(cells))]:
            ax.annotate(
                plain(text),
                (1, place),
                xytext=(right, 0),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                ha="right",
                va="center_baseline",
                fontweight=weight,
                annotation_clip=False,
            )


def _width_pt(text: str) -> float:
    """Width of 7 pt text: digits and letters of a sans face are wide, points and brackets narrow."""
    return sum(4.0 if letter.isalnum() or letter in "−<>∞%" else 2.2 for letter in text)


def caterpillar(
    modes: pd.DataFrame,
    *,
    column: str = "estimate",
    show_names: bool = True,
    min_cell: int = 5,
    label: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw conditional modes (BLUPs) of countries or readers with their intervals, from lowest to highest.

    Parameters
    ----------
    modes : pandas.DataFrame
        Conditional modes of one grouping, one row a level: `level` and `column`; `conf_low` and `conf_high` where the
        intervals are known. `raw`, the level's own mean on the same scale, is drawn hollow where it is given, so that
        the shrinkage shows. `readers`, how many readers a level stands for, guards against picking one out.
    column : str
        The modes, such as `mode` of a fit's random effects.
    show_names : bool
        Print the levels' names. Readers are persons: pass False for them.
    min_cell : int
        Levels of fewer `readers` are left out, and counted below.
    label : str, optional
        Text of the horizontal axis.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> modes = pd.DataFrame({"level": ["Peru", "Chile"], "estimate": [0.3, -0.1], "conf_low": [0.1, -0.4],
    ...                       "conf_high": [0.5, 0.2]})
    >>> [text.get_text() for text in caterpillar(modes).get_yticklabels()]
    ['Chile', 'Peru']
    """
    require_columns(modes, "modes", ["level", column])
    small = modes["readers"] < min_cell if show_names and "readers" in modes else pd.Series(False, index=modes.index)
    ordered = modes[~small].sort_values(column, kind="stable")
    row_mm = 4.0 if show_names else min(4.0, 100 / max(len(ordered), 1))
    with drawing(ax, SINGLE_MM, 16 + row_mm * max(len(ordered), 4)) as axes:
        if not len(ordered):
            return nothing(axes, "conditional modes")
        places = np.arange(len(ordered))
        axes.axvline(0, color="0.5", linewidth=0.6, zorder=0)
        _draw_modes(axes, ordered, column, places)
        axes.set_yticks(places if show_names else [], tick_labels(ordered["level"]) if show_names else [])
        axes.set_ylim(-0.7, len(ordered) - 0.3)
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel(plain(label or "Deviation from the mean" + " (95% interval)" * ("conf_low" in ordered)))
        if not show_names:
            axes.set_ylabel(f"{len(ordered)} levels, lowest to highest")
        if small.any():
            footnote(axes, [f"Not shown: {small.sum()} of fewer than {min_cell} readers."])
        return axes


def _draw_modes(ax: Axes, ordered: pd.DataFrame, column: str, places: np.ndarray) -> None:
    if {"conf_low", "conf_high"} <= set(ordered):
        ax.hlines(places, numbers(ordered, "conf_low"), numbers(ordered, "conf_high"), OKABE_ITO[0], linewidth=1.0)
    if "raw" in ordered:
        raw = numbers(ordered, "raw")
        ax.plot(raw, places, "o", color="0.45", markerfacecolor="none", markersize=3.5, label="own mean")
    ax.plot(numbers(ordered, column), places, "o", color=OKABE_ITO[0], markersize=3.5, label="shrunk")
    if "raw" in ordered:
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, borderpad=0)
