"""What a reading has said so far, and what replies, retractions and look-alikes change of it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from gazeanalytics.reasoning.labeler.certainty import ABSENT_TO, ASKED
from gazeanalytics.reasoning.labeler.phrase_matching import words
from gazeanalytics.reasoning.labeler.questions import answered
from gazeanalytics.reasoning.labeler.replies import ANSWERED_NO, Reply
from gazeanalytics.reasoning.labeler.stated_certainty import figures
from gazeanalytics.reasoning.labeler.statements import BARE_LINE, MODIFIERS, Said, Stated, What

__all__ = ["Found", "Thread", "answer", "pass_over", "retract", "take_up"]

_COLUMNS = ("row", "finding", "certainty", "low", "high", *MODIFIERS, "concept", "act", "start", "stop")
_KINDS = dict.fromkeys(_COLUMNS, object) | {
    "row": np.int64,
    "start": np.int64,
    "stop": np.int64,
    "certainty": np.float64,
    "low": np.float64,
    "high": np.float64,
}
_RETRACTED: Stated = (0.05, 0.0, 0.15)
_OPEN_AGAIN: Stated = (0.6, 0.3, 0.9)
_PASSED_OVER: Stated = (0.2, 0.05, 0.4)
_EXPLAINED: Stated = (0.1, 0.0, 0.3)
_UPHELD: Stated = (0.8, 0.5, 0.95)
_UNDECIDED: Stated = (0.45, 0.2, 0.75)
_FLAT = 0.90
_EVEN = 0.5
_CONCEPT = 4 + len(MODIFIERS)
_AIR = frozenset({"pneumothorax", "hydropneumothorax"})
_APPEARANCES = frozenset({"opacity", "infiltrate", "consolidation", "perihilar_haze", "support_device"})
_OPACITY = frozenset({"opacity", "infiltrate"})


@dataclass(slots=True)
class Found:
    """Mentions in flat lists, one entry each: which text, what is said, and the characters.

    Examples
    --------
    >>> len(Found().table())
    0
    """

    place: list[int] = field(default_factory=list)
    what: list[What] = field(default_factory=list)
    start: list[int] = field(default_factory=list)
    stop: list[int] = field(default_factory=list)

    def add(self, place: int, begin: int, said: Said) -> None:
        """Add what a sentence that begins at character `begin` says."""
        self.place += [place] * len(said.whats)
        self.what += said.whats
        self.start += [begin + start for start in said.starts]
        self.stop += [begin + stop for stop in said.stops]

    def add_again(self, place: int, whats: Sequence[What], stated: Stated, act: str, span: tuple[int, int]) -> None:
        """Add what is now said of findings that were named before."""
        for what in whats:
            self.place.append(place)
            self.what.append((what[0], *stated, *what[4:-1], act))
            self.start.append(span[0])
            self.stop.append(span[1])

    def restate(self, first: int, sentence: str) -> None:
        """Apply a certainty that has a sentence of its own to what the one before says: "Edema. Confidence: 85 %"."""
        given = figures(words(sentence))
        if len(given) == 1:
            self.what[first:] = [(what[0], *given[0].applied(what[1:4]), *what[4:]) for what in self.what[first:]]

    def answer(self, first: int) -> None:
        """Leave out questions that the text itself answers: "evaluate for edema ... no edema"."""
        answers = {what[0] for what in self.what[first:] if what[1:4] != ASKED and what[-1] != "implied"}
        kept = [not (what[1:4] == ASKED and what[0] in answers) for what in self.what[first:]]
        self.place[first:] = list(itertools.compress(self.place[first:], kept))
        self.what[first:] = list(itertools.compress(self.what[first:], kept))
        self.start[first:] = list(itertools.compress(self.start[first:], kept))
        self.stop[first:] = list(itertools.compress(self.stop[first:], kept))

    def table(self) -> pd.DataFrame:
        """Lay the mentions out as a table."""
        said = list(zip(*self.what, strict=True)) or [()] * (len(_COLUMNS) - 3)
        columns = [self.place, *said, self.start, self.stop]
        return pd.DataFrame(
            {name: pd.Series(list(own), dtype=_KINDS[name]) for name, own in zip(_COLUMNS, columns, strict=True)}
        )


@dataclass(slots=True)
class Thread:
    """What a reading has named so far: what its next sentence may answer or take back.

    Sentences are only kept (`heard`) until one asks what they said, which few do: `open` then has, for each finding and
    concept, the latest mention that isn't denied, `named` the mentions of the last sentence that named something, and
    `device` whether a support device was ever stated without a hedge, `calls` and `turned` how each finding is called
    and whether that has just changed. `asked` is the question that was put last.

    Examples
    --------
    >>> Thread().last()
    []
    """

    heard: list[Sequence[What]] = field(default_factory=list)
    named: list[What] = field(default_factory=list)
    open: dict[tuple[str, str], What] = field(default_factory=dict)
    device: bool = False
    calls: dict[str, bool] = field(default_factory=dict)
    turned: set[str] = field(default_factory=set)
    asked: Said | None = None

    def last(self) -> list[What]:
        """The mentions of the last sentence that named something."""
        self._take_in()
        return self.named

    def explained(self, concepts: frozenset[str]) -> list[What]:
        """Open claims of findings that something that only looks like them explains."""
        self._take_in()
        return [what for (_, concept), what in self.open.items() if concept.partition(" sign ")[0] in concepts]

    def without_lines(self, said: Said) -> Said:
        """Leave out "the line" where it is the edge of a pneumothorax that was just named, and no device."""
        if not self.is_of_air():
            return said
        kept = [at for at, what in enumerate(said.whats) if what[_CONCEPT] != BARE_LINE]
        own = ([column[at] for at in kept] for column in (said.whats, said.starts, said.stops))
        return replace(said, **dict(zip(("whats", "starts", "stops"), own, strict=True)))

    def is_of_air(self) -> bool:
        """Whether the last sentence that named something spoke of a pneumothorax, whose edge is then "the line"."""
        return any(what[_CONCEPT].partition(" sign ")[0] in _AIR for what in self.last())

    def _take_in(self) -> None:
        for whats in self.heard:
            explicit = {(what[0], what[_CONCEPT]): what for what in whats if what[-1] != "implied"}
            self.named = list(explicit.values()) or self.named
            for key, what in explicit.items():
                self._note_call(what)
                self.device = self.device or (what[0] == "support_devices" and what[1] >= _FLAT)
                if what[1] > ABSENT_TO:
                    self.open[key] = what
                else:
                    self.open.pop(key, None)
        self.heard = []

    def _note_call(self, what: What) -> None:
        """Note whether a finding is now called the other way than it was."""
        call = what[1] >= _EVEN
        (self.turned.add if self.calls.get(what[0], call) != call else self.turned.discard)(what[0])
        self.calls[what[0]] = call


def retract(found: Found, thread: Thread, said: Said, place: int, begin: int) -> None:
    """Take back what was named before, but for what the sentence names again."""
    again = {what[0] for what in said.whats}
    # An opacity that is "just atelectasis" is still one.
    kept = _OPACITY if again - {"other_finding"} else frozenset()
    taken_back = [what for what in thread.last() if what[0] not in again and what[_CONCEPT] not in kept]
    found.add_again(place, taken_back, _RETRACTED, "retracted", (begin, begin + said.starts[0]))


# "Could be pneumonia. ... More like atelectasis." leaves pneumonia less likely than it was; without this what was only
# considered would keep the certainty of its first mention.
def pass_over(found: Found, thread: Thread, said: Said, alternatives: frozenset[str], where: tuple[int, int]) -> None:
    """Let explanations that were only considered yield to the one that is settled on."""
    place, begin = where
    named = {what[0] for what in said.whats}
    last = thread.last()
    only = said.only and any(what[0] not in named for what in last)
    passed = [
        what
        for what in (last if only else thread.explained(alternatives))
        if what[0] not in named and what[1] > _PASSED_OVER[0] and what[_CONCEPT].partition(" sign ")[0] in alternatives
        if only or what[-1] in ("asked", "hedged", "compared")
    ]
    added = len(found.what)
    found.add_again(place, passed, _PASSED_OVER, "compared", (begin + said.starts[0], begin + said.stops[-1]))
    thread.heard.append(found.what[added:])


# The answer to a question about something else than the finding's presence must not be taken for one about that.
def answer(found: Found, thread: Thread, said: Said, sentence: str, where: tuple[int, int]) -> bool:
    """Whether a sentence only answers how a finding is, or what looks like it; of the latter say what follows."""
    asked = thread.asked
    if asked is None or said.reply is None or (asked.asks != "attribute" and not asked.mimics):
        return False
    answer = answered(sentence)
    if answer is None or asked.asks == "attribute":
        return answer is not None
    reply, (place, begin) = said.reply, where
    added = len(found.what)
    for mimic in asked.mimics:
        stated = {"yes": _EXPLAINED, "no": _UPHELD, "open": _UNDECIDED}[answer]
        explained = thread.explained(mimic.concepts)
        found.add_again(place, explained, stated, "retracted", (begin + reply.start, begin + reply.stop))
    thread.heard.append(found.what[added:])
    return True


def take_up(found: Found, thread: Thread, said: Said, place: int, begin: int) -> None:
    """Apply a reply to the findings last named, and what only looks like a finding to the claims that it explains."""
    explained_any = False
    doubts = said.reply is not None and said.reply.act == "hedged"  # "I'm no longer sure, there's a lot of overlap"
    for mimic in () if doubts else said.mimics:
        explained = thread.explained(mimic.concepts)
        explained_any = explained_any or bool(explained)
        added = len(found.what)
        found.add_again(place, explained, mimic.stated, "retracted", (begin + mimic.start, begin + mimic.stop))
        thread.heard.append(found.what[added:])
    reply = said.reply
    hedging = reply is not None and reply.act == "hedged"
    if reply is not None and not explained_any:
        added = len(found.what)
        meant = [what for what in thread.last() if not reply.of or what[_CONCEPT] in reply.of]
        if thread.asked is not None:  # "is one of the leads fractured?" doubts the fracture, not the leads
            meant = [what for what in meant if what[1] < _FLAT] or meant
        if thread.device and reply.act not in (
            "undone",
            "mistaken",
        ):  # of a device that is there its place or state is asked
            meant = [what for what in meant if what[0] != "support_devices" or what[1] >= _FLAT]
        if thread.asked is None and reply.stated == ANSWERED_NO:  # "no, it's below the diaphragm": of its place
            meant = [what for what in meant if what[0] != "support_devices"]
        if reply.act == "mistaken":  # who has just corrected it owns up to what was said before
            stands = thread.turned
            meant = [
                what for what in meant if what[0] not in stands and (what[-1] != "retracted" or what[1] > ABSENT_TO)
            ]
        if said.of_before:
            own = {what[0] for what in said.whats}
            meant = [what for what in meant if what[0] not in own and not (hedging and _stays_open(what))]
        _reply(found, meant, reply, place, begin)
        thread.heard.append(found.what[added:])


def _stays_open(what: What) -> bool:
    """Whether another explanation leaves a statement as it is: an appearance that it explains, or a denial."""
    return what[1] <= ABSENT_TO or what[_CONCEPT] in _APPEARANCES


def _reply(found: Found, meant: Sequence[What], reply: Reply, place: int, begin: int) -> None:
    """Apply a reply to what was named last; what undoes a denial leaves the finding open, and rather likely."""
    span = (begin + reply.start, begin + reply.stop)
    denied = [what for what in meant if what[1] <= ABSENT_TO]
    others = [what for what in meant if what[1] > ABSENT_TO]
    if reply.act in ("undone", "mistaken"):
        found.add_again(place, others, reply.stated, "retracted", span)
        found.add_again(place, denied, _OPEN_AGAIN, "retracted", span)
    elif reply.act == "confirmed":
        found.add_again(place, others, reply.stated, "stated", span)
    elif reply.act == "sure":
        found.add_again(place, others, reply.stated, "hedged", span)
        p, low, high = reply.stated
        found.add_again(place, denied, (round(1 - p, 6), round(1 - high, 6), round(1 - low, 6)), "hedged", span)
    else:
        found.add_again(place, meant, reply.stated, reply.act, span)
