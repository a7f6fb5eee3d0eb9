"""Sentences that name no finding, but answer, take back or doubt the one just named.

Such as "I can't find one.", "Scratch that.", "It is definitely there."

Their forms lie in `lexicon/replies.toml`. A full resolution of pronouns was rejected: it needs a parser, and in a
dictation "it" and "one" nearly always mean the finding named last.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from gazeanalytics.reasoning.labeler.phrase_matching import spoken, with_apostrophes

__all__ = ["ANSWERED_NO", "Reply", "find_figure", "find_reply", "find_reply_after"]

Stated = tuple[float, float, float]

ANSWERED_NO: Stated = (0.1, 0.0, 0.3)
"""What "no, ..." before a clause of its own states of what was named before it."""

# What every reply holds: looked for first, by words and then more closely, since most sentences hold none of it.
_HINTS = spoken(
    "i it this that one none there these they which yes yep yeah nope nothing never nevermind scratch strike forget"
    " mistake alarm maybe perhaps possibly possible probably likely unlikely doubtful sure unsure uncertain"
    " confirmed definitely certainly agree agreed disagree concur right fifty 50 explain explains account accounts"
    " could may might out convinced any anymore im ive its thats theres theyre isnt cannot can can't cant say no not"
    " nah enlarged big large widened wide dilated disregard ignore delete withdrawn retract retracted discard"
    " discarded dismiss dismissed reject rejected cancel canceled cancelled normal % percent"
)
_HINT = re.compile(
    r"\b(?:i|it|this|that|one|none|there|these|they|which|yes|yep|yeah|nope|nothing|never ?mind|scratch|strike|forget"
    r"|mistake|alarm|maybe|perhaps|possibly|possible|probably|likely|unlikely|doubtful|sure|unsure|uncertain|confirmed"
    r"|definitely|certainly|agreed?|disagree|concur|right|fifty|50|explains?|accounts?|could|may|might|out to be"
    r"|convinced|any ?more|im|ive|its|thats|theres|theyre|isnt|cannot|can't|cant|say)\b|^\W*(?:no|not|nah)\b"
    r"|\b(?:enlarged|big|large|widened|wide|dilated|disregard|ignore|delete|withdrawn|retract(?:ed)?|discard(?:ed)?"
    r"|dismiss(?:ed)?|reject(?:ed)?|cancell?ed|normal(?: size| width)?)\W*$|\bno[,;]"
)
_LABEL = re.compile(r"\W*(?:a|answer|response|reply)\s{0,3}[:=]\s{0,3}")
_START = re.compile(r" (?:i[ ']|it|th[ai]t|this|there|we |which|none|one|not )")
_LEAST = 7  # characters of the shortest reply behind a mark
_NEW_PART = re.compile(
    r"(?:\bbut(?: [a-z]+){0,3}?|\band|\byet|\bthough|,|;|:|[-–—])"
    r" (?:(?:then|actually|no|now|so|here|and|well|in fact|again),? ){0,9}"
    r"(?:i|it|that|this|there|we|which|none|one|not|the|these|they|both|all)\b"
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a sentence says of the finding named before it.

    Attributes
    ----------
    stated : (p, low, high)
        Stated probability that it is there.
    act : str
        stated, hedged, revised, retracted, undone, mistaken, confirmed, or sure (p is how sure the speaker is of what
        was said).
    start, stop : int
        Characters of the words that say so.
    of : frozenset of str
        Concepts that it can speak of; empty for any.

    Examples
    --------
    >>> find_reply("i can't find one").stated
    (0.02, 0.0, 0.1)
    """

    stated: Stated
    act: str
    start: int
    stop: int
    of: frozenset[str] = frozenset()


@cache
def _forms() -> tuple[tuple[re.Pattern[str], Stated, str, bool, frozenset[str]], ...]:
    """Pattern, what it states, act, whether it answers only what was asked, and the concepts that it can speak of."""
    text = files("gazeanalytics.reasoning.labeler").joinpath("lexicon/replies.toml").read_text("utf-8")
    return tuple(
        (
            re.compile("|".join(f"(?:{form})" for form in kind["any"])),
            (kind["p"], kind["low"], kind["high"]),
            kind["act"],
            "after" in kind,
            frozenset(kind.get("of", ())),
        )
        for kind in tomllib.loads(text)["reply"]
    )


def find_reply(
    sentence: str, first: int = 0, *, asked: bool = False, parts: Sequence[str] | None = None
) -> Reply | None:
    """Find a reply in a lower-case sentence, from character `first` on, to a question if `asked`; None without one.

    Parts of the whole sentence, from `cut`, save time where they are at hand.

    Examples
    --------
    >>> find_reply("scratch that").act, find_reply("the trachea is midline")
    ('undone', None)
    """
    if not asked and parts is not None and _HINTS.isdisjoint(parts):
        return None
    figure = find_figure(sentence) if not first else None
    if figure is not None:
        share, of_claim, start, stop = figure
        return Reply((share, share, share), "sure" if of_claim else "hedged", start, stop)
    label = _LABEL.match(sentence, first)
    first = label.end() if label else first
    part = sentence[first:]
    if not asked and _HINT.search(part) is None:
        return None
    spoken = "nt " in part or "s " in part or "im " in part or "ve " in part
    part, added = with_apostrophes(part) if spoken else (part, [])
    for form, stated, act, only_asked, of in _forms():
        found = form.search(part) if asked or not only_asked else None
        if found is not None:
            start, stop = (place - bisect_left(added, place) for place in found.span())
            return Reply(stated, act, first + start, first + stop, of)
    return None


# "I'm at 90 %", "down to 10 percent now", "80 % sure": a chance, or how sure the speaker is of what they said.
_FIGURE = re.compile(
    r"^(?:[^.%\d]{0,60}[ ,:])??(?:i(?:'m| am|'d say|'d put it)|make (?:it|that)|call (?:it|that)|(?:it|that)(?:'s| is)"
    r"|down|up|say|now)(?: (?:now|only|about|still|back|down|up|at|to|around|maybe|more like|roughly|that|by|it)){0,4}"
    r" (\d{1,3}(?:\.\d{1,2})?) ?(?:%|percent)(?: (sure|certain|confident))?(?! of\b)"
)


def find_figure(sentence: str) -> tuple[float, bool, int, int] | None:
    """Find a bare figure of certainty: the share, whether it is of the claim, and its characters; None without one.

    Examples
    --------
    >>> find_figure("after zooming in i'm down to 10 percent")[:2]
    (0.1, False)
    """
    found = _FIGURE.match(sentence) if "%" in sentence or "percent" in sentence else None
    if found is None or float(found.group(1)) > 100:
        return None
    return float(found.group(1)) / 100, found.group(2) is not None, found.start(1), found.end()


def find_reply_after(sentence: str, first: int, *, asked: bool = False) -> Reply | None:
    """Find a reply in what follows a name within its own sentence, past a "but" or a mark: "..., but I can't see one".

    Examples
    --------
    >>> find_reply_after("an effusion would show a meniscus, but there is none", 32).stated[0]
    0.02
    """
    if first + _LEAST > len(sentence) or (not asked and _START.search(sentence, first) is None):
        return None
    part = _NEW_PART.search(sentence, first)
    if part is None:
        return None
    begin = part.start() + re.match(r"\W*(?:but|and|yet|though)?\W*", part.group()).end()  # pyright: ignore[reportOptionalMemberAccess]
    return find_reply(sentence, begin, asked=asked)
