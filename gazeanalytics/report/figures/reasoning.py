"""Figures of reasoning: calibration of statements, gaze and speech, similarity of readings of a case."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gazeanalytics.report.figures._common import (
    draw_intervals,
    legend_above,
    nothing,
    numbers,
    percent_axis,
    row_axis,
    small_title,
    spaced,
    stack_shares,
)
from gazeanalytics.report.number_format import format_interval, format_number, format_p_equation
from gazeanalytics.report.styling import DOUBLE_MM, OKABE_ITO, SINGLE_MM, drawing, look, plain
from gazeanalytics.tables import require_columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["case_similarity", "claims", "eye_voice_spans", "looks_and_words", "paired_scores", "retrieval"]

_ROW_MM = 5.5


def claims(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw how often each kind of statement is true, beside the disagreement of readers on it.

    Parameters
    ----------
    table : pandas.DataFrame
        From `reasoning.claims_against_truth`: says, n, p_true, disagreement.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> table = pd.DataFrame({"says": ["negative", "positive"], "n": [583, 947], "p_true": [0.057, 0.582],
    ...     "disagreement": [0.08, 0.239]})
    >>> [text.get_text() for text in claims(table).get_yticklabels()]
    ['negative (n = 583)', 'positive (n = 947)']
    """
    require_columns(table, "claims", ["says", "n", "p_true", "disagreement"])
    said = table[table["n"] > 0]
    with drawing(ax, SINGLE_MM, 24 + 9 * max(len(said), 2)) as axes:
        if not len(said):
            return nothing(axes, "statements")
        rows = np.arange(len(said))
        parts = (("p_true", "true", -0.19), ("disagreement", "pairs of readers that disagree", 0.19))
        for place, (column, label, shift) in enumerate(parts):
            style, shares = look(place), numbers(said, column)
            axes.barh(
                rows + shift, shares, height=0.34, color=style["color"], hatch=style["hatch"], edgecolor="white",
                label=label,
            )  # fmt: skip
            for row, share in zip(rows, shares, strict=True):
                axes.text(share + 0.01, row + shift, format_number(share, 3), va="center")
        row_axis(axes, (f"{says} (n = {n:,})" for says, n in zip(said["says"], said["n"], strict=True)))
        axes.set_xlim(0, min(1.0, 1.2 * numbers(said, "p_true").max() + 0.08))
        axes.set_xlabel("Share")
        axes.set_ylabel("The report says")
        legend_above(axes, max_columns=2)
        return axes


def paired_scores(
    table: pd.DataFrame, *, first: str, second: str, label: str = "Score", ax: Axes | None = None
) -> Axes:
    """Draw a scatter plot of two scores of the same cases, with their mean difference.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a case, with both columns.
    first, second : str
        Columns: horizontal and vertical.
    label : str
        What they measure.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        Dots above the diagonal: `second` is higher. The title gives the mean difference.

    Examples
    --------
    >>> table = pd.DataFrame({"chance": [0.1, 0.2, 0.3], "gaze": [0.3, 0.4, 0.5]})
    >>> paired_scores(table, first="chance", second="gaze").get_title(loc="left")
    'gaze higher by 0.200 on average (n = 3)'
    """
    require_columns(table, "scores", [first, second])
    both = table[[first, second]].dropna()
    with drawing(ax, SINGLE_MM, SINGLE_MM) as axes:
        if not len(both):
            return nothing(axes, "scores")
        x, y = numbers(both, first), numbers(both, second)
        low, high = min(x.min(), y.min()), max(x.max(), y.max())
        margin = 0.04 * (high - low or 1.0)
        ends = [low - margin, high + margin]
        axes.plot(ends, ends, color="0.5", linewidth=0.8, linestyle="--")
        axes.plot(x, y, "o", color=OKABE_ITO[0], markersize=3.2, alpha=0.7, markeredgewidth=0)
        axes.plot(x.mean(), y.mean(), "D", color=OKABE_ITO[1], markersize=6, markeredgecolor="white")
        axes.set_xlim(*ends)
        axes.set_ylim(*ends)
        axes.set_aspect("equal")
        axes.set_xlabel(plain(f"{label}, {spaced(first)}"))
        axes.set_ylabel(plain(f"{label}, {spaced(second)}"))
        difference = (y - x).mean()
        way = "higher" if difference >= 0 else "lower"
        title = f"{spaced(second)} {way} by {format_number(abs(difference), 3)} on average (n = {len(both):,})"
        small_title(axes, title)
        return axes


def eye_voice_spans(spans: pd.DataFrame, *, show_names: bool = False, ax: Axes | None = None) -> Axes:
    """Draw the eye-voice span of each reader (how far gaze leads speech), beside chance.

    Parameters
    ----------
    spans : pandas.DataFrame
        From `reasoning.eye_voice_span_by_reader`: reader, mentions, span_ms, low_ms, high_ms, chance_ms.
    show_names : bool
        Print readers' names; else they stay anonymous, in order of their span.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> spans = pd.DataFrame({"reader": ["ann"], "mentions": [40], "span_ms": [900.0], "low_ms": [700.0],
    ...     "high_ms": [1100.0], "chance_ms": [2500.0]})
    >>> eye_voice_spans(spans).get_legend_handles_labels()[1]
    ['median (95% CI)', 'chance']
    """
    require_columns(spans, "spans", ["reader", "mentions", "span_ms", "low_ms", "high_ms", "chance_ms"])
    known = spans[spans["span_ms"].notna()].sort_values("span_ms", kind="stable")
    with drawing(ax, SINGLE_MM, 26 + _ROW_MM * max(len(known), 2)) as axes:
        if not len(known):
            return nothing(axes, "spans")
        rows = np.arange(len(known))
        middle, low, high, chance = (
            numbers(known, name) / 1000 for name in ("span_ms", "low_ms", "high_ms", "chance_ms")
        )
        draw_intervals(axes, rows, middle, low, high, label="median (95% CI)")
        axes.plot(chance, rows, "D", color="0.35", markerfacecolor="white", markersize=4, label="chance")
        shown = known["reader"].astype(str) if show_names else [f"reader {row + 1}" for row in rows]
        counts = known["mentions"]
        row_axis(axes, (f"{name} (n = {n:,})" for name, n in zip(shown, counts, strict=True)))
        axes.set_xlim(left=0)
        axes.set_xlabel("Eye-voice span (s)")
        legend_above(axes, max_columns=2)
        return axes


def looks_and_words(table: pd.DataFrame, *, by: str = "region", ax: Axes | None = None) -> Axes:
    """Draw, by region, how often it was looked at and named, only looked at, only named, or neither.

    Parameters
    ----------
    table : pandas.DataFrame
        From `reasoning.looked_and_said`: verdict and the column `by`.
    by : str
        Column that groups.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> table = pd.DataFrame({"region": ["heart"] * 4, "verdict": ["looked and said"] * 3 + ["said only"]})
    >>> [text.get_text() for text in looks_and_words(table).texts]
    ['75%', '25%']
    """
    require_columns(table, "looks and words", [by, "verdict"])
    with drawing(ax, 0.75 * DOUBLE_MM, 30 + 8 * max(table[by].nunique(), 2)) as axes:
        if not len(table):
            return nothing(axes, "looks or words")
        kinds = ["looked and said", "looked only", "said only", "neither"]
        counts = pd.crosstab(table[by], table["verdict"]).reindex(columns=kinds, fill_value=0)
        counts = counts.loc[:, counts.sum() > 0]
        counts.index = [spaced(name) for name in counts.index]
        stack_shares(axes, counts)
        axes.set_xlabel(plain(f"Share of readings, by {spaced(by)}"))
        return axes


def case_similarity(similarity: pd.DataFrame, estimates: pd.DataFrame | None = None, *, ax: Axes | None = None) -> Axes:
    """Draw how similar readings are to other readers' readings of the same case, and of different cases.

    Parameters
    ----------
    similarity : pandas.DataFrame
        `readings` of `reasoning.case_similarity`: same, different.
    estimates : pandas.DataFrame, optional
        Its `estimates`: the difference and its p-value are then reported.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> ax = case_similarity(pd.DataFrame({"same": [0.5, 0.6], "different": [0.1, 0.2]}))
    >>> ax.get_legend_handles_labels()[1]
    ['same case', 'different cases']
    """
    import seaborn as sns

    require_columns(similarity, "similarity", ["same", "different"])
    known = similarity[similarity["same"].notna()]
    with drawing(ax, SINGLE_MM, 62) as axes:
        if not len(known):
            return nothing(axes, "pairs of readings")
        values = {"same case": numbers(known, "same"), "different cases": numbers(known, "different")}
        edges = np.histogram_bin_edges(np.concatenate([*values.values()]), bins=40).tolist()
        for place, (label, own) in enumerate(values.items()):
            style = look(place)
            line = {"color": style["color"], "linestyle": style["linestyle"]}
            sns.histplot(
                x=own, bins=edges, stat="probability", element="step", label=label, alpha=0.35, ax=axes, **line
            )
            axes.axvline(own.mean(), linewidth=0.8, **line)
        axes.set_xlabel(f"Mean similarity (cosine) with other readers' readings (n = {len(known):,})")
        axes.set_ylabel("Share of readings")
        axes.legend(loc="upper right")
        if estimates is not None:
            row = estimates[estimates["term"].eq("difference")]
            names = ("estimate", "conf_low", "conf_high", "p_value")
            value, low, high, chance = (float(numbers(row, name)[0]) for name in names)
            title = f"difference {format_number(value)} {format_interval(low, high)}, {format_p_equation(chance)}"
            small_title(axes, title)
        return axes


def retrieval(estimates: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw recall at k of case retrieval: how often the reading's own case is among the k most similar, beside chance.

    Parameters
    ----------
    estimates : pandas.DataFrame
        `estimates` of `reasoning.retrieve_cases`: rows recall_at_k and chance_at_k.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> table = pd.DataFrame({"term": ["recall_at_1", "chance_at_1"], "estimate": [0.4, 0.01],
    ...     "conf_low": [0.35, None], "conf_high": [0.45, None], "n": 200})
    >>> [text.get_text() for text in retrieval(table).get_xticklabels()]
    ['1']
    """
    require_columns(estimates, "estimates", ["term", "estimate", "conf_low", "conf_high", "n"])
    found = {name: estimates[estimates["term"].str.startswith(f"{name}_at_")] for name in ("recall", "chance")}
    with drawing(ax, SINGLE_MM, 62) as axes:
        if not len(found["recall"]):
            return nothing(axes, "retrieval")
        places = np.arange(len(found["recall"]))
        value, low, high = (numbers(found["recall"], name) for name in ("estimate", "conf_low", "conf_high"))
        axes.vlines(places, low, high, OKABE_ITO[0], linewidth=1.2)
        axes.plot(places, value, "o-", color=OKABE_ITO[0], markersize=4.5, label="readings (95% CI)")
        axes.plot(places, numbers(found["chance"], "estimate"), "D--", color="0.35", markerfacecolor="white",
                  markersize=4, label="guessing")  # fmt: skip
        axes.set_xticks(places, [term.rpartition("_")[2] for term in found["recall"]["term"]])
        axes.set_xlim(-0.3, len(places) - 0.7)
        axes.set_ylim(0, 1.02)
        percent_axis(axes.yaxis)
        axes.set_xlabel(f"k most similar cases (n = {found['recall']['n'].max():,.0f} readings)")
        axes.set_ylabel("Own case among them")
        axes.legend(loc="upper left")
        return axes
