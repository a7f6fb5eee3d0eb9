"""Flow diagram of a study: what goes on from step to step, and what is left out beside it (CONSORT)."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pandas as pd

from gazeanalytics.report.figures._common import nothing
from gazeanalytics.report.styling import drawing, plain
from gazeanalytics.tables import require_columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["flow_diagram"]

_COLUMNS = ["step", "kind", "readings", "readers"]
_WIDTH_MM, _ROW_MM = 130.0, 15.0
_IN, _OUT = 0.22, 0.56  # middle of the boxes that go on, left edge of those beside them


def flow_diagram(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    r"""Draw boxes of what goes on, from above to below, and beside them boxes of what is left out.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a box in order: `step` (its words), `kind` ("in" or "out"), `readings` and `readers` (counts).
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> table = pd.DataFrame({"step": ["All readings", "Too few fixations", "Analysed"], "kind": ["in", "out", "in"],
    ...                       "readings": [40, 3, 37], "readers": [4, 2, 4]})
    >>> [text.get_text() for text in flow_diagram(table).texts if text.get_text()][1]
    'Too few fixations\n3 readings, 2 readers'
    """
    require_columns(table, "flow", _COLUMNS)
    with drawing(ax, _WIDTH_MM, 6.0 + _ROW_MM * max(len(table), 2)) as axes:
        if not len(table):
            return nothing(axes, "steps")
        axes.axis("off")
        axes.set(xlim=(0, 1), ylim=(len(table) - 0.4, -0.6))
        arrow = {"arrowstyle": "-|>", "color": "0.3", "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0}
        going = [place for place, kind in enumerate(table["kind"]) if kind == "in"]
        for first, then in pairwise(going):
            axes.annotate("", (_IN, then - 0.3), (_IN, first + 0.3), arrowprops=arrow)
        columns = (table[name].tolist() for name in _COLUMNS)
        for place, (step, kind, readings, readers) in enumerate(zip(*columns, strict=True)):
            words = f"{plain(step)}\n{_count(readings, 'reading')}, {_count(readers, 'reader')}"
            box = {"boxstyle": "round,pad=0.5", "facecolor": "0.94" if kind == "out" else "white", "edgecolor": "0.3"}
            if kind == "out":
                axes.annotate("", (_OUT - 0.025, place), (_IN, place), arrowprops=arrow, zorder=1)
                axes.text(_OUT, place, words, ha="left", va="center", bbox=box, zorder=3)
            else:
                axes.text(_IN, place, words, ha="center", va="center", bbox=box, zorder=3)
        return axes


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
