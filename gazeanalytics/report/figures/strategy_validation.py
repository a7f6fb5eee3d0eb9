"""Figures that say how far to believe in strategies: how many, how stable, under which choices, and archetypes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gazeanalytics.report.figures._common import footnote, halo, nothing, numbers, small_title, spaced, tick_labels
from gazeanalytics.report.styling import DOUBLE_MM, OKABE_ITO, SINGLE_MM, drawing, look, plain
from gazeanalytics.tables import require_columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["archetype_map", "choice_curve", "multiverse_table", "strategy_stability"]

_VERDICTS = {"types": 0, "continuum": 1, "none": 2}


def choice_curve(choices: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw model selection: BIC, silhouette or variance explained by number of clusters, and the number chosen.

    Parameters
    ----------
    choices : pandas.DataFrame
        `groups`, and one of `bic` (with `strategies`, what is left once groups without a density gap are
        joined), `silhouette` or `explained`; `chosen` marks the number taken.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> choices = pd.DataFrame({"groups": [2, 3, 4], "silhouette": [0.3, 0.5, 0.4], "chosen": [False, True, False]})
    >>> choice_curve(choices).get_ylabel()
    'Mean silhouette'
    """
    choices = choices.rename(columns={"archetypes": "groups"})
    labels = {"bic": "BIC (less is better)", "silhouette": "Mean silhouette", "explained": "Variance explained"}
    measure = next((name for name in labels if name in choices), "bic")
    require_columns(choices, "choices", ["groups", measure])
    with drawing(ax, SINGLE_MM, 56) as axes:
        if not len(choices):
            return nothing(axes, "choices")
        x, y = numbers(choices, "groups"), numbers(choices, measure)
        axes.plot(x, y, "o-", color=look(0)["color"], markersize=4)
        if "chosen" in choices:
            taken = choices["chosen"].to_numpy(bool)
            axes.plot(x[taken], y[taken], "o", color="black", markersize=8, fillstyle="none")
            axes.annotate(
                "chosen", (x[taken][0], y[taken][0]), xytext=(0, -14), textcoords="offset points", ha="center"
            )
        if "strategies" in choices:
            for place, height, count in zip(x, y, choices["strategies"], strict=True):
                text = f"{count} after joining"
                axes.annotate(text, (place, height), xytext=(0, 8), textcoords="offset points", ha="center")
        axes.margins(x=0.35, y=0.25)
        axes.set_xticks(x, [f"{value:.0f}" for value in x])
        axes.set_xlabel("Archetypes" if measure == "explained" else "Groups")
        axes.set_ylabel(labels[measure])
        return axes


def strategy_stability(stability: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw cluster stability over resamples: adjusted Rand index, mutual information, Jaccard overlap of each strategy.

    Parameters
    ----------
    stability : pandas.DataFrame
        One row a resample: `ari`, `ami`, `jaccard 1`, `jaccard 2`, ..., and optionally `over` (readers, cases).
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        Violins over resamples with their quartiles. Below 0.5 (dotted) a strategy counts as dissolved (Hennig 2007).

    Examples
    --------
    >>> table = pd.DataFrame({"ari": [0.9, 0.8], "ami": [0.9, 0.7], "jaccard 1": [1.0, 0.9]})
    >>> [text.get_text() for text in strategy_stability(table).get_yticklabels()]
    ['All: ARI', 'All: AMI', 'Strategy 1']

    References
    ----------
    Hennig, C. (2007). Cluster-wise assessment of cluster stability. Computational Statistics & Data Analysis, 52,
    258-271.
    """
    import seaborn as sns

    require_columns(stability, "stability", ["ari", "ami"])
    names = ["ari", "ami", *(name for name in stability if str(name).startswith("jaccard"))]
    labels = ["All: ARI", "All: AMI", *(f"Strategy {str(name).split()[-1]}" for name in names[2:])]
    over = stability["over"] if "over" in stability else pd.Series("resample", index=stability.index)
    groups = list(dict.fromkeys(over))
    with drawing(ax, SINGLE_MM, 18 + 7.0 * len(names)) as axes:
        if not len(stability):
            return nothing(axes, "resamples")
        long = stability[names].assign(over=[f"{spaced(group)} resampled" for group in over]).melt("over")
        sns.violinplot(
            long, x="value", y="variable", hue="over", split=len(groups) == 2, gap=0.1, cut=0, inner="quart",
            density_norm="width", width=0.9, linewidth=0.8, palette=list(OKABE_ITO[: len(groups)]), saturation=1,
            legend="brief" if "over" in stability else False, ax=axes,
        )  # fmt: skip
        axes.axvline(0.5, color="0.5", linestyle=":", linewidth=0.8)
        axes.set_yticks(range(len(names)), tick_labels(labels))
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_ylabel("")
        axes.set_xlim(min(0.0, float(stability[names].to_numpy(float).min())), 1.03)
        axes.set_xlabel("Agreement with the strategies of all readings")
        if "over" in stability:
            axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, borderpad=0, handletextpad=0.4)
        return axes


def multiverse_table(multiverse: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw a multiverse analysis: how verdict, number of strategies and agreement change with each analysis choice.

    Parameters
    ----------
    multiverse : pandas.DataFrame
        One row a universe, the baseline first: `setting`, `value`, `verdict`, `strategies`, `ari`.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> table = pd.DataFrame({"setting": ["baseline", "scaling"], "value": ["", "rank"], "verdict": ["types", "none"],
    ...                       "strategies": [3, 0], "ari": [1.0, 0.0]})
    >>> [text.get_text() for text in multiverse_table(table).texts]
    ['3 types', 'none', '1 of 1 other choices change the verdict.']
    """
    require_columns(multiverse, "multiverse", ["setting", "value", "verdict", "strategies", "ari"])
    with drawing(ax, DOUBLE_MM, 16 + 4.4 * len(multiverse)) as axes:
        if not len(multiverse):
            return nothing(axes, "universes")
        rows: list[Any] = list(multiverse.itertuples())
        for place, row in enumerate(rows):
            style = look(_VERDICTS.get(str(row.verdict), 3))
            axes.plot(float(row.ari), place, style["marker"], color=style["color"], markersize=5, clip_on=False)
            text = f"{row.strategies} types" if row.verdict == "types" else str(row.verdict)
            axes.text(
                1.06, place, plain(text), transform=axes.get_yaxis_transform(), va="center", color=style["color"],
                fontweight="bold" if row.verdict != rows[0].verdict else "normal",
            )  # fmt: skip
        axes.hlines(range(len(rows)), 0, 1, color="0.9", linewidth=0.6, zorder=0)
        axes.set_yticks(range(len(rows)), tick_labels(f"{spaced(row.setting)} {row.value}".strip() for row in rows))
        axes.set_ylim(len(rows) - 0.5, -0.6)
        axes.set_xlim(min(0.0, float(multiverse["ari"].min())), 1)
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel("Agreement with the baseline's strategies (ARI)")
        changed = sum(row.verdict != rows[0].verdict for row in rows[1:])
        footnote(axes, [f"{changed} of {len(rows) - 1} other choices change the verdict."])
        return axes


def archetype_map(scores: pd.DataFrame, *, color: pd.Series | None = None, ax: Axes | None = None) -> Axes:
    """Draw a simplex plot of archetypes: corners of a polygon, each reading at the average of its shares.

    Parameters
    ----------
    scores : pandas.DataFrame
        One row a reading: its shares in each archetype; columns whose name doesn't begin with "archetype" are left out.
    color : pandas.Series, optional
        A number for each reading that colours it (coverage, certainty, ...); its name is the label.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        With three archetypes the map is exact; with more, different shares can fall on one place.

    Examples
    --------
    >>> scores = pd.DataFrame({"archetype 1": [1.0, 0.2], "archetype 2": [0.0, 0.3], "archetype 3": [0.0, 0.5]})
    >>> [text.get_text() for text in archetype_map(scores).texts]
    ['archetype 1', 'archetype 2', 'archetype 3']
    """
    names = [str(name) for name in scores if str(name).startswith("archetype")]
    require_columns(scores, "scores", names or ["archetype 1"])
    known = scores[names].notna().all(axis=1)
    shares = scores.loc[known, names].to_numpy(float)
    # Barycentric coordinates: a reading lies at the average of the corners, weighted by its shares.
    angle = np.pi / 2 + 2 * np.pi * np.arange(len(names)) / len(names)
    corners = np.column_stack([np.cos(angle), np.sin(angle)])
    with drawing(ax, SINGLE_MM, 82) as axes:
        if not len(shares):
            return nothing(axes, "readings")
        axes.plot(*np.vstack([corners, corners[:1]]).T, color="0.6", linewidth=0.8)
        size = float(np.clip(2500 / len(shares), 2, 12))
        values = (
            {"color": look(0)["color"]} if color is None else {"c": color[known].to_numpy(float), "cmap": "cividis"}
        )
        drawn = axes.scatter(*(shares @ corners).T, s=size, alpha=0.6, linewidths=0, rasterized=True, **values)
        for name, corner in zip(names, corners, strict=True):
            axes.annotate(plain(name), corner * 1.12, ha="center", va="center", path_effects=halo(2.5))
        if color is not None:
            bar = axes.figure.colorbar(drawn, ax=axes, shrink=0.7, pad=0.02)
            bar.set_label(plain(spaced(color.name)))
        axes.set_aspect("equal")
        axes.margins(0.12)
        axes.set_axis_off()
        small_title(axes, f"{len(shares):,} readings")
        return axes
