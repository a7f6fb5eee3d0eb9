"""A text -> its sentences, without the parts that say why the image was taken."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["MAX_SENTENCE", "lower", "sentences"]

MAX_SENTENCE = 1000
"""Characters of a sentence at most. What runs on is cut at a comma or blank: scopes take a time that grows faster than
the length of a sentence, and no cue of a real one reaches that far."""

# A full stop that is no decimal point and ends no abbreviation, an asked end, an empty line, the next item of a list,
# the next heading, or the mark of a sentence that begins without a stop before it.
_SHORT = ("vs", "v", "dr", "mr", "mrs", "ms", "approx", "st", "e", "i", "g")
_ABBREVIATIONS = "".join(rf"(?<!\b{word}\.)" for word in _SHORT)
_MARK = "\x1e"
# One character stands first in each pattern, by which most places are passed over fast.
_STOP = (
    rf"(?<=\.){_ABBREVIATIONS}(?!(?<=\d\.)\d)|(?<=[!{_MARK}])|(?<=\w\?)"
    r"|(?<=\n)[ \t]*(?:\n|(?=[-*•#\d])|(?=[a-z][a-z /&]{1,40}:))"
)
_HEADING = r"(?<=\s)(?=(?:findings|impression|conclusion|comparison|indication|technique|history)s?\s*:)"
_END = re.compile(rf"[.!?\n{_MARK}](?:{_STOP})")
_END_OR_HEADING = re.compile(rf"[.!?\s](?:{_STOP}|{_HEADING})")
# Words that begin sentences of reports, capital after a small word: "Lungs clear No effusion Heart enlarged".
_STARTS = (
    "(?:No|There|The|Heart|Lungs?|Cardiac|Cardiomediastinal|Mediastin(?:um|al)|Bones|Osseous|Otherwise|Normal|Stable"
    "|Unchanged|Small|Mild|Moderate)"
)
_RUN_ON = re.compile(rf"[\s](?:(?<=[a-z]{{3}}\s)|(?<=\n))(?=[A-Z])(?={_STARTS}\s+[a-z])")

_LETTER = re.compile(r"\w|$")
_BACKGROUND = re.compile(
    r"(?:clinical |reason )?(?:indications?|history|information|for exam\w*|comparisons?|technique|exam|examination"
    r"|procedure)\b(?! (?:is|are|was|were)\b)[^:.]{0,30}:"
)
_BODY = re.compile(r"(?:findings?|impression|conclusions?|report|interpretation|answer|summary)\b[^:.]{0,20}:")


def lower(text: str) -> str:
    """Make a text lower case, every character keeping its place, and mark where a sentence begins without a stop.

    Examples
    --------
    >>> lower("No Effusion")
    'no effusion'
    """
    text = _RUN_ON.sub(_MARK, text)
    low = text.lower()
    if len(low) != len(text):  # a letter whose small form is longer would shift every place after it
        low = "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in text)
    return low.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")


def sentences(text: str, *, background: bool = False) -> Iterator[tuple[int, int]]:
    """Find the sentences of a lower-case text: where each starts and stops.

    What stands under indication, history, comparison, technique or examination says why and how the image was taken;
    it is left out up to the next heading (findings, impression ...), unless `background` asks for it. In a text without
    such a heading it is the one sentence after the heading.

    Examples
    --------
    >>> text = "indication: rule out edema. findings: 1.5 cm nodule. no edema"
    >>> [text[start:stop] for start, stop in sentences(text)]
    ['findings: 1.5 cm nodule', ' no edema']
    """
    if background or ":" not in text or _BACKGROUND.search(text) is None:
        yield from _cut(text)
        return
    headed = _BODY.search(text) is not None
    hidden = empty = False
    for start, stop in _cut(text):
        word = _LETTER.search(text, start)
        begin = word.start() if word else stop
        heading = _BACKGROUND.match(text, begin, stop)
        if heading:
            hidden, empty = True, not text[heading.end() : stop].strip()
        elif _BODY.match(text, begin, stop):
            hidden = False
        elif hidden and not headed:
            hidden, empty = empty, False
        if not hidden:
            yield start, stop


def _cut(text: str) -> Iterator[tuple[int, int]]:
    first = 0
    for end in (_END_OR_HEADING if ":" in text else _END).finditer(text):
        asked = text[end.end() - 1] == "?"
        if end.start() > first:
            yield from _pieces(text, first, end.end() if asked else end.start())
        first = end.end()
    if first < len(text):
        yield from _pieces(text, first, len(text))


# Work inside a sentence grows with the square of its cues (each boundary asks what stands on both sides), so that a
# dictation without stops, or a model that repeats itself, is cut into pieces before it is read.
def _pieces(text: str, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Cut what runs on for longer than any sentence does, at a comma if there is one, else at a blank."""
    while last - first > MAX_SENTENCE:
        half, limit = first + MAX_SENTENCE // 2, first + MAX_SENTENCE
        place = max(text.rfind(", ", half, limit), text.rfind("; ", half, limit))
        place = place if place > 0 else text.rfind(" ", half, limit)
        place = place + 1 if place > 0 else limit
        yield first, place
        first = place
    yield first, last
