"""How numbers are spelt in a paper: significant digits, p-values, intervals, names of terms."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

__all__ = [
    "MINUS",
    "count",
    "interval",
    "is_spread",
    "level_name",
    "note_mark",
    "number",
    "p_told",
    "p_value",
    "row_name",
    "term_name",
]

MINUS = "\u2212"
_LEVEL = re.compile(r"\[(?:T\.)?([^\[\]]*)\]")
_WRAPPED = re.compile(r"^(?:C|factor)\(\s*([^,()]+?)\s*(?:,[^()]*(?:\([^()]*\)[^()]*)*)?\)")
_SPREAD = re.compile(r"^(?:sd|var|cor|corr)\((.*)\)$")


def number(value: float, decimals: int = 2) -> str:
    """Spell a number with fixed decimals and a true minus; missing is an empty string.

    Examples
    --------
    >>> number(-0.7807), number(float("nan")), number(-0.001), number(162754.79)
    ('−0.78', '', '0.00', '1.6e5')
    """
    if not math.isfinite(value):
        return "" if math.isnan(value) else ("∞" if value > 0 else MINUS + "∞")
    if abs(value) >= 1e5:
        mantissa, exponent = f"{value:.1e}".split("e")
        return f"{mantissa}e{int(exponent)}".replace("-", MINUS)
    text = f"{value:.{decimals}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def decimals_for(std_error: float, usual: int = 2) -> int:
    """Decimals that show a digit of the standard error: the usual number, more for small ones, fewer above 10.

    Examples
    --------
    >>> decimals_for(0.0254), decimals_for(0.0042), decimals_for(0.00042), decimals_for(250.0)
    (2, 3, 4, 0)
    """
    if not (math.isfinite(std_error) and std_error > 0):
        return usual
    first_digit = -math.floor(math.log10(std_error))
    return min(max(first_digit, usual), 6) if first_digit > -1 else max(usual + first_digit, 0)


def p_value(value: float) -> str:
    """Spell a p-value as journals do: three decimals, no leading zero, never zero or one.

    Examples
    --------
    >>> p_value(0.00004), p_value(0.0312), p_value(0.99996), p_value(float("nan"))
    ('<.001', '.031', '>.999', '')
    """
    if math.isnan(value):
        return ""
    if value < 0.001:
        return "<.001"
    if value > 0.999:
        return ">.999"
    return f"{value:.3f}".lstrip("0")


def p_told(value: float) -> str:
    """Spell a p-value within a sentence.

    Examples
    --------
    >>> p_told(0.0004), p_told(0.0432)
    ('p < .001', 'p = .043')
    """
    spelt = p_value(value)
    return f"p < {spelt[1:]}" if spelt.startswith("<") else f"p = {spelt}"


def interval(low: float, high: float, decimals: int = 2) -> str:
    """Spell an interval; empty when both ends are unknown.

    Examples
    --------
    >>> interval(-0.831, -0.731)
    '[−0.83, −0.73]'
    """
    if math.isnan(low) and math.isnan(high):
        return ""
    return f"[{number(low, decimals)}, {number(high, decimals)}]"


def count(value: float) -> str:
    """Spell a whole number with thousands; missing is an empty string.

    Examples
    --------
    >>> count(7455.0)
    '7,455'
    """
    return "" if math.isnan(value) else f"{value:,.0f}"


def note_mark(place: int) -> str:
    """Footnote sign of the note at `place`: dagger, double dagger, section, pilcrow, then doubled."""
    signs = "†‡§¶"
    return signs[place % len(signs)] * (1 + place // len(signs))


def is_spread(term: str) -> bool:
    """Tell whether a term is a standard deviation or correlation of random effects.

    Examples
    --------
    >>> is_spread("sd(reader)"), is_spread("experience_years")
    (True, False)
    """
    return _SPREAD.match(term) is not None


def term_name(term: str) -> str:
    """Spell a term of a formula for readers of a paper.

    Examples
    --------
    >>> term_name("strategy[T.zigzag]:prior"), term_name("C(max_saccades)[T.4]"), term_name("sd(reader)")
    ('strategy: zigzag × prior', 'max saccades: 4', 'reader')
    >>> term_name("cor(reader: (Intercept), experience_years)")
    'reader: (Intercept), experience years (correlation)'
    """
    spread = _SPREAD.match(term)
    if spread:
        name = spread.group(1).replace("_", " ")
        return f"{name} (correlation)" if term.startswith("cor") else name
    return " × ".join(_factor_name(part) for part in _split_interaction(term))


def row_name(row: Any, names: Mapping[str, str] | None = None) -> str:
    """Spell a row of an estimates table: its term, better named where `names` has it, and its contrast."""
    contrast = row.get("contrast")
    name = (names or {}).get(row["term"]) or term_name(row["term"])
    return f"{name} ({contrast})" if isinstance(contrast, str) and contrast else name


def level_name(level: str) -> str:
    """Spell a level of a factor: a plain identifier loses its underscores, any other text stays as it is.

    Examples
    --------
    >>> level_name("indication_and_prior"), level_name("$x_1")
    ('indication and prior', '$x_1')
    """
    return level.replace("_", " ") if level.isidentifier() and not level.startswith("_") else level


def _split_interaction(term: str) -> list[str]:
    """Cut at the colons outside brackets: a level may hold one."""
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(term):
        depth += (letter in "[(") - (letter in "])")
        if letter == ":" and depth == 0:
            parts.append(term[start:place])
            start = place + 1
    return [*parts, term[start:]]


def _factor_name(part: str) -> str:
    level = _LEVEL.search(part)
    name = _WRAPPED.sub(r"\1", part[: level.start()] if level else part).replace("_", " ").strip()
    return f"{name}: {level_name(level.group(1))}" if level else name
