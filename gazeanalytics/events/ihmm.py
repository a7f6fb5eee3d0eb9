"""I-HMM: a hidden Markov model with a slow and a fast state (Salvucci & Goldberg 2000)."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np

from gazeanalytics._kernels.events import ihmm as kernels
from gazeanalytics.events.detector import Detector, DetectorSettings, label_in_degrees, positive
from gazeanalytics.events.recording import MAX_GAP_MS, Recording

__all__ = ["DETECTOR", "IhmmSettings"]


@dataclass(frozen=True, slots=True)
class IhmmSettings(DetectorSettings):
    """Hidden Markov model of two speeds (I-HMM; Salvucci & Goldberg 2000).

    The logarithm of the speed is normal in either state: about the reading's median in fixation, about `saccade_deg_s`
    in saccade. The most likely sequence of states is taken (Viterbi). Unlike I-VT it weighs how long an event lasts, so
    that single fast samples don't end a fixation.

    Attributes
    ----------
    saccade_deg_s : float
        Usual speed in a saccade (deg/s), before any learning; over 0.
    min_saccade_deg_s : float
        The learned speed of saccades stays above this, so that noise isn't split in two; over 0.
    window_ms : float
        Time over which speed is measured, at least the two neighbours of a sample.
    mean_fixation_ms, mean_saccade_ms : float
        Mean durations, before any learning; over 0.
    max_iter : int
        Iterations of Baum-Welch that learn speeds and durations from the reading, as the paper does. With 0 the model
        agrees better with the coders of Lund2013: a learned saccade state takes in their oscillations, too.
    min_fixation_ms : float
        Shorter fixations are noise. 0 keeps all.

    References
    ----------
    Salvucci & Goldberg (2000). Identifying fixations and saccades in eye-tracking protocols. ETRA, 71-78.
    Rabiner (1989). A tutorial on hidden Markov models. Proceedings of the IEEE 77, 257-286.

    Examples
    --------
    >>> import pandas as pd
    >>> from gazeanalytics.events import detect
    >>> from gazeanalytics.geometry import Viewing
    >>> x = np.concatenate([np.zeros(50), np.linspace(0, 200, 10), np.full(50, 200)])
    >>> x += 300 + np.random.default_rng(0).normal(0, 0.3, x.size)
    >>> samples = pd.DataFrame({"reading": 1, "t": np.arange(x.size) * 4.0, "x": x, "y": 100.0})
    >>> events = detect(samples, Viewing.from_px_per_deg(40, 800, 200), settings=IhmmSettings())
    >>> events.saccades[["onset", "duration", "amplitude_deg"]].round(1).values.tolist()
    [[200.0, 40.0, 5.0]]
    """

    saccade_deg_s: float = positive(100.0)
    min_saccade_deg_s: float = positive(30.0)
    window_ms: float = 10.0
    mean_fixation_ms: float = positive(250.0)
    mean_saccade_ms: float = positive(40.0)
    max_iter: int = 0
    min_fixation_ms: float = 60.0


def label(recording: Recording, settings: IhmmSettings, n_jobs: int | None = None) -> np.ndarray:
    """Label the samples that have a place."""
    how = kernels.SpeedModel(
        window_ms=settings.window_ms,
        log_saccade=log(settings.saccade_deg_s),
        min_log_saccade=log(min(settings.min_saccade_deg_s, settings.saccade_deg_s)),
        mean_fixation_ms=settings.mean_fixation_ms,
        mean_saccade_ms=settings.mean_saccade_ms,
        max_iter=settings.max_iter,
        max_gap_ms=MAX_GAP_MS,
    )
    return label_in_degrees(kernels.ihmm_over_readings, recording, how, n_jobs=n_jobs)


DETECTOR = Detector(
    "ihmm", IhmmSettings, label, "a hidden Markov model of two speeds (I-HMM)", "Salvucci & Goldberg, 2000"
)
