"""Figures on the image: scanpaths, regions, attention maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gazeanalytics.report.figures._common import halo, numbers, one_reading
from gazeanalytics.report.number_format import level_name
from gazeanalytics.report.styling import SINGLE_MM, drawing, plain
from gazeanalytics.tables import require_columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from gazeanalytics.geometry import Box, Viewing

__all__ = ["attention_difference", "attention_map", "draw_image", "draw_scale_bar", "scanpath"]

_AREA_PT2_PER_MS = 0.12
_SHORTEST_MS, _LONGEST_MS = 40.0, 3000.0
_BARS_DEG = (10.0, 5.0, 2.0, 1.0, 0.5, 0.2)


def scanpath(
    fixations: pd.DataFrame,
    *,
    image: np.ndarray | None = None,
    size: tuple[float, float] | None = None,
    regions: pd.DataFrame | None = None,
    viewing: Viewing | None = None,
    shown: Box | None = None,
    numbered: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw where one reading looked, in order, on its image.

    Circle areas are proportional to duration and colour is time; without times, colour is the order and all circles are
    alike. The first fixation has a square. White rims keep marks readable on black and white lungs.

    Parameters
    ----------
    fixations : pandas.DataFrame
        Table ``fixations``, one reading.
    image : numpy.ndarray, shape (height, width) or (height, width, 3), optional
        The image, first row on top.
    size : (float, float), optional
        Width and height of the image in px; from `image`, or from the fixations, without.
    regions : pandas.DataFrame, optional
        Table ``regions`` of this case: boxes and ellipses are outlined, lesions heavier.
    viewing : gazeanalytics.geometry.Viewing, optional
        For a bar that shows how long some degrees are.
    shown : gazeanalytics.geometry.Box, optional
        Part of the image that was on the screen; the rest is veiled.
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
    >>> ax = scanpath(fixations, size=(400, 300))
    >>> [float(end) for end in ax.get_ylim()]
    [300.0, 0.0]
    """
    require_columns(fixations, "fixations", ["onset", "x", "y"])
    one_reading(fixations, "fixations")
    width, height = _size(fixations, image, size)
    with drawing(ax, SINGLE_MM, 9 + 73 * height / width) as axes:
        draw_image(axes, image, width, height)
        if regions is not None:
            _draw_regions(axes, regions)
        if shown is not None:
            _veil(axes, shown, width, height)
        seen = fixations[fixations["x"].notna() & fixations["y"].notna()]
        if len(seen):
            _draw_path(axes, seen, numbered and len(seen) <= 40)
        else:
            axes.text(width / 2, height / 2, "No fixations to show", ha="center", va="center", path_effects=halo())
        if viewing is not None:
            draw_scale_bar(axes, viewing, width, height)
        return axes


def _size(fixations: pd.DataFrame, image: np.ndarray | None, size: tuple[float, float] | None) -> tuple[float, float]:
    if size is not None:
        return float(size[0]), float(size[1])
    if image is not None:
        return float(image.shape[1]), float(image.shape[0])
    x, y = numbers(fixations, "x"), numbers(fixations, "y")
    known = np.isfinite(x) & np.isfinite(y)
    return (float(x[known].max()) * 1.05, float(y[known].max()) * 1.05) if known.any() else (1.0, 1.0)


def draw_image(ax: Axes, image: np.ndarray | None, width: float, height: float) -> None:
    """Draw the image, or a pale frame in its place, with y pointing down."""
    from matplotlib.patches import Rectangle

    if image is None:
        ax.add_patch(Rectangle((0, 0), width, height, facecolor="0.96", edgecolor="0.7", linewidth=0.6, zorder=0))
    else:
        ax.imshow(image, cmap="gray", origin="upper", extent=(0, width, height, 0), zorder=0)
    ax.set_aspect("equal")
    ax.set_xlim(0, width)
    ax.set_ylim(height, 0)
    ax.set_axis_off()


def _draw_regions(ax: Axes, regions: pd.DataFrame) -> None:
    from matplotlib.patches import Ellipse, Rectangle

    require_columns(regions, "regions", ["region", "x0", "y0", "x1", "y1"])
    for region in regions.to_dict("records"):
        x0, y0 = region["x0"], region["y0"]
        width, height = region["x1"] - x0, region["y1"] - y0
        lesion = region.get("kind") == "lesion"
        line = {
            "fill": False,
            "edgecolor": "#D55E00" if lesion else "0.55",
            "linewidth": 1.4 if lesion else 0.7,
            "path_effects": halo(2.4 if lesion else 1.6),
            "zorder": 1,
        }
        if region.get("shape") == "ellipse":
            ax.add_patch(Ellipse((x0 + width / 2, y0 + height / 2), width, height, **line))
        else:
            ax.add_patch(Rectangle((x0, y0), width, height, **line))
        name = plain(level_name(str(region["region"])))
        ax.annotate(
            name, (x0, y0), xytext=(2, 1 if lesion else -2), textcoords="offset points",
            va="bottom" if lesion else "top", path_effects=halo(), zorder=5, annotation_clip=True,
        )  # fmt: skip


def _veil(ax: Axes, shown: Box, width: float, height: float) -> None:
    """Cover what was not on the screen."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    outer = [(0, 0), (width, 0), (width, height), (0, height), (0, 0)]
    inner = [(shown.x0, shown.y0), (shown.x0, shown.y1), (shown.x1, shown.y1), (shown.x1, shown.y0)]
    inner.append(inner[0])
    codes = [Path.MOVETO, *[Path.LINETO] * 3, Path.CLOSEPOLY] * 2
    ring = Path([*outer, *inner], codes)
    ax.add_patch(PathPatch(ring, facecolor="0.5", alpha=0.5, edgecolor="none", zorder=1))


def _draw_path(ax: Axes, seen: pd.DataFrame, numbered: bool) -> None:
    from matplotlib.collections import LineCollection

    places = np.column_stack([numbers(seen, "x"), numbers(seen, "y")])
    durations = numbers(seen, "duration") if "duration" in seen else np.full(len(seen), np.nan)
    timed = bool(np.isfinite(durations).any())
    when = numbers(seen, "onset") / 1000 if timed else np.arange(1.0, len(seen) + 1)
    steps = np.stack([places[:-1], places[1:]], axis=1)
    ax.add_collection(LineCollection(list(steps), colors="white", linewidths=2.2, zorder=2), autolim=False)
    path = LineCollection(list(steps), array=when[:-1], cmap="cividis", linewidths=1.1, zorder=3)
    path.set_clim(when.min(), max(when.max(), when.min() + 1e-9))
    ax.add_collection(path, autolim=False)
    area = np.where(np.isfinite(durations), durations.clip(_SHORTEST_MS, _LONGEST_MS) * _AREA_PT2_PER_MS, 14.0)
    look = {"cmap": "cividis", "norm": path.norm, "edgecolors": "white", "linewidths": 0.8, "zorder": 4}
    ax.scatter(places[1:, 0], places[1:, 1], s=area[1:], c=when[1:], **look)
    dots = ax.scatter(places[:1, 0], places[:1, 1], s=area[:1], c=when[:1], marker="s", **look)
    if numbered:
        for order, (x, y) in enumerate(places, 1):
            ax.annotate(str(order), (x, y), xytext=(3, 3), textcoords="offset points", path_effects=halo(1.6), zorder=5)
    bar = ax.figure.colorbar(dots, ax=ax, shrink=0.6, aspect=25, pad=0.02)
    bar.set_label("Time since image onset (s)" if timed else "Order of points")
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


def draw_scale_bar(ax: Axes, viewing: Viewing, width: float, height: float) -> None:
    """Draw a bar at the lower left whose length is a round number of degrees around the line of sight."""
    distance = float(np.mean(viewing.distance_x_px))
    lengths = [(deg, 2 * distance * np.tan(np.deg2rad(deg / 2))) for deg in _BARS_DEG]
    deg, length = next(((deg, px) for deg, px in lengths if px <= 0.3 * width), lengths[-1])
    x, y = 0.04 * width, height - 0.04 * height
    rim = halo(3)
    ax.plot([x, x + length], [y, y], color="black", linewidth=1.6, path_effects=rim, zorder=6, solid_capstyle="butt")
    ax.annotate(
        f"{deg:g}°", (x + length / 2, y), xytext=(0, 2), textcoords="offset points", ha="center", va="bottom",
        path_effects=halo(2), zorder=6,
    )  # fmt: skip


def attention_map(
    density: np.ndarray,
    *,
    image: np.ndarray | None = None,
    size: tuple[float, float] | None = None,
    viewing: Viewing | None = None,
    regions: pd.DataFrame | None = None,
    unit: str = "ms in a cell",
    largest: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Lay a map of attention over its image.

    The more attention, the more opaque and the brighter; a line encloses where it is above half of the largest value,
    so that the map can be read without colour.

    Parameters
    ----------
    density : numpy.ndarray, shape (rows, columns)
        Attention on a grid that covers the whole image, first row on top.
    image : numpy.ndarray, shape (height, width), optional
        The image.
    size : (float, float), optional
        Width and height in px; from `image`, or from `density`, without.
    viewing : gazeanalytics.geometry.Viewing, optional
        For a bar in degrees.
    regions : pandas.DataFrame, optional
        Table ``regions`` of this case.
    unit : str
        Printed at the colour bar.
    largest : float, optional
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
    >>> ax = attention_map(np.eye(3), size=(300, 300))
    >>> len(ax.images)
    1
    """
    grid = np.asarray(density, float)
    if grid.ndim != 2 or not np.nanmin(grid, initial=0) >= 0:
        raise ValueError(f"density must be a 2-D grid of numbers from 0 up; got {np.shape(density)}")
    width, height = size or ((image if image is not None else grid).shape[1::-1])
    top = float(largest if largest is not None else np.nanmax(grid, initial=0.0)) or 1.0
    with drawing(ax, SINGLE_MM, 3 + 71 * height / width) as axes:
        draw_image(axes, image, width, height)
        veil = (np.sqrt(np.clip(grid / top, 0, 1)) * 0.85) if image is not None else None
        look = {"cmap": "inferno" if image is not None else "Blues", "vmin": 0.0, "vmax": top, "zorder": 1}
        drawn = axes.imshow(grid, origin="upper", extent=(0, width, height, 0), alpha=veil, **look)
        if np.nanmax(grid, initial=0.0) > 0 and min(grid.shape) > 1:
            _enclose(axes, grid, width, height)
        if regions is not None:
            _draw_regions(axes, regions)
        if viewing is not None:
            draw_scale_bar(axes, viewing, width, height)
        bar = axes.figure.colorbar(drawn, ax=axes, shrink=0.6, aspect=25, pad=0.02)
        bar.set_label(f"Attention ({plain(unit)})")
        if not np.nansum(grid):
            axes.text(width / 2, height / 2, "No attention to show", ha="center", va="center", path_effects=halo())
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
    names: tuple[str, str] = ("first", "second"),
    sure: np.ndarray | None = None,
    image: np.ndarray | None = None,
    size: tuple[float, float] | None = None,
    viewing: Viewing | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw where one group looked more than another: each map as shares of its own sum, then their difference.

    Parameters
    ----------
    first, second : numpy.ndarray, shape (rows, columns)
        Attention of the groups on the same grid.
    names : (str, str)
        What the groups are called.
    sure : numpy.ndarray of bool, shape (rows, columns), optional
        Cells where the difference stands a test; they are enclosed.
    image : numpy.ndarray, shape (height, width), optional
        The image.
    size : (float, float), optional
        Width and height in px; from `image`, or from the grid, without.
    viewing : gazeanalytics.geometry.Viewing, optional
        For a bar in degrees.
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
    >>> ax = attention_difference(np.eye(3), np.ones((3, 3)), size=(300, 300))
    >>> float(ax.images[-1].get_array().sum().round(12))
    0.0
    """
    if first.shape != second.shape or not (np.nansum(first) > 0 and np.nansum(second) > 0):
        raise ValueError(f"expected two maps with attention on one grid; got {first.shape} and {second.shape}")
    difference = first / np.nansum(first) - second / np.nansum(second)
    width, height = size or ((image if image is not None else first).shape[1::-1])
    most = float(np.nanmax(np.abs(difference))) or 1.0
    with drawing(ax, SINGLE_MM, 3 + 71 * height / width) as axes:
        draw_image(axes, image, width, height)
        veil = np.abs(difference) / most * 0.9 if image is not None else None
        drawn = axes.imshow(
            difference, cmap="PuOr_r", vmin=-most, vmax=most, origin="upper", extent=(0, width, height, 0), alpha=veil,
            zorder=1,
        )  # fmt: skip
        if sure is not None and sure.any():
            _enclose(axes, sure.astype(float), width, height)
        if viewing is not None:
            draw_scale_bar(axes, viewing, width, height)
        bar = axes.figure.colorbar(drawn, ax=axes, shrink=0.6, aspect=25, pad=0.02, ticks=[-most, 0, most])
        bar.set_ticklabels([f"more\n{plain(names[1])}", "same", f"more\n{plain(names[0])}"])
        return axes
