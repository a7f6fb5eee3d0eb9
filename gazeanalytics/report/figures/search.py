"""Figures of visual search: AOI visits over time, time to first fixation of lesions, coverage, error types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gazeanalytics.report.figures._common import (
    halo,
    nothing,
    numbers,
    one_reading,
    percent_axis,
    row_axis,
    small_title,
    spaced,
    stack_shares,
)
from gazeanalytics.report.figures.stimulus import Stimulus
from gazeanalytics.report.styling import DOUBLE_MM, OKABE_ITO, SINGLE_MM, drawing, look, plain
from gazeanalytics.tables import require_columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from gazeanalytics.geometry import Viewing

__all__ = ["coverage_map", "hit_curve", "lag_curve", "miss_shares", "visit_raster"]

# A gap this long between visits is drawn: shorter ones are saccades.
_GAP_MS = 150.0
_CHARACTER_MM = 1.1


def visit_raster(
    visits: pd.DataFrame,
    *,
    traces: pd.DataFrame | None = None,
    order: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw AOI visits (dwells) of one reading over time, with what was said meanwhile, on one clock.

    Parameters
    ----------
    visits : pandas.DataFrame
        Table ``visits``, one reading.
    traces : pandas.DataFrame, optional
        Table ``traces`` of the same reading, with `onset` and `offset` of each step; the text stands in its span, cut
        where the span is too short.
    order : sequence of str, optional
        Regions from top to bottom; in order of the first visit without.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        Times outside all regions are hatched.

    Raises
    ------
    gazeanalytics.tables.TableError
        If a column is missing, or there is more than one reading.

    Examples
    --------
    >>> visits = pd.DataFrame({"reading": 1, "onset": [0.0, 600.0], "duration": [500.0, 900.0],
    ...                        "region": ["heart", "left_lung"]})
    >>> traces = pd.DataFrame({"reading": 1, "step": [0], "text": ["Heart normal."], "onset": [200.0],
    ...                        "offset": [1400.0]})
    >>> [text.get_text() for text in visit_raster(visits, traces=traces).get_yticklabels()]
    ['heart', 'left lung', 'said']
    """
    require_columns(visits, "visits", ["reading", "onset", "region", "duration"])
    one_reading(visits, "visits")
    names = list(order) if order is not None else list(visits["region"].unique())
    spoken = _spoken(traces)
    with drawing(ax, DOUBLE_MM, 18 + 5.5 * (len(names) + bool(len(spoken)))) as axes:
        if not len(visits):
            return nothing(axes, "visits")
        onset, duration = numbers(visits, "onset") / 1000, np.nan_to_num(numbers(visits, "duration")) / 1000
        for row, name in enumerate(names):
            here = (visits["region"] == name).to_numpy()
            spans = list(zip(onset[here], duration[here], strict=True))
            axes.broken_barh(spans, (row - 0.36, 0.72), facecolor=OKABE_ITO[0], edgecolor="white", linewidth=0.3)
        _hatch_gaps(axes, onset, onset + duration, len(names))
        end = float((onset + duration).max())
        if len(spoken):
            end = max(end, float(spoken["offset"].max()) / 1000)
        axes.set_xlim(min(0.0, float(onset.min())), end)
        if len(spoken):
            _write_speech(axes, spoken, len(names), DOUBLE_MM * 0.85)
        rows = [*map(spaced, names), *(["said"] if len(spoken) else [])]
        row_axis(axes, rows)
        axes.set_xlabel("Time since image onset (s)")
        return axes


def _spoken(traces: pd.DataFrame | None) -> pd.DataFrame:
    if traces is None or not {"onset", "offset"} <= set(traces):
        return pd.DataFrame(columns=["onset", "offset", "text"])
    require_columns(traces, "traces", ["reading", "text"])
    one_reading(traces, "traces")
    return traces[traces["onset"].notna() & traces["offset"].notna()]


def _hatch_gaps(ax: Axes, starts: np.ndarray, stops: np.ndarray, rows: int) -> None:
    latest = np.maximum.accumulate(np.append(0.0, stops))[:-1]
    gaps = [
        (before, start - before)
        for before, start in zip(latest, starts, strict=True)
        if start - before > _GAP_MS / 1000
    ]
    ax.broken_barh(gaps, (-0.5, rows), facecolor="0.95", edgecolor="0.75", hatch="////", linewidth=0, zorder=0)


def _write_speech(ax: Axes, spoken: pd.DataFrame, row: int, width_mm: float) -> None:
    """Draw spans of speech with as much of their text as fits."""
    left, right = ax.get_xlim()
    starts, stops = numbers(spoken, "onset") / 1000, numbers(spoken, "offset") / 1000
    for start, stop, text in zip(starts, stops, spoken["text"], strict=True):
        room = int((stop - start) / (right - left) * width_mm / _CHARACTER_MM)
        words = str(text).replace("\n", " ")
        shown = words if len(words) <= room else words[: max(room - 1, 0)].rstrip() + "…" * (room > 2)
        span = ax.barh(row, stop - start, left=start, height=0.8, color="#FBEBD2", edgecolor="0.5", linewidth=0.5)
        words = ax.text(start, row, " " + plain(shown) if room > 2 else "", va="center", ha="left")
        words.set_clip_path(span.patches[0])


def hit_curve(
    lesions: pd.DataFrame, *, by: str | None = None, column: str = "time_to_first_fixation_ms", ax: Axes | None = None
) -> Axes:
    """Draw the cumulative hit curve: share of lesions fixated by each moment (time to first fixation, TTFF).

    Parameters
    ----------
    lesions : pandas.DataFrame
        One row a reading and lesion: time of the first fixation on it in ms, missing when it was never looked at.
    by : str, optional
        Column that groups, such as strategy, outcome or experience.
    column : str
        The time.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        A curve ends below 100% by the share that was never looked at.

    Examples
    --------
    >>> ax = hit_curve(pd.DataFrame({"time_to_first_fixation_ms": [500.0, 1500.0, None, None]}))
    >>> ax.lines[0].get_ydata().tolist()
    [0.0, 0.25, 0.5, 0.5]
    """
    require_columns(lesions, "lesions", [column, *([by] if by else [])])
    with drawing(ax, SINGLE_MM, 62) as axes:
        if not len(lesions):
            return nothing(axes, "lesions")
        groups = [(None, lesions)] if by is None else list(lesions.groupby(by, observed=True, sort=True))
        end = float(np.nanmax(numbers(lesions, column), initial=1.0)) / 1000
        for place, (name, part) in enumerate(groups):
            when = np.sort(numbers(part, column) / 1000)
            when = when[np.isfinite(when)]
            # Lesions never fixated stay in the denominator, or a strategy that finds few lesions fast looks best.
            share = np.arange(len(when) + 1) / len(part)
            style = look(place)
            label = None if name is None else f"{plain(spaced(name))} (n = {len(part):,})"
            axes.step(
                np.concatenate([[0.0], when, [end]]), np.append(share, share[-1]), where="post", color=style["color"],
                linestyle=style["linestyle"], linewidth=1.3, label=label,
            )  # fmt: skip
        axes.set_xlim(0, end)
        axes.set_ylim(0, 1.02)
        percent_axis(axes.yaxis)
        axes.set_xlabel("Time since image onset (s)")
        axes.set_ylabel("Lesions looked at" + (f" (n = {len(lesions):,})" if by is None else ""))
        if by is not None:
            axes.legend(loc="lower right")
        return axes


def lag_curve(lags: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the gaze-speech lag: share of gaze on the place of a finding against time before its mention.

    Parameters
    ----------
    lags : pandas.DataFrame
        `curve` of `reasoning.gaze_speech_lag`, one row a moment: `lag_ms` (above 0 before the mention) and `share`;
        optionally `low` and `high` (its interval, resampled by reader), and `chance`, the share when gaze and mention
        are of different readings.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> ax = lag_curve(pd.DataFrame({"lag_ms": [-2000.0, 0.0, 2000.0], "share": [0.2, 0.3, 0.6], "chance": 0.1}))
    >>> ax.get_legend_handles_labels()[1]
    ['gaze on the finding', 'chance']
    """
    require_columns(lags, "lags", ["lag_ms", "share"])
    with drawing(ax, SINGLE_MM, 58) as axes:
        if not len(lags):
            return nothing(axes, "mentions")
        ordered = lags.sort_values("lag_ms")
        seconds = numbers(ordered, "lag_ms") / 1000
        axes.axvline(0, color="0.5", linewidth=0.6, zorder=0)
        if {"low", "high"} <= set(ordered):
            band = numbers(ordered, "low"), numbers(ordered, "high")
            axes.fill_between(seconds, *band, color=OKABE_ITO[0], alpha=0.18, linewidth=0)
        axes.plot(seconds, numbers(ordered, "share"), color=OKABE_ITO[0], linewidth=1.4, label="gaze on the finding")
        if "chance" in ordered and ordered["chance"].notna().any():
            axes.plot(seconds, numbers(ordered, "chance"), color="0.35", linewidth=1.0, linestyle="--", label="chance")
            axes.legend(loc="lower left", bbox_to_anchor=(0, 1.01), ncols=2, borderpad=0)
        axes.set_ylim(bottom=0)
        percent_axis(axes.yaxis)
        axes.set_xlabel("Gaze before the mention (s)")
        axes.set_ylabel("Share of gaze time")
        return axes


def miss_shares(
    lesions: pd.DataFrame,
    *,
    by: str,
    outcomes: Sequence[str] = ("search", "recognition", "decision"),
    ax: Axes | None = None,
) -> Axes:
    """Draw shares of search, recognition and decision errors among missed lesions, by group.

    A lesion is never fixated (search), fixated too briefly (recognition) or dwelt on and dismissed (decision); the
    taxonomy of Kundel, Nodine & Carmody (1978).

    Parameters
    ----------
    lesions : pandas.DataFrame
        One row a reading and lesion: `outcome` and the column `by`.
    by : str
        Column that groups.
    outcomes : sequence of str
        Which outcomes make up the bars, in this order; others are left out.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> lesions = pd.DataFrame({"outcome": ["search", "search", "decision", "hit"], "strategy": "a"})
    >>> [text.get_text() for text in miss_shares(lesions, by="strategy").texts]
    ['67%', '33%']

    References
    ----------
    Kundel, H. L., Nodine, C. F., & Carmody, D. (1978). Visual scanning, pattern recognition and decision-making in
    pulmonary nodule detection. Investigative Radiology, 13, 175-181.
    """
    require_columns(lesions, "lesions", ["outcome", by])
    missed = lesions[lesions["outcome"].isin(outcomes)]
    with drawing(ax, SINGLE_MM, 26 + 9 * max(missed[by].nunique(), 2)) as axes:
        if not len(missed):
            return nothing(axes, "misses")
        counts = pd.crosstab(missed[by], missed["outcome"]).reindex(columns=list(outcomes), fill_value=0)
        stack_shares(axes, counts)
        axes.set_xlabel(plain(f"Share of missed lesions, by {spaced(by)}"))
        return axes


def coverage_map(
    fixations: pd.DataFrame,
    *,
    stimulus: Stimulus,
    radius_deg: float = 2.5,
    ax: Axes | None = None,
) -> Axes:
    """Draw image coverage: what lay within the useful field of view of any fixation.

    Parameters
    ----------
    fixations : pandas.DataFrame
        Table ``fixations``, one reading.
    stimulus : Stimulus
        The image with its size and viewing geometry, both needed.
    radius_deg : float
        Radius of the useful field of view; 2.5 deg (Kundel, Nodine & Toto 1991).
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        What was not covered is veiled; the title gives the share covered, counted on a grid of 200 columns.

    Raises
    ------
    ValueError
        If the size or the viewing geometry is not known.

    Examples
    --------
    >>> from gazeanalytics.geometry import Viewing
    >>> fixations = pd.DataFrame({"reading": 1, "onset": 0.0, "x": [500.0], "y": [500.0]})
    >>> viewing = Viewing.from_px_per_deg(100, 1000, 1000)
    >>> ax = coverage_map(fixations, stimulus=Stimulus(size=(1000, 1000), viewing=viewing))
    >>> ax.get_title(loc="left")
    '20% of the image within 2.5° of a fixation'

    References
    ----------
    Kundel, H. L., Nodine, C. F., & Toto, L. (1991). Searching for lung nodules: the guidance of visual scanning.
    Investigative Radiology, 26, 777-781.
    """
    require_columns(fixations, "fixations", ["reading", "x", "y"])
    one_reading(fixations, "fixations")
    size, viewing = stimulus.known_size, stimulus.viewing
    if size is None or viewing is None:
        raise ValueError(
            "stimulus: expected size (or image) and viewing; got none; give both for an angle on the image"
        )
    width, height = size
    with drawing(ax, SINGLE_MM, 6 + 85 * height / width) as axes:
        stimulus.draw_below(axes, size)
        covered = _covered(fixations, viewing, size, radius_deg)
        veil = np.zeros((*covered.shape, 4))
        veil[~covered] = (0.2, 0.2, 0.2, 0.62)
        axes.imshow(veil, origin="upper", extent=(0, width, height, 0), zorder=1, interpolation="bilinear")
        axes.plot(
            numbers(fixations, "x"), numbers(fixations, "y"), "o", color=OKABE_ITO[4], markersize=2.5,
            path_effects=halo(1.5), zorder=2,
        )  # fmt: skip
        stimulus.draw_above(axes, size)
        share = f"{covered.mean():.0%} of the image within {radius_deg:g}° of a fixation"
        small_title(axes, share)
        return axes


def _covered(fixations: pd.DataFrame, viewing: Viewing, size: tuple[float, float], radius_deg: float) -> np.ndarray:
    """Cells of a grid whose centre lies within the radius of a fixation, by exact angle."""
    width, height = size
    columns = 200
    rows = max(round(columns * height / width), 1)
    x, y = np.meshgrid((np.arange(columns) + 0.5) * width / columns, (np.arange(rows) + 0.5) * height / rows)
    covered = np.zeros(x.shape, bool)
    # Exact angles: a disc of constant radius in px covers fewer degrees towards the edge of a flat screen.
    for right, down in zip(numbers(fixations, "x"), numbers(fixations, "y"), strict=True):
        covered |= viewing.angle(x, y, right, down) <= radius_deg
    return covered
