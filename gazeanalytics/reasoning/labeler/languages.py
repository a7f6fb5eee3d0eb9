"""Which language a text is written in; texts that are not read are set aside and counted, never misread.

Read as English, "Kein Pneumothorax" affirms. Stop words and letters separate these languages within a few words; a
model of character sequences needs longer texts than "Kein Erguss" to be sure, and a file of weights.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["LANGUAGES", "detect_language", "language_rules"]

LANGUAGES = ("en", "de", "es", "fr", "pt")
"""Languages that have rules of their own."""

_NAMING = ("concepts", "clear", "inverse", "hedges", "deny_after_cue", "deny_before_cue", "side")
_LONG = 5  # letters of a medical word that speaks for its language
_SHORT = 6  # words; a text this short is foreign by one word alone
_WORDS = re.compile(r"[^\W\d_]+")
_LATIN = re.compile(r"[a-z\u00c0-\u024f]")
_LETTER = re.compile(r"[^\W\d_]")


@cache
def language_rules(language: str) -> Mapping[str, Any]:
    """Words and phrases of a language, as its file in `lexicon/languages/` has them.

    Examples
    --------
    >>> language_rules("de")["concepts"]["atelectasis"][:2]
    ['atelekta*', 'dystelekta*']
    """
    path = files("gazeanalytics.reasoning.labeler").joinpath(f"lexicon/languages/{language}.toml")
    return tomllib.loads(path.read_text("utf-8"))


@cache
def _stop_words() -> dict[str, frozenset[str]]:
    english = frozenset(_WORDS.findall(" ".join(_english_files())))
    kinds = {"en": frozenset(language_rules("en")["stopwords"])}
    for language in LANGUAGES[1:]:
        rules = language_rules(language)
        named = frozenset(_WORDS.findall(repr([rules[part] for part in _NAMING]).lower()))
        telling = {word for word in named - english if len(word) >= _LONG}
        kinds[language] = frozenset(rules["stopwords"]) | telling
    return kinds | {language: frozenset(words) for language, words in language_rules("others").items()}


def _english_files() -> list[str]:
    """The words that English texts of radiology hold, so that they speak for no other language."""
    folder = files("gazeanalytics.reasoning.labeler").joinpath("lexicon")
    names = ("concepts.toml", "cues.toml", "hedges.csv", "signs.csv", "mimics.toml")
    return [folder.joinpath(name).read_text("utf-8").lower() for name in names]


@cache
def _any_foreign() -> frozenset[str]:
    kinds = _stop_words()
    return frozenset().union(*kinds.values()) - kinds["en"]


def detect_language(text: str) -> str:
    """Name the language of a text: en, de, es, fr, pt, it, nl, or other (another script).

    Parameters
    ----------
    text : str
        Any; English where nothing speaks against it.

    Examples
    --------
    >>> [detect_language(text) for text in ("No edema.", "Kein Pneumothorax.", "Sin derrame pleural.", "Нет выпота")]
    ['en', 'de', 'es', 'other']
    """
    low = text.lower()
    if low.isascii() and _any_foreign().isdisjoint(low.replace(".", " ").replace(",", " ").split()):
        return "en"
    if not low.isascii() and len(_LATIN.findall(low)) < len(_LETTER.findall(low)) / 2:
        return "other"
    found = set(_WORDS.findall(low))
    scores = {language: len(found & words) + _by_letters(low, language) for language, words in _stop_words().items()}
    english = scores.pop("en")
    best = max(scores, key=lambda language: scores[language])
    enough = 1 if len(found) <= _SHORT else 2
    return best if scores[best] > english and scores[best] >= enough else "en"


def _by_letters(low: str, language: str) -> int:
    letters = language_rules(language)["letters"] if language in LANGUAGES[1:] and not low.isascii() else ""
    return int(any(letter in low for letter in letters))
