"""Words in time with gaze: how long before naming a finding its place was looked at.

A lag is positive when the look came first. Mentions are rows of reading, `spoken` (ms since image onset, the end of the
naming word) and the box that they name: x0, y0, x1, y1 (image px).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter1d

from gazeanalytics import ragged
from gazeanalytics._kernels import text as kernels

__all__ = ["Lag", "lag", "sentence_clock"]

_BIN_MS = 100.0
_BOX = ["x0", "y0", "x1", "y1"]


@dataclass(frozen=True, slots=True)
class Lag:
    """How long gaze runs ahead of speech.

    Attributes
    ----------
    lag_ms : float
        Where the curve is highest.
    low_ms, high_ms : float
        95 % interval, from resampling whole clusters.
    p_value : float
        Chance of so high a peak when each reading's words are paired with the places of another one's.
    curve : pandas.DataFrame
        lag_ms (middle of the bin), share (of fixation time inside the named region at that lag, smoothed), low, high,
        and chance (mean share when shuffled).
    readings : int
        Readings with mentions and fixations.
    settings : dict
        The arguments used.
    """

    lag_ms: float
    low_ms: float
    high_ms: float
    p_value: float
    curve: pd.DataFrame
    readings: int
    settings: dict[str, float]


def lag(
    fixations: pd.DataFrame,
    mentions: pd.DataFrame,
    *,
    clusters: pd.Series | None = None,
    span_ms: tuple[float, float] = (-2000.0, 8000.0),
    smooth_ms: float = 250.0,
    draws: int = 500,
    rng: int | np.random.Generator | None = None,
) -> Lag:
    """Measure how long before a mention its region was looked at.

    At each lag, the curve is the share of fixation time that lies inside the region named (Bigolin Lanfredi et al.,
    2022, here on both sides of the mention, in bins of 100 ms); its highest point is the lag. The null pairs its words
    with the boxes of another reading of the same cluster (or of any, where a cluster has but one), so that favourite
    places and habits of speech stay as they are.

    Parameters
    ----------
    fixations : pandas.DataFrame
        The `fixations` table, durations known.
    mentions : pandas.DataFrame
        reading, spoken, x0, y0, x1, y1; see the module.
    clusters : pandas.Series, optional
        Reading (index) -> reader; readers are then resampled whole. Default: readings are.
    span_ms : (float, float)
        First and last lag looked at.
    smooth_ms : float
        Standard deviation of the Gaussian that smooths the curve.
    draws : int
        Draws for the interval, and for the null; 0 for neither.
    rng : int, Generator or None
        Source of randomness.

    Raises
    ------
    ValueError
        If no reading has both mentions and fixations, or a duration is missing.

    Examples
    --------
    >>> fixations = pd.DataFrame({"reading": [0, 0, 0], "onset": [0.0, 1000.0, 2000.0], "duration": 1000.0,
    ...     "x": [50.0, 5.0, 50.0], "y": 5.0})
    >>> mentions = pd.DataFrame({"reading": [0], "spoken": [3500.0], "x0": 0, "y0": 0, "x1": 10, "y1": 10})
    >>> found = lag(fixations, mentions, draws=0)
    >>> 1500 < found.lag_ms < 2500
    True
    """
    source = np.random.default_rng(rng)
    data = _Paired.of(fixations, mentions, clusters, span_ms)
    near, every = data.times(data.boxes)
    width = smooth_ms / _BIN_MS
    middle = (data.edges[:-1] + data.edges[1:]) / 2
    share = _shares(near.sum(0), every.sum(0), width)
    weights = _draws(data.cluster, draws, source)
    drawn = _shares(weights @ near, weights @ every, width)
    null = [_shares(*data.totals(data.shuffled(source)), width) for _ in range(draws)]
    curve = pd.DataFrame({"lag_ms": middle, "share": share, "low": np.nan, "high": np.nan, "chance": np.nan})
    low = high = p_value = np.nan
    if draws:
        low, high = np.percentile([_peak(middle, one) for one in drawn], (2.5, 97.5))
        curve["low"], curve["high"] = np.percentile(drawn, (2.5, 97.5), axis=0)
        curve["chance"] = np.mean(null, axis=0)
        p_value = (1 + sum(_height(one) >= _height(share) for one in null)) / (1 + draws)
    settings = {"first_ms": span_ms[0], "last_ms": span_ms[1], "smooth_ms": smooth_ms, "draws": draws}
    return Lag(_peak(middle, share), float(low), float(high), float(p_value), curve, len(near), settings)


@dataclass(frozen=True, slots=True)
class _Paired:
    """Fixations and mentions of the readings that have both; mentions of reading r are rows first[r] to last[r]."""

    found: ragged.Segments
    gaze: tuple[np.ndarray, ...]
    first: np.ndarray
    last: np.ndarray
    spoken: np.ndarray
    boxes: np.ndarray
    edges: np.ndarray
    cluster: np.ndarray

    @classmethod
    def of(
        cls,
        fixations: pd.DataFrame,
        mentions: pd.DataFrame,
        clusters: pd.Series | None,
        span_ms: tuple[float, float],
    ) -> _Paired:
        both = set(fixations["reading"]) & set(mentions["reading"])
        if not both:
            raise ValueError("no reading has both fixations and mentions; check that their reading keys agree")
        gaze = fixations[fixations["reading"].isin(both)]
        if gaze["duration"].isna().any():
            raise ValueError("fixations need durations (ms) to be laid against speech; some are missing")
        found = ragged.segments(gaze["reading"])
        place = pd.Series(np.arange(len(found)), index=pd.Index(found.keys.astype(object)))
        said = mentions[mentions["reading"].isin(both)]
        row = place.loc[said["reading"].astype(object)].to_numpy()
        order = np.argsort(row, kind="stable")
        bounds = np.searchsorted(row[order], np.arange(len(found) + 1))
        onset = gaze["onset"].to_numpy(float)
        columns = (
            onset,
            onset + gaze["duration"].to_numpy(float),
            gaze["x"].to_numpy(float),
            gaze["y"].to_numpy(float),
        )
        who = np.arange(len(found)) if clusters is None else pd.factorize(clusters.loc[place.index])[0]
        return cls(
            found,
            columns,
            bounds[:-1],
            bounds[1:],
            said["spoken"].to_numpy(float)[order],
            said[_BOX].to_numpy(float)[order],
            np.arange(span_ms[0], span_ms[1] + _BIN_MS / 2, _BIN_MS),
            who,
        )

    def times(self, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Fixation time inside the boxes and anywhere, in each lag bin, shape (readings, bins) each."""
        near, every = (np.zeros((len(self.found), len(self.edges) - 1)) for _ in range(2))
        kernels.lag_times_over_readings(
            self.found.starts,
            self.found.stops,
            *self.gaze,
            self.first,
            self.last,
            self.spoken,
            boxes,
            self.edges,
            near,
            every,
        )
        return near, every

    def totals(self, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The same summed over readings, shape (bins,) each."""
        near, every = self.times(boxes)
        return near.sum(0), every.sum(0)

    def shuffled(self, source: np.random.Generator) -> np.ndarray:
        """Boxes of other readings, of the same cluster where it has more than one."""
        boxes = self.boxes.copy()
        readings = np.arange(len(self.found))
        sizes = np.bincount(self.cluster)
        for reading in readings:
            mates = readings[self.cluster == self.cluster[reading]] if sizes[self.cluster[reading]] > 1 else readings
            others = mates[mates != reading]
            if len(others):
                other = others[source.integers(len(others))]
                rows = np.arange(self.first[reading], self.last[reading])
                boxes[rows] = self.boxes[source.integers(self.first[other], self.last[other], len(rows))]
        return boxes


def _draws(cluster: np.ndarray, resamples: int, source: np.random.Generator) -> np.ndarray:
    """How often each reading counts in each resample of whole clusters, shape (resamples, readings)."""
    clusters = cluster.max() + 1
    return source.multinomial(clusters, np.full(clusters, 1 / clusters), resamples)[:, cluster].astype(float)


def _shares(near: np.ndarray, every: np.ndarray, width: float) -> np.ndarray:
    """Share of fixation time inside, smoothed along the lags; 0 where nobody looked anywhere."""
    smooth_near, smooth_every = (gaussian_filter1d(part, width, axis=-1, mode="nearest") for part in (near, every))
    return np.divide(smooth_near, smooth_every, out=np.zeros_like(smooth_near), where=smooth_every > 0)


def _peak(middle: np.ndarray, curve: np.ndarray) -> float:
    """Lag of the highest point, refined by the parabola through it and its neighbours."""
    top = int(np.argmax(curve))
    if top in (0, len(curve) - 1):
        return float(middle[top])
    before, at, after = curve[top - 1 : top + 2]
    bend = before - 2 * at + after
    shift = 0.5 * (before - after) / bend if bend else 0.0
    return float(middle[top] + shift * (middle[1] - middle[0]))


def _height(curve: np.ndarray) -> float:
    """How far the peak stands out above the middle of the curve."""
    return float(curve.max() - np.median(curve))


def sentence_clock(traces: pd.DataFrame, times: pd.DataFrame) -> np.ndarray:
    """Tell time in sentences: even whole numbers while a sentence is spoken, odd ones in the pauses between.

    Parameters
    ----------
    traces : pandas.DataFrame
        The `traces` table with onset and offset (ms), one sentence a step.
    times : pandas.DataFrame
        reading and t (ms).

    Returns
    -------
    numpy.ndarray, shape (rows of times,)
        2 k + the part of sentence k that has passed, or 2 k + 1 + the part of the pause after it (Bigolin Lanfredi et
        al. 2022, counted from the first sentence); NaN before the first sentence, after the last, or without a trace.

    Examples
    --------
    >>> traces = pd.DataFrame({"reading": 0, "onset": [0.0, 300.0], "offset": [200.0, 400.0]})
    >>> sentence_clock(traces, pd.DataFrame({"reading": 0, "t": [100.0, 250.0, 300.0]})).tolist()
    [0.5, 1.5, 2.0]
    """
    clock = np.full(len(times), np.nan)
    rows_of = times.groupby("reading", observed=True, sort=False).indices
    for reading, one in traces.groupby("reading", observed=True, sort=False):
        rows = rows_of.get(reading)
        if rows is not None:
            ticks = one[["onset", "offset"]].to_numpy(float).ravel()
            t = times["t"].to_numpy(float)[rows]
            clock[rows] = np.interp(t, ticks, np.arange(len(ticks), dtype=float), left=np.nan, right=np.nan)
    return clock
