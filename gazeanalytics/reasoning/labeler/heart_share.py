"""The heart's width as a share of the chest's: a ratio, a percentage, or two widths."""

from __future__ import annotations

import re

__all__ = ["heart_share"]

Stated = tuple[float, float, float]

_RATIO = re.compile(
    r"\b(?:cardio-? ?thoracic ratio|cardiothoracic index|ct ratio|ctr|ratio)\b(\D{0,30}?)"
    r"(?:(\d{2}(?:\.\d+)?) ?(?:%|percent)|(0?\.\d+))"
)
_SHARE = re.compile(
    r"\b(?:heart|silhouette|cardiac (?:shadow|width|diameter))\b(\D{0,40}?)(\d{2}(?:\.\d+)?) ?(?:%|percent) of"
    r" (?:the |his |her |its )?(?:[a-z]+ )?(?:chest|thora\w+|hemithora\w+|rib ?cage|transverse|width|diameter)()"
)
_WIDTHS = re.compile(
    r"\b(?:heart|silhouette|cardiac (?:shadow|width|diameter))\b\D{0,30}?(\d{1,2}(?:\.\d)?) ?(?:cm )?"
    r"(?:in|over|of|out of|to|against|on|/)(?: an?| the)? ?(\d{2}(?:\.\d)?)(?= ?(?:cm|centimet)| (?:wide|chest|thora))"
)
_TWO = re.compile(r"\bratio\b\D{0,20}?(\d{1,2}(?:\.\d)?) ?(?:cm )?(?:to|over|/|:|by) ?(\d{2}(?:\.\d)?)\b")
_LIKELY_WIDTHS = (0.25, 0.95)
_ABOVE = re.compile(r"\b(?:exceed\w*|above|over|greater|more|larger|higher)\b|>|≥")
_BELOW = re.compile(r"\b(?:below|under|less|smaller|lower)\b|<|≤")
_BEYOND = 0.06
# Above .5 the heart is enlarged (Danzer 1919, Am. J. Med. Sci. 157:513); up to .55 it may be projection or expiration.
_RATIOS: tuple[tuple[float, Stated], ...] = (
    (0.55, (0.95, 0.80, 1.0)),
    (0.50, (0.70, 0.40, 0.90)),
    (0.0, (0.05, 0.0, 0.20)),
)


def heart_share(sentence: str) -> tuple[Stated, int, int] | None:
    """Read a cardiothoracic ratio in a lower-case sentence: what it states of an enlarged heart, and its characters.

    Examples
    --------
    >>> heart_share("cardiothoracic ratio of 0.62")[0][0], heart_share("the heart is 14 cm in a 31 cm chest")[0][0]
    (0.95, 0.05)
    >>> heart_share("a 2 cm nodule") is None
    True
    """
    found = value = None
    if "ratio" in sentence or "ctr" in sentence or "index" in sentence or "% of" in sentence or "cent of" in sentence:
        found = _RATIO.search(sentence) or _SHARE.search(sentence)
    if found is not None:
        value = float(found.group(2)) / 100 if found.group(2) else float(found.group(3))
        if _ABOVE.search(found.group(1)):  # "exceeds .5" says how far no more than "is enlarged" does
            value += _BEYOND
        elif _BELOW.search(found.group(1)):
            value -= _BEYOND
    elif " cm" in sentence or "ratio" in sentence:
        found = _WIDTHS.search(sentence) or _TWO.search(sentence)
        value = float(found.group(1)) / float(found.group(2)) if found is not None and float(found.group(2)) else None
        if value is None or not _LIKELY_WIDTHS[0] < value < _LIKELY_WIDTHS[1]:
            return None
    if found is None or value is None:
        return None
    stated = next(stated for above, stated in _RATIOS if value > above or above == 0)
    return stated, *found.span()
