"""Training of the learned event detector on labels of one's own."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from gazeanalytics._kernels.events import drift as events_drift
from gazeanalytics._kernels.events import learned as kernels
from gazeanalytics._kernels.events import pieces as events_pieces
from gazeanalytics.events.boosted_trees import Trees, grow
from gazeanalytics.events.learned_model import NEAR, LearnedModel, label_motion
from gazeanalytics.events.recording import MAX_GAP_MS, Recording, degrees, prepare
from gazeanalytics.geometry import Viewing
from gazeanalytics.tables import LABELS

__all__ = ["fit_detector"]

# Class of the trees that each label belongs to: rest, saccade, oscillation, blink; missing and noise teach nothing.
_CLASS_OF = np.array([-1, 0, 1, 2, 0, 3, -1])
# Oscillations are rare and coders differ: counted alike, they would be found too seldom to agree with either.
_WEIGHT_OF = np.array([1.0, 1.0, 1.5, 1.0])
# A learned shortest duration is no longer than this, so that one coder's habit can't forbid a class.
_MAX_LASTING_MS = 30.0
# No eye pursues faster (Meyer, Lasker & Robinson 1985, Vision Res 25:561): a coder's slip, which would teach the trees
# that large saccades are rest.
_MAX_PURSUIT_DEG_S = 100.0
# Readings with at least this share of pursuit teach what pursuit is: where nothing moves, coders seldom look for it.
_PURSUIT_SHARE = 0.2


def fit_detector(
    samples: pd.DataFrame,
    labels: ArrayLike,
    viewing: Viewing,
    *,
    n_trees: int = 80,
    about: Mapping[str, object] | None = None,
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
    n_trees : int
        Number of boosted trees; the time to run them grows with it.
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
        raise ValueError(f"labels must have one row a sample, {len(samples)}; got shape {np.shape(labels)}")
    if codes.dtype.kind not in "iub" or not np.isin(codes, np.arange(len(LABELS))).all():
        raise ValueError(f"labels must be places in events.LABELS, whole numbers from 0 to {len(LABELS) - 1}")
    if n_trees < 1:
        raise ValueError(f"n_trees must be 1 or more; got {n_trees}")
    recording = prepare(samples, viewing)
    seen = codes if recording.rows is None else codes[recording.rows]
    generator = np.random.default_rng(rng)
    gaze = (recording.readings.starts, recording.readings.stops, recording.t, *degrees(recording))
    classes = _CLASS_OF[seen]
    motion = _learn_motion(gaze, recording.intervals_ms, seen, n_trees, generator)
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
    bounds, traits = events_pieces.pieces_of_readings(*gaze, MAX_GAP_MS, steps)
    asked, table = np.empty(len(codes), bool), np.empty((len(codes), kernels.MEASURES), np.float32)
    kernels.measures_over_pieces(bounds, traits, *gaze[2:], NEAR, asked, table)
    slips = (codes == LABELS.index("pursuit")) & (table[:, [kernels.SPEED]] > _MAX_PURSUIT_DEG_S)
    rows, given, votes = _votes(np.where(asked[:, None] & ~slips, _CLASS_OF[codes], -1))
    if len(np.unique(given)) < 2:
        raise ValueError("labels must know at least two of fixation, saccade, pso and blink where the gaze moves fast")
    return grow(table[rows], given, votes * _WEIGHT_OF[given], count, rng)


def _learn_drift(
    gaze: tuple[np.ndarray, ...], recording: Recording, codes: np.ndarray, model: LearnedModel, rng: np.random.Generator
) -> Trees | None:
    """Trees of drift, from the rests that the trees of motion leave in readings that hold pursuit."""
    labels = np.empty(len(codes), np.uint8)
    label_motion(gaze, labels, recording.intervals_ms, model)
    starts, stops, t, right, down = gaze
    tables, answers = [], []
    for start, stop, step in zip(starts, stops, recording.intervals_ms, strict=True):
        part = slice(start, stop)
        if stop > start and (codes[part] == LABELS.index("pursuit")).mean() >= _PURSUIT_SHARE:
            spans, rows = events_drift.drifts(t[part], right[part], down[part], step, MAX_GAP_MS, labels[part])
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
    return np.log(moves / moves.sum(axis=1, keepdims=True)), np.clip(shortest, 4.0, _MAX_LASTING_MS)
