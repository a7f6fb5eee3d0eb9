r"""What AI readers write -> reasoning, answer and findings.

Formats: tags (`<think>...</think><answer>...</answer>`, NV-Reason-CXR), boxes (`\boxed{...}`, CheXOne), a final-answer
line, and plain text. An output that fits none is kept and called unparsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from gazeanalytics.reasoning.labeler.lexicons import FINDINGS

__all__ = ["Box", "Output", "boxed", "chosen", "named_findings", "parse_output", "parse_outputs"]

_TAGS = re.compile(r"<answer>(.*?)</answer>", re.DOTALL | re.IGNORECASE)
_OPEN_ANSWER = re.compile(r"<answer>(.*)\Z", re.DOTALL | re.IGNORECASE)
_THOUGHT = re.compile(r"<(think|thinking|reasoning)>(.*?)(?:</\1>|<answer>|\Z)", re.DOTALL | re.IGNORECASE)
# "Answer:", "the answer is", "Final Answer" with a mark or a new line behind it; "to answer the question" is none.
_FINAL = re.compile(
    r"(?:\*\*\s*)?(?:\bfinal answer\b[\s*]*?(?:\bis\b:?|:|\*\*|\n)|\banswer\b\s*(?:\bis\b|(?:\*\*)?\s*:))[\s*:]*",
    re.IGNORECASE,
)
_BOXED = re.compile(r"\\boxed\s*\{")
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
_DRESSED = re.compile(r"\\(?:text|textbf|mathrm|mathbf)\{([^{}]*)\}")
_LIST = re.compile(r"[,;\n]|\band\b(?=[^,;\n]*\Z)")  # "edema, fracture and pneumonia"
_BULLET = re.compile(r"\s*(?:[-*•]|\d+[.)](?!\d))\s*")

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

    Examples
    --------
    >>> Output("final", "Hazy left base.", "Edema", findings=("edema",)).fault
    ''
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
    known, unknown = named_findings(answer)
    return Output(
        kind,
        reasoning.strip(),
        answer,
        known,
        unknown,
        () if known else chosen(answer),
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
    found = list(boxed(text))
    if found:
        start, inside, closed = found[-1]
        return "boxed", text[:start], inside, "unclosed" if not closed else "several" if len(found) > 1 else ""
    final = [mark for mark in _FINAL.finditer(text) if text[mark.end() :].strip()]
    if final:
        return "final", text[: final[-1].start()], text[final[-1].end() :], ""
    said = _YES_NO.match(text)
    if said:
        return "yes_no", "", said.group(1), ""
    return "unparsed", text, None, ""


def boxed(text: str) -> Iterable[tuple[int, str, bool]]:
    r"""Find each `\boxed{...}` by counting braces: start, what is inside, whether it is closed."""
    mark = _BOXED.search(text)
    while mark:
        first = last = mark.end()
        depth = 1
        while last < len(text) and depth:
            depth += {"{": 1, "}": -1}.get(text[last], 0)
            last += 1
        yield mark.start(), text[first : last - 1] if not depth else text[first:], not depth
        mark = _BOXED.search(text, last)


def _bare(answer: str) -> str:
    r"""Take off what only dresses an answer: `\text{...}`, a list's brackets, bold, dollar signs, a full stop."""
    bare = answer
    while (undressed := _DRESSED.sub(r"\1", bare)) != bare:
        bare = undressed
    bare = bare.strip("*$ \n\t")
    bare = bare[1:-1] if bare[:1] == "[" and bare[-1:] == "]" else bare
    return bare.rstrip(".").strip()


def named_findings(answer: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of an answer's list that are CheXpert's, in snake case; and the others, as written."""
    parts = [_BULLET.sub("", part).strip(" .\"'*\t") for part in _LIST.split(answer)]
    snake = {part: re.sub(r"[\s_]+", "_", part.lower()) for part in parts if part}
    known = dict.fromkeys(name for name in snake.values() if name in FINDINGS)
    return tuple(known), tuple(part for part, name in snake.items() if name not in FINDINGS)


def chosen(answer: str) -> tuple[str, ...]:
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
    >>> parse_outputs(pd.Series([r"\boxed{Edema}", "I can't say."]))["kind"].value_counts().to_dict()
    {'boxed': 1, 'unparsed': 1}
    """
    parsed = [parse_output(text) for text in outputs.fillna("").astype(str)]
    return pd.DataFrame(
        {name: [getattr(one, name) for one in parsed] for name in Output.__slots__}, index=outputs.index
    )
