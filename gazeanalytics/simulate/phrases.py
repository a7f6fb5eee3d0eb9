"""Sentences that readers say: a finding, a hedge, a place; and sentences that state no finding at all."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

__all__ = ["LABELS", "NEUTRAL", "PLACES", "sentences"]

_WORDS = tomllib.loads(files("gazeanalytics.simulate").joinpath("phrases.toml").read_text("utf-8"))
_NOUNS: dict[str, list[str]] = _WORDS["nouns"]
_TEMPLATES: dict[float, list[str]] = {float(probability): ways for probability, ways in _WORDS["templates"].items()}

NEUTRAL: tuple[str, ...] = tuple(_WORDS["neutral"])
"""Sentences about the image and its normal structures, without a finding."""

PLACES: dict[str, str] = _WORDS["places"]
"""How an organ is said as a place; findings elsewhere are said without one."""

LABELS: dict[str, str] = _WORDS["labels"]
"""Findings as models name them in an answer."""


@cache
def sentences(finding: str, certainty: float) -> tuple[str, ...]:
    """All ways to say that a finding is there with this probability, without place and full stop.

    Examples
    --------
    >>> sentences("pleural_other", 0.15)
    ('Pleural thickening is unlikely', 'I think pleural thickening is unlikely', 'Pleural thickening seems unlikely')
    """
    ways = (_fill(template, noun) for noun in _NOUNS[finding] for template in _TEMPLATES[certainty])
    return tuple(dict.fromkeys(ways))


def _fill(template: str, noun: str) -> str:
    bare = noun.removeprefix("an ").removeprefix("a ")
    return template.format(a=noun, A=_capital(noun), bare=bare, Bare=_capital(bare))


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
