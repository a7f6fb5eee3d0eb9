"""I2MC: identification by two-means clustering (Hessels, Niehorster, Kemner & Hooge 2017)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from gazeanalytics._kernels.events import i2mc as kernels
from gazeanalytics.events.detector import Detector, DetectorSettings, label_in_degrees, positive
from gazeanalytics.events.recording import MAX_GAP_MS, Recording

__all__ = ["DETECTOR", "I2mcSettings"]


@dataclass(frozen=True, slots=True)
class I2mcSettings(DetectorSettings):
    """Two-means clustering for noisy or slow recordings (I2MC; Hessels et al. 2017).

    Gaze in a moving window is split into two clusters, at several temporal resolutions; a sample at which gaze changes
    clusters gets a weight of 1 / number of changes. Weights over the mean plus `cutoff_sd` standard deviations are
    saccade; the rest is fixation, less the ends that lie off its median. Fixations close in time and place are one.
    Nothing is interpolated, and a coarser resolution is the mean of some samples, where the paper filters and
    downsamples.

    Attributes
    ----------
    window_ms : float
        Length of the window; at most one saccade should lie within.
    window_step_ms : float
        Windows begin this far apart; over 0.
    cutoff_sd : float
        Standard deviations of the weight.
    merge_within_deg, merge_within_ms : float
        Fixations nearer than this in place, and at most this far apart in time, are one.
    min_fixation_ms : float
        Shorter fixations are noise. 0 keeps all.

    References
    ----------
    Hessels, Niehorster, Kemner & Hooge (2017). Noise-robust fixation detection in eye movement data: Identification by
    two-means clustering (I2MC). Behavior Research Methods 49, 1802-1823.

    Examples
    --------
    Noise of 0.3 deg a sample hides the speed of a saccade from a threshold, not the two places from a clustering.

    >>> import pandas as pd
    >>> from gazeanalytics.events import detect
    >>> from gazeanalytics.geometry import Viewing
    >>> x = np.repeat([300.0, 500.0], 60) + np.random.default_rng(0).normal(0, 12, 120)
    >>> samples = pd.DataFrame({"reading": 1, "t": np.arange(120) * 10.0, "x": x, "y": 100.0})
    >>> viewing = Viewing.from_px_per_deg(40, 800, 200)
    >>> detect(samples, viewing, settings=I2mcSettings()).fixations["x"].round(-1).tolist()
    [300.0, 500.0]
    >>> len(detect(samples, viewing, detector="ivt").fixations)
    8
    """

    at_least_one_sample: ClassVar[tuple[str, ...]] = ("window_ms", "min_fixation_ms")
    window_ms: float = 200.0
    window_step_ms: float = positive(20.0)
    cutoff_sd: float = 2.0
    merge_within_deg: float = 0.7
    merge_within_ms: float = 40.0
    min_fixation_ms: float = 40.0


def label(recording: Recording, settings: I2mcSettings, n_jobs: int | None = None) -> np.ndarray:
    """Label the samples that have a place."""
    how = kernels.TwoMeans(
        window_ms=settings.window_ms,
        window_step_ms=settings.window_step_ms,
        cutoff_sd=settings.cutoff_sd,
        merge_within_deg=settings.merge_within_deg,
        merge_within_ms=settings.merge_within_ms,
        max_gap_ms=MAX_GAP_MS,
    )
    return label_in_degrees(kernels.i2mc_over_readings, recording, how, n_jobs=n_jobs)


DETECTOR = Detector(
    "i2mc", I2mcSettings, label, "clustering of gaze in moving windows into two (after I2MC)", "Hessels et al., 2017"
)
