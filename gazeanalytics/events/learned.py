"""The learned event detector: boosted trees near fast motion, a Markov chain of classes, trees for pursuit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gazeanalytics._kernels.events.gaze import Gaze
from gazeanalytics.events.detector import Detector, DetectorSettings, label_in_degrees
from gazeanalytics.events.learned_model import LearnedModel, label_motion, label_pursuit, shipped
from gazeanalytics.events.recording import Recording
from gazeanalytics.ragged import Segments

__all__ = ["DETECTOR", "LearnedSettings"]


@dataclass(frozen=True, slots=True)
class LearnedSettings(DetectorSettings):
    """Boosted decision trees trained on hand-labelled recordings (machine learning).

    Near peaks of speed and near holes the trees see where a sample lies in the motion, and speeds and spreads at 8 to
    128 ms around it; a Markov chain with shortest durations smooths their answers. What moves beside a hole is blink.
    The shipped weights come from Lund2013 (Andersson et al. 2017): a tower-mounted tracker at 500 Hz, whole and
    downsampled to 250, 120, 60 and 30 Hz, with noise of 0.005 to 0.06 deg a sample added. Above 500 Hz they were tried
    on simulated gaze and on recordings interpolated from 500 Hz; on noisier gaze they are untested. `fit_detector`
    trains others.

    Attributes
    ----------
    model : LearnedModel, optional
        Default: the shipped weights; `model.about` says where they come from.
    pursuit : bool
        Whether something moved that the eye could pursue. On still images slow drift is fixation.
    min_fixation_ms : float
        Shorter fixations are noise. 0 keeps all.

    Raises
    ------
    ValueError
        If pursuit is asked of a model that knows none.

    References
    ----------
    Andersson, Larsson, Holmqvist, Stridh & Nyström (2017). One algorithm to rule them all? Behavior Research Methods
    49, 616-637.

    Examples
    --------
    >>> import pandas as pd
    >>> from gazeanalytics.events import detect
    >>> from gazeanalytics.geometry import Viewing
    >>> angle = np.linspace(0, np.pi, 20)
    >>> x = np.concatenate([np.zeros(150), 100 - 100 * np.cos(angle), np.full(150, 200)])
    >>> x += 300 + np.random.default_rng(0).normal(0, 0.3, x.size)
    >>> samples = pd.DataFrame({"reading": 1, "t": np.arange(x.size) * 2.0, "x": x, "y": 100.0})
    >>> events = detect(samples, Viewing.from_px_per_deg(40, 800, 200), settings=LearnedSettings())
    >>> events.saccades["amplitude_deg"].round(1).tolist()
    [5.0]
    """

    model: LearnedModel | None = None
    pursuit: bool = False
    min_fixation_ms: float = 40.0

    def __post_init__(self) -> None:
        DetectorSettings.__post_init__(self)
        if self.pursuit and self.model is not None and self.model.drift is None:
            raise ValueError("pursuit needs weights that know it, but the labels that `model` learned from held none")

    @property
    def blink_ms(self) -> tuple[float, float]:
        """Shortest and longest hole in the recording that is labelled blink."""
        return 20.0, 500.0


def label(recording: Recording, settings: LearnedSettings, n_jobs: int | None = None) -> np.ndarray:
    """Label the samples that have a place."""
    model = settings.model or shipped()
    drift = model.drift if settings.pursuit else None

    def batch(starts: np.ndarray, stops: np.ndarray, gaze: Gaze, labels: np.ndarray, steps: np.ndarray) -> None:
        readings = Segments(recording.readings.keys, starts, stops)
        label_motion(readings, gaze, labels, steps, model)
        if drift is not None:
            label_pursuit(readings, gaze, labels, steps, drift)

    return label_in_degrees(batch, recording, n_jobs=n_jobs)


DETECTOR = Detector("learned", LearnedSettings, label, "boosted decision trees trained on hand-labelled recordings")
