"""Models of a folder of R fits (lme4, ordinal, glmmTMB), fitted here, and the largest differences.

The folder holds the data as CSV, `factor_levels.json` and `fits/*.json`, each with the call that made it.
"""

import json
import re
from functools import cache

import numpy as np
import pandas as pd
from scipy import stats as laws

from gazeanalytics import stats

FIXED = "strategy + exp_z + context + difficulty"
OWLS = "SiblingNegotiation ~ FoodTreatment * SexParent + offset(log(BroodSize)) + (1 | Nest)"
STRATEGIES = ["focal", "ambient", "systematic", "erratic"]
NOT_OFFERED = {"emm_VerbAgg"}  # marginal means, tested on their own
FAMILIES = {
    "pois": "poisson",
    "nbinom2": "negative binomial",
    "nbinom1": "negative binomial 1",
    "betabinomial": "beta-binomial",
    "beta_family": "beta",
}


@cache
def table(folder, name):
    file = next(path for path in (folder / f"{name}.csv", folder / f"{name}.csv.gz") if path.exists())
    levels = json.loads((folder / "factor_levels.json").read_text())["levels"].get(name, {})
    data = pd.read_csv(file, dtype=dict.fromkeys(levels, str), keep_default_na=name != "soup")
    for column, order in levels.items():
        if column in data:
            ordered = (name, column) in {("wine", "rating"), ("VerbAgg", "resp")}
            data[column] = pd.Categorical(data[column], categories=order, ordered=ordered)
    if name.startswith("sim_"):
        data["strategy"] = pd.Categorical(data["strategy"], categories=STRATEGIES)
        data["level_o"] = data["level"]
    return data


def first_argument(call):
    """Cut the formula out of an R call."""
    body, depth = call[call.index("(") + 1 :], 0
    for place, char in enumerate(body):
        depth += (char in "([") - (char in ")]")
        if depth < 0 or (char == "," and depth == 0):
            return body[:place]
    return body


def model(name, call):
    """Give formula and options of a fit."""
    if name.startswith("full_"):
        outcome, family = ("correct", "binomial") if "acc" in name else ("uncertainty", "gaussian")
        country = "(1 | country) + " if "3" in name else ""
        formula = f"{outcome} ~ {FIXED} + {country}(1 | reader) + (1 | case)"
        return formula, {"family": family, "settings": {"quadrature": int("nagq0" not in name)}}
    formula = OWLS if "Owls" in name else first_argument(call)
    aside = re.search(r"(zi|ziformula|nominal) ?= ?~ ?(\w+)", call)
    if aside:
        formula += f" + {'nominal' if aside[1] == 'nominal' else 'zeros'}({aside[2]})"
    if name.startswith("lmm"):
        return formula, {"reml": "REML=TRUE" in call}
    points = re.search(r"nAGQ ?= ?(\d+)", call)
    settings = {"quadrature": int(points[1])} if points else {}
    if "Contraception" in name or "guImmun" in name:
        settings["success"] = "Y"
    if name.startswith("clm"):
        link = "probit" if "probit" in call else "logit"
        return formula, {"family": "ordinal", "link": link, "settings": settings}
    family = next((ours for theirs, ours in FAMILIES.items() if theirs in call), "binomial")
    return formula, {"family": family, "settings": settings | {"separated": "note"}}


def theirs(fit):
    """Give R's fixed effects, their errors, standard deviations and correlations."""
    fixed, errors = fit.get("fixef") or fit.get("coef"), fit.get("se")
    if "cond" in fit:
        parts = [fit[part] for part in ("zi", "cond") if fit.get(part)]
        fixed, errors = (
            {(k, name): value for k, part in enumerate(parts) for name, value in part[column].items()}
            for column in ("Estimate", "Std. Error")
        )
    spreads, together = [], []
    parts = fit.get("varcorr") or {}
    if isinstance(parts, list):
        spreads = [row["sdcor"] for row in parts if row["var2"] is None and row["grp"] != "Residual"]
        together = [row["sdcor"] for row in parts if row["var2"] is not None]
    else:
        for part in parts.values():
            spreads += np.atleast_1d(part["sd"]).tolist()
            matrix = np.atleast_2d(part.get("corr", 1))
            together += matrix[np.tril_indices(len(matrix), -1)].tolist()
    return [np.array(list(values), dtype=float) for values in (fixed.values(), errors.values(), spreads, together)]


def ours(fit):
    own = [one for one in fit.family_parameters.values() if one.kind != "scale"]
    fixed = np.array([one.value for one in own] + list(fit.coefficients))
    errors = np.array([one.error for one in own] + list(fit.std_errors))
    together = [term.correlation[np.tril_indices(len(term.names), -1)] for term in fit.random]
    return fixed, errors, np.concatenate([[], *(term.sd for term in fit.random)]), np.concatenate([[], *together])


def saturated(fit):
    """Log likelihood of counts fitted without error, which glmer leaves out under quadrature."""
    y, size = fit.response.y, fit.response.size
    return laws.binom.logpmf(y, size, y / size).sum()


def relative(mine, other, floor=0.0):
    if mine.size != other.size:
        return np.nan
    return float(np.max(np.abs(mine - other) / np.maximum(np.abs(other), floor), initial=0.0))


def compare(folder, name):
    """Fit one model: log likelihood (ours less R's), then the largest differences.

    Relative ones of fixed effects (in standard errors where those are larger), standard errors, standard deviations and
    Satterthwaite's degrees of freedom; absolute ones of correlations.
    """
    reference = json.loads((folder / "fits" / f"{name}.json").read_text())
    formula, options = model(name, reference["call"])
    fit = stats.mixed(formula, table(folder, reference["dataset"]), **options)
    fixed, errors, spreads, together = theirs(reference)
    mine = ours(fit)
    likelihood = fit.log_likelihood
    if name.startswith("glmm") and fit.plan.settings.quadrature > 1:
        likelihood -= saturated(fit)
    df = np.nan
    if "satterthwaite" in reference:
        known = [np.nan if value is None else value for value in reference["satterthwaite"]["df"].values()]
        df = relative(fit.df, np.array(known, dtype=float)) if np.isfinite(known).all() else np.nan
    return {
        "fit": name,
        "log likelihood": likelihood - reference["logLik"],
        "fixed": float(np.max(np.abs(mine[0] - fixed) / np.maximum(np.abs(fixed), errors))),
        "errors": relative(mine[1], errors),
        "spreads": relative(np.sort(mine[2]), np.sort(spreads), floor=1e-3),
        "correlations": float(np.max(np.abs(np.sort(mine[3]) - np.sort(together)), initial=0.0)),
        "df": df,
        "note": "; ".join(note.split(":")[0] for note in fit.notes),
    }


def names(folder):
    """Fits of the folder that models here can make."""
    return sorted(path.stem for path in (folder / "fits").glob("*.json") if path.stem not in NOT_OFFERED)
