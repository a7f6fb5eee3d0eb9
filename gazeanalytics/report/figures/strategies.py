"""Figures of search strategies: what marks them, who uses them, what comes of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gazeanalytics.report.figures._common import needs, nothing, tick_labels
from gazeanalytics.report.readers import EXPERIENCE_EDGES, pool_bands, pool_small
from gazeanalytics.report.styling import SINGLE_MM, drawing, look, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["outcome_by_strategy", "strategy_profiles", "strategy_shares"]


def strategy_profiles(
    profile: pd.DataFrame, *, features: Sequence[str] | None = None, largest: float = 2.0, ax: Axes | None = None
) -> Axes:
    """Draw what marks each strategy: a heat map of strategies by features, in standard deviations from the mean.

    Parameters
    ----------
    profile : pandas.DataFrame
        One row a strategy and feature: `strategy`, `feature`, `mean` (z), `conf_low`, `conf_high`, and optionally `n`,
        the readings of the strategy. Cells whose interval holds zero are pale and carry no dot.
    features : sequence of str, optional
        Which features, in which order (keep one order in all figures of a paper).
    largest : float
        Standard deviations of the deepest colour.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        Each cell prints its value; a dot says that the 95% interval leaves out zero.

    Examples
    --------
    >>> profile = pd.DataFrame({"strategy": ["zigzag"] * 2, "feature": ["coverage", "speed_deg_s"],
    ...                         "mean": [1.2, 0.1], "conf_low": [0.9, -0.2], "conf_high": [1.5, 0.4]})
    >>> ax = strategy_profiles(profile)
    >>> [text.get_text() for text in ax.texts]
    ['1.2 •', '0.1']
    """
    needs(profile, "profile", ["strategy", "feature", "mean", "conf_low", "conf_high"])
    order = list(features) if features is not None else list(profile["feature"].unique())
    names = list(profile["strategy"].unique())
    with drawing(ax, 183.0, 34 + 7 * max(len(names), 2)) as axes:
        if not len(profile):
            return nothing(axes, "strategies")
        low, high, mean = (
            profile.pivot(index="strategy", columns="feature", values=part)
            .reindex(index=names, columns=order)
            .to_numpy(float)
            for part in ("conf_low", "conf_high", "mean")
        )
        drawn = axes.imshow(mean, cmap="PuOr_r", vmin=-largest, vmax=largest, aspect="auto")
        _write_values(axes, mean, (low > 0) | (high < 0), largest)
        axes.set_xticks(range(len(order)), tick_labels(_spaced(order)), rotation=40, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(len(names)), tick_labels(_with_sizes(names, profile)))
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        _white_grid(axes, mean.shape)
        bar = axes.figure.colorbar(drawn, ax=axes, shrink=0.9, aspect=18, pad=0.02, extend="both")
        bar.set_label("SD from the mean\n(• 95% CI without 0)")
        return axes


def _spaced(names: Sequence[object]) -> list[str]:
    return [str(name).replace("_", " ") for name in names]


def _with_sizes(names: Sequence[object], profile: pd.DataFrame) -> list[str]:
    if "n" not in profile:
        return [str(name) for name in names]
    sizes = dict(zip(profile["strategy"], profile["n"], strict=True))
    return [f"{name} (n = {sizes[name]:,.0f})" for name in names]


def _write_values(ax: Axes, mean: np.ndarray, sure: np.ndarray, largest: float) -> None:
    for (row, column), value in np.ndenumerate(mean):
        if np.isfinite(value):
            text = f"{value:.1f}".replace("-0.0", "0.0").replace("-", "\u2212") + (" •" if sure[row, column] else "")
            color = "white" if abs(value) > 0.62 * largest else "black"
            ax.text(column, row, text, ha="center", va="center", color=color)
        else:
            ax.text(column, row, "–", ha="center", va="center", color="0.4")


def _white_grid(ax: Axes, shape: tuple[int, ...]) -> None:
    ax.hlines(np.arange(1, shape[0]) - 0.5, -0.5, shape[1] - 0.5, color="white", linewidth=1.2)
    ax.vlines(np.arange(1, shape[1]) - 0.5, -0.5, shape[0] - 0.5, color="white", linewidth=1.2)


def strategy_shares(
    readings: pd.DataFrame,
    *,
    by: str,
    edges: Sequence[float] = EXPERIENCE_EDGES,
    k: int = 5,
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
    k : int
        Groups of fewer than `k` readers are pooled as "other".
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
    needs(readings, "readings", ["reader", "strategy", by])
    with drawing(ax, SINGLE_MM, 60) as axes:
        if not len(readings):
            return nothing(axes, "readings")
        group = _groups(readings, by, edges, k)
        strategy = readings["strategy"].astype(object).where(readings["strategy"].notna(), "none")
        counts = pd.crosstab(group, strategy)
        counts = counts[[*sorted((n for n in counts if n != "none"), key=str), *(n for n in counts if n == "none")]]
        if not isinstance(group.dtype, pd.CategoricalDtype):
            counts = counts.loc[counts.sum(axis=1).sort_values(kind="stable").index[::-1]]
        _stack(axes, counts)
        axes.set_yticks(
            range(len(counts)), tick_labels(f"{name} (n = {size:,})" for name, size in counts.sum(axis=1).items())
        )
        axes.set_ylim(len(counts) - 0.4, -0.6)
        axes.set_xlim(0, 1)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(plain(f"Share of readings, by {by.replace('_', ' ')}"))
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1.01), ncols=3, borderpad=0, handlelength=1.2)
        return axes


def _groups(readings: pd.DataFrame, by: str, edges: Sequence[float], k: int) -> pd.Series:
    """Group of each reading; small groups of readers are pooled."""
    of_reader = readings.groupby("reader", observed=True)[by].first()
    if pd.api.types.is_numeric_dtype(of_reader) and not pd.api.types.is_bool_dtype(of_reader):
        pooled = pool_bands(of_reader, edges, k, unit="years" if by.endswith("_years") else "")
    else:
        pooled = pool_small(of_reader, k)
    return readings["reader"].map(pooled).astype(pooled.dtype)


def _stack(ax: Axes, counts: pd.DataFrame) -> None:
    shares = counts.to_numpy(float) / counts.to_numpy(float).sum(axis=1, keepdims=True)
    left = np.zeros(len(counts))
    for place, name in enumerate(counts.columns):
        style = look(place)
        face = "0.85" if name == "none" else style["color"]
        ax.barh(
            range(len(counts)), shares[:, place], left=left, height=0.72, label=_legend_name(name), color=face,
            edgecolor="white", hatch=style["hatch"],
        )  # fmt: skip
        for row, share in enumerate(shares[:, place]):
            if share >= 0.07:
                _label_part(ax, left[row] + share / 2, row, f"{share:.0%}")
        left += shares[:, place]


def _label_part(ax: Axes, x: float, y: float, text: str) -> None:
    box = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.85}
    ax.text(x, y, text, ha="center", va="center", color="black", bbox=box)


def _legend_name(name: object) -> str:
    """Matplotlib leaves names with a leading underscore out of legends; a thin space before it keeps them."""
    text = plain(name)
    return "\u200a" + text if text.startswith("_") else text


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
    """
    needs(readings, "readings", ["reader", by, outcome])
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
    """Dots on the left, box in the middle, half a violin on the right; spread of dots is fixed, not random."""
    style = look(place)
    spread = 0.07 * np.cos(np.arange(len(values)) * 2.399963)
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
    from scipy.stats import gaussian_kde

    heights = np.linspace(values.min(), values.max(), 120)
    density = gaussian_kde(values)(heights)
    inner = place + 0.1
    ax.fill_betweenx(
        heights, inner, inner + 0.34 * density / density.max(), color=style["color"], alpha=0.55, linewidth=0
    )
