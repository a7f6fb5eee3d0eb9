"""Raw gaze that a video eye tracker would record of given fixations, with the true event of every sample."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gazeanalytics._kernels.simulate import gaze as kernels
from gazeanalytics.geometry import Screen
from gazeanalytics.ragged import Segments, segments
from gazeanalytics.simulate.design import Design, Tracker
from gazeanalytics.simulate.scanpaths import CURVATURE_DEG, viewing_of

__all__ = ["EVENTS", "simulate_samples"]

EVENTS = {"fixation": 1, "saccade": 2, "pso": 3, "pursuit": 4, "blink": 5, "undefined": 6}
"""Codes of the column event, those of Andersson et al. (2017)."""

_READINGS_AT_ONCE = 512
_BLINK_MS, _BLINK_SPREAD = 170.0, 0.35
_PUPIL_MM = 3.5


def simulate_samples(
    fixations: pd.DataFrame,
    images: pd.DataFrame,
    *,
    rate_hz: float = 250.0,
    screen: Screen | None = None,
    tracker: Tracker | None = None,
    rng: np.random.Generator | int | None = None,
) -> pd.DataFrame:
    """Simulate raw gaze samples of an eye tracker from fixations: saccades, oscillation, drift, noise, blinks, losses.

    Saccades follow the parametric model of Dai, Selesnick, Rizzo, Rucker & Hudson (2016, IEEE SPMB), in which speed
    rises, stays and falls so that peak speed saturates with amplitude (the main sequence); here the fall is longer than
    the rise, the more so the larger the saccade. A saccade lasts as long as the pause between its two fixations. The
    eye drifts and trembles, the tracker adds white noise, post-saccadic oscillation, blinks (the lid drags gaze down
    before the pupil is lost) and short losses.

    Parameters
    ----------
    fixations : pandas.DataFrame
        A fixations table with durations; pauses between fixations are saccades.
    images : pandas.DataFrame
        One row a reading, in any order: reading, width, height (px).
    rate_hz : float
        Sampling rate.
    screen : Screen, optional
        Where the image was fitted, centred; default that of `Design`.
    tracker : Tracker, optional
        Noise and losses; default those of `Tracker()`.
    rng : numpy.random.Generator, int or None
        Randomness.

    Returns
    -------
    pandas.DataFrame
        A samples table (t from 0, evenly spaced, to the end of the last fixation) with pupil (mm), valid, and event:
        the true code of `EVENTS`. A lost sample keeps its event, its place is NaN.

    Raises
    ------
    ValueError
        When fixations lack durations or overlap, or a reading has no image.

    Examples
    --------
    >>> fixations = pd.DataFrame({"reading": 0, "onset": [0.0, 240.0], "duration": 200.0, "x": [400.0, 900.0]})
    >>> fixations["y"] = 500.0
    >>> images = pd.DataFrame({"reading": [0], "width": [1000], "height": [1000]})
    >>> samples = simulate_samples(fixations, images, rate_hz=100, rng=1)
    >>> samples["event"].tolist()[18:26]
    [1, 1, 2, 2, 2, 2, 3, 3]
    """
    if not 30 <= rate_hz <= 2000:
        raise ValueError(f"rate_hz must lie between 30 and 2000; got {rate_hz}")
    generator = np.random.default_rng(rng)
    found = segments(fixations["reading"])
    _check_pauses(fixations, found)
    sizes = images.set_index("reading").reindex(found.keys)[["width", "height"]]
    lost = sizes.isna().any(axis=1)
    if lost.any():
        raise ValueError(f"images: expected width and height (px) of every reading; got none for {lost.idxmax()}")
    views = viewing_of(sizes, screen or Design().screen).rows(len(found))
    parts = [
        _record(fixations, found, part, views, rate_hz, tracker or Tracker(), generator) for part in _blocks(len(found))
    ]
    return parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)


def _blocks(readings: int) -> list[slice]:
    return [slice(first, min(first + _READINGS_AT_ONCE, readings)) for first in range(0, readings, _READINGS_AT_ONCE)]


def _check_pauses(fixations: pd.DataFrame, found: Segments) -> None:
    if fixations["duration"].isna().any() or len(fixations) == 0:
        raise ValueError("fixations: samples need a duration (ms) of every fixation, and at least one fixation")
    pause = fixations["onset"].shift(-1) - fixations["onset"] - fixations["duration"]
    pause.iloc[found.stops - 1] = np.inf
    if (pause <= 0).any():
        row = int((pause <= 0).to_numpy().argmax())
        raise ValueError(
            "fixations: expected a pause (ms) for the saccade after each fixation; "
            f"got {pause.iloc[row]} after row {row}"
        )


def _record(
    fixations: pd.DataFrame,
    found: Segments,
    part: slice,
    views: np.ndarray,
    rate_hz: float,
    tracker: Tracker,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Samples of some readings."""
    starts, stops = found.starts[part], found.stops[part]
    path = kernels.Path(*(fixations[name].to_numpy(float) for name in kernels.Path._fields))
    ends = (path.onset + path.duration)[stops - 1]
    counts = np.floor(ends * rate_hz / 1000).astype(np.int64) + 1
    edges = np.concatenate(([0], np.cumsum(counts)))
    times = (np.arange(edges[-1]) - np.repeat(edges[:-1], counts)) * (1000 / rate_hz)
    gaps, gap_starts = _draw_gaps(ends, tracker, rng)
    normals = rng.standard_normal((edges[-1], 5))
    gaze, event = np.empty((edges[-1], 3)), np.empty(edges[-1], np.int8)
    batch, record = kernels.Batch(starts, stops, edges, gap_starts), kernels.Record(times, normals, gaze, event)
    kernels.all_gaze(batch, path, views[part], _draw_eyes(len(starts), rng), _noise_of(tracker), gaps, record)
    return pd.DataFrame(
        {
            "reading": np.repeat(found.keys[part].to_numpy(), counts),
            "t": times,
            "x": gaze[:, 0],
            "y": gaze[:, 1],
            "pupil": gaze[:, 2],
            "valid": ~np.isnan(gaze[:, 0]),
            "event": event,
        },
        copy=False,
    )


def _noise_of(tracker: Tracker) -> kernels.TrackerNoise:
    """Numbers of the tracker as the kernel takes them.

    White noise of SD s on each axis has differences of variance 2 s^2 on each, so an RMS-S2S of 2 s.
    """
    return kernels.TrackerNoise(
        white_deg=float(tracker.rms_s2s_deg) / 2,
        drift_deg=float(tracker.drift_deg),
        drift_ms=float(tracker.drift_time_ms),
        tremor_deg=float(tracker.tremor_deg),
        tremor_hz=float(tracker.tremor_hz),
        oscillation=float(tracker.oscillation),
        oscillation_hz=float(tracker.oscillation_hz),
        oscillation_decay_ms=float(tracker.oscillation_decay_ms),
    )


def _draw_eyes(count: int, rng: np.random.Generator) -> np.ndarray:
    """Curvature of the main sequence (deg), phase of tremor and pupil size (mm), shape (readings, 3)."""
    phase, pupil = rng.uniform(0, 2 * np.pi, count), _PUPIL_MM * np.exp(0.12 * rng.standard_normal(count))
    return np.column_stack((np.full(count, CURVATURE_DEG), phase, pupil))


def _draw_gaps(ends: np.ndarray, tracker: Tracker, rng: np.random.Generator) -> tuple[kernels.Gaps, np.ndarray]:
    """Blinks and losses of all readings, and where each reading's begin."""
    seconds = ends / 1000
    blinks, losses = rng.poisson(tracker.blinks_per_s * seconds), rng.poisson(tracker.losses_per_s * seconds)
    reading = np.concatenate((np.repeat(np.arange(len(ends)), blinks), np.repeat(np.arange(len(ends)), losses)))
    is_blink = np.arange(len(reading)) < blinks.sum()
    begin = rng.random(len(reading)) * ends[reading]
    # Blinks are log-normal about 170 ms, losses exponential: many brief ones, few long.
    length = _BLINK_MS * np.exp(_BLINK_SPREAD * rng.standard_normal(len(reading)))
    length = np.where(is_blink, length, rng.exponential(tracker.loss_ms, len(reading)))
    order = np.lexsort((begin, reading))
    gaps = kernels.Gaps(begin[order], (begin + length)[order], is_blink[order])
    return gaps, np.concatenate(([0], np.cumsum(blinks + losses)))
