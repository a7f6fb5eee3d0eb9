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
from gazeanalytics.brief import Brief
from gazeanalytics.events.boosted_trees import Trees
from gazeanalytics.events.recording import MAX_GAP_MS
from gazeanalytics.ragged import Segments
from gazeanalytics.saved_models import Array, Fault, Part, Store, Texts, naming, parse_json, read_store

__all__ = ["NEAR", "LearnedModel", "label_motion", "label_pursuit", "shipped"]

_TREES = ("prior", "feature", "threshold", "value")
# Trees know measures by their places: weights of another order would be read without an error.
_FORMAT = 2
_MAX_TREES = 20_000  # 100 times those of the shipped weights
# -inf: one class never follows another.
_PARTS: Mapping[str, Part] = {
    "moves": Array((CLASSES, CLASSES), high=0, infinite=True),
    "lasting": Array((CLASSES,), low=0, high=1e6),
    "about": Texts(),
}
# The trees are asked about samples this near to a peak of speed (deg/s, and in units of the noise), and near holes.
NEAR = kernels.Near(peak_deg_s=18.0, peak_noise=4.0, before_ms=10.0, after_ms=25.0, hole_ms=150.0)
# No saccade lasts longer: one of 40 deg takes some 109 ms (Carpenter 1988). Lids drag the gaze for some 100 ms.
_LIMITS = events_smoothing.Limits(blink_margin_ms=100.0, max_saccade_ms=120.0)
# Cost of a change of class at 500 Hz, in log odds.
_SWITCH = 1.5


@dataclass(frozen=True, slots=True)
class LearnedModel(Brief):
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
        with naming(path):
            return cls._checked(read_store(path))

    @classmethod
    def _checked(cls, store: Store) -> LearnedModel:
        if not {"motion_prior", "format"} <= store.arrays.keys():
            raise Fault("holds no weights of this detector; train them with events.fit_detector")
        number = Array((), "i").read(None, "format", store)
        if number != _FORMAT:
            raise Fault(f"expected file format {_FORMAT}; got {number}: train the detector again")
        motion = _trees_of(store, "motion", kernels.MEASURES)
        drift = _trees_of(store, "drift", events_drift.MEASURES) if "drift_prior" in store.arrays else None
        moves, lasting, about = (part.read(None, name, store) for name, part in _PARTS.items())
        return cls(motion, drift, moves, lasting, _about_of(about))


def _trees_of(store: Store, name: str, measures: int) -> Trees:
    """Trees whose nodes look at measures that there are, and whose leaves add finite log odds."""
    inner, trees = 2**DEPTH - 1, f"trees of {name}"
    parts = (
        Array((CLASSES,)),
        Array((trees, inner), "u2", low=0, high=measures - 1),
        # Infinite where a branch ended early.
        Array((trees, inner), "f4", infinite=True),
        Array((trees, inner + 1, CLASSES), "f4"),
    )
    arrays = [part.read(None, f"{name}_{own}", store) for part, own in zip(parts, _TREES, strict=True)]
    count = store.sizes[trees]
    if count > _MAX_TREES or count % ROUND:
        raise Fault(f"{name!r} expected at most {_MAX_TREES} trees, a multiple of {ROUND}; got {count}")
    return Trees(*arrays)


def _about_of(text: str) -> dict[str, object]:
    try:
        about = parse_json(text.encode())
    except (ValueError, RecursionError):
        about = None
    if not isinstance(about, dict):
        raise Fault("'about' expected a JSON object")
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
