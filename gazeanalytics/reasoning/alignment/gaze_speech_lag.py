"""Gaze-speech lag: how long before naming a finding its place was looked at.

A lag is positive when the look precedes the word. Mentions are rows of reading, `spoken` (ms since image onset, the end
of the naming word) and the box that they name: x0, y0, x1, y1 (image px), as `place_mentions` makes them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter1d
from scipy.stats import norm
from scipy.stats import t as student_t

from gazeanalytics._kernels.reasoning import alignment as kernels
from gazeanalytics.brief import Brief
from gazeanalytics.reasoning.alignment.mentions import BOX, Paired, pair, permute_boxes, readers_of

__all__ = ["GazeSpeechLag", "LagSettings", "gaze_speech_lag", "sentence_clock"]

_BIN_MS = 100.0


@dataclass(frozen=True, slots=True)
class LagSettings:
    """How a gaze-speech lag is measured.

    Attributes
    ----------
    span_ms : (float, float)
        First and last lag looked at.
    smooth_ms : float
        Standard deviation of the Gaussian that smooths the curve.
    n_resamples : int
        Bootstrap resamples of clusters for the interval; 0 for none.
    n_permutations : int
        Permutations for the null; 0 for none.

    Examples
    --------
    >>> LagSettings(n_permutations=0).span_ms
    (-2000.0, 8000.0)
    """

    span_ms: tuple[float, float] = (-2000.0, 8000.0)
    smooth_ms: float = 250.0
    n_resamples: int = 500
    n_permutations: int = 500


@dataclass(frozen=True, slots=True)
class GazeSpeechLag(Brief):
    """How long gaze runs ahead of speech.

    Attributes
    ----------
    lag_ms : float
        Where the curve is highest.
    low_ms, high_ms : float
        95 % interval, from resampling whole clusters, as wide as few clusters ask for; NaN with a single one.
    p_value : float
        Chance of a peak that stands out so far when readings' words are paired with the places of other readings.
    curve : pandas.DataFrame
        lag_ms (middle of the bin), share (of fixation time inside the named region at that lag, smoothed), low, high,
        and chance (mean share when shuffled).
    readings : int
        Readings with mentions and fixations.
    settings : LagSettings
        The settings used.

    Examples
    --------
    >>> found = GazeSpeechLag(1200.0, 900.0, 1500.0, 0.002, pd.DataFrame(), 40, LagSettings())
    >>> f"gaze leads speech by {found.lag_ms / 1000:.1f} s"
    'gaze leads speech by 1.2 s'
    """

    lag_ms: float
    low_ms: float
    high_ms: float
    p_value: float
    curve: pd.DataFrame
    readings: int
    settings: LagSettings


def gaze_speech_lag(
    fixations: pd.DataFrame,
    mentions: pd.DataFrame,
    *,
    clusters: pd.Series | None = None,
    settings: LagSettings | None = None,
    rng: int | np.random.Generator | None = None,
) -> GazeSpeechLag:
    """Measure the gaze-speech lag: how long before a mention its region was looked at.

    At each lag, the curve is the share of fixation time that lies inside the region named (Bigolin Lanfredi et al.,
    2022, here on both sides of the mention, in bins of 100 ms); its highest point is the lag. The null permutes the
    readings of a cluster, each keeping its words but taking the boxes of another (clusters of one reading are permuted
    together), so that favourite places and habits of speech stay as they are.

    Parameters
    ----------
    fixations : pandas.DataFrame
        The `fixations` table, durations known.
    mentions : pandas.DataFrame
        reading, spoken, x0, y0, x1, y1; see the module.
    clusters : pandas.Series, optional
        Reading (index) -> reader; readers are then resampled whole. Default: readings are.
    settings : LagSettings, optional
        Span, smoothing, number of resamples and permutations.
    rng : int, Generator or None
        Source of randomness.

    Raises
    ------
    ValueError
        If no reading has both mentions and fixations, a duration is missing, or a reading has no cluster.

    Examples
    --------
    >>> fixations = pd.DataFrame({"reading": [0, 0, 0], "onset": [0.0, 1000.0, 2000.0], "duration": 1000.0,
    ...     "x": [50.0, 5.0, 50.0], "y": 5.0})
    >>> mentions = pd.DataFrame({"reading": [0], "spoken": [3500.0], "x0": 0, "y0": 0, "x1": 10, "y1": 10})
    >>> found = gaze_speech_lag(fixations, mentions, settings=LagSettings(n_resamples=0, n_permutations=0))
    >>> 1500 < found.lag_ms < 2500
    True
    """
    source = np.random.default_rng(rng)
    chosen = settings if settings is not None else LagSettings()
    data = _Lagged.of(fixations, mentions, clusters, chosen.span_ms)
    near, every = data.times(data.boxes)
    width = chosen.smooth_ms / _BIN_MS
    middle = (data.edges[:-1] + data.edges[1:]) / 2
    share = _shares(near.sum(0), every.sum(0), width)
    weights = _draws(data.cluster, chosen.n_resamples, source)
    drawn = _shares(weights @ near, weights @ every, width)
    null = [
        _shares(*data.totals(permute_boxes(data.boxes, data.pairs, data.cluster, source)), width)
        for _ in range(chosen.n_permutations)
    ]
    curve = pd.DataFrame({"lag_ms": middle, "share": share, "low": np.nan, "high": np.nan, "chance": np.nan})
    low = high = p_value = np.nan
    if chosen.n_resamples:
        clusters_known = int(data.cluster.max()) + 1
        low, high = interval_of(np.array([_peak(middle, one) for one in drawn]), clusters_known)
        curve["low"], curve["high"] = interval_of(drawn, clusters_known)
    if null:
        curve["chance"] = np.mean(null, axis=0)
        p_value = (1 + sum(_height(one) >= _height(share) for one in null)) / (1 + len(null))
    return GazeSpeechLag(_peak(middle, share), float(low), float(high), float(p_value), curve, len(near), chosen)


@dataclass(frozen=True, slots=True)
class _Lagged:
    """Fixations and mentions, and the lags between them."""

    pairs: Paired
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
    ) -> _Lagged:
        pairs = pair(fixations, mentions)
        keys = pairs.found.keys
        who = np.arange(len(keys)) if clusters is None else readers_of(keys, clusters)[0]
        return cls(
            pairs,
            mentions["spoken"].to_numpy(float)[pairs.order],
            mentions[BOX].to_numpy(float)[pairs.order],
            np.arange(span_ms[0], span_ms[1] + _BIN_MS / 2, _BIN_MS),
            who,
        )

    def times(self, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Fixation time inside the boxes and anywhere, in each lag bin, shape (readings, bins) each."""
        found = self.pairs.found
        near, every = (np.zeros((len(found), len(self.edges) - 1)) for _ in range(2))
        named = self.pairs.named(self.spoken, self.spoken, boxes)
        kernels.lag_times_over_readings(found.starts, found.stops, self.pairs.gaze, named, self.edges, near, every)
        return near, every

    def totals(self, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The same summed over readings, shape (bins,) each."""
        near, every = self.times(boxes)
        return near.sum(0), every.sum(0)


def interval_of(drawn: np.ndarray, clusters: int) -> np.ndarray:
    """95 % interval from a bootstrap over few clusters: expanded percentiles (Hesterberg 2015, Am. Stat. 69, sec. 5.3).

    Plain percentiles take the spread among few clusters for the whole spread; these reach as far as a t interval does.

    Parameters
    ----------
    drawn : numpy.ndarray, shape (draws, ...)
        NaN where a draw has no value.
    clusters : int
        How many were resampled; with one, there is no interval.

    Returns
    -------
    numpy.ndarray, shape (2, ...)

    Examples
    --------
    >>> drawn = np.arange(10001.0)
    >>> interval_of(drawn, 8).round().tolist(), interval_of(drawn, 10**6).round().tolist()
    ([57.0, 9943.0], [250.0, 9750.0])
    """
    if clusters < 2 or np.isnan(drawn).all():
        return np.full((2, *drawn.shape[1:]), np.nan)
    reach = np.sqrt(clusters / (clusters - 1)) * student_t.ppf(0.975, clusters - 1)
    return np.nanpercentile(drawn, 100 * norm.cdf([-reach, reach]), axis=0)


# Clusters are drawn whole: readings of one reader share habits of speech, so a bootstrap over readings
# would give intervals that are too narrow.
def _draws(cluster: np.ndarray, n_resamples: int, source: np.random.Generator) -> np.ndarray:
    """How often each reading counts in each resample of whole clusters, shape (resamples, readings)."""
    clusters = cluster.max() + 1
    return source.multinomial(clusters, np.full(clusters, 1 / clusters), n_resamples)[:, cluster].astype(float)


# Numerator and denominator are smoothed each, then divided: smoothing the ratio would give lags with little gaze as
# much weight as those with much.
def _shares(near: np.ndarray, every: np.ndarray, width: float) -> np.ndarray:
    """Share of fixation time inside, smoothed along the lags; 0 where nobody looked anywhere."""
    smooth_near, smooth_every = (gaussian_filter1d(part, width, axis=-1, mode="nearest") for part in (near, every))
    return np.divide(smooth_near, smooth_every, out=np.zeros_like(smooth_near), where=smooth_every > 0)


def _peak(middle: np.ndarray, curve: np.ndarray) -> float:
    """GazeSpeechLag of the highest point, refined by the parabola through it and its neighbours."""
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
    """Count time in sentences: even whole numbers while a sentence is spoken, odd ones in the pauses between.

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
