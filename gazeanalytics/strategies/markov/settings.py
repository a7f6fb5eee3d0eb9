"""Settings of hidden Markov models, their clustering and mixtures of Markov chains, with the source of defaults."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from gazeanalytics._kernels.strategies.hmm_vb import Prior, Schedule
from gazeanalytics.settings import Settings

__all__ = ["HMMClusteringSettings", "HMMSettings", "MarkovMixtureSettings", "toolbox_settings"]

# A virtual sequence takes memory in proportion; no reading has so many fixations.
_MAX_LENGTH = 10_000


@dataclass(frozen=True, slots=True)
class HMMSettings(Settings):
    """Settings of hidden Markov models of fixations.

    Attributes
    ----------
    n_states : tuple of int
        Numbers of hidden states to try; the evidence chooses.
    columns : tuple of str
        What a fixation is: place, and perhaps "duration".
    start_weight, move_weight : float
        Dirichlet weight of each start and each transition (alpha and epsilon of the EMHMM toolbox).
    mean : tuple of float or None
        Prior mean of a state, in the columns' units; None: the mean of all fixations (toolbox: the image's centre).
    sd : tuple of float or None
        Spread of a state that the prior expects, in the columns' units; None: a quarter of the spread of all fixations.
        The toolbox's W is 1 / (degrees * sd ** 2).
    mean_weight, degrees : float
        For how many fixations the prior mean and the prior spread count (beta and v).
    n_starts : int
        Random starts for each number of states: Gaussian mixtures with one diagonal covariance, as in the toolbox.
    n_finished : int
        Starts, the best after `short_iter` iterations, that are followed to the end.
    init_iter, short_iter, max_iter : int
        Iterations of a start's mixture, of each short run, and at most of a long one.
    tolerance : float
        A run ends when an iteration raises the bound by less than this share of its size.

    See Also
    --------
    toolbox_settings : the defaults of the EMHMM toolbox.

    Examples
    --------
    >>> HMMSettings(n_states=(2, 3), columns=("x", "y", "duration")).degrees
    5.0
    >>> HMMSettings(degrees=3)
    Traceback (most recent call last):
    ValueError: degrees must exceed the number of columns + 1, here 3; got 3
    """

    n_states: tuple[int, ...] = (1, 2, 3, 4)
    columns: tuple[str, ...] = ("x", "y")
    start_weight: float = 0.1
    move_weight: float = 0.1
    mean: tuple[float, ...] | None = None
    sd: tuple[float, ...] | None = None
    mean_weight: float = 1.0
    degrees: float = 5.0
    n_starts: int = 50
    n_finished: int = 5
    init_iter: int = 10
    short_iter: int = 10
    max_iter: int = 500
    tolerance: float = 1e-8

    def __post_init__(self) -> None:
        if not isinstance(self.n_states, tuple) or not self.n_states or min(self.n_states) < 1:
            raise ValueError(f"n_states: expected numbers of hidden states such as (2, 3); got {self.n_states}")
        if not self.columns:
            raise ValueError("columns: expected the columns of a fixation such as ('x', 'y'); got none")
        _positive(
            self, "start_weight", "move_weight", "mean_weight", "n_starts", "n_finished", "short_iter", "max_iter"
        )
        if self.degrees <= len(self.columns) + 1:
            raise ValueError(
                f"degrees must exceed the number of columns + 1, here {len(self.columns) + 1}; got {self.degrees}"
            )
        for name in ("mean", "sd"):
            value = getattr(self, name)
            if value is not None and len(value) != len(self.columns):
                raise ValueError(f"{name}: expected one number for each of {', '.join(self.columns)}; got {value}")

    def filled(self, points: np.ndarray) -> HMMSettings:
        """Return the same settings with a prior mean and spread taken from the fixations where none was given."""
        mean = tuple(points.mean(axis=0).tolist()) if self.mean is None else self.mean
        sd = tuple((points.std(axis=0) / 4).tolist()) if self.sd is None else self.sd
        flat = [name for name, value in zip(self.columns, sd, strict=True) if not value > 0]
        if flat:
            raise ValueError(f"{flat[0]} is the same in all fixations, so that states can't spread along it")
        return replace(self, mean=mean, sd=sd)

    def prior(self) -> Prior:
        """Return the prior as kernels take it."""
        if self.mean is None or self.sd is None:
            raise ValueError("a prior needs a mean and a spread: take them from the fixations with `filled` first")
        scatter = self.degrees * np.diag(np.square(self.sd))
        return Prior(
            float(self.start_weight),
            float(self.move_weight),
            np.array(self.mean, float),
            float(self.mean_weight),
            float(self.degrees),
            scatter,
            float(np.linalg.slogdet(scatter)[1]),
        )

    def schedule(self) -> Schedule:
        """Return numbers of states, iterations and tolerances as kernels take them."""
        # Short runs stop early: their order is all that matters.
        return Schedule(
            np.array(self.n_states),
            self.init_iter,
            self.short_iter,
            self.max_iter,
            self.n_finished,
            10 * self.tolerance,
            self.tolerance,
        )


@dataclass(frozen=True, slots=True)
class HMMClusteringSettings(Settings):
    """Settings of the clustering of hidden Markov models (VHEM).

    Attributes
    ----------
    n_groups : int
        How many groups of readers.
    n_states : int or None
        Hidden states of a group's model; None: the median of the readers' models, rounded up.
    n_starts : int
        Random starts, by turns from readers' whole models and from single states of many readers.
    n_finished : int
        Starts, the best after `short_iter` iterations, that are followed to the end.
    length : int or None
        Fixations of a virtual sequence (tau). None: the mean number of fixations of a reading, between 2 and 10.
        Longer virtual sequences than real ones weigh transitions that no reading shows; the toolbox always takes 10.
    samples : float or None
        Virtual sequences that each reader counts for. None: readers / length, what the toolbox's normalisation ("nt")
        amounts to, in which its number of virtual samples (Nv = 100) cancels.
    floor : float
        Added to each variance, in squared units of the columns (the toolbox's reg_cov).
    covariance : {"diag", "full"}
        Shape of the groups' states.
    short_iter, max_iter : int
        Iterations of each short run, and at most of a long one.
    tolerance : float
        A run ends when an iteration raises the log-likelihood by less than this share of its size.

    Examples
    --------
    >>> HMMClusteringSettings(n_groups=3, covariance="full").n_starts
    50
    """

    n_groups: int = 2
    n_states: int | None = None
    n_starts: int = 50
    n_finished: int = 5
    length: int | None = None
    samples: float | None = None
    floor: float = 0.001
    covariance: Literal["diag", "full"] = "diag"
    short_iter: int = 20
    max_iter: int = 500
    tolerance: float = 1e-8

    def __post_init__(self) -> None:
        _positive(self, "n_groups", "n_starts", "n_finished", "short_iter", "max_iter")
        for name in ("n_states", "length", "samples"):
            if getattr(self, name) is not None:
                _positive(self, name)
        if self.length is not None and self.length > _MAX_LENGTH:
            raise ValueError(f"length must be at most {_MAX_LENGTH} fixations; got {self.length}")
        if self.covariance not in ("diag", "full"):
            raise ValueError(f"covariance must be 'diag' or 'full'; got {self.covariance!r}")


@dataclass(frozen=True, slots=True)
class MarkovMixtureSettings(Settings):
    """Settings of a mixture of Markov chains over regions.

    Attributes
    ----------
    n_groups : tuple of int
        Numbers of chains to try; the BIC chooses.
    n_starts : int
        Random memberships to start from.
    pseudocount : float or None
        Prior counts of each start and each transition; None: 1 / regions, so that a row weighs one observation.
    max_iter : int
        Iterations of each run, at most.
    tolerance : float
        A run ends when an iteration raises the penalised log-likelihood by less than this share of its size.

    Examples
    --------
    >>> MarkovMixtureSettings(n_groups=(2, 3)).n_starts
    20
    """

    n_groups: tuple[int, ...] = (1, 2, 3, 4, 5, 6)
    n_starts: int = 20
    pseudocount: float | None = None
    max_iter: int = 500
    tolerance: float = 1e-9

    def __post_init__(self) -> None:
        if not isinstance(self.n_groups, tuple) or not self.n_groups or min(self.n_groups) < 1:
            raise ValueError(f"n_groups: expected numbers of chains such as (2, 3); got {self.n_groups}")
        _positive(self, "n_starts", "max_iter")
        if self.pseudocount is not None:
            _positive(self, "pseudocount")


def toolbox_settings(*, width_px: float = 512.0, height_px: float = 384.0) -> HMMSettings:
    """Return the settings that the EMHMM toolbox (v0.5) has by default, for images of this size.

    See Also
    --------
    HMMSettings : what each setting means; change some with `dataclasses.replace`.

    Examples
    --------
    >>> settings = toolbox_settings()
    >>> settings.mean, [round(value, 2) for value in settings.sd]
    ((256.0, 192.0), [6.32, 6.32])
    """
    sd = (1 / (5 * 0.005)) ** 0.5
    return HMMSettings(
        start_weight=0.1,
        move_weight=0.1,
        mean=(width_px / 2, height_px / 2),
        sd=(sd, sd),
        mean_weight=1.0,
        degrees=5.0,
    )


def _positive(settings: Settings, *names: str) -> None:
    for name in names:
        if not getattr(settings, name) > 0:
            raise ValueError(f"{name} must be above 0; got {getattr(settings, name)}")
