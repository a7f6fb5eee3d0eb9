"""Number formatting for papers: significant digits, p-values, confidence intervals, names of model terms."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "MINUS",
    "format_count",
    "format_interval",
    "format_level",
    "format_number",
    "format_p",
    "format_p_equation",
    "format_row_name",
    "format_term",
    "is_variance_component",
    "note_mark",
]

MINUS = "\u2212"
_LEVEL = re.compile(r"\[(?:T\.)?([^\[\]]*)\]")
_WRAPPED = re.compile(r"^(?:C|factor)\(\s*([^,()]+?)\s*(?:,[^()]*(?:\([^()]*\)[^()]*)*)?\)")
_SPREAD = re.compile(r"^(?:sd|var|cor|corr)\((.*)\)$")


def format_number(value: float, decimals: int = 2) -> str:
    """Format a number with fixed decimals and a true minus sign; a missing one as an empty string.

    Examples
    --------
    >>> format_number(-0.7807), format_number(float("nan")), format_number(-0.001), format_number(162754.79)
    ('−0.78', '', '0.00', '1.6e5')
    """
    if not math.isfinite(value):
        return "" if math.isnan(value) else ("∞" if value > 0 else MINUS + "∞")
    # Beyond five digits a column of numbers would be wider than its names.
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

    References
    ----------
    Cole, T. J. (2015). Too many digits: the presentation of numerical data. Archives of Disease in Childhood, 100,
    608-609.
    """
    if not (math.isfinite(std_error) and std_error > 0):
        return usual
    # The first digit of the standard error sets the precision: further digits of the estimate are noise (Cole 2015,
    # Too many digits: the presentation of numerical data).
    first_digit = -math.floor(math.log10(std_error))
    return min(max(first_digit, usual), 6) if first_digit > -1 else max(usual + first_digit, 0)


def format_p(value: float) -> str:
    """Format a p-value as journals do (APA): three decimals, no leading zero, never zero or one.

    Examples
    --------
    >>> format_p(0.00004), format_p(0.0312), format_p(0.99996), format_p(float("nan"))
    ('<.001', '.031', '>.999', '')
    """
    if math.isnan(value):
        return ""
    # APA style: a probability can't exceed 1, so nothing stands before the point; exact values, no stars.
    if value < 0.001:
        return "<.001"
    if value > 0.999:
        return ">.999"
    return f"{value:.3f}".lstrip("0")


def format_p_equation(value: float) -> str:
    """Format a p-value as an equation within a sentence.

    Examples
    --------
    >>> format_p_equation(0.0004), format_p_equation(0.0432)
    ('p < .001', 'p = .043')
    """
    text = format_p(value)
    return f"p < {text[1:]}" if text.startswith("<") else f"p = {text}"


def format_interval(low: float, high: float, decimals: int = 2) -> str:
    """Format a confidence interval; empty when both ends are unknown.

    Examples
    --------
    >>> format_interval(-0.831, -0.731)
    '[−0.83, −0.73]'
    """
    if math.isnan(low) and math.isnan(high):
        return ""
    return f"[{format_number(low, decimals)}, {format_number(high, decimals)}]"


def format_count(value: float) -> str:
    """Format a whole number with thousands separators; a missing one as an empty string.

    Examples
    --------
    >>> format_count(7455.0)
    '7,455'
    """
    return "" if math.isnan(value) else f"{value:,.0f}"


def note_mark(place: int) -> str:
    """Footnote sign of the note at `place`: dagger, double dagger, section, pilcrow, then doubled.

    Examples
    --------
    >>> note_mark(0), note_mark(3), note_mark(4)
    ('†', '¶', '††')
    """
    signs = "†‡§¶"
    return signs[place % len(signs)] * (1 + place // len(signs))


def is_variance_component(term: str) -> bool:
    """Whether a term is a variance component: a standard deviation, variance or correlation of random effects.

    Examples
    --------
    >>> is_variance_component("sd(reader)"), is_variance_component("experience_years")
    (True, False)
    """
    return _SPREAD.match(term) is not None


def format_term(term: str) -> str:
    """Format a term of a model formula for readers of a paper.

    Examples
    --------
    >>> format_term("strategy[T.zigzag]:prior"), format_term("C(max_saccades)[T.4]"), format_term("sd(reader)")
    ('strategy: zigzag × prior', 'max saccades: 4', 'reader')
    >>> format_term("cor(reader: (Intercept), experience_years)")
    'reader: (Intercept), experience years (correlation)'
    """
    spread = _SPREAD.match(term)
    if spread:
        name = spread.group(1).replace("_", " ")
        return f"{name} (correlation)" if term.startswith("cor") else name
    return " × ".join(_factor_name(part) for part in _split_interaction(term))


def format_row_name(row: Mapping[str, Any] | pd.Series, names: Mapping[str, str] | None = None) -> str:
    """Format the name of a row of estimates: its term, renamed where `names` has it, and its contrast.

    Examples
    --------
    >>> format_row_name({"term": "mean", "contrast": "with AI - alone"}, {"mean": "Difference in AUC"})
    'Difference in AUC (with AI - alone)'
    """
    contrast = row.get("contrast")
    name = (names or {}).get(row["term"]) or format_term(row["term"])
    return f"{name} ({contrast})" if isinstance(contrast, str) and contrast else name


def format_level(level: str) -> str:
    """Format a level of a factor: a plain identifier loses its underscores, any other text stays as it is.

    Examples
    --------
    >>> format_level("indication_and_prior"), format_level("$x_1")
    ('indication and prior', '$x_1')
    """
    return level.replace("_", " ") if level.isidentifier() and not level.startswith("_") else level


def _split_interaction(term: str) -> list[str]:
    """Split at the colons outside brackets: a level may hold one."""
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
    return f"{name}: {format_level(level.group(1))}" if level else name
