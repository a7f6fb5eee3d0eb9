"""Detectors told by statistics of the reading: a Markov chain of two speeds, clusters in moving windows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gazeanalytics._kernels import events_clusters, events_markov
from gazeanalytics.gaze.events import Events, label_and_tabulate
from gazeanalytics.gaze.recording import LONGEST_GAP_MS, prepare
from gazeanalytics.geometry import Viewing

__all__ = ["i2mc", "ihmm"]

# Saccades whose speed is learned stay above this, so that no noise is split in two.
_SLOWEST_SACCADE_DEG_S = 30.0
# Mean times in fixation and in saccade, before any are learned.
_FIXATION_MS, _SACCADE_MS = 250.0, 40.0
# Windows begin so far apart, and fixations that near in time are joined (Hessels et al. 2017).
_WINDOW_PACE_MS, _LONGEST_MERGE_MS = 20.0, 40.0


def ihmm(
    samples: pd.DataFrame,
    viewing: Viewing,
    *,
    saccade_deg_s: float = 100.0,
    window_ms: float = 10.0,
    rounds: int = 0,
    shortest_fixation_ms: float = 60.0,
    threads: int | None = None,
) -> Events:
    """Find fixations and saccades by a hidden Markov chain of two speeds (I-HMM; Salvucci & Goldberg 2000).

    The logarithm of the speed is normal in either state: about the reading's median in fixation, about `saccade_deg_s`
    in saccade. The most likely chain of states is taken (Viterbi).

    Parameters
    ----------
    samples, viewing, shortest_fixation_ms, threads
        As for `ivt`, with its errors and warnings.
    saccade_deg_s : float
        Usual speed in a saccade.
    window_ms : float
        Time over which speed is told, at least the two neighbours of a sample.
    rounds : int
        Rounds of Baum-Welch that learn speeds and durations from the reading, as the paper does. With 0 the chain
        agrees better with the coders of Lund2013: a learned state of saccades takes their oscillations, too.

    Returns
    -------
    Events

    Examples
    --------
    >>> x = np.concatenate([np.zeros(50), np.linspace(0, 200, 10), np.full(50, 200)])
    >>> x += 300 + np.random.default_rng(0).normal(0, 0.3, x.size)
    >>> samples = pd.DataFrame({"reading": 1, "t": np.arange(x.size) * 4.0, "x": x, "y": 100.0})
    >>> events = ihmm(samples, Viewing.from_px_per_deg(40, 800, 200))
    >>> events.saccades[["onset", "duration", "amplitude_deg"]].round(1).values.tolist()
    [[200.0, 40.0, 5.0]]
    """
    if not saccade_deg_s > 0 or rounds < 0:
        raise ValueError(
            f"saccade_deg_s must be over 0 deg/s and rounds 0 or more; came {saccade_deg_s:g} and {rounds}"
        )
    recording = prepare(samples, viewing, threads=threads)
    recording.require(shortest_fixation_ms=shortest_fixation_ms)
    settings = {
        "detector": "ihmm",
        "saccade_deg_s": saccade_deg_s,
        "window_ms": window_ms,
        "rounds": rounds,
        "shortest_fixation_ms": shortest_fixation_ms,
    }
    speeds = np.log([saccade_deg_s, min(_SLOWEST_SACCADE_DEG_S, saccade_deg_s)])
    values = np.array([window_ms, *speeds, _FIXATION_MS, _SACCADE_MS, rounds, LONGEST_GAP_MS])
    return label_and_tabulate(events_markov.ihmm_over_readings, recording, values, settings, threads=threads)


def i2mc(
    samples: pd.DataFrame,
    viewing: Viewing,
    *,
    window_ms: float = 200.0,
    cutoff_sd: float = 2.0,
    merge_within_deg: float = 0.7,
    shortest_fixation_ms: float = 40.0,
    threads: int | None = None,
) -> Events:
    """Find fixations in noisy or slow recordings by clusters of two (I2MC; Hessels et al. 2017).

    Gaze in a moving window is split into two clusters, at several grains; where it changes sides a sample weighs the
    more, the seldomer that is. What weighs over the mean and `cutoff_sd` standard deviations is saccade; the rest is
    fixation, less the ends that lie off its median. Fixations close in time and place are one. Nothing is interpolated,
    and a grain is the mean of some samples, where the paper filters and thins.

    Parameters
    ----------
    samples, viewing, shortest_fixation_ms, threads
        As for `ivt`, with its errors and warnings.
    window_ms : float
        Length of the window; at most one saccade should lie within.
    cutoff_sd : float
        Standard deviations of the weight.
    merge_within_deg : float
        Fixations at most 40 ms and less than this apart are one.

    Returns
    -------
    Events

    Examples
    --------
    >>> x = np.repeat([300.0, 500.0], 60) + np.random.default_rng(0).normal(0, 8, 120)
    >>> samples = pd.DataFrame({"reading": 1, "t": np.arange(120) * 10.0, "x": x, "y": 100.0})
    >>> events = i2mc(samples, Viewing.from_px_per_deg(40, 800, 200))
    >>> events.fixations["x"].round(-1).tolist()
    [300.0, 500.0]
    """
    recording = prepare(samples, viewing, threads=threads)
    recording.require(window_ms=window_ms, shortest_fixation_ms=shortest_fixation_ms)
    settings = {
        "detector": "i2mc",
        "window_ms": window_ms,
        "cutoff_sd": cutoff_sd,
        "merge_within_deg": merge_within_deg,
        "shortest_fixation_ms": shortest_fixation_ms,
    }
    values = np.array([window_ms, _WINDOW_PACE_MS, cutoff_sd, merge_within_deg, _LONGEST_MERGE_MS, LONGEST_GAP_MS])
    return label_and_tabulate(events_clusters.i2mc_over_readings, recording, values, settings, threads=threads)
