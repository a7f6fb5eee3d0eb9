"""Mentions in time and space: when each finding was named, and where on the image it lies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gazeanalytics import ragged
from gazeanalytics._kernels.reasoning.alignment import Gaze, Named
from gazeanalytics.tables import require_columns, shown

__all__ = ["BOX", "Paired", "join_words", "pair", "permute_boxes", "place_mentions", "readers_of"]

BOX = ["x0", "y0", "x1", "y1"]
_GAZE = ("reading", "onset", "duration", "x", "y")
_MARKS = frozenset(".,;:!?/)")


def join_words(words: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Join the timed words of dictations to sentences.

    Parameters
    ----------
    words : pandas.DataFrame
        reading, word, onset, offset (ms), in order; punctuation may be words of its own (as in REFLACX).

    Returns
    -------
    traces : pandas.DataFrame
        Table `traces`, a sentence a step. A sentence ends where its full stop begins (Bigolin Lanfredi et al. 2022).
    words : pandas.DataFrame
        The words with step, and the characters start to stop of the step's text.

    Examples
    --------
    >>> words = pd.DataFrame({"reading": 0, "word": ["Heart", "big", ".", "Clear"], "onset": [0, 200, 400, 900],
    ...     "offset": [200, 400, 500, 1300]})
    >>> traces, placed = join_words(words)
    >>> traces[["text", "onset", "offset"]].to_numpy().tolist()
    [['Heart big.', 0.0, 400.0], ['Clear', 900.0, 1300.0]]
    >>> placed["start"].tolist()
    [0, 6, 9, 0]
    """
    for name in ("reading", "word", "onset", "offset"):
        require_columns(words, "words", (name,))
    text = words["word"].astype(str).str.strip().reset_index(drop=True)
    stop = text.isin(["."]).to_numpy()
    new_reading = words["reading"].ne(words["reading"].shift()).to_numpy()
    new_step = new_reading | np.append(False, stop[:-1])
    sentence = np.cumsum(new_step) - 1
    glued = text.isin(_MARKS).to_numpy() | new_step
    length = text.str.len().to_numpy() + ~glued
    ends = pd.Series(length).groupby(sentence).cumsum().to_numpy()
    placed = words.reset_index(drop=True).assign(start=ends - text.str.len().to_numpy(), stop=ends)
    first, last = np.flatnonzero(new_step), np.append(np.flatnonzero(new_step)[1:], len(words)) - 1
    pieces = np.where(glued, text, " " + text)
    traces = placed[["reading"]].iloc[first].reset_index(drop=True)
    traces["step"] = traces.groupby("reading", observed=True).cumcount()
    placed["step"] = traces["step"].to_numpy()[sentence]
    traces["text"] = ["".join(pieces[a : b + 1]) for a, b in zip(first, last, strict=True)]
    onset, offset = (words[name].to_numpy(float) for name in ("onset", "offset"))
    traces["onset"] = onset[first]
    traces["offset"] = np.where(stop[last], onset[last], offset[last])
    return traces, placed


def place_mentions(
    findings: pd.DataFrame,
    traces: pd.DataFrame,
    regions: pd.DataFrame,
    readings: pd.DataFrame,
    *,
    words: pd.DataFrame | None = None,
    homes: Mapping[str, Sequence[str]] | None = None,
    statuses: Iterable[str] = ("present", "uncertain"),
) -> pd.DataFrame:
    """Say when each finding was named and where on the image it lies.

    Parameters
    ----------
    findings : pandas.DataFrame
        From `label_findings`, with start and stop.
    traces : pandas.DataFrame
        The `traces` table with onset and offset (ms). A mention's time is shared out over its step by characters, which
        errs by a fraction of a second; word times are exact.
    regions : pandas.DataFrame
        The `regions` table. A mention takes the regions of its case whose `finding` it names; where both have a side,
        sides must agree.
    readings : pandas.DataFrame
        reading and case.
    words : pandas.DataFrame, optional
        From `join_words`: reading, step, start, stop, onset, offset of each word.
    homes : {finding: [region]}, optional
        Regions, such as organs, for a finding that no region of the case shows.
    statuses : iterable of str
        What must be said of it: denials are left out by default, since there is no place to look at.

    Returns
    -------
    pandas.DataFrame
        One row a mention and region (a mention of something that lies in two places has two): reading, step, finding,
        status, certainty, begin and spoken (ms: start and end of the naming words), region, x0, y0, x1, y1. Mentions
        without time or place have no row.

    Raises
    ------
    TableError
        If a column is missing.

    Examples
    --------
    >>> findings = pd.DataFrame({"reading": [0], "step": [0], "finding": ["edema"], "status": ["present"],
    ...     "certainty": [0.98], "start": [0], "stop": [5]})
    >>> traces = pd.DataFrame({"reading": [0], "step": [0], "text": ["Edema here"], "onset": [0.0], "offset": [1000.0]})
    >>> regions = pd.DataFrame({"case": ["a"], "region": ["left lung"], "finding": ["edema"], "x0": 0.0, "y0": 0.0,
    ...     "x1": 9.0, "y1": 9.0})
    >>> place_mentions(findings, traces, regions, pd.DataFrame({"reading": [0], "case": ["a"]}))["spoken"].tolist()
    [500.0]
    """
    for name in ("start", "stop", "status"):
        require_columns(findings, "findings", (name,))
    for name in ("onset", "offset"):
        require_columns(traces, "traces", (name,))
    kept = findings[findings["status"].isin(list(statuses))].reset_index(drop=True)
    begin, spoken = _shared_times(kept, traces) if words is None else _word_times(kept, words)
    case = kept["reading"].map(readings.set_index("reading")["case"])
    timed = kept.assign(begin=begin, spoken=spoken, case=case, row=np.arange(len(kept)))
    timed = timed[timed["spoken"].notna()].drop(columns=["region", *BOX], errors="ignore")
    shown = timed.merge(_side_of(regions.dropna(subset=["finding"])), on=["case", "finding"])
    if homes:
        named = pd.DataFrame([(finding, name) for finding, names in homes.items() for name in names])
        named.columns = ["finding", "region"]
        rest = timed[~timed["row"].isin(shown["row"])].merge(named, on="finding")
        at_home = rest.merge(_side_of(regions.drop(columns="finding", errors="ignore")), on=["case", "region"])
        shown = pd.concat([shown, at_home], ignore_index=True)
    shown = shown[_same_side(shown)]
    columns = ["reading", "step", "finding", "status", "certainty", "begin", "spoken", "region", *BOX]
    return shown.sort_values("row", kind="stable", ignore_index=True)[columns]


def _side_of(regions: pd.DataFrame) -> pd.DataFrame:
    columns = ["case", "region", *BOX, *(name for name in ("finding", "side") if name in regions)]
    return regions[columns].rename(columns={"side": "region_side"})


def _same_side(rows: pd.DataFrame) -> np.ndarray:
    """Where what is said of the side doesn't speak against the region's."""
    if not {"side", "region_side"} <= set(rows):
        return np.ones(len(rows), bool)
    said, lies = (rows[name].isin(["left", "right"]) for name in ("side", "region_side"))
    return (~(said & lies) | rows["side"].eq(rows["region_side"])).to_numpy()


def _shared_times(findings: pd.DataFrame, traces: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Start and end of each mention, its step's time shared out by characters."""
    step = traces[["reading", "step", "onset", "offset"]].assign(length=traces["text"].fillna("").str.len().clip(1))
    at = findings[["reading", "step", "start", "stop"]].merge(step, on=["reading", "step"], how="left")
    span, onset, length = (at["offset"] - at["onset"]).to_numpy(), at["onset"].to_numpy(), at["length"].to_numpy()
    return onset + at["start"].to_numpy() / length * span, onset + at["stop"].to_numpy() / length * span


def _word_times(findings: pd.DataFrame, words: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Onset of the first word that a mention overlaps, and offset of the last."""
    asked = findings[["reading", "step", "start", "stop"]].assign(row=np.arange(len(findings)))
    both = asked.merge(words, on=["reading", "step"], suffixes=("", "_word"))
    touching = both[(both["start_word"] < both["stop"]) & (both["stop_word"] > both["start"])]
    ends = touching.groupby("row").agg(begin=("onset", "min"), spoken=("offset", "max")).reindex(asked["row"])
    return ends["begin"].to_numpy(float), ends["spoken"].to_numpy(float)


@dataclass(frozen=True, slots=True)
class Paired:
    """Fixations and mentions of the readings that have both.

    Attributes
    ----------
    found : Segments
        Fixations of each reading.
    gaze : Gaze
        onset, offset, x, y, shape (fixations,) each.
    order : numpy.ndarray, shape (kept mentions,)
        Rows of the mentions given, reading by reading.
    first, last : numpy.ndarray, shape (readings,)
        Places in `order` where the mentions of each reading begin and end.
    """

    found: ragged.Segments
    gaze: Gaze
    order: np.ndarray
    first: np.ndarray
    last: np.ndarray

    def named(self, begin: np.ndarray, spoken: np.ndarray, boxes: np.ndarray) -> Named:
        """Lay out the mentions, whose times and boxes are in the order of `order`, for the kernels."""
        return Named(self.first, self.last, begin, spoken, boxes)


def pair(fixations: pd.DataFrame, mentions: pd.DataFrame) -> Paired:
    """Lay fixations and mentions out for the kernels; mentions without a time or a box are left out.

    Raises
    ------
    TableError
        If a column is missing.
    ValueError
        If no reading has both, or a duration is missing.
    """
    for table, name, columns in ((fixations, "fixations", _GAZE), (mentions, "mentions", ("reading", "spoken", *BOX))):
        for column in columns:
            require_columns(table, name, (column,))
    whole = mentions[["spoken", *BOX]].notna().all(axis=1).to_numpy()
    both = set(fixations["reading"]) & set(mentions["reading"][whole])
    if not both:
        raise ValueError("no reading has both fixations and mentions; check that their reading keys agree")
    gaze = fixations[fixations["reading"].isin(both)]
    if gaze["duration"].isna().any():
        raise ValueError("fixations need durations (ms) to be laid against speech; some are missing")
    found = ragged.segments(gaze["reading"])
    place = pd.Index(found.keys.astype(object)).get_indexer(pd.Index(mentions["reading"].astype(object)))
    place = np.where(whole, place, -1)
    order = np.argsort(place, kind="stable")
    bounds = np.searchsorted(place[order], np.arange(len(found) + 1))
    onset = gaze["onset"].to_numpy(float)
    x, y = (gaze[name].to_numpy(float) for name in ("x", "y"))
    columns = Gaze(onset, onset + gaze["duration"].to_numpy(float), x, y)
    return Paired(found, columns, order[bounds[0] :], bounds[:-1] - bounds[0], bounds[1:] - bounds[0])


def readers_of(readings: pd.Index, readers: pd.Series) -> tuple[np.ndarray, pd.Index]:
    """Code of each reading's reader, and the readers' names in order.

    Raises
    ------
    ValueError
        If a reading has no reader.
    """
    keys = readings.astype(object)
    missing = keys.difference(readers.index.astype(object))
    if len(missing):
        raise ValueError(
            f"reading {shown(missing[0])} has no reader; pass a series of readers whose index is the reading, such as "
            "readings.set_index('reading')['reader']"
        )
    codes, names = pd.factorize(readers.set_axis(readers.index.astype(object)).loc[keys], sort=True)
    return codes, pd.Index(names)


# Places are permuted within a reader, words and gaze stay: a null of unrelated words would also break the reader's
# habit of looking at favourite places, and find a lag where there is none.
def permute_boxes(boxes: np.ndarray, pairs: Paired, cluster: np.ndarray, source: np.random.Generator) -> np.ndarray:
    """Give the mentions of each reading the boxes of another reading of its cluster, all readings permuted.

    Readings alone in their cluster are permuted together. Where the other reading has fewer boxes, some come again.
    """
    alone = np.bincount(cluster)[cluster] == 1
    group = np.where(alone, -1, cluster)
    taken_from = np.empty(len(group), np.int64)
    taken_from[np.argsort(group, kind="stable")] = np.lexsort((source.random(len(group)), group))
    moved = np.empty_like(boxes)
    for reading, other in enumerate(taken_from):
        needed, there = (pairs.last[one] - pairs.first[one] for one in (reading, other))
        drawn = source.permutation(there)[:needed] if needed <= there else source.integers(0, there, needed)
        moved[pairs.first[reading] : pairs.last[reading]] = boxes[pairs.first[other] + drawn]
    return moved
