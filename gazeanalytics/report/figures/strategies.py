"""Figures of search strategies: where readings lie, who uses which strategy, what comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gazeanalytics.report.figures._common import halo, nothing, small_title, spaced, stack_shares, tick_labels
from gazeanalytics.report.styling import SINGLE_MM, drawing, look, plain
from gazeanalytics.report.table_one import EXPERIENCE_EDGES, pool_bands, pool_small
from gazeanalytics.tables import require_columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["outcome_by_strategy", "strategy_map", "strategy_shares"]


def strategy_shares(
    readings: pd.DataFrame,
    *,
    by: str,
    edges: Sequence[float] = EXPERIENCE_EDGES,
    min_cell: int = 5,
    ax: Axes | None = None,
) -> Axes:
    """Draw how often each strategy is used, by country, by experience or by any other column.

    Parameters
    ----------
    readings : pandas.DataFrame
        Table ``readings`` with `strategy`, `reader` and the column `by`.
    by : str
        A column of names, or of numbers that are cut into bands.
    edges : sequence of float
        Edges of the bands, left edge included.
    min_cell : int
        Groups of fewer than `min_cell` readers are pooled as "other".
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        Bars add up to all readings of the group; those without a strategy are "none".

    Examples
    --------
    >>> readings = pd.DataFrame({"reader": range(10), "country": "Peru",
    ...                          "strategy": ["zigzag"] * 8 + ["edge"] * 2})
    >>> ax = strategy_shares(readings, by="country")
    >>> [text.get_text() for text in ax.texts]
    ['20%', '80%']
    """
    require_columns(readings, "readings", ["reader", "strategy", by])
    group = _group_readings(readings, by, edges, min_cell)
    with drawing(ax, SINGLE_MM, 28 + 8 * max(len(group.unique()), 1)) as axes:
        if not len(readings):
            return nothing(axes, "readings")
        strategy = readings["strategy"].astype(object).where(readings["strategy"].notna(), "none")
        counts = pd.crosstab(group, strategy)
        counts = counts[[*sorted((n for n in counts if n != "none"), key=str), *(n for n in counts if n == "none")]]
        if not isinstance(group.dtype, pd.CategoricalDtype):
            counts = counts.loc[counts.sum(axis=1).sort_values(kind="stable").index[::-1]]
        stack_shares(axes, counts)
        axes.set_xlabel(plain(f"Share of readings, by {by.replace('_', ' ')}"))
        return axes


def _group_readings(readings: pd.DataFrame, by: str, edges: Sequence[float], min_cell: int) -> pd.Series:
    """Group of each reading; small groups of readers are pooled."""
    of_reader = readings.groupby("reader", observed=True)[by].first()
    if pd.api.types.is_numeric_dtype(of_reader) and not pd.api.types.is_bool_dtype(of_reader):
        pooled = pool_bands(of_reader, edges, min_cell, unit="years" if by.endswith("_years") else "")
    else:
        pooled = pool_small(of_reader, min_cell)
    return readings["reader"].map(pooled).astype(pooled.dtype)


def outcome_by_strategy(
    readings: pd.DataFrame, *, outcome: str, by: str = "strategy", label: str | None = None, ax: Axes | None = None
) -> Axes:
    r"""Draw an outcome for each strategy: every reader's mean as a dot, with box and density (a raincloud).

    Readers, not readings, are the units: a reader's readings resemble one another, so dots of single readings would
    make the sample look larger than it is.

    Parameters
    ----------
    readings : pandas.DataFrame
        Table ``readings`` with `reader`, `by` and the outcome (0 and 1 for correct; any number for others).
    outcome : str
        The column.
    by : str
        The column that groups.
    label : str, optional
        Text of the vertical axis.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> readings = pd.DataFrame({"reader": [1, 1, 2, 2], "strategy": ["a", "b", "a", "b"], "correct": [1, 0, 0, 1]})
    >>> ax = outcome_by_strategy(readings, outcome="correct")
    >>> [text.get_text() for text in ax.get_xticklabels()]
    ['a\n2 readers\n2 readings', 'b\n2 readers\n2 readings']

    References
    ----------
    Allen, M., Poggiali, D., Whitaker, K., Marshall, T. R., & Kievit, R. A. (2019). Raincloud plots: a multi-platform
    tool for robust data visualization. Wellcome Open Research, 4, 63.
    """
    require_columns(readings, "readings", ["reader", by, outcome])
    known = readings[readings[outcome].notna() & readings[by].notna()]
    groups = sorted(known[by].unique(), key=str)
    with drawing(ax, max(SINGLE_MM, 22.0 * len(groups)), 66) as axes:
        if not groups:
            return nothing(axes, "readings")
        for place, group in enumerate(groups):
            part = known[known[by] == group]
            _raincloud(axes, place, part.groupby("reader", observed=True)[outcome].mean().to_numpy(float))
        axes.set_xticks(range(len(groups)), tick_labels(_group_label(known, by, outcome, group) for group in groups))
        axes.set_xlim(-0.5, len(groups) - 0.35)
        axes.tick_params(axis="x", length=0)
        axes.set_ylabel(plain(label or f"{outcome.replace('_', ' ').capitalize()}, mean of each reader"))
        return axes


def _group_label(known: pd.DataFrame, by: str, outcome: str, group: object) -> str:
    part = known[known[by] == group]
    readers = part["reader"].nunique()
    return f"{group}\n{readers:,} readers\n{len(part):,} readings"


def _raincloud(ax: Axes, place: int, values: np.ndarray) -> None:
    """Dots on the left, box in the middle, half a violin on the right (Allen et al. 2019).

    Dots and box are not seaborn's: its strip plot jitters at random (other bytes each time), its swarm plot walks over
    all pairs of dots, and its box plot warns with matplotlib 3.11.
    """
    import seaborn as sns

    style = look(place)
    spread = 0.07 * np.cos(np.arange(len(values)) * 2.399963)  # the golden angle: neighbours never line up
    ax.plot(
        place - 0.26 + spread, values, style["marker"], color=style["color"], markersize=2.6, alpha=0.6,
        markeredgewidth=0,
    )  # fmt: skip
    ax.boxplot(
        [values], positions=[place], widths=0.1, showfliers=False, manage_ticks=False, patch_artist=True,
        boxprops={"facecolor": "white"}, medianprops={"color": "black", "linewidth": 1.4},
    )  # fmt: skip
    if len(np.unique(values)) < 3:
        return
    sns.violinplot(
        x=np.full(len(values), place + 0.27), y=values, hue=np.ones(len(values)), hue_order=[0, 1], split=True,
        dodge=False, native_scale=True, width=0.34, cut=0, inner=None, linewidth=0, palette=[style["color"]] * 2,
        alpha=0.55, saturation=1, legend=False, ax=ax,
    )  # fmt: skip


def strategy_map(
    scores: pd.DataFrame,
    *,
    x: str = "component 1",
    y: str = "component 2",
    strategy: str = "strategy",
    ax: Axes | None = None,
) -> Axes:
    """Draw a map of readings on two components; a line holds half of each strategy, its name stands at the middle.

    Parameters
    ----------
    scores : pandas.DataFrame
        One row a reading: the two axes and, if known, `strategy`.
    x, y : str
        Columns of the axes.
    strategy : str
        Column of the names; readings without a name, or all of them without the column, are grey.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        Distances on such a map are those of two axes alone, not of all features.

    Examples
    --------
    >>> table = pd.DataFrame({"component 1": [0.0, 1.0, 2.0], "component 2": [0.0, 1.0, 0.5]})
    >>> table["strategy"] = ["a", "a", "b"]
    >>> [text.get_text() for text in strategy_map(table).texts]
    ['a', 'b']
    """
    require_columns(scores, "components", [x, y])
    known = scores[scores[x].notna() & scores[y].notna()]
    with drawing(ax, SINGLE_MM, 78) as axes:
        if not len(known):
            return nothing(axes, "readings")
        names = known[strategy] if strategy in known else pd.Series(np.nan, index=known.index)
        rest = known[names.isna()]
        # Dots shrink with their number, so that ten thousand readings still show structure.
        size = float(np.clip(2500 / len(known), 2, 12))
        axes.scatter(rest[x], rest[y], s=size, color="0.7", linewidths=0, rasterized=True)
        for place, name in enumerate(sorted(names.dropna().unique(), key=str)):
            part = known.loc[names == name, [x, y]].to_numpy(float)
            style = look(place)
            axes.scatter(
                *part.T, s=size, color=style["color"], marker=style["marker"], alpha=0.45, linewidths=0, rasterized=True
            )
            _outline(axes, part, style)
            middle = part[np.argmin(np.abs(part - np.median(part, axis=0)).sum(axis=1))]
            axes.annotate(plain(name), middle, ha="center", va="center", fontweight="bold", path_effects=halo(2.5))
        axes.set_xlabel(plain(spaced(x)))
        axes.set_ylabel(plain(spaced(y)))
        small_title(axes, f"{len(known):,} readings")
        return axes


def _outline(ax: Axes, points: np.ndarray, style: dict) -> None:
    """Draw the line of equal density that holds half of the points, by a Gaussian kernel (Scott's rule)."""
    if len(points) < 20 or np.ptp(points, axis=0).min() == 0:
        return
    import seaborn as sns

    x, y = points[:: max(len(points) // 1000, 1)].T
    before = len(ax.collections)
    sns.kdeplot(
        x=x,
        y=y,
        levels=[0.5],
        color=style["color"],
        linewidths=1.3,
        linestyles=[style["linestyle"]],
        gridsize=60,
        ax=ax,
    )
    for line in ax.collections[before:]:
        line.set_path_effects(halo(2.5))
