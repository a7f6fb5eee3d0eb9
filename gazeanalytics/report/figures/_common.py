"""Shared parts of figures: rows with names, dots with intervals, shares as bars, titles, notes, colour bars."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gazeanalytics.report.styling import OKABE_ITO, look, plain, whole_figure
from gazeanalytics.tables import TableError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.cm import ScalarMappable
    from matplotlib.colorbar import Colorbar

__all__ = [
    "color_bar",
    "draw_intervals",
    "footnote",
    "halo",
    "legend_above",
    "nothing",
    "numbers",
    "one_reading",
    "percent_axis",
    "row_axis",
    "small_title",
    "spaced",
    "stack_shares",
    "tick_labels",
]

_MAX_LINE = 100


def one_reading(frame: pd.DataFrame, table: str) -> None:
    """Raise a `TableError` when a table holds more than one reading.

    Examples
    --------
    >>> one_reading(pd.DataFrame({"reading": [1, 2]}), "visits")
    Traceback (most recent call last):
    gazeanalytics.tables.errors.TableError: table 'visits', column 'reading': expected the rows of one reading; got 2
    readings; draw them one by one
    """
    count = frame["reading"].nunique() if "reading" in frame else 0
    if count > 1:
        raise TableError(table, "reading", None, "the rows of one reading", f"{count} readings; draw them one by one")


def numbers(frame: pd.DataFrame, column: str) -> np.ndarray:
    """Column as float64; NaN where it is missing.

    Examples
    --------
    >>> numbers(pd.DataFrame({"duration": [250, None]}), "duration").tolist()
    [250.0, nan]
    """
    return frame[column].to_numpy(dtype=float, na_value=np.nan)


def nothing(ax: Axes, what: str) -> Axes:
    """Say on the axes that there was nothing to draw."""
    ax.set_axis_off()
    ax.text(0.5, 0.5, f"No {plain(what)} to show", ha="center", va="center", color="0.35", transform=ax.transAxes)
    return ax


def footnote(ax: Axes, lines: Sequence[str], below_pt: float = 28) -> None:
    """Write lines under the axis label, from the left edge of the axes; long ones are broken."""
    if lines:
        ax.annotate(
            "\n".join(plain(textwrap.fill(line, _MAX_LINE)) for line in lines),
            (0, 0),
            xytext=(0, -below_pt),
            xycoords="axes fraction",
            textcoords="offset points",
            va="top",
            ha="left",
            color="0.25",
            annotation_clip=False,
        )


def row_axis(ax: Axes, names: Iterable[object]) -> None:
    """Name the rows 0, 1, ... of a figure from top to bottom, without ticks and axis line.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = Figure().subplots()
    >>> row_axis(ax, ["heart", "left lung"])
    >>> [float(end) for end in ax.get_ylim()]
    [1.6, -0.6]
    """
    labels = tick_labels(names)
    ax.set_yticks(range(len(labels)), labels)
    ax.set_ylim(len(labels) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)


def percent_axis(axis: Axis) -> None:
    """Print the ticks of an axis of shares as whole percent.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = Figure().subplots()
    >>> percent_axis(ax.xaxis)
    >>> ax.xaxis.get_major_formatter()(0.25, None)
    '25%'
    """
    axis.set_major_formatter(lambda share, _: f"{share:.0%}")


def draw_intervals(
    ax: Axes, rows: np.ndarray, values: np.ndarray, low: np.ndarray, high: np.ndarray, *, label: str | None = None
) -> None:
    """Draw a dot and its confidence interval in each row."""
    ax.hlines(rows, low, high, OKABE_ITO[0], linewidth=1.2)
    ax.plot(values, rows, "o", color=OKABE_ITO[0], markersize=4.5, label=label)


def small_title(ax: Axes, text: str) -> None:
    """Print a result above the axes, in the size of the labels."""
    ax.set_title(plain(text), fontweight="normal", fontsize=7)


def color_bar(ax: Axes, drawn: ScalarMappable, label: str) -> Colorbar:
    """Draw the key of a colour scale at the right of a map."""
    bar = ax.figure.colorbar(drawn, ax=ax, shrink=0.6, aspect=25, pad=0.02)
    bar.set_label(plain(label))
    return bar


def tick_labels(labels: Iterable[object]) -> list[str]:
    r"""Names as tick labels, shown letter by letter.

    Examples
    --------
    >>> tick_labels(["left lung", "$x"])
    ['left lung', '\\$x']
    """
    return [plain(label) for label in labels]


def spaced(name: object) -> str:
    """Name of a column for readers of a paper.

    Examples
    --------
    >>> spaced("time_to_first_fixation_ms")
    'time to first fixation ms'
    """
    return str(name).replace("_", " ")


def halo(width: float = 2.0) -> list:
    """White rim that keeps dark marks readable on dark images and light marks on light ones."""
    from matplotlib import patheffects

    return [patheffects.withStroke(linewidth=width, foreground="white")]


def stack_shares(ax: Axes, counts: pd.DataFrame) -> None:
    """Draw a bar of shares for each row of a table of counts; a column named "none" is grey."""
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
            # A narrower part has no room for its label.
            if share >= 0.07:
                _label_part(ax, left[row] + share / 2, row, f"{share:.0%}")
        left += shares[:, place]
    row_axis(ax, (f"{name} (n = {size:,})" for name, size in counts.sum(axis=1).items()))
    ax.set_xlim(0, 1)
    percent_axis(ax.xaxis)
    legend_above(ax, max_columns=3)


def legend_above(ax: Axes, *, max_columns: int) -> None:
    """Put a legend above the axes that reads row by row, in as many columns as the figure has room for."""
    handles, labels = ax.get_legend_handles_labels()
    figure = whole_figure(ax)
    for columns in range(max_columns, 0, -1):
        order = _row_by_row(len(labels), columns)
        legend = ax.legend(
            [handles[place] for place in order], [labels[place] for place in order], loc="lower left",
            bbox_to_anchor=(0, 1.01), ncols=columns, borderpad=0, handlelength=1.2,
        )  # fmt: skip
        # The width of a legend is known only once it is drawn, so it is tried with fewer and fewer columns.
        legend.set_in_layout(False)  # while it may be too wide, it would push the axes together
        figure.draw_without_rendering()
        legend.set_in_layout(True)
        if legend.get_window_extent().x1 <= figure.bbox.x1:
            break


def _row_by_row(count: int, columns: int) -> list[int]:
    """Order in which a legend that fills column by column reads row by row."""
    rows = -(-count // columns)
    full = count - columns * (rows - 1)
    return [row * columns + column for column in range(columns) for row in range(rows if column < full else rows - 1)]


def _label_part(ax: Axes, x: float, y: float, text: str) -> None:
    box = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.85}
    ax.text(x, y, text, ha="center", va="center", color="black", bbox=box)


def _legend_name(name: object) -> str:
    """Matplotlib leaves names with a leading underscore out of legends; a thin space before it keeps them."""
    text = plain(name)
    return "\u200a" + text if text.startswith("_") else text
