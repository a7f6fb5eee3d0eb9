"""Mixed models with crossed random effects (LMM, GLMM, cumulative link), written as in lme4."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from gazeanalytics.stats.mixed import checks, families, frames
from gazeanalytics.stats.mixed import formula as formulas
from gazeanalytics.stats.mixed.autocorrelation import (
    arrange_lagged,
    fit_lagged,
    name_of,
    notes_at_bound,
    read_lags,
)
from gazeanalytics.stats.mixed.between_within import between_within
from gazeanalytics.stats.mixed.censoring import refuse_outcome
from gazeanalytics.stats.mixed.degrees_of_freedom import satterthwaite
from gazeanalytics.stats.mixed.design import Design, ModelError, arrange, arrange_weighted, unpack
from gazeanalytics.stats.mixed.estimate_rows import FamilyParameter
from gazeanalytics.stats.mixed.families import Family, zeros_start
from gazeanalytics.stats.mixed.outcomes import Response, success_last
from gazeanalytics.stats.mixed.results import MixedFit, Plan, of_mixed_fits, random_effects
from gazeanalytics.stats.mixed.separation import separation
from gazeanalytics.stats.mixed.settings import MixedSettings
from gazeanalytics.stats.mixed.solver.fitting import Solution, fit_gaussian, fit_laplace
from gazeanalytics.stats.mixed.solver.laplace import Laplace
from gazeanalytics.stats.mixed.solver.likelihood import equidistant_steps
from gazeanalytics.threads import one_blas_thread

__all__ = ["check_formula", "mixed", "refit"]

MANY_DF = 100.0  # of Student's t, from which on its quantiles are those of the normal law within 2 %


@one_blas_thread()
def mixed(
    formula: str,
    data: pd.DataFrame,
    *,
    family: str = "gaussian",
    link: str | None = None,
    reml: bool = True,
    weights: str | None = None,
    settings: MixedSettings | Mapping[str, Any] | None = None,
) -> MixedFit:
    """Fit a linear, generalised linear or ordinal mixed model (lmer, glmer, clmm), random effects crossed or nested.

    Parameters
    ----------
    formula : str
        As in lme4: `accuracy ~ strategy * experience + (1 | reader) + (1 | case)`. Categories are treatment coded;
        `factor(x)` makes a number a category, `factor(x, contr.sum)` codes it otherwise; `log(y)`, `I(x^2)`,
        `scale(x)`, `poly(x, 2)`, `bs(x, df=4)`, `offset(log(n))` and `cbind(hits, misses)` work; `(1 + x | g)` lets
        intercept and slope vary together, `(1 + x || g)` apart; `(1 | a/b)` means `(1 | a) + (1 | a:b)`. Readers and
        cases are crossed: `(1 | reader) + (1 | case)`, never nested.
        `nominal(x)` lets an effect on an ordinal outcome differ by threshold; `zeros(1)` or `zeros(x)` lets counts be
        0 for another reason too, with log odds that x may move. `censored(time, seen)` is a time that is only known
        to be longer where `seen` is 0, `interval(low, high)` one that lies between the two (from 0, or up to infinity).
        `ar1(trial | reader)` lets residuals run on from one reading of a reader to the next, as fatigue does (Gaussian
        only): `trial` holds their order, a gap counts as one, and the correlation is at a step of 1.
    data : pandas.DataFrame
        One row per observation. Rows with a missing value in a column of the formula are left out, counted and noted.
    family : str
        `gaussian`, `binomial`, `poisson`, `negative binomial`, `negative binomial 1`, `beta`, `beta-binomial`,
        `ordinal` (cumulative), `lognormal` (times, which may be censored), `gamma`, `inverse gaussian`, or `student`
        (Student's t about the linear predictor, for numbers with outliers: scale and degrees of freedom are estimated).
    link : str, optional
        `logit` (the first), `probit` or `cloglog` for `binomial`, `logit` or `probit` for `ordinal`; the other families
        have one link.
    reml : bool
        Restricted maximum likelihood (Gaussian only).
    weights : str, optional
        Column of weights, as lme4 takes them: under `gaussian` the precision of each row, such as the number of
        observations that it is the mean of (its residual variance is sigma^2 / weight); under `binomial` and
        `beta-binomial` the number of trials behind an outcome that is a share of successes.
    settings : MixedSettings, mapping or None
        Points of quadrature, what to do about separated data, which of two words is the success, whether thresholds
        are equidistant, tolerances.

    Returns
    -------
    MixedFit
        With `.estimates()`, `.log_likelihood`, `.notes`.

    Raises
    ------
    ModelError
        One sentence: what can't be fitted, and what to do.

    See Also
    --------
    anova : Likelihood-ratio test of nested models.
    confint : Profile and bootstrap confidence intervals.
    marginal_means, contrasts : What the model expects at each level, and how levels differ.
    r2 : Variance explained.
    residuals : Whether the model fits.

    Notes
    -----
    Penalised iteratively reweighted least squares on a blocked Cholesky (Bates et al. 2015, J. Stat. Softw. 67(1)),
    with exact gradients of the profiled deviance or of Laplace's approximation; standard errors from the curvature of
    the likelihood. Tests of fixed effects have Satterthwaite's degrees of freedom in Gaussian models, in others those
    of the readers, cases or countries that an effect is estimated from (between-within), and are normal for effects
    within all of these; the column `df_method` of the estimates says which.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> data = pd.DataFrame({"reader": np.repeat(np.arange(20), 30), "case": np.tile(np.arange(30), 20)})
    >>> skill, ease = rng.normal(0, 0.5, 20), rng.normal(0, 1.0, 30)
    >>> data["prior"] = rng.integers(0, 2, 600)
    >>> data["seconds"] = 5 - 2 * data.prior + skill[data.reader] + ease[data.case] + rng.normal(0, 1, 600)
    >>> fit = mixed("seconds ~ prior + (1 | reader) + (1 | case)", data)
    >>> fit.estimates()[["term", "estimate", "std_error"]].round(2)
               term  estimate  std_error
    0   (Intercept)      4.87       0.21
    1         prior     -1.93       0.09
    2    sd(reader)      0.28       0.07
    3      sd(case)      1.07       0.15
    4  sd(residual)      1.02       0.03
    """
    chosen = MixedSettings.given(settings)
    checks.refuse_arguments(data, weights)
    parts = replace(formulas.parse(formula, [str(name) for name in data.columns]), weights=weights or "")
    kind = families.find(family, link)
    checks.refuse_autocorrelation(parts, kind)
    refuse_outcome(parts.outcome_word, kind.name, timed=kind.timed, of_trials=kind.of_trials)
    frame = frames.read(parts, data)
    columns = _with_success(frames.outcome(parts, frame.data), kind, chosen.success)
    response = kind.weighted(columns, frame.data[weights]) if weights else kind.response(columns)
    checks.refuse_confounded(parts, frame, kind, response)
    checks.refuse_auxiliary(parts, frame, kind, response)
    checks.refuse_equidistant(parts, kind, chosen.thresholds)
    frame, aliased = _independent(frame, kind, chosen.tolerances.aliased)
    checks.refuse_no_question(frame, kind)
    # Before the fit, as a separated likelihood has no top: a search would end anywhere, with errors of any size.
    apart = separation(frame.x, frame.names, response, kind)
    if apart and chosen.separated == "refuse":
        remedy = "merge levels, leave the term out, or pass settings={'separated': 'note'} to see the fit"
        raise ModelError(f"{apart}; {remedy}")
    piled = checks.piled_up(response.y) if kind.gaussian else ""
    if piled and chosen.piled_up == "refuse":
        raise ModelError(f"{piled}; or pass settings={{'piled_up': 'note'}} to see the fit")
    notes = [
        *frame.notes,
        *aliased,
        *([piled] if piled else []),
        *([apart] if apart else []),
        *checks.notes_on_data(frame),
    ]
    plan = Plan(formula, parts, kind, frame, reml and kind.gaussian, chosen, tuple(notes), bool(apart))
    return assemble(plan, response)


def _with_success(columns: list[pd.Series], kind: Family, success: str) -> list[pd.Series]:
    if not success:
        return columns
    if not kind.of_trials or len(columns) != 1:
        raise ModelError(f"success is for an outcome of two values under 'binomial'; got family {kind.name!r}")
    return [success_last(columns[0], success)]


def check_formula(formula: str, *, family: str = "gaussian", link: str | None = None) -> None:
    """Refuse what no data could make right: a formula that can't be read, or a family that isn't known.

    Parameters
    ----------
    formula, family, link : str
        As `mixed` takes them.

    Raises
    ------
    ModelError
        One sentence, as `mixed` has it.

    Examples
    --------
    >>> check_formula("correct ~ prior + (1 | reader)", family="binomal")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    gazeanalytics.stats.mixed.design.ModelError: family: expected one of ...; got 'binomal'
    """
    families.find(family, link)
    formulas.parse(formula)


@one_blas_thread()
def assemble(plan: Plan, response: Response) -> MixedFit:
    """Solve a planned model for one outcome."""
    if plan.parts.ar1:
        solution, parameters = _autocorrelated(plan, response)
    else:
        plan, solution = _solved(plan, response)
        parameters = _family_parameters(plan, response, solution)
    df, df_method = _degrees_of_freedom(plan, solution)
    return MixedFit(
        plan=plan,
        coefficients=solution.beta,
        covariance=solution.covariance,
        df=df,
        df_method=df_method,
        sigma=solution.sigma,
        family_parameters=parameters,
        random=random_effects(solution),
        log_likelihood=-0.5 * solution.minus2,
        notes=(*plan.notes, *_notes(plan, solution, parameters)),
        engine=_engine(plan.family, plan.settings.points),
        solution=solution,
        response=response,
    )


def _solved(plan: Plan, response: Response) -> tuple[Plan, Solution]:
    """Solve a model with independent residuals; the plan's points of quadrature are chosen then."""
    kind, frame = plan.family, plan.frame
    if kind.gaussian and (response.size != 1).any():
        design = arrange_weighted(response.y, frame.x, frame.terms, weights=response.size, offset=frame.offset)
    else:
        design = arrange(response.y, frame.x, frame.terms, size=response.size, offset=frame.offset)
    if plan.settings.quadrature == "auto":
        plan = replace(plan, settings=replace(plan.settings, quadrature=checks.points_needed(design, kind)))
    return plan, _solve(design, plan, response)


def _autocorrelated(plan: Plan, response: Response) -> tuple[Solution, dict[str, FamilyParameter]]:
    """Solve a Gaussian model whose residuals run on, and give their correlation."""
    frame, lags = plan.frame, read_lags(plan.parts.ar1, plan.frame.data)

    def arranged(rho: float) -> Design:
        return arrange_lagged(
            response.y, frame.x, frame.terms, weights=response.size, offset=frame.offset, lags=lags, rho=rho
        )

    solution, found = fit_lagged(arranged, lags, reml=plan.reml, limits=plan.settings.tolerances)
    return solution, {name_of(lags): found}


def _degrees_of_freedom(plan: Plan, solution: Solution) -> tuple[np.ndarray, tuple[str, ...]]:
    """Give the degrees of freedom of each fixed effect, and by which rule."""
    effects, frame = solution.beta.size, plan.frame
    if not effects:
        return np.empty(0), ()
    if plan.family.gaussian:
        return satterthwaite(solution), ("Satterthwaite",) * effects
    if plan.settings.degrees_of_freedom == "infinite":
        return np.full(effects, np.nan), ("normal",) * effects
    intercept = plan.family.ordinal or "(Intercept)" in frame.names
    found = between_within(frame.x, frame.terms, intercept=intercept)
    return found.df, tuple(f"between-within: {group}" if group else "normal" for group in found.groups)


@of_mixed_fits
def refit(fit: MixedFit, y: np.ndarray) -> MixedFit:
    """Fit the same model to another outcome.

    Parameters
    ----------
    fit : MixedFit
    y : numpy.ndarray, shape (rows used,)
        As `simulate` gives it: values, successes or levels from 0, in the order of `fit.frame.data`.

    Returns
    -------
    MixedFit

    See Also
    --------
    simulate : Outcomes from the fitted model.

    Examples
    --------
    Outcomes simulated from a fit give back its coefficients, within their error:

    >>> from gazeanalytics.stats import simulate
    >>> rng = np.random.default_rng(1)
    >>> data = pd.DataFrame({"reader": np.repeat(np.arange(12), 30), "scan": np.tile([0, 1], 180)})
    >>> data["seconds"] = 4 - data.scan + rng.normal(0, 1, 12)[data.reader] + rng.normal(0, 1, 360)
    >>> fit = mixed("seconds ~ scan + (1 | reader)", data)
    >>> again = refit(fit, simulate(fit, rng=2))
    >>> fit.coefficients.round(1), again.coefficients.round(1)
    (array([ 4.1, -0.9]), array([ 4.1, -1. ]))
    """
    old, y = fit.response, np.asarray(y, dtype=float)
    if not fit.family.timed:
        return assemble(fit.plan, Response(y, old.size, old.levels))
    if (old.size != old.y).any():
        raise ModelError(
            "a model of censored times can't be fitted to simulated ones, as it isn't known when the times that were "
            "seen would have been censored; for an interval use confint(fit, method='profile')"
        )
    return assemble(fit.plan, Response(y, y))


def _independent(frame: frames.Frame, kind: Family, tolerance: float) -> tuple[frames.Frame, list[str]]:
    """Leave out the intercept of an ordinal model, and columns that others make up."""
    keep = [c for c, name in enumerate(frame.names) if not (kind.ordinal and name == "(Intercept)")]
    # An ordinal model's thresholds play the intercept's part: a column of ones goes in front, so that columns which
    # make up an intercept (all levels of a factor) are found aliased.
    lead = np.ones((len(frame.data), int(kind.ordinal)))
    names = ("(thresholds)",) * int(kind.ordinal) + tuple(frame.names[c] for c in keep)
    kept, aliased = checks.drop_aliased(np.hstack([lead, frame.x[:, keep]]), names, tolerance)
    columns = [keep[c - int(kind.ordinal)] for c in kept if c >= int(kind.ordinal)]
    notes = [f"rank deficient: {', '.join(aliased)} left out, a combination of the others"] if aliased else []
    used = tuple(frame.names[c] for c in columns)
    return (
        replace(frame, x=frame.x[:, columns], names=used),
        notes,
    )


def _engine(kind: Family, points: int) -> str:
    methods = {0: ", penalised least squares", 1: ", Laplace"}
    return "blocked Cholesky" + ("" if kind.gaussian else methods.get(points, f", {points} quadrature points"))


def _solve(design: Design, plan: Plan, response: Response) -> Solution:
    settings = plan.settings
    if plan.family.gaussian:
        return fit_gaussian(design, reml=plan.reml, limits=settings.tolerances)
    inflated = plan.parts.auxiliary_kind == "zeros"
    likelihood = plan.family.likelihood(design, plan.frame.auxiliary.x, kind=plan.likelihood_kind)
    if settings.points > 1:
        checks.refuse_quadrature(design.terms, plan.family, parameters=likelihood.parameters)
    phi = plan.family.parameters(response)
    if plan.equidistant:
        phi = np.linalg.lstsq(equidistant_steps(phi.size), phi, rcond=None)[0]
    rest = zeros_start(plan.frame.auxiliary.x, response) if inflated else np.zeros(likelihood.parameters - phi.size)
    engine = Laplace(design, likelihood, plateau=plan.plateau, limits=settings.tolerances)
    eta = plan.family.start(response)[design.order]
    return fit_laplace(engine, eta, np.append(phi, rest), settings=settings, plateau=plan.plateau)


def _family_parameters(plan: Plan, response: Response, solution: Solution) -> dict[str, FamilyParameter]:
    """Name the family's own parameters, with standard errors."""
    kind, phi = plan.family, solution.phi
    errors = np.sqrt(np.diag(solution.joint_covariance))[solution.joint_covariance.shape[0] - phi.size :]
    effects = plan.frame.auxiliary.names
    if plan.equidistant:
        return _named([f"{response.levels[0]}|{response.levels[1]}", "spacing"], phi, errors, ["threshold"] * 2)
    if kind.ordinal:
        cuts = [f"{low}|{high}" for low, high in zip(response.levels[:-1], response.levels[1:], strict=True)]
        names = cuts + [f"{cut}: {effect}" for effect in effects[1:] for cut in cuts]
        kinds = ["threshold"] * len(cuts) + ["effect"] * (len(names) - len(cuts))
        return _named(names, phi, errors, kinds)
    scale, values = len(kind.scales), np.exp(phi)
    found = {
        name: FamilyParameter(float(value), float(value * error), "scale")
        for name, value, error in zip(kind.scales, values, errors, strict=False)
    }
    zeros = [f"zeros: {effect}" for effect in effects] if phi.size > scale else []
    return found | _named(zeros, phi[scale:], errors[scale:], ["effect"] * len(zeros))


def _named(names: list[str], values: np.ndarray, errors: np.ndarray, kinds: list[str]) -> dict[str, FamilyParameter]:
    rows = zip(names, values, errors, kinds, strict=True)
    return {name: FamilyParameter(float(value), float(error or np.nan), kind) for name, value, error, kind in rows}


def _notes(plan: Plan, solution: Solution, parameters: dict[str, FamilyParameter]) -> list[str]:
    notes, design, singular = [], solution.engine.design, plan.settings.tolerances.singular
    for term, factor in zip(design.terms, unpack(solution.theta, design.terms), strict=True):
        if (np.abs(np.diag(factor)) < singular).any():
            several = f"the effects {', '.join(term.names)} vary in fewer directions than they are"
            of = "" if term.width > 1 or term.names[0] == "(Intercept)" else f" ({term.names[0]})"
            notes.append(f"singular: {term.group}{of}: {'its SD is 0' if term.width == 1 else several}")
    if solution.slopes.size and design.terms and solution.sigma < singular * np.std(design.y):
        notes.append("singular: the residual SD is 0, as there are about as many effects as rows; leave some out")
    if plan.family.shape == "df" and parameters["df"].value > MANY_DF:
        notes.append("no outliers: Student's t has as many degrees of freedom as a normal law; take family 'gaussian'")
    if plan.family.of_trials:
        notes += checks.notes_on_laplace(design.terms, design.size, plan.settings.points)
    if plan.family.ordinal:
        notes += checks.notes_on_few_rows(design.terms)
    notes += notes_at_bound(parameters)
    if not solution.optimum.converged:
        notes.append(
            f"not converged after {solution.optimum.evaluations} evaluations; a further step promises "
            f"{solution.optimum.decrement:.2g} of -2 log likelihood"
        )
    notes += [
        f"not identified: the likelihood is flat in {name!r}; leave it out"
        for name, one in parameters.items()
        if one.kind == "effect" and np.isnan(one.error) and np.isfinite(solution.covariance).all()
    ]
    if not np.isfinite(solution.covariance).all():
        notes.append("not converged: the likelihood isn't curved downwards in every direction; no standard errors")
    return notes
