"""Questions about what was named before, and which of them a yes or no answers.

"Is it loculated? No." leaves the effusion where it is, and "Is that a skin fold? No." speaks for the pneumothorax: a
reply answers the question before it, not always the claim before that.
"""

from __future__ import annotations

import re
from typing import Literal

__all__ = ["QUESTION_STARTS", "Asks", "answered", "asks"]

Asks = Literal["", "attribute", "existence"]

_FILLERS = r"\W*(?:(?:hmm+|hm|so|and|but|ok|okay|oh|well|now|um|uh|ah|then|or)\W+){0,4}"
_OPENS = [[verb] for verb in ("is", "are", "was", "does", "did", "has", "have", "could", "can")]
QUESTION_STARTS = frozenset(f"{blank}{verb} "[:3] for blank in ("", " ") for [verb] in _OPENS)
"""The first three characters of what may be a question without its mark."""

# How a thing is, where else it is, whether it is new: none of these asks whether it is there.
_ATTRIBUTE = re.compile(
    rf"{_FILLERS}(?:is|are|was|does|do|did|has|have|could|can) (?:it|they|this|that|these|those|he|she|the|one of"
    r"|any of|either)\b.*\b(?:loculat\w+|tension|displac\w+|angulated|comminuted|healed|old|older|new|acute|chronic"
    r"|subacute|bigger|larger|smaller|worse|better|stable|unchanged|changed?|grown|growing|increas\w+|decreas\w+|calcified"
    r"|cavitat\w+|spiculated|bilateral|both sides|other side|also|malignant|benign|complicated|infected|simple"
    r"|subpulmonic|layering|mobile|symptomatic|shift\w*|compress\w+|severe|moderate|large|large enough|big enough"
    r"|draining|misplaced|malpositioned|kinked|bent|deep|too (?:deep|high|low|far))\b"
)
_YES_NO = re.compile(
    rf"{_FILLERS}(?:(yes|yep|yeah|yup|i think so|looks like it|probably|likely)"
    r"|(no|nope|nah|not really|i don'?t think so|doesn'?t look like it|probably not|unlikely)"
    r"|maybe|perhaps|possibly|hard to say|(?:i )?can'?t)\b"
)


def asks(sentence: str) -> Asks:
    """Say what a lower-case sentence asks of what was named before: how it is, or whether it is; "" for no question.

    Examples
    --------
    >>> asks("is it loculated?"), asks("is that a skin fold?"), asks("no edema")
    ('attribute', 'existence', '')
    """
    if sentence[-1:] != "?" and sentence.split(maxsplit=1)[:1] not in _OPENS:
        return ""
    return "attribute" if _ATTRIBUTE.match(sentence) else "existence"


def answered(sentence: str) -> Literal["yes", "no", "open"] | None:
    """Read the yes or no with which a lower-case sentence answers; None where it doesn't.

    Examples
    --------
    >>> answered("no, it's smooth"), answered("yes"), answered("hard to say"), answered("small effusion")
    ('no', 'yes', 'open', None)
    """
    found = _YES_NO.match(sentence)
    if found is None:
        return None
    return "yes" if found.group(1) else "no" if found.group(2) else "open"
