"""Figures of accuracy and certainty: calibration, ROC curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gazeanalytics.report.figures._common import footnote, nothing, numbers
from gazeanalytics.report.styling import OKABE_ITO, SINGLE_MM, drawing, look, plain
from gazeanalytics.tables import require_columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["calibration", "roc"]

_FOOT = -0.26


def calibration(
    table: pd.DataFrame, *, name_column: str | None = None, label: str = "Stated probability", ax: Axes | None = None
) -> Axes:
    """Draw a calibration curve (reliability diagram): observed frequency of findings against stated probability.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a phrase, a reader or a bin: `stated` (mean probability), `observed` (share that were present), `low`
        and `high` (its interval), `n`.
    name_column : str, optional
        Column of names to print beside the dots, such as the phrases.
    label : str
        Text of the horizontal axis.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        Dots on the diagonal are well calibrated. The strip at the foot shows how many statements each dot stands for.

    Examples
    --------
    >>> table = pd.DataFrame({"stated": [0.1, 0.9], "observed": [0.2, 0.7], "low": [0.1, 0.6], "high": [0.3, 0.8],
    ...                       "n": [40, 60]})
    >>> calibration(table).get_xlabel()
    'Stated probability (n = 100)'

    See Also
    --------
    roc : how well findings and their absence are separated, whatever the probabilities.
    """
    require_columns(
        table, "calibration", ["stated", "observed", "low", "high", "n", *([name_column] if name_column else [])]
    )
    filled = table[table["n"] > 0]
    with drawing(ax, 114.0 if name_column else SINGLE_MM, 106.0) as axes:
        if not len(filled):
            return nothing(axes, "certainties")
        stated, observed, size = (numbers(filled, name) for name in ("stated", "observed", "n"))
        # The diagonal: stated and observed frequency agree.
        axes.plot([0, 1], [0, 1], color="0.5", linewidth=0.8, linestyle="--")
        axes.vlines(stated, numbers(filled, "low"), numbers(filled, "high"), OKABE_ITO[0], linewidth=1.2)
        axes.plot(stated, observed, "o", color=OKABE_ITO[0], markersize=4.5)
        _draw_sizes(axes, stated, size)
        if name_column:
            _name_dots(axes, filled[name_column], stated, observed)
        axes.set_xlim(-0.03, 1.03)
        axes.set_ylim(_FOOT, 1.03)
        axes.set_yticks(np.arange(6) / 5)
        axes.set_aspect("equal")
        axes.set_xlabel(plain(f"{label} (n = {size.sum():,.0f})"))
        axes.set_ylabel("Share that were present (95% CI)")
        return axes


def _draw_sizes(ax: Axes, places: np.ndarray, sizes: np.ndarray) -> None:
    """Draw bars with their numbers in the strip under the diagram."""
    heights = 0.1 * sizes / sizes.max()
    ax.vlines(places, _FOOT, _FOOT + heights, color="0.72", linewidth=4)
    for x, height, size in zip(_apart(places, 0.042), heights, sizes, strict=True):
        ax.text(x, _FOOT + height + 0.01, f"{size:,.0f}", rotation=90, ha="center", va="bottom", color="0.3")
    ax.axhline(0, color="0.8", linewidth=0.6, zorder=0)


def _name_dots(ax: Axes, names: pd.Series, x: np.ndarray, y: np.ndarray) -> None:
    """Print names in a column at the right, each with a line to its dot."""
    heights = _apart(y, 0.05)
    for name, right, up, height in zip(names, x, y, heights, strict=True):
        ax.plot([right, 1.04], [up, height], color="0.6", linewidth=0.5, zorder=0, clip_on=False)
        ax.text(1.05, height, plain(name), va="center", ha="left")


def _apart(places: np.ndarray, gap: float) -> np.ndarray:
    """Move labels so that neighbours are at least `gap` apart, within 0 to 1."""
    # First push each label above the one below it, then pull the stack back down from the upper edge.
    order = np.argsort(places, kind="stable")
    moved = places[order].copy()
    for place in range(1, len(moved)):
        moved[place] = max(moved[place], moved[place - 1] + gap)
    moved[-1:] = np.minimum(moved[-1:], 1.0)
    for place in range(len(moved) - 2, -1, -1):
        moved[place] = min(moved[place], moved[place + 1] - gap)
    back = np.empty_like(moved)
    back[order] = moved
    return back


def roc(
    curves: pd.DataFrame,
    *,
    points: pd.DataFrame | None = None,
    areas: pd.DataFrame | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw ROC curves with their confidence bands, and single readers as operating points.

    Parameters
    ----------
    curves : pandas.DataFrame
        One row a point of a curve: `false_positive_share`, `true_positive_share`, optionally `conf_low`, `conf_high`
        (bootstrap over readers and cases, else the band is too narrow), and `curve` with the curve's name.
    points : pandas.DataFrame, optional
        Operating points, one row a reader: `false_positive_share`, `true_positive_share`, optionally `curve`.
    areas : pandas.DataFrame, optional
        Table `estimates` of `stats.mrmc` or `stats.one_shot`: each curve's area and its interval stand in the legend.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> curve = pd.DataFrame({"false_positive_share": [0.0, 0.2, 1.0], "true_positive_share": [0.0, 0.8, 1.0]})
    >>> ax = roc(curve, points=curve[1:2])
    >>> len(ax.lines)
    3
    """
    require_columns(curves, "curves", ["false_positive_share", "true_positive_share"])
    with drawing(ax, SINGLE_MM, SINGLE_MM) as axes:
        if not len(curves):
            return nothing(axes, "curves")
        axes.plot([0, 1], [0, 1], color="0.5", linewidth=0.8, linestyle="--")
        for place, (name, part) in enumerate(_by_curve(curves)):
            style = look(place)
            x = numbers(part, "false_positive_share")
            if {"conf_low", "conf_high"} <= set(part):
                band = numbers(part, "conf_low"), numbers(part, "conf_high")
                axes.fill_between(x, *band, color=style["color"], alpha=0.18, linewidth=0)
            line = {"color": style["color"], "linestyle": style["linestyle"], "linewidth": 1.4}
            axes.plot(x, numbers(part, "true_positive_share"), label=plain(_with_area(name, areas)), **line)
        if points is not None:
            _draw_points(axes, points, [name for name, _ in _by_curve(curves)])
        axes.set_xlim(-0.02, 1.02)
        axes.set_ylim(-0.02, 1.02)
        axes.set_aspect("equal")
        axes.set_xlabel("False positives (share of cases without the finding)")
        axes.set_ylabel("True positives (share of cases with it)")
        if "curve" in curves:
            axes.legend(loc="lower right")
        lines = ["Dots: single readers."] if points is not None else []
        if {"conf_low", "conf_high"} <= set(curves):
            lines.append("Bands: 95% at each share, readers and cases resampled.")
        footnote(axes, lines, 32)
        return axes


def _with_area(name: str, areas: pd.DataFrame | None) -> str:
    """Put a curve's area behind its name."""
    if areas is None:
        return name
    require_columns(areas, "areas", ["term", "contrast", "estimate", "conf_low", "conf_high"])
    own = areas[(areas["term"] == "mean") & (areas["contrast"].astype(str) == name)]
    if not len(own):
        return name
    value, low, high = own[["estimate", "conf_low", "conf_high"]].to_numpy(float)[0]
    return f"{name}: {value:.2f} [{low:.2f}, {high:.2f}]"


def _by_curve(frame: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    if "curve" not in frame:
        return [("", frame)]
    return [(str(name), part) for name, part in frame.groupby("curve", sort=False, observed=True)]


def _draw_points(ax: Axes, points: pd.DataFrame, names: list[str]) -> None:
    require_columns(points, "points", ["false_positive_share", "true_positive_share"])
    for name, part in _by_curve(points):
        style = look(names.index(name) if name in names else 0)
        x, y = numbers(part, "false_positive_share"), numbers(part, "true_positive_share")
        ax.plot(x, y, style["marker"], color=style["color"], markersize=3.5, alpha=0.7, markeredgecolor="white",
                markeredgewidth=0.4)  # fmt: skip
