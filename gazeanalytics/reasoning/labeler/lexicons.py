"""The lexicon: phrases, the concepts they name, and which findings a concept speaks of.

The word lists lie in `lexicon/` as TOML and CSV. The phrases of the CheXpert labeler (MIT) are part of them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from gazeanalytics.reasoning.labeler.certainty import hedges
from gazeanalytics.reasoning.labeler.phrase_matching import Entry, Phrases
from gazeanalytics.tables import nearest

__all__ = ["FINDINGS", "Lexicon", "Link", "lexicon"]

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

_SPECIAL = ("reach", "one_way", "inverse")
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
class Lexicon:
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

    Examples
    --------
    >>> [link.finding for link in lexicon().links["hydropneumothorax"]]
    ['pneumothorax', 'pleural_effusion']
    """

    name: str
    findings: tuple[str, ...]
    links: Mapping[str, tuple[Link, ...]]
    phrases: Phrases


def lexicon(scheme: str | Path | Mapping[str, Sequence[str]] = "chexpert") -> Lexicon:
    """Get a lexicon by the name of its findings, or make one from your own word lists.

    Parameters
    ----------
    scheme : str, path or mapping
        `"chexpert"` (14 observations), `"nih"` (ChestX-ray14) or `"chexgpt"` (MIMIC-500); or `{finding: [phrases]}`; or
        a TOML file that holds such a mapping. A phrase is words between blanks: `a|b` either, `word?` may be missing,
        `stem*` any ending.

    Raises
    ------
    ValueError
        If no scheme has that name, or a list holds no phrase.

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
    return _builtin(scheme)


def _own(lists: Mapping[str, Sequence[str]]) -> Lexicon:
    phrases = _general_phrases()
    for finding, own in lists.items():
        if isinstance(own, str) or not own:
            raise ValueError(f"finding {finding!r}: expected a list of phrases; got {own!r}")
        for phrase in own:
            phrases.add(phrase, Entry(concept=finding, kind="named"))
    return Lexicon("own", tuple(lists), {finding: (Link(finding),) for finding in lists}, phrases)


@cache
def _builtin(name: str) -> Lexicon:
    schemes = _read("schemes.toml")
    names = [scheme for scheme in schemes if scheme not in _SPECIAL]
    if name not in names:
        raise ValueError(f"there is no scheme {name!r}; {nearest(name, names)}")
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
    return Lexicon(name, tuple(schemes[name]), links, _medical_phrases())


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(files("gazeanalytics.reasoning.labeler").joinpath("lexicon", name).read_text("utf-8"))


@cache
def _medical_phrases() -> Phrases:
    phrases = _general_phrases()
    for concept, kinds in _read("concepts.toml").items():
        for kind, entries in kinds.items():
            for phrase in entries:
                phrases.add(phrase, Entry(concept=concept, kind=kind))
    return phrases


def _general_phrases() -> Phrases:
    """Words of scope, certainty, quality and place: what any list of findings needs around it."""
    cues = _read("cues.toml")
    phrases = Phrases(cues.pop("fillers"))
    for phrase, entry in _general_entries(cues):
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
    for scope, entries in cues.items():
        yield from ((phrase, Entry(scope=scope)) for phrase in entries)
    yield from ((mark, Entry(scope=scope)) for mark, scope in _MARKS.items())
