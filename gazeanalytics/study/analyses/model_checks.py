"""What the mixed models say of strategies, and whether they fit: contrasts, joint tests, R2, residuals, spreads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy.stats import kstest

from gazeanalytics import report, stats
from gazeanalytics.settings import Settings
from gazeanalytics.study.analysis import Analysis, Part, file_name, words
from gazeanalytics.study.result import ModelsOutcome, NotPossibleError, Outcome, StudyResult


@dataclass(frozen=True, slots=True)
class ModelCheckOptions(Settings):
    """What is compared in the models, and how residuals are simulated.

    Attributes
    ----------
    by : str
        Categorical column whose levels are compared where a formula has it.
    correction : str
        Of the p-values of all contrasts and joint tests of a model: "holm", "bh" or "none".
    n_resamples : int
        Simulated outcomes for the residuals.
    """

    by: str = "strategy"
    correction: Literal["holm", "bh", "none"] = "holm"
    n_resamples: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCheckOutcome(Outcome):
    """Checks, joint tests and means by model."""

    checks: pd.DataFrame
    joint: pd.DataFrame
    means: pd.DataFrame
    contrasts: pd.DataFrame
    spreads: pd.DataFrame
    by: str


def run(known: StudyResult, options: ModelCheckOptions) -> ModelCheckOutcome:
    """Check every fitted model, and compare the levels of `by` in those that have it."""
    models = known.outcomes.get("models")
    if not isinstance(models, ModelsOutcome) or not models.fits:
        raise NotPossibleError("no mixed model was fitted")
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in ("checks", "joint", "means", "contrasts", "spreads")}
    for name, fit in models.fits.items():
        found = {"checks": _checks(fit, options, known.study.config.study.seed), **_tests(fit, options)}
        if options.by in fit.frame.spec.required_variables:
            found |= _levels(fit, options)
        for table, rows in found.items():
            parts[table].append(rows.assign(model=name))
    tables = {name: pd.concat(rows, ignore_index=True) if rows else pd.DataFrame() for name, rows in parts.items()}
    return ModelCheckOutcome(
        checks=tables["checks"],
        joint=tables["joint"],
        means=tables["means"],
        contrasts=tables["contrasts"],
        spreads=tables["spreads"],
        by=options.by,
        tables={f"model_{name}": table for name, table in tables.items() if len(table)},
        settings={"correction": options.correction},
    )


def _checks(fit: stats.MixedFit, options: ModelCheckOptions, seed: int) -> pd.DataFrame:
    """R2 where it is defined, and how far residuals and random effects are from what the model says of them."""
    rows = []
    try:
        explained = stats.r2(fit)
        rows = [("marginal R2", explained.marginal), ("conditional R2", explained.conditional)]
        rows += [(f"share of {group}", share) for group, share in explained.shares.items()]
    except stats.ModelError:
        pass
    residuals = stats.residuals(fit, n_resamples=options.n_resamples, rng=seed)
    rows.append(("residuals: largest distance from uniform", float(np.asarray(kstest(residuals, "uniform"))[0])))
    for (group, coefficient), points in stats.random_effects_qq(fit).groupby(["group", "coefficient"], sort=False):
        named = f"Q-Q correlation of {group} ({coefficient})"
        # Effects whose SD is 0 have no standardised modes, and so no quantiles to compare.
        known = points[np.isfinite(points["mode"])]
        rows.append((named, float(known["mode"].corr(known["quantile"])) if len(known) > 2 else np.nan))
    return pd.DataFrame(rows, columns=["check", "value"])


def _tests(fit: stats.MixedFit, options: ModelCheckOptions) -> dict[str, pd.DataFrame]:
    joint = stats.joint_tests(fit)
    if len(joint):  # a model of an intercept alone has nothing to test
        joint["p_adjusted"] = stats.adjust(joint["p_value"], method=options.correction)
    spreads = stats.confint(fit, method="wald")
    return {"joint": joint, "spreads": spreads[spreads["term"].str.startswith("sd(")]}


def _levels(fit: stats.MixedFit, options: ModelCheckOptions) -> dict[str, pd.DataFrame]:
    """Marginal means as outcomes, each with its difference from the first, and corrected contrasts."""
    means = stats.marginal_means(fit, options.by, scale="link" if fit.family.ordinal else "response")
    means["difference"] = means["estimate"] - means["estimate"].iloc[0]
    pairs = stats.contrasts(fit, options.by, method=options.correction)
    return {"means": means, "contrasts": pairs}


def show(known: StudyResult, outcome: ModelCheckOutcome) -> Iterator[Part]:
    """Tables of all, and a forest of the contrasts of each model."""
    text = "R2 is Nakagawa and Schielzeth's. Residuals are simulated from the fit and uniform where it is right; a Q-Q "
    text += (
        "correlation near 1 means normal random effects. P-values are corrected within each model; spreads have Wald "
    )
    text += "intervals, which are rough with few groups."
    figures, tables = {}, {}
    if len(outcome.means):
        by = words(outcome.by)
        text += f" Marginal means by {by} are outcomes (of a binomial model, probabilities) in an average reader and "
        text += (
            "case; 'difference' is that from the first level, a risk difference where the outcome is right or wrong. "
        )
        text += "Such differences are associations: who searches in which way was not randomised."
        cells = ["model", "contrast", "estimate", "conf_low", "conf_high", "difference"]
        shown = outcome.means[cells].rename(columns={"contrast": outcome.by})
        tables["model_means"] = report.format_frame(shown, caption=f"Marginal means by {by}")
        for name, rows in outcome.contrasts.groupby("model", sort=False):
            drawn = report.forest(rows, label="Difference, linear predictor (95% CI)")
            figures[f"contrasts_{file_name(name)}"] = report.Picture(drawn, f"{name}: contrasts of {by}.")
    if len(outcome.joint):
        tables["model_joint"] = report.format_frame(outcome.joint, caption="Joint tests of the terms")
    tables["model_checks"] = report.format_frame(outcome.checks[["model", "check", "value"]], caption="Checks of fit")
    spreads = outcome.spreads[["model", "term", "estimate", "conf_low", "conf_high"]]
    tables["model_spreads"] = report.format_frame(spreads, caption="Spreads of random effects")
    yield Part("Checks of the models", text, figures, tables)


ANALYSIS = Analysis(
    name="model_checks",
    question="Do the mixed models fit, and which strategies differ (R2, residuals, marginal means, contrasts)?",
    run=run,
    options=ModelCheckOptions,
    needs=("estimates",),
    makes=("model_checks", "model_joint", "model_means", "model_contrasts", "model_spreads"),
    show=show,
    page=72,
)
