"""The registry: one file an analysis. A new file with an `ANALYSIS` in it is all that it takes to add one."""

from __future__ import annotations

from functools import cache
from typing import Any

from gazeanalytics.discovery import plugged_in
from gazeanalytics.study.analysis import Analysis

__all__ = ["registry"]


@cache
def registry() -> dict[str, Analysis[Any]]:
    """All analyses by name, each after those whose tables it needs or uses.

    Raises
    ------
    ValueError
        If two analyses bear one name, or need one another in a circle.

    Examples
    --------
    >>> list(registry())[:2], registry()["agreement"].question
    (['events', 'exclusions'], 'How far do readers agree on each finding, people and AI (kappa, alpha, AC1)?')
    """
    found: dict[str, Analysis[Any]] = {}
    analysis: Analysis[Any]
    for analysis in plugged_in(__name__, __path__, "ANALYSIS").values():
        if analysis.name in found:
            raise ValueError(f"two analyses are named {analysis.name!r}; rename one")
        found[analysis.name] = analysis
    return _in_order(found)


def _in_order(found: dict[str, Analysis[Any]]) -> dict[str, Analysis[Any]]:
    """Sort so that the maker of a table comes before all that need or use it; by name where the order is free."""
    before = {
        name: {maker for maker, other in found.items() if _comes_before(other, analysis)} - {name}
        for name, analysis in found.items()
    }
    ordered: dict[str, Analysis[Any]] = {}
    while len(ordered) < len(found):
        free = [name for name in sorted(found) if name not in ordered and before[name] <= set(ordered)]
        if not free:
            circle = ", ".join(sorted(set(found) - set(ordered)))
            raise ValueError(f"analyses need one another in a circle: {circle}")
        ordered[free[0]] = found[free[0]]
    return ordered


def _comes_before(other: Analysis[Any], analysis: Analysis[Any]) -> bool:
    """Whether it makes an input of the analysis, or changes one that the analysis doesn't make itself."""
    inputs = set(_inputs(analysis))
    return bool(inputs & set(other.makes) or (inputs - set(analysis.makes)) & set(other.refines))


def _inputs(analysis: Analysis[Any]) -> list[str]:
    needed = [table for need in analysis.needs for table in ((need,) if isinstance(need, str) else need)]
    return [*needed, *analysis.uses]
