"""The models that nobody asked for by name: what effects mean in them, and the columns that this needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gazeanalytics import stats
from gazeanalytics.study.config import ModelConfig

__all__ = ["FEWEST_GROUPS", "adjusting_terms", "adjustments", "default_models", "model_frame", "right_side"]

FEWEST_GROUPS = 5
"""Fewer groups than this say nothing about how groups vary (and 5 is already few)."""

# A group's means are taken into a model that has this many groups for each of them.
_GROUPS_FOR_A_MEAN = 3

# Words for reading without help or context, however they are written.
_WITHOUT = ("none", "no", "unaided", "unassisted", "control", "baseline", "without", "without ai", "no ai")

_PRESENCE, _EXPERIENCE = "presence", "experience_decades"


@dataclass(frozen=True, slots=True)
class _Outcome:
    """An outcome of the default models: its column, and how it is modelled."""

    column: str
    family: str
    title: str


_OUTCOMES = {
    "accuracy": _Outcome("correct", "binomial", "Correct reading"),
    "uncertainty": _Outcome("logit_uncertainty", "gaussian", "Uncertainty (logit)"),
}

# What stands for the uncertainty where `stats.choose_outcome` finds that no Gaussian model fits it.
_LEVEL, _SHARE = "uncertainty_level", "uncertainty_share"
_OTHER_UNCERTAINTIES = (
    _Outcome(_LEVEL, "ordinal", "Uncertainty (ordered levels)"),
    _Outcome(_SHARE, "beta", "Uncertainty (share)"),
    _Outcome("uncertainty_high", "binomial", "Uncertainty (the higher of two values)"),
)


def model_frame(readings: pd.DataFrame, components: Sequence[str] = ()) -> pd.DataFrame:
    """Rows that models use: people's readings, with columns that their effects need beside.

    The level of a clinical context or condition that says that there was none ("none", "unaided", "control") becomes
    the reference that the others are compared with.

    Parameters
    ----------
    readings : pandas.DataFrame
        Table `readings`.
    components : sequence of str
        Columns of strategy components, where strategies are a continuum.

    Returns
    -------
    pandas.DataFrame
        Added where their source is there: `experience_decades`; `logit_uncertainty`, and beside it `uncertainty_level`,
        `uncertainty_share` or `uncertainty_high` where `stats.choose_outcome` finds that it piles up; `presence` (of
        the target: -0.5 absent, 0.5 present, so that other effects are averages over both); and, by
        `stats.within_between`, the means by case and by reader of the strategy's types or components, and the parts of
        experience within readers, between readers and, of at least 5 countries, between countries.

    Examples
    --------
    >>> readings = pd.DataFrame({"kind": ["person", "model"], "experience_years": [20, None], "uncertainty": 0.5})
    >>> model_frame(readings)[["experience_decades", "logit_uncertainty"]].values.tolist()
    [[2.0, 0.0]]
    """
    frame = readings[readings["kind"] == "person"] if "kind" in readings else readings
    added: dict[str, Any] = {}
    if "experience_years" in frame:
        added[_EXPERIENCE] = frame["experience_years"] / 10
    if "uncertainty" in frame:
        share = frame["uncertainty"].where(frame["uncertainty"].between(0, 1, inclusive="neither"))
        added["logit_uncertainty"] = np.log(share / (1 - share))
        added |= _chosen_uncertainty(frame["uncertainty"])
    if "target_present" in frame:
        added[_PRESENCE] = frame["target_present"].astype(float) - 0.5
    for name in ("context", "condition"):
        if name in frame and (levels := _reference_first(frame[name])):
            added[name] = pd.Categorical(frame[name], categories=levels)
    return _with_parts(frame.assign(**added).reset_index(drop=True), components)


def _reference_first(values: pd.Series) -> list[Any]:
    """Order levels so that the one that says "without" comes first; empty where none does."""
    levels = sorted(set(values.dropna()), key=str)
    named = [level for level in levels if str(level).strip().lower() in _WITHOUT]
    return [named[0], *(level for level in levels if level != named[0])] if named else []


def _chosen_uncertainty(uncertainty: pd.Series) -> dict[str, pd.Series]:
    """Give the column that is modelled where the logit can't be."""
    inside = uncertainty.where(uncertainty.between(0, 1))
    if inside.nunique() < 2:
        return {}
    choice = stats.choose_outcome(inside)
    column = {"ordinal": _LEVEL, "beta": _SHARE, "binomial": "uncertainty_high"}.get(choice.family)
    return {column: choice.outcome} if column else {}


def _outcomes(rows: pd.DataFrame) -> dict[str, _Outcome]:
    """Give the outcomes of the default models, with the uncertainty as its values ask for."""
    chosen = [one for one in _OTHER_UNCERTAINTIES if one.column in rows]
    return _OUTCOMES | ({"uncertainty": chosen[0]} if chosen else {})


def _with_parts(rows: pd.DataFrame, components: Sequence[str]) -> pd.DataFrame:
    for name in _gaze(rows, components):
        for group in _there(rows, ("case", "reader")):
            rows = stats.within_between(rows, name, group)
    if _EXPERIENCE in rows and "reader" in rows:
        countries = ["country"] if _groups(rows, "country") >= FEWEST_GROUPS else []
        rows = stats.within_between(rows, _EXPERIENCE, ["reader", *countries])
    return rows


def default_models(
    rows: pd.DataFrame, components: Sequence[str] = (), *, link: str = "logit"
) -> dict[str, ModelConfig]:
    """Write the models that the columns of `rows` allow.

    Parameters
    ----------
    rows : pandas.DataFrame
        As `model_frame` gives it.
    components : sequence of str
        Columns of strategy components, used in place of types when the strategies are a continuum.
    link : str
        Of two-valued outcomes: `logit`, or `probit`, on whose scale correct readings are d' and criterion.

    Returns
    -------
    dict
        `accuracy` (binomial) and `uncertainty` (linear on the logit, or as `stats.choose_outcome` finds), each
        where the outcome varies, readers, cases and countries crossed; what doesn't vary is left out:

        - strategy, and its interaction with the presence of the target: effects on hits and on false alarms;
        - the means of strategy by case and by reader (Mundlak terms), so that the effect of a strategy is that on the
          same case and in the same reader, not that of hard cases or of good readers that go with it;
        - experience, in its parts within readers, between readers and between countries where they differ;
        - context and condition.

        Means of a group are taken in where there are 3 groups or more for each.

    See Also
    --------
    stats.within_between : The parts and their sources.

    Examples
    --------
    >>> rows = pd.DataFrame({"correct": [0, 1] * 10, "experience_decades": range(20), "reader": range(20),
    ...                      "case": [0, 1, 2, 3, 4] * 4})
    >>> default_models(rows)["accuracy"].formula
    'correct ~ experience_decades + (1 | reader) + (1 | case)'
    """
    right = right_side(rows, components)
    if not right:
        return {}
    return {
        name: ModelConfig(
            formula=f"{outcome.column} ~ {right}",
            family=outcome.family,
            link=link if outcome.family == "binomial" else "",
            title=outcome.title,
        )
        for name, outcome in _outcomes(rows).items()
        if _varies(rows, outcome.column)
    }


def right_side(rows: pd.DataFrame, components: Sequence[str] = ()) -> str:
    """Write the predictors of a default model; empty where there are none, or too few readers and cases.

    Examples
    --------
    >>> rows = pd.DataFrame({"experience_decades": range(20), "reader": range(20)})
    >>> right_side(rows)
    'experience_decades + (1 | reader)'
    """
    gaze = [name for name in _gaze(rows, components) if _varies(rows, name)]
    fixed = [_crossed(rows, gaze), *(_crossed(rows, _means(rows, gaze, group)) for group in ("case", "reader"))]
    if not gaze and _varies(rows, _PRESENCE):
        fixed.append(_PRESENCE)
    fixed += [*_experience(rows), *(name for name in ("context", "condition") if _varies(rows, name))]
    fixed = [term for term in fixed if term]
    random = _random(rows)
    return " + ".join([*fixed, *random]) if random and fixed else ""


def adjustments(rows: pd.DataFrame, components: Sequence[str] = ()) -> list[str]:
    """Name the means of strategy by case and reader: columns that a model has for the sake of the others.

    Examples
    --------
    >>> rows = pd.DataFrame({"case": [1, 1, 2, 2], "strategy": ["a", "b", "a", "a"]})
    >>> adjustments(model_frame(rows))
    ['strategy_b_between_case']
    """
    gaze = _gaze(rows, components)
    return [column for group in ("case", "reader") for name in gaze for column in _means_of(rows, name, group)]


def adjusting_terms(terms: pd.Series, rows: pd.DataFrame, components: Sequence[str] = ()) -> pd.Series:
    """Mark the terms of a model that are there for the sake of the others: means of strategy, and their interactions.

    Examples
    --------
    >>> rows = pd.DataFrame({"case": [1, 1, 2, 2], "strategy": ["a", "b", "a", "a"]})
    >>> terms = pd.Series(["strategy[b]", "strategy_b_between_case", "strategy_b_between_case:presence"])
    >>> adjusting_terms(terms, model_frame(rows)).tolist()
    [False, True, True]
    """
    columns = set(adjustments(rows, components))
    return terms.map(lambda term: not columns.isdisjoint(str(term).split(":")))


def _gaze(rows: pd.DataFrame, components: Sequence[str]) -> list[str]:
    return _there(rows, components or ("strategy",))


def _there(rows: pd.DataFrame, names: Sequence[str]) -> list[str]:
    return [name for name in names if name in rows]


def _means_of(rows: pd.DataFrame, name: str, group: str) -> list[str]:
    ending = f"_between_{group}"
    return [column for column in map(str, rows.columns) if column.startswith(name) and column.endswith(ending)]


def _means(rows: pd.DataFrame, gaze: Sequence[str], group: str) -> list[str]:
    """Give the means by a group that vary, where there are groups enough to estimate their effects."""
    means = [column for name in gaze for column in _means_of(rows, name, group) if _varies(rows, column)]
    # Of cases, each mean counts twice: it may go with an outcome in another way where the target is there.
    needed = _GROUPS_FOR_A_MEAN * len(means) * (2 if group == "case" and _varies(rows, _PRESENCE) else 1)
    several = group in rows and bool(rows[group].duplicated().any())
    return means if several and _groups(rows, group) >= needed else []


def _crossed(rows: pd.DataFrame, names: Sequence[str]) -> str:
    """Write a sum, with its interaction with the presence of the target where that varies."""
    if not names or not _varies(rows, _PRESENCE):
        return " + ".join(names)
    inside = names[0] if len(names) == 1 else f"({' + '.join(names)})"
    return f"{inside} * {_PRESENCE}"


def _experience(rows: pd.DataFrame) -> list[str]:
    parts = [f"{_EXPERIENCE}_{part}" for part in ("within_reader", "between_reader", "between_country")]
    parts = [name for name in parts if _varies(rows, name)]
    # The one part of experience that neither changes nor differs between countries is experience itself.
    if len(parts) > 1:
        return parts
    return [_EXPERIENCE] if _varies(rows, _EXPERIENCE) else []


def _random(rows: pd.DataFrame) -> list[str]:
    terms = [f"(1 | {name})" for name in ("reader", "case", "country") if _groups(rows, name) >= FEWEST_GROUPS]
    # Readers differ in where they draw the line between present and absent (criterion), not in skill alone.
    criterion = "(1 | reader)" in terms and _varies(rows, _PRESENCE)
    return [*terms, *([f"(0 + {_PRESENCE} | reader)"] if criterion else [])]


def _varies(frame: pd.DataFrame, name: str) -> bool:
    return name in frame and len(frame[name].dropna().unique()) > 1


def _groups(frame: pd.DataFrame, name: str) -> int:
    return frame[name].nunique() if name in frame else 0
