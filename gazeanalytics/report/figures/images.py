"""Figures on the image: scanpaths, attention maps and their differences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gazeanalytics.report.figures._common import color_bar, halo, numbers, one_reading
from gazeanalytics.report.figures.stimulus import Stimulus
from gazeanalytics.report.styling import SINGLE_MM, drawing, plain
from gazeanalytics.tables import require_columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["attention_difference", "attention_map", "scanpath"]

_AREA_PT2_PER_MS = 0.12
_MIN_MS, _MAX_MS = 40.0, 3000.0
_BLANK = Stimulus()


def scanpath(
    fixations: pd.DataFrame,
    *,
    stimulus: Stimulus = _BLANK,
    numbered: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw the scanpath of one reading on its image: fixations in order, with their durations.

    Circle areas are proportional to duration and colour is time; without times, colour is the order and all circles are
    alike. The first fixation has a square. White rims keep marks readable on black and white lungs.

    Parameters
    ----------
    fixations : pandas.DataFrame
        Table ``fixations``, one reading.
    stimulus : Stimulus
        The image with its size, AOIs and viewing geometry; without, the fixations alone set the size.
    numbered : bool
        Print the order beside the fixations, when there are at most 40.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        With y pointing down, in image pixels.

    Raises
    ------
    gazeanalytics.tables.TableError
        If a column is missing, or there is more than one reading.

    Examples
    --------
    >>> fixations = pd.DataFrame({"reading": 1, "onset": [0.0, 300.0], "duration": [250.0, 400.0],
    ...                           "x": [100.0, 300.0], "y": [80.0, 200.0]})
    >>> ax = scanpath(fixations, stimulus=Stimulus(size=(400, 300)))
    >>> [float(end) for end in ax.get_ylim()]
    [300.0, 0.0]

    See Also
    --------
    attention_map : where many fixations lie, without their order.
    visit_raster : the same reading by AOI and time.
    """
    require_columns(fixations, "fixations", ["onset", "x", "y"])
    one_reading(fixations, "fixations")
    size = width, height = stimulus.size_or(numbers(fixations, "x"), numbers(fixations, "y"))
    with drawing(ax, SINGLE_MM, 9 + 73 * height / width) as axes:
        stimulus.draw_below(axes, size)
        stimulus.draw_above(axes, size)
        seen = fixations[fixations["x"].notna() & fixations["y"].notna()]
        if len(seen):
            _draw_path(axes, seen, numbered and len(seen) <= 40)
        else:
            _say(axes, "No fixations to show")
        return axes


def _say(ax: Axes, text: str) -> None:
    ax.text(0.5, 0.5, text, ha="center", va="center", path_effects=halo(), transform=ax.transAxes)


def _draw_path(ax: Axes, seen: pd.DataFrame, numbered: bool) -> None:
    from matplotlib.collections import LineCollection

    places = np.column_stack([numbers(seen, "x"), numbers(seen, "y")])
    durations = numbers(seen, "duration") if "duration" in seen else np.full(len(seen), np.nan)
    timed = bool(np.isfinite(durations).any())
    when = numbers(seen, "onset") / 1000 if timed else np.arange(1.0, len(seen) + 1)
    steps = np.stack([places[:-1], places[1:]], axis=1)
    ax.add_collection(LineCollection(list(steps), colors="white", linewidths=2.2, zorder=2), autolim=False)
    # cividis keeps its order in grey and with any colour vision (Nunez, Anderton & Renslow 2018).
    path = LineCollection(list(steps), array=when[:-1], cmap="cividis", linewidths=1.1, zorder=3)
    path.set_clim(when.min(), max(when.max(), when.min() + 1e-9))
    ax.add_collection(path, autolim=False)
    # Area, not radius, grows with duration, as size is read from area. The clip keeps one long stare from covering the
    # image.
    area = np.where(np.isfinite(durations), durations.clip(_MIN_MS, _MAX_MS) * _AREA_PT2_PER_MS, 14.0)
    look = {"cmap": "cividis", "norm": path.norm, "edgecolors": "white", "linewidths": 0.8, "zorder": 4}
    ax.scatter(places[1:, 0], places[1:, 1], s=area[1:], c=when[1:], **look)
    dots = ax.scatter(places[:1, 0], places[:1, 1], s=area[:1], c=when[:1], marker="s", **look)
    if numbered:
        for order, (x, y) in enumerate(places, 1):
            ax.annotate(str(order), (x, y), xytext=(3, 3), textcoords="offset points", path_effects=halo(1.6), zorder=5)
    bar = color_bar(ax, dots, "Time since image onset (s)" if timed else "Order of points")
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue, reportAttributeAccessIssue]
    if timed:
        _duration_key(ax)


def _duration_key(ax: Axes) -> None:
    handles = [
        ax.scatter([], [], s=ms * _AREA_PT2_PER_MS, color="0.6", edgecolors="white", label=f"{ms} ms")
        for ms in (100, 300, 900)
    ]
    ax.legend(
        handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.01), ncols=3, borderpad=0.1, handletextpad=0.3
    )


def attention_map(
    density: np.ndarray,
    *,
    stimulus: Stimulus = _BLANK,
    unit: str = "ms in a cell",
    max_value: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw an attention map (fixation density, heat map) over its image.

    The more attention, the more opaque and the brighter; a line encloses where it is above half of the largest value,
    so that the map can be read without colour.

    Parameters
    ----------
    density : numpy.ndarray, shape (rows, columns)
        Attention on a grid that covers the whole image, first row on top.
    stimulus : Stimulus
        The image with its size, AOIs and viewing geometry.
    unit : str
        Printed at the colour bar.
    max_value : float, optional
        Value of the brightest colour: give the same to panels that are compared.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If `density` is not a grid of numbers from 0 up.

    Examples
    --------
    >>> ax = attention_map(np.eye(3), stimulus=Stimulus(size=(300, 300)))
    >>> len(ax.images)
    1
    """
    grid = np.asarray(density, float)
    if grid.ndim != 2 or not np.nanmin(grid, initial=0) >= 0:
        raise ValueError(f"density: expected a 2-D grid of numbers, 0 or more; got shape {np.shape(density)}")
    size = width, height = stimulus.known_size or (grid.shape[1], grid.shape[0])
    top = float(max_value if max_value is not None else np.nanmax(grid, initial=0.0)) or 1.0
    on_image = stimulus.image is not None
    with drawing(ax, SINGLE_MM, 3 + 71 * height / width) as axes:
        stimulus.draw_below(axes, size)
        # The square root keeps weak attention visible: with a linear veil it would vanish into the image.
        veil = (np.sqrt(np.clip(grid / top, 0, 1)) * 0.85) if on_image else None
        look = {"cmap": "inferno" if on_image else "Blues", "vmin": 0.0, "vmax": top, "zorder": 1}
        drawn = axes.imshow(grid, origin="upper", extent=(0, width, height, 0), alpha=veil, **look)
        if np.nanmax(grid, initial=0.0) > 0 and min(grid.shape) > 1:
            _enclose(axes, grid, width, height)
        stimulus.draw_above(axes, size)
        color_bar(axes, drawn, f"Attention ({unit})")
        if not np.nansum(grid):
            _say(axes, "No attention to show")
        return axes


def _enclose(ax: Axes, grid: np.ndarray, width: float, height: float) -> None:
    rows, columns = grid.shape
    x = (np.arange(columns) + 0.5) * width / columns
    y = (np.arange(rows) + 0.5) * height / rows
    line = ax.contour(x, y, np.nan_to_num(grid), levels=[np.nanmax(grid) / 2], colors="black", linewidths=0.8, zorder=2)
    line.set_path_effects(halo(2))


def attention_difference(
    first: np.ndarray,
    second: np.ndarray,
    *,
    group_names: tuple[str, str] = ("first", "second"),
    significant: np.ndarray | None = None,
    stimulus: Stimulus = _BLANK,
    ax: Axes | None = None,
) -> Axes:
    """Draw the difference of two attention maps: where one group looked more than another.

    Each map is taken as shares of its own sum, so that long and short readings compare.

    Parameters
    ----------
    first, second : numpy.ndarray, shape (rows, columns)
        Attention of the groups on the same grid.
    group_names : (str, str)
        What the groups are called.
    significant : numpy.ndarray of bool, shape (rows, columns), optional
        Cells where a permutation test finds a difference; they are enclosed.
    stimulus : Stimulus
        The image with its size, AOIs and viewing geometry.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        Orange where the first group looked more, purple where the second did.

    Raises
    ------
    ValueError
        If the grids differ in shape or hold no attention.

    Examples
    --------
    >>> ax = attention_difference(np.eye(3), np.ones((3, 3)), stimulus=Stimulus(size=(300, 300)))
    >>> float(ax.images[-1].get_array().sum().round(12))
    0.0
    """
    if first.shape != second.shape or not (np.nansum(first) > 0 and np.nansum(second) > 0):
        raise ValueError(f"expected two maps with attention on one grid; got {first.shape} and {second.shape}")
    # Shares, not sums: a group that looked longer would else have looked more everywhere.
    difference = first / np.nansum(first) - second / np.nansum(second)
    size = width, height = stimulus.known_size or (first.shape[1], first.shape[0])
    top = float(np.nanmax(np.abs(difference))) or 1.0
    with drawing(ax, SINGLE_MM, 3 + 71 * height / width) as axes:
        stimulus.draw_below(axes, size)
        veil = np.abs(difference) / top * 0.9 if stimulus.image is not None else None
        drawn = axes.imshow(
            difference, cmap="PuOr_r", vmin=-top, vmax=top, origin="upper", extent=(0, width, height, 0), alpha=veil,
            zorder=1,
        )  # fmt: skip
        if significant is not None and significant.any():
            _enclose(axes, significant.astype(float), width, height)
        stimulus.draw_above(axes, size)
        bar = color_bar(axes, drawn, "")
        bar.set_ticks(
            [-top, 0, top], labels=[f"more\n{plain(group_names[1])}", "same", f"more\n{plain(group_names[0])}"]
        )
        return axes
