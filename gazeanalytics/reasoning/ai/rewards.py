"""Rewards that anyone can verify, for models and people alike.

Those of NV-Reason-CXR (arXiv 2510.23968: set, format, tags, length) and of CheXOne (arXiv 2604.00493: box, options,
overlap), as published; and what both kinds of reader can be held to: the findings that they conclude, and whether these
follow from what they said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gazeanalytics.reasoning.ai.outputs import Box, boxed, chosen, named_findings, parse_output, parse_outputs
from gazeanalytics.reasoning.labeler.benchmarks import label_reports
from gazeanalytics.reasoning.labeler.lexicons import FINDINGS

__all__ = ["Rewards", "box_overlap", "choice_reward", "jaccard", "reward_outputs", "rewards", "trace_consistency"]

_EXACT = re.compile(r"<answer>(.*?)</answer>", re.DOTALL)
_FORMAT = re.compile(r"<think>.*?</think>\s*<answer>.*?</answer>\n?\Z", re.DOTALL)
_NV_TAGS = ("<think>", "</think>", "<answer>", "</answer>")
_SHORT = 400  # tokens; below, the reward for length falls to -1 at none (NV-Reason-CXR)
_NOTHING = "no_finding"


@dataclass(frozen=True, slots=True)
class Rewards:
    """NV-Reason-CXR's verifiable rewards of one output.

    Attributes
    ----------
    accuracy : float
        Jaccard index of the findings named in the first answer block and of the solution; 0 without a block, 1 when
        both name none. Names count as published: parted by commas, in any case, unknown ones dropped.
    format : float
        1 when the whole output is one thought and one answer in their tags.
    tags : float
        A quarter for each of the four tags that stands exactly once.
    length : float
        0 from 400 tokens on, falling to -1 at none.
    hard : float
        Accuracy where format and tags are whole, else 0.
    boxed : float
        CheXOne's format: 1 when there is exactly one box, not empty, with text before it.

    Examples
    --------
    >>> Rewards(accuracy=0.5, format=1.0, tags=1.0, length=-0.9, hard=0.5, boxed=0.0).hard
    0.5
    """

    accuracy: float
    format: float
    tags: float
    length: float
    hard: float
    boxed: float


def rewards(output: str, solution: str | Iterable[str], *, tokens: int | None = None) -> Rewards:
    """Reward an output by rules that anyone can check.

    Parameters
    ----------
    output : str
        What a model, or a person, wrote.
    solution : str or iterable of str
        The true findings: names separated by commas, or a list; unknown names are dropped.
    tokens : int, optional
        Length of the output in the model's tokens. Default: words.

    Examples
    --------
    >>> rewards("<think>x</think><answer>Edema, Fracture</answer>", "Edema").hard
    0.5
    """
    block = _EXACT.search(output)
    accuracy = jaccard(_strictly_named(block.group(1)), _listed(solution)) if block else 0.0
    form = float(_FORMAT.match(output) is not None)
    tags = 0.25 * sum(output.count(tag) == 1 for tag in _NV_TAGS)
    count = len(output.split()) if tokens is None else tokens
    length = max(-1.0, min(0.0, (count - _SHORT) / _SHORT))
    return Rewards(accuracy, form, tags, length, accuracy * form * (tags == 1), _boxed_format(output))


def _boxed_format(output: str) -> float:
    found = list(boxed(output))
    if len(found) != 1:
        return 0.0
    start, inside, closed = found[0]
    return float(closed and bool(inside.strip()) and bool(output[:start].strip()))


def reward_outputs(outputs: pd.Series, solutions: pd.Series, *, tokens: pd.Series | None = None) -> pd.DataFrame:
    r"""Reward many readers, people and models alike.

    Parameters
    ----------
    outputs : pandas.Series
        What each wrote or said in all.
    solutions : pandas.Series
        The true findings of each, with the same index: names separated by commas, or lists.
    tokens : pandas.Series, optional
        Length of each output in the model's tokens. Default: words.

    Returns
    -------
    pandas.DataFrame
        The columns of `Rewards`; kind (how an answer was found, as `parse_output` says); read_from: "answer" where the
        answer lists findings, "text" where the answer, or all that was said, had to be labelled; and set: the Jaccard
        index of the findings so concluded and of the solution, no finding counted as none. A person, who writes no
        tags, earns no format, but `set` is given for everyone.

    Raises
    ------
    ValueError
        If an output has no solution.

    Examples
    --------
    >>> said = pd.Series([r"Hazy bases. \boxed{Edema}", "There is edema. No effusion."])
    >>> reward_outputs(said, pd.Series(["Edema", "Edema"]))[["accuracy", "boxed", "read_from", "set"]]
       accuracy  boxed read_from  set
    0       0.0    1.0    answer  1.0
    1       0.0    0.0      text  1.0
    """
    missing = outputs.index.difference(solutions.index)
    if len(missing):
        raise ValueError(f"outputs and solutions must have the same index; {missing[0]!r} has no solution")
    texts = outputs.fillna("").astype(str)
    solved = [_listed(solutions.loc[key]) for key in texts.index]
    counts = [None] * len(texts) if tokens is None else tokens.loc[texts.index].tolist()
    earned = [rewards(*row[:2], tokens=row[2]) for row in zip(texts, solved, counts, strict=True)]
    table = pd.DataFrame(
        {name: [getattr(one, name) for one in earned] for name in Rewards.__slots__}, index=texts.index
    )
    parsed = parse_outputs(texts)
    concluded, listed = _concluded(parsed)
    table["kind"] = parsed["kind"]
    table["read_from"] = np.where(listed, "answer", "text")
    table["set"] = [jaccard(one, set(other) - {_NOTHING}) for one, other in zip(concluded, solved, strict=True)]
    return table


def _strictly_named(answer: str) -> set[str]:
    """Names that the published reward takes: separated by commas and written with spaces, in any case."""
    parts = (part.strip().lower() for part in answer.split(","))
    return {part.replace(" ", "_") for part in parts if "_" not in part} & set(FINDINGS)


def _listed(solution: str | Iterable[str]) -> tuple[str, ...]:
    return named_findings(solution if isinstance(solution, str) else ",".join(solution))[0]


def _concluded(parsed: pd.DataFrame) -> tuple[list[set[str]], np.ndarray]:
    """Findings that each output concludes, and whether its answer lists them by name."""
    listed = parsed["findings"].map(bool).to_numpy()
    words = parsed["answer"].where(parsed["answer"].notna(), parsed["reasoning"]).fillna("").astype(str)
    labelled = _present(words.where(~listed, ""))
    named = [set(names) - {_NOTHING} for names in parsed["findings"]]
    return [one if known else other for one, known, other in zip(named, listed, labelled, strict=True)], listed


def _present(texts: pd.Series) -> list[set[str]]:
    """Findings that the rules read as present, without `no_finding`."""
    labels = label_reports(texts).drop(columns=_NOTHING)
    names = labels.columns.to_numpy()
    return [set(names[row]) for row in labels.eq(1).to_numpy()]


def trace_consistency(outputs: pd.Series) -> pd.DataFrame:
    r"""Say whether answers follow from the reasoning before them.

    Parameters
    ----------
    outputs : pandas.Series
        What each reader wrote: reasoning and answer.

    Returns
    -------
    pandas.DataFrame
        kind; reasoned and answered (findings read as present in each, as sorted tuples), unsupported (answered without
        having been reasoned), dropped (the reverse), and consistency, the Jaccard index of the two; NaN where there is
        no reasoning or no answer. The rules label both sides, so their slips count as inconsistency.

    Examples
    --------
    >>> text = "<think>A small left effusion. Heart size is normal.</think><answer>Pleural Effusion, Edema</answer>"
    >>> trace_consistency(pd.Series([text]))[["reasoned", "unsupported", "consistency"]].values.tolist()
    [[('pleural_effusion',), ('edema',), 0.5]]
    """
    parsed = parse_outputs(outputs)
    answered, _ = _concluded(parsed)
    reasoned = _present(parsed["reasoning"])
    both = parsed["answer"].fillna("").ne("") & parsed["reasoning"].ne("")
    pairs = [
        (one, other) if given else (set(), set()) for one, other, given in zip(reasoned, answered, both, strict=True)
    ]
    return pd.DataFrame(
        {
            "kind": parsed["kind"],
            "reasoned": [tuple(sorted(one)) for one, _ in pairs],
            "answered": [tuple(sorted(other)) for _, other in pairs],
            "unsupported": [tuple(sorted(other - one)) for one, other in pairs],
            "dropped": [tuple(sorted(one - other)) for one, other in pairs],
            "consistency": np.where(both, [jaccard(one, other) for one, other in pairs], np.nan),
        },
        index=outputs.index,
    )


def choice_reward(output: str, solution: str) -> float:
    r"""Reward an answer to a question with options: Jaccard index of the letters (CheXOne); 0 without an answer.

    Examples
    --------
    >>> choice_reward(r"Both bases are hazy. \boxed{(A), (C)}", "A, B, C")
    0.6666666666666666
    """
    said = parse_output(output)
    return 0.0 if said.answer is None else jaccard(said.options, chosen(solution))


def jaccard(one: Iterable[str], other: Iterable[str]) -> float:
    """Shared names over all names; 1 when both are empty.

    Examples
    --------
    >>> jaccard(["edema"], ["edema", "fracture"]), jaccard([], [])
    (0.5, 1.0)
    """
    first, second = set(one), set(other)
    return len(first & second) / len(first | second) if first | second else 1.0


def box_overlap(one: Box, other: Box) -> float:
    """Intersection over union of two grounded boxes, times .95 where their names differ (CheXOne's reward).

    Examples
    --------
    >>> box_overlap(("nodule", 0, 0, 2, 2), ("mass", 1, 0, 3, 2))
    0.31666666666666665
    """
    width = min(one[3], other[3]) - max(one[1], other[1])
    height = min(one[4], other[4]) - max(one[2], other[2])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    areas = [(box[3] - box[1]) * (box[4] - box[2]) for box in (one, other)]
    same = one[0].strip().lower() == other[0].strip().lower()
    return shared / (sum(areas) - shared) * (1.0 if same else 0.95)
