"""Choice of an event detector by a stated rule, from the sampling rate and the noise of the recording."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gazeanalytics.events.recording import Recording, RecordingWarning, prepare
from gazeanalytics.geometry import Viewing

__all__ = ["Choice", "choose", "choose_detector"]

# Noise over the sampling interval is a speed (deg/s). Below the first the cascade's thresholds stay at their floors;
# below the second saccades still leave the ellipse of Engbert & Kliegl. The floor in degrees is what drift and tremor
# alone make at high rates. Below 45 Hz the five-point rule spans over 100 ms, more than a saccade.
_CASCADE_DEG_S, _CASCADE_DEG, _ELLIPSE_DEG_S, _ELLIPSE_MIN_HZ = 7.5, 0.07, 30.0, 45.0
# I2MC averages over a time, so what it can bear grows with the root of the number of samples in it. Above this, under
# 90 % of planted fixations match one found (tests/benchmarks/bench_event_noise.py).
_LIMIT_DEG_ROOT_HZ = 0.07


@dataclass(frozen=True, slots=True)
class Choice:
    """Which event detector suits a recording, and why.

    Attributes
    ----------
    detector : str
        Name out of `DETECTORS`.
    rate_hz, noise_deg : float
        Median sampling rate and white noise (RMS-S2S) of the readings.
    reason : str
        The rule that applied, in words.
    fits : bool
        Whether any detector can be trusted on such a recording.

    Examples
    --------
    >>> Choice("cascade", 500.0, 0.03, "little noise", True).detector
    'cascade'
    """

    detector: str
    rate_hz: float
    noise_deg: float
    reason: str
    fits: bool


def choose_detector(samples: pd.DataFrame, viewing: Viewing) -> Choice:
    """Choose an event detector by sampling rate and noise, as `detect(detector="auto")` does.

    Noise is the white noise of the tracker as RMS-S2S, from the median distance between neighbouring samples, which
    saccades don't move. With n its value (deg) and f the rate (Hz), medians over readings:

    - up to n = 0.07 deg, or n f = 7.5 deg/s at low rates: the cascade of rules, which also finds PSO and blinks;
    - else up to n f = 30 deg/s from 45 Hz on: the adaptive ellipse of Engbert & Kliegl;
    - else I2MC, whose clusters need no speed.

    Over n = 0.07 sqrt(f) no detector finds 90 % of planted fixations: then `fits` is False. The rule follows from
    fixations planted in white noise and from Lund2013 with noise added (tests/benchmarks/bench_event_noise.py). Noise
    that a tracker has filtered is not white, and is not noticed.

    Parameters
    ----------
    samples, viewing
        As for `detect`, with its errors and warnings.

    Returns
    -------
    Choice

    See Also
    --------
    quality : Rate, loss and precision of each reading.

    References
    ----------
    Hessels, Niehorster, Kemner & Hooge (2017). Noise-robust fixation detection in eye movement data: Identification by
    two-means clustering (I2MC). Behavior Research Methods 49, 1802-1823.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = np.repeat([300.0, 500.0, 300.0, 500.0], 60)
    >>> viewing = Viewing.from_px_per_deg(40, 800, 200)
    >>> for noise_px in (0.5, 4.0, 12.0):
    ...     noisy = pd.DataFrame({"reading": 1, "t": np.arange(240) * 8.0, "x": x + rng.normal(0, noise_px, 240)})
    ...     choice = choose_detector(noisy.assign(y=100 + rng.normal(0, noise_px, 240)), viewing)
    ...     print(f"{choice.noise_deg:.2f} deg: {choice.detector}")
    0.02 deg: cascade
    0.17 deg: engbert_kliegl
    0.65 deg: i2mc
    """
    return choose(prepare(samples, viewing))


def choose(recording: Recording) -> Choice:
    """Choose by the rule that `choose_detector` states, and warn where no detector fits."""
    known = ~np.isnan(recording.noise_deg)
    noise = float(np.median(recording.noise_deg[known])) if known.any() else 0.0
    rate = 1000.0 / float(np.median(recording.intervals_ms)) if len(recording.intervals_ms) else 0.0
    speed = noise * rate
    if noise <= _CASCADE_DEG or speed <= _CASCADE_DEG_S:
        detector, reason = "cascade", "little noise"
    elif rate >= _ELLIPSE_MIN_HZ and speed <= _ELLIPSE_DEG_S:
        detector, reason = "engbert_kliegl", "moderate noise, to which its threshold adapts"
    else:
        detector, reason = "i2mc", "noise that hides the speed of saccades"
    limit = _LIMIT_DEG_ROOT_HZ * np.sqrt(rate)
    facts = f"RMS-S2S {noise:.2f} deg at {rate:.0f} Hz"
    if noise > limit:
        warnings.warn(
            f"no event detector can be trusted on this recording: {facts}, where 90 % of fixations are found up to "
            f"{limit:.2f} deg; results of detector {detector!r} are the best of those there are",
            RecordingWarning,
            stacklevel=3,
        )
    return Choice(detector, rate, noise, f"{reason} ({facts})", noise <= limit)
