"""Whether what is said was looked at: grounding of mentions, looks without words, and steps laid over gaze.

Mentions are rows of reading, `spoken` (ms since image onset) and the box that they name: x0, y0, x1, y1 (image px).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from gazeanalytics import ragged
from gazeanalytics._kernels.reasoning import alignment as kernels
from gazeanalytics.reasoning.alignment.mentions import BOX, pair

__all__ = ["align_steps", "ground_mentions", "looked_and_said", "retime"]


def ground_mentions(
    fixations: pd.DataFrame, mentions: pd.DataFrame, *, before_ms: float = 5000.0, after_ms: float = 0.0
) -> pd.DataFrame:
    """Say how far each mention rests on looks at its region around the time of speech.

    Parameters
    ----------
    fixations : pandas.DataFrame
        The `fixations` table, durations known.
    mentions : pandas.DataFrame
        reading, spoken, x0, y0, x1, y1; see the module.
    before_ms, after_ms : float
        The window around `spoken`. Report several: the measures depend on it.

    Returns
    -------
    pandas.DataFrame
        The mentions with: region_ms (fixation time in the region, all reading long), window_ms (fixation time in the
        window), grounding (share of region_ms that falls in the window), enrichment (grounding over the window's share
        of all fixation time: 1 by chance), and auroc (chance that time in the window is rather spent in the region than
        time outside it is, ties by half: 0.5 by chance). NaN where the region was never looked at.

    Examples
    --------
    >>> fixations = pd.DataFrame({"reading": 0, "onset": [0.0, 1000.0, 2000.0, 3000.0], "duration": 1000.0,
    ...     "x": [50.0, 50.0, 5.0, 50.0], "y": 5.0})
    >>> mentions = pd.DataFrame({"reading": [0], "spoken": [3000.0], "x0": 0, "y0": 0, "x1": 10, "y1": 10})
    >>> ground_mentions(fixations, mentions, before_ms=2000)[["grounding", "enrichment", "auroc"]].iloc[0].tolist()
    [1.0, 2.0, 0.75]
    """
    pairs = pair(fixations, mentions)
    spoken, boxes = mentions["spoken"].to_numpy(float)[pairs.order], mentions[BOX].to_numpy(float)[pairs.order]
    found, sums = pairs.found, np.full((len(pairs.order), 5), np.nan)
    named = pairs.named(spoken, spoken, boxes)
    window = (float(before_ms), float(after_ms))
    kernels.mention_times_over_readings(found.starts, found.stops, pairs.gaze, named, window, sums)
    rows = np.full((len(mentions), 4), np.nan)
    rows[pairs.order] = sums[:, :4]
    region, window, both, whole = rows.T
    with np.errstate(invalid="ignore", divide="ignore"):
        grounding = both / region
        within, without = both / window, (region - both) / (whole - window)
        enrichment = grounding / (window / whole)
    return mentions.assign(
        region_ms=region,
        window_ms=window,
        grounding=grounding,
        enrichment=enrichment,
        auroc=np.where(region > 0, (1 + within - without) / 2, np.nan),
    )


def _inside(x: np.ndarray, y: np.ndarray, box: np.ndarray) -> np.ndarray:
    return (x >= box[0]) & (x <= box[2]) & (y >= box[1]) & (y <= box[3])


def looked_and_said(visits: pd.DataFrame, said: pd.DataFrame, *, dwell_ms: float = 1000.0) -> pd.DataFrame:
    """Set what was looked at against what was said.

    Parameters
    ----------
    visits : pandas.DataFrame
        The `visits` table: reading, region, duration.
    said : pandas.DataFrame
        reading and region of each mention.
    dwell_ms : float
        Dwell from which a region counts as looked at (1 s: the bound between errors of recognition and of decision in
        Kundel, Nodine & Carmody 1978).

    Returns
    -------
    pandas.DataFrame
        One row a reading and region that was visited or named: dwell (ms), mentions, and verdict: looked and said,
        looked only, said only, or neither (glanced at, not named).

    Examples
    --------
    >>> visits = pd.DataFrame({"reading": 0, "region": ["heart", "left lung"], "duration": [1500.0, 300.0]})
    >>> said = pd.DataFrame({"reading": [0], "region": ["left lung"]})
    >>> looked_and_said(visits, said)["verdict"].tolist()
    ['looked only', 'said only']
    """
    key = ["reading", "region"]
    dwell = visits.groupby(key, observed=True)["duration"].sum().rename("dwell")
    count = said.groupby(key, observed=True).size().rename("mentions")
    table = pd.concat([dwell, count], axis=1).fillna(0).reset_index().sort_values(key, ignore_index=True)
    looked, named = table["dwell"] >= dwell_ms, table["mentions"] > 0
    verdict = np.select([looked & named, looked, named], ["looked and said", "looked only", "said only"], "neither")
    return table.assign(mentions=table["mentions"].astype(int), verdict=verdict)


def align_steps(
    traces: pd.DataFrame, fixations: pd.DataFrame, places: pd.DataFrame, *, hit: float = 0.7, miss: float = 0.1
) -> pd.DataFrame:
    """Lay the steps of a trace without times over the fixations, in order, each step where its region is looked at.

    Fixations are cut into as many consecutive runs as there are steps, so that looks at a step's own region are
    most likely (dynamic programming over all cuts). Steps without a region take what their neighbours leave.

    Parameters
    ----------
    traces : pandas.DataFrame
        The `traces` table; its times, if any, are not used.
    fixations : pandas.DataFrame
        The `fixations` table, durations known.
    places : pandas.DataFrame
        reading, step, x0, y0, x1, y1: boxes that a step names; a step may have several.
    hit, miss : float
        Chance that a fixation lies in a box while its step is thought, and while another is.

    Returns
    -------
    pandas.DataFrame
        The traces with onset and offset (ms): first and last moment of the step's fixations; NaN for readings with
        fewer fixations than steps.

    Examples
    --------
    >>> traces = pd.DataFrame({"reading": 0, "step": [0, 1], "text": ["a", "b"]})
    >>> fixations = pd.DataFrame({"reading": 0, "onset": [0.0, 300.0, 600.0], "duration": 300.0, "x": [1.0, 1.0, 9.0],
    ...     "y": 1.0})
    >>> places = pd.DataFrame({"reading": 0, "step": [0, 1], "x0": [0, 8], "y0": 0, "x1": [2, 10], "y1": 2})
    >>> align_steps(traces, fixations, places)[["onset", "offset"]].to_numpy().tolist()
    [[0.0, 600.0], [600.0, 900.0]]
    """
    if not 0 < miss < hit < 1:
        raise ValueError(f"expected 0 < miss < hit < 1; got miss {miss} and hit {hit}")
    gaze = dict(tuple(fixations.groupby("reading", observed=True, sort=False)))
    boxes = dict(tuple(places.groupby("reading", observed=True, sort=False)))
    onset, offset = np.full(len(traces), np.nan), np.full(len(traces), np.nan)
    found = ragged.segments(traces["reading"])
    steps = traces["step"].to_numpy()
    for reading, start, stop in zip(found.keys, found.starts, found.stops, strict=True):
        looks = gaze.get(reading)
        if looks is None or len(looks) < stop - start:
            continue
        gain = _gain(looks, boxes.get(reading), steps[start:stop], hit, miss)
        breaks = np.zeros(stop - start + 1, np.int64)
        kernels.lay_in_order(gain, breaks)
        begin = looks["onset"].to_numpy(float)
        onset[start:stop] = begin[breaks[:-1]]
        offset[start:stop] = (begin + looks["duration"].to_numpy(float))[breaks[1:] - 1]
    return traces.assign(onset=onset, offset=offset)


# Bernoulli log likelihood of a fixation inside the step's boxes, less that under any other step: only differences
# decide where a step begins.
def _gain(looks: pd.DataFrame, boxes: pd.DataFrame | None, steps: np.ndarray, hit: float, miss: float) -> np.ndarray:
    """Log chance of each fixation under each step, less that under no step; shape (steps, fixations)."""
    x, y = looks["x"].to_numpy(float), looks["y"].to_numpy(float)
    gain = np.zeros((len(steps), len(looks)))
    if boxes is None:
        return gain
    for row, step in enumerate(steps):
        own = boxes.loc[boxes["step"].eq(step), BOX].to_numpy(float)
        if len(own):
            inside = np.any([_inside(x, y, box) for box in own], axis=0)
            gain[row] = np.where(inside, np.log(hit / miss), np.log((1 - hit) / (1 - miss)))
    return gain


def retime(words: pd.DataFrame, edited: Sequence[str]) -> pd.DataFrame:
    """Give the words of a corrected transcript the times of the words as they were recognised.

    Words that stayed keep their times; a replaced passage shares its time by syllables; what was added without a
    counterpart gets the instant where it stands.

    Parameters
    ----------
    words : pandas.DataFrame
        word, onset, offset (ms), in order.
    edited : sequence of str
        The corrected words.

    Returns
    -------
    pandas.DataFrame
        word, onset, offset of the corrected words.

    Examples
    --------
    >>> heard = pd.DataFrame({"word": ["no", "new", "motor", "axe"], "onset": [0, 100, 200, 500],
    ...     "offset": [100, 200, 500, 800]})
    >>> retime(heard, ["no", "pneumothorax"]).to_numpy().tolist()
    [['no', 0.0, 100.0], ['pneumothorax', 100.0, 800.0]]
    """
    heard = words["word"].astype(str).str.lower().tolist()
    onset, offset = words["onset"].to_numpy(float), words["offset"].to_numpy(float)
    times = np.full((len(edited), 2), np.nan)
    matcher = difflib.SequenceMatcher(None, heard, [word.lower() for word in edited], autojunk=False)
    for kind, first, last, new_first, new_last in matcher.get_opcodes():
        if kind == "equal":
            times[new_first:new_last] = np.column_stack([onset[first:last], offset[first:last]])
        elif new_last > new_first:
            begin, end = _span(onset, offset, first, last)
            share = np.cumsum([0, *(_syllables(word) for word in edited[new_first:new_last])])
            edges = begin + (end - begin) * share / share[-1]
            times[new_first:new_last] = np.column_stack([edges[:-1], edges[1:]])
    return pd.DataFrame({"word": list(edited), "onset": times[:, 0], "offset": times[:, 1]})


def _span(onset: np.ndarray, offset: np.ndarray, first: int, last: int) -> tuple[float, float]:
    """Time of heard words `first` to `last`; of none, the instant between their neighbours."""
    if last > first:
        return onset[first], offset[last - 1]
    instant = offset[first - 1] if first else onset[0] if len(onset) else np.nan
    return instant, instant


def _syllables(word: str) -> int:
    """Groups of vowels, at least one."""
    return max(1, len(re.findall(r"[aeiouy]+", word.lower())))
