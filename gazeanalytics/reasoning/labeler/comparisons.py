"""Two-sided statements: "A is less likely than B", "favor A over B", "B rather than A", and what would be seen if.

Each side of a comparison gets a statement of its own before scopes are read, since no window of words, however wide,
gives "consolidation is less likely than atelectasis" to both (NegEx and the CheXpert labeler affirm the one or the
other). Values of the weaker side are those of "less likely" on REFLACX's scale; of the stronger, a little over even.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from gazeanalytics.reasoning.labeler.lexicons import lexicon
from gazeanalytics.reasoning.labeler.phrase_matching import Item

__all__ = ["COMPARING", "TAKEN_BACK", "Compared", "resolve_comparisons"]

Stated = tuple[float, float, float]

COMPARING = frozenset({"than", "over", "instead", "hypothetical", "opinion"})

_LESS: Stated = (0.25, 0.10, 0.40)
_MORE: Stated = (0.70, 0.50, 0.90)
_OTHER: Stated = (0.60, 0.40, 0.80)  # the side that something is "less likely than": not said to be likely
_ASIDE: Stated = (0.05, 0.0, 0.20)
TAKEN_BACK: Stated = (0.15, 0.05, 0.40)

_MORE_WORDS = re.compile(r"\b(?:more|likelier|probabler|favou?r\w*|prefer\w*|rather|better)\b")
_LESS_WORDS = re.compile(r"\b(?:less|not favou?red)\b")
_OF_KINDS = re.compile(r"\b(more|less)(?:(?: of)? (?:an?|like an?)\b|(?: so)? $)")
_NEAR = 6  # characters before a hedge in which "more" or "less" may stand
_JOINING = frozenset({"or", "and"})
_ENDS = frozenset({"stop", "comma", "lead"})


@dataclass(frozen=True, slots=True)
class Compared:
    """A sentence's phrases once its comparisons are resolved.

    Attributes
    ----------
    items : list of Item
        Without the words that compare, which have done their work.
    fixed : dict
        First character of a name -> what the comparison states of it.
    asked : tuple of (int, int)
        Characters from and to of what is hypothetical, or an opinion of before.

    Examples
    --------
    >>> Compared([], {0: (0.25, 0.1, 0.4)}, ()).fixed[0][0]
    0.25
    """

    items: list[Item]
    fixed: dict[int, Stated]
    asked: tuple[tuple[int, int], ...]


def resolve_comparisons(items: list[Item], sentence: str) -> Compared:
    """Find comparisons and hypothetical statements among the phrases of a sentence.

    Parameters
    ----------
    items : list of Item
        The phrases of the sentence.
    sentence : str
        In lower case.

    Examples
    --------
    >>> from gazeanalytics.reasoning.labeler.lexicons import lexicon
    >>> text = "pneumonia is less likely than edema"
    >>> resolve_comparisons(lexicon().phrases.match(text), text).fixed
    {0: (0.25, 0.1, 0.4), 30: (0.6, 0.4, 0.8)}
    >>> text = "an effusion would show a meniscus but there is none"
    >>> resolve_comparisons(lexicon().phrases.match(text), text).asked
    ((0, 34),)
    """
    fixed: dict[int, Stated] = {}
    used: set[int] = set()
    for place, item in enumerate(items):
        scope = item.entry.scope
        if scope == "instead":
            fixed |= dict.fromkeys(_names(items, place, 1), _ASIDE)
        elif scope in ("than", "over"):
            cue = _comparing_cue(items, place, sentence)
            if cue is not None:
                used.add(cue)
                fixed |= _sides(items, cue, place, sentence)
            elif scope == "than":
                fixed |= _more_of(items, place, sentence)
            else:
                fixed |= _one_over_other(items, place)
        elif scope == "opinion" and any(later.entry.scope == "stop" for later in items[place:]):
            fixed |= dict.fromkeys(_names(items, place, 1) or _names(items, place, -1), TAKEN_BACK)
    kept = [_quiet(item) for place, item in enumerate(items) if place not in used]
    return Compared([item for item in kept if item is not None], fixed, tuple(_asked(items)))


def _quiet(item: Item) -> Item | None:
    """Take the comparing word out of play, once its work is done; what else it means stays."""
    entry = item.entry
    if entry.scope not in COMPARING:
        return item
    return replace(item, entry=replace(entry, scope="")) if entry.kind or entry.quality or entry.modifiers else None


def _asked(items: list[Item]) -> Iterator[tuple[int, int]]:
    """Stretches that say what would be seen, or what was once thought; each runs to the next "but"."""
    start, open_ = 0, False
    for item in items:
        if item.entry.scope == "stop":
            if open_:
                yield start, item.start
            start, open_ = item.stop, False
        open_ = open_ or item.entry.scope in ("hypothetical", "opinion")
    if open_:
        yield start, items[-1].stop + 1


# The cue is looked for backwards up to the last "but": "than" and "over" alone compare sizes and places.
def _comparing_cue(items: list[Item], place: int, sentence: str) -> int | None:
    """Where the hedge stands that compares what is around it with what follows `place`."""
    for before in range(place - 1, -1, -1):
        item = items[before]
        if item.entry.scope == "stop":
            return None
        if item.entry.scope == "hedge":
            words = sentence[max(item.start - _NEAR, 0) : item.stop]
            if _MORE_WORDS.search(words) or _LESS_WORDS.search(words):
                return before
    return None


def _sides(items: list[Item], cue: int, than: int, sentence: str) -> dict[int, Stated]:
    """What is stated of both sides of a comparison whose hedge stands at `cue` and whose "than" or "over" at `than`."""
    words = sentence[max(items[cue].start - _NEAR, 0) : items[cue].stop]
    less = _LESS_WORDS.search(words) is not None
    first = [item.start for item in items[cue + 1 : than] if item.entry.kind == "named"] or _names(items, cue, -1)
    second = _names(items, than, 1)
    if not first or not second:
        return {}
    own = items[cue].entry
    stated = (own.p, own.low, own.high) if own.p == own.p and 0.5 < own.p < 0.78 else _MORE
    strong, weak = (_OTHER, _LESS) if less else (stated, _LESS)
    return dict.fromkeys(first, weak if less else strong) | dict.fromkeys(second, strong if less else weak)


def _more_of(items: list[Item], than: int, sentence: str) -> dict[int, Stated]:
    """Read a comparison without a hedge: "more a scar than a nodule", "less an infiltrate than a scar"."""
    found = _OF_KINDS.search(sentence, 0, items[than].start)
    if found is None:
        return {}
    return dict.fromkeys(_names(items, than, 1 if found.group(1) == "more" else -1), _LESS)


def _one_over_other(items: list[Item], over: int) -> dict[int, Stated]:
    """Read "atelectasis over pneumonia": two causes of one opacity can't lie over each other."""
    sides = items[max(over - 1, 0) : over] + items[over + 1 : over + 2]
    causes = lexicon("chexpert").alternatives
    if len(sides) < 2 or any(side.entry.concept not in causes for side in sides):
        return {}
    return {sides[0].start: _MORE, sides[1].start: _LESS}


def _names(items: list[Item], place: int, step: int) -> list[int]:
    """First characters of the nearest names on one side of `place`: one, or a list joined by "or" and "and"."""
    found: list[int] = []
    at = place + step
    while 0 <= at < len(items):
        entry = items[at].entry
        if entry.kind == "named":
            found.append(items[at].start)
        elif entry.scope in _ENDS or (found and entry.scope not in _JOINING and not (step > 0 and entry.modifiers)):
            break
        at += step
    return found
