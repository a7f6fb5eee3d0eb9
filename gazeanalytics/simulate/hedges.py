"""From a latent certainty to a spoken hedge, so that what is recovered from the words is right on average.

A hedge states a probability p that the finding is there. Its uncertainty is `logit(2 min(p, 1 - p))`: minus infinity
when sure either way, plus infinity at a half. Hedges are few, so a latent value between two of them is rounded at
random to the lower or the upper one, with the chances that make the expected value equal the latent value.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["ABSENT", "PRESENT", "Spoken", "choose_hedges", "logit_uncertainty"]

PRESENT = (0.98, 0.95, 0.90, 0.80, 0.75)
"""Stated probabilities on the side of "present", surest first."""

ABSENT = (0.02, 0.05, 0.15, 0.25)
"""Stated probabilities on the side of "absent", surest first; the same span of uncertainty as `PRESENT`."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """What was said of a finding.

    Attributes
    ----------
    certainty : numpy.ndarray, shape (readings,)
        Stated probability that the finding is there, one of `PRESENT` or `ABSENT`.
    clipped : numpy.ndarray of bool, shape (readings,)
        The latent value lay beyond the surest or the least sure hedge.

    Examples
    --------
    >>> choose_hedges(np.array([-9.0]), np.array([True]), np.random.default_rng(1))
    Spoken(certainty=array([0.98]), clipped=array([ True]))
    """

    certainty: np.ndarray
    clipped: np.ndarray


def logit_uncertainty(certainty: np.ndarray) -> np.ndarray:
    """Uncertainty of a stated probability p, logit(2 min(p, 1 - p)).

    Examples
    --------
    >>> logit_uncertainty(np.array([0.02, 0.75, 0.98])).round(3).tolist()
    [-3.178, 0.0, -3.178]
    """
    doubt = 2 * np.minimum(certainty, 1 - np.asarray(certainty, float))
    return np.log(doubt) - np.log1p(-doubt)


def choose_hedges(latent: np.ndarray, present: np.ndarray, rng: np.random.Generator) -> Spoken:
    """Choose the hedge of each reading by stochastic rounding on the scale of logit uncertainty.

    Parameters
    ----------
    latent : numpy.ndarray, shape (readings,)
        Logit uncertainty that the reader feels; between about -3.18 and 0 the spoken one equals it on average.
    present : numpy.ndarray of bool, shape (readings,)
        The reader says that the finding is there.
    rng : numpy.random.Generator
        Randomness.

    Examples
    --------
    >>> spoken = choose_hedges(np.full(9999, -1.0), np.full(9999, True), np.random.default_rng(1))
    >>> sorted(set(spoken.certainty.tolist()))
    [0.8, 0.9]
    >>> bool(abs(logit_uncertainty(spoken.certainty).mean() + 1) < 0.02)
    True
    """
    draw = rng.random(len(latent))
    certainty, clipped = np.empty(len(latent)), np.empty(len(latent), bool)
    for side, grid in ((present, PRESENT), (~present, ABSENT)):
        certainty[side], clipped[side] = _round(latent[side], np.array(grid), draw[side])
    return Spoken(certainty, clipped)


def _round(latent: np.ndarray, hedges: np.ndarray, draw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    grid = logit_uncertainty(hedges)
    inside = latent.clip(grid[0], grid[-1])
    below = np.searchsorted(grid, inside, side="right").clip(1, len(grid) - 1) - 1
    # Stochastic rounding: the upper hedge with chance (latent - lower) / (upper - lower) makes the expected spoken
    # value equal the latent one. Rounding to the nearest would bias every regression on it.
    chance = (inside - grid[below]) / (grid[below + 1] - grid[below])
    return hedges[below + (draw < chance)], inside != latent
