"""Eye-voice span, reader by reader: readers differ so much that a pooled span describes none (Ganapathi 2016).

Mentions are those of `place_mentions`: reading, begin and spoken (ms), x0, y0, x1, y1 (image px).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gazeanalytics._kernels.reasoning import alignment as kernels
from gazeanalytics.brief import Brief
from gazeanalytics.reasoning.alignment.gaze_speech_lag import LagSettings, gaze_speech_lag, interval_of
from gazeanalytics.reasoning.alignment.mentions import BOX, Paired, pair, permute_boxes, readers_of

__all__ = ["ReaderLags", "eye_voice_span_by_reader", "eye_voice_spans", "gaze_speech_lag_by_reader"]


def eye_voice_spans(fixations: pd.DataFrame, mentions: pd.DataFrame) -> pd.DataFrame:
    """Measure the eye-voice span: how long before each mention its region was last entered.

    Parameters
    ----------
    fixations : pandas.DataFrame
        The `fixations` table, durations known.
    mentions : pandas.DataFrame
        See the module.

    Returns
    -------
    pandas.DataFrame
        The mentions with looked (ms: onset of the last visit, a run of fixations in the box, that began by `begin`) and
        span_ms, from there to `begin`; NaN where the region had not been looked at.

    Examples
    --------
    >>> fixations = pd.DataFrame({"reading": 0, "onset": [0.0, 300.0, 600.0], "duration": 300.0, "x": [5.0, 5.0, 50.0],
    ...     "y": 5.0})
    >>> mentions = pd.DataFrame({"reading": [0], "begin": [900.0], "spoken": [1200.0], "x0": 0, "y0": 0, "x1": 10,
    ...     "y1": 10})
    >>> eye_voice_spans(fixations, mentions)["span_ms"].tolist()
    [900.0]
    """
    pairs = pair(fixations, mentions)
    looked = np.full(len(mentions), np.nan)
    looked[pairs.order] = _looked(pairs, mentions, mentions[BOX].to_numpy(float)[pairs.order])
    return mentions.assign(looked=looked, span_ms=mentions["begin"].to_numpy(float) - looked)


def _looked(pairs: Paired, mentions: pd.DataFrame, boxes: np.ndarray) -> np.ndarray:
    """Onset of the last visit before each mention, in the order of `pairs`."""
    found, sums = pairs.found, np.full((len(pairs.order), 5), np.nan)
    begin = mentions["begin"].to_numpy(float)[pairs.order]
    named = pairs.named(begin, begin, boxes)
    kernels.mention_times_over_readings(found.starts, found.stops, pairs.gaze, named, (0.0, 0.0), sums)
    return sums[:, 4]


def eye_voice_span_by_reader(
    fixations: pd.DataFrame,
    mentions: pd.DataFrame,
    readers: pd.Series,
    *,
    n_resamples: int = 200,
    n_permutations: int = 200,
    rng: int | np.random.Generator | None = None,
) -> pd.DataFrame:
    """Summarise the eye-voice span of each reader, beside what chance gives.

    Parameters
    ----------
    fixations, mentions : pandas.DataFrame
        As in `eye_voice_spans`.
    readers : pandas.Series
        Reading (index) -> reader.
    n_resamples : int
        Resamples of a reader's readings for the interval.
    n_permutations : int
        Permutations of boxes among a reader's readings, for chance.
    rng : int, Generator or None
        Source of randomness.

    Returns
    -------
    pandas.DataFrame
        reader, readings, mentions, looked (share that had been looked at before), span_ms (median) with low_ms and
        high_ms (95 %; NaN for a reader with a single reading), and chance_ms: the median when mentions take the boxes
        of the same reader's other readings. Any place is visited now and then, so a span that is near chance says
        nothing of speech.

    Examples
    --------
    >>> fixations = pd.DataFrame({"reading": [0, 0, 1, 1], "onset": [0.0, 300.0] * 2, "duration": 300.0,
    ...     "x": [5.0, 50.0] * 2, "y": 5.0})
    >>> mentions = pd.DataFrame({"reading": [0, 1], "begin": [900.0, 700.0], "spoken": 1000.0, "x0": 0, "y0": 0,
    ...     "x1": 10, "y1": 10})
    >>> table = eye_voice_span_by_reader(fixations, mentions, pd.Series(["ann", "ann"]), rng=1)
    >>> table[["reader", "mentions", "looked", "span_ms"]].to_numpy().tolist()
    [['ann', 2, 1.0, 800.0]]
    """
    source = np.random.default_rng(rng)
    pairs = pair(fixations, mentions)
    begin = mentions["begin"].to_numpy(float)[pairs.order]
    boxes = mentions[BOX].to_numpy(float)[pairs.order]
    who, names = readers_of(pairs.found.keys, readers)
    reading = np.repeat(np.arange(len(who)), pairs.last - pairs.first)
    spans = begin - _looked(pairs, mentions, boxes)
    chance = [begin - _looked(pairs, mentions, permute_boxes(boxes, pairs, who, source)) for _ in range(n_permutations)]
    rows = []
    for place, name in enumerate(names):
        own = who[reading] == place
        low, high = _interval(spans[own], reading[own], n_resamples, source)
        by_chance = [_median(one[own]) for one in chance]
        rows.append(
            {
                "reader": name,
                "readings": int((who == place).sum()),
                "mentions": int(own.sum()),
                "looked": float(np.isfinite(spans[own]).mean()),
                "span_ms": _median(spans[own]),
                "low_ms": low,
                "high_ms": high,
                "chance_ms": _median(np.array(by_chance)),
            }
        )
    return pd.DataFrame(rows)


def _median(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else float("nan")


# Readings are resampled, not mentions: mentions of one reading share its path of gaze.
def _interval(spans: np.ndarray, reading: np.ndarray, n_resamples: int, source: np.random.Generator) -> np.ndarray:
    """95 % of medians over resampled readings."""
    parts = [spans[reading == one] for one in np.unique(reading)]
    drawn = [
        _median(np.concatenate([parts[k] for k in source.integers(0, len(parts), len(parts))]))
        for _ in range(n_resamples)
    ]
    return interval_of(np.array(drawn or [np.nan]), len(parts))


@dataclass(frozen=True, slots=True)
class ReaderLags(Brief):
    """Lags of gaze to speech, reader by reader.

    Attributes
    ----------
    summary : pandas.DataFrame
        reader, readings, lag_ms, low_ms, high_ms, p_value.
    curves : pandas.DataFrame
        reader, then the columns of `GazeSpeechLag.curve`.

    Examples
    --------
    >>> ReaderLags(pd.DataFrame({"reader": ["ann"], "lag_ms": [1200.0]}), pd.DataFrame()).summary["lag_ms"].item()
    1200.0
    """

    summary: pd.DataFrame
    curves: pd.DataFrame


def gaze_speech_lag_by_reader(
    fixations: pd.DataFrame,
    mentions: pd.DataFrame,
    readers: pd.Series,
    *,
    settings: LagSettings | None = None,
    rng: int | np.random.Generator | None = None,
) -> ReaderLags:
    """Measure the gaze-speech lag of each reader alone.

    Parameters
    ----------
    fixations, mentions : pandas.DataFrame
        As in `gaze_speech_lag`.
    readers : pandas.Series
        Reading (index) -> reader.
    settings : LagSettings, optional
        As in `gaze_speech_lag`. Intervals come from the reader's readings.
    rng : int, Generator or None
        Source of randomness.

    Returns
    -------
    ReaderLags
        Readers without both fixations and mentions are left out.

    Examples
    --------
    >>> fixations = pd.DataFrame({"reading": [0, 0, 1, 1], "onset": [0.0, 1000.0] * 2, "duration": 1000.0,
    ...     "x": [5.0, 50.0] * 2, "y": 5.0})
    >>> mentions = pd.DataFrame({"reading": [0, 1], "spoken": [2500.0, 3500.0], "x0": 0, "y0": 0, "x1": 10, "y1": 10})
    >>> found = gaze_speech_lag_by_reader(fixations, mentions, pd.Series(["ann", "bob"]), rng=1)
    >>> found.summary[["reader", "readings"]].to_numpy().tolist()
    [['ann', 1], ['bob', 1]]
    """
    source = np.random.default_rng(rng)
    both = set(fixations["reading"]) & set(mentions["reading"])
    known = readers[readers.index.isin(both)]
    rows, curves = [], []
    for reader in sorted(known.unique()):
        own = known.index[known == reader]
        gaze, said = (table[table["reading"].isin(own)] for table in (fixations, mentions))
        found = gaze_speech_lag(gaze, said, settings=settings, rng=source)
        row = {name: getattr(found, name) for name in ("readings", "lag_ms", "low_ms", "high_ms", "p_value")}
        rows.append({"reader": reader, **row})
        curves.append(found.curve.assign(reader=reader))
    columns = ["reader", "lag_ms", "share", "low", "high", "chance"]
    return ReaderLags(pd.DataFrame(rows), pd.concat(curves, ignore_index=True)[columns] if curves else pd.DataFrame())
