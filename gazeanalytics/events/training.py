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
from gazeanalytics._kernels.events.forest import CLASSES
from gazeanalytics._kernels.events.gaze import Gaze, part_of
from gazeanalytics.events.boosted_trees import Trees, grow
from gazeanalytics.events.learned_model import NEAR, LearnedModel, label_motion
from gazeanalytics.events.recording import MAX_GAP_MS, Recording, in_degrees, prepare
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
    """Train the learned event detector on hand-labelled samples of your own (machine learning).

    Parameters
    ----------
    samples : pandas.DataFrame
        A samples table. To cover several rates and levels of noise, append thinned and noisier copies as readings.
    labels : array_like of int, shape (samples,) or (samples, coders)
        Places in `LABELS`; samples that are missing or noise teach nothing, nor does pursuit at over 100 deg/s, which
        no eye can. Coders who differ each have a vote.
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
        If `labels` don't fit `samples` or hold fewer than two of rest (fixation, pursuit), saccade, pso and blink.

    See Also
    --------
    agreement : Score the labels on persons that the training left out.

    Examples
    --------
    Labels of the cascade stand in for those of a coder here; a paper needs human ones.

    >>> from gazeanalytics.events import LearnedSettings, detect
    >>> rise = 100 - 100 * np.cos(np.linspace(0, np.pi, 9))  # 5 deg in 32 ms
    >>> x = np.tile(np.concatenate([np.zeros(40), rise, np.full(40, 200.0), rise[::-1]]), 5)
    >>> x += 300 + np.random.default_rng(0).normal(0, 0.3, x.size)
    >>> samples = pd.DataFrame({"reading": 1, "t": np.arange(x.size) * 4.0, "x": x, "y": 100.0})
    >>> viewing = Viewing.from_px_per_deg(40, 800, 200)
    >>> coded = detect(samples, viewing)
    >>> model = fit_detector(samples, coded.labels, viewing, n_trees=8, rng=0)
    >>> found = detect(samples, viewing, settings=LearnedSettings(model=model))
    >>> len(coded.saccades), len(found.saccades)
    (10, 10)
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
    gaze = in_degrees(recording)
    motion = _learn_motion(recording, gaze, seen, n_trees, generator)
    made = {"labels": list(LABELS[1:6]), "samples": len(samples), "rates_hz": _rates(recording), **(about or {})}
    model = LearnedModel(motion, None, *_chain(recording, _CLASS_OF[seen]), made)
    return LearnedModel(motion, _learn_drift(recording, gaze, seen, model, generator), model.moves, model.lasting, made)


def _rates(recording: Recording) -> list[int]:
    return sorted({round(1000 / step) for step in recording.intervals_ms.tolist()})


def _votes(classes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row, class and number of coders, for each class that a sample was given by any."""
    votes = np.stack([(classes == kind).sum(axis=1) for kind in range(CLASSES)], axis=1)
    rows, given = np.nonzero(votes)
    return rows, given, votes[rows, given].astype(float)


def _learn_motion(recording: Recording, gaze: Gaze, codes: np.ndarray, n_trees: int, rng: np.random.Generator) -> Trees:
    """Trees of motion, from the samples that they will be asked about."""
    readings, steps = recording.readings, recording.intervals_ms
    pieces = events_pieces.pieces_of_readings(readings.starts, readings.stops, gaze, MAX_GAP_MS, steps)
    asked, table = np.empty(len(codes), bool), np.empty((len(codes), kernels.MEASURES), np.float32)
    kernels.measures_over_pieces(pieces, gaze, NEAR, asked, table)
    slips = (codes == LABELS.index("pursuit")) & (table[:, [kernels.SPEED]] > _MAX_PURSUIT_DEG_S)
    rows, given, votes = _votes(np.where(asked[:, None] & ~slips, _CLASS_OF[codes], -1))
    if len(np.unique(given)) < 2:
        raise ValueError("labels must hold at least two of fixation, saccade, pso and blink where the gaze moves fast")
    return grow(table[rows], given, votes * _WEIGHT_OF[given], n_trees, rng)


# The rests that the detector itself leaves, not those of the coder: the trees must learn from what they will be asked
# about, errors of the motion step included.
def _learn_drift(
    recording: Recording, gaze: Gaze, codes: np.ndarray, model: LearnedModel, rng: np.random.Generator
) -> Trees | None:
    """Trees of drift, from the rests that the trees of motion leave in readings that hold pursuit."""
    readings, steps = recording.readings, recording.intervals_ms
    labels = np.empty(len(codes), np.uint8)
    label_motion(readings, gaze, labels, steps, model)
    tables, answers = [], []
    for start, stop, step in zip(readings.starts, readings.stops, steps, strict=True):
        own = codes[start:stop]
        if stop > start and (own == LABELS.index("pursuit")).mean() >= _PURSUIT_SHARE:
            spans, rows = events_drift.drifts(part_of(gaze, start, stop), step, MAX_GAP_MS, labels[start:stop])
            tables.append(rows)
            answers.append(own[spans[:, 0]])
    if not tables:
        return None
    given = np.concatenate(answers)
    drifting = np.where(given == LABELS.index("pursuit"), 1, np.where(given == LABELS.index("fixation"), 0, -1))
    rows, kinds, votes = _votes(drifting)
    return grow(np.concatenate(tables)[rows], kinds, votes, model.motion.feature.shape[0], rng)


# The 2nd percentile, not the minimum: one slip of a coder would set the shortest duration to a single sample. Half a
# count for moves never seen keeps their log finite (Krichevsky & Trofimov 1981).
def _chain(recording: Recording, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log probability that a class follows another, and its shortest duration (ms, 2nd percentile, 4 to 30)."""
    kinds = CLASSES
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
