"""The phrases of a sentence -> its clauses: where a new statement begins, and which way each cue looks."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace

from gazeanalytics.reasoning.labeler.phrase_matching import Entry, Item

__all__ = ["BOUNDARIES", "BREAKS", "clauses", "has_predicate", "tells", "turn"]

BOUNDARIES = frozenset({"comma", "lead", "and", "with"})  # a new statement may begin here; "lead" is a colon or bracket
BREAKS = BOUNDARIES | {"or", "stop"}

_CUES = frozenset({"deny", "hedge"})
_NEXT = re.compile(r" +([a-z]+)")
_JOINTS = frozenset(
    {"in", "at", "on", "of", "for", "with", "within", "from", "to", "by", "over", "along", "near", "as", "and", "or"}
)


def turn(items: list[Item], sentence: str) -> list[Item]:
    """Settle which way a cue looks that can look both ways: "likely edema", "edema likely"; "no edema", "edema: no"."""
    turned = list(items)
    for place, item in enumerate(items):
        entry = item.entry
        if entry.scope == "hedge" and entry.place in ("either", "last"):
            turned[place] = replace(item, entry=replace(entry, place=_side_of(items, place, sentence)))
        elif entry.scope == "deny" and entry.place == "either" and _ends_statement(items, place, sentence):
            turned[place] = replace(item, entry=replace(entry, scope="deny_before"))
        elif entry.scope == "deny_before" and _stands_first(items, place):
            turned[place] = replace(item, entry=replace(entry, scope="deny"))
    return turned


def _side_of(items: list[Item], place: int, sentence: str) -> str:
    """Where a hedge that can look both ways looks: ahead if its own part of the sentence goes on to name something."""
    ahead = itertools.takewhile(lambda item: item.entry.scope not in BREAKS - {"or"}, items[place + 1 :])
    if any(tells(item.entry) for item in ahead):
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
    return any(tells(item.entry) for item in ahead) and not any(item.entry.kind for item in before)


def tells(entry: Entry) -> bool:
    """Whether a phrase is something that a cue can qualify."""
    return entry.kind in ("named", "clear") or bool(entry.quality and not entry.kind)


def clauses(items: list[Item]) -> Iterator[list[Item]]:
    """Cut the phrases of a sentence where a new statement begins."""
    clause: list[Item] = []
    for place, item in enumerate(items):
        scope = item.entry.scope
        if scope == "stop" and _only_qualifies(items, place):
            continue  # "the heart is stable but enlarged"
        if scope == "stop" or (scope in BOUNDARIES and _begins_anew(clause, items, place)):
            yield clause
            clause = []
        else:
            clause.append(item)
    yield clause


def _only_qualifies(items: list[Item], place: int) -> bool:
    """Whether what follows a stop names nothing, but says how the organ before it is."""
    part = list(itertools.takewhile(lambda item: item.entry.scope != "stop", items[place + 1 :]))
    organ = next((item.entry.kind for item in reversed(items[:place]) if item.entry.kind), "")
    return organ == "neutral" and bool(part) and not any(item.entry.kind for item in part) and _qualifies(part)


def _qualifies(part: list[Item]) -> bool:
    return any(item.entry.quality and item.entry.quality != "stable" for item in part)


def _begins_anew(clause: list[Item], items: list[Item], place: int) -> bool:
    """Whether the boundary at `place` parts two statements rather than two things in a list."""
    if not any(item.entry.concept for item in clause):
        return False
    ahead = _until_boundary(items, place + 1)
    if not ahead or (items[place].entry.scope == "lead" and not any(item.entry.kind for item in ahead)):
        return False
    since, cue = next(
        ((at, item) for at, item in reversed([*enumerate(clause)]) if item.entry.scope in _CUES), (0, None)
    )
    cue = cue if any(item.entry.concept for item in clause[since:]) else None
    if cue is None and since and clause[since - 1].entry.scope == "verb":
        since -= 1  # "is unlikely" says something of what stands before it: its verb belongs to it
    if items[place].entry.scope == "with":
        return cue is not None and cue.entry.place != "after" and ahead[0].entry.scope != "associated"
    if has_predicate(ahead):
        return has_predicate(clause[since:]) or (cue is not None and not _only_exists(ahead))
    return cue is not None and _describes(ahead) and not _or_follows(items, place)


def _until_boundary(items: list[Item], first: int) -> list[Item]:
    last = first
    while last < len(items) and items[last].entry.scope not in BOUNDARIES and items[last].entry.scope != "stop":
        last += 1
    return items[first:last]


def has_predicate(items: list[Item]) -> bool:
    """Whether something is said of a thing, beyond its name."""
    return any(
        item.entry.scope in ("verb", "seen", "deny_before")
        or (item.entry.scope == "hedge" and item.entry.place == "after")
        for item in items
    )


def _only_exists(items: list[Item]) -> bool:
    """Whether the only predicate is "is seen" or the like, which a list that began before may own."""
    return not any(item.entry.scope == "verb" or item.entry.place == "after" for item in items)


def _describes(items: list[Item]) -> bool:
    """Whether a thing with a size, side or change of its own comes next, as in "no effusion, small nodule"."""
    return bool(items[0].entry.modifiers) and any(item.entry.kind == "named" for item in items)


def _or_follows(items: list[Item], place: int) -> bool:
    for item in items[place + 1 :]:
        if item.entry.scope == "stop":
            return False
        if item.entry.scope == "or" or item.entry.scope == "deny":
            return item.entry.scope == "or"
    return False
