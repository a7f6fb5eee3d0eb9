"""A text -> its sentences, without the parts that tell why the image was taken."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["lower", "sentences"]

# A full stop that is neither a decimal point nor an abbreviation's, an asked end, an empty line, or a list's next item.
_ABBREVIATIONS = "".join(
    rf"(?<!\b{word}\.)" for word in ("vs", "v", "dr", "mr", "mrs", "ms", "approx", "st", "e", "i", "g")
)
_END = re.compile(rf"\.{_ABBREVIATIONS}(?!(?<=\d\.)\d)|!|\?(?<=\w\?)|\n[ \t]*(?:\n|(?=[-*•\d]))")

_BACKGROUND = re.compile(
    r"\W*(?:clinical |reason )?(?:indications?|history|information|for exam\w*|comparisons?|technique|exam|examination"
    r"|procedure)\b[^:.]{0,30}:"
)
_BODY = re.compile(r"\W*(?:findings?|impression|conclusions?|report|interpretation|answer|summary)\b[^:.]{0,20}:")


def lower(text: str) -> str:
    """Make a text lower case, every character keeping its place.

    Examples
    --------
    >>> lower("No Effusion")
    'no effusion'
    """
    low = text.lower()
    if len(low) != len(text):  # a letter whose small form is longer would shift every place after it
        low = "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in text)
    return low.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")


def sentences(text: str, *, background: bool = False) -> Iterator[tuple[int, int]]:
    """Find the sentences of a lower-case text: where each starts and stops.

    What stands under indication, history, comparison, technique or examination tells why and how the image was taken;
    it is left out up to the next heading (findings, impression ...), unless `background` asks for it.

    Examples
    --------
    >>> text = "indication: rule out edema. findings: 1.5 cm nodule. no edema"
    >>> [text[start:stop] for start, stop in sentences(text)]
    [' findings: 1.5 cm nodule', ' no edema']
    """
    hidden = False
    for start, stop in _cut(text):
        if _BODY.match(text, start, stop):
            hidden = False
        elif _BACKGROUND.match(text, start, stop):
            hidden = True
        if background or not hidden:
            yield start, stop


def _cut(text: str) -> Iterator[tuple[int, int]]:
    first = 0
    for end in _END.finditer(text):
        asked = text[end.end() - 1] == "?"
        if end.start() > first:
            yield first, end.end() if asked else end.start()
        first = end.end()
    if first < len(text):
        yield first, len(text)
