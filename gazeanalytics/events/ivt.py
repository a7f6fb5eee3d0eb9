"""I-VT: fixations and saccades by a velocity threshold (Salvucci & Goldberg 2000)."""

from __future__ import annotations

from dataclasses import dataclass
from math import radians

import numpy as np

from gazeanalytics import ragged
from gazeanalytics._kernels.events import ivt as kernels
from gazeanalytics.events.detector import Detector, DetectorSettings
from gazeanalytics.events.recording import MAX_GAP_MS, Recording

__all__ = ["DETECTOR", "IvtSettings"]


@dataclass(frozen=True, slots=True)
class IvtSettings(DetectorSettings):
    """Velocity threshold (I-VT; Salvucci & Goldberg 2000), in the form of the Tobii filter (Olsen 2012).

    A sample is saccade where the exact angle over the `window_ms` around it is faster than the threshold, else
    fixation. Fixations close in time and place are joined, then short ones become noise. Use it for clean recordings
    and for results that other laboratories must reproduce; in noise over about 0.2 deg (RMS-S2S) it breaks fixations.

    Attributes
    ----------
    threshold_deg_s : float
        Speed that separates fixation from saccade (deg/s).
    window_ms : float
        Time over which speed is measured, at least the two neighbours of a sample.
    min_fixation_ms : float
        Shorter fixations are noise. 0 keeps all.
    merge_within_deg : float
        Fixations at most 75 ms and this far apart are one. 0 joins none.

    References
    ----------
    Salvucci & Goldberg (2000). Identifying fixations and saccades in eye-tracking protocols. ETRA, 71-78.
    Olsen (2012). The Tobii I-VT fixation filter: algorithm description. Tobii Technology.

    Examples
    --------
    A higher threshold leaves more of a saccade's beginning and end to the fixations beside it.

    >>> import pandas as pd
    >>> from gazeanalytics.events import detect
    >>> from gazeanalytics.geometry import Viewing
    >>> x = np.repeat([100.0, 300.0], 50)
    >>> samples = pd.DataFrame({"reading": 1, "t": np.arange(100) * 4.0, "x": x, "y": 100.0})
    >>> viewing = Viewing.from_px_per_deg(40, 400, 200)
    >>> [detect(samples, viewing, settings=IvtSettings(window_ms=ms)).saccades["duration"].tolist() for ms in (8, 20)]
    [[8.0], [24.0]]
    """

    threshold_deg_s: float = 30.0
    window_ms: float = 20.0
    min_fixation_ms: float = 60.0
    merge_within_deg: float = 0.5


def label(recording: Recording, settings: IvtSettings, n_jobs: int | None = None) -> np.ndarray:
    """Label the samples that have a place, in pixels: exact angles need no coordinates in degrees."""
    per_ms, merge = radians(settings.threshold_deg_s) / 1000, radians(settings.merge_within_deg)
    how = kernels.VelocityThreshold(per_ms, settings.window_ms, merge, settings.min_fixation_ms, MAX_GAP_MS)
    labels = np.empty(recording.t.size, np.uint8)
    rows = [recording.lenses, recording.intervals_ms]
    ragged.each(kernels.ivt_over_readings, recording.readings, recording.gaze, how, labels, out=rows, n_jobs=n_jobs)
    return labels


DETECTOR = Detector("ivt", IvtSettings, label, "a velocity threshold (I-VT)", "Salvucci & Goldberg, 2000")
