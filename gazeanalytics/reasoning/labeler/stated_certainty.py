"""Certainty that a text states outright: "85 % sure", "confidence 4/5", "a probability of 0.3", "confidence: high"."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Figure", "figures"]

Word = tuple[str, int, int]
Stated = tuple[float, float, float]

# Words of confidence are about the claim ("no edema, 90 % sure"), words of chance about the finding itself.
_CLAIM = frozenset({"confidence", "confident", "certainty", "certain", "sure"})
_CHANCE = frozenset({"probability", "likelihood", "chance", "suspicion", "p"})
_ADJACENT = frozenset({"likely", "probable"})
_BETWEEN = frozenset(
    {":", "(", "of", "is", "at", "about", "around", "approximately", "roughly", "a", "an", "the", "level", "score"}
    | {"degree", "rating", "my", "estimated", "percent", "%"}
)
_LINKS = frozenset({"is", "as", "at", "about", "around", "approximately", "roughly"})
_MARKS = frozenset({",", ";", "."})
# Levels of confidence in words. No published scale orders these; the values are ours, with wide ranges.
_LEVELS: dict[str, Stated] = {
    "high": (0.90, 0.75, 1.0),
    "very": (0.95, 0.85, 1.0),
    "highly": (0.95, 0.85, 1.0),
    "fairly": (0.80, 0.60, 0.95),
    "reasonably": (0.80, 0.60, 0.95),
    "moderate": (0.70, 0.50, 0.90),
    "moderately": (0.70, 0.50, 0.90),
    "medium": (0.70, 0.50, 0.90),
    "low": (0.50, 0.25, 0.75),
}
# "the chance of pneumonia is tiny": as the same words before "chance" on the scale of hedges (ICD 203, 2015)
_CHANCES: dict[str, Stated] = {
    word: stated
    for words, stated in (
        ("tiny remote slim negligible minuscule minimal", (0.08, 0.01, 0.15)),
        ("low small slight", (0.13, 0.05, 0.25)),
        ("zero nil", (0.02, 0.0, 0.10)),
        ("even moderate intermediate", (0.50, 0.25, 0.75)),
        ("high considerable great", (0.88, 0.75, 1.0)),
    )
    for word in words.split()
}
_ADVERBS = frozenset(
    {"very", "extremely", "quite", "rather", "pretty", "really", "vanishingly", "exceedingly", "close", "to"}
)
_FARTHEST = 9  # words between "chance" and what is said of it


@dataclass(frozen=True, slots=True)
class Figure:
    """A certainty stated as a number or a level.

    Attributes
    ----------
    start : int
        First character.
    stated : (p, low, high)
        What is stated: of the finding, or of the claim made about it.
    of_claim : bool
        Whether a denial turns it round: "no edema (90 % sure)" gives edema .1.
    number : bool
        Whether it is a number; a level in words yields to a hedge.

    Examples
    --------
    >>> from gazeanalytics.reasoning.labeler.phrase_matching import words
    >>> figure = figures(words("no edema (90 % sure)"))[0]
    >>> figure.stated[0], figure.of_claim, round(figure.applied((0.05, 0.0, 0.1))[0], 2)
    (0.9, True, 0.1)
    """

    start: int
    stated: Stated
    of_claim: bool
    number: bool

    def applied(self, words: Stated) -> Stated:
        """Say what is stated of a finding of which the words alone state `words`."""
        if not self.number and 0.2 < words[0] < 0.95:
            return words
        p, low, high = self.stated
        if self.of_claim and words[0] <= 0.2:
            return round(1 - p, 6), round(1 - high, 6), round(1 - low, 6)
        return self.stated


def figures(text: list[Word]) -> list[Figure]:
    """Find the certainties that a sentence states outright, in order.

    Parameters
    ----------
    text : list of (word, start, stop)
        From `matching.words`.

    Examples
    --------
    >>> from gazeanalytics.reasoning.labeler.phrase_matching import words
    >>> [figure.stated[0] for figure in figures(words("edema (confidence: 4/5), 20 to 40 % chance of effusion"))]
    [0.8, 0.3]
    >>> figures(words("a 20 % pneumothorax"))
    []
    """
    tokens = [word for word, _, _ in text]
    found = [*_numbers(tokens, text), *_levels(tokens, text), *_chances(tokens, text)]
    return sorted(found, key=lambda figure: figure.start)


def _numbers(tokens: list[str], text: list[Word]) -> Iterator[Figure]:
    place = 0
    while place < len(tokens):
        last, stated = _number(tokens, place)
        kind = _kind(tokens, place, last) if stated else ""
        if stated and kind:
            yield Figure(text[place][1], stated, kind in _CLAIM, True)
        place = last + 1


def _number(tokens: list[str], place: int) -> tuple[int, Stated | None]:
    """Read a share at `place`: where it ends and its value; one number may follow another, as the end of a range."""
    first = _value(tokens, place)
    if first is None:
        return place, None
    second_at = place + 1 + (tokens[place + 1 : place + 2] == ["to"])
    second = _value(tokens, second_at)
    end = second_at if second is not None and second > first else place
    ends = (first, second if end > place and second is not None else first)
    unit = tokens[end + 1 : end + 4]
    if unit[:1] in (["%"], ["percent"]):
        return end + 1, _share(ends, 100.0)
    if unit[:1] == ["/"] or unit[:2] == ["out", "of"]:
        of_at = end + (2 if unit[0] == "/" else 3)
        return of_at, _share(ends, _value(tokens, of_at) or 0.0)
    return end, _share(ends, 1.0) if "." in tokens[end] else None


def _value(tokens: list[str], place: int) -> float | None:
    return (
        float(tokens[place])
        if place < len(tokens) and tokens[place][0].isdigit() and "/" not in tokens[place]
        else None
    )


def _share(ends: tuple[float, float], whole: float) -> Stated | None:
    if not whole > 0 or ends[1] > whole:
        return None
    low, high = ends[0] / whole, ends[1] / whole
    return round((low + high) / 2, 6), low, high


def _kind(tokens: list[str], first: int, last: int) -> str:
    """Which word of certainty a number belongs to: one right after it, or before it but for small words; "" if none."""
    after = tokens[last + 1] if last + 1 < len(tokens) else ""
    if after in _CLAIM | _CHANCE | _ADJACENT and after != "p":
        return after
    linked = first > 0 and tokens[first - 1] in _LINKS  # "the probability of pneumonia is 30 %"
    for word in reversed(tokens[max(first - 7, 0) : first]):
        if word in _CLAIM or word in _CHANCE:
            return word
        if word in _MARKS or not (linked or word in _BETWEEN):
            break
    return ""


def _levels(tokens: list[str], text: list[Word]) -> Iterator[Figure]:
    for place, word in enumerate(tokens):
        stated = _LEVELS.get(word)
        if stated is None:
            continue
        after = [token for token in tokens[place + 1 : place + 4] if token not in ("degree", "of", "level")]
        before = [token for token in tokens[max(place - 3, 0) : place] if token not in (":", "is", "level", "(")]
        if (after[:1] and after[0] in _CLAIM) or (before[-1:] and before[-1] in ("confidence", "certainty")):
            yield Figure(text[place][1], stated, True, False)


def _chances(tokens: list[str], text: list[Word]) -> Iterator[Figure]:
    """What is said of a chance that was named first: "the likelihood of edema is very low"."""
    for place, word in enumerate(tokens):
        if word not in ("chance", "chances", "likelihood", "probability", "odds", "suspicion"):
            continue
        ahead = tokens[place + 1 : place + _FARTHEST]
        at = next(
            (at for at, token in enumerate(ahead) if token in ("is", "are", "was", "seems", "looks", "remains")), None
        )
        rest = (
            []
            if at is None
            else [(far, token) for far, token in enumerate(ahead) if far > at and token not in _ADVERBS]
        )
        if rest and rest[0][1] in _CHANCES:
            yield Figure(text[place + 1 + rest[0][0]][1], _CHANCES[rest[0][1]], False, True)
