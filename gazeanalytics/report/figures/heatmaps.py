"""Figures that are tables in colour: strategies by features, axes by features, regions by regions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gazeanalytics.report.figures._common import nothing, percent_axis, spaced, tick_labels
from gazeanalytics.report.number_format import format_number
from gazeanalytics.report.styling import DOUBLE_MM, SINGLE_MM, drawing
from gazeanalytics.tables import require_columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["archetype_profiles", "component_loadings", "strategy_profiles", "transition_matrix"]

# Columns of numbers that fit side by side on a page; more features go below one another.
_MAX_COLUMNS = 11
# Relative luminance at which black and white letters contrast alike with the ground (WCAG 2.2).
_DARK = 0.18


def strategy_profiles(
    profile: pd.DataFrame, *, features: Sequence[str] | None = None, max_sd: float = 2.0, ax: Axes | None = None
) -> Axes:
    """Draw a heat map of what marks each search strategy: strategies by features, in standard deviations.

    Parameters
    ----------
    profile : pandas.DataFrame
        One row a strategy and feature: `strategy`, `feature`, `effect` (difference to all other readings in standard
        deviations), `conf_low`, `conf_high`, and optionally `n`, the readings of the strategy.
    features : sequence of str, optional
        Which features, in which order (keep one order in all figures of a paper).
    max_sd : float
        Difference (SD) of the deepest colour.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        Each cell prints its value; a dot says that the 95% interval leaves out zero. Up to 11 features stand side by
        side, more below one another.

    Examples
    --------
    >>> profile = pd.DataFrame({"strategy": ["zigzag"] * 2, "feature": ["coverage", "speed_deg_s"],
    ...                         "effect": [1.2, 0.1], "conf_low": [0.9, -0.2], "conf_high": [1.5, 0.4]})
    >>> ax = strategy_profiles(profile)
    >>> [text.get_text() for text in ax.texts]
    ['1.2 •', '0.1']
    """
    require_columns(profile, "profile", ["strategy", "feature", "effect", "conf_low", "conf_high"])
    label = "Difference to the other\nreadings in SD (• 95% CI without 0)"
    return _profile_map(profile, ("strategy", "effect"), features, max_sd, label, ax)


def component_loadings(
    loadings: pd.DataFrame, *, features: Sequence[str] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw component loadings: which features make up each component that readings spread along.

    Parameters
    ----------
    loadings : pandas.DataFrame
        One row a component and feature: `component`, `feature`, `loading` (a correlation), `conf_low`, `conf_high`.
    features : sequence of str, optional
        Which features, in which order.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> loadings = pd.DataFrame({"component": "component 1", "feature": ["coverage"], "loading": [0.8],
    ...                          "conf_low": [0.7], "conf_high": [0.9]})
    >>> [text.get_text() for text in component_loadings(loadings).texts]
    ['0.8 •']
    """
    require_columns(loadings, "loadings", ["component", "feature", "loading", "conf_low", "conf_high"])
    return _profile_map(loadings, ("component", "loading"), features, 1.0, "Loading\n(• 95% CI without 0)", ax)


def archetype_profiles(
    profile: pd.DataFrame, *, features: Sequence[str] | None = None, max_sd: float = 3.0, ax: Axes | None = None
) -> Axes:
    """Draw a heat map of what marks each archetype: archetypes by features, in standard deviations.

    Parameters
    ----------
    profile : pandas.DataFrame
        One row an archetype and feature, as `Archetypes.profile` gives them: `archetype`, `feature`, `place`.
    features : sequence of str, optional
        Which features, in which order.
    max_sd : float
        Difference (SD) of the deepest colour.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> profile = pd.DataFrame({"archetype": ["archetype 1", "archetype 2"], "feature": "coverage",
    ...                         "place": [1.8, -1.1]})
    >>> [text.get_text() for text in archetype_profiles(profile).texts]
    ['1.8', '−1.1']
    """
    require_columns(profile, "profile", ["archetype", "feature", "place"])
    return _profile_map(profile, ("archetype", "place"), features, max_sd, "Place in SD from the\nmean reading", ax)


def _profile_map(
    table: pd.DataFrame,
    columns: tuple[str, str],
    features: Sequence[str] | None,
    max_value: float,
    label: str,
    ax: Axes | None,
) -> Axes:
    group, value = columns
    order = list(features) if features is not None else list(table["feature"].unique())
    names = list(table[group].unique())
    upright = len(order) > _MAX_COLUMNS
    size = (
        (max(SINGLE_MM, 62.0 + 17 * len(names)), 24 + 5.0 * len(order))
        if upright
        else (DOUBLE_MM, 36 + 8 * max(len(names), 2))
    )
    with drawing(ax, min(size[0], DOUBLE_MM), size[1]) as axes:
        if not len(table):
            return nothing(axes, "strategies")
        middle, marked = _grid(table, group, value, names, order), np.zeros((len(names), len(order)), bool)
        if "conf_low" in table:
            low, high = (_grid(table, group, end, names, order) for end in ("conf_low", "conf_high"))
            marked = (low > 0) | (high < 0)
        rows, across = _with_sizes(names, table, group, "\n" if upright else " "), [spaced(name) for name in order]
        if upright:
            middle, marked, rows, across = middle.T, marked.T, across, rows
        _color_grid(axes, middle, (rows, across), max_value, label)
        texts = np.vectorize(lambda value, dot: _value(value) + " •" * bool(dot), otypes=[object])(middle, marked)
        _write_cells(axes, texts)
        return axes


def _grid(table: pd.DataFrame, group: str, value: str, names: list, order: list) -> np.ndarray:
    wide = table.pivot(index=group, columns="feature", values=value)
    return wide.reindex(index=names, columns=order).to_numpy(float)


def _with_sizes(names: Sequence[object], table: pd.DataFrame, group: str, gap: str) -> list[str]:
    if "n" not in table:
        return [str(name) for name in names]
    sizes = table.groupby(group, observed=True)["n"].max().to_dict()
    return [f"{name}{gap}(n = {sizes[name]:,.0f})" for name in names]


def _value(value: float) -> str:
    return format_number(value, 1) or "–"


def _color_grid(
    ax: Axes, values: np.ndarray, labels: tuple[list[str], list[str]], max_value: float, label: str
) -> None:
    """Draw values in purple (below zero) and orange (above), with labels of rows and columns."""
    # PuOr keeps its two sides apart with red-green colour blindness (ColorBrewer); signs are printed as well.
    drawn = ax.imshow(values, cmap="PuOr_r", vmin=-max_value, vmax=max_value, aspect="auto")
    rows, columns = labels
    slanted = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"} if max(map(len, columns)) > 8 else {}
    if "\n" in columns[0]:
        slanted = {}
    ax.set_xticks(range(len(columns)), tick_labels(columns), **slanted)
    ax.set_yticks(range(len(rows)), tick_labels(rows))
    _clear_frame(ax, values.shape)
    bar = ax.figure.colorbar(drawn, ax=ax, shrink=0.9, aspect=18, pad=0.02, extend="both")
    bar.set_label(label)


def _clear_frame(ax: Axes, shape: tuple[int, ...]) -> None:
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.hlines(np.arange(1, shape[0]) - 0.5, -0.5, shape[1] - 0.5, color="white", linewidth=1.2)
    ax.vlines(np.arange(1, shape[1]) - 0.5, -0.5, shape[0] - 0.5, color="white", linewidth=1.2)


def _write_cells(ax: Axes, texts: np.ndarray) -> None:
    """Write a text in each cell of the image on the axes, white where the cell is dark."""
    image = ax.images[0]
    # Relative luminance after an approximate sRGB decoding (exponent 2.2).
    colors = np.asarray(image.to_rgba(np.ma.asarray(image.get_array())))[..., :3]
    dark = colors**2.2 @ [0.2126, 0.7152, 0.0722] < _DARK
    for (row, column), text in np.ndenumerate(texts):
        ax.text(column, row, text, ha="center", va="center", color="white" if dark[row, column] else "black")


def transition_matrix(transitions: pd.DataFrame, *, order: Sequence[str] | None = None, ax: Axes | None = None) -> Axes:
    r"""Draw a transition matrix between AOIs: the share and number of gaze transitions from each region to each other.

    Parameters
    ----------
    transitions : pandas.DataFrame
        One row a pair of regions: `source`, `target`, `count`; pairs that are missing never occurred.
    order : sequence of str, optional
        Regions in anatomical order; alphabetical without. Regions left out are not drawn.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        Rows add up to 100% over the targets drawn.

    Examples
    --------
    >>> moves = pd.DataFrame({"source": ["heart", "lung"], "target": ["lung", "heart"], "count": [3, 1]})
    >>> [text.get_text() for text in transition_matrix(moves).texts]
    ['', '100%\n3', '100%\n1', '']
    """
    require_columns(transitions, "transitions", ["source", "target", "count"])
    present = set(transitions["source"]) | set(transitions["target"])
    names = list(order) if order is not None else sorted(present, key=str)
    with drawing(ax, DOUBLE_MM if len(names) > 6 else 110.0, 30 + 9.0 * max(len(names), 3)) as axes:
        if not len(transitions):
            return nothing(axes, "transitions")
        wide = transitions.pivot_table(index="source", columns="target", values="count", aggfunc="sum", fill_value=0)
        counts = wide.reindex(index=names, columns=names, fill_value=0).to_numpy(float)
        leaving = counts.sum(axis=1, keepdims=True)
        # Row-normalised: the maximum-likelihood estimate of first-order transition probabilities. A joint matrix
        # (shares of all transitions) would show mostly which AOI is large.
        shares = np.divide(counts, leaving, out=np.zeros_like(counts), where=leaving > 0)
        drawn = axes.imshow(shares, cmap="Blues", vmin=0, vmax=max(float(shares.max()), 1e-9), aspect="auto")
        rows = [f"{spaced(name)} (n = {size:,.0f})" for name, size in zip(names, leaving[:, 0], strict=True)]
        axes.set_xticks(
            range(len(names)), tick_labels(map(spaced, names)), rotation=35, ha="right", rotation_mode="anchor"
        )
        axes.set_yticks(range(len(names)), tick_labels(rows))
        _clear_frame(axes, shares.shape)
        texts = np.array(
            [
                f"{share:.0%}\n{count:,.0f}" if count else ""
                for share, count in zip(shares.flat, counts.flat, strict=True)
            ]
        )
        _write_cells(axes, texts.reshape(shares.shape))
        axes.set_xlabel("To")
        axes.set_ylabel("From")
        bar = axes.figure.colorbar(drawn, ax=axes, shrink=0.9, aspect=18, pad=0.02)
        bar.set_label("Share of the moves from a region")
        percent_axis(bar.ax.yaxis)
        return axes
