"""A trace -> the stages of its reasoning, by cues and a smoothed path; and what the order of stages shows."""

from __future__ import annotations

import tomllib
from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from gazeanalytics import ragged
from gazeanalytics._kernels.reasoning import alignment as kernels
from gazeanalytics.reasoning.labeler.phrase_matching import Entry, Phrases
from gazeanalytics.reasoning.labeler.sentences import lower, sentences

__all__ = [
    "carry_over",
    "dialogue_traces",
    "segment_stages",
    "split_steps",
    "stage_accuracy",
    "stage_dwell",
    "stage_order",
    "stage_scheme",
]

Scheme = Mapping[str, Sequence[str]]


@cache
def stage_scheme() -> dict[str, tuple[str, ...]]:
    """Return the default scheme: eight stages in order, each with its cues.

    Examples
    --------
    >>> list(stage_scheme())[:4]
    ['quality', 'devices', 'airways_and_mediastinum', 'lungs']
    """
    text = files("gazeanalytics.reasoning").joinpath("stages.toml").read_text("utf-8")
    return {stage: tuple(cues) for stage, cues in tomllib.loads(text).items()}


def split_steps(traces: pd.DataFrame) -> pd.DataFrame:
    """Cut the steps of a trace into sentences, each a step of its own.

    Parameters
    ----------
    traces : pandas.DataFrame
        The `traces` table. Times are shared out by length where a step has them.

    Examples
    --------
    >>> one = pd.DataFrame({"reading": [1], "step": [0], "text": ["Lungs clear. Heart big."]})
    >>> split_steps(one.assign(onset=0.0, offset=230.0))[["step", "text", "onset", "offset"]].to_numpy().tolist()
    [[0, 'Lungs clear.', 0.0, 120.0], [1, 'Heart big.', 120.0, 230.0]]
    """
    rows, texts, shares = [], [], []
    for row, text in enumerate(traces["text"].fillna("").astype(str)):
        places = [(start, stop) for start, stop in sentences(lower(text), background=True) if text[start:stop].strip()]
        edges = [0, *(start for start, _ in places[1:]), len(text)]
        for first, last in pairwise(edges):
            rows.append(row)
            texts.append(text[first:last].strip())
            shares.append((first / len(text), last / len(text)) if text else (0.0, 1.0))
    cut = traces.iloc[rows].reset_index(drop=True).assign(text=texts)
    cut["step"] = cut.groupby("reading", observed=True).cumcount()
    if {"onset", "offset"} <= set(cut):
        share = np.array(shares).reshape(-1, 2)
        length = (cut["offset"] - cut["onset"]).to_numpy()
        begin = cut["onset"].to_numpy()
        cut["onset"], cut["offset"] = begin + share[:, 0] * length, begin + share[:, 1] * length
    return cut


def segment_stages(
    traces: pd.DataFrame,
    *,
    scheme: Scheme | None = None,
    trust: float = 0.9,
    stay: float = 0.6,
    forward: float = 0.3,
    n_jobs: int | None = None,
) -> pd.DataFrame:
    """Give every step of a trace its stage.

    Cues in a step speak for their stage, the first of them twice, for a sentence begins with its topic. Steps without
    cues are filled by the likeliest path (Viterbi), which tends to stay in a stage or to go on to a later one.

    Parameters
    ----------
    traces : pandas.DataFrame
        The `traces` table: reading, step, text.
    scheme : mapping, optional
        Stage -> cues, in order. Default: `stage_scheme()`.
    trust : float
        Chance that a cue speaks for its own stage.
    stay, forward : float
        Chance that the next step keeps the stage, and that it goes on to a later one (half as likely for each stage
        passed over); what is left is shared by the earlier stages.
    n_jobs : int, optional
        Default: as many as the process may use.

    Returns
    -------
    pandas.DataFrame
        The traces with `stage`, and `cued`: whether the step held a cue at all.

    Examples
    --------
    >>> text = ["The film is rotated.", "Lungs are clear.", "Heart is big.", "Overall, cardiomegaly.", "That is all."]
    >>> traces = pd.DataFrame({"reading": 1, "step": range(5), "text": text})
    >>> segment_stages(traces)["stage"].tolist()
    ['quality', 'lungs', 'heart', 'synthesis', 'synthesis']
    """
    stages = scheme if scheme is not None else stage_scheme()
    if len(stages) < 2:
        raise ValueError(f"a scheme needs at least two stages; got {len(stages)}")
    if not (1 / len(stages) < trust < 1 and stay > 0 and forward > 0 and stay + forward < 1):
        raise ValueError(
            f"expected trust between {1 / len(stages):.3g} and 1, and stay + forward below 1; "
            f"got {trust}, {stay} and {forward}"
        )
    cues = _cue_counts(traces["text"], stages)
    # Log likelihood ratio of a cue: trust for its own stage, the rest shared evenly by the others.
    weight = np.log(trust) - np.log((1 - trust) / (len(stages) - 1))
    path = np.zeros(len(traces), np.int64)
    moves, first = _moves(len(stages), stay, forward), np.zeros(len(stages))
    found = ragged.segments(traces["reading"])
    ragged.each(kernels.viterbi_over_readings, found, cues * weight, moves, first, path, n_jobs=n_jobs)
    names = np.array(list(stages), object)
    return traces.assign(stage=names[path], cued=cues.sum(1) > 0)


def _moves(stages: int, stay: float, forward: float) -> np.ndarray:
    """Log chance of each move, shape (from, to): a later stage is half as likely for each stage passed over."""
    ahead = np.arange(stages)[None, :] - np.arange(stages)[:, None]
    later, earlier = np.where(ahead > 0, 0.5 ** np.maximum(ahead, 0), 0.0), (ahead < 0).astype(float)
    moves = stay * np.eye(stages)
    for share, kind in ((forward, later), (1 - stay - forward, earlier)):
        moves += share * kind / np.maximum(kind.sum(1, keepdims=True), np.finfo(float).tiny)
    return np.log(moves / moves.sum(1, keepdims=True))


def _cue_counts(texts: pd.Series, scheme: Scheme) -> np.ndarray:
    """How many cues of each stage stand in each text, the first counted twice; shape (steps, stages)."""
    phrases = Phrases()
    for stage, cues in scheme.items():
        for cue in cues:
            phrases.add(cue, Entry(concept=stage))
    places = {stage: place for place, stage in enumerate(scheme)}
    counts = np.zeros((len(texts), len(scheme)))
    known: dict[str, list[int]] = {}
    for row, text in enumerate(texts.fillna("").astype(str)):
        if text not in known:
            stages = [places[item.entry.concept] for item in phrases.match(lower(text))]
            known[text] = stages[:1] + stages
        np.add.at(counts[row], known[text], 1.0)
    return counts


def stage_order(traces: pd.DataFrame, *, scheme: Scheme | None = None) -> pd.DataFrame:
    """Say how each reading walks through the stages.

    Parameters
    ----------
    traces : pandas.DataFrame
        With `stage`, as `segment_stages` gives it.
    scheme : mapping, optional
        The stages in order. Default: `stage_scheme()`.

    Returns
    -------
    pandas.DataFrame
        One row a reading: stages (different ones visited), moves (changes of stage), back_tracks (moves to an earlier
        stage), order_entropy (bits, of the moves' kinds from -> to) and adherence (Kendall's tau of first visits
        against the scheme's order; NaN with fewer than two stages).

    Examples
    --------
    >>> traces = pd.DataFrame({"reading": 1, "stage": ["quality", "heart", "lungs", "heart"]})
    >>> stage_order(traces).iloc[0].tolist()
    [1.0, 3.0, 3.0, 1.0, 1.584962500721156, 0.3333333333333333]
    """
    names = list(scheme if scheme is not None else stage_scheme())
    codes = pd.Index(names).get_indexer(pd.Index(traces["stage"]))
    if (codes < 0).any():
        raise ValueError(
            f"stage {traces['stage'].iloc[int(np.argmax(codes < 0))]!r} isn't in the scheme: {', '.join(names)}"
        )
    found = ragged.segments(traces["reading"])
    rows = [_order_of(codes[start:stop]) for start, stop in zip(found.starts, found.stops, strict=True)]
    table = pd.DataFrame(rows, columns=["stages", "moves", "back_tracks", "order_entropy", "adherence"])
    table.insert(0, "reading", found.keys)
    return table


def _order_of(codes: np.ndarray) -> tuple[int, int, int, float, float]:
    before, after = codes[:-1], codes[1:]
    moved = before != after
    _, kinds = np.unique(np.column_stack([before, after])[moved], axis=0, return_counts=True)
    share = kinds / max(kinds.sum(), 1)
    visited, first = np.unique(codes, return_index=True)
    order = np.sign(first[:, None] - first[None, :])[np.triu_indices(len(visited), 1)]
    adherence = -float(order.mean()) if len(order) else float("nan")
    entropy = float(-(share * np.log2(share)).sum()) if len(share) else 0.0
    return len(visited), int(moved.sum()), int((after < before).sum()), entropy, adherence


def stage_dwell(traces: pd.DataFrame, visits: pd.DataFrame) -> pd.DataFrame:
    """Sum how long each region was looked at during each stage.

    Parameters
    ----------
    traces : pandas.DataFrame
        With `stage`, onset and offset (ms).
    visits : pandas.DataFrame
        The `visits` table: reading, onset, region, duration (ms).

    Returns
    -------
    pandas.DataFrame
        reading, stage, region, dwell (ms that visits and the stage's steps share), and share (of all that the reading
        dwelt during that stage).

    Examples
    --------
    >>> traces = pd.DataFrame({"reading": 1, "stage": ["lungs", "heart"], "onset": [0, 1000], "offset": [1000, 2000]})
    >>> visits = pd.DataFrame({"reading": 1, "onset": [500], "region": ["left lung"], "duration": [600]})
    >>> stage_dwell(traces, visits)[["stage", "dwell"]].to_numpy().tolist()
    [['heart', 100.0], ['lungs', 500.0]]
    """
    for column in ("onset", "offset"):
        if column not in traces:
            raise ValueError(f"traces need {column!r} (ms) to be laid over visits; re-time or align them first")
    pairs = traces[["reading", "stage", "onset", "offset"]].merge(
        visits[["reading", "onset", "region", "duration"]], on="reading", suffixes=("", "_visit")
    )
    end = np.minimum(pairs["offset"], pairs["onset_visit"] + pairs["duration"])
    pairs["dwell"] = np.maximum(end - np.maximum(pairs["onset"], pairs["onset_visit"]), 0.0)
    table = pairs.groupby(["reading", "stage", "region"], observed=True)["dwell"].sum().reset_index()
    table = table[table["dwell"] > 0].reset_index(drop=True)
    table["share"] = table["dwell"] / table.groupby(["reading", "stage"], observed=True)["dwell"].transform("sum")
    return table


def carry_over(findings: pd.DataFrame, traces: pd.DataFrame) -> pd.DataFrame:
    """Say how much of what one stage finds comes back in a later one.

    Parameters
    ----------
    findings : pandas.DataFrame
        The `findings` table.
    traces : pandas.DataFrame
        With `stage`, whose reading and step the findings refer to.

    Returns
    -------
    pandas.DataFrame
        One row a reading and stage: findings (present or uncertain there), carried (of these, mentioned in a step of
        another stage later on), kept (of the carried, still not absent at their last mention).

    Examples
    --------
    >>> traces = pd.DataFrame({"reading": 1, "step": [0, 1], "stage": ["lungs", "synthesis"]})
    >>> findings = pd.DataFrame({"reading": 1, "step": [0, 1], "finding": "edema", "status": ["present", "absent"]})
    >>> carry_over(findings, traces).to_numpy().tolist()
    [[1, 'lungs', 1, 1, 0]]
    """
    said = findings[["reading", "step", "finding", "status"]].merge(traces[["reading", "step", "stage"]])
    said["finding"] = said["finding"].astype(str)
    last = said.groupby(["reading", "finding"], observed=True)[["step", "status", "stage"]].last().add_suffix("_last")
    open_ = said[said["status"].ne("absent")].drop_duplicates(["reading", "stage", "finding"])
    open_ = open_.merge(last.reset_index(), on=["reading", "finding"])
    open_["carried"] = open_["step_last"].gt(open_["step"]) & open_["stage_last"].ne(open_["stage"])
    open_["kept"] = open_["carried"] & open_["status_last"].ne("absent")
    table = open_.groupby(["reading", "stage"], observed=True, sort=False)
    return table.agg(findings=("finding", "size"), carried=("carried", "sum"), kept=("kept", "sum")).reset_index()


def stage_accuracy(
    findings: pd.DataFrame, traces: pd.DataFrame, truth: pd.DataFrame, *, call_at: float = 0.5
) -> pd.DataFrame:
    """Score what each stage of a reading says against the truth of its case.

    Parameters
    ----------
    findings : pandas.DataFrame
        The `findings` table. Of several mentions of a finding in one stage, the last counts.
    traces : pandas.DataFrame
        With `stage`, whose reading and step the findings refer to.
    truth : pandas.DataFrame
        A row a reading (the index), a column a finding: 1, 0, or NaN where it isn't known.
    call_at : float
        A finding is called present from this certainty on.

    Returns
    -------
    pandas.DataFrame
        One row a reading and stage that says something with a known truth: statements, correct, accuracy
        (correct / statements) and brier (mean squared distance of the stated certainty from the truth).

    Examples
    --------
    >>> traces = pd.DataFrame({"reading": 1, "step": [0, 1], "stage": ["lungs", "synthesis"]})
    >>> findings = pd.DataFrame({"reading": 1, "step": [0, 1], "finding": "edema", "certainty": [0.5, 0.0]})
    >>> stage_accuracy(findings, traces, pd.DataFrame({"edema": [0]}, index=[1])).to_numpy().tolist()
    [[1, 'lungs', 1, 0, 0.0, 0.25], [1, 'synthesis', 1, 1, 1.0, 0.0]]
    """
    said = findings[["reading", "step", "finding", "certainty"]].merge(traces[["reading", "step", "stage"]])
    said["finding"] = said["finding"].astype(str)
    said = said.sort_values("step", kind="stable").drop_duplicates(["reading", "stage", "finding"], keep="last")
    known = truth.rename_axis("reading").reset_index().melt("reading", var_name="finding", value_name="truth").dropna()
    said = said.merge(known, on=["reading", "finding"]).sort_values(["reading", "step"], kind="stable")
    said["correct"] = said["certainty"].ge(call_at).eq(said["truth"].eq(1)).astype(int)
    said["brier"] = (said["certainty"] - said["truth"].astype(float)) ** 2
    table = said.groupby(["reading", "stage"], observed=True, sort=False)
    table = table.agg(
        statements=("correct", "size"),
        correct=("correct", "sum"),
        accuracy=("correct", "mean"),
        brier=("brier", "mean"),
    )
    return table.reset_index()


def dialogue_traces(dialogues: Mapping[Hashable, Mapping[str, object]]) -> pd.DataFrame:
    """Make a `traces` table of stage-wise questions and answers (the layout that CXRTrek's trainer reads).

    Parameters
    ----------
    dialogues : mapping
        Reading -> `{"content": [{"question": ..., "answer": ..., "stage": 1..8}, ...]}`, or that under `cxrtrek_data`;
        the answer is optional.

    Returns
    -------
    pandas.DataFrame
        reading (categorical), step, text (the answer; empty without one, for a question claims nothing), question,
        stage (as written).

    Raises
    ------
    ValueError
        If a reading has no `content`, or a turn no question or no stage.

    Examples
    --------
    >>> turns = {"content": [{"question": "Which view?", "answer": "A frontal view.", "stage": 1}]}
    >>> dialogue_traces({"case 1": turns})[["step", "text", "stage"]].to_numpy().tolist()
    [[0, 'A frontal view.', '1']]
    """
    rows = [row for reading, dialogue in dialogues.items() for row in _turns(reading, dialogue)]
    table = pd.DataFrame(rows, columns=["reading", "step", "text", "question", "stage"])
    return table.assign(reading=pd.Categorical(table["reading"], categories=list(dialogues)))


def _turns(reading: Hashable, dialogue: Any) -> Iterator[tuple]:
    dialogue = dialogue.get("cxrtrek_data", dialogue)
    if "content" not in dialogue:
        raise ValueError(f"reading {reading!r}: expected a list of turns under 'content'; got {', '.join(dialogue)}")
    for step, turn in enumerate(dialogue["content"]):
        missing = [name for name in ("question", "stage") if name not in turn]
        if missing:
            raise ValueError(f"reading {reading!r}, turn {step}: expected {missing[0]!r}; got {', '.join(turn)}")
        yield reading, step, turn.get("answer") or "", turn["question"], str(turn["stage"])
