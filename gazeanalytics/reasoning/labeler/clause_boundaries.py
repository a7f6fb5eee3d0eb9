"""Clause boundaries, at which the scope of a negation or hedge cue ends: where a new statement begins.

NegEx ends a scope after a fixed window of words or at a termination term; a list ("no edema, effusion or fracture")
needs more. A comma, "and" or "with" ends a scope here only where the words after it make a statement of their own.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from gazeanalytics.reasoning.labeler.phrase_matching import Item

__all__ = ["BOUNDARIES", "BREAKS", "VERBS", "clauses", "has_predicate"]

BOUNDARIES = frozenset({"comma", "lead", "and", "with"})  # a new statement may begin here; "lead" is a colon or bracket
BREAKS = BOUNDARIES | {"or", "stop"}

VERBS = frozenset({"verb", "exist"})

_CUES = frozenset({"deny", "hedge"})


def clauses(items: list[Item]) -> Iterator[list[Item]]:
    """Cut the phrases of a sentence where a new statement begins."""
    clause: list[Item] = []
    for place, item in enumerate(items):
        scope = item.entry.scope
        if scope == "stop" and _only_qualifies(items, place):
            continue
        if scope == "stop" or (scope in BOUNDARIES and _begins_anew(clause, items, place)):
            yield clause
            clause = []
        elif scope == "exist" and _has_doubted(clause):
            yield clause
            clause = [item]
        else:
            clause.append(item)
    yield clause


def _has_doubted(clause: list[Item]) -> bool:
    """Whether a clause has denied or doubted a thing, so that "there is" speaks of another: "no effusion there is"."""
    cue = next((at for at, item in enumerate(clause) if item.entry.scope in _CUES), None)
    if cue is None or clause[-1].entry.scope in _CUES:  # "no mass to suggest there is cancer"
        return False
    return any(item.entry.kind == "named" for item in clause[cue:])


def _only_qualifies(items: list[Item], place: int) -> bool:
    """Whether what follows a stop names nothing, but says how the organ before it is, or only takes away."""
    part = list(itertools.takewhile(lambda item: item.entry.scope != "stop", items[place + 1 :]))
    organ = next((item.entry.kind for item in reversed(items[:place]) if item.entry.kind), "")
    if not part or any(item.entry.kind for item in part):
        return False
    # "the heart is stable but enlarged"; "an effusion was looked for but could not be found"
    return (organ == "neutral" and _qualifies(part)) or (bool(organ) and _only_takes_away(part))


def _qualifies(part: list[Item]) -> bool:
    return any(item.entry.quality and item.entry.quality != "stable" for item in part)


def _begins_anew(clause: list[Item], items: list[Item], place: int) -> bool:
    """Whether the boundary at `place` parts two statements rather than two things in a list."""
    if not any(item.entry.concept for item in clause):
        return False
    ahead = _until_boundary(items, place + 1)
    if _goes_on_of_organ(clause, ahead):
        return False
    if not ahead or (items[place].entry.scope == "lead" and not any(item.entry.kind for item in ahead)):
        return False
    if _only_takes_away(ahead):
        return False  # "there was an effusion, no longer seen"
    since, cue = next(
        ((at, item) for at, item in reversed([*enumerate(clause)]) if item.entry.scope in _CUES), (0, None)
    )
    cue = cue if any(item.entry.concept for item in clause[since:]) else None
    if cue is None and since and clause[since - 1].entry.scope in VERBS:
        since -= 1  # "is unlikely" says something of what stands before it: its verb belongs to it
    if items[place].entry.scope == "with":
        return cue is not None and cue.entry.place != "after" and ahead[0].entry.scope != "associated"
    if has_predicate(ahead):
        return has_predicate(clause[since:]) or (cue is not None and not _only_exists(ahead))
    return cue is not None and _describes(ahead) and not _or_follows(items, place)


def _goes_on_of_organ(clause: list[Item], ahead: list[Item]) -> bool:
    """Whether a part only says more of the organ before it: "the mediastinum measures 9 cm and is widened"."""
    if any(item.entry.kind for item in ahead) or not any(item.entry.quality for item in ahead):
        return False
    organ = next((item.entry.kind for item in reversed(clause) if item.entry.kind), "")
    return organ == "neutral" and not any(item.entry.quality for item in clause)


def _only_takes_away(ahead: list[Item]) -> bool:
    """Whether a part names nothing and only denies what stands before it."""
    first = next((item for item in ahead if item.entry.scope not in VERBS), ahead[0])
    return first.entry.scope == "deny_before" and not any(item.entry.kind or item.entry.quality for item in ahead)


def _until_boundary(items: list[Item], first: int) -> list[Item]:
    last = first
    while last < len(items) and items[last].entry.scope not in BOUNDARIES and items[last].entry.scope != "stop":
        last += 1
    return items[first:last]


def has_predicate(items: list[Item]) -> bool:
    """Whether something is said of a thing, beyond its name."""
    return any(
        item.entry.scope in ("verb", "exist", "seen", "deny_before")
        or (item.entry.scope == "hedge" and item.entry.place == "after")
        for item in items
    )


def _only_exists(items: list[Item]) -> bool:
    """Whether the only predicate is "is seen" or the like, which a list that began before may own."""
    return not any(item.entry.scope in VERBS or item.entry.place == "after" for item in items)


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
