"""The lexicon: phrases, the concepts they name, and which findings a concept speaks of.

The word lists lie in `lexicon/` as TOML and CSV. The phrases of the CheXpert labeler (MIT) are part of them.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from gazeanalytics.brief import Brief
from gazeanalytics.reasoning.labeler.certainty import hedges
from gazeanalytics.reasoning.labeler.languages import LANGUAGES, language_rules
from gazeanalytics.reasoning.labeler.phrase_matching import Entry, Phrases
from gazeanalytics.tables import nearest

__all__ = ["FINDINGS", "SCHEMES", "Lexicon", "Link", "lexicon", "medical_phrases"]

SCHEMES = ("chexpert", "nih", "chexgpt")
"""Names of the built-in lexicons."""

# The 14 observations of CheXpert, in its order.
FINDINGS = (
    "no_finding",
    "enlarged_cardiomediastinum",
    "cardiomegaly",
    "lung_lesion",
    "lung_opacity",
    "edema",
    "consolidation",
    "pneumonia",
    "atelectasis",
    "pneumothorax",
    "pleural_effusion",
    "pleural_other",
    "fracture",
    "support_devices",
)

_AFFIRMED = 0.98  # what an unhedged statement of presence states
_HEDGE = ("phrase", "place", "p", "low", "high")
_MARKS = {",": "comma", ":": "lead", "(": "lead", ")": "comma", ";": "stop", "/": "or"} | dict.fromkeys(
    ("-", "--", "–", "—"), "comma"
)
# Stated probability of a denial, of a denial with reserve, and of what is only history; with their ranges.
_DENIALS = {
    "deny_alone_cue": ("deny", 0.02, 0.0, 0.10),
    "deny_after_cue": ("deny", 0.02, 0.0, 0.10),
    "deny_weakly_after_cue": ("deny", 0.05, 0.0, 0.15),
    "past_after_cue": ("deny", 0.10, 0.0, 0.50),
    "deny_before_cue": ("deny_before", 0.02, 0.0, 0.10),
}

# What each side of a choice is given: possible, in the order of Rabaey et al. 2025, arXiv 2511.04506.
_CHOICES = {"or": (0.43, 0.25, 0.75), "or_both": (0.52, 0.25, 0.75), "or_against": (0.36, 0.15, 0.65)}


@dataclass(frozen=True, slots=True)
class Link:
    """How a concept speaks of a finding.

    Attributes
    ----------
    finding : str
        The finding.
    reach : float
        How far: 1 all the way; "vascular congestion" reaches edema by a half.
    one_way : bool
        Denying the concept says nothing of the finding.
    inverse : bool
        The concept is the finding's opposite.

    Examples
    --------
    >>> lexicon().links["hydropneumothorax"][0]
    Link(finding='pneumothorax', reach=1.0, one_way=False, inverse=False)
    """

    finding: str
    reach: float = 1.0
    one_way: bool = False
    inverse: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Lexicon(Brief):
    """What to look for in text.

    Attributes
    ----------
    name : str
        Name of the scheme of findings.
    findings : tuple of str
        The findings, in order.
    links : dict
        Concept -> the findings that it speaks of.
    phrases : Phrases
        The matcher.
    groups : dict
        Concept -> names of the things that it may name: a denial takes back claims of the same thing.
    covers : dict
        Concept of the whole ("normal chest") -> the findings, with their concepts, of which it speaks.
    mimics : dict
        Concept of what only looks like a finding -> the concepts that it explains.
    alternatives : frozenset of str
        Concepts each of which explains an opacity without the others.
    look_alikes : frozenset of str
        Concepts that may be taken for another: who says "that is a hernia" no longer considers the mass.

    Examples
    --------
    >>> [link.finding for link in lexicon().links["hydropneumothorax"]]
    ['pneumothorax', 'pleural_effusion']
    """

    name: str
    findings: tuple[str, ...]
    links: Mapping[str, tuple[Link, ...]]
    phrases: Phrases
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)
    covers: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    mimics: Mapping[str, frozenset[str]] = field(default_factory=dict)
    alternatives: frozenset[str] = frozenset()
    look_alikes: frozenset[str] = frozenset()


def lexicon(scheme: str | Path | Mapping[str, Sequence[str]] = "chexpert", *, language: str = "en") -> Lexicon:
    """Get a lexicon by the name of its findings, or make one from your own word lists.

    Parameters
    ----------
    scheme : str, path or mapping
        `"chexpert"` (14 observations), `"nih"` (ChestX-ray14) or `"chexgpt"` (MIMIC-500); or `{finding: [phrases]}`; or
        a TOML file that holds such a mapping. A phrase is words between blanks: `a|b` either, `word?` may be missing,
        `stem*` any ending.
    language : str
        Of the built-in schemes: en, de, es, fr or pt.

    Raises
    ------
    ValueError
        If no scheme has that name, there are no rules for the language, or a list holds no phrase.

    Examples
    --------
    >>> lexicon("nih").findings[:3]
    ('atelectasis', 'cardiomegaly', 'effusion')
    >>> lexicon({"rib_notching": ["rib notching", "notched rib*"]}).findings
    ('rib_notching',)
    """
    if isinstance(scheme, Mapping):
        return _own(scheme)
    if isinstance(scheme, Path) or str(scheme).endswith(".toml"):
        return _own(tomllib.loads(Path(scheme).read_text("utf-8")))
    if language not in LANGUAGES:
        raise ValueError(f"there are no rules for language {language!r}; there are {', '.join(LANGUAGES)}")
    return _builtin(scheme, language)


def _own(lists: Mapping[str, Sequence[str]]) -> Lexicon:
    phrases = _general_phrases()
    for finding, own in lists.items():
        if isinstance(own, str) or not own:
            raise ValueError(f"finding {finding!r}: expected a list of phrases; got {own!r}")
        for phrase in own:
            phrases.add(phrase, Entry(concept=finding, kind="named"))
    return Lexicon("own", tuple(lists), {finding: (Link(finding),) for finding in lists}, phrases)


@cache
def _builtin(name: str, language: str = "en") -> Lexicon:
    schemes = _read("schemes.toml")
    if name not in SCHEMES:
        raise ValueError(f"there is no scheme {name!r}; {nearest(name, list(SCHEMES))}")
    links: dict[str, tuple[Link, ...]] = {}
    for finding, concepts in schemes[name].items():
        for concept in concepts:
            link = Link(
                finding,
                schemes["reach"].get(finding, {}).get(concept, 1.0),
                concept in schemes["one_way"].get(finding, ()),
                concept in schemes["inverse"].get(finding, ()),
            )
            links[concept] = (*links.get(concept, ()), link)
    for sign, row in _signs():
        links[sign] = tuple(_sign_link(link, row) for link in links.get(row["concept"], ()) if not link.inverse)
    covers = {
        whole: tuple(dict.fromkeys((link.finding, part) for part in parts for link in links.get(part, ())))
        for whole, parts in schemes["covers"].items()
    }
    mimics = {name: frozenset(kinds["explains"]) for name, kinds in _read("mimics.toml").items()}
    groups: dict[str, frozenset[str]] = {}
    for group, concepts in schemes["same"].items():
        for concept in concepts:
            groups[concept] = groups.get(concept, frozenset()) | {group}
    for sign, row in _signs():
        groups[sign] = groups.get(row["concept"], frozenset({row["concept"]}))
    for concept in ("cardiomegaly", "effusion"):
        opposite = tuple(Link(link.finding, inverse=True) for link in links.get(concept, ()) if not link.inverse)
        links[f"no {concept}"] = opposite
        groups[f"no {concept}"] = groups.get(concept, frozenset({concept}))
    phrases = _medical_phrases() if language == "en" else _foreign_phrases(language)
    alternatives, look_alikes = (frozenset(schemes["alternatives"][name]) for name in ("opacity", "look_alike"))
    return Lexicon(name, tuple(schemes[name]), links, phrases, groups, covers, mimics, alternatives, look_alikes)


@cache
def _signs() -> tuple[tuple[str, dict[str, str]], ...]:
    """Signs that speak of a finding without its name, each under a concept of its own."""
    text = files("gazeanalytics.reasoning.labeler").joinpath("lexicon/signs.csv").read_text("utf-8")
    return tuple((f"{row['concept']} sign {at}", row) for at, row in enumerate(csv.DictReader(text.splitlines()), 1))


def _sign_link(link: Link, row: Mapping[str, str]) -> Link:
    """How a sign speaks of a finding: as far as the table says; denied, it may deny the finding or say nothing."""
    if row["denial"] == "against":
        return Link(link.finding, inverse=True)
    return Link(link.finding, float(row["p"]) / _AFFIRMED * link.reach, row["denial"] == "silent")


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(files("gazeanalytics.reasoning.labeler").joinpath("lexicon", name).read_text("utf-8"))


@cache
def _medical_phrases() -> Phrases:
    return medical_phrases()


def medical_phrases(own: Sequence[tuple[str, Entry]] = ()) -> Phrases:
    """Build the matcher of all built-in English phrases; own ones come first, so that they win over equal words.

    Parameters
    ----------
    own : sequence of (phrase, Entry)
    """
    phrases = _general_phrases(own)
    for concept, kinds in _read("mimics.toml").items():
        for phrase in kinds["named"]:
            phrases.add(phrase, Entry(concept=concept, kind="named"))
    for concept, kinds in _read("concepts.toml").items():
        for kind, entries in kinds.items():
            for phrase in entries:
                phrases.add(phrase, Entry(concept=concept, kind=kind))
    for sign, row in _signs():
        phrases.add(row["phrase"], Entry(concept=sign, kind="clear" if row["denial"] == "against" else "named"))
    return phrases


@cache
def _foreign_phrases(language: str) -> Phrases:
    """The phrases of another language; the engine that reads their scopes is the same."""
    rules = language_rules(language)
    phrases = Phrases(rules["fillers"])
    for phrase, entry in _foreign_entries(rules):
        phrases.add(phrase, entry)
    for mark, scope in _MARKS.items():
        phrases.add(mark, Entry(scope=scope))
    return phrases


def _foreign_entries(rules: Mapping[str, Any]) -> Iterator[tuple[str, Entry]]:
    for phrase, p, place in rules["hedges"]:
        yield phrase, Entry(scope="hedge", p=p, low=max(p - 0.2, 0.0), high=min(p + 0.2, 1.0), place=place)
    for name in ("deny_after_cue", "deny_before_cue"):
        scope, p, low, high = _DENIALS[name]
        yield from ((phrase, Entry(scope=scope, p=p, low=low, high=high)) for phrase in rules[name])
    for scope in ("steady", "stop", "or", "and", "with", "verb", "seen"):
        yield from ((phrase, Entry(scope=scope)) for phrase in rules[scope])
    for side, entries in rules["side"].items():
        yield from ((phrase, Entry(modifiers={"side": side})) for phrase in entries)
    for table, kind, before in (("concepts", "named", ""), ("clear", "clear", ""), ("inverse", "clear", "no ")):
        for concept, entries in rules[table].items():
            yield from ((phrase, Entry(concept=before + concept, kind=kind)) for phrase in entries)


def _general_phrases(own: Sequence[tuple[str, Entry]] = ()) -> Phrases:
    """Words of scope, certainty, quality and place: what any list of findings needs around it."""
    cues = _read("cues.toml")
    phrases = Phrases(cues.pop("fillers"))
    for phrase, entry in (*own, *_general_entries(cues)):
        phrases.add(phrase, entry)
    return phrases


def _general_entries(cues: dict[str, Any]) -> Iterator[tuple[str, Entry]]:
    scale = hedges()
    for phrase, place, p, low, high in zip(*(scale[name].tolist() for name in _HEDGE), strict=True):
        yield phrase, Entry(scope="hedge", p=p, low=low, high=high, place=place)
    for name, (scope, p, low, high) in _DENIALS.items():
        place = "either" if name == "deny_alone_cue" else ""
        yield from ((phrase, Entry(scope=scope, p=p, low=low, high=high, place=place)) for phrase in cues.pop(name))
    for quality, entries in cues.pop("quality").items():
        yield from ((phrase, Entry(quality=quality)) for phrase in entries)
    for name in ("side", "zone", "severity", "change"):
        for value, entries in cues.pop(name).items():
            yield from ((phrase, Entry(modifiers={name: value})) for phrase in entries)
    for name, (p, low, high) in _CHOICES.items():
        yield from ((phrase, Entry(scope="or", p=p, low=low, high=high)) for phrase in cues.pop(name))
    for scope, entries in cues.items():
        yield from ((phrase, Entry(scope=scope)) for phrase in entries)
    yield from ((mark, Entry(scope=scope)) for mark, scope in _MARKS.items())
