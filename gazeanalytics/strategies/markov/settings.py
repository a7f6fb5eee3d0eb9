"""Choices of a fit, each with its default and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal, TypeVar

import numpy as np

from gazeanalytics.tables import nearest

__all__ = ["GroupSettings", "HmmSettings", "make", "toolbox_prior"]

Choices = TypeVar("Choices")


@dataclass(frozen=True, slots=True)
class HmmSettings:
    """How hidden Markov models of fixations are learned.

    Attributes
    ----------
    states : tuple of int
        Numbers of states to try; the evidence chooses.
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
    starts : int
        Random starts for each number of states: Gaussian mixtures with one diagonal covariance, as in the toolbox.
    finished : int
        Starts, the best after `short_rounds`, that are followed to the end.
    mixture_rounds, short_rounds, rounds : int
        Rounds of a start's mixture, of each short run, and the most of a long one.
    tolerance : float
        A run ends when a round raises the bound by less than this share of its size.
    """

    states: tuple[int, ...] = (1, 2, 3, 4)
    columns: tuple[str, ...] = ("x", "y")
    start_weight: float = 0.1
    move_weight: float = 0.1
    mean: tuple[float, ...] | None = None
    sd: tuple[float, ...] | None = None
    mean_weight: float = 1.0
    degrees: float = 5.0
    starts: int = 50
    finished: int = 5
    mixture_rounds: int = 10
    short_rounds: int = 10
    rounds: int = 500
    tolerance: float = 1e-8

    def __post_init__(self) -> None:
        for name in ("states", "columns", "mean", "sd"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, (value,) if isinstance(value, (int, float, str)) else tuple(value))
        if not self.states or min(self.states) < 1:
            raise ValueError(f"states wants numbers of hidden states, 1 or more, such as (2, 3); came {self.states}")
        _positive(self, "start_weight", "move_weight", "mean_weight", "starts", "finished", "rounds")
        if self.degrees <= len(self.columns) + 1:
            raise ValueError(f"degrees must exceed the number of columns + 1, here {len(self.columns) + 1}")
        for name in ("mean", "sd"):
            value = getattr(self, name)
            if value is not None and len(value) != len(self.columns):
                raise ValueError(f"{name} wants one number for each of {', '.join(self.columns)}; came {value}")

    def filled(self, points: np.ndarray) -> HmmSettings:
        """Return the same settings with a prior mean and spread taken from the fixations where none was given."""
        mean = tuple(points.mean(axis=0).tolist()) if self.mean is None else self.mean
        sd = tuple((points.std(axis=0) / 4).tolist()) if self.sd is None else self.sd
        flat = [name for name, value in zip(self.columns, sd, strict=True) if not value > 0]
        if flat:
            raise ValueError(f"{flat[0]} is the same in all fixations, so that states can't spread along it")
        return make(HmmSettings, {**plain(self), "mean": mean, "sd": sd})

    def prior(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the prior's scatter (d, d), and strength, degrees, log determinant and mean in one array."""
        if self.mean is None or self.sd is None:
            raise ValueError("a prior needs a mean and a spread: take them from the fixations with `filled` first")
        scatter = self.degrees * np.diag(np.square(self.sd))
        return scatter, np.array([self.mean_weight, self.degrees, np.linalg.slogdet(scatter)[1], *self.mean])


@dataclass(frozen=True, slots=True)
class GroupSettings:
    """How hidden Markov models are clustered.

    Attributes
    ----------
    trials : int
        Random starts, by turns from readers' whole models and from single states of many readers.
    finished : int
        Trials, the best after `short_rounds`, that are followed to the end.
    length : int or None
        Fixations of a virtual sequence (tau). None: the mean number of fixations of a reading, between 2 and 10.
        Longer virtual sequences than real ones weigh transitions that no reading shows; the toolbox always takes 10.
    samples : float or None
        Virtual sequences that each reader counts for. None: readers / length, what the toolbox's normalisation ("nt")
        comes to, in which its number of virtual samples (Nv = 100) cancels.
    floor : float
        Added to each variance, in squared units of the columns (the toolbox's reg_cov).
    covariance : {"diag", "full"}
        Shape of the groups' states.
    short_rounds, rounds : int
        Rounds of each short run, and the most of a long one.
    tolerance : float
        A run ends when a round raises the log-likelihood by less than this share of its size.
    """

    trials: int = 50
    finished: int = 5
    length: int | None = None
    samples: float | None = None
    floor: float = 0.001
    covariance: Literal["diag", "full"] = "diag"
    short_rounds: int = 20
    rounds: int = 500
    tolerance: float = 1e-8

    def __post_init__(self) -> None:
        _positive(self, "trials", "finished", "rounds")
        if self.length is not None and self.length < 1:
            raise ValueError(f"length must be 1 or more fixations; came {self.length}")
        if self.covariance not in ("diag", "full"):
            raise ValueError(f"covariance must be 'diag' or 'full'; came {self.covariance!r}")


def toolbox_prior(*, width_px: float = 512.0, height_px: float = 384.0) -> dict[str, Any]:
    """Return the settings that the EMHMM toolbox (v0.5) has by default, for images of this size.

    Examples
    --------
    >>> toolbox_prior()["mean"], round(toolbox_prior()["sd"][0], 2)
    ((256.0, 192.0), 6.32)
    """
    sd = (1 / (5 * 0.005)) ** 0.5
    return {
        "start_weight": 0.1,
        "move_weight": 0.1,
        "mean": (width_px / 2, height_px / 2),
        "sd": (sd, sd),
        "mean_weight": 1.0,
        "degrees": 5.0,
    }


def make(kind: type[Choices], choices: dict[str, Any]) -> Choices:
    """Return settings with these choices; a name that isn't one of them is a TypeError that says which may be meant."""
    known = [field.name for field in fields(kind)]  # pyright: ignore[reportArgumentType]
    for name in choices:
        if name not in known:
            raise TypeError(f"there is no choice {name!r}; {nearest(name, known)}")
    return kind(**choices)


def plain(settings: Any) -> dict[str, Any]:
    """Return settings as a dict, as they are."""
    return {field.name: getattr(settings, field.name) for field in fields(settings)}


def _positive(settings: Any, *names: str) -> None:
    for name in names:
        if not getattr(settings, name) > 0:
            raise ValueError(f"{name} must be above 0; came {getattr(settings, name)}")
