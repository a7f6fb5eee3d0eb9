"""Figures of hidden Markov models: states on the image with the moves between them, the A-B scale beside an outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gazeanalytics.report.figures._common import footnote, halo, nothing, numbers, spaced
from gazeanalytics.report.figures.stimulus import Stimulus
from gazeanalytics.report.styling import SINGLE_MM, drawing, look, plain
from gazeanalytics.tables import require_columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ab_outcome", "hmm_states"]

# Moves rarer than this are left to the table: arrows for all would hide the common ones.
_MIN_MOVE = 0.1
# Nor are there arrows between states that lie nearer than this share of the width.
_MIN_DISTANCE = 0.04
# An ellipse of two standard deviations holds 86 % of a Gaussian in the plane.
_REACH = 2.0
_BLANK = Stimulus()


def hmm_states(
    states: pd.DataFrame,
    *,
    stimulus: Stimulus = _BLANK,
    fixations: pd.DataFrame | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the states (ROIs) of one hidden Markov model on the image, with the transitions between them.

    Ellipses are two standard deviations (86 % of a state's fixations). Arrows are moves of probability 0.1 or more, as
    wide as they are likely; the matrix below gives all: start, then from row to column.

    Parameters
    ----------
    states : pandas.DataFrame
        One model: the rows of one group (and case) of `HMMClustering.table`, or of one reader of `ReaderHMMs.table`.
    stimulus : Stimulus
        The image with its size and AOIs; without, the axes show what the states take up.
    fixations : pandas.DataFrame, optional
        Fixations to draw as faint dots below (columns x, y).
    title : str, optional
        Printed above.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        With y pointing down, in image pixels.

    Raises
    ------
    gazeanalytics.tables.TableError
        If a column is missing.
    ValueError
        If the table holds several models.

    Examples
    --------
    >>> states = pd.DataFrame({"state": [1, 2], "start": [0.9, 0.1], "x": [100.0, 300.0], "sd x": 20.0,
    ...                        "y": [80.0, 200.0], "sd y": 15.0, "to 1": [0.2, 0.5], "to 2": [0.8, 0.5],
    ...                        "correlation": 0.0})
    >>> ax = hmm_states(states, stimulus=Stimulus(size=(400, 300)))
    >>> [text.get_text() for text in ax.texts][:2]
    ['1', '2']
    """
    require_columns(states, "states", ["state", "start", "x", "sd x", "y", "sd y", "to 1"])
    if states["state"].duplicated().any():
        raise ValueError(
            "hmm_states draws one model; the table has several: give the rows of one group, case or reader"
        )
    left, right, top, bottom = _extent(states, stimulus)
    with drawing(ax, SINGLE_MM, 22 + 75 * (bottom - top) / (right - left)) as axes:
        if not len(states):
            return nothing(axes, "states")
        if stimulus.known_size is not None:
            stimulus.draw_below(axes, stimulus.known_size)
            stimulus.draw_above(axes, stimulus.known_size)
        else:
            axes.set(xlim=(left, right), ylim=(bottom, top), aspect="equal")
        if fixations is not None:
            require_columns(fixations, "fixations", ["x", "y"])
            axes.plot(fixations["x"], fixations["y"], ".", color="0.55", ms=1.5, alpha=0.5, rasterized=True, zorder=1)
        for place, row in enumerate(states.to_dict("records")):
            _draw_state(axes, place, row)
        moves = states[[f"to {number + 1}" for number in range(len(states))]].to_numpy(float)
        _draw_moves(axes, states[["x", "y"]].to_numpy(float), moves)
        axes.set_xlabel("x (px)")
        axes.set_ylabel("y (px)")
        if title is not None:
            axes.set_title(plain(title))
        footnote(axes, _matrix(states, moves), below_pt=28 if axes.axison else 6)
        return axes


def ab_outcome(
    scale: pd.DataFrame, outcome: pd.Series, *, label: str = "Outcome", members: pd.Series | None = None,
    ax: Axes | None = None,
) -> Axes:  # fmt: skip
    """Draw an outcome of every reader against the A-B scale, with Spearman's correlation.

    Parameters
    ----------
    scale : pandas.DataFrame
        What `ab_scale` gave: reader, scale.
    outcome : pandas.Series
        A number for each reader, indexed by reader.
    label : str
        Text of the vertical axis.
    members : pandas.Series, optional
        Group of each reader ("A", "B"), indexed by reader: colour and marker.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> scale = pd.DataFrame({"reader": [1, 2, 3, 4], "scale": [-0.2, -0.1, 0.1, 0.2]})
    >>> ax = ab_outcome(scale, pd.Series({1: 0.5, 2: 0.6, 3: 0.7, 4: 0.9}), label="Accuracy")
    >>> ax.get_title(loc="left")
    'Spearman 1.00, 4 readers'
    """
    require_columns(scale, "scale", ["reader", "scale"])
    found = scale.assign(outcome=scale["reader"].map(outcome)).dropna(subset=["scale", "outcome"])
    with drawing(ax, SINGLE_MM, 62) as axes:
        if not len(found):
            return nothing(axes, "readers")
        group = pd.Series("", found.index) if members is None else found["reader"].map(members).astype(str)
        for place, name in enumerate(sorted(group.unique())):
            part, style = found[group == name], look(place)
            axes.plot(
                numbers(part, "scale"), numbers(part, "outcome"), style["marker"], color=style["color"], ms=4, mew=0.5,
                mec="white", label=plain(f"group {name}"),
            )  # fmt: skip
        if members is not None:
            axes.legend()
        axes.axvline(0, color="0.6", lw=0.6, zorder=0)
        # Rank correlation: the A-B scale is a difference of log-likelihoods and has heavy tails.
        ranked = found[["scale", "outcome"]].corr(method="spearman").iloc[0, 1]
        axes.set_title(f"Spearman {ranked:.2f}, {len(found):,} readers")
        axes.set_xlabel("like B  ←  A–B scale  →  like A")
        axes.set_ylabel(plain(spaced(label)))
        return axes


def _extent(states: pd.DataFrame, stimulus: Stimulus) -> tuple[float, float, float, float]:
    """Left, right, top and bottom of what is drawn, px."""
    if stimulus.known_size is not None:
        return 0.0, stimulus.known_size[0], 0.0, stimulus.known_size[1]
    ends = []
    for name in ("x", "y"):
        values, reach = numbers(states, name), 1.3 * _REACH * numbers(states, f"sd {name}")
        ends += [float((values - reach).min()), float((values + reach).max())] if len(states) else [0.0, 1.0]
    return ends[0], ends[1], ends[2], ends[3]


def _draw_state(ax: Axes, place: int, row: dict) -> None:
    from matplotlib.patches import Ellipse

    share = row.get("correlation", 0.0) * row["sd x"] * row["sd y"]
    # Axes of the ellipse are eigenvectors of the covariance, half-axes two square roots of its eigenvalues.
    values, vectors = np.linalg.eigh([[row["sd x"] ** 2, share], [share, row["sd y"] ** 2]])
    width, height = 2 * _REACH * np.sqrt(values)
    turn = np.degrees(np.arctan2(vectors[1, 0], vectors[0, 0]))
    style = look(place)
    for color, line, order in (("white", 3.0, 2), (style["color"], 1.4, 3)):
        ax.add_patch(
            Ellipse(
                (row["x"], row["y"]), width, height, angle=turn, fill=False, ec=color, lw=line, zorder=order,
                ls=style["linestyle"],
            )
        )  # fmt: skip
    # On the rim, each state's number at another angle: states often share a centre.
    angle = np.radians(-100 + 50 * place)
    at = np.array([row["x"], row["y"]]) + vectors @ (0.5 * np.array([width, height]) * (np.cos(angle), np.sin(angle)))
    ax.text(
        at[0], at[1], str(row["state"]), color=style["color"], weight="bold", size=9, ha="center", va="center",
        path_effects=halo(2.5), zorder=6,
    )  # fmt: skip


def _draw_moves(ax: Axes, centres: np.ndarray, moves: np.ndarray) -> None:
    from matplotlib.patches import FancyArrowPatch

    far = np.linalg.norm(centres[:, None] - centres, axis=2) > _MIN_DISTANCE * np.ptp(ax.get_xlim())
    for a, b in np.argwhere(moves >= _MIN_MOVE):
        if far[a, b]:
            move = float(moves[a, b])
            ax.add_patch(
                FancyArrowPatch(
                    tuple(centres[a]), tuple(centres[b]), connectionstyle="arc3,rad=0.25", arrowstyle="-|>",
                    mutation_scale=6 + 4 * move, lw=0.5 + 2 * move, color="0.15", shrinkA=8, shrinkB=8,
                    path_effects=halo(1.2 + 2 * move), zorder=5,
                )
            )  # fmt: skip


def _matrix(states: pd.DataFrame, moves: np.ndarray) -> list[str]:
    """Start and moves as lines of text, one a state."""
    return [
        f"{row['state']}: start {row['start']:.2f}; next "
        + ", ".join(f"{number + 1} {value:.2f}" for number, value in enumerate(moves[place]))
        for place, row in enumerate(states.to_dict("records"))
    ]
