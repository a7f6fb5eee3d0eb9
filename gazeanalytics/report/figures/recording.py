"""Figures of recordings: labels of samples beside the trace, main sequence, data loss, sampling rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from gazeanalytics.report.figures._common import (
    footnote,
    nothing,
    numbers,
    one_reading,
    percent_axis,
    small_title,
    tick_labels,
)
from gazeanalytics.report.styling import DOUBLE_MM, OKABE_ITO, SINGLE_MM, drawing, plain
from gazeanalytics.tables import LABELS, require_columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["data_loss", "labelled_trace", "main_sequence", "sampling_rate"]

_MAX_DOTS = 2000
_LABEL_COLORS = dict(
    zip(LABELS, ("none", OKABE_ITO[5], OKABE_ITO[1], OKABE_ITO[2], OKABE_ITO[4], "0.1", "0.75"), strict=True)
)
_ROW = 0.075


def labelled_trace(
    samples: pd.DataFrame,
    labels: Mapping[str, ArrayLike],
    *,
    start: float | None = None,
    stop: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw raw gaze over time, with the event labels of each coder or detector in rows below.

    Where rows differ, the eye sees at once what a detector does otherwise than a coder: ends saccades later, splits
    fixations, misses blinks.

    Parameters
    ----------
    samples : pandas.DataFrame
        Table ``samples`` of one reading.
    labels : mapping of str to array_like of int, shape (samples,)
        For each name the places in ``tables.LABELS``, such as ``events.labels`` of a detector.
    start, stop : float, optional
        Stretch of time to show (ms). Default: all.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        x is the solid line, y the dashed one, in px; rows of labels come in the order of `labels`.

    Examples
    --------
    >>> samples = pd.DataFrame({"reading": 1, "t": np.arange(6) * 4.0, "x": [5.0, 5, 5, 60, 60, 60], "y": 9.0})
    >>> ax = labelled_trace(samples, {"coder": [1, 1, 2, 2, 1, 1], "detector": [1, 1, 1, 2, 1, 1]})
    >>> ax.get_legend_handles_labels()[1]
    ['x', 'y', 'fixation', 'saccade']
    """
    require_columns(samples, "samples", ["reading", "t", "x", "y"])
    one_reading(samples, "samples")
    t = numbers(samples, "t")
    kept = (t >= (-np.inf if start is None else start)) & (t <= (np.inf if stop is None else stop))
    rows = {name: _codes(name, codes, len(t))[kept] for name, codes in labels.items()}
    with drawing(ax, DOUBLE_MM, 50 + 4 * len(rows)) as axes:
        if not kept.any():
            return nothing(axes, "samples")
        times, x, y = t[kept], numbers(samples, "x")[kept], numbers(samples, "y")[kept]
        axes.plot(times, x, color="black", linewidth=0.9, label="x")
        axes.plot(times, y, color="0.45", linewidth=0.9, linestyle=(0, (3, 1)), label="y")
        _draw_label_rows(axes, times, rows)
        axes.set_xlim(times[0], times[-1])
        axes.set_xlabel("Time (ms)")
        axes.set_ylabel("Gaze (px)", loc="top")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=8, borderpad=0, handlelength=1.4)
        return axes


def _codes(name: str, labels: ArrayLike, size: int) -> np.ndarray:
    codes = np.asarray(labels)
    if codes.shape != (size,) or codes.dtype.kind not in "iu" or (size and codes.max(initial=0) >= len(LABELS)):
        raise ValueError(
            f"labels of {name!r}: expected one place in tables.LABELS a sample, shape ({size},); got {codes.dtype} "
            f"{codes.shape}"
        )
    return codes


def _draw_label_rows(ax: Axes, times: np.ndarray, rows: Mapping[str, np.ndarray]) -> None:
    """Bars of one colour a kind, in rows below the trace, which moves up to make room."""
    low, high = ax.get_ylim()
    room = _ROW * len(rows) + 0.02
    ax.set_ylim(low - (high - low) * room / (1 - room), high)
    ax.set_yticks([tick for tick in ax.get_yticks() if low <= tick <= high])
    # A label lasts until the next sample; the last one as long as the usual interval.
    step = float(np.median(np.diff(times))) if len(times) > 1 else 1.0
    across = ax.get_xaxis_transform()
    named: set[str] = set()
    for place, (name, codes) in enumerate(rows.items()):
        foot = room - 0.02 - _ROW * (place + 1)
        fresh = np.flatnonzero(np.append(True, codes[1:] != codes[:-1]))
        ends = np.append(times[fresh[1:]], times[-1] + step)
        for kind in np.unique(codes[codes > 0]):
            own = codes[fresh] == kind
            spans = np.column_stack([times[fresh][own], (ends - times[fresh])[own]])
            label = LABELS[kind] if LABELS[kind] not in named else None
            named.add(LABELS[kind])
            ax.broken_barh(
                spans.tolist(), (foot + 0.008, _ROW - 0.016), facecolor=_LABEL_COLORS[LABELS[kind]],
                transform=across, label=label, linewidth=0,
            )  # fmt: skip
        ax.text(-0.008, foot + _ROW / 2, plain(name), transform=ax.transAxes, ha="right", va="center", clip_on=False)


def main_sequence(saccades: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the main sequence: peak velocity of saccades against amplitude, both logarithmic, with a power law.

    A detector that works gives one band with a slope of about 0.5 to 0.6 (Bahill, Clark & Stark 1975); a second cloud
    shows noise, merged saccades or blinks taken for saccades.

    Parameters
    ----------
    saccades : pandas.DataFrame
        Table ``saccades``.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        The line is the least-squares fit of log peak speed on log amplitude.

    Examples
    --------
    >>> amplitude = np.array([0.5, 1.0, 4.0, 16.0])
    >>> ax = main_sequence(pd.DataFrame({"amplitude_deg": amplitude, "peak_speed_deg_s": 80 * amplitude**0.5}))
    >>> ax.get_legend_handles_labels()[1]
    ['80 deg/s × amplitude^0.50']

    References
    ----------
    Bahill, A. T., Clark, M. R., & Stark, L. (1975). The main sequence, a tool for studying human eye movements.
    Mathematical Biosciences, 24, 191-204.
    """
    require_columns(saccades, "saccades", ["amplitude_deg", "peak_speed_deg_s"])
    amplitude, speed = numbers(saccades, "amplitude_deg"), numbers(saccades, "peak_speed_deg_s")
    known = (amplitude > 0) & (speed > 0)
    amplitude, speed = amplitude[known], speed[known]
    with drawing(ax, SINGLE_MM, 66) as axes:
        if not len(amplitude):
            return nothing(axes, "saccades")
        axes.set_xscale("log")
        axes.set_yscale("log")
        if len(amplitude) > _MAX_DOTS:
            counts = axes.hexbin(
                amplitude, speed, xscale="log", yscale="log", gridsize=45, cmap="Greys", bins="log", mincnt=1,
                linewidths=0.1,
            )  # fmt: skip
            axes.figure.colorbar(
                counts, ax=axes, shrink=0.6, aspect=25, pad=0.02, label="Saccades in a cell", format="%.4g"
            )
        else:
            axes.scatter(amplitude, speed, s=5, color="0.45", alpha=0.5, linewidths=0, rasterized=len(amplitude) > 500)
        if len(np.unique(amplitude)) > 1:
            _draw_power_law(axes, amplitude, speed)
        axes.set_xlabel("Amplitude (deg)")
        axes.set_ylabel("Peak speed (deg/s)")
        _name_decades(axes)
        small_title(axes, f"{len(amplitude):,} saccades")
        return axes


def _draw_power_law(ax: Axes, amplitude: np.ndarray, speed: np.ndarray) -> None:
    # Least squares on logarithms, so that small and large saccades weigh alike. The exponential main sequence, which
    # saturates, fits saccades above 15 deg better, but only a line shows a second cloud at a glance.
    slope, offset = np.polyfit(np.log(amplitude), np.log(speed), 1)
    ends = np.array([amplitude.min(), amplitude.max()])
    label = f"{np.exp(offset):.0f} deg/s × amplitude^{slope:.2f}"
    ax.plot(ends, np.exp(offset) * ends**slope, color=OKABE_ITO[1], linewidth=1.4, label=label)
    ax.legend(loc="lower right")


def _name_decades(ax: Axes) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(LogLocator(base=10, subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())


def data_loss(
    quality: pd.DataFrame,
    *,
    column: str = "loss",
    show_names: bool = False,
    max_loss: float = 0.2,
    ax: Axes | None = None,
) -> Axes:
    """Draw data loss: the share of gaze samples lost in each reader's readings, from least to most.

    Parameters
    ----------
    quality : pandas.DataFrame
        One row a reading: `reader` and the share of samples lost.
    column : str
        The share lost, 0 to 1.
    show_names : bool
        Print the readers' names; they are persons, so by default only their rank is printed.
    max_loss : float
        Share marked by a line, such as a study's criterion for leaving a reading out.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        Dots are medians, bars reach from the first to the third quartile, thin lines from the least to the most.

    Examples
    --------
    >>> ax = data_loss(pd.DataFrame({"reader": ["a", "a", "b"], "loss": [0.1, 0.3, 0.02]}), show_names=True)
    >>> [text.get_text() for text in ax.get_yticklabels()]
    ['b', 'a']
    """
    require_columns(quality, "quality", ["reader", column])
    known = quality[quality[column].notna()]
    by_reader = known.groupby("reader", observed=True)[column].describe()
    readers = len(by_reader)
    with drawing(ax, SINGLE_MM, min(20 + 3.6 * max(readers, 4), 150)) as axes:
        if not readers:
            return nothing(axes, "recording quality")
        by_reader = by_reader.sort_values(["50%", "75%"], kind="stable")
        spans = by_reader[["min", "25%", "50%", "75%", "max"]].to_numpy(float)
        places = np.arange(readers)
        thick = min(3.0, 300 / readers)
        # Three drawing calls for any number of readers: a box plot of its own for each of hundreds takes seconds.
        axes.hlines(places, spans[:, 0], spans[:, 4], color="0.6", linewidth=0.6)
        axes.hlines(places, spans[:, 1], spans[:, 3], color=OKABE_ITO[5], linewidth=thick)
        axes.plot(spans[:, 2], places, "o", color=OKABE_ITO[0], markersize=min(4.0, 2 + thick / 2))
        axes.axvline(max_loss, color="0.4", linewidth=0.6, linestyle="--")
        above = int((known[column] > max_loss).sum())
        small_title(axes, f"{above:,} of {len(known):,} readings lost more than {max_loss:.0%}")
        axes.set_yticks(places if show_names else [], tick_labels(by_reader.index) if show_names else [])
        axes.set_ylabel("" if show_names else f"{readers} readers, least to most loss")
        axes.set_ylim(-0.8, readers - 0.2)
        axes.tick_params(axis="y", length=0)
        axes.set_xlim(0, min(1.0, max(spans.max() * 1.05, max_loss * 1.2)))
        percent_axis(axes.xaxis)
        axes.set_xlabel("Samples lost: median, quartiles, range")
        return axes


def sampling_rate(quality: pd.DataFrame, *, column: str = "rate_hz", ax: Axes | None = None) -> Axes:
    """Draw how many readings were recorded at which rate: a jittery or mixed clock shows at once.

    Parameters
    ----------
    quality : pandas.DataFrame
        One row a reading, with its sampling rate.
    column : str
        The rate in Hz.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> ax = sampling_rate(pd.DataFrame({"rate_hz": [500.0, 500.0, 499.0]}))
    >>> ax.get_xlabel()
    'Sampling rate (Hz)'
    """
    require_columns(quality, "quality", [column])
    rate = numbers(quality, column)
    rate = rate[np.isfinite(rate)]
    with drawing(ax, SINGLE_MM, 50) as axes:
        if not len(rate):
            return nothing(axes, "sampling rates")
        half = max(np.ptp(rate) / 2, 0.02 * rate.mean())
        middle = (rate.min() + rate.max()) / 2
        axes.hist(rate, bins=np.linspace(middle - half, middle + half, 42).tolist(), color=OKABE_ITO[0])
        axes.set_xlabel("Sampling rate (Hz)")
        axes.set_ylabel("Readings")
        footnote(axes, [f"median {np.median(rate):.4g} Hz; {len(rate):,} readings"])
        return axes
