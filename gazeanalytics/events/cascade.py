"""The default event detector: a cascade of rules that holds from 30 to 1000 Hz."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gazeanalytics._kernels.events import cascade as kernels
from gazeanalytics.events.detector import Detector, DetectorSettings, label_in_degrees
from gazeanalytics.events.recording import MAX_GAP_MS, Recording

__all__ = ["DETECTOR", "CascadeSettings"]


@dataclass(frozen=True, slots=True)
class CascadeSettings(DetectorSettings):
    """Cascade of rules for fixations, saccades, post-saccadic oscillations (PSO), blinks and smooth pursuit.

    Saccades are found first, by a speed threshold that rises with the noise of the reading; then what oscillates after
    them, what moves beside a blink and, if asked for, slow drift; the rest is fixation. Where a saccade has few samples
    (below about 160 Hz) it is found by the steps between samples and timed by its size, since it begins and ends
    between samples. In the spirit of REMoDNaV (Dar, Wagner & Hanke 2021) with rules of its own.

    The defaults are rounded from what suits all persons present in Lund2013, still images and video, at 30 to 500 Hz;
    saccade durations are Carpenter's. Rules chosen without the person scored agree with the coders about as well
    (tests/benchmarks/tune_cascade.py).

    Attributes
    ----------
    window_ms : float
        Time over which speed is measured where samples are dense.
    peak_deg_s, peak_noise : float
        A saccade's fastest sample exceeds both: a speed, and so many robust standard deviations of the reading's
        velocity.
    edge_deg_s, edge_noise : float
        A saccade spreads down to the greater of both.
    onset_share, offset_share : float
        It begins above that share of its peak speed, and ends at the first dip under the other.
    min_saccade_ms : float
        Shorter ones are left to fixation, where samples are dense.
    max_pso_rest_ms, max_pso_ms : float
        An oscillation may rest, and last, no longer.
    sparse_from_ms : float
        From this sampling interval on, a saccade is found by the steps between samples.
    flight_ms, flight_ms_per_deg : float
        Sparse samples: how long a saccade lasts, by its size (the main sequence of durations; Carpenter 1988).
    flight_before_share : float
        Sparse samples: share of that time before the mean time of its steps; saccades land slower than they take off.
    sparse_pso_deg_s, sparse_pso_noise : float
        Sparse samples: the steps of an oscillation exceed both.
    min_straightness : float
        Sparse samples: a saccade's amplitude as a share of its path; what returns to its start is noise.
    blink_margin_ms, min_blink_ms, max_blink_ms : float
        What moves that near to a hole of at least the shortest length is blink; a hole between both lengths is one.
    pursuit_deg_s, pursuit_window_ms : float
        Slow drift above that speed over the window is smooth pursuit. 0: none, as suits still images.
    min_fixation_ms : float
        Shorter fixations are noise. 0 keeps all.

    References
    ----------
    Dar, Wagner & Hanke (2021). REMoDNaV: robust eye-movement classification for dynamic stimulation. Behavior Research
    Methods 53, 399-414.
    Carpenter (1988). Movements of the Eyes, 2nd edition. Pion.

    Examples
    --------
    A saccade of 5 deg takes some 32 ms, two samples at 62.5 Hz, although gaze jumps from one sample to the next.

    >>> import pandas as pd
    >>> from gazeanalytics.events import detect
    >>> from gazeanalytics.geometry import Viewing
    >>> x = np.repeat([100.0, 300.0], 50) + np.tile([0.0, 0.2], 50)
    >>> samples = pd.DataFrame({"reading": 1, "t": np.arange(100) * 16.0, "x": x, "y": 100.0})
    >>> events = detect(samples, Viewing.from_px_per_deg(40, 400, 200), settings=CascadeSettings(peak_deg_s=40))
    >>> events.saccades[["duration", "amplitude_deg"]].round(1).values.tolist()
    [[32.0, 5.0]]
    """

    window_ms: float = 11.0
    peak_deg_s: float = 30.0
    peak_noise: float = 5.5
    edge_deg_s: float = 9.0
    edge_noise: float = 2.5
    onset_share: float = 0.13
    offset_share: float = 0.31
    min_saccade_ms: float = 14.0
    max_pso_rest_ms: float = 15.0
    max_pso_ms: float = 40.0
    sparse_from_ms: float = 6.0
    flight_ms: float = 21.0
    flight_ms_per_deg: float = 2.2
    flight_before_share: float = 0.41
    sparse_pso_deg_s: float = 23.0
    sparse_pso_noise: float = 2.4
    min_straightness: float = 0.3
    blink_margin_ms: float = 90.0
    min_blink_ms: float = 20.0
    max_blink_ms: float = 500.0
    pursuit_deg_s: float = 0.0
    pursuit_window_ms: float = 200.0
    min_fixation_ms: float = 40.0

    @property
    def blink_ms(self) -> tuple[float, float]:
        """Shortest and longest hole in the recording that is labelled blink."""
        return self.min_blink_ms, self.max_blink_ms

    def rules(self) -> kernels.Rules:
        """Return the values as the kernel takes them."""
        return kernels.Rules(**self.as_dict(), max_gap_ms=MAX_GAP_MS)


def label(recording: Recording, settings: CascadeSettings, n_jobs: int | None = None) -> np.ndarray:
    """Label the samples that have a place."""
    return label_in_degrees(kernels.cascade_over_readings, recording, settings.rules(), n_jobs=n_jobs)


DETECTOR = Detector(
    "cascade",
    CascadeSettings,
    label,
    "a cascade of rules that separates saccades, oscillations after them, blinks, pursuit and fixations",
)
