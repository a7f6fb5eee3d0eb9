"""People against AI readers: one model of both, in which neither stands in for the other's differences."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from gazeanalytics import report, stats
from gazeanalytics.study.analyses.models import fit_defaults
from gazeanalytics.study.analysis import Analysis, Part, file_name, many
from gazeanalytics.study.config import ModelConfig
from gazeanalytics.study.estimands import FEWEST_GROUPS, model_frame
from gazeanalytics.study.pseudonyms import column_of
from gazeanalytics.study.result import ModelsOutcome, NotPossibleError, StudyResult

__all__ = ["DIFFERENCE", "differences", "kind_frame", "kind_models"]

DIFFERENCE = "people - AI"
"""Name of the difference in tables."""

_FAMILIES = {
    "accuracy": ("correct", "binomial", "Correct reading, people against AI"),
    "uncertainty": ("logit_uncertainty", "gaussian", "Uncertainty (logit), people against AI"),
}


def kind_frame(readings: pd.DataFrame) -> pd.DataFrame:
    """Rows of people and AI readers, with the columns by which a model keeps them apart.

    Parameters
    ----------
    readings : pandas.DataFrame
        Table `readings`, with `kind` person or model.

    Returns
    -------
    pandas.DataFrame
        Added: `person` and `ai` (1 or 0), `logit_uncertainty` and `presence` as `model_frame` has them, and, of fewer
        than 5 AI readers, `ai_NAME` for each but the first: 1 for it, -1 for the first, so that `ai` is their mean.

    Examples
    --------
    >>> readings = pd.DataFrame({"kind": ["person", "model", "model"], "reader": ["ann", "m1", "m2"]})
    >>> kind_frame(readings)[["person", "ai", "ai_m2"]].to_numpy().tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, -1.0], [0.0, 1.0, 1.0]]
    """
    rows = model_frame(readings.drop(columns="kind")).assign(kind=readings["kind"].to_numpy())
    ai = (rows["kind"] == "model").astype(float)
    names = sorted(rows.loc[rows["kind"] == "model", "reader"].astype(str).unique())
    added = {"person": 1 - ai, "ai": ai}
    if 1 < len(names) < FEWEST_GROUPS:
        for place, name in enumerate(names[1:], start=1):
            reader = rows["reader"].astype(str)
            column = column_of(name, place)
            column = column if column not in added else f"{column}_{place}"
            added[column] = (reader == name).astype(float) - (reader == names[0]).astype(float)
    return rows.assign(**added)


def kind_models(rows: pd.DataFrame) -> dict[str, ModelConfig]:
    """Write the models of people and AI that the columns allow.

    People differ from one another by a random intercept (and criterion) that AI readers have no part in; cases are
    shared, and may be hard for AI in another way. Five AI readers or more vary by an intercept of their own, and the
    difference concerns AI readers such as these; fewer are taken as they are, and it concerns their mean.

    Parameters
    ----------
    rows : pandas.DataFrame
        As `kind_frame` gives it.

    Returns
    -------
    dict
        `accuracy` and `uncertainty`, each where the outcome varies; the coefficients `person` and `ai` are the levels
        of both.

    Examples
    --------
    >>> rows = pd.DataFrame({"kind": ["person"] * 10 + ["model"] * 5, "reader": [*"abcdefghij", *"mmmmm"],
    ...                      "case": [0, 1, 2, 3, 4] * 3, "correct": [0, 1, 1] * 5})
    >>> kind_models(kind_frame(rows))["accuracy"].formula
    'correct ~ 0 + person + ai + (1 | case) + (0 + person | reader)'
    """
    readers = len(set(rows.loc[rows["ai"] == 1, "reader"]))
    deviations = [name for name in map(str, rows.columns) if name.startswith("ai_") and (rows[name] == -1).any()]
    crossed = "presence" in rows and len(set(rows["presence"].dropna())) > 1
    fixed = ["0", "person", "ai", *deviations, *(["person:presence", "ai:presence"] if crossed else [])]
    random = ["(1 | case)", "(0 + person | reader)"]
    random += ["(0 + person:presence | reader)"] if crossed else []
    random += ["(0 + ai | case)"] if readers > 1 else []
    random += ["(0 + ai | reader)"] if readers >= FEWEST_GROUPS else []
    right = " + ".join([*fixed, *random])
    return {
        name: ModelConfig(formula=f"{column} ~ {right}", family=family, title=title)
        for name, (column, family, title) in _FAMILIES.items()
        if column in rows and rows.groupby("kind")[column].nunique().reindex(["person", "model"]).min() > 1
    }


def differences(fit: stats.MixedFit) -> pd.DataFrame:
    """People less AI, and the same of the effect of presence: rows of the table `estimates`, on the linear predictor.

    Parameters
    ----------
    fit : MixedFit
        Of a formula of `kind_models`.

    Returns
    -------
    pandas.DataFrame
        Degrees of freedom are Satterthwaite's, or the fewer of people's and AI's.
    """
    pairs = {DIFFERENCE: ("person", "ai"), f"{DIFFERENCE}: presence": ("person:presence", "ai:presence")}
    names = list(fit.names)
    used = {label: pair for label, pair in pairs.items() if set(pair) <= set(names)}
    weights = np.zeros((len(used), len(names)))
    for row, (first, second) in enumerate(used.values()):
        weights[row, names.index(first)], weights[row, names.index(second)] = 1, -1
    return stats.linear_contrasts(fit, dict(zip(used, weights, strict=True)))


def run(known: StudyResult, options: object) -> ModelsOutcome:
    """Fit the models of both kinds, and take the difference."""
    readings = known.readings
    kinds = readings["kind"].value_counts() if "kind" in readings else pd.Series(dtype=int)
    if not {"person", "model"} <= set(kinds.index):
        raise NotPossibleError("readings of people and of AI readers are not both there")
    if readings.loc[readings["kind"] == "person", "reader"].nunique() < FEWEST_GROUPS:
        raise NotPossibleError(f"how people differ needs at least {FEWEST_GROUPS} of them")
    rows = kind_frame(readings)
    models = kind_models(rows)
    if not models:
        raise NotPossibleError("no outcome varies among people and among AI readers")
    fits, refused = fit_defaults(rows, models)
    parts = [table.assign(model=name) for name, fit in fits.items() for table in (differences(fit), fit.estimates())]
    tables = {"human_ai": pd.concat(parts, ignore_index=True)} if parts else {}
    return ModelsOutcome(models=models, rows=rows, fits=fits, refused=refused, tables=tables)


def show(known: StudyResult, outcome: ModelsOutcome) -> Iterator[Part]:
    """The difference, the levels, and the table."""
    count = outcome.rows.loc[outcome.rows["ai"] == 1, "reader"].nunique()
    text = (
        f"People are compared with {many(count, 'AI reader')} on the cases that they share, in one model in which "
        "people vary from one to the next by a random intercept of their own."
    )
    text += (
        " AI readers have another, so that the difference concerns AI readers such as these."
        if count >= FEWEST_GROUPS
        else " So few AI readers are no sample of others: the difference concerns the mean of these."
    )
    figures, tables = {}, {}
    for name, fit in outcome.fits.items():
        found = known.table("human_ai")
        found = found[found["model"] == name]
        text += f" {outcome.models[name].title}: {fit.formula}."
        text += f" Notes: {'; '.join(fit.notes)}." if fit.notes else ""
        stem = file_name(name)
        odds = fit.family.name == "binomial"
        drawn = found[found["term"].isin([DIFFERENCE, f"{DIFFERENCE}: presence"])]
        label = "Odds ratio, people against AI (95% CI)" if odds else "People less AI (95% CI)"
        picture = report.forest(drawn, exponentiate=odds, label=label)
        figures[f"human_ai_{stem}"] = report.Picture(picture, f"{outcome.models[name].title}, with 95% intervals.")
        tables[f"human_ai_{stem}"] = report.format_estimates(found, caption=outcome.models[name].title)
    for name, reason in outcome.refused.items():
        text += f" {outcome.models[name].formula} was not fitted: {reason}."
    yield Part("People against AI readers", text, figures, tables)


ANALYSIS = Analysis(
    name="human_against_ai",
    question="Are people more accurate, or surer, than AI readers on the same cases (crossed mixed model of both)?",
    run=run,
    needs=("readings",),
    makes=("human_ai",),
    show=show,
    page=74,
)
