"""Where an AI reader's output states its final answer, whatever the format.

Formats, in the order in which they are looked for: answer tags, boxes, JSON, what follows the tags of a thought, a
line or heading that says so ("Final diagnosis:", "## Impression"), a sentence that concludes, a list or table of
findings with their states ("Edema: no"), a yes or no at the start.
Every search runs once over the text: patterns with "anything in between" gave way to finding the ends one after the
other, since on "<answer>" repeated they take a time that grows with the square.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gazeanalytics.reasoning.ai.spelling import FEWEST_ROWS, ROW, STATE_KEYS, STATES, has_head, line_up, spell

__all__ = ["MAX_BRACES", "Answer", "boxed", "find_answer"]

_TAG = re.compile(r"<(/?)(answer|think|thinking|reasoning|thought)>", re.IGNORECASE)
_HEADS = (
    r"(?:my |the |an? )?(?:final|most likely|most probable|likely|primary|main|leading|working|overall|radiological"
    r"|radiologic|imaging|principal|definitive|best)?[ -]?(?:final )?(?:diagnos[ie]s|impressions?|conclusions?|answers?"
    r"|assessment|verdict|interpretation|summary|prediction|label|decision|result|read)(?: list)?"
)
# "Answer:", "the answer is", "Final Answer" with a mark or a new line behind it; "to answer the question" is none.
_FINAL = re.compile(
    r"(?:\*\*\s{0,9})?(?:\bfinal answer\b[\s*]{0,9}?(?:\bis\b:?|:|\*\*|\n)"
    r"|\b(?:correct|right|best|chosen|selected) (?:option|choice|letter)\b\s{0,9}(?:\bis\b:?|:)"
    r"|\banswer\b\s{0,9}(?:\bis\b|(?:\*\*)?\s{0,9}:))[\s*:]*",
    re.IGNORECASE,
)
_HEADED = re.compile(
    rf"(?:^[ \t>*_#\-\d.)]{{0,12}}|(?<=[.!?] )[*_]{{0,3}}){_HEADS}(?: \([^()\n]{{1,30}}\))?[ \t*_]{{0,6}}"
    r"(?:(?::|[-–—]{1,2} )[ \t*_]*|\*\*[ \t]*\n|\n)",
    re.IGNORECASE | re.MULTILINE,
)
_MARKDOWN = re.compile(
    rf"^[ \t]{{0,6}}(?:#{{1,6}}[ \t]{{0,4}}|\*\*)[ \t]{{0,4}}(?:\d+[.)] )?{_HEADS}[ \t]{{0,4}}:?[ \t]{{0,4}}(?:\*\*)?"
    r"[ \t]{0,4}:?",
    re.IGNORECASE | re.MULTILINE,
)
_OPENING = (
    r"(?:so|thus|hence|therefore|overall|in summary|in conclusion|to conclude|to summari[sz]e|in short|all in all"
    r"|taken together|altogether|(?:based on|given) (?:this|these|the above|all)[^.\n]{0,40}),? "
)
_CONCLUDING = re.compile(
    rf"(?:^|(?<=[.!?\n])|(?<=,)(?= i ))[\s*_>#-]{{0,12}}(?:{_OPENING}){{0,3}}(?:(?:in summary|in conclusion|to conclude"
    r"|to summari[sz]e|all in all|taken together|altogether|overall|therefore|thus|hence)\b,?"
    r"|(?:the |my )(?:most likely |final |primary |overall |leading ){1,2}"
    r"(?:diagnos[ie]s|impression|conclusion|answer|read|finding|interpretation)s? (?:is|are"
    r"|would be)\b|i (?:therefore |would |will |thus |now ){0,2}(?:conclude|settle|diagnose)\b(?: that| on| with)?"
    r"|i(?:'ll| will|'d| would|'m| am) (?:go(?:ing)?|stick(?:ing)?) with\b)[:, ]{0,4}",
    re.IGNORECASE,
)
_BOXED = re.compile(r"\\boxed\s{0,20}\{|\\fbox\s{0,20}\{")
_WORD = re.compile(r"[\W_]*[^\W_]")
_YES_NO = re.compile(r"\s*(yes|no)\b\s*(?:[.,;:!]|\Z)", re.IGNORECASE)  # "No pneumothorax." is a report
_KEYS = (
    *("final_answer", "answer", "final_diagnosis", "diagnosis", "diagnoses", "final_impression", "impression"),
    *("conclusion", "prediction", "predictions", "final", "result", "label", "labels", "findings", "finding"),
    *("abnormalities", "output", "response", "assessment", "most_likely", "most_likely_diagnosis", "primary_diagnosis"),
    *("leading_diagnosis", "top_diagnosis", "primary_finding", "primary", "best_answer", "correct_answer", "verdict"),
    *("conclusion_statement", "final_conclusion", "summary", "report", "choice"),
)
_THINKING_KEYS = frozenset(
    {"reasoning", "thinking", "thought", "rationale", "explanation", "analysis", "chain_of_thought", "steps"}
)
_NEXT_HEAD = re.compile(
    r"\n[ \t]{0,6}(?:#{1,6} |\*\*[A-Z][^*\n]{2,40}\*\*:?[ \t]{0,4}(?:\n|$)|(?:\*\*)?(?:recommendations?|limitations?"
    r"|note|disclaimer|next steps?|explanation|confidence|rationale|reasoning|justification|evidence|thoughts?|why"
    r"|analysis|(?:other |alternative )?differentials?(?: diagnos[ie]s)?|(?:alternative|other|less likely|secondary)"
    r" (?:diagnos[ie]s|possibilit(?:y|ies)|considerations?)|alternatives?|considered|not supported)"
    r"[ \t]{0,4}(?:\*\*)?[ \t]{0,4}:)",
    re.IGNORECASE,
)
# What stands beside an answer, and is likely less: read with it, so that it is not taken for left out.
_ALTERNATIVES = re.compile(r"differential|alternative|less likely|secondary|other", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """Where an answer was found.

    Attributes
    ----------
    kind : str
        tagged, boxed, json, after_thought, final, concluding, listed, yes_no or unparsed.
    before : str
        The text before it.
    text : str or None
        The answer as written.
    fault : str
        unclosed or several where the form is broken.

    Examples
    --------
    >>> find_answer("Hazy bases. Final diagnosis: edema.").text
    'edema.'
    """

    kind: str
    before: str
    text: str | None
    fault: str = ""


def find_answer(text: str) -> Answer:
    """Find the final answer of an output; of several the last counts, for models correct themselves.

    Examples
    --------
    >>> find_answer('{"reasoning": "Hazy.", "diagnosis": ["edema"]}').text
    'edema'
    >>> find_answer("The film is rotated.").kind
    'unparsed'
    """
    text = line_up(text)
    tags = list(_TAG.finditer(text))
    found = _tagged(text, tags) or _in_box(text) or _in_json(text)
    if found is not None:
        inside = _in_json(found.text) if found.kind != "json" and found.text and "{" in found.text else None
        return found if inside is None else Answer(found.kind, found.before + inside.before, inside.text, found.fault)
    after = _after_thought(text, tags)
    rest = text if after is None else after.text or ""
    shift = len(text) - len(rest)
    headed = _headed(rest)
    if headed is not None:
        return Answer(headed.kind, text[:shift] + headed.before, headed.text)
    if after is not None:
        return after
    rows = list(ROW.finditer(text))
    if len(rows) >= FEWEST_ROWS:
        return Answer("listed", text[: rows[0].start()], text[rows[0].start() : rows[-1].end()])
    said = _YES_NO.match(text)
    return Answer("yes_no", "", said.group(1)) if said else Answer("unparsed", text, None)


def _tagged(text: str, tags: list[re.Match[str]]) -> Answer | None:
    opened: re.Match[str] | None = None
    last: tuple[int, str] | None = None
    count = 0
    for tag in tags:
        if tag.group(2).lower() != "answer":
            continue
        if tag.group(1):
            if opened is not None:
                last, count, opened = (opened.start(), text[opened.end() : tag.start()]), count + 1, None
        elif opened is None:
            opened = tag
    if last is not None:
        return Answer("tagged", text[: last[0]], last[1], "several" if count > 1 else "")
    if opened is not None:
        return Answer("tagged", text[: opened.start()], text[opened.end() :], "unclosed")
    return None


def _in_box(text: str) -> Answer | None:
    found = list(boxed(text))
    if not found:
        return None
    start, inside, closed = found[-1]
    return Answer("boxed", text[:start], inside, "unclosed" if not closed else "several" if len(found) > 1 else "")


def boxed(text: str) -> Iterator[tuple[int, str, bool]]:
    r"""Find each `\boxed{...}` by counting braces: start, what is inside, whether it is closed.

    Examples
    --------
    >>> list(boxed(r"so \boxed{a {b}}"))
    [(3, 'a {b}', True)]
    """
    mark = _BOXED.search(text)
    while mark:
        first = last = mark.end()
        depth = 1
        while last < len(text) and depth:
            depth += {"{": 1, "}": -1}.get(text[last], 0)
            last += 1
        yield mark.start(), text[first : last - 1] if not depth else text[first:], not depth
        mark = _BOXED.search(text, last)


# `raw_decode` from each brace, at most `MAX_BRACES` of them: prose with braces ends the search, not the parse.
def _in_json(text: str) -> Answer | None:
    """The answer of the last JSON object that has a key for it."""
    last = text.rfind("}")
    first = text.find("{")
    if first < 0 or last < first:
        return None
    decoder = json.JSONDecoder()
    listed = _LISTED.search(text)
    if listed is not None:
        with contextlib.suppress(ValueError, RecursionError):
            value, _ = decoder.raw_decode(text, listed.start())
            return Answer("json", text[: listed.start()], spell(value))
    at, found, failed = first, None, 0  # found: where the object begins, the object, its words
    while 0 <= at <= last and failed < MAX_BRACES:
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            at, failed = text.find("{", at + 1), failed + 1
            continue
        words = _json_answer(value)
        if words is not None:
            found = at, value, words
        at = text.find("{", end)
    if found is None:
        return None
    start, value, words = found
    return Answer("json", text[:start] + " " + _json_reasoning(value), words)


def _json_answer(value: Any, depth: int = 0) -> str | None:
    """The words of an object's answer; of an object inside it where its own keys hold none."""
    if not isinstance(value, dict):
        return None
    keys = {str(key).strip().lower().replace(" ", "_"): item for key, item in value.items()}
    heads = {key: item for key, item in value.items() if has_head(str(key)) and isinstance(item, list | str)}
    for key in _KEYS:
        if key in keys:
            return ". ".join(filter(None, (spell(keys[key]), spell(heads), spell(_states(value)))))
    if heads:
        return spell(heads)
    plain = {key: item for key, item in value.items() if str(key).lower() not in _THINKING_KEYS}
    if plain and all(isinstance(item, bool | int | float) or str(item).lower() in STATES for item in plain.values()):
        return spell(plain)
    if plain and all(isinstance(item, dict) and not has_answer_key(item) for item in plain.values()):
        return spell(plain)
    inner = (_json_answer(item, depth + 1) for item in plain.values()) if depth < _DEEPEST else iter(())
    return next((words for words in inner if words is not None), None)


def has_answer_key(value: dict[Any, Any]) -> bool:
    """Whether an object holds answers, rather than the state of one finding: {"probability": 0.04}."""
    return not any(str(key).lower() in STATE_KEYS for key in value)


def _states(value: dict[Any, Any]) -> dict[Any, Any]:
    """Findings that stand beside the answer with a state of their own: {"diagnosis": "pneumonia", "edema": false}."""
    own = {key: item for key, item in value.items() if str(key).lower() not in (*_KEYS, *_THINKING_KEYS, "normal")}
    return {key: item for key, item in own.items() if isinstance(item, bool) or str(item).lower() in _WORDS}


_WORDS = frozenset(state for state in STATES if state.isalpha())
_LISTED = re.compile(r"(?<![^\s`])\[\s{0,20}\{")  # a list of objects that stands by itself

_DEEPEST = 5  # objects inside objects that are searched

MAX_BRACES = 64
"""Braces that open no JSON, after which an output is taken for prose with braces."""


def _json_reasoning(value: Any) -> str:
    if not isinstance(value, dict):
        return ""
    return " ".join(spell(item) for key, item in value.items() if str(key).lower() in _THINKING_KEYS)


def _after_thought(text: str, tags: list[re.Match[str]]) -> Answer | None:
    """What follows the last closed thought, as models write that put no tags around the answer."""
    closed = [tag for tag in tags if tag.group(1)]
    if not closed or not text[closed[-1].end() :].strip():
        return None
    return Answer("after_thought", text[: closed[-1].end()], text[closed[-1].end() :])


def _headed(text: str) -> Answer | None:
    """What follows the last line, heading or sentence that announces a conclusion; up to the next heading."""
    marks = [
        mark for form in (_FINAL, _HEADED, _MARKDOWN) for mark in form.finditer(text) if _goes_on(text, mark.end())
    ]
    if marks:
        mark = max(marks, key=lambda mark: mark.end())
        after = text[mark.end() :]
        stop = _NEXT_HEAD.search(after, min(len(after), 1))
        inside = after[: stop.start()] if stop and after[: stop.start()].strip() else after
        if stop and len(inside) < len(after) and _ALTERNATIVES.search(stop.group()):
            others = _NEXT_HEAD.search(after, stop.end())
            inside += after[stop.start() : others.start() if others else len(after)]
        return Answer("final", text[: mark.start()], inside)
    sentences = list(_CONCLUDING.finditer(text))
    sentence = sentences[-1] if sentences else None
    if sentence is not None and _goes_on(text, sentence.end()):
        return Answer("concluding", text[: sentence.start()], text[sentence.end() :])
    return None


def _goes_on(text: str, place: int) -> bool:
    """Whether anything but marks follows."""
    return _WORD.match(text, place) is not None
