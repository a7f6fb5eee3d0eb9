"""A fitted mixed model and its tables: estimates with confidence intervals, random effects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from html import escape
from typing import ParamSpec, TypeVar

import numpy as np
import pandas as pd

from gazeanalytics.brief import Brief
from gazeanalytics.stats.mixed.design import ModelError, unpack
from gazeanalytics.stats.mixed.estimate_rows import FamilyParameter, family_row, sd_row, wald_row
from gazeanalytics.stats.mixed.families import Family
from gazeanalytics.stats.mixed.formula import Formula
from gazeanalytics.stats.mixed.frames import Frame
from gazeanalytics.stats.mixed.outcomes import Response
from gazeanalytics.stats.mixed.settings import MixedSettings
from gazeanalytics.stats.mixed.solver.fitting import Solution, evaluated
from gazeanalytics.stats.mixed.solver.likelihood import equidistant_steps

__all__ = ["MixedFit", "Plan", "RandomEffects", "of_mixed_fits"]

MAX_SHOWN = 15  # rows of estimates in a console

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


def of_mixed_fits(function: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
    """Let a function of fits of `mixed` refuse those of other models, and say what these have in its place."""

    @wraps(function)
    def checked(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Answer:
        for given in (*args, *kwargs.values()):
            instead = getattr(given, "INSTEAD", "")
            if instead:
                raise ModelError(f"expected a fit of `mixed`; got a {type(given).__name__}: {instead}")
        return function(*args, **kwargs)

    return checked


@dataclass(frozen=True, slots=True)
class RandomEffects(Brief):
    """One random term: the covariance of its coefficients, and each level's effect (VarCorr and ranef in lme4).

    Attributes
    ----------
    group : str
    names : tuple of str
        Coefficients that vary by level.
    covariance : numpy.ndarray, shape (coefficients, coefficients)
    levels : numpy.ndarray
    modes : numpy.ndarray, shape (levels, coefficients)
        Conditional modes.

    Examples
    --------
    Readers who start slow (intercept) gain more (slope): a correlation of -0.5.

    >>> covariance = np.array([[4.0, -1.0], [-1.0, 1.0]])
    >>> readers = RandomEffects("reader", ("(Intercept)", "years"), covariance, np.array(["A"]), np.zeros((1, 2)))
    >>> readers.sd.tolist(), readers.correlation[0, 1].item()
    ([2.0, 1.0], -0.5)
    """

    group: str
    names: tuple[str, ...]
    covariance: np.ndarray
    levels: np.ndarray
    modes: np.ndarray

    @property
    def sd(self) -> np.ndarray:
        """Standard deviations."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def correlation(self) -> np.ndarray:
        """Correlations; NaN beside a standard deviation of 0."""
        sd = self.sd
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.covariance / np.outer(sd, sd)


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A model laid out for fitting: everything but the outcome's values.

    Attributes
    ----------
    formula : str
        As it was written.
    parts : Formula
    family : Family
    frame : Frame
    reml : bool
        Whether the likelihood is the restricted one.
    settings : MixedSettings
    notes : tuple of str
        What has to be said about the data.
    plateau : bool
        Whether the fixed effects predict some outcome without error.
    """

    formula: str
    parts: Formula
    family: Family
    frame: Frame
    reml: bool
    settings: MixedSettings
    notes: tuple[str, ...]
    plateau: bool

    @property
    def equidistant(self) -> bool:
        """Whether thresholds stand apart by the same step."""
        return self.settings.thresholds == "equidistant"

    @property
    def likelihood_kind(self) -> str:
        """What the family's own parameters are: `nominal`, `zeros`, `equidistant`, or as usual."""
        return "equidistant" if self.equidistant else self.parts.auxiliary_kind


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class MixedFit:
    """A fitted mixed model: estimates, random effects, log likelihood, and what has to be noted.

    Attributes
    ----------
    plan : Plan
        What was fitted.
    coefficients : numpy.ndarray, shape (fixed effects,)
    covariance : numpy.ndarray, shape (fixed effects, fixed effects)
    df : numpy.ndarray, shape (fixed effects,)
    df_method : tuple of str
        Degrees of freedom, NaN where z is used; `Satterthwaite`, `between-within: reader` or `normal`.
    sigma : float
        Residual standard deviation (Gaussian; of a row of weight 1), else 1.
    family_parameters : dict of str to FamilyParameter
        Thresholds or dispersion, and effects on thresholds or excess zeros, with their standard errors.
    random : tuple of RandomEffects
        Terms in the order of the formula.
    log_likelihood : float
    notes : tuple of str
        What has to be known about the table: singular, not converged, small cell, rows left out.
    engine : str
        What computed it.
    solution : Solution
        The solver's own terms and the evidence of its search.
    response : Response
        The outcome as numbers.

    See Also
    --------
    mixed : Makes one.

    Examples
    --------
    >>> from gazeanalytics.stats import mixed
    >>> rng = np.random.default_rng(3)
    >>> data = pd.DataFrame({"reader": np.repeat(np.arange(12), 30), "scan": np.tile([0, 1], 180)})
    >>> data["seconds"] = 4 - data.scan + rng.normal(0, 1, 12)[data.reader] + rng.normal(0, 1, 360)
    >>> mixed("seconds ~ scan + (1 | reader)", data)
    seconds ~ scan + (1 | reader)
    gaussian; 360 rows; reader (12)
    restricted log likelihood -534.95, AIC 1077.90 (blocked Cholesky)
            term  estimate  std_error  conf_low  conf_high
     (Intercept)     3.916     0.4647     2.897      4.936
            scan    -0.985     0.1048    -1.191    -0.7789
      sd(reader)     1.589     0.3432     1.041      2.426
    sd(residual)     0.994    0.03773    0.9227      1.071
    """

    plan: Plan
    coefficients: np.ndarray
    covariance: np.ndarray
    df: np.ndarray
    df_method: tuple[str, ...]
    sigma: float
    family_parameters: dict[str, FamilyParameter]
    random: tuple[RandomEffects, ...]
    log_likelihood: float
    notes: tuple[str, ...]
    engine: str
    solution: Solution
    response: Response

    def __repr__(self) -> str:
        """Summary: the model, the estimates, the notes."""
        link = "" if self.family.link == "identity" else f", {self.family.link} link"
        # Without it a notebook would print every array of the design.
        levels = ", ".join(dict.fromkeys(f"{term.group} ({len(term.levels):,})" for term in self.random))
        columns = ["term", "estimate", "std_error", "conf_low", "conf_high"]
        head = f"{self.formula}\n{self.family.name}{link}; {self.n:,} rows; {levels or 'no random effects'}"
        kind = "restricted " if self.plan.reml else ""
        fit = f"{kind}log likelihood {self.log_likelihood:.2f}, AIC {self.aic:.2f} ({self.engine})"
        rows = self.estimates()[columns]
        table = rows[:MAX_SHOWN].to_string(index=False, float_format=lambda value: f"{value:.4g}")
        more = [f"... and {len(rows) - MAX_SHOWN} more in estimates()"] if len(rows) > MAX_SHOWN else []
        return "\n".join([head, fit, table, *more, *self.notes])

    def _repr_html_(self) -> str:
        """Give the same for notebooks."""
        return f"<pre>{escape(repr(self))}</pre>"

    @property
    def formula(self) -> str:
        """The formula as it was written."""
        return self.plan.formula

    @property
    def family(self) -> Family:
        """The response family."""
        return self.plan.family

    @property
    def frame(self) -> Frame:
        """The rows used and their arrays."""
        return self.plan.frame

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the fixed effects."""
        return self.plan.frame.names

    @property
    def threshold_steps(self) -> np.ndarray:
        """How thresholds (and their effects) follow from the family's own parameters; shape (those, parameters)."""
        if self.plan.equidistant:
            return equidistant_steps(len(self.response.levels) - 1)
        return np.eye(self.solution.phi.size)

    @property
    def n(self) -> int:
        """Rows used."""
        return len(self.frame.data)

    @property
    def std_errors(self) -> np.ndarray:
        """Standard errors of the fixed effects."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def parameters(self) -> int:
        """How many parameters were estimated."""
        # As lme4 counts: fixed effects, elements of the covariance factors, the family's own, sigma, and ar1.
        count = self.coefficients.size + self.solution.theta.size + self.solution.phi.size
        return count + self.family.gaussian + bool(self.plan.parts.ar1)

    @property
    def aic(self) -> float:
        """Akaike's information criterion."""
        return 2 * (self.parameters - self.log_likelihood)

    @property
    def bic(self) -> float:
        """Schwarz's information criterion."""
        return self.parameters * float(np.log(self.n)) - 2 * self.log_likelihood

    @property
    def converged(self) -> bool:
        """Whether the search ended at a minimum."""
        return self.solution.optimum.converged

    @property
    def singular(self) -> bool:
        """Whether a random effect has a standard deviation of 0, or a perfect correlation."""
        return any(note.startswith("singular") for note in self.notes)

    def estimates(self, *, model: str = "", confidence: float = 0.95) -> pd.DataFrame:
        """Table `estimates` with Wald confidence intervals: fixed effects, thresholds or dispersion, SDs, correlations.

        Parameters
        ----------
        model : str
            Name in the table; the outcome by default.
        confidence : float
            Coverage of the Wald intervals; those of standard deviations are symmetric on the log scale, and left out
            where the standard error is over twice the estimate, as in singular fits.

        Returns
        -------
        pandas.DataFrame
            Table `estimates`. Standard deviations `sd(reader)` and correlations have no p-value.
        """
        rows = [
            wald_row(name, value, error, df, confidence)
            for name, value, error, df in zip(self.names, self.coefficients, self.std_errors, self.df, strict=True)
        ]
        rows += [family_row(name, one, confidence) for name, one in self.family_parameters.items()]
        errors = sd_errors(self)
        for term in self.random:
            rows += [sd_row(label, value, errors.get(label, np.nan), confidence) for label, value in _labelled(term)]
        if self.family.gaussian:
            rows.append(sd_row("sd(residual)", self.sigma, errors.get("sd(residual)", np.nan), confidence))
        table = pd.DataFrame(rows)
        table.insert(0, "model", model or self.plan.parts.response)
        methods = dict(zip(self.names, self.df_method, strict=True))
        return table.assign(
            n=float(self.n), note="; ".join(self.notes), df_method=table["term"].map(methods).astype(object).fillna("")
        )

    def random_effects(self) -> pd.DataFrame:
        """Conditional modes (BLUPs) of each reader and case with their standard deviations.

        Returns
        -------
        pandas.DataFrame
            Columns group, level, coefficient, mode, sd.
        """
        sds = mode_sds(self.solution)
        return pd.concat(
            [
                pd.DataFrame(
                    {
                        "group": term.group,
                        "level": np.repeat(term.levels, len(term.names)),
                        "coefficient": np.tile(term.names, len(term.levels)),
                        "mode": term.modes.ravel(),
                        "sd": sd.ravel(),
                    }
                )
                for term, sd in zip(self.random, sds, strict=True)
            ],
            ignore_index=True,
        )


def _labelled(term: RandomEffects) -> list[tuple[str, float]]:
    rows = []
    for name, value in zip(term.names, term.sd, strict=True):
        rows.append((sd_name(term.group, name), float(value)))
    for row in range(len(term.names)):
        for column in range(row):
            label = f"cor({term.group}: {term.names[column]}, {term.names[row]})"
            rows.append((label, float(term.correlation[row, column])))
    return rows


def sd_name(group: str, name: str) -> str:
    """Name a standard deviation in tables."""
    return f"sd({group})" if name == "(Intercept)" else f"sd({group}: {name})"


def sd_errors(fit: MixedFit) -> dict[str, float]:
    """Standard errors of standard deviations and correlations, by the delta method from the curvature in theta."""
    terms, solution = fit.solution.engine.design.terms, fit.solution
    gaussian = fit.family.gaussian
    count = solution.theta.size
    at = np.append(solution.theta, solution.sigma) if gaussian else solution.theta
    covariance = solution.joint_covariance[: at.size, : at.size]
    if not np.isfinite(covariance).all():
        return {}

    def labelled(point: np.ndarray) -> dict[str, float]:
        sigma = point[-1] if gaussian else 1.0
        out = {"sd(residual)": sigma} if gaussian else {}
        for term, factor in zip(terms, unpack(point[:count], terms), strict=True):
            none = np.empty((0, term.width))
            out |= dict(_labelled(RandomEffects(term.group, term.names, sigma**2 * factor @ factor.T, none, none)))
        return out

    # SDs and correlations are smooth in theta but where an SD is 0; central differences spare a formula a term shape.
    steps = np.eye(at.size) * 1e-6
    slopes = [
        {
            name: (high - low) / 2e-6
            for (name, high), low in zip(labelled(at + step).items(), labelled(at - step).values(), strict=True)
        }
        for step in steps
    ]
    jacobian = pd.DataFrame(slopes)
    variance = np.einsum("kt,kl,lt->t", jacobian.to_numpy(), covariance, jacobian.to_numpy())
    return dict(zip(jacobian.columns, np.sqrt(variance), strict=True))


def random_effects(solution: Solution) -> tuple[RandomEffects, ...]:
    """Turn the solver's factors and modes into covariances and effects, in the order of the formula."""
    design, modes = solution.engine.design, solution.engine.modes
    if not design.terms:
        return ()
    found, effects = {}, modes.by_term(design.terms)
    factors = unpack(solution.theta, design.terms)
    for place, term, factor, u in zip(design.places, design.terms, factors, effects, strict=True):
        covariance = solution.sigma**2 * factor @ factor.T
        found[place] = RandomEffects(term.group, term.names, covariance, term.levels, u @ factor.T)
    return tuple(found[place] for place in sorted(found))


def mode_sds(solution: Solution) -> list[np.ndarray]:
    """Give the conditional modes' standard deviations, (levels, width) a term; fixed effects are taken as known."""
    system, design, found = evaluated(solution).system, solution.engine.design, {}
    factors = unpack(solution.theta, design.terms)
    for place, factor, block in zip(design.places, factors, system.blocks(fixed=False), strict=True):
        # Var(b | y) = sigma^2 Lambda A^-1 Lambda', A of the random effects alone: lme4's condVar.
        variance = np.einsum("ab,lbc,ac->la", factor, block, factor)
        found[place] = solution.sigma * np.sqrt(variance)
    return [found[place] for place in sorted(found)]
