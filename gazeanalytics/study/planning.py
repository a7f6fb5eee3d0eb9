"""Which analyses run on a study: switched on or off, possible or not, and what would be needed for the others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gazeanalytics.settings import Settings
from gazeanalytics.study.analyses import registry
from gazeanalytics.study.analysis import Analysis, options_of
from gazeanalytics.study.study import Study
from gazeanalytics.tables import TABLES, InputError, nearest

__all__ = ["Planned", "plan"]


@dataclass(frozen=True, slots=True)
class Planned:
    """One analysis and what becomes of it on this study.

    Attributes
    ----------
    analysis : Analysis
        The analysis.
    options : Settings
        Its options as study.toml sets them.
    on : bool
        Whether it is asked for.
    missing : str
        Why it isn't possible here and what would be needed; empty when it is possible.

    Examples
    --------
    >>> from gazeanalytics.study.examples import example_study
    >>> planned = plan(example_study())
    >>> planned["search_errors"].runs, planned["quality"].options.max_loss
    (True, 0.25)
    """

    analysis: Analysis[Any]
    options: Settings
    on: bool
    missing: str

    @property
    def runs(self) -> bool:
        """Whether it will run."""
        return self.on and not self.missing


def plan(study: Study, only: Iterable[str] | None = None) -> dict[str, Planned]:
    """Decide for every analysis of the registry whether it runs on this study, in the order in which they run.

    Parameters
    ----------
    study : Study
        From `open_study`. Large tables are not read.
    only : iterable of str, optional
        Names of analyses: these alone are run, with those whose tables they need.

    Returns
    -------
    dict of str to Planned
        By name.

    Raises
    ------
    InputError
        If study.toml or `only` names an analysis or option that there isn't, or switches off what others need.

    Examples
    --------
    >>> from gazeanalytics.study.examples import example_study
    >>> study = example_study()
    >>> (study.folder / "regions.csv").unlink()
    >>> plan(study)["aoi_metrics"].missing
    'the study has no table regions; add regions.csv'
    """
    analyses = registry()
    _check_names(study, analyses, only)
    asked = None if only is None else _with_makers(only, analyses)
    available = {name for name in TABLES if study.has(name)}
    planned: dict[str, Planned] = {}
    for name, analysis in analyses.items():
        switched_on = bool(study.config.analyses.get(name, {}).get("run", True))
        on = switched_on if asked is None else name in asked
        missing = _missing(analysis, available, planned) or analysis.possible(study)
        planned[name] = Planned(analysis, options_of(analysis, study), on, missing)
        if planned[name].runs:
            available |= set(analysis.makes)
    return planned


def _check_names(study: Study, analyses: dict[str, Analysis[Any]], only: Iterable[str] | None) -> None:
    place = study.folder / "study.toml"
    for name, keys in study.config.analyses.items():
        if name not in analyses:
            raise InputError(f"{place}, analyses.{name}: there is no such analysis; {nearest(name, list(analyses))}")
        if not isinstance(keys.get("run", True), bool):
            raise InputError(f"{place}, analyses.{name}.run: expected true or false; got {keys['run']!r}")
    for name in only or ():
        if name not in analyses:
            raise InputError(f"--only {name}: there is no such analysis; {nearest(name, list(analyses))}")


def _with_makers(only: Iterable[str], analyses: dict[str, Analysis[Any]]) -> set[str]:
    """Names asked for, and those of the analyses that make what these need, directly or through others."""
    asked: set[str] = set()
    to_add = list(only)
    while to_add:
        name = to_add.pop()
        if name in asked:
            continue
        asked.add(name)
        needed = {table for need in analyses[name].needs for table in _choices(need)} | set(analyses[name].uses)
        to_add += [maker for maker, other in analyses.items() if needed & {*other.makes, *other.refines}]
    return asked


def _missing(analysis: Analysis[Any], available: set[str], planned: dict[str, Planned]) -> str:
    """Say which table is missing, and how it could come to be."""
    for need in analysis.needs:
        choices = _choices(need)
        if available.isdisjoint(choices):
            return _remedy(choices, planned)
    return ""


def _remedy(choices: tuple[str, ...], planned: dict[str, Planned]) -> str:
    for name, other in planned.items():
        if set(other.analysis.makes) & set(choices):
            return other.missing or f"{choices[0]} come from the analysis {name}, which is switched off"
    return f"the study has no table {' or '.join(choices)}; add {' or '.join(f'{name}.csv' for name in choices)}"


def _choices(need: str | tuple[str, ...]) -> tuple[str, ...]:
    return (need,) if isinstance(need, str) else need
