"""What every figure does the same way: check its table, say that there is nothing, put a note below."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gazeanalytics.report.styling import plain
from gazeanalytics.tables import TableError, nearest

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["footnote", "halo", "needs", "nothing", "numbers", "tick_labels"]

_LONGEST_LINE = 100


def needs(frame: pd.DataFrame, table: str, columns: Sequence[str]) -> None:
    """Raise a `TableError` when the table lacks a column."""
    have = [str(name) for name in frame.columns]
    for column in columns:
        if column not in have:
            came = "no such column" + (f"; {nearest(column, have)}" if have else "")
            raise TableError(table, column, None, "this column", came)


def numbers(frame: pd.DataFrame, column: str) -> np.ndarray:
    """Column as float64; NaN where it is missing."""
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
            "\n".join(plain(textwrap.fill(line, _LONGEST_LINE)) for line in lines),
            (0, 0),
            xytext=(0, -below_pt),
            xycoords="axes fraction",
            textcoords="offset points",
            va="top",
            ha="left",
            color="0.25",
            annotation_clip=False,
        )


def tick_labels(labels: Iterable[object]) -> list[str]:
    """Names as tick labels, shown letter by letter."""
    return [plain(label) for label in labels]


def halo(width: float = 2.0) -> list:
    """White rim that keeps dark marks readable on dark images and light marks on light ones."""
    from matplotlib import patheffects

    return [patheffects.withStroke(linewidth=width, foreground="white")]
