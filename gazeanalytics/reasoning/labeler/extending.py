"""A study's own phrases and hedges beside the built-in ones: `[reasoning] phrases` and `hedges` of study.toml."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from gazeanalytics.reasoning.labeler.lexicons import Lexicon, Link, medical_phrases
from gazeanalytics.reasoning.labeler.phrase_matching import Entry, Phrases
from gazeanalytics.tables import nearest

__all__ = ["extend"]

_Key = tuple[str, str, float]  # concept, kind, probability: what makes an entry of a phrase

_MAX_CHOICES = 2_000  # ways to read one phrase: "a|b c?" has four; a received study must not ask for millions
_MAX_PHRASES = 2_000
_REACH = 0.2  # half the range that an own hedge is given, as its author states one number alone


def extend(
    base: Lexicon, *, phrases: Mapping[str, Sequence[str]] | None = None, hedges: Mapping[str, float] | None = None
) -> Lexicon:
    """Add own phrases of findings, and own words of certainty, to a built-in English lexicon.

    An own phrase comes before a built-in one of as many words.

    Parameters
    ----------
    base : Lexicon
        From `lexicon("chexpert")` or another scheme.
    phrases : mapping of str to sequence of str, optional
        Finding -> phrases that name it; as in `lexicon`: `a|b` either, `word?` may be missing, `stem*` any ending.
    hedges : mapping of str to float, optional
        Phrase -> the probability that it states of what follows it, 0 to 1.

    Raises
    ------
    ValueError
        If a finding isn't one of the lexicon's, a list holds no phrase, a phrase can be read in more than 2,000 ways,
        or a probability lies outside 0 to 1.

    Examples
    --------
    >>> from gazeanalytics.reasoning import label_text, lexicon
    >>> own = extend(lexicon(), phrases={"pneumothorax": ["dark apex"]}, hedges={"smells like": 0.7})
    >>> label_text("Smells like a dark apex.", lexicon=own)[["finding", "certainty"]].values.tolist()
    [['pneumothorax', 0.7]]
    """
    phrases, hedges = phrases or {}, hedges or {}
    entries = [*_named(base, phrases), *_hedged(hedges)]
    if len(entries) > _MAX_PHRASES:
        raise ValueError(f"expected at most {_MAX_PHRASES:,} own phrases; got {len(entries):,}")
    for phrase, _ in entries:
        _refuse_too_many_ways(phrase)
    return replace(base, phrases=_matcher(tuple(entries)))


@lru_cache(maxsize=4)
def _matcher(entries: tuple[tuple[str, _Key], ...]) -> Phrases:
    """Built once for a study's settings, which are read at several places."""
    return medical_phrases([(phrase, _entry(key)) for phrase, key in entries])


def _entry(key: _Key) -> Entry:
    concept, kind, p = key
    if concept:
        return Entry(concept=concept, kind=kind, own=True)
    low, high = max(round(p - _REACH, 6), 0.0), min(round(p + _REACH, 6), 1.0)
    return Entry(scope="hedge", p=p, low=low, high=high, place="either", own=True)


# An own phrase names a concept that is there already: "no pneumothorax" then takes back a "dark apex".
def _concept(base: Lexicon, finding: str) -> str:
    """The built-in concept that speaks of a finding, and of as few others as any does."""
    speaking = [concept for concept, links in base.links.items() if Link(finding) in links]
    return min(speaking, key=lambda concept: len(base.links[concept]))


def _named(base: Lexicon, phrases: Mapping[str, Sequence[str]]) -> list[tuple[str, _Key]]:
    entries = []
    for finding, own in phrases.items():
        if finding not in base.findings:
            raise ValueError(f"phrases: there is no finding {finding!r}; {nearest(finding, list(base.findings))}")
        if isinstance(own, str) or not own or not all(isinstance(phrase, str) and phrase.strip() for phrase in own):
            raise ValueError(f"phrases: {finding}: expected a list of phrases; got {own!r}")
        kind = "clear" if finding == "no_finding" else "named"
        entries += [(phrase, (_concept(base, finding), kind, 0.0)) for phrase in own]
    return entries


def _hedged(hedges: Mapping[str, float]) -> list[tuple[str, _Key]]:
    entries = []
    for phrase, p in hedges.items():
        number = isinstance(p, int | float) and not isinstance(p, bool) and math.isfinite(p) and 0 <= p <= 1
        if not number or not phrase.strip():
            raise ValueError(f"hedges: {phrase!r}: expected a probability from 0 to 1; got {p!r}")
        entries.append((phrase, ("", "", float(p))))
    return entries


def _refuse_too_many_ways(phrase: str) -> None:
    ways = math.prod(slot.count("|") + 1 + slot.endswith("?") for slot in phrase.split())
    if ways > _MAX_CHOICES:
        raise ValueError(f"phrase {phrase[:60]!r} can be read in more ways than the {_MAX_CHOICES:,} allowed")
