"""I-HMM: a hidden Markov model with a slow and a fast state (Salvucci & Goldberg 2000)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gazeanalytics._kernels.events import ihmm as kernels
from gazeanalytics.events._tabulate import Events, label_and_tabulate
from gazeanalytics.events.recording import LONGEST_GAP_MS, prepare
from gazeanalytics.geometry import Viewing

__all__ = ["ihmm"]

# Saccades whose speed is learned stay above this, so that no noise is split in two.
_SLOWEST_SACCADE_DEG_S = 30.0
# Mean times in fixation and in saccade, before any are learned.
_FIXATION_MS, _SACCADE_MS = 250.0, 40.0


def ihmm(
    samples: pd.DataFrame,
    viewing: Viewing,
    *,
    saccade_deg_s: float = 100.0,
    window_ms: float = 10.0,
    rounds: int = 0,
    shortest_fixation_ms: float = 60.0,
    n_jobs: int | None = None,
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
    recording = prepare(samples, viewing, n_jobs=n_jobs)
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
    return label_and_tabulate(kernels.ihmm_over_readings, recording, values, settings, n_jobs=n_jobs)
