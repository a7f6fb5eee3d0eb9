"""Negation scope and hedge scope: how far a cue reaches, and what is said of each thing named.

Rules of our own, in the tradition of NegEx (Chapman et al. 2001) and of the CheXpert labeler (Irvin et al. 2019), in
three steps. A sentence is cut into clauses where a new statement begins (`clauses`). Within a
clause, cues reach to what follows ("no", "possible") or to what went before ("is unlikely", "has resolved"). Then
organs take the quality that is nearest ("heart size is normal"), and sides, zones, sizes and changes go to the thing
beside them.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from functools import lru_cache

from gazeanalytics.reasoning.labeler.certainty import ASKED
from gazeanalytics.reasoning.labeler.clause_boundaries import BOUNDARIES, BREAKS, VERBS, clauses, has_predicate
from gazeanalytics.reasoning.labeler.comparisons import COMPARING, TAKEN_BACK, Compared, resolve_comparisons
from gazeanalytics.reasoning.labeler.cue_direction import resolve_direction
from gazeanalytics.reasoning.labeler.mention import Mention, Stated
from gazeanalytics.reasoning.labeler.phrase_matching import Entry, Item, Phrases, cut, role, words
from gazeanalytics.reasoning.labeler.said_apart import AFFIRMED, state_apart
from gazeanalytics.reasoning.labeler.stated_certainty import figures

__all__ = ["Mention", "mentions"]

Word = tuple[str, int, int]

_DENIED: Stated = (0.02, 0.0, 0.10)
_OPEN: Stated = (0.50, 0.25, 0.75)
_UNSAID: Stated = (0.50, 0.10, 0.90)
_UPPER_NORMAL: Stated = (0.15, 0.05, 0.40)

# "Maybe no effusion" is no claim that there is one: turned round, the .48 of "maybe" would state .52.
_EVEN = (0.40, 0.50)
_DENIALS_TO = 0.20

# A "no" that answers or interrupts, and denies nothing of what follows: "no, wait", "but no, this is a normal chest".
_INTERJECTED = re.compile(
    r"\W*(?:(?:but|and|so|oh|ah|hmm+|well|ok|okay|wait|actually|hold on|yes|yeah|um|uh)\W+)*no(?:[,.;:!]|\s*[-–—])+\s+"
    r"(?=(?:wait|it|that|this|there|i|i'm|it's|that's|there's|the|actually|sorry|hold|these|those|we|now|on|my)\b)"
    r"|\W*(?:(?:oh|hmm+|well|ok|okay)\W+)*no,? (?:wait\b"
    r"|(?:they|it|that|this|there|i) (?:do|does|is|are|did)(?:n't| not)\W+)"
)

_WORDS = re.compile(r"[^\W\d_]")
_HEADED = re.compile(r"[\s*_]*:")
_FIGURE = re.compile(r"[\s*_:]*\d")
_REMEMBERED = 50_000  # orders of phrases at most
_PARTS = BREAKS | {"deny", "hedge", "deny_before"}


@dataclass(slots=True)
class _Cue:
    """The cue that is in force: what it states, whether it denies, has been used, and passed a boundary (since)."""

    stated: Stated
    denies: bool = False
    used: bool = False
    past: bool = False
    passed: bool = False


def mentions(sentence: str, phrases: Phrases, parts: list[str] | None = None) -> list[Mention]:
    """Find what a sentence names and what it says of it, negation and hedges applied, in order.

    Parameters
    ----------
    sentence : str
        In lower case.
    phrases : Phrases
        Of a lexicon.
    parts : list of str, optional
        Of the sentence, from `cut`, where they are at hand.

    Examples
    --------
    >>> from gazeanalytics.reasoning.labeler.lexicons import lexicon
    >>> found = mentions("no effusion; possible left basilar atelectasis", lexicon().phrases)
    >>> [(mention.concept, mention.stated[0], mention.modifiers.get("side")) for mention in found]
    [('effusion', 0.02, None), ('atelectasis', 0.5, 'left')]
    """
    parts = cut(sentence) if parts is None else parts
    interjected = _INTERJECTED.match(sentence) if "no" in parts else None
    if interjected is not None:
        sentence = " " * interjected.end() + sentence[interjected.end() :]
        parts = cut(sentence)
    items = phrases.match(sentence, parts)
    compared = None
    scopes = {item.entry.scope for item in items}
    if not COMPARING.isdisjoint(scopes):
        compared = resolve_comparisons(items, sentence)
        items = compared.items
    items = resolve_direction(items, sentence)
    found = [
        Mention((own := items[said.start]).start, own.stop, own.entry.concept, said.stated, said.modifiers.copy())
        for said in _read_roles(tuple([role(item.entry) for item in items]))
    ]
    if compared is not None:
        _state_compared(found, compared)
    if found and "sure" in scopes:
        _state_figures(found, words(sentence))
    if found:
        state_apart(found, items, sentence, parts)
    return _without_heading(found, items, sentence)


def _state_compared(found: list[Mention], compared: Compared) -> None:
    """Let comparisons replace what scopes gave; what is only hypothetical is asked, not stated."""
    for mention in found:
        fixed = compared.fixed.get(mention.start)
        if fixed is not None:
            mention.stated, mention.act = fixed, "retracted" if fixed == TAKEN_BACK else "compared"
        elif mention.stated[0] > _DENIALS_TO and any(start <= mention.start < stop for start, stop in compared.asked):
            mention.stated, mention.act = ASKED, "asked"


def _without_heading(found: list[Mention], items: list[Item], sentence: str) -> list[Mention]:
    """Leave out a name that only heads the sentence: "pneumothorax: lungs are expanded", "effusion: no effusion"."""
    if (
        not found
        or ":" not in sentence
        or not _HEADED.match(sentence[found[0].stop :])
        or _WORDS.search(sentence[: found[0].start])
    ):
        return found
    first = found[0]
    after = [item for item in items if item.start >= first.start]
    if after[0].entry.kind != "named":
        return found
    if first.stated != AFFIRMED or any(other.concept == first.concept for other in found[1:]):
        return found[first.stated == AFFIRMED :]
    part = list(itertools.takewhile(lambda item: item.entry.scope not in BREAKS, after[2:]))
    if any(item.entry.kind == "named" for item in part):
        return found[1:]
    if part and part[0].entry.scope == "deny":
        first.stated = (part[0].entry.p, part[0].entry.low, part[0].entry.high)
        return found
    stated = any(item.entry.modifiers or item.entry.scope == "seen" for item in part)
    return found if stated or _FIGURE.match(sentence[first.stop :]) else found[1:]


# "No effusion" and "without fracture" say the same of two things. Half of the sentences that come once in real reports
# play their parts in an order that was met before, so that what each order says is remembered.
@lru_cache(maxsize=_REMEMBERED)
def _read_roles(roles: tuple[Entry, ...]) -> list[Mention]:
    """Read what phrases say of each other, whatever they name; `start` and `stop` are then places among them."""
    items = [Item(place, place, entry) for place, entry in enumerate(roles)]
    return [mention for clause in clauses(items) for mention in _read(clause)]


# Step 2: cues


def _read(clause: list[Item]) -> list[Mention]:
    """Say what a clause states of everything that it names."""
    said: dict[int, Stated] = {}
    cue: _Cue | None = None
    for place, item in enumerate(clause):
        entry = item.entry
        if entry.kind in ("named", "clear") or entry.quality:
            apart = cue is not None and cue.denies and cue.passed and entry.kind == "clear"
            said[place] = AFFIRMED if cue is None or apart else cue.stated
            if cue and entry.kind:
                cue.used = True
        if entry.scope in BOUNDARIES:
            if cue:
                cue.past, cue.passed = cue.used, True
        elif entry.scope == "deny" or (entry.scope == "hedge" and entry.place in ("before", "within")):
            cue = _next_cue(cue, entry)
        elif entry.scope == "deny_before" or entry.scope == "hedge":
            _look_back(clause, place, said)
    _doubt_choices(clause, said)
    return _mentions_of(clause, said)


# Cues stack: "no findings to suggest" denies once, "probably no" turns the hedge round (1 - p), "not excluded" is a cue
# of its own. NegEx lets the nearest cue win, which affirms "no findings to suggest edema".
def _next_cue(cue: _Cue | None, entry: Entry) -> _Cue:
    """The cue in force once `entry` is met: "no findings to suggest" denies, "probably no" doubts."""
    own = (entry.p, entry.low, entry.high)
    if entry.scope == "deny":
        if cue and not cue.used and not cue.denies:
            p, low, high = cue.stated
            if _EVEN[0] <= p <= _EVEN[1]:
                return _Cue(_OPEN, denies=True)
            return _Cue((round(1 - p, 6), round(1 - high, 6), round(1 - low, 6)), denies=True)
        return _Cue(own, denies=True)
    if cue and cue.denies and (entry.place == "within" or not (cue.used and cue.past)):
        return cue
    if cue and not (cue.used and cue.past) and cue.stated[0] < own[0]:
        return cue
    return _Cue(own)


def _look_back(clause: list[Item], place: int, said: dict[int, Stated]) -> None:
    """Let a cue that comes after its subject qualify it: "effusion and edema have resolved"."""
    entry = clause[place].entry
    own = (entry.p, entry.low, entry.high)
    parted = listed = False
    for before in range(place - 1, -1, -1):
        scope = clause[before].entry.scope
        subject = _subject(clause, before)
        if subject is not None and subject in said:
            said[subject] = min(said[subject], own)
            if entry.place == "last":
                return
        listed = listed or scope in ("and", "or")
        if scope in ("comma", "lead") and not listed and _names(clause[before + 1 : place]):
            return
        if parted and has_predicate([clause[before]]):
            return
        parted = parted or (scope in BREAKS and _names(clause[before + 1 : place]))


def _subject(clause: list[Item], place: int) -> int | None:
    """Whose statement a cue after `place` changes: a name's own, or for an organ that of the "enlarged" before it."""
    entry = clause[place].entry
    if entry.kind != "neutral":
        return place if entry.kind else None
    quality = _nearest_quality(clause, place)
    return quality if quality is not None and quality < place and clause[quality].entry.quality == "large" else None


def _names(items: list[Item]) -> bool:
    return any(item.entry.kind == "named" for item in items)


# CheXpert's rule for "or" (Irvin et al. 2019): of two things that may be the cause neither is stated. It is kept
# although a reader may well be sure that one of them is there, since labels are compared with CheXpert's.
def _doubt_choices(clause: list[Item], said: dict[int, Stated]) -> None:
    """Make both sides of an affirmed "or" possible, with the list before it: "atelectasis, edema or pneumonia"."""
    for place, item in enumerate(clause):
        if item.entry.scope != "or":
            continue
        if _is_steady(clause, place):
            continue
        own = item.entry
        open_ = (own.p, own.low, own.high) if own.p == own.p else _OPEN  # other languages give no p
        side = [*_beside(clause, place, -1), *_beside(clause, place, 1)]
        if len(side) > 1 and min(side) < place < max(side):
            for named in side:
                if said[named][0] > open_[0]:
                    said[named] = open_


def _is_steady(clause: list[Item], place: int) -> bool:
    """Whether the choice is between things that haven't changed: "no change in the effusion or the atelectasis"."""
    before = itertools.dropwhile(lambda item: not item.entry.scope, reversed(clause[:place]))
    return any(item.entry.scope == "steady" for item in itertools.islice(before, 1))


def _beside(clause: list[Item], place: int, step: int) -> list[int]:
    """Things named next to `place` in one direction: one of them, or a list parted by commas when looking back."""
    found = []
    at = place + step
    while 0 <= at < len(clause):
        entry = clause[at].entry
        if entry.kind == "named":
            found.append(at)
            if step > 0 or not _goes_on(clause, at):
                return found
        elif entry.scope and entry.scope != "comma" and not (step > 0 and entry.scope == "hedge"):
            return found
        at += step
    return found


def _goes_on(clause: list[Item], place: int) -> bool:
    """Whether a list goes on before `place`: a comma, and before it a thing without a place or size of its own.

    "Left basilar opacity, atelectasis or pneumonia" names two choices, "edema, atelectasis or pneumonia" three.
    """
    comma = next((at for at in range(place - 1, -1, -1) if clause[at].entry.scope or clause[at].entry.kind), -1)
    if comma < 0 or clause[comma].entry.scope != "comma":
        return False
    part = itertools.takewhile(lambda item: item.entry.scope not in BREAKS, reversed(clause[:comma]))
    return not any(item.entry.modifiers for item in part)


# Step 3: qualities and modifiers


def _mentions_of(clause: list[Item], said: dict[int, Stated]) -> list[Mention]:
    found = {}
    for place, item in enumerate(clause):
        entry = item.entry
        stated = said.get(place) if entry.kind in ("named", "clear") else None
        if entry.kind == "neutral":
            stated = _quality_of(clause, place, said)
        if stated is not None:
            found[place] = Mention(item.start, item.stop, entry.concept, stated)
    if found:
        _give_modifiers(clause, found)
    return list(found.values())


def _quality_of(clause: list[Item], place: int, said: dict[int, Stated]) -> Stated | None:
    """What a clause says of an organ's size, after any doubt that follows ("enlarged heart can't be excluded")."""
    quality = _nearest_quality(clause, place)
    rest = itertools.takewhile(lambda item: item.entry.kind != "named", clause[place + 1 :])
    doubts = (item.entry for item in rest if item.entry.place in ("after", "quality"))
    doubt = next(((entry.p, entry.low, entry.high) for entry in doubts), None)
    if quality is None:
        return doubt
    stated = _value(clause[quality].entry.quality, said[quality])
    return doubt if doubt and stated[0] > doubt[0] else stated


def _nearest_quality(clause: list[Item], place: int) -> int | None:
    """Where the quality of an organ stands: right before it, else the first after it, else one for all before it."""
    if place and clause[place - 1].entry.quality:
        return place - 1
    after = [at for at in range(place + 1, len(clause)) if clause[at].entry.quality and not _belongs_ahead(clause, at)]
    telling = [at for at in after if clause[at].entry.quality != "stable"] or after
    if telling:
        return telling[0]
    before = [at for at in range(place) if clause[at].entry.quality]
    if before and not any(item.entry.scope in VERBS for item in clause[before[-1] : place]):
        return before[-1]
    return None


def _belongs_ahead(clause: list[Item], place: int) -> bool:
    """Whether a quality stands right before something else that is named: "heart size normal, large effusion"."""
    return place + 1 < len(clause) and clause[place + 1].entry.kind in ("named", "neutral")


def _value(quality: str, stated: Stated) -> Stated:
    """How probable an enlargement is, given the quality and how sure the text is of it."""
    if quality == "large":
        return stated
    if quality == "normal":
        p, low, high = stated
        return (round(1 - p, 6), round(1 - high, 6), round(1 - low, 6))
    return {"upper_normal": _UPPER_NORMAL, "borderline": _OPEN, "stable": _UNSAID}[quality]


def _give_modifiers(clause: list[Item], found: dict[int, Mention]) -> None:
    for place, item in enumerate(clause):
        if not item.entry.modifiers:
            continue
        owners = _owners(clause, place, found)
        for name, value in item.entry.modifiers.items():
            for owner in owners:
                _give(found[owner].modifiers, name, value)


def _give(modifiers: dict[str, str], name: str, value: str) -> None:
    have = modifiers.get(name)
    if name == "side" and have and {have, value} == {"left", "right"}:
        modifiers[name] = "both"
    elif have is None:
        modifiers[name] = value


def _owners(clause: list[Item], place: int, found: dict[int, Mention]) -> list[int]:
    """Whom a modifier describes: what precedes it in its part of the clause, else what follows, else what preceded."""
    before = [at for at in found if at < place]
    if before and not any(item.entry.scope in _PARTS for item in clause[before[-1] + 1 : place]):
        return before[-1:]
    after = [at for at in found if at > place]
    return after[:1] or before


def _state_figures(found: list[Mention], text: list[Word]) -> None:
    """Let certainty that is stated outright replace the words': of what stands before it, else of what follows."""
    open_ = found
    given = figures(text)
    for place, figure in enumerate(given):
        end = given[place + 1].start if place + 1 < len(given) else text[-1][2]
        before = [mention for mention in open_ if mention.start < figure.start]
        meant = before or [mention for mention in open_ if mention.start < end]
        for mention in meant:
            mention.stated = figure.applied(mention.stated)
        open_ = [mention for mention in open_ if mention not in meant]
