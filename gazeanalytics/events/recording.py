"""Raw gaze made ready for event detection: plain arrays, the rate of each reading, refusals of what can't be true."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gazeanalytics import ragged, tables
from gazeanalytics._kernels.events import recording as kernels
from gazeanalytics._kernels.events.gaze import Gaze
from gazeanalytics.geometry import Viewing

__all__ = ["MAX_GAP_MS", "Recording", "RecordingWarning", "in_degrees", "in_rows", "prepare"]

# Longer holes in the recording end every event (Olsen 2012, max gap length).
MAX_GAP_MS = 75.0

_FACTS = kernels.Facts._fields
_CODES = [_FACTS.index(name) for name in ("coded", "code_x", "code_y")]

_SIDES = ("left", "right")

# Recordings outside these rates are in another unit than ms, or too slow for any event detector.
_MAX_HZ, _MIN_HZ = 5000.0, 20.0
# The most precise trackers move 0.001 deg or more from sample to sample (Holmqvist & Andersson 2017, ch. 6).
_MIN_STEP_DEG = 0.0005
# Median of `flight_ratios` on Lund2013 (Andersson et al. 2017): 0.90 to 1.17 at 60 to 500 Hz, 0.68 to 1.36 in any one
# reading; a clock that is wrong by a factor of two brings it to 0.58 or less, or 1.79 or more. Slower recordings can't
# show it.
_MIN_RATIO, _MAX_RATIO, _MIN_SACCADES, _MAX_TIMED_INTERVAL_MS = 0.67, 1.5, 20, 20.0
_READINGS_TIMED, _SAMPLES_TIMED = 16, 32_768
# Fewer samples give no rate.
_MIN_TIMED = 10


class RecordingWarning(UserWarning):
    """Something in the recording looks wrong, but the result can be had.

    Examples
    --------
    >>> samples = pd.DataFrame({"reading": 1, "t": np.arange(100) * 4.0, "x": 500.0, "y": 300.0})
    >>> samples.loc[:9, ["x", "y"]] = -1.0
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     recording = prepare(samples, Viewing.from_px_per_deg(40, 1000, 600))
    >>> caught[0].category.__name__, str(caught[0].message)[:56]
    ('RecordingWarning', '10 samples of reading 1 lie at exactly one point off the')
    """


@dataclass(frozen=True, slots=True)
class Recording:
    """The samples that have a place, of all readings, as plain arrays. A hole is a jump of the clock.

    Attributes
    ----------
    readings : ragged.Segments
        Where each reading begins and ends in these arrays; one without any sample is empty.
    t, x, y : numpy.ndarray of float64, shape (seen,)
        Time (ms) and place (image px).
    lenses : numpy.ndarray, shape (readings, 4)
        Viewing of each reading: centre x, centre y (px), 1 / distance x, 1 / distance y (1 / px).
    intervals_ms : numpy.ndarray, shape (readings,)
        Sampling interval: median time between all its samples, measured.
    noise_deg : numpy.ndarray, shape (readings,)
        White noise of the tracker as RMS-S2S (deg), from the median step between at most 128 samples and their
        successors; NaN where no two neighbours have a place.
    rows : numpy.ndarray of int64, shape (seen,), or None
        Row of each sample in the table; None when all have a place.
    table : ragged.Segments
        Where each reading begins and ends in the table.
    times : numpy.ndarray, shape (rows of the table,)
        Time of every row.

    Examples
    --------
    >>> samples = pd.DataFrame({"reading": 1, "t": [0.0, 4, 8, 12], "x": [5.0, np.nan, 6, 7], "y": 5.0})
    >>> recording = prepare(samples, Viewing.from_px_per_deg(40, 1000, 600))
    >>> recording.t.tolist(), recording.rows.tolist(), recording.intervals_ms.tolist()
    ([0.0, 8.0, 12.0], [0, 2, 3], [4.0])
    """

    readings: ragged.Segments
    t: np.ndarray
    x: np.ndarray
    y: np.ndarray
    lenses: np.ndarray
    intervals_ms: np.ndarray
    noise_deg: np.ndarray
    rows: np.ndarray | None
    table: ragged.Segments
    times: np.ndarray

    @property
    def gaze(self) -> Gaze:
        """Time and place as kernels take them, in image px."""
        return Gaze(self.t, self.x, self.y)

    def require(self, **durations_ms: float) -> None:
        """Refuse durations (ms) shorter than one sample of the slowest reading; 0 asks for nothing."""
        if not len(self.readings):
            return
        slowest = int(np.argmax(self.intervals_ms))
        interval = self.intervals_ms[slowest]
        for name, duration in durations_ms.items():
            if not (np.isfinite(duration) and duration >= 0):
                raise ValueError(f"{name} must be a duration in ms, 0 or more; got {duration}")
            if 0 < duration < interval * (1 - 1e-6):
                raise ValueError(
                    f"{name} = {duration:g} ms is shorter than one sample of reading {self.readings.keys[slowest]}, "
                    f"{interval:.3g} ms at {1000 / interval:.3g} Hz: ask for {interval:.3g} ms or more, or 0 for none"
                )


def prepare(
    samples: pd.DataFrame, viewing: Viewing, *, rate_hz: float | None = None, n_jobs: int | None = None
) -> Recording:
    """Take the arrays out of a samples table, measure each reading's rate and refuse what can't be true.

    Parameters
    ----------
    samples : pandas.DataFrame
        A samples table: reading, t (ms), x, y (image px), perhaps valid.
    viewing : Viewing
        One for all readings, or arrays with one element a reading.
    rate_hz : float, optional
        The rate that the tracker is said to have, checked against the clock.
    n_jobs : int, optional
        Default: as many as the process may use.

    Raises
    ------
    TableError
        If `samples` breaks its contract: infinite places, time that runs backwards, columns that are not there.
    ValueError
        If the unit of time or place, or `rate_hz`, can't be right, or a reading holds samples of both eyes.

    Warns
    -----
    RecordingWarning
        If samples lie at a tracker's code for loss, such as (0, 0) or (-1, -1), and there is no column `valid` that
        says which to trust (they are taken for missing); if saccades last much longer or shorter than is human. The
        text names the first readings concerned.

    Examples
    --------
    >>> samples = pd.DataFrame({"reading": 1, "t": np.arange(4) / 250, "x": 5.0, "y": 5.0})
    >>> prepare(samples, Viewing.from_px_per_deg(40))
    Traceback (most recent call last):
    ...
    ValueError: t must be in ms; the median interval of t is 0.004, which would be 2.5e+05 Hz in ms: it looks like
    seconds, so multiply t by 1000
    """
    for name in ("t", "x", "y", "reading"):
        if name not in samples.columns or (name != "reading" and not pd.api.types.is_numeric_dtype(samples[name])):
            tables.check(samples, "samples")
    table = ragged.segments(samples["reading"])
    _check_eyes(samples, table)
    t, x, y = (np.ascontiguousarray(samples[name].to_numpy(float, na_value=np.nan)) for name in ("t", "x", "y"))
    if "valid" in samples.columns:
        lost = ~samples["valid"].to_numpy(bool, na_value=False)
        x, y = np.where(lost, np.nan, x), np.where(lost, np.nan, y)
    lenses = viewing.rows(len(table))
    lenses[:, 2:] = 1 / lenses[:, 2:]
    facts = np.empty((len(table), len(_FACTS)))
    ragged.each(kernels.audit_over_readings, table, Gaze(t, x, y), out=[lenses, facts], n_jobs=n_jobs)
    if "valid" not in samples.columns and facts[:, _CODES[0]].any():
        _warn_of_codes(table, facts)
        x, y, codes = x.copy(), y.copy(), np.ascontiguousarray(facts[:, _CODES])
        ragged.each(kernels.remove_codes_over_readings, table, x, y, out=[codes], n_jobs=n_jobs)
        ragged.each(kernels.audit_over_readings, table, Gaze(t, x, y), out=[lenses, facts], n_jobs=n_jobs)
    audit = {name: facts[:, place] for place, name in enumerate(_FACTS)}
    if sum(audit[name].sum() for name in ("backwards", "timeless", "infinite")):
        tables.check(samples, "samples")
    interval = _check_clock(audit["interval"], rate_hz)
    _check_each_clock(table, audit["interval"])
    _check_places(audit, lenses)
    intervals = np.where(np.isnan(audit["interval"]), interval, audit["interval"])
    # Steps of white noise in two directions have a Rayleigh distribution, whose root mean square is the median over
    # sqrt(ln 2). RMS-S2S itself is the mean of squares, which a single saccade doubles.
    rates_and_noise = intervals, audit["step_deg"] / np.sqrt(np.log(2))
    recording = _seen(table, Gaze(t, x, y), lenses, rates_and_noise, whole=not audit["missing"].any())
    _check_saccades(recording)
    return recording


def _check_eyes(samples: pd.DataFrame, table: ragged.Segments) -> None:
    """Refuse a reading that holds both eyes: from one to the other gaze would jump at every sample."""
    if "eye" not in samples.columns or not len(table):
        return
    eye = samples["eye"]
    held = [np.logical_or.reduceat((eye == side).to_numpy(bool, na_value=False), table.starts) for side in _SIDES]
    both = np.flatnonzero(held[0] & held[1])
    if both.size:
        raise ValueError(
            f"samples of {_named(table.keys[both])} are of the left and of the right eye, which move as one: keep one "
            "eye, or the mean of both, in each reading"
        )


def _seen(
    table: ragged.Segments, gaze: Gaze, lenses: np.ndarray, facts: tuple[np.ndarray, np.ndarray], *, whole: bool
) -> Recording:
    """Keep the samples that have a place; all of them when the recording is `whole`."""
    t, x, y = gaze
    if whole:
        return Recording(table, t, x, y, lenses, *facts, None, table, t)
    rows = np.flatnonzero(~np.isnan(x + y))
    stops = np.searchsorted(rows, table.stops)
    readings = ragged.Segments(table.keys, np.append(0, stops)[:-1], stops)
    return Recording(readings, t[rows], x[rows], y[rows], lenses, *facts, rows, table, t)


# Seconds and microseconds are off by 1000, so any rate outside 20 to 5000 Hz betrays them. A guess that converted the
# unit by itself would be wrong in silence for the rare tracker at such a rate.
def _check_clock(intervals: np.ndarray, rate_hz: float | None) -> float:
    """Return the median interval (ms) over readings; 1 ms where no reading has two times."""
    known = intervals[~np.isnan(intervals)]
    if not known.size:
        return 1.0
    interval = float(np.median(known))
    measured = f"the median interval of t is {interval:.4g}, which would be {1000 / interval:.4g} Hz in ms"
    if 1000 / interval > _MAX_HZ:
        raise ValueError(f"t must be in ms; {measured}: it looks like seconds, so multiply t by 1000")
    if 1000 / interval < _MIN_HZ:
        unit = "nanoseconds" if interval > 1e5 else "microseconds" if interval >= 400 else ""
        remedy = f"it looks like {unit}, so convert t" if unit else f"events need at least {_MIN_HZ:g} Hz"
        raise ValueError(f"t must be in ms; {measured}: {remedy}")
    if rate_hz is not None and abs(1000 / interval / rate_hz - 1) > 0.05:
        raise ValueError(
            f"rate_hz = {rate_hz:g} was declared, but {measured}: correct t, or leave rate_hz out to use the clock"
        )
    return interval


def _check_each_clock(table: ragged.Segments, intervals: np.ndarray) -> None:
    """Refuse a single reading whose clock no tracker has, where the readings together look right."""
    rates = 1000 / intervals
    odd = np.flatnonzero(((rates > _MAX_HZ) | (rates < _MIN_HZ)) & (table.lengths >= _MIN_TIMED))
    if odd.size:
        rate = rates[odd[0]]
        limit = f"at least {_MIN_HZ:g}" if rate < _MIN_HZ else f"at most {_MAX_HZ:g}"
        raise ValueError(
            f"the samples of {_named(table.keys[odd])} come at {rate:.4g} Hz, while events need {limit} Hz: correct t "
            f"there, or leave {'it' if odd.size == 1 else 'them'} out"
        )


# Degrees and shares of the image have the same signs as pixels; what gives them away is that a whole reading spans less
# than 1.5 deg, or moves less from sample to sample than any tracker can measure.
def _check_places(audit: Mapping[str, np.ndarray], lenses: np.ndarray) -> None:
    """Refuse gaze that can't be in image pixels."""
    long = audit["probed"] >= 50
    if not long.any():
        return
    wide = audit["wide"][long].mean()
    if wide > 0.2:
        raise ValueError(
            f"x and y must be in image px; {wide:.0%} of the samples lie over 60 deg off the line of sight: "
            "the viewing belongs to other units (a distance in px is about 57 times the px per degree)"
        )
    across = np.rad2deg(audit["extent_px"] * np.maximum(lenses[:, 2], lenses[:, 3]))[long]
    farthest = audit["farthest_px"][long].max()
    in_corner = farthest < 60 and np.hypot(lenses[:, 0], lenses[:, 1]).min() > 2 * farthest
    steps = audit["step_deg"][long]
    if np.median(across) < 1.5 and (in_corner or 0 < np.nanmedian(steps) < _MIN_STEP_DEG):
        raise ValueError(
            f"x and y must be in image px; half of the readings stay within {np.median(across):.2g} deg and "
            f"no coordinate is over {farthest:.3g}: they look like degrees or shares of the image; convert them to px"
        )


def _warn_of_codes(table: ragged.Segments, facts: np.ndarray) -> None:
    """Report which samples lie at a tracker's code for loss, and are taken for missing."""
    coded, code_x, code_y = facts[:, _CODES].T
    at = coded > 0
    worst = int(np.argmax(coded))
    point = f"({code_x[worst]:g}, {code_y[worst]:g})"
    warnings.warn(
        f"{int(coded.sum()):,} samples of {_named(table.keys[at])} lie at exactly one point off the image, such as "
        f"{point}: that is a tracker's code for loss, so they are taken for missing. events.clean(samples, "
        f"lost_at={point}) does so without this warning; a column `valid` states which samples to trust",
        RecordingWarning,
        stacklevel=4,
    )


def _check_saccades(recording: Recording) -> None:
    """Warn when saccades last much longer or shorter than human ones of their size: clock or viewing may be wrong.

    A part of the recording is timed, at most 32,768 samples of 16 readings.
    """
    fast = np.flatnonzero(recording.intervals_ms <= _MAX_TIMED_INTERVAL_MS)
    timed = fast[np.unique(np.linspace(0, len(fast) - 1, _READINGS_TIMED).astype(int))[: len(fast)]]
    ratios = []
    for reading in timed:
        start = recording.readings.starts[reading]
        stop = min(recording.readings.stops[reading], start + _SAMPLES_TIMED // len(timed))
        part = Gaze(recording.t[start:stop], recording.x[start:stop], recording.y[start:stop])
        right, down = np.empty_like(part.x), np.empty_like(part.y)
        whole = np.zeros(1, np.int64), np.full(1, part.x.size)
        kernels.degrees_over_readings(*whole, part, right, down, recording.lenses[reading : reading + 1])
        ratios.append(kernels.flight_ratios(Gaze(part.t, right, down), recording.intervals_ms[reading]))
    if sum(map(len, ratios)) < _MIN_SACCADES:
        return
    ratio = float(np.median(np.concatenate(ratios)))
    if not _MIN_RATIO < ratio < _MAX_RATIO:
        named = _named(recording.readings.keys[timed[[len(each) > 0 for each in ratios]]])
        warnings.warn(
            f"saccades of {named} last {ratio:.2f} times as long as is usual for their size (21 ms and 2.2 ms per deg, "
            "Carpenter 1988): check the clock (does t follow the true sampling rate?) and the viewing distance",
            RecordingWarning,
            stacklevel=4,
        )


def _named(readings: pd.Index, limit: int = 3) -> str:
    """Name the first of some readings, and say how many more there are."""
    names = ", ".join(str(reading) for reading in readings[:limit])
    more = f" and {len(readings) - limit} more" if len(readings) > limit else ""
    return f"reading{'s' if len(readings) > 1 else ''} {names}{more}"


def in_degrees(recording: Recording, *, n_jobs: int | None = None) -> Gaze:
    """Gaze of every sample with a place as horizontal and vertical angle (deg) off the line of sight.

    Examples
    --------
    >>> samples = pd.DataFrame({"reading": 1, "t": [0.0, 4], "x": [500.0, 540], "y": 300.0})
    >>> in_degrees(prepare(samples, Viewing.from_px_per_deg(40, 1000, 600))).x.round(3).tolist()
    [0.0, 1.0]
    """
    right, down = np.empty_like(recording.x), np.empty_like(recording.y)
    places = (recording.gaze, right, down)
    ragged.each(kernels.degrees_over_readings, recording.readings, *places, out=[recording.lenses], n_jobs=n_jobs)
    return Gaze(recording.t, right, down)


def in_rows(recording: Recording, *columns: np.ndarray) -> tuple[np.ndarray, ...]:
    """Put columns of the samples seen back in the table's rows, NaN elsewhere.

    Examples
    --------
    >>> samples = pd.DataFrame({"reading": 1, "t": [0.0, 4, 8], "x": [5.0, np.nan, 6], "y": 5.0})
    >>> recording = prepare(samples, Viewing.from_px_per_deg(40, 1000, 600))
    >>> in_rows(recording, recording.x)[0].tolist()
    [5.0, nan, 6.0]
    """
    if recording.rows is None:
        return columns
    spread = []
    for column in columns:
        whole = np.full(recording.times.size, np.nan)
        whole[recording.rows] = column
        spread.append(whole)
    return tuple(spread)
