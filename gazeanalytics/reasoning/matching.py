"""One matcher for every phrase of the lexicon: text -> words -> the longest phrase at each place.

A phrase is written as words between blanks: `a|b` either, `word?` may be missing, `stem*` any ending. All phrases grow
into one tree of words, so a text is read once however many phrases there are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product

__all__ = ["Entry", "Item", "Phrases", "expand", "words"]

# An abbreviation with a slash, a word, a number, or one mark; hyphens part words ("air-space").
_WORD = re.compile(r"[hrn]/[oa]\b|and/or\b|[^\W\d_]+(?:'[a-z]+)?|\d+(?:\.\d+)?|[.,;:?!()/%]")


@dataclass(slots=True)
class Entry:
    """What a phrase is for. One phrase may play several parts ("stable": a quality and a change).

    Attributes
    ----------
    concept, kind : str
        The concept it names, and how: named, neutral, clear, ignore; empty for other words.
    scope : str
        What it does to its neighbours: deny, deny_before, hedge, steady, stop, verb, seen, or, and, with ...
    p, low, high : float
        Stated probability of what it qualifies, and its range; NaN where it states none.
    place : str
        Where that stands: before, after or either side of ... the cue comes `before` what it qualifies.
    quality : str
        How an organ is: normal, upper_normal, borderline, large, stable.
    modifiers : dict
        side, zone, severity, change.
    """

    concept: str = ""
    kind: str = ""
    scope: str = ""
    p: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    place: str = ""
    quality: str = ""
    modifiers: dict[str, str] = field(default_factory=dict)

    def add(self, other: Entry) -> None:
        """Take over the parts that `other` plays, keeping what is there already."""
        if other.concept and not self.concept:
            self.concept, self.kind = other.concept, other.kind
        if other.scope and not self.scope:
            self.scope, self.p, self.low, self.high, self.place = (
                other.scope,
                other.p,
                other.low,
                other.high,
                other.place,
            )
        self.quality = self.quality or other.quality
        self.modifiers = {**other.modifiers, **self.modifiers}


@dataclass(slots=True)
class Item:
    """A phrase found in a text: characters `start` to `stop`, and what it is for."""

    start: int
    stop: int
    entry: Entry


def expand(phrase: str) -> Iterator[tuple[str, ...]]:
    """Write out the choices of a phrase.

    Examples
    --------
    >>> list(expand("pleural fluid|effusion* noted?"))
    [('pleural', 'fluid', 'noted'), ('pleural', 'fluid'), ('pleural', 'effusion*', 'noted'), ('pleural', 'effusion*')]
    """
    slots = [_slot(slot) for slot in phrase.lower().split()]
    for choice in product(*slots):
        yield tuple(word for word in choice if word)


def _slot(slot: str) -> tuple[str, ...]:
    if slot.endswith("?") and len(slot) > 1:
        return (*slot[:-1].split("|"), "")
    return tuple(slot.split("|"))


def words(text: str) -> list[tuple[str, int, int]]:
    """Cut a lower-case text into words, numbers and marks, each with the characters that it covers.

    Examples
    --------
    >>> words("no air-space disease.")[:3]
    [('no', 0, 2), ('air', 3, 6), ('space', 7, 12)]
    """
    return [(found.group(), *found.span()) for found in _WORD.finditer(text)]


class _Node:
    __slots__ = ("entry", "next")

    def __init__(self) -> None:
        self.next: dict[str, _Node] = {}
        self.entry: Entry | None = None


class Phrases:
    """A tree of phrases, ready to match.

    Examples
    --------
    >>> phrases = Phrases(fillers={"the"})
    >>> phrases.add("size of heart", Entry(concept="heart"))
    >>> [(item.start, item.stop) for item in phrases.match(words("size of the heart: normal"))]
    [(0, 17)]
    """

    def __init__(self, fillers: Iterable[str] = ()) -> None:
        self._root = _Node()
        self._fillers = frozenset(fillers)
        self._stems: set[str] = set()
        self._exact: set[str] = set()
        self._known: dict[str, tuple[str, ...]] = {}  # both remember words met, for words come back
        self._starts: dict[str, list[_Node]] = {}

    def add(self, phrase: str, entry: Entry) -> None:
        """Add a phrase with all its choices; a phrase that is there already plays both parts."""
        self._known.clear()
        self._starts.clear()
        for choice in expand(phrase):
            node = self._root
            for word in choice:
                (self._stems if word.endswith("*") else self._exact).add(word)
                node = node.next.setdefault(word, _Node())
            if node.entry is None:
                node.entry = Entry()
            node.entry.add(entry)

    def _edges(self, word: str) -> tuple[str, ...]:
        """Names of the tree's edges that a word may take."""
        found = self._known.get(word)
        if found is None:
            stems = (word[:length] + "*" for length in range(len(word), 0, -1))
            found = ((word,) if word in self._exact else ()) + tuple(stem for stem in stems if stem in self._stems)
            self._known[word] = found
        return found

    def match(self, sentence: list[tuple[str, int, int]]) -> list[Item]:
        """Find the longest phrase at each word, left to right, none overlapping another.

        Parameters
        ----------
        sentence : list of (word, start, stop)
            From `words`.
        """
        found = []
        place, last = 0, len(sentence)
        while place < last:
            word, start, _ = sentence[place]
            nodes = self._starts.get(word)
            if nodes is None:
                nodes = self._starts[word] = [self._root.next[e] for e in self._edges(word) if e in self._root.next]
            place += 1
            if nodes:
                stop, entry = self._longest(nodes[0], sentence, place)
                for node in nodes[1:]:
                    stop, entry = max((stop, entry), self._longest(node, sentence, place), key=_reach)
                if entry is not None:
                    found.append(Item(start, sentence[stop - 1][2], entry))
                    place = stop
        return found

    def _longest(self, node: _Node, sentence: list[tuple[str, int, int]], place: int) -> tuple[int, Entry | None]:
        """Where the longest phrase below `node` ends, and what it is for; fillers are passed over inside."""
        best: tuple[int, Entry | None] = (place, node.entry) if node.entry is not None else (0, None)
        while node.next and place < len(sentence):
            word = sentence[place][0]
            place += 1
            for edge in self._edges(word):
                after = node.next.get(edge)
                if after is not None:
                    best = max(best, self._longest(after, sentence, place), key=_reach)
            if word not in self._fillers:
                break
        return best


def _reach(found: tuple[int, Entry | None]) -> int:
    return found[0]
