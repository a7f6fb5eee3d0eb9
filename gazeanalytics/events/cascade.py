"""The default detector: a cascade of rules that holds from 30 to 1000 Hz."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass, fields

import numpy as np
import pandas as pd

from gazeanalytics._kernels.events import cascade as events_cascade
from gazeanalytics._kernels.events import engbert_kliegl as events_speed
from gazeanalytics.events._tabulate import Events, label_and_tabulate
from gazeanalytics.events.recording import LONGEST_GAP_MS, prepare
from gazeanalytics.geometry import Viewing
from gazeanalytics.tables import nearest

__all__ = ["CascadeRules", "cascade", "label"]


@dataclass(frozen=True, slots=True)
class CascadeRules:
    """The values of `cascade`.

    The defaults are rounded from what suits all persons present in Lund2013, still images and video, at 30 to 500 Hz;
    the durations of flight are Carpenter's. Rules chosen without the person scored agree with the coders about as well
    (tests/benchmarks/tune_cascade.py).

    Attributes
    ----------
    window_ms : float
        Time over which speed is told where samples are dense.
    peak_deg_s, peak_noise : float
        A saccade's fastest sample exceeds both: a speed, and so many robust deviations of the reading's velocity.
    edge_deg_s, edge_noise : float
        A saccade spreads down to the greater of both.
    onset_share, offset_share : float
        It begins above that share of its peak, and ends at the first dip under the other.
    shortest_saccade_ms : float
        Shorter ones are left to fixation, where samples are dense.
    pso_rest_ms, pso_longest_ms : float
        An oscillation may rest and last no longer.
    sparse_from_ms : float
        From this interval on, a saccade is found by the steps between samples.
    flight_ms, flight_ms_per_deg : float
        Sparse samples: how long a saccade lasts, by its size (Carpenter 1988).
    flight_before_share : float
        Sparse samples: share of that time before the mean time of its steps; saccades land slower than they take off.
    sparse_pso_deg_s, sparse_pso_noise : float
        Sparse samples: the steps of an oscillation exceed both.
    sparse_straightness : float
        Sparse samples: a saccade gets at least so far, as a share of its way; what comes back is noise.
    blink_margin_ms, shortest_blink_ms, longest_blink_ms : float
        What moves that near to a hole of at least the shortest length is blink; a hole between both lengths is one.
    pursuit_deg_s, pursuit_window_ms : float
        Slow drift above that speed over the window is smooth pursuit. 0: none, as befits still images.
    shortest_fixation_ms : float
        Shorter fixations are noise.
    """

    window_ms: float = 11.0
    peak_deg_s: float = 30.0
    peak_noise: float = 5.5
    edge_deg_s: float = 9.0
    edge_noise: float = 2.5
    onset_share: float = 0.13
    offset_share: float = 0.31
    shortest_saccade_ms: float = 14.0
    pso_rest_ms: float = 15.0
    pso_longest_ms: float = 40.0
    sparse_from_ms: float = 6.0
    flight_ms: float = 21.0
    flight_ms_per_deg: float = 2.2
    flight_before_share: float = 0.41
    sparse_pso_deg_s: float = 23.0
    sparse_pso_noise: float = 2.4
    sparse_straightness: float = 0.3
    blink_margin_ms: float = 90.0
    shortest_blink_ms: float = 20.0
    longest_blink_ms: float = 500.0
    pursuit_deg_s: float = 0.0
    pursuit_window_ms: float = 200.0
    shortest_fixation_ms: float = 40.0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not (isinstance(value, int | float) and np.isfinite(value) and value >= 0):
                raise ValueError(f"rules: {name} must be a number, 0 or more; came {value!r}")

    @classmethod
    def of(cls, rules: CascadeRules | Mapping[str, float]) -> CascadeRules:
        """Take rules as they are, or a mapping of those that differ from the defaults.

        Examples
        --------
        >>> CascadeRules.of({"peak_deg_s": 40}).peak_deg_s
        40
        """
        if isinstance(rules, CascadeRules):
            return rules
        known = [field.name for field in fields(cls)]
        for name in rules:
            if name not in known:
                raise ValueError(f"rules: {name!r} is not known; {nearest(str(name), known)}")
        return cls(**rules)

    def values(self) -> np.ndarray:
        """The values in the order that the kernel takes them."""
        return np.array([*astuple(self), LONGEST_GAP_MS])


def cascade(
    samples: pd.DataFrame,
    viewing: Viewing,
    *,
    rules: CascadeRules | Mapping[str, float] = CascadeRules(),
    n_jobs: int | None = None,
) -> Events:
    """Find saccades, their oscillations, blinks, pursuit and fixations by a cascade of rules. The default detector.

    Saccades come first, by a speed threshold that rises with the noise of the reading; then what swings after them,
    what moves beside a blink and, if asked for, slow drift; the rest is fixation. Where a saccade has few samples
    (below about 160 Hz) it is found by the steps between samples and timed by its size, since it begins and ends
    between samples. In the spirit of REMoDNaV (Dar, Wagner & Hanke 2021) with rules of its own.

    Parameters
    ----------
    samples : pandas.DataFrame
        A samples table: reading, t (ms), x, y (image px), perhaps valid.
    viewing : Viewing
        How image pixels become angles.
    rules : CascadeRules or Mapping
        Thresholds, in deg/s, ms and shares of a saccade's peak speed; a mapping, such as ``{"peak_deg_s": 40}``, holds
        those that differ from the defaults.
    n_jobs : int, optional
        Default: as many as the process may use.

    Returns
    -------
    Events

    Raises
    ------
    TableError, ValueError
        If the table breaks its contract, a unit can't be right or the shortest fixation is under one sample.

    Warns
    -----
    RecordingWarning
        If saccades last much longer or shorter than is human, or samples lie at a tracker's code for loss.

    Examples
    --------
    >>> x = np.repeat([100.0, 300.0], 50) + np.tile([0.0, 0.2], 50)
    >>> samples = pd.DataFrame({"reading": 1, "t": np.arange(100) * 16.0, "x": x, "y": 100.0})
    >>> events = cascade(samples, Viewing.from_px_per_deg(40, 400, 200))
    >>> events.fixations[["onset", "duration", "x"]].round(1).values.tolist()
    [[0.0, 784.0, 100.1], [816.0, 784.0, 300.1]]

    A saccade of 5 deg takes some 32 ms, two samples here.

    >>> events.saccades[["duration", "amplitude_deg"]].round(1).values.tolist()
    [[32.0, 5.0]]
    """
    rules = CascadeRules.of(rules)
    recording = prepare(samples, viewing, n_jobs=n_jobs)
    recording.require(shortest_fixation_ms=rules.shortest_fixation_ms)
    settings = {"detector": "cascade", **asdict(rules)}
    blink_ms = (rules.shortest_blink_ms, rules.longest_blink_ms)
    return label_and_tabulate(label, recording, rules.values(), settings, blink_ms=blink_ms, n_jobs=n_jobs)


def label(starts: np.ndarray, stops: np.ndarray, *arrays: np.ndarray) -> None:
    """Label readings by the speed of their samples and its noise; arrays: t, right, down, values, labels, steps."""
    t, right, down, values, labels, steps = arrays
    speed, spreads = np.empty(len(t)), np.empty(len(starts))
    how = values[[events_cascade.WINDOW, events_cascade.SPARSE_FROM, events_cascade.LONGEST_GAP]]
    events_speed.speeds_over_readings(starts, stops, t, right, down, how, speed, spreads, steps)
    events_cascade.cascade_over_readings(starts, stops, t, right, down, speed, spreads, values, labels, steps)
