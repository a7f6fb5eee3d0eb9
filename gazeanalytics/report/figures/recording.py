"""Figures of the recording's quality: main sequence, data loss, sampling rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gazeanalytics.report.figures._common import footnote, needs, nothing, numbers, tick_labels
from gazeanalytics.report.styling import OKABE_ITO, SINGLE_MM, drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["data_loss", "main_sequence", "sampling_rate"]

_MOST_DOTS = 2000


def main_sequence(saccades: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw peak speed against amplitude of saccades, both logarithmic, with the power law through them.

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
    """
    needs(saccades, "saccades", ["amplitude_deg", "peak_speed_deg_s"])
    amplitude, speed = numbers(saccades, "amplitude_deg"), numbers(saccades, "peak_speed_deg_s")
    known = (amplitude > 0) & (speed > 0)
    amplitude, speed = amplitude[known], speed[known]
    with drawing(ax, SINGLE_MM, 66) as axes:
        if not len(amplitude):
            return nothing(axes, "saccades")
        axes.set_xscale("log")
        axes.set_yscale("log")
        if len(amplitude) > _MOST_DOTS:
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
        axes.set_title(f"{len(amplitude):,} saccades", fontweight="normal", fontsize=7)
        return axes


def _draw_power_law(ax: Axes, amplitude: np.ndarray, speed: np.ndarray) -> None:
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
    quality: pd.DataFrame, *, column: str = "loss", names: bool = False, limit: float = 0.2, ax: Axes | None = None
) -> Axes:
    """Draw how much gaze was lost in each reader's readings, from least to most.

    Parameters
    ----------
    quality : pandas.DataFrame
        One row a reading: `reader` and the share of samples lost.
    column : str
        The share lost, 0 to 1.
    names : bool
        Print the readers' names; they are persons, so by default only their rank is printed.
    limit : float
        Share marked by a line, such as a study's criterion for leaving a reading out.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        Dots are medians, bars reach from the first to the third quartile, thin lines from the least to the most.

    Examples
    --------
    >>> ax = data_loss(pd.DataFrame({"reader": ["a", "a", "b"], "loss": [0.1, 0.3, 0.02]}), names=True)
    >>> [text.get_text() for text in ax.get_yticklabels()]
    ['b', 'a']
    """
    needs(quality, "quality", ["reader", column])
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
        axes.hlines(places, spans[:, 0], spans[:, 4], color="0.6", linewidth=0.6)
        axes.hlines(places, spans[:, 1], spans[:, 3], color=OKABE_ITO[5], linewidth=thick)
        axes.plot(spans[:, 2], places, "o", color=OKABE_ITO[0], markersize=min(4.0, 2 + thick / 2))
        axes.axvline(limit, color="0.4", linewidth=0.6, linestyle="--")
        above = int((known[column] > limit).sum())
        axes.set_title(
            f"{above:,} of {len(known):,} readings lost more than {limit:.0%}", fontweight="normal", fontsize=7
        )
        axes.set_yticks(places if names else [], tick_labels(by_reader.index) if names else [])
        axes.set_ylabel("" if names else f"{readers} readers, least to most loss")
        axes.set_ylim(-0.8, readers - 0.2)
        axes.tick_params(axis="y", length=0)
        axes.set_xlim(0, min(1.0, max(spans.max() * 1.05, limit * 1.2)))
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
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
    needs(quality, "quality", [column])
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
