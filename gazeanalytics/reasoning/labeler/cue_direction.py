"""Which way a negation or hedge cue looks: at what follows it ("no edema") or at what went before ("edema: no").

NegEx (Chapman et al. 2001, J. Biomed. Inform. 34:301) fixes the direction by phrase. Here a cue that is used both ways
("likely", "no", "resolved") is resolved by what stands around it, since one direction a phrase misreads every list.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from functools import lru_cache

from gazeanalytics.reasoning.labeler.clause_boundaries import BREAKS
from gazeanalytics.reasoning.labeler.phrase_matching import Entry, Item

__all__ = ["resolve_direction"]

_TURNING = frozenset({"hedge", "deny", "deny_before"})
_NEXT = re.compile(r" +([a-z]+)")
_JOINTS = frozenset(
    {"in", "at", "on", "of", "for", "with", "within", "from", "to", "by", "over", "along", "near", "as", "and", "or"}
)


def resolve_direction(items: list[Item], sentence: str) -> list[Item]:
    """Resolve the direction of cues that look both ways: "likely edema", "edema likely"; "no edema", "edema: no"."""
    if not any(item.entry.scope in _TURNING for item in items):
        return items
    turned = list(items)
    for place, item in enumerate(items):
        entry = item.entry
        if entry.scope == "hedge" and entry.place in ("either", "last"):
            turned[place] = Item(item.start, item.stop, _turned(entry, "place", _side_of(items, place, sentence)))
        elif entry.scope == "deny" and entry.place == "either" and _ends_statement(items, place, sentence):
            turned[place] = Item(item.start, item.stop, _turned(entry, "scope", "deny_before"))
        elif entry.scope == "deny_before" and _stands_first(items, place):
            turned[place] = Item(item.start, item.stop, _turned(entry, "scope", "deny"))
    return turned


@lru_cache(maxsize=10_000)
def _turned(entry: Entry, name: str, value: str) -> Entry:
    return replace(entry, **{name: value})


def _side_of(items: list[Item], place: int, sentence: str) -> str:
    """Where a hedge that can look both ways looks: ahead if its own part of the sentence goes on to name something."""
    ahead = itertools.takewhile(lambda item: item.entry.scope not in BREAKS - {"or"}, items[place + 1 :])
    if any(is_qualifiable(item.entry) for item in ahead):
        return "before"
    if items[place].entry.place == "last":
        return "last"
    if _begins_part(items, place) and (_with_follows(items, place) or _joins(items, place)):
        return "before"  # "effusion, likely with atelectasis", "atelectasis or, less likely, pneumonia"
    if _begins_part(items, place) and _goes_into_words(sentence[items[place].stop :]):
        return "before"  # "an opacity, probably vascular": of something that no phrase names
    return "after" if any(item.entry.kind or item.entry.quality for item in items[:place]) else "before"


def _begins_part(items: list[Item], place: int) -> bool:
    return place > 0 and items[place - 1].entry.scope in ("comma", "lead")


def _with_follows(items: list[Item], place: int) -> bool:
    return place + 1 < len(items) and items[place + 1].entry.scope == "with"


def _joins(items: list[Item], place: int) -> bool:
    return place > 1 and items[place - 2].entry.scope in ("or", "and")


def _goes_into_words(rest: str) -> bool:
    """Whether a word follows at once that isn't one of place or of joining."""
    found = _NEXT.match(rest)
    return found is not None and found.group(1) not in _JOINTS


def _ends_statement(items: list[Item], place: int, sentence: str) -> bool:
    """Whether a denial is all that is said of a thing: "pneumothorax: none", "effusion - no"."""
    rest = sentence[items[place].stop :].lstrip(" *_")
    return (not rest or not rest[0].isalnum()) and any(item.entry.kind for item in items[:place])


def _stands_first(items: list[Item], place: int) -> bool:
    """Whether what is denied comes after a cue that usually follows it: "resolved edema"."""
    ahead = itertools.takewhile(lambda item: item.entry.scope not in BREAKS, items[place + 1 :])
    before = itertools.takewhile(lambda item: item.entry.scope not in BREAKS, reversed(items[:place]))
    return any(is_qualifiable(item.entry) for item in ahead) and not any(item.entry.kind for item in before)


def is_qualifiable(entry: Entry) -> bool:
    """Whether a phrase is something that a cue can qualify."""
    return entry.kind in ("named", "clear") or bool(entry.quality and not entry.kind)
