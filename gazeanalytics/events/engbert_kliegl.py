"""Engbert & Kliegl (2003): saccades and microsaccades by a velocity threshold that adapts to each reading's noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gazeanalytics._kernels.events import engbert_kliegl as kernels
from gazeanalytics.events.detector import Detector, DetectorSettings, label_in_degrees, positive
from gazeanalytics.events.recording import MAX_GAP_MS, Recording

__all__ = ["DETECTOR", "EngbertKlieglSettings"]


@dataclass(frozen=True, slots=True)
class EngbertKlieglSettings(DetectorSettings):
    """Elliptic velocity threshold for saccades and microsaccades (Engbert & Kliegl 2003).

    Velocity comes from the five-point rule; a saccade leaves an ellipse that is `threshold_sd` median-based standard
    deviations of the reading's velocity wide in either direction. What is left is fixation. The median keeps saccades
    from widening their own threshold.

    Attributes
    ----------
    threshold_sd : float
        Lambda of the paper: 6 for microsaccades, 5 in Engbert & Mergenthaler (2006); over 0.
    min_saccade_ms : float
        Shorter runs are left to fixation; at least one sample, where the recording is slower than that.
    min_fixation_ms : float
        Shorter fixations are noise. 0 keeps all.

    References
    ----------
    Engbert & Kliegl (2003). Microsaccades uncover the orientation of covert attention. Vision Research 43, 1035-1045.
    Engbert & Mergenthaler (2006). Microsaccades are triggered by low retinal image slip. PNAS 103, 7192-7197.

    Examples
    --------
    >>> import pandas as pd
    >>> from gazeanalytics.events import detect
    >>> from gazeanalytics.geometry import Viewing
    >>> x = np.concatenate([np.zeros(50), np.linspace(0, 200, 12), np.full(50, 200)])
    >>> x += 300 + np.random.default_rng(0).normal(0, 0.3, x.size)
    >>> samples = pd.DataFrame({"reading": 1, "t": np.arange(x.size) * 4.0, "x": x, "y": 100.0})
    >>> events = detect(samples, Viewing.from_px_per_deg(40, 800, 200), settings=EngbertKlieglSettings())
    >>> events.saccades[["onset", "duration", "amplitude_deg"]].round(1).values.tolist()
    [[196.0, 56.0, 5.0]]
    """

    threshold_sd: float = positive(6.0)
    min_saccade_ms: float = 6.0
    min_fixation_ms: float = 40.0


def label(recording: Recording, settings: EngbertKlieglSettings, n_jobs: int | None = None) -> np.ndarray:
    """Label the samples that have a place."""
    how = kernels.Ellipse(settings.threshold_sd, settings.min_saccade_ms, MAX_GAP_MS)
    return label_in_degrees(kernels.engbert_kliegl_over_readings, recording, how, n_jobs=n_jobs)


DETECTOR = Detector(
    "engbert_kliegl",
    EngbertKlieglSettings,
    label,
    "an elliptic velocity threshold set by the noise of each reading",
    "Engbert & Kliegl, 2003",
)
