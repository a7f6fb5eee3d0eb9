"""Agreement of event labels: a detector with a coder, two coders or two detectors, by samples and by events."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from gazeanalytics._kernels.events import evaluation as kernels
from gazeanalytics.events._tabulate import LABELS
from gazeanalytics.ragged import segments

__all__ = ["agreement", "confusion", "event_agreement", "labelled_events"]

_CLASSES = ("fixation", "saccade", "pso", "pursuit", "blink")


def _codes(labels: ArrayLike, size: int, name: str) -> np.ndarray:
    codes = np.asarray(labels)
    if codes.shape != (size,) or codes.dtype.kind not in "iub":
        raise ValueError(f"{name} must be one whole number a sample, shape ({size},); got {codes.dtype} {codes.shape}")
    if size and (codes.min() < 0 or codes.max() >= len(LABELS)):
        raise ValueError(f"{name} must be places in events.LABELS, 0 to {len(LABELS) - 1}; got {codes.max()}")
    return codes.astype(np.uint8)


def confusion(labels: ArrayLike, truth: ArrayLike) -> pd.DataFrame:
    """Confusion matrix of sample labels: counts by label (columns) and true label (rows).

    Examples
    --------
    >>> confusion([1, 1, 2], [1, 2, 2]).loc[["fixation", "saccade"], ["fixation", "saccade"]].values.tolist()
    [[1, 0], [1, 1]]
    """
    size = np.asarray(truth).size
    true, found = _codes(truth, size, "truth"), _codes(labels, size, "labels")
    kinds = len(LABELS)
    counts = np.bincount(true.astype(np.int64) * kinds + found, minlength=kinds * kinds).reshape(kinds, kinds)
    return pd.DataFrame(counts, index=pd.Index(LABELS, name="truth"), columns=pd.Index(LABELS, name="label"))


def agreement(labels: ArrayLike, truth: ArrayLike, *, classes: Sequence[str] = _CLASSES) -> pd.DataFrame:
    """Agreement of sample labels, each class against the rest (Cohen's kappa, as in Andersson et al. 2017).

    Parameters
    ----------
    labels, truth : array_like of int, shape (samples,)
        Places in `LABELS`: of a detector and a coder, of two coders or of two detectors.
    classes : sequence of str
        Names out of `LABELS`.

    Returns
    -------
    pandas.DataFrame
        One row a class and one for all together: label, kappa, precision, recall, samples (labelled so in `truth`).
        Kappa is NaN where neither uses the class.

    Examples
    --------
    >>> agreement([1, 1, 2, 2], [1, 1, 2, 1], classes=["saccade"]).round(2).values.tolist()
    [['saccade', 0.5, 0.5, 1.0, 1], ['all', 0.5, 0.75, 0.75, 4]]
    """
    counts = confusion(labels, truth).to_numpy().astype(float)
    rows = []
    for name in classes:
        place = _place(name)
        both, true, found = counts[place, place], counts[place].sum(), counts[:, place].sum()
        table = np.array([[both, true - both], [found - both, counts.sum() - true - found + both]])
        rows.append((name, _kappa(table), _share(both, found), _share(both, true), int(true)))
    same = _share(np.trace(counts), counts.sum())
    rows.append(("all", _kappa(counts), same, same, int(counts.sum())))
    return pd.DataFrame(rows, columns=["label", "kappa", "precision", "recall", "samples"])


def _place(name: str) -> int:
    if name not in LABELS:
        raise ValueError(f"classes must be names out of {', '.join(LABELS)}; got {name!r}")
    return LABELS.index(name)


# kappa = (p_o - p_e) / (1 - p_e), in counts to keep whole numbers exact: (n trace - c) / (n^2 - c), with c the product
# of the margins (Cohen 1960). F1 of samples would reward a detector for the sheer number of fixation samples.
def _kappa(counts: np.ndarray) -> float:
    total = counts.sum()
    chance = float(counts.sum(axis=0) @ counts.sum(axis=1))
    if total == 0 or chance == total * total:
        return float("nan")
    return float((np.trace(counts) * total - chance) / (total * total - chance))


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")


def labelled_events(samples: pd.DataFrame, labels: ArrayLike) -> pd.DataFrame:
    """List the events of any label: runs of equal labels within a reading.

    Returns
    -------
    pandas.DataFrame
        reading, label, onset (ms), duration (ms, up to the next sample), start, stop (rows of `samples`).

    Examples
    --------
    >>> samples = pd.DataFrame({"reading": 1, "t": [0.0, 2, 4, 6], "x": 0.0, "y": 0.0})
    >>> labelled_events(samples, [1, 1, 2, 1])[["label", "onset", "duration"]].values.tolist()
    [['fixation', 0.0, 4.0], ['saccade', 4.0, 2.0], ['fixation', 6.0, 2.0]]
    """
    codes = _codes(labels, len(samples), "labels")
    readings = segments(samples["reading"])
    rows = readings.rows()
    t = samples["t"].to_numpy(float)
    fresh = np.ones(len(codes), bool)
    fresh[1:] = (codes[1:] != codes[:-1]) | (rows[1:] != rows[:-1])
    starts = np.flatnonzero(fresh)
    stops = np.append(starts[1:], len(codes)) if len(starts) else starts
    ends = np.empty(len(starts))
    inside = stops < readings.stops[rows[starts]] if len(starts) else np.zeros(0, bool)
    ends[inside] = t[stops[inside]]
    for event in np.flatnonzero(~inside):
        span = t[readings.starts[rows[starts[event]]] : stops[event]]
        ends[event] = span[-1] + (np.median(np.diff(span)) if len(span) > 1 else 0.0)
    return pd.DataFrame(
        {
            "reading": readings.keys[rows[starts]],
            "label": np.array(LABELS, object)[codes[starts]],
            "onset": t[starts],
            "duration": ends - t[starts],
            "start": starts,
            "stop": stops,
        }
    )


def event_agreement(
    samples: pd.DataFrame,
    labels: ArrayLike,
    truth: ArrayLike,
    *,
    min_overlap: float = 0.5,
    classes: Sequence[str] = _CLASSES,
) -> pd.DataFrame:
    """Agreement of events: F1, onset and offset errors of matched events (intersection over union).

    Two events of a class match when they share at least `min_overlap` of the samples that they cover together
    (intersection over union; the best pairs first).

    Parameters
    ----------
    samples : pandas.DataFrame
        A samples table.
    labels, truth : array_like of int, shape (samples,)
        Places in `LABELS`.
    min_overlap : float
        Over 0, at most 1.
    classes : sequence of str
        Names out of `LABELS`.

    Returns
    -------
    pandas.DataFrame
        One row a class: label, f1, found, true (events), matched, onset_error, offset_error (median of found minus
        true, ms), duration_found, duration_true (mean, ms).

    Examples
    --------
    >>> samples = pd.DataFrame({"reading": 1, "t": np.arange(6) * 2.0, "x": 0.0, "y": 0.0})
    >>> found = event_agreement(samples, [1, 2, 2, 1, 1, 1], [1, 1, 2, 1, 1, 1], classes=["saccade"])
    >>> found[["f1", "matched", "onset_error", "offset_error", "duration_found"]].values.tolist()
    [[1.0, 1.0, -2.0, 0.0, 4.0]]
    """
    if not 0 < min_overlap <= 1:
        raise ValueError(f"min_overlap must be over 0 and at most 1; got {min_overlap}")
    found, true = labelled_events(samples, labels), labelled_events(samples, truth)
    rows = []
    for name in classes:
        _place(name)
        ours, theirs = found[found["label"] == name], true[true["label"] == name]
        spans = (frame[side].to_numpy(np.int64) for frame in (ours, theirs) for side in ("start", "stop"))
        pairs = kernels.match_events(*spans, min_overlap)
        left, right = ours.iloc[pairs[:, 0]], theirs.iloc[pairs[:, 1]]
        onset = left["onset"].to_numpy() - right["onset"].to_numpy()
        offset = onset + left["duration"].to_numpy() - right["duration"].to_numpy()
        score = 2 * len(pairs) / (len(ours) + len(theirs)) if len(ours) + len(theirs) else float("nan")
        errors = (float(np.median(each)) if len(each) else float("nan") for each in (onset, offset))
        means = (float(frame["duration"].mean()) for frame in (ours, theirs))
        rows.append((name, score, len(ours), len(theirs), len(pairs), *errors, *means))
    columns = ["label", "f1", "found", "true", "matched", "onset_error", "offset_error"]
    return pd.DataFrame(rows, columns=[*columns, "duration_found", "duration_true"])
