"""Weights of the learned event detector: kept without pickled objects, and run over readings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np

from gazeanalytics._kernels.events import drift as events_drift
from gazeanalytics._kernels.events import learned as kernels
from gazeanalytics._kernels.events import pieces as events_pieces
from gazeanalytics._kernels.events import smoothing as events_smoothing
from gazeanalytics._kernels.events.forest import CLASSES, DEPTH, ROUND
from gazeanalytics._kernels.events.gaze import Gaze, part_of
from gazeanalytics.events.boosted_trees import Trees
from gazeanalytics.events.recording import MAX_GAP_MS
from gazeanalytics.npz import NpzError, read_arrays
from gazeanalytics.ragged import Segments
from gazeanalytics.tables import InputError

__all__ = ["NEAR", "LearnedModel", "label_motion", "label_pursuit", "shipped"]

_TREES = ("prior", "feature", "threshold", "value")
# Trees know measures by their places: weights of another order would be read without an error.
_FORMAT = 2
# What the arrays of a file may be, and limits that hold 100 times the shipped weights.
_DTYPES = (np.dtype("<f8"), np.dtype("<f4"), np.dtype("<u2"), np.dtype("<i8"))
_MAX_BYTES, _MAX_TREES, _MAX_LASTING_MS = 1 << 28, 20_000, 1e6
# The trees are asked about samples this near to a peak of speed (deg/s, and in units of the noise), and near holes.
NEAR = kernels.Near(peak_deg_s=18.0, peak_noise=4.0, before_ms=10.0, after_ms=25.0, hole_ms=150.0)
# No saccade lasts longer: one of 40 deg takes some 109 ms (Carpenter 1988). Lids drag the gaze for some 100 ms.
_LIMITS = events_smoothing.Limits(blink_margin_ms=100.0, max_saccade_ms=120.0)
# Cost of a change of class at 500 Hz, in log odds.
_SWITCH = 1.5


@dataclass(frozen=True, slots=True)
class LearnedModel:
    """Weights of the learned event detector, and where they come from.

    Attributes
    ----------
    motion : Trees
        Probabilities of rest, saccade, post-saccadic oscillation and blink.
    drift : Trees or None
        Probabilities of fixation and pursuit (0 and 1 of four) in a rest; None when the labels held no pursuit to learn
        from.
    moves : numpy.ndarray, shape (4, 4)
        Log probability that one class of `motion` follows another.
    lasting : numpy.ndarray, shape (4,)
        Shortest duration (ms) of a class.
    about : Mapping
        Where it comes from: rates, noise, persons, samples, licence.

    Examples
    --------
    >>> shipped().about["rates_hz"]
    [30, 60, 120, 250, 500]
    """

    motion: Trees
    drift: Trees | None
    moves: np.ndarray
    lasting: np.ndarray
    about: Mapping[str, object] = field(default_factory=dict)

    def save(self, path: str | Path) -> None:
        """Write the weights as npz without objects, so that reading them runs no code.

        Examples
        --------
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     shipped().save(f"{folder}/mine.npz")
        ...     again = LearnedModel.load(f"{folder}/mine.npz")
        >>> bool((again.moves == shipped().moves).all())
        True
        """
        arrays = {
            "format": np.array(_FORMAT),
            "moves": self.moves,
            "lasting": self.lasting,
            "about": np.array(json.dumps(dict(self.about))),
        }
        for name, trees in (("motion", self.motion), ("drift", self.drift)):
            if trees is not None:
                arrays |= {f"{name}_{part}": array for part, array in zip(_TREES, trees.arrays(), strict=True)}
        np.savez_compressed(path, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, path: str | Path) -> LearnedModel:
        """Read weights that `save` wrote; all of them are checked before any kernel sees them, whose loops trust them.

        Raises
        ------
        InputError
            If the file is absent, damaged, of another format, or its arrays have other types, shapes or values than
            weights have. Pickled objects are refused.
        """
        try:
            stored = read_arrays(Path(path), _DTYPES, max_bytes=_MAX_BYTES, texts=True)
            return cls._checked(stored)
        except NpzError as error:
            raise InputError(f"{path}: {error}") from None

    @classmethod
    def _checked(cls, stored: Mapping[str, np.ndarray]) -> LearnedModel:
        if "motion_prior" not in stored or "format" not in stored or stored["format"].shape != ():
            raise NpzError("holds no weights of this detector; train them with events.fit_detector")
        if stored["format"] != _FORMAT:
            raise NpzError(f"expected file format {_FORMAT}; got {stored['format']}: train the detector again")
        motion = _trees_of(stored, "motion", kernels.MEASURES)
        drift = _trees_of(stored, "drift", events_drift.MEASURES) if "drift_prior" in stored else None
        moves, lasting = _array_of(stored, "moves", (CLASSES, CLASSES)), _array_of(stored, "lasting", (CLASSES,))
        # -inf: one class never follows another.
        if np.isnan(moves).any() or (moves > 0).any():
            raise NpzError("'moves' expected log probabilities, at most 0")
        if not (np.isfinite(lasting).all() and (lasting >= 0).all() and (lasting <= _MAX_LASTING_MS).all()):
            raise NpzError(f"'lasting' expected durations of 0 to {_MAX_LASTING_MS:g} ms")
        return cls(motion, drift, moves, lasting, _about_of(stored))


def _array_of(stored: Mapping[str, np.ndarray], name: str, shape: tuple[int, ...], dtype: str = "<f8") -> np.ndarray:
    """An array of known type and shape; -1 stands for any length."""
    if name not in stored:
        raise NpzError(f"has no {name!r}; train the detector again")
    array = stored[name]
    fits = len(array.shape) == len(shape) and all(
        want in (-1, have) for want, have in zip(shape, array.shape, strict=True)
    )
    if array.dtype != np.dtype(dtype) or not fits:
        raise NpzError(f"{name!r} expected shape {shape} of {dtype}; got {array.shape} of {array.dtype.str}")
    return array


def _trees_of(stored: Mapping[str, np.ndarray], name: str, measures: int) -> Trees:
    """Trees whose nodes look at measures that there are, and whose leaves add finite log odds."""
    inner = 2**DEPTH - 1
    prior = _array_of(stored, f"{name}_prior", (CLASSES,))
    feature = _array_of(stored, f"{name}_feature", (-1, inner), "<u2")
    count = len(feature)
    threshold = _array_of(stored, f"{name}_threshold", (count, inner), "<f4")
    value = _array_of(stored, f"{name}_value", (count, inner + 1, CLASSES), "<f4")
    if count > _MAX_TREES or count % ROUND:
        raise NpzError(f"{name!r} expected at most {_MAX_TREES} trees, a multiple of {ROUND}; got {count}")
    if count and feature.max() >= measures:
        raise NpzError(f"'{name}_feature' expected measures below {measures}; got {feature.max()}")
    if np.isnan(threshold).any() or not (np.isfinite(prior).all() and np.isfinite(value).all()):
        raise NpzError(f"{name!r} expected finite log odds and thresholds")
    return Trees(prior, feature, threshold, value)


def _about_of(stored: Mapping[str, np.ndarray]) -> dict[str, object]:
    try:
        about = json.loads(str(stored["about"]))
    except (KeyError, ValueError, RecursionError):
        about = None
    if not isinstance(about, dict):
        raise NpzError("'about' expected a JSON object")
    return about


@cache
def shipped() -> LearnedModel:
    """Return the weights that come with the package."""
    with resources.as_file(resources.files("gazeanalytics.events") / "weights" / "lund2013.npz") as path:
        return LearnedModel.load(path)


def label_motion(readings: Segments, gaze: Gaze, labels: np.ndarray, steps: np.ndarray, model: LearnedModel) -> None:
    """Label every reading, pursuit as fixation. Gaze in degrees; steps: sampling interval (ms) of each reading."""
    pieces = events_pieces.pieces_of_readings(readings.starts, readings.stops, gaze, MAX_GAP_MS, steps)
    asked, shares = np.empty(len(labels), bool), np.empty((len(labels), CLASSES), np.float32)
    kernels.shares_over_pieces(pieces, gaze, NEAR, model.motion.arrays(), asked, shares)
    chain = events_smoothing.ClassChain(model.moves, model.lasting, _SWITCH)
    events_smoothing.smooth_over_pieces(pieces, gaze.t, _LIMITS, chain, asked, shares, labels)


def label_pursuit(readings: Segments, gaze: Gaze, labels: np.ndarray, steps: np.ndarray, drift: Trees) -> None:
    """Turn the rests of every reading that drift into pursuit."""
    for start, stop, step in zip(readings.starts, readings.stops, steps, strict=True):
        own = labels[start:stop]
        spans, rows = events_drift.drifts(part_of(gaze, start, stop), step, MAX_GAP_MS, own)
        events_drift.pursue(spans, drift.shares(rows), own)
