"""Nyström & Holmqvist (2010): adaptive velocity thresholds, with glissades (PSO)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from gazeanalytics._kernels.events import nystrom_holmqvist as kernels
from gazeanalytics.events.detector import Detector, DetectorSettings, label_in_degrees, positive
from gazeanalytics.events.recording import MAX_GAP_MS, Recording

__all__ = ["DETECTOR", "NystromHolmqvistSettings"]


@dataclass(frozen=True, slots=True)
class NystromHolmqvistSettings(DetectorSettings):
    """Adaptive velocity thresholds for saccades and glissades (PSO; Nyström & Holmqvist 2010).

    Speed comes from a parabola fitted around each sample (Savitzky & Golay). The peak threshold is iterated to the mean
    plus 6 standard deviations of the slower samples; a saccade reaches out to local minima below the mean plus 3, and
    ends by a threshold that also counts the noise just before it. What exceeds that within the window after it is a
    glissade, labelled PSO.

    Attributes
    ----------
    first_peak_deg_s : float
        Where the iteration begins (deg/s): 100 to 300 in the paper.
    window_ms : float
        Width of the fitted parabola.
    max_speed_deg_s, max_acceleration_deg_s2 : float
        What moves faster is noise: no eye does.
    glissade_window_ms : float
        How long after a saccade a glissade may follow, and how long before it noise is measured.
    min_saccade_ms : float
        Shorter saccades are left to fixation.
    min_fixation_ms : float
        Shorter fixations are noise. 0 keeps all.

    References
    ----------
    Nyström & Holmqvist (2010). An adaptive algorithm for fixation, saccade, and glissade detection in eyetracking data.
    Behavior Research Methods 42, 188-204.

    Examples
    --------
    >>> import pandas as pd
    >>> from gazeanalytics.events import detect
    >>> from gazeanalytics.geometry import Viewing
    >>> angle = np.linspace(0, np.pi, 16)
    >>> x = np.concatenate([np.zeros(50), 100 - 100 * np.cos(angle), np.full(50, 200)])
    >>> x += 300 + np.random.default_rng(0).normal(0, 0.3, x.size)
    >>> samples = pd.DataFrame({"reading": 1, "t": np.arange(x.size) * 2.0, "x": x, "y": 100.0})
    >>> events = detect(samples, Viewing.from_px_per_deg(40, 800, 200), settings=NystromHolmqvistSettings())
    >>> events.saccades["amplitude_deg"].round(1).tolist()
    [5.0]
    """

    at_least_one_sample: ClassVar[tuple[str, ...]] = ("min_saccade_ms", "min_fixation_ms")
    first_peak_deg_s: float = positive(100.0)
    window_ms: float = 20.0
    max_speed_deg_s: float = positive(1000.0)
    max_acceleration_deg_s2: float = positive(100_000.0)
    glissade_window_ms: float = 40.0
    min_saccade_ms: float = 10.0
    min_fixation_ms: float = 40.0


def label(recording: Recording, settings: NystromHolmqvistSettings, n_jobs: int | None = None) -> np.ndarray:
    """Label the samples that have a place."""
    how = kernels.AdaptiveThresholds(
        window_ms=settings.window_ms,
        first_peak=settings.first_peak_deg_s / 1e3,
        max_speed=settings.max_speed_deg_s / 1e3,
        max_acceleration=settings.max_acceleration_deg_s2 / 1e6,
        min_saccade_ms=settings.min_saccade_ms,
        glissade_window_ms=settings.glissade_window_ms,
        max_gap_ms=MAX_GAP_MS,
    )
    return label_in_degrees(kernels.nystrom_holmqvist_over_readings, recording, how, n_jobs=n_jobs)


DETECTOR = Detector(
    "nystrom_holmqvist",
    NystromHolmqvistSettings,
    label,
    "velocity thresholds that adapt to the noise of each reading",
    "Nyström & Holmqvist, 2010",
)
