"""Basic features: number and rate of fixations, total dwell time, durations, saccade amplitudes, directions."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gazeanalytics import ragged
from gazeanalytics._kernels.gaze import basic as kernels
from gazeanalytics.gaze._images import match, owners
from gazeanalytics.gaze._points import Points
from gazeanalytics.gaze.features.settings import FeatureSettings

__all__ = ["counts", "directions", "durations", "saccade_measures", "steps"]

# Where the fitted line is read off: a size that every search of an image has.
_SIZE_DEG = 5.0


def counts(points: Points) -> dict[str, np.ndarray]:
    """Number of fixations, fixation rate and duration of the scanpath.

    - `fixations`: number of fixations with a place.
    - `scanpath_duration_ms`: end of the last fixation minus onset of the first (ms).
    - `fixation_rate_hz`: fixations per second of scanpath duration.

    Without durations the clock isn't known (the onset may be a bare order), so that both times are NaN.

    Examples
    --------
    >>> from gazeanalytics import gaze
    >>> features = gaze.scanpath_features(*gaze.example_scanpaths()).set_index("reading")
    >>> features.loc[:, "fixations":"fixation_rate_hz"].T.round(2)
    reading                 random      line      loop     still
    fixations                36.00     36.00     36.00     36.00
    scanpath_duration_ms  10750.00  10750.00  10750.00  23350.00
    fixation_rate_hz          3.35      3.35      3.35      1.54
    """
    found = points.found
    number = found.lengths.astype(float)
    ends = points.onset + points.duration
    took = np.full(len(found), np.nan)
    full = found.lengths > 0
    took[full] = ends[found.stops[full] - 1] - points.onset[found.starts[full]]
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(took > 0, number / took * 1000, np.nan)
    return {"fixations": number, "scanpath_duration_ms": took, "fixation_rate_hz": rate}


def durations(points: Points, settings: FeatureSettings) -> dict[str, np.ndarray]:
    """Fixation durations (ms): total dwell time, mean, median, standard deviation (n - 1) and two quantiles.

    `dwell_total_ms`, `duration_mean_ms`, `duration_median_ms`, `duration_sd_ms`, `duration_low_ms`,
    `duration_high_ms`; the quantiles are `settings.quantiles`, interpolated linearly.

    Examples
    --------
    >>> from gazeanalytics import gaze
    >>> features = gaze.scanpath_features(*gaze.example_scanpaths()).set_index("reading")
    >>> features.loc[:, "dwell_total_ms":"duration_high_ms"].T.round(2)
    reading              random     line     loop    still
    dwell_total_ms      9000.00  9000.00  9000.00  21600.0
    duration_mean_ms     250.00   250.00   250.00    600.0
    duration_median_ms   250.00   250.00   250.00    600.0
    duration_sd_ms        50.71    50.71    50.71      0.0
    duration_low_ms      200.00   200.00   200.00    600.0
    duration_high_ms     300.00   300.00   300.00    600.0
    """
    total, *rest = _summary(points.found, points.duration, settings)
    return {"dwell_total_ms": total} | _named("duration", "ms", rest)


def steps(points: Points, settings: FeatureSettings) -> dict[str, np.ndarray]:
    """Scanpath length and saccade amplitudes (deg), taken from the steps between fixations.

    - `scanpath_length_deg`: sum of the angles between successive fixations; 0 for a single fixation.
    - `amplitude_mean_deg`, `_median_`, `_sd_`, `_low_`, `_high_`: of those angles.

    Examples
    --------
    >>> from gazeanalytics import gaze
    >>> features = gaze.scanpath_features(*gaze.example_scanpaths()).set_index("reading")
    >>> features.loc[:, "scanpath_length_deg":"amplitude_high_deg"].T.round(2)
    reading               random   line    loop  still
    scanpath_length_deg   467.15  22.22  178.55    0.0
    amplitude_mean_deg     13.35   0.63    5.10    0.0
    amplitude_median_deg   14.44   0.64    5.10    0.0
    amplitude_sd_deg        5.95   0.01    0.00    0.0
    amplitude_low_deg       4.94   0.62    5.10    0.0
    amplitude_high_deg     20.84   0.64    5.10    0.0
    """
    total, *rest = _summary(points.found, points.steps, settings)
    length = np.where(points.found.lengths == 1, 0.0, total)
    return {"scanpath_length_deg": length} | _named("amplitude", "deg", rest)


def directions(points: Points, settings: FeatureSettings) -> dict[str, np.ndarray]:
    """Saccade directions: horizontality, common axis and turning, each step between fixations counted alike.

    - `horizontality`: mean of cos(2 heading); 1 when all steps are horizontal, -1 when all are vertical, 0 when
      directions are uniform.
    - `axiality`: length of the mean of exp(2i heading); 1 when all steps share one axis.
    - `turn_mean_deg`: mean change of direction from step to step; 0 straight on, 90 for random directions, about 120
      between random places, 180 back and forth.

    Examples
    --------
    >>> from gazeanalytics import gaze
    >>> features = gaze.scanpath_features(*gaze.example_scanpaths()).set_index("reading")
    >>> features.loc[:, "horizontality":"turn_mean_deg"].T.round(2)
    reading        random  line   loop  still
    horizontality    0.04   1.0   0.02    NaN
    axiality         0.16   1.0   0.03    NaN
    turn_mean_deg  117.12   0.0  30.01    NaN
    """
    out = np.empty((len(points.found), 3))
    ragged.each(kernels.direction_readings, points.found, points.headings, out=[out], n_jobs=settings.n_jobs)
    return dict(zip(("horizontality", "axiality", "turn_mean_deg"), out.T, strict=True))


def saccade_measures(
    saccades: pd.DataFrame, images: pd.DataFrame, took_ms: np.ndarray, settings: FeatureSettings
) -> dict[str, np.ndarray]:
    """Saccade rate, amplitude, duration, peak speed and main sequence of detected saccades.

    They take the place of the steps between fixations.

    - `saccades`: number; `saccade_rate_hz`: per second of scanpath duration.
    - `amplitude_*_deg`, `saccade_duration_*_ms`, `peak_speed_*_deg_s`: mean, median, standard deviation and quantiles.
    - `main_sequence_exponent`: b of peak speed = a amplitude^b, by least squares of log on log over the reading's own
      saccades (Bahill, Clark & Stark 1975; their curve bends, which few saccades can't show);
      `main_sequence_at_5_deg_deg_s`: peak speed of that line at 5 deg. NaN below three saccades or when all are as
      large. `gaze.main_sequence` fits many readings together, with intervals.

    Examples
    --------
    Saccades whose peak speed follows 500 (1 - exp(-amplitude / 6)): the exponent is near 1 for short ones, lower for
    long ones, and not known when all are alike (loop) or of no size (still).

    >>> from gazeanalytics import gaze
    >>> fixations, viewing, images = gaze.example_scanpaths()
    >>> saccades = gaze.steps_between(fixations, viewing, images)
    >>> saccades["peak_speed_deg_s"] = 500 * (1 - np.exp(-saccades["amplitude_deg"] / 6))
    >>> features = gaze.scanpath_features(fixations, viewing, images, saccades=saccades).set_index("reading")
    >>> named = ["saccades", "peak_speed_median_deg_s", "main_sequence_exponent", "main_sequence_at_5_deg_deg_s"]
    >>> features[named].T.round(2)
    reading                       random   line    loop  still
    saccades                       35.00  35.00   35.00   35.0
    peak_speed_median_deg_s       454.95  50.32  286.35    0.0
    main_sequence_exponent          0.41   0.95     NaN    NaN
    main_sequence_at_5_deg_deg_s  285.05 355.30     NaN    NaN
    """
    found = match(saccades, images, "saccades")
    number = found.lengths.astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(took_ms > 0, number / took_ms * 1000, np.nan)
    made = {"saccades": number, "saccade_rate_hz": rate}
    for column, name, unit in (
        ("amplitude_deg", "amplitude", "deg"),
        ("duration", "saccade_duration", "ms"),
        ("peak_speed_deg_s", "peak_speed", "deg_s"),
    ):
        made |= _named(name, unit, _summary(found, saccades[column].to_numpy(float), settings)[1:])
    size, speed = (saccades[name].to_numpy(float) for name in ("amplitude_deg", "peak_speed_deg_s"))
    return made | _main_sequences(found, size, speed)


def _main_sequences(found: ragged.Segments, size: np.ndarray, speed: np.ndarray) -> dict[str, np.ndarray]:
    """Least-squares line of log speed on log size for each reading."""
    usable = (size > 0) & (speed > 0)
    owner, count = owners(found)[usable], len(found)
    across, up = np.log(size[usable] / _SIZE_DEG), np.log(speed[usable])
    number = np.bincount(owner, minlength=count)
    # Log-log least squares: a line has a closed form for a million readings, and few saccades can't show the bend of
    # the exponential curve, which `gaze.main_sequence` fits to many.
    with np.errstate(divide="ignore", invalid="ignore"):
        middle, height = (np.bincount(owner, values, count) / number for values in (across, up))
        across = across - middle[owner]
        square = np.bincount(owner, across**2, count)
        slope = np.bincount(owner, across * up, count) / square
    # Equal amplitudes differ by rounding alone, which is no spread to fit a line to.
    slope = np.where((number > 2) & (square > 1e-12 * number), slope, np.nan)
    return {"main_sequence_exponent": slope, "main_sequence_at_5_deg_deg_s": np.exp(height - slope * middle)}


def _summary(found: ragged.Segments, values: np.ndarray, settings: FeatureSettings) -> list[np.ndarray]:
    out = np.empty((len(found), 6))
    ragged.each(kernels.summaries, found, values, *settings.quantiles, out=[out], n_jobs=settings.n_jobs)
    return list(out.T)


def _named(name: str, unit: str, summary: list[np.ndarray]) -> dict[str, np.ndarray]:
    return {
        f"{name}_{part}_{unit}": values
        for part, values in zip(("mean", "median", "sd", "low", "high"), summary, strict=True)
    }
