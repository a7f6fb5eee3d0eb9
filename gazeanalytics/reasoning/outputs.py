r"""What AI readers write -> reasoning, answer and findings; and rewards that anyone can verify.

Formats: tags (`<think>...</think><answer>...</answer>`, NV-Reason-CXR), boxes (`\boxed{...}`, CheXOne), a final-answer
line, and plain text. An output that fits none is kept and called unparsed. Rewards are those of NV-Reason-CXR
(arXiv 2510.23968), usable on human traces just as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from gazeanalytics.reasoning.lexicons import FINDINGS

__all__ = ["Output", "Rewards", "box_overlap", "jaccard", "parse_output", "parse_outputs", "rewards"]

_TAGS = re.compile(r"<answer>(.*?)</answer>", re.DOTALL | re.IGNORECASE)
_EXACT = re.compile(r"<answer>(.*?)</answer>", re.DOTALL)
_OPEN_ANSWER = re.compile(r"<answer>(.*)\Z", re.DOTALL | re.IGNORECASE)
_THOUGHT = re.compile(r"<(think|thinking|reasoning)>(.*?)(?:</\1>|<answer>|\Z)", re.DOTALL | re.IGNORECASE)
_FINAL = re.compile(
    r"(?:\*\*\s*)?\b(?:final answer|answer)\b\s*:?\s*(?:\*\*)?\s*:?\s*(.*)\Z", re.DOTALL | re.IGNORECASE
)
_YES_NO = re.compile(r"\s*(yes|no)\b\s*(?:[.,;:!]|\Z)", re.IGNORECASE)  # "No pneumothorax." is a report
_OPTIONS = (
    re.compile(r"\(([A-Za-z0-9])\)"),
    re.compile(r"\b([A-Za-z0-9])(?:[.:,]|\s|\Z)"),
    re.compile(r"\b([A-Za-z])\b"),
)
_GROUNDED = re.compile(
    r"<\|ref\|>(.*?)<\|/ref\|>\s*<\|box\|>\s*"
    r"\((-?[\d.]+)\s*,\s*(-?[\d.]+)\)\s*,\s*\((-?[\d.]+)\s*,\s*(-?[\d.]+)\)\s*<\|/box\|>",
    re.DOTALL,
)
_DRESSED = re.compile(r"\\(?:text|textbf|mathrm|mathbf)\{(.*)\}", re.DOTALL)
_FORMAT = re.compile(r"<think>.*?</think>\s*<answer>.*?</answer>\n?\Z", re.DOTALL)
_NV_TAGS = ("<think>", "</think>", "<answer>", "</answer>")
_SHORT = 400  # tokens; below, the reward for length falls to -1 at none (NV-Reason-CXR)

Box = tuple[str, float, float, float, float]


@dataclass(frozen=True, slots=True)
class Output:
    """An AI reader's output, taken apart.

    Attributes
    ----------
    kind : str
        tagged, boxed, final, yes_no or unparsed: how the answer was found.
    reasoning : str
        The text before the answer, without tags; all text when there is no answer.
    answer : str or None
        The answer as written.
    findings, unknown : tuple of str
        Names of the answer's list that are CheXpert's, in snake case; and the others, as written.
    options : tuple of str
        Letters chosen, in upper case, when the answer is a choice.
    boxes : tuple of (name, x0, y0, x1, y1)
        Grounded boxes, in the units written.
    fault : str
        unclosed, several or empty where the form is broken; empty text when sound.
    """

    kind: str
    reasoning: str
    answer: str | None
    findings: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    boxes: tuple[Box, ...] = ()
    fault: str = ""


def parse_output(text: str) -> Output:
    r"""Take an AI reader's output apart.

    Parameters
    ----------
    text : str
        As the model wrote it.

    Returns
    -------
    Output
        Of several boxes or answers the last counts, for models correct themselves; the fault says so.

    Examples
    --------
    >>> parse_output("<think>Hazy bases.</think>\n<answer> Edema, Lung Opacity </answer>").findings
    ('edema', 'lung_opacity')
    >>> parse_output(r"So \boxed{\text{Pleural Effusion}}").answer
    'Pleural Effusion'
    >>> parse_output("The film is rotated.").kind
    'unparsed'
    """
    kind, before, answer, fault = _find_answer(text)
    thought = _THOUGHT.search(text)
    reasoning = thought.group(2) if thought else before
    boxes = tuple(
        (name.strip(), float(x0), float(y0), float(x1), float(y1)) for name, x0, y0, x1, y1 in _GROUNDED.findall(text)
    )
    if answer is None:
        return Output(kind, reasoning.strip(), None, boxes=boxes, fault=fault)
    answer = _bare(answer)
    known, unknown = _names(answer)
    return Output(
        kind,
        reasoning.strip(),
        answer,
        known,
        unknown,
        () if known else _choices(answer),
        boxes,
        fault or _empty(answer),
    )


def _empty(answer: str) -> str:
    return "" if answer else "empty"


def _find_answer(text: str) -> tuple[str, str, str | None, str]:
    """Kind, text before the answer, the answer, and what is wrong with its form."""
    tagged = list(_TAGS.finditer(text))
    if tagged:
        return "tagged", text[: tagged[-1].start()], tagged[-1].group(1), "several" if len(tagged) > 1 else ""
    unclosed = _OPEN_ANSWER.search(text)
    if unclosed:
        return "tagged", text[: unclosed.start()], unclosed.group(1), "unclosed"
    boxed = list(_boxes(text))
    if boxed:
        start, inside, closed = boxed[-1]
        return "boxed", text[:start], inside, "unclosed" if not closed else "several" if len(boxed) > 1 else ""
    final = _FINAL.search(text)
    if final and final.group(1).strip():
        return "final", text[: final.start()], final.group(1), ""
    said = _YES_NO.match(text)
    if said:
        return "yes_no", "", said.group(1), ""
    return "unparsed", text, None, ""


def _boxes(text: str) -> Iterable[tuple[int, str, bool]]:
    r"""Find each `\boxed{...}` by counting braces: start, what is inside, whether it is closed."""
    at = text.find("\\boxed{")
    while at >= 0:
        first = last = at + len("\\boxed{")
        depth = 1
        while last < len(text) and depth:
            depth += {"{": 1, "}": -1}.get(text[last], 0)
            last += 1
        yield at, text[first : last - 1] if not depth else text[first:], not depth
        at = text.find("\\boxed{", last)


def _bare(answer: str) -> str:
    r"""Take off what only dresses an answer: `\text{...}`, a list's brackets, bold, dollar signs, a full stop."""
    bare = answer.strip()
    while dressed := _DRESSED.fullmatch(bare):
        bare = dressed.group(1).strip()
    bare = bare.strip("*$ \n\t")
    bare = bare[1:-1] if bare[:1] == "[" and bare[-1:] == "]" else bare
    return bare.rstrip(".").strip()


def _names(answer: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    parts = [part.strip(" .\"'*-\t") for part in re.split(r"[,;\n]", answer)]
    snake = {part: re.sub(r"[\s_]+", "_", part.lower()) for part in parts if part}
    known = dict.fromkeys(name for name in snake.values() if name in FINDINGS)
    return tuple(known), tuple(part for part, name in snake.items() if name not in FINDINGS)


def _choices(answer: str) -> tuple[str, ...]:
    """Letters of the options chosen: in brackets, else before a mark, else alone (CheXOne's order)."""
    for form in _OPTIONS:
        found = form.findall(answer)
        if found:
            return tuple(dict.fromkeys(letter.upper() for letter in found))
    return ()


def parse_outputs(outputs: pd.Series) -> pd.DataFrame:
    r"""Take many outputs apart; none is dropped.

    Returns
    -------
    pandas.DataFrame
        The columns of `Output`, with the index of `outputs`.

    Examples
    --------
    >>> parse_outputs(pd.Series([r"\boxed{Edema}", "I can't tell."]))["kind"].value_counts().to_dict()
    {'boxed': 1, 'unparsed': 1}
    """
    parsed = [parse_output(text) for text in outputs.fillna("").astype(str)]
    return pd.DataFrame(
        {name: [getattr(one, name) for one in parsed] for name in Output.__slots__}, index=outputs.index
    )


@dataclass(frozen=True, slots=True)
class Rewards:
    """NV-Reason-CXR's verifiable rewards of one output.

    Attributes
    ----------
    accuracy : float
        Jaccard index of the findings named in the first answer block and of the solution; 0 without a block, 1 when
        both name none.
    format : float
        1 when the whole output is one thought and one answer in their tags.
    tags : float
        A quarter for each of the four tags that stands exactly once.
    length : float
        0 from 400 tokens on, falling to -1 at none.
    hard : float
        Accuracy where format and tags are whole, else 0.
    """

    accuracy: float
    format: float
    tags: float
    length: float
    hard: float


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
    wanted = set(_names(solution if isinstance(solution, str) else ",".join(solution))[0])
    block = _EXACT.search(output)
    accuracy = jaccard(_names(block.group(1))[0], wanted) if block else 0.0
    form = float(_FORMAT.match(output) is not None)
    tags = 0.25 * sum(output.count(tag) == 1 for tag in _NV_TAGS)
    count = len(output.split()) if tokens is None else tokens
    length = max(-1.0, min(0.0, (count - _SHORT) / _SHORT))
    return Rewards(accuracy, form, tags, length, accuracy * form * (tags == 1))


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
