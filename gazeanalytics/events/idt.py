"""I-DT: fixations by a dispersion threshold (Salvucci & Goldberg 2000)."""

from __future__ import annotations

from dataclasses import dataclass
from math import radians

import numpy as np

from gazeanalytics import ragged
from gazeanalytics._kernels.events import idt as kernels
from gazeanalytics.events.detector import Detector, DetectorSettings, positive
from gazeanalytics.events.recording import MAX_GAP_MS, Recording

__all__ = ["DETECTOR", "IdtSettings"]


@dataclass(frozen=True, slots=True)
class IdtSettings(DetectorSettings):
    """Dispersion threshold (I-DT; Salvucci & Goldberg 2000), in linear time.

    A window of the shortest duration slides until its dispersion, x range plus y range, fits; then it grows as long as
    it fits. What is left over is saccade. Missing samples are skipped. It needs no velocity, so it suits rates below
    100 Hz, but a single noisy sample ends a fixation: its dispersion is an extreme, not a mean.

    Attributes
    ----------
    max_dispersion_deg : float
        Greatest dispersion of a fixation (deg).
    min_fixation_ms : float
        Length of the sliding window; over 0.

    References
    ----------
    Salvucci & Goldberg (2000). Identifying fixations and saccades in eye-tracking protocols. ETRA, 71-78.

    Examples
    --------
    >>> import pandas as pd
    >>> from gazeanalytics.events import detect
    >>> from gazeanalytics.geometry import Viewing
    >>> x = np.repeat([100.0, 300.0], 50)
    >>> samples = pd.DataFrame({"reading": 1, "t": np.arange(100) * 4.0, "x": x, "y": 100.0})
    >>> events = detect(samples, Viewing.from_px_per_deg(40, 400, 200), settings=IdtSettings())
    >>> events.fixations[["onset", "duration", "x"]].values.tolist()
    [[0.0, 200.0, 100.0], [200.0, 200.0, 300.0]]
    """

    max_dispersion_deg: float = 1.0
    min_fixation_ms: float = positive(100.0)


def label(recording: Recording, settings: IdtSettings, n_jobs: int | None = None) -> np.ndarray:
    """Label the samples that have a place, in pixels: the window's extremes alone need angles."""
    how = kernels.DispersionThreshold(radians(settings.max_dispersion_deg), settings.min_fixation_ms, MAX_GAP_MS)
    labels = np.empty(recording.t.size, np.uint8)
    rows = [recording.lenses, recording.intervals_ms]
    ragged.each(kernels.idt_over_readings, recording.readings, recording.gaze, how, labels, out=rows, n_jobs=n_jobs)
    return labels


DETECTOR = Detector("idt", IdtSettings, label, "a dispersion threshold (I-DT)", "Salvucci & Goldberg, 2000")
