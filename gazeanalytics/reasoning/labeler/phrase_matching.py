"""One matcher for every phrase of the lexicon: text -> words -> the longest phrase at each place.

A phrase is written as words between blanks: `a|b` either, `word?` may be missing, `stem*` any ending. All phrases grow
into one tree of words, so a text is read once however many phrases there are. The tree grows where texts lead: the
lexicon's 1,700 phrases have 600,000 ways to be read, of which a study meets few thousands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import accumulate
from typing import NamedTuple

# Words of at least this many letters may be misspelt by one letter; these are words of their own.
# Contractions without their apostrophe, as speech recognition writes them.
_VERBS = ("do", "does", "did", "ca", "could", "would", "should", "wo", "is", "are", "was", "were", "has", "have", "had")
_SPELT = {f"{verb}nt": f"{verb}n't" for verb in _VERBS} | {
    word.replace("'", ""): word
    for word in ("i'm", "i've", "they're", "they've", "we've", "that's", "there's", "what's", "here's", "he's", "she's")
}
_SQUEEZED = re.compile(
    rf"\b(?:{'|'.join(_SPELT)}|its(?= (?:not|just|only|an?|the|gone|there|nothing|probably|clearly)\b))\b"
)
_BRITISH = re.compile("our|ae|oe|is(?=ation|ed|ing|e$)|yse")
_AMERICAN = {"our": "or", "ae": "e", "oe": "e", "is": "iz", "yse": "yze"}
_LONG = 7
_REAL = frozenset({"injection", "injections", "inflection", "confusion", "confusional", "collapsible", "thoracotomy"})

_MAX_FILLERS = 5
_ROLES: dict[tuple, Entry] = {}

__all__ = ["Entry", "Item", "Phrases", "cut", "role", "spoken", "with_apostrophes", "words"]

# A long word (first, for speed), an abbreviation with a slash or a vertebra, (+) and (-), a word, a number, a dash,
# a mark; hyphens part words ("air-space").
_WORD = (
    r"(LETTER{4,}(?:'[a-z]+)?|\b(?:[hrn]/[oa]|w/o|[cd]/[wtf]|s/p|2/2|and/or|[a-z]\d+)\b|\bw/|\([-+]\)"
    r"|LETTER+(?:'[a-z]+)?|\d+(?:\.\d+)?|(?<=\s)[-–—]+(?=\s)|—|[.,;:?!()/%])"
)
_ANY_WORD = re.compile(_WORD.replace("LETTER", r"[^\W\d_]"))
_ASCII_WORD = re.compile(_WORD.replace("LETTER", "[a-z]"), re.ASCII)  # the same, and quicker


@dataclass(slots=True, eq=False)
class Entry:
    """What a phrase is for. One phrase may play several parts ("stable": a quality and a change).

    Two are equal only if they are one, so that what a run of phrases says can be remembered by its entries.

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
    own : bool
        Whether a study added it: then it goes before a built-in phrase that is as long.

    Examples
    --------
    >>> from gazeanalytics.reasoning.labeler.lexicons import lexicon
    >>> entry = lexicon().phrases.match("no")[0].entry
    >>> entry.scope, entry.p, entry.concept
    ('deny', 0.02, '')
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
    own: bool = False

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
        self.own = self.own or other.own


@lru_cache(maxsize=100_000)
def role(entry: Entry) -> Entry:
    """The entry that stands for all that play the same parts, whatever they name.

    Examples
    --------
    >>> role(Entry("edema", "named")) is role(Entry("fracture", "named"))
    True
    """
    figures = tuple(None if figure != figure else figure for figure in (entry.p, entry.low, entry.high))
    parts = (entry.kind, entry.scope, figures, entry.place, entry.quality, tuple(sorted(entry.modifiers.items())))
    return _ROLES.setdefault((bool(entry.concept), *parts), entry)


@dataclass(slots=True)
class Item:
    """A phrase found in a text: characters `start` to `stop`, and what it is for.

    Examples
    --------
    >>> from gazeanalytics.reasoning.labeler.lexicons import lexicon
    >>> item = lexicon().phrases.match("no effusion")[1]
    >>> item.start, item.stop, item.entry.concept
    (3, 11, 'effusion')
    """

    start: int
    stop: int
    entry: Entry


def _slot(slot: str) -> tuple[str, ...]:
    """Choices of one word of a phrase, "" where it may be missing."""
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
    return [(found.group(), *found.span()) for found in _ANY_WORD.finditer(text)]


def cut(text: str) -> list[str]:
    """Cut a lower-case text into what stands between its words and, at odd places, its words, numbers and marks.

    Examples
    --------
    >>> cut("no air-space disease.")[1::2]
    ['no', 'air', 'space', 'disease', '.']
    """
    return (_ASCII_WORD if text.isascii() else _ANY_WORD).split(text)


def with_apostrophes(text: str) -> tuple[str, list[int]]:
    """Write contractions that lack their apostrophe with it; and at which characters of the result one was put in.

    Examples
    --------
    >>> with_apostrophes("no i dont see one")
    ("no i don't see one", [8])
    """
    added: list[int] = []

    def spell(found: re.Match[str]) -> str:
        spelt = _SPELT.get(found.group(), "it's")
        added.append(found.start() + len(added) + spelt.index("'"))
        return spelt

    return _SQUEEZED.sub(spell, text), added


def spoken(words: str) -> frozenset[str]:
    """Words between blanks as `cut` gives them, each also with what speech joins to it: "it", "it's", "it'll".

    Examples
    --------
    >>> "it's" in spoken("it i")
    True
    """
    joined = ("", "'s", "'m", "'re", "'ve", "'ll", "'d", "'t")
    return frozenset(word + end for word in words.split() for end in joined)


_Slots = tuple[tuple[str, ...], ...]  # choices of each word of a phrase; "" where the word may be missing


class _Node:
    """A place in the tree: which phrases lead here, and, once grown, where they go on and what ends here."""

    __slots__ = ("entry", "next", "open")

    def __init__(self) -> None:
        self.next: dict[str, _Node] = {}
        self.entry: Entry | None = None
        self.open: list[tuple[_Slots, int, Entry]] = []

    def grow(self) -> None:
        """Write out the next words of the phrases that are open here."""
        onward: dict[str, _Node] = {}
        ends: Entry | None = None
        for slots, place, entry in self.open:
            while place < len(slots):
                for word in filter(None, slots[place]):
                    onward.setdefault(word, _Node()).open.append((slots, place + 1, entry))
                if "" not in slots[place]:
                    break
                place += 1
            else:
                ends = ends or Entry()
                ends.add(entry)
        # `open` goes last, as it says that the rest is there: two threads may then grow one node, alike.
        self.entry, self.next = ends, onward
        self.open = []


class _Start(NamedTuple):
    """Where phrases that begin with a word lead: their nodes, what the word is for alone, and which words go on."""

    nodes: list[_Node]
    alone: Entry | None
    goes_on: dict[str, bool]


class Phrases:
    """A tree of phrases, ready to match.

    Examples
    --------
    >>> phrases = Phrases(fillers={"the"})
    >>> phrases.add("size of heart", Entry(concept="heart"))
    >>> [(item.start, item.stop) for item in phrases.match("size of the heart: normal")]
    [(0, 17)]
    """

    def __init__(self, fillers: Iterable[str] = ()) -> None:
        self._added: list[tuple[_Slots, int, Entry]] = []
        self._fillers = frozenset(fillers)
        self._stems: set[str] = set()
        self._exact: set[str] = set()
        self._long: dict[str, set[str]] = {}
        self._known: dict[str, tuple[str, ...]] = {}  # both remember words met, for words come back
        self._starts: dict[str, _Start] = {}

    def add(self, phrase: str, entry: Entry) -> None:
        """Add a phrase with all its choices; a phrase that is there already plays both parts."""
        self._known.clear()
        self._starts.clear()
        self.__dict__.pop("_root", None)
        slots = tuple(_slot(slot) for slot in phrase.lower().split())
        self._added.append((slots, 0, entry))
        for word in {word for choices in slots for word in choices if word}:
            (self._stems if word.endswith("*") else self._exact).add(word)
            if entry.kind == "named" and len(word) > _LONG:
                self._long.setdefault(word[0], set()).add(word)

    @cached_property
    def _root(self) -> _Node:
        root = _Node()
        root.open = self._added.copy()
        root.grow()
        return root

    def _edges(self, word: str) -> tuple[str, ...]:
        """Names of the tree's edges that a word may take."""
        found = self._known.get(word)
        if found is None:
            stems = (word[:length] + "*" for length in range(len(word), 0, -1))
            found = ((word,) if word in self._exact else ()) + tuple(stem for stem in stems if stem in self._stems)
            if word[-2:] == "'s" or (not found and word in _SPELT):
                found = tuple(dict.fromkeys((*found, *self._spoken(word))))
            self._known[word] = found = found or self._american(word) or self._misspelt(word)
        return found

    def _spoken(self, word: str) -> tuple[str, ...]:
        """Names of the edges of a contraction without its apostrophe, "dont", or of a name with one, "heart's big"."""
        spelt = _SPELT.get(word) or word.removesuffix("'s")
        return self._edges(spelt) if spelt != word else ()

    def _american(self, word: str) -> tuple[str, ...]:
        """Names of the edges of a word in British spelling: "favour", "haemothorax"."""
        spelt = _BRITISH.sub(lambda found: _AMERICAN[found.group()], word) if len(word) > _LONG - 2 else word
        return self._edges(spelt) if spelt != word else ()

    def _misspelt(self, word: str) -> tuple[str, ...]:
        """Names of abnormalities that an unknown word may mean: those one letter more, less, wrong or astray away."""
        if len(word) < _LONG or word in _REAL or not word.isalpha():
            return ()
        return tuple(edge for edge in sorted(self._long.get(word[0], ())) if _nearly(word, edge))

    def match(self, text: str, parts: list[str] | None = None) -> list[Item]:
        """Find the longest phrase at each word of a lower-case text, left to right, none overlapping another.

        Parameters
        ----------
        text : str
            In lower case.
        parts : list of str, optional
            Of the text, from `cut`, where they are at hand.
        """
        parts = cut(text) if parts is None else parts
        tokens = parts[1::2]
        place, last = 0, len(tokens)
        tokens.append("")  # the end, at which every phrase stops
        found, starts = [], self._starts
        while place < last:
            word = tokens[place]
            start = starts.get(word) or self._start(word)
            place += 1
            if start.nodes:
                following = tokens[place]
                goes_on = start.goes_on.get(following)
                if goes_on is None:
                    goes_on = start.goes_on[following] = self._goes_on(start, following)
                stop, entry = self._farthest(start.nodes, tokens, place) if goes_on else (place, start.alone)
                if entry is not None:
                    found.append((place - 1, stop - 1, entry))
                    place = stop
        return _located(parts, found) if found else []

    def _start(self, word: str) -> _Start:
        nodes = [self._root.next[edge] for edge in self._edges(word) if edge in self._root.next]
        self._starts[word] = start = _Start(nodes, self._farthest(nodes, [word, ""], 1)[1], {})
        return start

    def _goes_on(self, start: _Start, word: str) -> bool:
        """Whether a phrase may go on with a word, so that the tree has to be walked."""
        edges = self._edges(word)
        return word in self._fillers or any(edge in node.next for node in start.nodes for edge in edges)

    def _farthest(self, nodes: list[_Node], tokens: list[str], place: int) -> tuple[int, Entry | None]:
        """Where the longest phrase below any of `nodes` ends, and what it is for."""
        stop, entry = 0, None
        for node in nodes:
            far = self._longest(node, tokens, place)
            if far[0] > stop or (far[0] == stop and far[1] is not None and far[1].own):
                stop, entry = far
        return stop, entry

    def _longest(self, node: _Node, tokens: list[str], place: int) -> tuple[int, Entry | None]:
        """Where the longest phrase below `node` ends, and what it is for; fillers are passed over inside."""
        if node.open:
            node.grow()
        stop, entry = (place, node.entry) if node.entry is not None else (0, None)
        ways, known = node.next, self._known
        if not ways:
            return stop, entry
        # No sentence has more fillers in a row; a text of nothing else would be walked through at each word.
        for word in tokens[place : place + _MAX_FILLERS + 1]:
            place += 1
            edges = known.get(word)
            for edge in self._edges(word) if edges is None else edges:
                after = ways.get(edge)
                if after is not None:
                    far = self._longest(after, tokens, place)
                    if far[0] > stop or (far[0] == stop and far[1] is not None and far[1].own):
                        stop, entry = far
            if word not in self._fillers:
                break
        return stop, entry


def _located(parts: list[str], found: list[tuple[int, int, Entry]]) -> list[Item]:
    """Turn first and last words into characters of the text."""
    ends = list(accumulate(map(len, parts)))
    return [Item(ends[2 * first], ends[2 * last + 1], entry) for first, last, entry in found]


def _nearly(word: str, edge: str) -> bool:
    """Whether a word begins with a stem, or is a word, but for one letter."""
    stem = edge.removesuffix("*")
    lengths = range(len(stem) - 1, len(stem) + 2) if edge.endswith("*") else (len(word),)
    return any(_one_slip(word[:length], stem) for length in lengths if length <= len(word))


# One slip alone (Damerau 1964, CACM 7:171, finds four in five misspellings to be one): two would turn words of anatomy
# into findings.
def _one_slip(word: str, target: str) -> bool:
    """Whether one letter is wrong, missing or too many, or two neighbours are swapped."""
    if abs(len(word) - len(target)) > 1:
        return False
    shorter = min(len(word), len(target))
    same = next((at for at in range(shorter) if word[at] != target[at]), shorter)
    a, b = word[same:], target[same:]
    if len(a) == len(b):
        return a[1:] == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])
    return a[1:] == b if len(a) > len(b) else a == b[1:]
