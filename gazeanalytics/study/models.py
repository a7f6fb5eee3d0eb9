"""The models of a study: those that study.toml writes, or the ones that its columns allow."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gazeanalytics import stats
from gazeanalytics.expressions import ExpressionError, check_condition, select
from gazeanalytics.study.config import ModelConfig
from gazeanalytics.tables import InputError

__all__ = ["check_models", "default_models", "fit_defaults", "fit_models", "model_frame"]

# Fewer groups than this say nothing about how groups vary (and 5 is already few).
_FEWEST_GROUPS = 5


def check_models(models: Mapping[str, ModelConfig], place: Path) -> None:
    """Refuse models that no data could mend, before hours are spent on events.

    Raises
    ------
    InputError
        Naming study.toml, the model and what is wrong.
    """
    for name, model in models.items():
        try:
            stats.check_formula(model.formula, family=model.family)
        except stats.ModelError as error:
            raise InputError(f"{place}, models.{name}: {error}") from error
        try:
            check_condition(model.where or "True")
        except ExpressionError as error:
            raise InputError(f"{place}, models.{name}.where: {error}") from error


def model_frame(readings: pd.DataFrame) -> pd.DataFrame:
    """Rows that models use: people's readings, with `experience_decades` and `logit_uncertainty` beside.

    The level "none" of a clinical context or condition becomes the reference that the others are compared with.
    """
    frame = readings[readings["kind"] == "person"] if "kind" in readings else readings
    added: dict[str, Any] = {}
    if "experience_years" in frame:
        added["experience_decades"] = frame["experience_years"] / 10
    if "uncertainty" in frame:
        share = frame["uncertainty"].where(frame["uncertainty"].between(0, 1, inclusive="neither"))
        added["logit_uncertainty"] = np.log(share / (1 - share))
    for name in ("context", "condition"):
        if name in frame and (frame[name] == "none").any():
            levels = sorted(set(frame[name].dropna()) - {"none"})
            added[name] = pd.Categorical(frame[name], categories=["none", *levels])
    return frame.assign(**added).reset_index(drop=True)


def default_models(readings: pd.DataFrame, axes: list[str]) -> dict[str, ModelConfig]:
    """Write the models that the columns of `readings` allow.

    Parameters
    ----------
    readings : pandas.DataFrame
        As `model_frame` gives it.
    axes : list of str
        Columns of strategy axes, used in place of types when the strategies are a continuum.

    Returns
    -------
    dict
        `accuracy` (binomial) and `uncertainty` (linear on the logit), each where the outcome varies: strategy +
        experience + context + reader, case and country crossed; what doesn't vary is left out.
    """
    fixed = [*axes] if axes else [name for name in ("strategy",) if _varies(readings, name)]
    fixed += [name for name in ("experience_decades", "context", "condition") if _varies(readings, name)]
    groups = [name for name in ("reader", "case", "country") if _groups(readings, name) >= _FEWEST_GROUPS]
    right = " + ".join([*fixed, *(f"(1 | {name})" for name in groups)])
    if not groups or not fixed:
        return {}
    models = {}
    if _varies(readings, "correct"):
        models["accuracy"] = ModelConfig(formula=f"correct ~ {right}", family="binomial", title="Correct reading")
    if _varies(readings, "logit_uncertainty"):
        models["uncertainty"] = ModelConfig(
            formula=f"logit_uncertainty ~ {right}", family="gaussian", title="Uncertainty (logit)"
        )
    return models


def fit_models(readings: pd.DataFrame, models: Mapping[str, ModelConfig]) -> dict[str, Any]:
    """Fit each model to the rows of `readings` that it asks for; separation is noted with the estimates.

    Raises
    ------
    InputError
        Naming the model, when its formula, family or `where` can't be used.
    """
    fits = {}
    for name, model in models.items():
        try:
            fits[name] = _fitted(readings, model)
        except (ValueError, KeyError) as error:
            raise InputError(f"study.toml, models.{name}: {error}") from error
    return fits


def fit_defaults(readings: pd.DataFrame, models: Mapping[str, ModelConfig]) -> tuple[dict[str, Any], dict[str, str]]:
    """Fit the models that nobody asked for by name: fits, and why the others could not be fitted."""
    fits, refused = {}, {}
    for name, model in models.items():
        try:
            fits[name] = _fitted(readings, model)
        except stats.ModelError as error:
            refused[name] = str(error)
    return fits, refused


def _fitted(readings: pd.DataFrame, model: ModelConfig) -> Any:
    rows = select(readings, model.where) if model.where else readings
    return stats.mixed(model.formula, rows.reset_index(drop=True), family=model.family, settings={"separated": "note"})


def estimates_of(fits: Mapping[str, Any]) -> pd.DataFrame:
    """Stack the estimates of all models into one table."""
    parts = [fit.estimates().assign(model=name) for name, fit in fits.items()]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _varies(frame: pd.DataFrame, name: str) -> bool:
    return name in frame and len(frame[name].dropna().unique()) > 1


def _groups(frame: pd.DataFrame, name: str) -> int:
    return frame[name].nunique() if name in frame else 0
