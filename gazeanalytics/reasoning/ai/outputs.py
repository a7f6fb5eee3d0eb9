r"""What AI readers write -> reasoning, answer and findings.

Formats: tags (`<think>...</think><answer>...</answer>`, NV-Reason-CXR), boxes (`\boxed{...}`, CheXOne), JSON, a final
line or heading, and plain text: see `answers`. An output that fits none is kept and called unparsed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from gazeanalytics.reasoning.ai.answers import boxed, find_answer
from gazeanalytics.reasoning.labeler.lexicons import FINDINGS

__all__ = ["Box", "Output", "boxed", "chosen", "named_findings", "parse_output", "parse_outputs"]

_THOUGHT = re.compile(r"<(?:think|thinking|reasoning|thought)>", re.IGNORECASE)
_THOUGHT_END = re.compile(r"</(?:think|thinking|reasoning|thought)>|<answer>", re.IGNORECASE)
_OPTIONS = (
    re.compile(r"\(([A-Za-z0-9])\)"),
    re.compile(r"\b([A-Za-z0-9])(?:[.:,]|\s|\Z)"),
    re.compile(r"\b([A-Za-z])\b"),
)
_NUMBER = r"(-?(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20}))"
_CORNER = rf"\({_NUMBER}\s{{0,9}},\s{{0,9}}{_NUMBER}\)"
_GROUNDED = re.compile(
    r"<\|ref\|>([^<]{0,200})<\|/ref\|>\s{0,9}<\|box\|>\s{0,9}"
    rf"{_CORNER}\s{{0,9}},\s{{0,9}}{_CORNER}\s{{0,9}}<\|/box\|>",
)
_DRESSED = re.compile(r"\\(?:text|textbf|mathrm|mathbf)\{([^{}]*)\}")
_MAX_DRESS = 20
_LIST = re.compile(r"[,;\n]")
_AND = re.compile(r"\band\b")  # "edema, fracture and pneumonia"
_BULLET = re.compile(r"\s*(?:[-*•]|\d+[.)](?!\d))\s*")

Box = tuple[str, float, float, float, float]


@dataclass(frozen=True, slots=True)
class Output:
    """An AI reader's output, taken apart.

    Attributes
    ----------
    kind : str
        tagged, boxed, json, after_thought, final, concluding, listed, yes_no or unparsed: how the answer was found.
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
    found = find_answer(text)
    kind, answer, fault = found.kind, found.text, found.fault
    thought = _thought(text)
    reasoning = thought if thought is not None else found.before
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


def _thought(text: str) -> str | None:
    """What stands between the tags of the first thought; None without one."""
    opened = _THOUGHT.search(text)
    if opened is None:
        return None
    closed = _THOUGHT_END.search(text, opened.end())
    return text[opened.end() : closed.start() if closed else len(text)]


def _bare(answer: str) -> str:
    r"""Take off what only dresses an answer: `\text{...}`, a list's brackets, bold, dollar signs, a full stop."""
    bare = answer
    for _ in range(_MAX_DRESS):
        undressed = _DRESSED.sub(r"\1", bare)
        if undressed == bare:
            break
        bare = undressed
    bare = bare.strip("*$ \n\t")
    bare = bare[1:-1] if bare[:1] == "[" and bare[-1:] == "]" else bare
    return bare.rstrip(".").strip()


def named_findings(answer: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of an answer's list that are CheXpert's, in snake case; and the others, as written."""
    *first, last = _LIST.split(answer)
    parts = [_BULLET.sub("", part).strip(" .\"'*\t") for part in (*first, *_AND.split(last))]
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
