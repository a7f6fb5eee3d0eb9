"""A detector that learns from labels: measures at several scales, a forest of trees, a chain of classes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from gazeanalytics import ragged
from gazeanalytics._kernels import events_cascade
from gazeanalytics._kernels import events_learned as kernels
from gazeanalytics.gaze.cascade import CascadeRules
from gazeanalytics.gaze.events import Events, label_and_tabulate
from gazeanalytics.gaze.recording import LONGEST_GAP_MS, Recording, degrees, prepare
from gazeanalytics.geometry import Viewing

__all__ = ["LearnedModel", "fit_detector", "learned"]

_CLASSES = ("fixation", "saccade", "pso", "pursuit", "blink")
_ARRAYS = ("roots", "feature", "threshold", "below", "above", "leaves", "rates", "moves", "lasting")
# The forest looks at every sample this near to a saccade, and at rests elsewhere.
_NEAR_MS, _REST_MS = 80.0, 12.0
# The trees know what comes before and after, so that the chain need only break ties.
_CHAIN_WEIGHT = 0.2
# Share of the samples in quiet fixation or pursuit that the trees learn from.
_QUIET_KEPT = 0.125


@dataclass(frozen=True, slots=True)
class LearnedModel:
    """Weights of the learned detector.

    Attributes
    ----------
    roots, feature, threshold, below, above, leaves : numpy.ndarray
        The trees: first node of each; of each node its measure (-1 in a leaf), threshold and the nodes below and above;
        class shares of the leaves, shape (leaves, 5).
    rates, moves, lasting : numpy.ndarray
        The chain: events per ms that end, log chance of the next class, shortest duration (ms) of a class.
    about : Mapping
        Where it comes from: rates, noise, persons, samples, licence.
    """

    roots: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    below: np.ndarray
    above: np.ndarray
    leaves: np.ndarray
    rates: np.ndarray
    moves: np.ndarray
    lasting: np.ndarray
    about: Mapping[str, Any] = field(default_factory=dict)

    def save(self, path: str | Path) -> None:
        """Write the weights as npz without objects."""
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        np.savez_compressed(path, about=np.array(json.dumps(dict(self.about))), **arrays)

    @classmethod
    def load(cls, path: str | Path) -> LearnedModel:
        """Read weights that `save` wrote. Pickled objects are refused."""
        with np.load(path, allow_pickle=False) as stored:
            return cls(*(stored[name] for name in _ARRAYS), about=json.loads(str(stored["about"])))


@cache
def _shipped() -> LearnedModel:
    with resources.as_file(resources.files("gazeanalytics.gaze") / "weights" / "lund2013.npz") as path:
        return LearnedModel.load(path)


def learned(
    samples: pd.DataFrame,
    viewing: Viewing,
    *,
    model: LearnedModel | None = None,
    pursuit: bool = False,
    shortest_fixation_ms: float = 40.0,
    threads: int | None = None,
) -> Events:
    """Find events by a forest of decision trees, trained on hand-labelled recordings.

    The trees see speeds, turns, spreads and the nearest peaks at 2 to 128 ms around a sample, and what `cascade` says;
    a chain with shortest durations smooths their answers.

    Parameters
    ----------
    samples, viewing, threads
        As for `cascade`.
    model : LearnedModel, optional
        Default: the shipped weights, trained on Lund2013 (Andersson et al. 2017) at 30 to 500 Hz; `model.about` tells.
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
        As for `cascade`.

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
    >>> events = learned(samples, Viewing.from_px_per_deg(40, 800, 200))
    >>> events.saccades["amplitude_deg"].round(1).tolist()
    [5.0]
    """
    model = model or _shipped()
    recording = prepare(samples, viewing, threads=threads)
    recording.require(shortest_fixation_ms=shortest_fixation_ms)
    guess = _first_guess(recording, threads)
    trees = (model.roots, model.feature, model.threshold, model.below, model.above, model.leaves)
    chain = (model.rates, model.moves, model.lasting)
    values = np.array([LONGEST_GAP_MS, _NEAR_MS, _REST_MS, float(pursuit), _CHAIN_WEIGHT])

    def batch(*arrays: Any) -> None:
        starts, stops, t, right, down, labels, steps = arrays
        kernels.learned_over_readings(starts, stops, t, right, down, values, trees, chain, guess, labels, steps)

    settings = {"detector": "learned", "pursuit": pursuit, "shortest_fixation_ms": shortest_fixation_ms}
    return label_and_tabulate(batch, recording, None, settings, blink_ms=(20.0, 500.0), threads=threads)


def _first_guess(recording: Recording, threads: int | None) -> np.ndarray:
    guess = np.empty(recording.t.size, np.uint8)
    arrays = (recording.t, *degrees(recording, threads=threads), CascadeRules().values(), guess)
    steps = [recording.intervals_ms]
    ragged.each(events_cascade.cascade_over_readings, recording.readings, *arrays, out=steps, threads=threads)
    return guess


def fit_detector(
    samples: pd.DataFrame,
    labels: ArrayLike,
    viewing: Viewing,
    *,
    trees: int = 20,
    about: Mapping[str, Any] | None = None,
    rng: int | np.random.Generator | None = None,
) -> LearnedModel:
    """Train the learned detector on labels of your own.

    Parameters
    ----------
    samples : pandas.DataFrame
        A samples table. To cover several rates, append thinned copies as further readings.
    labels : array_like of int, shape (samples,) or (samples, coders)
        Places in `LABELS`; samples that are missing or noise teach nothing.
    viewing : Viewing
        How image pixels become angles.
    trees : int
        Size of the forest.
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
        If `labels` don't fit `samples` or know fewer than two classes.
    """
    from sklearn.ensemble import ExtraTreesClassifier

    codes = np.asarray(labels)
    codes = codes[:, None] if codes.ndim == 1 else codes
    if codes.ndim != 2 or len(codes) != len(samples):
        raise ValueError(f"labels must have one row a sample, {len(samples)}; came shape {np.shape(labels)}")
    recording = prepare(samples, viewing)
    seen = codes if recording.rows is None else codes[recording.rows]
    generator = np.random.default_rng(rng)
    rows, classes, weights = _lessons(recording, seen, generator)
    if len(np.unique(classes)) < 2:
        raise ValueError("labels must know at least two of fixation, saccade, pso, pursuit and blink")
    seed = int(generator.integers(2**31))
    options: dict[str, Any] = {"min_samples_leaf": 6, "max_features": 0.25, "max_depth": 16, "random_state": seed}
    ensemble = ExtraTreesClassifier(trees, **options)
    ensemble.fit(rows, classes, sample_weight=weights)
    made = {
        "classes": list(_CLASSES),
        "samples": len(samples),
        "rates_hz": sorted({round(1000 / step) for step in recording.intervals_ms.tolist()}),
        **(about or {}),
    }
    arrays = dict(zip(_ARRAYS, (*_grow(ensemble), *_chain(recording, seen)), strict=True))
    return LearnedModel(**arrays, about=made)


def _lessons(
    recording: Recording, codes: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Measures, class and weight of the samples to learn from; quiet ones are thinned and weigh more."""
    guess = _first_guess(recording, None)
    table = np.empty((recording.t.size, kernels.MEASURES), np.float32)
    arrays = (recording.t, *degrees(recording), guess, LONGEST_GAP_MS, table)
    ragged.each(kernels.measures_over_readings, recording.readings, *arrays, out=[recording.intervals_ms])
    rows, classes, weights = [], [], []
    for coder in codes.T:
        quiet = (coder == guess) & np.isin(coder, (1, 4)) & (table[:, 10] < 12)
        kept = (coder >= 1) & (coder <= len(_CLASSES)) & (~quiet | (rng.random(len(coder)) < _QUIET_KEPT))
        rows.append(table[kept])
        classes.append(coder[kept])
        weights.append(np.where(quiet[kept], 1 / _QUIET_KEPT, 1.0))
    return np.concatenate(rows), np.concatenate(classes), np.concatenate(weights)


def _grow(ensemble: Any) -> tuple[np.ndarray, ...]:
    """Join the trees of a scikit-learn forest into flat arrays."""
    roots, feature, threshold, below, above, leaves = [], [], [], [], [], []
    nodes, ends = 0, 0
    for estimator in ensemble.estimators_:
        tree = estimator.tree_
        leaf = tree.children_left < 0
        shares = np.zeros((int(leaf.sum()), len(_CLASSES)), np.float32)
        value = tree.value[leaf, 0]
        shares[:, ensemble.classes_.astype(int) - 1] = value / value.sum(axis=1, keepdims=True)
        roots.append(nodes)
        feature.append(np.where(leaf, -1, tree.feature))
        threshold.append(tree.threshold)
        below.append(np.where(leaf, ends + np.cumsum(leaf) - 1, tree.children_left + nodes))
        above.append(np.where(leaf, 0, tree.children_right + nodes))
        leaves.append(shares)
        nodes, ends = nodes + tree.node_count, ends + len(shares)
    return (
        np.array(roots, np.int32),
        np.concatenate(feature).astype(np.int16),
        np.concatenate(threshold),
        np.concatenate(below).astype(np.int32),
        np.concatenate(above).astype(np.int32),
        np.concatenate(leaves),
    )


def _chain(recording: Recording, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How often each class ends (per ms), what follows it, and its shortest duration (ms, 2nd percentile, 4 to 40)."""
    kinds = len(_CLASSES)
    ends, time = np.full(kinds, 0.5), np.full(kinds, 100.0)
    moves = np.full((kinds, kinds), 0.5)
    lengths: Sequence[list[float]] = [[] for _ in range(kinds)]
    for place, (start, stop) in enumerate(zip(recording.readings.starts, recording.readings.stops, strict=True)):
        step = recording.intervals_ms[place]
        for coder in codes[start:stop].T:
            edges = np.flatnonzero(np.diff(coder)) + 1
            bounds = np.concatenate(([0], edges, [len(coder)]))
            for run in range(len(bounds) - 1):
                kind, samples = int(coder[bounds[run]]) - 1 if len(coder) else -1, bounds[run + 1] - bounds[run]
                if not 0 <= kind < kinds:
                    continue
                time[kind] += samples * step
                if run + 2 < len(bounds):
                    lengths[kind].append(samples * step)
                    after = int(coder[bounds[run + 1]]) - 1
                    if 0 <= after < kinds:
                        ends[kind] += 1
                        moves[kind, after] += 1
    np.fill_diagonal(moves, 1e-9)
    lasting = np.array([np.clip(np.percentile(each, 2), 4, 40) if each else 4.0 for each in lengths])
    return ends / time, np.log(moves / moves.sum(axis=1, keepdims=True)), lasting
