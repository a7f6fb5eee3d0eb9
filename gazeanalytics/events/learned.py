"""A detector that learns from labels: boosted trees near fast motion, a chain of classes, trees for pursuit."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from gazeanalytics._kernels.events import drift as events_drift
from gazeanalytics._kernels.events import learned as kernels
from gazeanalytics._kernels.events import pieces as events_pieces
from gazeanalytics._kernels.events import smoothing as events_smoothing
from gazeanalytics.events._tabulate import LABELS, Events, label_and_tabulate
from gazeanalytics.events.boosted_trees import Trees, grow
from gazeanalytics.events.recording import LONGEST_GAP_MS, Recording, degrees, prepare
from gazeanalytics.geometry import Viewing

__all__ = ["LearnedModel", "fit_detector", "learned"]

_TREES = ("prior", "feature", "threshold", "value")
# Trees know measures by their places: weights of another order would be read without an error.
_FORMAT = 2
# The trees are asked about samples this near to a peak of speed (deg/s, and in units of the noise), and near holes.
_PEAK_DEG_S, _PEAK_NOISE, _BEFORE_MS, _AFTER_MS, _NEAR_HOLE_MS = 18.0, 4.0, 10.0, 25.0, 150.0
_NEAR = np.array([_PEAK_DEG_S, _PEAK_NOISE, _BEFORE_MS, _AFTER_MS, _NEAR_HOLE_MS])
# No saccade lasts longer: one of 40 deg takes some 109 ms (Carpenter 1988). Lids drag the gaze for some 100 ms.
_LONGEST_SACCADE_MS, _BLINK_MARGIN_MS = 120.0, 100.0
_BOUNDS = np.array([_BLINK_MARGIN_MS, _LONGEST_SACCADE_MS])
# Class of the trees that each label belongs to: rest, saccade, oscillation, blink; missing and noise teach nothing.
_CLASS_OF = np.array([-1, 0, 1, 2, 0, 3, -1])
# Oscillations are rare and coders differ: counted alike, they would be found too seldom to agree with either.
_WEIGHT_OF = np.array([1.0, 1.0, 1.5, 1.0])
# Cost of a change of class at 500 Hz; shortest durations are no longer than this.
_SWITCH, _LONGEST_LEAST_MS = 1.5, 30.0
# No eye pursues faster (Meyer, Lasker & Robinson 1985, Vision Res 25:561): a coder's slip, which would teach the trees
# that large saccades are rest.
_FASTEST_PURSUIT_DEG_S = 100.0
# Readings with at least this share of pursuit teach what pursuit is: where nothing moves, coders seldom look for it.
_PURSUIT_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class LearnedModel:
    """Weights of the learned detector.

    Attributes
    ----------
    motion : Trees
        Chances of rest, saccade, post-saccadic oscillation and blink.
    drift : Trees or None
        Chances of fixation and pursuit (0 and 1 of four) in a rest; None when the labels held no pursuit to learn from.
    moves : numpy.ndarray, shape (4, 4)
        Log chance that one class of `motion` follows another.
    lasting : numpy.ndarray, shape (4,)
        Shortest duration (ms) of a class.
    about : Mapping
        Where it comes from: rates, noise, persons, samples, licence.
    """

    motion: Trees
    drift: Trees | None
    moves: np.ndarray
    lasting: np.ndarray
    about: Mapping[str, Any] = field(default_factory=dict)

    def save(self, path: str | Path) -> None:
        """Write the weights as npz without objects."""
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
        """Read weights that `save` wrote. Pickled objects are refused."""
        with np.load(path, allow_pickle=False) as stored:
            if "motion_prior" not in stored or "format" not in stored or stored["format"] != _FORMAT:
                raise ValueError(f"{path} holds no weights of this detector; train them with events.fit_detector")
            motion, drift = (
                Trees(*(stored[f"{name}_{part}"] for part in _TREES)) if f"{name}_prior" in stored else None
                for name in ("motion", "drift")
            )
            assert motion is not None
            return cls(motion, drift, stored["moves"], stored["lasting"], json.loads(str(stored["about"])))

    def chain(self) -> tuple[np.ndarray, np.ndarray, float]:
        """What the kernels smooth by."""
        return self.moves, self.lasting, _SWITCH


@cache
def _shipped() -> LearnedModel:
    with resources.as_file(resources.files("gazeanalytics.events") / "weights" / "lund2013.npz") as path:
        return LearnedModel.load(path)


def learned(
    samples: pd.DataFrame,
    viewing: Viewing,
    *,
    model: LearnedModel | None = None,
    pursuit: bool = False,
    shortest_fixation_ms: float = 40.0,
    n_jobs: int | None = None,
) -> Events:
    """Find events by boosted decision trees, trained on hand-labelled recordings.

    Near peaks of speed and near holes the trees see where a sample lies in the motion, and speeds and spreads at 8 to
    128 ms around it; a chain with shortest durations smooths their answers. What moves beside a hole is blink. The
    shipped weights come from Lund2013 (Andersson et al. 2017): a tower-mounted tracker at 500 Hz, whole and thinned to
    250, 120, 60 and 30 Hz, with noise of 0.005 to 0.06 deg a sample added. Above 500 Hz they were tried on simulated
    gaze and on recordings interpolated from 500 Hz; on noisier gaze they are untried. `fit_detector` makes others.

    Parameters
    ----------
    samples, viewing, threads
        As for `cascade`.
    model : LearnedModel, optional
        Default: the shipped weights; `model.about` tells where they come from.
    pursuit : bool
        Whether something moved that the eye could pursue. On still images slow drift is fixation.
    shortest_fixation_ms : float
        Shorter fixations are noise.

    Returns
    -------
    Events

    Raises
    ------
    TableError, ValueError
        As for `cascade`; if pursuit is asked of a model that knows none.

    Warns
    -----
    RecordingWarning
        As for `cascade`.

    Examples
    --------
    >>> angle = np.linspace(0, np.pi, 20)
    >>> x = np.concatenate([np.zeros(150), 100 - 100 * np.cos(angle), np.full(150, 200)])
    >>> x += 300 + np.random.default_rng(0).normal(0, 0.3, x.size)
    >>> samples = pd.DataFrame({"reading": 1, "t": np.arange(x.size) * 2.0, "x": x, "y": 100.0})
    >>> found = learned(samples, Viewing.from_px_per_deg(40, 800, 200))
    >>> found.saccades["amplitude_deg"].round(1).tolist()
    [5.0]
    """
    model = model or _shipped()
    if pursuit and model.drift is None:
        raise ValueError("pursuit was asked for, but the labels that `model` learned from hold none: pursuit=False")
    recording = prepare(samples, viewing, n_jobs=n_jobs)
    recording.require(shortest_fixation_ms=shortest_fixation_ms)
    settings = {"detector": "learned", "pursuit": pursuit, "shortest_fixation_ms": shortest_fixation_ms}

    def batch(starts: np.ndarray, stops: np.ndarray, *arrays: Any) -> None:
        t, right, down, labels, steps = arrays
        _label((starts, stops, t, right, down), labels, steps, model)
        if pursuit:
            for start, stop, step in zip(starts, stops, steps, strict=True):
                part = slice(start, stop)
                _pursue(t[part], right[part], down[part], step, labels[part], model)

    return label_and_tabulate(batch, recording, None, settings, blink_ms=(20.0, 500.0), n_jobs=n_jobs)


def _label(gaze: tuple[np.ndarray, ...], labels: np.ndarray, steps: np.ndarray, model: LearnedModel) -> None:
    """Label every reading of `gaze` (starts, stops, t, right, down), pursuit as fixation."""
    bounds, traits = events_pieces.pieces_of_readings(*gaze, LONGEST_GAP_MS, steps)
    asked, shares = np.empty(len(labels), bool), np.empty((len(labels), kernels.CLASSES), np.float32)
    kernels.shares_over_pieces(bounds, traits, *gaze[2:], _NEAR, model.motion.arrays(), asked, shares)
    events_smoothing.smooth_over_pieces(bounds, traits, gaze[2], _BOUNDS, model.chain(), asked, shares, labels)


def _pursue(
    t: np.ndarray, right: np.ndarray, down: np.ndarray, step: float, labels: np.ndarray, model: LearnedModel
) -> None:
    """Turn the rests of one reading that drift into pursuit."""
    assert model.drift is not None
    spans, rows = events_drift.drifts(t, right, down, step, LONGEST_GAP_MS, labels)
    events_drift.pursue(spans, model.drift.shares(rows), labels)


def fit_detector(
    samples: pd.DataFrame,
    labels: ArrayLike,
    viewing: Viewing,
    *,
    trees: int = 80,
    about: Mapping[str, Any] | None = None,
    rng: int | np.random.Generator | None = None,
) -> LearnedModel:
    """Train the learned detector on labels of your own.

    Parameters
    ----------
    samples : pandas.DataFrame
        A samples table. To cover several rates and levels of noise, append thinned and noisier copies as readings.
    labels : array_like of int, shape (samples,) or (samples, coders)
        Places in `LABELS`; samples that are missing or noise teach nothing, nor does pursuit at over 100 deg/s, which
        no eye can. Coders who differ each have a say.
    viewing : Viewing
        How image pixels become angles.
    trees : int
        How many trees are boosted; the time to run them grows with it.
    about : Mapping, optional
        Kept with the weights: where the labels come from, their licence.
    rng : int, Generator or None
        Randomness of the trees.

    Returns
    -------
    LearnedModel

    Raises
    ------
    ValueError
        If `labels` don't fit `samples` or know fewer than two of rest (fixation, pursuit), saccade, pso and blink.
    """
    codes = np.asarray(labels)
    codes = codes[:, None] if codes.ndim == 1 else codes
    if codes.ndim != 2 or len(codes) != len(samples):
        raise ValueError(f"labels must have one row a sample, {len(samples)}; came shape {np.shape(labels)}")
    if codes.dtype.kind not in "iub" or not np.isin(codes, np.arange(len(LABELS))).all():
        raise ValueError(f"labels must be places in events.LABELS, whole numbers from 0 to {len(LABELS) - 1}")
    if trees < 1:
        raise ValueError(f"trees must be 1 or more; came {trees}")
    recording = prepare(samples, viewing)
    seen = codes if recording.rows is None else codes[recording.rows]
    generator = np.random.default_rng(rng)
    gaze = (recording.readings.starts, recording.readings.stops, recording.t, *degrees(recording))
    classes = _CLASS_OF[seen]
    motion = _learn_motion(gaze, recording.intervals_ms, seen, trees, generator)
    made = {"labels": list(LABELS[1:6]), "samples": len(samples), "rates_hz": _rates(recording), **(about or {})}
    model = LearnedModel(motion, None, *_chain(recording, classes), made)
    return LearnedModel(motion, _learn_drift(gaze, recording, seen, model, generator), model.moves, model.lasting, made)


def _rates(recording: Recording) -> list[int]:
    return sorted({round(1000 / step) for step in recording.intervals_ms.tolist()})


def _votes(classes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row, class and number of coders, for each class that a sample was given by any."""
    votes = np.stack([(classes == kind).sum(axis=1) for kind in range(kernels.CLASSES)], axis=1)
    rows, given = np.nonzero(votes)
    return rows, given, votes[rows, given].astype(float)


def _learn_motion(
    gaze: tuple[np.ndarray, ...], steps: np.ndarray, codes: np.ndarray, count: int, rng: np.random.Generator
) -> Trees:
    """Trees of motion, from the samples that they will be asked about."""
    bounds, traits = events_pieces.pieces_of_readings(*gaze, LONGEST_GAP_MS, steps)
    asked, table = np.empty(len(codes), bool), np.empty((len(codes), kernels.MEASURES), np.float32)
    kernels.measures_over_pieces(bounds, traits, *gaze[2:], _NEAR, asked, table)
    slips = (codes == LABELS.index("pursuit")) & (table[:, [kernels.SPEED]] > _FASTEST_PURSUIT_DEG_S)
    rows, given, votes = _votes(np.where(asked[:, None] & ~slips, _CLASS_OF[codes], -1))
    if len(np.unique(given)) < 2:
        raise ValueError("labels must know at least two of fixation, saccade, pso and blink where the gaze moves fast")
    return grow(table[rows], given, votes * _WEIGHT_OF[given], count, rng)


def _learn_drift(
    gaze: tuple[np.ndarray, ...], recording: Recording, codes: np.ndarray, model: LearnedModel, rng: np.random.Generator
) -> Trees | None:
    """Trees of drift, from the rests that the trees of motion leave in readings that hold pursuit."""
    labels = np.empty(len(codes), np.uint8)
    _label(gaze, labels, recording.intervals_ms, model)
    starts, stops, t, right, down = gaze
    tables, answers = [], []
    for start, stop, step in zip(starts, stops, recording.intervals_ms, strict=True):
        part = slice(start, stop)
        if stop > start and (codes[part] == LABELS.index("pursuit")).mean() >= _PURSUIT_SHARE:
            spans, rows = events_drift.drifts(t[part], right[part], down[part], step, LONGEST_GAP_MS, labels[part])
            tables.append(rows)
            answers.append(codes[part][spans[:, 0]])
    if not tables:
        return None
    given = np.concatenate(answers)
    drifting = np.where(given == LABELS.index("pursuit"), 1, np.where(given == LABELS.index("fixation"), 0, -1))
    rows, kinds, votes = _votes(drifting)
    return grow(np.concatenate(tables)[rows], kinds, votes, model.motion.feature.shape[0], rng)


def _chain(recording: Recording, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How often each class follows which, and its shortest duration (ms, 2nd percentile of whole found, 4 to 30)."""
    kinds = kernels.CLASSES
    moves, lengths = np.full((kinds, kinds), 0.5), [[np.inf] for _ in range(kinds)]
    for start, stop, step in zip(
        recording.readings.starts, recording.readings.stops, recording.intervals_ms, strict=True
    ):
        for coder in classes[start:stop].T:
            edges = np.flatnonzero(np.diff(coder)) + 1
            named = (coder[edges - 1] >= 0) & (coder[edges] >= 0)
            np.add.at(moves, (coder[edges[named] - 1], coder[edges[named]]), 1)
            for begin, end in itertools.pairwise(edges):
                if coder[begin] >= 0:
                    lengths[coder[begin]].append((end - begin) * step)
    np.fill_diagonal(moves, 1e-9)
    shortest = [np.percentile(each, 2, method="lower") for each in lengths]
    return np.log(moves / moves.sum(axis=1, keepdims=True)), np.clip(shortest, 4.0, _LONGEST_LEAST_MS)
